//! Deciding in integers: features that are integers, prototypes of 8 bits, distances in integers.
//!
//! The answer's score and distances in standard deviations are floating point, and so is learning; what
//! [`IntegerFrame::decide`] gives is the decision alone. Of its work one step a window is floating point: how far the
//! prototype that fired reaches, some ten operations. Features must come as `i16` fixed point: samples (features `raw`)
//! do; the other extractors of `hone_signal` work in floating point.

use crate::code::{Euclidean8, Manhattan8, Metric};
use crate::infer::parts;
use crate::learn;
use crate::model::{Model, State};
use crate::scan::scan;
use hone_learn::{ClassId, Decision};

/// A model's frame in integers, for up to `D` features. Stale once the model has learnt: make it anew.
#[derive(Clone, Debug)]
pub struct IntegerFrame<const D: usize> {
    offset: [i32; D],
    factor: [i32; D],
    shift: [u8; D],
}

impl<const D: usize> IntegerFrame<D> {
    /// The frame of `model` for features with `bits` bits behind the point. `None` when it has not begun, has more than `D`
    /// features, stores other than 8 bits, measures by Hamming's distance, or has a frame out of range. Uses floating point.
    pub fn of<const WORDS: usize>(model: &Model<WORDS>, bits: u8) -> Option<Self> {
        let state = &model.state;
        let features = usize::from(state.features);
        if features == 0 || features > D || !served(state) || bits > 15 {
            return None;
        }
        let parts = parts(state, &model.memory)?;
        let per_step = state.scale().per_step;
        let mut frame = Self { offset: [0; D], factor: [0; D], shift: [0; D] };
        let places = frame.offset.iter_mut().zip(&mut frame.factor).zip(&mut frame.shift);
        for (((offset, factor), shift), (o, g)) in places.zip(parts.offset.iter().zip(parts.gain)) {
            let gain = g * per_step;
            if !gain.is_finite() {
                return None;
            }
            // gain < 2^exponent, so that the factor has 30 bits.
            let exponent = (gain.to_bits() >> 23) as i32 - 126;
            let own = (30 - exponent).clamp(0, 46);
            *offset = round(libm::scalbnf(*o, 8 + i32::from(bits)));
            *factor = round(libm::scalbnf(gain, own));
            *shift = u8::try_from(own + 8 + i32::from(bits)).ok().filter(|s| (1..=62).contains(s))?;
        }
        Some(frame)
    }

    /// What `model`, whose frame this is, decides of these features: the same as [`Model::infer`], but for codes
    /// that lie next to the boundary of two. `None` where the model is not the one, or `scratch` has fewer than
    /// [`Model::scratch_words`] words.
    pub fn decide<const WORDS: usize>(
        &self,
        model: &Model<WORDS>,
        features: &[i16],
        scratch: &mut [u32],
    ) -> Option<Decision> {
        let state = &model.state;
        if features.len() != usize::from(state.features) || !served(state) {
            return None;
        }
        let scratch = scratch.get_mut(..state.scratch_words())?;
        *scratch.last_mut()? = 0;
        let query: &mut [u8] = bytemuck::try_cast_slice_mut(scratch).ok()?;
        let frame = self.offset.iter().zip(&self.factor).zip(&self.shift);
        for ((code, x), ((offset, factor), shift)) in query.iter_mut().zip(features).zip(frame.clone()) {
            *code = whole(*x, *offset, *factor, *shift).clamp(0, 255) as u8;
        }
        // As `frame::beyond`.
        let beyond = |prototype: &[u8]| {
            features.iter().zip(prototype).zip(frame.clone()).fold(0, |sum, ((x, own), ((offset, factor), shift))| {
                let whole = whole(*x, *offset, *factor, *shift);
                let code = whole.clamp(0, 255);
                sum + if code as u8 == *own { 0 } else { whole.abs_diff(code).min(127) as u32 }
            })
        };
        if state.params.metric == 0 {
            nearest::<Manhattan8>(state, &model.memory, query, beyond)
        } else {
            nearest::<Euclidean8>(state, &model.memory, query, beyond)
        }
    }
}

/// A feature's code before it is limited to 8 bits.
fn whole(x: i16, offset: i32, factor: i32, shift: u8) -> i64 {
    let d = (i32::from(x) << 8).wrapping_sub(offset);
    let half = 1i64.wrapping_shl(u32::from(shift).wrapping_sub(1));
    let v = i64::from(d).wrapping_mul(i64::from(factor)).wrapping_add(half).wrapping_shr(shift.into());
    v.wrapping_add(128)
}

fn served(state: &State) -> bool {
    state.params.store == 0 && state.params.metric < 2
}

fn round(v: f32) -> i32 {
    (v + if v < 0.0 { -0.5 } else { 0.5 }) as i32
}

/// The nearest prototype that fires decides, else with `fallback` the nearest.
fn nearest<M: Metric<Code = u8>>(
    state: &State,
    memory: &[u32],
    query: &[u8],
    beyond: impl Fn(&[u8]) -> u32,
) -> Option<Decision> {
    let scale = state.scale();
    let parts = parts(state, memory)?;
    let count = usize::from(state.count);
    let codes: &[u8] = bytemuck::try_cast_slice(parts.codes).ok()?;
    let (mut best, mut fired) = ((u32::MAX, None), (u32::MAX, None));
    scan::<M>(query, codes, &[], state.params.metric, count, |key, index| {
        let radius = parts.radius.get(index).copied().unwrap_or(0);
        let class = parts.class.get(index).copied();
        if key < best.0 {
            best = (key, class);
        }
        if key < radius && key < fired.0 {
            fired = (key, class.map(|c| (index, c)));
        }
        best.0.max(fired.0)
    });
    let known = fired.1.filter(|(index, _)| {
        let spread = parts.spread.get(*index).copied().unwrap_or(0.0);
        state.params.as_in_the_papers()
            || M::real(fired.0, &scale)
                + codes.get(index * query.len()..).map_or(0, &beyond) as f32 * scale.step * scale.per_feature
                < learn::reach(state, spread)
    });
    let class = known.map(|(_, class)| class).or(if state.params.fallback { best.1 } else { None });
    Some(class.map_or(Decision::Unknown, |c| Decision::Class(ClassId(c))))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Params;
    use hone_learn::Settings;
    use hone_numeric::rng::Rng;

    const D: usize = 12;

    fn row(rng: &mut Rng, class: u16) -> [i16; D] {
        core::array::from_fn(|j| {
            let centre = f32::from((class * 7 + j as u16 * 3) % 5) * 300.0;
            (centre + rng.next_normal() * 450.0) as i16
        })
    }

    #[test]
    fn decides_as_in_floating_point() {
        for (metric, fallback) in [("manhattan", "off"), ("euclidean", "off"), ("manhattan", "on")] {
            let mut params = Params::default();
            params.set_text("metric", metric).unwrap();
            params.set_text("fallback", fallback).unwrap();
            let mut model = Model::<2000>::new();
            model.begin(&params.check(D, 2000).unwrap()).unwrap();
            assert!(IntegerFrame::<D>::of(&Model::<2000>::new(), 0).is_none());
            let (mut rng, mut scratch) = (Rng::new(3), [0; D]);
            for i in 0..600 {
                model.learn(&row(&mut rng, i % 5).map(f32::from), ClassId(i % 5), &mut scratch).unwrap();
            }
            let frame = IntegerFrame::<D>::of(&model, 0).unwrap();
            let (mut same, mut right, mut unknown) = (0, 0, 0);
            for i in 0..1000 {
                let x = row(&mut rng, i % 5);
                let exact = model.infer(&x.map(f32::from), &mut scratch).unwrap().verdict.decision;
                let close = frame.decide(&model, &x, &mut scratch).unwrap();
                same += u32::from(close == exact);
                right += u32::from(close == Decision::Class(ClassId(i % 5)));
                unknown += u32::from(close == Decision::Unknown);
            }
            std::println!("{metric} {fallback} {same} {right} {unknown}");
            assert!(same >= 997 && right > 600, "{metric} {fallback} {same} {right} {unknown}");
            assert_eq!(frame.decide(&model, &[0; 3], &mut scratch), None);
            assert_eq!(frame.decide(&model, &[0; D], &mut [0; 1]), None);
        }
        if !cfg!(feature = "wide") {
            return;
        }
        let mut wide = Params::default();
        wide.set_text("store", "16-bit").unwrap();
        let mut model = Model::<2000>::new();
        model.begin(&wide.fitted(D, 2000).check(D, 2000).unwrap()).unwrap();
        assert!(IntegerFrame::<D>::of(&model, 0).is_none());
    }
}
