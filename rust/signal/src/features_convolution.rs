//! Convolution with random weights, pooled, and the extreme learning machine's hidden layer.
//!
//! Random convolution kernels as features: Dempster, Petitjean, Webb, "ROCKET" (2020), from which the kernels'
//! zero mean and the dilations are taken. Pooling and random projection without a trained readout: Pau and Ambrose,
//! "TinyRCE" (2023), after Huang, Zhu, Siew, "Extreme learning machine" (2006).

use crate::WindowView;
use crate::logarithm::{QUANTISATION_NOISE, ln};
use hone_numeric::activation::tanh;
use hone_numeric::rng::Rng;

/// The shape and the seed of a bank of random filters.
pub(crate) struct Bank {
    /// Filters per channel.
    pub filters: usize,
    /// Weights per filter.
    pub taps: usize,
    /// Spans of the window pooled apart.
    pub pools: usize,
    /// Of the weights.
    pub seed: u64,
}

impl Bank {
    /// For each channel, filter and span: ln(mean squared output + 1/12).
    ///
    /// Filter f has `taps` weights, uniform, then shifted to zero mean and scaled to unit energy, so that white noise
    /// comes out as loud as it went in. Its dilation is 2^(f mod L), L being the number of dilations with which the
    /// filter still spans at most half of the window. The same filters serve every channel.
    ///
    /// `scratch` holds at least frames + taps numbers; with fewer, `out` becomes zeros.
    pub(crate) fn pooled_powers(&self, window: &WindowView, scratch: &mut [f32], out: &mut [f32]) {
        let frames = window.len();
        let parts = scratch.split_at_mut_checked(frames).and_then(|(s, rest)| Some((s, rest.get_mut(..self.taps)?)));
        let Some((signal, weights)) = parts else {
            out.fill(0.0);
            return;
        };
        let mut dilations = 1;
        while (self.taps - 1) << dilations <= frames / 2 {
            dilations += 1;
        }
        for (c, out) in out.chunks_exact_mut((self.filters * self.pools).max(1)).enumerate() {
            for (x, s) in signal.iter_mut().zip(window.channel(c)) {
                *x = f32::from(s);
            }
            let mut rng = Rng::new(self.seed);
            for (f, out) in out.chunks_exact_mut(self.pools.max(1)).enumerate() {
                draw(&mut rng, weights);
                pool(signal, weights, 1 << (f % dilations), out);
            }
        }
    }
}

/// Zero-mean, unit-energy random weights.
fn draw(rng: &mut Rng, weights: &mut [f32]) {
    let mut mean = 0.0;
    for w in weights.iter_mut() {
        *w = rng.next_signed();
        mean += *w;
    }
    mean /= weights.len().max(1) as f32;
    let mut energy = 0.0;
    for w in weights.iter_mut() {
        *w -= mean;
        energy += *w * *w;
    }
    let scale = if energy > 0.0 { 1.0 / hone_numeric::kernel::sqrt_f32(energy) } else { 0.0 };
    for w in weights.iter_mut() {
        *w *= scale;
    }
}

/// ln of the mean squared output of one filter in each of `out.len()` spans.
fn pool(signal: &[f32], weights: &[f32], dilation: usize, out: &mut [f32]) {
    let reach = (weights.len().max(1) - 1) * dilation;
    let outputs = signal.len().saturating_sub(reach);
    let spans = out.len();
    let mut start = 0;
    for (p, o) in out.iter_mut().enumerate() {
        let end = (p + 1) * outputs / spans;
        let mut power = 0.0;
        for t in start..end {
            let taps = signal.get(t..).unwrap_or(&[]).iter().step_by(dilation);
            let y = taps.zip(weights).fold(0.0, |y, (x, w)| y + x * w);
            power += y * y;
        }
        *o = ln(power / (end - start).max(1) as f32 + QUANTISATION_NOISE);
        start = end;
    }
}

/// An extreme learning machine's hidden layer: tanh of a random projection of `input`.
///
/// The input's mean over all filters (how loud the window is) enters as a bias shared by all units, and its deviations
/// from that mean (of what colour it is) by one weight each, uniform of standard deviation 1/√n for n inputs, so that
/// a unit is driven into its curved part by differences of about 2.7 in ln power, a factor of 15.
pub(crate) fn elm(input: &[f32], seed: u64, out: &mut [f32]) {
    let n = input.len().max(1) as f32;
    let mean = input.iter().fold(0.0, |s, x| s + x) / n;
    let mut rng = Rng::new(seed ^ 0x454c_4d00);
    let scale = hone_numeric::kernel::sqrt_f32(3.0 / n);
    for o in out {
        let mut sum = 0.0;
        for x in input {
            sum += rng.next_signed() * (x - mean);
        }
        let loudness = rng.next_signed() * (mean - 8.0) * 0.25;
        *o = tanh(sum * scale + loudness + rng.next_signed());
    }
}
