//! A sample backward: gradients into the stores, and the errors before each layer.

use super::Trainer;
use crate::model::{Head, widen};
use crate::place::Use;
use crate::plan::{ByteStore, RealStore};
use crate::scale::{dithered, power};
use crate::stage::{Form, Stage};
use crate::whole::PAIRS;
use crate::{latent, loss, real, whole};
use hone_numeric::layer::Pair;

impl Trainer {
    /// Stage `l` backward: its gradients into its store, the error before it.
    #[inline(never)]
    pub(super) fn backward(&mut self, memory: &mut [u32], head: &Head, words: &[u32], l: usize) -> Option<()> {
        let stage = head.stages.get(l)?;
        if stage.learns() {
            match stage.form {
                Form::Int8 => self.byte_gradient(memory, stage, l)?,
                Form::F32 => self.real_gradient(memory, head, stage, l)?,
            }
            self.work += stage.macs() as u64;
        }
        if l <= usize::from(self.plan.first) {
            return Some(());
        }
        let before = l.checked_sub(1)?;
        if stage.samples() {
            return self.latent_error(memory, head, stage, l, before);
        }
        let relu = head.stages.get(before)?.layer.relu;
        let uses = [Use::Tensor(l), Use::Error(l), Use::Error(before), Use::Backward(l)];
        // A tensor that is not needed any more may lie where something else does by now.
        let gateless = [Use::Error(l), Use::Error(before), Use::Backward(l)];
        let (gate, error, to, temp) = if relu {
            let [gate, error, to, temp] = self.plan.places.lend(memory, uses)?;
            (Some(&*gate), error, to, temp)
        } else {
            let [error, to, temp] = self.plan.places.lend(memory, gateless)?;
            (None, error, to, temp)
        };
        self.work += stage.macs() as u64;
        match (stage.form, head.stages.form_before(l)) {
            (Form::Int8, _) => {
                let ee = self.error_exponents.get(l).copied()?;
                let place = self.error_exponents.get_mut(before)?;
                if !stage.learns() {
                    *place = whole::shared_exponent(stage, ee);
                }
                let exponent = i32::from(*place);
                let w = stage.bytes(words)?;
                let peak = self.errors.get_mut(before)?;
                let gate = gate.map(bytemuck::cast_slice);
                let (error, to) = (bytemuck::cast_slice(error), bytemuck::cast_slice_mut(to));
                whole::error_before(stage, &w, error, ee.into(), gate, to, exponent, peak, &mut self.dither, temp)
            }
            (Form::F32, Form::F32) => {
                let w = stage.reals(words)?;
                let gate = gate.map(bytemuck::cast_slice);
                real::error_before(stage, &w, bytemuck::cast_slice(error), gate, bytemuck::cast_slice_mut(to))
            }
            (Form::F32, Form::Int8) => {
                let w = stage.reals(words)?;
                let temp: &mut [f32] = bytemuck::cast_slice_mut(temp.get_mut(stage.input.len()..)?);
                let temp = temp.get_mut(..stage.input.len())?;
                real::error_before(stage, &w, bytemuck::cast_slice(error), None, temp)?;
                let gate: Option<&[i8]> = gate.map(bytemuck::cast_slice);
                let to: &mut [i8] = bytemuck::cast_slice_mut(to);
                let unit = power(self.error_exponents.get(before).copied()?.into());
                let peak = self.errors.get_mut(before)?;
                for (i, (to, e)) in to.iter_mut().zip(temp.iter()).enumerate() {
                    let open = gate.is_none_or(|gate| gate.get(i).is_some_and(|g| *g > 0));
                    *to = if open { dithered(e * unit, &mut self.dither) } else { 0 };
                    *peak = (*peak).max((e * unit).abs() as i32);
                }
                Some(())
            }
        }
    }

    /// The error of a distribution, from that of what was drawn from it.
    fn latent_error(&mut self, memory: &mut [u32], head: &Head, stage: &Stage, l: usize, before: usize) -> Option<()> {
        let beta = self.checked.beta()?;
        let uses = [Use::Tensor(l), Use::Forward(l), Use::Error(l), Use::Error(before)];
        let [distribution, kept, error, to] = self.plan.places.lend(memory, uses)?;
        let (distribution, kept) = (bytemuck::cast_slice(distribution), bytemuck::cast_slice(kept));
        let unit = power(-i32::from(self.error_exponents.get(l).copied()?));
        let error = |i: usize| match stage.form {
            Form::F32 => error.get(i).map_or(0.0, |bits| f32::from_bits(*bits)),
            Form::Int8 => bytemuck::cast_slice::<u32, i8>(error).get(i).map_or(0.0, |q| f32::from(*q) * unit),
        };
        match head.stages.get(before)?.form {
            Form::F32 => {
                let to: &mut [f32] = bytemuck::cast_slice_mut(to);
                latent::backward(distribution, kept, error, beta, |i, e| {
                    if let Some(to) = to.get_mut(i) {
                        *to = e;
                    }
                })
            }
            Form::Int8 => {
                let to: &mut [i8] = bytemuck::cast_slice_mut(to);
                let unit = power(self.error_exponents.get(before).copied()?.into());
                let (peak, dither) = (self.errors.get_mut(before)?, &mut self.dither);
                latent::backward(distribution, kept, error, beta, |i, e| {
                    *peak = (*peak).max((e * unit).abs() as i32);
                    if let Some(to) = to.get_mut(i) {
                        *to = dithered(e * unit, dither);
                    }
                })
            }
        }
    }

    /// How many of a stage's rows are updated when the mean magnitude of its errors is this, and the greatest is noted:
    /// k = ⌊min{λ_min + (ē/ē_max)(λ_max − λ_min), 1}·N⌋, at least 1 (Deutel et al. 2025, equation 7).
    pub(super) fn quota(&mut self, l: usize, stage: &Stage, mean: f32) -> usize {
        let (least, most) = (self.params().rows_least, self.params().rows_most);
        let Some(greatest) = self.most_error.get_mut(l) else { return stage.rows() };
        *greatest = if mean > *greatest { mean } else { *greatest };
        let part = if *greatest > 0.0 { mean / *greatest } else { 1.0 };
        let part = least + part * (most - least);
        ((part.min(1.0) * stage.rows() as f32) as usize).max(1)
    }

    pub(super) fn partial(&self) -> bool {
        self.params().rows_least < 1.0
    }

    pub(super) fn byte_gradient(&mut self, memory: &mut [u32], stage: &Stage, l: usize) -> Option<()> {
        let params = *self.params();
        let (x, error, temp, store) = if params.biases {
            let uses = [Use::Error(l), Use::Backward(l), Use::Store(l)];
            let [error, temp, store] = self.plan.places.lend(memory, uses)?;
            (None, error, temp, store)
        } else {
            let uses = [Use::Tensor(l), Use::Error(l), Use::Backward(l), Use::Store(l)];
            let [x, error, temp, store] = self.plan.places.lend(memory, uses)?;
            (Some(&*x), error, temp, store)
        };
        let store = ByteStore::carve(stage, &params, store)?;
        let error: &mut [i8] = bytemuck::cast_slice_mut(error);
        let count = stage.output.len();
        if params.biases || stage.transposed() {
            for error in error.get(..count)?.chunks_exact(stage.biases()) {
                store.bias.iter_mut().zip(error).for_each(|(sum, e)| *sum += i32::from(*e));
            }
        }
        let Some(x) = x else { return Some(()) };
        let x: &[i8] = bytemuck::cast_slice(x);
        let (rows, stride) = (stage.rows(), stage.stride());
        if stage.positions() == 1 {
            let at = usize::from(self.filled);
            keep(store.inputs, at * stride, x.get(..stride)?)?;
            return keep(store.errors, at * rows, error.get(..rows)?);
        }
        let (magnitudes, temp) = temp.split_at_mut_checked(if self.partial() { rows } else { 0 })?;
        if self.partial() && !stage.transposed() {
            let error = error.get_mut(..count)?;
            magnitudes.fill(0);
            for error in error.chunks_exact(rows) {
                magnitudes.iter_mut().zip(error).for_each(|(m, e)| *m += u32::from(e.unsigned_abs()));
            }
            let unit = power(-i32::from(self.error_exponents.get(l).copied()?));
            let mean = magnitudes.iter().sum::<u32>() as f32 * unit / count as f32;
            let quota = self.quota(l, stage, mean);
            choose(magnitudes, quota);
            // What is not updated passes no error on, either.
            for error in error.chunks_exact_mut(rows) {
                error.iter_mut().zip(magnitudes.iter()).filter(|(_, m)| !chosen(**m)).for_each(|(e, _)| *e = 0);
            }
        }
        let mut ws = hone_learn::Workspace::new(temp);
        let list: &mut [Pair] = ws.take(PAIRS).ok()?;
        let both: &mut [i32] = ws.take(2 * stride).ok()?;
        let (narrow, long): (&[i8], &[i8]) = if stage.transposed() { (x, error) } else { (error, x) };
        let narrow = narrow.get(..rows * stage.positions())?;
        let all = magnitudes.is_empty();
        let mut row = 0;
        while let Some((a, b)) = two_rows(row, rows, |r| all || magnitudes.get(r).is_some_and(|m| chosen(*m))) {
            both.fill(0);
            let (first, second) = both.split_at_mut_checked(stride)?;
            let errors = whole::gradient_rows([narrow, long], [rows, stage.step()], (a, b), list, first, second);
            if let Some([of_a, of_b]) = errors {
                for (row, sums, error) in [(Some(a), first, of_a), (b, second, of_b)] {
                    let Some(row) = row else { continue };
                    if let (false, Some(bias)) = (stage.transposed(), store.bias.get_mut(row)) {
                        *bias += error;
                    }
                    let to = store.sums.get_mut(row * stride..)?.get_mut(..stride)?;
                    accumulate(to, store.shifts.get_mut(row)?, sums);
                }
            }
            row = b.unwrap_or(a) + 1;
        }
        Some(())
    }

    pub(super) fn real_gradient(&mut self, memory: &mut [u32], head: &Head, stage: &Stage, l: usize) -> Option<()> {
        let params = *self.params();
        let uses = [Use::Tensor(l), Use::Error(l), Use::Backward(l), Use::Store(l)];
        let (x, error, temp, store) = if params.biases {
            let [error, temp, store] =
                self.plan.places.lend(memory, [Use::Error(l), Use::Backward(l), Use::Store(l)])?;
            (None, error, temp, store)
        } else {
            let [x, error, temp, store] = self.plan.places.lend(memory, uses)?;
            (Some(&*x), error, temp, store)
        };
        let store = RealStore::carve(stage, &params, store)?;
        let error: &mut [f32] = bytemuck::cast_slice_mut(error);
        let error = error.get_mut(..stage.output.len())?;
        for error in error.chunks(stage.biases()) {
            store.bias.iter_mut().zip(error).for_each(|(sum, e)| *sum += e);
        }
        let Some(x) = x else { return Some(()) };
        let (magnitudes, temp) = temp.split_at_mut_checked(if self.partial() { stage.rows() } else { 0 })?;
        let x: &[f32] = match head.stages.form_before(l) {
            Form::F32 => bytemuck::cast_slice(x),
            Form::Int8 => {
                let temp: &mut [f32] = bytemuck::cast_slice_mut(temp.get_mut(..stage.input.len())?);
                widen(bytemuck::cast_slice(x), head.exponent(l), temp)
            }
        };
        let mut quota = stage.rows();
        if self.partial() && !stage.transposed() {
            // Magnitudes as whole numbers, which can be compared.
            for (row, m) in magnitudes.iter_mut().enumerate() {
                let sum: f32 = error.iter().skip(row).step_by(stage.rows()).map(|e| e.abs()).sum();
                *m = sum.to_bits();
            }
            let mean = magnitudes.iter().map(|m| f32::from_bits(*m)).sum::<f32>() / error.len() as f32;
            quota = self.quota(l, stage, mean);
            let once = stage.positions() == 1;
            for row in (0..stage.rows()).filter(|r| !once && !loss::among(magnitudes, *r, quota)) {
                error.iter_mut().skip(row).step_by(stage.rows()).for_each(|e| *e = 0.0);
            }
        }
        let (narrow, long): (&[f32], &[f32]) = if stage.transposed() { (x, error) } else { (error, x) };
        for (row, to) in store.sums.chunks_exact_mut(stage.stride()).enumerate() {
            if quota == stage.rows() || loss::among(magnitudes, row, quota) {
                real::gradient_row(stage, row, narrow, long, to);
            }
        }
        Some(())
    }
}

/// Copies numbers to a place among those of the batch.
fn keep(to: &mut [i8], at: usize, from: &[i8]) -> Option<()> {
    let to = to.get_mut(at..)?.get_mut(..from.len())?;
    to.copy_from_slice(from);
    Some(())
}

/// The mark of a row that is updated, in the highest bit of its magnitude, which no sum reaches.
const CHOSEN: u32 = 1 << 31;

/// Marks the `quota` largest, of equal ones the first.
pub(super) fn choose(magnitudes: &mut [u32], quota: usize) {
    for _ in 0..quota {
        let left = magnitudes.iter_mut().filter(|m| !chosen(**m));
        let largest = left.reduce(|most, m| if *m > *most { m } else { most });
        let Some(largest) = largest else { return };
        *largest |= CHOSEN;
    }
}

pub(super) fn chosen(magnitude: u32) -> bool {
    magnitude & CHOSEN != 0
}

/// The next two rows from `from` on that are updated, or the last one.
pub(super) fn two_rows(from: usize, rows: usize, updated: impl Fn(usize) -> bool) -> Option<(usize, Option<usize>)> {
    let mut rows = (from..rows).filter(|row| updated(*row));
    rows.next().map(|a| (a, rows.next()))
}

/// Adds a sample's gradients to the sums of a row in 16 bits, which are shifted when they come near the end of the range.
fn accumulate(to: &mut [i16], shift: &mut u8, sums: &[i32]) {
    let by = u32::from(*shift).min(30);
    let half = (1i32 << by) >> 1;
    // Bits in which any differs from its sign: those of the largest magnitude, and of smaller ones.
    let mut bits = 0;
    for (to, sum) in to.iter_mut().zip(sums) {
        let v = i32::from(*to) + (sum.wrapping_add(half) >> by);
        bits |= v ^ (v >> 31);
        *to = v.clamp(-32_768, 32_767) as i16;
    }
    if bits >= 1 << 14 && *shift < 30 {
        to.iter_mut().for_each(|to| *to = ((i32::from(*to) + 1) >> 1) as i16);
        *shift += 1;
    }
}
