//! TinyRCE on the device: it learns labelled windows where they are judged, and asks for a label when it knows none.
//!
//! ```text
//!  window ──► features ──► labelled? ── yes ──► learn (one bounded pass)
//!                              └─ no ──► infer ──► known: verdict
//!                                          └─► unknown: the window waits ──► label ID: learnt
//!                                                          │                 label dismiss: let go
//!                                                          └─► the next unknown window takes its place
//! ```

use crate::capacity::{FEATURES, RCE_PROTOTYPES};
use crate::included::RCE;
use crate::link::Links;
use crate::persist::{self, Loan};
use crate::rows::{self, FeatureBench};
use core::sync::atomic::Ordering;
use hone_learn::{ClassId, Decision, ParamError, Settings as _, Verdict};
use hone_model::Sink;
use hone_rce::{Checked, Params, Pending};
use hone_signal::{Extractor, WindowView};

/// Words of a model of this build: [`RCE_PROTOTYPES`] prototypes of 8 bits a feature.
pub const RCE_WORDS: usize = if RCE { hone_rce::model_words(RCE_PROTOTYPES, FEATURES, 1) } else { 0 };
/// Features of a window that waits for its label.
const WIDTH: usize = if RCE { FEATURES } else { 0 };
/// Words that one learning or judging step works in: a feature each, for prototypes of any width.
const SCRATCH_WORDS: usize = WIDTH + 4;

/// A TinyRCE of this build, and what belongs to it.
#[derive(Debug)]
pub struct RceMemory {
    model: hone_rce::Model<RCE_WORDS>,
    pending: Pending<WIDTH>,
    scratch: [u32; SCRATCH_WORDS],
}

impl RceMemory {
    /// All zero.
    pub const ZERO: Self = Self { model: hone_rce::Model::new(), pending: Pending::new(), scratch: [0; SCRATCH_WORDS] };
}

/// What the user says of the window that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is of this class: learn it.
    Learn(ClassId),
    /// It is not to be learnt.
    Dismiss,
}

/// What the model has been through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RceStats {
    /// It has begun: it may learn.
    pub begun: bool,
    /// Prototypes in use.
    pub prototypes: u16,
    /// Prototypes that there is room for.
    pub capacity: u16,
    /// Labelled windows learnt.
    pub learnt: u32,
    /// Of these, decided rightly before they were learnt: prequential accuracy, 0 to 1.
    pub accuracy: f32,
    /// The same, with the newer windows weighing more.
    pub recent: f32,
    /// Prototypes pruned.
    pub pruned: u32,
    /// Windows that found no room.
    pub refused: u32,
    /// The window that waits for a label.
    pub waiting: Option<u32>,
}

impl RceStats {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        begun: false,
        prototypes: 0,
        capacity: 0,
        learnt: 0,
        accuracy: 0.0,
        recent: 0.0,
        pruned: 0,
        refused: 0,
        waiting: None,
    };
}

/// The parameters checked for this build, with no more prototypes than fit.
///
/// # Errors
/// [`ParamError`].
pub fn check(params: &Params, features: usize) -> Result<Checked, ParamError> {
    params.fitted(features, RCE_WORDS).check(features, RCE_WORDS)
}

/// Whether two sets of parameters differ, setting by setting: a derived comparison is code for each field.
fn differ(a: &Params, b: &Params) -> bool {
    (0..Params::SETTINGS.len()).any(|setting| a.get(setting) != b.get(setting))
}

/// The learner in place. In a build without it, it has nothing to do and says nothing.
#[derive(Debug)]
pub struct Teach {
    links: &'static Links,
    memory: &'static mut RceMemory,
    extractor: Option<Extractor>,
    params: Params,
}

impl Teach {
    pub(crate) fn new(links: &'static Links, memory: &'static mut RceMemory) -> Self {
        Self { links, memory, extractor: None, params: Params::DEFAULT }
    }

    /// Begins, forgets, and learns the window that waited: what was asked since the last turn.
    pub fn turn(&mut self) {
        if !RCE {
            return;
        }
        if self.links.rce_erase.swap(false, Ordering::Relaxed) {
            self.memory.model.erase();
            self.memory.pending.dismiss();
            self.extractor = None;
            self.publish();
        }
        if let Some(Loan { memory, task }) = self.links.rce_loan.receive() {
            let task = persist::serve(self, memory, task);
            // There is one workspace, and it was here.
            let _ = self.links.rce_home.send(Loan { memory, task });
        }
        if self.links.rce_begin.load(Ordering::Relaxed) {
            self.begin();
            self.links.rce_begin.store(false, Ordering::Relaxed);
        }
        if self.memory.pending.window().is_some() && !self.links.teaching.load(Ordering::Relaxed) {
            // Another learner is in use; nobody asks any more.
            self.memory.pending.dismiss();
            self.publish();
        }
        if let Some(reply) = self.links.reply.get() {
            if let (Reply::Learn(class), Some((row, _))) = (reply, self.memory.pending.window()) {
                let _ = self.memory.model.learn(row, class, &mut self.memory.scratch);
            }
            self.memory.pending.dismiss();
            self.publish();
            self.links.reply.set(None);
        }
    }

    /// Begins anew, unless there is a model on the same features: that goes on learning.
    // With a whole configuration in its frame, which would else be below every window.
    #[inline(never)]
    fn begin(&mut self) {
        let config = self.links.config.get();
        let channels = self.links.sampling.get().sensor.map_or(1, |s| usize::from(s.channels));
        // Both were checked when the training was ordered.
        let Ok(extractor) = rows::extractor(&config.features, channels) else { return };
        let Ok(checked) = check(&config.rce, extractor.len()) else { return };
        let same = self.extractor == Some(extractor) && self.memory.model.has_begun();
        if !(same && self.memory.model.adjust(checked.params())) {
            let _ = self.memory.model.begin(&checked);
            self.memory.pending.dismiss();
        }
        self.params = config.rce;
        self.extractor = Some(extractor);
        self.publish();
    }

    /// Encodes the model; what its features are computed by, and its parameters. `None` when there is no model or the sink
    /// is too small.
    pub(crate) fn encode(&self, sink: &mut dyn Sink) -> Option<(Extractor, Params)> {
        let model = &self.memory.model;
        let extractor = self.extractor.filter(|_| model.has_begun())?;
        hone_model::encode(model, sink).ok()?;
        Some((extractor, *model.params()))
    }

    /// Puts the model into integers, into `words`. Apart from its caller, whose frame is below every window.
    #[cfg(feature = "small-models")]
    #[inline(never)]
    pub(crate) fn freeze(
        &self,
        precision: hone_numeric::whole::Precision,
        words: &mut [u32],
    ) -> Result<persist::Task, hone_rce::FreezeError> {
        let mut counter = hone_model::Counter::default();
        let (extractor, params) = self.encode(&mut counter).ok_or(hone_rce::FreezeError::NotBegun)?;
        self.memory.model.freeze(precision, words)?;
        Ok(persist::Task::Frozen(persist::Snapshot { length: counter.0, extractor, params }))
    }

    /// Lets `read` put another model into its place; whether it did.
    pub(crate) fn adopt(
        &mut self,
        extractor: Extractor,
        read: impl FnOnce(&mut hone_rce::Model<RCE_WORDS>) -> bool,
    ) -> bool {
        self.memory.pending.dismiss();
        let read = read(&mut self.memory.model);
        self.extractor = Some(extractor).filter(|_| read);
        // It keeps its own parameters until the user changes them.
        self.params = self.links.config.get().rce;
        self.publish();
        read
    }

    /// Whether it learns labelled windows now.
    pub fn learns(&self) -> bool {
        RCE && self.memory.model.has_begun() && self.links.teaching.load(Ordering::Relaxed)
    }

    /// Learns a labelled window.
    pub fn learn(&mut self, features: &mut FeatureBench, window: &WindowView<'_>, class: ClassId) {
        let Some(row) = self.extractor.as_ref().and_then(|e| features.row(e, window)) else { return };
        if self.memory.model.learn(row, class, &mut self.memory.scratch).is_ok() {
            self.memory.pending.dismiss();
            self.publish();
        }
    }

    /// Judges a window. One that is unknown, and that nobody labels at once, waits for its label. With the verdict
    /// comes the nearest class, the best guess for an unknown window.
    pub fn infer(
        &mut self,
        features: &mut FeatureBench,
        window: &WindowView<'_>,
    ) -> Option<(Verdict, Option<ClassId>)> {
        if !RCE {
            return None;
        }
        self.follow();
        let row = features.row(self.extractor.as_ref()?, window)?;
        let answer = self.memory.model.infer(row, &mut self.memory.scratch).ok()?;
        if answer.verdict.decision == Decision::Unknown && window.label.is_none() {
            self.memory.pending.keep(row, window.sequence);
            self.links.rce.update(|s| s.waiting = Some(window.sequence));
        }
        Some((answer.verdict, answer.nearest))
    }

    /// Takes over the parameters that the user has changed since the last window.
    // As `begin`.
    #[inline(never)]
    fn follow(&mut self) {
        let config = self.links.config.get().rce;
        if differ(&config, &self.params) {
            // Those that take a new beginning wait for it.
            self.params = config;
            let fitted = config.fitted(self.memory.model.features(), RCE_WORDS);
            self.memory.model.adjust(&fitted);
        }
    }

    fn publish(&mut self) {
        let model = &self.memory.model;
        let s = model.statistics();
        self.links.rce.set(RceStats {
            begun: model.has_begun(),
            prototypes: model.prototypes() as u16,
            capacity: model.capacity() as u16,
            learnt: s.learnt,
            accuracy: s.prequential_accuracy().unwrap_or(0.0),
            recent: s.recent_accuracy,
            pruned: s.pruned,
            refused: s.refused,
            waiting: self.memory.pending.window().map(|(_, sequence)| sequence),
        });
    }
}
