//! Models and run-time configuration in flash: an append-only log over two or more erase pages in which a save is
//! whole or has not happened, whenever the power goes.
//!
//! A [`Store`] keeps one value of bytes per key; keys are small numbers that the application gives out. A save streams
//! a new record behind the last one and commits it with the record's CRC, so the value before stays in force until the
//! one word is written that ends its reign. Only when a page is full is another one erased, and that is announced
//! ([`Store::needs_erase`], [`Notice`]): erasing a 128 KB sector stops an STM32F401 for a second or two.
//! `docs/formats/store.md` has the layout and the argument why every cut is harmless.
//!
#![cfg_attr(feature = "ram", doc = "```")]
#![cfg_attr(not(feature = "ram"), doc = "```ignore")]
//! use hone_store::{Store, ram::RamFlash};
//!
//! // Two pages of 4096 bytes, written in words of 4; up to 8 keys.
//! let mut store = Store::<_, 8>::open(RamFlash::<4, 4096>::new(2)).unwrap();
//! store.save(3, b"a model", &mut |_| ()).unwrap();
//!
//! let mut flash = store.close();
//! flash.cut_after(5, 1); // the power goes after 5 steps of the next save
//! let mut store = Store::<_, 8>::open(flash).unwrap();
//! assert!(store.save(3, &[7; 1000], &mut |_| ()).is_err());
//!
//! let mut flash = store.close();
//! flash.restart();
//! let mut store = Store::<_, 8>::open(flash).unwrap();
//! let mut memory = [0; 1000];
//! assert_eq!(store.load(3, &mut memory).unwrap(), Some(&b"a model"[..]));
//! ```
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
