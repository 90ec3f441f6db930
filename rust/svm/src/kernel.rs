//! Kernels, all computed from the dot product of two rows and, for the RBF, their squared lengths.

use hone_learn::set::Row;
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
            Kind::Rbf => libm::expf(-self.gamma * (x2 + y2 - (dot + dot)).max(0.0)),
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

/// u·v for a stored row.
#[inline]
pub(crate) fn dot_row(u: &[f32], row: Row<'_>) -> f32 {
    match row {
        Row::F32(v) => dot_f32(u, v),
        Row::I16(v) => u.iter().zip(v).fold(0.0, |s, (u, v)| s + u * f32::from(*v)),
        Row::I8(v) => u.iter().zip(v).fold(0.0, |s, (u, v)| s + u * f32::from(*v)),
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
