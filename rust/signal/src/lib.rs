//! From the sensor's samples to what a learner takes: blocks, windows, features.
#![no_std]
#![forbid(unsafe_code)]

mod sample;
mod window;

pub use sample::{Block, Channel, Faults, Micros, Sample, Unit};
pub use window::WindowView;
