//! The loops, and the jobs of the background loop that make a model.

pub(crate) mod evaluate;
pub(crate) mod feed;
pub mod inference;
mod judge;
pub mod light;
pub(crate) mod online;
mod record;
mod rhythm;
mod rows;
pub mod sampling;
mod sight;
pub(crate) mod train;
