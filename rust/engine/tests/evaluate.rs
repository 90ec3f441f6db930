//! `eval` of a learner that learns live windows: what the model does not answer is told, and never counted as right.

#![cfg(feature = "esn")]

mod common;
use common::Bench;

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
    assert!(b.text.contains("the model said nothing of any row or window held back"), "{}", b.text);
    assert!(!b.text.contains("accuracy"), "{}", b.text);
    assert_eq!(b.links.published.get(), published);
}
