//! Inputs that go wrong: each is refused in words that say what to do, or read as what it means.

mod common;

use common::case::{Case, PAIR, pair, recordings, table, wave};
use common::{folder, hone};
use std::fmt::Write as _;
use std::path::Path;

const ALL: [&str; 3] = ["esn", "svm", "rce"];

#[test]
fn nothing_left_to_learn_or_judge_is_no_figure() {
    let case = Case::new("saturated");
    case.file("ok.csv", wave(8000, 0.69, 400.0, 2048.0)).file("bad.csv", wave(2000, 1.2, 400.0, 2048.0));
    let words = [
        "all 40 windows to train are left out (40 saturated)",
        "\"x\" reads 1",
        "range is -32.768",
        "give a scale of about 0.0",
    ];
    case.refuses(&recordings(100.0, 100, 0.001, PAIR), &ALL, &words);
    // Cells without a number, throughout.
    let holes: String = "x\n".to_owned() + &"0.5\nNaN\n0.7\n".repeat(1000);
    case.file("ok.csv", holes).file("bad.csv", wave(2000, 1.2, 1.0, 0.0));
    case.refuses(
        &recordings(100.0, 100, 0.001, PAIR),
        &ALL,
        &["all 15 windows to train", "not a number", "fill the gaps"],
    );
}

#[test]
fn a_channel_that_tells_nothing_is_refused_by_all() {
    let case = pair("coarse");
    case.refuses(
        &recordings(100.0, 100, 9.81, PAIR),
        &ALL,
        &["less than one LSB of scale", "scale is 9.81", "give a scale of about"],
    );
    case.file("ok.csv", "x\n".to_owned() + &"1.0\n".repeat(8000));
    case.refuses(&recordings(100.0, 100, 0.001, PAIR), &ALL, &["\"x\" never changes", "so keep it"]);
}

fn dated(case: &Case) {
    let mut text = "time,x\n".to_owned();
    for i in 0..20000u32 {
        let fault = (12000..13500).contains(&i) || (15500..17000).contains(&i);
        let gain = if fault { 4.0 } else { 1.0 };
        let value =
            gain * (0.69 * f64::from(i)).sin() + 0.4 * (f64::from(i.wrapping_mul(2_654_435_761) >> 16) / 65536.0 - 0.5);
        let _ = writeln!(text, "2024-07-01T{:02}:{:02}:{:02}+00:00,{value:.3}", i / 3600, i / 60 % 60, i % 60);
    }
    case.file("rec.csv", text);
}

fn spanned(rate: f64, spans: &str) -> String {
    let file = format!(
        "[[file]]\npath = \"rec.csv\"\nclass = \"normal\"\nsplit = {{ train = 0.3, calibrate = 0.2, test = 0.5 }}\n\
         spans = {{ path = \"{spans}\", time = \"time\", class = \"fault\" }}\n"
    );
    recordings(rate, 50, 0.001, &file)
}

#[test]
fn spans_are_compared_as_instants_or_refused_by_line() {
    let case = Case::new("spans");
    dated(&case);
    // The same spans by other clocks on the wall.
    for (name, rows) in [
        ("utc", "2024-07-01T03:20:00Z,2024-07-01T03:44:59Z\n2024-07-01T04:18:20Z,2024-07-01T04:43:19Z\n"),
        (
            "off",
            "2024-07-01 05:20:00+02:00,2024-07-01 05:44:59+02:00\n2024-06-30 23:18:20-05:00,2024-06-30 23:43:19-05:00\n",
        ),
    ] {
        case.file(name, "").file("s.csv", format!("start,end\n{rows}"));
        let object = case.json(&spanned(1.0, "s.csv"), "esn");
        assert_eq!((&object["spans"], &object["spans_detected"]), (&2.into(), &2.into()), "{name}");
    }
    for (rows, words) in [
        ("12000,13499\n", ["s.csv, line 2", "is of numbers"]),
        ("2024-07-01T03:44:59Z,2024-07-01T03:20:00Z\n", ["s.csv, line 2", "before the start"]),
        ("2024-07-01T03:20:00,2024-07-01T03:44:59\n", ["s.csv, line 2", "without an offset"]),
        (
            "2024-07-01T03:20:00Z,2024-07-01T03:44:59Z\n2025-07-01T03:20:00Z,2025-07-01T03:44:59Z\n",
            ["s.csv, line 3", "holds no time"],
        ),
        ("2024-07-01T03:20:00Z,2024-07-01T03:20:05Z\n", ["m.toml", "more than half of a window"]),
        ("soon,later\n", ["s.csv, line 2", "neither a number nor a date"]),
    ] {
        case.file("s.csv", format!("start,end\n{rows}"));
        case.refuses(&spanned(1.0, "s.csv"), &["esn", "svm"], &words);
    }
    // Milliseconds against seconds.
    let text: String =
        (0..4000).fold("t,x\n".into(), |all, i| format!("{all}{i},{:.3}\n", (0.69 * f64::from(i)).sin()));
    case.file("rec.csv", text).file("s.csv", "start,end\n3000000,3200000\n");
    let manifest = spanned(1.0, "s.csv").replace("time = \"time\"", "time = \"t\"");
    case.refuses(&manifest, &["esn"], &["s.csv, line 2", "milliseconds"]);
}

#[test]
fn times_that_contradict_the_rate_are_refused_with_both() {
    let case = Case::new("rate");
    dated(&case);
    case.file("s.csv", "start,end\n2024-07-01T03:20:00Z,2024-07-01T03:44:59Z\n");
    let words = ["rec.csv", "tell of 1 frames a second", "rate_hz is 100"];
    case.refuses(&spanned(100.0, "s.csv"), &["esn", "svm"], &words);
    // Also where nothing names the column.
    let plain = "[[file]]\npath = \"rec.csv\"\nclass = \"normal\"\nsplit = { train = 0.5, test = 0.5 }\n";
    case.refuses(&recordings(100.0, 50, 0.001, plain), &["esn"], &words);
    case.eval(&recordings(100.0, 50, 0.001, &format!("{plain}time = \"none\"\n")), "esn", &[]).well();
}

#[test]
fn keys_that_say_nothing_are_refused() {
    let case = pair("keys");
    let good = recordings(100.0, 100, 0.001, PAIR);
    for (key, words) in [
        ("at = { speed = [1] }", "key file[0].at"),
        ("columns = [\"x\"]", "key file[0].columns"),
        ("axes = [\"time\"]", "key file[0].axes"),
        ("labels = { path = \"y.npy\" }", "key file[0].labels"),
        ("label = \"x\"", "key file[0].class: and label both say"),
        ("variable = \"v\"", "key file[0].variable"),
        ("groups = { path = \"g.npy\" }", "key file[0].groups"),
        ("separator = \"x\"", "key file[0].separator"),
        ("part = \"test\"", "give one of part, split and assign"),
        ("shape = [1]", "no key `shape`"),
    ] {
        case.refuses(
            &good.replacen("class = \"normal\"\nsplit", &format!("class = \"normal\"\n{key}\nsplit"), 1),
            &["svm"],
            &[words],
        );
    }
    for (key, words) in [("index = 0", "key channel[0].index"), ("colour = 1", "no key `colour`")] {
        case.refuses(&good.replacen("name = \"x\"\n", &format!("name = \"x\"\n{key}\n"), 1), &["svm"], &[words]);
    }
    case.refuses(
        &good.replacen("name = \"normal\"\n", "name = \"normal\"\nvalue = 3\n", 1),
        &["svm"],
        &["key class[0].value"],
    );
    // An array has an index and no column, and integers are LSB.
    case.file("ok.npy", common::npy(&[8000], &common::hum(8000, true, 1)))
        .file("bad.npy", common::npy(&[2000], &common::hum(2000, false, 2)));
    let array = good.replace(".csv\"", ".npy\"\naxes = [\"time\"]");
    case.eval(&array, "esn", &[]).well();
    for key in ["column = \"x\"", "factor = 9.8"] {
        case.refuses(
            &array.replacen("name = \"x\"\n", &format!("name = \"x\"\n{key}\n"), 1),
            &["svm"],
            &["channel[0]", "Remove it"],
        );
    }
    for key in ["header = false", "time = \"x\"", "label = \"x\"", "decimal = \",\""] {
        case.refuses(&array.replacen("axes", &format!("{key}\naxes"), 1), &["svm"], &["Remove it"]);
    }
}

#[test]
fn a_column_of_labels_tells_the_class_of_each_row() {
    let case = Case::new("label-column");
    let mut text = "x,state\n".to_owned();
    for (i, line) in wave(12000, 0.69, 1.0, 0.0).lines().skip(1).enumerate() {
        let slow = i / 500 % 2 == 0;
        let value: f64 = line.parse().unwrap();
        let _ = writeln!(text, "{},{}", if slow { value } else { 3.0 * value }, if slow { "calm" } else { "2.0" });
    }
    case.file("a.csv", text);
    let manifest = "name = \"m\"\nkind = \"recordings\"\ntask = \"classification\"\nrate_hz = 100\nwindow = { length = 100 }\n\
        [[channel]]\nname = \"x\"\nscale = 0.001\n[[class]]\nname = \"calm\"\n[[class]]\nname = \"wild\"\nvalue = 2\n\
        [[file]]\npath = \"a.csv\"\nlabel = \"state\"\nsplit = { train = 0.5, calibrate = 0.1, test = 0.4 }\n";
    let object = case.json(manifest, "svm");
    assert!(object["accuracy"].as_f64().unwrap() > 0.95, "{object}");
    // A share to calibrate on is told to be of no use.
    assert!(object["notes"].to_string().contains("12 windows to calibrate on are not used"), "{object}");
    case.refuses(
        &manifest.replace("value = 2", "value = 3"),
        &["svm"],
        &["a.csv, line 502", "column state", "\"2.0\" is no class"],
    );
}

#[test]
fn headers_are_neither_lost_nor_read_twice() {
    let case = Case::new("headers");
    let rows: String = (0..40).map(|i| format!("{}.{},{},{}\n", 3 * (i % 2), i % 7, i % 5, i % 2)).collect();
    let files = "[[file]]\npath = \"t.csv\"\nsplit = { train = 0.6, test = 0.4 }\n";
    case.file("t.csv", &rows);
    case.refuses(&table(&["0", "1"], files), &["svm", "rce"], &["t.csv, line 1", "set header = false"]);
    let object = case.json(&table(&["0", "1"], &format!("{files}header = false\n")), "svm");
    assert_eq!((&object["train_windows"], &object["test_windows"]), (&24.into(), &16.into()));
    case.file("t.csv", format!("a,a,class\n{rows}"));
    for more in ["", "columns = [\"a\", \"a\"]\n", "columns = [\"a\"]\n"] {
        case.refuses(&table(&["0", "1"], &format!("{files}{more}")), &["svm"], &["two columns \"a\"", "header"]);
    }
}

#[test]
fn numbers_are_equal_that_are_and_what_means_two_classes_is_refused() {
    let case = Case::new("labels");
    for (k, suffix) in [(1, ""), (2, ".0")] {
        let mut text = "p,q,k\n".to_owned();
        for c in 1..=4 - k {
            for i in 0..20 {
                let _ = writeln!(text, "{}.{},{}.{},{c}{suffix}", 5 * c, i % 5, -4 * c, i % 7);
            }
        }
        case.file(&format!("k{k}.csv"), text);
    }
    let files = "[[file]]\npath = \"k1.csv\"\npart = \"train\"\n[[file]]\npath = \"k2.csv\"\npart = \"test\"\n";
    for learner in ["svm", "rce"] {
        let object = case.json(&table(&["1", "2", "3"], files), learner);
        assert_eq!(object["accuracy"], 1.0, "{object}");
        assert!(object["notes"].to_string().contains("to test of class 3"), "{object}");
    }
    let twice = table(&["1", "2", "3"], files).replacen("name = \"1\"\n", "name = \"1\"\nvalue = 2\n", 1).replacen(
        "name = \"2\"\n",
        "name = \"2\"\nvalue = 1\n",
        1,
    );
    case.refuses(&twice, &["svm"], &["class[0].name: the label 1 can mean this class or class[1]"]);
    case.refuses(&table(&["1", "1.0", "3"], files), &["svm"], &["class["]);
}

#[test]
fn what_was_never_learnt_or_refused_or_unfinished_is_told_in_both() {
    let case = Case::new("told");
    let rows: String =
        (0..60).map(|i| format!("{}.{},{},{}\n", 3 * (i % 2), i % 7, i % 5, ["a", "b"][i % 2])).collect();
    case.file("t.csv", format!("u,v,kind\n{rows}"));
    let manifest = table(&["a", "b", "c"], "[[file]]\npath = \"t.csv\"\nsplit = { train = 0.6, test = 0.4 }\n");
    let object = case.json(&manifest, "svm");
    assert_eq!(object["classes_not_trained"], serde_json::json!(["c"]));
    assert_eq!(object["converged"], true);
    let run = case.eval(&manifest, "svm", &[]).well();
    assert!(
        run.out.contains("there are no windows to train on of class c") && run.out.contains("converged"),
        "{}",
        run.out
    );
    // Held readings: neither learnt nor judged, as on the device.
    let case = pair("held");
    let held = wave(8000, 0.69, 1.0, 0.0) + &"0.5\n".repeat(1000);
    case.file("bad.csv", held);
    let object = case.json(&recordings(100.0, 100, 0.001, PAIR), "esn");
    assert_eq!(object["refused"]["test"]["stuck"], 9, "{object}");
    assert_eq!(object["test_windows"], 20 + 80 + 1);
    let run = case.eval(&recordings(100.0, 100, 0.001, PAIR), "esn", &[]).well();
    assert!(run.out.contains("9 windows to test were not judged: 9 stuck"), "{}", run.out);
}

#[test]
fn offsets_are_taken_off_and_numbers_beyond_use_are_named() {
    let case = Case::new("offset");
    let rows = |base: f64| -> String {
        let row = |i: u32| {
            format!(
                "{:.3},{}.{},{}\n",
                base + 40.0 * f64::from(i % 2) + f64::from(i * 7 % 9) - 4.0,
                i % 3,
                i % 7,
                i % 2
            )
        };
        "a,b,class\n".to_owned() + &(0..60).map(row).collect::<String>()
    };
    let manifest = table(&["0", "1"], "[[file]]\npath = \"t.csv\"\nsplit = { train = 0.6, test = 0.4 }\n");
    case.file("t.csv", rows(1.7e9));
    for learner in ["svm", "rce"] {
        let object = case.json(&manifest, learner);
        assert_eq!(object["accuracy"], 1.0, "{learner}");
        assert!(object["notes"].to_string().contains("subtracted from feature a"), "{object}");
    }
    case.file("t.csv", rows(1e20));
    case.refuses(&manifest, &["svm", "rce"], &["t.csv, line 2: column a", "beyond 2^53"]);
}

#[test]
fn recordings_and_windows_are_used_once() {
    let case = pair("twice");
    let good = recordings(100.0, 100, 0.001, PAIR);
    // The same file, and a copy by another name.
    case.file("copy.csv", std::fs::read(case.0.join("ok.csv")).unwrap());
    for path in ["ok.csv", "copy.csv"] {
        let more = format!("[[file]]\npath = \"{path}\"\nclass = \"normal\"\npart = \"test\"\n");
        case.refuses(&(good.clone() + &more), &["esn", "svm"], &["file[2].path", "the same samples as ok.csv"]);
    }
    // Windows cut before, each half of which is in the next one.
    let samples = common::hum(64 * 101, true, 3);
    let cut: Vec<i16> = (0..200).flat_map(|w| samples[w * 32..w * 32 + 64].to_vec()).collect();
    case.file("cut.npy", common::npy(&[200, 64], &cut))
        .file("ill.npy", common::npy(&[40, 64], &common::hum(40 * 64, false, 2)));
    let manifest = recordings(640.0, 64, 0.01, PAIR)
        .replace("length = 64", "length = 64, step = 32")
        .replace("\"ok.csv\"", "\"cut.npy\"\naxes = [\"window\", \"time\"]")
        .replace("\"bad.csv\"", "\"ill.npy\"\naxes = [\"window\", \"time\"]");
    let object = case.json(&manifest, "esn");
    // 100 + 50 + 50 windows less one between train and calibrate and one before test.
    assert_eq!(
        (&object["train_windows"], &object["calibrate_windows"], &object["test_windows"]),
        (&100.into(), &49.into(), &89.into())
    );
    assert!(object["notes"].to_string().contains("2 windows were left out: sharing samples"), "{object}");
}

#[test]
fn recordings_too_short_for_the_average_are_warned_of() {
    let case = Case::new("clips");
    let mut files = String::new();
    for i in 0..28 {
        let ill = i >= 22;
        case.file(&format!("n{i}.csv"), wave(400, if ill { 1.9 } else { 0.69 } + 0.0001 * f64::from(i), 1.0, 0.0));
        let part = if i < 15 {
            "train"
        } else if i < 20 {
            "calibrate"
        } else {
            "test"
        };
        let class = if ill { "fault" } else { "normal" };
        let _ = writeln!(files, "[[file]]\npath = \"n{i}.csv\"\nclass = \"{class}\"\npart = \"{part}\"");
    }
    let object = case.json(&recordings(100.0, 100, 0.001, &files), "esn");
    assert!(object["notes"].to_string().contains("8 of 8 stretches to test, 6 of them anomalous"), "{object}");
    // A fifth of all windows scales, not of each recording rounded up.
    let run = case.eval(&recordings(100.0, 100, 0.001, &files), "esn", &[]).well();
    assert!(run.out.contains("12 scale + 48 fit"), "{}", run.out);
}

#[test]
fn options_of_another_subcommand_are_refused() {
    for arguments in [
        &["--seed", "3", "eval", "iris", "--learner", "svm"][..],
        &["--flash", "x", "demo"],
        &["--replay", "iris", "model", "show", "x"],
    ] {
        let run = hone(arguments, b"");
        run.no_panic();
        assert!(run.status == Some(2) && run.err.contains("cannot be used with"), "{}", run.err);
    }
}

#[test]
fn a_class_and_a_label_column_are_not_both_taken() {
    let case = Case::new("leak");
    let mut files = String::new();
    for k in 0..2 {
        let rows: String = (0..60).map(|i| format!("{},{},{k}\n", i * 7 % 13, i * (k + 5) % 11)).collect();
        case.file(&format!("c{k}.csv"), format!("a,b,label\n{rows}"));
        let class = ["ok", "bad"][k as usize];
        let _ = writeln!(
            files,
            "[[file]]\npath = \"c{k}.csv\"\nclass = \"{class}\"\nlabel = \"label\"\nsplit = {{ train = 0.6, test = 0.4 }}"
        );
    }
    case.refuses(&table(&["ok", "bad"], &files), &["svm", "rce"], &["class", "label both say"]);
}

#[cfg(unix)]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    use std::process::{Command, Stdio};
    let full = || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let program = env!("CARGO_BIN_EXE_hone");
    for arguments in [&["eval", "--learner", "esn", "--list-settings"][..], &["--help"], &["run"]] {
        let run = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(full()).output().unwrap();
        let text = String::from_utf8_lossy(&run.stderr);
        if arguments != ["run"] {
            assert!(run.status.code() == Some(1) && text.contains("cannot be written"), "{arguments:?}: {text}");
        }
        assert!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{text}");
        // A reader that has gone is no reason to say anything.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(writer).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&run.stderr), "", "{arguments:?}");
        assert!(run.status.code() == Some(1) || arguments == ["run"], "{arguments:?}");
    }
    // Devices and pipes are neither replaced nor waited for.
    let folder = folder("case-fifo");
    let fifo = folder.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let fifo = fifo.to_str().unwrap();
    for arguments in [
        &["model", "show", fifo][..],
        &["push", fifo, fifo],
        &["pull", fifo, fifo],
        &["eval", fifo, "--learner", "svm"],
        &["--flash", fifo],
        &["demo", "--plot", fifo],
    ] {
        let run = hone(arguments, b"").refused();
        assert!(run.err.contains("fifo") && Path::new(fifo).exists(), "{arguments:?}: {}", run.err);
    }
}
