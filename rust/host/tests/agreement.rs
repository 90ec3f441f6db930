//! Two parts of the input that speak of one thing agree, however each is spelt, or are refused with both.

mod common;

use common::case::{Case, PAIR, pair, recordings, table, wave};
use common::{folder, hone, hum, npy};
use std::fmt::Write as _;

/// A manifest of one file of normal readings.
fn one(rate: f64, length: usize, file: &str) -> String {
    let file =
        format!("[[file]]\n{file}\nclass = \"normal\"\nsplit = {{ train = 0.3, calibrate = 0.2, test = 0.5 }}\n");
    recordings(rate, length, 0.001, &file)
}

/// Rows of a time each, by its number, and a reading that is four times as strong from row 6000 to 7000.
fn timed(header: &str, frames: u32, time: impl Fn(u32) -> String) -> String {
    let readings = wave(frames as usize, 0.69, 1.0, 0.0);
    (0..frames).zip(readings.lines().skip(1)).fold(format!("{header},x\n"), |mut text, (i, reading)| {
        let gain = if (6000..7000).contains(&i) { 4.0 } else { 1.0 };
        let _ = writeln!(text, "{},{:.3}", time(i), gain * reading.parse::<f64>().unwrap());
        text
    })
}

fn spans(time: &str, more: &str) -> String {
    format!("path = \"r.csv\"\nspans = {{ path = \"s.csv\", time = \"{time}\", class = \"fault\"{more} }}")
}

#[test]
fn units_are_what_they_mean() {
    let case = pair("units");
    let with =
        |unit: &str| recordings(100.0, 100, 0.001, PAIR).replacen("scale", &format!("unit = \"{unit}\"\nscale"), 1);
    for unit in ["m/s2", "m/s^2", "m/s²", "°C", "degC", "rad/s", "kPa", "V", "A", "none"] {
        case.eval(&with(unit), "esn", &[]).well();
    }
    for (unit, words) in [("g", "factor = 9.80665"), ("deg/s", "factor = 0.0174533"), ("furlong", "those are m/s2")] {
        case.refuses(&with(unit), &["esn", "svm"], &["m.toml, line 8", words]);
    }
}

#[test]
fn numbers_are_what_they_mean() {
    let case = Case::new("numbers");
    let rows: String = (0..60).map(|i| format!("{}.{},{}.{i},{}\n", 3 * (i % 2), i % 7, i % 5, 1 + i % 2)).collect();
    case.file("t.csv", format!("u,v,k\n{rows}"));
    let files = "[[file]]\npath = \"t.csv\"\nsplit = { train = 0.6, test = 0.4 }\n";
    let valued = |a: &str, b: &str| {
        let named = table(&["a", "b"], files).replacen("\"a\"\n", &format!("\"a\"\nvalue = {a}\n"), 1);
        named.replacen("\"b\"\n", &format!("\"b\"\nvalue = {b}\n"), 1)
    };
    assert_eq!(case.json(&valued("1.0", "2"), "svm")["accuracy"], 1.0);
    case.refuses(&valued("1.5", "2"), &["svm"], &["key value", "1.5 is not a whole number"]);
    let columns = format!("{files}columns = [0, \"v\"]\nlabel = 2\n");
    assert_eq!(case.json(&table(&["1", "2"], &columns), "svm")["accuracy"], 1.0);
    case.refuses(&table(&["1", "2"], &columns.replace("label = 2", "label = -1")), &["svm"], &["counted from 0"]);
    case.refuses(&table(&["1", " 2"], files), &["svm"], &["class[1].name", "without blanks"]);
    case.refuses(
        &table(&["1", "2"], &format!("{files}separator = \";\"\n")),
        &["svm"],
        &["has no \";\" between cells, as separator says"],
    );
}

#[test]
fn spans_and_times_may_count_in_two_units_that_are_known() {
    let case = Case::new("span-units");
    let seconds = |i: u32| format!("{:.2}", f64::from(i) * 0.01);
    let millis = |i: u32| (i * 10).to_string();
    let epoch = |i: u32| (1_700_000_000_000u64 + u64::from(i) * 10).to_string();
    let expected = {
        case.file("r.csv", timed("time", 8000, seconds)).file("s.csv", "start,end\n60,69.99\n");
        case.json(&one(100.0, 50, &spans("time", "")), "esn")
    };
    assert_eq!((&expected["spans"], &expected["spans_detected"]), (&1.into(), &1.into()), "{expected}");
    let named = |unit: &str| format!(", start = \"from_{unit}\", end = \"to_{unit}\"");
    for (header, rows, file, more) in [
        ("time", timed("time", 8000, seconds), "from_ms,to_ms\n60000,69990\n", named("ms")),
        ("time_ms", timed("time_ms", 8000, millis), "from_s,to_s\n60,69.99\n", named("s")),
        ("timestamp", timed("timestamp", 8000, epoch), "start,end\n1700000060,1700000069.99\n", String::new()),
    ] {
        case.file("r.csv", rows).file("s.csv", file);
        let object = case.json(&one(100.0, 50, &spans(header, &more)), "esn");
        assert_eq!((&object["f1"], &object["spans"]), (&expected["f1"], &expected["spans"]), "{header}");
    }
    case.file("r.csv", timed("time", 8000, seconds)).file("s.csv", "from_ms,to_s\n60000,69.99\n");
    let more = ", start = \"from_ms\", end = \"to_s\"";
    case.refuses(&one(100.0, 50, &spans("time", more)), &["esn"], &["s.csv", "count in different units"]);
}

#[test]
fn spans_say_what_the_manifest_says_and_end_where_recordings_do() {
    let case = Case::new("span-classes");
    case.file("r.csv", timed("time", 8000, |i| format!("{:.2}", f64::from(i) * 0.01)));
    let manifest = one(100.0, 50, &spans("time", ""));
    case.file("s.csv", "start,end,class\n60,69.99,fault\n75,76,normal\n");
    case.refuses(&manifest, &["esn"], &["s.csv, line 3", "\"normal\", and spans.class is \"fault\""]);
    case.file("s.csv", "start,end,class\n60,69.99,fault\n");
    case.eval(&manifest, "esn", &[]).well();
    case.refuses(
        &manifest.replace("class = \"fault\" }", "class = \"normal\" }"),
        &["esn"],
        &["spans.class", "two classes"],
    );
    case.refuses(&one(100.0, 50, &spans("time", ", end = \"start\"")), &["esn"], &["spans.end", "column of starts"]);
    // One column in two spellings, and times that are readings.
    let twice = |time: &str| one(100.0, 50, &format!("time = {time}\n{}", spans("time", "")));
    case.eval(&twice("0"), "esn", &[]).well();
    case.refuses(&twice("1"), &["esn"], &["file[0].time", "is \"1\", but spans.time is \"time\""]);
    let reading = one(100.0, 50, "path = \"r.csv\"\ntime = \"x\"");
    case.refuses(&reading, &["esn"], &["file[0].time", "is the column of a channel"]);
    // One that reaches beyond is told in both.
    case.file("s.csv", "start,end\n60,69.99\n79,200\n");
    let words = "s.csv, line 3: the span is 79 to 200, and the recordings only 0 to 79.99";
    assert!(case.json(&manifest, "esn")["notes"].to_string().contains(words));
    let root = case.0.to_str().unwrap();
    let run = hone(&["check", &case.at("m.toml"), "--root", root], b"").well();
    assert!(run.out.contains(words), "{}", run.out);
}

#[test]
fn a_column_called_time_holds_times() {
    let case = Case::new("times");
    let plain = |rate| one(rate, 50, "path = \"r.csv\"");
    let seconds = |i: u32| format!("{:.2}", f64::from(i) * 0.01);
    for (rows, words) in [
        (timed("time", 4000, |i| seconds(i * 1013 % 4000)), "not in order"),
        (timed("time", 4000, |i| seconds(4000 - i)), "not in order"),
        (timed("Time [s]", 4000, |i| seconds(i / 4000)), "do not move on"),
        (
            timed("time", 4000, |i| format!("01.07.2024 00:00:{:02}.{:02}", i / 100, i % 100)),
            "neither a number nor a date",
        ),
        (timed("time", 4000, |i| format!("12:00:{:02}.{:02}", i / 100, i % 100)), "neither a number nor a date"),
        (timed("time", 4000, |i| if i == 77 { String::new() } else { seconds(i) }), "neither a number nor a date"),
        (timed("time", 8000, |i| seconds(i.min(4000) + 2 * i.saturating_sub(4000))), "on the whole there are 66.6"),
        (timed("time_min", 4000, |i| i.to_string()), "0.016667 frames a second, the manifest's rate_hz is 100"),
    ] {
        case.file("r.csv", rows);
        case.refuses(&plain(100.0), &["esn", "svm"], &["r.csv", words, "time = \"none\""]);
        case.eval(&plain(100.0).replace("\"r.csv\"", "\"r.csv\"\ntime = \"none\""), "svm", &[]).no_panic();
    }
    case.file("r.csv", timed("time_min", 4000, |i| i.to_string()));
    case.eval(&plain(1.0 / 60.0), "esn", &[]).well();
}

#[test]
fn times_have_the_decimal_mark_of_their_file() {
    let case = Case::new("comma-times");
    let seconds = |i: u32| format!("{:.2}", f64::from(i + 500 * (i / 7500)) * 0.01);
    let (points, marks) = (timed("time", 8000, seconds), "start,end\n60,69.99\n");
    let manifest = one(100.0, 50, &spans("time", ""));
    let read = |rows: &str, marks: &str| {
        case.file("r.csv", rows).file("s.csv", marks);
        case.json(&manifest, "esn")
    };
    let expected = read(&points, marks);
    let commas = |text: &str| text.replace(',', ";").replace('.', ",");
    assert_eq!(read(&commas(&points), &commas(marks)), expected);
    assert!(expected["notes"].to_string().contains("1 gaps in the times"), "{expected}");
    // A time with the other mark is no number.
    case.file("r.csv", commas(&points).replacen("\n0,02;", "\n0.02;", 1));
    let declared = one(100.0, 50, &format!("decimal = \",\"\n{}", spans("time", "")));
    case.refuses(&declared, &["esn"], &["line 4", "\"0.02\" is neither a number nor a date"]);
    let new = case.at("new.toml");
    case.file("r.csv", commas(&points));
    hone(&["new", "--yes", "--out", &new, &case.at("r.csv")], b"").well();
    assert!(std::fs::read_to_string(&new).unwrap().contains("rate_hz = 100\n"));
}

#[test]
fn what_is_read_is_not_read_twice() {
    let case = Case::new("places");
    let samples: Vec<i16> = hum(4000, true, 1).into_iter().zip(hum(4000, true, 2)).flat_map(|(a, b)| [a, b]).collect();
    case.file("a.npy", npy(&[4000, 2], &samples)).file("r.npy", npy(&[2, 4000], &samples));
    let file = |axes: &str| one(100.0, 50, &format!("path = \"a.npy\"\naxes = {axes}"));
    let two = |first: &str, second: &str| {
        let channel = format!("{first}\n[[channel]]\nname = \"y\"\nscale = 0.001\n{second}\n[[class]]");
        file("[\"time\", \"channel\"]").replacen("[[class]]", &channel, 1)
    };
    case.eval(&two("index = 1", "index = 0"), "esn", &[]).well();
    case.refuses(&two("index = 0", "index = 0"), &["esn"], &["channel[1].index", "is 0, as that of channel[0]"]);
    case.refuses(&two("index = 1", ""), &["esn"], &["channel[1].index", "is 1, as that of channel[0]"]);
    let at = |at: &str| file("[\"run\", \"time\"]").replace("a.npy\"", &format!("r.npy\"\nat = {{ run = {at} }}"));
    case.eval(&at("[1]"), "esn", &[]).well();
    case.refuses(&at("[]"), &["esn"], &["file[0].at.run", "is empty"]);
    case.refuses(&at("[1, 1]"), &["esn"], &["file[0].at.run", "has 1 twice"]);
    // Windows that share samples, and no word of it.
    let long = hum(64 * 101, true, 3);
    let cut: Vec<i16> = (0..200).flat_map(|w| long[w * 32..w * 32 + 64].to_vec()).collect();
    case.file("w.npy", npy(&[200, 64], &cut));
    let windows = one(100.0, 64, "path = \"w.npy\"\naxes = [\"window\", \"time\"]");
    let object = case.json(&windows, "esn");
    let stepped = case.json(&windows.replace("length = 64", "length = 64, step = 32"), "esn");
    for key in ["train_windows", "calibrate_windows", "test_windows", "threshold"] {
        assert_eq!(object[key], stepped[key], "{key}");
    }
    assert!(object["notes"].to_string().contains("each begins 32 frames after the one before"), "{object}");
    let words = "2 windows were left out: sharing samples";
    assert!(object["notes"].to_string().contains(words), "{object}");
    let words = ["window.step", "each begins 32 frames after the one before, and window.step is 16"];
    case.refuses(&windows.replace("length = 64", "length = 64, step = 16"), &["esn", "svm"], &words);
}

#[test]
fn a_part_of_a_recording_or_table_is_not_used_twice() {
    let case = pair("parts");
    let whole = wave(8000, 0.69, 1.0, 0.0);
    let lines: Vec<&str> = whole.lines().skip(1).collect();
    let file = |path: &str, part: &str| format!("[[file]]\npath = \"{path}\"\nclass = \"normal\"\n{part}\n");
    let train = "split = { train = 0.6, calibrate = 0.4 }";
    for part in [&lines[..6000], &lines[1037..5000], &lines[6500..]] {
        case.file("part.csv", format!("x\n{}\n", part.join("\n")));
        let files = file("ok.csv", train) + &file("part.csv", "part = \"test\"");
        let words = ["file[1].path", "part.csv holds the same samples as ok.csv of file[0]"];
        case.refuses(&recordings(100.0, 100, 0.001, &files), &["esn", "svm"], &words);
    }
    // Of another class, or a part, it is told.
    case.file("part.csv", format!("x\n{}\n", lines[1037..5000].join("\n")));
    let fault = "[[file]]\npath = \"part.csv\"\nclass = \"fault\"\npart = \"test\"\n";
    let object = case.json(&recordings(100.0, 100, 0.001, &(file("ok.csv", train) + fault)), "svm");
    let words = "part.csv holds many samples that ok.csv of file[0] holds too";
    assert!(object["notes"].to_string().contains(words), "{object}");
    let row = |i: u32| format!("{}.{},{}.{i},{}\n", 3 * (i % 2), i % 7, i % 5, ["a", "b"][i as usize % 2]);
    let rows = |range: std::ops::Range<u32>| format!("u,v,k\n{}", range.map(row).collect::<String>());
    let two = "[[file]]\npath = \"a.csv\"\npart = \"train\"\n[[file]]\npath = \"b.csv\"\npart = \"test\"\n";
    let back: String = (0..60).rev().map(row).collect();
    for other in [format!("u,v,k\n{back}"), rows(0..60).replace(",a\n", ",b\n")] {
        case.file("a.csv", rows(0..60)).file("b.csv", other);
        let words = ["file[1].path", "b.csv holds the same rows as a.csv of file[0]"];
        case.refuses(&table(&["a", "b"], two), &["svm", "rce"], &words);
    }
    // A few are told.
    case.file("b.csv", rows(55..120));
    let notes = case.json(&table(&["a", "b"], two), "svm")["notes"].to_string();
    assert!(notes.contains("5 rows to test are identical to rows to train on"), "{notes}");
}

#[test]
fn features_that_never_change_are_told_or_refused() {
    let case = Case::new("still");
    let files = "[[file]]\npath = \"t.csv\"\nsplit = { train = 0.6, test = 0.4 }\n";
    let rows = |v: fn(u32) -> u32| -> String {
        (0..60).map(|i| format!("1,{},{}\n", v(i), ["a", "b"][i as usize % 2])).collect()
    };
    case.file("t.csv", format!("u,v,k\n{}", rows(|i| 3 * (i % 2))));
    let notes = case.json(&table(&["a", "b"], files), "svm")["notes"].to_string();
    assert!(notes.contains("1 features are constant over the rows to train on: u"), "{notes}");
    case.file("t.csv", format!("u,v,k\n{}", rows(|_| 2)));
    case.refuses(&table(&["a", "b"], files), &["svm", "rce"], &["no feature varies"]);
    let case = pair("numberless");
    case.file("ok.csv", "x\n".to_owned() + &"NaN\n".repeat(8000));
    case.refuses(&recordings(100.0, 100, 0.001, PAIR), &["esn", "svm"], &["\"x\" holds no number"]);
}

#[test]
fn separators_behind_the_last_cell_are_no_column() {
    let case = Case::new("trailing");
    let values: Vec<(f64, f64)> =
        wave(4000, 0.69, 1.0, 0.0).lines().skip(1).map(|l| l.parse::<f64>().unwrap()).map(|v| (v, v * v)).collect();
    let rows = |header: &str, separator: &str, tail: &str, comma: bool| {
        let row = |(a, b): &(f64, f64)| format!("{a:.4}{separator}{b:.4}{tail}\n");
        let rows: String = values.iter().map(row).collect();
        header.replace(';', separator) + "\n" + &if comma { rows.replace('.', ",") } else { rows }
    };
    let manifest = one(100.0, 50, "path = \"a.csv\"").replacen(
        "[[class]]",
        "[[channel]]\nname = \"y\"\nscale = 0.001\n[[class]]",
        1,
    );
    case.file("a.csv", rows("x;y", ",", "", false));
    let expected = case.json(&manifest, "esn");
    for text in [
        rows("x;y;", ",", ",", false),
        rows("x;y", ",", ",", false),
        rows("x;y;", ",", "", false),
        rows("x;y", ";", ";", true),
        rows("x;y;", "\t", "\t", false),
    ] {
        let head = text[..30].to_owned();
        case.file("a.csv", text);
        assert_eq!(case.json(&manifest, "esn"), expected, "{head}");
    }
    case.file("a.csv", rows("x;y", ",", ",7", false));
    case.refuses(&manifest, &["esn"], &["a.csv, line 2", "has 3 cells where the rows before have 2"]);
}

#[test]
fn options_agree_or_are_refused() {
    let case = Case::new("options");
    let rows: String =
        (0..60).map(|i| format!("{}.{},{}.{i},{}\n", 3 * (i % 2), i % 7, i % 5, ["a", "b"][i % 2])).collect();
    case.file("t.csv", format!("u,v,k\n{rows}"));
    let manifest = table(&["a", "b"], "[[file]]\npath = \"t.csv\"\nsplit = { train = 0.6, test = 0.4 }\n");
    for (learner, options, words) in [
        ("svm", &["--set", "c=1", "--set", "c=2"][..], "c is given as 1 and as 2"),
        ("rce", &["--seed", "3", "--set", "seed=4"], "seed is given as 4 and as 3"),
        ("rce", &["--orders", "5"], "--orders goes with"),
        ("rce", &["--protocol", "interleaved", "--compress", "4"], "go with --protocol holdout"),
        ("rce", &["--protocol", "unknown", "--plot", "x"], "no figure of --protocol unknown"),
        ("svm", &["--set", "bands=12"], "bands is of the features of windows"),
    ] {
        let run = case.eval(&manifest, learner, options).refused();
        assert!(run.err.contains(words), "{options:?}: {}", run.err);
    }
    case.eval(&manifest, "svm", &["--set", "c=1", "--set", "c=1.0"]).well();
    case.eval(&manifest, "rce", &["--seed", "3", "--set", "seed=3"]).well();
    for arguments in [
        &["eval", "--learner", "svm", "--list-settings", "--json"][..],
        &["eval", "iris", "--learner", "svm", "--list-settings"],
        &["--seed", "3", "--replay", "iris"],
        &["demo", "--pace", "0"],
    ] {
        let run = hone(arguments, b"");
        run.no_panic();
        assert_eq!(run.status, Some(2), "{arguments:?}: {}", run.err);
    }
    let figure = folder("case-demo").join("d.png");
    let run = hone(&["demo", "temperature", "--fault", "bearing", "--plot", figure.to_str().unwrap()], b"").refused();
    assert!(run.err.contains("--fault is for the motor"), "{}", run.err);
}

#[test]
fn channels_and_windows_are_those_of_a_device() {
    let case = Case::new("sixteen");
    let readings: Vec<f64> = wave(6000, 0.69, 1.0, 0.0).lines().skip(1).map(|l| l.parse().unwrap()).collect();
    let several = |n: usize| {
        let names: Vec<String> = (0..n).map(|c| format!("c{c}")).collect();
        let row = |v: &f64| (0..n).map(|c| format!("{:.4}", v * (1.0 + c as f64 / 9.0))).collect::<Vec<_>>().join(",");
        case.file(
            "r.csv",
            format!("{}\n{}\n", names.join(","), readings.iter().map(row).collect::<Vec<_>>().join("\n")),
        );
        let channel = |name: &String| format!("[[channel]]\nname = \"{name}\"\nscale = 0.001\n");
        let channels: String = names.iter().map(channel).collect();
        one(100.0, 24, "path = \"r.csv\"").replacen("[[channel]]\nname = \"x\"\nscale = 0.001\n", &channels, 1)
    };
    let sixteen = several(16);
    for learner in ["esn", "svm", "rce"] {
        let sixteen = sixteen.replace("length = 24", "length = 64");
        let object = case.eval(&sixteen, learner, &["--budget", "none", "--json"]).well().json().remove(0);
        assert_eq!(object["by_class"][0]["windows"], 46, "{object}");
        // A board's image says how many numbers of a window it holds.
        case.refuses(&sixteen, &[learner], &["1024 numbers in a window are 640 more than the 384", "--budget none"]);
    }
    case.refuses(&several(17), &["esn", "svm", "rce"], &["key channel", "17 [[channel]] tables; give 1 to 16"]);
    let long = recordings(100.0, 4097, 0.001, PAIR);
    case.refuses(&long, &["esn", "svm"], &["window.length", "is 4097"]);
}

#[test]
fn new_takes_the_rate_that_is_given_or_says_what_it_took() {
    let folder = folder("new-rates");
    let out = folder.join("made.toml");
    let file = folder.join("r.csv");
    std::fs::write(&file, timed("t", 8000, |i| (i * 10).to_string())).unwrap();
    let new = |more: &[&str]| {
        let _ = std::fs::remove_file(&out);
        let mut all = vec!["new", "--yes", "--out", out.to_str().unwrap()];
        all.extend(more);
        all.push(file.to_str().unwrap());
        hone(&all, b"")
    };
    let said = new(&[]).well().out;
    assert!(said.contains("rate_hz = 0.1\n") && said.contains("milliseconds would be 100 Hz"), "{said}");
    assert!(new(&["--rate", "100"]).well().out.contains("rate_hz = 100\n"));
    assert!(new(&["--rate", "7"]).refused().err.contains("--rate is 7, but r.csv says 0.1, or 100, or"));
    for rate in ["0", "-5", "nan"] {
        assert!(new(&["--rate", rate]).refused().err.contains("give a number above 0"), "{rate}");
    }
    // Rows with a class each are recordings where they have a rate.
    let rows: String = (0..4000).map(|i| format!("{},{}\n", i * 7 % 13, ["a", "b"][i / 500 % 2])).collect();
    std::fs::write(&file, format!("x,state\n{rows}")).unwrap();
    assert!(new(&["--rate", "50"]).well().out.contains("kind = \"recordings\""));
    assert!(new(&[]).well().out.contains("kind = \"table\""));
}
