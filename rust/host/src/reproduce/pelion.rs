//! Regression on a temperature, retraining and update (Pelion and uTensor).

use super::counts::{self, CYCLES, F401};
use super::lab::{Lab, grouped, time};
use super::{Rows, Table, cells};
use crate::eval::{Figures, Report};
use std::path::Path;

pub const TABLES: [Table; 3] = [
    Table {
        key: "regression",
        headings: &["figure", "in the work", "model as trained", "learning on (`adapt`)", "what is short, and why"],
        quick: true,
        rows: regression,
    },
    Table {
        key: "flags",
        headings: &[
            "detector",
            "in the work",
            "failures found",
            "false alarms",
            "a week",
            "normal time in alarm",
            "what is short, and why",
        ],
        quick: false,
        rows: flags,
    },
    Table { key: "round", headings: &["step", "in the work", "here", "time"], quick: true, rows: round },
];

const STILL: &str = "temperature-next --learner linear --seed 1";
const ADAPT: &str = "temperature-next --learner linear --set adapt=on --seed 1";

fn figures(report: &Report) -> Result<&Figures, String> {
    report.regression.as_ref().ok_or("no number was foretold".into())
}

fn regression(lab: &mut Lab) -> Rows {
    let (still, adapts) = (lab.eval(STILL)?.clone(), lab.eval(ADAPT)?.clone());
    let (a, b) = (figures(&still)?, figures(&adapts)?);
    let not = "no figure found";
    let row = |name: &str, of: &dyn Fn(&Figures) -> String, short: &str| cells([name, not, &of(a), &of(b), short]);
    let four = |v: f64| format!("{v:.4}");
    let mut rows = vec![
        row(
            "train MSE, °F²",
            &|f| f.mse_learnt.map_or("–".into(), four),
            "of a model that learns on there is no training error",
        ),
        row("test MSE, °F²", &|f| four(f.mse), "–"),
        row(
            "test MSE had each value been foretold to be the one before",
            &|f| four(f.mse_of_last),
            "the gain over it is small: the next reading of such a machine is nearly the last",
        ),
        row("test R²", &|f| four(f.r2), "–"),
        row(
            "values within the 95 % interval",
            &|f| four(f.coverage),
            "too wide by two in a hundred: the machine was calmer later than while it learnt",
        ),
        row("mean width of the interval, °F", &|f| four(f.mean_width), "–"),
        row("readings judged", &|f| grouped(f.frames as f64), "–"),
    ];
    let bytes = |r: &Report| {
        format!("{} + {} + {}", grouped(r.model_bytes as f64), grouped(r.model_ram_bytes as f64), r.workspace_bytes)
    };
    rows.push(cells([
        "bytes: model as saved, in RAM, workspace",
        not,
        &bytes(&still),
        &bytes(&adapts),
        "with `adapt` the model in RAM is there twice",
    ]));
    let learnt = counts::instructions("linear/learn/lags 8")?;
    let step = counts::instructions("linear/step/lags 8")?;
    let at = |i: f64| format!("{} instructions, {} at 84 MHz", grouped(i), time(F401.time(i * CYCLES)));
    rows.push(cells(["a reading predicted and learnt; and judged", not, &at(learnt), &at(step), "–"]));
    Ok(rows)
}

fn flags(lab: &mut Lab) -> Rows {
    let mut rows = Vec::new();
    let still = lab.eval(STILL)?;
    let percent = |share: Option<f32>| share.map_or("–".into(), |s| format!("{:.2} %", s * 100.0));
    rows.push(cells([
        "linear, three readings in a row outside the interval",
        "no figure found",
        &format!("{} of their readings flagged", percent(still.recall)),
        "–",
        "–",
        &percent(still.false_alarm_rate),
        "a slow failure is foretold as well as health is: what is flagged are steps",
    ]));
    // Of the set's 42 windows that are healthy and come first some have to set the threshold.
    for (learner, more) in [("esn", ""), ("knn", "--set windows=26 --set calibrate=16"), ("svm", ""), ("vae", "")] {
        let report = lab.eval(&format!("temperature --learner {learner} --budget f401 {more} --seed 1"))?;
        let e = report.events.as_ref().ok_or("temperature has no events")?;
        let json = serde_json::to_value(e).map_err(|e| e.to_string())?;
        let number = |key: &str| json.get(key).and_then(serde_json::Value::as_f64);
        let whole = |key: &str| number(key).map_or("–".into(), |v| format!("{v:.0}"));
        rows.push(cells([
            &format!("{learner}, windows of the set `temperature`"),
            "no figure found",
            &format!("{} of {}", whole("detected"), whole("events")),
            &whole("false_alarms"),
            &number("false_alarms_per_day").map_or("–".into(), |v| format!("{:.1}", v * 7.0)),
            &number("normal_in_alarm").map_or("–".into(), |v| format!("{:.2} %", v * 100.0)),
            if number("detected") < number("events") {
                "42 healthy windows of four hours are all that it learns and sets its threshold by"
            } else {
                "–"
            },
        ]));
    }
    Ok(rows)
}

/// Bytes of a model in a line of the transfer, and characters of that line (docs/formats/transfer.md).
const LINE: (f64, f64) = (48.0, 90.0);

fn round(lab: &mut Lab) -> Rows {
    let report = lab.eval(STILL)?;
    let bytes = report.model_bytes as f64;
    let over_serial = ((bytes / LINE.0).ceil() + 1.0) * LINE.1 * 10.0 / 115_200.0;
    let frames = 2020.0;
    let again = counts::instructions("linear/learn/lags 8")? * frames * CYCLES;
    let not = "telemetry to a server, retraining there, update over the air; no figure found";
    Ok(vec![
        cells([
            "telemetry",
            not,
            "JSON lines over the console; `hone monitor` gives them on, also to an MQTT broker; LwM2M: not there",
            "as it happens",
        ]),
        cells([
            "retraining",
            "",
            "on the device, reading by reading (`adapt`, `train linear --continue`); or on a PC, `hone eval temperature-next --learner linear --save FILE`",
            &format!("{} for {frames} readings at 84 MHz", time(F401.time(again))),
        ]),
        cells([
            "update of the model",
            "",
            &format!(
                "`hone push` over the console, {} bytes; no reset, what is in use stays until the new one is whole",
                grouped(bytes)
            ),
            &format!("about {} at 115200 baud", time(over_serial)),
        ]),
        cells(["update of the program", "", "not there: by a debugger", "–"]),
        cells(["the same for a fleet", "", "not there yet: one device at a time", "–"]),
    ])
}

pub fn draw(lab: &mut Lab, folder: &Path) -> Result<(), String> {
    lab.draw(STILL, folder, "temperature-next-linear-band.png")
}
