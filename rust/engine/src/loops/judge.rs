//! The model in use.

use super::sight::Sight;
use crate::data::order::Published;
use crate::data::stats::count;
use crate::learners::Scratch;
use crate::link::Links;
use crate::pool::{Pool, Slot};
use atomic_refcell::AtomicRef;
use hone_learn::learner::Answer;
use hone_signal::WindowView;

/// Holds the model in use, by a counted borrow, and what it carries from window to window. One that learns in place is held
/// by [`Online`](super::online::Online).
#[derive(Debug)]
pub struct Judge {
    pool: Pool,
    in_use: Option<(Published, Option<AtomicRef<'static, Slot>>)>,
    scratch: &'static mut Scratch,
}

impl Judge {
    pub(crate) fn new(pool: Pool, scratch: &'static mut Scratch) -> Self {
        Self { pool, in_use: None, scratch }
    }

    /// Takes the newest model into use, if there is a newer one. True when it did.
    pub fn swap_in(&mut self, links: &Links) -> bool {
        let newest = links.published.get();
        if newest == self.in_use.as_ref().map(|(p, _)| *p) {
            return false;
        }
        let Some(published) = newest else {
            self.in_use = None;
            links.inference.update(|s| (s.model, s.steps) = (None, 0));
            return false;
        };
        // A slot that is published is never being written, so the borrow succeeds, unless the model learns.
        let slot = self.pool.get(published.slot).filter(|_| !published.online);
        if slot.is_none() && !published.online {
            return false;
        }
        if let Some(slot) = &slot {
            self.scratch.prepare(&slot.model);
        }
        let sequence = slot.as_ref().and_then(|slot| slot.by.sequence());
        let steps = sequence.map_or(0, |s| s.steps() as u16);
        self.in_use = Some((published, slot));
        links.inference.update(|s| {
            count(&mut s.swaps);
            s.model = Some((published.learner, published.time));
            s.steps = steps;
        });
        true
    }

    /// Forgets what came before: the stream was broken.
    pub fn reset(&mut self) {
        self.scratch.reset();
    }

    /// Whether the model in use learns in place; `None` without one.
    pub fn learns(&self) -> Option<bool> {
        self.in_use.as_ref().map(|(p, _)| p.online)
    }

    /// What the model says of a window; `None` without one that is held here.
    pub fn infer(&mut self, window: &WindowView<'_>, sight: &mut Sight) -> Option<Answer> {
        let (_, slot) = self.in_use.as_ref()?;
        let slot = slot.as_deref()?;
        let input = sight.see(&slot.by, window)?;
        slot.model.infer(&input, self.scratch)
    }
}
