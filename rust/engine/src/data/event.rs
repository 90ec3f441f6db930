//! What the device tells of itself, as it happens.

use crate::data::env::SensorError;
use crate::data::order::{JobFault, KeepError};
use crate::learners::Learner;
use hone_learn::alarm::Episode;
use hone_learn::learner::{Answer, Point};
use hone_learn::{ClassId, Report};
use hone_signal::{Faults, Micros};
use hone_store::Found;

/// Something that happened, small enough to queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A verdict that differs from the one before, or any verdict when `infer on -v` asked for all.
    Verdict {
        /// When the window ended.
        time: Micros,
        /// The window's number.
        sequence: u32,
        /// What the model said.
        answer: Answer,
    },
    /// An alarm began, or ended.
    Alarm {
        /// When.
        time: Micros,
        /// Which, so far.
        episode: Episode,
    },
    /// A window is of no class known; it waits for `label ID`.
    LabelWanted {
        /// When the window ended.
        time: Micros,
        /// The window's number.
        sequence: u32,
        /// The nearest class, the best guess.
        nearest: Option<ClassId>,
    },
    /// A training began to collect.
    TrainingStarted {
        /// When.
        time: Micros,
        /// Its number.
        id: u32,
        /// What is trained.
        learner: Learner,
    },
    /// A pass of a training over its data ended.
    TrainingPass {
        /// When.
        time: Micros,
        /// Its number.
        id: u32,
        /// Loss and figure on what is held back.
        point: Point,
    },
    /// A training ended with a new model, which is in use from the next window on.
    TrainingDone {
        /// When.
        time: Micros,
        /// Its number.
        id: u32,
        /// What was trained.
        learner: Learner,
        /// How it went.
        report: Report,
    },
    /// A training ended without a new model; the one in use stays.
    TrainingFailed {
        /// When.
        time: Micros,
        /// Its number.
        id: u32,
        /// Why.
        fault: JobFault,
    },
    /// A training was asked for while another is under way, and not begun.
    TrainingRefused {
        /// When.
        time: Micros,
        /// The number it would have had.
        id: u32,
    },
    /// The sensor stopped answering.
    SensorLost {
        /// When.
        time: Micros,
        /// How.
        error: SensorError,
    },
    /// The sensor answers, but what it says is wrong: one reading repeated, not a number, or at the end of the range.
    SensorSuspect {
        /// When.
        time: Micros,
        /// What is wrong.
        faults: Faults,
    },
    /// The measured rate differs from the nominal one by more than 5 %, or no more.
    SensorRate {
        /// When.
        time: Micros,
        /// Frames per second as they should be.
        nominal: f32,
        /// As they are.
        measured: f32,
        /// Whether that is more than 5 %.
        off: bool,
    },
    /// The sensor is well again.
    SensorBack {
        /// When.
        time: Micros,
    },
    /// The training set is full; the windows that follow are not kept.
    DataFull {
        /// When.
        time: Micros,
    },
    /// A page of flash is about to be erased; the processor may stand still meanwhile.
    FlashErasing {
        /// When.
        time: Micros,
    },
    /// Frames that were not read while a page of flash was erased.
    FlashGap {
        /// When.
        time: Micros,
        /// How many.
        frames: u32,
    },
    /// At the start the flash held unfinished or damaged records; the newest whole values are in force.
    FlashDamaged {
        /// When.
        time: Micros,
        /// What was found.
        found: Found,
    },
    /// The model saved is in use.
    ModelRestored {
        /// When.
        time: Micros,
        /// Its learner.
        learner: Option<Learner>,
        /// Bytes of its container.
        bytes: u32,
    },
    /// The model in use was saved without being asked.
    ModelSaved {
        /// When.
        time: Micros,
        /// Its learner.
        learner: Learner,
        /// Bytes of its container.
        bytes: u32,
    },
    /// What was to be restored, or saved without being asked, was not.
    KeepFailed {
        /// When.
        time: Micros,
        /// Why.
        error: KeepError,
    },
    /// Frames were not read in time.
    Overrun {
        /// When.
        time: Micros,
        /// How many.
        frames: u32,
    },
}

impl Event {
    /// When it happened.
    pub fn time(&self) -> Micros {
        let mut event = *self;
        *event.time_mut()
    }

    pub(crate) fn time_mut(&mut self) -> &mut Micros {
        match self {
            Self::Verdict { time, .. }
            | Self::Alarm { time, .. }
            | Self::LabelWanted { time, .. }
            | Self::TrainingStarted { time, .. }
            | Self::TrainingPass { time, .. }
            | Self::TrainingDone { time, .. }
            | Self::TrainingFailed { time, .. }
            | Self::TrainingRefused { time, .. }
            | Self::SensorLost { time, .. }
            | Self::SensorSuspect { time, .. }
            | Self::SensorBack { time, .. }
            | Self::SensorRate { time, .. }
            | Self::DataFull { time, .. }
            | Self::FlashErasing { time, .. }
            | Self::FlashGap { time, .. }
            | Self::FlashDamaged { time, .. }
            | Self::ModelRestored { time, .. }
            | Self::ModelSaved { time, .. }
            | Self::KeepFailed { time, .. }
            | Self::Overrun { time, .. } => time,
        }
    }
}
