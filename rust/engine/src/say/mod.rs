//! All words: events, faults and figures, for people and as JSON.

pub mod day;
pub(crate) mod faults;
pub(crate) mod keep;
pub mod record;
pub(crate) mod schema;
pub mod telemetry;
pub mod units;

pub use faults::job as job_fault;
pub use keep::{error as keep_error, found, storage_error};
