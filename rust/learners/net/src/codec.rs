//! The model as bytes, in postcard's encoding.
//!
//! What numbers it is in, the extent of its input, the number of its classes; the list of declared layers; the list of the
//! exponents of the tensor that each layer takes in; and the words in use: the classes' numbers, means and gains of the channels,
//! and of each layer with weights these, its biases and the exponents of its rows.

use crate::MAX_LAYERS;
use crate::model::{Head, INPUT_EXPONENT, MAX_CLASSES, Model, ModelMut, ModelView};
use crate::network::{Extent, Layer, Network};
use crate::scale::{MAX_EXPONENT, MIN_EXPONENT};
use crate::stage::{Form, Numbers};
use hone_learn::codec::{self, REFUSED, Words, check, fill, words};
use hone_learn::payload::De;
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

/// Layout of the payload.
pub const LAYOUT: u8 = 1;

impl<const WORDS: usize> Serialize for Model<WORDS> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}

impl Serialize for ModelView<'_> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let head = self.head;
        match (self.words.get(..self.used()), head.exponents.get(..head.stages.len())) {
            (Some(words), Some(exponents)) if !words.is_empty() => {
                (head.numbers, head.input, head.classes, head.network.layers(), exponents, Words(words))
                    .serialize(serializer)
            }
            _ => Err(S::Error::custom("nothing to write")),
        }
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// Replaces the content by a serialised model, in place.
    ///
    /// # Errors
    /// Postcard's; a number out of range or not finite, more than the capacity, too few or too many numbers. The model is
    /// then untrained.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        self.edit().load(input)
    }
}

impl ModelMut<'_> {
    /// See [`Model::load`].
    ///
    /// # Errors
    /// As there.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        *self.head = Head::EMPTY;
        read_head(input, self.head)?;
        let places = self.words.get_mut(..self.head.stages.words()).ok_or(REFUSED)?;
        words(input, places)?;
        check(valid(self.head, places))?;
        self.head.trained = true;
        Ok(())
    }
}

/// Fills in all but whether it is trained.
fn read_head(from: &mut De<'_>, head: &mut Head) -> codec::Result<()> {
    let (numbers, input, classes) = <(Numbers, Extent, u16)>::deserialize(&mut *from)?;
    check(input.frames > 0 && input.channels > 0)?;
    // Postcard's list: its length as a whole number, then the items.
    let layers = u32::deserialize(&mut *from)?;
    check(layers <= MAX_LAYERS as u32)?;
    let mut network = Network::default();
    for _ in 0..layers {
        let layer = Layer::deserialize(&mut *from)?;
        check(layer.is_valid() && network.push(layer).is_ok())?;
    }
    let told_apart = if network.samples() { 0..=0 } else { 2..=MAX_CLASSES };
    check(told_apart.contains(&usize::from(classes)))?;
    head.make(&network, input, classes, numbers).map_err(|_| REFUSED)?;
    let exponents = head.exponents.get_mut(..head.stages.len()).ok_or(REFUSED)?;
    fill(from, exponents)?;
    check(exponents.iter().all(|e| (MIN_EXPONENT..=MAX_EXPONENT).contains(e)))?;
    check(head.exponent(0) == INPUT_EXPONENT)
}

/// Numbers are of this size at most, and gains.
pub(crate) const MOST: f32 = 1e18;

/// Whether classes ascend, numbers are finite, exponents in range, and each tensor no finer than the sums that it is made of.
fn valid(head: &Head, words: &[u32]) -> bool {
    let usable = |all: &[f32]| all.iter().all(|x| x.abs() <= MOST);
    let ids = words.get(..head.classes.into()).unwrap_or(&[]);
    let ascend = ids.is_sorted_by(|a, b| a < b) && ids.last().is_none_or(|id| *id <= u32::from(u16::MAX));
    let Some((means, gains)) = head.standard(words) else { return false };
    let standard = usable(means) && usable(gains);
    ascend
        && standard
        && head.stages.all().iter().enumerate().filter(|(_, stage)| stage.learns()).all(|(l, stage)| match stage.form {
            Form::F32 => stage.reals(words).is_some_and(|w| usable(w.w) && usable(w.bias)),
            Form::Int8 => stage.bytes(words).is_some_and(|w| {
                let inside = w.exponents.iter().all(|e| (MIN_EXPONENT..=MAX_EXPONENT).contains(e));
                let least = w.exponents.iter().min().copied().unwrap_or(0);
                let finer = l + 1 < head.stages.len() && head.exponent(l + 1) > least.saturating_add(head.exponent(l));
                // What is beyond a row's weights is multiplied with whatever lies there.
                let padded = w.q.chunks_exact(stage.stride()).all(|row| row.iter().skip(stage.cols()).all(|q| *q == 0));
                inside && !finer && padded
            }),
        })
}
