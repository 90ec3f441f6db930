//! The device on a host: recordings, evaluation, figures, and the `hone` program's subcommands.

pub mod demo;
pub mod device;
pub mod dataset;
pub mod plot;
pub mod run;
