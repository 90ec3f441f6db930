//! `cargo xtask fuzz`: every target of `fuzz/`, for a number of inputs each.

use crate::workspace;
use clap::Args;
use std::path::PathBuf;
use std::process::Command;

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
        let status = Command::new(workspace::root().join("fuzz/run.sh"))
            .arg(&target)
            .arg(format!("-runs={}", args.runs))
            .arg("-print_final_stats=1")
            .status()
            .map_err(|e| format!("fuzz/run.sh: {e}"))?;
        if !status.success() {
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        eprintln!("found something: {}; the inputs are in fuzz/artifacts", failed.join(", "));
    }
    Ok(failed.is_empty())
}

/// The names of the targets.
pub fn targets() -> Result<Vec<String>, String> {
    let folder: PathBuf = workspace::root().join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> =
        entries.filter_map(|e| Some(e.ok()?.path().file_stem()?.to_str()?.to_string())).collect();
    names.sort();
    Ok(names)
}
