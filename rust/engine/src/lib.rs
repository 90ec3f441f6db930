//! The device without its hardware: three loops, learners, commands, telemetry, budgets.
//!
//! ```text
//!  sampling ──Block──► inference ──Event──► console, telemetry
//!  (sensor)            │  ▲  │ └─► LED
//!         Window, rows │  │  └── label, orders ◄── commands ◄── shell
//!                      ▼  │ Model (swapped at a window boundary)      │ orders
//!                   background ◄────────────────────────────────────┘
//!                      └──container──► flash
//! ```
//!
//! Glossary. A *frame* is one sample of each channel. A *block* is some frames on their way from sampling to
//! inference. A *window* is the frames on which one verdict rests. A *row* is a window's features with its label.
//! A *slot* is the place of one model in the pool. The *model in use* is the one that inference asks.
//!
//! Each loop is a struct with one `turn`, which does what there is to do and returns; the platform calls it from a
//! thread of its own, or [`device::Device`] calls all three in a row. Time is an argument. What the loops share is
//! in [`Links`]: bounded queues that move owned values, and snapshots that are copied whole. Nothing holds a lock across
//! work. All memory is in [`Memory`], all capacities in [`capacity`].
//!
//! Layers, each of which knows those before it: [`learners`] (the one file that names them), [`data`] (what is sent and counted),
//! [`pool`], [`link`] and [`workshop`], [`loops`], [`keep`] and [`convert`], [`background`]; beside them [`say`] (all words) and
//! [`command`]; on top [`device`] and [`budget`].
//!
//! Read [`loops::inference`] first.
#![no_std]
#![forbid(unsafe_code)]

pub mod capacity {
    //! What the build has room for; Kconfig on the board.
    include!(concat!(env!("OUT_DIR"), "/capacity.rs"));
}

#[macro_use]
mod table_models;
#[macro_use]
mod table;

pub mod background;
pub mod budget;
pub mod command;
pub mod convert;
pub mod data;
pub mod device;
pub mod keep;
pub mod learners;
pub mod link;
pub mod loops;
pub mod pool;
pub mod say;
pub mod workshop;

pub use data::env::{Io, Led, Reading, Sensor, SensorError, SensorInfo};
pub use data::storage::{Flash, NoFlash, Storage};
pub use device::{Memory, Parts};
pub use hone_learn::text;
pub use link::{Links, Queue, Shared};
