//! The hone program.
#![forbid(unsafe_code)]

use clap::{Parser, Subcommand};
use hone_host::{check, demo, eval, model, output, record, run, transfer};
use std::process::ExitCode;

/// On-device learning without the device: the engine of the Zephyr application, on simulated or recorded samples.
#[derive(Parser)]
#[command(
    name = "hone",
    version,
    // What belongs to `run` is not passed over before another subcommand.
    args_conflicts_with_subcommands = true,
    after_help = "Begin with 'hone demo', then 'hone' and there 'help'. Recordings: 'hone new FILE...', 'hone check', 'hone eval'."
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
    /// Records what a device samples, over its console: CSV, WAV or .npy, with a manifest.
    Record(record::RecordArgs),
    /// What is in a model file.
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Reads recordings and tells what they are: ranges, gaps, rates, windows by part and class.
    Check(check::CheckArgs),
    /// Looks at recordings, and proposes and writes a manifest for them.
    New(check::NewArgs),
    /// Trains and tests on recordings with the device's own code, and prints the figures.
    Eval(eval::EvalArgs),
}

fn main() -> ExitCode {
    let status = match Cli::try_parse() {
        Ok(cli) => go(&cli),
        Err(e) if e.use_stderr() => e.exit(),
        Err(e) => {
            output::print(&e.render().to_string());
            ExitCode::SUCCESS
        }
    };
    output::flush();
    status
}

fn go(cli: &Cli) -> ExitCode {
    match &cli.command {
        None => run::run(&cli.run),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Demo(args)) => demo::demo(args),
        Some(Command::Model(command)) => output::exit(model::run(command)),
        Some(Command::Push(args)) => output::exit(transfer::push(args)),
        Some(Command::Pull(args)) => output::exit(transfer::pull(args)),
        Some(Command::Record(args)) => output::exit(record::run(args)),
        Some(Command::Check(args)) => output::exit(check::run(args)),
        Some(Command::New(args)) => output::exit(check::new::run(args)),
        Some(Command::Eval(args)) => output::exit(eval::run(args)),
    }
}
