//! The beginning: classes, memory, and the model to start from.

use super::{Phase, TrainError, Trainer};
use crate::model::{Head, MAX_CLASSES};
use crate::network::NetworkError;
use crate::scale::power;
use crate::start;
use hone_learn::{ClassId, SetView, Shortage};

impl Trainer {
    /// Takes stock of classes and memory, and makes or checks the model.
    #[inline(never)]
    pub(super) fn begin(
        &mut self,
        set: &SetView<'_>,
        memory: &mut [u32],
        head: &mut Head,
        words: &mut [u32],
    ) -> Result<Phase, TrainError> {
        let shape = self.checked.shape();
        let mut ids = [0u16; MAX_CLASSES];
        // To go on from a model, its own classes are what counts.
        let known = match self.checked.beta() {
            None => classes(set, &mut ids, if self.resumes { MAX_CLASSES } else { shape.classes })?,
            Some(_) if set.is_empty() => return Err(TrainError::NoRows),
            Some(_) => &[],
        };
        let (expected, found) = (shape.input.len(), set.width());
        if expected != found {
            return Err(TrainError::Width { expected: expected as u32, found: found as u32 });
        }
        if self.resumes {
            let same = head.trained
                && head.network == self.params().network
                && head.numbers == self.params().numbers
                && head.input == shape.input;
            if !same {
                return Err(TrainError::OtherModel);
            }
            let new = known.iter().find(|id| head.index_of(words, ClassId(**id)).is_none());
            if let Some(id) = new {
                return Err(TrainError::OtherClass(ClassId(*id)));
            }
        } else {
            if let [one] = known {
                return Err(TrainError::OneClass(ClassId(*one)));
            }
            self.checked.make(head, known.len()).map_err(TrainError::Network)?;
            let (needed, available) = (head.stages.words() * 4, words.len() * 4);
            if needed > available {
                return Err(TrainError::Model(Shortage { needed, available }));
            }
            words.iter_mut().zip(known).for_each(|(word, id)| *word = (*id).into());
            start::standardise(set, head, words);
            start::weights(head, words, &mut self.dither);
        }
        let too_large = NetworkError::TooLarge { layer: head.stages.len() as u8 };
        self.plan.make(self.checked.params(), &head.stages).ok_or(TrainError::Network(too_large))?;
        let (needed, available) = (self.plan.places.peak() * 4, memory.len() * 4);
        if needed > available {
            return Err(TrainError::Workspace(Shortage { needed, available }));
        }
        memory.fill(0);
        self.rows = set.len() as u32;
        let held = (self.params().hold * self.rows as f32 + 0.5) as u32;
        self.learnt = self.rows.saturating_sub(held).max(1);
        for (l, range) in self.ranges.iter_mut().enumerate() {
            *range = if self.resumes { 90.0 * power(-i32::from(head.exponent(l))) } else { 0.0 };
        }
        self.keep_best(head, words, memory);
        self.work += u64::from(self.rows);
        Ok(if self.resumes { Phase::Learn } else { Phase::Calibrate })
    }
}

/// The distinct labels of a set, ascending.
fn classes<'i>(set: &SetView<'_>, ids: &'i mut [u16; MAX_CLASSES], capacity: usize) -> Result<&'i [u16], TrainError> {
    let mut count = 0;
    for label in set.labels().flatten() {
        let known = ids.get(..count).unwrap_or_default();
        let Err(at) = known.binary_search(&label.0) else { continue };
        if count >= capacity.min(MAX_CLASSES) {
            return Err(TrainError::TooManyClasses { capacity: capacity as u32 });
        }
        count += 1;
        if let Some(tail) = ids.get_mut(at..count) {
            tail.rotate_right(1);
            if let Some(first) = tail.first_mut() {
                *first = label.0;
            }
        }
    }
    match ids.get(..count).unwrap_or_default() {
        [] => Err(TrainError::NoRows),
        known => Ok(known),
    }
}
