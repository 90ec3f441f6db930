//! `hone eval`: trains with the device's own code on recordings, tests, and prints the figures.

mod ablation;
mod args;
mod budget;
mod curve;
mod esn;
mod events;
mod form;
mod front;
mod judge;
mod knn;
mod learner;
mod pictures;
mod protocol;
mod rce;
mod regression;
mod report;
mod rows;
mod save;
mod seeds;
mod settings;
mod sight;
mod sound;
mod svm;
mod table;
mod tune;
mod users;

pub use args::{EvalArgs, LearnerName, Protocol, bar, evaluate, evaluate_source, run, smallest};
pub use budget::{Budget, Excess, Image};
pub use curve::Operating;
pub use events::{ByFault, Events};
pub use learner::{EvalError, Input, Judged, Learner, Training};
pub use regression::Figures;
pub use report::{Confusion, Difference, Report, Variant};
pub use seeds::Summary;
pub use sound::check as sound;
pub use tune::{Gain, TuneArgs, Tuned, run as tune};

#[cfg(test)]
mod tests;
