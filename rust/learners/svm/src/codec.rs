//! The model as a sequence of numbers, in postcard's encoding.
//!
//! Ten items: task (1 classes, 2 novelty), kernel, row format, degree, features, classes, vectors, γ, coef0, and the
//! words in use as four bytes each, least significant first. Of a model in integers (layout 2) the third item is not the
//! format of rows but 16 and [`Precision::code`](hone_numeric::whole::Precision::code), and `integer` says what the words are.

use crate::integer::{self, INTEGER};
use crate::kernel::{Kernel, Kind};
use crate::model::{Head, Model, ModelMut, ModelView, Task, numbers_of};
use crate::params::MAX_CLASSES;
use hone_learn::Format;
use hone_learn::wire::{self, Reader, Writer};
use hone_numeric::whole::Precision;
use serde::de::Deserializer;
use serde::ser::{Serialize, Serializer};

/// Layout of the payload of a model in floating point.
pub const LAYOUT: u8 = 1;
/// Layout of the payload of a model in integers.
pub const LAYOUT_INTEGER: u8 = 2;

/// Third item of a model in integers, less its precision.
const WHOLE: u8 = 16;

impl<const WORDS: usize> Serialize for Model<WORDS> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}

impl Serialize for ModelView<'_> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        wire::serialize(serializer, &|w| self.write(w))
    }
}

impl ModelView<'_> {
    fn write(&self, w: &mut Writer<'_>) -> bool {
        let h = &self.head;
        let Some(words) = self.words.get(..h.used()).filter(|w| !w.is_empty()) else { return false };
        w.byte(if h.task == Task::Novelty { 2 } else { 1 });
        w.byte(h.kernel.kind as u8);
        w.byte(if h.form == 0 { h.format.code() } else { WHOLE + h.form });
        w.byte(h.kernel.degree);
        [h.features, h.classes, h.vectors].into_iter().for_each(|v| w.uint(v.into()));
        w.real(h.kernel.gamma);
        w.real(h.kernel.coef0);
        w.uint(words.len() as u32);
        words.iter().for_each(|word| w.raw(&word.to_le_bytes()));
        true
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// Replaces the content by a serialised model, in place.
    ///
    /// # Errors
    /// Whatever the format reports; a number out of range or not finite, more than the capacity, too few or too many
    /// numbers. The model is then untrained.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.edit().load(deserializer)
    }
}

impl ModelMut<'_> {
    /// See [`Model::load`].
    ///
    /// # Errors
    /// As there.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self.head = Head::EMPTY;
        wire::deserialize(deserializer, &mut |r| match read(r, self.words) {
            Some(head) => *self.head = head,
            None => r.fail(),
        })
    }
}

fn read(r: &mut Reader<'_>, words: &mut [u32]) -> Option<Head> {
    let task = match r.byte() {
        1 => Task::Classes,
        2 => Task::Novelty,
        _ => return None,
    };
    let (kind, rows, degree) = (Kind::from_code(r.byte())?, r.byte(), r.byte());
    let (format, form) = match rows.checked_sub(WHOLE) {
        Some(form) if INTEGER && Precision::from_code(form).is_some() => (Format::F32, form),
        _ => (Format::from_code(rows)?, 0),
    };
    let (features, classes, vectors) = (r.short(), r.short(), r.short());
    let (gamma, coef0) = (r.within(MOST), r.within(MOST));
    let kernel = Kernel { kind, gamma, coef0, degree };
    let head = Head { task, kernel, format, features, classes, vectors, form, binary: 0 }.marked();
    let classes_fit = match task {
        Task::Novelty => classes == 0,
        _ => (2..=MAX_CLASSES).contains(&usize::from(classes)),
    };
    if !r.is_good() || !classes_fit || features == 0 || !(1..=10).contains(&degree) {
        return None;
    }
    let words = words.get_mut(..head.used())?;
    r.count(words.len());
    words.iter_mut().for_each(|word| *word = r.real().to_bits());
    (r.is_good() && valid(&head, words)).then_some(head)
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
    if INTEGER && head.form != 0 {
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
