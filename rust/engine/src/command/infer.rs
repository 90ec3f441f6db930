//! `infer` and `label`.

use super::{Outcome, fail, misuse};
use crate::capacity::WINDOW_FRAMES;
use crate::data::env::Io;
use crate::data::order::Reply;
use crate::link::Links;
use crate::say::telemetry;
use hone_learn::text::Write;
use hone_learn::{ClassId, NameError};
use hone_signal::Micros;

#[inline(never)]
pub(super) fn run(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["on"] => set(links, true, false, io),
        ["on", "-v"] => set(links, true, true, io),
        ["off"] => set(links, false, false, io),
        ["once"] => once(links, io),
        _ => misuse("infer", io),
    }
}

fn set(links: &Links, infer: bool, verbose: bool, io: &mut dyn Io) -> Outcome {
    links.request.update(|w| (w.infer, w.verbose) = (infer, verbose));
    if infer && links.published.get().is_none() {
        io.str("there is no model yet; judging begins when 'train' has made one\n");
    }
    Ok(())
}

/// Asks for a verdict on the next window and waits for it.
fn once(links: &Links, io: &mut dyn Io) -> Outcome {
    if links.published.get().is_none() {
        return fail(io, "there is no model; 'train' makes one");
    }
    let request = links.request.update(|w| {
        w.once = w.once.wrapping_add(1);
        w.once
    });
    // Long enough for a window at the slowest rate, short enough to say that no window comes.
    let rate = links.sampling.get().sensor.map_or(1, |s| s.rate_hz.max(1));
    let limit = 3 * (WINDOW_FRAMES as u64) * 1000 / u64::from(rate) + 1000;
    for _ in 0..limit.div_ceil(10) {
        let stats = links.inference.get();
        if stats.once_done == request
            && let Some(last) = stats.last
        {
            telemetry::judged(&last.answer, &links.names.get(), io);
            io.counts(" (window %)\n", &[last.sequence]);
            return Ok(());
        }
        if !io.pause(Micros(10_000)) {
            return fail(io, "interrupted");
        }
    }
    fail(io, "no window came that could be judged; 'stats' says how the sensor does")
}

/// `label ID [NAME]` says the class of the windows that follow, and of the unknown one that waits; with `--once` of that
/// one only.
#[inline(never)]
pub(super) fn label(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["none"] => {
            links.request.update(|w| w.label = None);
            Ok(())
        }
        ["dismiss"] => answer(links, Reply::Dismiss, io),
        ["list"] => list(links, io),
        [id] => assign(links, id, None, false, io),
        [id, "--once"] => assign(links, id, None, true, io),
        [id, name] => assign(links, id, Some(name), false, io),
        [id, name, "--once"] => assign(links, id, Some(name), true, io),
        _ => misuse("label", io),
    }
}

fn assign(links: &Links, id: &str, name: Option<&str>, once: bool, io: &mut dyn Io) -> Outcome {
    let names = links.names.get();
    let number = hone_learn::setting::parse_int(id).and_then(|id| u16::try_from(id).ok());
    // The greatest number stands for no class.
    let number = number.filter(|id| *id < u16::MAX).map(ClassId);
    let Some(class) = number.or_else(|| names.class(id)) else {
        return fail(io, "a class is a whole number from 0 to 65534 or a name given before; 'label list' shows them");
    };
    if let Some(name) = name {
        match links.names.update(|n| n.set(class, name)) {
            Ok(()) => {}
            Err(NameError::Unfit) => return fail(io, "a name has at most 13 bytes and no control characters"),
            Err(NameError::Full) => return fail(io, "all places for names are taken (CONFIG_HONE_CLASSES)"),
        }
    }
    if once || links.online.get().waiting.is_some() {
        answer(links, Reply::Learn(class), io)?;
    }
    if once {
        return Ok(());
    }
    links.request.update(|w| w.label = Some(class));
    io.str("the windows that follow are of ");
    telemetry::class(class, &links.names.get(), io);
    io.str("; 'label none' ends that\n");
    Ok(())
}

fn answer(links: &Links, reply: Reply, io: &mut dyn Io) -> Outcome {
    let Some(window) = links.online.get().waiting else { return fail(io, "no window waits for a label") };
    links.reply.set(Some(reply));
    for _ in 0..40 {
        if links.reply.get().is_none() {
            io.counts("window %", &[window]);
            match reply {
                Reply::Learn(class) => {
                    io.str(" learnt as ");
                    telemetry::class(class, &links.names.get(), io);
                }
                Reply::Dismiss => io.str(" let go"),
            }
            io.str("\n");
            return Ok(());
        }
        if !io.pause(Micros(50_000)) {
            break;
        }
    }
    links.reply.set(None);
    fail(io, "interrupted; the window still waits")
}

fn list(links: &Links, io: &mut dyn Io) -> Outcome {
    let names = links.names.get();
    for (class, _) in names.iter() {
        telemetry::class(class, &names, io);
        io.str("\n");
    }
    if names.iter().next().is_none() {
        io.str("no class has a name; 'label 3 walking' gives one\n");
    }
    Ok(())
}
