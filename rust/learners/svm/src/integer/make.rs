//! Making a model in integers of one in floating point.

use super::{ENTERS, LINEAR_POINT, Layout, words};
use crate::kernel::KernelKind;
use crate::model::{Head, ModelMut, ModelView, Task, numbers_of};
use crate::rows::each;
use hone_learn::Shortage;
use hone_numeric::portable::whole_rows;
use hone_numeric::quantize::Precision;
use hone_numeric::quantize::features::{FRAME, Width, frame};
use hone_numeric::quantize::integer::{factor, to_integer};

/// Why a model could not be put into integers. The target is then untrained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantizeError {
    /// The source is untrained.
    Untrained,
    /// The source is in integers already.
    Packed,
    /// There is no form in integers of models with this kernel.
    Kernel(KernelKind),
    /// The target has too few words; sizes in bytes.
    Capacity(Shortage),
    /// A weight, a coefficient, or a feature's mean against its deviation is beyond these integers' range.
    Range,
}

impl ModelMut<'_> {
    /// Replaces the content by `source` in integers. Uses floating point.
    ///
    /// # Errors
    /// [`QuantizeError`].
    pub fn quantize(&mut self, source: ModelView<'_>, precision: Precision) -> Result<(), QuantizeError> {
        *self.head = Head::EMPTY;
        let from = source.head;
        match from.task {
            Task::Untrained => return Err(QuantizeError::Untrained),
            _ if from.precision != 0 => return Err(QuantizeError::Packed),
            _ if !matches!(from.kernel.kind, KernelKind::Linear | KernelKind::Rbf) => {
                return Err(QuantizeError::Kernel(from.kernel.kind));
            }
            _ => {}
        }
        let head = Head { precision: precision.code(), ..from }.marked();
        let (needed, available) = (words(&head), self.words.len());
        let Some(to) = self.words.get_mut(..needed) else {
            return Err(QuantizeError::Capacity(Shortage { needed: needed * 4, available: available * 4 }));
        };
        to.fill(0);
        let (k, layout) = (usize::from(from.classes), Layout::of(&head));
        let mut fill = || {
            let (ids, to) = to.split_at_mut_checked(k)?;
            let (old, body) = source.words.get(..from.used())?.split_at_checked(k)?;
            ids.iter_mut().zip(old).for_each(|(id, old)| *id = *old);
            let (biases, to) = to.split_at_mut_checked(layout.pairs)?;
            if from.linear() {
                linear(&layout, &from, body, biases, to)
            } else {
                kernel(&layout, &from, body, biases, to)
            }
        };
        fill().ok_or(QuantizeError::Range)?;
        *self.head = head;
        Ok(())
    }

    /// Moves the biases of a model in integers, those of [`ModelView::decisions`] in their order: by what they are off on
    /// average. Uses floating point. False for another model.
    pub fn shift(&mut self, by: &[f32]) -> bool {
        let k = usize::from(self.head.classes);
        let point = match Layout::of(self.head) {
            _ if self.head.precision == 0 || self.head.task == Task::Untrained => return false,
            _ if self.head.linear() => LINEAR_POINT,
            layout => self.words.get(k + layout.pairs + 1).map_or(0, |w| (w >> 8) as u8 as i8),
        };
        for (bias, by) in self.words.iter_mut().skip(k).zip(by).take(self.head.pairs()) {
            *bias = (*bias as i32).saturating_add(to_integer(*by, point).unwrap_or(0)) as u32;
        }
        true
    }
}

/// x = fraction·2^exponent with a fraction from 1/2 to 1; an exponent of 0 for nothing.
fn exponent(x: f32) -> Option<i32> {
    x.is_finite().then(|| libm::frexpf(x).1)
}

fn float(words: &[u32]) -> impl Iterator<Item = f32> + Clone + '_ {
    words.iter().map(|w| f32::from_bits(*w))
}

/// The numbers of a stored row, standardised. By one body, though it is called twice.
#[inline(never)]
fn decoded(row: &[u32], from: &Head, scale: &[u32], shift: &[u32], f: &mut dyn FnMut(f32)) {
    each(row, from.format, float(scale).zip(float(shift)), |(a, b), v| f(a * v + b));
}

fn linear(layout: &Layout, from: &Head, body: &[u32], biases: &mut [u32], to: &mut [u32]) -> Option<()> {
    let d = usize::from(from.features);
    let (shifts, rows) = to.split_at_mut_checked(layout.head)?;
    let machines = || whole_rows(body, 1 + d);
    for (machine, bias) in machines().zip(biases) {
        *bias = to_integer(float(machine).next()?, LINEAR_POINT)? as u32;
    }
    for j in 0..d {
        let weights = || machines().filter_map(|m| m.get(1 + j).map(|w| f32::from_bits(*w)));
        let unit = exponent(weights().fold(0.0, |m: f32, w| m.max(w.abs())))?;
        Width::Byte.put(shifts, j, u32::from(i8::try_from(unit + ENTERS).ok()? as u8));
        let by = i8::try_from(i32::from(layout.precision.fraction()) - unit).ok()?;
        let (width, mut at) = (layout.precision.width(), 0);
        let (limit, mask) = if width == Width::Byte { (127, 0xff) } else { (32767, 0xffff) };
        for weight in weights() {
            let code = to_integer(weight, by)?.clamp(-limit, limit) as u32 & mask;
            width.put(rows.get_mut(at..at + layout.row)?, j, code);
            at += layout.row;
        }
    }
    Some(())
}

fn kernel(layout: &Layout, from: &Head, body: &[u32], biases: &mut [u32], to: &mut [u32]) -> Option<()> {
    let (k, d) = (usize::from(from.classes), usize::from(from.features));
    let (front, to) = to.split_at_mut_checked(layout.head)?;
    let (to_numbers, rows) = to.split_at_mut_checked(layout.number_words)?;
    let (old_biases, body) = body.split_at_checked(layout.pairs)?;
    let (mean, body) = body.split_at_checked(d)?;
    let (gain, body) = body.split_at_checked(d)?;
    let (scale, body) = body.split_at_checked(d)?;
    let (shift, records) = body.split_at_checked(d)?;
    let width = numbers_of(k);
    // A record's numbers but its squared length, and its row.
    let records = || whole_rows(records, from.record()).filter_map(|r| r.split_at_checked(width));
    let skip = if k <= 2 { 1 } else { 2 };
    let (mut largest, mut greatest) = (0.0f32, 0.0f32);
    for (numbers, row) in records() {
        decoded(row, from, scale, shift, &mut |z| largest = largest.max(z.abs()));
        greatest = float(numbers).skip(skip).fold(greatest, |m, c| m.max(c.abs()));
    }
    // Codes per standard deviation.
    let steps = match layout.precision {
        Precision::Int8 => 127.0 / (1.25 * largest.max(1e-3)),
        Precision::Fixed(fixed) => (1u32 << fixed.fraction()) as f32,
    };
    let own = 14i32.checked_sub(exponent(greatest)?)?;
    // Kernel values are Q15, of whose products with a coefficient the lowest 8 bits are dropped.
    let (own, point) = (i8::try_from(own).ok()?, i8::try_from(own + 7).ok()?);
    for (bias, old) in biases.iter_mut().zip(float(old_biases)) {
        *bias = to_integer(old, point)? as u32;
    }
    let (gamma, frames) = front.split_first_chunk_mut::<2>()?;
    for ((place, mean), gain) in frames.as_chunks_mut::<FRAME>().0.iter_mut().zip(float(mean)).zip(float(gain)) {
        *place = frame(mean, gain * steps)?;
    }
    // Base-2 exponents in Q16 per squared step, of which some bits are dropped.
    let dropped = (1u32 << layout.precision.square_shift()) as f32;
    let (mantissa, by) = factor(from.kernel.gamma * core::f32::consts::LOG2_E / (steps * steps) * dropped * 65536.0)?;
    *gamma = [mantissa, u32::from(by as u8) | u32::from(point as u8) << 8];
    let codes = layout.precision.width();
    for (v, (numbers, row)) in records().enumerate() {
        let mut at = v * layout.numbers;
        if let (Some(class), true) = (numbers.get(1), k > 2) {
            Width::Half.put(to_numbers, at, *class & 0xffff);
            at += 1;
        }
        for c in float(numbers).skip(skip) {
            Width::Half.put(to_numbers, at, to_integer(c, own)? as u32 & 0xffff);
            at += 1;
        }
        let place = rows.get_mut(v * layout.row..(v + 1) * layout.row)?;
        let mut index = 0;
        decoded(row, from, scale, shift, &mut |z| {
            codes.put(place, index, codes.store(to_integer(z * steps, 0).unwrap_or(0)).0);
            index += 1;
        });
    }
    Some(())
}
