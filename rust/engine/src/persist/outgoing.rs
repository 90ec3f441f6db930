//! What goes out: the container of the model in use, into flash or into the workspace for the shell.

use super::container::Sight;
use super::keeper::{Doing, Snapshot, Step};
use super::{KeepError, Kept, Key, Task, Vault, bytes, container};
use crate::config::Learner;
use crate::included::RCE;
use crate::memory::Model;
use crate::stats::count;
use crate::training::Training;
use hone_model::entries::each_setting;
use hone_model::{Counter, Each, Refused, Sink, SliceSink, WriteError};
use hone_signal::Micros;
use hone_store::{Put, Saved};
use serde::Serialize;

impl Training {
    pub(super) fn save(&mut self, doing: Doing, now: Micros, flash: &mut dyn Vault) -> Step {
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
        if published.in_place() && doing.snapshot.is_none() {
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
    fn write(&self, doing: Doing, sink: &mut dyn Sink) -> Result<u32, WriteError> {
        if RCE && let Some(snapshot) = doing.snapshot {
            return self.write_snapshot(&snapshot, sink);
        }
        let slot = self.links.published.get().and_then(|p| p.slot).ok_or(WriteError::Unwritable)?;
        self.write_slot(slot, sink)
    }

    /// Writes the container of a TinyRCE whose payload is at the front of the workspace.
    pub(crate) fn write_snapshot(&self, snapshot: &Snapshot, sink: &mut dyn Sink) -> Result<u32, WriteError> {
        let Snapshot { length, extractor, params } = snapshot;
        let workspace = self.workspace.as_deref().unwrap_or(&[]);
        let parameters = |each: &mut dyn FnMut(&str, hone_model::Entry<'_>)| each_setting(params, each);
        let (kind, report) = ((Learner::Rce, hone_rce::LAYOUT), self.keeper.report);
        container::describe(self.links, kind, &parameters, &Sight::row(*extractor), report, |contents| {
            hone_model::write_words(contents, workspace, *length, sink)
        })
    }

    /// Bytes of the container of what is in a slot; 0 of what cannot be written.
    #[cfg(feature = "small-models")]
    pub(crate) fn container_bytes(&self, slot: u8) -> u32 {
        let mut counter = Counter::default();
        self.write_slot(slot, &mut counter).map_or(0, |_| counter.0)
    }

    fn write_slot(&self, slot: u8, sink: &mut dyn Sink) -> Result<u32, WriteError> {
        let slot = self.slots.get(usize::from(slot));
        let Some(model) = slot.and_then(|s| s.try_borrow().ok()) else { return Err(WriteError::Unwritable) };
        match &*model {
            Model::Esn(esn) => self.write_esn(esn.params(), esn.layout(), &**esn, sink),
            #[cfg(feature = "small-models")]
            Model::EsnInt8(esn) => self.write_esn(esn.params(), hone_esn::LAYOUT_INTEGER, &**esn, sink),
            #[cfg(feature = "small-models")]
            Model::EsnFixed(esn) => self.write_esn(esn.params(), hone_esn::LAYOUT_INTEGER, &**esn, sink),
            Model::Svm(extractor, svm) => {
                let svm_params = self.keeper.svm;
                let parameters: Each<'_> = &|each| each_setting(&svm_params, each);
                let kind = (Learner::Svm, svm.view().layout());
                let sight = Sight { extractor: *extractor, sequence: None };
                container::describe(self.links, kind, parameters, &sight, self.keeper.report, |c| {
                    hone_model::write(c, &**svm, sink)
                })
            }
            #[cfg(feature = "small-models")]
            Model::RceInteger(extractor, rce) => {
                let kind = (Learner::Rce, hone_rce::LAYOUT_INTEGER);
                let sight = Sight { extractor: *extractor, sequence: None };
                container::describe(self.links, kind, &|_| (), &sight, self.keeper.report, |c| {
                    hone_model::write(c, &**rce, sink)
                })
            }
            _ => Err(WriteError::Unwritable),
        }
    }

    fn write_esn(
        &self,
        params: &hone_esn::Params,
        layout: u8,
        payload: &impl Serialize,
        sink: &mut dyn Sink,
    ) -> Result<u32, WriteError> {
        let parameters: Each<'_> = &|each| each_setting(params, each);
        let kind = (Learner::Esn, layout);
        let (_, sequence) = self.links.sequence.get();
        let sight = Sight { extractor: None, sequence };
        container::describe(self.links, kind, parameters, &sight, self.keeper.report, |contents| {
            hone_model::write(contents, payload, sink)
        })
    }

    pub(super) fn export(&mut self, doing: Doing) -> Step {
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
            Some(snapshot) if RCE => self.encode_snapshot(snapshot, memory),
            _ => {
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
        let kind = (Learner::Rce, hone_rce::LAYOUT);
        let report = self.keeper.report;
        container::describe(self.links, kind, &parameters, &Sight::row(snapshot.extractor), report, |contents| {
            let mut sink = SliceSink::new(bytes(front));
            hone_model::write_words(contents, payload, snapshot.length, &mut sink).map_err(|_| ())
        })
    }
}
