//! Fixed point Q(m,n) of 16 bits, and the precision in which a model runs.
//!
//! Where the bits behind the point are known when a program is compiled, a number is a type of the crate `fixed`. Those of
//! weights are a choice of whoever quantises a model: [`Fixed`] holds them, and a number of 16 bits is one of
//! [`I17F15`] after a shift.

use super::features::Width;
use super::round::nearest;
use fixed::types::I17F15;

/// Fixed point: a 16-bit integer of which `fraction` bits stand behind the point. Q(m,n) has m + n ≤ 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    fraction: u8,
}

impl Fixed {
    /// With `whole` bits before the point, besides the sign, and `fraction` behind it; `None` when they are more than 15.
    pub const fn q(whole: u8, fraction: u8) -> Option<Self> {
        if whole.saturating_add(fraction) <= 15 { Some(Self { fraction }) } else { None }
    }

    /// Bits behind the point.
    pub const fn fraction(self) -> u8 {
        self.fraction
    }

    /// 1 as a number.
    pub const fn one(self) -> u32 {
        1 << (self.fraction & 15)
    }

    /// The nearest number, half-way ones away from zero, at the ends of the range for what lies beyond; 0 for what is not a
    /// number.
    pub fn encode(self, value: f32) -> i16 {
        nearest(value * self.one() as f32).clamp(i16::MIN.into(), i16::MAX.into()) as i16
    }

    /// The value of a number.
    pub fn decode(self, number: i16) -> f32 {
        I17F15::from_bits(i32::from(number) << (15 - (self.fraction & 15))).to_num()
    }
}

/// In what integers a model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 8 bits, the range spread over them.
    Int8,
    /// 16 bits, fixed point.
    Fixed(Fixed),
}

impl Precision {
    /// As a number in a stored model; never 0.
    pub const fn code(self) -> u8 {
        match self {
            Self::Int8 => 1,
            Self::Fixed(fixed) => 2 + fixed.fraction(),
        }
    }

    /// The reverse of [`Precision::code`].
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Int8),
            2..=17 => match Fixed::q(0, code - 2) {
                Some(fixed) => Some(Self::Fixed(fixed)),
                None => None,
            },
            _ => None,
        }
    }

    /// Of its codes.
    pub const fn width(self) -> Width {
        match self {
            Self::Int8 => Width::Byte,
            Self::Fixed(_) => Width::Half,
        }
    }

    /// Bits behind the point of numbers from -1 to 1.
    pub const fn fraction(self) -> u8 {
        match self {
            Self::Int8 => 7,
            Self::Fixed(fixed) => fixed.fraction(),
        }
    }

    /// By how many bits squared distances are shifted so that 32 bits hold what counts.
    pub const fn square_shift(self) -> u8 {
        match self {
            Self::Int8 => 0,
            Self::Fixed(fixed) => (2 * fixed.fraction()).saturating_sub(16),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fixed_point_rounds_and_saturates() {
        let q = Fixed::q(3, 12).unwrap();
        let coded = [0.0, 1.0, -1.0, 0.000_13, -0.000_13, 9.0, -9.0, f32::NAN].map(|v| q.encode(v));
        assert_eq!(coded, [0, 4096, -4096, 1, -1, i16::MAX, i16::MIN, 0]);
        assert_eq!((Fixed::q(15, 0).is_some(), Fixed::q(8, 8), q.decode(-2048)), (true, None, -0.5));
        for fraction in 0..=15 {
            let q = Fixed::q(0, fraction).unwrap();
            let one = (1u32 << fraction) as f32;
            assert_eq!([i16::MIN, -1, 0, 1, i16::MAX].map(|n| q.decode(n) * one), [-32768.0, -1.0, 0.0, 1.0, 32767.0]);
        }
    }

    proptest! {
        #[test]
        fn fixed_is_within_half_a_step(value in -7.9f32..7.9) {
            let q = Fixed::q(3, 12).unwrap();
            prop_assert!((q.decode(q.encode(value)) - value).abs() <= 0.5 / 4096.0);
        }

        #[test]
        fn a_value_is_the_number_that_the_crate_finds_but_half_way(value in -9.0f32..9.0) {
            let scaled = value * 4096.0;
            let found = fixed::types::I4F12::saturating_from_num(value).to_bits();
            prop_assume!((scaled - libm::truncf(scaled)).abs() != 0.5);
            prop_assert_eq!(Fixed::q(3, 12).unwrap().encode(value), found);
        }
    }
}
