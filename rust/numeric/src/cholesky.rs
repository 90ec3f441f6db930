//! Cholesky factorisation of a symmetric positive definite matrix, packed lower triangle by rows: element (i, j),
//! j ≤ i, at i·(i+1)/2 + j.
//!
//! **Order of operations.** Element (i, j) of the factor is a(i, j), less l(i, k)·l(j, k) for k = 0, 1, … j - 1 one after
//! the other, divided by l(j, j), or the root of it on the diagonal; a substitution likewise. So the bits do not depend on
//! how many rows and columns are worked on at a time: on a Cortex-M4F four by four (`m4/cholesky.rs`).

use crate::kernel::axpy_f32;

/// The matrix is not positive definite (or not finite) at this row; the factor is unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPositive(pub usize);

/// Words of a packed triangle of `n` rows.
pub const fn packed_len(n: usize) -> usize {
    n * (n + 1) / 2
}

/// Replaces A by its factor L, A = L·Lᵀ, in place.
///
/// # Errors
/// [`NotPositive`] names the row at which it failed; `a` is then partly overwritten.
pub fn factor(a: &mut [f32], n: usize) -> Result<(), NotPositive> {
    let mut row = 0;
    while row < n {
        row = factor_rows(a, n, row)?;
    }
    Ok(())
}

/// Some rows of [`factor`], for a caller that works in bounded steps: four from row `first` on where that is a multiple
/// of four and four are left, else one. Returns the row to go on with. The result does not depend on the grouping.
///
/// # Errors
/// [`NotPositive`].
pub fn factor_rows(a: &mut [f32], n: usize, first: usize) -> Result<usize, NotPositive> {
    let (above, rest) = a.split_at_mut_checked(packed_len(first)).ok_or(NotPositive(first))?;
    if first.is_multiple_of(4) && n.saturating_sub(first) >= 4 {
        let rows = rest.get_mut(..4 * first + 10).ok_or(NotPositive(first))?;
        factor_four(above, rows, first)?;
        Ok(first + 4)
    } else {
        factor_one(above, rest, first)?;
        Ok(first + 1)
    }
}

fn factor_one(above: &[f32], rest: &mut [f32], i: usize) -> Result<(), NotPositive> {
    let (last, left) = rest.get_mut(..=i).and_then(|r| r.split_last_mut()).ok_or(NotPositive(i))?;
    core_specific::substitute(above, left);
    *last = root(left.iter().fold(*last, |sum, x| sum - x * x), i)?;
    Ok(())
}

fn factor_four(above: &[f32], rows: &mut [f32], first: usize) -> Result<(), NotPositive> {
    core_specific::eliminate(above, rows, first);
    // What is left of the four is the triangle at their ends.
    let Some([r0, r1, r2, r3]) = four_rows(rows, first) else { return Err(NotPositive(first)) };
    let (Some([a00]), Some([a10, a11])) = (r0.last_chunk_mut::<1>(), r1.last_chunk_mut::<2>()) else {
        return Err(NotPositive(first));
    };
    let (Some([a20, a21, a22]), Some([a30, a31, a32, a33])) = (r2.last_chunk_mut::<3>(), r3.last_chunk_mut::<4>())
    else {
        return Err(NotPositive(first));
    };
    let (l00, mut l10, mut l11) = (root(*a00, first)?, *a10, *a11);
    (*a00, l10) = (l00, l10 / l00);
    l11 = root(l11 - l10 * l10, first + 1)?;
    (*a10, *a11) = (l10, l11);
    let l20 = *a20 / l00;
    let l21 = (*a21 - l20 * l10) / l11;
    let l22 = root((*a22 - l20 * l20) - l21 * l21, first + 2)?;
    (*a20, *a21, *a22) = (l20, l21, l22);
    let l30 = *a30 / l00;
    let l31 = (*a31 - l30 * l10) / l11;
    let l32 = ((*a32 - l30 * l20) - l31 * l21) / l22;
    *a33 = root(((*a33 - l30 * l30) - l31 * l31) - l32 * l32, first + 3)?;
    (*a30, *a31, *a32) = (l30, l31, l32);
    Ok(())
}

/// The element on the diagonal of row `i`.
#[inline(always)]
fn root(square: f32, i: usize) -> Result<f32, NotPositive> {
    if square > 0.0 && square < f32::INFINITY { Ok(crate::kernel::sqrt_f32(square)) } else { Err(NotPositive(i)) }
}

/// Solves L·Lᵀ·x = b in place of b, given the factor.
pub fn solve(l: &[f32], n: usize, b: &mut [f32]) {
    let Some(b) = b.get_mut(..n) else { return };
    core_specific::substitute(l, b);
    let mut rows = l.get(..packed_len(n)).unwrap_or_default();
    let mut rest = b;
    while let Some((b, before)) = core::mem::take(&mut rest).split_last_mut() {
        let Some((above, row)) = rows.split_at_checked(packed_len(before.len())) else { return };
        let Some((diagonal, left)) = row.split_last() else { return };
        *b /= diagonal;
        axpy_f32(-*b, left, before);
        (rows, rest) = (above, before);
    }
}

/// Four rows of a packed triangle, of `first` + 1 items and more.
fn four_rows(rows: &mut [f32], first: usize) -> Option<[&mut [f32]; 4]> {
    let (r0, rows) = rows.split_at_mut_checked(first + 1)?;
    let (r1, rows) = rows.split_at_mut_checked(first + 2)?;
    let (r2, rows) = rows.split_at_mut_checked(first + 3)?;
    Some([r0, r1, r2, rows.get_mut(..first + 4)?])
}

/// The inner steps in plain Rust.
#[cfg_attr(m4f, allow(dead_code))]
pub(crate) mod portable {
    /// Solves L·x = b in place of b, for the first `b.len()` rows of L.
    pub fn substitute(l: &[f32], b: &mut [f32]) {
        substitute_from(l, b, 0);
    }

    /// The unknowns from `known` on, given those before; `l` begins at row `known`.
    pub fn substitute_from(l: &[f32], b: &mut [f32], mut known: usize) {
        let mut rows = l;
        while let Some((row, rest)) = rows.split_at_checked(known + 1)
            && let Some((before, [b, ..])) = b.split_at_mut_checked(known)
            && let Some((diagonal, left)) = row.split_last()
        {
            *b = left.iter().zip(before).fold(*b, |sum, (l, x)| sum - l * *x) / diagonal;
            rows = rest;
            known += 1;
        }
    }

    /// Of the four rows from `first` on: what the `first` rows in `above` determine, and the triangle behind less
    /// the products of that.
    pub fn eliminate(above: &[f32], rows: &mut [f32], first: usize) {
        let Some(rows) = super::four_rows(rows, first) else { return };
        let mut done: [&[f32]; 4] = [&[]; 4];
        for (r, row) in rows.into_iter().enumerate() {
            let Some((left, end)) = row.split_at_mut_checked(first) else { return };
            substitute(above, left);
            let left = &*left;
            if let Some(place) = done.get_mut(r) {
                *place = left;
            }
            for (end, other) in end.iter_mut().zip(done) {
                *end = left.iter().zip(other).fold(*end, |sum, (a, b)| sum - a * b);
            }
        }
    }
}

#[cfg(m4f)]
use crate::m4::cholesky as core_specific;
#[cfg(not(m4f))]
use portable as core_specific;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves() {
        // A = [[4,2,1],[2,5,3],[1,3,6]], x = [1,-2,3]
        let mut a = [4.0, 2.0, 5.0, 1.0, 3.0, 6.0];
        let mut b = [4.0 - 4.0 + 3.0, 2.0 - 10.0 + 9.0, 1.0 - 6.0 + 18.0];
        factor(&mut a, 3).unwrap();
        solve(&a, 3, &mut b);
        for (x, want) in b.iter().zip([1.0, -2.0, 3.0]) {
            assert!((x - want).abs() < 1e-5);
        }
    }

    #[test]
    fn refuses_what_is_not_positive() {
        assert_eq!(factor(&mut [1.0, 2.0, 1.0], 2), Err(NotPositive(1)));
        assert_eq!(factor(&mut [f32::NAN], 1), Err(NotPositive(0)));
    }

    #[test]
    fn groups_of_rows_give_the_same_bits() {
        let mut rng = crate::rng::Rng::new(3);
        for n in 0..14 {
            let mut a = [0.0f32; packed_len(14)];
            for i in 0..n {
                a[packed_len(i)..packed_len(i) + i].iter_mut().for_each(|a| *a = rng.next_signed());
                a[packed_len(i) + i] = 20.0;
            }
            let mut one_by_one = a;
            for i in 0..n {
                let (above, rest) = one_by_one.split_at_mut(packed_len(i));
                factor_one(above, rest, i).unwrap();
            }
            factor(&mut a, n).unwrap();
            assert_eq!(a.map(f32::to_bits), one_by_one.map(f32::to_bits));
        }
    }

    #[test]
    fn names_the_row_within_a_group() {
        for row in 0..9 {
            let mut a = [0.0f32; packed_len(9)];
            (0..9).for_each(|i| a[packed_len(i) + i] = if i == row { -1.0 } else { 1.0 });
            assert_eq!(factor(&mut a, 9), Err(NotPositive(row)));
        }
    }
}
