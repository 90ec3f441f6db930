//! Products of the layers of a network in 8 bits: forward, transposed and outer, and the random bits of stochastic rounding.
//!
//! A layer's weights are rows of bytes, each padded with zeros to whole words. What they are multiplied with is widened to
//! 16 bits once, in the order in which bytes leave a word ([`crate::kernel::spread_i16`]), and then used for all rows.
//!
//! Every function has an assembly twin for the Cortex-M4F in `m4/layer.rs` and gives the same integers there.

#[cfg(not(m4f))]
use self as layer;
use crate::kernel::spread_i16;
#[cfg(m4f)]
use crate::m4::layer;

/// Widens bytes to 16 bits, by fours in the order of [`spread_i16`]; what is left beyond whole fours of `x` is filled up
/// with zeros. As many fours as fit `out` are written.
pub fn spread(x: &[i8], out: &mut [i16]) {
    let (fours, rest) = x.as_chunks::<4>();
    let (to, _) = out.as_chunks_mut::<4>();
    for (to, x) in to.iter_mut().zip(fours) {
        *to = spread_i16(x.map(i16::from));
    }
    if let (false, Some(to)) = (rest.is_empty(), to.get_mut(fours.len())) {
        let mut last = [0; 4];
        last.iter_mut().zip(rest).for_each(|(l, x)| *l = i16::from(*x));
        *to = spread_i16(last);
    }
}

/// y_r = Σ_j rows_rj · x_j, exact while the sum of magnitudes stays below 2³¹: `x` as [`spread`] leaves it, its length, a
/// multiple of four, that of a row.
#[inline(always)]
pub fn rows_spread(rows: &[i8], x: &[i16], y: &mut [i32]) {
    layer::rows(rows, x, y);
}

/// y_r = sat₇((Σ_j w_rj·x_j + c_r) >> s_r) from 0 up, `scales` holding c and s (0 to 31) of each row, the rest as for
/// [`rows_spread`]; the largest before it was cut, or 0.
#[inline(always)]
pub fn rows_relu(rows: &[i8], x: &[i16], scales: &[[i32; 2]], y: &mut [i8]) -> i32 {
    layer::relu(rows, x, scales, y)
}

/// Two factors of 16 bits, the first in the low half, and where in some bytes that begins which they are multiplied with.
pub type Pair = [u32; 2];

/// The pair of these factors for the bytes from `at` on.
#[inline(always)]
pub const fn pair(first: i16, second: i16, at: usize) -> Pair {
    [first as u16 as u32 | (second as u16 as u32) << 16, at as u32]
}

/// first_j += Σ f·bytes_(at + j) and second_j += Σ s·bytes_(at + j) over all pairs (f, s, at), modulo 2³²: two rows of an outer
/// product, or two places of a transposed one, for which each byte is widened once. Both sums are of the same length, a multiple of
/// four; a pair beyond whose place there are fewer bytes does not count.
#[inline(always)]
pub fn add_pairs(pairs: &[Pair], bytes: &[i8], first: &mut [i32], second: &mut [i32]) {
    layer::pairs(pairs, bytes, first, second);
}

/// sums_j += Σ_r factors_r · rows_(r·stride + j), modulo 2³²: the transposed product of rows with a vector, and of overlapping
/// rows with one too. `sums` is of a length that is a multiple of four; rows that are not whole in `rows` do not count.
#[inline(always)]
pub fn add_rows(factors: &[i16], rows: &[i8], stride: usize, sums: &mut [i32]) {
    layer::columns(factors, rows, stride, sums);
}

/// The portable twin of [`rows_spread`].
#[cfg_attr(m4f, allow(dead_code))]
pub fn rows(rows: &[i8], x: &[i16], y: &mut [i32]) {
    for (row, y) in crate::portable::whole_rows(rows, x.len()).zip(y) {
        *y = crate::portable::dot_i16_i8(x, row);
    }
}

/// The portable twin of [`rows_relu`].
#[cfg_attr(m4f, allow(dead_code))]
pub fn relu(rows: &[i8], x: &[i16], scales: &[[i32; 2]], y: &mut [i8]) -> i32 {
    let mut most = 0;
    for ((row, [c, shift]), y) in crate::portable::whole_rows(rows, x.len()).zip(scales).zip(y) {
        let v = crate::portable::dot_i16_i8(x, row).wrapping_add(*c) >> (*shift & 31);
        most = most.max(v);
        *y = v.clamp(0, 127) as i8;
    }
    most
}

/// The portable twin of [`add_pairs`].
pub fn pairs(pairs: &[Pair], bytes: &[i8], first: &mut [i32], second: &mut [i32]) {
    let length = first.len().min(second.len());
    for [factors, at] in pairs {
        let Some(x) = bytes.get(*at as usize..).and_then(|b| b.get(..length)) else { continue };
        let (a, b) = (i32::from(*factors as i16), i32::from((*factors >> 16) as i16));
        for ((first, second), x) in first.iter_mut().zip(second.iter_mut()).zip(x) {
            *first = first.wrapping_add(a.wrapping_mul((*x).into()));
            *second = second.wrapping_add(b.wrapping_mul((*x).into()));
        }
    }
}

/// The portable twin of [`add_rows`].
pub fn columns(factors: &[i16], rows: &[i8], stride: usize, sums: &mut [i32]) {
    for (r, factor) in factors.iter().enumerate() {
        let at = r.wrapping_mul(stride);
        let Some(row) = rows.get(at..).and_then(|rows| rows.get(..sums.len())) else { return };
        if *factor != 0 {
            for (sum, w) in sums.iter_mut().zip(row) {
                *sum = sum.wrapping_add(i32::from(*factor).wrapping_mul(i32::from(*w)));
            }
        }
    }
}

/// Random bits for rounding: x ← x·1664525 + 1013904223 modulo 2³² (Press et al., "Numerical Recipes", 2nd edition, 7.1),
/// of which the high half is used. One multiply-accumulate a number: it is drawn for every weight of every update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dither(u32);

impl Dither {
    /// Equal seeds give equal bits on every machine.
    pub const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// 32 bits, of which the higher are the more random.
    #[inline(always)]
    pub fn word(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0
    }

    /// 16 random bits.
    #[inline(always)]
    pub fn bits(&mut self) -> u32 {
        self.word() >> 16
    }

    /// `x`, in units of 2⁻¹⁶, rounded down or up so that on average nothing is lost.
    #[inline(always)]
    pub fn round(&mut self, x: i32) -> i32 {
        x.wrapping_add(self.bits() as i32) >> 16
    }
}
