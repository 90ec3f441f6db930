//! The integer model as a sequence of numbers, in postcard's encoding.
//!
//! Eight items: parameters, shape, gain, thresholds (those of integer inference), quality, mean, factor, and the readout
//! as in the packed layout ([`crate::LAYOUT_PACKED`]): form (2 affine, 3 fixed point), bits (8, or those behind the point),
//! table (per row scale and offset; empty), codes. The reservoir follows from the seed.

use super::model::{IntegerModel, Store};
use super::weight::{Weight, Weights};
use crate::codec::{MOST, read_head, reals};
use crate::model::Head;
use crate::packed::pair;
use crate::params::Checked;
use hone_learn::ParamError;
use hone_learn::codec::{self, List, REFUSED, bytes, check, fill_reals};
use hone_learn::payload::De;
use hone_numeric::quantize::Affine;
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

/// Number of the payload's layout as [`IntegerModel`] serialises.
pub const LAYOUT_INTEGER: u8 = 3;

/// A model of any capacity, as written.
#[derive(Serialize)]
struct Saved<'a> {
    head: &'a Head,
    mean: &'a [f32],
    factor: &'a [f32],
    form: Form,
    out: Codes<'a>,
}

/// The number of the packing, and the bits that stand behind it.
type Form = (u8, u8);

const fn form(wide: bool, fraction: u8) -> Form {
    if wide { (3, fraction) } else { (2, 8) }
}

/// Table and codes.
enum Codes<'a> {
    Bytes(&'a [Affine], &'a [i8]),
    Words(&'a [i16]),
}

impl Serialize for Codes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Bytes(rows, codes) => {
                let table = List::new(2 * rows.len(), |put| {
                    for row in rows {
                        put(row.scale);
                        put(row.offset);
                    }
                });
                // The affine code, of which 128 was taken off.
                let codes = List::new(codes.len(), |put| codes.iter().for_each(|code| put(*code as u8 ^ 0x80)));
                (table, codes).serialize(serializer)
            }
            Self::Words(codes) => {
                let bytes = List::new(2 * codes.len(), |put| codes.iter().for_each(|code| pair(*code, put)));
                ([0f32; 0].as_slice(), bytes).serialize(serializer)
            }
        }
    }
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> Serialize for IntegerModel<W, N, C, E> {
    /// Fails for a model without content.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let saved = || {
            let model = self.view();
            let head = model.head.trained.then_some(model.head)?;
            let (c, n) = (usize::from(head.shape.channels), usize::from(head.params.units));
            let out = match model.weights {
                Weights::Bytes(kind) => Codes::Bytes(model.affine.get(..c)?, kind.out.get(..n * c)?),
                Weights::Words(kind) => Codes::Words(kind.out.get(..n * c)?),
            };
            let (mean, factor) = (model.mean.get(..c)?, model.factor.get(..c)?);
            Some(Saved { head, mean, factor, form: form(W::WIDE, model.fraction), out })
        };
        saved().ok_or(S::Error::custom("nothing to write"))?.serialize(serializer)
    }
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> IntegerModel<W, N, C, E> {
    /// Replaces the content by a serialised one, in place.
    ///
    /// # Errors
    /// Postcard's; weights of the other kind, too short, a parameter out of range, more than the capacity, a number that is
    /// not finite. The model is then without content.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        self.clear();
        read(input, crate::Model::<N, C, E>::accepts, self.store())
    }
}

#[inline]
fn read(input: &mut De<'_>, fits: fn(&Checked) -> Result<(), ParamError>, mut model: Store<'_>) -> codec::Result<()> {
    let checked = read_head(input, fits, model.head)?;
    let (n, c) = (checked.units(), checked.channels());
    reals(input, model.mean, c)?;
    reals(input, model.factor, c)?;
    let wide = model.out.is_wide();
    let (kind, bits) = Form::deserialize(&mut *input)?;
    check(form(wide, bits.min(15)) == (kind, bits) && model.out.len() >= n * c)?;
    *model.fraction = if wide { bits } else { 0 };
    let rows = if wide { 0 } else { c };
    let mut table = [0.0; 2 * crate::MAX_CHANNELS as usize];
    let table = table.get_mut(..2 * rows).unwrap_or_default();
    fill_reals(input, table, -MOST, MOST)?;
    for (row, [scale, offset]) in model.affine.iter_mut().zip(table.as_chunks().0) {
        *row = Affine { scale: *scale, offset: *offset };
    }
    if wide {
        let codes = bytes(input, 2 * n * c)?.as_chunks().0.iter();
        (0..).zip(codes).for_each(|(index, code)| model.out.set(index, i16::from_le_bytes(*code)));
    } else {
        let codes = bytes(input, n * c)?.iter();
        (0..).zip(codes).for_each(|(index, code)| model.out.set(index, i16::from(*code) - 128));
    }
    model.complete().map_err(|_| REFUSED)
}
