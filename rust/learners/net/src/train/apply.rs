//! The update at the end of a batch, row by row.

use super::backward::{choose, chosen, two_rows};
use super::{Phase, Trainer};
use crate::model::Head;
use crate::place::Use;
use crate::plan::{ByteStore, RealStore};
use crate::scale::power;
use crate::stage::{BytesMut, Form, Stage};
use crate::update::{self, Step};
use crate::whole::{self, PAIRS};
use hone_learn::Workspace;
use hone_numeric::layer::Pair;

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
        let after = match stage.form {
            Form::Int8 => self.byte_update(memory, head, words, stage, l, row.into())?,
            Form::F32 => self.real_update(memory, words, stage, l, row.into())?,
        };
        if after < stage.rows() {
            return Some(Phase::Update { stage: index, row: after as u16 });
        }
        if stage.form == Form::Int8 {
            self.forget(memory, stage, l)?;
        }
        Some(next)
    }

    pub(super) fn step_of(&self) -> Step {
        Step { rate: self.rate, momentum: self.params().momentum, rounding: self.params().rounding }
    }

    /// Two rows from `row` on, with their biases where there is one for each row; the row after them.
    pub(super) fn byte_update(
        &mut self,
        memory: &mut [u32],
        head: &Head,
        words: &mut [u32],
        stage: &Stage,
        l: usize,
        row: usize,
    ) -> Option<usize> {
        let params = *self.params();
        let [temp, store] = self.plan.places.lend(memory, [Use::Backward(l), Use::Store(l)])?;
        let store = ByteStore::carve(stage, &params, store)?;
        let mut w = stage.bytes_mut(words)?;
        let (rows, stride, cols) = (stage.rows(), stage.stride(), stage.cols());
        let (ex, ee) = (i32::from(head.exponent(l)), i32::from(self.error_exponents.get(l).copied()?));
        let mean = 1.0 / f32::from(self.seen);
        let history = stage.positions() == 1;
        let partial = self.partial();
        let (magnitudes, temp) = temp.split_at_mut_checked(if partial { rows } else { 0 })?;
        let chooses = history && partial && !params.biases;
        if chooses && row == 0 {
            // By the errors of the whole batch, before any gradient is computed.
            magnitudes.fill(0);
            for errors in store.errors.chunks_exact(rows).take(self.filled.into()) {
                magnitudes.iter_mut().zip(errors).for_each(|(m, e)| *m += u32::from(e.unsigned_abs()));
            }
            let sum = magnitudes.iter().sum::<u32>() as f32;
            let mean = sum * power(-ee) / (f32::from(self.filled) * rows as f32);
            let quota = self.quota(l, stage, mean);
            choose(magnitudes, quota);
        }
        let updated = |r: usize| !chooses || magnitudes.get(r).is_some_and(|m| chosen(*m));
        let two = two_rows(row, rows, updated);
        let next = two.map_or(rows, |(a, b)| b.unwrap_or(a) + 1);
        if let (Some((a, b)), false) = (two, params.biases) {
            let mut ws = Workspace::new(temp);
            let list: &mut [Pair] = ws.take(PAIRS).ok()?;
            let both: &mut [i32] = ws.take(2 * stride).ok()?;
            let (first, second) = both.split_at_mut_checked(stride)?;
            if history {
                first.fill(0);
                second.fill(0);
                let errors = store.errors.get(..usize::from(self.filled) * rows)?;
                let lists = [errors, &*store.inputs];
                let errors = whole::gradient_rows(lists, [rows, stride], (a, b), list, first, second);
                let [of_a, of_b] = errors.unwrap_or_default();
                for (row, error) in [(Some(a), of_a), (b, of_b)] {
                    if let Some(bias) = row.and_then(|row| store.bias.get_mut(row)) {
                        *bias = error;
                    }
                }
                self.work += (2 * cols * usize::from(self.filled)) as u64;
            }
            for (row, sums) in [(Some(a), first), (b, second)] {
                let Some(row) = row else { continue };
                let mut exponent = -(ex + ee);
                if !history {
                    let from = store.sums.get(row * stride..)?.get(..stride)?;
                    sums.iter_mut().zip(from).for_each(|(to, s)| *to = (*s).into());
                    exponent += i32::from(store.shifts.get(row).copied()?);
                }
                let unit = mean * power(exponent);
                let sums = sums.get(..cols)?;
                let mut step = self.step_of();
                if let Some(square) = store.squares.get_mut(row) {
                    let sum = sums.iter().fold(0i64, |sum, g| sum.wrapping_add(i64::from(*g) * i64::from(*g)));
                    step.rate /= update::deviation(square, sum as f32 * unit * unit / cols as f32);
                }
                let steps = match (store.steps.get_mut(row * stride..), store.step_bits.get_mut(row)) {
                    (Some(steps), Some(bits)) => steps.get_mut(..cols).map(|s| (s, bits)),
                    _ => None,
                };
                let q = w.q.get_mut(row * stride..)?.get_mut(..cols)?;
                update::row(q, w.exponents.get_mut(row)?, sums, unit, steps, &step, &mut self.dither);
                self.work += cols as u64;
                if !stage.transposed() {
                    self.byte_bias(&mut w, store.bias, store.bias_steps, row, mean * power(-ee) * step.rate);
                }
            }
        }
        if params.biases && !stage.transposed() {
            for row in row..next {
                self.byte_bias(&mut w, store.bias, store.bias_steps, row, mean * power(-ee) * self.rate);
            }
        }
        if next >= rows && stage.transposed() {
            for channel in 0..stage.biases() {
                self.byte_bias(&mut w, store.bias, store.bias_steps, channel, mean * power(-ee) * self.rate);
            }
        }
        Some(next)
    }

    /// Takes the step of one bias; `factor` makes a step of its summed error.
    fn byte_bias(&self, w: &mut BytesMut<'_>, sums: &[i32], steps: &mut [f32], index: usize, factor: f32) {
        let (Some(b), Some(sum)) = (w.bias.get_mut(index), sums.get(index)) else { return };
        let mut d = *sum as f32 * factor;
        if let Some(v) = steps.get_mut(index) {
            d += self.params().momentum * *v;
            *v = d;
        }
        update::bias(b, d);
    }

    /// After the last row of a stage what was summed is forgotten.
    fn forget(&self, memory: &mut [u32], stage: &Stage, l: usize) -> Option<()> {
        let [store] = self.plan.places.lend(memory, [Use::Store(l)])?;
        let store = ByteStore::carve(stage, self.params(), store)?;
        store.sums.fill(0);
        store.bias.fill(0);
        // With one bit more of room than it took.
        store.shifts.iter_mut().for_each(|s| *s = s.saturating_sub(1));
        Some(())
    }

    pub(super) fn real_update(
        &mut self,
        memory: &mut [u32],
        words: &mut [u32],
        stage: &Stage,
        l: usize,
        row: usize,
    ) -> Option<usize> {
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
        Some(row + 1)
    }
}
