//! From the sensor's samples to what a learner takes: blocks, windows, features.
//!
//! Features are chosen at run time ([`features::Params`]), checked once against the window's shape, and then computed
//! window by window by an [`Extractor`] into the caller's memory. For a learner over time a [`Sequence`] makes feature
//! vectors of the hops of a window, scaled by what it learns on the device to be usual for each feature.
#![no_std]
#![forbid(unsafe_code)]

pub mod features;
#[cfg(feature = "convolution")]
mod features_convolution;
mod features_spectrum;
mod features_time;
mod logarithm;
mod sequence;

pub use features::{Cost, Extractor, FeatureError, Shape};
pub use hone_learn::{Block, Channel, Faults, Micros, Sample, Unit, WindowView};
pub use logarithm::ln;
pub use sequence::Sequence;
