//! The network by the contract of `hone_learn::learner`: classes, from rows of features.

use crate::declare;
use crate::required;
use crate::stage::Numbers;
use crate::{
    CheckError, Checked, Drawn, Extent, LAYOUT, Model, ModelView, Params, PruneError, Shape, TrainError, Trainer,
};
use hone_learn::learner::{
    Answer, Form, Given, Input, Learner, Lent, Needs, Part, Point, Refusal, Setup, Shape as Seen, Start, Wants,
};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::{Decision, ParamError, Progress, SetMut, words};

/// A network in `WORDS` words, of up to `CLASSES` classes, that infers in `SCRATCH` words.
#[derive(Debug)]
pub struct Net<const WORDS: usize, const CLASSES: usize, const SCRATCH: usize>;

/// A model with what it was trained by.
#[derive(Debug)]
pub struct Trained<const WORDS: usize> {
    /// The network.
    pub network: Model<WORDS>,
    params: Params,
}

/// A training.
#[derive(Debug)]
pub struct Training {
    trainer: Trainer,
    params: Params,
    start: Start,
    begun: bool,
    over: bool,
}

impl<const WORDS: usize, const CLASSES: usize, const SCRATCH: usize> Learner for Net<WORDS, CLASSES, SCRATCH> {
    type Params = Params;
    type Checked = (Checked, Start);
    type Model = Trained<WORDS>;
    type Scratch = [u32; SCRATCH];
    type Trainer = Training;
    type Fault = TrainError;

    const DEFAULT: Params = Params::DEFAULT;
    const EMPTY: Self::Model = Trained { network: Model::new(), params: Params::ZERO };
    const SCRATCH: Self::Scratch = [0; SCRATCH];
    const SCORE: &'static str = "mean margin";
    const ROWS: bool = true;
    const SAMPLES: bool = true;
    const RESUMES: bool = true;
    const PARTS: bool = true;
    const PRUNES: bool = true;

    fn check(params: &Params, setup: &Setup) -> Result<(Checked, Start), ParamError> {
        let mut params = *params;
        match setup.part {
            Part::Whole => {}
            Part::Last(0) => params.biases = true,
            Part::Last(layers) => params.last = layers,
        }
        // Of raw samples a row is a window's frames, one after the other.
        let frames = setup.row_frames.max(1);
        let channels = setup.shape.inputs.checked_div(frames).unwrap_or(0);
        let shape = Shape { input: Extent { frames, channels }, classes: CLASSES };
        let words = params.verify(shape).map_err(|error| match error {
            CheckError::Param(error) => error,
            CheckError::Network(error) => declare::refused(&params.network, error),
        })?;
        let rooms = [
            ("layers, in bytes of the model (CONFIG_HONE_NET_BYTES),", words.model, WORDS),
            ("layers, in bytes of inference (CONFIG_HONE_NET_SCRATCH_BYTES),", words.scratch, SCRATCH),
        ];
        for (name, asked, room) in rooms {
            let (asked, capacity) = (4 * asked, 4 * room as u32);
            if asked > capacity {
                return Err(ParamError::Capacity { name, asked, capacity });
            }
        }
        Ok((Checked::of(params, shape, words), setup.start))
    }

    fn required((checked, _): &(Checked, Start), _: &Setup) -> Needs {
        Needs { bytes: required(checked), windows: false, rows: true }
    }

    fn begin((checked, start): &(Checked, Start)) -> Training {
        let trainer = match start {
            Start::Afresh => Trainer::new(*checked),
            Start::Resume => Trainer::resumes(*checked),
        };
        Training { trainer, params: *checked.params(), start: *start, begun: false, over: false }
    }

    fn wants(training: &Training) -> Wants {
        if training.over { Wants::Nothing } else { Wants::Rows }
    }

    fn step(t: &mut Training, given: &Given<'_>, lent: Lent<'_, Self::Model>) -> Result<Progress, TrainError> {
        let Given::Rows(set) = given else { return Err(TrainError::NoRows) };
        let Lent { model, earlier, workspace, budget } = lent;
        if !t.begun {
            t.begun = true;
            model.params = t.params;
            if t.start == Start::Resume {
                model.network.edit().copy(earlier.ok_or(TrainError::OtherModel)?.network.view());
            }
        }
        let progress = t.trainer.step(*set, workspace, model.network.edit(), budget)?;
        t.over = matches!(progress, Progress::Done(_));
        Ok(progress)
    }

    /// The loss of each epoch, and the accuracy on what is held back.
    fn curve(training: &Training) -> Option<Point> {
        let epoch = training.trainer.last_epoch();
        let held_back = Some(epoch.held).filter(|held| held.is_finite());
        let judged = epoch.number > 0 && (held_back.is_some() || !training.trainer.judges());
        judged.then_some(Point { pass: epoch.number.into(), loss: epoch.loss, held_back })
    }

    /// What it has learnt it goes on from, and forgets what it never sees again: every other row stays.
    fn make_room(_: &Training, mut set: SetMut<'_>, _: &mut [u32]) {
        set.retain(|row| row % 2 == 0);
    }

    fn infer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        if !model.network.view().is_trained() || model.network.view().input().len() != input.row.len() {
            return None;
        }
        let verdict = model.network.infer(input.row, scratch);
        let nearest = match verdict.decision {
            Decision::Class(class) => Some(class),
            _ => None,
        };
        Some(Answer { nearest, ..verdict.into() })
    }

    fn shape(model: &Self::Model) -> Seen {
        Seen { inputs: model.network.view().input().len() as u16, frames: 1 }
    }

    fn params(model: &Self::Model) -> Option<&Params> {
        model.network.view().is_trained().then_some(&model.params)
    }

    fn about(model: &Self::Model, out: &mut dyn Out) {
        let view = model.network.view();
        if !view.is_trained() {
            return out.str("untrained\n");
        }
        out.str("tells classes apart: ");
        for (i, class) in view.classes().enumerate() {
            out.str(if i == 0 { "" } else { ", " });
            out.uint(class.0);
        }
        let Extent { frames, channels } = view.input();
        match frames {
            1 => out.counts("\n% numbers in\n", &[channels.into()]),
            _ => out.counts("\n% frames of % channels in\n", &[frames.into(), channels.into()]),
        }
        view.layers().for_each(|layer| draw(&layer, out));
        numbers(&view, out);
    }

    fn explain(fault: &TrainError, out: &mut dyn Out) {
        explain(fault, out);
    }

    /// The layers and numbers of the model, whatever is set.
    fn resume(model: &Self::Model, params: &mut Params) {
        let view = model.network.view();
        if view.is_trained() {
            (params.network, params.numbers) = (*view.network(), view.numbers());
        }
    }

    fn convert(
        source: &Self::Model,
        form: Form,
        model: &mut Self::Model,
        workspace: &mut [u32],
    ) -> Result<(), Refusal<TrainError>> {
        let Form::Pruned(percent) = form else { return Err(Refusal::NoSuchForm) };
        let pruned = model.network.edit().prune(source.network.view(), percent, workspace);
        pruned.map_err(|error| match error {
            PruneError::Share | PruneError::Kind | PruneError::Nothing => Refusal::NoSuchForm,
            PruneError::Workspace(shortage) => Refusal::Fault(TrainError::Workspace(shortage)),
            PruneError::Room(shortage) => Refusal::Fault(TrainError::Model(shortage)),
            PruneError::Network(error) => Refusal::Fault(TrainError::Network(error)),
        })?;
        model.params = Params { network: *model.network.view().network(), ..source.params };
        Ok(())
    }

    fn weights(model: &Self::Model) -> usize {
        model.network.view().used() * 4
    }

    fn layout(_: &Self::Model) -> u8 {
        LAYOUT
    }

    fn write(model: &Self::Model, sink: &mut dyn Sink) -> Result<(), PutError> {
        payload::put(&model.network, sink)
    }

    fn read(model: &mut Self::Model, layout: u8, params: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        if layout != LAYOUT {
            return Err(PayloadError::Layout);
        }
        payload::decode(bytes, |d| model.network.load(d))?;
        if model.network.view().scratch_words() > SCRATCH || model.network.view().latent() > 0 {
            return Err(PayloadError::Refused);
        }
        model.params = *params;
        Ok(())
    }
}

/// A line of what its numbers are in, and what they take.
pub fn numbers(view: &ModelView<'_>, out: &mut dyn Out) {
    out.str(match view.numbers() {
        Numbers::Int8 => "in 8-bit integers",
        Numbers::Mixed => "in 8-bit integers, the last layer in floating point",
        Numbers::F32 => "in floating point",
    });
    out.counts(", % bytes\n", &[(view.used() * 4) as u32]);
}

/// One line of a layer: what it is, what it gives, its weights and work.
pub fn draw(layer: &Drawn, out: &mut dyn Out) {
    use crate::LayerKind::{Average, Convolution, Dense, GlobalAverage, Sample, Transposed};
    let declared = &layer.layer;
    let numbers = [declared.channels.into(), declared.kernel.into(), declared.stride.into()];
    match declared.kind {
        Dense => out.counts("dense, % units", &numbers),
        Convolution => out.counts("convolution, % filters of % frames, one every %", &numbers),
        Transposed => out.counts("transposed convolution, % filters of % frames, one every %", &numbers),
        Average => out.counts("means of % frames", numbers.get(1..).unwrap_or(&[])),
        GlobalAverage => out.str("means of all frames"),
        Sample => out.str("drawn of means and deviations"),
    }
    out.str(if declared.relu { ", ReLU" } else { "" });
    let figures = [layer.output.len() as u32, layer.parameters as u32, layer.macs as u32];
    out.counts(": % out, % weights, % multiply-accumulates\n", &figures);
}

/// Why a training of a network failed, and what to do.
pub fn explain(error: &TrainError, out: &mut dyn Out) {
    match error {
        TrainError::NoRows => {
            out.str("the training set has no labelled rows; 'label 1' begins to collect rows of class 1")
        }
        TrainError::OneClass(class) => {
            out.counts("all rows are of class %; label windows of another", &[class.0.into()]);
        }
        TrainError::TooManyClasses { capacity } => {
            out.counts("more classes than the % that a model tells apart; 'data clear' and label fewer", &[*capacity]);
        }
        TrainError::Width { expected, found } => {
            out.counts("the network takes in % numbers and rows have %; train again", &[*expected, *found]);
        }
        TrainError::Workspace(shortage) => words::workspace(shortage, out),
        TrainError::Model(shortage) => {
            out.counts(
                "the model needs % bytes and there are %; use fewer classes or features, smaller net.layers, or raise \
                     CONFIG_HONE_NET_BYTES",
                &[shortage.needed as u32, shortage.available as u32],
            );
        }
        TrainError::Network(_) => out.str("the network does not fit what it takes in; change net.layers"),
        TrainError::OtherModel => {
            out.str("the model in use has other layers, numbers or features; train without --continue")
        }
        TrainError::OtherClass(class) => {
            out.counts("the model in use does not know class %; train without --continue", &[class.0.into()]);
        }
        TrainError::SetChanged => out.str("the training set changed while training; train again"),
        TrainError::Diverged => out.str("the loss grew without end; lower net.rate, or 'config set net.keep on'"),
    }
}
