//! The model with its state readout in few bits: a table of clustered weights and an index for each, 8-bit affine codes
//! row by row, or fixed point. The rest of the payload is as in `codec`; the reservoir comes from the seed either way.
//!
//! Packing loses precision once: a model loaded from a packed payload infers with the weights that the codes stand for,
//! and is written with the same codes again. Its thresholds are those of the original until they are set anew
//! ([`Model::recalibrate`]). Clustered weights are not even unpacked ([`Form::Clustered`]).
//!
//! In place of the state readout stand: form (1 clustered, 2 affine, 3 fixed point), bits (of an index; 8; behind the
//! point), the table (centroids; per row scale and offset; empty), and the codes, row by row, the first in the lowest bits
//! of a byte, fixed-point numbers in little-endian pairs of bytes.

use crate::codec::{Numbers, finite, item};
use crate::form::{Clusters, Form, arrange, pays};
use crate::model::Model;
use core::fmt;
use core::marker::PhantomData;
use hone_numeric::compress::{Affine, Fixed, nearest, pack_byte, packed_bytes, unpack_byte};
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeSeq, SerializeTuple, Serializer};

/// Number of the payload's layout as [`Model`] serialises.
pub const LAYOUT: u8 = 1;
/// Number of the payload's layout as [`Packed`] serialises.
pub const LAYOUT_PACKED: u8 = 2;

/// How weights are packed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Packing<'a> {
    /// As indices into these centroids, which [`hone_numeric::compress::cluster`] finds: 2, 4, 16 or 256 of them.
    Clustered(&'a [f32]),
    /// As 8-bit codes with a scale and an offset for each row (output).
    Affine,
    /// As 16-bit fixed point.
    Fixed(Fixed),
}

impl Packing<'_> {
    fn form(self) -> u8 {
        match self {
            Self::Clustered(_) => 1,
            Self::Affine => 2,
            Self::Fixed(_) => 3,
        }
    }

    fn bits(self) -> Option<u8> {
        Some(match self {
            Self::Clustered(centroids) => match centroids.len() {
                2 => 1,
                4 => 2,
                16 => 4,
                256 => 8,
                _ => return None,
            },
            Self::Affine => 8,
            Self::Fixed(fixed) => fixed.fraction(),
        })
    }
}

/// A model to be serialised with packed weights. [`Model::load_packed`] reads it.
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a, const N: usize, const C: usize, const E: usize> {
    pub(crate) model: &'a Model<N, C, E>,
    pub(crate) packing: Packing<'a>,
}

impl<const N: usize, const C: usize, const E: usize> Serialize for Packed<'_, N, C, E> {
    /// Fails for a model without content and for a number of centroids that no index fits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.model.serialize_parts(serializer, Some(self.packing))
    }
}

/// The weights of a readout, as they are packed.
pub(crate) struct Weights<'a> {
    pub weights: &'a [f32],
    pub units: usize,
    pub packing: Packing<'a>,
}

impl Serialize for Weights<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(bits) = self.packing.bits() else { return Err(serde::ser::Error::custom("centroids")) };
        let rows = || self.weights.chunks(self.units.max(1));
        let mut tuple = serializer.serialize_tuple(4)?;
        tuple.serialize_element(&self.packing.form())?;
        tuple.serialize_element(&bits)?;
        match self.packing {
            Packing::Clustered(centroids) => {
                tuple.serialize_element(centroids)?;
                let code = |i: usize| self.weights.get(i).map(|w| nearest(centroids, *w));
                let bits = bits.into();
                let count = packed_bytes(self.weights.len(), bits);
                tuple.serialize_element(&List(count, |i| pack_byte(i, bits, code)))?;
            }
            Packing::Affine => {
                let table = |i: usize| {
                    let range = rows().nth(i / 2).map(Affine::of).unwrap_or_default();
                    if i.is_multiple_of(2) { range.scale } else { range.offset }
                };
                let count = self.weights.len().div_ceil(self.units.max(1));
                tuple.serialize_element(&List(count * 2, table))?;
                let codes = rows().flat_map(|row| {
                    let range = Affine::of(row);
                    row.iter().map(move |w| range.encode(*w))
                });
                tuple.serialize_element(&Sequence(self.weights.len(), codes))?;
            }
            Packing::Fixed(fixed) => {
                tuple.serialize_element(&[0f32; 0][..])?;
                let bytes = self.weights.iter().flat_map(|w| fixed.encode(*w).to_le_bytes());
                tuple.serialize_element(&Sequence(self.weights.len() * 2, bytes))?;
            }
        }
        tuple.end()
    }
}

/// Clustered weights as they lie in memory.
pub(crate) struct Stored<'a>(pub Option<Clusters<'a>>);

impl Serialize for Stored<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(Clusters { centroids, codes, bits }) = self.0 else {
            return Err(serde::ser::Error::custom("no clusters"));
        };
        let mut tuple = serializer.serialize_tuple(4)?;
        tuple.serialize_element(&Packing::Clustered(centroids).form())?;
        tuple.serialize_element(&bits)?;
        tuple.serialize_element(centroids)?;
        tuple.serialize_element(codes)?;
        tuple.end()
    }
}

/// A sequence of so many items, each made by its index.
struct List<F>(usize, F);

impl<T: Serialize, F: Fn(usize) -> T> Serialize for List<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0))?;
        (0..self.0).try_for_each(|i| seq.serialize_element(&(self.1)(i)))?;
        seq.end()
    }
}

/// A sequence of so many items.
struct Sequence<I>(usize, I);

impl<I: Iterator<Item = u8> + Clone> Serialize for Sequence<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.0))?;
        self.1.clone().try_for_each(|byte| seq.serialize_element(&byte))?;
        seq.end()
    }
}

/// Reads packed weights into their place.
pub(crate) struct Unpack<'a, 'de> {
    pub place: &'a mut [f32],
    pub units: usize,
    /// Holds the table meanwhile.
    pub table: &'a mut [f32],
    pub marker: PhantomData<&'de ()>,
}

impl<'de> DeserializeSeed<'de> for Unpack<'_, 'de> {
    type Value = Form;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Form, D::Error> {
        deserializer.deserialize_tuple(4, self)
    }
}

impl<'de> Visitor<'de> for Unpack<'_, 'de> {
    type Value = Form;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packed weights")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Form, A::Error> {
        let Self { place, units, table, marker } = self;
        let (form, bits): (u8, u8) = (item(&mut seq)?, item(&mut seq)?);
        let rows = place.len().div_ceil(units.max(1));
        let wrong = || A::Error::custom("unknown packing");
        let (entries, codes) = match (form, bits) {
            (1, 1 | 2 | 4 | 8) => (1 << bits, packed_bytes(place.len(), bits.into())),
            (2, 8) => (2 * rows, place.len()),
            (3, 0..=15) => (0, 2 * place.len()),
            _ => return Err(wrong()),
        };
        let table = table.get_mut(..entries).ok_or(A::Error::custom("more than the capacity"))?;
        let short = || A::Error::custom("too short");
        seq.next_element_seed(Numbers { place: &mut *table, marker })?.ok_or_else(short)?;
        let clustered = form == 1 && pays(place.len(), bits);
        let reader = Codes { place: &mut *place, units, table, form, bits, codes, clustered, marker };
        seq.next_element_seed(reader)?.ok_or_else(short)?;
        Ok(match form {
            1 if clustered => {
                arrange(place, codes, table);
                Form::Clustered(bits)
            }
            2 => Form::Affine,
            3 => Form::Fixed(bits),
            _ => Form::Plain,
        })
    }
}

struct Codes<'a, 'de> {
    place: &'a mut [f32],
    units: usize,
    table: &'a [f32],
    form: u8,
    bits: u8,
    codes: usize,
    /// The indices stay such, at the front of `place`.
    clustered: bool,
    marker: PhantomData<&'de ()>,
}

impl<'de> DeserializeSeed<'de> for Codes<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Codes<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("codes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let fixed = Fixed::q(0, self.bits.min(15));
        let mut low = 0;
        if self.clustered {
            let bytes: &mut [u8] = bytemuck::try_cast_slice_mut(self.place).unwrap_or_default();
            for byte in bytes.get_mut(..self.codes).unwrap_or_default() {
                *byte = item(&mut seq)?;
            }
            return end(seq);
        }
        let mut places = self.place.iter_mut();
        for index in 0..self.codes {
            let byte: u8 = item(&mut seq)?;
            match (self.form, fixed) {
                (1, _) => {
                    let codes = unpack_byte(byte, self.bits.into());
                    codes.zip(&mut places).for_each(|(c, p)| *p = self.table.get(c).copied().unwrap_or(0.0));
                }
                (2, _) => {
                    let row = self.table.chunks_exact(2).nth(index / self.units.max(1));
                    if let (Some([scale, offset]), Some(place)) = (row, places.next()) {
                        *place = finite(Affine { scale: *scale, offset: *offset }.decode(byte))?;
                    }
                }
                (_, Some(fixed)) if !index.is_multiple_of(2) => {
                    if let Some(place) = places.next() {
                        *place = fixed.decode(i16::from_le_bytes([low, byte]));
                    }
                }
                _ => low = byte,
            }
        }
        end(seq)
    }
}

fn end<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    if seq.next_element::<u8>()?.is_some() { Err(A::Error::custom("too long")) } else { Ok(()) }
}
