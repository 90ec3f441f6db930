//! Linear regression with prediction intervals, and logistic regression, in storage of fixed size.
//!
//! **Numbers.** A channel's value is predicted from its own earlier values, other channels, a trend and harmonics of a period
//! ([`Params`] says which), or a feature of a row from the others. A value outside the interval of the given level is
//! conspicuous, several in a row are an anomaly. A stream of frames is learnt recursively, one at a time, with
//! forgetting, by [`ModelMut::observe`]; a set of rows by a [`Trainer`]: in closed form, recursively or by gradient steps.
//!
//! **Classes.** The same trainer learns the classes of labelled rows by logistic regression, binary or multinomial.
//!
//! What is computed, and from which source, is said in `docs/linear.md`.
//!
//! ```
//! use hone_learn::Decision;
//! use hone_linear::{Model, Params, Shape, State, model_words};
//!
//! // A thermometer once a minute, predicted from its last two values.
//! let params = Params { lags: 2, frames: 200, in_a_row: 1, ..Params::DEFAULT };
//! let checked = params.check(Shape { channels: 1, inputs: 2, interval: 60_000_000 }).unwrap();
//! let (mut model, mut state) = (Model::<{ model_words(1, 2, true) }>::new(), State::<3>::new());
//! model.edit().begin(&checked).unwrap();
//! let reading = |minute: u64| 20.0 + (minute * 7919 % 100) as f32 / 100.0;
//! for minute in 0..300 {
//!     model.edit().observe(&[reading(minute)], minute * 60_000_000, &mut state);
//! }
//! let outcome = model.edit().observe(&[25.0], 300 * 60_000_000, &mut state);
//! assert_eq!(outcome.verdict.decision, Decision::Anomalous);
//! assert!(outcome.mean + outcome.half < 22.0);
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "set")]
mod classes;
mod codec;
mod design;
pub mod learner;
mod live;
mod model;
mod noise;
mod params;
#[cfg(feature = "set")]
mod plan;
mod stream;
#[cfg(feature = "set")]
mod train;

pub use codec::LAYOUT;
pub use model::{Kind, Model, ModelMut, ModelView};
#[cfg(feature = "set")]
pub use params::required;
pub use params::{
    Checked, MAX_CHANNELS, MAX_CLASSES, Params, Shape, Solver, Source, Task, class_words, columns_for, model_words,
    words_for,
};
pub use stream::{Ground, Outcome, SCALE_FRAMES, State};
#[cfg(feature = "set")]
pub use train::{TrainError, Trainer};
