//! The log spectrum: ln of the mean power in equal bands. A window that is longer than the build's longest transform has the
//! mean of the powers of shorter ones that overlap by half (Welch, 1967).

use crate::WindowView;
use crate::logarithm::{QUANTISATION_NOISE, ln};
use microfft::Complex32;
use microfft::real;

/// The longest transform that the build has (feature `long-windows`).
pub(crate) const LONGEST: usize = if cfg!(feature = "long-windows") { 2048 } else { 256 };

/// Frames that are transformed at once.
pub(crate) const fn segment(frames: usize) -> usize {
    if frames > LONGEST { LONGEST } else { frames }
}

/// Transforms for one window: as many as it takes to overlap by half at least.
const fn segments(frames: usize) -> usize {
    if frames > LONGEST { (2 * frames).div_ceil(LONGEST) - 1 } else { 1 }
}

/// Length of the transform: the next power of two, at least 8.
pub(crate) const fn transform_len(frames: usize) -> usize {
    let n = segment(frames).next_power_of_two();
    if n < 8 { 8 } else { n }
}

/// Frequencies above zero, the Nyquist frequency included.
pub(crate) const fn bins(frames: usize) -> usize {
    transform_len(frames) / 2
}

/// Multiply-accumulates for one channel, about.
pub(crate) fn mac(frames: usize, bands: u16) -> u32 {
    let half = bins(frames) as u32;
    // Hann by rotation, half-length complex transform, its recombination, powers, logarithms.
    let one = segment(frames) as u32 * 5 + half / 2 * half.ilog2() * 4 + half * 6 + half * 2;
    segments(frames) as u32 * one + u32::from(bands) * 10
}

/// (cos, sin) of 2π/N of a segment of N frames, by which the Hann window's phase turns from frame to frame.
pub(crate) fn rotation(frames: usize) -> (f32, f32) {
    let angle = core::f32::consts::TAU / segment(frames).max(1) as f32;
    (libm::cosf(angle), libm::sinf(angle))
}

/// ln of the mean power in each of `out.len()` equal bands, of one channel of the window less its mean.
///
/// The N frames of each segment are weighted by a periodic Hann window, w(t) = ½ - ½·cos(2πt/N), then padded with
/// zeros to the transform's length F; the first segment begins where the window does, the last ends there. Bins 1 to F/2 are split evenly; band b of B holds those from 1 + ⌊b·F/2/B⌋ to
/// ⌊(b+1)·F/2/B⌋. Powers are the mean of the segments', divided by Σw² = 3N/8, so that white noise of variance σ² LSB² gives ln(σ² + 1/12) in
/// every band whatever the window's length (Welch, 1967).
///
/// `scratch` holds at least [`transform_len`] numbers; with fewer, `out` becomes zeros.
pub(crate) fn log_bands(
    window: &WindowView,
    channel: usize,
    (cos_step, sin_step): (f32, f32),
    scratch: &mut [f32],
    out: &mut [f32],
) {
    let frames = window.len();
    let sum = window.channel(channel).fold(0i32, |sum, s| sum.wrapping_add(i32::from(s)));
    let mean = sum as f32 / frames.max(1) as f32;
    out.fill(0.0);
    let Some(signal) = scratch.get_mut(..transform_len(frames)) else { return };
    let (length, segments) = (segment(frames), segments(frames));
    for k in 0..segments {
        // The last begins so many frames behind the first.
        let begin = (frames - length) * k / (segments - 1).max(1);
        // A segment that is not the window's end fills the transform.
        let mut samples = window.channel(channel);
        if begin > 0 {
            let _ = samples.nth(begin - 1);
        }
        add_powers(&mut samples, mean, (cos_step, sin_step), signal, out);
    }
    let half = transform_len(frames) / 2;
    let scale = 8.0 / (3.0 * (length * segments).max(1) as f32);
    let bands = out.len();
    for (b, o) in out.iter_mut().enumerate() {
        let bins = (b + 1) * half / bands - b * half / bands;
        *o = ln(*o * scale / bins.max(1) as f32 + QUANTISATION_NOISE);
    }
}

/// Adds a segment's powers to those of the bands.
#[inline(never)]
fn add_powers(
    samples: &mut impl Iterator<Item = i16>,
    mean: f32,
    (cos_step, sin_step): (f32, f32),
    signal: &mut [f32],
    out: &mut [f32],
) {
    // The phase is turned step by step instead of looked up: no table in flash, no cosine per frame.
    let (mut cos, mut sin) = (1.0f32, 0.0f32);
    for x in signal.iter_mut() {
        *x = match samples.next() {
            Some(s) => (f32::from(s) - mean) * (0.5 - 0.5 * cos),
            None => 0.0,
        };
        (cos, sin) = (cos * cos_step - sin * sin_step, sin * cos_step + cos * sin_step);
    }
    let Some(spectrum) = transform(signal) else { return };
    let half = spectrum.len();
    // microfft packs the power at the Nyquist frequency into bin 0, whose own power (the mean's) is of no use.
    let nyquist = spectrum.first().map_or(0.0, |x| x.im * x.im);
    let bands = out.len();
    let mut start = 1;
    for (b, o) in out.iter_mut().enumerate() {
        let end = 1 + (b + 1) * half / bands;
        let mut power = 0.0;
        for x in spectrum.get(start..end.min(half)).unwrap_or(&[]) {
            power += x.re * x.re + x.im * x.im;
        }
        if end > half {
            power += nyquist;
        }
        *o += power;
        start = end;
    }
}

/// The spectrum of a real signal whose length is one that the build has; `None` otherwise.
fn transform(signal: &mut [f32]) -> Option<&mut [Complex32]> {
    macro_rules! by_length {
        ($($n:literal $f:ident),*) => {
            match signal.len() {
                $($n => Some(real::$f(signal.try_into().ok()?).as_mut_slice()),)*
                _ => None,
            }
        };
    }
    #[cfg(feature = "long-windows")]
    return by_length!(8 rfft_8, 16 rfft_16, 32 rfft_32, 64 rfft_64, 128 rfft_128, 256 rfft_256, 512 rfft_512,
                      1024 rfft_1024, 2048 rfft_2048);
    #[cfg(not(feature = "long-windows"))]
    by_length!(8 rfft_8, 16 rfft_16, 32 rfft_32, 64 rfft_64, 128 rfft_128, 256 rfft_256)
}
