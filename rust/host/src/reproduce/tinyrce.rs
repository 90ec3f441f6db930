//! TinyRCE (Pau, Ambrose, Pisani, Aymone 2023).

use super::counts::{self, CYCLES};
use super::lab::{Lab, accuracy, count, grouped, least_and_median, time};
use super::{Rows, Table, cells};
use crate::eval::Report;
use std::path::Path;

pub const TABLES: [Table; 4] = [
    Table {
        key: "paper",
        headings: &["figure", "in the paper", "cwru-10", "har", "by", "what is short, and why"],
        quick: true,
        rows: paper,
    },
    Table {
        key: "headline",
        headings: &[
            "set",
            "features",
            "learner",
            "MAC a window: features + decision",
            "RAM, bytes: model + training",
            "accuracy: least, median",
            "instructions of all learning",
            "at 80 MHz",
        ],
        quick: false,
        rows: headline,
    },
    Table {
        key: "protocols",
        headings: &["protocol", "what is counted", "in the paper", "cwru-10", "har"],
        quick: false,
        rows: protocols,
    },
    Table {
        key: "features",
        headings: &["features of a window", "instructions", "at 80 MHz", "in integers"],
        quick: true,
        rows: features,
    },
];

const SETS: [&str; 2] = ["cwru-10", "har"];
const RCE: &str = "--learner rce --budget none --set fallback=on";
/// Windows of 768 numbers, whose features are counted.
const MHZ: f64 = 80e6;

fn both(lab: &mut Lab, of: fn(&mut Lab, &str) -> Result<String, String>) -> Result<[String; 2], String> {
    Ok([of(lab, "cwru-10")?, of(lab, "har")?])
}

fn model<'a>(lab: &'a mut Lab, set: &str) -> Result<&'a Report, String> {
    lab.eval(&format!("{set} {RCE} --seed 1"))
}

/// Cycles of all learning: instructions by prototypes visited, at the cycles of the counted operation.
fn learning(report: &Report) -> Result<(f64, f64), String> {
    let instructions = count(report, "instructions, learn")?;
    let counted = counts::instructions("rce/alone/learn 447870")? / WINDOWS;
    let per = counts::operation("RCE, 8-bit, learn a window of 48 features")?.cycles / counted;
    Ok((instructions, instructions * per))
}

/// Windows that the counted case learns.
const WINDOWS: f64 = 2808.0;

fn paper(lab: &mut Lab) -> Rows {
    let mut rows = Vec::new();
    let mut line = |name: &str, paper: &str, [cwru, har]: [String; 2], by: &str, short: &str| {
        rows.push(cells([name, paper, &cwru, &har, by, short]));
    };
    let shape = both(lab, |lab, set| {
        let report = model(lab, set)?;
        Ok(format!("{}, {}", count(report, "prototypes")?, count(report, "features")?))
    })?;
    line("prototypes h, features n", "no figure found", shape, "`hone eval`", "–");
    let mac = both(lab, |lab, set| Ok(grouped(count(model(lab, set)?, "MAC per inference, h(5n+10)")?)))?;
    line("MAC of a decision, h(5n+10)", "the formula", mac, "`hone eval`", "–");
    let all = both(lab, |lab, set| Ok(grouped(count(model(lab, set)?, "MAC of all learning")?)))?;
    line(
        "MAC of all learning, h(5n+10) a window",
        "23.4 M, of its own windows",
        all,
        "`hone eval`",
        "200 prototypes are compared from the first window on by the formula; the next line has what is done",
    );
    let visited = both(lab, |lab, set| Ok(grouped(count(model(lab, set)?, "by prototypes visited")?)))?;
    line(
        "the same by prototypes visited",
        "no figure found",
        visited,
        "`hone eval`",
        "more windows (2,808 and 1,612) and prototypes than the paper's",
    );
    let instructions = both(lab, |lab, set| Ok(grouped(learning(model(lab, set)?)?.0)))?;
    line("instructions of all learning", "no figure found", instructions, "counts of the Cortex-M4F", "–");
    let seconds = both(lab, |lab, set| Ok(time(learning(model(lab, set)?)?.1 / 480e6)))?;
    line("all learning at 480 MHz", "0.216 s", seconds, "the same, cycles of a Cortex-M4F", "–");
    let ram = both(lab, |lab, set| {
        let report = model(lab, set)?;
        Ok(format!("{:.2} KiB", (report.model_ram_bytes + report.workspace_bytes) as f64 / 1024.0))
    })?;
    line("RAM of the classifier", "40.26 KiB", ram, "model and workspace", "–");
    let weights = both(lab, |lab, set| {
        let report = lab.eval(&format!("{set} {RCE} --set features=random-convolution --seed 1"))?;
        super::lab::fact(report, "memory for a window's features")
    })?;
    line(
        "random weights of the extractor",
        "76.45 KiB of ROM",
        weights,
        "drawn anew from the seed for each window: no ROM; RAM while features are made",
        "–",
    );
    line(
        "accuracy on PAMAP2, SHL",
        "\"competitive\"",
        ["–".into(), "–".into()],
        "–",
        "no copy of these sets is at hand; har is the nearest",
    );
    Ok(rows)
}

/// Features, their settings, learner.
const HEADLINE: [(&str, &str, &str); 6] = [
    ("the set's default", "", "rce"),
    ("random convolution", "--set features=random-convolution", "rce"),
    ("random convolution, then 64 random units", "--set features=random-convolution --set elm-units=64", "rce"),
    ("the set's default", "", "net"),
    ("random convolution", "--set features=random-convolution", "net"),
    ("random convolution, then 64 random units", "--set features=random-convolution --set elm-units=64", "net"),
];

/// Epochs of a network, as its default.
const EPOCHS: f64 = 40.0;

fn headline(lab: &mut Lab) -> Rows {
    let mut rows = Vec::new();
    for set in SETS {
        for (features, settings, learner) in HEADLINE {
            let base = format!("{set} {RCE} {settings}");
            let report = lab.eval(&format!("{base} --seed 1"))?;
            let (n, of_features) = (count(report, "features")?, count(report, "MAC per window's features")?);
            let (h_mac, rce_ram, rce_cost) = (
                count(report, "MAC per inference, h(5n+10)")?,
                (report.model_ram_bytes, report.workspace_bytes),
                learning(report)?,
            );
            let (classes, windows) = (report.confusion.rows.len() as f64, report.train_windows as f64);
            let (command, mac, ram, (instructions, cycles)) = if learner == "rce" {
                (base, h_mac, rce_ram, rce_cost)
            } else {
                let command = format!("{set} --learner net --budget none {settings}");
                let report = lab.eval(&format!("{command} --seed 1"))?;
                let weights = n * 32.0 + 32.0 * classes;
                // The counted network has 48 features, 32 units, 10 classes; a batch is 32 rows.
                let row =
                    counts::instructions("net/train/dense/int8 48")? / 32.0 * weights / (48.0 * 32.0 + 32.0 * 10.0);
                let all = row * windows * EPOCHS;
                (command, weights, (report.model_bytes, report.workspace_bytes), (all, all * CYCLES))
            };
            let accuracy = lab.seeds(&command, accuracy)?;
            rows.push(cells([
                set,
                features,
                if learner == "rce" { "TinyRCE" } else { "network by backpropagation" },
                &format!("{} + {}", grouped(of_features), grouped(mac)),
                &format!("{} + {}", grouped(ram.0 as f64), grouped(ram.1 as f64)),
                &least_and_median(accuracy, 3),
                &format!("{:.1} M", instructions / 1e6),
                &time(cycles / MHZ),
            ]));
        }
    }
    Ok(rows)
}

fn protocols(lab: &mut Lab) -> Rows {
    let mut rows = Vec::new();
    type Figure = fn(&Report) -> Option<f64>;
    let all: [(&str, &str, &str, &str, Figure); 9] = [
        ("one user: a model each", "accuracy", "per-subject --set fallback=on", "no figure found", accuracy),
        (
            "many users, one after the other",
            "accuracy right after each user's turn",
            "subjects-in-turn --set fallback=on",
            "no figure found",
            |r| r.accuracy_in_turn.map(f64::from),
        ),
        ("", "accuracy on all users at the end", "subjects-in-turn --set fallback=on", "no figure found", accuracy),
        ("", "forgotten of those before", "subjects-in-turn --set fallback=on", "no figure found", |r| {
            r.forgotten.map(f64::from)
        }),
        (
            "judged, then learnt",
            "accuracy as judged",
            "interleaved --set fallback=on",
            "no figure found for these sets; keywords 0.9525, images 0.8717",
            accuracy,
        ),
        ("annotated: a label where the answer is unknown", "labels given", "annotated", "no figure found", |r| {
            r.labels_asked.map(|l| l as f64)
        }),
        ("", "accuracy on the test part", "annotated", "no figure found", |r| r.accuracy_holdout.map(f64::from)),
        ("and the user corrects what is wrong", "labels given", "corrected", "no figure found", |r| {
            r.labels_asked.map(|l| l as f64)
        }),
        ("", "accuracy on the test part", "corrected", "no figure found", |r| r.accuracy_holdout.map(f64::from)),
    ];
    for (protocol, what, words, paper, figure) in all {
        let mut row = cells([protocol, what, paper]);
        for set in SETS {
            let users = words.starts_with("per-subject") || words.starts_with("subjects-in-turn");
            row.push(if users && set == "cwru-10" {
                "has no users".into()
            } else {
                let spread = lab.seeds(&format!("{set} --learner rce --budget none --protocol {words}"), figure)?;
                let digits = if what == "labels given" { 0 } else { 3 };
                let total = if set == "har" { 1612 } else { 2808 };
                let of = if digits == 0 { format!(" of {total}") } else { String::new() };
                format!("{:.digits$} ({:.digits$}–{:.digits$}){of}", spread.median, spread.least, spread.greatest)
                    .replace('-', "−")
            });
        }
        rows.push(row);
    }
    Ok(rows)
}

fn features(_: &mut Lab) -> Rows {
    let row = |name: &str, case: &str, short: &str| {
        let instructions = counts::instructions(case)?;
        Ok::<_, String>(cells([name, &grouped(instructions), &time(instructions * CYCLES / MHZ), short]))
    };
    let not = "not yet: extractors compute in floating point";
    Ok(vec![
        row("log-spectrum, 256 frames of 3 channels", "features/log-spectrum 768", not)?,
        row("random convolution, the same", "features/random-convolution 768", not)?,
        row("random convolution and random units, the same", "features/convolution+elm 768", not)?,
    ])
}

pub fn draw(lab: &mut Lab, folder: &Path) -> Result<(), String> {
    let users = "har --learner rce --budget none --set fallback=on --protocol subjects-in-turn --seed 1";
    lab.draw(users, folder, "har-rce-learning.png")?;
    lab.draw("cwru-10 --learner rce --budget none --protocol annotated --seed 1", folder, "cwru-10-rce-learning.png")
}
