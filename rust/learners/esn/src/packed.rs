//! The model with its state readout in few bits: a table of clustered weights and an index for each, 8-bit affine codes
//! row by row, or fixed point. The rest of the payload is as in `codec`; the reservoir comes from the seed either way.
//!
//! Packing loses precision once: a model loaded from a packed payload infers with the weights that the codes stand for,
//! and is written with the same codes again. Its thresholds are those of the original until they are set anew
//! ([`Model::recalibrate`]). Clustered weights are not even unpacked ([`ReadoutForm::Clustered`]).
//!
//! In place of the state readout stand: form (1 clustered, 2 affine, 3 fixed point), bits (of an index; 8; behind the
//! point), the table (centroids; per row scale and offset; empty), and the codes, row by row, the first in the lowest bits
//! of a byte, fixed-point numbers in little-endian pairs of bytes.

use crate::codec::{MOST, reals};
use crate::form::{Clusters, ReadoutForm, arrange, pays};
use crate::model::Model;
use hone_learn::codec::{self, List, REFUSED, bytes, check};
use hone_learn::payload::De;
use hone_numeric::quantize::clusters::{nearest, pack_byte, packed_bytes, unpack_byte};
use hone_numeric::quantize::{Affine, Fixed};
use serde::{Deserialize, Serialize, Serializer};

/// Number of the payload's layout as [`Model`] serialises.
pub const LAYOUT: u8 = 1;
/// Number of the payload's layout as [`Packed`] serialises.
pub const LAYOUT_PACKED: u8 = 2;

/// How weights are packed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Packing<'a> {
    /// As indices into these centroids, which [`hone_numeric::quantize::clusters::cluster`] finds: 2, 4, 16 or 256 of them.
    Clustered(&'a [f32]),
    /// As 8-bit codes with a scale and an offset for each row (output).
    Affine,
    /// As 16-bit fixed point.
    Fixed(Fixed),
}

impl Packing<'_> {
    /// Of an index, of a code, or behind the point; none where there are so many centroids that no index fits.
    #[inline]
    pub(crate) fn bits(self) -> Option<u8> {
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
        self.model.serialize_packed(Some(self.packing), serializer)
    }
}

/// The readout's state part, as it is written.
pub(crate) enum StateWeights<'a> {
    /// As numbers.
    Plain(&'a [f32]),
    /// As it lies in memory.
    Clusters(Clusters<'a>),
    /// Rows of `units` numbers, to be packed with so many bits.
    Packed { weights: &'a [f32], units: usize, packing: Packing<'a>, bits: u8 },
}

impl<'a> StateWeights<'a> {
    /// `None` for a number of centroids that no index fits.
    #[inline]
    pub fn packed(weights: &'a [f32], units: usize, packing: Packing<'a>) -> Option<Self> {
        Some(Self::Packed { weights, units: units.max(1), packing, bits: packing.bits()? })
    }
}

impl Serialize for StateWeights<'_> {
    /// ReadoutForm, bits, table and codes, but for plain numbers.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Plain(weights) => weights.serialize(serializer),
            Self::Clusters(c) => (1u8, c.bits, c.centroids, c.codes).serialize(serializer),
            Self::Packed { weights, units, packing, bits } => {
                let count = weights.len();
                match packing {
                    Packing::Clustered(centroids) => {
                        let codes = packed_bytes(count, bits.into());
                        let code = |i: usize| weights.get(i).map(|w| nearest(centroids, *w));
                        let codes =
                            List::new(codes, |put| (0..codes).for_each(|i| put(pack_byte(i, bits.into(), code))));
                        (1u8, bits, centroids, codes).serialize(serializer)
                    }
                    Packing::Affine => {
                        let rows = || weights.chunks(units).map(|row| (row, Affine::of(row)));
                        let table = List::new(2 * rows().len(), |put| {
                            for (_, range) in rows() {
                                put(range.scale);
                                put(range.offset);
                            }
                        });
                        let codes = List::new(count, |put| {
                            for (row, range) in rows() {
                                row.iter().for_each(|v| put(range.encode(*v)));
                            }
                        });
                        (2u8, bits, table, codes).serialize(serializer)
                    }
                    Packing::Fixed(fixed) => {
                        let codes =
                            List::new(2 * count, |put| weights.iter().for_each(|v| pair(fixed.encode(*v), put)));
                        (3u8, bits, [0f32; 0].as_slice(), codes).serialize(serializer)
                    }
                }
            }
        }
    }
}

/// Puts the two bytes of a code.
pub(crate) fn pair(code: i16, put: &mut dyn FnMut(u8)) {
    code.to_le_bytes().into_iter().for_each(put);
}

/// Reads packed weights into their place, with rows of `units`; `table` holds the table meanwhile.
#[inline]
pub(crate) fn read(
    input: &mut De<'_>,
    place: &mut [f32],
    units: usize,
    table: &mut [f32],
) -> codec::Result<ReadoutForm> {
    let (form, bits) = <(u8, u8)>::deserialize(&mut *input)?;
    let (units, count) = (units.max(1), place.len());
    let (entries, codes) = match (form, bits) {
        (1, 1 | 2 | 4 | 8) => (1 << bits, packed_bytes(count, bits.into())),
        (2, 8) => (2 * count.div_ceil(units), count),
        (3, 0..=15) => (0, 2 * count),
        _ => return Err(REFUSED),
    };
    reals(input, table, entries)?;
    let table = table.get(..entries).unwrap_or_default();
    let codes = bytes(input, codes)?;
    match form {
        1 if pays(count, bits) => {
            // The indices stay such, at the front of the place.
            let front: &mut [u8] = bytemuck::try_cast_slice_mut(place).unwrap_or_default();
            front.iter_mut().zip(codes).for_each(|(to, from)| *to = *from);
            arrange(place, codes.len(), table);
            Ok(ReadoutForm::Clustered(bits))
        }
        1 => {
            let indices = codes.iter().flat_map(|byte| unpack_byte(*byte, bits.into()));
            place.iter_mut().zip(indices).for_each(|(to, i)| *to = table.get(i).copied().unwrap_or(0.0));
            Ok(ReadoutForm::Plain)
        }
        2 => {
            let ranges = table.as_chunks().0.iter().map(|[scale, offset]| Affine { scale: *scale, offset: *offset });
            for ((row, codes), range) in place.chunks_mut(units).zip(codes.chunks(units)).zip(ranges) {
                row.iter_mut().zip(codes).for_each(|(to, code)| *to = range.decode(*code));
            }
            check(place.iter().all(|v| v.abs() <= MOST))?;
            Ok(ReadoutForm::Affine)
        }
        _ => {
            let fixed = Fixed::q(0, bits).ok_or(REFUSED)?;
            let codes = codes.as_chunks().0.iter().map(|pair| i16::from_le_bytes(*pair));
            place.iter_mut().zip(codes).for_each(|(to, code)| *to = fixed.decode(code));
            Ok(ReadoutForm::Fixed(bits))
        }
    }
}
