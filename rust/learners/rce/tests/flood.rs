//! A device that is flooded stays inside its memory and keeps answering.

use hone_learn::{ClassId, Decision, Settings};
use hone_numeric::rng::Rng;
use hone_rce::{Model, Params};

const WORDS: usize = 2000;
const WINDOWS: u32 = 5000;

/// Learns `WINDOWS` windows of the flood, and looks at the answer to each.
fn survives(flood: impl Fn(&mut Rng, u32) -> ([f32; 6], u16)) -> [Box<Model<WORDS>>; 2] {
    ["tiny-rce", "rce-aged"].map(|algorithm| {
        let mut params = Params::default();
        for (name, text) in [("algorithm", algorithm), ("prototypes", "30"), ("fallback", "on")] {
            params.set_text(name, text).unwrap();
        }
        let mut model = Box::new(Model::<WORDS>::new());
        model.begin(&params.check(6, WORDS).unwrap()).unwrap();
        let mut scratch = vec![0; model.scratch_words()];
        let mut rng = Rng::new(5);
        for i in 0..WINDOWS {
            let (x, class) = flood(&mut rng, i);
            let conflicts = model.learn(&x, ClassId(class), &mut scratch).unwrap().conflicts;
            let answer = model.infer(&x, &mut scratch).unwrap();
            // With the fallback whatever comes gets a class, in a step whose work the capacity bounds.
            assert!(matches!(answer.verdict.decision, Decision::Class(_)), "{algorithm} {i} {answer:?}");
            assert!(!answer.verdict.score.is_nan() && (1..=30).contains(&model.prototypes()) && conflicts <= 30);
        }
        assert!(model.statistics().visited <= u64::from(WINDOWS) * 30);
        model
    })
}

#[test]
fn of_random_labels() {
    survives(|rng, _| (core::array::from_fn(|_| rng.next_normal()), rng.below(10) as u16));
}

#[test]
fn of_thousands_of_classes() {
    let models = survives(|rng, i| (core::array::from_fn(|_| rng.next_normal()), i as u16));
    assert!(models.iter().all(|m| m.statistics().pruned + m.statistics().refused > 1000));
}

#[test]
fn of_windows_all_equal() {
    survives(|rng, _| ([3.0; 6], rng.below(3) as u16));
}

#[test]
fn of_what_is_not_a_number() {
    survives(|rng, i| {
        let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-40];
        (core::array::from_fn(|j| bad[(rng.below(5) as usize + j) % 5]), (i % 4) as u16)
    });
}
