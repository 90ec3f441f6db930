//! Checks that are cargo commands on the host.

use std::process::Command;

use super::{Context, Tally, tally};
use crate::workspace;

/// Lints that keep a crate free of ways to panic. Arithmetic is not among them: built for release it wraps.
const PANICS: [&str; 9] = [
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::panic",
    "clippy::todo",
    "clippy::unimplemented",
    "clippy::unreachable",
    "clippy::indexing_slicing",
    "clippy::string_slice",
    "clippy::unwrap_in_result",
];

/// Cargo on the host, at the root, with the committed lock file.
fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()).args(args);
    command
}

/// `rustfmt --check` in every workspace, needing no dependency of any.
pub fn format(context: &mut Context) -> Result<Tally, String> {
    if let Err(why) = context.installer.component("rustfmt") {
        return Ok(Tally::skip("format", why));
    }
    let mut ok = true;
    for folder in workspace::workspaces() {
        let manifest = format!("{folder}/Cargo.toml");
        let all = if folder == "." { "--all" } else { "--verbose" };
        ok &= context.log.run(&mut cargo(&["fmt", all, "--manifest-path", &manifest, "--", "--check"]))?;
    }
    Ok(Tally::one(ok))
}

/// Clippy over every target of the host workspace.
pub fn clippy(context: &mut Context) -> Result<Tally, String> {
    if let Err(why) = context.installer.component("clippy") {
        return Ok(Tally::skip("clippy", why));
    }
    let args = ["clippy", "--workspace", "--all-targets", "--keep-going", "--locked", "--", "-D", "warnings"];
    Ok(Tally::one(context.log.run(&mut cargo(&args))?))
}

/// The portable crates, tests aside, under lints against everything that panics.
pub fn no_panic(context: &mut Context) -> Result<Tally, String> {
    if let Err(why) = context.installer.component("clippy") {
        return Ok(Tally::skip("no-panic", why));
    }
    let mut command = cargo(&["clippy", "--lib", "--keep-going", "--locked"]);
    for name in workspace::portable()? {
        command.args(["-p", &name]);
    }
    command.arg("--");
    for lint in PANICS {
        command.args(["-D", lint]);
    }
    Ok(Tally::one(context.log.run(&mut command)?))
}

/// Documentation, private items left out, without a warning.
pub fn docs(context: &mut Context) -> Result<Tally, String> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--keep-going", "--locked"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    Ok(Tally::one(context.log.run(&mut command)?))
}

/// The unit tests alone.
pub fn unit_tests(context: &mut Context) -> Result<Tally, String> {
    test(context, &["--lib", "--bins"])
}

/// Every test of the host workspace.
pub fn host_tests(context: &mut Context) -> Result<Tally, String> {
    test(context, &[])
}

fn test(context: &mut Context, options: &[&str]) -> Result<Tally, String> {
    let mut command = cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    command.args(options);
    let succeeded = context.log.run(&mut command)?;
    Ok(tally::of_cargo_test(&context.log.text(), succeeded))
}
