//! Text without `core::fmt`, which would cost 10 to 20 KB of flash.

/// Where text goes.
pub trait Out {
    /// Writes a piece of text. What cannot be written is lost, as on a serial line that nobody reads.
    fn str(&mut self, text: &str);

    /// Sends bytes as they are, beside the text. False where they did not go, or there is a way for text alone.
    fn bytes(&mut self, _bytes: &[u8]) -> bool {
        false
    }
}

/// Prose and numbers. Each is written by one function, whatever the text goes to: there is one copy of each in flash.
pub trait Write: Out {
    /// Itself, as any output.
    fn out(&mut self) -> &mut dyn Out;

    /// A whole number.
    fn uint(&mut self, value: impl Into<u64>) {
        uint(self.out(), value.into());
    }

    /// A count of things in memory.
    fn size(&mut self, value: usize) {
        uint(self.out(), value as u64);
    }

    /// A whole number with its sign.
    fn int(&mut self, value: i32) {
        int(self.out(), value);
    }

    /// `pattern`, in which a `%` stands for each of `values` in turn; one that is left over is written. Numbers in an array and
    /// one text take less flash than a call for each piece.
    fn counts(&mut self, pattern: &str, values: &[u32]) {
        fill(self.out(), pattern, values.len(), &mut |out, i| uint(out, values.get(i).copied().unwrap_or(0).into()));
    }

    /// A real number with `digits` after the point (at most 6); beyond ±2³¹ or below half the last digit it says so
    /// by `large` or 0, and an undefined one is `nan`.
    fn fixed(&mut self, value: f32, digits: u8) {
        fixed(self.out(), value, digits);
    }

    /// A real number with four significant digits, with an exponent where it is very small or large.
    fn real(&mut self, value: f32) {
        real(self.out(), value);
    }

    /// A span of time in seconds with milliseconds.
    fn seconds(&mut self, span: crate::Micros) {
        seconds(self.out(), span);
    }

    /// A share as a percentage with one digit.
    fn percent(&mut self, share: f32) {
        percent(self.out(), share);
    }
}

impl<T: Out> Write for T {
    fn out(&mut self) -> &mut dyn Out {
        self
    }
}

impl Write for dyn Out + '_ {
    fn out(&mut self) -> &mut dyn Out {
        self
    }
}

fn uint(out: &mut dyn Out, value: u64) {
    let mut digits = [b'0'; 20];
    let mut places = digits.iter_mut().rev();
    let mut count = 0;
    // 32 bits as soon as it fits: 64-bit division is slow on a 32-bit core.
    let mut high = value;
    let mut low = loop {
        match u32::try_from(high) {
            Ok(low) => break low,
            Err(_) => {
                if let Some(place) = places.next() {
                    *place += (high % 10) as u8;
                }
                high /= 10;
                count += 1;
            }
        }
    };
    for place in places {
        *place += (low % 10) as u8;
        low /= 10;
        count += 1;
        if low == 0 {
            break;
        }
    }
    out.str(ascii(digits.get(digits.len() - count..).unwrap_or(&[])));
}

fn int(out: &mut dyn Out, value: i32) {
    if value < 0 {
        out.str("-");
    }
    uint(out, value.unsigned_abs().into());
}

/// `pattern`, in which `write` writes what each of the first `count` `%` stands for.
pub fn fill(out: &mut dyn Out, pattern: &str, count: usize, write: &mut dyn FnMut(&mut dyn Out, usize)) {
    let mut rest = pattern;
    for filled in 0..count {
        let Some((before, after)) = cut(rest, b'%') else { break };
        out.str(before);
        write(out, filled);
        rest = after;
    }
    out.str(rest);
}

fn fixed(out: &mut dyn Out, value: f32, digits: u8) {
    if value.is_nan() {
        return out.str("nan");
    }
    let mut unit = 1u32;
    for _ in 0..digits.min(6) {
        unit *= 10;
    }
    let magnitude = libm::fabsf(value);
    if magnitude >= 4_294_967_000.0 {
        return out.str(if value < 0.0 { "-large" } else { "large" });
    }
    let mut whole = magnitude as u32;
    let mut part = ((magnitude - whole as f32) * unit as f32 + 0.5) as u32;
    if part >= unit {
        part -= unit;
        whole = whole.saturating_add(1);
    }
    if value < 0.0 && (whole > 0 || part > 0) {
        out.str("-");
    }
    uint(out, whole.into());
    if unit > 1 {
        out.str(".");
        let mut place = unit / 10;
        while place > 1 && part < place {
            out.str("0");
            place /= 10;
        }
        uint(out, part.into());
    }
}

fn real(out: &mut dyn Out, value: f32) {
    let magnitude = libm::fabsf(value);
    if !value.is_finite() {
        return out.str(if value.is_nan() {
            "nan"
        } else if value < 0.0 {
            "-inf"
        } else {
            "inf"
        });
    }
    if magnitude == 0.0 {
        return out.str("0");
    }
    // Digits after the point for each power of ten.
    if (0.001..10_000_000.0).contains(&magnitude) {
        let mut digits = 6;
        for bound in [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0] {
            if magnitude >= bound {
                digits -= 1;
            }
        }
        return fixed(out, value, digits);
    }
    let (mut m, mut exponent) = (magnitude, 0i32);
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
    fixed(out, if value < 0.0 { -m } else { m }, 3);
    out.str("e");
    int(out, exponent);
}

fn seconds(out: &mut dyn Out, span: crate::Micros) {
    uint(out, span.0 / 1_000_000);
    out.str(".");
    let milli = (span.0 % 1_000_000) as u32 / 1000;
    for place in [100, 10] {
        if milli < place {
            out.str("0");
        }
    }
    uint(out, milli.into());
}

fn percent(out: &mut dyn Out, share: f32) {
    fixed(out, share * 100.0, 1);
    out.str(" %");
}

/// What stands before and after the first `mark`, which is ASCII.
pub fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == mark)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

/// Bytes that are ASCII, as text.
pub fn ascii(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("")
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
        assert_eq!(text(|s| s.seconds(crate::Micros(12_034_567))), "12.034");
        assert_eq!(text(|s| s.uint(u64::MAX)), "18446744073709551615");
        assert_eq!(text(|s| s.uint(0u32)), "0");
        assert_eq!(text(|s| s.uint(42_949_672_960u64)), "42949672960");
        assert_eq!(text(|s| s.int(i32::MIN)), "-2147483648");
        assert_eq!(text(|s| s.counts("% of %, % %\n", &[1, 20, 300])), "1 of 20, 300 %\n");
        assert_eq!(text(|s| s.counts("none", &[1])), "none");
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
