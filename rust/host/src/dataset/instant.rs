//! Moments as files write them, compared as what they mean.

use jiff::{Timestamp, civil, tz};

/// What a moment counts from. Moments of different clocks cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// A number, of seconds or their fractions.
    Number,
    /// A date and time of an unnamed place.
    Local,
    /// A date and time with its offset from UTC.
    Utc,
}

impl Clock {
    /// In messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Number => "numbers",
            Self::Local => "dates without an offset from UTC",
            Self::Utc => "dates with an offset from UTC",
        }
    }
}

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// What it counts from.
    pub clock: Clock,
    /// The number, or seconds since 1970.
    pub at: f64,
}

/// Reads a date with time: `2024-07-01T12:00:00Z`, `2024-07-01 14:00:00.5+02:00`, `2024/07/01 12:00`.
pub fn date(text: &str) -> Option<Moment> {
    let text = text.trim();
    let dashed;
    let mut date = text;
    if text.as_bytes().get(4) == Some(&b'/') {
        dashed = text.replacen('/', "-", 2);
        date = &dashed;
    }
    let utc;
    if let Some(rest) = date.strip_suffix("UTC").or_else(|| date.strip_suffix("GMT")) {
        utc = format!("{}Z", rest.trim_end());
        date = &utc;
    }
    if let Ok(stamp) = date.parse::<Timestamp>() {
        return Some(Moment { clock: Clock::Utc, at: seconds(stamp) });
    }
    let local: civil::DateTime = date.parse().ok()?;
    let stamp = tz::Offset::UTC.to_timestamp(local).ok()?;
    Some(Moment { clock: Clock::Local, at: seconds(stamp) })
}

fn seconds(stamp: Timestamp) -> f64 {
    stamp.as_microsecond() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_compared_as_what_they_mean() {
        let m = |t| date(t).unwrap_or_else(|| panic!("{t}"));
        assert_eq!(m("2013-12-10 06:25:00"), m("2013-12-10T06:25:00.000000"));
        assert_eq!(m("2024-07-01T03:20:00+00:00"), m("2024-07-01 05:20:00+02:00"));
        assert_eq!(m("2024-07-01T03:20:00Z"), m("2024/07/01 03:20:00 UTC"));
        assert!(m("2013-12-10 06:25:00").at < m("2013-12-12T05:35").at);
        assert_eq!(m("2013-12-10 06:25").clock, Clock::Local);
        for bad in ["9.5", "yesterday", "", "nan", "01.07.2024 03:20", "2024-13-01T00:00:00Z"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }
}
