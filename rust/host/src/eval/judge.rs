//! From verdicts to figures.

use super::events;
use super::learner::{EvalError, Input, Judged, Learner, Training};
use super::report::{ByClass, Confusion, Report};
use crate::dataset::{Data, Dataset, Part, Task};
use crate::plot::{Point, Span};
use hone_learn::metrics::{self, Outcomes};
use hone_learn::{ClassId, Decision};
use hone_signal::Faults;

/// The most classes that a confusion matrix has room for.
const MOST_CLASSES: usize = 256;

/// One judged window or row of the test part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Result1 {
    pub class: usize,
    pub judged: Judged,
    /// Start and end on the device's clock, seconds; of a row its number.
    pub from_s: f64,
    pub to_s: f64,
    /// Whether it starts a stream.
    pub starts: bool,
}

impl Result1 {
    /// Whether it raises an alarm: an unknown is one.
    pub fn alarmed(&self) -> bool {
        matches!(self.judged.verdict.decision, Decision::Anomalous | Decision::Unknown)
    }
}

/// Judges the test part.
pub(super) fn test(
    set: &Dataset,
    learner: &mut dyn Learner,
    tick: &mut dyn FnMut(),
) -> Result<Vec<Result1>, EvalError> {
    let mut results = Vec::with_capacity(set.count(Part::Test));
    match &set.data {
        Data::Recordings(r) => {
            for (recording, window) in r.windows(Part::Test) {
                let judged = learner.infer(&Input::Window(r.held(recording, window, &set.classes)?.view()))?;
                let from_s = window.time.0 as f64 / 1e6;
                let starts = window.faults.any(Faults::GAP);
                let to_s = from_s + r.window_seconds();
                results.push(Result1 { class: window.class, judged, from_s, to_s, starts });
                tick();
            }
        }
        Data::Table(t) => {
            for (i, row) in t.rows.iter().filter(|r| r.part == Part::Test).enumerate() {
                let judged = learner.infer(&Input::Row(&row.features))?;
                let from_s = i as f64;
                results.push(Result1 { class: row.class, judged, from_s, to_s: from_s + 1.0, starts: false });
                tick();
            }
        }
    }
    Ok(results)
}

/// The figures of `results`.
pub(super) fn figures(set: &Dataset, training: &Training, results: &[Result1]) -> Result<Report, EvalError> {
    if set.classes.len() > MOST_CLASSES {
        return Err(EvalError::NotServed(format!("at most {MOST_CLASSES} classes can be judged; leave some out")));
    }
    let mut report = Report {
        train_windows: training.windows,
        calibrate_windows: training.calibrate_windows,
        test_windows: results.len(),
        model_bytes: training.model_bytes,
        model_ram_bytes: training.model_ram_bytes,
        workspace_bytes: training.workspace_bytes,
        by_class: by_class(set, results),
        ..Report::default()
    };
    match set.task {
        Task::Anomaly => anomaly(set, training, results, &mut report),
        _ => classification(set, results, &mut report)?,
    }
    Ok(report)
}

fn is_anomalous(set: &Dataset, class: usize) -> bool {
    set.classes.get(class).is_some_and(|c| c.anomalous)
}

fn right(set: &Dataset, r: &Result1) -> bool {
    match set.task {
        Task::Anomaly => r.alarmed() == is_anomalous(set, r.class),
        _ => Decision::Class(id_of(set, r.class)) == r.judged.verdict.decision,
    }
}

fn id_of(set: &Dataset, class: usize) -> ClassId {
    set.classes.get(class).map_or(ClassId(u16::MAX), |c| c.id)
}

fn by_class(set: &Dataset, results: &[Result1]) -> Vec<ByClass> {
    let of = |(i, class): (usize, &crate::dataset::Class)| {
        let windows = results.iter().filter(|r| r.class == i).count();
        let right = results.iter().filter(|r| r.class == i && right(set, r)).count();
        ByClass { class: class.name.clone(), windows, right }
    };
    set.classes.iter().enumerate().map(of).filter(|c| c.windows > 0).collect()
}

fn anomaly(set: &Dataset, training: &Training, results: &[Result1], report: &mut Report) {
    let mut outcomes = Outcomes::default();
    results.iter().for_each(|r| outcomes.add(is_anomalous(set, r.class), r.alarmed()));
    report.accuracy = outcomes.accuracy();
    report.false_alarm_rate = outcomes.false_alarm_rate();
    if let Some(scores) = outcomes.balanced() {
        report.precision = Some(scores.precision);
        report.recall = Some(scores.recall);
        report.f1 = Some(scores.f1);
    }
    let delays = delays(set, results);
    let found: Vec<f64> = delays.iter().flatten().copied().collect();
    report.spans = Some(delays.len());
    report.spans_detected = Some(found.len());
    report.detection_delay_s = (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64);
    report.threshold = training.threshold;
    if let Some(threshold) = training.in_sample_threshold {
        let mut outcomes = Outcomes::default();
        for r in results {
            outcomes.add(is_anomalous(set, r.class), r.judged.warm && r.judged.verdict.score >= threshold);
        }
        report.f1_in_sample = outcomes.balanced().map(|s| s.f1);
    }
    let o = outcomes;
    report.confusion = Confusion {
        rows: vec!["normal".into(), "anomalous".into()],
        columns: vec!["normal".into(), "anomalous".into()],
        counts: vec![vec![o.true_negative, o.false_positive], vec![o.false_negative, o.true_positive]],
    };
}

/// The true spans: consecutive anomalous windows of one stream, as ranges of `results`.
pub(super) fn spans(set: &Dataset, results: &[Result1]) -> Vec<std::ops::Range<usize>> {
    events::runs(&events::moments(set, results), |_, m| m.fault.map(|_| ()))
}

/// For each true span the device time from its start to the end of the first window in it that raised an alarm.
fn delays(set: &Dataset, results: &[Result1]) -> Vec<Option<f64>> {
    let delay = |span: std::ops::Range<usize>| {
        let windows = results.get(span)?;
        let alarm = windows.iter().find(|r| r.alarmed())?;
        Some(alarm.to_s - windows.first()?.from_s)
    };
    spans(set, results).into_iter().map(delay).collect()
}

fn classification(set: &Dataset, results: &[Result1], report: &mut Report) -> Result<(), EvalError> {
    let mut matrix = Box::<metrics::Confusion<MOST_CLASSES>>::default();
    let full = |_| EvalError::Learner(format!("more than {MOST_CLASSES} classes were said"));
    for r in results {
        let said = match r.judged.verdict.decision {
            Decision::Class(id) => Some(id),
            _ => None,
        };
        matrix.add(id_of(set, r.class), said).map_err(full)?;
    }
    report.accuracy = matrix.accuracy();
    if let Some(scores) = matrix.macro_scores() {
        report.precision = Some(scores.precision);
        report.recall = Some(scores.recall);
        report.f1 = Some(scores.f1);
    }
    let known = results.iter().filter(|r| r.judged.verdict.decision != Decision::Unknown).count();
    let right = results.iter().filter(|r| right(set, r)).count();
    let share = |part: usize, whole: usize| (whole > 0).then(|| part as f32 / whole as f32);
    report.coverage = share(known, results.len());
    report.accuracy_known = share(right, known);
    let undecided = known < results.len();
    if results.iter().any(|r| r.judged.nearest.is_some()) {
        let nearest = results.iter().filter(|r| r.judged.nearest == Some(id_of(set, r.class))).count();
        report.accuracy_nearest = share(nearest, results.len());
    }
    let place = |id: ClassId| matrix.classes().iter().position(|c| *c == id);
    let names: Vec<(String, Option<usize>)> = set.classes.iter().map(|c| (c.name.clone(), place(c.id))).collect();
    let row = |truth: Option<usize>| {
        let count = |said: &Option<usize>| truth.zip(*said).map_or(0, |(t, s)| matrix.count(t, s));
        let mut row: Vec<u32> = names.iter().map(|(_, said)| count(said)).collect();
        if undecided {
            row.push(truth.map_or(0, |t| matrix.undecided(t)));
        }
        row
    };
    let rows: Vec<String> = names.iter().map(|n| n.0.clone()).collect();
    let mut columns = rows.clone();
    if undecided {
        columns.push("unknown".into());
    }
    report.confusion = Confusion { rows, columns, counts: names.iter().map(|n| row(n.1)).collect() };
    Ok(())
}

/// The test part as a figure's points, and its true spans.
pub(super) fn timeline(set: &Dataset, results: &[Result1]) -> (Vec<Point>, Vec<Span>) {
    // Recordings for training leave holes in the clock; test windows are drawn end to end.
    let mut shift = 0.0;
    let mut end: Option<f64> = None;
    let mut starts = Vec::with_capacity(results.len());
    let points = results
        .iter()
        .map(|r| {
            shift += end.filter(|_| r.starts).map_or(0.0, |end| r.from_s - end);
            if end.is_none() {
                shift = r.from_s;
            }
            end = Some(r.to_s);
            starts.push(r.from_s - shift);
            let score = r.judged.verdict.score;
            Point { time_s: r.to_s - shift, score, alarmed: r.alarmed(), starts: r.starts }
        })
        .collect::<Vec<_>>();
    let span = |s: std::ops::Range<usize>| {
        let (first, last) = (s.start, s.end.checked_sub(1)?);
        let class = set.classes.get(results.get(first)?.class)?;
        Some(Span { start_s: *starts.get(first)?, end_s: points.get(last)?.time_s, label: class.name.clone() })
    };
    let spans = spans(set, results).into_iter().filter_map(span).collect();
    (points, spans)
}
