//! Inner loops. Slices of unequal length: the shorter one counts.

/// Σ a·b.
pub fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |s, (x, y)| s + x * y)
}

/// Σ a·b, exact.
pub fn dot_i16(a: &[i16], b: &[i16]) -> i64 {
    a.iter().zip(b).map(|(x, y)| i64::from(i32::from(*x) * i32::from(*y))).sum()
}

/// Σ a·b, exact for up to 131 072 items.
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).fold(0, |s: i32, (x, y)| s.wrapping_add(i32::from(*x) * i32::from(*y)))
}

/// Σ (a-b)².
pub fn squared_distance_f32(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |s, (x, y)| s + (x - y) * (x - y))
}

/// Σ |a-b|.
pub fn manhattan_u8(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(*y))).sum()
}

/// y += s·x.
pub fn axpy_f32(s: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += s * x;
    }
}

/// y = A·x, A row-major with `x.len()` columns.
pub fn matvec_f32(a: &[f32], x: &[f32], y: &mut [f32]) {
    for (row, y) in a.chunks_exact(x.len().max(1)).zip(y) {
        *y = dot_f32(row, x);
    }
}
