//! Deciding a window.

use crate::code::*;
use crate::frame::{self, Scale};
use crate::layout::{self, Parts};
use crate::learn;
use crate::model::State;
use crate::scan::{Nearest, scan};
use hone_learn::{ClassId, Decision, Verdict};

/// What the model says of a window, and on what grounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The decision, and as score how unknown the window is.
    ///
    /// score = d/s'·(d/d')^`rivalry`, s' = (s + p·s̄)/(1 + p), where d is the distance to the nearest prototype, d' that
    /// to the nearest one of another class (d without), s and s̄ the mean distance of windows that the nearest, and
    /// that all prototypes decided rightly, and p the `pooling` setting. About 1 or less for a window like those
    /// learnt; the greater, the less known. Infinite without any prototype: there is nothing to measure by.
    pub verdict: Verdict,
    /// The prototype that decided, or the nearest when unknown; `None` without prototypes.
    pub prototype: Option<u16>,
    /// Its class, whatever the decision: the best guess to offer with the question for a label.
    pub nearest: Option<ClassId>,
    /// Its distance in standard deviations per feature.
    pub distance: f32,
    /// The distance of the nearest prototype, which need not have decided.
    pub nearest_distance: f32,
    /// Whether it fired (false: nearest by fallback, or unknown).
    pub fired: bool,
}

/// Without any prototype.
const NOTHING: Answer = Answer {
    verdict: Verdict { decision: Decision::Unknown, score: f32::INFINITY },
    prototype: None,
    nearest: None,
    distance: f32::INFINITY,
    nearest_distance: f32::INFINITY,
    fired: false,
};

/// Calls a generic function with the metric and store that the state says.
macro_rules! by_metric {
    ($state:expr, $f:ident ( $($arg:expr),* )) => {{
        #[allow(unused_imports, reason = "a build may have one metric of one store")]
        use $crate::params::{Distance, Store};
        match ($state.params.store, $state.params.metric) {
            #[cfg(feature = "wide")]
            (Store::Byte, Distance::Manhattan) => $f::<Manhattan8>($($arg),*),
            #[cfg(feature = "hamming")]
            (Store::Byte, Distance::Hamming) => $f::<Hamming8>($($arg),*),
            #[cfg(feature = "wide")]
            (Store::Half, Distance::Manhattan) => $f::<Manhattan16>($($arg),*),
            #[cfg(feature = "wide")]
            (Store::Half, Distance::Euclidean) => $f::<Euclidean16>($($arg),*),
            #[cfg(all(feature = "wide", feature = "hamming"))]
            (Store::Half, Distance::Hamming) => $f::<Hamming16>($($arg),*),
            #[cfg(feature = "wide")]
            (Store::Real, Distance::Manhattan) => $f::<Manhattan32>($($arg),*),
            #[cfg(feature = "wide")]
            (Store::Real, Distance::Euclidean) => $f::<Euclidean32>($($arg),*),
            // No state has another: `Params::check` refuses what is not built.
            #[cfg(feature = "wide")]
            _ => $f::<Euclidean8>($($arg),*),
            #[cfg(not(feature = "wide"))]
            _ => $f::<Bytes>($($arg),*),
        }
    }};
}
pub(crate) use by_metric;

/// The state's view of the memory.
pub(crate) fn parts<'a>(state: &State, memory: &'a [u32]) -> Option<Parts<'a>> {
    layout::parts(memory, usize::from(state.features), state.code_bytes(), usize::from(state.capacity))
}

/// A distance key in standard deviations per feature.
pub(crate) fn real(state: &State, key: u32) -> f32 {
    fn real<M: Metric>(key: u32, scale: &Scale) -> f32 {
        M::real(key, scale)
    }
    by_metric!(state, real(key, &state.scale()))
}

/// Feature `feature` of prototype `index`, in standard deviations from the frame's offset.
pub(crate) fn coded(state: &State, parts: &Parts, index: usize, feature: usize) -> Option<f32> {
    fn coded<M: Metric>(parts: &Parts, scale: &Scale, stride: usize, index: usize, feature: usize) -> Option<f32> {
        let codes: &[M::Code] = bytemuck::try_cast_slice(parts.codes).ok()?;
        let words = stride.checked_mul(4)?.checked_div(size_of::<M::Code>())?;
        Some(codes.get(index.checked_mul(words)?.checked_add(feature)?)?.decode(scale))
    }
    by_metric!(state, coded(parts, &state.scale(), state.scratch_words(), index, feature))
}

pub(crate) fn infer(state: &State, memory: &[u32], features: &[f32], scratch: &mut [u32]) -> Option<Answer> {
    let parts = parts(state, memory)?;
    by_metric!(state, infer_by(state, &parts, features, scratch))
}

/// A window's codes, in the front of the scratch, and how far it lies beyond the range.
pub(crate) fn query<'a, C: Code>(
    state: &State,
    offset: &[f32],
    gain: &[f32],
    features: &[f32],
    scratch: &'a mut [u32],
) -> Option<(&'a [C], f32)> {
    let scratch = scratch.get_mut(..state.scratch_words())?;
    // Padding must be equal in all codes, and prototypes are copies of these.
    *scratch.last_mut()? = 0;
    let codes: &mut [C] = bytemuck::try_cast_slice_mut(scratch).ok()?;
    let beyond = frame::encode(offset, gain, &state.scale(), features, codes);
    Some((codes, beyond))
}

fn infer_by<M: Metric>(state: &State, parts: &Parts, features: &[f32], scratch: &mut [u32]) -> Option<Answer> {
    let count = usize::from(state.count);
    let (query, beyond) = query::<M::Code>(state, parts.offset, parts.gain, features, scratch)?;
    let codes: &[M::Code] = bytemuck::try_cast_slice(parts.codes).ok()?;
    let Some(first) = parts.class.first().filter(|_| count > 0) else { return Some(NOTHING) };
    let (mut best_key, mut best_index, mut best_class) = (u32::MAX, 0, *first);
    let (mut fired, mut fired_key): (Option<Nearest>, u32) = (None, u32::MAX);
    // The nearest of a class other than the nearest prototype's; never nearer than that.
    let mut rival = u32::MAX;
    scan::<M>(query, codes, parts.norm, state.params.metric, count, |key, index| {
        let radius = parts.radius.get(index).copied().unwrap_or(0);
        // Before anything fires, most are neither near nor firing.
        if key >= rival && (key >= fired_key || key >= radius) {
            return rival.max(fired_key);
        }
        let class = parts.class.get(index).copied().unwrap_or(0);
        if key < best_key {
            if best_class != class {
                rival = best_key;
            }
            (best_key, best_index, best_class) = (key, index, class);
        } else if key < rival && best_class != class {
            rival = key;
        }
        if key < radius && key < fired_key {
            fired_key = key;
            fired = Some(Nearest { key, index, class });
        }
        rival.max(fired_key)
    });
    let best = Nearest { key: best_key, index: best_index, class: best_class };
    let scale = state.scale();
    let beyond = |index: usize| {
        let prototype = codes.get(index * query.len()..).filter(|_| beyond > 0.0);
        prototype.map_or(0.0, |p| frame::beyond(parts.offset, parts.gain, &scale, features, p))
    };
    let far = M::real(best.key, &scale) + beyond(best.index);
    let mut score = far / learn::usual(state, *parts.distance.get(best.index)?).max(1e-4);
    if rival != u32::MAX && state.params.rivalry > 0.0 {
        let (d, d_rival) = (M::real(best.key, &scale), M::real(rival, &scale));
        if d_rival > d {
            score *= frame::power(d / d_rival, state.params.rivalry);
        }
    }
    let fired = fired.filter(|f| {
        let own = parts.distance.get(f.index).copied().unwrap_or(0.0);
        state.params.as_in_the_papers() || M::real(f.key, &scale) + beyond(f.index) < learn::reach(state, own)
    });
    let (decider, decision) = match fired {
        Some(f) => (f, Decision::Class(ClassId(f.class))),
        None if state.params.fallback => (best, Decision::Class(ClassId(best.class))),
        None => (best, Decision::Unknown),
    };
    Some(Answer {
        verdict: Verdict { decision, score },
        prototype: u16::try_from(decider.index).ok(),
        nearest: Some(ClassId(decider.class)),
        distance: M::real(decider.key, &scale) + beyond(decider.index),
        nearest_distance: far,
        fired: fired.is_some(),
    })
}
