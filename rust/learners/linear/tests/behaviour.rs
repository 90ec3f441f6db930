//! Inputs that go wrong end in a word or a wider interval; models saved and read; any bytes as a model.
use hone_learn::{ClassId, Decision, Format, ParamError, Progress, Settings, Stop, TrainingSet, Value};
use hone_linear::{
    Ground, Kind, Model, Outcome, Params, Shape, Solver, State, Task, TrainError, Trainer, model_words, required,
};
use hone_numeric::rng::Rng;
use proptest::prelude::*;

const SECOND: u64 = 1_000_000;
const SHAPE: Shape = Shape { channels: 3, inputs: 12, interval: SECOND };
type Numbers = Model<{ model_words(3, 12, true) }>;
type Set = TrainingSet<4096, 512, 8>;

fn begun(params: Params) -> Numbers {
    let mut model = Numbers::new();
    model.edit().begin(&params.check(SHAPE).unwrap()).unwrap();
    model
}

fn finite(outcome: &Outcome) -> bool {
    outcome.mean.is_finite() && outcome.half.is_finite() && outcome.verdict.score.is_finite()
}

fn train(set: &Set, params: Params, model: &mut Numbers) -> Result<Stop, TrainError> {
    let width = set.view().width();
    let checked = params.check(Shape { channels: width, inputs: 12, interval: 1 }).unwrap();
    let mut workspace = vec![0; required(&checked, 32) / 4];
    let mut trainer = Trainer::new(checked);
    loop {
        if let Progress::Done(report) = trainer.step(set.view(), &mut workspace, model.edit(), 1000)? {
            return Ok(report.stop);
        }
    }
}

fn set(rows: impl IntoIterator<Item = (Vec<f32>, Option<u16>)>) -> Set {
    let mut set = Set::new();
    for (row, class) in rows {
        if set.view().is_empty() {
            set.edit().clear(Format::F32, row.len()).unwrap();
        }
        set.edit().push(&row, class.map(ClassId)).unwrap();
    }
    set
}

const OTHERS: Params = Params { lags: 0, others: true, task: Task::Regression, ..Params::DEFAULT };

#[test]
fn table_and_fields_agree_and_are_checked() {
    use hone_learn::Kind as Range;
    let mut p = Params::default();
    for (i, s) in Params::SETTINGS.iter().enumerate() {
        let value = p.get(i).unwrap();
        assert!(s.accepts(value), "{}", s.name);
        let other = match s.kind {
            Range::Int { max, .. } => Value::Int(max),
            Range::Real { max, .. } => Value::Real(max),
            Range::Flag => Value::Flag(value == Value::Flag(false)),
            Range::Choice(w) => Value::Choice((w.len() - 1) as u8),
            Range::Text(_) => value,
        };
        p.set(i, other).unwrap();
        assert_eq!(p.get(i), Some(other), "{}", s.name);
        let bad = match s.kind {
            Range::Real { max, .. } => Value::Real(max * 2.0),
            Range::Int { min, .. } => Value::Int(min - 1),
            _ => continue,
        };
        let mut p = Params::default();
        assert!(matches!(p.set(i, bad), Err(ParamError::Invalid(at)) if at.name == s.name), "{}", s.name);
        // One that a field can hold is found when all are checked.
        if p.store(i, bad) {
            assert!(matches!(p.check(SHAPE), Err(ParamError::Invalid(at)) if at.name == s.name), "{}", s.name);
        }
    }
    assert!(matches!(Params { lags: 13, ..OTHERS }.check(SHAPE), Err(ParamError::Capacity { name: "inputs", .. })));
    assert!(matches!(Params { target: 3, ..OTHERS }.check(SHAPE), Err(ParamError::Capacity { name: "target", .. })));
    let recursive = Params { task: Task::Classes, solver: Solver::Recursive, ..OTHERS };
    assert!(matches!(recursive.check(SHAPE), Err(ParamError::Conflict(_))));
    let fast = Params { harmonics: 2, period: 3.0, ..OTHERS };
    assert!(matches!(fast.check(SHAPE), Err(ParamError::Conflict(_))));
}

#[test]
fn a_level_a_trend_and_a_period_are_followed_at_any_rate() {
    for interval in [1000, 60 * SECOND] {
        let shape = Shape { channels: 1, inputs: 5, interval };
        let period = 1440.0 * interval as f32 / 1e6;
        let params =
            Params { lags: 0, trend: true, harmonics: 2, period, frames: 4000, in_a_row: 2, ..Params::DEFAULT };
        let (mut model, mut state) = (Model::<{ model_words(1, 5, true) }>::new(), State::<6>::new());
        model.edit().begin(&params.check(shape).unwrap()).unwrap();
        let mut rng = Rng::new(4);
        let mut value = |i: u64| {
            let turns = i as f32 / 1440.0;
            20.0 + 0.001 * i as f32
                + 3.0 * (turns * core::f32::consts::TAU).sin()
                + (2.0 * turns * core::f32::consts::TAU).cos()
                + 0.1 * rng.next_normal()
        };
        for i in 0..4100 {
            model.edit().observe(&[value(i)], i * interval, &mut state);
        }
        // The trend goes on over a gap of a day, less surely, and nothing but the time is needed after it.
        let before = model.view().judge(&[value(4100)], 4100 * interval, &mut state);
        let after = model.view().judge(&[value(5600)], 5600 * interval, &mut state);
        let much_later = model.view().judge(&[value(40_000)], 40_000 * interval, &mut state);
        for outcome in [before, after, much_later] {
            assert_eq!((outcome.ground, outcome.verdict.decision), (Ground::Learnt, Decision::Normal));
        }
        assert!((0.15..0.25).contains(&before.half) && after.half > before.half && much_later.half > after.half);
        // A heater that fails: two in a row are the anomaly.
        let off = [4102, 4103].map(|i| model.view().judge(&[value(i) - 2.0], i * interval, &mut state));
        assert_eq!(off.map(|o| o.verdict.decision), [Decision::Normal, Decision::Anomalous]);
        assert!(off.iter().all(|o| o.verdict.score > 5.0));
    }
}

#[test]
fn degenerate_streams_end_in_a_word() {
    let params = Params { lags: 2, others: true, frames: 200, ..Params::DEFAULT };
    let (mut model, mut state) = (begun(params), State::<13>::new());
    let mut rng = Rng::new(1);
    // A constant channel, and one that is twice the target.
    let mut frame = || {
        let x = rng.next_normal();
        [x, 7.0, 2.0 * x]
    };
    let mut grounds = Vec::new();
    for i in 1..300 {
        let outcome = model.edit().observe(&frame(), i * SECOND, &mut state);
        assert!(finite(&outcome));
        if grounds.last() != Some(&outcome.ground) {
            grounds.push(outcome.ground);
        }
    }
    assert_eq!(grounds, [Ground::Scaling, Ground::Gap, Ground::Learning, Ground::Learnt]);
    // The constant channel moves: nothing learnt bears upon that.
    let outcome = model.view().judge(&[1.0, 8.0, 2.0], 300 * SECOND, &mut state.clone());
    assert_eq!((outcome.ground, outcome.verdict.decision), (Ground::Unfounded, Decision::Unknown));
    assert!(finite(&outcome) && outcome.half > 100.0 * model.view().deviation());
    let outcome = model.view().judge(&[1.0, f32::NAN, 2.0], 300 * SECOND, &mut state);
    assert_eq!(outcome.ground, Ground::NotUsable);
    // A gap: lags are filled anew.
    let later = [400, 401, 402].map(|i| model.view().judge(&frame(), i * SECOND, &mut state).ground);
    assert_eq!(later, [Ground::Gap, Ground::Gap, Ground::Learnt]);
    assert_eq!(model.view().judge(&frame(), 10 * SECOND, &mut state).ground, Ground::Gap);
    assert_eq!(model.view().judge(&[1.0], 11 * SECOND, &mut state).ground, Ground::NoModel);
    assert_eq!(Numbers::new().view().judge(&frame(), SECOND, &mut state).ground, Ground::NoModel);
}

#[test]
fn what_is_not_excited_stays_finite_while_all_else_is_forgotten() {
    let params = Params { lags: 3, others: true, trend: true, forgetting: 0.9, frames: 100_000_000, ..Params::DEFAULT };
    let (mut model, mut state) = (begun(params), State::<13>::new());
    for i in 1..100_000 {
        let outcome = model.edit().observe(&[5.0, 1.0, 1.0], i * SECOND, &mut state);
        assert!(finite(&outcome), "{i} {outcome:?}");
    }
    assert!((model.edit().observe(&[5.0, 1.0, 1.0], 100_000 * SECOND, &mut state).mean - 5.0).abs() < 1e-3);
}

#[test]
fn adapting_follows_a_drift_and_not_a_fault() {
    let params = Params { lags: 0, frames: 200, adapt: true, forgetting: 0.98, ..Params::DEFAULT };
    let (mut model, mut state) = (begun(params), State::<13>::new());
    let mut rng = Rng::new(2);
    let mut step = |i: u64, shift: f32| {
        let value = 20.0 + 0.002 * i as f32 + shift + rng.next_normal();
        model.edit().observe(&[value, 0.0, 0.0], i * SECOND, &mut state)
    };
    let drift: Vec<Outcome> = (1..5000).map(|i| step(i, 0.0)).collect();
    let alarms = drift.iter().filter(|o| o.verdict.decision == Decision::Anomalous).count();
    assert!(alarms < 20, "{alarms}");
    assert!((drift.last().unwrap().mean - 30.0).abs() < 0.7);
    let fault: Vec<Outcome> = (5000..5500).map(|i| step(i, 10.0)).collect();
    assert!(fault.iter().skip(3).all(|o| o.verdict.decision == Decision::Anomalous));
    assert!(fault.last().unwrap().mean < 32.0);
}

#[test]
fn degenerate_sets_end_in_a_word() {
    let mut model = Numbers::new();
    let row = |x: f32| (vec![x, 1.0, 2.0 * x], None);
    assert_eq!(train(&set([row(1.0)]), OTHERS, &mut model), Err(TrainError::TooFew { rows: 1, needed: 5 }));
    let constant = Params { target: 1, ..OTHERS };
    assert_eq!(train(&set((0..20).map(|i| row(i as f32))), constant, &mut model), Err(TrainError::Constant));
    let classes = Params { task: Task::Classes, ..OTHERS };
    let one = set((0..20).map(|i| (vec![i as f32, 1.0], Some(4))));
    assert_eq!(train(&one, classes, &mut model), Err(TrainError::OneClass(ClassId(4))));
    assert_eq!(
        train(&set((0..20).map(|i| row(i as f32))), classes, &mut model),
        Err(TrainError::TooFew { rows: 0, needed: 2 })
    );
    assert_eq!(model.view().kind(), Kind::Untrained);
    // Collinear to the bit, and a constant column: the fit is exact all the same.
    let mut rng = Rng::new(3);
    let rows: Vec<_> = (0..200).map(|_| row(rng.next_normal())).collect();
    for solver in [Solver::ClosedForm, Solver::Recursive, Solver::Gradient] {
        train(&set(rows.clone()), Params { solver, ..OTHERS }, &mut model).unwrap();
        let outcome = model.view().judge(&[0.5, 1.0, 1.0], 1, &mut State::<13>::new());
        assert!(finite(&outcome) && (outcome.mean - 0.5).abs() < 1e-3, "{solver:?} {outcome:?}");
    }
    let same: Vec<_> = (0..200)
        .map(|_| {
            let x = rng.next_normal();
            (vec![x + rng.next_normal(), x, x], None)
        })
        .collect();
    for solver in [Solver::ClosedForm, Solver::Recursive] {
        train(&set(same.clone()), Params { solver, ..OTHERS }, &mut model).unwrap();
        let known = model.view().judge(&[1.0, 1.0, 1.0], 1, &mut State::<13>::new());
        // The two part: no row said anything of that.
        let new = model.view().judge(&[1.0, 1.0, -1.0], 1, &mut State::<13>::new());
        assert!(finite(&known) && finite(&new), "{solver:?}");
        assert!((known.mean - 1.0).abs() < 0.5 && new.half > 10.0 * known.half, "{solver:?} {known:?} {new:?}");
    }
}

/// A model of numbers that learns on, and one of classes, as bytes.
fn saved() -> [Vec<u8>; 2] {
    let params = Params { lags: 2, others: true, trend: true, frames: 100, adapt: true, ..Params::DEFAULT };
    let (mut model, mut state) = (begun(params), State::<13>::new());
    let mut rng = Rng::new(9);
    for i in 1..150 {
        let frame = core::array::from_fn::<f32, 3, _>(|_| rng.next_normal());
        model.edit().observe(&frame, i * SECOND, &mut state);
    }
    let rows =
        (0..60).map(|i| ((0..4).map(|j| rng.next_normal() + f32::from(u8::from(i % 3 == j))).collect(), Some(i % 3)));
    let mut classes = Numbers::new();
    train(&set(rows), Params { task: Task::Classes, ..OTHERS }, &mut classes).unwrap();
    [postcard::to_stdvec(&model).unwrap(), postcard::to_stdvec(&classes).unwrap()]
}

fn load(bytes: &[u8], model: &mut Numbers) -> bool {
    let mut deserializer = postcard::Deserializer::from_bytes(bytes);
    model.load(&mut deserializer).is_ok()
}

#[test]
fn a_model_read_again_goes_on_to_the_bit() {
    for bytes in saved() {
        let mut model = Numbers::new();
        assert!(load(&bytes, &mut model));
        assert_eq!(postcard::to_stdvec(&model).unwrap(), bytes);
        for end in 0..bytes.len() {
            assert!(!load(&bytes[..end], &mut model) && model.view().kind() == Kind::Untrained, "{end}");
        }
        assert!(!load(&bytes, &mut model) || model.view().used() > 0);
        assert!(Model::<8>::new().load(&mut postcard::Deserializer::from_bytes(&bytes)).is_err());
    }
    assert!(postcard::to_stdvec(&Numbers::new()).is_err());
    // Channels, target and lags whose number of inputs is beyond 16 bits.
    assert!(!load(&[1, 1, 164, 255, 3, 17, 180, 2, 128, 1, 170, 3], &mut Numbers::new()));
    // The same frames into the one that was saved and the one that was read.
    let [bytes, _] = saved();
    let mut models = [Numbers::new(), Numbers::new()];
    models.iter_mut().for_each(|m| assert!(load(&bytes, m)));
    let [mut a, mut b] = models;
    let (mut state, mut other, mut rng) = (State::<13>::new(), State::<13>::new(), Rng::new(1));
    for i in 200..400 {
        let frame = core::array::from_fn::<f32, 3, _>(|_| rng.next_normal());
        let first = a.edit().observe(&frame, i * SECOND, &mut state);
        if i == 300 {
            let bytes = postcard::to_stdvec(&a).unwrap();
            assert!(load(&bytes, &mut b));
            other = state.clone();
        } else if i > 300 {
            assert_eq!(first, b.edit().observe(&frame, i * SECOND, &mut other));
        }
    }
}

/// Whatever a model taken says is finite, also while it learns.
fn examine(model: &mut Numbers, numbers: &[f32]) {
    let (channels, mut state) = (model.view().channels(), State::<13>::new());
    for (i, row) in numbers.chunks(channels.max(1)).enumerate() {
        let verdict = model.view().infer(row, &mut state);
        assert!(verdict.score.is_finite());
        let outcome = model.edit().observe(row, (i as u64 + 1) * SECOND, &mut state);
        assert!(finite(&outcome), "{outcome:?}");
    }
}

proptest! {
    #[test]
    fn any_change_of_a_model_is_refused_or_harmless(which in 0usize..2, changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6), numbers in proptest::collection::vec(any::<f32>(), 0..200)) {
        let mut bytes = saved()[which].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut model = Numbers::new();
        if load(&bytes, &mut model) {
            examine(&mut model, &numbers);
        } else {
            prop_assert_eq!(model.view().kind(), Kind::Untrained);
        }
    }

    #[test]
    fn any_stream_gives_finite_figures(forgetting in 0.5f32..=1.0, ridge in prop_oneof![Just(1e-8f32), Just(1e-6), Just(1.0), Just(1e6)], numbers in proptest::collection::vec(prop_oneof![any::<f32>(), -10.0f32..10.0, Just(0.0), Just(1e18), Just(-1e18)], 200..900)) {
        let params = Params { lags: 4, others: true, trend: true, harmonics: 2, period: 77.0, forgetting, ridge, frames: 64, adapt: true, ..Params::DEFAULT };
        let (mut model, mut state) = (begun(params), State::<13>::new());
        let mut time = 0u64;
        for frame in numbers.chunks_exact(3) {
            // Now and then a gap, or back in time.
            time = time.wrapping_add(SECOND).wrapping_add(if frame[0] == 0.0 { u64::from(frame[1].to_bits()) * 1000 } else { 0 });
            let outcome = model.edit().observe(frame, time, &mut state);
            prop_assert!(finite(&outcome), "{:?}", outcome);
        }
        prop_assert!(model.view().coefficients().iter().all(|c| !c.is_nan()));
    }
}
