//! `stats`.

use super::{Outcome, misuse, train};
use crate::budget;
use crate::env::{Io, ThreadInfo};
use crate::link::{Links, Names};
use crate::stats::{InferenceStats, SamplingStats, SensorHealth};
use crate::telemetry;
use crate::text::{Out, Write};
use core::sync::atomic::Ordering;
use hone_learn::Decision;
use hone_signal::Micros;
use serde::Serialize;

pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        [] => text(links, io),
        ["--json"] => json(links, io),
        _ => return misuse("stats", io),
    }
    Ok(())
}

/// `name           `, so that what follows stands in a column.
fn head(name: &str, io: &mut dyn Io) {
    io.str(name);
    for _ in name.len()..14 {
        io.str(" ");
    }
}

fn pair(value: u32, name: &str, io: &mut dyn Io) {
    io.uint(value);
    io.str(name);
}

fn text(links: &Links, io: &mut dyn Io) {
    let (sampling, inference) = (links.sampling.get(), links.inference.get());
    head("time", io);
    io.seconds(io.now());
    io.str(" s\n");
    model(&inference, io);
    windows(&inference, &links.names.get(), io);
    learning(links, io);
    sensor(&sampling, &inference, io);
    head("queues", io);
    fill(links.blocks.len(), links.blocks.capacity(), " blocks", io);
    io.str(" (most ");
    io.uint(sampling.queue_high);
    io.str("), ");
    fill(links.free_windows.len(), links.free_windows.capacity(), " windows free, ", io);
    fill(links.events.len(), links.events.capacity(), " events (", io);
    pair(links.events_lost.load(Ordering::Relaxed), " lost), ", io);
    pair(inference.windows_lost, " windows lost to training\n", io);
    let training = links.training.get();
    if training.running() {
        head("training", io);
        pair(training.id, ": ", io);
        pair(training.done, " of ", io);
        pair(training.total, "\n", io);
    }
    for ended in training.history.iter().flatten() {
        head("trained", io);
        train::line(ended, io);
    }
    flash(links, sampling.flash_gaps, io);
    head("memory", io);
    io.size(budget::USED);
    io.str(" of ");
    io.size(budget::BUDGET);
    io.str(" bytes\n");
    io.threads(&mut |out, t| thread(out, t));
}

fn flash(links: &Links, gaps: u32, io: &mut dyn Io) {
    let keep = links.keep.get();
    head("flash", io);
    if !keep.health.ready {
        return io.str("none; nothing outlives the power\n");
    }
    if keep.health.model > 0 {
        pair(keep.health.model, " bytes of model saved, ", io);
    } else {
        io.str("no model saved, ");
    }
    pair(keep.saves, " model and ", io);
    pair(keep.config_saves, " parameter saves, ", io);
    pair(keep.failures, " failed, ", io);
    pair(keep.erases, " erases, ", io);
    pair(gaps, " frames missed in them, ", io);
    pair(keep.health.free, " bytes free\n", io);
    let mut found = crate::text::Line::<192>::default();
    crate::persist::found(&keep.health.found, &mut found);
    if !found.as_str().is_empty() {
        head("flash found", io);
        io.str(found.as_str());
        io.str("\n");
    }
    if keep.skipped > 0 {
        head("flash found", io);
        io.str("parameters of another build, left out\n");
    }
}

fn fill(used: usize, of: usize, name: &str, io: &mut dyn Io) {
    io.size(used);
    io.str("/");
    io.size(of);
    io.str(name);
}

fn model(inference: &InferenceStats, io: &mut dyn Io) {
    head("model", io);
    match inference.model {
        Some((learner, since)) => {
            io.str(learner.name());
            io.str(", ");
            io.seconds(Micros(io.now().0.saturating_sub(since.0)));
            io.str(" s old\n");
        }
        None => io.str("none; 'train' makes one\n"),
    }
}

fn windows(s: &InferenceStats, names: &Names, io: &mut dyn Io) {
    head("windows", io);
    pair(s.windows, " complete, ", io);
    pair(s.broken, " broken off, ", io);
    pair(s.rejected, " rejected\n", io);
    head("verdicts", io);
    pair(s.normal, " normal, ", io);
    pair(s.anomalous, " anomalous, ", io);
    pair(s.classified, " of a class, ", io);
    pair(s.unknown, " unknown\n", io);
    if let Some(last) = s.last {
        head("last verdict", io);
        telemetry::judged(&last.verdict, names, io);
        io.str("\n");
    }
    head("latency", io);
    pair(s.latency.min, " us least, ", io);
    pair(s.latency.mean(), " us mean, ", io);
    pair(s.latency.max, " us most\n", io);
}

fn sensor(s: &SamplingStats, inference: &InferenceStats, io: &mut dyn Io) {
    head("sensor", io);
    if let Some(info) = s.sensor {
        io.str(info.name);
        io.str(", ");
    }
    super::sensor::health(s.health, io);
    io.str("\n");
    head("frames", io);
    pair(s.frames, " read, ", io);
    pair(s.overruns, " overruns, ", io);
    pair(s.blocks_lost, " blocks lost\n", io);
    head("faults", io);
    pair(s.errors, " failed readings, ", io);
    pair(s.not_a_number, " not a number, ", io);
    pair(s.saturated, " saturated, ", io);
    pair(s.stuck, " stuck, ", io);
    pair(inference.rejected, " windows rejected\n", io);
}

fn thread(out: &mut dyn Out, t: ThreadInfo<'_>) {
    out.str("thread        ");
    out.str(t.name);
    out.str(": stack ");
    out.uint(t.stack_used);
    out.str(" of ");
    out.uint(t.stack_bytes);
    out.str(" bytes, cpu ");
    out.fixed(f32::from(t.cpu_permille) / 10.0, 1);
    out.str(" %\n");
}

/// The training set and TinyRCE, where there is something to tell.
fn learning(links: &Links, io: &mut dyn Io) {
    let data = links.data.get();
    if data.rows > 0 || data.missed > 0 {
        head("training set", io);
        pair(data.rows, " of ", io);
        pair(data.capacity, " rows, ", io);
        pair(data.missed, " windows not kept\n", io);
    }
    let rce = links.rce.get();
    if rce.begun {
        head("prototypes", io);
        io.uint(rce.prototypes);
        io.str(" of ");
        io.uint(rce.capacity);
        io.str(", ");
        pair(rce.learnt, " windows learnt, accuracy as it learnt ", io);
        io.percent(rce.accuracy);
        io.str(" (of late ");
        io.percent(rce.recent);
        io.str("), ");
        pair(rce.pruned, " pruned, ", io);
        pair(rce.refused, " refused\n", io);
        if let Some(window) = rce.waiting {
            head("unknown", io);
            io.str("window ");
            pair(window, " waits for a label\n", io);
        }
    }
}

#[derive(Serialize)]
struct RceJson<'a> {
    stats: &'a str,
    prototypes: u16,
    capacity: u16,
    learnt: u32,
    accuracy: f32,
    recent_accuracy: f32,
    pruned: u32,
    refused: u32,
    waiting_window: Option<u32>,
}

#[derive(Serialize)]
struct DataJson<'a> {
    stats: &'a str,
    rows: u32,
    capacity: u32,
    features: u32,
    missed: u32,
}

#[derive(Serialize)]
struct DeviceJson<'a> {
    stats: &'a str,
    time_us: u64,
    model: Option<&'a str>,
    model_age_us: Option<u64>,
    memory_bytes: u32,
    memory_budget_bytes: u32,
    events_lost: u32,
}

#[derive(Serialize)]
struct InferenceJson<'a> {
    stats: &'a str,
    windows: u32,
    broken: u32,
    rejected: u32,
    lost_to_training: u32,
    normal: u32,
    anomalous: u32,
    classified: u32,
    unknown: u32,
    latency_min_us: u32,
    latency_mean_us: u32,
    latency_max_us: u32,
    last_decision: Option<&'a str>,
    last_class: Option<u16>,
    last_score: Option<f32>,
}

#[derive(Serialize)]
struct SamplingJson<'a> {
    stats: &'a str,
    sensor: Option<&'a str>,
    health: &'a str,
    frames: u32,
    overruns: u32,
    blocks_lost: u32,
    queue_most: u16,
    errors: u32,
    not_a_number: u32,
    saturated: u32,
    stuck: u32,
}

#[derive(Serialize)]
struct FlashJson<'a> {
    stats: &'a str,
    ready: bool,
    model_bytes: u32,
    free_bytes: u32,
    saves: u32,
    config_saves: u32,
    failures: u32,
    erases: u32,
    missed_frames: u32,
    found_unfinished: u32,
    found_damaged: u32,
}

#[derive(Serialize)]
struct TrainingJson<'a> {
    stats: &'a str,
    id: u32,
    learner: &'a str,
    done: bool,
    rows: Option<u32>,
    quality: Option<f32>,
    took_us: u64,
}

#[derive(Serialize)]
struct ThreadJson<'a> {
    stats: &'a str,
    name: &'a str,
    stack_bytes: u32,
    stack_used: u32,
    cpu_permille: u16,
}

fn json(links: &Links, io: &mut dyn Io) {
    let (s, i) = (links.sampling.get(), links.inference.get());
    let now = io.now();
    let device = DeviceJson {
        stats: "device",
        time_us: now.0,
        model: i.model.map(|(learner, _)| learner.name()),
        model_age_us: i.model.map(|(_, since)| now.0.saturating_sub(since.0)),
        memory_bytes: budget::USED as u32,
        memory_budget_bytes: budget::BUDGET as u32,
        events_lost: links.events_lost.load(Ordering::Relaxed),
    };
    telemetry::line(&device, io);
    let inference = InferenceJson {
        stats: "inference",
        windows: i.windows,
        broken: i.broken,
        rejected: i.rejected,
        lost_to_training: i.windows_lost,
        normal: i.normal,
        anomalous: i.anomalous,
        classified: i.classified,
        unknown: i.unknown,
        latency_min_us: i.latency.min,
        latency_mean_us: i.latency.mean(),
        latency_max_us: i.latency.max,
        last_decision: i.last.map(|l| telemetry::decision_word(l.verdict.decision)),
        last_class: i.last.and_then(|l| match l.verdict.decision {
            Decision::Class(class) => Some(class.0),
            _ => None,
        }),
        last_score: i.last.map(|l| l.verdict.score).filter(|s| s.is_finite()),
    };
    telemetry::line(&inference, io);
    let sampling = SamplingJson {
        stats: "sampling",
        sensor: s.sensor.map(|i| i.name),
        health: match s.health {
            SensorHealth::Starting => "starting",
            SensorHealth::Well => "well",
            SensorHealth::Stuck => "stuck",
            SensorHealth::Lost(_) => "lost",
        },
        frames: s.frames,
        overruns: s.overruns,
        blocks_lost: s.blocks_lost,
        queue_most: s.queue_high,
        errors: s.errors,
        not_a_number: s.not_a_number,
        saturated: s.saturated,
        stuck: s.stuck,
    };
    telemetry::line(&sampling, io);
    let d = links.data.get();
    let data = DataJson { stats: "data", rows: d.rows, capacity: d.capacity, features: d.features, missed: d.missed };
    telemetry::line(&data, io);
    let r = links.rce.get();
    if r.begun {
        let rce = RceJson {
            stats: "rce",
            prototypes: r.prototypes,
            capacity: r.capacity,
            learnt: r.learnt,
            accuracy: r.accuracy,
            recent_accuracy: r.recent,
            pruned: r.pruned,
            refused: r.refused,
            waiting_window: r.waiting,
        };
        telemetry::line(&rce, io);
    }
    let k = links.keep.get();
    let flash = FlashJson {
        stats: "flash",
        ready: k.health.ready,
        model_bytes: k.health.model,
        free_bytes: k.health.free,
        saves: k.saves,
        config_saves: k.config_saves,
        failures: k.failures,
        erases: k.erases,
        missed_frames: s.flash_gaps,
        found_unfinished: k.health.found.unfinished,
        found_damaged: k.health.found.damaged.saturating_add(k.health.found.markers),
    };
    telemetry::line(&flash, io);
    for ended in links.training.get().history.iter().flatten() {
        let report = ended.result.ok();
        let training = TrainingJson {
            stats: "training",
            id: ended.id,
            learner: ended.learner.name(),
            done: report.is_some(),
            rows: report.map(|r| r.rows),
            quality: report.map(|r| r.quality).filter(|q| q.is_finite()),
            took_us: ended.took.0,
        };
        telemetry::line(&training, io);
    }
    io.threads(&mut |out, t| {
        let thread = ThreadJson {
            stats: "thread",
            name: t.name,
            stack_bytes: t.stack_bytes,
            stack_used: t.stack_used,
            cpu_permille: t.cpu_permille,
        };
        telemetry::line(&thread, out);
    });
}
