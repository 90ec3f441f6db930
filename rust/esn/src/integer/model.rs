//! The integer model's storage, and how it is made from one in floating point.

use super::weight::{INPUT_BITS, Mix, Row, STATE_BITS, Weight, headroom, scaled};
use crate::form::Form;
use crate::model::{Head, Model};
use crate::params::{Output, Params, Readout, Shape};
use crate::threshold::{Threshold, Thresholds};
use hone_numeric::compress::{Affine, Fixed};
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
    pub(crate) rows: [Row; C],
    pub(crate) channels: [Channel; C],
    /// Upper and lower, for the squared and for the normalised error.
    pub(crate) limits: [[u64; 2]; 2],
    /// Share of the new state, Q15.
    pub(crate) leak: i32,
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> Default for IntegerModel<W, N, C, E> {
    fn default() -> Self {
        Self::new()
    }
}

/// A threshold in the unit of integer scores.
fn limits(t: &Threshold) -> [u64; 2] {
    // The conversion saturates.
    [t.upper, t.lower].map(|v| libm::scalbnf(v, super::SCORE_BITS as i32) as u64)
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> IntegerModel<W, N, C, E> {
    /// Without content.
    pub const fn new() -> Self {
        Self {
            head: Head {
                trained: false,
                params: Params::NONE,
                shape: Shape { channels: 0, window_frames: 0 },
                gain: 0.0,
                thresholds: Thresholds::NONE,
                quality: 0.0,
                form: Form::Plain,
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
            rows: [Row { scale: 0, offset: 0, shift: 0 }; C],
            channels: [Channel { mean: 0, factor: 0, shift: 0 }; C],
            limits: [[0; 2]; 2],
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

    /// Mean error of the windows that the thresholds were set by, in spreads squared.
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
        if model.form() != Form::Plain {
            return Err(QuantizeError::Packed);
        }
        self.fraction = match (quantization, W::WIDE) {
            (Quantization::Int8, false) => 0,
            (Quantization::Fixed(fixed), true) => fixed.fraction(),
            _ => return Err(QuantizeError::Weights),
        };
        let n = usize::from(model.params().units).max(1);
        for ((to, from), affine) in
            self.out.as_flattened_mut().chunks_exact_mut(n).zip(net.out.state.chunks_exact(n)).zip(&mut self.affine)
        {
            *affine = Affine::of(from);
            for (to, from) in to.iter_mut().zip(from) {
                *to = W::encode(*from, affine, self.fraction);
            }
        }
        for (to, from) in [(&mut self.mean, net.mean), (&mut self.factor, net.factor)] {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
        self.complete(*model.head())
    }

    /// Derives everything from the head, the readout's codes and tables, mean and factor.
    pub(crate) fn complete(&mut self, head: Head) -> Result<(), QuantizeError> {
        let p = &head.params;
        for (served, name) in [
            (p.readout == Readout::State, "readout"),
            (p.output == Output::Identity, "output"),
            (p.feedback == 0.0, "feedback"),
        ] {
            if !served {
                return Err(QuantizeError::Unsupported(name));
            }
        }
        self.generate(&head)?;
        self.mix = W::mix(head.gain, p.input_scale, self.fraction).ok_or(QuantizeError::Range)?;
        for (row, affine) in self.rows.iter_mut().zip(&self.affine).take(head.shape.channels.into()) {
            *row = W::row(affine, self.fraction).ok_or(QuantizeError::Range)?;
        }
        let channels = self.channels.iter_mut().zip(self.mean.iter().zip(&self.factor));
        for (channel, (mean, factor)) in channels.take(head.shape.channels.into()) {
            let bits = headroom(*factor, 30).ok_or(QuantizeError::Range)?;
            // Inputs have two bits more behind the point than what is multiplied.
            let shift = bits.checked_sub((INPUT_BITS - MEAN_BITS) as u8).ok_or(QuantizeError::Range)?;
            *channel = Channel { mean: scaled(*mean, MEAN_BITS as i32), factor: scaled(*factor, bits.into()), shift };
        }
        self.leak = scaled(p.leak, STATE_BITS as i32);
        self.head = Head { trained: true, ..head };
        self.set_thresholds(head.thresholds);
        Ok(())
    }

    pub(crate) fn set_thresholds(&mut self, thresholds: Thresholds) {
        self.head.thresholds = thresholds;
        self.limits = [limits(&thresholds.mse), limits(&thresholds.nmse)];
    }

    /// The weights that the seed gives, as `reservoir::generate`, number by number.
    fn generate(&mut self, head: &Head) -> Result<(), QuantizeError> {
        let checked = crate::Checked::trusted(head.params, head.shape);
        let (n, k) = (checked.units(), checked.diagonals());
        let input = self.input.as_flattened_mut();
        let (Some(shifts), Some(res), Some(input)) =
            (self.shifts.get_mut(..k), self.res.get_mut(..checked.nonzeros()), input.get_mut(..n * checked.channels()))
        else {
            return Err(QuantizeError::Range);
        };
        let mut rng = Rng::new(u64::from(head.params.seed));
        crate::reservoir::choose(&mut rng, n, shifts);
        for (weights, scale) in [(res, head.gain), (input, head.params.input_scale)] {
            // Weights are uniform in ± scale.
            let range = Affine { scale: scale / 127.0, offset: scale * (-128.0 / 127.0) };
            weights.iter_mut().for_each(|w| *w = W::encode(rng.next_signed() * scale, &range, self.fraction));
        }
        Ok(())
    }
}
