//! Regression and classes by the contract of `hone_learn::learner`: a stream is learnt frame by frame from live windows, rows and
//! classes from the training set. Of a stream inference works on a copy of the model, which learns on with `adapt`.

use crate::LAYOUT;
use crate::live::{Stream, judge_row, judge_window};
use crate::model::{Head, Kind, Model, ModelView};
use crate::params::{Checked, Params, Shape, Source, Task};
use crate::stream::{SCALE_FRAMES, State};
#[cfg(feature = "set")]
use crate::train::{TrainError, Trainer};
use hone_learn::learner::{Answer, Given, Input, Learner, Lent, Needs, Setup, Shape as Seen, Start, Wants};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::{ParamError, Progress, Shortage, words};
use serde::Deserialize;

/// Room for regressions of up to `INPUTS` inputs and for `CLASSES` classes, in `WORDS` words ([`crate::words_for`]), with a
/// scratch of `COLUMNS` columns ([`crate::columns_for`]) and `LIVE` words for the copy ([`crate::model_words`]).
#[derive(Debug)]
pub struct Linear<
    const INPUTS: usize,
    const CLASSES: usize,
    const WORDS: usize,
    const COLUMNS: usize,
    const LIVE: usize,
>;

/// A model and what it was trained with.
#[derive(Debug)]
pub struct Kept<const WORDS: usize> {
    params: Params,
    /// Frames of the windows learnt; 1 of rows.
    frames: u16,
    /// Read, and so perhaps from before a restart: the clock of its training says nothing.
    read: bool,
    model: Model<WORDS>,
}

impl<const WORDS: usize> Kept<WORDS> {
    /// Its model.
    pub fn view(&self) -> ModelView<'_> {
        self.model.view()
    }
}

/// What inference carries from frame to frame, and the model of a stream that it works on; of one of rows there is none.
#[derive(Debug)]
pub struct Scratch<const LIVE: usize, const COLUMNS: usize> {
    model: Model<LIVE>,
    state: State<COLUMNS>,
    /// A frame as numbers.
    frame: [f32; COLUMNS],
    read: bool,
}

/// Parameters that were checked, and from what a training begins.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub(crate) checked: Checked,
    pub(crate) start: Start,
    frames: u16,
}

/// A training.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "lives in a static, where there is no box")]
pub enum Training {
    /// From live windows.
    Stream(Stream),
    /// From the training set, and whether it has finished.
    #[cfg(feature = "set")]
    Set(Trainer, Plan, bool),
}

/// Why it failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Training on a set.
    #[cfg(feature = "set")]
    Set(TrainError),
    /// The parameters do not fit the interval between frames.
    Params(ParamError),
    /// The model has no room for it.
    Model(Shortage),
    /// The workspace is too small.
    Workspace(Shortage),
    /// The windows have another number of channels.
    Channels,
    /// The model in use has other inputs, or was not learnt from a stream.
    NoResume,
}

impl<const INPUTS: usize, const CLASSES: usize, const WORDS: usize, const COLUMNS: usize, const LIVE: usize> Learner
    for Linear<INPUTS, CLASSES, WORDS, COLUMNS, LIVE>
{
    type Params = Params;
    type Checked = Plan;
    type Model = Kept<WORDS>;
    type Scratch = Scratch<LIVE, COLUMNS>;
    type Trainer = Training;
    type Fault = Fault;

    const DEFAULT: Params = Params::DEFAULT;
    const EMPTY: Kept<WORDS> = Kept { params: Params::ZERO, frames: 0, read: false, model: Model::new() };
    const SCRATCH: Self::Scratch =
        Scratch { model: Model::new(), state: State::new(), frame: [0.0; COLUMNS], read: false };
    const SCORE: &'static str = "mean error over half the interval's width";
    const WINDOWS: bool = true;
    const ROWS: bool = cfg!(feature = "set");
    const RESUMES: bool = true;

    fn sees(params: &Params) -> hone_learn::learner::Sees {
        match params.from {
            Source::Stream => hone_learn::learner::Sees::Windows,
            Source::Set => hone_learn::learner::Sees::Rows,
        }
    }

    fn check(params: &Params, setup: &Setup) -> Result<Plan, ParamError> {
        check(params, setup, INPUTS, COLUMNS)
    }

    fn required(plan: &Plan, _: &Setup) -> Needs {
        required(plan, CLASSES)
    }

    fn begin(plan: &Plan) -> Training {
        #[cfg(feature = "set")]
        if plan.checked.params().from == Source::Set {
            return Training::Set(Trainer::new(plan.checked), *plan, false);
        }
        Training::Stream(Stream::new(*plan))
    }

    fn wants(training: &Training) -> Wants {
        match training {
            Training::Stream(stream) if !stream.over => Wants::Window,
            #[cfg(feature = "set")]
            Training::Set(_, _, false) => Wants::Rows,
            _ => Wants::Nothing,
        }
    }

    fn step(training: &mut Training, given: &Given<'_>, lent: Lent<'_, Kept<WORDS>>) -> Result<Progress, Fault> {
        let Lent { model: kept, earlier, workspace, budget } = lent;
        let model = kept.model.edit();
        let (progress, plan) = match training {
            Training::Stream(stream) => {
                let Given::Window(input) = given else { return Err(Fault::Channels) };
                let progress = stream.step(&input.window, model, earlier.map(|e| e.model.view()), workspace)?;
                (progress, &stream.plan)
            }
            #[cfg(feature = "set")]
            Training::Set(trainer, plan, over) => {
                let Given::Rows(set) = given else { return Err(Fault::Channels) };
                let progress = trainer.step(*set, workspace, model, budget).map_err(Fault::Set)?;
                *over = matches!(progress, Progress::Done(_));
                (progress, &*plan)
            }
        };
        let _ = budget;
        (kept.params, kept.frames) = (*plan.checked.params(), plan.frames);
        Ok(progress)
    }

    fn prepare(model: &Kept<WORDS>, scratch: &mut Self::Scratch) {
        scratch.model.head = Head::EMPTY;
        let from = model.model.view();
        let (to, from) = (scratch.model.words.get_mut(..from.used()), model.model.words.get(..from.used()));
        if let (Source::Stream, Some((to, from))) = (model.params.from, to.zip(from)) {
            to.iter_mut().zip(from.iter()).for_each(|(to, from)| *to = *from);
            scratch.model.head = model.model.head;
        }
        scratch.read = model.read;
        scratch.state.reset();
    }

    fn reset(scratch: &mut Self::Scratch) {
        scratch.state.reset();
    }

    fn infer(model: &Kept<WORDS>, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        let Scratch { model: own, state, frame, read } = scratch;
        if model.params.from == Source::Set {
            return judge_row(model.model.view(), input.row, &mut state.lend());
        }
        // Made ready for another model, it has nothing to say of this one.
        if own.head.design != model.model.head.design {
            return None;
        }
        let mut edit = own.edit();
        if core::mem::take(read) {
            edit.lose_clock(input.window.time.0);
        }
        judge_window(edit, &input.window, &mut state.lend(), frame)
    }

    fn shape(model: &Kept<WORDS>) -> Seen {
        Seen { inputs: model.model.view().channels() as u16, frames: model.frames }
    }

    fn params(model: &Kept<WORDS>) -> Option<&Params> {
        Some(&model.params)
    }

    fn about(model: &Kept<WORDS>, out: &mut dyn Out) {
        about(model.model.view(), out);
    }

    fn explain(fault: &Fault, out: &mut dyn Out) {
        explain(fault, out);
    }

    fn layout(_: &Kept<WORDS>) -> u8 {
        LAYOUT
    }

    fn write(model: &Kept<WORDS>, sink: &mut dyn Sink) -> Result<(), PutError> {
        payload::put(&(model.frames, model.model.view()), sink)
    }

    fn read(model: &mut Kept<WORDS>, layout: u8, params: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        if layout != LAYOUT {
            return Err(PayloadError::Layout);
        }
        (model.params, model.read) = (*params, true);
        let mut edit = model.model.edit();
        model.frames = payload::decode(bytes, |d| {
            let frames = Deserialize::deserialize(&mut *d)?;
            edit.load(d).map(|()| frames)
        })?;
        Ok(())
    }
}

fn check(params: &Params, setup: &Setup, inputs: usize, columns: usize) -> Result<Plan, ParamError> {
    let Seen { inputs: channels, frames } = setup.shape;
    let mut params = *params;
    if params.from == Source::Stream {
        if params.task == Task::Classes {
            return Err(ParamError::Conflict("classes are learnt from labelled rows: 'config set linear.from set'"));
        }
        params.task = Task::Regression;
        if let Some(windows) = setup.windows {
            params.frames = u32::from(windows) * u32::from(frames);
        }
    } else if !cfg!(feature = "set") {
        return Err(ParamError::Conflict(
            "this build learns from no rows (CONFIG_HONE_LINEAR_SET): linear.from stream",
        ));
    }
    // What the interval is between frames is known once there are some.
    let checked = params.check(Shape { channels: channels.into(), inputs, interval: 1 })?;
    if usize::from(channels) >= columns {
        let capacity = columns.saturating_sub(1) as u32;
        return Err(ParamError::Capacity { name: "channels", asked: channels.into(), capacity });
    }
    Ok(Plan { checked, start: setup.start, frames })
}

fn required(plan: &Plan, classes: usize) -> Needs {
    #[cfg(feature = "set")]
    if plan.checked.params().from == Source::Set {
        return Needs { bytes: crate::required(&plan.checked, classes), windows: false, rows: true };
    }
    let _ = classes;
    // A row, earlier values, and a frame.
    let design = plan.checked.regression();
    let words = design.columns() + usize::from(design.lags) + usize::from(design.channels);
    Needs { bytes: 4 * words, windows: true, rows: false }
}

fn about(model: ModelView<'_>, out: &mut dyn Out) {
    let Head { kind, design, seen, rule, .. } = *model.head;
    if kind == Kind::Classes {
        out.counts("% classes by % features\n", &[model.head.classes.into(), design.channels.into()]);
        return;
    }
    out.counts("channel % from % inputs, % learnt; ", &[design.target.into(), design.inputs() as u32, seen]);
    out.percent(1.0 - rule.outside);
    out.counts(" expected within the interval, % outside in a row are an anomaly\n", &[rule.in_a_row.into()]);
    let deviation = match design.scale(model.scales()) {
        [_, factor, ..] if *factor > 0.0 => model.deviation() / factor,
        _ => 0.0,
    };
    out.str("residual ");
    out.real(deviation);
    out.str(", correlation ");
    out.fixed(model.correlation(), 3);
    out.str(", degrees of freedom ");
    out.real(model.freedom());
    out.str("\n");
}

fn explain(fault: &Fault, out: &mut dyn Out) {
    match fault {
        #[cfg(feature = "set")]
        Fault::Set(error) => set_error(error, out),
        Fault::Params(error) => words::param_error("linear", error, out),
        Fault::Model(shortage) => capacity(shortage, out),
        Fault::Workspace(shortage) => words::workspace(shortage, out),
        Fault::Channels => out.str("the windows have another number of channels than the parameters were checked for"),
        Fault::NoResume => {
            out.str("the model in use has other inputs, or was not learnt from a stream; train without --continue")
        }
    }
}

#[cfg(feature = "set")]
fn set_error(error: &TrainError, out: &mut dyn Out) {
    match error {
        TrainError::TooFew { rows, needed } => {
            out.counts(
                "the training set has % rows that serve, and % are needed; collect more, or lower linear.lags",
                &[*rows, *needed],
            );
        }
        TrainError::Width { expected, found } => {
            out.counts("rows of % features are wanted, and these have %", &[*expected, *found]);
        }
        TrainError::Constant => out.str("the feature to be predicted (linear.target) never varies in the training set"),
        TrainError::OneClass(class) => {
            out.counts("all labelled rows are of class %; label rows of another", &[class.0.into()]);
        }
        TrainError::TooManyClasses { capacity } => {
            out.counts("more classes than the % that there is room for", &[*capacity]);
        }
        TrainError::Workspace(shortage) => words::workspace(shortage, out),
        TrainError::Model(shortage) => capacity(shortage, out),
        TrainError::SetChanged => out.str("the training set was changed; train again"),
        TrainError::NotFinite => out.str("the numbers grew beyond all bounds; raise linear.ridge or linear.penalty"),
    }
}

fn capacity(shortage: &Shortage, out: &mut dyn Out) {
    out.counts(
        "the model takes % bytes and there is room for %; raise CONFIG_HONE_LINEAR_INPUTS or CONFIG_HONE_LINEAR_CLASSES",
        &[shortage.needed as u32, shortage.available as u32],
    );
}

/// Frames that set the scale come on top of what a model needs to learn.
const _: () = assert!(SCALE_FRAMES < 64);
