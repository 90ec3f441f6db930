//! Codes: how a prototype's features are stored, and distances between codes.
//!
//! A distance is a `u32` key: greater for windows further apart, comparable only under one metric and store. Integer
//! stores need integer arithmetic alone; for `f32` the key is the bits of the (non-negative) distance, which order
//! as the distances do.

#![cfg_attr(not(all(feature = "hamming", feature = "wide")), allow(dead_code, reason = "left out of this build"))]

use crate::frame::Scale;
use crate::params::Distance;
use bytemuck::Pod;
use hone_numeric::kernel;
use hone_numeric::quantize::round::{above_zero_point, limited, nearest};

/// A store together with a metric.
pub(crate) trait Code: Pod + PartialEq {
    /// Code of a standardised feature.
    fn encode(z: f32, scale: &Scale) -> Self;
    /// The code, and how many steps beyond the range the feature lies, counted up to as many as the range has.
    fn encode_beyond(z: f32, scale: &Scale) -> (Self, u32) {
        (Self::encode(z, scale), 0)
    }
    /// The standardised feature in the middle of what the code stands for.
    fn decode(self, scale: &Scale) -> f32;
    /// The code moved towards `target` by rate/256, `dither` (below 256) deciding what is less than a step.
    fn follow(self, target: Self, rate: i32, dither: i32) -> Self;
}

/// A metric over one kind of code.
pub(crate) trait Metric {
    /// What it measures.
    type Code: Code;
    /// Whether prototypes keep their [`Metric::norm`].
    const NORMS: bool = false;
    /// What [`Metric::keys`] needs to know of a window or prototype besides its features.
    #[inline(always)]
    fn norm(_: &[Self::Code]) -> f32 {
        0.0
    }
    /// The distances of `query` to rows of its length, one after the other; with the norms of either, if it has any.
    /// `metric` is the parameter, for what serves more than one.
    fn keys(query: &[Self::Code], norm: f32, rows: &[Self::Code], norms: &[f32], metric: Distance, keys: &mut [u32]);
    /// The distance in standard deviations per feature.
    fn real(key: u32, scale: &Scale) -> f32;
    /// The key of such a distance.
    fn to_key(real: f32, scale: &Scale) -> u32;
}

/// 8 bits, in steps of range/127 around 128. Beyond the range it saturates.
impl Code for u8 {
    #[inline]
    fn encode(z: f32, scale: &Scale) -> Self {
        Self::encode_beyond(z, scale).0
    }
    #[inline]
    fn encode_beyond(z: f32, scale: &Scale) -> (Self, u32) {
        // By way of i32, to which a Cortex-M4F converts in one instruction, and limits to 8 bits in another.
        let whole = above_zero_point(z * scale.per_step, 128);
        let code = whole.clamp(0, 255);
        (code as u8, whole.abs_diff(code).min(127))
    }
    #[inline]
    fn decode(self, scale: &Scale) -> f32 {
        (f32::from(self) - 128.0) * scale.step
    }
    #[inline]
    fn follow(self, target: Self, rate: i32, dither: i32) -> Self {
        // Between the two, since rate is at most 256 and dither below it.
        (i32::from(self) + (((i32::from(target) - i32::from(self)) * rate + dither) >> 8)) as u8
    }
}

/// 16 bits, in steps of range/32767 around 0.
impl Code for i16 {
    #[inline]
    fn encode(z: f32, scale: &Scale) -> Self {
        Self::encode_beyond(z, scale).0
    }
    #[inline]
    fn encode_beyond(z: f32, scale: &Scale) -> (Self, u32) {
        let (code, beyond) = limited(nearest(z * scale.per_step), -32768, 32767);
        (code as i16, beyond)
    }
    #[inline]
    fn decode(self, scale: &Scale) -> f32 {
        f32::from(self) * scale.step
    }
    #[inline]
    fn follow(self, target: Self, rate: i32, dither: i32) -> Self {
        (i32::from(self) + (((i32::from(target) - i32::from(self)) * rate + dither) >> 8)) as i16
    }
}

/// As it is, within ±1000 standard deviations: squared distances by norms are good to about 2⁻²² of the norms.
impl Code for f32 {
    #[inline]
    fn encode(z: f32, _: &Scale) -> Self {
        z.clamp(-1e3, 1e3)
    }
    #[inline]
    fn decode(self, _: &Scale) -> f32 {
        self
    }
    #[inline]
    fn follow(self, target: Self, rate: i32, _: i32) -> Self {
        self + (target - self) * (rate as f32 * (1.0 / 256.0))
    }
}

// Thermometer codes: as many low bits set as the feature is steps above the bottom, so that the Hamming distance of
// two is the number of steps between them. 8 bits make nine levels, 16 bits seventeen, in steps of range/8.
macro_rules! thermometer {
    ($t:ty, $levels:literal) => {
        impl Code for $t {
            fn encode(z: f32, scale: &Scale) -> Self {
                Self::encode_beyond(z, scale).0
            }
            fn encode_beyond(z: f32, scale: &Scale) -> (Self, u32) {
                let whole = libm::floorf(z * scale.per_step + ($levels / 2) as f32 + 0.5) as i32;
                let level = whole.clamp(0, $levels);
                (((1u32 << level) - 1) as $t, whole.abs_diff(level).min($levels / 2))
            }
            fn decode(self, scale: &Scale) -> f32 {
                (self.count_ones() as f32 - ($levels / 2) as f32) * scale.step
            }
            fn follow(self, target: Self, rate: i32, dither: i32) -> Self {
                let (from, to) = (self.count_ones() as i32, target.count_ones() as i32);
                let level = (from + (((to - from) * rate + dither) >> 8)).clamp(0, $levels);
                ((1u32 << level) - 1) as $t
            }
        }
    };
}
thermometer!(i8, 8);
thermometer!(u16, 16);

/// One row after the other.
#[inline(always)]
fn each<C>(query: &[C], mut rows: &[C], keys: &mut [u32], key: impl Fn(&[C], &[C]) -> u32) {
    for place in keys {
        let Some((row, rest)) = rows.split_at_checked(query.len()) else { return };
        *place = key(query, row);
        rows = rest;
    }
}

/// A sum of steps over the features, in standard deviations per feature.
#[inline(always)]
fn steps_to_real(key: u32, scale: &Scale) -> f32 {
    key as f32 * scale.step * scale.per_feature
}

/// The reverse of [`steps_to_real`].
#[inline(always)]
fn real_to_steps(real: f32, scale: &Scale) -> u32 {
    (real * scale.per_step * scale.features) as u32
}

macro_rules! metric {
    ($name:ident, $code:ty, $doc:literal, |$a:ident, $b:ident, $keys:ident| $compute:expr, |$k:ident, $s:ident| $real:expr,
     |$r:ident, $t:ident| $to_key:expr) => {
        #[doc = $doc]
        pub(crate) struct $name;
        impl Metric for $name {
            type Code = $code;
            #[inline]
            fn keys($a: &[$code], _: f32, $b: &[$code], _: &[f32], _: Distance, $keys: &mut [u32]) {
                $compute
            }
            fn real($k: u32, $s: &Scale) -> f32 {
                $real
            }
            fn to_key($r: f32, $t: &Scale) -> u32 {
                $to_key
            }
        }
    };
}

metric!(
    Manhattan8,
    u8,
    "Σ|a-b| of 8-bit codes.",
    |query, rows, keys| kernel::manhattans_u8(query, rows, keys),
    |k, s| steps_to_real(k, s),
    |r, s| real_to_steps(r, s)
);

metric!(
    Euclidean8,
    u8,
    "Σ(a-b)² of 8-bit codes.",
    |query, rows, keys| kernel::squared_distances_u8(query, rows, keys),
    |k, s| kernel::sqrt_f32(k as f32 * s.per_feature) * s.step,
    |r, s| (r * s.per_step * (r * s.per_step) * s.features) as u32
);

/// [`Manhattan8`] or [`Euclidean8`], as the state says: in a build that has little else one copy of learning and deciding takes
/// 3 KB less than two. The metric is looked up once for a block of prototypes.
#[cfg(any(test, not(feature = "wide")))]
pub(crate) struct Bytes;

#[cfg(any(test, not(feature = "wide")))]
impl Metric for Bytes {
    type Code = u8;
    fn keys(query: &[u8], norm: f32, rows: &[u8], norms: &[f32], metric: Distance, keys: &mut [u32]) {
        let of = if metric == Distance::Euclidean { Euclidean8::keys } else { Manhattan8::keys };
        of(query, norm, rows, norms, metric, keys);
    }
    // Learning asks for these in a dozen places, once or twice a window.
    #[inline(never)]
    fn real(key: u32, scale: &Scale) -> f32 {
        if scale.squares { Euclidean8::real(key, scale) } else { Manhattan8::real(key, scale) }
    }
    #[inline(never)]
    fn to_key(real: f32, scale: &Scale) -> u32 {
        if scale.squares { Euclidean8::to_key(real, scale) } else { Manhattan8::to_key(real, scale) }
    }
}

metric!(
    Hamming8,
    i8,
    "Bits by which 8-bit thermometer codes differ.",
    |query, rows, keys| hamming(query, rows, keys),
    |k, s| steps_to_real(k, s),
    |r, s| real_to_steps(r, s)
);

metric!(
    Manhattan16,
    i16,
    "Σ|a-b| of 16-bit codes.",
    |query, rows, keys| kernel::manhattans_i16(query, rows, keys),
    |k, s| steps_to_real(k, s),
    |r, s| real_to_steps(r, s)
);

metric!(
    Euclidean16,
    i16,
    "Σ(a-b)²/256 of 16-bit codes, saturating.",
    |query, rows, keys| each(query, rows, keys, squares_i16),
    |k, s| kernel::sqrt_f32(k as f32 * 256.0 * s.per_feature) * s.step,
    |r, s| (r * s.per_step * (r * s.per_step) * s.features * (1.0 / 256.0)) as u32
);

metric!(
    Hamming16,
    u16,
    "Bits by which 16-bit thermometer codes differ.",
    |query, rows, keys| hamming(query, rows, keys),
    |k, s| steps_to_real(k, s),
    |r, s| real_to_steps(r, s)
);

metric!(
    Manhattan32,
    f32,
    "Σ|a-b| of f32.",
    |query, rows, keys| {
        // Numbers and their bits take the same room.
        if let Ok(distances) = bytemuck::try_cast_slice_mut(keys) {
            kernel::manhattans_f32(query, rows, distances);
        }
    },
    |k, s| f32::from_bits(k) * s.per_feature,
    |r, s| (r * s.features).to_bits()
);

/// Σ(a-b)² of f32, as ‖a‖² + ‖b‖² - 2·a·b: a prototype's norm is kept, so that a feature takes a multiplication and an
/// addition, and no subtraction. What cancels is lost, some 2⁻²² of the norms.
pub(crate) struct Euclidean32;

impl Metric for Euclidean32 {
    type Code = f32;
    const NORMS: bool = true;
    fn norm(row: &[f32]) -> f32 {
        kernel::dot_f32(row, row)
    }
    #[inline]
    fn keys(query: &[f32], norm: f32, rows: &[f32], norms: &[f32], _: Distance, keys: &mut [u32]) {
        if let Ok(dots) = bytemuck::try_cast_slice_mut(keys) {
            kernel::matvec_f32(rows, query, dots);
        }
        for (key, own) in keys.iter_mut().zip(norms) {
            let dot = f32::from_bits(*key);
            // Less than nothing has the sign bit, and is nothing.
            *key = (((norm + own) - (dot + dot)).to_bits() as i32).max(0) as u32;
        }
    }
    fn real(key: u32, scale: &Scale) -> f32 {
        kernel::sqrt_f32(f32::from_bits(key) * scale.per_feature)
    }
    fn to_key(real: f32, scale: &Scale) -> u32 {
        (real * real * scale.features).to_bits()
    }
}

#[inline(always)]
fn squares_i16(a: &[i16], b: &[i16]) -> u32 {
    let sum = a.iter().zip(b).fold(0u64, |s, (x, y)| {
        let d = u32::from(x.abs_diff(*y));
        s.wrapping_add(u64::from(d.wrapping_mul(d)))
    });
    u32::try_from(sum >> 8).unwrap_or(u32::MAX)
}

/// Bits that differ. Codes are stored in whole words, padding included, so that nothing is left over.
#[inline(never)]
fn hamming<T: Pod>(query: &[T], rows: &[T], keys: &mut [u32]) {
    let (Ok(query), Ok(rows)) = (bytemuck::try_cast_slice(query), bytemuck::try_cast_slice(rows)) else { return };
    each(query, rows, keys, |a: &[u32], b| a.iter().zip(b).fold(0, |s, (x, y)| s + (x ^ y).count_ones()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use hone_learn::Settings;

    fn agrees<M: Metric<Code = u8>>(metric: Distance, query: &[u8], rows: &[u8], scale: &Scale) {
        let (mut keys, mut known) = ([0; 7], [0; 7]);
        Bytes::keys(query, 0.0, rows, &[], metric, &mut keys);
        M::keys(query, 0.0, rows, &[], metric, &mut known);
        assert_eq!(keys, known);
        assert_eq!(Bytes::real(keys[0], scale).to_bits(), M::real(keys[0], scale).to_bits());
        assert_eq!(Bytes::to_key(0.7, scale), M::to_key(0.7, scale));
    }

    #[test]
    fn one_copy_for_bytes_measures_as_either_metric() {
        let mut params = Params::default();
        let mut rng = hone_numeric::rng::Rng::new(7);
        for _ in 0..50 {
            let mut codes = [0u8; 96];
            codes.fill_with(|| (rng.next_signed() * 127.0 + 128.0) as u8);
            let (query, rows) = codes.split_at(12);
            params.set_text("metric", "manhattan").unwrap();
            agrees::<Manhattan8>(Distance::Manhattan, query, rows, &Scale::new(&params, 12));
            params.set_text("metric", "euclidean").unwrap();
            agrees::<Euclidean8>(Distance::Euclidean, query, rows, &Scale::new(&params, 12));
        }
    }
}
