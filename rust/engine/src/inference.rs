//! The model in use, and what the user wishes of inference.

use crate::capacity::MODELS;
#[cfg(feature = "small-models")]
use crate::convert::Stream;
use crate::included::ESN;
use crate::link::Links;
#[cfg(not(feature = "small-models"))]
use crate::memory::EsnScratch as Stream;
use crate::memory::{Model, SVM_SCRATCH, Sequence, Slot};
use crate::rows::FeatureBench;
use crate::stats::count;
use crate::training::Published;
use atomic_refcell::AtomicRef;
use hone_learn::{ClassId, Verdict};
#[cfg(feature = "small-models")]
use hone_numeric::whole::Row;
use hone_signal::WindowView;

/// What the user last asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Judge windows.
    pub infer: bool,
    /// Tell of each verdict, not only of changes.
    pub verbose: bool,
    /// Requests of `infer once` so far.
    pub once: u32,
    /// The class of the windows that follow.
    pub label: Option<ClassId>,
}

impl Wish {
    /// At start: infer as soon as there is a model.
    pub const DEFAULT: Self = Self { infer: true, verbose: false, once: 0, label: None };
}

/// Holds the model in use, by a counted borrow, and what it carries from window to window.
#[derive(Debug)]
pub struct Judge {
    slots: &'static [Slot; MODELS],
    in_use: Option<(Published, Option<AtomicRef<'static, Model>>)>,
    /// How an ESN of features sees windows.
    sequence: Option<Sequence>,
    esn: Stream,
    svm: [f32; SVM_SCRATCH],
}

impl Judge {
    pub(crate) fn new(slots: &'static [Slot; MODELS]) -> Self {
        Self { slots, in_use: None, sequence: None, esn: Stream::new(), svm: [0.0; SVM_SCRATCH] }
    }

    /// Takes the newest model into use, if there is a newer one. True when it did.
    pub fn swap_in(&mut self, links: &Links) -> bool {
        let newest = links.published.get();
        if newest == self.in_use.as_ref().map(|(p, _)| *p) {
            return false;
        }
        let Some(published) = newest else {
            self.in_use = None;
            links.inference.update(|s| s.model = None);
            return false;
        };
        let (generation, sequence) = links.sequence.get();
        if generation != published.generation {
            // Another is being published this moment; it comes with the next window.
            return false;
        }
        let model = match published.slot {
            None => None,
            // A slot that is published is never being written, so the borrow succeeds.
            Some(slot) => match self.slots.get(usize::from(slot)).and_then(|s| s.try_borrow().ok()) {
                Some(model) => Some(model),
                None => return false,
            },
        };
        #[cfg(feature = "small-models")]
        if ESN && let Some(model) = model.as_deref() {
            self.esn.prepare(model);
        }
        self.sequence = sequence;
        self.in_use = Some((published, model));
        self.reset();
        links.inference.update(|s| {
            count(&mut s.swaps);
            s.model = Some((published.learner, published.time));
        });
        true
    }

    /// Forgets what came before: the stream was broken, or the model is a new one.
    pub fn reset(&mut self) {
        if ESN {
            self.esn.reset();
        }
    }

    /// Whether what is in use is TinyRCE in its own place; `None` when nothing is.
    pub fn in_place(&self) -> Option<bool> {
        self.in_use.as_ref().map(|(p, _)| p.in_place())
    }

    /// The verdict on a window; `None` without a model in the pool.
    pub fn infer(&mut self, window: &WindowView<'_>, features: &mut FeatureBench) -> Option<Verdict> {
        let (_, model) = self.in_use.as_ref()?;
        let model = &**model.as_ref()?;
        match model {
            Model::Svm(extractor, svm) => {
                let row = features.row(extractor.as_ref()?, window)?;
                return Some(svm.infer(row, &mut self.svm));
            }
            #[cfg(feature = "small-models")]
            Model::RceInteger(extractor, rce) => {
                let row = features.row(extractor.as_ref()?, window)?;
                return rce.infer(&Row::Real(row), &mut self.svm).map(|answer| answer.verdict);
            }
            _ if !ESN => return None,
            _ => {}
        }
        let frames;
        let window = match &self.sequence {
            Some(sequence) => {
                frames = features.frames(sequence, window)?;
                &frames
            }
            None => window,
        };
        match model {
            #[cfg(feature = "small-models")]
            model => self.esn.infer(model, window),
            #[cfg(not(feature = "small-models"))]
            Model::Esn(esn) => Some(esn.infer(window, &mut self.esn)),
            #[cfg(not(feature = "small-models"))]
            _ => None,
        }
    }
}
