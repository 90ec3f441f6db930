//! Inference in integers against inference in floating point, on the same windows and rows. Meant for a core without
//! floating point (`cargo xtask bench --core cortex-m3 integer`).
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_esn::{
    IntegerModel, IntegerScratch, Model, Params, Quantization, Scratch, Shape, Trainer, Wants, Weight, required,
};
use hone_learn::Decision;
use hone_numeric::compress::Fixed;
use hone_numeric::rng::Rng;
use hone_signal::{Faults, Micros, WindowView};
use hone_target_bench::{case, entry, exit, start};

const FRAMES: usize = 128;
const CHANNELS: usize = 3;
const UNITS: usize = 64;
const WEIGHTS: usize = 384;

type Samples = [i16; FRAMES * CHANNELS];

/// Noise about a slow wave: something that can be predicted in part.
fn samples(sequence: u32) -> Samples {
    let mut rng = Rng::new(u64::from(sequence));
    core::array::from_fn(|i| {
        let phase = (sequence as i32 * FRAMES as i32 + (i / CHANNELS) as i32) * 5 % 64;
        ((phase - 32).abs() * 60 - 960 + rng.below(1000) as i32 - 500) as i16
    })
}

fn view(samples: &Samples, sequence: u32) -> WindowView<'_> {
    WindowView { samples, channels: CHANNELS, time: Micros(0), sequence, faults: Faults::NONE, label: None }
}

fn train() -> Model<UNITS, CHANNELS, WEIGHTS> {
    let params = Params { scale_windows: 4, fit_windows: 8, calibrate_windows: 16, ..Params::DEFAULT };
    let shape = Shape { channels: CHANNELS as u16, window_frames: FRAMES as u16 };
    let Ok(checked) = params.check(shape) else { exit(false) };
    let mut memory = [0u32; 16384];
    let Some(workspace) = memory.get_mut(..required(&checked) / 4) else { exit(false) };
    let (mut model, mut trainer, mut sequence) = (Model::new(), Trainer::new(checked), 0);
    loop {
        let result = match trainer.wants() {
            Wants::Nothing => return model,
            Wants::Work => trainer.step(workspace, &mut model, u32::MAX),
            Wants::Window => {
                sequence += 1;
                trainer.push(workspace, &mut model, &view(&samples(sequence), sequence))
            }
        };
        if result.is_err() {
            exit(false)
        }
    }
}

/// One window in integers; its error must be near that in floating point.
fn integer<W: Weight>(
    name: &'static str,
    model: &Model<UNITS, CHANNELS, WEIGHTS>,
    quantization: Quantization,
    exact: f32,
    bound: f32,
) {
    let mut integer = IntegerModel::<W, UNITS, CHANNELS, WEIGHTS>::new();
    if integer.quantize(model, quantization).is_err() {
        exit(false)
    }
    let mut scratch = IntegerScratch::new();
    let window = samples(100);
    let window = view(&window, 100);
    let outcome = case(name, UNITS as u32)
        .units(FRAMES as u32)
        .model(size_of_val(&integer))
        .run(|| integer.examine(black_box(&window), black_box(&mut scratch)));
    let Some(errors) = outcome.errors else { exit(false) };
    if !((errors.to_errors().mse / exact - 1.0).abs() < bound) || outcome.decision == Decision::Unknown {
        exit(false)
    }
}

#[entry]
fn main() -> ! {
    start();
    let model = train();
    let window = samples(100);
    let window = view(&window, 100);
    let mut scratch = Scratch::new();
    let outcome = case("esn/infer/f32", UNITS as u32)
        .units(FRAMES as u32)
        .model(size_of_val(&model))
        .run(|| model.examine(black_box(&window), black_box(&mut scratch)));
    let Some(errors) = outcome.errors else { exit(false) };
    integer::<i8>("esn/infer/8-bit", &model, Quantization::Int8, errors.mse, 0.05);
    let Some(fixed) = Fixed::q(3, 12) else { exit(false) };
    integer::<i16>("esn/infer/q3.12", &model, Quantization::Fixed(fixed), errors.mse, 0.01);
    exit(true)
}
