//! The model as a sequence of numbers, in postcard's encoding.
//!
//! Kind (1 numbers, 2 classes), then for numbers: matrix (0 or 1), channels, target, lags, harmonics, others, trend, period (µs,
//! 64 bits), interval (µs), forgetting, ridge, share outside, in a row, adapt, frames to learn, frames seen, origin of the
//! trend (µs, 64 bits), sums of squares, weights and squared weights of the residuals, the degrees of freedom of the quantile,
//! the sum of products of neighbouring residuals, the latest residual; for classes:
//! how many, and features; then the numbers of [`crate::model`] after their count, those of classes as four bytes each, least
//! significant first.

use crate::design::Design;
use crate::model::{Head, Kind, Model, ModelMut, ModelView, Parts, Rule};
use crate::noise::Noise;
use crate::params::{MAX_CHANNELS, MAX_CLASSES, Params};
use hone_learn::wire::{self, Reader, Writer};
use hone_learn::{Kind as Range, Settings};
use serde::de::Deserializer;
use serde::ser::{Serialize, Serializer};

/// Layout of the payload.
pub const LAYOUT: u8 = 1;

/// Numbers are of this size at most.
const MOST: f32 = 1e30;

/// Sums of weights and squares are of this size at most.
const MOST_SUMMED: f32 = 1e15;

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
        let Head { kind, matrix, classes, design, rule, seen, origin, noise } = self.head;
        let Some(words) = self.words.get(..self.head.used()).filter(|w| !w.is_empty()) else { return false };
        w.byte(*kind as u8);
        if *kind == Kind::Classes {
            w.uint((*classes).into());
            w.uint(design.channels.into());
        } else {
            w.byte((*matrix).into());
            [design.channels, design.target, design.lags].into_iter().for_each(|v| w.uint(v.into()));
            [design.harmonics, design.others.into(), design.trend.into()].into_iter().for_each(|v| w.byte(v));
            w.long(design.period);
            w.uint(design.interval);
            [rule.forgetting, rule.ridge, rule.outside].into_iter().for_each(|v| w.real(v));
            w.uint(rule.in_a_row.into());
            w.byte(rule.adapt.into());
            w.uint(rule.frames);
            w.uint(*seen);
            w.long(*origin);
            let sums = [noise.squares, noise.weights, noise.weight_squares, noise.freedom, noise.products, noise.last];
            sums.into_iter().for_each(|v| w.real(v));
        }
        w.reals(words);
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
        wire::deserialize(deserializer, &mut |r| {
            if !self.read(r) {
                *self.head = Head::EMPTY;
                r.fail();
            }
        })
    }

    fn read(&mut self, r: &mut Reader<'_>) -> bool {
        let head = match r.byte() {
            1 => regression(r),
            2 => classes(r),
            _ => return false,
        };
        if !r.is_good() {
            return false;
        }
        let used = head.used();
        let Some(words) = self.words.get_mut(..used) else { return false };
        r.count(used);
        words.iter_mut().for_each(|word| *word = r.real());
        let (ids, numbers) = words.split_at_mut_checked(head.classes.into()).unwrap_or_default();
        let ids = || ids.iter().map(|id| id.to_bits());
        let ascend = ids().zip(ids().skip(1)).all(|(a, b)| a < b) && ids().all(|id| id <= u16::MAX.into());
        if !(r.is_good() && ascend && numbers.iter().all(|x| x.abs() <= MOST)) {
            return false;
        }
        *self.head = head;
        let known = self.head.noise.resume(head.noise.freedom, head.rule.outside);
        // A matrix that is one, and a target that can be told from its deviations.
        let target = usize::from(head.design.target);
        let scaling = head.seen < crate::stream::SCALE_FRAMES;
        let scale = self.view().scales().chunks_exact(2).nth(target).and_then(|s| s.get(1)).copied().unwrap_or(0.0);
        let most = 1.0 / head.rule.ridge;
        let definite = Parts::of(self.head, self.words).is_none_or(|p| p.d.iter().all(|d| *d > 0.0 && *d <= most));
        head.kind == Kind::Classes || (known && definite && (scaling || scale > 0.0))
    }
}

fn classes(r: &mut Reader<'_>) -> Head {
    let (classes, channels) = (r.short(), r.short());
    r.check((2..=MAX_CLASSES).contains(&classes.into()) && (1..=MAX_CHANNELS).contains(&channels.into()));
    Head { kind: Kind::Classes, classes, design: Design::of_classes(channels), ..Head::EMPTY }
}

fn regression(r: &mut Reader<'_>) -> Head {
    let matrix = r.flag();
    let (channels, target, lags) = (r.short(), r.short(), r.short());
    let (harmonics, others, trend) = (r.byte(), r.flag(), r.flag());
    let (period, interval) = (r.long(u64::MAX), r.uint(u32::MAX));
    let design = Design { channels, target, lags, harmonics, others, trend, period, interval, columns: 0 };
    let rule = Rule {
        forgetting: setting(r, "forgetting"),
        ridge: setting(r, "ridge"),
        outside: r.within(0.5),
        in_a_row: r.short(),
        adapt: r.flag(),
        frames: r.uint(u32::MAX),
    };
    let (seen, origin) = (r.uint(u32::MAX), r.long(u64::MAX));
    let mut sum = || {
        let value = r.within(MOST_SUMMED);
        r.check(value >= 0.0);
        value
    };
    let (squares, weights, weight_squares, freedom) = (sum(), sum(), sum(), sum());
    let (products, last) = (r.within(MOST_SUMMED), r.within(MOST_SUMMED));
    r.check(target < channels && (1..=MAX_CHANNELS).contains(&channels.into()));
    r.check(lags <= 1000 && harmonics <= 16 && interval > 0 && (harmonics == 0 || period > 0));
    r.check(rule.outside >= 0.000_1 - 1e-6 && rule.in_a_row > 0 && (weights > 0.0) == (weight_squares > 0.0));
    let noise = Noise { squares, weights, weight_squares, products, last, freedom, ..Noise::EMPTY };
    Head { kind: Kind::Regression, matrix, classes: 0, design: design.counted(), rule, seen, origin, noise }
}

/// A number within the range of this setting.
fn setting(r: &mut Reader<'_>, name: &str) -> f32 {
    let value = r.real();
    let range = Params::SETTINGS.iter().find(|s| s.name == name).map(|s| s.kind);
    r.check(matches!(range, Some(Range::Real { min, max }) if value >= min && value <= max));
    value
}
