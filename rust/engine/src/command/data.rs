//! `data` and `svm eval`: what the training set holds.

use super::{Console, Outcome, fail, misuse};
use crate::capacity::{FEATURES, SVM_CLASSES};
use crate::env::Io;
use crate::link::Links;
use crate::memory::{Model, RowSet, SVM_SCRATCH};
use crate::text::{Out, Write};
use core::sync::atomic::Ordering;
use hone_learn::ClassId;
use hone_learn::metrics::Confusion;
use hone_signal::Micros;

/// Classes in the matrix of `svm eval`.
const SHOWN: usize = match SVM_CLASSES {
    more @ 9.. => more,
    _ => 8,
};

#[inline(never)]
pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["info"] => info(links, io),
        ["clear"] => clear(links, io),
        ["export"] => with_set(links, io, &mut |set, io| {
            export(set, io);
            Ok(())
        }),
        _ => misuse("data", io),
    }
}

fn info(links: &Links, io: &mut dyn Io) -> Outcome {
    let data = links.data.get();
    io.counts("% of % rows", &[data.rows, data.capacity]);
    if data.features > 0 {
        io.counts(", % features each", &[data.features]);
    }
    io.str("\n");
    for (class, rows) in data.classes.iter().flatten() {
        io.counts("class %: % rows\n", &[class.0.into(), *rows]);
    }
    if data.unlabelled > 0 {
        io.counts("no class: % rows\n", &[data.unlabelled]);
    }
    io.counts("% windows not kept (set full, in use, or features beyond this build)\n", &[data.missed]);
    if let Some(extractor) = links.extractor.get().filter(|_| data.rows > 0)
        && *extractor.params() != links.config.get().features
    {
        io.str("the features.* parameters were changed since; 'data clear' puts them to use\n");
    }
    Ok(())
}

fn clear(links: &Links, io: &mut dyn Io) -> Outcome {
    links.data_clear.store(true, Ordering::Relaxed);
    for _ in 0..40 {
        if !links.data_clear.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !io.pause(Micros(50_000)) {
            break;
        }
    }
    links.data_clear.store(false, Ordering::Relaxed);
    busy(io)
}

fn busy(io: &mut dyn Io) -> Outcome {
    fail(io, "the training set is in use by a training; 'train status' says how far it is")
}

/// Runs `look` with the set, which inference lends and gets back.
pub(super) fn with_set(
    links: &Links,
    io: &mut dyn Io,
    look: &mut dyn FnMut(&RowSet, &mut dyn Io) -> Outcome,
) -> Outcome {
    links.set_for_shell.store(true, Ordering::Relaxed);
    for _ in 0..40 {
        if let Some(set) = links.lent_set.receive() {
            let outcome = look(set, io);
            let _ = links.set_home.send(set);
            return outcome;
        }
        if !io.pause(Micros(50_000)) {
            break;
        }
    }
    if !links.set_for_shell.swap(false, Ordering::Relaxed)
        && let Some(set) = links.lent_set.receive()
    {
        // It came at the last moment.
        let _ = links.set_home.send(set);
    }
    busy(io)
}

/// One line per row: the class, or nothing, and the features, separated by commas.
fn export(set: &RowSet, io: &mut dyn Io) {
    let view = set.view();
    let mut row = [0.0; FEATURES];
    for index in 0..view.len() {
        if !view.decode(index, &mut row) {
            continue;
        }
        if let Some(class) = view.label(index) {
            io.uint(class.0);
        }
        for value in row.iter().take(view.width()) {
            io.str(",");
            io.real(*value);
        }
        io.str("\n");
    }
}

/// `svm eval`: the model in use on the labelled rows of the training set.
#[inline(never)]
pub(super) fn svm(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    if words != ["eval"] {
        return misuse("svm", io);
    }
    let Some((_, model)) = console.model() else { return fail(io, "there is no model; 'train svm' makes one") };
    let Model::Svm(_, svm) = &*model else {
        return fail(io, "the model in use is no SVM; 'train svm' makes one");
    };
    with_set(console.links, io, &mut |set, io| {
        let mut scratch = [0.0; SVM_SCRATCH + FEATURES];
        let mut confusion = Confusion::<SHOWN>::default();
        use hone_svm::EvalError as E;
        match hone_svm::evaluate(svm.view(), set.view(), &mut scratch, &mut confusion) {
            Ok(()) if confusion.total() == 0 => fail(io, "the training set has no labelled rows; see 'label'"),
            Ok(()) => {
                matrix(&confusion, io);
                Ok(())
            }
            Err(E::NoClasses) => fail(io, "this model tells normal from novel, not classes"),
            Err(E::Width { .. }) => fail(io, "the rows have other features than the model; 'data clear', label, train"),
            Err(E::Scratch) => fail(io, "the model has more classes than this build works with"),
            Err(E::Classes(_)) => fail(io, "the rows are of more classes than this build tells apart"),
        }
    })
}

/// Accuracy, confusion matrix, precision and recall.
fn matrix(m: &Confusion<SHOWN>, io: &mut dyn Io) {
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
