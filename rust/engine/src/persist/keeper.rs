//! The training loop's part in keeping: one order at a time, between the steps of a training.

use super::{ANNOUNCE, KeepError, KeepOrder, Kept, Loan, QUIET, SETTLE, Snapshot, Task, Wanted, bytes, settings};
use super::{Key, Vault};
use crate::env::SensorInfo;
use crate::event::Event;
use crate::stats::count;
use crate::teach;
use crate::training::Training;
use core::sync::atomic::Ordering;
use hone_learn::Report;
use hone_model::{Counter, Refused, SliceSink, decode};
use hone_signal::Micros;
use hone_store::{Notice, Put};

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    /// As the shell asked.
    Ordered(Wanted),
    /// Save the model unasked.
    AutoSave,
    /// Save the parameters.
    Config,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Doing {
    what: What,
    /// The order's number; 0 for what nobody ordered.
    id: u32,
    /// TinyRCE's payload at the front of the workspace.
    pub(super) snapshot: Option<Snapshot>,
    /// When the erase that it takes was told of.
    announced: Option<Micros>,
}

/// What the training loop remembers of keeping.
#[derive(Debug)]
pub(crate) struct Keeper {
    doing: Option<Doing>,
    /// The workspace is with the inference loop.
    loaned: bool,
    /// How the training of the model in use ended.
    pub(crate) report: Option<Report>,
    /// The parameters of the SVM in use, which its model does not hold.
    pub(crate) svm: hone_svm::Params,
    /// The model in use is to be saved.
    pub(crate) due: bool,
    ready: bool,
    config_seen: u32,
    config_saved: u32,
    config_since: Micros,
    learnt_seen: u32,
    pub(super) learnt_saved: u32,
    learnt_since: Micros,
}

impl Keeper {
    pub(crate) const fn new() -> Self {
        Self {
            doing: None,
            loaned: false,
            report: None,
            svm: hone_svm::Params::DEFAULT,
            due: false,
            ready: false,
            config_seen: 0,
            config_saved: 0,
            config_since: Micros(0),
            learnt_seen: 0,
            learnt_saved: 0,
            learnt_since: Micros(0),
        }
    }

    /// Whether what lies in the workspace is still needed.
    pub(crate) fn needs_workspace(&self) -> bool {
        self.loaned || self.doing.is_some_and(|d| d.snapshot.is_some())
    }
}

/// The next thing to do with what is being done.
pub(super) enum Step {
    /// Come again.
    Wait,
    Done(Result<Kept, KeepError>),
}

impl Training {
    /// Restores parameters and model from flash, before the loops begin; `sensor` is what the device will sample. What
    /// is damaged or does not fit is told of and left out.
    pub fn restore(&mut self, now: Micros, sensor: SensorInfo, flash: &mut dyn Vault) {
        self.links.sampling.update(|s| s.sensor = Some(sensor));
        self.note_health(flash);
        let health = flash.health();
        if health.found.unfinished + health.found.damaged + health.found.markers > 0 {
            self.links.tell(Event::FlashDamaged { time: now, found: health.found });
        }
        if !health.ready {
            return;
        }
        if let Err(error) = self.restore_config(flash) {
            self.links.tell(Event::KeepFailed { time: now, error });
        }
        match self.load(now, flash) {
            Ok(kept) => self.links.tell(Event::ModelRestored { time: now, learner: kept.learner, bytes: kept.bytes }),
            Err(KeepError::NothingSaved) => {}
            Err(error) => self.links.tell(Event::KeepFailed { time: now, error }),
        }
    }

    fn restore_config(&mut self, flash: &mut dyn Vault) -> Result<(), KeepError> {
        let Some(memory) = self.workspace.as_deref_mut() else { return Ok(()) };
        let memory = bytes(memory);
        let length = flash.load(Key::Config, memory)?;
        if length > 0 {
            let mut config = self.links.config.get();
            let skipped = settings::apply(&mut config, memory.get(..length).unwrap_or(&[]));
            self.links.config.set(config);
            // Of another version: all of it is left out.
            self.links.keep.update(|k| k.skipped = skipped.unwrap_or(u16::MAX));
        }
        Ok(())
    }

    /// Does what there is to keep; false when nothing is or it waits.
    pub(crate) fn keep(&mut self, now: Micros, flash: &mut dyn Vault) -> bool {
        self.take_home(now);
        if self.keeper.loaned {
            return false;
        }
        if self.keeper.doing.is_none() {
            self.keeper.doing = self.next(now);
        }
        let Some(doing) = self.keeper.doing else { return false };
        let saves = matches!(doing.what, What::Ordered(Wanted::Save) | What::AutoSave | What::Config);
        self.links.keep.update(|k| k.saving = saves);
        let step = match doing.what {
            What::Ordered(Wanted::Save) | What::AutoSave => self.save(&doing, now, flash),
            What::Ordered(Wanted::Load) => Step::Done(self.load(now, flash)),
            What::Ordered(Wanted::Erase) => self.erase(now, flash),
            What::Ordered(Wanted::Lend) => Step::Done(self.lend()),
            What::Ordered(Wanted::Export) => self.export(&doing),
            What::Ordered(Wanted::Take(length)) => Step::Done(self.take(length as usize, now)),
            #[cfg(feature = "small-models")]
            What::Ordered(Wanted::Replace) => Step::Done(self.replace(now)),
            What::Config => self.save_config(now, flash),
        };
        match step {
            Step::Wait => false,
            Step::Done(result) => {
                self.keeper.doing = None;
                self.links.keep.update(|k| k.saving = false);
                self.conclude(doing, result, now, flash);
                true
            }
        }
    }

    fn next(&mut self, now: Micros) -> Option<Doing> {
        let order = |what, id| Some(Doing { what, id, snapshot: None, announced: None });
        if let Some(KeepOrder { id, wanted }) = self.links.keep_orders.receive() {
            return order(What::Ordered(wanted), id);
        }
        if !self.keeper.ready {
            return None;
        }
        let changes = self.links.config_changes.load(Ordering::Relaxed);
        if changes != self.keeper.config_seen {
            (self.keeper.config_seen, self.keeper.config_since) = (changes, now);
        }
        if changes != self.keeper.config_saved && now.0.saturating_sub(self.keeper.config_since.0) >= SETTLE.0 {
            return order(What::Config, 0);
        }
        if !self.links.config.get().device.autosave || self.busy() {
            return None;
        }
        let newest = self.links.published.get();
        if newest.is_some_and(|p| p.in_place()) {
            let learnt = self.links.rce.get().learnt;
            if learnt != self.keeper.learnt_seen {
                (self.keeper.learnt_seen, self.keeper.learnt_since) = (learnt, now);
            }
            let quiet = now.0.saturating_sub(self.keeper.learnt_since.0) >= QUIET.0;
            self.keeper.due &= learnt > 0;
            self.keeper.due |= quiet && learnt > 0 && learnt != self.keeper.learnt_saved;
        }
        (self.keeper.due && newest.is_some()).then(|| order(What::AutoSave, 0))?
    }

    /// Whether a training uses the workspace, or the shell or the inference loop has it.
    fn busy(&self) -> bool {
        self.workspace.is_none() || self.uses_workspace()
    }

    /// The workspace, if nobody uses it.
    pub(super) fn idle(&mut self) -> Result<&mut [u32], KeepError> {
        if self.uses_workspace() {
            return Err(KeepError::Training);
        }
        self.workspace.as_deref_mut().ok_or(KeepError::Lent)
    }

    /// Takes the workspace back from shell and inference loop.
    fn take_home(&mut self, now: Micros) {
        if !self.links.workspace_wanted.load(Ordering::Relaxed)
            && let Some(memory) = self.links.workspace_lent.receive()
        {
            // The shell went away before it came.
            self.come_home(memory);
        }
        if let Some(memory) = self.links.workspace_home.receive() {
            self.come_home(memory);
        }
        let Some(Loan { memory, task }) = self.links.rce_home.receive() else { return };
        self.workspace = Some(memory);
        self.keeper.loaned = false;
        match task {
            Task::Saved(snapshot) => {
                if let Some(doing) = &mut self.keeper.doing {
                    doing.snapshot = Some(snapshot);
                }
            }
            Task::Loaded => {
                let learnt = self.links.rce.get().learnt;
                (self.keeper.learnt_seen, self.keeper.learnt_saved) = (learnt, learnt);
            }
            Task::Save | Task::Load { .. } => {}
            #[cfg(feature = "small-models")]
            Task::Frozen(snapshot) => self.frozen(Ok(snapshot)),
            #[cfg(feature = "small-models")]
            Task::NotFrozen(error) => self.frozen(Err(error)),
            #[cfg(feature = "small-models")]
            Task::Freeze(_) => {}
            Task::Refused => match self.keeper.doing.take() {
                Some(doing) => {
                    self.links.keep.update(|k| k.saving = false);
                    self.fail(doing, KeepError::NoModel, now);
                }
                None => self.links.published.set(None),
            },
        }
    }

    fn come_home(&mut self, memory: &'static mut [u32]) {
        self.workspace = Some(memory);
        self.links.keep.update(|k| k.lent = false);
    }

    /// Lends the workspace to the inference loop.
    pub(crate) fn loan(&mut self, task: Task) -> Result<(), KeepError> {
        let memory = self.workspace.take().ok_or(KeepError::Lent)?;
        match self.links.rce_loan.send(Loan { memory, task }) {
            Ok(()) => {
                self.keeper.loaned = true;
                Ok(())
            }
            Err(loan) => {
                self.workspace = Some(loan.memory);
                Err(KeepError::Lent)
            }
        }
    }

    /// Whether the erase that a value of this length takes is still to be waited for.
    pub(super) fn announce(&mut self, length: u32, now: Micros, flash: &dyn Vault) -> bool {
        if !flash.needs_erase(length) {
            return false;
        }
        let Some(doing) = &mut self.keeper.doing else { return false };
        match doing.announced {
            None => {
                doing.announced = Some(now);
                self.links.tell(Event::FlashErasing { time: now });
                true
            }
            Some(at) => now.0.saturating_sub(at.0) < ANNOUNCE.0,
        }
    }

    pub(super) fn notice(&self) -> impl FnMut(Notice) + use<> {
        let links = self.links;
        move |notice| {
            // Odd while a page is erased: sampling takes the frames that it misses for the flash's.
            links.erases.fetch_add(1, Ordering::Relaxed);
            if matches!(notice, Notice::Erased { .. }) {
                links.keep.update(|k| count(&mut k.erases));
            }
        }
    }

    fn save_config(&mut self, now: Micros, flash: &mut dyn Vault) -> Step {
        let config = self.links.config.get();
        let mut counter = Counter::default();
        if settings::write(&config, &mut counter).is_err() {
            return Step::Done(Err(KeepError::Unwritable));
        }
        if self.announce(counter.0, now, flash) {
            return Step::Wait;
        }
        self.keeper.config_saved = self.keeper.config_seen;
        let mut fill = |put: Put<'_>| {
            let mut sink = |bytes: &[u8]| if put(bytes) { Ok(()) } else { Err(Refused) };
            settings::write(&config, &mut sink).is_ok()
        };
        let saved = flash.save(Key::Config, counter.0, &mut fill, &mut self.notice());
        Step::Done(saved.map_err(KeepError::Flash).map(|s| {
            self.links.keep.update(|k| count(&mut k.config_saves));
            Kept { learner: None, bytes: counter.0, erases: s.erases, saved: true }
        }))
    }

    fn conclude(&mut self, doing: Doing, result: Result<Kept, KeepError>, now: Micros, flash: &mut dyn Vault) {
        self.note_health(flash);
        match result {
            Ok(kept) => {
                if doing.what == What::AutoSave
                    && let Some(learner) = kept.learner
                {
                    self.links.tell(Event::ModelSaved { time: now, learner, bytes: kept.bytes });
                }
                self.answer(doing.id, Ok(kept));
            }
            Err(error) => self.fail(doing, error, now),
        }
    }

    fn fail(&mut self, doing: Doing, error: KeepError, now: Micros) {
        if matches!(error, KeepError::Flash(_)) {
            self.links.keep.update(|k| count(&mut k.failures));
        }
        if doing.what == What::AutoSave {
            // Not tried again until there is something new to save: flash that fails is not worn further.
            self.keeper.due = false;
            self.keeper.learnt_saved = self.keeper.learnt_seen;
        }
        if doing.id == 0 {
            self.links.tell(Event::KeepFailed { time: now, error });
        }
        self.answer(doing.id, Err(error));
    }

    fn answer(&self, id: u32, result: Result<Kept, KeepError>) {
        if id > 0 {
            self.links.keep.update(|k| (k.done, k.result) = (id, result));
        }
    }

    fn note_health(&mut self, flash: &dyn Vault) {
        let health = flash.health();
        self.keeper.ready = health.ready;
        self.links.keep.update(|k| k.health = health);
    }
}

/// Encodes TinyRCE's model, or reads one, for the training loop.
pub(crate) fn serve(teach: &mut teach::Teach, memory: &mut [u32], task: Task) -> Task {
    match task {
        Task::Save => {
            let mut sink = SliceSink::new(bytes(memory));
            match teach.encode(&mut sink) {
                Some((extractor, params)) => {
                    Task::Saved(Snapshot { length: sink.filled().len() as u32, extractor, params })
                }
                None => Task::Refused,
            }
        }
        Task::Load { from, length, extractor } => {
            let payload = bytes(memory).get(from as usize..).and_then(|b| b.get(..length as usize)).unwrap_or(&[]);
            let read = teach.adopt(extractor, |model| decode(payload, |d| model.load(d)).is_ok());
            if read { Task::Loaded } else { Task::Refused }
        }
        #[cfg(feature = "small-models")]
        Task::Freeze(precision) => teach.freeze(precision, memory).unwrap_or_else(Task::NotFrozen),
        _ => Task::Refused,
    }
}
