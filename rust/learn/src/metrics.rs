//! Figures by which a model is judged.

use crate::ClassId;

/// Outcomes of a detector, anomalous being the positive class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Anomalous windows called anomalous.
    pub true_positive: u32,
    /// Normal windows called anomalous.
    pub false_positive: u32,
    /// Normal windows called normal.
    pub true_negative: u32,
    /// Anomalous windows called normal.
    pub false_negative: u32,
}

/// Precision, recall and their harmonic mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Share of alarms that are right.
    pub precision: f32,
    /// Share of anomalies that raise an alarm.
    pub recall: f32,
    /// 2·precision·recall / (precision + recall).
    pub f1: f32,
}

impl Outcomes {
    /// Counts one window.
    pub fn add(&mut self, anomalous: bool, alarmed: bool) {
        let cell = match (anomalous, alarmed) {
            (true, true) => &mut self.true_positive,
            (true, false) => &mut self.false_negative,
            (false, true) => &mut self.false_positive,
            (false, false) => &mut self.true_negative,
        };
        *cell = cell.saturating_add(1);
    }

    /// All windows counted.
    pub fn total(&self) -> u32 {
        self.true_positive + self.false_positive + self.true_negative + self.false_negative
    }

    /// Share of windows decided rightly; `None` without windows.
    pub fn accuracy(&self) -> Option<f32> {
        ratio(self.true_positive + self.true_negative, self.total())
    }

    /// Share of normal windows that raise an alarm; `None` without normal windows.
    pub fn false_alarm_rate(&self) -> Option<f32> {
        ratio(self.false_positive, self.false_positive + self.true_negative)
    }

    /// Precision, recall and F1 with normal and anomalous windows weighed to equal totals, so that always alarming
    /// scores 0.667 whatever the mix. `None` unless there are windows of both kinds.
    pub fn balanced(&self) -> Option<Scores> {
        let recall = ratio(self.true_positive, self.true_positive + self.false_negative)?;
        let false_alarms = self.false_alarm_rate()?;
        let precision = if recall > 0.0 { recall / (recall + false_alarms) } else { 0.0 };
        let f1 = if recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
        Some(Scores { precision, recall, f1 })
    }
}

fn ratio(part: u32, whole: u32) -> Option<f32> {
    (whole > 0).then(|| part as f32 / whole as f32)
}

/// A confusion matrix of up to `K` classes, and what was left undecided.
#[derive(Clone, Copy, Debug)]
pub struct Confusion<const K: usize> {
    classes: [ClassId; K],
    known: usize,
    counts: [[u32; K]; K],
    undecided: [u32; K],
}

/// More classes than the matrix has room for; the window was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyClasses;

impl<const K: usize> Default for Confusion<K> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const K: usize> Confusion<K> {
    /// Nothing counted.
    pub const EMPTY: Self = Self { classes: [ClassId(0); K], known: 0, counts: [[0; K]; K], undecided: [0; K] };

    /// Counts one window of class `truth` for which the model said `said` (`None`: unknown).
    ///
    /// # Errors
    /// [`TooManyClasses`]; nothing is counted.
    pub fn add(&mut self, truth: ClassId, said: Option<ClassId>) -> Result<(), TooManyClasses> {
        let row = self.index(truth)?;
        let cell = match said {
            Some(class) => {
                let column = self.index(class)?;
                self.counts.get_mut(row).and_then(|r| r.get_mut(column))
            }
            None => self.undecided.get_mut(row),
        };
        let cell = cell.ok_or(TooManyClasses)?;
        *cell = cell.saturating_add(1);
        Ok(())
    }

    fn index(&mut self, class: ClassId) -> Result<usize, TooManyClasses> {
        if let Some(i) = self.classes().iter().position(|c| *c == class) {
            return Ok(i);
        }
        *self.classes.get_mut(self.known).ok_or(TooManyClasses)? = class;
        self.known += 1;
        Ok(self.known - 1)
    }

    /// The classes seen, in the order of rows and columns.
    pub fn classes(&self) -> &[ClassId] {
        self.classes.get(..self.known).unwrap_or(&[])
    }

    /// Windows of class row `truth` decided as class column `said`.
    pub fn count(&self, truth: usize, said: usize) -> u32 {
        self.counts.get(truth).and_then(|r| r.get(said)).copied().unwrap_or(0)
    }

    /// Windows of class row `truth` that the model left unknown.
    pub fn undecided(&self, truth: usize) -> u32 {
        self.undecided.get(truth).copied().unwrap_or(0)
    }

    /// Windows of class row `truth`.
    pub fn row_total(&self, truth: usize) -> u32 {
        (0..self.known).map(|c| self.count(truth, c)).sum::<u32>() + self.undecided(truth)
    }

    /// All windows counted.
    pub fn total(&self) -> u32 {
        (0..self.known).map(|r| self.row_total(r)).sum()
    }

    /// Share of all windows decided rightly, unknown counting as wrong; `None` without windows.
    pub fn accuracy(&self) -> Option<f32> {
        ratio((0..self.known).map(|i| self.count(i, i)).sum(), self.total())
    }

    /// Precision, recall and F1 of class row `class`; a class never said has precision 0. `None` without windows of it.
    pub fn class_scores(&self, class: usize) -> Option<Scores> {
        let hit = self.count(class, class);
        let recall = ratio(hit, self.row_total(class))?;
        let precision = ratio(hit, (0..self.known).map(|r| self.count(r, class)).sum()).unwrap_or(0.0);
        let f1 = if hit > 0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
        Some(Scores { precision, recall, f1 })
    }

    /// The mean of the classes' scores.
    pub fn macro_scores(&self) -> Option<Scores> {
        let mut sum = Scores { precision: 0.0, recall: 0.0, f1: 0.0 };
        let mut n = 0.0;
        for s in (0..self.known).filter_map(|c| self.class_scores(c)) {
            sum = Scores { precision: sum.precision + s.precision, recall: sum.recall + s.recall, f1: sum.f1 + s.f1 };
            n += 1.0;
        }
        (n > 0.0).then(|| Scores { precision: sum.precision / n, recall: sum.recall / n, f1: sum.f1 / n })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn always_alarming_scores_two_thirds() {
        let mut o = Outcomes::default();
        for i in 0..1000 {
            o.add(i % 10 == 0, true);
        }
        let s = o.balanced().unwrap();
        assert!((s.f1 - 2.0 / 3.0).abs() < 1e-6 && s.recall == 1.0 && (s.precision - 0.5).abs() < 1e-6);
        assert_eq!(o.false_alarm_rate(), Some(1.0));
    }

    #[test]
    fn one_kind_of_window_has_no_f1() {
        let mut o = Outcomes::default();
        o.add(false, false);
        assert_eq!(o.balanced(), None);
        assert_eq!(o.accuracy(), Some(1.0));
    }

    #[test]
    fn confusion_counts_unknown_as_wrong_and_refuses_too_many_classes() {
        let mut m = Confusion::<2>::default();
        m.add(ClassId(7), Some(ClassId(7))).unwrap();
        m.add(ClassId(7), None).unwrap();
        m.add(ClassId(9), Some(ClassId(7))).unwrap();
        assert_eq!(m.add(ClassId(1), None), Err(TooManyClasses));
        assert_eq!((m.total(), m.undecided(0)), (3, 1));
        assert!((m.accuracy().unwrap() - 1.0 / 3.0).abs() < 1e-6);
        let s = m.class_scores(0).unwrap();
        assert!((s.precision - 0.5).abs() < 1e-6 && (s.recall - 0.5).abs() < 1e-6);
    }
}
