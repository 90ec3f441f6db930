//! What becomes of a window before a learner sees it.

use crate::capacity::{FEATURE_WORKSPACE_BYTES, FEATURES, WINDOW_FRAMES};
use crate::learners::{CODE_NUMBERS, ENCODER, Encodes, Learner, Params, ROW_NUMBERS, SEEN_INPUTS, Scratch, WINDOWS};
use hone_learn::learner::{Cause, Input, Sees, Shape};
use hone_learn::{ParamError, Workspace};
use hone_signal::{Extractor, Shape as Window, WindowView, features};

/// Words that the features of one window work in.
pub const FEATURE_WORDS: usize = FEATURE_WORKSPACE_BYTES / 4;
/// Words that they, and what a learner over time sees of them, take in all.
pub const BENCH_WORDS: usize = FEATURE_WORDS + ROW_NUMBERS;
/// How windows become feature vectors in a row.
pub type Sequence = hone_signal::Sequence<{ if WINDOWS { FEATURES } else { 0 } }, SEEN_INPUTS>;

/// The row that an encoder makes of a window's features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The CRC-32 of the encoder's payload, by which it is known.
    pub digest: u32,
    /// Numbers of the row.
    pub width: u16,
    /// That the build has an encoder.
    pub built: Encodes,
}

/// What a row is made by: features, and what an encoder makes of them.
pub type RowBy = (Extractor, Option<Code>);

/// A model that makes rows for others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoder {
    /// Its slot.
    pub slot: u8,
    /// The features that it takes.
    pub features: Extractor,
    /// What it makes of them.
    pub code: Code,
}

/// How a model sees windows. With a tag of its own, so that the first is all zero.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "lives in statics, where there is no box")]
#[repr(u32)]
pub enum Preprocessing {
    /// As their samples.
    Samples,
    /// As one row of features.
    Row(Extractor),
    /// As feature vectors in a row, in place of samples.
    Sequence(Sequence),
    /// As what an encoder makes of one row of features.
    Coded(Extractor, Code),
}

impl Preprocessing {
    /// That of a learner for windows of so many channels, by these parameters of the features.
    ///
    /// # Errors
    /// [`ParamError`], also when features or working memory go beyond the build's capacity.
    pub fn new(
        learner: Learner,
        params: &Params,
        features: &features::Params,
        channels: usize,
    ) -> Result<Self, ParamError> {
        match learner.sees(params) {
            Sees::Rows => extractor(features, channels, learner.row_numbers()).map(Self::Row),
            Sees::Windows => Ok(sequence(features, channels)?.map_or(Self::Samples, Self::Sequence)),
        }
    }

    /// The shape of what is seen of windows of so many channels.
    pub fn shape(&self, channels: usize) -> Shape {
        match self {
            Self::Samples => Shape { inputs: channels as u16, frames: WINDOW_FRAMES as u16 },
            Self::Row(extractor) => Shape { inputs: extractor.len() as u16, frames: 1 },
            Self::Coded(_, code) => Shape { inputs: code.width, frames: 1 },
            Self::Sequence(sequence) => Shape { inputs: sequence.inputs() as u16, frames: sequence.steps() as u16 },
        }
    }

    /// Frames that the numbers of a row are: a window's, where they are its samples.
    pub fn row_frames(&self) -> u16 {
        match self {
            Self::Row(extractor) if extractor.is_samples() => WINDOW_FRAMES as u16,
            Self::Samples | Self::Row(_) | Self::Sequence(_) | Self::Coded(..) => 1,
        }
    }

    /// How feature vectors in a row are made, where they are.
    pub fn sequence(&self) -> Option<&Sequence> {
        match self {
            Self::Sequence(sequence) => Some(sequence),
            Self::Samples | Self::Row(_) | Self::Coded(..) => None,
        }
    }

    /// What a row is made by, where one is.
    pub fn row(&self) -> Option<RowBy> {
        match self {
            Self::Row(extractor) => Some((*extractor, None)),
            Self::Coded(extractor, code) => Some((*extractor, Some(*code))),
            Self::Samples | Self::Sequence(_) => None,
        }
    }

    /// What an encoder makes of the features, where one does.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Coded(_, code) if ENCODER.is_some() => Some(*code),
            Self::Samples | Self::Row(_) | Self::Sequence(_) | Self::Coded(..) => None,
        }
    }

    /// The same with what an encoder makes of the features in place of these, where they are a row.
    #[must_use]
    pub fn coded(self, encoder: &Encoder) -> Self {
        match self {
            Self::Row(_) => Self::Coded(encoder.features, encoder.code),
            Self::Samples | Self::Sequence(_) | Self::Coded(..) => self,
        }
    }

    /// What the features are computed by.
    pub fn params(&self) -> Option<&features::Params> {
        match self {
            Self::Samples => None,
            Self::Row(extractor) | Self::Coded(extractor, _) => Some(extractor.params()),
            Self::Sequence(sequence) => Some(sequence.params()),
        }
    }

    /// What a learner names as cause, by channel: one that sees a row knows the row's features alone. Of a code there is no channel.
    pub fn cause(&self, cause: Cause) -> Cause {
        match self {
            Self::Samples | Self::Sequence(_) | Self::Coded(..) => cause,
            Self::Row(extractor) => {
                let (channel, feature) = extractor.place(cause.feature.into());
                Cause { channel: channel as u16, feature: feature as u16 }
            }
        }
    }

    /// Words of memory that [`Preprocessing::see`] takes.
    pub fn words(&self, channels: usize) -> usize {
        match self {
            Self::Samples => 0,
            Self::Row(extractor) | Self::Coded(extractor, _) => extractor.len() + extractor.required().div_ceil(4),
            Self::Sequence(sequence) => sequence.words(Window { channels, frames: WINDOW_FRAMES }),
        }
    }

    /// What is seen of a window, worked out in `memory`; `None` when it is of another shape, or memory is short. What an encoder takes,
    /// where one makes the row of it.
    pub fn see<'m>(&self, window: &WindowView<'m>, memory: &'m mut [u32]) -> Option<Input<'m>> {
        Some(match self {
            Self::Samples => Input { window: *window, row: &[], beside: None },
            Self::Row(extractor) | Self::Coded(extractor, _) => {
                let mut workspace = Workspace::new(memory);
                let row: &mut [f32] = workspace.take(extractor.len()).ok()?;
                let n = extractor.extract(window, workspace, row).ok()?;
                Input { window: *window, row: row.get(..n)?, beside: None }
            }
            Self::Sequence(sequence) => Input { window: sequence.frames(window, memory)?, row: &[], beside: None },
        })
    }
}

/// The memory in which what models and the training set see of windows is computed.
#[derive(Debug)]
pub struct Bench {
    pub(crate) memory: [u32; BENCH_WORDS],
    /// What an encoder works in.
    pub(crate) scratch: [Scratch; ENCODERS_IN_USE],
    /// What it makes.
    pub(crate) row: [f32; CODE_NUMBERS],
}

const ENCODERS_IN_USE: usize = if ENCODER.is_some() { 1 } else { 0 };

impl Bench {
    pub(crate) const ZERO: Self = Self {
        memory: [0; BENCH_WORDS],
        scratch: [const { Scratch::Empty }; ENCODERS_IN_USE],
        row: [0.0; CODE_NUMBERS],
    };
}

/// The extractor of these parameters for windows of so many channels; of samples there are `samples` numbers at most, of features
/// as many as the build says.
///
/// # Errors
/// [`ParamError`], also when features or working memory go beyond the build's capacity.
pub fn extractor(params: &features::Params, channels: usize, samples: usize) -> Result<Extractor, ParamError> {
    let extractor = params.check(Window { channels, frames: WINDOW_FRAMES })?;
    room("features", extractor.len(), if extractor.is_samples() { samples } else { FEATURES })?;
    room(BYTES, extractor.required(), FEATURE_WORDS * 4)?;
    Ok(extractor)
}

const BYTES: &str = "features (bytes of CONFIG_HONE_FEATURE_WORKSPACE_BYTES)";

fn room(name: &'static str, asked: usize, capacity: usize) -> Result<(), ParamError> {
    if asked > capacity {
        return Err(ParamError::Capacity { name, asked: asked as u32, capacity: capacity as u32 });
    }
    Ok(())
}

fn sequence(params: &features::Params, channels: usize) -> Result<Option<Sequence>, ParamError> {
    let window = Window { channels, frames: WINDOW_FRAMES };
    let sequence = Sequence::new(params, window)?;
    let words = sequence.as_ref().map_or(0, |s| s.words(window));
    room(BYTES, words * 4, BENCH_WORDS * 4)?;
    Ok(sequence)
}
