//! The ends of batches and epochs: ranges, the rate, the best weights, and what happens when the loss grows without end.

use super::{Ending, Epoch, Phase, RETREATS, TrainError, Trainer};
use crate::model::Head;
use crate::place::Use;
use crate::scale::{exponent, power};
use crate::stage::Stage;
use crate::update;

impl Trainer {
    /// After an update: ranges follow what was seen, and exponents the ranges.
    pub(super) fn close_batch(&mut self, head: &mut Head, words: &[u32]) {
        for l in 1..head.stages.len() {
            follow(self.ranges.get_mut(l), self.peaks.get_mut(l), head.exponent(l));
        }
        self.settle(head, words);
        // That of classes, p − y, is known: within 1.
        let known = usize::from(self.checked.beta().is_none());
        for l in usize::from(self.plan.first)..head.stages.len().saturating_sub(known) {
            let Some(e) = self.error_exponents.get_mut(l) else { return };
            follow(self.error_ranges.get_mut(l), self.errors.get_mut(l), *e);
            *e = exponent(*e, self.error_ranges.get(l).copied().unwrap_or(0.0));
        }
        (self.filled, self.seen) = (0, 0);
        self.updates += 1;
    }

    /// After the last row of an epoch.
    pub(super) fn close_learning(
        &mut self,
        memory: &mut [u32],
        head: &mut Head,
        words: &mut [u32],
    ) -> Result<Phase, TrainError> {
        let met = self.met.max(1) as f32;
        let judged = self.held() == 0 && self.checked.beta().is_none();
        let seen = if judged { self.right as f32 / met } else { f32::NAN };
        self.last =
            Epoch { number: self.epoch + 1, loss: self.loss / met, seen, held: f32::NAN, skipped: self.skipped };
        (self.loss, self.met, self.right, self.skipped) = (0.0, 0, 0, 0);
        let worst = match self.checked.beta() {
            None => 2.0 * libm::logf(head.classes.max(2) as f32),
            // Twice the loss of who knows nothing, of features with a deviation of 1.
            Some(_) => head.input.len() as f32,
        };
        let limit = worst + self.lowest;
        self.lowest = if self.last.loss < self.lowest { self.last.loss } else { self.lowest };
        if self.last.loss >= limit || !self.last.loss.is_finite() {
            return self.retreat(memory, head, words);
        }
        if self.held() > 0 {
            return Ok(Phase::Judge);
        }
        Ok(self.close_epoch(-self.last.loss, memory, head, words))
    }

    /// The training diverges: back to the best weights, with half the rate.
    pub(super) fn retreat(
        &mut self,
        memory: &mut [u32],
        head: &mut Head,
        words: &mut [u32],
    ) -> Result<Phase, TrainError> {
        if !self.params().keep {
            return Err(TrainError::Diverged);
        }
        self.restore_best(head, words, memory);
        self.retreats += 1;
        if self.retreats > RETREATS {
            self.ending = Ending::Diverged;
            return Ok(Phase::Over);
        }
        self.epoch += 1;
        Ok(self.next_epoch(head))
    }

    pub(super) fn close_epoch(&mut self, score: f32, memory: &mut [u32], head: &mut Head, words: &mut [u32]) -> Phase {
        self.at = 0;
        self.right = 0;
        self.met = 0;
        self.epoch += 1;
        if score >= self.best.0 {
            self.stale = if score > self.best.0 { 0 } else { self.stale + 1 };
            self.best = (score, self.epoch);
            self.keep_best(head, words, memory);
        } else {
            self.stale += 1;
        }
        let patience = self.params().patience;
        if patience > 0 && self.stale >= patience {
            self.ending = Ending::Early;
        } else if self.epoch < self.params().epochs {
            return self.next_epoch(head);
        }
        self.restore_best(head, words, memory);
        head.trained = true;
        Phase::Over
    }

    pub(super) fn next_epoch(&mut self, head: &mut Head) -> Phase {
        let params = self.params();
        if self.epoch >= params.epochs {
            self.ending = Ending::Diverged;
            head.trained = true;
            return Phase::Over;
        }
        let part = f32::from(self.epoch) / f32::from(params.epochs.saturating_sub(1).max(1));
        let rate = params.rate * libm::powf(params.decay, part);
        self.rate = rate * power(-i32::from(self.retreats));
        Phase::Learn
    }

    pub(super) fn kept(&self, head: &Head) -> core::ops::Range<usize> {
        let from = head.stages.get(self.plan.first.into()).map_or(0, Stage::at);
        from..head.stages.words()
    }

    pub(super) fn keep_best(&mut self, head: &Head, words: &[u32], memory: &mut [u32]) {
        if !self.params().keep {
            return;
        }
        if let (Some([best]), Some(words)) = (self.plan.places.lend(memory, [Use::Best]), words.get(self.kept(head))) {
            best.iter_mut().zip(words).for_each(|(to, w)| *to = *w);
        }
        self.best_exponents = head.exponents;
    }

    pub(super) fn restore_best(&mut self, head: &mut Head, words: &mut [u32], memory: &mut [u32]) {
        if !self.params().keep {
            return;
        }
        let kept = self.kept(head);
        if let (Some([best]), Some(words)) = (self.plan.places.lend(memory, [Use::Best]), words.get_mut(kept)) {
            words.iter_mut().zip(best).for_each(|(w, from)| *w = *from);
        }
        head.exponents = self.best_exponents;
        head.trained = true;
    }
}

/// A range follows the peak since it last did, which is in units of 2⁻ᵉ.
fn follow(range: Option<&mut f32>, peak: Option<&mut i32>, e: i8) {
    if let (Some(range), Some(peak)) = (range, peak) {
        let now = core::mem::take(peak) as f32 * power(-i32::from(e));
        if now > 0.0 {
            *range = if *range > 0.0 { *range + update::AVERAGE * (now - *range) } else { now };
        }
    }
}
