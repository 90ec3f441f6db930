//! How a training ends, and what an epoch gave.

use crate::network::NetworkError;
use hone_learn::{ClassId, Shortage};

/// The training failed. The model trained into is untrained unless said otherwise; the set and the trainer's parameters are
/// as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainError {
    /// The set has no labelled rows. Label some.
    NoRows,
    /// All labelled rows are of this class. Label rows of another.
    OneClass(ClassId),
    /// More classes than the network was checked for.
    TooManyClasses {
        /// What it has outputs for.
        capacity: u32,
    },
    /// Rows are not as long as the network's input.
    Width {
        /// Numbers that the network takes in.
        expected: u32,
        /// Numbers of a row.
        found: u32,
    },
    /// The workspace is too small.
    Workspace(Shortage),
    /// The model's storage is too small.
    Model(Shortage),
    /// The network does not fit its input.
    Network(NetworkError),
    /// To go on from: the model is not one of this network, in these numbers. It stays as it was.
    OtherModel,
    /// To go on from: the model does not know this class. It stays as it was.
    OtherClass(ClassId),
    /// The set was changed between two steps. Start again.
    SetChanged,
    /// The loss grew without end, and there were no weights to fall back on: lower the rate, or set keep on.
    Diverged,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs are done.
    Epochs,
    /// Nothing got better for `patience` epochs.
    Early,
    /// The loss grew without end each time that the rate was lowered; the best weights are in the model.
    Diverged,
    /// The user cancelled it.
    Cancelled,
}

/// What an epoch gave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epoch {
    /// Its number, from 1; 0 before the first has ended.
    pub number: u16,
    /// Mean cross-entropy of the rows learnt, as they were met; of a network that samples its loss.
    pub loss: f32,
    /// Share of the rows learnt that were right as they were met.
    pub seen: f32,
    /// Share of the rows held back that are right after it; of a network that samples their mean loss; not a number when none are.
    pub held: f32,
    /// Rows skipped after the forward pass.
    pub skipped: u32,
}
