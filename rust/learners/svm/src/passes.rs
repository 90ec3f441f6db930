//! The two passes over the rows that an iteration makes.

use crate::smo::{LOW, UP, Variable};
use core::hint::black_box;

/// Stands for η = K(i,i) + K(j,j) − 2 K(i,j) when that is not positive (LIBSVM's τ).
const TAU: f32 = 1e-12;

/// The low-row that promises the greatest gain with the first: (g_i − g_t)²/η. Gives it and its η. `own` is K(i,i), none for
/// a kernel whose diagonal is 1.
///
/// In this loop and the next most rows fail the first test, and few set a new record. `black_box` on the way that is
/// seldom taken keeps the compiler from making predicated moves of it, which cost an instruction on either way.
#[inline(never)]
pub(crate) fn partner(vars: &[Variable], row: &[f32], greatest: f32, own: Option<f32>) -> Option<(usize, f32)> {
    let (own, diagonal) = own.map_or((2.0, 0), |own| (own, u32::MAX));
    let (mut best, mut at, mut best_eta) = (0.0, usize::MAX, 0.0);
    for (t, (v, k)) in vars.iter().zip(row).enumerate() {
        let b = greatest - v.gradient;
        if v.state & LOW != 0 && b > 0.0 {
            let mut eta = own + f32::from_bits(v.square.to_bits() & diagonal) - (k + k);
            if eta <= TAU {
                eta = black_box(TAU);
            }
            let gain = b * b / eta;
            if gain > best {
                (best, at, best_eta) = (gain, black_box(t), eta);
            }
        }
    }
    (at != usize::MAX).then_some((at, best_eta))
}

/// Moves the gradient by a step along e_i − e_j, and finds the next extremes in the same pass.
#[inline(always)]
pub(crate) fn descend(vars: &mut [Variable], row_i: &[f32], row_j: &[f32], step: f32) -> (usize, f32, f32) {
    let (mut first, mut greatest, mut least) = (0, f32::NEG_INFINITY, f32::INFINITY);
    for (t, ((v, ki), kj)) in vars.iter_mut().zip(row_i).zip(row_j).enumerate() {
        let g = v.gradient - step * (ki - kj);
        v.gradient = g;
        if v.state & UP != 0 && g > greatest {
            (first, greatest) = (black_box(t), g);
        }
        if v.state & LOW != 0 && g < least {
            least = black_box(g);
        }
    }
    (first, greatest, least)
}
