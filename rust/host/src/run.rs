//! `hone run`: the interactive device.

use clap::Args;
use std::process::ExitCode;

/// The interactive device.
#[derive(Args, Clone, Debug, Default)]
pub struct RunArgs {}

/// Runs the subcommand.
pub fn run(_args: &RunArgs) -> ExitCode {
    eprintln!("error: the interactive device is not part of this build yet");
    ExitCode::FAILURE
}
