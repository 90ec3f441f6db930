//! From a solved problem into the model.

use crate::model::{Head, ModelMut, numbers_of, pair};
use crate::plan::{NO_SLOT, Plan};
use crate::smo::{self, Problem, Var};
use crate::train::{Ration, TrainError};
use hone_learn::{SetView, Shortage};

/// Whether the build can do with fewer support vectors than the solution has.
pub(crate) const REDUCE: bool = cfg!(feature = "reduce");

/// Whether it can go on from an earlier model.
pub(crate) const BASIS: bool = cfg!(feature = "basis");

/// Writes a solved machine into the model: its bias, and what it has of new support vectors beside it. False when the
/// model has no room for all of them, and all pairs are to be weighed first.
pub(crate) fn take(
    plan: &Plan,
    problem: &mut Problem<'_>,
    slots: &mut [u16],
    model: &mut ModelMut<'_>,
    ration: Ration,
    (bias, new): (f32, u16),
) -> Result<bool, TrainError> {
    let number = if plan.novelty { 0 } else { pair(plan.pair.0, plan.pair.1, plan.known) };
    if plan.linear() {
        weights(plan, problem, model, number, bias);
        model.head.vectors += new;
        return Ok(true);
    }
    match ration {
        Ration::None => {
            let (needed, room) = (needed(problem, slots, model), room(model));
            if needed > room && !REDUCE {
                let bytes = |vectors: usize| (model.head.fixed() + vectors * model.head.record()) * 4;
                return Err(TrainError::Model(Shortage { needed: bytes(needed), available: bytes(room) }));
            }
            if needed > room {
                slots.fill(0);
                return Ok(false);
            }
        }
        Ration::Weigh if REDUCE => {
            weigh(problem, slots);
            return Ok(true);
        }
        #[cfg(feature = "reduce")]
        Ration::Project => project(problem, slots),
        _ => {}
    }
    vectors(plan, problem, slots, model, number, bias);
    Ok(true)
}

/// A linear machine: its weights with standardisation folded in, w'ⱼ = wⱼ·factorⱼ, and bias − Σ w'ⱼ·meanⱼ.
fn weights(plan: &Plan, problem: &mut Problem<'_>, model: &mut ModelMut<'_>, number: usize, bias: f32) {
    problem.weights();
    let at = plan.known + number * (1 + plan.width);
    let mut bias = bias;
    for ((w, f), j) in problem.scaling.z.iter().zip(problem.set.features()).zip(1..) {
        let (mean, factor) = plan.standard(problem.set, f);
        let weight = w * factor;
        bias -= weight * mean;
        model.put(at + j, weight);
    }
    model.put(at, bias);
}

/// Support vectors for which the model has storage.
fn room(model: &ModelMut<'_>) -> usize {
    (model.words.len().saturating_sub(model.head.fixed()) / model.head.record()).min(usize::from(NO_SLOT))
}

fn has_slot(slots: &[u16], v: &Var) -> bool {
    slots.get(smo::row_of(v)).is_some_and(|s| *s != NO_SLOT)
}

/// Support vectors of the model once those of this problem are in it.
fn needed(problem: &Problem<'_>, slots: &[u16], model: &ModelMut<'_>) -> usize {
    let new = problem.vars.iter().filter(|v| smo::beta(v) != 0.0 && !has_slot(slots, v)).count();
    usize::from(model.head.vectors) + new
}

/// How much the largest multiplier of a pair counts. Of 32 classes a row is in 31 pairs.
const WHOLE: f32 = 2047.0;

/// Adds this problem's multipliers, as parts of the largest, to what each row counts for.
fn weigh(problem: &Problem<'_>, counts: &mut [u16]) {
    let largest = problem.vars.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(smo::beta(v).abs()));
    for v in problem.vars.iter().filter(|v| smo::beta(v) != 0.0) {
        if let Some(count) = counts.get_mut(smo::row_of(v)) {
            *count = count.saturating_add((smo::beta(v).abs() / largest * WHOLE) as u16 + 1);
        }
    }
}

/// Gives records to the rows that count most, to each class its share of the room. `slots` has what each row counts
/// for, and then its record.
pub(crate) fn choose(plan: &Plan, set: &SetView<'_>, marks: &mut [u8], slots: &mut [u16], model: &mut ModelMut<'_>) {
    const CHOSEN: u8 = 0x80;
    let (groups, room) = (plan.known.max(1), room(model));
    for group in 0..groups {
        let id = plan.classes().get(group).copied();
        for _ in 0..room / groups {
            let rows = slots.iter().zip(marks.iter()).enumerate();
            let best = rows
                .filter(|(row, (count, mark))| {
                    **count > 0 && **mark & CHOSEN == 0 && (plan.novelty || set.label(*row) == id)
                })
                // Of equals the newest: they are what the next batch will be like.
                .max_by_key(|(row, (count, _))| (**count, *row));
            let Some((row, _)) = best else { break };
            if let Some(mark) = marks.get_mut(row) {
                *mark |= CHOSEN;
            }
        }
    }
    for (row, mark) in marks.iter_mut().enumerate() {
        if let Some(slot) = slots.get_mut(row) {
            *slot = NO_SLOT;
        }
        if *mark & CHOSEN != 0 {
            *mark &= !CHOSEN;
            let label = set.label(row);
            let class = plan.classes().iter().position(|c| Some(*c) == label).unwrap_or(0);
            grant(set, slots, model, row, class);
        }
    }
}

/// Replaces the solution by its projection onto the rows that have records: the coefficients a with K a = K β on these
/// rows (Burges 1996, "Simplified support vector decision rules").
#[cfg(feature = "reduce")]
fn project(problem: &mut Problem<'_>, slots: &[u16]) {
    let mut chosen = 0;
    for p in 0..problem.vars.len() {
        let Some(v) = problem.vars.get_mut(p) else { break };
        v[1] = 0;
        if has_slot(slots, v) {
            // K β takes the place of the gradient.
            let y = if v[3] & smo::POSITIVE != 0 { problem.linear } else { -problem.linear };
            v[0] = (y - smo::g(v)).to_bits();
            if chosen < p {
                problem.exchange(chosen, p);
            }
            chosen += 1;
        }
    }
    problem.fit(chosen);
}

/// Takes the first rows of the set for the support vectors of an earlier model, whose coefficients stay in their records while
/// the rows in them are renewed, as the set may have another scale by now. False, and nothing is changed, when they cannot be.
pub(crate) fn readmit(
    plan: &Plan,
    set: &SetView<'_>,
    slots: &mut [u16],
    model: &mut ModelMut<'_>,
    earlier: &Head,
    now: &Head,
) -> bool {
    let alike = |h: &Head| (h.task, h.kernel.kind, h.format, h.features, h.classes, h.form);
    let (vectors, words) = (usize::from(earlier.vectors), set.row_words());
    let ids = plan.classes().iter().zip(model.words.iter()).all(|(class, id)| u32::from(class.0) == *id);
    if alike(earlier) != alike(now) || plan.linear() || plan.novelty || !ids || vectors == 0 || vectors > set.len() {
        return false;
    }
    slots.fill(NO_SLOT);
    let Some(records) = model.words.get_mut(earlier.fixed()..earlier.used()) else { return false };
    let records = records.chunks_exact_mut(earlier.record().max(1));
    for (((record, row), slot), number) in records.zip(set.words().chunks_exact(words.max(1))).zip(slots).zip(0..) {
        *slot = number;
        if let Some(body) = record.get_mut(numbers_of(plan.known)..) {
            body.iter_mut().zip(row).for_each(|(to, from)| *to = *from);
        }
    }
    true
}

/// The bias that the model has for the pair at hand.
pub(crate) fn bias(plan: &Plan, model: &ModelMut<'_>) -> f32 {
    let number = if plan.novelty { 0 } else { pair(plan.pair.0, plan.pair.1, plan.known) };
    model.words.get(plan.known + number).map_or(0.0, |w| f32::from_bits(*w))
}

/// Gives a row a record, without coefficients yet.
fn grant(set: &SetView<'_>, slots: &mut [u16], model: &mut ModelMut<'_>, row: usize, class: usize) {
    let Some(slot) = slots.get_mut(row) else { return };
    *slot = model.head.vectors;
    let start = model.record_at(usize::from(*slot));
    let classes = usize::from(model.head.classes);
    let numbers = numbers_of(classes);
    let words = set.row_words();
    let Some(record) = model.words.get_mut(start..start + numbers + words) else { return };
    let Some((head, body)) = record.split_at_mut_checked(numbers) else { return };
    head.fill(0);
    if let (Some(class_word), 3..) = (head.get_mut(1), classes) {
        *class_word = class as u32;
    }
    if let Some(source) = set.words().get(row * words..(row + 1) * words) {
        body.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
    }
    model.head.vectors += 1;
}

/// A machine of support vectors: its bias, and a coefficient in the record of each.
fn vectors(plan: &Plan, problem: &Problem<'_>, slots: &mut [u16], model: &mut ModelMut<'_>, number: usize, bias: f32) {
    // Without rows of either class there is no gradient to take a bias from.
    model.put(plan.known + number, if bias.is_finite() { bias } else { 0.0 });
    let (a, b) = plan.pair;
    for v in problem.vars.iter().filter(|v| smo::beta(v) != 0.0) {
        let (row, positive) = (smo::row_of(v), v[3] & smo::POSITIVE != 0);
        if !has_slot(slots, v) {
            grant(problem.set, slots, model, row, if positive { a } else { b });
        }
        let start = model.record_at(slots.get(row).copied().map_or(0, usize::from));
        if let Some(w) = model.words.get_mut(start) {
            *w = v[2];
        }
        model.put(start + plan.coefficient(positive), smo::beta(v));
    }
}
