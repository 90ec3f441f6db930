//! The model as bytes.
//!
//! Any serde format serves; in postcard's, a model is: the format's number, parameters, counts and statistics; the
//! frame's five arrays of f32, one per feature; then classes, radii, standings, spreads and hits, one per prototype
//! in use; then the prototypes' features as bytes, as they are stored (little-endian, each rounded up to whole words).
//! Loading works in place and takes nothing on trust.

use crate::frame::Clock;
use crate::layout::{self, Parts};
use crate::model::{Model, State, Statistics};
use crate::params::Params;
use crate::{infer, upkeep};
use core::fmt;
use core::marker::PhantomData;
use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[cfg(not(target_endian = "little"))]
compile_error!("stored features are written as they lie in memory, little-endian");

/// The number of this format.
pub(crate) const FORMAT: u8 = 1;

/// Header, frame (5), per prototype (5), features.
const ELEMENTS: usize = 12;

#[derive(Serialize, Deserialize)]
struct Header {
    format: u8,
    params: Params,
    features: u16,
    count: u16,
    clock: Clock,
    now: i32,
    spread: f32,
    swing: f32,
    settled: u16,
    dither: u32,
    statistics: Statistics,
}

impl<const WORDS: usize> Serialize for Model<WORDS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write(&self.state, &self.memory, serializer)
    }
}

fn write<S: Serializer>(state: &State, memory: &[u32], serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error;
    let header = Header {
        format: FORMAT,
        params: state.params,
        features: state.features,
        count: state.count,
        clock: state.clock,
        now: state.now,
        spread: state.spread,
        swing: state.swing,
        settled: state.settled,
        dither: state.dither,
        statistics: state.statistics,
    };
    let Parts { mean, variance, within, offset, gain, radius, standing, spread, class, hits, codes, .. } =
        infer::parts(state, memory).ok_or_else(|| S::Error::custom("model"))?;
    let count = usize::from(state.count);
    let mut tuple = serializer.serialize_tuple(ELEMENTS)?;
    tuple.serialize_element(&header)?;
    for array in [mean, variance, within, offset, gain] {
        tuple.serialize_element(array)?;
    }
    tuple.serialize_element(class.get(..count).unwrap_or(&[]))?;
    tuple.serialize_element(radius.get(..count).unwrap_or(&[]))?;
    tuple.serialize_element(standing.get(..count).unwrap_or(&[]))?;
    tuple.serialize_element(spread.get(..count).unwrap_or(&[]))?;
    tuple.serialize_element(hits.get(..count).unwrap_or(&[]))?;
    let codes = codes.get(..count * state.scratch_words()).unwrap_or(&[]);
    tuple.serialize_element(&Bytes(bytemuck::cast_slice(codes)))?;
    tuple.end()
}

struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// Replaces the model by one of untrusted bytes. The number of prototypes that it may keep is that of the saved
    /// model, or what this model's memory has room for.
    ///
    /// # Errors
    /// The deserializer's, also for another format, values that no model has, and more prototypes than there is
    /// room for. The model has then not begun: load into a spare one.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        self.erase();
        let result =
            deserializer.deserialize_tuple(ELEMENTS, ModelVisitor { state: &mut self.state, memory: &mut self.memory });
        if result.is_err() {
            self.erase();
        }
        result
    }
}

/// Whether untrusted bytes are a model that a [`Model`] with as many words as `memory` takes; how many features it has.
/// `memory` holds working values afterwards. What this accepts, [`Model::load`] takes, so a model in use can be replaced
/// without a spare one.
///
/// # Errors
/// As [`Model::load`].
pub fn examine<'de, D: Deserializer<'de>>(deserializer: D, memory: &mut [u32]) -> Result<usize, D::Error> {
    let mut state = State::ZERO;
    memory.fill(0);
    deserializer.deserialize_tuple(ELEMENTS, ModelVisitor { state: &mut state, memory })?;
    Ok(usize::from(state.features))
}

struct ModelVisitor<'a> {
    state: &'a mut State,
    memory: &'a mut [u32],
}

impl<'de> Visitor<'de> for ModelVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a TinyRCE model")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let short = || A::Error::custom("the model ends early");
        let header: Header = seq.next_element()?.ok_or_else(short)?;
        if header.format != FORMAT {
            return Err(A::Error::custom("another format of model"));
        }
        let features = usize::from(header.features);
        let params = header.params.fitted(features.max(1), self.memory.len());
        let checked =
            params.check(features, self.memory.len()).map_err(|_| A::Error::custom("the model's parameters"))?;
        let finite = header.spread >= 0.0
            && header.spread.is_finite()
            && header.swing >= 0.0
            && header.swing.is_finite()
            && (0.0..=1.0).contains(&header.statistics.recent_accuracy);
        if header.count > checked.capacity || header.now < 0 || !finite {
            return Err(A::Error::custom("the model has more prototypes than there is room for, or odd counts"));
        }
        *self.state = State {
            params,
            features: header.features,
            capacity: checked.capacity,
            count: header.count,
            clock: header.clock,
            now: header.now,
            spread: header.spread,
            swing: header.swing,
            settled: header.settled.min(256),
            dither: header.dither,
            statistics: header.statistics,
        };
        let count = usize::from(header.count);
        let bytes = self.state.code_bytes();
        let parts = layout::parts_mut(self.memory, features, bytes, usize::from(checked.capacity))
            .ok_or_else(|| A::Error::custom("memory"))?;
        let any = |x: f32| x.is_finite();
        let positive = |x: f32| x.is_finite() && x >= 0.0;
        read(&mut seq, parts.mean, any)?;
        read(&mut seq, parts.variance, positive)?;
        read(&mut seq, parts.within, positive)?;
        read(&mut seq, parts.offset, any)?;
        read(&mut seq, parts.gain, positive)?;
        read(&mut seq, parts.class.get_mut(..count).ok_or_else(short)?, |_: u16| true)?;
        // Radii of f32 prototypes are the bits of a number that is not negative.
        read(&mut seq, parts.radius.get_mut(..count).ok_or_else(short)?, |r: u32| bytes < 4 || r <= 0x7f80_0000)?;
        read(&mut seq, parts.standing.get_mut(..count).ok_or_else(short)?, |_: i32| true)?;
        read(&mut seq, parts.spread.get_mut(..count).ok_or_else(short)?, positive)?;
        read(&mut seq, parts.hits.get_mut(..count).ok_or_else(short)?, |_: u16| true)?;
        let codes = parts.codes.get_mut(..count * self.state.scratch_words()).ok_or_else(short)?;
        seq.next_element_seed(BytesSeed(bytemuck::cast_slice_mut(codes)))?.ok_or_else(short)?;
        if !upkeep::repair(self.state, self.memory) {
            return Err(A::Error::custom("a prototype's feature is not a number"));
        }
        Ok(())
    }
}

/// Reads exactly as many items as the slice has, each of which `good` accepts.
fn read<'de, A: SeqAccess<'de>, T: Deserialize<'de> + Copy>(
    seq: &mut A,
    slice: &mut [T],
    good: impl Fn(T) -> bool,
) -> Result<(), A::Error> {
    seq.next_element_seed(SliceSeed(slice, good, PhantomData))?.ok_or_else(|| A::Error::custom("the model ends early"))
}

struct SliceSeed<'a, T, G>(&'a mut [T], G, PhantomData<T>);

impl<'de, T: Deserialize<'de> + Copy, G: Fn(T) -> bool> DeserializeSeed<'de> for SliceSeed<'_, T, G> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de> + Copy, G: Fn(T) -> bool> Visitor<'de> for SliceSeed<'_, T, G> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array of the model")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for place in self.0.iter_mut() {
            match seq.next_element()? {
                Some(value) if self.1(value) => *place = value,
                _ => return Err(A::Error::custom("an array of the model is short or holds an odd value")),
            }
        }
        match seq.next_element::<T>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::custom("an array of the model is too long")),
        }
    }
}

struct BytesSeed<'a>(&'a mut [u8]);

impl<'de> DeserializeSeed<'de> for BytesSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'de> Visitor<'de> for BytesSeed<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the prototypes' features")
    }
    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<(), E> {
        if bytes.len() != self.0.len() {
            return Err(E::custom("the prototypes' features have another length"));
        }
        self.0.copy_from_slice(bytes);
        Ok(())
    }
}
