//! Two-class machines and novelty detection in integers: for cores without floating point.
//!
//! A row is `i16` fixed point with as many bits behind the point as [`IntegerModel::quantize`] was told (0 for counts and
//! samples). Linear: weights in 16 bits, sum exact in 64. RBF: rows standardised into 8 bits, support vectors in 8 bits,
//! squared distances exact in 32, exp by a table (2 to a negative power), coefficients in 16 bits. Quantising uses floating point,
//! once; inference does not.

use crate::kernel::Kind;
use crate::model::{Head, ModelView, Task, numbers_of};
use crate::rows::decode_row;
use hone_learn::{ClassId, Decision};
use hone_numeric::kernel::{dot_i8, dot_i16};

/// Why a model could not be quantised. The target is then without content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantizeError {
    /// The source is untrained.
    Untrained,
    /// Polynomial and sigmoid kernels, and more than two classes.
    Unsupported,
    /// More features or support vectors than there is room for.
    Capacity,
    /// A number is too large for the formats.
    Range,
}

/// A decision and its decision value, in units of 2^-[`IntegerModel::value_bits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerVerdict {
    /// As in [`crate::ModelView::infer`].
    pub decision: Decision,
    /// The decision value.
    pub value: i64,
}

/// A model in integers with room for `V` support vectors of `D` features. A linear one needs none.
#[derive(Clone, Debug)]
pub struct IntegerModel<const V: usize, const D: usize> {
    task: Task,
    linear: bool,
    features: u16,
    vectors: u16,
    classes: [ClassId; 2],
    bias: i64,
    value_bits: u8,
    /// γ, per squared step of a row, in base-2 exponents: (distance · exponent) >> `exponent_shift` is Q16.
    exponent: i32,
    exponent_shift: u8,
    weights: [i16; D],
    mean: [i32; D],
    factor: [i32; D],
    shift: [u8; D],
    coefficients: [i16; V],
    squares: [i32; V],
    rows: [[i8; D]; V],
}

impl<const V: usize, const D: usize> Default for IntegerModel<V, D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const V: usize, const D: usize> IntegerModel<V, D> {
    /// Without content.
    pub const fn new() -> Self {
        Self {
            task: Task::Untrained,
            linear: false,
            features: 0,
            vectors: 0,
            classes: [ClassId(0); 2],
            bias: 0,
            value_bits: 0,
            exponent: 0,
            exponent_shift: 0,
            weights: [0; D],
            mean: [0; D],
            factor: [0; D],
            shift: [0; D],
            coefficients: [0; V],
            squares: [0; V],
            rows: [[0; D]; V],
        }
    }

    /// Bits behind the point of a decision value.
    pub const fn value_bits(&self) -> u8 {
        self.value_bits
    }

    /// Bytes in use, without the fixed part.
    pub const fn bytes(&self) -> usize {
        let (d, v) = (self.features as usize, self.vectors as usize);
        if self.linear { 2 * d } else { 9 * d + v * (d + 6) }
    }

    /// Replaces the content by `model` for rows with `bits` bits behind the point.
    ///
    /// # Errors
    /// [`QuantizeError`].
    pub fn quantize(&mut self, model: ModelView<'_>, bits: u8) -> Result<(), QuantizeError> {
        self.task = Task::Untrained;
        let head = model.head;
        let (d, k) = (usize::from(head.features), usize::from(head.classes));
        match head.task {
            Task::Untrained => return Err(QuantizeError::Untrained),
            _ if k > 2 || !matches!(head.kernel.kind, Kind::Linear | Kind::Rbf) => {
                return Err(QuantizeError::Unsupported);
            }
            _ if d > D || bits > 15 => return Err(QuantizeError::Capacity),
            _ => {}
        }
        for (to, from) in self.classes.iter_mut().zip(model.words) {
            *to = ClassId(*from as u16);
        }
        let body = model.words.get(k..).and_then(|w| bytemuck::try_cast_slice::<u32, f32>(w).ok());
        let (bias, body) = body.and_then(|b| b.split_first()).ok_or(QuantizeError::Capacity)?;
        self.linear = head.linear();
        (self.features, self.vectors) = (head.features, 0);
        if self.linear {
            let weights = body.get(..d).ok_or(QuantizeError::Capacity)?;
            let shift = headroom(weights, 15)?;
            for (to, from) in self.weights.iter_mut().zip(weights) {
                *to = round(libm::scalbnf(*from, shift.into())) as i16;
            }
            self.value_bits = shift + bits;
        } else {
            self.quantize_rbf(&head, body, model.words, bits)?;
        }
        self.bias = libm::round(libm::scalbn(f64::from(*bias), self.value_bits.into())) as i64;
        self.task = head.task;
        Ok(())
    }

    fn quantize_rbf(&mut self, head: &Head, body: &[f32], words: &[u32], bits: u8) -> Result<(), QuantizeError> {
        let d = usize::from(head.features);
        let part = |i: usize| body.get(i * d..(i + 1) * d).ok_or(QuantizeError::Capacity);
        let (mean, factor, scale, shift) = (part(0)?, part(1)?, part(2)?, part(3)?);
        let records = words.get(head.fixed()..head.used()).ok_or(QuantizeError::Capacity)?;
        let width = numbers_of(head.classes.into());
        let records = || records.chunks_exact(head.record()).filter_map(|r| r.split_at_checked(width));
        if usize::from(head.vectors) > V {
            return Err(QuantizeError::Capacity);
        }
        let mut z = [0.0; D];
        let z = z.get_mut(..d).ok_or(QuantizeError::Capacity)?;
        let (mut largest, mut greatest) = (0.0f32, 0.0f32);
        for (numbers, row) in records() {
            decode_row(row, head.format, scale, shift, z);
            largest = z.iter().fold(largest, |m, v| m.max(v.abs()));
            greatest = numbers.get(1).map_or(greatest, |c| greatest.max(f32::from_bits(*c).abs()));
        }
        // Rows beyond the support vectors' range saturate: room for one half more than they need.
        let row_bits = headroom(&[largest * 1.5], 7)?;
        let coefficient_bits = headroom(&[greatest], 15)?;
        let places = self.rows.iter_mut().zip(&mut self.squares).zip(&mut self.coefficients);
        for (((to, square), coefficient), (numbers, row)) in places.zip(records()) {
            decode_row(row, head.format, scale, shift, z);
            for (to, z) in to.iter_mut().zip(z.iter()) {
                *to = round(libm::scalbnf(*z, row_bits.into())) as i8;
            }
            let row = to.get(..d).unwrap_or_default();
            *square = dot_i8(row, row);
            let c = numbers.get(1).map_or(0.0, |c| f32::from_bits(*c));
            *coefficient = round(libm::scalbnf(c, coefficient_bits.into())) as i16;
        }
        self.vectors = head.vectors;
        // Kernel values are Q15.
        self.value_bits = coefficient_bits + 15;
        let frame = self.mean.iter_mut().zip(&mut self.factor).zip(&mut self.shift);
        for (((to_mean, to_factor), to_shift), (m, s)) in frame.zip(mean.iter().zip(factor)) {
            let own = headroom(&[*s], 30)?;
            *to_mean = round(libm::scalbnf(*m, 8 + i32::from(bits)));
            *to_factor = round(libm::scalbnf(*s, own.into()));
            *to_shift = (own + 8 + bits).checked_sub(row_bits).filter(|s| *s < 64).ok_or(QuantizeError::Range)?;
        }
        let gamma = libm::scalbnf(head.kernel.gamma * core::f32::consts::LOG2_E, -2 * i32::from(row_bits));
        let own = headroom(&[gamma], 30)?;
        self.exponent = round(libm::scalbnf(gamma, own.into()));
        self.exponent_shift = own.checked_sub(16).ok_or(QuantizeError::Range)?;
        Ok(())
    }

    /// What it decides of a row. Unknown for a row of another width, and without content.
    pub fn decide(&self, row: &[i16]) -> IntegerVerdict {
        const UNKNOWN: IntegerVerdict = IntegerVerdict { decision: Decision::Unknown, value: 0 };
        if row.len() != usize::from(self.features) {
            return UNKNOWN;
        }
        let sum = if self.linear { dot_i16(row, &self.weights) } else { self.sum(row) };
        let value = sum.wrapping_add(self.bias);
        let decision = match (self.task, self.classes) {
            (Task::Untrained, _) => return UNKNOWN,
            (Task::Classes, [a, b]) => Decision::Class(if value > 0 { a } else { b }),
            (Task::Novelty, _) if value >= 0 => Decision::Normal,
            (Task::Novelty, _) => Decision::Anomalous,
        };
        IntegerVerdict { decision, value }
    }

    /// Σ coefficient · kernel.
    fn sum(&self, row: &[i16]) -> i64 {
        let mut z = [0i8; D];
        let frame = self.mean.iter().zip(&self.factor).zip(&self.shift);
        for ((z, x), ((mean, factor), shift)) in z.iter_mut().zip(row).zip(frame) {
            let d = (i32::from(*x) << 8).wrapping_sub(*mean);
            let half = 1i64.wrapping_shl(u32::from(*shift).wrapping_sub(1));
            let v = i64::from(d).wrapping_mul(i64::from(*factor)).wrapping_add(if *shift == 0 { 0 } else { half });
            *z = v.wrapping_shr((*shift).into()).clamp(-127, 127) as i8;
        }
        let z = z.get(..row.len()).unwrap_or_default();
        let own = dot_i8(z, z);
        let records = self.rows.iter().zip(&self.squares).zip(&self.coefficients).take(self.vectors.into());
        records.fold(0, |sum, ((v, square), c)| {
            let distance = own.wrapping_add(*square).wrapping_sub(dot_i8(z, v).wrapping_mul(2));
            let exponent = i64::from(distance).wrapping_mul(i64::from(self.exponent));
            let value = exp2_negative(exponent.wrapping_shr(self.exponent_shift.into()).clamp(0, 1 << 22) as u32);
            i64::from(i32::from(*c).wrapping_mul(value)).wrapping_add(sum)
        })
    }
}

/// The shift by which the largest of these stays below 2^bits.
fn headroom(values: &[f32], bits: i32) -> Result<u8, QuantizeError> {
    let largest = values.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    if !largest.is_finite() {
        return Err(QuantizeError::Range);
    }
    let exponent = (largest.to_bits() >> 23) as i32 - 126;
    // One less, as rounding could reach the power of two.
    u8::try_from((bits - 1 - exponent).min(40)).map_err(|_| QuantizeError::Range)
}

fn round(v: f32) -> i32 {
    (v + if v < 0.0 { -0.5 } else { 0.5 }) as i32
}

/// 2^-x of x in Q16, in Q15, at most 32767: within 1.
fn exp2_negative(x: u32) -> i32 {
    let (whole, rest) = (x >> 16, x & 0xffff);
    let Some([high, low]) = TABLE.get((rest >> 10) as usize..).and_then(|t| t.first_chunk()) else { return 0 };
    let step = (i32::from(*high) - i32::from(*low)).wrapping_mul((rest & 0x3ff) as i32);
    (i32::from(*high) - ((step + 512) >> 10)).wrapping_shr(whole.min(31))
}

/// 2^-(i/64) in Q15.
static TABLE: [i16; 65] = table();

#[allow(clippy::indexing_slicing, reason = "made at compile time")]
const fn table() -> [i16; 65] {
    // 2^(-1/64)
    const STEP: f64 = 0.989_228_013_193_975_5;
    let (mut t, mut v, mut i) = ([0; 65], 32768.0f64, 0);
    while i < 65 {
        let rounded = v + 0.5;
        t[i] = if rounded > 32767.0 { 32767 } else { rounded as i16 };
        v *= STEP;
        i += 1;
    }
    t
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::{KernelKind, Model, Params, Shape, Trainer, required, scratch_len};
    use hone_learn::{Format, Progress, TrainingSet};
    use hone_numeric::rng::Rng;
    use std::vec;

    #[test]
    fn exponentials_are_within_two_steps() {
        for x in (0..20 << 16).step_by(7) {
            let exact = libm::exp2(-f64::from(x) / 65536.0) * 32768.0;
            assert!((f64::from(exp2_negative(x)) - exact).abs() <= 2.0, "{x}");
        }
        assert_eq!(exp2_negative(1 << 22), 0);
    }

    const D: usize = 6;

    fn row(rng: &mut Rng, class: u16) -> [i16; D] {
        core::array::from_fn(|j| {
            let centre = if (class == 1) == (j % 2 == 0) { 0.9 } else { -0.9 };
            ((rng.next_normal() + centre) * 200.0 * (j + 1) as f32 + 1000.0) as i16
        })
    }

    fn agreement(kernel: KernelKind, format: Format) -> (usize, usize, f32) {
        let mut rng = Rng::new(5);
        let mut set = TrainingSet::<{ 120 * D }, 120, D>::new();
        let mut edit = set.edit();
        edit.clear(format, D).unwrap();
        for i in 0..120 {
            edit.push(&row(&mut rng, i % 2).map(f32::from), Some(ClassId(3 + i % 2))).unwrap();
        }
        let shape = Shape { rows: 120, features: D };
        let checked = Params { kernel: Some(kernel), ..Params::default() }.check(shape).unwrap();
        let mut workspace = vec![0u32; required(&checked, shape) / 4];
        let (mut trainer, mut model) = (Trainer::new(checked), Model::<4096>::new());
        while let Progress::Running { .. } = trainer.step(set.view(), &mut workspace, model.edit(), 10_000).unwrap() {}
        let mut integer = std::boxed::Box::new(IntegerModel::<120, D>::new());
        integer.quantize(model.view(), 0).unwrap();
        let mut scratch = [0.0; scratch_len(2, D)];
        let (mut same, mut right, mut worst) = (0, 0, 0.0f32);
        for i in 0..1000 {
            let x = row(&mut rng, i % 2);
            let exact = model.infer(&x.map(f32::from), &mut scratch);
            let f = model.view().decisions(&x.map(f32::from), &mut scratch).unwrap()[0];
            let close = integer.decide(&x);
            same += usize::from(close.decision == exact.decision);
            right += usize::from(close.decision == Decision::Class(ClassId(3 + i % 2)));
            worst = worst.max((libm::scalbnf(close.value as f32, -i32::from(integer.value_bits())) - f).abs());
        }
        (same, right, worst)
    }

    #[test]
    fn decides_as_in_floating_point() {
        for format in [Format::F32, Format::I8] {
            let (same, right, worst) = agreement(KernelKind::Linear, format);
            std::println!("linear {same} {right} {worst}");
            assert!(same >= 998 && right >= 950 && worst < 0.02, "{same} {right} {worst}");
            let (same, right, worst) = agreement(KernelKind::Rbf, format);
            std::println!("rbf {same} {right} {worst}");
            assert!(same >= 990 && right >= 950 && worst < 0.15, "{same} {right} {worst}");
        }
    }

    #[test]
    fn without_content_is_unknown() {
        let mut integer = IntegerModel::<4, D>::new();
        assert_eq!(integer.decide(&[0; D]).decision, Decision::Unknown);
        assert_eq!(integer.quantize(Model::<64>::new().view(), 0), Err(QuantizeError::Untrained));
    }
}
