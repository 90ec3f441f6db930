//! Learning a labelled window: one pass over the prototypes, then at most one of them changes place.

use crate::code::*;
use crate::frame;
use crate::infer::{by_metric, query};
use crate::layout::{self, PartsMut};
use crate::model::State;
use crate::scan::{Nearest, scan};
use hone_learn::{ClassId, Decision};
use hone_numeric::portable::whole_rows;

/// A merit of 1 (a window decided rightly at the radius), in units of standing.
const ONE: i32 = 4096;
/// The most merit that a prototype can save up, so that use long ago does not protect it for ever.
const MERIT_LIMIT: i32 = 64 * ONE;

/// What became of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A prototype of its class stands for it (and followed it, if `moving` says so).
    Absorbed,
    /// It became a prototype; `pruned` names the class of the one that made room.
    Prototype {
        /// The class that lost a prototype.
        pruned: Option<ClassId>,
    },
    /// It should have become a prototype, and there was no room.
    Refused,
}

/// What learning one window did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// What became of it.
    pub outcome: Outcome,
    /// What the model would have said of it before: for prequential accuracy.
    pub decision: Decision,
    /// Prototypes of other classes that fired and shrank.
    pub conflicts: u16,
}

pub(crate) fn parts_mut<'a>(state: &State, memory: &'a mut [u32]) -> Option<PartsMut<'a>> {
    layout::parts_mut(memory, usize::from(state.features), state.code_bytes(), usize::from(state.capacity))
}

pub(crate) fn learn(
    state: &mut State,
    memory: &mut [u32],
    features: &[f32],
    class: ClassId,
    scratch: &mut [u32],
) -> Option<Learnt> {
    let mut parts = parts_mut(state, memory)?;
    by_metric!(state, learn_by(state, &mut parts, features, class.0, scratch))
}

pub(crate) fn watch(state: &mut State, memory: &mut [u32], features: &[f32]) {
    if let Some(mut parts) = parts_mut(state, memory) {
        by_metric!(state, watch_by(state, &mut parts, features));
    }
}

/// Counts a window, takes it into the statistics if its turn has come, refits the frame if that is due.
fn watch_by<M: Metric>(state: &mut State, parts: &mut PartsMut, features: &[f32]) {
    state.clock.windows = state.clock.windows.saturating_add(1);
    if state.clock.takes() {
        frame::observe(parts, &mut state.clock, &state.params, features);
    }
    if frame::due(&state.clock) {
        let scale = state.scale();
        frame::refit::<M::Code>(parts, &mut state.clock, &state.params, &scale, usize::from(state.count));
        norms::<M>(parts, stride::<M>(state));
    }
}

/// Items from one prototype's codes to the next's.
pub(crate) fn stride<M: Metric>(state: &State) -> usize {
    state.scratch_words() * 4 / size_of::<M::Code>()
}

/// Computes all norms anew.
pub(crate) fn norms<M: Metric>(parts: &mut PartsMut, stride: usize) {
    if M::NORMS {
        let codes: &[M::Code] = bytemuck::try_cast_slice(parts.codes).unwrap_or(&[]);
        for (norm, row) in parts.norm.iter_mut().zip(whole_rows(codes, stride)) {
            *norm = M::norm(row);
        }
    }
}

/// What one pass over the prototypes finds.
struct Pass {
    /// Nearest prototype of the window's class.
    own: Option<Nearest>,
    /// Key of the nearest one of another class.
    other: u32,
    /// Key of the nearest one of the window's class that fires.
    own_fired: u32,
    /// The nearest one of another class that fires, as it was before it shrank.
    other_fired: Option<Nearest>,
    /// Where the nearest one of another class is, and its class.
    other_index: usize,
    other_class: u16,
    conflicts: u16,
}

fn learn_by<M: Metric>(
    state: &mut State,
    parts: &mut PartsMut,
    features: &[f32],
    class: u16,
    scratch: &mut [u32],
) -> Option<Learnt> {
    watch_by::<M>(state, parts, features);
    let scale = state.scale();
    let (query, beyond) = query::<M::Code>(state, parts.offset, parts.gain, features, scratch)?;
    let papers = state.params.as_in_the_papers();
    let baseline = papers && !state.params.papers_age();
    let ageing = state.params.ageing && !baseline;
    pass_of_time(state, parts);

    let floor = M::to_key(state.params.radius_min, &scale);
    let pass = visit::<M>(state, parts, query, class, floor, papers);
    state.statistics.visited = state.statistics.visited.wrapping_add(u64::from(state.count));
    let right = pass.own.is_some_and(|own| own.key <= pass.other);
    let near = if right { pass.own.map_or(0, |own| own.index) } else { pass.other_index };
    let reach = if papers { f32::MAX } else { reach(state, parts.distance.get(near).copied().unwrap_or(0.0)) };
    let beyond = {
        let codes: &[M::Code] = bytemuck::try_cast_slice(parts.codes).unwrap_or(&[]);
        let prototype = codes.get(near * query.len()..).filter(|_| beyond > 0.0);
        prototype.map_or(0.0, |p| frame::beyond(parts.offset, parts.gain, &scale, features, p))
    };
    let within = |key: u32| key != u32::MAX && M::real(key, &scale) + beyond < reach;
    let decision =
        decide(state, &pass, class, right, within(pass.own_fired), pass.other_fired.is_some_and(|o| within(o.key)));
    count(state, decision, class);

    let known = within(pass.own_fired);
    let mut conflicts = pass.conflicts;
    if !right && !baseline && pass.other != u32::MAX {
        let shrank = u16::from(err::<M>(state, parts, &pass, floor, ageing));
        conflicts = if papers { conflicts } else { shrank };
    }
    if let Some(own) = pass.own {
        if state.clock.takes() {
            frame::observe_pair::<M::Code>(parts, &mut state.clock, &state.params, &scale, features, own.index);
        }
        if right {
            reward::<M>(state, parts, own, ageing, papers);
        }
    }

    let full = state.count >= state.capacity;
    let follows = !papers && state.params.moving > 0.0;
    let wanted = if full && !baseline {
        // A full model keeps its places for what it gets wrong.
        !right
    } else if papers {
        pass.own_fired == u32::MAX
    } else {
        let spacing = state.mean_distance + state.params.spacing * state.deviation;
        let far = |own: Nearest| M::real(own.key, &scale) >= spacing;
        !right || !known || state.settled > 4 && pass.own.is_none_or(far)
    };
    let mut outcome = Outcome::Absorbed;
    if wanted {
        let ceiling = M::to_key(state.params.radius_max, &scale);
        let radius = ceiling.min(pass.other).max(floor);
        outcome = place::<M>(state, parts, query, Newcomer { class, radius, may_prune: !baseline });
    }
    if !matches!(outcome, Outcome::Prototype { .. })
        && follows
        && let Some(own) = pass.own
        && (right || M::real(own.key, &scale) < state.params.radius_max)
    {
        follow::<M>(state, parts, own.index, query);
    }
    Some(Learnt { outcome, decision, conflicts })
}

/// One pass: finds the nearest, and shrinks those of other classes that fire.
fn visit<M: Metric>(
    state: &State,
    parts: &mut PartsMut,
    query: &[M::Code],
    class: u16,
    floor: u32,
    papers: bool,
) -> Pass {
    let codes: &[M::Code] = bytemuck::try_cast_slice(parts.codes).unwrap_or(&[]);
    let mut pass = Pass {
        own: None,
        other: u32::MAX,
        own_fired: u32::MAX,
        other_fired: None,
        other_index: 0,
        other_class: 0,
        conflicts: 0,
    };
    // Beyond `limit` no prototype is the nearest of its kind; beyond `fired` it does not matter whether one fires, as one
    // of the window's class fires nearer, save in the papers' rule, by which all that fire shrink.
    let (mut limit, mut fired) = (u32::MAX, u32::MAX);
    let (radii, all) = (&mut *parts.radius, &*parts.class);
    scan::<M>(query, codes, parts.norm, state.params.metric, usize::from(state.count), |key, index| {
        let Some(radius) = radii.get_mut(index) else { return 0 };
        // Before one of the window's class fires, most are neither nearest nor firing.
        if key >= limit && (key >= fired || key >= *radius) {
            return limit.max(fired);
        }
        let near = Nearest { key, index, class: all.get(index).copied().unwrap_or(0) };
        let fires = key < *radius;
        if near.class == class {
            pass.own_near(near, fires);
        } else {
            pass.other_near(near, fires);
            if papers && fires {
                pass.conflicts = pass.conflicts.saturating_add(1);
                *radius = key.max(floor);
            }
        }
        limit = pass.own.map_or(u32::MAX, |own| own.key).max(pass.other);
        fired = if papers { u32::MAX } else { pass.own_fired };
        limit.max(fired)
    });
    pass
}

impl Pass {
    // Apart from the loop, which has too few registers for all of it.
    #[inline(never)]
    fn own_near(&mut self, near: Nearest, fires: bool) {
        if self.own.is_none_or(|own| near.key < own.key) {
            self.own = Some(near);
        }
        if fires && near.key < self.own_fired {
            self.own_fired = near.key;
        }
    }

    #[inline(never)]
    fn other_near(&mut self, near: Nearest, fires: bool) {
        if near.key < self.other {
            self.other = near.key;
            self.other_index = near.index;
            self.other_class = near.class;
        }
        if fires && self.other_fired.is_none_or(|other| near.key < other.key) {
            self.other_fired = Some(near);
        }
    }
}

/// What the model says before it learns.
fn decide(state: &State, pass: &Pass, class: u16, right: bool, own: bool, other: bool) -> Decision {
    match pass.other_fired {
        Some(o) if other && o.key < pass.own_fired => Decision::Class(ClassId(o.class)),
        _ if own => Decision::Class(ClassId(class)),
        _ if !state.params.fallback || state.count == 0 => Decision::Unknown,
        _ => Decision::Class(ClassId(if right { class } else { pass.other_class })),
    }
}

fn count(state: &mut State, decision: Decision, class: u16) {
    let s = &mut state.statistics;
    s.learnt = s.learnt.saturating_add(1);
    let hit = decision == Decision::Class(ClassId(class));
    s.right = s.right.saturating_add(u32::from(hit));
    s.unknown = s.unknown.saturating_add(u32::from(decision == Decision::Unknown));
    let weight = 1.0 / s.learnt.min(100) as f32;
    s.recent_accuracy += (f32::from(u8::from(hit)) - s.recent_accuracy) * weight;
}

/// Time passes: whoever earns no merit ages. Only the mark moves, not each prototype.
fn pass_of_time(state: &mut State, parts: &mut PartsMut) {
    state.now += (state.params.fading * ONE as f32) as i32;
    const HIGH: i32 = 1 << 30;
    if state.now > HIGH {
        state.now -= HIGH;
        for standing in parts.standing.iter_mut() {
            *standing = standing.saturating_sub(HIGH);
        }
    }
}

/// The nearest prototype is of another class: it shrinks until it fires no more, and ages. Whether it fired.
fn err<M: Metric>(state: &State, parts: &mut PartsMut, pass: &Pass, floor: u32, ageing: bool) -> bool {
    let (Some(radius), Some(standing)) =
        (parts.radius.get_mut(pass.other_index), parts.standing.get_mut(pass.other_index))
    else {
        return false;
    };
    let fired = pass.other < *radius;
    if ageing {
        let scale = state.scale();
        let ratio = if fired { M::real(pass.other, &scale) / M::real(*radius, &scale) } else { 1.0 };
        *standing = standing.saturating_sub((ratio * ONE as f32) as i32);
    }
    if fired {
        *radius = pass.other.max(floor);
    }
    fired
}

/// The nearest prototype decided rightly.
fn reward<M: Metric>(state: &mut State, parts: &mut PartsMut, own: Nearest, ageing: bool, papers: bool) {
    let scale = state.scale();
    let distance = M::real(own.key, &scale);
    state.settled = state.settled.saturating_add(1).min(256);
    // Later ones count more, as n² to the n-th: the first were measured in a frame that knew little.
    let weight = 3.0 / (f32::from(state.settled) + 2.0);
    state.deviation += ((distance - state.mean_distance).abs() - state.deviation) * weight;
    state.mean_distance += (distance - state.mean_distance) * weight;
    if let (Some(hits), Some(mean)) = (parts.hits.get_mut(own.index), parts.distance.get_mut(own.index)) {
        *hits = hits.saturating_add(1);
        *mean += (distance - *mean) / f32::from((*hits).min(64));
    }
    if let (Some(standing), Some(radius)) = (parts.standing.get_mut(own.index), parts.radius.get_mut(own.index)) {
        if ageing {
            let ratio = if own.key < *radius { distance / M::real(*radius, &scale) } else { 1.0 };
            *standing = standing.saturating_add((ratio * ONE as f32) as i32).min(state.now.saturating_add(MERIT_LIMIT));
        }
        if !papers && own.key >= *radius {
            let now = M::real(*radius, &scale);
            let grown = now + (distance - now) * state.params.regrowth;
            *radius = M::to_key(grown.min(state.params.radius_max), &scale);
        }
    }
}

/// The distance usual from a prototype of this distance, its own and that of all averaged by `pooling`.
pub(crate) fn usual(state: &State, own: f32) -> f32 {
    (own + state.params.pooling * state.mean_distance) / (1.0 + state.params.pooling)
}

/// How far from a prototype of this distance a window may be and still be known: `reach` mean deviations beyond the
/// usual distance. So what is known follows from how much the windows of a class differ, whatever share of the total
/// deviation that is: nearly all of it with one class, little with many.
pub(crate) fn reach(state: &State, own: f32) -> f32 {
    // As if a few windows of a class that is alone had been seen before: 1 is their distance in total deviations.
    const PRIOR: f32 = 4.0;
    let n = f32::from(state.settled);
    let mean = (usual(state, own) * n + PRIOR) / (n + PRIOR);
    let deviation = (state.deviation * n + 0.1 * PRIOR) / (n + PRIOR);
    mean + state.params.reach * deviation
}

/// What a window becomes a prototype with.
struct Newcomer {
    class: u16,
    radius: u32,
    may_prune: bool,
}

/// Makes the window a prototype, in place of the oldest that may go if there is no room and `pruning` allows it.
fn place<M: Metric>(
    state: &mut State,
    parts: &mut PartsMut,
    query: &[M::Code],
    Newcomer { class, radius, may_prune }: Newcomer,
) -> Outcome {
    let used = usize::from(state.count);
    let mut pruned = None;
    let index = if state.count < state.capacity {
        state.count += 1;
        used
    } else {
        let all = parts.standing.iter().zip(parts.class.iter().zip(parts.siblings.iter())).take(used).enumerate();
        // Only one that has lost more merit than it earned may go, save of a class with more than twice as many
        // prototypes: so that classes learnt one after the other come to share the room.
        let own = parts.class.iter().take(used).position(|c| *c == class);
        let own = own.and_then(|i| parts.siblings.get(i)).map_or(0, |n| u32::from(*n));
        let mut oldest = i32::MAX;
        let mut victim = None;
        for (i, (standing, (its, siblings))) in all {
            let may_go = *standing < state.now || u32::from(*siblings) > 2 * own;
            if may_go && *standing < oldest && (*siblings > 1 || *its == class) {
                oldest = *standing;
                victim = Some(i);
            }
        }
        let (Some(i), true) = (victim, state.params.pruning && may_prune) else {
            state.statistics.refused = state.statistics.refused.saturating_add(1);
            return Outcome::Refused;
        };
        pruned = parts.class.get(i).map(|c| ClassId(*c));
        state.statistics.pruned = state.statistics.pruned.saturating_add(1);
        i
    };
    let mut siblings = 1;
    for (i, (its, n)) in parts.class.iter().zip(parts.siblings.iter_mut()).enumerate().take(used) {
        if i == index {
            continue;
        }
        if pruned == Some(ClassId(*its)) {
            *n = n.saturating_sub(1);
        }
        if *its == class {
            *n = n.saturating_add(1);
            siblings = *n;
        }
    }
    set(parts.class, index, class);
    set(parts.siblings, index, siblings);
    set(parts.hits, index, 1);
    set(parts.radius, index, radius);
    set(parts.standing, index, state.now);
    set(parts.distance, index, state.mean_distance);
    if let Some(code) = code_at(parts.codes, index, query.len()) {
        code.iter_mut().zip(query).for_each(|(to, from)| *to = *from);
        set(parts.norm, index, M::norm(query));
    }
    Outcome::Prototype { pruned }
}

pub(crate) fn set<T>(slice: &mut [T], index: usize, value: T) {
    if let Some(place) = slice.get_mut(index) {
        *place = value;
    }
}

/// The features of one prototype.
fn code_at<C: Code>(codes: &mut [u32], index: usize, stride: usize) -> Option<&mut [C]> {
    let codes: &mut [C] = bytemuck::try_cast_slice_mut(codes).ok()?;
    codes.get_mut(index * stride..(index + 1) * stride)
}

/// The prototype follows the window: as the mean of what it stands for at first, then by `moving` at least.
fn follow<M: Metric>(state: &mut State, parts: &mut PartsMut, index: usize, query: &[M::Code]) {
    let hits = f32::from(parts.hits.get(index).copied().unwrap_or(1));
    let rate = (256.0 * (1.0 / (hits + 1.0)).max(state.params.moving)) as i32;
    let mut dither = state.dither;
    if let Some(code) = code_at::<M::Code>(parts.codes, index, query.len()) {
        for (c, q) in code.iter_mut().zip(query) {
            // A linear congruential generator (Numerical Recipes): a step too small for the code is taken as often
            // as its size says, so that small steps add up.
            dither = dither.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *c = c.follow(*q, rate, (dither >> 24) as i32);
        }
        set(parts.norm, index, M::norm(code));
    }
    state.dither = dither;
}
