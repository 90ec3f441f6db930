//! A natural logarithm that gives the same bits on host and target.

/// The quantisation noise of one sample, LSB²: the power below which no logarithmic feature says anything. Added to
/// every power before its logarithm, so that silence has a finite feature.
pub(crate) const QUANTISATION_NOISE: f32 = 1.0 / 12.0;

/// ln x for x ≥ 2⁻¹²⁶; anything less, NaN included, counts as 2⁻¹²⁶, and more than the largest finite number as that.
///
/// x = 2ᵉ·m with m in [√½, √2); ln m by Moshier's polynomial (Cephes `logf`). The error is below 2⁻²³ of the result
/// or of 1, whichever is greater.
#[inline]
pub fn ln(x: f32) -> f32 {
    const SQRT_HALF_BITS: u32 = 0x3f35_04f3;
    let x = if x >= f32::MIN_POSITIVE { x } else { f32::MIN_POSITIVE };
    let x = if x <= f32::MAX { x } else { f32::MAX };
    let shifted = x.to_bits().wrapping_sub(SQRT_HALF_BITS);
    let exponent = (shifted as i32 >> 23) as f32;
    let f = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(SQRT_HALF_BITS)) - 1.0;
    let z = f * f;
    let mut p = 7.037_683_6e-2;
    p = p * f - 1.151_461e-1;
    p = p * f + 1.167_699_9e-1;
    p = p * f - 1.242_014_1e-1;
    p = p * f + 1.424_932_3e-1;
    p = p * f - 1.666_805_8e-1;
    p = p * f + 2.000_071_5e-1;
    p = p * f - 2.499_999_4e-1;
    p = p * f + 3.333_333e-1;
    let tail = p * f * z - 2.121_944_4e-4 * exponent - 0.5 * z;
    f + tail + 0.693_359_4 * exponent
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::ln;

    #[test]
    fn stays_within_the_stated_bound() {
        let mut worst = 0.0f64;
        // Every 61st number of each of a spread of binades, and all of the two around 1, where cancellation is worst.
        for exponent in [1u32, 30, 64, 100, 120, 125, 126, 127, 128, 140, 200, 254] {
            let stride = if exponent == 126 || exponent == 127 { 1 } else { 61 };
            for mantissa in (0..1 << 23).step_by(stride) {
                let x = f32::from_bits(exponent << 23 | mantissa);
                let exact = f64::from(x).ln();
                worst = worst.max((f64::from(ln(x)) - exact).abs() / exact.abs().max(1.0));
            }
        }
        assert!(worst < 1.0 / 8_388_608.0, "{worst:e}");
    }

    #[test]
    fn is_finite_everywhere() {
        for x in [0.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e-45, f32::MAX] {
            assert!(ln(x).is_finite(), "{x}");
        }
        assert_eq!(ln(1.0), 0.0);
    }
}
