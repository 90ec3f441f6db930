//! `hone demo`: the whole story without typing. Collect and train on healthy vibration, judge it, drop the motor's supply,
//! see it found, go back to normal; then the figure of the score over time.

mod net;
mod recordings;
mod temperature;

use crate::device::flash::HostFlash;
use crate::device::rig::Condition;
use crate::device::session::{self, Handles, HostDevice, Next, NoInput, Script, Stdout, Time};
use crate::device::source::Source;
use crate::output;
use crate::plot::{self, Point, Span, Timeline};
use hone_engine::data::event::Event;
use hone_learn::Decision;
use hone_learn::learner::Estimate;
use hone_signal::Micros;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// A line on standard output.
macro_rules! say {
    ($($arg:tt)*) => { output::print(&format!("{}\n", format_args!($($arg)*))) };
}

/// What is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Tale {
    /// A motor, whose supply drops
    #[default]
    Motor,
    /// A room over some days, whose heater fails
    Temperature,
    /// A motor whose conditions a network learns, and learns again with half of its units
    Net,
}

/// What `hone demo` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// The story: a motor whose supply drops, a room whose heater fails, or a network that learns a motor's conditions
    #[arg(value_enum, default_value_t)]
    pub story: Tale,
    /// The picture to draw
    #[arg(long, default_value = "hone-demo.png", value_name = "FILE")]
    pub plot: PathBuf,
    /// Seed of the simulation
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// How the motor breaks: supply-drop, imbalance, bearing [default: supply-drop]
    #[arg(long, value_parser = fault, value_name = "CONDITION")]
    pub fault: Option<Condition>,
    /// Device seconds per second [default: 4 for the motor on a terminal, else as fast as it can]
    #[arg(long, value_name = "FACTOR", value_parser = pace)]
    pub pace: Option<f64>,
    /// Tell no story: write what the motor's sensor reads, running well and broken, as CSV files into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["plot", "fault", "pace", "story"])]
    pub recordings: Option<PathBuf>,
}

fn pace(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|p: &f64| p.is_finite() && *p > 0.0).ok_or_else(|| "takes a number above 0".into())
}

fn fault(name: &str) -> Result<Condition, String> {
    match Condition::from_name(name) {
        Some(c @ (Condition::SupplyDrop | Condition::Imbalance | Condition::Bearing)) => Ok(c),
        _ => Err("takes supply-drop, imbalance or bearing".into()),
    }
}

/// A verdict of the story.
#[derive(Clone, Copy, Debug)]
struct Seen {
    time: Micros,
    score: f32,
    decision: Decision,
    anomalous: bool,
    estimate: Option<Estimate>,
}

/// The device, its shell, and what was seen so far.
struct Story {
    device: HostDevice,
    handles: Handles,
    pace: Option<f64>,
    seen: Vec<Seen>,
    /// Loss, and accuracy on what is held back, of each pass of a training.
    passes: Vec<(f32, Option<f32>)>,
}

impl Story {
    fn new(device: HostDevice, handles: Handles, pace: Option<f64>) -> Self {
        Self { device, handles, pace, seen: Vec::new(), passes: Vec::new() }
    }

    /// Runs a command as if typed; only changes of verdict are printed. False when it failed.
    fn command(&mut self, line: &str) -> bool {
        say!("hone> {line}");
        let Self { device, handles, pace, seen, passes } = self;
        let mut watch = |event: &Event| {
            if let Event::TrainingPass { point, .. } = event {
                passes.push((point.loss, point.held_back));
                // Each tenth is enough to see that it learns.
                return point.pass % 10 == 0;
            }
            let Event::Verdict { time, answer, .. } = event else { return true };
            let verdict = &answer.verdict;
            let decision = verdict.decision;
            let changed = seen.last().is_none_or(|s| s.decision != decision);
            let anomalous = decision == Decision::Anomalous;
            seen.push(Seen { time: *time, score: verdict.score, decision, anomalous, estimate: answer.estimate });
            changed
        };
        let mut time = Script { device, watch: &mut watch, pace: *pace };
        let next = handles.line(line, &mut time, &mut NoInput, &mut Stdout);
        time.pause(Micros(10_000), &mut Stdout);
        next == Next::Go(Ok(()))
    }

    fn now(&self) -> Micros {
        self.device.now()
    }
}

/// Tells the story; fails when the fault is not found or the figure cannot be written.
pub fn demo(args: &DemoArgs) -> ExitCode {
    if let Some(folder) = &args.recordings {
        return output::exit(recordings::write(folder, args.seed));
    }
    if let Err(e) = output::replaceable(&args.plot, output::PICTURE) {
        output::error(&format!("cannot write the figure {}: {e}", args.plot.display()));
        return ExitCode::FAILURE;
    }
    if args.story != Tale::Motor && args.fault.is_some() {
        output::error("--fault is for the motor's story; leave it out");
        return ExitCode::FAILURE;
    }
    match args.story {
        Tale::Motor => {}
        Tale::Temperature => return temperature::tell(args),
        Tale::Net => return net::tell(args),
    }
    let device = session::device(Source::rig(args.seed), HostFlash::ram());
    let pace = args.pace.or_else(|| std::io::stdout().is_terminal().then_some(4.0));
    let handles = Handles::of(&device);
    let mut story = Story::new(device, handles, pace);
    let fault = args.fault.unwrap_or(Condition::SupplyDrop).name();

    say!("# A motor runs with an accelerometer on it, sampled at 1 kHz. The device knows nothing yet.");
    let mut well = story.command("sensor info");
    say!("# It collects windows of healthy vibration, trains on them, and takes the model into use.");
    well &= story.command("train --wait");
    let trained = story.now();
    // Each window's verdict is wanted for the figure; only changes are printed.
    story.handles.links.request.update(|w| w.verbose = true);
    say!("# Healthy vibration is judged normal.");
    well &= story.command("wait 6");
    say!("# Now the motor breaks: {fault}.");
    let begin = story.now();
    well &= story.command(&format!("rig {fault}"));
    well &= story.command("wait 5");
    say!("# And it is repaired.");
    let end = story.now();
    well &= story.command("rig normal");
    well &= story.command("wait 6");
    well &= story.command("stats");
    well &= judge(&story, fault, begin, end);
    well &= figure(&story, args, fault, trained, (begin, end));
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn seconds(span: Micros) -> f64 {
    span.0 as f64 / 1e6
}

/// Says how well the fault was found.
fn judge(story: &Story, fault: &str, begin: Micros, end: Micros) -> bool {
    let before = story.seen.iter().filter(|s| s.time < begin);
    let (alarms, healthy) = before.fold((0, 0), |(a, n), s| (a + u32::from(s.anomalous), n + 1));
    say!("# {alarms} of {healthy} healthy windows before the fault raised an alarm.");
    let Some(found) = story.seen.iter().find(|s| s.time >= begin && s.time < end && s.anomalous) else {
        say!("# The {fault} was NOT found.");
        return false;
    };
    say!("# The {fault} was found {:.2} s after it began.", seconds(Micros(found.time.0 - begin.0)));
    match story.seen.iter().rev().take_while(|s| s.time >= end && !s.anomalous).last() {
        Some(back) => {
            say!("# Normal again {:.2} s after it ended.", seconds(Micros(back.time.0 - end.0)));
            true
        }
        None => {
            say!("# The verdict did NOT go back to normal.");
            false
        }
    }
}

fn figure(story: &Story, args: &DemoArgs, fault: &str, trained: Micros, (begin, end): (Micros, Micros)) -> bool {
    let published = story.handles.links.published.get();
    let slot = published.and_then(|p| story.handles.console.pool().get(p.slot));
    let Some(((learner, slot), bounds)) =
        published.map(|p| p.learner).zip(slot.as_ref()).and_then(|of| of.1.model.bounds().map(|bounds| (of, bounds)))
    else {
        output::error("there is no model with a threshold, so there is nothing to draw");
        return false;
    };
    let points = story.seen.iter().map(|s| Point {
        time_s: seconds(s.time),
        score: s.score,
        alarmed: s.anomalous,
        starts: false,
    });
    let timeline = Timeline {
        title: format!("The default detector on a simulated motor: {fault}"),
        subtitle: format!(
            "{}, trained on the device from {} windows; windows of {} frames at {} Hz",
            learner.name(),
            slot.report().map_or(0, |report| report.rows),
            hone_engine::capacity::WINDOW_FRAMES,
            hone_engine::capacity::SAMPLE_RATE_HZ,
        ),
        score: "score".to_owned(),
        threshold: Some(bounds.upper),
        lower_threshold: (bounds.lower > 0.0).then_some(bounds.lower),
        points: points.collect(),
        spans: vec![Span { start_s: seconds(begin), end_s: seconds(end), label: fault.to_owned() }],
        events: vec![(seconds(trained), "model in use".to_owned())],
    };
    match plot::anomaly_timeline(&args.plot, &timeline) {
        Ok(()) => {
            say!("# The score over time with threshold, fault and verdicts is drawn in {}.", args.plot.display());
            true
        }
        Err(error) => {
            output::error(&error.to_string());
            false
        }
    }
}
