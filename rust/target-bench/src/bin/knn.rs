//! `hone_knn`: a window learnt, a window by which the threshold is set, and a window judged, on generated rows and with the NUCLEO's
//! capacities.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_knn::{Knn, Params, model_words};
use hone_learn::learner::{Given, Input, Learner, Lent, Setup, Shape};
use hone_learn::{Faults, Micros, Progress, WindowView};
use hone_numeric::rng::Rng;
use hone_target_bench::{case, entry, exit, start};

const WIDTH: usize = 48;
/// Rows that the image of the NUCLEO-F401RE keeps.
const ROWS: usize = 72;

type Of = Knn<{ model_words(ROWS, WIDTH) }, ROWS, WIDTH>;

fn input(row: &[f32], sequence: u32) -> Input<'_> {
    let window = WindowView { samples: &[], channels: 3, time: Micros(0), sequence, faults: Faults::NONE, label: None };
    Input { window, row, beside: None }
}

#[entry]
fn main() -> ! {
    start();
    let mut rng = Rng::new(3);
    let shape = Shape { inputs: WIDTH as u16, frames: 1 };
    let setup = Setup { shape, false_alarms: 1.5e-7, ..Setup::default() };
    let Ok(checked) = Of::check(&Params::DEFAULT, &setup) else { exit(false) };
    let (mut training, mut model, mut memory) = (Of::begin(&checked), Of::EMPTY, [0u32; WIDTH]);
    let bytes = Of::required(&checked, &setup).bytes;
    let mut sequence = 0;
    let mut step = |row: &[f32; WIDTH], model: &mut <Of as Learner>::Model| {
        sequence += 1;
        let lent = Lent { model, earlier: None, workspace: &mut memory, budget: 1 };
        let Ok(progress) = Of::step(&mut training, &Given::Window(input(row, sequence)), lent) else { exit(false) };
        matches!(progress, Progress::Done(_))
    };
    let mut row = || -> [f32; WIDTH] { core::array::from_fn(|_| 1.0 + 0.1 * rng.next_normal()) };
    // The rows that are kept, and some that take the place of others.
    for _ in 0..200 {
        if step(&row(), &mut model) {
            exit(false)
        }
    }
    let (learnt, judged) = (row(), row());
    case("knn/learn", WIDTH as u32).workspace(bytes).run(|| step(black_box(&learnt), &mut model));
    // Those that are left to learn, and one that sets the threshold.
    for _ in 201..300 {
        if step(&row(), &mut model) {
            exit(false)
        }
    }
    case("knn/calibrate", WIDTH as u32).workspace(bytes).run(|| step(black_box(&learnt), &mut model));
    for _ in 0..200 {
        if step(&row(), &mut model) {
            break;
        }
    }
    let mut scratch = Of::SCRATCH;
    Of::prepare(&model, &mut scratch);
    for sequence in 0..8 {
        if Of::infer(&model, &input(&row(), sequence), &mut scratch).is_none() {
            exit(false)
        }
    }
    case("knn/infer", WIDTH as u32)
        .model(size_of_val(&model))
        .run(|| Of::infer(black_box(&model), &input(black_box(&judged), 9), &mut scratch));
    exit(true)
}
