//! The shortest decimal text that reads back as the same `f32`: Steele and White's free-format algorithm ("How to print
//! floating-point numbers accurately", 1990) in whole numbers of 192 bits. It needs no tables, and the texts are those
//! of Ryū. Slow beside it (some microseconds), and some 3 KB smaller; only JSON uses it.

use core::cmp::Ordering;
use hone_learn::text::{Out, Write, ascii};

/// A whole number, least significant word first. 192 bits hold 2¹⁵¹ times ten, the most that comes up.
#[derive(Clone, Copy)]
struct Big([u32; 6]);

impl Big {
    /// `value`·2^`shift`.
    fn new(value: u32, shift: u32) -> Self {
        let mut words = [0; 6];
        let wide = u64::from(value) << (shift % 32);
        let mut places = words.iter_mut().skip((shift / 32) as usize);
        for part in [wide as u32, (wide >> 32) as u32] {
            if let Some(place) = places.next() {
                *place = part;
            }
        }
        Self(words)
    }

    fn times_ten(&mut self) {
        let mut carry = 0u64;
        for word in &mut self.0 {
            carry += u64::from(*word) * 10;
            *word = carry as u32;
            carry >>= 32;
        }
    }

    /// Adds `other`, or what makes its complement with `flip` all ones and `carry` one: subtracts it.
    fn add(&mut self, other: &Self, flip: u32) {
        let mut carry = u64::from(flip & 1);
        for (word, o) in self.0.iter_mut().zip(&other.0) {
            carry += u64::from(*word) + u64::from(*o ^ flip);
            *word = carry as u32;
            carry >>= 32;
        }
    }

    fn plus(mut self, other: &Self) -> Self {
        self.add(other, 0);
        self
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

/// Most digits that an `f32` needs.
const DIGITS: usize = 9;

/// Digits of a positive finite number, how many, and the power of ten p with 10^(p-1) ≤ value < 10^p, nearly.
fn digits(value: f32) -> ([u8; DIGITS], usize, i32) {
    let bits = value.to_bits();
    let (fraction, field) = (bits & 0x7f_ffff, bits >> 23 & 0xff);
    let mantissa = if field == 0 { fraction } else { fraction | 0x80_0000 };
    let exponent = field.max(1) as i32 - 150;
    let up = exponent.max(0) as u32;
    // Value, and half the distance to the next number above and below, in quarters of a unit of `one`.
    let mut rest = Big::new(4 * mantissa, up);
    let one_shift = (-exponent).max(0) as u32;
    let mut one = Big::new(4, one_shift);
    let mut above = Big::new(2, up);
    // Below a power of two numbers lie closer together.
    let mut below = Big::new(if fraction == 0 && field > 1 { 1 } else { 2 }, up);
    // The ends of the interval round to the even number.
    let even = mantissa & 1 == 0;
    let reaches = |sum: Big, bound: &Big| match sum.compare(bound) {
        Ordering::Less => false,
        Ordering::Equal => even,
        Ordering::Greater => true,
    };
    let mut power = 0;
    while reaches(rest.plus(&above), &one) {
        one.times_ten();
        power += 1;
    }
    let (mut text, mut count) = ([0; DIGITS], 0);
    for place in &mut text {
        let mut digit = 0;
        loop {
            for number in [&mut rest, &mut above, &mut below] {
                number.times_ten();
            }
            if count > 0 || reaches(rest.plus(&above), &one) {
                break;
            }
            // Leading zeros.
            power -= 1;
        }
        while rest.compare(&one) != Ordering::Less {
            rest.add(&one, u32::MAX);
            digit += 1;
        }
        let low = reaches(below, &rest);
        let high = reaches(rest.plus(&above), &one);
        if high
            && (!low || {
                let half = rest.plus(&rest).compare(&one);
                half == Ordering::Greater || half == Ordering::Equal && digit & 1 == 1
            })
        {
            digit += 1;
        }
        *place = b'0' + digit;
        count += 1;
        if low || high {
            break;
        }
    }
    (text, count, power)
}

/// Writes `value`: digits with a point from 1e-6 to below 1e13, an exponent beyond; `null` if it is not finite.
pub(crate) fn write(value: f32, out: &mut dyn Out) {
    if !value.is_finite() {
        return out.str("null");
    }
    if value.is_sign_negative() {
        out.str("-");
    }
    if value == 0.0 {
        return out.str("0.0");
    }
    let (text, count, power) = digits(value);
    let text = ascii(text.get(..count).unwrap_or(&[]));
    let zeros = |out: &mut dyn Out, n: i32| (0..n).for_each(|_| out.str("0"));
    match power {
        -5..=0 => {
            out.str("0.");
            zeros(out, -power);
            out.str(text);
        }
        1..=13 => {
            let (whole, part) = text.split_at_checked(power as usize).unwrap_or((text, ""));
            out.str(whole);
            zeros(out, power - count as i32);
            out.str(".");
            out.str(if part.is_empty() { "0" } else { part });
        }
        _ => {
            let (first, others) = text.split_at_checked(1).unwrap_or((text, ""));
            out.str(first);
            if !others.is_empty() {
                out.str(".");
                out.str(others);
            }
            out.str("e");
            out.int(power - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::String;

    fn check(bits: u32) {
        let value = f32::from_bits(bits);
        let mut text = hone_learn::text::Line::<32>::default();
        write(value, &mut text);
        let known = if value.is_finite() { ryu::Buffer::new().format(value).into() } else { String::from("null") };
        assert_eq!(text.as_str(), known, "{bits:#x}");
    }

    #[test]
    fn texts_are_those_of_ryu() {
        (0..=u32::MAX).step_by(9973).for_each(check);
        // Each power of two and its neighbours, each power of ten, the ends.
        for exponent in 0..=255u32 {
            for fraction in [0, 1, 2, 3, 0x40_0000, 0x7f_fffe, 0x7f_ffff] {
                check(exponent << 23 | fraction);
            }
        }
        for power in -45..=38 {
            let bits = std::format!("1e{power}").parse::<f32>().unwrap().to_bits();
            (bits.saturating_sub(3)..=bits + 3).for_each(check);
        }
        (1..2000).for_each(|i| check((i as f32 * 0.01).to_bits()));
    }

    proptest! {
        #[test]
        fn any_text_is_that_of_ryu(bits: u32) {
            check(bits);
        }
    }
}
