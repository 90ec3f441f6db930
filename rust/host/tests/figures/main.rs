//! The tables of README and docs whose figures `hone eval` gives, made again by the commands that they name: a sample in the usual run,
//! all by `cargo xtask test --all`. Both say that they were skipped where there are no recordings.

mod reference;
mod tables;

use clap::Parser;
use hone_host::dataset::data_folder;
use hone_host::eval::{EvalArgs, EvalError, Report, evaluate};
use std::collections::BTreeMap;
use std::path::Path;
use std::process;
use tables::{AUTOENCODERS, NETWORKS, SMALL, TABLES};

/// Arguments as after `hone eval`.
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: EvalArgs,
}

struct Table {
    /// Its name and text.
    page: (&'static str, &'static str),
    /// The line of its headings, which no other has.
    headings: &'static str,
    /// Those behind the first.
    columns: &'static [Column],
    /// Rows of the usual run, by their first words; they take seconds.
    sample: &'static [&'static str],
}

/// What is in a column. In a command `{set}` is the row's first word, `{1}` and `{2}` are the cells behind the first, and `{board}` is
/// f401, or the larger board that the second cell names.
enum Column {
    Words,
    Figure(&'static str, fn(&Report) -> Option<f64>, Form),
    /// Of seed 1, and of the row by its first cell.
    Text(&'static str, fn(&Report, &str) -> Option<String>),
}

/// How a figure is written, with so many digits.
enum Form {
    /// Least and greatest of seeds 1 to 5; one where they are written alike.
    Range(usize),
    /// Mean of seeds 1 to 5, the least in brackets.
    Mean(usize),
    /// Of seed 1.
    One(usize),
}

impl Form {
    fn seeds(&self) -> std::ops::RangeInclusive<u32> {
        if let Self::One(_) = self { 1..=1 } else { 1..=5 }
    }

    fn write(&self, values: &[f64]) -> String {
        let (Self::Range(digits) | Self::Mean(digits) | Self::One(digits)) = self;
        let text = |v: f64| format!("{v:.digits$}");
        let least = text(values.iter().copied().fold(f64::INFINITY, f64::min));
        let most = text(values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        match self {
            Self::Mean(_) => format!("{} ({least})", text(values.iter().sum::<f64>() / values.len() as f64)),
            _ if least == most => least,
            Self::Range(_) | Self::One(_) => format!("{least}–{most}"),
        }
    }
}

/// Reports by command, so that one run serves all columns of a row.
#[derive(Default)]
struct Known(BTreeMap<String, Option<Report>>);

impl Known {
    /// The report of a command; none where the budget has no room, or the learner does not serve such data.
    fn report(&mut self, command: &str, seed: u32) -> Option<&Report> {
        let run = |command: &String| {
            let words = ["eval"].into_iter().chain(command.split(' '));
            let args = Command::try_parse_from(words).unwrap_or_else(|e| panic!("{command}: {e}")).args;
            match evaluate(&args) {
                Ok((report, _)) => Some(report),
                Err(EvalError::Exceeds(_) | EvalError::NotServed(_)) => None,
                Err(e) => panic!("{command}: {e}"),
            }
        };
        self.0.entry(format!("{command} --seed {seed}")).or_insert_with_key(run).as_ref()
    }
}

fn recordings() -> bool {
    let there = data_folder().join("cwru").is_dir();
    if !there {
        eprintln!("skipped: no recordings (set HONE_DATA)");
    }
    there
}

/// The lines that are otherwise.
fn compared(there: &str, made: &str) -> String {
    let lines = made.lines().filter(|line| !there.lines().any(|l| l == *line));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The cells of each row of a table.
fn rows(table: &Table) -> Vec<Vec<&'static str>> {
    let (page, text) = table.page;
    let parts: Vec<&str> = text.split(table.headings).collect();
    assert_eq!(parts.len(), 2, "{page}: tables with the headings {}", table.headings);
    let lines = parts[1].lines().skip(2).take_while(|l| l.starts_with("| "));
    let cells = |l: &'static str| l.trim_start_matches("| ").trim_end_matches(" |").split(" | ").collect();
    let rows: Vec<Vec<_>> = lines.map(cells).collect();
    assert!(rows.len() > 1 && rows.iter().all(|r| r.len() == table.columns.len() + 1), "{page}: {rows:?}");
    rows
}

/// A row as its commands make it.
fn made(table: &Table, row: &[&str], known: &mut Known) -> Vec<String> {
    let set = row[0].split([' ', ':']).next().unwrap();
    let command = |command: &str| {
        let mut command = command.replace("{set}", set).replace("{board}", if row[1] == "–" { "f401" } else { row[1] });
        for (place, cell) in ["{1}", "{2}"].iter().zip(&row[1..]) {
            command = command.replace(place, cell.trim_matches('`'));
        }
        command
    };
    let mut cells = vec![row[0].to_owned()];
    for (column, cell) in table.columns.iter().zip(&row[1..]) {
        let made = match column {
            Column::Words => Some((*cell).to_owned()),
            Column::Text(template, text) => known.report(&command(template), 1).and_then(|r| text(r, row[0])),
            Column::Figure(template, figure, form) => {
                let command = command(template);
                let values: Option<Vec<f64>> = form.seeds().map(|s| figure(known.report(&command, s)?)).collect();
                values.map(|v| form.write(&v))
            }
        };
        cells.push(made.unwrap_or_else(|| "–".into()));
    }
    cells
}

/// Makes the rows of the sample, or all, again; says which should be otherwise, and how.
fn check(all: bool) {
    if !recordings() {
        return;
    }
    let (mut wrong, mut known, mut count) = (String::new(), Known::default(), 0);
    for table in TABLES {
        let (page, text) = table.page;
        for row in rows(table) {
            let set = row[0].split([' ', ':']).next().unwrap();
            if !all && !table.sample.contains(&set) {
                continue;
            }
            let made = made(table, &row, &mut known);
            if made != row {
                wrong += &format!("{page}: | {} |\n", made.join(" | "));
            }
            if table.headings.contains("larger board") {
                // A larger board has a row where the NUCLEO's image has no room for one of the learners, and then alone.
                let on_nucleo = self::made(table, &[&[set, "–"], &row[2..]].concat(), &mut known);
                let lacks = on_nucleo[2..].contains(&"–".into());
                assert_eq!(lacks, text.contains(&format!("\n| {set} | f429 |")), "{page}: {set}");
            }
            count += 1;
        }
    }
    assert!(count >= if all { 60 } else { 8 }, "{count} rows");
    assert!(wrong.is_empty(), "there should be\n{wrong}");
}

#[test]
fn a_sample_of_the_figures_is_what_the_commands_give() {
    check(false);
}

#[test]
#[ignore = "minutes; part of cargo xtask test --all"]
fn all_figures_are_what_the_commands_give() {
    check(true);
}

/// What an example prints.
fn example(words: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cargo = process::Command::new(env!("CARGO"));
    cargo.current_dir(&root).args(["run", "--quiet", "--release", "--package", "hone-host", "--example"]);
    let out = cargo.args(words).output().expect("cargo runs");
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text")
}

#[test]
#[ignore = "minutes; part of cargo xtask test --all"]
fn packed_readouts_are_as_the_example_prints_them() {
    if !recordings() {
        return;
    }
    for set in ["datasets/cwru-anomaly.toml", "datasets/fan-med.toml"] {
        let folder = data_folder().canonicalize().unwrap();
        let out = example(&["pack_esn", "--", set, folder.to_str().unwrap()]);
        // Behind the first, which names the set, all lines are in the page.
        let rows: Vec<_> = out.lines().skip(1).collect();
        assert!(rows.len() > 10, "{out}");
        assert!(rows.iter().all(|row| SMALL.1.contains(row)), "{}: there should be\n{out}", SMALL.0);
    }
}

/// The lines of a page's table, without its headings.
fn lines(page: &'static str, headings: &str) -> impl Iterator<Item = &'static str> {
    let (_, table) = page.split_once(headings).expect("the table is there");
    table.lines().skip(2).take_while(|l| l.starts_with("| "))
}

#[test]
#[ignore = "an hour; part of cargo xtask test --all"]
fn networks_are_as_the_example_prints_them() {
    if !recordings() {
        return;
    }
    let mut wrong = String::new();
    let mut compare = |row: &str, made: &str| {
        if row != made {
            wrong += &format!("{made}\n");
        }
    };
    for row in lines(NETWORKS.1, "| set | network | int8 | int8, to the nearest | f32 | int8 less f32 |") {
        let mut cells = row.split(" | ").map(|c| c.trim_matches(['|', ' ', '`']));
        let (set, net) = (cells.next().unwrap(), cells.next().unwrap());
        let raw = if set == "cwru-raw" { &["--raw", "--seeds", "5"][..] } else { &["--seeds", "10"][..] };
        let out = example(&[&["net", "--", set, "--net", net, "--forms", "int8,nearest,f32", "--row"], raw].concat());
        compare(row, out.lines().last().unwrap());
    }
    for row in lines(NETWORKS.1, "| set | all | a half | a tenth | 0.1 to 1 | skipped above 0.95 |") {
        let set = row.trim_matches(['|', ' ']).split(' ').next().unwrap();
        let mut made = format!("| {set} |");
        let rows = |least: &'static str, most: &'static str| vec!["--set", least, "--set", most];
        for settings in [
            vec![],
            rows("rows-least=0.5", "rows-most=0.5"),
            rows("rows-least=0.1", "rows-most=0.1"),
            rows("rows-least=0.1", "rows-most=1"),
            vec!["--set", "skip-above=0.95"],
        ] {
            let out = example(&[&["net", "--", set, "--forms", "int8", "--seeds", "10"], &settings[..]].concat());
            let mean = out.split_once(" mean ").and_then(|(_, rest)| rest.split(' ').next()).expect("a mean");
            made += &format!(" {mean} |");
        }
        compare(row, &made);
    }
    assert!(wrong.is_empty(), "{}: there should be\n{wrong}", NETWORKS.0);
}

/// `1234` as `1,234`.
fn grouped(number: &str) -> String {
    let mut text = number.to_owned();
    for place in (1..number.len()).filter(|place| place % 3 == 0) {
        text.insert(number.len() - place, ',');
    }
    text
}

/// Lowest and median of what a line of the example calls `name`.
fn lowest_and_median(line: &str, name: &str) -> String {
    let (_, rest) = line.split_once(&format!(" {name} ")).unwrap_or_else(|| panic!("{name} in {line}"));
    rest.split(", ").take(2).collect::<Vec<_>>().join(", ")
}

#[test]
#[ignore = "minutes; part of cargo xtask test --all"]
fn autoencoders_are_as_the_example_prints_them() {
    if !recordings() {
        return;
    }
    let (page, text) = AUTOENCODERS;
    let mut wrong = String::new();
    let mut compare = |row: &str, made: String| {
        if row != made {
            wrong += &format!("{made}\n");
        }
    };
    for row in lines(text, "| set | rows learnt, features | int8: F1 | AUC | bytes | f32: F1 | AUC | bytes |") {
        let set = row.trim_matches(['|', ' ']).split(' ').next().unwrap();
        let out = example(&["vae", "--", set]);
        let (first, rest) = out.split_once('\n').unwrap();
        let words: Vec<_> = first.split(' ').collect();
        let mut made =
            format!("| {set} | {}, {} |", words[1], words[words.iter().position(|w| *w == "of").unwrap() + 1]);
        for line in rest.lines() {
            let bytes: Vec<_> = line.split(" workspace ").nth(1).unwrap().split(' ').collect();
            let (f1, auc) = (lowest_and_median(line, "F1"), lowest_and_median(line, "AUC"));
            made += &format!(" {f1} | {auc} | {} + {} |", grouped(bytes[0]), grouped(bytes[3]));
        }
        compare(row, made);
    }
    for row in lines(text, "| latent numbers | principal components | μ, int8 | μ, f32 |") {
        let latent = row.trim_matches(['|', ' ']).split(' ').next().unwrap();
        let out = example(&["vae", "--", "har", "--set", &format!("latent={latent}")]);
        let mut made = format!("| {latent} |");
        for line in out.lines().skip(1) {
            match line.strip_prefix("principal components ") {
                Some(figure) => made += &format!(" {figure} |"),
                None => made += &format!(" {} |", lowest_and_median(line, "latent")),
            }
        }
        compare(row, made);
    }
    assert!(wrong.is_empty(), "{page}: there should be\n{wrong}");
}
