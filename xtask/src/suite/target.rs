//! Checks for the microcontroller: builds and programs for Cortex-M.

use std::process::Command;

use super::{Context, Tally, Tier};
use crate::toolchain::{CORTEX_M3, CORTEX_M4F, Toolchain};
use crate::workspace;

/// Portable crates for a Cortex-M4F, which `qemu-panics` looks into.
pub fn build_m4f(context: &mut Context) -> Result<Tally, String> {
    portable(context, "no_std-m4f", "build", CORTEX_M4F)
}

/// Portable crates for a Cortex-M3; code is made of them where images are.
pub fn check_m3(context: &mut Context) -> Result<Tally, String> {
    portable(context, "no_std-m3", "check", CORTEX_M3)
}

fn portable(context: &mut Context, name: &str, subcommand: &str, triple: &str) -> Result<Tally, String> {
    let toolchain = match Toolchain::find(triple) {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Tally::skip(name, why)),
    };
    Ok(Tally::one(context.log.run(&mut toolchain.portable(subcommand, triple)?)?))
}

/// Clippy on the portable crates and on target-bench, as the target compiles them.
pub fn clippy(context: &mut Context) -> Result<Tally, String> {
    let name = "clippy-m4f";
    let toolchain = match Toolchain::find(CORTEX_M4F) {
        Ok(toolchain) if toolchain.clippy().is_some() => toolchain,
        Ok(_) => return Ok(Tally::skip(name, "this Rust for Cortex-M comes without clippy (Debian: rust-web-clippy)")),
        Err(why) => return Ok(Tally::skip(name, why)),
    };
    let mut crates = toolchain.portable("clippy", CORTEX_M4F)?;
    let mut programs = toolchain.cargo("clippy");
    programs.current_dir(workspace::root().join("rust/target-bench"));
    programs.args(["--release", "--locked", "--bins", "--lib"]).arg("--target-dir").arg(toolchain.target_dir());
    let warnings = ["--", "-D", "warnings"];
    let ok = context.log.run(crates.args(warnings))?;
    Ok(Tally::one(context.log.run(programs.args(warnings))? && ok))
}

/// The same computations on host and target: each value that is compared counts as one test.
pub fn tests(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking("qemu-tests", CORTEX_M4F) {
        return Ok(skip);
    }
    let succeeded = xtask_bench(context, &["--vectors"])?;
    Ok(of_values(&context.log.text(), succeeded))
}

/// Calls that may panic, and formatting of text, by symbol.
pub fn panics(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking("qemu-panics", CORTEX_M4F) {
        return Ok(skip);
    }
    let sample: &[&str] = if context.tier < Tier::All { &["--panics", "--sample"] } else { &["--panics"] };
    Ok(Tally::one(xtask_bench(context, sample)?))
}

/// Instruction counts against the committed baseline: a sample of the programs, in the run of everything all of them, on both
/// cores, with every compiler that is found, and the counting plugin's kinds against a disassembler's names.
pub fn bench(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking("qemu-bench", CORTEX_M4F) {
        return Ok(skip);
    }
    if context.tier < Tier::All {
        return Ok(Tally::one(xtask_bench(context, &["--sample"])?));
    }
    let mut tally = Tally::one(xtask_bench(context, &["--check-plugin"])?);
    tally.add(Tally::one(xtask_bench(context, &["--all"])?));
    tally.add(lacking("qemu-bench on a Cortex-M3", CORTEX_M3).unwrap_or_default());
    Ok(tally)
}

fn lacking(name: &str, triple: &str) -> Option<Tally> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let absent = ["qemu-system-arm", &compiler].into_iter().find(|program| workspace::in_path(program).is_none());
    let why = absent.map(|program| format!("no {program} in PATH: .ci/setup gets it"));
    why.or_else(|| Toolchain::find(triple).err()).map(|why| Tally::skip(name, why))
}

/// `cargo xtask bench`. By way of cargo, since the tests may have replaced the file that runs now.
fn xtask_bench(context: &mut Context, args: &[&str]) -> Result<bool, String> {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()).args(["run", "--quiet", "--locked", "--package", "xtask", "--", "bench"]);
    context.log.run(command.args(args))
}

/// Counts the `value` lines of `bench --vectors`: one for each value that is the same on both, `host ..., target ...`
/// for each that is not.
fn of_values(output: &str, succeeded: bool) -> Tally {
    let same = output.lines().filter(|l| l.starts_with("value ")).count();
    let differ = output.lines().filter(|l| l.starts_with("host ") && l.contains(", target ")).count();
    let mut tally = Tally { passed: same as u64, failed: differ as u64, ..Tally::default() };
    if tally.failed == 0 && (!succeeded || same == 0) {
        tally.failed = 1;
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_count_one_each() {
        let text = "$ cargo\nvalue a 00000001\nvalue b 00000002\n";
        assert_eq!(of_values(text, true).line(), "2 passed, 0 failed, 0 skipped");
        let text = format!("{text}not the same bits:\nhost value c 01, target value c 02\n");
        assert_eq!(of_values(&text, false).line(), "2 passed, 1 failed, 0 skipped");
        assert_eq!(of_values("qemu-system-arm: crashed", false), Tally::one(false));
        assert_eq!(of_values("", true), Tally::one(false));
    }
}
