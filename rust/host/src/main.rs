//! The hone program.
#![forbid(unsafe_code)]

use clap::{CommandFactory, Parser, Subcommand};
use hone_host::{check, demo, eval, model, monitor, output, record, reproduce, run, scenario, transfer, view};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// On-device learning without the device: the engine of the Zephyr application, on simulated or recorded samples
#[derive(Parser)]
#[command(
    name = "hone",
    version,
    // What belongs to `run` is not passed over before another subcommand.
    args_conflicts_with_subcommands = true,
    after_help = "Three things to try: 'hone demo' tells the whole story, 'hone' is the device to play with, and 'hone new FILE...' \
                  begins with your own recordings."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::RunArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Run the device with its shell (the default); commands on standard input run as a script
    Run(run::RunArgs),
    /// Tell the whole story without typing: train on a motor, break it, find the fault; draws a figure
    Demo(demo::DemoArgs),
    /// Send a model file to a board over its console; the board uses and keeps it
    Push(transfer::TransferArgs),
    /// Fetch the model in use from a board over its console
    Pull(transfer::TransferArgs),
    /// Record what a board samples, over its console: CSV, WAV or .npy, with a manifest
    Record(record::RecordArgs),
    /// Show a page on this machine on which a board, a replay or the simulated motor is seen and taught
    View(view::ViewArgs),
    /// Give on what a board says as it says it: JSON lines, CSV, or MQTT
    Monitor(monitor::MonitorArgs),
    /// Show, compare or convert model files
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Read recordings and say what is in them: ranges, gaps, rates, windows by part and class
    Check(check::CheckArgs),
    /// Look at recordings and write a manifest for them: start here with your own data
    New(check::NewArgs),
    /// Train and test on recordings with the device's own code, print the figures, save the model
    Eval(eval::EvalArgs),
    /// Search a learner's settings inside the training part of recordings alone; say what they gain
    Tune(eval::TuneArgs),
    /// Repeat an experiment of the literature on the simulated motor; figures beside what was published
    Scenario(scenario::ScenarioArgs),
    /// Make the pages again that set the figures of the works behind the project beside those measured here
    Reproduce(reproduce::ReproduceArgs),
    /// Print the completions of a shell, to be read by it
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write manual pages into a folder, one for each subcommand, or print the first of them
    Man {
        /// The folder; made if missing
        folder: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let status = match Cli::try_parse() {
        Ok(cli) => go(&cli),
        Err(e) if e.use_stderr() => e.exit(),
        Err(e) => {
            let text = e.render();
            output::print(&if output::colours() { text.ansi().to_string() } else { text.to_string() });
            ExitCode::SUCCESS
        }
    };
    output::flush();
    status
}

fn go(cli: &Cli) -> ExitCode {
    match &cli.command {
        None => run::run(&cli.run, true),
        Some(Command::Run(args)) => run::run(args, false),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "hone", &mut script);
            output::bytes(&script);
            ExitCode::SUCCESS
        }
        Some(Command::Man { folder }) => output::exit(man(folder.as_deref())),
        Some(Command::Demo(args)) => demo::demo(args),
        Some(Command::Model(command)) => output::exit(model::run(command)),
        Some(Command::Push(args)) => output::exit(transfer::push(args)),
        Some(Command::Pull(args)) => output::exit(transfer::pull(args)),
        Some(Command::Record(args)) => output::exit(record::run(args)),
        Some(Command::Monitor(args)) => output::exit(monitor::run(args)),
        Some(Command::View(args)) => output::exit(view::run(args)),
        Some(Command::Check(args)) => output::exit(check::run(args)),
        Some(Command::New(args)) => output::exit(check::new::run(args)),
        Some(Command::Eval(args)) => output::exit(eval::run(args)),
        Some(Command::Reproduce(args)) => output::exit(reproduce::run(args)),
        Some(Command::Scenario(args)) => output::exit(scenario::run(args)),
        Some(Command::Tune(args)) => output::exit(eval::tune(args)),
    }
}

/// Writes the manual pages.
fn man(folder: Option<&Path>) -> Result<(), String> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(|e| e.to_string())?;
        output::bytes(&page);
        return Ok(());
    };
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)
}
