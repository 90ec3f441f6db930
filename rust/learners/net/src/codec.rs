//! The model as a sequence of numbers, in postcard's encoding.
//!
//! Numbers (0 int8, 1 mixed, 2 f32), frames, channels, classes, the number of declared layers and of each kind, channels,
//! kernel, stride and ReLU; the exponent of the tensor that each layer takes in, plus 8; and the words in use as four bytes each, least
//! significant first: the classes' numbers, means and gains of the channels, and of each layer with weights these, its biases
//! and the exponents of its rows.

use crate::model::{Head, INPUT_EXPONENT, MAX_CLASSES, Model, ModelMut, ModelView};
use crate::network::{Extent, Kind, Layer, Network};
use crate::scale::{MAX_EXPONENT, MIN_EXPONENT};
use crate::stage::{Form, Numbers};
use hone_learn::wire::{self, Reader, Writer};
use serde::de::Deserializer;
use serde::ser::{Serialize, Serializer};

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
        wire::serialize(serializer, &|w| self.write(w))
    }
}

impl ModelView<'_> {
    fn write(&self, w: &mut Writer<'_>) -> bool {
        let head = self.head;
        let Some(words) = self.words.get(..self.used()).filter(|w| !w.is_empty()) else { return false };
        w.byte(head.numbers as u8);
        [head.input.frames, head.input.channels, head.classes].into_iter().for_each(|v| w.uint(v.into()));
        let layers = head.network.layers();
        w.uint(layers.len() as u32);
        for layer in layers {
            w.byte(layer.kind as u8);
            [layer.channels, layer.kernel, layer.stride].into_iter().for_each(|v| w.uint(v.into()));
            w.byte(layer.relu.into());
        }
        for e in head.exponents.iter().take(head.stages.len()) {
            w.byte(e.wrapping_sub(MIN_EXPONENT) as u8);
        }
        w.uint(words.len() as u32);
        words.iter().for_each(|word| w.raw(&word.to_le_bytes()));
        true
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// Replaces the content by a serialised model, in place.
    ///
    /// # Errors
    /// Whatever the format reports; a number out of range or not finite, more than the capacity, too few or too many
    /// numbers. The model is then untrained.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.edit().load(deserializer)
    }
}

impl ModelMut<'_> {
    /// See [`Model::load`].
    ///
    /// # Errors
    /// As there.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self.head = Head::EMPTY;
        wire::deserialize(deserializer, &mut |r| match read(r, self.words) {
            Some(head) => *self.head = head,
            None => r.fail(),
        })
    }
}

fn read(r: &mut Reader<'_>, words: &mut [u32]) -> Option<Head> {
    let numbers = Numbers::from_code(r.byte())?;
    let (frames, channels, classes) = (r.short(), r.short(), r.short());
    let mut network = Network::default();
    for _ in 0..r.uint(crate::MAX_LAYERS as u32) {
        let kind = Kind::from_code(r.byte())?;
        let (channels, kernel, stride) = (r.short(), r.short(), r.short());
        let layer = Layer { kind, channels, kernel, stride, relu: r.flag() };
        network.push(layer).ok().filter(|()| layer.is_valid())?;
    }
    let fits = (2..=MAX_CLASSES).contains(&usize::from(classes)) && frames > 0 && channels > 0;
    if !r.is_good() || !fits {
        return None;
    }
    let mut head = Head::new(network, Extent { frames, channels }, classes, numbers).ok()?;
    let count = head.stages.len();
    for e in head.exponents.iter_mut().take(count) {
        *e = (r.byte() as i8).wrapping_add(MIN_EXPONENT);
        r.check((MIN_EXPONENT..=MAX_EXPONENT).contains(e));
    }
    r.check(head.exponent(0) == INPUT_EXPONENT);
    let words = words.get_mut(..head.stages.words())?;
    r.count(words.len());
    words.iter_mut().for_each(|word| *word = r.real().to_bits());
    head.trained = true;
    (r.is_good() && valid(&head, words)).then_some(head)
}

/// Numbers are of this size at most, and gains.
const MOST: f32 = 1e18;

/// Whether classes ascend, numbers are finite, exponents in range, and each tensor no finer than the sums that it is made of.
fn valid(head: &Head, words: &[u32]) -> bool {
    let usable = |all: &[f32]| all.iter().all(|x| x.abs() <= MOST);
    let ids = words.get(..head.classes.into()).unwrap_or(&[]);
    let ascend = ids.is_sorted_by(|a, b| a < b) && ids.last().is_some_and(|id| *id <= u32::from(u16::MAX));
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
                let within = w.q.iter().all(|q| *q != i8::MIN);
                inside && !finer && padded && within
            }),
        })
}
