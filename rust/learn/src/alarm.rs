//! From verdicts, one a window, to alarms: events with a begin, an end and a cause.
//!
//! The score of each window is put on one scale for all learners, the *level*: 1 at the threshold, above it beyond
//! ([`Bounds::level`]). What lies above the learner's `drift` is summed up and what lies below taken off, never below 0:
//!
//! ```text
//!  S ← min(max(0, S + level − drift), 2·limit)          begins: S ≥ limit
//! ```
//!
//! That is the cumulative sum of Page (1954): a strong fault reaches the limit in one window, a weak one by persistence. `count`
//! anomalous verdicts of the last `of` begin an alarm too. It ends when it has lasted for `hold` and no window has
//! been above the drift for `release`. Times are those at which windows end, so that a window longer than both ends it at once.

use crate::learner::{Answer, Bounds, Cause};
use crate::setting::{int, real};
use crate::{Decision, Micros, settings};

settings! {
    /// When an alarm begins and ends.
    pub struct Params {
        /// false alarms a day that a training's threshold aims at
        pub per_day: f32 = 0.1, "per-day", real(1e-4, 1e4), "";
        /// sum of scores above the threshold, in thresholds, that begins an alarm
        ///
        /// Of scores above the learner's drift, where it has one below the threshold.
        pub limit: f32 = 1.0, "limit", real(0.0, 1e3), "";
        /// anomalous windows of the last 'of' that begin one
        pub count: u8 = 8, "count", int(1, 32), "windows";
        /// windows among which 'count' are looked for
        pub of: u8 = 10, "of", int(1, 32), "windows";
        /// time that an alarm lasts at least
        pub hold: f32 = 1.0, "hold", real(0.0, 1e5), "s";
        /// time without anything unusual that ends one
        pub release: f32 = 1.0, "release", real(0.0, 1e5), "s";
    }
}

impl Params {
    /// False alarms per window that a threshold is to allow, of windows that follow one another every so many seconds.
    pub fn per_window(&self, seconds: f32) -> f32 {
        self.per_day * seconds / 86_400.0
    }
}

/// One alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// Its number, from 1.
    pub number: u32,
    /// The end of the window with which it began.
    pub begin: Micros,
    /// The end of the window with which it ended; `None` while it lasts.
    pub end: Option<Micros>,
    /// The highest level, its score, and when.
    pub peak: Peak,
}

/// The window of an alarm with the highest level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Its level: 1 at the threshold.
    pub level: f32,
    /// Its score, in the learner's unit.
    pub score: f32,
    /// When it ended.
    pub time: Micros,
    /// What contributed most to it, where the learner says.
    pub cause: Option<Cause>,
}

/// What a window changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// An alarm began with it.
    Begins(Episode),
    /// One ended with it.
    Ends(Episode),
}

/// The state of the logic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Alarm {
    sum: f32,
    /// A bit for each of the last windows, the newest lowest: it was anomalous.
    recent: u32,
    /// When a window was last above the drift.
    loud: Micros,
    count: u32,
    last: Option<Episode>,
}

impl Bounds {
    /// How far a score is on the way to the threshold, which is 1. Without finite bounds, and of a score that is not a number, the
    /// most.
    pub fn level(&self, score: f32) -> f32 {
        let above = score / self.upper;
        let level = if self.lower > 0.0 { above.max(self.lower / score) } else { above };
        if level < f32::MAX { level } else { f32::MAX }
    }
}

impl Alarm {
    /// Nothing yet.
    pub const NONE: Self = Self { sum: 0.0, recent: 0, loud: Micros(0), count: 0, last: None };

    /// The alarm that lasts.
    pub fn active(&self) -> Option<Episode> {
        self.last.filter(|e| e.end.is_none())
    }

    /// The newest alarm, over or not.
    pub const fn last(&self) -> Option<Episode> {
        self.last
    }

    /// Alarms that have begun.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The sum of what was above the drift.
    pub const fn sum(&self) -> f32 {
        self.sum
    }

    /// Takes in what a detector with these bounds said of a window that ended at `time`; of classes it takes nothing. A learner
    /// without bounds has no level between normal and anomalous: one such verdict counts twice the threshold.
    pub fn push(&mut self, params: &Params, bounds: Option<Bounds>, answer: &Answer, time: Micros) -> Option<Change> {
        let anomalous = match answer.verdict.decision {
            Decision::Normal => false,
            Decision::Anomalous => true,
            Decision::Class(_) | Decision::Unknown => return None,
        };
        let score = answer.verdict.score;
        let (level, drift) = match bounds {
            Some(bounds) => (bounds.level(score), bounds.drift),
            None => (if anomalous { 2.0 } else { 0.0 }, 1.0),
        };
        // Until the score rests on all that it is to rest on, it is not held against the threshold.
        let level = if answer.warm { level } else { level.min(drift) };
        self.sum = (self.sum + level - drift).max(0.0).min(2.0 * params.limit);
        self.recent = self.recent << 1 | u32::from(anomalous);
        if anomalous || level > drift {
            self.loud = time;
        }
        let of = u32::MAX >> (32 - u32::from(params.of).clamp(1, 32));
        let many = (self.recent & of).count_ones() >= u32::from(params.count);
        let peak = Peak { level, score, time, cause: answer.cause };
        let Some(mut episode) = self.active() else {
            // A limit of 0 is reached by what is above the drift, not by nothing.
            let begins = many || (self.sum >= params.limit && self.loud == time && level > drift);
            return begins.then(|| {
                self.count = self.count.saturating_add(1);
                let begun = Episode { number: self.count, begin: time, end: None, peak };
                self.last = Some(begun);
                Change::Begins(begun)
            });
        };
        if level > episode.peak.level {
            episode.peak = peak;
        }
        let since = |at: Micros| time.0.saturating_sub(at.0) as f32 * 1e-6;
        let over = self.loud != time && since(episode.begin) >= params.hold && since(self.loud) >= params.release;
        self.last = Some(episode);
        if over { self.end(time) } else { None }
    }

    /// Ends what lasts and forgets the windows before, as when another model judges from here on.
    pub fn end(&mut self, time: Micros) -> Option<Change> {
        let ended = self.active().map(|e| Episode { end: Some(time), ..e });
        *self = Self { sum: 0.0, recent: 0, last: ended.or(self.last), ..*self };
        ended.map(Change::Ends)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::Verdict;
    use std::vec::Vec;

    const ONE: Bounds = Bounds { lower: 0.0, upper: 2.0, drift: 1.0 };

    fn said(score: f32, upper: f32) -> Answer {
        Verdict { decision: if score >= upper { Decision::Anomalous } else { Decision::Normal }, score }.into()
    }

    /// A window each tenth of a second; the numbers of the windows with which alarms begin and end.
    fn run(params: &Params, bounds: Bounds, scores: &[f32]) -> (Vec<usize>, Vec<usize>, Alarm) {
        let (mut alarm, mut begins, mut ends) = (Alarm::NONE, Vec::new(), Vec::new());
        for (i, score) in scores.iter().enumerate() {
            let time = Micros((i as u64 + 1) * 100_000);
            match alarm.push(params, Some(bounds), &said(*score, bounds.upper), time) {
                Some(Change::Begins(e)) => {
                    assert_eq!((e.begin, e.end), (time, None));
                    begins.push(i);
                }
                Some(Change::Ends(e)) => {
                    assert_eq!(e.end, Some(time));
                    ends.push(i);
                }
                None => {}
            }
        }
        (begins, ends, alarm)
    }

    #[test]
    fn a_strong_fault_begins_at_once_and_a_weak_one_by_persistence() {
        let p = Params::DEFAULT;
        assert_eq!(run(&p, ONE, &[1.0, 1.0, 4.0, 4.0]).0, [2]);
        // Each is a quarter of a threshold beyond it: four make the limit.
        assert_eq!(run(&p, ONE, &[1.0, 2.5, 2.5, 2.5, 2.5, 2.5]).0, [4]);
        // With a drift of one half what never reaches the threshold begins one too.
        let half = Bounds { drift: 0.5, ..ONE };
        assert_eq!(run(&p, half, &[1.5; 6]).0, [3]);
        assert!(run(&p, half, &[1.0; 100]).0.is_empty());
        // Healthy windows in between take off what was summed up.
        assert!(run(&p, ONE, &[2.5, 1.0, 1.0].repeat(20)).0.is_empty());
    }

    #[test]
    fn n_of_m() {
        let p = Params { limit: 1e3, count: 2, of: 4, ..Params::DEFAULT };
        assert_eq!(run(&p, ONE, &[2.1, 0.0, 0.0, 0.0, 2.1, 0.0, 2.1]).0, [6]);
        let p = Params { count: 3, ..p };
        assert!(run(&p, ONE, &[2.1, 0.0, 0.0, 0.0, 2.1, 0.0, 2.1]).0.is_empty());
        // As many as are ever kept.
        let p = Params { count: 32, of: 32, ..p };
        assert_eq!(run(&p, ONE, &[2.1; 40]).0, [31]);
    }

    #[test]
    fn holds_and_releases() {
        let p = Params { hold: 1.0, release: 0.5, ..Params::DEFAULT };
        let mut scores = [1.0; 40];
        scores[0] = 9.0;
        assert_eq!(run(&p, ONE, &scores).1, [10]);
        scores[8] = 2.0;
        let (begins, ends, alarm) = run(&p, ONE, &scores);
        assert_eq!((begins, ends), (std::vec![0], std::vec![13]));
        let episode = alarm.last().unwrap();
        assert_eq!((episode.number, episode.begin.0, episode.end), (1, 100_000, Some(Micros(1_400_000))));
        assert_eq!((episode.peak.level, episode.peak.score, episode.peak.time.0), (4.5, 9.0, 100_000));
    }

    #[test]
    fn both_sides_nothing_and_classes() {
        let two = Bounds { lower: 1.0, upper: 4.0, drift: 1.0 };
        assert_eq!((two.level(8.0), two.level(0.25), two.level(2.0)), (2.0, 4.0, 0.5));
        assert_eq!((two.level(f32::NAN), two.level(0.0)), (f32::MAX, f32::MAX));
        let (mut alarm, p) = (Alarm::NONE, Params::DEFAULT);
        let class = Answer::from(Verdict { decision: Decision::Unknown, score: 9.0 });
        assert_eq!((alarm.push(&p, None, &class, Micros(1)), alarm), (None, Alarm::NONE));
        // A learner that says no more than normal or anomalous.
        assert!(matches!(alarm.push(&p, None, &said(2.0, 2.0), Micros(2)), Some(Change::Begins(_))));
        assert_eq!(alarm.count(), 1);
        // Another model.
        assert!(matches!(alarm.end(Micros(3)), Some(Change::Ends(e)) if e.end == Some(Micros(3))));
        assert_eq!((alarm.end(Micros(4)), alarm.active(), alarm.sum()), (None, None, 0.0));
        // An average that is not full begins nothing, whatever it is.
        let cold = Answer { warm: false, ..Verdict { decision: Decision::Normal, score: 99.0 }.into() };
        assert!((0..40).all(|i| alarm.push(&p, Some(ONE), &cold, Micros(i)).is_none()));
        // It takes tens of bytes.
        assert!(size_of::<Alarm>() <= 96, "{}", size_of::<Alarm>());
    }
}
