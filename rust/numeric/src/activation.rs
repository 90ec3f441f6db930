//! The reservoir's activation: a hyperbolic tangent that gives the same bits on every machine.
//!
//! Piecewise quadratic over 256 segments of width 1/16, each centred on a multiple of 1/16 and interpolated at the
//! three Chebyshev nodes of its width, so that no branch and no division is needed: convert, clamp, load three
//! coefficients, two multiplications and two additions. The table (3 KB) is worked out at compile time.
//!
//! Absolute error at most [`TANH_ERROR`] on all of `f32`; odd to the bit; `tanh(0) = 0`; the result is within
//! [-1, 1], and exactly ±1 beyond ±7.90625. Not a number gives not a number.
#![allow(clippy::indexing_slicing, reason = "the table is made at compile time, and its one reader clamps")]

/// The greatest absolute error of [`tanh`] against the exact function.
pub const TANH_ERROR: f32 = 3.4e-6;

const SEGMENTS: usize = 256;
const PER_UNIT: f64 = 16.0;

/// Half a segment and what makes the least segment's number 0: truncation of `(x + SHIFT)·16` rounds `16·x` to the nearest.
pub(crate) const SHIFT: f32 = (SEGMENTS as f32 / 2.0 + 0.5) / PER_UNIT as f32;

/// Constant, linear and quadratic coefficient.
pub(crate) static TABLE: [[f32; 3]; SEGMENTS] = table();

/// Hyperbolic tangent.
#[inline]
pub fn tanh(x: f32) -> f32 {
    // Truncation and saturation of the conversion are the language's and the core's own; NaN converts to 0.
    let segment = ((x + SHIFT) * PER_UNIT as f32) as i32;
    let [a, b, c] = TABLE[segment.clamp(0, SEGMENTS as i32 - 1) as usize];
    a + x * (b + x * c)
}

/// e^x for |x| ≤ 16, by Taylor's series of e^(x/64), squared six times: for tables made at compile time.
pub const fn exp(x: f64) -> f64 {
    let r = x / 64.0;
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1.0);
    while n < 20.0 {
        term = term * r / n;
        sum += term;
        n += 1.0;
    }
    let mut i = 0;
    while i < 6 {
        sum *= sum;
        i += 1;
    }
    sum
}

const fn exact(x: f64) -> f64 {
    let e = exp(2.0 * x);
    (e - 1.0) / (e + 1.0)
}

const fn table() -> [[f32; 3]; SEGMENTS] {
    let mut t = [[0.0; 3]; SEGMENTS];
    let middle = SEGMENTS / 2;
    // Half the side of the nodes: sin 60° of half a segment.
    let d = 0.866_025_403_784_438_6 / (2.0 * PER_UNIT);
    let mut i = 1;
    while i < middle {
        let m = i as f64 / PER_UNIT;
        // The last segment on each side is where it is constant.
        let (a, b, c) = if i == middle - 1 {
            (1.0, 0.0, 0.0)
        } else {
            let (low, mid, high) = (exact(m - d), exact(m), exact(m + d));
            let slope = (high - low) / (2.0 * d);
            let curve = (high + low - 2.0 * mid) / (2.0 * d * d);
            (mid - m * slope + m * m * curve, slope - 2.0 * m * curve, curve)
        };
        t[middle + i] = [a as f32, b as f32, c as f32];
        t[middle - i] = [-a as f32, b as f32, -c as f32];
        i += 1;
    }
    t[middle] = [0.0, (exact(d) / d) as f32, 0.0];
    t[0] = [-1.0, 0.0, 0.0];
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_within_its_bound_everywhere() {
        // Every 97th of all floats, and every float in [0.0625, 0.125].
        let all = (0..=u32::MAX).step_by(97).chain(0x3d80_0000..=0x3e00_0000);
        let mut worst = 0.0f64;
        for x in all.map(f32::from_bits).filter(|x| x.is_finite()) {
            let y = tanh(x);
            assert!(y.abs() <= 1.0, "{x} {y}");
            worst = worst.max((f64::from(y) - libm::tanh(f64::from(x))).abs());
        }
        assert!(worst <= f64::from(TANH_ERROR), "{worst:e}");
        assert!(worst > 0.5 * f64::from(TANH_ERROR), "the stated bound is loose: {worst:e}");
    }

    #[test]
    fn is_odd_and_keeps_zero() {
        assert_eq!(tanh(0.0), 0.0);
        assert!(tanh(f32::NAN).is_nan());
        for i in 0..2_000_000 {
            let x = (i as f32 + 0.37) * 5e-6;
            assert_eq!(tanh(-x).to_bits(), (-tanh(x)).to_bits(), "{x}");
        }
    }

    #[test]
    fn known_bits() {
        // Guards the table against a change in how it is worked out.
        let bits = [0.03f32, -0.5, 1.0, 3.3, -9.0].map(|x| tanh(x).to_bits());
        assert_eq!(bits, [1_022_735_156, 3_203_177_118, 1_061_353_429, 1_065_307_631, 3_212_836_864]);
    }
}
