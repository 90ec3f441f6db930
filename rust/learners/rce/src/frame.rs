//! The frame in which windows are compared: for each feature an offset and a gain, learnt on the device.
//!
//! A feature x enters every distance as z = (x - offset)·gain and every prototype as the code of z. Offset is the
//! feature's running mean. Gain is 1/σ, times how relevant the feature is: (σ/w)^a, w being the mean deviation of a
//! window from the nearest prototype of its own class, a the `relevance` setting; scaled to mean 1 over the features
//! and kept within [1/4, 4]. A feature that tells classes apart has a w far below its σ.
//!
//! Statistics move with every window, but codes are comparable only within one frame. So the frame stands still
//! between *refits*; a refit computes a new frame for each feature whose old one is off by more than 5 % in gain or a
//! tenth of a deviation in offset, and re-codes that feature in all prototypes (rounding once). Refits come when the
//! windows seen have doubled since the last (so that there are few, and ever fewer), at least every half horizon, and
//! early when windows lie far outside the frame, as when a new class appears.

use crate::code::Code;
use crate::layout::{PartsMut, rows_mut, stride};
use crate::params::{Distance, Params, Store};
use hone_numeric::portable::whole_rows;
use serde::{Deserialize, Serialize};

/// What a metric needs to know of the frame to turn keys into distances and back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Standard deviations per code step.
    pub step: f32,
    /// Its inverse.
    pub per_step: f32,
    /// Features.
    pub features: f32,
    /// Their inverse.
    pub per_feature: f32,
    /// Distances are Euclidean.
    #[cfg(any(test, not(feature = "wide")))]
    pub squares: bool,
}

impl Scale {
    pub(crate) fn new(params: &Params, features: u16) -> Self {
        let levels = match (params.store, params.metric) {
            (Store::Real, _) => params.range, // f32: a step is one standard deviation.
            (_, Distance::Hamming) => 8.0,
            (Store::Byte, _) => 127.0,
            (Store::Half, _) => 32767.0,
        };
        let features = f32::from(features.max(1));
        Self {
            step: params.range / levels,
            per_step: levels / params.range,
            features,
            per_feature: 1.0 / features,
            #[cfg(any(test, not(feature = "wide")))]
            squares: params.metric == Distance::Euclidean,
        }
    }
}

/// Count of windows, and when the next refit is due.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// Windows seen by the statistics' schedule.
    pub windows: u32,
    /// Windows taken into the statistics.
    pub taken: u32,
    /// Windows taken into `within`.
    pub pairs: u32,
    /// `windows` at which the frame is refitted.
    pub refit_at: u32,
    /// Windows taken since the last refit of which a quarter of the features lay far outside the frame.
    pub clipped: u32,
}

impl Clock {
    pub(crate) const ZERO: Self = Self { windows: 0, taken: 0, pairs: 0, refit_at: 0, clipped: 0 };

    /// Whether the window just counted goes into the statistics: the first 64, then every eighth.
    pub(crate) fn takes(&self) -> bool {
        self.windows <= 64 || self.windows.is_multiple_of(8)
    }
}

/// Far beyond any sensor, and its square still far below the largest f32.
const LIMIT: f32 = 1e15;

/// A feature as the statistics take it: what is not a number counts as the mean.
#[inline]
fn clean(x: f32, mean: f32) -> f32 {
    if x.is_nan() { mean } else { x.clamp(-LIMIT, LIMIT) }
}

/// Takes a window into mean and variance (Welford 1962; from `horizon` windows on with the weight 1/horizon).
pub(crate) fn observe(parts: &mut PartsMut, clock: &mut Clock, params: &Params, features: &[f32]) {
    clock.taken = clock.taken.saturating_add(1).min(params.horizon.max(1));
    let weight = 1.0 / clock.taken as f32;
    let mut outside = 0;
    let frame = parts.offset.iter().zip(parts.gain.iter());
    for (((x, mean), variance), (offset, gain)) in
        features.iter().zip(parts.mean.iter_mut()).zip(parts.variance.iter_mut()).zip(frame)
    {
        let x = clean(*x, *mean);
        let delta = x - *mean;
        *mean += delta * weight;
        *variance += (delta * (x - *mean) - *variance) * weight;
        outside += u32::from(((x - offset) * gain).abs() > 2.0 * params.range);
    }
    clock.clipped += u32::from(outside * 4 > features.len() as u32);
}

/// Takes a window's deviation from the nearest prototype of its class into `within`.
pub(crate) fn observe_pair<C: Code>(
    parts: &mut PartsMut,
    clock: &mut Clock,
    params: &Params,
    scale: &Scale,
    features: &[f32],
    index: usize,
) {
    let stride = stride(features.len(), size_of::<C>()) * 4 / size_of::<C>();
    let codes: &[C] = bytemuck::try_cast_slice(parts.codes).unwrap_or(&[]);
    let Some(prototype) = whole_rows(codes, stride).nth(index) else { return };
    clock.pairs = clock.pairs.saturating_add(1).min(params.horizon.max(1));
    let weight = 1.0 / clock.pairs as f32;
    let frame = parts.offset.iter().zip(parts.gain.iter());
    for (((x, code), within), (offset, gain)) in features.iter().zip(prototype).zip(parts.within.iter_mut()).zip(frame)
    {
        if *gain > 0.0 {
            let z = (clean(*x, *offset) - offset) * gain;
            *within += (((z - code.decode(scale)).abs() / gain).min(LIMIT) - *within) * weight;
        }
    }
}

/// x^y of what is not negative, as libm's to the bit. Its square root is the core's own, and with this as its one caller the
/// compiler leaves libm's out.
#[inline(never)]
pub(crate) fn power(x: f32, y: f32) -> f32 {
    if y.to_bits() == 0.5f32.to_bits() { hone_numeric::kernel::sqrt_f32(x) } else { libm::powf(x, y) }
}

/// Whether a refit is due.
pub(crate) fn due(clock: &Clock) -> bool {
    clock.windows >= clock.refit_at || clock.clipped >= 4
}

/// Computes a new frame and re-codes all `count` prototypes.
pub(crate) fn refit<C: Code>(parts: &mut PartsMut, clock: &mut Clock, params: &Params, scale: &Scale, count: usize) {
    let interval = clock.windows.clamp(1, (params.horizon / 2).max(1));
    clock.refit_at = clock.windows.saturating_add(interval);
    clock.clipped = 0;
    let features = parts.mean.len();
    let stride = stride(features, size_of::<C>()) * 4 / size_of::<C>();
    let relevance = |variance: f32, within: f32| {
        let deviation = hone_numeric::kernel::sqrt_f32(variance);
        // As if eight windows had been seen before, of a deviation of half: a few windows prove little.
        let n = clock.pairs as f32;
        let within = (within * n + 4.0 * deviation) / (n + 8.0);
        let ratio = deviation / within.max(deviation * 0.02);
        if params.relevance == 1.0 { ratio } else { power(ratio, params.relevance) }
    };
    let (mut sum, mut varying) = (0.0, 0.0);
    for (variance, within) in parts.variance.iter().zip(parts.within.iter()) {
        if *variance > 0.0 {
            sum += relevance(*variance, *within);
            varying += 1.0;
        }
    }
    let mean_relevance = if sum > 0.0 { sum / varying } else { 1.0 };
    let codes: &mut [C] = bytemuck::try_cast_slice_mut(parts.codes).unwrap_or(&mut []);
    let statistics = parts.mean.iter().zip(parts.variance.iter()).zip(parts.within.iter());
    for (i, (((mean, variance), within), (offset, gain))) in
        statistics.zip(parts.offset.iter_mut().zip(parts.gain.iter_mut())).enumerate()
    {
        let next = if *variance > 0.0 {
            let g = (relevance(*variance, *within) / mean_relevance).clamp(0.25, 4.0)
                / hone_numeric::kernel::sqrt_f32(*variance);
            if g.is_finite() { g } else { 0.0 }
        } else {
            0.0
        };
        // z' = (x - offset')·gain' with x = offset + z/gain. A feature that was left out stood at its offset.
        let a = if *gain > 0.0 { next / *gain } else { 0.0 };
        let b = (*offset - *mean) * next;
        if *gain > 0.0 && (a - 1.0).abs() < 0.05 && b.abs() < 0.1 {
            // As good as it stands: no rounding, no work.
            continue;
        }
        (*offset, *gain) = (*mean, next);
        for row in rows_mut(codes, stride).take(count) {
            if let Some(code) = row.get_mut(i) {
                *code = C::encode(code.decode(scale) * a + b, scale);
            }
        }
    }
}

/// Encodes a window; how far it lies beyond the range, in standard deviations per feature. A feature that is not a
/// number counts as the mean.
///
/// Prototypes lie within the range, so that |z - p| is what the clipped z is off, and what was clipped: to a Manhattan
/// distance this only has to be added. A change that shows in a few features alone is large there, and would else be lost.
pub(crate) fn encode<C: Code>(offset: &[f32], gain: &[f32], scale: &Scale, features: &[f32], codes: &mut [C]) -> f32 {
    let frame = offset.iter().zip(gain);
    let (mut sum, mut beyond) = (0.0, 0);
    for ((place, x), (offset, gain)) in codes.iter_mut().zip(features).zip(frame.clone()) {
        let z = (x - offset) * gain;
        sum += z;
        let (code, over) = C::encode_beyond(z, scale);
        *place = code;
        beyond += over;
    }
    // One that is not finite makes the sum so.
    if !f32::is_finite(sum) {
        beyond = 0;
        for ((place, x), (offset, gain)) in codes.iter_mut().zip(features).zip(frame) {
            let (code, over) = C::encode_beyond((clean(*x, *offset) - offset) * gain, scale);
            *place = code;
            beyond += over;
        }
    }
    beyond as f32 * scale.step * scale.per_feature
}

/// How far the window lies beyond the range in those features in which this prototype does not itself lie at the end of
/// it: for a class that is beyond the range as a whole, until the frame is refitted, being so is nothing strange.
pub(crate) fn beyond<C: Code>(offset: &[f32], gain: &[f32], scale: &Scale, features: &[f32], prototype: &[C]) -> f32 {
    let mut beyond = 0;
    for ((x, own), (offset, gain)) in features.iter().zip(prototype).zip(offset.iter().zip(gain)) {
        let (code, over) = C::encode_beyond((clean(*x, *offset) - offset) * gain, scale);
        if code != *own {
            beyond += over;
        }
    }
    beyond as f32 * scale.step * scale.per_feature
}
