//! Whether what a detector sees has moved since it was commissioned, and what may be done about it without a person.
//!
//! Three parts, each of fixed memory and of bounded work a window, that know of no learner:
//!
//! - [`drift`]: two detectors, of slow change in the score and of sudden change in the rate of flags;
//! - [`level`]: how far the score is from that of commissioning;
//! - [`policy`]: absorb, recognise, or alarm, freeze learning and ask once.
//!
//! `docs/drift.md` has the formulas and their sources. For each window, in this order:
//!
//! ```
//! use hone_improve::drift::{Drift, Params};
//! use hone_improve::level::{Base, Recent};
//! use hone_improve::policy::{Cap, Course, Decision, Policy};
//!
//! // Once, after commissioning: scores of healthy windows that the model did not learn from.
//! let mut healthy: [f32; 64] = core::array::from_fn(|i| 1.0 + 0.1 * ((i * 37) % 64) as f32 / 64.0);
//! let base = Base::of(&mut healthy).unwrap();
//!
//! let (mut drift, mut recent) = (Drift::new(Params::DEFAULT), Recent::NEW);
//! let mut course = Course::new(Policy::Auto, Cap::DEFAULT);
//! let mut asked = 0;
//! for i in 0..2000 {
//!     // A step to ten times the usual score, half way.
//!     let score = if i < 1000 { 1.05 } else { 10.0 };
//!     let signs = drift.see(score, score > 2.0);
//!     let distance = base.distance(recent.see(score));
//!     // Where the window lies, in any eight numbers that tell regimes apart.
//!     match course.decide(signs, distance, &[score; 8]) {
//!         Decision::Ask(_) => asked += 1,        // light, event, shell; answered by `course.answer`
//!         Decision::Absorb => drift.settle(),    // a challenger may learn
//!         _ => {}
//!     }
//! }
//! assert_eq!(asked, 1);
//! assert!(course.frozen());
//! // "It was moved": this place is healthy from now on. Learn it, then let the detectors start anew.
//! assert!(course.answer(0, true));
//! drift.reset();
//! assert!(!course.frozen());
//! ```
#![no_std]
#![forbid(unsafe_code)]

pub mod drift;
pub mod level;
pub mod policy;
