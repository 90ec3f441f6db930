//! Dates and times of day, UTC, of this century.

use hone_learn::text::{Out, Write};

const DAY: u32 = 86_400;
/// Days from 1970 to 2000, in which four-year spans of this century begin.
const START: u32 = 10_957;
const FOUR_YEARS: u32 = 1461;
/// Days before each month of a year that is no leap year.
const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// Days before a month (1 to 12) of the year `year` of four, the first of which is a leap year.
fn before(year: u32, month: u32) -> u32 {
    let days = BEFORE.get(month.saturating_sub(1) as usize).copied().unwrap_or(365);
    days + u32::from(year == 0 && month > 2)
}

/// `2026-01-31T23:59:59Z` of seconds since 1970.
pub fn write(seconds: u32, out: &mut dyn Out) {
    let (days, time) = ((seconds / DAY).saturating_sub(START), seconds % DAY);
    let (span, rest) = (days / FOUR_YEARS, days % FOUR_YEARS);
    let year = rest.saturating_sub(1) / 365;
    let day = rest - (year * 365 + u32::from(year > 0));
    let month = (1..=12).rev().find(|m| before(year, *m) <= day).unwrap_or(1);
    let parts = [2000 + span * 4 + year, month, 1 + day - before(year, month), time / 3600, time / 60 % 60, time % 60];
    for (part, mark) in parts.into_iter().zip(["-", "-", "T", ":", ":", "Z"]) {
        out.str(if part < 10 { "0" } else { "" });
        out.uint(part);
        out.str(mark);
    }
}

/// Seconds since 1970; `None` for what is no date and time of 2000 to 2099.
pub fn read(text: &str) -> Option<u32> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let ([year, month, day], [hour, minute, second]) = (three(date, '-')?, three(time, ':')?);
    let year = year.checked_sub(2000)?;
    let (span, year) = (year / 4, year % 4);
    let good = span < 25 && (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
    let length = before(year, month + 1).saturating_sub(before(year, month));
    let days = START + span * FOUR_YEARS + year * 365 + u32::from(year > 0) + before(year, month) + day;
    (good && (1..=length).contains(&day)).then(|| (days - 1) * DAY + hour * 3600 + minute * 60 + second)
}

fn three(text: &str, mark: char) -> Option<[u32; 3]> {
    let mut parts = text.split(mark);
    let mut number = |digits| {
        let part = parts.next().filter(|p| p.len() == digits && p.bytes().all(|b| b.is_ascii_digit()))?;
        part.bytes().try_fold(0, |n: u32, b| Some(n * 10 + u32::from(b - b'0')))
    };
    let three = [number(if mark == '-' { 4 } else { 2 })?, number(2)?, number(2)?];
    parts.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use hone_learn::text::Line;
    use std::string::ToString;

    fn written(seconds: u32) -> std::string::String {
        let mut line = Line::<40>::default();
        write(seconds, &mut line);
        line.as_str().to_string()
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (text, seconds) in [
            ("2000-01-01T00:00:00Z", 946_684_800),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2001-03-01T00:00:00Z", 983_404_800),
            ("2024-12-31T23:59:59Z", 1_735_689_599),
            ("2026-11-30T11:34:38Z", 1_796_038_478),
            ("2099-12-31T23:59:59Z", 4_102_444_799),
        ] {
            assert_eq!((read(text), written(seconds).as_str()), (Some(seconds), text));
        }
        // Each day of the century, forwards and back.
        for day in START..START + 25 * FOUR_YEARS {
            assert_eq!(read(&written(day * DAY + 7)), Some(day * DAY + 7));
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-11-30",
            "2026-11-30T11:34:38",
            "2026-11-31T11:34:38Z",
            "2026-02-29T00:00:00Z",
            "2100-01-01T00:00:00Z",
            "1999-12-31T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-1-01T00:00:00Z",
            "2026-01-01T00:00:00:00Z",
            "2026-01-01-01T00:00:00Z",
            "2024-12-32T00:00:00Z",
            "\u{661}026-01-01T00:00:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
