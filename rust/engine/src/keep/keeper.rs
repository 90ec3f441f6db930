//! One order at a time, between the steps of a job.

use super::{ANNOUNCE, QUIET, SETTLE, bytes, settings};
use crate::data::env::SensorInfo;
use crate::data::event::Event;
use crate::data::order::{KeepError, KeepOrder, KeepRequest, Kept};
use crate::data::stats::count;
use crate::data::storage::{Key, Storage};
use crate::learners::Model;
use crate::link::Links;
use crate::pool::Held;
use crate::workshop::Workshop;
use core::sync::atomic::Ordering;
use hone_learn::sink::{Counter, Refused};
use hone_signal::Micros;
use hone_store::{Notice, Put};

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    /// As the shell asked.
    Ordered(KeepRequest),
    /// Save the model unasked.
    AutoSave,
    /// Save the parameters.
    Config,
}

#[derive(Clone, Copy, Debug)]
struct Doing {
    what: What,
    /// The order's number; 0 for what nobody ordered.
    id: u32,
    /// When the erase that it takes was told of.
    announced: Option<Micros>,
}

/// Keeps models and parameters.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(super) links: &'static Links,
    doing: Option<Doing>,
    /// A job works in the workspace.
    busy: bool,
    /// A copy of the model that learns in place is on its way, and there.
    pub(super) copying: bool,
    pub(super) copy: Option<Held>,
    /// The model in use is to be saved.
    pub(crate) due: bool,
    ready: bool,
    /// The digest of the encoder that is saved, where it is known.
    pub(super) encoder_saved: Option<u32>,
    config_seen: u32,
    config_saved: u32,
    config_since: Micros,
    pub(super) learnt_seen: u32,
    pub(super) learnt_saved: u32,
    learnt_since: Micros,
}

/// The next thing to do with what is being done.
pub(super) enum Step {
    /// Come again.
    Wait,
    Done(Result<Kept, KeepError>),
}

impl Keeper {
    pub(crate) const fn new(links: &'static Links) -> Self {
        Self {
            links,
            doing: None,
            busy: false,
            copying: false,
            copy: None,
            due: false,
            ready: false,
            encoder_saved: None,
            config_seen: 0,
            config_saved: 0,
            config_since: Micros(0),
            learnt_seen: 0,
            learnt_saved: 0,
            learnt_since: Micros(0),
        }
    }

    /// Whether a copy is waited for.
    pub(crate) fn awaits_copy(&self) -> bool {
        self.copying && self.copy.is_none()
    }

    /// Whether something is being saved, for which a slot or the flash is needed.
    pub(crate) fn has_copy(&self) -> bool {
        self.copying
    }

    /// Restores parameters and model from flash, before the loops begin; `sensor` is what the device will sample. What
    /// is damaged or does not fit is told of and left out.
    pub(crate) fn restore(
        &mut self,
        workshop: &mut Workshop,
        now: Micros,
        sensor: SensorInfo,
        flash: &mut dyn Storage,
    ) {
        self.links.sampling.update(|s| s.sensor = Some(sensor));
        self.note_health(flash);
        let health = flash.health();
        if health.found.unfinished + health.found.damaged + health.found.markers > 0 {
            self.links.tell(Event::FlashDamaged { time: now, found: health.found });
        }
        if !health.ready {
            return;
        }
        if let Err(error) = self.restore_config(workshop, flash) {
            self.links.tell(Event::KeepFailed { time: now, error });
        }
        match self.load(workshop, now, flash) {
            Ok(kept) => self.links.tell(Event::ModelRestored { time: now, learner: kept.learner, bytes: kept.bytes }),
            Err(KeepError::NothingSaved) => {}
            Err(error) => self.links.tell(Event::KeepFailed { time: now, error }),
        }
    }

    fn restore_config(&mut self, workshop: &mut Workshop, flash: &mut dyn Storage) -> Result<(), KeepError> {
        let Some(memory) = workshop.workspace.as_deref_mut() else { return Ok(()) };
        let memory = bytes(memory);
        let length = flash.load(Key::Config, memory)?;
        if length > 0 {
            let mut config = self.links.config.get();
            let skipped = settings::apply(&mut config, memory.get(..length).unwrap_or(&[]));
            self.links.config.set(config);
            // Of another version: all of it is left out.
            self.links.keeping.update(|k| k.skipped = skipped.unwrap_or(u16::MAX));
        }
        Ok(())
    }

    /// Does what there is to keep; false when nothing is or it waits. `busy`: a job works in the workspace.
    #[inline(never)]
    pub(crate) fn turn(&mut self, workshop: &mut Workshop, busy: bool, now: Micros, flash: &mut dyn Storage) -> bool {
        self.busy = busy;
        self.take_home(workshop);
        if self.doing.is_none() {
            self.doing = self.next(workshop, now);
        }
        let Some(doing) = self.doing else { return false };
        let saves = matches!(doing.what, What::Ordered(KeepRequest::Save) | What::AutoSave | What::Config);
        self.links.keeping.update(|k| k.saving = saves);
        let step = match doing.what {
            What::Ordered(KeepRequest::Save) | What::AutoSave => self.save(workshop, now, flash),
            What::Ordered(KeepRequest::Load) => Step::Done(self.load(workshop, now, flash)),
            What::Ordered(KeepRequest::Erase) => self.erase(workshop, now, flash),
            What::Ordered(KeepRequest::Lend) => Step::Done(self.lend(workshop)),
            What::Ordered(KeepRequest::Export) => self.export(workshop),
            What::Ordered(KeepRequest::Take(length)) => Step::Done(self.take(workshop, length as usize, now)),
            What::Ordered(KeepRequest::Replace) => Step::Done(self.replace(workshop, now)),
            What::Config => self.save_config(now, flash),
        };
        match step {
            Step::Wait => false,
            Step::Done(result) => {
                self.doing = None;
                self.copying = false;
                if let Some(mut copy) = self.copy.take() {
                    copy.slot.model = Model::Empty;
                }
                self.links.keeping.update(|k| k.saving = false);
                self.conclude(doing, result, now, flash);
                true
            }
        }
    }

    fn next(&mut self, workshop: &Workshop, now: Micros) -> Option<Doing> {
        let order = |what, id| Some(Doing { what, id, announced: None });
        if let Some(KeepOrder { id, request }) = workshop.ends.keep_orders.receive() {
            return order(What::Ordered(request), id);
        }
        if !self.ready {
            return None;
        }
        let changes = self.links.config_changes.load(Ordering::Relaxed);
        if changes != self.config_seen {
            (self.config_seen, self.config_since) = (changes, now);
        }
        if changes != self.config_saved && now.0.saturating_sub(self.config_since.0) >= SETTLE.0 {
            return order(What::Config, 0);
        }
        if !self.links.config.get().device.autosave || self.busy || workshop.workspace.is_none() {
            return None;
        }
        let newest = self.links.published.get();
        if newest.is_some_and(|p| p.online) {
            let learnt = self.links.online.get().learning.learnt;
            if learnt != self.learnt_seen {
                (self.learnt_seen, self.learnt_since) = (learnt, now);
            }
            let quiet = now.0.saturating_sub(self.learnt_since.0) >= QUIET.0;
            self.due &= learnt > 0;
            self.due |= quiet && learnt > 0 && learnt != self.learnt_saved;
        }
        (self.due && newest.is_some()).then(|| order(What::AutoSave, 0))?
    }

    /// The workspace, if nobody uses it.
    pub(super) fn idle<'w>(&self, workshop: &'w mut Workshop) -> Result<&'w mut [u32], KeepError> {
        if self.busy {
            return Err(KeepError::Training);
        }
        workshop.workspace.as_deref_mut().ok_or(KeepError::Lent)
    }

    /// Takes the workspace back from the shell.
    fn take_home(&mut self, workshop: &mut Workshop) {
        // Where it went away before the workspace came, that is still on its way.
        let wanted = self.links.workspace_wanted.load(Ordering::Relaxed);
        let missed = if wanted { None } else { workshop.ends.workspace_lent.take_back() };
        if let Some(memory) = missed.or_else(|| workshop.ends.workspace_home.receive()) {
            workshop.workspace = Some(memory);
            self.links.keeping.update(|k| k.lent = false);
        }
    }

    /// Whether the erase that a value of this length takes is still to be waited for.
    pub(super) fn announce(&mut self, length: u32, now: Micros, flash: &dyn Storage) -> bool {
        if !flash.needs_erase(length) {
            return false;
        }
        let Some(doing) = &mut self.doing else { return false };
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
                links.keeping.update(|k| count(&mut k.erases));
            }
        }
    }

    fn save_config(&mut self, now: Micros, flash: &mut dyn Storage) -> Step {
        let config = self.links.config.get();
        let mut counter = Counter::default();
        if settings::write(&config, &mut counter).is_err() {
            return Step::Done(Err(KeepError::Unwritable));
        }
        if self.announce(counter.0, now, flash) {
            return Step::Wait;
        }
        self.config_saved = self.config_seen;
        let mut fill = |put: Put<'_>| {
            let mut sink = |bytes: &[u8]| if put(bytes) { Ok(()) } else { Err(Refused) };
            settings::write(&config, &mut sink).is_ok()
        };
        let saved = flash.save(Key::Config, counter.0, &mut fill, &mut self.notice());
        Step::Done(saved.map_err(KeepError::Flash).map(|s| {
            self.links.keeping.update(|k| count(&mut k.config_saves));
            Kept { bytes: counter.0, erases: s.erases, saved: true, ..Kept::default() }
        }))
    }

    fn conclude(&mut self, doing: Doing, result: Result<Kept, KeepError>, now: Micros, flash: &mut dyn Storage) {
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
            self.links.keeping.update(|k| count(&mut k.failures));
        }
        if doing.what == What::AutoSave {
            // Not tried again until there is something new to save: flash that fails is not worn further.
            self.due = false;
            self.learnt_saved = self.learnt_seen;
        }
        if doing.id == 0 {
            self.links.tell(Event::KeepFailed { time: now, error });
        }
        self.answer(doing.id, Err(error));
    }

    fn answer(&self, id: u32, result: Result<Kept, KeepError>) {
        if id > 0 {
            self.links.keeping.update(|k| (k.done, k.result) = (id, result));
        }
    }

    fn note_health(&mut self, flash: &dyn Storage) {
        let health = flash.health();
        self.ready = health.ready;
        self.links.keeping.update(|k| k.health = health);
    }
}
