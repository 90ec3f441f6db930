//! Echo State Network autoencoder for anomaly detection.
//!
//! State x(t) = (1-a)·x(t-1) + a·tanh(W_in·u(t) + W_res·x(t-1) + W_back·y(t-1)), output y(t) = g(W_out·z(t)) with z(t) one
//! of x, (u, x), (u, x, y(t-1)); only W_out is learnt, by ridge regression in closed form (Jaeger, "The echo state
//! approach to analysing and training recurrent neural networks", 2001; as a detector of anomalies on a
//! microcontroller: Nawaiseh, De Vita, Bruneo). A window whose error is unlike that of healthy windows is anomalous.
//!
//! Training ([`Trainer`]) takes three consecutive, disjoint spans of the live stream: *scale* (mean and standard deviation per
//! channel), *fit* (normal equations accumulated sample by sample; no state is kept, so memory does not depend on
//! its length), *calibrate* (errors of unseen healthy windows, from which the threshold follows).
//!
//! ```
//! use hone_esn::{Model, Params, Scratch, Shape, Trainer, Wants, required};
//! use hone_learn::{Decision, Progress};
//! use hone_signal::{Faults, Micros, WindowView};
//!
//! # fn main() -> Result<(), hone_esn::TrainError> {
//! let params = Params { units: 16, scale_windows: 2, fit_windows: 4, calibrate_windows: 8, ..Params::DEFAULT };
//! let checked = params.check(Shape { channels: 1, window_frames: 64 }).unwrap();
//! let mut workspace = vec![0u32; required(&checked) / 4];
//! let mut model = Model::<16, 1, 64>::new();
//! let mut trainer = Trainer::new(checked);
//! let mut sequence = 0;
//! let mut window = |amplitude: i32| -> (u32, Vec<i16>) {
//!     sequence += 1;
//!     (sequence, (0..64).map(|t| ((t * t * 7 + sequence as i32 * 13) % 31 * amplitude) as i16).collect())
//! };
//! loop {
//!     let progress = match trainer.wants() {
//!         Wants::Work => trainer.step(&mut workspace, &mut model, 10_000)?,
//!         Wants::Window => {
//!             let (sequence, samples) = window(10);
//!             let view = WindowView { samples: &samples, channels: 1, time: Micros(0), sequence, faults: Faults::NONE, label: None };
//!             trainer.push(&mut workspace, &mut model, &view)?
//!         }
//!         Wants::Nothing => break,
//!     };
//!     if let Progress::Done(report) = progress {
//!         assert!(report.quality.is_finite());
//!     }
//! }
//! let mut scratch = Scratch::<16, 1>::new();
//! let mut last = None;
//! for _ in 0..8 {
//!     let (sequence, samples) = window(90);
//!     let view = WindowView { samples: &samples, channels: 1, time: Micros(0), sequence, faults: Faults::NONE, label: None };
//!     last = Some(model.infer(&view, &mut scratch).decision);
//! }
//! assert_eq!(last, Some(Decision::Anomalous));
//! # Ok(())
//! # }
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod codec;
mod form;
#[cfg(test)]
mod golden;
mod integer;
pub mod learner;
mod model;
mod network;
mod normal;
mod packed;
mod params;
mod reservoir;
#[cfg(test)]
mod tests;
mod threshold;
mod trainer;
mod workspace;

pub use form::{ClusterError, ReadoutForm};
pub use hone_learn::threshold::{MAX_AVERAGE, Rule, Threshold};
pub use integer::{
    IntegerError, IntegerErrors, IntegerModel, IntegerOutcome, IntegerScratch, LAYOUT_INTEGER, Quantization,
    QuantizeError, Weight,
};
pub use model::{Model, Outcome, Scratch, in_sample_threshold};
pub use packed::{LAYOUT, LAYOUT_PACKED, Packed, Packing};
pub use params::{Checked, MAX_CHANNELS, MAX_UNITS, Output, Params, Readout, Score, Shape, Target, required};
pub use threshold::Errors;
pub use trainer::{Phase, TrainError, Trainer, Wants};

/// Units are worked on in groups of this many, so that sums stay in registers.
pub const LANES: usize = 8;

/// R of [`Output::Tanh`], in standard deviations of the channel.
pub const OUTPUT_RANGE: f32 = 4.0;
