//! The model as a sequence of numbers, in postcard's encoding.
//!
//! Ten items: parameters, shape, gain, thresholds, quality, mean, factor, and W_out in three parts (state, input, output;
//! row by row). The reservoir is not among them: it follows to the bit from the seed, sizes and gain.

use crate::form::Form;
use crate::model::{Head, Model, Storage};
use crate::network::Network;
use crate::packed::{self, Packing};
use crate::params::{Checked, Params, Readout, Shape};
use crate::threshold::{Threshold, Thresholds};
use hone_learn::wire::{self, Reader, Writer};
use hone_learn::{ParamError, Settings};
use hone_numeric::compress::Fixed;
use serde::de::Deserializer;
use serde::ser::{Serialize, Serializer};

/// Numbers are of this size at most. Beyond it a sum could overflow; no training comes near.
pub(crate) const MOST: f32 = 1e9;

/// Parameters as they follow one another, by the numbers of their settings: those before the seed, which has more bits
/// than a setting, and those behind it.
const BEFORE_SEED: &[u8] = &[0, 1, 2, 3, 4];
const BEHIND_SEED: &[u8] = &[6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22];

/// The five items with which every layout begins.
pub(crate) fn write_head(w: &mut Writer<'_>, head: &Head) {
    let get = |index| head.params.get(index);
    w.settings(BEFORE_SEED, &get);
    w.uint(head.params.seed);
    w.settings(BEHIND_SEED, &get);
    w.uint(head.shape.channels.into());
    w.uint(head.shape.window_frames.into());
    w.real(head.gain);
    for t in [head.thresholds.mse, head.thresholds.nmse] {
        [t.upper, t.lower, t.median, t.sigma].into_iter().for_each(|v| w.real(v));
    }
    w.real(head.quality);
}

/// What [`write_head`] wrote, if it is good and `fits`; of a plain model without content.
pub(crate) fn read_head(r: &mut Reader<'_>, fits: fn(&Checked) -> Result<(), ParamError>) -> Option<(Head, Checked)> {
    let mut params = Params::ZERO;
    r.settings(BEFORE_SEED, Params::SETTINGS, &mut |index, value| params.store(index, value));
    params.seed = r.uint(u32::MAX);
    r.settings(BEHIND_SEED, Params::SETTINGS, &mut |index, value| params.store(index, value));
    let shape = Shape { channels: r.short(), window_frames: r.short() };
    let gain = r.within(MOST);
    let mut threshold =
        || Threshold { upper: r.within(MOST), lower: r.within(MOST), median: r.within(MOST), sigma: r.within(MOST) };
    let thresholds = Thresholds { mse: threshold(), nmse: threshold() };
    let quality = r.within(MOST);
    if !r.is_good() {
        return None;
    }
    let checked = params.check(shape).ok().filter(|checked| fits(checked).is_ok())?;
    Some((Head { trained: false, params, shape, gain, thresholds, quality, form: Form::Plain }, checked))
}

impl<const N: usize, const C: usize, const E: usize> Serialize for Model<N, C, E> {
    /// As [`Model::layout`] says. Fails for a model without content.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        wire::serialize(serializer, &|w| self.write(None, w))
    }
}

impl<const N: usize, const C: usize, const E: usize> Model<N, C, E> {
    pub(crate) fn write(&self, packing: Option<Packing<'_>>, w: &mut Writer<'_>) -> bool {
        self.readable().is_some_and(|net| write(&net, self.head(), packing, w))
    }

    /// Replaces the content by a serialised model, in place.
    ///
    /// # Errors
    /// Whatever the format reports; too short, a parameter out of range, more than the capacity, a number that is not
    /// finite. The model is then without content.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.clear();
        wire::deserialize(deserializer, &mut |r| {
            read(r, Self::accepts, self.storage(), false).unwrap_or_else(|| r.fail())
        })
    }

    /// As [`Model::load`], from what [`Model::packed`] and a packed model give. Clustered weights stay so, where that is
    /// smaller than the weights are; the others become the numbers that their codes stand for, and are written as these.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load_packed<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.clear();
        wire::deserialize(deserializer, &mut |r| {
            read(r, Self::accepts, self.storage(), true).unwrap_or_else(|| r.fail())
        })
    }
}

/// Writes a model; false when it cannot be packed so.
fn write(net: &Network<'_>, head: &Head, packing: Option<Packing<'_>>, w: &mut Writer<'_>) -> bool {
    let packing = match (packing, head.form) {
        (None, Form::Affine) => Some(Packing::Affine),
        (None, Form::Fixed(bits)) => match Fixed::q(0, bits) {
            Some(fixed) => Some(Packing::Fixed(fixed)),
            None => return false,
        },
        (Some(_), form) if form != Form::Plain => return false,
        (packing, _) => packing,
    };
    if packing.is_some_and(|p| p.bits().is_none()) {
        return false;
    }
    write_head(w, head);
    w.reals(net.mean);
    w.reals(net.factor);
    match (packing, net.out.clusters) {
        (Some(packing), _) => packed::write(net.out.state, head.params.units.into(), packing, w),
        (None, Some(clusters)) => packed::write_clusters(&clusters, w),
        (None, None) => w.reals(net.out.state),
    }
    w.reals(net.out.input);
    w.reals(net.out.output);
    true
}

/// Reads a model into `s`; `None` if it is refused.
fn read(
    r: &mut Reader<'_>,
    fits: fn(&Checked) -> Result<(), ParamError>,
    mut s: Storage<'_>,
    packed: bool,
) -> Option<()> {
    let (head, checked) = read_head(r, fits)?;
    let (n, c) = (checked.units(), checked.channels());
    reals(r, s.mean, c)?;
    reals(r, s.factor, c)?;
    let mut form = Form::Plain;
    if packed {
        // The reservoir is generated afterwards; until then its place is free.
        form = packed::read(r, s.out_state.get_mut(..n * c)?, n, s.weights.res);
    } else {
        reals(r, s.out_state, n * c)?;
    }
    let readout = head.params.readout;
    reals(r, s.out_input, if readout == Readout::State { 0 } else { c * c })?;
    reals(r, s.out_output, if readout == Readout::InputStateOutput { c * c } else { 0 })?;
    if !r.is_good() || !s.generate(&checked, head.gain) {
        return None;
    }
    *s.head = Head { trained: true, form, ..head };
    Some(())
}

/// Reads so many numbers; `None` where there is no room for them.
fn reals(r: &mut Reader<'_>, places: &mut [f32], count: usize) -> Option<()> {
    r.reals(places.get_mut(..count)?, MOST);
    Some(())
}
