//! `stats`.

use super::{Console, Outcome, misuse, train};
use crate::capacity::{BLOCK_QUEUE, EVENT_QUEUE, RAM_BUDGET, WINDOW_POOL};
use crate::data::buffers::ALARMS;
use crate::data::env::{Io, ThreadInfo};
use crate::data::order::{KeepStatus, Published};
use crate::data::stats::{DataStats, InferenceStats, OnlineStats, SamplingStats, SensorHealth};
use crate::learners::{ENCODER, ROWS};
use crate::link::{Links, Names};
use crate::say::keep::hex;
use crate::say::{found, schema, telemetry, units};
use core::sync::atomic::Ordering;
use hone_learn::Decision;
use hone_learn::alarm::Alarm;
use hone_learn::text::{Line, Out, Write};
use hone_signal::{Faults, Micros};

#[inline(never)]
pub(super) fn run(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        [] => text(console, io),
        ["--json"] => json(console, io),
        _ => return misuse("stats", io),
    }
    Ok(())
}

/// `name           `, so that what follows stands in a column, then `pattern` with its numbers.
fn row(name: &str, pattern: &str, values: &[u32], io: &mut dyn Io) {
    io.str(name);
    for _ in name.len()..14 {
        io.str(" ");
    }
    io.counts(pattern, values);
}

fn head(name: &str, io: &mut dyn Io) {
    row(name, "", &[], io);
}

// As in telemetry: one takes of the stack at a time.
#[inline(never)]
fn text(console: &Console, io: &mut dyn Io) {
    let links = console.links;
    let (sampling, inference) = (links.sampling.get(), links.inference.get());
    head("time", io);
    io.seconds(io.now());
    io.str(" s\n");
    model(links.published.get(), inference.steps, io);
    windows(&inference, &links.names.get(), io);
    if ALARMS {
        alarms(&inference.alarm, io);
    }
    encoder(links, io);
    learning(links, io);
    sensor(&sampling, &inference, io);
    row(
        "queues",
        "%/% blocks (most %), %/% windows free, %/% events (% lost), % windows lost to training\n",
        &[
            links.blocks_waiting() as u32,
            BLOCK_QUEUE as u32,
            sampling.queue_high.into(),
            links.windows_free() as u32,
            WINDOW_POOL as u32,
            links.events_waiting() as u32,
            EVENT_QUEUE as u32,
            links.events_lost.load(Ordering::Relaxed),
            inference.windows_lost,
        ],
        io,
    );
    let training = links.training.get();
    if training.running() {
        row("training", "%: % of %\n", &[training.id, training.done, training.total], io);
    }
    for ended in training.history.iter().flatten() {
        head("trained", io);
        train::line(ended, io);
    }
    flash(links, sampling.flash_gaps, io);
    row("memory", "% of % bytes\n", &[console.memory, RAM_BUDGET as u32], io);
    io.threads(&mut |out, t| thread(out, t));
}

/// The model that makes rows for others, if there is one.
fn encoder(links: &Links, io: &mut dyn Io) {
    let Some((learner, encoder)) = ENCODER.zip(links.encoder.get()) else { return };
    head("encoder", io);
    io.str(learner.name());
    io.str(" ");
    hex(encoder.code.digest, io.out());
    io.counts(", % numbers", &[encoder.code.width.into()]);
    io.str(if links.config.get().encodes() { "\n" } else { ", not in use ('config set features.encoder')\n" });
}

fn encoder_json(links: &Links, io: &mut dyn Io) {
    let Some((learner, encoder)) = ENCODER.zip(links.encoder.get()) else { return };
    let mut digest = Line::<8>::default();
    hex(encoder.code.digest, &mut digest);
    let object = schema::Encoder {
        learner: learner.name(),
        digest: digest.as_str(),
        numbers: encoder.code.width.into(),
        in_use: links.config.get().encodes(),
    };
    schema::line(&object, io.out());
}

fn flash(links: &Links, gaps: u32, io: &mut dyn Io) {
    let keep = links.keeping.get();
    head("flash", io);
    if !keep.health.ready {
        return io.str("none; nothing outlives the power\n");
    }
    if keep.health.model > 0 {
        io.counts("% bytes of model saved, ", &[keep.health.model]);
    } else {
        io.str("no model saved, ");
    }
    io.counts(
        "% model and % parameter saves, % failed, % erases, % frames missed in them, % bytes free\n",
        &[keep.saves, keep.config_saves, keep.failures, keep.erases, gaps, keep.health.free],
    );
    let mut words = Line::<192>::default();
    found(&keep.health.found, &mut words);
    if !words.as_str().is_empty() {
        head("flash found", io);
        io.str(words.as_str());
        io.str("\n");
    }
    if keep.skipped > 0 {
        row("flash found", "parameters of another build, left out\n", &[], io);
    }
}

fn model(published: Option<Published>, steps: u16, io: &mut dyn Io) {
    head("model", io);
    match published {
        Some(model) => {
            io.str(model.learner.name());
            io.str(", ");
            io.seconds(Micros(io.now().0.saturating_sub(model.time.0)));
            io.str(" s old");
            if steps > 0 {
                io.counts(", sees % feature vectors a window", &[steps.into()]);
            }
            io.str("\n");
        }
        None => io.str("none; 'train' makes one\n"),
    }
}

fn windows(s: &InferenceStats, names: &Names, io: &mut dyn Io) {
    row("windows", "% complete, % broken off, % rejected\n", &[s.windows, s.broken, s.rejected], io);
    row(
        "verdicts",
        "% normal, % anomalous, % of a class, % unknown\n",
        &[s.normal, s.anomalous, s.classified, s.unknown],
        io,
    );
    if let Some(last) = s.last {
        head("last verdict", io);
        telemetry::judged(&last.answer, names, io);
        io.str("\n");
    }
    let latency = &[s.latency.min, s.latency.mean(), s.latency.max];
    row("latency", "% us least, % us mean, % us most\n", latency, io);
}

fn alarms(alarm: &Alarm, io: &mut dyn Io) {
    row(
        "alarms",
        if alarm.active().is_some() { "% so far, one lasts\n" } else { "% so far, none lasts\n" },
        &[alarm.count()],
        io,
    );
    if let Some(last) = alarm.last() {
        head("last alarm", io);
        io.str("[");
        io.seconds(last.begin);
        io.str("] ");
        telemetry::alarm(&last, io.out());
        io.str("\n");
    }
}

fn sensor(s: &SamplingStats, inference: &InferenceStats, io: &mut dyn Io) {
    head("sensor", io);
    if let Some(info) = s.sensor {
        io.str(info.name);
        io.str(", ");
    }
    super::sensor::health(s.health, io);
    io.str("\n");
    row(
        "frames",
        "% read, % overruns, % repeated, % blocks lost\n",
        &[s.frames, s.overruns, s.repeated, s.blocks_lost],
        io,
    );
    if let Some(info) = s.sensor.filter(|_| s.intervals.count > 0) {
        head("rate", io);
        io.real(s.intervals.hertz());
        io.str(" Hz measured, ");
        units::rate(info.rate, io.out());
        io.str(" by the ");
        io.str(super::sensor::pace(info.pace));
        io.counts("; intervals % to % us, deviation ", &[s.intervals.min, s.intervals.max]);
        io.real(s.intervals.deviation());
        io.str(" us\n");
    }
    row(
        "faults",
        "% failed readings, % not a number, % saturated, % stuck, % windows rejected\n",
        &[s.errors, s.not_a_number, s.saturated, s.stuck, inference.rejected],
        io,
    );
}

fn thread(out: &mut dyn Out, t: ThreadInfo<'_>) {
    out.str("thread        ");
    out.str(t.name);
    // The share in thousandths, as a percentage with one digit.
    let (whole, tenth) = (t.cpu_permille / 10, t.cpu_permille % 10);
    out.counts(": stack % of % bytes, cpu %.% %\n", &[t.stack_used, t.stack_bytes, whole.into(), tenth.into()]);
}

/// The training set, and the model that learns in place, where there is something to tell.
fn learning(links: &Links, io: &mut dyn Io) {
    let data = links.data.get();
    if ROWS && (data.rows > 0 || data.missed > 0) {
        row("training set", "% of % rows, % windows not kept\n", &[data.rows, data.capacity, data.missed], io);
    }
    let OnlineStats { model, learning: l, waiting } = links.online.get();
    if let Some((learner, _)) = model {
        row(
            learner.units(),
            "% of %, % windows learnt, accuracy as it learnt ",
            &[l.units.into(), l.capacity.into(), l.learnt],
            io,
        );
        io.percent(l.accuracy);
        io.str(" (of late ");
        io.percent(l.recent);
        io.counts("), % pruned, % refused\n", &[l.pruned, l.refused]);
        if let Some(window) = waiting {
            row("unknown", "window % waits for a label\n", &[window], io);
        }
    }
}

#[inline(never)]
fn json(console: &Console, io: &mut dyn Io) {
    let links = console.links;
    let (s, i) = (links.sampling.get(), links.inference.get());
    device_json(console, i.steps.into(), io);
    inference_json(&i, io);
    if ALARMS {
        alarm_json(&i.alarm, io);
    }
    sampling_json(&s, io);
    if ROWS {
        let DataStats { rows, capacity, features, missed, .. } = links.data.get();
        schema::line(&schema::Data { rows, capacity, features, missed }, io.out());
    }
    encoder_json(links, io);
    online_json(&links.online.get(), io);
    flash_json(&links.keeping.get(), s.flash_gaps, io);
    for ended in links.training.get().history.iter().flatten() {
        let report = ended.result.ok();
        let object = schema::Training {
            id: ended.id,
            learner: ended.learner.name(),
            done: report.is_some(),
            rows: report.map(|r| r.rows),
            quality: report.map_or(f32::NAN, |r| r.quality),
            took_us: ended.took.0,
        };
        schema::line(&object, io.out());
    }
    io.threads(&mut |out, t| {
        let ThreadInfo { name, stack_bytes, stack_used, cpu_permille } = t;
        schema::line(&schema::Thread { name, stack_bytes, stack_used, cpu_permille: cpu_permille.into() }, out);
    });
}

fn device_json(console: &Console, feature_steps: u32, io: &mut dyn Io) {
    let links = console.links;
    let now = io.now();
    let model = links.published.get();
    let object = schema::Device {
        time_us: now.0,
        model: model.map(|m| m.learner.name()),
        model_age_us: model.map(|m| now.0.saturating_sub(m.time.0)),
        memory_bytes: console.memory,
        memory_budget_bytes: RAM_BUDGET as u32,
        events_lost: links.events_lost.load(Ordering::Relaxed),
        feature_steps,
    };
    schema::line(&object, io.out());
}

fn inference_json(i: &InferenceStats, io: &mut dyn Io) {
    let verdict = i.last.map(|l| l.answer.verdict);
    let object = schema::Inference {
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
        last_decision: verdict.map(|v| telemetry::decision_word(v.decision)),
        last_class: match verdict.map(|v| v.decision) {
            Some(Decision::Class(class)) => Some(class.0.into()),
            _ => None,
        },
        last_score: verdict.map_or(f32::NAN, |v| v.score),
    };
    schema::line(&object, io.out());
}

fn alarm_json(alarm: &Alarm, io: &mut dyn Io) {
    let last = alarm.last();
    let peak = last.map(|e| e.peak);
    let cause = peak.and_then(|p| p.cause);
    let object = schema::Alarm {
        count: alarm.count(),
        active: alarm.active().is_some(),
        sum: alarm.sum(),
        begin_us: last.map(|e| e.begin.0),
        end_us: last.and_then(|e| e.end).map(|end| end.0),
        peak: peak.map(|p| p.level),
        score: peak.map(|p| p.score),
        peak_us: peak.map(|p| p.time.0),
        cause_channel: cause.map(|c| c.channel.into()),
        cause_feature: cause.map(|c| c.feature.into()),
    };
    schema::line(&object, io.out());
}

fn sampling_json(s: &SamplingStats, io: &mut dyn Io) {
    let object = schema::Sampling {
        sensor: s.sensor.map(|i| i.name),
        health: match s.health {
            SensorHealth::Starting => "starting",
            SensorHealth::Well => "well",
            SensorHealth::Suspect(what) if what.any(Faults::STUCK) => "stuck",
            SensorHealth::Suspect(what) if what.any(Faults::NOT_A_NUMBER) => "not_a_number",
            SensorHealth::Suspect(_) => "saturated",
            SensorHealth::Lost(_) => "lost",
        },
        frames: s.frames,
        overruns: s.overruns,
        repeated: s.repeated,
        blocks_lost: s.blocks_lost,
        queue_most: s.queue_high.into(),
        errors: s.errors,
        not_a_number: s.not_a_number,
        saturated: s.saturated,
        stuck: s.stuck,
        interval_min_us: s.intervals.min,
        interval_max_us: s.intervals.max,
        interval_deviation_us: s.intervals.deviation(),
        measured_hz: s.intervals.hertz(),
        rate_hz: s.sensor.map_or(f32::NAN, |i| i.rate.hertz()),
        pace: s.sensor.map(|i| super::sensor::pace(i.pace)),
    };
    schema::line(&object, io.out());
}

fn online_json(online: &OnlineStats, io: &mut dyn Io) {
    let Some((learner, _)) = online.model else { return };
    let l = &online.learning;
    let object = schema::Online {
        learner: learner.name(),
        units: l.units.into(),
        capacity: l.capacity.into(),
        learnt: l.learnt,
        accuracy: l.accuracy,
        recent_accuracy: l.recent,
        pruned: l.pruned,
        refused: l.refused,
        waiting_window: online.waiting,
    };
    schema::line(&object, io.out());
}

fn flash_json(k: &KeepStatus, missed_frames: u32, io: &mut dyn Io) {
    let found = &k.health.found;
    let object = schema::Flash {
        ready: k.health.ready,
        model_bytes: k.health.model,
        free_bytes: k.health.free,
        saves: k.saves,
        config_saves: k.config_saves,
        failures: k.failures,
        erases: k.erases,
        missed_frames,
        found_unfinished: found.unfinished,
        found_damaged: found.damaged.saturating_add(found.markers),
    };
    schema::line(&object, io.out());
}
