//! `hone demo`, and the bounds within which a fault is found, in device time.

mod common;

use common::{Run, folder, hone, script};
use std::path::Path;

fn demo(plot: &Path, fault: &str, seed: u32) -> Run {
    let (plot, seed) = (plot.to_str().unwrap(), seed.to_string());
    hone(&["demo", "--plot", plot, "--fault", fault, "--seed", &seed], b"").well()
}

/// The number before `unit` in the line that contains `words`.
fn figure(run: &Run, words: &str) -> f64 {
    let line = run.out.lines().find(|l| l.contains(words)).unwrap_or_else(|| panic!("no {words}: {}", run.out));
    let (_, after) = line.split_once(words).unwrap();
    after.split_whitespace().find_map(|w| w.parse().ok()).unwrap_or_else(|| panic!("no number: {line}"))
}

#[test]
fn finds_every_fault_in_time_whatever_the_seed() {
    let folder = folder("demo-bounds");
    for fault in ["supply-drop", "imbalance", "bearing"] {
        for seed in 1..=5 {
            let run = demo(&folder.join("demo.png"), fault, seed);
            let (found, back) = (figure(&run, "was found"), figure(&run, "Normal again"));
            assert!(found <= 1.0, "{fault}, seed {seed}: found after {found} s");
            assert!(back <= 2.0, "{fault}, seed {seed}: normal after {back} s");
            assert!(run.out.contains("# 0 of "), "{fault}, seed {seed}: false alarms\n{}", run.out);
            assert!(!run.out.contains("error"), "{}", run.out);
        }
    }
}

#[test]
fn a_network_learns_a_motors_conditions_and_again_with_half_of_its_units() {
    let path = folder("demo-net").join("net.png");
    for seed in ["1", "2", "3"] {
        let run = hone(&["demo", "net", "--plot", path.to_str().unwrap(), "--seed", seed], b"").well();
        let right = |line: &&str| {
            let numbers: Vec<u32> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
            let [right, all] = numbers[..] else { panic!("{line}") };
            assert!((110..=120).contains(&all) && right * 10 >= all * 9, "{line}");
        };
        let told: Vec<&str> = run.out.lines().filter(|l| l.ends_with("windows right.")).collect();
        assert_eq!(told.len(), 2, "{}", run.out);
        told.iter().for_each(right);
        assert!(run.out.contains("dense, 32 units, ReLU") && run.out.contains("dense, 16 units, ReLU"), "{}", run.out);
    }
    let (size, kinds) = picture(&path);
    assert!(size.0 >= 800 && size.1 >= 400 && kinds >= 3, "{size:?}, {kinds} colours");
}

#[test]
fn the_figure_is_a_picture_that_shows_the_fault() {
    let path = folder("demo-figure").join("demo.png");
    demo(&path, "supply-drop", 1);
    let (size, kinds) = picture(&path);
    assert!(size.0 >= 800 && size.1 >= 400, "{size:?}");
    // Line, threshold, injected span, verdicts and text are told apart by colour.
    assert!(kinds >= 6, "{kinds} colours");
    let run = hone(&["demo", "--plot", folder("demo-unwritable").to_str().unwrap()], b"");
    assert!(run.refused().err.contains("demo-unwritable"));
}

/// Width and height, and how many colours cover at least 200 pixels.
fn picture(path: &Path) -> ((u32, u32), usize) {
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let mut counts = std::collections::HashMap::new();
    for pixel in pixels[..info.buffer_size()].chunks(info.color_type.samples()) {
        *counts.entry(pixel).or_insert(0u32) += 1;
    }
    ((info.width, info.height), counts.values().filter(|n| **n >= 200).count())
}

#[test]
fn equal_seeds_tell_equal_stories() {
    let folder = folder("demo-twice");
    let path = folder.join("demo.png");
    let first = demo(&path, "bearing", 3);
    let picture = std::fs::read(&path).unwrap();
    assert_eq!(demo(&path, "bearing", 3), first);
    assert_eq!(std::fs::read(&path).unwrap(), picture);
}

#[test]
fn the_events_of_the_device_keep_the_bounds() {
    // The same without the demo: from the telemetry's own times.
    for seed in 1..=5 {
        let seed = seed.to_string();
        let text = "config set device.telemetry json\ntrain --wait\nwait 5\nstats --json\nrig supply-drop\nwait 6\n\
                    stats --json\nrig normal\nwait 6\n";
        let run = hone(&["--seed", &seed], text.as_bytes()).well();
        let objects = run.json();
        let at = |o: &serde_json::Value| o["time_us"].as_u64().unwrap();
        let marks: Vec<u64> = objects.iter().filter(|o| o["stats"] == "device").map(at).collect();
        let verdict = |word: &str, after: u64| {
            let found = objects.iter().find(|o| o["event"] == "verdict" && o["decision"] == word && at(o) > after);
            at(found.unwrap_or_else(|| panic!("seed {seed}: never {word} after {after}: {}", run.out)))
        };
        assert!(verdict("anomalous", 0) > marks[0], "seed {seed}: a false alarm");
        assert!(verdict("anomalous", marks[0]) - marks[0] <= 1_000_000 + 10_000, "seed {seed}");
        assert!(verdict("normal", marks[1]) - marks[1] <= 2_000_000 + 10_000, "seed {seed}");
    }
}

#[test]
fn refuses_what_it_cannot_tell() {
    let run = hone(&["demo", "--fault", "stuck"], b"");
    run.no_panic();
    assert_eq!(run.status, Some(2));
    assert!(run.err.contains("supply-drop, imbalance or bearing"), "{}", run.err);
    script("rig\n").well();
}

#[test]
fn a_heater_that_fails_is_found_in_the_room_whatever_the_seed() {
    let path = folder("demo-temperature").join("room.png");
    for seed in 1..=3 {
        let run =
            hone(&["demo", "temperature", "--plot", path.to_str().unwrap(), "--seed", &seed.to_string()], b"").well();
        let found = figure(&run, "The failure was found");
        assert!(found <= 5400.0, "seed {seed}: found after {found} s");
        assert!(run.out.contains("# 0 of "), "seed {seed}: false alarms\n{}", run.out);
    }
    let (size, kinds) = picture(&path);
    assert!(size.0 >= 800 && kinds >= 6, "{size:?}, {kinds} colours");
}

#[test]
fn the_switch_of_the_paper_is_found_and_the_same_seed_tells_the_same() {
    let folder = folder("scenario-switch");
    let scenario = |more: &[&str]| {
        let mut all = vec!["scenario", "switch", "--minutes", "2"];
        all.extend(more);
        hone(&all, b"")
    };
    let run = scenario(&["--json", "--plot", folder.to_str().unwrap()]).well();
    let object = &run.json()[0];
    let detectors = object["detectors"].as_array().unwrap();
    let names: Vec<&str> = detectors.iter().map(|d| d["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["paper", "esn", "knn"]);
    for detector in detectors {
        // Two minutes of windows of 128 ms, less those that a page erased in flash cost.
        let windows = detector["windows"].as_u64().unwrap();
        assert!((900..=938).contains(&windows), "{windows}");
        assert_eq!(detector["each"].as_array().unwrap().len() as u64, object["switches"].as_u64().unwrap());
        assert!(detector["recall"].as_f64().unwrap() > 0.8, "{detector}");
        assert_eq!(detector["opened"]["missed"], 0, "{detector}");
        let (size, kinds) = picture(&folder.join(format!("switch-{}.png", detector["name"].as_str().unwrap())));
        assert!(size.0 >= 800 && kinds >= 6, "{size:?}, {kinds} colours");
    }
    assert_eq!(scenario(&["--json", "--plot", folder.to_str().unwrap()]), run);
    let other = scenario(&["--json", "--seed", "2"]).well();
    assert_ne!(
        other.json()[0]["detectors"][0]["each"],
        object["detectors"][0]["each"],
        "another seed switches at other times"
    );
    let page = include_str!("../../../docs/evaluation.md");
    for key in object.as_object().unwrap().keys().chain(detectors[0].as_object().unwrap().keys()) {
        assert!(page.contains(&format!("`{key}`")), "{key} is not documented");
    }
}
