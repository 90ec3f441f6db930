//! Clustered weights: a table of values, and an index of few bits into it for each weight.

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
#[inline]
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
    }
}
