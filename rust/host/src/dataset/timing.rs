//! The times of a recording against its rate.

use super::Fault;
use super::file::dialect::Options;
use super::file::sheet::Sheet;
use super::instant::{Clock, Moment};
use std::path::Path;

/// Rates differ when one is further from the other than this.
pub const TOLERANCE: f64 = 0.02;
/// Rows looked at before a file is read.
const LOOKED_AT: usize = 4000;

/// What the times of a file are.
#[derive(Clone, Debug)]
pub struct Timing {
    /// The column.
    pub column: usize,
    clock: Clock,
    /// The first number of the column.
    first: f64,
    /// Seconds per number of the column.
    unit: f64,
    /// The step of a clock too coarse for the rate, else 0.
    coarse: f64,
    /// An interval longer than this is a gap, in numbers of the column.
    gap: f64,
    nominal: f64,
    last: Option<f64>,
    sum: f64,
    intervals: u64,
    rows: u64,
    back: u64,
    first_back: Option<usize>,
    /// Intervals longer than the usual.
    long: u64,
    /// The first and the last moment.
    pub ends: Option<(f64, f64)>,
}

/// Columns that may hold times, and whether one that does not is a fault: the one that the manifest names, else those
/// whose names say so, first to last.
pub fn columns(sheet: &Sheet, named: Option<&str>, taken: &[usize]) -> Result<Vec<(usize, bool)>, String> {
    match named {
        Some("none") if !sheet.column_names().iter().any(|n| n == "none") => Ok(Vec::new()),
        Some(name) => sheet.column(name).map(|c| vec![(c, true)]),
        None if !sheet.headed() => Ok(Vec::new()),
        None => {
            let named = sheet.column_names().iter().enumerate().filter(|(c, _)| !taken.contains(c));
            Ok(named.filter_map(|(c, name)| speaks(name).map(|certain| (c, certain))).collect())
        }
    }
}

/// Whether a column's name tells of times, and then whether for certain: `time_ms`, not `timer` nor `t`.
fn speaks(name: &str) -> Option<bool> {
    let name = name.to_lowercase();
    let certain = words(&name).any(|w| matches!(w, "time" | "timestamp" | "datetime"));
    let may = certain || name.contains("time") || name.contains("date") || matches!(name.as_str(), "t" | "ts");
    may.then_some(certain)
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty())
}

/// What is said of a column that only its name tells of.
const NO_TIMES: &str = "or give time = \"none\" if the column holds no times";

impl Timing {
    /// Looks at the first rows: the clock, its unit, and whether it agrees with the rate. `None` where a column that only
    /// its name tells of holds no times.
    ///
    /// # Errors
    /// A cell that is no time, or a rate that differs: both are named.
    pub fn look(
        path: &Path,
        options: &Options,
        (column, declared): (usize, bool),
        rate_hz: f64,
    ) -> Result<Option<Self>, Fault> {
        let mut sheet = Sheet::open(path, options)?;
        let mut moments: Vec<Moment> = Vec::new();
        while moments.len() < LOOKED_AT && sheet.advance()? {
            let text = sheet.text(column)?;
            match sheet.moment(column)? {
                Some(m) if moments.first().is_none_or(|f| f.clock == m.clock) => moments.push(m),
                _ if !declared => return Ok(None),
                Some(m) => {
                    let before = moments.first().map_or("", |f| f.clock.name());
                    let problem = format!("{text:?} is of {}, the times before are {before}", m.clock.name());
                    return Err(sheet.fault(column, problem));
                }
                None => {
                    let problem = format!(
                        "{text:?} is neither a number nor a date with time, as 2024-07-01T12:00:00Z; write it so, {NO_TIMES}"
                    );
                    return Err(sheet.fault(column, problem));
                }
            }
        }
        let (Some(first), [_, _, ..]) = (moments.first().copied(), moments.as_slice()) else { return Ok(None) };
        let mut intervals: Vec<f64> = moments.windows(2).filter_map(|m| Some(m.get(1)?.at - m.first()?.at)).collect();
        let back = intervals.iter().filter(|i| **i < 0.0).count();
        if back * 10 > intervals.len() {
            let problem = format!("the times are not in order; sort the rows, {NO_TIMES}");
            return if declared { Err(sheet.fault(column, problem)) } else { Ok(None) };
        }
        intervals.retain(|i| *i >= 0.0);
        let interval = typical(&intervals);
        if interval <= 0.0 {
            let problem = format!("the times do not move on; write them finer, {NO_TIMES}");
            return if declared { Err(sheet.fault(column, problem)) } else { Ok(None) };
        }
        let name = sheet.column_names().get(column).cloned().unwrap_or_default();
        let units: Vec<f64> = match first.clock {
            Clock::Number => units(&name, first.at),
            _ => vec![1.0],
        };
        let near = |unit: &&f64| agree(1.0 / (interval * **unit), rate_hz);
        let Some(unit) = units.iter().find(near).copied() else {
            let measured = 1.0 / (interval * units.first().copied().unwrap_or(1.0));
            return Err(contradiction(path, &name, measured, rate_hz));
        };
        let coarse = step(&intervals);
        intervals.sort_by(f64::total_cmp);
        let long = intervals.get(intervals.len().saturating_sub(1) * 98 / 100).copied().unwrap_or(0.0);
        let gap = (1.5 * interval).max(1.2 * long).max(coarse.map_or(0.0, |step| interval + 1.5 * step));
        Ok(Some(Self {
            column,
            clock: first.clock,
            first: first.at,
            unit,
            coarse: coarse.unwrap_or(0.0),
            gap,
            nominal: interval,
            last: None,
            sum: 0.0,
            intervals: 0,
            rows: 0,
            back: 0,
            first_back: None,
            long: 0,
            ends: None,
        }))
    }

    /// When the first row was, in seconds of a clock that all files share; `None` of numbers, which begin anywhere.
    pub fn begins(&self) -> Option<f64> {
        (self.clock != Clock::Number).then_some(self.first * self.unit)
    }

    /// The time of the row, and the seconds of a gap before it, less than nothing where times step back.
    ///
    /// # Errors
    /// The cell is no time, or of another clock.
    pub fn row(&mut self, sheet: &Sheet) -> Result<(Moment, Option<f64>), Fault> {
        let text = sheet.text(self.column)?;
        let now = sheet.moment(self.column)?.filter(|m| m.clock == self.clock).ok_or_else(|| {
            let problem = format!("{text:?} is no time like those before, which are {}", self.clock.name());
            sheet.fault(self.column, problem)
        })?;
        let mut gap = None;
        if let Some(last) = self.last {
            let interval = now.at - last;
            if interval < 0.0 {
                self.back += 1;
                self.first_back = self.first_back.or(Some(sheet.line()));
            }
            gap = (interval < 0.0 || interval > self.gap).then_some(interval * self.unit);
            self.long += u64::from(interval > self.gap);
            if gap.is_none() {
                self.sum += interval;
                self.intervals += 1;
            }
        }
        self.rows += 1;
        self.last = Some(now.at);
        self.ends = Some(self.ends.map_or((now.at, now.at), |(a, b)| (a.min(now.at), b.max(now.at))));
        Ok((now, gap))
    }

    /// Whether all rows agree with the rate.
    ///
    /// # Errors
    /// As [`Timing::look`], of the whole file.
    pub fn end(&self, sheet: &Sheet, rate_hz: f64) -> Result<(), Fault> {
        if self.back * 10 > self.rows {
            let problem = format!("the times are not in order; sort the rows, {NO_TIMES}");
            let fault = sheet.fault(self.column, problem);
            return Err(Fault { line: self.first_back, ..fault });
        }
        if let Some((first, last)) = self.ends.filter(|_| self.long * 10 > self.rows) {
            let name = sheet.column_names().get(self.column).map_or("", String::as_str);
            let overall = self.rows as f64 / ((last - first) * self.unit);
            let problem = format!(
                "{} of {} intervals of column {name} are longer than one and a half of the usual: on the whole there are {} \
                 frames a second, the manifest's rate_hz is {rate_hz}; cut the file where its rate changes, {NO_TIMES}",
                self.long,
                self.rows - 1,
                figure(overall)
            );
            return Err(super::file::fault(sheet.path(), None, problem));
        }
        let expected = self.intervals as f64 / rate_hz;
        let allowed = TOLERANCE * expected + self.coarse * self.unit;
        match self.rate_hz() {
            Some(measured) if self.intervals > 0 && (self.sum * self.unit - expected).abs() > allowed => {
                let name = sheet.column_names().get(self.column).map_or("", String::as_str);
                Err(contradiction(sheet.path(), name, measured, rate_hz))
            }
            _ => Ok(()),
        }
    }

    /// The rate that the times show, gaps aside.
    pub fn rate_hz(&self) -> Option<f64> {
        let interval = if self.intervals > 0 { self.sum / self.intervals as f64 } else { self.nominal };
        (interval > 0.0).then(|| 1.0 / (interval * self.unit))
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Seconds per number.
    pub fn unit(&self) -> f64 {
        self.unit
    }

    /// Whether its numbers count from 1970.
    pub fn since_1970(&self) -> bool {
        epoch_unit(self.first) == Some(self.unit)
    }

    /// The usual interval, in numbers.
    pub fn interval(&self) -> f64 {
        self.nominal
    }
}

/// Whether two rates are the same for a recording.
pub fn agree(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * b
}

fn contradiction(path: &Path, column: &str, measured: f64, rate_hz: f64) -> Fault {
    let problem = format!(
        "the times in column {column} tell of {} frames a second, the manifest's rate_hz is {rate_hz}; set rate_hz to what is \
         true, {NO_TIMES}",
        figure(measured)
    );
    super::file::fault(path, None, problem)
}

/// A number in five figures.
pub fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-9..1e12).contains(&value.abs()) {
        return format!("{value:.4e}");
    }
    let decimals = (4 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// The usual one of intervals of at least 0: the mean of those about their median; of a clock too coarse for the rate, that
/// between its first and its last step. 0 where it cannot be told.
pub fn typical(intervals: &[f64]) -> f64 {
    let mean = |all: &[f64]| if all.is_empty() { 0.0 } else { all.iter().sum::<f64>() / all.len() as f64 };
    if step(intervals).is_some() {
        let moves = |i: &f64| *i > 0.0;
        let (first, last) = (intervals.iter().position(moves), intervals.iter().rposition(moves));
        return first.zip(last).and_then(|(a, b)| intervals.get(a + 1..=b)).map_or(0.0, mean);
    }
    let mut sorted = intervals.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    sorted.retain(|i| (0.5 * median..1.5 * median).contains(i));
    mean(&sorted)
}

/// The usual step of a clock too coarse for the rate, which stands still more often than one time in twenty.
fn step(intervals: &[f64]) -> Option<f64> {
    let mut steps: Vec<f64> = intervals.iter().copied().filter(|i| *i > 0.0).collect();
    if 20 * (intervals.len() - steps.len()) <= intervals.len() {
        return None;
    }
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied()
}

/// Seconds per number by the column's name, as in `time_ms` or `Elapsed Time (s)`.
pub fn named_unit(name: &str) -> Option<f64> {
    let name = name.to_lowercase();
    let units: [(f64, &[&str]); 6] = [
        (1e-3, &["ms", "msec", "millis", "milliseconds"]),
        (1e-6, &["us", "usec", "µs", "micros", "microseconds"]),
        (1e-9, &["ns", "nsec", "nanos", "nanoseconds"]),
        (1.0, &["s", "sec", "secs", "seconds"]),
        (60.0, &["min", "mins", "minutes"]),
        (3600.0, &["h", "hr", "hrs", "hours"]),
    ];
    units.into_iter().find(|(_, spelt)| words(&name).any(|w| spelt.contains(&w))).map(|u| u.0)
}

const UNITS: [f64; 4] = [1.0, 1e-3, 1e-6, 1e-9];

/// Seconds per number of one that counts from 1970: it is of 2001 to 2096 in one unit alone.
pub fn epoch_unit(number: f64) -> Option<f64> {
    UNITS.into_iter().find(|unit| (1e9..4e9).contains(&(number * unit)))
}

/// Seconds per number, the likeliest first: as the column's name says, as the number itself does if it counts from 1970, or
/// any.
pub fn units(name: &str, first: f64) -> Vec<f64> {
    named_unit(name).or_else(|| epoch_unit(first)).map_or(UNITS.to_vec(), |unit| vec![unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(rows: &str, rate: f64) -> Result<Option<Timing>, Fault> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, rows).unwrap();
        Timing::look(&path, &Options::default(), (0, false), rate)
    }

    fn rows(name: &str, time: impl Fn(u32) -> String) -> String {
        (0..500).fold(format!("{name},x\n"), |all, i| all + &time(i) + ",1\n")
    }

    #[test]
    fn any_unit_and_a_coarse_clock_agree_with_the_rate() {
        for text in [
            rows("time", |i| format!("{:.3}", f64::from(i) * 0.01)),
            rows("time", |i| (i * 10).to_string()),
            rows("time_us", |i| (i * 10_000).to_string()),
            rows("timestamp", |i| format!("{}", 1_700_000_000_000u64 + u64::from(i) * 10)),
            rows("time", |i| format!("2024-07-01T00:00:{:02}.{:02}Z", i / 100, i % 100)),
            // Whole seconds, a hundred of each.
            rows("time", |i| format!("2024-07-01T00:00:{:02}", i / 100)),
        ] {
            let timing = look(&text, 100.0).unwrap_or_else(|e| panic!("{e}"));
            assert!(timing.is_some_and(|t| agree(1.0 / (t.nominal * t.unit), 100.0)), "{}", &text[..60]);
        }
    }

    #[test]
    fn a_rate_that_differs_is_refused_with_both() {
        let text = rows("time", |i| format!("2024-07-01T00:{:02}:{:02}Z", i / 60, i % 60));
        let problem = look(&text, 100.0).unwrap_err().problem;
        assert!(problem.contains("tell of 1 frames") && problem.contains("rate_hz is 100"), "{problem}");
        let text = rows("time_ms", |i| i.to_string());
        assert!(look(&text, 100.0).is_err(), "milliseconds are no hundredths");
        assert!(look(&text, 1000.0).unwrap().is_some());
    }

    #[test]
    fn a_column_that_holds_no_times_is_left_alone() {
        let text = rows("timer", |i| (i % 7).to_string());
        assert!(look(&text, 100.0).unwrap().is_none());
    }
}
