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

use crate::codec::MOST;
use crate::form::{Clusters, Form, arrange, pays};
use crate::model::Model;
use hone_learn::wire::{self, Reader, Writer};
use hone_numeric::compress::{Affine, Fixed, nearest, pack_byte, packed_bytes};
use serde::ser::{Serialize, Serializer};

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

    /// Of an index, of a code, or behind the point; none where there are so many centroids that no index fits.
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
        wire::serialize(serializer, &|w| self.model.write(Some(self.packing), w))
    }
}

/// Writes the weights of a readout with rows of `units` packed. `packing` has bits.
pub(crate) fn write(weights: &[f32], units: usize, packing: Packing<'_>, w: &mut Writer<'_>) {
    let bits = packing.bits().unwrap_or(0);
    let rows = || weights.chunks(units.max(1));
    w.byte(packing.form());
    w.byte(bits);
    match packing {
        Packing::Clustered(centroids) => {
            w.reals(centroids);
            let codes = packed_bytes(weights.len(), bits.into());
            w.uint(codes as u32);
            let code = |i: usize| weights.get(i).map(|w| nearest(centroids, *w));
            (0..codes).for_each(|i| w.byte(pack_byte(i, bits.into(), code)));
        }
        Packing::Affine => {
            w.uint(rows().len() as u32 * 2);
            for row in rows() {
                let range = Affine::of(row);
                w.real(range.scale);
                w.real(range.offset);
            }
            w.uint(weights.len() as u32);
            for row in rows() {
                let range = Affine::of(row);
                row.iter().for_each(|v| w.byte(range.encode(*v)));
            }
        }
        Packing::Fixed(fixed) => {
            w.reals(&[]);
            w.uint(weights.len() as u32 * 2);
            weights.iter().for_each(|v| w.raw(&fixed.encode(*v).to_le_bytes()));
        }
    }
}

/// Writes clustered weights as they lie in memory.
pub(crate) fn write_clusters(clusters: &Clusters<'_>, w: &mut Writer<'_>) {
    w.byte(Packing::Clustered(clusters.centroids).form());
    w.byte(clusters.bits);
    w.reals(clusters.centroids);
    w.bytes(clusters.codes);
}

/// Reads packed weights into their place, with rows of `units`; `table` holds the table meanwhile.
pub(crate) fn read(r: &mut Reader<'_>, place: &mut [f32], units: usize, table: &mut [f32]) -> Form {
    let (form, bits) = (r.byte(), r.byte());
    let rows = place.len().div_ceil(units.max(1));
    let sizes = match (form, bits) {
        (1, 1 | 2 | 4 | 8) => Some((1 << bits, packed_bytes(place.len(), bits.into()))),
        (2, 8) => Some((2 * rows, place.len())),
        (3, 0..=15) => Some((0, 2 * place.len())),
        _ => None,
    };
    let Some((table, codes)) = sizes.and_then(|(entries, codes)| Some((table.get_mut(..entries)?, codes))) else {
        r.fail();
        return Form::Plain;
    };
    r.reals(table, MOST);
    r.count(codes);
    if form == 1 && pays(place.len(), bits) {
        // The indices stay such, at the front of the place.
        let bytes: &mut [u8] = bytemuck::try_cast_slice_mut(place).unwrap_or_default();
        bytes.iter_mut().take(codes).for_each(|byte| *byte = r.byte());
        arrange(place, codes, table);
        return Form::Clustered(bits);
    }
    let fixed = Fixed::q(0, bits.min(15));
    let mut places = place.iter_mut();
    let mut low = 0;
    for index in 0..codes {
        let byte = r.byte();
        match (form, fixed) {
            (1, _) => {
                let mut codes = usize::from(byte);
                for place in places.by_ref().take(8 / usize::from(bits)) {
                    *place = table.get(codes % table.len()).copied().unwrap_or(0.0);
                    codes >>= bits;
                }
            }
            (2, _) => {
                let row = table.chunks_exact(2).nth(index / units.max(1));
                if let (Some([scale, offset]), Some(place)) = (row, places.next()) {
                    *place = Affine { scale: *scale, offset: *offset }.decode(byte);
                    r.check(place.abs() <= MOST);
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
    match form {
        2 => Form::Affine,
        3 => Form::Fixed(bits),
        _ => Form::Plain,
    }
}
