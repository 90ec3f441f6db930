//! Numbers in 8 bits with a scale that is a power of two: x = q·2⁻ᵉ. To change a scale is to shift.

use hone_numeric::layer::Dither;

/// Largest magnitude of a number in 8 bits.
pub(crate) const MOST: i32 = 127;

/// 2ᵉ, of exponents that an `f32` of full precision has; others are cut to these.
#[inline(always)]
pub(crate) fn power(e: i32) -> f32 {
    f32::from_bits((e.clamp(-126, 127).wrapping_add(127) as u32) << 23)
}

/// Half of a shift, to be added before it.
#[inline(always)]
pub(crate) fn half(shift: i32) -> i32 {
    (1i32.wrapping_shl(shift as u32)) >> 1
}

/// x·2⁻ˢʰⁱᶠᵗ to the nearest, to the left where the shift is negative. Shifts are cut to 30 bits.
#[inline(always)]
pub(crate) fn shifted(x: i32, shift: i32) -> i32 {
    if shift >= 0 {
        let shift = shift.min(30);
        x.saturating_add(half(shift)) >> shift
    } else {
        x.saturating_mul(1i32 << shift.wrapping_neg().min(30))
    }
}

/// x in 8 bits.
#[inline(always)]
pub(crate) fn byte(x: i32) -> i8 {
    x.clamp(-MOST, MOST) as i8
}

/// A real number in units, to the nearest, in 8 bits.
#[inline(always)]
pub(crate) fn nearest(x: f32) -> i8 {
    // By truncation of a positive number: what is far below is cut afterwards.
    ((x + 128.5) as i32).saturating_sub(128).clamp(-128, 127) as i8
}

/// A real number in units, rounded by dice, in 8 bits.
#[inline(always)]
pub(crate) fn dithered(x: f32, dither: &mut Dither) -> i8 {
    let bits = (x.clamp(-128.0, 128.0) * 65_536.0) as i32;
    byte(dither.round(bits))
}

/// The exponent with which numbers of magnitude up to `range` use 8 bits, starting from what it was: it changes when the
/// range has left the bits by a tenth, or has come down to less than what half of them hold by a fifth.
#[inline(never)]
pub(crate) fn exponent(before: i8, range: f32) -> i8 {
    let mut e = i32::from(before);
    if !(range > 0.0 && range < f32::INFINITY) {
        return before;
    }
    while range * power(e) > 140.0 && e > i32::from(MIN_EXPONENT) {
        e -= 1;
    }
    while range * power(e + 1) < 102.0 && e < i32::from(MAX_EXPONENT) {
        e += 1;
    }
    e as i8
}

/// Exponents of tensors and rows.
pub(crate) const MIN_EXPONENT: i8 = -8;
pub(crate) const MAX_EXPONENT: i8 = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn powers_are_exact() {
        for e in -126..=127 {
            assert_eq!(power(e), libm::ldexpf(1.0, e));
        }
    }

    #[test]
    fn rounding_goes_to_the_nearest() {
        for (x, q) in
            [(0.49, 0), (0.5, 1), (-0.5, 0), (-0.51, -1), (126.6, 127), (1e9, 127), (-1e9, -128), (-127.4, -127)]
        {
            assert_eq!(nearest(x), q, "{x}");
        }
        assert_eq!(nearest(f32::NAN), -128);
        assert_eq!((shifted(6, 2), shifted(5, 2), shifted(-6, 2), shifted(3, -2)), (2, 1, -1, 12));
        assert_eq!((shifted(i32::MAX, 99), shifted(i32::MAX, -1), shifted(7, 0)), (1, i32::MAX, 7));
    }

    proptest! {
        #[test]
        fn dice_lose_nothing_on_average(x in -127.0f32..127.0) {
            let mut dither = Dither::new(3);
            let sum: i32 = (0..4096).map(|_| i32::from(dithered(x, &mut dither))).sum();
            prop_assert!((sum as f32 / 4096.0 - x).abs() < 0.05);
        }

        #[test]
        fn an_exponent_fits_and_stays(range in 1e-6f32..1e4) {
            let e = exponent(0, range);
            let used = range * power(e.into());
            prop_assert!((used <= 140.0 || e == MIN_EXPONENT) && (used > 50.0 || e == MAX_EXPONENT), "{range} {e}");
            prop_assert_eq!(exponent(e, range), e);
        }
    }
}
