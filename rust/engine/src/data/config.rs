//! Run-time parameters of the device and its learners, under names such as `device.learner`.

use crate::capacity::{CHANNELS, FEATURES, TRAINING_ROWS};
use crate::data::buffers::ALARMS;
use crate::data::preprocessing::{Preprocessing, extractor};
use crate::learners::{ENCODER, ENCODERS, FIRST, Learner, Params, ROW_NUMBERS, USUAL, WINDOWS};
use hone_learn::alarm;
use hone_learn::learner::Setup;
use hone_learn::setting::{FLAG, Field, choice, int};
use hone_learn::{ParamError, Setting, Settings, Value, choices, settings};
use hone_signal::features;

choices! {
    /// How the device tells of events.
    pub enum Style {
        /// Not at all.
        Off = "off",
        /// Lines for people.
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
}

/// A choice among those that the build has.
impl Field for Learner {
    const ZERO: Self = FIRST;

    fn value(&self, _: usize) -> Option<Value> {
        Some(Value::Choice(self.index()))
    }

    fn store(&mut self, _: usize, value: Value) -> bool {
        let Value::Choice(place) = value else { return false };
        Self::ALL.get(usize::from(place)).map(|learner| *self = *learner).is_some()
    }
}

settings! {
    /// The device's own parameters.
    pub struct DeviceParams {
        /// what the button and a bare 'train' train
        pub learner: Learner = USUAL, "learner", choice(Learner::NAMES), "";
        /// how events are told
        pub telemetry: Style = Style::Text, "telemetry", choice(Style::WORDS), "";
        /// equal frames in a row after which the sensor counts as stuck
        pub stuck_frames: u32 = 100, "stuck-frames", int(2, 1_000_000), "frames";
        /// keep each newly trained model across restarts
        pub autosave: bool = true, "autosave", FLAG, "";
    }
}

/// All run-time parameters.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// `device.*`
    pub device: DeviceParams,
    /// `alarm.*`
    pub alarm: alarm::Params,
    /// The learners', each under its name.
    pub learners: Params,
    /// `features.*`
    pub features: features::Params,
    /// What an encoder makes of the features is what is learnt: `features.encoder`.
    pub encoder: bool,
}

/// A section of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The device's own.
    Device,
    /// The alarms'.
    Alarm,
    /// A learner's.
    Learner(Learner),
    /// The features'.
    Features,
}

impl Section {
    /// All, in the order of `config list`.
    pub fn all() -> impl Iterator<Item = Self> {
        let learners = Learner::ALL.iter().copied().map(Self::Learner);
        let alarm = ALARMS.then_some(Self::Alarm);
        core::iter::once(Self::Device).chain(alarm).chain(learners).chain(core::iter::once(Self::Features))
    }

    /// Its name before the point.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Alarm => "alarm",
            Self::Learner(learner) => learner.name(),
            Self::Features => "features",
        }
    }

    /// Its table.
    pub const fn settings(self) -> &'static [Setting] {
        match self {
            Self::Device => DeviceParams::SETTINGS,
            Self::Alarm if ALARMS => alarm::Params::SETTINGS,
            Self::Alarm => &[],
            Self::Learner(learner) => learner.settings(),
            Self::Features => FEATURE_SETTINGS,
        }
    }
}

/// Those of the features. The last, `steps`, is of learners over time alone.
const OF_FEATURES: &[Setting] = match features::Params::SETTINGS {
    [others @ .., _] if !WINDOWS => others,
    all => all,
};

/// With the encoder, in a build with one.
const FEATURE_SETTINGS: &[Setting] = if ENCODER.is_some() { &WITH_ENCODER } else { OF_FEATURES };

#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an index out of range is an error")]
const WITH_ENCODER: [Setting; OF_FEATURES.len() + 1] = {
    let encoder = Setting {
        name: "encoder",
        help: "whose newest model makes rows of the features",
        kind: choice(ENCODERS),
        unit: "",
    };
    let mut all = [encoder; OF_FEATURES.len() + 1];
    let mut i = 0;
    while i < OF_FEATURES.len() {
        all[i] = OF_FEATURES[i];
        i += 1;
    }
    all
};

/// There is to be an encoder and there is none.
pub const NO_ENCODER: &str =
    "features.encoder asks for a model of a learner that has none yet: train it first, or import one";

/// A default that a small build may not have room for.
const fn least(default: u16, capacity: usize) -> u16 {
    if (default as usize) < capacity { default } else { capacity as u16 }
}

impl Config {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        device: DeviceParams::DEFAULT,
        alarm: alarm::Params::DEFAULT,
        learners: Params::DEFAULT,
        // 16 bands of three channels are the 48 features that the default build has room for.
        features: features::Params::DEFAULT.with_bands(least(16, FEATURES / CHANNELS)),
        encoder: false,
    };

    /// Whether what is learnt is what an encoder makes of the features.
    pub fn encodes(&self) -> bool {
        ENCODER.is_some() && self.encoder
    }

    /// Whether the build has room for a value with windows of so many channels, all else at its default.
    ///
    /// # Errors
    /// [`ParamError`], also of what contradicts the defaults.
    #[inline(never)]
    pub fn fits(section: Section, index: usize, value: Value, channels: usize) -> Result<(), ParamError> {
        let mut config = Self::DEFAULT;
        config.set(section, index, value)?;
        match section {
            Section::Device | Section::Alarm => Ok(()),
            Section::Features => extractor(&config.features, channels, ROW_NUMBERS).map(|_| ()),
            Section::Learner(learner) => {
                let by = Preprocessing::new(learner, &config.learners, &config.features, channels)?;
                let setup = Setup {
                    shape: by.shape(channels),
                    row_frames: by.row_frames(),
                    rows: TRAINING_ROWS as u16,
                    ..Setup::default()
                };
                learner.check(&config.learners, &setup).map(|_| ())
            }
        }
    }

    /// Finds `section.name`.
    pub fn find(key: &str) -> Option<(Section, usize)> {
        let (section, name) = key.split_once('.')?;
        let section = Section::all().find(|s| s.name() == section)?;
        let index = section.settings().iter().position(|s| s.name == name)?;
        Some((section, index))
    }

    /// The value of a setting.
    pub fn get(&self, section: Section, index: usize) -> Option<Value> {
        match section {
            Section::Device => self.device.get(index),
            Section::Alarm if ALARMS => self.alarm.get(index),
            Section::Alarm => None,
            Section::Learner(learner) => self.learners.get(learner, index),
            Section::Features if ENCODER.is_some() && index == OF_FEATURES.len() => self.encoder_value(),
            Section::Features => self.features.get(index),
        }
    }

    fn encoder_value(&self) -> Option<Value> {
        Some(Value::Choice(u8::from(self.encoder)))
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// [`ParamError`]; nothing is changed.
    pub fn set(&mut self, section: Section, index: usize, value: Value) -> Result<(), ParamError> {
        let setting = section.settings().get(index).ok_or(ParamError::NoSuchSetting)?;
        let stored = setting.accepts(value)
            && match section {
                Section::Device => self.device.store(index, value),
                Section::Alarm => ALARMS && self.alarm.store(index, value),
                Section::Learner(learner) => self.learners.store(learner, index, value),
                Section::Features if ENCODER.is_some() && index == OF_FEATURES.len() => {
                    self.encoder = value == Value::Choice(1);
                    true
                }
                Section::Features => self.features.store(index, value),
            };
        if stored { Ok(()) } else { Err(ParamError::Invalid(setting)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_can_be_read_and_its_default_is_in_range() {
        for section in Section::all() {
            for (i, setting) in section.settings().iter().enumerate() {
                let value = Config::DEFAULT.get(section, i).unwrap();
                assert!(setting.accepts(value), "{}.{}: {value:?}", section.name(), setting.name);
                assert_eq!(Config::DEFAULT.clone().set(section, i, value), Ok(()));
                assert!(!setting.help.is_empty());
            }
            if section != Section::Features || WINDOWS {
                assert_eq!(Config::DEFAULT.get(section, section.settings().len()), None);
            }
        }
        assert_eq!(features::Params::SETTINGS.last().map(|s| s.name), Some("steps"));
    }

    #[test]
    fn finds_by_name() {
        assert_eq!(Config::find("device.telemetry"), Some((Section::Device, 1)));
        assert_eq!(Config::find("device."), None);
        assert_eq!(Config::find("telemetry"), None);
    }
}
