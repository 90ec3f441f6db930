//! The ESN autoencoder (Nawaiseh, De Vita, Bruneo).

use super::counts::{self, F401};
use super::lab::{Lab, energy, grouped, pictures, time};
use super::{Rows, Table, cells};
use crate::scenario::{self, Experiment, ScenarioArgs};
use crate::statistics::Spread;
use std::path::Path;

pub const TABLES: [Table; 3] = [
    Table {
        key: "switch",
        headings: &["figure", "in the paper", "its rule here", "ESN, by its default", "knn, by its default"],
        quick: false,
        rows: switch,
    },
    Table {
        key: "memory",
        headings: &[
            "set",
            "form",
            "in the paper",
            "readout, bytes",
            "model, bytes",
            "in RAM, bytes",
            "F1",
            "verdicts changed",
            "what is short, and why",
        ],
        quick: true,
        rows: memory,
    },
    Table {
        key: "time",
        headings: &[
            "what",
            "in the paper",
            "instructions",
            "NUCLEO-F401RE, 84 MHz",
            "energy at 11.5 mA, 3.3 V",
            "bytes of RAM",
        ],
        quick: true,
        rows: times,
    },
];

fn switch(_: &mut Lab) -> Rows {
    let args = |seed| ScenarioArgs {
        experiment: Experiment::Switch,
        seed,
        minutes: 30,
        runs: None,
        per_day: None,
        plot: None,
        json: false,
    };
    let runs = (1..=5).map(|seed| scenario::outcome(&args(seed)).map(|o| o.0)).collect::<Result<Vec<_>, String>>()?;
    let row = |name: &str, paper: &str, of: fn(&scenario::Figures) -> Option<f64>| {
        let mut row = cells([name, paper]);
        for detector in ["paper", "esn", "knn"] {
            let found = runs.iter().flat_map(|r| r.detectors.iter().filter(|d| d.name == detector));
            let values: Vec<f64> = found.filter_map(of).collect();
            let Spread { least, median, greatest } =
                Spread::of(&values).ok_or(format!("{name} of {detector} is missing"))?;
            let digits = if name == "switches not seen" { 0 } else { 3 };
            row.push(format!("{median:.digits$} ({least:.digits$}–{greatest:.digits$})"));
        }
        Ok::<_, String>(row)
    };
    Ok(vec![
        row("precision", "0.808", |d| d.precision)?,
        row("recall", "0.983", |d| d.recall)?,
        row("F1", "0.887", |d| d.f1)?,
        row("mean delay after opening, s", "about 1", |d| d.opened.mean_s)?,
        row("mean delay after closing, s", "about 1", |d| d.closed.mean_s)?,
        row("greatest delay, s", "no figure", |d| {
            d.opened.greatest_s.into_iter().chain(d.closed.greatest_s).reduce(f64::max)
        })?,
        row("switches not seen", "no figure", |d| Some((d.opened.missed + d.closed.missed) as f64))?,
    ])
}

const FORMS: [&str; 8] = [
    "--compress 4",
    "--compress 8",
    "--compress 16",
    "--compress 32",
    "--quantize int8",
    "--quantize q3.12",
    "--quantize q5.10",
    "--quantize q5.2",
];

fn memory(lab: &mut Lab) -> Rows {
    let mut rows = Vec::new();
    for (set, board) in [("cwru-anomaly", "f401"), ("fan-med", "f429")] {
        for form in FORMS {
            let name = form.replace("--compress", "clustered, factor").replace("--quantize", "integers,");
            let report = match lab.eval(&format!("{set} --learner esn --budget {board} {form} --seed 1")) {
                Err(e) if e.contains("by this factor the weights would take") => {
                    let why = "the table of 256 centroids alone is larger than such a readout: the device refuses it";
                    rows.push(cells([set, &name, "no figure found", "refused", "–", "–", "–", "–", why]));
                    continue;
                }
                other => other?,
            };
            let small = report.converted.as_ref().ok_or(format!("{set} {form}: no smaller form"))?;
            let share = 100.0 * small.weights_bytes as f64 / small.weights_bytes_before.max(1) as f64;
            let f1 = |f: Option<f32>| f.unwrap_or_default();
            let short = if f1(small.f1) + 0.005 < f1(report.f1) { "too few levels for these weights" } else { "–" };
            rows.push(cells([
                set,
                &name,
                "no figure found",
                &format!("{} → {} ({share:.0} %)", small.weights_bytes_before, small.weights_bytes),
                &format!("{} → {}", report.model_bytes, small.model_bytes),
                &format!("{} → {}", grouped(report.model_ram_bytes as f64), grouped(small.model_ram_bytes as f64)),
                &format!("{:.3} → {:.3}", f1(report.f1), f1(small.f1)),
                &format!("{} of {}", small.changed, report.test_windows),
                short,
            ]));
        }
    }
    Ok(rows)
}

fn times(_: &mut Lab) -> Rows {
    let row = |what: &str, operation: &str, case: &str, samples: f64| {
        let found = counts::operation(operation)?;
        let seconds = F401.time(found.cycles);
        let joules = F401.watts.map_or("–".into(), |w| energy(w * seconds));
        let instructions = grouped(counts::instructions(case)? / samples);
        Ok::<_, String>(cells([what, "no figure found", &instructions, &time(seconds), &joules, &grouped(found.ram)]))
    };
    Ok(vec![
        row(
            "a sample of 3 channels learnt, 64 units",
            "ESN, 64 units, train on a sample of 3 channels",
            "esn/train/sample 64",
            128.0,
        )?,
        row("the readout, once", "ESN, the readout, once per training", "esn/solve 64", 1.0)?,
        row("a sample judged", "ESN, infer a sample", "esn/infer/sample 64", 128.0)?,
    ])
}

pub fn draw(_: &mut Lab, folder: &Path) -> Result<(), String> {
    pictures(folder, &["switch-paper.png", "switch-esn.png"], |into| {
        let plot = Some(into.into());
        scenario::outcome(&ScenarioArgs {
            experiment: Experiment::Switch,
            seed: 1,
            minutes: 4,
            runs: None,
            per_day: None,
            plot,
            json: false,
        })
        .map(|_| ())
    })
}
