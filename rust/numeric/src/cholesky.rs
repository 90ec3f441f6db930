//! Cholesky factorisation of a symmetric positive definite matrix, packed lower triangle by rows: element (i, j),
//! j ≤ i, at i·(i+1)/2 + j.

use crate::kernel::{axpy_f32, dot_f32, dots_f32};

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
    for i in 0..n {
        factor_row(a, i)?;
    }
    Ok(())
}

/// One row of [`factor`], for a caller that works in bounded steps.
///
/// # Errors
/// [`NotPositive`].
pub fn factor_row(a: &mut [f32], i: usize) -> Result<(), NotPositive> {
    let (above, row) = a.split_at_mut_checked(packed_len(i)).ok_or(NotPositive(i))?;
    let (last, left) = row.get_mut(..=i).and_then(|r| r.split_last_mut()).ok_or(NotPositive(i))?;
    substitute(above, left);
    let square = *last - dot_f32(left, left);
    if !(square > 0.0 && square.is_finite()) {
        return Err(NotPositive(i));
    }
    *last = libm::sqrtf(square);
    Ok(())
}

/// Solves L·Lᵀ·x = b in place of b, given the factor.
pub fn solve(l: &[f32], n: usize, b: &mut [f32]) {
    let Some(b) = b.get_mut(..n) else { return };
    substitute(l, b);
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

/// Solves L·x = b in place of b, for the first `b.len()` rows of L.
///
/// Four unknowns at a time: what is known before the four enters by [`dots_f32`], which loads it once for all four; the
/// unknowns among the four themselves are then added to those sums in order. The last one to three unknowns
/// enter by [`dot_f32`] one by one.
fn substitute(l: &[f32], b: &mut [f32]) {
    let mut rows = l;
    let mut known = 0;
    while let Some(([r0, r1, r2, r3], rest)) = four_rows(rows, known)
        && let Some((before, after)) = b.split_at_mut_checked(known)
        && let Some([b0, b1, b2, b3]) = after.first_chunk_mut::<4>()
        && let (Some([d0]), Some([l10, d1])) = (r0.last_chunk::<1>(), r1.last_chunk::<2>())
        && let (Some([l20, l21, d2]), Some([l30, l31, l32, d3])) = (r2.last_chunk::<3>(), r3.last_chunk::<4>())
    {
        let [s0, s1, s2, s3] = dots_f32(before, [r0, r1, r2, r3]);
        *b0 = (*b0 - s0) / d0;
        *b1 = (*b1 - (s1 + l10 * *b0)) / d1;
        *b2 = (*b2 - ((s2 + l20 * *b0) + l21 * *b1)) / d2;
        *b3 = (*b3 - (((s3 + l30 * *b0) + l31 * *b1) + l32 * *b2)) / d3;
        rows = rest;
        known += 4;
    }
    while let Some((row, rest)) = rows.split_at_checked(known + 1)
        && let Some((before, [b, ..])) = b.split_at_mut_checked(known)
        && let Some((diagonal, left)) = row.split_last()
    {
        *b = (*b - dot_f32(left, before)) / diagonal;
        rows = rest;
        known += 1;
    }
}

/// Four rows of a packed triangle, of `first` + 1 items and more, and what is behind them.
fn four_rows(rows: &[f32], first: usize) -> Option<([&[f32]; 4], &[f32])> {
    let (r0, rows) = rows.split_at_checked(first + 1)?;
    let (r1, rows) = rows.split_at_checked(first + 2)?;
    let (r2, rows) = rows.split_at_checked(first + 3)?;
    let (r3, rows) = rows.split_at_checked(first + 4)?;
    Some(([r0, r1, r2, r3], rows))
}

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
}
