//! A model: the rows kept, by what each feature is weighed, and the thresholds.
//!
//! As bytes, in postcard's encoding: features, rows and windows; the thresholds; of each feature offset, step and weight; the rows
//! as they are kept, each rounded up to whole words.

use crate::params::{MOST_NEIGHBOURS, Params};
use crate::tail::Limits;
use hone_learn::payload::{self, De, PutError};
use hone_learn::set::StoredRow;
use hone_learn::sink::Sink;
use hone_learn::{Format, TrainingSet, codec};
use hone_numeric::kernel::sqrt_f32;
use hone_numeric::stats::median;
use serde::Deserialize;

/// Layout of the payload.
pub const LAYOUT: u8 = 1;

/// Words of the rows of a model with room for `rows` of `features` numbers.
pub const fn model_words(rows: usize, features: usize) -> usize {
    rows * Format::I8.kept().row_words(features)
}

/// A model of up to `ROWS` rows in `WORDS` words, of up to `D` features.
#[derive(Debug)]
pub struct Model<const WORDS: usize, const ROWS: usize, const D: usize> {
    pub(crate) params: Params,
    /// Healthy rows; mean and variance of each feature over all that were in it, while it is trained.
    pub(crate) set: TrainingSet<WORDS, ROWS, D>,
    /// Of each feature the step of the set's lattice, in deviations.
    pub(crate) weight: [f32; D],
    pub(crate) limits: Limits,
    /// Windows that the rows are a sample of.
    pub(crate) seen: u32,
}

/// The nearest rows of an input, the nearest first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nearest {
    rows: [u16; MOST_NEIGHBOURS],
    squares: [f32; MOST_NEIGHBOURS],
    wanted: usize,
}

impl Nearest {
    fn new(wanted: usize) -> Self {
        let wanted = wanted.clamp(1, MOST_NEIGHBOURS);
        Self { rows: [0; MOST_NEIGHBOURS], squares: [f32::MAX; MOST_NEIGHBOURS], wanted }
    }

    fn put(&mut self, mut row: u16, mut square: f32) {
        for (s, r) in self.squares.iter_mut().zip(&mut self.rows).take(self.wanted) {
            if square < *s {
                core::mem::swap(&mut square, s);
                core::mem::swap(&mut row, r);
            }
        }
    }

    fn there(&self) -> impl Iterator<Item = (u16, f32)> {
        self.rows.into_iter().zip(self.squares).take(self.wanted).filter(|(_, s)| *s < f32::MAX)
    }

    /// The mean of the distances, each the root of the mean square over `features`; infinite where no row is near, as of a number
    /// that is not finite.
    pub(crate) fn distance(&self, features: usize) -> f32 {
        let each = self.there().map(|(_, square)| sqrt_f32(square / features.max(1) as f32));
        let (sum, count) = each.fold((0.0, 0.0), |(sum, n), d| (sum + d, n + 1.0));
        if count > 0.0 { sum / count } else { f32::INFINITY }
    }
}

/// Squared distance of a query on the lattice of the rows from one of them.
fn square(query: &[f32], weight: &[f32], row: StoredRow<'_>) -> f32 {
    fn sum<T: Copy>(query: &[f32], weight: &[f32], row: &[T], real: impl Fn(T) -> f32) -> f32 {
        query.iter().zip(weight).zip(row).fold(0.0, |sum, ((q, w), v)| {
            let d = (q - real(*v)) * w;
            sum + d * d
        })
    }
    match row {
        StoredRow::F32(v) => sum(query, weight, v, |v| v),
        StoredRow::I16(v) => sum(query, weight, v, f32::from),
        StoredRow::I8(v) => sum(query, weight, v, f32::from),
    }
}

/// A number of a stored row.
fn number(row: StoredRow<'_>, j: usize) -> Option<f32> {
    match row {
        StoredRow::F32(v) => v.get(j).copied(),
        StoredRow::I16(v) => v.get(j).copied().map(f32::from),
        StoredRow::I8(v) => v.get(j).copied().map(f32::from),
    }
}

impl<const WORDS: usize, const ROWS: usize, const D: usize> Model<WORDS, ROWS, D> {
    /// Without content.
    pub const EMPTY: Self =
        Self { params: Params::ZERO, set: TrainingSet::new(), weight: [0.0; D], limits: Limits::NONE, seen: 0 };

    /// Whether it can judge.
    pub fn is_trained(&self) -> bool {
        self.limits.count > 0
    }

    /// Features of a row.
    pub fn features(&self) -> usize {
        self.set.view().width()
    }

    /// Rows kept.
    pub fn rows(&self) -> usize {
        self.set.view().len()
    }

    /// The thresholds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Weighs features by their deviations, of which none counts as less than `floor` times the median of those above 0. False where
    /// no feature ever changed. `memory` has room for a number of each.
    pub(crate) fn weigh(&mut self, floor: f32, memory: &mut [f32]) -> bool {
        let set = self.set.view();
        let mut changing = 0;
        for deviation in set.features().iter().map(|f| sqrt_f32(set.variance(f))).filter(|d| *d > 0.0) {
            memory.get_mut(changing).into_iter().for_each(|place| *place = deviation);
            changing += 1;
        }
        let Some(middle) = memory.get(..changing).and_then(median) else { return false };
        for (weight, feature) in self.weight.iter_mut().zip(set.features()) {
            *weight = step(feature.step) / sqrt_f32(set.variance(feature)).max(floor * middle).max(f32::MIN_POSITIVE);
        }
        true
    }

    /// Puts a row on the lattice of those kept, and finds those nearest to it.
    pub(crate) fn nearest(&self, row: &[f32], query: &mut [f32]) -> Nearest {
        let set = self.set.view();
        for ((q, x), f) in query.iter_mut().zip(row).zip(set.features()) {
            *q = (x - f.offset) / step(f.step);
        }
        let mut nearest = Nearest::new(self.params.neighbours.into());
        for (number, row) in (0u16..).zip((0..set.len()).filter_map(|row| set.row(row))) {
            nearest.put(number, square(query, &self.weight, row));
        }
        nearest
    }

    /// The feature with the greatest share of the distances.
    pub(crate) fn cause(&self, query: &[f32], nearest: &Nearest) -> u16 {
        let set = self.set.view();
        let (mut most, mut cause) = (-1.0, 0);
        for (j, (q, w)) in (0u16..).zip(query.iter().zip(&self.weight)).take(set.width()) {
            let mut share = 0.0;
            for (row, _) in nearest.there() {
                let v = set.row(row.into()).and_then(|row| number(row, j.into()));
                let d = (q - v.unwrap_or(*q)) * w;
                share += d * d;
            }
            if share > most {
                (most, cause) = (share, j);
            }
        }
        cause
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`PutError`].
    pub fn write(&self, sink: &mut dyn Sink) -> Result<(), PutError> {
        if !self.is_trained() {
            return Err(PutError::Unwritable);
        }
        let set = self.set.view();
        payload::put(&(set.width() as u16, set.len() as u16, self.seen), sink)?;
        payload::put(&self.limits, sink)?;
        for (feature, weight) in set.features().iter().zip(&self.weight) {
            payload::put(&(feature.offset, feature.step, *weight), sink)?;
        }
        payload::put(&codec::Words(set.words()), sink)
    }

    /// Reads what [`Model::write`] wrote of a model of these parameters into an empty one.
    ///
    /// # Errors
    /// Postcard's; a number out of range, or more than the capacity. The model is then of no use.
    pub(crate) fn load(&mut self, params: &Params, from: &mut De<'_>) -> codec::Result<()> {
        let (features, rows, seen): (u16, u16, u32) = Deserialize::deserialize(&mut *from)?;
        let limits = Limits::deserialize(&mut *from)?;
        codec::check(limits.is_valid(params.average))?;
        let mut set = self.set.edit();
        set.clear(Format::I8, features.into()).map_err(|_| codec::REFUSED)?;
        let within = |x: f32, least: f32| x >= least && x <= 1e30;
        for (j, weight) in self.weight.iter_mut().enumerate().take(features.into()) {
            let (offset, step): (f32, f32);
            (offset, step, *weight) = Deserialize::deserialize(&mut *from)?;
            codec::check(within(offset.abs(), 0.0) && within(step, 0.0) && within(*weight, 0.0))?;
            set.place(j, offset, step);
        }
        let words = set.restore(rows.into()).ok_or(codec::REFUSED)?;
        codec::words(from, words)?;
        codec::check(rows > 0)?;
        (self.params, self.limits, self.seen) = (*params, limits, seen);
        Ok(())
    }
}

/// A feature that has had one value only is measured from it in its own unit.
fn step(step: f32) -> f32 {
    if step > 0.0 { step } else { 1.0 }
}
