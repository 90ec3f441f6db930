//! Weights in few bits: clustered (a table of values and an index per weight), 8-bit affine, fixed point Q(m,n).

/// Clusters `values` into as many values as there are `centroids`, by Lloyd's algorithm (k-means in one dimension) from
/// centroids spread evenly between the least and the greatest value, which serves weights best of the starts that Han,
/// Mao and Dally compare ("Deep Compression", ICLR 2016). Stops after `rounds`, or when nothing moves.
///
/// `sums` and `counts` need a place per centroid and end up holding no more than working values. Where there
/// are fewer different values than centroids some stand for none. False, with nothing useful in `centroids`, when there are
/// no values, one is not finite, they span more than a number holds, or a slice is too short.
///
/// Costs `rounds` · `values.len()` · `centroids.len()` comparisons at most.
pub fn cluster(values: &[f32], centroids: &mut [f32], sums: &mut [f32], counts: &mut [u32], rounds: u32) -> bool {
    let k = centroids.len();
    if values.is_empty() || k == 0 || sums.len() < k || counts.len() < k || !values.iter().all(|v| v.is_finite()) {
        return false;
    }
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let steps = k.saturating_sub(1).max(1) as f32;
    if !(high - low).is_finite() {
        return false;
    }
    for (i, centroid) in centroids.iter_mut().enumerate() {
        *centroid = low + (high - low) * (i as f32 / steps);
    }
    for _ in 0..rounds {
        sums.fill(0.0);
        counts.fill(0);
        for value in values {
            let index = nearest(centroids, *value);
            if let (Some(sum), Some(count)) = (sums.get_mut(index), counts.get_mut(index)) {
                // A running mean, so that no sum grows large.
                *count = count.saturating_add(1);
                *sum += (*value - *sum) / *count as f32;
            }
        }
        let mut moved = false;
        for ((centroid, mean), count) in centroids.iter_mut().zip(sums.iter()).zip(counts.iter()) {
            if *count > 0 && *mean != *centroid {
                (*centroid, moved) = (*mean, true);
            }
        }
        if !moved {
            break;
        }
    }
    true
}

/// The index of the centroid nearest to `value`, the first of equals; 0 without centroids.
pub fn nearest(centroids: &[f32], value: f32) -> usize {
    let mut best = (f32::INFINITY, 0);
    for (index, centroid) in centroids.iter().enumerate() {
        let distance = (value - centroid).abs();
        if distance < best.0 {
            best = (distance, index);
        }
    }
    best.1
}

/// Centroids for a compression factor: 2^(32 / factor). `None` unless the indices are 1, 2, 4 or 8 bits wide (factors
/// 32, 16, 8 and 4).
pub const fn centroids_of(factor: u32) -> Option<usize> {
    match factor {
        4 => Some(256),
        8 => Some(16),
        16 => Some(4),
        32 => Some(2),
        _ => None,
    }
}

/// Bytes of `count` codes of `bits` bits.
pub const fn packed_bytes(count: usize, bits: u32) -> usize {
    count.saturating_mul(bits as usize).div_ceil(8)
}

/// One byte of packed codes: byte `index` of codes of `bits` (1, 2, 4 or 8) bits, the first in the lowest bits.
pub fn pack_byte(index: usize, bits: u32, code: impl Fn(usize) -> Option<usize>) -> u8 {
    let per_byte = (8 / bits.clamp(1, 8)) as usize;
    (0..per_byte).fold(0, |byte, place| {
        let code = code(index.saturating_mul(per_byte).saturating_add(place)).unwrap_or(0) as u8;
        byte | code.checked_shl(place as u32 * bits).unwrap_or(0)
    })
}

/// The codes in a packed byte, in order.
pub fn unpack_byte(byte: u8, bits: u32) -> impl Iterator<Item = usize> {
    let bits = bits.clamp(1, 8);
    let mask = if bits == 8 { 0xff } else { (1u8 << bits) - 1 };
    (0..8 / bits).map(move |place| usize::from(byte.checked_shr(place * bits).unwrap_or(0) & mask))
}

/// 8-bit affine: value = offset + scale · code, with the range of the values spread over the codes 0 to 255, as for one
/// row of a matrix (Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
/// Inference", CVPR 2018, with a real offset in place of a rounded zero point). A dot product with a row is
/// scale · Σ code·x + offset · Σ x.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Affine {
    /// Value of a code's step; 0 when all values are equal.
    pub scale: f32,
    /// Value of code 0.
    pub offset: f32,
}

impl Affine {
    /// For these values; those that are not finite do not count.
    pub fn of(values: &[f32]) -> Self {
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for v in values.iter().filter(|v| v.is_finite()) {
            low = if *v < low { *v } else { low };
            high = if *v > high { *v } else { high };
        }
        if low > high {
            return Self::default();
        }
        Self { scale: high / 255.0 - low / 255.0, offset: low }
    }

    /// The nearest code.
    pub fn encode(self, value: f32) -> u8 {
        // The conversion truncates, saturates, and makes 0 of what is not a number.
        if self.scale > 0.0 { ((value - self.offset) / self.scale + 0.5) as u8 } else { 0 }
    }

    /// The value of a code.
    pub fn decode(self, code: u8) -> f32 {
        self.offset + self.scale * f32::from(code)
    }
}

/// Fixed point: a 16-bit integer of which `fraction` bits stand behind the point. Q(m,n) has m + n ≤ 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    fraction: u8,
}

impl Fixed {
    /// With `whole` bits before the point, besides the sign, and `fraction` behind it; `None` when they are more than 15.
    pub const fn q(whole: u8, fraction: u8) -> Option<Self> {
        if whole.saturating_add(fraction) <= 15 { Some(Self { fraction }) } else { None }
    }

    /// Bits behind the point.
    pub const fn fraction(self) -> u8 {
        self.fraction
    }

    fn one(self) -> f32 {
        (1u32 << (self.fraction & 15)) as f32
    }

    /// The nearest number, at the ends of the range for what lies beyond; 0 for what is not a number.
    pub fn encode(self, value: f32) -> i16 {
        let scaled = value * self.one();
        (scaled + if scaled < 0.0 { -0.5 } else { 0.5 }) as i16
    }

    /// The value of a number.
    pub fn decode(self, number: i16) -> f32 {
        f32::from(number) / self.one()
    }

    /// The product, rounded down, at the ends of the range for what lies beyond. (The sum is `i16::saturating_add`.)
    pub fn multiply(self, a: i16, b: i16) -> i16 {
        let product = i32::from(a).wrapping_mul(i32::from(b)) >> (self.fraction & 15);
        product.clamp(i16::MIN.into(), i16::MAX.into()) as i16
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn agrees_with_scikit_learn() {
        // KMeans(3, init=[[-1],[1],[3]], n_init=1).fit([-1, -0.5, 0.25, 0.5, 2.5, 3]): centres -0.75, 0.375, 2.75
        let (mut c, mut s, mut n) = ([0.0; 3], [0.0; 3], [0; 3]);
        assert!(cluster(&[-1.0, -0.5, 0.25, 0.5, 2.5, 3.0], &mut c, &mut s, &mut n, 20));
        assert_eq!(c, [-0.75, 0.375, 2.75]);
        assert!(!cluster(&[], &mut c, &mut s, &mut n, 20));
        assert!(!cluster(&[f32::NAN], &mut c, &mut s, &mut n, 20));
        assert!(cluster(&[5.0; 4], &mut c, &mut s, &mut n, 20) && c.contains(&5.0));
    }

    #[test]
    fn fixed_point_rounds_and_saturates() {
        let q = Fixed::q(3, 12).unwrap();
        let coded = [0.0, 1.0, -1.0, 0.000_13, -0.000_13, 9.0, -9.0, f32::NAN].map(|v| q.encode(v));
        assert_eq!(coded, [0, 4096, -4096, 1, -1, i16::MAX, i16::MIN, 0]);
        assert_eq!((Fixed::q(15, 0).is_some(), Fixed::q(8, 8), q.decode(-2048)), (true, None, -0.5));
    }

    /// Conversion, sum and product against those of the crate `fixed` with the type of as many bits.
    fn against_the_crate(fraction: u8, a: i16, b: i16, value: f32) {
        macro_rules! against {
            ($($bits:literal $frac:ident),*) => {
                match fraction {
                    $($bits => {
                        type Exact = fixed::FixedI16<fixed::types::extra::$frac>;
                        let (x, y) = (Exact::from_bits(a), Exact::from_bits(b));
                        let q = Fixed::q(15 - $bits, $bits).unwrap();
                        assert_eq!(q.multiply(a, b), x.saturating_mul(y).to_bits(), "{a} {b} {fraction}");
                        assert_eq!(a.saturating_add(b), x.saturating_add(y).to_bits());
                        assert_eq!(q.decode(a), x.to_num::<f32>());
                        // Half-way values alone round apart: away from zero here, to even there.
                        let scaled = value * (1u32 << $bits) as f32;
                        if (scaled - libm::truncf(scaled)).abs() != 0.5 {
                            let exact = Exact::saturating_from_num(value).to_bits();
                            assert!((i32::from(q.encode(value)) - i32::from(exact)).abs() <= i32::from(scaled.abs() > 8e6), "{value} {fraction}");
                        }
                    })*
                    _ => unreachable!(),
                }
            };
        }
        against!(0 U0, 2 U2, 7 U7, 12 U12, 15 U15);
    }

    #[test]
    fn fixed_saturates_where_the_crate_fixed_does() {
        let ends = [i16::MIN, i16::MIN + 1, -1, 0, 1, i16::MAX - 1, i16::MAX];
        for fraction in [0, 2, 7, 12, 15] {
            let one = (1u32 << fraction) as f32;
            let (low, high) = (-32768.0 / one, 32767.0 / one);
            let values =
                [low - 1.0, low - 0.6 / one, low, low + 0.4 / one, high - 0.4 / one, high, high + 0.6 / one, 1e9];
            for a in ends {
                ends.iter().for_each(|b| against_the_crate(fraction, a, *b, low));
            }
            values.iter().for_each(|v| against_the_crate(fraction, 1, 1, *v));
        }
    }

    proptest! {
        #[test]
        fn no_value_is_nearer_to_another_centroid(
            values in prop::collection::vec(-1e3f32..1e3, 1..80),
            bits in prop::sample::select(vec![1u32, 2, 4]),
        ) {
            let k = 1usize << bits;
            let (mut c, mut s, mut n) = (vec![0.0; k], vec![0.0; k], vec![0; k]);
            prop_assert!(cluster(&values, &mut c, &mut s, &mut n, 30));
            let codes: Vec<usize> = values.iter().map(|v| nearest(&c, *v)).collect();
            let bytes: Vec<u8> =
                (0..packed_bytes(codes.len(), bits)).map(|i| pack_byte(i, bits, |i| codes.get(i).copied())).collect();
            let back: Vec<usize> = bytes.iter().flat_map(|b| unpack_byte(*b, bits)).take(codes.len()).collect();
            prop_assert_eq!(back, codes);
            // Never worse than the even spread that it starts from.
            let (low, high) = (values.iter().copied().fold(f32::MAX, f32::min), values.iter().copied().fold(f32::MIN, f32::max));
            let even: Vec<f32> = (0..k).map(|i| low + (high - low) * i as f32 / (k - 1) as f32).collect();
            let error = |c: &[f32]| values.iter().map(|v| f64::from(v - c[nearest(c, *v)]).powi(2)).sum::<f64>();
            prop_assert!(error(&c) <= error(&even) * 1.0001 + 1e-3);
        }

        #[test]
        fn affine_is_within_half_a_step(values in prop::collection::vec(-1e3f32..1e3, 1..80)) {
            let a = Affine::of(&values);
            for v in &values {
                prop_assert!((a.decode(a.encode(*v)) - v).abs() <= a.scale * 0.501 + 1e-4);
            }
            // What has been coded once is coded the same again.
            let again: Vec<f32> = values.iter().map(|v| a.decode(a.encode(*v))).collect();
            let b = Affine::of(&again);
            prop_assert!(again.iter().zip(&values).all(|(w, v)| b.encode(*w) == a.encode(*v)));
        }

        #[test]
        fn fixed_agrees_with_the_crate_fixed(a: i16, b: i16, value in -40000f32..40000.0) {
            for fraction in [0, 2, 7, 12, 15] {
                against_the_crate(fraction, a, b, value);
            }
        }

        #[test]
        fn fixed_is_within_half_a_step(value in -7.9f32..7.9) {
            let q = Fixed::q(3, 12).unwrap();
            prop_assert!((q.decode(q.encode(value)) - value).abs() <= 0.5 / 4096.0);
        }
    }
}
