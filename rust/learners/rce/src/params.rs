//! Run-time parameters.

use crate::layout;
use hone_learn::{Kind, ParamError, Setting, Settings, Value};

const ALGORITHMS: &[&str] = &["tiny-rce", "rce", "rce-aged"];
const METRICS: &[&str] = &["manhattan", "euclidean", "hamming"];
const STORES: &[&str] = &["8-bit", "16-bit", "f32"];

/// How prototypes are learnt and kept.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    pub(crate) algorithm: u8,
    pub(crate) metric: u8,
    pub(crate) store: u8,
    pub(crate) prototypes: u16,
    pub(crate) radius_max: f32,
    pub(crate) radius_min: f32,
    pub(crate) spacing: f32,
    pub(crate) rivalry: f32,
    pub(crate) reach: f32,
    pub(crate) regrowth: f32,
    pub(crate) pooling: f32,
    pub(crate) ageing: bool,
    pub(crate) pruning: bool,
    pub(crate) moving: f32,
    pub(crate) fading: f32,
    pub(crate) fallback: bool,
    pub(crate) relevance: f32,
    pub(crate) range: f32,
    pub(crate) horizon: u32,
}

impl Params {
    /// The defaults: TinyRCE with 8-bit prototypes and Manhattan distances.
    pub const DEFAULT: Self = Self {
        algorithm: 0,
        metric: 0,
        store: 0,
        prototypes: 200,
        radius_max: 1.5,
        radius_min: 0.5,
        spacing: 1.0,
        rivalry: 0.35,
        reach: 4.0,
        regrowth: 0.1,
        pooling: 64.0,
        ageing: true,
        pruning: true,
        moving: 0.05,
        fading: 0.003,
        fallback: false,
        relevance: 1.0,
        range: 4.0,
        horizon: 4096,
    };

    /// All zero, for a model that has not begun.
    pub(crate) const ZERO: Self = Self {
        algorithm: 0,
        metric: 0,
        store: 0,
        prototypes: 0,
        radius_max: 0.0,
        radius_min: 0.0,
        spacing: 0.0,
        rivalry: 0.0,
        reach: 0.0,
        regrowth: 0.0,
        pooling: 0.0,
        ageing: false,
        pruning: false,
        moving: 0.0,
        fading: 0.0,
        fallback: false,
        relevance: 0.0,
        range: 0.0,
        horizon: 0,
    };
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Params {
    /// Radii as in the papers, prototypes that stay where they are, and firing alone makes known.
    pub(crate) const fn as_in_the_papers(&self) -> bool {
        self.algorithm != 0
    }

    /// With these radii, ageing and pruning as well.
    pub(crate) const fn papers_age(&self) -> bool {
        self.algorithm == 2
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

/// By the table: a field for field comparison is a branch for each.
impl PartialEq for Params {
    fn eq(&self, other: &Self) -> bool {
        (0..Self::SETTINGS.len()).all(|index| self.get(index) == other.get(index))
    }
}

impl Settings for Params {
    const SETTINGS: &'static [Setting] = &[
        Setting {
            name: "algorithm",
            help: "tiny-rce; rce, the papers' rule for radii; rce-aged, that with ageing and pruning",
            kind: Kind::Choice(ALGORITHMS),
        },
        Setting { name: "metric", help: "distance between windows", kind: Kind::Choice(METRICS) },
        Setting { name: "store", help: "how a prototype's features are kept", kind: Kind::Choice(STORES) },
        Setting { name: "prototypes", help: "the most to keep", kind: Kind::Int { min: 1, max: 65535 } },
        Setting {
            name: "radius-max",
            help: "of a new prototype, in standard deviations per feature",
            kind: Kind::Real { min: 0.001, max: 100.0 },
        },
        Setting {
            name: "radius-min",
            help: "to which errors shrink it, in standard deviations per feature",
            kind: Kind::Real { min: 0.0, max: 100.0 },
        },
        Setting {
            name: "ageing",
            help: "prototypes age with conflicts and time, and grow young with use",
            kind: Kind::Flag,
        },
        Setting { name: "pruning", help: "when full, the oldest prototype makes room", kind: Kind::Flag },
        Setting {
            name: "moving",
            help: "least share by which the nearest prototype follows a window of its class, 0 to stay",
            kind: Kind::Real { min: 0.0, max: 1.0 },
        },
        Setting { name: "fading", help: "ageing per window", kind: Kind::Real { min: 0.0, max: 1.0 } },
        Setting { name: "fallback", help: "the nearest prototype decides where none fires", kind: Kind::Flag },
        Setting {
            name: "relevance",
            help: "how much features that vary little within a class count more, 0 for not",
            kind: Kind::Real { min: 0.0, max: 2.0 },
        },
        Setting {
            name: "range",
            help: "features are clipped at this many standard deviations",
            kind: Kind::Real { min: 1.0, max: 32.0 },
        },
        Setting {
            name: "horizon",
            help: "windows over which mean and deviation are learnt; older ones fade",
            kind: Kind::Int { min: 16, max: 1_000_000 },
        },
        Setting {
            name: "spacing",
            help: "while there is room, a window becomes a prototype from so many mean deviations above that mean on",
            kind: Kind::Real { min: 0.0, max: 100.0 },
        },
        Setting {
            name: "rivalry",
            help: "how much a second class that is as near makes the unknown score of a window greater",
            kind: Kind::Real { min: 0.0, max: 2.0 },
        },
        Setting {
            name: "reach",
            help: "a window is known up to so many mean deviations above the mean distance of known windows",
            kind: Kind::Real { min: 0.0, max: 100.0 },
        },
        Setting {
            name: "regrowth",
            help: "share by which a radius grows towards a window rightly decided beyond it",
            kind: Kind::Real { min: 0.0, max: 1.0 },
        },
        Setting {
            name: "pooling",
            help: "how much the distance usual for all prototypes counts against that usual for the nearest one",
            kind: Kind::Real { min: 0.0, max: 1000.0 },
        },
    ];

    fn get(&self, index: usize) -> Option<Value> {
        Some(match index {
            0 => Value::Choice(self.algorithm),
            1 => Value::Choice(self.metric),
            2 => Value::Choice(self.store),
            3 => Value::Int(i32::from(self.prototypes)),
            4 => Value::Real(self.radius_max),
            5 => Value::Real(self.radius_min),
            6 => Value::Flag(self.ageing),
            7 => Value::Flag(self.pruning),
            8 => Value::Real(self.moving),
            9 => Value::Real(self.fading),
            10 => Value::Flag(self.fallback),
            11 => Value::Real(self.relevance),
            12 => Value::Real(self.range),
            13 => Value::Int(self.horizon as i32),
            14 => Value::Real(self.spacing),
            15 => Value::Real(self.rivalry),
            16 => Value::Real(self.reach),
            17 => Value::Real(self.regrowth),
            18 => Value::Real(self.pooling),
            _ => return None,
        })
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        match (index, value) {
            (0, Value::Choice(v)) => self.algorithm = v,
            (1, Value::Choice(v)) => self.metric = v,
            (2, Value::Choice(v)) => self.store = v,
            (3, Value::Int(v)) => self.prototypes = v as u16,
            (4, Value::Real(v)) => self.radius_max = v,
            (5, Value::Real(v)) => self.radius_min = v,
            (6, Value::Flag(v)) => self.ageing = v,
            (7, Value::Flag(v)) => self.pruning = v,
            (8, Value::Real(v)) => self.moving = v,
            (9, Value::Real(v)) => self.fading = v,
            (10, Value::Flag(v)) => self.fallback = v,
            (11, Value::Real(v)) => self.relevance = v,
            (12, Value::Real(v)) => self.range = v,
            (13, Value::Int(v)) => self.horizon = v as u32,
            (14, Value::Real(v)) => self.spacing = v,
            (15, Value::Real(v)) => self.rivalry = v,
            (16, Value::Real(v)) => self.reach = v,
            (17, Value::Real(v)) => self.regrowth = v,
            (18, Value::Real(v)) => self.pooling = v,
            _ => return false,
        }
        true
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
        for (index, setting) in Self::SETTINGS.iter().enumerate() {
            if !self.get(index).is_some_and(|v| setting.accepts(v)) {
                return Err(ParamError::Invalid(setting));
            }
        }
        if self.radius_min > self.radius_max {
            return Err(ParamError::Conflict("radius-min is above radius-max: lower one or raise the other"));
        }
        if self.metric == 2 && self.store == 2 {
            return Err(ParamError::Conflict("hamming distances need 8-bit or 16-bit prototypes: set store"));
        }
        if !cfg!(feature = "hamming") && self.metric == 2 {
            return Err(ParamError::Conflict("this build has no hamming distances (CONFIG_HONE_RCE_HAMMING)"));
        }
        if !cfg!(feature = "wide") && self.store != 0 {
            return Err(ParamError::Conflict("this build has 8-bit prototypes alone (CONFIG_HONE_RCE_WIDE)"));
        }
        if features == 0 || features > MAX_FEATURES {
            return Err(ParamError::Capacity {
                name: "features",
                asked: features as u32,
                capacity: MAX_FEATURES as u32,
            });
        }
        let room = layout::capacity(words, features, layout::code_bytes(self.store));
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
        let room = layout::capacity(words, features, layout::code_bytes(self.store)).min(65535) as u16;
        self.prototypes = self.prototypes.min(room).max(1);
        self
    }

    /// Words of memory for a model of these parameters, on `features` features.
    pub fn required_words(&self, features: usize) -> usize {
        layout::words(usize::from(self.prototypes), features, layout::code_bytes(self.store))
    }
}

/// The most features a window may have: distances of 8 bits fit 32 with it.
pub const MAX_FEATURES: usize = 4096;
