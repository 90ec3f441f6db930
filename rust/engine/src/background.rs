//! The background loop: takes an order, does it in bounded steps, and keeps what there is to keep between them.
//!
//! ```text
//!  Idle ──order──► Collecting ⇄ Computing ──► published, offered or told (Done)
//!                      └─────────┴──cancel, fault──► given up (Failed); the model in use stays
//! ```

use crate::capacity::WINDOW_FRAMES;
use crate::convert::Convert;
use crate::data::env::SensorInfo;
use crate::data::event::Event;
use crate::data::order::{Job, JobFault, JobOrder};
use crate::data::stats::{Ended, Phase};
use crate::data::storage::Storage;
use crate::keep::Keeper;
use crate::learners::{Model, Scratch};
use crate::link::{BackgroundEnds, Links};
use crate::loops::evaluate::Evaluate;
use crate::loops::train::{Advance, Train, Watch};
use crate::pool::Pool;
use crate::workshop::Workshop;
use core::sync::atomic::Ordering;
use hone_learn::Report;
use hone_signal::Micros;

/// A job that waits this long for a window, or for as long as four windows take, is given up.
const PATIENCE: u64 = 10_000_000;

/// A job under way.
#[derive(Clone, Copy, Debug)]
struct Running {
    order: JobOrder,
    since: Micros,
    /// When it last took in a window or a row.
    fed: Micros,
    patience: u64,
}

/// What a job holds between turns.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one, in a static; a box would need a heap")]
enum Work {
    Nothing,
    Train(Train),
    Watch(Watch),
    Convert(Convert),
    Evaluate(Evaluate),
}

/// The loop's own state.
#[derive(Debug)]
pub struct Background {
    links: &'static Links,
    workshop: Workshop,
    keeper: Keeper,
    job: Option<Running>,
    work: Work,
    /// What the two models of a conversion carry from window to window, and that of an evaluation.
    scratch: &'static mut [Scratch; 2],
}

impl Background {
    pub(crate) fn new(
        links: &'static Links,
        ends: BackgroundEnds,
        pool: Pool,
        workspace: &'static mut [u32],
        scratch: &'static mut [Scratch; 2],
    ) -> Self {
        Self {
            links,
            workshop: Workshop::new(links, ends, pool, workspace),
            keeper: Keeper::new(links),
            job: None,
            work: Work::Nothing,
            scratch,
        }
    }

    /// Restores parameters and model from flash, before the loops begin; `sensor` is what the device will sample. What
    /// is damaged or does not fit is told of and left out.
    pub fn restore(&mut self, now: Micros, sensor: SensorInfo, flash: &mut dyn Storage) {
        self.keeper.restore(&mut self.workshop, now, sensor, flash);
    }

    /// Does at most about `budget` units of work (multiply-accumulates), takes in one window, or keeps something in
    /// `flash`. False when there is nothing to do until a window or an order comes, or some time has passed.
    // Not inlined: in its caller's frame its values would lie further away.
    #[inline(never)]
    pub fn turn(&mut self, now: Micros, budget: u32, flash: &mut dyn Storage) -> bool {
        let busy = !matches!(self.work, Work::Nothing | Work::Watch(_));
        let kept = self.keeper.turn(&mut self.workshop, busy, now, flash);
        let Some(job) = &mut self.job else {
            self.tidy();
            let wanted = self.links.workspace_wanted.load(Ordering::Relaxed);
            if wanted || self.workshop.workspace.is_none() || self.keeper.has_copy() {
                return kept;
            }
            return match self.workshop.ends.orders.receive() {
                Some(order) => {
                    self.begin(order, now);
                    true
                }
                None => kept,
            };
        };
        if let Some(order) = self.workshop.ends.orders.receive() {
            self.links.training.update(|t| t.refused = order.id);
            self.links.tell(Event::TrainingRefused { time: now, id: order.id });
        }
        if self.links.cancel.load(Ordering::Relaxed) {
            self.end(now, Err(JobFault::Cancelled));
            return true;
        }
        let (links, workshop, id) = (self.links, &mut self.workshop, job.order.id);
        let next = match &mut self.work {
            Work::Nothing => Advance::Idle,
            Work::Train(train) => train.advance(links, workshop, id, now, budget),
            Work::Watch(watch) => watch.advance(links, workshop),
            Work::Convert(convert) => convert.advance(links, workshop, self.scratch),
            Work::Evaluate(evaluate) => {
                let [scratch, _] = &mut *self.scratch;
                evaluate.advance(links, workshop, scratch, budget)
            }
        };
        match next {
            Advance::Idle if now.0.saturating_sub(job.fed.0) > job.patience => {
                self.end(now, Err(JobFault::NoWindows));
                true
            }
            Advance::Idle => kept,
            Advance::Moved(done, total, phase) => {
                job.fed = now;
                self.links.training.update(|t| (t.done, t.total, t.phase) = (done, total, phase));
                true
            }
            Advance::Ended(result) => {
                self.end(now, result);
                true
            }
        }
    }

    #[inline(never)]
    fn begin(&mut self, order: JobOrder, now: Micros) {
        self.links.cancel.store(false, Ordering::Relaxed);
        self.links.offer.set(None);
        self.links.training.update(|t| {
            t.id = order.id;
            t.learner = order.learner;
            (t.job, t.point) = (order.job, None);
            t.since = now;
            (t.done, t.total) = (0, 0);
            t.phase = Phase::Collecting;
        });
        if order.job.trains() {
            self.links.tell(Event::TrainingStarted { time: now, id: order.id, learner: order.learner });
        }
        // Each checks what its job takes and makes it ready, in a frame of its own, which is free again once the job runs.
        let (links, workshop, work) = (self.links, &self.workshop, &mut self.work);
        let prepared = match order.job {
            Job::Convert(_) => Convert::begin(links, workshop, &order, |job| *work = Work::Convert(job)),
            Job::Evaluate { .. } => Evaluate::begin(links, workshop, &order, |job| *work = Work::Evaluate(job)),
            Job::Train { .. } if order.learner.learns_in_place() => {
                Watch::begin(links, workshop, &order, |job| *work = Work::Watch(job))
            }
            Job::Train { .. } => Train::begin(links, workshop, &order, |job| *work = Work::Train(job)),
        };
        match prepared {
            Ok(()) => self.job = Some(Running { order, since: now, fed: now, patience: self.patience() }),
            Err(fault) => {
                self.stand_down();
                self.finish(now, &order, now, Err(fault));
            }
        }
    }

    /// How long a job waits for a window, in microseconds.
    fn patience(&self) -> u64 {
        PATIENCE.max(self.links.rate().span(4 * WINDOW_FRAMES as u32).0)
    }

    /// Nothing is wanted of the other loops any more.
    fn stand_down(&self) {
        self.links.windows_wanted.store(false, Ordering::Relaxed);
        self.links.set_for_training.store(false, Ordering::Relaxed);
        self.links.data.update(|d| d.wanted = 0);
        self.links.cancel.store(false, Ordering::Relaxed);
    }

    #[inline(never)]
    fn end(&mut self, now: Micros, result: Result<Report, JobFault>) {
        let Some(Running { order, since, .. }) = self.job.take() else { return };
        self.stand_down();
        self.settle(&order, now, &result);
        self.finish(now, &order, since, result);
        self.tidy();
    }

    /// Publishes what a training made, offers or tells it, or gives it up.
    #[inline(never)]
    fn settle(&mut self, order: &JobOrder, now: Micros, result: &Result<Report, JobFault>) {
        let report = result.as_ref().ok().copied();
        let published = match core::mem::replace(&mut self.work, Work::Nothing) {
            Work::Nothing => None,
            Work::Train(train) => {
                let slot = train.end(&self.workshop, report);
                report.map(|_| self.workshop.publish(slot, order.learner, false, now))
            }
            Work::Watch(_) => {
                let model = self.links.online.get().model;
                report.and(model).map(|(learner, slot)| self.workshop.publish(slot, learner, true, now))
            }
            Work::Convert(convert) => {
                match report {
                    Some(_) => convert.offer(self.links, &self.workshop),
                    None => convert.drop_all(),
                }
                return;
            }
            Work::Evaluate(evaluate) => return evaluate.end(self.links, &self.workshop, report.is_some()),
        };
        self.keeper.due |= published.is_some();
        if !self.links.published.get().is_some_and(|p| p.online) {
            self.links.teaching.store(false, Ordering::Relaxed);
        }
    }

    #[inline(never)]
    fn finish(&mut self, now: Micros, order: &JobOrder, since: Micros, result: Result<Report, JobFault>) {
        let took = Micros(now.0.saturating_sub(since.0));
        let ended = Ended { id: order.id, learner: order.learner, job: order.job, time: now, took, result };
        self.links.training.update(|t| t.end(ended));
        if !order.job.trains() {
            return;
        }
        self.links.tell(match result {
            Ok(report) => Event::TrainingDone { time: now, id: order.id, learner: order.learner, report },
            Err(fault) => Event::TrainingFailed { time: now, id: order.id, fault },
        });
    }

    /// Windows, set and copies that were under way when their job ended go home.
    fn tidy(&mut self) {
        let ends = &self.workshop.ends;
        if let Some(set) = ends.full_set.receive() {
            let _ = ends.set_home.send(set);
        }
        while let Some(window) = ends.train_windows.receive() {
            let _ = ends.free_windows.send(window);
        }
        if !self.keeper.awaits_copy()
            && let Some(mut copy) = ends.copied.receive()
        {
            copy.slot.model = Model::Empty;
        }
    }

    /// Whether a window waits for the job under way.
    pub(crate) fn window_waits(&self) -> bool {
        !self.workshop.ends.train_windows.is_empty()
    }
}
