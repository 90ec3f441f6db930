//! Why something was not done, in words, and what to do.

use crate::data::config::Section;
use crate::data::env::SensorError;
use crate::data::order::JobFault;
use crate::learners::{Learner, Missing};
use hone_learn::text::{Out, Write};
use hone_learn::words;
use hone_signal::Faults;

/// Why a job ended without a result.
pub fn job(fault: &JobFault, out: &mut dyn Out) {
    match fault {
        JobFault::Cancelled => out.str("cancelled"),
        JobFault::NoFreeSlot => out.str("every model slot is in use; wait until saving has finished"),
        JobFault::Params(section, error) => words::param_error(section.name(), error, out),
        JobFault::Workspace(shortage) => words::workspace(shortage, out),
        JobFault::NoWindows => {
            out.str(
                "no window that can be learnt from came for 10 s, or for as long as four take; 'sensor info' and 'stats' say how the sensor does",
            );
        }
        JobFault::Shape => out.str("the sensor's channels changed while training; train again"),
        JobFault::NoModel => out.str(words::UNTRAINED),
        JobFault::NoResume => out
            .str("the learner cannot go on from the model in use, or that is not its own; 'train' without --continue"),
        JobFault::NoPart => out.str("the learner has no layers to train apart; 'train' without --last"),
        JobFault::Replaced => out.str("another model came into use meanwhile; convert again"),
        JobFault::NoRows => {
            out.str("the training set has too few rows to hold some back; 'label 1' begins to collect rows of class 1")
        }
        JobFault::Classes => out.str("the rows are of more classes than an evaluation tells apart"),
        JobFault::NoSuchForm => out.str("the model in use has no such form"),
        JobFault::Converted => out.str(words::CONVERTED),
        JobFault::NoAnswer => {
            out.str("the model says nothing of what was held back; give it more (--windows), or train it anew")
        }
        JobFault::Breach(breach) => {
            out.str("a mistake in the learner's code: ");
            out.str(breach.words());
        }
        JobFault::Learner(fault) => fault.explain(out),
    }
}

/// Of a learner that was asked for.
pub fn missing(learner: Missing, out: &mut dyn Out) {
    out.str("this build has no ");
    out.str(learner.name());
    out.str(" (");
    option(learner, out);
    out.str(")");
}

/// The option that brings a learner back.
pub fn option(learner: Missing, out: &mut dyn Out) {
    out.str("CONFIG_HONE_");
    for c in learner.name().chars() {
        out.str(c.to_ascii_uppercase().encode_utf8(&mut [0; 4]));
    }
}

/// `a, b, c`: the learners of the build.
pub fn learners(out: &mut dyn Out) {
    for (i, name) in Learner::NAMES.iter().enumerate() {
        out.str(if i == 0 { "" } else { ", " });
        out.str(name);
    }
}

/// `device, a, b, features`: the sections of the configuration.
pub fn sections(out: &mut dyn Out) {
    for (i, section) in Section::all().enumerate() {
        out.str(if i == 0 { "" } else { ", " });
        out.str(section.name());
    }
}

/// What a sensor's error means and what to do.
pub fn sensor(error: SensorError, out: &mut dyn Out) {
    match error {
        SensorError::Missing => out.str("not there or not ready; check its wiring and the devicetree alias accel0"),
        SensorError::Bus(code) => {
            out.str("does not answer (error ");
            out.int(code);
            out.str("); asked again ten times a second");
        }
        SensorError::Silent => out.str("stopped giving readings; restarting it"),
        SensorError::End => out.str("the recording has ended"),
    }
}

/// What was wrong with samples.
pub fn samples(faults: Faults, out: &mut dyn Out) {
    let mut first = true;
    for (flag, words) in [
        (Faults::GAP, "frames are missing"),
        (Faults::NOT_A_NUMBER, "readings that are not a number"),
        (Faults::SATURATED, "readings at the end of the range"),
        (Faults::STUCK, "stuck at one reading"),
    ] {
        if faults.any(flag) {
            out.str(if first { "" } else { ", " });
            out.str(words);
            first = false;
        }
    }
}
