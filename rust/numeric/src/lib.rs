//! Numerical kernels for small cores: dot products and distances, matrix-vector products, Cholesky, running
//! statistics, an activation, seeded random numbers, numbers in few bits.
//!
//! Every function has one fixed order of operations, so that host and target give the same bits. None panics.
#![no_std]
#![deny(unsafe_code)]

pub mod activation;
pub mod cholesky;
pub mod kernel;
pub mod lanes;
#[cfg(m4f)]
mod m4;
pub mod portable;
pub mod quantize;
pub mod rng;
pub mod stats;
