//! `stats`.

use super::{Console, Outcome, misuse, train};
use crate::capacity::{BLOCK_QUEUE, EVENT_QUEUE, RAM_BUDGET, WINDOW_POOL};
use crate::data::env::{Io, ThreadInfo};
use crate::data::order::Published;
use crate::data::stats::{InferenceStats, OnlineStats, SamplingStats, SensorHealth};
use crate::learners::ROWS;
use crate::link::{Links, Names};
use crate::say::json::Object;
use crate::say::{found, telemetry, units};
use core::sync::atomic::Ordering;
use hone_learn::Decision;
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

fn text(console: &Console, io: &mut dyn Io) {
    let links = console.links;
    let (sampling, inference) = (links.sampling.get(), links.inference.get());
    head("time", io);
    io.seconds(io.now());
    io.str(" s\n");
    model(links.published.get(), inference.steps, io);
    windows(&inference, &links.names.get(), io);
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

fn json(console: &Console, io: &mut dyn Io) {
    let links = console.links;
    let (s, i) = (links.sampling.get(), links.inference.get());
    let now = io.now();
    let mut j = Object::new(KIND, "device", io.out());
    j.long("time_us", now.0);
    match links.published.get() {
        Some(model) => {
            j.text("model", model.learner.name());
            j.long("model_age_us", now.0.saturating_sub(model.time.0));
        }
        None => {
            j.null("model");
            j.null("model_age_us");
        }
    }
    j.counts(
        "memory_bytes memory_budget_bytes events_lost feature_steps",
        &[console.memory, RAM_BUDGET as u32, links.events_lost.load(Ordering::Relaxed), i.steps.into()],
    );
    j.end();
    inference_json(&i, io);
    sampling_json(&s, io);
    if ROWS {
        let d = links.data.get();
        let mut j = Object::new(KIND, "data", io.out());
        j.counts("rows capacity features missed", &[d.rows, d.capacity, d.features, d.missed]);
        j.end();
    }
    online_json(&links.online.get(), io);
    let k = links.keeping.get();
    let found = &k.health.found;
    let mut j = Object::new(KIND, "flash", io.out());
    j.flag("ready", k.health.ready);
    j.counts(
        "model_bytes free_bytes saves config_saves failures erases missed_frames found_unfinished found_damaged",
        &[
            k.health.model,
            k.health.free,
            k.saves,
            k.config_saves,
            k.failures,
            k.erases,
            s.flash_gaps,
            found.unfinished,
            found.damaged.saturating_add(found.markers),
        ],
    );
    j.end();
    for ended in links.training.get().history.iter().flatten() {
        let mut j = Object::new(KIND, "training", io.out());
        j.counts("id", &[ended.id]);
        j.text("learner", ended.learner.name());
        let report = ended.result.ok();
        j.flag("done", report.is_some());
        j.maybe_count("rows", report.map(|r| r.rows));
        j.real("quality", report.map_or(f32::NAN, |r| r.quality));
        j.long("took_us", ended.took.0);
        j.end();
    }
    io.threads(&mut |out, t| {
        let mut j = Object::new(KIND, "thread", out);
        j.text("name", t.name);
        j.counts("stack_bytes stack_used cpu_permille", &[t.stack_bytes, t.stack_used, t.cpu_permille.into()]);
        j.end();
    });
}

/// The member that every object of `stats` begins with.
const KIND: &str = "stats";

fn inference_json(i: &InferenceStats, io: &mut dyn Io) {
    let mut j = Object::new(KIND, "inference", io.out());
    j.counts(
        "windows broken rejected lost_to_training normal anomalous classified unknown \
             latency_min_us latency_mean_us latency_max_us",
        &[
            i.windows,
            i.broken,
            i.rejected,
            i.windows_lost,
            i.normal,
            i.anomalous,
            i.classified,
            i.unknown,
            i.latency.min,
            i.latency.mean(),
            i.latency.max,
        ],
    );
    let decision = i.last.map(|l| l.answer.verdict.decision);
    j.maybe_text("last_decision", decision.map(telemetry::decision_word));
    j.maybe_count(
        "last_class",
        match decision {
            Some(Decision::Class(class)) => Some(class.0.into()),
            _ => None,
        },
    );
    j.real("last_score", i.last.map_or(f32::NAN, |l| l.answer.verdict.score));
    j.end();
}

fn sampling_json(s: &SamplingStats, io: &mut dyn Io) {
    let mut j = Object::new(KIND, "sampling", io.out());
    j.maybe_text("sensor", s.sensor.map(|i| i.name));
    j.text(
        "health",
        match s.health {
            SensorHealth::Starting => "starting",
            SensorHealth::Well => "well",
            SensorHealth::Suspect(what) if what.any(Faults::STUCK) => "stuck",
            SensorHealth::Suspect(what) if what.any(Faults::NOT_A_NUMBER) => "not_a_number",
            SensorHealth::Suspect(_) => "saturated",
            SensorHealth::Lost(_) => "lost",
        },
    );
    j.counts(
        "frames overruns repeated blocks_lost queue_most errors not_a_number saturated stuck interval_min_us interval_max_us",
        &[
            s.frames,
            s.overruns,
            s.repeated,
            s.blocks_lost,
            s.queue_high.into(),
            s.errors,
            s.not_a_number,
            s.saturated,
            s.stuck,
            s.intervals.min,
            s.intervals.max,
        ],
    );
    j.real("interval_deviation_us", s.intervals.deviation());
    j.real("measured_hz", s.intervals.hertz());
    j.real("rate_hz", s.sensor.map_or(f32::NAN, |i| i.rate.hertz()));
    j.maybe_text("pace", s.sensor.map(|i| super::sensor::pace(i.pace)));
    j.end();
}

fn online_json(online: &OnlineStats, io: &mut dyn Io) {
    let Some((learner, _)) = online.model else { return };
    let l = &online.learning;
    let mut j = Object::new(KIND, "online", io.out());
    j.text("learner", learner.name());
    j.counts("units capacity learnt", &[l.units.into(), l.capacity.into(), l.learnt]);
    j.real("accuracy", l.accuracy);
    j.real("recent_accuracy", l.recent);
    j.counts("pruned refused", &[l.pruned, l.refused]);
    j.maybe_count("waiting_window", online.waiting);
    j.end();
}
