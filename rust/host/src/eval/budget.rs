//! What boards' images hold, read from their Kconfig and .conf files as the program was built (build.rs). An evaluation within
//! a board's budget learns what that image learns and in its order, or says what it lacks.

use super::learner::{EvalError, Learner};
use super::settings::conflict;
use super::{LearnerName, esn, knn, rce, svm, table};
use crate::dataset::{Data, Dataset};
use clap::ValueEnum;
use hone_learn::{Format, ParamError};
use std::fmt;

mod images {
    #![allow(dead_code, reason = "all of Hone's options, of which those of memory and methods count here")]
    include!(concat!(env!("OUT_DIR"), "/images.rs"));
}

/// Capacities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Budget {
    /// What the image of `west build -b nucleo_f401re` holds, and as it learns
    #[default]
    F401,
    /// The same of `nucleo_f429zi`, which has more memory
    F429,
    /// The same of `nucleo_h743zi`, which has more again
    H743,
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
    pub feature_frames: usize,
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
    /// What it may be built without: whether it is, the option, the setting, and what the setting then may not contain.
    lacks: [(bool, &'static str, &'static str, &'static [&'static str]); 4],
}

const fn format(bits: usize) -> Format {
    match bits {
        8 => Format::I8,
        16 => Format::I16,
        _ => Format::F32,
    }
}

/// The images, and the learners within each as the engine's table makes them of the same options.
macro_rules! boards {
    ($($budget:ident $of:ident),*) => {
        impl Budget {
            /// Those of boards, the smallest first.
            pub const BOARDS: &[Self] = &[$(Self::$budget),*];

            /// The image whose capacities it has.
            pub fn image(self) -> Option<&'static Image> {
                match self {
                    $(Self::$budget => {
                        use images::$of::*;
                        // Those that eval has in any case.
                        const {
                            assert!(ESN && RCE && SVM && SVM_NOVELTY && SVM_REDUCE);
                        };
                        const IMAGE: Image = Image {
                            board: BOARD,
                            options: ALL,
                            samples: WINDOW_FRAMES * CHANNELS,
                            features: FEATURES,
                            feature_bytes: FEATURE_WORKSPACE_BYTES,
                            feature_frames: if LONG_WINDOWS { hone_signal::features::MAX_FRAMES } else { 256 },
                            rows: TRAINING_ROWS,
                            format: format(ROW_BITS),
                            svm_classes: SVM_CLASSES,
                            classes: CLASSES,
                            workspace: WORKSPACE_BYTES,
                            lacks: [
                                (!RANDOM_CONVOLUTION, "RANDOM_CONVOLUTION", "features", &["convolution"]),
                                (!RCE_HAMMING, "RCE_HAMMING", "metric", &["hamming"]),
                                (!RCE_WIDE, "RCE_WIDE", "store", &["16-bit", "f32"]),
                                (!SVM_POLY_SIGMOID, "SVM_POLY_SIGMOID", "kernel", &["poly", "sigmoid"]),
                            ],
                        };
                        Some(&IMAGE)
                    })*
                    Self::None => None,
                }
            }

            /// A learner within it.
            ///
            /// # Errors
            /// The learner is of the engine's table, which has the capacities of one image.
            pub(super) fn learner(self, name: LearnerName) -> Result<Box<dyn Learner>, EvalError> {
                let image = self.image();
                if let LearnerName::Table(learner) = name {
                    return Ok(table::within(self, learner)?);
                }
                Ok(match self {
                    $(Self::$budget => {
                        use images::$of::*;
                        const INPUTS: usize = if images::$of::INPUTS > CHANNELS { images::$of::INPUTS } else { CHANNELS };
                        const SVM: usize =
                            hone_svm::model_words(SVM_CLASSES, FEATURES, SVM_SUPPORT_VECTORS, format(ROW_BITS));
                        const RCE: usize = hone_rce::model_words(RCE_PROTOTYPES, FEATURES, 1);
                        // As large a part of memory in each.
                        const KEPT: usize = hone_engine::capacity::KNN_ROWS;
                        match name {
                            LearnerName::Auto | LearnerName::Knn => {
                                Box::new(knn::Knn::<{ hone_knn::model_words(KEPT, FEATURES) }, KEPT, FEATURES>::within(image))
                            }
                            LearnerName::Svm => Box::new(svm::Svm::<SVM>::within(image)),
                            LearnerName::Rce => Box::new(rce::Rce::<RCE>::within(image)),
                            _ => Box::new(esn::Esn::<ESN_UNITS, INPUTS, ESN_CONNECTIONS>::within(image)),
                        }
                    })*
                    Self::None => match name {
                        LearnerName::Auto | LearnerName::Knn => Box::new(knn::Unbounded::within(image)),
                        LearnerName::Svm => Box::new(svm::Unbounded::within(image)),
                        LearnerName::Rce => Box::new(rce::Unbounded::within(image)),
                        _ => Box::new(esn::Unbounded::within(image)),
                    },
                })
            }
        }
    };
}

boards!(F401 f401, F429 f429, H743 h743);

impl Budget {
    /// As it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::F401 => "f401",
            Self::F429 => "f429",
            Self::H743 => "h743",
            Self::None => "none",
        }
    }
}

impl Image {
    /// Whether the data are of a shape that the image takes in.
    ///
    /// # Errors
    /// [`EvalError::Exceeds`].
    pub fn takes(&self, set: &Dataset) -> Result<(), EvalError> {
        self.room("classes", set.classes.len(), self.classes, "CLASSES")?;
        match &set.data {
            Data::Recordings(r) => {
                self.room("numbers in a window", r.length * r.channels.len(), self.samples, "WINDOW_FRAMES")
            }
            Data::Table(_) => Ok(()),
        }
    }

    /// Whether a setting asks for what the image was built without. `none`: whether the learner has a budget of no board.
    ///
    /// # Errors
    /// [`EvalError::NotServed`] names the option that brings it.
    pub fn knows(&self, key: &str, value: &str, none: bool) -> Result<(), EvalError> {
        let lacks = self
            .lacks
            .iter()
            .find(|(lacks, _, setting, words)| *lacks && *setting == key && words.iter().any(|w| value.contains(w)));
        lacks.map_or(Ok(()), |(_, option, ..)| {
            let board = self.board;
            Err(EvalError::NotServed(format!(
                "{key}={value}: the image of {board} is built without it (CONFIG_HONE_{option}); {}",
                if none { "give --budget none" } else { "leave it out" }
            )))
        })
    }

    /// What is to be told of a learner that the image is built without.
    pub fn without(&self, learner: &str) -> Option<String> {
        let option = learner.to_uppercase();
        let text = format!(
            "{}'s image is built without {learner} (CONFIG_HONE_{option}); capacities are its others",
            self.board
        );
        (!self.options.contains(&(option.as_str(), "y"))).then_some(text)
    }

    /// What is to be told of a smaller form of a model, where the image makes none.
    pub fn without_forms(&self) -> Option<String> {
        let text = format!(
            "{}'s image is built without smaller forms of models (CONFIG_HONE_SMALL_MODELS); they are made as where it has them",
            self.board
        );
        (!self.options.contains(&("SMALL_MODELS", "y"))).then_some(text)
    }

    /// So many are within the capacity.
    ///
    /// # Errors
    /// [`EvalError::Exceeds`].
    pub fn room(
        &self,
        what: &'static str,
        asked: usize,
        capacity: usize,
        option: &'static str,
    ) -> Result<(), EvalError> {
        if asked <= capacity {
            return Ok(());
        }
        Err(EvalError::Exceeds(Excess { what, asked, capacity, option, board: self.board, holds: None, none: false }))
    }
}

/// What an image has no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// What it is.
    pub what: &'static str,
    /// So many are asked for.
    pub asked: usize,
    /// So many there is room for.
    pub capacity: usize,
    /// By this option, without `CONFIG_HONE_`.
    pub option: &'static str,
    /// The image's board.
    pub board: &'static str,
    /// The smallest budget of a board within which all of it is.
    pub holds: Option<Budget>,
    /// Whether the learner can be evaluated within no board's.
    pub none: bool,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, asked, capacity, option, board, holds, none } = self;
        let more = asked - capacity;
        write!(f, "{asked} {what} are {more} more than the {capacity} of {board}'s image (CONFIG_HONE_{option})")?;
        match holds.and_then(|budget| Some((budget.image()?.board, budget.name()))) {
            Some((board, name)) => write!(f, "; {board}'s image holds it: give --budget {name}"),
            None if *none => f.write_str("; no board's image here holds it: ask for less, or give --budget none"),
            None => f.write_str("; ask for less: it is evaluated within this image alone"),
        }
    }
}

/// What is wrong with parameters that were checked with an image's capacities, or with large ones.
pub(super) fn refused(image: Option<&Image>, error: ParamError) -> EvalError {
    let (Some(image), ParamError::Capacity { name, asked, capacity }) = (image, error) else {
        return EvalError::Setting(conflict(error));
    };
    let (what, option) = match name {
        "units" => (name, "ESN_UNITS"),
        "prototypes" => (name, "RCE_PROTOTYPES"),
        "features" => (name, "FEATURES"),
        "channels" => (name, "CHANNELS"),
        "inputs" => (name, "LINEAR_INPUTS"),
        name if name.starts_with("layers, in bytes of the model") => ("bytes of the network", "NET_BYTES"),
        name if name.starts_with("layers, in bytes of inference") => ("bytes to judge in", "NET_SCRATCH_BYTES"),
        "units, in bytes," => ("bytes of the network", "VAE_UNITS"),
        "target" => return EvalError::Setting(conflict(error)),
        _ => ("non-zero reservoir weights", "ESN_CONNECTIONS"),
    };
    let none = EvalError::Setting(conflict(error));
    image.room(what, asked as usize, capacity as usize, option).err().unwrap_or(none)
}
