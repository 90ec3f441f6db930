//! Recordings: arrays and CSV files become streams of samples as the device would read them, and windows of them.

use super::cut::{self, Item};
use super::manifest::{ArrayRef, FileSpec, Manifest, is_csv};
use super::npy::{Array, Number};
use super::{Fault, Recording, Recordings, Source, Window, table};
use hone_signal::{Channel, Faults, Micros, Sample};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// At most this many samples are held, 2 GiB of memory.
const MOST_SAMPLES: usize = 1 << 30;
/// At most this many windows are cut.
const MOST_WINDOWS: usize = 1 << 24;

/// Arrays read so far; several `[[file]]` tables may use one.
type Arrays = BTreeMap<String, Array>;

/// One unbroken stream before it is cut.
struct Stream {
    name: String,
    samples: Vec<Sample>,
    faults: Vec<Faults>,
    /// Class, label and group of each unit: each window of a file of windows, else each frame.
    marks: Vec<Mark>,
    /// Whether units are windows.
    windowed: bool,
}

#[derive(Clone, Copy)]
struct Mark {
    class: usize,
    label: Option<i64>,
    group: Option<i64>,
}

pub(super) fn read(source: &Source, manifest: &Manifest, root: &Path) -> Result<Recordings, Fault> {
    let mut arrays = Arrays::new();
    let mut set = Recordings {
        rate_hz: manifest.rate_hz.unwrap_or(1.0),
        length: manifest.window.map_or(1, |w| w.length),
        step: manifest.step(),
        channels: manifest.channels.iter().map(|c| Channel { scale: c.scale as f32, unit: c.unit.into() }).collect(),
        channel_names: manifest.channels.iter().map(|c| c.name.clone()).collect(),
        recordings: Vec::new(),
    };
    let (mut frames_before, mut sequence, mut samples) = (0usize, 0u32, 0usize);
    for (i, file) in manifest.files.iter().enumerate() {
        let streams = if is_csv(&file.path) {
            vec![from_csv(source, manifest, root, i, file)?]
        } else {
            from_npy(source, manifest, root, i, file, &mut arrays)?
        };
        samples += streams.iter().map(|s| s.samples.len()).sum::<usize>();
        if samples > MOST_SAMPLES {
            return Err(source.fault(&format!("file[{i}]"), "more samples than 2^30 in all; leave some out".into()));
        }
        let recordings = windows(source, &set, i, file, streams, &mut frames_before, &mut sequence)?;
        set.recordings.extend(recordings);
    }
    Ok(set)
}

/// Cuts streams into windows and gives each its part.
fn windows(
    source: &Source,
    set: &Recordings,
    i: usize,
    file: &FileSpec,
    streams: Vec<Stream>,
    frames_before: &mut usize,
    sequence: &mut u32,
) -> Result<Vec<Recording>, Fault> {
    let mut items = Vec::new();
    let mut cuts = Vec::new();
    for (recording, stream) in streams.iter().enumerate() {
        let frames = stream.faults.len();
        let (count, stride) = if stream.windowed {
            (stream.marks.len(), set.length)
        } else if frames < set.length {
            (0, set.step)
        } else {
            ((frames - set.length) / set.step + 1, set.step)
        };
        if cuts.len() + count > MOST_WINDOWS {
            return Err(source.fault("window.step", "more than 2^24 windows; give a longer step".into()));
        }
        for w in 0..count {
            let mark = if stream.windowed {
                stream.marks.get(w).copied()
            } else {
                // A window that spans two groups belongs to neither.
                stream.marks.get(w * stride..w * stride + set.length).and_then(common)
            };
            if let Some(mark) = mark {
                items.push(Item { recording, class: mark.class, label: mark.label, group: mark.group });
                cuts.push((recording, w * stride, w * set.step));
            }
        }
    }
    if cuts.is_empty() {
        let problem = format!("{} has no window of {} frames; give a shorter window.length", file.path, set.length);
        return Err(source.fault(&format!("file[{i}].path"), problem));
    }
    let parts = cut::parts(source, i, file, &items)?;
    let mut recordings: Vec<Recording> = Vec::new();
    let mut starts = Vec::new();
    for stream in streams {
        starts.push(*frames_before);
        let units = stream.marks.len();
        *frames_before += if stream.windowed { units * set.step } else { units };
        recordings.push(Recording {
            name: stream.name,
            samples: stream.samples,
            faults: stream.faults,
            windows: vec![],
        });
    }
    for ((item, (recording, first_frame, clock)), part) in items.into_iter().zip(cuts).zip(parts) {
        let (Some(part), Some(start), Some(r)) = (part, starts.get(recording), recordings.get_mut(recording)) else {
            continue;
        };
        let last = r.windows.last().copied();
        let changed = last.is_some_and(|l| l.part != part || l.group != item.group);
        // Windows that overlap must not have samples in two parts.
        let overlaps = first_frame < last.map_or(0, |l| l.first_frame + set.length);
        if changed && overlaps {
            continue;
        }
        let stride = if first_frame == clock { set.step } else { set.length };
        let follows = last.is_some_and(|l| l.first_frame + stride == first_frame) && !changed;
        let mut faults = r
            .faults
            .get(first_frame..first_frame + set.length)
            .unwrap_or(&[])
            .iter()
            .fold(Faults::NONE, |all, f| all.with(*f));
        if !follows {
            faults = faults.with(Faults::GAP);
        }
        let seconds = (start + clock) as f64 / set.rate_hz;
        r.windows.push(Window {
            first_frame,
            time: Micros((seconds * 1e6).round() as u64),
            sequence: *sequence,
            class: item.class,
            part,
            faults,
            group: item.group,
        });
        *sequence = sequence.wrapping_add(1);
    }
    recordings.retain(|r| !r.windows.is_empty());
    Ok(recordings)
}

/// What frames have in common: the class that most have (the lowest among equals), and the group; `None` when
/// they are of several groups.
fn common(frames: &[Mark]) -> Option<Mark> {
    let first = frames.first()?;
    if frames.iter().any(|m| m.group != first.group) {
        return None;
    }
    if frames.iter().all(|m| m.class == first.class) {
        return Some(*first);
    }
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for m in frames {
        *counts.entry(m.class).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    let class = counts.iter().find(|c| *c.1 == most).map(|c| *c.0)?;
    frames.iter().find(|m| m.class == class).copied()
}

/// Quantises one reading as the device does: in 64-bit arithmetic, to the nearest LSB, halves away from zero.
fn quantise(value: f64, units_per_lsb: f64, last: Sample) -> (Sample, Faults) {
    if value.is_nan() {
        return (last, Faults::NOT_A_NUMBER);
    }
    let lsb = (value / units_per_lsb).round();
    if lsb <= f64::from(Sample::MIN) {
        (Sample::MIN, Faults::SATURATED)
    } else if lsb >= f64::from(Sample::MAX) {
        (Sample::MAX, Faults::SATURATED)
    } else {
        (lsb as Sample, Faults::NONE)
    }
}

fn reading(number: Number, units_per_lsb: f64, last: Sample) -> (Sample, Faults) {
    match number {
        // Integer files hold LSB.
        Number::Whole(v) => quantise(v as f64, 1.0, last),
        Number::Real(v) => quantise(v, units_per_lsb, last),
    }
}

fn load<'a>(source: &Source, root: &Path, key: &str, path: &str, arrays: &'a mut Arrays) -> Result<&'a Array, Fault> {
    if !arrays.contains_key(path) {
        let full = root.join(path);
        if !full.exists() {
            let problem = format!(
                "{} does not exist; give the folder with the recordings by --root DIR or HONE_DATA",
                full.display()
            );
            return Err(source.fault(key, problem));
        }
        let array = Array::open(&full).map_err(|e| in_file(&full, e.to_string()))?;
        arrays.insert(path.to_string(), array);
    }
    arrays.get(path).ok_or_else(|| source.fault(key, "cannot be read".into()))
}

fn in_file(path: &Path, problem: String) -> Fault {
    Fault { file: PathBuf::from(path), line: None, key: String::new(), problem }
}

fn from_npy(
    source: &Source,
    manifest: &Manifest,
    root: &Path,
    i: usize,
    file: &FileSpec,
    arrays: &mut Arrays,
) -> Result<Vec<Stream>, Fault> {
    let key = |k: &str| format!("file[{i}].{k}");
    let axes: &[String] = file.axes.as_deref().unwrap_or(&[]);
    let shape = load(source, root, &key("path"), &file.path, arrays)?.shape().to_vec();
    if shape.len() != axes.len() {
        let problem =
            format!("names {} axes, but {} has the {} of shape {shape:?}", axes.len(), file.path, shape.len());
        return Err(source.fault(&key("axes"), problem));
    }
    if shape.contains(&0) {
        return Err(source.fault(&key("path"), format!("{} has no elements", file.path)));
    }
    let layout = Layout::new(axes, &shape).map_err(|p| source.fault(&key("axes"), p))?;
    layout.check(source, manifest, i, file)?;
    let labels = values(source, root, &key("labels"), file.labels.as_ref(), &layout, arrays)?;
    let groups = values(source, root, &key("groups"), file.groups.as_ref(), &layout, arrays)?;
    let whole = file.class.as_deref().and_then(|c| manifest.class_named(c));
    let class_of: BTreeMap<i64, usize> =
        (0..manifest.classes.len()).filter_map(|c| Some((manifest.label_value(c)?, c))).collect();

    let array = load(source, root, &key("path"), &file.path, arrays)?;
    let used: usize = layout.chosen(file).iter().map(Vec::len).product::<usize>();
    let per_recording = (layout.time.length.saturating_mul(layout.window.map_or(1, |w| w.length)))
        .saturating_mul(manifest.channels.len());
    if used.saturating_mul(per_recording) > MOST_SAMPLES {
        return Err(source.fault(&key("at"), "more samples than 2^30 are used; leave some out".into()));
    }
    let mut streams = Vec::new();
    for indices in combinations(&layout.chosen(file)) {
        let base: usize = indices.iter().zip(&layout.recordings).map(|(n, axis)| n * axis.stride).sum();
        let mut name = file.path.clone();
        for (n, axis) in indices.iter().zip(&layout.recordings) {
            name.push_str(&format!(" {}={n}", axis.name));
        }
        let windowed = layout.window.is_some();
        let mut stream = Stream { name, samples: Vec::new(), faults: Vec::new(), marks: Vec::new(), windowed };
        let mut last = vec![0; manifest.channels.len()];
        for w in 0..layout.window.map_or(1, |a| a.length) {
            for t in 0..layout.time.length {
                let frame = base + w * layout.window.map_or(0, |a| a.stride) + t * layout.time.stride;
                let mut faults = Faults::NONE;
                for ((c, channel), last) in manifest.channels.iter().enumerate().zip(&mut last) {
                    let along = layout.channel.map_or(0, |a| a.stride * channel.index.unwrap_or(c));
                    let number = array.get(frame + along).unwrap_or(Number::Real(f64::NAN));
                    let (sample, fault) = reading(number, channel.scale / channel.factor.unwrap_or(1.0), *last);
                    *last = sample;
                    faults = faults.with(fault);
                    stream.samples.push(sample);
                }
                stream.faults.push(faults);
                if t == 0 || !windowed {
                    let at = |v: &Option<Values>| v.as_ref().and_then(|v| v.at(&layout, &indices, w, t));
                    let label = at(&labels);
                    let class = whole.or_else(|| class_of.get(&label?).copied());
                    let Some(class) = class else {
                        let problem = format!(
                            "the array has the label {}, which no class has as value; add it to [[class]]",
                            label.unwrap_or(0)
                        );
                        return Err(source.fault(&key("labels"), problem));
                    };
                    stream.marks.push(Mark { class, label, group: at(&groups) });
                }
            }
        }
        streams.push(stream);
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
    fn new(names: &'a [String], shape: &[usize]) -> Result<Self, String> {
        let mut stride = 1;
        let mut axes = Vec::new();
        for (name, length) in names.iter().zip(shape).rev() {
            axes.push(Axis { name, length: *length, stride });
            stride = stride.saturating_mul(*length);
        }
        axes.reverse();
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
            if indices.len() > axis.length {
                return Err(source.fault(&key, "an index is listed twice".into()));
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
    let array = load(source, root, &format!("{key}.path"), &spec.path, arrays)?;
    if array.shape() != [axis.length] {
        let problem = format!("has shape {:?}; the axis {:?} needs {}", array.shape(), axis.name, axis.length);
        return Err(source.fault(&format!("{key}.path"), problem));
    }
    let values: Option<Vec<i64>> = (0..array.len()).map(|i| array.get(i)?.whole()).collect();
    let values =
        values.ok_or_else(|| source.fault(&format!("{key}.path"), "holds numbers that are not whole".into()))?;
    Ok(Some(Values { axis: axis.name.to_string(), values }))
}

fn from_csv(source: &Source, manifest: &Manifest, root: &Path, i: usize, file: &FileSpec) -> Result<Stream, Fault> {
    let key = |k: &str| format!("file[{i}].{k}");
    let sheet = table::Sheet::open(source, &key("path"), &root.join(&file.path), file.header.unwrap_or(true))?;
    let class = file.class.as_deref().and_then(|c| manifest.class_named(c));
    let Some(class) = class.filter(|_| file.labels.is_none() && file.groups.is_none()) else {
        let problem =
            "recordings in CSV files take their class from class and spans, and have no label or group arrays";
        return Err(source.fault(&key("class"), problem.into()));
    };
    let mut columns = Vec::new();
    for (c, channel) in manifest.channels.iter().enumerate() {
        let name = channel.column.as_deref().unwrap_or(&channel.name);
        columns.push(sheet.column(name).map_err(|p| source.fault(&format!("channel[{c}].column"), p))?);
    }
    let mut stream = Stream {
        name: file.path.clone(),
        samples: Vec::new(),
        faults: Vec::new(),
        marks: vec![Mark { class, label: None, group: None }; sheet.len()],
        windowed: false,
    };
    let mut last = vec![0; columns.len()];
    for row in 0..sheet.len() {
        let mut faults = Faults::NONE;
        for ((channel, column), last) in manifest.channels.iter().zip(&columns).zip(&mut last) {
            let value = sheet.number(row, *column)?;
            let (sample, fault) = quantise(value, channel.scale / channel.factor.unwrap_or(1.0), *last);
            *last = sample;
            faults = faults.with(fault);
            stream.samples.push(sample);
        }
        stream.faults.push(faults);
    }
    if let Some(spans) = &file.spans {
        let inside = table::inside_spans(source, &key("spans"), root, spans, &sheet)?;
        let class = manifest.class_named(&spans.class).unwrap_or(class);
        for (mark, _) in stream.marks.iter_mut().zip(inside).filter(|(_, inside)| *inside) {
            mark.class = class;
        }
    }
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_quantised_as_on_the_device() {
        assert_eq!(quantise(1.0, 0.25, 0), (4, Faults::NONE));
        assert_eq!(quantise(-0.125, 0.25, 0), (-1, Faults::NONE));
        assert_eq!(quantise(0.1249, 0.25, 9), (0, Faults::NONE));
        assert_eq!(quantise(f64::NAN, 0.25, 9), (9, Faults::NOT_A_NUMBER));
        assert_eq!(quantise(1e300, 0.25, 9), (i16::MAX, Faults::SATURATED));
        assert_eq!(quantise(f64::NEG_INFINITY, 0.25, 9), (i16::MIN, Faults::SATURATED));
        assert_eq!(reading(Number::Whole(-5), 0.25, 0), (-5, Faults::NONE));
        assert_eq!(reading(Number::Whole(i64::MAX), 0.25, 0), (i16::MAX, Faults::SATURATED));
    }

    #[test]
    fn a_window_is_of_the_class_that_most_frames_have() {
        let mark = |class, group| Mark { class, label: None, group: Some(group) };
        assert_eq!(common(&[mark(0, 1), mark(2, 1), mark(2, 1)]).unwrap().class, 2);
        assert_eq!(common(&[mark(2, 1), mark(1, 1)]).unwrap().class, 1);
        assert!(common(&[mark(0, 1), mark(0, 2)]).is_none());
    }
}
