//! Seeded random numbers.
//!
//! PCG-XSH-RR 64/32 (O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for
//! Random Number Generation", 2014): state ← state·6364136223846793005 + 1442695040888963407; the output is the
//! high part of the old state, xor-shifted and rotated. The seed is the state before one first step.

/// A generator; equal seeds give equal numbers on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng(u64);

const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
const INCREMENT: u64 = 1_442_695_040_888_963_407;

impl Rng {
    /// A generator that starts from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(INCREMENT).wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT))
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        let old = self.0;
        self.0 = old.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
        ((((old >> 18) ^ old) >> 27) as u32).rotate_right((old >> 59) as u32)
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    pub fn next_unit(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in [-1, 1), a multiple of 2⁻²³.
    pub fn next_signed(&mut self) -> f32 {
        self.next_unit() * 2.0 - 1.0
    }

    /// Uniform below `bound` (0 for a bound of 0), by multiplication (Lemire), bias below bound/2³².
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// About normal with mean 0 and variance 1: the sum of twelve uniform numbers less six.
    pub fn next_normal(&mut self) -> f32 {
        let mut sum = -6.0;
        for _ in 0..12 {
            sum += self.next_unit();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_uniform_and_repeatable() {
        let mut a = Rng::new(1);
        let mut b = Rng::new(1);
        let mut sum = 0.0;
        for _ in 0..10_000 {
            let x = a.next_unit();
            assert_eq!(x.to_bits(), b.next_unit().to_bits());
            assert!((0.0..1.0).contains(&x));
            sum += f64::from(x);
        }
        assert!((sum / 10_000.0 - 0.5).abs() < 0.01);
    }
}
