//! `time`: the time of day.

use super::{Outcome, fail, misuse};
use crate::data::env::Io;
use crate::link::Links;
use crate::say::day;
use hone_learn::text::Write;
use hone_signal::Micros;

#[inline(never)]
pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        [] => show(links, io),
        ["set", text] => set(links, text, io),
        _ => misuse("time", io),
    }
}

fn show(links: &Links, io: &mut dyn Io) -> Outcome {
    let Some(epoch) = links.epoch.get() else {
        return fail(io, "the time of day is not known; 'time set 2026-01-31T23:59:59Z' tells it");
    };
    day::write(((epoch + io.now().0) / 1_000_000) as u32, io.out());
    io.str("\n");
    Ok(())
}

fn set(links: &Links, text: &str, io: &mut dyn Io) -> Outcome {
    let Some(seconds) = day::read(text).map(u64::from) else {
        return fail(io, "time set takes a date from 2000 to 2099 and a time in UTC, as in 2026-01-31T23:59:59Z");
    };
    let Micros(now) = io.now();
    links.epoch.set(Some((seconds * 1_000_000).saturating_sub(now)));
    let kept = io.keep_time(seconds);
    io.str(if kept { "kept by the board's clock\n" } else { "known until the next restart: no clock keeps running\n" });
    Ok(())
}
