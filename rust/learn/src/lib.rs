//! What every learner shares: the verdict it gives, the progress and report of its training, the memory it
//! works in, its run-time parameters, and the figures by which it is judged.
//!
//! A learner is what [`learner::Learner`] says: parameters (checked once, so that no unchecked value reaches a solver), a
//! trainer that is lent all it works in at each bounded step, and a model of fixed capacity.
#![no_std]
#![forbid(unsafe_code)]

pub mod codec;
mod declare;
pub mod learner;
pub mod metrics;
mod names;
pub mod payload;
mod progress;
mod sample;
pub mod set;
pub mod setting;
pub mod sink;
pub mod text;
mod verdict;
mod window;
pub mod words;
mod workspace;

pub use names::{NAME_BYTES, NameError, Names};
pub use progress::{Metric, Progress, Report, Stop};
pub use sample::{Block, Channel, Faults, Micros, Sample, Unit};
pub use set::{Format, SetError, SetMut, SetView, TrainingSet};
pub use setting::{Kind, ParamError, Setting, Settings, Value};
pub use verdict::{ClassId, Decision, Verdict};
pub use window::WindowView;
pub use workspace::{Shortage, Workspace, words};
