//! `hone eval` and `hone --replay` on data sets made here.

mod common;

use common::{folder, hone, hum, npy, small_set};
use proptest::prelude::*;
use std::path::Path;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn json_is_one_line_of_documented_keys() {
    let folder = folder("eval-json");
    let manifest = small_set(&folder);
    let arguments = ["eval", text(&manifest), "--learner", "esn", "--root", text(&folder), "--json"];
    let run = hone(&arguments, b"").well();
    assert_eq!(run.out.matches('\n').count(), 1);
    assert!(run.out.ends_with('\n'));
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&run.out).unwrap();
    let page = include_str!("../../../docs/formats/eval-json.md");
    let documented: Vec<&str> =
        page.lines().filter_map(|l| l.strip_prefix("| `")?.split_once('`')).map(|(key, _)| key).collect();
    let mut emitted: Vec<&str> = object.keys().map(String::as_str).collect();
    for key in &emitted {
        assert!(documented.contains(key), "{key} is not documented");
    }
    for key in &documented {
        assert!(emitted.contains(key), "{key} is documented and not there");
    }
    emitted.sort_unstable();
    // Of 160 windows half are to learn from, a quarter to calibrate with and a quarter to judge.
    assert_eq!((&object["train_windows"], &object["test_windows"]), (&80.into(), &80.into()));
    assert_eq!(object["dataset"], "hum");
    assert!(object["f1"].as_f64().unwrap() > 0.9, "{}", run.out);
    let counts = &object["confusion"]["counts"];
    let judged: u64 = (0..2).flat_map(|i| (0..2).map(move |j| counts[i][j].as_u64().unwrap())).sum();
    assert_eq!(judged, 80);
    assert_eq!(hone(&arguments, b""), run, "equal commands give equal figures");
}

#[test]
fn a_smaller_form_is_set_beside_the_model() {
    let folder = folder("eval-form");
    let manifest = small_set(&folder);
    let eval = |more: &[&str]| {
        let mut all = vec!["eval", text(&manifest), "--learner", "esn", "--root", text(&folder)];
        all.extend(more);
        hone(&all, b"")
    };
    let page = include_str!("../../../docs/formats/eval-json.md");
    for (option, form, share) in
        [("--quantize=int8", "int8", 0.3), ("--quantize=q3.12", "q3.12", 0.5), ("--compress=8", "factor 8", 0.4)]
    {
        let object: serde_json::Value = serde_json::from_str(&eval(&[option, "--json"]).well().out).unwrap();
        let converted = object["converted"].as_object().unwrap();
        for key in converted.keys() {
            assert!(page.contains(&format!("`{key}`")), "{key} is not documented");
        }
        let number = |key: &str| converted[key].as_f64().unwrap();
        assert_eq!(converted["form"], form);
        assert!(number("weights_bytes") <= share * number("weights_bytes_before"), "{converted:?}");
        assert!(converted["model_bytes"].as_u64() < object["model_bytes"].as_u64());
        assert!((number("f1") - object["f1"].as_f64().unwrap()).abs() < 0.05, "{converted:?}");
        assert!(number("threshold") > 0.0 && number("changed") < 10.0);
        // The same figures in the table, beside those before.
        let table = eval(&[option]).well().out;
        assert!(table.contains(&format!("{form:<28}")) && table.contains("judged differently"), "{table}");
    }
    for (option, words) in [
        ("--quantize=int4", "int8, or as q3.12"),
        ("--quantize=q9.9", "at most 15"),
        ("--compress=7", "4, 8, 16 or 32"),
        ("--compress=4", "take 1056 bytes with their table and take 128 now"),
    ] {
        let run = eval(&[option, "--set", "units=32"]);
        assert!(run.status != Some(0) && run.err.contains(words), "{option}: {}", run.err);
    }
    let run = eval(&["--quantize=int8", "--set", "feedback=0.1"]);
    assert!(run.err.contains("esn.feedback"), "{}", run.err);
}

#[test]
fn the_table_says_the_same_and_figures_are_pictures() {
    let folder = folder("eval-table");
    let manifest = small_set(&folder);
    let plots = folder.join("plots");
    let run = hone(
        &["eval", text(&manifest), "--learner", "esn", "--root", text(&folder), "--plot", text(&plots), "--seed", "3"],
        b"",
    )
    .well();
    assert!(run.out.contains("esn, budget f401, holdout, seed 3"), "{}", run.out);
    let windows = run.out.lines().find_map(|l| l.trim().strip_prefix("test windows")).map(str::trim);
    assert_eq!(windows, Some("80"), "{}", run.out);
    for words in ["F1 ", "detection delay", "workspace"] {
        assert!(run.out.contains(words), "no {words}: {}", run.out);
    }
    let files: Vec<_> = std::fs::read_dir(&plots).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        assert!(run.out.contains(text(&file)), "{} is not named", file.display());
        let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&file).unwrap()));
        let info = decoder.read_info().unwrap();
        assert!(info.info().width >= 400 && info.info().height >= 300);
    }
}

#[test]
fn events_and_other_thresholds_are_told() {
    let folder = folder("eval-events");
    let manifest = small_set(&folder);
    let eval = |more: &[&str]| {
        let mut all = vec!["eval", text(&manifest), "--learner", "esn", "--root", text(&folder)];
        all.extend(more);
        hone(&all, b"")
    };
    let page = include_str!("../../../docs/formats/eval-json.md");
    let object = &eval(&["--json"]).well().json()[0];
    let events = &object["events"];
    for key in events.as_object().unwrap().keys().chain(object["sweep"][0].as_object().unwrap().keys()) {
        assert!(page.contains(&format!("`{key}`")), "{key} is not documented");
    }
    // Forty healthy windows of a tenth of a second, and as many that are ill, in one stream.
    assert_eq!((&events["events"], &events["detected"], &events["false_alarms"]), (&1.into(), &1.into(), &0.into()));
    assert_eq!(
        (&events["normal_s"], &events["tolerance_s"], &events["memory_s"]),
        (&4.0.into(), &0.1.into(), &0.4.into())
    );
    assert_eq!(events["false_alarms_per_day_low"], 0.0);
    let high = events["false_alarms_per_day_high"].as_f64().unwrap();
    assert!((high - 3.6889 * 86_400.0 / 4.0).abs() < 5.0, "{high}");
    assert_eq!((&object["auc"], &object["partial_auc"]), (&1.0.into(), &1.0.into()));
    let own: Vec<&serde_json::Value> =
        object["sweep"].as_array().unwrap().iter().filter(|o| o["own"] == true).collect();
    assert_eq!(own.len(), 1);
    for key in ["recall", "f1", "false_alarm_rate", "threshold"] {
        assert_eq!(own[0][key], object[key], "{key} of the model's own threshold");
    }
    let run = eval(&["--sweep", "--tolerance", "0"]).well();
    for words in ["AUC                                1.0000", "F1 by event", "false alarms a day", "* as trained"] {
        assert!(run.out.contains(words), "no {words}: {}", run.out);
    }
    assert!(eval(&["--tolerance=-1"]).err.contains("a number of seconds, 0 or more"));
}

#[test]
fn seeds_in_a_row_are_those_one_by_one() {
    let folder = folder("eval-seeds");
    let manifest = small_set(&folder);
    let eval = |more: &[&str]| {
        let mut all = vec!["eval", text(&manifest), "--root", text(&folder), "--json"];
        all.extend(more);
        hone(&all, b"")
    };
    for learner in ["esn", "svm", "rce", "vae"] {
        let together = eval(&["--learner", learner, "--seeds", "3", "--seed", "2"]).well();
        let object = &together.json()[0];
        assert_eq!(object["seeds"], serde_json::json!([2, 3, 4]));
        let mut f1 = Vec::new();
        for (i, seed) in ["2", "3", "4"].iter().enumerate() {
            let alone = &eval(&["--learner", learner, "--seed", seed]).well().json()[0];
            assert_eq!(&object["runs"][i], alone, "{learner}, seed {seed}");
            f1.push(alone["f1"].as_f64().unwrap());
        }
        f1.sort_by(f64::total_cmp);
        let figure = &object["figures"]["f1"];
        assert_eq!(
            (&figure["least"], &figure["median"], &figure["greatest"]),
            (&f1[0].into(), &f1[1].into(), &f1[2].into())
        );
        assert_eq!((&figure["of"], &object["figures"]["events.events"]["least"]), (&3.into(), &1.0.into()));
        if learner == "esn" {
            assert_eq!(
                eval(&["--learner", learner, "--seeds", "3", "--seed", "2"]),
                together,
                "equal commands, equal figures"
            );
        }
    }
    let run = hone(&["eval", text(&manifest), "--root", text(&folder), "--learner", "svm", "--seeds", "2"], b"").well();
    assert!(run.out.contains("seeds 1 to 2") && run.out.contains("greatest"), "{}", run.out);
    assert!(run.out.contains("every figure is the same with each seed"), "{}", run.out);
    for (options, words) in [
        (&["--seeds", "1"][..], "2..=1000"),
        (&["--learner", "esn", "--seeds", "2", "--save", "x.hone"], "cannot be used with"),
        (&["--seeds", "2", "--protocol", "unknown", "--learner", "rce"], "--orders says how often"),
        (&["--learner", "esn", "--seeds", "2", "--set", "seed=5"], "give it once"),
        (&["--learner", "esn", "--seeds", "2", "--seed", "2147483647"], "leaves no 2 seeds"),
    ] {
        let run = eval(options);
        assert!(run.status != Some(0) && run.err.contains(words), "{options:?}: {}", run.err);
    }
}

#[test]
fn settings_are_explained_when_they_are_wrong() {
    let folder = folder("eval-settings");
    let manifest = small_set(&folder);
    for (setting, words) in [
        ("leek=1", "leak"),
        ("leak=7", "0.01 to 1"),
        ("leak", "KEY=VALUE"),
        ("units=100000", "8 to 512"),
        ("rule=median", "sigma, quantile, two-sided"),
    ] {
        let run = hone(
            &["eval", text(&manifest), "--learner", "esn", "--root", text(&folder), "--set", setting, "--json"],
            b"",
        );
        assert_eq!(run.out, "", "{setting}");
        assert!(run.refused().err.contains(words), "{setting}");
    }
    for learner in ["esn", "svm", "rce"] {
        let run = hone(&["eval", "--learner", learner, "--list-settings"], b"").well();
        assert!(run.out.contains(" to ") && run.out.contains(" more with --all"), "{}", run.out);
        let all = hone(&["eval", "--learner", learner, "--list-settings", "--all"], b"").well();
        let lines = |run: &common::Run| run.out.lines().count();
        assert!(lines(&run) <= 11 && lines(&all) > 20, "{}\n{}", run.out, all.out);
        assert!(
            run.out.lines().filter(|l| !l.contains("--all")).all(|l| all.out.contains(l.split(' ').next().unwrap()))
        );
    }
}

#[test]
fn a_saved_model_judges_as_it_was_judged() {
    let folder = folder("eval-save");
    let manifest = small_set(&folder);
    // Windows of a device's length, so that it takes them.
    let longer = std::fs::read_to_string(&manifest).unwrap().replace("[\"window\", \"time\"]", "[\"time\"]");
    std::fs::write(&manifest, longer.replace("length = 64", "length = 128")).unwrap();
    std::fs::write(folder.join("well.npy"), npy(&[160 * 128], &hum(160 * 128, true, 1))).unwrap();
    std::fs::write(folder.join("ill.npy"), npy(&[40 * 128], &hum(40 * 128, false, 2))).unwrap();
    for (learner, options) in
        [("esn", &[][..]), ("esn", &["--quantize", "int8"]), ("svm", &[]), ("rce", &[]), ("vae", &[]), ("knn", &[])]
    {
        let model = folder.join(format!("{learner}{}.hone", options.len()));
        let mut arguments = vec!["eval", text(&manifest), "--learner", learner, "--save", text(&model)];
        arguments.extend(options);
        let run = hone(&arguments, b"").well();
        let next = format!("hone run --replay {} --model {}", text(&manifest), text(&model));
        assert!(run.out.contains(&next) && run.out.contains("hone push PORT"), "{}", run.out);
        // A device with the model: normal while the one plays, not while the other does.
        let play = ["run", "--replay", text(&manifest), "--model", text(&model)];
        let story = b"wait 4\ninfer once\nreplay 1\nwait 4\ninfer once\nmodel info\n";
        let run = hone(&play, story).well();
        let verdicts: Vec<&str> = run.out.lines().filter(|l| l.contains(", score ") && !l.starts_with('[')).collect();
        let ill = if learner == "rce" { "unknown" } else { "anomalous" };
        let well = if learner == "rce" { "class" } else { "normal" };
        assert_eq!(verdicts.len(), 2, "{learner}: {}", run.out);
        assert!(verdicts[0].starts_with(well) && verdicts[1].starts_with(ill), "{learner}: {}", run.out);
        assert!(run.out.contains("saved: "), "{}", run.out);
        let shown = hone(&["model", "show", text(&model)], b"").well().out;
        for line in [
            "features.window-frames       128",
            "features.rate-hz             640",
            "channel 0                    0.01 m/s2 per LSB",
        ] {
            assert!(shown.contains(line), "{line}: {shown}");
        }
    }
    // Another device's readings are of another scale, and the model is refused by name.
    let model = folder.join("esn0.hone");
    let run = hone(&["run", "--model", text(&model)], b"wait 1\n").refused();
    assert!(run.err.contains("esn0.hone: ") && run.err.contains("channels"), "{}", run.err);
    std::fs::write(&model, b"no model").unwrap();
    assert!(hone(&["run", "--model", text(&model)], b"").refused().err.contains("it is not a model"));
    for (options, words) in [
        (&["--save", text(&folder)][..], "is a folder"),
        (&["--save", text(&manifest)], "which stays"),
        (&["--save", text(&folder.join("well.npy"))], "which stays"),
        (&["--save", "x.hone", "--protocol", "interleaved"], "--save goes with --protocol holdout"),
    ] {
        let mut arguments = vec!["eval", text(&manifest), "--learner", "rce"];
        arguments.extend(options);
        assert!(hone(&arguments, b"").refused().err.contains(words), "{options:?}");
    }
}

#[test]
fn a_typo_is_told_with_what_was_meant() {
    let folder = folder("eval-typo");
    let manifest = small_set(&folder);
    let run = hone(&["eval", text(&manifest), "--learner", "esm"], b"");
    assert!(run.status == Some(2) && run.err.contains("'esn'"), "{}", run.err);
    let run = hone(&["eval", text(&manifest), "--learner", "esn", "--set", "averge=3"], b"").refused();
    assert!(run.err.contains("'averge'; did you mean 'average'?"), "{}", run.err);
    let run = hone(&["eval", "fan-lwo", "--learner", "esn"], b"").refused();
    assert!(run.err.contains("did you mean 'fan-low'?"), "{}", run.err);
    assert!(hone(&["evla"], b"").err.contains("'eval'"));
}

#[test]
fn no_budget_is_advised_that_a_learner_does_not_have() {
    let folder = folder("eval-budget");
    let manifest = small_set(&folder);
    let long = std::fs::read_to_string(&manifest).unwrap().replace("[\"window\", \"time\"]", "[\"time\"]");
    std::fs::write(&manifest, long.replace("length = 64", "length = 2048")).unwrap();
    for file in ["well.npy", "ill.npy"] {
        std::fs::write(folder.join(file), npy(&[2048 * 40], &hum(2048 * 40, file == "well.npy", 3))).unwrap();
    }
    let refusal = |learner: &str| hone(&["eval", text(&manifest), "--learner", learner], b"").refused().err;
    assert!(refusal("esn").contains("give --budget "), "{}", refusal("esn"));
    // Without a board's capacities an autoencoder has room for any window.
    assert!(refusal("vae").contains("more than the 384"), "{}", refusal("vae"));
    assert!(refusal("vae").contains("give --budget none"), "{}", refusal("vae"));
    hone(&["eval", text(&manifest), "--learner", "vae", "--budget", "none"], b"").well();
}

#[test]
fn classes_of_a_table_are_learnt() {
    let folder = folder("eval-table-csv");
    let rows: String = (0..120)
        .map(|i| {
            let class = i % 3;
            let jitter = f64::from(i * 37 % 17) / 17.0;
            format!(
                "{},{},{}\n",
                f64::from(class) * 4.0 + jitter,
                f64::from(class * class) - jitter,
                ["a", "b", "c"][i as usize % 3]
            )
        })
        .collect();
    std::fs::write(folder.join("t.csv"), format!("u,v,kind\n{rows}")).unwrap();
    let manifest = folder.join("t.toml");
    std::fs::write(
        &manifest,
        "name = \"t\"\nkind = \"table\"\ntask = \"classification\"\n[[class]]\nname = \"a\"\n[[class]]\nname = \"b\"\n\
         [[class]]\nname = \"c\"\n[[file]]\npath = \"t.csv\"\nlabel = \"kind\"\nsplit = { train = 0.5, test = 0.5 }\n",
    )
    .unwrap();
    for learner in ["svm", "rce"] {
        let run = hone(&["eval", text(&manifest), "--learner", learner, "--root", text(&folder), "--json"], b"").well();
        let object = &run.json()[0];
        assert!(object["accuracy"].as_f64().unwrap() > 0.9, "{learner}: {}", run.out);
        assert!(!object["f1"].is_null());
        assert!(object["detection_delay_s"].is_null() && object["false_alarm_rate"].is_null());
    }
    let run = hone(&["eval", text(&manifest), "--learner", "esn", "--root", text(&folder)], b"").refused();
    assert!(run.err.contains("--learner svm or rce"), "{}", run.err);
}

#[test]
fn recordings_play_as_the_sensor() {
    let folder = folder("replay");
    let manifest = small_set(&folder);
    // Windows of 128 at 640 Hz are 0.2 s; the healthy recording lasts 16 s and the other 4 s.
    let story =
        "sensor info\nreplay\ntrain --windows 60 --wait\nreplay 160\nwait 3\nreplay 0\nwait 3\nreplay\nreplay 999\n";
    let arguments = ["--replay", text(&manifest), "--root", text(&folder)];
    let run = hone(&arguments, story.as_bytes()).refused();
    assert!(
        run.out.contains("recordings of hum: 1 channel at 640 Hz by the clock, 0.01000 m/s2 per LSB"),
        "{}",
        run.out
    );
    assert_eq!(hone(&arguments, story.as_bytes()), run);
    assert!(run.out.contains("replay takes the number of a recording from 0 to "), "{}", run.out);
    hone(&arguments, b"rig stuck\n").refused();
    hone::<&str>(&[], b"replay 1\n").refused();
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = folder("eval-missing");
    let manifest = small_set(&folder);
    std::fs::remove_file(folder.join("ill.npy")).unwrap();
    for arguments in [
        vec!["eval", text(&manifest), "--learner", "esn", "--root", text(&folder)],
        vec!["--replay", text(&manifest), "--root", text(&folder)],
    ] {
        let run = hone(&arguments, b"").refused();
        assert!(run.err.contains("ill.npy"), "{}", run.err);
    }
    let run = hone(&["eval", "no-such-set", "--learner", "esn"], b"").refused();
    assert!(run.err.contains("fan-low"), "{}", run.err);
    hone(&["--replay", text(&folder)], b"").refused();
}

/// Runs both readers of a manifest on what lies in `folder`; neither may do worse than say what is wrong.
fn both(folder: &Path, manifest: &Path) -> bool {
    let eval = hone(&["eval", text(manifest), "--learner", "esn", "--root", text(folder), "--json"], b"");
    let play = hone(&["--replay", text(manifest), "--root", text(folder)], b"sensor info\nwait 0.1\n");
    for run in [&eval, &play] {
        run.no_panic();
        let told = run.err.lines().chain(run.out.lines()).any(|l| l.starts_with("error: "));
        assert!(run.status == Some(0) || told, "{}\n{}", run.out, run.err);
    }
    eval.status == Some(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_as_a_manifest(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let folder = folder("bytes-manifest");
        let manifest = folder.join("m.toml");
        std::fs::write(&manifest, bytes).unwrap();
        prop_assert!(!both(&folder, &manifest));
    }

    #[test]
    fn a_manifest_with_a_line_changed(line in 0usize..34, with in prop_oneof![
        Just(String::new()),
        "\\PC{0,20}",
        Just("window = { length = 0 }".to_string()),
        Just("window = { length = 9999999999 }".to_string()),
        Just("rate_hz = 1e300".to_string()),
        Just("scale = nan".to_string()),
        Just("path = \"../x.npy\"".to_string()),
        Just("axes = [\"time\", \"time\"]".to_string()),
        Just("split = { train = 2.0 }".to_string()),
    ]) {
        let folder = folder("line-manifest");
        let manifest = small_set(&folder);
        let whole = std::fs::read_to_string(&manifest).unwrap();
        let lines: Vec<&str> = whole.lines().enumerate().map(|(i, l)| if i == line { &with } else { l }).collect();
        std::fs::write(&manifest, lines.join("\n")).unwrap();
        both(&folder, &manifest);
    }

    #[test]
    fn any_bytes_as_a_recording(bytes in prop::collection::vec(any::<u8>(), 0..600), headed in any::<bool>()) {
        let folder = folder("bytes-npy");
        let manifest = small_set(&folder);
        // With a right header, or none.
        let mut file = if headed { npy(&[60, 64], &hum(60, true, 1)) } else { Vec::new() };
        file.extend(bytes);
        std::fs::write(folder.join("well.npy"), file).unwrap();
        prop_assert!(!both(&folder, &manifest));
    }

    #[test]
    fn a_recording_with_bytes_changed(changes in prop::collection::vec((0usize..200, any::<u8>()), 1..6)) {
        let folder = folder("changed-npy");
        let manifest = small_set(&folder);
        let mut file = std::fs::read(folder.join("well.npy")).unwrap();
        for (at, byte) in changes {
            file[at] = byte;
        }
        std::fs::write(folder.join("well.npy"), file).unwrap();
        both(&folder, &manifest);
    }

    #[test]
    fn any_bytes_as_csv(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"0123456789.,-\n\"ex".to_vec())], 0..900)) {
        let folder = folder("bytes-csv");
        let manifest = small_set(&folder);
        let whole = std::fs::read_to_string(&manifest).unwrap();
        let changed = whole.replace("path = \"ill.npy\"\naxes = [\"window\", \"time\"]", "path = \"ill.csv\"");
        std::fs::write(&manifest, changed).unwrap();
        std::fs::write(folder.join("ill.csv"), bytes).unwrap();
        both(&folder, &manifest);
    }
}

/// A data set of two hums for classifiers, 96 windows each to train and as many to test, in `folder`: its manifest.
fn two_hums(folder: &Path) -> std::path::PathBuf {
    for (name, healthy, seed) in [("a", true, 1), ("b", false, 2), ("a-test", true, 3), ("b-test", false, 4)] {
        std::fs::write(folder.join(name).with_extension("npy"), npy(&[96, 64], &hum(96 * 64, healthy, seed))).unwrap();
    }
    let head = "name = \"two\"\ntitle = \"Two hums\"\nkind = \"recordings\"\ntask = \"classification\"\nrate_hz = 640\n\
                window = { length = 64 }\n[[channel]]\nname = \"x\"\nscale = 0.01\nunit = \"m/s2\"\n\
                [[class]]\nname = \"a\"\n[[class]]\nname = \"b\"\n";
    let file = |name: &str, class: &str, part: &str| {
        format!(
            "[[file]]\npath = \"{name}.npy\"\naxes = [\"window\", \"time\"]\nclass = \"{class}\"\npart = \"{part}\"\n"
        )
    };
    let files = file("a", "a", "train")
        + &file("b", "b", "train")
        + &file("a-test", "a", "test")
        + &file("b-test", "b", "test");
    let manifest = folder.join("two.toml");
    std::fs::write(&manifest, format!("{head}{files}")).unwrap();
    manifest
}

#[test]
fn a_search_needs_no_test_files_and_gives_what_it_gave() {
    let folder = folder("eval-tune");
    let tune = |manifest: &Path, more: &[&str]| {
        let mut all = vec!["tune", text(manifest), "--root", text(&folder), "--trials", "6"];
        all.extend(more);
        hone(&all, b"")
    };
    let page = include_str!("../../../docs/formats/tune-json.md");
    let two = two_hums(&folder);
    let before = tune(&two, &["--learner", "svm", "--json"]).well();
    std::fs::remove_file(folder.join("a-test.npy")).unwrap();
    std::fs::write(folder.join("b-test.npy"), "no recording").unwrap();
    assert_eq!(tune(&two, &["--learner", "svm", "--json"]), before, "what is to test is not looked at");
    let object = &before.json()[0];
    for key in object.as_object().unwrap().keys() {
        assert!(page.contains(&format!("| `{key}` |")), "{key} is not documented");
    }
    assert_eq!((&object["learner"], &object["task"]), (&"svm".into(), &"classification".into()));
    // Of an anomaly set what is to test stands in a file of its own and behind what is to train.
    let hums = small_set(&folder);
    let before = tune(&hums, &["--json"]).well();
    let object = &before.json()[0];
    assert_eq!((&object["learner"], &object["trials"]), (&"esn".into(), &6.into()));
    assert!(object["score"].as_f64().unwrap() >= object["score_default"].as_f64().unwrap());
    std::fs::remove_file(folder.join("ill.npy")).unwrap();
    let mut well = hum(160 * 64, true, 1);
    // Nothing of the windows to test, the last quarter, may matter.
    well[120 * 64..].iter_mut().for_each(|v| *v = 7 - *v / 3);
    std::fs::write(folder.join("well.npy"), npy(&[160, 64], &well)).unwrap();
    assert_eq!(tune(&hums, &["--json"]), before);
}

#[test]
fn a_search_keeps_within_limits_and_writes_what_a_board_reads() {
    let folder = folder("eval-tune-limits");
    let hums = small_set(&folder);
    let out = folder.join("found.txt");
    let tune = |more: &[&str]| {
        let mut all = vec!["tune", text(&hums), "--root", text(&folder), "--trials", "8"];
        all.extend(more);
        hone(&all, b"")
    };
    // An ESN of fewer units than the default's 64.
    let default =
        &hone(&["eval", text(&hums), "--root", text(&folder), "--learner", "esn", "--json"], b"").well().json()[0];
    let half = (default["model_bytes"].as_u64().unwrap() / 2).to_string();
    let limited = tune(&["--flash", &half, "--search", "units=8,16", "--out", text(&out), "--json"]).well();
    let object = &limited.json()[0];
    assert!(object["model_bytes"].as_u64().unwrap() <= half.parse().unwrap(), "{object}");
    assert_eq!((&object["default_within"], &object["better"]), (&false.into(), &true.into()));
    let script = std::fs::read_to_string(&out).unwrap();
    assert!(script.starts_with("# hone tune") && script.contains("config set esn.units "), "{script}");
    let run = hone::<&str>(&[], script.as_bytes());
    assert_eq!(run.status, Some(0), "{script}\n{}\n{}", run.out, run.err);
    for (options, words) in [
        (&["--flash", "10"][..], "within the limits; the default takes"),
        (&["--macs", "1000"], "are not known; leave out --macs"),
        (&["--search", "leek=0.1..1"], "did you mean 'leak'?"),
        (&["--set", "k=2", "--search", "k=1..4"], "both set and searched"),
    ] {
        let run = tune(options).refused();
        assert!(run.err.contains(words), "{options:?}: {}", run.err);
    }
    std::fs::write(&out, "a letter").unwrap();
    assert!(tune(&["--out", text(&out)]).refused().err.contains("--out"));
}
