//! The figures of an evaluation, as a table for people and as one JSON object. `docs/formats/eval-json.md` documents
//! the keys.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The figures; `None` (`null`) where a key has no meaning.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The manifest's name.
    pub dataset: String,
    /// `esn`, `svm` or `rce`.
    pub learner: String,
    /// `anomaly` or `classification`.
    pub task: String,
    /// As after `--protocol`.
    pub protocol: String,
    /// `f401` or `none`.
    pub budget: String,
    /// Windows or rows learnt from.
    pub train_windows: usize,
    /// Windows that the threshold was set by.
    pub calibrate_windows: usize,
    /// Windows or rows judged.
    pub test_windows: usize,
    /// Share decided rightly.
    pub accuracy: Option<f32>,
    /// Anomaly: share of alarms that are right, both kinds weighed equally. Classification: mean over classes.
    pub precision: Option<f32>,
    /// Anomaly: share of anomalous windows with an alarm. Classification: mean over classes.
    pub recall: Option<f32>,
    /// Their harmonic mean. Classification: mean over classes.
    pub f1: Option<f32>,
    /// Share of normal windows with an alarm.
    pub false_alarm_rate: Option<f32>,
    /// Mean device time from a span's start to its first alarm, over spans that have one.
    pub detection_delay_s: Option<f64>,
    /// True spans.
    pub spans: Option<usize>,
    /// True spans with an alarm in them.
    pub spans_detected: Option<usize>,
    /// Bytes of the trained model in its portable form.
    pub model_bytes: usize,
    /// Bytes of the model in memory.
    pub model_ram_bytes: usize,
    /// Bytes of workspace that the training needs.
    pub workspace_bytes: usize,
    /// Rows are truth, columns verdicts.
    pub confusion: Confusion,
    /// Share decided rightly of what was not left unknown.
    pub accuracy_known: Option<f32>,
    /// Share not left unknown.
    pub coverage: Option<f32>,
    /// Share whose nearest class is right, unknown or not.
    pub accuracy_nearest: Option<f32>,
    /// Interleaved: accuracy on the test part after the last window.
    pub accuracy_holdout: Option<f32>,
    /// Subjects in turn: share decided rightly of each subject's windows to judge, right after its turn.
    pub accuracy_in_turn: Option<f32>,
    /// Subjects in turn: how much of that is lost at the end, mean over all subjects but the last.
    pub forgotten: Option<f32>,
    /// Annotated: windows that a label was given for.
    pub labels_asked: Option<usize>,
    /// Unknown: area under the ROC curve of the unknown score, mean over the classes left out in turn.
    pub auroc_unknown: Option<f32>,
    /// Unknown: the same of the nearest distance alone.
    pub auroc_distance: Option<f32>,
    /// Ablation and unknown: orders in which the windows were presented.
    pub orders: Option<usize>,
    /// Ablation: how each variant did.
    pub variants: Vec<Variant>,
    /// Ablation: variants compared order by order.
    pub differences: Vec<Difference>,
    /// Area under the ROC curve of the score over windows.
    pub auc: Option<f64>,
    /// The same up to a false-alarm rate of 0.1, on McClish's scale.
    pub partial_auc: Option<f64>,
    /// Figures by event, of recordings.
    pub events: Option<super::Events>,
    /// What other thresholds would give, from the strictest on.
    pub sweep: Vec<super::Operating>,
    /// At or above which a score is anomalous.
    pub threshold: Option<f32>,
    /// F1 with the threshold taken from the windows fitted on, as in the reference work.
    pub f1_in_sample: Option<f32>,
    /// With `--quantize`, `--compress` or `--prune`: the smaller form of the same model on the same windows.
    pub converted: Option<Converted>,
    /// Windows rightly decided, class by class.
    pub by_class: Vec<ByClass>,
    /// Windows that the device would not have taken, by part and by what is wrong with them.
    pub refused: Refused,
    /// Whether the training reached its optimum; `None` for learners that have none.
    pub converged: Option<bool>,
    /// Classes of which nothing was trained on, anomalous ones aside.
    pub classes_not_trained: Vec<String>,
    /// What else is to be known of the figures.
    pub notes: Vec<String>,
    /// All settings.
    pub settings: BTreeMap<String, String>,
    /// The manifest's title, for the table.
    #[serde(skip)]
    pub title: String,
    /// Regression: how near the numbers come that were foretold, and how often their intervals hold.
    pub regression: Option<super::Figures>,
    /// Where the model was saved and what to do with it, for people.
    #[serde(skip)]
    pub saved: String,
    /// More to tell, for the table.
    #[serde(skip)]
    pub facts: Vec<(String, String)>,
}

/// Windows refused, by what is wrong with them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Refused {
    /// Of those to train on.
    pub train: BTreeMap<String, usize>,
    /// Of those to calibrate on.
    pub calibrate: BTreeMap<String, usize>,
    /// Of those to test.
    pub test: BTreeMap<String, usize>,
}

/// A smaller form of the model, on the same windows; the other keys of the report are those of the model it was made of.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Converted {
    /// `int8`, `q3.12`, `factor 8`.
    pub form: String,
    /// Bytes of the weights as written, of the model.
    pub weights_bytes_before: usize,
    /// Of the form.
    pub weights_bytes: usize,
    /// Bytes in the portable form.
    pub model_bytes: usize,
    /// Bytes in memory.
    pub model_ram_bytes: usize,
    /// Share decided rightly.
    pub accuracy: Option<f32>,
    /// As that of the report.
    pub f1: Option<f32>,
    /// As that of the report.
    pub false_alarm_rate: Option<f32>,
    /// As that of the report.
    pub threshold: Option<f32>,
    /// Windows decided otherwise than by the model.
    pub changed: usize,
}

/// A variant of a learner over several orders of presentation.
#[derive(Clone, Debug, Serialize)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// Mean accuracy of the nearest prototype on the test part.
    pub accuracy: f64,
    /// The least.
    pub least: f64,
    /// Mean number of prototypes at the end.
    pub prototypes: f64,
}

/// Two variants compared order by order.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The one.
    pub of: String,
    /// The other.
    pub to: String,
    /// Mean of the one's accuracy less the other's.
    pub mean: f64,
    /// Lower end of its 95 % interval (Student's t over the orders).
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A confusion matrix.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Confusion {
    /// Names of the rows: the truth.
    pub rows: Vec<String>,
    /// Names of the columns: what was said.
    pub columns: Vec<String>,
    /// Windows of each row said to be each column.
    pub counts: Vec<Vec<u32>>,
}

/// How a class fared.
#[derive(Clone, Debug, Serialize)]
pub struct ByClass {
    /// Its name.
    pub class: String,
    /// Windows of it that were judged.
    pub windows: usize,
    /// Those decided rightly.
    pub right: usize,
}

impl Report {
    /// One JSON object on one line.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|e| format!("{{\"error\":{:?}}}", e.to_string()))
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let title = if self.title.is_empty() { String::new() } else { format!(": {}", self.title) };
        let _ = writeln!(text, "{}{title}", self.dataset);
        let seed = self.settings.get("seed").map_or(String::new(), |s| format!(", seed {s}"));
        let _ = writeln!(text, "{}, budget {}, {}{seed}\n", self.learner, self.budget, self.protocol);
        let mut line = |name: &str, value: String| {
            let _ = writeln!(text, "  {name:<28} {value:>12}");
        };
        line("train windows", self.train_windows.to_string());
        if self.calibrate_windows > 0 {
            line("calibrate windows", self.calibrate_windows.to_string());
        }
        line("test windows", self.test_windows.to_string());
        let shares = [
            ("accuracy", self.accuracy),
            ("precision", self.precision),
            ("recall", self.recall),
            ("F1", self.f1),
            ("false-alarm rate", self.false_alarm_rate),
        ];
        // A number that is foretold is neither right nor wrong.
        for (name, share) in shares.into_iter().filter(|(_, s)| s.is_some() || self.regression.is_none()) {
            line(name, share.map_or("-".into(), |s| format!("{s:.4}")));
        }
        if let Some(auc) = self.auc {
            line("AUC", format!("{auc:.4}"));
        }
        if let Some(f1) = self.f1_in_sample {
            line("F1, threshold in sample", format!("{f1:.4}"));
        }
        if let Some(coverage) = self.coverage.filter(|_| self.accuracy_nearest.is_some()) {
            line("coverage", format!("{coverage:.4}"));
            line("accuracy of known", self.accuracy_known.map_or("-".into(), |s| format!("{s:.4}")));
            line("accuracy of nearest", self.accuracy_nearest.map_or("-".into(), |s| format!("{s:.4}")));
        }
        let delay = self.detection_delay_s.map_or("-".into(), |d| format!("{d:.3} s"));
        if self.regression.is_none() {
            line("detection delay", delay);
        }
        if let (Some(all), Some(found)) = (self.spans, self.spans_detected) {
            line("anomalies detected", format!("{found} of {all}"));
        }
        if let Some(e) = &self.events {
            e.lines(&mut line);
        }
        if let Some(converged) = self.converged {
            line("converged", if converged { "yes" } else { "no" }.into());
        }
        line("model", format!("{} B", self.model_bytes));
        line("model in memory", format!("{} B", self.model_ram_bytes));
        line("workspace", format!("{} B", self.workspace_bytes));
        for (name, value) in &self.facts {
            line(name, value.clone());
        }
        if let Some(figures) = &self.regression {
            figures.table(&mut text);
        }
        if let Some(c) = &self.converted {
            let share = |v: Option<f32>| v.map_or("-".into(), |s| format!("{s:.4}"));
            let _ = writeln!(text, "\n  {:<28} {:>12} {:>12}", c.form, "before", "after");
            let mut line = |name: &str, before: String, after: String| {
                let _ = writeln!(text, "  {name:<28} {before:>12} {after:>12}");
            };
            let weights = format!(
                "{} B, {:.1} %",
                c.weights_bytes,
                100.0 * c.weights_bytes as f64 / c.weights_bytes_before.max(1) as f64
            );
            line("weights", format!("{} B", c.weights_bytes_before), weights);
            line("model", format!("{} B", self.model_bytes), format!("{} B", c.model_bytes));
            line("model in memory", format!("{} B", self.model_ram_bytes), format!("{} B", c.model_ram_bytes));
            if self.threshold.is_some() {
                line("threshold", share(self.threshold), share(c.threshold));
            }
            line("accuracy", share(self.accuracy), share(c.accuracy));
            line("F1", share(self.f1), share(c.f1));
            if self.false_alarm_rate.is_some() {
                line("false-alarm rate", share(self.false_alarm_rate), share(c.false_alarm_rate));
            }
            line("judged differently", String::new(), c.changed.to_string());
        }
        self.matrix(&mut text);
        self.classes(&mut text);
        if let Some(e) = self.events.as_ref().filter(|e| e.by_class.len() > 1) {
            e.table(&mut text);
        }
        for (i, note) in self.notes.iter().enumerate() {
            let _ = writeln!(text, "{}  note: {note}", if i == 0 { "\n" } else { "" });
        }
        text
    }

    /// What other thresholds would give, for people.
    pub fn thresholds(&self) -> String {
        let mut text = String::from(
            "\n     threshold  false-alarm rate  recall      F1  detected  delay, s  false alarms a day\n",
        );
        let share = |s: Option<f32>| s.map_or("-".into(), |s| format!("{s:.4}"));
        for o in &self.sweep {
            let mark = if o.own { '*' } else { ' ' };
            let detected = o.detected.map_or("-".into(), |d| d.to_string());
            let delay = o.delay_s.map_or("-".into(), |d| format!("{d:.3}"));
            let rate = o.false_alarms_per_day.map_or("-".into(), super::events::rate);
            let (far, recall, f1) = (share(o.false_alarm_rate), share(o.recall), share(o.f1));
            let _ = writeln!(
                text,
                "  {mark} {:>10.5} {far:>17} {recall:>7} {f1:>7} {detected:>9} {delay:>9} {rate:>19}",
                o.threshold
            );
        }
        text.push_str("  * as trained\n");
        text
    }

    fn matrix(&self, text: &mut String) {
        let c = &self.confusion;
        if c.rows.is_empty() {
            return;
        }
        let widest = c.rows.iter().map(|n| n.chars().count()).max().unwrap_or(0).max(12);
        let column = c.counts.iter().flatten().map(|n| n.to_string().len()).max().unwrap_or(0);
        // Names of few columns fit above them; many columns are numbered.
        let named = c.columns.len() <= 4;
        let column = column.max(if named { c.columns.iter().map(String::len).max().unwrap_or(0) } else { 3 });
        let _ = write!(text, "\n  {:<widest$}", "true \\ said");
        for (i, name) in c.columns.iter().enumerate() {
            let name = if named { name.clone() } else { (i + 1).to_string() };
            let _ = write!(text, "  {name:>column$}");
        }
        for (i, (name, row)) in c.rows.iter().zip(&c.counts).enumerate() {
            let number = if named { String::new() } else { format!("{:>2} ", i + 1) };
            let _ = write!(text, "\n  {number}{name:<rest$}", rest = widest - number.len().min(widest));
            for count in row {
                let shown = if *count == 0 { ".".into() } else { count.to_string() };
                let _ = write!(text, "  {shown:>column$}");
            }
        }
        let _ = writeln!(text);
    }

    fn classes(&self, text: &mut String) {
        if self.by_class.len() < 3 {
            return;
        }
        let widest = self.by_class.iter().map(|c| c.class.chars().count()).max().unwrap_or(0).max(12);
        let _ = writeln!(text, "\n  {:<widest$}  {:>8}  {:>8}  {:>7}", "class", "windows", "right", "share");
        for c in &self.by_class {
            let share = c.right as f64 / c.windows.max(1) as f64;
            let _ = writeln!(text, "  {:<widest$}  {:>8}  {:>8}  {share:>7.4}", c.class, c.windows, c.right);
        }
    }
}
