//! Variational autoencoders that train on the device in 8-bit integers, without labels.
//!
//! An encoder makes of a row the mean μ and deviation σ of few latent numbers, a decoder makes the row anew of
//! z = μ + σ·ε. Layers, training and arithmetic are `hone_net`'s. A row is anomalous when it is made anew badly, or when μ and σ
//! are unusual: two scores, each held against a threshold from rows that were not learnt.
#![no_std]
#![forbid(unsafe_code)]

pub mod learner;
mod model;
mod params;
mod train;

pub use hone_net::{Numbers, autoencoder_scratch as scratch_words, autoencoder_words as model_words};
pub use model::{LAYOUT, MOST_LATENT, Scores, Trained};
pub use params::{Checked, Params};
pub use train::{Fault, LEAST_ROWS, Training};
