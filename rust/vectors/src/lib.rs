//! Computations whose results must be the same bits on the host and on the Cortex-M4F.
//!
//! `cargo xtask bench --vectors` runs [`all`] on both, prints and compares. Add a computation as a function here that
//! hands `emit` a key and a checksum ([`crc_bytes`], [`crc_f32`]) of all the bits that it made.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod checksum;
#[cfg(feature = "device")]
pub mod device;
mod esn;
#[cfg(feature = "classifiers")]
mod linear;
#[cfg(all(feature = "classifiers", feature = "net"))]
mod models;
#[cfg(feature = "net")]
mod net;
#[cfg(feature = "classifiers")]
mod numeric;
#[cfg(feature = "classifiers")]
mod rce;
#[cfg(feature = "classifiers")]
mod svm;

pub use checksum::{crc_bytes, crc_f32};

/// Takes a key and its value.
pub type Emit<'a> = &'a mut dyn FnMut(&str, u32);

/// The trainings of ESNs, whose values are in `tests/vectors/esn_model.txt`. Takes some 16 KB of stack.
pub fn esn(emit: Emit<'_>) {
    esn::emit(emit);
}

/// The trainings of networks. Takes some 24 KB of stack.
#[cfg(feature = "net")]
pub fn net(emit: Emit<'_>) {
    net::emit(emit);
}

/// Every computation, those of a device on `trial`.
#[cfg(all(feature = "classifiers", feature = "device"))]
pub fn all(trial: &mut device::Trial, emit: Emit<'_>) {
    numeric::emit(emit);
    esn::emit(emit);
    svm::emit(emit);
    rce::emit(emit);
    #[cfg(feature = "net")]
    net::emit(emit);
    linear::emit(emit);
    #[cfg(feature = "net")]
    models::emit(emit);
    device::emit(trial, emit);
}
