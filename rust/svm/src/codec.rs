//! The model as a sequence for a compact serde format such as postcard.
//!
//! Ten items: task (1 classes, 2 novelty), kernel, row format, degree, features, classes, vectors, γ, coef0, and the
//! words in use as four bytes each, least significant first. Of a model in integers (layout 2) the third item is not the
//! format of rows but 16 and [`Precision::code`](hone_numeric::whole::Precision::code), and `integer` says what the words are.

use crate::integer::{self, INTEGER};
use crate::kernel::{Kernel, Kind};
use crate::model::{Head, Model, ModelMut, ModelView, Task, numbers_of};
use crate::params::MAX_CLASSES;
use core::fmt;
use hone_learn::Format;
use hone_numeric::whole::Precision;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

/// Layout of the payload of a model in floating point.
pub const LAYOUT: u8 = 1;
/// Layout of the payload of a model in integers.
pub const LAYOUT_INTEGER: u8 = 2;

const ITEMS: usize = 10;
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
        let h = &self.head;
        let words = self.words.get(..h.used()).filter(|w| !w.is_empty());
        let words = words.ok_or(serde::ser::Error::custom("no model"))?;
        let mut tuple = serializer.serialize_tuple(ITEMS)?;
        tuple.serialize_element(&if h.task == Task::Novelty { 2u8 } else { 1 })?;
        tuple.serialize_element(&(h.kernel.kind as u8))?;
        tuple.serialize_element(&if h.form == 0 { h.format.code() } else { WHOLE + h.form })?;
        tuple.serialize_element(&h.kernel.degree)?;
        tuple.serialize_element(&h.features)?;
        tuple.serialize_element(&h.classes)?;
        tuple.serialize_element(&h.vectors)?;
        tuple.serialize_element(&h.kernel.gamma)?;
        tuple.serialize_element(&h.kernel.coef0)?;
        tuple.serialize_element(&Words(words))?;
        tuple.end()
    }
}

struct Words<'a>(&'a [u32]);

impl Serialize for Words<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|w| w.to_le_bytes()))
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
        *self.head = deserializer.deserialize_tuple(ITEMS, Load(self.words))?;
        Ok(())
    }
}

struct Load<'a>(&'a mut [u32]);

impl<'de> Visitor<'de> for Load<'_> {
    type Value = Head;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an SVM model")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Head, A::Error> {
        let task = match item::<A, u8>(&mut seq)? {
            1 => Task::Classes,
            2 => Task::Novelty,
            _ => return Err(range()),
        };
        let kind = Kind::from_code(item(&mut seq)?).ok_or(range())?;
        let rows: u8 = item(&mut seq)?;
        let (format, form) = match rows.checked_sub(WHOLE) {
            Some(form) if INTEGER && Precision::from_code(form).is_some() => (Format::F32, form),
            _ => (Format::from_code(rows).ok_or(range())?, 0),
        };
        let degree: u8 = item(&mut seq)?;
        let (features, classes, vectors): (u16, u16, u16) = (item(&mut seq)?, item(&mut seq)?, item(&mut seq)?);
        let (gamma, coef0): (f32, f32) = (item(&mut seq)?, item(&mut seq)?);
        let kernel = Kernel { kind, gamma, coef0, degree };
        let head = Head { task, kernel, format, features, classes, vectors, form, binary: 0 }.marked();
        let classes_fit = match task {
            Task::Novelty => classes == 0,
            _ => (2..=MAX_CLASSES).contains(&usize::from(classes)),
        };
        if !classes_fit || features == 0 || !(1..=10).contains(&degree) || !usable(gamma) || !usable(coef0) {
            return Err(range());
        }
        let words = self.0.get_mut(..head.used()).ok_or(A::Error::custom("more than the capacity"))?;
        seq.next_element_seed(Fill(words))?.ok_or(A::Error::custom("too short"))?;
        if valid(&head, words) { Ok(head) } else { Err(range()) }
    }
}

fn range<E: Error>() -> E {
    E::custom("a number is out of range")
}

fn item<'de, A: SeqAccess<'de>, T: serde::Deserialize<'de>>(seq: &mut A) -> Result<T, A::Error> {
    seq.next_element()?.ok_or(A::Error::custom("too short"))
}

fn usable(x: f32) -> bool {
    x.abs() <= 1e30
}

/// Whether classes ascend, class indices exist and numbers are finite.
fn valid(head: &Head, words: &[u32]) -> bool {
    if INTEGER && head.form != 0 {
        return integer::valid(head, words);
    }
    let k = usize::from(head.classes);
    let Some((ids, rest)) = words.split_at_checked(k) else { return false };
    let Some((fixed, records)) = rest.split_at_checked(head.fixed() - k) else { return false };
    let numbers = |words: &[u32]| words.iter().all(|w| usable(f32::from_bits(*w)));
    ids.is_sorted_by(|a, b| a < b)
        && ids.iter().all(|id| *id <= u32::from(u16::MAX))
        && numbers(fixed)
        && records.chunks_exact(head.record()).all(|record| {
            let Some((front, row)) = record.split_at_checked(numbers_of(k)) else { return false };
            let class_exists = k <= 2 || front.get(1).is_some_and(|c| (*c as usize) < k);
            // The class index is far below 1, as a number: a tiny one.
            class_exists && numbers(front) && (head.format != Format::F32 || numbers(row))
        })
}

/// Fills the slice with exactly as many words as it has.
struct Fill<'a>(&'a mut [u32]);

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("words of four bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for word in self.0 {
            *word = u32::from_le_bytes(item(&mut seq)?);
        }
        if seq.next_element::<[u8; 4]>()?.is_some() { Err(A::Error::custom("too long")) } else { Ok(()) }
    }
}
