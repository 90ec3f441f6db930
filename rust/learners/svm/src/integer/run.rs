//! Deciding in integers.

use super::{ENTERS, LINEAR_POINT, Layout};
use crate::model::{Head, Task, UNKNOWN, one, pair, vote};
use hone_learn::Verdict;
use hone_numeric::quantize::features::{FRAME, FeatureRow, Measure, distances, encode, weighted};
use hone_numeric::quantize::integer::{exp2_negative, scaled, to_float};

/// Distances computed in one call.
const BLOCK: usize = 16;

/// What a model in integers says of a row.
#[inline(never)]
pub(crate) fn infer(head: &Head, words: &[u32], row: &FeatureRow<'_>, scratch: &mut [f32]) -> Verdict {
    let k = usize::from(head.classes);
    let Some((values, point)) = values(head, words, row, scratch) else { return UNKNOWN };
    let ids = words.get(..k).unwrap_or(&[]);
    match ids {
        [] | [_] | [_, _] => one(head.task, ids, values.first().map_or(f32::NAN, |f| to_float(*f as i32, point))),
        _ => vote(ids, values, Some(point)),
    }
}

/// Its decision values, as numbers.
pub(crate) fn decisions<'s>(head: &Head, words: &[u32], row: &[f32], scratch: &'s mut [f32]) -> Option<&'s [f32]> {
    let (values, point) = values(head, words, &FeatureRow::Float(row), scratch)?;
    for value in values.iter_mut() {
        *value = to_float(*value as i32, point).to_bits();
    }
    bytemuck::try_cast_slice(values).ok()
}

/// Decision values, signed, and the bits behind their point.
fn values<'s>(
    head: &Head,
    words: &[u32],
    row: &FeatureRow<'_>,
    scratch: &'s mut [f32],
) -> Option<(&'s mut [u32], i32)> {
    let d = usize::from(head.features);
    if head.precision == 0 || head.task == Task::Untrained || row.len() != d || !row.is_finite() {
        return None;
    }
    let layout = Layout::of(head);
    let scratch: &mut [u32] = bytemuck::try_cast_slice_mut(scratch).ok()?;
    let (values, room) = scratch.split_at_mut_checked(layout.pairs)?;
    let body = words.get(usize::from(head.classes)..)?;
    let (biases, body) = body.split_at_checked(layout.pairs)?;
    let (front, body) = body.split_at_checked(layout.head)?;
    if head.linear() {
        linear(&layout, row, front, body, room.get_mut(..d)?, values.iter_mut().zip(biases))?;
        return Some((values, LINEAR_POINT.into()));
    }
    values.iter_mut().zip(biases).for_each(|(value, bias)| *value = *bias);
    let ([gamma, shifts], frame) = front.split_first_chunk::<2>()?;
    let [by, point, ..] = shifts.to_le_bytes();
    let (numbers, rows) = body.split_at_checked(layout.number_words)?;
    let numbers: &[i16] = bytemuck::try_cast_slice(numbers).ok()?;
    let query = room.get_mut(..layout.row)?;
    encode(layout.precision.width(), frame.get(..FRAME * d)?, row, query);
    let add = |numbers: &[i16], distance: u32| {
        let exponent = scaled(distance, (*gamma, by as i8));
        spread(values, numbers, head.classes.into(), exp2_negative(exponent.min(1 << 22)));
    };
    records(&layout, query, numbers, rows, add)?;
    Some((values, i32::from(point as i8)))
}

/// Calls `add` with each support vector's numbers and its distance.
fn records(
    layout: &Layout,
    query: &[u32],
    mut numbers: &[i16],
    mut rows: &[u32],
    mut add: impl FnMut(&[i16], u32),
) -> Option<()> {
    let measure = Measure::Squares(layout.precision.square_shift());
    let mut left = layout.rows;
    while left > 0 {
        let mut keys = [0; BLOCK];
        let n = left.min(BLOCK);
        left -= n;
        let (block, rest) = rows.split_at_checked(n * layout.row)?;
        rows = rest;
        let keys = keys.get_mut(..n)?;
        distances(layout.precision.width(), measure, query, block, keys);
        for key in keys {
            let (own, rest) = numbers.split_at_checked(layout.numbers)?;
            numbers = rest;
            add(own, *key);
        }
    }
    Some(())
}

/// Adds one support vector's share to its class's machines, as [`crate::model`] does in floating point.
fn spread(values: &mut [u32], numbers: &[i16], k: usize, kernel: i32) {
    let Some((first, rest)) = numbers.split_first() else { return };
    let add = |value: &mut u32, c: i16| {
        let share = i32::from(c).wrapping_mul(kernel).wrapping_add(128) >> 8;
        *value = (*value as i32).saturating_add(share) as u32;
    };
    if k <= 2 {
        if let Some(value) = values.first_mut() {
            add(value, *first);
        }
        return;
    }
    let class = usize::from(*first as u16);
    let Some((below, above)) = rest.split_at_checked(class) else { return };
    // Its machine against each class of lower number: the number of that pair, and how far it is to the next.
    let (mut at, mut step) = (class.wrapping_sub(1), k - 2);
    for c in below {
        if let Some(value) = values.get_mut(at) {
            add(value, *c);
        }
        at = at.wrapping_add(step);
        step = step.wrapping_sub(1);
    }
    let own = values.get_mut(pair(class, class + 1, k)..).unwrap_or(&mut []);
    own.iter_mut().zip(above).for_each(|(value, c)| add(value, *c));
}

/// Weight vectors.
fn linear<'v>(
    layout: &Layout,
    row: &FeatureRow<'_>,
    shifts: &[u32],
    mut rows: &[u32],
    entered: &mut [u32],
    values: impl Iterator<Item = (&'v mut u32, &'v u32)>,
) -> Option<()> {
    row.enter(bytemuck::try_cast_slice(shifts).ok()?, entered)?;
    let by = ENTERS as u32 + u32::from(layout.precision.fraction()) - LINEAR_POINT as u32;
    for (value, bias) in values {
        let (weights, rest) = rows.split_at_checked(layout.row)?;
        rows = rest;
        let sum = weighted(layout.precision.width(), entered, weights).wrapping_add(1 << (by - 1)) >> by;
        let sum = sum.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        *value = sum.saturating_add(*bias as i32) as u32;
    }
    Some(())
}
