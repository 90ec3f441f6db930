//! Stretches of time that are of another class, from a CSV file of their starts and ends.

use super::file::{locate, sheet::Options, sheet::Sheet};
use super::instant::{Clock, Moment, moment};
use super::manifest::SpanSpec;
use super::{Fault, Source};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

/// A file's spans.
#[derive(Clone, Debug)]
pub struct Spans {
    path: PathBuf,
    spans: Vec<Span>,
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
    /// Reads the file that a manifest names.
    ///
    /// # Errors
    /// [`Fault`] names the spans' file and line: a cell that is no time, an end before its start, two clocks.
    pub fn open(source: &Source, key: &str, root: &Path, spec: &SpanSpec) -> Result<Self, Fault> {
        let path = locate(source, &format!("{key}.path"), root, &spec.path)?;
        let mut sheet = Sheet::open(&path, &Options { header: Some(true), ..Options::default() })?;
        let column =
            |sheet: &Sheet, k: &str, name: &str| sheet.column(name).map_err(|p| source.fault(&format!("{key}.{k}"), p));
        let start = column(&sheet, "start", spec.start.as_deref().unwrap_or("start"))?;
        let end = column(&sheet, "end", spec.end.as_deref().unwrap_or("end"))?;
        let mut spans: Vec<Span> = Vec::new();
        while sheet.advance()? {
            let read = |column| {
                let text = sheet.text(column)?;
                moment(text).ok_or_else(|| {
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
        Ok(Self { path, spans, known: (f64::INFINITY, f64::NEG_INFINITY, false) })
    }

    /// Whether the spans count as the times of a recording do.
    ///
    /// # Errors
    /// [`Fault`] names the line.
    pub fn suits(&self, recording: &Path, clock: Clock) -> Result<(), Fault> {
        match self.spans.iter().find(|s| s.clock != clock) {
            None => Ok(()),
            Some(span) => Err(self.fault(
                span,
                format!(
                    "is of {}, the times of {} are {}; write both in the same way",
                    span.clock.name(),
                    recording.display(),
                    clock.name()
                ),
            )),
        }
    }

    /// Whether a moment lies within one of them, ends included.
    pub fn contain(&mut self, at: f64) -> bool {
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

    /// Every span holds a frame of some recording.
    ///
    /// # Errors
    /// [`Fault`] names the first that does not, and the times that the recordings have.
    pub fn all_met(&self, (first, last): (f64, f64)) -> Result<(), Fault> {
        let Some(span) = self.spans.iter().find(|s| s.frames == 0) else { return Ok(()) };
        let text = |at: f64| match span.clock {
            Clock::Number => super::timing::figure(at),
            _ => {
                jiff::Timestamp::from_microsecond((at * 1e6) as i64).map_or_else(|_| at.to_string(), |t| t.to_string())
            }
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

/// The spans' files of a manifest, each read once, and the times of the recordings that name it.
#[derive(Debug, Default)]
pub struct Book(BTreeMap<Name, (Spans, Option<(f64, f64)>)>);

/// A file, and its columns of starts and ends.
type Name = (String, String, String);

impl Book {
    /// The spans that a file names.
    ///
    /// # Errors
    /// As [`Spans::open`].
    pub fn open(&mut self, source: &Source, key: &str, root: &Path, spec: &SpanSpec) -> Result<&mut Spans, Fault> {
        let name = |s: &Option<String>| s.clone().unwrap_or_default();
        let id = (spec.path.clone(), name(&spec.start), name(&spec.end));
        Ok(match self.0.entry(id) {
            Entry::Vacant(place) => &mut place.insert((Spans::open(source, key, root, spec)?, None)).0,
            Entry::Occupied(place) => &mut place.into_mut().0,
        })
    }

    /// Takes down from when to when a recording lasts.
    pub fn lasted(&mut self, spec: &SpanSpec, ends: Option<(f64, f64)>) {
        for (id, (spans, all)) in &mut self.0 {
            if id.0 == spec.path {
                spans.known = (f64::INFINITY, f64::NEG_INFINITY, false);
                *all = match (*all, ends) {
                    (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                    (a, b) => a.or(b),
                };
            }
        }
    }

    /// Every span of every file holds a frame.
    ///
    /// # Errors
    /// As [`Spans::all_met`].
    pub fn check(&self) -> Result<(), Fault> {
        self.0.values().try_for_each(|(spans, ends)| spans.all_met(ends.unwrap_or((f64::NAN, f64::NAN))))
    }
}
