//! What the loops count. Counters stop at their greatest value.

use crate::capacity::{CHANNELS, TRAINING_ROWS};
use crate::data::env::{SensorError, SensorInfo};
use crate::data::order::{Job, JobFault};
use crate::learners::{FIRST, Learner};
use hone_learn::alarm::Alarm;
use hone_learn::learner::{Answer, Learning, Point};
use hone_learn::metrics::Confusion;
use hone_learn::{ClassId, Decision, Report};
use hone_signal::{Faults, Micros, Rate, Sample};

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
    /// It answers, and something is wrong with what it says.
    Suspect(Faults),
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
    /// Frames that were due and not read in time, or that the sensor took and nobody got.
    pub overruns: u32,
    /// Frames that are to the bit as the one before.
    pub repeated: u32,
    /// The times between frames.
    pub intervals: Intervals,
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
        repeated: 0,
        intervals: Intervals::ZERO,
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

/// The times between frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// How many.
    pub count: u32,
    /// Shortest, in microseconds.
    pub min: u32,
    /// Longest.
    pub max: u32,
    /// Their sum, and the sums of what they are above the nominal interval, and of its square.
    sum: u64,
    above: i64,
    squares: u64,
}

impl Intervals {
    /// None yet.
    pub const ZERO: Self = Self { count: 0, min: 0, max: 0, sum: 0, above: 0, squares: 0 };

    /// Takes one in.
    pub fn add(&mut self, micros: u64, rate: Rate) {
        let above = micros as i64 - rate.span(1).0 as i64;
        let short = u32::try_from(micros).unwrap_or(u32::MAX);
        self.min = if self.count == 0 { short } else { self.min.min(short) };
        self.max = self.max.max(short);
        self.sum = self.sum.saturating_add(micros);
        self.above = self.above.saturating_add(above);
        self.squares = self.squares.saturating_add(above.unsigned_abs().saturating_mul(above.unsigned_abs()));
        count(&mut self.count);
    }

    /// The rate that they tell of; 0 without any.
    pub fn hertz(&self) -> f32 {
        if self.sum == 0 { 0.0 } else { self.count as f32 / (self.sum as f32 * 1e-6) }
    }

    /// Their standard deviation, in microseconds.
    pub fn deviation(&self) -> f32 {
        let count = self.count.max(1) as f32;
        let mean = self.above as f32 / count;
        hone_numeric::kernel::sqrt_f32((self.squares as f32 / count - mean * mean).max(0.0))
    }
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
    pub answer: Answer,
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
    /// Alarms.
    pub alarm: Alarm,
    /// The model that judges, and when it was published.
    pub model: Option<(Learner, Micros)>,
    /// Feature vectors per window that it sees; 0 where it sees samples, or one row.
    pub steps: u16,
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
        alarm: Alarm::NONE,
        model: None,
        steps: 0,
        once_done: 0,
    };

    /// Verdicts in all.
    pub fn verdicts(&self) -> u32 {
        self.normal.saturating_add(self.anomalous).saturating_add(self.classified).saturating_add(self.unknown)
    }

    /// Counts a verdict.
    pub fn judge(&mut self, last: Last) {
        count(match last.answer.verdict.decision {
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
    /// What was done.
    pub job: Job,
    /// When it ended.
    pub time: Micros,
    /// From order to end.
    pub took: Micros,
    /// Its report, or why there is no model.
    pub result: Result<Report, JobFault>,
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
    /// What is done.
    pub job: Job,
    /// The newest point of its curve.
    pub point: Option<Point>,
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
        learner: FIRST,
        job: Job::TRAINING,
        point: None,
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

/// How a model that learns in place does, and what waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OnlineStats {
    /// The learner of the model, and its slot; `None` as long as there was none.
    pub model: Option<(Learner, u8)>,
    /// How far it has come.
    pub learning: Learning,
    /// The window that waits for a label.
    pub waiting: Option<u32>,
}

impl OnlineStats {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        model: None,
        learning: Learning { learnt: 0, units: 0, capacity: 0, accuracy: 0.0, recent: 0.0, pruned: 0, refused: 0 },
        waiting: None,
    };
}

/// Classes that `data info` tells apart; rows of others are counted together.
pub const CLASSES_SHOWN: usize = 8;

/// What the training set holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataStats {
    /// Rows in the set.
    pub rows: u32,
    /// Rows that it has room for.
    pub capacity: u32,
    /// Features per row; 0 as long as there was no row.
    pub features: u32,
    /// Rows per class, as far as there is room to tell.
    pub classes: [Option<(ClassId, u32)>; CLASSES_SHOWN],
    /// Rows without a label.
    pub unlabelled: u32,
    /// Windows that would have been rows: the set was full, away, or the features were not usable.
    pub missed: u32,
    /// Rows that a training still waits for.
    pub wanted: u32,
}

impl DataStats {
    /// Nothing.
    pub const ZERO: Self = Self {
        rows: 0,
        capacity: TRAINING_ROWS as u32,
        features: 0,
        classes: [None; CLASSES_SHOWN],
        unlabelled: 0,
        missed: 0,
        wanted: 0,
    };

    pub(crate) fn drop(&mut self, label: ClassId) {
        self.rows = self.rows.saturating_sub(1);
        if let Some((_, n)) = self.classes.iter_mut().flatten().find(|(class, _)| *class == label) {
            *n = n.saturating_sub(1);
        }
    }

    pub(crate) fn add(&mut self, label: Option<ClassId>) {
        self.rows += 1;
        let Some(label) = label else {
            self.unlabelled += 1;
            return;
        };
        if let Some(place) = self.classes.iter_mut().find(|c| c.is_none_or(|(class, _)| class == label)) {
            *place = Some((label, place.map_or(0, |(_, n)| n) + 1));
        }
    }
}

/// Classes that an evaluation tells apart.
pub const CLASSES_JUDGED: usize = 8;

/// How a learner did on rows that were held back from its training.
#[derive(Clone, Copy, Debug)]
pub struct Evaluation {
    /// The number of the job.
    pub id: u32,
    /// Trainings, each without the rows that it was judged on.
    pub trainings: u8,
    /// Rows and windows judged.
    pub rows: u32,
    /// Of which the model said nothing, or nothing that rests on all that it is to rest on.
    pub unanswered: u32,
    /// Labelled rows by class and decision.
    pub confusion: Confusion<CLASSES_JUDGED>,
    /// Rows found anomalous.
    pub anomalous: u32,
    /// Mean score.
    pub score: f32,
    /// Numbers foretold whose truth is known, their mean squared error, and how many lay within their bounds.
    pub estimates: u32,
    /// See there.
    pub squared_error: f32,
    /// See there.
    pub covered: u32,
}

impl Evaluation {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        id: 0,
        trainings: 0,
        rows: 0,
        unanswered: 0,
        confusion: Confusion::EMPTY,
        anomalous: 0,
        score: 0.0,
        estimates: 0,
        squared_error: 0.0,
        covered: 0,
    };

    /// Takes in what was said of a row. False when its class is one too many.
    pub fn add(&mut self, label: Option<ClassId>, answer: Option<&Answer>) -> bool {
        let Some(answer) = answer else {
            count(&mut self.unanswered);
            return true;
        };
        count(&mut self.rows);
        let decision = answer.verdict.decision;
        self.anomalous = self.anomalous.saturating_add((decision == Decision::Anomalous).into());
        if answer.verdict.score.is_finite() {
            self.score += (answer.verdict.score - self.score) / self.rows as f32;
        }
        if let Some(e) = answer.estimate.filter(|e| e.seen.is_finite()) {
            count(&mut self.estimates);
            let error = e.value - e.seen;
            self.squared_error += (error * error - self.squared_error) / self.estimates as f32;
            self.covered = self.covered.saturating_add((e.lower <= e.seen && e.seen <= e.upper).into());
        }
        let said = match decision {
            Decision::Class(class) => Some(class),
            Decision::Unknown => None,
            // A detector tells no classes apart, whatever labels its rows have.
            Decision::Normal | Decision::Anomalous => return true,
        };
        label.is_none_or(|truth| self.confusion.add(truth, said).is_ok())
    }
}
