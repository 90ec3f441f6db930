//! What every learner shares: the verdict it gives, the progress and report of its training, the memory it
//! works in, its run-time parameters, and the figures by which it is judged.
//!
//! A learner is what [`learner::Learner`] says: parameters (checked once, so that no unchecked value reaches a solver), a
//! trainer that is lent all it works in at each bounded step, and a model of fixed capacity.
//!
//! Labelled rows of features lie in a [`TrainingSet`] of fixed size, in `f32` or in few bits, and what a model says of others
//! is judged by [`metrics`]:
//!
//! ```
//! use hone_learn::metrics::Confusion;
//! use hone_learn::{ClassId, Format, TrainingSet};
//!
//! let mut set = TrainingSet::<8, 4, 2>::new(); // 8 words: 4 rows of 2 features in 8 bits and what they are scaled by
//! set.edit().clear(Format::I8, 2).unwrap();
//! for (row, class) in [([0.1, 0.2], 1), ([0.2, 0.1], 1), ([0.9, 0.8], 2)] {
//!     set.edit().push(&row, Some(ClassId(class))).unwrap();
//! }
//! assert_eq!(set.view().len(), 3);
//!
//! let mut confusion = Confusion::<2>::default();
//! confusion.add(ClassId(1), Some(ClassId(1))).unwrap();
//! confusion.add(ClassId(2), None).unwrap(); // left unknown: wrong
//! assert_eq!(confusion.accuracy(), Some(0.5));
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod breach;
pub mod codec;
mod declare;
#[cfg_attr(not(feature = "text"), path = "no_text.rs")]
mod grammar;
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
pub mod threshold;
mod verdict;
mod window;
pub mod words;
mod workspace;

pub use grammar::{Grammar, TEXT_BYTES, Text, TextFault};
pub use names::{NAME_BYTES, NameError, Names};
pub use progress::{Metric, Progress, Report, Stop};
pub use sample::{Block, Channel, Faults, Micros, Rate, Sample, Unit};
pub use set::{Format, SetError, SetMut, SetView, TrainingSet};
pub use setting::{Kind, ParamError, Setting, Settings, Value};
pub use verdict::{ClassId, Decision, Verdict};
pub use window::WindowView;
pub use workspace::{Shortage, Workspace, words};
