//! By the contract: a stream is learnt from windows, judged, saved and read; what a restart, a gap and a trend do; classes.
#![cfg(feature = "set")]

use hone_learn::learner::{Answer, Given, Input, Learner, Lent, Sees, Setup, Shape, Start, Wants};
use hone_learn::sink::SliceSink;
use hone_learn::text::Line;
use hone_learn::{ClassId, Decision, Faults, Format, Micros, ParamError, Progress, Report, TrainingSet, WindowView};
use hone_linear::learner::{Fault, Linear};
use hone_linear::{Params, Source, Task, columns_for, model_words, words_for};
use hone_numeric::rng::Rng;

type L = Linear<12, 4, { words_for(4, 12, 6) }, { columns_for(12, 6) }, { model_words(2, 12, true) }>;
type Kept = <L as Learner>::Model;
type Scratch = <L as Learner>::Scratch;

const MINUTE: u64 = 60_000_000;
const FRAMES: usize = 16;
const SETUP: Setup = Setup {
    shape: Shape { inputs: 1, frames: FRAMES as u16 },
    features: false,
    row_frames: 1,
    rows: 100,
    windows: None,
    start: Start::Afresh,
    part: hone_learn::learner::Part::Whole,
    false_alarms: 0.0,
};

/// A room: a level that rises, a day's course, and noise that goes on from minute to minute.
struct Room {
    rng: Rng,
    noise: f32,
    minute: u64,
}

impl Room {
    fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), noise: 0.0, minute: 0 }
    }

    fn window(&mut self, off: f32) -> [i16; FRAMES] {
        core::array::from_fn(|_| {
            let day = self.minute as f32 / 1440.0;
            self.minute += 1;
            self.noise = 0.6 * self.noise + 4.0 * self.rng.next_normal();
            (2100.0 + 20.0 * day + 150.0 * (day * core::f32::consts::TAU).sin() + self.noise + off) as i16
        })
    }
}

fn view(samples: &[i16], minute: u64, sequence: u32) -> WindowView<'_> {
    let time = Micros(minute * MINUTE);
    WindowView { samples, channels: 1, time, sequence, faults: Faults::NONE, label: None }
}

fn input(window: WindowView<'_>) -> Input<'_> {
    Input { window, row: &[], beside: None }
}

fn train(params: Params, setup: Setup, room: &mut Room, earlier: Option<&Kept>) -> Result<(Kept, Report), Fault> {
    let plan = L::check(&params, &setup).unwrap();
    let needs = L::required(&plan, &setup);
    assert!(needs.windows && !needs.rows);
    let (mut trainer, mut model) = (L::begin(&plan), L::EMPTY);
    let mut workspace = vec![0; needs.bytes / 4];
    for sequence in 0.. {
        assert_eq!(L::wants(&trainer), Wants::Window);
        let minute = room.minute;
        let samples = room.window(0.0);
        let given = Given::Window(input(view(&samples, minute, sequence)));
        let lent = Lent { model: &mut model, earlier, workspace: &mut workspace, budget: 1000 };
        if let Progress::Done(report) = L::step(&mut trainer, &given, lent)? {
            assert_eq!(L::wants(&trainer), Wants::Nothing);
            return Ok((model, report));
        }
    }
    unreachable!()
}

fn judge(model: &Kept, scratch: &mut Scratch, room: &mut Room, off: f32, started: u64) -> Answer {
    let minute = room.minute;
    let samples = room.window(off);
    L::infer(model, &input(view(&samples, minute - started, 0)), scratch).unwrap()
}

fn ready(model: &Kept) -> Scratch {
    let mut scratch = L::SCRATCH;
    L::prepare(model, &mut scratch);
    scratch
}

fn read_back(model: &Kept) -> Kept {
    let mut memory = [0; 4096];
    let mut sink = SliceSink::new(&mut memory);
    L::write(model, &mut sink).unwrap();
    let mut other = L::EMPTY;
    L::read(&mut other, L::layout(model), L::params(model).unwrap(), sink.filled()).unwrap();
    let mut again = [0; 4096];
    let mut second = SliceSink::new(&mut again);
    L::write(&other, &mut second).unwrap();
    assert_eq!(sink.filled(), second.filled());
    other
}

const DAILY: Params =
    Params { lags: 3, trend: true, harmonics: 1, frames: 2 * 1440, forgetting: 0.999, adapt: true, ..Params::DEFAULT };

#[test]
fn a_room_is_learnt_judged_and_a_heater_that_fails_is_found() {
    let mut room = Room::new(1);
    let (model, report) = train(DAILY, SETUP, &mut room, None).unwrap();
    assert!(report.rows >= 2880 && report.quality < 0.5, "{report:?}");
    let mut scratch = ready(&model);
    let (mut covered, mut alarms) = (0, 0);
    for _ in 0..4 * 90 {
        let answer = judge(&model, &mut scratch, &mut room, 0.0, 0);
        let e = answer.estimate.unwrap();
        covered += u32::from(e.lower <= e.seen && e.seen <= e.upper);
        alarms += u32::from(answer.verdict.decision == Decision::Anomalous);
        assert!(answer.warm && (2000.0..2450.0).contains(&e.value));
    }
    assert!((330..=352).contains(&covered) && alarms <= 6, "{covered} of 360, {alarms} alarms");
    // It loses two degrees at once, and does not come back.
    let found = judge(&model, &mut scratch, &mut room, -200.0, 0);
    assert_eq!(found.verdict.decision, Decision::Anomalous);
    assert!(found.verdict.score > 3.0 && found.cause.is_some());
}

#[test]
fn a_gap_is_waited_out_and_a_restart_forgets_the_time_and_no_more() {
    let mut room = Room::new(2);
    let (model, _) = train(DAILY, SETUP, &mut room, None).unwrap();
    let mut scratch = ready(&model);
    room.minute += 300;
    L::reset(&mut scratch);
    let after = judge(&model, &mut scratch, &mut room, 0.0, 0);
    assert!(after.warm && after.verdict.decision == Decision::Normal, "{after:?}");
    // The clock starts at 0: the phase of the day is not known, which is said, until it has been learnt again.
    let again = read_back(&model);
    let mut scratch = ready(&again);
    let started = room.minute;
    let answers: Vec<Answer> = (0..60).map(|_| judge(&again, &mut scratch, &mut room, 0.0, started)).collect();
    let width = |a: &Answer| a.estimate.map(|e| e.upper - e.lower).unwrap();
    let alarms = answers.iter().filter(|a| a.verdict.decision == Decision::Anomalous).count();
    assert!(answers.iter().all(|a| a.warm) && alarms <= 2, "{alarms} alarms");
    assert!(width(&answers[0]) > width(&answers[59]), "{:?}", answers[0]);
    // Without learning on it is never known again.
    let (fixed, _) = train(Params { adapt: false, ..DAILY }, SETUP, &mut room, None).unwrap();
    let fixed = read_back(&fixed);
    let mut scratch = ready(&fixed);
    for _ in 0..20 {
        let answer = judge(&fixed, &mut scratch, &mut room, 0.0, started);
        assert_eq!((answer.verdict.decision, answer.warm, answer.estimate), (Decision::Unknown, false, None));
    }
    // Without the time as an input nothing is lost.
    let plain = Params { lags: 8, frames: 1000, ..Params::DEFAULT };
    let (model, _) = train(plain, SETUP, &mut room, None).unwrap();
    let again = read_back(&model);
    let mut scratch = ready(&again);
    assert!(judge(&again, &mut scratch, &mut room, 0.0, started).warm);
}

#[test]
fn a_training_goes_on_from_a_model_of_the_same_inputs_alone() {
    let mut room = Room::new(3);
    let plain = Params { lags: 4, frames: 200, ..Params::DEFAULT };
    let (model, _) = train(plain, SETUP, &mut room, None).unwrap();
    let resume = Setup { start: Start::Resume, ..SETUP };
    let (longer, report) = train(plain, resume, &mut room, Some(&model)).unwrap();
    assert!((200..220).contains(&report.rows), "{report:?}");
    let mut text = Line::<400>::default();
    L::about(&longer, &mut text);
    assert!(text.as_str().starts_with("channel 0 from 4 inputs, 4"), "{}", text.as_str());
    let other = Params { lags: 5, ..plain };
    assert_eq!(train(other, resume, &mut room, Some(&model)).unwrap_err(), Fault::NoResume);
    assert_eq!(train(plain, resume, &mut room, None).unwrap_err(), Fault::NoResume);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let refused = |params: Params| L::check(&params, &SETUP).unwrap_err();
    assert!(matches!(refused(Params { task: Task::Classes, ..Params::DEFAULT }), ParamError::Conflict(_)));
    assert!(matches!(refused(Params { lags: 13, ..Params::DEFAULT }), ParamError::Capacity { name: "inputs", .. }));
    let few = Setup { windows: Some(2), ..SETUP };
    assert!(matches!(L::check(&Params::DEFAULT, &few), Err(ParamError::Invalid(s)) if s.name == "frames"));
    let wide = Setup { shape: Shape { inputs: 20, frames: 16 }, ..SETUP };
    assert!(matches!(L::check(&Params::DEFAULT, &wide), Err(ParamError::Capacity { name: "channels", .. })));
    // How fast the frames come is seen once there are some.
    let fast = Params { harmonics: 2, period: 200.0, ..Params::DEFAULT };
    let fault = train(fast, SETUP, &mut Room::new(1), None).unwrap_err();
    assert!(matches!(fault, Fault::Params(ParamError::Conflict(_))));
    let mut text = Line::<200>::default();
    L::explain(&fault, &mut text);
    assert!(text.as_str().contains("longer period"), "{}", text.as_str());
}

#[test]
fn classes_are_learnt_from_the_set() {
    let params = Params { from: Source::Set, task: Task::Classes, ..Params::DEFAULT };
    assert_eq!((L::sees(&params), L::sees(&Params::DEFAULT)), (Sees::Rows, Sees::Windows));
    let setup = Setup { shape: Shape { inputs: 2, frames: 1 }, ..SETUP };
    let plan = L::check(&params, &setup).unwrap();
    let needs = L::required(&plan, &setup);
    assert!(needs.rows && !needs.windows);
    let mut set = TrainingSet::<4096, 128, 2>::new();
    set.edit().clear(Format::F32, 2).unwrap();
    let mut rng = Rng::new(9);
    for i in 0..120u16 {
        let (class, x) = (i % 3, rng.next_normal());
        set.edit().push(&[f32::from(class) * 6.0 + x, x - f32::from(class)], Some(ClassId(class + 5))).unwrap();
    }
    let (mut trainer, mut model) = (L::begin(&plan), L::EMPTY);
    let mut workspace = vec![0; needs.bytes / 4];
    loop {
        let lent = Lent { model: &mut model, earlier: None, workspace: &mut workspace, budget: 1000 };
        if let Progress::Done(_) = L::step(&mut trainer, &Given::Rows(set.view()), lent).unwrap() {
            break;
        }
    }
    assert_eq!(L::wants(&trainer), Wants::Nothing);
    let model = read_back(&model);
    let mut scratch = ready(&model);
    for class in 0..3u16 {
        let row = [f32::from(class) * 6.0, -f32::from(class)];
        let empty = view(&[], 0, 0);
        let answer = L::infer(&model, &Input { window: empty, row: &row, beside: None }, &mut scratch).unwrap();
        assert_eq!(answer.verdict.decision, Decision::Class(ClassId(class + 5)));
        assert_eq!(answer.nearest, Some(ClassId(class + 5)));
        let short = Input { window: empty, row: &row[..1], beside: None };
        assert_eq!(L::infer(&model, &short, &mut scratch), None);
    }
}
