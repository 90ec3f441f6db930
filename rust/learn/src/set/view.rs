//! Reading a set.

use super::{Counts, Feature, StoredRow, UNLABELLED};
use crate::{ClassId, Format};

/// A training set to read, whatever owns it.
#[derive(Clone, Copy, Debug)]
pub struct SetView<'a> {
    pub(super) words: &'a [u32],
    pub(super) labels: &'a [u16],
    pub(super) features: &'a [Feature],
    pub(super) counts: Counts,
}

impl<'a> SetView<'a> {
    /// Rows in the set.
    pub fn len(&self) -> usize {
        usize::from(self.counts.len)
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.counts.len == 0
    }

    /// The first `rows` rows alone. What is known of the features is of all that were pushed.
    #[must_use]
    pub fn first(mut self, rows: usize) -> Self {
        self.counts.len = self.counts.len.min(u16::try_from(rows).unwrap_or(u16::MAX));
        self
    }

    /// Features of a row.
    pub fn width(&self) -> usize {
        usize::from(self.counts.features)
    }

    /// How rows are kept.
    pub fn format(&self) -> Format {
        self.counts.format.kept()
    }

    /// Rows pushed since the set was cleared, dropped ones too.
    pub fn seen(&self) -> u32 {
        self.counts.seen
    }

    /// What is known of each feature.
    pub fn features(&self) -> &'a [Feature] {
        self.features.get(..self.width()).unwrap_or(&[])
    }

    /// Variance of a feature over all rows pushed (divided by their count); 0 for one that is constant but for
    /// rounding.
    pub fn variance(&self, feature: &Feature) -> f32 {
        let variance = feature.m2 / self.counts.seen.max(1) as f32;
        let noise = feature.mean * 1e-6;
        if variance > noise * noise { variance } else { 0.0 }
    }

    /// The class of row `row`; `None` when it has none.
    pub fn label(&self, row: usize) -> Option<ClassId> {
        self.labels.get(row).copied().filter(|l| *l != UNLABELLED && row < self.len()).map(ClassId)
    }

    /// The classes of all rows in order.
    pub fn labels(&self) -> impl Iterator<Item = Option<ClassId>> + use<'a> {
        let labels = self.labels.get(..self.len()).unwrap_or(&[]);
        labels.iter().map(|l| (*l != UNLABELLED).then_some(ClassId(*l)))
    }

    /// Words that one row takes.
    pub fn row_words(&self) -> usize {
        self.format().row_words(self.width())
    }

    /// The words of all rows, [`SetView::row_words`] each.
    pub fn words(&self) -> &'a [u32] {
        self.words.get(..self.len() * self.row_words()).unwrap_or(&[])
    }

    /// A row as stored.
    pub fn row(&self, row: usize) -> Option<StoredRow<'a>> {
        let n = self.row_words();
        self.format().row(self.words().get(row * n..)?.get(..n)?, self.width())
    }

    /// One value of a row.
    pub fn value(&self, row: usize, feature: usize) -> Option<f32> {
        let f = self.features().get(feature)?;
        Some(match self.row(row)? {
            StoredRow::F32(v) => f.offset + v.get(feature)?,
            StoredRow::I16(v) => f.offset + f.step * f32::from(*v.get(feature)?),
            StoredRow::I8(v) => f.offset + f.step * f32::from(*v.get(feature)?),
        })
    }

    /// Writes a row's values into `out`, as many as fit. False when there is no such row.
    pub fn decode(&self, row: usize, out: &mut [f32]) -> bool {
        let Some(row) = self.row(row) else { return false };
        let out = out.iter_mut().zip(self.features);
        match row {
            StoredRow::F32(v) => out.zip(v).for_each(|((o, f), v)| *o = f.offset + v),
            StoredRow::I16(v) => out.zip(v).for_each(|((o, f), v)| *o = f.offset + f.step * f32::from(*v)),
            StoredRow::I8(v) => out.zip(v).for_each(|((o, f), v)| *o = f.offset + f.step * f32::from(*v)),
        }
        true
    }
}
