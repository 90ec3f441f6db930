//! `hone_net`: inference, and training by batches of 32, in 8 bits and in `f32`, on generated rows.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_learn::{ClassId, Format, Progress, TrainingSet};
use hone_net::{Extent, Model, Network, Numbers, Params, Shape, Trainer, required};
use hone_numeric::rng::Rng;
use hone_target_bench::{case, entry, exit, start};

const BATCH: usize = 32;
const ROWS: usize = 2 * BATCH;
const CLASSES: usize = 10;

/// The names of the inference and of the training, the network, its input, and what is not as by default.
struct Task {
    names: [&'static str; 2],
    network: &'static str,
    input: Extent,
    numbers: Numbers,
    rows_updated: f32,
}

/// Ten classes whose features have means of their own.
fn row<const WIDTH: usize>(rng: &mut Rng, class: usize) -> [f32; WIDTH] {
    core::array::from_fn(|j| rng.next_normal() + if (j * 7 + class * 3) % 10 < 3 { 1.0 } else { 0.0 })
}

/// One inference, and the second batch of a training that has just begun: forward, backward and update of all samples, the
/// calls of `step` included.
#[inline(never)]
fn run<const WIDTH: usize, const WORDS: usize>(task: &Task) {
    let mut set = TrainingSet::<{ 4 * ROWS * 100 }, ROWS, 400>::new();
    let mut rng = Rng::new(3);
    if set.edit().clear(Format::I8, WIDTH).is_err() {
        exit(false)
    }
    for i in 0..ROWS {
        let class = i % CLASSES;
        if set.edit().push(&row::<WIDTH>(&mut rng, class), Some(ClassId(class as u16))).is_err() {
            exit(false)
        }
    }
    let Ok(network) = Network::parse(task.network) else { exit(false) };
    let params = Params {
        network,
        numbers: task.numbers,
        rows_least: task.rows_updated,
        rows_most: task.rows_updated,
        keep: false,
        ..Params::DEFAULT
    };
    let Ok(checked) = params.check(Shape { input: task.input, classes: CLASSES }) else { exit(false) };
    let mut memory = [0u32; 24_000];
    let bytes = required(&checked);
    let Some(memory) = memory.get_mut(..bytes / 4) else { exit(false) };
    let (mut trainer, mut model) = (Trainer::new(checked), Model::<WORDS>::new());
    let mut batch = |trainer: &mut Trainer, model: &mut Model<WORDS>| {
        let before = trainer.updates();
        while trainer.updates() == before {
            match trainer.step(set.view(), memory, model.edit(), 1) {
                Ok(Progress::Running { .. }) => {}
                _ => exit(false),
            }
        }
    };
    batch(&mut trainer, &mut model);
    case(task.names[1], WIDTH as u32)
        .units(BATCH as u32)
        .workspace(bytes + size_of::<Trainer>())
        .model(size_of_val(&model))
        .run(|| batch(black_box(&mut trainer), black_box(&mut model)));
    // To the end of the first epoch that is the last.
    let checked = Params { epochs: 1, ..params }.check(Shape { input: task.input, classes: CLASSES });
    let Ok(checked) = checked else { exit(false) };
    let mut trainer = Trainer::new(checked);
    while let Ok(Progress::Running { .. }) = trainer.step(set.view(), memory, model.edit(), u32::MAX) {}
    let x = row::<WIDTH>(&mut rng, 1);
    let mut scratch = [0u32; 2048];
    let verdict = case(task.names[0], WIDTH as u32)
        .units(1)
        .workspace(model.view().scratch_words() * 4)
        .model(model.view().used() * 4)
        .run(|| model.infer(black_box(&x), black_box(&mut scratch)));
    if !verdict.score.is_finite() {
        exit(false)
    }
}

const DENSE: Task = Task {
    names: ["net/infer/dense/int8", "net/train/dense/int8"],
    network: "dense32",
    input: Extent { frames: 1, channels: 48 },
    numbers: Numbers::Int8,
    rows_updated: 1.0,
};
const WINDOWS: Task = Task {
    names: ["net/infer/convolution/int8", "net/train/convolution/int8"],
    network: "conv8k9s4,conv16k5s2,gap",
    input: Extent { frames: 200, channels: 2 },
    ..DENSE
};

#[entry]
fn main() -> ! {
    start();
    run::<48, 1024>(&DENSE);
    run::<48, 1024>(&Task {
        names: ["net/infer/dense/int8/10%", "net/train/dense/int8/10%"],
        rows_updated: 0.1,
        ..DENSE
    });
    run::<48, 2560>(&Task { names: ["net/infer/dense/f32", "net/train/dense/f32"], numbers: Numbers::F32, ..DENSE });
    run::<400, 512>(&WINDOWS);
    run::<400, 512>(&Task {
        names: ["net/infer/convolution/int8/50%", "net/train/convolution/int8/50%"],
        rows_updated: 0.5,
        ..WINDOWS
    });
    run::<400, 512>(&Task {
        names: ["net/infer/convolution/int8/10%", "net/train/convolution/int8/10%"],
        rows_updated: 0.1,
        ..WINDOWS
    });
    run::<400, 1536>(&Task {
        names: ["net/infer/convolution/f32", "net/train/convolution/f32"],
        numbers: Numbers::F32,
        ..WINDOWS
    });
    exit(true)
}
