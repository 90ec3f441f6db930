//! The hone program.

use clap::{Parser, Subcommand};
use hone_host::{demo, eval, run};
use std::process::ExitCode;

/// A device that learns by itself, on your desk: train, infer and evaluate with the same code as on the board.
#[derive(Parser)]
#[command(name = "hone", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::RunArgs,
}

#[derive(Subcommand)]
enum Command {
    /// The interactive device (the default)
    Run(run::RunArgs),
    /// The whole story in half a minute, without typing
    Demo(demo::DemoArgs),
    /// Train and test on recordings, and print the figures
    Eval(eval::EvalArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        None => run::run(&cli.run),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Demo(args)) => demo::run(&args),
        Some(Command::Eval(args)) => match eval::run(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => {
                eprintln!("error: {e}");
                ExitCode::FAILURE
            }
        },
    }
}
