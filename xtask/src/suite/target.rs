//! Checks for the microcontroller: builds and programs for Cortex-M.

use std::process::Command;

use super::{Context, Tally, cross::Cross};
use crate::workspace;

const M4F: &str = "thumbv7em-none-eabihf";
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
    let cross = match Cross::find(&mut context.installer, triple) {
        Ok(cross) => cross,
        Err(why) => return Ok(Tally::skip(name, why)),
    };
    let mut command = cross.cargo();
    command.args(["build", "--locked", "--lib", "--target", triple]);
    Ok(Tally::one(context.log.run(with_portable(&mut command)?)?))
}

/// Clippy on the portable crates as the target compiles them.
pub fn clippy(context: &mut Context) -> Result<Tally, String> {
    let name = "clippy-m4f";
    let cross = match Cross::find(&mut context.installer, M4F) {
        Ok(cross) => cross,
        Err(why) => return Ok(Tally::skip(name, why)),
    };
    let Some(mut command) = cross.clippy() else {
        return Ok(Tally::skip(name, "this Rust for Cortex-M comes without clippy (Debian: rust-web-clippy)"));
    };
    command.args(["--locked", "--lib", "--target", M4F]);
    with_portable(&mut command)?.args(["--", "-D", "warnings"]);
    Ok(Tally::one(context.log.run(&mut command)?))
}

fn with_portable(command: &mut Command) -> Result<&mut Command, String> {
    for name in workspace::portable()? {
        command.args(["-p", &name]);
    }
    Ok(command)
}

pub fn tests(_context: &mut Context) -> Result<Tally, String> {
    Ok(Tally::skip("qemu-tests", "not yet"))
}

pub fn bench(_context: &mut Context) -> Result<Tally, String> {
    Ok(Tally::skip("qemu-bench", "not yet"))
}
