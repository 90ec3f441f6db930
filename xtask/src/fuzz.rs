//! `cargo xtask fuzz`: every target of `fuzz/`, for a number of inputs each.

use std::process::Command;

use clap::Args;

use crate::workspace;

/// What to fuzz and for how long.
#[derive(Args)]
pub struct FuzzArgs {
    /// Inputs per target
    #[arg(long, value_name = "COUNT", default_value_t = 10_000_000)]
    runs: u64,
    /// Only the targets whose name contains NAME; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

/// Runs the targets one after another, all of them, and says whether none found anything.
pub fn run(args: &FuzzArgs) -> Result<bool, String> {
    let mut failed = Vec::new();
    for target in targets()? {
        if !args.only.is_empty() && !args.only.iter().any(|name| target.contains(name.as_str())) {
            continue;
        }
        println!("{target}: {} inputs", args.runs);
        let mut command = command(&target, args.runs);
        if !command.arg("-print_final_stats=1").status().is_ok_and(|status| status.success()) {
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        eprintln!("found something: {}; the inputs are in fuzz/artifacts", failed.join(", "));
    }
    Ok(failed.is_empty())
}

/// `fuzz/run.sh` on a target, for a number of inputs.
pub fn command(target: &str, inputs: u64) -> Command {
    let mut command = Command::new(workspace::root().join("fuzz/run.sh"));
    command.arg(target).arg(format!("-runs={inputs}"));
    command
}

/// The names of the targets.
pub fn targets() -> Result<Vec<String>, String> {
    let sources = workspace::files()?;
    let names = sources.iter().filter_map(|file| file.strip_prefix("fuzz/fuzz_targets/")?.strip_suffix(".rs"));
    Ok(names.map(str::to_owned).collect())
}
