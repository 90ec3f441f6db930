//! What the model promises, whatever comes in.

use hone_learn::{ClassId, Decision, ParamError, Settings};
use hone_numeric::rng::Rng;
use hone_rce::{Error, Model, Outcome, Params};
use proptest::prelude::*;

const WORDS: usize = 3000;
/// Those that the build has.
const STORES: &[(&str, &str)] = &[
    ("8-bit", "manhattan"),
    ("8-bit", "euclidean"),
    #[cfg(feature = "hamming")]
    ("8-bit", "hamming"),
    #[cfg(feature = "wide")]
    ("16-bit", "manhattan"),
    #[cfg(feature = "wide")]
    ("16-bit", "euclidean"),
    #[cfg(all(feature = "wide", feature = "hamming"))]
    ("16-bit", "hamming"),
    #[cfg(feature = "wide")]
    ("f32", "manhattan"),
    #[cfg(feature = "wide")]
    ("f32", "euclidean"),
];

fn model(features: usize, settings: &[(&str, &str)]) -> Box<Model<WORDS>> {
    let mut params = Params::default();
    for (name, text) in settings {
        params.set_text(name, text).unwrap();
    }
    let mut model = Box::new(Model::new());
    model.begin(&params.fitted(features, WORDS).check(features, WORDS).unwrap()).unwrap();
    model
}

/// Windows of four overlapping classes in six features, of very different scales.
fn window(rng: &mut Rng, class: u16) -> [f32; 6] {
    let mut x = [0.0; 6];
    for (i, x) in x.iter_mut().enumerate() {
        let centre = if (class >> (i % 2)) & 1 == 1 { 2.0 } else { -2.0 };
        *x = (centre + rng.next_normal()) * 10f32.powi(i as i32 - 3) + i as f32;
    }
    x
}

fn taught(settings: &[(&str, &str)], windows: usize) -> Box<Model<WORDS>> {
    let mut model = model(6, settings);
    let mut rng = Rng::new(7);
    let mut scratch = vec![0; model.scratch_words()];
    for i in 0..windows {
        let class = (i % 4) as u16;
        model.learn(&window(&mut rng, class), ClassId(class), &mut scratch).unwrap();
    }
    model
}

#[test]
fn a_prototypes_centre_is_a_window_that_it_decides() {
    for &(store, metric) in STORES {
        let model = taught(&[("store", store), ("metric", metric)], 300);
        let mut scratch = vec![0; model.scratch_words()];
        for index in 0..model.prototypes() {
            let centre: Vec<f32> = (0..model.features()).map(|feature| model.centre(index, feature).unwrap()).collect();
            let answer = model.infer(&centre, &mut scratch).unwrap();
            let class = model.prototype(index).unwrap().0;
            assert_eq!(answer.verdict.decision, Decision::Class(class), "{store} {metric} {index}: {centre:?}");
        }
        assert!(
            model.prototypes() > 8 && model.centre(model.prototypes(), 0).is_none() && model.centre(0, 6).is_none()
        );
    }
}

#[test]
fn every_store_and_metric_learns() {
    for &(store, metric) in STORES {
        let model = taught(&[("store", store), ("metric", metric), ("fallback", "on"), ("prototypes", "40")], 600);
        let mut rng = Rng::new(99);
        let mut scratch = vec![0; model.scratch_words()];
        let right = (0..400u16)
            .filter(|i| {
                let answer = model.infer(&window(&mut rng, i % 4), &mut scratch).unwrap();
                answer.verdict.decision == Decision::Class(ClassId(i % 4))
            })
            .count();
        // Two of six features would do: Bayes' rule is right in 1 - 2·P(normal < -2√3) > .99 of the windows.
        assert!(right > 370, "{store} {metric}: {right} of 400");
        assert!(model.statistics().prequential_accuracy().unwrap() > 0.8, "{store} {metric}");
        assert!(model.prototypes() <= 40);
    }
}

#[test]
fn a_window_like_none_is_unknown_and_scores_higher() {
    let model = taught(&[], 600);
    let mut scratch = vec![0; model.scratch_words()];
    let far = model.infer(&[9.0, -9.0, 9.0, 9.0, -99.0, 9000.0], &mut scratch).unwrap();
    assert_eq!(far.verdict.decision, Decision::Unknown);
    assert!(!far.fired && far.nearest.is_some());
    let mut rng = Rng::new(5);
    let mut near = 0.0;
    for i in 0..100 {
        near += model.infer(&window(&mut rng, i % 4), &mut scratch).unwrap().verdict.score / 100.0;
    }
    assert!(far.verdict.score > 5.0 * near, "{} {near}", far.verdict.score);
}

#[test]
fn several_firing_let_the_nearest_decide_and_fallback_answers_always() {
    // Equal windows have no spread to tell by how far others of their class may be: `reach` is out of the way.
    let mut model = model(1, &[("radius-max", "10"), ("moving", "0"), ("relevance", "0"), ("reach", "100")]);
    let mut scratch = [0; 1];
    // 0 and 8 do not conflict once their radii ended half way at most; 3 lies in the first, 6 in the second.
    for _ in 0..20 {
        model.learn(&[0.0], ClassId(1), &mut scratch).unwrap();
        model.learn(&[8.0], ClassId(2), &mut scratch).unwrap();
    }
    for (x, class) in [(3.0, 1), (6.0, 2), (-1.0, 1)] {
        let answer = model.infer(&[x], &mut scratch).unwrap();
        assert_eq!(answer.verdict.decision, Decision::Class(ClassId(class)), "{x}");
        assert!(answer.fired);
    }
    let far = [1000.0];
    assert_eq!(model.infer(&far, &mut scratch).unwrap().verdict.decision, Decision::Unknown);
    let mut params = *model.params();
    params.set_text("fallback", "on").unwrap();
    assert!(model.adjust(&params));
    assert_eq!(model.infer(&far, &mut scratch).unwrap().verdict.decision, Decision::Class(ClassId(2)));
}

#[test]
fn a_new_class_at_any_time_is_known_at_once_and_the_old_ones_stay() {
    let mut model = taught(&[("fallback", "on")], 400);
    let mut scratch = vec![0; model.scratch_words()];
    let novel = |rng: &mut Rng| {
        let mut x = window(rng, 0);
        x[5] += 2000.0;
        x
    };
    let mut rng = Rng::new(77);
    for _ in 0..20 {
        model.learn(&novel(&mut rng), ClassId(9), &mut scratch).unwrap();
    }
    let mut right = [0; 2];
    for i in 0..200u16 {
        let answer = model.infer(&novel(&mut rng), &mut scratch).unwrap();
        right[0] += u32::from(answer.verdict.decision == Decision::Class(ClassId(9)));
        let answer = model.infer(&window(&mut rng, i % 4), &mut scratch).unwrap();
        right[1] += u32::from(answer.verdict.decision == Decision::Class(ClassId(i % 4)));
    }
    assert!(right[0] > 190 && right[1] > 175, "{right:?}");
}

#[test]
fn pruning_never_takes_the_last_prototype_of_a_class() {
    let mut model = model(6, &[("prototypes", "10"), ("moving", "0")]);
    let mut scratch = vec![0; model.scratch_words()];
    let mut rng = Rng::new(3);
    let mut seen = std::collections::BTreeSet::new();
    for i in 0..3000u32 {
        let class = if i < 1000 { rng.below(4) } else { rng.below(8) } as u16;
        let learnt = model.learn(&window(&mut rng, class & 3), ClassId(class), &mut scratch).unwrap();
        if matches!(learnt.outcome, Outcome::Prototype { .. }) {
            seen.insert(class);
        }
        let known: std::collections::BTreeSet<u16> = model.classes().map(|(c, _)| c.0).collect();
        assert_eq!(known, seen, "window {i}");
        assert_eq!(model.classes().map(|(_, n)| n).sum::<usize>(), model.prototypes());
    }
    assert_eq!(seen.len(), 8);
    assert!(model.statistics().pruned > 0);
}

#[test]
fn the_baseline_neither_prunes_nor_moves() {
    let model = taught(&[("algorithm", "rce"), ("prototypes", "5")], 300);
    assert_eq!((model.prototypes(), model.statistics().pruned), (5, 0));
    assert!(model.statistics().refused > 0);
}

#[test]
fn radii_stay_between_floor_and_ceiling() {
    for algorithm in ["tiny-rce", "rce", "rce-aged"] {
        for (floor, ceiling) in [("0.5", "1.5"), ("0.2", "0.4")] {
            let settings = [("algorithm", algorithm), ("radius-min", floor), ("radius-max", ceiling)];
            let model = taught(&[&settings[..], &[("prototypes", "30"), ("regrowth", "1")]].concat(), 500);
            let (floor, ceiling): (f32, f32) = (floor.parse().unwrap(), ceiling.parse().unwrap());
            for i in 0..model.prototypes() {
                let (_, radius) = model.prototype(i).unwrap();
                // To one step of an 8-bit distance.
                assert!((floor - 0.01..ceiling + 0.01).contains(&radius), "{algorithm} {floor} {ceiling}: {radius}");
            }
        }
    }
}

#[test]
fn the_same_windows_give_the_same_bytes() {
    for &(store, metric) in STORES {
        let settings = [("store", store), ("metric", metric), ("prototypes", "30")];
        let bytes = |m: &Model<WORDS>| postcard::to_stdvec(m).unwrap();
        let (a, b) = (taught(&settings, 300), taught(&settings, 300));
        assert_eq!(bytes(&a), bytes(&b));
        // Loaded into more memory, it gives the same bytes and learns on as the original does.
        let mut c = Model::<{ WORDS + 500 }>::new();
        c.load(&mut postcard::Deserializer::from_bytes(&bytes(&a))).unwrap();
        assert_eq!(postcard::to_stdvec(&c).unwrap(), bytes(&a), "{store} {metric}");
        let mut a = a;
        let (mut rng, mut scratch) = (Rng::new(8), vec![0; c.scratch_words()]);
        for i in 0..100 {
            let x = window(&mut rng, i % 4);
            let class = ClassId(i % 4);
            assert_eq!(a.learn(&x, class, &mut scratch), c.learn(&x, class, &mut scratch));
            assert_eq!(a.infer(&x, &mut scratch), c.infer(&x, &mut scratch));
        }
        assert_eq!(postcard::to_stdvec(&c).unwrap(), bytes(&a), "{store} {metric}");
    }
}

/// Models saved by an earlier program (12 prototypes, 300 windows of the classes above from the generator seeded with 7).
#[test]
fn models_saved_earlier_are_read_and_tell_their_classes() {
    for bytes in [
        &include_bytes!("../../../../tests/vectors/rce-8-bit-layout-1.postcard")[..],
        #[cfg(feature = "wide")]
        include_bytes!("../../../../tests/vectors/rce-f32-layout-1.postcard"),
    ] {
        let mut model = Model::<WORDS>::new();
        model.load(&mut postcard::Deserializer::from_bytes(bytes)).unwrap();
        assert_eq!((model.prototypes(), model.statistics().learnt), (12, 300));
        assert_eq!(postcard::to_stdvec(&model).unwrap(), bytes, "saved again it is the same");
        let (mut rng, mut scratch) = (Rng::new(99), vec![0; model.scratch_words()]);
        let right = (0..400u16).filter(|i| {
            let answer = model.infer(&window(&mut rng, i % 4), &mut scratch).unwrap();
            answer.verdict.decision == Decision::Class(ClassId(i % 4))
        });
        assert!(right.count() > 390);
    }
}

#[test]
fn a_model_that_does_not_fit_is_refused() {
    let big = taught(&[("prototypes", "200"), ("radius-max", "0.1"), ("radius-min", "0")], 600);
    assert!(big.prototypes() > 100);
    let bytes = postcard::to_stdvec(&*big).unwrap();
    let mut small = Model::<200>::new();
    assert!(small.load(&mut postcard::Deserializer::from_bytes(&bytes)).is_err());
    assert!(!small.has_begun());
}

#[test]
fn what_is_wrong_is_said() {
    let mut model = Model::<WORDS>::new();
    assert_eq!(model.infer(&[0.0], &mut [0]), Err(Error::NotBegun));
    model.begin(&Params::default().fitted(6, WORDS).check(6, WORDS).unwrap()).unwrap();
    assert_eq!(model.infer(&[0.0], &mut [0; 2]), Err(Error::Features { expected: 6, got: 1 }));
    assert!(matches!(model.learn(&[0.0; 6], ClassId(0), &mut [0; 1]), Err(Error::Memory(s)) if s.needed == 8));
    assert_eq!(model.infer(&[0.0; 6], &mut [0; 2]).unwrap().verdict.decision, Decision::Unknown);
    let mut params = Params::default();
    params.set_text("radius-min", "2").unwrap();
    assert!(matches!(params.check(6, WORDS), Err(ParamError::Conflict(_))));
    let mut params = Params::default();
    params.set_text("prototypes", "65535").unwrap();
    assert!(matches!(params.check(6, WORDS), Err(ParamError::Capacity { name: "prototypes", .. })));
    params.set_text("store", "f32").unwrap();
    params.set_text("metric", "hamming").unwrap();
    assert!(matches!(params.check(6, WORDS), Err(ParamError::Conflict(_))));
}

#[test]
fn a_forgotten_class_is_gone() {
    let mut model = taught(&[("fallback", "on")], 400);
    let before = model.prototypes();
    let gone = model.forget(ClassId(2));
    assert!(gone > 0 && model.prototypes() == before - gone);
    assert!(model.classes().all(|(c, _)| c != ClassId(2)));
    let mut rng = Rng::new(1);
    let mut scratch = vec![0; model.scratch_words()];
    for class in [0, 1, 3] {
        let right = (0..50)
            .filter(|_| {
                let x = window(&mut rng, class);
                model.infer(&x, &mut scratch).unwrap().verdict.decision == Decision::Class(ClassId(class))
            })
            .count();
        assert!(right > 40, "{class}: {right}");
    }
}

#[test]
fn two_hundred_prototypes_of_48_features_fit_16_kb_with_their_scratch() {
    let words = Params::default().required_words(48);
    let scratch = 48 / 4;
    // What the model keeps besides its memory.
    let state = Model::<0>::bytes();
    assert!(words * 4 + scratch * 4 + state <= 16 * 1024, "{}", words * 4 + scratch * 4 + state);
}

proptest! {
    /// Flooding: any labels, thousands of classes, equal windows, numbers that are none.
    #[test]
    fn nothing_that_comes_in_breaks_it(
        which in 0..STORES.len(), seed: u64, classes in 1u32..65536, kind in 0u8..6, ageing: bool, pruning: bool,
        algorithm in 0usize..3, relevance in 0u8..3, capacity in 1i32..60,
    ) {
        let (store, metric) = STORES[which];
        let mut params = Params::default();
        let on = |b| if b { "on" } else { "off" };
        for (name, text) in [
            ("store", store), ("metric", metric), ("ageing", on(ageing)), ("pruning", on(pruning)),
            ("algorithm", ["tiny-rce", "rce", "rce-aged"][algorithm]), ("relevance", &relevance.to_string()),
            ("prototypes", &capacity.to_string()),
        ] {
            params.set_text(name, text).unwrap();
        }
        let mut model = Box::new(Model::<WORDS>::new());
        model.begin(&params.check(5, WORDS).unwrap()).unwrap();
        let mut scratch = vec![0; model.scratch_words()];
        let mut rng = Rng::new(seed);
        for _ in 0..300 {
            let mut x = [0.0; 5];
            for x in &mut x {
                *x = match kind {
                    0 => 1.5,
                    1 => rng.next_normal(),
                    2 => f32::from_bits(rng.next_u32()),
                    3 => [f32::NAN, f32::INFINITY, f32::MIN, f32::MAX, 0.0, 1e-40][rng.below(6) as usize],
                    4 => rng.next_normal() * 10f32.powi(rng.below(70) as i32 - 35),
                    _ => if rng.below(8) == 0 { f32::NAN } else { rng.next_normal() },
                };
            }
            let class = ClassId(rng.below(classes) as u16);
            model.learn(&x, class, &mut scratch).unwrap();
            let answer = model.infer(&x, &mut scratch).unwrap();
            prop_assert!(!answer.verdict.score.is_nan() && answer.verdict.score >= 0.0, "{answer:?}");
            prop_assert!(model.prototypes() <= capacity as usize && model.prototypes() > 0);
        }
        let bytes = postcard::to_stdvec(&*model).unwrap();
        let mut again = Box::new(Model::<WORDS>::new());
        again.load(&mut postcard::Deserializer::from_bytes(&bytes)).unwrap();
        prop_assert_eq!(postcard::to_stdvec(&*again).unwrap(), bytes);
    }

    /// Bytes from anywhere are a model or an error, and what loads works.
    #[test]
    fn damaged_bytes_are_refused_or_harmless(which in 0..STORES.len(), position in 0usize..4000, value: u8, cut in 0usize..4000) {
        let (store, metric) = STORES[which];
        let mut bytes = postcard::to_stdvec(&*taught(&[("store", store), ("metric", metric)], 60)).unwrap();
        let at = position % bytes.len();
        bytes[at] = value;
        if cut % 3 == 0 {
            bytes.truncate(cut % bytes.len());
        }
        let mut model = Box::new(Model::<WORDS>::new());
        if model.load(&mut postcard::Deserializer::from_bytes(&bytes)).is_ok() {
            let n = model.features();
            let mut scratch = vec![0; model.scratch_words()];
            for i in 0..20 {
                model.learn(&vec![i as f32; n], ClassId(i), &mut scratch).unwrap();
                prop_assert!(!model.infer(&vec![i as f32; n], &mut scratch).unwrap().verdict.score.is_nan());
            }
        } else {
            prop_assert!(!model.has_begun());
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes: Vec<u8>) {
        let mut model = Box::new(Model::<500>::new());
        let _ = model.load(&mut postcard::Deserializer::from_bytes(&bytes));
    }
}
