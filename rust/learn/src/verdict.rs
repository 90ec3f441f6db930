//! What a model says of one window.

/// The number of a class, chosen by the user (`label 3`). Names belong to the model's container, not here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u16);

/// The decision of a model. Detectors answer with the first two, classifiers with the last two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Like what was trained on.
    Normal,
    /// Unlike what was trained on.
    Anomalous,
    /// Of this class.
    Class(ClassId),
    /// Of no class known; the device asks for a label.
    Unknown,
}

/// A decision and the number behind it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// What the model decided.
    pub decision: Decision,
    /// What the decision rests on, in the learner's own unit: the ESN's (averaged) mean squared error, the SVM's
    /// decision value, the RCE's distance over radius.
    pub score: f32,
}
