//! Buffers placed by their lifetimes, so that what is never needed at the same time lies in the same place.
//!
//! Time is counted in layers: at time l layer l runs forward, at time L the loss is taken, at time 2L − l layer l runs
//! backward. A buffer lives from the time at which it is written to that at which it is last read. Buffers are placed by size,
//! the largest first, each at the lowest place that is free for its whole life; what training keeps from sample to sample
//! lives all the time.

use crate::stage::MAX_STAGES;
use core::ops::Range;

/// Words of working memory at most: 256 KB.
pub(crate) const MAX_WORDS: usize = u16::MAX as usize - 1;

/// A buffer: its words, and when it lives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Buffer {
    words: u16,
    from: u8,
    to: u8,
}

impl Buffer {
    /// What is too large for any place is refused when it is placed.
    pub fn new(words: usize, from: usize, to: usize) -> Self {
        Self { words: u16::try_from(words).unwrap_or(u16::MAX), from: from as u8, to: to as u8 }
    }

    fn words(self) -> usize {
        self.words.into()
    }
}

/// Where a buffer lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    at: u16,
    words: u16,
}

impl Span {
    pub fn range(self) -> Range<usize> {
        // An empty range anywhere else would count as an overlap.
        if self.words == 0 { 0..0 } else { self.at.into()..usize::from(self.at) + usize::from(self.words) }
    }
}

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The tensor that layer `l` takes in; of layer L, the logits.
    Tensor(usize),
    /// Working memory of layer `l` forward.
    Forward(usize),
    /// The error of what layer `l` gives.
    Error(usize),
    /// Working memory of layer `l` backward and in its update.
    Backward(usize),
    /// What layer `l` keeps from sample to sample: gradients, momentum.
    Store(usize),
    /// The best weights so far.
    Best,
}

/// Buffers: tensors, forward, error, backward and store of each stage, the logits, the best weights.
pub(crate) const BUFFERS: usize = 5 * MAX_STAGES + 2;
/// Buffers of inference alone.
pub(crate) const FORWARD_BUFFERS: usize = 2 * MAX_STAGES + 1;

impl Use {
    pub const fn index(self) -> usize {
        match self {
            Self::Tensor(l) => 2 * l,
            Self::Forward(l) => 2 * l + 1,
            Self::Error(l) => FORWARD_BUFFERS + 3 * l,
            Self::Backward(l) => FORWARD_BUFFERS + 3 * l + 1,
            Self::Store(l) => FORWARD_BUFFERS + 3 * l + 2,
            Self::Best => BUFFERS - 1,
        }
    }
}

/// Where `N` buffers lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places<const N: usize> {
    spans: [Span; N],
    peak: u32,
}

impl<const N: usize> Places<N> {
    pub const EMPTY: Self = Self { spans: [Span { at: 0, words: 0 }; N], peak: 0 };

    /// Places buffers; `None` when they take more than [`MAX_WORDS`].
    #[inline(never)]
    pub fn make(&mut self, buffers: &[Buffer; N]) -> Option<()> {
        *self = Self::EMPTY;
        let mut placed = [false; N];
        for _ in 0..N {
            // The largest that is left; of equals the first.
            let mut next: Option<(usize, &Buffer)> = None;
            for (i, b) in buffers.iter().enumerate() {
                let left = b.words > 0 && !placed.get(i).copied().unwrap_or(true);
                if left && next.is_none_or(|(_, n)| b.words > n.words) {
                    next = Some((i, b));
                }
            }
            let Some((index, buffer)) = next else { break };
            // At 0, or right behind one that lives at the same time: the lowest that is free.
            let others = || {
                let all = self.spans.iter().zip(buffers).zip(&placed);
                let meets = |b: &Buffer| b.from <= buffer.to && buffer.from <= b.to;
                all.filter(move |((_, b), placed)| **placed && meets(b)).map(|((span, _), _)| span.range())
            };
            let mut lowest = usize::MAX;
            for at in others().map(|r| r.end).chain([0]) {
                let free = others().all(|r| at + buffer.words() <= r.start || at >= r.end);
                if free && at < lowest {
                    lowest = at;
                }
            }
            let end = lowest.checked_add(buffer.words()).filter(|end| *end <= MAX_WORDS)?;
            if let (Some(span), Some(is)) = (self.spans.get_mut(index), placed.get_mut(index)) {
                *span = Span { at: lowest as u16, words: buffer.words };
                *is = true;
            }
            self.peak = self.peak.max(end as u32);
        }
        Some(())
    }

    /// Words of all.
    pub fn peak(&self) -> usize {
        self.peak as usize
    }

    pub fn range(&self, buffer: Use) -> Range<usize> {
        self.spans.get(buffer.index()).copied().unwrap_or_default().range()
    }

    /// Buffers that live at the same time, to work with.
    #[inline(always)]
    pub fn lend<'m, const K: usize>(&self, memory: &'m mut [u32], buffers: [Use; K]) -> Option<[&'m mut [u32]; K]> {
        memory.get_disjoint_mut(buffers.map(|b| self.range(b))).ok()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn what_lives_together_lies_apart(
            drawn in proptest::collection::vec((0usize..600, 0u8..20, 0u8..20), BUFFERS),
        ) {
            let mut buffers = [Buffer::default(); BUFFERS];
            for (b, (words, a, c)) in buffers.iter_mut().zip(&drawn) {
                *b = Buffer::new(*words, (*a.min(c)).into(), (*a.max(c)).into());
            }
            let mut places = Places::EMPTY;
            places.make(&buffers).unwrap();
            let all: Vec<_> = buffers.iter().zip(&places.spans).filter(|(b, _)| b.words > 0).collect();
            for (i, (a, span)) in all.iter().enumerate() {
                prop_assert_eq!(span.range().len(), a.words());
                prop_assert!(span.range().end <= places.peak());
                for (b, other) in all.iter().skip(i + 1) {
                    let together = a.from <= b.to && b.from <= a.to;
                    let (r, s) = (span.range(), other.range());
                    prop_assert!(!together || r.end <= s.start || s.end <= r.start);
                }
            }
            // At no time is more alive than the peak, and a good placement is near that.
            let alive = |t: u8| all.iter().filter(|(b, _)| (b.from..=b.to).contains(&t)).map(|(b, _)| b.words()).sum::<usize>();
            let least = (0..20).map(alive).max().unwrap();
            prop_assert!(places.peak() >= least && places.peak() <= least * 3 / 2, "{} for {least}", places.peak());
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let mut buffers = [Buffer::default(); FORWARD_BUFFERS];
        let mut places = Places::EMPTY;
        buffers[0] = Buffer::new(MAX_WORDS, 0, 1);
        assert_eq!((places.make(&buffers), places.peak()), (Some(()), MAX_WORDS));
        buffers[1] = Buffer::new(1, 1, 1);
        assert_eq!(places.make(&buffers), None);
        assert_eq!(places.make(&[Buffer::new(1 << 20, 0, 0); FORWARD_BUFFERS]), None);
    }
}
