//! k nearest neighbours: a window that lies far from the healthy ones kept is anomalous, and how far is too far follows from the
//! statistics of healthy windows that were not kept.
//!
//! ```text
//!  healthy rows ──first──► as many as there is room for, an even sample of all ──► each feature in its deviations
//!               ──then───► distance to the nearest k ──► ln of means over 1 to n windows ──► thresholds (`tail`)
//!
//!  row ──► distance to the nearest k ──► ln of means over 1 to n windows ──► score: 0 as usual, 1 at the threshold
//! ```
//!
//! `docs/knn.md` has formulas, sources and figures.
#![no_std]
#![forbid(unsafe_code)]

pub mod learner;
mod model;
mod params;
pub mod tail;
mod train;

pub use learner::{Knn, Scratch};
pub use model::{LAYOUT, Model, model_words};
pub use params::{Checked, LEAST_WINDOWS, Params};
pub use train::{Fault, Training};
