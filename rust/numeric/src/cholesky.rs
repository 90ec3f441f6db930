//! Cholesky factorisation of a symmetric positive definite matrix, packed lower triangle by rows: element (i, j),
//! j ≤ i, at i·(i+1)/2 + j.

use crate::kernel::dot_f32;

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
    let row = row.get_mut(..=i).ok_or(NotPositive(i))?;
    for j in 0..i {
        let start = packed_len(j);
        let (Some(upper), Some(left)) = (above.get(start..=start + j), row.get(..j)) else {
            return Err(NotPositive(i));
        };
        let (Some(diagonal), Some(upper)) = (upper.last(), upper.get(..j)) else { return Err(NotPositive(i)) };
        let sum = dot_f32(upper, left);
        if let Some(x) = row.get_mut(j) {
            *x = (*x - sum) / diagonal;
        }
    }
    let Some((last, left)) = row.split_last_mut() else { return Err(NotPositive(i)) };
    let square = *last - dot_f32(left, left);
    if !(square > 0.0 && square.is_finite()) {
        return Err(NotPositive(i));
    }
    *last = libm::sqrtf(square);
    Ok(())
}

/// Solves L·Lᵀ·x = b in place of b, given the factor.
pub fn solve(l: &[f32], n: usize, b: &mut [f32]) {
    for i in 0..n {
        let start = packed_len(i);
        if let (Some(row), Some((b, rest))) =
            (l.get(start..=start + i), b.get_mut(..=i).and_then(|b| b.split_last_mut()))
            && let Some((diagonal, left)) = row.split_last()
        {
            *b = (*b - dot_f32(left, rest)) / diagonal;
        }
    }
    for i in (0..n).rev() {
        let start = packed_len(i);
        if let (Some(row), Some((b, rest))) =
            (l.get(start..=start + i), b.get_mut(..=i).and_then(|b| b.split_last_mut()))
            && let Some((diagonal, left)) = row.split_last()
        {
            *b /= diagonal;
            let x = *b;
            for (r, l) in rest.iter_mut().zip(left) {
                *r -= l * x;
            }
        }
    }
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
