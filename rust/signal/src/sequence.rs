//! Feature vectors in a row: what a learner over time sees of a window in place of its samples.
//!
//! A window is cut into `steps` hops of equal length (1: the window as it is), each gives the features of the chain
//! that is configured, and these become one *frame* of a window of their own:
//!
//! 1. each feature is brought to about its usual spread by a power of two, 2^-e with e = log₂ σ to the nearest whole
//!    number, σ being its deviation in the windows of [`Sequence::measure`]; one that never varied is left out;
//! 2. if there are at most as many features as inputs, each is an input. If there are more, they are projected: input i
//!    is Σ ±feature/√D, the signs drawn by the seed of the features (Achlioptas, "Database-friendly random projections",
//!    2003), drawn anew for each frame, so that they cost no memory;
//! 3. an input's mean is taken off, and it is kept in units of 1/256 usual spread, saturating.
//!
//! What comes out has the form of sensor samples, so that whatever takes windows of samples takes it.

use crate::features::Params;
use crate::features_spectrum::rotation;
use crate::{Extractor, Sample, Shape, WindowView};
use hone_learn::{ParamError, Workspace};
use hone_numeric::kernel::sqrt_f32;
use hone_numeric::rng::Rng;

/// Units of a frame per usual spread.
const PER_SPREAD: f32 = 256.0;
/// The exponent of a feature that is left out.
const LEFT_OUT: i8 = i8::MIN;
/// Beyond this no sensor's features vary, or stand still.
const EXPONENT: i32 = 60;

/// How windows become frames of up to `I` inputs, by chains of up to `D` features.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequence<const D: usize, const I: usize> {
    params: Params,
    /// Frames of a window.
    frames: u16,
    features: u16,
    /// The angle of a hop's Hann window from one frame to the next.
    hann: (f32, f32),
    exponents: [i8; D],
    /// The inputs' means, in usual spreads times √D.
    offsets: [f32; I],
}

impl<const D: usize, const I: usize> Sequence<D, I> {
    /// Of these parameters, nothing measured yet; `None` when windows are seen as samples.
    ///
    /// # Errors
    /// As [`Params::check`], [`ParamError::Conflict`] when a window is not a whole number of hops, and
    /// [`ParamError::Capacity`] for more than `D` features.
    // Inlined as `Params::check` is.
    #[inline]
    pub fn new(params: &Params, window: Shape) -> Result<Option<Self>, ParamError> {
        Self::with(params, window, rotation(window.frames))
    }

    fn with(params: &Params, window: Shape, turn: (f32, f32)) -> Result<Option<Self>, ParamError> {
        let steps = params.steps();
        if steps == 0 {
            return Ok(None);
        }
        if !window.frames.is_multiple_of(steps) {
            return Err(ParamError::Conflict("steps does not divide the frames of a window"));
        }
        // A hop's window turns as many times as fast as there are hops.
        let (c, s) = turn;
        let hann = (1..steps).fold(turn, |(x, y), _| (x * c - y * s, x * s + y * c));
        let hop = params.check_with(Shape { frames: window.frames / steps, ..window }, hann)?;
        let features = hop.len();
        if features > D {
            return Err(ParamError::Capacity { name: "features", asked: features as u32, capacity: D as u32 });
        }
        Ok(Some(Self {
            params: *params,
            frames: window.frames as u16,
            features: features as u16,
            hann,
            exponents: [LEFT_OUT; D],
            offsets: [0.0; I],
        }))
    }

    /// What one hop's features are computed by; `None` for windows of another length.
    pub fn hop(&self, window: Shape) -> Option<Extractor> {
        if window.frames != usize::from(self.frames) {
            return None;
        }
        let frames = window.frames.checked_div(self.steps())?;
        self.params.check_with(Shape { frames, ..window }, self.hann).ok()
    }

    /// The parameters of the features.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Features per hop.
    pub const fn features(&self) -> usize {
        self.features as usize
    }

    /// Numbers per frame.
    pub const fn inputs(&self) -> usize {
        if self.features() < I { self.features() } else { I }
    }

    /// Frames per window.
    pub const fn steps(&self) -> usize {
        self.params.steps()
    }

    /// Words of memory that [`Sequence::frames`] and [`Sequence::measure`] take for windows of this shape.
    pub fn words(&self, window: Shape) -> usize {
        let scratch = self.hop(window).map_or(0, |h| h.required().div_ceil(4));
        (self.steps() * self.inputs()).div_ceil(2) + self.features() + scratch
    }

    /// Takes the features of a window into their statistics: mean, then mean squared deviation, [`Sequence::features`] of
    /// each (Welford 1962). `hops` counts them, and begins at 0 with statistics of zeros. False when the window is of
    /// another shape, or memory is short.
    pub fn measure(&self, window: &WindowView<'_>, memory: &mut [u32], statistics: &mut [f32], hops: &mut u32) -> bool {
        let done = self.each_hop(window, memory, &mut |row| {
            *hops = hops.saturating_add(1);
            let weight = 1.0 / *hops as f32;
            let (mean, rest) = statistics.split_at_mut_checked(row.len()).unwrap_or_default();
            for ((x, mean), variance) in row.iter().zip(mean).zip(rest) {
                let delta = x - *mean;
                *mean += delta * weight;
                *variance += (delta * (x - *mean) - *variance) * weight;
            }
        });
        done.is_some()
    }

    /// Sets exponents and offsets by what was measured.
    pub fn settle(&mut self, statistics: &[f32]) {
        let (mean, variance) = statistics.split_at_checked(self.features()).unwrap_or_default();
        for (e, variance) in self.exponents.iter_mut().zip(variance) {
            // ⌊log₂(σ·√2)⌋ is log₂ σ to the nearest.
            let spread = sqrt_f32(2.0 * variance);
            let within = spread > 0.0 && spread.is_finite();
            *e = if within { libm::ilogbf(spread).clamp(-EXPONENT, EXPONENT) as i8 } else { LEFT_OUT };
        }
        self.offsets = [0.0; I];
        self.offsets = self.project(mean);
    }

    /// What a container keeps of it: an offset and a factor for each feature, which is 0 when left out, then for each input.
    pub fn scaling(&self, each: &mut dyn FnMut(f32, f32)) {
        self.exponents.iter().take(self.features()).for_each(|e| each(0.0, power(*e)));
        self.offsets.iter().take(self.inputs()).for_each(|o| each(*o, 1.0));
    }

    /// Takes up what [`Sequence::scaling`] gave. False, and nothing of use is left, unless it could have come from there.
    pub fn restore(&mut self, scaling: impl IntoIterator<Item = (f32, f32)>) -> bool {
        let mut scaling = scaling.into_iter();
        let features = self.features();
        for e in self.exponents.iter_mut().take(features) {
            let Some((_, factor)) = scaling.next() else { return false };
            *e = if factor == 0.0 {
                LEFT_OUT
            } else {
                libm::ilogbf(factor).saturating_neg().clamp(-EXPONENT, EXPONENT) as i8
            };
            if power(*e) != factor {
                return false;
            }
        }
        let inputs = self.inputs();
        for o in self.offsets.iter_mut().take(inputs) {
            match scaling.next() {
                Some((offset, _)) if offset.is_finite() => *o = offset,
                _ => return false,
            }
        }
        scaling.next().is_none()
    }

    /// The window as frames, worked out in `memory`; `None` when it is of another shape, or memory is short.
    pub fn frames<'m>(&self, window: &WindowView<'_>, memory: &'m mut [u32]) -> Option<WindowView<'m>> {
        let inputs = self.inputs();
        let words = (self.steps() * inputs).div_ceil(2);
        let (front, rest) = memory.split_at_mut_checked(words)?;
        let frames: &mut [Sample] = Workspace::new(front).take(self.steps() * inputs).ok()?;
        let scale = if self.features() > I { 1.0 / sqrt_f32(f32::from(self.features)) } else { 1.0 } * PER_SPREAD;
        let mut places = frames.chunks_exact_mut(inputs.max(1));
        self.each_hop(window, rest, &mut |row| {
            for (place, input) in places.next().unwrap_or_default().iter_mut().zip(self.project(row)) {
                // Saturates.
                *place = libm::roundf(input * scale) as Sample;
            }
        })?;
        Some(WindowView {
            samples: frames,
            channels: inputs,
            time: window.time,
            sequence: window.sequence,
            faults: window.faults,
            label: window.label,
        })
    }

    /// The inputs of one hop's features, less the offsets.
    fn project(&self, row: &[f32]) -> [f32; I] {
        let mut inputs = self.offsets.map(|o| -o);
        let projected = self.features() > I;
        let mut signs = Rng::new(self.params.seed());
        for (j, (x, e)) in row.iter().zip(&self.exponents).enumerate() {
            let z = x * power(*e);
            if !projected {
                if let Some(input) = inputs.get_mut(j) {
                    *input += z;
                }
                continue;
            }
            let mut bits = 0;
            for (i, input) in inputs.iter_mut().enumerate() {
                if i % 32 == 0 {
                    bits = signs.next_u32();
                }
                *input += if bits & 1 == 0 { z } else { -z };
                bits >>= 1;
            }
        }
        inputs
    }

    fn each_hop(&self, window: &WindowView<'_>, memory: &mut [u32], each: &mut dyn FnMut(&[f32])) -> Option<()> {
        let shape = Shape { channels: window.channels, frames: window.len() };
        // Where it is: a copy more is 48 bytes of stack.
        let Some(hop) = &self.hop(shape) else { return None };
        let (row, scratch) = memory.split_at_mut_checked(self.features())?;
        let row: &mut [f32] = Workspace::new(row).take(self.features()).ok()?;
        let samples = hop.shape().frames * window.channels;
        for samples in window.samples.chunks_exact(samples.max(1)) {
            let view = WindowView { samples, ..*window };
            if hop.extract(&view, Workspace::new(scratch), row).ok()? != row.len() {
                return None;
            }
            each(row);
        }
        Some(())
    }
}

/// 2^-e; 0 for a feature that is left out.
fn power(e: i8) -> f32 {
    if e == LEFT_OUT { 0.0 } else { f32::from_bits((127 - i32::from(e)).unsigned_abs() << 23) }
}
