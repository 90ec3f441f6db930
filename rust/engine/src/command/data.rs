//! `data`: what the training set holds.

use super::{Console, Outcome, fail, misuse};
use crate::data::buffers::RowSet;
use crate::data::env::Io;
use crate::link::Links;
use core::sync::atomic::Ordering;
use hone_learn::text::Write;
use hone_signal::Micros;

#[inline(never)]
pub(super) fn run(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["info"] => info(console.links, io),
        ["clear"] => clear(console.links, io),
        ["export"] => with_set(console, io, &mut |set, io| {
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
    let config = links.config.get();
    if let Some((extractor, code)) = links.rows_by.get().filter(|_| data.rows > 0)
        && (code.is_some() != config.encodes() || (code.is_none() && *extractor.params() != config.features))
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
fn with_set(console: &Console, io: &mut dyn Io, look: &mut dyn FnMut(&RowSet, &mut dyn Io) -> Outcome) -> Outcome {
    let (links, ends) = (console.links, &console.ends);
    links.set_for_shell.store(true, Ordering::Relaxed);
    for _ in 0..40 {
        if let Some(set) = ends.lent_set.receive() {
            let outcome = look(set, io);
            let _ = ends.set_home.send(set);
            return outcome;
        }
        if !io.pause(Micros(50_000)) {
            break;
        }
    }
    if !links.set_for_shell.swap(false, Ordering::Relaxed)
        && let Some(set) = ends.lent_set.receive()
    {
        // It came at the last moment.
        let _ = ends.set_home.send(set);
    }
    busy(io)
}

/// One line per row: the class, or nothing, and the features, separated by commas.
fn export(set: &RowSet, io: &mut dyn Io) {
    let view = set.view();
    for index in 0..view.len() {
        if let Some(class) = view.label(index) {
            io.uint(class.0);
        }
        for value in (0..view.width()).filter_map(|feature| view.value(index, feature)) {
            io.str(",");
            io.real(value);
        }
        io.str("\n");
    }
}
