//! How far a training is, and how it ended.

/// Why a training stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It reached the optimum within tolerance, or consumed all that it was to consume.
    Converged,
    /// It reached the limit of iterations; the model is usable and the report says how good it is.
    IterationLimit,
    /// It reached a capacity (prototypes, support vectors); the model is usable within it.
    MemoryCap,
    /// The user cancelled it; there is no new model.
    Cancelled,
    /// It has no end: the model goes on learning in place.
    Ongoing,
    /// The figure on what was held back got no better; the best model stays.
    NoBetter,
}

/// What the `quality` of a [`Report`] measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Mean squared error on the windows held back for calibration, in standardised units squared.
    MeanSquaredError,
    /// Gap between the most violating pair of the dual problem; at most the tolerance when converged.
    KktGap,
    /// Share of rows classified rightly, 0 to 1.
    Accuracy,
    /// Mean cross-entropy of the classes, in nats.
    CrossEntropy,
}

/// How a training ended, what it cost and how good it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Why it stopped.
    pub stop: Stop,
    /// Rows or windows that it learnt from.
    pub rows: u32,
    /// Solver iterations, or samples taken in for a closed-form fit.
    pub iterations: u32,
    /// Work units spent: about one multiply-accumulate each.
    pub work: u64,
    /// What `quality` measures.
    pub metric: Metric,
    /// How good the model is.
    pub quality: f32,
}

/// What one bounded step of a trainer achieved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// There is more to do; `done` of about `total` is behind. `total` may change as the trainer learns more.
    Running {
        /// Steps behind.
        done: u32,
        /// Steps expected in all.
        total: u32,
    },
    /// The model is complete.
    Done(Report),
}
