//! Running standardisation, learnt on the device.

/// Running mean and spread of up to `D` features, one window at a time, and the scaling of features by them.
///
/// Mean and sum of squared deviations follow Welford (1962) in `f32`, feature by feature. From `horizon` windows on the
/// weight of a new window stays 1/horizon, so that old windows fade exponentially; a horizon of 0 or `u32::MAX` never fades.
///
/// All-zero when new, so that it costs no flash in a static.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standardiser<const D: usize> {
    windows: u32,
    mean: [f32; D],
    variance: [f32; D],
}

impl<const D: usize> Default for Standardiser<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const D: usize> Standardiser<D> {
    /// Has seen nothing; gives features as they are.
    pub const fn new() -> Self {
        Self { windows: 0, mean: [0.0; D], variance: [0.0; D] }
    }

    /// Windows learnt from.
    pub fn windows(&self) -> u32 {
        self.windows
    }

    /// The features' means.
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// The features' variances (divided by the count).
    pub fn variance(&self) -> &[f32] {
        &self.variance
    }

    /// Restores what was learnt, from means and variances of untrusted origin (features beyond those given stay new).
    /// False, and nothing changed, when there are more than `D`, not equally many, or any is not finite or negative.
    pub fn restore(&mut self, windows: u32, mean: &[f32], variance: &[f32]) -> bool {
        let good = mean.iter().all(|m| m.is_finite()) && variance.iter().all(|v| v.is_finite() && *v >= 0.0);
        if mean.len() > D || mean.len() != variance.len() || !good {
            return false;
        }
        *self = Self::new();
        self.windows = windows;
        for ((to_mean, to_variance), (m, v)) in
            self.mean.iter_mut().zip(&mut self.variance).zip(mean.iter().zip(variance))
        {
            (*to_mean, *to_variance) = (*m, *v);
        }
        true
    }

    /// Takes in one window's features (those beyond `D` are left out). A feature that is not finite is passed over.
    pub fn learn(&mut self, features: &[f32], horizon: u32) {
        self.windows = self.windows.saturating_add(1);
        let count = if horizon == 0 { self.windows } else { self.windows.min(horizon) };
        let weight = 1.0 / count as f32;
        for ((x, mean), variance) in features.iter().zip(&mut self.mean).zip(&mut self.variance) {
            let delta = x - *mean;
            let next = *mean + delta * weight;
            let spread = *variance + (delta * (x - next) - *variance) * weight;
            if next.is_finite() && spread.is_finite() {
                *mean = next;
                *variance = spread;
            }
        }
    }

    /// Replaces each feature x by (x - mean)/deviation. A feature that never varied, or is not finite, becomes 0; with
    /// less than two windows seen, features stay as they are (but finite).
    pub fn apply(&self, features: &mut [f32]) {
        for ((x, mean), variance) in features.iter_mut().zip(&self.mean).zip(&self.variance) {
            let y = if self.windows < 2 {
                *x
            } else if *variance > 0.0 {
                (*x - mean) / hone_numeric::kernel::sqrt_f32(*variance)
            } else {
                0.0
            };
            *x = if y.is_finite() { y } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Standardiser;

    #[test]
    fn scales_to_mean_zero_and_deviation_one() {
        let rows = [[2.0, 7.0, 1.0], [4.0, 7.0, 5.0], [6.0, 7.0, 9.0]];
        let mut s = Standardiser::<3>::new();
        for row in &rows {
            s.learn(row, 0);
        }
        // numpy: (2 - 4)/std([2, 4, 6]) = -1.2247449
        let mut x = rows[0];
        s.apply(&mut x);
        assert!((x[0] + 1.224_744_9).abs() < 1e-6 && x[1] == 0.0 && (x[2] + 1.224_744_9).abs() < 1e-6, "{x:?}");
    }

    #[test]
    fn nothing_that_comes_in_makes_it_other_than_finite() {
        let mut s = Standardiser::<4>::new();
        for i in 0..50u32 {
            s.learn(&[f32::NAN, f32::INFINITY, if i % 2 == 0 { f32::MAX } else { f32::MIN }, i as f32], 10);
        }
        let mut x = [f32::NAN, 1.0, f32::MAX, 45.0];
        s.apply(&mut x);
        assert!(x.iter().all(|x| x.is_finite()), "{x:?}");
        assert!(x[3].abs() < 2.0);
    }

    #[test]
    fn restores_only_what_it_could_have_learnt() {
        let mut s = Standardiser::<2>::new();
        s.learn(&[1.0, 2.0], 0);
        s.learn(&[3.0, 2.0], 0);
        let mut t = Standardiser::<2>::new();
        assert!(t.restore(s.windows(), s.mean(), s.variance()));
        assert_eq!(s, t);
        for (mean, variance) in
            [(&[0.0; 3][..], &[1.0; 3][..]), (&[0.0], &[]), (&[f32::NAN], &[1.0]), (&[0.0], &[-1.0])]
        {
            assert!(!t.restore(9, mean, variance));
            assert_eq!(s, t);
        }
    }

    #[test]
    fn forgets_at_its_horizon() {
        let mut s = Standardiser::<1>::new();
        for i in 0..400 {
            s.learn(&[if i < 200 { 0.0 } else { 100.0 }], 20);
        }
        assert!((s.mean()[0] - 100.0).abs() < 0.1, "{}", s.mean()[0]);
    }
}
