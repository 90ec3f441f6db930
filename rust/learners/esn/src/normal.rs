//! The normal equations Σ z·zᵀ and Σ d·zᵀ, accumulated eight samples at a time.
//!
//! Eight samples are gathered first, so that each element of the matrix is loaded and stored once per eight samples
//! instead of once per sample. The order of operations is: within eight samples, products in the order of the samples;
//! then that sum is added to the matrix.

use hone_numeric::cholesky::{NotPositive, factor_rows, packed_len, solve};
use hone_numeric::lanes::add_dots;

/// Samples gathered before the matrix is updated.
pub(crate) const DEPTH: usize = 8;

/// The matrix, packed lower triangle by rows; the right-hand sides, one row of n per output; and the samples gathered,
/// each item of (z, d) eight times.
#[derive(Debug)]
pub(crate) struct Normal<'a> {
    n: usize,
    triangle: &'a mut [f32],
    right: &'a mut [f32],
    gathered: &'a mut [f32],
}

/// Words that [`Normal::new`] takes for `n` unknowns and `outputs` outputs.
pub(crate) const fn words(n: usize, outputs: usize) -> usize {
    packed_len(n) + n * outputs + DEPTH * (n + outputs)
}

impl<'a> Normal<'a> {
    /// Carves `memory`; `None` when it is too short.
    pub fn new(memory: &'a mut [f32], n: usize, outputs: usize) -> Option<Self> {
        let (triangle, rest) = memory.split_at_mut_checked(packed_len(n))?;
        let (right, rest) = rest.split_at_mut_checked(n * outputs)?;
        let gathered = rest.get_mut(..DEPTH * (n + outputs))?;
        Some(Self { n, triangle, right, gathered })
    }

    /// Puts one part of z, starting at item `first`, into place `slot` of the samples gathered.
    #[allow(clippy::indexing_slicing, reason = "slot is below DEPTH, the length of each place; the compiler sees it")]
    pub fn gather(&mut self, slot: usize, first: usize, items: &[f32]) {
        let places = self.gathered.as_chunks_mut::<DEPTH>().0.get_mut(first..).unwrap_or_default();
        let slot = slot % DEPTH;
        let (groups, rest) = items.as_chunks::<DEPTH>();
        let (place_groups, _) = places.as_chunks_mut::<DEPTH>();
        for (places, items) in place_groups.iter_mut().zip(groups) {
            for (place, item) in places.iter_mut().zip(items) {
                place[slot] = *item;
            }
        }
        let places = places.get_mut(items.len() - rest.len()..).unwrap_or_default();
        for (place, item) in places.iter_mut().zip(rest) {
            place[slot] = *item;
        }
    }

    /// Puts the target d into place `slot`.
    pub fn gather_target(&mut self, slot: usize, d: &[f32]) {
        self.gather(slot, self.n, d);
    }

    /// Forgets what is gathered in places from `slot` on, by making it weigh nothing.
    pub fn drop_from(&mut self, slot: usize) {
        for place in self.gathered.as_chunks_mut::<DEPTH>().0 {
            place.iter_mut().skip(slot).for_each(|p| *p = 0.0);
        }
    }

    /// Adds what is gathered to matrix and right-hand sides.
    pub fn update(&mut self) {
        let items = self.gathered.as_chunks::<DEPTH>().0;
        let z = items.get(..self.n).unwrap_or_default();
        let mut rest = &mut *self.triangle;
        for (i, left) in items.iter().enumerate() {
            if i == self.n {
                rest = &mut *self.right;
            }
            let columns = self.n.min(i + 1);
            let Some((row, below)) = core::mem::take(&mut rest).split_at_mut_checked(columns) else { return };
            add_dots(row, left, z);
            rest = below;
        }
    }

    /// Adds the ridge to the diagonal.
    pub fn regularise(&mut self, ridge: f32) {
        for i in 0..self.n {
            if let Some(a) = self.triangle.get_mut(packed_len(i) + i) {
                *a += ridge;
            }
        }
    }

    /// One row or four of the Cholesky factor, from row `i` on; the row to go on with.
    pub fn factor_rows(&mut self, i: usize) -> Result<usize, NotPositive> {
        factor_rows(self.triangle, self.n, i)
    }

    /// The weights of one output, given the factor.
    pub fn solve(&mut self, output: usize) -> Option<&[f32]> {
        let row = self.right.chunks_exact_mut(self.n.max(1)).nth(output)?;
        solve(self.triangle, self.n, row);
        Some(row)
    }
}
