//! Models in integers, of any number of classes: for cores without floating point, and smaller than those that they are made of.
//!
//! Such a model stands in the same words as one in floating point. Behind the classes and a bias per machine (all numbers
//! are written from the lowest bits of a word on, and each part begins a word):
//!
//! - linear: per feature a shift (8 bits); per machine its weights. A feature enters as x·2^shift in 32 bits, of which the last
//!   17 stand behind the point where the greatest of its weights is between 1/2 and 1; weights are in 8 bits, or in 16 with the
//!   bits behind the point that were asked for. Sums are exact in 64 bits; decision values have 16 bits behind the point.
//! - RBF: γ as base-2 exponent per squared step of a code, mantissa and shift, and the bits behind the
//!   point of decision values; per feature its
//!   [frame](hone_numeric::quantize::features::frame); per support vector its class (with three classes or more) and its coefficients, in 16
//!   bits; the support vectors' codes. These are of 8 bits, over a range a quarter wider than the support vectors take, or
//!   of 16 with the bits asked for behind the point, in standard deviations. Distances are exact in 32 bits (of 16-bit codes the
//!   lowest bits are dropped), exp is a table of powers of two, kernel values are Q15.
//!
//! Making one takes floating point, and so does setting its biases anew; deciding takes none.

mod make;
mod run;

pub use make::QuantizeError;
pub(crate) use run::{decisions, infer};

use crate::model::{Head, pairs_of};
use hone_numeric::quantize::Precision;
use hone_numeric::quantize::features::FRAME;

/// Whether the build has them.
pub(crate) const INTEGER: bool = cfg!(feature = "integer");

/// Bits behind the point of a linear model's decision values, and of a feature that enters one.
const LINEAR_POINT: i8 = 16;
const ENTERS: i32 = 17;

/// Where the parts of a model stand, in words.
pub(crate) struct Layout {
    pub precision: Precision,
    pub pairs: usize,
    /// Linear: the features' shifts. RBF: γ (2 words) and the frame.
    pub head: usize,
    /// RBF: 16-bit numbers of a support vector, and words of all.
    pub numbers: usize,
    pub number_words: usize,
    /// A row of weights or codes, and how many there are.
    pub row: usize,
    pub rows: usize,
}

impl Layout {
    pub fn of(head: &Head) -> Self {
        let (k, d, v) = (usize::from(head.classes), usize::from(head.features), usize::from(head.vectors));
        let precision = Precision::from_code(head.precision).unwrap_or(Precision::Int8);
        let row = precision.width().row_words(d);
        let pairs = pairs_of(k);
        if head.linear() {
            return Self { precision, pairs, head: d.div_ceil(4), numbers: 0, number_words: 0, row, rows: pairs };
        }
        let numbers = if k <= 2 { 1 } else { k };
        Self { precision, pairs, head: 2 + FRAME * d, numbers, number_words: (v * numbers).div_ceil(2), row, rows: v }
    }

    /// Words before the rows, from behind the classes on.
    fn front(&self) -> usize {
        self.pairs + self.head + self.number_words
    }
}

/// Words of a model in integers.
pub(crate) fn words(head: &Head) -> usize {
    let layout = Layout::of(head);
    usize::from(head.classes) + layout.front() + layout.row * layout.rows
}

/// Whether what came from outside, the classes taken off, can be run: class indices exist. Any other bits are numbers.
pub(crate) fn valid(head: &Head, body: &[u32]) -> bool {
    let (k, layout) = (usize::from(head.classes), Layout::of(head));
    let numbers = body.get(layout.pairs + layout.head..layout.front()).unwrap_or(&[]);
    let numbers: &[u16] = bytemuck::try_cast_slice(numbers).unwrap_or(&[]);
    let class_exists = |v: usize| numbers.get(v * layout.numbers).is_none_or(|class| usize::from(*class) < k);
    head.linear()
        || head.kernel.kind == crate::KernelKind::Rbf && (k <= 2 || (0..head.vectors.into()).all(class_exists))
}

#[cfg(all(test, feature = "integer", feature = "multi-class", feature = "novelty", feature = "poly-sigmoid"))]
mod tests;
