//! The integers that stand for a feature's values: a lattice whose step and offset follow the values that come.

use super::{Feature, StoredRow};
use crate::Format;
use hone_numeric::quantize::lattice::{halve, power_of_two_above, steps};

/// The stored integers of one feature over the rows kept.
pub(super) struct Column<'a> {
    pub words: &'a mut [u32],
    pub stride: usize,
    pub j: usize,
    pub format: Format,
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
        Some(StoredRow::I16(v)) => v.last().map_or(0, |v| i32::from(*v)),
        Some(StoredRow::I8(v)) => v.last().map_or(0, |v| i32::from(*v)),
        _ => 0,
    }
}

pub(super) fn put(row: &mut [u32], j: usize, format: Format, v: i32) {
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
    pub(super) fn admit(&mut self, x: f32, first: bool, column: &mut Column<'_>) -> i32 {
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
            let old = steps(self.offset, self.step);
            let zero = old.midpoint(steps(x, self.step));
            self.offset = zero as f32 * self.step;
            column.map(|_| old - zero);
            return steps(x, self.step) - zero;
        }
        let zero = steps(self.offset, self.step);
        let v = steps(x, self.step).saturating_sub(zero);
        if (least..=most).contains(&v) {
            return v;
        }
        let (low, high) = column.span().map_or((i32::MAX, i32::MIN), |(l, h)| (l + zero, h + zero));
        let mut halvings = 0;
        let mut step = self.step;
        let (x, low, high) = loop {
            let at = steps(x, step);
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
