//! Readings become samples as on the device, and what is known of them is counted on the way.

use super::shared::Prints;
use crate::dataset::file::array::Number;
use crate::dataset::runs::Runs;
use crate::dataset::store::Store;
use hone_engine::data::config::DeviceParams;
use hone_signal::{Faults, Sample};
use std::io;

/// Frames whose least and greatest reading are kept.
pub const RANGE_FRAMES: usize = 256;

/// What a channel's readings are, over all recordings.
#[derive(Clone, Debug)]
pub struct ChannelFacts {
    /// Readings.
    pub readings: u64,
    /// Those that are not a number.
    pub not_a_number: u64,
    /// Those at or beyond the end of the range.
    pub saturated: u64,
    /// The least and the greatest reading, in units; infinite where there is none.
    pub range: (f64, f64),
    /// How often each sample occurs, from the least sample on.
    pub counts: Vec<u32>,
}

impl ChannelFacts {
    pub(super) fn new() -> Self {
        let range = (f64::INFINITY, f64::NEG_INFINITY);
        Self { readings: 0, not_a_number: 0, saturated: 0, range, counts: vec![0; 1 << 16] }
    }

    /// Different samples that occur.
    pub fn used(&self) -> usize {
        self.counts.iter().filter(|n| **n > 0).count()
    }
}

/// How a file's numbers become samples.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Numbers of the file per LSB.
    pub per_lsb: f64,
    /// Units per number of the file.
    pub unit: f64,
}

/// One unbroken stream of frames before it is cut.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    pub name: String,
    /// Its first sample in the store.
    pub start: u64,
    pub faults: Runs<Faults>,
    /// Class, label and group of each unit: each window of a file of windows, else each frame.
    pub marks: Runs<Mark>,
    /// Whether units are windows.
    pub windowed: bool,
    /// Least and greatest reading in units of each channel, of every `RANGE_FRAMES` frames.
    pub ranges: Vec<(f64, f64)>,
    /// What tells it from others.
    pub prints: Prints,
    /// Whether any frame differs from the one before.
    pub moves: bool,
    /// Frames behind gaps, and how many are missing before each in all.
    pub missing: Vec<(usize, usize)>,
    /// When it begins, in seconds of a clock that all files share.
    pub begins: Option<f64>,
}

impl Stream {
    /// Frames that are missing before this one.
    pub fn missing_before(&self, frame: usize) -> usize {
        let behind = self.missing.partition_point(|(at, _)| *at <= frame);
        behind.checked_sub(1).and_then(|last| self.missing.get(last)).map_or(0, |(_, count)| *count)
    }
}

/// What a frame or window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub class: usize,
    pub label: Option<i64>,
    pub group: Option<i64>,
}

/// Takes frames.
pub struct Sink<'s> {
    store: &'s mut Store,
    facts: &'s mut [ChannelFacts],
    /// For integers and for real numbers.
    scales: Vec<(Scale, Scale)>,
    frame: Vec<Sample>,
    previous: Vec<Sample>,
    repeats: u32,
    stream: Stream,
}

impl<'s> Sink<'s> {
    /// Begins a stream.
    pub fn new(
        store: &'s mut Store,
        facts: &'s mut [ChannelFacts],
        scales: Vec<(Scale, Scale)>,
        name: String,
        windowed: bool,
    ) -> Self {
        let stream = Stream { name, windowed, start: store.len(), ..Stream::default() };
        Self { store, facts, frame: vec![0; scales.len()], previous: Vec::new(), scales, repeats: 0, stream }
    }

    /// Notes that so many frames are missing before the next one, to the nearest.
    pub fn missing(&mut self, frames: f64) {
        let before = self.stream.missing.last().map_or(0, |(_, count)| *count);
        // A float becomes the nearest whole number that there is: nothing where times step back.
        self.stream.missing.push((self.stream.faults.len(), before.saturating_add(frames.round() as usize)));
    }

    /// Takes a frame of one number for each channel.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn frame(&mut self, numbers: impl Iterator<Item = Number>, mut faults: Faults) -> io::Result<()> {
        let channels = self.scales.len();
        let stream = &mut self.stream;
        if stream.faults.len().is_multiple_of(RANGE_FRAMES) {
            stream.ranges.resize(stream.ranges.len() + channels, (f64::INFINITY, f64::NEG_INFINITY));
        }
        let block = stream.ranges.len() - channels;
        let ranges = stream.ranges.get_mut(block..).unwrap_or(&mut []);
        let channel = self.scales.iter().zip(self.facts.iter_mut()).zip(&mut self.frame).zip(ranges);
        for ((((scales, facts), sample), range), number) in channel.zip(numbers) {
            let (value, scale) = match number {
                Number::Whole(v) => (v as f64, scales.0),
                Number::Real(v) => (v, scales.1),
            };
            let fault;
            (*sample, fault) = quantise(value, scale.per_lsb, *sample);
            faults = faults.with(fault);
            facts.readings += 1;
            if value.is_nan() {
                facts.not_a_number += 1;
                continue;
            }
            let units = value * scale.unit;
            if units.is_finite() {
                facts.range = (facts.range.0.min(units), facts.range.1.max(units));
                *range = (range.0.min(units), range.1.max(units));
            }
            facts.saturated += u64::from(fault.any(Faults::SATURATED));
            if let Some(count) = facts.counts.get_mut((i32::from(*sample) - i32::from(Sample::MIN)) as usize) {
                *count = count.saturating_add(1);
            }
        }
        // The device counts equal frames, and from so many on takes the sensor to be stuck.
        let repeated = self.frame == self.previous;
        if repeated {
            self.repeats = self.repeats.saturating_add(1);
        } else {
            stream.moves |= !self.previous.is_empty();
            self.repeats = 0;
            self.previous.clone_from(&self.frame);
        }
        if self.repeats >= DeviceParams::DEFAULT.stuck_frames {
            faults = faults.with(Faults::STUCK);
        }
        let hash = self.frame.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, sample| {
            (hash ^ u64::from(*sample as u16)).wrapping_mul(0x0100_0000_01b3).rotate_left(5)
        });
        stream.prints.frame(hash, !repeated);
        stream.faults.push(faults);
        self.store.push(&self.frame)
    }

    /// The last frame.
    pub fn last(&self) -> &[Sample] {
        &self.frame
    }

    /// Says what the last frame or window is.
    pub fn mark(&mut self, mark: Mark) {
        self.stream.marks.push(mark);
    }

    /// Samples of all streams so far.
    pub fn len(&self) -> u64 {
        self.store.len()
    }

    /// The stream.
    pub fn end(self) -> Stream {
        self.stream
    }
}

/// Quantises one reading as the device does: in 64-bit arithmetic, to the nearest LSB, halves away from zero.
fn quantise(value: f64, per_lsb: f64, last: Sample) -> (Sample, Faults) {
    if value.is_nan() {
        return (last, Faults::NOT_A_NUMBER);
    }
    let lsb = (value / per_lsb).round();
    if lsb <= f64::from(Sample::MIN) {
        (Sample::MIN, Faults::SATURATED)
    } else if lsb >= f64::from(Sample::MAX) {
        (Sample::MAX, Faults::SATURATED)
    } else {
        (lsb as Sample, Faults::NONE)
    }
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
        assert_eq!(quantise(-5.0, 1.0, 0), (-5, Faults::NONE));
        assert_eq!(quantise(9e18, 1.0, 0), (i16::MAX, Faults::SATURATED));
    }

    #[test]
    fn equal_frames_are_stuck_as_on_the_device() {
        let (mut store, mut facts) = (Store::default(), vec![ChannelFacts::new()]);
        let scale = Scale { per_lsb: 1.0, unit: 0.5 };
        let mut sink = Sink::new(&mut store, &mut facts, vec![(scale, scale)], "x".into(), false);
        for i in 0..300i64 {
            sink.frame([Number::Whole(i.min(50))].into_iter(), Faults::NONE).unwrap();
        }
        let stream = sink.end();
        let first = (0..300).find(|i| stream.faults.get(*i) == Some(Faults::STUCK));
        // The hundredth repetition of frame 50.
        assert_eq!(first, Some(150));
        assert_eq!((facts[0].range, facts[0].used()), ((0.0, 25.0), 51));
    }
}
