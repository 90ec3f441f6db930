//! What comes in: a container from flash or from the shell, or the new form of the model in use.

use super::keeper::{Keeper, Step};
use super::{bytes, container};
use crate::data::order::{KeepError, Kept};
use crate::data::storage::{Key, Storage, StorageError};
use crate::learners::{ENCODER, Model};
use crate::link::Teach;
use crate::workshop::Workshop;
use core::sync::atomic::Ordering;
use hone_model::Container;
use hone_signal::Micros;

impl Keeper {
    pub(super) fn load(
        &mut self,
        workshop: &mut Workshop,
        now: Micros,
        flash: &mut dyn Storage,
    ) -> Result<Kept, KeepError> {
        if !flash.health().ready {
            return Err(KeepError::Flash(StorageError::Absent));
        }
        if flash.length(Key::Model) == 0 {
            return Err(KeepError::NothingSaved);
        }
        let seated = if ENCODER.is_some() { self.seat(workshop, flash) } else { Ok(()) };
        let length = flash.load(Key::Model, bytes(self.idle(workshop)?))?;
        let kept = self.adopt(workshop, length, now).map_err(|error| match (error, seated) {
            (KeepError::Encoder { .. }, Err(why)) => why,
            (error, _) => error,
        })?;
        // What is in use is what is saved.
        self.due = false;
        Ok(Kept { saved: true, ..kept })
    }

    /// Puts the saved encoder into a slot, if there is one and it is not there.
    #[inline(never)]
    fn seat(&mut self, workshop: &mut Workshop, flash: &mut dyn Storage) -> Result<(), KeepError> {
        let here = self.links.encoder.get().map(|encoder| encoder.code.digest);
        if flash.length(Key::Encoder) == 0 || (here.is_some() && here == self.encoder_saved) {
            return Ok(());
        }
        let mut held = workshop.free().ok_or(KeepError::NoFreeSlot)?;
        let memory = bytes(self.idle(workshop)?);
        let length = flash.load(Key::Encoder, memory)?;
        let container = Container::read(memory.get(..length).unwrap_or(&[])).map_err(KeepError::Read)?;
        let (learner, by) = container::check(&container, self.links.sampling.get().sensor, None)?;
        let loaded = container::load(&container, learner, by, &mut held.slot);
        let number = held.number;
        if loaded.is_err() {
            held.slot.model = Model::Empty;
        }
        drop(held);
        loaded?;
        workshop.seat(number);
        self.encoder_saved = self.links.encoder.get().map(|encoder| encoder.code.digest);
        Ok(())
    }

    /// What the shell put into the workspace.
    pub(super) fn take(&mut self, workshop: &mut Workshop, length: usize, now: Micros) -> Result<Kept, KeepError> {
        let kept = self.adopt(workshop, length, now)?;
        self.due = true;
        Ok(kept)
    }

    /// Puts the new form of the model in use into its place.
    pub(super) fn replace(&mut self, workshop: &mut Workshop, now: Micros) -> Result<Kept, KeepError> {
        let offer = self.links.offer.get().ok_or(KeepError::NoOffer)?;
        let learner = self.links.published.get().map(|p| p.learner).ok_or(KeepError::NoModel)?;
        workshop.publish(offer.slot, learner, false, now);
        self.due = true;
        let bytes = workshop.pool.get(offer.slot).map_or(0, |slot| container::bytes(self.links, &slot));
        Ok(Kept { learner: Some(learner), bytes, ..Kept::default() })
    }

    /// Takes the container at the front of the workspace into use, once it has been found good.
    fn adopt(&mut self, workshop: &mut Workshop, length: usize, now: Micros) -> Result<Kept, KeepError> {
        // A slot with a converted model in it counts as free.
        self.links.offer.set(None);
        let mut held = workshop.free().ok_or(KeepError::NoFreeSlot)?;
        let memory = self.idle(workshop)?;
        let container = Container::read(bytes(memory).get(..length).unwrap_or(&[])).map_err(KeepError::Read)?;
        let (learner, by) = container::check(&container, self.links.sampling.get().sensor, self.links.encoder.get())?;
        if let Err(error) = container::load(&container, learner, by, &mut held.slot) {
            held.slot.model = Model::Empty;
            return Err(error);
        }
        let renamed = self.links.names.update(|names| {
            let mut renamed = 0u16;
            for (class, name) in container.classes() {
                if let Some(other) = names.class(name).filter(|other| *other != class) {
                    names.remove(other);
                    renamed += 1;
                }
                renamed += u16::from(names.name(class).is_some_and(|old| old != name));
                // One that finds no place is shown by its number.
                let _ = names.set(class, name);
            }
            renamed
        });
        let (slot, online) = (held.number, held.slot.model.learns());
        if online {
            let learnt = held.slot.model.learning().learnt;
            (self.learnt_seen, self.learnt_saved) = (learnt, learnt);
            self.links.teaching.store(true, Ordering::Relaxed);
            let sent = workshop.ends.teach.send(Teach { held, goes_on: false });
            sent.map_err(|_| KeepError::NoFreeSlot)?;
        } else {
            drop(held);
        }
        workshop.publish(slot, learner, online, now);
        Ok(Kept { learner: Some(learner), bytes: length as u32, renamed, ..Kept::default() })
    }

    pub(super) fn erase(&mut self, workshop: &mut Workshop, now: Micros, flash: &mut dyn Storage) -> Step {
        let mut kept = Kept::default();
        if flash.length(Key::Model) > 0 {
            if self.announce(0, now, flash) {
                return Step::Wait;
            }
            match flash.save(Key::Model, 0, &mut |_| true, &mut self.notice()) {
                Ok(saved) => kept.erases = saved.erases,
                Err(error) => return Step::Done(Err(error.into())),
            }
        }
        if ENCODER.is_some() && flash.length(Key::Encoder) > 0 {
            match flash.save(Key::Encoder, 0, &mut |_| true, &mut self.notice()) {
                Ok(saved) => kept.erases += saved.erases,
                Err(error) => return Step::Done(Err(error.into())),
            }
            self.encoder_saved = None;
        }
        workshop.withdraw();
        self.due = false;
        Step::Done(Ok(kept))
    }

    pub(super) fn lend(&mut self, workshop: &mut Workshop) -> Result<Kept, KeepError> {
        self.idle(workshop)?;
        let memory = workshop.workspace.take().ok_or(KeepError::Lent)?;
        match workshop.ends.workspace_lent.send(memory) {
            Ok(()) => {
                self.links.keeping.update(|k| k.lent = true);
                Ok(Kept::default())
            }
            Err(memory) => {
                workshop.workspace = Some(memory);
                Err(KeepError::Lent)
            }
        }
    }
}
