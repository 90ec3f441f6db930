//! Training and inference of each learner, and the features, on this machine: `cargo bench -p hone-host`.
//!
//! The inputs are generated, as in the bare-metal programs of `rust/target-bench`, which count the same operations in
//! instructions.
#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hone_learn::{ClassId, Format, Progress, Settings, TrainingSet, Workspace};
use hone_numeric::rng::Rng;
use hone_signal::{Faults, Micros, WindowView, features};

/// Frames of an ESN's window.
const FRAMES: usize = 128;
const CHANNELS: usize = 3;
/// Features of a classifier's row, and how many classes they come from.
const FEATURES: usize = 48;
const CLASSES: usize = 4;
const ROWS: usize = 240;

fn noise(seed: u64, count: usize) -> Vec<i16> {
    let mut rng = Rng::new(seed);
    (0..count).map(|_| (rng.next_normal() * 500.0) as i16).collect()
}

fn window(samples: &[i16], channels: usize) -> WindowView<'_> {
    WindowView { samples, channels, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None }
}

/// Rows around one centre for each class, near enough to overlap.
fn rows() -> Vec<[f32; FEATURES]> {
    let mut rng = Rng::new(1);
    let centres: Vec<[f32; FEATURES]> = (0..CLASSES).map(|_| std::array::from_fn(|_| rng.next_normal())).collect();
    (0..ROWS).map(|i| centres[i % CLASSES].map(|c| 8.0 + c + 0.7 * rng.next_normal())).collect()
}

fn class(row: usize) -> ClassId {
    ClassId((row % CLASSES) as u16)
}

fn esn(criterion: &mut Criterion) {
    use hone_esn::{Model, Params, Scratch, Shape, Trainer, Wants, required};
    const UNITS: usize = 64;
    let params = Params { units: UNITS as u16, carry: true, ..Params::DEFAULT };
    let windows = (params.scale_windows + params.fit_windows + params.calibrate_windows) as usize;
    let checked = params
        .check(Shape { channels: CHANNELS as u16, window_frames: FRAMES as u16 })
        .expect("the defaults fit any shape");
    let samples = noise(2, windows * FRAMES * CHANNELS);
    let mut memory = vec![0u32; required(&checked) / 4];
    let mut model = Model::<UNITS, CHANNELS, 512>::new();
    let mut group = criterion.benchmark_group("esn");
    group.throughput(Throughput::Elements((windows * FRAMES) as u64)).sample_size(10);
    group.bench_function("train/64", |b| {
        b.iter(|| {
            let mut trainer = Trainer::new(checked);
            let mut windows = samples.chunks_exact(FRAMES * CHANNELS).cycle();
            loop {
                match trainer.wants() {
                    Wants::Nothing => break,
                    Wants::Work => drop(trainer.step(&mut memory, &mut model, u32::MAX).expect("enough memory")),
                    Wants::Window => {
                        let view = window(windows.next().expect("endless"), CHANNELS);
                        trainer.push(&mut memory, &mut model, &view).expect("noise is never constant");
                    }
                }
            }
        })
    });
    let (mut scratch, view) = (Scratch::<UNITS, CHANNELS>::new(), window(&samples[..FRAMES * CHANNELS], CHANNELS));
    group.throughput(Throughput::Elements(FRAMES as u64)).sample_size(100);
    group.bench_function("infer/64", |b| b.iter(|| model.infer(black_box(&view), &mut scratch)));
    group.finish();
}

fn svm(criterion: &mut Criterion) {
    use hone_svm::{KernelKind, Model, Params, Shape, Trainer, scratch_len};
    let rows = rows();
    let mut set = TrainingSet::<{ ROWS * FEATURES }, ROWS, FEATURES>::new();
    let mut edit = set.edit();
    edit.clear(Format::F32, FEATURES).expect("as many features as there is room for");
    for (i, row) in rows.iter().enumerate() {
        edit.push(row, Some(class(i))).expect("as many rows as there is room for");
    }
    let mut group = criterion.benchmark_group("svm");
    for (name, kernel) in [("linear", KernelKind::Linear), ("rbf", KernelKind::Rbf)] {
        let params = Params { kernel: Some(kernel), ..Params::default() };
        let checked = params.check(Shape { rows: ROWS, features: FEATURES }).expect("within every range");
        let (mut model, mut words) = (Box::new(Model::<32_768>::new()), vec![0; 65_536]);
        let mut scratch = [0.0; scratch_len(CLASSES, FEATURES)];
        group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
        group.bench_function(format!("train/{name}/{ROWS}x{FEATURES}"), |b| {
            b.iter(|| {
                let mut trainer = Trainer::new(checked);
                loop {
                    match trainer.step(set.view(), &mut words, model.edit(), 100_000).expect("enough memory") {
                        Progress::Running { .. } => {}
                        Progress::Done(report) => break report,
                    }
                }
            })
        });
        group.throughput(Throughput::Elements(1)).sample_size(100);
        group.bench_function(format!("infer/{name}/{FEATURES}"), |b| {
            b.iter(|| model.infer(black_box(&rows[0]), &mut scratch))
        });
    }
    group.finish();
}

fn rce(criterion: &mut Criterion) {
    use hone_rce::{Model, Params};
    const WORDS: usize = 11_000;
    let rows = rows();
    let mut group = criterion.benchmark_group("rce");
    for store in ["8-bit", "f32"] {
        let mut params = Params::default();
        params.set_text("store", store).expect("a store's name");
        let checked = params.check(FEATURES, WORDS).expect("room for many prototypes");
        let mut scratch = [0; FEATURES];
        let mut model = Box::new(Model::<WORDS>::new());
        let mut learn = |model: &mut Model<WORDS>| {
            model.begin(&checked).expect("checked");
            for (i, row) in rows.iter().enumerate() {
                model.learn(row, class(i), &mut scratch).expect("finite features");
            }
            model.prototypes()
        };
        let prototypes = learn(&mut model);
        group.throughput(Throughput::Elements(ROWS as u64)).sample_size(50);
        group.bench_function(format!("learn/{store}/{ROWS}x{FEATURES}"), |b| b.iter(|| learn(&mut model)));
        group.throughput(Throughput::Elements(1)).sample_size(100);
        group.bench_function(format!("infer/{store}/{prototypes}x{FEATURES}"), |b| {
            b.iter(|| model.infer(black_box(&rows[0]), &mut scratch))
        });
    }
    group.finish();
}

fn extraction(criterion: &mut Criterion) {
    let samples = noise(3, 256 * CHANNELS);
    let view = window(&samples, CHANNELS);
    let mut group = criterion.benchmark_group("features");
    group.throughput(Throughput::Elements(256));
    for name in ["log-spectrum", "time", "random-convolution"] {
        let mut params = features::Params::default();
        params.set_text("features", name).expect("a family's name");
        let extractor = params.check(hone_signal::Shape { channels: CHANNELS, frames: 256 }).expect("a usual shape");
        let (mut memory, mut out) = ([0u32; 1024], [0.0; 1024]);
        group.bench_function(format!("{name}/256x{CHANNELS}"), |b| {
            b.iter(|| extractor.extract(black_box(&view), Workspace::new(&mut memory), &mut out))
        });
    }
    group.finish();
}

criterion_group!(benches, esn, svm, rce, extraction);
criterion_main!(benches);
