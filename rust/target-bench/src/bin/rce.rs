//! `hone_rce` in each of its forms, and the features of `hone_signal`.
#![no_std]
#![no_main]

#[path = "../rce_case.rs"]
mod rce_case;

use core::hint::black_box;

use hone_learn::{Settings, Workspace};
use hone_numeric::rng::Rng;
use hone_signal::{Faults, Micros, Shape, WindowView, features};
use hone_target_bench::{case, entry, exit, start};
use rce_case::{run, windows};

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
