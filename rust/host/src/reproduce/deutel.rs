//! Networks that train in 8 bits (Deutel, Hannig, Mutschler, Teich 2024) and variational autoencoders (Deutel and others 2025). The paper's
//! figures are those of the authors' public poster and paper.

use super::counts::{self, CYCLES};
use super::lab::{Lab, accuracy, energy, grouped, least_and_median, time};
use super::{Rows, Table, cells};
use std::path::Path;

pub const TABLES: [Table; 6] = [
    Table {
        key: "forms",
        headings: &[
            "numbers",
            "accuracy in the paper",
            "here: least, median",
            "RAM in the paper, KB",
            "here, bytes",
            "a sample in the paper (600 MHz)",
            "here, at 600 MHz",
            "here, at 64 MHz",
        ],
        quick: false,
        rows: forms,
    },
    Table {
        key: "scratch",
        headings: &["set", "uint8 / int8", "mixed", "f32", "8 bits less f32", "by"],
        quick: false,
        rows: scratch,
    },
    Table {
        key: "rates",
        headings: &[
            "rows updated",
            "accuracy in the paper",
            "cwru-10, `dense32`",
            "cwru-raw, convolutions",
            "faster backwards in the paper",
            "`dense32`",
            "convolutions",
            "what is short, and why",
        ],
        quick: false,
        rows: rates,
    },
    Table {
        key: "shift",
        headings: &[
            "to",
            "in the paper",
            "before: new, old",
            "last layer: new, old",
            "all layers: new, old",
            "share of the gain",
        ],
        quick: true,
        rows: shift,
    },
    Table {
        key: "encoder",
        headings: &[
            "labels a class",
            "in the paper",
            "har, 2 numbers",
            "har, 8 numbers",
            "har, all 72 features",
            "cwru-10, 8 numbers",
            "cwru-10, all 48 features",
        ],
        quick: false,
        rows: encoder,
    },
    Table {
        key: "cost",
        headings: &["figure", "in the paper: f32, uint8", "here: f32, int8", "on, by", "what is short, and why"],
        quick: true,
        rows: cost,
    },
];

/// Where the fine-tuning stands, as `cargo run --example finetune` prints it.
const NETWORKS: &str = include_str!("../../../../docs/net.md");

const RAW: &str = "cwru-raw --learner net --budget none --set features=raw --set layers=conv8k9s4,conv16k5s2,gap";
const DENSE: &str = "cwru-10 --learner net --budget none";

/// Instructions of a sample of a training, of batches of 32.
fn sample(case: &str) -> Result<f64, String> {
    Ok(counts::instructions(&format!("net/train/{case}"))? / 32.0)
}

fn forms(lab: &mut Lab) -> Rows {
    let row = |(numbers, case, paper, ram, ms): (&str, &str, &str, &str, &str)| {
        let command = format!("{RAW} --set numbers={numbers}");
        let found = lab.seeds(&command, accuracy)?;
        let report = lab.eval(&format!("{command} --seed 1"))?;
        let bytes = format!("{} + {}", grouped(report.model_bytes as f64), grouped(report.workspace_bytes as f64));
        let at = |hz: f64| match sample(case) {
            Ok(instructions) => time(instructions * CYCLES / hz),
            Err(_) => "not counted".into(),
        };
        Ok::<_, String>(cells([numbers, paper, &least_and_median(found, 4), ram, &bytes, ms, &at(600e6), &at(64e6)]))
    };
    [
        ("int8", "convolution/int8 400", "0.995 (uint8)", "17.2", "3.57 ms"),
        ("mixed", "convolution/mixed 400", "0.998", "19.1", "3.50 ms"),
        ("f32", "convolution/f32 400", "0.998", "42.3", "8.66 ms"),
    ]
    .map(row)
    .into_iter()
    .collect()
}

fn scratch(lab: &mut Lab) -> Rows {
    let mut rows: Vec<Vec<String>> = [
        ("EMNIST letters", 61.8, 69.0, 78.0),
        ("Fashion-MNIST", 76.1, 79.9, 84.0),
        ("KMNIST", 63.4, 69.9, 83.4),
        ("EMNIST digits", 91.5, 93.1, 97.3),
    ]
    .map(|(set, int8, mixed, f32)| {
        let share = |p: f64| format!("{:.3}", p / 100.0);
        let less = format!("{:+.3}", (int8 - f32) / 100.0).replace('-', "−");
        cells([set, &share(int8), &share(mixed), &share(f32), &less, "the paper: all layers, from scratch"])
    })
    .into();
    for set in ["cwru-10", "uestc", "digits", "har"] {
        let mut median = |numbers: &str| {
            lab.seeds(&format!("{set} --learner net --budget none --set numbers={numbers}"), accuracy).map(|s| s.median)
        };
        let [int8, mixed, f32] = [median("int8")?, median("mixed")?, median("f32")?];
        let less = format!("{:+.4}", int8 - f32).replace('-', "−");
        let share = |v: f64| format!("{v:.4}");
        rows.push(cells([
            set,
            &share(int8),
            &share(mixed),
            &share(f32),
            &less,
            "here: `dense32`, from scratch, median of seeds 1 to 5",
        ]));
    }
    Ok(rows)
}

fn rates(lab: &mut Lab) -> Rows {
    let backward = |net: &str, rate: &str| {
        let inputs = if net == "dense" { 48 } else { 400 };
        let forward = counts::instructions(&format!("net/infer/{net}/int8 {inputs}"))?;
        let of = |rate: &str| Ok::<f64, String>(sample(&format!("{net}/int8{rate} {inputs}"))? - forward);
        Ok::<f64, String>(of("")? / of(rate)?)
    };
    let row = |(share, rate, paper, faster): (f64, &str, &str, &str)| {
        let settings = format!("--set rows-least={share} --set rows-most={share}");
        let dense = lab.seeds(&format!("{DENSE} {settings}"), accuracy)?;
        let raw = lab.seeds(&format!("{RAW} {settings}"), accuracy)?;
        let times = |net| backward(net, rate).map_or("not counted".into(), |f| format!("{f:.2}"));
        let short = match rate {
            "" => "–",
            _ if raw.median < 0.9 => {
                "slower than there, as errors still pass through all layers; one filter of eight is too little to learn the convolutions from scratch"
            }
            _ => "slower than there, as errors still pass through all layers and rows have to be chosen",
        };
        Ok::<_, String>(cells([
            &format!("{:.0} %", share * 100.0),
            paper,
            &least_and_median(dense, 4),
            &least_and_median(raw, 4),
            faster,
            &times("dense"),
            &times("convolution"),
            short,
        ]))
    };
    [(1.0, "", "0.998", "1.00"), (0.5, "/50%", "0.998", "1.43"), (0.1, "/10%", "0.998", "4.01")]
        .map(row)
        .into_iter()
        .collect()
}

fn shift(_: &mut Lab) -> Rows {
    let headings = "| to | before: new, old | last layer: new, old | all layers: new, old | share of the gain |\n";
    let (_, table) = NETWORKS.split_once(headings).ok_or("docs/net.md has no table of fine-tuning")?;
    let lines = table.lines().skip(1).take_while(|l| l.starts_with("| "));
    let row = |line: &str| {
        let mut row: Vec<String> = line.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect();
        row.insert(1, "no figure of a shift found".into());
        row
    };
    Ok(lines.map(row).collect())
}

fn encoder(lab: &mut Lab) -> Rows {
    let row = |(labels, paper): (u32, &str)| {
        let mut found = |set: &str, more: &str| {
            let command = format!("{set} --learner svm --budget none --set labels={labels} {more}");
            lab.seeds(&command, accuracy).map(|s| least_and_median(s, 3))
        };
        let code = |n: u32| format!("--set encoder=vae --set code={n}");
        Ok::<_, String>(cells([
            &labels.to_string(),
            paper,
            &found("har", &code(2))?,
            &found("har", &code(8))?,
            &found("har", "")?,
            &found("cwru-10", &code(8))?,
            &found("cwru-10", "")?,
        ]))
    };
    [(10, "clearly lower than with 100 (a picture)"), (100, "its choice"), (200, "less than 0.02 above 100")]
        .map(row)
        .into_iter()
        .collect()
}

/// The power that the paper measured at 120 MHz, W: f32 and uint8.
const PAPER_WATTS: [f64; 2] = [46.08e-3, 45.84e-3];

fn cost(_: &mut Lab) -> Rows {
    let both =
        |of: &dyn Fn(&str) -> Result<String, String>| Ok::<String, String>(format!("{}, {}", of("f32")?, of("int8")?));
    let bytes = |numbers: &str| {
        let case = format!("vae/train/{numbers} 48");
        let all = counts::bytes("model", &case)? + counts::bytes("workspace", &case)? + counts::bytes("stack", &case)?;
        Ok(grouped(all))
    };
    let at = |kind: &'static str, per: f64| {
        move |numbers: &str| Ok(time(counts::instructions(&format!("vae/{kind}/{numbers} 48"))? / per * CYCLES / 120e6))
    };
    let joules = |numbers: &str| {
        let watts = if numbers == "f32" { PAPER_WATTS[0] } else { PAPER_WATTS[1] };
        Ok(energy(counts::instructions(&format!("vae/train/{numbers} 48"))? / 8.0 * CYCLES / 120e6 * watts))
    };
    let size =
        "another size of network: 48 features, 16 units, 4 numbers here, convolutions on images of 28 x 28 there";
    Ok(vec![
        cells([
            "VAE: RAM of a training",
            "529.4, 244.0 KB",
            &format!("{} B", both(&bytes)?),
            "emulated Cortex-M4F, `cargo xtask bench vae`",
            size,
        ]),
        cells([
            "VAE: a step of a sample",
            "224.01, 228.49 ms",
            &both(&at("train", 8.0))?,
            "120 MHz, cycles estimated",
            "8 bits are no faster, as in the paper",
        ]),
        cells([
            "VAE: inference",
            "59.65, 44.92 ms",
            &both(&at("infer", 1.0))?,
            "the same",
            "in 8 bits a network this small takes an eighth more instructions than in f32",
        ]),
        cells([
            "VAE: energy of a step",
            "10.32, 10.47 mJ",
            &both(&joules)?,
            "the same, at the paper's measured 46.08 and 45.84 mW",
            "not measured on a board",
        ]),
        cells([
            "VAE: a step at an update rate of 60 %, 10 %",
            "196.71, 111.54 ms (uint8)",
            "not counted",
            "–",
            "the learner `vae` has no update rate here",
        ]),
        cells([
            "network: energy of a sample, all layers",
            "nRF52840: 23.95 mJ, 897.56 ms (uint8)",
            &format!(
                "{}, {}",
                energy(sample("convolution/f32 400")? * CYCLES / 64e6 * 9.9e-3),
                energy(sample("convolution/int8 400")? * CYCLES / 64e6 * 9.9e-3)
            ),
            "64 MHz, 3.3 mA at 3 V (Nordic's specification); convolutions on 2 x 200 samples, images there",
            "8 bits are hardly cheaper than f32 on a core with an FPU",
        ]),
        cells([
            "network: the same on a Cortex-M7, M0+",
            "0.53, 0.17 mJ; 0.67 mJ (M0+, uint8)",
            "not counted",
            "–",
            "no counts of these cores",
        ]),
    ])
}

pub fn draw(lab: &mut Lab, folder: &Path) -> Result<(), String> {
    lab.draw(&format!("{RAW} --set hold=0.2 --seed 1"), folder, "cwru-raw-net-epochs.png")
}
