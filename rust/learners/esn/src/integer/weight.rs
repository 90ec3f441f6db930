//! The two kinds of weights: 8-bit codes, affine by rows, and 16-bit fixed point.

use super::tanh::ARGUMENT_BITS;
use hone_numeric::kernel::dot_i16;
use hone_numeric::quantize::round::{headroom, scaled, shifted};
use hone_numeric::quantize::{Affine, Fixed};

/// Bits behind the point of inputs and outputs, in standard deviations: ±32 of them in 16 bits.
pub(crate) const INPUT_BITS: u32 = 10;
/// Bits behind the point of the state.
pub(crate) const STATE_BITS: u32 = 15;
/// What the input's sum is multiplied by (as a shift), to bring both sums to about the same size.
const LIFT: u32 = 4;

/// Bits dropped from each 16-bit product with a state, so that [`crate::MAX_UNITS`] of them, and of inputs as many as there
/// can be channels, fit 32 bits: 2^30 >> 9, 512 times.
const STATE_DROP: u32 = 9;

/// What brings the sums over W_res and W_in to one unit, the argument of tanh.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mix {
    /// 8 bits: factors that leave the argument in the upper half of 64 bits.
    pub res: i32,
    pub input: i32,
    /// 16 bits: behind the point of a weight.
    pub fraction: u8,
}

/// What makes an output of a row's sum and of the sum of the state.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OutputScale {
    pub scale: i32,
    pub offset: i32,
    /// 8 bits: what the sum of both products is shifted right by. 16 bits: what the sum is.
    pub shift: u8,
}

/// Weights of a model of either kind, for reading.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Weights<'a> {
    Bytes(WeightSet<'a, i8>),
    Words(WeightSet<'a, i16>),
}

/// Weights of one kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WeightSet<'a, W> {
    pub res: &'a [W],
    pub input: &'a [W],
    pub out: &'a [W],
}

/// Places of weights of either kind.
#[derive(Debug)]
pub(crate) enum Places<'a> {
    Bytes(&'a mut [i8]),
    Words(&'a mut [i16]),
}

impl Places<'_> {
    pub fn is_wide(&self) -> bool {
        matches!(self, Self::Words(_))
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(places) => places.len(),
            Self::Words(places) => places.len(),
        }
    }

    /// Puts a code into its place, if there is one; of an 8-bit code the lower byte counts.
    pub fn set(&mut self, index: usize, code: i16) {
        match self {
            Self::Bytes(places) => {
                if let Some(place) = places.get_mut(index) {
                    *place = code as i8;
                }
            }
            Self::Words(places) => {
                if let Some(place) = places.get_mut(index) {
                    *place = code;
                }
            }
        }
    }
}

/// The code of a weight: of 8 bits the affine code less 128, of 16 fixed point.
pub(crate) fn encode(wide: bool, value: f32, affine: &Affine, fraction: u8) -> i16 {
    if wide {
        Fixed::q(0, fraction.min(15)).map_or(0, |q| q.encode(value))
    } else {
        i16::from(affine.encode(value)) - 128
    }
}

/// `None` for a scale that the numbers do not hold.
pub(crate) fn mix(wide: bool, gain: f32, input_scale: f32, fraction: u8) -> Option<Mix> {
    if wide {
        return Some(Mix { res: 0, input: 0, fraction });
    }
    // A weight is scale/127 times its code; the argument, at its own point, is the upper half of the sum.
    let part = |scale: f32, bits: u32| {
        let v = libm::scalbnf(scale / 127.0, 32 + ARGUMENT_BITS as i32 - bits as i32);
        (v < 2_147_483_000.0).then_some(scaled(v, 0))
    };
    Some(Mix { res: part(gain, STATE_BITS)?, input: part(input_scale, INPUT_BITS + LIFT)?, fraction: 0 })
}

/// `None` for a table that the numbers do not hold.
pub(crate) fn row(wide: bool, affine: &Affine, fraction: u8) -> Option<OutputScale> {
    let point = (STATE_BITS - INPUT_BITS) as u8;
    if wide {
        return Some(OutputScale { scale: 0, offset: 0, shift: fraction + point });
    }
    let offset = affine.offset + 128.0 * affine.scale;
    let bits = headroom(affine.scale.abs().max(offset.abs()), 30)?;
    Some(OutputScale {
        scale: scaled(affine.scale, bits.into()),
        offset: scaled(offset, bits.into()),
        shift: bits + point,
    })
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for i8 {}
    impl Sealed for i16 {}
}

/// A weight of an [`super::IntegerModel`]: `i8` for 8-bit affine, `i16` for fixed point Q(m,n).
pub trait Weight: sealed::Sealed + Copy + core::fmt::Debug {
    #[doc(hidden)]
    const ZERO: Self;
    /// A sum over the readout.
    #[doc(hidden)]
    type Sum;
    /// Whether it is the 16-bit one.
    #[doc(hidden)]
    const WIDE: bool;
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "sealed: nobody else implements or calls it")]
    fn weights<'a>(kind: WeightSet<'a, Self>) -> Weights<'a>;
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "sealed: nobody else implements or calls it")]
    fn places(places: &mut [Self]) -> Places<'_>;
    /// sum + self·x of W_res.
    #[doc(hidden)]
    fn add_state(self, x: i16, sum: i32) -> i32;
    /// sum + self·u of W_in.
    #[doc(hidden)]
    fn add_input(self, u: i16, sum: i32) -> i32;
    #[doc(hidden)]
    fn dot(row: &[Self], x: &[i16]) -> Self::Sum;
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "sealed: nobody else implements or calls it")]
    fn argument(res: i32, input: i32, mix: &Mix) -> i32;
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "sealed: nobody else implements or calls it")]
    fn output(sum: Self::Sum, total: i32, row: &OutputScale) -> i32;
}

impl Weight for i8 {
    const ZERO: Self = 0;
    /// Holds 512 products, which is [`crate::MAX_UNITS`].
    type Sum = i32;
    const WIDE: bool = false;

    #[allow(private_interfaces, reason = "sealed")]
    fn weights<'a>(kind: WeightSet<'a, Self>) -> Weights<'a> {
        Weights::Bytes(kind)
    }

    #[allow(private_interfaces, reason = "sealed")]
    fn places(places: &mut [Self]) -> Places<'_> {
        Places::Bytes(places)
    }

    #[inline(always)]
    fn add_state(self, x: i16, sum: i32) -> i32 {
        sum.wrapping_add(i32::from(self).wrapping_mul(i32::from(x)))
    }

    #[inline(always)]
    fn add_input(self, u: i16, sum: i32) -> i32 {
        self.add_state(u, sum)
    }

    #[inline(always)]
    fn dot(row: &[Self], x: &[i16]) -> i32 {
        let ((row, rest), (x, x_rest)) = (row.as_chunks(), x.as_chunks());
        let mut sum = 0;
        for ([w0, w1, w2, w3], [x0, x1, x2, x3]) in row.iter().zip(x) {
            sum = w1.add_state(*x1, w0.add_state(*x0, sum));
            sum = w3.add_state(*x3, w2.add_state(*x2, sum));
        }
        rest.iter().zip(x_rest).fold(sum, |sum, (w, x)| w.add_state(*x, sum))
    }

    #[inline(always)]
    #[allow(private_interfaces, reason = "sealed")]
    fn argument(res: i32, input: i32, mix: &Mix) -> i32 {
        let input = i64::from(input << LIFT).wrapping_mul(i64::from(mix.input));
        (i64::from(res).wrapping_mul(i64::from(mix.res)).wrapping_add(input) >> 32) as i32
    }

    #[inline(always)]
    #[allow(private_interfaces, reason = "sealed")]
    fn output(sum: i32, total: i32, row: &OutputScale) -> i32 {
        let offset = i64::from(total).wrapping_mul(i64::from(row.offset));
        narrow(i64::from(sum).wrapping_mul(i64::from(row.scale)).wrapping_add(offset), row.shift)
    }
}

impl Weight for i16 {
    const ZERO: Self = 0;
    type Sum = i64;
    const WIDE: bool = true;

    #[allow(private_interfaces, reason = "sealed")]
    fn weights<'a>(kind: WeightSet<'a, Self>) -> Weights<'a> {
        Weights::Words(kind)
    }

    #[allow(private_interfaces, reason = "sealed")]
    fn places(places: &mut [Self]) -> Places<'_> {
        Places::Words(places)
    }

    #[inline(always)]
    fn add_state(self, x: i16, sum: i32) -> i32 {
        sum.wrapping_add(i32::from(self).wrapping_mul(i32::from(x)) >> STATE_DROP)
    }

    #[inline(always)]
    fn add_input(self, u: i16, sum: i32) -> i32 {
        sum.wrapping_add(i32::from(self).wrapping_mul(i32::from(u)) >> (STATE_DROP - (STATE_BITS - INPUT_BITS)))
    }

    #[inline(always)]
    fn dot(row: &[Self], x: &[i16]) -> i64 {
        dot_i16(row, x)
    }

    #[inline(always)]
    #[allow(private_interfaces, reason = "sealed")]
    fn argument(res: i32, input: i32, mix: &Mix) -> i32 {
        let sum = res.wrapping_add(input);
        let bits = u32::from(mix.fraction) + STATE_BITS - STATE_DROP;
        match bits.checked_sub(ARGUMENT_BITS) {
            Some(surplus) => sum.wrapping_shr(surplus),
            // tanh is constant long before 2^20.
            None => sum.clamp(-(1 << 20), 1 << 20).wrapping_shl(ARGUMENT_BITS.wrapping_sub(bits)),
        }
    }

    #[inline(always)]
    #[allow(private_interfaces, reason = "sealed")]
    fn output(sum: i64, _: i32, row: &OutputScale) -> i32 {
        narrow(sum, row.shift)
    }
}

/// v·2^-shift to the nearest, at most ±2^20: 1024 standard deviations of an output, far beyond what tanh tells apart.
#[inline(always)]
pub(crate) fn narrow(v: i64, shift: u8) -> i32 {
    const LIMIT: i64 = 1 << 20;
    shifted(v, shift).clamp(-LIMIT, LIMIT) as i32
}
