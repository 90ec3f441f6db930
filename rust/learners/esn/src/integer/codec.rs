//! The integer model as a sequence of numbers, in postcard's encoding.
//!
//! Eight items: parameters, shape, gain, thresholds (those of integer inference), quality, mean, factor, and the readout
//! as in the packed layout ([`crate::LAYOUT_PACKED`]): form (2 affine, 3 fixed point), bits (8, or those behind the point),
//! table (per row scale and offset; empty), codes. The reservoir follows from the seed.

use super::model::{IntegerModel, Store, View};
use super::weight::{Weight, Weights};
use crate::codec::{MOST, read_head, write_head};
use crate::params::Checked;
use hone_learn::ParamError;
use hone_learn::wire::{self, Reader, Writer};
use serde::de::Deserializer;
use serde::ser::{Serialize, Serializer};

/// Number of the payload's layout as [`IntegerModel`] serialises.
pub const LAYOUT_INTEGER: u8 = 3;

/// The number of the packing, and the bits that stand behind it.
const fn form(wide: bool, fraction: u8) -> [u8; 2] {
    if wide { [3, fraction] } else { [2, 8] }
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> Serialize for IntegerModel<W, N, C, E> {
    /// Fails for a model without content.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        wire::serialize(serializer, &|w| write(&self.view(), w).is_some())
    }
}

fn write(model: &View<'_>, w: &mut Writer<'_>) -> Option<()> {
    let head = model.head.trained.then_some(model.head)?;
    let (c, n) = (usize::from(head.shape.channels), usize::from(head.params.units));
    let (mean, factor) = (model.mean.get(..c)?, model.factor.get(..c)?);
    write_head(w, head);
    w.reals(mean);
    w.reals(factor);
    match model.weights {
        Weights::Bytes(kind) => {
            w.raw(&form(false, 0));
            w.uint(2 * c as u32);
            for a in model.affine.get(..c)? {
                w.real(a.scale);
                w.real(a.offset);
            }
            w.uint((n * c) as u32);
            // The affine code, of which 128 was taken off.
            kind.out.get(..n * c)?.iter().for_each(|code| w.byte(*code as u8 ^ 0x80));
        }
        Weights::Words(kind) => {
            w.raw(&form(true, model.fraction));
            w.uint(0);
            w.uint(2 * (n * c) as u32);
            kind.out.get(..n * c)?.iter().for_each(|code| w.raw(&code.to_le_bytes()));
        }
    }
    Some(())
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> IntegerModel<W, N, C, E> {
    /// Replaces the content by a serialised one, in place.
    ///
    /// # Errors
    /// Whatever the format reports; weights of the other kind, too short, a parameter out of range, more than the
    /// capacity, a number that is not finite. The model is then without content.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.clear();
        let fits = crate::Model::<N, C, E>::accepts;
        wire::deserialize(deserializer, &mut |r| {
            if read(r, fits, self.store()).is_none() {
                r.fail();
            }
        })
    }
}

fn read(r: &mut Reader<'_>, fits: fn(&Checked) -> Result<(), ParamError>, mut model: Store<'_>) -> Option<()> {
    let (head, checked) = read_head(r, fits)?;
    let (n, c) = (checked.units(), checked.channels());
    r.reals(model.mean.get_mut(..c)?, MOST);
    r.reals(model.factor.get_mut(..c)?, MOST);
    let wide = model.out.is_wide();
    let [kind, bits] = [r.byte(), r.byte()];
    if form(wide, bits.min(15)) != [kind, bits] || model.out.len() < n * c {
        return None;
    }
    *model.fraction = if wide { bits } else { 0 };
    let table = if wide { 0 } else { c };
    r.count(2 * table);
    for a in model.affine.get_mut(..table)? {
        a.scale = r.within(MOST);
        a.offset = r.within(MOST);
    }
    r.count(n * c * if wide { 2 } else { 1 });
    for index in 0..n * c {
        let low = r.byte();
        let code = if wide { i16::from_le_bytes([low, r.byte()]) } else { i16::from(low) - 128 };
        model.out.set(index, code);
    }
    if r.is_good() { model.complete(head).ok() } else { None }
}
