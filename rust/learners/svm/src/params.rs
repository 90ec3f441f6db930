//! Parameters, their table, and what they ask of memory.

use crate::kernel::{KernelKind, POLY_SIGMOID};
use crate::model::pairs_of;
use crate::plan::{MULTI_CLASS, NOVELTY};
use hone_learn::setting::{FLAG, choice, int, real};
use hone_learn::{ParamError, Settings, choices, settings};

/// Classes that one model tells apart at most.
pub const MAX_CLASSES: usize = if MULTI_CLASS { 32 } else { 2 };

/// Classes, from 0, whose weight is a setting of its own.
pub const WEIGHTS: usize = 10;

choices! {
    /// What is learnt.
    pub enum Machine {
        /// Classes when the set has labels, novelty when it has none.
        Auto = "auto",
        /// C-SVC: the class of a row, one against one (Cortes and Vapnik 1995; Knerr et al. 1990).
        Classify = "classify",
        /// One-class ν-SVM: whether a row is like those trained on, whatever their labels (Schölkopf et al. 2001).
        Novelty = "novelty",
    }
}

/// The machines that the build has.
const MACHINES: &[&str] = if NOVELTY { Machine::WORDS } else { &["auto", "classify"] };
/// The kernels that the build has, behind the choice of none.
const KERNELS: &[&str] =
    if POLY_SIGMOID { &["auto", "linear", "rbf", "poly", "sigmoid"] } else { &["auto", "linear", "rbf"] };

settings! {
    /// Parameters of an SVM. The defaults: a linear C-SVC of C = 1, or a one-class machine with the RBF kernel, on
    /// standardised rows.
    pub struct Params {
        /// auto: classes when rows have labels, else novelty
        pub machine: Machine = Machine::Auto, "machine", choice(MACHINES), "";
        /// auto: linear for classes, rbf for novelty
        ///
        /// For novelty a linear boundary is of no use unless the rows were chosen for it.
        pub kernel: Option<KernelKind> = None, "kernel", choice(KERNELS), "";
        /// cost of a row on the wrong side
        ///
        /// Upper bound of a multiplier in C-SVC.
        pub c: f32 = 1.0, "c", real(1e-4, 1e6), "";
        /// novelty: share of rows left outside
        ///
        /// One-class: bound on that share, and from below on the share that become support vectors.
        pub nu: f32 = 0.1, "nu", real(1e-3, 1.0), "";
        /// kernel width; 0: 1/(features x variance)
        ///
        /// γ of the RBF, polynomial and sigmoid kernels; 0 is the rule `scale`, of the variance of all numbers.
        pub gamma: f32 = 0.0, "gamma", real(0.0, 1e6), "";
        /// of the polynomial
        pub degree: u8 = 3, "degree", int(1, 10), "";
        /// constant of polynomial and sigmoid
        pub coef0: f32 = 0.0, "coef0", real(-1e6, 1e6), "";
        /// KKT gap to stop at
        pub tolerance: f32 = 1e-3, "tolerance", real(1e-5, 0.5), "";
        /// at most, per pair of classes
        pub iterations: u32 = 100_000, "iterations", int(1, 100_000_000), "";
        /// scale features to mean 0, deviation 1
        ///
        /// With the statistics of the training set.
        pub standardise: bool = true, "standardise", FLAG, "";
        /// weigh classes by the inverse of their rows
        ///
        /// C by rows/(classes · rows of the class), besides `weights`.
        pub balance: bool = false, "balance", FLAG, "";
        /// set settled rows aside while solving
        ///
        /// Rows that seem settled leave the problem until it is solved without them.
        pub shrinking: bool = true, "shrinking", FLAG, "";
        /// factor on c for this class
        ///
        /// 1 for classes of a higher number.
        pub weights: [f32; WEIGHTS] = [1.0; WEIGHTS],
            "weight-0" "weight-1" "weight-2" "weight-3" "weight-4" "weight-5" "weight-6" "weight-7" "weight-8" "weight-9",
            real(1e-3, 1e3), "";
        /// novelty: part of the rows that sets the threshold
        ///
        /// The newest. They are not learnt but tell where normal ends; 0 leaves the boundary where ν puts it.
        pub calibrate: f32 = 0.25, "calibrate", real(0.0, 0.5), "";
        /// novelty: threshold, in deviations below the median
        ///
        /// Of the scores of the rows that calibrate.
        pub margin: f32 = 3.0, "margin", real(0.0, 100.0), "";
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
        self.check_ranges()?;
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
    use hone_learn::{Kind, Value};

    const SHAPE: Shape = Shape { rows: 120, features: 64 };

    #[test]
    fn each_field_is_checked_by_its_own_setting() {
        let mut checked = 0;
        for (i, setting) in Params::SETTINGS.iter().enumerate() {
            let bad = match setting.kind {
                Kind::Real { max, .. } => [Value::Real(f32::NAN), Value::Real(max * 2.0)],
                Kind::Int { min, max } => [Value::Int(min - 1), Value::Int(max + 1)],
                // Of a flag no value is wrong, and words have values of their own types.
                Kind::Flag | Kind::Choice(_) | Kind::Text(_) => continue,
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
