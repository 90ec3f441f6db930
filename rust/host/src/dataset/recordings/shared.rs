//! Samples that two recordings share, wherever they lie in either: a share of all runs of frames, chosen by what they hold,
//! is kept as prints and looked for in the recordings that follow.

use std::collections::{BTreeMap, HashMap};

/// Frames of a print.
const FRAMES: usize = 32;
/// Those of them at least that differ from the frame before: a sensor at rest repeats itself anywhere.
const MOVING: u32 = 16;
/// One of 2^4 runs is kept of short recordings.
const BITS: u32 = 4;
/// Prints of one recording, and of all.
const MOST: usize = 1 << 16;
const MOST_IN_ALL: usize = 1 << 19;
/// Fewer are no evidence.
const LEAST: usize = 8;

const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
/// Of a frame that is `FRAMES` back.
const OLDEST: u64 = {
    let (mut power, mut i) = (1u64, 0);
    while i < FRAMES {
        power = power.wrapping_mul(BASE);
        i += 1;
    }
    power
};

/// The prints of a recording.
#[derive(Clone, Debug)]
pub struct Prints {
    ring: [u64; FRAMES],
    frames: usize,
    sum: u64,
    /// Which of the last frames differ from the one before, the last in the lowest bit.
    moves: u32,
    /// One of 2^bits is kept.
    bits: u32,
    kept: Vec<u64>,
    /// Of all frames.
    whole: u64,
}

impl Default for Prints {
    fn default() -> Self {
        Self { ring: [0; FRAMES], frames: 0, sum: 0, moves: 0, bits: BITS, kept: Vec::new(), whole: 0 }
    }
}

impl Prints {
    /// Takes a frame, by what tells it from others.
    pub fn frame(&mut self, hash: u64, moves: bool) {
        self.whole = (self.whole ^ hash).wrapping_mul(BASE).rotate_left(23);
        self.moves = self.moves << 1 | u32::from(moves);
        let oldest = self.ring.get_mut(self.frames % FRAMES).map_or(0, |place| std::mem::replace(place, hash));
        self.sum = self.sum.wrapping_mul(BASE).wrapping_add(hash).wrapping_sub(oldest.wrapping_mul(OLDEST));
        self.frames += 1;
        let print = (self.sum ^ self.sum >> 29).wrapping_mul(BASE);
        if print.leading_zeros() >= self.bits && self.frames >= FRAMES && self.moves.count_ones() >= MOVING {
            self.kept.push(print);
            if self.kept.len() > MOST {
                self.bits += 1;
                self.kept.retain(|p| p.leading_zeros() >= self.bits);
            }
        }
    }

    /// Whether its samples repeat themselves, so that it tells nothing that another has the same.
    fn repeats(&mut self) -> bool {
        let count = self.kept.len();
        self.kept.sort_unstable();
        self.kept.dedup();
        10 * self.kept.len() < 9 * count
    }
}

/// A recording taken, and how many prints of it there are: one of 2^bits.
#[derive(Debug)]
struct Taken {
    file: usize,
    name: String,
    prints: (usize, u32),
}

/// A recording before that has samples of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its file.
    pub file: usize,
    /// Its name.
    pub name: String,
    /// How much of it.
    pub share: Share,
}

/// How much two recordings share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// They are the same.
    All,
    /// One is all in the other.
    Within,
    /// A quarter of the shorter, or more.
    Part,
}

/// The prints of all recordings so far.
#[derive(Debug, Default)]
pub struct Shared {
    taken: Vec<Taken>,
    prints: HashMap<u64, usize>,
    /// By frames and all that they hold.
    whole: HashMap<(usize, u64), usize>,
    bits: u32,
}

impl Shared {
    /// Takes a recording of a file; gives one before that has the same samples, or a quarter of them.
    pub fn take(&mut self, file: usize, name: &str, mut prints: Prints) -> Option<Found> {
        let index = self.taken.len();
        let same = self.whole.insert((prints.frames, prints.whole), index);
        let repeats = prints.repeats();
        self.bits = self.bits.max(prints.bits);
        let own: Vec<u64> = prints.kept.into_iter().filter(|p| !repeats && p.leading_zeros() >= self.bits).collect();
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        own.iter().filter_map(|p| self.prints.get(p)).for_each(|i| *counts.entry(*i).or_default() += 1);
        let most = counts.into_iter().max_by_key(|c| c.1).filter(|c| c.1 >= LEAST).and_then(|(index, count)| {
            let (other, bits) = self.taken.get(index)?.prints;
            let least = own.len().min(other >> (self.bits - bits).min(31));
            (4 * count > least).then_some((index, if 10 * count >= 9 * least { Share::Within } else { Share::Part }))
        });
        let found = same.map(|index| (index, Share::All)).or(most);
        let found = found.and_then(|(index, share)| {
            self.taken.get(index).map(|t| Found { file: t.file, name: t.name.clone(), share })
        });
        self.taken.push(Taken { file, name: name.to_owned(), prints: (own.len(), self.bits) });
        self.prints.extend(own.into_iter().map(|p| (p, index)));
        while self.prints.len() > MOST_IN_ALL {
            self.bits += 1;
            self.prints.retain(|p, _| p.leading_zeros() >= self.bits);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(values: impl Iterator<Item = u64>) -> Prints {
        let mut prints = Prints::default();
        let mut before = None;
        for value in values {
            prints.frame(value.wrapping_mul(BASE), before.replace(value).is_some_and(|b| b != value));
        }
        prints
    }

    fn noise(seed: u64, from: u64, to: u64) -> impl Iterator<Item = u64> {
        (from..to)
            .map(move |i| (i ^ seed << 40).wrapping_mul(0xd134_2543_de82_ef95).rotate_left(31).wrapping_mul(BASE) >> 50)
    }

    #[test]
    fn a_part_of_a_recording_is_found_in_another() {
        for (second, share) in [
            (prints(noise(1, 0, 200_000)), Some(Share::All)),
            (prints(noise(1, 1037, 3000)), Some(Share::Within)),
            (prints(noise(1, 190_000, 400_000)), None),
            (prints(noise(1, 100_000, 400_000)), Some(Share::Part)),
            (prints(noise(2, 0, 200_000)), None),
        ] {
            let mut shared = Shared::default();
            assert_eq!(shared.take(0, "a", prints(noise(1, 0, 200_000))), None);
            assert_eq!(shared.take(3, "b", second), share.map(|share| Found { file: 0, name: "a".into(), share }));
        }
    }

    #[test]
    fn what_repeats_itself_is_no_evidence_but_the_whole_is() {
        let mut shared = Shared::default();
        let square = |n| prints((0..n).map(|i| i / 2 % 2));
        assert_eq!(shared.take(0, "a", square(4000)), None);
        assert_eq!(shared.take(1, "b", square(3000)), None);
        assert_eq!(shared.take(2, "c", square(4000)), Some(Found { file: 0, name: "a".into(), share: Share::All }));
        let still = |n| prints(std::iter::repeat_n(7, n));
        assert_eq!((shared.take(3, "d", still(500)), shared.take(4, "e", still(400))), (None, None));
    }
}
