//! Numerical kernels for small cores: dot products and distances, matrix-vector products, Cholesky and U·D·Uᵀ factors,
//! running statistics, quantiles, an activation, seeded random numbers, numbers in few bits.
//!
//! Every function has one fixed order of operations, so that host and target give the same bits. None panics.
//!
//! ```
//! use hone_numeric::{cholesky, kernel, rng::Rng, stats};
//!
//! assert_eq!(kernel::dot_f32(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
//! assert_eq!(kernel::squared_distance_i8(&[100, -100], &[-100, 100]), 80_000);
//!
//! // A symmetric positive definite system in place: of A the lower triangle, which its factor takes the place of, as x that of b.
//! let (mut a, mut x) = ([4.0, 2.0, 3.0], [8.0, 7.0]);
//! cholesky::factor(&mut a, 2).unwrap();
//! cholesky::solve(&a, 2, &mut x);
//! assert!((x[0] - 1.25).abs() < 1e-6 && (x[1] - 1.5).abs() < 1e-6);
//!
//! // Equal seeds give equal numbers, on every machine.
//! assert_eq!(Rng::new(7).next_u32(), Rng::new(7).next_u32());
//! assert_eq!(stats::median(&[3.0, 1.0, 2.0]), Some(2.0));
//! ```
#![no_std]
#![deny(unsafe_code)]

pub mod activation;
pub mod cholesky;
pub mod kernel;
pub mod lanes;
pub mod layer;
#[cfg(m4f)]
mod m4;
pub mod portable;
pub mod quantile;
pub mod quantize;
pub mod rng;
pub mod stats;
pub mod turn;
pub mod ud;
