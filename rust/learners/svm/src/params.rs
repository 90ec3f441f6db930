//! Parameters, their table, and what they ask of memory.

use crate::kernel::{Kind as KernelKind, POLY_SIGMOID};
use crate::model::pairs_of;
use crate::plan::{MULTI_CLASS, NOVELTY};
use hone_learn::{Kind, ParamError, Setting, Settings, Value};

/// Classes that one model tells apart at most.
pub const MAX_CLASSES: usize = if MULTI_CLASS { 32 } else { 2 };

/// Classes, from 0, whose weight is a setting of its own.
pub const WEIGHTS: usize = 10;

/// What is learnt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Machine {
    /// Classes when the set has labels, novelty when it has none.
    #[default]
    Auto,
    /// C-SVC: the class of a row, one against one (Cortes and Vapnik 1995; Knerr et al. 1990).
    Classify,
    /// One-class ν-SVM: whether a row is like those trained on, whatever their labels (Schölkopf et al. 2001).
    Novelty,
}

/// Parameters of an SVM; each has the range that [`Settings::SETTINGS`] states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// What is learnt.
    pub machine: Machine,
    /// The kernel; `None` (`auto`) is linear for classes and RBF for novelty, for which a linear boundary is of no use
    /// unless the rows were chosen for it.
    pub kernel: Option<KernelKind>,
    /// Upper bound of a multiplier in C-SVC: the cost of a row on the wrong side.
    pub c: f32,
    /// One-class: bound on the share of rows outside, and on the share that become support vectors from below.
    pub nu: f32,
    /// One-class: the part of the rows, the newest, that is not learnt but tells where normal ends; 0 leaves the boundary
    /// where ν puts it.
    pub calibrate: f32,
    /// One-class: how many deviations below the median of the rows that calibrate a score may be.
    pub margin: f32,
    /// γ of the RBF, polynomial and sigmoid kernels; 0 is the rule `scale`: 1/(features · variance of all numbers).
    pub gamma: f32,
    /// Degree of the polynomial kernel.
    pub degree: u8,
    /// Constant of the polynomial and sigmoid kernels.
    pub coef0: f32,
    /// The KKT gap at which an optimum is reached.
    pub tolerance: f32,
    /// Iterations per pair of classes at most.
    pub iterations: u32,
    /// Whether features are scaled to mean 0 and deviation 1, with the statistics of the training set.
    pub standardise: bool,
    /// Whether C is weighed by rows/(classes · rows of the class) besides `weights`.
    pub balance: bool,
    /// Whether rows that seem settled leave the problem until it is solved without them.
    pub shrinking: bool,
    /// Factors on C for classes 0 to 9; 1 for the others.
    pub weights: [f32; WEIGHTS],
}

impl Params {
    /// The defaults: a linear C-SVC of C = 1, or a one-class machine with the RBF kernel, on standardised rows.
    pub const DEFAULT: Self = Self {
        machine: Machine::Auto,
        kernel: None,
        c: 1.0,
        nu: 0.1,
        calibrate: 0.25,
        margin: 3.0,
        gamma: 0.0,
        degree: 3,
        coef0: 0.0,
        tolerance: 1e-3,
        iterations: 100_000,
        standardise: true,
        balance: false,
        shrinking: true,
        weights: [1.0; WEIGHTS],
    };
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Settings behind the weights.
const CALIBRATE: usize = 12 + WEIGHTS;
const MARGIN: usize = CALIBRATE + 1;

const WEIGHT: Kind = Kind::Real { min: 1e-3, max: 1e3 };
const fn weight(name: &'static str) -> Setting {
    Setting { name, help: "factor on c for this class", kind: WEIGHT }
}

impl Settings for Params {
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "machine",
            help: "auto: classes when rows have labels, else novelty",
            kind: Kind::Choice(if NOVELTY { &["auto", "classify", "novelty"] } else { &["auto", "classify"] }),
        },
        Setting {
            name: "kernel",
            help: "auto: linear for classes, rbf for novelty",
            kind: Kind::Choice(if POLY_SIGMOID {
                &["auto", "linear", "rbf", "poly", "sigmoid"]
            } else {
                &["auto", "linear", "rbf"]
            }),
        },
        Setting { name: "c", help: "cost of a row on the wrong side", kind: Kind::Real { min: 1e-4, max: 1e6 } },
        Setting { name: "nu", help: "novelty: share of rows left outside", kind: Kind::Real { min: 1e-3, max: 1.0 } },
        Setting {
            name: "gamma",
            help: "kernel width; 0: 1/(features x variance)",
            kind: Kind::Real { min: 0.0, max: 1e6 },
        },
        Setting { name: "degree", help: "of the polynomial", kind: Kind::Int { min: 1, max: 10 } },
        Setting { name: "coef0", help: "constant of polynomial and sigmoid", kind: Kind::Real { min: -1e6, max: 1e6 } },
        Setting { name: "tolerance", help: "KKT gap to stop at", kind: Kind::Real { min: 1e-5, max: 0.5 } },
        Setting {
            name: "iterations",
            help: "at most, per pair of classes",
            kind: Kind::Int { min: 1, max: 100_000_000 },
        },
        Setting { name: "standardise", help: "scale features to mean 0, deviation 1", kind: Kind::Flag },
        Setting { name: "balance", help: "weigh classes by the inverse of their rows", kind: Kind::Flag },
        Setting { name: "shrinking", help: "set settled rows aside while solving", kind: Kind::Flag },
        weight("weight-0"),
        weight("weight-1"),
        weight("weight-2"),
        weight("weight-3"),
        weight("weight-4"),
        weight("weight-5"),
        weight("weight-6"),
        weight("weight-7"),
        weight("weight-8"),
        weight("weight-9"),
        Setting {
            name: "calibrate",
            help: "novelty: part of the rows that sets the threshold",
            kind: Kind::Real { min: 0.0, max: 0.5 },
        },
        Setting {
            name: "margin",
            help: "novelty: threshold, in deviations below the median",
            kind: Kind::Real { min: 0.0, max: 100.0 },
        },
    ];

    fn get(&self, index: usize) -> Option<Value> {
        Some(match index {
            0 => Value::Choice(self.machine as u8),
            1 => Value::Choice(self.kernel.map_or(0, |kind| kind as u8 + 1)),
            2 => Value::Real(self.c),
            3 => Value::Real(self.nu),
            4 => Value::Real(self.gamma),
            5 => Value::Int(i32::from(self.degree)),
            6 => Value::Real(self.coef0),
            7 => Value::Real(self.tolerance),
            8 => Value::Int(i32::try_from(self.iterations).ok()?),
            9 => Value::Flag(self.standardise),
            10 => Value::Flag(self.balance),
            11 => Value::Flag(self.shrinking),
            CALIBRATE => Value::Real(self.calibrate),
            MARGIN => Value::Real(self.margin),
            _ => Value::Real(*self.weights.get(index.checked_sub(12)?)?),
        })
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        match (index, value) {
            (0, Value::Choice(i)) => {
                self.machine = match i {
                    0 => Machine::Auto,
                    1 => Machine::Classify,
                    _ => Machine::Novelty,
                }
            }
            (1, Value::Choice(i)) => self.kernel = i.checked_sub(1).and_then(KernelKind::from_code),
            (2, Value::Real(v)) => self.c = v,
            (3, Value::Real(v)) => self.nu = v,
            (4, Value::Real(v)) => self.gamma = v,
            (5, Value::Int(v)) => self.degree = v as u8,
            (6, Value::Real(v)) => self.coef0 = v,
            (7, Value::Real(v)) => self.tolerance = v,
            (8, Value::Int(v)) => self.iterations = v.unsigned_abs(),
            (9, Value::Flag(v)) => self.standardise = v,
            (10, Value::Flag(v)) => self.balance = v,
            (11, Value::Flag(v)) => self.shrinking = v,
            (CALIBRATE, Value::Real(v)) => self.calibrate = v,
            (MARGIN, Value::Real(v)) => self.margin = v,
            (_, Value::Real(v)) => match index.checked_sub(12).and_then(|i| self.weights.get_mut(i)) {
                Some(weight) => *weight = v,
                None => return false,
            },
            _ => return false,
        }
        true
    }
}

/// How large the build's training set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows at most.
    pub rows: usize,
    /// Features of a row at most.
    pub features: usize,
}

/// Parameters that have been checked; a trainer takes no others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked(Params);

impl Checked {
    /// The parameters.
    pub const fn params(&self) -> &Params {
        &self.0
    }
}

impl Params {
    /// Checks every parameter against its range, and the shape of the build.
    ///
    /// # Errors
    /// [`ParamError::Invalid`] with the setting and so its range, or [`ParamError::Capacity`].
    pub fn check(&self, shape: Shape) -> Result<Checked, ParamError> {
        // The table's numbers one after the other; a flag cannot be wrong.
        let [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9] = self.weights;
        let reals = [
            self.c,
            self.nu,
            self.gamma,
            self.coef0,
            self.tolerance,
            w0,
            w1,
            w2,
            w3,
            w4,
            w5,
            w6,
            w7,
            w8,
            w9,
            self.calibrate,
            self.margin,
        ];
        let kernel = self.kernel.map_or(0, |kind| kind as i32 + 1);
        let wholes = [self.machine as i32, kernel, i32::from(self.degree), self.iterations as i32];
        let (mut reals, mut wholes) = (reals.iter(), wholes.iter());
        for setting in Self::SETTINGS {
            let good = match setting.kind {
                Kind::Flag => true,
                Kind::Real { min, max } => reals.next().is_some_and(|v| *v >= min && *v <= max),
                Kind::Int { min, max } => wholes.next().is_some_and(|v| *v >= min && *v <= max),
                Kind::Choice(words) => wholes.next().is_some_and(|v| *v < words.len() as i32),
            };
            if !good {
                return Err(ParamError::Invalid(setting));
            }
        }
        let most = hone_learn::set::MOST_ROWS;
        if shape.rows > most {
            return Err(ParamError::Capacity { name: "rows", asked: shape.rows as u32, capacity: most as u32 });
        }
        Ok(Checked(*self))
    }

    /// The kernel of this task.
    pub(crate) fn kernel_for(&self, novelty: bool) -> KernelKind {
        self.kernel.unwrap_or(if novelty { KernelKind::Rbf } else { KernelKind::Linear })
    }

    /// The factor on C that the user gave this class.
    pub(crate) fn weight(&self, class: u16) -> f32 {
        self.weights.get(usize::from(class)).copied().unwrap_or(1.0)
    }
}

/// Bytes of workspace that training needs at least: with a kernel cache of two rows. See [`required_for`] for more.
pub const fn required(checked: &Checked, shape: Shape) -> usize {
    required_for(checked, shape, 2)
}

/// Bytes of workspace for training with a cache of `cached` kernel rows. `shape.rows` rows are the most that are of use,
/// and 4,095.
pub const fn required_for(_checked: &Checked, shape: Shape, cached: usize) -> usize {
    let operand = crate::rows::operand_len(shape.features);
    let fixed = 5 * shape.rows + 2 * shape.features + operand;
    4 * (fixed + cached * (shape.rows + crate::space::LINE_WORDS))
}

/// Words of a model that tells `classes` classes apart (0 for novelty) by rows of `features` features with at most
/// `vectors` support vectors in `format`. A linear model has none: it needs `vectors` of 0 only.
pub const fn model_words(classes: usize, features: usize, vectors: usize, format: hone_learn::Format) -> usize {
    let pairs = pairs_of(classes);
    let linear = classes + pairs * (1 + features);
    if vectors == 0 {
        return linear;
    }
    let kernel = classes + pairs + 4 * features + vectors * crate::model::record_words(classes, features, format);
    if kernel > linear { kernel } else { linear }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { rows: 120, features: 64 };

    #[test]
    fn table_and_fields_agree() {
        let mut p = Params::default();
        for (i, s) in Params::SETTINGS.iter().enumerate() {
            let value = p.get(i).unwrap();
            assert!(s.accepts(value), "{}", s.name);
            let other = match s.kind {
                Kind::Int { max, .. } => Value::Int(max),
                Kind::Real { max, .. } => Value::Real(max),
                Kind::Flag => Value::Flag(value == Value::Flag(false)),
                Kind::Choice(w) => Value::Choice((w.len() - 1) as u8),
            };
            p.set(i, other).unwrap();
            assert_eq!(p.get(i), Some(other), "{}", s.name);
        }
        assert_eq!(p.get(Params::SETTINGS.len()), None);
    }

    #[test]
    fn each_field_is_checked_by_its_own_setting() {
        let mut checked = 0;
        for (i, setting) in Params::SETTINGS.iter().enumerate() {
            let bad = match setting.kind {
                Kind::Real { max, .. } => [Value::Real(f32::NAN), Value::Real(max * 2.0)],
                Kind::Int { min, max } => [Value::Int(min - 1), Value::Int(max + 1)],
                // Of a flag no value is wrong, and words have values of their own types.
                Kind::Flag | Kind::Choice(_) => continue,
            };
            for value in bad {
                let mut p = Params::default();
                assert!(p.store(i, value), "{}", setting.name);
                let refused = p.check(SHAPE).map(|_| ()).unwrap_err();
                assert!(matches!(refused, ParamError::Invalid(s) if s.name == setting.name), "{}", setting.name);
                checked += 1;
            }
        }
        assert_eq!(checked, 2 * (17 + 2));
    }

    #[test]
    fn refuses_with_the_setting_and_so_its_range() {
        for (name, bad) in [("c", "0"), ("c", "nan"), ("nu", "0"), ("nu", "1.1"), ("gamma", "-1"), ("degree", "0")] {
            let mut p = Params::default();
            assert!(matches!(p.set_text(name, bad), Err(ParamError::Invalid(s)) if s.name == name));
            assert_eq!(p, Params::default());
        }
        let zero = Params { c: 0.0, ..Params::default() };
        assert!(matches!(zero.check(SHAPE), Err(ParamError::Invalid(s)) if s.name == "c"));
        let nan = Params { gamma: f32::NAN, ..Params::default() };
        assert!(matches!(nan.check(SHAPE), Err(ParamError::Invalid(s)) if s.name == "gamma"));
        let wide = Shape { rows: 65_535, features: 1 };
        assert!(matches!(Params::default().check(wide), Err(ParamError::Capacity { name: "rows", .. })));
    }

    #[test]
    fn the_stated_task_fits_twelve_kilobytes() {
        for kernel in [None, Some(KernelKind::Linear), Some(KernelKind::Rbf)] {
            let checked = Params { kernel, ..Params::default() }.check(SHAPE).unwrap();
            assert!(required(&checked, SHAPE) <= 12 * 1024);
        }
    }
}
