//! Parameters, their table, and what they ask of memory.

use crate::design::Design;
use hone_learn::{Kind, ParamError, Setting, Settings, Value, text};
use hone_numeric::{cholesky, ud};

/// Channels, or features of a row, at most.
pub const MAX_CHANNELS: usize = 1024;

/// Classes that one model tells apart at most.
pub const MAX_CLASSES: usize = 32;

/// What is learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// Classes when the set has labels, a number when it has none.
    #[default]
    Auto,
    /// A number with its interval: linear regression.
    Regression,
    /// The class of a row: logistic regression, binary or multinomial.
    Classes,
}

/// How a set of rows is learnt. A stream, of which nothing is kept, is always learnt recursively.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Solver {
    /// Normal equations, factored once; classes by Newton steps with a bound of the Hessian in their place.
    #[default]
    ClosedForm,
    /// Row by row, each once, with forgetting. Numbers alone.
    Recursive,
    /// Gradient steps, without a matrix in workspace or model.
    Gradient,
}

/// Parameters; each has the range that [`Settings::SETTINGS`] states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// What is learnt.
    pub task: Task,
    /// How a set is learnt.
    pub solver: Solver,
    /// Numbers: weight of the squared coefficients beside the sum of squared errors, all in deviations of their channels.
    pub ridge: f32,
    /// Classes: weight of half the squared coefficients beside the sum of cross-entropies; 1/C elsewhere.
    pub penalty: f32,
    /// Recursive: what a row still weighs one row later.
    pub forgetting: f32,
    /// Share of values that lie within the interval.
    pub level: f32,
    /// Values outside one after another that are an anomaly.
    pub in_a_row: u16,
    /// The channel, or feature of a row, that is predicted.
    pub target: u16,
    /// Earlier values of the target that it is predicted from.
    pub lags: u16,
    /// Whether it is predicted from the other channels' present values.
    pub others: bool,
    /// Whether it has a trend.
    pub trend: bool,
    /// Period of the harmonics, seconds.
    pub period: f32,
    /// Harmonics of the period, each a sine and a cosine.
    pub harmonics: u8,
    /// Frames of a stream that are learnt before the first is judged.
    pub frames: u32,
    /// Whether a stream is learnt on while it is judged.
    pub adapt: bool,
    /// Gradient and classes: iterations at most.
    pub iterations: u16,
    /// Gradient and classes: the step, in the unit of the decision, at which an optimum is reached.
    pub tolerance: f32,
}

impl Params {
    /// The defaults: eight lags, an interval of 95 %, three in a row.
    pub const DEFAULT: Self = Self {
        task: Task::Auto,
        solver: Solver::ClosedForm,
        ridge: 1e-6,
        penalty: 1.0,
        forgetting: 1.0,
        level: 0.95,
        in_a_row: 3,
        target: 0,
        lags: 8,
        others: false,
        trend: false,
        period: 86_400.0,
        harmonics: 0,
        frames: 1000,
        adapt: false,
        iterations: 500,
        tolerance: 1e-5,
    };
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Settings for Params {
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "task",
            help: text!("auto: classes when rows have labels, else regression"),
            kind: Kind::Choice(&["auto", "regression", "classes"]),
        },
        Setting {
            name: "solver",
            help: text!("how a set of rows is learnt"),
            kind: Kind::Choice(&["closed-form", "recursive", "gradient"]),
        },
        Setting {
            name: "ridge",
            help: text!("regression: weight of squared coefficients"),
            kind: Kind::Real { min: 1e-8, max: 1e6 },
        },
        Setting {
            name: "penalty",
            help: text!("classes: weight of squared coefficients"),
            kind: Kind::Real { min: 1e-6, max: 1e6 },
        },
        Setting {
            name: "forgetting",
            help: text!("recursive: weight of a row one row later"),
            kind: Kind::Real { min: 0.5, max: 1.0 },
        },
        Setting {
            name: "level",
            help: text!("share of values within the interval"),
            kind: Kind::Real { min: 0.5, max: 0.9999 },
        },
        Setting {
            name: "in-a-row",
            help: text!("values outside one after another that are an anomaly"),
            kind: Kind::Int { min: 1, max: 1000 },
        },
        Setting {
            name: "target",
            help: text!("number of the channel or feature that is predicted, from 0"),
            kind: Kind::Int { min: 0, max: MAX_CHANNELS as i32 - 1 },
        },
        Setting {
            name: "lags",
            help: text!("earlier values of the target as inputs"),
            kind: Kind::Int { min: 0, max: 1000 },
        },
        Setting { name: "others", help: text!("the other channels as inputs"), kind: Kind::Flag },
        Setting { name: "trend", help: text!("a trend as input"), kind: Kind::Flag },
        Setting { name: "period", help: text!("of the harmonics, s"), kind: Kind::Real { min: 1e-3, max: 1e9 } },
        Setting { name: "harmonics", help: text!("of the period, as inputs"), kind: Kind::Int { min: 0, max: 16 } },
        Setting {
            name: "frames",
            help: text!("of a stream to learn before judging"),
            kind: Kind::Int { min: 64, max: 100_000_000 },
        },
        Setting { name: "adapt", help: text!("learn on while judging a stream"), kind: Kind::Flag },
        Setting {
            name: "iterations",
            help: text!("of gradient steps and of classes, at most"),
            kind: Kind::Int { min: 1, max: 30_000 },
        },
        Setting {
            name: "tolerance",
            help: text!("step to stop at, in deviations of the target"),
            kind: Kind::Real { min: 1e-6, max: 0.1 },
        },
    ];

    fn get(&self, index: usize) -> Option<Value> {
        Some(match index {
            0 => Value::Choice(self.task as u8),
            1 => Value::Choice(self.solver as u8),
            2 => Value::Real(self.ridge),
            3 => Value::Real(self.penalty),
            4 => Value::Real(self.forgetting),
            5 => Value::Real(self.level),
            6 => Value::Int(self.in_a_row.into()),
            7 => Value::Int(self.target.into()),
            8 => Value::Int(self.lags.into()),
            9 => Value::Flag(self.others),
            10 => Value::Flag(self.trend),
            11 => Value::Real(self.period),
            12 => Value::Int(self.harmonics.into()),
            13 => Value::Int(i32::try_from(self.frames).ok()?),
            14 => Value::Flag(self.adapt),
            15 => Value::Int(self.iterations.into()),
            16 => Value::Real(self.tolerance),
            _ => return None,
        })
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        match (index, value) {
            (0, Value::Choice(i)) => {
                self.task = match i {
                    0 => Task::Auto,
                    1 => Task::Regression,
                    _ => Task::Classes,
                }
            }
            (1, Value::Choice(i)) => {
                self.solver = match i {
                    0 => Solver::ClosedForm,
                    1 => Solver::Recursive,
                    _ => Solver::Gradient,
                }
            }
            (2, Value::Real(v)) => self.ridge = v,
            (3, Value::Real(v)) => self.penalty = v,
            (4, Value::Real(v)) => self.forgetting = v,
            (5, Value::Real(v)) => self.level = v,
            (6, Value::Int(v)) => self.in_a_row = v as u16,
            (7, Value::Int(v)) => self.target = v as u16,
            (8, Value::Int(v)) => self.lags = v as u16,
            (9, Value::Flag(v)) => self.others = v,
            (10, Value::Flag(v)) => self.trend = v,
            (11, Value::Real(v)) => self.period = v,
            (12, Value::Int(v)) => self.harmonics = v as u8,
            (13, Value::Int(v)) => self.frames = v.unsigned_abs(),
            (14, Value::Flag(v)) => self.adapt = v,
            (15, Value::Int(v)) => self.iterations = v as u16,
            (16, Value::Real(v)) => self.tolerance = v,
            _ => return false,
        }
        true
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
    pub interval: u32,
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
        for (index, setting) in Self::SETTINGS.iter().enumerate() {
            if !self.get(index).is_some_and(|value| setting.accepts(value)) {
                return Err(ParamError::Invalid(setting));
            }
        }
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
            return Err(ParamError::Conflict(text!("classes are not learnt recursively: choose another solver")));
        }
        if self.harmonics > 0 && self.period * 1e6 < 2.0 * f32::from(self.harmonics) * shape.interval as f32 {
            return Err(ParamError::Conflict(text!(
                "the highest harmonic is faster than half the rate: fewer, or a longer period"
            )));
        }
        Ok(Checked { params: *self, shape })
    }
}

/// Bytes of workspace that training on a set needs, with at most `classes` classes (0 for numbers alone).
pub fn required(checked: &Checked, classes: usize) -> usize {
    let numbers = if checked.params.task == Task::Classes { 0 } else { words(checked, &checked.regression(), 1) };
    let several = words(checked, &Design::classes(&checked.shape), outputs(classes));
    4 * if classes == 0 || checked.params.task == Task::Regression { numbers } else { numbers.max(several) }
}

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

/// Words of a model that tells `classes` classes apart by rows of `features` features.
pub const fn class_words(classes: usize, features: usize) -> usize {
    classes + 2 * features + outputs(classes) * (features + 1)
}
