//! Development tasks of Hone, run as `cargo xtask TASK`. `docs/guides/testing.md` describes them.
#![forbid(unsafe_code)]

mod bench;
mod deps;
mod fuzz;
mod hygiene;
mod size;
mod suite;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use suite::Tier;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Development tasks of Hone", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the checks, here and on the emulated microcontroller
    ///
    /// Each check is one row of a table (--list). All run, even after a failure; the output of a failing one is
    /// shown whole, that of the others is kept in target/xtask-log. The last line is `N passed, M failed, K skipped`:
    /// tests count one each, a check that runs no tests counts as one. The exit status is 0 only if nothing failed.
    Test(TestArgs),
    /// Format every workspace
    Format,
    /// Run the quick checks: format, hygiene, clippy, no-panic, unit tests
    Check {
        /// Stop at the first check that fails
        #[arg(long)]
        fail_fast: bool,
    },
    /// Count instructions, memory and sizes of kernels and learners on an emulated Cortex-M4F
    Bench(bench::BenchArgs),
    /// Show flash and RAM of a built Zephyr image by component
    Size(size::SizeArgs),
    /// Fuzz everything that reads bytes or text from outside
    Fuzz(fuzz::FuzzArgs),
}

#[derive(Args)]
struct TestArgs {
    /// Everything: long fuzzing, all figures, all instruction counts with every compiler, Miri
    #[arg(long)]
    all: bool,
    /// Print the names of the checks and stop
    #[arg(long)]
    list: bool,
    /// Run only the checks whose name contains NAME; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Stop at the first check that fails
    #[arg(long)]
    fail_fast: bool,
    /// Install nothing (.ci/setup does): a check that lacks something is skipped, and says what to install
    #[arg(long)]
    no_install: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Test(args) => {
            let tier = if args.all { Tier::All } else { Tier::Usual };
            if args.list {
                suite::list(&args.only, tier);
                return ExitCode::SUCCESS;
            }
            let install = !args.no_install;
            suite::run(&suite::Options { only: args.only, tier, fail_fast: args.fail_fast, install })
        }
        Task::Format => suite::format_all(),
        Task::Check { fail_fast } => {
            suite::run(&suite::Options { only: Vec::new(), tier: Tier::Quick, fail_fast, install: false })
        }
        Task::Bench(args) => bench::run(&args).map(|()| true),
        Task::Size(args) => size::run(&args).map(|()| true),
        Task::Fuzz(args) => fuzz::run(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What a check found: errors make it fail, warnings are shown, notes go to the log.
#[derive(Default, Debug)]
struct Findings {
    errors: Vec<String>,
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl Findings {
    fn error(&mut self, text: impl Into<String>) {
        self.errors.push(text.into());
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn text(&self) -> String {
        let line = |kind: &str, text: &String| format!("{kind}{text}\n");
        let errors = self.errors.iter().map(|t| line("error: ", t));
        let warnings = self.warnings.iter().map(|t| line("warning: ", t));
        let notes = self.notes.iter().map(|t| line("", t));
        errors.chain(warnings).chain(notes).collect()
    }
}
