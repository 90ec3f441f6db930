//! `hone_linear`: one frame of a stream predicted, judged and learnt, with inputs of each kind; training on rows in closed
//! form, recursively and by gradient steps; the classes of the reference tasks; a model written and read.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_learn::{ClassId, Decision, Format, Progress, Settings, TrainingSet};
use hone_linear::{Ground, Model, Params, Shape, State, Task, Trainer, class_words, model_words};
use hone_numeric::rng::Rng;
use hone_target_bench::{case, entry, exit, read_file, start};

const MINUTE: u64 = 60_000_000;
const WIDTH: usize = 64;
const ROWS: usize = 120;
const WORDS: usize = 10_000;

/// Frame i of a stream: channel c is a random walk that returns to its mean, nearly collinear with its own past.
fn next<const C: usize>(rng: &mut Rng, frame: &mut [f32; C]) {
    frame.iter_mut().for_each(|x| *x += 0.01 * (20.0 - *x) + 0.1 * rng.next_normal());
}

fn exact(decision: bool) {
    if !decision {
        exit(false)
    }
}

/// One frame after 3,000 learnt with forgetting, and the next 1,000.
fn stream<const C: usize, const N: usize, const W: usize>(names: [&'static str; 2], settings: &[(&str, &str)]) {
    let mut params = Params { forgetting: 0.99, frames: 64, adapt: true, lags: 0, ..Params::DEFAULT };
    for (name, text) in settings {
        exact(params.set_text(name, text).is_ok());
    }
    let Ok(checked) = params.check(Shape { channels: C, inputs: N - 1, interval: MINUTE }) else { exit(false) };
    let (mut model, mut state) = (Model::<W>::new(), State::<N>::new());
    exact(model.edit().begin(&checked).is_ok() && model.view().inputs() == N - 1);
    let (mut rng, mut frame, mut time) = (Rng::new(1), [20.0; C], 0);
    for _ in 0..3000 {
        next(&mut rng, &mut frame);
        time += MINUTE;
        model.edit().observe(&frame, time, &mut state);
    }
    next(&mut rng, &mut frame);
    time += MINUTE;
    let bytes = size_of_val(&model);
    let outcome = case(names[0], N as u32 - 1)
        .workspace(size_of_val(&state))
        .model(bytes)
        .run(|| model.edit().observe(black_box(&frame), time, &mut state));
    exact(
        matches!(outcome.ground, Ground::Learnt | Ground::Learning)
            && (outcome.mean - 20.0).abs() < 5.0
            && outcome.half > 0.1,
    );
    let inside = case(names[1], N as u32 - 1).units(1000).workspace(size_of_val(&state)).model(bytes).run(|| {
        let mut inside = 0;
        for _ in 0..1000 {
            next(&mut rng, &mut frame);
            time += MINUTE;
            inside += u32::from(model.edit().observe(&frame, time, &mut state).verdict.score <= 1.0);
        }
        inside
    });
    exact(inside > 900);
}

/// [`stream`] of some size.
type Stream = fn([&'static str; 2], &[(&str, &str)]);

/// A regression of one feature of 24 upon the others and a constant, on rows.
fn rows(set: &mut TrainingSet<{ ROWS * WIDTH }, ROWS, WIDTH>, memory: &mut [u32], name: &'static str, solver: &str) {
    let mut params = Params { lags: 0, others: true, ..Params::DEFAULT };
    exact(params.set_text("solver", solver).is_ok() && set.edit().clear(Format::F32, 25).is_ok());
    let mut rng = Rng::new(2);
    for _ in 0..ROWS {
        let mut row: [f32; 25] = core::array::from_fn(|_| rng.next_normal());
        let [target, others @ ..] = &mut row;
        *target += others.iter().sum::<f32>();
        exact(set.edit().push(&row, None).is_ok());
    }
    let mut model = Model::<{ model_words(25, 24, true) }>::new();
    train(set, memory, &mut model, params, 25, name);
    let mut state = State::<25>::new();
    let row = [1.0; 25];
    exact(model.view().infer(&row, &mut state).score > 0.0);
}

fn train<const W: usize>(
    set: &mut TrainingSet<{ ROWS * WIDTH }, ROWS, WIDTH>,
    memory: &mut [u32],
    model: &mut Model<W>,
    params: Params,
    width: usize,
    name: &'static str,
) {
    let Ok(checked) = params.check(Shape { channels: width, inputs: width, interval: 1 }) else { exit(false) };
    let workspace = hone_linear::required(&checked, 2);
    let rows = set.view().len() as u32;
    let done = case(name, rows).workspace(workspace).model(4 * W).run(|| {
        let mut trainer = Trainer::new(black_box(checked));
        loop {
            match trainer.step(black_box(set.view()), memory, model.edit(), 100_000) {
                Ok(Progress::Running { .. }) => {}
                other => return other.is_ok(),
            }
        }
    });
    exact(done);
}

const TASKS: [[&str; 3]; 4] = [
    ["svm/iris01_train.f32", "linear/train/iris01", "linear/infer/iris01"],
    ["svm/iris12_train.f32", "linear/train/iris12", "linear/infer/iris12"],
    ["svm/dig38s_train.f32", "linear/train/dig38s", "linear/infer/dig38s"],
    ["svm/dig6rs_train.f32", "linear/train/dig6rs", "linear/infer/dig6rs"],
];

#[entry]
fn main() -> ! {
    start();
    stream::<1, 9, { model_words(1, 8, true) }>(["linear/step/lags", "linear/steps/lags"], &[("lags", "8")]);
    stream::<1, 25, { model_words(1, 24, true) }>(["linear/step/lags", "linear/steps/lags"], &[("lags", "24")]);
    let only = [("frames", "1000000"), ("adapt", "off")];
    for (lags, run) in [
        ("8", stream::<1, 9, { model_words(1, 8, true) }> as Stream),
        ("24", stream::<1, 25, { model_words(1, 24, true) }>),
    ] {
        run(["linear/learn/lags", "linear/learns/lags"], &[("lags", lags), only[0], only[1]]);
    }
    stream::<9, 9, { model_words(9, 8, true) }>(["linear/step/others", "linear/steps/others"], &[("others", "on")]);
    stream::<1, 9, { model_words(1, 8, true) }>(
        ["linear/step/time", "linear/steps/time"],
        &[("lags", "3"), ("trend", "on"), ("harmonics", "2")],
    );
    let mut memory = [0u32; WORDS];
    let mut set = TrainingSet::<{ ROWS * WIDTH }, ROWS, WIDTH>::new();
    rows(&mut set, &mut memory, "linear/train/closed-form", "closed-form");
    rows(&mut set, &mut memory, "linear/train/recursive", "recursive");
    rows(&mut set, &mut memory, "linear/train/gradient", "gradient");
    for [file, name, infer] in TASKS {
        let place = bytemuck::try_cast_slice_mut(&mut memory).unwrap_or_default();
        let Some(bytes) = read_file(file, place).map(|b| b.len()) else { continue };
        let Some([rows, columns, numbers @ ..]) = memory.get(..bytes / 4) else { exit(false) };
        let (rows, columns) = (*rows as usize, *columns as usize);
        let numbers: &[f32] = bytemuck::try_cast_slice(numbers).unwrap_or_default();
        let width = columns.wrapping_sub(1);
        exact(set.edit().clear(Format::F32, width).is_ok());
        let mut row = [0.0; WIDTH];
        for i in 0..rows {
            let Some((label, values)) =
                numbers.get(i * columns..).and_then(|r| r.get(..columns)).and_then(|r| r.split_last())
            else {
                exit(false)
            };
            exact(set.edit().push(values, Some(ClassId(u16::from(*label < 0.0)))).is_ok());
            row.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
        }
        let mut model = Model::<{ class_words(2, WIDTH) }>::new();
        let params = Params { task: Task::Classes, ..Params::DEFAULT };
        train(&mut set, &mut memory, &mut model, params, width, name);
        let mut state = State::<{ WIDTH + 1 }>::new();
        let row = row.get(..width).unwrap_or_default();
        let verdict =
            case(infer, width as u32).units(width as u32).run(|| model.view().infer(black_box(row), &mut state));
        exact(matches!(verdict.decision, Decision::Class(_)));
    }
    exit(true)
}
