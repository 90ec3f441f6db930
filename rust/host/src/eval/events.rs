//! Figures by event, as an operator meets them: faults found and how late, and how often someone is called for nothing.
//! `docs/evaluation.md` has the definitions and where they are from.

use super::judge::Result1;
use crate::dataset::Dataset;
use crate::statistics::poisson_interval;
use serde::Serialize;
use std::fmt::Write as _;
use std::ops::Range;

/// A day, seconds.
const DAY: f64 = 86_400.0;

/// Figures by event.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Events {
    /// True events: runs of anomalous windows of one stream.
    pub events: usize,
    /// Those with an alarm.
    pub detected: usize,
    /// Alarms: runs of windows in alarm of one stream.
    pub alarms: usize,
    /// Those that begin outside of every event and its tolerance.
    pub false_alarms: usize,
    /// detected/(detected + false_alarms).
    pub precision: Option<f64>,
    /// detected/events.
    pub recall: Option<f64>,
    /// Their harmonic mean.
    pub f1: Option<f64>,
    /// Share of the windows in alarm that are anomalous.
    pub precision_time: Option<f64>,
    /// Harmonic mean of `precision_time` and `recall`.
    pub f1_composite: Option<f64>,
    /// Seconds before and behind an event in which an alarm may begin and be the event's.
    pub tolerance_s: f64,
    /// Further seconds behind it, in which verdicts still rest on its windows.
    pub memory_s: f64,
    /// Seconds that were normal.
    pub normal_s: f64,
    /// Share of normal windows in alarm.
    pub normal_in_alarm: Option<f64>,
    /// False alarms over the days that were normal.
    pub false_alarms_per_day: Option<f64>,
    /// Lower end of its 95 % interval, false alarms being Poisson distributed.
    pub false_alarms_per_day_low: Option<f64>,
    /// Upper end.
    pub false_alarms_per_day_high: Option<f64>,
    /// Mean delay of the events detected, seconds.
    pub delay_s: Option<f64>,
    /// The events class by class.
    pub by_class: Vec<ByFault>,
}

impl Events {
    /// The figures that matter most, for the table of the report.
    pub(super) fn lines(&self, line: &mut impl FnMut(&str, String)) {
        let share = |s: Option<f64>| s.map_or("-".into(), |s| format!("{s:.4}"));
        line("F1 by event", share(self.f1));
        let (time, unit) = duration(self.normal_s);
        line("false alarms", format!("{} in {time:.1} {unit}", self.false_alarms));
        if let (Some(low), Some(high)) = (self.false_alarms_per_day_low, self.false_alarms_per_day_high) {
            let rate = self.false_alarms_per_day.map_or("-".into(), rate);
            line("false alarms a day", format!("{rate} ({} to {})", self::rate(low), self::rate(high)));
        }
    }

    /// Delay by fault.
    pub(super) fn table(&self, text: &mut String) {
        let widest = self.by_class.iter().map(|c| c.class.chars().count()).max().unwrap_or(0).max(12);
        let _ = writeln!(
            text,
            "\n  {:<widest$}  {:>8}  {:>8}  {:>10}  {:>10}",
            "fault", "events", "detected", "delay, s", "greatest"
        );
        for c in &self.by_class {
            let seconds = |s: Option<f64>| s.map_or("-".into(), |s| format!("{s:.3}"));
            let (delay, greatest) = (seconds(c.delay_s), seconds(c.delay_greatest_s));
            let _ = writeln!(
                text,
                "  {:<widest$}  {:>8}  {:>8}  {delay:>10}  {greatest:>10}",
                c.class, c.events, c.detected
            );
        }
    }
}

/// A time in the unit in which it is best read.
fn duration(seconds: f64) -> (f64, &'static str) {
    match seconds {
        s if s > 3.0 * DAY => (s / DAY, "days"),
        s if s > 3.0 * 3600.0 => (s / 3600.0, "h"),
        s => (s, "s"),
    }
}

/// A number of three digits.
pub(super) fn rate(value: f64) -> String {
    let decimals = if value == 0.0 || value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

/// The events of a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ByFault {
    /// The class.
    pub class: String,
    /// Events of it.
    pub events: usize,
    /// Those with an alarm.
    pub detected: usize,
    /// Mean delay of those, seconds.
    pub delay_s: Option<f64>,
    /// The longest of those.
    pub delay_greatest_s: Option<f64>,
}

/// How near an alarm is to begin to an event to be its, seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tolerance {
    /// Before and behind.
    pub around: f64,
    /// Further behind: what a verdict rests on.
    pub memory: f64,
}

/// A judged window, as far as events go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// Index of the class where it is anomalous.
    pub fault: Option<usize>,
    pub from_s: f64,
    pub to_s: f64,
    /// Whether a stream begins with it.
    pub starts: bool,
}

/// The test part, as far as events go.
pub(super) fn moments(set: &Dataset, results: &[Result1]) -> Vec<Moment> {
    let fault = |class: usize| set.classes.get(class).filter(|c| c.anomalous).map(|_| class);
    let moment = |r: &Result1| Moment { fault: fault(r.class), from_s: r.from_s, to_s: r.to_s, starts: r.starts };
    results.iter().map(moment).collect()
}

/// Runs of moments of one stream of which `of` says the same, where it says something.
pub(super) fn runs<K: PartialEq>(moments: &[Moment], of: impl Fn(usize, &Moment) -> Option<K>) -> Vec<Range<usize>> {
    let (mut runs, mut last): (Vec<Range<usize>>, Option<K>) = (Vec::new(), None);
    for (i, moment) in moments.iter().enumerate() {
        let now = of(i, moment);
        match runs.last_mut().filter(|r| r.end == i && !moment.starts && now == last) {
            Some(run) if now.is_some() => run.end = i + 1,
            _ if now.is_some() => runs.push(i..i + 1),
            _ => {}
        }
        last = now;
    }
    runs
}

/// The figures where `on` says at which windows the alarm was on.
pub(super) fn figures(moments: &[Moment], on: &[bool], tolerance: Tolerance, names: &[&str]) -> Events {
    let is_on = |i: usize| on.get(i).copied().unwrap_or(false);
    let at = |i: usize| moments.get(i);
    // The stream of each window, by which alarms of one recording are never those of another.
    let streams: Vec<usize> = moments
        .iter()
        .scan(0, |stream, m| {
            *stream += usize::from(m.starts);
            Some(*stream)
        })
        .collect();
    let events = runs(moments, |_, m| m.fault);
    let alarms = runs(moments, |i, _| is_on(i).then_some(()));
    // When it is known: at the end of the window.
    let raised = |alarm: &Range<usize>| at(alarm.start).map_or(f64::NAN, |m| m.to_s);
    let same_stream = |a: &Range<usize>, b: &Range<usize>| streams.get(a.start) == streams.get(b.start);
    let bounds = |event: &Range<usize>| {
        let (from, to) = (at(event.start).map(|m| m.from_s), at(event.end.wrapping_sub(1)).map(|m| m.to_s));
        from.zip(to).unwrap_or((f64::NAN, f64::NAN))
    };
    // A microsecond, as of the device's clock: sums of durations are rarely exact.
    let begins_in = |alarm: &Range<usize>, event: &Range<usize>| {
        let (from, to) = bounds(event);
        let t = raised(alarm);
        same_stream(alarm, event)
            && t > from - tolerance.around + 1e-6
            && t <= to + tolerance.around + tolerance.memory + 1e-6
    };
    let delay = |event: &Range<usize>| {
        let (from, _) = bounds(event);
        let within = event.clone().find(|i| is_on(*i)).and_then(at).map(|m| m.to_s);
        let beside = alarms.iter().filter(|a| begins_in(a, event)).map(raised).reduce(f64::min);
        let known = within.into_iter().chain(beside).reduce(f64::min)?;
        Some((known - from).max(0.0))
    };
    let delays: Vec<(usize, Option<f64>)> =
        events.iter().map(|e| (at(e.start).and_then(|m| m.fault).unwrap_or(usize::MAX), delay(e))).collect();
    let false_alarms = alarms.iter().filter(|a| !events.iter().any(|e| begins_in(a, e))).count();
    let normal = runs(moments, |_, m| m.fault.is_none().then_some(()));
    let normal_s: f64 = normal.iter().map(bounds).map(|(from, to)| to - from).sum();
    let count = |keep: &dyn Fn(bool, bool) -> bool| {
        moments.iter().enumerate().filter(|(i, m)| keep(m.fault.is_some(), is_on(*i))).count()
    };
    let found: Vec<f64> = delays.iter().filter_map(|d| d.1).collect();
    let recall = share(found.len(), events.len());
    let precision = share(found.len(), found.len() + false_alarms);
    let precision_time = share(count(&|fault, on| fault && on), count(&|_, on| on));
    let per_day = |alarms: f64| (normal_s > 0.0).then(|| alarms * DAY / normal_s);
    let (low, high) = poisson_interval(false_alarms);
    Events {
        events: events.len(),
        detected: found.len(),
        alarms: alarms.len(),
        false_alarms,
        precision,
        recall,
        f1: harmonic(precision, recall),
        precision_time,
        f1_composite: harmonic(precision_time, recall),
        tolerance_s: tolerance.around,
        memory_s: tolerance.memory,
        normal_s,
        normal_in_alarm: share(count(&|fault, on| !fault && on), count(&|fault, _| !fault)),
        false_alarms_per_day: per_day(false_alarms as f64),
        false_alarms_per_day_low: per_day(low),
        false_alarms_per_day_high: per_day(high),
        delay_s: mean(&found),
        by_class: by_class(&delays, names),
    }
}

fn by_class(delays: &[(usize, Option<f64>)], names: &[&str]) -> Vec<ByFault> {
    let of = |(class, name): (usize, &&str)| {
        let events = delays.iter().filter(|d| d.0 == class);
        let found: Vec<f64> = events.clone().filter_map(|d| d.1).collect();
        ByFault {
            class: (*name).to_owned(),
            events: events.count(),
            detected: found.len(),
            delay_s: mean(&found),
            delay_greatest_s: found.iter().copied().reduce(f64::max),
        }
    };
    names.iter().enumerate().map(of).filter(|c| c.events > 0).collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn harmonic(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    let (a, b) = a.zip(b)?;
    Some(if a + b > 0.0 { 2.0 * a * b / (a + b) } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Tolerance = Tolerance { around: 0.0, memory: 0.0 };

    /// Windows of a second: `.` normal, a letter a fault, `|` before the first of a stream.
    fn moments(text: &str) -> Vec<Moment> {
        let (mut all, mut starts) = (Vec::new(), true);
        for c in text.chars() {
            if c == '|' {
                starts = true;
                continue;
            }
            let from_s = all.len() as f64;
            let fault = c.is_ascii_lowercase().then(|| (c as u8 - b'a') as usize);
            all.push(Moment { fault, from_s, to_s: from_s + 1.0, starts });
            starts = false;
        }
        all
    }

    fn on(text: &str) -> Vec<bool> {
        text.chars().filter(|c| *c != '|').map(|c| c == '#').collect()
    }

    fn of(truth: &str, alarms: &str, tolerance: Tolerance) -> Events {
        figures(&moments(truth), &on(alarms), tolerance, &["leak", "crack"])
    }

    #[test]
    fn events_and_alarms_by_hand() {
        //         0         1         2
        let e = of(
            "..aaaa....bb....|..aa..", //
            ".#..##.#........|....#.",
            NONE,
        );
        // Of three events one is found, at its third window; the alarm of second 1 is false, and so are those behind events.
        assert_eq!((e.events, e.detected, e.alarms, e.false_alarms), (3, 1, 4, 3));
        let near = |a: Option<f64>, b: f64| assert!((a.unwrap() - b).abs() < 1e-12, "{a:?}, not {b}");
        near(e.precision, 1.0 / 4.0);
        near(e.recall, 1.0 / 3.0);
        near(e.f1, 2.0 / 7.0);
        near(e.precision_time, 2.0 / 5.0);
        near(e.f1_composite, 4.0 / 11.0);
        assert_eq!((e.normal_s, e.normal_in_alarm), (14.0, Some(3.0 / 14.0)));
        assert_eq!(e.delay_s, Some(3.0));
        let leak = &e.by_class[0];
        assert_eq!((leak.class.as_str(), leak.events, leak.detected, leak.delay_s), ("leak", 2, 1, Some(3.0)));
        let crack = &e.by_class[1];
        assert_eq!((crack.events, crack.detected, crack.delay_s, crack.delay_greatest_s), (1, 0, None, None));
        // Three in 14 s: 3·86400/14 a day, and Garwood's 0.619 and 8.767 likewise.
        let day = 86_400.0 / 14.0;
        assert!((e.false_alarms_per_day.unwrap() - 3.0 * day).abs() < 1e-6);
        assert!((e.false_alarms_per_day_low.unwrap() / day - 0.619).abs() < 1e-3);
        assert!((e.false_alarms_per_day_high.unwrap() / day - 8.767).abs() < 1e-3);
    }

    #[test]
    fn a_tolerance_reaches_before_and_behind_and_never_into_another_stream() {
        let (truth, alarms) = ("...aa...|.....", "..#...#.|#....");
        let strict = of(truth, alarms, NONE);
        assert_eq!((strict.detected, strict.false_alarms), (0, 3));
        // The alarm of second 2 is known at 3, when the event begins: a tolerance of more than nothing makes it the event's.
        let around = of(truth, alarms, Tolerance { around: 1.0, memory: 0.0 });
        assert_eq!((around.detected, around.false_alarms, around.delay_s), (1, 2, Some(0.0)));
        let behind = of(truth, alarms, Tolerance { around: 1.0, memory: 1.0 });
        assert_eq!((behind.detected, behind.false_alarms), (1, 1));
        // However long: the alarm of the second stream stays false.
        assert_eq!(of(truth, alarms, Tolerance { around: 50.0, memory: 50.0 }).false_alarms, 1);
    }

    #[test]
    fn who_always_alarms_finds_all_and_is_no_detector() {
        let e = of("..aa..aa..", "##########", NONE);
        assert_eq!((e.detected, e.alarms, e.false_alarms), (2, 1, 1));
        // Point adjustment would give 1; here time in alarm counts.
        assert_eq!((e.recall, e.normal_in_alarm, e.precision_time), (Some(1.0), Some(1.0), Some(0.4)));
        assert!(e.f1_composite.unwrap() < 0.6);
    }

    #[test]
    fn nothing_said_and_nothing_there() {
        let quiet = of("..aa..", "......", NONE);
        assert_eq!((quiet.precision, quiet.recall, quiet.f1, quiet.delay_s), (None, Some(0.0), None, None));
        let well = of("......", "......", NONE);
        assert_eq!((well.recall, well.false_alarms_per_day, well.by_class.len()), (None, Some(0.0), 0));
        let ill = of("aaa", "###", NONE);
        assert_eq!((ill.false_alarms_per_day, ill.normal_in_alarm, ill.precision), (None, None, Some(1.0)));
        // Two faults side by side are two events.
        assert_eq!(of("aabb", "....", NONE).events, 2);
    }
}
