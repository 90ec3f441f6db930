//! The network in integers, from the sensor's samples to the verdict: for cores without floating point, and for less RAM.
//!
//! Made from a trained model ([`IntegerModel::quantize`]) or loaded ([`IntegerModel::load`]); both use floating point, once.
//! Inference ([`IntegerModel::examine`]) does not. Formats: input and output Q5.10 in standard deviations, saturating at ±32; state
//! Q0.15; weights `i8` (W_res and W_in symmetric, W_out affine by rows, as [`hone_numeric::quantize::Affine`]) or `i16` in
//! Q(m,n) with m + n = 15 chosen at run time; sums in 32 bits, exact for `i8`; those of the readout exact
//! for both; tanh by a table; squared
//! errors exact in 64 bits.
//!
//! What it runs: models whose readout sees the state alone, without output function and feedback, which are the
//! defaults; the others are refused.

mod codec;
mod model;
mod run;
mod tanh;
#[cfg(test)]
mod tests;
mod weight;

pub use codec::LAYOUT_INTEGER;
pub use model::{IntegerModel, Quantization, QuantizeError};
pub use run::{IntegerError, IntegerErrors, IntegerOutcome, IntegerScratch};
pub use weight::Weight;
