//! The ESN: a whole training on generated vibration, and the bytes of the model that it gives.
//!
//! Window i (from 1), frame t, channel c: a triangle wave of period 256 and range ±256 at phase (64·i + t)·3·(5 + c),
//! half of another at phase (64·i + t)·(11 + 2·c), the sum times 900/256 (truncated), plus noise: `below(200) - 100`
//! from the generator seeded with i, in order of frame and channel.

use hone_esn::{Model, Output, Params, Readout, Scratch, Shape, Target, Trainer, Wants, required};
use hone_numeric::rng::Rng;
use hone_signal::{Faults, Micros, WindowView};

use crate::{Emit, crc_bytes, crc_f32};

const CHANNELS: usize = 3;
const FRAMES: usize = 64;

pub(crate) fn emit(emit: Emit<'_>) {
    emit("esn/lanes", hone_numeric::lanes::checksum());
    let p = Params {
        units: 32,
        density: 0.1,
        spectral_radius: 0.9,
        leak: 1.0,
        input_scale: 0.3,
        seed: 11,
        ridge: 1e-4,
        washout: 8,
        carry: false,
        scale_windows: 3,
        fit_windows: 6,
        calibrate_windows: 8,
        average: 3,
        k: 2.0,
        ..Params::DEFAULT
    };
    train("esn/predict", p, emit);
    let everything = Params {
        leak: 0.7,
        feedback: 0.1,
        output: Output::Tanh,
        readout: Readout::InputStateOutput,
        target: Target::Reconstruct,
        carry: true,
        remove_mean: false,
        ..p
    };
    train("esn/everything", everything, emit);
}

/// Emits the checksum of the model's bytes and of what it says of later windows; 0 when something fails.
fn train(key: &str, params: Params, emit: Emit<'_>) {
    let mut memory = [0u32; 2048];
    let mut model = Model::<32, CHANNELS, 96>::new();
    let mut bytes = [0u8; 1024];
    let crc = (|| {
        let checked = params.check(Shape { channels: CHANNELS as u16, window_frames: FRAMES as u16 }).ok()?;
        let memory = memory.get_mut(..required(&checked) / 4)?;
        let mut trainer = Trainer::new(checked);
        let mut sequence = 0;
        loop {
            match trainer.wants() {
                Wants::Work => trainer.step(memory, &mut model, 5000).ok()?,
                Wants::Window => {
                    sequence += 1;
                    trainer.push(memory, &mut model, &view(&samples(sequence), sequence)).ok()?
                }
                Wants::Nothing => break,
            };
        }
        postcard::to_slice(&model, &mut bytes).ok().map(|b| crc_bytes(b))
    })();
    emit(key, crc.unwrap_or(0));
    let mut scratch = Scratch::new();
    let scores: [f32; 8] = core::array::from_fn(|i| {
        let sequence = 100 + i as u32;
        model.infer(&view(&samples(sequence), sequence), &mut scratch).score
    });
    emit(key, crc_f32(&scores));
}

fn view(samples: &[i16], sequence: u32) -> WindowView<'_> {
    WindowView { samples, channels: CHANNELS, time: Micros(0), sequence, faults: Faults::NONE, label: None }
}

fn samples(sequence: u32) -> [i16; FRAMES * CHANNELS] {
    let mut rng = Rng::new(u64::from(sequence));
    core::array::from_fn(|i| {
        let (frame, c) = (sequence * FRAMES as u32 + (i / CHANNELS) as u32, (i % CHANNELS) as u32);
        let wave = triangle(frame * (5 + c) * 3) + triangle(frame * (11 + 2 * c)) / 2;
        (wave * 900 / 256 + rng.below(200) as i32 - 100) as i16
    })
}

fn triangle(phase: u32) -> i32 {
    let p = (phase % 256) as i32;
    if p < 128 { p * 4 - 256 } else { 768 - p * 4 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_model_is_the_known_one() {
        // From tests/vectors/esn_model.txt, which the target must give too.
        let mut lines = include_str!("../../../tests/vectors/esn_model.txt").lines().filter(|l| !l.starts_with('#'));
        super::emit(&mut |key, number| {
            let line = lines.next().unwrap_or_default();
            let (name, hex) = line.split_once(' ').unwrap();
            assert_eq!((name, u32::from_str_radix(hex, 16)), (key, Ok(number)), "{number:08x}");
            assert_ne!(number, 0);
        });
        assert_eq!(lines.next(), None);
    }
}
