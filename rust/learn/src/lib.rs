//! What every learner shares: the verdict it gives, the progress and report of its training, the memory it
//! works in, its run-time parameters, and the figures by which it is judged.
//!
//! A learner is parameters (checked once, so that no unchecked value reaches a solver), a trainer and a model.
//! The shape all three learners follow:
//!
//! - `Params` implements [`Settings`]; `Params::check` gives a `Checked` that a trainer takes.
//! - `required(&Checked, shape) -> usize` says in bytes what [`Workspace`] a training needs.
//! - A trainer holds no borrow. Each call is lent the workspace, so that a trainer can rest in a static while
//!   its thread waits: `trainer.step(.., workspace, model, work_budget) -> Progress`.
//! - A model owns fixed-capacity storage, and after training is only read:
//!   `model.infer(&features, &mut scratch) -> Verdict`.
#![no_std]
#![forbid(unsafe_code)]

pub mod codec;
mod declare;
pub mod metrics;
mod progress;
pub mod set;
pub mod setting;
mod verdict;
mod workspace;

pub use progress::{Metric, Progress, Report, Stop};
pub use set::{Format, SetError, SetMut, SetView, TrainingSet};
pub use setting::{Kind, ParamError, Setting, Settings, Value};
pub use verdict::{ClassId, Decision, Verdict};
pub use workspace::{Shortage, Workspace, words};
