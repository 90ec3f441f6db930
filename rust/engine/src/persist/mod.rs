//! What outlives the power: the model in use and the run-time parameters. The training loop keeps them, at the lowest
//! priority, in the flash that it is lent at each turn.
//!
//! ```text
//!  shell ──KeepOrder──► training loop ──► slot, by a counted borrow ─────────┐
//!    ▲                        │ ▲                                             ├─► container ─► Vault (flash)
//!    │                        ▼ │ Loan: the idle workspace                    │
//!    │                  inference loop ──► TinyRCE's snapshot in it ──────────┘
//!    └── the workspace with a container (export), or for one (import)
//! ```
//!
//! An ESN or SVM lies still in its slot while it is used, so it is streamed from there into flash. TinyRCE learns in
//! place: between two windows the inference loop encodes it into the training's workspace, which is idle unless a
//! training is under way, and goes on; docs/adr/rce-snapshot.md says why. A model that comes in, from flash or from the
//! shell, is read from that workspace into a free slot; TinyRCE's, for which there is no second place, is tried out in
//! the rest of the workspace first. Until it has been found good nothing changes.
//!
//! An erase may stop the processor for seconds. It is told of [`ANNOUNCE`] ahead, sampling sees it in
//! [`Links::erases`](crate::Links), and the frames missed are counted as the flash's, not as overruns.

pub(crate) mod container;
mod incoming;
mod keeper;
mod outgoing;
mod settings;
mod text;
mod vault;

use crate::config::{Learner, Section};
use crate::included::Missing;
use hone_learn::ParamError;
use hone_model::ReadError;
use hone_signal::{Extractor, Micros};

pub(crate) use keeper::{Keeper, serve};
pub use text::{error, found, vault_error};
pub use vault::{Flash, Health, KEYS, Key, NoFlash, Vault, VaultError};

/// How long before an erase it is told of, so that the line is out when the processor stops.
pub const ANNOUNCE: Micros = Micros(100_000);
/// How long a changed parameter waits for others to change before all are saved.
pub const SETTLE: Micros = Micros(1_000_000);
/// How long TinyRCE must have learnt nothing before what it learnt is saved unasked.
pub const QUIET: Micros = Micros(30_000_000);

/// What the shell asks of the training loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
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
    #[cfg(feature = "small-models")]
    Replace,
}

/// An order of the shell's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepOrder {
    /// Its number.
    pub id: u32,
    /// What is asked.
    pub wanted: Wanted,
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
    /// The model was trained on samples of another scale or unit.
    Scale,
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
    /// The converted model that was to be taken into use is no longer there.
    #[cfg(feature = "small-models")]
    NoOffer,
    /// The model could not be encoded.
    Unwritable,
    /// The flash.
    Flash(VaultError),
}

impl KeepError {
    // As [`TrainFault::params`](crate::training::TrainFault).
    #[inline(never)]
    pub(crate) fn params(section: Section, error: &ParamError) -> Self {
        Self::Params(section, *error)
    }
}

impl From<VaultError> for KeepError {
    fn from(error: VaultError) -> Self {
        Self::Flash(error)
    }
}

/// Kept by the training loop.
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
        result: Ok(Kept { learner: None, bytes: 0, erases: 0, saved: false }),
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

/// A TinyRCE as it was encoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    /// Bytes of its payload.
    pub length: u32,
    /// What its features are computed by.
    pub extractor: Extractor,
    /// Its parameters.
    pub params: hone_rce::Params,
}

/// What is to be done with the memory of a [`Loan`], or was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Task {
    /// Encode TinyRCE's model into it.
    Save,
    /// Encoded.
    Saved(Snapshot),
    /// Read TinyRCE's model from these bytes of it, which were found good.
    Load {
        /// First byte.
        from: u32,
        /// Bytes.
        length: u32,
        /// What its features are computed by.
        extractor: Extractor,
    },
    /// Read.
    Loaded,
    /// Put TinyRCE's model into integers, into it.
    #[cfg(feature = "small-models")]
    Freeze(hone_numeric::whole::Precision),
    /// Done; of the one that learns as in [`Task::Saved`].
    #[cfg(feature = "small-models")]
    Frozen(Snapshot),
    /// Why not.
    #[cfg(feature = "small-models")]
    NotFrozen(hone_rce::FreezeError),
    /// It could not be done: there is no model, or no room.
    Refused,
}

/// The training's workspace on its way to the inference loop and back.
#[derive(Debug)]
pub struct Loan {
    /// The workspace.
    pub memory: &'static mut [u32],
    /// What for.
    pub task: Task,
}

/// The workspace as bytes.
pub fn bytes(memory: &mut [u32]) -> &mut [u8] {
    let count = memory.len() * 4;
    hone_learn::Workspace::new(memory).take(count).unwrap_or(&mut [])
}
