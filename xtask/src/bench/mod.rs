//! `cargo xtask bench`: instruction counts, memory and sizes of kernels and learners on an emulated Cortex-M4F.

mod counts;
mod data;
mod emulator;

use std::path::{Path, PathBuf};

use clap::Args;

use emulator::{EMPTY, Emulator, Run, VECTORS, succeed};

/// What `cargo xtask bench` takes.
#[derive(Args, Debug, Default)]
pub struct BenchArgs {
    /// Programs to run (default: all)
    programs: Vec<String>,
    /// Print one line of JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Compare the computations of rust/vectors on host and target, bit by bit, and stop
    #[arg(long)]
    vectors: bool,
    /// Folder of recordings
    #[arg(long, env = "HONE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the task.
///
/// # Errors
/// What failed.
pub fn run(args: &BenchArgs) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no repository around xtask")?;
    let emulator = Emulator::build(root)?;
    println!("compiler {}", emulator.key);
    if args.vectors {
        return vectors(root, &emulator);
    }
    let folder = args.data.clone().unwrap_or_else(|| root.join("../shared/data"));
    data::prepare(&folder, &emulator.data())?;
    emulator.run(EMPTY, false)?;
    for program in &emulator.programs {
        if !args.programs.is_empty() && !args.programs.iter().any(|p| p == program) {
            continue;
        }
        let Run { brackets, .. } = emulator.run(program, false)?;
        for b in brackets.iter().skip(1) {
            let count = b.counts.instructions();
            let [size, units, workspace, model, stack] = b.figures;
            let per_unit = if units > 0 { format!("{:.2}", count as f64 / units as f64) } else { String::new() };
            println!(
                "{:<28} {size:>6} {count:>12} {per_unit:>8} {workspace:>8} {model:>8} {stack:>6} {:>12.0}",
                b.name,
                b.counts.cycles()
            );
        }
    }
    Ok(())
}

/// Compares host and target.
fn vectors(root: &Path, emulator: &Emulator) -> Result<(), String> {
    let target = emulator.run(VECTORS, false)?.values;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = std::process::Command::new(cargo);
    let text = succeed(command.args(["run", "--quiet", "--release", "--package", "hone-vectors"]).current_dir(root))?;
    let host: Vec<&str> = text.lines().filter(|l| l.starts_with("value ")).collect();
    let mut differ = Vec::new();
    for i in 0..host.len().max(target.len()) {
        let (h, t) = (host.get(i).copied().unwrap_or("nothing"), target.get(i).map_or("nothing", String::as_str));
        if h == t {
            println!("{h}");
        } else {
            differ.push(format!("host {h}, target {t}"));
        }
    }
    if differ.is_empty() && !host.is_empty() {
        Ok(())
    } else {
        Err(format!("not the same bits:\n{}", differ.join("\n")))
    }
}
