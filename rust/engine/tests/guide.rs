//! The learner of docs/guides/learners.md on the device: what it did not ask for it has.

mod common;

use common::{Act, Bench, TestFlash, taught, verdicts};
use hone_engine::data::event::Event;
use hone_engine::data::storage::{Key, Storage as _};
use hone_learn::{ClassId, Decision};

#[test]
fn it_trains_judges_and_says_the_same_after_a_restart() {
    let mut b = taught("train centroid --wait");
    let passes = b.events.iter().filter(|e| matches!(e, Event::TrainingPass { .. })).count();
    assert_eq!(passes, 2, "a point of the curve for each pass");
    b.command("model info").unwrap();
    assert!(b.text.starts_with("centroid, ") && b.text.contains("means of 2 classes, 48 features\n"), "{}", b.text);
    let before = verdicts(&mut b);
    let classes = |class| before.iter().filter(|v| v.0 == Decision::Class(ClassId(class))).count();
    assert!(classes(1) > 10 && classes(2) > 5, "{before:?}");
    let mut b = b.reboot();
    assert_eq!(verdicts(&mut b), before);
    b.command("model export").unwrap();
    let lines: Vec<String> = b.text.lines().filter(|l| l.starts_with("HM")).map(str::to_owned).collect();
    let mut other = Bench::on(TestFlash::new(2));
    other.run(0.1);
    other.typed.extend(lines);
    other.command("model import").unwrap_or_else(|_| panic!("{}", other.text));
    assert_eq!(verdicts(&mut other), before);
    assert!(other.device.flash.length(Key::Model) > 0);
}

#[test]
fn its_settings_are_the_devices() {
    let mut b = taught("train centroid --wait");
    b.command("config set centroid.reach 1").unwrap();
    assert!(b.command("config set centroid.reach 0.5").is_err() && b.text.contains("from 1.000 to"), "{}", b.text);
    b.command("train centroid --wait").unwrap();
    let unknown = verdicts(&mut b).iter().filter(|v| v.0 == Decision::Unknown).count();
    assert!(unknown > 3, "a class reaches no further than its rows usually lie: {unknown}");
}

#[test]
fn it_is_evaluated_on_rows_held_back_and_the_set_stays() {
    let mut b = taught("train centroid --wait");
    b.command("data export").unwrap();
    let set = b.text.clone();
    for (command, trainings) in [("eval --holdout 30", 1), ("eval centroid --folds 5", 5)] {
        b.command(command).unwrap_or_else(|_| panic!("{}", b.text));
        let report = format!("from {trainings} trainings of centroid\naccuracy 100.0 % of ");
        assert!(b.text.contains(&report), "{}", b.text);
        b.command("data export").unwrap();
        assert_eq!(b.text, set, "{command}");
    }
}

#[test]
fn it_goes_on_from_its_own_model_and_from_no_other() {
    let mut b = taught("train esn --wait");
    b.command("label 1").unwrap();
    b.run(1.0);
    b.device.sensor.act = Act::Loud;
    b.run(0.2);
    b.command("label 2").unwrap();
    b.run(1.0);
    b.command("label none").unwrap();
    assert!(b.command("train centroid --continue --wait").is_err() && b.text.contains("cannot go on"), "{}", b.text);
    assert!(b.command("train esn --continue --wait").is_err() && b.text.contains("cannot go on"), "{}", b.text);
    assert!(b.command("train centroid --last 1 --wait").is_err() && b.text.contains("no layers"), "{}", b.text);
    b.command("train centroid --wait").unwrap();
    let bytes = |b: &mut Bench| {
        b.command("model save").unwrap();
        let mut memory = vec![0; 4096];
        let length = b.device.flash.load(Key::Model, &mut memory).unwrap();
        memory.truncate(length);
        memory
    };
    let once = bytes(&mut b);
    b.command("train centroid --continue --wait").unwrap_or_else(|_| panic!("{}", b.text));
    // The same rows again: the same means, of twice as many rows.
    let twice = bytes(&mut b);
    assert!(once != twice && once.len() == twice.len());
}

#[test]
fn what_it_has_not_is_refused_with_a_reason() {
    let mut b = taught("train centroid --wait");
    let published = b.links.published.get();
    assert!(b.command("model quantize int8 --yes").is_err() && b.text.contains("no such form"), "{}", b.text);
    assert_eq!(b.links.published.get(), published);
    let mut b = Bench::new();
    b.run(0.1);
    b.command("label 1").unwrap();
    b.run(1.0);
    assert!(b.command("train centroid --wait").is_err() && b.text.contains("fewer than two classes"), "{}", b.text);
}
