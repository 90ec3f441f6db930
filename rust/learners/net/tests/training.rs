//! Whole trainings: what is learnt, how it ends, and that models survive being written.
use hone_learn::{ClassId, Decision, Format, Progress, Report, Stop, TrainingSet};
use hone_net::{Ending, Extent, Model, Network, Numbers, Params, Shape, TrainError, Trainer, model_words, required};
use hone_numeric::rng::Rng;
use proptest::prelude::*;

const WIDTH: usize = 12;
const ROWS: usize = 240;
type Set = TrainingSet<{ ROWS * WIDTH }, ROWS, WIDTH>;
type Small = Model<2048>;

/// Three classes that overlap a little, of windows of six frames of two channels: a frequency each.
fn rows(n: usize, seed: u64) -> Vec<([f32; WIDTH], u16)> {
    let mut rng = Rng::new(seed);
    let wave = |class: usize, t: usize| [0.0f32, 1.0, 0.0, -1.0, 0.0, 1.0][(t * (class + 1)) % 6] * 2.0;
    (0..n)
        .map(|i| {
            let class = i % 3;
            (core::array::from_fn(|j| 5.0 + wave(class, j / 2) + 0.7 * rng.next_normal()), 10 + class as u16)
        })
        .collect()
}

fn set(rows: &[([f32; WIDTH], u16)]) -> Box<Set> {
    let mut set = Box::new(Set::new());
    set.edit().clear(Format::I8, WIDTH).unwrap();
    rows.iter().for_each(|(row, class)| set.edit().push(row, Some(ClassId(*class))).unwrap());
    set
}

const WINDOW: Shape = Shape { input: Extent { frames: 6, channels: 2 }, classes: 3 };

fn params(text: &str) -> Params {
    Params { network: Network::parse(text).unwrap(), rate: 0.02, epochs: 30, ..Params::DEFAULT }
}

fn finish(
    trainer: &mut Trainer,
    set: &Set,
    memory: &mut [u32],
    model: &mut Small,
    budget: u32,
) -> Result<Report, TrainError> {
    loop {
        if let Progress::Done(report) = trainer.step(set.view(), memory, model.edit(), budget)? {
            return Ok(report);
        }
    }
}

fn train(params: Params, set: &Set, budget: u32) -> (Small, Report) {
    let checked = params.check(WINDOW).unwrap();
    let (mut memory, mut model) = (vec![0; required(&checked) / 4], Small::new());
    let report = finish(&mut Trainer::new(checked), set, &mut memory, &mut model, budget).unwrap();
    (model, report)
}

fn accuracy(model: &Small, rows: &[([f32; WIDTH], u16)]) -> f32 {
    let mut scratch = vec![0; model.view().scratch_words()];
    let right = |(row, class): &&([f32; WIDTH], u16)| {
        model.infer(row, &mut scratch).decision == Decision::Class(ClassId(*class))
    };
    rows.iter().filter(right).count() as f32 / rows.len() as f32
}

fn bytes(model: &Small) -> Vec<u8> {
    postcard::to_stdvec(model).unwrap()
}

#[test]
fn every_layer_learns_in_every_form() {
    let (learn, test) = (set(&rows(ROWS, 1)), rows(300, 2));
    for text in ["dense16", "", "conv6k3s1,gap", "conv6k3s1,avg2,dense8", "dense6,tconv4k2s2,dense12", "conv5k2s2"] {
        for numbers in [Numbers::Int8, Numbers::Mixed, Numbers::F32] {
            let (model, report) = train(Params { numbers, ..params(text) }, &learn, 10_000);
            assert_eq!(report.stop, Stop::IterationLimit);
            let found = accuracy(&model, &test);
            assert!(found > 0.9, "{text} {numbers:?}: {found}");
        }
    }
}

#[test]
fn settings_change_how_it_learns_and_not_that() {
    let (learn, test) = (set(&rows(ROWS, 1)), rows(300, 2));
    let with = params("conv6k3s1,dense8");
    for params in [
        Params { momentum: 0.8, rate: 0.004, ..with },
        Params { standardise: false, rate: 0.3, ..with },
        Params { rows_least: 0.1, rows_most: 0.5, ..with },
        Params { skip_above: 0.9, ..with },
        Params { batch: 7, hold: 0.2, patience: 20, ..with },
        Params { keep: false, batch: 1, rate: 0.005, ..with },
    ] {
        for numbers in [Numbers::Int8, Numbers::F32] {
            let (model, _) = train(Params { numbers, ..params }, &learn, 10_000);
            let found = accuracy(&model, &test);
            assert!(found > 0.85, "{params:?} {numbers:?}: {found}");
        }
    }
}

#[test]
fn steps_of_any_size_give_the_same_model_and_seeds_another() {
    let learn = set(&rows(ROWS, 1));
    let with = Params { epochs: 3, ..params("conv6k3s1,dense8") };
    let (one, report) = train(with, &learn, 1);
    let (all, other) = train(with, &learn, u32::MAX);
    assert!(bytes(&one) == bytes(&all) && report == other);
    assert_ne!(bytes(&one), bytes(&train(Params { seed: 2, ..with }, &learn, 1).0));
}

#[test]
fn what_is_not_trained_stays() {
    let learn = set(&rows(ROWS, 1));
    let with = Params { epochs: 2, ..params("conv6k3s1,dense8") };
    let (mut model, _) = train(with, &learn, 10_000);
    let before = bytes(&model);
    let checked = Params { last: 1, keep: true, ..with }.check(WINDOW).unwrap();
    let mut memory = vec![0; required(&checked) / 4];
    finish(&mut Trainer::resumes(checked), &learn, &mut memory, &mut model, 10_000).unwrap();
    let after = bytes(&model);
    // Of the output layer 24 weights in six words, three biases, and a word of exponents lie at the end.
    let cut = before.len() - 4 * (6 + 3 + 1);
    assert_eq!(before.len(), after.len());
    let head = before.len() - 4 * model.view().used();
    assert!(before[head..cut] == after[head..cut] && before[cut..] != after[cut..]);
    assert!(memory.len() * 4 < required(&with.check(WINDOW).unwrap()));
}

#[test]
fn training_goes_on_from_a_model_of_the_same_network_alone() {
    let learn = set(&rows(ROWS, 1));
    let with = params("dense8");
    let (mut model, _) = train(Params { epochs: 1, ..with }, &learn, 10_000);
    let first = accuracy(&model, &rows(300, 2));
    let checked = with.check(WINDOW).unwrap();
    let mut memory = vec![0; required(&checked) / 4];
    finish(&mut Trainer::resumes(checked), &learn, &mut memory, &mut model, 10_000).unwrap();
    assert!(accuracy(&model, &rows(300, 2)) > first);
    let kept = bytes(&model);
    let other = params("dense9").check(WINDOW).unwrap();
    let mut memory = vec![0; required(&other) / 4];
    let refused = finish(&mut Trainer::resumes(other), &learn, &mut memory, &mut model, 1).unwrap_err();
    assert_eq!(refused, TrainError::OtherModel);
    let mut more = rows(30, 1);
    more[7].1 = 99;
    let refused =
        finish(&mut Trainer::resumes(checked), &set(&more), &mut vec![0; required(&checked) / 4], &mut model, 1);
    assert_eq!(refused.unwrap_err(), TrainError::OtherClass(ClassId(99)));
    assert_eq!(bytes(&model), kept);
}

#[test]
fn it_stops_early_and_says_so_and_can_be_cancelled() {
    let learn = set(&rows(ROWS, 1));
    let with = Params { epochs: 10_000, hold: 0.2, patience: 5, ..params("dense8") };
    let checked = with.check(WINDOW).unwrap();
    let (mut memory, mut model, mut trainer) = (vec![0; required(&checked) / 4], Small::new(), Trainer::new(checked));
    let report = finish(&mut trainer, &learn, &mut memory, &mut model, 10_000).unwrap();
    assert_eq!((report.stop, trainer.ending()), (Stop::Converged, Ending::Early));
    assert!(report.quality > 0.9 && trainer.last_epoch().held.is_finite());
    let mut trainer = Trainer::new(checked);
    trainer.step(learn.view(), &mut memory, model.edit(), 1000).unwrap();
    trainer.cancel();
    let report = finish(&mut trainer, &learn, &mut memory, &mut model, 1).unwrap();
    assert!(report.stop == Stop::Cancelled && !model.view().is_trained());
}

#[test]
fn a_training_that_diverges_is_found_and_rolled_back() {
    let learn = set(&rows(ROWS, 1));
    let with = Params {
        numbers: Numbers::F32,
        rate: 10.0,
        momentum: 0.99,
        decay: 1.0,
        standardise: false,
        ..params("dense16,dense16")
    };
    let checked = with.check(WINDOW).unwrap();
    let (mut memory, mut model, mut trainer) = (vec![0; required(&checked) / 4], Small::new(), Trainer::new(checked));
    finish(&mut trainer, &learn, &mut memory, &mut model, 10_000).unwrap();
    assert_eq!(trainer.ending(), Ending::Diverged);
    let mut scratch = vec![0; model.view().scratch_words()];
    assert!(model.infer(&[5.0; WIDTH], &mut scratch).score.is_finite());
    let checked = Params { keep: false, ..with }.check(WINDOW).unwrap();
    let refused = finish(&mut Trainer::new(checked), &learn, &mut memory, &mut model, 10_000).unwrap_err();
    assert!(refused == TrainError::Diverged && !model.view().is_trained());
}

#[test]
fn unfit_data_and_too_little_memory_are_told() {
    let checked = params("dense8").check(WINDOW).unwrap();
    let (mut memory, mut model) = (vec![0; required(&checked) / 4], Small::new());
    let mut run =
        |set: &Set, memory: &mut [u32]| finish(&mut Trainer::new(checked), set, memory, &mut model, 1).unwrap_err();
    assert_eq!(run(&set(&[]), &mut memory), TrainError::NoRows);
    let one: Vec<_> = rows(30, 1).into_iter().filter(|r| r.1 == 11).collect();
    assert_eq!(run(&set(&one), &mut memory), TrainError::OneClass(ClassId(11)));
    let mut many = rows(30, 1);
    many[3].1 = 77;
    assert_eq!(run(&set(&many), &mut memory), TrainError::TooManyClasses { capacity: 3 });
    let short = memory.len() - 1;
    assert!(
        matches!(run(&set(&rows(30, 1)), &mut memory[..short]), TrainError::Workspace(s) if s.needed == (short + 1) * 4)
    );
    let mut tiny = Model::<16>::new();
    let refused = Trainer::new(checked).step(set(&rows(30, 1)).view(), &mut memory, tiny.edit(), 1).unwrap_err();
    let (words, _) = model_words(&checked);
    assert!(matches!(refused, TrainError::Model(s) if s.needed == words * 4 && s.available == 64));
}

#[test]
fn no_array_of_the_size_of_weights_is_in_floating_point() {
    // All that a training of 8 bits has, model and workspace, is less than its weights alone would take in `f32`.
    let shape = Shape { input: Extent { frames: 1, channels: 256 }, classes: 10 };
    let checked = Params { network: Network::parse("dense128").unwrap(), ..Params::DEFAULT }.check(shape).unwrap();
    let weights = 256 * 128 + 128 * 10;
    let (words, _) = model_words(&checked);
    assert!(words * 4 + required(&checked) < weights * 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_damaged_model_is_refused_or_judges(at in 0usize..400, value in any::<u8>(), cut in 0usize..2000) {
        use std::sync::OnceLock;
        static WRITTEN: OnceLock<Vec<u8>> = OnceLock::new();
        let good = WRITTEN.get_or_init(|| bytes(&train(Params { epochs: 1, ..params("conv6k3s1,dense8") }, &set(&rows(60, 1)), 1000).0));
        let mut model = Small::new();
        postcard::from_bytes_into(good, &mut model);
        prop_assert_eq!(&bytes(&model), good);
        let mut bad = good.clone();
        let at = at % bad.len();
        bad[at] = value;
        bad.truncate(bad.len().min(cut.max(good.len() / 2)));
        let mut model = Small::new();
        postcard::from_bytes_into(&bad, &mut model);
        let mut scratch = vec![0; model.view().scratch_words()];
        let _ = model.infer(&[5.0; WIDTH], &mut scratch);
        prop_assert!(!model.view().is_trained() || bad.len() == good.len());
    }
}

/// Loads what can be loaded.
mod postcard {
    pub use ::postcard::to_stdvec;
    pub fn from_bytes_into<const W: usize>(bytes: &[u8], model: &mut hone_net::Model<W>) {
        let mut from = ::postcard::Deserializer::from_bytes(bytes);
        let _ = model.load(&mut from);
    }
}

#[test]
fn a_training_takes_no_more_with_fewer_classes() {
    let input = Extent { frames: 1, channels: 48 };
    for units in [4, 8, 10, 32, 63, 64] {
        for (numbers, keep, momentum, rows_least) in [
            (Numbers::Int8, true, 0.0, 1.0),
            (Numbers::Int8, false, 0.9, 0.1),
            (Numbers::Mixed, true, 0.0, 1.0),
            (Numbers::F32, true, 0.0, 1.0),
            (Numbers::F32, false, 0.9, 1.0),
        ] {
            let params = Params { numbers, keep, momentum, rows_least, ..params(&format!("dense{units}")) };
            let needs = |classes| {
                let checked = params.check(Shape { input, classes }).unwrap();
                let (model, scratch) = model_words(&checked);
                [required(&checked), model, scratch]
            };
            let most = needs(64);
            for classes in 2..64 {
                let fewer = needs(classes);
                let fits = fewer.iter().zip(most).all(|(a, b)| *a <= b);
                assert!(fits, "{numbers:?}, {units} units, {classes} classes: {fewer:?} of {most:?}");
            }
        }
    }
}
