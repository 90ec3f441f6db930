//! A model of this build and its container: what is written of it, and whether one that comes in can be used here.

use crate::capacity::{CHANNELS, TRAINING_ROWS, WINDOW_FRAMES};
use crate::data::config::{Config, Section};
use crate::data::env::SensorInfo;
use crate::data::order::KeepError;
use crate::data::preprocessing::{Encoder, Preprocessing};
use crate::learners::{ENCODER, Learner, Missing};
use crate::link::Links;
use crate::pool::Slot;
use hone_learn::learner::{Setup, Shape};
use hone_learn::payload::PayloadError;
use hone_learn::sink::{Counter, Sink};
use hone_model::entries::{apply, each_setting};
use hone_model::{Container, Contents, Entry, ReadError, WriteError};

/// Frames per window, beside the parameters of the feature pipeline.
const FRAMES: &str = "window-frames";
/// The CRC-32 of the payload of the encoder by which its rows were made.
const ENCODER_DIGEST: &str = "encoder-digest";
/// Frames per second.
const RATE: &str = "rate-hz";

/// Bytes of a slot's container; 0 of what cannot be written.
pub fn bytes(links: &Links, slot: &Slot) -> u32 {
    let mut counter = Counter::default();
    write(links, slot, &mut counter).map_or(0, |_| counter.0)
}

/// Writes the container of a slot's model; its bytes.
///
/// # Errors
/// [`WriteError`].
pub fn write(links: &Links, slot: &Slot, sink: &mut dyn Sink) -> Result<u32, WriteError> {
    let learner = slot.model.learner().ok_or(WriteError::Unwritable)?;
    let sensor = links.sampling.get().sensor;
    let names = links.names.get();
    let contents = Contents {
        learner: hone_model::Learner(learner.code()),
        layout: slot.model.layout(),
        parameters: &|each| slot.model.each_parameter(each),
        pipeline: &|each| {
            each(FRAMES, Entry::Int(WINDOW_FRAMES as i32));
            if let Some(sensor) = &sensor {
                each(RATE, Entry::Real(sensor.rate.hertz()));
            }
            if let Some(params) = slot.by.params() {
                each_setting(params, each);
            }
            if let (Some(code), Some(learner)) = (slot.by.code(), ENCODER) {
                each("encoder", Entry::Word(learner.name()));
                each(ENCODER_DIGEST, Entry::Int(code.digest as i32));
            }
        },
        channels: sensor.as_ref().map_or(&[], |s| s.meaning()),
        scaling: &|each| {
            if let Some(sequence) = slot.by.sequence() {
                sequence.scaling(each);
            }
        },
        classes: &|each| names.iter().for_each(|(class, name)| each(class, name)),
        report: slot.report(),
    };
    hone_model::write_payload(&contents, &|sink| Ok(slot.model.write(sink)?), sink)
}

/// Whether a container's model is for this sensor and this build, and for the encoder that there is; whose it is, and how it sees
/// windows.
///
/// # Errors
/// [`KeepError`], naming what differs.
pub fn check(
    container: &Container<'_>,
    sensor: Option<SensorInfo>,
    encoder: Option<Encoder>,
) -> Result<(Learner, Preprocessing), KeepError> {
    let code = container.learner().0;
    if let Some(missing) = Missing::from_code(code) {
        return Err(KeepError::Missing(missing));
    }
    let learner = Learner::from_code(code).ok_or(KeepError::Read(ReadError::UnknownLearner(code)))?;
    let model = container.channels().count();
    let have = sensor.map_or(CHANNELS, |s| usize::from(s.channels));
    // A container that does not say is taken to be for what there is.
    let channels = if model == 0 { have } else { model };
    if channels > CHANNELS || (sensor.is_some() && channels != have) {
        return Err(KeepError::Channels { model: channels as u16, have: have as u16 });
    }
    if let Some(sensor) = sensor {
        for (channel, (model, have)) in (0..).zip(container.channels().zip(sensor.meaning.iter().copied())) {
            if model.unit != have.unit || !near(model.scale, have.scale, SCALE_TOLERANCE) {
                return Err(KeepError::Meaning { channel, model, have });
            }
        }
        if let Some(Entry::Real(model)) = container.pipeline().named(RATE)
            && !near(model, sensor.rate.hertz(), RATE_TOLERANCE)
        {
            return Err(KeepError::Rate { model, have: sensor.rate.hertz() });
        }
    }
    if let Some(Entry::Int(frames)) = container.pipeline().named(FRAMES)
        && frames != WINDOW_FRAMES as i32
    {
        return Err(KeepError::Frames { model: frames.unsigned_abs(), have: WINDOW_FRAMES as u32 });
    }
    let Config { learners: mut params, mut features, .. } = Config::DEFAULT;
    learner.apply(container.parameters(), &mut params);
    apply(&mut features, container.pipeline());
    let by = Preprocessing::new(learner, &params, &features, channels);
    let mut by = by.map_err(|e| KeepError::params(Section::Features, &e))?;
    if let Preprocessing::Sequence(sequence) = &mut by
        && !sequence.restore(container.scaling())
    {
        let have = (sequence.features() + sequence.inputs()) as u16;
        return Err(KeepError::Features { model: container.scaling().count() as u16, have });
    }
    if ENCODER.is_some()
        && let Some(Entry::Int(digest)) = container.pipeline().named(ENCODER_DIGEST)
    {
        let model = digest as u32;
        match encoder.filter(|encoder| encoder.code.digest == model) {
            Some(encoder) => by = by.coded(&encoder),
            None => return Err(KeepError::Encoder { model, have: encoder.map(|e| e.code.digest) }),
        }
    }
    let setup = Setup {
        shape: by.shape(channels),
        row_frames: by.row_frames(),
        features: by.sequence().is_some(),
        rows: TRAINING_ROWS as u16,
        ..Setup::default()
    };
    learner.check(&params, &setup).map_err(|e| KeepError::params(Section::Learner(learner), &e))?;
    Ok((learner, by))
}

/// Scales that differ by less are taken for equal.
const SCALE_TOLERANCE: f32 = 1e-3;
/// Rates that differ by less are: about what shifts no line of a window's spectrum by more than its own width.
const RATE_TOLERANCE: f32 = 0.01;

fn near(a: f32, b: f32, tolerance: f32) -> bool {
    (a - b).abs() <= tolerance * b.abs()
}

/// Reads a container that was found good into a slot.
///
/// # Errors
/// [`KeepError`]; what is in the slot is then of no use.
pub fn load(container: &Container<'_>, learner: Learner, by: Preprocessing, slot: &mut Slot) -> Result<(), KeepError> {
    let layout = container.layout();
    slot.model.read(learner, layout, container.parameters(), container.payload()).map_err(|e| match e {
        PayloadError::Layout => KeepError::Read(ReadError::WrongModel { learner: container.learner(), layout }),
        other => other.into(),
    })?;
    slot.by = by;
    slot.set_report(container.report());
    let Shape { inputs: model, frames } = slot.model.shape();
    let have = by.shape(usize::from(model));
    if frames != have.frames {
        return Err(KeepError::Frames { model: frames.into(), have: have.frames.into() });
    }
    if model == have.inputs {
        return Ok(());
    }
    let have = have.inputs;
    Err(if let Preprocessing::Row(_) | Preprocessing::Coded(..) = by {
        KeepError::Features { model, have }
    } else {
        KeepError::Channels { model, have }
    })
}
