//! The pass over all prototypes, by inference and by learning alike: distances by blocks, and only those that may
//! matter looked at one by one.

use crate::code::Metric;
use crate::params::Distance;

/// Prototypes whose distances are computed in one call.
const BLOCK: usize = 64;

/// The nearest of some prototypes.
#[derive(Clone, Copy)]
pub(crate) struct Nearest {
    pub key: u32,
    pub index: usize,
    pub class: u16,
}

/// Calls `near` with key and index of each of the `count` prototypes, in order, whose key is below what `near` returned
/// last (at first `u32::MAX`): whoever asks for the nearest says how near is of interest yet.
#[inline(always)]
pub(crate) fn scan<M: Metric>(
    query: &[M::Code],
    mut codes: &[M::Code],
    mut norms: &[f32],
    metric: Distance,
    count: usize,
    mut near: impl FnMut(u32, usize) -> u32,
) {
    let norm = M::norm(query);
    let mut keys = [0; BLOCK];
    let (mut index, mut left, mut bound) = (0, count, u32::MAX);
    while left > 0 {
        let n = left.min(BLOCK);
        left -= n;
        let Some((rows, rest)) = codes.split_at_checked(n * query.len()) else { return };
        codes = rest;
        let (own_norms, rest) = norms.split_at_checked(n).unwrap_or_default();
        norms = rest;
        if let Some(keys) = keys.get_mut(..n) {
            M::keys(query, norm, rows, own_norms, metric, keys);
        }
        // Those beyond the last are as far as can be.
        for key in keys.iter_mut().skip(n).take(3) {
            *key = u32::MAX;
        }
        for four in keys.as_chunks::<4>().0.get(..n.div_ceil(4)).unwrap_or_default() {
            let [a, b, c, d] = *four;
            if a >= bound && b >= bound && c >= bound && d >= bound {
                index += 4;
                continue;
            }
            for key in four {
                if *key < bound {
                    bound = near(*key, index);
                }
                index += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::code::{Euclidean32, Manhattan8};
    use hone_numeric::{kernel, rng::Rng};
    use std::vec::Vec;

    #[test]
    fn shows_every_prototype_below_the_bound_in_order_and_none_twice() {
        let mut rng = Rng::new(4);
        for count in (0..10).chain([63, 64, 65, 127, 128, 129, 200]) {
            let codes: Vec<u8> = (0..count * 8).map(|_| rng.below(256) as u8).collect();
            let query: Vec<u8> = (0..8).map(|_| rng.below(256) as u8).collect();
            let all: Vec<u32> = codes.chunks(8).map(|row| kernel::manhattan_u8(&query, row)).collect();
            let mut seen = std::vec![];
            scan::<Manhattan8>(&query, &codes, &[], Distance::Manhattan, count, |key, index| {
                seen.push((key, index));
                u32::MAX
            });
            assert_eq!(seen, all.iter().copied().zip(0..).collect::<Vec<_>>());
            let mut least = u32::MAX;
            scan::<Manhattan8>(&query, &codes, &[], Distance::Manhattan, count, |key, index| {
                assert!(key < least && all[index] == key);
                least = key;
                least
            });
            assert_eq!(least, all.iter().copied().min().unwrap_or(u32::MAX));
        }
    }

    /// ‖x‖² + ‖h‖² - 2·x·h loses what cancels: at most about 2⁻²² of ‖x‖² + ‖h‖².
    #[test]
    fn distances_by_norms_are_those_by_differences() {
        let mut rng = Rng::new(5);
        for scale in [0.1, 1.0, 4.0, 1000.0] {
            let rows: Vec<f32> = (0..48 * 70).map(|_| rng.next_normal() * scale).collect();
            let norms: Vec<f32> = rows.chunks(48).map(Euclidean32::norm).collect();
            let query = &rows[..48];
            scan::<Euclidean32>(query, &rows, &norms, Distance::Euclidean, 70, |key, index| {
                let row = &rows[index * 48..(index + 1) * 48];
                let exact: f64 = query.iter().zip(row).map(|(a, b)| f64::from(a - b).powi(2)).sum();
                let error = (f64::from(f32::from_bits(key)) - exact).abs();
                assert!(error <= 5e-7 * f64::from(norms[0] + norms[index]), "{scale} {index} {error}");
                u32::MAX
            });
        }
    }
}
