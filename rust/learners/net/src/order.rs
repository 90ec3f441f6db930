//! The order of rows: a permutation of the numbers below n that takes no memory.
//!
//! A Feistel network of four rounds over the least even number of bits that holds n, walked until the number is below n
//! again (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).

/// Where number `i` of `n` goes; equal keys give equal permutations.
pub(crate) fn permuted(i: u32, n: u32, key: u32) -> u32 {
    if n < 2 || i >= n {
        return i;
    }
    let half = (33 - (n - 1).leading_zeros()) / 2;
    let mask = (1u32 << half) - 1;
    let mut x = i;
    loop {
        let (mut left, mut right) = (x >> half, x & mask);
        for round in 0..4u32 {
            let mixed = (right ^ key.rotate_left(8 * round)).wrapping_add(round + 1).wrapping_mul(0x9e37_79b1);
            (left, right) = (right, left ^ ((mixed ^ (mixed >> 15)).wrapping_mul(0x85eb_ca6b) >> 16) & mask);
        }
        x = (left << half) | right;
        if x < n {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    #[test]
    fn each_number_comes_once_and_the_order_follows_the_key() {
        for n in [1, 2, 3, 4, 5, 17, 64, 100, 1000, 65_534] {
            let mut seen = vec![false; n as usize];
            let mut fixed = 0;
            for i in 0..n {
                let to = permuted(i, n, 77);
                assert!(!core::mem::replace(&mut seen[to as usize], true));
                fixed += u32::from(to == i);
            }
            assert!(n < 64 || fixed < 8, "{fixed} of {n} stay");
        }
        let differ = (0..1000).filter(|i| permuted(*i, 1000, 1) != permuted(*i, 1000, 2)).count();
        assert!(differ > 980);
    }
}
