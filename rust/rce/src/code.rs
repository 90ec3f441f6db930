//! Codes: how a prototype's features are stored, and distances between codes.
//!
//! A distance is a `u32` key: greater for windows further apart, comparable only under one metric and store. Integer
//! stores need integer arithmetic alone; for `f32` the key is the bits of the (non-negative) distance, which order
//! as the distances do.

#![cfg_attr(not(all(feature = "hamming", feature = "wide")), allow(dead_code, reason = "left out of this build"))]

use crate::frame::Scale;
use bytemuck::Pod;
use hone_numeric::kernel;

/// A store together with a metric.
pub(crate) trait Code: Pod + PartialEq {
    /// Code of a standardised feature.
    fn encode(z: f32, scale: &Scale) -> Self;
    /// The standardised feature in the middle of what the code stands for.
    fn decode(self, scale: &Scale) -> f32;
    /// The code moved towards `target` by rate/256, `dither` (below 256) deciding what is less than a step.
    fn follow(self, target: Self, rate: i32, dither: i32) -> Self;
}

/// A metric over one kind of code.
pub(crate) trait Metric {
    /// What it measures.
    type Code: Code;
    /// The distance, as a key. Both slices are equally long.
    fn key(a: &[Self::Code], b: &[Self::Code]) -> u32;
    /// The distances of `query` to rows of its length, one after the other. `metric` is the parameter's number.
    #[inline]
    fn keys(query: &[Self::Code], rows: &[Self::Code], keys: &mut [u32], _: u8) {
        for (row, key) in rows.chunks_exact(query.len().max(1)).zip(keys) {
            *key = Self::key(query, row);
        }
    }
    /// The distance in standard deviations per feature.
    fn real(key: u32, scale: &Scale) -> f32;
    /// The key of such a distance.
    fn to_key(real: f32, scale: &Scale) -> u32;
}

/// 8 bits, in steps of range/127 around 128. Beyond the range it saturates.
impl Code for u8 {
    #[inline]
    fn encode(z: f32, scale: &Scale) -> Self {
        (z * scale.per_step + 128.5) as u8
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
        let y = z * scale.per_step;
        (if y < 0.0 { y - 0.5 } else { y + 0.5 }) as i16
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

/// As it is, within ±10⁶ standard deviations.
impl Code for f32 {
    #[inline]
    fn encode(z: f32, _: &Scale) -> Self {
        z.clamp(-1e6, 1e6)
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
                let level = ((z * scale.per_step + ($levels / 2) as f32 + 0.5) as u32).min($levels);
                ((1u32 << level) - 1) as $t
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

macro_rules! metric {
    ($name:ident, $code:ty, $doc:literal, |$a:ident, $b:ident| $key:expr, |$k:ident, $s:ident| $real:expr,
     |$r:ident, $t:ident| $to_key:expr $(, $keys:item)?) => {
        #[doc = $doc]
        pub(crate) struct $name;
        impl Metric for $name {
            type Code = $code;
            #[inline(always)]
            fn key($a: &[$code], $b: &[$code]) -> u32 {
                $key
            }
            fn real($k: u32, $s: &Scale) -> f32 {
                $real
            }
            fn to_key($r: f32, $t: &Scale) -> u32 {
                $to_key
            }
            $($keys)?
        }
    };
}

metric!(
    Manhattan8,
    u8,
    "Σ|a-b| of 8-bit codes.",
    |a, b| kernel::manhattan_u8(a, b),
    |k, s| k as f32 * s.step * s.per_feature,
    |r, s| (r * s.per_step * s.features) as u32,
    #[inline]
    fn keys(query: &[u8], rows: &[u8], keys: &mut [u32], _: u8) {
        kernel::manhattans_u8(query, rows, keys);
    }
);

metric!(
    Euclidean8,
    u8,
    "Σ(a-b)² of 8-bit codes.",
    |a, b| squares_u8(a, b),
    |k, s| libm::sqrtf(k as f32 * s.per_feature) * s.step,
    |r, s| (r * s.per_step * (r * s.per_step) * s.features) as u32
);

/// [`Manhattan8`] or [`Euclidean8`], as the state says: in a build that has little else one copy of learning and deciding takes
/// 2 KB less than two. The metric is looked up once for a block of prototypes.
#[cfg(any(test, not(feature = "wide")))]
pub(crate) struct Bytes;

#[cfg(any(test, not(feature = "wide")))]
impl Metric for Bytes {
    type Code = u8;
    /// Not asked for: `keys` is.
    fn key(a: &[u8], b: &[u8]) -> u32 {
        Euclidean8::key(a, b)
    }
    fn keys(query: &[u8], rows: &[u8], keys: &mut [u32], metric: u8) {
        let of = if metric == 1 { Euclidean8::keys } else { Manhattan8::keys };
        of(query, rows, keys, metric);
    }
    fn real(key: u32, scale: &Scale) -> f32 {
        if scale.squares { Euclidean8::real(key, scale) } else { Manhattan8::real(key, scale) }
    }
    fn to_key(real: f32, scale: &Scale) -> u32 {
        if scale.squares { Euclidean8::to_key(real, scale) } else { Manhattan8::to_key(real, scale) }
    }
}

metric!(
    Hamming8,
    i8,
    "Bits by which 8-bit thermometer codes differ.",
    |a, b| bits(a, b),
    |k, s| k as f32 * s.step * s.per_feature,
    |r, s| (r * s.per_step * s.features) as u32
);

metric!(
    Manhattan16,
    i16,
    "Σ|a-b| of 16-bit codes.",
    |a, b| manhattan_i16(a, b),
    |k, s| k as f32 * s.step * s.per_feature,
    |r, s| (r * s.per_step * s.features) as u32
);

metric!(
    Euclidean16,
    i16,
    "Σ(a-b)²/256 of 16-bit codes, saturating.",
    |a, b| squares_i16(a, b),
    |k, s| libm::sqrtf(k as f32 * 256.0 * s.per_feature) * s.step,
    |r, s| (r * s.per_step * (r * s.per_step) * s.features * (1.0 / 256.0)) as u32
);

metric!(
    Hamming16,
    u16,
    "Bits by which 16-bit thermometer codes differ.",
    |a, b| bits(a, b),
    |k, s| k as f32 * s.step * s.per_feature,
    |r, s| (r * s.per_step * s.features) as u32
);

metric!(
    Manhattan32,
    f32,
    "Σ|a-b| of f32.",
    |a, b| manhattan_f32(a, b).to_bits(),
    |k, s| f32::from_bits(k) * s.per_feature,
    |r, s| (r * s.features).to_bits()
);

metric!(
    Euclidean32,
    f32,
    "Σ(a-b)² of f32.",
    |a, b| kernel::squared_distance_f32(a, b).to_bits(),
    |k, s| libm::sqrtf(f32::from_bits(k) * s.per_feature),
    |r, s| (r * r * s.features).to_bits(),
    #[inline]
    fn keys(query: &[f32], rows: &[f32], keys: &mut [u32], _: u8) {
        // Numbers and their bits take the same room.
        if let Ok(distances) = bytemuck::try_cast_slice_mut(keys) {
            kernel::squared_distances_f32(query, rows, distances);
        }
    }
);

fn squares_u8(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).fold(0, |s: u32, (x, y)| s.wrapping_add(u32::from(x.abs_diff(*y)) * u32::from(x.abs_diff(*y))))
}

fn manhattan_i16(a: &[i16], b: &[i16]) -> u32 {
    a.iter().zip(b).fold(0, |s: u32, (x, y)| s.wrapping_add(u32::from(x.abs_diff(*y))))
}

fn squares_i16(a: &[i16], b: &[i16]) -> u32 {
    let sum = a.iter().zip(b).fold(0u64, |s, (x, y)| {
        let d = u32::from(x.abs_diff(*y));
        s.wrapping_add(u64::from(d.wrapping_mul(d)))
    });
    u32::try_from(sum >> 8).unwrap_or(u32::MAX)
}

fn manhattan_f32(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).fold(0.0, |s, (x, y)| s + (x - y).abs())
}

fn bits<T: Pod>(a: &[T], b: &[T]) -> u32 {
    let (a, b): (&[u8], &[u8]) = (bytemuck::cast_slice(a), bytemuck::cast_slice(b));
    // Codes are stored in whole words, padding included, so that nothing is left over.
    let words = a.chunks_exact(4).zip(b.chunks_exact(4));
    words.fold(0, |s: u32, (x, y)| match (x.first_chunk::<4>(), y.first_chunk::<4>()) {
        (Some(x), Some(y)) => s.wrapping_add((u32::from_ne_bytes(*x) ^ u32::from_ne_bytes(*y)).count_ones()),
        _ => s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use hone_learn::Settings;

    #[test]
    fn one_copy_for_bytes_measures_as_either_metric() {
        let mut params = Params::default();
        let mut rng = hone_numeric::rng::Rng::new(7);
        for (metric, name) in ["manhattan", "euclidean"].into_iter().enumerate() {
            params.set_text("metric", name).unwrap();
            let scale = Scale::new(&params, 12);
            for _ in 0..50 {
                let mut codes = [0u8; 96];
                codes.fill_with(|| (rng.next_signed() * 127.0 + 128.0) as u8);
                let (query, rows) = codes.split_at(12);
                let (mut keys, mut known) = ([0; 7], [0; 7]);
                Bytes::keys(query, rows, &mut keys, metric as u8);
                let (real, to_key) = if metric == 1 {
                    Euclidean8::keys(query, rows, &mut known, 0);
                    (Euclidean8::real(keys[0], &scale), Euclidean8::to_key(0.7, &scale))
                } else {
                    Manhattan8::keys(query, rows, &mut known, 0);
                    (Manhattan8::real(keys[0], &scale), Manhattan8::to_key(0.7, &scale))
                };
                assert_eq!(keys, known);
                assert_eq!(Bytes::real(keys[0], &scale).to_bits(), real.to_bits());
                assert_eq!(Bytes::to_key(0.7, &scale), to_key);
            }
        }
    }
}
