//! Kernels, all computed from the dot product of two rows and, for the RBF, their squared lengths.

use hone_learn::choices;
use hone_numeric::activation::tanh;
use serde::{Deserialize, Serialize};

/// Whether the build has the polynomial and the sigmoid kernel.
pub(crate) const POLY_SIGMOID: bool = cfg!(feature = "poly-sigmoid");

choices! {
    /// Which kernel.
    #[derive(Serialize, Deserialize)]
    pub enum KernelKind {
        /// x·y
        Linear = "linear",
        /// exp(−γ·|x−y|²)
        Rbf = "rbf",
        /// (γ·x·y + coef0)^degree
        Poly = "poly",
        /// tanh(γ·x·y + coef0). Not positive definite in general: training ends, at a stationary point.
        Sigmoid = "sigmoid",
    }
}

impl KernelKind {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Rbf => "rbf",
            Self::Poly => "polynomial",
            Self::Sigmoid => "sigmoid",
        }
    }

    /// Whether the build has it.
    pub const fn is_built(self) -> bool {
        POLY_SIGMOID || matches!(self, Self::Linear | Self::Rbf)
    }

    /// Whether moving all rows by the same amount leaves the solution of C-SVC as it is.
    pub(crate) fn ignores_offset(self) -> bool {
        matches!(self, Self::Linear | Self::Rbf)
    }
}

/// A kernel with its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kernel {
    pub kind: KernelKind,
    pub gamma: f32,
    pub coef0: f32,
    pub degree: u8,
}

impl Kernel {
    /// The value, given x·y, |x|² and |y|² (the last two count for the RBF only).
    #[inline(never)]
    pub fn value(&self, dot: f32, x2: f32, y2: f32) -> f32 {
        match self.kind {
            KernelKind::Linear => dot,
            KernelKind::Poly if POLY_SIGMOID => {
                let base = self.gamma * dot + self.coef0;
                (1..self.degree).fold(base, |power, _| power * base)
            }
            KernelKind::Sigmoid if POLY_SIGMOID => tanh(self.gamma * dot + self.coef0),
            // A build without the other two has no model or parameter that names them.
            KernelKind::Rbf | KernelKind::Poly | KernelKind::Sigmoid => {
                let distance = x2 + y2 - (dot + dot);
                // Rounding can give less than nothing; not-a-number shall stay so.
                decay(self.gamma * if distance < 0.0 { 0.0 } else { distance })
            }
        }
    }

    /// What is kept of a row: |x|² for the RBF, whose K(x, x) is 1, else K(x, x), given |x|².
    pub fn kept(&self, x2: f32) -> f32 {
        if !POLY_SIGMOID || matches!(self.kind, KernelKind::Linear | KernelKind::Rbf) {
            x2
        } else {
            self.value(x2, x2, x2)
        }
    }
}

/// e^-t of t ≥ 0, to 1.3·10⁻⁷; not a number of such.
///
/// As 2^-x with x = t·log₂e: a shift of the exponent by the nearest whole number, and for the rest f, of |f| ≤ ½, the
/// polynomial of degree 5 that has the least greatest relative error (8.5·10⁻⁸) among those that are 1 at 0.
fn decay(t: f32) -> f32 {
    const TERMS: [f32; 5] = [0.001_325_346_3, 0.009_672_368, 0.055_508, 0.240_222_23, 0.693_146_9];
    let x = t * core::f32::consts::LOG2_E;
    let whole = (x + 0.5) as u32;
    let Some(exponent) = 127u32.checked_sub(whole).filter(|e| *e > 0) else { return 0.0 };
    let f = whole as f32 - x;
    let power = TERMS.iter().fold(0.0, |sum, term| sum * f + term) * f + 1.0;
    power * f32::from_bits(exponent << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_within_its_error() {
        let mut worst = 0.0f64;
        for i in 0..2_000_000 {
            let t = i as f32 * 5e-5;
            worst = worst.max((f64::from(decay(t)) - libm::exp(-f64::from(t))).abs());
        }
        assert!(worst < 1.3e-7, "{worst}");
        assert_eq!((decay(0.0), decay(f32::INFINITY), decay(f32::MAX)), (1.0, 0.0, 0.0));
        assert!(decay(f32::NAN).is_nan());
    }
}
