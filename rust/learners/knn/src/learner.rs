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
        out.str(" false alarms a window with ");
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
