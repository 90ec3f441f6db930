//! `model`.

use super::{Outcome, fail, misuse};
use crate::capacity::MODELS;
use crate::env::Io;
use crate::link::Links;
use crate::memory::{Model, Slot};
use crate::text::Write;
use hone_signal::Micros;

pub(super) fn run(links: &Links, slots: &[Slot; MODELS], words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["info"] => info(links, slots, io),
        ["save" | "load" | "erase" | "export" | "import", ..] => {
            fail(io, &["not available yet: this build keeps models in memory only"])
        }
        _ => misuse("model", io),
    }
}

fn info(links: &Links, slots: &[Slot; MODELS], io: &mut dyn Io) -> Outcome {
    let Some(published) = links.published.get() else { return fail(io, &["there is no model; 'train' makes one"]) };
    let Some(model) = slots.get(usize::from(published.slot)).and_then(|s| s.try_borrow().ok()) else {
        return fail(io, &["the model is just being replaced; try again"]);
    };
    io.str(published.learner.name());
    io.str(", ");
    io.seconds(Micros(io.now().0.saturating_sub(published.time.0)));
    io.str(" s old\n");
    match &*model {
        Model::Empty => {}
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
