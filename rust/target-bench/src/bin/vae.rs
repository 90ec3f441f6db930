//! `hone_vae`: inference, the encoder alone, and training by batches of 8, in 8 bits and in `f32`, on generated rows.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_learn::learner::{Given, Input, Learner, Lent, Setup, Shape};
use hone_learn::{Faults, Format, Micros, Progress, TrainingSet, WindowView};
use hone_numeric::rng::Rng;
use hone_target_bench::{case, entry, exit, start};
use hone_vae::learner::Vae;
use hone_vae::{Numbers, Params, model_words, scratch_words};

const WIDTH: usize = 48;
const ROWS: usize = 64;

/// Features that four numbers make, with noise.
fn row(rng: &mut Rng) -> [f32; WIDTH] {
    let hidden: [f32; 4] = core::array::from_fn(|_| rng.next_normal());
    core::array::from_fn(|j| {
        let [a, b, c, d] = hidden;
        let x = [a + c, a - b, b + d, c, d - a].get(j % 5).copied().unwrap_or(0.0);
        x + 0.5 * rng.next_normal()
    })
}

/// The second batch of a training that has just begun: forward, backward and update of all samples, the calls of `step` included; then
/// one inference and one row encoded.
#[inline(never)]
fn run<const WORDS: usize>(names: [&'static str; 3], numbers: Numbers) {
    type Of<const WORDS: usize> = Vae<WORDS, { scratch_words(WIDTH, 16, 4) }, 16, 4>;
    let mut set = TrainingSet::<{ ROWS * WIDTH / 4 }, ROWS, WIDTH>::new();
    let mut rng = Rng::new(3);
    if set.edit().clear(Format::I8, WIDTH).is_err() {
        exit(false)
    }
    for _ in 0..ROWS {
        if set.edit().push(&row(&mut rng), None).is_err() {
            exit(false)
        }
    }
    let params = Params { numbers, epochs: 2, ..Params::DEFAULT };
    let setup = Setup { shape: Shape { inputs: WIDTH as u16, frames: 1 }, rows: ROWS as u16, ..Setup::default() };
    let Ok(checked) = Of::<WORDS>::check(&params, &setup) else { exit(false) };
    let mut memory = [0u32; 8_000];
    let bytes = Of::<WORDS>::required(&checked, &setup).bytes;
    let Some(memory) = memory.get_mut(..bytes / 4) else { exit(false) };
    let (mut training, mut model) = (Of::<WORDS>::begin(&checked), Of::<WORDS>::EMPTY);
    let mut step = |training: &mut hone_vae::Training, model: &mut <Of<WORDS> as Learner>::Model| {
        let lent = Lent { model, earlier: None, workspace: memory, budget: 1 };
        let Ok(progress) = Of::<WORDS>::step(training, &Given::Rows(set.view()), lent) else { exit(false) };
        matches!(progress, Progress::Done(_))
    };
    while training.updates() < 1 {
        step(&mut training, &mut model);
    }
    case(names[0], WIDTH as u32)
        .units(params.batch.into())
        .workspace(bytes + size_of::<hone_vae::Training>())
        .model(size_of_val(&model))
        .run(|| {
            while training.updates() < 2 {
                step(black_box(&mut training), black_box(&mut model));
            }
        });
    while !step(&mut training, &mut model) {}
    let x = row(&mut rng);
    let window =
        WindowView { samples: &[], channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
    let input = Input { window, row: &x, beside: None };
    let mut scratch = Of::<WORDS>::SCRATCH;
    let answer = case(names[1], WIDTH as u32)
        .units(1)
        .workspace(size_of_val(&scratch))
        .model(size_of_val(&model))
        .run(|| Of::<WORDS>::infer(&model, black_box(&input), black_box(&mut scratch)));
    let mut latent = [0.0; 4];
    let encoded = case(names[2], WIDTH as u32)
        .units(1)
        .workspace(size_of_val(&scratch))
        .model(size_of_val(&model))
        .run(|| Of::<WORDS>::encode(&model, black_box(&input), black_box(&mut scratch), &mut latent));
    if encoded != Some(4) || !answer.is_some_and(|a| a.verdict.score.is_finite()) {
        exit(false)
    }
}

#[entry]
fn main() -> ! {
    start();
    run::<{ model_words(WIDTH, 16, 4) }>(["vae/train/int8", "vae/infer/int8", "vae/encode/int8"], Numbers::Int8);
    run::<2048>(["vae/train/f32", "vae/infer/f32", "vae/encode/f32"], Numbers::F32);
    exit(true)
}
