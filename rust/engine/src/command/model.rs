//! `model`.

#[cfg(feature = "small-models")]
use super::convert;
use super::{Console, Outcome, fail, misuse, transfer};
use crate::env::Io;
#[cfg(feature = "small-models")]
use crate::included::ESN;
use crate::memory::Model;
use crate::text::Write;
use hone_esn::Form;
#[cfg(feature = "small-models")]
use hone_numeric::{compress::Fixed, whole::Precision};
use hone_signal::Micros;
use hone_svm::Task;

#[inline(never)]
pub(super) fn run(console: &Console, words: &[&str], io: &mut dyn Io) -> Outcome {
    match words {
        ["info"] => info(console, io),
        ["save"] => transfer::save(console.links, io),
        ["load"] => transfer::load(console.links, io),
        ["erase"] => transfer::erase(console.links, io),
        ["export", rest @ ..] => transfer::export(console.links, rest, io),
        ["import"] => transfer::import(console.links, io),
        #[cfg(feature = "small-models")]
        ["compress", rest @ ..] if ESN => convert::compress(console, rest, io),
        #[cfg(feature = "small-models")]
        ["quantize", rest @ ..] => convert::quantize(console, rest, io),
        _ => misuse("model", io),
    }
}

#[inline(never)]
fn info(console: &Console, io: &mut dyn Io) -> Outcome {
    let outcome = in_use(console, io);
    let saved = console.links.keep.get().health.model;
    if saved > 0 {
        io.counts("saved: % bytes\n", &[saved]);
    }
    outcome
}

fn in_use(console: &Console, io: &mut dyn Io) -> Outcome {
    let newest = console.links.published.get();
    if newest.is_some_and(|p| p.in_place()) {
        return rce(console, io);
    }
    let Some((published, model)) = console.model() else {
        return fail(io, "there is no model; 'train' makes one");
    };
    io.str(published.learner.name());
    io.str(", ");
    io.seconds(Micros(io.now().0.saturating_sub(published.time.0)));
    io.str(" s old\n");
    match &*model {
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
            io.counts(
                " kernel, % support vectors, % features, % bytes\n",
                &[view.vectors() as u32, view.features() as u32, (view.used() * 4) as u32],
            );
            #[cfg(feature = "small-models")]
            in_integers(view.precision(), io);
        }
        #[cfg(feature = "small-models")]
        Model::RceInteger(_, rce) => {
            io.counts(
                "% prototypes, % features, % bytes; learns no more\n",
                &[rce.prototypes() as u32, rce.features() as u32, (rce.used() * 4) as u32],
            );
            in_integers(rce.precision(), io);
        }
        Model::Esn(esn) => {
            reservoir(esn.params(), io);
            calibrated(esn.threshold().upper, esn.quality(), io);
            if let Form::Clustered(bits) = esn.form() {
                io.counts("readout clustered into % values, indices of % bits\n", &[1u32 << (bits & 15), bits.into()]);
            }
        }
        #[cfg(feature = "small-models")]
        Model::EsnInt8(esn) => {
            reservoir(esn.params(), io);
            calibrated(esn.threshold().upper, esn.quality(), io);
            in_integers(Some(Precision::Int8), io);
        }
        #[cfg(feature = "small-models")]
        Model::EsnFixed(esn) => {
            reservoir(esn.params(), io);
            calibrated(esn.threshold().upper, esn.quality(), io);
            in_integers(Fixed::q(0, esn.fraction()).map(Precision::Fixed), io);
        }
        _ => {}
    }
    features(console, io);
    Ok(())
}

/// `8 x 48 features a window (log-spectrum), projected to 3 inputs`
// Apart, so that its copy is not on the stack of all that `model` does.
#[inline(never)]
fn features(console: &Console, io: &mut dyn Io) {
    let (_, Some(sequence)) = console.links.sequence.get() else { return };
    io.counts("% x % features a window (", &[sequence.steps() as u32, sequence.features() as u32]);
    io.str(sequence.params().name());
    let projected = sequence.inputs() < sequence.features();
    io.str(if projected { "), projected to " } else { "), " });
    io.counts("% inputs\n", &[sequence.inputs() as u32]);
}

fn reservoir(params: &hone_esn::Params, io: &mut dyn Io) {
    io.counts("reservoir of % units, density ", &[params.units.into()]);
    io.real(params.density);
    io.str(", spectral radius ");
    io.real(params.spectral_radius);
    io.str(", leak ");
    io.real(params.leak);
    io.counts(", seed %\n", &[params.seed]);
}

#[cfg(feature = "small-models")]
fn in_integers(precision: Option<Precision>, io: &mut dyn Io) {
    match precision {
        Some(Precision::Int8) => io.str("in 8-bit integers\n"),
        Some(Precision::Fixed(fixed)) => {
            io.counts("in fixed point, % bits behind the point\n", &[fixed.fraction().into()]);
        }
        None => {}
    }
}

fn calibrated(threshold: f32, quality: f32, io: &mut dyn Io) {
    io.str("threshold ");
    io.real(threshold);
    io.str(", MSE in calibration ");
    io.real(quality);
    io.str("\n");
}

fn rce(console: &Console, io: &mut dyn Io) -> Outcome {
    let s = console.links.rce.get();
    io.counts(
        "rce, % of % prototypes from % labelled windows, accuracy as it learnt ",
        &[s.prototypes.into(), s.capacity.into(), s.learnt],
    );
    io.percent(s.accuracy);
    io.str(" (of late ");
    io.percent(s.recent);
    io.str(")\n");
    Ok(())
}
