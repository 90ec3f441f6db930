//! Pictures of channels: over time with parts and classes, spectrum, histogram.

use crate::dataset::{Data, Dataset, Part, RANGE_FRAMES, Recordings};
use crate::plot::{self, ChannelPicture, PlotError, Stretch};
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

/// Points of the transform.
const POINTS: usize = 256;
/// Windows whose spectra are averaged, at most.
const AVERAGED: usize = 2000;
/// Bars of the histogram.
const BARS: usize = 128;

/// Draws each channel into `folder`, and gives the files.
pub fn draw(folder: &Path, set: &Dataset) -> Result<Vec<PathBuf>, PlotError> {
    let Data::Recordings(r) = &set.data else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    let (parts, classes) = stretches(set, r);
    for (c, name) in r.channel_names.iter().enumerate() {
        let letters = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
        let path = folder.join(format!("{}-{c}-{}.png", set.name, name.chars().map(letters).collect::<String>()));
        let spectrum = spectrum(&path, set, r, c)?;
        let unit = r.channels.get(c).map_or("", |c| c.unit.name());
        let picture = ChannelPicture {
            title: if set.title.is_empty() { set.name.clone() } else { set.title.clone() },
            subtitle: format!("channel {name}, {} recordings end to end, {} Hz", r.recordings.len(), r.rate_hz),
            unit: if unit.is_empty() { name.clone() } else { format!("{name}, {unit}") },
            envelope: envelope(r, c),
            parts: parts.clone(),
            classes: classes.clone(),
            spectrum,
            histogram: histogram(r, c),
        };
        plot::channel(&path, &picture)?;
        files.push(path);
    }
    Ok(files)
}

/// Time, least and greatest of every block of frames.
fn envelope(r: &Recordings, channel: usize) -> Vec<(f64, f64, f64)> {
    let width = r.channels.len();
    let (mut points, mut before) = (Vec::new(), 0);
    for recording in &r.recordings {
        for (i, (low, high)) in recording.ranges.iter().skip(channel).step_by(width.max(1)).enumerate() {
            let time = (before + i * RANGE_FRAMES) as f64 / r.rate_hz;
            points.push((time, *low, *high));
        }
        before += recording.frames();
    }
    points
}

/// What is for which part, and of which class, on the time of the envelope.
fn stretches(set: &Dataset, r: &Recordings) -> (Vec<Stretch>, Vec<Stretch>) {
    let (mut parts, mut classes): (Vec<Stretch>, Vec<Stretch>) = (Vec::new(), Vec::new());
    let mut before = 0;
    let add = |all: &mut Vec<Stretch>, from: usize, to: usize, name: &str, anomalous: bool| {
        let (from_s, to_s) = (from as f64 / r.rate_hz, to as f64 / r.rate_hz);
        match all.last_mut().filter(|s| s.name == name && from_s <= s.to_s + 1e-9) {
            Some(last) => last.to_s = last.to_s.max(to_s),
            None => all.push(Stretch { from_s, to_s, name: name.to_owned(), anomalous }),
        }
    };
    for recording in &r.recordings {
        for w in &recording.windows {
            let name = match w.part {
                Part::Train => "train",
                Part::Calibrate => "calibrate",
                Part::Test => "test",
            };
            add(&mut parts, before + w.first_frame, before + w.first_frame + r.length, name, false);
        }
        let mut at = before;
        for (class, count) in recording.classes.range(0, recording.classes.len()) {
            let (name, anomalous) = set.classes.get(class).map_or(("", false), |c| (c.name.as_str(), c.anomalous));
            add(&mut classes, at, at + count, name, anomalous);
            at += count;
        }
        before += recording.frames();
    }
    (parts, classes)
}

/// Frequency and mean amplitude, of windows less their mean under Hann's window.
fn spectrum(path: &Path, set: &Dataset, r: &Recordings, channel: usize) -> Result<Vec<(f64, f64)>, PlotError> {
    let all = || r.recordings.iter().flat_map(|recording| recording.windows.iter().map(move |w| (recording, w)));
    let every = all().count().div_ceil(AVERAGED).max(1);
    let (mut power, mut count) = (vec![0.0f64; POINTS / 2], 0u32);
    let used = r.length.min(POINTS);
    for (recording, window) in all().step_by(every) {
        let held = r.held(recording, window, &set.classes).map_err(|e| PlotError::new(path, e.to_string()))?;
        let view = held.view();
        let values: Vec<f32> =
            view.frames().take(used).map(|f| f.get(channel).copied().map_or(0.0, f32::from)).collect();
        let mean = values.iter().sum::<f32>() / used.max(1) as f32;
        let mut points = [0.0f32; POINTS];
        for (i, (point, value)) in points.iter_mut().zip(&values).enumerate() {
            let hann = 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / used as f64).cos();
            *point = (value - mean) * hann as f32;
        }
        let bins = microfft::real::rfft_256(&mut points);
        // The first holds two real numbers, of which the second is that of half the rate.
        for (sum, bin) in power.iter_mut().zip(bins.iter()).skip(1) {
            *sum += f64::from(bin.re * bin.re + bin.im * bin.im);
        }
        count += 1;
    }
    let scale = r.scales.get(channel).copied().unwrap_or(1.0);
    // Of a sine wave, its amplitude.
    let unit = scale * 4.0 / used.max(1) as f64;
    let point =
        |(i, p): (usize, &f64)| (i as f64 * r.rate_hz / POINTS as f64, (p / f64::from(count.max(1))).sqrt() * unit);
    Ok(power.iter().enumerate().skip(1).map(point).collect())
}

/// Middle of each bar in units, and readings in it.
fn histogram(r: &Recordings, channel: usize) -> Vec<(f64, f64)> {
    let (Some(facts), Some(scale)) = (r.facts.get(channel), r.scales.get(channel)) else { return Vec::new() };
    let (Some(first), Some(last)) =
        (facts.counts.iter().position(|n| *n > 0), facts.counts.iter().rposition(|n| *n > 0))
    else {
        return Vec::new();
    };
    let width = (last - first + 1).div_ceil(BARS);
    let bars = facts.counts.get(first..=last).unwrap_or(&[]).chunks(width);
    let middle = |i: usize| ((first + i * width) as f64 + (width as f64 - 1.0) / 2.0 - 32768.0) * scale;
    bars.enumerate().map(|(i, bar)| (middle(i), bar.iter().map(|n| f64::from(*n)).sum())).collect()
}
