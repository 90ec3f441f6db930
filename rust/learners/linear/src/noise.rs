//! What is known of the residuals, and the interval that follows from it.
//!
//! **Interval.** A value is expected within t·s·√(1 + k·h) of its prediction: s² the variance of a residual, h the leverage
//! xᵀ·P·x of the inputs, t the quantile of Student's distribution for ν degrees of freedom.
//!
//! **Correlated residuals.** φ is their correlation from one row to the next, taken as that of a first-order autoregression
//! and as 0 where it is negative, so that it never narrows an interval. Coefficients learnt from N such rows are as
//! uncertain as from N·(1-φ)/(1+φ) independent ones, hence k = (1+φ)/(1-φ); and s² is as uncertain as from
//! N·(1-φ²)/(1+φ²), hence ν (Bayley and Hammersley, "The Effective Number of Independent Observations in an Autocorrelated
//! Time Series", 1946).
//!
//! **Which residuals.** Learnt row by row, the error of each prediction before its row is learnt, over √(1 + k·h): as
//! recursive residuals (Brown, Durbin and Evans 1975) they are uncorrelated where the model is right, their squares sum up to
//! those of a fit to all rows, and each but the first few, which the coefficients take, is a degree of freedom. Learnt at
//! once, the residuals of the fit.

use hone_numeric::kernel::sqrt_f32;
use hone_numeric::quantile::t_quantile;
use serde::{Deserialize, Serialize};

/// Leverage above which a prediction rests on nothing: as from a hundredth of a row.
pub(crate) const UNFOUNDED: f32 = 100.0;

/// A variance is this at least, in squared deviations of the target.
const LEAST: f32 = 1e-12;

/// Correlation is taken as this at most.
const MOST_CORRELATED: f32 = 0.98;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Noise {
    /// Sums with forgetting: of the squares, of the weights and of their squares.
    pub squares: f32,
    pub weights: f32,
    pub weight_squares: f32,
    /// Degrees of freedom for which `t` was worked out.
    pub freedom: f32,
    /// The sum of products of neighbours.
    pub products: f32,
    /// The latest residual; 0 where the next is no neighbour.
    pub last: f32,
    /// What follows: s², k, and t for `freedom` degrees.
    #[serde(skip)]
    pub variance: f32,
    #[serde(skip)]
    pub inflation: f32,
    #[serde(skip)]
    pub t: f32,
}

impl Noise {
    /// All zero.
    pub const EMPTY: Self = Self {
        squares: 0.0,
        weights: 0.0,
        weight_squares: 0.0,
        products: 0.0,
        last: 0.0,
        variance: 0.0,
        inflation: 0.0,
        t: 0.0,
        freedom: 0.0,
    };
    /// Before the first residual.
    pub const NEW: Self = Self { inflation: 1.0, ..Self::EMPTY };

    /// Takes in a residual, the older ones forgotten a little.
    pub fn push(&mut self, residual: f32, forgetting: f32) {
        self.squares = forgetting * self.squares + residual * residual;
        self.products = forgetting * self.products + residual * self.last;
        self.weights = forgetting * self.weights + 1.0;
        self.weight_squares = forgetting * forgetting * self.weight_squares + 1.0;
        self.last = residual;
    }

    /// The correlation of neighbours, 0 to less than 1.
    fn correlation(&self) -> f32 {
        let limit = MOST_CORRELATED * self.squares;
        match self.products {
            products if products > 0.0 => (if products < limit { products } else { limit }) / self.squares,
            _ => 0.0,
        }
    }

    #[cfg(feature = "set")]
    /// Of residuals of a fit that took `coefficients` degrees of freedom: each of its rows counts as (1-φ)/(1+φ) of one, and
    /// one is left at least.
    pub fn after_fit(&mut self, coefficients: f32) {
        let correlation = self.correlation();
        let left = self.weights - coefficients * (1.0 + correlation) / (1.0 - correlation);
        // So that the squares over the weights are the variance.
        let left = if left > 1.0 { left } else { 1.0 };
        self.weight_squares *= left / self.weights;
        self.weights = left;
    }

    /// Works out what follows from the sums; `outside` is the share of values outside the interval.
    pub fn settle(&mut self, outside: f32) {
        if self.weights > 0.0 {
            let correlation = self.correlation();
            let variance = self.squares / self.weights;
            // Rounding alone is more.
            self.variance = if variance > LEAST { variance } else { LEAST };
            self.inflation = (1.0 + correlation) / (1.0 - correlation);
            let square = correlation * correlation;
            let rows = self.weights * self.weights / self.weight_squares;
            let freedom = rows * (1.0 - square) / (1.0 + square);
            // A quantile costs hundreds of instructions and hardly changes.
            let change = freedom - self.freedom;
            if change > 0.02 * self.freedom || -change > 0.02 * self.freedom {
                self.freedom = freedom;
                self.t = t_quantile(freedom, outside);
            }
        }
    }

    /// [`Noise::settle`] with the quantile for these degrees of freedom, as they were when it was worked out. False where the sums
    /// say otherwise.
    pub fn resume(&mut self, freedom: f32, outside: f32) -> bool {
        self.freedom = 0.0;
        self.settle(outside);
        let change = self.freedom - freedom;
        let near = if change > 0.0 { change } else { -change } <= 0.021 * freedom;
        if near && freedom > 0.0 {
            (self.freedom, self.t) = (freedom, t_quantile(freedom, outside));
        }
        near
    }

    /// Half the width of the interval at this leverage; 0 before there is a residual.
    pub fn half(&self, leverage: f32) -> f32 {
        self.t * sqrt_f32(self.variance * (1.0 + self.inflation * leverage))
    }
}
