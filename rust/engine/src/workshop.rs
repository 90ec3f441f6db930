//! Where models are built, and how one comes into use: this is the one place that publishes.

use crate::data::order::Published;
use crate::data::preprocessing::{Code, Encoder};
use crate::learners::{CODE_NUMBERS, ENCODER, ENCODES, Learner};
use crate::link::{BackgroundEnds, Links};
use crate::pool::{Held, Pool};
use core::sync::atomic::Ordering;
use hone_model::Checksum;
use hone_signal::Micros;

/// What builds models: the pool's free slots, the memory that trainings work in, and the queues' ends by which windows, rows and
/// orders come. There is one, the background loop's.
#[derive(Debug)]
pub struct Workshop {
    /// The pool.
    pub pool: Pool,
    /// Away while the shell has it.
    pub workspace: Option<&'static mut [u32]>,
    pub(crate) ends: BackgroundEnds,
    links: &'static Links,
    generation: u32,
}

impl Workshop {
    pub(crate) fn new(links: &'static Links, ends: BackgroundEnds, pool: Pool, workspace: &'static mut [u32]) -> Self {
        Self { pool, workspace: Some(workspace), ends, links, generation: 0 }
    }

    /// A slot that is neither published nor offered nor borrowed.
    pub fn free(&self) -> Option<Held> {
        let encoder = if ENCODER.is_some() { self.links.encoder.get().map(|e| e.slot) } else { None };
        let taken = [self.links.published.get().map(|p| p.slot), self.links.offer.get().map(|o| o.slot), encoder];
        self.pool.numbers().filter(|n| !taken.contains(&Some(*n))).find_map(|n| self.pool.take(n))
    }

    /// Makes the model in a slot, which nobody builds any more, the one to be used. `online`: it learns in place.
    pub fn publish(&mut self, slot: u8, learner: Learner, online: bool, time: Micros) {
        self.generation = self.generation.wrapping_add(1);
        // What was made of the model before is of no use any more.
        self.links.offer.set(None);
        let generation = self.generation;
        self.links.published.set(Some(Published { slot, generation, learner, online, time }));
        self.links.teaching.store(online, Ordering::Relaxed);
        if Some(learner) == ENCODER {
            self.seat(slot);
        }
    }

    /// The model in a slot, which nobody builds any more, is the encoder from now on.
    pub fn seat(&self, number: u8) {
        let Some(built) = ENCODES else { return };
        let Some(slot) = self.pool.get(number) else { return };
        let Some((features, _)) = slot.by.row() else { return };
        let mut digest = Checksum::default();
        let written = slot.model.write(&mut |bytes: &[u8]| {
            digest.add(bytes);
            Ok(())
        });
        let width = slot.model.codes();
        if written.is_ok() && width > 0 && CODE_NUMBERS.checked_sub(width.into()).is_some() {
            let code = Code { digest: digest.value(), width, built };
            self.links.encoder.set(Some(Encoder { slot: number, features, code }));
        }
    }

    /// No model is to be used any more.
    pub fn withdraw(&mut self) {
        self.links.published.set(None);
        self.links.offer.set(None);
        self.links.encoder.set(None);
        self.links.teaching.store(false, Ordering::Relaxed);
        self.links.forget.store(true, Ordering::Relaxed);
    }
}
