//! Changing a set.

use super::lattice::{Column, put};
use super::{Counts, Feature, LARGEST, MOST_ROWS, SetError, SetView, TooWide, UNLABELLED};
use crate::{ClassId, Format};

/// A training set to change, whatever owns it.
#[derive(Debug)]
pub struct SetMut<'a> {
    pub(super) words: &'a mut [u32],
    pub(super) labels: &'a mut [u16],
    pub(super) features: &'a mut [Feature],
    pub(super) counts: &'a mut Counts,
}

impl<'a> SetMut<'a> {
    /// A set in borrowed storage, such as vectors on a host: words for rows, a label per row, a [`Feature`] per
    /// feature. `counts` starts as [`Counts::EMPTY`] and belongs to this storage alone.
    pub fn over(
        words: &'a mut [u32],
        labels: &'a mut [u16],
        features: &'a mut [Feature],
        counts: &'a mut Counts,
    ) -> Self {
        Self { words, labels, features, counts }
    }

    /// To read.
    pub fn view(&self) -> SetView<'_> {
        SetView { words: self.words, labels: self.labels, features: self.features, counts: *self.counts }
    }

    /// Rows that the set has room for at its present width and format.
    pub fn capacity(&self) -> usize {
        let words = self.view().row_words();
        self.words.len().checked_div(words).unwrap_or(0).min(self.labels.len()).min(MOST_ROWS)
    }

    /// Forgets rows and statistics; the rows to come have `features` features in this format, or in the only
    /// one that the build has.
    ///
    /// # Errors
    /// [`TooWide`] when not one row fits.
    pub fn clear(&mut self, format: Format, features: usize) -> Result<(), TooWide> {
        *self.counts = Counts::EMPTY;
        let format = format.kept();
        let capacity = (self.words.len() * 4 / format.size()).min(self.features.len()).min(usize::from(u16::MAX));
        if features == 0 || features > capacity || self.labels.is_empty() {
            return Err(TooWide { features: features as u32, capacity: capacity as u32 });
        }
        self.features.iter_mut().for_each(|f| *f = Feature::default());
        *self.counts = Counts { format, features: features as u16, ..Counts::EMPTY };
        Ok(())
    }

    /// Takes in one row and its class, if it has one.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn push(&mut self, row: &[f32], label: Option<ClassId>) -> Result<(), SetError> {
        let (at, words, capacity) = (self.view().len(), self.view().row_words(), self.capacity());
        if row.len() != self.view().width() {
            return Err(SetError::Width { expected: self.view().width() as u32, found: row.len() as u32 });
        }
        if let Some(feature) = row.iter().position(|x| x.is_nan() || x.abs() > LARGEST) {
            return Err(SetError::NotUsable { feature: feature as u32 });
        }
        let full = SetError::Full { capacity: capacity as u32 };
        if at >= capacity {
            return Err(full);
        }
        let (kept, rest) = self.words.split_at_mut_checked(at * words).ok_or(full)?;
        let own = rest.get_mut(..words).ok_or(full)?;
        own.fill(0);
        let seen = self.counts.seen.saturating_add(1);
        for (j, (feature, x)) in self.features.iter_mut().zip(row).enumerate() {
            match self.counts.format.kept() {
                Format::F32 => {
                    if at == 0 {
                        (feature.offset, feature.step) = (*x, 1.0);
                    }
                    put(own, j, Format::F32, (*x - feature.offset).to_bits() as i32);
                }
                format => {
                    let mut column = Column { words: kept, stride: words, j, format };
                    let v = feature.admit(*x, at == 0, &mut column);
                    put(own, j, format, v);
                }
            }
            let delta = *x - feature.mean;
            feature.mean += delta / seen as f32;
            feature.m2 += delta * (*x - feature.mean);
        }
        if let Some(slot) = self.labels.get_mut(at) {
            *slot = label.map_or(UNLABELLED, |c| c.0);
        }
        self.counts.len += 1;
        self.counts.seen = seen;
        Ok(())
    }

    /// Where the set is full, makes room for a row to come, the `offered`-th in all: a row goes of the class that has the most,
    /// if that is more by two than `label` has, so that classes share the room; else one of its own class, with the chance that
    /// keeps the rows an even sample of all that were offered (reservoir sampling, Vitter's algorithm R). The class that
    /// gave one up; none where the row to come is to be left out.
    pub fn make_room(&mut self, label: ClassId, offered: u32) -> Option<ClassId> {
        let view = self.view();
        let count = |class: ClassId| (0..view.len()).filter(|row| view.label(*row) == Some(class)).count();
        let mut most = (0, None);
        for class in (0..view.len()).filter_map(|row| view.label(row)) {
            if most.1 != Some(class) && count(class) > most.0 {
                most = (count(class), Some(class));
            }
        }
        if view.len() < self.capacity() {
            return None;
        }
        // Multiplicative hashing (Knuth) in place of a generator's state.
        let drawn = (offered.wrapping_mul(0x9E37_79B1) >> 8) as usize;
        let own = count(label);
        let (class, rows) = if most.0 > own + 1 {
            (most.1?, most.0)
        } else if drawn % (offered.max(1) as usize) < view.len() {
            (label, own)
        } else {
            return None;
        };
        let index = (drawn >> 8) % rows.max(1);
        let row = (0..view.len()).filter(|row| view.label(*row) == Some(class)).nth(index)?;
        self.retain(|other| other != row);
        Some(class)
    }

    /// Drops the rows for which `keep` says no; the others move up in order. The statistics stay.
    pub fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let words = self.view().row_words();
        let mut kept = 0;
        for row in 0..self.view().len() {
            if keep(row) {
                if kept < row
                    && let Some((front, back)) = self.words.split_at_mut_checked(row * words)
                    && let (Some(to), Some(from)) = (front.get_mut(kept * words..), back.get(..words))
                {
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                    let label = self.labels.get(row).copied();
                    if let (Some(to), Some(from)) = (self.labels.get_mut(kept), label) {
                        *to = from;
                    }
                }
                kept += 1;
            }
        }
        self.counts.len = kept as u16;
    }

    /// Places a feature's lattice, as of rows that are restored.
    pub fn place(&mut self, feature: usize, offset: f32, step: f32) {
        if let Some(place) = self.features.get_mut(feature) {
            *place = Feature { offset, step, ..Feature::default() };
        }
    }

    /// Makes room for so many rows without a class, to be written as they were stored ([`SetView::words`]). What is known of the
    /// features is not restored. `None` where there is no room for so many.
    pub fn restore(&mut self, rows: usize) -> Option<&mut [u32]> {
        let words = self.view().row_words();
        if rows > self.capacity() {
            return None;
        }
        self.labels.get_mut(..rows)?.fill(UNLABELLED);
        (self.counts.len, self.counts.seen) = (rows as u16, rows as u32);
        self.words.get_mut(..rows * words)
    }

    /// Exchanges two rows with their classes.
    pub fn swap(&mut self, a: usize, b: usize) {
        let (words, rows) = (self.view().row_words(), self.view().len());
        if a >= rows || b >= rows {
            return;
        }
        (0..words).for_each(|i| exchange(self.words, a * words + i, b * words + i));
        exchange(self.labels, a, b);
    }
}

/// Exchanges two items, if both are there.
fn exchange<T: Copy>(items: &mut [T], a: usize, b: usize) {
    if let (Some(x), Some(y)) = (items.get(a).copied(), items.get(b).copied()) {
        items.get_mut(a).into_iter().for_each(|place| *place = y);
        items.get_mut(b).into_iter().for_each(|place| *place = x);
    }
}
