//! Learning and inference of `hone_rce` on generated windows of 48 features in ten overlapping classes, from an empty
//! model to 200 prototypes, as many windows as cwru-10 has to train with, everything included; and the features of `hone_signal`.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_learn::{ClassId, Decision, Settings, Workspace};
use hone_numeric::rng::Rng;
use hone_rce::{Model, Params};
use hone_signal::{Faults, Micros, Shape, WindowView, features};
use hone_target_bench::{case, entry, exit, start};

const FEATURES: usize = 48;
const WINDOWS: usize = 2808;
const CLASSES: usize = 10;

type Windows = [[f32; FEATURES]; WINDOWS];

fn windows() -> Windows {
    let mut rng = Rng::new(1);
    let centres: [[f32; FEATURES]; CLASSES] = core::array::from_fn(|_| core::array::from_fn(|_| rng.next_normal()));
    core::array::from_fn(|i| centres[i % CLASSES].map(|c| 8.0 + c + 0.7 * rng.next_normal()))
}

/// Learns all windows; the prototypes visited, and whether the model is good.
fn learn<const WORDS: usize>(model: &mut Model<WORDS>, windows: &Windows) -> u64 {
    let mut scratch = [0; FEATURES];
    for (i, x) in windows.iter().enumerate() {
        if model.learn(x, ClassId((i % CLASSES) as u16), &mut scratch).is_err() {
            exit(false);
        }
    }
    model.statistics().visited
}

/// Windows decided rightly.
fn infer<const WORDS: usize>(model: &Model<WORDS>, windows: &[[f32; FEATURES]]) -> usize {
    let mut scratch = [0; FEATURES];
    let right = windows.iter().enumerate().filter(|(i, x)| {
        let decision = model.infer(*x, &mut scratch).map(|a| a.verdict.decision);
        decision == Ok(Decision::Class(ClassId((i % CLASSES) as u16)))
    });
    right.count()
}

fn run<const WORDS: usize>(names: [&'static str; 2], settings: &[(&str, &str)], windows: &Windows) {
    let mut params = Params::default();
    for (name, text) in settings.iter().chain(&[("fallback", "on")]) {
        if params.set_text(name, text).is_err() {
            exit(false);
        }
    }
    let Ok(checked) = params.check(FEATURES, WORDS) else { exit(false) };
    let mut model = Model::<WORDS>::new();
    if model.begin(&checked).is_err() {
        exit(false);
    }
    let mut rehearsal = model.clone();
    let visited = learn(&mut rehearsal, windows);
    // The size is the prototypes visited: count / (size * FEATURES) is the cost per feature and prototype.
    case(names[0], visited as u32)
        .units((visited * FEATURES as u64) as u32)
        .workspace(FEATURES * 4)
        .model(size_of_val(&model))
        .run(|| learn(&mut model, black_box(windows)));
    let some = &windows[..100];
    let visited = (some.len() * model.prototypes()) as u32;
    let right = case(names[1], visited)
        .units(visited * FEATURES as u32)
        .workspace(FEATURES * 4)
        .model(size_of_val(&model))
        .run(|| infer(&model, black_box(some)));
    if right < 95 {
        exit(false);
    }
}

fn extract<const C: usize>(name: &'static str, params: features::Params, frames: usize) {
    let mut rng = Rng::new(2);
    let samples: [i16; 2048] = core::array::from_fn(|_| (rng.next_normal() * 500.0) as i16);
    let Some(samples) = samples.get(..C * frames) else { exit(false) };
    let Ok(extractor) = params.check(Shape { channels: C, frames }) else { exit(false) };
    let window = WindowView { samples, channels: C, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
    let (mut memory, mut out) = ([0u32; 1024], [0.0; 1024]);
    let done = case(name, (C * frames) as u32)
        .units((C * frames) as u32)
        .workspace(extractor.required())
        .run(|| extractor.extract(black_box(&window), Workspace::new(&mut memory), &mut out));
    if done.is_err() {
        exit(false);
    }
}

fn set(settings: &[(&str, &str)]) -> features::Params {
    let mut params = features::Params::default();
    for (name, text) in settings {
        if params.set_text(name, text).is_err() {
            exit(false);
        }
    }
    params
}

#[entry]
fn main() -> ! {
    let windows = windows();
    start();
    run::<3600>(["rce/learn/8-bit/manhattan", "rce/infer/8-bit/manhattan"], &[], &windows);
    run::<11000>(
        ["rce/learn/f32/euclidean", "rce/infer/f32/euclidean"],
        &[("store", "f32"), ("metric", "euclidean")],
        &windows,
    );
    run::<11000>(["rce/learn/f32/manhattan", "rce/infer/f32/manhattan"], &[("store", "f32")], &windows);
    run::<3600>(["rce/learn/8-bit/euclidean", "rce/infer/8-bit/euclidean"], &[("metric", "euclidean")], &windows);
    run::<6500>(["rce/learn/16-bit/manhattan", "rce/infer/16-bit/manhattan"], &[("store", "16-bit")], &windows);
    run::<3600>(["rce/learn/8-bit/hamming", "rce/infer/8-bit/hamming"], &[("metric", "hamming")], &windows);
    extract::<3>("features/log-spectrum", set(&[]), 256);
    extract::<2>("features/log-spectrum", set(&[]), 200);
    extract::<6>("features/time+log-spectrum", features::Params::activity(), 128);
    extract::<3>("features/time", set(&[("features", "time")]), 256);
    extract::<3>("features/random-convolution", set(&[("features", "random-convolution")]), 256);
    extract::<3>("features/convolution+elm", set(&[("features", "random-convolution"), ("elm-units", "64")]), 256);
    exit(true)
}
