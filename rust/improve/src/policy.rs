//! What to do about drift: figures tell that something changed, not whether it is a move or a fault.
//!
//! | seen | known to be | off | notify | ask | auto |
//! |---|---|---|---|---|---|
//! | slow change within the cap | – | nothing | told | asked | absorbed |
//! | a step, or beyond the cap | new | nothing | told | asked, once | asked, once |
//! | | healthy, by an answer | nothing | recognised | recognised | recognised |
//! | | a fault, by an answer | nothing | alarm | alarm | alarm |
//!
//! A *case* is what a person was asked about: a place, given by [`VIEW`] numbers, and the answer. All that lies within [`Cap::alike`] of
//! it is the same case and is never asked about again. From the question to the answer, and at a fault, learning is frozen.

use crate::drift::{Sign, Signs};
use crate::level::Distance;

/// What may happen without a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Nothing is watched, and nothing learnt.
    Off,
    /// Drift is told, and nothing learnt.
    Notify,
    /// A person is asked, whatever the change is.
    #[default]
    Ask,
    /// Slow change within the cap is absorbed; a person is asked about all else.
    Auto,
}

/// How far change may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cap {
    /// Beyond so many times the median score of commissioning nothing is absorbed unasked.
    pub times: f32,
    /// Places no further apart than this, in the unit of the views (root mean square over their numbers), are alike.
    pub alike: f32,
    /// Quiet windows in a row after which an unanswered case is over: learning goes on, the question stays.
    pub quiet: u16,
}

impl Cap {
    /// For distances to nearest neighbours, and views in deviations of commissioning.
    pub const DEFAULT: Self = Self { times: 4.0, alike: 3.0, quiet: 64 };
}

/// Numbers that say where a window lies, in deviations of commissioning: features, or sums of them.
pub const VIEW: usize = 8;

/// Cases that are kept; the oldest answered one gives way.
pub const CASES: usize = 8;

/// What a window led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing changed that the policy cares about, or what was said before still holds.
    None,
    /// Told, once a change: it has drifted.
    Notify,
    /// The model may learn what it sees; call `Drift::settle` when it has.
    Absorb,
    /// A person is asked, with an alarm, about the case of this number; learning is frozen.
    Ask(u8),
    /// It looks like a case that was said to be healthy: the model of that time may be used, or this learnt anew.
    Recognised(u8),
    /// It looks like a case that was said to be a fault: alarm.
    Fault(u8),
    /// A person would have to be asked, and [`CASES`] questions are open: alarm, frozen.
    Full,
}

/// A place and what was said of it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Case {
    view: [f32; VIEW],
    healthy: Option<bool>,
}

/// What it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Usual,
    /// A change was told.
    Told,
    /// In a case.
    In(u8),
    Full,
}

/// The decisions of one life.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    policy: Policy,
    cap: Cap,
    cases: [Option<Case>; CASES],
    next: u8,
    state: State,
    quiet: u16,
}

impl Course {
    /// Nothing decided yet.
    pub const fn new(policy: Policy, cap: Cap) -> Self {
        Self { policy, cap, cases: [None; CASES], next: 0, state: State::Usual, quiet: 0 }
    }

    /// What the signs and distance of a window at this place lead to. Each change is decided once: while it lasts the answer is
    /// [`Decision::None`], until it is over or the place becomes another.
    pub fn decide(&mut self, signs: Signs, distance: Distance, view: &[f32; VIEW]) -> Decision {
        if self.policy == Policy::Off {
            return Decision::None;
        }
        // Written so that a distance that is not a number is far.
        let near = distance.times <= self.cap.times;
        let step = signs.sudden == Sign::Alarm || !near;
        if !step && signs.slow < Sign::Alarm {
            self.quiet = self.quiet.saturating_add(1);
            if self.quiet >= self.cap.quiet {
                self.state = State::Usual;
            }
            return Decision::None;
        }
        self.quiet = 0;
        if self.policy == Policy::Auto && !step {
            return if self.frozen() { Decision::None } else { Decision::Absorb };
        }
        if let Some(known) = self.like(view) {
            return self.known(known);
        }
        match (self.policy, self.state) {
            (Policy::Notify, State::Usual) => {
                self.state = State::Told;
                Decision::Notify
            }
            // What is open is answered first.
            (Policy::Notify, _) | (_, State::Full) => Decision::None,
            (_, State::In(case)) if self.answer_of(case).is_none() => Decision::None,
            _ => self.ask(view),
        }
    }

    /// The answer about a case: it is healthy, or a fault. `false` where there is no such case. Said again, it replaces what was said.
    /// After "healthy" let the model learn it, then call `Drift::reset`.
    pub fn answer(&mut self, number: u8, healthy: bool) -> bool {
        let Some(Some(case)) = self.cases.get_mut(usize::from(number)) else { return false };
        case.healthy = Some(healthy);
        if healthy && (self.state == State::In(number) || self.state == State::Full) {
            self.state = State::Usual;
        }
        true
    }

    /// Whether nothing may be learnt: a question is open about what is seen, or it is a fault.
    pub fn frozen(&self) -> bool {
        match self.state {
            State::In(case) => self.answer_of(case) != Some(true),
            State::Full => true,
            State::Usual | State::Told => false,
        }
    }

    /// Whether a window may be learnt unasked: only by [`Policy::Auto`], within the cap and while nothing is frozen.
    pub fn may_learn(&self, distance: Distance) -> bool {
        self.policy == Policy::Auto && distance.times <= self.cap.times && !self.frozen()
    }

    /// The number of the question that is open about what is seen.
    pub fn open(&self) -> Option<u8> {
        match self.state {
            State::In(case) if self.answer_of(case).is_none() => Some(case),
            _ => None,
        }
    }

    fn answer_of(&self, number: u8) -> Option<bool> {
        self.cases.get(usize::from(number)).copied().flatten().and_then(|case| case.healthy)
    }

    /// The nearest case that is alike.
    fn like(&self, view: &[f32; VIEW]) -> Option<u8> {
        let mut best = (self.cap.alike * self.cap.alike * VIEW as f32, None);
        for (number, case) in (0u8..).zip(&self.cases) {
            let Some(case) = case else { continue };
            let apart: f32 = case.view.iter().zip(view).map(|(a, b)| (a - b) * (a - b)).sum();
            if apart <= best.0 {
                best = (apart, Some(number));
            }
        }
        best.1
    }

    fn known(&mut self, number: u8) -> Decision {
        if self.state == State::In(number) {
            return Decision::None;
        }
        self.state = State::In(number);
        match self.answer_of(number) {
            Some(true) => Decision::Recognised(number),
            Some(false) => Decision::Fault(number),
            None => Decision::None,
        }
    }

    fn ask(&mut self, view: &[f32; VIEW]) -> Decision {
        // A free place, else the next that was answered.
        let free = self.cases.iter().position(Option::is_none);
        let from = usize::from(self.next);
        let answered = || {
            let mut places = (0..CASES).map(|i| (from + i) % CASES);
            places.find(|p| self.cases.get(*p).copied().flatten().is_some_and(|case| case.healthy.is_some()))
        };
        let Some(place) = free.or_else(answered) else {
            self.state = State::Full;
            return Decision::Full;
        };
        if let Some(case) = self.cases.get_mut(place) {
            *case = Some(Case { view: *view, healthy: None });
        }
        self.next = ((place + 1) % CASES) as u8;
        self.state = State::In(place as u8);
        Decision::Ask(place as u8)
    }
}

#[cfg(test)]
mod tests;
