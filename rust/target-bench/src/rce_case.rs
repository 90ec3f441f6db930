//! Learning and inference of `hone_rce` on generated windows of 48 features in ten overlapping classes, from an empty
//! model to 200 prototypes, as many windows as cwru-10 has to train with, everything included.

use core::hint::black_box;

use hone_learn::{ClassId, Decision, Settings};
use hone_numeric::rng::Rng;
use hone_rce::{Model, Params};
use hone_target_bench::{case, exit};

const FEATURES: usize = 48;
const WINDOWS: usize = 2808;
const CLASSES: usize = 10;

pub type Windows = [[f32; FEATURES]; WINDOWS];

pub fn windows() -> Windows {
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

/// Two cases, of learning all windows and of judging a hundred, with a model of these settings.
pub fn run<const WORDS: usize>(names: [&'static str; 2], settings: &[(&str, &str)], windows: &Windows) {
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
