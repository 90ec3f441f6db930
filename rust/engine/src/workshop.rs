//! Where models are built, and how one comes into use: this is the one place that publishes.

use crate::data::order::Published;
use crate::learners::Learner;
use crate::link::{BackgroundEnds, Links};
use crate::pool::{Held, Pool};
use core::sync::atomic::Ordering;
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
        let taken = [self.links.published.get().map(|p| p.slot), self.links.offer.get().map(|o| o.slot)];
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
    }

    /// No model is to be used any more.
    pub fn withdraw(&mut self) {
        self.links.published.set(None);
        self.links.offer.set(None);
        self.links.teaching.store(false, Ordering::Relaxed);
        self.links.forget.store(true, Ordering::Relaxed);
    }
}
