//! TinyRCE: prototypes that learn classes as they are labelled.
//!
//! After D. P. Pau, P. K. Ambrose, F. M. Aymone, "A Quantitative Review of Automated Neural Search and On-Device
//! Learning for Tiny Devices" and "TinyRCE: Forward Learning under Tiny Constraints" (2023), on Reilly, Cooper,
//! Elbaum, "A Neural Model for Category Learning" (1982). A class is a set of hyperspheres, each a prototype window
//! with a radius. A window inside one *fires* it. Learning a labelled window is one pass over the prototypes:
//!
//! 1. a prototype of another class that fires shrinks until it fires no more (but not below the floor), and ages by
//!    d/R, d being its distance and R its radius;
//! 2. if the nearest prototype is of the window's class it becomes younger by d/R, and follows the window a little;
//! 3. if none of the window's class fires, or (while there is room) none is within `spacing`, the window becomes a
//!    new prototype, whose radius ends at the nearest prototype of another class (between floor and ceiling);
//! 4. when there is no room, it does so only if the nearest prototype is of another class, in place of the oldest one
//!    that has aged by two merits or is of a class with more than twice as many, and is not the last of its class.
//!
//! Following, spacing and the choice in 4 are this crate's; `algorithm rce` is the baseline without ageing and these.
//! A window that fires nothing is [`Unknown`](hone_learn::Decision::Unknown), unless `fallback` lets the nearest
//! prototype decide. When several fire, the nearest decides.
//!
//! Distances are between *codes* (8 or 16 bits, or f32) in a frame that is learnt on the device: see `frame.rs` and
//! `docs/adr/rce-frame.md`. Learning never ends and needs no other pass; a step's cost is bounded by the capacity.
//!
//! ```
//! use hone_learn::{ClassId, Decision};
//! use hone_rce::{Model, Params};
//!
//! static ROOM: usize = 1000; // words
//! let mut model = Model::<1000>::new();
//! let checked = Params::default().fitted(2, ROOM).check(2, ROOM).unwrap();
//! model.begin(&checked).unwrap();
//! let mut scratch = [0; 8];
//! for i in 0..40 {
//!     let (x, class) = if i % 2 == 0 { (1.0, 1) } else { (5.0, 2) };
//!     let wobble = (i % 7) as f32 * 0.1;
//!     model.learn(&[x + wobble, 3.0 - wobble], ClassId(class), &mut scratch).unwrap();
//! }
//! let answer = model.infer(&[5.2, 2.9], &mut scratch).unwrap();
//! assert_eq!(answer.verdict.decision, Decision::Class(ClassId(2)));
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod code;
mod frame;
mod infer;
mod integer;
mod layout;
mod learn;
mod model;
mod names;
mod params;
mod pending;
mod persist;

pub use infer::Answer;
pub use integer::IntegerFrame;
pub use layout::words as model_words;
pub use learn::{Learnt, Outcome};
pub use model::{Error, Model, Statistics, inference_mac};
pub use names::{NAME_BYTES, NameError, Names};
pub use params::{Checked, MAX_FEATURES, Params};
pub use pending::Pending;
