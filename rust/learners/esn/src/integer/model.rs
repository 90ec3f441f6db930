//! The integer model's storage, and how it is made from one in floating point.

use super::IntegerError;
use super::weight::{self, INPUT_BITS, Mix, OutputScale, Places, STATE_BITS, Weight, WeightSet, Weights};
use crate::form::ReadoutForm;
use crate::model::{Head, Model};
use crate::network::Network;
use crate::params::{Output, Params, Readout, Shape};
use crate::threshold::Thresholds;
use hone_learn::threshold::Threshold;
use hone_numeric::quantize::round::{headroom, scaled};
use hone_numeric::quantize::{Affine, Fixed};
use hone_numeric::rng::Rng;

/// How a model is quantised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantization {
    /// 8-bit: the readout affine by rows, the reservoir and the input weights symmetric. Needs `i8` weights.
    Int8,
    /// 16-bit fixed point Q(m,n), for all weights. Needs `i16` weights.
    Fixed(Fixed),
}

/// Why a model could not be quantised. The target is then without content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantizeError {
    /// The source is without content.
    Untrained,
    /// The source is packed already: its weights are no longer those that were trained.
    Packed,
    /// A setting that integer inference does not serve, by name.
    Unsupported(&'static str),
    /// The quantisation is for the other kind of weights.
    Weights,
    /// A weight or a channel's scale is too large for the number formats.
    Range,
}

/// Bits behind the point of a mean, in LSB.
pub(crate) const MEAN_BITS: u32 = 8;

/// How a channel's samples become inputs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Channel {
    /// Mean over the scale phase.
    pub mean: i32,
    pub factor: i32,
    pub shift: u8,
}

/// A model in integers, with room for `N` units, `C` channels and `E` non-zero weights in W_res, each a `W` (`i8` or `i16`).
///
/// All bits zero until it has content, so that a static one lies in `.bss`.
#[derive(Clone, Debug)]
pub struct IntegerModel<W, const N: usize, const C: usize, const E: usize> {
    pub(crate) head: Head,
    /// Bits behind the point of 16-bit weights.
    pub(crate) fraction: u8,
    pub(crate) shifts: [u16; N],
    pub(crate) res: [W; E],
    pub(crate) input: [[W; N]; C],
    pub(crate) out: [[W; N]; C],
    /// As read and written; `rows` and `channels` follow from these.
    pub(crate) affine: [Affine; C],
    pub(crate) mean: [f32; C],
    pub(crate) factor: [f32; C],
    pub(crate) mix: Mix,
    pub(crate) rows: [OutputScale; C],
    pub(crate) channels: [Channel; C],
    /// Upper and lower, for the squared and for the normalised error.
    pub(crate) limits: [[IntegerError; 2]; 2],
    /// Share of the new state, Q15.
    pub(crate) leak: i32,
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> Default for IntegerModel<W, N, C, E> {
    fn default() -> Self {
        Self::new()
    }
}

/// An error as integer inference has it, rounded down; 0 of what is negative or not a number. By the number's own bits, since
/// the conversion of the crate `fixed` rounds to the nearest.
#[inline(never)]
fn scored(v: f32) -> IntegerError {
    let bits = v.to_bits();
    let mantissa = u64::from(bits & 0x7f_ffff | 0x80_0000);
    // Of the mantissa's lowest bit, of those behind the point.
    let shift = (bits >> 23) as i32 - 150 + IntegerError::FRAC_NBITS as i32;
    IntegerError::from_bits(match v {
        v if v.is_nan() || v <= 0.0 => 0,
        _ if shift > 40 => u64::MAX,
        _ if shift >= 0 => mantissa << shift,
        _ => mantissa.checked_shr(shift.unsigned_abs()).unwrap_or(0),
    })
}

/// A threshold in the unit of integer scores.
#[inline]
fn limits(t: &Threshold) -> [IntegerError; 2] {
    [scored(t.upper), scored(t.lower)]
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> IntegerModel<W, N, C, E> {
    /// Without content.
    pub const fn new() -> Self {
        Self {
            head: Head {
                trained: false,
                params: Params::ZERO,
                shape: Shape { channels: 0, window_frames: 0 },
                gain: 0.0,
                thresholds: Thresholds::NONE,
                quality: 0.0,
                form: ReadoutForm::Plain,
            },
            fraction: 0,
            shifts: [0; N],
            res: [W::ZERO; E],
            input: [[W::ZERO; N]; C],
            out: [[W::ZERO; N]; C],
            affine: [Affine { scale: 0.0, offset: 0.0 }; C],
            mean: [0.0; C],
            factor: [0.0; C],
            mix: Mix { res: 0, input: 0, fraction: 0 },
            rows: [OutputScale { scale: 0, offset: 0, shift: 0 }; C],
            channels: [Channel { mean: 0, factor: 0, shift: 0 }; C],
            limits: [[IntegerError::ZERO; 2]; 2],
            leak: 0,
        }
    }

    /// Whether there is something to infer with.
    pub const fn is_trained(&self) -> bool {
        self.head.trained
    }

    /// Empties the model.
    pub fn clear(&mut self) {
        self.head.trained = false;
    }

    /// The parameters it was trained with.
    pub const fn params(&self) -> &Params {
        &self.head.params
    }

    /// The shape of the windows it was trained on.
    pub const fn shape(&self) -> Shape {
        self.head.shape
    }

    /// What a verdict's score is held against.
    pub const fn threshold(&self) -> Threshold {
        self.head.thresholds.shown(self.head.params.score)
    }

    /// Mean error of the windows that the thresholds were set by, in squared standard deviations.
    pub const fn quality(&self) -> f32 {
        self.head.quality
    }

    /// How it is quantised.
    pub fn quantization(&self) -> Quantization {
        match Fixed::q(15u8.saturating_sub(self.fraction), self.fraction) {
            Some(fixed) if W::WIDE => Quantization::Fixed(fixed),
            _ => Quantization::Int8,
        }
    }

    /// Bits behind the point of 16-bit weights; 0 of 8-bit ones.
    pub const fn fraction(&self) -> u8 {
        self.fraction
    }

    /// Bytes that the weights of the readout take when written.
    pub fn readout_bytes(&self) -> usize {
        let (units, channels) = (usize::from(self.head.params.units), usize::from(self.head.shape.channels));
        units * channels * size_of::<W>() + if W::WIDE { 0 } else { channels * 8 }
    }

    /// Replaces the content by `model`, quantised. The thresholds are the model's; set them anew with
    /// [`IntegerModel::recalibrate`].
    ///
    /// # Errors
    /// [`QuantizeError`].
    pub fn quantize(&mut self, model: &Model<N, C, E>, quantization: Quantization) -> Result<(), QuantizeError> {
        self.clear();
        let net = model.readable().ok_or(QuantizeError::Untrained)?;
        self.store().quantize(&net, model.head(), quantization)
    }

    // One copy for all that reads the model, and one for all that fills it.
    #[inline(never)]
    pub(crate) fn view(&self) -> View<'_> {
        let weights = WeightSet { res: &self.res[..], input: self.input.as_flattened(), out: self.out.as_flattened() };
        View {
            head: &self.head,
            fraction: self.fraction,
            shifts: &self.shifts,
            weights: W::weights(weights),
            affine: &self.affine,
            mean: &self.mean,
            factor: &self.factor,
            mix: self.mix,
            rows: &self.rows,
            channels: &self.channels,
            limits: &self.limits,
            leak: self.leak,
        }
    }

    #[inline(never)]
    pub(crate) fn store(&mut self) -> Store<'_> {
        Store {
            head: &mut self.head,
            fraction: &mut self.fraction,
            shifts: &mut self.shifts,
            res: W::places(&mut self.res),
            input: W::places(self.input.as_flattened_mut()),
            out: W::places(self.out.as_flattened_mut()),
            affine: &mut self.affine,
            mean: &mut self.mean,
            factor: &mut self.factor,
            mix: &mut self.mix,
            rows: &mut self.rows,
            channels: &mut self.channels,
            limits: &mut self.limits,
            leak: &mut self.leak,
        }
    }
}

/// A model of any capacity and kind of weights, not yet cut to the size in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub head: &'a Head,
    pub fraction: u8,
    pub shifts: &'a [u16],
    pub weights: Weights<'a>,
    pub affine: &'a [Affine],
    pub mean: &'a [f32],
    pub factor: &'a [f32],
    pub mix: Mix,
    pub rows: &'a [OutputScale],
    pub channels: &'a [Channel],
    pub limits: &'a [[IntegerError; 2]; 2],
    pub leak: i32,
}

/// The same, to be filled.
#[derive(Debug)]
pub(crate) struct Store<'a> {
    pub head: &'a mut Head,
    pub fraction: &'a mut u8,
    pub shifts: &'a mut [u16],
    pub res: Places<'a>,
    pub input: Places<'a>,
    pub out: Places<'a>,
    pub affine: &'a mut [Affine],
    pub mean: &'a mut [f32],
    pub factor: &'a mut [f32],
    pub mix: &'a mut Mix,
    pub rows: &'a mut [OutputScale],
    pub channels: &'a mut [Channel],
    pub limits: &'a mut [[IntegerError; 2]; 2],
    pub leak: &'a mut i32,
}

impl Store<'_> {
    #[inline]
    fn quantize(&mut self, net: &Network<'_>, head: &Head, quantization: Quantization) -> Result<(), QuantizeError> {
        if head.form != ReadoutForm::Plain {
            return Err(QuantizeError::Packed);
        }
        let wide = self.out.is_wide();
        *self.fraction = match (quantization, wide) {
            (Quantization::Int8, false) => 0,
            (Quantization::Fixed(fixed), true) => fixed.fraction(),
            _ => return Err(QuantizeError::Weights),
        };
        let n = usize::from(head.params.units).max(1);
        let rows = net.out.state.chunks_exact(n);
        for ((row, from), affine) in (0..).step_by(n).zip(rows).zip(&mut *self.affine) {
            *affine = Affine::of(from);
            for (index, from) in (row..).zip(from) {
                self.out.set(index, weight::encode(wide, *from, affine, *self.fraction));
            }
        }
        for (to, from) in [(&mut *self.mean, net.mean), (&mut *self.factor, net.factor)] {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        *self.head = Head { trained: false, ..*head };
        self.complete()
    }

    /// Derives everything from the head, the readout's codes and tables, mean and factor.
    #[inline]
    pub fn complete(&mut self) -> Result<(), QuantizeError> {
        let head = *self.head;
        let p = &head.params;
        if p.readout != Readout::State {
            return Err(QuantizeError::Unsupported("readout"));
        }
        if p.output != Output::Identity {
            return Err(QuantizeError::Unsupported("output"));
        }
        if p.feedback != 0.0 {
            return Err(QuantizeError::Unsupported("feedback"));
        }
        self.generate(&head)?;
        let (wide, fraction) = (self.out.is_wide(), *self.fraction);
        *self.mix = weight::mix(wide, head.gain, p.input_scale, fraction).ok_or(QuantizeError::Range)?;
        for (row, affine) in self.rows.iter_mut().zip(&*self.affine).take(head.shape.channels.into()) {
            *row = weight::row(wide, affine, fraction).ok_or(QuantizeError::Range)?;
        }
        let channels = self.channels.iter_mut().zip(self.mean.iter().zip(&*self.factor));
        for (channel, (mean, factor)) in channels.take(head.shape.channels.into()) {
            let bits = headroom(*factor, 30).ok_or(QuantizeError::Range)?;
            // Inputs have two bits more behind the point than what is multiplied.
            let shift = bits.checked_sub((INPUT_BITS - MEAN_BITS) as u8).ok_or(QuantizeError::Range)?;
            *channel = Channel { mean: scaled(*mean, MEAN_BITS as i32), factor: scaled(*factor, bits.into()), shift };
        }
        *self.leak = scaled(p.leak, STATE_BITS as i32);
        self.head.trained = true;
        self.set_thresholds(head.thresholds);
        Ok(())
    }

    #[inline]
    pub fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.head.thresholds = thresholds;
        *self.limits = [limits(&thresholds.mse), limits(&thresholds.nmse)];
    }

    /// The weights that the seed gives, as `reservoir::generate`, number by number.
    #[inline]
    fn generate(&mut self, head: &Head) -> Result<(), QuantizeError> {
        let checked = crate::Checked::trusted(head.params, head.shape);
        let (n, k) = (checked.units(), checked.diagonals());
        let (res, input) = (checked.nonzeros(), n * checked.channels());
        let shifts = self.shifts.get_mut(..k).ok_or(QuantizeError::Range)?;
        if self.res.len() < res || self.input.len() < input {
            return Err(QuantizeError::Range);
        }
        let mut rng = Rng::new(u64::from(head.params.seed));
        crate::reservoir::choose(&mut rng, n, shifts);
        draw(&mut self.res, res, &mut rng, head.gain, *self.fraction);
        draw(&mut self.input, input, &mut rng, head.params.input_scale, *self.fraction);
        Ok(())
    }
}

/// Codes of `count` weights, uniform in ± scale.
#[inline(never)]
fn draw(weights: &mut Places<'_>, count: usize, rng: &mut Rng, scale: f32, fraction: u8) {
    let range = Affine { scale: scale / 127.0, offset: scale * (-128.0 / 127.0) };
    for index in 0..count {
        weights.set(index, weight::encode(weights.is_wide(), rng.next_signed() * scale, &range, fraction));
    }
}
