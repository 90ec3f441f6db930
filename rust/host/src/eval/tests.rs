use super::*;
use crate::dataset::data_folder;
use std::path::PathBuf;

fn args(manifest: &str, learner: LearnerName) -> EvalArgs {
    // Of a board that has room for all of the sets.
    EvalArgs { manifest: Some(manifest.into()), learner, budget: Budget::F429, ..EvalArgs::default() }
}

/// Whether the recordings are there; says so when not.
fn skipped() -> bool {
    let root = data_folder();
    let absent = !root.join("cwru").is_dir();
    if absent {
        eprintln!("skipped: no recordings in {} (set HONE_DATA)", root.display());
    }
    absent
}

fn report(args: &EvalArgs) -> Report {
    evaluate(args).unwrap_or_else(|e| panic!("{e}")).0
}

fn refusal(args: &EvalArgs) -> String {
    evaluate(args).map(|r| r.0.table()).expect_err("is refused").to_string()
}

#[test]
fn the_esn_finds_bearing_faults_with_its_defaults() {
    if skipped() {
        return;
    }
    let r = report(&args("cwru-anomaly", LearnerName::Esn));
    assert!(r.f1.unwrap() >= 0.95, "{:?}", r.f1);
    assert_eq!((r.train_windows, r.calibrate_windows, r.test_windows), (90, 45, 5445));
    let counts: Vec<u32> = r.confusion.counts.concat();
    assert_eq!(counts.iter().sum::<u32>(), 5445);
    // Four warm-up windows of each of 18 recordings count as normal: at best they are all that is missed.
    assert!(r.confusion.counts[1][0] >= 72);
    // The first alarm is the fifth window's.
    let five_windows = 5.0 * 200.0 / 12_000.0;
    assert!((r.detection_delay_s.unwrap() - five_windows).abs() < 0.02);
}

#[test]
fn the_default_detector_finds_what_is_wrong_in_each_set() {
    if skipped() {
        return;
    }
    for set in ["cwru-anomaly", "fan-low", "fan-med", "fan-high", "fan-uci"] {
        let r = report(&args(set, LearnerName::Auto));
        assert_eq!(r.learner, "knn");
        assert!(r.f1.unwrap() >= 0.97 && r.false_alarm_rate.unwrap() == 0.0, "{set}: {:?}", r.f1);
        // It is in the image of the board whose memory it learns within.
        assert!(!r.notes.iter().any(|n| n.contains("CONFIG_HONE_KNN")), "{:?}", r.notes);
    }
    // A rate of false alarms that is a million times as high, and one that is a thousandth.
    let with = |per_day: &str| {
        let set = vec![format!("per-day={per_day}"), "bands=8".to_owned()];
        let facts = report(&EvalArgs { set, ..args("cwru-anomaly", LearnerName::Auto) }).facts;
        let (_, distances) = facts.into_iter().find(|(name, _)| name.starts_with("distance, usual")).unwrap();
        distances.rsplit_once(' ').unwrap().1.parse::<f32>().unwrap()
    };
    assert!(with("10000") < with("0.1") && with("0.1") < with("0.0001"));
    let message = refusal(&args("iris", LearnerName::Auto));
    assert!(message.contains("iris is not about anomalies: give --learner svm, rce or net"), "{message}");
    let many = EvalArgs { set: vec!["windows=3000".into()], ..args("fan-low", LearnerName::Knn) };
    assert!(refusal(&many).contains("knn takes 3075 windows to learn from and fan-low has 225"), "{}", refusal(&many));
}

#[test]
fn json_has_the_documented_keys_on_one_line_and_repeats() {
    if skipped() {
        return;
    }
    let a = args("fan-med", LearnerName::Esn);
    let (first, second) = (report(&a).json(), report(&a).json());
    assert_eq!(first, second, "the same seed gives the same figures");
    assert!(!first.contains('\n'));
    let value: serde_json::Value = serde_json::from_str(&first).unwrap();
    let documented = include_str!("../../../../docs/formats/eval-json.md");
    for key in value.as_object().unwrap().keys() {
        assert!(documented.contains(&format!("`{key}`")), "{key} is not documented");
    }
    for key in [
        "dataset",
        "learner",
        "train_windows",
        "test_windows",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "false_alarm_rate",
        "detection_delay_s",
        "model_bytes",
        "workspace_bytes",
        "confusion",
        "accuracy_known",
        "coverage",
    ] {
        assert!(value.get(key).is_some(), "{key}");
    }
    assert!(value["accuracy_known"].is_null() && value["f1"].is_number());
}

#[test]
fn classifiers_learn_tables_and_recordings() {
    if skipped() {
        return;
    }
    let svm = |name: &str| report(&args(name, LearnerName::Svm)).accuracy.unwrap();
    assert_eq!(svm("svm-iris01"), 1.0);
    assert!(svm("svm-iris12") >= 29.0 / 30.0 && svm("basicmotions") >= 0.9);
    let mut rce = args("cwru-10", LearnerName::Rce);
    let strict = report(&rce);
    assert!(strict.coverage.unwrap() < 1.0 && strict.accuracy_known.unwrap() > strict.accuracy.unwrap());
    rce.set = vec!["fallback=on".into()];
    let fallback = report(&rce);
    assert!(fallback.accuracy.unwrap() >= 0.97 && fallback.coverage == Some(1.0));
}

#[test]
fn a_boards_budget_is_its_image() {
    if skipped() {
        return;
    }
    let eval = |name: &str, budget, set: &[&str]| EvalArgs {
        budget,
        set: set.iter().map(|s| (*s).to_string()).collect(),
        ..args(name, LearnerName::Svm)
    };
    let fact = |r: &Report, key: &str| r.facts.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    // As many rows as the image holds, of all classes, and the same whatever the seed.
    let f401 = Budget::F401.image().unwrap();
    let small = report(&eval("iris", Budget::F401, &[]));
    assert_eq!(fact(&small, "rows held").unwrap(), format!("{} x 4 B", f401.rows));
    assert!(small.accuracy.unwrap() > 0.9, "{:?}", small.accuracy);
    let other = report(&EvalArgs { seed: Some(7), ..eval("iris", Budget::F401, &[]) });
    assert_eq!(small.confusion.counts, other.confusion.counts);
    // What is too large is refused by the name of what would have to be larger, and of who has it.
    let digits = "64 features are 16 more than the 48 of nucleo_f401re's image (CONFIG_HONE_FEATURES)";
    for (name, excess) in [("digits", digits), ("fan-low", "600 numbers in a window are 216 more than the 384")] {
        let message = refusal(&eval(name, Budget::F401, &[]));
        let larger = "nucleo_f429zi's image holds it: give --budget f429";
        assert!(message.contains(excess) && message.contains(larger), "{message}");
        assert!(report(&eval(name, Budget::F429, &[])).f1.is_some());
    }
    let wide = EvalArgs { learner: LearnerName::Rce, ..eval("iris", Budget::F401, &["store=f32"]) };
    assert!(refusal(&wide).contains("CONFIG_HONE_RCE_WIDE"), "{}", refusal(&wide));
    assert!(report(&EvalArgs { budget: Budget::None, ..wide }).f1.is_some());
}

#[test]
fn protocols_judge_before_they_learn_and_never_across_subjects() {
    if skipped() {
        return;
    }
    let mut a = args("basicmotions", LearnerName::Rce);
    a.protocol = Protocol::Interleaved;
    let r = report(&a);
    assert_eq!((r.test_windows, r.train_windows), (20, 20));
    let unknown = r.confusion.columns.iter().position(|c| c == "unknown").unwrap();
    assert!(r.confusion.counts.iter().map(|row| row[unknown]).sum::<u32>() >= 1, "the first window is of no class yet");
    a.protocol = Protocol::PerSubject;
    assert!(refusal(&a).contains("has no groups"));
    a.learner = LearnerName::Svm;
    a.protocol = Protocol::Interleaved;
    assert!(refusal(&a).contains("does not learn window by window"));
}

#[test]
fn the_esn_sees_feature_vectors_where_asked() {
    if skipped() {
        return;
    }
    let settings = ["steps=10", "features=time", "carry=on"].map(String::from).to_vec();
    for (set, least) in [("fan-high", 0.95), ("cwru-anomaly", 0.90)] {
        let mut a = args(set, LearnerName::Esn);
        a.set.clone_from(&settings);
        let r = report(&a);
        assert!(r.f1.unwrap() > least, "{set}: {:?}", r.f1);
        let input = &r.facts.iter().find(|f| f.0 == "input").unwrap().1;
        assert!(input.starts_with("10 x ") && input.contains("features (time) projected to"), "{input}");
        // In integers it sees the same.
        a.quantize = Some(hone_learn::learner::Form::Int8);
        let small = report(&a).converted.unwrap();
        assert!(small.f1.unwrap() > least - 0.02, "{set}: {:?}", small.f1);
    }
    let mut a = args("fan-high", LearnerName::Esn);
    a.set = vec!["steps=7".into()];
    assert!(refusal(&a).contains("steps does not divide the frames of a window"), "{}", refusal(&a));
}

#[test]
fn subjects_come_in_turn_and_labels_are_counted() {
    if skipped() {
        return;
    }
    let mut a = args("har", LearnerName::Rce);
    a.protocol = Protocol::SubjectsInTurn;
    let r = report(&a);
    let turns: Vec<(f64, f64)> = r
        .facts
        .iter()
        .filter(|f| f.0.starts_with("group "))
        .map(|f| f.1.split_once(", at the end ").unwrap())
        .map(|(then, now)| (then.parse().unwrap(), now.parse().unwrap()))
        .collect();
    assert_eq!(turns.len(), 21);
    assert_eq!(turns[20].0, turns[20].1, "nobody comes after the last");
    let lost = turns[..20].iter().map(|(then, now)| then - now).sum::<f64>() / 20.0;
    assert!((lost - f64::from(r.forgotten.unwrap())).abs() < 1e-4, "{lost} {:?}", r.forgotten);
    // The windows of a model for each subject, under one model.
    let alone = report(&EvalArgs { protocol: Protocol::PerSubject, ..a.clone() });
    assert_eq!((r.train_windows, r.test_windows), (alone.train_windows, alone.test_windows));

    let mut a = args("basicmotions", LearnerName::Rce);
    a.protocol = Protocol::SubjectsInTurn;
    assert!(refusal(&a).contains("has no groups"));
    a.protocol = Protocol::Annotated;
    let asked = report(&a);
    let labels = asked.labels_asked.unwrap();
    assert!((4..=20).contains(&labels) && asked.train_windows == labels && asked.test_windows == 20, "{labels}");
    a.protocol = Protocol::Corrected;
    let corrected = report(&a);
    let wrong = |r: &Report| r.test_windows - r.by_class.iter().map(|c| c.right).sum::<usize>();
    // Each class is shown once, and what was shown first was unknown or wrong.
    assert!(corrected.labels_asked.unwrap() >= wrong(&corrected), "{corrected:?}");
}

#[test]
fn the_papers_protocols_give_a_table_by_subject_and_a_plot_of_the_learning() {
    if skipped() {
        return;
    }
    let mut a = args("har", LearnerName::Rce);
    a.protocol = Protocol::PerSubject;
    let r = report(&a);
    let subjects = r.facts.iter().filter(|f| f.0.starts_with("group ") && f.1.contains("prototypes")).count();
    assert!(subjects == 21 && r.accuracy.unwrap() > 0.86, "{subjects} {:?}", r.accuracy);
    // The paper's cost model stands beside the instructions counted.
    let facts = report(&args("har", LearnerName::Rce)).facts;
    let number = |name: &str| facts.iter().find(|f| f.0.starts_with(name)).map(|f| f.1.clone()).unwrap();
    let (h, n) = (number("prototypes").split(' ').next().unwrap().parse::<u64>().unwrap(), number("features"));
    assert_eq!(number("MAC per inference, h(5n+10)"), (h * (5 * n.parse::<u64>().unwrap() + 10)).to_string());
    assert!(number("instructions, infer").contains("per feature visited"));
    assert!(number("MAC per window's features").parse::<u64>().unwrap() > 1000);
    assert!(number("memory for a window's features").ends_with(" B"));

    let folder = tempfile::tempdir().unwrap();
    let mut a = args("har", LearnerName::Rce);
    (a.protocol, a.plot) = (Protocol::Interleaved, Some(folder.path().into()));
    let files = evaluate(&a).unwrap().1;
    assert!(files.contains(&folder.path().join("har-rce-learning.png")), "{files:?}");
}

#[test]
fn figures_are_written_where_asked() {
    if skipped() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut a = args("fan-med", LearnerName::Esn);
    a.plot = Some(folder.path().into());
    let files: Vec<PathBuf> = evaluate(&a).unwrap().1;
    let named = ["timeline", "roc"].map(|what| folder.path().join(format!("fan-med-esn-{what}.png")));
    assert_eq!(files, named);
    assert!(files.iter().all(|f| std::fs::metadata(f).unwrap().len() > 10_000));
}

#[test]
fn what_cannot_be_done_is_refused_with_a_reason() {
    let message = refusal(&args("no-such-set", LearnerName::Esn));
    assert!(message.contains("there is no such manifest") && message.contains("cwru-anomaly"), "{message}");
    if skipped() {
        return;
    }
    let with = |set: &str, learner, pair: &str| refusal(&EvalArgs { set: vec![pair.into()], ..args(set, learner) });
    let message = with("fan-low", LearnerName::Esn, "leak=2");
    assert!(message.contains("leak=2 is refused: leak takes 0.01 to 1"), "{message}");
    assert!(
        with("fan-low", LearnerName::Esn, "leek=1")
            .contains("there is no setting 'leek'; did you mean 'leak'? There are units")
    );
    assert!(with("fan-low", LearnerName::Esn, "leak").contains("give KEY=VALUE"));
    let message = with("fan-low", LearnerName::Esn, "units=160");
    let words = "160 units are 96 more than the 64 of nucleo_f429zi's image (CONFIG_HONE_ESN_UNITS)";
    assert!(message.contains(words) && message.contains("no board's image here holds it"), "{message}");
    assert!(
        with("fan-low", LearnerName::Esn, "units=128").contains("nucleo_h743zi's image holds it: give --budget h743")
    );
    assert!(with("fan-low", LearnerName::Esn, "scale-windows=10000").contains("cannot be trained on these"));
    let message = refusal(&args("iris", LearnerName::Esn));
    assert!(message.contains("only finds what is not normal; use --learner svm or rce"), "{message}");
    let mut large = args("fan-low", LearnerName::Esn);
    large.set = vec!["units=128".into()];
    large.budget = Budget::None;
    assert!(report(&large).f1.is_some());
}

#[test]
fn any_learner_of_the_table_is_evaluated_by_the_contract_alone() {
    if skipped() {
        return;
    }
    let of = |name: &str| LearnerName::Table(hone_engine::learners::Learner::from_name(name).expect("it is built in"));
    let args = |name: &str, learner| EvalArgs { budget: Budget::F401, ..args(name, learner) };
    // From the training set, in place, and from windows: as eval's own of the same name do, to the last decision.
    let svm = report(&args("iris", of("svm")));
    assert!(svm.accuracy.unwrap() >= 0.9, "{:?}", svm.accuracy);
    let rce = report(&args("iris", of("rce")));
    assert!(rce.accuracy.unwrap() >= 0.7, "{:?}", rce.accuracy);
    for (of_table, name) in [(&svm, LearnerName::Svm), (&rce, LearnerName::Rce)] {
        assert_eq!(of_table.confusion.counts, report(&args("iris", name)).confusion.counts, "{name:?}");
    }
    assert_eq!((svm.train_windows, rce.train_windows), (90, 90), "more rows than the set holds at once");
    let esn = report(&args("cwru-anomaly", of("esn")));
    assert!(esn.f1.unwrap() >= 0.9, "{:?}", esn.f1);
    // What the NUCLEO's image lacks is told.
    let notes = report(&args("iris", of("net"))).notes.join("\n");
    assert!(notes.contains("nucleo_f401re's image is built without net (CONFIG_HONE_NET)"), "{notes}");
    assert!(!svm.notes.iter().any(|n| n.contains("built without")), "{:?}", svm.notes);
    let message = refusal(&args("digits", of("svm")));
    assert!(message.contains("64 features are 16 more than the 48"), "{message}");
    assert!(
        refusal(&EvalArgs { budget: Budget::None, ..args("iris", of("svm")) }).contains("with --budget f401 alone")
    );
    assert_eq!((LearnerName::Esn.name(), LearnerName::Rce.name()), ("esn", "rce"));
}
