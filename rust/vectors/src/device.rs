//! The whole device with each learner of the engine's table, through the contract alone: it is taught two classes, and then
//! judges windows of both. A learner that comes by its row is compared, and counted (`learners` in rust/target-bench), like the others.
//!
//! A frame's channel c is a triangle wave of range ±800 (class 1), ±3200 (class 2) or ±12800 (any other) and of step 45 + 25·c in 1000 a
//! frame, plus noise: a tenth of its range, from the generator seeded with the learner's number.

use hone_engine::capacity::{CHANNELS, WINDOW_FRAMES};
use hone_engine::data::event::Event;
use hone_engine::data::order::Job;
use hone_engine::device::Device;
use hone_engine::learners::Learner;
use hone_engine::{Led, Links, Memory, Pace, Reading, Sensor, SensorError, SensorInfo};
use hone_learn::learner::{Part, Start};
use hone_learn::{ClassId, Decision};
use hone_numeric::rng::Rng;
use hone_signal::{Channel, Faults, Micros, Rate, Sample, Unit};

use crate::{Emit, crc_bytes};

/// Frames a second.
const RATE: u32 = 1000;

/// What is sampled.
#[derive(Debug)]
struct Hum {
    range: i32,
    frame: u32,
    rng: Rng,
}

impl Sensor for Hum {
    fn info(&self) -> SensorInfo {
        let channel = Channel { scale: 0.001, unit: Unit::MetresPerSecondSquared };
        SensorInfo {
            name: "hum",
            rate: Rate::new(RATE, 1),
            pace: Pace::Clock,
            channels: 3,
            meaning: [channel; CHANNELS],
        }
    }

    fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        self.frame = self.frame.wrapping_add(1);
        for (sample, step) in frame.iter_mut().zip([45, 70, 95]) {
            let phase = (self.frame.wrapping_mul(step) % 1000) as i32;
            let noise = self.rng.below(self.range.unsigned_abs() / 5) as i32 - self.range / 10;
            *sample = ((phase.min(1000 - phase) - 250) * self.range / 250 + noise) as Sample;
        }
        Ok(Reading::new(now, Faults::NONE))
    }
}

/// A light that nobody sees.
#[derive(Debug)]
struct Dark;

impl Led for Dark {
    fn set(&mut self, _: bool) {}
}

/// What was told of the windows judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Trainings that ended with a model.
    pub trained: u32,
    /// Windows judged.
    pub windows: u32,
    /// Those of them decided as what was heard first.
    pub first: u32,
    /// The checksum of decisions and scores.
    pub checksum: u32,
}

/// A device to be taught by each learner in turn.
#[derive(Debug)]
pub struct Trial {
    device: Device<Hum, Dark>,
    links: &'static Links,
    told: Told,
}

impl Trial {
    /// A device at its start.
    pub fn new(links: &'static mut Links, memory: &'static mut Memory) -> Self {
        let sensor = Hum { range: 800, frame: 0, rng: Rng::new(0) };
        let device = Device::new(links, memory, sensor, Dark);
        Self { links: device.links(), device, told: Told::default() }
    }

    /// Hears class `class`, labelled so if it is to learn, for so many seconds.
    fn hear(&mut self, class: u16, labelled: bool, seconds: u64) {
        self.device.sensor.range = match class {
            1 => 800,
            2 => 3200,
            _ => 12_800,
        };
        self.links.request.update(|r| r.label = Some(ClassId(class)).filter(|_| labelled));
        // The queue of events is short, and a network tells of a pass each 20 ms.
        for _ in 0..seconds * 20 {
            self.device.run(Micros(50_000));
            while let Some(event) = self.device.events.receive() {
                self.told.add(event);
            }
        }
    }

    /// Labels four seconds of each class, then lets `learner` learn from these rows, from fifty seconds of the first or in place.
    pub fn teach(&mut self, learner: Learner) {
        self.device.sensor.rng = Rng::new(u64::from(learner.code()));
        self.links.request.update(|r| r.verbose = false);
        self.told = Told::default();
        self.hear(1, true, 4);
        self.hear(2, true, 4);
        self.links.order(learner, None, Job::Train { start: Start::Afresh, part: Part::Whole });
        self.hear(1, true, 52);
        self.hear(2, true, 4);
    }

    /// Judges two seconds of each class; what was told since the training's start.
    pub fn judge(&mut self) -> Told {
        self.links.request.update(|r| r.verbose = true);
        self.told = Told { trained: self.told.trained, ..Told::default() };
        self.hear(1, false, 2);
        self.hear(2, false, 2);
        self.told
    }

    /// Whether what it learnt shows: about half of the windows judged are as what was heard first. One that takes no heed of labels has
    /// learnt both classes; most of what it has not heard is neither.
    pub fn tells_apart(&mut self) -> bool {
        let judged = self.judge();
        if judged.trained != 1 || judged.windows <= 8 {
            return false;
        }
        if judged.first < judged.windows {
            return (3 * judged.windows..7 * judged.windows).contains(&(10 * judged.first));
        }
        self.told = Told::default();
        self.hear(3, false, 4);
        2 * self.told.first < self.told.windows
    }

    /// Samples one window and judges it.
    pub fn window(&mut self) {
        let frames = WINDOW_FRAMES as u64;
        self.device.run(Micros(frames * 1_000_000 / u64::from(RATE)));
    }
}

impl Told {
    fn add(&mut self, event: Event) {
        match event {
            Event::TrainingDone { .. } => self.trained += 1,

            Event::Verdict { answer, .. } => {
                let (kind, class) = match answer.verdict.decision {
                    Decision::Normal => (0, 0),
                    Decision::Anomalous => (1, 0),
                    Decision::Class(class) => (2, class.0),
                    Decision::Unknown => (3, 0),
                };
                self.windows += 1;
                self.first += u32::from(kind == 0 || (kind, class) == (2, 1));
                let [a, b, c, d] = self.checksum.to_le_bytes();
                let [low, high] = class.to_le_bytes();
                let [e, f, g, h] = answer.verdict.score.to_bits().to_le_bytes();
                self.checksum = crc_bytes(&[a, b, c, d, e, f, g, h, kind, low, high]);
            }
            _ => {}
        }
    }
}

/// Each learner's checksum.
pub fn emit(trial: &mut Trial, emit: Emit<'_>) {
    for learner in Learner::ALL {
        trial.teach(*learner);
        emit(learner.name(), trial.judge().checksum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::boxed::Box;

    #[test]
    fn each_learner_learns_and_tells_the_two_classes_apart() {
        let (links, memory) = (Box::leak(Box::new(Links::new())), Box::leak(Box::new(Memory::ZERO)));
        let mut trial = Trial::new(links, memory);
        for learner in Learner::ALL {
            trial.teach(*learner);
            assert!(trial.tells_apart(), "{learner:?}: {:?}", trial.told);
            // As the program that counts instructions goes on.
            trial.window();
        }
    }
}
