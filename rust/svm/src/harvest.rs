//! From a solved problem into the model.

use crate::model::{ModelMut, numbers_of};
use crate::plan::{NO_SLOT, Plan};
use crate::smo::{self, Problem, Var};

/// A linear machine: its weights with standardisation folded in, w'ⱼ = wⱼ·factorⱼ, and bias − Σ w'ⱼ·meanⱼ.
pub(crate) fn weights(plan: &Plan, problem: &mut Problem<'_>, model: &mut ModelMut<'_>, number: usize, bias: f32) {
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
pub(crate) fn room(model: &ModelMut<'_>) -> usize {
    (model.words.len().saturating_sub(model.head.fixed()) / model.head.record()).min(usize::from(NO_SLOT))
}

fn has_slot(slots: &[u16], v: &Var) -> bool {
    slots.get(smo::row_of(v)).is_some_and(|s| *s != NO_SLOT)
}

/// Support vectors of the model once those of this problem are in it.
pub(crate) fn needed(problem: &Problem<'_>, slots: &[u16], model: &ModelMut<'_>) -> usize {
    let new = problem.vars.iter().filter(|v| smo::beta(v) != 0.0 && !has_slot(slots, v)).count();
    usize::from(model.head.vectors) + new
}

/// Where a support vector lies: its y·f(x), less what all have in common. The free ones lie on the margin and come
/// first, those on the wrong side last.
fn margin(v: &Var) -> f32 {
    if v[3] & smo::POSITIVE != 0 { -smo::g(v) } else { smo::g(v) }
}

/// Gives records to the support vectors that lie best, up to what each class may have by now: its share of
/// the room grows with the pairs that it has been through, so that later pairs find room too.
pub(crate) fn ration(plan: &Plan, problem: &mut Problem<'_>, slots: &mut [u16], model: &mut ModelMut<'_>, room: usize) {
    let (a, b) = plan.pair;
    let quota = room / plan.known.max(1);
    let share = |through: usize| (quota * through / (plan.known.saturating_sub(1)).max(1)).max(1);
    for (class, through) in [(a, b), (b, a + 1)] {
        let id = plan.classes().get(class).copied();
        let taken = slots.iter().enumerate().filter(|(row, s)| **s != NO_SLOT && problem.set.label(*row) == id).count();
        for _ in taken..share(through) {
            let candidates = problem
                .vars
                .iter()
                .filter(|v| (v[3] & smo::POSITIVE != 0) == (class == a) && smo::beta(v) != 0.0 && !has_slot(slots, v));
            let best = candidates.max_by(|x, y| margin(x).total_cmp(&margin(y))).map(smo::row_of);
            let Some(row) = best else { break };
            grant(problem, slots, model, row, class);
        }
    }
}

/// Gives a row a record, without coefficients yet.
fn grant(problem: &Problem<'_>, slots: &mut [u16], model: &mut ModelMut<'_>, row: usize, class: usize) {
    let Some(slot) = slots.get_mut(row) else { return };
    *slot = model.head.vectors;
    let start = model.record_at(usize::from(*slot));
    let classes = usize::from(model.head.classes);
    let numbers = numbers_of(classes);
    let words = problem.set.row_words();
    let Some(record) = model.words.get_mut(start..start + numbers + words) else { return };
    let Some((head, body)) = record.split_at_mut_checked(numbers) else { return };
    head.fill(0);
    if let (Some(class_word), 3..) = (head.get_mut(1), classes) {
        *class_word = class as u32;
    }
    if let Some(source) = problem.set.words().get(row * words..(row + 1) * words) {
        body.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
    }
    model.head.vectors += 1;
}

/// A machine of support vectors: its bias, and a coefficient in the record of each.
pub(crate) fn vectors(
    plan: &Plan,
    problem: &Problem<'_>,
    slots: &mut [u16],
    model: &mut ModelMut<'_>,
    number: usize,
    bias: f32,
) {
    // Without rows of either class there is no gradient to take a bias from.
    model.put(plan.known + number, if bias.is_finite() { bias } else { 0.0 });
    let (a, b) = plan.pair;
    for v in problem.vars.iter().filter(|v| smo::beta(v) != 0.0) {
        let (row, positive) = (smo::row_of(v), v[3] & smo::POSITIVE != 0);
        if !has_slot(slots, v) {
            grant(problem, slots, model, row, if positive { a } else { b });
        }
        let start = model.record_at(slots.get(row).copied().map_or(0, usize::from));
        if let Some(w) = model.words.get_mut(start) {
            *w = v[2];
        }
        let at = match (plan.known, positive) {
            (..=2, _) => 1,
            (_, true) => 2 + b - 1,
            (_, false) => 2 + a,
        };
        model.put(start + at, smo::beta(v));
    }
}

/// Marks support vectors by their role. Gives how many are new ones.
pub(crate) fn mark(problem: &Problem<'_>, marks: &mut [u8]) -> u16 {
    let mut new = 0;
    for v in problem.vars.iter().filter(|v| smo::beta(v) != 0.0) {
        if let Some(mark) = marks.get_mut(smo::row_of(v)) {
            new += u16::from(*mark == 0);
            *mark = (*mark).max(if v[3] & (smo::UP | smo::LOW) == smo::UP | smo::LOW { 2 } else { 1 });
        }
    }
    new
}
