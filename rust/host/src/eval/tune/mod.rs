//! `hone tune`: searches settings inside the training part alone, and says what they gain.

mod folds;
mod measure;
mod perturb;
mod search;
mod space;

use super::LearnerName;
use super::args::{self, EvalArgs};
use super::budget::Budget;
use super::learner::EvalError;
use crate::dataset::{Dataset, Source, Task, recordings_of};
use crate::output;
use clap::Args;
use folds::Blocks;
use hone_engine::learners;
use hone_numeric::rng::Rng;
use measure::{Asked, Limits, measure};
use rayon::prelude::*;
pub use search::Gain;
use search::{Trial, mean};
use serde::Serialize;
use space::Candidate;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What `hone tune` is told.
#[derive(Args, Clone, Debug)]
pub struct TuneArgs {
    /// The path of a manifest, or the name of one of the project's data sets
    pub manifest: String,
    /// The learner [default: esn for anomalies in recordings, linear for numbers, svm for others]
    #[arg(long, value_parser = LearnerName::parser())]
    pub learner: Option<LearnerName>,
    /// Set one of the learner's settings for good, as in --set average=3; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Search a setting, as in --search leak=0.1..1 or --search kernel=linear,rbf; those that matter most are searched in any case
    #[arg(long, value_name = "KEY=RANGE")]
    pub search: Vec<String>,
    /// Settings to try
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub trials: u16,
    /// Seconds after which no more are tried; what was found is then still compared with the default
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub time: Option<u32>,
    /// The board to learn within: its memory, and the order in which it learns
    #[arg(long, value_enum, default_value_t)]
    pub budget: Budget,
    /// The folder that the manifest's paths begin from [default: the manifest's own, else HONE_DATA, else ../shared/data]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Seed of the search and of the learner
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i32).range(0..))]
    pub seed: i32,
    /// Bytes of workspace that a training may take
    #[arg(long, value_name = "BYTES")]
    pub ram: Option<usize>,
    /// Bytes that the saved model may take
    #[arg(long, value_name = "BYTES")]
    pub flash: Option<usize>,
    /// Multiply-accumulates that judging a window may take, features apart (net)
    #[arg(long, value_name = "N")]
    pub macs: Option<usize>,
    /// Write what was found, if it is better, into this file: a script of 'config set' lines for a board's console
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print one JSON object on one line and nothing else
    #[arg(long)]
    pub json: bool,
}

/// How a file of settings begins.
const HEADER: &str = "# hone tune";

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tuned {
    /// The manifest's name.
    pub dataset: String,
    /// The learner.
    pub learner: String,
    /// `anomaly`, `classification` or `regression`.
    pub task: String,
    /// The budget.
    pub budget: String,
    /// What the scores are.
    pub criterion: String,
    /// Settings tried, the default aside.
    pub trials: usize,
    /// Of these could not be had: not accepted, or beyond the limits.
    pub refused: usize,
    /// Blocks that the scores are over.
    pub choosing_blocks: usize,
    /// Settings that are not the default's.
    pub settings: BTreeMap<String, String>,
    /// Their score on the blocks that chose.
    pub score: f64,
    /// The default's.
    pub score_default: f64,
    /// Anomalies: share of healthy windows held back that raise an alarm.
    pub false_alarm_rate: Option<f64>,
    /// The default's.
    pub false_alarm_rate_default: Option<f64>,
    /// What they gain on blocks that did not choose; `None` where it was broken off before.
    pub gain: Option<Gain>,
    /// Whether the gain is beyond what chance gives.
    pub better: bool,
    /// Bytes of workspace of a training.
    pub workspace_bytes: usize,
    /// Bytes of the saved model.
    pub model_bytes: usize,
    /// Multiply-accumulates of judging a window, where they are known.
    pub macs: Option<usize>,
    /// Whether the default is within the limits.
    pub default_within: bool,
    /// What else is to be known.
    pub notes: Vec<String>,
    /// For people.
    #[serde(skip)]
    shown: String,
}

/// Runs the subcommand.
///
/// # Errors
/// [`EvalError`], for standard error.
pub fn run(args: &TuneArgs) -> Result<(), EvalError> {
    static STOPPED: AtomicBool = AtomicBool::new(false);
    // The second one ends the program.
    let _ = ctrlc::set_handler(|| {
        if STOPPED.swap(true, Ordering::AcqRel) {
            std::process::exit(130);
        }
    });
    if let Some(path) = &args.out {
        let kept = output::replaceable(path, HEADER.as_bytes());
        kept.map_err(|e| EvalError::NotServed(format!("the file of --out {e}")))?;
    }
    let source = crate::dataset::find_manifest(&args.manifest)?;
    let tuned = tune(args, &source, &|| STOPPED.load(Ordering::Acquire))?;
    if let (Some(path), true) = (&args.out, tuned.better) {
        let script = tuned.script(args);
        let written = output::write_file(path, script.as_bytes());
        written.map_err(|e| EvalError::Learner(format!("{}: {e}", path.display())))?;
    }
    output::print(&if args.json { format!("{}\n", tuned.json()) } else { tuned.text(args) });
    Ok(())
}

/// Searches until `stopped`.
///
/// # Errors
/// [`EvalError`]: the data, the default settings, or what is to be searched.
pub fn tune(args: &TuneArgs, source: &Source, stopped: &(dyn Fn() -> bool + Sync)) -> Result<Tuned, EvalError> {
    let begun = Instant::now();
    let set = Dataset::training(source, &recordings_of(source, args.root.as_deref()))?;
    let learner = args.learner.unwrap_or_else(|| usual(&set));
    if set.task == Task::Anomaly && set.recordings().is_none() {
        return Err(EvalError::NotServed(format!(
            "{} is a table: of what is healthy alone no settings can be chosen, and rows of features cannot be perturbed as recordings can",
            set.name
        )));
    }
    let base = EvalArgs {
        manifest: Some(args.manifest.clone()),
        learner,
        set: args.set.clone(),
        budget: args.budget,
        root: args.root.clone(),
        ..EvalArgs::default()
    };
    let limits = Limits { ram: args.ram, flash: args.flash, macs: args.macs };
    let asked = Asked { args: &base, source, limits };
    let blocks = Blocks::of(&set)?;
    let folds = |which: Vec<usize>| which.into_iter().map(|b| blocks.fold(&set, b)).collect::<Vec<Dataset>>();
    let (choosing, confirming) = (folds(blocks.choosing(set.task)), folds(blocks.confirming(set.task)));
    let table = {
        let mut learner = args.budget.learner(learner)?;
        learner.adapt(&set);
        args::configure(&base, learner.as_mut())?;
        learner.settings()
    };
    let fixed: Vec<String> = args.set.iter().filter_map(|s| Some(s.split_once('=')?.0.trim().to_owned())).collect();
    let dimensions = space::space(&table, &fixed, &args.search)?;
    let mut rng = Rng::new(u64::from(args.seed.unsigned_abs()));
    let mut candidates: Vec<Candidate> = vec![Candidate::new()];
    // As many as can be told apart.
    for _ in 0..20 * usize::from(args.trials) {
        let candidate = space::draw(&dimensions, &table, &mut rng);
        if candidates.len() <= usize::from(args.trials) && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    let deadline = args.time.map(|s| begun + Duration::from_secs(s.into()));
    let stop = || stopped() || deadline.is_some_and(|d| Instant::now() > d);
    let bar = args::bar(search::trainings(candidates.len(), choosing.len()) as u64, "trainings");
    let outcome = args::on_threads(0, || {
        let (trials, best) = search::search(&asked, &choosing, candidates, args.seed, (&stop, &bar))?;
        let default = trials.first().cloned().unwrap_or_default();
        if limits.macs.is_some() && default.measured.iter().any(|m| m.macs.is_none()) {
            let text = format!("multiply-accumulates of {} are not known; leave out --macs", learner.name());
            return Err(EvalError::NotServed(text));
        }
        if best.is_empty() {
            return Err(EvalError::Learner("broken off before anything was known; give it more time".into()));
        }
        let within = default.measured.iter().all(|m| m.within(limits));
        let Some(at) = best.iter().find(|b| **b > 0 || within) else {
            return Err(EvalError::NotServed(beyond(&trials, limits)));
        };
        let chosen = trials.get(*at).cloned().unwrap_or_default();
        let scores = if chosen.settings.is_empty() || stopped() {
            None
        } else {
            bar.set_message("check");
            confirm(&asked, &confirming, &chosen.settings, args.seed, stopped)?
        };
        Ok((trials, chosen, within, scores))
    });
    bar.finish_and_clear();
    let first = choosing.first().unwrap_or(&set);
    let (trials, chosen, default_within, scores) = outcome.map_err(|e| args::with_a_board(e, &base, first))?;
    let default = trials.first().cloned().unwrap_or_default();
    let ratio = 1.0 / (blocks.count as f64 - 1.0).max(1.0);
    let gain = scores.and_then(|(d, t)| search::gain(&d, &t, ratio));
    let mut tuned = Tuned {
        dataset: set.name.clone(),
        learner: learner.name().into(),
        task: match set.task {
            Task::Anomaly => "anomaly",
            Task::Classification => "classification",
            Task::Regression => "regression",
        }
        .into(),
        budget: args.budget.name().into(),
        criterion: measure::criterion(set.task).into(),
        trials: trials.iter().skip(1).filter(|t| !t.measured.is_empty() || t.refused.is_some()).count(),
        refused: trials.iter().filter(|t| t.refused.is_some()).count(),
        choosing_blocks: chosen.measured.len(),
        settings: chosen.settings.iter().cloned().collect(),
        score: chosen.score(),
        score_default: mean(default.measured.iter().take(chosen.measured.len()).map(|m| m.score)),
        false_alarm_rate: rate(&chosen),
        false_alarm_rate_default: rate(&default),
        gain,
        // Within limits that the default is beyond, whatever is within them is what there is.
        better: !chosen.settings.is_empty() && (!default_within || gain.is_some_and(|g| g.is_told())),
        workspace_bytes: chosen.measured.iter().map(|m| m.workspace_bytes).max().unwrap_or(0),
        model_bytes: chosen.measured.iter().map(|m| m.model_bytes).max().unwrap_or(0),
        macs: chosen.measured.iter().find_map(|m| m.macs),
        default_within,
        notes: Vec::new(),
        shown: blocks.of.into(),
    };
    if set.task == Task::Anomaly {
        tuned.notes.push(
            "the training part has no faults; perturbed healthy windows stand for them, and real faults may be others"
                .into(),
        );
    }
    if stopped() {
        tuned.notes.push("broken off: the best so far, not compared on other blocks".into());
    } else if stop() {
        tuned.notes.push("the time was up before all was tried".into());
    }
    Ok(tuned)
}

type Scores = (Vec<Vec<f64>>, Vec<Vec<f64>>);

/// Scores of the default and of settings on folds that did not choose, with two seeds each; `None` where it was broken off.
fn confirm(
    asked: &Asked,
    folds: &[Dataset],
    settings: &Candidate,
    seed: i32,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Scores>, EvalError> {
    let none = Candidate::new();
    let seeds = [seed, seed.checked_add(1).unwrap_or(0)];
    let jobs: Vec<(&Candidate, &Dataset, i32)> =
        [&none, settings].into_iter().flat_map(|c| folds.iter().flat_map(move |f| seeds.map(|s| (c, f, s)))).collect();
    let run = |(settings, fold, seed): &(&Candidate, &Dataset, i32)| {
        if stopped() { Ok(None) } else { measure(asked, fold, settings, *seed).map(|m| Some(m.score)) }
    };
    let results: Vec<Result<Option<f64>, EvalError>> = jobs.par_iter().map(run).collect();
    let scores: Option<Vec<f64>> = results.into_iter().collect::<Result<_, _>>()?;
    let Some(scores) = scores else { return Ok(None) };
    let by_fold: Vec<Vec<f64>> = scores.chunks(seeds.len()).map(<[f64]>::to_vec).collect();
    let (default, tuned) = by_fold.split_at(folds.len().min(by_fold.len()));
    Ok(Some((default.to_vec(), tuned.to_vec())))
}

fn rate(trial: &Trial) -> Option<f64> {
    let rates: Option<Vec<f64>> = trial.measured.iter().map(|m| m.false_alarm_rate).collect();
    rates.filter(|r| !r.is_empty()).map(|r| mean(r.into_iter()))
}

/// Nothing is within the limits; how near the default is.
fn beyond(trials: &[Trial], limits: Limits) -> String {
    let default = trials.first().and_then(|t| t.measured.first()).copied().unwrap_or_default();
    let mut text = format!("none of {} settings is within the limits; the default takes", trials.len());
    let mut asked = |limit: Option<usize>, takes: Option<usize>, what: &str| {
        if let Some((limit, takes)) = limit.zip(takes) {
            let _ = write!(text, " {takes} {what} (limit {limit})");
        }
    };
    asked(limits.ram, Some(default.workspace_bytes), "B of workspace");
    asked(limits.flash, Some(default.model_bytes), "B of model");
    asked(limits.macs, default.macs, "multiply-accumulates");
    text + "; raise them, give more --trials, or --search smaller values"
}

/// The learner that serves a task most often.
fn usual(set: &Dataset) -> LearnerName {
    let linear = learners::Learner::ALL.iter().find(|l| l.name() == "linear");
    match (set.task, linear) {
        (Task::Anomaly, _) => LearnerName::Esn,
        (Task::Regression, Some(linear)) => LearnerName::Table(*linear),
        _ => LearnerName::Svm,
    }
}

/// The section of a setting on a device.
fn section(learner: &str, key: &str) -> String {
    let own = learners::Learner::from_name(learner).is_some_and(|l| l.settings().iter().any(|s| s.name == key));
    if own { learner.into() } else { "features".into() }
}

impl Tuned {
    /// One JSON object on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|e| format!("{{\"error\":{:?}}}", e.to_string()))
    }

    /// The lines that set it on a board.
    fn lines(&self) -> Vec<String> {
        let line =
            |(key, value): (&String, &String)| format!("config set {}.{key} {value}", section(&self.learner, key));
        self.settings.iter().map(line).collect()
    }

    /// A script for a device's shell.
    fn script(&self, args: &TuneArgs) -> String {
        let mut text =
            format!("{HEADER} {}, {}, budget {}, seed {}\n", self.dataset, self.learner, self.budget, args.seed);
        if let Some(g) = self.gain {
            let _ = writeln!(text, "# {}: {:+.4} ({:+.4} to {:+.4})", self.criterion, g.mean, g.low, g.high);
        }
        self.lines().iter().for_each(|line| text.push_str(&format!("{line}\n")));
        text
    }

    /// For people.
    fn text(&self, args: &TuneArgs) -> String {
        let mut text = format!(
            "{}\n{}, budget {}, seed {}: {} settings tried, {} refused; blocks are {}\n{}\n\n",
            self.dataset, self.learner, self.budget, args.seed, self.trials, self.refused, self.shown, self.criterion
        );
        let mut line = |name: &str, default: String, tuned: String| {
            let _ = writeln!(text, "  {name:<28} {default:>12} {tuned:>12}");
        };
        line("", "default".into(), "best".into());
        line(
            &format!("on {} blocks that chose", self.choosing_blocks),
            format!("{:.4}", self.score_default),
            format!("{:.4}", self.score),
        );
        if let (Some(d), Some(t)) = (self.false_alarm_rate_default, self.false_alarm_rate) {
            line("  false-alarm rate", format!("{d:.4}"), format!("{t:.4}"));
        }
        if let Some(g) = self.gain {
            line(&format!("on {} others", g.blocks), format!("{:.4}", g.default), format!("{:.4}", g.tuned));
            let _ = writeln!(text, "  gain there {:+.4}, 95 % interval {:+.4} to {:+.4}", g.mean, g.low, g.high);
        }
        let macs = self.macs.map_or(String::new(), |m| format!(", {m} multiply-accumulates"));
        let _ = writeln!(text, "  workspace {} B, model {} B{macs}", self.workspace_bytes, self.model_bytes);
        if !self.default_within {
            text.push_str("  the default is beyond the limits\n");
        }
        text.push_str(&self.verdict(args));
        for (i, note) in self.notes.iter().enumerate() {
            let _ = writeln!(text, "{}  note: {note}", if i == 0 { "\n" } else { "" });
        }
        text
    }

    fn verdict(&self, args: &TuneArgs) -> String {
        if self.settings.is_empty() {
            return "\nNothing that was tried is better than the default.\n".into();
        }
        let set: Vec<String> = self.settings.iter().map(|(k, v)| format!("--set {k}={v}")).collect();
        let fixed: String = args.set.iter().map(|s| format!(" --set {s}")).collect();
        let root = args.root.as_ref().map_or(String::new(), |r| format!(" --root {}", r.display()));
        let command = format!(
            "hone eval {} --learner {} --budget {}{root}{fixed} {}",
            args.manifest,
            self.learner,
            self.budget,
            set.join(" ")
        );
        if !self.better && self.gain.is_none() {
            return format!(
                "\nNot compared with the default on other blocks, so it may be chance. The best so far is\n  {command}\n"
            );
        }
        if !self.better {
            let out = args.out.as_ref().map_or("", |_| " Nothing is written.");
            return format!(
                "\nNot better than the default beyond chance: keep the default.{out} The best was\n  {command}\n"
            );
        }
        let written = args.out.as_deref().map(Path::display).map_or(String::new(), |p| format!("written to {p}: "));
        format!("\n{written}on a board\n  {}\non this PC\n  {command}\n", self.lines().join("\n  "))
    }
}
