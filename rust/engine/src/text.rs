//! Text without `core::fmt`, which would cost 10 to 20 KB of flash.

/// Where text goes.
pub trait Out {
    /// Writes a piece of text. What cannot be written is lost, as on a serial line that nobody reads.
    fn str(&mut self, text: &str);
}

/// Numbers as text.
pub trait Write: Out {
    /// A whole number.
    fn uint(&mut self, value: impl Into<u64>) {
        digits(value.into(), &mut |text| self.str(text));
    }

    /// A count of things in memory.
    fn size(&mut self, value: usize) {
        self.uint(value as u64);
    }

    /// A whole number with its sign.
    fn int(&mut self, value: i32) {
        if value < 0 {
            self.str("-");
        }
        self.uint(value.unsigned_abs());
    }

    /// A real number with `digits` after the point (at most 6); beyond ±2³¹ or below half the last digit it says so
    /// by `large` or 0, and an undefined one is `nan`.
    fn fixed(&mut self, value: f32, digits: u8) {
        if value.is_nan() {
            return self.str("nan");
        }
        let mut unit = 1u32;
        for _ in 0..digits.min(6) {
            unit *= 10;
        }
        let magnitude = libm::fabsf(value);
        if magnitude >= 4_294_967_000.0 {
            return self.str(if value < 0.0 { "-large" } else { "large" });
        }
        let mut whole = magnitude as u32;
        let mut part = ((magnitude - whole as f32) * unit as f32 + 0.5) as u32;
        if part >= unit {
            part -= unit;
            whole = whole.saturating_add(1);
        }
        if value < 0.0 && (whole > 0 || part > 0) {
            self.str("-");
        }
        self.uint(whole);
        if unit > 1 {
            self.str(".");
            let mut place = unit / 10;
            while place > 1 && part < place {
                self.str("0");
                place /= 10;
            }
            self.uint(part);
        }
    }

    /// A real number with four significant digits, with an exponent where it is very small or large.
    fn real(&mut self, value: f32) {
        let magnitude = libm::fabsf(value);
        if !value.is_finite() {
            return self.str(if value.is_nan() {
                "nan"
            } else if value < 0.0 {
                "-inf"
            } else {
                "inf"
            });
        }
        match magnitude {
            0.0 => self.str("0"),
            m if (1000.0..10_000_000.0).contains(&m) => self.fixed(value, 0),
            m if (100.0..1000.0).contains(&m) => self.fixed(value, 1),
            m if (10.0..100.0).contains(&m) => self.fixed(value, 2),
            m if (1.0..10.0).contains(&m) => self.fixed(value, 3),
            m if (0.1..1.0).contains(&m) => self.fixed(value, 4),
            m if (0.01..0.1).contains(&m) => self.fixed(value, 5),
            m if (0.001..0.01).contains(&m) => self.fixed(value, 6),
            mut m => {
                let mut exponent = 0i32;
                while m >= 10.0 {
                    m /= 10.0;
                    exponent += 1;
                }
                while m < 1.0 {
                    m *= 10.0;
                    exponent -= 1;
                }
                if m >= 9.9995 {
                    // Three digits after the point would make it 10.000.
                    m = 1.0;
                    exponent += 1;
                }
                self.fixed(if value < 0.0 { -m } else { m }, 3);
                self.str("e");
                self.int(exponent);
            }
        }
    }

    /// A span of time in seconds with milliseconds.
    fn seconds(&mut self, span: hone_signal::Micros) {
        self.uint(span.0 / 1_000_000);
        self.str(".");
        let milli = (span.0 % 1_000_000) as u32 / 1000;
        self.str(if milli < 10 {
            "00"
        } else if milli < 100 {
            "0"
        } else {
            ""
        });
        self.uint(milli);
    }

    /// A share as a percentage with one digit.
    fn percent(&mut self, share: f32) {
        self.fixed(share * 100.0, 1);
        self.str(" %");
    }
}

impl<T: Out + ?Sized> Write for T {}

/// The decimal digits of a number, in one piece.
#[inline(never)]
fn digits(mut value: u64, see: &mut dyn FnMut(&str)) {
    // As many as u64::MAX has.
    let mut text = [b'0'; 20];
    let mut count = 0;
    for place in text.iter_mut().rev() {
        // In u32 where it fits: 64-bit division is slow on a 32-bit core.
        let digit = match u32::try_from(value) {
            Ok(small) => {
                value = (small / 10).into();
                small % 10
            }
            Err(_) => {
                let digit = value % 10;
                value /= 10;
                digit as u32
            }
        };
        *place = b'0' + digit as u8;
        count += 1;
        if value == 0 {
            break;
        }
    }
    let written = text.get(text.len() - count..).and_then(|t| core::str::from_utf8(t).ok());
    see(written.unwrap_or(""));
}

/// Text in a fixed buffer; what does not fit is cut, and `cut` tells.
#[derive(Clone, Debug)]
pub struct Line<const N: usize> {
    text: heapless::String<N>,
    /// Something did not fit.
    pub cut: bool,
}

impl<const N: usize> Default for Line<N> {
    fn default() -> Self {
        Self { text: heapless::String::new(), cut: false }
    }
}

impl<const N: usize> Line<N> {
    /// What was written.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl<const N: usize> Out for Line<N> {
    fn str(&mut self, text: &str) {
        for c in text.chars() {
            if self.text.push(c).is_err() {
                self.cut = true;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::string::String;

    impl Out for String {
        fn str(&mut self, text: &str) {
            self.push_str(text);
        }
    }

    fn text(write: impl FnOnce(&mut String)) -> String {
        let mut s = String::new();
        write(&mut s);
        s
    }

    #[test]
    fn writes_numbers() {
        assert_eq!(text(|s| s.fixed(-1.005, 2)), "-1.00");
        assert_eq!(text(|s| s.fixed(0.999, 2)), "1.00");
        assert_eq!(text(|s| s.fixed(2.05, 1)), "2.0");
        assert_eq!(text(|s| s.fixed(3.007, 3)), "3.007");
        assert_eq!(text(|s| s.fixed(-0.001, 1)), "0.0");
        assert_eq!(text(|s| s.real(0.012_344)), "0.01234");
        assert_eq!(text(|s| s.real(1.5e-7)), "1.500e-7");
        assert_eq!(text(|s| s.real(1.0e-4)), "1.000e-4");
        assert_eq!(text(|s| s.real(-2.5e12)), "-2.500e12");
        assert_eq!(text(|s| s.real(f32::NAN)), "nan");
        assert_eq!(text(|s| s.seconds(hone_signal::Micros(12_034_567))), "12.034");
        assert_eq!(text(|s| s.uint(u64::MAX)), "18446744073709551615");
        assert_eq!(text(|s| s.uint(4_294_967_296u64)), "4294967296");
        assert_eq!(text(|s| s.uint(0u32)), "0");
        assert_eq!(text(|s| s.int(i32::MIN)), "-2147483648");
    }

    #[test]
    fn a_full_line_is_cut() {
        let mut line = Line::<4>::default();
        line.str("abc");
        line.str("de");
        assert_eq!((line.as_str(), line.cut), ("abcd", true));
    }

    proptest! {
        #[test]
        fn any_number_is_written_near_its_value(bits in any::<u32>()) {
            let value = f32::from_bits(bits);
            let s = text(|s| s.real(value));
            if value.is_finite() {
                // In f64: the greatest f32 rounds up to a text beyond it.
                let (read, value): (f64, f64) = (s.parse().unwrap(), value.into());
                prop_assert!((read - value).abs() <= value.abs() * 1e-3 + 1e-44, "{value} as {s}");
            }
        }
    }
}
