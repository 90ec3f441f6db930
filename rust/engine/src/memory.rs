//! All memory of the device, in one all-zero static, and how it is dealt out to the loops.

use crate::capacity::{
    BLOCK_FRAMES, CHANNELS, ESN_CONNECTIONS, ESN_INPUTS, ESN_UNITS, FEATURE_WORKSPACE_BYTES, FEATURES, MODELS,
    ROW_BITS, SVM_CLASSES, SVM_SUPPORT_VECTORS, TRAINING_ROWS, WINDOW_FRAMES, WINDOW_POOL, WORKSPACE_BYTES,
};
use crate::command::Console;
use crate::included::{self, ESN, RCE, SVM};
use crate::link::Links;
use crate::pipeline::Inference;
use crate::rows::FeatureBench;
use crate::sampling::Sampling;
use crate::teach::RceMemory;
use crate::training::Training;
use atomic_refcell::AtomicRefCell;
use hone_learn::{ClassId, Decision, Format, TrainingSet, Verdict};
use hone_signal::{Block, Extractor, Faults, Micros, Sample, WindowView};

/// Numbers in a block.
pub const BLOCK_SAMPLES: usize = BLOCK_FRAMES * CHANNELS;
/// Numbers in a window.
pub const WINDOW_SAMPLES: usize = WINDOW_FRAMES * CHANNELS;

/// Inputs of an ESN of this build: channels, or features.
pub const INPUTS: usize = match ESN_INPUTS {
    _ if !ESN => 0,
    features if features > CHANNELS => features,
    _ => CHANNELS,
};

/// A block of this build.
pub type BlockBuf = Block<BLOCK_SAMPLES>;
/// An ESN of this build.
pub type EsnModel = hone_esn::Model<ESN_UNITS, INPUTS, ESN_CONNECTIONS>;
/// What an ESN of this build carries from window to window.
pub type EsnScratch = hone_esn::Scratch<ESN_UNITS, INPUTS>;

/// An ESN of this build in 8-bit integers, and in fixed point of 16 bits.
#[cfg(feature = "small-models")]
pub type EsnInt8 = hone_esn::IntegerModel<i8, ESN_UNITS, INPUTS, ESN_CONNECTIONS>;
/// As [`EsnInt8`], of 16 bits.
#[cfg(feature = "small-models")]
pub type EsnFixed = hone_esn::IntegerModel<i16, ESN_UNITS, INPUTS, ESN_CONNECTIONS>;
/// What these carry from window to window.
#[cfg(feature = "small-models")]
pub type IntegerScratch = hone_esn::IntegerScratch<ESN_UNITS, INPUTS>;

/// A TinyRCE of this build in integers, which learns no more: as many prototypes as there may be, in 8 bits.
#[cfg(feature = "small-models")]
pub type RceInteger = hone_rce::Frozen<{ hone_rce::frozen_words(crate::capacity::RCE_PROTOTYPES, FEATURES) }>;

/// How a feature of a stored row is kept.
pub const FORMAT: Format = match ROW_BITS {
    8 => Format::I8,
    16 => Format::I16,
    32 => Format::F32,
    _ if !SVM => Format::I8,
    _ => panic!("CONFIG_HONE_ROW_BITS is 8, 16 or 32"),
};
/// The training set of this build: the SVM's.
pub type RowSet =
    TrainingSet<{ TRAINING_ROWS * FORMAT.row_words(FEATURES) }, TRAINING_ROWS, { if SVM { FEATURES } else { 0 } }>;
/// An SVM of this build.
pub type SvmModel = hone_svm::Model<{ hone_svm::model_words(SVM_CLASSES, FEATURES, SVM_SUPPORT_VECTORS, FORMAT) }>;
/// Numbers that the inference of an SVM works in, or of TinyRCE in integers.
pub const SVM_SCRATCH: usize = match (SVM, RCE) {
    (true, _) => hone_svm::scratch_len(SVM_CLASSES, FEATURES),
    (false, true) => FEATURES,
    (false, false) => 0,
};
/// Words that the features of one window work in.
pub const FEATURE_WORDS: usize = FEATURE_WORKSPACE_BYTES / 4;
/// Words that they, and what an ESN of this build sees of them, take in all.
pub const BENCH_WORDS: usize = FEATURE_WORDS + FEATURES;
/// How windows become feature vectors in a row, for an ESN of this build.
pub type Sequence = hone_signal::Sequence<{ if ESN { FEATURES } else { 0 } }, INPUTS>;

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
    /// Whether the model in use was asked.
    pub judged: bool,
    /// What it said. (Not an option, of which nothing would not be all zero.)
    pub verdict: Verdict,
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
        judged: false,
        verdict: Verdict { decision: Decision::Normal, score: 0.0 },
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

/// A model of any learner that trains apart from inference.
///
/// With a tag of its own: else the compiler would find room for one in a value that some field never takes. The empty slot
/// is first, so that it is all zero: so the static memory costs no flash. A model without content is all zero but for the
/// tag: so a slot is made ready by clearing it where it lies and not by 5 KB on the trainer's stack. A tag as wide as
/// the models are aligned leaves no padding in between, over which the compiler would not clear.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "lives in a static pool, where there is no box")]
#[repr(u64)]
pub enum Model {
    /// None yet, or its training failed.
    Empty,
    /// An Echo State Network.
    Esn(included::Esn<EsnModel>),
    /// A support vector machine, and what its rows are computed by.
    Svm(Option<Extractor>, included::Svm<SvmModel>),
    /// An Echo State Network in 8-bit integers.
    #[cfg(feature = "small-models")]
    EsnInt8(included::Esn<EsnInt8>),
    /// An Echo State Network in fixed point.
    #[cfg(feature = "small-models")]
    EsnFixed(included::Esn<EsnFixed>),
    /// TinyRCE in integers, and what its rows are computed by.
    #[cfg(feature = "small-models")]
    RceInteger(Option<Extractor>, included::Rce<RceInteger>),
    /// No model: what comparing two takes.
    #[cfg(feature = "small-models")]
    Bench(crate::convert::Bench),
}

/// The place of one model: exclusively the trainer's while it is built, then shared by counted borrows and immutable.
pub type Slot = AtomicRefCell<Model>;

/// Everything that the engine needs. All zero, so that it costs no flash.
#[derive(Debug)]
pub struct Memory {
    /// The window pool.
    pub windows: [WindowBuf; WINDOW_POOL],
    /// The model pool.
    pub slots: [Slot; MODELS],
    /// The training set.
    pub set: RowSet,
    /// Where the features of a window are computed.
    pub features: FeatureBench,
    /// TinyRCE, which learns in place.
    pub rce: RceMemory,
    /// Lent to the training under way.
    pub workspace: [u32; WORKSPACE_BYTES / 4],
}

/// The loops, each ready for a thread of its own.
#[derive(Debug)]
pub struct Parts {
    /// Reads the sensor.
    pub sampling: Sampling,
    /// Windows, verdicts, light.
    pub inference: Inference,
    /// Trains.
    pub training: Training,
    /// Runs the shell's commands.
    pub console: Console,
}

impl Memory {
    /// All zero.
    #[allow(clippy::declare_interior_mutable_const, reason = "initializes a static, once")]
    pub const ZERO: Self = Self {
        windows: [const { WindowBuf::ZERO }; WINDOW_POOL],
        slots: [const { AtomicRefCell::new(Model::Empty) }; MODELS],
        set: RowSet::new(),
        features: FeatureBench::ZERO,
        rce: RceMemory::ZERO,
        workspace: [0; WORKSPACE_BYTES / 4],
    };

    /// Deals the memory out to the loops, which share `links`.
    pub fn split(&'static mut self, links: &'static Links) -> Parts {
        let Self { windows, slots, set, features, rce, workspace } = self;
        let slots: &'static [Slot; MODELS] = slots;
        for window in windows {
            // The queue has as many places as there are windows.
            let _ = links.free_windows.send(window);
        }
        let _ = links.set_home.send(set);
        Parts {
            sampling: Sampling::new(links),
            inference: Inference::new(links, slots, features, rce),
            training: Training::new(links, slots, workspace),
            console: Console::new(links, slots),
        }
    }
}
