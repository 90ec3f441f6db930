//! Rows of features in integers, for models that run without floating point: standardised into codes of 8 or 16 bits, and
//! compared with rows of codes. What has to be computed once, by whoever makes a model, is in floating point; the rest is not.

use super::integer::to_integer;
use super::round::limited;
use crate::kernel;

/// How wide a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 8 bits, around 128.
    Byte,
    /// 16 bits, around 0.
    Half,
}

impl Width {
    /// Words of a row of codes; what is left over in the last one is 0.
    pub const fn row_words(self, features: usize) -> usize {
        match self {
            Self::Byte => features.div_ceil(4),
            Self::Half => features.div_ceil(2),
        }
    }

    /// A code, limited to what the width holds, as the bits stored, and how many steps were beyond that: at most as many
    /// as the half range has.
    #[inline(always)]
    pub fn store(self, code: i32) -> (u32, u32) {
        let (low, high, zero) = match self {
            Self::Byte => (-128, 127, 128),
            Self::Half => (-32768, 32767, 0),
        };
        let (kept, beyond) = limited(code, low, high);
        ((kept.wrapping_add(zero) as u32) & if zero > 0 { 0xff } else { 0xffff }, beyond)
    }

    /// Writes code `index` of a row.
    #[inline(always)]
    pub fn put(self, row: &mut [u32], index: usize, bits: u32) {
        let (word, shift) = self.place(index);
        if let Some(word) = row.get_mut(word) {
            *word |= bits << shift;
        }
    }

    /// Reads code `index` of a row.
    #[inline(always)]
    pub fn get(self, row: &[u32], index: usize) -> u32 {
        let (word, shift) = self.place(index);
        let mask = if self == Self::Byte { 0xff } else { 0xffff };
        row.get(word).map_or(0, |word| (word >> shift) & mask)
    }

    #[inline(always)]
    fn place(self, index: usize) -> (usize, u32) {
        match self {
            Self::Byte => (index / 4, (index as u32 % 4) * 8),
            Self::Half => (index / 2, (index as u32 % 2) * 16),
        }
    }
}

/// A row of features to be judged.
#[derive(Clone, Copy, Debug)]
pub enum FeatureRow<'a> {
    /// As the extractors give it. Its bits are taken apart; nothing is computed in floating point.
    Float(&'a [f32]),
    /// Integers, as samples are, with so many bits behind the point (at most 15).
    FixedPoint(&'a [i16], u8),
}

impl FeatureRow<'_> {
    /// Features.
    pub fn len(&self) -> usize {
        match self {
            Self::Float(row) => row.len(),
            Self::FixedPoint(row, _) => row.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all are numbers and finite.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::Float(row) => row.iter().all(|x| (x.to_bits() >> 23) & 0xff != 0xff),
            Self::FixedPoint(..) => true,
        }
    }

    /// Feature `index` times 2^shift, to the nearest; at the ends of the range for what lies beyond. `None` past the end,
    /// and for what is not a number.
    #[inline(always)]
    pub fn at(&self, index: usize, shift: i8) -> Option<i32> {
        match self {
            Self::Float(row) => row.get(index).and_then(|x| to_integer(*x, shift)),
            Self::FixedPoint(row, bits) => {
                row.get(index).map(|x| moved(i32::from(*x), i32::from(shift).wrapping_sub((*bits).into())))
            }
        }
    }

    /// All features as [`FeatureRow::at`] gives them, each with a shift of its own. `None` where one is not a number.
    pub fn enter(&self, shifts: &[i8], to: &mut [u32]) -> Option<()> {
        match self {
            Self::Float(row) => {
                for ((to, x), shift) in to.iter_mut().zip(*row).zip(shifts) {
                    *to = to_integer(*x, *shift)? as u32;
                }
            }
            Self::FixedPoint(row, bits) => {
                let bits = i32::from(*bits);
                for ((to, x), shift) in to.iter_mut().zip(*row).zip(shifts) {
                    *to = moved((*x).into(), i32::from(*shift).wrapping_sub(bits)) as u32;
                }
            }
        }
        Some(())
    }
}

/// x·2^by of 16 bits.
#[inline(always)]
fn moved(x: i32, by: i32) -> i32 {
    if (by as u32) < 16 {
        return x << by;
    }
    moved_far(x, by)
}

#[inline(never)]
fn moved_far(x: i32, by: i32) -> i32 {
    if by >= 0 {
        return x.saturating_mul(1 << by.min(30));
    }
    let by = by.wrapping_neg().min(30);
    x.wrapping_add((1 << by) >> 1) >> by
}

/// Bits that a standardised feature has beyond those of its code until it is rounded.
const EXTRA: i32 = 4;

/// Words of a feature's [`frame`].
pub const FRAME: usize = 2;

/// What makes codes (feature − mean)·gain of a feature: its mean in fixed point, and in one word a factor of 23 bits and the
/// shift by which the feature enters. `None` where a number is not finite, the gain is negative or out of range, or the mean is
/// more than some 2²³ steps of a code away from zero. Uses floating point.
pub fn frame(mean: f32, gain: f32) -> Option<[u32; FRAME]> {
    if !mean.is_finite() || !gain.is_finite() || gain < 0.0 {
        return None;
    }
    if gain == 0.0 {
        return Some([0, 0]);
    }
    // gain = fraction·2^exponent with a fraction from 1/2 to 1.
    let (fraction, exponent) = libm::frexpf(gain);
    let shift = i8::try_from(exponent + 1 + EXTRA).ok().filter(|s| (-100..=100).contains(s))?;
    let factor = ((fraction * 8_388_608.0 + 0.5) as u32).min(0x7f_ffff);
    let mean = to_integer(mean, shift).filter(|m| m.unsigned_abs() < 1 << 30)?;
    Some([mean as u32, (factor << 8) | u32::from(shift as u8)])
}

/// The code of feature `index` of a row, not yet limited to a width. What is not a number counts as the mean.
#[inline(always)]
fn code(frame: &[u32; FRAME], row: &FeatureRow<'_>, index: usize) -> i32 {
    let [mean, word] = *frame;
    let Some(x) = row.at(index, word as u8 as i8) else { return 0 };
    let d = x.saturating_sub(mean as i32);
    let high = (i64::from(d).wrapping_mul(i64::from(word & 0xffff_ff00)) >> 32) as i32;
    high.saturating_add(1 << (EXTRA - 1)) >> EXTRA
}

/// Writes a row's codes, which [`Width::row_words`] words hold; how many steps its features lie beyond the range together.
#[inline(never)]
pub fn encode(width: Width, frame: &[u32], row: &FeatureRow<'_>, codes: &mut [u32]) -> u32 {
    codes.fill(0);
    let mut beyond = 0u32;
    for (index, frame) in frame.as_chunks::<FRAME>().0.iter().enumerate() {
        let (bits, over) = width.store(code(frame, row, index));
        width.put(codes, index, bits);
        beyond = beyond.saturating_add(over);
    }
    beyond
}

/// How many steps a row lies beyond the range in those features in which `other` is not itself at its end.
#[inline(never)]
pub fn beyond(width: Width, frame: &[u32], row: &FeatureRow<'_>, other: &[u32]) -> u32 {
    let frames = frame.as_chunks::<FRAME>().0.iter().enumerate();
    frames.fold(0u32, |sum, (index, frame)| {
        let (bits, over) = width.store(code(frame, row, index));
        if bits == width.get(other, index) { sum } else { sum.saturating_add(over) }
    })
}

/// Σ x·w of signed numbers of 32 bits, as [`FeatureRow::enter`] leaves them, and signed weights of a width.
pub fn weighted(width: Width, x: &[u32], weights: &[u32]) -> i64 {
    let add = |sum: i64, (x, w): (&u32, i32)| sum.wrapping_add(i64::from(*x as i32).wrapping_mul(w.into()));
    match width {
        Width::Byte => {
            let weights: &[i8] = bytemuck::cast_slice(weights);
            x.iter().zip(weights.iter().map(|w| i32::from(*w))).fold(0, add)
        }
        Width::Half => {
            let weights: &[i16] = bytemuck::cast_slice(weights);
            x.iter().zip(weights.iter().map(|w| i32::from(*w))).fold(0, add)
        }
    }
}

/// How rows of codes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Σ|a−b|.
    Manhattan,
    /// Σ(a−b)², shifted right by so many bits; at most what 32 bits hold.
    Squares(u8),
}

/// Distances of `query` to rows of its length, one after the other, all in words as [`encode`] writes them.
pub fn distances(width: Width, measure: Measure, query: &[u32], rows: &[u32], keys: &mut [u32]) {
    match (width, measure) {
        (Width::Byte, Measure::Manhattan) => {
            kernel::manhattans_u8(bytemuck::cast_slice(query), bytemuck::cast_slice(rows), keys);
        }
        (Width::Byte, Measure::Squares(shift)) => {
            kernel::squared_distances_u8(bytemuck::cast_slice(query), bytemuck::cast_slice(rows), keys);
            if shift > 0 {
                keys.iter_mut().for_each(|key| *key >>= shift & 31);
            }
        }
        (Width::Half, _) => {
            let (squares, shift) = if let Measure::Squares(shift) = measure { (true, shift) } else { (false, 0) };
            let query: &[i16] = bytemuck::cast_slice(query);
            let rows = crate::portable::whole_rows(bytemuck::cast_slice(rows), query.len());
            for (key, row) in keys.iter_mut().zip(rows) {
                let sum = query.iter().zip(row).fold(0u64, |sum, (a, b): (&i16, &i16)| {
                    let d = u32::from(a.abs_diff(*b));
                    sum.wrapping_add(u64::from(d).wrapping_mul(u64::from(if squares { d } else { 1 })))
                });
                *key = u32::try_from(sum >> (shift & 63)).unwrap_or(u32::MAX);
            }
        }
    }
}

#[cfg(test)]
mod tests;
