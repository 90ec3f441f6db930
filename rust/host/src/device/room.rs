//! A simulated room, as a thermometer in it sees it.
//!
//! The air outside has a course over the day and weather that wanders about it. A heater follows a thermostat with a set-back at
//! night, as strong as it has to be; the room loses and gains heat through its walls with a time constant of hours. When the heater
//! fails it cools towards the outside. All is seeded: equal seeds and commands give equal samples.

use hone_engine::capacity::CHANNELS;
use hone_engine::{Pace, Reading, Sensor, SensorError, SensorInfo};
use hone_numeric::rng::Rng;
use hone_signal::{Channel, Faults, Micros, Rate, Sample, Unit};
use std::f64::consts::TAU;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Seconds from one reading to the next.
pub const SECONDS: u32 = 15;
/// °C for one LSB.
pub const SCALE: f64 = 0.01;
const DAY: f64 = 86_400.0;
/// Time constants of the walls and of the weather, s.
const WALLS: f64 = 6.0 * 3600.0;
const WEATHER: f64 = 12.0 * 3600.0;
/// How quickly the heater answers to what is missing, 1/s.
const GAIN: f64 = 1.0 / 1800.0;
/// The most that it warms, °C/s.
const POWER: f64 = 25.0 / WALLS;
/// Noise of the thermometer, °C.
const NOISE: f64 = 0.05;

/// The handle by which the heater is switched off.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<AtomicBool>);

impl Control {
    /// The heater fails, or is mended.
    pub fn fail(&self, fails: bool) {
        self.0.store(fails, Ordering::Relaxed);
    }

    /// Whether it has failed.
    pub fn fails(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The room as a sensor.
#[derive(Debug)]
pub struct Room {
    control: Control,
    rng: Rng,
    frames: u64,
    weather: f64,
    inside: f64,
}

impl Room {
    /// A room at midnight.
    pub fn new(seed: u64, control: Control) -> Self {
        Self { control, rng: Rng::new(seed), frames: 0, weather: 0.0, inside: 18.0 }
    }

    fn noise(&mut self) -> f64 {
        f64::from(self.rng.next_normal())
    }

    /// One step; the temperature of the air in the room, °C.
    fn step(&mut self) -> f64 {
        let (dt, hour) = (f64::from(SECONDS), (self.frames * u64::from(SECONDS)) as f64 % DAY / 3600.0);
        self.frames += 1;
        self.weather += -self.weather * dt / WEATHER + 1.0 * libm::sqrt(2.0 * dt / WEATHER) * self.noise();
        let outside = 5.0 - 4.0 * libm::cos(TAU * (hour - 3.0) / 24.0) + self.weather;
        // Warm by day, cooler at night, half an hour from the one to the other.
        let by_day = 1.0 / (1.0 + libm::exp(-(hour - 6.5) * 4.0)) - 1.0 / (1.0 + libm::exp(-(hour - 22.5) * 4.0));
        let wanted = 18.0 + 3.0 * by_day;
        // What the walls take, and what is missing.
        let needed = (self.inside - outside) / WALLS + GAIN * (wanted - self.inside);
        let heat = if self.control.fails() { 0.0 } else { needed.clamp(0.0, POWER) };
        self.inside += dt * (heat - (self.inside - outside) / WALLS);
        self.inside
    }
}

impl Sensor for Room {
    fn info(&self) -> SensorInfo {
        SensorInfo {
            name: "simulated room",
            rate: Rate::new(1, SECONDS),
            pace: Pace::Clock,
            channels: 1,
            meaning: [Channel { scale: SCALE as f32, unit: Unit::Celsius }; CHANNELS],
        }
    }

    fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        let value = self.step() + NOISE * self.noise();
        if let Some(sample) = frame.first_mut() {
            *sample = (value / SCALE).round() as Sample;
        }
        Ok(Reading::new(now, Faults::NONE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(room: &mut Room) -> Vec<f64> {
        (0..86_400 / SECONDS).map(|_| room.step()).collect()
    }

    #[test]
    fn it_is_warm_by_day_and_cools_without_the_heater() {
        let control = Control::default();
        let mut room = Room::new(1, control.clone());
        day(&mut room);
        let well = day(&mut room);
        let at = |hour: f64| well[(hour * 3600.0 / f64::from(SECONDS)) as usize];
        assert!((20.5..21.5).contains(&at(15.0)) && (17.5..18.5).contains(&at(4.0)), "{} {}", at(15.0), at(4.0));
        control.fail(true);
        let ill = day(&mut room);
        assert!(ill.last().unwrap() < &12.0, "{:?}", ill.last());
        let (mut a, mut b) = (Room::new(3, Control::default()), Room::new(3, Control::default()));
        assert_eq!(day(&mut a), day(&mut b));
    }
}
