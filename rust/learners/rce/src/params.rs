//! Run-time parameters.

use crate::layout;
use hone_learn::setting::{FLAG, choice, int, real};
use hone_learn::{ParamError, Settings, choices, settings};
use serde::{Deserialize, Serialize};

choices! {
    /// By which rule prototypes come, move and go.
    #[derive(Serialize, Deserialize)]
    pub(crate) enum Algorithm {
        /// TinyRCE, as this crate's documentation has it.
        TinyRce = "tiny-rce",
        /// The papers' rule for radii alone.
        Rce = "rce",
        /// That, with ageing and pruning.
        RceAged = "rce-aged",
    }
}

choices! {
    /// How far two windows are apart.
    #[derive(Serialize, Deserialize)]
    pub(crate) enum Distance {
        /// Σ|a-b|
        Manhattan = "manhattan",
        /// √Σ(a-b)²
        Euclidean = "euclidean",
        /// Bits that differ, of thermometer codes.
        Hamming = "hamming",
    }
}

choices! {
    /// How a prototype's features are kept.
    #[derive(Serialize, Deserialize)]
    pub(crate) enum Store {
        /// In 8 bits.
        Byte = "8-bit",
        /// In 16 bits.
        Half = "16-bit",
        /// As `f32`.
        Real = "f32",
    }
}

settings! {
    /// How prototypes are learnt and kept. The defaults: TinyRCE with 8-bit prototypes and Manhattan distances.
    #[derive(Serialize, Deserialize)]
    pub struct Params {
        /// tiny-rce; rce, the papers' rule for radii; rce-aged, that with ageing and pruning
        pub(crate) algorithm: Algorithm = Algorithm::TinyRce, "algorithm", choice(Algorithm::WORDS), "";
        /// distance between windows
        pub(crate) metric: Distance = Distance::Manhattan, "metric", choice(Distance::WORDS), "";
        /// how a prototype's features are kept
        pub(crate) store: Store = Store::Byte, "store", choice(Store::WORDS), "";
        /// the most to keep
        pub(crate) prototypes: u16 = 200, "prototypes", int(1, 65535), "";
        /// of a new prototype, in standard deviations per feature
        pub(crate) radius_max: f32 = 1.5, "radius-max", real(0.001, 100.0), "";
        /// to which errors shrink it, in standard deviations per feature
        pub(crate) radius_min: f32 = 0.5, "radius-min", real(0.0, 100.0), "";
        /// while there is room, a window becomes a prototype from so many mean deviations above that mean on
        pub(crate) spacing: f32 = 1.0, "spacing", real(0.0, 100.0), "";
        /// how much a second class that is as near makes the unknown score of a window greater
        pub(crate) rivalry: f32 = 0.35, "rivalry", real(0.0, 2.0), "";
        /// a window is known up to so many mean deviations above the mean distance of known windows
        pub(crate) reach: f32 = 4.0, "reach", real(0.0, 100.0), "";
        /// share by which a radius grows towards a window rightly decided beyond it
        pub(crate) regrowth: f32 = 0.1, "regrowth", real(0.0, 1.0), "";
        /// how much the distance usual for all prototypes counts against that usual for the nearest one
        pub(crate) pooling: f32 = 64.0, "pooling", real(0.0, 1000.0), "";
        /// prototypes age with conflicts and time, and grow young with use
        pub(crate) ageing: bool = true, "ageing", FLAG, "";
        /// when full, the oldest prototype makes room
        pub(crate) pruning: bool = true, "pruning", FLAG, "";
        /// least share by which the nearest prototype follows a window of its class, 0 to stay
        pub(crate) moving: f32 = 0.05, "moving", real(0.0, 1.0), "";
        /// ageing per window
        pub(crate) fading: f32 = 0.003, "fading", real(0.0, 1.0), "";
        /// the nearest prototype decides where none fires
        pub(crate) fallback: bool = false, "fallback", FLAG, "";
        /// how much features that vary little within a class count more, 0 for not
        pub(crate) relevance: f32 = 1.0, "relevance", real(0.0, 2.0), "";
        /// features are clipped at this many standard deviations
        pub(crate) range: f32 = 4.0, "range", real(1.0, 32.0), "";
        /// windows over which mean and deviation are learnt; older ones fade
        pub(crate) horizon: u32 = 4096, "horizon", int(16, 1_000_000), "windows";
    }
}

impl Store {
    /// Bytes of one stored feature.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Real => 4,
        }
    }
}

impl Params {
    /// Radii as in the papers, prototypes that stay where they are, and firing alone makes known.
    pub(crate) const fn as_in_the_papers(&self) -> bool {
        !matches!(self.algorithm, Algorithm::TinyRce)
    }

    /// With these radii, ageing and pruning as well.
    pub(crate) const fn papers_age(&self) -> bool {
        matches!(self.algorithm, Algorithm::RceAged)
    }

    /// For vibration of machines, with the features of that name. The default.
    pub fn vibration() -> Self {
        Self::default()
    }

    /// For motion of people, with the features of that name: few classes that overlap, and prototypes that
    /// differ in how far their windows usually are.
    pub fn activity() -> Self {
        Self { relevance: 1.25, rivalry: 0.0, pooling: 2.0, ..Self::default() }
    }
}

/// Parameters that fit a number of features and a model's memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked {
    pub(crate) params: Params,
    pub(crate) features: u16,
    pub(crate) capacity: u16,
}

impl Checked {
    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Features per window.
    pub fn features(&self) -> usize {
        usize::from(self.features)
    }

    /// The most prototypes that the model will keep.
    pub fn capacity(&self) -> usize {
        usize::from(self.capacity)
    }
}

impl Params {
    /// Checks the parameters for windows of `features` features and a model of `words` words of memory.
    ///
    /// # Errors
    /// [`ParamError::Conflict`] for a radius floor above its ceiling, Hamming distances between f32 prototypes, or a
    /// store or metric that this build leaves out;
    /// [`ParamError::Capacity`] when the memory does not hold the prototypes asked for.
    pub fn check(&self, features: usize, words: usize) -> Result<Checked, ParamError> {
        self.check_ranges()?;
        if self.radius_min > self.radius_max {
            return Err(ParamError::Conflict("radius-min is above radius-max: lower one or raise the other"));
        }
        if self.metric == Distance::Hamming && self.store == Store::Real {
            return Err(ParamError::Conflict("hamming distances need 8-bit or 16-bit prototypes: set store"));
        }
        if !cfg!(feature = "hamming") && self.metric == Distance::Hamming {
            return Err(ParamError::Conflict("this build has no hamming distances (CONFIG_HONE_RCE_HAMMING)"));
        }
        if !cfg!(feature = "wide") && self.store != Store::Byte {
            return Err(ParamError::Conflict("this build has 8-bit prototypes alone (CONFIG_HONE_RCE_WIDE)"));
        }
        if features == 0 || features > MAX_FEATURES {
            return Err(ParamError::Capacity {
                name: "features",
                asked: features as u32,
                capacity: MAX_FEATURES as u32,
            });
        }
        let room = layout::capacity(words, features, self.store.bytes());
        if usize::from(self.prototypes) > room {
            return Err(ParamError::Capacity {
                name: "prototypes",
                asked: u32::from(self.prototypes),
                capacity: room as u32,
            });
        }
        Ok(Checked { params: *self, features: features as u16, capacity: self.prototypes })
    }

    /// The same parameters with as many prototypes as fit, at most as many as asked for.
    #[must_use]
    pub fn fitted(mut self, features: usize, words: usize) -> Self {
        let room = layout::capacity(words, features, self.store.bytes()).min(65535) as u16;
        self.prototypes = self.prototypes.min(room).max(1);
        self
    }

    /// Words of memory for a model of these parameters, on `features` features.
    pub fn required_words(&self, features: usize) -> usize {
        layout::words(usize::from(self.prototypes), features, self.store.bytes())
    }
}

/// The most features a window may have: distances of 8 bits fit 32 with it.
pub const MAX_FEATURES: usize = 4096;
