//! Protocols of many users and of labels that cost something: subjects one after the other, and labels asked for.

use super::front::shuffle;
use super::judge::{Result1, figures};
use super::learner::{EvalError, Learner, Training};
use super::protocol::{Item, Outcome, Subject, id, items, judge, subjects};
use crate::dataset::{Dataset, Part};
use crate::plot::Curve;
use hone_learn::Decision;
use std::collections::BTreeSet;

/// Judges windows; the results, and the share decided rightly.
fn judged(set: &Dataset, learner: &mut dyn Learner, items: &[Item]) -> Result<(Vec<Result1>, f64), EvalError> {
    let results: Vec<Result1> =
        items.iter().enumerate().map(|(at, item)| judge(set, learner, item, at)).collect::<Result<_, _>>()?;
    let right = results.iter().filter(|r| r.judged.verdict.decision == Decision::Class(id(set, r.class))).count();
    let share = right as f64 / results.len().max(1) as f64;
    Ok((results, share))
}

/// One model for all: subjects come one after the other, each with its windows in an order drawn from the seed. After each turn
/// its own windows to judge are judged, and those of all who have come; at the end all again.
pub(super) fn in_turn(set: &Dataset, learner: &mut dyn Learner, tick: &mut dyn FnMut()) -> Result<Outcome, EvalError> {
    learner.begin(set)?;
    let mut own = Curve { name: "of the subject whose turn it was".into(), points: Vec::new() };
    let mut all = Curve { name: "of all who have come".into(), points: Vec::new() };
    let mut used = Curve { name: "prototypes".into(), points: Vec::new() };
    let (mut come, mut in_turn, mut learnt): (Vec<Subject>, Vec<f64>, usize) = (Vec::new(), Vec::new(), 0);
    for mut subject in subjects(set)? {
        shuffle(&mut subject.train, learner.seed());
        for item in &subject.train {
            item.with(set, |input| learner.learn(input, id(set, item.class)))?;
            tick();
        }
        learnt += subject.train.len();
        let (_, share) = judged(set, learner, &subject.test)?;
        in_turn.push(share);
        come.push(subject);
        let tests: Vec<Item> = come.iter().flat_map(|s| s.test.iter().copied()).collect();
        let x = learnt as f64;
        own.points.push((x, share));
        all.points.push((x, judged(set, learner, &tests)?.1));
        used.points.push((x, learner.prototypes() as f64));
    }
    let (mut results, mut facts, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    for (subject, then) in come.iter().zip(&in_turn) {
        let (own, now) = judged(set, learner, &subject.test)?;
        results.extend(own);
        lost.push(then - now);
        facts.push((format!("group {}", subject.group), format!("{then:.4}, at the end {now:.4}")));
    }
    // The last has had no one after it.
    lost.pop();
    let mean = |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let (at_turn, forgotten) = (mean(&in_turn), mean(&lost));
    let training = Training { windows: learnt, ..learner.described(learnt)? };
    let mut report = figures(set, &training, &results)?;
    let text = |v: Option<f64>| v.map_or("-".into(), |v| format!("{v:.4}"));
    report.facts = facts;
    report.facts.push(("accuracy right after a turn".into(), text(at_turn)));
    report.facts.push(("forgotten at the end".into(), text(forgotten)));
    (report.accuracy_in_turn, report.forgotten) = (at_turn.map(|v| v as f32), forgotten.map(|v| v as f32));
    Ok(Outcome { report, training, results, curves: Some((vec![own, all], used)) })
}

/// Windows to train on come in an order drawn from the seed and are judged. The first of each class is shown by its user; else a label
/// is asked for, and the window learnt, only where the answer is unknown or, with `corrected`, wrong. Then the test part is judged.
pub(super) fn annotated(
    set: &Dataset,
    learner: &mut dyn Learner,
    corrected: bool,
    tick: &mut dyn FnMut(),
) -> Result<Outcome, EvalError> {
    let (mut train, test): (Vec<Item>, Vec<Item>) =
        items(set).into_iter().filter(|i| i.part != Part::Calibrate).partition(|i| i.part == Part::Train);
    shuffle(&mut train, learner.seed());
    learner.begin(set)?;
    let every = train.len().div_ceil(50).max(1);
    let mut held = Curve { name: "accuracy on the test part".into(), points: Vec::new() };
    let mut asked = Curve { name: "labels given".into(), points: Vec::new() };
    let (mut results, mut labels, mut shown) = (Vec::with_capacity(train.len()), 0usize, BTreeSet::new());
    for (at, item) in train.iter().enumerate() {
        let result = judge(set, learner, item, at)?;
        let decision = result.judged.verdict.decision;
        let wrong = corrected && decision != Decision::Class(id(set, item.class));
        if shown.insert(item.class) || decision == Decision::Unknown || wrong {
            item.with(set, |input| learner.learn(input, id(set, item.class)))?;
            labels += 1;
        }
        results.push(result);
        tick();
        if (at + 1) % every == 0 || at + 1 == train.len() {
            held.points.push(((at + 1) as f64, judged(set, learner, &test)?.1));
            asked.points.push(((at + 1) as f64, labels as f64));
        }
    }
    let training = Training { windows: labels, ..learner.described(labels)? };
    let mut report = figures(set, &training, &results)?;
    report.labels_asked = Some(labels);
    report.accuracy_holdout = held.points.last().map(|(_, share)| *share as f32);
    report.facts.push(("labels given".into(), format!("{labels} of {}", train.len())));
    report.facts.push((
        "accuracy on the test part".into(),
        report.accuracy_holdout.map_or("-".into(), |share| format!("{share:.4}")),
    ));
    Ok(Outcome { report, training, results, curves: Some((vec![held], asked)) })
}
