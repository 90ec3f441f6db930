//! How the learners' costs grow: the SVM with rows and features, RCE with windows and prototypes (for the ESN see
//! `growth_esn.rs`). `cargo xtask bench growth growth_esn esn --growth` fits the exponents.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_learn::{ClassId, Format, Progress, SetView, TrainingSet};
use hone_numeric::rng::Rng;
use hone_svm::{Checked, Params, Shape, Trainer, required, scratch_len};
use hone_target_bench::{case, entry, exit, start};

const ROWS: usize = 240;
const WIDTH: usize = 64;

type Set = TrainingSet<{ ROWS * WIDTH }, ROWS, WIDTH>;
type Svm = hone_svm::Model<16384>;

/// Rows of two overlapping classes: the first feature tells them apart with a few errors, the others are noise.
fn fill(set: &mut Set, rows: usize, features: usize) -> bool {
    let mut rng = Rng::new(5);
    let mut edit = set.edit();
    edit.clear(Format::F32, features).is_ok()
        && (0..rows).all(|i| {
            let mut row = [0.0; WIDTH];
            row.iter_mut().for_each(|x| *x = rng.next_normal());
            row[0] += if i % 2 == 0 { 1.5 } else { -1.5 };
            edit.push(&row[..features], Some(ClassId((i % 2) as u16))).is_ok()
        })
}

#[inline(never)]
fn train(checked: Checked, set: SetView<'_>, words: &mut [u32], model: &mut Svm) -> bool {
    let mut trainer = Trainer::new(checked);
    loop {
        match trainer.step(set, words, model.edit(), 100_000) {
            Ok(Progress::Running { .. }) => {}
            Ok(Progress::Done(_)) => return true,
            Err(_) => return false,
        }
    }
}

fn svm(names: [&'static str; 2], rows: usize, features: usize, size: usize) {
    let (mut set, mut model, mut memory) = (Set::new(), Svm::new(), [0u32; 16384]);
    let shape = Shape { rows, features };
    let (Ok(checked), true) = (Params::default().check(shape), fill(&mut set, rows, features)) else { exit(false) };
    let Some(words) = memory.get_mut(..required(&checked, shape) / 4) else { exit(false) };
    // The rows themselves, as f32 with their labels, are most of what a training takes.
    let bytes = words.len() * 4 + rows * (features * 4 + 2);
    let done = case(names[0], size as u32)
        .workspace(bytes)
        .run(|| train(black_box(checked), black_box(set.view()), words, &mut model));
    if !done {
        exit(false);
    }
    let mut scratch = [0.0; scratch_len(2, WIDTH)];
    let row = black_box([0.5; WIDTH]);
    case(names[1], size as u32)
        .workspace(size_of_val(&scratch))
        .model(model.view().used() * 4)
        .run(|| model.infer(&row[..features], &mut scratch));
}

const FEATURES: usize = 48;
type Rce = hone_rce::Model<3600>;

/// Learns `count` windows of ten classes, then decides one.
fn rce(count: usize) {
    let mut rng = Rng::new(1);
    let centres: [[f32; FEATURES]; 10] = core::array::from_fn(|_| core::array::from_fn(|_| rng.next_normal()));
    let mut scratch = [0; FEATURES];
    let mut model = Rce::new();
    let Ok(checked) = hone_rce::Params::default().check(FEATURES, 3600) else { exit(false) };
    if model.begin(&checked).is_err() {
        exit(false);
    }
    let mut next = |i: usize| centres[i % 10].map(|c| 8.0 + c + 0.7 * rng.next_normal());
    for i in 0..count {
        if model.learn(&next(i), ClassId((i % 10) as u16), &mut scratch).is_err() {
            exit(false);
        }
    }
    let (prototypes, x) = (model.prototypes() as u32, black_box(next(3)));
    // What so many prototypes take, of the capacity.
    let bytes = size_of_val(&model) * model.prototypes() / model.capacity().max(1);
    let _ = case("growth/rce/infer/prototypes", prototypes)
        .workspace(FEATURES * 4)
        .model(bytes)
        .run(|| model.infer(&x, &mut scratch));
    let _ = case("growth/rce/learn/prototypes", prototypes)
        .workspace(FEATURES * 4)
        .model(bytes)
        .run(|| model.learn(&x, ClassId(3), &mut scratch));
}

#[entry]
fn main() -> ! {
    start();
    for rows in [30, 60, 120, 240] {
        svm(["growth/svm/train/rows", "growth/svm/infer/rows"], rows, 16, rows);
    }
    for features in [8, 16, 32, 64] {
        svm(["growth/svm/train/features", "growth/svm/infer/features"], 60, features, features);
    }
    for count in [120, 250, 500, 700] {
        rce(count);
    }
    exit(true)
}
