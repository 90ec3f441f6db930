//! The model as bytes, in postcard's encoding.
//!
//! The head (parameters, shape, gain, thresholds, quality), mean, factor, and W_out in three parts: state, input, output,
//! row by row. The reservoir is not among them: it follows to the bit from the seed, sizes and gain.

use crate::form::ReadoutForm;
use crate::model::{Head, Model, Storage};
use crate::packed::{self, Packing, StateWeights};
use crate::params::{Checked, Readout};
use hone_learn::ParamError;
use hone_learn::codec::{self, REFUSED, check, fill_reals};
use hone_learn::payload::De;
use hone_numeric::quantize::Fixed;
use serde::ser::Error;
use serde::{Serialize, Serializer};

/// Numbers are of this size at most. Beyond it a sum could overflow; no training comes near.
pub(crate) const MOST: f32 = 1e9;

/// A model of any capacity, as written.
#[derive(Serialize)]
struct Saved<'a> {
    head: &'a Head,
    mean: &'a [f32],
    factor: &'a [f32],
    state: StateWeights<'a>,
    input: &'a [f32],
    output: &'a [f32],
}

impl<const N: usize, const C: usize, const E: usize> Serialize for Model<N, C, E> {
    /// As [`Model::layout`] says. Fails for a model without content.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize_packed(None, serializer)
    }
}

impl<const N: usize, const C: usize, const E: usize> Model<N, C, E> {
    /// Fails for a model without content, and where it cannot be packed so.
    pub(crate) fn serialize_packed<S: Serializer>(
        &self,
        packing: Option<Packing<'_>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let saved = || {
            let (net, head) = (self.readable()?, self.head());
            let packing = match (packing, head.form) {
                (None, ReadoutForm::Affine) => Some(Packing::Affine),
                (None, ReadoutForm::Fixed(bits)) => Some(Packing::Fixed(Fixed::q(0, bits)?)),
                (Some(_), form) if form != ReadoutForm::Plain => return None,
                (packing, _) => packing,
            };
            let state = match (packing, net.out.clusters) {
                (Some(packing), _) => StateWeights::packed(net.out.state, head.params.units.into(), packing)?,
                (None, Some(clusters)) => StateWeights::Clusters(clusters),
                (None, None) => StateWeights::Plain(net.out.state),
            };
            let (input, output) = (net.out.input, net.out.output);
            Some(Saved { head, mean: net.mean, factor: net.factor, state, input, output })
        };
        saved().ok_or(S::Error::custom("nothing to write"))?.serialize(serializer)
    }

    /// Replaces the content by a serialised model, in place.
    ///
    /// # Errors
    /// Postcard's; too short, a parameter out of range, more than the capacity, a number that is not finite. The model is
    /// then without content.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        self.clear();
        read(input, Self::accepts, self.storage(), false)
    }

    /// As [`Model::load`], from what [`Model::packed`] and a packed model give. Clustered weights stay so, where that is
    /// smaller than the weights are; the others become the numbers that their codes stand for, and are written as these.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load_packed(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        self.clear();
        read(input, Self::accepts, self.storage(), true)
    }
}

/// Reads the head of a model that is not yet trained; it must be good, and `fits`.
#[inline]
pub(crate) fn read_head(
    input: &mut De<'_>,
    fits: fn(&Checked) -> Result<(), ParamError>,
    head: &mut Head,
) -> codec::Result<Checked> {
    codec::read(input, head)?;
    let t = &head.thresholds;
    let thresholds = [t.mse, t.nmse].map(|t| [t.upper, t.lower, t.median, t.sigma]);
    check(thresholds.as_flattened().iter().chain([&head.gain, &head.quality]).all(|v| v.abs() <= MOST))?;
    let checked = head.params.check(head.shape).ok().filter(|checked| fits(checked).is_ok());
    checked.ok_or(REFUSED)
}

#[inline]
fn read(
    input: &mut De<'_>,
    fits: fn(&Checked) -> Result<(), ParamError>,
    mut s: Storage<'_>,
    packed: bool,
) -> codec::Result<()> {
    let checked = read_head(input, fits, s.head)?;
    let (n, c) = (checked.units(), checked.channels());
    reals(input, s.mean, c)?;
    reals(input, s.factor, c)?;
    let mut form = ReadoutForm::Plain;
    if packed {
        // The reservoir is generated afterwards; until then its place is free.
        form = packed::read(input, s.out_state.get_mut(..n * c).unwrap_or_default(), n, s.weights.res)?;
    } else {
        reals(input, s.out_state, n * c)?;
    }
    let (readout, gain) = (s.head.params.readout, s.head.gain);
    reals(input, s.out_input, if readout == Readout::State { 0 } else { c * c })?;
    reals(input, s.out_output, if readout == Readout::InputStateOutput { c * c } else { 0 })?;
    check(s.generate(&checked, gain))?;
    (s.head.trained, s.head.form) = (true, form);
    Ok(())
}

/// Reads so many numbers.
#[inline]
pub(crate) fn reals(input: &mut De<'_>, places: &mut [f32], count: usize) -> codec::Result<()> {
    check(count <= places.len())?;
    fill_reals(input, places.get_mut(..count).unwrap_or_default(), -MOST, MOST)
}
