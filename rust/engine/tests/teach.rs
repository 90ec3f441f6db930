//! TinyRCE on the device: learning as windows are labelled, asking for labels, names.

mod common;

use common::{Act, Bench};
use hone_engine::data::event::Event;
use hone_engine::learners::Learner;
use hone_learn::{ClassId, Decision};
use proptest::prelude::*;

fn last(b: &Bench) -> Option<Decision> {
    b.links.inference.get().last.map(|l| l.answer.verdict.decision)
}

/// A device that knows the hum as class 1, named `well`.
fn knows_the_hum() -> Bench {
    let mut b = Bench::new();
    b.run(0.2);
    b.command("train rce --wait").unwrap();
    b.command("label 1 well").unwrap();
    b.run(4.0);
    b.command("label none").unwrap();
    b.run(1.0);
    b
}

#[test]
fn a_class_is_known_as_soon_as_it_is_labelled() {
    let b = knows_the_hum();
    assert_eq!(last(&b), Some(Decision::Class(ClassId(1))));
    let rce = b.links.online.get();
    assert!(rce.model.is_some() && rce.learning.learnt >= 25 && rce.learning.units >= 1, "{rce:?}");
    assert_eq!(b.links.data.get().rows, 0, "what TinyRCE learns does not fill the training set");
}

#[test]
fn an_unknown_window_asks_waits_and_is_learnt_by_the_answer() {
    let mut b = knows_the_hum();
    b.device.sensor.act = Act::Saturated;
    b.run(1.0);
    assert_eq!(last(&b), Some(Decision::Unknown));
    let asked = b.events.iter().filter(|e| matches!(e, Event::LabelWanted { .. })).count();
    assert_eq!(asked, 1, "asked once for a run of unknown windows, not for each");
    assert!(b.has(|e| matches!(e, Event::LabelWanted { nearest: Some(ClassId(1)), .. })));
    let before = b.links.online.get().learning.learnt;
    b.command("label 2 overdriven --once").unwrap();
    assert!(b.text.contains("learnt as class 2 (overdriven)"), "{}", b.text);
    assert_eq!(b.links.online.get().learning.learnt, before + 1);
    assert_eq!(b.links.request.get().label, None, "an answer labels one window only");
    b.run(1.0);
    assert_eq!(last(&b), Some(Decision::Class(ClassId(2))));
    b.device.sensor.act = Act::Hum;
    b.run(1.0);
    assert_eq!(last(&b), Some(Decision::Class(ClassId(1))), "what was known is not forgotten");
}

#[test]
fn an_unknown_window_of_a_minute_ago_is_not_what_a_label_means() {
    let mut b = knows_the_hum();
    b.device.sensor.act = Act::Saturated;
    b.run(1.0);
    b.device.sensor.act = Act::Hum;
    b.run(20.0);
    assert!(b.links.online.get().waiting.is_some(), "there is time to type");
    b.run(40.0);
    assert_eq!(b.links.online.get().waiting, None);
    let before = b.links.online.get().learning.learnt;
    b.command("label 2 late").unwrap();
    assert!(!b.text.contains("learnt as"), "{}", b.text);
    assert_eq!(b.links.online.get().learning.learnt, before);
    assert!(b.command("label 2 --once").is_err() && b.text.contains("no window waits"), "{}", b.text);
}

#[test]
fn a_label_can_be_for_so_many_windows() {
    let mut b = knows_the_hum();
    let before = b.links.online.get().learning.learnt;
    b.command("label 1 --windows 5").unwrap();
    assert!(b.text.contains("the next 5 windows fit to learn are of class 1 (well)"), "{}", b.text);
    // Windows that are not fit to learn do not count.
    b.device.sensor.act = Act::Nan;
    b.run(2.0);
    b.device.sensor.act = Act::Hum;
    b.run(3.0);
    assert_eq!(b.links.online.get().learning.learnt, before + 5);
    assert_eq!(b.links.request.get().label, None);
    for wrong in ["label 1 --windows 0", "label 1 --windows", "label 1 --windows x", "label list --windows 3"] {
        assert!(b.command(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_name_means_one_class_and_nothing_else() {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("label 1 calm").unwrap();
    b.command("label 1 calm").unwrap();
    assert!(b.command("label 2 calm").is_err() && b.text.contains("class 1 (calm) has this name"), "{}", b.text);
    for name in ["none", "list", "dismiss", "2", "1.0", "-1", "--once", "1e3"] {
        assert!(b.command(&format!("label 2 {name}")).is_err(), "{name}: {}", b.text);
        assert!(b.text.starts_with("error: "), "{name}: {}", b.text);
    }
    assert!(b.command("label 2 \u{a0}x").is_err() && b.text.contains("without blanks"), "{}", b.text);
    b.command("label list").unwrap();
    assert_eq!(b.text, "class 1 (calm)\n");
    b.command("label 1 quiet").unwrap();
    b.command("label 2 calm").unwrap();
}

#[test]
fn an_unknown_window_can_be_let_go_and_the_light_asks() {
    let mut b = knows_the_hum();
    b.lamp.0.borrow_mut().clear();
    b.device.sensor.act = Act::Saturated;
    b.run(3.0);
    let flashes = b.lamp.0.borrow().iter().filter(|on| **on).count();
    assert!((4..=7).contains(&flashes), "two flashes each second, not {flashes} in 3 s");
    let before = b.links.online.get().learning.learnt;
    b.command("label dismiss").unwrap();
    assert_eq!(b.links.online.get().learning.learnt, before);
    // The window that saw the change is of neither, and waits as well.
    b.device.sensor.act = Act::Hum;
    b.run(1.0);
    let _ = b.command("label dismiss");
    b.run(1.0);
    assert!(b.command("label dismiss").is_err() && b.text.contains("no window waits"), "{}", b.text);
}

#[test]
fn names_are_kept_and_can_be_used_for_numbers() {
    let mut b = knows_the_hum();
    b.command("label list").unwrap();
    assert_eq!(b.text, "class 1 (well)\n");
    b.command("label well").unwrap();
    assert_eq!(b.links.request.get().label, Some(ClassId(1)));
    assert!(b.command("label nobody").is_err() && b.text.contains("'label list'"), "{}", b.text);
    assert!(b.command("label 2 a-name-beyond-all-measure").is_err() && b.text.contains("13 bytes"), "{}", b.text);
}

#[test]
fn trained_again_it_goes_on_and_another_learner_ends_its_learning() {
    let mut b = knows_the_hum();
    let before = b.links.online.get().learning;
    b.command("train rce --wait").unwrap();
    assert_eq!(b.links.online.get().learning.units, before.units);
    b.command("train esn --windows 40 --wait").unwrap();
    b.run(0.5);
    b.command("label 1").unwrap();
    b.run(1.0);
    assert_eq!(b.links.online.get().learning.learnt, before.learnt, "labelled windows are rows again");
    assert!(b.links.data.get().rows > 0);
    assert_eq!(last(&b), Some(Decision::Normal));
}

#[test]
fn the_number_of_no_class_is_refused() {
    let mut b = knows_the_hum();
    assert!(b.command("label 65535").is_err() && b.text.contains("0 to 65534"), "{}", b.text);
    assert_eq!(b.links.request.get().label, None);
    b.command("label 65534").unwrap();
    assert_eq!(b.links.request.get().label, Some(ClassId(65534)));
}

#[test]
fn an_svm_is_trained_from_windows_that_it_learns_too() {
    let mut b = knows_the_hum();
    b.command("label 1").unwrap();
    b.command("train svm --windows 30").unwrap();
    b.run(2.0);
    b.device.sensor.act = Act::Loud;
    b.command("label 2").unwrap();
    b.run(2.0);
    b.command("label none").unwrap();
    b.device.sensor.act = Act::Hum;
    b.run(1.0);
    let trained = b.links.training.get();
    assert_eq!((trained.learner, trained.running()), (Learner::Svm, false), "{}", b.text);
    assert!(b.links.online.get().learning.learnt > 20, "TinyRCE went on learning until the SVM took its place");
    assert_eq!(last(&b), Some(Decision::Class(ClassId(1))));
}

#[test]
fn the_fallback_gives_an_answer_at_any_price_at_once() {
    let mut b = knows_the_hum();
    b.device.sensor.act = Act::Saturated;
    b.run(1.0);
    assert_eq!(last(&b), Some(Decision::Unknown));
    b.command("config set rce.fallback on").unwrap();
    b.run(1.0);
    assert_eq!(last(&b), Some(Decision::Class(ClassId(1))));
}

#[test]
fn training_waits_for_labelled_windows() {
    let mut b = Bench::new();
    b.run(0.2);
    b.command("train rce --windows 20").unwrap();
    b.command("label 4").unwrap();
    b.run(1.0);
    assert!(b.links.training.get().running());
    b.run(3.0);
    assert!(b.has(|e| matches!(e, Event::TrainingDone { .. })));
    b.command("train status").unwrap();
    let so_far = "training 1: rce, learns each window as it is labelled; 20 so far, accuracy as it learnt ";
    assert!(b.text.starts_with(so_far) && !b.text.contains("converged"), "{}", b.text);
    let mut b = Bench::new();
    b.run(0.2);
    b.command("train rce --wait").unwrap();
    assert!(b.text.ends_with("training 1: rce, learns each window as it is labelled, took 0.001 s\n"), "{}", b.text);
}

#[test]
fn an_unknown_window_waits_until_the_next_replaces_it() {
    let mut b = knows_the_hum();
    b.device.sensor.act = Act::Saturated;
    b.run(1.0);
    let first = b.links.online.get().waiting.expect("an unknown window waits");
    b.run(1.0);
    let second = b.links.online.get().waiting.expect("an unknown window waits");
    assert!(second > first, "{second} after {first}");
    // Known windows leave it waiting; the answer is learnt from the one that waits last.
    b.device.sensor.act = Act::Hum;
    b.run(1.0);
    let kept = b.links.online.get().waiting.expect("it is kept");
    b.run(2.0);
    assert_eq!(b.links.online.get().waiting, Some(kept));
    b.command("stats").unwrap();
    assert!(b.text.contains(&format!("window {kept} waits for a label\n")), "{}", b.text);
    b.command("label 3 --once").unwrap();
    assert_eq!(b.links.online.get().waiting, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_flood_of_labels_leaves_the_device_answering(labels in proptest::collection::vec(0u16..5000, 1..60)) {
        let mut b = knows_the_hum();
        for label in &labels {
            b.device.sensor.act = [Act::Hum, Act::Loud, Act::Saturated][usize::from(label % 3)];
            b.command(&format!("label {label}")).unwrap();
            b.run(0.13);
        }
        let rce = b.links.online.get().learning;
        prop_assert!(rce.units <= rce.capacity);
        b.command("label none").unwrap();
        let before = b.links.inference.get().verdicts();
        b.run(0.5);
        prop_assert!(b.links.inference.get().verdicts() > before);
        b.command("stats").unwrap();
    }
}
