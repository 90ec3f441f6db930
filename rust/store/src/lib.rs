//! Models and run-time configuration in flash: an append-only log over two or more erase pages in which a save is
//! whole or has not happened, whenever the power goes.
//!
//! A [`Store`] keeps one value of bytes per key; keys are small numbers that the application gives out. A save streams
//! a new record behind the last one and commits it with the record's CRC, so the value before stays in force until the
//! one word is written that ends its reign. Only when a page is full is another one erased, and that is announced
//! ([`Store::needs_erase`], [`Notice`]): erasing a 128 KB sector stops an STM32F401 for a second or two.
//! `docs/formats/store.md` has the layout and the argument why every cut is harmless.
#![no_std]
#![forbid(unsafe_code)]

mod format;
mod log;
#[cfg(feature = "ram")]
pub mod ram;
mod recover;
mod scan;
mod store;

pub use log::Put;
pub use store::{Error, Found, Notice, Saved, Store};
