//! What goes out: the container of the model in use, into flash or into the workspace for the shell.

use super::keeper::{Keeper, Step};
use super::{bytes, container};
use crate::data::order::{KeepError, Kept};
use crate::data::preprocessing::Encoder;
use crate::data::stats::count;
use crate::data::storage::{Key, Storage};
use crate::learners::{ENCODER, Model};
use crate::pool::Slot;
use crate::workshop::Workshop;
use atomic_refcell::AtomicRef;
use hone_learn::sink::{Refused, Sink, SliceSink};
use hone_model::WriteError;
use hone_signal::Micros;
use hone_store::Put;

impl Keeper {
    pub(super) fn save(&mut self, workshop: &mut Workshop, now: Micros, flash: &mut dyn Storage) -> Step {
        let length = match self.length(workshop) {
            Ok(Some(length)) => length,
            Ok(None) => return Step::Wait,
            Err(error) => return Step::Done(Err(error)),
        };
        let encoder = if ENCODER.is_some() { self.unsaved_encoder(workshop) } else { None };
        let beside = encoder.as_ref().map_or(0, |(_, slot)| container::bytes(self.links, slot));
        if self.announce(length + beside, now, flash) {
            return Step::Wait;
        }
        let mut notice = self.notice();
        // First: a model without its encoder would be of no use.
        if let Some((encoder, slot)) = encoder {
            let mut fill = |put: Put<'_>| {
                let mut sink = |bytes: &[u8]| if put(bytes) { Ok(()) } else { Err(Refused) };
                container::write(self.links, &slot, &mut sink).is_ok()
            };
            if let Err(error) = flash.save(Key::Encoder, beside, &mut fill, &mut notice) {
                return Step::Done(Err(error.into()));
            }
            self.encoder_saved = Some(encoder.code.digest);
        }
        let mut fill = |put: Put<'_>| {
            let mut sink = |bytes: &[u8]| if put(bytes) { Ok(()) } else { Err(Refused) };
            self.write(workshop, &mut sink).is_ok()
        };
        let saved = flash.save(Key::Model, length, &mut fill, &mut notice);
        Step::Done(saved.map_err(KeepError::Flash).map(|saved| {
            self.due = false;
            self.learnt_saved = self.links.online.get().learning.learnt;
            self.links.keeping.update(|k| count(&mut k.saves));
            let learner = self.links.published.get().map(|p| p.learner);
            Kept { learner, bytes: length, erases: saved.erases, saved: true, renamed: 0 }
        }))
    }

    /// The encoder of the model in use, where it has one that is not saved.
    fn unsaved_encoder(&self, workshop: &Workshop) -> Option<(Encoder, AtomicRef<'static, Slot>)> {
        let by = match &self.copy {
            Some(copy) => copy.slot.by,
            None => workshop.pool.get(self.links.published.get()?.slot)?.by,
        };
        let code = by.code().filter(|code| self.encoder_saved != Some(code.digest))?;
        let encoder = self.links.encoder.get().filter(|encoder| encoder.code == code)?;
        Some((encoder, workshop.pool.get(encoder.slot)?))
    }

    /// Bytes of the container of the model in use; `None` while its copy is waited for.
    fn length(&mut self, workshop: &Workshop) -> Result<Option<u32>, KeepError> {
        let published = self.links.published.get().ok_or(KeepError::NoModel)?;
        if published.online && self.copy.is_none() {
            if let Some(copy) = workshop.ends.copied.receive() {
                if let Model::Empty = copy.slot.model {
                    return Err(KeepError::NoModel);
                }
                self.copy = Some(copy);
            } else {
                if !self.copying {
                    let place = workshop.free().ok_or(KeepError::NoFreeSlot)?;
                    self.copying = workshop.ends.copy_wanted.send(place).is_ok();
                }
                return Ok(None);
            }
        }
        let mut counter = hone_learn::sink::Counter::default();
        match self.write(workshop, &mut counter) {
            Ok(_) => Ok(Some(counter.0)),
            Err(_) => Err(KeepError::Unwritable),
        }
    }

    /// Writes the container of the model in use, or of its copy.
    fn write(&self, workshop: &Workshop, sink: &mut dyn Sink) -> Result<u32, WriteError> {
        if let Some(copy) = &self.copy {
            return container::write(self.links, &copy.slot, sink);
        }
        let slot = self.links.published.get().and_then(|p| workshop.pool.get(p.slot));
        container::write(self.links, &*slot.ok_or(WriteError::Unwritable)?, sink)
    }

    /// Writes the container into the workspace and lends that to the shell.
    pub(super) fn export(&mut self, workshop: &mut Workshop) -> Step {
        let length = match self.idle(workshop).map(|_| ()).and_then(|()| self.length(workshop)) {
            Ok(Some(length)) => length,
            Ok(None) => return Step::Wait,
            Err(error) => return Step::Done(Err(error)),
        };
        let Some(memory) = workshop.workspace.take() else { return Step::Done(Err(KeepError::Lent)) };
        let available = memory.len() as u32 * 4;
        let result = self.write(workshop, &mut SliceSink::new(bytes(memory)));
        workshop.workspace = Some(memory);
        if result.is_err() {
            return Step::Done(Err(KeepError::Workspace { needed: length, available }));
        }
        let learner = self.links.published.get().map(|p| p.learner);
        Step::Done(self.lend(workshop).map(|_| Kept { learner, bytes: length, ..Kept::default() }))
    }
}
