//! The code of a classifier and no more: linear and RBF kernels, rows in `f32`, training and inference. It is built
//! with all that is optional left out (feature `small`); its bytes of code are the measure, and its trainings show that it
//! is as fast as the full build.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_learn::{ClassId, Format, Progress, TrainingSet};
use hone_svm::{KernelKind, Model, Params, Shape, Trainer, scratch_len};
use hone_target_bench::{case, entry, exit, read_file, start};

const ROWS: usize = 120;
const WIDTH: usize = 64;
const SHAPE: Shape = Shape { rows: ROWS, features: WIDTH };

const TASKS: [[&str; 4]; 4] = [
    ["svm/iris01_train.f32", "svm/small/train/iris01", "svm/small/train/rbf/iris01", "svm/small/infer/iris01"],
    ["svm/iris12_train.f32", "svm/small/train/iris12", "svm/small/train/rbf/iris12", "svm/small/infer/iris12"],
    ["svm/dig38s_train.f32", "svm/small/train/dig38s", "svm/small/train/rbf/dig38s", "svm/small/infer/dig38s"],
    ["svm/dig6rs_train.f32", "svm/small/train/dig6rs", "svm/small/train/rbf/dig6rs", "svm/small/infer/dig6rs"],
];

#[entry]
fn main() -> ! {
    start();
    let mut memory = [0u32; 10_000];
    let mut words = [0u32; 3072];
    let mut set = TrainingSet::<{ ROWS * WIDTH }, ROWS, WIDTH>::new();
    let mut model = Model::<8192>::new();
    let mut scratch = [0.0; scratch_len(2, WIDTH)];
    for [file, linear, rbf, infer] in TASKS {
        // Rows of numbers after their count and the count of columns, the label last.
        let place = bytemuck::try_cast_slice_mut(&mut memory).unwrap_or_default();
        let Some(bytes) = read_file(file, place).map(|b| b.len()) else { continue };
        let Some([rows, columns, numbers @ ..]) = memory.get(..bytes / 4) else { exit(false) };
        let (rows, columns) = (*rows as usize, *columns as usize);
        let numbers: &[f32] = bytemuck::try_cast_slice(numbers).unwrap_or_default();
        let width = columns.wrapping_sub(1);
        if set.edit().clear(Format::F32, width).is_err() {
            exit(false)
        }
        for i in 0..rows {
            let Some((label, row)) =
                numbers.get(i * columns..).and_then(|r| r.get(..columns)).and_then(|r| r.split_last())
            else {
                exit(false)
            };
            let _ = set.edit().push(row, Some(ClassId(u16::from(*label < 0.0))));
        }
        for (name, kernel) in [(rbf, KernelKind::Rbf), (linear, KernelKind::Linear)] {
            let params = Params { kernel: Some(kernel), standardise: false, ..Params::DEFAULT };
            let Ok(checked) = params.check(SHAPE) else { exit(false) };
            let trained = case(name, rows as u32).workspace(words.len() * 4).run(|| {
                let mut trainer = Trainer::new(black_box(checked));
                loop {
                    match trainer.step(black_box(set.view()), &mut words, model.edit(), 100_000) {
                        Ok(Progress::Running { .. }) => {}
                        other => return other.is_ok(),
                    }
                }
            });
            if !trained {
                exit(false)
            }
        }
        let row = numbers.get(..width).unwrap_or_default();
        case(infer, width as u32).units(width as u32).run(|| model.infer(black_box(row), &mut scratch));
    }
    exit(true)
}
