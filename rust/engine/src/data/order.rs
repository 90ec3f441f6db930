//! What is asked of the loops, and what comes of it.

use super::config::Section;
use super::storage::{Health, StorageError};
use crate::learners::{Fault, Learner, Missing};
use hone_learn::learner::{Breach, Form, Part, Refusal, Start};
use hone_learn::payload::PayloadError;
use hone_learn::{ClassId, ParamError, Shortage};
use hone_model::ReadError;
use hone_signal::{Channel, Micros};

/// What the user last asked of inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InferRequest {
    /// Judge windows.
    pub infer: bool,
    /// Tell of each verdict, not only of changes.
    pub verbose: bool,
    /// Requests of `infer once` so far.
    pub once: u32,
    /// The class of the windows that follow.
    pub label: Option<ClassId>,
    /// Windows for which that still holds; 0 until it is taken away.
    pub label_left: u16,
}

impl InferRequest {
    /// At start: infer as soon as there is a model.
    pub const DEFAULT: Self = Self { infer: true, verbose: false, once: 0, label: None, label_left: 0 };
}

/// What the user says of the window that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It is of this class: learn it.
    Learn(ClassId),
    /// It is not to be learnt.
    Dismiss,
}

/// How far a recording is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordPhase {
    /// Nothing is recorded.
    Off,
    /// Frames are sent.
    On,
    /// What was read before the end is still on its way.
    Ending,
}

/// A recording on the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// How far it is.
    pub phase: RecordPhase,
    /// So many frames are one that is sent.
    pub every: u16,
    /// When it ends, or is no longer waited for.
    pub until: Micros,
    /// When it is told again what the samples are.
    pub head: Micros,
    /// Frames sent.
    pub frames: u32,
}

impl Recording {
    /// None.
    pub const OFF: Self = Self { phase: RecordPhase::Off, every: 1, until: Micros(0), head: Micros(0), frames: 0 };
}

/// What the background loop is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Job {
    /// Train.
    Train {
        /// Where it begins.
        start: Start,
        /// What is trained.
        part: Part,
    },
    /// Make this form of the model in use.
    Convert(Form),
    /// Train and judge on rows of the training set held back: each `folds`-th in turn, or this share once.
    Evaluate {
        /// Parts of the set, each held back once; 1: once the last part alone.
        folds: u8,
        /// Thousandths of the rows that are held back at once.
        share: u16,
    },
}

impl Job {
    /// An ordinary training.
    pub const TRAINING: Self = Self::Train { start: Start::Afresh, part: Part::Whole };

    /// Whether it is a training that gives the device a model.
    pub const fn trains(self) -> bool {
        matches!(self, Self::Train { .. })
    }
}

/// Something that the background loop was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JobOrder {
    /// Its number.
    pub id: u32,
    /// Of which learner.
    pub learner: Learner,
    /// Windows to collect, if not what the configuration says.
    pub windows: Option<u16>,
    /// What.
    pub job: Job,
}

/// Where the newest model is and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its slot in the pool.
    pub slot: u8,
    /// Counts publications, so that a slot used again is seen as new.
    pub generation: u32,
    /// Its learner.
    pub learner: Learner,
    /// It learns in place: the inference loop has it to itself.
    pub online: bool,
    /// When it was published.
    pub time: Micros,
}

/// Why a job ended without a result. The model in use stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JobFault {
    /// The user cancelled it.
    Cancelled,
    /// Every slot of the pool is in use, published or being saved.
    NoFreeSlot,
    /// The parameters contradict, or ask for more than the build has.
    Params(Section, ParamError),
    /// The workspace is too small for these parameters.
    Workspace(Shortage),
    /// No window that can be learnt from came for ten seconds, or for as long as four windows take.
    NoWindows,
    /// A window has not the shape that the training was begun for.
    Shape,
    /// There is no model in use.
    NoModel,
    /// The learner does not go on from a model, or the one in use is not its own.
    NoResume,
    /// The learner has no parts to train apart.
    NoPart,
    /// Another model came into use meanwhile.
    Replaced,
    /// There is nothing to hold back: too few rows, or none with a label.
    NoRows,
    /// The rows are of more classes than are told apart.
    Classes,
    /// The model in use has no such form.
    NoSuchForm,
    /// It is converted already.
    Converted,
    /// The model said nothing of any row or window held back; it is dropped.
    NoAnswer,
    /// The learner broke the contract; what it made is dropped.
    Breach(Breach),
    /// As the learner says.
    Learner(Fault),
}

impl JobFault {
    /// The parameters of a section are wrong.
    // Not inlined: what was checked would be taken apart byte by byte around the error.
    #[inline(never)]
    pub(crate) fn params(section: Section, error: &ParamError) -> Self {
        Self::Params(section, *error)
    }
}

impl From<Refusal<Fault>> for JobFault {
    fn from(refusal: Refusal<Fault>) -> Self {
        match refusal {
            Refusal::NoSuchForm => Self::NoSuchForm,
            Refusal::Converted => Self::Converted,
            Refusal::Fault(fault) => Self::Learner(fault),
        }
    }
}

/// What a conversion would change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Changes {
    /// Bytes of the weights as written, before and after.
    pub weights: [u32; 2],
    /// Bytes of the container, before and after.
    pub bytes: [u32; 2],
    /// Windows compared.
    pub windows: u32,
    /// Windows on which the two decide differently.
    pub changed: u32,
    /// Windows anomalous before and after.
    pub anomalous: [u32; 2],
    /// Windows whose score both gave.
    pub judged: u32,
    /// Mean score of single windows before and after, over the windows that both judged.
    pub score: [f32; 2],
    /// Threshold before and after, where there is one.
    pub threshold: Option<[f32; 2]>,
    /// Of the windows, those with a label, and how many were judged rightly before and after.
    pub labelled: u32,
    /// See there.
    pub right: [u32; 2],
}

impl Changes {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        weights: [0; 2],
        bytes: [0; 2],
        windows: 0,
        changed: 0,
        anomalous: [0; 2],
        judged: 0,
        score: [0.0; 2],
        threshold: None,
        labelled: 0,
        right: [0; 2],
    };
}

/// A converted model that waits for the user's word.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// Its slot.
    pub slot: u8,
    /// What it would change.
    pub changes: Changes,
}

/// What the shell asks of keeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepRequest {
    /// Save the model in use.
    Save,
    /// Go back to the one saved.
    Load,
    /// Forget both.
    Erase,
    /// Lend the workspace, with the model in use in its container.
    Export,
    /// Lend the workspace, for a container to be put into it.
    Lend,
    /// Take the container of so many bytes in the workspace, which has come home, into use, and save it.
    Take(u32),
    /// Take the new form of the model in use that is offered into its place, and save it.
    Replace,
}

/// An order of the shell's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepOrder {
    /// Its number.
    pub id: u32,
    /// What is asked.
    pub request: KeepRequest,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The model's learner.
    pub learner: Option<Learner>,
    /// Bytes of its container.
    pub bytes: u32,
    /// Pages erased.
    pub erases: u32,
    /// It is in flash.
    pub saved: bool,
    /// Classes that have another name now than before.
    pub renamed: u16,
}

/// Why it was not done. The model in use stays, and so does the one saved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeepError {
    /// There is no model in use.
    NoModel,
    /// None is saved.
    NothingSaved,
    /// A training is under way and uses the workspace.
    Training,
    /// Another transfer uses the workspace.
    Lent,
    /// Every slot of the pool is in use.
    NoFreeSlot,
    /// The workspace is too small for this.
    Workspace {
        /// Bytes needed.
        needed: u32,
        /// Bytes there are.
        available: u32,
    },
    /// These bytes are no model of this build.
    Read(ReadError),
    /// The model is of a learner that this build leaves out.
    Missing(Missing),
    /// The model is for another number of channels.
    Channels {
        /// The model's.
        model: u16,
        /// The sensor's, or what the build has room for.
        have: u16,
    },
    /// The model was trained at another rate.
    Rate {
        /// The model's, in hertz.
        model: f32,
        /// The sensor's.
        have: f32,
    },
    /// The model was trained on samples of another scale or unit.
    Meaning {
        /// Of this channel.
        channel: u16,
        /// The model's.
        model: Channel,
        /// The sensor's.
        have: Channel,
    },
    /// The model is for windows of another length.
    Frames {
        /// The model's.
        model: u32,
        /// The build's.
        have: u32,
    },
    /// The model's parameters are beyond this build.
    Params(Section, ParamError),
    /// The model has another number of features than its pipeline gives.
    Features {
        /// The model's.
        model: u16,
        /// The pipeline's.
        have: u16,
    },
    /// The model learnt from what an encoder made that is not here.
    Encoder {
        /// The encoder's digest.
        model: u32,
        /// That of the encoder there is.
        have: Option<u32>,
    },
    /// The converted model that was to be taken into use is no longer there.
    NoOffer,
    /// The model could not be encoded.
    Unwritable,
    /// The flash.
    Flash(StorageError),
}

impl KeepError {
    // As [`JobFault::params`].
    #[inline(never)]
    pub(crate) fn params(section: Section, error: &ParamError) -> Self {
        Self::Params(section, *error)
    }
}

impl From<StorageError> for KeepError {
    fn from(error: StorageError) -> Self {
        Self::Flash(error)
    }
}

impl From<PayloadError> for KeepError {
    fn from(error: PayloadError) -> Self {
        Self::Read(ReadError::Payload(error))
    }
}

/// Kept by the background loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeepStatus {
    /// Orders so far; their numbers count from 1.
    pub ordered: u32,
    /// The newest order done with.
    pub done: u32,
    /// How it ended.
    pub result: Result<Kept, KeepError>,
    /// The flash.
    pub health: Health,
    /// Models saved.
    pub saves: u32,
    /// Configurations saved.
    pub config_saves: u32,
    /// Saves that failed.
    pub failures: u32,
    /// Pages erased.
    pub erases: u32,
    /// Settings that were found in flash and are of another build.
    pub skipped: u16,
    /// The shell has the workspace.
    pub lent: bool,
    /// A model or parameters are being saved.
    pub saving: bool,
}

impl KeepStatus {
    /// Nothing yet.
    pub const ZERO: Self = Self {
        ordered: 0,
        done: 0,
        result: Ok(Kept { learner: None, bytes: 0, erases: 0, saved: false, renamed: 0 }),
        health: Health {
            ready: false,
            found: hone_store::Found { values: 0, unfinished: 0, damaged: 0, markers: 0, repaired: 0, foreign: 0 },
            free: 0,
            model: 0,
        },
        saves: 0,
        config_saves: 0,
        failures: 0,
        erases: 0,
        skipped: 0,
        lent: false,
        saving: false,
    };
}
