//! What comes in: a container from flash or from the shell, or the new form of the model in use.

use super::container::Sight;
use super::keeper::Step;
use super::{KeepError, Kept, Key, Task, Vault, bytes, container};
use crate::config::Learner;
use crate::included::{RCE, SVM};
use crate::memory::{Model, Sequence};
use crate::teach::RCE_WORDS;
use crate::training::{Published, Training};
use core::sync::atomic::Ordering;
use hone_model::Container;
use hone_signal::Micros;

impl Training {
    pub(super) fn load(&mut self, now: Micros, flash: &mut dyn Vault) -> Result<Kept, KeepError> {
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
    pub(super) fn take(&mut self, length: usize, now: Micros) -> Result<Kept, KeepError> {
        let kept = self.adopt(length, now)?;
        self.keeper.due = true;
        Ok(kept)
    }

    /// Puts the new form of the model in use into its place.
    #[cfg(feature = "small-models")]
    pub(super) fn replace(&mut self, now: Micros) -> Result<Kept, KeepError> {
        let offer = self.links.training.get().offer.ok_or(KeepError::NoOffer)?;
        let learner = self.links.published.get().map(|p| p.learner).ok_or(KeepError::NoModel)?;
        let (_, sequence) = self.links.sequence.get();
        self.publish(Some(offer.slot), learner, sequence, now);
        self.keeper.due = true;
        let bytes = self.container_bytes(offer.slot);
        Ok(Kept { learner: Some(learner), bytes, erases: 0, saved: false })
    }

    /// Takes the container at the front of the workspace into use, once it has been found good.
    fn adopt(&mut self, length: usize, now: Micros) -> Result<Kept, KeepError> {
        // A slot with a converted model in it counts as free.
        self.links.training.update(|t| t.offer = None);
        let free = self.free_slot();
        let links = self.links;
        let sensor = links.sampling.get().sensor;
        let memory = self.idle()?;
        let available = memory.len() as u32 * 4;
        let (front, rest) = memory.split_at_mut_checked(length.div_ceil(4)).unwrap_or_default();
        let front = bytes(front).get(..length).unwrap_or(&[]);
        let container = Container::read(front).map_err(KeepError::Read)?;
        let mut sight = Sight::default();
        container::check(&container, sensor, &mut sight)?;
        let extractor = sight.extractor;
        let learner = container::learner(&container);
        let slot = match learner {
            Learner::Rce if RCE && container.layout() == hone_rce::LAYOUT => {
                let spare = rest.get_mut(..RCE_WORDS);
                let needed = (length.div_ceil(4) + RCE_WORDS) as u32 * 4;
                let spare = spare.ok_or(KeepError::Workspace { needed, available })?;
                let try_out = |d: &mut hone_model::De<'_>| hone_rce::examine(d, spare);
                let code = container::code(learner);
                let features = container.load(code, hone_rce::LAYOUT, try_out).map_err(KeepError::Read)?;
                let have = extractor.map_or(0, |e| e.len());
                if features != have {
                    return Err(KeepError::Features { model: features as u16, have: have as u16 });
                }
                None
            }
            _ => {
                let (slot, mut model) = free.ok_or(KeepError::NoFreeSlot)?;
                if let Err(error) = container::load(&container, &sight, &mut model) {
                    *model = Model::Empty;
                    return Err(error);
                }
                Some(slot)
            }
        };
        let mut svm = hone_svm::Params::DEFAULT;
        if SVM {
            hone_model::entries::apply(&mut svm, container.parameters());
        }
        let report = container.report();
        links.names.update(|names| {
            for (class, name) in container.classes() {
                // One that finds no place is shown by its number.
                let _ = names.set(class, name);
            }
        });
        let payload = container.payload().len();
        if let Some(extractor) = extractor.filter(|_| slot.is_none()) {
            let from = length.saturating_sub(payload + hone_model::TRAILER) as u32;
            self.loan(Task::Load { from, length: payload as u32, extractor })?;
        }
        self.keeper.report = report;
        if learner == Learner::Svm {
            self.keeper.svm = svm;
        }
        self.publish(slot, learner, sight.sequence, now);
        Ok(Kept { learner: Some(learner), bytes: length as u32, erases: 0, saved: false })
    }

    /// Makes a model the one to be used.
    pub(crate) fn publish(&mut self, slot: Option<u8>, learner: Learner, sequence: Option<Sequence>, time: Micros) {
        self.generation = self.generation.wrapping_add(1);
        // What was made of the model before is of no use any more.
        self.links.training.update(|t| t.offer = None);
        self.links.sequence.set((self.generation, sequence));
        self.links.published.set(Some(Published { slot, generation: self.generation, learner, time }));
        self.links.teaching.store(learner == Learner::Rce && slot.is_none(), Ordering::Relaxed);
    }

    pub(super) fn erase(&mut self, now: Micros, flash: &mut dyn Vault) -> Step {
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
        self.links.sequence.set((self.generation, None));
        self.links.training.update(|t| t.offer = None);
        self.links.teaching.store(false, Ordering::Relaxed);
        self.links.rce_erase.store(true, Ordering::Relaxed);
        self.keeper.report = None;
        self.keeper.due = false;
        Step::Done(Ok(kept))
    }

    pub(super) fn lend(&mut self) -> Result<Kept, KeepError> {
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
}
