//! What concerns all prototypes at once: forgetting a class, and mending what was loaded.

use crate::code::*;
use crate::infer::by_metric;
use crate::layout::{PartsMut, rows_mut};
use crate::learn::{norms, parts_mut, set, stride};
use crate::model::State;
use hone_learn::ClassId;

fn copy<T: Copy>(slice: &mut [T], from: usize, to: usize) {
    if let Some(value) = slice.get(from).copied() {
        set(slice, to, value);
    }
}

pub(crate) fn forget(state: &mut State, memory: &mut [u32], class: ClassId) -> usize {
    let stride = state.scratch_words();
    let Some(parts) = parts_mut(state, memory) else { return 0 };
    let mut kept = 0;
    let used = usize::from(state.count);
    for i in 0..used {
        if parts.class.get(i) == Some(&class.0) {
            continue;
        }
        if kept != i {
            copy(parts.class, i, kept);
            copy(parts.siblings, i, kept);
            copy(parts.hits, i, kept);
            copy(parts.radius, i, kept);
            copy(parts.standing, i, kept);
            copy(parts.distance, i, kept);
            copy(parts.norm, i, kept);
            for k in 0..stride {
                copy(parts.codes, i * stride + k, kept * stride + k);
            }
        }
        kept += 1;
    }
    state.count = kept as u16;
    used - kept
}

/// After loading: counts siblings anew, clears padding, and false if a feature is not a number.
pub(crate) fn repair(state: &State, memory: &mut [u32]) -> bool {
    let Some(mut parts) = parts_mut(state, memory) else { return false };
    let classes = parts.class.get(..usize::from(state.count)).unwrap_or(&[]);
    for (class, siblings) in classes.iter().zip(parts.siblings.iter_mut()) {
        *siblings = classes.iter().filter(|c| *c == class).count() as u16;
    }
    by_metric!(state, repair_codes(state, &mut parts))
}

fn repair_codes<M: Metric>(state: &State, parts: &mut PartsMut) -> bool {
    let (scale, used, stride) = (state.scale(), usize::from(state.features), stride::<M>(state));
    let codes: &mut [M::Code] = bytemuck::try_cast_slice_mut(parts.codes).unwrap_or(&mut []);
    let mut good = true;
    for code in rows_mut(codes, stride).take(usize::from(state.count)) {
        for (i, c) in code.iter_mut().enumerate() {
            if i >= used {
                *c = bytemuck::Zeroable::zeroed();
            } else {
                // Encoding again brings every bit pattern to one that a model can have.
                let z = c.decode(&scale);
                good &= z.is_finite();
                *c = M::Code::encode(z, &scale);
            }
        }
    }
    norms::<M>(parts, stride);
    good
}
