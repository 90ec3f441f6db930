//! What a file is, by itself.

use crate::dataset::file::array::{Array, Number};
use crate::dataset::file::dialect::Options;
use crate::dataset::file::sheet::Sheet;
use crate::dataset::file::{Format, fault, wav};
use crate::dataset::instant::Clock;
use crate::dataset::{Fault, timing};
use std::collections::BTreeSet;
use std::path::Path;

/// A file looked at.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Below the root.
    pub path: String,
    /// Its format.
    pub format: Format,
    /// Channels or features: the column, and the least and greatest number in it.
    pub columns: Vec<Column>,
    /// Whether the first row of a CSV file names columns; `None` where that is plain.
    pub header: Option<bool>,
    /// The column of classes, and what they are.
    pub label: Option<(String, Vec<String>)>,
    /// The column of times.
    pub time: Option<String>,
    /// Frames per second, where the file tells; of times in a unit that is not said, by each unit that they may be in.
    pub rates: Vec<f64>,
    /// What each axis of an array is.
    pub axes: Vec<String>,
    /// Frames or rows.
    pub frames: usize,
    /// Whether its numbers are LSB.
    pub whole: bool,
}

/// A channel or feature.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The least number.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

/// Classes told apart by a column, at most.
const CLASSES: usize = 64;
/// Channels of an array, at most.
const CHANNELS: usize = 16;

/// Looks at a file.
pub fn file(root: &Path, path: &str) -> Result<Inspected, Fault> {
    let full = root.join(path);
    match Format::of(path) {
        Some(Format::Csv) => csv(&full, path),
        Some(format) => array(&full, path, format),
        None => Err(fault(
            &full,
            None,
            "is none of .csv, .tsv, .txt, .npy, .wav, .mat, each also with .gz; convert it to one",
        )),
    }
}

/// What the cells of a column are.
#[derive(Clone, Debug)]
struct Cells {
    numeric: bool,
    /// The first cell that is no number, and its line.
    odd: Option<(usize, String)>,
    least: f64,
    greatest: f64,
    values: BTreeSet<String>,
}

fn csv(full: &Path, path: &str) -> Result<Inspected, Fault> {
    // Without a name in the first row it has no header.
    let (mut sheet, header) = match Sheet::open(full, &Options::default()) {
        Ok(sheet) => (sheet, None),
        Err(e) if e.problem.contains("set header") => {
            (Sheet::open(full, &Options { header: Some(false), ..Options::default() })?, Some(false))
        }
        Err(e) => return Err(e),
    };
    let names = sheet.column_names().to_vec();
    let empty =
        Cells { numeric: true, odd: None, least: f64::INFINITY, greatest: f64::NEG_INFINITY, values: BTreeSet::new() };
    let mut cells = vec![empty; names.len()];
    let mut moments: Vec<Option<Vec<(Clock, f64)>>> = vec![Some(Vec::new()); names.len()];
    let mut frames = 0;
    while sheet.advance()? {
        for (c, cell) in cells.iter_mut().enumerate() {
            if let Some(all) = moments.get_mut(c)
                && frames < 4000
                && let Some(seen) = all
            {
                match sheet.moment(c)? {
                    Some(m) => seen.push((m.clock, m.at)),
                    None => *all = None,
                }
            }
            match sheet.number(c) {
                Ok(value) if cell.numeric => {
                    if value.is_finite() {
                        cell.least = cell.least.min(value);
                        cell.greatest = cell.greatest.max(value);
                    }
                }
                Ok(_) => {}
                Err(_) => {
                    cell.numeric = false;
                    if cell.odd.is_none() {
                        cell.odd = Some((sheet.line(), sheet.text(c)?.to_owned()));
                    }
                }
            }
            if cell.values.len() <= CLASSES {
                cell.values.insert(sheet.text(c)?.to_owned());
            }
        }
        frames += 1;
    }
    if frames == 0 {
        return Err(fault(full, None, "has no rows below its header"));
    }
    let rates = |c: usize| -> Option<Vec<f64>> {
        let seen = moments.get(c)?.as_ref()?;
        let mut all: Vec<f64> = seen.windows(2).filter_map(|m| Some(m.get(1)?.1 - m.first()?.1)).collect();
        all.retain(|i| *i >= 0.0);
        let first = seen.first()?;
        let units = match first.0 {
            Clock::Number => timing::units(names.get(c)?, first.1),
            _ => vec![1.0],
        };
        let interval = timing::typical(&all);
        let moves = all.len() * 10 >= seen.len() * 9 && interval > 0.0;
        moves.then(|| units.into_iter().map(|unit| tidy(1.0 / (interval * unit))).collect())
    };
    let time = timing::columns(&sheet, None, &[]).ok().into_iter().flatten().map(|t| t.0).find(|c| rates(*c).is_some());
    // A column of dates holds times whatever it is called.
    let dates = || (0..names.len()).find(|c| cells.get(*c).is_some_and(|x| !x.numeric) && rates(*c).is_some());
    let time = time.or_else(dates);
    let speaks = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["label", "class", "target", "state", "activity", "species", "condition", "anomaly", "y"]
            .contains(&name.as_str())
    };
    let few = |c: &usize| cells.get(*c).is_some_and(|x| x.values.len() <= CLASSES && x.values.len() >= 2);
    let named =
        (0..names.len()).filter(|c| Some(*c) != time).find(|c| names.get(*c).is_some_and(|n| speaks(n)) && few(c));
    let texts =
        || (0..names.len()).filter(|c| Some(*c) != time).find(|c| cells.get(*c).is_some_and(|x| !x.numeric) && few(c));
    let label = named.or_else(texts);
    if let Some(other) =
        (0..names.len()).find(|c| Some(*c) != time && Some(*c) != label && cells.get(*c).is_some_and(|x| !x.numeric))
    {
        let (line, text) = cells.get(other).and_then(|x| x.odd.clone()).unwrap_or_default();
        let problem = format!(
            "column {} holds neither numbers, nor times, nor a few classes: the first other cell is {text:?}; mend it, or remove the \
             column",
            names.get(other).map_or("", String::as_str)
        );
        return Err(fault(full, Some(line), problem));
    }
    let columns = names.iter().zip(&cells).enumerate().filter(|(c, _)| Some(*c) != time && Some(*c) != label);
    let columns: Vec<Column> =
        columns.map(|(_, (name, x))| Column { name: name.clone(), least: x.least, greatest: x.greatest }).collect();
    let values = label.and_then(|c| Some((names.get(c)?.clone(), cells.get(c)?.values.iter().cloned().collect())));
    Ok(Inspected {
        path: path.into(),
        format: Format::Csv,
        columns,
        header,
        label: values,
        time: time.and_then(|c| names.get(c).cloned()),
        rates: time.and_then(rates).unwrap_or_default(),
        axes: Vec::new(),
        frames,
        whole: false,
    })
}

/// A measured rate as one would write it: a rate that is as good in three figures, in those.
fn tidy(rate: f64) -> f64 {
    for figures in 1..=6 {
        let unit = 10f64.powi(figures - 1 - rate.abs().log10().floor() as i32);
        let short = (rate * unit).round() / unit;
        if (short - rate).abs() <= 2e-3 * rate {
            return short;
        }
    }
    rate
}

fn array(full: &Path, path: &str, format: Format) -> Result<Inspected, Fault> {
    let (array, rates) = if format == Format::Wav {
        let wav = wav::open(full).map_err(|e| fault(full, None, e.0))?;
        (wav.array, vec![f64::from(wav.rate_hz)])
    } else {
        (Array::read(full, None)?, Vec::new())
    };
    let mut shape = array.shape().to_vec();
    let mut strides = array.strides();
    while format == Format::Mat && shape.len() > 1 {
        let Some(single) = shape.iter().position(|n| *n == 1) else { break };
        shape.remove(single);
        strides.remove(single);
    }
    let axes: Vec<&str> = match shape.as_slice() {
        _ if format == Format::Wav => vec!["time", "channel"],
        [_] => vec!["time"],
        [a, b] if a >= b && *b <= CHANNELS => vec!["time", "channel"],
        [a, _] if *a <= CHANNELS => vec!["channel", "time"],
        [_, _] => vec!["recording", "time"],
        [_, b, c] if *c <= CHANNELS && b > c => vec!["recording", "time", "channel"],
        [_, b, _] if *b <= CHANNELS => vec!["recording", "channel", "time"],
        _ => {
            let problem =
                format!("has the shape {shape:?}, and what each axis means is not clear; write the manifest by hand");
            return Err(fault(full, None, problem));
        }
    };
    let of = |name: &str| axes.iter().position(|a| *a == name);
    let along = of("channel").and_then(|a| Some((*shape.get(a)?, *strides.get(a)?)));
    let (channels, stride) = along.unwrap_or((1, 0));
    let mut columns: Vec<Column> = (0..channels)
        .map(|c| Column { name: format!("channel {c}"), least: f64::INFINITY, greatest: f64::NEG_INFINITY })
        .collect();
    for i in 0..array.len() {
        let channel = i.checked_div(stride).map_or(0, |n| n % channels);
        let value = array.get(i).map_or(f64::NAN, Number::real);
        if let Some(c) = columns.get_mut(channel).filter(|_| value.is_finite()) {
            (c.least, c.greatest) = (c.least.min(value), c.greatest.max(value));
        }
    }
    let frames = of("time").and_then(|a| shape.get(a)).copied().unwrap_or(0);
    Ok(Inspected {
        path: path.into(),
        format,
        columns,
        header: None,
        label: None,
        time: None,
        rates,
        axes: if format.is_array() { axes.into_iter().map(String::from).collect() } else { Vec::new() },
        frames,
        whole: !array.is_float() || format == Format::Wav,
    })
}
