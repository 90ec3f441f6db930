//! `hone demo`: the whole story without typing.

use clap::Args;
use std::process::ExitCode;

/// The demonstration.
#[derive(Args, Clone, Debug, Default)]
pub struct DemoArgs {}

/// Runs the subcommand.
pub fn run(_args: &DemoArgs) -> ExitCode {
    eprintln!("error: the demonstration is not part of this build yet");
    ExitCode::FAILURE
}
