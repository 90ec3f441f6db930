//! A symmetric positive definite matrix P as its factors U·D·Uᵀ, U unit upper triangular: the covariance form in which
//! recursive least squares keeps its digits (Bierman, "Factorization Methods for Discrete Sequential Estimation", 1977,
//! chapter V; the time step after Thornton 1976).
//!
//! U is packed by columns, its diagonal of ones left out: element (i, j), i < j, at j·(j-1)/2 + i. D is a slice of its
//! own. In this form P can lose neither symmetry nor definiteness by rounding, and the error of a gain grows with the
//! condition number of the inputs, not with its square.
//!
//! **Order of operations.** Sums run one term after the other in rising order of the index.

/// Words of the packed triangle of a matrix of `n` rows.
pub const fn packed_len(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

/// Replaces x by f = Uᵀ·x.
pub fn project(u: &[f32], x: &mut [f32]) {
    let mut columns = u.get(..packed_len(x.len())).unwrap_or_default();
    let mut rest = x;
    // From the last: an element needs those before it as they were.
    while let Some((last, before)) = core::mem::take(&mut rest).split_last_mut() {
        let Some((left, column)) = columns.split_at_checked(packed_len(before.len())) else { return };
        *last = column.iter().zip(before.iter()).fold(*last, |sum, (u, x)| sum + u * x);
        (columns, rest) = (left, before);
    }
}

/// xᵀ·P·x, given f = Uᵀ·x.
pub fn quadratic(d: &[f32], f: &[f32]) -> f32 {
    d.iter().zip(f).fold(0.0, |sum, (d, f)| sum + d * f * f)
}

/// One step of recursive least squares with forgetting: P ← (P - P·x·xᵀ·P / α) / λ with α = λ + xᵀ·P·x, given f = Uᵀ·x
/// (Bierman's algorithm; the division by λ is of D alone). An element of D stays at `most` at the highest, so that P is
/// bounded in directions that no x has while older rows are forgotten.
///
/// `f` becomes P·x, P as it was before; over α, which is returned, this is the gain. Some 1.5·n² multiplications.
pub fn update(u: &mut [f32], d: &mut [f32], f: &mut [f32], forgetting: f32, most: f32) -> f32 {
    let (mut alpha, mut reciprocal) = (forgetting, 1.0 / forgetting);
    let scale = reciprocal;
    let (mut columns, mut j) = (u, 0);
    for d in d {
        let Some((gain, [place, ..])) = f.split_at_mut_checked(j) else { break };
        let Some((column, rest)) = core::mem::take(&mut columns).split_at_mut_checked(j) else { break };
        let (f, v) = (*place, *d * *place);
        let (before, p) = (alpha, -f * reciprocal);
        alpha += f * v;
        reciprocal = 1.0 / alpha;
        let next = *d * (before * reciprocal) * scale;
        *d = if next < most { next } else { most };
        for (u, k) in column.iter_mut().zip(gain) {
            let old = *u;
            *u = old + *k * p;
            *k += old * v;
        }
        *place = v;
        (columns, j) = (rest, j + 1);
    }
    alpha
}

/// P ← Φ·P·Φᵀ with Φ the identity but for element (0, 1), which is `by`: the first of two estimates moves by the second.
/// Φ·U is unit upper triangular again, so that D stays.
pub fn shift(u: &mut [f32], by: f32) {
    let (mut columns, mut j) = (u, 1);
    while let Some((column, rest)) = core::mem::take(&mut columns).split_at_mut_checked(j) {
        match column {
            [only] => *only += by,
            [first, second, ..] => *first += by * *second,
            [] => {}
        }
        (columns, j) = (rest, j + 1);
    }
}

/// U and D of A⁻¹, given the factor L of A = L·Lᵀ as [`crate::cholesky::factor`] leaves it.
pub fn invert(l: &[f32], u: &mut [f32], d: &mut [f32]) {
    let (mut columns, mut j) = (u, 0);
    for d in d {
        let Some((above, row)) = l.split_at_checked(crate::cholesky::packed_len(j)) else { return };
        let Some((left, [diagonal, ..])) = row.split_at_checked(j) else { return };
        let Some((column, rest)) = core::mem::take(&mut columns).split_at_mut_checked(j) else { return };
        *d = 1.0 / (diagonal * diagonal);
        column.iter_mut().zip(left).for_each(|(u, l)| *u = -l);
        let (mut rows, mut open) = (above, column);
        while let Some((last, before)) = core::mem::take(&mut open).split_last_mut() {
            let Some((higher, row)) = rows.split_at_checked(crate::cholesky::packed_len(before.len())) else { return };
            let Some((diagonal, left)) = row.split_last() else { return };
            *last /= diagonal;
            crate::kernel::axpy_f32(-*last, left, before);
            (rows, open) = (higher, before);
        }
        (columns, j) = (rest, j + 1);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::{cholesky, rng::Rng};
    use std::{vec, vec::Vec};

    const N: usize = 6;

    /// P, in double precision.
    fn full(u: &[f32], d: &[f32]) -> Vec<Vec<f64>> {
        let n = d.len();
        let at = |i: usize, j: usize| match i.cmp(&j) {
            core::cmp::Ordering::Less => f64::from(u[packed_len(j) + i]),
            core::cmp::Ordering::Equal => 1.0,
            core::cmp::Ordering::Greater => 0.0,
        };
        let element = |i, j| (0..n).map(|k| at(i, k) * f64::from(d[k]) * at(j, k)).sum();
        (0..n).map(|i| (0..n).map(|j| element(i, j)).collect()).collect()
    }

    fn random() -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let mut rng = Rng::new(11);
        let mut take = |n: usize| (0..n).map(|_| rng.next_signed()).collect::<Vec<_>>();
        let (u, d, x) = (take(packed_len(N)), take(N), take(N));
        (u, d.iter().map(|d| d.abs() + 0.1).collect(), x)
    }

    fn near(a: &[Vec<f64>], b: &[Vec<f64>]) {
        for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
            assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{a} for {b}");
        }
    }

    #[test]
    fn a_step_is_that_of_the_formula() {
        let (mut u, mut d, x) = random();
        let p = full(&u, &d);
        let px: Vec<f64> = p.iter().map(|row| row.iter().zip(&x).map(|(p, x)| p * f64::from(*x)).sum()).collect();
        let square: f64 = px.iter().zip(&x).map(|(p, x)| p * f64::from(*x)).sum();
        let mut f = x.clone();
        project(&u, &mut f);
        assert!((f64::from(quadratic(&d, &f)) - square).abs() < 1e-5 * square);
        let alpha = f64::from(update(&mut u, &mut d, &mut f, 0.9, f32::INFINITY));
        assert!((alpha - 0.9 - square).abs() < 1e-5);
        f.iter().zip(&px).for_each(|(k, p)| assert!((f64::from(*k) - p).abs() < 1e-5));
        let want: Vec<Vec<f64>> =
            (0..N).map(|i| (0..N).map(|j| (p[i][j] - px[i] * px[j] / alpha) / 0.9).collect()).collect();
        near(&full(&u, &d), &want);
    }

    #[test]
    fn a_shift_is_that_of_the_formula() {
        let (mut u, d, _) = random();
        let p = full(&u, &d);
        shift(&mut u, 0.7);
        let phi = |a: &[Vec<f64>]| {
            let mut b = a.to_vec();
            (0..N).for_each(|j| b[0][j] += 0.7 * a[1][j]);
            b
        };
        let transposed =
            |a: Vec<Vec<f64>>| (0..N).map(|i| (0..N).map(|j| a[j][i]).collect()).collect::<Vec<Vec<f64>>>();
        near(&full(&u, &d), &transposed(phi(&transposed(phi(&p)))));
    }

    #[test]
    fn the_inverse_of_a_factored_matrix() {
        let (u, d, _) = random();
        let a = full(&u, &d);
        let mut l: Vec<f32> = (0..N).flat_map(|i| a[i][..=i].iter().map(|a| *a as f32)).collect();
        cholesky::factor(&mut l, N).unwrap();
        let (mut v, mut e) = (vec![0.0; packed_len(N)], vec![0.0; N]);
        invert(&l, &mut v, &mut e);
        let inverse = full(&v, &e);
        let product: Vec<Vec<f64>> =
            (0..N).map(|i| (0..N).map(|j| (0..N).map(|k| a[i][k] * inverse[k][j]).sum()).collect()).collect();
        for (i, row) in product.iter().enumerate() {
            row.iter().enumerate().for_each(|(j, p)| assert!((p - f64::from(u8::from(i == j))).abs() < 1e-4, "{p}"));
        }
    }

    #[test]
    fn a_direction_that_no_row_has_stays_bounded() {
        let (mut u, mut d) = (vec![0.0; packed_len(3)], vec![1e6; 3]);
        for _ in 0..100_000 {
            let mut f = vec![1.0, 1.0, 0.0];
            project(&u, &mut f);
            assert!(update(&mut u, &mut d, &mut f, 0.9, 1e6).is_finite());
        }
        assert!(d.iter().chain(&u).all(|x| x.abs() <= 1e6), "{d:?} {u:?}");
    }
}
