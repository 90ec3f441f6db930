//! Events as lines: text for people, or one JSON object each. docs/formats/telemetry.md has the schema.

use super::faults;
use super::keep;
use super::schema::{self, Told};
use crate::data::buffers::ALARMS;
use crate::data::config::Style;
use crate::data::event::Event;
use crate::learners::Learner;
use crate::link::Names;
use hone_learn::alarm::Episode;
use hone_learn::learner::{Answer, Cause};
use hone_learn::text::{Line, Out, Write};
use hone_learn::{ClassId, Decision, Metric, Report, Stop};
use hone_signal::Micros;

/// Writes an event as one line with its end; nothing when the style is off.
pub fn write(event: &Event, style: Style, names: &Names, out: &mut dyn Out) {
    match style {
        Style::Off => {}
        Style::Text => text(event, names, out),
        Style::Json => json(event, names, out),
    }
}

/// Decision and score, and what else was said. A score without bound is that of a learner that has nothing to compare with yet.
pub fn judged(answer: &Answer, names: &Names, out: &mut dyn Out) {
    let verdict = &answer.verdict;
    decision(verdict.decision, names, out);
    if verdict.score.is_finite() {
        out.str(", score ");
        out.real(verdict.score);
    } else {
        out.str(if verdict.decision == Decision::Unknown { ", no class learnt yet" } else { ", no score" });
    }
    if let Some(e) = answer.estimate {
        out.str(", expected ");
        out.real(e.value);
        out.str(" (");
        out.real(e.lower);
        out.str(" to ");
        out.real(e.upper);
        out.str(")");
        if e.seen.is_finite() {
            out.str(", seen ");
            out.real(e.seen);
        }
    }
    most_by(answer.cause, out);
}

fn most_by(cause: Option<Cause>, out: &mut dyn Out) {
    if let Some(cause) = cause {
        out.counts(", most by channel % feature %", &[cause.channel.into(), cause.feature.into()]);
    }
}

/// `alarm 1: 5.6 times the threshold, most by channel 0 feature 3`, and once it is over how long it lasted.
pub fn alarm(episode: &Episode, out: &mut dyn Out) {
    let Episode { number, begin, end, peak } = episode;
    out.counts(if end.is_some() { "alarm % over, " } else { "alarm %: " }, &[*number]);
    if let Some(end) = end {
        out.seconds(Micros(end.0.saturating_sub(begin.0)));
        out.str(" s; at most ");
    }
    out.real(peak.level);
    out.str(" times the threshold");
    most_by(peak.cause, out);
}

// Of two functions that are not compiled into one another's caller, one takes of the stack at a time.
#[inline(never)]
fn text(event: &Event, names: &Names, out: &mut dyn Out) {
    out.str("[");
    out.seconds(event.time());
    out.str("] ");
    match event {
        Event::Verdict { sequence, answer, .. } => {
            judged(answer, names, out);
            out.counts(" (window %)", &[*sequence]);
        }
        Event::Alarm { .. } if !ALARMS => {}
        Event::Alarm { episode, .. } => alarm(episode, out),
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
        Event::TrainingPass { id, point, .. } => {
            out.counts("training % pass %: loss ", &[*id, point.pass]);
            out.real(point.loss);
            if let Some(figure) = point.held_back {
                out.str(", held back ");
                out.real(figure);
            }
        }
        Event::TrainingDone { id, report: r, .. } => {
            out.counts("training % done: ", &[*id]);
            report(r, out);
        }
        Event::TrainingFailed { id, fault: f, .. } => {
            out.counts("training % ended without a model: ", &[*id]);
            faults::job(f, out);
        }
        Event::TrainingRefused { id, .. } => {
            out.counts("training % refused: another is under way", &[*id]);
        }
        Event::SensorLost { error, .. } => {
            out.str("sensor: ");
            faults::sensor(*error, out);
        }
        Event::SensorSuspect { faults: f, .. } => {
            out.str("sensor: ");
            faults::samples(*f, out);
        }
        Event::SensorBack { .. } => out.str("sensor: well again"),
        Event::SensorRate { nominal, measured, off, .. } => {
            out.str("sensor: gives ");
            out.real(*measured);
            out.str(" frames a second and should give ");
            out.real(*nominal);
            out.str(if *off { ", more than 5 % off" } else { ", within 5 %" });
        }
        Event::DataFull { .. } => out.str("training set full: 'train' learns from it, 'data clear' empties it"),
        Event::FlashErasing { .. } => out.str("flash: erasing a page; samples may be missing for a second or two"),
        Event::FlashGap { frames, .. } => {
            out.counts("flash: % frames missed while a page was erased", &[*frames]);
        }
        Event::FlashDamaged { found, .. } => {
            out.str("flash: ");
            keep::found(found, out);
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
            keep::error(error, out);
        }
        Event::Overrun { frames, .. } => {
            out.counts("overrun: % frames not read in time", &[*frames]);
        }
    }
    out.str("\n");
}

/// `NAME, 1234 bytes`.
pub(crate) fn saved(learner: Option<Learner>, bytes: u32, out: &mut dyn Out) {
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
    out.str(stop_word(report.stop));
    if report.stop == Stop::Ongoing {
        // It has no end to converge to.
        if report.rows > 0 {
            out.counts("; % so far, accuracy as it learnt ", &[report.rows]);
            out.percent(report.quality);
        }
        return;
    }
    out.counts(" on % windows, ", &[report.rows]);
    match report.metric {
        Metric::MeanSquaredError => out.str("MSE "),
        Metric::KktGap => out.str("KKT gap "),
        Metric::CrossEntropy => out.str("cross-entropy "),
        Metric::Accuracy => {
            out.str("accuracy ");
            return out.percent(report.quality);
        }
    }
    out.real(report.quality);
}

fn stop_word(stop: Stop) -> &'static str {
    match stop {
        Stop::Converged => "converged",
        Stop::IterationLimit => "stopped at the iteration limit",
        Stop::MemoryCap => "stopped at the memory cap",
        Stop::Cancelled => "cancelled",
        Stop::Ongoing => "learns each window as it is labelled",
        Stop::NoBetter => "stopped as what is held back got no better",
    }
}

/// One event as JSON; what has no meaning for it is absent.
#[inline(never)]
fn json(event: &Event, names: &Names, out: &mut dyn Out) {
    let mut reason = Line::<128>::default();
    let mut told = Told { event: event_word(event), time_us: event.time().0, ..Told::default() };
    match event {
        Event::Verdict { sequence, answer, .. } => {
            told.window = Some(*sequence);
            told.decision = Some(decision_word(answer.verdict.decision));
            if let Decision::Class(class) = answer.verdict.decision {
                (told.class, told.name) = named(class, names);
            }
            told.score = finite(answer.verdict.score);
            if let Some(e) = answer.estimate {
                told.value = finite(e.value);
                told.lower = finite(e.lower);
                told.upper = finite(e.upper);
                told.seen = finite(e.seen);
            }
            (told.cause_channel, told.cause_feature) = cause(answer.cause);
        }
        Event::Alarm { .. } if !ALARMS => {}
        Event::Alarm { episode, .. } => {
            told.alarm = Some(episode.number);
            told.begin_us = Some(episode.begin.0);
            told.peak = finite(episode.peak.level);
            told.score = finite(episode.peak.score);
            told.peak_us = Some(episode.peak.time.0);
            (told.cause_channel, told.cause_feature) = cause(episode.peak.cause);
        }
        Event::LabelWanted { sequence, nearest, .. } => {
            told.window = Some(*sequence);
            if let Some(class) = nearest {
                (told.class, told.name) = named(*class, names);
            }
        }
        Event::TrainingStarted { id, learner, .. } => {
            told.training = Some(*id);
            told.learner = Some(learner.name());
        }
        Event::TrainingPass { id, point, .. } => {
            told.training = Some(*id);
            told.pass = Some(point.pass);
            told.loss = finite(point.loss);
            told.held_back = point.held_back.and_then(finite);
        }
        Event::TrainingDone { id, learner, report, .. } => {
            told.training = Some(*id);
            told.learner = Some(learner.name());
            told.stop = Some(stop_word(report.stop));
            told.rows = Some(report.rows);
            told.quality = finite(report.quality);
        }
        Event::TrainingFailed { id, fault: f, .. } => {
            told.training = Some(*id);
            faults::job(f, &mut reason);
        }
        Event::TrainingRefused { id, .. } => told.training = Some(*id),
        Event::SensorLost { error, .. } => faults::sensor(*error, &mut reason),
        Event::SensorSuspect { faults: f, .. } => faults::samples(*f, &mut reason),
        Event::SensorRate { nominal, measured, off, .. } => {
            told.nominal_hz = finite(*nominal);
            told.measured_hz = finite(*measured);
            told.off = Some(*off);
        }
        Event::DataFull { .. } | Event::SensorBack { .. } | Event::FlashErasing { .. } => {}
        Event::FlashGap { frames, .. } | Event::Overrun { frames, .. } => told.frames = Some(*frames),
        Event::FlashDamaged { found, .. } => keep::found(found, &mut reason),
        Event::ModelRestored { learner, bytes, .. } => {
            told.learner = learner.map(|l| l.name());
            told.bytes = Some(*bytes);
        }
        Event::ModelSaved { learner, bytes, .. } => {
            told.learner = Some(learner.name());
            told.bytes = Some(*bytes);
        }
        Event::KeepFailed { error, .. } => keep::error(error, &mut reason),
    }
    told.reason = Some(reason.as_str()).filter(|r| !r.is_empty());
    schema::line(&told, out);
}

/// A class's number and its name, if it has one.
fn named(class: ClassId, names: &Names) -> (Option<u32>, Option<&str>) {
    (Some(class.0.into()), names.name(class))
}

/// Channel and feature.
fn cause(cause: Option<Cause>) -> (Option<u32>, Option<u32>) {
    cause.map(|c| (c.channel.into(), c.feature.into())).unzip()
}

/// JSON has no infinity and no not-a-number.
fn finite(value: f32) -> Option<f32> {
    Some(value).filter(|v| v.is_finite())
}

fn event_word(event: &Event) -> &'static str {
    match event {
        Event::Verdict { .. } => "verdict",
        Event::Alarm { episode: Episode { end: None, .. }, .. } => "alarm_begin",
        Event::Alarm { .. } => "alarm_end",
        Event::LabelWanted { .. } => "label_wanted",
        Event::TrainingStarted { .. } => "training_started",
        Event::TrainingPass { .. } => "training_pass",
        Event::TrainingDone { .. } => "training_done",
        Event::TrainingFailed { .. } => "training_failed",
        Event::TrainingRefused { .. } => "training_refused",
        Event::SensorLost { .. } => "sensor_lost",
        Event::SensorSuspect { .. } => "sensor_suspect",
        Event::DataFull { .. } => "data_full",
        Event::SensorBack { .. } => "sensor_back",
        Event::SensorRate { .. } => "sensor_rate",
        Event::FlashErasing { .. } => "flash_erasing",
        Event::FlashGap { .. } => "flash_gap",
        Event::FlashDamaged { .. } => "flash_damaged",
        Event::ModelRestored { .. } => "model_restored",
        Event::ModelSaved { .. } => "model_saved",
        Event::KeepFailed { .. } => "keep_failed",
        Event::Overrun { .. } => "overrun",
    }
}
