//! A regression of few lines that proves the parts of the contract that no learner of the table needs: it foretells the next
//! row's first feature between bounds, sees live rows, trains the last part alone, resumes, encodes, and heeds another model.

use hone_learn::learner::*;
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::{Sink, SliceSink};
use hone_learn::text::{Line, Out, Write};
use hone_learn::{Decision, Metric, ParamError, Progress, Report, SetError, Settings, Stop, Verdict};
use hone_signal::{Faults, Micros, WindowView};
use serde::Deserialize;

hone_learn::settings! {
    /// Of the regression.
    pub struct Params {
        /// rows to learn
        pub rows: u16 = 50, "rows", hone_learn::setting::int(2, 1000), "rows";
    }
}

/// y = slope·x + offset of a row (x, y), by gradient steps.
#[derive(Debug)]
struct Regression;

#[derive(Clone, Copy, Debug)]
struct Model {
    params: Params,
    slope: f32,
    offset: f32,
    spread: f32,
}

#[derive(Debug)]
struct Training(Setup, Params, u32, f32);

impl Learner for Regression {
    type Params = Params;
    type Checked = (Params, Setup);
    type Model = Model;
    type Scratch = ();
    type Trainer = Training;
    type Fault = SetError;
    const DEFAULT: Params = Params::DEFAULT;
    const EMPTY: Model = Model { params: Params::ZERO, slope: 0.0, offset: 0.0, spread: 0.0 };
    const SCRATCH: () = ();
    const RESUMES: bool = true;
    const PARTS: bool = true;

    fn check(params: &Params, setup: &Setup) -> Result<(Params, Setup), ParamError> {
        params.check_ranges().map(|()| (*params, *setup))
    }
    fn required(_: &(Params, Setup), _: &Setup) -> Needs {
        Needs { windows: true, ..Needs::default() }
    }
    fn begin((params, setup): &(Params, Setup)) -> Training {
        Training(*setup, *params, 0, 0.0)
    }
    fn wants(t: &Training) -> Wants {
        if t.2 < u32::from(t.1.rows) { Wants::Window } else { Wants::Nothing }
    }
    fn step(t: &mut Training, given: &Given<'_>, lent: Lent<'_, Model>) -> Result<Progress, SetError> {
        let Given::Window(Input { row: [x, y], .. }) = given else {
            return Err(SetError::Width { expected: 2, found: 0 });
        };
        if t.2 == 0 {
            *lent.model =
                Model { params: t.1, ..*lent.earlier.filter(|_| t.0.start == Start::Resume).unwrap_or(&Self::EMPTY) };
        }
        let m = lent.model;
        let error = y - (m.slope * x + m.offset);
        m.offset += 0.2 * error;
        if t.0.part == Part::Whole {
            m.slope += 0.2 * error * x;
        }
        m.spread += (error.abs() - m.spread) * 0.1;
        (t.2, t.3) = (t.2 + 1, t.3 + (error * error - t.3) / (t.2 + 1) as f32);
        let (done, total) = (t.2, u32::from(t.1.rows));
        let metric = Metric::MeanSquaredError;
        let report = Report { stop: Stop::Converged, rows: done, iterations: done, work: 0, metric, quality: t.3 };
        Ok(if done < total { Progress::Running { done, total } } else { Progress::Done(report) })
    }
    fn curve(t: &Training) -> Option<Point> {
        Some(Point { pass: t.2, loss: t.3, held_back: None })
    }
    fn infer(m: &Model, input: &Input<'_>, (): &mut ()) -> Option<Answer> {
        let [x, seen] = *input.row else { return None };
        let (value, wide) = (m.slope * x + m.offset, 3.0 * m.spread + 0.01);
        let outside =
            (seen - value).abs() > wide && input.beside.is_none_or(|b| b.verdict.decision != Decision::Normal);
        let decision = if outside { Decision::Anomalous } else { Decision::Normal };
        let verdict = Verdict { decision, score: (seen - value).abs() };
        let estimate = Some(Estimate { value, lower: value - wide, upper: value + wide, seen });
        Some(Answer { estimate, cause: Some(Cause { channel: 0, feature: 1 }), ..verdict.into() })
    }
    fn encode(m: &Model, input: &Input<'_>, (): &mut (), row: &mut [f32]) -> Option<usize> {
        let ([x, _], Some(place)) = (input.row, row.first_mut()) else { return None };
        *place = m.slope * x + m.offset;
        Some(1)
    }
    fn shape(_: &Model) -> Shape {
        Shape { inputs: 2, frames: 1 }
    }
    fn params(m: &Model) -> Option<&Params> {
        Some(&m.params)
    }
    fn about(m: &Model, out: &mut dyn Out) {
        out.real(m.slope);
    }
    fn explain(_: &SetError, out: &mut dyn Out) {
        out.str("rows of two features are wanted");
    }
    fn layout(_: &Model) -> u8 {
        1
    }
    fn write(m: &Model, sink: &mut dyn Sink) -> Result<(), PutError> {
        payload::put(&(m.slope, m.offset, m.spread), sink)
    }
    fn read(m: &mut Model, _: u8, params: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        (m.slope, m.offset, m.spread) = payload::decode(bytes, |d| Deserialize::deserialize(d))?;
        m.params = *params;
        Ok(())
    }
}

fn input(row: &[f32]) -> Input<'_> {
    let window =
        WindowView { samples: &[], channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
    Input { window, row, beside: None }
}

/// y = 2x + shift, with x from -1 to 1.
fn row(i: u32, shift: f32) -> [f32; 2] {
    let x = (i * 7 % 21) as f32 / 10.0 - 1.0;
    [x, 2.0 * x + shift]
}

/// A model after so many rows, as the engine would train it, and the curve's last point.
fn trained(rows: u16, shift: f32, setup: Setup, earlier: Option<&Model>) -> (Model, Point) {
    let checked = Regression::check(&Params { rows }, &setup).unwrap();
    assert_eq!(Regression::required(&checked, &setup), Needs { bytes: 0, windows: true, rows: false });
    let (mut trainer, mut model) = (Regression::begin(&checked), Regression::EMPTY);
    for i in 0.. {
        assert_eq!(Regression::wants(&trainer), Wants::Window);
        let row = row(i, shift);
        let lent = Lent { model: &mut model, earlier, workspace: &mut [], budget: 100 };
        match Regression::step(&mut trainer, &Given::Window(input(&row)), lent).unwrap() {
            Progress::Running { done, total } => assert_eq!((done, total), (i + 1, rows.into())),
            Progress::Done(report) => {
                assert_eq!((report.rows, Regression::wants(&trainer)), (rows.into(), Wants::Nothing));
                break;
            }
        }
    }
    (model, Regression::curve(&trainer).unwrap())
}

fn foretold(model: &Model, row: &[f32]) -> (Answer, Estimate) {
    let answer = Regression::infer(model, &input(row), &mut ()).unwrap();
    (answer, answer.estimate.unwrap())
}

#[test]
fn a_number_is_foretold_between_bounds_and_what_lies_outside_is_anomalous() {
    let (model, point) = trained(200, 1.0, Setup::default(), None);
    assert!(point.pass == 200 && point.loss < 0.2, "{point:?}");
    let (answer, e) = foretold(&model, &[0.5, 2.0]);
    assert!((e.value - 2.0).abs() < 0.01 && e.lower < 2.0 && e.upper > 2.0 && e.seen == 2.0, "{e:?}");
    assert_eq!((answer.verdict.decision, answer.cause), (Decision::Normal, Some(Cause { channel: 0, feature: 1 })));
    let outside = [0.5, 9.0];
    assert_eq!(foretold(&model, &outside).0.verdict.decision, Decision::Anomalous);
    // Another model that finds all well is heeded.
    let beside = Some(Verdict { decision: Decision::Normal, score: 0.0 }.into());
    let fused = Regression::infer(&model, &Input { beside, ..input(&outside) }, &mut ()).unwrap();
    assert_eq!(fused.verdict.decision, Decision::Normal);
    assert_eq!(Regression::infer(&model, &input(&[1.0]), &mut ()), None, "of another shape");
}

#[test]
fn it_resumes_trains_a_part_and_encodes() {
    let (model, _) = trained(200, 1.0, Setup::default(), None);
    // Two rows more of another offset: from nothing they give no slope.
    let resume = Setup { start: Start::Resume, part: Part::Last(1), ..Setup::default() };
    let (moved, _) = trained(30, 3.0, resume, Some(&model));
    assert!(moved.slope == model.slope && (moved.offset - 3.0).abs() < 0.05, "{moved:?}");
    let (fresh, _) = trained(2, 3.0, Setup::default(), None);
    assert!((fresh.slope - 2.0).abs() > 0.5, "{fresh:?}");
    let mut encoded = [0.0; 4];
    assert_eq!(Regression::encode(&moved, &input(&[0.5, 0.0]), &mut (), &mut encoded), Some(1));
    assert!((encoded[0] - 4.0).abs() < 0.05);
}

#[test]
fn what_it_leaves_out_has_an_answer() {
    let (mut model, _) = trained(50, 1.0, Setup::default(), None);
    let mut other = Regression::EMPTY;
    assert_eq!(Regression::convert(&model, Form::Int8, &mut other, &mut []), Err(Refusal::NoSuchForm));
    assert_eq!((Regression::settles(&model, Some(9)), Regression::bounds(&model)), ((0, 0), None));
    assert_eq!((Regression::sees(&Params::DEFAULT), Regression::weights(&model)), (Sees::Rows, 0));
    let mut memory = [0; 32];
    let mut sink = SliceSink::new(&mut memory);
    Regression::write(&model, &mut sink).unwrap();
    let bytes = sink.filled().to_vec();
    Regression::read(&mut other, 1, &model.params, &bytes).unwrap();
    assert_eq!((other.slope.to_bits(), other.params), (model.slope.to_bits(), model.params));
    assert_eq!(Regression::read(&mut other, 1, &model.params, &bytes[1..]), Err(PayloadError::Short));
    let mut text = Line::<64>::default();
    let fault = Regression::step(
        &mut Regression::begin(&(Params::DEFAULT, Setup::default())),
        &Given::Work,
        Lent { model: &mut model, earlier: None, workspace: &mut [], budget: 0 },
    );
    Regression::explain(&fault.unwrap_err(), &mut text);
    assert!(text.as_str().contains("two features"));
    assert_eq!(
        Regression::check(&Params { rows: 1 }, &Setup::default()).map(|_| ()),
        Err(ParamError::Invalid(&Params::SETTINGS[0]))
    );
}
