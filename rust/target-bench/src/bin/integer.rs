//! Inference in integers against inference in floating point, on the same windows and rows. Meant for a core without
//! floating point (`cargo xtask bench --core cortex-m3 integer`).
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_esn::{
    IntegerModel, IntegerScratch, Model, Params, Quantization, Scratch, Shape, Trainer, Wants, Weight, required,
};
use hone_learn::{ClassId, Decision, Format, Progress, Settings, TrainingSet};
use hone_numeric::quantize::Fixed;
use hone_numeric::quantize::Precision;
use hone_numeric::quantize::features::FeatureRow;
use hone_numeric::rng::Rng;
use hone_signal::{Faults, Micros, WindowView};
use hone_svm::KernelKind;
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
    let near = (errors.to_errors().mse / exact - 1.0).abs() < bound;
    if !near || outcome.decision == Decision::Unknown {
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
    let names =
        ["svm/infer/linear/f32", "svm/infer/linear/8-bit", "svm/infer/linear/8-bit/row", "svm/infer/linear/q3.12"];
    svm(KernelKind::Linear, 2, names);
    let names = ["svm/infer/rbf/f32", "svm/infer/rbf/8-bit", "svm/infer/rbf/8-bit/row", "svm/infer/rbf/q3.12"];
    svm(KernelKind::Rbf, 2, names);
    let names = ["svm/infer/rbf-4/f32", "svm/infer/rbf-4/8-bit", "svm/infer/rbf-4/8-bit/row", "svm/infer/rbf-4/q3.12"];
    svm(KernelKind::Rbf, 4, names);
    rce();
    exit(true)
}

const FEATURES: usize = 24;
const ROWS: usize = 80;

/// Integer features of overlapping classes.
fn row(rng: &mut Rng, class: u16) -> [i16; FEATURES] {
    core::array::from_fn(|j| ((rng.next_normal() + f32::from((class * 5 + j as u16) % 3)) * 200.0) as i16)
}

/// One row by an SVM, in floating point and in integers. Names: floating point, 8 bits, 8 bits of a row of `f32`, Q(3,12).
#[inline(never)]
fn svm(kernel: KernelKind, classes: u16, names: [&'static str; 4]) {
    let mut rng = Rng::new(1);
    let mut set = TrainingSet::<{ ROWS * FEATURES }, ROWS, FEATURES>::new();
    let mut edit = set.edit();
    if edit.clear(Format::I8, FEATURES).is_err() {
        exit(false)
    }
    for i in 0..ROWS as u16 {
        let class = i % classes;
        if edit.push(&row(&mut rng, class).map(f32::from), Some(ClassId(class))).is_err() {
            exit(false)
        }
    }
    let shape = hone_svm::Shape { rows: ROWS, features: FEATURES };
    let Ok(checked) = (hone_svm::Params { kernel: Some(kernel), ..hone_svm::Params::default() }).check(shape) else {
        exit(false)
    };
    let (mut trainer, mut model) = (hone_svm::Trainer::new(checked), hone_svm::Model::<4096>::new());
    let mut words = [0u32; 16384];
    loop {
        match trainer.step(set.view(), &mut words, model.edit(), 1_000_000) {
            Ok(Progress::Running { .. }) => {}
            Ok(Progress::Done(_)) => break,
            Err(_) => exit(false),
        }
    }
    let mut scratch = [0.0; hone_svm::scratch_len(4, FEATURES)];
    let x = row(&mut rng, 0);
    let vectors = model.view().vectors() as u32;
    let exact = case(names[0], vectors)
        .model(model.view().used() * 4)
        .run(|| model.infer(&black_box(&x).map(f32::from), &mut scratch));
    let mut integer = hone_svm::Model::<4096>::new();
    for (precision, name) in [(Precision::Int8, names[1]), (q(3, 12), names[3])] {
        if integer.edit().quantize(model.view(), precision).is_err() {
            exit(false)
        }
        let (view, size) = (integer.view(), integer.view().used() * 4);
        let close = case(name, vectors)
            .model(size)
            .run(|| view.infer_row(&FeatureRow::FixedPoint(black_box(&x), 0), &mut scratch));
        if exact.decision != close.decision {
            exit(false)
        }
        if precision == Precision::Int8 {
            let real = x.map(f32::from);
            let close = case(names[2], vectors).model(size).run(|| integer.infer(black_box(&real), &mut scratch));
            if exact.decision != close.decision {
                exit(false)
            }
        }
    }
}

fn q(whole: u8, fraction: u8) -> Precision {
    let Some(fixed) = Fixed::q(whole, fraction) else { exit(false) };
    Precision::Fixed(fixed)
}

/// A model of three classes.
fn prototypes<const WORDS: usize>(store: &str) -> hone_rce::Model<WORDS> {
    let mut params = hone_rce::Params::default();
    if params.set_text("fallback", "on").is_err() || params.set_text("store", store).is_err() {
        exit(false)
    }
    let Ok(checked) = params.check(FEATURES, WORDS) else { exit(false) };
    let mut model = hone_rce::Model::new();
    if model.begin(&checked).is_err() {
        exit(false)
    }
    let (mut rng, mut scratch) = (Rng::new(2), [0; FEATURES]);
    for i in 0..400 {
        if model.learn(&row(&mut rng, i % 3).map(f32::from), ClassId(i % 3), &mut scratch).is_err() {
            exit(false)
        }
    }
    model
}

/// One row by prototypes: in floating point, as 8 bits coded in floating point, and in integers throughout.
#[inline(never)]
fn rce() {
    let x = row(&mut Rng::new(3), 1);
    let mut scratch = [0; FEATURES];
    let wide = prototypes::<6500>("f32");
    let first = case("rce/infer/f32", wide.prototypes() as u32)
        .model(size_of_val(&wide))
        .run(|| wide.infer(&black_box(&x).map(f32::from), &mut scratch).map(|a| a.verdict.decision));
    let model = prototypes::<4000>("8-bit");
    let size = model.prototypes() as u32;
    let exact = case("rce/infer/8-bit", size)
        .model(size_of_val(&model))
        .run(|| model.infer(&black_box(&x).map(f32::from), &mut scratch).map(|a| a.verdict.decision));
    let (mut words, mut room) = ([0; 4000], [0.0; FEATURES]);
    let mut quantized = hone_rce::QuantizedModel::<4000>::new();
    let real = x.map(f32::from);
    let whole = ["rce/infer/8-bit/integer", "rce/infer/q3.12/integer"];
    for (precision, name) in [(Precision::Int8, whole[0]), (q(3, 12), whole[1])] {
        if model.quantize(precision, &mut words).is_err() || quantized.take(&words).is_err() {
            exit(false)
        }
        let close = case(name, size)
            .model(quantized.used() * 4)
            .run(|| quantized.infer(&FeatureRow::FixedPoint(black_box(&x), 0), &mut room).map(|a| a.verdict.decision));
        if first.is_err() || exact.ok() != close {
            exit(false)
        }
    }
    let close = case("rce/infer/q3.12/integer/row", size)
        .model(quantized.used() * 4)
        .run(|| quantized.infer(&FeatureRow::Float(black_box(&real)), &mut room).map(|a| a.verdict.decision));
    if exact.ok() != close {
        exit(false)
    }
}
