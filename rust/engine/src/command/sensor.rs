//! `sensor`.

use super::{Outcome, fail, misuse};
use crate::data::env::{Io, Pace};
use crate::data::stats::SensorHealth;
use crate::link::Links;
use crate::say::{faults, units};
use hone_learn::text::{Out, Write};
use hone_signal::{Channel, Micros};

#[inline(never)]
pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["info"] => info(links, io),
        ["read"] => read(links, io),
        _ => misuse("sensor", io),
    }
}

fn info(links: &Links, io: &mut dyn Io) -> Outcome {
    let stats = links.sampling.get();
    let Some(sensor) = stats.sensor else { return fail(io, "the sensor has not been read yet") };
    io.str(sensor.name);
    io.counts(": %", &[sensor.channels.into()]);
    io.str(if sensor.channels == 1 { " channel at " } else { " channels at " });
    units::rate(sensor.rate, io.out());
    io.str(" by the ");
    io.str(pace(sensor.pace));
    if sensor.uniform() {
        io.str(", ");
        units::scale(sensor.meaning().first().copied().unwrap_or_default(), io.out());
    }
    io.str("\n");
    for (number, channel) in sensor.meaning().iter().enumerate().filter(|_| !sensor.uniform()) {
        io.counts("  channel %: ", &[number as u32]);
        units::scale(*channel, io.out());
        io.str("\n");
    }
    health(stats.health, io);
    io.str("\n");
    Ok(())
}

/// What says when a frame is read.
pub(super) fn pace(pace: Pace) -> &'static str {
    match pace {
        Pace::Clock => "clock",
        Pace::Trigger => "sensor's trigger",
        Pace::Stream => "sensor's stream",
    }
}

/// How the sensor does, in words.
pub(super) fn health(health: SensorHealth, out: &mut dyn Out) {
    match health {
        SensorHealth::Starting => out.str("not read yet"),
        SensorHealth::Well => out.str("well"),
        SensorHealth::Suspect(what) => faults::samples(what, out),
        SensorHealth::Lost(error) => faults::sensor(error, out),
    }
}

fn read(links: &Links, io: &mut dyn Io) -> Outcome {
    let stats = links.sampling.get();
    let Some(sensor) = stats.sensor.filter(|_| stats.frames > 0) else {
        return fail(io, "the sensor has not been read yet; 'sensor info' says how it does");
    };
    let count = sensor.meaning().len();
    for (i, (sample, Channel { scale, unit })) in (1..).zip(stats.last.iter().zip(sensor.meaning())) {
        io.fixed(f32::from(*sample) * scale, 3);
        if i == count || !sensor.uniform() {
            units::unit(*unit, io.out());
        }
        io.str(if i == count { "" } else { ", " });
    }
    let age = Micros(io.now().0.saturating_sub(stats.last_time.0));
    if let SensorHealth::Lost(_) = stats.health {
        io.str(" (");
        io.seconds(age);
        io.str(" s ago; the sensor does not answer)");
    }
    io.str("\n");
    Ok(())
}
