//! `model save | load | erase | export | import`: orders to the training loop, and lines to and from a terminal.

use super::{Console, Failed, Outcome, fail, fail_of};
use crate::data::env::{Io, Typed};
use crate::data::order::{KeepOrder, KeepRequest, Kept};
use crate::keep::bytes;
use crate::say::{keep_error, telemetry};
use core::sync::atomic::Ordering;
use hone_learn::text::{Line, Write};
use hone_model::frame::{LINE, Receiver, Reply, Sender};
use hone_signal::Micros;

/// How often a command looks whether its order is done.
const LOOK: Micros = Micros(20_000);
/// Looks before it gives up: longer than two erases of a large sector.
const LOOKS: u32 = 600;
/// An import to which nothing comes for this long is over.
const PATIENCE: Micros = Micros(30_000_000);
/// Characters of a line typed; a transfer's and what a terminal may add.
const TYPED: usize = 128;

pub(super) fn save(console: &Console, io: &mut dyn Io) -> Outcome {
    let kept = order(console, KeepRequest::Save, io)?;
    io.str("saved: ");
    told(&kept, io);
    Ok(())
}

pub(super) fn load(console: &Console, io: &mut dyn Io) -> Outcome {
    let kept = order(console, KeepRequest::Load, io)?;
    io.str("loaded: ");
    told(&kept, io);
    Ok(())
}

pub(super) fn erase(console: &Console, io: &mut dyn Io) -> Outcome {
    order(console, KeepRequest::Erase, io)?;
    io.str("the model in use and the saved one are gone\n");
    Ok(())
}

pub(super) fn told(kept: &Kept, io: &mut dyn Io) {
    telemetry::saved(kept.learner, kept.bytes, io);
    if kept.erases > 0 {
        io.str(", a page erased");
    }
    if kept.renamed > 0 {
        io.counts("; % classes have other names now, 'label list' shows them", &[kept.renamed.into()]);
    }
    io.str("\n");
}

/// Has the training loop do something and waits for it.
pub(super) fn order(console: &Console, wanted: KeepRequest, io: &mut dyn Io) -> Result<Kept, Failed> {
    let links = console.links;
    let id = links.keeping.update(|k| {
        k.ordered = k.ordered.wrapping_add(1).max(1);
        k.ordered
    });
    if console.ends.keep_orders.send(KeepOrder { id, request: wanted }).is_err() {
        return Err(failed(io, "orders are waiting already; try again"));
    }
    links.wake();
    for _ in 0..LOOKS {
        let status = links.keeping.get();
        if status.done == id {
            return status.result.map_err(|error| {
                let mut line = Line::<192>::default();
                keep_error(&error, &mut line);
                let _ = fail_of(io, "%", &[line.as_str()]);
                Failed
            });
        }
        if !io.pause(LOOK) {
            return Err(failed(io, "interrupted; what was begun will still be done"));
        }
    }
    Err(failed(io, "the training loop does not answer"))
}

fn failed(io: &mut dyn Io, text: &str) -> Failed {
    let _ = fail(io, text);
    Failed
}

/// What is done with the workspace, as bytes.
type Work<'a, R> = &'a mut dyn FnMut(&mut [u8], Kept, &mut dyn Io) -> Result<R, Failed>;

/// Runs `work` with the workspace, which the training loop has lent after `wanted`.
fn with_workspace<R>(console: &Console, wanted: KeepRequest, io: &mut dyn Io, work: Work<'_, R>) -> Result<R, Failed> {
    let (links, ends) = (console.links, &console.ends);
    links.workspace_wanted.store(true, Ordering::Relaxed);
    let result = order(console, wanted, io).and_then(|kept| match ends.workspace_lent.receive() {
        Some(memory) => {
            let result = work(bytes(memory), kept, io);
            // There is one workspace, so that its way home is free.
            let _ = ends.workspace_home.send(memory);
            links.wake();
            result
        }
        None => Err(failed(io, "the working memory did not come")),
    });
    if result.is_err() {
        links.workspace_wanted.store(false, Ordering::Relaxed);
    }
    result
}

/// `model export [--from N]`: the lines of the model in use, from line N on.
#[inline(never)]
pub(super) fn export(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    let (from, count) = match words {
        [] => (0, u32::MAX),
        ["--from", n] | ["--from", n, "--lines", "0"] => (number(n, io)?, u32::MAX),
        ["--from", n, "--lines", count] => (number(n, io)?, number(count, io)?),
        _ => return fail(io, "usage: model export [--from N [--lines COUNT]]"),
    };
    let result = with_workspace(console, KeepRequest::Export, io, &mut |bytes, kept, io| {
        let bytes = bytes.get(..kept.bytes as usize).unwrap_or(&[]);
        let Some(sender) = Sender::new(bytes) else { return Err(failed(io, "the model is too long to send")) };
        let mut memory = [0; LINE];
        for line in (from..sender.lines()).take(count as usize) {
            if let Some(text) = sender.line(line, &mut memory) {
                io.str(text);
                io.str("\n");
            }
            // Lets events be printed and Ctrl-C be seen.
            if line % 16 == 15 && !io.pause(Micros(1000)) {
                return Err(failed(io, "interrupted"));
            }
        }
        io.counts("exported % bytes in % lines\n", &[kept.bytes, sender.lines()]);
        Ok(())
    });
    console.links.workspace_wanted.store(false, Ordering::Relaxed);
    result
}

fn number(text: &str, io: &mut dyn Io) -> Result<u32, Failed> {
    let number = hone_learn::setting::parse_int(text).and_then(|n| u32::try_from(n).ok());
    number.ok_or_else(|| failed(io, "a line is a whole number from 0"))
}

/// A transfer under way, fed line by line, whoever reads the lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Import {
    receiver: Receiver,
}

/// What an import wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportStep {
    /// Another line; the reply has been written.
    More,
    /// All bytes are at the front of the memory and match their checksum; so many.
    Complete(u32),
    /// It cannot go on; the error has been written.
    Failed,
}

impl Import {
    /// Says which line is wanted, as after every line.
    pub fn ask(&mut self, memory: &mut [u8], io: &mut dyn Io) {
        reply(self.receiver.wanted(memory), io);
    }

    /// Takes a line into `memory`, the same at every call, and answers it. An empty one asks again which line is wanted.
    pub fn line(&mut self, text: &str, memory: &mut [u8], io: &mut dyn Io) -> ImportStep {
        if text.trim_ascii() == "end" {
            let _ = fail(io, "import ended; nothing was changed");
            return ImportStep::Failed;
        }
        let answer = self.receiver.line(text, memory);
        reply(answer, io);
        match answer {
            Reply::Send(_) | Reply::Mismatch => ImportStep::More,
            Reply::Complete { length } => ImportStep::Complete(length),
            Reply::TooLong { .. } => {
                let _ = fail(io, "the model is larger than the working memory (CONFIG_HONE_WORKSPACE_BYTES)");
                ImportStep::Failed
            }
        }
    }
}

fn reply(reply: Reply, io: &mut dyn Io) {
    let (word, number) = reply.words();
    io.str(word);
    io.counts(" %\n", &[number]);
}

/// `model import`: reads lines until a model is whole, then takes it into use and saves it.
#[inline(never)]
pub(super) fn import(console: &Console, io: &mut dyn Io) -> Outcome {
    let received = with_workspace(console, KeepRequest::Lend, io, &mut |memory, _, io| {
        io.str("send the lines of 'model export'; 'end' gives up\n");
        let mut import = Import::default();
        import.ask(memory, io);
        let mut typed = [0; TYPED];
        loop {
            let step = match io.read_line(&mut typed, PATIENCE) {
                Typed::Line(length) => {
                    // What is not text is a damaged line.
                    let text = typed.get(..length).and_then(|t| core::str::from_utf8(t).ok()).unwrap_or("?");
                    import.line(text, memory, io)
                }
                Typed::Silence => return Err(failed(io, "nothing came for 30 s; nothing was changed")),
                Typed::End => return Err(failed(io, "the lines ended early; nothing was changed")),
            };
            match step {
                ImportStep::More => {}
                ImportStep::Complete(length) => return Ok(length),
                ImportStep::Failed => return Err(Failed),
            }
        }
    });
    // Until it has been taken no training may use the workspace.
    let result = received.and_then(|length| order(console, KeepRequest::Take(length), io));
    console.links.workspace_wanted.store(false, Ordering::Relaxed);
    let kept = result?;
    io.str("imported: ");
    told(&kept, io);
    Ok(())
}
