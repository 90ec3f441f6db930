//! From the sensor's samples to what a learner takes: blocks, windows, features.
//!
//! Features are chosen at run time ([`features::Params`]), checked once against the window's shape, and then computed
//! window by window by an [`Extractor`] into the caller's memory. For a learner over time a [`Sequence`] makes feature
//! vectors of the hops of a window, scaled by what it learns on the device to be usual for each feature.
//!
//! ```
//! use hone_learn::{Settings, Workspace};
//! use hone_signal::features::Params;
//! use hone_signal::{Faults, Micros, Shape, WindowView};
//!
//! let mut params = Params::vibration();
//! params.set_text("bands", "8").unwrap();
//! let extractor = params.check(Shape { channels: 1, frames: 128 }).unwrap();
//!
//! // A sine of 16 periods per window.
//! let samples: Vec<i16> = (0..128).map(|t| ((t as f32 * std::f32::consts::TAU / 8.0).sin() * 1000.0) as i16).collect();
//! let window = WindowView { samples: &samples, channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
//! let mut memory = vec![0; extractor.required() / 4];
//! let mut features = vec![0.0; extractor.len()];
//! extractor.extract(&window, Workspace::new(&mut memory), &mut features).unwrap();
//! // 64 lines of the spectrum in 8 bands: the 16th lies in the second.
//! let loudest = (0..8).max_by(|a, b| features[*a].total_cmp(&features[*b]));
//! assert_eq!(loudest, Some(1));
//! ```
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
pub use hone_learn::{Block, Channel, Faults, Micros, Rate, Sample, Unit, WindowView};
pub use logarithm::ln;
pub use sequence::Sequence;
