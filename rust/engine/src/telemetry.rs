//! Events as lines: text for people, or one JSON object each. docs/formats/telemetry.md has the schema.

use crate::config::Style;
use crate::env::SensorError;
use crate::event::Event;
use crate::included::{ESN, Missing, SVM};
use crate::json::Object;
use crate::link::Names;
use crate::persist;
use crate::text::{Line, Out, Write};
use crate::training::TrainFault;
use hone_esn::TrainError;
use hone_learn::{ClassId, Decision, Kind, Metric, ParamError, Report, Setting, Stop, Verdict};
use hone_signal::Faults;

/// Writes an event as one line with its end; nothing when the style is off.
pub fn write(event: &Event, style: Style, names: &Names, out: &mut dyn Out) {
    match style {
        Style::Off => {}
        Style::Text => text(event, names, out),
        Style::Json => json(event, names, out),
    }
}

/// Decision and score. A score without bound is that of a learner that has nothing to compare with yet.
pub fn judged(verdict: &Verdict, names: &Names, out: &mut dyn Out) {
    decision(verdict.decision, names, out);
    if verdict.score.is_finite() {
        out.str(", score ");
        out.real(verdict.score);
    } else {
        out.str(if verdict.decision == Decision::Unknown { ", no class learnt yet" } else { ", no score" });
    }
}

fn text(event: &Event, names: &Names, out: &mut dyn Out) {
    out.str("[");
    out.seconds(event.time());
    out.str("] ");
    match event {
        Event::Verdict { sequence, verdict, .. } => {
            judged(verdict, names, out);
            out.counts(" (window %)", &[*sequence]);
        }
        Event::LabelWanted { sequence, nearest, .. } => {
            out.counts("unknown (window %); ", &[*sequence]);
            if let Some(nearest) = nearest {
                out.str("most like ");
                class(*nearest, names, out);
                out.str("; ");
            }
            out.str("'label ID --once' tells what it is, 'label dismiss' lets it go");
        }
        Event::TrainingStarted { id, learner, .. } => {
            out.counts("training % started: ", &[*id]);
            out.str(learner.name());
        }
        Event::TrainingDone { id, report: r, .. } => {
            out.counts("training % done: ", &[*id]);
            report(r, out);
        }
        Event::TrainingFailed { id, fault: f, .. } => {
            out.counts("training % ended without a model: ", &[*id]);
            fault(f, out);
        }
        Event::TrainingRefused { id, .. } => {
            out.counts("training % refused: another is under way", &[*id]);
        }
        Event::SensorLost { error, .. } => {
            out.str("sensor: ");
            sensor_error(*error, out);
        }
        Event::SensorSuspect { faults: f, .. } => {
            out.str("sensor: ");
            faults(*f, out);
        }
        Event::SensorBack { .. } => out.str("sensor: well again"),
        Event::DataFull { .. } => out.str("training set full: 'train svm' learns from it, 'data clear' empties it"),
        Event::FlashErasing { .. } => out.str("flash: erasing a page; samples may be missing for a second or two"),
        Event::FlashGap { frames, .. } => {
            out.counts("flash: % frames missed while a page was erased", &[*frames]);
        }
        Event::FlashDamaged { found, .. } => {
            out.str("flash: ");
            persist::found(found, out);
            out.str("; the newest whole values are in force");
        }
        Event::ModelRestored { learner, bytes, .. } => {
            out.str("model restored: ");
            saved(*learner, *bytes, out);
        }
        Event::ModelSaved { learner, bytes, .. } => {
            out.str("model saved: ");
            saved(Some(*learner), *bytes, out);
        }
        Event::KeepFailed { error, .. } => {
            out.str("not saved or restored: ");
            persist::error(error, out);
        }
        Event::Overrun { frames, .. } => {
            out.counts("overrun: % frames not read in time", &[*frames]);
        }
    }
    out.str("\n");
}

/// `esn, 1234 bytes`.
pub(crate) fn saved(learner: Option<crate::config::Learner>, bytes: u32, out: &mut dyn Out) {
    out.str(learner.map_or("", |l| l.name()));
    out.counts(", % bytes", &[bytes]);
}

/// `normal`, `anomalous`, `class 3 (walking)`, `unknown`.
pub fn decision(decision: Decision, names: &Names, out: &mut dyn Out) {
    match decision {
        Decision::Class(id) => class(id, names, out),
        _ => out.str(decision_word(decision)),
    }
}

/// `class 3 (walking)`.
pub fn class(id: ClassId, names: &Names, out: &mut dyn Out) {
    out.counts("class %", &[id.0.into()]);
    if let Some(name) = names.name(id) {
        out.str(" (");
        out.str(name);
        out.str(")");
    }
}

/// The decision without the class.
pub(crate) fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Normal => "normal",
        Decision::Anomalous => "anomalous",
        Decision::Class(_) => "class",
        Decision::Unknown => "unknown",
    }
}

/// How a training went, in one line.
pub fn report(report: &Report, out: &mut dyn Out) {
    if report.metric == Metric::Accuracy {
        return incremental(report, out);
    }
    out.str(stop_word(report.stop));
    out.counts(" on %", &[report.rows]);
    out.str(if report.metric == Metric::KktGap { " windows, KKT gap " } else { " windows, MSE " });
    out.real(report.quality);
}

/// Of a learner that is never done: it has no end to converge to.
fn incremental(report: &Report, out: &mut dyn Out) {
    out.str("learns each window as it is labelled");
    if report.rows > 0 {
        out.counts("; % so far, accuracy as it learnt ", &[report.rows]);
        out.percent(report.quality);
    }
}

fn stop_word(stop: Stop) -> &'static str {
    match stop {
        Stop::Converged => "converged",
        Stop::IterationLimit => "stopped at the iteration limit",
        Stop::MemoryCap => "stopped at the memory cap",
        Stop::Cancelled => "cancelled",
    }
}

/// What a sensor's error means and what to do.
pub fn sensor_error(error: SensorError, out: &mut dyn Out) {
    match error {
        SensorError::Missing => out.str("not there or not ready; check its wiring and the devicetree alias accel0"),
        SensorError::Bus(code) => {
            out.str("does not answer (error ");
            out.int(code);
            out.str("); asked again ten times a second");
        }
        SensorError::End => out.str("the recording has ended"),
    }
}

/// What was wrong with samples.
pub fn faults(faults: Faults, out: &mut dyn Out) {
    let mut first = true;
    for (flag, words) in [
        (Faults::GAP, "frames are missing"),
        (Faults::NOT_A_NUMBER, "readings that are not a number"),
        (Faults::SATURATED, "readings at the end of the range"),
        (Faults::STUCK, "stuck at one reading"),
    ] {
        if faults.any(flag) {
            out.str(if first { "" } else { ", " });
            out.str(words);
            first = false;
        }
    }
}

/// Why a training ended without a model, and what to do.
pub fn fault(fault: &TrainFault, out: &mut dyn Out) {
    match fault {
        TrainFault::Cancelled => out.str("cancelled"),
        TrainFault::Missing(learner) => missing(*learner, out),
        TrainFault::NoFreeSlot => out.str("every model slot is in use; wait until saving has finished"),
        TrainFault::Params(section, error) => param_error(section.name(), error, out),
        TrainFault::Workspace { needed, available } => {
            out.counts(
                "needs % bytes of working memory and there are %; lower the learner's parameters or raise \
                     CONFIG_HONE_WORKSPACE_BYTES",
                &[*needed, *available],
            );
        }
        TrainFault::NoWindows => {
            out.str(
                "no window that can be learnt from came for 10 s; 'sensor info' and 'stats' say how the sensor does",
            );
        }
        TrainFault::Esn(error) if ESN => esn_fault(error, out),
        TrainFault::Svm(error) if SVM => svm_fault(error, out),
        TrainFault::Esn(_) | TrainFault::Svm(_) => {}
        #[cfg(feature = "small-models")]
        TrainFault::Convert(fault) => crate::convert::text(fault, out),
    }
}

/// Of a learner that was asked for.
pub fn missing(learner: Missing, out: &mut dyn Out) {
    out.str("this build has no ");
    out.str(learner.name());
    out.str(" (");
    out.str(learner.option());
    out.str(")");
}

/// Why a parameter is refused, with what it takes.
pub fn param_error(section: &str, error: &ParamError, out: &mut dyn Out) {
    match error {
        ParamError::Invalid(setting) => {
            out.str(section);
            out.str(".");
            out.str(setting.name);
            out.str(" takes ");
            range(setting, out);
        }
        ParamError::NoSuchSetting => out.str("no such setting; 'config list' shows all"),
        ParamError::Conflict(text) => out.str(*text),
        ParamError::Capacity { name, asked, capacity } => {
            out.str(section);
            out.str(".");
            out.str(name);
            out.counts(" asks for % and this build has room for %", &[*asked, *capacity]);
        }
    }
}

/// What values a setting takes.
pub fn range(setting: &Setting, out: &mut dyn Out) {
    match setting.kind {
        Kind::Int { min, max } => {
            out.str("a whole number from ");
            out.int(min);
            out.str(" to ");
            out.int(max);
        }
        Kind::Real { min, max } => {
            out.str("a number from ");
            out.real(min);
            out.str(" to ");
            out.real(max);
        }
        Kind::Flag => out.str("on or off"),
        Kind::Choice(words) => {
            for (i, word) in words.iter().enumerate() {
                out.str(if i == 0 {
                    ""
                } else if i + 1 == words.len() {
                    " or "
                } else {
                    ", "
                });
                out.str(word);
            }
        }
    }
}

/// One event as JSON; fields that have no meaning for it are absent.
fn json(event: &Event, names: &Names, out: &mut dyn Out) {
    let mut reason = Line::<128>::default();
    let mut j = Object::new("event", event_word(event), out);
    j.long("time_us", event.time().0);
    match event {
        Event::Verdict { sequence, verdict, .. } => {
            j.counts("window", &[*sequence]);
            j.text("decision", decision_word(verdict.decision));
            if let Decision::Class(class) = verdict.decision {
                json_class(class, names, &mut j);
            }
            json_finite("score", verdict.score, &mut j);
        }
        Event::LabelWanted { sequence, nearest, .. } => {
            j.counts("window", &[*sequence]);
            if let Some(class) = nearest {
                json_class(*class, names, &mut j);
            }
        }
        Event::TrainingStarted { id, learner, .. } => {
            j.counts("training", &[*id]);
            j.text("learner", learner.name());
        }
        Event::TrainingDone { id, learner, report, .. } => {
            j.counts("training", &[*id]);
            j.text("learner", learner.name());
            j.text("stop", stop_word(report.stop));
            j.counts("rows", &[report.rows]);
            json_finite("quality", report.quality, &mut j);
        }
        Event::TrainingFailed { id, fault: f, .. } => {
            j.counts("training", &[*id]);
            fault(f, &mut reason);
        }
        Event::TrainingRefused { id, .. } => j.counts("training", &[*id]),
        Event::SensorLost { error, .. } => sensor_error(*error, &mut reason),
        Event::SensorSuspect { faults: f, .. } => faults(*f, &mut reason),
        Event::DataFull { .. } | Event::SensorBack { .. } | Event::FlashErasing { .. } => {}
        Event::FlashGap { frames, .. } | Event::Overrun { frames, .. } => j.counts("frames", &[*frames]),
        Event::FlashDamaged { found, .. } => persist::found(found, &mut reason),
        Event::ModelRestored { learner, bytes, .. } => {
            if let Some(learner) = learner {
                j.text("learner", learner.name());
            }
            j.counts("bytes", &[*bytes]);
        }
        Event::ModelSaved { learner, bytes, .. } => {
            j.text("learner", learner.name());
            j.counts("bytes", &[*bytes]);
        }
        Event::KeepFailed { error, .. } => persist::error(error, &mut reason),
    }
    if !reason.as_str().is_empty() {
        j.text("reason", reason.as_str());
    }
    j.end();
}

fn event_word(event: &Event) -> &'static str {
    match event {
        Event::Verdict { .. } => "verdict",
        Event::LabelWanted { .. } => "label_wanted",
        Event::TrainingStarted { .. } => "training_started",
        Event::TrainingDone { .. } => "training_done",
        Event::TrainingFailed { .. } => "training_failed",
        Event::TrainingRefused { .. } => "training_refused",
        Event::SensorLost { .. } => "sensor_lost",
        Event::SensorSuspect { .. } => "sensor_suspect",
        Event::DataFull { .. } => "data_full",
        Event::SensorBack { .. } => "sensor_back",
        Event::FlashErasing { .. } => "flash_erasing",
        Event::FlashGap { .. } => "flash_gap",
        Event::FlashDamaged { .. } => "flash_damaged",
        Event::ModelRestored { .. } => "model_restored",
        Event::ModelSaved { .. } => "model_saved",
        Event::KeepFailed { .. } => "keep_failed",
        Event::Overrun { .. } => "overrun",
    }
}

fn json_class(class: ClassId, names: &Names, j: &mut Object<'_>) {
    j.counts("class", &[class.0.into()]);
    if let Some(name) = names.name(class) {
        j.text("name", name);
    }
}

/// JSON has no infinity and no not-a-number.
fn json_finite(name: &str, value: f32, j: &mut Object<'_>) {
    if value.is_finite() {
        j.real(name, value);
    }
}

/// Why an ESN could not be trained, and what to do.
fn esn_fault(error: &TrainError, out: &mut dyn Out) {
    match error {
        TrainError::Workspace(shortage) => {
            let (needed, available) = (shortage.needed as u32, shortage.available as u32);
            fault(&TrainFault::Workspace { needed, available }, out);
        }
        TrainError::Params(error) => param_error("esn", error, out),
        TrainError::NotWanted | TrainError::Shape => {
            out.str("the sensor's channels changed while training; train again")
        }
        TrainError::ConstantChannel(channel) => {
            out.counts("channel % never changed; check the sensor ('sensor read')", &[(*channel).into()]);
        }
        TrainError::TooManyFaults(count) => {
            out.counts("% windows were faulty; 'stats' says how the sensor does", &[*count]);
        }
        TrainError::TooFewWindows { have, need } => {
            out.counts("% windows are too few, % are needed", &[*have, *need]);
        }
        TrainError::Singular(_) => out.str("the normal equations cannot be solved; raise esn.ridge"),
        TrainError::Diverged => out.str("the output that is fed back runs away; lower esn.feedback"),
        TrainError::NoError => {
            out.str("the signal is predicted without any error, so there is no threshold; check the sensor")
        }
    }
}

/// Why an SVM could not be trained, and what to do.
fn svm_fault(error: &hone_svm::TrainError, out: &mut dyn Out) {
    use hone_svm::TrainError as E;
    match error {
        E::NoRows => out.str("the training set has no labelled rows; 'label 1' begins to collect rows of class 1"),
        E::OneClass(class) => {
            out.counts(
                "all rows are of class %; label windows of another, or 'config set svm.machine novelty'",
                &[class.0.into()],
            );
        }
        E::TooManyClasses { capacity } => {
            out.counts("more classes than the % that a model tells apart; 'data clear' and label fewer", &[*capacity]);
        }
        E::Workspace(shortage) => {
            let (needed, available) = (shortage.needed as u32, shortage.available as u32);
            fault(&TrainFault::Workspace { needed, available }, out);
        }
        E::Model(shortage) => {
            out.counts(
                "the model needs % bytes and there are %; use fewer classes or features, or raise \
                     CONFIG_HONE_SVM_SUPPORT_VECTORS",
                &[shortage.needed as u32, shortage.available as u32],
            );
        }
        E::SetChanged => out.str("the training set changed while training; train again"),
        E::NotFinite => {
            out.str("the numbers grew beyond range; 'config set svm.standardise on', or lower svm.c, gamma or degree")
        }
    }
}
