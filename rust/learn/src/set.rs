//! The training set: labelled rows of features in compact form, of fixed capacity, filled row by row while windows
//! arrive, then handed as a whole to the trainer.
//!
//! A row is kept in 8 or 16 bits per feature or as `f32`. In the integer formats feature j of a row is
//! offset_j + step_j·v with v the stored integer. The step is a power of two and the offset a multiple of it, so
//! that a value is its nearest multiple of the step, and dyadic data (counts, pixels, sixteenths) is kept exactly.
//! A value beyond the range first moves the offset, which costs nothing, and when the span no longer fits doubles
//! the step and rounds the rows kept. Values therefore stay within one step of what was pushed, and a step is at most
//! 1/127 (8 bits) or 1/32767 (16 bits) of the span of the feature in the set when it last grew, or 2⁻²² of the
//! largest magnitude if that is more. Rows of `f32` are kept less the first row, so that a large common offset does
//! not cost the kernels their precision.
//!
//! Mean and variance of each feature (Welford 1962) run along over every row ever pushed since [`SetMut::clear`],
//! also over those dropped since: they are what standardisation uses.

use crate::ClassId;

/// Largest magnitude of a feature: its square is still far from the end of `f32`.
pub const LARGEST: f32 = 1e18;

/// Rows at most, so that a row's number fits 16 bits with one to spare.
pub const MOST_ROWS: usize = 65_534;

/// How a row's numbers are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As `f32`.
    #[default]
    F32,
    /// In 16 bits with a step per feature.
    I16,
    /// In 8 bits with a step per feature.
    I8,
}

impl Format {
    /// Bytes per number.
    pub const fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::I16 => 2,
            Self::I8 => 1,
        }
    }

    /// Words that a row of `features` numbers takes.
    pub const fn row_words(self, features: usize) -> usize {
        crate::words(features, self.size())
    }

    /// The format of this number, as stored models give it: 0 `F32`, 1 `I16`, 2 `I8`.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::F32),
            1 => Some(Self::I16),
            2 => Some(Self::I8),
            _ => None,
        }
    }

    /// The inverse of [`Format::from_code`].
    pub const fn code(self) -> u8 {
        match self {
            Self::F32 => 0,
            Self::I16 => 1,
            Self::I8 => 2,
        }
    }

    /// The stored row that these words hold.
    pub fn row(self, words: &[u32], features: usize) -> Option<Row<'_>> {
        Some(match self {
            Self::F32 => Row::F32(bytemuck::try_cast_slice(words).ok()?.get(..features)?),
            Self::I16 => Row::I16(bytemuck::try_cast_slice(words).ok()?.get(..features)?),
            Self::I8 => Row::I8(bytemuck::try_cast_slice(words).ok()?.get(..features)?),
        })
    }

    /// Least and greatest integer stored.
    const fn limits(self) -> (i32, i32) {
        match self {
            Self::I8 => (i8::MIN as i32, i8::MAX as i32),
            _ => (i16::MIN as i32, i16::MAX as i32),
        }
    }
}

/// A row as stored; feature j is offset_j + step_j·v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// Of a set in `f32`.
    F32(&'a [f32]),
    /// Of a set in 16 bits.
    I16(&'a [i16]),
    /// Of a set in 8 bits.
    I8(&'a [i8]),
}

/// What the set knows of one feature.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Feature {
    /// Value of a stored 0.
    pub offset: f32,
    /// Value of a stored difference of 1; 0 while the feature has had one value only (1 in `f32`).
    pub step: f32,
    /// Mean of all rows pushed.
    pub mean: f32,
    /// Sum of squared differences from the mean.
    m2: f32,
}

/// The row was not taken; the set is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError {
    /// All `capacity` rows are taken: train, then clear or keep the support vectors.
    Full {
        /// Rows that the set has room for at this width and format.
        capacity: u32,
    },
    /// The row has not as many features as the set.
    Width {
        /// Features of the set.
        expected: u32,
        /// Features of the row.
        found: u32,
    },
    /// This feature is not a number, or beyond ±[`LARGEST`].
    NotUsable {
        /// Its index in the row.
        feature: u32,
    },
}

/// The set has no room for even one row of so many features; it is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooWide {
    /// Features asked for.
    pub features: u32,
    /// Features that the build has room for.
    pub capacity: u32,
}

/// Counts that all views of a set share.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    format: Format,
    features: u16,
    len: u16,
    seen: u32,
}

impl Counts {
    /// Of a set without rows and features.
    pub const EMPTY: Self = Self { format: Format::F32, features: 0, len: 0, seen: 0 };
}

const UNLABELLED: u16 = u16::MAX;

/// A training set that owns `WORDS` words for rows, labels of up to `ROWS` rows and statistics of up to `D`
/// features. Width and format are chosen at [`SetMut::clear`]. All zero bytes are the empty set.
#[derive(Clone, Debug)]
pub struct TrainingSet<const WORDS: usize, const ROWS: usize, const D: usize> {
    words: [u32; WORDS],
    labels: [u16; ROWS],
    features: [Feature; D],
    counts: Counts,
}

impl<const WORDS: usize, const ROWS: usize, const D: usize> Default for TrainingSet<WORDS, ROWS, D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize, const ROWS: usize, const D: usize> TrainingSet<WORDS, ROWS, D> {
    /// The empty set of no width; [`SetMut::clear`] gives it one.
    pub const fn new() -> Self {
        Self {
            words: [0; WORDS],
            labels: [0; ROWS],
            features: [Feature { offset: 0.0, step: 0.0, mean: 0.0, m2: 0.0 }; D],
            counts: Counts::EMPTY,
        }
    }

    /// To read.
    pub fn view(&self) -> SetView<'_> {
        SetView { words: &self.words, labels: &self.labels, features: &self.features, counts: self.counts }
    }

    /// To change.
    pub fn edit(&mut self) -> SetMut<'_> {
        SetMut {
            words: &mut self.words,
            labels: &mut self.labels,
            features: &mut self.features,
            counts: &mut self.counts,
        }
    }
}

/// A training set to read, whatever owns it.
#[derive(Clone, Copy, Debug)]
pub struct SetView<'a> {
    words: &'a [u32],
    labels: &'a [u16],
    features: &'a [Feature],
    counts: Counts,
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

    /// Features of a row.
    pub fn width(&self) -> usize {
        usize::from(self.counts.features)
    }

    /// How rows are kept.
    pub fn format(&self) -> Format {
        self.counts.format
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
        self.counts.format.row_words(self.width())
    }

    /// The words of all rows, [`SetView::row_words`] each.
    pub fn words(&self) -> &'a [u32] {
        self.words.get(..self.len() * self.row_words()).unwrap_or(&[])
    }

    /// A row as stored.
    pub fn row(&self, row: usize) -> Option<Row<'a>> {
        let n = self.row_words();
        self.counts.format.row(self.words().get(row * n..)?.get(..n)?, self.width())
    }

    /// Writes a row's values into `out`, as many as fit. False when there is no such row.
    pub fn decode(&self, row: usize, out: &mut [f32]) -> bool {
        let Some(row) = self.row(row) else { return false };
        let out = out.iter_mut().zip(self.features);
        match row {
            Row::F32(v) => out.zip(v).for_each(|((o, f), v)| *o = f.offset + v),
            Row::I16(v) => out.zip(v).for_each(|((o, f), v)| *o = f.offset + f.step * f32::from(*v)),
            Row::I8(v) => out.zip(v).for_each(|((o, f), v)| *o = f.offset + f.step * f32::from(*v)),
        }
        true
    }
}

/// A training set to change, whatever owns it.
#[derive(Debug)]
pub struct SetMut<'a> {
    words: &'a mut [u32],
    labels: &'a mut [u16],
    features: &'a mut [Feature],
    counts: &'a mut Counts,
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

    /// Forgets rows and statistics; the rows to come have `features` features in this format.
    ///
    /// # Errors
    /// [`TooWide`] when not one row fits.
    pub fn clear(&mut self, format: Format, features: usize) -> Result<(), TooWide> {
        *self.counts = Counts::EMPTY;
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
            match self.counts.format {
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
}

/// The stored integers of one feature over the rows kept.
struct Column<'a> {
    words: &'a mut [u32],
    stride: usize,
    j: usize,
    format: Format,
}

impl Column<'_> {
    fn span(&self) -> Option<(i32, i32)> {
        let all = self.words.chunks_exact(self.stride.max(1)).map(|row| take(row, self.j, self.format));
        all.fold(None, |s, v| Some(s.map_or((v, v), |(low, high): (i32, i32)| (low.min(v), high.max(v)))))
    }

    fn map(&mut self, f: impl Fn(i32) -> i32) {
        for row in self.words.chunks_exact_mut(self.stride.max(1)) {
            let v = f(take(row, self.j, self.format));
            put(row, self.j, self.format, v);
        }
    }
}

fn take(row: &[u32], j: usize, format: Format) -> i32 {
    match format.row(row, j + 1) {
        Some(Row::I16(v)) => v.last().map_or(0, |v| i32::from(*v)),
        Some(Row::I8(v)) => v.last().map_or(0, |v| i32::from(*v)),
        _ => 0,
    }
}

fn put(row: &mut [u32], j: usize, format: Format, v: i32) {
    match format {
        Format::F32 => {
            if let Some(slot) = row.get_mut(j) {
                *slot = v as u32;
            }
        }
        Format::I16 => {
            if let Some(slot) = bytemuck::try_cast_slice_mut::<u32, i16>(row).ok().and_then(|r| r.get_mut(j)) {
                *slot = v as i16;
            }
        }
        Format::I8 => {
            if let Some(slot) = bytemuck::try_cast_slice_mut::<u32, i8>(row).ok().and_then(|r| r.get_mut(j)) {
                *slot = v as i8;
            }
        }
    }
}

impl Feature {
    /// The integer that stands for `x`, after the range has grown to include it.
    fn admit(&mut self, x: f32, first: bool, column: &mut Column<'_>) -> i32 {
        let (least, most) = column.format.limits();
        if first && self.step == 0.0 {
            self.offset = x;
        }
        if self.step == 0.0 {
            if x == self.offset {
                return 0;
            }
            // The second value that differs: its distance shall take a half of the range.
            let finest = self.offset.abs().max(x.abs()) / 4_194_304.0;
            self.step = power_of_two_above(((x - self.offset).abs() / most as f32).max(finest));
            let old = lattice(self.offset, self.step);
            let zero = old.midpoint(lattice(x, self.step));
            self.offset = zero as f32 * self.step;
            column.map(|_| old - zero);
            return lattice(x, self.step) - zero;
        }
        let zero = lattice(self.offset, self.step);
        let v = lattice(x, self.step).saturating_sub(zero);
        if (least..=most).contains(&v) {
            return v;
        }
        let (low, high) = column.span().map_or((i32::MAX, i32::MIN), |(l, h)| (l + zero, h + zero));
        let mut halvings = 0;
        let mut step = self.step;
        let (x, low, high) = loop {
            let at = lattice(x, step);
            let (l, h) = if low <= high { (halve(low, halvings), halve(high, halvings)) } else { (at, at) };
            // A lattice point shall stay exact as f32.
            if at.unsigned_abs() < 1 << 23 && h.max(at).saturating_sub(l.min(at)) <= most - least {
                break (at, l.min(at), h.max(at));
            }
            step *= 2.0;
            halvings += 1;
        };
        // Centred; the upper half of the range is one shorter than the lower.
        let new_zero = low.midpoint(high) + i32::from((low + high) & 1 != 0 && low + high > 0);
        let new_zero = new_zero.max(high - most).min(low - least);
        column.map(|v| halve(v + zero, halvings) - new_zero);
        self.step = step;
        self.offset = new_zero as f32 * step;
        x - new_zero
    }
}

/// x in steps, to the nearest; ends of range for what is beyond.
fn lattice(x: f32, step: f32) -> i32 {
    libm::rintf(x / step) as i32
}

/// v / 2ⁿ to the nearest, ties to even.
fn halve(v: i32, n: u32) -> i32 {
    if n == 0 {
        return v;
    }
    if n > 30 {
        return 0;
    }
    let floor = v >> n;
    let rest = v - (floor << n);
    let half = 1 << (n - 1);
    floor + i32::from(rest > half || (rest == half && floor & 1 == 1))
}

/// The least power of two not below `x`, which is positive and at most about [`LARGEST`].
fn power_of_two_above(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = (bits >> 23) + u32::from(bits & 0x7f_ffff != 0);
    f32::from_bits(exponent.clamp(1, 250) << 23)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    type Small = TrainingSet<64, 16, 4>;

    #[test]
    fn says_why_a_row_is_refused_and_stays_as_it_was() {
        let mut set = Small::new();
        assert_eq!(set.edit().clear(Format::F32, 5), Err(TooWide { features: 5, capacity: 4 }));
        assert_eq!(set.edit().push(&[1.0], None), Err(SetError::Width { expected: 0, found: 1 }));
        set.edit().clear(Format::I8, 2).unwrap();
        set.edit().push(&[1.0, 2.0], Some(ClassId(3))).unwrap();
        let before = set.clone();
        assert_eq!(set.edit().push(&[1.0], None), Err(SetError::Width { expected: 2, found: 1 }));
        assert_eq!(set.edit().push(&[1.0, f32::NAN], None), Err(SetError::NotUsable { feature: 1 }));
        assert_eq!(set.edit().push(&[f32::INFINITY, 1.0], None), Err(SetError::NotUsable { feature: 0 }));
        assert_eq!(set.edit().push(&[1.0, -2e18], None), Err(SetError::NotUsable { feature: 1 }));
        assert_eq!(std::format!("{before:?}"), std::format!("{set:?}"));
        for _ in 1..16 {
            set.edit().push(&[1.0, 2.0], None).unwrap();
        }
        assert_eq!(set.edit().push(&[1.0, 2.0], None), Err(SetError::Full { capacity: 16 }));
        assert_eq!((set.view().label(0), set.view().label(1), set.view().label(16)), (Some(ClassId(3)), None, None));
    }

    #[test]
    fn room_depends_on_the_format() {
        let mut set = TrainingSet::<8, 100, 4>::new();
        for (format, rows) in [(Format::F32, 2), (Format::I16, 4), (Format::I8, 8)] {
            set.edit().clear(format, 4).unwrap();
            assert_eq!(set.edit().capacity(), rows);
        }
    }

    #[test]
    fn sixteenths_are_exact_in_eight_bits() {
        let mut set = TrainingSet::<64, 64, 1>::new();
        set.edit().clear(Format::I8, 1).unwrap();
        let values: Vec<f32> = (0..17).map(|i| ((i * 7) % 17) as f32 / 16.0).collect();
        values.iter().for_each(|v| set.edit().push(&[*v], None).unwrap());
        for (i, v) in values.iter().enumerate() {
            let mut out = [f32::NAN];
            assert!(set.view().decode(i, &mut out) && out[0] == *v);
        }
    }

    #[test]
    fn keeps_what_it_is_told_to_keep_and_the_statistics() {
        let mut set = Small::new();
        set.edit().clear(Format::I16, 1).unwrap();
        for i in 0..10u16 {
            set.edit().push(&[f32::from(i)], Some(ClassId(i))).unwrap();
        }
        set.edit().retain(|row| row % 3 == 0);
        let view = set.view();
        assert_eq!((view.len(), view.seen()), (4, 10));
        for (row, want) in [0u16, 3, 6, 9].into_iter().enumerate() {
            let mut out = [0.0];
            view.decode(row, &mut out);
            assert_eq!((view.label(row), out[0]), (Some(ClassId(want)), f32::from(want)));
        }
        assert!((view.features()[0].mean - 4.5).abs() < 1e-6);
        assert!((view.variance(&view.features()[0]) - 8.25).abs() < 1e-5);
    }

    #[test]
    fn ties_go_to_even() {
        let halves: Vec<i32> = [-3, -2, -1, 0, 1, 2, 3, 5].into_iter().map(|v| halve(v, 1)).collect();
        assert_eq!(halves, [-2, -1, 0, 0, 0, 1, 2, 2]);
        assert_eq!((halve(7, 2), halve(6, 2), halve(10, 2), halve(-6, 2), halve(i32::MAX, 40)), (2, 2, 2, -2, 0));
    }

    proptest! {
        #[test]
        fn values_stay_within_a_step_whatever_comes(
            values in proptest::collection::vec((-1.0f32..1.0, -20i32..20), 1..40),
            offset in -1e4f32..1e4,
            eight in any::<bool>(),
        ) {
            let format = if eight { Format::I8 } else { Format::I16 };
            let values: Vec<f32> = values.iter().map(|(m, e)| offset + m * 2.0f32.powi(*e)).collect();
            let mut set = TrainingSet::<40, 40, 1>::new();
            set.edit().clear(format, 1).unwrap();
            for v in &values {
                set.edit().push(&[*v], None).unwrap();
            }
            let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            let step = set.view().features()[0].step;
            let levels = if eight { 127.0 } else { 32_767.0 };
            let bound = ((high - low) / levels * 2.0).max(low.abs().max(high.abs()) / 2_097_152.0);
            prop_assert!(step <= bound, "step {step} of {low}..{high}");
            for (i, v) in values.iter().enumerate() {
                let mut out = [f32::NAN];
                prop_assert!(set.view().decode(i, &mut out));
                prop_assert!((out[0] - v).abs() <= step.max(v.abs() * 2e-7), "{} for {v}, step {step}", out[0]);
            }
        }
    }
}
