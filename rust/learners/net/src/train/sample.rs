//! A sample: which one, forward, and its loss.

use super::Trainer;
use crate::loss;
use crate::model::{Head, enter, forward};
use crate::order::permuted;
use crate::place::Use;
use crate::scale::{MAX_EXPONENT, dithered, exponent, power};
use crate::stage::Form;
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
        let Some(label) = set.label(row).and_then(|class| head.index_of(words, class)) else { return Some(None) };
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
            forward(head, words, places, memory, l, &mut self.peaks)?;
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
        let count = head.stages.len();
        let last = count.checked_sub(1)?;
        let stage = head.stages.get(last)?;
        let [logits, error] = self.plan.places.lend(memory, [Use::Tensor(count), Use::Error(last)])?;
        let logits: &mut [f32] = bytemuck::cast_slice_mut(logits);
        self.right += u32::from(loss::winner(logits) == label);
        self.met += 1;
        self.seen += 1;
        let loss = loss::cross_entropy(logits, label);
        self.loss += loss;
        // logits now are p − y.
        let sure = logits.get(label).is_some_and(|e| 1.0 + e >= self.params().skip_above);
        if sure && self.params().skip_above < 1.0 {
            self.skipped += 1;
            return Some(());
        }
        let mut any = false;
        match stage.form {
            Form::Int8 => {
                let unit = power(self.error_exponents.get(last).copied()?.into());
                let error: &mut [i8] = bytemuck::cast_slice_mut(error);
                for (e, p) in error.iter_mut().zip(logits.iter()) {
                    *e = dithered(*p * unit, &mut self.dither);
                    any |= *e != 0;
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
}
