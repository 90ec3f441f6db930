//! The rows by which an imported network is put into 8 bits and compared: those of a manifest's training part, or of a file.

use super::graph::Read;
use crate::dataset::file::array::Array;
use crate::dataset::file::dialect::Options;
use crate::dataset::file::sheet::Sheet;
use crate::dataset::{Class, Data, Dataset, Family, Part, Recordings, find_manifest, recordings_of};
use hone_learn::{ClassId, Settings, Workspace};
use hone_net::Extent;
use hone_signal::features::Params;
use hone_signal::{Channel, Shape};
use std::path::Path;

/// Rows at most; more of a set are left out evenly.
const MOST: usize = 4096;

/// Rows in the order of the network's input.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    pub rows: Vec<Vec<f32>>,
    /// The class of each, where that is known.
    pub labels: Vec<Option<ClassId>>,
    /// What the manifest says of classes and windows.
    pub classes: Vec<Class>,
    pub windows: Option<Windows>,
}

/// How windows become rows.
#[derive(Clone, Debug)]
pub struct Windows {
    pub frames: usize,
    pub rate_hz: f64,
    pub channels: Vec<Channel>,
    pub features: Params,
}

/// Reads them. `set` are settings of the features.
///
/// # Errors
/// A line that says what is wrong and what to do.
pub fn read(calibrate: &str, root: Option<&Path>, set: &[String], network: &Read) -> Result<Rows, String> {
    let path = Path::new(calibrate);
    let kind = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    let (rows, labels) = match kind.as_deref() {
        Some("csv") => ordered(sheet(path, network.draft.entry.len())?, network)?,
        Some("npy") => ordered(array(path)?.into_iter().map(|row| (row, None)).collect(), network)?,
        _ => return manifest(calibrate, root, set, network.draft.input()),
    };
    if !set.is_empty() {
        return Err("--set is of the features of windows; with a file of rows leave it out".into());
    }
    Ok(Rows { rows, labels, ..Rows::default() })
}

type Labelled = (Vec<f32>, Option<ClassId>);
type Apart = (Vec<Vec<f32>>, Vec<Option<ClassId>>);

/// Rows of the graph in the order of our input, and their labels.
fn ordered(rows: Vec<Labelled>, network: &Read) -> Result<Apart, String> {
    let entry = &network.draft.entry;
    let row = |(row, label): Labelled| {
        if row.len() != entry.len() {
            return Err(format!(
                "a row has {} numbers, and the network takes in {}; a .csv may have the class before them",
                row.len(),
                entry.len()
            ));
        }
        if row.iter().any(|x| !x.is_finite()) {
            return Err("a row has a number that is infinite, or none".into());
        }
        Ok((entry.iter().filter_map(|place| row.get(*place).copied()).collect(), label))
    };
    rows.into_iter().map(row).collect::<Result<Vec<_>, _>>().map(|all| all.into_iter().unzip())
}

/// With one column more than the network takes in the first is the class, as `data export` prints it.
fn sheet(path: &Path, inputs: usize) -> Result<Vec<Labelled>, String> {
    // A first row of numbers is a row.
    let open = |header| Sheet::open(path, &Options { header, ..Options::default() });
    let mut sheet = open(None).or_else(|_| open(Some(false))).map_err(|e| e.to_string())?;
    let width = sheet.column_names().len();
    let labelled = width == inputs + 1;
    let mut rows = Vec::new();
    while sheet.advance().map_err(|e| e.to_string())? && rows.len() < MOST {
        let row: Result<Vec<f32>, _> = (0..width).map(|i| sheet.number(i).map(|x| x as f32)).collect();
        let mut row = row.map_err(|e| e.to_string())?;
        let label = labelled.then(|| row.remove(0));
        if let Some(class) = label.filter(|c| c.fract() != 0.0 || !(0.0..65535.0).contains(c)) {
            return Err(format!("the first column is the class, and {class} is no number from 0 to 65534"));
        }
        rows.push((row, label.map(|c| ClassId(c as u16))));
    }
    Ok(rows)
}

fn array(path: &Path) -> Result<Vec<Vec<f32>>, String> {
    let array = Array::read(path, None).map_err(|e| e.to_string())?;
    let [count, rest @ ..] = array.shape() else { return Err(format!("{}: has no rows", path.display())) };
    let strides = array.strides();
    let width: usize = rest.iter().product();
    let number = |mut place: usize, row: usize| {
        let mut at = row * strides.first()?;
        for (d, stride) in rest.iter().zip(strides.get(1..)?).rev() {
            at += place % d * stride;
            place /= d;
        }
        Some(array.get(at)?.real() as f32)
    };
    let row = |row| (0..width).map(|place| number(place, row)).collect::<Option<Vec<f32>>>();
    let rows: Option<Vec<Vec<f32>>> = (0..(*count).min(MOST)).map(row).collect();
    rows.ok_or_else(|| format!("{}: is shorter than its header says", path.display()))
}

fn manifest(name: &str, root: Option<&Path>, set: &[String], input: Extent) -> Result<Rows, String> {
    let source = find_manifest(name).map_err(|e| e.to_string())?;
    let data = Dataset::read(&source, &recordings_of(&source, root)).map_err(|e| e.to_string())?;
    let class = |i: usize| data.classes.get(i).map(|c| c.id);
    let mut found = Rows { classes: data.classes.clone(), ..Rows::default() };
    match &data.data {
        Data::Table(t) => {
            for row in t.rows.iter().filter(|r| r.part == Part::Train) {
                found.rows.push(row.features.clone());
                found.labels.push(class(row.class));
            }
        }
        Data::Recordings(r) => {
            let mut params = match data.family {
                Family::Vibration => Params::vibration(),
                Family::Activity => Params::activity(),
            };
            for pair in set {
                let (key, value) = pair.split_once('=').ok_or_else(|| format!("--set {pair}: give KEY=VALUE"))?;
                params.set_text(key.trim(), value.trim()).map_err(|_| {
                    format!("--set {pair}: no such setting of features, or not in its range; 'config list features' lists them")
                })?;
            }
            let (rows, labels, features) = windows(&data, r, &params, input)?;
            (found.rows, found.labels) = (rows, labels);
            found.windows =
                Some(Windows { frames: r.length, rate_hz: r.rate_hz, channels: r.channels.clone(), features });
        }
    }
    if let Some(row) = found.rows.first().filter(|row| row.len() != input.len()) {
        return Err(format!("a row of {name} has {} numbers, and the network takes in {}", row.len(), input.len()));
    }
    if found.rows.is_empty() {
        return Err(format!("{name} has no rows to train on, by which the network could be put into 8 bits"));
    }
    let step = found.rows.len().div_ceil(MOST);
    found.rows = found.rows.into_iter().step_by(step).collect();
    found.labels = found.labels.into_iter().step_by(step).collect();
    Ok(found)
}

type Taken = (Vec<Vec<f32>>, Vec<Option<ClassId>>, Params);

/// The windows to train on as the network takes them in: their samples, or their features.
fn windows(data: &Dataset, r: &Recordings, params: &Params, input: Extent) -> Result<Taken, String> {
    let samples = usize::from(input.frames) == r.length && usize::from(input.channels) == r.channels.len();
    let shape = Shape { channels: r.channels.len(), frames: r.length };
    let mut params = *params;
    if samples {
        params.set_text("features", "raw").map_err(|_| "this program has no features 'raw'")?;
    }
    let extractor = params.check(shape).map_err(|e| format!("features of windows of {} frames: {e:?}", r.length))?;
    if !samples && (extractor.len() != input.len() || input.frames != 1) {
        return Err(format!(
            "a window of {} has {} features, or {} frames of {} channels, and the network takes in {} of {}; set the features' \
             settings by --set",
            data.name,
            extractor.len(),
            r.length,
            r.channels.len(),
            input.frames,
            input.channels
        ));
    }
    let (mut scratch, mut out) = (vec![0; extractor.required().div_ceil(4)], vec![0.0; extractor.len()]);
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    for (recording, window) in r.windows(Part::Train) {
        let held = r.held(recording, window, &data.classes).map_err(|e| e.to_string())?;
        let made = extractor.extract(&held.view(), Workspace::new(&mut scratch), &mut out);
        made.map_err(|e| format!("the features of a window: {e:?}"))?;
        rows.push(out.clone());
        labels.push(data.classes.get(window.class).map(|c| c.id));
    }
    Ok((rows, labels, params))
}
