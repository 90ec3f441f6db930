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

/// Replaces x by f = Uᵀ·x, and returns xᵀ·P·x. U and D of other lengths than x asks for leave it, and give not a number.
#[inline(never)]
pub fn project(u: &[f32], d: &[f32], x: &mut [f32]) -> f32 {
    if u.len() != packed_len(x.len()) || d.len() != x.len() {
        return f32::NAN;
    }
    core_specific::project(u, d, x)
}

/// One step of recursive least squares with forgetting: P ← (P - P·x·xᵀ·P / α) / λ with α = λ + xᵀ·P·x, given f = Uᵀ·x
/// (Bierman's algorithm; the division by λ is of D alone). An element of D stays at `most` at the highest, so that P is
/// bounded in directions that no x has while older rows are forgotten.
///
/// `f` becomes P·x, P as it was before; over α, which is returned, this is the gain. Some 1.5·n² multiplications. U and D of
/// other lengths than f asks for leave all as it is, and give not a number.
#[inline(never)]
pub fn update(u: &mut [f32], d: &mut [f32], f: &mut [f32], forgetting: f32, most: f32) -> f32 {
    if u.len() != packed_len(f.len()) || d.len() != f.len() {
        return f32::NAN;
    }
    core_specific::update(u, d, f, [forgetting, 1.0 / forgetting, most])
}

/// Adds `factor`·k to the estimates, with what rounding took from them before (Kahan 1965).
#[inline(never)]
pub fn correct(estimates: &mut [f32], lost: &mut [f32], factor: f32, k: &[f32]) {
    core_specific::correct(estimates, lost, factor, k);
}

/// These in plain Rust. Two columns at a time share the loads of the other operand.
#[cfg_attr(m4f, allow(dead_code))]
pub(crate) mod portable {
    use super::packed_len;

    /// See [`super::project`]. From the last column, as an element needs those before it as they were.
    pub fn project(u: &[f32], d: &[f32], x: &mut [f32]) -> f32 {
        let (mut columns, mut d, mut rest, mut sum) = (u, d, x, 0.0);
        while rest.len() > 1
            && let [before @ .., first, second] = core::mem::take(&mut rest)
        {
            let n = before.len();
            let Some((left, pair)) = columns.split_at_checked(packed_len(n)) else { break };
            let (Some((a, [b @ .., last])), [lower @ .., d0, d1]) = (pair.split_at_checked(n), d) else { break };
            let (mut f, mut g) = (*first, *second);
            for ((x, a), b) in before.iter().zip(a).zip(b) {
                f += a * x;
                g += b * x;
            }
            g += last * *first;
            (*first, *second) = (f, g);
            sum += d0 * f * f;
            sum += d1 * g * g;
            (columns, d, rest) = (left, lower, before);
        }
        if let ([x], [d]) = (&*rest, d) {
            sum += d * x * x;
        }
        sum
    }

    /// See [`super::update`]: λ, 1/λ and the highest of D.
    pub fn update(u: &mut [f32], d: &mut [f32], f: &mut [f32], [forgetting, scale, most]: [f32; 3]) -> f32 {
        let (mut alpha, mut reciprocal) = (forgetting, scale);
        // An element of D moves on, and its f becomes v = d·f; v and p of Bierman's algorithm.
        let mut column = |d: &mut f32, f: &mut f32| {
            let (before, p, v) = (alpha, -*f * reciprocal, *d * *f);
            alpha = before + *f * v;
            reciprocal = 1.0 / alpha;
            let next = *d * (before * reciprocal) * scale;
            *d = if next < most { next } else { most };
            *f = v;
            (v, p)
        };
        let (mut columns, mut rest, mut j) = (u, d, f.len() % 2);
        if j == 1
            && let ([first, others @ ..], [f, ..]) = (core::mem::take(&mut rest), &mut *f)
        {
            column(first, f);
            rest = others;
        }
        while let [d, e, others @ ..] = core::mem::take(&mut rest) {
            let Some((gain, [first, second, ..])) = f.split_at_mut_checked(j) else { break };
            let Some((a, below)) = core::mem::take(&mut columns).split_at_mut_checked(j) else { break };
            let Some((b, [last, below @ ..])) = below.split_at_mut_checked(j) else { break };
            let ((v, p), (w, q)) = (column(d, first), column(e, second));
            for ((k, a), b) in gain.iter_mut().zip(a).zip(b) {
                let (old, other, mut gain) = (*a, *b, *k);
                *a = old + gain * p;
                gain += old * v;
                *b = other + gain * q;
                *k = gain + other * w;
            }
            let old = *last;
            *last = old + v * q;
            *first = v + old * w;
            (columns, rest, j) = (below, others, j + 2);
        }
        alpha
    }

    /// See [`super::correct`].
    pub fn correct(estimates: &mut [f32], lost: &mut [f32], factor: f32, k: &[f32]) {
        for ((estimate, lost), k) in estimates.iter_mut().zip(lost).zip(k) {
            let term = factor * k - *lost;
            let new = *estimate + term;
            *lost = (new - *estimate) - term;
            *estimate = new;
        }
    }
}

#[cfg(m4f)]
use crate::m4::ud as core_specific;
#[cfg(not(m4f))]
use portable as core_specific;

/// P ← Φ·P·Φᵀ with Φ the identity but for element (0, 1), which is `by`: the first of two estimates moves by the second.
/// Φ·U is unit upper triangular again, so that D stays.
#[inline(never)]
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
#[inline(never)]
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

    /// Columns are worked on in pairs, from the first or the second on.
    const SIZES: [usize; 4] = [1, 2, 6, 7];

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

    fn random(n: usize) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let mut rng = Rng::new(11);
        let mut take = |count: usize| (0..count).map(|_| rng.next_signed()).collect::<Vec<_>>();
        let (u, d, x) = (take(packed_len(n)), take(n), take(n));
        (u, d.iter().map(|d| d.abs() + 0.1).collect(), x)
    }

    fn near(a: &[Vec<f64>], b: &[Vec<f64>]) {
        for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
            assert!((a - b).abs() < 1e-5 * (1.0 + b.abs()), "{a} for {b}");
        }
    }

    #[test]
    fn a_step_is_that_of_the_formula() {
        for n in SIZES {
            let (mut u, mut d, x) = random(n);
            let p = full(&u, &d);
            let px: Vec<f64> = p.iter().map(|row| row.iter().zip(&x).map(|(p, x)| p * f64::from(*x)).sum()).collect();
            let square: f64 = px.iter().zip(&x).map(|(p, x)| p * f64::from(*x)).sum();
            let mut f = x.clone();
            let leverage = project(&u, &d, &mut f);
            for (j, f) in f.iter().enumerate() {
                let column = &u[packed_len(j)..packed_len(j) + j];
                let want = column.iter().zip(&x).fold(x[j], |sum, (u, x)| sum + u * x);
                assert!((f - want).abs() < 1e-5, "{j}");
            }
            assert!((f64::from(leverage) - square).abs() < 1e-5 * square);
            let alpha = f64::from(update(&mut u, &mut d, &mut f, 0.9, f32::INFINITY));
            assert!((alpha - 0.9 - square).abs() < 1e-5);
            f.iter().zip(&px).for_each(|(k, p)| assert!((f64::from(*k) - p).abs() < 1e-5));
            let want: Vec<Vec<f64>> =
                (0..n).map(|i| (0..n).map(|j| (p[i][j] - px[i] * px[j] / alpha) / 0.9).collect()).collect();
            near(&full(&u, &d), &want);
        }
    }

    #[test]
    fn a_shift_is_that_of_the_formula() {
        for n in SIZES {
            let (mut u, d, _) = random(n);
            let p = full(&u, &d);
            shift(&mut u, 0.7);
            let phi = |a: &[Vec<f64>]| {
                let mut b = a.to_vec();
                (0..n).filter(|_| n > 1).for_each(|j| b[0][j] += 0.7 * a[1][j]);
                b
            };
            let transposed =
                |a: Vec<Vec<f64>>| (0..n).map(|i| (0..n).map(|j| a[j][i]).collect()).collect::<Vec<Vec<f64>>>();
            near(&full(&u, &d), &transposed(phi(&transposed(phi(&p)))));
        }
    }

    #[test]
    fn the_inverse_of_a_factored_matrix() {
        for n in SIZES {
            let (u, d, _) = random(n);
            let a = full(&u, &d);
            let mut l: Vec<f32> = (0..n).flat_map(|i| a[i][..=i].iter().map(|a| *a as f32)).collect();
            cholesky::factor(&mut l, n).unwrap();
            let (mut v, mut e) = (vec![0.0; packed_len(n)], vec![0.0; n]);
            invert(&l, &mut v, &mut e);
            let inverse = full(&v, &e);
            let product: Vec<Vec<f64>> =
                (0..n).map(|i| (0..n).map(|j| (0..n).map(|k| a[i][k] * inverse[k][j]).sum()).collect()).collect();
            for (i, row) in product.iter().enumerate() {
                row.iter()
                    .enumerate()
                    .for_each(|(j, p)| assert!((p - f64::from(u8::from(i == j))).abs() < 1e-4, "{p}"));
            }
        }
    }

    #[test]
    fn estimates_keep_what_rounding_takes() {
        let (mut estimates, mut lost) = ([1.0f32, -3.0], [0.0; 2]);
        for _ in 0..1_000_000 {
            correct(&mut estimates, &mut lost, 0.5, &[2e-8, -4e-8]);
        }
        assert_eq!(estimates, [1.01, -3.02]);
    }

    #[test]
    fn a_direction_that_no_row_has_stays_bounded() {
        let (mut u, mut d) = (vec![0.0; packed_len(3)], vec![1e6; 3]);
        for _ in 0..100_000 {
            let mut f = vec![1.0, 1.0, 0.0];
            project(&u, &d, &mut f);
            assert!(update(&mut u, &mut d, &mut f, 0.9, 1e6).is_finite());
        }
        assert!(d.iter().chain(&u).all(|x| x.abs() <= 1e6), "{d:?} {u:?}");
    }
}
