//! From a solved problem into the model.

use crate::model::{ModelMut, numbers_of};
use crate::plan::{self, MULTI_CLASS, Plan};
use crate::rows::Rows;
use crate::smo::Problem;
use crate::space::{NO_RECORD, Note, lower};
use crate::train::{Ration, TrainError};
use hone_learn::{ClassId, SetView};

/// Whether the build can do with fewer support vectors than the solution has.
pub(crate) const REDUCE: bool = cfg!(feature = "reduce");

/// Writes a solved machine into the model: its bias, and what it has of new support vectors beside it. False when the
/// model has no room for all of them, and all pairs are to be weighed first.
pub(crate) fn take(
    problem: &mut Problem<'_>,
    model: &mut ModelMut<'_>,
    ration: Ration,
    (bias, new): (f32, u16),
) -> Result<bool, TrainError> {
    let plan = problem.plan;
    if plan.linear() {
        weights(problem, model, bias);
        model.head.vectors += new;
        return Ok(true);
    }
    match if REDUCE { ration } else { Ration::None } {
        Ration::None => {
            let fits = model.room_for(usize::from(model.head.vectors) + usize::from(new));
            if !REDUCE {
                fits?;
            } else if fits.is_err() {
                problem.space.notes.fill(0);
                return Ok(false);
            }
        }
        Ration::Weigh if REDUCE => {
            weigh(problem);
            return Ok(true);
        }
        #[cfg(feature = "reduce")]
        Ration::Project => project(problem),
        _ => {}
    }
    vectors(problem, model, bias);
    Ok(true)
}

/// A linear machine: its weights with standardisation folded in, w'ⱼ = wⱼ·factorⱼ, and bias − Σ w'ⱼ·meanⱼ.
fn weights(problem: &mut Problem<'_>, model: &mut ModelMut<'_>, mut bias: f32) {
    problem.weights();
    let plan = problem.plan;
    let machine = plan.known() + plan.number() * (1 + plan.width);
    let Some([first, words @ ..]) = model.words.get_mut(machine..) else { return };
    for ((w, f), word) in problem.space.z.iter().zip(problem.set.features()).zip(words) {
        let (mean, factor) = plan.standard(Plan::variance(problem.set, f), f.mean);
        let weight = w * factor;
        bias -= weight * mean;
        *word = weight.to_bits();
    }
    *first = bias.to_bits();
}

/// How much the largest multiplier of a pair counts. Of 32 classes a row is in 31 pairs.
const WHOLE: f32 = 2047.0;

/// Adds this problem's multipliers, as parts of the largest, to what each row counts for.
fn weigh(problem: &mut Problem<'_>) {
    let largest = problem.space.vars.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.multiplier.abs()));
    for v in problem.space.vars.iter().filter(|v| v.multiplier != 0.0) {
        if let Some(note) = problem.space.notes.get_mut(v.row()) {
            let count = lower(note) + (v.multiplier.abs() / largest * WHOLE) as u32 + 1;
            *note = *note & !NO_RECORD | count.min(NO_RECORD);
        }
    }
}

/// Gives records to the rows that count most, to each class its share of the room. `notes` have what each row counts
/// for, and then its record.
pub(crate) fn choose(plan: &Plan, set: &SetView<'_>, notes: &mut [Note], model: &mut ModelMut<'_>) {
    const CHOSEN: Note = 1 << 31;
    let groups = plan.known().max(1);
    // Support vectors for which the model has storage.
    let room = (model.words.len().saturating_sub(model.head.fixed()) / model.head.record()).min(NO_RECORD as usize);
    for group in 0..groups {
        let id = plan.classes().get(group).map(|class| ClassId(class.id));
        for _ in 0..room / groups {
            let (mut most, mut best) = (1, None);
            for (row, note) in notes.iter_mut().enumerate() {
                // Of equals the newest: they are what the next batch will be like.
                let counts = *note & CHOSEN == 0 && lower(note) >= most;
                if counts && (plan.novelty() || set.label(row) == id) {
                    (most, best) = (lower(note), Some(note));
                }
            }
            let Some(note) = best else { break };
            *note |= CHOSEN;
        }
    }
    for (row, note) in notes.iter_mut().enumerate() {
        let chosen = *note & CHOSEN != 0;
        *note = (*note | NO_RECORD) & !CHOSEN;
        if chosen {
            let label = set.label(row);
            let class = plan.classes().iter().position(|class| class.id == plan::id(label)).unwrap_or(0);
            record(model, note, Rows::of(set), row, class);
        }
    }
}

/// Replaces the solution by its projection onto the rows that have records: the coefficients a with K a = K β on these
/// rows (Burges 1996, "Simplified support vector decision rules").
#[cfg(feature = "reduce")]
fn project(problem: &mut Problem<'_>) {
    let (plan, mut chosen) = (problem.plan, 0);
    for p in 0..problem.space.vars.len() {
        let Some(v) = problem.space.vars.get_mut(p) else { break };
        v.multiplier = 0.0;
        if problem.space.notes.get(v.row()).is_some_and(|note| lower(note) != NO_RECORD) {
            // K β takes the place of the gradient.
            v.gradient = Problem::origin(plan, v) - v.gradient;
            if chosen < p {
                problem.exchange(chosen, p);
            }
            chosen += 1;
        }
    }
    problem.fit(chosen);
}

/// The record of a row, which gets one, without coefficients yet, if it has none.
fn record<'m>(model: &'m mut ModelMut<'_>, note: &mut Note, rows: Rows<'_>, row: usize, class: usize) -> &'m mut [u32] {
    let new = lower(note) == NO_RECORD;
    if new {
        *note = *note & !NO_RECORD | Note::from(model.head.vectors);
        model.head.vectors += 1;
    }
    let (at, classes) = (model.record_at(lower(note) as usize), model.head.classes());
    let record = model.words.get_mut(at..).unwrap_or_default();
    if new && let Some((numbers, words)) = record.split_at_mut_checked(numbers_of(classes)) {
        numbers.fill(0);
        if let (true, Some(word), 3..) = (MULTI_CLASS, numbers.get_mut(1), classes) {
            *word = class as u32;
        }
        words.iter_mut().zip(rows.row(row).unwrap_or(&[])).take(rows.stride()).for_each(|(to, from)| *to = *from);
    }
    record
}

/// A machine of support vectors: its bias, and a coefficient in the record of each.
fn vectors(problem: &mut Problem<'_>, model: &mut ModelMut<'_>, bias: f32) {
    let (plan, rows, (a, b)) = (problem.plan, problem.rows, problem.plan.pair());
    model.put(plan.known() + plan.number(), bias);
    for v in problem.space.vars.iter().filter(|v| v.multiplier != 0.0) {
        let (row, positive) = (v.row(), v.is_positive());
        let Some(note) = problem.space.notes.get_mut(row) else { continue };
        let record = record(model, note, rows, row, if positive { a } else { b });
        if let Some(coefficient) = record.get_mut(plan.coefficient(positive)) {
            *coefficient = v.multiplier.to_bits();
        }
        if let Some(square) = record.first_mut() {
            *square = v.square.to_bits();
        }
    }
}
