//! The device on a host: what it samples, and the shell on it.

pub mod flash;
pub mod hints;
pub mod own;
pub mod replay;
pub mod rig;
pub mod room;
pub mod session;
pub mod source;
