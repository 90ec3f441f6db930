//! `record`: what is sampled, as it is, over the console.

use super::{Outcome, fail, misuse};
use crate::data::env::Io;
use crate::data::order::{RecordPhase, Recording};
use crate::link::Links;
use crate::say::units;
use core::sync::atomic::Ordering;
use hone_learn::text::Write;
use hone_model::stream::bytes_a_second;
use hone_signal::Micros;

/// The part of the line that samples may take; the rest is for text.
const SHARE: f32 = 0.95;
/// The longest recording, in seconds: ten days.
const LONGEST: f32 = 864_000.0;

#[inline(never)]
pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    let (seconds, raw) = match words {
        ["off"] => {
            if links.record.get().phase == RecordPhase::Off {
                io.str("nothing is recorded\n");
            } else {
                links.record_off.store(true, Ordering::Relaxed);
            }
            return Ok(());
        }
        [seconds] => (seconds, false),
        [seconds, "--raw"] | ["--raw", seconds] => (seconds, true),
        _ => return misuse("record", io),
    };
    let Some(seconds) = hone_learn::setting::parse_real(seconds).filter(|s| (0.1..=LONGEST).contains(s)) else {
        return fail(io, "record takes a number of seconds from 0.1 to 864000, or off");
    };
    let Some(sensor) = links.sampling.get().sensor else { return fail(io, "the sensor has not been read yet") };
    if links.record.get().phase != RecordPhase::Off {
        return fail(io, "a recording is under way; 'record off' ends it");
    }
    let needs = bytes_a_second(sensor.rate.hertz(), sensor.channels.into());
    // Ten bits a byte: one to start, one to stop.
    let line = io.bits_a_second().map(|bits| bits as f32 / 10.0);
    // Rounded up.
    let ratio = line.map_or(1.0, |line| needs / (line * SHARE)).clamp(1.0, 65_535.0);
    let every = ratio as u16 + u16::from(ratio as u16 as f32 != ratio);
    if raw && every > 1 {
        io.str("error: ");
        numbers(needs, line, io);
        io.str("; without --raw the mean of each ");
        io.uint(every);
        io.str(" frames is sent\n");
        return Err(super::Failed);
    }
    let until = Micros(io.now().0 + (seconds * 1e6) as u64);
    links.record_off.store(false, Ordering::Relaxed);
    links.record_lost.store(0, Ordering::Relaxed);
    links.record.set(Recording { phase: RecordPhase::On, every, until, ..Recording::OFF });
    links.recording.store(every.into(), Ordering::Relaxed);
    io.str("recording ");
    io.uint(sensor.channels);
    io.str(" channels at ");
    units::rate(sensor.rate, io.out());
    if every > 1 {
        io.str(", the mean of each ");
        io.uint(every);
        io.str(" frames");
    }
    io.str(": ");
    numbers(needs / f32::from(every), line, io);
    io.str("\n");
    Ok(())
}

fn numbers(needs: f32, line: Option<f32>, io: &mut dyn Io) {
    io.uint(needs as u32);
    io.str(" bytes a second");
    if let Some(line) = line {
        io.str(", the line carries ");
        io.uint(line as u32);
    }
}
