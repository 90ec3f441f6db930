//! Zephyr behind safe Rust. The only place with unsafe code in the application; every C function it calls, and every
//! Rust function that C calls, is in [`ffi`].
#![allow(unsafe_code)]

mod channel;
pub mod clock;
pub mod fault;
mod ffi;
pub mod flash;
pub mod pins;
pub mod sensor;
mod shell;
pub mod thread;
pub mod watchdog;

pub use channel::Channel;
pub use shell::Output;
