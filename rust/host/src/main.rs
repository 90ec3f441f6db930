//! The hone program.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use hone_host::{demo, eval, model, run, transfer};
use std::process::ExitCode;

/// On-device learning without the device: the engine of the Zephyr application, on simulated or recorded samples.
#[derive(Parser)]
#[command(
    name = "hone",
    version,
    after_help = "Begin with 'hone demo', then 'hone' and there 'help'. Recordings: 'hone eval fan-low --learner esn'."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::RunArgs,
}

#[derive(Subcommand)]
enum Command {
    /// The interactive device (also without a subcommand); with standard input not a terminal, runs it as a script.
    Run(run::RunArgs),
    /// The whole story without typing: collect, train, judge, inject a fault, find it; writes a figure.
    Demo(demo::DemoArgs),
    /// Sends a model file to a device over its console, where it is taken into use and saved.
    Push(transfer::TransferArgs),
    /// Fetches the model in use from a device over its console.
    Pull(transfer::TransferArgs),
    /// What is in a model file.
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Trains and tests on recordings with the device's own code, and prints the figures.
    Eval(eval::EvalArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        None => run::run(&cli.run),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Demo(args)) => demo::demo(args),
        Some(Command::Model(command)) => match model::run(command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => {
                eprintln!("error: {e}");
                ExitCode::FAILURE
            }
        },
        Some(Command::Push(args)) => transfer::exit(transfer::push(args)),
        Some(Command::Pull(args)) => transfer::exit(transfer::pull(args)),
        Some(Command::Eval(args)) => match eval::run(args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => {
                eprintln!("error: {e}");
                ExitCode::FAILURE
            }
        },
    }
}
