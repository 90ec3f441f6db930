//! `task = "regression"`: a channel's values are foretold frame by frame, and the interval holds what it says.

mod common;

use common::{folder, hone};
use hone_numeric::rng::Rng;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Minutes of a room: a day's course and noise that goes on from minute to minute; off by two degrees from minute `fails` on.
fn write(folder: &Path, minutes: u32, fails: u32, seed: u64) {
    let mut rng = Rng::new(seed);
    let (mut text, mut noise) = (String::from("inside\n"), 0.0f32);
    for minute in 0..minutes {
        noise = 0.8 * noise + 0.03 * rng.next_normal();
        let off = if minute >= fails { 2.0 } else { 0.0 };
        let day = (minute as f32 / 1440.0 * core::f32::consts::TAU).sin();
        writeln!(text, "{:.3}", 20.0 + 2.0 * day + noise - off).unwrap();
    }
    fs::write(folder.join("room.csv"), text).unwrap();
}

fn manifest(folder: &Path, more: &str) -> String {
    let path = folder.join("room.toml");
    let text = format!(
        "name = \"room\"\nkind = \"recordings\"\ntask = \"regression\"\nrate_hz = 0.0166666667\nwindow = {{ length = 16 }}\n\
         [[channel]]\nname = \"inside\"\nscale = 0.001\nunit = \"degC\"\n{more}"
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

const HALF: &str = "[[file]]\npath = \"room.csv\"\nsplit = { train = 0.5, test = 0.5 }\n";

#[test]
fn a_room_is_foretold_within_its_interval() {
    let folder = folder("regression-room");
    write(&folder, 20_000, u32::MAX, 7);
    let (manifest, root, plots) = (manifest(&folder, HALF), folder.to_str().unwrap(), folder.join("plots"));
    let base = ["eval", &manifest, "--root", root, "--learner", "linear", "--json"];
    let run = hone(
        &[&base[..], &["--set", "lags=2", "--set", "harmonics=1", "--plot", plots.to_str().unwrap()]].concat(),
        b"",
    )
    .well();
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&report["task"], &report["learner"]), (&"regression".into(), &"linear".into()));
    let figure = |key: &str| report["regression"][key].as_f64().unwrap();
    // The noise that no past tells of has a deviation of 0.03, and what is rounded to is far below.
    assert!((0.0008..0.0010).contains(&figure("mse")), "{report}");
    assert!(figure("mse") < figure("mse_of_last") && figure("r2") > 0.999, "{report}");
    assert!((0.935..0.965).contains(&figure("coverage")), "{report}");
    assert!((0.112..0.125).contains(&figure("mean_width")), "{report}");
    assert!(figure("frames") + figure("without") >= 9_900.0 && figure("without") <= 40.0, "{report}");
    assert!(report["false_alarm_rate"].as_f64().unwrap() < 0.002, "{report}");
    let picture = fs::read(plots.join("room-linear-band.png")).unwrap();
    assert!(picture.len() > 20_000, "{}", picture.len());
    let text = hone(&[&base[..6], &["--set", "lags=4"]].concat(), b"").well().out;
    assert!(text.contains("R2") && text.contains("coverage") && !text.contains("F1"), "{text}");
}

#[test]
fn what_is_anomalous_is_found_and_is_in_no_figure_of_the_numbers() {
    let folder = folder("regression-fails");
    write(&folder, 8000, 6992, 3);
    let classes = "[[class]]\nname = \"well\"\n[[class]]\nname = \"ill\"\nanomalous = true\n";
    fs::write(folder.join("spans.csv"), "start,end\n419520,480000\n").unwrap();
    let timed: String = fs::read_to_string(folder.join("room.csv"))
        .unwrap()
        .lines()
        .enumerate()
        .map(|(i, l)| if i == 0 { format!("time,{l}\n") } else { format!("{},{l}\n", (i - 1) * 60) })
        .collect();
    fs::write(folder.join("room.csv"), timed).unwrap();
    let file = "[[file]]\npath = \"room.csv\"\nclass = \"well\"\nsplit = { train = 0.5, test = 0.5 }\n\
                [file.spans]\npath = \"spans.csv\"\ntime = \"time\"\nclass = \"ill\"\n";
    let (manifest, root) = (manifest(&folder, &format!("{classes}{file}")), folder.to_str().unwrap());
    let base = ["eval", &manifest, "--root", root, "--learner", "linear", "--json"];
    // By the day's course alone: earlier values would take the fault for what is usual.
    let set = ["--set", "lags=0", "--set", "harmonics=2"];
    let run = hone(&[&base[..], &set].concat(), b"").well();
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert!(report["recall"].as_f64().unwrap() > 0.99, "{report}");
    assert!(report["regression"]["mse"].as_f64().unwrap() < 0.01, "{report}");
    assert!((0.90..0.98).contains(&report["regression"]["coverage"].as_f64().unwrap()), "{report}");
}

#[test]
fn the_interval_holds_on_the_healthy_part_of_a_recording() {
    let data = hone_host::dataset::data_folder();
    if !data.join("temperature").is_dir() {
        eprintln!("skipped: no recordings in {} (set HONE_DATA)", data.display());
        return;
    }
    let root = data.to_str().unwrap();
    for adapt in ["off", "on"] {
        let set = format!("adapt={adapt}");
        let args = ["eval", "temperature-next", "--root", root, "--learner", "linear", "--json", "--set", &set];
        let report: serde_json::Value = serde_json::from_str(&hone(&args, b"").well().out).unwrap();
        let figure = |key: &str| report["regression"][key].as_f64().unwrap();
        assert!((0.925..0.975).contains(&figure("coverage")), "{report}");
        assert!(figure("mse") < 0.96 && figure("mse") < figure("mse_of_last"), "{report}");
        // Of the same size as on what is new; in the channel's unit.
        let learnt = report["regression"]["mse_learnt"].as_f64();
        assert_eq!(learnt.map(|mse| (0.9..1.1).contains(&mse)), (adapt == "off").then_some(true), "{report}");
    }
}

#[test]
fn what_does_not_serve_is_refused_with_what_to_do() {
    let folder = folder("regression-refused");
    write(&folder, 2000, u32::MAX, 1);
    let (manifest, root) = (manifest(&folder, HALF), folder.to_str().unwrap());
    for (more, wanted) in [
        (&["--learner", "svm"][..], "use --learner linear"),
        (&["--learner", "linear", "--set", "from=set"], "leave the setting from at stream"),
        (&["--learner", "linear", "--set", "lags=99"], "inputs"),
        (&["--learner", "linear", "--set", "frames=100000"], "more windows than there are"),
    ] {
        let run = hone(&[&["eval", &manifest, "--root", root][..], more].concat(), b"").refused();
        assert!(run.err.contains(wanted), "{more:?}: {}", run.err);
    }
}

#[test]
fn a_day_goes_on_over_gaps_and_from_file_to_file() {
    let folder = folder("regression-gaps");
    // Minutes of five days from the 1st on, of which a third of a day is missing; then of two days of the 9th and 10th, at noon.
    let mut rng = Rng::new(5);
    let mut days = |name: &str, minutes: &mut dyn Iterator<Item = u32>| {
        let mut text = String::from("time,inside\n");
        for minute in minutes {
            let day = (minute as f32 / 1440.0 * core::f32::consts::TAU).sin();
            let (date, hour, minutes) = (1 + minute / 1440, minute / 60 % 24, minute % 60);
            let value = 20.0 + 2.0 * day + 0.03 * rng.next_normal();
            writeln!(text, "2024-03-{date:02}T{hour:02}:{minutes:02}:00Z,{value:.3}").unwrap();
        }
        fs::write(folder.join(name), text).unwrap();
    };
    days("train.csv", &mut (0..5 * 1440).filter(|m| !(3000..3500).contains(m)));
    days("test.csv", &mut (8 * 1440 + 720..10 * 1440));
    let files = "[[file]]\npath = \"train.csv\"\npart = \"train\"\n[[file]]\npath = \"test.csv\"\npart = \"test\"\n";
    let (manifest, root) = (manifest(&folder, files), folder.to_str().unwrap());
    let set = ["--set", "lags=0", "--set", "harmonics=1"];
    let base = ["eval", &manifest, "--root", root, "--learner", "linear", "--json"];
    let report: serde_json::Value = serde_json::from_str(&hone(&[&base[..], &set].concat(), b"").well().out).unwrap();
    let figure = |key: &str| report["regression"][key].as_f64().unwrap();
    assert!((0.0008..0.0011).contains(&figure("mse")) && (0.93..0.97).contains(&figure("coverage")), "{report}");
    // What is anomalous is not learnt.
    fs::write(folder.join("spans.csv"), "start,end\n2024-03-02T00:00:00Z,2024-03-02T06:00:00Z\n").unwrap();
    let classes = "[[class]]\nname = \"well\"\n[[class]]\nname = \"ill\"\nanomalous = true\n";
    let spans = "class = \"well\"\n[file.spans]\npath = \"spans.csv\"\ntime = \"time\"\nclass = \"ill\"\n";
    let files = files.replace("part = \"train\"\n", &format!("part = \"train\"\n{spans}"));
    let ill = self::manifest(
        &folder,
        &format!("{classes}{}", files.replace("part = \"test\"", "class = \"well\"\npart = \"test\"")),
    );
    let run = hone(&["eval", &ill, "--root", root, "--learner", "linear"], b"").refused();
    assert!(run.err.contains("anomalous windows are among those to train"), "{}", run.err);
}
