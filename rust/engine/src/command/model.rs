//! `model`.

use super::{Console, Outcome, fail, misuse, transfer};
use crate::config::Learner;
use crate::env::Io;
use crate::memory::Model;
use crate::text::Write;
use hone_signal::Micros;
use hone_svm::Task;

pub(super) fn run(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["info"] => info(console, io),
        ["save"] => transfer::save(console.links, io),
        ["load"] => transfer::load(console.links, io),
        ["erase"] => transfer::erase(console.links, io),
        ["export", rest @ ..] => transfer::export(console.links, rest, io),
        ["import"] => transfer::import(console.links, io),
        _ => misuse("model", io),
    }
}

fn info(console: &Console, io: &mut dyn Io) -> Outcome {
    let outcome = in_use(console, io);
    let saved = console.links.keep.get().health.model;
    if saved > 0 {
        io.str("saved: ");
        io.uint(saved);
        io.str(" bytes\n");
    }
    outcome
}

fn in_use(console: &Console, io: &mut dyn Io) -> Outcome {
    let newest = console.links.published.get();
    if newest.is_some_and(|p| p.learner == Learner::Rce) {
        return rce(console, io);
    }
    let Some((published, model)) = console.model() else { return fail(io, &["there is no model; 'train' makes one"]) };
    io.str(published.learner.name());
    io.str(", ");
    io.seconds(Micros(io.now().0.saturating_sub(published.time.0)));
    io.str(" s old\n");
    match &*model {
        Model::Empty => {}
        Model::Svm(_, svm) => {
            let view = svm.view();
            io.str(match view.task() {
                Task::Classes => "tells classes apart: ",
                Task::Novelty => "tells normal from novel",
                Task::Untrained => "untrained",
            });
            for (i, class) in view.classes().enumerate() {
                io.str(if i == 0 { "" } else { ", " });
                io.uint(class.0);
            }
            io.str("\n");
            io.str(view.kernel().name());
            io.str(" kernel, ");
            io.size(view.vectors());
            io.str(" support vectors, ");
            io.size(view.features());
            io.str(" features, ");
            io.size(view.used() * 4);
            io.str(" bytes\n");
        }
        Model::Esn(esn) => {
            let (params, threshold) = (esn.params(), esn.threshold());
            io.str("reservoir of ");
            io.uint(params.units);
            io.str(" units, density ");
            io.real(params.density);
            io.str(", spectral radius ");
            io.real(params.spectral_radius);
            io.str(", leak ");
            io.real(params.leak);
            io.str(", seed ");
            io.uint(params.seed);
            io.str("\nthreshold ");
            io.real(threshold.upper);
            io.str(", MSE in calibration ");
            io.real(esn.quality());
            io.str("\n");
        }
    }
    Ok(())
}

fn rce(console: &Console, io: &mut dyn Io) -> Outcome {
    let s = console.links.rce.get();
    io.str("rce, ");
    io.uint(s.prototypes);
    io.str(" of ");
    io.uint(s.capacity);
    io.str(" prototypes from ");
    io.uint(s.learnt);
    io.str(" labelled windows, accuracy as it learnt ");
    io.percent(s.accuracy);
    io.str(" (of late ");
    io.percent(s.recent);
    io.str(")\n");
    Ok(())
}
