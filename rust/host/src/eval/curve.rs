//! What other thresholds would give: the ROC curve, the areas under it, and a sweep. `docs/evaluation.md` has the
//! definitions and where they are from.

use super::events::{self, Moment, Tolerance};
use super::judge::Result1;
use super::learner::Training;
use hone_learn::metrics::Outcomes;
use serde::Serialize;

/// False-alarm rate up to which the partial area counts.
const PARTIAL: f64 = 0.1;

/// How strange a score is, greater being stranger, and the other way round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// As it is.
    Upper,
    /// The lower, the stranger.
    Lower,
    /// Relative to two thresholds, 1 at the nearer one.
    TwoSided { upper: f32, lower: f32 },
}

impl Scale {
    pub fn of(training: &Training) -> Self {
        match (training.threshold, training.lower_threshold) {
            (Some(upper), Some(lower)) if upper > 0.0 && lower > 0.0 => Self::TwoSided { upper, lower },
            (None, Some(_)) => Self::Lower,
            _ => Self::Upper,
        }
    }

    /// Of a score.
    pub fn strangeness(self, score: f32) -> f32 {
        match self {
            Self::Upper => score,
            Self::Lower => -score,
            Self::TwoSided { upper, lower } => (score / upper).max(lower / score),
        }
    }

    /// The threshold by which such windows are anomalous: a score, or a factor on both of two thresholds.
    fn threshold(self, strangeness: f32) -> f32 {
        if self == Self::Lower { -strangeness } else { strangeness }
    }

    /// That of the training.
    fn own(self, training: &Training) -> Option<f32> {
        match self {
            Self::Upper => training.threshold,
            Self::Lower => training.lower_threshold.map(|t| -t),
            Self::TwoSided { .. } => Some(1.0),
        }
    }
}

/// Which windows have a score that a threshold could be held against.
pub(super) fn scored(r: &Result1) -> bool {
    r.judged.warm && !r.judged.verdict.score.is_nan()
}

/// What one threshold gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Operating {
    /// The threshold: a score, or of a model with two thresholds a factor on both.
    pub threshold: f32,
    /// Whether it is the one that the training set.
    pub own: bool,
    /// Share of normal windows with an alarm.
    pub false_alarm_rate: Option<f32>,
    /// Share of anomalous windows with an alarm.
    pub recall: Option<f32>,
    /// F1 of windows, both kinds weighed equally.
    pub f1: Option<f32>,
    /// Events detected.
    pub detected: Option<usize>,
    /// Mean delay of those, seconds.
    pub delay_s: Option<f64>,
    /// False alarms a day.
    pub false_alarms_per_day: Option<f64>,
}

/// The ROC curve and the areas under it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Roc {
    /// False-alarm rate and recall, from (0, 0) to (1, 1).
    pub points: Vec<(f64, f64)>,
    /// The area under it.
    pub auc: f64,
    /// The area up to a false-alarm rate of 0.1, on McClish's scale: 0.5 for chance, 1 for perfect.
    pub partial: f64,
}

impl Roc {
    /// Of numbers that are to be greater where the flag is set; `None` unless there are both kinds.
    pub fn of(mut scored: Vec<(f32, bool)>) -> Option<Self> {
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let positives = scored.iter().filter(|s| s.1).count() as f64;
        let negatives = scored.len() as f64 - positives;
        if positives == 0.0 || negatives == 0.0 {
            return None;
        }
        let (mut far, mut recall) = (0.0, 0.0);
        let mut points = vec![(0.0, 0.0)];
        // Equal scores are passed together, so that ties count half.
        for ties in scored.chunk_by(|a, b| a.0 == b.0) {
            let up = ties.iter().filter(|s| s.1).count() as f64;
            (far, recall) = (far + (ties.len() as f64 - up), recall + up);
            points.push((far / negatives, recall / positives));
        }
        let auc = area(&points, 1.0);
        let least = PARTIAL * PARTIAL / 2.0;
        let partial = 0.5 * (1.0 + (area(&points, PARTIAL) - least) / (PARTIAL - least));
        Some(Self { points, auc, partial })
    }
}

/// The area under a curve from 0 to `end` by trapezia.
fn area(points: &[(f64, f64)], end: f64) -> f64 {
    let under = |pair: &[(f64, f64)]| {
        let [(x0, y0), (x1, y1)] = *pair else { return 0.0 };
        let to = x1.min(end);
        let y = if x1 > x0 { y0 + (y1 - y0) * (to - x0) / (x1 - x0) } else { y1 };
        (to - x0).max(0.0) * (y0 + y) / 2.0
    };
    points.windows(2).map(under).sum()
}

/// The area under the ROC curve of a score that is to be greater where the flag is set (Mann and Whitney, ties count
/// half); `None` unless there are both kinds. A score that is not a number is the strangest.
pub(super) fn auroc(scored: &[(f32, bool)]) -> Option<f64> {
    let strangest = |s: &(f32, bool)| (if s.0.is_nan() { f32::INFINITY } else { s.0 }, s.1);
    Roc::of(scored.iter().map(strangest).collect()).map(|roc| roc.auc)
}

/// Thresholds at which 0, 1, 2, 5, 10, 20, 50 … normal windows raise an alarm, and the training's own, from the strictest on.
fn thresholds(scored: &[(f32, bool)], own: Option<f32>) -> Vec<(f32, bool)> {
    let mut normal: Vec<f32> = scored.iter().filter(|s| !s.1).map(|s| s.0).collect();
    normal.sort_by(|a, b| b.total_cmp(a));
    let ranks = [0, 1, 2, 5].into_iter().chain((1..7).flat_map(|e| [1, 2, 5].map(|m: usize| m * 10usize.pow(e))));
    // Just above the first that is to raise none.
    let mut all: Vec<(f32, bool)> =
        ranks.filter_map(|rank| normal.get(rank)).map(|s| (s.next_up(), false)).filter(|t| t.0.is_finite()).collect();
    all.extend(own.filter(|o| o.is_finite()).map(|o| (o, true)));
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    all.dedup_by(|a, b| a.0 == b.0);
    all
}

/// What thresholds give that are swept over the scores.
pub(super) fn sweep(
    training: &Training,
    results: &[Result1],
    moments: &[Moment],
    tolerance: Option<Tolerance>,
) -> Vec<Operating> {
    let scale = Scale::of(training);
    let strange = |r: &Result1| scored(r).then(|| scale.strangeness(r.judged.verdict.score));
    let pairs: Vec<(f32, bool)> =
        results.iter().zip(moments).filter_map(|(r, m)| Some((strange(r)?, m.fault.is_some()))).collect();
    let operating = |(threshold, own): (f32, bool)| {
        let on: Vec<bool> = results.iter().map(|r| strange(r).is_some_and(|s| s >= threshold)).collect();
        let mut outcomes = Outcomes::default();
        moments.iter().zip(&on).for_each(|(m, on)| outcomes.add(m.fault.is_some(), *on));
        let balanced = outcomes.balanced();
        let by_event = tolerance.map(|t| events::figures(moments, &on, t, &[]));
        Operating {
            threshold: scale.threshold(threshold),
            own,
            false_alarm_rate: outcomes.false_alarm_rate(),
            recall: balanced.map(|b| b.recall),
            f1: balanced.map(|b| b.f1),
            detected: by_event.as_ref().map(|e| e.detected),
            delay_s: by_event.as_ref().and_then(|e| e.delay_s),
            false_alarms_per_day: by_event.and_then(|e| e.false_alarms_per_day),
        }
    };
    thresholds(&pairs, scale.own(training)).into_iter().map(operating).collect()
}

/// The ROC curve of what was judged; `None` unless windows of both kinds have a score.
pub(super) fn roc(training: &Training, results: &[Result1], moments: &[Moment]) -> Option<Roc> {
    let scale = Scale::of(training);
    let pairs = results.iter().zip(moments).filter(|(r, _)| scored(r));
    Roc::of(pairs.map(|(r, m)| (scale.strangeness(r.judged.verdict.score), m.fault.is_some())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auroc_is_the_share_of_pairs_in_order() {
        assert_eq!(auroc(&[(1.0, false), (2.0, true)]), Some(1.0));
        assert_eq!(auroc(&[(2.0, false), (1.0, true)]), Some(0.0));
        assert_eq!(auroc(&[(1.0, false), (1.0, true)]), Some(0.5));
        assert_eq!(auroc(&[(1.0, false), (3.0, false), (2.0, true), (4.0, true)]), Some(0.75));
        assert_eq!(auroc(&[(1.0, true)]), None);
        assert_eq!(auroc(&[(f32::NAN, true), (9.0, false)]), Some(1.0));
    }

    #[test]
    fn a_curve_and_its_areas_by_hand() {
        let scored: Vec<(f32, bool)> =
            [1.0, 2.0, 3.0, 6.0, 4.0, 5.0, 7.0, 8.0].into_iter().zip([false; 4].into_iter().chain([true; 4])).collect();
        let roc = Roc::of(scored).unwrap();
        assert_eq!(roc.auc, 0.875);
        assert_eq!(
            roc.points,
            [
                (0.0, 0.0),
                (0.0, 0.25),
                (0.0, 0.5),
                (0.25, 0.5),
                (0.25, 0.75),
                (0.25, 1.0),
                (0.5, 1.0),
                (0.75, 1.0),
                (1.0, 1.0)
            ]
        );
        // Half of the faults before the first false alarm: area 0.05 to 0.1, of at least 0.005 and at most 0.1.
        assert!((roc.partial - 0.5 * (1.0 + (0.05 - 0.005) / 0.095)).abs() < 1e-12, "{}", roc.partial);
        let chance = Roc::of(vec![(1.0, true), (1.0, false)]).unwrap();
        assert!((chance.auc - 0.5).abs() < 1e-12 && (chance.partial - 0.5).abs() < 1e-12);
        let perfect = Roc::of(vec![(2.0, true), (1.0, false)]).unwrap();
        assert_eq!((perfect.auc, perfect.partial), (1.0, 1.0));
    }

    #[test]
    fn thresholds_let_so_many_normals_through() {
        let scored: Vec<(f32, bool)> = (1..=30).map(|i| (i as f32, i > 25)).collect();
        let all = thresholds(&scored, Some(20.5));
        let alarms = |t: f32| scored.iter().filter(|s| !s.1 && s.0 >= t).count();
        let found: Vec<(usize, bool)> = all.iter().map(|(t, own)| (alarms(*t), *own)).collect();
        assert_eq!(found, [(0, false), (1, false), (2, false), (5, true), (5, false), (10, false), (20, false)]);
    }

    #[test]
    fn both_sides_of_two_thresholds_are_strange() {
        let training = |threshold, lower_threshold| Training { threshold, lower_threshold, ..Training::default() };
        let two = Scale::of(&training(Some(4.0), Some(1.0)));
        assert_eq!([8.0, 4.0, 2.0, 1.0, 0.5].map(|s| two.strangeness(s)), [2.0, 1.0, 0.5, 1.0, 2.0]);
        let lower = Scale::of(&training(None, Some(0.0)));
        assert!(lower.strangeness(-1.0) > lower.strangeness(1.0) && lower.threshold(-0.5) == 0.5);
        assert_eq!(Scale::of(&training(Some(4.0), None)).strangeness(3.0), 3.0);
    }
}
