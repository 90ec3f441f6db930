//! The model: its state, its memory, and what can be asked of it.

use crate::frame::{Clock, Scale};
use crate::infer::{self, Answer};
use crate::layout;
use crate::learn::{self, Learnt};
use crate::params::{Checked, Params};
use crate::upkeep;
use hone_learn::{ClassId, Shortage};
use serde::{Deserialize, Serialize};

/// Why nothing was learnt or decided. The model is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The model has not begun: no class is known. Call [`Model::begin`].
    NotBegun,
    /// The window has another number of features than the model.
    Features {
        /// What the model takes.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// The scratch (or, in [`Model::begin`], the model's memory) is too small.
    Memory(Shortage),
}

/// What the model has been through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Labelled windows learnt.
    pub learnt: u32,
    /// Of these, decided rightly before they were learnt (prequential, or interleaved, accuracy: right/learnt).
    pub right: u32,
    /// Of these, unknown before they were learnt.
    pub unknown: u32,
    /// Prequential accuracy in which a window counts 1 % less with each that follows (Gama et al. 2013), 0 to 1.
    pub recent_accuracy: f32,
    /// Prototypes pruned.
    pub pruned: u32,
    /// Windows that should have become a prototype and found no room.
    pub refused: u32,
    /// Prototypes visited by learning, for cost per prototype and feature.
    pub visited: u64,
}

impl Statistics {
    pub(crate) const ZERO: Self =
        Self { learnt: 0, right: 0, unknown: 0, recent_accuracy: 0.0, pruned: 0, refused: 0, visited: 0 };

    /// Share of the labelled windows that were decided rightly before they were learnt; `None` before the first.
    pub fn prequential_accuracy(&self) -> Option<f32> {
        (self.learnt > 0).then(|| self.right as f32 / self.learnt as f32)
    }
}

/// Everything but the memory; independent of its size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub params: Params,
    /// 0: not begun.
    pub features: u16,
    #[serde(skip)]
    pub capacity: u16,
    /// Prototypes in use, the front of each array.
    pub count: u16,
    pub clock: Clock,
    /// Standing that a prototype without merit has by now; grows with time, and so prototypes age.
    pub now: i32,
    /// Mean distance of windows decided rightly.
    pub mean_distance: f32,
    /// Its mean absolute deviation.
    pub deviation: f32,
    /// Windows that both rest on, at most 256.
    pub settled: u16,
    /// Dither of the following.
    pub dither: u32,
    pub statistics: Statistics,
}

impl State {
    pub(crate) const ZERO: Self = Self {
        params: Params::ZERO,
        features: 0,
        capacity: 0,
        count: 0,
        clock: Clock::ZERO,
        now: 0,
        mean_distance: 0.0,
        deviation: 0.0,
        settled: 0,
        dither: 0,
        statistics: Statistics::ZERO,
    };

    pub(crate) fn code_bytes(&self) -> usize {
        self.params.store.bytes()
    }

    pub(crate) fn scale(&self) -> Scale {
        Scale::new(&self.params, self.features)
    }

    /// Words of scratch for a window's codes.
    pub(crate) fn scratch_words(&self) -> usize {
        layout::stride(usize::from(self.features), self.code_bytes())
    }

    fn accepts(&self, features: &[f32], scratch: &[u32]) -> Result<(), Error> {
        if self.features == 0 {
            return Err(Error::NotBegun);
        }
        if features.len() != usize::from(self.features) {
            return Err(Error::Features { expected: usize::from(self.features), got: features.len() });
        }
        let needed = self.scratch_words();
        if scratch.len() < needed {
            return Err(Error::Memory(Shortage { needed: needed * 4, available: scratch.len() * 4 }));
        }
        Ok(())
    }
}

/// A TinyRCE model with `WORDS` words of memory for statistics and prototypes. How many prototypes that makes depends
/// on features and store; [`Params::required_words`] tells. All zero when new, so that it costs no flash in a static.
#[derive(Clone, Debug)]
pub struct Model<const WORDS: usize> {
    pub(crate) state: State,
    pub(crate) memory: [u32; WORDS],
}

impl<const WORDS: usize> Default for Model<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// Knows nothing, and has not begun.
    pub const fn new() -> Self {
        Self { state: State::ZERO, memory: [0; WORDS] }
    }

    /// Forgets everything and begins with these parameters.
    ///
    /// # Errors
    /// [`Error::Memory`] when they were checked for more memory than the model has.
    pub fn begin(&mut self, checked: &Checked) -> Result<(), Error> {
        let needed = layout::words(checked.capacity(), checked.features(), checked.params.store.bytes());
        if needed > WORDS {
            return Err(Error::Memory(Shortage { needed: needed * 4, available: WORDS * 4 }));
        }
        self.memory.fill(0);
        self.state =
            State { params: checked.params, features: checked.features, capacity: checked.capacity, ..State::ZERO };
        Ok(())
    }

    /// Forgets everything.
    pub fn erase(&mut self) {
        self.memory.fill(0);
        self.state = State::ZERO;
    }

    /// Takes over those parameters that may change while prototypes exist: radii, ageing, pruning, following, fading,
    /// fallback, relevance, horizon and algorithm. False, and nothing changed, when `params` has another store,
    /// metric, range or number of prototypes: these take a new beginning.
    pub fn adjust(&mut self, params: &Params) -> bool {
        let now = &self.state.params;
        let fixed = |p: &Params| (p.store, p.metric, p.prototypes, p.range.to_bits());
        if self.state.features == 0 || fixed(params) != fixed(now) || params.radius_min > params.radius_max {
            return false;
        }
        self.state.params = *params;
        true
    }

    /// Learns one labelled window, and tells what the model would have said of it. Cost is bounded by capacity times
    /// features. `scratch` has at least [`Model::scratch_words`] words.
    ///
    /// # Errors
    /// [`Error`].
    pub fn learn(&mut self, features: &[f32], class: ClassId, scratch: &mut [u32]) -> Result<Learnt, Error> {
        self.state.accepts(features, scratch)?;
        learn::learn(&mut self.state, &mut self.memory, features, class, scratch).ok_or(Error::NotBegun)
    }

    /// Decides one window.
    ///
    /// # Errors
    /// [`Error`].
    pub fn infer(&self, features: &[f32], scratch: &mut [u32]) -> Result<Answer, Error> {
        self.state.accepts(features, scratch)?;
        infer::infer(&self.state, &self.memory, features, scratch).ok_or(Error::NotBegun)
    }

    /// Takes an unlabelled window into the statistics of the frame, so that it is settled before the first label.
    ///
    /// # Errors
    /// [`Error::NotBegun`], [`Error::Features`].
    pub fn watch(&mut self, features: &[f32]) -> Result<(), Error> {
        let needed = self.state.scratch_words();
        if self.state.features == 0 || features.len() != usize::from(self.state.features) {
            self.state.accepts(features, self.memory.get(..needed).unwrap_or(&[]))?;
        }
        learn::watch(&mut self.state, &mut self.memory, features);
        Ok(())
    }

    /// Words of scratch that [`Model::learn`] and [`Model::infer`] take.
    pub fn scratch_words(&self) -> usize {
        self.state.scratch_words()
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.state.features > 0
    }

    /// The parameters it works with.
    pub fn params(&self) -> &Params {
        &self.state.params
    }

    /// Features per window; 0 before it has begun.
    pub fn features(&self) -> usize {
        usize::from(self.state.features)
    }

    /// Prototypes in use.
    pub fn prototypes(&self) -> usize {
        usize::from(self.state.count)
    }

    /// The most prototypes it keeps.
    pub fn capacity(&self) -> usize {
        usize::from(self.state.capacity)
    }

    /// What it has been through.
    pub fn statistics(&self) -> &Statistics {
        &self.state.statistics
    }

    /// The class and radius (in standard deviations per feature) of prototype `index`.
    pub fn prototype(&self, index: usize) -> Option<(ClassId, f32)> {
        if index >= self.prototypes() {
            return None;
        }
        let parts = infer::parts(&self.state, &self.memory)?;
        let radius = infer::real(&self.state, *parts.radius.get(index)?);
        Some((ClassId(*parts.class.get(index)?), radius))
    }

    /// Feature `feature` of prototype `index` as a window has it, as near as the prototype's code says; a feature that the frame
    /// leaves out stands at its offset.
    pub fn centre(&self, index: usize, feature: usize) -> Option<f32> {
        if index >= self.prototypes() || feature >= self.features() {
            return None;
        }
        let parts = infer::parts(&self.state, &self.memory)?;
        let (offset, gain) = (*parts.offset.get(feature)?, *parts.gain.get(feature)?);
        let deviations = infer::coded(&self.state, &parts, index, feature)?;
        Some(if gain > 0.0 { offset + deviations / gain } else { offset })
    }

    /// The classes known with the number of prototypes of each, in the order in which they stand.
    pub fn classes(&self) -> impl Iterator<Item = (ClassId, usize)> + '_ {
        let parts = infer::parts(&self.state, &self.memory);
        let (class, siblings) = parts.map_or((&[][..], &[][..]), |p| (p.class, p.siblings));
        let class = class.get(..self.prototypes()).unwrap_or(&[]);
        class.iter().zip(siblings).enumerate().filter_map(move |(i, (c, n))| {
            let first = class.iter().position(|other| other == c) == Some(i);
            first.then_some((ClassId(*c), usize::from(*n)))
        })
    }

    /// Forgets one class; the number of prototypes removed.
    pub fn forget(&mut self, class: ClassId) -> usize {
        upkeep::forget(&mut self.state, &mut self.memory, class)
    }

    /// Bytes of the model in RAM.
    pub const fn bytes() -> usize {
        size_of::<Self>()
    }
}

/// The paper's cost of one inference, h·(5n + 10) multiply-accumulates, for h prototypes and n features.
pub const fn inference_mac(prototypes: u64, features: u64) -> u64 {
    prototypes * (5 * features + 10)
}
