//! `model compress`, `model quantize` and `model prune`: an order to the training loop, its report, a question, and the answer.

use super::{Console, Failed, Outcome, fail, fail_of, train, transfer};
use crate::data::env::Io;
use crate::data::order::{Changes, Job, KeepRequest};
use crate::learners::Learner;
use hone_learn::learner::Form;
use hone_learn::text::{Line, Out, Write};
use hone_learn::words;
use hone_numeric::quantize::Fixed;

/// `model compress FACTOR`.
pub(super) fn compress(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    let factor = words.first().and_then(|w| hone_learn::setting::parse_int(w));
    let Some(factor) = factor.filter(|f| matches!(f, 4 | 8 | 16 | 32)) else {
        return fail(io, "usage: model compress FACTOR [--windows N] [--yes]; FACTOR is 4, 8, 16 or 32");
    };
    let (windows, yes) = options(words.get(1..).unwrap_or(&[]), io)?;
    run(console, Form::Clustered(factor as u8), windows, yes, io)
}

/// `model quantize int8 | q M N`.
pub(super) fn quantize(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    let bits = |word: &str| hone_learn::setting::parse_int(word).and_then(|n| u8::try_from(n).ok());
    let (form, rest) = match words {
        ["int8", rest @ ..] => (Some(Form::Int8), rest),
        ["q", m, n, rest @ ..] => (bits(m).zip(bits(n)).and_then(|(m, n)| Fixed::q(m, n)).map(Form::Fixed), rest),
        _ => (None, words),
    };
    let Some(form) = form else {
        return fail(
            io,
            "usage: model quantize int8 | q M N [--windows N] [--yes]; M and N are whole numbers, together at most 15",
        );
    };
    let (windows, yes) = options(rest, io)?;
    run(console, form, windows, yes, io)
}

/// `model prune PERCENT`.
pub(super) fn prune(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    let percent = words.first().and_then(|w| hone_learn::setting::parse_int(w)).filter(|p| (1..=90).contains(p));
    let Some(percent) = percent else {
        return fail(io, "usage: model prune PERCENT [--windows N] [--yes]; PERCENT is 1 to 90");
    };
    let (windows, yes) = options(words.get(1..).unwrap_or(&[]), io)?;
    run(console, Form::Pruned(percent as u8), windows, yes, io)
}

fn options(mut words: &[&str], io: &mut dyn Io) -> Result<(Option<u16>, bool), Failed> {
    let (mut windows, mut yes) = (None, false);
    loop {
        words = match words {
            [] => return Ok((windows, yes)),
            ["--yes", rest @ ..] => {
                yes = true;
                rest
            }
            ["--windows", n, rest @ ..] => {
                let number = hone_learn::setting::parse_int(n).filter(|n| (20..=2000).contains(n));
                let Some(number) = number else {
                    return failed(io, "--windows takes a whole number from 20 to 2000");
                };
                windows = Some(number as u16);
                rest
            }
            [word, ..] => {
                let _ = fail_of(io, "'%' is no option here; there are --windows N, --yes", &[word]);
                return Err(Failed);
            }
        }
    }
}

fn failed<T>(io: &mut dyn Io, text: &str) -> Result<T, Failed> {
    let _ = fail(io, text);
    Err(Failed)
}

fn run(console: &Console, form: Form, windows: Option<u16>, yes: bool, io: &mut dyn Io) -> Outcome {
    let links = console.links;
    if !yes && !io.interactive() {
        return fail(io, "nobody can be asked here whether to replace the model in use: give --yes");
    }
    train::ready(links, io)?;
    let Some(published) = links.published.get() else {
        return fail(io, words::UNTRAINED);
    };
    let Some(id) = links.order(published.learner, windows, Job::Convert(form)) else {
        return fail(io, "a training has just been ordered; 'train status' says how far it is");
    };
    train::follow(links, id, io)?;
    if !show(console, published.learner, io) {
        return fail(io, "the converted model is gone: a training or another model came first; convert again");
    }
    if !yes && !io.confirm("replace the model in use?") {
        links.offer.set(None);
        io.str("the model in use stays\n");
        return Ok(());
    }
    let kept = transfer::order(console, KeepRequest::Replace, io)?;
    io.str("replaced: ");
    transfer::told(&kept, io);
    Ok(())
}

/// Tells what would change; false when there is nothing any more.
#[inline(never)]
fn show(console: &Console, learner: Learner, io: &mut dyn Io) -> bool {
    let Some(offer) = console.links.offer.get() else { return false };
    report(&offer.changes, learner, io);
    true
}

/// A number of the table.
#[derive(Clone, Copy)]
enum Cell {
    Uint(u32),
    Real(f32),
    Share(u32, u32),
}

/// The table of what would change. Apart from its caller, whose frame is there while the conversion is waited for.
#[inline(never)]
fn report(changes: &Changes, learner: Learner, io: &mut dyn Io) {
    io.str("                      before     after\n");
    for (name, [before, after]) in [("bytes of weights", changes.weights), ("bytes saved", changes.bytes)] {
        row(name, &[Cell::Uint(before), Cell::Uint(after), Cell::Share(before, after)], io);
    }
    row(learner.score(), &changes.score.map(Cell::Real), io);
    if let Some(threshold) = changes.threshold {
        row("threshold", &threshold.map(Cell::Real), io);
    }
    row("anomalous", &changes.anomalous.map(Cell::Uint), io);
    if changes.labelled > 0 {
        row("as labelled", &changes.right.map(Cell::Uint), io);
    }
    io.counts("of % windows held back % are judged differently\n", &[changes.windows, changes.changed]);
}

#[inline(never)]
fn row(name: &str, cells: &[Cell], io: &mut dyn Io) {
    io.str(name);
    let mut width = 28usize.saturating_sub(name.len());
    for cell in cells {
        let mut text = Line::<16>::default();
        match cell {
            Cell::Uint(n) => text.uint(*n),
            Cell::Real(v) => text.real(*v),
            Cell::Share(before, after) => {
                text.str("(");
                text.uint(u64::from(*after) * 100 / u64::from((*before).max(1)));
                text.str(" %)");
            }
        }
        for _ in 0..width.saturating_sub(text.as_str().len()) {
            io.str(" ");
        }
        io.str(text.as_str());
        width = 10;
    }
    io.str("\n");
}
