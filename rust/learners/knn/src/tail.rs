//! The tail of healthy scores: from few of them to thresholds that are exceeded as seldom as is asked for.
//!
//! What is asked for is a quantile far beyond the largest score that was seen, so a model of the tail stands in for it: the logarithm of
//! a mean of k distances in a row is normal. Mean μₖ and deviation σₖ are estimated for each k by itself, from means that
//! overlap as those judged do, so that whatever dependence there is from window to window is in them. The threshold is
//!
//! ```text
//!  μₖ + factor(z, N/k)·σₖ        z: what a normal number exceeds with the chance asked for, shared out among the k
//! ```
//!
//! with the one-sided tolerance factor of Natrella (*Experimental Statistics*, 1963, section 2-1.4): with the confidence asked
//! for the quantile lies below it, though μ and σ are known from N/k numbers alone (N windows in blocks of k). It falls to z
//! as N grows. A mean is never held against a greater multiple than a shorter one.

use hone_learn::threshold::MAX_AVERAGE;
use hone_numeric::kernel::sqrt_f32;
use hone_numeric::stats::Running;
use serde::{Deserialize, Serialize};

/// Distances are not below this.
const LEAST: f32 = 1e-6;
/// Deviations of logarithms are not below this: scores in `f32` of rows in 8 bits are no more exact.
const LEAST_DEVIATION: f32 = 1e-3;

/// Means over the last 1 to n distances of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Means {
    ring: [f32; MAX_AVERAGE],
    run: u32,
}

impl Means {
    /// At the start of a stream.
    pub const EMPTY: Self = Self { ring: [0.0; MAX_AVERAGE], run: 0 };

    /// Takes in a distance and calls with k − 1 and the logarithm of the mean of the last k, for each k of up to `most` that there is.
    pub fn push(&mut self, distance: f32, most: u16, mut call: impl FnMut(usize, f32)) {
        self.ring.rotate_right(1);
        if let Some(newest) = self.ring.first_mut() {
            *newest = distance;
        }
        self.run = self.run.saturating_add(1);
        let most = usize::from(most).min(self.run.min(MAX_AVERAGE as u32) as usize);
        let (mut sum, mut count) = (0.0, 0.0);
        for (k, distance) in self.ring.iter().enumerate().take(most) {
            sum += distance;
            count += 1.0;
            call(k, libm::logf((sum / count).max(LEAST)));
        }
    }
}

/// What is known of healthy scores while they come.
#[derive(Clone, Copy, Debug)]
pub struct Tail {
    means: Means,
    spans: [Running; MAX_AVERAGE],
}

/// Thresholds. All zero: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Windows that they rest on.
    pub count: u32,
    /// False alarms per window that they allow.
    pub chance: f32,
    /// Of the logarithm of a mean of k: its mean.
    usual: [f32; MAX_AVERAGE],
    /// How far above it the threshold lies.
    reach: [f32; MAX_AVERAGE],
    /// The last of these, were it known from any number of windows.
    known: f32,
}

/// What a standard normal number exceeds with chance `p`, of 1e-20 to 0.5 (Abramowitz and Stegun, 26.2.23; the error is below 4.5e-4).
pub fn quantile(p: f32) -> f32 {
    let t = sqrt_f32(-2.0 * libm::logf(p.clamp(1e-20, 0.5)));
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - top / bottom
}

/// The one-sided tolerance factor: with `confidence` the quantile z of a normal distribution lies below mean + factor·deviation of `count`
/// numbers. `None` of too few to say.
pub fn factor(z: f32, count: f32, confidence: f32) -> Option<f32> {
    let trust = quantile(1.0 - confidence);
    let a = 1.0 - trust * trust / (2.0 * (count - 1.0));
    let b = z * z - trust * trust / count;
    // Below this the formula, an approximation, says too little.
    if count < 4.0 || a < 0.2 {
        return None;
    }
    Some((z + sqrt_f32((z * z - a * b).max(0.0))) / a)
}

impl Tail {
    /// Nothing yet.
    pub const EMPTY: Self = Self { means: Means::EMPTY, spans: [Running::EMPTY; MAX_AVERAGE] };

    /// What comes does not continue what came.
    pub fn gap(&mut self) {
        self.means = Means::EMPTY;
    }

    /// Takes in the distance of a healthy window.
    pub fn push(&mut self, distance: f32, average: u16) {
        let spans = &mut self.spans;
        self.means.push(distance, average, |k, mean| {
            if let Some(span) = spans.get_mut(k) {
                span.push(mean);
            }
        });
    }

    /// Thresholds of means of up to `average`, beyond one of which a healthy window is with this chance, with this confidence. `None` of
    /// too few windows.
    pub fn limits(&self, average: u16, chance: f32, confidence: f32) -> Option<Limits> {
        let count = self.spans.first()?.count();
        let z = quantile(chance / f32::from(average.max(1)));
        let mut limits = Limits { count, chance, ..Limits::default() };
        let mut before: Option<(f32, f32, f32)> = None;
        let places = limits.usual.iter_mut().zip(&mut limits.reach);
        for ((k, span), (usual, reach)) in (1u16..).zip(&self.spans).zip(places).take(average.into()) {
            let numbers = count as f32 / f32::from(k);
            // Corrected for the mean's being estimated.
            let unbiased = span.variance() * numbers / (numbers - 1.0).max(1.0);
            let deviation = sqrt_f32(unbiased).max(LEAST_DEVIATION);
            let own = factor(z, numbers, confidence).filter(|_| span.count() >= 4);
            let own = own.map(|factor| (span.mean(), factor * deviation, z * deviation));
            let least = match (own, before) {
                (Some(own), Some(before)) if own.1 > before.1 => (own.0, before.1, before.2),
                (Some(own), _) => own,
                (None, Some(before)) => before,
                (None, None) => return None,
            };
            (*usual, *reach, limits.known) = least;
            before = Some(least);
        }
        Some(limits)
    }
}

impl Limits {
    /// Without content.
    pub const NONE: Self =
        Self { count: 0, chance: 0.0, usual: [0.0; MAX_AVERAGE], reach: [0.0; MAX_AVERAGE], known: 0.0 };

    /// Where the logarithm of a mean lies between the usual, 0, and the threshold, 1; `None` beyond the longest mean.
    pub fn level(&self, k: usize, mean: f32) -> Option<f32> {
        let (usual, reach) = self.usual.get(k).zip(self.reach.get(k))?;
        (*reach > 0.0).then(|| (mean - usual) / reach)
    }

    /// The usual distance and the threshold of means of `average` windows.
    pub fn distances(&self, average: u16) -> Option<(f32, f32)> {
        let k = usize::from(average.max(1)) - 1;
        let (usual, reach) = self.usual.get(k).zip(self.reach.get(k))?;
        Some((libm::expf(*usual), libm::expf(usual + reach)))
    }

    /// How much higher the longest mean's threshold is than if any number of windows had set it.
    pub fn margin(&self, average: u16) -> f32 {
        let k = usize::from(average.max(1)) - 1;
        self.reach.get(k).map_or(1.0, |reach| libm::expf(reach - self.known))
    }

    /// Whether they can be thresholds of means of up to `average`.
    pub fn is_valid(&self, average: u16) -> bool {
        let within = |x: &f32, least: f32, most: f32| *x >= least && *x <= most;
        let there = usize::from(average);
        self.count >= 4
            && within(&self.chance, 0.0, 1.0)
            && within(&self.known, 0.0, 1e3)
            && self.usual.iter().all(|u| within(u, -1e3, 1e3))
            && self.reach.iter().take(there).all(|r| within(r, 1e-6, 1e3))
            && self.reach.iter().skip(there).all(|r| *r == 0.0)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use hone_numeric::rng::Rng;
    use std::vec::Vec;

    #[test]
    fn quantiles() {
        // scipy.stats.norm.isf
        for (p, z) in [(0.5, 0.0), (0.05, 1.644_854), (1e-3, 3.090_232), (1.5e-7, 5.123_447), (1e-12, 7.034_484)] {
            assert!((quantile(p) - z).abs() < 1e-3, "{p}: {}", quantile(p));
        }
    }

    #[test]
    fn tolerance_factors() {
        // Natrella, table A-7, confidence 0.95, proportion 0.99; the formula is an approximation.
        for (count, exact) in [(10.0, 3.981), (25.0, 3.158), (50.0, 2.863)] {
            let k = factor(quantile(0.01), count, 0.95).unwrap();
            assert!((k / exact - 1.0).abs() < 0.04, "{count}: {k}");
        }
        assert!((factor(4.75, 1e9, 0.95).unwrap() - 4.75).abs() < 1e-3);
        assert_eq!(factor(4.75, 2.0, 0.95), None);
    }

    /// Distances of a chain with memory `rho` whose logarithms deviate by 0.1.
    struct Chain(Rng, f32, f32);

    impl Chain {
        fn next(&mut self) -> f32 {
            self.1 = self.2 * self.1 + sqrt_f32(1.0 - self.2 * self.2) * self.0.next_normal();
            libm::expf(0.1 * self.1)
        }
    }

    #[test]
    fn false_alarms_are_as_seldom_as_asked_for_with_the_confidence_asked_for() {
        for rho in [0.0, 0.6] {
            let (chance, average, mut broken) = (0.01f32, 5u16, 0);
            for seed in 0..200 {
                let mut chain = Chain(Rng::new(seed), 0.0, rho);
                let mut tail = Tail::EMPTY;
                (0..64).for_each(|_| tail.push(chain.next(), average));
                let limits = tail.limits(average, chance, 0.95).unwrap();
                let (mut means, mut beyond) = (Means::EMPTY, 0);
                for _ in 0..4000 {
                    let mut alarm = false;
                    means.push(chain.next(), average, |k, m| alarm |= limits.level(k, m).unwrap() >= 1.0);
                    beyond += u32::from(alarm);
                }
                broken += u32::from(beyond as f32 > chance * 4000.0);
            }
            assert!(broken <= 20, "memory {rho}: {broken} of 200");
        }
    }

    #[test]
    fn the_margin_falls_as_windows_come_and_few_say_nothing() {
        let mut chain = Chain(Rng::new(1), 0.0, 0.3);
        let mut tail = Tail::EMPTY;
        let mut margins = Vec::new();
        for n in 1..=2000 {
            tail.push(chain.next(), 5);
            if [3, 20, 200, 2000].contains(&n) {
                margins.push(tail.limits(5, 1e-6, 0.95).map(|l| l.margin(5)));
            }
        }
        assert_eq!(margins[0], None);
        let margins: Vec<f32> = margins.into_iter().flatten().collect();
        assert!(margins.len() == 3 && margins.windows(2).all(|m| m[0] > m[1]) && margins[2] > 1.0, "{margins:?}");
        let limits = tail.limits(5, 1e-6, 0.95).unwrap();
        assert!(limits.is_valid(5) && !limits.is_valid(6) && !Limits::NONE.is_valid(1));
        let (usual, threshold) = limits.distances(5).unwrap();
        assert!((usual - 1.0).abs() < 0.05 && threshold > 1.1 && threshold < 1.6, "{usual} {threshold}");
        // Without a threshold no level.
        assert_eq!((limits.level(5, 1.0), limits.level(16, 1.0)), (None, None));
    }

    #[test]
    fn a_gap_ends_the_means() {
        let mut means = Means::EMPTY;
        let last = |means: &mut Means, x| {
            let mut all = Vec::new();
            means.push(x, 3, |k, m| all.push((k, libm::expf(m))));
            all
        };
        last(&mut means, 1.0);
        last(&mut means, 3.0);
        let all = last(&mut means, 5.0);
        assert!(all.iter().zip([5.0, 4.0, 3.0]).all(|((_, m), want)| (m - want).abs() < 1e-5), "{all:?}");
        means = Means::EMPTY;
        assert_eq!(last(&mut means, 2.0).len(), 1);
    }
}
