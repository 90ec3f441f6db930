//! The passes of layers in 8 bits. Sums are exact in 32 bits; each result is one shift of one sum.
//!
//! Exponents: a tensor is q·2⁻ᵉ with one e, a row of weights too. A sum of products then has the exponent e_w + e_x, and a
//! result of exponent e_y is the sum shifted right by e_w + e_x − e_y, the bias and half a unit added before.

use crate::network::Extent;
use crate::scale::{MOST, byte, half, shifted};
use crate::stage::{BIAS_BITS, Bytes, Stage};
use hone_learn::Workspace;
use hone_numeric::layer::{Dither, add_rows, rows_spread, spread};

/// Bits by which the factors of a transposed product are widened, so that rows of unlike scales can be summed: a row
/// that is so many bits finer than the coarsest still counts in full.
const ALIGN: i32 = 5;

/// Words that [`forward`] is lent for a stage.
pub(crate) fn forward_words(stage: &Stage) -> usize {
    if !stage.learns() {
        0
    } else if stage.transposed() {
        stage.biases() + stage.rows().div_ceil(2) + stage.stride()
    } else {
        3 * stage.rows() + stage.spread_words(stage.input)
    }
}

/// Where the sums of a forward pass go.
#[derive(Debug)]
pub(crate) enum Into<'a> {
    /// 8 bits of this exponent; the largest magnitude before it was cut to 8 bits is left in `peak`.
    Bytes { y: &'a mut [i8], exponent: i32, peak: &'a mut i32 },
    /// Logits in `f32`.
    Reals(&'a mut [f32]),
}

/// y = f(W·x + b). `x` is the whole buffer of the tensor, with the bytes to spare.
#[inline(never)]
pub(crate) fn forward(stage: &Stage, w: &Bytes<'_>, x: &[i8], ex: i32, into: Into<'_>, temp: &mut [u32]) -> Option<()> {
    if !stage.learns() {
        let Into::Bytes { y, exponent, peak } = into else { return None };
        return average(stage, x, ex, y, exponent, peak);
    }
    let mut ws = Workspace::new(temp);
    if stage.transposed() {
        let Into::Bytes { y, exponent, peak } = into else { return None };
        let consts: &mut [i32] = ws.take(stage.biases()).ok()?;
        let base = coarsest(w.exponents);
        let shift = base + ALIGN + ex - exponent;
        for (c, bias) in consts.iter_mut().zip(w.bias) {
            *c = shifted(*bias, BIAS_BITS - (base + ALIGN + ex)).wrapping_add(half(shift));
        }
        let least = if stage.layer.relu { 0 } else { -MOST };
        y.get_mut(..stage.output.len())?.fill(0);
        return scatter(stage, w, x, &mut ws, |at, sums| {
            let channels = consts.iter().cycle();
            for ((y, sum), c) in y.iter_mut().skip(at).zip(sums).zip(channels) {
                let v = sum.wrapping_add(*c) >> shift.clamp(0, 31);
                *peak = (*peak).max(if least == 0 { v } else { v.abs() });
                *y = v.clamp(least, MOST) as i8;
            }
        });
    }
    let consts: &mut [[i32; 2]] = ws.take(stage.rows()).ok()?;
    let sums: &mut [i32] = ws.take(stage.rows()).ok()?;
    let wide: &mut [i16] = ws.take(2 * stage.spread_words(stage.input)).ok()?;
    match into {
        Into::Bytes { y, exponent, peak } => {
            for (([c, shift], e), bias) in consts.iter_mut().zip(w.exponents).zip(w.bias) {
                let point = i32::from(*e) + ex;
                *shift = (point - exponent).clamp(0, 30);
                *c = shifted(*bias, BIAS_BITS - point).wrapping_add(half(*shift));
            }
            let mut most = *peak;
            let relu = stage.layer.relu;
            gather(stage, stage.input, w.q, x, sums, wide, |t, sums| {
                let y = y.get_mut(t * stage.rows()..).unwrap_or_default();
                if relu {
                    for ((y, sum), [c, shift]) in y.iter_mut().zip(sums).zip(consts.iter()) {
                        let v = sum.wrapping_add(*c) >> (*shift & 31);
                        most = most.max(v);
                        *y = v.clamp(0, MOST) as i8;
                    }
                } else {
                    for ((y, sum), [c, shift]) in y.iter_mut().zip(sums).zip(consts.iter()) {
                        let v = sum.wrapping_add(*c) >> (*shift & 31);
                        most = most.max(v.abs());
                        *y = byte(v);
                    }
                }
            })?;
            *peak = most;
        }
        Into::Reals(y) => gather(stage, stage.input, w.q, x, sums, wide, |t, sums| {
            let y = y.get_mut(t * stage.rows()..).unwrap_or_default();
            for (((y, sum), e), bias) in y.iter_mut().zip(sums).zip(w.exponents).zip(w.bias) {
                *y = *sum as f32 * crate::scale::power(-(i32::from(*e) + ex))
                    + *bias as f32 * crate::scale::power(-BIAS_BITS);
            }
        })?,
    }
    Some(())
}

/// The exponent of the row of the largest numbers.
fn coarsest(exponents: &[i8]) -> i32 {
    exponents.iter().copied().min().unwrap_or(0).into()
}

/// Calls `each` with the products of all rows with what lies at each position.
#[inline(always)]
fn gather(
    stage: &Stage,
    from: Extent,
    q: &[i8],
    x: &[i8],
    sums: &mut [i32],
    wide: &mut [i16],
    mut each: impl FnMut(usize, &[i32]),
) -> Option<()> {
    let (stride, step) = (stage.stride(), stage.step());
    let slides = stage.slides();
    if slides {
        spread(x.get(..from.len())?, wide);
    }
    for t in 0..stage.positions() {
        let x = if slides {
            wide.get(t * step..)?.get(..stride)?
        } else {
            spread(x.get(t * step..)?.get(..stage.cols())?, wide);
            wide.get(..stride)?
        };
        rows_spread(q, x, sums);
        each(t, sums);
    }
    Some(())
}

/// Calls `each` with where sums begin and the sums of the transposed product with `e`, as they become complete, in order.
/// Their exponent is that of the coarsest row plus [`ALIGN`] plus that of `e`.
#[inline(always)]
fn scatter(
    stage: &Stage,
    w: &Bytes<'_>,
    e: &[i8],
    ws: &mut Workspace<'_>,
    mut each: impl FnMut(usize, &[i32]),
) -> Option<()> {
    let (rows, cols, step, positions) = (stage.rows(), stage.cols(), stage.step(), stage.positions());
    let factors: &mut [i16] = ws.take(rows).ok()?;
    let sums: &mut [i32] = ws.take(stage.stride()).ok()?;
    let base = coarsest(w.exponents);
    sums.fill(0);
    for t in 0..positions {
        let e = e.get(t * rows..)?.get(..rows)?;
        let mut any = 0;
        for ((factor, e), exponent) in factors.iter_mut().zip(e).zip(w.exponents) {
            let by = ALIGN + base - i32::from(*exponent);
            let e = i32::from(*e);
            any |= e;
            *factor = if by >= 0 { e << by.min(ALIGN) } else { e >> by.wrapping_neg().min(15) } as i16;
        }
        if any != 0 {
            add_rows(factors, w.q, stage.stride(), sums);
        }
        let done = if t + 1 == positions { cols } else { step.min(cols) };
        each(t * step, sums.get(..done)?);
        sums.copy_within(done.., 0);
        let kept = sums.len() - done;
        sums.get_mut(kept..)?.fill(0);
    }
    Some(())
}

/// Words that [`error_before`] is lent for a stage.
pub(crate) fn error_words(stage: &Stage) -> usize {
    if !stage.learns() {
        0
    } else if stage.transposed() {
        2 * stage.rows() + stage.spread_words(stage.output)
    } else {
        stage.rows().div_ceil(2) + stage.stride()
    }
}

/// The exponent that the error before an average has, of that behind it: a mean of so many numbers shares its error among
/// them.
pub(crate) fn shared_exponent(stage: &Stage, exponent: i8) -> i8 {
    let frames = pooled(stage);
    exponent.saturating_add(frames.checked_ilog2().unwrap_or(0) as i8).min(crate::scale::MAX_EXPONENT)
}

/// The error of what a stage takes in, from that of what it gives, rounded by dice to 8 bits of `exponent`. Where `gate` (the
/// tensor itself) is 0 it is 0, if the tensor comes from a ReLU.
#[inline(never)]
#[allow(clippy::too_many_arguments, reason = "both tensors, their exponents, and what they are made with")]
pub(crate) fn error_before(
    stage: &Stage,
    w: &Bytes<'_>,
    error: &[i8],
    ee: i32,
    gate: Option<&[i8]>,
    to: &mut [i8],
    exponent: i32,
    peak: &mut i32,
    dither: &mut Dither,
    temp: &mut [u32],
) -> Option<()> {
    to.get_mut(..stage.input.len())?.fill(0);
    if !stage.learns() {
        spread_error(stage, error, ee, to, exponent, dither);
    } else if stage.transposed() {
        let mut ws = Workspace::new(temp);
        let shifts: &mut [i32] = ws.take(stage.rows()).ok()?;
        let sums: &mut [i32] = ws.take(stage.rows()).ok()?;
        let wide: &mut [i16] = ws.take(2 * stage.spread_words(stage.output)).ok()?;
        for (shift, e) in shifts.iter_mut().zip(w.exponents) {
            *shift = i32::from(*e) + ee - exponent;
        }
        gather(stage, stage.output, w.q, error, sums, wide, |t, sums| {
            let to = to.get_mut(t * stage.rows()..).unwrap_or_default();
            for ((to, sum), shift) in to.iter_mut().zip(sums).zip(shifts.iter()) {
                *to = diced(*sum, *shift, peak, dither);
            }
        })?;
    } else {
        let shift = coarsest(w.exponents) + ALIGN + ee - exponent;
        scatter(stage, w, error, &mut Workspace::new(temp), |at, sums| {
            let to = to.get_mut(at..).unwrap_or_default();
            match gate.and_then(|gate| gate.get(at..)) {
                Some(gate) => {
                    for ((to, sum), gate) in to.iter_mut().zip(sums).zip(gate) {
                        if *gate > 0 {
                            *to = diced(*sum, shift, peak, dither);
                        }
                    }
                }
                None => to.iter_mut().zip(sums).for_each(|(to, sum)| *to = diced(*sum, shift, peak, dither)),
            }
        })?;
        return Some(());
    }
    if let Some(gate) = gate {
        to.iter_mut().zip(gate).filter(|(_, gate)| **gate <= 0).for_each(|(to, _)| *to = 0);
    }
    Some(())
}

/// A sum shifted right and rounded by dice. Its magnitude before it is cut goes into `peak`.
#[inline(always)]
fn diced(sum: i32, shift: i32, peak: &mut i32, dither: &mut Dither) -> i8 {
    let v = if shift >= 0 {
        let shift = shift.min(30);
        // Random bits, as many as are shifted out.
        let dice = (dither.bits() << 15) >> (31 - shift);
        sum.wrapping_add(dice as i32) >> shift
    } else {
        sum.saturating_mul(1 << shift.wrapping_neg().min(30))
    };
    *peak = (*peak).max(v.abs());
    byte(v)
}

/// Frames of a mean.
fn pooled(stage: &Stage) -> usize {
    match stage.layer.kernel {
        0 => stage.input.frames.into(),
        kernel => kernel.into(),
    }
}

/// 2^(16 + bits)/frames, with which a sum of so many numbers becomes their mean shifted by so many bits.
fn reciprocal(frames: usize, bits: i32) -> i32 {
    let one = 1i64 << (16 + bits.clamp(-8, 8));
    (one / frames.max(1) as i64) as i32
}

fn average(stage: &Stage, x: &[i8], ex: i32, y: &mut [i8], exponent: i32, peak: &mut i32) -> Option<()> {
    let (frames, channels) = (pooled(stage), usize::from(stage.output.channels));
    let factor = reciprocal(frames, exponent - ex);
    for (y, x) in y.get_mut(..stage.output.len())?.chunks_mut(channels).zip(x.chunks(frames * channels)) {
        for (c, y) in y.iter_mut().enumerate() {
            let sum: i32 = x.iter().skip(c).step_by(channels).map(|x| i32::from(*x)).sum();
            let v = ((i64::from(sum) * i64::from(factor) + 32_768) >> 16) as i32;
            *peak = (*peak).max(v.abs());
            *y = byte(v);
        }
    }
    Some(())
}

fn spread_error(stage: &Stage, error: &[i8], ee: i32, to: &mut [i8], exponent: i32, dither: &mut Dither) {
    let (frames, channels) = (pooled(stage), usize::from(stage.output.channels));
    let factor = reciprocal(frames, exponent - ee);
    for (error, to) in error.chunks(channels).take(stage.output.frames.into()).zip(to.chunks_mut(frames * channels)) {
        for frame in to.chunks_mut(channels) {
            for (to, e) in frame.iter_mut().zip(error) {
                *to = byte(dither.round(i32::from(*e) * factor));
            }
        }
    }
}

/// Adds the products of errors and inputs of row `row`, over all positions, to `sums`. `column` has a place for each position,
/// and tells whether any error was not 0.
pub(crate) fn gradient_row(
    stage: &Stage,
    row: usize,
    narrow: &[i8],
    long: &[i8],
    column: &mut [i16],
    sums: &mut [i32],
) -> bool {
    let mut any = 0;
    for (to, e) in column.iter_mut().zip(narrow.iter().skip(row).step_by(stage.rows())) {
        *to = (*e).into();
        any |= *e;
    }
    sums.fill(0);
    if any != 0 {
        add_rows(column, long, stage.step(), sums);
    }
    any != 0
}
