//! A simulated test bed: a DC motor on a relay-switched supply, with a three-axis accelerometer on its bearing housing.
//!
//! ```text
//!  supply ──relay──► motor speed ──► vibration at shaft rate f, 2f, 3f ─┐
//!   12 V    6.6 V    lag 120 ms       (amplitude ∝ f²)                  ├─► + gravity + sensor noise ─► ±4 g, 16 bits
//!                                ──► bearing noise through the housing ─┘
//!                                    (resonance 210 Hz, ∝ f)
//! ```
//!
//! The relay drops the supply to 55 %, so the motor slows down: every line moves to a lower frequency and shrinks.
//! An imbalance triples the force at shaft rate. A bearing defect strikes the housing 3.58 times a revolution (outer race
//! of a common deep-groove bearing) and rings its 380 Hz mode. All is seeded: equal seeds and commands give equal samples.

use hone_engine::capacity::{CHANNELS, SAMPLE_RATE_HZ, SAMPLE_SECONDS};
use hone_engine::{Pace, Reading, Sensor, SensorError, SensorInfo};
use hone_numeric::rng::Rng;
use hone_signal::{Channel, Faults, Micros, Rate, Sample, Unit};
use std::f64::consts::TAU;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Standard gravity, m/s².
const G: f64 = 9.806_65;
/// The sensor's range: ±4 g over 16 bits.
const SCALE: f64 = 4.0 * G / 32768.0;
/// Shaft rate at full supply, Hz (2700 rpm).
const SHAFT_HZ: f64 = 45.0;
/// What the relay leaves of the supply.
const DROP: f64 = 0.55;
/// Time constant of the speed, s.
const LAG: f64 = 0.12;
/// Noise of the sensor, m/s² rms (a few mg, as of common parts at this rate).
const SENSOR_NOISE: f64 = 0.03;

/// What is done to the rig.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Condition {
    /// Nothing.
    Normal,
    /// The relay drops the supply to 55 %.
    SupplyDrop,
    /// A mass on the shaft triples the imbalance.
    Imbalance,
    /// A defect in the bearing's outer race.
    Bearing,
    /// The sensor repeats its last reading.
    Stuck,
    /// The sensor's cable is off.
    Disconnect,
    /// The sensor reports readings that are not a number.
    Nan,
    /// The sensor is overdriven.
    Saturate,
}

impl Condition {
    /// All, with their words and meaning.
    pub const ALL: [(Self, &'static str, &'static str); 8] = [
        (Self::Normal, "normal", "the motor at full supply, everything well"),
        (Self::SupplyDrop, "supply-drop", "the relay drops the supply to 55 %"),
        (Self::Imbalance, "imbalance", "a mass on the shaft triples the imbalance"),
        (Self::Bearing, "bearing", "a defect in the bearing's outer race"),
        (Self::Stuck, "stuck", "the sensor repeats its last reading"),
        (Self::Disconnect, "disconnect", "the sensor does not answer"),
        (Self::Nan, "nan", "the sensor reports readings that are not a number"),
        (Self::Saturate, "saturate", "the sensor is overdriven"),
    ];

    /// The condition of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|c| c.1 == name).map(|c| c.0)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|c| c.0 == self).map_or("", |c| c.1)
    }
}

/// The handle by which the rig's condition is changed while the device runs.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<AtomicU8>);

impl Control {
    /// Changes the condition.
    pub fn set(&self, condition: Condition) {
        self.0.store(condition as u8, Ordering::Relaxed);
    }

    /// The condition.
    pub fn get(&self) -> Condition {
        let code = self.0.load(Ordering::Relaxed);
        Condition::ALL.iter().find(|c| c.0 as u8 == code).map_or(Condition::Normal, |c| c.0)
    }
}

/// A second-order resonance driven by a force, in direct form.
#[derive(Clone, Copy, Debug)]
struct Resonance {
    a1: f64,
    a2: f64,
    gain: f64,
    y1: f64,
    y2: f64,
}

impl Resonance {
    fn new(hz: f64, damping: f64, rate: f64) -> Self {
        let (w, r) = (TAU * hz / rate, libm::exp(-damping * TAU * hz / rate));
        Self { a1: 2.0 * r * libm::cos(w), a2: -r * r, gain: 1.0 - r, y1: 0.0, y2: 0.0 }
    }

    fn step(&mut self, force: f64) -> f64 {
        let y = self.a1 * self.y1 + self.a2 * self.y2 + self.gain * force;
        (self.y2, self.y1) = (self.y1, y);
        y
    }
}

/// The rig as a sensor.
#[derive(Debug)]
pub struct Rig {
    control: Control,
    rng: Rng,
    speed: f64,
    wander: f64,
    phase: f64,
    strike: f64,
    housing: [Resonance; 3],
    bearing: Resonance,
    last: [Sample; 3],
}

impl Rig {
    /// A rig that starts at full speed.
    pub fn new(seed: u64, control: Control) -> Self {
        let rate = SAMPLE_RATE_HZ as f64;
        Self {
            control,
            rng: Rng::new(seed),
            speed: 1.0,
            wander: 0.0,
            phase: 0.0,
            strike: 0.0,
            housing: [(210.0, 0.06), (236.0, 0.08), (160.0, 0.10)].map(|(hz, d)| Resonance::new(hz, d, rate)),
            bearing: Resonance::new(380.0, 0.03, rate),
            last: [0; 3],
        }
    }

    fn noise(&mut self) -> f64 {
        f64::from(self.rng.next_normal())
    }

    /// One step of the mechanics; acceleration of each axis in m/s².
    fn step(&mut self, condition: Condition) -> [f64; 3] {
        let dt = 1.0 / SAMPLE_RATE_HZ as f64;
        let supply = if condition == Condition::SupplyDrop { DROP } else { 1.0 };
        self.speed += (supply - self.speed) * dt / LAG;
        // The load wanders slowly by about half a per cent.
        self.wander += -self.wander * dt / 0.5 + 0.005 * libm::sqrt(2.0 * dt / 0.5) * self.noise();
        let speed = self.speed * (1.0 + self.wander);
        let turn = SHAFT_HZ * speed * dt;
        self.phase = (self.phase + turn) % 1.0;
        let angle = TAU * self.phase;

        let force = speed * speed;
        let imbalance = if condition == Condition::Imbalance { 3.0 } else { 1.0 };
        let radial = 0.9 * imbalance * force;
        let mut axes = [
            radial * libm::cos(angle) + force * (0.30 * libm::cos(2.0 * angle + 0.7) + 0.12 * libm::cos(3.0 * angle)),
            radial * libm::sin(angle) + force * (0.22 * libm::sin(2.0 * angle + 0.2) + 0.15 * libm::cos(3.0 * angle)),
            force * (0.15 * libm::cos(angle + 1.0) + 0.25 * libm::cos(2.0 * angle)) + G,
        ];

        let mut blow = 0.0;
        if condition == Condition::Bearing {
            self.strike += 3.58 * turn;
            if self.strike >= 1.0 {
                // Rolling elements slip a little, so the strikes do not keep exact step.
                self.strike = 0.02 * self.noise();
                blow = 60.0 * speed;
            }
        }
        let ring = self.bearing.step(blow);
        for (axis, (a, share)) in axes.iter_mut().zip([0.8, 1.0, 0.4]).enumerate() {
            let grind = 1.6 * speed * self.noise();
            let housing = self.housing.get_mut(axis).map_or(0.0, |h| h.step(grind));
            *a += housing + share * ring + SENSOR_NOISE * self.noise();
        }
        axes
    }
}

/// An acceleration in LSB, and whether it is beyond the range.
fn quantise(value: f64) -> (Sample, Faults) {
    let lsb = (value / SCALE).round();
    if lsb >= 32767.0 {
        (i16::MAX, Faults::SATURATED)
    } else if lsb <= -32768.0 {
        (i16::MIN, Faults::SATURATED)
    } else {
        (lsb as Sample, Faults::NONE)
    }
}

impl Sensor for Rig {
    fn info(&self) -> SensorInfo {
        SensorInfo {
            name: "simulated motor rig",
            rate: Rate::new(SAMPLE_RATE_HZ as u32, SAMPLE_SECONDS as u32),
            pace: Pace::Clock,
            channels: CHANNELS.min(3) as u8,
            meaning: [Channel { scale: SCALE as f32, unit: Unit::MetresPerSecondSquared }; CHANNELS],
        }
    }

    fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        let condition = self.control.get();
        let axes = self.step(condition);
        let mut faults = Faults::NONE;
        match condition {
            Condition::Disconnect => return Err(SensorError::Bus(-5)),
            Condition::Stuck => {}
            Condition::Nan => faults = Faults::NOT_A_NUMBER,
            _ => {
                let gain = if condition == Condition::Saturate { 12.0 } else { 1.0 };
                for (last, a) in self.last.iter_mut().zip(axes) {
                    let (sample, fault) = quantise(a * gain);
                    *last = sample;
                    faults = faults.with(fault);
                }
            }
        }
        for (sample, last) in frame.iter_mut().zip(self.last) {
            *sample = last;
        }
        Ok(Reading::new(now, faults))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rms(rig: &mut Rig, frames: usize, axis: usize) -> f64 {
        let mut frame = [0; CHANNELS];
        let mut values = Vec::new();
        for _ in 0..frames {
            rig.read(Micros(0), &mut frame).unwrap();
            values.push(f64::from(frame[axis]) * SCALE);
        }
        let mean = values.iter().sum::<f64>() / frames as f64;
        (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / frames as f64).sqrt()
    }

    #[test]
    fn a_supply_drop_lowers_vibration_and_an_imbalance_raises_it() {
        let control = Control::default();
        let mut rig = Rig::new(1, control.clone());
        let normal = rms(&mut rig, 2000, 0);
        control.set(Condition::SupplyDrop);
        rms(&mut rig, 1000, 0);
        let dropped = rms(&mut rig, 2000, 0);
        control.set(Condition::Imbalance);
        rms(&mut rig, 1000, 0);
        let imbalanced = rms(&mut rig, 2000, 0);
        assert!(dropped < 0.6 * normal, "{dropped} after {normal}");
        assert!(imbalanced > 2.0 * normal, "{imbalanced} after {normal}");
        assert!((0.3..2.0).contains(&normal), "{normal} m/s2 is no motor");
    }

    #[test]
    fn equal_seeds_give_equal_samples() {
        let (mut a, mut b) = (Rig::new(7, Control::default()), Rig::new(7, Control::default()));
        let (mut fa, mut fb) = ([0; CHANNELS], [0; CHANNELS]);
        for _ in 0..1000 {
            a.read(Micros(0), &mut fa).unwrap();
            b.read(Micros(0), &mut fb).unwrap();
            assert_eq!(fa, fb);
        }
    }

    #[test]
    fn a_disconnected_sensor_does_not_answer() {
        let control = Control::default();
        let mut rig = Rig::new(1, control.clone());
        control.set(Condition::Disconnect);
        assert_eq!(rig.read(Micros(0), &mut [0; CHANNELS]), Err(SensorError::Bus(-5)));
    }
}
