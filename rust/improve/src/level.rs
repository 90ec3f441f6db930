//! How far the score is from that of commissioning, in units that outliers do not move.

use hone_numeric::stats;

/// The score of healthy windows at commissioning: never overwritten by what comes later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Base {
    /// Their median, in the score's unit.
    pub median: f32,
    /// 1.4826 times the median of their distances from it: the deviation, where they are normal (Rousseeuw and Croux, 1993).
    pub spread: f32,
}

/// How far a score is from commissioning's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distance {
    /// In medians of commissioning: 1 where nothing changed.
    pub times: f32,
    /// In its spreads: 0 where nothing changed.
    pub units: f32,
}

impl Base {
    /// Of at least 8 finite scores, none below 0, of windows that the model did not learn from; `None` of others, and where their median is 0.
    /// The scores are overwritten.
    pub fn of(scores: &mut [f32]) -> Option<Self> {
        if scores.len() < 8 || scores.iter().any(|s| !s.is_finite() || *s < 0.0) {
            return None;
        }
        let median = stats::median(scores)?;
        for score in scores.iter_mut() {
            *score = (*score - median).abs();
        }
        let spread = 1.4826 * stats::median(scores)?;
        (median > 0.0).then_some(Self { median, spread: spread.max(1e-3 * median) })
    }

    /// How far this score is.
    pub fn distance(&self, score: f32) -> Distance {
        Distance { times: score / self.median, units: (score - self.median) / self.spread }
    }
}

/// Scores of which [`Recent`] gives the median.
pub const RECENT: usize = 15;

/// The median of the last scores: up to 7 outliers among 15 do not show.
#[derive(Clone, Debug, PartialEq)]
pub struct Recent {
    /// In order of coming, from `next` on.
    came: [f32; RECENT],
    /// The same by size; unused places hold infinity.
    sorted: [f32; RECENT],
    next: u8,
    held: u8,
}

impl Recent {
    /// Without a score.
    pub const NEW: Self = Self { came: [f32::INFINITY; RECENT], sorted: [f32::INFINITY; RECENT], next: 0, held: 0 };

    /// Takes in a score and gives the median of the last 15, or of all where there are fewer. One that is not a number counts as the
    /// greatest.
    pub fn see(&mut self, score: f32) -> f32 {
        let score = if score.is_nan() { f32::INFINITY } else { score };
        let Some(place) = self.came.get_mut(usize::from(self.next)) else { return score };
        let gone = core::mem::replace(place, score);
        self.next = (self.next + 1) % RECENT as u8;
        self.held = (self.held + 1).min(RECENT as u8);
        let mut at = self.sorted.iter().position(|s| s.to_bits() == gone.to_bits()).unwrap_or(RECENT - 1);
        if let Some(place) = self.sorted.get_mut(at) {
            *place = score;
        }
        // One is out of order: it moves up, or down.
        while let Some([a, b]) = self.sorted.get_mut(at..at + 2)
            && *a > *b
        {
            core::mem::swap(a, b);
            at += 1;
        }
        while let Some([a, b]) = self.sorted.get_mut(at.wrapping_sub(1)..at + 1)
            && *a > *b
        {
            core::mem::swap(a, b);
            at -= 1;
        }
        self.sorted.get(usize::from(self.held) / 2).copied().unwrap_or(score)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn a_tenth_of_outliers_does_not_move_the_base() {
        let mut scores: Vec<f32> = (0..100).map(|i| 1.0 + 0.01 * (i % 10) as f32).collect();
        let clean = Base::of(&mut scores.clone()).unwrap();
        scores[..10].fill(1e6);
        let base = Base::of(&mut scores).unwrap();
        assert!((base.median - clean.median).abs() < 0.02 && base.spread < 2.0 * clean.spread, "{base:?} {clean:?}");
        assert!((base.distance(3.0 * base.median).times - 3.0).abs() < 1e-5);
        assert_eq!(base.distance(base.median).units, 0.0);
    }

    #[test]
    fn scores_that_give_no_base() {
        assert_eq!(Base::of(&mut [1.0; 7]), None);
        assert_eq!(Base::of(&mut [0.0; 8]), None);
        assert_eq!(Base::of(&mut [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, f32::NAN]), None);
        assert_eq!(Base::of(&mut [2.0; 8]), Some(Base { median: 2.0, spread: 2e-3 }));
    }

    proptest! {
        #[test]
        fn the_recent_median_is_that_of_the_last_fifteen(scores in prop::collection::vec(-1e3f32..1e3, 1..80)) {
            let mut recent = Recent::NEW;
            for end in 1..=scores.len() {
                let mut last = scores[end.saturating_sub(RECENT)..end].to_vec();
                last.sort_by(f32::total_cmp);
                prop_assert_eq!(recent.see(scores[end - 1]), last[last.len() / 2]);
            }
        }
    }

    #[test]
    fn what_is_no_number_is_borne_and_leaves() {
        let mut recent = Recent::NEW;
        for _ in 0..40 {
            recent.see(f32::NAN);
        }
        assert_eq!(recent.see(1.0), f32::INFINITY);
        assert_eq!((0..RECENT).map(|_| recent.see(2.0)).last(), Some(2.0));
    }
}
