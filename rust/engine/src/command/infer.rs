//! `infer` and `label`.

use super::{Outcome, fail, misuse};
use crate::env::Io;
use crate::link::Links;
use crate::telemetry;
use crate::text::Write;
use hone_learn::ClassId;
use hone_signal::Micros;

pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["on"] => set(links, true, false, io),
        ["on", "-v"] => set(links, true, true, io),
        ["off"] => set(links, false, false, io),
        ["once"] => once(links, io),
        _ => misuse("infer", io),
    }
}

fn set(links: &Links, infer: bool, verbose: bool, io: &mut dyn Io) -> Outcome {
    links.wish.update(|w| (w.infer, w.verbose) = (infer, verbose));
    if infer && links.published.get().is_none() {
        io.str("there is no model yet; judging begins when 'train' has made one\n");
    }
    Ok(())
}

/// Asks for a verdict on the next window and waits for it.
fn once(links: &Links, io: &mut dyn Io) -> Outcome {
    if links.published.get().is_none() {
        return fail(io, &["there is no model; 'train' makes one"]);
    }
    let request = links.wish.update(|w| {
        w.once = w.once.wrapping_add(1);
        w.once
    });
    // Long enough for a window at the slowest rate, short enough to say that no window comes.
    let rate = links.sampling.get().sensor.map_or(1, |s| s.rate_hz.max(1));
    let limit = 3 * (crate::capacity::WINDOW_FRAMES as u64) * 1000 / u64::from(rate) + 1000;
    for _ in 0..limit.div_ceil(10) {
        let stats = links.inference.get();
        if stats.once_done == request
            && let Some(last) = stats.last
        {
            telemetry::decision(last.verdict.decision, io);
            io.str(", score ");
            io.real(last.verdict.score);
            io.str(" (window ");
            io.uint(last.sequence);
            io.str(")\n");
            return Ok(());
        }
        if !io.pause(Micros(10_000)) {
            return fail(io, &["interrupted"]);
        }
    }
    fail(io, &["no window came that could be judged; 'stats' says how the sensor does"])
}

pub(super) fn label(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    let label = match words {
        ["none"] => None,
        [id] => match hone_learn::setting::parse_int(id).and_then(|id| u16::try_from(id).ok()) {
            Some(id) => Some(ClassId(id)),
            None => return fail(io, &["a class is a whole number from 0 to 65535, or none"]),
        },
        _ => return misuse("label", io),
    };
    links.wish.update(|w| w.label = label);
    Ok(())
}
