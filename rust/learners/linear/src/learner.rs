//! Regression and classes by the contract of `hone_learn::learner`: a stream is learnt frame by frame from live windows, rows and
//! classes from the training set. Of a stream inference works on a copy of the model, which learns on with `adapt`.

use crate::design::NOBODY;
use crate::model::{Head, Kind, Model, ModelMut, ModelView};
use crate::params::{Checked, Params, Shape, Source, Task};
use crate::stream::{Ground, Memo, NONE, SCALE_FRAMES, State, StateMut};
#[cfg(feature = "set")]
use crate::train::{TrainError, Trainer};
use crate::{LAYOUT, Outcome};
use hone_learn::learner::{
    Answer, Cause, Estimate, Given, Input, Learner, Lent, Needs, Setup, Shape as Seen, Start, Wants,
};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::{
    Decision, Metric, ParamError, Progress, Report, Shortage, Stop, Verdict, WindowView, Workspace, words,
};
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
    checked: Checked,
    start: Start,
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

/// A training from live windows. What the interval between frames is, the first two windows in a row say.
#[derive(Debug)]
pub struct Stream {
    plan: Plan,
    memo: Memo,
    /// Time and number of the first window.
    first: Option<(u64, u32)>,
    begun: bool,
    over: bool,
    /// Frames that there were before, of a model that goes on.
    before: u32,
    /// Frames learnt, and the sum of their squared errors in deviations.
    learnt: u32,
    total: f32,
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
        Training::Stream(Stream {
            plan: *plan,
            memo: Memo::default(),
            first: None,
            begun: false,
            over: false,
            before: 0,
            learnt: 0,
            total: 0.0,
        })
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

impl Stream {
    /// Takes in a window.
    fn step(
        &mut self,
        window: &WindowView<'_>,
        mut model: ModelMut<'_>,
        earlier: Option<ModelView<'_>>,
        workspace: &mut [u32],
    ) -> Result<Progress, Fault> {
        let frames = self.plan.checked.params().frames;
        if !self.begun && !self.begin(window, &mut model, earlier)? {
            return Ok(Progress::Running { done: 0, total: frames });
        }
        let design = model.head.design;
        let mut ws = Workspace::new(workspace);
        let row = ws.take(design.columns()).map_err(Fault::Workspace)?;
        let recent = ws.take(design.lags.into()).map_err(Fault::Workspace)?;
        let frame = ws.take(design.channels.into()).map_err(Fault::Workspace)?;
        if window.channels != frame.len() {
            return Err(Fault::Channels);
        }
        let mut state = StateMut { row, recent, memo: &mut self.memo };
        let mut time = window.time.0;
        for samples in window.frames() {
            frame.iter_mut().zip(samples).for_each(|(to, from)| *to = f32::from(*from));
            let mut step = NONE;
            model.take(frame, time, &mut state, &mut step);
            if step.leverage >= 0.0 {
                self.learnt = self.learnt.saturating_add(1);
                self.total += step.error * step.error;
            }
            time = time.wrapping_add(design.interval);
        }
        let done = model.head.seen.saturating_sub(self.before);
        self.over = !model.view().is_learning();
        if !self.over {
            return Ok(Progress::Running { done, total: frames });
        }
        let n = design.columns() as u64;
        Ok(Progress::Done(Report {
            stop: Stop::Converged,
            rows: done,
            iterations: 1,
            work: u64::from(self.learnt) * (3 * n * n / 2 + 8 * n),
            metric: Metric::MeanSquaredError,
            quality: self.total / self.learnt.max(1) as f32,
        }))
    }

    /// Begins, once two windows in a row have said what the interval is between frames.
    fn begin(
        &mut self,
        window: &WindowView<'_>,
        model: &mut ModelMut<'_>,
        earlier: Option<ModelView<'_>>,
    ) -> Result<bool, Fault> {
        let (time, number) = (window.time.0, window.sequence);
        let first = self.first.replace((time, number));
        let Some((before, _)) = first.filter(|(_, last)| last.wrapping_add(1) == number) else { return Ok(false) };
        let interval = time.saturating_sub(before).checked_div(window.len() as u64).unwrap_or(0);

        if interval == 0 {
            return Ok(false);
        }
        let checked = self.plan.checked;
        let checked = checked.params().check(Shape { interval, ..*checked.shape() }).map_err(Fault::Params)?;
        if self.plan.start == Start::Resume {
            let earlier = earlier.ok_or(Fault::NoResume)?;
            if !model.resume(earlier, &checked) {
                return Err(Fault::NoResume);
            }
            self.before = earlier.seen();
            model.lose_clock(time);
        } else {
            model.begin(&checked).map_err(Fault::Model)?;
        }
        (self.begun, self.plan.checked) = (true, checked);
        Ok(true)
    }
}

/// Each frame of a window in turn. The answer is that of the worst frame of an alarm, else that of the last one with a verdict.
fn judge_window(
    mut model: ModelMut<'_>,
    window: &WindowView<'_>,
    state: &mut StateMut<'_>,
    frame: &mut [f32],
) -> Option<Answer> {
    let Head { design, .. } = *model.head;
    let frame = frame.get_mut(..design.channels.into()).filter(|frame| frame.len() == window.channels)?;
    let mut time = window.time.0;
    let mut best: Option<(Outcome, f32)> = None;
    for samples in window.frames() {
        frame.iter_mut().zip(samples).for_each(|(to, from)| *to = f32::from(*from));
        let mut step = NONE;
        model.take(frame, time, state, &mut step);
        time = time.wrapping_add(design.interval);
        let Outcome { verdict, ground, .. } = step.outcome;
        let alarm = |v: &Verdict| v.decision == Decision::Anomalous;
        let better = match &best {
            None => true,
            Some((best, _)) if alarm(&best.verdict) => alarm(&verdict) && verdict.score > best.verdict.score,
            Some((best, _)) => ground == Ground::Learnt || best.ground != Ground::Learnt,
        };
        if better {
            best = Some((step.outcome, frame.get(usize::from(design.target)).copied().unwrap_or(f32::NAN)));
        }
    }
    best.map(|(outcome, seen)| answer(&outcome, seen, design.target))
}

/// A row: its class, or the next of a stream of rows.
fn judge_row(model: ModelView<'_>, row: &[f32], state: &mut StateMut<'_>) -> Option<Answer> {
    let design = &model.head.design;
    if row.len() != usize::from(design.channels) {
        return None;
    }
    #[cfg(feature = "set")]
    if design.target == NOBODY {
        let verdict = model.classify(row, state.row);
        let nearest = match verdict.decision {
            Decision::Class(class) => Some(class),
            _ => None,
        };
        return Some(Answer { nearest, ..verdict.into() });
    }
    let seen = row.get(usize::from(design.target)).copied().filter(|_| design.target != NOBODY)?;
    Some(answer(&model.next(row, state), seen, design.target))
}

fn answer(outcome: &Outcome, seen: f32, channel: u16) -> Answer {
    let Outcome { verdict, ground, mean, half } = *outcome;
    let warm = ground == Ground::Learnt;
    let estimate = Estimate { value: mean, lower: mean - half, upper: mean + half, seen };
    Answer {
        warm,
        alone: warm.then_some(verdict.score),
        estimate: warm.then_some(estimate),
        cause: (verdict.decision == Decision::Anomalous).then_some(Cause { channel, feature: 0 }),
        ..verdict.into()
    }
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
