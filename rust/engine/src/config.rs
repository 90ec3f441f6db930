//! Run-time parameters of the device and its learners, under names such as `esn.leak`.

use crate::capacity::{CHANNELS, ESN_UNITS, FEATURES};
use crate::included::{ESN, Missing, RCE, SVM};
use hone_learn::setting::{FLAG, Field, choice, int};
use hone_learn::{ParamError, Setting, Settings, Value, choices, settings};
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
    /// Those that this build has. The first is the default.
    pub const ALL: &'static [Self] = &[
        #[cfg(feature = "esn")]
        Self::Esn,
        #[cfg(feature = "svm")]
        Self::Svm,
        #[cfg(feature = "rce")]
        Self::Rce,
    ];
    /// Their names on the command line.
    pub const NAMES: &'static [&'static str] = &[
        #[cfg(feature = "esn")]
        "esn",
        #[cfg(feature = "svm")]
        "svm",
        #[cfg(feature = "rce")]
        "rce",
    ];
    /// Their names in a sentence.
    pub const LIST: &'static str = match (ESN, SVM, RCE) {
        (true, true, true) => "esn, svm, rce",
        (true, true, false) => "esn, svm",
        (true, false, true) => "esn, rce",
        (false, true, true) => "svm, rce",
        (true, false, false) => "esn",
        (false, true, false) => "svm",
        (false, false, _) => "rce",
    };

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Esn => "esn",
            Self::Svm => "svm",
            Self::Rce => "rce",
        }
    }

    /// Its place in [`Learner::ALL`].
    fn index(self) -> u8 {
        match self {
            Self::Esn => 0,
            Self::Svm => ESN as u8,
            Self::Rce => ESN as u8 + SVM as u8,
        }
    }

    /// Itself as one that this build leaves out; `None` if it does not.
    pub fn missing(self) -> Option<Missing> {
        Missing::from_name(self.name())
    }

    /// The learner of this name, if the build has it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|l| l.name() == name)
    }
}

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

const FIRST: Learner = match Learner::ALL {
    [first, ..] => *first,
    [] => Learner::Esn,
};

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
        pub learner: Learner = FIRST, "learner", choice(Learner::NAMES), "";
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
    pub const ALL: [Self; 2 + ESN as usize + SVM as usize + RCE as usize] = [
        Self::Device,
        #[cfg(feature = "esn")]
        Self::Esn,
        #[cfg(feature = "svm")]
        Self::Svm,
        #[cfg(feature = "rce")]
        Self::Rce,
        Self::Features,
    ];

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

    /// Its table; empty where the build has no such learner.
    pub const fn settings(self) -> &'static [Setting] {
        match self {
            Self::Device => DeviceParams::SETTINGS,
            Self::Esn if ESN => hone_esn::Params::SETTINGS,
            Self::Svm if SVM => hone_svm::Params::SETTINGS,
            Self::Rce if RCE => hone_rce::Params::SETTINGS,
            Self::Features => FEATURE_SETTINGS,
            _ => &[],
        }
    }
}

/// Those of the features. The last, `esn-steps`, is of the ESN alone.
const FEATURE_SETTINGS: &[Setting] = match features::Params::SETTINGS {
    [others @ .., _] if !ESN => others,
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
            Section::Esn if ESN => self.esn.get(index),
            Section::Svm if SVM => self.svm.get(index),
            Section::Rce if RCE => self.rce.get(index),
            Section::Features => self.features.get(index),
            _ => None,
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
                Section::Esn if ESN => self.esn.store(index, value),
                Section::Svm if SVM => self.svm.store(index, value),
                Section::Rce if RCE => self.rce.store(index, value),
                Section::Features => self.features.store(index, value),
                _ => false,
            };
        if stored { Ok(()) } else { Err(ParamError::Invalid(setting)) }
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
            if section != Section::Features || ESN {
                assert_eq!(Config::DEFAULT.get(section, section.settings().len()), None);
            }
        }
        assert_eq!(features::Params::SETTINGS.last().map(|s| s.name), Some("esn-steps"));
    }

    #[test]
    fn learners_are_listed_under_their_names() {
        let listed: heapless::Vec<_, 3> = Learner::LIST.split(", ").collect();
        assert_eq!(listed, Learner::NAMES);
        for (place, learner) in Learner::ALL.iter().enumerate() {
            assert_eq!((Learner::NAMES[place], usize::from(learner.index())), (learner.name(), place));
            assert_eq!((Learner::from_name(learner.name()), learner.missing()), (Some(*learner), None));
        }
    }

    #[test]
    fn finds_by_name() {
        assert_eq!(Config::find("device.telemetry"), Some((Section::Device, 1)));
        assert_eq!(Config::find("device."), None);
        assert_eq!(Config::find("telemetry"), None);
    }
}
