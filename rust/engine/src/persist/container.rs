//! A model of this build and its container: what is written of it, and whether one that comes in can be used here.

use super::KeepError;
use crate::capacity::{CHANNELS, WINDOW_FRAMES};
use crate::config::{Config, Learner, Section};
#[cfg(feature = "small-models")]
use crate::convert::{fresh_fixed, fresh_int8};
use crate::env::SensorInfo;
use crate::link::Links;
use crate::memory::{EsnModel, Model};
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

/// Calls `run` with all of a container but its payload.
pub fn describe<R>(
    links: &Links,
    (learner, layout): (Learner, u8),
    parameters: Each<'_>,
    extractor: Option<&Extractor>,
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
            if let Some(extractor) = extractor {
                each_setting(extractor.params(), each);
            }
        },
        channels: channels.get(..count).unwrap_or(&channels),
        offsets: &[],
        factors: &[],
        classes: &|each| names.iter().for_each(|(class, name)| each(class, name)),
        report,
    })
}

/// Whether a container's model is for this sensor and this build; what its features are computed by.
///
/// # Errors
/// [`KeepError`], naming what differs.
pub fn check(container: &Container<'_>, sensor: Option<SensorInfo>) -> Result<Option<Extractor>, KeepError> {
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
    match learner(container) {
        Learner::Esn => {
            let mut params = hone_esn::Params::DEFAULT;
            apply(&mut params, container.parameters());
            let shape = hone_esn::Shape { channels: channels as u16, window_frames: WINDOW_FRAMES as u16 };
            let checked = params.check(shape).map_err(|e| KeepError::Params(Section::Esn, e))?;
            EsnModel::accepts(&checked).map_err(|e| KeepError::Params(Section::Esn, e))?;
            Ok(None)
        }
        Learner::Svm | Learner::Rce => {
            let mut params = Config::DEFAULT.features;
            apply(&mut params, container.pipeline());
            let extractor = rows::extractor(&params, channels);
            extractor.map(Some).map_err(|e| KeepError::Params(Section::Features, e))
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
pub fn load(container: &Container<'_>, extractor: Option<Extractor>, slot: &mut Model) -> Result<(), KeepError> {
    let wrong = ReadError::WrongModel { learner: container.learner(), layout: container.layout() };
    match learner(container) {
        #[cfg(feature = "small-models")]
        Learner::Esn if container.layout() == LAYOUT_INTEGER => return load_integer(container, slot),
        Learner::Esn => fresh_esn(slot),
        Learner::Svm => fresh_svm(slot),
        #[cfg(feature = "small-models")]
        Learner::Rce if container.layout() == hone_rce::LAYOUT_INTEGER => crate::convert::fresh_rce(slot),
        Learner::Rce => return Err(KeepError::Read(wrong)),
    }
    // As many as its pipeline gives.
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
            fits(esn.shape())
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

fn fits(shape: hone_esn::Shape) -> Result<(), KeepError> {
    match u32::from(shape.window_frames) {
        frames if frames != WINDOW_FRAMES as u32 => {
            Err(KeepError::Frames { model: frames, have: WINDOW_FRAMES as u32 })
        }
        _ => Ok(()),
    }
}

/// Reads an ESN in integers, of 8 bits or, where it is not that, of 16.
#[cfg(feature = "small-models")]
fn load_integer(container: &Container<'_>, slot: &mut Model) -> Result<(), KeepError> {
    let learner = container.learner();
    fresh_int8(slot);
    if let Model::EsnInt8(esn) = slot
        && container.load(learner, LAYOUT_INTEGER, |d| esn.load(d)).is_ok()
    {
        return fits(esn.shape());
    }
    fresh_fixed(slot);
    let Model::EsnFixed(esn) = slot else { return Err(KeepError::Unwritable) };
    container.load(learner, LAYOUT_INTEGER, |d| esn.load(d)).map_err(KeepError::Read)?;
    fits(esn.shape())
}
