//! Rounding, scaling and limits.

/// The nearest whole number, half-way ones away from zero; at the ends of the range for what lies beyond, 0 for what is not a
/// number.
#[inline(always)]
pub fn nearest(v: f32) -> i32 {
    (v + if v < 0.0 { -0.5 } else { 0.5 }) as i32
}

/// The nearest whole number, half-way ones upwards, with a zero point added; limited as [`nearest`].
#[inline(always)]
pub fn above_zero_point(v: f32, zero_point: u8) -> i32 {
    (v + (f32::from(zero_point) + 0.5)) as i32
}

/// v·2^shift to the nearest.
pub fn scaled(v: f32, shift: i32) -> i32 {
    nearest(libm::scalbnf(v, shift))
}

/// v·2^-shift to the nearest, half-way ones upwards.
#[inline(always)]
pub fn shifted(v: i64, shift: u8) -> i64 {
    let half = if shift == 0 { 0 } else { 1i64.wrapping_shl(u32::from(shift) - 1) };
    v.wrapping_add(half).wrapping_shr(shift.into())
}

/// The shift to the left by which a number of this size still is below 2^bits, at most 57; `None` where it would be to
/// the right.
pub fn headroom(largest: f32, bits: u32) -> Option<u8> {
    if !largest.is_finite() {
        return None;
    }
    // The exponent of the number, by its bits: largest < 2^exponent.
    let exponent = (largest.abs().to_bits() >> 23) as i32 - 126;
    let shift = bits as i32 - exponent;
    u8::try_from(shift.min(57)).ok()
}

/// A code limited to `low` to `high`, and how far it was beyond them, up to `high`.
#[inline(always)]
pub fn limited(code: i32, low: i32, high: i32) -> (i32, u32) {
    let kept = code.clamp(low, high);
    (kept, kept.abs_diff(code).min(high as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_way_numbers_go_where_they_say() {
        assert_eq!([-2.5, -0.5, 0.5, 2.5, 1e20, f32::NAN].map(nearest), [-3, -1, 1, 3, i32::MAX, 0]);
        assert_eq!([-2.5, -0.5, 0.4, 0.5].map(|v| above_zero_point(v, 128)), [126, 128, 128, 129]);
        assert_eq!([(5, 1), (-5, 1), (6, 2), (7, 0)].map(|(v, by)| shifted(v, by)), [3, -2, 2, 7]);
        assert_eq!((scaled(0.3, 4), scaled(-1.5, 1)), (5, -3));
    }

    #[test]
    fn a_number_moved_by_its_headroom_is_below_the_bits() {
        for v in [1e-6f32, 0.99, 1.0, 77.0, 1e9] {
            let by = headroom(v, 30).unwrap();
            let moved = libm::scalbnf(v, by.into());
            assert!(moved < 1_073_741_824.0 && (moved >= 536_870_912.0 || by == 57), "{v}");
        }
        assert_eq!((headroom(1e10, 30), headroom(f32::NAN, 30)), (None, None));
    }

    #[test]
    fn what_lies_beyond_is_counted_up_to_the_range() {
        assert_eq!(
            [300, 127, -130, 9000].map(|c| limited(c, -128, 127)),
            [(127, 127), (127, 0), (-128, 2), (127, 127)]
        );
    }
}
