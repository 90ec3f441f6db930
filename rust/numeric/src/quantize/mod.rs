//! Numbers in few bits, by one set of rules for weights, rows, prototypes and scores.
//!
//! | module | what |
//! |---|---|
//! | [`round`] | rounding and limits, which all others share |
//! | [`affine`] | 8 bits with a scale and an offset or zero point |
//! | [`lattice`] | a step that is a power of two, and an offset that follows the values |
//! | [`fixed_point`] | Q(m,n) and the precision of a model, on the crate `fixed` |
//! | [`clusters`] | a table of values and an index for each weight |
//! | [`features`] | rows of features as codes, and distances between such rows |
//! | [`integer`] | logarithm, exponential, root and scaling without floating point |

pub mod affine;
pub mod clusters;
pub mod features;
pub mod fixed_point;
pub mod integer;
pub mod lattice;
pub mod round;

pub use affine::Affine;
pub use fixed_point::{Fixed, Precision};
