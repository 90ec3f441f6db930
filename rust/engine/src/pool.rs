//! The pool of models.

use crate::capacity::MODELS;
use crate::data::preprocessing::Preprocessing;
use crate::learners::Model;
use atomic_refcell::{AtomicRef, AtomicRefCell, AtomicRefMut};
use hone_learn::{Metric, Report, Stop};

/// The place of one model, with what belongs to it. All zero when empty.
#[derive(Debug)]
pub struct Slot {
    /// The model.
    pub model: Model,
    /// How it sees windows.
    pub by: Preprocessing,
    reported: bool,
    report: Report,
}

impl Slot {
    /// Nothing.
    pub const EMPTY: Self = Self {
        model: Model::Empty,
        by: Preprocessing::Samples,
        reported: false,
        report: Report {
            stop: Stop::Converged,
            rows: 0,
            iterations: 0,
            work: 0,
            metric: Metric::MeanSquaredError,
            quality: 0.0,
        },
    };

    /// How the training of the model ended, if it is known.
    pub fn report(&self) -> Option<Report> {
        self.reported.then_some(self.report)
    }

    /// Notes how the training ended.
    pub fn set_report(&mut self, report: Option<Report>) {
        self.reported = report.is_some();
        self.report = report.unwrap_or(self.report);
    }

    /// Becomes the same as another, whose model learns in place.
    pub fn copy(&mut self, from: &Self) {
        self.model.copy(&from.model);
        self.by = from.by;
        (self.reported, self.report) = (from.reported, from.report);
    }
}

/// A slot that is being built: exclusively its holder's. Once it is let go it is shared by counted borrows and immutable.
#[derive(Debug)]
pub struct Held {
    /// Its number.
    pub number: u8,
    /// The slot.
    pub slot: AtomicRefMut<'static, Slot>,
}

/// The pool, to read.
#[derive(Clone, Copy, Debug)]
pub struct Pool(&'static [AtomicRefCell<Slot>; MODELS]);

impl Pool {
    pub(crate) const fn new(slots: &'static [AtomicRefCell<Slot>; MODELS]) -> Self {
        Self(slots)
    }

    /// A slot to read; `None` while it is being built, or has the inference loop's learner.
    pub fn get(self, number: u8) -> Option<AtomicRef<'static, Slot>> {
        self.0.get(usize::from(number))?.try_borrow().ok()
    }

    /// A slot to have alone; `None` while anyone reads it.
    pub(crate) fn take(self, number: u8) -> Option<Held> {
        let slot = self.0.get(usize::from(number))?.try_borrow_mut().ok()?;
        Some(Held { number, slot })
    }

    /// The slots' numbers.
    pub(crate) fn numbers(self) -> impl Iterator<Item = u8> {
        (0..MODELS).map(|n| n as u8)
    }
}
