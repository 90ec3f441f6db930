//! Numerical kernels for small cores: dot products and distances, matrix-vector products, Cholesky, running
//! statistics, an activation, seeded random numbers, weights in few bits, rows of features in integers.
//!
//! Every function has one fixed order of operations, so that host and target give the same bits. None panics.
#![no_std]
#![deny(unsafe_code)]

pub mod activation;
pub mod cholesky;
pub mod compress;
pub mod kernel;
pub mod lanes;
pub mod layer;
#[cfg(m4f)]
mod m4;
pub mod portable;
pub mod rng;
pub mod stats;
pub mod whole;
