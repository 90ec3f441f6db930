//! The class of a row, by logistic regression.

use crate::model::ModelView;
use crate::stream::{Ground, Outcome, usable};
use hone_learn::{ClassId, Decision, Verdict};
use hone_numeric::kernel::dot_f32;
use libm::expf;

const UNKNOWN: Verdict = Outcome::none(Ground::NoModel).verdict;

impl ModelView<'_> {
    /// The most probable class and its probability: 1/(1 + e^-z) of two, of which z > 0 speaks for the first; of more the
    /// largest e^z over the sum of all, and of equal ones the first.
    pub(crate) fn classify(&self, features: &[f32], scratch: &mut [f32]) -> Verdict {
        let design = &self.head.design;
        let Some((row, (ids, vectors))) = scratch.get_mut(..design.columns()).zip(self.vectors()) else {
            return UNKNOWN;
        };
        if features.len() != self.channels() || !usable(features) {
            return UNKNOWN;
        }
        design.fill(row, features, self.scales(), &[], 0, 0.0);
        let class = |id: Option<&f32>, score: f32| match id {
            Some(id) if score.is_finite() => Verdict { decision: Decision::Class(ClassId(id.to_bits() as u16)), score },
            _ => UNKNOWN,
        };
        if let [first, second] = ids {
            let z = dot_f32(vectors, row);
            return class(Some(if z > 0.0 { first } else { second }), 1.0 / (1.0 + expf(-z.abs())));
        }
        // The sum is kept in units of the largest term so far.
        let (mut most, mut sum, mut best) = (f32::NEG_INFINITY, 0.0, None);
        for (id, vector) in ids.iter().zip(vectors.chunks_exact(row.len())) {
            let z = dot_f32(vector, row);
            if z > most {
                (sum, most, best) = (sum * expf(most - z) + 1.0, z, Some(id));
            } else {
                sum += expf(z - most);
            }
        }
        class(best, 1.0 / sum)
    }
}
