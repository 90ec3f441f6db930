//! Sequential minimal optimisation of one dual problem (Platt 1998) with the second-order working set selection of
//! Fan, Chen and Lin (2005, WSS 2), shrinking, and cached kernel rows.
//!
//! In the signed variables β = y·α the dual of C-SVC is: maximise Σ yβ − ½ βᵀKβ with Σβ = 0 and A ≤ β ≤ B, where
//! [A, B] is [0, C] for y = +1 and [−C, 0] for y = −1 (Bottou and Lin 2007). One-class ν-SVM is the same without the
//! linear part, with [0, 1] and Σβ = ν·rows. Its gradient is g = y − Kβ (g = −Kβ): row t can rise while β < B ("up")
//! and fall while β > A ("low"), and at the optimum max g over up ≤ min g over low. Their difference is the KKT gap.

use crate::cache::{Clock, LINE, VACANT_LINE};
use crate::kernel::KernelKind;
use crate::passes::{descend, partner};
use crate::plan::{Plan, id};
use crate::rows::{Rows, each};
use crate::space::Space;
use bytemuck::{Pod, Zeroable};
use hone_learn::SetView;

/// One variable of the dual: a row's multiplier, and what goes with it.
#[derive(Clone, Copy, Debug, Zeroable, Pod)]
#[repr(C)]
pub(crate) struct Variable {
    /// g, by which the dual would grow with the multiplier.
    pub gradient: f32,
    /// β = y·α.
    pub multiplier: f32,
    /// The row's squared length; K(x,x) for polynomial and sigmoid.
    pub square: f32,
    /// Flags, the variable's line in the cache, and the row's number in the set.
    pub state: u32,
}

/// The multiplier can rise.
pub(crate) const UP: u32 = 1 << 31;
/// It can fall.
pub(crate) const LOW: u32 = 1 << 30;
/// y is +1.
pub(crate) const POSITIVE: u32 = 1 << 29;
/// A row that is not learnt: its multiplier stays 0, and its gradient tells what the machine makes of it.
pub(crate) const HELD: u32 = 1 << 28;

/// Iterations between two rounds of shrinking.
const SHRINK_EVERY: u32 = 2;

/// Iterations after which rounding may have moved the gradient: an optimum is then believed once it was rebuilt.
const TRUSTED: u32 = 2_000;

impl Variable {
    /// The row's number in the set.
    pub fn row(&self) -> usize {
        (self.state & 0xffff) as usize
    }

    /// Whether y is +1.
    pub fn is_positive(&self) -> bool {
        self.state & POSITIVE != 0
    }

    /// Exchanges two, field by field: as a whole the compiler would call memmove.
    pub fn swap(&mut self, other: &mut Self) {
        core::mem::swap(&mut self.gradient, &mut other.gradient);
        core::mem::swap(&mut self.multiplier, &mut other.multiplier);
        core::mem::swap(&mut self.square, &mut other.square);
        core::mem::swap(&mut self.state, &mut other.state);
    }

    /// Least and greatest multiplier.
    fn ends(&self, [upper, lower]: [f32; 2]) -> (f32, f32) {
        if self.is_positive() { (0.0, upper) } else { (-lower, 0.0) }
    }
}

/// What of a problem outlives a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub rows: usize,
    pub active: usize,
    pub clock: Clock,
    pub iterations: u32,
    /// The up-row of greatest gradient, that gradient, and the least over the low-rows.
    pub first: usize,
    pub greatest: f32,
    pub least: f32,
    /// B of positive rows and −A of negative ones.
    bounds: [f32; 2],
    pub until_shrink: u32,
    pub since_rebuild: u32,
    /// Gradients from `.0` on are being rebuilt, the vectors before `.1` are done.
    pub rebuild: Option<(usize, usize)>,
    stuck: bool,
    pub work: u32,
}

impl Run {
    /// Of a problem of so many rows, that is not solved yet.
    pub fn of(rows: usize, bounds: [f32; 2]) -> Self {
        Self { rows, active: rows, bounds, until_shrink: SHRINK_EVERY, ..Self::default() }
    }
}

/// The problem of one pair of classes.
pub(crate) struct Problem<'a> {
    pub plan: &'a Plan,
    pub set: &'a SetView<'a>,
    pub rows: Rows<'a>,
    pub run: &'a mut Run,
    pub space: &'a mut Space<'a>,
}

impl Problem<'_> {
    /// What the gradient of a row starts from: y for C-SVC, 0 for one-class.
    pub fn origin(plan: &Plan, v: &Variable) -> f32 {
        if plan.novelty() {
            0.0
        } else if v.is_positive() {
            1.0
        } else {
            -1.0
        }
    }

    /// Enters the rows of the pair at hand.
    #[inline(never)]
    pub fn enter(&mut self) {
        let plan = self.plan;
        self.space.lines.fill(VACANT_LINE);
        let (novelty, [first, second]) = (plan.novelty(), plan.sides());
        let mut vars = self.space.vars.iter_mut();
        for (label, row) in self.set.labels().map(id).zip(0..) {
            // A multiplier of 0 can rise where it is positive, and fall where it is negative.
            let (y, flags) = if novelty {
                (0.0, POSITIVE | UP)
            } else if label == first.id {
                (1.0, POSITIVE | UP)
            } else if label == second.id {
                (-1.0, LOW)
            } else {
                continue;
            };
            let Some(v) = vars.next() else { break };
            *v = Variable { gradient: y, multiplier: 0.0, square: 0.0, state: row | LINE | flags };
        }
        for v in self.space.vars.iter_mut() {
            let Some(row) = self.rows.row(v.row()) else { break };
            let mut x2 = 0.0;
            each(row, self.rows.format(), self.space.scaling.iter().copied(), |[a, b], v| {
                let z = a * v + b;
                x2 += z * z;
            });
            v.square = plan.kernel.kept(x2);
        }
        self.spend(self.run.rows * plan.width);
        if plan.novelty() {
            // One-class starts from the first ν·n rows (LIBSVM).
            let fitted = self.run.rows - plan.held();
            let mut share = plan.params().nu * fitted as f32;
            for t in 0..fitted {
                let b = share.clamp(0.0, 1.0);
                self.put(t, b);
                share -= b;
            }
            for v in self.space.vars.iter_mut().skip(fitted) {
                v.state = v.state & !(UP | LOW) | HELD;
            }
            self.run.rebuild = Some((0, 0));
        } else {
            // All gradients are those that they start from.
            self.run.first = self.space.vars.iter().take_while(|v| !v.is_positive()).count();
            (self.run.greatest, self.run.least) = (1.0, -1.0);
        }
    }

    /// Iterates until about `budget` multiply-accumulates are spent, then none; or to the end, and then says whether that
    /// came before the optimum.
    #[inline(never)]
    pub fn solve(&mut self, budget: u32) -> Option<bool> {
        loop {
            match self.advance() {
                None if self.run.work < budget => {}
                end => return end,
            }
        }
    }

    pub fn gap(&self) -> f32 {
        self.run.greatest - self.run.least
    }

    #[inline(never)]
    pub fn spend(&mut self, work: usize) {
        self.run.work = self.run.work.saturating_add(work as u32);
    }

    /// One iteration, or one piece of what comes between iterations: none. Or the end, and whether that came before the
    /// optimum: by the limit of iterations, as a step is too small for `f32` to tell, or as numbers are no longer finite.
    fn advance(&mut self) -> Option<bool> {
        if let Some((from, next)) = self.run.rebuild.take() {
            self.rebuild(from, next);
            return None;
        }
        let (p, gap) = (self.plan.params(), self.gap());
        let from = if gap <= p.tolerance || self.run.iterations >= p.iterations {
            if self.run.active < self.run.rows {
                // Rows set aside come back with a fresh gradient.
                self.run.active
            } else if self.run.since_rebuild > TRUSTED {
                0
            } else {
                return Some(gap > p.tolerance);
            }
        } else if !gap.is_finite() {
            return Some(true);
        } else {
            if p.shrinking {
                self.run.until_shrink -= 1;
                if self.run.until_shrink == 0 {
                    self.run.until_shrink = SHRINK_EVERY;
                    self.shrink();
                }
            }
            if self.iterate() {
                self.run.stuck = false;
                return None;
            }
            if self.run.stuck {
                return Some(true);
            }
            self.run.stuck = true;
            0
        };
        self.run.rebuild = Some((from, 0));
        None
    }

    /// One step of SMO. False when it cannot move.
    #[inline(never)]
    fn iterate(&mut self) -> bool {
        let (i, active) = (self.run.first, self.run.active);
        let line_i = self.fetch(i, active);
        let Some(vi) = self.space.vars.get(i).copied() else { return false };
        let own = if self.plan.kernel.kind == KernelKind::Rbf { None } else { Some(vi.square) };
        let Some(vars) = self.space.vars.get(..active) else { return false };
        let Some((j, eta)) = partner(vars, self.numbers(line_i), self.run.greatest, own) else { return false };
        let line_j = self.fetch(j, active);
        let Some(vj) = self.space.vars.get(j).copied() else { return false };

        let (_, most_i) = vi.ends(self.run.bounds);
        let (least_j, _) = vj.ends(self.run.bounds);
        let (room_i, room_j) = (most_i - vi.multiplier, vj.multiplier - least_j);
        let mut step = (vi.gradient - vj.gradient) / eta;
        for room in [room_i, room_j] {
            step = if room < step { room } else { step };
        }
        // What comes to its bound is there exactly.
        let beta_i = if step == room_i { most_i } else { vi.multiplier + step };
        let beta_j = if step == room_j { least_j } else { vj.multiplier - step };
        if beta_i == vi.multiplier && beta_j == vj.multiplier {
            return false;
        }
        self.put(i, beta_i);
        self.put(j, beta_j);
        self.descend(line_i, line_j, step);
        self.run.iterations += 1;
        self.run.since_rebuild += 1;
        self.spend(4 * active);
        true
    }

    /// Gives a variable a multiplier, and says whether that can rise and fall.
    #[inline(never)]
    fn put(&mut self, t: usize, b: f32) {
        let Some(v) = self.space.vars.get_mut(t) else { return };
        let (least, most) = v.ends(self.run.bounds);
        v.multiplier = b;
        v.state = v.state & !(UP | LOW) | if b < most { UP } else { 0 } | if b > least { LOW } else { 0 };
    }

    /// Moves the gradient of the active rows by a step along e_i − e_j, by the lines of i and j, and finds its extremes.
    #[inline(never)]
    pub fn descend(&mut self, line_i: usize, line_j: usize, step: f32) {
        let Space { vars, kept, .. } = &mut *self.space;
        let (kept, size) = (&**kept, vars.len());
        if let (Some(row_i), Some(row_j)) = (kept.get(line_i * size..), kept.get(line_j * size..))
            && let Some(vars) = vars.get_mut(..self.run.active)
        {
            (self.run.first, self.run.greatest, self.run.least) = descend(vars, row_i, row_j, step);
        }
    }

    /// Sets aside the rows at a bound whose gradient says that they would stay there (Joachims 1999; LIBSVM).
    #[inline(never)]
    fn shrink(&mut self) {
        let (greatest, least) = (self.run.greatest, self.run.least);
        // A row that is up only cannot be the first of a violating pair, or one that is low only the second.
        let settled = |v: &Variable| match v.state & (UP | LOW) {
            UP => v.gradient < least,
            LOW => v.gradient > greatest,
            _ => false,
        };
        self.spend(self.run.active);
        let (mut t, mut end) = (0, self.run.active);
        // From the front to the next settled row, from the back to the next that is not, and exchange them.
        while let Some(front) = self.space.vars.get(t..end).and_then(|v| v.iter().position(settled)) {
            t += front;
            let back = self.space.vars.get(t..end).and_then(|v| v.iter().rposition(|v| !settled(v)));
            end = t + back.unwrap_or(0);
            if back.is_some() {
                self.exchange(t, end);
                t += 1;
            }
        }
        self.run.active = end;
    }
}
