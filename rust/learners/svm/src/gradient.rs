//! The gradient made anew from the multipliers, and what a solved problem comes to.

use crate::cache::NOBODY;
use crate::rows::{each, fold};
use crate::smo::{LOW, Problem, UP};
use crate::space::{FREE, VECTOR};

impl Problem<'_> {
    /// Recomputes gradients from position `from` on: by one support vector's kernel row per call, that of the first one from
    /// position `next` on; for the linear kernel at once, by the weight vector.
    #[inline(never)]
    pub fn rebuild(&mut self, from: usize, next: usize) {
        let (plan, n) = (self.plan, self.run.rows);
        let (line, b, left);
        if plan.linear() {
            self.weights();
            let constant = fold(self.space.z, self.space.scaling.iter().copied());
            // The place of a row that is used again last takes the decision values.
            line = self.evict(NOBODY);
            self.columns(line, 0, from).fill(0.0);
            self.complete(line, NOBODY, (from, n), (constant, 0.0));
            (b, left) = (1.0, n);
        } else {
            let vector = self.vector(next);
            // Without any it does not matter whose row it is.
            let vector = if vector < n { vector } else { 0 };
            line = self.fetch(vector, n);
            b = self.space.vars.get(vector).map_or(0.0, |v| v.multiplier);
            left = self.vector(vector + 1);
            self.spend(n);
        }
        let rows = (self.space.vars.get_mut(from..), self.space.kept.get(line * n + from..));
        let (Some(vars), Some(numbers)) = rows else { return };
        for (v, k) in vars.iter_mut().zip(numbers) {
            let before = if next == 0 { Self::origin(plan, v) } else { v.gradient };
            v.gradient = before - b * k;
        }
        if left < n {
            self.run.rebuild = Some((from, left));
        } else {
            self.run.active = n;
            if from == 0 {
                self.run.since_rebuild = 0;
            }
            self.run.until_shrink = 1;
            // No step, but the extremes.
            self.descend(line, line, 0.0);
        }
    }

    /// The first support vector from a position on, or the count of variables.
    fn vector(&self, mut from: usize) -> usize {
        while self.space.vars.get(from).is_some_and(|v| v.multiplier == 0.0) {
            from += 1;
        }
        from
    }

    /// Writes Σ β·z into the scratch row, the weight vector of a linear machine.
    #[inline(never)]
    pub fn weights(&mut self) {
        let z = &mut *self.space.z;
        let rows = self.rows;
        z.fill(0.0);
        let mut sum = 0.0;
        for v in self.space.vars.iter() {
            let b = v.multiplier;
            if b == 0.0 {
                continue;
            }
            sum += b;
            if let Some(row) = rows.row(v.row()) {
                each(row, rows.format(), z.iter_mut(), |z, x| *z += b * x);
            }
        }
        for (z, [a, b]) in z.iter_mut().zip(self.space.scaling.iter()) {
            *z = *z * a + sum * b;
        }
    }

    /// Bias and objective, and marks the support vectors by their role.
    #[inline(never)]
    pub fn sum_up(&mut self) -> Summary {
        let (mut sum, mut count, mut objective, mut new) = (0.0, 0u32, 0.0, 0);
        for v in self.space.vars.iter().filter(|v| v.multiplier != 0.0) {
            objective += v.multiplier * (Self::origin(self.plan, v) + v.gradient);
            let free = v.state & (UP | LOW) == UP | LOW;
            if free {
                sum += v.gradient;
                count += 1;
            }
            if let Some(note) = self.space.notes.get_mut(v.row()) {
                new += u16::from(*note & VECTOR == 0);
                *note |= if free { VECTOR | FREE } else { VECTOR };
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
