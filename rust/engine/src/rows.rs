//! The training set at home: rows of features of the windows that the user labelled, or that a training asked for.
//!
//! ```text
//!  at home ──full_set──► trainer ──┐
//!     │  └──lent_set──► shell ─────┤
//!     └──────────◄──set_home───────┘
//! ```
//!
//! The set has one holder at a time. While it is away, windows that would be rows are counted as missed. A build without the
//! SVM, which alone learns from it, has no set.

use crate::capacity::{FEATURES, TRAINING_ROWS, WINDOW_FRAMES};
use crate::included::SVM;
use crate::link::Links;
use crate::memory::{BENCH_WORDS, FEATURE_WORDS, FORMAT, RowSet, Sequence};
use crate::stats::count;
use core::sync::atomic::Ordering;
use hone_learn::set::SetError;
use hone_learn::{ClassId, ParamError, Workspace};
use hone_signal::{Extractor, Shape, WindowView, features};

/// Classes that `data info` tells apart; rows of others are counted together.
pub const CLASSES_SHOWN: usize = 8;

/// What the training set holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataStats {
    /// Rows in the set.
    pub rows: u32,
    /// Rows that it has room for.
    pub capacity: u32,
    /// Features per row; 0 as long as there was no row.
    pub features: u32,
    /// Rows per class, as far as there is room to tell.
    pub classes: [Option<(ClassId, u32)>; CLASSES_SHOWN],
    /// Rows without a label.
    pub unlabelled: u32,
    /// Windows that would have been rows: the set was full, away, or the features were not usable.
    pub missed: u32,
    /// Rows that a training still waits for.
    pub wanted: u32,
}

impl DataStats {
    /// Nothing.
    pub const ZERO: Self = Self {
        rows: 0,
        capacity: TRAINING_ROWS as u32,
        features: 0,
        classes: [None; CLASSES_SHOWN],
        unlabelled: 0,
        missed: 0,
        wanted: 0,
    };

    fn drop(&mut self, label: ClassId) {
        self.rows = self.rows.saturating_sub(1);
        if let Some((_, n)) = self.classes.iter_mut().flatten().find(|(class, _)| *class == label) {
            *n = n.saturating_sub(1);
        }
    }

    fn add(&mut self, label: Option<ClassId>) {
        self.rows += 1;
        let Some(label) = label else {
            self.unlabelled += 1;
            return;
        };
        if let Some(place) = self.classes.iter_mut().find(|c| c.is_none_or(|(class, _)| class == label)) {
            *place = Some((label, place.map_or(0, |(_, n)| n) + 1));
        }
    }
}

/// Computes features of windows, for the set and for the models that take them.
#[derive(Debug)]
pub struct FeatureBench {
    memory: [u32; BENCH_WORDS],
}

impl FeatureBench {
    pub(crate) const ZERO: Self = Self { memory: [0; BENCH_WORDS] };

    /// The window's features; `None` when the extractor was made for other windows.
    pub fn row(&mut self, extractor: &Extractor, window: &WindowView<'_>) -> Option<&[f32]> {
        let mut workspace = Workspace::new(&mut self.memory);
        let row: &mut [f32] = workspace.take(FEATURES).ok()?;
        let n = extractor.extract(window, workspace, row).ok()?;
        row.get(..n)
    }

    /// What an ESN sees of the window.
    pub fn frames(&mut self, sequence: &Sequence, window: &WindowView<'_>) -> Option<WindowView<'_>> {
        sequence.frames(window, &mut self.memory)
    }
}

/// The extractor of these parameters for windows of so many channels.
///
/// # Errors
/// [`ParamError`], also when features or working memory go beyond the build's capacity.
pub fn extractor(params: &features::Params, channels: usize) -> Result<Extractor, ParamError> {
    let extractor = params.check(Shape { channels, frames: WINDOW_FRAMES })?;
    room("features", extractor.len(), FEATURES)?;
    room(BYTES, extractor.required(), FEATURE_WORDS * 4)?;
    Ok(extractor)
}

const BYTES: &str = "features (bytes of CONFIG_HONE_FEATURE_WORKSPACE_BYTES)";

fn room(name: &'static str, asked: usize, capacity: usize) -> Result<(), ParamError> {
    if asked > capacity {
        return Err(ParamError::Capacity { name, asked: asked as u32, capacity: capacity as u32 });
    }
    Ok(())
}

/// What an ESN sees of windows of so many channels; `None` for their samples.
///
/// # Errors
/// As [`extractor`].
pub fn sequence(params: &features::Params, channels: usize) -> Result<Option<Sequence>, ParamError> {
    let window = Shape { channels, frames: WINDOW_FRAMES };
    let sequence = Sequence::new(params, window)?;
    let words = sequence.as_ref().map_or(0, |s| s.words(window));
    room(BYTES, words * 4, BENCH_WORDS * 4)?;
    Ok(sequence)
}

/// Keeps the set while it is at home.
#[derive(Debug)]
pub struct Rows {
    links: &'static Links,
    set: Option<&'static mut RowSet>,
    extractor: Option<Extractor>,
    full_told: bool,
    /// Rows that came since the set was empty, kept or not.
    offered: u32,
}

impl Rows {
    pub(crate) fn new(links: &'static Links) -> Self {
        Self { links, set: None, extractor: None, full_told: false, offered: 0 }
    }

    /// Takes the set back, clears it, lends it out: what was asked since the last turn.
    pub fn turn(&mut self) {
        if !SVM {
            return;
        }
        if let Some(set) = self.links.set_home.receive() {
            self.set = Some(set);
            self.publish();
        }
        if self.set.is_some() && self.links.data_clear.swap(false, Ordering::Relaxed) {
            if let Some(set) = self.set.as_deref_mut() {
                // Of no width until the next row comes.
                let _ = set.edit().clear(FORMAT, 0);
            }
            self.extractor = None;
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
        let queue = if to_shell { &self.links.lent_set } else { &self.links.full_set };
        // The queue has room: there is one set, and it was at home.
        if let Err(set) = queue.send(set) {
            self.set = Some(set);
        }
    }

    /// Whether a training waits for rows.
    pub fn asked(&self) -> bool {
        self.links.data.get().wanted > 0
    }

    /// Adds the window as a row.
    pub fn add(&mut self, bench: &mut FeatureBench, window: &WindowView<'_>) {
        let taken = self.try_add(bench, window);
        self.links.data.update(|d| {
            if taken {
                d.add(window.label);
                d.wanted = d.wanted.saturating_sub(1);
            } else {
                count(&mut d.missed);
            }
        });
    }

    fn try_add(&mut self, bench: &mut FeatureBench, window: &WindowView<'_>) -> bool {
        let Some(set) = self.set.as_deref_mut() else { return false };
        if set.view().is_empty() || self.extractor.is_none() {
            // An empty set takes the features that are configured; one with rows keeps those it began with.
            let params = self.links.config.get().features;
            let Ok(extractor) = extractor(&params, window.channels) else { return false };
            if set.edit().clear(FORMAT, extractor.len()).is_err() {
                return false;
            }
            self.offered = 0;
            self.extractor = Some(extractor);
            self.links.extractor.set(Some(extractor));
            self.publish();
        }
        let Some((extractor, set)) = self.extractor.as_ref().zip(self.set.as_deref_mut()) else { return false };
        let Some(row) = bench.row(extractor, window) else { return false };
        self.offered = self.offered.saturating_add(1);
        match set.edit().push(row, window.label) {
            Ok(()) => {
                self.full_told = false;
                true
            }
            Err(SetError::Full { .. }) => {
                if !core::mem::replace(&mut self.full_told, true) {
                    self.links.tell(crate::event::Event::DataFull { time: window.time });
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
