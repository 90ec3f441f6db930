//! The model as bytes, in postcard's encoding: the format's number, the state (parameters, counts, statistics); the frame's
//! five arrays of f32, one per feature; then classes, radii, standings, distances and hits, one per prototype in use; then the
//! prototypes' features as bytes, as they are stored (each prototype's rounded up to whole words). Loading works in place and
//! takes nothing on trust.

use crate::layout;
use crate::model::{Model, State};
use crate::{infer, upkeep};
use hone_learn::codec::{self, REFUSED, Words, check, fill, fill_reals, words};
use hone_learn::payload::De;
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

/// Layout of the payload of a model that learns; it begins with a number of its own.
pub const LAYOUT: u8 = 1;
/// That number.
pub(crate) const FORMAT: u8 = 1;

/// A model of any capacity, as written.
#[derive(Serialize)]
struct Saved<'a> {
    format: u8,
    state: &'a State,
    mean: &'a [f32],
    variance: &'a [f32],
    within: &'a [f32],
    offset: &'a [f32],
    gain: &'a [f32],
    class: &'a [u16],
    radius: &'a [u32],
    standing: &'a [i32],
    distance: &'a [f32],
    hits: &'a [u16],
    codes: Words<'a>,
}

impl<const WORDS: usize> Serialize for Model<WORDS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        saved(&self.state, &self.memory).ok_or(S::Error::custom("nothing to write"))?.serialize(serializer)
    }
}

fn saved<'a>(state: &'a State, memory: &'a [u32]) -> Option<Saved<'a>> {
    let parts = infer::parts(state, memory)?;
    let count = usize::from(state.count);
    Some(Saved {
        format: FORMAT,
        state,
        mean: parts.mean,
        variance: parts.variance,
        within: parts.within,
        offset: parts.offset,
        gain: parts.gain,
        class: parts.class.get(..count)?,
        radius: parts.radius.get(..count)?,
        standing: parts.standing.get(..count)?,
        distance: parts.distance.get(..count)?,
        hits: parts.hits.get(..count)?,
        codes: Words(parts.codes.get(..count * state.scratch_words())?),
    })
}

impl<const WORDS: usize> Model<WORDS> {
    /// Replaces the model by one of untrusted bytes. The number of prototypes that it may keep is that of the saved
    /// model, or what this model's memory has room for.
    ///
    /// # Errors
    /// Postcard's, also for another format, values that no model has, and more prototypes than there is room for. The
    /// model has then not begun: load into a spare one.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        self.erase();
        let result = read(input, &mut self.state, &mut self.memory);
        if result.is_err() {
            self.erase();
        }
        result
    }
}

#[inline(never)]
fn read(input: &mut De<'_>, state: &mut State, memory: &mut [u32]) -> codec::Result<()> {
    check(u8::deserialize(&mut *input)? == FORMAT)?;
    codec::read(input, state)?;
    check(settle(state, memory.len()))?;
    let (features, count) = (usize::from(state.features), usize::from(state.count));
    let bytes = state.code_bytes();
    let parts = layout::parts_mut(memory, features, bytes, usize::from(state.capacity)).ok_or(REFUSED)?;
    let (any, positive, most) = (f32::MIN, 0.0, f32::MAX);
    let frame = [parts.mean, parts.variance, parts.within, parts.offset, parts.gain];
    for (places, least) in frame.into_iter().zip([any, positive, positive, any, positive]) {
        fill_reals(input, places, least, most)?;
    }
    fill(input, front(parts.class, count)?)?;
    fill(input, front(parts.radius, count)?)?;
    // Radii of f32 prototypes are the bits of a number that is not negative.
    let most_radius = if bytes < 4 { u32::MAX } else { f32::INFINITY.to_bits() };
    check(parts.radius.iter().take(count).all(|radius| *radius <= most_radius))?;
    fill(input, front(parts.standing, count)?)?;
    fill_reals(input, front(parts.distance, count)?, positive, most)?;
    fill(input, front(parts.hits, count)?)?;
    words(input, front(parts.codes, count * state.scratch_words())?)?;
    check(upkeep::repair(state, memory))
}

/// Sets what the state did not bring along. False for a state that no model with so many words of memory has.
fn settle(state: &mut State, words: usize) -> bool {
    let features = usize::from(state.features);
    state.params = state.params.fitted(features.max(1), words);
    let Ok(checked) = state.params.check(features, words) else { return false };
    state.capacity = checked.capacity;
    state.settled = state.settled.min(256);
    state.count <= state.capacity
        && state.now >= 0
        && [state.mean_distance, state.deviation].iter().all(|v| (0.0..=f32::MAX).contains(v))
        && (0.0..=1.0).contains(&state.statistics.recent_accuracy)
}

/// The places in use.
fn front<T>(places: &mut [T], count: usize) -> codec::Result<&mut [T]> {
    places.get_mut(..count).ok_or(REFUSED)
}
