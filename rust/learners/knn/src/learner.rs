//! k nearest neighbours by the contract of `hone_learn::learner`: anomalies.

use crate::model::{LAYOUT, Model};
use crate::params::{Checked, Params};
use crate::tail::Means;
use crate::train::{Fault, Training};
use hone_learn::learner::{Answer, Bounds, Cause, Given, Input, Learner, Lent, Needs, Setup, Shape, Wants};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::{Decision, ParamError, Progress, Verdict, words};

/// The level above which scores add up to an alarm. A stretch as long as the longest mean that reaches `alarm.limit` from there is about
/// as rare as a score beyond the threshold.
const DRIFT: f32 = 0.8;
/// A margin beyond which a longer training is proposed.
const WIDE: f32 = 1.1;

/// k nearest neighbours among up to `ROWS` rows in `WORDS` words, of up to `D` features.
#[derive(Debug)]
pub struct Knn<const WORDS: usize, const ROWS: usize, const D: usize>;

/// What inference works in, and the distances of the last windows.
#[derive(Debug)]
pub struct Scratch<const D: usize> {
    query: [f32; D],
    means: Means,
}

impl<const WORDS: usize, const ROWS: usize, const D: usize> Learner for Knn<WORDS, ROWS, D> {
    type Params = Params;
    type Checked = Checked;
    type Model = Model<WORDS, ROWS, D>;
    type Scratch = Scratch<D>;
    type Trainer = Training;
    type Fault = Fault;

    const DEFAULT: Params = Params::DEFAULT;
    const EMPTY: Self::Model = Model::EMPTY;
    const SCRATCH: Self::Scratch = Scratch { query: [0.0; D], means: Means::EMPTY };

    fn check(params: &Params, setup: &Setup) -> Result<Checked, ParamError> {
        let (asked, capacity) = (u32::from(setup.shape.inputs), D as u32);
        if asked > capacity {
            return Err(ParamError::Capacity { name: "features", asked, capacity });
        }
        params.check(setup)
    }

    fn required(_: &Checked, setup: &Setup) -> Needs {
        Needs { bytes: 4 * usize::from(setup.shape.inputs), windows: true, rows: false }
    }

    fn begin(checked: &Checked) -> Training {
        Training::new(*checked)
    }

    fn wants(training: &Training) -> Wants {
        if training.is_over() { Wants::Nothing } else { Wants::Window }
    }

    /// One window a step.
    fn step(training: &mut Training, given: &Given<'_>, lent: Lent<'_, Self::Model>) -> Result<Progress, Fault> {
        let Given::Window(input) = given else { return Err(Fault::Width) };
        training.step(input, lent.model, lent.workspace)
    }

    fn reset(scratch: &mut Self::Scratch) {
        scratch.means = Means::EMPTY;
    }

    fn infer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        if !model.is_trained() || model.features() != input.row.len() {
            return None;
        }
        let nearest = model.nearest(input.row, &mut scratch.query);
        let distance = nearest.distance(model.features());
        if !distance.is_finite() {
            // A number that is not finite is nothing that was learnt.
            return Some(Verdict { decision: Decision::Anomalous, score: f32::MAX }.into());
        }
        let (mut score, mut alone) = (f32::MIN, None);
        scratch.means.push(distance, model.params.average, |k, mean| {
            if let Some(level) = model.limits.level(k, mean) {
                alone = alone.or(Some(level));
                score = score.max(level);
            }
        });
        let decision = if score >= 1.0 { Decision::Anomalous } else { Decision::Normal };
        let cause = Some(Cause { channel: 0, feature: model.cause(&scratch.query, &nearest) });
        Some(Answer { alone, cause, ..Verdict { decision, score }.into() })
    }

    fn shape(model: &Self::Model) -> Shape {
        Shape { inputs: model.features() as u16, frames: 1 }
    }

    fn params(model: &Self::Model) -> Option<&Params> {
        model.is_trained().then_some(&model.params)
    }

    fn bounds(model: &Self::Model) -> Option<Bounds> {
        model.is_trained().then_some(Bounds { lower: 0.0, upper: 1.0, drift: DRIFT })
    }

    fn about(model: &Self::Model, out: &mut dyn Out) {
        let (params, limits) = (&model.params, model.limits());
        if !model.is_trained() {
            return out.str("untrained\n");
        }
        out.counts(
            "keeps % of % healthy windows, % features each\n",
            &[model.rows() as u32, model.seen, model.features() as u32],
        );
        out.counts(
            "distance: mean of the nearest %, of up to % windows",
            &[params.neighbours.into(), params.average.into()],
        );
        if let (Some((usual, threshold)), Some((_, single))) = (limits.distances(params.average), limits.distances(1)) {
            out.str("; usually ");
            out.real(usual);
            out.str(", anomalous at ");
            out.real(threshold);
            out.str(" (one window at ");
            out.real(single);
            out.str(")");
        }
        out.str("\nscore: 0 at the usual distance, 1 at the threshold, by logarithms\nthreshold: at most ");
        out.real(limits.chance);
        out.str(" false alarms a window, by alarm.per-day, with ");
        out.percent(params.confidence);
        out.counts(" confidence, by % windows,\n", &[limits.count]);
        out.str("  if logarithms of healthy distances are normal and what comes is like what was learnt\n");
        out.str("margin: ");
        let margin = limits.margin(params.average);
        out.real(margin);
        out.str(" times the threshold that any number of windows would give");
        if margin > WIDE {
            out.str("; a longer training narrows it: 'train knn --windows N'");
        }
        out.str("\n");
    }

    fn explain(fault: &Fault, out: &mut dyn Out) {
        match fault {
            Fault::Width => out.str("windows have other features than those learnt before; look at features.*"),
            Fault::NotUsable { feature } => {
                out.counts("feature % of a window is not a number, or too large; look at the sensor", &[*feature])
            }
            Fault::Constant => {
                out.str("no feature ever changes: there is nothing to learn; look at the sensor, and at features.*")
            }
            Fault::NoThreshold => out.str("no threshold follows from so few windows; raise knn.calibrate"),
            Fault::Workspace(shortage) => words::workspace(shortage, out),
        }
    }

    fn layout(_: &Self::Model) -> u8 {
        LAYOUT
    }

    fn write(model: &Self::Model, sink: &mut dyn Sink) -> Result<(), PutError> {
        model.write(sink)
    }

    fn read(model: &mut Self::Model, layout: u8, params: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        if layout != LAYOUT {
            return Err(PayloadError::Layout);
        }
        payload::decode(bytes, |d| model.load(params, d))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use hone_learn::{Faults, Micros, WindowView};
    use hone_numeric::rng::Rng;
    use std::boxed::Box;
    use std::string::String;
    use std::vec::Vec;

    type K = Knn<{ crate::model_words(32, 8) }, 32, 8>;
    const SETUP: Setup = Setup {
        shape: Shape { inputs: 8, frames: 1 },
        features: false,
        row_frames: 1,
        rows: 0,
        windows: None,
        start: hone_learn::learner::Start::Afresh,
        part: hone_learn::learner::Part::Whole,
        false_alarms: 1e-5,
    };

    fn row(rng: &mut Rng, level: f32) -> [f32; 8] {
        core::array::from_fn(|j| level + (j as f32) + rng.next_normal())
    }

    fn input(row: &[f32], sequence: u32) -> Input<'_> {
        let faults = if sequence == 0 { Faults::GAP } else { Faults::NONE };
        let window = WindowView { samples: &[], channels: 1, time: Micros(0), sequence, faults, label: None };
        Input { window, row, beside: None }
    }

    /// Trained on rows of two conditions by turns, 20 windows each.
    fn trained(params: &Params) -> (Box<<K as Learner>::Model>, Rng) {
        let mut rng = Rng::new(3);
        let checked = K::check(params, &SETUP).unwrap();
        let (mut training, mut model) = (K::begin(&checked), Box::new(K::EMPTY));
        let mut workspace = std::vec![0; K::required(&checked, &SETUP).bytes / 4];
        for sequence in 0.. {
            assert_eq!(K::wants(&training), Wants::Window);
            let row = row(&mut rng, if sequence / 20 % 2 == 0 { 0.0 } else { 40.0 });
            let lent = Lent { model: &mut *model, earlier: None, workspace: &mut workspace, budget: 20_000 };
            let given = Given::Window(input(&row, sequence));
            if let Progress::Done(report) = K::step(&mut training, &given, lent).unwrap() {
                assert_eq!((report.rows, sequence), (384, 383));
                break;
            }
        }
        assert_eq!(K::wants(&training), Wants::Nothing);
        (model, rng)
    }

    fn judge(model: &<K as Learner>::Model, rows: impl Iterator<Item = [f32; 8]>) -> Vec<Answer> {
        let mut scratch = K::SCRATCH;
        K::prepare(model, &mut scratch);
        rows.zip(0..).map(|(row, n)| K::infer(model, &input(&row, n), &mut scratch).unwrap()).collect()
    }

    #[test]
    fn what_is_between_two_conditions_is_anomalous_at_once_and_both_are_normal() {
        let (model, mut rng) = trained(&Params::DEFAULT);
        assert_eq!((model.rows(), model.features()), (32, 8));
        for level in [0.0, 40.0] {
            let answers = judge(&model, (0..500).map(|_| row(&mut rng, level)));
            assert!(answers.iter().all(|a| a.verdict.decision == Decision::Normal && a.warm), "{level}");
        }
        let between = judge(&model, (0..5).map(|_| row(&mut rng, 20.0)));
        assert!(between.iter().all(|a| a.verdict.decision == Decision::Anomalous && a.verdict.score > 2.0));
        // A feature by itself.
        let mut odd = row(&mut rng, 0.0);
        odd[5] += 30.0;
        let answer = judge(&model, [odd].into_iter())[0];
        assert_eq!(
            (answer.verdict.decision, answer.cause),
            (Decision::Anomalous, Some(Cause { channel: 0, feature: 5 }))
        );
        odd[5] = f32::NAN;
        assert_eq!(judge(&model, [odd].into_iter())[0].verdict.score, f32::MAX);
    }

    #[test]
    fn a_weak_fault_shows_in_the_mean_of_several_windows() {
        let (model, mut rng) = trained(&Params::DEFAULT);
        let wide = |rng: &mut Rng| core::array::from_fn(|j| j as f32 + 2.2 * rng.next_normal());
        let mut found = (0, 0);
        for _ in 0..40 {
            let weak = judge(&model, (0..5).map(|_| wide(&mut rng)));
            found.0 += u32::from(weak[4].alone.unwrap() >= 1.0);
            found.1 += u32::from(weak[4].verdict.score >= 1.0);
        }
        assert!(found.1 > found.0, "{found:?}");
    }

    #[test]
    fn a_model_is_written_and_read_and_what_no_training_writes_is_refused() {
        let (model, mut rng) = trained(&Params::DEFAULT);
        let mut bytes = Vec::new();
        K::write(&model, &mut |part: &[u8]| {
            bytes.extend_from_slice(part);
            Ok(())
        })
        .unwrap();
        let mut again = Box::new(K::EMPTY);
        K::read(&mut again, LAYOUT, &Params::DEFAULT, &bytes).unwrap();
        let rows: Vec<_> = (0..20).map(|n| row(&mut rng, n as f32 * 3.0)).collect();
        assert_eq!(judge(&model, rows.iter().copied()), judge(&again, rows.iter().copied()));
        let text = |model: &<K as Learner>::Model| {
            let mut text = String::new();
            struct Into<'a>(&'a mut String);
            impl Out for Into<'_> {
                fn str(&mut self, text: &str) {
                    self.0.push_str(text);
                }
            }
            K::about(model, &mut Into(&mut text));
            text
        };
        assert_eq!(text(&model), text(&again));
        assert!(text(&model).contains("keeps 32 of 256 healthy windows"), "{}", text(&model));
        assert_eq!(K::read(&mut Box::new(K::EMPTY), 2, &Params::DEFAULT, &bytes), Err(PayloadError::Layout));
        for cut in [0, 1, 10, bytes.len() - 1] {
            assert!(K::read(&mut Box::new(K::EMPTY), LAYOUT, &Params::DEFAULT, &bytes[..cut]).is_err(), "{cut}");
        }
        // More features than there is room for, more rows, no rows, thresholds of another average.
        for (at, byte) in [(0, 9), (1, 33), (1, 0)] {
            let mut bad = bytes.clone();
            bad[at] = byte;
            assert!(K::read(&mut Box::new(K::EMPTY), LAYOUT, &Params::DEFAULT, &bad).is_err(), "{at}");
        }
        let other = Params { average: 6, ..Params::DEFAULT };
        assert!(K::read(&mut Box::new(K::EMPTY), LAYOUT, &other, &bytes).is_err());
        assert_eq!(K::write(&K::EMPTY, &mut |_: &[u8]| Ok(())), Err(PutError::Unwritable));
    }

    #[test]
    fn what_cannot_be_learnt_is_refused() {
        let few = Setup { windows: Some(40), ..SETUP };
        assert!(matches!(K::check(&Params::DEFAULT, &few), Err(ParamError::Conflict(_))));
        let some = K::check(&Params::DEFAULT, &Setup { windows: Some(48), ..SETUP }).unwrap();
        assert_eq!((some.params.windows, some.params.calibrate), (32, 16));
        let wide = Setup { shape: Shape { inputs: 9, frames: 1 }, ..SETUP };
        assert!(matches!(K::check(&Params::DEFAULT, &wide), Err(ParamError::Capacity { .. })));
        // What never changes.
        let checked = K::check(&Params::DEFAULT, &SETUP).unwrap();
        let (mut training, mut model, mut workspace) = (K::begin(&checked), Box::new(K::EMPTY), [0; 8]);
        let mut fault = None;
        for sequence in 0..300 {
            let lent = Lent { model: &mut *model, earlier: None, workspace: &mut workspace, budget: 1 };
            fault = fault.or(K::step(&mut training, &Given::Window(input(&[1.0; 8], sequence)), lent).err());
            if fault.is_some() {
                break;
            }
        }
        assert_eq!((fault, K::wants(&training)), (Some(Fault::Constant), Wants::Nothing));
    }
}
