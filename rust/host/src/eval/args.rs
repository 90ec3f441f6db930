//! The subcommand.

use super::budget::{Budget, Excess};
use super::learner::{EvalError, Learner, Training};
use super::report::Report;
use super::save::Saved;
use super::{
    ablation, curve, events, form, judge, pictures, protocol, regression, save, seeds, settings, sound, table, users,
};
use crate::dataset::{Dataset, Part, Source, Task, find_manifest, recordings_of};
use crate::output;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use hone_engine::learners;
use hone_learn::Settings;
use hone_learn::learner::Form;
use hone_signal::features;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What `hone eval` is told.
#[derive(Args, Clone, Debug, Default)]
pub struct EvalArgs {
    /// The path of a manifest ('hone new' makes one), or the name of one of the project's data sets
    #[arg(required_unless_present = "list_settings")]
    pub manifest: Option<String>,
    /// auto: knn of anomalies. knn: anomalies. esn: anomalies in recordings. svm: classes, or novelty. rce: classes, window by window, with unknown. linear: a
    /// number with its interval. net: classes. vae: anomalies
    #[arg(long, default_value = "auto", value_parser = LearnerName::parser())]
    pub learner: LearnerName,
    /// Set one of the learner's settings, as in --set average=3; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// The board to learn within: its memory, and the order in which it learns
    #[arg(long, value_enum, default_value_t)]
    pub budget: Budget,
    /// The folder that the manifest's paths begin from [default: the manifest's own, else HONE_DATA, else ../shared/data]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Seed of the learner's random numbers
    #[arg(long)]
    pub seed: Option<i32>,
    /// Evaluate with so many seeds in a row, from --seed or the learner's on, over all cores: least, median and greatest of each figure
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=1000), conflicts_with_all = ["plot", "save", "sweep", "orders"])]
    pub seeds: Option<u16>,
    /// How windows are shared out to learn and to test
    #[arg(long, value_enum, default_value_t)]
    pub protocol: Protocol,
    /// Orders in which to present the windows, with --protocol unknown or ablation [default: 10]
    #[arg(long, value_name = "ORDERS")]
    pub orders: Option<Orders>,
    /// Also test the model in integers: int8, or qM.N for fixed point of M bits before the point and N after it
    #[arg(long, value_name = "int8|qM.N", value_parser = form::quantize, conflicts_with = "compress")]
    pub quantize: Option<Form>,
    /// Also test the model with its weights clustered by this factor: 4, 8, 16, 32
    #[arg(long, value_name = "FACTOR", value_parser = form::compress)]
    pub compress: Option<Form>,
    /// Also test the network without this share of its units and filters, those that matter least
    #[arg(long, value_name = "PERCENT", value_parser = form::prune, conflicts_with_all = ["quantize", "compress"])]
    pub prune: Option<Form>,
    /// Seconds before and behind a labelled anomaly in which an alarm may begin and be its [default: a window]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub tolerance: Option<f64>,
    /// Also print what other thresholds would give
    #[arg(long, conflicts_with = "json")]
    pub sweep: bool,
    /// Print one JSON object on one line and nothing else
    #[arg(long)]
    pub json: bool,
    /// Draw scores, ROC curve and delays, or the confusion matrix, into this folder
    #[arg(long, value_name = "DIR")]
    pub plot: Option<PathBuf>,
    /// Save the model (with --quantize, --compress or --prune its smaller form) as a file for 'hone push' and 'hone run --model'
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// List the settings of the learner that matter most, with value and range, and do nothing else
    #[arg(long, conflicts_with_all = ["manifest", "root", "seeds", "protocol", "orders", "quantize", "compress", "prune", "tolerance", "sweep", "json", "plot", "save"])]
    pub list_settings: bool,
    /// With --list-settings: list all settings
    #[arg(long, requires = "list_settings")]
    pub all: bool,
}

fn seconds(text: &str) -> Result<f64, &'static str> {
    text.parse().ok().filter(|s: &f64| s.is_finite() && *s >= 0.0).ok_or("a number of seconds, 0 or more")
}

/// A number of orders, 1 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orders(pub usize);

impl Default for Orders {
    fn default() -> Self {
        Self(10)
    }
}

impl std::fmt::Display for Orders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Orders {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().ok().filter(|n| (1..=1000).contains(n)).map(Self).ok_or("a whole number from 1 to 1000")
    }
}

/// The learners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LearnerName {
    /// What the data ask for
    #[default]
    Auto,
    /// k nearest neighbours: anomalies
    Knn,
    /// Echo State Network autoencoder: anomalies in recordings
    Esn,
    /// Support vector machine: classes, and anomalies by novelty
    Svm,
    /// TinyRCE: classes learnt one window at a time, and what is of none
    Rce,
    /// Another of the engine's table, by the contract alone
    Table(learners::Learner),
}

impl LearnerName {
    /// Those with more to tell, and the others of the table.
    fn all() -> &'static [(Self, &'static str)] {
        static ALL: LazyLock<Vec<(LearnerName, &'static str)>> = LazyLock::new(|| {
            let own = [
                (LearnerName::Auto, "auto"),
                (LearnerName::Knn, "knn"),
                (LearnerName::Esn, "esn"),
                (LearnerName::Svm, "svm"),
                (LearnerName::Rce, "rce"),
            ];
            let others = learners::Learner::ALL.iter().filter(|l| own.iter().all(|(_, name)| *name != l.name()));
            own.into_iter().chain(others.map(|l| (LearnerName::Table(*l), l.name()))).collect()
        });
        &ALL
    }
}

impl LearnerName {
    /// Its name, as after `--learner`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Table(learner) => learner.name(),
            own => Self::all().iter().find(|(learner, _)| *learner == own).map_or("", |(_, name)| name),
        }
    }

    /// Which it is for such data.
    fn for_task(self, set: &Dataset) -> Result<Self, EvalError> {
        let which = match (self, set.task) {
            (Self::Auto, Task::Anomaly) => return Ok(Self::Knn),
            (Self::Auto, Task::Classification) => "svm, rce or net",
            (Self::Auto, Task::Regression) => "linear",
            (other, _) => return Ok(other),
        };
        Err(EvalError::NotServed(format!("{} is not about anomalies: give --learner {which}", set.name)))
    }

    /// Whether it is evaluated without a budget, too.
    fn has_large(self) -> bool {
        match self {
            Self::Auto | Self::Knn | Self::Esn | Self::Svm | Self::Rce => true,
            Self::Table(learner) => table::has_large(learner),
        }
    }

    pub(super) fn parser() -> impl TypedValueParser<Value = Self> {
        let find = |text: String| Self::all().iter().find(|(_, name)| *name == text).map(|(learner, _)| *learner);
        PossibleValuesParser::new(Self::all().iter().map(|(_, name)| *name)).map(move |t| find(t).unwrap_or_default())
    }
}

/// In which order windows are learnt and judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// The manifest's parts: train, then test
    #[default]
    Holdout,
    /// Each window is judged and then learnt (rce)
    Interleaved,
    /// One model per subject: the first 60 % of each class learnt, the rest judged (rce)
    PerSubject,
    /// One model for all subjects, who come one after the other: what it forgets of those before (rce)
    SubjectsInTurn,
    /// Windows are judged, and a label is asked for, and learnt, only where the answer is unknown (rce)
    Annotated,
    /// The same, and the user puts right what is wrong (rce)
    Corrected,
    /// Each class left out in turn, and told from the others by the score (rce)
    Unknown,
    /// What each part of TinyRCE is worth with room for few prototypes (rce)
    Ablation,
    /// The same, the classes coming one after the other (rce)
    AblationByClass,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Holdout => "holdout",
            Self::Interleaved => "interleaved",
            Self::PerSubject => "per-subject",
            Self::SubjectsInTurn => "subjects-in-turn",
            Self::Annotated => "annotated",
            Self::Corrected => "corrected",
            Self::Unknown => "unknown",
            Self::Ablation => "ablation",
            Self::AblationByClass => "ablation-by-class",
        }
    }
}

/// Runs the subcommand.
///
/// # Errors
/// [`EvalError`], for standard error.
pub fn run(args: &EvalArgs) -> Result<(), EvalError> {
    if args.list_settings {
        let mut learner = args.budget.learner(args.learner)?;
        configure(args, learner.as_mut())?;
        output::print(&learner.settings().list(args.all));
        return Ok(());
    }
    if let Some(count) = args.seeds {
        let summary = seeds::evaluate(args, &manifest(args)?, count)?;
        output::print(&if args.json { format!("{}\n", summary.json()) } else { summary.table() });
        return Ok(());
    }
    let (report, files) = evaluate(args)?;
    if args.json {
        output::print(&format!("{}\n", report.json()));
        return Ok(());
    }
    let mut text = report.table();
    if args.sweep {
        text.push_str(&report.thresholds());
    }
    text.push_str(&report.saved);
    for file in files {
        text.push_str(&format!("\n  figure {}\n", file.display()));
    }
    output::print(&text);
    Ok(())
}

/// Trains and tests; gives the figures and the files drawn.
///
/// # Errors
/// [`EvalError`].
pub fn evaluate(args: &EvalArgs) -> Result<(Report, Vec<PathBuf>), EvalError> {
    evaluate_source(args, &manifest(args)?)
}

pub(super) fn manifest(args: &EvalArgs) -> Result<Source, EvalError> {
    Ok(find_manifest(args.manifest.as_deref().unwrap_or(""))?)
}

/// The same for a manifest whose text is at hand.
///
/// # Errors
/// [`EvalError`].
pub fn evaluate_source(args: &EvalArgs, source: &Source) -> Result<(Report, Vec<PathBuf>), EvalError> {
    on_threads(1, || {
        let set = read(args, source)?;
        let bar = bar(set.parts().count() as u64, "windows");
        let outcome = evaluate_set(args, source, &set, &bar);
        bar.finish_and_clear();
        outcome
    })
}

/// Does `work` with so many threads at hand (0: one for each core). Models are values of fixed size; large ones pass over the
/// stack while they are made.
///
/// # Errors
/// [`EvalError`] of the work, or where no thread could be started, or one panicked.
pub fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> Result<T, EvalError> + Send) -> Result<T, EvalError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(64 << 20).build();
    let pool = pool.map_err(|e| EvalError::Learner(format!("no thread could be started: {e}")))?;
    let stopped =
        |_| EvalError::Learner("the evaluation stopped unexpectedly; please report it with the command".into());
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pool.install(work))).map_err(stopped)?
}

/// Progress on a terminal.
pub fn bar(total: u64, of: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) =
        ProgressStyle::with_template(&format!("{{msg:>6}} [{{bar:40}}] {{pos}}/{{len}} {of}, {{eta}} left"))
    {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Reads what is to be evaluated, once the options are known to go together.
pub(super) fn read(args: &EvalArgs, source: &Source) -> Result<Dataset, EvalError> {
    goes_together(args)?;
    // Before an hour of training, not after.
    args.save
        .as_deref()
        .map_or(Ok(()), |path| output::replaceable(path, output::MODEL))
        .map_err(|e| EvalError::NotServed(format!("the file of --save {e}")))?;
    let set = Dataset::read(source, &recordings_of(source, args.root.as_deref()))?;
    if (args.sweep || args.tolerance.is_some()) && set.task != Task::Anomaly {
        let text = format!("{} has no anomalies to find; leave out --sweep and --tolerance", set.name);
        return Err(EvalError::NotServed(text));
    }
    Ok(set)
}

/// Trains and tests on what was read.
pub(super) fn evaluate_set(
    args: &EvalArgs,
    source: &Source,
    set: &Dataset,
    bar: &ProgressBar,
) -> Result<(Report, Vec<PathBuf>), EvalError> {
    let args = &EvalArgs { learner: args.learner.for_task(set)?, ..args.clone() };
    if set.task == Task::Regression {
        return regression::evaluate(args, source, set);
    }
    let mut learner = ready(args, set).map_err(|error| with_a_board(error, args, set))?;

    let protocol::Outcome { mut report, training, results, curves } = go(args, set, learner.as_mut(), bar)?;
    report.dataset = set.name.clone();
    report.title = set.title.clone();
    report.learner = learner.name().into();
    report.task = if set.task == Task::Anomaly { "anomaly" } else { "classification" }.into();
    report.protocol = args.protocol.name().into();
    report.budget = args.budget.name().into();
    report.settings = learner.settings().values().into_iter().collect();
    report.facts.extend(training.facts.iter().cloned());
    if report.test_windows == 0 || report.train_windows == 0 {
        let (what, part) = if report.test_windows == 0 { ("judged", "test") } else { ("learnt", "train") };
        return Err(EvalError::Data(format!(
            "no window was {what}, so there are no figures; check what the manifest gives to {part}"
        )));
    }
    sound::tell(set, learner.name(), &training, &mut report);
    let mut curve = None;
    if set.task == Task::Anomaly && !results.is_empty() {
        curve = by_event(args, set, &training, &results, &mut report);
        let ill = |class: usize| set.classes.get(class).is_some_and(|c| c.anomalous);
        sound::too_short(results.iter().map(|r| (r.starts, ill(r.class))), training.average, &mut report);
    }
    if let (LearnerName::Table(_) | LearnerName::Knn, Some(image)) = (args.learner, args.budget.image()) {
        report.notes.extend(image.without(args.learner.name()));
    }
    if let (Some(_), Some(image)) = (args.form(), args.budget.image()) {
        report.notes.extend(image.without_forms());
    }
    if let Some(path) = &args.save {
        report.saved = saved(args, source, set, &learner.saved(training.report)?, path)?;
    }
    let files = match &args.plot {
        Some(folder) => pictures::draw(folder, set, &training, &results, &report, curves.as_ref(), curve.as_ref())?,
        None => Vec::new(),
    };
    Ok((report, files))
}

/// Adds what other thresholds would give, and the figures by event where there is time.
fn by_event(
    args: &EvalArgs,
    set: &Dataset,
    training: &Training,
    results: &[judge::Result1],
    report: &mut Report,
) -> Option<curve::Roc> {
    let moments = events::moments(set, results);
    let tolerance = set.recordings().map(|r| events::Tolerance {
        around: args.tolerance.unwrap_or(r.window_seconds()),
        memory: training.average.saturating_sub(1) as f64 * r.step as f64 / r.rate_hz,
    });
    if let Some(tolerance) = tolerance {
        let on: Vec<bool> = results.iter().map(judge::Result1::alarmed).collect();
        let names: Vec<&str> = set.classes.iter().map(|c| c.name.as_str()).collect();
        report.events = Some(events::figures(&moments, &on, tolerance, &names));
    }
    let roc = curve::roc(training, results, &moments);
    (report.auc, report.partial_auc) = (roc.as_ref().map(|r| r.auc), roc.as_ref().map(|r| r.partial));
    report.sweep = curve::sweep(training, results, &moments, tolerance);
    roc
}

/// Saves the model; what to do with it.
pub(super) fn saved(
    args: &EvalArgs,
    source: &Source,
    set: &Dataset,
    saved: &Saved,
    path: &Path,
) -> Result<String, EvalError> {
    let root = args.root.as_ref().map_or(String::new(), |root| format!(" --root {}", root.display()));
    // The project's own are found by name.
    let name = args.manifest.clone().unwrap_or_else(|| source.path().display().to_string());
    save::write(path, args.learner, set, saved, &format!("--replay {name}{root}"))
}

/// Options that the protocol has no use for are refused, not passed over.
fn goes_together(args: &EvalArgs) -> Result<(), EvalError> {
    let ablation = matches!(args.protocol, Protocol::Ablation | Protocol::AblationByClass);
    let refused = if args.orders.is_some() && !ablation && args.protocol != Protocol::Unknown {
        "--orders goes with --protocol unknown, ablation and ablation-by-class"
    } else if args.form().is_some() && args.protocol != Protocol::Holdout {
        "--quantize, --compress and --prune go with --protocol holdout"
    } else if args.save.is_some() && args.protocol != Protocol::Holdout {
        "--save goes with --protocol holdout, which trains one model"
    } else if (args.sweep || args.tolerance.is_some()) && args.protocol != Protocol::Holdout {
        "--sweep and --tolerance go with --protocol holdout, of anomalies"
    } else if args.seeds.is_some() && (ablation || args.protocol == Protocol::Unknown) {
        "--seeds is not for --protocol unknown, ablation and ablation-by-class: --orders says how often they repeat"
    } else if args.plot.is_some() && args.protocol == Protocol::Unknown {
        "--plot has no figure of --protocol unknown; leave it out"
    } else {
        return Ok(());
    };
    Err(EvalError::NotServed(refused.into()))
}

/// What exceeds a budget, with the board that would hold it.
pub(super) fn with_a_board(error: EvalError, args: &EvalArgs, set: &Dataset) -> EvalError {
    match error {
        EvalError::Exceeds(excess) => {
            EvalError::Exceeds(Excess { holds: smallest(args, set), none: args.learner.has_large(), ..excess })
        }
        other => other,
    }
}

/// The smallest board that holds what is asked for.
pub fn smallest(args: &EvalArgs, set: &Dataset) -> Option<Budget> {
    let holds = |budget: &Budget| ready(&EvalArgs { budget: *budget, ..args.clone() }, set).is_ok();
    Budget::BOARDS.iter().copied().find(holds)
}

/// A learner with its settings, which the data and the budget suit.
pub(super) fn ready(args: &EvalArgs, set: &Dataset) -> Result<Box<dyn Learner>, EvalError> {
    let mut learner = args.budget.learner(args.learner)?;
    learner.serves(set).map_err(EvalError::NotServed)?;
    args.budget.image().map_or(Ok(()), |image| image.takes(set))?;
    learner.adapt(set);
    let of_windows = |key: &str| key != "seed" && features::Params::SETTINGS.iter().any(|s| s.name == key);
    if let (None, Some((key, _))) = (set.recordings(), pairs(args)?.into_iter().find(|p| of_windows(&p.0))) {
        let problem =
            format!("{key} is of the features of windows, and {} is a table of features; leave it out", set.name);
        return Err(EvalError::Setting(problem));
    }
    configure(args, learner.as_mut())?;
    sound::check(set)?;
    learner.fits(set)?;
    Ok(learner)
}

fn go(
    args: &EvalArgs,
    set: &Dataset,
    learner: &mut dyn Learner,
    bar: &ProgressBar,
) -> Result<protocol::Outcome, EvalError> {
    let mut tick = || bar.inc(1);
    bar.set_message("train");
    let orders = args.orders.unwrap_or_default().0;
    match args.protocol {
        Protocol::Holdout => {
            let training = learner.train(set, &mut tick)?;
            bar.set_position((set.count(Part::Train) + set.count(Part::Calibrate)) as u64);
            bar.set_message("test");
            let results = judge::test(set, learner, &mut tick)?;
            let mut report = judge::figures(set, &training, &results)?;
            if let Some(form) = args.form() {
                bar.set_message("again");
                report.converted = Some(form::convert(set, learner, form, &training, &results)?);
            }
            Ok(protocol::Outcome { report, training, results, curves: None })
        }
        _ if set.task == Task::Anomaly => {
            Err(EvalError::NotServed(format!("{} has no classes to learn; use --protocol holdout", set.name)))
        }
        Protocol::Interleaved => protocol::interleaved(set, learner, &mut tick),
        Protocol::PerSubject => protocol::per_subject(set, learner, &mut tick),
        Protocol::SubjectsInTurn => users::in_turn(set, learner, &mut tick),
        Protocol::Annotated => users::annotated(set, learner, false, &mut tick),
        Protocol::Corrected => users::annotated(set, learner, true, &mut tick),
        Protocol::Unknown => {
            bar.set_length((set.count(Part::Train) * set.classes.len().saturating_sub(1) * orders) as u64);
            protocol::unknown(set, learner, orders, &mut tick)
        }
        Protocol::Ablation | Protocol::AblationByClass => {
            bar.set_length(ablation::count(set, orders) as u64);
            let orders = ablation::Orders { count: orders, by_class: args.protocol == Protocol::AblationByClass };
            ablation::ablation(set, learner, orders, &pairs(args)?, &mut tick)
        }
    }
}

pub(super) fn configure(args: &EvalArgs, learner: &mut dyn Learner) -> Result<(), EvalError> {
    for (key, value) in pairs(args)? {
        args.budget.image().map_or(Ok(()), |image| image.knows(&key, &value, args.learner.has_large()))?;
        let set = learner.set(&key, &value);
        set.map_err(|e| EvalError::Setting(settings::explain(e, &key, &value, &learner.settings())))?;
    }
    Ok(())
}

/// The settings asked for.
fn pairs(args: &EvalArgs) -> Result<Vec<(String, String)>, EvalError> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let seed = args.seed.map(|s| format!("seed={s}"));
    for pair in args.set.iter().chain(&seed) {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| EvalError::Setting(format!("--set {pair}: give KEY=VALUE, as in --set average=3")))?;
        let (key, value) = (key.trim(), value.trim());
        let number = |text: &str| text.parse::<f64>().ok();
        match pairs.iter().find(|p| p.0 == key) {
            Some((_, before)) if before != value && (number(before).is_none() || number(before) != number(value)) => {
                return Err(EvalError::Setting(format!("{key} is given as {before} and as {value}; give it once")));
            }
            Some(_) => {}
            None => pairs.push((key.to_owned(), value.to_owned())),
        }
    }
    Ok(pairs)
}
