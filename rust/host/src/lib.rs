//! The hone program on a host.

pub mod device;
