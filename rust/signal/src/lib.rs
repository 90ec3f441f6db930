//! From the sensor's samples to what a learner takes: blocks, windows, features.
//!
//! Features are chosen at run time ([`features::Params`]), checked once against the window's shape, and then computed
//! window by window by an [`Extractor`] into the caller's memory. A [`Standardiser`] learns on the device what is
//! usual for each feature and scales it; a [`Sequence`] does so for the hops of a window, for a learner over time.
#![no_std]
#![forbid(unsafe_code)]

pub mod features;
#[cfg(feature = "convolution")]
mod features_convolution;
mod features_spectrum;
mod features_time;
mod logarithm;
mod sample;
mod sequence;
mod standardise;
mod window;

pub use features::{Cost, Extractor, FeatureError, Shape};
pub use logarithm::ln;
pub use sample::{Block, Channel, Faults, Micros, Sample, Unit};
pub use sequence::Sequence;
pub use standardise::Standardiser;
pub use window::WindowView;
