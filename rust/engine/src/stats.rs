//! What the loops count. Counters stop at their greatest value.

use crate::capacity::CHANNELS;
use crate::config::Learner;
use crate::convert::Offer;
use crate::env::{SensorError, SensorInfo};
use crate::training::TrainFault;
use hone_learn::{Decision, Report, Verdict};
use hone_signal::{Micros, Sample};

/// Adds one to a counter.
pub fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

/// How the sensor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorHealth {
    /// Not read yet.
    Starting,
    /// It answers and what it says is plausible.
    Well,
    /// It repeats one reading to the bit.
    Stuck,
    /// It does not answer.
    Lost(SensorError),
}

/// Counted by the sampling loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplingStats {
    /// What is read; `None` until the first reading.
    pub sensor: Option<SensorInfo>,
    /// How it does.
    pub health: SensorHealth,
    /// Frames read.
    pub frames: u32,
    /// Frames that were due and not read in time.
    pub overruns: u32,
    /// Frames that were due while flash was erased.
    pub flash_gaps: u32,
    /// Blocks that found the queue full; their frames are lost.
    pub blocks_lost: u32,
    /// Readings that failed.
    pub errors: u32,
    /// Frames with a value that was not a number.
    pub not_a_number: u32,
    /// Frames with a value at the end of the range.
    pub saturated: u32,
    /// Frames while the sensor was stuck.
    pub stuck: u32,
    /// Most blocks that ever waited.
    pub queue_high: u16,
    /// The last frame.
    pub last: [Sample; CHANNELS],
    /// When it was read.
    pub last_time: Micros,
}

impl SamplingStats {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        sensor: None,
        health: SensorHealth::Starting,
        frames: 0,
        overruns: 0,
        flash_gaps: 0,
        blocks_lost: 0,
        errors: 0,
        not_a_number: 0,
        saturated: 0,
        stuck: 0,
        queue_high: 0,
        last: [0; CHANNELS],
        last_time: Micros(0),
    };
}

/// Least, mean and greatest of a span, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Spans taken.
    pub count: u32,
    /// Shortest.
    pub min: u32,
    /// Longest.
    pub max: u32,
    sum: u64,
}

impl Latency {
    /// Takes one span.
    pub fn add(&mut self, span: Micros) {
        let micros = u32::try_from(span.0).unwrap_or(u32::MAX);
        self.min = if self.count == 0 { micros } else { self.min.min(micros) };
        self.max = self.max.max(micros);
        self.sum = self.sum.saturating_add(u64::from(micros));
        count(&mut self.count);
    }

    /// The mean; 0 without spans.
    pub fn mean(&self) -> u32 {
        (self.sum / u64::from(self.count.max(1))) as u32
    }
}

/// A verdict and its window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Last {
    /// The window's number.
    pub sequence: u32,
    /// When the window ended.
    pub time: Micros,
    /// What was said of it.
    pub verdict: Verdict,
}

/// Counted by the inference loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InferenceStats {
    /// Windows completed.
    pub windows: u32,
    /// Windows begun anew because frames were missing.
    pub broken: u32,
    /// Windows not judged and not learnt because of their samples' faults.
    pub rejected: u32,
    /// Verdicts: normal.
    pub normal: u32,
    /// Verdicts: anomalous.
    pub anomalous: u32,
    /// Verdicts: of a class.
    pub classified: u32,
    /// Verdicts: unknown.
    pub unknown: u32,
    /// Windows that a training asked for and no free window could carry.
    pub windows_lost: u32,
    /// Models taken into use.
    pub swaps: u32,
    /// From the end of a window to its verdict.
    pub latency: Latency,
    /// The newest verdict.
    pub last: Option<Last>,
    /// When the model in use was published, and what it is.
    pub model: Option<(Learner, Micros)>,
    /// Requests of `infer once` answered.
    pub once_done: u32,
}

impl InferenceStats {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        windows: 0,
        broken: 0,
        rejected: 0,
        normal: 0,
        anomalous: 0,
        classified: 0,
        unknown: 0,
        windows_lost: 0,
        swaps: 0,
        latency: Latency { count: 0, min: 0, max: 0, sum: 0 },
        last: None,
        model: None,
        once_done: 0,
    };

    /// Verdicts in all.
    pub fn verdicts(&self) -> u32 {
        self.normal.saturating_add(self.anomalous).saturating_add(self.classified).saturating_add(self.unknown)
    }

    /// Counts a verdict.
    pub fn judge(&mut self, last: Last) {
        count(match last.verdict.decision {
            Decision::Normal => &mut self.normal,
            Decision::Anomalous => &mut self.anomalous,
            Decision::Class(_) => &mut self.classified,
            Decision::Unknown => &mut self.unknown,
        });
        self.last = Some(last);
    }
}

/// Where a training is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// None was ever begun.
    Idle,
    /// It takes in windows.
    Collecting,
    /// It computes.
    Computing,
    /// It ended with a new model.
    Done,
    /// It ended without one.
    Failed,
}

/// How one training ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ended {
    /// Its number.
    pub id: u32,
    /// What was trained.
    pub learner: Learner,
    /// It was a conversion of the model in use.
    pub converts: bool,
    /// When it ended.
    pub time: Micros,
    /// From order to end.
    pub took: Micros,
    /// Its report, or why there is no model.
    pub result: Result<Report, TrainFault>,
}

/// Trainings remembered.
pub const HISTORY: usize = 4;

/// Kept by the training loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingStatus {
    /// Trainings ordered so far; their numbers count from 1.
    pub ordered: u32,
    /// The number of the newest training begun, from 1.
    pub id: u32,
    /// What it trains.
    pub learner: Learner,
    /// It converts the model in use.
    pub converts: bool,
    /// A converted model that waits for the user's word.
    pub offer: Option<Offer>,
    /// Where it is.
    pub phase: Phase,
    /// Steps behind.
    pub done: u32,
    /// Steps in all.
    pub total: u32,
    /// When it was begun.
    pub since: Micros,
    /// The highest number that was refused because another was under way.
    pub refused: u32,
    /// The last trainings, the newest last.
    pub history: [Option<Ended>; HISTORY],
}

impl TrainingStatus {
    /// None was ever begun.
    pub const IDLE: Self = Self {
        ordered: 0,
        id: 0,
        learner: Learner::Esn,
        converts: false,
        offer: None,
        phase: Phase::Idle,
        done: 0,
        total: 0,
        since: Micros(0),
        refused: 0,
        history: [None; HISTORY],
    };

    /// Whether one is under way.
    pub fn running(&self) -> bool {
        matches!(self.phase, Phase::Collecting | Phase::Computing)
    }

    /// How training `id` ended, if it has and is remembered.
    pub fn ended(&self, id: u32) -> Option<Ended> {
        self.history.iter().flatten().find(|e| e.id == id).copied()
    }

    /// Remembers how a training ended.
    pub fn end(&mut self, ended: Ended) {
        self.phase = if ended.result.is_ok() { Phase::Done } else { Phase::Failed };
        self.history.rotate_left(1);
        if let Some(newest) = self.history.last_mut() {
            *newest = Some(ended);
        }
    }
}
