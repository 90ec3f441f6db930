//! `sensor`.

use super::{Outcome, fail, misuse};
use crate::data::env::Io;
use crate::data::stats::SensorHealth;
use crate::link::Links;
use crate::say::faults;
use hone_learn::text::{Out, Write};
use hone_signal::{Micros, Unit};

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
    io.counts("% Hz, ", &[sensor.rate_hz]);
    io.real(sensor.channel.scale);
    io.str(unit(sensor.channel.unit));
    io.str(" per LSB\n");
    health(stats.health, io);
    io.str("\n");
    Ok(())
}

/// How the sensor does, in words.
pub(super) fn health(health: SensorHealth, out: &mut dyn Out) {
    match health {
        SensorHealth::Starting => out.str("not read yet"),
        SensorHealth::Well => out.str("well"),
        SensorHealth::Stuck => out.str("stuck at one reading"),
        SensorHealth::Lost(error) => faults::sensor(error, out),
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::None => "",
        Unit::MetresPerSecondSquared => " m/s2",
        Unit::RadiansPerSecond => " rad/s",
        Unit::Celsius => " deg C",
    }
}

fn read(links: &Links, io: &mut dyn Io) -> Outcome {
    let stats = links.sampling.get();
    let Some(sensor) = stats.sensor.filter(|_| stats.frames > 0) else {
        return fail(io, "the sensor has not been read yet; 'sensor info' says how it does");
    };
    for (i, sample) in stats.last.iter().take(usize::from(sensor.channels)).enumerate() {
        io.str(if i == 0 { "" } else { ", " });
        io.fixed(f32::from(*sample) * sensor.channel.scale, 3);
    }
    io.str(unit(sensor.channel.unit));
    let age = Micros(io.now().0.saturating_sub(stats.last_time.0));
    if let SensorHealth::Lost(_) = stats.health {
        io.str(" (");
        io.seconds(age);
        io.str(" s ago; the sensor does not answer)");
    }
    io.str("\n");
    Ok(())
}
