//! Manifests over tiny recordings, made from the project's own by dropping, doubling and swapping keys and values. None
//! ends in a panic, in a figure from nothing, or well with nothing tested.
//!
//! 2,000 in the usual run; `HONE_MUTATIONS=100000` for more.

use hone_engine::learners::Learner;
use hone_host::dataset::{Manifest, NAMES, Source, find_manifest};
use hone_host::eval::{Budget, EvalArgs, EvalError, LearnerName, evaluate_source};
use hone_numeric::rng::Rng;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A manifest, whose files lie below `root`.
struct Seed {
    text: String,
    learner: LearnerName,
    root: PathBuf,
}

fn npy(shape: &[usize], values: impl Iterator<Item = f32>) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n},")).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.flat_map(f32::to_le_bytes));
    bytes
}

fn labels(count: usize, value: impl Fn(usize) -> i16) -> Vec<u8> {
    let header = format!("{{'descr': '<i2', 'fortran_order': False, 'shape': ({count},), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend((0..count).flat_map(|i| value(i).to_le_bytes()));
    bytes
}

/// A hum in noise.
fn hum(seed: u64, count: usize, step: f32) -> impl Iterator<Item = f32> {
    let mut rng = Rng::new(seed);
    (0..count).map(move |i| (step * i as f32).sin() + 0.3 * (rng.below(1000) as f32 / 1000.0 - 0.5))
}

fn write(root: &Path) {
    let put = |path: &str, bytes: &[u8]| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    put("a.npy", &npy(&[40, 64, 2], hum(1, 5120, 0.7)));
    put("b.npy", &npy(&[20, 64, 2], hum(2, 2560, 1.9)));
    put("x.npy", &npy(&[60, 2, 64], hum(3, 7680, 0.4)));
    put("y.npy", &labels(60, |i| (i % 3) as i16));
    put("g.npy", &labels(60, |i| (i / 10) as i16));
    let mut text = "timestamp,value\n".to_owned();
    for (i, v) in hum(4, 1600, 0.5).enumerate() {
        let v = if (1200..1400).contains(&i) { 4.0 * v } else { v };
        text += &format!("2024-01-01 {:02}:{:02}:{:02},{v}\n", i / 3600, i / 60 % 60, i % 60);
    }
    put("t.csv", text.as_bytes());
    put("spans.csv", b"start,end\n2024-01-01 00:20:00,2024-01-01 00:23:19\n");
    let rows = |seed| {
        let mut rng = Rng::new(seed);
        (0..60)
            .map(move |i| format!("{},{},{},{}\n", i % 3 * 4 + rng.below(2), rng.below(9), rng.below(5), i % 3))
            .collect::<String>()
    };
    put("r.csv", format!("u,v,w,class\n{}", rows(5)).as_bytes());
    put("bare.csv", rows(6).as_bytes());
}

/// Small files of the kinds that a manifest names, in the places where it looks for them.
fn write_for(root: &Path, manifest: &Manifest) {
    let put = |path: &str, bytes: &[u8]| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let values: Vec<i64> = (0..manifest.classes.len()).filter_map(|c| manifest.label_value(c)).collect();
    let window = manifest.window.map_or(1, |w| w.length);
    let channels = manifest.channels.iter().enumerate().map(|(c, x)| x.index.unwrap_or(c) + 1).max().unwrap_or(1);
    for (i, file) in manifest.files.iter().enumerate() {
        let length = |axis: &String| match axis.as_str() {
            "time" if file.axes.as_ref().is_some_and(|a| a.contains(&"window".into())) => window,
            "time" => window * 12,
            "channel" => channels,
            "window" => 48,
            other => {
                let same = manifest.files.iter().filter(|f| f.path == file.path);
                same.filter_map(|f| f.at.get(other)?.iter().max()).max().map_or(2 * values.len(), |m| m + 1)
            }
        };
        let ill = file.class.as_deref().and_then(|c| manifest.class_named(c)).unwrap_or(0);
        if let Some(axes) = &file.axes {
            let shape: Vec<usize> = axes.iter().map(length).collect();
            let count = shape.iter().product();
            let step = if channels > 1 { 0.7 + 0.4 * ill as f32 } else { 0.3 + 0.4 * ill as f32 };
            put(&file.path, &npy(&shape, hum(i as u64 + 1, count, step)));
            let along = axes.iter().find(|a| !matches!(a.as_str(), "time" | "channel")).map_or(1, length);
            if let Some(spec) = &file.labels {
                put(&spec.path, &labels(along, |n| values[n % values.len()] as i16));
            }
            if let (Some(spec), Some(assign)) = (&file.groups, &file.assign) {
                let all: Vec<i64> = assign.train.iter().chain(&assign.test).copied().collect();
                put(&spec.path, &labels(along, |n| all[n * all.len() / along] as i16));
            }
        } else if manifest.channels.is_empty() {
            let head = if file.header == Some(false) { "" } else { "u,v,w,class\n" };
            let mut rng = Rng::new(i as u64 + 9);
            let row = |n: usize| {
                format!("{},{},{},{}\n", n % values.len() * 4, rng.below(9), rng.below(5), values[n % values.len()])
            };
            put(&file.path, (head.to_owned() + &(0..90).map(row).collect::<String>()).as_bytes());
        } else if let Some(spans) = &file.spans {
            let frames = window * 120;
            let at = |n: usize| format!("2024-01-{:02} {:02}:{:02}:00", 1 + n / 288, n / 12 % 24, n % 12 * 5);
            let rows = hum(4, frames, 0.5).enumerate().map(|(n, v)| format!("{},{v}\n", at(n)));
            put(
                &file.path,
                (format!("{},{}\n", spans.time, manifest.channels[0].name) + &rows.collect::<String>()).as_bytes(),
            );
            let (from, to) = (at(frames * 3 / 4), at(frames * 3 / 4 + 5 * window));
            put(&spans.path, format!("start,end\n{from},{to}\n").as_bytes());
        }
    }
}

/// The project's manifests over small files, and some with what those do not have.
fn seeds(root: &Path) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for name in NAMES {
        let source = find_manifest(name).unwrap();
        let root = root.join(name);
        write_for(&root, &Manifest::parse(&source).unwrap());
        let text = source.text().to_owned();
        let learners: &[LearnerName] = if text.contains("\"anomaly\"") {
            &[LearnerName::Esn, LearnerName::Svm]
        } else if text.contains("\"regression\"") {
            &[LearnerName::Table(Learner::Linear)]
        } else {
            &[LearnerName::Svm, LearnerName::Rce]
        };
        for learner in learners {
            seeds.push(Seed { text: text.clone(), learner: *learner, root: root.clone() });
        }
    }
    // What the project's own do not have.
    let own = [
        (
            "anomaly",
            "[[file]]\npath = \"a.npy\"\naxes = [\"window\", \"time\", \"channel\"]\nclass = \"n\"\nsplit = { train = 0.5, calibrate = 0.25, test = 0.25 }\n[[file]]\npath = \"b.npy\"\naxes = [\"window\", \"time\", \"channel\"]\nclass = \"f\"\npart = \"test\"\n",
        ),
        (
            "anomaly",
            "[[file]]\npath = \"t.csv\"\nclass = \"n\"\nsplit = { train = 0.4, calibrate = 0.2, test = 0.4 }\nspans = { path = \"spans.csv\", time = \"timestamp\", class = \"f\" }\n",
        ),
        (
            "classification",
            "[[file]]\npath = \"x.npy\"\naxes = [\"window\", \"channel\", \"time\"]\nlabels = { path = \"y.npy\" }\ngroups = { path = \"g.npy\" }\nassign = { by = \"group\", train = [0, 1, 2, 3], test = [4, 5] }\n",
        ),
        (
            "table",
            "[[file]]\npath = \"r.csv\"\nlabel = \"class\"\nsplit = { train = 0.6, test = 0.4, over = \"class\" }\n",
        ),
        (
            "table",
            "[[file]]\npath = \"bare.csv\"\nheader = false\npart = \"train\"\n[[file]]\npath = \"r.csv\"\npart = \"test\"\n",
        ),
    ];
    for (kind, files) in own {
        let channels = if files.contains("t.csv") {
            "[[channel]]\nname = \"value\"\nscale = 0.001\n"
        } else {
            "[[channel]]\nname = \"p\"\nscale = 0.001\n[[channel]]\nname = \"q\"\nscale = 0.001\nunit = \"m/s2\"\n"
        };
        let rate = if files.contains("t.csv") { 1 } else { 100 };
        let (head, learners): (String, &[LearnerName]) = match kind {
            "table" => ("name = \"m\"\nkind = \"table\"\ntask = \"classification\"\n[[class]]\nname = \"0\"\n[[class]]\nname = \"1\"\n[[class]]\nname = \"2\"\n".into(), &[LearnerName::Svm, LearnerName::Rce]),
            "classification" => (format!("name = \"m\"\nkind = \"recordings\"\ntask = \"classification\"\nrate_hz = {rate}\nwindow = {{ length = 64 }}\n{channels}[[class]]\nname = \"a\"\n[[class]]\nname = \"b\"\n[[class]]\nname = \"c\"\n"), &[LearnerName::Svm, LearnerName::Rce]),
            _ => (format!("name = \"m\"\nkind = \"recordings\"\ntask = \"anomaly\"\nrate_hz = {rate}\nwindow = {{ length = 64 }}\n{channels}[[class]]\nname = \"n\"\n[[class]]\nname = \"f\"\nanomalous = true\n"), &[LearnerName::Esn, LearnerName::Svm, LearnerName::Rce]),
        };
        for learner in learners {
            seeds.push(Seed { text: head.clone() + files, learner: *learner, root: root.to_path_buf() });
        }
    }
    seeds
}

/// Values that mean something elsewhere.
const VALUES: [&str; 24] = [
    "0",
    "-1",
    "1",
    "0.5",
    "2",
    "1e300",
    "nan",
    "inf",
    "\"\"",
    "\"x\"",
    "\"test\"",
    "\"train\"",
    "\"calibrate\"",
    "true",
    "false",
    "[]",
    "[\"time\"]",
    "\"a.npy\"",
    "\"t.csv\"",
    "\"r.csv\"",
    "\"last\"",
    "{}",
    "\"anomaly\"",
    "\"classification\"",
];

fn mutated(text: &str, others: &[Seed], rng: &mut Rng) -> String {
    let mut lines: Vec<String> =
        text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')).map(String::from).collect();
    for _ in 0..1 + rng.below(2) {
        let pick = |rng: &mut Rng, lines: &[String]| rng.below(lines.len().max(1) as u32) as usize;
        let (at, other) = (pick(rng, &lines), pick(rng, &lines));
        if lines.len() < 2 {
            break;
        }
        match rng.below(7) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            2 => lines.swap(at, other),
            3 | 4 => {
                // A value from another key, or one that means something elsewhere.
                let value = lines[other].split_once('=').map_or("1", |(_, v)| v.trim()).to_owned();
                let value =
                    if rng.below(2) == 0 { VALUES[rng.below(VALUES.len() as u32) as usize].to_owned() } else { value };
                if let Some((key, _)) = lines[at].split_once('=') {
                    lines[at] = format!("{key}= {value}");
                }
            }
            5 => {
                // A key from another manifest.
                let text = &others[rng.below(others.len() as u32) as usize].text;
                let foreign: Vec<&str> = text.lines().filter(|l| l.contains('=')).collect();
                if !foreign.is_empty() {
                    lines.insert(at, foreign[rng.below(foreign.len() as u32) as usize].to_owned());
                }
            }
            _ => {
                // Within a line: `train = 0.5` becomes `test = 0.5`, one number another.
                let words = [
                    "train",
                    "calibrate",
                    "test",
                    "start",
                    "end",
                    "time",
                    "window",
                    "channel",
                    "0.5",
                    "0.25",
                    "64",
                    "label",
                    "class",
                ];
                let (from, to) = (words[rng.below(13) as usize], words[rng.below(13) as usize]);
                lines[at] = lines[at].replacen(from, to, 1);
            }
        }
    }
    lines.join("\n")
}

#[test]
fn no_manifest_ends_in_a_panic_or_a_figure_from_nothing() {
    let count: u64 = std::env::var("HONE_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    let root = tempfile::tempdir().unwrap();
    write(root.path());
    let seeds = seeds(root.path());
    let (mut well, mut refusals) = (0, BTreeSet::new());
    for seed in &seeds {
        let args = EvalArgs {
            learner: seed.learner,
            budget: Budget::F429,
            root: Some(seed.root.clone()),
            ..EvalArgs::default()
        };
        let whole = evaluate_source(&args, &Source::new(Path::new("m.toml"), seed.text.clone()));
        assert!(whole.is_ok(), "{}\n{:?}", seed.text, whole.err().map(|e| e.to_string()));
    }
    for i in 0..count {
        let mut rng = Rng::new(i + 1);
        let seed = &seeds[(i % seeds.len() as u64) as usize];
        let text = mutated(&seed.text, &seeds, &mut rng);
        let args = EvalArgs {
            manifest: Some("m.toml".into()),
            learner: seed.learner,
            budget: Budget::F429,
            root: Some(seed.root.clone()),
            ..EvalArgs::default()
        };
        let told = format!("mutation {i}, {:?}:\n{text}\n", seed.learner);
        let source = Source::new(Path::new("m.toml"), text.clone());
        // A panic within is told as such, and which manifest it was.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| evaluate_source(&args, &source)));
        match outcome.unwrap_or_else(|_| panic!("a panic: {told}")) {
            Ok((report, _)) => {
                well += 1;
                assert!(report.test_windows > 0 && report.train_windows > 0, "{told}");
                let judged: u32 = report.confusion.counts.iter().flatten().sum();
                assert_eq!(judged as usize, report.test_windows, "{told}");
                let figures = [report.accuracy, report.f1, report.precision, report.recall, report.false_alarm_rate];
                assert!(figures.iter().flatten().all(|f| (0.0..=1.0).contains(f)), "{told}");
                let detected = report.spans_detected.unwrap_or(0) <= report.spans.unwrap_or(0);
                assert!(detected && report.accuracy.is_some(), "{told}");
                let threshold = report.threshold.is_none_or(|t| t.is_finite() && t > 0.0);
                assert!(threshold, "{told}");
            }
            Err(e) => {
                let text = e.to_string();
                assert!(!matches!(e, EvalError::Plot(_)), "{told}{text}");
                for word in ["stopped unexpectedly", "Error {", "Some(", "f64", "usize", "i64", "u16", "struct "] {
                    assert!(!text.contains(word), "{told}{text}");
                }
                assert!(text.len() > 10, "{told}{text}");
                refusals.insert(text.chars().filter(|c| c.is_alphabetic()).take(60).collect::<String>());
            }
        }
    }
    // Both happen, in many ways.
    assert!(well as u64 > count / 8 && refusals.len() > 60, "{well} well, {} ways of refusal", refusals.len());
}
