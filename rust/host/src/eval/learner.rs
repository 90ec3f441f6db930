//! What an evaluation asks of a learner. Each learner's file beside this one answers it with the portable crate's code.

use super::budget::Excess;
use super::save::Saved;
use super::settings::Table;
use crate::dataset::{Dataset, Fault};
use crate::plot::PlotError;
use hone_learn::learner::{Form, Point};
use hone_learn::{ClassId, ParamError, Report, Verdict};
use hone_signal::WindowView;
use std::fmt;

/// A learner under evaluation.
pub trait Learner {
    /// Its name, as after `--learner`.
    fn name(&self) -> &'static str;

    /// Its settings and their values.
    fn settings(&self) -> Table;

    /// Takes over what the data ask for, before settings are set.
    fn adapt(&mut self, _set: &Dataset) {}

    /// Sets one of them.
    ///
    /// # Errors
    /// [`ParamError`]; nothing is changed.
    fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError>;

    /// Whether it can learn such data; the reason and what to do where it cannot.
    ///
    /// # Errors
    /// Text for people.
    fn serves(&self, set: &Dataset) -> Result<(), String>;

    /// Whether it can learn the data with its settings, within its budget; what [`Learner::train`] would find first.
    ///
    /// # Errors
    /// [`EvalError::Exceeds`], and others where settings contradict the data.
    fn fits(&mut self, set: &Dataset) -> Result<(), EvalError>;

    /// Trains on the windows or rows to train and calibrate on. `tick` is told of each one taken in.
    ///
    /// # Errors
    /// [`EvalError`].
    fn train(&mut self, set: &Dataset, tick: &mut dyn FnMut()) -> Result<Training, EvalError>;

    /// Judges one window or row; windows come in order, and [`hone_signal::Faults::GAP`] marks each new stream.
    ///
    /// # Errors
    /// Text for people.
    fn infer(&mut self, input: &Input) -> Result<Judged, EvalError>;

    /// Replaces the trained model by a smaller form of it, thresholds set anew on the windows to calibrate on.
    ///
    /// # Errors
    /// [`EvalError::NotServed`] where there is no such form.
    fn convert(&mut self, _set: &Dataset, _form: Form) -> Result<Smaller, EvalError> {
        Err(EvalError::NotServed(format!("{} models have no such form", self.name())))
    }

    /// Starts anew, to learn window by window.
    ///
    /// # Errors
    /// [`EvalError::NotServed`] unless the learner can do so.
    fn begin(&mut self, _set: &Dataset) -> Result<(), EvalError> {
        Err(EvalError::NotServed(format!("{} does not learn window by window; use --learner rce", self.name())))
    }

    /// Learns one window or row.
    ///
    /// # Errors
    /// As [`Learner::begin`].
    fn learn(&mut self, _input: &Input, _class: ClassId) -> Result<(), EvalError> {
        Err(EvalError::NotServed(format!("{} does not learn window by window; use --learner rce", self.name())))
    }

    /// What the learner sees of a window or row, once it has begun.
    ///
    /// # Errors
    /// As [`Learner::begin`].
    fn features(&mut self, _input: &Input) -> Result<Vec<f32>, EvalError> {
        Err(EvalError::NotServed(format!("{} does not learn window by window; use --learner rce", self.name())))
    }

    /// Prototypes in use.
    fn prototypes(&self) -> usize {
        0
    }

    /// What `learnt` windows, learnt one by one, have come to.
    ///
    /// # Errors
    /// [`EvalError`].
    fn described(&self, learnt: usize) -> Result<Training, EvalError> {
        Ok(Training { windows: learnt, ..Training::default() })
    }

    /// The model as a device keeps it, once trained or converted.
    ///
    /// # Errors
    /// [`EvalError`]: it cannot be written.
    fn saved(&self, report: Option<Report>) -> Result<Saved, EvalError>;

    /// Seed of the order in which windows are presented.
    fn seed(&self) -> u64 {
        1
    }
}

/// A window or a row.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Of a recording.
    Window(WindowView<'a>),
    /// Of a table.
    Row(&'a [f32]),
}

/// A verdict and what else is known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Whether it rests on a full average; until then it is normal by definition.
    pub warm: bool,
    /// The nearest class, whether or not the verdict is that the input is unknown.
    pub nearest: Option<ClassId>,
    /// How far the nearest prototype is.
    pub distance: Option<f32>,
}

/// What a training took and gave.
#[derive(Clone, Debug, Default)]
pub struct Training {
    /// Windows or rows that it learnt from.
    pub windows: usize,
    /// Windows or rows that it set a threshold by.
    pub calibrate_windows: usize,
    /// Windows passed over for their faults.
    pub refused: usize,
    /// Bytes of the trained model in its portable form.
    pub model_bytes: usize,
    /// Bytes of the model in memory.
    pub model_ram_bytes: usize,
    /// Bytes of workspace that the training needs.
    pub workspace_bytes: usize,
    /// How it ended.
    pub report: Option<Report>,
    /// Windows that a verdict averages over.
    pub average: usize,
    /// At or above which a score is anomalous.
    pub threshold: Option<f32>,
    /// At or below which it is as well.
    pub lower_threshold: Option<f32>,
    /// The threshold that the scores of the windows trained on would give.
    pub in_sample_threshold: Option<f32>,
    /// Loss and figure on what is held back, pass by pass.
    pub curve: Vec<Point>,
    /// Multiply-accumulates of judging a window or row, features apart, where they are known.
    pub macs: Option<usize>,
    /// What the score is.
    pub score: String,
    /// More to tell, name and value.
    pub facts: Vec<(String, String)>,
}

/// What a smaller form of a model takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Smaller {
    /// Bytes of the weights as written, before and after.
    pub weights: [usize; 2],
    /// Bytes of the model in its portable form.
    pub model_bytes: usize,
    /// Bytes of the model in memory.
    pub model_ram_bytes: usize,
    /// At or above which a score is anomalous.
    pub threshold: Option<f32>,
    /// At or below which it is as well.
    pub lower_threshold: Option<f32>,
}

/// Why an evaluation gave nothing.
#[derive(Debug)]
pub enum EvalError {
    /// The manifest or a file that it names.
    Dataset(Fault),
    /// A setting.
    Setting(String),
    /// The learner does not serve such data.
    NotServed(String),
    /// The budget has no room for it.
    Exceeds(Excess),
    /// The recordings tell nothing, or nothing of them is left.
    Data(String),
    /// The training or the inference failed.
    Learner(String),
    /// A figure could not be written.
    Plot(PlotError),
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dataset(e) => e.fmt(f),
            Self::Setting(text) | Self::NotServed(text) | Self::Data(text) | Self::Learner(text) => f.write_str(text),
            Self::Exceeds(e) => e.fmt(f),
            Self::Plot(e) => e.fmt(f),
        }
    }
}

impl std::error::Error for EvalError {}

impl From<Fault> for EvalError {
    fn from(e: Fault) -> Self {
        Self::Dataset(e)
    }
}

impl From<PlotError> for EvalError {
    fn from(e: PlotError) -> Self {
        Self::Plot(e)
    }
}
