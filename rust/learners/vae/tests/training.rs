//! Whole trainings by the contract: what is learnt, how it ends, what is refused, and that models survive being written.

use hone_learn::learner::{Answer, Given, Input, Learner as _, Lent, Part, Setup, Shape, Start, Wants};
use hone_learn::payload::PayloadError;
use hone_learn::sink::Counter;
use hone_learn::text::Out;
use hone_learn::threshold::Rule;
use hone_learn::{Decision, Faults, Format, Micros, ParamError, Progress, Report, Stop, TrainingSet, WindowView};
use hone_net::{Ending, TrainError};
use hone_numeric::rng::Rng;
use hone_vae::learner::Vae;
use hone_vae::{Fault, Numbers, Params, Trained, Training, model_words, scratch_words};
use proptest::prelude::*;

const WIDTH: usize = 12;
const ROWS: usize = 240;
/// Room for the same in `f32`.
const WORDS: usize = 2048;
type Set = TrainingSet<{ ROWS * WIDTH }, ROWS, WIDTH>;
type Learner = Vae<WORDS, { scratch_words(WIDTH, 64, 32) }, 16, 4>;
type Row = [f32; WIDTH];

/// Rows that two numbers make: feature j is a·sin j + b·cos j, with some noise, in units of its own. With a `twist` every other feature
/// goes the other way; of `calm` rows the two numbers are about 0, and so is the noise.
fn rows(n: usize, seed: u64, twist: bool, calm: f32) -> Vec<Row> {
    let mut rng = Rng::new(seed);
    (0..n)
        .map(|_| {
            let (a, b) = (rng.next_normal() * calm, rng.next_normal() * calm);
            core::array::from_fn(|j| {
                let x = a * (j as f32).sin() + b * (j as f32).cos();
                let x = if twist && j % 2 == 0 { -x } else { x };
                5.0 + (j + 1) as f32 * (x + 0.3 * calm * rng.next_normal())
            })
        })
        .collect()
}

fn set(rows: &[Row]) -> Box<Set> {
    let mut set = Box::new(Set::new());
    set.edit().clear(Format::F32, WIDTH).unwrap();
    rows.iter().for_each(|row| set.edit().push(row, None).unwrap());
    set
}

fn setup(start: Start) -> Setup {
    Setup { shape: Shape { inputs: WIDTH as u16, frames: 1 }, rows: ROWS as u16, start, ..Setup::default() }
}

struct Text(String);

impl Out for Text {
    fn str(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

struct Run {
    model: Box<Trained<WORDS>>,
    training: Training,
    result: Result<Report, Fault>,
}

fn run(params: Params, set: &Set, earlier: Option<&Trained<WORDS>>, budget: u32) -> Run {
    let setup = setup(if earlier.is_some() { Start::Resume } else { Start::Afresh });
    let checked = Learner::check(&params, &setup).unwrap();
    let mut workspace = vec![0xdead_beef; Learner::required(&checked, &setup).bytes / 4];
    let (mut model, mut training) = (Box::new(Learner::EMPTY), Learner::begin(&checked));
    let result = loop {
        let lent = Lent { model: &mut *model, earlier, workspace: &mut workspace, budget };
        assert_eq!(Learner::wants(&training), Wants::Rows);
        match Learner::step(&mut training, &Given::Rows(set.view()), lent) {
            Ok(Progress::Running { .. }) => {}
            Ok(Progress::Done(report)) => break Ok(report),
            Err(fault) => break Err(fault),
        }
    };
    assert_eq!(Learner::wants(&training), Wants::Nothing);
    Run { model, training, result }
}

fn train(params: Params, set: &Set) -> Run {
    let run = run(params, set, None, 20_000);
    assert!(run.result.is_ok(), "{:?}", run.result);
    run
}

fn input(row: &[f32]) -> Input<'_> {
    let window =
        WindowView { samples: &[], channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
    Input { window, row, beside: None }
}

fn answers(model: &Trained<WORDS>, rows: &[Row]) -> Vec<Answer> {
    let mut scratch = Learner::SCRATCH;
    rows.iter().map(|row| Learner::infer(model, &input(row), &mut scratch).unwrap()).collect()
}

fn anomalous(model: &Trained<WORDS>, rows: &[Row]) -> f32 {
    let found = answers(model, rows).iter().filter(|a| a.verdict.decision == Decision::Anomalous).count();
    found as f32 / rows.len() as f32
}

fn bytes(model: &Trained<WORDS>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sink = |data: &[u8]| {
        bytes.extend_from_slice(data);
        Ok(())
    };
    Learner::write(model, &mut sink).unwrap();
    bytes
}

/// For rows that are few, and differ little.
const KEEN: Params = Params { k: 2.0, ..Params::DEFAULT };

#[test]
fn what_breaks_the_pattern_is_found_in_every_form_and_integers_learn_as_much() {
    let learn = set(&rows(ROWS, 1, false, 1.0));
    let mut losses = Vec::new();
    for numbers in [Numbers::F32, Numbers::Int8, Numbers::Mixed] {
        let mut held = 0.0;
        for seed in 1..=3 {
            let Run { model, training, result } = train(Params { numbers, seed, ..KEEN }, &learn);
            let report = result.unwrap();
            assert!(report.quality > 0.02 && report.quality < 0.3, "{numbers:?}: {report:?}");
            held += training.last_epoch().unwrap().held / 3.0;
            let (well, ill) =
                (anomalous(&model, &rows(200, 2, false, 1.0)), anomalous(&model, &rows(200, 3, true, 1.0)));
            assert!(well < 0.1 && ill > 0.8, "{numbers:?} {seed}: {well} {ill}");
        }
        losses.push(held);
    }
    // Means of three trainings: of the loss of who knows nothing, 6, about half is left, and integers lose a seventh at most.
    let [real, int8, mixed] = losses[..] else { panic!() };
    assert!(real < 4.5 && (int8 - real).abs() < 0.15 * real && (mixed - real).abs() < 0.15 * real, "{losses:?}");
}

#[test]
fn rows_that_are_too_quiet_are_anomalous_by_the_two_sided_rule_alone() {
    let (learn, calm) = (set(&rows(ROWS, 1, false, 1.0)), rows(100, 2, false, 0.1));
    let Run { model, .. } = train(KEEN, &learn);
    assert!(anomalous(&model, &calm) > 0.9);
    let Run { model, .. } = train(Params { rule: Rule::Sigma, k: 3.0, ..KEEN }, &learn);
    assert_eq!(anomalous(&model, &calm), 0.0);
    let Run { model, .. } = train(Params { rule: Rule::Quantile, ..KEEN }, &learn);
    assert!(anomalous(&model, &rows(100, 3, true, 1.0)) > 0.7 && anomalous(&model, &rows(200, 4, false, 1.0)) < 0.2);
}

#[test]
fn a_verdict_is_preliminary_until_its_average_is_full_and_again_after_a_reset() {
    let Run { model, .. } = train(Params { average: 3, ..Params::DEFAULT }, &set(&rows(ROWS, 1, false, 1.0)));
    let mut ill = rows(3, 3, true, 5.0);
    ill[0] = rows(1, 1, false, 1.0)[0];
    let mut scratch = Learner::SCRATCH;
    for _ in 0..2 {
        let warm: Vec<_> = ill.iter().map(|row| Learner::infer(&model, &input(row), &mut scratch).unwrap()).collect();
        assert_eq!(warm.iter().map(|a| a.warm).collect::<Vec<_>>(), [false, false, true]);
        let decisions: Vec<_> = warm.iter().map(|a| a.verdict.decision).collect();
        assert_eq!(decisions, [Decision::Normal, Decision::Anomalous, Decision::Anomalous]);
        assert!(warm[0].alone == Some(warm[0].verdict.score) && warm[2].alone > Some(1.0));
        Learner::reset(&mut scratch);
    }
}

#[test]
fn latent_numbers_are_those_that_the_rows_are_made_of() {
    let Run { model, .. } = train(Params { latent: 2, ..Params::DEFAULT }, &set(&rows(ROWS, 1, false, 1.0)));
    let (mut scratch, mut row) = (Learner::SCRATCH, [9.0; WIDTH]);
    // Rows of opposite numbers lie on opposite sides of the mean, and those of none near 0.
    let of = |a: f32| core::array::from_fn::<f32, WIDTH, _>(|j| 5.0 + (j + 1) as f32 * a * (j as f32).sin());
    let mut encoded = |a: f32| {
        assert_eq!(Learner::encode(&model, &input(&of(a)), &mut scratch, &mut row), Some(2));
        [row[0], row[1]]
    };
    let ([a, b], [c, d], [e, f]) = (encoded(1.5), encoded(-1.5), encoded(0.0));
    assert!(a * c + b * d < -0.5 && e.hypot(f) < 0.4, "{a} {b}, {c} {d}, {e} {f}");
    assert_eq!(Learner::encode(&model, &input(&of(1.0)[1..]), &mut scratch, &mut row), None);
    assert_eq!(Learner::encode(&model, &input(&of(1.0)), &mut scratch, &mut row[..1]), None);
}

#[test]
fn steps_of_any_size_give_the_same_model_and_seeds_another() {
    let learn = set(&rows(60, 1, false, 1.0));
    let with = Params { epochs: 3, ..Params::DEFAULT };
    let (one, all) = (run(with, &learn, None, 1), run(with, &learn, None, u32::MAX));
    assert!(bytes(&one.model) == bytes(&all.model) && one.result == all.result);
    assert_ne!(bytes(&one.model), bytes(&run(Params { seed: 2, ..with }, &learn, None, 1000).model));
}

#[test]
fn it_stops_early_goes_on_and_falls_back_when_it_diverges() {
    let learn = set(&rows(ROWS, 1, false, 1.0));
    let early = train(Params { epochs: 10_000, patience: 4, ..Params::DEFAULT }, &learn);
    assert_eq!((early.result.unwrap().stop, early.training.ending()), (Stop::Converged, Ending::Early));
    let first = train(Params { epochs: 1, ..Params::DEFAULT }, &learn);
    let loss = |run: &Run| run.training.last_epoch().unwrap().held;
    let again = run(Params { epochs: 10, ..Params::DEFAULT }, &learn, Some(&first.model), 1000);
    assert!(again.result.is_ok() && loss(&again) < loss(&first), "{} {}", loss(&again), loss(&first));
    let other = run(Params { units: 9, ..Params::DEFAULT }, &learn, Some(&first.model), 1000);
    assert_eq!(other.result, Err(Fault::Train(TrainError::OtherModel)));
    let wild = Params { rate: 10.0, decay: 1.0, numbers: Numbers::F32, patience: 0, ..Params::DEFAULT };
    let wild = train(wild, &learn);
    assert_eq!(wild.training.ending(), Ending::Diverged);
    assert!(answers(&wild.model, &rows(20, 2, false, 1.0)).iter().all(|a| a.verdict.score.is_finite()));
}

#[test]
fn what_cannot_be_learnt_is_told() {
    let fault = |rows: &[Row]| run(Params::DEFAULT, &set(rows), None, 1000).result.unwrap_err();
    assert_eq!(fault(&[]), Fault::FewRows { found: 0 });
    assert_eq!(fault(&rows(1, 1, false, 1.0)), Fault::FewRows { found: 1 });
    assert_eq!(fault(&[[3.0; WIDTH]; 20]), Fault::Constant);
    for fault in [
        Fault::FewRows { found: 1 },
        Fault::Constant,
        Fault::NoThreshold,
        Fault::Train(TrainError::Diverged),
        Fault::Train(TrainError::OtherModel),
    ] {
        let mut text = Text(String::new());
        Learner::explain(&fault, &mut text);
        assert!(text.0.len() > 20, "{fault:?}: {}", text.0);
    }
    let refused = Learner::check(&Params { units: 512, ..Params::DEFAULT }, &setup(Start::Afresh));
    assert!(matches!(refused, Err(ParamError::Capacity { .. })), "{refused:?}");
    let refused = Learner::check(&Params { latent: 0, ..Params::DEFAULT }, &setup(Start::Afresh));
    assert!(matches!(refused, Err(ParamError::Invalid(s)) if s.name == "latent"), "{refused:?}");
    let whole = Setup { part: Part::Whole, ..setup(Start::Afresh) };
    assert!(Learner::check(&Params::DEFAULT, &whole).is_ok());
}

#[test]
fn nothing_is_ever_not_a_number() {
    let mut few = rows(9, 1, false, 1.0);
    // A feature that never changes, and one that is almost always the same.
    few.iter_mut().enumerate().for_each(|(i, row)| (row[4], row[5]) = (7.0, if i == 3 { 1e6 } else { 0.0 }));
    for hold in [0.0, 0.1, 0.5] {
        for numbers in [Numbers::Int8, Numbers::F32] {
            let Run { model, result, .. } = train(Params { hold, numbers, ..Params::DEFAULT }, &set(&few));
            assert!(result.unwrap().quality.is_finite());
            for odd in [f32::NAN, f32::INFINITY, f32::MAX, -1e30, 1e30] {
                let mut scratch = Learner::SCRATCH;
                let mut answer = None;
                for _ in 0..8 {
                    answer = Learner::infer(&model, &input(&[odd; WIDTH]), &mut scratch);
                }
                let verdict = answer.unwrap().verdict;
                assert!(!verdict.score.is_nan() && verdict.decision == Decision::Anomalous, "{odd}: {verdict:?}");
            }
        }
    }
}

#[test]
fn no_array_of_the_size_of_weights_is_in_floating_point() {
    // All that a training has, model and workspace, is less than its weights alone would take in `f32`.
    let checked = Params { units: 128, ..Params::DEFAULT }.check(256).unwrap();
    let weights = 4 * (2 * 256 * 128 + 8 * 128 + 4 * 128);
    assert!(checked.words().0 * 4 + checked.required(64) < weights);
    // And what a capacity says is what a model takes.
    for (features, units, latent) in [(48, 16, 4), (12, 7, 3), (24, 24, 8), (3, 40, 1)] {
        let with = Params { units: units as u16, latent: latent as u16, ..Params::DEFAULT };
        let (model, scratch) = with.check(features as u16).unwrap().words();
        assert_eq!(model, model_words(features, units, latent), "{features} {units} {latent}");
        let room = scratch_words(features, units, latent);
        assert!(scratch <= room && room < 2 * scratch + 40, "{scratch} {room}");
        let (_, scratch) = Params { numbers: Numbers::F32, ..with }.check(features as u16).unwrap().words();
        assert!(scratch <= room, "{scratch} {room}");
    }
}

fn written() -> &'static (Params, Vec<u8>) {
    use std::sync::OnceLock;
    static WRITTEN: OnceLock<(Params, Vec<u8>)> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let with = Params { epochs: 2, ..Params::DEFAULT };
        (with, bytes(&train(with, &set(&rows(60, 1, false, 1.0))).model))
    })
}

#[test]
fn a_model_survives_being_written() {
    let learn = set(&rows(60, 1, false, 1.0));
    for numbers in [Numbers::Int8, Numbers::Mixed, Numbers::F32] {
        let with = Params { epochs: 2, numbers, ..Params::DEFAULT };
        let Run { model, .. } = train(with, &learn);
        let mut read = Box::new(Learner::EMPTY);
        let result = Learner::read(&mut read, Learner::layout(&model), &with, &bytes(&model));
        assert_eq!(result, Ok(()), "{numbers:?}");
        let test = rows(50, 2, true, 1.0);
        assert_eq!(answers(&read, &test), answers(&model, &test));
        assert_eq!(bytes(&read), bytes(&model));
        assert_eq!(Learner::read(&mut read, 9, &with, &bytes(&model)), Err(PayloadError::Layout));
    }
    assert!(Learner::write(&Learner::EMPTY, &mut Counter::default()).is_err());
    let mut text = Text(String::new());
    let (with, good) = written();
    let mut model = Box::new(Learner::EMPTY);
    Learner::read(&mut model, 1, with, good).unwrap();
    Learner::about(&model, &mut text);
    let text = text.0;
    assert!(text.contains("makes 12 numbers anew of 4\n") && text.contains("dense, 8 units: 8 out"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_damaged_model_is_refused_or_judges(at in 0usize..2000, value in any::<u8>(), cut in 0usize..4000) {
        let (with, good) = written();
        let mut bad = good.clone();
        let at = at % bad.len();
        bad[at] = value;
        bad.truncate(bad.len().min(cut.max(good.len() / 2)));
        let mut model = Box::new(Learner::EMPTY);
        let read = Learner::read(&mut model, 1, with, &bad);
        prop_assert!(read.is_err() || bad.len() == good.len());
        prop_assert!(read.is_ok() || bad != *good);
        if read.is_ok() {
            let score = answers(&model, &rows(8, 2, false, 1.0))[7].verdict.score;
            prop_assert!(!score.is_nan());
        }
    }
}
