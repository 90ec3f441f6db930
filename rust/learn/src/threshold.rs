//! From the scores of healthy windows to thresholds, and the moving average that is held against them.
//!
//! Thresholds are set by the scores of single windows, though averages are held against them: the deviation of averages
//! of overlapping spans would need far more calibration to be known as well.

use crate::choices;
use hone_numeric::stats::{Running, median, quantile};
use serde::{Deserialize, Serialize};

choices! {
    /// How the threshold follows from the calibration's scores.
    #[derive(Serialize, Deserialize)]
    pub enum Rule {
        /// At or above median + k·σ (the ESN's reference has k = 1).
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
    /// Anomalous at or below this; 0 where the rule has one side, as a score of healthy data is above 0.
    pub lower: f32,
    /// Median of the calibration's scores.
    pub median: f32,
    /// Their standard deviation.
    pub sigma: f32,
}

impl Threshold {
    /// Without content.
    pub const NONE: Self = Self { upper: 0.0, lower: 0.0, median: 0.0, sigma: 0.0 };

    /// The threshold of `rule` for these scores, which are reordered (and for two sides replaced by their logarithm).
    /// `None` without scores, or when one is not a finite positive number.
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

    /// How far a score is on the way to the threshold: 1 at it, above beyond. With two sides by the logarithm, from 0 at the median.
    pub fn reached(&self, score: f32) -> f32 {
        let part = if self.lower == 0.0 {
            score / self.upper
        } else {
            let side = if score < self.median { self.lower } else { self.upper };
            libm::logf(score / self.median) / libm::logf(side / self.median)
        };
        // Not a number, too: of a threshold at the median, or of such a score.
        if part < f32::MAX { part } else { f32::MAX }
    }
}

fn deviation(scores: &[f32]) -> f32 {
    let mut running = Running::EMPTY;
    scores.iter().for_each(|s| running.push(*s));
    running.deviation()
}

/// The most windows that a score can be averaged over.
pub const MAX_AVERAGE: usize = 16;

/// Mean of two numbers over the last n windows.
#[derive(Clone, Copy, Debug)]
pub struct Average {
    ring: [[f32; 2]; MAX_AVERAGE],
    count: u32,
}

impl Average {
    /// At the start of a stream.
    pub const EMPTY: Self = Self { ring: [[0.0; 2]; MAX_AVERAGE], count: 0 };

    /// Takes in one window; the mean of the last `n`, or of as many as there have been, and whether there have been `n`.
    pub fn push(&mut self, numbers: [f32; 2], n: u16) -> ([f32; 2], bool) {
        let n = usize::from(n).clamp(1, MAX_AVERAGE);
        if let Some(place) = self.ring.get_mut(self.count as usize % n) {
            *place = numbers;
        }
        // Keeps its remainder by n when it would overflow.
        self.count = if self.count == u32::MAX - u32::MAX % n as u32 { n as u32 } else { self.count } + 1;
        let there = n.min(self.count as usize);
        let sum = self.ring.iter().take(there).fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
        (sum.map(|sum| sum / there as f32), there == n)
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
        assert!((t.reached(t.upper / 2.0) - 0.5).abs() < 1e-6);
        let t = Threshold::from_scores(&mut v.clone(), Rule::Quantile, 0.0, 0.75, 1.5).unwrap();
        assert!((t.upper - 6.0).abs() < 1e-5);
        let t = Threshold::from_scores(&mut v.clone(), Rule::TwoSided, 1.0, 0.0, 0.0).unwrap();
        assert!((t.upper / 3.0 - 0.749_194_9f32.exp()).abs() < 1e-4, "{t:?}");
        assert!(t.is_anomalous(t.lower * 0.99) && t.is_anomalous(t.upper) && !t.is_anomalous(3.0));
        assert!(t.is_anomalous(f32::NAN));
        assert!(t.reached(3.0) == 0.0 && t.reached(f32::NAN) == f32::MAX && t.reached(f32::INFINITY) == f32::MAX);
        for (score, reached) in [(t.upper, 1.0), (t.lower, 1.0), (3.0 * (t.upper / 3.0).sqrt(), 0.5), (0.0, f32::MAX)] {
            assert!((t.reached(score) - reached).abs() < 1e-5, "{score}");
        }
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
        let mut push = |x: f32| a.push([x, -x], 3);
        assert_eq!(push(1.0), ([1.0, -1.0], false));
        assert_eq!(push(2.0), ([1.5, -1.5], false));
        assert_eq!(push(6.0), ([3.0, -3.0], true));
        assert_eq!(push(4.0), ([4.0, -4.0], true));
    }
}
