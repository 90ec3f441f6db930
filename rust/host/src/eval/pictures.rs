//! Figures of an evaluation.

use super::curve::Roc;
use super::judge::{Result1, timeline};
use super::learner::Training;
use super::report::Report;
use crate::dataset::{Dataset, Task};
use crate::plot::{self, Curve, Matrix, PlotError, Timeline, Trade};
use std::path::{Path, PathBuf};

/// Draws what suits the task into `folder` and gives the files.
pub(super) fn draw(
    folder: &Path,
    set: &Dataset,
    training: &Training,
    results: &[Result1],
    report: &Report,
    curves: Option<&(Vec<Curve>, Curve)>,
    roc: Option<&Roc>,
) -> Result<Vec<PathBuf>, PlotError> {
    let file = |what: &str| folder.join(format!("{}-{}-{what}.png", report.dataset, report.learner));
    let seed = report.settings.get("seed").map_or(String::new(), |s| format!(", seed {s}"));
    let f1 = report.f1.map_or(String::new(), |f| format!(", F1 {f:.3}"));
    let accuracy = report.accuracy.map_or(String::new(), |a| format!(", accuracy {a:.3}"));
    let mut about = format!("{}, budget {}{seed}{f1}{accuracy}", report.learner, report.budget);
    if let Some(orders) = report.orders.filter(|_| !report.variants.is_empty()) {
        about = format!("test part judged by the nearest prototype; mean of {orders} orders{seed}");
    }
    let title = if set.title.is_empty() { set.name.clone() } else { set.title.clone() };
    let mut drawn = Vec::new();
    if set.task == Task::Anomaly {
        let (points, spans) = timeline(set, results);
        let path = file("timeline");
        let timeline = Timeline {
            title: title.clone(),
            subtitle: format!("{about}; test windows end to end"),
            score: training.score.clone(),
            threshold: training.threshold,
            lower_threshold: training.lower_threshold,
            points,
            spans,
            events: Vec::new(),
        };
        plot::anomaly_timeline(&path, &timeline)?;
        drawn.push(path);
        if let Some(roc) = roc {
            let path = file("roc");
            let operating = |own: bool| report.sweep.iter().filter(move |o| o.own == own || !own);
            let delay = |o: &super::Operating| Some((o.false_alarms_per_day?, o.delay_s?));
            let rates = |o: &super::Operating| Some((f64::from(o.false_alarm_rate?), f64::from(o.recall?)));
            let of_time = report.events.as_ref().filter(|e| e.normal_s > 0.0);
            let trade = Trade {
                title: title.clone(),
                subtitle: about.clone(),
                auc: roc.auc,
                roc: roc.points.clone(),
                roc_own: operating(true).find_map(rates),
                delays: operating(false).filter_map(delay).collect(),
                delays_own: operating(true).find_map(delay),
                least_rate: of_time.map_or(1.0, |e| 86_400.0 / e.normal_s),
            };
            plot::trade(&path, &trade)?;
            drawn.push(path);
        }
    } else if !report.confusion.rows.is_empty() {
        let path = file("confusion");
        let c = &report.confusion;
        let matrix = Matrix {
            title: title.clone(),
            subtitle: about.clone(),
            classes: c.rows.clone(),
            columns: c.columns.clone(),
            counts: c.counts.clone(),
        };
        plot::confusion_matrix(&path, &matrix)?;
        drawn.push(path);
    }
    if let Some((left, right)) = curves {
        let path = file(if report.variants.is_empty() { "learning" } else { &report.protocol });
        let axes = match report.labels_asked {
            Some(_) => ("windows judged", "accuracy", "labels given"),
            None => ("windows learnt", "accuracy", "prototypes in use"),
        };
        plot::curves(&path, &title, &about, axes, left, right)?;
        drawn.push(path);
    }
    if !training.curve.is_empty() && set.task == Task::Classification {
        let path = file("epochs");
        let points = || training.curve.iter().zip(1u32..);
        let left: Vec<(f64, f64)> =
            points().filter_map(|(p, x)| Some((x.into(), p.held_back?.clamp(0.0, 1.0).into()))).collect();
        let held = Curve { name: "accuracy on rows held back".into(), points: left };
        let loss = points().map(|(p, x)| (f64::from(x), f64::from(p.loss))).collect();
        let loss = Curve { name: "loss".into(), points: loss };
        let left: &[Curve] = if held.points.is_empty() { &[] } else { &[held] };
        plot::curves(&path, &title, &about, ("passes over the rows", "accuracy", "loss"), left, &loss)?;
        drawn.push(path);
    }
    Ok(drawn)
}
