//! What a smaller form of a model costs, on windows that were held back from training: the report of `model compress` and
//! `model quantize`, to be shown before anything is replaced.

use crate::integer::{IntegerErrors, IntegerModel, IntegerScratch, Weight};
use crate::model::{Model, Scratch};
use crate::threshold::Errors;
use hone_learn::Decision;
use hone_signal::WindowView;

/// What a form of a model says of one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// The decision.
    pub decision: Decision,
    /// Whether it rests on a full average.
    pub warm: bool,
    /// The errors of that window alone.
    pub errors: Option<Errors>,
}

impl Said {
    /// Nothing, without a model.
    pub const NOTHING: Self = Self { decision: Decision::Unknown, warm: false, errors: None };
}

/// A form of a model, and what it keeps between windows.
pub trait Judge {
    /// What it says of one window.
    fn judge(&mut self, window: &WindowView<'_>) -> Said;
    /// Forgets the stream.
    fn reset(&mut self);
    /// The threshold that the score is held against.
    fn threshold(&self) -> f32;
}

impl<const N: usize, const C: usize, const E: usize> Judge for (&Model<N, C, E>, &mut Scratch<N, C>) {
    fn judge(&mut self, window: &WindowView<'_>) -> Said {
        let outcome = self.0.examine(window, self.1);
        Said { decision: outcome.verdict.decision, warm: outcome.warm, errors: outcome.errors }
    }

    fn reset(&mut self) {
        self.1.reset();
    }

    fn threshold(&self) -> f32 {
        self.0.threshold().upper
    }
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> Judge
    for (&IntegerModel<W, N, C, E>, &mut IntegerScratch<N, C>)
{
    fn judge(&mut self, window: &WindowView<'_>) -> Said {
        let outcome = self.0.examine(window, self.1);
        Said { decision: outcome.decision, warm: outcome.warm, errors: outcome.errors.map(IntegerErrors::to_errors) }
    }

    fn reset(&mut self) {
        self.1.reset();
    }

    fn threshold(&self) -> f32 {
        self.0.threshold().upper
    }
}

/// Two forms of a model on the same windows. Bytes are the caller's to add: `hone_model::size` of either.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Windows compared.
    pub windows: u32,
    /// Windows on which the two decide differently.
    pub changed: u32,
    /// Windows anomalous before and after.
    pub anomalous: [u32; 2],
    /// Windows whose errors both gave.
    pub judged: u32,
    /// Mean squared error before and after, over the windows that both judged.
    pub mse: [f32; 2],
    /// Threshold before and after.
    pub threshold: [f32; 2],
}

impl Comparison {
    /// Of no windows.
    pub const ZERO: Self =
        Self { windows: 0, changed: 0, anomalous: [0; 2], judged: 0, mse: [0.0; 2], threshold: [0.0; 2] };

    /// Takes in what the two say of one window.
    pub fn add(&mut self, before: Said, after: Said) {
        self.windows = self.windows.saturating_add(1);
        self.changed = self.changed.saturating_add((before.decision != after.decision).into());
        for (count, said) in self.anomalous.iter_mut().zip([before.decision, after.decision]) {
            *count = count.saturating_add((said == Decision::Anomalous).into());
        }
        if let (Some(old), Some(new)) = (before.errors, after.errors) {
            self.judged = self.judged.saturating_add(1);
            // Running means.
            for (mean, e) in self.mse.iter_mut().zip([old, new]) {
                *mean += (e.mse - *mean) / self.judged as f32;
            }
        }
    }
}

/// Runs both over the windows, from a new stream; both streams are reset afterwards.
pub fn compare<'w>(
    before: &mut impl Judge,
    after: &mut impl Judge,
    windows: impl IntoIterator<Item = WindowView<'w>>,
) -> Comparison {
    before.reset();
    after.reset();
    let mut result = Comparison { threshold: [before.threshold(), after.threshold()], ..Comparison::default() };
    for window in windows {
        result.add(before.judge(&window), after.judge(&window));
    }
    before.reset();
    after.reset();
    result
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Quantization;
    use crate::tests::{SMALL, samples, train, view};
    use hone_signal::Faults;
    use std::vec::Vec;

    #[test]
    fn tells_what_changes() {
        let model = train(SMALL, 900).unwrap();
        let mut integer = IntegerModel::<i8, 24, 3, 256>::new();
        integer.quantize(&model, Quantization::Int8).unwrap();
        let held_back: Vec<_> = (50..80).map(|i| (i, samples(i, if i < 65 { 900 } else { 200 }))).collect();
        let views = || held_back.iter().map(|(i, s)| view(s, *i, Faults::NONE));
        let (mut a, mut b, mut c) = (Scratch::new(), Scratch::new(), IntegerScratch::new());
        let same = compare(&mut (&model, &mut a), &mut (&model, &mut b), views());
        assert_eq!((same.windows, same.changed, same.mse[0]), (30, 0, same.mse[1]));
        let report = compare(&mut (&model, &mut a), &mut (&integer, &mut c), views());
        assert_eq!((report.windows, report.threshold[0]), (30, model.threshold().upper));
        assert!(
            report.changed <= 1 && report.mse[1] != report.mse[0] && (report.mse[1] / report.mse[0] - 1.0).abs() < 0.1
        );
        // Set anew, from other windows, the threshold is another.
        assert!(integer.recalibrate(
            &mut c,
            views().take(3).map(|w| WindowView { faults: Faults::GAP, ..w }),
            &mut [0.0; 60]
        ));
        let moved = compare(&mut (&model, &mut a), &mut (&integer, &mut c), views());
        assert_ne!(moved.threshold[1], report.threshold[1]);
    }
}
