//! The variational autoencoder by the contract of `hone_learn::learner`: anomalies, and latent numbers for other learners.

use crate::model::{LAYOUT, Scores, Trained};
use crate::params::{Checked, Params};
use crate::train::{Fault, LEAST_ROWS, Training};
use hone_learn::learner::{
    Answer, Bounds, Given, Input, Learner, Lent, Needs, Point, Setup, Shape as Seen, Start, Wants,
};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::threshold::{Average, Threshold};
use hone_learn::{Decision, ParamError, Progress, SetMut, Verdict, words};
use hone_net::learner::{draw, numbers};
use hone_net::{TrainError, learner};

/// A variational autoencoder in `WORDS` words, which infers in `SCRATCH` words, of `UNITS` units and `LATENT` latent numbers by default.
#[derive(Debug)]
pub struct Vae<const WORDS: usize, const SCRATCH: usize, const UNITS: usize, const LATENT: usize>;

/// What inference works in, and the scores of the last windows.
#[derive(Debug)]
pub struct Scratch<const SCRATCH: usize> {
    words: [u32; SCRATCH],
    average: Average,
}

impl<const WORDS: usize, const SCRATCH: usize, const UNITS: usize, const LATENT: usize> Learner
    for Vae<WORDS, SCRATCH, UNITS, LATENT>
{
    type Params = Params;
    type Checked = (Checked, Start);
    type Model = Trained<WORDS>;
    type Scratch = Scratch<SCRATCH>;
    type Trainer = Training;
    type Fault = Fault;

    const DEFAULT: Params = Params {
        units: if UNITS < Params::DEFAULT.units as usize { UNITS as u16 } else { Params::DEFAULT.units },
        latent: if LATENT < Params::DEFAULT.latent as usize { LATENT as u16 } else { Params::DEFAULT.latent },
        ..Params::DEFAULT
    };
    const EMPTY: Self::Model = Trained::EMPTY;
    const SCRATCH: Self::Scratch = Scratch { words: [0; SCRATCH], average: Average::EMPTY };
    const SCORE: &'static str = "mean score";
    const ROWS: bool = true;
    const RESUMES: bool = true;

    fn check(params: &Params, setup: &Setup) -> Result<(Checked, Start), ParamError> {
        let checked = params.check(setup.shape.inputs)?;
        let (model, scratch) = checked.words();
        for (asked, room) in [(model, WORDS), (scratch, SCRATCH)] {
            let (asked, capacity) = (4 * asked as u32, 4 * room as u32);
            if asked > capacity {
                return Err(ParamError::Capacity { name: "units, in bytes,", asked, capacity });
            }
        }
        Ok((checked, setup.start))
    }

    fn required((checked, _): &(Checked, Start), setup: &Setup) -> Needs {
        Needs { bytes: checked.required(setup.rows.into()), windows: false, rows: true }
    }

    fn begin((checked, start): &(Checked, Start)) -> Training {
        Training::new(checked, *start)
    }

    fn wants(training: &Training) -> Wants {
        if training.is_over() { Wants::Nothing } else { Wants::Rows }
    }

    fn step(training: &mut Training, given: &Given<'_>, lent: Lent<'_, Self::Model>) -> Result<Progress, Fault> {
        let Given::Rows(set) = given else { return Err(Fault::FewRows { found: 0 }) };
        let Lent { model, earlier, workspace, budget } = lent;
        training.step(*set, workspace, model, earlier, budget)
    }

    /// The loss of each epoch, and that of the rows held back.
    fn curve(training: &Training) -> Option<Point> {
        let epoch = training.last_epoch()?;
        let held_back = Some(epoch.held).filter(|held| held.is_finite());
        Some(Point { pass: epoch.number.into(), loss: epoch.loss, held_back })
    }

    /// What it has learnt it goes on from, and forgets what it never sees again: every other row stays.
    fn make_room(_: &Training, mut set: SetMut<'_>, _: &mut [u32]) {
        set.retain(|row| row % 2 == 0);
    }

    fn reset(scratch: &mut Self::Scratch) {
        scratch.average = Average::EMPTY;
    }

    fn infer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        if !model.view().is_trained() || model.view().input().len() != input.row.len() {
            return None;
        }
        let Some(now) = Scores::of(&model.view(), input.row, &mut scratch.words) else {
            // A number that is not finite is nothing that was learnt.
            return Some(Verdict { decision: Decision::Anomalous, score: f32::MAX }.into());
        };
        // Until the average is full it is of fewer: thresholds are set by single windows.
        let ([reconstruction, divergence], full) =
            scratch.average.push([now.reconstruction, now.divergence], model.params.average);
        let score = model.reached(&Scores { reconstruction, divergence });
        let decision = if score >= 1.0 { Decision::Anomalous } else { Decision::Normal };
        Some(Answer { warm: full, alone: Some(model.reached(&now)), ..Verdict { decision, score }.into() })
    }

    fn codes(model: &Self::Model) -> u16 {
        model.view().latent() as u16
    }

    /// The means of the latent numbers.
    fn encode(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch, row: &mut [f32]) -> Option<usize> {
        let distribution = model.view().distribution(input.row, &mut scratch.words)?;
        let row = row.get_mut(..model.view().latent())?;
        row.iter_mut().zip(distribution).for_each(|(to, mean)| *to = *mean);
        Some(row.len())
    }

    fn shape(model: &Self::Model) -> Seen {
        Seen { inputs: model.view().input().len() as u16, frames: 1 }
    }

    fn params(model: &Self::Model) -> Option<&Params> {
        model.view().is_trained().then_some(&model.params)
    }

    /// Of the score, which is 1 at the threshold that is nearer.
    fn bounds(model: &Self::Model) -> Option<Bounds> {
        model.view().is_trained().then_some(Bounds { lower: 0.0, upper: 1.0 })
    }

    fn about(model: &Self::Model, out: &mut dyn Out) {
        let view = model.view();
        if !view.is_trained() {
            return out.str("untrained\n");
        }
        out.counts("makes % numbers anew of %\n", &[view.input().len() as u32, view.latent() as u32]);
        view.layers().for_each(|layer| draw(&layer, out));
        numbers(&view, out);
        let mut of = |name, threshold: &Threshold| {
            out.str(name);
            out.real(threshold.median);
            out.str(", anomalous at ");
            if threshold.lower > 0.0 {
                out.real(threshold.lower);
                out.str(" and below, ");
            }
            out.real(threshold.upper);
            out.str(" and above\n");
        };
        of("reconstruction: median ", &model.thresholds.reconstruction);
        of("divergence: median ", &model.thresholds.divergence);
    }

    fn explain(fault: &Fault, out: &mut dyn Out) {
        explain(fault, out);
    }

    fn layout(_: &Self::Model) -> u8 {
        LAYOUT
    }

    fn write(model: &Self::Model, sink: &mut dyn Sink) -> Result<(), PutError> {
        payload::put(model, sink)
    }

    fn read(model: &mut Self::Model, layout: u8, params: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        if layout != LAYOUT {
            return Err(PayloadError::Layout);
        }
        payload::decode(bytes, |d| model.load(d))?;
        if model.view().scratch_words() > SCRATCH {
            return Err(PayloadError::Refused);
        }
        model.params = *params;
        Ok(())
    }
}

fn explain(fault: &Fault, out: &mut dyn Out) {
    match fault {
        Fault::FewRows { found } => out.counts(
            "% rows, and at least % are needed; sample longer, or 'train vae --windows N' with more",
            &[*found, LEAST_ROWS as u32],
        ),
        Fault::Constant => out.str("no feature ever changes: there is nothing to learn; look at the sensor, and at features.*"),
        Fault::NoThreshold => out.str("no thresholds follow from the scores of the rows; lower vae.k or vae.rate"),
        Fault::Train(TrainError::Model(shortage)) => out.counts(
            "the model needs % bytes and there are %; use fewer features, lower vae.units or vae.latent, or raise CONFIG_HONE_VAE_UNITS",
            &[shortage.needed as u32, shortage.available as u32],
        ),
        Fault::Train(TrainError::Workspace(shortage)) => words::workspace(shortage, out),
        Fault::Train(TrainError::Network(_)) => out.str("the network does not fit what it takes in; lower vae.units"),
        Fault::Train(TrainError::Diverged) => out.str("the loss grew without end; lower vae.rate"),
        Fault::Train(error) => learner::explain(error, out),
    }
}
