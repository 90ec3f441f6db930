//! 8-bit affine codes.

use super::round::above_zero_point;

/// 8-bit affine: value = offset + scale · code, with the range of the values spread over the codes 0 to 255, as for one
/// row of a matrix (Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
/// Inference", CVPR 2018, with a real offset in place of a rounded zero point). A dot product with a row is
/// scale · Σ code·x + offset · Σ x.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Affine {
    /// Value of a code's step; 0 when all values are equal.
    pub scale: f32,
    /// Value of code 0.
    pub offset: f32,
}

impl Affine {
    /// For these values; those that are not finite do not count.
    #[inline]
    pub fn of(values: &[f32]) -> Self {
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for v in values.iter().filter(|v| v.is_finite()) {
            low = if *v < low { *v } else { low };
            high = if *v > high { *v } else { high };
        }
        if low > high {
            return Self::default();
        }
        Self { scale: high / 255.0 - low / 255.0, offset: low }
    }

    /// The nearest code.
    pub fn encode(self, value: f32) -> u8 {
        let steps = if self.scale > 0.0 { (value - self.offset) / self.scale } else { 0.0 };
        above_zero_point(steps, 0).clamp(0, 255) as u8
    }

    /// The value of a code.
    pub fn decode(self, code: u8) -> f32 {
        self.offset + self.scale * f32::from(code)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn affine_is_within_half_a_step(values in prop::collection::vec(-1e3f32..1e3, 1..80)) {
            let a = Affine::of(&values);
            for v in &values {
                prop_assert!((a.decode(a.encode(*v)) - v).abs() <= a.scale * 0.501 + 1e-4);
            }
            // What has been coded once is coded the same again.
            let again: Vec<f32> = values.iter().map(|v| a.decode(a.encode(*v))).collect();
            let b = Affine::of(&again);
            prop_assert!(again.iter().zip(&values).all(|(w, v)| b.encode(*w) == a.encode(*v)));
        }
    }
}
