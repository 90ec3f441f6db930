//! The tables: what is in their columns, and which rows the usual run makes again.

use super::Column::{self, Figure, Text, Words};
use super::Form::{Mean, One, Range};
use super::Table;
use hone_host::eval::Report;

const ESN: &str = "{set} --learner esn --budget {board}";
const SVM: &str = "{set} --learner svm --budget {board}";
const RCE: &str = "{set} --learner rce --budget {board}";
const RCE_LARGE: &str = "{set} --learner rce --budget none";
const INTERLEAVED: &str = "{set} --learner rce --budget none --protocol interleaved --set fallback=on";
const UNKNOWN: &str = "{set} --learner rce --budget none --protocol unknown";
const SMALLER: &str = "{set} {1} --quantize {2}";

fn f1(report: &Report) -> Option<f64> {
    report.f1.map(f64::from)
}

fn accuracy(report: &Report) -> Option<f64> {
    report.accuracy.map(f64::from)
}

fn coverage(report: &Report) -> Option<f64> {
    report.coverage.map(f64::from)
}

fn model(report: &Report) -> Option<f64> {
    Some(report.model_bytes as f64)
}

/// Of a variant its mean accuracy and the least, of two the difference and its interval.
fn ablation(report: &Report, row: &str) -> Option<String> {
    if let Some((of, to)) = row.split_once(" − ") {
        let d = report.differences.iter().find(|d| d.of == of && d.to == to)?;
        return Some(format!("{:+.4}, {:+.4} to {:+.4}", d.mean, d.low, d.high).replace('-', "−"));
    }
    let v = report.variants.iter().find(|v| v.name == row)?;
    Some(format!("{:.4} ({:.4})", v.accuracy, v.least))
}

fn payload(report: &Report, _: &str) -> Option<String> {
    let (before, after) = (report.model_bytes, report.converted.as_ref()?.model_bytes);
    Some(format!("{before} → {after} ({:.0} %)", 100.0 * after as f64 / before as f64))
}

fn kept(report: &Report, _: &str) -> Option<String> {
    Some(format!("{:.4} → {:.4}", report.accuracy?, report.converted.as_ref()?.accuracy?))
}

/// F1 of the ESN over feature vectors, in the order of the table's columns.
const OVER_FEATURES: &[Column] = &[
    Figure("{set} --learner esn --budget f429", f1, Mean(3)),
    over("{set} --learner esn --budget f429 --set steps=10 --set carry=on --set features=log-spectrum --set bands=1"),
    over("{set} --learner esn --budget f429 --set steps=10 --set carry=on --set features=log-spectrum --set bands=4"),
    over("{set} --learner esn --budget none --set steps=10 --set carry=on --set features=log-spectrum --set bands=4"),
    over("{set} --learner esn --budget f429 --set steps=10 --set carry=on --set features=time"),
    over("{set} --learner esn --budget none --set steps=10 --set carry=on --set features=time"),
    over(
        "{set} --learner esn --budget f429 --set steps=10 --set carry=on --set features=time+log-spectrum --set bands=4",
    ),
    over(
        "{set} --learner esn --budget none --set steps=10 --set carry=on --set features=time+log-spectrum --set bands=4",
    ),
];

const fn over(command: &'static str) -> Column {
    Figure(command, f1, Mean(3))
}

const README: (&str, &str) = ("README.md", include_str!("../../../../README.md"));
const SCORE: (&str, &str) = ("docs/adr/esn-score.md", include_str!("../../../../docs/adr/esn-score.md"));
const FEATURES: (&str, &str) = ("docs/features.md", include_str!("../../../../docs/features.md"));
const TINY_RCE: (&str, &str) = ("docs/rce.md", include_str!("../../../../docs/rce.md"));
pub const NETWORKS: (&str, &str) = ("docs/net.md", include_str!("../../../../docs/net.md"));
pub const AUTOENCODERS: (&str, &str) = ("docs/vae.md", include_str!("../../../../docs/vae.md"));
pub const SMALL: (&str, &str) = ("docs/compression.md", include_str!("../../../../docs/compression.md"));

/// All of them.
pub const TABLES: &[Table] = &[
    Table {
        page: README,
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
        sample: &["fan-low", "fan-uci"],
    },
    Table {
        page: README,
        headings: "| set | larger board | SVM accuracy | SVM F1 | SVM model, B | RCE accuracy | RCE F1 | RCE left unknown | RCE model, B |",
        columns: &[
            Words,
            Figure(SVM, accuracy, Range(3)),
            Figure(SVM, f1, Range(3)),
            Figure(SVM, model, Range(0)),
            Figure(RCE, accuracy, Range(3)),
            Figure(RCE, f1, Range(3)),
            Figure(RCE, |r| coverage(r).map(|c| 1.0 - c), Range(3)),
            Figure(RCE, model, Range(0)),
        ],
        sample: &["iris", "svm-iris12", "svm-dig38s"],
    },
    Table {
        page: README,
        headings: "| set | f401 | f429 | h743 | none | none, RBF |",
        columns: &[
            Figure("{set} --learner svm --budget f401", accuracy, One(3)),
            Figure("{set} --learner svm --budget f429", accuracy, One(3)),
            Figure("{set} --learner svm --budget h743", accuracy, One(3)),
            Figure("{set} --learner svm --budget none", accuracy, One(3)),
            Figure("{set} --learner svm --budget none --set kernel=rbf", accuracy, One(3)),
        ],
        sample: &["digits"],
    },
    Table {
        page: SCORE,
        headings: "| set | mse | nmse | either |",
        columns: &[
            Figure("{set} --learner esn --budget none --set score=mse", f1, One(3)),
            Figure("{set} --learner esn --budget none --set score=nmse", f1, One(3)),
            Figure("{set} --learner esn --budget none --set score=either", f1, One(3)),
        ],
        sample: &["fan-low"],
    },
    Table {
        page: FEATURES,
        headings: "| recording | samples | log-spectrum, one band | log-spectrum | sixteen | time | sixteen | both | sixteen |",
        columns: OVER_FEATURES,
        sample: &[],
    },
    Table {
        page: TINY_RCE,
        headings: "| data set | nearest prototype decides | of what is known | known (coverage) | model in memory, B |",
        columns: &[
            Figure("{set} --learner rce --budget none --set fallback=on", accuracy, Mean(3)),
            Figure(RCE_LARGE, |r| r.accuracy_known.map(f64::from), Mean(3)),
            Figure(RCE_LARGE, coverage, Mean(3)),
            Figure(RCE_LARGE, |r| Some(r.model_ram_bytes as f64), Range(0)),
        ],
        sample: &[],
    },
    Table {
        page: TINY_RCE,
        headings: "| data set | judged, then learnt | a model per subject |",
        columns: &[
            Figure(INTERLEAVED, accuracy, One(3)),
            Figure("{set} --learner rce --budget none --protocol per-subject", accuracy, One(3)),
        ],
        sample: &[],
    },
    Table {
        page: TINY_RCE,
        headings: "| data set | unknown score | nearest distance alone |",
        columns: &[
            Figure(UNKNOWN, |r| r.auroc_unknown.map(f64::from), One(4)),
            Figure(UNKNOWN, |r| r.auroc_distance.map(f64::from), One(4)),
        ],
        sample: &[],
    },
    Table {
        page: TINY_RCE,
        headings: "| 100 orders | cwru-10 | har |",
        columns: &[
            Text("cwru-10 --learner rce --budget none --protocol ablation --orders 100", ablation),
            Text("har --learner rce --budget none --protocol ablation --orders 100", ablation),
        ],
        sample: &[],
    },
    Table {
        page: TINY_RCE,
        headings: "| 20 orders of classes | cwru-10 | har |",
        columns: &[
            Text("cwru-10 --learner rce --budget none --protocol ablation-by-class --orders 20", ablation),
            Text("har --learner rce --budget none --protocol ablation-by-class --orders 20", ablation),
        ],
        sample: &[],
    },
    Table {
        page: SMALL,
        headings: "| set | options | form | payload, bytes | accuracy | decided differently |",
        columns: &[
            Words,
            Words,
            Text(SMALLER, payload),
            Text(SMALLER, kept),
            Text(SMALLER, |r, _| Some(r.converted.as_ref()?.changed.to_string())),
        ],
        sample: &["uestc"],
    },
    Table {
        page: NETWORKS,
        headings: "| set | in the NUCLEO's image |",
        columns: &[Figure("{set} --learner net", accuracy, Range(3))],
        sample: &["iris"],
    },
];
