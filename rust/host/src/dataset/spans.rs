//! Stretches of time that are of another class, from a CSV file of their starts and ends.

use super::file::{dialect::Options, locate, sheet::Sheet};
use super::instant::{Clock, Moment};
use super::manifest::SpanSpec;
use super::timing::{self, Timing};
use super::{Fault, Source};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

/// A file's spans.
#[derive(Clone, Debug)]
pub struct Spans {
    path: PathBuf,
    spans: Vec<Span>,
    /// Seconds per number, where the columns' names tell.
    unit: Option<f64>,
    /// Its numbers per number of the recording that is read.
    ratio: f64,
    /// Between these two the answer is the same as the last time.
    known: (f64, f64, bool),
}

#[derive(Clone, Copy, Debug)]
struct Span {
    line: usize,
    clock: Clock,
    from: f64,
    to: f64,
    /// Frames of any recording that lie within.
    frames: u64,
}

impl Spans {
    /// Reads the file that a manifest names; `others` are classes that its spans are not of.
    ///
    /// # Errors
    /// [`Fault`] names the spans' file and line: a cell that is no time, an end before its start, two clocks.
    pub fn open(source: &Source, key: &str, root: &Path, spec: &SpanSpec, others: &[&str]) -> Result<Self, Fault> {
        let path = locate(source, &format!("{key}.path"), root, &spec.path)?;
        let mut sheet = Sheet::open(&path, &Options { header: Some(true), ..Options::default() })?;
        let column =
            |sheet: &Sheet, k: &str, name: &str| sheet.column(name).map_err(|p| source.fault(&format!("{key}.{k}"), p));
        let start = column(&sheet, "start", spec.start.as_deref().unwrap_or("start"))?;
        let end = column(&sheet, "end", spec.end.as_deref().unwrap_or("end"))?;
        let name = |column: usize| sheet.column_names().get(column).map_or("", String::as_str);
        let (unit, until) = (timing::named_unit(name(start)), timing::named_unit(name(end)));
        if unit != until {
            let problem = format!("starts ({}) and ends ({}) count in different units", name(start), name(end));
            return Err(super::file::fault(&path, None, problem + "; write both columns in one"));
        }
        let class = sheet.column_names().iter().position(|n| matches!(n.as_str(), "class" | "label"));
        let mut spans: Vec<Span> = Vec::new();
        while sheet.advance()? {
            if let Some(column) = class
                && let text = sheet.text(column)?
                && others.contains(&text)
            {
                let problem = format!("is {text:?}, and spans.class is {:?}; take other spans out", spec.class);
                return Err(sheet.fault(column, problem));
            }
            let read = |column| {
                let text = sheet.text(column)?;
                sheet.moment(column)?.ok_or_else(|| {
                    let problem = format!("{text:?} is neither a number nor a date with time, as 2024-07-01T12:00:00Z");
                    sheet.fault(column, problem)
                })
            };
            let (from, to): (Moment, Moment) = (read(start)?, read(end)?);
            if from.clock != to.clock {
                let problem = format!("the end is of {}, the start of {}", to.clock.name(), from.clock.name());
                return Err(sheet.fault(end, problem));
            }
            if to.at < from.at {
                let problem = format!("the end, {}, lies before the start, {}", sheet.text(end)?, sheet.text(start)?);
                return Err(sheet.fault(end, problem));
            }
            spans.push(Span { line: sheet.line(), clock: from.clock, from: from.at, to: to.at, frames: 0 });
        }
        if spans.is_empty() {
            return Err(super::file::fault(&path, None, "has no span; remove spans if there is none"));
        }
        Ok(Self { path, spans, unit, ratio: 1.0, known: (f64::INFINITY, f64::NEG_INFINITY, false) })
    }

    /// The spans count as the times of a recording do, or in another unit that is known.
    ///
    /// # Errors
    /// [`Fault`] names the line.
    pub fn suits(&mut self, recording: &Path, timing: &Timing) -> Result<(), Fault> {
        let clock = timing.clock();
        if let Some(span) = self.spans.iter().find(|s| s.clock != clock) {
            let problem = format!(
                "is of {}, the times of {} are {}; write both in the same way",
                span.clock.name(),
                recording.display(),
                clock.name()
            );
            return Err(self.fault(span, problem));
        }
        let unit = match self.spans.first() {
            Some(span) if clock == Clock::Number => {
                let epoch = || timing::epoch_unit(span.from).filter(|_| timing.since_1970());
                self.unit.or_else(epoch).unwrap_or(timing.unit())
            }
            _ => timing.unit(),
        };
        self.ratio = timing.unit() / unit;
        self.known = (f64::INFINITY, f64::NEG_INFINITY, false);
        Ok(())
    }

    /// A time of the recording as the spans count.
    fn converted(&self, at: f64) -> f64 {
        // To a millionth, so that what is equal in either unit stays so.
        if self.ratio == 1.0 { at } else { (at * self.ratio * 1e6).round() / 1e6 }
    }

    /// Whether a moment lies within one of them, ends included.
    pub fn contain(&mut self, at: f64) -> bool {
        let at = self.converted(at);
        let (from, to, inside) = self.known;
        if at >= from && at < to {
            if inside {
                self.spans.iter_mut().filter(|s| s.from <= at && at <= s.to).for_each(|s| s.frames += 1);
            }
            return inside;
        }
        let mut inside = false;
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for span in &mut self.spans {
            if at < span.from {
                high = high.min(span.from);
            } else if at > span.to {
                low = low.max(span.to.next_up());
            } else {
                inside = true;
                span.frames += 1;
                low = low.max(span.from);
                high = high.min(span.to.next_up());
            }
        }
        self.known = (low, high, inside);
        inside
    }

    /// Every span holds a frame of some recording. Gives sentences of those that reach beyond the recordings.
    ///
    /// # Errors
    /// [`Fault`] names the first that does not, and the times that the recordings have.
    pub fn all_met(&self, (first, last): (f64, f64), interval: f64) -> Result<Vec<String>, Fault> {
        let text = |at: f64| match self.spans.first().map_or(Clock::Number, |s| s.clock) {
            Clock::Number => timing::figure(at),
            _ => {
                jiff::Timestamp::from_microsecond((at * 1e6) as i64).map_or_else(|_| at.to_string(), |t| t.to_string())
            }
        };
        let Some(span) = self.spans.iter().find(|s| s.frames == 0) else {
            let beyond = |s: &&Span| s.from < first - interval || s.to > last + interval;
            let told = |s: &Span| {
                format!(
                    "{}, line {}: the span is {} to {}, and the recordings only {} to {}",
                    self.path.display(),
                    s.line,
                    text(s.from),
                    text(s.to),
                    text(first),
                    text(last)
                )
            };
            return Ok(self.spans.iter().filter(beyond).map(told).collect());
        };
        let mut problem = format!(
            "holds no time of a recording: it is {} to {}, the recordings are {} to {}",
            text(span.from),
            text(span.to),
            text(first),
            text(last)
        );
        let within = |factor: f64| span.from * factor <= last && span.to * factor >= first;
        if let Some((_, unit)) = [(1e-3, "milliseconds"), (1e-6, "microseconds"), (1e-9, "nanoseconds")]
            .into_iter()
            .find(|(f, _)| span.clock == Clock::Number && within(*f))
        {
            problem.push_str(&format!("; it may count {unit} where the recordings count seconds"));
        } else if let Some((_, unit)) = [(1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds")]
            .into_iter()
            .find(|(f, _)| span.clock == Clock::Number && within(*f))
        {
            problem.push_str(&format!("; the recordings may count {unit} where it counts seconds"));
        }
        Err(self.fault(span, problem))
    }

    fn fault(&self, span: &Span, problem: String) -> Fault {
        super::file::fault(&self.path, Some(span.line), format!("the span {problem}"))
    }
}

/// The spans' files of a manifest, each read once.
#[derive(Debug, Default)]
pub struct Book(BTreeMap<Name, (Spans, Option<Lasted>)>);

/// From when to when the recordings that name a file last, and the longest of their intervals, as the spans count.
type Lasted = (f64, f64, f64);

/// A file, and its columns of starts and ends.
type Name = (String, String, String);

impl Book {
    /// The spans that a file names.
    ///
    /// # Errors
    /// As [`Spans::open`].
    pub fn open(
        &mut self,
        source: &Source,
        key: &str,
        root: &Path,
        spec: &SpanSpec,
        others: &[&str],
    ) -> Result<&mut Spans, Fault> {
        let name = |s: &Option<String>| s.clone().unwrap_or_default();
        let id = (spec.path.clone(), name(&spec.start), name(&spec.end));
        Ok(match self.0.entry(id) {
            Entry::Vacant(place) => &mut place.insert((Spans::open(source, key, root, spec, others)?, None)).0,
            Entry::Occupied(place) => &mut place.into_mut().0,
        })
    }

    /// Takes down from when to when a recording lasts.
    pub fn lasted(&mut self, spec: &SpanSpec, timing: &Timing) {
        let Some((first, last)) = timing.ends else { return };
        for (id, (spans, all)) in &mut self.0 {
            if id.0 == spec.path {
                let own = (spans.converted(first), spans.converted(last), timing.interval() * spans.ratio);
                *all = Some(all.map_or(own, |(a, b, i)| (a.min(own.0), b.max(own.1), i.max(own.2))));
            }
        }
    }

    /// Every span of every file holds a frame; gives what else is to be told.
    ///
    /// # Errors
    /// As [`Spans::all_met`].
    pub fn check(&self) -> Result<Vec<String>, Fault> {
        let mut told = Vec::new();
        for (spans, lasted) in self.0.values() {
            let (first, last, interval) = lasted.unwrap_or((f64::NAN, f64::NAN, 0.0));
            told.extend(spans.all_met((first, last), interval)?);
        }
        Ok(told)
    }
}
