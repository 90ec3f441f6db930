//! Values as multiples of a step that is a power of two: what is dyadic stays exact, and the step doubles by rounding once.

/// x in steps, to the nearest; ends of range for what is beyond.
#[inline]
pub fn steps(x: f32, step: f32) -> i32 {
    libm::rintf(x / step) as i32
}

/// v / 2ⁿ to the nearest, ties to even.
pub fn halve(v: i32, n: u32) -> i32 {
    if n == 0 {
        return v;
    }
    if n > 30 {
        return 0;
    }
    let floor = v >> n;
    let rest = v - (floor << n);
    let half = 1 << (n - 1);
    floor + i32::from(rest > half || (rest == half && floor & 1 == 1))
}

/// The least power of two not below `x`, which is positive and below 2^122.
pub fn power_of_two_above(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = (bits >> 23) + u32::from(bits & 0x7f_ffff != 0);
    f32::from_bits(exponent.clamp(1, 250) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_even() {
        let halves = [-3, -2, -1, 0, 1, 2, 3, 5].map(|v| halve(v, 1));
        assert_eq!(halves, [-2, -1, 0, 0, 0, 1, 2, 2]);
        assert_eq!((halve(7, 2), halve(6, 2), halve(10, 2), halve(-6, 2), halve(i32::MAX, 40)), (2, 2, 2, -2, 0));
    }

    #[test]
    fn steps_are_powers_of_two() {
        assert_eq!([0.75, 1.0, 1.5, 1e-3].map(power_of_two_above), [1.0, 1.0, 2.0, 1.0 / 512.0]);
        assert_eq!(
            [(2.5, 1.0), (3.5, 1.0), (-0.3, 0.125), (1e30, 1.0)].map(|(x, step)| steps(x, step)),
            [2, 4, -2, i32::MAX]
        );
    }
}
