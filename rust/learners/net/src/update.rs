//! The update of weights, one row at a time.
//!
//! A row of bytes is its numbers in units of the row's exponent. A step is computed in units of 2⁻¹⁶ of that and rounded by dice,
//! so that a step of a hundredth of a unit is one of a whole unit once in a hundred times: nothing is lost on average
//! (Gupta et al., "Deep Learning with Limited Numerical Precision", 2015). There is no other copy of the weight.

use crate::params::Rounding;
use crate::scale::{MOST, power};
use hone_numeric::layer::Dither;

/// What a row's gradient is multiplied with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// The learning rate, over the deviation of the gradient where that is standardised.
    pub rate: f32,
    /// What of the last step goes into this one.
    pub momentum: f32,
    pub rounding: Rounding,
}

/// Rows do not become finer than this.
pub(crate) const FINEST: i8 = 12;
/// A step has this many bits behind the point at most.
const MOST_STEP_BITS: u8 = 12;
/// A step is of so many units at most, with 16 bits behind the point.
const LONGEST: i32 = 32 << 16;

/// Takes a step down the gradient `g`, whose unit is `unit`: the weights q, the row's exponent, and with momentum the last steps
/// and their bits behind the point.
pub(crate) fn row(
    q: &mut [i8],
    exponent: &mut i8,
    g: &[i32],
    unit: f32,
    steps: Option<(&mut [i8], &mut u8)>,
    step: &Step,
    dither: &mut Dither,
) {
    // A step is g·each in units of 2⁻¹⁶. What is too large for 32 bits is longer than any step.
    let each = step.rate * unit * power(i32::from(*exponent) + 16);
    let wanted = |g: i32| ((g as f32 * each) as i32).clamp(-LONGEST, LONGEST - 1);
    // Bits in which any new number differs from its sign: those of the largest magnitude, and of smaller ones.
    let mut bits_used = 0;
    let mut store = |q: &mut i8, v: i32| {
        bits_used |= v ^ (v >> 31);
        *q = v.clamp(-128, 127) as i8;
    };
    match steps {
        None if step.rounding == Rounding::Stochastic => {
            // In a register while the loop runs.
            let mut dice = *dither;
            for (q, g) in q.iter_mut().zip(g) {
                let d = wanted(*g);
                let v = dice.round((i32::from(*q) << 16).wrapping_sub(d));
                store(q, v);
            }
            *dither = dice;
        }
        None => {
            for (q, g) in q.iter_mut().zip(g) {
                let d = wanted(*g);
                let v = (i32::from(*q) << 16).wrapping_sub(d).wrapping_add(0x8000) >> 16;
                store(q, v);
            }
        }
        Some((steps, bits)) => {
            let keep = (step.momentum * 256.0) as i32;
            let shift = u32::from(*bits).min(16);
            let mut longest = 0;
            for ((q, g), last) in q.iter_mut().zip(g).zip(steps.iter_mut()) {
                let kept = (i32::from(*last) * keep) << 8 >> shift;
                let d = kept.wrapping_add(wanted(*g)).clamp(-LONGEST, LONGEST);
                let stored = dither.round(((i64::from(d)) << shift).clamp(-0x7f_0000, 0x7f_0000) as i32);
                longest = longest.max(stored.abs());
                *last = stored.clamp(-MOST, MOST) as i8;
                let v = (i32::from(*q) << 16).wrapping_sub(d);
                let v = match step.rounding {
                    Rounding::Stochastic => dither.round(v),
                    Rounding::Nearest => v.wrapping_add(0x8000) >> 16,
                };
                store(q, v);
            }
            if longest >= 120 && *bits > 0 {
                steps.iter_mut().for_each(|s| *s = halved(*s, dither));
                *bits -= 1;
            } else if longest < 48 && *bits < MOST_STEP_BITS {
                steps.iter_mut().for_each(|s| *s = s.wrapping_mul(2));
                *bits += 1;
            }
            if bits_used > MOST {
                // The steps are in units of weights, which become twice as large.
                *bits = (*bits + 1).min(MOST_STEP_BITS);
            } else if fine(q, bits_used, *exponent) && *bits > 0 {
                *bits -= 1;
            }
        }
    }
    if bits_used > MOST {
        q.iter_mut().for_each(|q| *q = halved(*q, dither));
        *exponent -= 1;
    } else if fine(q, bits_used, *exponent) {
        q.iter_mut().for_each(|q| *q = q.wrapping_mul(2));
        *exponent += 1;
    }
}

/// Whether a row may become finer: its numbers are below 56, by which they do not soon outgrow the bits again.
fn fine(q: &[i8], bits_used: i32, exponent: i8) -> bool {
    bits_used < 64 && exponent < FINEST && q.iter().all(|q| q.unsigned_abs() < 56)
}

fn halved(q: i8, dither: &mut Dither) -> i8 {
    dither.round(i32::from(q) << 15) as i8
}

/// A step of a bias, in its units.
pub(crate) fn bias(b: &mut i32, d: f32) {
    *b = b.saturating_sub((d * power(crate::stage::BIAS_BITS)) as i32);
}

/// The running mean square of a gradient, and the deviation that it gives.
pub(crate) fn deviation(square: &mut f32, now: f32) -> f32 {
    *square = if *square > 0.0 { *square + AVERAGE * (now - *square) } else { now };
    hone_numeric::kernel::sqrt_f32(*square) + 1e-6
}

/// How much of what is new goes into a running mean.
pub(crate) const AVERAGE: f32 = 0.1;

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    fn step(rounding: Rounding) -> Step {
        Step { rate: 1.0, momentum: 0.0, rounding }
    }

    #[test]
    fn small_steps_add_up_by_dice_and_are_lost_without() {
        let (mut dice, mut none) = (vec![60i8; 64], vec![60i8; 64]);
        let (mut dither, mut exponent) = (Dither::new(1), 6);
        let g = vec![1; 64];
        for _ in 0..1000 {
            // A hundredth of a unit at a time: ten units in all.
            row(&mut dice, &mut exponent, &g, 0.01 / 64.0, None, &step(Rounding::Stochastic), &mut dither);
            row(&mut none, &mut exponent, &g, 0.01 / 64.0, None, &step(Rounding::Nearest), &mut dither);
        }
        let mean: f32 = dice.iter().map(|q| f32::from(*q)).sum::<f32>() / 64.0;
        assert!(
            exponent == 7 && (mean - 100.0).abs() < 4.0 || exponent == 6 && (mean - 50.0).abs() < 2.0,
            "{mean} {exponent}"
        );
        assert!(none.iter().all(|q| [60, 120].contains(q)));
    }

    #[test]
    fn a_row_makes_room_and_becomes_finer() {
        let (mut q, mut exponent, mut dither) = (vec![120i8, -100, 3], 5, Dither::new(1));
        row(&mut q, &mut exponent, &[-10, 0, 0], 1.0 / 32.0, None, &step(Rounding::Stochastic), &mut dither);
        assert_eq!((exponent, q[0].abs() >= 63, q[1]), (4, true, -50));
        let mut q = vec![20i8, -30, 3];
        row(&mut q, &mut exponent, &[0, 0, 0], 1.0, None, &step(Rounding::Stochastic), &mut dither);
        assert_eq!((q, exponent), (vec![40, -60, 6], 5));
    }

    #[test]
    fn momentum_carries_steps_on() {
        let (mut q, mut exponent, mut dither) = (vec![100i8; 32], 6, Dither::new(1));
        let (mut steps, mut bits) = (vec![0i8; 32], 0);
        let step = Step { rate: 1.0, momentum: 0.9, rounding: Rounding::Stochastic };
        row(&mut q, &mut exponent, &[1; 32], 1.0 / 64.0, Some((&mut steps, &mut bits)), &step, &mut dither);
        for _ in 0..100 {
            row(&mut q, &mut exponent, &[0; 32], 1.0 / 64.0, Some((&mut steps, &mut bits)), &step, &mut dither);
        }
        // One unit, and 0.9 + 0.81 + … units after it.
        let mean: f32 = q.iter().map(|q| f32::from(*q)).sum::<f32>() / 32.0;
        assert!((mean - 90.0).abs() < 3.0, "{mean}");
    }
}
