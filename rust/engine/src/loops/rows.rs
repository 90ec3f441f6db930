//! The training set at home: rows of features of the windows that the user labelled, or that a training asked for.
//!
//! ```text
//!  at home ──full_set──► trainer ──┐
//!     │  └──lent_set──► shell ─────┤
//!     └──────────◄──set_home───────┘
//! ```
//!
//! The set has one holder at a time. While it is away, windows that would be rows are counted as missed. A build without a
//! learner that learns from it has none.

use super::sight::Sight;
use crate::capacity::TRAINING_ROWS;
use crate::data::buffers::RowSet;
use crate::data::event::Event;
use crate::data::preprocessing::{Preprocessing, extractor};
use crate::data::stats::{DataStats, count};
use crate::learners::{ENCODER, FORMAT, ROW_NUMBERS, ROWS};
use crate::link::{Links, RowsEnds};
use core::sync::atomic::Ordering;
use hone_learn::learner::Input;
use hone_learn::set::SetError;
use hone_signal::WindowView;

/// Keeps the set while it is at home.
#[derive(Debug)]
pub struct Rows {
    links: &'static Links,
    ends: RowsEnds,
    set: Option<&'static mut RowSet>,
    by: Option<Preprocessing>,
    full_told: bool,
    /// Rows that came since the set was empty, kept or not.
    offered: u32,
}

impl Rows {
    pub(crate) fn new(links: &'static Links, ends: RowsEnds) -> Self {
        Self { links, ends, set: None, by: None, full_told: false, offered: 0 }
    }

    /// Takes the set back, clears it, lends it out: what was asked since the last turn.
    pub fn turn(&mut self) {
        if !ROWS {
            return;
        }
        if let Some(set) = self.ends.set_home.receive() {
            self.set = Some(set);
            self.publish();
        }
        if self.set.is_some() && self.links.data_clear.swap(false, Ordering::Relaxed) {
            if let Some(set) = self.set.as_deref_mut() {
                // Of no width until the next row comes.
                let _ = set.edit().clear(FORMAT, 0);
            }
            self.by = None;
            self.publish();
        }
        if self.links.set_for_shell.swap(false, Ordering::Relaxed) {
            self.give(true);
        }
        if self.links.set_for_training.load(Ordering::Relaxed) && self.links.data.get().wanted == 0 {
            self.links.set_for_training.store(false, Ordering::Relaxed);
            self.give(false);
        }
    }

    fn give(&mut self, to_shell: bool) {
        let Some(set) = self.set.take() else { return };
        let queue = if to_shell { self.ends.lent_set } else { self.ends.full_set };
        // The queue has room: there is one set, and it was at home.
        if let Err(set) = queue.send(set) {
            self.set = Some(set);
        }
        self.links.wake();
    }

    /// Whether a training waits for rows.
    pub fn asked(&self) -> bool {
        self.links.data.get().wanted > 0
    }

    /// Adds the window as a row.
    pub fn add(&mut self, sight: &mut Sight, window: &WindowView<'_>) {
        let taken = self.try_add(sight, window);
        self.links.data.update(|d| {
            if taken {
                d.add(window.label);
                d.wanted = d.wanted.saturating_sub(1);
            } else {
                count(&mut d.missed);
            }
        });
    }

    fn try_add(&mut self, sight: &mut Sight, window: &WindowView<'_>) -> bool {
        let Some(set) = self.set.as_deref_mut() else { return false };
        if set.view().is_empty() || self.by.is_none() {
            // An empty set takes the features that are configured; one with rows keeps those it began with.
            let Some(by) = configured(self.links, window.channels) else { return false };
            if set.edit().clear(FORMAT, by.shape(window.channels).inputs.into()).is_err() {
                return false;
            }
            self.offered = 0;
            self.by = Some(by);
            self.links.rows_by.set(by.row());
            self.publish();
        }
        let Some((by, set)) = self.by.as_ref().zip(self.set.as_deref_mut()) else { return false };
        let Some(Input { row, .. }) = sight.see(by, window) else { return false };
        self.offered = self.offered.saturating_add(1);
        match set.edit().push(row, window.label) {
            Ok(()) => {
                self.full_told = false;
                true
            }
            Err(SetError::Full { .. }) => {
                if !core::mem::replace(&mut self.full_told, true) {
                    self.links.tell(Event::DataFull { time: window.time });
                }
                let dropped = window.label.and_then(|label| set.edit().make_room(label, self.offered));
                if let Some(class) = dropped {
                    self.links.data.update(|d| d.drop(class));
                    return set.edit().push(row, window.label).is_ok();
                }
                // A training that waits for more rows than there is room for gets what there is.
                self.links.data.update(|d| d.wanted = 0);
                false
            }
            Err(_) => false,
        }
    }

    /// Counts the set anew: it was changed as a whole.
    fn publish(&mut self) {
        let Some(set) = self.set.as_deref_mut() else { return };
        let room = set.edit().capacity() as u32;
        let view = set.view();
        // Without a width yet the set has room for no row, and is about to have for as many as the build says.
        let capacity = if view.width() == 0 { TRAINING_ROWS as u32 } else { room };
        let mut stats = DataStats { capacity, features: view.width() as u32, ..DataStats::ZERO };
        for row in 0..view.len() {
            stats.add(view.label(row));
        }
        self.links.data.update(|d| {
            stats.missed = d.missed;
            stats.wanted = d.wanted;
            *d = stats;
        });
    }
}

/// What rows are to come; `None` where the features are beyond the build, or an encoder that is to make them is not there. Where the
/// learner that such are of is to be trained, rows are what it takes.
fn configured(links: &Links, channels: usize) -> Option<Preprocessing> {
    let config = links.config.get();
    let wanted = links.training.get().learner;
    let trains = links.data.get().wanted > 0 && Some(wanted) == ENCODER;
    if config.encodes() && !trains {
        let encoder = links.encoder.get()?;
        return Some(Preprocessing::Coded(encoder.features, encoder.code));
    }
    extractor(&config.features, channels, ROW_NUMBERS).ok().map(Preprocessing::Row)
}
