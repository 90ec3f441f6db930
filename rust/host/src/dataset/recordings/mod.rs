//! Recordings: files become streams of samples as the device would read them, and windows of them.

mod array;
pub(super) mod csv;
mod overlap;
mod shared;
pub mod sink;
mod windows;

use super::file::sheet::Sheet;
use super::file::{Format, fault};
use super::manifest::Manifest;
use super::spans::Book;
use super::store::Store;
use super::{Fault, Recordings, Source};
use hone_signal::Channel;
use shared::{Found, Share, Shared};
use sink::ChannelFacts;
use std::path::Path;
use std::sync::Arc;

/// At most this many samples are held, 16 GiB.
const MOST_SAMPLES: u64 = 1 << 33;
const TOO_MANY: &str = "more samples than 2^33 are not read; leave some out";

/// What is gathered while files are read.
struct Reading<'r> {
    root: &'r Path,
    store: Store,
    facts: Vec<ChannelFacts>,
    arrays: array::Arrays,
    spans: Book,
    /// What kinds of numbers the files have.
    seen: Seen,
    /// Rates that files tell of.
    rates: Vec<(String, f64)>,
    gaps: usize,
    /// By how much the windows of the file overlap that were cut before, where the manifest does not say.
    step: Option<usize>,
    /// What else is to be told.
    notes: Vec<String>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    whole: bool,
    real: bool,
    sound: bool,
}

pub(super) fn read(source: &Source, manifest: &Manifest, root: &Path) -> Result<Recordings, Fault> {
    let mut reading = Reading {
        root,
        store: Store::default(),
        facts: manifest.channels.iter().map(|_| ChannelFacts::new()).collect(),
        arrays: array::Arrays::new(),
        spans: Book::default(),
        seen: Seen::default(),
        rates: Vec::new(),
        gaps: 0,
        step: None,
        notes: Vec::new(),
    };
    let mut set = Recordings {
        rate_hz: manifest.rate_hz.unwrap_or(1.0),
        length: manifest.window.map_or(1, |w| w.length),
        step: manifest.step(),
        channels: manifest.channels.iter().map(|c| Channel { scale: c.scale as f32, unit: c.unit.0 }).collect(),
        channel_names: manifest.channels.iter().map(|c| c.name.clone()).collect(),
        scales: manifest.channels.iter().map(|c| c.scale).collect(),
        ..Recordings::default()
    };
    let mut cutter = windows::Cutter::default();
    let mut shared = Shared::default();
    for (i, file) in manifest.files.iter().enumerate().filter(|(_, f)| manifest.reads(f)) {
        let mut streams = match Format::of(&file.path) {
            Some(Format::Csv) => vec![csv::read(source, manifest, i, file, &mut reading)?],
            _ => array::read(source, manifest, i, file, &mut reading)?,
        };
        for stream in streams.iter_mut().filter(|s| s.moves) {
            let Some(found) = shared.take(i, &stream.name, std::mem::take(&mut stream.prints)) else { continue };
            let Found { file: other, name, share } = found;
            let (one, before) = (&stream.name, manifest.files.get(other).and_then(|f| f.class.as_ref()));
            if share == Share::All || (share == Share::Within && before == file.class.as_ref()) {
                let problem = format!(
                    "{one} holds the same samples as {name} of file[{other}]; use a recording once, with split or assign to \
                     share it among parts"
                );
                return Err(source.fault(&format!("file[{i}].path"), problem));
            }
            set.notes.push(format!("{one} holds many samples that {name} of file[{other}] holds too"));
        }
        let step = reading.step.take().unwrap_or(manifest.step());
        let recordings = cutter.cut(source, &mut set, (i, file), streams, step)?;
        set.recordings.extend(recordings);
    }
    set.notes.append(&mut reading.notes);
    set.notes.extend(reading.spans.check()?);
    for (c, channel) in manifest.channels.iter().enumerate() {
        if channel.factor.is_some() && !reading.seen.real && !reading.seen.sound {
            let problem = "is for floating-point, CSV and WAV files; the files hold integers, which are LSB. Remove it";
            return Err(source.fault(&format!("channel[{c}].factor"), problem.into()));
        }
    }
    (set.store, set.facts, set.gaps, set.rates) = (Arc::new(reading.store), reading.facts, reading.gaps, reading.rates);
    Ok(set)
}

/// The class that a cell of the label column means.
pub(super) fn labelled(manifest: &Manifest, sheet: &Sheet, column: usize) -> Result<usize, Fault> {
    let text = sheet.text(column)?;
    manifest.class_labelled(text).ok_or_else(|| {
        let known: Vec<&str> = manifest.classes.iter().map(|c| c.name.as_str()).take(20).collect();
        let text: String = text.chars().take(30).collect();
        let what = if text.is_empty() { "the class is missing".into() } else { format!("{text:?} is no class") };
        sheet.fault(column, format!("{what}; the classes are {}, or their values", known.join(", ")))
    })
}

/// The temporary file of samples failed.
pub(super) fn spilled(error: &std::io::Error) -> Fault {
    fault(
        &std::env::temp_dir(),
        None,
        format!("a temporary file of samples failed: {error}; set TMPDIR to a folder with room"),
    )
}
