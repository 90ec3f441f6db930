//! Random search with successive halving: many settings on few blocks, the better ones on more (Bergstra and Bengio 2012; Jamieson and
//! Talwalkar 2016). What is chosen is then compared with the default on blocks that did not choose.

use super::super::learner::EvalError;
use super::measure::{Asked, Measured, measure};
use super::space::Candidate;
use crate::dataset::Dataset;
use crate::statistics::mean_interval;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;

/// Of so many one goes on.
const HALVING: usize = 3;

/// Settings that were tried.
#[derive(Clone, Debug, Default)]
pub(super) struct Trial {
    pub settings: Candidate,
    /// Block by block, in the order in which blocks choose.
    pub measured: Vec<Measured>,
    /// Why there is none.
    pub refused: Option<String>,
}

impl Trial {
    /// Mean score over the blocks so far.
    pub fn score(&self) -> f64 {
        mean(self.measured.iter().map(|m| m.score))
    }
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0usize), |(sum, n), v| (sum + v, n + 1));
    if n > 0 { sum / n as f64 } else { f64::NAN }
}

/// The blocks of each stage, in all.
pub(super) fn stages(blocks: usize) -> Vec<usize> {
    let mut stages = vec![1, blocks.div_ceil(2), blocks];
    stages.dedup();
    stages
}

/// Trainings at most.
pub(super) fn trainings(candidates: usize, blocks: usize) -> usize {
    let (mut left, mut done, mut all) = (candidates, 0, 0);
    for until in stages(blocks) {
        all += left * (until - done);
        (done, left) = (until, keep(left));
    }
    all
}

fn keep(candidates: usize) -> usize {
    candidates.div_ceil(HALVING).max(2).min(candidates)
}

/// Tries candidates, of which the first is the default, on folds until `stop`. Gives all trials, and the places of those that came furthest, the best
/// first; only the default may be beyond the limits.
///
/// # Errors
/// The data, or the default.
pub(super) fn search(
    asked: &Asked,
    folds: &[Dataset],
    candidates: Vec<Candidate>,
    seed: i32,
    (stop, bar): (&(dyn Fn() -> bool + Sync), &ProgressBar),
) -> Result<(Vec<Trial>, Vec<usize>), EvalError> {
    let mut trials: Vec<Trial> =
        candidates.into_iter().map(|settings| Trial { settings, ..Trial::default() }).collect();
    let mut best: Vec<usize> = Vec::new();
    let mut left: Vec<usize> = (0..trials.len()).collect();
    let mut done = 0;
    for until in stages(folds.len()) {
        let stage = folds.get(done..until).unwrap_or(&[]);
        let jobs: Vec<(usize, &Dataset)> = left.iter().flat_map(|at| stage.iter().map(move |f| (*at, f))).collect();
        let settings = |at: usize| trials.get(at).map(|t| t.settings.clone()).unwrap_or_default();
        let run = |(at, fold): &(usize, &Dataset)| {
            let result = (!stop()).then(|| measure(asked, fold, &settings(*at), seed));
            bar.inc(1);
            result
        };
        let results: Vec<Option<Result<Measured, EvalError>>> = jobs.par_iter().map(run).collect();
        for ((at, _), result) in jobs.iter().zip(results) {
            let Some(trial) = trials.get_mut(*at) else { continue };
            match result {
                Some(Ok(measured)) if *at == 0 || measured.within(asked.limits) => trial.measured.push(measured),
                Some(Ok(_)) => trial.refused = Some("beyond the limits".into()),
                Some(Err(error @ EvalError::Dataset(_))) => return Err(error),
                Some(Err(error)) if *at == 0 => return Err(error),
                Some(Err(error)) => trial.refused = Some(error.to_string()),
                None => {}
            }
        }
        let whole = |at: &usize| trials.get(*at).is_some_and(|t| t.refused.is_none() && t.measured.len() == until);
        left.retain(whole);
        // Broken off before the default was through: what was known before counts.
        if !left.contains(&0) {
            break;
        }
        left.sort_by(|a, b| {
            let score = |at: &usize| trials.get(*at).map_or(f64::NEG_INFINITY, Trial::score);
            score(b).total_cmp(&score(a)).then(a.cmp(b))
        });
        best.clone_from(&left);
        left.truncate(keep(left.len()));
        if !left.contains(&0) {
            left.push(0);
        }
        done = until;
        if let Some(first) = best.first().and_then(|b| trials.get(*b)) {
            bar.set_message(format!("{:.4}", first.score()));
        }
    }
    Ok((trials, best))
}

/// What settings gain against the default.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gain {
    /// The default's score on blocks that did not choose.
    pub default: f64,
    /// That of the settings.
    pub tuned: f64,
    /// Mean of the paired differences.
    pub mean: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Blocks that it is over.
    pub blocks: usize,
}

/// Compares settings with the default, paired by fold and seed. The interval is Student's over the blocks, widened as folds share what they
/// train on (Nadeau and Bengio, Machine Learning 52, 2003); `ratio` is windows judged over windows learnt.
pub(super) fn gain(default: &[Vec<f64>], tuned: &[Vec<f64>], ratio: f64) -> Option<Gain> {
    let of = |all: &[Vec<f64>]| -> Vec<f64> { all.iter().map(|seeds| mean(seeds.iter().copied())).collect() };
    let (default, tuned) = (of(default), of(tuned));
    let differences: Vec<f64> = tuned.iter().zip(&default).map(|(t, d)| t - d).collect();
    let (middle, _, high) = mean_interval(&differences, 0.95)?;
    let n = differences.len() as f64;
    let half = (high - middle) * (1.0 + n * ratio).sqrt();
    Some(Gain {
        default: mean(default.iter().copied()),
        tuned: mean(tuned.iter().copied()),
        mean: middle,
        low: middle - half,
        high: middle + half,
        blocks: differences.len(),
    })
}

impl Gain {
    /// Whether it is beyond what chance gives.
    pub fn is_told(&self) -> bool {
        self.low > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_spare_trainings() {
        assert_eq!(stages(5), [1, 3, 5]);
        assert_eq!(stages(2), [1, 2]);
        // 30 on one block, 10 on two more, 4 on two more.
        assert_eq!(trainings(30, 5), 30 + 20 + 8);
    }

    #[test]
    fn a_gain_is_of_paired_differences_and_wider_than_students() {
        let seeds = |values: &[f64]| values.iter().map(|v| vec![v - 0.01, v + 0.01]).collect::<Vec<_>>();
        let default = seeds(&[0.5, 0.6, 0.7, 0.8]);
        // Differences 0.1, 0.2, 0.3, 0.4: Student's half width is 3.182·0.1291/2 = 0.2054.
        let gain = gain(&default, &seeds(&[0.6, 0.8, 1.0, 1.2]), 0.25).unwrap();
        assert!((gain.mean - 0.25).abs() < 1e-12 && (gain.default - 0.65).abs() < 1e-12, "{gain:?}");
        assert!((gain.high - 0.25 - 0.2054 * 2f64.sqrt()).abs() < 1e-3, "{gain:?}");
        assert!(!gain.is_told() && gain.blocks == 4);
        let sure = super::gain(&default, &seeds(&[0.61, 0.70, 0.81, 0.90]), 0.25).unwrap();
        assert!(sure.is_told(), "{sure:?}");
        let none = super::gain(&default, &default, 0.25).unwrap();
        assert!(none.mean == 0.0 && !none.is_told());
    }
}
