//! The time domain: eight numbers per channel.

use crate::WindowView;
use crate::logarithm::{QUANTISATION_NOISE, ln};

/// Features per channel.
pub(crate) const PER_CHANNEL: usize = 8;

/// Mean, RMS, standard deviation (of the population), skew, kurtosis (3 for a normal distribution), crest, peak to
/// peak, zero crossings, of one channel.
///
/// Skew, kurtosis, crest (greatest deviation from the mean over the standard deviation) and zero crossings (share of
/// steps between frames that cross the mean) are those of the channel less its mean, since an accelerometer's mean
/// is its tilt. All four are 0 for a constant channel. With `log_amplitude` RMS and deviation are ½·ln(power + 1/12)
/// and peak to peak is ln(1 + peak to peak); else all three are in LSB.
pub(crate) fn describe(window: &WindowView, channel: usize, log_amplitude: bool, out: &mut [f32]) {
    let count = window.len().max(1) as f32;
    let (mut sum, mut low, mut high) = (0i32, i16::MAX, i16::MIN);
    for s in window.channel(channel) {
        sum = sum.wrapping_add(i32::from(s));
        low = low.min(s);
        high = high.max(s);
    }
    let mean = sum as f32 / count;
    let (mut m2, mut m3, mut m4) = (0.0f32, 0.0f32, 0.0f32);
    let (mut crossings, mut was_above) = (0u32, None);
    for s in window.channel(channel) {
        let d = f32::from(s) - mean;
        let square = d * d;
        m2 += square;
        m3 += square * d;
        m4 += square * square;
        let above = d >= 0.0;
        crossings += u32::from(was_above == Some(!above));
        was_above = Some(above);
    }
    let variance = m2 / count;
    let power = variance + mean * mean;
    let deviation = hone_numeric::kernel::sqrt_f32(variance);
    let peak_to_peak = f32::from(high) - f32::from(low);
    let constant = low >= high;
    let ratio = |a: f32, b: f32| if constant { 0.0 } else { a / b };
    let crest = (f32::from(high) - mean).max(mean - f32::from(low));
    let features = [
        mean,
        if log_amplitude { 0.5 * ln(power + QUANTISATION_NOISE) } else { hone_numeric::kernel::sqrt_f32(power) },
        if log_amplitude { 0.5 * ln(variance + QUANTISATION_NOISE) } else { deviation },
        ratio(m3 / count, variance * deviation),
        ratio(m4 / count, variance * variance),
        ratio(crest, deviation),
        if log_amplitude { ln(1.0 + peak_to_peak) } else { peak_to_peak },
        crossings as f32 / (count - 1.0).max(1.0),
    ];
    for (o, f) in out.iter_mut().zip(features) {
        *o = f;
    }
}
