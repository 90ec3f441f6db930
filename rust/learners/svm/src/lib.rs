//! Support vector machines trained by SMO in a fixed workspace: C-SVC for two and more classes (one against one),
//! one-class ν-SVM for novelty; linear, RBF, polynomial and sigmoid kernels.
//!
//! **Where normal ends.** ν bounds the share of the rows learnt that are left outside. Of rows not learnt far more are, the
//! more the more features there are. A one-class machine therefore learns from the oldest rows of its set and judges the
//! newest, a quarter by default (`calibrate`); its threshold is the median of their scores less three deviations
//! (`margin`), as the ESN's is of its errors, but with the RBF never below half of the median, as the score of a row unlike
//! all others is 0.
//!
//! ```
//! use hone_learn::{ClassId, Decision, Format, Progress, TrainingSet};
//! use hone_svm::{Model, Params, Shape, Trainer, required, scratch_len};
//!
//! let mut set = TrainingSet::<32, 16, 2>::new();
//! set.edit().clear(Format::I16, 2).unwrap();
//! for (row, class) in [([0.0, 0.1], 1), ([0.2, 0.0], 1), ([1.0, 0.9], 2), ([0.8, 1.0], 2)] {
//!     set.edit().push(&row, Some(ClassId(class))).unwrap();
//! }
//! let shape = Shape { rows: 16, features: 2 };
//! let checked = Params::default().check(shape).unwrap();
//! let mut workspace = [0u32; 256];
//! assert!(required(&checked, shape) <= workspace.len() * 4);
//!
//! let (mut trainer, mut model) = (Trainer::new(checked), Model::<32>::new());
//! while let Progress::Running { .. } = trainer.step(set.view(), &mut workspace, model.edit(), 1000).unwrap() {}
//! let mut scratch = [0.0; scratch_len(2, 2)];
//! assert_eq!(model.infer(&[0.9, 0.9], &mut scratch).decision, Decision::Class(ClassId(2)));
//! ```
#![no_std]
#![forbid(unsafe_code)]

pub mod batches;
mod cache;
mod codec;
mod eval;
mod gradient;
mod harvest;
mod integer;
mod kernel;
pub mod learner;
mod model;
mod params;
mod passes;
mod plan;
#[cfg(feature = "reduce")]
mod project;
mod rows;
mod smo;
mod space;
mod train;

pub use batches::keep_support;
pub use codec::{LAYOUT, LAYOUT_INTEGER};
pub use eval::{EvalError, evaluate};
pub use integer::QuantizeError;
pub use kernel::KernelKind;
pub use model::{Model, ModelMut, ModelView, Task, pairs_of, scratch_len};
pub use params::{Checked, MAX_CLASSES, Machine, Params, Shape, WEIGHTS, model_words, required, required_for};
pub use train::{Role, TrainError, Trainer};
