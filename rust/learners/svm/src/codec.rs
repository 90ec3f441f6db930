//! The model as bytes, in postcard's encoding: the head, and the words in use. `integer` says what the words of a model in
//! integers (layout 2) are.

use crate::integer::{self, INTEGER};
use crate::model::{Head, Model, ModelMut, ModelView, Task, numbers_of};
use crate::params::MAX_CLASSES;
use hone_learn::Format;
use hone_learn::codec::{self, REFUSED, Words, check, words};
use hone_learn::payload::De;
use hone_numeric::quantize::Precision;
use serde::ser::Error;
use serde::{Serialize, Serializer};

/// Layout of the payload of a model in floating point.
pub const LAYOUT: u8 = 1;
/// Layout of the payload of a model in integers.
pub const LAYOUT_INTEGER: u8 = 2;

impl<const WORDS: usize> Serialize for Model<WORDS> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}

impl Serialize for ModelView<'_> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.words.get(..self.head.used()) {
            Some(words) if !words.is_empty() => (&self.head, Words(words)).serialize(serializer),
            _ => Err(S::Error::custom("nothing to write")),
        }
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// Replaces the content by a serialised model, in place.
    ///
    /// # Errors
    /// Postcard's; a number out of range or not finite, more than the capacity, too few or too many numbers. The model is
    /// then untrained.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        self.edit().load(input)
    }
}

impl ModelMut<'_> {
    /// See [`Model::load`].
    ///
    /// # Errors
    /// As there.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        *self.head = Head::EMPTY;
        let mut head = Head::EMPTY;
        codec::read(input, &mut head)?;
        let head = head.marked();
        check(possible(&head))?;
        let places = self.words.get_mut(..head.used()).ok_or(REFUSED)?;
        words(input, places)?;
        check(valid(&head, places))?;
        *self.head = head;
        Ok(())
    }
}

/// Whether a model of this build may have these scalars.
fn possible(head: &Head) -> bool {
    let classes_fit = match head.task {
        Task::Untrained => false,
        Task::Classes => (2..=MAX_CLASSES).contains(&usize::from(head.classes)),
        Task::Novelty => head.classes == 0,
    };
    let precision_fits = head.precision == 0 || INTEGER && Precision::from_code(head.precision).is_some();
    let k = &head.kernel;
    let kernel_fits = k.kind.is_built() && usable(k.gamma) && usable(k.coef0) && (1..=10).contains(&k.degree);
    classes_fit && precision_fits && kernel_fits && head.format.is_built() && head.features > 0
}

/// Numbers are of this size at most.
const MOST: f32 = 1e30;

fn usable(x: f32) -> bool {
    x.abs() <= MOST
}

/// Whether classes ascend, class indices exist and numbers are finite.
fn valid(head: &Head, words: &[u32]) -> bool {
    let k = usize::from(head.classes);
    let Some((ids, rest)) = words.split_at_checked(k) else { return false };
    if !ids.is_sorted_by(|a, b| a < b) || ids.last().is_some_and(|id| *id > u32::from(u16::MAX)) {
        return false;
    }
    if INTEGER && head.precision != 0 {
        return integer::valid(head, rest);
    }
    let Some((fixed, records)) = rest.split_at_checked(head.fixed() - k) else { return false };
    let numbers = |words: &[u32]| words.iter().all(|w| usable(f32::from_bits(*w)));
    numbers(fixed)
        && records.chunks_exact(head.record()).all(|record| {
            let Some((front, row)) = record.split_at_checked(numbers_of(k)) else { return false };
            let class_exists = k <= 2 || front.get(1).is_some_and(|c| (*c as usize) < k);
            // The class index is far below 1, as a number: a tiny one.
            class_exists && numbers(front) && (head.format != Format::F32 || numbers(row))
        })
}
