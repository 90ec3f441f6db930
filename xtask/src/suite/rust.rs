//! Checks that are cargo commands on the host.

use std::process::Command;

use super::{Context, Tally, Tier, tally};
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

/// Cargo on the host, at the root.
fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()).args(args);
    command
}

/// Whether cargo has that subcommand of rustup's, or the skip that says how to get it.
fn lacking(check: &str, subcommand: &str) -> Option<Tally> {
    let there = cargo(&[subcommand, "--version"]).output().is_ok_and(|o| o.status.success());
    (!there).then(|| Tally::skip(check, format!("no `cargo {subcommand}`: .ci/setup gets it")))
}

/// `rustfmt --check` in every workspace, needing no dependency of any.
pub fn format(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking("format", "fmt") {
        return Ok(skip);
    }
    let mut ok = true;
    for folder in workspace::workspaces() {
        ok &= context.log.run(&mut formatter(folder, &["--check", "--color", "never"]))?;
    }
    if !ok {
        context.log.line("`cargo xtask format` mends it");
    }
    Ok(Tally::one(ok))
}

/// `rustfmt` in one workspace.
fn formatter(folder: &str, options: &[&str]) -> Command {
    let manifest = format!("{folder}/Cargo.toml");
    let mut command = cargo(&["fmt", "--manifest-path", &manifest]);
    if folder == "." {
        command.arg("--all");
    }
    command.arg("--").args(options);
    command
}

/// Formats every workspace.
pub fn format_all() -> Result<bool, String> {
    let mut ok = true;
    for folder in workspace::workspaces() {
        ok &= formatter(folder, &[]).status().map_err(|e| format!("cargo fmt: {e}"))?.success();
    }
    Ok(ok)
}

/// Clippy over every target of the host workspace.
pub fn clippy(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking("clippy", "clippy") {
        return Ok(skip);
    }
    let args = ["clippy", "--workspace", "--all-targets", "--keep-going", "--locked", "--", "-D", "warnings"];
    Ok(Tally::one(context.log.run(&mut cargo(&args))?))
}

/// The portable crates without their tests, under lints against everything that panics.
pub fn no_panic(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking("no-panic", "clippy") {
        return Ok(skip);
    }
    let mut command = cargo(&["clippy", "--lib", "--keep-going", "--locked"]);
    command.args(workspace::portable()?.iter().flat_map(|name| ["--package", name])).arg("--");
    command.args(PANICS.iter().flat_map(|lint| ["-D", lint]));
    let ok = context.log.run(&mut command)?;
    if !ok {
        context
            .log
            .line("portable crates do not panic: use `get`, `let ... else` or an error (docs/guides/testing.md)");
    }
    Ok(Tally::one(ok))
}

/// The engine with each learner alone, with all but one, and with all that there are folders of: each compiles without a warning.
/// With one alone and its smaller forms, with which it compiles among the others, its tests for that pass.
pub fn learners(context: &mut Context) -> Result<Tally, String> {
    if let Some(skip) = lacking("learners", "clippy") {
        return Ok(skip);
    }
    let mut ok = true;
    let names = workspace::learners()?;
    let alone = names.iter().cloned();
    let without = names.iter().map(|left| names.iter().filter(|n| *n != left).cloned().collect::<Vec<_>>().join(","));
    for names in alone.chain(without).chain([names.join(",")]) {
        let smaller = format!("{names},small-models");
        let engine =
            |features| ["--package", "hone-engine", "--no-default-features", "--locked", "--features", features];
        let alone = !names.contains(',');
        let mut clippy = cargo(&["clippy", "--lib"]);
        clippy.args(engine(if alone { &names } else { &smaller })).args(["--", "-D", "warnings"]);
        ok &= context.log.run(&mut clippy)?;
        if alone {
            ok &= context.log.run(cargo(&["test", "--test", "included"]).args(engine(&smaller)))?;
        }
    }
    // The learner of the guide, which is in no build by default.
    let guide = ["test", "--package", "hone-engine", "--features", "centroid", "--test", "guide", "--locked"];
    ok &= context.log.run(&mut cargo(&guide))?;
    Ok(tally::of_cargo_test(&context.log.text(), ok))
}

/// All figures of README and docs that `hone eval` gives, of which the host tests make a sample.
pub fn figures(context: &mut Context) -> Result<Tally, String> {
    let test = ["test", "--locked", "--package", "hone-host", "--test", "figures", "--", "--ignored", "--nocapture"];
    let ok = context.log.run(&mut cargo(&test))?;
    Ok(tally::of_cargo_test(&context.log.text(), ok))
}

/// Documentation, private items left out, without a warning.
pub fn docs(context: &mut Context) -> Result<Tally, String> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--keep-going", "--locked"]);
    Ok(Tally::one(context.log.run(command.env("RUSTDOCFLAGS", "-D warnings"))?))
}

/// Every test of the host workspace, and those of the least SVM, whose bytes of code the bench limits; before a commit the
/// unit tests alone.
pub fn host_tests(context: &mut Context) -> Result<Tally, String> {
    let quick: &[&[&str]] = &[&["--workspace", "--lib", "--bins"]];
    let whole: &[&[&str]] =
        &[&["--workspace"], &["--package", "hone-svm", "--no-default-features", "--features", "rows-f32"]];
    let mut ok = true;
    for options in if context.tier == Tier::Quick { quick } else { whole } {
        ok &= context.log.run(cargo(&["test", "--locked", "--no-fail-fast"]).args(*options))?;
    }
    Ok(tally::of_cargo_test(&context.log.text(), ok))
}
