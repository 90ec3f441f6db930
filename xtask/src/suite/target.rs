//! Checks for the microcontroller: builds and programs for Cortex-M.

use std::process::Command;

use super::{Context, Tally, cross};
use crate::workspace;

const M4F: &str = crate::toolchain::CORTEX_M4F;
const M3: &str = "thumbv7m-none-eabi";

/// Portable crates for a Cortex-M4F.
pub fn build_m4f(context: &mut Context) -> Result<Tally, String> {
    build(context, "no_std-m4f", M4F)
}

/// Portable crates for a Cortex-M3.
pub fn build_m3(context: &mut Context) -> Result<Tally, String> {
    build(context, "no_std-m3", M3)
}

fn build(context: &mut Context, name: &str, triple: &str) -> Result<Tally, String> {
    let toolchain = match cross::toolchain(&mut context.installer, triple) {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Tally::skip(name, why)),
    };
    let mut command = toolchain.cargo("build");
    Ok(Tally::one(context.log.run(portable(&mut command, triple)?)?))
}

/// Clippy on the portable crates and on target-bench, as the target compiles them.
pub fn clippy(context: &mut Context) -> Result<Tally, String> {
    let name = "clippy-m4f";
    let toolchain = match cross::toolchain(&mut context.installer, M4F) {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Tally::skip(name, why)),
    };
    let (Some(mut crates), Some(mut programs)) = (toolchain.clippy(), toolchain.clippy()) else {
        return Ok(Tally::skip(name, "this Rust for Cortex-M comes without clippy (Debian: rust-web-clippy)"));
    };
    portable(&mut crates, M4F)?.args(["--", "-D", "warnings"]);
    let mut ok = context.log.run(&mut crates)?;
    let folder = workspace::root().join("rust/target-bench");
    if folder.is_dir() {
        let args = ["--release", "--locked", "--bins", "--lib", "--", "-D", "warnings"];
        ok &= context.log.run(programs.current_dir(folder).args(args))?;
    }
    Ok(Tally::one(ok))
}

/// The portable crates for a target, in a folder of their own: another compiler would evict the host's results.
fn portable<'a>(command: &'a mut Command, triple: &str) -> Result<&'a mut Command, String> {
    command.current_dir(workspace::root()).env("CARGO_TARGET_DIR", workspace::root().join("target/cortex-m"));
    command.args(["--lib", "--locked", "--target", triple]);
    for name in workspace::portable()? {
        command.args(["-p", &name]);
    }
    Ok(command)
}

/// The same computations on host and target: each value that is compared counts as one test.
pub fn tests(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking(context, "qemu-tests") {
        return Ok(skip);
    }
    let succeeded = context.log.run(&mut xtask(&["bench", "--vectors"]))?;
    Ok(of_values(&context.log.text(), succeeded))
}

/// Calls that may panic, and formatting of text, by symbol; and the counting plugin against a disassembler.
pub fn panics(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking(context, "qemu-panics") {
        return Ok(skip);
    }
    let mut tally = Tally::one(context.log.run(&mut xtask(&["bench", "--panics"]))?);
    tally.add(Tally::one(context.log.run(&mut xtask(&["bench", "--check-plugin"]))?));
    Ok(tally)
}

/// Instruction counts against the committed baseline.
pub fn bench(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking(context, "qemu-bench") {
        return Ok(skip);
    }
    let mut tally = Tally::one(context.log.run(&mut xtask(&["bench"]))?);
    tally.add(match cross::toolchain(&mut context.installer, M3) {
        Ok(_) => Tally::one(context.log.run(&mut xtask(&["bench", "--core", "cortex-m3"]))?),
        Err(why) => Tally::skip("qemu-bench on a Cortex-M3", why),
    });
    Ok(tally)
}

fn lacking(context: &mut Context, name: &str) -> Option<Tally> {
    let toolchain = cross::toolchain(&mut context.installer, M4F).map(|_| ());
    toolchain.and_then(|()| cross::emulator(context)).err().map(|why| Tally::skip(name, why))
}

/// Another task of this program. By way of cargo, since the tests may have replaced the file that runs now.
fn xtask(args: &[&str]) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()).args(["run", "--quiet", "--locked", "--package", "xtask", "--"]).args(args);
    command
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
