//! Whether there is anything to learn from and to judge, before it is tried; and what else is to be told of a data set.

use super::learner::{EvalError, Training};
use super::report::{Refused, Report};
use crate::dataset::timing::figure;
use crate::dataset::{Data, Dataset, Part, RANGE_FRAMES, Recordings, Task};
use hone_learn::Stop;
use hone_signal::Sample;
use std::collections::{BTreeMap, BTreeSet};

/// Refuses a set of which nothing is left to learn from or to judge, or whose channels tell nothing.
///
/// # Errors
/// [`EvalError`] says which channel or part, and what to change.
pub fn check(set: &Dataset) -> Result<(), EvalError> {
    let r = match &set.data {
        Data::Recordings(r) => r,
        Data::Table(t) if t.constant().len() == t.names.len() => {
            let problem =
                "no feature varies over the rows to train on, so there is nothing to learn; check the columns";
            return Err(EvalError::Data(problem.into()));
        }
        Data::Table(_) => return Ok(()),
    };
    dead(set, r)?;
    for part in Part::ALL {
        let all = r.all(part).count();
        if all > 0 && r.windows(part).next().is_none() {
            return Err(EvalError::Data(emptied(r, part, all)));
        }
    }
    Ok(())
}

/// Why no window of a part is left, and what to change.
fn emptied(r: &Recordings, part: Part, all: usize) -> String {
    let why = reasons(&r.refused(part));
    let mut text = format!("{}: all {all} windows to {} are left out ({why})", r.list(), part.name());
    for (name, (facts, scale)) in r.channel_names.iter().zip(r.facts.iter().zip(&r.scales)) {
        if facts.saturated == 0 {
            continue;
        }
        let (low, high) = facts.range;
        let (from, to) = (f64::from(Sample::MIN) * scale, f64::from(Sample::MAX) * scale);
        let needed = (low.abs().max(high.abs()) / f64::from(Sample::MAX)) * 1.1;
        text.push_str(&format!(
            "; channel {name:?} reads {} to {} and its range is {} to {}: give a scale of about {} or more (it is {}), or a \
             factor if the file is in other units",
            figure(low),
            figure(high),
            figure(from),
            figure(to),
            figure(needed),
            figure(*scale)
        ));
    }
    if r.refused(part).contains_key("not a number") {
        text.push_str(
            "; a window with empty or non-numeric cells cannot be used: leave those stretches out, or fill the gaps",
        );
    }
    if r.refused(part).contains_key("stuck") {
        text.push_str(
            "; a sensor that repeats exactly the same reading counts as stuck: check the sensor, or set a finer scale",
        );
    }
    text
}

/// `3 saturated, 2 stuck`.
pub(super) fn reasons(counts: &BTreeMap<&'static str, usize>) -> String {
    counts.iter().map(|(why, n)| format!("{n} {why}")).collect::<Vec<_>>().join(", ")
}

/// Refuses channels that never change where they are learnt.
fn dead(set: &Dataset, r: &Recordings) -> Result<(), EvalError> {
    let width = r.channels.len();
    let mut spans = vec![(Sample::MAX, Sample::MIN); width];
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); width];
    for (recording, window) in r.all(Part::Train) {
        let held = r.held(recording, window, &set.classes)?;
        for frame in held.view().frames() {
            for (span, sample) in spans.iter_mut().zip(frame) {
                *span = (span.0.min(*sample), span.1.max(*sample));
            }
        }
        let blocks = window.first_frame.div_ceil(RANGE_FRAMES)..(window.first_frame + r.length) / RANGE_FRAMES;
        // Short windows lie within a block, which may reach beyond what is trained on.
        let blocks = if blocks.is_empty() {
            window.first_frame / RANGE_FRAMES..window.first_frame / RANGE_FRAMES + 1
        } else {
            blocks
        };
        for block in blocks {
            for (range, (low, high)) in ranges.iter_mut().zip(recording.ranges.iter().skip(block * width)) {
                *range = (range.0.min(*low), range.1.max(*high));
            }
        }
    }
    for (c, name) in r.channel_names.iter().enumerate() {
        let (Some(span), Some(range), Some(scale)) = (spans.get(c), ranges.get(c), r.scales.get(c)) else { continue };
        let Some(facts) = r.facts.get(c) else { continue };
        // At the end of the range nothing is known of what it does.
        if facts.saturated > 0 && (span.0 == Sample::MIN || span.1 == Sample::MAX) {
            continue;
        }
        if range.0 > range.1 {
            let problem =
                format!("channel {name:?} holds no number in the data to train on; check the sensor and the file");
            return Err(EvalError::Data(problem));
        }
        let change = range.1 - range.0;
        let steps = i32::from(span.1) - i32::from(span.0);
        if steps > 1 || (steps == 1 && change >= *scale) {
            continue;
        }
        let elsewhere = facts.used() > 1 + steps.max(0) as usize;
        let also = if elsewhere {
            "; it does change elsewhere, so keep it: it may be the channel that shows the fault"
        } else {
            ""
        };
        let problem = if change > 0.0 {
            let advice = figure(change / 1000.0);
            format!(
                "channel {name:?} changes by less than one LSB of scale in all that is trained on: from {} to {}, and scale is {}; give \
                 a scale of about {advice}",
                figure(range.0),
                figure(range.1),
                figure(*scale)
            )
        } else {
            format!(
                "channel {name:?} never changes in the data to train on: it is {} throughout, so there is nothing to learn from it; \
                 check the sensor and the file{also}",
                figure(range.0)
            )
        };
        return Err(EvalError::Data(problem));
    }
    Ok(())
}

/// What is to be told of a set and a training beside the figures.
pub(super) fn tell(set: &Dataset, learner: &str, training: &Training, report: &mut Report) {
    if let Some(r) = set.recordings() {
        let of = |part| r.refused(part).into_iter().map(|(why, n)| (why.to_owned(), n)).collect();
        report.refused = Refused { train: of(Part::Train), calibrate: of(Part::Calibrate), test: of(Part::Test) };
        for part in Part::ALL {
            let counts = r.refused(part);
            let n: usize = counts.values().sum();
            if n > 0 {
                let verb = if part == Part::Test { "judged" } else { "learnt" };
                report.notes.push(format!("{n} windows to {} were not {verb}: {}", part.name(), reasons(&counts)));
            }
        }
        for (why, n) in &r.left_out.windows {
            report.notes.push(format!("{n} windows were left out: {why}"));
        }
        if !r.left_out.short.is_empty() {
            let short = &r.left_out.short;
            let names = short.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
            let n = short.len();
            report.notes.push(format!("{n} recordings are shorter than a window of {} frames: {names}", r.length));
        }
        if r.gaps > 0 {
            report.notes.push(format!("{} gaps in the times; no window spans a gap", r.gaps));
        }
        report.notes.extend(r.notes.iter().cloned());
    }
    let trained: BTreeSet<usize> = match &set.data {
        Data::Recordings(r) => r.windows(Part::Train).map(|(_, w)| w.class).collect(),
        Data::Table(t) => t.rows.iter().filter(|r| r.part == Part::Train).map(|r| r.class).collect(),
    };
    let classes = set.classes.iter().enumerate().filter(|(i, c)| !c.anomalous && !trained.contains(i));
    report.classes_not_trained = classes.map(|(_, c)| c.name.clone()).collect();
    if !report.classes_not_trained.is_empty() {
        let names = report.classes_not_trained.join(", ");
        report.notes.push(format!("there are no windows to train on of class {names}, so it was not learnt"));
    }
    let tested: BTreeSet<usize> = match &set.data {
        Data::Recordings(r) => r.windows(Part::Test).map(|(_, w)| w.class).collect(),
        Data::Table(t) => t.rows.iter().filter(|r| r.part == Part::Test).map(|r| r.class).collect(),
    };
    let untested: Vec<&str> =
        set.classes.iter().enumerate().filter(|(i, _)| !tested.contains(i)).map(|(_, c)| c.name.as_str()).collect();
    if !untested.is_empty() {
        report.notes.push(format!(
            "there are no windows to test of class {}, so the figures say nothing about it",
            untested.join(", ")
        ));
    }
    // A number that is foretold is learnt from these windows too.
    let calibrates = set.task == Task::Regression || (set.task == Task::Anomaly && learner != "rce");
    let calibrate = set.count(Part::Calibrate);
    if calibrate > 0 && !calibrates {
        let why = if set.task == Task::Anomaly {
            "rce needs none to set its threshold"
        } else {
            "a classifier has no threshold"
        };
        report.notes.push(format!(
            "{calibrate} windows to calibrate on are not used: {why}; give their share to train or test"
        ));
    }
    let stop = training.report.map(|r| r.stop);
    report.converged = stop.map(|stop| stop == Stop::Converged);
    match stop {
        Some(Stop::IterationLimit) => {
            let gap = training
                .facts
                .iter()
                .find(|f| f.0 == "KKT gap")
                .map_or(String::new(), |f| format!(" (KKT gap {})", f.1));
            // What limits it is called so by the learner.
            let limit = ["epochs", "iterations"]
                .into_iter()
                .find(|key| report.settings.contains_key(*key))
                .unwrap_or("iterations");
            let advice = format!("raise the limit with --set {limit}=N, or standardise");
            report.notes.push(format!("training stopped at the iteration limit and did not converge{gap}; {advice}"));
        }
        Some(Stop::MemoryCap) => report.notes.push("training stopped at the memory cap".into()),
        _ => {}
    }
    if let Data::Table(t) = &set.data {
        let still = t.constant();
        if !still.is_empty() {
            let names = still.iter().take(10).copied().collect::<Vec<_>>().join(", ");
            let more = if still.len() > 10 { ", ..." } else { "" };
            report
                .notes
                .push(format!("{} features are constant over the rows to train on: {names}{more}", still.len()));
        }
        let taught = t.taught();
        if taught > 0 {
            report.notes.push(format!("{taught} rows to test are identical to rows to train on"));
        }
        for (name, offset) in t.names.iter().zip(&t.offsets).filter(|(_, o)| **o != 0.0) {
            report.notes.push(format!(
                "{} was subtracted from feature {name}, whose values lie far from 0 for their spread",
                figure(*offset)
            ));
        }
    }
}

/// Warns of test recordings that are too short for an average over windows to be ever full.
pub(super) fn too_short(starts: impl Iterator<Item = (bool, bool)>, average: usize, report: &mut Report) {
    let (mut runs, mut run, mut anomalous) = (Vec::new(), 0usize, false);
    for (start, ill) in starts {
        if start && run > 0 {
            runs.push((run, anomalous));
            (run, anomalous) = (0, false);
        }
        run += 1;
        anomalous |= ill;
    }
    runs.extend((run > 0).then_some((run, anomalous)));
    let short = runs.iter().filter(|r| r.0 < average).count();
    let ill = runs.iter().filter(|r| r.0 < average && r.1).count();
    if short > 0 && average > 1 {
        report.notes.push(format!(
            "{short} of {} stretches to test, {ill} of them anomalous, have fewer than the {average} windows that a verdict averages \
             over and can never raise an alarm; give --set average=N of their length or less",
            runs.len()
        ));
    }
}
