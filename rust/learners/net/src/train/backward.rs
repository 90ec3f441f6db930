//! A sample backward: gradients into the stores, and the errors before each layer.

use super::Trainer;
use crate::loss;
use crate::model::{Head, widen};
use crate::place::Use;
use crate::plan::{ByteStore, RealStore, batch_bytes};
use crate::scale::{dithered, power};
use crate::stage::{Form, Stage};
use crate::{real, whole};

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
        let history = stage.positions() == 1;
        // With a history the input was kept when it was there.
        let needs_input = !params.biases;
        let (x, error, temp, store) = if needs_input {
            let uses = [Use::Tensor(l), Use::Error(l), Use::Backward(l), Use::Store(l)];
            let [x, error, temp, store] = self.plan.places.lend(memory, uses)?;
            (Some(&*x), error, temp, store)
        } else {
            let [error, temp, store] =
                self.plan.places.lend(memory, [Use::Error(l), Use::Backward(l), Use::Store(l)])?;
            (None, error, temp, store)
        };
        let store = ByteStore::carve(stage, &params, store)?;
        let error: &mut [i8] = bytemuck::cast_slice_mut(error);
        let error = error.get_mut(..stage.output.len())?;
        for error in error.chunks(stage.biases()) {
            store.bias.iter_mut().zip(error).for_each(|(sum, e)| *sum += i32::from(*e));
        }
        let Some(x) = x else { return Some(()) };
        let x: &[i8] = bytemuck::cast_slice(x);
        if history {
            let (batch, at) = (batch_bytes(&params), usize::from(self.filled));
            let inputs = store.inputs.iter_mut().skip(at).step_by(batch);
            inputs.zip(x.get(..stage.cols())?).for_each(|(to, x)| *to = *x);
            let errors = store.errors.iter_mut().skip(at).step_by(batch);
            errors.zip(error.iter()).for_each(|(to, e)| *to = *e);
            return Some(());
        }
        let (magnitudes, temp) = temp.split_at_mut_checked(if self.partial() { stage.rows() } else { 0 })?;
        let (narrow, long): (&mut [i8], &[i8]) = (error, x);
        if self.partial() && !stage.transposed() {
            magnitudes.fill(0);
            for error in narrow.chunks(stage.rows()) {
                magnitudes.iter_mut().zip(error).for_each(|(m, e)| *m += u32::from(e.unsigned_abs()));
            }
            let unit = power(-i32::from(self.error_exponents.get(l).copied()?));
            let mean = magnitudes.iter().sum::<u32>() as f32 * unit / narrow.len() as f32;
            let quota = self.quota(l, stage, mean);
            // What is not updated passes no error on, either.
            for row in (0..stage.rows()).filter(|r| !loss::among(magnitudes, *r, quota)) {
                narrow.iter_mut().skip(row).step_by(stage.rows()).for_each(|e| *e = 0);
            }
        }
        let mut ws = hone_learn::Workspace::new(temp);
        let column: &mut [i16] = ws.take(stage.positions()).ok()?;
        let sums: &mut [i32] = ws.take(stage.stride()).ok()?;
        let (narrow, long): (&[i8], &[i8]) = if stage.transposed() { (long, narrow) } else { (narrow, long) };
        let rows = store.sums.chunks_exact_mut(stage.stride()).zip(store.shifts.iter_mut()).enumerate();
        for (row, (to, shift)) in rows {
            if whole::gradient_row(stage, row, narrow, long, column, sums) {
                accumulate(to, shift, sums);
            }
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

/// Adds a sample's gradients to the sums of a row in 16 bits, which are shifted when they come near the end of the range.
fn accumulate(to: &mut [i16], shift: &mut u8, sums: &[i32]) {
    let by = u32::from(*shift).min(31);
    let half = (1i32 << by) >> 1;
    let mut most = 0;
    for (to, sum) in to.iter_mut().zip(sums) {
        let v = i32::from(*to) + (sum.wrapping_add(half) >> by);
        most = most.max(v.abs());
        *to = v.clamp(-32767, 32767) as i16;
    }
    if most >= 1 << 14 && *shift < 30 {
        to.iter_mut().for_each(|to| *to = ((i32::from(*to) + 1) >> 1) as i16);
        *shift += 1;
    }
}
