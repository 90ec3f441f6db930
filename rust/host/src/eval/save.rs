//! `--save`: the model that was evaluated as a file, which a device takes as it takes its own.

use super::LearnerName;
use super::learner::EvalError;
use super::settings::Table;
use crate::dataset::{Data, Dataset, Task};
use crate::output;
use hone_engine::data::order::KeepError;
use hone_engine::keep::container;
use hone_engine::text::Out;
use hone_engine::{learners, say};
use hone_learn::Report;
use hone_model::entries::Entry;
use hone_model::{Container, Contents, write_raw};
use std::path::Path;

/// A trained model as a device keeps it: what is written around its payload, and the payload.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// Number of the payload's layout.
    pub layout: u8,
    /// What it was trained with.
    pub parameters: Table,
    /// How windows become features, where they do.
    pub pipeline: Option<Table>,
    /// Offset and factor of each feature, of a learner that sees feature vectors in a row.
    pub scaling: Vec<(f32, f32)>,
    /// How the training ended.
    pub report: Option<Report>,
    /// The payload.
    pub payload: Vec<u8>,
}

/// Words of the device, gathered.
pub(super) struct Text<'a>(pub &'a mut String);

impl Out for Text<'_> {
    fn str(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

/// Writes the model as a file; what to do with it, in lines.
pub(super) fn write(
    path: &Path,
    learner: LearnerName,
    set: &Dataset,
    saved: &Saved,
    next: &str,
) -> Result<String, EvalError> {
    let code = learners::Learner::ALL.iter().find(|l| l.name() == learner.name()).map(|l| l.code());
    let code = code.ok_or_else(|| EvalError::NotServed(format!("no device has the learner {}", learner.name())))?;
    let recordings = set.recordings();
    let each = |table: &Table, each: &mut dyn FnMut(&str, Entry<'_>)| {
        table
            .0
            .iter()
            .filter_map(|(s, v)| Some((s.name, Entry::of(s, v)?)))
            .for_each(|(name, entry)| each(name, entry));
    };
    let contents = Contents {
        learner: hone_model::Learner(code),
        layout: saved.layout,
        parameters: &|see| each(&saved.parameters, see),
        pipeline: &|see| {
            if let Some(r) = recordings {
                see("window-frames", Entry::Int(r.length as i32));
                see("rate-hz", Entry::Real(r.rate_hz as f32));
            }
            if let Some(pipeline) = &saved.pipeline {
                each(pipeline, see);
            }
        },
        channels: recordings.map_or(&[], |r| &r.channels),
        scaling: &|see| saved.scaling.iter().for_each(|(offset, factor)| see(*offset, *factor)),
        classes: &|see| {
            // A detector of anomalies knows no classes.
            let known = set.classes.iter().filter(|_| set.task == Task::Classification);
            known.for_each(|class| see(class.id, &class.name));
        },
        report: saved.report,
    };
    let mut bytes = Vec::new();
    let unwritable = |what: String| EvalError::Learner(format!("the model cannot be saved: {what}"));
    write_raw(&contents, &saved.payload, &mut |part: &[u8]| {
        bytes.extend_from_slice(part);
        Ok(())
    })
    .map_err(|e| unwritable(format!("{e:?}")))?;
    output::write_file(path, &bytes).map_err(|e| unwritable(format!("{}: {e}", path.display())))?;
    let mut text = format!("\n  saved {}: {}, {} bytes\n", path.display(), learner.name(), bytes.len());
    match &set.data {
        Data::Recordings(r) => {
            let sensor =
                format!("a sensor of the same {} channels, scales, units and {} Hz", r.channels.len(), r.rate_hz);
            text.push_str(&format!("  next: hone push PORT {}   a board with {sensor}\n", path.display()));
            // What this program's device says to it, which is as large as the image of the NUCLEO-F401RE.
            match Container::read(&bytes).map_err(KeepError::Read).and_then(|c| container::check(&c, None, None)) {
                Ok(_) => text
                    .push_str(&format!("        hone run {next} --model {}   the same on this PC\n", path.display())),
                Err(error) => {
                    text.push_str("  note: the NUCLEO-F401RE's image, and hone run, refuse it: ");
                    say::keep_error(&error, &mut Text(&mut text));
                    text.push('\n');
                }
            }
            let set_to = |name: &str| saved.parameters.values().into_iter().find(|(n, _)| n == name).map(|(_, v)| v);
            if set_to("harmonics").is_some_and(|v| v != "0") || set_to("trend").is_some_and(|v| v == "on") {
                text.push_str(
                    "  note: trend and course of the day are of this recording's clock; on another they are unknown until it learns on \
                     (adapt on, train linear --continue)\n",
                );
            }
        }
        Data::Table(t) => text.push_str(&format!(
            "  note: it judges rows of {} features; a device takes it if its own features are the same\n",
            t.names.len()
        )),
    }
    Ok(text)
}

/// What a form is in is told by its layout.
pub(super) fn payload<P: serde::Serialize + ?Sized>(model: &P) -> Result<Vec<u8>, EvalError> {
    postcard::to_allocvec(model).map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e}")))
}
