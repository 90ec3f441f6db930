//! C and γ of an RBF machine by cross-validation over the rows of the first batch.
//!
//! With more rows than fit, what counts is how few vectors a machine needs: those beyond the budget are forgotten. Of the
//! settings whose error is within one standard error of the least, the one of fewest support vectors is taken (Breiman,
//! Friedman, Olshen and Stone 1984, the one-standard-error rule).

use hone_learn::setting::{FLAG, choice};
use hone_learn::{choices, settings};

/// Parts of the rows, each of which is judged by what the others taught.
pub const FOLDS: usize = 5;

/// Multiples of γ as it was set, and values of C, all with all.
const GAMMAS: [f32; 4] = [1.0, 0.3, 0.1, 0.03];
const COSTS: [f32; 5] = [1.0, 4.0, 16.0, 64.0, 256.0];

/// The share of rows judged wrongly from which on classes are taken to overlap: every further batch would then bring
/// support vectors for ever (Steinwart 2003, "Sparseness of support vector machines"), and to keep them is not possible.
const OVERLAP: f32 = 0.05;

choices! {
    /// What happens with rows that do not fit.
    pub enum Batches {
        /// As the cross-validation says, if there is one; else `Keep`.
        Auto = "auto",
        /// Support vectors stay in the set.
        Keep = "keep",
        /// The vectors of the first model stay; what the rows of a batch add is projected onto them, and averaged.
        Basis = "basis",
    }
}

settings! {
    /// Settings of an evaluation in batches.
    pub struct Tuning {
        /// rbf in batches: choose c and gamma if neither is set
        pub on: bool = true, "tune", FLAG, "";
        /// rbf: keep support vectors, or the first batch's as a basis
        pub batches: Batches = Batches::Auto, "batches", choice(Batches::WORDS), "";
    }
}

/// How one setting did.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// C.
    pub c: f32,
    /// γ.
    pub gamma: f32,
    /// The share of rows judged rightly.
    pub accuracy: f32,
    /// Support vectors, the sum over the folds.
    pub vectors: usize,
}

impl Trial {
    /// Whether its classes overlap.
    pub fn overlaps(&self) -> bool {
        1.0 - self.accuracy > OVERLAP
    }
}

/// The settings to try, given γ by the rule.
pub fn candidates(gamma: f32) -> impl Iterator<Item = (f32, f32)> {
    GAMMAS.into_iter().flat_map(move |multiple| COSTS.into_iter().map(move |c| (c, multiple * gamma)))
}

/// The trial to take, of `rows` rows judged in each. None when there was none.
pub fn choose(trials: &[Trial], rows: usize) -> Option<Trial> {
    let best = trials.iter().map(|t| t.accuracy).reduce(f32::max)?;
    let rows = rows.max(1) as f32;
    // No error seen is not a chance of 0.
    let error = (best * (1.0 - best)).max(1.0 / rows);
    let least = best - (error / rows).sqrt();
    trials.iter().filter(|t| t.accuracy >= least).min_by_key(|t| t.vectors).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equals_the_one_of_fewest_vectors_is_taken() {
        let trial = |accuracy, vectors| Trial { c: 1.0, gamma: 1.0, accuracy, vectors };
        assert_eq!(choose(&[], 100).map(|t| t.vectors), None);
        // The standard error of 0.9 in 100 is 0.03.
        let trials = [trial(0.9, 80), trial(0.88, 50), trial(0.86, 20), trial(0.88, 60)];
        assert_eq!(choose(&trials, 100).map(|t| t.vectors), Some(50));
        assert!(choose(&trials, 100).is_some_and(|t| t.overlaps()));
        let trials = [trial(1.0, 80), trial(0.992, 50), trial(0.98, 20)];
        assert_eq!(choose(&trials, 100).map(|t| t.vectors), Some(50));
        assert!(choose(&trials, 100).is_some_and(|t| !t.overlaps()));
    }
}
