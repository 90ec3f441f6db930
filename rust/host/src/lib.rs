//! The device on a host: recordings, evaluation, figures, and the `hone` program's subcommands.
#![forbid(unsafe_code)]

pub mod check;
pub mod dataset;
pub mod demo;
pub mod device;
pub mod eval;
pub mod import;
pub mod model;
pub mod monitor;
pub mod output;
pub mod plot;
pub mod record;
pub mod reproduce;
pub mod run;
pub mod scenario;
pub mod statistics;
pub mod transfer;
pub mod view;
pub mod words;
