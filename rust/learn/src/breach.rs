//! What a learner may not do: want what it did not name, stand still, or end without a model.

use crate::Progress;
use crate::learner::{Needs, Shape, Wants};

impl Needs {
    /// What a trainer wants, where it was named.
    ///
    /// # Errors
    /// [`Breach::Unnamed`], or [`Breach::Stuck`], as this is asked of a training that has not ended.
    pub const fn allow(&self, wants: Wants) -> Result<Wants, Breach> {
        match wants {
            Wants::Window if !self.windows => Err(Breach::Unnamed),
            Wants::Rows if !self.rows => Err(Breach::Unnamed),
            Wants::Nothing => Err(Breach::Stuck),
            Wants::Window | Wants::Rows | Wants::Work => Ok(wants),
        }
    }
}

/// How a learner broke the contract: a mistake in its code, not in what it was given. What it made is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// It wants windows or rows that `required` does not name.
    Unnamed,
    /// It wants nothing, and has not ended.
    Stuck,
    /// It has ended, and its model is without content.
    NoModel,
    /// It has ended, and what it reports of its model is not a number.
    NoFigure,
}

impl Breach {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unnamed => "it wants what its 'required' does not name",
            Self::Stuck => "it wants nothing and has not ended",
            Self::NoModel => "it ended without a model",
            Self::NoFigure => "its figure is not a number",
        }
    }

    /// How far a training is that left a model of this shape, where it keeps to the contract.
    ///
    /// # Errors
    /// [`Breach::NoModel`], [`Breach::NoFigure`].
    pub fn check(progress: Progress, shape: Shape) -> Result<Progress, Self> {
        match progress {
            Progress::Running { done, total } => Ok(Progress::Running { done: done.min(total), total }),
            Progress::Done(_) if shape.inputs == 0 => Err(Self::NoModel),
            Progress::Done(report) if !report.quality.is_finite() => Err(Self::NoFigure),
            Progress::Done(_) => Ok(progress),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metric, Report, Stop};

    #[test]
    fn a_learner_that_breaks_the_contract_is_found() {
        let windows = Needs { windows: true, ..Needs::default() };
        let rows = Needs { rows: true, ..Needs::default() };
        assert_eq!(windows.allow(Wants::Window), Ok(Wants::Window));
        assert_eq!(rows.allow(Wants::Rows), Ok(Wants::Rows));
        assert_eq!(Needs::default().allow(Wants::Work), Ok(Wants::Work));
        assert_eq!(rows.allow(Wants::Window), Err(Breach::Unnamed));
        assert_eq!(windows.allow(Wants::Rows), Err(Breach::Unnamed));
        assert_eq!(rows.allow(Wants::Nothing), Err(Breach::Stuck));

        let report =
            Report { stop: Stop::Converged, rows: 1, iterations: 1, work: 0, metric: Metric::Accuracy, quality: 1.0 };
        let seen = Shape { inputs: 2, frames: 1 };
        assert_eq!(Breach::check(Progress::Done(report), seen), Ok(Progress::Done(report)));
        assert_eq!(Breach::check(Progress::Done(report), Shape::default()), Err(Breach::NoModel));
        let unknown = Report { quality: f32::NAN, ..report };
        assert_eq!(Breach::check(Progress::Done(unknown), seen), Err(Breach::NoFigure));
        let running = |done, total| Progress::Running { done, total };
        assert_eq!(Breach::check(running(7, 5), Shape::default()), Ok(running(5, 5)));
        assert_eq!(Breach::check(running(3, 5), Shape::default()), Ok(running(3, 5)));
    }
}
