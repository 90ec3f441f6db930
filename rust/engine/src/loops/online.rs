//! A model that learns in place: labelled windows where they are judged; it asks for a label when it knows none.
//!
//! ```text
//!  window ──► features ──► labelled? ── yes ──► learn (one bounded pass)
//!                              └─ no ──► infer ──► known: verdict
//!                                          └─► unknown: the window waits ──► label ID: learnt
//!                                                          │                 label dismiss: let go
//!                                                          ├─► the next unknown window takes its place
//!                                                          └─► after half a minute it is let go
//! ```
//!
//! The inference loop has its slot to itself. Who wants to read the model asks for a copy.

use super::sight::Sight;
use crate::capacity::{FEATURES, WINDOW_FRAMES};
use crate::data::order::Reply;
use crate::data::stats::OnlineStats;
use crate::learners::{Learner, ONLINE, OnlineScratch, Params};
use crate::link::{Links, OnlineEnds, Teach};
use crate::pool::{Held, Slot};
use core::sync::atomic::Ordering;
use hone_learn::learner::{Answer, Input};
use hone_learn::{ClassId, Decision};
use hone_signal::{Faults, Micros, WindowView};

/// An unknown window waits for its label this long, or as long as four windows take: who labels later means another.
const PATIENCE: Micros = Micros(30_000_000);

/// The features of the last unknown window, kept until it is labelled, dismissed or replaced. All zero when empty.
#[derive(Debug)]
struct Pending {
    len: u16,
    sequence: u32,
    time: Micros,
    features: [f32; if ONLINE { FEATURES } else { 0 }],
}

impl Pending {
    const NONE: Self =
        Self { len: 0, sequence: 0, time: Micros(0), features: [0.0; if ONLINE { FEATURES } else { 0 }] };

    /// Keeps a window in place of the one that waited; false, and none waits, when it has no features, or too many.
    fn keep(&mut self, features: &[f32], sequence: u32, time: Micros) -> bool {
        self.len = 0;
        let Some(place) = self.features.get_mut(..features.len()) else { return false };
        place.iter_mut().zip(features).for_each(|(place, x)| *place = *x);
        (self.len, self.sequence, self.time) = (features.len() as u16, sequence, time);
        self.len > 0
    }

    fn waiting(&self) -> Option<u32> {
        (self.len > 0).then_some(self.sequence)
    }
}

/// What the learner in place works in. All zero when empty.
#[derive(Debug)]
pub struct OnlineMemory {
    scratch: OnlineScratch,
    pending: Pending,
}

impl OnlineMemory {
    /// Nothing.
    pub const ZERO: Self = Self { scratch: OnlineScratch::Empty, pending: Pending::NONE };
}

/// The learner in place. In a build without one it has nothing to do and says nothing.
#[derive(Debug)]
pub struct Online {
    links: &'static Links,
    ends: OnlineEnds,
    held: Option<Held>,
    memory: &'static mut OnlineMemory,
    /// As they were last taken over.
    params: Params,
}

/// Whether two sets of a learner's parameters differ.
fn differ(learner: Learner, a: &Params, b: &Params) -> bool {
    (0..learner.settings().len()).any(|index| a.get(learner, index) != b.get(learner, index))
}

impl Online {
    pub(crate) fn new(links: &'static Links, ends: OnlineEnds, memory: &'static mut OnlineMemory) -> Self {
        Self { links, ends, held: None, memory, params: Params::DEFAULT }
    }

    /// Takes a model, gives a copy, forgets, and learns the window that waited: what was asked since the last turn.
    pub fn turn(&mut self, now: Micros) {
        if !ONLINE {
            return;
        }
        let patience = PATIENCE.0.max(self.links.rate().span(4 * WINDOW_FRAMES as u32).0);
        if self.memory.pending.len > 0 && now.0.saturating_sub(self.memory.pending.time.0) > patience {
            self.memory.pending.len = 0;
            self.publish();
        }
        if self.links.forget.swap(false, Ordering::Relaxed) {
            self.held = None;
            self.memory.pending.len = 0;
            self.links.online.set(OnlineStats::ZERO);
        }
        if let Some(teach) = self.ends.teach.receive() {
            self.take(teach);
        }
        if let Some(mut copy) = self.ends.copy_wanted.receive() {
            if let Some(held) = &self.held {
                copy.slot.copy(&held.slot);
            }
            // There is one at a time, so that there is room.
            let _ = self.ends.copied.send(copy);
            self.links.wake();
        }
        if !self.links.teaching.load(Ordering::Relaxed) && self.held.is_some() {
            // Another learner is in use; nobody asks any more, and the slot is free.
            self.held = None;
            self.memory.pending.len = 0;
            self.links.online.update(|s| s.waiting = None);
        }
        if let Some(reply) = self.links.reply.get() {
            self.answer(reply);
            self.links.reply.set(None);
        }
    }

    /// Takes a model that begins, unless there is one that can go on with its parameters and on the same features.
    // With a whole configuration in its frame, which would else be below every window.
    #[inline(never)]
    fn take(&mut self, Teach { held: new, goes_on }: Teach) {
        let params = self.links.config.get().learners;
        let same = self.held.as_mut().is_some_and(|held| {
            let Slot { model, by, .. } = &mut *held.slot;
            goes_on && model.learner() == new.slot.model.learner() && *by == new.slot.by && model.adjust(&params)
        });
        if !same {
            self.memory.scratch.prepare(&new.slot.model);
            self.held = Some(new);
            self.memory.pending.len = 0;
        }
        self.params = params;
        self.publish();
    }

    /// Learns the window that waits, or lets it go.
    fn answer(&mut self, reply: Reply) {
        if let (Reply::Learn(class), Some(held), Some(sequence)) =
            (reply, &mut self.held, self.memory.pending.waiting())
        {
            let window = WindowView {
                samples: &[],
                channels: 1,
                time: Micros(0),
                sequence,
                faults: Faults::NONE,
                label: Some(class),
            };
            let row = self.memory.pending.features.get(..usize::from(self.memory.pending.len)).unwrap_or(&[]);
            held.slot.model.learn(&Input { window, row, beside: None }, &mut self.memory.scratch);
        }
        self.memory.pending.len = 0;
        self.publish();
    }

    /// Whether it learns such a window now.
    pub fn learns(&self, label: Option<ClassId>) -> bool {
        let Some(held) = self.held.as_ref().filter(|_| ONLINE) else { return false };
        let model = &held.slot.model;
        model.learns() && (label.is_some() || !model.labelled()) && self.links.teaching.load(Ordering::Relaxed)
    }

    /// Learns a window.
    pub fn learn(&mut self, sight: &mut Sight, window: &WindowView<'_>) {
        let Some(held) = &mut self.held else { return };
        let Slot { model, by, .. } = &mut *held.slot;
        let Some(input) = sight.see(by, window) else { return };
        if model.learn(&input, &mut self.memory.scratch) {
            self.memory.pending.len = 0;
            self.publish();
        }
    }

    /// Judges a window. One that is unknown, and that nobody labels at once, waits for its label.
    pub fn infer(&mut self, sight: &mut Sight, window: &WindowView<'_>) -> Option<Answer> {
        if !ONLINE {
            return None;
        }
        self.follow();
        let slot = &*self.held.as_ref()?.slot;
        let input = sight.see(&slot.by, window)?;
        let answer = slot.model.infer_online(&input, &mut self.memory.scratch)?;
        if answer.verdict.decision == Decision::Unknown
            && window.label.is_none()
            && self.memory.pending.keep(input.row, window.sequence, window.time)
        {
            self.links.online.update(|s| s.waiting = Some(window.sequence));
        }
        Some(answer)
    }

    /// Takes over the parameters that the user has changed since the last window.
    // As `take`.
    #[inline(never)]
    fn follow(&mut self) {
        let Some(held) = &mut self.held else { return };
        let Some(learner) = held.slot.model.learner() else { return };
        let params = self.links.config.get().learners;
        if differ(learner, &params, &self.params) {
            // Those that take a new beginning wait for it.
            self.params = params;
            held.slot.model.adjust(&params);
        }
    }

    fn publish(&mut self) {
        let Some(held) = &self.held else { return };
        let Some(learner) = held.slot.model.learner() else { return };
        self.links.online.set(OnlineStats {
            model: Some((learner, held.number)),
            learning: held.slot.model.learning(),
            waiting: self.memory.pending.waiting(),
        });
    }
}
