//! A training: what it takes is checked and put in its place, then a model is built in a free slot in bounded steps.

use super::feed::{Feed, apart_for};
use crate::capacity::{TRAINING_ROWS, WINDOW_FRAMES, WORKSPACE_BYTES};
use crate::data::buffers::RowSet;
use crate::data::config::NO_ENCODER;
use crate::data::config::Section;
use crate::data::env::SensorInfo;
use crate::data::event::Event;
use crate::data::order::{Job, JobFault, JobOrder};
use crate::data::preprocessing::{Preprocessing, extractor};
use crate::data::stats::Phase;
use crate::learners::{Checked, ENCODER, Learner, Model, Trainer};
use crate::link::{Links, Teach};
use crate::pool::{Held, Slot};
use crate::workshop::Workshop;
use core::sync::atomic::Ordering;
use hone_learn::alarm;
use hone_learn::learner::{Breach, Given, Lent, Needs, Part, Setup, Start, Wants};
use hone_learn::{Metric, ParamError, Progress, Report, Shortage, Stop};
use hone_signal::Micros;

/// Rows that a first training from the set collects when nothing else is said; a quarter less than there is room for.
const FIRST_ROWS: u32 = (TRAINING_ROWS as u32) * 3 / 4;

/// What became of a step of a job.
pub(crate) enum Advance {
    /// Nothing, until something comes.
    Idle,
    /// Steps behind and in all, and what it does.
    Moved(u32, u32, Phase),
    /// It is over.
    Ended(Result<Report, JobFault>),
}

impl From<JobFault> for Advance {
    fn from(fault: JobFault) -> Self {
        Self::Ended(Err(fault))
    }
}

/// Whether the workspace is large enough.
pub(crate) fn room_for(needed: usize) -> Result<(), JobFault> {
    if needed > WORKSPACE_BYTES {
        return Err(JobFault::Workspace(Shortage { needed, available: WORKSPACE_BYTES }));
    }
    Ok(())
}

/// False alarms per window that are asked for; 0 before a sensor is known.
fn per_window(links: &Links, alarm: &alarm::Params) -> f32 {
    let window = |info: SensorInfo| info.rate.span(WINDOW_FRAMES as u32).0 as f32 * 1e-6;
    links.sampling.get().sensor.map_or(0.0, |info| alarm.per_window(window(info)))
}

/// Parameters that were checked, and what a training with them takes.
#[derive(Debug)]
pub(crate) struct Plan {
    pub checked: Checked,
    pub needs: Needs,
    pub by: Preprocessing,
    measured: u16,
}

impl Plan {
    /// For a training of `learner` with the parameters that are configured, or from `earlier` with those that are its own.
    // With a frame of its own, which is free again once the training runs.
    #[inline(never)]
    pub fn new(
        links: &Links,
        learner: Learner,
        windows: Option<u16>,
        job: Job,
        earlier: Option<&Model>,
    ) -> Result<Self, JobFault> {
        let (start, part) = match job {
            Job::Train { start, part } => (start, part),
            Job::Convert(_) | Job::Evaluate { .. } => (Start::Afresh, Part::Whole),
        };
        if start == Start::Resume && !learner.resumes() {
            return Err(JobFault::NoResume);
        }
        if part != Part::Whole && !learner.has_parts() {
            return Err(JobFault::NoPart);
        }
        let mut config = links.config.get();
        if let Some(model) = earlier.filter(|_| start == Start::Resume) {
            model.resume(&mut config.learners);
        }
        let channels = links.sampling.get().sensor.map_or(1, |s| usize::from(s.channels));
        let by = Preprocessing::new(learner, &config.learners, &config.features, channels)
            .map_err(|e| JobFault::params(Section::Features, &e))?;
        let by = if config.encodes() && Some(learner) != ENCODER {
            by.coded(&links.encoder.get().ok_or_else(|| conflict(NO_ENCODER))?)
        } else {
            by
        };
        let features = by.sequence().is_some();
        let usual = learner.measures(&config.learners);
        let measured = if features { windows.map_or(usual, |all| (all / 8).max(2)) } else { 0 };
        let setup = Setup {
            shape: by.shape(channels),
            row_frames: by.row_frames(),
            features,
            rows: TRAINING_ROWS as u16,
            windows: windows.map(|all| all.saturating_sub(measured)),
            start,
            part,
            false_alarms: per_window(links, &config.alarm),
        };
        let section = Section::Learner(learner);
        let checked = learner.check(&config.learners, &setup).map_err(|e| JobFault::params(section, &e))?;
        let needs = checked.required(&setup);
        if needs.windows && by.code().is_some() {
            return Err(conflict(
                "what an encoder makes is learnt from rows, and this learner takes windows: 'config set features.encoder none'",
            ));
        }
        let bench = if needs.windows { by.words(channels) * 4 } else { 0 };
        room_for(needs.bytes.saturating_add(bench))?;
        Ok(Self { checked, needs, by, measured })
    }
}

/// A training of a learner that trains apart from inference.
#[derive(Debug)]
pub(crate) struct Train {
    trainer: Trainer,
    needs: Needs,
    held: Held,
    feed: Feed,
    set: Option<&'static mut RowSet>,
    /// Slot and generation of the model in use, if it is of this learner.
    earlier: Option<(u8, u32)>,
    /// Rows to collect, and still to come.
    rows: (u32, u32),
    /// What the trainer last said that is behind and in all.
    progress: (u32, u32),
    pass: u32,
}

impl Train {
    /// Begins, once what it takes is found to be there.
    #[inline(never)]
    pub fn begin(
        links: &Links,
        workshop: &Workshop,
        order: &JobOrder,
        place: impl FnOnce(Self),
    ) -> Result<(), JobFault> {
        let in_use = links.published.get().filter(|p| p.learner == order.learner && !p.online);
        let slot = in_use.and_then(|p| workshop.pool.get(p.slot));
        let plan = Plan::new(links, order.learner, order.windows, order.job, slot.as_deref().map(|s| &s.model))?;
        if matches!(order.job, Job::Train { start: Start::Resume, .. }) && in_use.is_none() {
            return Err(JobFault::NoResume);
        }
        drop(slot);
        let mut held = workshop.free().ok_or(JobFault::NoFreeSlot)?;
        held.slot.model.clear(order.learner);
        held.slot.by = plan.by;
        held.slot.set_report(None);
        let mut rows = (0, 0);
        if plan.needs.rows {
            let total = links.data.update(|d| {
                let first = if d.rows == 0 { FIRST_ROWS } else { 0 };
                d.wanted = order.windows.map_or(first, u32::from);
                d.wanted
            });
            rows = (total, total);
            links.set_for_training.store(true, Ordering::Relaxed);
        }
        links.windows_wanted.store(plan.needs.windows, Ordering::Relaxed);
        place(Self {
            trainer: plan.checked.begin(),
            needs: plan.needs,
            held,
            feed: Feed::new(plan.measured),
            set: None,
            earlier: in_use.map(|p| (p.slot, p.generation)),
            rows,
            progress: (0, 0),
            pass: 0,
        });
        Ok(())
    }

    /// Takes in a window, waits for rows, or works.
    // Not inlined, as the others: in one frame the values of all would lie.
    #[inline(never)]
    pub fn advance(&mut self, links: &Links, workshop: &mut Workshop, id: u32, now: Micros, budget: u32) -> Advance {
        let wants = match self.needs.allow(self.trainer.wants()) {
            Ok(wants) => wants,
            Err(breach) => return JobFault::Breach(breach).into(),
        };
        let measures = self.feed.measures();
        if wants == Wants::Rows && self.set.is_none() {
            return self.collect(links, workshop);
        }
        let earlier = self.earlier.filter(|(_, g)| links.published.get().is_some_and(|p| p.generation == *g));
        let earlier = earlier.and_then(|(slot, _)| workshop.pool.get(slot));
        // A training that uses the workspace has it.
        let workspace = workshop.workspace.as_deref_mut().unwrap_or(&mut []);
        let Slot { model, by, .. } = &mut *self.held.slot;
        let mut lend = Lent { model, earlier: earlier.as_ref().map(|e| &e.model), workspace: &mut [], budget };
        let collecting = measures || wants == Wants::Window;
        let stepped = if collecting {
            let Some(window) = workshop.ends.train_windows.receive() else { return Advance::Idle };
            let view = window.view();
            let result = if measures {
                let Preprocessing::Sequence(sequence) = by else { return JobFault::Shape.into() };
                let measured = self.feed.measure(sequence, workspace, &view);
                measured.map(|()| Progress::Running { done: self.progress.0, total: self.progress.1 })
            } else {
                let (front, bench) = apart_for(workspace, by, view.channels);
                lend.workspace = front;
                match by.see(&view, bench) {
                    Some(input) => step(&mut self.trainer, &Given::Window(input), lend),
                    None => Err(JobFault::Shape),
                }
            };
            let _ = workshop.ends.free_windows.send(window);
            result
        } else {
            lend.workspace = workspace;
            let given = match &self.set {
                Some(set) if wants == Wants::Rows => Given::Rows(set.view()),
                Some(_) | None => Given::Work,
            };
            step(&mut self.trainer, &given, lend)
        };
        self.publish_curve(links, id, now);
        match stepped {
            Ok(Progress::Running { done, total }) => {
                self.progress = (done, total);
                let done = done.saturating_add(self.feed.measured.into());
                let total = total.saturating_add(self.feed.windows.into());
                Advance::Moved(done, total, if collecting { Phase::Collecting } else { Phase::Computing })
            }
            Ok(Progress::Done(report)) => {
                if let Some(set) = &mut self.set
                    && set.view().len() >= set.edit().capacity()
                {
                    let workspace = workshop.workspace.as_deref_mut().unwrap_or(&mut []);
                    self.trainer.make_room(set.edit(), workspace);
                }
                Advance::Ended(Ok(report))
            }
            Err(fault) => fault.into(),
        }
    }

    /// Waits for the set with as many rows as were asked for.
    fn collect(&mut self, links: &Links, workshop: &Workshop) -> Advance {
        if let Some(set) = workshop.ends.full_set.receive() {
            let total = set.view().len() as u32;
            self.set = Some(set);
            // Rows there are may be others than those that the parameters say.
            match extractor_of_rows(links, self.trainer.learner()) {
                Ok(by) => self.held.slot.by = by,
                Err(fault) => return fault.into(),
            }
            return Advance::Moved(0, total, Phase::Computing);
        }
        let (total, left) = self.rows;
        let wanted = links.data.get().wanted;
        if left == wanted {
            return Advance::Idle;
        }
        self.rows.1 = wanted;
        Advance::Moved(total - wanted.min(total), total, Phase::Collecting)
    }

    fn publish_curve(&mut self, links: &Links, id: u32, time: Micros) {
        if let Some(point) = self.trainer.curve().filter(|p| p.pass != self.pass) {
            self.pass = point.pass;
            links.training.update(|t| t.point = Some(point));
            links.tell(Event::TrainingPass { time, id, point });
        }
    }

    /// The slot is let go, with the model in it where there is a report, and the training set goes home.
    pub fn end(mut self, workshop: &Workshop, report: Option<Report>) -> u8 {
        self.held.slot.set_report(report);
        if report.is_none() {
            self.held.slot.model = crate::learners::Model::Empty;
        }
        if let Some(set) = self.set {
            let _ = workshop.ends.set_home.send(set);
        }
        self.held.number
    }
}

/// One step of a trainer on its own model.
#[inline(never)]
pub(crate) fn step(
    trainer: &mut Trainer,
    given: &Given<'_>,
    lent: Lent<'_, crate::learners::Model>,
) -> Result<Progress, JobFault> {
    let model = &mut *lent.model;
    let progress = {
        let lent = Lent { model, earlier: lent.earlier, workspace: &mut *lent.workspace, budget: lent.budget };
        trainer.step(given, lent).ok_or(JobFault::NoFreeSlot)?.map_err(JobFault::Learner)?
    };
    Breach::check(progress, lent.model.shape()).map_err(JobFault::Breach)
}

/// A training of a model that learns in place, in the inference loop; here its progress is watched.
#[derive(Debug)]
pub(crate) struct Watch {
    from: Option<u32>,
    wanted: u32,
    report: Report,
}

impl Watch {
    /// Makes a model that begins, and hands it to the inference loop.
    #[inline(never)]
    pub fn begin(
        links: &Links,
        workshop: &Workshop,
        order: &JobOrder,
        place: impl FnOnce(Self),
    ) -> Result<(), JobFault> {
        let plan = Plan::new(links, order.learner, order.windows, order.job, None)?;
        let mut held = workshop.free().ok_or(JobFault::NoFreeSlot)?;
        plan.checked.start(&mut held.slot.model)?;
        held.slot.by = plan.by;
        held.slot.set_report(None);
        links.teaching.store(true, Ordering::Relaxed);
        workshop.ends.teach.send(Teach { held, goes_on: true }).map_err(|_| JobFault::NoFreeSlot)?;
        let report =
            Report { stop: Stop::Ongoing, rows: 0, iterations: 0, work: 0, metric: Metric::Accuracy, quality: 0.0 };
        place(Self { from: None, wanted: order.windows.map_or(0, u32::from), report });
        Ok(())
    }

    pub fn advance(&mut self, links: &Links, workshop: &Workshop) -> Advance {
        if !workshop.ends.teach.is_empty() {
            return Advance::Idle;
        }
        let learning = links.online.get().learning;
        let begun = self.from.is_some();
        let start = *self.from.get_or_insert(learning.learnt);
        let learnt = learning.learnt.saturating_sub(start);
        if learnt >= self.wanted {
            let (rows, quality) = (learning.learnt, learning.accuracy);
            Advance::Ended(Ok(Report { rows, iterations: rows, quality, ..self.report }))
        } else if begun && links.training.get().done == learnt {
            Advance::Idle
        } else {
            Advance::Moved(learnt, self.wanted, Phase::Collecting)
        }
    }
}

/// The extractor of the rows in the training set, or of those to come, if the learner takes them.
pub(crate) fn extractor_of_rows(links: &Links, learner: Learner) -> Result<Preprocessing, JobFault> {
    let channels = links.sampling.get().sensor.map_or(1, |s| usize::from(s.channels));
    let rows_by = links.rows_by.get();
    if let Some((features, Some(code))) = rows_by.filter(|_| ENCODER.is_some()) {
        if Some(learner) == ENCODER {
            return Err(conflict(
                "the rows are what an encoder made, and it learns from features: 'data clear', then sample anew",
            ));
        }
        if links.encoder.get().is_none_or(|encoder| encoder.code != code) {
            return Err(conflict("the rows are of another encoder than there is now: 'data clear', then label anew"));
        }
        return Ok(Preprocessing::Coded(features, code));
    }
    let params = rows_by.map_or_else(|| links.config.get().features, |(extractor, _)| *extractor.params());
    let by = extractor(&params, channels, learner.row_numbers());
    by.map(Preprocessing::Row).map_err(|e| JobFault::params(Section::Features, &e))
}

/// What is wrong with `features.*`.
fn conflict(text: &'static str) -> JobFault {
    JobFault::params(Section::Features, &ParamError::Conflict(text))
}
