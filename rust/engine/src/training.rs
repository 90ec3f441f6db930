//! The training loop: takes an order, builds a model in a free slot in bounded steps, publishes it.
//!
//! ```text
//!  Idle ──order──► Collecting ⇄ Computing ──► published (Done)
//!                      └─────────┴──cancel, fault──► given up (Failed); the model in use stays
//! ```

mod feed;
mod order;
mod prepare;
#[cfg(test)]
mod tests;

use crate::capacity::{MODELS, TRAINING_ROWS, WINDOW_FRAMES, WORKSPACE_BYTES};
use crate::config::Learner;
#[cfg(feature = "small-models")]
use crate::convert::Convert;
use crate::event::Event;
use crate::included;
use crate::link::Links;
use crate::memory::{EsnModel, Model, RowSet, Slot, SvmModel};
use crate::persist::{Keeper, Vault};
use crate::stats::{Ended, Phase};
use atomic_refcell::AtomicRefMut;
use core::sync::atomic::Ordering;
use feed::Feed;
#[cfg(feature = "small-models")]
pub(crate) use feed::apart;
use hone_learn::{Metric, Progress, Report, Stop};
use hone_signal::Micros;
pub use order::{Published, TrainFault, TrainOrder};

/// A training that waits this long for a window, or for as long as four windows take, is given up.
const PATIENCE: u64 = 10_000_000;

/// A training under way.
#[derive(Debug)]
struct Job {
    order: TrainOrder,
    since: Micros,
    /// When it last took in a window or a row.
    fed: Micros,
    patience: u64,
    /// The slot that the model is built in, unless it is built in place.
    place: Option<(u8, AtomicRefMut<'static, Model>)>,
    learner: Trainer,
    /// The SVM's rows are what is left of earlier batches, and new ones.
    continues: bool,
}

/// What a learner's training holds between turns.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // There is one, in a static; a box would need a heap.
enum Trainer {
    /// Takes windows as they come, or their features.
    Esn(included::Esn<hone_esn::Trainer>, Option<Feed>),
    /// Waits for the training set with so many rows more, of so many.
    SvmRows { checked: included::Svm<hone_svm::Checked>, total: u32, left: u32 },
    /// Computes on the set.
    Svm(hone_svm::Params, included::Svm<hone_svm::Trainer>, &'static mut RowSet),
    /// Waits until TinyRCE has learnt so many labelled windows, from so many.
    Rce { from: Option<u32>, wanted: u32 },
    /// Makes a smaller form of the model in use and compares the two.
    #[cfg(feature = "small-models")]
    Convert(Convert),
}

/// The loop's own state.
#[derive(Debug)]
pub struct Training {
    pub(crate) links: &'static Links,
    pub(crate) slots: &'static [Slot; MODELS],
    /// Away while TinyRCE is encoded into it, or the shell has it.
    pub(crate) workspace: Option<&'static mut [u32]>,
    job: Option<Job>,
    pub(crate) generation: u32,
    pub(crate) keeper: Keeper,
    /// Batches in the SVM's newest model, and when that was published.
    batches: u32,
    batches_of: u32,
}

impl Training {
    pub(crate) fn new(links: &'static Links, slots: &'static [Slot; MODELS], workspace: &'static mut [u32]) -> Self {
        Self {
            links,
            slots,
            workspace: Some(workspace),
            job: None,
            generation: 0,
            keeper: Keeper::new(),
            batches: 0,
            batches_of: 0,
        }
    }

    /// Does at most about `budget` units of work (multiply-accumulates), takes in one window, or keeps something in
    /// `flash`. False when there is nothing to do until a window or an order comes, or a tenth of a second has passed.
    // Not inlined: in its caller's frame its values would lie further away.
    #[inline(never)]
    pub fn turn(&mut self, now: Micros, budget: u32, flash: &mut dyn Vault) -> bool {
        let kept = self.keep(now, flash);
        let Some(job) = &mut self.job else {
            self.return_windows();
            let wanted = self.links.workspace_wanted.load(Ordering::Relaxed);
            if wanted || self.workspace.is_none() || self.keeper.needs_workspace() {
                return kept;
            }
            return match self.links.orders.receive() {
                Some(order) => {
                    self.begin(order, now);
                    true
                }
                None => kept,
            };
        };
        if let Some(order) = self.links.orders.receive() {
            self.links.training.update(|t| t.refused = order.id);
            self.links.tell(Event::TrainingRefused { time: now, id: order.id });
        }
        if self.links.cancel.load(Ordering::Relaxed) {
            self.end(now, Err(TrainFault::Cancelled));
            return true;
        }
        // A training that uses the workspace has it.
        let workspace = self.workspace.as_deref_mut().unwrap_or(&mut []);
        match job.advance(self.links, self.slots, workspace, now, budget) {
            Advance::Idle => kept,
            Advance::Moved(done, total, phase) => {
                self.links.training.update(|t| (t.done, t.total, t.phase) = (done, total, phase));
                true
            }
            Advance::Ended(result) => {
                self.end(now, result);
                true
            }
        }
    }

    fn begin(&mut self, order: TrainOrder, now: Micros) {
        self.links.cancel.store(false, Ordering::Relaxed);
        self.links.training.update(|t| {
            t.id = order.id;
            t.learner = order.learner;
            (t.converts, t.offer) = (order.form.is_some(), None);
            t.since = now;
            (t.done, t.total) = (0, 0);
            t.phase = Phase::Collecting;
        });
        if order.form.is_none() {
            self.links.tell(Event::TrainingStarted { time: now, id: order.id, learner: order.learner });
        }
        let wanted = order.windows.map_or(0, u32::from);
        // Until its own learner is prepared.
        let learner = Trainer::Rce { from: None, wanted };
        let patience = self.patience();
        let mut job = Job { order, since: now, fed: now, patience, place: None, learner, continues: false };
        match self.prepare(&mut job) {
            Ok(()) => self.job = Some(job),
            Err(fault) => {
                self.links.windows_wanted.store(false, Ordering::Relaxed);
                self.links.set_for_training.store(false, Ordering::Relaxed);
                self.finish(now, order, now, Err(fault));
            }
        }
    }

    /// TinyRCE is in integers at the front of the workspace, or could not be put into them.
    #[cfg(feature = "small-models")]
    pub(crate) fn frozen(&mut self, result: Result<crate::persist::Snapshot, hone_rce::FreezeError>) {
        if let Some(Job { learner: Trainer::Convert(convert), .. }) = &mut self.job {
            convert.frozen = Some(result);
        }
    }

    /// How long a training waits for a window, in microseconds.
    pub(crate) fn patience(&self) -> u64 {
        let rate = u64::from(self.links.sampling.get().sensor.map_or(1, |s| s.rate_hz.max(1)));
        PATIENCE.max(4 * WINDOW_FRAMES as u64 * 1_000_000 / rate)
    }

    /// Whether a training is under way that works in the workspace.
    pub(crate) fn uses_workspace(&self) -> bool {
        self.job.as_ref().is_some_and(|job| !matches!(job.learner, Trainer::Rce { .. }))
    }

    /// A slot that is neither published nor borrowed.
    pub(crate) fn free_slot(&self) -> Option<(u8, AtomicRefMut<'static, Model>)> {
        let taken = self.links.published.get().and_then(|p| p.slot);
        (0u8..)
            .zip(self.slots)
            .filter(|(slot, _)| Some(*slot) != taken)
            .find_map(|(slot, cell)| Some((slot, cell.try_borrow_mut().ok()?)))
    }

    pub(crate) fn room_for(&self, needed: usize) -> Result<(), TrainFault> {
        if needed > WORKSPACE_BYTES {
            return Err(TrainFault::Workspace { needed: needed as u32, available: WORKSPACE_BYTES as u32 });
        }
        Ok(())
    }

    fn end(&mut self, now: Micros, result: Result<Report, TrainFault>) {
        let Some(mut job) = self.job.take() else { return };
        self.links.windows_wanted.store(false, Ordering::Relaxed);
        self.links.set_for_training.store(false, Ordering::Relaxed);
        self.links.data.update(|d| d.wanted = 0);
        self.links.cancel.store(false, Ordering::Relaxed);
        let (order, since) = (job.order, job.since);
        let result = self.settle(&mut job, now, result);
        job.release(self.links);
        self.finish(now, order, since, result);
        self.return_windows();
    }

    /// Publishes what a training made, offers it, or gives it up.
    fn settle(&mut self, job: &mut Job, now: Micros, result: Result<Report, TrainFault>) -> Result<Report, TrainFault> {
        if result.is_err()
            && let Some((_, model)) = &mut job.place
        {
            **model = Model::Empty;
        }
        if result.is_ok() && job.order.learner == Learner::Svm && job.order.form.is_none() {
            self.average(job);
        }
        // From here on the slot is read only; what is published is not chosen for the next training.
        let slot = job.place.take().map(|(slot, _model)| slot);
        #[cfg(feature = "small-models")]
        if let Trainer::Convert(convert) = &mut job.learner {
            return result.map(|_| self.offer(convert, slot));
        }
        if let Ok(report) = &result {
            let sequence = match &job.learner {
                Trainer::Esn(_, Some(feed)) => Some(feed.sequence),
                _ => None,
            };
            self.publish(slot, job.order.learner, sequence, now);
            self.keeper.report = Some(*report);
            self.keeper.due = true;
            if let Trainer::Svm(params, ..) = &job.learner {
                self.keeper.svm = *params;
            }
        }
        if !self.links.published.get().is_some_and(|p| p.in_place()) {
            self.links.teaching.store(false, Ordering::Relaxed);
        }
        result
    }

    /// A linear SVM of a batch enters the average with the one of the batches before, if that is still in use.
    fn average(&mut self, job: &mut Job) {
        self.batches = if job.continues { self.batches.saturating_add(1) } else { 1 };
        let earlier = self.links.published.get().filter(|p| job.continues && p.generation == self.batches_of);
        self.batches_of = self.generation.wrapping_add(1);
        let earlier = earlier.and_then(|p| self.slots.get(usize::from(p.slot?))?.try_borrow().ok());
        if let (Some(earlier), Some((_, model))) = (earlier, &mut job.place)
            && let (Model::Svm(_, earlier), Model::Svm(_, model)) = (&*earlier, &mut **model)
        {
            model.edit().average(earlier.view(), hone_svm::batches::share(self.batches));
        }
    }

    fn finish(&mut self, now: Micros, order: TrainOrder, since: Micros, result: Result<Report, TrainFault>) {
        let took = Micros(now.0.saturating_sub(since.0));
        let converts = order.form.is_some();
        let ended = Ended { id: order.id, learner: order.learner, converts, time: now, took, result };
        self.links.training.update(|t| t.end(ended));
        if converts {
            return;
        }
        self.links.tell(match result {
            Ok(report) => Event::TrainingDone { time: now, id: order.id, learner: order.learner, report },
            Err(fault) => Event::TrainingFailed { time: now, id: order.id, fault },
        });
    }

    /// Windows and set that were under way when their training ended go home.
    fn return_windows(&mut self) {
        if let Some(set) = self.links.full_set.receive() {
            let _ = self.links.set_home.send(set);
        }
        while let Some(window) = self.links.train_windows.receive() {
            // The pool has a place for each of its windows.
            let _ = self.links.free_windows.send(window);
        }
    }
}

pub(crate) enum Advance {
    Idle,
    Moved(u32, u32, Phase),
    Ended(Result<Report, TrainFault>),
}

impl Job {
    /// The training set goes home, and the slots that it held are free.
    fn release(self, links: &Links) {
        if let Trainer::Svm(_, _, set) = self.learner {
            // There is one set and it was here, so its way home is free.
            let _ = links.set_home.send(set);
        }
    }

    fn advance(
        &mut self,
        links: &Links,
        slots: &[Slot; MODELS],
        workspace: &mut [u32],
        now: Micros,
        budget: u32,
    ) -> Advance {
        if let Trainer::Rce { from, wanted } = &mut self.learner {
            let next = rce(from, *wanted, links);
            return self.fed_by(next, now);
        }
        let Some((_, model)) = &mut self.place else { return Advance::Ended(Err(TrainFault::NoFreeSlot)) };
        #[cfg(not(feature = "small-models"))]
        let _ = slots;
        #[cfg(feature = "small-models")]
        if let Trainer::Convert(convert) = &mut self.learner {
            let next = convert.advance(links, slots, model, workspace);
            return self.fed_by(next, now);
        }
        let next = match (&mut self.learner, &mut **model) {
            (Trainer::Esn(trainer, feed), Model::Esn(model)) => {
                feed::turn(trainer, feed.as_mut(), model, links, workspace, budget)
            }
            (Trainer::SvmRows { checked, total, left }, Model::Svm(extractor, _)) => match links.full_set.receive() {
                Some(set) => {
                    *extractor = links.extractor.get();
                    let total = set.view().len() as u32;
                    self.continues = set.view().seen() > total;
                    self.learner = Trainer::Svm(*checked.params(), checked.map(hone_svm::Trainer::new), set);
                    Advance::Moved(0, total, Phase::Computing)
                }
                None => {
                    let wanted = links.data.get().wanted;
                    if core::mem::replace(left, wanted) == wanted {
                        Advance::Idle
                    } else {
                        Advance::Moved(*total - wanted.min(*total), *total, Phase::Collecting)
                    }
                }
            },
            (Trainer::Svm(_, trainer, set), Model::Svm(_, model)) => {
                match trainer.step(set.view(), workspace, model.edit(), budget) {
                    Ok(Progress::Running { done, total }) => Advance::Moved(done, total, Phase::Computing),
                    Ok(Progress::Done(report)) => {
                        make_room(trainer, set, workspace);
                        Advance::Ended(Ok(report))
                    }
                    Err(error) => Advance::Ended(Err(TrainFault::Svm(error))),
                }
            }
            _ => Advance::Ended(Err(TrainFault::NoFreeSlot)),
        };
        self.fed_by(next, now)
    }

    /// Gives up a training that nothing has fed for too long.
    fn fed_by(&mut self, next: Advance, now: Micros) -> Advance {
        match next {
            Advance::Idle if now.0.saturating_sub(self.fed.0) > self.patience => {
                Advance::Ended(Err(TrainFault::NoWindows))
            }
            Advance::Idle => Advance::Idle,
            next => {
                self.fed = now;
                next
            }
        }
    }
}

/// TinyRCE learns in the inference loop; here its progress is watched.
fn rce(from: &mut Option<u32>, wanted: u32, links: &Links) -> Advance {
    if links.rce_begin.load(Ordering::Relaxed) {
        return Advance::Idle;
    }
    let stats = links.rce.get();
    let report = Report {
        stop: Stop::Converged,
        rows: stats.learnt,
        iterations: stats.learnt,
        work: 0,
        metric: Metric::Accuracy,
        quality: stats.accuracy,
    };
    let begun = from.is_some();
    let start = *from.get_or_insert(stats.learnt);
    let learnt = stats.learnt.saturating_sub(start);
    if learnt >= wanted {
        Advance::Ended(Ok(report))
    } else if begun && links.training.get().done == learnt {
        Advance::Idle
    } else {
        Advance::Moved(learnt, wanted, Phase::Collecting)
    }
}

/// A set that is full keeps its support vectors and makes room for the next batch: a quarter of it.
fn make_room(trainer: &hone_svm::Trainer, set: &mut RowSet, workspace: &mut [u32]) {
    if set.view().len() >= set.edit().capacity() {
        hone_svm::keep_support(trainer, set.edit(), workspace, TRAINING_ROWS / 4);
    }
}

// A model is some 5 KB and all zero but for a tag. In functions of their own the compiler clears the slot where it lies;
// inlined it builds the model on the stack first, and as a constant it takes its size in flash.
#[inline(never)]
pub(crate) fn fresh_esn(slot: &mut Model) {
    const NEW: EsnModel = EsnModel::new();
    if let Some(new) = included::Esn::new(NEW) {
        *slot = Model::Esn(new);
    }
}

#[inline(never)]
pub(crate) fn fresh_svm(slot: &mut Model) {
    const NEW: SvmModel = SvmModel::new();
    if let Some(new) = included::Svm::new(NEW) {
        *slot = Model::Svm(None, new);
    }
}
