//! Recordings in CSV files, read row by row.

use super::Reading;
use super::sink::{Mark, Scale, Sink, Stream};
use crate::dataset::file::array::Number;
use crate::dataset::file::dialect::Options;
use crate::dataset::file::sheet::Sheet;
use crate::dataset::file::{fault, locate};
use crate::dataset::manifest::{FileSpec, Manifest};
use crate::dataset::timing::{self, Timing};
use crate::dataset::{Fault, Source};
use hone_signal::Faults;

/// What the manifest says of how a file is written.
pub fn options(file: &FileSpec) -> Options {
    let byte = |text: &Option<String>| text.as_ref().and_then(|t| t.bytes().next());
    Options { header: file.header, separator: byte(&file.separator), decimal: byte(&file.decimal) }
}

pub(super) fn read(
    source: &Source,
    manifest: &Manifest,
    i: usize,
    file: &FileSpec,
    reading: &mut Reading,
) -> Result<Stream, Fault> {
    let key = |k: &str| format!("file[{i}].{k}");
    let path = locate(source, &key("path"), reading.root, &file.path)?;
    let options = options(file);
    let mut sheet = Sheet::open(&path, &options)?;
    let mut columns = Vec::new();
    for (c, channel) in manifest.channels.iter().enumerate() {
        let name = channel.column.as_deref().unwrap_or(&channel.name);
        let column = sheet.column(name).map_err(|p| source.fault(&format!("channel[{c}].column"), p))?;
        if let Some(other) = columns.iter().position(|other| *other == column) {
            let problem = format!("is the column of channel[{other}] as well; each channel has a column of its own");
            return Err(source.fault(&format!("channel[{c}].column"), problem));
        }
        columns.push(column);
    }
    let label = file.label.as_deref().map(|name| sheet.column(name).map_err(|p| source.fault(&key("label"), p)));
    let label = label.transpose()?;
    if let Some(c) = label.and_then(|label| columns.iter().position(|c| *c == label)) {
        return Err(source.fault(&key("label"), format!("is the column of channel[{c}]; a class is no reading")));
    }
    let time = match (&file.time, &file.spans) {
        (Some(time), Some(spans)) => {
            // Two spellings of one column agree.
            let same = *time == spans.time || sheet.column(time).is_ok_and(|c| sheet.column(&spans.time) == Ok(c));
            if !same {
                let problem =
                    format!("is {time:?}, but spans.time is {:?}; they are the same column, give it once", spans.time);
                return Err(source.fault(&key("time"), problem));
            }
            Some(spans.time.as_str())
        }
        (time, spans) => spans.as_ref().map(|s| s.time.as_str()).or(time.as_deref()),
    };
    let time_key = if file.spans.is_some() { "spans.time" } else { "time" };
    let taken: Vec<usize> = columns.iter().copied().chain(label).collect();
    let candidates = timing::columns(&sheet, time, &taken).map_err(|p| source.fault(&key(time_key), p))?;
    if candidates.iter().any(|c| c.1 && taken.contains(&c.0)) {
        let problem =
            "is the column of a channel or of the label; times are no reading, and have a column of their own";
        return Err(source.fault(&key(time_key), problem.into()));
    }
    let rate_hz = manifest.rate_hz.unwrap_or(1.0);
    let mut timing = None;
    for column in candidates {
        timing = Timing::look(&path, &options, column, rate_hz)?;
        if timing.is_some() {
            break;
        }
    }
    if let (Some(spans), None) = (&file.spans, &timing) {
        let problem = format!("{:?} has no times that move on, so no span can be found", spans.time);
        return Err(source.fault(&key("spans.time"), problem));
    }
    let whole = manifest.class_of(file);
    let mut spans = match &file.spans {
        None => None,
        Some(spec) => {
            let others: Vec<&str> =
                manifest.classes.iter().map(|c| c.name.as_str()).filter(|n| *n != spec.class).collect();
            let spans = reading.spans.open(source, &key("spans"), reading.root, spec, &others)?;
            if let Some(timing) = &timing {
                spans.suits(&path, timing)?;
            }
            manifest.class_named(&spec.class).map(|class| (spans, class))
        }
    };
    let scales = manifest.channels.iter().map(|c| {
        let factor = c.factor.unwrap_or(1.0);
        let scale = Scale { per_lsb: c.scale / factor, unit: factor };
        (scale, scale)
    });
    reading.seen.real = true;
    let mut sink = Sink::new(&mut reading.store, &mut reading.facts, scales.collect(), file.path.clone(), false);
    let mut numbers = Vec::with_capacity(columns.len());
    let mut known: Option<(String, Mark)> = None;
    let mut gaps = 0;
    while sheet.advance()? {
        numbers.clear();
        for column in &columns {
            numbers.push(Number::Real(sheet.number(*column)?));
        }
        let (mut class, mut faults) = (whole, Faults::NONE);
        if let Some(timing) = &mut timing {
            let (now, gap) = timing.row(&sheet)?;
            if let Some(seconds) = gap {
                faults = Faults::GAP;
                gaps += 1;
                sink.missing(seconds * rate_hz - 1.0);
            }
            if let Some((spans, other)) = &mut spans
                && spans.contain(now.at)
            {
                class = Some(*other);
            }
        }
        let mark = match (class, label) {
            (Some(class), _) => Mark { class, label: None, group: None },
            (None, Some(column)) => {
                let text = sheet.text(column)?;
                match &known {
                    Some((before, mark)) if before == text => *mark,
                    _ => {
                        let class = super::labelled(manifest, &sheet, column)?;
                        let mark = Mark { class, label: manifest.label_value(class), group: None };
                        known = Some((text.to_owned(), mark));
                        mark
                    }
                }
            }
            (None, None) => return Err(source.fault(&key("class"), "is missing".into())),
        };
        sink.frame(numbers.iter().copied(), faults).map_err(|e| super::spilled(&e))?;
        sink.mark(mark);
        if sink.len() > super::MOST_SAMPLES {
            return Err(fault(&path, Some(sheet.line()), super::TOO_MANY));
        }
    }
    let mut stream = sink.end();
    if stream.faults.is_empty() {
        return Err(fault(&path, None, "has no rows below its header"));
    }
    stream.begins = timing.as_ref().and_then(Timing::begins);
    if let Some(timing) = &timing {
        timing.end(&sheet, rate_hz)?;
        reading.rates.extend(timing.rate_hz().map(|rate| (file.path.clone(), rate)));
        if let Some(spec) = &file.spans {
            reading.spans.lasted(spec, timing);
        }
    }
    reading.gaps += gaps;
    Ok(stream)
}
