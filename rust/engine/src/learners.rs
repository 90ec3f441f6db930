//! The learners of this build: one row each, and all that follows from them. No other file of the engine names one.
//!
//! A row is: variant, field, name (which is also the cargo feature's, the configuration section's and, in capitals, the
//! Kconfig option's), number in saved models, whether it learns in place, and the learner with its capacities.

use crate::capacity::*;
use core::fmt::Debug;
use hone_learn::learner::{
    Answer, Bounds, Form, Given, Input, Learner as Contract, Learning, Lent, Needs, Point, Refusal, Sees, Settling,
    Setup, Shape, Wants,
};
use hone_learn::payload::{PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::Out;
use hone_learn::{Format, ParamError, Progress, SetMut, Setting, Settings, Value};
use hone_model::Entries;
use hone_model::entries::{Entry, apply, each_setting};

/// How a feature of a stored row is kept.
pub const FORMAT: Format = {
    assert!(ROW_BITS == 8 || ROW_BITS == 16 || ROW_BITS == 32, "CONFIG_HONE_ROW_BITS is 8, 16 or 32");
    if ROW_BITS == 8 {
        Format::I8
    } else if ROW_BITS == 16 {
        Format::I16
    } else {
        Format::F32
    }
};

/// Inputs of what sees feature vectors in a row: as many as there are channels are always possible.
pub const SEEN_INPUTS: usize = if INPUTS > CHANNELS { INPUTS } else { CHANNELS };

/// Channels, or features of a row, that the regression may see.
pub const LINEAR_SEEN: usize =
    if cfg!(feature = "linear-set") && FEATURES > SEEN_INPUTS { FEATURES } else { SEEN_INPUTS };

/// Numbers of a row: features, or of a learner that takes these a window's samples.
pub const ROW_NUMBERS: usize = larger(NET_SAMPLES, FEATURES);

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The learner whose models may make the rows of others, if the build has it.
#[cfg(feature = "vae")]
pub const ENCODER: Option<Learner> = Some(Learner::Vae);
/// The learner whose models may make the rows of others, if the build has it.
#[cfg(not(feature = "vae"))]
pub const ENCODER: Option<Learner> = None;
/// Without a value in a build without an encoder: what is made by one is then left out.
#[cfg(feature = "vae")]
pub type Encodes = ();
/// Without a value in a build without an encoder: what is made by one is then left out.
#[cfg(not(feature = "vae"))]
pub type Encodes = core::convert::Infallible;
/// Whether the build has one.
#[cfg(feature = "vae")]
pub const ENCODES: Option<Encodes> = Some(());
/// Whether the build has one.
#[cfg(not(feature = "vae"))]
pub const ENCODES: Option<Encodes> = None;
/// What `features.encoder` may be: none, and that learner.
pub const ENCODERS: &[&str] = &["none", "vae"];
/// Numbers of the longest row that it makes.
pub const CODE_NUMBERS: usize = VAE_LATENT;

learners! {
    (Esn, esn, "esn", 1, offline, hone_esn::learner::Esn<ESN_UNITS, SEEN_INPUTS, ESN_CONNECTIONS>),
    (Svm, svm, "svm", 2, offline, hone_svm::learner::Svm<
        { hone_svm::model_words(SVM_CLASSES, FEATURES, SVM_SUPPORT_VECTORS, FORMAT) },
        SVM_CLASSES,
        FEATURES,
        { hone_svm::scratch_len(SVM_CLASSES, FEATURES) },
    >),
    (Rce, rce, "rce", 3, online, hone_rce::learner::Rce<
        { hone_rce::model_words(RCE_PROTOTYPES, FEATURES, 1) },
        { if cfg!(feature = "small-models") { hone_rce::quantized_words(RCE_PROTOTYPES, FEATURES) } else { 0 } },
        { FEATURES + 4 },
    >),
    (Linear, linear, "linear", 4, offline, hone_linear::learner::Linear<
        LINEAR_INPUTS,
        LINEAR_CLASSES,
        { hone_linear::words_for(LINEAR_CLASSES, LINEAR_INPUTS, LINEAR_SEEN) },
        { hone_linear::columns_for(LINEAR_INPUTS, LINEAR_SEEN) },
        { hone_linear::model_words(SEEN_INPUTS, LINEAR_INPUTS, true) },
    >),
    (Net, net, "net", 5, offline, hone_net::learner::Net<
        { NET_BYTES / 4 },
        NET_CLASSES,
        { NET_SCRATCH_BYTES / 4 },
    >),
    (Vae, vae, "vae", 6, offline, hone_vae::learner::Vae<
        { hone_vae::model_words(FEATURES, VAE_UNITS, VAE_LATENT) },
        { hone_vae::scratch_words(FEATURES, VAE_UNITS, VAE_LATENT) },
        VAE_UNITS,
        VAE_LATENT,
    >),
    (Knn, knn, "knn", 7, offline, hone_knn::Knn<
        { hone_knn::model_words(KNN_ROWS, FEATURES) },
        KNN_ROWS,
        FEATURES,
    >),
    (Centroid, centroid, "centroid", 200, offline, hone_centroid::Centroid<CENTROID_CLASSES, FEATURES>),
}

impl Learner {
    /// The learner of this name, if the build has it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|l| l.name() == name)
    }

    /// The learner of this number in saved models, if the build has it.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|l| l.code() == code)
    }

    /// Its place in [`Learner::ALL`].
    pub fn index(self) -> u8 {
        Self::ALL.iter().position(|l| *l == self).unwrap_or(0) as u8
    }
}

/// Whether one of them takes labels.
pub const LABELS: bool = ROWS || ONLINE;

/// Whether the build makes smaller forms of models.
pub const SMALL_MODELS: bool = cfg!(feature = "small-models");

/// The first learner of the build.
pub const FIRST: Learner = match Learner::ALL {
    [first, ..] => *first,
    [] => panic!("a device needs a learner"),
};

/// The learner of `train` without a name and of the button until `device.learner` is set: the one that holds up where nothing is known of
/// the machine, where the build has it (docs/adr/default-detector.md).
#[cfg(feature = "knn")]
pub const USUAL: Learner = Learner::Knn;
/// The learner of `train` without a name and of the button until `device.learner` is set: the first, as nearest neighbours are left out.
#[cfg(not(feature = "knn"))]
pub const USUAL: Learner = FIRST;

/// A learner that this build leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing(u8);

impl Missing {
    /// Those left out.
    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).zip(KNOWN).filter(|(_, (.., there))| !there).map(|(place, _)| Self(place))
    }

    /// The learner of this name, if it is left out.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|m| m.name() == name)
    }

    /// The learner of this number in saved models, if it is left out.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::all().find(|m| m.code() == code)
    }

    /// Its number in saved models.
    pub fn code(self) -> u8 {
        KNOWN.get(usize::from(self.0)).map_or(0, |k| k.1)
    }

    /// Its name, which is in capitals that of the option that brings it back, behind `CONFIG_HONE_`.
    pub fn name(self) -> &'static str {
        KNOWN.get(usize::from(self.0)).map_or("", |k| k.0)
    }
}
