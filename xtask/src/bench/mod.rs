//! `cargo xtask bench`: instruction counts, memory and sizes of kernels and learners on an emulated Cortex-M4F.

mod baseline;
mod cost;
mod counts;
mod data;
mod elf;
mod emulator;
mod formatting;
mod growth;
mod markdown;
mod panics;
mod plugin;
mod row;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use baseline::{Baseline, Rise};
use cost::Board;
use emulator::{Core, EMPTY, Emulator, IMAGE, VECTORS, succeed};
use row::{Row, columns, thousands};

use crate::toolchain::Toolchain;
use crate::workspace;

/// Bytes of code that part of a program has at most, whatever a baseline says, on the M4F: of a regression of streams as the
/// contract has it, and of the least SVM, linear and RBF
/// kernels with rows in `f32`.
const LIMITS: [(&str, u64); 2] = [("linear_text/hone_linear", 8 * 1024), ("svm_text/hone_svm", 8 * 1024)];

/// What the usual run of the checks measures.
const SAMPLE: [&str; 8] = ["esn", "kernels", "linear", "linear_text", "rce", "rce_text", "svm", "svm_text"];

/// What `cargo xtask bench` takes.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Programs to run (default: all; on the Cortex-M3 those with integers)
    programs: Vec<String>,
    /// The core to emulate
    #[arg(long, value_enum, default_value_t)]
    core: Core,
    /// The compiler whose key contains KEY, as `1.96` or `prebuilt` (default: the first that is found)
    #[arg(long, value_name = "KEY")]
    compiler: Option<String>,
    /// For both cores, with every compiler that is found, one after another
    #[arg(long, conflicts_with_all = ["compiler", "core", "json", "markdown"])]
    all: bool,
    /// Only the programs that `cargo xtask test` runs: of each learner and the kernels, without growth
    #[arg(long, conflicts_with_all = ["programs", "accept", "markdown"])]
    sample: bool,
    /// Print one line of JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Record these figures as the baseline in counts/ and sizes/
    #[arg(long, conflicts_with = "programs")]
    accept: bool,
    /// Print the instructions by kind, too
    #[arg(long)]
    kinds: bool,
    /// Print cycles, time and energy on a Cortex-M4, too, estimated
    #[arg(long)]
    cost: bool,
    /// Core clock of the estimate, MHz
    #[arg(long, value_name = "MHZ", default_value_t = 84.0)]
    clock: f64,
    /// Supply current of the estimate, mA (an assumption: 137 µA/MHz at 84 MHz; see docs/performance.md)
    #[arg(long, value_name = "MA", default_value_t = 11.5)]
    current: f64,
    /// Supply voltage of the estimate
    #[arg(long, value_name = "V", default_value_t = 3.3)]
    voltage: f64,
    /// Write how costs grow with size to docs/growth, a table and a plot each
    #[arg(long)]
    growth: bool,
    /// Write the tables of docs/performance.md anew, and docs/growth
    #[arg(long, conflicts_with = "programs")]
    markdown: bool,
    /// Compare the computations of rust/vectors on host and target, bit by bit, and stop
    #[arg(long)]
    vectors: bool,
    /// Compare the plugin's kinds with a disassembler's names, and stop
    #[arg(long)]
    check_plugin: bool,
    /// Print the calls of each portable crate that may panic, and what brings formatting into a program, and stop
    #[arg(long)]
    panics: bool,
    /// Folder of recordings (default: ../shared/data)
    #[arg(long, env = "HONE_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the task. Figures more than 2 % above the baseline of the same compiler are a failure, and so is code above its limit.
///
/// # Errors
/// What failed.
pub fn run(args: &BenchArgs) -> Result<(), String> {
    // What looks into programs does so in those of the usual core.
    let looks = args.vectors || args.check_plugin || args.panics;
    let cores = match args.all {
        true if looks => vec![Core::CortexM4f],
        true => vec![Core::CortexM4f, Core::CortexM3],
        false => vec![args.core],
    };
    // All of them run, even after one has failed.
    let mut failed = Vec::new();
    for core in cores {
        let run = |toolchain| run_with(args, core, toolchain).err();
        failed.extend(toolchains(args, core)?.into_iter().filter_map(run));
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n\n")) }
}

/// The compilers to use, at least one.
fn toolchains(args: &BenchArgs, core: Core) -> Result<Vec<Toolchain>, String> {
    let mut found = Toolchain::all(&[core.triple()]);
    let keys: Vec<String> = found.iter().map(Toolchain::key).collect();
    if let Some(key) = &args.compiler {
        found.retain(|t| t.key().contains(key));
        if found.is_empty() {
            return Err(format!("no compiler {key} for {}; there are: {}", core.triple(), keys.join(", ")));
        }
    }
    if found.is_empty() {
        return Toolchain::find(core.triple()).map(|t| vec![t]);
    }
    if !args.all {
        found.truncate(1);
    }
    Ok(found)
}

fn run_with(args: &BenchArgs, core: Core, toolchain: Toolchain) -> Result<(), String> {
    let root = workspace::root();
    let mut wanted = if args.programs.is_empty() { core.programs()? } else { args.programs.clone() };
    if args.sample {
        wanted.retain(|name| SAMPLE.contains(&name.as_str()));
    }
    if args.vectors {
        wanted = vec![VECTORS.into()];
    } else if args.panics {
        wanted.push(IMAGE.into());
    }
    let there = emulator::programs()?;
    if let Some(unknown) = wanted.iter().find(|name| !there.contains(name)) {
        return Err(format!("no program {unknown}; there are {}", there.join(", ")));
    }
    let emulator = Emulator::build(core, toolchain, &wanted)?;
    eprintln!("compiler {}", emulator.key);
    if args.vectors {
        return vectors(root, &emulator);
    }
    let folder = args.data.clone().unwrap_or_else(|| root.join("../shared/data"));
    data::prepare(&folder, &emulator.data())?;
    if args.check_plugin {
        return plugin::check(&emulator);
    }
    if args.panics {
        return panics::report(&emulator);
    }
    let (rows, programs) = measure(&emulator)?;
    let board = Board { clock: args.clock, current: args.current, voltage: args.voltage };
    let now = Baseline::of(&emulator.key, &rows, &programs);
    let before = Baseline::read(root, &emulator.key, core.suffix());
    if args.json {
        println!("{}", serde_json::json!({ "rows": rows }));
    } else {
        print!("{}", table(&rows, before.as_ref(), args.cost.then_some(&board)));
        print!("\n{}", code(&programs));
        print_baseline(&emulator.key, before.as_ref());
        if args.kinds {
            print!("\n{}", kinds(&rows));
        }
    }
    if args.growth || args.markdown && core == Core::CortexM4f {
        write_growth(root, &emulator.key, &rows)?;
    }
    if args.markdown {
        let file = root.join("docs/performance.md");
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let tables = markdown::tables(&emulator.key, &rows, &programs, &board)?;
        let text = markdown::splice(&text, &tables).map_err(|e| format!("{}: {e}", file.display()))?;
        std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    within_limits(&programs)?;
    if args.accept {
        return now.write(root);
    }
    let rises = before.as_ref().map_or_else(Vec::new, |b| b.rises(&now));
    let same = before.is_some_and(|b| b.key == emulator.key);
    report(&rises, same)
}

/// Runs the programs; rows, and bytes of code by program.
fn measure(emulator: &Emulator) -> Result<(Vec<Row>, BTreeMap<String, u64>), String> {
    let harness = elf::text_bytes(&emulator.elf(EMPTY))?;
    let (mut rows, mut programs) = (Vec::new(), BTreeMap::new());
    for program in &emulator.programs {
        let text = elf::text_bytes(&emulator.elf(program))?.saturating_sub(harness);
        programs.insert(program.clone(), text);
        let crates = elf::text_by_crate(&emulator.elf(program))?;
        let ours = crates.iter().filter(|(name, _)| name.starts_with("hone_") && *name != "hone_target_bench");
        programs.extend(ours.map(|(name, bytes)| (format!("{program}/{name}"), *bytes)));
        let run = emulator.run(program, false)?;
        run.skipped.iter().for_each(|line| eprintln!("{program}: {line}"));
        let text_of = |case: &str| crates.get(&subject(case)).copied().unwrap_or(text);
        rows.extend(run.brackets.iter().skip(1).map(|b| Row::new(b, text_of(&b.name))));
    }
    Ok((rows, programs))
}

/// Code above its limit is a failure; what was not built is not.
fn within_limits(programs: &BTreeMap<String, u64>) -> Result<(), String> {
    let above =
        LIMITS.iter().filter_map(|(name, limit)| Some((name, limit, programs.get(*name).filter(|b| *b > limit)?)));
    let lines: Vec<String> = above.map(|(name, limit, bytes)| format!("{name}: {bytes} of {limit} bytes")).collect();
    if lines.is_empty() { Ok(()) } else { Err(format!("more code than the limit:\n{}", lines.join("\n"))) }
}

/// The crate that a case measures.
fn subject(case: &str) -> String {
    let mut parts = case.trim_start_matches("growth/").split('/');
    match parts.next().unwrap_or_default() {
        "kernel" => "hone_numeric".into(),
        "features" => "hone_signal".into(),
        learner => format!("hone_{learner}"),
    }
}

fn code(programs: &BTreeMap<String, u64>) -> String {
    let mut cells = vec![["bytes of code", "all"].map(String::from).to_vec()];
    cells.extend(programs.iter().map(|(name, bytes)| vec![name.clone(), thousands(*bytes)]));
    columns(&cells)
}

fn table(rows: &[Row], before: Option<&Baseline>, board: Option<&Board>) -> String {
    let head = ["case", "size", "instructions", "change", "per unit", "workspace", "model", "stack", "text"];
    let estimated = board.map(|_| ["cycles", "ms", "µJ"]).into_iter().flatten();
    let mut cells = vec![head.into_iter().chain(estimated).map(String::from).collect::<Vec<_>>()];
    for row in rows {
        let change = match before.and_then(|b| b.instructions(row)) {
            Some(before) if before == row.instructions => "=".to_string(),
            Some(before) if before > 0 => {
                format!("{:+.1}%", (row.instructions as f64 / before as f64 - 1.0) * 100.0)
            }
            _ => "new".to_string(),
        };
        cells.push(vec![
            row.name.clone(),
            row.size.to_string(),
            thousands(row.instructions),
            change,
            row.per_unit.map_or_else(String::new, |u| format!("{u:.2}")),
            thousands(row.workspace_bytes),
            thousands(row.model_bytes),
            thousands(row.stack_bytes),
            thousands(row.text_bytes),
        ]);
        if let (Some(board), Some(line)) = (board, cells.last_mut()) {
            line.push(thousands(row.counts.cycles() as u64));
            line.extend([format!("{:.3}", board.time(row)), format!("{:.2}", board.energy(row))]);
        }
    }
    columns(&cells)
}

fn kinds(rows: &[Row]) -> String {
    let mut cells = vec![["case", "size"].into_iter().chain(counts::names()).map(String::from).collect::<Vec<_>>()];
    for row in rows {
        let counts = row.counts.each().map(|c| c.to_string());
        cells.push([row.name.clone(), row.size.to_string()].into_iter().chain(counts).collect());
    }
    columns(&cells)
}

fn print_baseline(key: &str, before: Option<&Baseline>) {
    match before {
        Some(b) if b.key == key => println!("\nbaseline {key}"),
        Some(b) => println!("\nno baseline for {key}; changes are shown against {}", b.key),
        None => println!("\nno baseline; record one with cargo xtask bench --accept"),
    }
}

fn report(rises: &[Rise], fail: bool) -> Result<(), String> {
    let lines: Vec<String> = rises.iter().map(|r| format!("{}: {} → {}", r.what, r.before, r.now)).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let text = format!("above the baseline by more than 2 %:\n{}", lines.join("\n"));
    if fail {
        return Err(text + "\nrecord with cargo xtask bench --accept what is meant to be");
    }
    eprintln!("{text}");
    Ok(())
}

fn write_growth(root: &Path, key: &str, rows: &[Row]) -> Result<(), String> {
    let folder = root.join("docs/growth");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let page = folder.join("README.md");
    std::fs::write(&page, growth::page(key, rows)).map_err(|e| format!("{}: {e}", page.display()))?;
    for series in growth::series(rows) {
        let file = folder.join(series.file());
        std::fs::write(&file, growth::plot(&series)).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(())
}

/// Compares host and target.
fn vectors(root: &Path, emulator: &Emulator) -> Result<(), String> {
    let target = emulator.run(VECTORS, false)?.values;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--release", "--package", "hone-vectors", "--features"]);
    let features = format!("host,{}", workspace::learner_features()?);
    let text = succeed(command.arg(features).current_dir(root))?;
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

#[cfg(test)]
mod tests {
    use super::{LIMITS, within_limits};

    #[test]
    fn code_above_its_limit_is_a_failure() {
        for (name, limit) in LIMITS {
            let programs = |bytes| [(name.to_string(), bytes)].into();
            assert_eq!(within_limits(&programs(limit)), Ok(()));
            let said = within_limits(&programs(limit + 1)).unwrap_err();
            assert!(said.contains(name) && said.contains(&limit.to_string()), "{said}");
        }
        assert_eq!(within_limits(&[].into()), Ok(()));
    }
}
