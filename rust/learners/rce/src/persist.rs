//! The model as bytes.
//!
//! Any serde format serves; in postcard's, a model is: the format's number, parameters, counts and statistics; the
//! frame's five arrays of f32, one per feature; then classes, radii, standings, spreads and hits, one per prototype
//! in use; then the prototypes' features as bytes, as they are stored (little-endian, each rounded up to whole words).
//! Loading works in place and takes nothing on trust.

use crate::frame::Clock;
use crate::layout;
use crate::model::{Model, State, Statistics};
use crate::params::Params;
use crate::{infer, upkeep};
use hone_learn::Settings;
use hone_learn::wire::{self, Reader, Writer};
use serde::{Deserializer, Serialize, Serializer};

#[cfg(not(target_endian = "little"))]
compile_error!("stored features are written as they lie in memory, little-endian");

/// Layout of the payload of a model that learns; it begins with a number of its own.
pub const LAYOUT: u8 = 1;
/// That number.
pub(crate) const FORMAT: u8 = 1;

/// Parameters as they follow one another, by the numbers of their settings.
const ORDER: &[u8] = &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];

impl<const WORDS: usize> Serialize for Model<WORDS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        wire::serialize(serializer, &|w| write(&self.state, &self.memory, w).is_some())
    }
}

fn write(state: &State, memory: &[u32], w: &mut Writer<'_>) -> Option<()> {
    let parts = infer::parts(state, memory)?;
    w.byte(FORMAT);
    w.settings(ORDER, &|index| state.params.get(index));
    w.uint(state.features.into());
    w.uint(state.count.into());
    let (c, s) = (&state.clock, &state.statistics);
    [c.windows, c.taken, c.pairs, c.refit_at, c.clipped].into_iter().for_each(|v| w.uint(v));
    w.int(state.now);
    w.real(state.spread);
    w.real(state.swing);
    w.uint(state.settled.into());
    w.uint(state.dither);
    [s.learnt, s.right, s.unknown].into_iter().for_each(|v| w.uint(v));
    w.real(s.recent_accuracy);
    [s.pruned, s.refused].into_iter().for_each(|v| w.uint(v));
    w.long(s.visited);
    for array in [parts.mean, parts.variance, parts.within, parts.offset, parts.gain] {
        w.reals(array);
    }
    let count = usize::from(state.count);
    list(w, parts.class.get(..count)?, |w, v| w.uint((*v).into()));
    list(w, parts.radius.get(..count)?, |w, v| w.uint(*v));
    list(w, parts.standing.get(..count)?, |w, v| w.int(*v));
    w.reals(parts.spread.get(..count)?);
    list(w, parts.hits.get(..count)?, |w, v| w.uint((*v).into()));
    w.bytes(bytemuck::cast_slice(parts.codes.get(..count * state.scratch_words())?));
    Some(())
}

fn list<T>(w: &mut Writer<'_>, items: &[T], put: impl Fn(&mut Writer<'_>, &T)) {
    w.uint(items.len() as u32);
    items.iter().for_each(|item| put(w, item));
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
        let result = wire::deserialize(deserializer, &mut |r| read(r, &mut self.state, &mut self.memory));
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
    wire::deserialize(deserializer, &mut |r| read(r, &mut state, memory))?;
    Ok(usize::from(state.features))
}

fn read(r: &mut Reader<'_>, state: &mut State, memory: &mut [u32]) {
    if read_head(r, state, memory.len()).and_then(|()| read_arrays(r, state, memory)).is_none() {
        r.fail();
    }
}

fn read_head(r: &mut Reader<'_>, state: &mut State, words: usize) -> Option<()> {
    let format = r.byte();
    r.check(format == FORMAT);
    let mut params = Params::ZERO;
    r.settings(ORDER, Params::SETTINGS, &mut |index, value| params.store(index, value));
    let (features, count) = (r.short(), r.short());
    let mut number = || r.uint(u32::MAX);
    let clock = Clock { windows: number(), taken: number(), pairs: number(), refit_at: number(), clipped: number() };
    let now = r.int();
    let (spread, swing) = (r.within(f32::MAX), r.within(f32::MAX));
    let (settled, dither) = (r.short(), r.uint(u32::MAX));
    let (learnt, right, unknown) = (r.uint(u32::MAX), r.uint(u32::MAX), r.uint(u32::MAX));
    let recent_accuracy = r.real();
    let (pruned, refused) = (r.uint(u32::MAX), r.uint(u32::MAX));
    let visited = r.long(u64::MAX);
    let statistics = Statistics { learnt, right, unknown, recent_accuracy, pruned, refused, visited };
    if !r.is_good() {
        return None;
    }
    let features_used = usize::from(features);
    let params = params.fitted(features_used.max(1), words);
    let capacity = params.check(features_used, words).ok()?.capacity;
    let odd = spread < 0.0 || swing < 0.0 || now < 0 || !(0.0..=1.0).contains(&recent_accuracy);
    if odd || count > capacity {
        return None;
    }
    let settled = settled.min(256);
    *state = State { params, features, capacity, count, clock, now, spread, swing, settled, dither, statistics };
    Some(())
}

fn read_arrays(r: &mut Reader<'_>, state: &mut State, memory: &mut [u32]) -> Option<()> {
    let (features, count) = (usize::from(state.features), usize::from(state.count));
    let bytes = state.code_bytes();
    let parts = layout::parts_mut(memory, features, bytes, usize::from(state.capacity))?;
    let (any, positive) = (f32::MIN, 0.0);
    reals(r, parts.mean, any);
    reals(r, parts.variance, positive);
    reals(r, parts.within, positive);
    reals(r, parts.offset, any);
    reals(r, parts.gain, positive);
    fill(r, parts.class.get_mut(..count)?, |r| r.short());
    // Radii of f32 prototypes are the bits of a number that is not negative.
    let most = if bytes < 4 { u32::MAX } else { f32::INFINITY.to_bits() };
    fill(r, parts.radius.get_mut(..count)?, |r| r.uint(most));
    fill(r, parts.standing.get_mut(..count)?, |r| r.int());
    reals(r, parts.spread.get_mut(..count)?, positive);
    fill(r, parts.hits.get_mut(..count)?, |r| r.short());
    r.bytes(bytemuck::cast_slice_mut(parts.codes.get_mut(..count * state.scratch_words())?));
    (r.is_good() && upkeep::repair(state, memory)).then_some(())
}

fn reals(r: &mut Reader<'_>, places: &mut [f32], least: f32) {
    r.reals(places, f32::MAX);
    r.check(places.iter().all(|v| *v >= least));
}

/// Reads exactly as many items as there are places.
fn fill<T>(r: &mut Reader<'_>, places: &mut [T], get: impl Fn(&mut Reader<'_>) -> T) {
    r.count(places.len());
    places.iter_mut().for_each(|place| *place = get(r));
}
