//! A model of this build and its container: what is written of it, and whether one that comes in can be used here.

use super::KeepError;
use crate::capacity::{CHANNELS, WINDOW_FRAMES};
use crate::config::{Config, Learner, Section};
#[cfg(feature = "small-models")]
use crate::convert::{fresh_fixed, fresh_int8};
use crate::env::SensorInfo;
use crate::included::ESN;
use crate::link::Links;
use crate::memory::{EsnModel, Model, Sequence};
use crate::rows;
use crate::training::{fresh_esn, fresh_svm};
#[cfg(feature = "small-models")]
use hone_esn::LAYOUT_INTEGER;
use hone_esn::{LAYOUT, LAYOUT_PACKED};
use hone_learn::Report;
use hone_model::entries::{apply, each_setting};
use hone_model::{Container, Contents, Each, Entry, Payload, ReadError, Sink, WriteError};
use hone_signal::{Channel, Extractor};

/// Frames per window, beside the parameters of the feature pipeline.
const FRAMES: &str = "window-frames";

/// A learner as the container numbers it.
pub fn code(learner: Learner) -> hone_model::Learner {
    match learner {
        Learner::Esn => hone_model::Learner::Esn,
        Learner::Svm => hone_model::Learner::Svm,
        Learner::Rce => hone_model::Learner::Rce,
    }
}

/// A container's learner.
pub fn learner(container: &Container<'_>) -> Learner {
    match container.learner() {
        hone_model::Learner::Esn => Learner::Esn,
        hone_model::Learner::Svm => Learner::Svm,
        hone_model::Learner::Rce => Learner::Rce,
    }
}

/// How a model sees windows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sight {
    /// As one row of features.
    pub extractor: Option<Extractor>,
    /// As feature vectors in a row.
    pub sequence: Option<Sequence>,
}

impl Sight {
    /// By this extractor.
    pub fn row(extractor: Extractor) -> Self {
        Self { extractor: Some(extractor), sequence: None }
    }

    /// The shape of an ESN's input, from a sensor of so many channels.
    fn shape(&self, channels: usize) -> hone_esn::Shape {
        let (channels, frames) = self.sequence.as_ref().map_or((channels, WINDOW_FRAMES), |s| (s.inputs(), s.steps()));
        hone_esn::Shape { channels: channels as u16, window_frames: frames as u16 }
    }
}

/// What a container is to hold of a model.
pub struct Held<'a> {
    /// Whose it is, and the number of its payload's layout.
    pub kind: (Learner, u8),
    /// The parameters that it was trained with.
    pub parameters: Each<'a>,
    /// How it sees windows.
    pub sight: &'a Sight,
    /// Its numbers.
    pub payload: Payload<'a>,
}

/// Writes the container of a model whose training ended with `report`; its bytes.
///
/// # Errors
/// [`WriteError`].
pub fn write(links: &Links, held: &Held<'_>, report: Option<Report>, sink: &mut dyn Sink) -> Result<u32, WriteError> {
    let Held { kind: (learner, layout), parameters, sight, payload } = held;
    let sensor = links.sampling.get().sensor;
    let channels = [sensor.map_or(Channel::default(), |s| s.channel); CHANNELS];
    let count = sensor.map_or(0, |s| usize::from(s.channels));
    let names = links.names.get();
    let contents = Contents {
        learner: code(*learner),
        layout: *layout,
        parameters: *parameters,
        pipeline: &|each| {
            each(FRAMES, Entry::Int(WINDOW_FRAMES as i32));
            let row = sight.extractor.as_ref().map(Extractor::params);
            if let Some(params) = row.or(sight.sequence.as_ref().map(Sequence::params)) {
                each_setting(params, each);
            }
        },
        channels: channels.get(..count).unwrap_or(&channels),
        scaling: &|each| {
            if ESN && let Some(sequence) = &sight.sequence {
                sequence.scaling(each);
            }
        },
        classes: &|each| names.iter().for_each(|(class, name)| each(class, name)),
        report,
    };
    hone_model::write_payload(&contents, *payload, sink)
}

/// Whether a container's model is for this sensor and this build; puts into `sight` how it sees windows.
///
/// # Errors
/// [`KeepError`], naming what differs.
pub fn check(container: &Container<'_>, sensor: Option<SensorInfo>, sight: &mut Sight) -> Result<(), KeepError> {
    if let Some(missing) = learner(container).missing() {
        return Err(KeepError::Missing(missing));
    }
    let model = container.channels().count();
    let have = sensor.map_or(CHANNELS, |s| usize::from(s.channels));
    // A container that does not say is taken to be for what there is.
    let channels = if model == 0 { have } else { model };
    if channels > CHANNELS || (sensor.is_some() && channels != have) {
        return Err(KeepError::Channels { model: channels as u16, have: have as u16 });
    }
    if let Some(sensor) = sensor
        && container.channels().any(|c| !alike(c, sensor.channel))
    {
        return Err(KeepError::Scale);
    }
    if let Some(Entry::Int(frames)) = container.pipeline().named(FRAMES)
        && frames != WINDOW_FRAMES as i32
    {
        return Err(KeepError::Frames { model: frames.unsigned_abs(), have: WINDOW_FRAMES as u32 });
    }
    let mut features = Config::DEFAULT.features;
    apply(&mut features, container.pipeline());
    match learner(container) {
        Learner::Esn if ESN => {
            sight.sequence =
                rows::sequence(&features, channels).map_err(|e| KeepError::params(Section::Features, &e))?;
            if let Some(sequence) = &mut sight.sequence
                && !sequence.restore(container.scaling())
            {
                let have = (sequence.features() + sequence.inputs()) as u16;
                return Err(KeepError::Features { model: container.scaling().count() as u16, have });
            }
            let mut params = hone_esn::Params::DEFAULT;
            apply(&mut params, container.parameters());
            let checked = params.check(sight.shape(channels)).map_err(|e| KeepError::params(Section::Esn, &e))?;
            EsnModel::accepts(&checked).map_err(|e| KeepError::params(Section::Esn, &e))
        }
        _ => {
            let extractor = rows::extractor(&features, channels);
            sight.extractor = Some(extractor.map_err(|e| KeepError::params(Section::Features, &e))?);
            Ok(())
        }
    }
}

fn alike(a: Channel, b: Channel) -> bool {
    let difference = a.scale - b.scale;
    a.unit == b.unit && difference.abs() <= 1e-3 * b.scale.abs()
}

/// Reads a model that a slot can hold into one: all but a TinyRCE that learns.
///
/// # Errors
/// [`KeepError`]; what is in the slot is then of no use.
pub fn load(container: &Container<'_>, sight: &Sight, slot: &mut Model) -> Result<(), KeepError> {
    let layout = container.layout();
    let wrong = KeepError::Read(ReadError::WrongModel { learner: container.learner(), layout });
    match (learner(container), layout) {
        (Learner::Esn, LAYOUT | LAYOUT_PACKED) => fresh_esn(slot),
        #[cfg(feature = "small-models")]
        (Learner::Esn, LAYOUT_INTEGER) => fresh_int8(slot),
        (Learner::Svm, _) => fresh_svm(slot),
        #[cfg(feature = "small-models")]
        (Learner::Rce, hone_rce::LAYOUT_INTEGER) => crate::convert::fresh_rce(slot),
        _ => return Err(wrong),
    }
    let result = read(container, slot);
    #[cfg(feature = "small-models")]
    let result = match result {
        // Where it is not of 8 bits, it is of 16.
        Err(_) if matches!(slot, Model::EsnInt8(_)) => {
            fresh_fixed(slot);
            read(container, slot)
        }
        result => result,
    };
    result.map_err(KeepError::Read)?;
    let (place, model) = match slot {
        Model::Esn(esn) => return fits(esn.shape(), sight),
        #[cfg(feature = "small-models")]
        Model::EsnInt8(esn) => return fits(esn.shape(), sight),
        #[cfg(feature = "small-models")]
        Model::EsnFixed(esn) => return fits(esn.shape(), sight),
        Model::Svm(place, svm) if svm.view().layout() == layout => (place, svm.view().features()),
        #[cfg(feature = "small-models")]
        Model::RceInteger(place, rce) => (place, rce.features()),
        _ => return Err(wrong),
    };
    *place = sight.extractor;
    // As many as its pipeline gives.
    let have = sight.extractor.map_or(0, |e| e.len());
    if model != have {
        return Err(KeepError::Features { model: model as u16, have: have as u16 });
    }
    Ok(())
}

/// Reads a container's payload into the model in a slot.
fn read(container: &Container<'_>, slot: &mut Model) -> Result<(), ReadError> {
    container.load(container.learner(), container.layout(), |d| match slot {
        Model::Esn(esn) if container.layout() == LAYOUT_PACKED => esn.load_packed(d),
        Model::Esn(esn) => esn.load(d),
        #[cfg(feature = "small-models")]
        Model::EsnInt8(esn) => esn.load(d),
        #[cfg(feature = "small-models")]
        Model::EsnFixed(esn) => esn.load(d),
        Model::Svm(_, svm) => svm.load(d),
        #[cfg(feature = "small-models")]
        Model::RceInteger(_, rce) => rce.load(d),
        _ => Err(serde::de::Error::custom("no model of the pool")),
    })
}

fn fits(shape: hone_esn::Shape, sight: &Sight) -> Result<(), KeepError> {
    let have = sight.shape(usize::from(shape.channels));
    if shape.window_frames != have.window_frames {
        return Err(KeepError::Frames { model: shape.window_frames.into(), have: have.window_frames.into() });
    }
    if shape.channels != have.channels {
        return Err(KeepError::Channels { model: shape.channels, have: have.channels });
    }
    Ok(())
}
