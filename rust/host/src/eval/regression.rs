//! A number foretold, frame by frame, with its interval: how near it comes, and how often the interval holds.

use super::learner::{EvalError, Input};
use super::report::Report;
use super::table::{self, Contracted};
use super::{EvalArgs, LearnerName, Training, args, sound};
use crate::dataset::{Dataset, Part, Recordings, Source};
use crate::plot::{self, Band, BandPoint};
use hone_learn::learner::{Answer, Sees};
use hone_learn::{Decision, Faults, Micros, WindowView};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;

/// The figures, over frames that are normal and have an interval; values in the channel's unit.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// The channel.
    pub channel: String,
    /// Frames that the figures are of.
    pub frames: usize,
    /// Normal frames without an interval: at the start, after a gap, where nothing learnt bears upon the inputs.
    pub without: usize,
    /// Mean squared error.
    pub mse: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// 1 less the squared errors over the squared deviations from the mean of these frames.
    pub r2: f64,
    /// The mean squared error had each value been foretold to be the one before it.
    pub mse_of_last: f64,
    /// The mean squared error over what was learnt, by the model that came of it; none where it learns on.
    pub mse_learnt: Option<f64>,
    /// Share of values within the interval.
    pub coverage: f64,
    /// Mean width of the interval.
    pub mean_width: f64,
}

impl Figures {
    /// For people.
    pub fn table(&self, text: &mut String) {
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "  {name:<28} {value:>12}");
        };
        line("frames with an interval", self.frames.to_string());
        line("without", self.without.to_string());
        line("MSE", format!("{:.4}", self.mse));
        line("  of the value before", format!("{:.4}", self.mse_of_last));
        line("  over what was learnt", self.mse_learnt.map_or("-".into(), |m| format!("{m:.4}")));
        line("MAE", format!("{:.4}", self.mae));
        line("R2", format!("{:.4}", self.r2));
        line("coverage", format!("{:.4}", self.coverage));
        line("mean width", format!("{:.4}", self.mean_width));
    }
}

/// One frame: what was foretold of it, and what it was.
#[derive(Clone, Copy, Debug)]
struct Told {
    time_s: f64,
    answer: Answer,
    seen: f64,
    anomalous: bool,
    starts: bool,
}

/// Trains on the windows to train and calibrate on, and foretells each frame of the test part.
///
/// # Errors
/// [`EvalError`].
pub(super) fn evaluate(args: &EvalArgs, source: &Source, set: &Dataset) -> Result<(Report, Vec<PathBuf>), EvalError> {
    let LearnerName::Table(learner) = args.learner else {
        return Err(EvalError::NotServed(format!(
            "{} asks for a number to be predicted; use --learner linear",
            set.name
        )));
    };
    if args.protocol != args::Protocol::Holdout || args.form().is_some() {
        let text = "a number is predicted with --protocol holdout, without --quantize, --compress and --prune";
        return Err(EvalError::NotServed(text.into()));
    }
    let Some(r) = set.recordings() else {
        let text = format!("{} is a table of features; a number is predicted from recordings over time", set.name);
        return Err(EvalError::NotServed(text));
    };
    if r.step != r.length {
        return Err(EvalError::NotServed(format!(
            "{}: windows of a stream follow one another; leave out window.step",
            set.name
        )));
    }
    let mut learner = table::within(args.budget, learner)?;
    args.budget.image().map_or(Ok(()), |image| image.takes(set))?;
    args::configure(args, learner.as_mut())?;
    if learner.sees() == Sees::Rows {
        return Err(EvalError::NotServed(
            "recordings are predicted frame by frame; leave the setting from at stream".into(),
        ));
    }
    if !args.set.iter().any(|s| s.starts_with("frames=")) {
        learn_all(r, learner.as_mut());
    }
    sound::check(set)?;
    learner.fits(set)?;
    let training = learner.train(set, &mut || ())?;
    let target = usize::from(learner.whole("target").unwrap_or(0));
    let told = foretell(set, r, learner.as_mut(), target, Part::Test)?;
    let adapts = learner.settings().values().iter().any(|(key, value)| key == "adapt" && value != "off");
    // Behind the test part, so that this begins without earlier values as ever.
    let learnt = if adapts { Vec::new() } else { foretell(set, r, learner.as_mut(), target, Part::Train)? };
    let mut report = report(set, &training, &told);
    let mse_learnt = figures(r, target, &learnt).ok().map(|f| f.mse);
    report.regression = Some(Figures { mse_learnt, ..figures(r, target, &told)? });
    report.learner = learner.name().into();
    (report.dataset, report.title) = (set.name.clone(), set.title.clone());
    (report.task, report.protocol, report.budget) = ("regression".into(), "holdout".into(), args.budget.name().into());
    report.settings = learner.settings().values().into_iter().collect();
    sound::tell(set, learner.name(), &training, &mut report);
    if let Some(path) = &args.save {
        report.saved = args::saved(args, source, set, &learner.saved(training.report)?, path)?;
    }
    let mut files = Vec::new();
    if let Some(folder) = &args.plot {
        let path = folder.join(format!("{}-{}-band.png", set.name, learner.name()));
        plot::band(&path, &picture(set, &report, &told))?;
        files.push(path);
    }
    Ok((report, files))
}

/// Has it learn all there is to train on: the first window says how fast frames come, and after each gap earlier values come in.
fn learn_all(r: &Recordings, learner: &mut dyn Contracted) {
    let windows = || r.windows(Part::Train).chain(r.windows(Part::Calibrate));
    let gaps = windows().filter(|(_, w)| w.faults.any(Faults::GAP)).count();
    let lags = learner.whole("lags").map_or(0, usize::from);
    let frames = (windows().count().saturating_sub(1) * r.length).saturating_sub(gaps.max(1) * lags);
    // Too few are refused as they were by default.
    let _ = learner.set("frames", &frames.to_string());
}

/// Every frame of a part, one by one; nothing before the first counts.
fn foretell(
    set: &Dataset,
    r: &Recordings,
    learner: &mut dyn Contracted,
    target: usize,
    part: Part,
) -> Result<Vec<Told>, EvalError> {
    let interval = 1.0 / r.rate_hz;
    let scale = r.scales.get(target).copied().unwrap_or(1.0);
    let mut told = Vec::new();
    for (recording, window) in r.windows(part) {
        let held = r.held(recording, window, &set.classes)?;
        let view = held.view();
        let anomalous = set.classes.get(window.class).is_some_and(|c| c.anomalous);
        for (i, samples) in view.frames().enumerate() {
            let time_s = window.time.0 as f64 / 1e6 + i as f64 * interval;
            let begins = if told.is_empty() { Faults::GAP } else { Faults::NONE };
            let faults = if i == 0 { view.faults.with(begins) } else { Faults::NONE };
            let time = Micros((time_s * 1e6).round() as u64);
            let frame = WindowView { samples, time, faults, ..view };
            let answer = learner.answer(&Input::Window(frame))?;
            let seen = samples.get(target).map_or(f64::NAN, |s| f64::from(*s) * scale);
            told.push(Told { time_s, answer, seen, anomalous, starts: faults.any(Faults::GAP) });
        }
    }
    Ok(told)
}

fn report(set: &Dataset, training: &Training, told: &[Told]) -> Report {
    let alarms = |anomalous: bool| {
        let of = told.iter().filter(|t| t.anomalous == anomalous);
        let (alarms, all) = of.fold((0usize, 0usize), |(alarms, all), t| {
            (alarms + usize::from(t.answer.verdict.decision == Decision::Anomalous), all + 1)
        });
        (all > 0).then(|| alarms as f32 / all as f32)
    };
    Report {
        train_windows: training.windows,
        test_windows: set.count(Part::Test),
        model_bytes: training.model_bytes,
        model_ram_bytes: training.model_ram_bytes,
        workspace_bytes: training.workspace_bytes,
        false_alarm_rate: alarms(false),
        recall: alarms(true),
        ..Report::default()
    }
}

/// A value, what was expected, least and greatest.
struct Known {
    seen: f64,
    value: f64,
    lower: f64,
    upper: f64,
}

fn figures(r: &Recordings, target: usize, told: &[Told]) -> Result<Figures, EvalError> {
    let scale = r.scales.get(target).copied().unwrap_or(1.0);
    let normal = || told.iter().filter(|t| !t.anomalous);
    let known: Vec<Known> = normal()
        .filter_map(|t| {
            let e = t.answer.estimate?;
            let [value, lower, upper] = [e.value, e.lower, e.upper].map(|x| f64::from(x) * scale);
            Some(Known { seen: t.seen, value, lower, upper })
        })
        .collect();
    if known.is_empty() {
        return Err(EvalError::Data(
            "no frame to test has an interval, so there are no figures; give more to train on".into(),
        ));
    }
    let mean = |of: fn(&Known, f64) -> f64, at: f64| known.iter().map(|k| of(k, at)).sum::<f64>() / known.len() as f64;
    let level = mean(|k, _| k.seen, 0.0);
    let mse = mean(|k, _| (k.seen - k.value).powi(2), 0.0);
    let steps = told.iter().zip(told.iter().skip(1)).filter(|(a, b)| !b.starts && !a.anomalous && !b.anomalous);
    let (sum, count) = steps.fold((0.0, 0usize), |(sum, n), (a, b)| (sum + (b.seen - a.seen).powi(2), n + 1));
    Ok(Figures {
        channel: r.channel_names.get(target).cloned().unwrap_or_default(),
        frames: known.len(),
        without: normal().count() - known.len(),
        mse,
        mae: mean(|k, _| (k.seen - k.value).abs(), 0.0),
        r2: 1.0 - mse / mean(|k, level| (k.seen - level).powi(2), level).max(f64::MIN_POSITIVE),
        mse_of_last: sum / count.max(1) as f64,
        mse_learnt: None,
        coverage: mean(|k, _| f64::from(u8::from((k.lower..=k.upper).contains(&k.seen))), 0.0),
        mean_width: mean(|k, _| k.upper - k.lower, 0.0),
    })
}

fn picture(set: &Dataset, report: &Report, told: &[Told]) -> Band {
    let r = set.recordings();
    let figures = report.regression.clone().unwrap_or_default();
    let target = r.and_then(|r| r.channel_names.iter().position(|n| *n == figures.channel)).unwrap_or(0);
    let scale = r.and_then(|r| r.scales.get(target)).copied().unwrap_or(1.0);
    let point = |t: &Told| BandPoint {
        time_s: t.time_s,
        seen: t.seen,
        expected: t.answer.estimate.map(|e| [e.value, e.lower, e.upper].map(|x| f64::from(x) * scale)),
        alarmed: t.answer.verdict.decision == Decision::Anomalous,
        starts: t.starts,
    };
    let mut spans: Vec<plot::Span> = Vec::new();
    for pair in told.chunk_by(|a, b| a.anomalous == b.anomalous).filter(|run| run.iter().any(|t| t.anomalous)) {
        if let (Some(first), Some(last)) = (pair.first(), pair.last()) {
            spans.push(plot::Span { start_s: first.time_s, end_s: last.time_s, label: String::new() });
        }
    }
    Band {
        title: if set.title.is_empty() { set.name.clone() } else { set.title.clone() },
        subtitle: format!(
            "{}: coverage {:.3}, MSE {:.4}, R2 {:.3}",
            report.learner, figures.coverage, figures.mse, figures.r2
        ),
        value: figures.channel,
        points: told.iter().map(point).collect(),
        spans,
    }
}
