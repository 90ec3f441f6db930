//! `hone_linear` as the contract has it, of streams of up to 24 inputs and without learning from sets: its bytes of code are
//! those of a device that watches a slow signal, where `linear` has the code once for each size of model.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_learn::learner::{Given, Input, Learner, Lent, Setup, Shape};
use hone_learn::sink::SliceSink;
use hone_learn::text::{Line, Out};
use hone_learn::{Faults, Micros, Progress, Settings, WindowView};
use hone_linear::learner::Linear;
use hone_linear::{LAYOUT, Params, columns_for, model_words, words_for};
use hone_numeric::rng::Rng;
use hone_target_bench::{case, entry, exit, start};

const INPUTS: usize = 24;
const FRAMES: usize = 16;
const SECOND: u64 = 1_000_000;
type L = Linear<INPUTS, 2, { words_for(1, INPUTS, 2) }, { columns_for(INPUTS, 2) }, { model_words(1, INPUTS, true) }>;

/// Window number `number` of a random walk that returns to its mean.
fn window(rng: &mut Rng, level: &mut f32) -> [i16; FRAMES] {
    core::array::from_fn(|_| {
        *level += 0.01 * (2000.0 - *level) + 10.0 * rng.next_normal();
        *level as i16
    })
}

fn view(samples: &[i16], sequence: u32) -> Input<'_> {
    let time = Micros(u64::from(sequence) * FRAMES as u64 * SECOND);
    let window = WindowView { samples, channels: 1, time, sequence, faults: Faults::NONE, label: None };
    Input { window, row: &[], beside: None }
}

/// Trains, judges, writes and reads; the bytes written.
fn live(params: &Params, bytes: &mut [u8], told: &mut dyn Out) -> Option<usize> {
    let shape = Shape { inputs: 1, frames: FRAMES as u16 };
    let setup = Setup { shape, row_frames: 1, ..Setup::default() };
    let plan = L::check(params, &setup).ok()?;
    let mut workspace = [0; 64];
    if L::required(&plan, &setup).bytes > size_of_val(&workspace) {
        return None;
    }
    let (mut training, mut model, mut scratch) = (L::begin(&plan), L::EMPTY, L::SCRATCH);
    let (mut rng, mut level) = (Rng::new(1), 2000.0);
    let mut sequence = 0;
    loop {
        let samples = window(&mut rng, &mut level);
        let lent = Lent { model: &mut model, earlier: None, workspace: &mut workspace, budget: 1000 };
        match L::step(&mut training, &Given::Window(view(&samples, sequence)), lent) {
            Ok(Progress::Done(_)) => break,
            Ok(Progress::Running { .. }) => {}
            Err(fault) => {
                L::explain(&fault, told);
                return None;
            }
        }
        sequence += 1;
    }
    L::prepare(&model, &mut scratch);
    for _ in 0..8 {
        sequence += 1;
        let samples = window(&mut rng, &mut level);
        L::infer(&model, &view(&samples, sequence), &mut scratch)?;
    }
    L::about(&model, told);
    let mut sink = SliceSink::new(bytes);
    L::write(&model, &mut sink).ok()?;
    let written = sink.filled().len();
    L::read(&mut model, LAYOUT, params, bytes.get(..written)?).ok()?;
    Some(written)
}

#[entry]
fn main() -> ! {
    start();
    let mut params = Params { lags: INPUTS as u16, ..Params::DEFAULT };
    let (mut bytes, mut told) = ([0; 2048], Line::<200>::default());
    if params.set_text("forgetting", black_box("0.99")).is_err() {
        exit(false)
    }
    let (model, scratch) = (size_of::<<L as Learner>::Model>(), size_of::<<L as Learner>::Scratch>());
    let done = case("linear/alone", INPUTS as u32)
        .workspace(scratch + size_of::<<L as Learner>::Trainer>())
        .model(model)
        .run(|| live(black_box(&params), &mut bytes, &mut told));
    exit(done.is_some() && !told.as_str().is_empty())
}
