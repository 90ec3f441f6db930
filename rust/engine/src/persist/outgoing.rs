//! What goes out: the container of the model in use, into flash or into the workspace for the shell.

use super::container::{Held, Sight};
use super::keeper::{Doing, Step};
use super::{KeepError, Kept, Key, Snapshot, Task, Vault, bytes, container};
use crate::config::Learner;
use crate::included::RCE;
use crate::memory::Model;
use crate::stats::count;
use crate::training::Training;
use hone_model::entries::each_setting;
use hone_model::{Counter, Payload, Refused, Sink, SliceSink, WriteError, encode, encode_words};
use hone_signal::Micros;
use hone_store::{Put, Saved};

impl Training {
    pub(super) fn save(&mut self, doing: &Doing, now: Micros, flash: &mut dyn Vault) -> Step {
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
    fn length(&mut self, doing: &Doing) -> Result<Option<u32>, KeepError> {
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
    fn write(&self, doing: &Doing, sink: &mut dyn Sink) -> Result<u32, WriteError> {
        if RCE && let Some(snapshot) = &doing.snapshot {
            return self.write_snapshot(snapshot, self.workspace.as_deref().unwrap_or(&[]), sink);
        }
        let slot = self.links.published.get().and_then(|p| p.slot).ok_or(WriteError::Unwritable)?;
        self.write_slot(slot, sink)
    }

    /// Writes the container of a TinyRCE whose payload is at the front of `words`.
    pub(crate) fn write_snapshot(
        &self,
        snapshot: &Snapshot,
        words: &[u32],
        sink: &mut dyn Sink,
    ) -> Result<u32, WriteError> {
        let held = Held {
            kind: (Learner::Rce, hone_rce::LAYOUT),
            parameters: &|each| each_setting(&snapshot.params, each),
            sight: &Sight::row(snapshot.extractor),
            payload: &|sink| encode_words(words, snapshot.length as usize, sink),
        };
        container::write(self.links, &held, self.keeper.report, sink)
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
        let mut sight = Sight::default();
        let (kind, esn): (_, Option<&hone_esn::Params>);
        let payload: Payload<'_> = match &*model {
            Model::Esn(model) => {
                (kind, esn) = ((Learner::Esn, model.layout()), Some(model.params()));
                &|sink| encode(&**model, sink)
            }
            #[cfg(feature = "small-models")]
            Model::EsnInt8(model) => {
                (kind, esn) = ((Learner::Esn, hone_esn::LAYOUT_INTEGER), Some(model.params()));
                &|sink| encode(&**model, sink)
            }
            #[cfg(feature = "small-models")]
            Model::EsnFixed(model) => {
                (kind, esn) = ((Learner::Esn, hone_esn::LAYOUT_INTEGER), Some(model.params()));
                &|sink| encode(&**model, sink)
            }
            Model::Svm(by, model) => {
                sight.extractor = *by;
                (kind, esn) = ((Learner::Svm, model.view().layout()), None);
                &|sink| encode(&**model, sink)
            }
            #[cfg(feature = "small-models")]
            Model::RceInteger(by, model) => {
                sight.extractor = *by;
                (kind, esn) = ((Learner::Rce, hone_rce::LAYOUT_INTEGER), None);
                &|sink| encode(&**model, sink)
            }
            _ => return Err(WriteError::Unwritable),
        };
        if esn.is_some() {
            (_, sight.sequence) = self.links.sequence.get();
        }
        let (learner, _) = kind;
        let held = Held {
            kind,
            parameters: &|each| match (esn, learner) {
                (Some(params), _) => each_setting(params, each),
                (None, Learner::Svm) => each_setting(&self.keeper.svm, each),
                // In integers TinyRCE learns no more, and has none.
                _ => {}
            },
            sight: &sight,
            payload,
        };
        container::write(self.links, &held, self.keeper.report, sink)
    }

    pub(super) fn export(&mut self, doing: &Doing) -> Step {
        let length = match self.idle().map(|_| ()).and_then(|()| self.length(doing)) {
            Ok(Some(length)) => length,
            Ok(None) => return Step::Wait,
            Err(error) => return Step::Done(Err(error)),
        };
        Step::Done(self.encode(doing, length))
    }

    /// Writes the container into the workspace and lends that to the shell.
    fn encode(&mut self, doing: &Doing, length: u32) -> Result<Kept, KeepError> {
        let memory = self.workspace.take().ok_or(KeepError::Lent)?;
        let available = memory.len() as u32 * 4;
        // TinyRCE's payload stands at the front, where the container is to begin: it is moved to the back, and the container
        // written up to it.
        let words = doing.snapshot.as_ref().map_or(0, |s| s.length.div_ceil(4) as usize);
        let start = memory.len().saturating_sub(words);
        memory.copy_within(..memory.len() - start, start);
        let (front, payload) = memory.split_at_mut_checked(start).unwrap_or_default();
        let mut sink = SliceSink::new(bytes(front));
        let result = match &doing.snapshot {
            Some(snapshot) if RCE => self.write_snapshot(snapshot, payload, &mut sink),
            _ => self.write(doing, &mut sink),
        };
        self.workspace = Some(memory);
        result.map_err(|_| KeepError::Workspace { needed: length, available })?;
        self.lend()?;
        let learner = self.links.published.get().map(|p| p.learner);
        Ok(Kept { learner, bytes: length, erases: 0, saved: false })
    }
}
