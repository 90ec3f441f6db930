//! `model`.

use super::{Console, Outcome, PRUNE, SMALL, convert, fail, misuse, transfer};
use crate::data::env::Io;
use crate::data::preprocessing::Sequence;
use crate::say::keep::hex;
use hone_learn::learner::Learning;
use hone_learn::text::Write;
use hone_signal::Micros;

#[inline(never)]
pub(super) fn run(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["info"] => info(console, io),
        ["save"] => transfer::save(console, io),
        ["load"] => transfer::load(console, io),
        ["erase"] => transfer::erase(console, io),
        ["export", rest @ ..] => transfer::export(console, rest, io),
        ["import"] => transfer::import(console, io),
        ["compress", rest @ ..] if SMALL => convert::compress(console, rest, io),
        ["quantize", rest @ ..] if SMALL => convert::quantize(console, rest, io),
        ["prune", rest @ ..] if PRUNE => convert::prune(console, rest, io),
        _ => misuse("model", io),
    }
}

#[inline(never)]
fn info(console: &Console, io: &mut dyn Io) -> Outcome {
    let outcome = in_use(console, io);
    let saved = console.links.keeping.get().health.model;
    if saved > 0 {
        io.counts("saved: % bytes\n", &[saved]);
    }
    outcome
}

fn in_use(console: &Console, io: &mut dyn Io) -> Outcome {
    let Some(published) = console.links.published.get() else {
        return fail(io, "there is no model; 'train' makes one");
    };
    io.str(published.learner.name());
    io.str(", ");
    if published.online {
        learning(published.learner.units(), &console.links.online.get().learning, io);
        return Ok(());
    }
    io.seconds(Micros(io.now().0.saturating_sub(published.time.0)));
    io.str(" s old\n");
    let Some(slot) = console.pool.get(published.slot) else { return Ok(()) };
    slot.model.about(io.out());
    if let Some(sequence) = slot.by.sequence() {
        features(sequence, io);
    }
    if let Some(code) = slot.by.code() {
        io.counts("of the % numbers that encoder ", &[code.width.into()]);
        hex(code.digest, io.out());
        io.str(" makes of the features\n");
    } else if let Some(encoder) = console.links.encoder.get().filter(|e| e.slot == published.slot) {
        io.str("encoder ");
        hex(encoder.code.digest, io.out());
        io.str("\n");
    }
    Ok(())
}

/// `8 x 48 features a window (log-spectrum), projected to 3 inputs`
fn features(sequence: &Sequence, io: &mut dyn Io) {
    io.counts("% x % features a window (", &[sequence.steps() as u32, sequence.features() as u32]);
    io.str(sequence.params().name());
    let projected = sequence.inputs() < sequence.features();
    io.str(if projected { "), projected to " } else { "), " });
    io.counts("% inputs\n", &[sequence.inputs() as u32]);
}

/// `7 of 64 prototypes from 30 labelled windows, accuracy as it learnt 93.3 % (of late 99.0 %)`
fn learning(units: &str, l: &Learning, io: &mut dyn Io) {
    io.counts("% of % ", &[l.units.into(), l.capacity.into()]);
    io.str(units);
    io.counts(" from % labelled windows, accuracy as it learnt ", &[l.learnt]);
    io.percent(l.accuracy);
    io.str(" (of late ");
    io.percent(l.recent);
    io.str(")\n");
}
