//! A sample: which one, forward, and its loss.

use super::Trainer;
use crate::model::{Head, INPUT_EXPONENT, enter, forward};
use crate::order::permuted;
use crate::place::Use;
use crate::scale::{MAX_EXPONENT, dithered, exponent, power};
use crate::stage::Form;
use crate::{latent, loss};
use hone_learn::SetView;
use hone_learn::set::StoredRow;

impl Trainer {
    /// The row of the set at place `i` of this epoch; places from `learnt` on are those held back.
    pub(super) fn row(&self, i: u32) -> usize {
        let seed = self.params().seed;
        // Rows are shuffled once, so that those held back are of all times, and what is learnt in each epoch again.
        let place =
            if i < self.learnt { permuted(i, self.learnt, seed ^ (u32::from(self.epoch) + 1) << 16) } else { i };
        permuted(place, self.rows, seed.wrapping_mul(0x85eb_ca6b)) as usize
    }

    /// Runs the row at place `i` forward; its label, if it has one and is fit to be used.
    #[inline(never)]
    pub(super) fn sample(
        &mut self,
        set: &SetView<'_>,
        memory: &mut [u32],
        head: &Head,
        words: &[u32],
        i: u32,
    ) -> Option<Option<usize>> {
        let row = self.row(i);
        let label = match self.checked.beta() {
            None => set.label(row).and_then(|class| head.index_of(words, class)),
            Some(_) => Some(0),
        };
        let Some(label) = label else { return Some(None) };
        let features = set.features().iter();
        let places = &self.plan.places;
        match set.row(row)? {
            StoredRow::F32(v) => enter(head, words, places, memory, features.zip(v).map(|(f, v)| f.offset + v)),
            StoredRow::I16(v) => {
                enter(head, words, places, memory, features.zip(v).map(|(f, v)| f.offset + f.step * f32::from(*v)))
            }
            StoredRow::I8(v) => {
                enter(head, words, places, memory, features.zip(v).map(|(f, v)| f.offset + f.step * f32::from(*v)))
            }
        }?;
        for (l, stage) in head.stages.all().iter().enumerate() {
            forward(head, words, places, memory, l, &mut self.peaks, Some(&mut self.dither))?;
            self.work += stage.macs() as u64;
        }
        Some(Some(label))
    }

    /// After a forward pass before the first epoch: ranges grow at once.
    pub(super) fn calibrate(&mut self, head: &mut Head) {
        let tensors = self.ranges.iter_mut().zip(&mut self.peaks).zip(&mut head.exponents);
        for ((range, peak), exponent) in tensors.skip(1) {
            let unit = power(-i32::from(*exponent));
            *range = range.max(core::mem::take(peak) as f32 * unit);
            if *range * power((*exponent).into()) > 140.0 {
                *exponent -= 1;
            }
        }
    }

    /// Gives each tensor the exponent of its range.
    pub(super) fn settle(&mut self, head: &mut Head, words: &[u32]) {
        for l in 1..head.stages.len() {
            let (Some(range), Some(before)) = (self.ranges.get(l), l.checked_sub(1)) else { return };
            // Not finer than the coarsest sum that it comes from.
            let finest = head.stages.get(before).filter(|s| s.learns()).and_then(|s| s.bytes(words));
            let finest = finest.and_then(|w| w.exponents.iter().min().copied());
            let limit = finest.map_or(MAX_EXPONENT, |e| e.saturating_add(head.exponent(before)));
            if let Some(place) = head.exponents.get_mut(l) {
                *place = exponent(*place, *range).min(limit);
            }
        }
    }

    /// A sample: forward, loss, backward.
    #[inline(never)]
    pub(super) fn learn(&mut self, set: &SetView<'_>, memory: &mut [u32], head: &Head, words: &[u32]) -> Option<()> {
        let Some(label) = self.sample(set, memory, head, words, self.at)? else { return Some(()) };
        self.met += 1;
        self.seen += 1;
        let count = head.stages.len();
        let last = count.checked_sub(1)?;
        let beta = self.checked.beta();
        if let Some(beta) = beta {
            self.loss += self.reconstruction(memory, head, beta)?;
        }
        let [logits, error] = self.plan.places.lend(memory, [Use::Tensor(count), Use::Error(last)])?;
        let logits: &mut [f32] = bytemuck::cast_slice_mut(logits);
        if beta.is_none() {
            self.right += u32::from(loss::winner(logits) == label);
            self.loss += loss::cross_entropy(logits, label);
            // logits now are p − y.
            let sure = logits.get(label).is_some_and(|e| 1.0 + e >= self.params().skip_above);
            if sure && self.params().skip_above < 1.0 {
                self.skipped += 1;
                return Some(());
            }
        }
        // Of what is made anew the divergence has an error, too.
        let mut any = beta.is_some();
        match head.stages.get(last)?.form {
            Form::Int8 => {
                let unit = power(self.error_exponents.get(last).copied()?.into());
                let error: &mut [i8] = bytemuck::cast_slice_mut(error);
                for (e, p) in error.iter_mut().zip(logits.iter()) {
                    *e = dithered(*p * unit, &mut self.dither);
                    any |= *e != 0;
                }
                if beta.is_some() {
                    let most = logits.iter().fold(0.0, |most, p| if p.abs() > most { p.abs() } else { most });
                    let peak = self.errors.get_mut(last)?;
                    *peak = (*peak).max((most * unit) as i32);
                }
            }
            Form::F32 => {
                let error: &mut [f32] = bytemuck::cast_slice_mut(error);
                error.iter_mut().zip(logits.iter()).for_each(|(e, p)| *e = *p);
                any = true;
            }
        }
        if any {
            for l in (usize::from(self.plan.first)..count).rev() {
                self.backward(memory, head, words, l)?;
            }
            self.filled += 1;
        }
        Some(())
    }

    /// The loss of the sample that ran last, of a network that samples; what it made becomes its error.
    pub(super) fn reconstruction(&self, memory: &mut [u32], head: &Head, beta: f32) -> Option<f32> {
        let uses = [Use::Tensor(head.stages.len()), Use::Tensor(0), Use::Tensor(head.stages.sample()?)];
        let [made, input, distribution] = self.plan.places.lend(memory, uses)?;
        let (made, distribution) = (bytemuck::cast_slice_mut(made), bytemuck::cast_slice(distribution));
        let squared = match head.stages.form_before(0) {
            Form::F32 => latent::squared(made, bytemuck::cast_slice(input).iter().copied()),
            Form::Int8 => {
                let (unit, input): (_, &[i8]) = (power(-i32::from(INPUT_EXPONENT)), bytemuck::cast_slice(input));
                latent::squared(made, input.iter().map(|q| f32::from(*q) * unit))
            }
        };
        Some(squared + beta * latent::divergence(distribution))
    }
}
