//! The ESN: one sample in training and in inference, and the parts of a training that are not per sample.

use core::hint::black_box;

use hone_esn::{Model, Params, Phase, Scratch, Shape, Trainer, Wants, required};
use hone_numeric::rng::Rng;
use hone_signal::{Faults, Micros, WindowView};
use hone_target_bench::{case, exit};

const FRAMES: usize = 128;
const CHANNELS: usize = 3;

/// Noise, frame by frame: counts do not depend on the values.
fn window(sequence: u32, samples: &mut [i16; FRAMES * CHANNELS]) -> WindowView<'_> {
    let mut rng = Rng::new(u64::from(sequence));
    for s in samples.iter_mut() {
        *s = (rng.below(4000) as i32 - 2000) as i16;
    }
    WindowView { samples, channels: CHANNELS, time: Micros(0), sequence, faults: Faults::NONE, label: None }
}

const NAMES: [&str; 7] = [
    "esn/prepare",
    "esn/scale/sample",
    "esn/train/sample",
    "esn/solve",
    "esn/calibrate/sample",
    "esn/threshold",
    "esn/infer/sample",
];

/// Trains and infers with N units of E connections.
pub fn run<const N: usize, const E: usize>() {
    let [prepare, scale, fit, solve, calibrate, threshold, infer] = NAMES;
    let size = N as u32;
    let params = Params {
        units: N as u16,
        carry: true,
        scale_windows: 4,
        fit_windows: 8,
        calibrate_windows: 40,
        ..Params::DEFAULT
    };
    let Ok(checked) = params.check(Shape { channels: CHANNELS as u16, window_frames: FRAMES as u16 }) else {
        exit(false)
    };
    let mut memory = [0u32; 16384];
    let Some(workspace) = memory.get_mut(..required(&checked) / 4) else { exit(false) };
    let bytes = workspace.len() * 4;
    let mut model = Model::<N, CHANNELS, E>::new();
    let model_bytes = size_of_val(&model);
    let mut trainer = Trainer::new(checked);
    let mut samples = [0; FRAMES * CHANNELS];
    let mut sequence = 0;
    let mut measured = None;
    loop {
        let phase = trainer.phase();
        let fresh = measured != Some(phase);
        match trainer.wants() {
            Wants::Nothing => break,
            Wants::Work => {
                let name = match phase {
                    Phase::Prepare => prepare,
                    Phase::Solve => solve,
                    _ => threshold,
                };
                let work = || trainer.step(black_box(workspace), &mut model, u32::MAX);
                if case(name, size).workspace(bytes).run(work).is_err() {
                    exit(false)
                }
            }
            Wants::Window => {
                sequence += 1;
                let view = window(sequence, &mut samples);
                let result = if fresh && (phase != Phase::Fit || sequence > 5) {
                    let name = match phase {
                        Phase::Scale => scale,
                        Phase::Fit => fit,
                        _ => calibrate,
                    };
                    measured = Some(phase);
                    case(name, size)
                        .units(FRAMES as u32)
                        .workspace(bytes)
                        .run(|| trainer.push(workspace, &mut model, black_box(&view)))
                } else {
                    trainer.push(workspace, &mut model, &view)
                };
                if result.is_err() {
                    exit(false)
                }
            }
        }
    }
    let mut scratch = Scratch::<N, CHANNELS>::new();
    sequence += 1;
    model.infer(&window(sequence, &mut samples), &mut scratch);
    sequence += 1;
    let view = window(sequence, &mut samples);
    case(infer, size).units(FRAMES as u32).model(model_bytes).run(|| model.infer(black_box(&view), &mut scratch));
}
