//! What boards' images hold, read from their Kconfig and .conf files as the program was built (build.rs), and the limits that
//! follow from it: an evaluation with a board's budget learns what that image learns, in its order, or says what it lacks.

use super::learner::EvalError;
use crate::dataset::{Data, Dataset};
use clap::ValueEnum;
use hone_learn::Format;

mod images {
    #![allow(dead_code, reason = "all of Hone's options, of which those of memory and methods count here")]
    include!(concat!(env!("OUT_DIR"), "/images.rs"));
}

/// Capacities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Budget {
    /// What the image of `west build -b nucleo_f401re` holds, and as it learns
    #[default]
    F401,
    /// The same of `nucleo_f429zi`, which has more memory
    F429,
    /// Large ones, and windows in an order drawn from the seed
    None,
}

/// What an image holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Image {
    /// The board that it is for.
    pub board: &'static str,
    /// All its options by name without `CONFIG_HONE_`, as Kconfig writes them.
    pub options: &'static [(&'static str, &'static str)],
    /// Numbers in a window.
    pub samples: usize,
    /// Features of a window.
    pub features: usize,
    /// Bytes that they are computed in.
    pub feature_bytes: usize,
    /// Frames of the longest window that has features.
    pub spectrum_frames: usize,
    /// Rows of the training set.
    pub rows: usize,
    /// How they are kept.
    pub format: Format,
    /// Classes that one SVM tells apart.
    pub svm_classes: usize,
    /// Classes that can be named.
    pub classes: usize,
    /// Bytes of a training's workspace.
    pub workspace: usize,
    /// Settings that the image does not know, and what would bring them.
    pub lacks: &'static [Lack],
}

/// A method that an image may be built without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The option that brings it.
    pub option: &'static str,
    /// The setting, and its values that need it.
    pub setting: &'static str,
    /// They begin with or contain one of these.
    pub words: &'static [&'static str],
}

const fn lack(there: bool, option: &'static str, setting: &'static str, words: &'static [&'static str]) -> Lack {
    Lack { option, setting, words: if there { &[] } else { words } }
}

macro_rules! image {
    ($of:ident) => {
        Image {
            board: images::$of::BOARD,
            options: images::$of::ALL,
            samples: images::$of::WINDOW_FRAMES * images::$of::CHANNELS,
            features: images::$of::FEATURES,
            feature_bytes: images::$of::FEATURE_WORKSPACE_BYTES,
            spectrum_frames: if images::$of::LONG_WINDOWS { 2048 } else { 256 },
            rows: images::$of::TRAINING_ROWS,
            format: format(images::$of::ROW_BITS),
            svm_classes: images::$of::SVM_CLASSES,
            classes: images::$of::CLASSES,
            workspace: images::$of::WORKSPACE_BYTES,
            lacks: &[
                lack(images::$of::RANDOM_CONVOLUTION, "RANDOM_CONVOLUTION", "features", &["convolution"]),
                lack(images::$of::RCE_HAMMING, "RCE_HAMMING", "metric", &["hamming"]),
                lack(images::$of::RCE_WIDE, "RCE_WIDE", "store", &["16-bit", "f32"]),
                lack(images::$of::SVM_NOVELTY, "SVM_NOVELTY", "machine", &["novelty"]),
                lack(images::$of::SVM_POLY_SIGMOID, "SVM_POLY_SIGMOID", "kernel", &["poly", "sigmoid"]),
            ],
        }
    };
}

const fn format(bits: usize) -> Format {
    match bits {
        8 => Format::I8,
        16 => Format::I16,
        _ => Format::F32,
    }
}

const F401: Image = image!(f401);
const F429: Image = image!(f429);

/// The learners within each image, as the engine makes them of the same options.
macro_rules! learners {
    ($of:ident, $esn:ident, $svm:ident, $rce:ident) => {
        pub(super) type $esn = super::esn::Esn<
            { images::$of::ESN_UNITS },
            {
                if images::$of::ESN_INPUTS > images::$of::CHANNELS {
                    images::$of::ESN_INPUTS
                } else {
                    images::$of::CHANNELS
                }
            },
            { images::$of::ESN_CONNECTIONS },
        >;
        pub(super) type $svm = super::svm::Svm<
            {
                hone_svm::model_words(
                    images::$of::SVM_CLASSES,
                    images::$of::FEATURES,
                    images::$of::SVM_SUPPORT_VECTORS,
                    format(images::$of::ROW_BITS),
                )
            },
        >;
        pub(super) type $rce =
            super::rce::Rce<{ hone_rce::model_words(images::$of::RCE_PROTOTYPES, images::$of::FEATURES, 1) }>;
    };
}

learners!(f401, EsnF401, SvmF401, RceF401);
learners!(f429, EsnF429, SvmF429, RceF429);

impl Budget {
    /// Those of a board.
    pub const BOARDS: [Self; 2] = [Self::F401, Self::F429];

    /// As it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::F401 => "f401",
            Self::F429 => "f429",
            Self::None => "none",
        }
    }

    /// The image whose capacities it has.
    pub fn image(self) -> Option<&'static Image> {
        match self {
            Self::F401 => Some(&F401),
            Self::F429 => Some(&F429),
            Self::None => None,
        }
    }
}

impl Image {
    /// Whether the data are of a shape that the image takes in.
    ///
    /// # Errors
    /// What is too much, and the option that says so.
    pub fn takes(&self, set: &Dataset) -> Result<(), EvalError> {
        if set.classes.len() > self.classes {
            return self.exceeded("classes", set.classes.len(), self.classes, "CLASSES");
        }
        if let Data::Recordings(r) = &set.data {
            let asked = r.length * r.channels.len();
            if asked > self.samples {
                return self.exceeded("numbers in a window", asked, self.samples, "WINDOW_FRAMES");
            }
        }
        Ok(())
    }

    /// Whether a setting asks for what the image was built without.
    ///
    /// # Errors
    /// The option that brings it.
    pub fn knows(&self, key: &str, value: &str) -> Result<(), EvalError> {
        let lacking = |l: &&Lack| l.setting == key && l.words.iter().any(|w| value.contains(w));
        match self.lacks.iter().find(lacking) {
            Some(l) => Err(EvalError::NotServed(format!(
                "{key}={value}: the image of {} is built without it (CONFIG_HONE_{}); give --budget none",
                self.board, l.option
            ))),
            None => Ok(()),
        }
    }

    /// So many are within the capacity.
    ///
    /// # Errors
    /// They are not.
    pub fn room(&self, what: &str, asked: usize, capacity: usize, option: &str) -> Result<(), EvalError> {
        if asked > capacity { self.exceeded(what, asked, capacity, option) } else { Ok(()) }
    }

    fn exceeded(&self, what: &str, asked: usize, capacity: usize, option: &str) -> Result<(), EvalError> {
        let larger = Budget::BOARDS.iter().filter_map(|b| Some((b, b.image()?)));
        let larger = larger.filter(|(_, i)| i.value(option) > self.value(option)).map(|(b, _)| b.name());
        let larger: Vec<_> = larger.chain(["none"]).collect();
        Err(EvalError::NotServed(format!(
            "{asked} {what} are more than the {capacity} of {}'s image (CONFIG_HONE_{option}); give --budget {}, or ask for less",
            self.board,
            larger.join(" or ")
        )))
    }

    fn value(&self, option: &str) -> Option<usize> {
        self.options.iter().find(|(name, _)| *name == option)?.1.parse().ok()
    }
}
