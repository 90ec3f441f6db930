//! What `hone check` says. `docs/formats/check-json.md` documents the keys.

use crate::dataset::timing::figure;
use crate::dataset::{Data, Dataset, Part, Recordings, Table};
use hone_signal::Sample;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a data set is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The manifest's name.
    pub dataset: String,
    /// `recordings` or `table`.
    pub kind: String,
    /// Frames per second by the manifest.
    pub rate_hz: Option<f64>,
    /// Rates that files tell of by their times or headers.
    pub rates: Vec<Rate>,
    /// Recordings in use.
    pub recordings: Option<usize>,
    /// Frames of those.
    pub frames: Option<usize>,
    /// Places where times tell of missing frames.
    pub gaps: Option<usize>,
    /// The channels.
    pub channels: Vec<Channel>,
    /// Features of a table.
    pub features: Vec<Feature>,
    /// Windows or rows by part and class.
    pub windows: Vec<Windows>,
    /// Windows that are for nothing, by reason.
    pub left_out: BTreeMap<String, usize>,
    /// Recordings too short for a window.
    pub short: Vec<String>,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// Why nothing can be learnt from it; `None` where something can.
    pub problem: Option<String>,
    /// Frames per window.
    #[serde(skip)]
    length: usize,
}

/// The rate that a file tells of.
#[derive(Clone, Debug, Serialize)]
pub struct Rate {
    /// The file.
    pub file: String,
    /// Frames per second.
    pub rate_hz: f64,
}

/// A channel over all recordings.
#[derive(Clone, Debug, Serialize)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Units per LSB.
    pub scale: f64,
    /// The least and the greatest reading, in units.
    pub least: Option<f64>,
    /// The greatest.
    pub greatest: Option<f64>,
    /// The least and the greatest that the channel can hold.
    pub range: [f64; 2],
    /// Readings.
    pub readings: u64,
    /// Share of those at the end of the range.
    pub saturated: f64,
    /// Share of those that are not a number.
    pub not_a_number: f64,
    /// Different samples that occur.
    pub lsb_used: usize,
    /// LSB from the least sample to the greatest.
    pub lsb_span: u32,
}

/// A feature over all rows.
#[derive(Clone, Debug, Serialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// The least value.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

/// Windows or rows of a part and class.
#[derive(Clone, Debug, Serialize)]
pub struct Windows {
    /// `train`, `calibrate` or `test`.
    pub part: String,
    /// The class.
    pub class: String,
    /// Those of use.
    pub windows: usize,
    /// Those of none, by what is wrong with them.
    pub refused: BTreeMap<String, usize>,
}

impl Summary {
    /// Counts a data set.
    pub fn of(set: &Dataset, problem: Option<String>) -> Self {
        let base = Self { dataset: set.name.clone(), problem, ..Self::default() };
        match &set.data {
            Data::Recordings(r) => base.recordings(set, r),
            Data::Table(t) => base.table_of(set, t),
        }
    }

    fn recordings(mut self, set: &Dataset, r: &Recordings) -> Self {
        self.kind = "recordings".into();
        (self.rate_hz, self.length) = (Some(r.rate_hz), r.length);
        self.rates = r.rates.iter().map(|(file, rate)| Rate { file: file.clone(), rate_hz: *rate }).collect();
        self.recordings = Some(r.recordings.len());
        self.frames = Some(r.recordings.iter().map(|r| r.frames()).sum());
        self.gaps = Some(r.gaps);
        let names = r.channel_names.iter().zip(&r.channels).zip(r.scales.iter().zip(&r.facts));
        for ((name, channel), (scale, facts)) in names {
            let share = |n: u64| if facts.readings > 0 { n as f64 / facts.readings as f64 } else { 0.0 };
            let finite = |v: f64| v.is_finite().then_some(v);
            let at = |i: Option<usize>| i.unwrap_or(0) as u32;
            let (first, last) = (facts.counts.iter().position(|n| *n > 0), facts.counts.iter().rposition(|n| *n > 0));
            self.channels.push(Channel {
                name: name.clone(),
                unit: channel.unit.name().into(),
                scale: *scale,
                least: finite(facts.range.0),
                greatest: finite(facts.range.1),
                range: [f64::from(Sample::MIN) * scale, f64::from(Sample::MAX) * scale],
                readings: facts.readings,
                saturated: share(facts.saturated),
                not_a_number: share(facts.not_a_number),
                lsb_used: facts.used(),
                lsb_span: at(last) - at(first),
            });
        }
        let mut counts: BTreeMap<(Part, usize), (usize, BTreeMap<String, usize>)> = BTreeMap::new();
        for part in Part::ALL {
            for (_, w) in r.windows(part) {
                counts.entry((part, w.class)).or_default().0 += 1;
            }
            for (w, why) in r.all(part).filter_map(|(_, w)| Some((w, part.refuses(w.faults)?))) {
                *counts.entry((part, w.class)).or_default().1.entry(why.into()).or_default() += 1;
            }
        }
        self.windows(set, counts);
        self.left_out = r.left_out.windows.iter().map(|(why, n)| ((*why).to_owned(), *n)).collect();
        self.short.clone_from(&r.left_out.short);
        self.notes.clone_from(&r.notes);
        self
    }

    fn table_of(mut self, set: &Dataset, t: &Table) -> Self {
        self.kind = "table".into();
        for (c, (name, offset)) in t.names.iter().zip(&t.offsets).enumerate() {
            let values = t.rows.iter().filter_map(|r| r.features.get(c)).map(|v| f64::from(*v) + offset);
            let (least, greatest) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
            self.features.push(Feature { name: name.clone(), least, greatest });
        }
        let mut counts: BTreeMap<(Part, usize), (usize, BTreeMap<String, usize>)> = BTreeMap::new();
        for row in &t.rows {
            counts.entry((row.part, row.class)).or_default().0 += 1;
        }
        self.windows(set, counts);
        self
    }

    fn windows(&mut self, set: &Dataset, counts: BTreeMap<(Part, usize), (usize, BTreeMap<String, usize>)>) {
        for ((part, class), (windows, refused)) in counts {
            let class = set.classes.get(class).map_or_else(String::new, |c| c.name.clone());
            self.windows.push(Windows { part: part.name().into(), class, windows, refused });
        }
    }

    /// One JSON object on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let what = if self.kind == "table" { "rows of features" } else { "recordings" };
        let _ = writeln!(text, "{}: {what}\n", self.dataset);
        if let (Some(rate), Some(n), Some(frames), Some(gaps)) = (self.rate_hz, self.recordings, self.frames, self.gaps)
        {
            let seconds = frames as f64 / rate;
            let _ =
                writeln!(text, "  {n} recordings, {frames} frames at {rate} Hz, {} s; {gaps} gaps", figure(seconds));
            for r in &self.rates {
                let _ = writeln!(text, "  {} says {} Hz", r.file, figure(r.rate_hz));
            }
        }
        for c in &self.channels {
            let unit = if c.unit.is_empty() { String::new() } else { format!(" {}", c.unit) };
            let ends = |a: Option<f64>, b: Option<f64>| match (a, b) {
                (Some(a), Some(b)) => format!("{} to {}{unit}", figure(a), figure(b)),
                _ => "nothing".into(),
            };
            let _ = writeln!(text, "\n  channel {}", c.name);
            let mut line = |name: &str, value: String| {
                let _ = writeln!(text, "    {name:<22} {value}");
            };
            line("reads", ends(c.least, c.greatest));
            line("can hold", ends(Some(c.range[0]), Some(c.range[1])));
            line("at the end of range", format!("{:.2} %", 100.0 * c.saturated));
            line("not a number", format!("{:.2} %", 100.0 * c.not_a_number));
            line("scale", format!("{}{unit} per LSB", figure(c.scale)));
            line("LSB in use", format!("{} different ones in a span of {}", c.lsb_used, c.lsb_span));
        }
        if !self.features.is_empty() {
            let widest = self.features.iter().map(|f| f.name.chars().count()).max().unwrap_or(0).max(10);
            let _ = writeln!(text, "  {:<widest$}  {:>12}  {:>12}", "feature", "least", "greatest");
            for f in &self.features {
                let _ = writeln!(text, "  {:<widest$}  {:>12}  {:>12}", f.name, figure(f.least), figure(f.greatest));
            }
        }
        let widest = self.windows.iter().map(|w| w.class.chars().count()).max().unwrap_or(0).max(12);
        let count = if self.kind == "table" { "rows" } else { "windows" };
        let _ = writeln!(text, "\n  {:<10} {:<widest$}  {count:>8}  refused", "part", "class");
        for w in &self.windows {
            let refused = w.refused.iter().map(|(why, n)| format!("{n} {why}")).collect::<Vec<_>>().join(", ");
            let refused = if refused.is_empty() { "-".into() } else { refused };
            let _ = writeln!(text, "  {:<10} {:<widest$}  {:>8}  {refused}", w.part, w.class, w.windows);
        }
        for (why, n) in &self.left_out {
            let _ = writeln!(text, "  {n} windows left out: {why}");
        }
        for name in self.short.iter().take(10) {
            let _ = writeln!(text, "  {name} has no {} frames in a row, so no window", self.length);
        }
        if self.short.len() > 10 {
            let _ = writeln!(text, "  and {} more recordings", self.short.len() - 10);
        }
        for note in &self.notes {
            let _ = writeln!(text, "  note: {note}");
        }
        text
    }
}
