//! Features and TinyRCE: generated windows, their features of every kind, and a model that learnt them.
//!
//! Window i (from 1) is of class i mod 3; frame t, channel c: a triangle wave of period 256 and range ±256 at phase
//! (32·i + t)·(7 + 9·class + 2·c), times 4, plus noise: `below(400) - 200` from the generator seeded with i, in order
//! of frame and channel.

use hone_learn::{ClassId, Settings, Workspace};
use hone_numeric::rng::Rng;
use hone_rce::{Model, Params};
use hone_signal::{Faults, Micros, Sequence, Shape, WindowView, features};

use crate::{Emit, crc_bytes, crc_f32};

const CHANNELS: usize = 2;
const FRAMES: usize = 100;
const FEATURES: usize = 32;
/// Windows learnt; the room for prototypes is small, so that they are pruned.
const LEARNT: u32 = 150;

pub(crate) fn emit(emit: Emit<'_>) {
    for (key, settings) in [
        ("features/log-spectrum", &[("features", "log-spectrum"), ("bands", "16")][..]),
        ("features/time", &[("features", "time")]),
        ("features/random-convolution", &[("features", "random-convolution"), ("filters", "4")]),
        ("features/elm", &[("features", "random-convolution"), ("filters", "4"), ("elm-units", "24")]),
    ] {
        emit(key, describe(settings).unwrap_or(0));
    }
    for (key, settings) in [
        ("sequence/log-spectrum", &[("features", "log-spectrum"), ("bands", "4")][..]),
        ("sequence/time", &[("features", "time"), ("steps", "2")]),
    ] {
        emit(key, sequence(settings).unwrap_or(0));
    }
    for (key, settings) in [
        ("rce/8-bit/manhattan", &[][..]),
        ("rce/8-bit/euclidean", &[("metric", "euclidean"), ("relevance", "1.25")]),
        ("rce/8-bit/hamming", &[("metric", "hamming")]),
        ("rce/16-bit/manhattan", &[("store", "16-bit")]),
        ("rce/16-bit/euclidean", &[("store", "16-bit"), ("metric", "euclidean")]),
        ("rce/f32/manhattan", &[("store", "f32")]),
        ("rce/f32/euclidean", &[("store", "f32"), ("metric", "euclidean")]),
        ("rce/baseline", &[("algorithm", "rce")]),
        ("rce/aged", &[("algorithm", "rce-aged"), ("prototypes", "6")]),
    ] {
        emit(key, learn(settings).unwrap_or(0));
    }
}

fn extractor(settings: &[(&str, &str)]) -> Option<features::Extractor> {
    let mut params = features::Params::default();
    for (name, text) in settings {
        params.set_text(name, text).ok()?;
    }
    params.check(Shape { channels: CHANNELS, frames: FRAMES }).ok()
}

/// The checksum of a window as feature vectors, after eight windows that say what is usual.
fn sequence(settings: &[(&str, &str)]) -> Option<u32> {
    let mut params = features::Params::default();
    for (name, text) in [("steps", "4")].iter().chain(settings) {
        params.set_text(name, text).ok()?;
    }
    let shape = Shape { channels: CHANNELS, frames: FRAMES };
    let mut sequence = Sequence::<FEATURES, 3>::new(&params, shape).ok()??;
    let (mut memory, mut statistics, mut hops) = ([0u32; 512], [0.0; 2 * FEATURES], 0);
    for i in 1..=8 {
        if !sequence.measure(&view(&samples(i)), &mut memory, &mut statistics, &mut hops) {
            return None;
        }
    }
    sequence.settle(&statistics);
    let mut crc = crc_f32(&statistics);
    for frame in sequence.frames(&view(&samples(9)), &mut memory)?.frames() {
        let frame =
            frame.iter().fold(0u32, |sum, x| sum.wrapping_mul(65_599).wrapping_add(u32::from(x.cast_unsigned())));
        crc = crc.wrapping_mul(31).wrapping_add(frame);
    }
    Some(crc)
}

/// The checksum of three windows' features.
fn describe(settings: &[(&str, &str)]) -> Option<u32> {
    let extractor = extractor(settings)?;
    let (mut memory, mut out) = ([0u32; 512], [0.0; 3 * FEATURES]);
    let mut rest = &mut out[..];
    for i in 1..=3 {
        let n = extractor.extract(&view(&samples(i)), Workspace::new(&mut memory), rest).ok()?;
        rest = rest.get_mut(n..)?;
    }
    Some(crc_f32(&out))
}

/// The checksum of the model's bytes, then of what it says of later windows; the two added.
fn learn(settings: &[(&str, &str)]) -> Option<u32> {
    let extractor = extractor(&[("bands", "16")])?;
    let mut params = Params::default();
    for (name, text) in [("prototypes", "24")].iter().chain(settings) {
        params.set_text(name, text).ok()?;
    }
    let mut model = Model::<1200>::new();
    model.begin(&params.check(FEATURES, 1200).ok()?).ok()?;
    let (mut memory, mut scratch, mut row) = ([0u32; 512], [0u32; FEATURES], [0.0; FEATURES]);
    for i in 1..=LEARNT {
        extractor.extract(&view(&samples(i)), Workspace::new(&mut memory), &mut row).ok()?;
        model.learn(&row, ClassId((i % 3) as u16), &mut scratch).ok()?;
    }
    let mut bytes = [0u8; 6000];
    let crc = crc_bytes(postcard::to_slice(&model, &mut bytes).ok()?);
    let mut answers = [0.0; 3 * 16];
    for (i, answer) in (LEARNT + 1..).zip(answers.chunks_exact_mut(3)) {
        extractor.extract(&view(&samples(i)), Workspace::new(&mut memory), &mut row).ok()?;
        let a = model.infer(&row, &mut scratch).ok()?;
        answer.copy_from_slice(&[a.verdict.score, a.distance, f32::from(a.prototype?)]);
    }
    Some(crc.wrapping_add(crc_f32(&answers)))
}

fn view(samples: &[i16]) -> WindowView<'_> {
    WindowView { samples, channels: CHANNELS, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None }
}

fn samples(sequence: u32) -> [i16; FRAMES * CHANNELS] {
    let mut rng = Rng::new(u64::from(sequence));
    core::array::from_fn(|i| {
        let (t, c) = ((i / CHANNELS) as u32, (i % CHANNELS) as u32);
        let wave = triangle((32 * sequence + t) * (7 + 9 * (sequence % 3) + 2 * c));
        (wave * 4 + rng.below(400) as i32 - 200) as i16
    })
}

fn triangle(phase: u32) -> i32 {
    let p = (phase % 256) as i32;
    if p < 128 { p * 4 - 256 } else { 768 - p * 4 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_computation_succeeds_and_no_two_are_alike() {
        let mut seen = [0; 32];
        let mut n = 0;
        super::emit(&mut |key, number| {
            assert!(number != 0 && !seen[..n].contains(&number), "{key}");
            seen[n] = number;
            n += 1;
        });
        assert_eq!(n, 15);
    }
}
