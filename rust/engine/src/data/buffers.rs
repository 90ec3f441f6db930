//! The buffers in which samples and rows travel.

use crate::capacity::{BLOCK_FRAMES, CHANNELS, TRAINING_ROWS, WINDOW_FRAMES};
use crate::learners::{FORMAT, ROW_NUMBERS, ROWS};
use hone_learn::{ClassId, TrainingSet};
use hone_signal::{Block, Faults, Micros, Sample, WindowView};

/// Numbers in a block.
pub const BLOCK_SAMPLES: usize = BLOCK_FRAMES * CHANNELS;
/// Numbers in a window.
pub const WINDOW_SAMPLES: usize = WINDOW_FRAMES * CHANNELS;

/// A block of this build.
pub type BlockBuf = Block<BLOCK_SAMPLES>;
/// Whether the build makes alarms of verdicts. Without them the light follows the verdict.
pub const ALARMS: bool = cfg!(feature = "alarm");
/// Whether the build can send what it samples to the console.
pub const RECORD: bool = cfg!(feature = "record");

/// Samples on their way to the console.
#[derive(Clone, Copy, Debug)]
pub struct RecordBuf {
    /// When the first frame was read.
    pub time: Micros,
    /// Its number.
    pub first: u32,
    /// What was wrong with some of them.
    pub faults: Faults,
    /// No more comes after these.
    pub last: bool,
    /// Numbers in use.
    pub len: u8,
    /// Frame by frame.
    pub samples: [Sample; if RECORD { hone_model::stream::SAMPLES } else { 0 }],
}

impl RecordBuf {
    /// Without samples.
    pub const EMPTY: Self = Self {
        time: Micros(0),
        first: 0,
        faults: Faults::NONE,
        last: false,
        len: 0,
        samples: [0; if RECORD { hone_model::stream::SAMPLES } else { 0 }],
    };
}

/// The training set of this build; without room where no learner learns from it.
pub type RowSet = TrainingSet<
    { if ROWS { TRAINING_ROWS * FORMAT.row_words(ROW_NUMBERS) } else { 0 } },
    { if ROWS { TRAINING_ROWS } else { 0 } },
    { if ROWS { ROW_NUMBERS } else { 0 } },
>;

/// A window of this build, being filled or on its way.
#[derive(Debug)]
pub struct WindowBuf {
    /// When its first frame was read.
    pub time: Micros,
    /// Its number since the device started.
    pub sequence: u32,
    /// What was wrong with its samples.
    pub faults: Faults,
    /// The class that the user gave.
    pub label: Option<ClassId>,
    /// Channels per frame; 0 before the first.
    pub channels: usize,
    /// Numbers in use.
    pub len: usize,
    /// Frame by frame.
    pub samples: [Sample; WINDOW_SAMPLES],
}

impl WindowBuf {
    /// An empty window.
    pub const ZERO: Self = Self {
        time: Micros(0),
        sequence: 0,
        faults: Faults::NONE,
        label: None,
        channels: 0,
        len: 0,
        samples: [0; WINDOW_SAMPLES],
    };

    /// The window to look at.
    pub fn view(&self) -> WindowView<'_> {
        WindowView {
            samples: self.samples.get(..self.len).unwrap_or(&[]),
            channels: self.channels,
            time: self.time,
            sequence: self.sequence,
            faults: self.faults,
            label: self.label,
        }
    }
}
