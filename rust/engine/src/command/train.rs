//! `train`.

use super::{Failed, Outcome, fail, fail_of, misuse};
use crate::data::env::Io;
use crate::data::order::Job;
use crate::data::stats::{Ended, Phase};
use crate::learners::{Learner, Missing};
use crate::link::Links;
use crate::say::{faults, telemetry};
use core::ops::RangeInclusive;
use core::sync::atomic::Ordering;
use hone_learn::learner::{Part, Start};
use hone_learn::text::{Line, Write};
use hone_signal::Micros;

/// How often `--wait` looks.
const LOOK: Micros = Micros(50_000);
/// What `--windows` takes.
const WINDOWS: RangeInclusive<i32> = 10..=10_000;

#[inline(never)]
pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["status"] => return status(links, io),
        ["cancel"] => return cancel(links, io),
        _ => {}
    }
    let mut learner = links.config.get().device.learner;
    let mut part = Part::Whole;
    let (mut windows, mut wait, mut named, mut start, mut rest) = (None, false, false, Start::Afresh, words);
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        match *word {
            "--wait" => wait = true,
            "--windows" => {
                let number = rest.first().and_then(|n| hone_learn::setting::parse_int(n));
                let Some(number) = number.filter(|n| WINDOWS.contains(n)) else {
                    return fail(io, "--windows takes a whole number from 10 to 10000");
                };
                windows = Some(number as u16);
                rest = rest.get(1..).unwrap_or(&[]);
            }
            "--continue" => start = Start::Resume,
            "--last" => {
                let number = rest.first().and_then(|n| hone_learn::setting::parse_int(n));
                let Some(number) = number.filter(|n| (0..=100).contains(n)) else {
                    return fail(io, "--last takes a whole number from 0 to 100");
                };
                part = Part::Last(number as u8);
                rest = rest.get(1..).unwrap_or(&[]);
            }
            _ if named => return misuse("train", io),
            name => {
                learner = self::learner(name, "train", io)?;
                named = true;
            }
        }
    }
    ready(links, io)?;
    let Some(id) = links.order(learner, windows, Job::Train { start, part }) else {
        return fail(io, "a training has just been ordered; 'train status' says how far it is");
    };
    if wait {
        return follow(links, id, io);
    }
    io.counts("training % begins in the background; 'train status' says how far it is\n", &[id]);
    Ok(())
}

/// The learner of this name, which was typed behind `command`.
pub(super) fn learner(name: &str, command: &str, io: &mut dyn Io) -> Result<Learner, Failed> {
    if let Some(learner) = Learner::from_name(name) {
        return Ok(learner);
    }
    let mut all = Line::<96>::default();
    faults::learners(&mut all);
    let outcome = if name.starts_with('-') {
        misuse(command, io)
    } else if let Some(missing) = Missing::from_name(name) {
        let mut line = Line::<64>::default();
        faults::missing(missing, &mut line);
        fail_of(io, "%; there are %", &[line.as_str(), all.as_str()])
    } else {
        fail_of(io, "no learner '%'; there are %", &[name, all.as_str()])
    };
    outcome.and(Err(Failed))
}

/// Fails when a training cannot begin now.
pub(super) fn ready(links: &Links, io: &mut dyn Io) -> Outcome {
    if links.training.update(|t| t.running()) || links.waiting_order().is_some() {
        return fail(io, "a training is under way; 'train status' says how far, 'train cancel' gives it up");
    }
    // On its way home the memory is waited for.
    if links.keeping.get().lent && links.workspace_wanted.load(Ordering::Relaxed) {
        return fail(io, "an import or export is under way and uses the working memory; try again when it has ended");
    }
    Ok(())
}

/// Shows each tenth of the way until training `id` has ended.
pub(super) fn follow(links: &Links, id: u32, io: &mut dyn Io) -> Outcome {
    let mut shown = None;
    let mut turns = 20;
    let mut looks = 0u32;
    loop {
        // Not the whole status, whose history would be the greater part of this frame.
        let (ended, refused, begun, at) = links
            .training
            .update(|t| (t.ended(id), t.refused == id, t.id == id && t.running(), (t.phase, t.done, t.total)));
        if let Some(ended) = ended {
            // Until the next window begins the old model judges; who waits wants to find the new one in use. What learns
            // in place begins where it is.
            let used = ended.learner.learns_in_place()
                || !ended.job.trains()
                || links.inference.get().model.is_some_and(|(_, since)| since >= ended.time);
            if ended.result.is_err() || used || turns == 0 {
                return outcome(&ended, io);
            }
            turns -= 1;
            if !io.pause(LOOK) {
                return outcome(&ended, io);
            }
            continue;
        }
        if refused {
            return fail(io, "another training came first; 'train status' says how far it is");
        }
        let (phase, done, total) = at;
        if begun && done > 0 && total > 0 {
            let tenth = u64::from(done) * 10 / u64::from(total);
            if shown != Some((tenth, phase)) {
                shown = Some((tenth, phase));
                progress(at, io);
            }
        }
        // Not at the first look: most orders are taken up at once.
        looks = looks.saturating_add(1);
        if looks == 2
            && let Some(reason) = waits_for(links, id)
        {
            io.str("  waits ");
            io.str(reason);
            io.str("\n");
        }
        if !io.pause(LOOK) {
            return fail(io, "no longer waiting; the training goes on, 'train cancel' gives it up");
        }
    }
}

/// What training `id`, which has been ordered and has not begun, waits for.
fn waits_for(links: &Links, id: u32) -> Option<&'static str> {
    links.waiting_order().filter(|o| o.id == id)?;
    let keep = links.keeping.get();
    Some(if keep.saving {
        "until what is being saved is in flash"
    } else if keep.lent || links.workspace_wanted.load(Ordering::Relaxed) {
        "until the import or export has ended"
    } else {
        "for the training loop"
    })
}

pub(super) fn progress((phase, done, total): (Phase, u32, u32), io: &mut dyn Io) {
    io.str(if phase == Phase::Collecting { "  collecting " } else { "  computing " });
    io.uint(u64::from(done) * 100 / u64::from(total.max(1)));
    io.str(" % (");
    io.counts("% of %)\n", &[done, total]);
}

fn outcome(ended: &Ended, io: &mut dyn Io) -> Outcome {
    match &ended.result {
        Ok(_) => {
            line(ended, io);
            Ok(())
        }
        Err(_) => {
            io.str("error: ");
            line(ended, io);
            Err(super::Failed)
        }
    }
}

fn word(job: Job) -> &'static str {
    match job {
        Job::Train { .. } => "training ",
        Job::Convert(_) => "conversion ",
        Job::Evaluate { .. } => "evaluation ",
    }
}

/// `training 1: NAME, converged on 160 windows, MSE 0.123, took 20.5 s`
pub(super) fn line(ended: &Ended, io: &mut dyn Io) {
    io.str(word(ended.job));
    io.counts("%: ", &[ended.id]);
    io.str(ended.learner.name());
    io.str(", ");
    match &ended.result {
        Ok(report) => telemetry::report(report, io),
        Err(fault) => faults::job(fault, io),
    }
    io.str(", took ");
    io.seconds(ended.took);
    io.str(" s\n");
}

fn status(links: &Links, io: &mut dyn Io) -> Outcome {
    // Before it is looked whether one runs: an order is taken up before the training is under way.
    let waiting = links.waiting_order();
    let status = links.training.get();
    if let Some(order) = waiting.filter(|o| o.id != status.id)
        && !status.running()
    {
        io.counts("training %: ", &[order.id]);
        io.str(order.learner.name());
        io.str(", waits ");
        io.str(waits_for(links, order.id).unwrap_or("for the training loop"));
        io.str("; 'train cancel' gives it up\n");
    } else if status.phase == Phase::Idle {
        io.str("no training yet; 'train' begins one\n");
    }
    if status.running() {
        io.str(word(status.job));
        io.counts("%: ", &[status.id]);
        io.str(status.learner.name());
        io.str(", for ");
        io.seconds(Micros(io.now().0.saturating_sub(status.since.0)));
        io.str(" s\n");
        progress((status.phase, status.done, status.total), io);
    }
    for ended in status.history.iter().flatten() {
        line(ended, io);
    }
    Ok(())
}

fn cancel(links: &Links, io: &mut dyn Io) -> Outcome {
    let mut status = links.training.get();
    if !status.running() {
        // One that has been ordered and waits never begins; whoever takes the order out of the queue has it.
        if let Some(order) = links.withdraw_order() {
            io.counts("training %: ", &[order.id]);
            io.str(order.learner.name());
            io.str(", cancelled before it began\n");
            return Ok(());
        }
        // It may just have been taken up.
        status = links.training.get();
    }
    if !status.running() {
        return fail(io, "no training is under way");
    }
    links.cancel_job();
    for _ in 0..100 {
        if let Some(ended) = links.training.get().ended(status.id) {
            line(&ended, io);
            return Ok(());
        }
        if !io.pause(LOOK) {
            break;
        }
    }
    fail(io, "the training has not stopped yet; 'train status' says when it has")
}
