//! `infer` and `label`.

use super::{Outcome, fail, fail_of, misuse};
use crate::capacity::WINDOW_FRAMES;
use crate::data::config::NO_ENCODER;
use crate::data::env::Io;
use crate::data::order::Reply;
use crate::link::Links;
use crate::say::telemetry;
use hone_learn::text::{Line, Write};
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
    let before = links.inference.get().last.map(|l| l.sequence);
    let request = links.request.update(|w| {
        w.once = w.once.wrapping_add(1);
        w.once
    });
    // Long enough for a window at the slowest rate, short enough to say that no window comes.
    let rate = links.rate();
    let look = rate.span(1).0.max(10_000);
    for _ in 0..(rate.span(3 * WINDOW_FRAMES as u32).0 + 1_000_000).div_ceil(look) {
        let stats = links.inference.get();
        if stats.once_done == request {
            let Some(last) = stats.last.filter(|l| Some(l.sequence) != before) else {
                return fail(io, "the model in use gave no verdict on the window; 'model info' says what it is");
            };
            telemetry::judged(&last.answer, &links.names.get(), io);
            io.counts(" (window %)\n", &[last.sequence]);
            return Ok(());
        }
        if !io.pause(Micros(look)) {
            return fail(io, "interrupted");
        }
    }
    fail(io, "no window came that could be judged; 'stats' says how the sensor does")
}

/// `label ID [NAME]` says the class of the windows that follow, and of the unknown one that waits; with `--once` of that
/// one only.
#[inline(never)]
pub(super) fn label(links: &Links, words: &[&str], io: &mut dyn Io) -> Outcome {
    let (words, span) = match words {
        [words @ .., "--once"] => (words, Span::Waiting),
        [words @ .., "--windows", count] => match count_of(count) {
            Some(count) => (words, Span::Windows(count)),
            None => return fail(io, "--windows takes a whole number from 1 to 65535"),
        },
        words => (words, Span::Following),
    };
    let ends = matches!(words, ["none" | "dismiss" | "list"]);
    if links.config.get().encodes() && links.encoder.get().is_none() && !ends {
        return fail(io, NO_ENCODER);
    }
    match (words, span) {
        (["none"], Span::Following) => {
            links.request.update(|w| w.label = None);
            Ok(())
        }
        (["dismiss"], Span::Following) => answer(links, Reply::Dismiss, io),
        (["list"], Span::Following) => list(links, io),
        ([id], _) => assign(links, id, None, span, io),
        ([id, name], _) => assign(links, id, Some(name), span, io),
        _ => misuse("label", io),
    }
}

/// The windows that a label is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Span {
    /// The unknown one that waits.
    Waiting,
    /// Those that follow, and the one that waits.
    Following,
    /// So many of those that follow, and the one that waits.
    Windows(u16),
}

fn count_of(text: &str) -> Option<u16> {
    hone_learn::setting::parse_int(text).and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0)
}

/// Whether a word can be taken for something else where a class is named: a number, an option, a word of `label`'s own.
fn ambiguous(name: &str) -> bool {
    hone_learn::setting::parse_real(name).is_some()
        || name.starts_with('-')
        || ["none", "dismiss", "list"].contains(&name)
}

fn assign(links: &Links, id: &str, name: Option<&str>, span: Span, io: &mut dyn Io) -> Outcome {
    let names = links.names.get();
    let number = hone_learn::setting::parse_int(id).and_then(|id| u16::try_from(id).ok());
    // The greatest number stands for no class.
    let number = number.filter(|id| *id < u16::MAX).map(ClassId);
    let Some(class) = number.or_else(|| names.class(id)) else {
        return fail(io, "a class is a whole number from 0 to 65534 or a name given before; 'label list' shows them");
    };
    if let Some(name) = name {
        if ambiguous(name) {
            return fail(io, "a name cannot be a number, an option, none, dismiss or list");
        }
        match links.names.update(|n| n.set(class, name)) {
            Ok(()) => {}
            Err(NameError::Unfit) => {
                return fail(io, "a name has 1 to 13 bytes, without blanks and control characters");
            }
            Err(NameError::Full) => return fail(io, "no room for more names (CONFIG_HONE_CLASSES)"),
            Err(NameError::Taken(other)) => {
                let mut line = Line::<64>::default();
                telemetry::class(other, &names, &mut line);
                return fail_of(io, "% has this name; give another", &[line.as_str()]);
            }
        }
    }
    if span == Span::Waiting || links.online.get().waiting.is_some() {
        answer(links, Reply::Learn(class), io)?;
    }
    let left = match span {
        Span::Waiting => return Ok(()),
        Span::Following => 0,
        Span::Windows(count) => count,
    };
    links.request.update(|w| (w.label, w.label_left) = (Some(class), left));
    match left {
        0 => io.str("the windows that follow are of "),
        left => io.counts("the next % windows fit to learn are of ", &[left.into()]),
    }
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
