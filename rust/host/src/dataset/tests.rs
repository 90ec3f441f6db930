use super::file::array::Array;
use super::*;
use proptest::prelude::*;
use std::path::PathBuf;
use tempfile::TempDir;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// The recordings, or `None` with a note when they are not there.
pub(crate) fn data() -> Option<PathBuf> {
    let root = data_folder();
    let there = root.join("cwru").is_dir();
    if !there {
        eprintln!("skipped: no recordings in {} (set HONE_DATA)", root.display());
    }
    there.then_some(root)
}

fn open(name: &str) -> Option<Dataset> {
    Some(Dataset::open(&project("datasets").join(format!("{name}.toml")), &data()?).unwrap_or_else(|e| panic!("{e}")))
}

fn counts(set: &Dataset) -> [usize; 3] {
    [Part::Train, Part::Calibrate, Part::Test].map(|p| set.count(p))
}

#[test]
fn every_manifest_of_the_project_is_read_and_split_as_it_should_be() {
    let expected = [
        ("cwru-anomaly", [90, 45, 45 + 18 * 300]),
        ("cwru-10", [108 + 9 * 300, 0, 72 + 9 * 300]),
        ("cwru-raw", [108 + 9 * 180, 0, 72 + 9 * 120]),
        ("fan-low", [150, 75, 375]),
        ("fan-med", [150, 75, 375]),
        ("fan-high", [150, 75, 375]),
        ("fan-uci", [90, 30, 60 + 12 * 30]),
        ("har", [1612, 0, 788]),
        ("basicmotions", [20, 0, 20]),
        ("temperature", [28, 14, 430]),
        ("temperature-next", [170, 0, 1720]),
        ("uestc", [16 * 234, 0, 16 * 234]),
        ("iris", [90, 0, 60]),
        ("digits", [899, 0, 898]),
        ("svm-iris01", [70, 0, 30]),
        ("svm-iris12", [70, 0, 30]),
        ("svm-dig38s", [120, 0, 237]),
        ("svm-dig6rs", [120, 0, 1677]),
    ];
    for entry in std::fs::read_dir(project("datasets")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(expected.iter().any(|e| name == format!("{}.toml", e.0)), "{name} is not checked here");
    }
    for (name, parts) in expected {
        let Some(set) = open(name) else { return };
        assert_eq!(set.name, name);
        assert_eq!(counts(&set), parts, "{name}");
        assert_eq!(set.recordings().is_none(), name.starts_with("svm-") || ["iris", "digits"].contains(&name));
    }
}

#[test]
fn windows_hold_the_samples_of_the_file() {
    let Some(set) = open("cwru-10") else { return };
    let r = set.recordings().unwrap();
    let file = Array::read(&data().unwrap().join("cwru/load0/IR014.npy"), None).unwrap();
    let recording = r.recordings.iter().find(|r| r.name == "cwru/load0/IR014.npy").unwrap();
    let window = &recording.windows[3];
    let held = r.held(recording, window, &set.classes).unwrap();
    let view = held.view();
    assert_eq!((view.len(), view.channels), (200, 2));
    for (t, frame) in view.frames().enumerate() {
        for (c, sample) in frame.iter().enumerate() {
            assert_eq!(file.get(c * 60_000 + 600 + t).unwrap().whole(), Some(i64::from(*sample)));
        }
    }
    assert!(recording.windows[0].faults.any(Faults::GAP) && !window.faults.any(Faults::GAP));
}

#[test]
fn recordings_and_parts_begin_with_a_gap_and_time_runs_on() {
    let Some(set) = open("fan-uci") else { return };
    let r = set.recordings().unwrap();
    assert_eq!(r.recordings.len(), 18);
    let gaps = r.recordings.iter().flat_map(|r| &r.windows).filter(|w| w.faults.any(Faults::GAP)).count();
    assert_eq!(gaps, 6 * 3 + 12);
    let times: Vec<u64> = r.recordings.iter().flat_map(|r| &r.windows).map(|w| w.time.0).collect();
    assert!(times.windows(2).all(|t| t[1] == t[0] + 2_000_000));
    let first = r.recordings.iter().find(|r| r.name == "fan_uci/accel.npy configuration=2 speed=3").unwrap();
    let array = Array::read(&data().unwrap().join("fan_uci/accel.npy"), None).unwrap();
    let g = array.get((2 * 9 + 3) * 3000 * 3 + 5).unwrap().real();
    assert_eq!(f64::from(r.samples(first, 0, 2).unwrap()[5]), (g * 4096.0).round());
}

#[test]
fn subjects_stay_in_one_part() {
    let Some(set) = open("har") else { return };
    let r = set.recordings().unwrap();
    let groups = |p| r.windows(p).map(|(_, w)| w.group.unwrap()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!((groups(Part::Train).len(), groups(Part::Test).len()), (14, 7));
    assert!(groups(Part::Train).is_disjoint(&groups(Part::Test)));
}

#[test]
fn labelled_spans_are_anomalous() {
    let Some(set) = open("temperature") else { return };
    let windows = &set.recordings().unwrap().recordings[0].windows;
    let spans = windows.windows(2).filter(|w| w[0].class != w[1].class).count();
    assert_eq!(spans, 8, "four spans, each with two ends");
    // 4 spans of 567 rows (47 h 10 min and one), in windows of 48.
    let anomalous = windows.iter().filter(|w| w.class == 1).count();
    assert!((46..=50).contains(&anomalous), "{anomalous}");
}

const GOOD: &str = r#"
name = "t"
kind = "recordings"
task = "anomaly"
rate_hz = 10
window = { length = 2 }

[[channel]]
name = "x"
scale = 0.5

[[class]]
name = "fine"

[[class]]
name = "broken"
anomalous = true

[[file]]
path = "a.npy"
axes = ["time"]
class = "fine"
split = { train = 0.5, test = 0.5 }
"#;

fn fault(text: &str) -> String {
    Manifest::parse(&Source::new(Path::new("m.toml"), text.into())).unwrap_err().to_string()
}

#[test]
fn faults_name_file_line_and_key_and_what_to_do() {
    Manifest::parse(&Source::new(Path::new("m.toml"), GOOD.into())).unwrap();
    for (from, to, expected) in [
        ("length = 2", "length = 0", "m.toml, line 6, key window.length: is 0; a window has 8 to 4096 frames"),
        ("rate_hz = 10", "rate_hz = -1", "m.toml, line 5, key rate_hz: give a rate above 0"),
        ("scale = 0.5", "scale = 0", "m.toml, line 10, key channel[0].scale: give a number above 0"),
        ("a.npy", "../a.npy", "m.toml, line 20, key file[0].path: \"../a.npy\" is not below the data folder"),
        ("a.npy", "/etc/passwd", "m.toml, line 20, key file[0].path:"),
        ("a.npy", "a.xyz", "none of .csv, .tsv"),
        (
            "class = \"fine\"",
            "class = \"good\"",
            "key file[0].class: there is no class \"good\"; the classes are fine, broken",
        ),
        ("train = 0.5", "train = 1.5", "line 23, key file[0].split.train: give a share from 0 to 1"),
        ("train = 0.5", "train = 0.6", "key file[0].split: give shares that add up"),
        ("axes = [\"time\"]\n", "", "line 19, key file[0].axes: is missing"),
        ("anomalous = true", "", "needs a normal class and at least one with anomalous = true"),
        ("name = \"broken\"", "name = \"fine\"", "key class[1].name: another class has this name"),
        ("name = \"broken\"", "name = \"broken\"\nid = 65535", "line 17, key class[1].id: 65535 stands for no class"),
        ("rate_hz", "rate", "line 5, key rate: there is no key `rate`"),
        ("\"anomaly\"", "\"clustering\"", "line 4, key task: there is no `clustering`"),
        ("task = \"anomaly\"", "task = ", "line 4"),
    ] {
        let message = fault(&GOOD.replacen(from, to, 1));
        assert!(message.contains(expected) && message.starts_with("m.toml"), "{from} -> {to}: {message}");
    }
}

#[test]
fn a_missing_recording_says_where_it_was_looked_for() {
    let message = Dataset::read(&Source::new(Path::new("m.toml"), GOOD.into()), Path::new("nowhere")).unwrap_err();
    assert!(message.to_string().contains("nowhere/a.npy does not exist; give the folder"), "{message}");
}

/// A folder of its own with `a.npy` of `samples`.
fn folder(header: &str, data: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    std::fs::write(folder.path().join("a.npy"), file).unwrap();
    folder
}

#[test]
fn gaps_in_float_recordings_are_flagged() {
    let values = [0.0f32, 1.0, f32::NAN, 2.0, 1e9, 0.0, 0.0, 0.0];
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let root = folder("{'descr': '<f4', 'fortran_order': False, 'shape': (8,)}", &data);
    let set = Dataset::read(&Source::new(Path::new("m.toml"), GOOD.into()), root.path()).unwrap();
    let r = set.recordings().unwrap();
    let recording = &r.recordings[0];
    assert_eq!(*r.samples(recording, 0, 100).unwrap(), [0, 2, 2, 4, i16::MAX, 0, 0, 0]);
    let faults: Vec<Faults> = recording.windows.iter().map(|w| w.faults).collect();
    let gap = Faults::GAP;
    assert_eq!(faults, [gap, Faults::NOT_A_NUMBER, gap.with(Faults::SATURATED), Faults::NONE]);
}

#[test]
fn overlapping_windows_never_share_samples_across_parts() {
    let data: Vec<u8> = (0i16..40).flat_map(i16::to_le_bytes).collect();
    let root = folder("{'descr': '<i2', 'fortran_order': False, 'shape': (40,)}", &data);
    let text = GOOD.replace("length = 2", "length = 8, step = 2");
    let set = Dataset::read(&Source::new(Path::new("m.toml"), text), root.path()).unwrap();
    let windows = &set.recordings().unwrap().recordings[0].windows;
    let last = windows.iter().filter(|w| w.part == Part::Train).map(|w| w.first_frame).max().unwrap();
    let first = windows.iter().filter(|w| w.part == Part::Test).map(|w| w.first_frame).min().unwrap();
    assert!(first >= last + 8, "{last} {first}");
}

#[test]
fn empty_and_absurd_shapes_are_refused() {
    for shape in ["(0,)", "(1152921504606846976, 0)", "(0, 4294967296, 4294967296)"] {
        let header = format!("{{'descr': '<i2', 'fortran_order': False, 'shape': {shape}}}");
        let root = folder(&header, &[]);
        for axes in ["[\"time\"]", "[\"a\", \"time\"]", "[\"a\", \"b\", \"time\"]"] {
            let text = GOOD.replace("[\"time\"]", axes);
            assert!(Dataset::read(&Source::new(Path::new("m.toml"), text), root.path()).is_err());
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_manifest_or_a_fault(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(text) = String::from_utf8(bytes) {
            let _ = Dataset::read(&Source::new(Path::new("m.toml"), text), Path::new("nowhere"));
        }
    }

    #[test]
    fn a_damaged_manifest_is_a_manifest_or_a_fault(at in 0usize..400, put in "[\\PC\n]{0,6}", drop in 0usize..6) {
        let chars: Vec<char> = GOOD.chars().collect();
        let at = at.min(chars.len());
        let tail = chars.iter().skip(at + drop);
        let text: String = chars.iter().take(at).chain(&put.chars().collect::<Vec<_>>()).chain(tail).collect();
        if let Err(e) = Dataset::read(&Source::new(Path::new("m.toml"), text), Path::new("nowhere")) {
            prop_assert!(e.to_string().starts_with("m.toml"));
        }
    }
}
