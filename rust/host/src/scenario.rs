//! `hone scenario`: experiments of the literature, repeated on what is simulated here, beside what was published.
//!
//! `switch` is that of the ESN autoencoder (Nawaiseh, De Vita, Bruneo): a magnetic switch on the motor's supply is opened and closed at random
//! for half an hour, the device judging window by window: by the paper's rule, and by the defaults here. `docs/evaluation.md` says what is
//! counted. `calibration` asks whether the false alarms that are asked for are those that come.

mod calibration;

use crate::device::flash::HostFlash;
use crate::device::rig::Condition;
use crate::device::session::{self, Handles, HostDevice, Next, NoInput, Script, Time};
use crate::device::source::{Control, Source};
use crate::output;
use crate::plot::{self, Point, Span, Timeline};
use hone_engine::capacity::{SAMPLE_RATE_HZ, SAMPLE_SECONDS, WINDOW_FRAMES};
use hone_engine::data::event::Event;
use hone_engine::text::Out;
use hone_learn::Decision;
use hone_learn::metrics::Outcomes;
use hone_numeric::rng::Rng;
use hone_signal::Micros;
use indicatif::ProgressBar;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Seconds between two switches: drawn evenly from these.
const DWELL_S: (u64, u64) = (5, 25);
/// Seconds that a picture shows.
const SHOWN_S: f64 = 180.0;
/// Precision, recall and F1 of the paper; it reports delays of about a second.
const PAPER: [f64; 3] = [0.808, 0.983, 0.887];

/// What is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Experiment {
    /// The supply of the simulated motor switched at random
    Switch,
    /// Many commissionings: are the false alarms as rare as was asked for?
    Calibration,
}

/// What `hone scenario` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ScenarioArgs {
    /// The experiment
    #[arg(value_enum)]
    pub experiment: Experiment,
    /// Seed of the simulation and of the switch
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Minutes of device time
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=43_200))]
    pub minutes: u32,
    /// Devices that are commissioned, of calibration [default: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub runs: Option<u32>,
    /// False alarms a day that they are asked for, of calibration [default: 100]
    #[arg(long, value_name = "R", value_parser = rate)]
    pub per_day: Option<f64>,
    /// Draw score, threshold and verdicts of each detector into this folder
    #[arg(long, value_name = "DIR")]
    pub plot: Option<PathBuf>,
    /// Print one JSON object on one line and nothing else
    #[arg(long)]
    pub json: bool,
}

/// A rate that `alarm.per-day` takes.
fn rate(text: &str) -> Result<f64, &'static str> {
    let taken = text.parse::<f64>().ok().filter(|r| (1e-4..=1e4).contains(r));
    taken.ok_or("a number from 0.0001 to 10000")
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Device time, minutes.
    pub minutes: u32,
    /// Times that the switch was opened or closed.
    pub switches: usize,
    /// The detectors, that by the paper's rule first.
    pub detectors: Vec<Figures>,
}

/// The figures of a detector.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// `paper` (an ESN by the paper's rule), `esn` or `knn`.
    pub name: &'static str,
    #[serde(skip)]
    title: &'static str,
    /// Windows judged.
    pub windows: u32,
    /// Right alarms over alarms, window by window.
    pub precision: Option<f64>,
    /// Right alarms over windows with the switch open.
    pub recall: Option<f64>,
    /// Their harmonic mean.
    pub f1: Option<f64>,
    /// The supply dropping.
    pub opened: Delays,
    /// The supply coming back.
    pub closed: Delays,
    /// Switch by switch: when, seconds; whether it was opened; delay, seconds.
    pub each: Vec<(f64, bool, Option<f64>)>,
}

/// Seconds from a switch to the end of the first window whose verdict is what it ought to be from there on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Delays {
    /// Switches.
    pub count: usize,
    /// Those not followed by such a window before the next switch.
    pub missed: usize,
    /// Mean of the others.
    pub mean_s: Option<f64>,
    /// The longest.
    pub greatest_s: Option<f64>,
}

/// A switch of the supply.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Switched {
    time: Micros,
    open: bool,
}

/// A verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    time: Micros,
    score: f32,
    anomalous: bool,
}

/// Hears nothing.
struct Quiet;

impl Out for Quiet {
    fn str(&mut self, _: &str) {}
}

/// A detector that takes part.
struct Detector {
    name: &'static str,
    /// Its column.
    title: &'static str,
    /// What the picture says of it, and of its score.
    what: &'static str,
    score: &'static str,
    /// What the device is told, the training last.
    commands: &'static [&'static str],
}

const DETECTORS: [Detector; 3] = [
    // The mean squared error of single windows against median + σ.
    Detector {
        name: "paper",
        title: "its rule here",
        what: "ESN, by the paper's rule",
        score: "MSE of a window",
        commands: &[
            "config set esn.score mse",
            "config set esn.rule sigma",
            "config set esn.k 1",
            "config set esn.average 1",
            "train esn --wait",
        ],
    },
    Detector {
        name: "esn",
        title: "esn",
        what: "ESN, by its default",
        score: "score, as averaged",
        commands: &["train esn --wait"],
    },
    Detector {
        name: "knn",
        title: "knn",
        what: "k nearest neighbours, by their default",
        score: "score, 1 at the threshold",
        commands: &["train knn --wait"],
    },
];

/// Repeats it.
///
/// # Errors
/// Text for people: the device refused, or a picture cannot be written.
pub fn run(args: &ScenarioArgs) -> Result<(), String> {
    match args.experiment {
        Experiment::Calibration => return calibration::run(args),
        Experiment::Switch if args.runs.is_some() || args.per_day.is_some() => {
            return Err("--runs and --per-day are of calibration; leave them out".into());
        }
        Experiment::Switch => {}
    }
    let (outcome, pictures) = outcome(args)?;
    let mut text = if args.json { outcome.json() } else { outcome.table() };
    if !args.json {
        pictures.iter().for_each(|path| text.push_str(&format!("  figure {}\n", path.display())));
    }
    output::print(&text);
    Ok(())
}

/// The figures of the switch, and the pictures drawn.
///
/// # Errors
/// As [`run`].
pub fn outcome(args: &ScenarioArgs) -> Result<(Outcome, Vec<PathBuf>), String> {
    let pictures: Vec<Option<PathBuf>> =
        DETECTORS.iter().map(|d| Some(args.plot.as_ref()?.join(format!("switch-{}.png", d.name)))).collect();
    for path in pictures.iter().flatten() {
        output::replaceable(path, output::PICTURE).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let bar = crate::eval::bar(u64::from(args.minutes) * DETECTORS.len() as u64, "device minutes");
    let mut outcome = Outcome { seed: args.seed, minutes: args.minutes, switches: 0, detectors: Vec::new() };
    for (detector, picture) in DETECTORS.iter().zip(&pictures) {
        let mut run = Run::begin(args.seed, detector.commands)?;
        run.go(args.seed, Micros(u64::from(args.minutes) * 60_000_000), &bar);
        outcome.switches = run.switches.len();
        outcome.detectors.push(figures(detector, &run.switches, &run.seen));
        if let Some(path) = picture {
            run.draw(path, detector)?;
        }
    }
    bar.finish_and_clear();
    Ok((outcome, pictures.into_iter().flatten().collect()))
}

/// A device on the simulated motor, and what it saw.
struct Run {
    device: HostDevice,
    handles: Handles,
    begun: Micros,
    switches: Vec<Switched>,
    seen: Vec<Seen>,
}

impl Run {
    /// A device that was trained on the motor running well.
    fn begin(seed: u64, commands: &[&str]) -> Result<Self, String> {
        let device = session::device(Source::rig(seed), HostFlash::ram());
        let handles = Handles::of(&device);
        let mut run = Self { device, handles, begun: Micros(0), switches: Vec::new(), seen: Vec::new() };
        for line in commands {
            let mut time = Script { device: &mut run.device, watch: &mut |_| false, pace: None };
            if run.handles.line(line, &mut time, &mut NoInput, &mut Quiet) != Next::Go(Ok(())) {
                return Err(format!("the device refused '{line}'; try it in 'hone'"));
            }
        }
        // All verdicts count, not only those that change.
        run.handles.links.request.update(|w| w.verbose = true);
        run.begun = run.device.now();
        Ok(run)
    }

    /// Switches at random for so long.
    fn go(&mut self, seed: u64, span: Micros, bar: &ProgressBar) {
        let end = self.begun.0 + span.0;
        let mut rng = Rng::new(seed ^ 0x5717_c4ed);
        let mut open = false;
        let before = bar.position();
        while self.device.now().0 < end {
            let (low, high) = DWELL_S;
            // In steps of 10 ms, so that switches fall anywhere in a window.
            let dwell = low * 100 + u64::from(rng.below(((high - low) * 100) as u32));
            let left = end - self.device.now().0;
            self.pause(Micros((dwell * 10_000).min(left)));
            bar.set_position(before + (self.device.now().0 - self.begun.0) / 60_000_000);
            if self.device.now().0 < end {
                open = !open;
                if let Control::Rig(rig) = &self.handles.sensor {
                    rig.set(if open { Condition::SupplyDrop } else { Condition::Normal });
                }
                self.switches.push(Switched { time: self.device.now(), open });
            }
        }
    }

    fn pause(&mut self, span: Micros) {
        let seen = &mut self.seen;
        let mut watch = |event: &Event| {
            if let Event::Verdict { time, answer, .. } = event {
                let verdict = &answer.verdict;
                seen.push(Seen {
                    time: *time,
                    score: verdict.score,
                    anomalous: verdict.decision == Decision::Anomalous,
                });
            }
            false
        };
        Script { device: &mut self.device, watch: &mut watch, pace: None }.pause(span, &mut Quiet);
    }

    /// The first minutes.
    fn draw(&self, path: &Path, detector: &Detector) -> Result<(), String> {
        let published = self.handles.links.published.get();
        let slot = published.and_then(|p| self.handles.console.pool().get(p.slot));
        let bounds = slot.as_ref().and_then(|s| s.model.bounds());
        let since = |time: Micros| (time.0.saturating_sub(self.begun.0)) as f64 / 1e6;
        let points = self.seen.iter().filter(|s| since(s.time) <= SHOWN_S).map(|s| Point {
            time_s: since(s.time),
            score: s.score,
            alarmed: s.anomalous,
            starts: false,
        });
        let opened = self.switches.iter().enumerate().filter(|(_, s)| s.open && since(s.time) < SHOWN_S);
        let until = |i: usize| self.switches.get(i + 1).map_or(SHOWN_S, |s| since(s.time)).min(SHOWN_S);
        let spans = opened.map(|(i, s)| Span { start_s: since(s.time), end_s: until(i), label: "switch open".into() });
        let timeline = Timeline {
            title: format!("A switch on the motor's supply: {}", detector.what),
            subtitle: format!("the first {SHOWN_S} s; windows of {WINDOW_FRAMES} frames at {SAMPLE_RATE_HZ} Hz"),
            score: detector.score.into(),
            threshold: bounds.map(|b| b.upper),
            lower_threshold: bounds.map(|b| b.lower).filter(|l| *l > 0.0),
            points: points.collect(),
            spans: spans.collect(),
            events: Vec::new(),
        };
        plot::anomaly_timeline(path, &timeline).map_err(|e| e.to_string())
    }
}

/// Whether the switch is open at a time.
fn open_at(switches: &[Switched], time: u64) -> bool {
    switches.iter().take_while(|s| s.time.0 <= time).last().is_some_and(|s| s.open)
}

/// The figures: a window is of the state that it is in for the greater part, that of its middle.
fn figures(detector: &Detector, switches: &[Switched], seen: &[Seen]) -> Figures {
    let half = (WINDOW_FRAMES as u64) * SAMPLE_SECONDS as u64 * 500_000 / SAMPLE_RATE_HZ as u64;
    let mut outcomes = Outcomes::default();
    seen.iter().for_each(|s| outcomes.add(open_at(switches, s.time.0.saturating_sub(half)), s.anomalous));
    let [tp, fp, fneg] = [outcomes.true_positive, outcomes.false_positive, outcomes.false_negative].map(f64::from);
    let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    let delay = |(i, s): (usize, &Switched)| {
        let end = switches.get(i + 1).map_or(u64::MAX, |next| next.time.0);
        let mut after = seen.iter().filter(|v| v.time.0 > s.time.0 && v.time.0 <= end);
        after.find(|v| v.anomalous == s.open).map(|v| (v.time.0 - s.time.0) as f64 / 1e6)
    };
    let each: Vec<(f64, bool, Option<f64>)> =
        switches.iter().enumerate().map(|at| (at.1.time.0 as f64 / 1e6, at.1.open, delay(at))).collect();
    let delays = |open: bool| {
        let of = each.iter().filter(|e| e.1 == open);
        let found: Vec<f64> = of.clone().filter_map(|e| e.2).collect();
        Delays {
            count: of.clone().count(),
            missed: of.filter(|e| e.2.is_none()).count(),
            mean_s: share(found.iter().sum(), found.len() as f64),
            greatest_s: found.iter().copied().reduce(f64::max),
        }
    };
    Figures {
        name: detector.name,
        title: detector.title,
        windows: seen.len() as u32,
        precision: share(tp, tp + fp),
        recall: share(tp, tp + fneg),
        f1: share(2.0 * tp, 2.0 * tp + fp + fneg),
        opened: delays(true),
        closed: delays(false),
        each,
    }
}

impl Outcome {
    fn json(&self) -> String {
        serde_json::to_string(self).map_or_else(|e| format!("{{\"error\":{:?}}}\n", e.to_string()), |t| t + "\n")
    }

    fn table(&self) -> String {
        let mut text = format!(
            "switch: the motor's supply opened and closed {} times in {} minutes, seed {}\n\n",
            self.switches, self.minutes, self.seed
        );
        let mut line = |name: &str, paper: &str, of: &dyn Fn(&Figures) -> String| {
            let _ = write!(text, "  {name:<24} {paper:>12}");
            self.detectors.iter().for_each(|r| {
                let _ = write!(text, " {:>16}", of(r));
            });
            text.push('\n');
        };
        let number = |v: Option<f64>| v.map_or("-".into(), |v| format!("{v:.3}"));
        line("", "in the paper", &|r| r.title.into());
        let [precision, recall, f1] = PAPER.map(|v| format!("{v:.3}"));
        line("precision", &precision, &|r| number(r.precision));
        line("recall", &recall, &|r| number(r.recall));
        line("F1", &f1, &|r| number(r.f1));
        line("windows", "", &|r| r.windows.to_string());
        for (name, of) in
            [("opened", (|r: &Figures| r.opened) as fn(&Figures) -> Delays), ("closed", |r: &Figures| r.closed)]
        {
            line(&format!("{name}: delay, s"), "about 1", &|r| number(of(r).mean_s));
            line("  greatest", "", &|r| number(of(r).greatest_s));
            line("  not seen", "", &|r| format!("{} of {}", of(r).missed, of(r).count));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_and_delays_by_hand() {
        let at = |seconds: f64| Micros((seconds * 1e6) as u64);
        let switches = [(10.0, true), (20.0, false), (30.0, true)].map(|(t, open)| Switched { time: at(t), open });
        // A verdict a second: a false alarm at 5, the first switch seen at 12, its end at 21, the second one never.
        let alarms = [5, 12, 13, 14, 15, 16, 17, 18, 19, 20];
        let seen: Vec<Seen> =
            (1..=40).map(|t| Seen { time: at(f64::from(t)), score: 0.0, anomalous: alarms.contains(&t) }).collect();
        let found = figures(&DETECTORS[1], &switches, &seen);
        // Windows are short here: the one that ends at 10 was closed, that of 20 open.
        assert_eq!((found.opened.count, found.opened.missed, found.opened.mean_s), (2, 1, Some(2.0)));
        assert_eq!((found.closed.count, found.closed.missed, found.closed.greatest_s), (1, 0, Some(1.0)));
        // Of 20 windows open (11 to 20, 31 to 40) nine raise an alarm, and one that is not.
        assert_eq!((found.precision, found.recall), (Some(0.9), Some(0.45)));
        assert!((found.f1.unwrap() - 0.6).abs() < 1e-12);
        assert_eq!(found.each[0], (10.0, true, Some(2.0)));
    }
}
