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
//!
//! A whole device, with a sensor that hums, and later four times as loud:
//!
//! ```
//! use hone_engine::capacity::CHANNELS;
//! use hone_engine::learners::FIRST;
//! use hone_engine::device::Device;
//! use hone_engine::data::order::Job;
//! use hone_engine::{Led, Links, Memory, Pace, Reading, Sensor, SensorError, SensorInfo};
//! use hone_learn::learner::{Part, Start};
//! use hone_signal::{Channel, Faults, Micros, Rate, Sample, Unit};
//!
//! struct Hum(f32);
//! impl Sensor for Hum {
//!     fn info(&self) -> SensorInfo {
//!         let channel = Channel { scale: 0.001, unit: Unit::MetresPerSecondSquared };
//!         let rate = Rate::new(1000, 1);
//!         SensorInfo { name: "hum", rate, pace: Pace::Clock, channels: 3, meaning: [channel; CHANNELS] }
//!     }
//!     fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
//!         let t = now.0 as f32 * 1e-6;
//!         frame.iter_mut().zip([45.0, 70.0, 110.0]).for_each(|(s, hz)| *s = ((t * hz * 6.283).sin() * self.0) as Sample);
//!         Ok(Reading::new(now, Faults::NONE))
//!     }
//! }
//! struct Light(bool);
//! impl Led for Light {
//!     fn set(&mut self, on: bool) {
//!         self.0 = on;
//!     }
//! }
//!
//! let (links, memory) = (Box::leak(Box::new(Links::new())), Box::leak(Box::new(Memory::ZERO)));
//! let mut device = Device::new(links, memory, Hum(800.0), Light(false));
//! device.links().order(FIRST, None, Job::Train { start: Start::Afresh, part: Part::Whole }).unwrap();
//! device.run(Micros(30_000_000));
//! device.sensor.0 = 3200.0;
//! device.run(Micros(3_000_000));
//! assert!(device.led.0, "the light is on while a window is anomalous");
//! ```
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

pub use data::env::{Io, Led, Pace, Reading, Sensor, SensorError, SensorInfo};
pub use data::storage::{Flash, NoFlash, Storage};
pub use device::{Memory, Parts};
pub use hone_learn::text;
pub use link::{Links, Shared};
