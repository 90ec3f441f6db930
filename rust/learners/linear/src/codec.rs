//! The model as bytes, in postcard's encoding: [`Saved`], then the numbers of [`crate::model`] as a list, those of classes as
//! numbers with these bits.

use crate::design::Design;
use crate::model::{Head, Kind, Model, ModelMut, ModelView, Parts, Rule};
use crate::noise::Noise;
use crate::params::{FORGETTING, MAX_CHANNELS, MAX_CLASSES, RIDGE};
use hone_learn::Kind as Range;
use hone_learn::codec::{self, REFUSED, check, fill};
use hone_learn::payload::De;
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

/// Layout of the payload.
pub const LAYOUT: u8 = 1;

/// Numbers are of this size at most.
const MOST: f32 = 1e30;

/// Sums of weights and squares are of this size at most.
const MOST_SUMMED: f32 = 1e15;

/// A head, as written.
#[derive(Serialize, Deserialize)]
enum Saved {
    Untrained,
    Regression { matrix: bool, design: Design, rule: Rule, seen: u32, origin: u64, noise: Noise },
    Classes { classes: u16, features: u16 },
}

impl<const WORDS: usize> Serialize for Model<WORDS> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}

impl Serialize for ModelView<'_> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Head { kind, matrix, classes, design, rule, seen, origin, noise } = *self.head;
        let saved = match kind {
            Kind::Untrained => Saved::Untrained,
            Kind::Regression => Saved::Regression { matrix, design, rule, seen, origin, noise },
            Kind::Classes => Saved::Classes { classes, features: design.channels },
        };
        match self.words.get(..self.head.used()) {
            Some(words) if !words.is_empty() => (saved, words).serialize(serializer),
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
        let mut head = head(Saved::deserialize(&mut *input)?)?;
        let words = self.words.get_mut(..head.used()).ok_or(REFUSED)?;
        fill(input, words)?;
        let (ids, numbers) = words.split_at_checked(head.classes.into()).ok_or(REFUSED)?;
        let ids = || ids.iter().map(|id| id.to_bits());
        check(ids().is_sorted_by(|a, b| a < b) && ids().all(|id| id <= u32::from(u16::MAX)))?;
        check(numbers.iter().all(|x| x.abs() <= MOST))?;
        if head.kind == Kind::Regression {
            check(head.noise.resume(head.noise.freedom, head.rule.outside))?;
            // A matrix that is one, and a target that can be told from its deviations.
            let parts = Parts::of(&head, words).ok_or(REFUSED)?;
            let most = 1.0 / head.rule.ridge;
            check(parts.d.iter().all(|d| *d > 0.0 && *d <= most))?;
            let scaling = head.seen < crate::stream::SCALE_FRAMES;
            check(scaling || head.design.scale(parts.scales).get(1).is_some_and(|factor| *factor > 0.0))?;
        }
        *self.head = head;
        Ok(())
    }
}

/// The head, if a model of this build may have it.
fn head(saved: Saved) -> codec::Result<Head> {
    match saved {
        Saved::Untrained => Err(REFUSED),
        Saved::Classes { .. } if !cfg!(feature = "set") => Err(REFUSED),
        Saved::Classes { classes, features } => {
            check((2..=MAX_CLASSES).contains(&usize::from(classes)) && width(features))?;
            Ok(Head { kind: Kind::Classes, classes, design: Design::of_classes(features), ..Head::EMPTY })
        }
        Saved::Regression { matrix, design, rule, seen, origin, noise } => {
            check(design.target < design.channels && width(design.channels))?;
            check(design.lags <= 1000 && design.harmonics <= 16)?;
            check(design.interval > 0 && (design.harmonics == 0 || design.period > 0))?;
            check(within(FORGETTING, rule.forgetting) && within(RIDGE, rule.ridge) && rule.in_a_row > 0)?;
            check(rule.outside >= 0.000_1 - 1e-6 && rule.outside <= 0.5)?;
            let Noise { squares, weights, weight_squares, freedom, products, last, .. } = noise;
            check([squares, weights, weight_squares, freedom].iter().all(|sum| *sum >= 0.0 && *sum <= MOST_SUMMED))?;
            check(products.abs() <= MOST_SUMMED && last.abs() <= MOST_SUMMED)?;
            check((weights > 0.0) == (weight_squares > 0.0))?;
            let noise = Noise { squares, weights, weight_squares, freedom, products, last, ..Noise::NEW };
            Ok(Head { kind: Kind::Regression, matrix, classes: 0, design: design.counted(), rule, seen, origin, noise })
        }
    }
}

/// Whether a frame or row may have so many values.
fn width(channels: u16) -> bool {
    (1..=MAX_CHANNELS).contains(&usize::from(channels))
}

/// Whether a setting may have this value.
fn within(range: Range, value: f32) -> bool {
    matches!(range, Range::Real { min, max } if value >= min && value <= max)
}
