//! Smaller forms of the model in use: made beside it, compared with it on live windows, and offered.
//!
//! ```text
//!  order ──► make (a free slot) ──► first half of the windows: thresholds ──► second half: comparison ──► offer
//!                                   └── another free slot holds what the two carry from window to window ──┘
//!  yes: published, and saved as any new model      no, or a training begins: forgotten
//! ```
//!
//! A conversion is a job of the training loop: it takes live windows, works in the workspace, and can be cancelled. The
//! windows that set the thresholds are not those of the report, and both are held back from training: they came after it.
//! Of an ESN's first half those count at which the model in use is past its warm-up and finds all normal. What an SVM's decision
//! values are off on average in its first half is taken from its biases; TinyRCE has nothing to set, and no first half.

#[cfg(feature = "small-models")]
mod esn;
#[cfg(feature = "small-models")]
mod job;
#[cfg(feature = "small-models")]
mod rows;
#[cfg(feature = "small-models")]
mod text;

#[cfg(feature = "small-models")]
pub use esn::Stream;
#[cfg(feature = "small-models")]
pub(crate) use esn::{fresh_fixed, fresh_int8};
use hone_esn::Comparison;
use hone_numeric::compress::Fixed;
use hone_numeric::whole::Precision;
#[cfg(feature = "small-models")]
pub(crate) use job::Convert;
#[cfg(feature = "small-models")]
pub(crate) use rows::fresh_rce;
#[cfg(feature = "small-models")]
pub use text::text;

/// What a model is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Its weights clustered, by this factor: 4, 8, 16 or 32.
    Clustered(u8),
    /// In 8-bit integers throughout.
    Int8,
    /// In fixed point of 16 bits throughout.
    Fixed(Fixed),
}

impl Form {
    /// In what integers a model runs in this form; `None` in floating point.
    pub const fn precision(self) -> Option<Precision> {
        match self {
            Self::Int8 => Some(Precision::Int8),
            Self::Fixed(fixed) => Some(Precision::Fixed(fixed)),
            Self::Clustered(_) => None,
        }
    }
}

/// A converted model that waits for the user's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its slot.
    pub slot: u8,
    /// The slot with the comparison.
    pub bench: u8,
}

/// What a conversion would change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Changes {
    /// Bytes of the weights as written, before and after.
    pub weights: [u32; 2],
    /// Bytes of the container, before and after.
    pub bytes: [u32; 2],
    /// Verdicts, errors (of learners other than the ESN: scores) and thresholds, on the windows held back.
    pub comparison: Comparison,
    /// Of these, windows with a label, and how many were judged rightly before and after.
    pub labelled: u32,
    /// See there.
    pub right: [u32; 2],
}

impl Changes {
    /// Nothing yet.
    pub const ZERO: Self =
        Self { weights: [0; 2], bytes: [0; 2], comparison: Comparison::ZERO, labelled: 0, right: [0; 2] };
}

/// Why the model in use was not converted. It stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConvertFault {
    /// There is none.
    NoModel,
    /// Windows are not judged now, so that there is nothing to compare with.
    NotJudged,
    /// An ESN's weights alone are clustered.
    NoSuchForm,
    /// It is converted already.
    Converted,
    /// The ESN's readout could not be clustered.
    Cluster(hone_esn::ClusterError),
    /// The ESN could not be put into integers.
    Quantize(hone_esn::QuantizeError),
    /// The SVM could not be.
    Svm(hone_svm::QuantizeError),
    /// TinyRCE could not be.
    Freeze(hone_rce::FreezeError),
    /// Another model came into use meanwhile.
    Replaced,
    /// The model in use finds too many of the windows anomalous for thresholds to be set by them.
    Abnormal {
        /// So many.
        anomalous: u32,
        /// Of so many.
        windows: u32,
    },
    /// The errors of the windows are such that no threshold follows.
    NoThreshold,
}

/// What comparing two models takes, in a slot of its own.
#[cfg(feature = "small-models")]
#[derive(Debug)]
pub struct Bench {
    /// What the model in use and its new form carry from window to window.
    pub(crate) streams: [Stream; 2],
    /// What is found.
    pub changes: Changes,
}
