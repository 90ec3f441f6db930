//! The figures of the README's results tables, run again as the tables say: a sample in the usual run, all of them by
//! `cargo test --release -p hone-host --test figures -- --ignored`. Both say that they were skipped where there are no
//! recordings.

use hone_host::dataset::data_folder;
use hone_host::eval::{Budget, EvalArgs, EvalError, LearnerName, Report, evaluate};

const README: &str = include_str!("../../../README.md");
/// Seeds of a figure.
const SEEDS: std::ops::RangeInclusive<i32> = 1..=5;
/// Sets of the usual run, that take seconds.
const SAMPLE: [&str; 4] = ["temperature", "iris", "svm-iris12", "svm-dig38s"];

/// What a column holds.
struct Column {
    learner: LearnerName,
    budget: Budget,
    figure: fn(&Report) -> Option<f64>,
    digits: usize,
}

/// By the words of its heading, `NUCLEO ESN F1`.
fn column(heading: &str) -> Column {
    let (board, rest) = heading.split_once(' ').unwrap();
    let (learner, figure) = rest.split_once(' ').unwrap();
    let budget = match board {
        "F401" => Budget::F401,
        "F429" => Budget::F429,
        _ => panic!("{heading}: whose image?"),
    };
    let learner = match learner {
        "ESN" => LearnerName::Esn,
        "SVM" => LearnerName::Svm,
        "RCE" => LearnerName::Rce,
        _ => panic!("{heading}: which learner?"),
    };
    let (figure, digits): (fn(&Report) -> Option<f64>, usize) = match figure {
        "F1" => (|r| r.f1.map(f64::from), 3),
        "accuracy" => (|r| r.accuracy.map(f64::from), 3),
        "false alarms" => (|r| r.false_alarm_rate.map(f64::from), 3),
        "delay, s" => (|r| r.detection_delay_s, 2),
        "unknown" => (|r| r.coverage.map(|c| 1.0 - f64::from(c)), 3),
        "model, B" => (|r| Some(r.model_bytes as f64), 0),
        "workspace, B" => (|r| Some(r.workspace_bytes as f64), 0),
        _ => panic!("{heading}: which figure?"),
    };
    Column { learner, budget, figure, digits }
}

/// The lowest and the highest over the seeds, as the tables have them; a dash where the image cannot take the task.
fn cell(set: &str, column: &Column, known: &mut Vec<(String, Vec<Option<Report>>)>) -> String {
    let key = format!("{set} {:?} {:?}", column.learner, column.budget);
    let at = known.iter().position(|(k, _)| *k == key).unwrap_or_else(|| {
        known.push((key, SEEDS.map(|seed| run(set, column, seed)).collect()));
        known.len() - 1
    });
    let values: Option<Vec<f64>> = known[at].1.iter().map(|r| (column.figure)(r.as_ref()?)).collect();
    let Some(values) = values else { return "–".into() };
    let text = |v: f64| format!("{v:.*}", column.digits);
    let least = text(values.iter().copied().fold(f64::INFINITY, f64::min));
    let most = text(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    if least == most { least } else { format!("{least}–{most}") }
}

/// One command: `hone eval SET --learner L --budget B --seed N`.
fn run(set: &str, column: &Column, seed: i32) -> Option<Report> {
    let args = EvalArgs {
        manifest: Some(set.into()),
        learner: column.learner,
        budget: column.budget,
        seed: Some(seed),
        ..EvalArgs::default()
    };
    match evaluate(&args) {
        Ok((report, _)) => Some(report),
        Err(EvalError::NotServed(_)) => None,
        Err(e) => panic!("{set}: {e}"),
    }
}

/// Checks the rows of `sets`, or all, of both tables; what differs is shown as the row should be.
fn check(sets: Option<&[&str]>) {
    if !data_folder(None).join("cwru").is_dir() {
        eprintln!("skipped: no recordings (set HONE_DATA)");
        return;
    }
    let (mut rows, mut wrong, mut columns) = (0, Vec::new(), Vec::new());
    let section = README.split("\n## Results\n").nth(1).unwrap().split("\n## ").next().unwrap();
    for line in section.lines() {
        let Some(line) = line.strip_prefix("| ").and_then(|l| l.strip_suffix(" |")) else { continue };
        let cells: Vec<&str> = line.split(" | ").collect();
        if cells[0] == "set" {
            columns = cells[1..].iter().map(|c| column(c)).collect();
            continue;
        }
        if sets.is_some_and(|sets| !sets.contains(&cells[0])) {
            continue;
        }
        let mut known = Vec::new();
        let found: Vec<String> = columns.iter().map(|c| cell(cells[0], c, &mut known)).collect();
        if found != cells[1..] {
            wrong.push(format!("| {} | {} |", cells[0], found.join(" | ")));
        }
        rows += 1;
    }
    assert!(rows >= sets.map_or(15, <[_]>::len), "{rows} rows found");
    assert!(wrong.is_empty(), "README.md should have\n{}", wrong.join("\n"));
}

#[test]
fn a_sample_of_the_results_is_what_the_commands_give() {
    check(Some(&SAMPLE));
}

#[test]
#[ignore = "minutes; by hand, with --release"]
fn all_results_are_what_the_commands_give() {
    check(None);
}
