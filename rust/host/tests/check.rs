//! `hone check` and `hone new`, on every format that is read.

mod common;

use common::{folder, hone, hum, npy, small_set};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn check(folder: &Path, manifest: &str) -> Value {
    std::fs::write(folder.join("m.toml"), manifest).unwrap();
    let run = hone(&["check", text(&folder.join("m.toml")), "--root", text(folder), "--json"], b"").well();
    run.json().remove(0)
}

/// What the readings of two channels are in any format: a hum, and half of it.
fn values() -> Vec<[f64; 2]> {
    hum(4000, true, 1).into_iter().map(|v| [f64::from(v) / 1000.0, f64::from(v) / 2000.0]).collect()
}

fn manifest(file: &str, more: &str, factor: &str) -> String {
    let channel = |name: &str| format!("[[channel]]\nname = \"{name}\"\nscale = 0.001\n{factor}");
    format!(
        "name = \"m\"\nkind = \"recordings\"\ntask = \"anomaly\"\nrate_hz = 640\nwindow = {{ length = 64 }}\n{}{}[[class]]\nname = \"n\"\n\
         [[class]]\nname = \"f\"\nanomalous = true\n[[file]]\npath = \"{file}\"\nclass = \"n\"\n{more}split = {{ train = 0.5, test = 0.5 }}\n",
        channel("a"),
        channel("b")
    )
}

/// A MATLAB file of level 5 with one matrix of doubles, column by column.
fn mat(name: &str, rows: &[[f64; 2]]) -> Vec<u8> {
    let mut file = vec![b' '; 124];
    file[..10].copy_from_slice(b"MATLAB 5.0");
    file.extend([0x00, 0x01, b'I', b'M']);
    let element = |kind: u32, bytes: &[u8]| {
        let mut all = kind.to_le_bytes().to_vec();
        all.extend((bytes.len() as u32).to_le_bytes());
        all.extend(bytes);
        all.resize(all.len().div_ceil(8) * 8, 0);
        all
    };
    let shape: Vec<u8> = [rows.len() as i32, 2].iter().flat_map(|n| n.to_le_bytes()).collect();
    let data: Vec<u8> = (0..2).flat_map(|c| rows.iter().flat_map(move |r| r[c].to_le_bytes())).collect();
    let inner =
        [element(6, &[6, 0, 0, 0, 0, 0, 0, 0]), element(5, &shape), element(1, name.as_bytes()), element(9, &data)];
    file.extend(element(14, &inner.concat()));
    file
}

#[test]
fn every_format_tells_the_same() {
    let folder = folder("check-formats");
    let values = values();
    let rows = |separator: &str, comma: bool| -> String {
        let row = |v: &[f64; 2]| {
            let row = format!("{:.4}{separator}{:.4}\n", v[0], v[1]);
            if comma { row.replace('.', ",") } else { row }
        };
        format!("a{separator}b\n") + &values.iter().map(row).collect::<String>()
    };
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    put("a.csv", rows(",", false).as_bytes());
    put("b.CSV", rows(";", true).as_bytes());
    put("c.tsv", format!("# a logger's\n{}", rows("\t", false)).as_bytes());
    let utf16: Vec<u8> = format!("\u{feff}{}", rows("\t", true)).encode_utf16().flat_map(u16::to_le_bytes).collect();
    put("d.txt", &utf16);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, rows(",", false).as_bytes()).unwrap();
    put("e.csv.gz", &gz.finish().unwrap());
    put("f.mat", &mat("m", &values));
    let header = format!("{{'descr': '>f8', 'fortran_order': True, 'shape': ({}, 2), }}\n", values.len());
    let mut array = b"\x93NUMPY\x01\x00".to_vec();
    array.extend((header.len() as u16).to_le_bytes());
    array.extend(header.as_bytes());
    array.extend((0..2).flat_map(|c| values.iter().flat_map(move |v| v[c].to_be_bytes())));
    put("g.npy", &array);
    // WAV: full scale is 4 units.
    for (name, bits, float) in [("h.wav", 16, false), ("i.wav", 24, false), ("j.wav", 32, false), ("k.WAV", 32, true)] {
        let sample_format = if float { hound::SampleFormat::Float } else { hound::SampleFormat::Int };
        let spec = hound::WavSpec { channels: 2, sample_rate: 640, bits_per_sample: bits, sample_format };
        let mut writer = hound::WavWriter::create(folder.join(name), spec).unwrap();
        for value in values.iter().flatten() {
            if float {
                writer.write_sample((value / 4.0) as f32).unwrap();
            } else {
                writer.write_sample((value / 4.0 * 2f64.powi(i32::from(bits) - 1)).round() as i32).unwrap();
            }
        }
        writer.finalize().unwrap();
    }
    let axes = "axes = [\"time\", \"channel\"]\n";
    let mut expected: Option<Value> = None;
    for (file, more, factor) in [
        ("a.csv", "", ""),
        ("b.CSV", "", ""),
        ("c.tsv", "", ""),
        ("d.txt", "", ""),
        ("e.csv.gz", "", ""),
        ("f.mat", axes, ""),
        ("f.mat", "axes = [\"time\", \"channel\"]\nvariable = \"m\"\n", ""),
        ("g.npy", axes, ""),
        ("h.wav", "", "factor = 4\n"),
        ("i.wav", "", "factor = 4\n"),
        ("j.wav", "", "factor = 4\n"),
        ("k.WAV", "", "factor = 4\n"),
    ] {
        let object = check(&folder, &manifest(file, more, factor));
        assert_eq!((&object["frames"], &object["windows"][0]["windows"]), (&4000.into(), &31.into()), "{file}");
        let channels = object["channels"].as_array().unwrap();
        let first = expected.get_or_insert_with(|| object["channels"].clone()).as_array().unwrap();
        for (a, b) in channels.iter().zip(first) {
            for key in ["least", "greatest"] {
                assert!((a[key].as_f64().unwrap() - b[key].as_f64().unwrap()).abs() < 2e-4, "{file}: {a} {b}");
            }
            let (a, b) = (a["lsb_span"].as_i64().unwrap(), b["lsb_span"].as_i64().unwrap());
            assert!(a.abs_diff(b) <= 1, "{file}: {a} {b}");
        }
    }
    // What a file says of itself and the manifest otherwise is refused.
    for (file, more, words) in [
        ("h.wav", "", "640 frames a second by its header, the manifest's rate_hz is 100"),
        (
            "f.mat",
            "axes = [\"time\", \"channel\"]\nvariable = \"v\"\n",
            "has no numeric variable \"v\"; it has m [4000, 2]",
        ),
        ("h.wav", axes, "file[0].axes"),
    ] {
        std::fs::write(folder.join("m.toml"), manifest(file, more, "").replace("rate_hz = 640", "rate_hz = 100"))
            .unwrap();
        let run = hone(&["check", text(&folder.join("m.toml")), "--root", text(&folder)], b"").refused();
        assert!(run.err.contains(words), "{}", run.err);
    }
}

#[test]
fn check_tells_ranges_gaps_and_what_is_left_out() {
    let folder = folder("check-tells");
    let mut rows = "time,a,b\n".to_owned();
    for (i, v) in values().iter().enumerate() {
        // A gap of a second, a stretch that saturates, one without readings.
        let time = i as f64 / 640.0 + if i >= 1000 { 1.0 } else { 0.0 };
        let a = if (2000..2064).contains(&i) { 99.0 } else { v[0] };
        let b = if (3000..3010).contains(&i) { String::new() } else { v[1].to_string() };
        let _ = writeln!(rows, "{time:.6},{a},{b}");
    }
    std::fs::write(folder.join("a.csv"), rows).unwrap();
    let object = check(&folder, &manifest("a.csv", "", ""));
    let page = include_str!("../../../docs/formats/check-json.md");
    for key in object.as_object().unwrap().keys() {
        assert!(page.contains(&format!("| `{key}` |")), "{key} is not documented");
    }
    for key in object["channels"][0].as_object().unwrap().keys() {
        assert!(page.contains(&format!("`{key}`")), "{key} is not documented");
    }
    assert_eq!(object["gaps"], 1);
    assert!((object["rates"][0]["rate_hz"].as_f64().unwrap() - 640.0).abs() < 0.1);
    assert_eq!(object["channels"][0]["greatest"], 99.0);
    assert_eq!(object["channels"][0]["saturated"], 64.0 / 4000.0);
    assert_eq!(object["channels"][1]["not_a_number"], 10.0 / 4000.0);
    // 15 + 46 windows about the gap: 31 train, the last of which saturates; the next does too, and is judged all the same.
    let windows =
        |i: usize| (object["windows"][i]["windows"].as_u64().unwrap(), object["windows"][i]["refused"].to_string());
    assert_eq!(windows(0).1, "{\"saturated\":1}", "{object}");
    assert!(windows(1).1.contains("not a number"), "{object}");
    // The same for people, and pictures.
    let plots = folder.join("plots");
    let run =
        hone(&["check", text(&folder.join("m.toml")), "--root", text(&folder), "--plot", text(&plots)], b"").well();
    for words in ["1 gaps", "1.60 %", "0.25 %", "channel a", "1 saturated", "train", "test"] {
        assert!(run.out.contains(words), "{words}: {}", run.out);
    }
    for file in ["m-0-a.png", "m-1-b.png"] {
        let path = plots.join(file);
        assert!(run.out.contains(text(&path)), "{}", run.out);
        let info = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
        assert!(info.info().width >= 1000 && info.info().height >= 800);
    }
    // What nothing can be learnt from is shown, and is an error.
    std::fs::write(folder.join("m.toml"), manifest("a.csv", "", "").replace("scale = 0.001", "scale = 50")).unwrap();
    let run = hone(&["check", text(&folder.join("m.toml")), "--root", text(&folder)], b"").refused();
    assert!(run.out.contains("channel a") && run.err.contains("less than one LSB"), "{}\n{}", run.out, run.err);
}

#[test]
fn the_projects_manifests_are_in_the_program() {
    let folder = folder("check-copied");
    let copy = folder.join("hone");
    std::fs::copy(env!("CARGO_BIN_EXE_hone"), &copy).unwrap();
    let run =
        std::process::Command::new(&copy).args(["check", "iris", "--root", "."]).current_dir(&folder).output().unwrap();
    let text = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(text.contains("datasets/iris.toml") && text.contains("sklearn/iris.csv does not exist"), "{text}");
}

/// Runs `hone new` in a folder, and evaluates what it wrote.
fn new(folder: &Path, files: &[&str], more: &[&str], learner: &str) -> (String, Value) {
    let out = folder.join("made.toml");
    let _ = std::fs::remove_file(&out);
    let paths: Vec<String> = files.iter().map(|f| text(&folder.join(f)).to_owned()).collect();
    let mut all = vec!["new", "--yes", "--out", text(&out)];
    all.extend(more);
    all.extend(paths.iter().map(String::as_str));
    let said = hone(&all, b"").well().out;
    let written = std::fs::read_to_string(&out).unwrap();
    assert!(said.starts_with(&written) && said.contains("part"), "{said}");
    let run = hone(&["eval", text(&out), "--root", text(folder), "--learner", learner, "--json"], b"").well();
    (written, run.json().remove(0))
}

#[test]
fn new_proposes_what_the_files_tell() {
    let folder = folder("new");
    let recording = |frames: usize, well: bool, seed: u32| -> String {
        let mut rows = "time;p;q\n".to_owned();
        for (i, v) in hum(frames, well, seed).iter().enumerate() {
            let _ = writeln!(rows, "{:.3};{};{}", i as f64 / 100.0, f64::from(*v) / 500.0, f64::from(*v) / 900.0);
        }
        rows
    };
    for (name, well) in [("normal_1.csv", true), ("normal_2.csv", true), ("worn_1.csv", false)] {
        std::fs::write(folder.join(name), recording(6000, well, name.len() as u32 + u32::from(well))).unwrap();
    }
    std::fs::write(folder.join("normal_2.csv"), recording(6000, true, 99)).unwrap();
    let (written, object) = new(&folder, &["normal_1.csv", "normal_2.csv", "worn_1.csv"], &[], "esn");
    for words in [
        "task = \"anomaly\"",
        "rate_hz = 100\n",
        "name = \"normal\"",
        "name = \"worn\"\nanomalous = true",
        "time = \"time\"",
    ] {
        assert!(written.contains(words), "{words}: {written}");
    }
    assert!(object["f1"].as_f64().unwrap() > 0.9, "{object}");
    // Classes by folder, of WAV files.
    for (class, well) in [("idle", true), ("drill", false)] {
        std::fs::create_dir_all(folder.join(class)).unwrap();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(folder.join(class).join("rec.wav"), spec).unwrap();
        hum(16000, well, 5).into_iter().for_each(|v| writer.write_sample(v).unwrap());
        writer.finalize().unwrap();
    }
    let (written, object) = new(&folder, &["idle/rec.wav", "drill/rec.wav"], &[], "svm");
    assert!(written.contains("rate_hz = 8000") && written.contains("task = \"classification\""), "{written}");
    assert!(object["accuracy"].as_f64().unwrap() > 0.9, "{object}");
    // A table with a column of classes.
    let rows: String = (0..90).map(|i| format!("{},{},{}\n", i % 3 * 4, i % 7, ["a", "b", "c"][i % 3])).collect();
    std::fs::write(folder.join("t.csv"), format!("u,v,kind\n{rows}")).unwrap();
    let (written, object) = new(&folder, &["t.csv"], &[], "svm");
    assert!(written.contains("kind = \"table\"") && written.contains("label = \"kind\""), "{written}");
    assert_eq!(object["accuracy"], 1.0);
    // Recordings with a column of states, one after another: each class is split, so that both are learnt.
    let state = |i: usize| if i < 30_000 { "healthy" } else { "leaking" };
    let values = hum(30_000, true, 7).into_iter().chain(hum(12_000, false, 8)).enumerate();
    let rows: String = values.map(|(i, v)| format!("{:.3};{v};{}\n", i as f64 / 500.0, state(i))).collect();
    std::fs::write(folder.join("pump.csv"), format!("time;x;state\n{rows}")).unwrap();
    let (written, object) = new(&folder, &["pump.csv"], &[], "svm");
    assert!(written.contains("over = \"class\"") && written.contains("label = \"state\""), "{written}");
    assert!(object["accuracy"].as_f64().unwrap() > 0.9, "{object}");
    // One cell that is no number is told with its line.
    let rows: String =
        (0..500).map(|i| format!("{i},{}\n", if i == 100 { "ERR".into() } else { format!("0.{i}") })).collect();
    std::fs::write(folder.join("cell.csv"), format!("time,x\n{rows}")).unwrap();
    let run = hone(&["new", "--yes", "--rate", "1", text(&folder.join("cell.csv"))], b"").refused();
    assert!(run.err.contains("line 102") && run.err.contains("\"ERR\""), "{}", run.err);
    // A pipe is not waited for.
    if cfg!(unix) {
        let pipe = folder.join("pipe.csv");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let run = hone(&["new", "--yes", text(&pipe)], b"").refused();
        assert!(run.err.contains("is not a regular file"), "{}", run.err);
    }
    // An array does not tell its rate.
    std::fs::write(folder.join("x.npy"), npy(&[8000, 2], &hum(16000, true, 3))).unwrap();
    let out = folder.join("made.toml");
    std::fs::remove_file(&out).unwrap();
    let array = folder.join("x.npy");
    let run = hone(&["new", "--yes", "--out", text(&out), text(&array)], b"").refused();
    assert!(run.err.contains("give --rate HZ") && !out.exists(), "{}", run.err);
    hone(&["new", "--yes", "--rate", "100", "--out", text(&out), text(&array)], b"").well();
    // What is there is not overwritten, and without a terminal there is nobody to ask.
    let run = hone(&["new", "--yes", "--rate", "100", "--out", text(&out), text(&array)], b"").refused();
    assert!(run.err.contains("already exists"), "{}", run.err);
    assert!(hone(&["new", text(&array)], b"").refused().err.contains("--yes"));
}

#[test]
fn from_recordings_to_a_verdict_by_what_each_command_says_next() {
    let folder = folder("new-next");
    let here = |arguments: &[&str], input: &str| {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_hone"));
        child.args(arguments).current_dir(&folder).env_remove("HONE_DATA");
        let mut child = child
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // The command that a line of the answer names.
    let next = |said: &str, begin: &str| -> Vec<String> {
        let line =
            said.lines().find_map(|l| l.trim().strip_prefix(begin)).unwrap_or_else(|| panic!("no {begin}: {said}"));
        line.split("   ").next().unwrap().split(' ').map(str::to_owned).collect()
    };
    here(&["demo", "--recordings", "motor"], "");
    let said = here(
        &["new", "--yes", "motor/normal.csv", "motor/bearing.csv", "motor/imbalance.csv", "motor/supply-drop.csv"],
        "",
    );
    let written = std::fs::read_to_string(folder.join("motor.toml")).unwrap();
    // Windows as boards have them; what is normal comes first.
    assert!(written.contains("length = 128") && written.contains("# unit = \"m/s2\""), "{written}");
    assert!(written.find("\"motor/normal.csv\"") < written.find("\"motor/bearing.csv\""), "{written}");
    let edited = written.replace("# unit = ", "unit = ");
    std::fs::write(folder.join("motor.toml"), edited).unwrap();
    let eval = next(&said, "hone ");
    assert_eq!(eval, ["eval", "motor.toml", "--learner", "esn", "--save", "motor.hone"]);
    let said = here(&eval.iter().map(String::as_str).collect::<Vec<_>>(), "");
    assert!(said.contains(" 3 of 3\n"), "{said}");
    let run = next(&said, "hone run");
    let run: Vec<&str> = ["run"].into_iter().chain(run.iter().map(String::as_str).filter(|w| !w.is_empty())).collect();
    let said = here(&run, "wait 2\ninfer once\nreplay 3\nwait 3\ninfer once\n");
    assert!(said.contains("\nnormal, score") && said.contains("\nanomalous, score"), "{said}");
}

#[test]
fn a_proposal_is_one_that_a_board_holds() {
    let folder = folder("new-board");
    // Eight channels of many frames: a window of 128 would be beyond the smallest board.
    let names: Vec<String> = (0..8).map(|c| format!("c{c}")).collect();
    let mut rows = names.join(",") + "\n";
    for v in hum(20_000, true, 4).chunks(8) {
        rows += &(v.iter().map(|v| format!("{:.2}", f64::from(*v) / 100.0)).collect::<Vec<_>>().join(",") + "\n");
    }
    std::fs::write(folder.join("normal.csv"), &rows).unwrap();
    let out = folder.join("eight.toml");
    let file = folder.join("normal.csv");
    let said = hone(&["new", "--yes", "--rate", "100", "--out", text(&out), text(&file)], b"").well().out;
    let line = said.lines().find(|l| l.starts_with("window = ")).unwrap();
    let length: usize = line.split_whitespace().find_map(|w| w.parse().ok()).unwrap();
    assert!(length * 8 <= 384 && length >= 8, "{line}");
    // What it says next can be done.
    let next = said.lines().find_map(|l| l.trim().strip_prefix("hone ")).unwrap();
    let arguments: Vec<&str> = next.split(' ').take_while(|w| *w != "--save").collect();
    hone(&arguments, b"").well();
}

#[test]
fn changes_of_recording_are_told_and_the_anomalous_is_not_learnt_without_a_word() {
    let folder = folder("replay-told");
    let manifest = small_set(&folder);
    let arguments = ["--replay", text(&manifest), "--root", text(&folder)];
    let run = hone(&arguments, b"wait 1\nreplay 1\nwait 1\ntrain esn --windows 20 --wait\n");
    assert!(run.out.contains("playing recording 0, well.npy: well"), "{}", run.out);
    assert!(run.out.contains("playing recording 1, ill.npy: ill"), "{}", run.out);
    assert!(
        run.out.contains("a training learns this as normal, and the manifest calls it anomalous (ill)"),
        "{}",
        run.out
    );
    let run = hone(&arguments, b"config set device.telemetry json\nwait 0.1\nreplay 1\nwait 1\n").well();
    let told = run.json().into_iter().rfind(|o| o["event"] == "playing").unwrap();
    assert_eq!((&told["recording"], &told["anomalous"]), (&1.into(), &true.into()));
}
