//! What is asked of the training loop, and what comes of it.

use crate::config::{Learner, Section};
#[cfg(feature = "small-models")]
use crate::convert::ConvertFault;
use crate::convert::Form;
use crate::included::{Missing, RCE};
use crate::link::Links;
use hone_learn::ParamError;
use hone_signal::Micros;

/// A training that someone asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainOrder {
    /// Its number.
    pub id: u32,
    /// What to train.
    pub learner: Learner,
    /// Windows to collect, if not what the configuration says.
    pub windows: Option<u16>,
    /// Convert the model in use instead.
    pub form: Option<Form>,
}

impl TrainOrder {
    /// Orders a training; its number. `None` when orders are waiting already.
    pub fn send(links: &Links, learner: Learner, windows: Option<u16>) -> Option<u32> {
        Self::order(links, learner, windows, None)
    }

    /// As [`TrainOrder::send`], of a conversion of the model in use where `form` says so.
    pub fn order(links: &Links, learner: Learner, windows: Option<u16>, form: Option<Form>) -> Option<u32> {
        let id = links.training.update(|t| {
            t.ordered = t.ordered.wrapping_add(1);
            t.ordered
        });
        links.orders.send(Self { id, learner, windows, form }).ok().map(|()| id)
    }
}

/// The newest model: where it is and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its slot in the pool; `None` for TinyRCE that learns, which has its own place.
    pub slot: Option<u8>,
    /// Counts publications, so that a slot used again is seen as new.
    pub generation: u32,
    /// Its learner.
    pub learner: Learner,
    /// When it was published.
    pub time: Micros,
}

impl Published {
    /// Whether it is TinyRCE, learning in its own place.
    pub fn in_place(&self) -> bool {
        RCE && self.learner == Learner::Rce && self.slot.is_none()
    }
}

/// Why a training ended without a model. The model in use stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrainFault {
    /// The user cancelled it.
    Cancelled,
    /// This build leaves the learner out.
    Missing(Missing),
    /// Every slot of the pool is in use, published or being saved.
    NoFreeSlot,
    /// The parameters contradict, or ask for more than the build has.
    Params(Section, ParamError),
    /// The workspace is too small for these parameters.
    Workspace {
        /// Bytes needed.
        needed: u32,
        /// Bytes there are.
        available: u32,
    },
    /// No window that can be learnt from came for ten seconds, or for as long as four windows take.
    NoWindows,
    /// The ESN could not be trained.
    Esn(hone_esn::TrainError),
    /// The SVM could not be trained.
    Svm(hone_svm::TrainError),
    /// The model in use could not be converted.
    #[cfg(feature = "small-models")]
    Convert(ConvertFault),
}

impl TrainFault {
    /// The parameters of a section are wrong.
    // Not inlined: what was checked would be taken apart byte by byte around the error.
    #[inline(never)]
    pub(crate) fn params(section: Section, error: &ParamError) -> Self {
        Self::Params(section, *error)
    }
}
