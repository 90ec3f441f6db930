//! Run-time parameters of the device and its learners, under names such as `device.learner`.

use crate::capacity::{CHANNELS, FEATURES};
use crate::learners::{FIRST, Learner, Params, WINDOWS};
use hone_learn::setting::Kind;
use hone_learn::{ParamError, Setting, Settings, Value};
use hone_signal::features;

/// How the device tells of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Not at all.
    Off,
    /// Lines for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The device's own parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceParams {
    /// What the button trains, and `train` without a name.
    pub learner: Learner,
    /// How events are told.
    pub telemetry: Style,
    /// Equal frames in a row after which the sensor counts as stuck.
    pub stuck_frames: u32,
    /// A model is saved when its training has ended.
    pub autosave: bool,
}

impl DeviceParams {
    /// The defaults.
    pub const DEFAULT: Self = Self { learner: FIRST, telemetry: Style::Text, stuck_frames: 100, autosave: true };
}

impl Settings for DeviceParams {
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "learner",
            help: "what the button and a bare 'train' train",
            kind: Kind::Choice(Learner::NAMES),
        },
        Setting { name: "telemetry", help: "how events are told", kind: Kind::Choice(&["off", "text", "json"]) },
        Setting {
            name: "stuck-frames",
            help: "equal frames in a row after which the sensor counts as stuck",
            kind: Kind::Int { min: 2, max: 1_000_000 },
        },
        Setting { name: "autosave", help: "keep each newly trained model across restarts", kind: Kind::Flag },
    ];

    fn get(&self, index: usize) -> Option<Value> {
        Some(match index {
            0 => Value::Choice(self.learner.index()),
            1 => Value::Choice(self.telemetry as u8),
            2 => Value::Int(self.stuck_frames as i32),
            3 => Value::Flag(self.autosave),
            _ => return None,
        })
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        match (index, value) {
            (0, Value::Choice(i)) => match Learner::ALL.get(usize::from(i)) {
                Some(learner) => self.learner = *learner,
                None => return false,
            },
            (1, Value::Choice(i)) => {
                self.telemetry = match i {
                    0 => Style::Off,
                    1 => Style::Text,
                    _ => Style::Json,
                }
            }
            (2, Value::Int(frames)) => self.stuck_frames = frames.unsigned_abs(),
            (3, Value::Flag(on)) => self.autosave = on,
            _ => return false,
        }
        true
    }
}

/// All run-time parameters.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// `device.*`
    pub device: DeviceParams,
    /// The learners', each under its name.
    pub learners: Params,
    /// `features.*`
    pub features: features::Params,
}

/// A section of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The device's own.
    Device,
    /// A learner's.
    Learner(Learner),
    /// The features'.
    Features,
}

impl Section {
    /// All, in the order of `config list`.
    pub fn all() -> impl Iterator<Item = Self> {
        let learners = Learner::ALL.iter().copied().map(Self::Learner);
        core::iter::once(Self::Device).chain(learners).chain(core::iter::once(Self::Features))
    }

    /// Its name before the point.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Learner(learner) => learner.name(),
            Self::Features => "features",
        }
    }

    /// Its table.
    pub const fn settings(self) -> &'static [Setting] {
        match self {
            Self::Device => DeviceParams::SETTINGS,
            Self::Learner(learner) => learner.settings(),
            Self::Features => FEATURE_SETTINGS,
        }
    }
}

/// Those of the features. The last, `steps`, is of learners over time alone.
const FEATURE_SETTINGS: &[Setting] = match features::Params::SETTINGS {
    [others @ .., _] if !WINDOWS => others,
    all => all,
};

/// A default that a small build may not have room for.
const fn least(default: u16, capacity: usize) -> u16 {
    if (default as usize) < capacity { default } else { capacity as u16 }
}

impl Config {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        device: DeviceParams::DEFAULT,
        learners: Params::DEFAULT,
        // 16 bands of three channels are the 48 features that the default build has room for.
        features: features::Params::DEFAULT.with_bands(least(16, FEATURES / CHANNELS)),
    };

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
            Section::Learner(learner) => self.learners.get(learner, index),
            Section::Features => self.features.get(index),
        }
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
                Section::Learner(learner) => self.learners.store(learner, index, value),
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
