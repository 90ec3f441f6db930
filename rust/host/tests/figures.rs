//! The tables of README and docs whose figures `hone eval` gives, made again by the commands that they name: a sample in the usual run,
//! all by `cargo xtask test --all`. Both say that they were skipped where there are no recordings.

use clap::Parser;
use hone_host::dataset::data_folder;
use hone_host::eval::{EvalArgs, EvalError, Report, evaluate};
use std::collections::BTreeMap;

/// Arguments as after `hone eval`.
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: EvalArgs,
}

/// A table: its page, the line of its headings, and what is in its columns behind the first.
struct Table {
    page: &'static str,
    text: &'static str,
    headings: &'static str,
    columns: &'static [Column],
}

/// A column: words, or a figure of a command in which `{set}` is the row's first word and `{budget}` what its second cell says.
enum Column {
    Words,
    Figure(&'static str, fn(&Report) -> Option<f64>, Form),
}

/// How a cell is written.
enum Form {
    /// Least and greatest of seeds 1 to 5, with so many digits; one where they are written alike.
    Range(usize),
    /// Of seed 1.
    One(usize),
}

use Column::{Figure, Words};
use Form::{One, Range};

const ESN: &str = "{set} --learner esn --budget {budget}";
const SVM: &str = "{set} --learner svm --budget {budget}";
const RCE: &str = "{set} --learner rce --budget {budget}";

fn f1(report: &Report) -> Option<f64> {
    report.f1.map(f64::from)
}

fn accuracy(report: &Report) -> Option<f64> {
    report.accuracy.map(f64::from)
}

fn model(report: &Report) -> Option<f64> {
    Some(report.model_bytes as f64)
}

const README: &str = include_str!("../../../README.md");
const TABLES: &[Table] = &[
    Table {
        page: "README.md",
        text: README,
        headings: "| set | larger board | ESN F1 | false-alarm rate | detection delay, s | model, B | workspace, B | SVM F1 |",
        columns: &[
            Words,
            Figure(ESN, f1, Range(3)),
            Figure(ESN, |r| r.false_alarm_rate.map(f64::from), Range(3)),
            Figure(ESN, |r| r.detection_delay_s, Range(2)),
            Figure(ESN, model, Range(0)),
            Figure(ESN, |r| Some(r.workspace_bytes as f64), Range(0)),
            Figure(SVM, f1, Range(3)),
        ],
    },
    Table {
        page: "README.md",
        text: README,
        headings: "| set | larger board | SVM accuracy | SVM F1 | SVM model, B | RCE accuracy | RCE F1 | RCE left unknown | RCE model, B |",
        columns: &[
            Words,
            Figure(SVM, accuracy, Range(3)),
            Figure(SVM, f1, Range(3)),
            Figure(SVM, model, Range(0)),
            Figure(RCE, accuracy, Range(3)),
            Figure(RCE, f1, Range(3)),
            Figure(RCE, |r| r.coverage.map(|c| 1.0 - f64::from(c)), Range(3)),
            Figure(RCE, model, Range(0)),
        ],
    },
    Table {
        page: "README.md",
        text: README,
        headings: "| set | f401 | f429 | h743 | none | none, RBF |",
        columns: &[
            Figure("{set} --learner svm --budget f401", accuracy, One(3)),
            Figure("{set} --learner svm --budget f429", accuracy, One(3)),
            Figure("{set} --learner svm --budget h743", accuracy, One(3)),
            Figure("{set} --learner svm --budget none", accuracy, One(3)),
            Figure("{set} --learner svm --budget none --set kernel=rbf", accuracy, One(3)),
        ],
    },
];
/// Sets of the usual run, that take a second or two.
const SAMPLE: &[&str] = &["fan-low", "fan-uci", "iris", "svm-iris12", "svm-dig38s", "digits"];

/// Reports by command, so that one run serves all columns of a row.
type Known = BTreeMap<String, Option<Report>>;

/// The report of a command; none where the budget has no room.
fn report(command: String, known: &mut Known) -> Option<&Report> {
    let run = |command: &String| {
        let words = ["eval"].into_iter().chain(command.split(' '));
        let args = Command::try_parse_from(words).unwrap_or_else(|e| panic!("{command}: {e}")).args;
        match evaluate(&args) {
            Ok((report, _)) => Some(report),
            Err(EvalError::Exceeds(_)) => None,
            Err(e) => panic!("{command}: {e}"),
        }
    };
    let report = known.entry(command).or_insert_with_key(run);
    report.as_ref()
}

/// What a cell should be.
fn cell(command: &str, figure: fn(&Report) -> Option<f64>, form: &Form, known: &mut Known) -> String {
    let (seeds, digits) = match form {
        Range(digits) => (1..=5, *digits),
        One(digits) => (1..=1, *digits),
    };
    let values: Option<Vec<f64>> =
        seeds.map(|seed| figure(report(format!("{command} --seed {seed}"), known)?)).collect();
    let Some(values) = values else { return "–".into() };
    let text = |v: f64| format!("{v:.digits$}");
    let least = text(values.iter().copied().fold(f64::INFINITY, f64::min));
    let most = text(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    if least == most { least } else { format!("{least}–{most}") }
}

/// Makes the rows of `sets`, or all, again; says which should be otherwise, and how.
fn check(sets: Option<&[&str]>) {
    if !data_folder(None).join("cwru").is_dir() {
        eprintln!("skipped: no recordings (set HONE_DATA)");
        return;
    }
    let (mut wrong, mut known) = (String::new(), Known::new());
    for Table { page, text, headings, columns } in TABLES {
        let (_, rows) = text.split_once(headings).unwrap_or_else(|| panic!("{page} has no table {headings}"));
        let mut made = 0;
        for line in rows.lines().skip(2).take_while(|l| l.starts_with("| ")) {
            let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
            let set = cells[0].split([' ', ':']).next().unwrap();
            if sets.is_some_and(|sets| !sets.contains(&set)) {
                continue;
            }
            let mut should = vec![cells[0].to_owned()];
            for (column, cell) in columns.iter().zip(&cells[1..]) {
                should.push(match column {
                    Words => (*cell).to_owned(),
                    Figure(command, figure, form) => {
                        let budget = if cells[1] == "–" { "f401" } else { cells[1] };
                        let command = command.replace("{set}", set).replace("{budget}", budget);
                        self::cell(&command, *figure, form, &mut known)
                    }
                });
            }
            if should != cells {
                wrong += &format!("{page}: | {} |\n", should.join(" | "));
            }
            if headings.contains("larger board") {
                // There is a row for a larger board where the NUCLEO's image has no room for a learner, and then alone.
                let lacks = columns.iter().any(|column| match column {
                    Words => false,
                    Figure(command, ..) => {
                        let command = command.replace("{set}", set).replace("{budget}", "f401");
                        report(format!("{command} --seed 1"), &mut known).is_none()
                    }
                });
                assert_eq!(lacks, rows.contains(&format!("\n| {set} | f429 |")), "{page}: {set}");
            }
            made += 1;
        }
        assert!(made >= if sets.is_some() { 1 } else { 3 }, "{page}: {made} rows below {headings}");
    }
    assert!(wrong.is_empty(), "there should be\n{wrong}");
}

#[test]
fn a_sample_of_the_figures_is_what_the_commands_give() {
    check(Some(SAMPLE));
}

#[test]
#[ignore = "minutes; part of cargo xtask test --all"]
fn all_figures_are_what_the_commands_give() {
    check(None);
}
