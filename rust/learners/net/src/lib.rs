//! Neural networks that train on the device in 8-bit integers.
#![no_std]
#![forbid(unsafe_code)]

mod codec;
mod declare;
mod given;
mod latent;
pub mod learner;
mod loss;
mod model;
mod network;
mod order;
mod params;
mod place;
mod plan;
mod prune;
mod real;
mod scale;
mod stage;
mod start;
mod train;
mod update;
mod whole;

pub use codec::LAYOUT;
pub use given::{Given, GivenError, Ranges};
pub use latent::divergence;
pub use model::{Drawn, MAX_CLASSES, Model, ModelMut, ModelView};
pub use network::{
    Extent, Kind as LayerKind, Layer, MAX_CHANNELS, MAX_KERNEL, MAX_LAYERS, MAX_TENSOR, Network, NetworkError,
};
pub use params::{
    CheckError, Checked, Params, Rounding, Shape, autoencoder_scratch, autoencoder_words, model_words, required,
};
pub use prune::PruneError;
pub use stage::Numbers;
pub use train::{Ending, Epoch, TrainError, Trainer};
