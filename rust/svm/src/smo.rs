//! Sequential minimal optimisation of one dual problem (Platt 1998) with the second-order working set selection of
//! Fan, Chen and Lin (2005, WSS 2), shrinking, and cached kernel rows.
//!
//! In the signed variables β = y·α the dual of C-SVC is: maximise Σ yβ − ½ βᵀKβ with Σβ = 0 and A ≤ β ≤ B, where
//! [A, B] is [0, C] for y = +1 and [−C, 0] for y = −1 (Bottou and Lin 2007). One-class ν-SVM is the same without the
//! linear part, with [0, 1] and Σβ = ν·rows. Its gradient is g = y − Kβ (g = −Kβ): row t can rise while β < B ("up")
//! and fall while β > A ("low"), and at the optimum max g over up ≤ min g over low. Their difference is the KKT gap.

use crate::cache::{Cache, Clock};
use crate::kernel::{Kernel, Kind};
use crate::passes::{descend, partner};
#[cfg(feature = "reduce")]
use crate::rows::dot;
use crate::rows::{Rows, VACANT, cheap, each, fill, fold, unfold};
use core::hint::black_box;
use hone_learn::SetView;

/// One variable: gradient g, multiplier β, the row's squared length (K(x,x) for polynomial and sigmoid), flags and
/// the row's number in the set.
pub(crate) type Var = [u32; 4];

pub(crate) const UP: u32 = 1 << 31;
pub(crate) const LOW: u32 = 1 << 30;
pub(crate) const POSITIVE: u32 = 1 << 29;
/// A row that is not learnt: its multiplier stays 0, and its gradient tells what the machine makes of it.
pub(crate) const HELD: u32 = 1 << 28;

/// Iterations between two rounds of shrinking.
const SHRINK_EVERY: u32 = 2;

/// Iterations after which rounding may have moved the gradient: an optimum is then believed once it was rebuilt.
const TRUSTED: u32 = 2_000;

/// Added to the diagonal of a projection: rows that are alike shall not get large multipliers of opposite signs.
#[cfg(feature = "reduce")]
const RIDGE: f32 = 1e-5;

/// Directions of a projection at most, and the part of the squared residual that is not worth another.
#[cfg(feature = "reduce")]
const ROUNDS: usize = 50;
#[cfg(feature = "reduce")]
const EXACT: f32 = 1e-10;

pub(crate) fn g(v: &Var) -> f32 {
    f32::from_bits(v[0])
}

pub(crate) fn beta(v: &Var) -> f32 {
    f32::from_bits(v[1])
}

pub(crate) fn square(v: &Var) -> f32 {
    f32::from_bits(v[2])
}

pub(crate) fn row_of(v: &Var) -> usize {
    (v[3] & 0xffff) as usize
}

/// What of a problem outlives a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub rows: usize,
    pub active: usize,
    pub clock: Clock,
    pub iterations: u32,
    /// The up-row of greatest gradient, that gradient, and the least over the low-rows.
    first: usize,
    pub greatest: f32,
    pub least: f32,
    until_shrink: u32,
    since_rebuild: u32,
    /// Gradients from `.0` on are being rebuilt, the vectors before `.1` are done.
    rebuild: Option<(usize, usize)>,
    stuck: bool,
    pub work: u32,
}

impl Run {
    /// Of a problem of so many rows, that is not solved yet.
    pub fn of(rows: usize) -> Self {
        Self { rows, active: rows, until_shrink: SHRINK_EVERY, ..Self::default() }
    }
}

/// What one call of [`Problem::advance`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Advance {
    More,
    /// The gap is within tolerance.
    Optimal,
    /// A step is too small for `f32` to tell, or numbers are no longer finite.
    Stuck,
}

/// How rows become what the kernel sees: z = scale·v + shift.
#[derive(Debug)]
pub(crate) struct Scaling<'a> {
    pub scale: &'a mut [f32],
    pub shift: &'a mut [f32],
    /// Room for one row.
    pub z: &'a mut [f32],
}

pub(crate) struct Problem<'a> {
    pub set: &'a SetView<'a>,
    pub rows: Rows<'a>,
    pub kernel: &'a Kernel,
    pub scaling: Scaling<'a>,
    pub vars: &'a mut [Var],
    pub cache: Cache<'a>,
    pub run: &'a mut Run,
    /// B of positive rows and −A of negative ones.
    pub bounds: [f32; 2],
    /// What the gradient starts from: 1 for C-SVC, 0 for one-class.
    pub linear: f32,
    pub tolerance: f32,
    pub shrinking: bool,
}

impl Problem<'_> {
    /// Starts: the rows have been entered, `begun` with multipliers that are not 0.
    #[inline(never)]
    pub fn start(&mut self, begun: bool) {
        let n = self.vars.len();
        self.cache.clear(&mut self.run.clock);
        let Scaling { scale, shift, .. } = &self.scaling;
        let rows = self.rows;
        for v in self.vars.iter_mut() {
            let Some(row) = rows.row(row_of(v)) else { continue };
            let mut x2 = 0.0;
            each(row, rows.format, scale.iter().zip(shift.iter()), |(a, b), v| {
                let z = a * v + b;
                x2 += z * z;
            });
            v[2] = self.kernel.kept(x2).to_bits();
        }
        self.spend(n * self.set.width());
        if begun {
            self.run.rebuild = Some((0, 0));
        } else {
            // Positive rows can rise and the others fall, all with the gradient they start from.
            let first = self.vars.iter().position(|v| v[3] & POSITIVE != 0);
            let greatest = if first.is_some() { self.linear } else { f32::NEG_INFINITY };
            (self.run.first, self.run.greatest, self.run.least) = (first.unwrap_or(0), greatest, -self.linear);
        }
    }

    /// Iterates until about `budget` multiply-accumulates are spent, then none; or to the end, and then says whether that
    /// came before the optimum.
    #[inline(never)]
    pub fn solve(&mut self, most: u32, budget: u32) -> Option<bool> {
        loop {
            match self.advance() {
                Advance::Optimal => return Some(false),
                Advance::Stuck => return Some(true),
                Advance::More => {}
            }
            if self.run.iterations >= most && self.at_rest() {
                return Some(self.gap() > self.tolerance);
            }
            if self.run.work >= budget {
                return None;
            }
        }
    }

    pub fn gap(&self) -> f32 {
        self.run.greatest - self.run.least
    }

    fn spend(&mut self, work: usize) {
        self.run.work = self.run.work.saturating_add(work as u32);
    }

    /// One iteration, or one piece of what comes between iterations.
    fn advance(&mut self) -> Advance {
        if let Some((from, done)) = self.run.rebuild {
            self.rebuild(from, done);
            return Advance::More;
        }
        let gap = self.gap();
        if gap <= self.tolerance {
            if self.run.active < self.run.rows {
                // Rows set aside come back with a fresh gradient.
                self.begin_rebuild(self.run.active);
                return Advance::More;
            }
            if self.run.since_rebuild > TRUSTED {
                self.begin_rebuild(0);
                return Advance::More;
            }
            return Advance::Optimal;
        }
        if !gap.is_finite() {
            return Advance::Stuck;
        }
        if self.shrinking {
            self.run.until_shrink -= 1;
            if self.run.until_shrink == 0 {
                self.run.until_shrink = SHRINK_EVERY;
                self.shrink();
            }
        }
        if self.iterate() {
            self.run.stuck = false;
            return Advance::More;
        }
        if self.run.stuck {
            return Advance::Stuck;
        }
        self.run.stuck = true;
        self.begin_rebuild(0);
        Advance::More
    }

    /// Whether the gradient of every row is up to date; if not, calls of [`Problem::advance`] will see to it.
    fn at_rest(&mut self) -> bool {
        if self.run.rebuild.is_none() && self.run.active < self.run.rows {
            self.begin_rebuild(self.run.active);
        }
        self.run.rebuild.is_none()
    }

    /// The extremes of the gradient over the active rows.
    #[inline(never)]
    fn survey(&mut self) {
        let (mut first, mut greatest, mut least) = (0, f32::NEG_INFINITY, f32::INFINITY);
        for (t, v) in self.vars.get(..self.run.active).unwrap_or(&[]).iter().enumerate() {
            let g = g(v);
            if v[3] & UP != 0 && g > greatest {
                (first, greatest) = (black_box(t), g);
            }
            if v[3] & LOW != 0 && g < least {
                least = black_box(g);
            }
        }
        (self.run.first, self.run.greatest, self.run.least) = (first, greatest, least);
    }

    /// One step of SMO. False when it cannot move.
    #[inline(never)]
    fn iterate(&mut self) -> bool {
        let (i, active) = (self.run.first, self.run.active);
        let slot_i = self.fetch(i, active);
        let Some(vi) = self.vars.get(i).copied() else { return false };
        let row_i = self.cache.row(slot_i, active);
        let vars = self.vars.get(..active).unwrap_or(&[]);
        let own = if self.kernel.kind == Kind::Rbf { None } else { Some(square(&vi)) };
        let Some((j, eta)) = partner(vars, row_i, self.run.greatest, own) else { return false };
        let slot_j = self.fetch(j, active);
        let Some(vj) = self.vars.get(j).copied() else { return false };

        let [upper, lower] = self.bounds;
        let most_i = if vi[3] & POSITIVE != 0 { upper } else { 0.0 };
        let least_j = if vj[3] & POSITIVE != 0 { 0.0 } else { -lower };
        let (room_i, room_j) = (most_i - beta(&vi), beta(&vj) - least_j);
        let mut step = (g(&vi) - g(&vj)) / eta;
        let (mut beta_i, mut beta_j) = (beta(&vi) + step, beta(&vj) - step);
        if step >= room_i || step >= room_j {
            if room_i <= room_j {
                step = room_i;
                (beta_i, beta_j) = (most_i, beta(&vj) - step);
            }
            if room_j <= room_i {
                step = room_j;
                (beta_i, beta_j) = (if room_i == room_j { most_i } else { beta(&vi) + step }, least_j);
            }
        }
        if beta_i == beta(&vi) && beta_j == beta(&vj) {
            return false;
        }
        for (t, b) in [(i, beta_i), (j, beta_j)] {
            if let Some(v) = self.vars.get_mut(t) {
                v[1] = b.to_bits();
                v[3] = flags(v, self.bounds);
            }
        }
        let vars = self.vars.get_mut(..active).unwrap_or(&mut []);
        let (first, greatest, least) =
            descend(vars, self.cache.row(slot_i, active), self.cache.row(slot_j, active), step);
        (self.run.first, self.run.greatest, self.run.least) = (first, greatest, least);
        self.run.iterations += 1;
        self.run.since_rebuild += 1;
        self.spend(4 * active);
        true
    }

    /// The slot with the kernel row of position `p`, of at least `len` columns.
    #[inline(never)]
    fn fetch(&mut self, p: usize, len: usize) -> usize {
        let (slot, have) = self.cache.claim(p, &mut self.run.clock);
        if have >= len {
            return slot;
        }
        let Some(v) = self.vars.get(p) else { return slot };
        let own = square(v);
        let Scaling { scale, shift, z } = &mut self.scaling;
        let (rows, width) = (self.rows, self.set.width());
        let Some(row) = rows.row(row_of(v)) else { return slot };
        let constant = unfold(row, rows.format, scale, shift, z);
        let out = if cheap(self.kernel, rows.format, width) {
            self.cache.columns(slot, have, len)
        } else {
            self.cache.open(slot, have, len, &self.run.clock)
        };
        let vars = self.vars.get(have..len).unwrap_or(&[]);
        fill(rows, (z, width), (constant, own), self.kernel, vars, out);
        self.cache.set_len(slot, len);
        self.spend((len - have) * self.set.width());
        slot
    }

    /// Sets aside the rows at a bound whose gradient says that they would stay there (Joachims 1999; LIBSVM).
    #[inline(never)]
    fn shrink(&mut self) {
        let (greatest, least) = (self.run.greatest, self.run.least);
        // A row that is up only cannot be the first of a violating pair, or one that is low only the second.
        let settled = |v: &Var| match v[3] & (UP | LOW) {
            UP => g(v) < least,
            LOW => g(v) > greatest,
            _ => false,
        };
        self.spend(self.run.active);
        let (mut t, mut end) = (0, self.run.active);
        // From the front to the next settled row, from the back to the next that is not, and exchange them.
        while let Some(front) = self.vars.get(t..end).and_then(|v| v.iter().position(settled)) {
            t += front;
            let back = self.vars.get(t..end).and_then(|v| v.iter().rposition(|v| !settled(v)));
            end = t + back.unwrap_or(0);
            if back.is_some() {
                self.exchange(t, end);
                t += 1;
            }
        }
        self.run.active = end;
    }

    /// Exchanges positions `p` < `q`.
    pub fn exchange(&mut self, p: usize, q: usize) {
        if let Some((front, back)) = self.vars.split_at_mut_checked(q)
            && let (Some(v), Some(w)) = (front.get_mut(p), back.first_mut())
        {
            // Word by word: as a whole the compiler would call memmove.
            let ([a, b, c, d], [e, f, g, h]) = (*v, *w);
            (*v, *w) = ([e, f, g, h], [a, b, c, d]);
        }
        self.cache.swap(p, q, &self.run.clock);
        // The extremes are never set aside; the first may have moved.
        if self.run.first == q {
            self.run.first = p;
        }
    }

    fn begin_rebuild(&mut self, from: usize) {
        self.run.rebuild = Some((from, 0));
    }

    /// Recomputes gradients from position `from` on: by the weight vector for the linear kernel, else by one support
    /// vector's kernel row per call.
    #[inline(never)]
    fn rebuild(&mut self, from: usize, done: usize) {
        let n = self.run.rows;
        let (linear, from_start) =
            (self.linear, |v: &Var, linear: f32| if v[3] & POSITIVE != 0 { linear } else { -linear });
        if self.kernel.kind == Kind::Linear {
            self.weights();
            let Scaling { scale, shift, z } = &mut self.scaling;
            let constant = fold(z, scale, shift);
            let (rows, width) = (self.rows, self.set.width());
            // The place of a row that is used again last takes the decision values.
            let slot = self.cache.evict(&self.run.clock);
            let out = self.cache.columns(slot, from, n);
            if !cheap(self.kernel, rows.format, width) {
                out.fill(f32::from_bits(VACANT));
            }
            let vars = self.vars.get_mut(from..).unwrap_or(&mut []);
            fill(rows, (z, width), (constant, 0.0), self.kernel, vars, out);
            for (v, f) in vars.iter_mut().zip(out) {
                v[0] = (from_start(v, linear) - *f).to_bits();
            }
            self.spend(n.saturating_sub(from) * width);
        } else if let Some(s) = (done..n).find(|s| self.vars.get(*s).is_some_and(|v| beta(v) != 0.0)) {
            let slot = self.fetch(s, n);
            let b = self.vars.get(s).map_or(0.0, beta);
            for (v, k) in self.vars.iter_mut().zip(self.cache.row(slot, n)).skip(from) {
                let before = if done == 0 { from_start(v, linear) } else { g(v) };
                v[0] = (before - b * k).to_bits();
            }
            self.spend(n);
            self.run.rebuild = Some((from, s + 1));
            return;
        }
        self.run.rebuild = None;
        self.run.active = n;
        if from == 0 {
            self.run.since_rebuild = 0;
        }
        self.run.until_shrink = 1;
        self.survey();
    }

    /// Solves (K + RIDGE)·β = g over the first `len` positions, with β starting from 0, by the method of conjugate gradients
    /// (Hestenes and Stiefel 1952). It ends early where K is not positive definite.
    #[cfg(feature = "reduce")]
    pub fn fit(&mut self, len: usize) {
        // The direction takes the place of a kernel row; K times it that of another, or is worked out twice.
        let direction = self.cache.hold(None, &mut self.run.clock);
        let image = self.cache.has_three().then(|| self.cache.hold(None, &mut self.run.clock));
        let mut squared = 0.0;
        for (v, p) in self.vars.iter().zip(self.cache.columns(direction, 0, len)) {
            *p = g(v);
            squared += *p * *p;
        }
        let enough = squared * EXACT;
        for _ in 0..ROUNDS {
            if squared.is_nan() || squared <= enough {
                break;
            }
            let mut curvature = 0.0;
            for t in 0..len {
                let q = self.along(t, len, direction, image);
                curvature += q * self.cache.row(direction, len).get(t).copied().unwrap_or(0.0);
                if let Some(place) = image.and_then(|i| self.cache.columns(i, t, len).first_mut()) {
                    *place = q;
                }
            }
            let (step, before) = (squared / curvature, squared);
            if !step.is_finite() || step <= 0.0 {
                break;
            }
            squared = 0.0;
            for t in 0..len {
                let q = match image {
                    Some(image) => self.cache.row(image, len).get(t).copied().unwrap_or(0.0),
                    None => self.along(t, len, direction, image),
                };
                let p = self.cache.row(direction, len).get(t).copied().unwrap_or(0.0);
                let Some(v) = self.vars.get_mut(t) else { break };
                let left = g(v) - step * q;
                (v[0], v[1]) = (left.to_bits(), (beta(v) + step * p).to_bits());
                squared += left * left;
            }
            let turn = squared / before;
            for (v, p) in self.vars.iter().zip(self.cache.columns(direction, 0, len)) {
                *p = g(v) + turn * *p;
            }
            self.spend(len * (len + 4));
        }
    }

    /// Row `t` of K + RIDGE times a direction.
    #[cfg(feature = "reduce")]
    fn along(&mut self, t: usize, len: usize, direction: usize, image: Option<usize>) -> f32 {
        for slot in [Some(direction), image].into_iter().flatten() {
            self.cache.hold(Some(slot), &mut self.run.clock);
        }
        let slot = self.fetch(t, len);
        let p = self.cache.row(direction, len);
        dot(self.cache.row(slot, len), p) + RIDGE * p.get(t).copied().unwrap_or(0.0)
    }

    /// Writes Σ β·z into the scratch row, the weight vector of a linear machine.
    #[inline(never)]
    pub fn weights(&mut self) {
        let Scaling { scale, shift, z } = &mut self.scaling;
        let rows = self.rows;
        z.fill(0.0);
        let mut sum = 0.0;
        for v in self.vars.iter() {
            let b = beta(v);
            if b == 0.0 {
                continue;
            }
            sum += b;
            if let Some(row) = rows.row(row_of(v)) {
                each(row, rows.format, z.iter_mut(), |z, x| *z += b * x);
            }
        }
        for ((z, a), s) in z.iter_mut().zip(scale.iter()).zip(shift.iter()) {
            *z = *z * a + sum * s;
        }
    }

    /// Bias and objective, and marks the support vectors by their role.
    pub fn sum_up(&self, marks: &mut [u8]) -> Summary {
        let (mut sum, mut count, mut objective, mut new) = (0.0, 0u32, 0.0, 0);
        for v in self.vars.iter().filter(|v| beta(v) != 0.0) {
            let y = if v[3] & POSITIVE != 0 { self.linear } else { -self.linear };
            objective += beta(v) * (y + g(v));
            let free = v[3] & (UP | LOW) == UP | LOW;
            if free {
                sum += g(v);
                count += 1;
            }
            if let Some(mark) = marks.get_mut(row_of(v)) {
                new += u16::from(*mark == 0);
                *mark = (*mark).max(if free { 2 } else { 1 });
            }
        }
        let bias = if count > 0 { sum / count as f32 } else { (self.run.greatest + self.run.least) * 0.5 };
        Summary { bias, objective: objective * 0.5, new }
    }
}

/// What a solved problem comes to.
pub(crate) struct Summary {
    /// The mean gradient of the free rows, or the middle of the extremes when none is free.
    pub bias: f32,
    /// The dual objective, Σα − ½αᵀQα (one-class: −½αᵀQα).
    pub objective: f32,
    /// Support vectors that no pair before had.
    pub new: u16,
}

/// Whether β can rise and fall.
pub(crate) fn flags(v: &Var, [upper, lower]: [f32; 2]) -> u32 {
    let (least, most) = if v[3] & POSITIVE != 0 { (0.0, upper) } else { (-lower, 0.0) };
    let b = beta(v);
    v[3] & !(UP | LOW) | if b < most { UP } else { 0 } | if b > least { LOW } else { 0 }
}
