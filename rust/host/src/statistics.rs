//! Figures of figures: intervals, and what is least, in the middle and greatest.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Gamma, StudentsT};

/// What several runs gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub least: f64,
    /// The one in the middle, or the mean of the two there.
    pub median: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Spread {
    /// Of numbers; `None` without any.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let (low, high) = (sorted.get(n.checked_sub(1)? / 2)?, sorted.get(n / 2)?);
        Some(Self { least: *sorted.first()?, median: (low + high) / 2.0, greatest: *sorted.last()? })
    }
}

/// The exact 95 % interval of a Poisson mean of which `count` was seen: χ²(2.5 %; 2n)/2 to χ²(97.5 %; 2n + 2)/2
/// (Garwood, Biometrika 28, 1936).
pub fn poisson_interval(count: usize) -> (f64, f64) {
    // χ² of 2k degrees of freedom, halved, is Γ of shape k.
    let quantile = |shape: usize, p: f64| Gamma::new(shape as f64, 1.0).map_or(f64::NAN, |g| g.inverse_cdf(p));
    let low = if count == 0 { 0.0 } else { quantile(count, 0.025) };
    (low, quantile(count + 1, 0.975))
}

/// The mean of numbers and its interval by Student's t, of this confidence; `None` for fewer than two.
pub fn mean_interval(values: &[f64], confidence: f64) -> Option<(f64, f64, f64)> {
    let n = values.len() as f64;
    let t = StudentsT::new(0.0, 1.0, n - 1.0).ok().filter(|_| values.len() > 1)?;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = t.inverse_cdf(0.5 + confidence / 2.0) * (variance / n).sqrt();
    Some((mean, mean - half, mean + half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_intervals_are_garwoods() {
        // The published table (Garwood 1936; Pearson and Hartley, Biometrika Tables, table 40).
        for (n, low, high) in [
            (0, 0.0, 3.689),
            (1, 0.0253, 5.572),
            (2, 0.242, 7.225),
            (3, 0.619, 8.767),
            (5, 1.623, 11.668),
            (10, 4.795, 18.390),
            (20, 12.217, 30.888),
            (50, 37.111, 65.919),
            (100, 81.364, 121.627),
        ] {
            let (l, h) = poisson_interval(n);
            assert!((l - low).abs() < 1e-3 && (h - high).abs() < 1e-3, "{n}: {l} to {h}");
        }
        let (low, high) = poisson_interval(100_000);
        assert!((99_000.0..100_000.0).contains(&low) && (100_000.0..101_000.0).contains(&high), "{low} to {high}");
    }

    #[test]
    fn an_interval_of_a_mean_is_students() {
        // scipy.stats.t.interval(0.95, 3, loc=2.5, scale=scipy.stats.sem([1, 2, 3, 4]))
        let (mean, low, high) = mean_interval(&[1.0, 2.0, 3.0, 4.0], 0.95).unwrap();
        assert!((mean - 2.5).abs() < 1e-12 && (low - 0.4457).abs() < 1e-3 && (high - 4.5543).abs() < 1e-3);
        assert_eq!(mean_interval(&[1.0], 0.95), None);
        // Tables: 12.706 for one degree of freedom, 2.042 for thirty.
        let half = |values: &[f64]| {
            let (mean, _, high) = mean_interval(values, 0.95).unwrap();
            high - mean
        };
        assert!((half(&[-1.0, 1.0]) - 12.706).abs() < 2e-3, "{}", half(&[-1.0, 1.0]));
        let many: Vec<f64> = (0..31).map(f64::from).collect();
        assert!((half(&many) - 2.0423 * (82.666_67f64 / 31.0).sqrt()).abs() < 1e-3, "{}", half(&many));
    }

    #[test]
    fn a_spread_is_of_all() {
        let spread = Spread::of(&[3.0, 1.0, 2.0, 10.0]).unwrap();
        assert_eq!(spread, Spread { least: 1.0, median: 2.5, greatest: 10.0 });
        assert_eq!(Spread::of(&[7.0]).unwrap().median, 7.0);
        assert_eq!(Spread::of(&[]), None);
    }
}
