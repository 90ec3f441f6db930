//! What stays fixed while one model is trained: parameters, kernel, classes, the pair at hand; and how the workspace
//! is laid out.

use crate::cache::Cache;
use crate::kernel::{Kernel, Kind};
use crate::model::{ModelMut, pairs_of};
use crate::params::{Checked, MAX_CLASSES};
use crate::rows::{Rows, operand_len};
use crate::smo::{self, Problem, Run, Scaling};
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
    classes: [ClassId; MAX_CLASSES],
    counts: [u16; MAX_CLASSES],
    /// Classes in use; none for novelty.
    pub known: usize,
    /// The pair at hand, by indices into the classes; the first is the positive one.
    pub pair: (usize, usize),
    pub novelty: bool,
    /// Rows that count.
    pub labelled: usize,
}

/// The workspace of a training.
pub(crate) struct Shared<'a> {
    /// Per row: 0 no support vector, 1 at its bound wherever it is one, 2 free in some pair.
    pub marks: &'a mut [u8],
    /// Per row the number of its record in the model, or `NO_SLOT`; empty for the linear kernel.
    pub slots: &'a mut [u16],
    pub scaling: Scaling<'a>,
}

/// Whether the build has one-class machines.
pub(crate) const NOVELTY: bool = cfg!(feature = "novelty");

pub(crate) const NO_SLOT: u16 = u16::MAX;

/// The fewest rows that calibrate.
const LEAST_HELD: usize = 4;

/// The lower median of the scores of rows held back: the greatest that no more than half of them are below. By halving the
/// interval, as there is no room to sort them.
fn median(problem: &Problem<'_>) -> f32 {
    let held = || problem.vars.iter().filter(|v| v[3] & smo::HELD != 0).map(|v| -smo::g(v));
    let (mut low, mut high) = held().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), s| (l.min(s), h.max(s)));
    let half = held().count().div_ceil(2);
    for _ in 0..HALVINGS {
        let middle = low + 0.5 * (high - low);
        if held().filter(|s| *s <= middle).count() >= half { high = middle } else { low = middle }
    }
    high
}

/// After as many halvings an interval is below the precision of `f32`.
const HALVINGS: usize = 24;

impl Plan {
    pub fn new(checked: Checked) -> Self {
        Self {
            checked,
            kernel: Kernel::default(),
            rows: 0,
            width: 0,
            classes: [ClassId(0); MAX_CLASSES],
            counts: [0; MAX_CLASSES],
            known: 0,
            pair: (0, 1),
            novelty: false,
            labelled: 0,
        }
    }

    pub fn pairs(&self) -> usize {
        pairs_of(self.known)
    }

    pub fn linear(&self) -> bool {
        self.kernel.kind == Kind::Linear
    }

    pub fn classes(&self) -> &[ClassId] {
        self.classes.get(..self.known).unwrap_or(&[])
    }

    /// Moves on to the next pair; false after the last.
    pub fn next_pair(&mut self) -> bool {
        let (a, b) = self.pair;
        self.pair = if b + 1 < self.known { (a, b + 1) } else { (a + 1, a + 2) };
        self.pair.1 < self.known
    }

    /// Takes stock of the classes, in ascending order.
    pub fn count(&mut self, set: &SetView<'_>) -> Result<(), TrainError> {
        for label in set.labels().flatten() {
            self.labelled += 1;
            let at = self.classes().iter().take_while(|c| **c < label).count();
            if self.classes().get(at) != Some(&label) {
                self.known += 1;
                let (Some(classes), Some(counts)) =
                    (self.classes.get_mut(at..self.known), self.counts.get_mut(at..self.known))
                else {
                    return Err(TrainError::TooManyClasses { capacity: MAX_CLASSES as u32 });
                };
                // The others make room, one after the other.
                let (mut class, mut rows) = (label, 0);
                for (c, n) in classes.iter_mut().zip(counts) {
                    core::mem::swap(c, &mut class);
                    core::mem::swap(n, &mut rows);
                }
            }
            if let Some(count) = self.counts.get_mut(at) {
                *count += 1;
            }
        }
        Ok(())
    }

    /// What is subtracted from a feature and what it is then multiplied with.
    pub fn standard(&self, set: &SetView<'_>, f: &Feature) -> (f32, f32) {
        if self.checked.params().standardise {
            // A feature that never varied says nothing of the classes: it counts as 0, also when it varies later.
            let variance = set.variance(f);
            (f.mean, if variance > 0.0 { 1.0 / sqrt_f32(variance) } else { 0.0 })
        } else if self.kernel.kind == Kind::Rbf || (self.kernel.kind.ignores_offset() && !self.novelty) {
            // The solution is the same, and `f32` more exact.
            (f.mean, 1.0)
        } else {
            (0.0, 1.0)
        }
    }

    /// γ = 1/(features · variance), the variance over all numbers of all rows as the kernel sees them; 1 when nothing
    /// varies.
    pub fn scale_rule(&self, set: &SetView<'_>) -> f32 {
        let d = self.width as f32;
        let (mut square, mut sum) = (0.0, 0.0);
        for f in set.features() {
            let (variance, mean) = match (set.variance(f), self.checked.params().standardise) {
                (v, false) => (v, f.mean),
                (v, true) => (if v > 0.0 { 1.0 } else { 0.0 }, 0.0),
            };
            square += variance + mean * mean;
            sum += mean;
        }
        let variance = square / d - (sum / d) * (sum / d);
        if variance > 0.0 { 1.0 / (d * variance) } else { 1.0 }
    }

    /// C of a class.
    fn cost(&self, class: usize) -> f32 {
        let p = self.checked.params();
        let weight = self.classes.get(class).map_or(1.0, |c| p.weight(*c));
        let rows = self.counts.get(class).copied().unwrap_or(1);
        let balance = if p.balance { self.labelled as f32 / (self.known as f32 * f32::from(rows.max(1))) } else { 1.0 };
        p.c * weight * balance
    }

    /// Rows of the pair at hand.
    pub fn pair_rows(&self) -> usize {
        let rows = |class: usize| self.counts.get(class).map_or(0, |n| usize::from(*n));
        if self.novelty { self.rows } else { rows(self.pair.0) + rows(self.pair.1) }
    }

    /// Enters the rows of the pair at hand; those of an earlier model with the coefficients that it gave them, which stay.
    /// Whether some multipliers are not 0.
    pub fn seed(&self, problem: &mut Problem<'_>, earlier: Option<(&[u16], &ModelMut<'_>)>) -> bool {
        let class = |i: usize| self.classes.get(i).copied();
        let (first, second) = (class(self.pair.0), class(self.pair.1));
        let one = problem.linear.to_bits();
        let mut vars = problem.vars.iter_mut();
        for (row, label) in problem.set.labels().enumerate() {
            let positive = self.novelty || label == first;
            if positive || label == second {
                let Some(v) = vars.next() else { break };
                // A multiplier of 0 can rise where it is positive, and fall where it is negative.
                let (sign, flags) = if positive { (0, smo::POSITIVE | smo::UP) } else { (1 << 31, smo::LOW) };
                *v = [one | sign, 0, 0, row as u32 | flags];
                if let Some((slots, model)) = earlier
                    && let Some(slot) = slots.get(row).filter(|s| **s != NO_SLOT)
                {
                    let at = model.record_at(usize::from(*slot)) + self.coefficient(positive);
                    (v[1], v[3]) = (model.words.get(at).copied().unwrap_or(0), v[3] & !(smo::UP | smo::LOW));
                }
            }
        }
        if NOVELTY && self.novelty {
            // One-class starts from the first ν·n rows (LIBSVM).
            let fitted = problem.vars.len() - self.held();
            let mut share = self.checked.params().nu * fitted as f32;
            for v in problem.vars.iter_mut().skip(fitted) {
                v[3] = v[3] & !(smo::UP | smo::LOW) | smo::HELD;
            }
            for v in problem.vars.iter_mut().take(fitted) {
                let beta = share.clamp(0.0, 1.0);
                share -= beta;
                v[1] = beta.to_bits();
                v[3] = smo::flags(v, problem.bounds);
            }
        }
        earlier.is_some() || NOVELTY && self.novelty
    }

    /// Where in the record of a support vector its coefficient for the pair at hand is.
    pub fn coefficient(&self, positive: bool) -> usize {
        match (self.known, positive) {
            (..=2, _) => 1,
            (_, true) => 2 + self.pair.1 - 1,
            (_, false) => 2 + self.pair.0,
        }
    }

    /// Rows of a one-class machine, the newest, that calibrate it; none when they are too few to tell.
    pub fn held(&self) -> usize {
        let held = (self.checked.params().calibrate * self.rows as f32) as usize;
        if NOVELTY && self.novelty && held >= LEAST_HELD { held } else { 0 }
    }

    /// The bias of a one-class machine whose rows held back have scores that begin at 0 where normal ends: `margin`
    /// deviations below their median, as with the ESN's threshold, yet no further than half way to the score of a row
    /// unlike all others.
    pub fn calibrated(&self, problem: &Problem<'_>, bias: f32) -> f32 {
        let held = problem.vars.iter().filter(|v| v[3] & smo::HELD != 0);
        let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0f32);
        for v in held {
            // Of a row unlike all others this is 0.
            let score = -smo::g(v);
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
        let threshold = median - self.checked.params().margin * deviation;
        let least = if self.kernel.kind == Kind::Rbf { 0.5 * median } else { f32::NEG_INFINITY };
        -if threshold > least { threshold } else { least }
    }

    /// The parts of the workspace that all pairs share, and the rest.
    #[inline(never)]
    pub fn carve<'w>(&self, set: &SetView<'_>, ws: &'w mut [u32]) -> Result<(Shared<'w>, &'w mut [u32]), TrainError> {
        let (rows, width, words) = (set.len(), set.width(), ws.len());
        let mut rest = ws;
        let shared = Shared {
            marks: cast(cut(&mut rest, rows.div_ceil(4))).get_mut(..rows).unwrap_or_default(),
            slots: cast(cut(&mut rest, if self.linear() { 0 } else { rows.div_ceil(2) })),
            scaling: Scaling {
                scale: cast(cut(&mut rest, width)),
                shift: cast(cut(&mut rest, width)),
                z: cast(cut(&mut rest, operand_len(width))),
            },
        };
        // What comes after a part that did not fit is empty.
        if shared.scaling.z.len() < width { Err(self.shortage(set, words)) } else { Ok((shared, rest)) }
    }

    #[inline(never)]
    fn shortage(&self, set: &SetView<'_>, words: usize) -> TrainError {
        let shape = crate::Shape { rows: set.len(), features: set.width() };
        TrainError::Workspace(Shortage { needed: crate::required(&self.checked, shape), available: words * 4 })
    }

    /// The problem of the pair at hand, of as many rows as `run` says; marks and slots beside it. It is used in one
    /// place.
    #[inline(always)]
    pub fn problem<'w>(
        &'w self,
        run: &'w mut Run,
        set: &'w SetView<'w>,
        ws: &'w mut [u32],
    ) -> Result<(Problem<'w>, &'w mut [u8], &'w mut [u16]), TrainError> {
        let words = ws.len();
        let (shared, mut rest) = self.carve(set, ws)?;
        let vars = cut(&mut rest, 4 * run.rows).as_chunks_mut().0;
        let cache = Cache::carve(rest, run.rows).ok_or_else(|| self.shortage(set, words))?;
        let p = self.checked.params();
        let problem = Problem {
            set,
            rows: Rows::of(set),
            kernel: &self.kernel,
            scaling: shared.scaling,
            vars,
            cache,
            run,
            bounds: if self.novelty { [1.0, 0.0] } else { [self.cost(self.pair.0), self.cost(self.pair.1)] },
            linear: if self.novelty { 0.0 } else { 1.0 },
            tolerance: p.tolerance,
            shrinking: p.shrinking,
        };
        Ok((problem, shared.marks, shared.slots))
    }
}

/// Takes words off the front, or all and gives none when there are too few.
#[inline(never)]
pub(crate) fn cut<'w>(rest: &mut &'w mut [u32], words: usize) -> &'w mut [u32] {
    let (taken, left) = core::mem::take(rest).split_at_mut_checked(words).unwrap_or_default();
    *rest = left;
    taken
}

/// Words as items of another type, of which a word holds a whole number.
pub(crate) fn cast<T: bytemuck::Pod>(words: &mut [u32]) -> &mut [T] {
    bytemuck::try_cast_slice_mut(words).unwrap_or_default()
}
