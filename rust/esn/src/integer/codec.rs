//! The integer model as a sequence of numbers for a compact serde format such as postcard.
//!
//! Eight items: parameters, shape, gain, thresholds (those of integer inference), quality, mean, factor, and the readout
//! as in the packed layout ([`crate::LAYOUT_PACKED`]): form (2 affine, 3 fixed point), bits (8, or those behind the point),
//! table (per row scale and offset; empty), codes. The reservoir follows from the seed.

use super::model::IntegerModel;
use super::weight::Weight;
use crate::codec::{Numbers, finite, item};
use crate::form::Form;
use crate::model::Head;
use crate::params::{Params, Shape};
use crate::threshold::Thresholds;
use core::fmt;
use core::marker::PhantomData;
use hone_numeric::compress::Affine;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, SerializeTuple, Serializer};

/// Number of the payload's layout as [`IntegerModel`] serialises.
pub const LAYOUT_INTEGER: u8 = 3;

const ITEMS: usize = 8;

impl<W: Weight, const N: usize, const C: usize, const E: usize> Serialize for IntegerModel<W, N, C, E> {
    /// Fails for a model without content.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (c, n) = (usize::from(self.head.shape.channels), usize::from(self.head.params.units));
        let (Some(mean), Some(factor), Some(affine), Some(codes), true) = (
            self.mean.get(..c),
            self.factor.get(..c),
            self.affine.get(..c),
            self.out.as_flattened().get(..n * c),
            self.head.trained,
        ) else {
            return Err(serde::ser::Error::custom("no model"));
        };
        let mut tuple = serializer.serialize_tuple(ITEMS)?;
        tuple.serialize_element(&self.head.params)?;
        tuple.serialize_element(&self.head.shape)?;
        tuple.serialize_element(&self.head.gain)?;
        tuple.serialize_element(&self.head.thresholds)?;
        tuple.serialize_element(&self.head.quality)?;
        tuple.serialize_element(mean)?;
        tuple.serialize_element(factor)?;
        tuple.serialize_element(&Readout { affine, codes, fraction: self.fraction })?;
        tuple.end()
    }
}

struct Readout<'a, W> {
    affine: &'a [Affine],
    codes: &'a [W],
    fraction: u8,
}

impl<W: Weight> Serialize for Readout<'_, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(4)?;
        tuple.serialize_element(&form::<W>())?;
        tuple.serialize_element(&if W::WIDE { self.fraction } else { 8 })?;
        tuple.serialize_element(&Table(if W::WIDE { &[] } else { self.affine }))?;
        tuple.serialize_element(&Codes(self.codes))?;
        tuple.end()
    }
}

struct Table<'a>(&'a [Affine]);

impl Serialize for Table<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0.len() * 2))?;
        self.0.iter().flat_map(|a| [a.scale, a.offset]).try_for_each(|v| seq.serialize_element(&v))?;
        seq.end()
    }
}

struct Codes<'a, W>(&'a [W]);

impl<W: Weight> Serialize for Codes<'_, W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let width = size_of::<W>();
        let mut seq = serializer.serialize_seq(Some(size_of_val(self.0)))?;
        for byte in self.0.iter().flat_map(|w| w.to_bytes().into_iter().take(width)) {
            seq.serialize_element(&byte)?;
        }
        seq.end()
    }
}

/// The number of the packing.
const fn form<W: Weight>() -> u8 {
    if W::WIDE { 3 } else { 2 }
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> IntegerModel<W, N, C, E> {
    /// Replaces the content by a serialised one, in place.
    ///
    /// # Errors
    /// Whatever the format reports; weights of the other kind, too short, a parameter out of range, more than the
    /// capacity, a number that is not finite. The model is then without content.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.clear();
        deserializer.deserialize_tuple(ITEMS, Load(self))
    }
}

struct Load<'a, W, const N: usize, const C: usize, const E: usize>(&'a mut IntegerModel<W, N, C, E>);

impl<'de, W: Weight, const N: usize, const C: usize, const E: usize> Visitor<'de> for Load<'_, W, N, C, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ESN model in integers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let model = self.0;
        let params: Params = item(&mut seq)?;
        let shape: Shape = item(&mut seq)?;
        let checked = params.check(shape).map_err(|_| A::Error::custom("parameter out of range"))?;
        let capacity = || A::Error::custom("more than the capacity");
        crate::Model::<N, C, E>::accepts(&checked).map_err(|_| capacity())?;
        let gain = finite(item(&mut seq)?)?;
        let thresholds: Thresholds = item(&mut seq)?;
        for t in [thresholds.mse, thresholds.nmse] {
            for v in [t.upper, t.lower, t.median, t.sigma] {
                finite::<A::Error>(v)?;
            }
        }
        let quality = finite(item(&mut seq)?)?;
        let (n, c) = (checked.units(), checked.channels());
        for place in [&mut model.mean, &mut model.factor] {
            let place = place.get_mut(..c).ok_or_else(capacity)?;
            let read = seq.next_element_seed(Numbers { place, marker: PhantomData })?;
            read.ok_or(A::Error::custom("too short"))?;
        }
        let affine = model.affine.get_mut(..c).ok_or_else(capacity)?;
        let codes = model.out.as_flattened_mut().get_mut(..n * c).ok_or_else(capacity)?;
        let seed = ReadoutMut { affine, codes, fraction: &mut model.fraction, marker: PhantomData };
        seq.next_element_seed(seed)?.ok_or(A::Error::custom("too short"))?;
        let head = Head { trained: false, params, shape, gain, thresholds, quality, form: Form::Plain };
        model.complete(head).map_err(|_| A::Error::custom("not served in integers"))
    }
}

struct ReadoutMut<'a, 'de, W> {
    affine: &'a mut [Affine],
    codes: &'a mut [W],
    fraction: &'a mut u8,
    marker: PhantomData<&'de ()>,
}

impl<'de, W: Weight> DeserializeSeed<'de> for ReadoutMut<'_, 'de, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_tuple(4, self)
    }
}

impl<'de, W: Weight> Visitor<'de> for ReadoutMut<'_, 'de, W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("weights in integers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let (form_read, bits): (u8, u8) = (item(&mut seq)?, item(&mut seq)?);
        let bits_fit = if W::WIDE { bits <= 15 } else { bits == 8 };
        if form_read != form::<W>() || !bits_fit {
            return Err(A::Error::custom("weights of another kind"));
        }
        *self.fraction = if W::WIDE { bits } else { 0 };
        let affine: &mut [Affine] = if W::WIDE { &mut [] } else { self.affine };
        seq.next_element_seed(TableMut(affine, PhantomData))?.ok_or(A::Error::custom("too short"))?;
        seq.next_element_seed(CodesMut(self.codes, PhantomData))?.ok_or(A::Error::custom("too short"))
    }
}

struct TableMut<'a, 'de>(&'a mut [Affine], PhantomData<&'de ()>);

impl<'de> DeserializeSeed<'de> for TableMut<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TableMut<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("scale and offset of each row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for a in self.0 {
            *a = Affine { scale: finite(item(&mut seq)?)?, offset: finite(item(&mut seq)?)? };
        }
        if seq.next_element::<f32>()?.is_some() { Err(A::Error::custom("too long")) } else { Ok(()) }
    }
}

struct CodesMut<'a, 'de, W>(&'a mut [W], PhantomData<&'de ()>);

impl<'de, W: Weight> DeserializeSeed<'de> for CodesMut<'_, 'de, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, W: Weight> Visitor<'de> for CodesMut<'_, 'de, W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("codes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for code in self.0 {
            let low = item(&mut seq)?;
            *code = W::from_bytes([low, if W::WIDE { item(&mut seq)? } else { 0 }]);
        }
        if seq.next_element::<u8>()?.is_some() { Err(A::Error::custom("too long")) } else { Ok(()) }
    }
}
