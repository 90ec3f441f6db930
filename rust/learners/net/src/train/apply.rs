//! The update at the end of a batch, row by row.

use super::{Phase, Trainer};
use crate::loss;
use crate::model::Head;
use crate::place::Use;
use crate::plan::{ByteStore, RealStore, batch_bytes};
use crate::scale::power;
use crate::stage::{Form, Stage};
use crate::update::{self, Step};

impl Trainer {
    /// Updates row `row` of stage `index`; what comes next.
    #[inline(never)]
    pub(super) fn update(
        &mut self,
        memory: &mut [u32],
        head: &mut Head,
        words: &mut [u32],
        index: u8,
        row: u16,
    ) -> Option<Phase> {
        let l = usize::from(index);
        let Some(stage) = head.stages.get(l) else {
            self.close_batch(head, words);
            return Some(Phase::Learn);
        };
        let next = Phase::Update { stage: index + 1, row: 0 };
        if !stage.learns() || self.filled == 0 {
            return Some(next);
        }
        let done = match stage.form {
            Form::Int8 => self.byte_update(memory, head, words, stage, l, row.into())?,
            Form::F32 => self.real_update(memory, words, stage, l, row.into())?,
        };
        Some(if done { next } else { Phase::Update { stage: index, row: row + 1 } })
    }

    pub(super) fn step_of(&self) -> Step {
        Step { rate: self.rate, momentum: self.params().momentum, rounding: self.params().rounding }
    }

    /// One row, with its bias where there is one for each row; whether it was the last.
    pub(super) fn byte_update(
        &mut self,
        memory: &mut [u32],
        head: &Head,
        words: &mut [u32],
        stage: &Stage,
        l: usize,
        row: usize,
    ) -> Option<bool> {
        let params = *self.params();
        let [temp, store] = self.plan.places.lend(memory, [Use::Backward(l), Use::Store(l)])?;
        let store = ByteStore::carve(stage, &params, store)?;
        let w = stage.bytes_mut(words)?;
        let (stride, batch) = (stage.stride(), batch_bytes(&params));
        let (ex, ee) = (i32::from(head.exponent(l)), i32::from(self.error_exponents.get(l).copied()?));
        let mean = 1.0 / f32::from(self.seen);
        let history = stage.positions() == 1;
        let last = row + 1 >= stage.rows();
        let mut step = self.step_of();
        let (magnitudes, temp) = temp.split_at_mut_checked(if self.partial() { stage.rows() } else { 0 })?;
        if history && self.partial() && !params.biases {
            if row == 0 {
                // Chosen by the errors of the whole batch, before any gradient is computed.
                for (m, errors) in magnitudes.iter_mut().zip(store.errors.chunks_exact(batch)) {
                    *m = errors.iter().map(|e| u32::from(e.unsigned_abs())).sum();
                }
                let sum = magnitudes.iter().sum::<u32>() as f32;
                let mean = sum * power(-ee) / (f32::from(self.filled) * stage.rows() as f32);
                let quota = self.quota(l, stage, mean);
                for row in 0..stage.rows() {
                    // Marked in the highest bit, which a sum does not reach.
                    let chosen = loss::among(magnitudes, row, quota);
                    if let Some(m) = magnitudes.get_mut(row) {
                        *m |= if chosen { 1 << 31 } else { 0 };
                    }
                }
            }
            if magnitudes.get(row).is_some_and(|m| m >> 31 == 0) {
                self.work += 1;
                return Some(self.finish_bytes(store, last));
            }
        }
        if !params.biases {
            let sums: &mut [i32] = bytemuck::cast_slice_mut(temp.get_mut(..stride)?);
            let q = w.q.get_mut(row * stride..)?.get_mut(..stage.cols())?;
            let unit = if history {
                let errors = store.errors.get(row * batch..)?.get(..batch)?;
                // Where the batch is not full the errors are 0.
                hone_numeric::kernel::matvec_i8(store.inputs, errors, sums);
                mean * power(-(ex + ee))
            } else {
                let from = store.sums.get(row * stride..)?.get(..stride)?;
                sums.iter_mut().zip(from).for_each(|(to, s)| *to = (*s).into());
                mean * power(i32::from(store.shifts.get(row).copied()?) - (ex + ee))
            };
            let sums = sums.get(..stage.cols())?;
            if let Some(square) = store.squares.get_mut(row) {
                let now = sums.iter().map(|g| (*g as f32) * (*g as f32)).sum::<f32>() * unit * unit / sums.len() as f32;
                step.rate /= update::deviation(square, now);
            }
            let steps = match (store.steps.get_mut(row * stride..), store.step_bits.get_mut(row)) {
                (Some(steps), Some(bits)) => steps.get_mut(..stage.cols()).map(|s| (s, bits)),
                _ => None,
            };
            update::row(q, w.exponents.get_mut(row)?, sums, unit, steps, &step, &mut self.dither);
            self.work += (sums.len() * if history { batch } else { 1 }) as u64;
        }
        let biases = if stage.transposed() { if last { 0..stage.biases() } else { 0..0 } } else { row..row + 1 };
        for c in biases {
            let (Some(b), Some(sum)) = (w.bias.get_mut(c), store.bias.get(c)) else { continue };
            let mut d = *sum as f32 * power(-ee) * mean * step.rate;
            if let Some(v) = store.bias_steps.get_mut(c) {
                d += step.momentum * *v;
                *v = d;
            }
            update::bias(b, d);
        }
        Some(self.finish_bytes(store, last))
    }

    /// After the last row what was summed is forgotten.
    pub(super) fn finish_bytes(&self, store: ByteStore<'_>, last: bool) -> bool {
        if last {
            store.errors.fill(0);
            store.sums.fill(0);
            store.bias.fill(0);
            // With one bit more of room than it took.
            store.shifts.iter_mut().for_each(|s| *s = s.saturating_sub(1));
        }
        last
    }

    pub(super) fn real_update(
        &mut self,
        memory: &mut [u32],
        words: &mut [u32],
        stage: &Stage,
        l: usize,
        row: usize,
    ) -> Option<bool> {
        let params = *self.params();
        let [store] = self.plan.places.lend(memory, [Use::Store(l)])?;
        let store = RealStore::carve(stage, &params, store)?;
        let w = stage.reals_mut(words)?;
        let mean = 1.0 / f32::from(self.seen);
        let last = row + 1 >= stage.rows();
        let mut step = self.step_of();
        if !params.biases {
            let cols = stage.cols();
            let w = w.w.get_mut(row * cols..)?.get_mut(..cols)?;
            let g = store.sums.get_mut(row * cols..)?.get_mut(..cols)?;
            if let Some(square) = store.squares.get_mut(row) {
                let now = g.iter().map(|g| g * g).sum::<f32>() * mean * mean / cols as f32;
                step.rate /= update::deviation(square, now);
            }
            let rate = step.rate * mean;
            match store.steps.get_mut(row * cols..).and_then(|s| s.get_mut(..cols)) {
                Some(steps) => {
                    for ((w, g), s) in w.iter_mut().zip(g.iter()).zip(steps) {
                        *s = step.momentum * *s + rate * g;
                        *w -= *s;
                    }
                }
                None => w.iter_mut().zip(g.iter()).for_each(|(w, g)| *w -= rate * g),
            }
            g.fill(0.0);
            self.work += cols as u64;
        }
        let biases = if stage.transposed() { if last { 0..stage.biases() } else { 0..0 } } else { row..row + 1 };
        for c in biases {
            let (Some(b), Some(sum)) = (w.bias.get_mut(c), store.bias.get_mut(c)) else { continue };
            let mut d = core::mem::take(sum) * mean * step.rate;
            if let Some(v) = store.bias_steps.get_mut(c) {
                d += step.momentum * *v;
                *v = d;
            }
            *b -= d;
        }
        Some(last)
    }
}
