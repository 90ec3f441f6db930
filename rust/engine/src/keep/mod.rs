//! What outlives the power: the model in use and the run-time parameters. The background loop keeps them, at the lowest
//! priority, in the flash that it is lent at each turn.
//!
//! ```text
//!  shell ──order──► Keeper ──► slot, by a counted borrow, or a copy ─► container ─► Storage (flash)
//!    └── the workspace with a container (export), or for one (import)
//! ```
//!
//! A model lies still in its slot while it is used, so it is streamed from there into flash. One that learns in place is
//! copied into a free slot first, between two windows. A model that comes in, from flash or from the shell, is read from the
//! workspace into a free slot. Until it has been found good nothing changes.
//!
//! An erase may stop the processor for seconds. It is told of [`ANNOUNCE`] ahead, sampling sees it in
//! [`Links::erases`](crate::Links), and the frames missed are counted as the flash's, not as overruns.

pub mod container;
mod incoming;
mod keeper;
mod outgoing;
mod settings;

pub(crate) use keeper::Keeper;

use hone_signal::Micros;

/// How long before an erase it is told of, so that the line is out when the processor stops.
pub const ANNOUNCE: Micros = Micros(100_000);
/// How long a changed parameter waits for others to change before all are saved.
pub const SETTLE: Micros = Micros(1_000_000);
/// How long a model must have learnt nothing in place before what it learnt is saved unasked.
pub const QUIET: Micros = Micros(30_000_000);

/// The workspace as bytes.
pub fn bytes(memory: &mut [u32]) -> &mut [u8] {
    let count = memory.len() * 4;
    hone_learn::Workspace::new(memory).take(count).unwrap_or(&mut [])
}
