//! The same evaluation with several seeds, over all cores: least, median and greatest of each figure.

use super::args::{self, EvalArgs};
use super::learner::EvalError;
use super::report::Report;
use crate::dataset::Source;
use crate::statistics::Spread;
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What the seeds gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// The manifest's name.
    pub dataset: String,
    /// As of each report.
    pub learner: String,
    /// As of each report.
    pub task: String,
    /// As of each report.
    pub protocol: String,
    /// As of each report.
    pub budget: String,
    /// The seeds.
    pub seeds: Vec<i64>,
    /// Each number of the reports, by its key; that of an object within by both, as `events.f1`.
    pub figures: BTreeMap<String, Figure>,
    /// The reports, seed by seed.
    pub runs: Vec<Report>,
}

/// A figure over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Least, median and greatest.
    #[serde(flatten)]
    pub spread: Spread,
    /// Seeds that have it.
    pub of: usize,
}

/// Evaluates with `count` seeds from the first on.
///
/// # Errors
/// [`EvalError`], of the first seed that has one.
pub fn evaluate(args: &EvalArgs, source: &Source, count: u16) -> Result<Summary, EvalError> {
    args::on_threads(0, || {
        let set = args::read(args, source)?;
        let first = i64::from(args.seed.unwrap_or(1));
        let seeds: Vec<i64> = (first..).take(count.into()).collect();
        let bar = args::bar(count.into(), "seeds");
        let run = |seed: &i64| {
            let seed = i32::try_from(*seed).map_err(|_| {
                EvalError::Setting(format!("--seed {first} leaves no {count} seeds up to {}", i32::MAX))
            })?;
            let args = EvalArgs { seed: Some(seed), ..args.clone() };
            let outcome = args::evaluate_set(&args, source, &set, &ProgressBar::hidden());
            bar.inc(1);
            outcome.map(|(report, _)| report)
        };
        let runs: Vec<Result<Report, EvalError>> = seeds.par_iter().map(run).collect();
        bar.finish_and_clear();
        let runs: Vec<Report> = runs.into_iter().collect::<Result<_, _>>()?;
        let of = runs.first().cloned().unwrap_or_default();
        let Report { dataset, learner, task, protocol, budget, .. } = of;
        Ok(Summary { dataset, learner, task, protocol, budget, seeds, figures: figures(&runs), runs })
    })
}

/// Every number of the reports, and of the objects in them.
fn figures(runs: &[Report]) -> BTreeMap<String, Figure> {
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut take = |key: String, value: &Value| {
        if let Some(number) = value.as_f64() {
            values.entry(key).or_default().push(number);
        }
    };
    for report in runs {
        // Through the text: numbers of 32 bits stay as short as they are printed.
        let Ok(Value::Object(report)) = serde_json::from_str(&report.json()) else { continue };
        for (key, value) in &report {
            take(key.clone(), value);
            for (inner, value) in value.as_object().into_iter().flatten().filter(|_| key != "settings") {
                take(format!("{key}.{inner}"), value);
            }
        }
    }
    let figure = |values: Vec<f64>| Some(Figure { spread: Spread::of(&values)?, of: values.len() });
    values.into_iter().filter_map(|(key, values)| Some((key, figure(values)?))).collect()
}

/// Names for people of the figures that the table shows.
const SHOWN: [(&str, &str); 22] = [
    ("accuracy", "accuracy"),
    ("precision", "precision"),
    ("recall", "recall"),
    ("f1", "F1"),
    ("false_alarm_rate", "false-alarm rate"),
    ("auc", "AUC"),
    ("f1_in_sample", "F1, threshold in sample"),
    ("coverage", "coverage"),
    ("accuracy_known", "accuracy of known"),
    ("accuracy_nearest", "accuracy of nearest"),
    ("accuracy_holdout", "accuracy on the test part"),
    ("detection_delay_s", "detection delay, s"),
    ("spans_detected", "anomalies detected"),
    ("events.f1", "F1 by event"),
    ("events.false_alarms", "false alarms"),
    ("events.false_alarms_per_day", "false alarms a day"),
    ("regression.mse", "MSE"),
    ("regression.coverage", "coverage of intervals"),
    ("converted.f1", "F1, smaller form"),
    ("converted.accuracy", "accuracy, smaller form"),
    ("model_bytes", "model, B"),
    ("workspace_bytes", "workspace, B"),
];

impl Summary {
    /// One JSON object on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|e| format!("{{\"error\":{:?}}}", e.to_string()))
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let title = self.runs.first().map(|r| r.title.as_str()).filter(|t| !t.is_empty());
        let _ = writeln!(text, "{}{}", self.dataset, title.map_or(String::new(), |t| format!(": {t}")));
        let (first, last) = (self.seeds.first().unwrap_or(&0), self.seeds.last().unwrap_or(&0));
        let _ =
            writeln!(text, "{}, budget {}, {}, seeds {first} to {last}\n", self.learner, self.budget, self.protocol);
        let _ = writeln!(text, "  {:<28} {:>12} {:>12} {:>12}", "", "least", "median", "greatest");
        for (key, name) in SHOWN {
            let Some(Figure { spread, of }) = self.figures.get(key) else { continue };
            let whole = [spread.least, spread.median, spread.greatest].iter().all(|v| v.fract() == 0.0);
            let decimals = if whole && spread.greatest > 1.0 { 0 } else { 4 };
            let [least, median, greatest] =
                [spread.least, spread.median, spread.greatest].map(|v| format!("{v:.decimals$}"));
            let note = if *of < self.seeds.len() { format!("   of {of} seeds") } else { String::new() };
            let _ = writeln!(text, "  {name:<28} {least:>12} {median:>12} {greatest:>12}{note}");
        }
        let mut told: Vec<&str> = Vec::new();
        for note in self.runs.iter().flat_map(|r| &r.notes).filter(|n| !n.is_empty()) {
            if !told.contains(&note.as_str()) {
                told.push(note);
            }
        }
        if self.figures.values().all(|f| f.spread.least == f.spread.greatest) {
            told.push("every figure is the same with each seed");
        }
        for (i, note) in told.iter().enumerate() {
            let _ = writeln!(text, "{}  note: {note}", if i == 0 { "\n" } else { "" });
        }
        text
    }
}
