//! Arithmetic without floating point.

/// x·2^shift to the nearest, by the bits of x; at the ends of the range for what lies beyond. `None` of what is not a number.
pub fn to_integer(x: f32, shift: i8) -> Option<i32> {
    let bits = x.to_bits();
    let exponent = ((bits >> 23) & 0xff) as i32;
    let by = exponent.wrapping_add(shift.into()).wrapping_sub(150);
    let mantissa = ((bits & 0x7f_ffff) | 0x80_0000) as i32;
    let magnitude = match (exponent, by) {
        (0, _) => 0,
        (0xff, _) if bits & 0x7f_ffff != 0 => return None,
        (0xff, _) | (_, 8..) => i32::MAX,
        (_, 0..) => mantissa.wrapping_shl(by as u32),
        (_, -30..) => {
            let by = by.unsigned_abs() & 31;
            mantissa.wrapping_add((1 << by) >> 1) >> by
        }
        _ => 0,
    };
    Some(if bits >> 31 == 1 { magnitude.wrapping_neg() } else { magnitude })
}

/// value·2^-bits, rounded towards zero, put together from its bits; 0 where an `f32` of full precision cannot hold it.
pub fn to_float(value: i32, bits: i32) -> f32 {
    let zeros = value.unsigned_abs().leading_zeros();
    let mantissa = value.unsigned_abs().wrapping_shl(zeros) >> 8;
    let exponent = 158i32.wrapping_sub(zeros as i32).wrapping_sub(bits);
    if value == 0 || !(1..=254).contains(&exponent) {
        return 0.0;
    }
    f32::from_bits((value as u32 & 0x8000_0000) | ((exponent as u32) << 23) | (mantissa & 0x7f_ffff))
}

/// A positive factor: mantissa, and a shift to the left before it.
pub type Factor = (u32, i8);

/// `x` as a factor for [`scaled`]; `None` of what is not positive or out of range. Uses floating point.
pub fn factor(x: f32) -> Option<Factor> {
    let (fraction, exponent) = libm::frexpf(x);
    let exponent = i8::try_from(exponent).ok().filter(|e| (-31..=31).contains(e) && x > 0.0 && x.is_finite())?;
    Some(((fraction * 4_294_967_296.0) as u32, exponent))
}

/// `x` times a factor, rounded down; `u32::MAX` for what is 2³¹ or more.
#[inline(always)]
pub fn scaled(x: u32, (mantissa, by): Factor) -> u32 {
    let times = |x: u32| (u64::from(x).wrapping_mul(u64::from(mantissa)) >> 32) as u32;
    if by < 0 {
        times(x).wrapping_shr(by.unsigned_abs().into())
    } else if x.leading_zeros() >= u32::from(by.unsigned_abs()) {
        times(x.wrapping_shl(by.unsigned_abs().into()))
    } else {
        // The mantissa is 2³¹ at least, and so would this be.
        u32::MAX
    }
}

/// 2^-x of x in Q16, in Q15, at most 32767: within 2.
pub fn exp2_negative(x: u32) -> i32 {
    let (whole, rest) = (x >> 16, x & 0xffff);
    let Some([high, low]) = TABLE.get((rest >> 10) as usize..).and_then(|t| t.first_chunk()) else { return 0 };
    let step = (i32::from(*high) - i32::from(*low)).wrapping_mul((rest & 0x3ff) as i32);
    (i32::from(*high) - ((step + 512) >> 10)).wrapping_shr(whole.min(31))
}

/// 2^-(i/64) in Q15.
static TABLE: [i16; 65] = table();

#[allow(clippy::indexing_slicing, reason = "made at compile time")]
const fn table() -> [i16; 65] {
    // 2^(-1/64)
    const STEP: f64 = 0.989_228_013_193_975_5;
    let (mut t, mut v, mut i) = ([0; 65], 32768.0f64, 0);
    while i < 65 {
        let rounded = v + 0.5;
        t[i] = if rounded > 32767.0 { 32767 } else { rounded as i16 };
        v *= STEP;
        i += 1;
    }
    t
}

/// The binary logarithm with 12 bits behind the point, rounded down; 0 of 0.
pub fn log2(value: u32) -> u32 {
    let whole = 31u32.saturating_sub(value.leading_zeros());
    // From 1 to 2, with 31 bits behind the point: it is squared again and again, and each time that it passes 2 is a bit.
    let mut rest = value.wrapping_shl(value.leading_zeros());
    (0..12).fold(whole, |log, _| {
        let square = u64::from(rest).wrapping_mul(rest.into());
        let passes = (square >> 63) as u32;
        rest = (square >> (31 + passes)) as u32;
        (log << 1) | passes
    })
}

/// The whole part of the square root.
pub fn root(value: u64) -> u32 {
    // Digit by digit, in base 4 (Crenshaw, "Integer Square Roots", 1998).
    let (mut rest, mut root, mut bit) = (value, 0u64, 1u64 << 62);
    while bit > rest {
        bit >>= 2;
    }
    while bit > 0 {
        if rest >= root.wrapping_add(bit) {
            rest = rest.wrapping_sub(root.wrapping_add(bit));
            root = (root >> 1).wrapping_add(bit);
        } else {
            root >>= 1;
        }
        bit >>= 2;
    }
    root as u32
}

#[cfg(test)]
mod tests;
