//! The hyperbolic tangent in integers: a table of its values in steps of 1/64, interpolated linearly.

use hone_numeric::activation::exp;

/// Bits behind the point of [`tanh`]'s argument.
pub(crate) const ARGUMENT_BITS: u32 = 14;
/// Bits of the argument within one step of the table: steps are 1/64.
const STEP_BITS: u32 = ARGUMENT_BITS - 6;
/// The first step, at 5.34, whose value is the greatest there is, 32767, as is that of all beyond.
const STEPS: usize = 342;

/// tanh(i/64) in Q0.15, at most 32767.
static TABLE: [i16; STEPS + 1] = table();

/// tanh of an argument in Q14, in Q0.15: within 2 of the exact value (6.1e-5), odd, monotonic, within ±32767.
#[inline(always)]
pub(crate) fn tanh(x: i32) -> i16 {
    let size = x.unsigned_abs();
    let value = match TABLE.get((size >> STEP_BITS) as usize..).and_then(|t| t.first_chunk()) {
        Some([low, high]) => {
            let rest = (size & ((1 << STEP_BITS) - 1)) as i32;
            let low = i32::from(*low);
            low + (((i32::from(*high) - low) * rest + (1 << (STEP_BITS - 1))) >> STEP_BITS)
        }
        None => 32767,
    };
    (if x < 0 { -value } else { value }) as i16
}

#[allow(clippy::indexing_slicing, reason = "made at compile time")]
const fn table() -> [i16; STEPS + 1] {
    let mut t = [0; STEPS + 1];
    let mut i = 0;
    while i <= STEPS {
        let e = exp(2.0 * (i as f64 / 64.0));
        let v = (e - 1.0) / (e + 1.0) * 32768.0 + 0.5;
        t[i] = if v > 32767.0 { 32767 } else { v as i16 };
        i += 1;
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_within_two_of_the_exact_value() {
        let mut before = i16::MIN;
        let mut worst = 0.0f64;
        for x in -(10 << ARGUMENT_BITS)..(10 << ARGUMENT_BITS) {
            let y = tanh(x);
            worst = worst.max((f64::from(y) - libm::tanh(f64::from(x) / 16384.0) * 32768.0).abs());
            assert!(y >= before && tanh(-x) == -y, "{x}");
            before = y;
        }
        assert!(worst <= 2.0 && worst > 0.9, "{worst}");
        assert!(TABLE[STEPS] == 32767 && TABLE[STEPS - 1] < 32767);
        assert_eq!((tanh(0), tanh(i32::MAX), tanh(i32::MIN)), (0, 32767, -32767));
    }
}
