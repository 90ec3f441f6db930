//! The contract between a learner and the engine.
//!
//! A learner is a folder in `rust/learners` and a row in the engine's table (`rust/engine/src/learners.rs`). What it
//! is stands here; what it must say has no default, what it may leave out has one.
//!
//! ```text
//!  Params ──check──► Checked ──begin──► Trainer ──step──step──step──► Model ──infer──► Answer
//!                       │                 │ wants: a window, the rows,        ├──about, write, read
//!                       └─required: bytes └─ work, or nothing                ├──convert: a smaller form
//!                                                                            └──encode: a row for another learner
//! ```
//!
//! No function holds on to what it is lent, so that trainer and model rest in statics while their threads wait. Each call is
//! bounded: by the budget, by a window, or by the model's capacity.

pub use crate::breach::Breach;
use crate::payload::{PayloadError, PutError};
use crate::sink::Sink;
use crate::text::Out;
use crate::{ClassId, ParamError, Progress, SetMut, SetView, Settings, Verdict, WindowView};
use core::fmt::Debug;
use hone_numeric::quantize::Fixed;
use hone_numeric::quantize::Precision;

/// What a learner sees of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// Windows of samples; where `features.steps` is set, of feature vectors in a row, in the form of samples.
    Windows,
    /// One row of features for each window.
    Rows,
}

/// The shape of what is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Channels of a window's frames, or features of a row.
    pub inputs: u16,
    /// Frames of a window; 1 of a row.
    pub frames: u16,
}

/// One window or row.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The window: its samples, or the feature vectors that take their place. Of a row that was stored there are no samples.
    pub window: WindowView<'a>,
    /// Its features, where the learner sees rows.
    pub row: &'a [f32],
    /// What another model said of it, where the model refers to one.
    pub beside: Option<Answer>,
}

/// A number that a model foretells, and between which bounds it expects it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// What is expected.
    pub value: f32,
    /// Least that is expected, at the level that the learner's parameters say.
    pub lower: f32,
    /// Greatest.
    pub upper: f32,
    /// What was seen in its place; not a number where that is not known.
    pub seen: f32,
}

/// What contributed most to a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The channel; 0 where a learner sees rows, whose features the engine knows by channel.
    pub channel: u16,
    /// The feature among those of the channel; 0 of samples.
    pub feature: u16,
}

/// All that a model says of one window or row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The decision, and the number behind it.
    pub verdict: Verdict,
    /// Whether the verdict rests on all that it is to rest on; until then, as before an average is full, it is preliminary.
    pub warm: bool,
    /// The score of this window alone, where the verdict's is of several; `None` where the window gave none.
    pub alone: Option<f32>,
    /// The nearest class, the best guess where the decision is none.
    pub nearest: Option<ClassId>,
    /// The number foretold.
    pub estimate: Option<Estimate>,
    /// What contributed most.
    pub cause: Option<Cause>,
}

impl From<Verdict> for Answer {
    /// A verdict with nothing beside it.
    fn from(verdict: Verdict) -> Self {
        let alone = Some(verdict.score).filter(|s| s.is_finite());
        Self { verdict, warm: true, alone, nearest: None, estimate: None, cause: None }
    }
}

/// Where a training begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// From nothing.
    #[default]
    Afresh,
    /// From the model in use, which is lent at each step ([`Lent::earlier`]).
    Resume,
}

/// What of a model is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// The last of its layers, so many; 0: what is set off alone (biases, a threshold).
    Last(u8),
}

/// What parameters are checked against.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Setup {
    /// What is seen.
    pub shape: Shape,
    /// A window's frames are feature vectors and not samples.
    pub features: bool,
    /// Frames that a row's numbers are, of all channels each: of a window's samples as many as it has, of features 1; 0 is 1, too.
    pub row_frames: u16,
    /// Rows that the training set has room for.
    pub rows: u16,
    /// Windows that the training is to take in, if not as many as the parameters say.
    pub windows: Option<u16>,
    /// Where it begins.
    pub start: Start,
    /// What is trained.
    pub part: Part,
    /// False alarms per window that a threshold from statistics is to allow; 0: as the learner has it.
    pub false_alarms: f32,
}

/// What a training takes, known before it starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Bytes of workspace.
    pub bytes: usize,
    /// Live windows.
    pub windows: bool,
    /// The training set.
    pub rows: bool,
}

/// What a trainer is to be given next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// The next window or row of the live stream.
    Window,
    /// The training set.
    Rows,
    /// Time.
    Work,
    /// It has finished.
    Nothing,
}

/// What it is given.
#[derive(Clone, Copy, Debug)]
pub enum Given<'a> {
    /// As [`Wants::Window`].
    Window(Input<'a>),
    /// As [`Wants::Rows`]; of each step the same.
    Rows(SetView<'a>),
    /// As [`Wants::Work`].
    Work,
}

/// What a step is lent; of each step of a training the same.
#[derive(Debug)]
pub struct Lent<'a, M> {
    /// The model under training.
    pub model: &'a mut M,
    /// The model in use, if it is of this learner.
    pub earlier: Option<&'a M>,
    /// Working memory.
    pub workspace: &'a mut [u32],
    /// Multiply-accumulates after which the step is to end.
    pub budget: u32,
}

/// A point of the curve that a training publishes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Passes over the data behind, from 1.
    pub pass: u32,
    /// The loss over the pass, in the learner's unit.
    pub loss: f32,
    /// The figure on what is held back from training: accuracy, or a loss.
    pub held_back: Option<f32>,
}

/// What a model is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its weights clustered, by this factor: 4, 8, 16 or 32.
    Clustered(u8),
    /// In 8-bit integers throughout.
    Int8,
    /// In fixed point of 16 bits throughout.
    Fixed(Fixed),
    /// Without this share of its units, in percent.
    Pruned(u8),
}

impl Form {
    /// In what integers a model runs in this form; `None` in floating point.
    pub const fn precision(self) -> Option<Precision> {
        match self {
            Self::Int8 => Some(Precision::Int8),
            Self::Fixed(fixed) => Some(Precision::Fixed(fixed)),
            Self::Clustered(_) | Self::Pruned(_) => None,
        }
    }
}

/// Why there is no such form of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal<F> {
    /// The learner has none.
    NoSuchForm,
    /// The model is converted already.
    Converted,
    /// As the learner says.
    Fault(F),
}

/// Two forms of a model on one window that sets the new one's thresholds.
#[derive(Debug)]
pub struct Settling<'a, L: Learner> {
    /// The model in use.
    pub old: &'a L::Model,
    /// Its new form.
    pub new: &'a mut L::Model,
    /// What each carries from window to window.
    pub scratch: [&'a mut L::Scratch; 2],
    /// As large as [`Learner::settles`] said, zero at the first window and kept from one to the next.
    pub workspace: &'a mut [u32],
    /// The window's number, from 0.
    pub at: u16,
    /// Of so many.
    pub of: u16,
}

/// Thresholds: a score beyond them is anomalous.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bounds {
    /// At or below which.
    pub lower: f32,
    /// At or above which.
    pub upper: f32,
    /// The level ([`Bounds::level`]) above which scores add up to an alarm: 1, the threshold, where it is not known that the healthy
    /// seldom stay above a lower one.
    pub drift: f32,
}

/// One learner. The type itself has no value: it names the types and holds the capacities.
pub trait Learner: Sized + Debug + 'static {
    /// Its run-time parameters.
    type Params: Settings + Copy + Debug;
    /// Parameters that were checked against each other and against what is there.
    type Checked: Copy + Debug;
    /// A model, in any form, of fixed capacity. All zero bytes but for the tag of a form: it is without content.
    type Model: Debug;
    /// What inference carries from window to window, and works in.
    type Scratch: Debug;
    /// What a training holds between steps.
    type Trainer: Debug;
    /// Why a training or a conversion failed.
    type Fault: Copy + PartialEq + Debug;

    /// The parameters' defaults, with which a build of any capacity can train.
    const DEFAULT: Self::Params;
    /// A model without content.
    const EMPTY: Self::Model;
    /// At the start of a stream.
    const SCRATCH: Self::Scratch;
    /// What the mean of scores is called in reports.
    const SCORE: &'static str = "mean score";
    /// It may see windows.
    const WINDOWS: bool = false;
    /// It may learn from the training set.
    const ROWS: bool = false;
    /// It may learn from rows of a window's samples, which are longer than rows of features.
    const SAMPLES: bool = false;
    /// It may begin from a model of its own ([`Start::Resume`]).
    const RESUMES: bool = false;
    /// It may train a part of a model ([`Part`]).
    const PARTS: bool = false;
    /// A model may become one without some of its units ([`Form::Pruned`]).
    const PRUNES: bool = false;

    /// What it sees.
    fn sees(_params: &Self::Params) -> Sees {
        if Self::WINDOWS { Sees::Windows } else { Sees::Rows }
    }

    /// Windows in which it is measured what is usual for each feature, where windows of feature vectors are seen.
    fn measures(_params: &Self::Params) -> u16 {
        8
    }

    /// Checks parameters against each other, against what is seen and against the model's capacity.
    ///
    /// # Errors
    /// [`ParamError`].
    fn check(params: &Self::Params, setup: &Setup) -> Result<Self::Checked, ParamError>;

    /// What a training takes. Only what is named here may be wanted later.
    fn required(checked: &Self::Checked, setup: &Setup) -> Needs;

    /// A training that has not begun; of a learner that learns in place it is never asked.
    fn begin(checked: &Self::Checked) -> Self::Trainer;

    /// What the training is to be given next; until it has ended never nothing.
    fn wants(trainer: &Self::Trainer) -> Wants;

    /// Takes one step with what it wanted.
    ///
    /// # Errors
    /// The learner's; the training is over, and the model of no use.
    fn step(
        trainer: &mut Self::Trainer,
        given: &Given<'_>,
        lent: Lent<'_, Self::Model>,
    ) -> Result<Progress, Self::Fault>;

    /// The newest point of its curve.
    fn curve(_trainer: &Self::Trainer) -> Option<Point> {
        None
    }

    /// After a training from the rows of a set that is full: makes room in it. The workspace is as the last step left it.
    fn make_room(_trainer: &Self::Trainer, _set: SetMut<'_>, _workspace: &mut [u32]) {}

    /// Makes the scratch ready for a model at the start of a stream.
    fn prepare(_model: &Self::Model, scratch: &mut Self::Scratch) {
        Self::reset(scratch);
    }

    /// Forgets the stream: the next window continues nothing.
    fn reset(_scratch: &mut Self::Scratch) {}

    /// What the model says of one window or row; `None` when it is of another shape, or the model without content.
    fn infer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer>;

    /// Numbers of the row that the model makes for another learner; 0 where it makes none.
    fn codes(_model: &Self::Model) -> u16 {
        0
    }

    /// Writes the row that the model makes of an input for another learner; its numbers.
    fn encode(
        _model: &Self::Model,
        _input: &Input<'_>,
        _scratch: &mut Self::Scratch,
        _row: &mut [f32],
    ) -> Option<usize> {
        None
    }

    /// What the model sees; no inputs where it is without content, as no training may leave it.
    fn shape(model: &Self::Model) -> Shape;

    /// The parameters that it was trained with; `None` of a form that keeps none.
    fn params(model: &Self::Model) -> Option<&Self::Params>;

    /// Its thresholds.
    fn bounds(_model: &Self::Model) -> Option<Bounds> {
        None
    }

    /// Writes some lines about the model.
    fn about(model: &Self::Model, out: &mut dyn Out);

    /// Says why a training or a conversion failed, and what to do.
    fn explain(fault: &Self::Fault, out: &mut dyn Out);

    /// The number of the layout in which it is written; the learner counts its own from 1.
    fn layout(model: &Self::Model) -> u8;

    /// Writes it.
    ///
    /// # Errors
    /// [`PutError`].
    fn write(model: &Self::Model, sink: &mut dyn Sink) -> Result<(), PutError>;

    /// Reads what [`Learner::write`] wrote of a model of these parameters into an empty one. The bytes come from anywhere.
    ///
    /// # Errors
    /// [`PayloadError`], [`PayloadError::Layout`] of a layout that this build does not read; the model is of no use.
    fn read(model: &mut Self::Model, layout: u8, params: &Self::Params, payload: &[u8]) -> Result<(), PayloadError>;

    /// Makes a smaller form of a model in an empty one.
    ///
    /// # Errors
    /// [`Refusal`]; the new one is of no use.
    fn convert(
        _source: &Self::Model,
        _form: Form,
        _model: &mut Self::Model,
        _workspace: &mut [u32],
    ) -> Result<(), Refusal<Self::Fault>> {
        Err(Refusal::NoSuchForm)
    }

    /// Takes over into `params` what a training that goes on from `model` has from it, whatever is set.
    fn resume(_model: &Self::Model, _params: &mut Self::Params) {}

    /// Windows that set the thresholds of a model's new form, where no number is asked for, and bytes of workspace that so many
    /// windows take; none where there is nothing to set.
    fn settles(_source: &Self::Model, windows: Option<u16>) -> (u16, usize) {
        let _ = windows;
        (0, 0)
    }

    /// Takes in a window that sets thresholds, and sets them at the last.
    ///
    /// # Errors
    /// The learner's.
    fn settle(settling: Settling<'_, Self>, input: &Input<'_>) -> Result<(), Self::Fault> {
        let _ = (settling, input);
        Ok(())
    }

    /// Bytes of the numbers that a conversion makes smaller.
    fn weights(_model: &Self::Model) -> usize {
        0
    }
}

/// How far a model that learns in place has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Learning {
    /// Windows learnt.
    pub learnt: u32,
    /// Units (prototypes, neurons, coefficients) in use.
    pub units: u16,
    /// Units that there is room for.
    pub capacity: u16,
    /// Of the windows learnt, decided rightly before they were: prequential accuracy, 0 to 1.
    pub accuracy: f32,
    /// The same, with the newer windows weighing more.
    pub recent: f32,
    /// Units given up for others.
    pub pruned: u32,
    /// Windows that found no room.
    pub refused: u32,
}

/// A learner that learns in place, window by window, where they are judged. One call is bounded by the model's capacity.
pub trait Online: Learner {
    /// What its units are called.
    const UNITS: &'static str;
    /// Whether it learns labelled windows alone.
    const LABELLED: bool = true;

    /// Lets an empty model begin, to know nothing yet.
    ///
    /// # Errors
    /// The learner's.
    fn start(model: &mut Self::Model, checked: &Self::Checked) -> Result<(), Self::Fault>;

    /// Whether it learns: a form that does not is never taught.
    fn learns(model: &Self::Model) -> bool;

    /// Takes over parameters that may change while it learns. False, and nothing is changed, when some take a new beginning.
    fn adjust(model: &mut Self::Model, params: &Self::Params) -> bool;

    /// Learns one window or row, with its label.
    ///
    /// # Errors
    /// The learner's; the model is as it was.
    fn learn(model: &mut Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Result<(), Self::Fault>;

    /// How far it has come.
    fn learning(model: &Self::Model) -> Learning;

    /// Makes an empty model the same as another, where it lies.
    fn copy(from: &Self::Model, to: &mut Self::Model);
}
