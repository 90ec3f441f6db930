//! Run-time parameters: one table per learner, from which the shell's `config`, the host's `--set`, completion,
//! range checks and persistence all work. [`settings!`](crate::settings) declares them.

pub use crate::declare::Field;
use crate::grammar::{Grammar, Text, TextFault};

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number from `min` to `max`, both included.
    Int {
        /// Least.
        min: i32,
        /// Greatest.
        max: i32,
    },
    /// A finite real number from `min` to `max`, both included.
    Real {
        /// Least.
        min: f32,
        /// Greatest.
        max: f32,
    },
    /// `on` or `off`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A text that is read by this grammar.
    Text(Grammar),
}

/// The value of a setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Of a [`Kind::Int`].
    Int(i32),
    /// Of a [`Kind::Real`].
    Real(f32),
    /// Of a [`Kind::Flag`].
    Flag(bool),
    /// Of a [`Kind::Choice`]: an index into its words.
    Choice(u8),
    /// Of a [`Kind::Text`].
    Text(Text),
}

/// One run-time parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Its name within the learner, in lower case with dashes: `spectral-radius`.
    pub name: &'static str,
    /// One line for `config list`.
    pub help: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What a number counts or measures: `frames`. Empty for a bare one.
    pub unit: &'static str,
}

/// A whole number from `min` to `max`, both included.
pub const fn int(min: i32, max: i32) -> Kind {
    Kind::Int { min, max }
}

/// A finite real number from `min` to `max`, both included.
pub const fn real(min: f32, max: f32) -> Kind {
    Kind::Real { min, max }
}

/// One of these words.
pub const fn choice(words: &'static [&'static str]) -> Kind {
    Kind::Choice(words)
}

/// A text that `reader` takes; `what` it is and `examples` are shown.
#[cfg(feature = "text")]
pub const fn text(
    what: &'static str,
    examples: &'static [&'static str],
    reader: fn(&str) -> Result<(), TextFault>,
) -> Kind {
    Kind::Text(Grammar::new(what, examples, reader))
}

/// `on` or `off`.
pub const FLAG: Kind = Kind::Flag;

/// A parameter is refused; the parameters stay as they were.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ParamError {
    /// The text or value is not of the setting's kind or range; the setting says what is.
    Invalid(&'static Setting),
    /// The text is refused at a place.
    Text(&'static Setting, TextFault),
    /// No setting has this index or name.
    NoSuchSetting,
    /// Two settings, each good by itself, contradict; the text says which and what to do.
    Conflict(&'static str),
    /// The setting asks for more than the capacity that the build has.
    Capacity {
        /// Which one.
        name: &'static str,
        /// What it asks for.
        asked: u32,
        /// What the build has.
        capacity: u32,
    },
    /// The setting must be a multiple of this.
    Multiple {
        /// Which one.
        name: &'static str,
        /// Of what.
        of: u32,
    },
}

/// Parameters as a table. `get` and `set` agree with `SETTINGS` index by index.
pub trait Settings {
    /// The table.
    const SETTINGS: &'static [Setting];

    /// The value of setting `index`; `None` when there is none.
    fn get(&self, index: usize) -> Option<Value>;

    /// Stores a value that [`Setting::accepts`] has been asked about; implementations store without a check.
    /// False when there is no such setting or the value is of another kind.
    fn store(&mut self, index: usize, value: Value) -> bool;

    /// Checks each parameter against its range.
    ///
    /// # Errors
    /// [`ParamError::Invalid`] with the first that is out of it.
    fn check_ranges(&self) -> Result<(), ParamError> {
        let good = |(index, setting): (usize, &Setting)| self.get(index).is_some_and(|v| setting.accepts(v));
        match Self::SETTINGS.iter().enumerate().find(|s| !good(*s)) {
            Some((_, setting)) => Err(ParamError::Invalid(setting)),
            None => Ok(()),
        }
    }

    /// Sets one parameter.
    ///
    /// # Errors
    /// [`ParamError`]; nothing is changed.
    fn set(&mut self, index: usize, value: Value) -> Result<(), ParamError> {
        let setting = Self::SETTINGS.get(index).ok_or(ParamError::NoSuchSetting)?;
        if setting.accepts(value) && self.store(index, value) { Ok(()) } else { Err(ParamError::Invalid(setting)) }
    }

    /// Sets one parameter by name from text.
    ///
    /// # Errors
    /// [`ParamError`]; nothing is changed.
    fn set_text(&mut self, name: &str, text: &str) -> Result<(), ParamError> {
        let index = Self::SETTINGS.iter().position(|s| s.name == name).ok_or(ParamError::NoSuchSetting)?;
        let setting = Self::SETTINGS.get(index).ok_or(ParamError::NoSuchSetting)?;
        self.set(index, setting.read(text)?)
    }
}

impl Setting {
    /// Whether `value` is of the kind and in range.
    pub fn accepts(&self, value: Value) -> bool {
        match (self.kind, value) {
            (Kind::Int { min, max }, Value::Int(v)) => (min..=max).contains(&v),
            (Kind::Real { min, max }, Value::Real(v)) => v >= min && v <= max,
            (Kind::Flag, Value::Flag(_)) => true,
            (Kind::Choice(words), Value::Choice(i)) => usize::from(i) < words.len(),
            (Kind::Text(grammar), Value::Text(text)) => grammar.read(text.as_str()).is_ok(),
            _ => false,
        }
    }

    /// Reads a value from text; `None` when it is not of the kind or out of range.
    pub fn parse(&self, text: &str) -> Option<Value> {
        let value = match self.kind {
            Kind::Int { .. } => Value::Int(parse_int(text)?),
            Kind::Real { .. } => Value::Real(parse_real(text)?),
            Kind::Flag => match text {
                "on" | "true" | "yes" | "1" => Value::Flag(true),
                "off" | "false" | "no" | "0" => Value::Flag(false),
                _ => return None,
            },
            Kind::Choice(words) => Value::Choice(u8::try_from(words.iter().position(|w| *w == text)?).ok()?),
            Kind::Text(_) => Value::Text(Text::new(text)?),
        };
        self.accepts(value).then_some(value)
    }

    /// As [`Setting::parse`], with what is wrong.
    ///
    /// # Errors
    /// [`ParamError::Invalid`], [`ParamError::Text`].
    pub fn read(&'static self, text: &str) -> Result<Value, ParamError> {
        self.parse(text)
            .ok_or_else(|| self.fault(text).map_or(ParamError::Invalid(self), |f| ParamError::Text(self, f)))
    }

    /// Where a text is wrong, of a setting that takes texts.
    pub fn fault(&self, text: &str) -> Option<TextFault> {
        match self.kind {
            Kind::Text(grammar) => grammar.read(text).err(),
            _ => None,
        }
    }
}

/// A whole number in decimal; `None` for anything else.
pub fn parse_int(text: &str) -> Option<i32> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0i32;
    for byte in digits.bytes() {
        let digit = i32::from(byte.checked_sub(b'0').filter(|d| *d < 10)?);
        value = value.checked_mul(10)?;
        value = if negative { value.checked_sub(digit)? } else { value.checked_add(digit)? };
    }
    Some(value)
}

/// A finite decimal number such as `0.25`, `-3`, `1e-3`; `None` for anything else.
///
/// The standard parser is exact but brings 10 KB of tables into the target image, and arithmetic in `f64` 2 KB where the
/// core has none. This one keeps up to nine significant digits and scales them by tens in 64-bit integers with an
/// exponent of two, so that a number of at most nine digits comes out as the nearest `f32` or its neighbour.
pub fn parse_real(text: &str) -> Option<f32> {
    let (mantissa_text, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, parse_int(e.strip_prefix('+').unwrap_or(e))?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa_text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa_text),
    };
    let (mut mantissa, mut scale, mut seen, mut after_point) = (0u32, exponent, false, false);
    for byte in digits.bytes() {
        if byte == b'.' {
            if after_point {
                return None;
            }
            after_point = true;
            continue;
        }
        let digit = u32::from(byte.checked_sub(b'0').filter(|d| *d < 10)?);
        seen = true;
        if mantissa < 100_000_000 {
            mantissa = mantissa * 10 + digit;
            scale = scale.checked_sub(i32::from(after_point))?;
        } else {
            scale = scale.checked_add(i32::from(!after_point))?;
        }
    }
    if seen && mantissa == 0 {
        return Some(0.0);
    }
    if !seen || !(-60..=60).contains(&scale) {
        return None;
    }
    // The value is digits·2^exponent with the highest bit set, so a step loses one part in 2^60 at most.
    let mut digits = u64::from(mantissa) << mantissa.leading_zeros() << 32;
    let mut exponent = -32 - mantissa.leading_zeros() as i32;
    for _ in 0..scale.unsigned_abs() {
        digits = if scale < 0 { digits / 10 } else { (digits >> 4) * 10 };
        exponent += if scale < 0 { 0 } else { 4 };
        let room = digits.leading_zeros();
        digits <<= room;
        exponent -= room as i32;
    }
    let value = libm::scalbnf(digits as f32, exponent);
    let value = if negative { -value } else { value };
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::format;

    #[test]
    fn reads_numbers() {
        for (text, value) in
            [("0.25", 0.25), ("-3", -3.0), ("1e-3", 1e-3), ("2.5E+2", 250.0), (".5", 0.5), ("0e99", 0.0)]
        {
            assert_eq!(parse_real(text), Some(value), "{text}");
        }
        for text in ["", "-", ".", "1.2.3", "nan", "inf", "1e", "1e99", "0x1", "1 ", "--1", "\u{663}"] {
            assert_eq!(parse_real(text), None, "{text}");
        }
        assert_eq!(parse_int("-2147483648"), Some(i32::MIN));
        assert_eq!(parse_int("2147483648"), None);
    }

    #[test]
    fn checks_the_range() {
        const S: Setting = Setting { name: "leak", help: "", kind: real(0.0, 1.0), unit: "" };
        assert_eq!(S.parse("1"), Some(Value::Real(1.0)));
        assert_eq!(S.parse("1.01"), None);
        assert!(!S.accepts(Value::Real(f32::NAN)));
        assert!(!S.accepts(Value::Int(1)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = (parse_int(&text), parse_real(&text));
        }

        #[test]
        fn short_decimals_come_out_within_one_step(mantissa in -99_999_999i32..=99_999_999, exponent in -12i32..=12) {
            let text = format!("{mantissa}e{exponent}");
            let exact: f32 = text.parse().unwrap();
            let ours = parse_real(&text).unwrap();
            prop_assert!(ours.to_bits().abs_diff(exact.to_bits()) <= 1, "{text}: {ours} for {exact}");
        }
    }
}
