//! The kernels in plain Rust: on the host, on cores without the DSP extension, and as the reference that the
//! assembly of `m4` is tested against.

const LANES: usize = 4;

#[inline(always)]
fn reduce_f32(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let n = a.len().min(b.len());
    let (a, b) = (a.get(..n).unwrap_or_default(), b.get(..n).unwrap_or_default());
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut lanes = [0.0f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += term(*a, *b);
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += term(*a, *b);
    }
    let [l0, l1, l2, l3] = lanes;
    (l0 + l1) + (l2 + l3)
}

/// See [`crate::kernel::sqrt_f32`].
#[inline(always)]
pub fn sqrt(x: f32) -> f32 {
    libm::sqrtf(x)
}

/// See [`crate::kernel::dot_f32`].
pub fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    reduce_f32(a, b, |a, b| a * b)
}

/// See [`crate::kernel::squared_distance_f32`].
pub fn squared_distance_f32(a: &[f32], b: &[f32]) -> f32 {
    reduce_f32(a, b, |a, b| (a - b) * (a - b))
}

/// See [`crate::kernel::manhattan_f32`].
pub fn manhattan_f32(a: &[f32], b: &[f32]) -> f32 {
    reduce_f32(a, b, |a, b| (a - b).abs())
}

/// See [`crate::kernel::dots_f32`].
pub fn dots_f32(x: &[f32], rows: [&[f32]; 4], out: &mut [f32; 4]) {
    let n = rows.iter().fold(x.len(), |n, r| n.min(r.len()));
    let x = x.get(..n).unwrap_or_default();
    for (row, out) in rows.iter().zip(out) {
        *out = dot_f32(row, x);
    }
}

/// The rows of a matrix of so many columns; none for no columns. `chunks_exact` would divide by the width, and that is a
/// place that may panic for all that the compiler sees.
pub fn whole_rows<T>(mut items: &[T], columns: usize) -> impl Iterator<Item = &[T]> {
    core::iter::from_fn(move || {
        let (row, rest) = items.split_at_checked(columns).filter(|_| columns > 0)?;
        items = rest;
        Some(row)
    })
}

/// See [`crate::kernel::matvec_f32`].
pub fn rows_dot_f32(x: &[f32], rows: &[f32], out: &mut [f32]) {
    for (row, out) in whole_rows(rows, x.len()).zip(out) {
        *out = dot_f32(row, x);
    }
}

/// See [`crate::kernel::squared_distances_f32`].
pub fn rows_squared_distance_f32(x: &[f32], rows: &[f32], out: &mut [f32]) {
    for (row, out) in whole_rows(rows, x.len()).zip(out) {
        *out = squared_distance_f32(row, x);
    }
}

/// See [`crate::kernel::manhattans_f32`].
pub fn rows_manhattan_f32(x: &[f32], rows: &[f32], out: &mut [f32]) {
    for (row, out) in whole_rows(rows, x.len()).zip(out) {
        *out = manhattan_f32(row, x);
    }
}

/// See [`crate::kernel::dot_i16`].
#[inline(never)]
pub fn dot_i16(a: &[i16], b: &[i16]) -> i64 {
    a.iter().zip(b).fold(0i64, |s, (x, y)| s.wrapping_add(i64::from(i32::from(*x) * i32::from(*y))))
}

/// See [`crate::kernel::dot_i8`].
#[inline(never)]
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).fold(0i32, |s, (x, y)| s.wrapping_add(i32::from(*x) * i32::from(*y)))
}

/// See [`crate::kernel::dot_i16_i8`].
#[inline(never)]
pub fn dot_i16_i8(a: &[i16], b: &[i8]) -> i32 {
    let product = |x: i16, y: i8| i32::from(x) * i32::from(y);
    let whole = a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0);
    whole.fold(0i32, |s, (x, y)| {
        let [a, c, b, d] = *x;
        let [e, f, g, h] = *y;
        s.wrapping_add(product(a, e))
            .wrapping_add(product(b, f))
            .wrapping_add(product(c, g))
            .wrapping_add(product(d, h))
    })
}

/// See [`crate::kernel::matvec_i16`].
#[inline(never)]
pub fn matvec_i16(a: &[i16], x: &[i16], y: &mut [i64]) {
    for (row, y) in whole_rows(a, x.len()).zip(y) {
        *y = dot_i16(row, x);
    }
}

/// See [`crate::kernel::matvec_i8`].
pub fn matvec_i8(a: &[i8], x: &[i8], y: &mut [i32]) {
    for (row, y) in whole_rows(a, x.len()).zip(y) {
        *y = dot_i8(row, x);
    }
}

/// See [`crate::kernel::manhattan_u8`].
#[inline(never)]
pub fn manhattan_u8(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).fold(0u32, |s, (x, y)| s.wrapping_add(u32::from(x.abs_diff(*y))))
}

/// See [`crate::kernel::manhattans_u8`].
#[inline(never)]
pub fn manhattans_u8(query: &[u8], rows: &[u8], distances: &mut [u32]) {
    for (row, distance) in whole_rows(rows, query.len()).zip(distances) {
        *distance = manhattan_u8(row, query);
    }
}

/// See [`crate::kernel::squared_distances_u8`].
#[inline(never)]
pub fn squared_distances_u8(query: &[u8], rows: &[u8], distances: &mut [u32]) {
    for (row, distance) in whole_rows(rows, query.len()).zip(distances) {
        let square = |sum: u32, (x, y): (&u8, &u8)| {
            let d = i32::from(*x).wrapping_sub((*y).into());
            sum.wrapping_add(d.wrapping_mul(d) as u32)
        };
        // By fours, which takes a loop's own instructions once for them.
        let ((x, x_rest), (y, y_rest)) = (row.as_chunks::<4>(), query.as_chunks::<4>());
        let sum = x.iter().zip(y).fold(0, |sum, (x, y)| x.iter().zip(y).fold(sum, square));
        *distance = x_rest.iter().zip(y_rest).fold(sum, square);
    }
}

/// See [`crate::kernel::manhattans_i16`].
#[inline(never)]
pub fn manhattans_i16(query: &[i16], rows: &[i16], distances: &mut [u32]) {
    for (row, distance) in whole_rows(rows, query.len()).zip(distances) {
        *distance = manhattan_i16(row, query);
    }
}

/// Σ |a-b|.
pub fn manhattan_i8(a: &[i8], b: &[i8]) -> u32 {
    a.iter().zip(b).fold(0u32, |s, (x, y)| s.wrapping_add(u32::from(x.abs_diff(*y))))
}

/// Σ |a-b|, exact for up to 65 536 items (beyond, modulo 2³²).
pub fn manhattan_i16(a: &[i16], b: &[i16]) -> u32 {
    a.iter().zip(b).fold(0u32, |s, (x, y)| s.wrapping_add(u32::from(x.abs_diff(*y))))
}

/// Number of bits in which a and b differ.
pub fn hamming_u32(a: &[u32], b: &[u32]) -> u32 {
    a.iter().zip(b).fold(0u32, |s, (x, y)| s.wrapping_add((x ^ y).count_ones()))
}

/// See [`crate::kernel::axpy_f32`].
pub fn axpy_f32(s: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += s * x;
    }
}
