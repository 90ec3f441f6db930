//! `model compress` and `model quantize`: the report, the question, and that the smaller model is what runs and is kept.

mod common;

use common::{Act, Bench, taught, verdicts};
use hone_engine::data::event::Event;
use hone_engine::data::order::Job;
use hone_engine::data::storage::{Key, Storage as _};
use hone_engine::learners::Model;
use hone_esn::learner::Forms as Esn;
use hone_learn::Decision;
use hone_learn::learner::Form;
use hone_rce::learner::Forms as Rce;

/// Layout of the payload of the model in flash.
fn layout(b: &mut Bench) -> u8 {
    let mut memory = [0; 8192];
    let length = b.device.flash.load(Key::Model, &mut memory).unwrap();
    hone_model::Container::read(&memory[..length]).unwrap().layout()
}

/// A number of the report's line that begins so.
fn number(text: &str, line: &str, column: usize) -> f64 {
    let line = text.lines().find_map(|l| l.strip_prefix(line)).unwrap_or_else(|| panic!("no {line:?} in {text}"));
    line.split_whitespace().nth(column).unwrap().parse().unwrap()
}

fn is(b: &Bench, wanted: impl Fn(&Model) -> bool) -> bool {
    b.links.published.get().and_then(|p| b.device.console().pool().get(p.slot)).is_some_and(|slot| wanted(&slot.model))
}

#[test]
fn each_form_runs_is_kept_and_says_the_same_after_a_restart() {
    type Check = fn(&Model) -> bool;
    let clustered: Check =
        |m| matches!(m, Model::Esn(Esn::Float(esn)) if esn.form() == hone_esn::ReadoutForm::Clustered(4));
    let int8: Check = |m| matches!(m, Model::Esn(Esn::Int8(..)));
    let fixed: Check = |m| matches!(m, Model::Esn(Esn::Fixed(esn, _)) if esn.fraction() == 12);
    for (command, check, stored) in [
        ("model compress 8 --yes", clustered, 2),
        ("model quantize int8 --yes", int8, 3),
        ("model quantize q 3 12 --yes", fixed, 3),
    ] {
        let mut b = Bench::trained();
        let plain = verdicts(&mut b);
        b.device.sensor.act = Act::Hum;
        let before = b.device.flash.length(Key::Model);
        b.command(command).unwrap_or_else(|_| panic!("{}", b.text));
        println!("{}", b.text);
        // What it costs and saves, on windows that came after the training.
        let report = b.text.clone();
        assert_eq!(number(&report, "bytes saved", 0), f64::from(before), "{report}");
        let share = number(&report, "bytes of weights", 1) / number(&report, "bytes of weights", 0);
        assert!(share <= if command.contains('q') && command.contains("12") { 0.5 } else { 0.3 }, "{report}");
        let mse = number(&report, "MSE", 1) / number(&report, "MSE", 0);
        assert!((0.8..1.5).contains(&mse), "{report}");
        let threshold = number(&report, "threshold", 1) / number(&report, "threshold", 0);
        assert!((0.8..1.25).contains(&threshold), "{report}");
        assert!(report.contains("of 48 windows held back 0 are judged differently"), "{report}");
        assert!(report.contains("replaced: esn, "), "{report}");
        assert!(is(&b, check), "{command}");
        // It is saved unasked, in its own form and as small as was said.
        b.run(1.0);
        assert_eq!(f64::from(b.device.flash.length(Key::Model)), number(&report, "bytes saved", 1));
        assert_eq!(layout(&mut b), stored);
        let converted = verdicts(&mut b);
        // Decisions stay, scores do not quite.
        assert_eq!(converted.iter().map(|v| v.0).collect::<Vec<_>>(), plain.iter().map(|v| v.0).collect::<Vec<_>>());
        assert!(converted != plain && converted.iter().any(|v| v.0 == Decision::Anomalous));
        b.command("model info").unwrap();
        assert!(b.text.contains("clustered") || b.text.contains("integers") || b.text.contains("fixed point"));
        // Out and in again it is the same, also after another save.
        b.command("model export").unwrap();
        let lines: Vec<String> = b.text.lines().filter(|l| l.starts_with("HM")).map(str::to_owned).collect();
        let mut other = Bench::new();
        other.run(0.1);
        other.typed.extend(lines);
        other.command("model import").unwrap_or_else(|_| panic!("{}", other.text));
        assert!(is(&other, check));
        other.command("model save").unwrap();
        assert_eq!(layout(&mut other), stored);
        let mut other = other.reboot();
        assert!(other.has(|e| matches!(e, Event::ModelRestored { .. })) && is(&other, check));
        assert_eq!(verdicts(&mut other), converted, "{command}");
        assert_eq!(verdicts(&mut b.reboot()), converted, "{command}");
    }
}

#[test]
fn asks_before_it_replaces_and_takes_no_for_an_answer() {
    let mut b = Bench::trained();
    let published = b.links.published.get();
    // Nobody to ask.
    assert!(b.command("model quantize int8").is_err());
    assert!(b.text.contains("give --yes"), "{}", b.text);
    assert_eq!(b.links.training.get().history.iter().flatten().count(), 1, "nothing was begun");
    b.interactive = true;
    for no in ["n", "", "no", "\u{79f}"] {
        b.typed.push_back(no.into());
        b.command("model quantize int8").unwrap();
        assert!(b.text.ends_with("replace the model in use? (y/N)\nthe model in use stays\n"), "{}", b.text);
        assert_eq!((b.links.published.get(), b.links.offer.get()), (published, None));
    }
    // Silence and the end of input are no.
    b.command("model compress 16").unwrap();
    assert!(b.text.ends_with("the model in use stays\n"), "{}", b.text);
    b.typed.push_back("y".into());
    b.command("model compress 8").unwrap();
    assert!(b.text.contains("replaced: "), "{}", b.text);
    assert_ne!(b.links.published.get(), published);
}

#[test]
fn says_what_cannot_be_converted() {
    let mut b = Bench::new();
    b.run(0.1);
    let refused = |b: &mut Bench, command: &str, wanted: &str| {
        assert!(b.command(command).is_err(), "{command}: {}", b.text);
        assert!(
            b.text.lines().last().unwrap().starts_with("error: ") && b.text.contains(wanted),
            "{command}: {}",
            b.text
        );
        b.run(0.3);
    };
    refused(&mut b, "model quantize int8 --yes", "no model in use");
    for command in
        ["model compress", "model compress 5", "model quantize", "model quantize q 8 8", "model quantize q 1"]
    {
        refused(&mut b, command, "usage: model ");
    }
    refused(&mut b, "model compress 8 --windows 3", "--windows takes");
    refused(&mut b, "model compress 8 --no", "is no option here");
    b.command("train esn --wait").unwrap();
    // 256 values are more than 192 weights.
    refused(&mut b, "model compress 4 --yes", "take 1216 bytes with their table and take 768 now");
    b.command("model quantize int8 --windows 20 --yes").unwrap();
    assert!(b.text.contains("of 10 windows held back"), "{}", b.text);
    b.run(1.0);
    refused(&mut b, "model compress 8 --yes", "converted already");
    for (setting, value) in [("feedback", "0.1"), ("readout", "input-state"), ("output", "tanh")] {
        b.command("config reset").unwrap();
        b.command("config set esn.k 8").unwrap();
        b.command("config set esn.units 32").unwrap();
        b.command(&format!("config set esn.{setting} {value}")).unwrap();
        b.command("train esn --wait").unwrap_or_else(|_| panic!("{setting}: {}", b.text));
        refused(&mut b, "model quantize int8 --yes", &format!("esn.{setting}"));
        // Clustering serves them all.
        b.command("model compress 8 --yes").unwrap_or_else(|_| panic!("{setting}: {}", b.text));
    }
}

#[test]
fn svm_and_rce_run_in_integers_are_kept_and_say_the_same_after_a_restart() {
    let precision = |m: &Model| match m {
        Model::Svm(svm) => svm.machine.view().precision(),
        Model::Rce(Rce::Integer(rce, _)) => rce.precision(),
        _ => None,
    };
    for (train, setting) in [("train svm --wait", "linear"), ("train svm --wait", "rbf"), ("train rce", "8-bit")] {
        for (command, fraction) in [("model quantize int8 --yes", None), ("model quantize q 3 12 --yes", Some(12))] {
            let mut b = taught_with(train, setting);
            let plain = verdicts(&mut b);
            b.device.sensor.act = Act::Hum;
            // Windows with a label: how many are judged rightly is told. TinyRCE would learn them.
            let labels = !train.contains("rce");
            if labels {
                b.command("label 1").unwrap();
                b.run(0.3);
            }
            b.command(command).unwrap_or_else(|_| panic!("{train} {setting} {command}: {}", b.text));
            b.command("label none").unwrap();
            // The last but one text: the report.
            let report = b.said.clone();
            println!("{train} {setting} {command}\n{report}");
            assert!(report.contains("of 48 windows held back 0 are judged differently"), "{report}");
            assert_eq!(report.contains("as labelled"), labels, "{report}");
            if labels {
                assert_eq!([0, 1].map(|c| number(&report, "as labelled", c)), [48.0; 2], "{report}");
            }
            let score = number(&report, "mean score", 1) / number(&report, "mean score", 0);
            assert!((0.8..1.25).contains(&score), "{report}");
            // What fits 8 bits is smaller; 16 bits take more than the 8 that rows and prototypes are learnt in.
            if fraction.is_none() {
                assert!(number(&report, "bytes of weights", 1) < number(&report, "bytes of weights", 0), "{report}");
            }
            let wanted = move |m: &Model| match precision(m) {
                Some(hone_numeric::quantize::Precision::Int8) => fraction.is_none(),
                Some(hone_numeric::quantize::Precision::Fixed(fixed)) => fraction == Some(fixed.fraction()),
                None => false,
            };
            assert!(is(&b, wanted), "{command}");
            b.run(1.0);
            assert_eq!(f64::from(b.device.flash.length(Key::Model)), number(&report, "bytes saved", 1));
            assert_eq!(layout(&mut b), 2);
            let converted = verdicts(&mut b);
            assert_eq!(decisions(&converted), decisions(&plain), "{train} {setting} {command}");
            assert!(converted != plain);
            b.command("model info").unwrap();
            assert!(
                b.text.contains(if fraction.is_some() { "in fixed point, 12 bits" } else { "in 8-bit integers" }),
                "{}",
                b.text
            );
            b.command("model export").unwrap();
            let lines: Vec<String> = b.text.lines().filter(|l| l.starts_with("HM")).map(str::to_owned).collect();
            let mut other = Bench::new();
            other.run(0.1);
            other.typed.extend(lines);
            other.command("model import").unwrap_or_else(|_| panic!("{}", other.text));
            other.command("model save").unwrap();
            let mut other = other.reboot();
            assert!(other.has(|e| matches!(e, Event::ModelRestored { .. })) && is(&other, wanted));
            assert_eq!(verdicts(&mut other), converted, "{command}");
            // A second time there is nothing to convert.
            assert!(b.command("model quantize int8 --yes").is_err());
            assert!(b.text.contains("converted already"), "{}", b.text);
            let mut b = b.reboot();
            assert_eq!(verdicts(&mut b), converted, "{command}");
            // What learns takes its place again.
            b.command(if train.contains("rce") { "train rce" } else { "train esn --wait" }).unwrap();
            b.run(0.3);
            assert!(!is(&b, wanted));
        }
    }
}

fn decisions(verdicts: &[(Decision, u32)]) -> Vec<Decision> {
    verdicts.iter().map(|v| v.0).collect()
}

/// As `taught`, with a kernel or a store.
fn taught_with(train: &str, setting: &str) -> Bench {
    common::taught_by(train, &|b| {
        let name = if train.contains("rce") { "rce.store" } else { "svm.kernel" };
        b.command(&format!("config set {name} {setting}")).unwrap();
    })
}

#[test]
fn other_learners_models_are_refused_with_a_reason() {
    let refused = |b: &mut Bench, command: &str, wanted: &str| {
        let published = b.links.published.get();
        b.device.sensor.act = Act::Hum;
        assert!(b.command(command).is_err(), "{}", b.text);
        assert!(b.text.contains(wanted), "{}", b.text);
        assert_eq!(b.links.published.get(), published);
    };
    for train in ["train svm --wait", "train rce"] {
        refused(&mut taught(train), "model compress 8 --yes", "has no such form");
    }
    for (setting, kernel) in [("poly", "polynomial"), ("sigmoid", "sigmoid")] {
        let mut b = taught_with("train svm --wait", setting);
        refused(&mut b, "model quantize int8 --yes", &format!("in integers of a model with a {kernel} kernel"));
    }
    let mut b = common::taught_by("train rce", &|b| b.command("config set rce.metric hamming").unwrap());
    refused(&mut b, "model quantize int8 --yes", "rce.metric");
    let mut b = taught("train rce");
    b.command("infer off").unwrap();
    // It is compared with a copy, whether or not windows are judged. Nothing is left behind: the workspace is home, and every slot free.
    b.command("model quantize int8 --yes").unwrap_or_else(|_| panic!("{}", b.text));
    b.command("train esn --wait").unwrap_or_else(|_| panic!("{}", b.text));
}

#[test]
fn thresholds_are_not_set_by_an_anomaly() {
    let mut b = Bench::trained();
    let published = b.links.published.get();
    b.device.sensor.act = Act::Loud;
    b.run(1.0);
    assert!(b.command("model quantize int8 --yes").is_err());
    assert!(b.text.contains("convert while all is well"), "{}", b.text);
    assert_eq!(b.links.published.get(), published);
}

#[test]
fn a_conversion_can_be_cancelled_and_gives_way_to_a_training() {
    let mut b = Bench::trained();
    let published = b.links.published.get();
    b.interactive = true;
    // The sensor goes away: the conversion ends by itself.
    b.device.sensor.act = Act::Missing;
    assert!(b.command("model quantize int8").is_err());
    assert!(b.text.contains("no window"), "{}", b.text);
    b.device.sensor.act = Act::Hum;
    b.run(1.0);
    assert_eq!(b.links.published.get(), published);
    // Every slot is free again, and the workspace: train, convert, train.
    for _ in 0..3 {
        b.command("train esn --windows 100 --wait").unwrap_or_else(|_| panic!("{}", b.text));
        b.command("model compress 8 --windows 20 --yes").unwrap_or_else(|_| panic!("{}", b.text));
    }
    b.command("train status").unwrap();
    assert!(b.text.contains("conversion "), "{}", b.text);
}

#[test]
fn a_model_is_saved_and_judged_with_while_it_is_converted() {
    let mut b = Bench::trained();
    let id = b.links.order(hone_engine::learners::Learner::Esn, None, Job::Convert(Form::Int8));
    b.run(2.0);
    assert!(b.links.training.get().running());
    b.command("model save").unwrap();
    b.command("infer once").unwrap();
    assert!(b.command("model import").is_err() && b.text.contains("under way"), "{}", b.text);
    assert!(b.command("model compress 8 --yes").is_err() && b.text.contains("under way"), "{}", b.text);
    b.command("train cancel").unwrap();
    assert!(b.text.contains("conversion 2: esn, cancelled"), "{}", b.text);
    assert_eq!((b.links.offer.get(), id), (None, Some(2)));
    // What is offered is forgotten when the model in use is.
    b.interactive = true;
    b.command("model erase").unwrap();
    assert!(b.command("model quantize int8").is_err());
}
