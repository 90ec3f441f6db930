//! Recordings in arrays: .npy, MATLAB and WAV files.

use super::Reading;
use super::overlap::Overlap;
use super::sink::{Mark, Scale, Sink, Stream};
use crate::dataset::file::array::{Array, Number};
use crate::dataset::file::{Format, fault, locate, wav};
use crate::dataset::manifest::{ArrayRef, FileSpec, Manifest};
use crate::dataset::{Fault, Source, timing};
use hone_signal::Faults;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

/// Arrays read so far, by path and variable; several `[[file]]` tables may use one.
pub(super) type Arrays = BTreeMap<(String, Option<String>), Array>;

/// Makes an array known.
fn ensure(
    source: &Source,
    root: &Path,
    key: &str,
    (path, variable): (&str, &Option<String>),
    arrays: &mut Arrays,
) -> Result<(), Fault> {
    let id = (path.to_owned(), variable.clone());
    if let Entry::Vacant(place) = arrays.entry(id) {
        place.insert(Array::read(&locate(source, key, root, path)?, variable.as_deref())?);
    }
    Ok(())
}

fn load<'a>(
    source: &Source,
    root: &Path,
    key: &str,
    spec: &ArrayRef,
    arrays: &'a mut Arrays,
) -> Result<&'a Array, Fault> {
    let key = format!("{key}.path");
    ensure(source, root, &key, (&spec.path, &spec.variable), arrays)?;
    let found = arrays.get(&(spec.path.clone(), spec.variable.clone()));
    found.ok_or_else(|| source.fault(&key, "cannot be read".into()))
}

/// Whether an array is a vector of this length; MATLAB has no other than of two axes.
fn vector(shape: &[usize], length: usize) -> bool {
    shape.iter().product::<usize>() == length && shape.iter().filter(|n| **n != 1).count() <= 1
}

pub(super) fn read(
    source: &Source,
    manifest: &Manifest,
    i: usize,
    file: &FileSpec,
    reading: &mut Reading,
) -> Result<Vec<Stream>, Fault> {
    let key = |k: &str| format!("file[{i}].{k}");
    let id = (file.path.clone(), file.variable.clone());
    let sound = Format::of(&file.path) == Some(Format::Wav);
    if sound {
        let full = locate(source, &key("path"), reading.root, &file.path)?;
        let wav = wav::open(&full).map_err(|e| fault(&full, None, e.0))?;
        let rate_hz = manifest.rate_hz.unwrap_or(1.0);
        if !timing::agree(f64::from(wav.rate_hz), rate_hz) {
            let problem = format!("{} frames a second by its header, the manifest's rate_hz is {rate_hz}", wav.rate_hz);
            return Err(fault(&full, None, format!("has {problem}; set rate_hz to what is true")));
        }
        reading.rates.push((file.path.clone(), f64::from(wav.rate_hz)));
        reading.arrays.insert(id.clone(), wav.array);
    } else {
        ensure(source, reading.root, &key("path"), (&file.path, &file.variable), &mut reading.arrays)?;
    }
    let sound_axes = ["time".to_owned(), "channel".to_owned()];
    let axes: &[String] = if sound { &sound_axes } else { file.axes.as_deref().unwrap_or(&[]) };
    let found = reading.arrays.get(&id).ok_or_else(|| source.fault(&key("path"), "cannot be read".into()))?;
    let (mut shape, mut strides) = (found.shape().to_vec(), found.strides());
    // MATLAB has no array of one axis.
    while Format::of(&file.path) == Some(Format::Mat) && shape.len() > axes.len() {
        let Some(single) = shape.iter().position(|n| *n == 1) else { break };
        shape.remove(single);
        strides.remove(single);
    }
    if shape.len() != axes.len() {
        let problem =
            format!("names {} axes, but {} has the {} of shape {shape:?}", axes.len(), file.path, shape.len());
        return Err(source.fault(&key("axes"), problem));
    }
    if shape.contains(&0) {
        return Err(source.fault(&key("path"), format!("{} has no elements", file.path)));
    }
    let layout = Layout::new(axes, &shape, &strides).map_err(|p| source.fault(&key("axes"), p))?;
    layout.check(source, manifest, i, file)?;
    let labels = values(source, reading.root, &key("labels"), file.labels.as_ref(), &layout, &mut reading.arrays)?;
    let groups = values(source, reading.root, &key("groups"), file.groups.as_ref(), &layout, &mut reading.arrays)?;
    let whole = manifest.class_of(file);
    let class_of: BTreeMap<i64, usize> =
        (0..manifest.classes.len()).filter_map(|c| Some((manifest.label_value(c)?, c))).collect();
    let array = reading.arrays.get(&id).ok_or_else(|| source.fault(&key("path"), "cannot be read".into()))?;
    let chosen = layout.chosen(file);
    let per_recording = layout.time.length.saturating_mul(layout.window.map_or(1, |w| w.length));
    let used = chosen.iter().map(Vec::len).product::<usize>().saturating_mul(per_recording);
    if used.saturating_mul(manifest.channels.len()) as u64 > super::MOST_SAMPLES {
        return Err(source.fault(&key("at"), super::TOO_MANY.into()));
    }
    // Integer files hold LSB, and WAV files a share of full scale, which is the range of 16 bits unless a factor says what
    // it is in units.
    if array.is_float() && !sound {
        reading.seen.real = true;
    } else if sound {
        reading.seen.sound = true;
    } else {
        reading.seen.whole = true;
    }
    let scales: Vec<(Scale, Scale)> = manifest
        .channels
        .iter()
        .map(|c| {
            let lsb = Scale { per_lsb: 1.0, unit: c.scale };
            let real = match (sound, c.factor) {
                (true, None) => lsb,
                (true, Some(full)) => Scale { per_lsb: 32768.0 * c.scale / full, unit: full / 32768.0 },
                (false, factor) => Scale { per_lsb: c.scale / factor.unwrap_or(1.0), unit: factor.unwrap_or(1.0) },
            };
            (lsb, real)
        })
        .collect();
    let along: Vec<usize> = manifest
        .channels
        .iter()
        .enumerate()
        .map(|(c, channel)| layout.channel.map_or(0, |a| a.stride * channel.index.unwrap_or(c)))
        .collect();
    let windowed = layout.window.is_some();
    let mut streams = Vec::new();
    let mut overlap = Overlap::default();
    for indices in combinations(&chosen) {
        let base: usize = indices.iter().zip(&layout.recordings).map(|(n, axis)| n * axis.stride).sum();
        let mut name = file.path.clone();
        for (n, axis) in indices.iter().zip(&layout.recordings) {
            name.push_str(&format!(" {}={n}", axis.name));
        }
        let mut sink = Sink::new(&mut reading.store, &mut reading.facts, scales.clone(), name, windowed);
        for w in 0..layout.window.map_or(1, |a| a.length) {
            for t in 0..layout.time.length {
                let frame = base + w * layout.window.map_or(0, |a| a.stride) + t * layout.time.stride;
                let numbers = along.iter().map(|c| array.get(frame + c).unwrap_or(Number::Real(f64::NAN)));
                sink.frame(numbers, Faults::NONE).map_err(|e| super::spilled(&e))?;
                if windowed {
                    overlap.frame(sink.last());
                }
                if t == 0 || !windowed {
                    let at = |v: &Option<Values>| v.as_ref().and_then(|v| v.at(&layout, &indices, w, t));
                    let label = at(&labels);
                    let class = whole.or_else(|| class_of.get(&label?).copied());
                    let Some(class) = class else {
                        let known: Vec<String> = class_of.keys().take(20).map(i64::to_string).collect();
                        let problem = format!(
                            "the array has the label {}, which no class has as value; those are {}",
                            label.unwrap_or(0),
                            known.join(", ")
                        );
                        return Err(source.fault(&key("labels"), problem));
                    };
                    sink.mark(Mark { class, label, group: at(&groups) });
                }
            }
            overlap.end(manifest.channels.len());
        }
        overlap.cut();
        streams.push(sink.end());
    }
    if let Some(step) = overlap.step().filter(|step| *step != manifest.step()) {
        let overlap = format!("the windows in {} overlap: each begins {step} frames after the one before", file.path);
        if manifest.window.is_some_and(|w| w.step.is_some()) {
            let problem = format!("{overlap}, and window.step is {}; set it to {step}", manifest.step());
            return Err(source.fault("window.step", problem));
        }
        reading.notes.push(overlap);
        reading.step = Some(step);
    }
    Ok(streams)
}

/// One axis of an array.
#[derive(Clone, Copy)]
struct Axis<'a> {
    name: &'a str,
    length: usize,
    stride: usize,
}

/// What each axis is.
struct Layout<'a> {
    time: Axis<'a>,
    channel: Option<Axis<'a>>,
    window: Option<Axis<'a>>,
    recordings: Vec<Axis<'a>>,
}

impl<'a> Layout<'a> {
    fn new(names: &'a [String], shape: &[usize], strides: &[usize]) -> Result<Self, String> {
        let axes: Vec<Axis> = names
            .iter()
            .zip(shape.iter().zip(strides))
            .map(|(name, (length, stride))| Axis { name, length: *length, stride: *stride })
            .collect();
        let named = |name| axes.iter().find(|a| a.name == name).copied();
        if let Some(twice) = axes.iter().find(|a| axes.iter().filter(|b| b.name == a.name).count() > 1) {
            return Err(format!("names {:?} twice", twice.name));
        }
        let time = named("time").ok_or("one of them must be \"time\"")?;
        let recordings = axes.iter().filter(|a| !matches!(a.name, "time" | "channel" | "window")).copied().collect();
        Ok(Self { time, channel: named("channel"), window: named("window"), recordings })
    }

    fn check(&self, source: &Source, manifest: &Manifest, i: usize, file: &FileSpec) -> Result<(), Fault> {
        let length = manifest.window.map_or(1, |w| w.length);
        if self.window.is_some() && self.time.length != length {
            let problem = format!("is {length}, but the windows in {} have {} frames", file.path, self.time.length);
            return Err(source.fault("window.length", problem));
        }
        let there = self.channel.map_or(1, |c| c.length);
        for (c, channel) in manifest.channels.iter().enumerate() {
            let index = channel.index.unwrap_or(c);
            if index >= there {
                let key = format!("channel[{c}].index");
                return Err(source.fault(&key, format!("is {index}, but {} has {there} channels", file.path)));
            }
        }
        for (name, indices) in &file.at {
            let key = format!("file[{i}].at.{name}");
            let Some(axis) = self.recordings.iter().find(|a| a.name == name) else {
                let names: Vec<&str> = self.recordings.iter().map(|a| a.name).collect();
                return Err(source.fault(&key, format!("is not a recording axis; those are: {}", names.join(", "))));
            };
            if let Some(n) = indices.iter().find(|n| **n >= axis.length) {
                return Err(source.fault(&key, format!("{n} is too much: the axis has {}", axis.length)));
            }
        }
        Ok(())
    }

    /// The indices used of each recording axis.
    fn chosen(&self, file: &FileSpec) -> Vec<Vec<usize>> {
        let all = |a: &Axis| file.at.get(a.name).cloned().unwrap_or_else(|| (0..a.length).collect());
        self.recordings.iter().map(all).collect()
    }
}

fn combinations(axes: &[Vec<usize>]) -> Vec<Vec<usize>> {
    axes.iter().fold(vec![Vec::new()], |before, axis| {
        before.iter().flat_map(|b| axis.iter().map(|n| [b.as_slice(), &[*n]].concat())).collect()
    })
}

/// The values of a label or group array.
struct Values {
    axis: String,
    values: Vec<i64>,
}

impl Values {
    fn at(&self, layout: &Layout, indices: &[usize], window: usize, time: usize) -> Option<i64> {
        let index = match self.axis.as_str() {
            "time" => time,
            "window" => window,
            name => *layout.recordings.iter().zip(indices).find(|(a, _)| a.name == name)?.1,
        };
        self.values.get(index).copied()
    }
}

fn values(
    source: &Source,
    root: &Path,
    key: &str,
    array: Option<&ArrayRef>,
    layout: &Layout,
    arrays: &mut Arrays,
) -> Result<Option<Values>, Fault> {
    let Some(spec) = array else { return Ok(None) };
    let along = layout.window.or(layout.recordings.first().copied()).unwrap_or(layout.time);
    let axis = spec.axis.as_deref().unwrap_or(along.name);
    let known = [Some(layout.time), layout.window].into_iter().flatten().chain(layout.recordings.iter().copied());
    let Some(axis) = known.into_iter().find(|a| a.name == axis) else {
        return Err(source.fault(&format!("{key}.axis"), format!("the file has no axis {axis:?} that can have values")));
    };
    if axis.name == "time" && layout.window.is_some() {
        return Err(source.fault(&format!("{key}.axis"), "the file holds windows; name the axis \"window\"".into()));
    }
    let array = load(source, root, key, spec, arrays)?;
    if !vector(array.shape(), axis.length) {
        let problem = format!("has shape {:?}; the axis {:?} needs {}", array.shape(), axis.name, axis.length);
        return Err(source.fault(&format!("{key}.path"), problem));
    }
    let values: Option<Vec<i64>> = (0..array.len()).map(|i| array.get(i)?.whole()).collect();
    let values =
        values.ok_or_else(|| source.fault(&format!("{key}.path"), "holds numbers that are not whole".into()))?;
    Ok(Some(Values { axis: axis.name.to_string(), values }))
}
