//! Packing, which the compiler does.
#![allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an index out of range is an error")]

use super::pairs::PAIRS;
use super::{DEPTH, LONGEST, pair};

/// Packs `text`; the bytes that count are as many as the second value says.
#[doc(hidden)]
pub const fn pack(text: &str) -> ([u8; LONGEST], usize) {
    let text = text.as_bytes();
    assert!(text.len() <= LONGEST, "a text is longer than hone_learn::text::LONGEST");
    let (mut bytes, mut len) = ([0; LONGEST], 0);
    while len < text.len() {
        assert!(text[len] == b'\n' || (text[len] >= b' ' && text[len] < 0x80), "a text is ASCII");
        bytes[len] = text[len];
        len += 1;
    }
    let mut index = 0;
    while index < PAIRS.len() {
        let (code, [first, second]) = ((index as u8).wrapping_add(0x80), PAIRS[index]);
        index += 1;
        if pair(code).is_none() {
            continue;
        }
        let (mut from, mut to) = (0, 0);
        while from < len {
            if from + 1 < len && bytes[from] == first && bytes[from + 1] == second {
                bytes[to] = code;
                from += 2;
            } else {
                bytes[to] = bytes[from];
                from += 1;
            }
            to += 1;
        }
        len = to;
    }
    (bytes, len)
}

/// The first `N` bytes.
#[doc(hidden)]
pub const fn cut<const N: usize>(bytes: &[u8; LONGEST]) -> [u8; N] {
    let (mut cut, mut i) = ([0; N], 0);
    while i < N {
        cut[i] = bytes[i];
        i += 1;
    }
    cut
}

/// How many pairs lie within one another, at most.
const fn nesting() -> usize {
    let (mut levels, mut most, mut index) = ([0; 256], 0, 0);
    while index < PAIRS.len() {
        let [first, second] = PAIRS[index];
        let code = (index as u8).wrapping_add(0x80);
        let (a, b) = (levels[first as usize], levels[second as usize]);
        levels[code as usize] = 1 + if a > b { a } else { b };
        if pair(code).is_some() && levels[code as usize] > most {
            most = levels[code as usize];
        }
        index += 1;
    }
    most
}

const _: () = assert!(PAIRS.len() <= 160 && nesting() <= DEPTH, "cargo xtask texts makes pairs that can be read");
