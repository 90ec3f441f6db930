//! The model as a sequence of numbers for a compact serde format such as postcard.
//!
//! Ten items: parameters, shape, gain, thresholds, quality, mean, factor, and W_out in three parts (state, input, output;
//! row by row). The reservoir is not among them: it follows to the bit from the seed, sizes and gain.

use crate::form::Form;
use crate::model::{Head, Model, Storage};
use crate::packed::{self, Packing};
use crate::params::{Params, Readout, Shape};
use crate::threshold::Thresholds;
use core::fmt;
use core::marker::PhantomData;
use hone_numeric::compress::Fixed;
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeTuple, Serializer};

const ITEMS: usize = 10;

impl<const N: usize, const C: usize, const E: usize> Serialize for Model<N, C, E> {
    /// As [`Model::layout`] says. Fails for a model without content.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize_parts(serializer, None)
    }
}

impl<const N: usize, const C: usize, const E: usize> Model<N, C, E> {
    pub(crate) fn serialize_parts<S: Serializer>(
        &self,
        serializer: S,
        packing: Option<Packing<'_>>,
    ) -> Result<S::Ok, S::Error> {
        let Some(net) = self.readable() else { return Err(serde::ser::Error::custom("no model")) };
        let head = self.head();
        let mut tuple = serializer.serialize_tuple(ITEMS)?;
        tuple.serialize_element(&head.params)?;
        tuple.serialize_element(&head.shape)?;
        tuple.serialize_element(&head.gain)?;
        tuple.serialize_element(&head.thresholds)?;
        tuple.serialize_element(&head.quality)?;
        tuple.serialize_element(net.mean)?;
        tuple.serialize_element(net.factor)?;
        let units = head.params.units.into();
        let packed = |packing| packed::Weights { weights: net.out.state, units, packing };
        match (packing, head.form) {
            (None, Form::Plain) => tuple.serialize_element(net.out.state)?,
            (None, Form::Clustered(_)) => tuple.serialize_element(&packed::Stored(net.out.clusters))?,
            (None, Form::Affine) => tuple.serialize_element(&packed(Packing::Affine))?,
            (None, Form::Fixed(bits)) => match Fixed::q(0, bits) {
                Some(fixed) => tuple.serialize_element(&packed(Packing::Fixed(fixed)))?,
                None => return Err(serde::ser::Error::custom("fixed point")),
            },
            (Some(packing), Form::Plain) => tuple.serialize_element(&packed(packing))?,
            (Some(_), _) => return Err(serde::ser::Error::custom("packed already")),
        }
        tuple.serialize_element(net.out.input)?;
        tuple.serialize_element(net.out.output)?;
        tuple.end()
    }

    /// Replaces the content by a serialised model, in place.
    ///
    /// # Errors
    /// Whatever the format reports; too short, a parameter out of range, more than the capacity, a number that is not
    /// finite. The model is then without content.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.clear();
        let seed = Load { fits: Self::accepts, storage: self.storage(), packed: false };
        deserializer.deserialize_tuple(ITEMS, seed)
    }

    /// As [`Model::load`], from what [`Model::packed`] and a packed model give. Clustered weights stay so, where that is
    /// smaller than the weights are; the others become the numbers that their codes stand for, and are written as these.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load_packed<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.clear();
        let seed = Load { fits: Self::accepts, storage: self.storage(), packed: true };
        deserializer.deserialize_tuple(ITEMS, seed)
    }
}

struct Load<'a> {
    fits: fn(&crate::Checked) -> Result<(), hone_learn::ParamError>,
    storage: Storage<'a>,
    packed: bool,
}

impl<'de> Visitor<'de> for Load<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ESN model")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let params: Params = item(&mut seq)?;
        let shape: Shape = item(&mut seq)?;
        let checked = params.check(shape).map_err(|_| A::Error::custom("parameter out of range"))?;
        (self.fits)(&checked).map_err(|_| A::Error::custom("more than the capacity"))?;
        let gain = finite(item(&mut seq)?)?;
        let thresholds: Thresholds = item(&mut seq)?;
        for t in [thresholds.mse, thresholds.nmse] {
            for v in [t.upper, t.lower, t.median, t.sigma] {
                finite::<A::Error>(v)?;
            }
        }
        let quality = finite(item(&mut seq)?)?;
        let (n, c) = (checked.units(), checked.channels());
        let squared = |wanted: bool| if wanted { c * c } else { 0 };
        let with_input = squared(params.readout != Readout::State);
        let with_output = squared(params.readout == Readout::InputStateOutput);
        let s = &mut self.storage;
        let mut form = Form::Plain;
        for (place, len, packed) in [
            (&mut *s.mean, c, false),
            (&mut *s.factor, c, false),
            (&mut *s.out_state, n * c, self.packed),
            (&mut *s.out_input, with_input, false),
            (&mut *s.out_output, with_output, false),
        ] {
            let place = place.get_mut(..len).ok_or(A::Error::custom("more than the capacity"))?;
            let marker = PhantomData;
            let read = if packed {
                // The reservoir is generated afterwards; until then its place is free.
                let unpack = packed::Unpack { place, units: n, table: s.weights.res, marker };
                seq.next_element_seed(unpack)?.map(|f| form = f)
            } else {
                seq.next_element_seed(Numbers { place, marker })?
            };
            read.ok_or(A::Error::custom("too short"))?;
        }
        if !self.storage.generate(&checked, gain) {
            return Err(A::Error::custom("more than the capacity"));
        }
        *self.storage.head = Head { trained: true, params, shape, gain, thresholds, quality, form };
        Ok(())
    }
}

pub(crate) fn item<'de, A: SeqAccess<'de>, T: serde::Deserialize<'de>>(seq: &mut A) -> Result<T, A::Error> {
    seq.next_element()?.ok_or(A::Error::custom("too short"))
}

pub(crate) fn finite<E: Error>(v: f32) -> Result<f32, E> {
    // Beyond this a sum could overflow; no training comes near.
    if v.abs() <= 1e9 { Ok(v) } else { Err(E::custom("a number is not finite or absurd")) }
}

/// A sequence of exactly as many finite numbers as there are places.
pub(crate) struct Numbers<'a, 'de> {
    pub place: &'a mut [f32],
    pub marker: PhantomData<&'de ()>,
}

impl<'de> DeserializeSeed<'de> for Numbers<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Numbers<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("finite numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for place in self.place {
            *place = finite(item(&mut seq)?)?;
        }
        if seq.next_element::<f32>()?.is_some() { Err(A::Error::custom("too long")) } else { Ok(()) }
    }
}
