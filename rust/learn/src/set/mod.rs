//! The training set: labelled rows of features in compact form, of fixed capacity, filled row by row while windows
//! arrive, then handed as a whole to the trainer.
//!
//! A row is kept in 8 or 16 bits per feature or as `f32`. In the integer formats feature j of a row is
//! offset_j + step_j·v with v the stored integer. The step is a power of two and the offset a multiple of it, so
//! that a value is its nearest multiple of the step, and dyadic data (counts, pixels, sixteenths) is kept exactly.
//! A value beyond the range first moves the offset, which costs nothing, and when the span no longer fits doubles
//! the step and rounds the rows kept. Values therefore stay within one step of what was pushed, and a step is at most
//! 1/127 (8 bits) or 1/32767 (16 bits) of the span of the feature in the set when it last grew, or 2⁻²² of the
//! largest magnitude if that is more. Rows of `f32` are kept less the first row, so that a large common offset does
//! not cost the kernels their precision.
//!
//! Mean and variance of each feature (Welford 1962) run along over every row ever pushed since [`SetMut::clear`],
//! also over those dropped since: they are what standardisation uses.

mod edit;
mod format;
mod lattice;
#[cfg(test)]
mod tests;
mod view;

pub use edit::SetMut;
pub use format::{Format, StoredRow};
pub use view::SetView;

/// Largest magnitude of a feature: its square is still far from the end of `f32`.
pub const LARGEST: f32 = 1e18;

/// Rows at most, so that a row's number fits 16 bits with one to spare.
pub const MOST_ROWS: usize = 65_534;

/// What the set knows of one feature.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Feature {
    /// Value of a stored 0.
    pub offset: f32,
    /// Value of a stored difference of 1; 0 while the feature has had one value only (1 in `f32`).
    pub step: f32,
    /// Mean of all rows pushed.
    pub mean: f32,
    /// Sum of squared differences from the mean.
    m2: f32,
}

/// The row was not taken; the set is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError {
    /// All `capacity` rows are taken: train, then clear or keep the support vectors.
    Full {
        /// Rows that the set has room for at this width and format.
        capacity: u32,
    },
    /// The row has not as many features as the set.
    Width {
        /// Features of the set.
        expected: u32,
        /// Features of the row.
        found: u32,
    },
    /// This feature is not a number, or beyond ±[`LARGEST`].
    NotUsable {
        /// Its index in the row.
        feature: u32,
    },
}

/// The set has no room for even one row of so many features; it is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooWide {
    /// Features asked for.
    pub features: u32,
    /// Features that the build has room for.
    pub capacity: u32,
}

/// Counts that all views of a set share.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    format: Format,
    features: u16,
    len: u16,
    seen: u32,
}

impl Counts {
    /// Of a set without rows and features.
    pub const EMPTY: Self = Self { format: Format::F32, features: 0, len: 0, seen: 0 };
}

const UNLABELLED: u16 = u16::MAX;

/// A training set that owns `WORDS` words for rows, labels of up to `ROWS` rows and statistics of up to `D`
/// features. Width and format are chosen at [`SetMut::clear`]. All zero bytes are the empty set.
#[derive(Clone, Debug)]
pub struct TrainingSet<const WORDS: usize, const ROWS: usize, const D: usize> {
    words: [u32; WORDS],
    labels: [u16; ROWS],
    features: [Feature; D],
    counts: Counts,
}

impl<const WORDS: usize, const ROWS: usize, const D: usize> Default for TrainingSet<WORDS, ROWS, D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize, const ROWS: usize, const D: usize> TrainingSet<WORDS, ROWS, D> {
    /// The empty set of no width; [`SetMut::clear`] gives it one.
    pub const fn new() -> Self {
        Self {
            words: [0; WORDS],
            labels: [0; ROWS],
            features: [Feature { offset: 0.0, step: 0.0, mean: 0.0, m2: 0.0 }; D],
            counts: Counts::EMPTY,
        }
    }

    /// To read.
    pub fn view(&self) -> SetView<'_> {
        SetView { words: &self.words, labels: &self.labels, features: &self.features, counts: self.counts }
    }

    /// To change.
    pub fn edit(&mut self) -> SetMut<'_> {
        SetMut {
            words: &mut self.words,
            labels: &mut self.labels,
            features: &mut self.features,
            counts: &mut self.counts,
        }
    }
}
