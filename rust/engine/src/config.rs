//! Run-time parameters of the device and its learners, under names such as `esn.leak`.

use crate::capacity::{CHANNELS, ESN_UNITS, FEATURES};
use hone_learn::setting::Kind;
use hone_learn::{ParamError, Setting, Settings, Value};
use hone_signal::features;

/// A learner that `train` can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learner {
    /// Echo State Network autoencoder.
    Esn,
    /// Support vector machine.
    Svm,
    /// TinyRCE: prototypes, learnt as windows are labelled.
    Rce,
}

impl Learner {
    /// All, in the order of their names.
    pub const ALL: &'static [Self] = &[Self::Esn, Self::Svm, Self::Rce];
    /// Their names on the command line.
    pub const NAMES: &'static [&'static str] = &["esn", "svm", "rce"];
    /// Their names in a sentence.
    pub const LIST: &'static str = "esn, svm, rce";

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Esn => "esn",
            Self::Svm => "svm",
            Self::Rce => "rce",
        }
    }

    /// The learner of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|l| l.name() == name)
    }
}

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
    pub const DEFAULT: Self = Self { learner: Learner::Esn, telemetry: Style::Text, stuck_frames: 100, autosave: true };
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
            0 => Value::Choice(self.learner as u8),
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
    /// `esn.*`
    pub esn: hone_esn::Params,
    /// `svm.*`
    pub svm: hone_svm::Params,
    /// `rce.*`
    pub rce: hone_rce::Params,
    /// `features.*`
    pub features: features::Params,
}

/// A section of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The device's own.
    Device,
    /// The Echo State Network's.
    Esn,
    /// The support vector machine's.
    Svm,
    /// TinyRCE's.
    Rce,
    /// The features' that the classifiers see.
    Features,
}

impl Section {
    /// All, in the order of `config list`.
    pub const ALL: [Self; 5] = [Self::Device, Self::Esn, Self::Svm, Self::Rce, Self::Features];

    /// Their names in a sentence.
    pub const LIST: &'static str = "device, esn, svm, rce, features";

    /// Its name before the point.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Esn => "esn",
            Self::Svm => "svm",
            Self::Rce => "rce",
            Self::Features => "features",
        }
    }

    /// Its table.
    pub const fn settings(self) -> &'static [Setting] {
        match self {
            Self::Device => DeviceParams::SETTINGS,
            Self::Esn => hone_esn::Params::SETTINGS,
            Self::Svm => hone_svm::Params::SETTINGS,
            Self::Rce => hone_rce::Params::SETTINGS,
            Self::Features => features::Params::SETTINGS,
        }
    }
}

/// A default that a small build may not have room for.
const fn least(default: u16, capacity: usize) -> u16 {
    if (default as usize) < capacity { default } else { capacity as u16 }
}

impl Config {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        device: DeviceParams::DEFAULT,
        esn: hone_esn::Params { units: least(hone_esn::Params::DEFAULT.units, ESN_UNITS), ..hone_esn::Params::DEFAULT },
        svm: hone_svm::Params::DEFAULT,
        rce: hone_rce::Params::DEFAULT,
        // 16 bands of three channels are the 48 features that the default build has room for.
        features: features::Params::DEFAULT.with_bands(least(16, FEATURES / CHANNELS)),
    };

    /// Finds `section.name`.
    pub fn find(key: &str) -> Option<(Section, usize)> {
        let (section, name) = key.split_once('.')?;
        let section = Section::ALL.into_iter().find(|s| s.name() == section)?;
        let index = section.settings().iter().position(|s| s.name == name)?;
        Some((section, index))
    }

    /// The value of a setting.
    pub fn get(&self, section: Section, index: usize) -> Option<Value> {
        match section {
            Section::Device => self.device.get(index),
            Section::Esn => self.esn.get(index),
            Section::Svm => self.svm.get(index),
            Section::Rce => self.rce.get(index),
            Section::Features => self.features.get(index),
        }
    }

    /// Changes a setting.
    ///
    /// # Errors
    /// [`ParamError`]; nothing is changed.
    pub fn set(&mut self, section: Section, index: usize, value: Value) -> Result<(), ParamError> {
        match section {
            Section::Device => self.device.set(index, value),
            Section::Esn => self.esn.set(index, value),
            Section::Svm => self.svm.set(index, value),
            Section::Rce => self.rce.set(index, value),
            Section::Features => self.features.set(index, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_can_be_read_and_its_default_is_in_range() {
        for section in Section::ALL {
            for (i, setting) in section.settings().iter().enumerate() {
                let value = Config::DEFAULT.get(section, i).unwrap();
                assert!(setting.accepts(value), "{}.{}: {value:?}", section.name(), setting.name);
                assert_eq!(Config::DEFAULT.clone().set(section, i, value), Ok(()));
                assert!(!setting.help.is_empty());
            }
            assert_eq!(Config::DEFAULT.get(section, section.settings().len()), None);
        }
    }

    #[test]
    fn finds_by_name() {
        assert_eq!(Config::find("device.telemetry"), Some((Section::Device, 1)));
        assert_eq!(Config::find("device."), None);
        assert_eq!(Config::find("telemetry"), None);
    }
}
