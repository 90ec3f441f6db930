//! Parameters, their table, and what they ask of memory.

use crate::design::Design;
use hone_learn::setting::{FLAG, choice, int, real};
use hone_learn::{Kind, ParamError, Settings, choices, settings};
#[cfg(feature = "set")]
use hone_numeric::cholesky;
use hone_numeric::ud;

/// Channels, or features of a row, at most.
pub const MAX_CHANNELS: usize = 1024;

/// Classes that one model tells apart at most.
pub const MAX_CLASSES: usize = 32;

choices! {
    /// What is learnt.
    pub enum Task {
        /// Classes when the set has labels, a number when it has none.
        Auto = "auto",
        /// A number with its interval: linear regression.
        Regression = "regression",
        /// The class of a row: logistic regression, binary or multinomial.
        Classes = "classes",
    }
}

choices! {
    /// How a set of rows is learnt. A stream, of which nothing is kept, is always learnt recursively.
    pub enum Solver {
        /// Normal equations, factored once; classes by Newton steps with a bound of the Hessian in their place.
        ClosedForm = "closed-form",
        /// Row by row, each once, with forgetting. Numbers alone.
        Recursive = "recursive",
        /// Gradient steps, without a matrix in workspace or model.
        Gradient = "gradient",
    }
}

/// What the ridge may be.
pub(crate) const RIDGE: Kind = real(1e-8, 1e6);

/// What the forgetting may be.
pub(crate) const FORGETTING: Kind = real(0.5, 1.0);

choices! {
    /// What is learnt from.
    pub enum Source {
        /// The frames of windows, one after the other as they come.
        Stream = "stream",
        /// The training set: a row of features for each window, in their order.
        Set = "set",
    }
}

settings! {
    /// Parameters. The defaults: eight lags, an interval of 95 %, three in a row.
    pub struct Params {
        /// auto: classes when rows have labels, else regression
        pub task: Task = Task::Auto, "task", choice(Task::WORDS), "";
        /// what is learnt from: frames as they come, or rows of features
        pub from: Source = Source::Stream, "from", choice(Source::WORDS), "";
        /// how a set of rows is learnt
        pub solver: Solver = Solver::ClosedForm, "solver", choice(Solver::WORDS), "";
        /// regression: weight of squared coefficients
        ///
        /// Beside the sum of squared errors, all in deviations of their channels.
        pub ridge: f32 = 1e-6, "ridge", RIDGE, "";
        /// classes: weight of squared coefficients
        ///
        /// Of half of them, beside the sum of cross-entropies; 1/C elsewhere.
        pub penalty: f32 = 1.0, "penalty", real(1e-6, 1e6), "";
        /// recursive: weight of a row one row later
        pub forgetting: f32 = 1.0, "forgetting", FORGETTING, "";
        /// share of values within the interval
        pub level: f32 = 0.95, "level", real(0.5, 0.9999), "";
        /// values outside one after another that are an anomaly
        pub in_a_row: u16 = 3, "in-a-row", int(1, 1000), "";
        /// number of the channel or feature that is predicted, from 0
        pub target: u16 = 0, "target", int(0, MAX_CHANNELS as i32 - 1), "";
        /// earlier values of the target as inputs
        pub lags: u16 = 8, "lags", int(0, 1000), "";
        /// the other channels as inputs
        ///
        /// Their present values.
        pub others: bool = false, "others", FLAG, "";
        /// a trend as input
        pub trend: bool = false, "trend", FLAG, "";
        /// period of the harmonics
        pub period: f32 = 86_400.0, "period", real(1e-3, 1e9), "s";
        /// harmonics of the period as inputs
        ///
        /// Each a sine and a cosine.
        pub harmonics: u8 = 0, "harmonics", int(0, 16), "";
        /// what is learnt of a stream before the first is judged
        pub frames: u32 = 1000, "frames", int(64, 100_000_000), "frames";
        /// learn on while judging a stream
        pub adapt: bool = false, "adapt", FLAG, "";
        /// of gradient steps and of classes, at most
        pub iterations: u16 = 500, "iterations", int(1, 30_000), "";
        /// step to stop at, in deviations of the target
        ///
        /// Of classes in the unit of the decision.
        pub tolerance: f32 = 1e-5, "tolerance", real(1e-6, 0.1), "";
    }
}

/// What the parameters are checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels of a frame, or features of a row.
    pub channels: usize,
    /// Inputs that the build has room for, the constant not among them.
    pub inputs: usize,
    /// From one frame to the next, microseconds; 1 for rows without a time.
    pub interval: u64,
}

/// Parameters that have been checked; a trainer takes no others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked {
    params: Params,
    shape: Shape,
}

impl Checked {
    /// The parameters.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// What they were checked against.
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The inputs of a regression.
    pub(crate) fn regression(&self) -> Design {
        Design::regression(&self.params, &self.shape)
    }
}

impl Params {
    /// Checks every parameter against its range, and what they ask for together.
    ///
    /// # Errors
    /// [`ParamError::Invalid`] with the setting and so its range, [`ParamError::Conflict`], or [`ParamError::Capacity`].
    pub fn check(&self, shape: Shape) -> Result<Checked, ParamError> {
        self.check_ranges()?;
        let capacity = |name, asked: usize, capacity: usize| {
            let over = ParamError::Capacity { name, asked: asked as u32, capacity: capacity as u32 };
            if asked > capacity { Err(over) } else { Ok(()) }
        };
        capacity("channels", shape.channels, MAX_CHANNELS)?;
        if self.task != Task::Classes {
            capacity("target", usize::from(self.target) + 1, shape.channels)?;
            capacity("inputs", Design::regression(self, &shape).inputs(), shape.inputs)?;
        }
        if self.task == Task::Classes && self.solver == Solver::Recursive {
            return Err(ParamError::Conflict("classes are not learnt recursively: choose another solver"));
        }
        if self.harmonics > 0 && self.period * 1e6 < 2.0 * f32::from(self.harmonics) * shape.interval as f32 {
            return Err(ParamError::Conflict(
                "the highest harmonic is faster than half the rate: fewer, or a longer period",
            ));
        }
        Ok(Checked { params: *self, shape })
    }
}

#[cfg(feature = "set")]
/// Bytes of workspace that training on a set needs, with at most `classes` classes (0 for numbers alone).
pub fn required(checked: &Checked, classes: usize) -> usize {
    let numbers = if checked.params.task == Task::Classes { 0 } else { words(checked, &checked.regression(), 1) };
    let several = words(checked, &Design::classes(&checked.shape), outputs(classes));
    4 * if classes == 0 || checked.params.task == Task::Regression { numbers } else { numbers.max(several) }
}

#[cfg(feature = "set")]
/// Words of workspace: a row, earlier values, the results of a row; gradient, and where the next is taken; the matrix.
pub(crate) fn words(checked: &Checked, design: &Design, outputs: usize) -> usize {
    let n = design.columns();
    let matrix = if checked.params.solver == Solver::Gradient { n } else { cholesky::packed_len(n) };
    n + usize::from(design.channels) + usize::from(design.lags) + outputs + 2 * outputs * n + matrix
}

/// Vectors of coefficients for so many classes: one for two, as the other is its negative.
pub(crate) const fn outputs(classes: usize) -> usize {
    if classes <= 2 { 1 } else { classes }
}

/// Words of a model of a regression with `inputs` inputs from `channels` channels; without the matrix for the solver `gradient`.
pub const fn model_words(channels: usize, inputs: usize, matrix: bool) -> usize {
    let n = inputs + 1;
    2 * channels + if matrix { 3 * n + ud::packed_len(n) } else { n }
}

/// Words of a model for `classes` classes, or for regressions with up to `inputs` inputs, by up to `features` features or channels.
pub const fn words_for(classes: usize, inputs: usize, features: usize) -> usize {
    let (numbers, vectors) = (model_words(features, inputs, true), class_words(classes, features));
    if cfg!(feature = "set") && vectors > numbers { vectors } else { numbers }
}

/// Columns of a state for such models.
pub const fn columns_for(inputs: usize, features: usize) -> usize {
    1 + if features > inputs { features } else { inputs }
}

/// Words of a model that tells `classes` classes apart by rows of `features` features.
pub const fn class_words(classes: usize, features: usize) -> usize {
    classes + 2 * features + outputs(classes) * (features + 1)
}
