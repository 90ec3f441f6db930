//! `model compress` and `model quantize`: an order to the training loop, its report, a question, and the answer.

use super::{Console, Failed, Outcome, fail, train, transfer};
use crate::config::Learner;
use crate::convert::{Changes, Form};
use crate::env::Io;
use crate::memory::Model;
use crate::persist::Wanted;
use crate::text::{Line, Out, Write};
use crate::training::TrainOrder;
use hone_numeric::compress::Fixed;

/// `model compress FACTOR`.
pub(super) fn compress(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    let factor = words.first().and_then(|w| hone_learn::setting::parse_int(w));
    let Some(factor) = factor.filter(|f| matches!(f, 4 | 8 | 16 | 32)) else {
        return fail(io, &["usage: model compress FACTOR [--windows N] [--yes]; FACTOR is 4, 8, 16 or 32"]);
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
            &[
                "usage: model quantize int8 | q M N [--windows N] [--yes]; M and N are whole numbers, together at most 15",
            ],
        );
    };
    let (windows, yes) = options(rest, io)?;
    run(console, form, windows, yes, io)
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
                    return failed(io, &["--windows takes a whole number from 20 to 2000"]);
                };
                windows = Some(number as u16);
                rest
            }
            [word, ..] => return failed(io, &["'", word, "' is no option here; there are --windows N, --yes"]),
        }
    }
}

fn failed<T>(io: &mut dyn Io, text: &[&str]) -> Result<T, Failed> {
    let _ = fail(io, text);
    Err(Failed)
}

fn run(console: &Console, form: Form, windows: Option<u16>, yes: bool, io: &mut dyn Io) -> Outcome {
    let links = console.links;
    if !yes && !io.interactive() {
        return fail(io, &["nobody can be asked here whether to replace the model in use: give --yes"]);
    }
    train::ready(links, io)?;
    let Some(published) = links.published.get() else {
        return fail(io, &["there is no model in use; 'train' makes one"]);
    };
    let Some(id) = TrainOrder::order(links, published.learner, windows, Some(form)) else {
        return fail(io, &["a training has just been ordered; 'train status' says how far it is"]);
    };
    train::follow(links, id, io)?;
    let offer = links.training.get().offer;
    let Some(changes) = offer.and_then(|offer| changes(console, offer.bench)) else {
        return fail(io, &["the converted model is gone: a training or another model came first; convert again"]);
    };
    report(&changes, published.learner, io);
    if !yes && !io.confirm("replace the model in use?") {
        links.training.update(|t| t.offer = None);
        io.str("the model in use stays\n");
        return Ok(());
    }
    let kept = transfer::order(links, Wanted::Replace, io)?;
    io.str("replaced: ");
    transfer::told(&kept, io);
    Ok(())
}

fn changes(console: &Console, bench: u8) -> Option<Changes> {
    match &*console.slots.get(usize::from(bench))?.try_borrow().ok()? {
        Model::Bench(bench) => Some(bench.changes),
        _ => None,
    }
}

/// The table of what would change.
fn report(changes: &Changes, learner: Learner, io: &mut dyn Io) {
    let c = &changes.comparison;
    let uint = |n: u32| {
        let mut text = Line::<16>::default();
        text.uint(n);
        text
    };
    let real = |v: f32| {
        let mut text = Line::<16>::default();
        text.real(v);
        text
    };
    row("", &["before", "after"], io);
    let share = |[before, after]: [u32; 2]| {
        let mut text = Line::<16>::default();
        text.str("(");
        text.uint(u64::from(after) * 100 / u64::from(before.max(1)));
        text.str(" %)");
        text
    };
    for (name, [before, after]) in [("bytes of weights", changes.weights), ("bytes saved", changes.bytes)] {
        row(name, &[uint(before).as_str(), uint(after).as_str(), share([before, after]).as_str()], io);
    }
    let esn = learner == Learner::Esn;
    row(if esn { "MSE" } else { "mean score" }, &c.mse.map(real).each_ref().map(|t| t.as_str()), io);
    if esn {
        row("threshold", &c.threshold.map(real).each_ref().map(|t| t.as_str()), io);
    }
    row("anomalous", &c.anomalous.map(uint).each_ref().map(|t| t.as_str()), io);
    if changes.labelled > 0 {
        row("as labelled", &changes.right.map(uint).each_ref().map(|t| t.as_str()), io);
    }
    io.str("of ");
    io.uint(c.windows);
    io.str(" windows held back ");
    io.uint(c.changed);
    io.str(" are judged differently\n");
}

fn row(name: &str, cells: &[&str], io: &mut dyn Io) {
    io.str(name);
    let mut width = 18usize.saturating_sub(name.len());
    for cell in cells {
        for _ in 0..(width + 10).saturating_sub(cell.len()) {
            io.str(" ");
        }
        io.str(cell);
        width = 0;
    }
    io.str("\n");
}
