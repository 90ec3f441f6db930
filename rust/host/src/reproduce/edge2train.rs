//! Edge2Train (Sudharsan, Breslin, Ali 2020). The paper's figures are those of the pictures and the text of its public repository.

use super::counts::{self, BOARDS, Board, CYCLES, NRF52840};
use super::lab::{Lab, accuracy, energy, grouped, time};
use super::{Rows, Table, cells};
use crate::dataset::data_folder;

pub const TABLES: [Table; 5] = [
    Table {
        key: "accuracy",
        headings: &[
            "task",
            "in the paper",
            "scikit-learn's SVC",
            "here",
            "in a board's image",
            "rows, features",
            "what is short, and why",
        ],
        quick: true,
        rows: accuracies,
    },
    Table {
        key: "time",
        headings: &["processor", "core, clock", "iris: train", "iris: infer", "digits: train", "digits: infer", "by"],
        quick: true,
        rows: times,
    },
    Table {
        key: "energy",
        headings: &["processor", "power", "iris: train", "iris: infer", "digits: train", "digits: infer", "by"],
        quick: true,
        rows: energies,
    },
    Table {
        key: "growth",
        headings: &["what grows", "in the paper, 100 rows", "sizes here", "nRF52840, estimated", "exponent"],
        quick: true,
        rows: growth,
    },
    Table {
        key: "memory",
        headings: &["task", "in the paper", "flash, bytes", "RAM, bytes", "rows, bytes"],
        quick: true,
        rows: memory,
    },
];

/// What scikit-learn's SVC predicts, as `tests/vectors/svm/tasks.py` writes it.
const TASKS: &str = include_str!("../../../../tests/vectors/svm/tasks.csv");
/// The paper's power: its energies are these times its times, on each of its boards.
const PAPER_WATTS: f64 = 0.175;

/// Its tasks and ours: name, task of the image, board that holds it, rows to train, features.
const SETS: [(&str, &str, f64, f64); 4] = [
    ("iris01", "f401", 70.0, 4.0),
    ("iris12", "f401", 70.0, 4.0),
    ("dig38s", "f429", 120.0, 64.0),
    ("dig6rs", "f429", 120.0, 64.0),
];

/// Share of the rows to test that scikit-learn's linear machine decides rightly.
fn scikit(task: &str) -> Result<(usize, usize), String> {
    let line = TASKS.lines().find(|l| l.starts_with(&format!("{task},linear,")));
    let said = line.and_then(|l| l.rsplit(',').next()).ok_or(format!("tasks.csv has no {task}"))?;
    let path = data_folder().join("svm").join(format!("{task}_test.csv"));
    let rows = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let truth = rows.lines().filter_map(|l| Some(!l.rsplit(',').next()?.trim().starts_with('-')));
    let pairs: Vec<(char, bool)> = said.chars().zip(truth).collect();
    // A row on the boundary is '?', which is not right.
    let right = pairs.iter().filter(|(said, positive)| *said == if *positive { '+' } else { '-' }).count();
    Ok((right, pairs.len()))
}

fn accuracies(lab: &mut Lab) -> Rows {
    let row = |(task, board, rows, features): (&str, &str, f64, f64)| {
        let (right, of) = scikit(task)?;
        let here = accuracy(lab.eval(&format!("svm-{task} --learner svm --budget none --seed 1"))?).unwrap_or_default();
        let image =
            accuracy(lab.eval(&format!("svm-{task} --learner svm --budget {board} --seed 1"))?).unwrap_or_default();
        let pc = right as f64 / of as f64;
        let count = |share: f64| format!("{share:.4} ({:.0} of {of})", share * of as f64);
        let least = here.min(image);
        let short = if least + 1e-6 < pc {
            format!("{:.0} of {of} rows: the image keeps rows in 8 or 16 bits", (pc - least) * of as f64)
        } else {
            "–".into()
        };
        Ok::<_, String>(cells([
            task,
            "no figure; \"close to\" a PC's",
            &count(pc),
            &count(here),
            &format!("{} in {board}'s", count(image)),
            &format!("{rows} + {of}, {features}"),
            &short,
        ]))
    };
    SETS.into_iter().map(row).collect()
}

/// The paper's boards: name, core and clock, iris trained and inferred, digits likewise; seconds.
const PAPER: [(&str, &str, [Option<f64>; 4]); 5] = [
    ("MCU 1: nRF52840 Feather", "Cortex-M4F, 64 MHz", [Some(33.512), Some(0.067e-3), Some(45.744), Some(0.5e-3)]),
    ("MCU 2: STM32F103C8 Blue Pill", "Cortex-M3 (it says M0), 72 MHz", [Some(226.19), Some(0.4e-3), None, None]),
    ("MCU 3: ESP32", "Xtensa LX6, 240 MHz", [Some(10.187), Some(0.031e-3), Some(25.326), Some(0.1e-3)]),
    ("MCU 4: HUZZAH32", "Xtensa LX6, 240 MHz", [Some(9.037), Some(0.034e-3), Some(18.754), Some(0.1e-3)]),
    ("MCU 5: SAMD21 METRO", "Cortex-M0+, 48 MHz", [Some(785.607), Some(1.3e-3), None, None]),
];

/// Cycles on a board: iris trained and inferred, digits likewise; and where they are from.
fn cycles(board: &Board) -> Result<([Option<f64>; 4], &'static str), String> {
    if board.core.starts_with("Cortex-M3") {
        let of = |name: &str| counts::on_cortex_m3(name).map(|i| Some(i * CYCLES));
        let all = [
            of("SVM, linear, iris01: 70 rows of 4 features in 8 bits")?,
            of("SVM, linear, a row of iris01 judged, in `f32`")?,
            of("SVM, linear, dig6rs: 120 rows of 64 features in 8 bits")?,
            of("SVM, linear, a row of dig6rs judged, in `f32`")?,
        ];
        return Ok((all, "here, rows to train on in 8 bits"));
    }
    let of = |name: &str| counts::operation(name).map(|o| Some(o.cycles));
    let all =
        [of("SVM, iris01, train")?, of("SVM, iris01, infer")?, of("SVM, dig6rs, train")?, of("SVM, dig6rs, infer")?];
    Ok((all, "here"))
}

fn times(_: &mut Lab) -> Rows {
    let shown = |s: Option<f64>| s.map_or("does not fit".into(), time);
    let mut rows: Vec<Vec<String>> = PAPER
        .iter()
        .map(|(name, core, [a, b, c, d])| {
            cells([name, core, &shown(*a), &shown(*b), &shown(*c), &shown(*d), "the paper"])
        })
        .collect();
    for board in BOARDS {
        let (all, by) = cycles(board)?;
        let shown = |c: Option<f64>| c.map_or("–".into(), |c| time(board.time(c)));
        let [a, b, c, d] = all.map(shown);
        rows.push(cells([board.name, &format!("{}, {:.0} MHz", board.core, board.hz / 1e6), &a, &b, &c, &d, by]));
    }
    rows.push(cells([
        "any Cortex-M0+",
        "no FPU, no divide",
        "–",
        "–",
        "–",
        "–",
        "here: there are no counts of this core",
    ]));
    Ok(rows)
}

fn energies(_: &mut Lab) -> Rows {
    let joules = |seconds: [Option<f64>; 4], watts: f64| seconds.map(|s| s.map_or("–".into(), |s| energy(s * watts)));
    let mut rows = Vec::new();
    for (name, _, seconds) in &PAPER {
        let [a, b, c, d] = joules(*seconds, PAPER_WATTS);
        rows.push(cells([name, "175 mW", &a, &b, &c, &d, "the paper: its time at its power"]));
    }
    let mut board = |board: &Board, watts: f64, by: &str| {
        let (all, _) = cycles(board)?;
        let [a, b, c, d] = joules(all.map(|c| c.map(|c| board.time(c))), watts);
        let power = if watts < 0.0995 { format!("{:.1} mW", watts * 1e3) } else { format!("{:.0} mW", watts * 1e3) };
        rows.push(cells([board.name, &power, &a, &b, &c, &d, by]));
        Ok::<(), String>(())
    };
    board(&NRF52840, PAPER_WATTS, "here, at the paper's power")?;
    for b in BOARDS {
        if let Some(watts) = b.watts {
            board(b, watts, "here, at the maker's current")?;
        }
    }
    Ok(rows)
}

fn growth(_: &mut Lab) -> Rows {
    let line = |what: &str, paper: &str, kind: &str, sizes: [u32; 4]| {
        let count = |size: u32| counts::instructions(&format!("growth/svm/train/{kind} {size}"));
        let seconds =
            sizes.iter().map(|s| Ok(time(NRF52840.time(count(*s)? * CYCLES)))).collect::<Result<Vec<_>, String>>()?;
        let points =
            sizes.iter().map(|s| Ok((f64::from(*s).ln(), count(*s)?.ln()))).collect::<Result<Vec<_>, String>>()?;
        Ok::<_, String>(cells([
            what,
            paper,
            &sizes.map(|s| s.to_string()).join(", "),
            &seconds.join(", "),
            &format!("{:.2}", slope(&points)),
        ]))
    };
    Ok(vec![
        line("rows, of 16 features", "iris: 15.58 s (ESP32), 21.39 min (METRO)", "rows", [30, 60, 120, 240])?,
        line("features, of 60 rows", "digits, 64 features: 28.24 s (ESP32)", "features", [8, 16, 32, 64])?,
    ])
}

/// Of the line through points by least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (mx, my) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let (up, down) =
        points.iter().fold((0.0, 0.0), |(u, d), (x, y)| (u + (x - mx) * (y - my), d + (x - mx) * (x - mx)));
    up / down
}

fn memory(_: &mut Lab) -> Rows {
    let row = |(task, _, rows, features): (&str, &str, f64, f64)| {
        let train = counts::operation(&format!("SVM, {task}, train"))?;
        let not = if features > 30.0 { "does not fit MCU 2 (20 KB of RAM) and 5 (32 KB)" } else { "no figure" };
        let of_rows = |bytes: f64| grouped(rows * features * bytes);
        let rows = format!("{} as f32, {} in 8 bits", of_rows(4.0), of_rows(1.0));
        Ok::<_, String>(cells([task, not, &grouped(train.flash), &grouped(train.ram), &rows]))
    };
    SETS.into_iter().map(row).collect()
}
