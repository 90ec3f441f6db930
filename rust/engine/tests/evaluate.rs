//! `eval` of a learner that learns live windows: what the model does not answer is told, and never counted as right.

#![cfg(feature = "esn")]

mod common;
use common::{Act, Bench};
use hone_learn::Decision;

#[test]
fn windows_that_the_model_does_not_answer_are_told() {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("config set esn.average 5").unwrap();
    b.command("eval esn --windows 100 --holdout 20").unwrap();
    // The average is full from the fifth window on.
    assert!(b.text.contains("16 rows held back from 1 trainings of esn; of 4 more it said nothing"), "{}", b.text);
}

#[test]
fn a_model_that_answers_nothing_is_no_result() {
    let mut b = Bench::trained();
    let published = b.links.published.get();
    b.command("config set esn.average 16").unwrap();
    assert!(b.command("eval esn --windows 60 --holdout 20").is_err());
    assert!(b.text.contains("the model says nothing of what was held back"), "{}", b.text);
    assert!(!b.text.contains("accuracy"), "{}", b.text);
    assert_eq!(b.links.published.get(), published);
}

#[test]
fn a_detector_is_not_judged_by_the_names_of_classes() {
    let mut b = Bench::trained();
    b.command("label 1 calm").unwrap();
    b.command("eval esn --windows 100 --holdout 20").unwrap();
    assert!(b.text.contains(" of 16 anomalous, "), "{}", b.text);
    assert!(!b.text.contains("accuracy 0"), "{}", b.text);
}

#[test]
fn the_last_verdict_is_not_the_one_before_ones() {
    let mut b = Bench::trained();
    b.command("infer on").unwrap();
    b.device.sensor.act = Act::Loud;
    b.run(2.0);
    let last = |b: &Bench| b.links.inference.get().last.map(|l| l.answer.verdict.decision);
    assert_eq!((last(&b), b.lamp.0.borrow().last()), (Some(Decision::Anomalous), Some(&true)));
    b.command("train esn --wait").unwrap();
    // The loud hum is what is normal now, and until a whole average says so nothing is claimed.
    b.run(0.2);
    assert_ne!(last(&b), Some(Decision::Anomalous));
    b.run(1.0);
    assert_eq!(b.lamp.0.borrow().last(), Some(&false));
}
