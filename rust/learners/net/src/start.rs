//! What a training begins with: how the input is standardised, and random weights.

use crate::model::Head;
use crate::scale::{nearest, power};
use crate::stage::Form;
use hone_learn::SetView;
use hone_numeric::layer::Dither;

/// Mean and gain of each channel, over all rows of the set and all frames. A channel that never changes has a gain of 0.
#[inline(never)]
pub(crate) fn standardise(set: &SetView<'_>, head: &Head, words: &mut [u32]) {
    let channels = usize::from(head.input.channels);
    let frames = f32::from(head.input.frames.max(1));
    for c in 0..channels {
        let features = || set.features().iter().skip(c).step_by(channels);
        let mean = features().map(|f| f.mean).sum::<f32>() / frames;
        let spread = |f: &hone_learn::set::Feature| set.variance(f) + (f.mean - mean) * (f.mean - mean);
        let variance = features().map(spread).sum::<f32>() / frames;
        let gain = if variance > 0.0 { 1.0 / libm::sqrtf(variance) } else { 0.0 };
        let at = usize::from(head.classes) + c;
        for (at, value) in [(at, mean), (at + channels, gain)] {
            if let Some(word) = words.get_mut(at) {
                *word = value.to_bits();
            }
        }
    }
}

/// Uniform weights of variance 2/n, n the weights of a row (He et al., "Delving Deep into Rectifiers", 2015); of the output
/// layer 1/n. Biases are 0. In 8 bits the largest takes between a half and all of the range.
#[inline(never)]
pub(crate) fn weights(head: &Head, words: &mut [u32], dither: &mut Dither) {
    for stage in head.stages.all().iter().filter(|s| s.learns()) {
        // Each output of a transposed convolution sums over the rows whose positions reach it.
        let fan_in = if stage.transposed() {
            let reach = usize::from(stage.layer.kernel).div_ceil(stage.layer.stride.max(1).into());
            stage.rows() * reach
        } else {
            stage.cols()
        };
        let most = libm::sqrtf(if stage.layer.relu { 6.0 } else { 3.0 } / fan_in as f32);
        let mut draw = || (dither.bits() as f32 - 32_767.5) * (most / 32_767.5);
        match stage.form {
            Form::Int8 => {
                let Some(w) = stage.bytes_mut(words) else { return };
                let e = crate::scale::exponent(4, most);
                w.exponents.fill(e);
                w.bias.fill(0);
                let unit = power(e.into());
                for row in w.q.chunks_exact_mut(stage.stride()) {
                    row.fill(0);
                    row.iter_mut().take(stage.cols()).for_each(|q| *q = nearest(draw() * unit));
                }
            }
            Form::F32 => {
                let Some(w) = stage.reals_mut(words) else { return };
                w.bias.fill(0.0);
                w.w.iter_mut().for_each(|w| *w = draw());
            }
        }
    }
}
