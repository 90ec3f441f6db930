//! A solution put in terms of fewer rows.

use crate::rows::dot;
use crate::smo::Problem;

/// Added to the diagonal of a projection: rows that are alike shall not get large multipliers of opposite signs.
const RIDGE: f32 = 1e-5;

/// Directions of a projection at most, and the part of the squared residual that is not worth another.
const ROUNDS: usize = 50;
const EXACT: f32 = 1e-10;

impl Problem<'_> {
    /// Solves (K + RIDGE)·β = g over the first `len` positions, with β starting from 0, by the method of conjugate gradients
    /// (Hestenes and Stiefel 1952). It ends early where K is not positive definite.
    pub fn fit(&mut self, len: usize) {
        // The direction takes the place of a kernel row; K times it that of another, or is worked out twice.
        let direction = self.hold(None);
        let image = (self.space.lines.len() > 2).then(|| self.hold(None));
        let mut squared = 0.0;
        for t in 0..len {
            let p = self.space.vars.get(t).map_or(0.0, |v| v.gradient);
            self.set(direction, t, p);
            squared += p * p;
        }
        let enough = squared * EXACT;
        for _ in 0..ROUNDS {
            if squared.is_nan() || squared <= enough {
                break;
            }
            let mut curvature = 0.0;
            for t in 0..len {
                let q = self.along(t, len, direction, image);
                curvature += q * self.number(direction, t);
                if let Some(image) = image {
                    self.set(image, t, q);
                }
            }
            let (step, before) = (squared / curvature, squared);
            if !step.is_finite() || step <= 0.0 {
                break;
            }
            squared = 0.0;
            for t in 0..len {
                let q = match image {
                    Some(image) => self.number(image, t),
                    None => self.along(t, len, direction, image),
                };
                let p = self.number(direction, t);
                let Some(v) = self.space.vars.get_mut(t) else { break };
                let left = v.gradient - step * q;
                (v.gradient, v.multiplier) = (left, v.multiplier + step * p);
                squared += left * left;
            }
            let turn = squared / before;
            for t in 0..len {
                let p = self.number(direction, t);
                self.set(direction, t, self.space.vars.get(t).map_or(0.0, |v| v.gradient) + turn * p);
            }
            self.spend(len * (len + 4));
        }
    }

    /// Row `t` of K + RIDGE times a direction.
    fn along(&mut self, t: usize, len: usize, direction: usize, image: Option<usize>) -> f32 {
        for slot in [Some(direction), image].into_iter().flatten() {
            self.hold(Some(slot));
        }
        let slot = self.fetch(t, len);
        let row = self.numbers(slot).get(..len).unwrap_or(&[]);
        dot(row, self.numbers(direction).get(..len).unwrap_or(&[])) + RIDGE * self.number(direction, t)
    }

    fn number(&self, line: usize, column: usize) -> f32 {
        self.numbers(line).get(column).copied().unwrap_or(0.0)
    }

    fn set(&mut self, line: usize, column: usize, number: f32) {
        if let Some(place) = self.columns(line, column, column + 1).first_mut() {
            *place = number;
        }
    }
}
