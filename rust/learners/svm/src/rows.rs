//! Rows as the training set keeps them: their numbers as the kernels see them, and products with them.
//!
//! Rows kept in integers are multiplied in integers. What they are multiplied with is in `f32` and is rounded for it to
//! 16 bits, in one common unit, of which its largest number has 32 767 at most: a product is off by at most half a unit
//! times the sum of the row's magnitudes, about 10⁻⁵ of |u|·|v|. The sum itself is exact.

use crate::kernel::{Kernel, KernelKind};
use crate::smo::Variable;
use hone_learn::{Format, SetView};
use hone_numeric::kernel::{dot_f32, dot_i16, dot_i16_i8, spread_i16};

/// Rows at most this wide are not worth the prologue of the tuned kernel.
const NARROW: usize = 8;

/// Σ a·b, for rows of any width.
#[inline(never)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    if a.len() > NARROW {
        return dot_f32(a, b);
    }
    if let ([a0, a1, a2, a3, a @ ..], [b0, b1, b2, b3, b @ ..]) = (a, b) {
        let sum = (a0 * b0 + a1 * b1) + (a2 * b2 + a3 * b3);
        return a.iter().zip(b).fold(sum, |s, (a, b)| s + a * b);
    }
    a.iter().zip(b).fold(0.0, |s, (a, b)| s + a * b)
}

/// The rows of a set, for the many products of training.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    words: &'a [u32],
    stride: usize,
    format: Format,
}

impl<'a> Rows<'a> {
    pub fn of(set: &SetView<'a>) -> Self {
        Self { words: set.words(), stride: set.row_words(), format: set.format() }
    }

    /// The words of a row, and those of the rows behind it.
    #[inline(always)]
    pub fn row(&self, row: usize) -> Option<&'a [u32]> {
        self.words.get(row * self.stride..)
    }

    pub fn format(&self) -> Format {
        self.format.kept()
    }

    /// Words of one row.
    pub fn stride(&self) -> usize {
        self.stride
    }
}

fn items<T: bytemuck::AnyBitPattern>(words: &[u32]) -> &[T] {
    bytemuck::try_cast_slice(words).unwrap_or(&[])
}

/// Calls `f` with each number of a row and what belongs to it.
#[inline(always)]
pub(crate) fn each<T>(row: &[u32], format: Format, with: impl Iterator<Item = T>, mut f: impl FnMut(T, f32)) {
    match format {
        Format::F32 if Format::F32.is_built() => with.zip(items(row)).for_each(|(t, v)| f(t, *v)),
        Format::I16 if Format::I16.is_built() => {
            with.zip(items::<i16>(row)).for_each(|(t, v)| f(t, f32::from(*v)));
        }
        Format::I8 if Format::I8.is_built() => with.zip(items::<i8>(row)).for_each(|(t, v)| f(t, f32::from(*v))),
        _ => {}
    }
}

/// A stored row v as z = scale·v + shift, and of that what [`fold`] makes, in one.
#[inline(always)]
pub(crate) fn unfold(row: &[u32], format: Format, scaling: &[[f32; 2]], z: &mut [f32]) -> f32 {
    let mut constant = 0.0;
    each(row, format, z.iter_mut().zip(scaling), |(z, [a, b]), v| {
        let own = a * v + b;
        constant += own * b;
        *z = own * a;
    });
    constant
}

/// Replaces z by z·scale, so that its dot product with a stored row v, plus the constant returned, is z·(scale·v +
/// shift).
#[inline(always)]
pub(crate) fn fold(z: &mut [f32], scaling: impl Iterator<Item = [f32; 2]>) -> f32 {
    let mut constant = 0.0;
    for (z, [a, b]) in z.iter_mut().zip(scaling) {
        constant += *z * b;
        *z *= a;
    }
    constant
}

/// One side of products with stored rows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand<'a> {
    F32(&'a [f32]),
    /// Rounded, and the unit.
    I16(&'a [i16], f32),
    /// Rounded and in the order that `dot_i16_i8` wants, and the unit.
    I8(&'a [i16], f32),
}

impl<'a> Operand<'a> {
    /// Of the first `width` numbers of z, which has [`operand_len`] of them; made in its place.
    pub fn of(z: &'a mut [f32], width: usize, format: Format) -> Self {
        match format {
            Format::I16 if Format::I16.is_built() => {
                let (x, unit) = round(z, width, |q| q);
                Self::I16(x, unit)
            }
            Format::I8 if Format::I8.is_built() => {
                let (x, unit) = round(z, width, spread_i16);
                Self::I8(x, unit)
            }
            _ => Self::F32(exact(z, width)),
        }
    }

    /// Its product with a stored row.
    #[inline(always)]
    pub fn dot(&self, row: &[u32]) -> f32 {
        match self {
            Self::I16(x, unit) if Format::I16.is_built() => {
                let sum = dot_i16(x, items(row));
                // As the soft conversion is long: both halves, each by an instruction.
                let (high, low) = ((sum >> 32) as i32 as f32, sum as u32 as f32);
                unit * (high * 4_294_967_296.0 + low)
            }
            Self::I8(x, unit) if Format::I8.is_built() => unit * dot_i16_i8(x, items(row)) as f32,
            Self::F32(z) if Format::F32.is_built() => dot(z, items(row)),
            _ => 0.0,
        }
    }
}

/// Numbers that an operand of so many features takes: whole fours where there are rows in integers.
pub(crate) const fn operand_len(features: usize) -> usize {
    if WHOLE_ROWS { features.next_multiple_of(4) } else { features }
}

/// Whether rows may be kept in integers.
const WHOLE_ROWS: bool = Format::I16.is_built() || Format::I8.is_built();

/// The first `width` numbers of an operand.
fn exact(z: &[f32], width: usize) -> &[f32] {
    if WHOLE_ROWS { z.get(..width).unwrap_or_default() } else { z }
}

/// Rounds z to 16 bits in its place, by fours in the order that `arrange` gives them. Numbers that are not finite make the
/// unit not a number.
#[inline(always)]
fn round(z: &mut [f32], width: usize, arrange: impl Fn([u32; 4]) -> [u32; 4]) -> (&[i16], f32) {
    /// Added to a number of less than 2²², it leaves the nearest whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let (mut largest, mut poison) = (0.0f32, 0.0);
    z.iter_mut().skip(width).for_each(|z| *z = 0.0);
    for v in z.iter() {
        largest = if v.abs() > largest { v.abs() } else { largest };
        // 0, or not a number.
        poison += v * 0.0;
    }
    // Products with 8-bit rows are summed in 32 bits.
    let most = if width > 511 { 16_000_000.0 / width as f32 } else { 32_767.0 };
    let inverse = if largest > 0.0 { most / largest } else { 0.0 };
    z.iter_mut().for_each(|z| *z = *z * inverse + ROUND);
    let words: &mut [u32] = bytemuck::try_cast_slice_mut(z).unwrap_or(&mut []);
    for i in 0..words.len() / 4 {
        let Some(four) = words.as_chunks().0.get(i) else { break };
        let [a, b, c, d] = arrange(*four);
        if let Some(two) = words.as_chunks_mut().0.get_mut(i) {
            *two = [a & 0xffff | b << 16, c & 0xffff | d << 16];
        }
    }
    (items(words).get(..words.len()).unwrap_or(&[]), largest / most + poison)
}

/// Whether numbers of a kernel row are got at least cost by [`fill_narrow`].
pub(crate) fn cheap(kernel: &Kernel, format: Format, width: usize) -> bool {
    kernel.kind == KernelKind::Linear
        && format == Format::F32
        && Format::F32.is_built()
        && (4..=NARROW).contains(&width)
}

/// Fills all numbers of a linear kernel row for narrow rows, whose first four numbers stay in registers.
#[inline(never)]
pub(crate) fn fill_narrow(rows: &Rows<'_>, z: &[f32], constant: f32, vars: &[Variable], out: &mut [f32]) {
    let Some((first, rest)) = exact(z, rows.stride).split_first_chunk() else { return };
    let [z0, z1, z2, z3] = *first;
    for (v, out) in vars.iter().zip(out) {
        let row = items(rows.words).get(v.row() * rows.stride..).and_then(|r| r.split_first_chunk());
        let Some(([r0, r1, r2, r3], others)) = row else { continue };
        let sum = (z0 * r0 + z1 * r1) + (z2 * r2 + z3 * r3);
        *out = rest.iter().zip(others).fold(sum, |s, (z, r): (&f32, &f32)| s + z * r) + constant;
    }
}
