//! The errors of windows, and what they are held against.

use crate::params::{Params, Score};
use hone_learn::threshold::Threshold;
use serde::{Deserialize, Serialize};

/// Puts the errors of windows, those that were judged, into one half each of `room`. `None` when there are more than fit.
#[inline]
pub(crate) fn halves(
    room: &mut [f32],
    errors: impl Iterator<Item = Option<Errors>>,
) -> Option<(&mut [f32], &mut [f32])> {
    let (mse, nmse) = room.split_at_mut_checked(room.len() / 2)?;
    let mut count = 0;
    for e in errors.flatten() {
        (*mse.get_mut(count)?, *nmse.get_mut(count)?) = (e.mse, e.nmse);
        count += 1;
    }
    Some((mse.get_mut(..count)?, nmse.get_mut(..count)?))
}

fn mean(errors: &[f32]) -> f32 {
    errors.iter().fold(0.0, |s, e| s + e) / errors.len().max(1) as f32
}

/// The errors of a window, or their average over several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// Mean squared error, in squared standard deviations of the scale phase.
    pub mse: f32,
    /// The same over the mean square of the window's input.
    pub nmse: f32,
}

impl Errors {
    pub(crate) fn is_finite(&self) -> bool {
        self.mse.is_finite() && self.nmse.is_finite()
    }
}

/// What errors are held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Thresholds {
    pub mse: Threshold,
    pub nmse: Threshold,
}

impl Thresholds {
    pub const NONE: Self = Self { mse: Threshold::NONE, nmse: Threshold::NONE };

    /// From the errors of windows, which are reordered.
    #[inline]
    pub fn from_errors(mse: &mut [f32], nmse: &mut [f32], p: &Params) -> Option<Self> {
        let of = |errors| Threshold::from_scores(errors, p.rule, p.k, p.quantile, p.margin);
        Some(Self { mse: of(mse)?, nmse: of(nmse)? })
    }

    /// As [`Thresholds::from_errors`], and beside them the mean of the mean squared errors.
    #[inline]
    pub fn with_quality(mse: &mut [f32], nmse: &mut [f32], p: &Params) -> Option<(Self, f32)> {
        let quality = mean(mse);
        Some((Self::from_errors(mse, nmse, p)?, quality))
    }

    /// The threshold in whose unit [`Thresholds::score`] is.
    pub const fn shown(&self, score: Score) -> Threshold {
        match score {
            Score::Nmse => self.nmse,
            Score::Mse | Score::Either => self.mse,
        }
    }

    /// One number for the errors: the one that is judged. Where both are, the one nearer its upper threshold, in the
    /// unit of the mean squared error: so the number reaches the upper threshold when one of the two does.
    pub fn score(&self, score: Score, errors: &Errors) -> f32 {
        let number = match score {
            Score::Mse => errors.mse,
            Score::Nmse => errors.nmse,
            Score::Either => errors.mse.max(errors.nmse * (self.mse.upper / self.nmse.upper)),
        };
        if number < f32::MAX { number } else { f32::MAX }
    }

    pub fn are_passed(&self, score: Score, errors: &Errors) -> bool {
        (score != Score::Nmse && self.mse.is_anomalous(errors.mse))
            || (score != Score::Mse && self.nmse.is_anomalous(errors.nmse))
    }
}
