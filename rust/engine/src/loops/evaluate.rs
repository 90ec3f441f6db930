//! An evaluation: a model is trained without some of the rows, and judged on these; neither the model in use nor the training set
//! is changed.
//!
//! Which rows are held back is told by their number within their class, so that every class has its share. They are moved behind
//! the others while it lasts, by swaps that are taken back at the end. A learner that learns from live windows learns from
//! the first of them and is judged on those that follow.

use super::feed::apart_for;
use super::train::{Advance, Plan, extractor_of_rows, step};
use crate::capacity::TRAINING_ROWS;
use crate::data::buffers::RowSet;
use crate::data::order::{Job, JobFault, JobOrder};
use crate::data::stats::{Evaluation, Phase};
use crate::learners::{Checked, Model, OnlineScratch, ROW_NUMBERS, ROWS, Scratch, Trainer};
use crate::link::Links;
use crate::pool::{Held, Slot};
use crate::workshop::Workshop;
use core::sync::atomic::Ordering;
use hone_learn::learner::{Answer, Given, Input, Lent, Needs, Wants};
use hone_learn::{ClassId, Metric, Progress, Report, SetMut, SetView, Stop, Workspace};
use hone_signal::{Faults, Micros, WindowView};

/// Words of a bit for each row.
const BITS: usize = if ROWS { TRAINING_ROWS.div_ceil(32) } else { 0 };
/// Live windows of an evaluation when nothing else is said.
const WINDOWS: u16 = 200;

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one, in a static; a box would need a heap")]
enum Lesson {
    /// By a trainer.
    Trainer(Trainer),
    /// In place, so many rows behind.
    Online(OnlineScratch, u16),
}

/// An evaluation under way.
#[derive(Debug)]
pub(crate) struct Evaluate {
    checked: Checked,
    needs: Needs,
    live: bool,
    held: Held,
    lesson: Lesson,
    folds: u8,
    share: u16,
    fold: u8,
    set: Option<&'static mut RowSet>,
    /// Rows that are held back now, by their numbers before they were moved.
    back: [u32; BITS],
    /// Rows that are learnt from.
    taught: u16,
    /// Live windows still to be judged, and whether the model is trained.
    windows: u16,
    trained: bool,
    judged: u16,
}

impl Evaluate {
    /// Begins.
    #[inline(never)]
    pub fn begin(
        links: &Links,
        workshop: &Workshop,
        order: &JobOrder,
        place: impl FnOnce(Self),
    ) -> Result<(), JobFault> {
        let mut plan = Plan::new(links, order.learner, None, order.job, None)?;
        let Job::Evaluate { folds, share } = order.job else { return Err(JobFault::NoRows) };
        let live = plan.needs.windows && !plan.needs.rows;
        let all = order.windows.unwrap_or(WINDOWS);
        let windows = (u32::from(all) * u32::from(share) / 1000) as u16;
        if live {
            // It learns from what is not held back.
            plan = Plan::new(links, order.learner, Some(all - windows), order.job, None)?;
        } else {
            if links.data.get().rows < 2 {
                return Err(JobFault::NoRows);
            }
            plan.by = extractor_of_rows(links, order.learner)?;
            links.data.update(|d| d.wanted = 0);
            links.set_for_training.store(true, Ordering::Relaxed);
        }
        links.windows_wanted.store(plan.needs.windows, Ordering::Relaxed);
        let mut held = workshop.free().ok_or(JobFault::NoFreeSlot)?;
        held.slot.by = plan.by;
        let lesson = lesson(&plan.checked, &mut held.slot)?;
        links.evaluation.set(Evaluation { id: order.id, ..Evaluation::ZERO });
        place(Self {
            checked: plan.checked,
            needs: plan.needs,
            live,
            held,
            lesson,
            folds: if live { 1 } else { folds },
            share,
            fold: 0,
            set: None,
            back: [0; BITS],
            taught: 0,
            windows: if live { windows } else { 0 },
            trained: false,
            judged: 0,
        });
        Ok(())
    }

    /// Learns or judges.
    #[inline(never)]
    pub fn advance(&mut self, links: &Links, workshop: &mut Workshop, scratch: &mut Scratch, budget: u32) -> Advance {
        if !self.live && self.set.is_none() {
            let Some(set) = workshop.ends.full_set.receive() else { return Advance::Idle };
            let set = self.set.insert(set);
            self.taught = hold_back(set.edit(), self.fold, self.folds, self.share, &mut self.back);
            if self.taught == 0 || usize::from(self.taught) == set.view().len() {
                return JobFault::NoRows.into();
            }
            return self.moved(Phase::Computing);
        }
        let result =
            if self.trained { self.judge(links, workshop, scratch) } else { self.learn(links, workshop, budget) };
        match result {
            Ok(advance) => {
                if let Advance::Moved(..) = advance
                    && self.trained
                    && self.judged == 0
                {
                    scratch.prepare(&self.held.slot.model);
                }
                advance
            }
            Err(fault) => fault.into(),
        }
    }

    fn moved(&self, phase: Phase) -> Advance {
        let folds = u32::from(self.folds.max(1));
        Advance::Moved(u32::from(self.fold) * 2 + u32::from(self.trained), folds * 2, phase)
    }

    #[inline(never)]
    fn learn(&mut self, links: &Links, workshop: &mut Workshop, budget: u32) -> Result<Advance, JobFault> {
        let workspace = workshop.workspace.as_deref_mut().unwrap_or(&mut []);
        let taught = usize::from(self.taught);
        let Slot { model, by, .. } = &mut *self.held.slot;
        match &mut self.lesson {
            Lesson::Online(scratch, at) => {
                let Some(set) = &self.set else { return Err(JobFault::NoRows) };
                let row = usize::from(*at);
                if let Some(label) = set.view().label(row) {
                    let row = decoded(set.view(), row, workspace).ok_or(JobFault::NoRows)?;
                    model.learn(&stored(row, Some(label)), scratch);
                }
                *at += 1;
                self.trained = usize::from(*at) >= taught;
            }
            Lesson::Trainer(trainer) => {
                let wants = self.needs.allow(trainer.wants()).map_err(JobFault::Breach)?;
                let mut lent = Lent { model, earlier: None, workspace: &mut [], budget };
                let progress = match (wants, &self.set) {
                    (Wants::Window, _) => {
                        let Some(window) = workshop.ends.train_windows.receive() else { return Ok(Advance::Idle) };
                        let view = window.view();
                        let (front, bench) = apart_for(workspace, by, view.channels);
                        lent.workspace = front;
                        let progress = match by.see(&view, bench) {
                            Some(input) => step(trainer, &Given::Window(input), lent),
                            None => Err(JobFault::Shape),
                        };
                        let _ = workshop.ends.free_windows.send(window);
                        progress?
                    }
                    (Wants::Rows, Some(set)) => {
                        lent.workspace = workspace;
                        step(trainer, &Given::Rows(set.view().first(taught)), lent)?
                    }
                    (Wants::Work | Wants::Nothing | Wants::Rows, _) => {
                        lent.workspace = workspace;
                        step(trainer, &Given::Work, lent)?
                    }
                };
                self.trained = matches!(progress, Progress::Done(_));
            }
        }
        if self.trained {
            links.evaluation.update(|e| e.trainings = e.trainings.saturating_add(1));
            self.judged = 0;
        }
        Ok(self.moved(Phase::Computing))
    }

    #[inline(never)]
    fn judge(&mut self, links: &Links, workshop: &mut Workshop, scratch: &mut Scratch) -> Result<Advance, JobFault> {
        let workspace = workshop.workspace.as_deref_mut().unwrap_or(&mut []);
        let model = &self.held.slot.model;
        let Some(set) = &mut self.set else {
            let Some(window) = workshop.ends.train_windows.receive() else { return Ok(Advance::Idle) };
            let view = window.view();
            let answer = self.held.slot.by.see(&view, workspace).and_then(|input| model.infer(&input, scratch));
            let label = view.label;
            let _ = workshop.ends.free_windows.send(window);
            self.judged += 1;
            // Until the verdict rests on all that it is to rest on it is none.
            add(links, label, answer.filter(|a| a.warm))?;
            return Ok(if self.judged >= self.windows { ended(links) } else { self.moved(Phase::Collecting) });
        };
        let row = usize::from(self.taught) + usize::from(self.judged);
        if row < set.view().len() {
            let label = set.view().label(row);
            let row = decoded(set.view(), row, workspace).ok_or(JobFault::NoRows)?;
            let input = stored(row, label);
            let answer = model.infer(&input, scratch);
            add(links, label, answer)?;
            self.judged += 1;
            return Ok(self.moved(Phase::Computing));
        }
        swap(set.edit(), self.taught, &self.back);
        self.fold += 1;
        if self.fold >= self.folds {
            return Ok(ended(links));
        }
        self.taught = hold_back(set.edit(), self.fold, self.folds, self.share, &mut self.back);
        (self.trained, self.judged) = (false, 0);
        self.lesson = lesson(&self.checked, &mut self.held.slot)?;
        Ok(self.moved(Phase::Computing))
    }

    /// The slot is empty again, the set as it was and on its way home; the result is there for the shell where it went well.
    #[inline(never)]
    pub fn end(mut self, links: &Links, workshop: &Workshop, well: bool) {
        if let Some(set) = self.set.take() {
            if self.fold < self.folds {
                swap(set.edit(), self.taught, &self.back);
            }
            let _ = workshop.ends.set_home.send(set);
        }
        self.held.slot.model = Model::Empty;
        if !well {
            links.evaluation.set(Evaluation::ZERO);
        }
    }
}

/// A training from the beginning, in the slot.
fn lesson(checked: &Checked, slot: &mut Slot) -> Result<Lesson, JobFault> {
    let learner = checked.learner();
    if !learner.learns_in_place() {
        slot.model.clear(learner);
        return Ok(Lesson::Trainer(checked.begin()));
    }
    checked.start(&mut slot.model)?;
    let mut scratch = OnlineScratch::Empty;
    scratch.prepare(&slot.model);
    Ok(Lesson::Online(scratch, 0))
}

/// All was judged.
fn ended(links: &Links) -> Advance {
    let result = links.evaluation.get();
    if result.rows == 0 {
        return JobFault::NoAnswer.into();
    }
    let normal = 1.0 - result.anomalous as f32 / result.rows as f32;
    Advance::Ended(Ok(Report {
        stop: Stop::Converged,
        rows: result.rows,
        iterations: result.trainings.into(),
        work: 0,
        metric: Metric::Accuracy,
        quality: result.confusion.accuracy().unwrap_or(normal),
    }))
}

fn add(links: &Links, label: Option<ClassId>, answer: Option<Answer>) -> Result<(), JobFault> {
    if links.evaluation.update(|e| e.add(label, answer.as_ref())) { Ok(()) } else { Err(JobFault::Classes) }
}

/// A row of the set, in numbers.
fn decoded<'w>(set: SetView<'_>, row: usize, workspace: &'w mut [u32]) -> Option<&'w [f32]> {
    let place = Workspace::new(workspace).take(set.width().min(ROW_NUMBERS)).ok()?;
    set.decode(row, place).then_some(place)
}

/// A stored row as an input.
fn stored(row: &[f32], label: Option<ClassId>) -> Input<'_> {
    let window = WindowView { samples: &[], channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label };
    Input { window, row, beside: None }
}

/// Chooses the rows to hold back and moves them behind the others; how many these are.
fn hold_back(set: SetMut<'_>, fold: u8, folds: u8, share: u16, back: &mut [u32; BITS]) -> u16 {
    let mut taught = 0;
    let (view, folds) = (set.view(), u32::from(folds.max(1)));
    *back = [0; BITS];
    for row in 0..view.len() {
        // Its number within its class.
        let label = view.label(row);
        let number = view.labels().take(row).filter(|l| *l == label).count() as u32;
        let held = if folds > 1 {
            number % folds == u32::from(fold)
        } else {
            (number + 1) * u32::from(share) / 1000 > number * u32::from(share) / 1000
        };
        if held {
            if let Some(word) = back.get_mut(row / 32) {
                *word |= 1 << (row % 32);
            }
        } else {
            taught += 1;
        }
    }
    swap(set, taught, back);
    taught
}

/// Exchanges the rows held back among the first `taught` with the others among the rest: done twice it changes nothing.
fn swap(mut set: SetMut<'_>, taught: u16, back: &[u32; BITS]) {
    let (taught, all) = (usize::from(taught), set.view().len());
    let is_back = |row: usize| back.get(row / 32).is_some_and(|word| word >> (row % 32) & 1 == 1);
    let others = (taught..all).filter(|row| !is_back(*row));
    for (held, other) in (0..taught).filter(|row| is_back(*row)).zip(others) {
        set.swap(held, other);
    }
}
