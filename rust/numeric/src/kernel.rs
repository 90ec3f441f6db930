//! Inner loops. Slices of unequal length: the shorter one counts.
//!
//! On a core with the DSP extension and single-precision floating point (Cortex-M4F) the heavy ones run in the
//! assembly of `m4`, elsewhere in `portable.rs`; both give the same bits.
//!
//! **Order of floating-point sums.** Four lanes: lane k sums the terms at the indices i ≡ k (mod 4), in rising order,
//! starting from 0; the result is (lane 0 + lane 1) + (lane 2 + lane 3). Products and sums are rounded apart.
//!
//! **Alignment.** Integer kernels are fast when both sides begin at word addresses (and rows of a matrix are whole
//! words); otherwise they take the portable way, with the same result.

#[cfg(m4f)]
use crate::m4::{float, integer, integer_distance};
pub use crate::portable::{hamming_u32, manhattan_i8, manhattan_i16};
#[cfg(not(m4f))]
use crate::{portable as float, portable as integer, portable as integer_distance};

/// Σ a·b.
pub fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    float::dot_f32(a, b)
}

/// Σ (a-b)².
pub fn squared_distance_f32(a: &[f32], b: &[f32]) -> f32 {
    float::squared_distance_f32(a, b)
}

/// Σ |a-b|.
pub fn manhattan_f32(a: &[f32], b: &[f32]) -> f32 {
    float::manhattan_f32(a, b)
}

/// Σ a·b, exact.
pub fn dot_i16(a: &[i16], b: &[i16]) -> i64 {
    integer::dot_i16(a, b)
}

/// Σ a·b, exact for up to 131 072 items (beyond, modulo 2³²).
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    integer::dot_i8(a, b)
}

/// Σ a·b of 16 by 8 bits; exact while the sum of magnitudes stays below 2³¹. `a` is in the order of [`spread_i16`] by
/// fours, `b` is not; what is left beyond whole fours does not count.
pub fn dot_i16_i8(a: &[i16], b: &[i8]) -> i32 {
    integer::dot_i16_i8(a, b)
}

/// The order in which [`dot_i16_i8`] takes four numbers: that in which bytes leave a word for the two halves of others.
#[inline(always)]
pub const fn spread_i16<T: Copy>([a, b, c, d]: [T; 4]) -> [T; 4] {
    [a, c, b, d]
}

/// Σ (a-b)², exact (below 2³¹ items), as a·a + b·b - 2·a·b, which dual multiply-accumulates make cheaper than the
/// differences, which do not fit 16 bits.
pub fn squared_distance_i16(a: &[i16], b: &[i16]) -> i64 {
    let n = a.len().min(b.len());
    let (a, b) = (a.get(..n).unwrap_or_default(), b.get(..n).unwrap_or_default());
    dot_i16(a, a).wrapping_add(dot_i16(b, b)).wrapping_sub(dot_i16(a, b).wrapping_mul(2))
}

/// Σ (a-b)², exact for up to 33 025 items. Where one side stays, keep its a·a and use [`matvec_i8`].
pub fn squared_distance_i8(a: &[i8], b: &[i8]) -> i32 {
    let n = a.len().min(b.len());
    let (a, b) = (a.get(..n).unwrap_or_default(), b.get(..n).unwrap_or_default());
    dot_i8(a, a).wrapping_add(dot_i8(b, b)).wrapping_sub(dot_i8(a, b).wrapping_mul(2))
}

/// Σ |a-b|.
pub fn manhattan_u8(a: &[u8], b: &[u8]) -> u32 {
    integer_distance::manhattan_u8(a, b)
}

/// y += s·x.
pub fn axpy_f32(s: f32, x: &[f32], y: &mut [f32]) {
    float::axpy_f32(s, x, y);
}

/// Σ x·row of four rows at once, each as [`dot_f32`]; of all five the shortest counts.
#[inline(always)]
pub fn dots_f32(x: &[f32], rows: [&[f32]; 4]) -> [f32; 4] {
    let mut sums = [0.0; 4];
    float::dots_f32(x, rows, &mut sums);
    sums
}

/// y = A·x, A row-major with `x.len()` columns; each row as [`dot_f32`].
pub fn matvec_f32(a: &[f32], x: &[f32], y: &mut [f32]) {
    float::rows_dot_f32(x, a, y);
}

/// Squared distances of `query` to the rows of `rows` (row-major, `query.len()` columns), each as
/// [`squared_distance_f32`].
pub fn squared_distances_f32(query: &[f32], rows: &[f32], distances: &mut [f32]) {
    float::rows_squared_distance_f32(query, rows, distances);
}

/// Manhattan distances of `query` to the rows of `rows` (row-major, `query.len()` columns), each as [`manhattan_f32`].
pub fn manhattans_f32(query: &[f32], rows: &[f32], distances: &mut [f32]) {
    float::rows_manhattan_f32(query, rows, distances);
}

/// y = A·x, exact, A row-major with `x.len()` columns.
pub fn matvec_i16(a: &[i16], x: &[i16], y: &mut [i64]) {
    integer::matvec_i16(a, x, y);
}

/// y = A·x, each as [`dot_i8`], A row-major with `x.len()` columns.
pub fn matvec_i8(a: &[i8], x: &[i8], y: &mut [i32]) {
    integer::matvec_i8(a, x, y);
}

/// Manhattan distances of `query` to the rows of `rows` (row-major, `query.len()` columns).
pub fn manhattans_u8(query: &[u8], rows: &[u8], distances: &mut [u32]) {
    integer_distance::manhattans_u8(query, rows, distances);
}

/// Squared distances of `query` to the rows of `rows` (row-major, `query.len()` columns), exact for up to 66 051 columns.
pub fn squared_distances_u8(query: &[u8], rows: &[u8], distances: &mut [u32]) {
    integer_distance::squared_distances_u8(query, rows, distances);
}

/// Manhattan distances of `query` to the rows of `rows` (row-major, `query.len()` columns), exact for up to 65 536
/// columns.
pub fn manhattans_i16(query: &[i16], rows: &[i16], distances: &mut [u32]) {
    integer_distance::manhattans_i16(query, rows, distances);
}

/// √x, correctly rounded.
#[inline(always)]
pub fn sqrt_f32(x: f32) -> f32 {
    float::sqrt(x)
}
