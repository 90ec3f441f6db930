//! What stays fixed while one model is trained: parameters, kernel, classes, the pair at hand; and how the workspace
//! is laid out.

use crate::kernel::{Kernel, KernelKind};
use crate::model::{pair, pairs_of};
use crate::params::{Checked, MAX_CLASSES, Machine, Params};
use crate::smo::{self, Problem, Run};
use crate::space::Space;
use crate::train::TrainError;
use hone_learn::set::Feature;
use hone_learn::{ClassId, SetView, Shortage};
use hone_numeric::kernel::sqrt_f32;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub checked: Checked,
    pub kernel: Kernel,
    pub rows: usize,
    pub width: usize,
    classes: [Class; MAX_CLASSES],
    /// Classes in use; none for novelty.
    found: usize,
    /// The pair at hand, by indices into the classes; the first is the positive one.
    at: (usize, usize),
    one_class: bool,
    /// Rows that count.
    pub labelled: usize,
}

/// Whether the build tells more than two classes apart.
pub(crate) const MULTI_CLASS: bool = cfg!(feature = "multi-class");

/// Whether the build has one-class machines.
pub(crate) const NOVELTY: bool = cfg!(feature = "novelty");

/// The fewest rows that calibrate.
const LEAST_HELD: usize = 4;

/// The lower median of the scores of rows held back: the greatest that no more than half of them are below. By halving the
/// interval, as there is no room to sort them.
fn median(problem: &Problem<'_>) -> f32 {
    let (mut low, mut high, all) = held(problem, f32::INFINITY);
    for _ in 0..HALVINGS {
        let middle = low + 0.5 * (high - low);
        let (_, _, below) = held(problem, middle);
        if below >= all.div_ceil(2) { high = middle } else { low = middle }
    }
    high
}

/// Of the scores of rows held back that are no more than `limit`: the least, the greatest, and how many they are.
#[inline(never)]
fn held(problem: &Problem<'_>, limit: f32) -> (f32, f32, usize) {
    let (mut low, mut high, mut count) = (f32::INFINITY, f32::NEG_INFINITY, 0);
    for v in problem.space.vars.iter().filter(|v| v.state & smo::HELD != 0) {
        let score = -v.gradient;
        if score <= limit {
            low = if score < low { score } else { low };
            high = if score > high { score } else { high };
            count += 1;
        }
    }
    (low, high, count)
}

/// After as many halvings an interval is below the precision of `f32`.
const HALVINGS: usize = 24;

/// A class, and how many rows it has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Class {
    pub id: u16,
    pub rows: u16,
}

/// The number of no class.
const NOBODY: u16 = u16::MAX;

/// The number of a class, or that of none.
pub(crate) fn id(label: Option<ClassId>) -> u16 {
    label.map_or(NOBODY, |class| class.0)
}

impl Plan {
    pub fn new(checked: Checked) -> Self {
        Self {
            checked,
            kernel: Kernel::default(),
            rows: 0,
            width: 0,
            classes: [Class::default(); MAX_CLASSES],
            found: 0,
            at: (0, 1),
            one_class: false,
            labelled: 0,
        }
    }

    /// Classes to tell apart; none for novelty.
    pub fn known(&self) -> usize {
        if MULTI_CLASS || NOVELTY { self.found } else { 2 }
    }

    pub fn pairs(&self) -> usize {
        pairs_of(self.known())
    }

    /// The pair at hand, by indices into the classes; the first is the positive one.
    pub fn pair(&self) -> (usize, usize) {
        if MULTI_CLASS { self.at } else { (0, 1) }
    }

    /// Goes back to the first pair.
    pub fn first_pair(&mut self) {
        self.at = (0, 1);
    }

    pub fn linear(&self) -> bool {
        self.kernel.kind == KernelKind::Linear
    }

    pub fn classes(&self) -> &[Class] {
        self.classes.get(..self.known()).unwrap_or(&[])
    }

    /// Moves on to the next pair; false after the last.
    pub fn next_pair(&mut self) -> bool {
        if !MULTI_CLASS {
            return false;
        }
        let (a, b) = self.at;
        self.at = if b + 1 < self.found { (a, b + 1) } else { (a + 1, a + 2) };
        self.at.1 < self.found
    }

    pub fn params(&self) -> &Params {
        self.checked.params()
    }

    /// Whether it is for a one-class machine.
    pub fn novelty(&self) -> bool {
        NOVELTY && self.one_class
    }

    /// Takes stock of the set: its rows, and its classes in ascending order.
    ///
    /// # Errors
    /// When there is nothing to learn from, or too many classes.
    pub fn count(&mut self, set: &SetView<'_>) -> Result<(), TrainError> {
        (self.rows, self.width) = (set.len(), set.width());
        let machine = self.params().machine;
        let mut from = 0;
        loop {
            // The next class, and its rows.
            let mut next = Class { id: NOBODY, rows: 0 };
            for label in set.labels().map(id).filter(|label| *label >= from) {
                if label < next.id {
                    next = Class { id: label, rows: 0 };
                }
                next.rows += u16::from(label == next.id);
            }
            if next.id == NOBODY || machine == Machine::Novelty {
                break;
            }
            let too_many = TrainError::TooManyClasses { capacity: MAX_CLASSES as u32 };
            *self.classes.get_mut(self.found).ok_or(too_many)? = next;
            self.found += 1;
            self.labelled += usize::from(next.rows);
            from = next.id + 1;
        }
        self.one_class = machine == Machine::Novelty || machine == Machine::Auto && self.found == 0;
        if self.novelty() {
            self.labelled = self.rows;
        }
        match self.classes.get(..self.found) {
            _ if self.labelled == 0 => Err(TrainError::NoRows),
            Some([only]) => Err(TrainError::OneClass(ClassId(only.id))),
            _ => Ok(()),
        }
    }

    /// The variance of a feature.
    #[inline(never)]
    pub fn variance(set: &SetView<'_>, f: &Feature) -> f32 {
        set.variance(f)
    }

    /// What is subtracted from a feature of this variance and mean, and what it is then multiplied with.
    #[inline(never)]
    pub fn standard(&self, variance: f32, mean: f32) -> (f32, f32) {
        if self.params().standardise {
            // A feature that never varied says nothing of the classes: it counts as 0, also when it varies later.
            (mean, if variance > 0.0 { 1.0 / sqrt_f32(variance) } else { 0.0 })
        } else if self.kernel.kind == KernelKind::Rbf || (self.kernel.kind.ignores_offset() && !self.novelty()) {
            // The solution is the same, and `f32` more exact.
            (mean, 1.0)
        } else {
            (0.0, 1.0)
        }
    }

    /// The number of the pair at hand.
    pub fn number(&self) -> usize {
        if self.novelty() || !MULTI_CLASS { 0 } else { pair(self.at.0, self.at.1, self.found) }
    }

    /// The classes of the pair at hand.
    pub fn sides(&self) -> [Class; 2] {
        let (first, second) = self.pair();
        let class = |number: usize| self.classes.get(number).copied().unwrap_or_default();
        [class(first), class(second)]
    }

    /// The pair at hand, not begun: its rows, and C of either class.
    pub fn run(&self) -> Run {
        if self.novelty() {
            return Run::of(self.rows, [1.0, 0.0]);
        }
        let p = self.params();
        let (mut rows, mut bounds) = (0, [p.c; 2]);
        for (bound, class) in bounds.iter_mut().zip(self.sides()) {
            rows += usize::from(class.rows);
            *bound *= p.weight(class.id);
            if p.balance {
                *bound *= self.labelled as f32 / (self.known() as f32 * f32::from(class.rows));
            }
        }
        Run::of(rows, bounds)
    }

    /// Where in the record of a support vector its coefficient for the pair at hand is.
    pub fn coefficient(&self, positive: bool) -> usize {
        match (self.known(), positive) {
            _ if !MULTI_CLASS => 1,
            (..=2, _) => 1,
            (_, true) => 2 + self.at.1 - 1,
            (_, false) => 2 + self.at.0,
        }
    }

    /// Rows of a one-class machine, the newest, that calibrate it; none when they are too few to tell.
    pub fn held(&self) -> usize {
        let held = (self.params().calibrate * self.rows as f32) as usize;
        if self.novelty() && held >= LEAST_HELD { held } else { 0 }
    }

    /// The bias of a one-class machine whose rows held back have scores that begin at 0 where normal ends: `margin`
    /// deviations below their median, as with the ESN's threshold, yet no further than half way to the score of a row
    /// unlike all others.
    pub fn calibrated(&self, problem: &Problem<'_>, bias: f32) -> f32 {
        let held = problem.space.vars.iter().filter(|v| v.state & smo::HELD != 0);
        let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0f32);
        for v in held {
            // Of a row unlike all others this is 0.
            let score = -v.gradient;
            sum += score;
            squares += score * score;
            n += 1.0;
        }
        if n < 1.0 {
            return bias;
        }
        let mean = sum / n;
        let variance = squares / n - mean * mean;
        let deviation = sqrt_f32(if variance > 0.0 { variance } else { 0.0 });
        let median = median(problem);
        let threshold = median - self.params().margin * deviation;
        let least = if self.kernel.kind == KernelKind::Rbf { 0.5 * median } else { f32::NEG_INFINITY };
        -if threshold > least { threshold } else { least }
    }

    /// The workspace of a problem of so many rows.
    #[inline(never)]
    pub fn carve<'w>(&self, ws: &'w mut [u32], size: usize) -> Result<Space<'w>, TrainError> {
        let words = ws.len();
        Space::carve(ws, (self.rows, self.width), size).ok_or_else(|| {
            let shape = crate::Shape { rows: self.rows, features: self.width };
            TrainError::Workspace(Shortage { needed: crate::required(&self.checked, shape), available: words * 4 })
        })
    }
}
