//! Checks that run code under watch: a short fuzzing of every target, and Miri over portable crates.

use std::process::Command;

use super::{Context, Tally, Tier, tally};
use crate::{fuzz, workspace};

/// Inputs per target after its corpus, in the usual run and in that of everything.
const INPUTS: [u64; 2] = [2_000, 500_000];

/// The crates whose unit tests Miri runs. Those of the learners train, which takes it hours; `signal` tries logarithms over
/// all numbers; `model` and `store` have theirs outside of the library.
const INTERPRETED: [&str; 3] = ["hone-engine", "hone-learn", "hone-numeric"];

/// Tests over all numbers, or over texts of any kind, which would take Miri minutes each.
const SLOW: [&str; 5] =
    ["activation::tests", "quantize::fixed_point::tests", "groups_of_rows", "short_decimals", "any_text_is_read"];

/// Every fuzz target for a while, with the same inputs for the same code: what a run finds, the next one finds. A target that
/// finds nothing counts as passed.
pub fn fuzz(context: &mut Context) -> Result<Tally, String> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    if workspace::in_path(&compiler).is_none() {
        return Ok(Tally::skip("fuzz", format!("no {compiler}, with which libFuzzer is built: .ci/setup gets it")));
    }
    // New inputs of other runs would take the place of the corpus.
    let found = workspace::root().join("target/fuzz-found");
    let _ = std::fs::remove_dir_all(&found);
    let inputs = INPUTS[usize::from(context.tier == Tier::All)];
    let mut tally = Tally::default();
    for target in fuzz::targets()? {
        let mut command = fuzz::command(&target, inputs);
        command.arg("-seed=1").env("FOUND", &found);
        if context.tier < Tier::All {
            command.env("PROFILE", "dev");
        }
        tally.add(Tally::one(context.log.run(&mut command)?));
    }
    Ok(tally)
}

/// Unit tests of portable crates in the interpreter that sees undefined behaviour, in the dependencies too.
pub fn miri(context: &mut Context) -> Result<Tally, String> {
    // A second toolchain is not for a test to install.
    let how = "`rustup toolchain install nightly --component miri,rust-src`";
    let Some(toolchain) = nightly() else { return Ok(Tally::skip("miri", format!("no nightly compiler: {how}"))) };
    let cargo = || {
        let mut command = Command::new("cargo");
        command.current_dir(workspace::root());
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTFLAGS"] {
            command.env_remove(name);
        }
        if let Some(name) = toolchain {
            command.env("RUSTUP_TOOLCHAIN", name);
        }
        command
    };
    if !cargo().args(["miri", "--version"]).output().is_ok_and(|o| o.status.success()) {
        return Ok(Tally::skip("miri", format!("the nightly compiler comes without: {how}")));
    }
    // One case of each property: an instruction takes a thousand times as long as on the machine itself. The engine's tests leak
    // what on a device is static; the crates themselves have no heap.
    let mut command = cargo();
    command.env("PROPTEST_CASES", "1").env("MIRIFLAGS", "-Zmiri-disable-isolation -Zmiri-ignore-leaks");
    command.args(["miri", "test", "--locked", "--lib", "--no-fail-fast"]);
    for name in INTERPRETED {
        command.args(["-p", name]);
    }
    command.arg("--");
    for name in SLOW {
        command.args(["--skip", name]);
    }
    let succeeded = context.log.run(&mut command)?;
    Ok(tally::of_cargo_test(&context.log.text(), succeeded))
}

/// The name of a nightly toolchain for rustup, or nothing where the compiler in use is one.
fn nightly() -> Option<Option<&'static str>> {
    let version = |args: &[&str]| {
        let mut command = Command::new("rustc");
        let output = command.env_remove("RUSTUP_TOOLCHAIN").args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let is_nightly = |text: String| text.contains("nightly");
    if version(&["--version"]).is_some_and(is_nightly) {
        return Some(None);
    }
    version(&["+nightly", "--version"]).is_some_and(is_nightly).then_some(Some("nightly"))
}
