//! `hone scenario calibration`: many devices are commissioned on healthy motors of their own, each asked for so many false alarms a day, and
//! then run on for a while. How many of them raise more than was asked for?
//!
//! Counted are windows beyond the threshold, which is what `alarm.per-day` promises, and alarms. A device that keeps its promise to the letter
//! exceeds what is asked for in half of all such runs by chance alone, so two things are told: in how many runs there were more than asked
//! for, and in how many there were so many more that, with the true rate as asked, a Poisson count would be as large in one of twenty.

use super::{Quiet, ScenarioArgs};
use crate::device::flash::HostFlash;
use crate::device::session::{self, Handles, Next, NoInput, Script, Time};
use crate::device::source::Source;
use crate::output;
use hone_signal::Micros;
use rayon::prelude::*;
use serde::Serialize;
use statrs::distribution::{DiscreteCDF, Poisson};
use std::fmt::Write as _;

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Windows a day beyond the threshold that were asked for.
    pub per_day: f64,
    /// Device time after each commissioning, minutes.
    pub minutes: u32,
    /// Those expected in that time.
    pub expected: f64,
    /// Runs with more of them than that.
    pub more: usize,
    /// Runs with so many more that it is not by chance (one of twenty).
    pub exceeded: usize,
    /// Of each run, seeds ascending.
    pub runs: Vec<Commissioned>,
}

/// One device.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Commissioned {
    /// Its motor's.
    pub seed: u64,
    /// Windows judged.
    pub windows: u32,
    /// Those beyond the threshold.
    pub anomalous: u32,
    /// Alarms begun.
    pub alarms: u32,
}

/// Repeats it.
///
/// # Errors
/// Text for people: the device refused.
pub fn run(args: &ScenarioArgs) -> Result<(), String> {
    if args.plot.is_some() {
        return Err("calibration draws no picture; leave out --plot".into());
    }
    let (runs, per_day) = (args.runs.unwrap_or(20), args.per_day.unwrap_or(100.0));
    let bar = crate::eval::bar(u64::from(runs), "devices");
    let runs: Result<Vec<Commissioned>, String> = (0..u64::from(runs))
        .into_par_iter()
        .map(|n| {
            let run = commission(args.seed + n, per_day, args.minutes);
            bar.inc(1);
            run
        })
        .collect();
    bar.finish_and_clear();
    let outcome = Outcome::of(per_day, args.minutes, runs?);
    let text =
        if args.json { serde_json::to_string(&outcome).map_err(|e| e.to_string())? + "\n" } else { outcome.table() };
    output::print(&text);
    Ok(())
}

/// Trains the default detector, and counts for so long.
fn commission(seed: u64, per_day: f64, minutes: u32) -> Result<Commissioned, String> {
    let mut device = session::device(Source::rig(seed), HostFlash::ram());
    let handles = Handles::of(&device);
    for line in [format!("config set alarm.per-day {per_day}"), "train knn --wait".into()] {
        let mut time = Script { device: &mut device, watch: &mut |_| false, pace: None };
        if handles.line(&line, &mut time, &mut NoInput, &mut Quiet) != Next::Go(Ok(())) {
            return Err(format!("the device refused '{line}'; try it in 'hone'"));
        }
    }
    let before = handles.links.inference.get();
    let mut time = Script { device: &mut device, watch: &mut |_| false, pace: None };
    time.pause(Micros(u64::from(minutes) * 60_000_000), &mut Quiet);
    let after = handles.links.inference.get();
    Ok(Commissioned {
        seed,
        windows: after.windows - before.windows,
        anomalous: after.anomalous - before.anomalous,
        alarms: after.alarm.count() - before.alarm.count(),
    })
}

impl Outcome {
    fn of(per_day: f64, minutes: u32, runs: Vec<Commissioned>) -> Self {
        let expected = per_day * f64::from(minutes) / 1440.0;
        let chance = Poisson::new(expected).ok();
        // P(N >= n) at the rate asked for.
        let unlikely = |n: u32| n > 0 && chance.is_some_and(|poisson| 1.0 - poisson.cdf(u64::from(n) - 1) < 0.05);
        Self {
            per_day,
            minutes,
            expected,
            more: runs.iter().filter(|r| f64::from(r.anomalous) > expected).count(),
            exceeded: runs.iter().filter(|r| unlikely(r.anomalous)).count(),
            runs,
        }
    }

    fn table(&self) -> String {
        let all = self.runs.len();
        let mut counts: Vec<u32> = self.runs.iter().map(|r| r.anomalous).collect();
        counts.sort_unstable();
        let sum: u32 = counts.iter().sum();
        let alarms: u32 = self.runs.iter().map(|r| r.alarms).sum();
        let days = all as f64 * f64::from(self.minutes) / 1440.0;
        let mut text = format!(
            "calibration: {all} commissionings of the default detector on healthy motors, seeds {} to {}, {} minutes each\n\n",
            self.runs.first().map_or(0, |r| r.seed),
            self.runs.last().map_or(0, |r| r.seed),
            self.minutes
        );
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "  {name:<44} {value:>12}");
        };
        let at = |part: usize| counts.get((all.saturating_sub(1)) * part / 2).copied().unwrap_or(0).to_string();
        line("asked for, windows a day", format!("{}", self.per_day));
        line("so expected in a run", format!("{:.2}", self.expected));
        line("seen in a run, least", at(0));
        line("seen in a run, median", at(1));
        line("seen in a run, greatest", at(2));
        line("seen a day, over all runs", format!("{:.2}", f64::from(sum) / days));
        line("alarms a day, over all runs", format!("{:.2}", f64::from(alarms) / days));
        line("runs with more than expected", format!("{} of {all}", self.more));
        line("runs with more than chance would have", format!("{} of {all}", self.exceeded));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_chance() {
        let run = |anomalous| Commissioned { seed: 1, windows: 1000, anomalous, alarms: 0 };
        // Ten expected: P(N >= 15) is 0.083, P(N >= 16) is 0.049.
        let outcome = Outcome::of(1440.0, 10, [0, 10, 11, 15, 16].map(run).to_vec());
        assert_eq!((outcome.more, outcome.exceeded), (3, 1));
        assert!((outcome.expected - 10.0).abs() < 1e-9);
        // One where a thousandth is expected is too many, none is not.
        let rare = Outcome::of(0.144, 10, [0, 1].map(run).to_vec());
        assert_eq!((rare.more, rare.exceeded), (1, 1));
    }

    #[test]
    fn a_device_is_commissioned_and_counted() {
        let seen = commission(3, 1000.0, 2).unwrap();
        assert!((900..=940).contains(&seen.windows), "{seen:?}");
        assert!(seen.anomalous < seen.windows / 20);
        assert!(commission(3, -1.0, 1).unwrap_err().contains("alarm.per-day"));
    }
}
