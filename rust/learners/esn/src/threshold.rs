//! From the errors of healthy windows to thresholds, and the moving average that is held against them.
//!
//! Thresholds are set by the errors of single windows, though averages are held against them: the deviation of averages
//! of overlapping spans would need far more calibration to be known as well.

use crate::params::{Params, Score};
use hone_learn::choices;
use hone_numeric::stats::{Running, median, quantile};
use serde::{Deserialize, Serialize};

choices! {
    /// How the threshold follows from the calibration's errors.
    #[derive(Serialize, Deserialize)]
    pub enum Rule {
        /// At or above median + k·σ (the reference has k = 1).
        Sigma = "sigma",
        /// At or above margin · quantile.
        Quantile = "quantile",
        /// At or beyond median ± k·σ, all on the logarithm of the score: errors are positive and spread by ratios.
        TwoSided = "two-sided",
    }
}

/// What a score is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Anomalous at or above this.
    pub upper: f32,
    /// Anomalous at or below this; 0 where the rule has one side, as an error of healthy data is above 0.
    pub lower: f32,
    /// Median of the calibration's errors.
    pub median: f32,
    /// Their standard deviation.
    pub sigma: f32,
}

impl Threshold {
    pub(crate) const NONE: Self = Self { upper: 0.0, lower: 0.0, median: 0.0, sigma: 0.0 };

    /// The threshold of `rule` for these errors, which are reordered (and for two sides replaced by their logarithm).
    /// `None` without errors, or when one is not a finite positive number.
    #[inline]
    pub fn from_scores(scores: &mut [f32], rule: Rule, k: f32, q: f32, margin: f32) -> Option<Self> {
        if !scores.iter().all(|s| s.is_finite() && *s > 0.0) {
            return None;
        }
        let mid = median(scores)?;
        let sigma = deviation(scores);
        let (upper, lower) = match rule {
            Rule::Sigma => (mid + k * sigma, 0.0),
            Rule::Quantile => (margin * quantile(scores, q)?, 0.0),
            Rule::TwoSided => {
                scores.iter_mut().for_each(|s| *s = libm::logf(*s));
                let reach = libm::expf(k * deviation(scores));
                (mid * reach, mid / reach)
            }
        };
        upper.is_finite().then_some(Self { upper, lower, median: mid, sigma })
    }

    /// Whether a score is anomalous. One that is not a number is.
    pub fn is_anomalous(&self, score: f32) -> bool {
        !(score < self.upper && (score > self.lower || self.lower == 0.0))
    }
}

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

fn deviation(scores: &[f32]) -> f32 {
    let mut running = Running::EMPTY;
    scores.iter().for_each(|s| running.push(*s));
    running.deviation()
}

/// The most windows that a score can be averaged over.
pub const MAX_AVERAGE: usize = 16;

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

/// Mean over the last n windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Average {
    ring: [Errors; MAX_AVERAGE],
    count: u32,
}

impl Average {
    pub const EMPTY: Self = Self { ring: [Errors { mse: 0.0, nmse: 0.0 }; MAX_AVERAGE], count: 0 };

    /// Takes in one window; the mean of the last `n` once there are as many.
    pub fn push(&mut self, errors: Errors, n: u16) -> Option<Errors> {
        let n = usize::from(n).clamp(1, MAX_AVERAGE);
        if let Some(place) = self.ring.get_mut(self.count as usize % n) {
            *place = errors;
        }
        // Keeps its remainder by n when it would overflow.
        self.count = if self.count == u32::MAX - u32::MAX % n as u32 { n as u32 } else { self.count } + 1;
        let last = self.ring.iter().take(n);
        (self.count as usize >= n).then(|| {
            let sum = last.fold(Errors::default(), |s, e| Errors { mse: s.mse + e.mse, nmse: s.nmse + e.nmse });
            Errors { mse: sum.mse / n as f32, nmse: sum.nmse / n as f32 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        // numpy: median 3, std 3.0109135, std of the logarithms 0.7491949
        let v = [9.6, 1.0, 4.0, 2.0, 3.0];
        let t = Threshold::from_scores(&mut v.clone(), Rule::Sigma, 2.0, 0.0, 0.0).unwrap();
        assert!((t.upper - (3.0 + 2.0 * 3.010_913_5)).abs() < 1e-4 && t.lower == 0.0, "{t:?}");
        let t = Threshold::from_scores(&mut v.clone(), Rule::Quantile, 0.0, 0.75, 1.5).unwrap();
        assert!((t.upper - 6.0).abs() < 1e-5);
        let t = Threshold::from_scores(&mut v.clone(), Rule::TwoSided, 1.0, 0.0, 0.0).unwrap();
        assert!((t.upper / 3.0 - 0.749_194_9f32.exp()).abs() < 1e-4, "{t:?}");
        assert!(t.is_anomalous(t.lower * 0.99) && t.is_anomalous(t.upper) && !t.is_anomalous(3.0));
        assert!(t.is_anomalous(f32::NAN));
    }

    #[test]
    fn refuses_what_is_no_error() {
        for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(Threshold::from_scores(&mut [1.0, bad], Rule::Sigma, 1.0, 0.5, 1.0), None);
        }
        assert_eq!(Threshold::from_scores(&mut [], Rule::Sigma, 1.0, 0.5, 1.0), None);
    }

    #[test]
    fn average_over_the_last() {
        let mut a = Average::EMPTY;
        let mut push = |mse| a.push(Errors { mse, nmse: -mse }, 3);
        assert_eq!(push(1.0), None);
        assert_eq!(push(2.0), None);
        assert_eq!(push(6.0), Some(Errors { mse: 3.0, nmse: -3.0 }));
        assert_eq!(push(4.0), Some(Errors { mse: 4.0, nmse: -4.0 }));
    }
}
