//! TinyRCE: prototypes that learn classes as they are labelled.
//!
//! After D. P. Pau, P. K. Ambrose, F. M. Aymone, "A Quantitative Review of Automated Neural Search and On-Device
//! Learning for Tiny Devices" and "TinyRCE: Forward Learning under Tiny Constraints" (2023), on Reilly, Cooper,
//! Elbaum, "A Neural Model for Category Learning" (1982). A class is a set of hyperspheres, each a prototype window
//! with a radius. A window nearer than that *fires* it. Learning a labelled window is one pass over the prototypes:
//!
//! 1. if the nearest prototype is of another class it shrinks until it fires no more (but not below the floor), and
//!    ages by d/R, d being its distance and R its radius;
//! 2. if it is of the window's class it becomes younger by d/R, and follows the window a little; a radius that does not
//!    reach the window grows a little;
//! 3. if it is of another class, or the window would have been unknown, or (while there is room) the window is further
//!    from its class than most, the window becomes a prototype, whose radius ends at the nearest prototype of another
//!    class (between floor and ceiling);
//! 4. when there is no room, it does so only in the first case, in place of the oldest one that has lost more merit
//!    than it earned or is of a class with more than twice as many, and is not the last of its class.
//!
//! A window is known if the nearest prototype that fires is no further than windows usually are from theirs: the mean
//! distance of windows decided rightly, plus `reach` mean deviations of it, what lies beyond the codes' range counted
//! too. Anything else is
//! [`Unknown`](hone_learn::Decision::Unknown), unless `fallback` lets the nearest prototype decide.
//!
//! In the papers every prototype of another class that fires shrinks, a window that none of its class fires becomes a
//! prototype, and firing alone makes known: so does `algorithm rce`, the baseline, which has neither ageing nor pruning nor
//! following. `algorithm rce-aged` is the baseline with ageing and pruning alone: what finds no room, and was decided
//! wrongly, takes the place of the oldest as in 4.
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
mod layout;
mod learn;
pub mod learner;
mod model;
mod params;
mod persist;
mod quantized;
mod scan;
mod upkeep;

pub use infer::Answer;
pub use layout::words as model_words;
pub use learn::{Learnt, Outcome};
pub use model::{Error, Model, Statistics, inference_mac};
pub use params::{Checked, MAX_FEATURES, Params};
pub use persist::LAYOUT;
pub use quantized::{LAYOUT_INTEGER, QuantizeError, QuantizedAnswer, QuantizedModel, quantized_words};
