//! Protocols beside plain holdout, for learners that learn window by window.

use super::curve::auroc;
use super::front::shuffle;
use super::judge::{Result1, figures};
use super::learner::{EvalError, Input, Learner, Training};
use super::report::Report;
use super::rows::{Row, rows};
use crate::dataset::{Data, Dataset, Part, Recording, Window};
use crate::plot::Curve;
use hone_learn::{ClassId, Decision};
use std::collections::{BTreeMap, BTreeSet};

/// One window or row of any part.
#[derive(Clone, Copy)]
pub(super) struct Item<'a> {
    place: Place<'a>,
    pub class: usize,
    pub part: Part,
    pub group: Option<i64>,
}

/// Where its numbers are.
#[derive(Clone, Copy)]
enum Place<'a> {
    Row(&'a [f32]),
    Window(&'a Recording, &'a Window),
}

impl Item<'_> {
    /// Calls with what learners take of it.
    pub fn with<R>(&self, set: &Dataset, call: impl FnOnce(&Input) -> Result<R, EvalError>) -> Result<R, EvalError> {
        match (self.place, &set.data) {
            (Place::Row(row), _) => call(&Input::Row(row)),
            (Place::Window(recording, window), Data::Recordings(r)) => {
                call(&Input::Window(r.held(recording, window, &set.classes)?.view()))
            }
            (Place::Window(..), Data::Table(_)) => Err(EvalError::Learner("a table has no windows".into())),
        }
    }
}

pub(super) fn items(set: &Dataset) -> Vec<Item<'_>> {
    match &set.data {
        Data::Table(t) => t
            .rows
            .iter()
            .map(|r| Item { place: Place::Row(&r.features), class: r.class, part: r.part, group: r.group })
            .collect(),
        Data::Recordings(r) => Part::ALL
            .into_iter()
            .flat_map(|part| r.windows(part))
            .map(|(r, w)| Item { place: Place::Window(r, w), class: w.class, part: w.part, group: w.group })
            .collect(),
    }
}

pub(super) fn id(set: &Dataset, class: usize) -> ClassId {
    set.classes.get(class).map_or(ClassId(u16::MAX), |c| c.id)
}

pub(super) fn judge(set: &Dataset, learner: &mut dyn Learner, item: &Item, at: usize) -> Result<Result1, EvalError> {
    let judged = item.with(set, |input| learner.infer(input))?;
    let from_s = at as f64;
    Ok(Result1 { class: item.class, judged, from_s, to_s: from_s + 1.0, starts: false })
}

/// What a protocol found.
pub(super) struct Outcome {
    pub report: Report,
    pub training: Training,
    pub results: Vec<Result1>,
    /// Over windows learnt: accuracies, and prototypes in use.
    pub curves: Option<(Vec<Curve>, Curve)>,
}

/// Interleaved learning and testing: the windows to train on come in an order drawn from the seed; each is judged and
/// then learnt, and fifty times on the way the whole test part is judged.
pub(super) fn interleaved(
    set: &Dataset,
    learner: &mut dyn Learner,
    tick: &mut dyn FnMut(),
) -> Result<Outcome, EvalError> {
    let items = items(set);
    let mut train: Vec<Item> = items.iter().filter(|i| i.part == Part::Train).copied().collect();
    let test: Vec<Item> = items.into_iter().filter(|i| i.part == Part::Test).collect();
    shuffle(&mut train, learner.seed());
    learner.begin(set)?;
    let every = train.len().div_ceil(50).max(1);
    let (mut results, mut right) = (Vec::with_capacity(train.len()), 0usize);
    let mut recent = Curve { name: "prequential accuracy".into(), points: Vec::new() };
    let mut held = Curve { name: "accuracy on the test part".into(), points: Vec::new() };
    let mut used = Curve { name: "prototypes".into(), points: Vec::new() };
    for (at, item) in train.iter().enumerate() {
        let result = judge(set, learner, item, at)?;
        right += usize::from(result.judged.verdict.decision == Decision::Class(id(set, item.class)));
        results.push(result);
        item.with(set, |input| learner.learn(input, id(set, item.class)))?;
        tick();
        if (at + 1) % every == 0 || at + 1 == train.len() {
            let x = (at + 1) as f64;
            let mut hits = 0usize;
            for item in &test {
                let decision = item.with(set, |input| learner.infer(input))?.verdict.decision;
                hits += usize::from(decision == Decision::Class(id(set, item.class)));
            }
            recent.points.push((x, right as f64 / x));
            held.points.push((x, hits as f64 / test.len().max(1) as f64));
            used.points.push((x, learner.prototypes() as f64));
        }
    }
    let training = learner.described(train.len())?;
    let mut report = figures(set, &training, &results)?;
    if let Some((_, accuracy)) = held.points.last() {
        report.facts.push(("accuracy on the test part".into(), format!("{accuracy:.4}")));
        report.accuracy_holdout = Some(*accuracy as f32);
    }
    Ok(Outcome { report, training, results, curves: Some((vec![recent, held], used)) })
}

/// What a group (subject) gives to learn and to judge.
pub(super) struct Subject<'a> {
    pub group: i64,
    pub train: Vec<Item<'a>>,
    pub test: Vec<Item<'a>>,
}

/// The groups in order: of each class the first 60 % of a group's windows are to learn, the rest to judge; a window that shares
/// samples with one to learn is left out.
pub(super) fn subjects(set: &Dataset) -> Result<Vec<Subject<'_>>, EvalError> {
    let items = items(set);
    let groups: BTreeSet<i64> = items.iter().filter_map(|i| i.group).collect();
    if groups.is_empty() {
        return Err(EvalError::NotServed(format!("{} has no groups; set group in the manifest's files", set.name)));
    }
    let overlap = set.recordings().is_some_and(|r| r.step < r.length);
    let subject = |group: i64| {
        let mut by_class: BTreeMap<usize, Vec<Item>> = BTreeMap::new();
        for item in items.iter().filter(|i| i.group == Some(group)) {
            by_class.entry(item.class).or_default().push(*item);
        }
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for windows in by_class.into_values() {
            let until = (windows.len() * 3).div_ceil(5);
            test.extend(windows.iter().skip(until + usize::from(overlap)).copied());
            train.extend(windows.into_iter().take(until));
        }
        Subject { group, train, test }
    };
    Ok(groups.into_iter().map(subject).collect())
}

/// One model per group (subject).
pub(super) fn per_subject(
    set: &Dataset,
    learner: &mut dyn Learner,
    tick: &mut dyn FnMut(),
) -> Result<Outcome, EvalError> {
    let (mut results, mut learnt, mut table) = (Vec::new(), 0, Vec::new());
    let mut training = Training::default();
    for Subject { group, mut train, test } in subjects(set)? {
        shuffle(&mut train, learner.seed());
        learner.begin(set)?;
        for item in &train {
            item.with(set, |input| learner.learn(input, id(set, item.class)))?;
            tick();
        }
        learnt += train.len();
        let before = results.len();
        for item in &test {
            let at = results.len();
            results.push(judge(set, learner, item, at)?);
            tick();
        }
        let own = figures(set, &training, results.get(before..).unwrap_or(&[]))?;
        let accuracy = own.accuracy.map_or("-".into(), |a| format!("{a:.4}"));
        table.push((format!("group {group}"), format!("{accuracy}, {} prototypes", learner.prototypes())));
        training = learner.described(train.len())?;
    }
    training.windows = learnt;
    training.facts = table;
    let report = figures(set, &training, &results)?;
    Ok(Outcome { report, training, results, curves: None })
}

/// Leaves out each class in turn, in several orders of presentation, and says how well the score tells its test windows
/// from those of the classes learnt.
pub(super) fn unknown(
    set: &Dataset,
    learner: &mut dyn Learner,
    orders: usize,
    tick: &mut dyn FnMut(),
) -> Result<Outcome, EvalError> {
    let (train, test) = rows(set, learner)?;
    let (mut facts, mut sums, mut turns) = (Vec::new(), (0.0, 0.0), 0.0);
    let (mut all, mut learnt) = (Vec::new(), 0);
    for (left_out, class) in set.classes.iter().enumerate() {
        let (mut own, mut own_turns) = ((0.0, 0.0), 0.0);
        for seed in (learner.seed()..).take(orders) {
            let mut order: Vec<&Row> = train.iter().collect();
            shuffle(&mut order, seed);
            order.retain(|row| row.index != left_out);
            learner.begin(set)?;
            for row in &order {
                learner.learn(&Input::Row(&row.features), row.class)?;
                tick();
            }
            learnt = order.len();
            let (mut scores, mut distances) = (Vec::new(), Vec::new());
            all.clear();
            for (at, row) in test.iter().enumerate() {
                let judged = learner.infer(&Input::Row(&row.features))?;
                let strange = row.index == left_out;
                scores.push((judged.verdict.score, strange));
                distances.push((judged.distance.unwrap_or(f32::NAN), strange));
                let from_s = at as f64;
                all.push(Result1 { class: row.index, judged, from_s, to_s: from_s + 1.0, starts: false });
            }
            let Some((score, distance)) = auroc(&scores).zip(auroc(&distances)) else { continue };
            own = (own.0 + score, own.1 + distance);
            own_turns += 1.0;
        }
        if own_turns > 0.0 {
            let means = (own.0 / own_turns, own.1 / own_turns);
            facts.push((format!("AUROC without {}", class.name), format!("{:.4} ({:.4} distance)", means.0, means.1)));
            sums = (sums.0 + means.0, sums.1 + means.1);
            turns += 1.0;
        }
    }
    let mut training = learner.described(learnt)?;
    training.facts = facts;
    let mut report = figures(set, &training, &all)?;
    report.orders = Some(orders);
    if turns > 0.0 {
        report.auroc_unknown = Some((sums.0 / turns) as f32);
        report.auroc_distance = Some((sums.1 / turns) as f32);
        let mean = format!("{:.4} ({:.4} distance)", sums.0 / turns, sums.1 / turns);
        training.facts.push(("AUROC, mean".into(), mean));
    }
    // A class that was never learnt cannot be decided rightly: figures of decisions have no meaning here.
    (report.accuracy, report.precision, report.recall, report.f1) = (None, None, None, None);
    (report.coverage, report.accuracy_known, report.accuracy_nearest) = (None, None, None);
    report.confusion = Default::default();
    report.by_class = Vec::new();
    Ok(Outcome { report, training, results: all, curves: None })
}
