//! The training loop's part in keeping: one order at a time, between the steps of a training.

use super::{ANNOUNCE, KeepError, KeepOrder, Kept, Loan, QUIET, SETTLE, Task, Wanted, bytes, container, settings};
use super::{Key, Vault};
use crate::config::Learner;
use crate::env::SensorInfo;
use crate::event::Event;
use crate::memory::Model;
use crate::stats::count;
use crate::teach::{self, RCE_WORDS};
use crate::training::{Published, Training};
use core::sync::atomic::Ordering;
use hone_learn::Report;
use hone_model::entries::each_setting;
use hone_model::{Container, Counter, Refused, SliceSink, WriteError, decode};
use hone_signal::{Extractor, Micros};
use hone_store::{Notice, Put, Saved};

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

/// TinyRCE's payload at the front of the workspace.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    length: usize,
    extractor: Extractor,
    params: hone_rce::Params,
}

#[derive(Clone, Copy, Debug)]
struct Doing {
    what: What,
    /// The order's number; 0 for what nobody ordered.
    id: u32,
    snapshot: Option<Snapshot>,
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
    learnt_saved: u32,
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
enum Step {
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
            What::Ordered(Wanted::Save) | What::AutoSave => self.save(doing, now, flash),
            What::Ordered(Wanted::Load) => Step::Done(self.load(now, flash)),
            What::Ordered(Wanted::Erase) => self.erase(now, flash),
            What::Ordered(Wanted::Lend) => Step::Done(self.lend()),
            What::Ordered(Wanted::Export) => self.export(doing),
            What::Ordered(Wanted::Take(length)) => Step::Done(self.take(length as usize, now)),
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
        let changes = self.links.config_changes.load(Ordering::Acquire);
        if changes != self.keeper.config_seen {
            (self.keeper.config_seen, self.keeper.config_since) = (changes, now);
        }
        if changes != self.keeper.config_saved && now.0.saturating_sub(self.keeper.config_since.0) >= SETTLE.0 {
            return order(What::Config, 0);
        }
        if !self.links.config.get().device.autosave || self.busy() {
            return None;
        }
        let newest = self.links.published.get().map(|p| p.learner);
        if newest == Some(Learner::Rce) {
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
    fn idle(&mut self) -> Result<&mut [u32], KeepError> {
        if self.uses_workspace() {
            return Err(KeepError::Training);
        }
        self.workspace.as_deref_mut().ok_or(KeepError::Lent)
    }

    /// Takes the workspace back from shell and inference loop.
    fn take_home(&mut self, now: Micros) {
        if !self.links.workspace_wanted.load(Ordering::Acquire)
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
            Task::Saved { length, extractor, params } => {
                if let Some(doing) = &mut self.keeper.doing {
                    doing.snapshot = Some(Snapshot { length: length as usize, extractor, params });
                }
            }
            Task::Loaded => {
                let learnt = self.links.rce.get().learnt;
                (self.keeper.learnt_seen, self.keeper.learnt_saved) = (learnt, learnt);
            }
            Task::Save | Task::Load { .. } => {}
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
    fn loan(&mut self, task: Task) -> Result<(), KeepError> {
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
    fn announce(&mut self, length: u32, now: Micros, flash: &dyn Vault) -> bool {
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

    fn notice(&self) -> impl FnMut(Notice) + use<> {
        let links = self.links;
        move |notice| {
            // Odd while a page is erased: sampling takes the frames that it misses for the flash's.
            links.erases.fetch_add(1, Ordering::AcqRel);
            if matches!(notice, Notice::Erased { .. }) {
                links.keep.update(|k| count(&mut k.erases));
            }
        }
    }

    fn save(&mut self, doing: Doing, now: Micros, flash: &mut dyn Vault) -> Step {
        let length = match self.length(doing) {
            Ok(Some(length)) => length,
            Ok(None) => return Step::Wait,
            Err(error) => return Step::Done(Err(error)),
        };
        if self.announce(length, now, flash) {
            return Step::Wait;
        }
        let mut notice = self.notice();
        let mut fill = |put: Put<'_>| {
            let mut sink = |bytes: &[u8]| if put(bytes) { Ok(()) } else { Err(Refused) };
            self.write(doing, &mut sink).is_ok()
        };
        let saved = flash.save(Key::Model, length, &mut fill, &mut notice);
        Step::Done(saved.map_err(KeepError::Flash).map(|s| self.saved(length, s)))
    }

    fn saved(&mut self, length: u32, saved: Saved) -> Kept {
        self.keeper.due = false;
        self.keeper.learnt_saved = self.links.rce.get().learnt;
        self.links.keep.update(|k| count(&mut k.saves));
        let learner = self.links.published.get().map(|p| p.learner);
        Kept { learner, bytes: length, erases: saved.erases, saved: true }
    }

    /// Bytes of the container of the model in use; `None` while TinyRCE's snapshot is waited for.
    fn length(&mut self, doing: Doing) -> Result<Option<u32>, KeepError> {
        let published = self.links.published.get().ok_or(KeepError::NoModel)?;
        if published.learner == Learner::Rce && doing.snapshot.is_none() {
            self.idle()?;
            self.loan(Task::Save)?;
            return Ok(None);
        }
        let mut counter = Counter::default();
        match self.write(doing, &mut counter) {
            Ok(_) => Ok(Some(counter.0)),
            Err(_) => Err(KeepError::Unwritable),
        }
    }

    /// Writes the container of the model in use.
    fn write(&self, doing: Doing, sink: &mut dyn hone_model::Sink) -> Result<u32, WriteError> {
        let report = self.keeper.report;
        if let Some(Snapshot { length, extractor, params }) = doing.snapshot {
            let workspace = self.workspace.as_deref().unwrap_or(&[]);
            let parameters = |each: &mut dyn FnMut(&str, hone_model::Entry<'_>)| each_setting(&params, each);
            let kind = (Learner::Rce, container::RCE_LAYOUT);
            return container::describe(self.links, kind, &parameters, Some(&extractor), report, |contents| {
                hone_model::write_words(contents, workspace, length, sink)
            });
        }
        let slot = self.links.published.get().and_then(|p| p.slot).and_then(|s| self.slots.get(usize::from(s)));
        let Some(model) = slot.and_then(|s| s.try_borrow().ok()) else { return Err(WriteError::Unwritable) };
        match &*model {
            Model::Empty => Err(WriteError::Unwritable),
            Model::Esn(esn) => {
                let parameters = |each: &mut dyn FnMut(&str, hone_model::Entry<'_>)| each_setting(esn.params(), each);
                let kind = (Learner::Esn, hone_esn::LAYOUT);
                container::describe(self.links, kind, &parameters, None, report, |c| hone_model::write(c, esn, sink))
            }
            Model::Svm(extractor, svm) => {
                let svm_params = self.keeper.svm;
                let parameters = |each: &mut dyn FnMut(&str, hone_model::Entry<'_>)| each_setting(&svm_params, each);
                let kind = (Learner::Svm, container::SVM_LAYOUT);
                container::describe(self.links, kind, &parameters, extractor.as_ref(), report, |c| {
                    hone_model::write(c, svm, sink)
                })
            }
        }
    }

    fn load(&mut self, now: Micros, flash: &mut dyn Vault) -> Result<Kept, KeepError> {
        if !flash.health().ready {
            return Err(KeepError::Flash(super::VaultError::Absent));
        }
        if flash.length(Key::Model) == 0 {
            return Err(KeepError::NothingSaved);
        }
        let memory = self.idle()?;
        let length = flash.load(Key::Model, bytes(memory))?;
        let kept = self.adopt(length, now)?;
        // What is in use is what is saved.
        self.keeper.due = false;
        Ok(Kept { saved: true, ..kept })
    }

    /// What the shell put into the workspace.
    fn take(&mut self, length: usize, now: Micros) -> Result<Kept, KeepError> {
        let kept = self.adopt(length, now)?;
        self.keeper.due = true;
        Ok(kept)
    }

    /// Takes the container at the front of the workspace into use, once it has been found good.
    fn adopt(&mut self, length: usize, now: Micros) -> Result<Kept, KeepError> {
        let slots = self.free_slot();
        let links = self.links;
        let sensor = links.sampling.get().sensor;
        let memory = self.idle()?;
        let available = memory.len() as u32 * 4;
        let (front, rest) = memory.split_at_mut_checked(length.div_ceil(4)).unwrap_or_default();
        let front = bytes(front).get(..length).unwrap_or(&[]);
        let container = Container::read(front).map_err(KeepError::Read)?;
        let extractor = container::check(&container, sensor)?;
        let learner = container::learner(&container);
        let slot = match learner {
            Learner::Rce => {
                let spare = rest.get_mut(..RCE_WORDS);
                let needed = (length.div_ceil(4) + RCE_WORDS) as u32 * 4;
                let spare = spare.ok_or(KeepError::Workspace { needed, available })?;
                let try_out = |d: &mut hone_model::De<'_>| hone_rce::examine(d, spare);
                let code = container::code(learner);
                let features = container.load(code, container::RCE_LAYOUT, try_out).map_err(KeepError::Read)?;
                let have = extractor.map_or(0, |e| e.len());
                if features != have {
                    return Err(KeepError::Features { model: features as u16, have: have as u16 });
                }
                None
            }
            Learner::Esn | Learner::Svm => {
                let (slot, mut model) = slots.map_err(|_| KeepError::NoFreeSlot)?;
                if let Err(error) = container::load(&container, extractor, &mut model) {
                    *model = Model::Empty;
                    return Err(error);
                }
                Some(slot)
            }
        };
        let mut svm = hone_svm::Params::DEFAULT;
        hone_model::entries::apply(&mut svm, container.parameters());
        let report = container.report();
        links.names.update(|names| {
            for (class, name) in container.classes() {
                // One that finds no place is shown by its number.
                let _ = names.set(class, name);
            }
        });
        let payload = container.payload().len();
        if let Some(extractor) = extractor.filter(|_| learner == Learner::Rce) {
            let from = length.saturating_sub(payload + hone_model::TRAILER) as u32;
            self.loan(Task::Load { from, length: payload as u32, extractor })?;
        }
        self.keeper.report = report;
        if learner == Learner::Svm {
            self.keeper.svm = svm;
        }
        self.publish(slot, learner, now);
        Ok(Kept { learner: Some(learner), bytes: length as u32, erases: 0, saved: false })
    }

    /// Makes a model the one to be used.
    pub(crate) fn publish(&mut self, slot: Option<u8>, learner: Learner, time: Micros) {
        self.generation = self.generation.wrapping_add(1);
        self.links.published.set(Some(Published { slot, generation: self.generation, learner, time }));
        self.links.teaching.store(learner == Learner::Rce, Ordering::Release);
    }

    fn erase(&mut self, now: Micros, flash: &mut dyn Vault) -> Step {
        let mut kept = Kept::default();
        if flash.length(Key::Model) > 0 {
            if self.announce(0, now, flash) {
                return Step::Wait;
            }
            let mut notice = self.notice();
            match flash.save(Key::Model, 0, &mut |_| true, &mut notice) {
                Ok(saved) => kept.erases = saved.erases,
                Err(error) => return Step::Done(Err(error.into())),
            }
        }
        self.links.published.set(None);
        self.links.teaching.store(false, Ordering::Release);
        self.links.rce_erase.store(true, Ordering::Release);
        self.keeper.report = None;
        self.keeper.due = false;
        Step::Done(Ok(kept))
    }

    fn lend(&mut self) -> Result<Kept, KeepError> {
        self.idle()?;
        let memory = self.workspace.take().ok_or(KeepError::Lent)?;
        match self.links.workspace_lent.send(memory) {
            Ok(()) => {
                self.links.keep.update(|k| k.lent = true);
                Ok(Kept::default())
            }
            Err(memory) => {
                self.workspace = Some(memory);
                Err(KeepError::Lent)
            }
        }
    }

    fn export(&mut self, doing: Doing) -> Step {
        let length = match self.idle().map(|_| ()).and_then(|()| self.length(doing)) {
            Ok(Some(length)) => length,
            Ok(None) => return Step::Wait,
            Err(error) => return Step::Done(Err(error)),
        };
        Step::Done(self.encode(doing, length))
    }

    /// Writes the container into the workspace and lends that to the shell.
    fn encode(&mut self, doing: Doing, length: u32) -> Result<Kept, KeepError> {
        let memory = self.workspace.take().ok_or(KeepError::Lent)?;
        let available = memory.len() as u32 * 4;
        let result = match doing.snapshot {
            Some(snapshot) => self.encode_snapshot(snapshot, memory),
            None => {
                let mut sink = SliceSink::new(bytes(memory));
                self.write(doing, &mut sink).map_err(|_| ())
            }
        };
        self.workspace = Some(memory);
        result.map_err(|()| KeepError::Workspace { needed: length, available })?;
        self.lend()?;
        let learner = self.links.published.get().map(|p| p.learner);
        Ok(Kept { learner, bytes: length, erases: 0, saved: false })
    }

    /// TinyRCE's payload stands at the front of the workspace, where the container is to begin: it is moved to the back,
    /// and the container written up to it.
    fn encode_snapshot(&self, snapshot: Snapshot, memory: &mut [u32]) -> Result<u32, ()> {
        let words = snapshot.length.div_ceil(4);
        let start = memory.len().checked_sub(words).ok_or(())?;
        memory.copy_within(..words, start);
        let (front, payload) = memory.split_at_mut_checked(start).ok_or(())?;
        let parameters = |each: &mut dyn FnMut(&str, hone_model::Entry<'_>)| each_setting(&snapshot.params, each);
        let kind = (Learner::Rce, container::RCE_LAYOUT);
        let report = self.keeper.report;
        container::describe(self.links, kind, &parameters, Some(&snapshot.extractor), report, |contents| {
            let mut sink = SliceSink::new(bytes(front));
            hone_model::write_words(contents, payload, snapshot.length, &mut sink).map_err(|_| ())
        })
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
    let bytes = bytes(memory);
    match task {
        Task::Save => {
            let mut sink = SliceSink::new(bytes);
            match teach.encode(&mut sink) {
                Some((extractor, params)) => Task::Saved { length: sink.filled().len() as u32, extractor, params },
                None => Task::Refused,
            }
        }
        Task::Load { from, length, extractor } => {
            let payload = bytes.get(from as usize..).and_then(|b| b.get(..length as usize)).unwrap_or(&[]);
            let read = teach.adopt(extractor, |model| decode(payload, |d| model.load(d)).is_ok());
            if read { Task::Loaded } else { Task::Refused }
        }
        Task::Saved { .. } | Task::Loaded | Task::Refused => Task::Refused,
    }
}
