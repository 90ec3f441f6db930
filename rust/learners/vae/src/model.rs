//! The model: a network and two thresholds; what it says of a row.
//!
//! As bytes, in postcard's encoding: the thresholds of reconstruction and divergence, and the network as `hone_net` writes it.

use crate::params::Params;
use hone_learn::codec::{self, check};
use hone_learn::payload::De;
use hone_learn::threshold::Threshold;
use hone_net::{Model, ModelView, divergence};
use serde::{Deserialize, Serialize, Serializer};

/// Layout of the payload.
pub const LAYOUT: u8 = 1;

/// Latent numbers at most.
pub const MOST_LATENT: u16 = 32;

/// How unlike what was learnt a row is, in two ways.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// ½·Σ(x − x̂)², of features with a deviation of 1, x̂ made of μ.
    pub reconstruction: f32,
    /// The divergence of the latent numbers' distribution from the normal one of mean 0 and variance 1, in nats.
    pub divergence: f32,
}

/// Scores are not below this: thresholds are set on their logarithm.
const LEAST: f32 = 1e-6;

/// A score as it is held against thresholds. One that is not a number is the largest.
fn usable(score: f32) -> f32 {
    if score < LEAST {
        LEAST
    } else if score < f32::MAX {
        score
    } else {
        f32::MAX
    }
}

impl Scores {
    /// Of a row; `None` where it has another width, a number that is not finite, or scratch is short.
    pub fn of(network: &ModelView<'_>, row: &[f32], scratch: &mut [u32]) -> Option<Self> {
        let mut found = 0.0;
        let made = network.reconstruct(row, scratch, |distribution| found = divergence(distribution))?;
        let mut sum = 0.0;
        for (made, x) in made.iter().zip(network.standardised(row)) {
            sum += (made - x) * (made - x);
        }
        Some(Self { reconstruction: usable(0.5 * sum), divergence: usable(found) })
    }
}

/// What scores are held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Thresholds {
    pub reconstruction: Threshold,
    pub divergence: Threshold,
}

impl Thresholds {
    pub const NONE: Self = Self { reconstruction: Threshold::NONE, divergence: Threshold::NONE };

    /// From the scores of rows, which are reordered.
    pub fn from_scores(reconstruction: &mut [f32], divergence: &mut [f32], p: &Params) -> Option<Self> {
        let of = |scores| Threshold::from_scores(scores, p.rule, p.k, p.quantile, p.margin);
        Some(Self { reconstruction: of(reconstruction)?, divergence: of(divergence)? })
    }

    /// How far the score that has gone farthest is on the way to its threshold, which is at 1.
    pub fn reached(&self, scores: &Scores) -> f32 {
        let (a, b) = (self.reconstruction.reached(scores.reconstruction), self.divergence.reached(scores.divergence));
        if a > b { a } else { b }
    }

    fn is_valid(&self) -> bool {
        [self.reconstruction, self.divergence].iter().all(|t| {
            let inside = 0.0 <= t.lower && t.lower <= t.median && t.median > 0.0 && t.upper > 0.0;
            inside && t.upper < f32::INFINITY && t.median < f32::INFINITY && t.sigma >= 0.0 && t.sigma < f32::INFINITY
        })
    }
}

/// A network in `WORDS` words, with what it was trained by and its thresholds.
#[derive(Debug)]
pub struct Trained<const WORDS: usize> {
    pub(crate) network: Model<WORDS>,
    pub(crate) params: Params,
    pub(crate) thresholds: Thresholds,
}

impl<const WORDS: usize> Trained<WORDS> {
    /// Without content.
    pub const EMPTY: Self = Self { network: Model::new(), params: Params::ZERO, thresholds: Thresholds::NONE };

    /// Its network.
    pub fn view(&self) -> ModelView<'_> {
        self.network.view()
    }

    /// How far scores are on the way to the thresholds, which are at 1.
    pub fn reached(&self, scores: &Scores) -> f32 {
        self.thresholds.reached(scores)
    }

    /// Replaces all but the parameters by what was serialised.
    ///
    /// # Errors
    /// Postcard's; a number out of range, or more than the capacity. The network is then untrained.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        self.thresholds = Thresholds::deserialize(&mut *input)?;
        self.network.load(input)?;
        let good = self.thresholds.is_valid() && (1..=MOST_LATENT.into()).contains(&self.view().latent());
        if !good {
            self.network.edit().clear();
        }
        check(good)
    }
}

impl<const WORDS: usize> Serialize for Trained<WORDS> {
    /// Fails for the untrained model.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.thresholds, &self.network).serialize(serializer)
    }
}
