//! The passes of layers in 8 bits. Sums are exact in 32 bits; each result is one shift of one sum.
//!
//! Exponents: a tensor is q·2⁻ᵉ with one e, a row of weights too. A sum of products then has the exponent e_w + e_x, and a
//! result of exponent e_y is the sum shifted right by e_w + e_x − e_y, the bias and half a unit added before.

use crate::network::Extent;
use crate::scale::{MOST, byte, half, shifted};
use crate::stage::{BIAS_BITS, Bytes, Stage};
use hone_learn::Workspace;
use hone_numeric::layer::{Dither, Pair, add_pairs, add_rows, pair, rows_relu, rows_spread, spread};

/// Bits by which the factors of a transposed product are widened, so that rows of unlike scales can be summed: a row
/// that is so many bits finer than the coarsest still counts in full.
const ALIGN: i32 = 5;

/// Words that [`forward`] is lent for a stage.
pub(crate) fn forward_words(stage: &Stage) -> usize {
    if !stage.learns() {
        0
    } else if stage.transposed() {
        stage.biases() + scatter_words(stage)
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
                // Not `clamp`, whose bounds the compiler does not see here, and whose message would bring formatting with it.
                *y = v.max(least).min(MOST) as i8;
            }
        });
    }
    let consts: &mut [[i32; 2]] = ws.take(stage.rows()).ok()?;
    let sums: &mut [i32] = ws.take(stage.rows()).ok()?;
    let wide: &mut [i16] = ws.take(2 * stage.spread_words(stage.input)).ok()?;
    match into {
        Into::Bytes { y, exponent, peak } => {
            constants(consts, w, ex, exponent);
            let y = y.get_mut(..stage.output.len())?;
            if stage.layer.relu {
                let mut places = y.chunks_exact_mut(stage.rows());
                let mut most = *peak;
                widen(stage, stage.input, x, wide, |x| {
                    if let Some(y) = places.next() {
                        most = most.max(rows_relu(w.q, x, consts, y));
                    }
                })?;
                *peak = most;
            } else {
                gather(stage, stage.input, w.q, x, sums, wide, |t, sums| {
                    let y = y.get_mut(t * stage.rows()..).unwrap_or_default();
                    for ((y, sum), [c, shift]) in y.iter_mut().zip(sums).zip(consts.iter()) {
                        let v = sum.wrapping_add(*c) >> (*shift & 31);
                        *peak = (*peak).max(v.abs());
                        *y = byte(v);
                    }
                })?;
            }
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

/// Of each row what is added to its sum, the bias and half a unit, and the shift that follows. A function of its own: within
/// [`forward`] too few registers are free.
#[inline(never)]
fn constants(consts: &mut [[i32; 2]], w: &Bytes<'_>, ex: i32, exponent: i32) {
    for (([c, shift], e), bias) in consts.iter_mut().zip(w.exponents).zip(w.bias) {
        let point = i32::from(*e) + ex;
        let down = BIAS_BITS - point;
        let bias = if down > 0 {
            // (b >> (d − 1) + 1) >> 1 is b shifted by d to the nearest.
            ((*bias >> (down - 1).min(31)) + 1) >> 1
        } else {
            shifted(*bias, down)
        };
        *shift = (point - exponent).clamp(0, 31);
        *c = bias.wrapping_add(half(*shift));
    }
}

/// The exponent of the row of the largest numbers.
fn coarsest(exponents: &[i8]) -> i32 {
    exponents.iter().copied().min().unwrap_or(0).into()
}

/// Calls `each` with what lies at each position, widened.
#[inline(always)]
fn widen(stage: &Stage, from: Extent, x: &[i8], wide: &mut [i16], mut each: impl FnMut(&[i16])) -> Option<()> {
    let (stride, step) = (stage.stride(), stage.step());
    let slides = stage.slides();
    if slides {
        spread(x.get(..from.len())?, wide);
    }
    for t in 0..stage.positions() {
        if slides {
            each(wide.get(t * step..)?.get(..stride)?);
        } else {
            spread(x.get(t * step..)?.get(..stage.cols())?, wide);
            each(wide.get(..stride)?);
        }
    }
    Some(())
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
    let mut position = 0;
    widen(stage, from, x, wide, |x| {
        rows_spread(q, x, sums);
        each(position, sums);
        position += 1;
    })
}

/// Words that [`scatter`] is lent.
fn scatter_words(stage: &Stage) -> usize {
    let factors = if stage.positions() > 1 { 2 * stage.rows() } else { stage.rows().div_ceil(2) };
    factors + stage.positions().min(2) * stage.stride()
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
    let (rows, cols, step, stride, positions) =
        (stage.rows(), stage.cols(), stage.step(), stage.stride(), stage.positions());
    let base = coarsest(w.exponents);
    let aligned = |e: i8, exponent: i8| {
        let by = ALIGN + base - i32::from(exponent);
        let e = i32::from(e);
        (if by >= 0 { e << by.min(ALIGN) } else { e >> by.wrapping_neg().min(15) }) as i16
    };
    let e = e.get(..positions * rows)?;
    if positions == 1 {
        let factors: &mut [i16] = ws.take(rows).ok()?;
        let sums: &mut [i32] = ws.take(stride).ok()?;
        sums.fill(0);
        let mut any = 0;
        for ((factor, e), exponent) in factors.iter_mut().zip(e).zip(w.exponents) {
            *factor = aligned(*e, *exponent);
            any |= *factor;
        }
        if any != 0 {
            add_rows(factors, w.q, stride, sums);
        }
        each(0, sums.get(..cols)?);
        return Some(());
    }
    // Two positions at a time: each weight is widened once for both.
    let list: &mut [Pair] = ws.take(rows).ok()?;
    let first: &mut [i32] = ws.take(stride).ok()?;
    let second: &mut [i32] = ws.take(stride).ok()?;
    first.fill(0);
    let done = step.min(cols);
    for (t, both) in e.chunks(2 * rows).enumerate() {
        let (e, next) = both.split_at_checked(rows)?;
        let mut used = 0;
        for (r, (e, exponent)) in e.iter().zip(w.exponents).enumerate() {
            let next = next.get(r).copied().unwrap_or(0);
            if let (true, Some(place)) = (*e | next != 0, list.get_mut(used)) {
                *place = pair(aligned(*e, *exponent), aligned(next, *exponent), r * stride);
                used += 1;
            }
        }
        second.fill(0);
        add_pairs(list.get(..used)?, w.q, first, second);
        let at = 2 * t * step;
        let last = 2 * t + 1 == positions;
        each(at, first.get(..if last { cols } else { done })?);
        if last {
            break;
        }
        for (second, first) in second.iter_mut().zip(first.get(done..)?) {
            *second = second.wrapping_add(*first);
        }
        let last = 2 * t + 2 == positions;
        each(at + step, second.get(..if last { cols } else { done })?);
        let (kept, rest) = first.split_at_mut_checked(stride - done)?;
        kept.iter_mut().zip(second.get(done..)?).for_each(|(to, from)| *to = *from);
        rest.fill(0);
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
        scatter_words(stage)
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
    if !stage.learns() {
        return spread_error(stage, error, ee, gate, to, exponent, dither);
    }
    if stage.transposed() {
        let mut ws = Workspace::new(temp);
        let shifts: &mut [i32] = ws.take(stage.rows()).ok()?;
        let sums: &mut [i32] = ws.take(stage.rows()).ok()?;
        let wide: &mut [i16] = ws.take(2 * stage.spread_words(stage.output)).ok()?;
        for (shift, e) in shifts.iter_mut().zip(w.exponents) {
            *shift = i32::from(*e) + ee - exponent;
        }
        gather(stage, stage.output, w.q, error, sums, wide, |t, sums| {
            let gate = gate.and_then(|gate| gate.get(t * stage.rows()..));
            for (i, ((to, sum), shift)) in to.iter_mut().skip(t * stage.rows()).zip(sums).zip(shifts.iter()).enumerate()
            {
                let gate = gate.and_then(|gate| gate.get(i..));
                diced(&[*sum], *shift, gate, core::slice::from_mut(to), peak, dither);
            }
        })?;
        return Some(());
    }
    let shift = coarsest(w.exponents) + ALIGN + ee - exponent;
    let to = to.get_mut(..stage.input.len())?;
    // What no position reaches has no error.
    let reached = (stage.positions() - 1) * stage.step() + stage.cols();
    to.get_mut(if stage.step() > stage.cols() { 0 } else { reached }..)?.fill(0);
    scatter(stage, w, error, &mut Workspace::new(temp), |at, sums| {
        let to = to.get_mut(at..).unwrap_or_default();
        diced(sums, shift, gate.and_then(|gate| gate.get(at..)), to, peak, dither);
    })
}

/// Sums shifted right and rounded by dice, 0 where `gate` is. Into `peak` goes about the largest magnitude before it was cut: three
/// quarters of all the bits that any has.
#[inline(always)]
fn diced(sums: &[i32], shift: i32, gate: Option<&[i8]>, to: &mut [i8], peak: &mut i32, dither: &mut Dither) {
    // In registers while the loop runs.
    let (mut dice, mut bits) = (*dither, 0);
    let (up, shift) = (shift.wrapping_neg().clamp(0, 30), shift.clamp(0, 30));
    // Random bits, as many as are shifted out.
    let spare = 31 - shift;
    let mut rounded = |sum: i32| {
        let v = sum.wrapping_add(((dice.word() >> 1) >> spare) as i32) >> shift;
        bits |= v ^ (v >> 31);
        v.clamp(-128, 127) as i8
    };
    match gate {
        _ if up > 0 => {
            for (i, (to, sum)) in to.iter_mut().zip(sums).enumerate() {
                let open = gate.is_none_or(|gate| gate.get(i).is_some_and(|g| *g > 0));
                *to = if open { rounded(sum.saturating_mul(1 << up)) } else { 0 };
            }
        }
        Some(gate) => {
            for ((to, sum), gate) in to.iter_mut().zip(sums).zip(gate) {
                *to = if *gate > 0 { rounded(*sum) } else { 0 };
            }
        }
        None => to.iter_mut().zip(sums).for_each(|(to, sum)| *to = rounded(*sum)),
    }
    *peak = (*peak).max(bits - (bits >> 2));
    *dither = dice;
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

fn spread_error(
    stage: &Stage,
    error: &[i8],
    ee: i32,
    gate: Option<&[i8]>,
    to: &mut [i8],
    exponent: i32,
    dither: &mut Dither,
) -> Option<()> {
    let (frames, channels) = (pooled(stage), usize::from(stage.output.channels));
    let factor = reciprocal(frames, exponent - ee);
    let to = to.get_mut(..stage.input.len())?;
    let pools = error.chunks_exact(channels).take(stage.output.frames.into());
    // Frames behind the last whole pool have no error.
    to.get_mut(stage.output.len() * frames..)?.fill(0);
    let mut dice = *dither;
    let mut open = |e: i8| byte(dice.round(i32::from(e) * factor));
    match gate {
        Some(gate) => {
            let frames = to.chunks_exact_mut(channels).zip(gate.chunks_exact(channels));
            for (errors, (to, gate)) in pools.flat_map(|e| core::iter::repeat_n(e, pooled(stage))).zip(frames) {
                for ((to, e), gate) in to.iter_mut().zip(errors).zip(gate) {
                    *to = if *gate > 0 && *e != 0 { open(*e) } else { 0 };
                }
            }
        }
        None => {
            for (errors, to) in
                pools.flat_map(|e| core::iter::repeat_n(e, pooled(stage))).zip(to.chunks_exact_mut(channels))
            {
                to.iter_mut().zip(errors).for_each(|(to, e)| *to = open(*e));
            }
        }
    }
    *dither = dice;
    Some(())
}

/// Pairs that are made at a time.
pub(crate) const PAIRS: usize = 24;

/// Adds the products of errors and inputs of rows `a` and `b` to `first` and `second`: `narrow` has the errors of all `rows` rows
/// at one place after the other, `long` what each is multiplied with, `step` items apart. Without `b` the second is of no use. Places where both
/// errors are 0 cost nothing. Sums of both rows' errors; `None` when all are 0.
pub(crate) fn gradient_rows(
    [narrow, long]: [&[i8]; 2],
    [rows, step]: [usize; 2],
    (a, b): (usize, Option<usize>),
    list: &mut [Pair],
    first: &mut [i32],
    second: &mut [i32],
) -> Option<[i32; 2]> {
    let (mut used, mut at, mut place) = (0, 0, a);
    let mut sums = None;
    let (mut of_a, mut of_b) = (0, 0);
    let beyond = b.unwrap_or(a) - a;
    while let (Some(e), Some(f)) = (narrow.get(place), narrow.get(place + beyond)) {
        if *e | *f != 0 {
            *list.get_mut(used)? = pair((*e).into(), (*f).into(), at);
            of_a += i32::from(*e);
            of_b += i32::from(*f);
            used += 1;
            if used == list.len() {
                add_pairs(list, long, first, second);
                (used, sums) = (0, Some([of_a, of_b]));
            }
        }
        at += step;
        place += rows;
    }
    if used > 0 {
        add_pairs(list.get(..used)?, long, first, second);
        sums = Some([of_a, of_b]);
    }
    sums
}
