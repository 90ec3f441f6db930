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
use hone_model::{Container, Contents, Each, Entry, ReadError};
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

/// Calls `run` with all of a container but its payload.
pub fn describe<R>(
    links: &Links,
    (learner, layout): (Learner, u8),
    parameters: Each<'_>,
    sight: &Sight,
    report: Option<Report>,
    run: impl FnOnce(&Contents<'_>) -> R,
) -> R {
    let sensor = links.sampling.get().sensor;
    let channels = [sensor.map_or(Channel::default(), |s| s.channel); CHANNELS];
    let count = sensor.map_or(0, |s| usize::from(s.channels));
    let names = links.names.get();
    run(&Contents {
        learner: code(learner),
        layout,
        parameters,
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
    })
}

/// Whether a container's model is for this sensor and this build; how it sees windows.
///
/// # Errors
/// [`KeepError`], naming what differs.
pub fn check(container: &Container<'_>, sensor: Option<SensorInfo>) -> Result<Sight, KeepError> {
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
            let sequence = rows::sequence(&features, channels).map_err(|e| KeepError::Params(Section::Features, e))?;
            let mut sight = Sight { extractor: None, sequence };
            if let Some(sequence) = &mut sight.sequence
                && !sequence.restore(container.scaling())
            {
                let have = (sequence.features() + sequence.inputs()) as u16;
                return Err(KeepError::Features { model: container.scaling().count() as u16, have });
            }
            let mut params = hone_esn::Params::DEFAULT;
            apply(&mut params, container.parameters());
            let checked = params.check(sight.shape(channels)).map_err(|e| KeepError::Params(Section::Esn, e))?;
            EsnModel::accepts(&checked).map_err(|e| KeepError::Params(Section::Esn, e))?;
            Ok(sight)
        }
        _ => {
            let extractor = rows::extractor(&features, channels);
            extractor.map(Sight::row).map_err(|e| KeepError::Params(Section::Features, e))
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
    let wrong = ReadError::WrongModel { learner: container.learner(), layout: container.layout() };
    match learner(container) {
        #[cfg(feature = "small-models")]
        Learner::Esn if container.layout() == LAYOUT_INTEGER => return load_integer(container, sight, slot),
        Learner::Esn => fresh_esn(slot),
        Learner::Svm => fresh_svm(slot),
        #[cfg(feature = "small-models")]
        Learner::Rce if container.layout() == hone_rce::LAYOUT_INTEGER => crate::convert::fresh_rce(slot),
        Learner::Rce => return Err(KeepError::Read(wrong)),
    }
    // As many as its pipeline gives.
    let extractor = sight.extractor;
    let have = extractor.map_or(0, |e| e.len());
    let features = |model: usize| match model {
        _ if model == have => Ok(()),
        _ => Err(KeepError::Features { model: model as u16, have: have as u16 }),
    };
    match slot {
        Model::Esn(esn) => {
            let result = match container.layout() {
                LAYOUT_PACKED => container.load(container.learner(), LAYOUT_PACKED, |d| esn.load_packed(d)),
                _ => container.load(container.learner(), LAYOUT, |d| esn.load(d)),
            };
            result.map_err(KeepError::Read)?;
            fits(esn.shape(), sight)
        }
        Model::Svm(place, svm) => {
            container.load(container.learner(), container.layout(), |d| svm.load(d)).map_err(KeepError::Read)?;
            if svm.view().layout() != container.layout() {
                return Err(KeepError::Read(wrong));
            }
            *place = extractor;
            features(svm.view().features())
        }
        #[cfg(feature = "small-models")]
        Model::RceInteger(place, rce) => {
            container.load(container.learner(), hone_rce::LAYOUT_INTEGER, |d| rce.load(d)).map_err(KeepError::Read)?;
            *place = extractor;
            features(rce.features())
        }
        _ => Err(KeepError::Read(wrong)),
    }
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

/// Reads an ESN in integers, of 8 bits or, where it is not that, of 16.
#[cfg(feature = "small-models")]
fn load_integer(container: &Container<'_>, sight: &Sight, slot: &mut Model) -> Result<(), KeepError> {
    let learner = container.learner();
    fresh_int8(slot);
    if let Model::EsnInt8(esn) = slot
        && container.load(learner, LAYOUT_INTEGER, |d| esn.load(d)).is_ok()
    {
        return fits(esn.shape(), sight);
    }
    fresh_fixed(slot);
    let Model::EsnFixed(esn) = slot else { return Err(KeepError::Unwritable) };
    container.load(learner, LAYOUT_INTEGER, |d| esn.load(d)).map_err(KeepError::Read)?;
    fits(esn.shape(), sight)
}
