//! Kernels, all computed from the dot product of two rows and, for the RBF, their squared lengths.

use hone_learn::set::Row;
use hone_learn::{Format, SetView};
use hone_numeric::activation::tanh;
use hone_numeric::kernel::dot_f32;

/// Which kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// x·y
    #[default]
    Linear = 0,
    /// exp(−γ·|x−y|²)
    Rbf = 1,
    /// (γ·x·y + coef0)^degree
    Poly = 2,
    /// tanh(γ·x·y + coef0). Not positive definite in general: training ends, at a stationary point.
    Sigmoid = 3,
}

impl Kind {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Rbf => "rbf",
            Self::Poly => "polynomial",
            Self::Sigmoid => "sigmoid",
        }
    }

    /// The kernel of this number; the numbers are those of the setting's words and of stored models.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Linear),
            1 => Some(Self::Rbf),
            2 => Some(Self::Poly),
            3 => Some(Self::Sigmoid),
            _ => None,
        }
    }

    /// Whether moving all rows by the same amount leaves the solution of C-SVC as it is.
    pub(crate) fn ignores_offset(self) -> bool {
        matches!(self, Self::Linear | Self::Rbf)
    }
}

/// A kernel with its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Kernel {
    pub kind: Kind,
    pub gamma: f32,
    pub coef0: f32,
    pub degree: u8,
}

impl Kernel {
    /// The value, given x·y, |x|² and |y|² (the last two count for the RBF only).
    #[inline]
    pub fn value(&self, dot: f32, x2: f32, y2: f32) -> f32 {
        match self.kind {
            Kind::Linear => dot,
            Kind::Rbf => {
                let distance = x2 + y2 - (dot + dot);
                // Rounding can give less than nothing; not-a-number shall stay so.
                libm::expf(-self.gamma * if distance < 0.0 { 0.0 } else { distance })
            }
            Kind::Poly => {
                let base = self.gamma * dot + self.coef0;
                (1..self.degree).fold(base, |power, _| power * base)
            }
            Kind::Sigmoid => tanh(self.gamma * dot + self.coef0),
        }
    }

    /// K(x, x), given |x|².
    pub fn own(&self, x2: f32) -> f32 {
        if self.kind == Kind::Rbf { 1.0 } else { self.value(x2, x2, x2) }
    }
}

/// Rows at most this wide are not worth the prologue of the tuned kernel.
pub(crate) const NARROW: usize = 8;

/// Σ a·b, for rows of any width.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    if a.len() > NARROW { dot_f32(a, b) } else { dot_narrow(a, b) }
}

/// As [`dot`] for narrow rows, where a call counts.
#[inline(always)]
pub(crate) fn dot_narrow(a: &[f32], b: &[f32]) -> f32 {
    if let ([a0, a1, a2, a3, a @ ..], [b0, b1, b2, b3, b @ ..]) = (a, b) {
        let sum = (a0 * b0 + a1 * b1) + (a2 * b2 + a3 * b3);
        // Four are worth not to be asked how many the others are.
        return if a.is_empty() { sum } else { a.iter().zip(b).fold(sum, |s, (a, b)| s + a * b) };
    }
    a.iter().zip(b).fold(0.0, |s, (a, b)| s + a * b)
}

/// u·v for a stored row.
#[inline]
pub(crate) fn dot_row(u: &[f32], row: Row<'_>) -> f32 {
    match row {
        Row::F32(v) => dot(u, v),
        Row::I16(v) => u.iter().zip(v).fold(0.0, |s, (u, v)| s + u * f32::from(*v)),
        Row::I8(v) => u.iter().zip(v).fold(0.0, |s, (u, v)| s + u * f32::from(*v)),
    }
}

/// The rows of a set, for the many dot products of training.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    words: &'a [u32],
    stride: usize,
    width: usize,
    format: Format,
}

impl<'a> Rows<'a> {
    pub fn of(set: SetView<'a>) -> Self {
        Self { words: set.words(), stride: set.row_words(), width: set.width(), format: set.format() }
    }

    /// A row as stored.
    #[inline(always)]
    pub fn row(&self, row: usize) -> Option<Row<'a>> {
        let start = row * self.stride;
        self.format.row(self.words.get(start..start + self.stride)?, self.width)
    }

    /// All rows, if they are kept as `f32`.
    pub fn floats(&self) -> Option<&'a [f32]> {
        if self.format == Format::F32 { bytemuck::try_cast_slice(self.words).ok() } else { None }
    }

    /// u·v for row `row`, 0 when there is none.
    pub fn dot(&self, u: &[f32], row: usize) -> f32 {
        self.row(row).map_or(0.0, |row| dot_row(u, row))
    }
}

/// What a kernel row holds where nothing has been computed yet.
pub(crate) const VACANT: u32 = 0x7fc0_dead;

/// The first four numbers of a narrow row, and the others.
pub(crate) fn narrow(z: &[f32]) -> Option<(&[f32; 4], &[f32])> {
    if z.len() <= NARROW { z.split_first_chunk() } else { None }
}

/// Fills the vacant numbers of a linear kernel row: z·v + constant for the rows that `vars` name. For sets in `f32`.
#[inline(never)]
pub(crate) fn fill_vacant(z: &[f32], constant: f32, rows: &[f32], vars: &[[u32; 4]], out: &mut [f32]) {
    for (v, out) in vars.iter().zip(out) {
        if out.to_bits() == VACANT {
            let start = (v[3] & 0xffff) as usize * z.len();
            let Some(row) = rows.get(start..start + z.len()) else { continue };
            *out = dot(z, row) + constant;
        }
    }
}

/// Fills all numbers of a linear kernel row for narrow rows, whose first four numbers stay in registers.
#[inline(never)]
pub(crate) fn fill_narrow(
    (first, rest): (&[f32; 4], &[f32]),
    constant: f32,
    rows: &[f32],
    vars: &[[u32; 4]],
    out: &mut [f32],
) {
    let [z0, z1, z2, z3] = *first;
    for (v, out) in vars.iter().zip(out) {
        let start = (v[3] & 0xffff) as usize * (4 + rest.len());
        let Some(([r0, r1, r2, r3], others)) = rows.get(start..).and_then(|r| r.split_first_chunk()) else {
            continue;
        };
        let sum = (z0 * r0 + z1 * r1) + (z2 * r2 + z3 * r3);
        *out = rest.iter().zip(others).fold(sum, |s, (z, r)| s + z * r) + constant;
    }
}

/// |scale·v + shift|² for a stored row v.
pub(crate) fn square_row(row: Row<'_>, scale: &[f32], shift: &[f32]) -> f32 {
    #[inline(always)]
    fn sum<T: Copy>(v: &[T], scale: &[f32], shift: &[f32], float: impl Fn(T) -> f32) -> f32 {
        v.iter().zip(scale).zip(shift).fold(0.0, |s, ((v, a), b)| {
            let z = a * float(*v) + b;
            s + z * z
        })
    }
    match row {
        Row::F32(v) => sum(v, scale, shift, |v| v),
        Row::I16(v) => sum(v, scale, shift, f32::from),
        Row::I8(v) => sum(v, scale, shift, f32::from),
    }
}

/// z = scale·v + shift for a stored row v.
pub(crate) fn decode_row(row: Row<'_>, scale: &[f32], shift: &[f32], z: &mut [f32]) {
    let out = z.iter_mut().zip(scale).zip(shift);
    match row {
        Row::F32(v) => out.zip(v).for_each(|(((z, a), b), v)| *z = a * v + b),
        Row::I16(v) => out.zip(v).for_each(|(((z, a), b), v)| *z = a * f32::from(*v) + b),
        Row::I8(v) => out.zip(v).for_each(|(((z, a), b), v)| *z = a * f32::from(*v) + b),
    }
}

/// Replaces z by z·scale, so that its dot product with a stored row v, plus the constant returned, is z·(scale·v +
/// shift).
pub(crate) fn fold(z: &mut [f32], scale: &[f32], shift: &[f32]) -> f32 {
    let mut constant = 0.0;
    for ((z, a), b) in z.iter_mut().zip(scale).zip(shift) {
        constant += *z * b;
        *z *= a;
    }
    constant
}
