//! `eval`: how a learner does on what it has not learnt.

use super::{Failed, Outcome, fail, misuse, train};
use crate::data::env::Io;
use crate::data::order::Job;
use crate::data::stats::{CLASSES_JUDGED, Evaluation};
use crate::learners::Learner;
use crate::link::Links;
use hone_learn::ClassId;
use hone_learn::metrics::Confusion;
use hone_learn::text::{Out, Write};

/// Percent that are held back when nothing is said.
const HOLDOUT: u16 = 25;

#[inline(never)]
pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    let mut learner = links.published.get().map_or(links.config.get().device.learner, |p| p.learner);
    let (mut percent, mut folds, mut windows, mut rest) = (None, None, None, words);
    loop {
        rest = match rest {
            [] => break,
            ["--holdout", n, rest @ ..] => {
                percent = Some(number(n, 5, 90, "--holdout takes percent, a whole number from 5 to 90", io)?);
                rest
            }
            ["--folds", n, rest @ ..] => {
                folds = Some(number(n, 2, 20, "--folds takes a whole number from 2 to 20", io)?);
                rest
            }
            ["--windows", n, rest @ ..] => {
                windows = Some(number(n, 20, 10_000, "--windows takes a whole number from 20 to 10000", io)?);
                rest
            }
            [name, rest @ ..] => {
                learner = train::learner(name, "eval", io)?;
                rest
            }
        };
    }
    if percent.is_some() && folds.is_some() {
        return misuse("eval", io);
    }
    train::ready(links, io)?;
    let job = match folds {
        Some(folds) => Job::Evaluate { folds: folds as u8, share: 1000 / folds.max(1) },
        None => Job::Evaluate { folds: 1, share: percent.unwrap_or(HOLDOUT) * 10 },
    };
    let Some(id) = links.order(learner, windows, job) else {
        return fail(io, "a training has just been ordered; 'train status' says how far it is");
    };
    train::follow(links, id, io)?;
    let evaluation = links.evaluation.get();
    if evaluation.id != id {
        return fail(io, "another evaluation came first");
    }
    show(learner, &evaluation, io);
    Ok(())
}

fn number(text: &str, least: i32, most: i32, wanted: &str, io: &mut dyn Io) -> Result<u16, Failed> {
    match hone_learn::setting::parse_int(text).filter(|n| (least..=most).contains(n)) {
        Some(number) => Ok(number as u16),
        None => fail(io, wanted).map(|()| 0),
    }
}

/// What is known of the rows that were held back.
#[inline(never)]
fn show(learner: Learner, e: &Evaluation, io: &mut dyn Io) {
    io.counts("% rows held back from % trainings of ", &[e.rows, e.trainings.into()]);
    io.str(learner.name());
    if e.unanswered > 0 {
        io.counts("; of % more it said nothing", &[e.unanswered]);
    }
    io.str("\n");
    if e.confusion.total() > 0 && e.confusion.classes().len() > 1 {
        matrix(&e.confusion, io);
    } else {
        io.counts("% of % anomalous, ", &[e.anomalous, e.rows]);
        io.str(learner.score());
        io.str(" ");
        io.real(e.score);
        io.str("\n");
    }
    if e.estimates > 0 {
        io.str("MSE ");
        io.real(e.squared_error);
        io.counts(" of % numbers foretold, % within their bounds\n", &[e.estimates, e.covered]);
    }
}

/// Accuracy, confusion matrix, precision and recall.
fn matrix(m: &Confusion<CLASSES_JUDGED>, io: &mut dyn Io) {
    io.str("accuracy ");
    io.percent(m.accuracy().unwrap_or(0.0));
    io.counts(" of % rows\nclass", &[m.total()]);
    for ClassId(class) in m.classes() {
        cell(u32::from(*class), io);
    }
    io.str("  precision  recall\n");
    for (row, ClassId(class)) in m.classes().iter().enumerate() {
        io.uint(*class);
        io.str(if *class < 10 { "    " } else { "   " });
        for column in 0..m.classes().len() {
            cell(m.count(row, column), io);
        }
        if let Some(scores) = m.class_scores(row) {
            io.str("  ");
            io.fixed(scores.precision, 3);
            io.str("      ");
            io.fixed(scores.recall, 3);
        }
        io.str("\n");
    }
}

fn cell(value: u32, out: &mut dyn Out) {
    let mut place = 100_000u32;
    while place > 1 && value < place {
        out.str(" ");
        place /= 10;
    }
    out.uint(value);
}
