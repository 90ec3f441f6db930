//! Running and order statistics.

/// Running mean and variance (Welford 1962), one value at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Running {
    count: u32,
    mean: f32,
    m2: f32,
}

impl Running {
    /// No values yet.
    pub const EMPTY: Self = Self { count: 0, mean: 0.0, m2: 0.0 };

    /// Takes in one value.
    pub fn push(&mut self, value: f32) {
        self.count = self.count.saturating_add(1);
        let delta = value - self.mean;
        self.mean += delta / self.count as f32;
        self.m2 += delta * (value - self.mean);
    }

    /// Values taken in.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Their mean; 0 without values.
    pub fn mean(&self) -> f32 {
        self.mean
    }

    /// Their variance (divided by the count); 0 without values.
    pub fn variance(&self) -> f32 {
        if self.count > 0 { self.m2 / self.count as f32 } else { 0.0 }
    }

    /// Their standard deviation (divided by the count); 0 without values.
    pub fn deviation(&self) -> f32 {
        crate::kernel::sqrt_f32(self.variance())
    }
}

/// A number whose unsigned order is the order of the values ([`f32::total_cmp`]).
fn rank(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn value(rank: u32) -> f32 {
    f32::from_bits(if rank >> 31 == 1 { rank & !(1 << 31) } else { !rank })
}

/// The value at quantile `q` (0 to 1) with linear interpolation between order statistics (NumPy's default, type 7 of
/// Hyndman and Fan 1996). `None` without values or when one is not a number.
///
/// The order statistic is found bit by bit, 32 times through the values: always as long, in place, and a few hundred
/// bytes of code where a selection that cannot become quadratic has some thousand.
pub fn quantile(values: &[f32], q: f32) -> Option<f32> {
    if values.is_empty() || values.iter().any(|v| v.is_nan()) || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let position = q * (values.len() - 1) as f32;
    let low = position as usize;
    let part = position - low as f32;
    let up_to = |limit: u32| values.iter().filter(|v| rank(**v) <= limit).count();
    let (mut found, mut bit) = (0u32, 1u32 << 31);
    while bit > 0 {
        // With this bit clear and all below set: are there enough?
        if up_to(found | (bit - 1)) <= low {
            found |= bit;
        }
        bit >>= 1;
    }
    let at = value(found);
    let above = || values.iter().map(|v| rank(*v)).filter(|r| *r > found).min();
    let next = if up_to(found) > low + 1 { at } else { above().map_or(at, value) };
    Some(at + (next - at) * part)
}

/// The median: the middle value, or the mean of the two middle ones.
pub fn median(values: &[f32]) -> Option<f32> {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_numpy() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [.5, .9, 0, 1]) = 3.5, 6.9, 1, 9
        let v = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        for (q, want) in [(0.5, 3.5), (0.9, 6.9), (0.0, 1.0), (1.0, 9.0)] {
            assert!((quantile(&v.clone(), q).unwrap() - want).abs() < 1e-5, "{q}");
        }
        assert_eq!(median(&[f32::NAN]), None);
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn running_variance() {
        let mut r = Running::EMPTY;
        for v in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            r.push(v);
        }
        assert_eq!((r.mean(), r.deviation(), r.count()), (5.0, 2.0, 8));
    }
}
