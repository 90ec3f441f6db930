//! Checks that are cargo commands on the host.

use std::process::Command;

use cargo_metadata::{Message, TargetKind};

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

/// The portable crates, tests and build scripts aside, under lints against everything that panics.
pub fn no_panic(context: &mut Context) -> Result<Tally, String> {
    if let Err(why) = context.installer.component("clippy") {
        return Ok(Tally::skip("no-panic", why));
    }
    let mut command = cargo(&["clippy", "--lib", "--locked", "--message-format=json"]);
    for name in workspace::portable()? {
        command.args(["-p", &name]);
    }
    // As warnings, so that one crate's do not hide the next one's.
    command.arg("--");
    for lint in PANICS {
        command.args(["-W", lint]);
    }
    let out = context.log.capture(&mut command)?;
    let found = panics(&out.stdout)?;
    for text in &found {
        context.log.line(text);
    }
    context.log.line(&format!("{} places that may panic", found.len()));
    Ok(Tally::one(out.status.success() && found.is_empty()))
}

/// What clippy says of libraries under [`PANICS`], out of cargo's messages. Build scripts may panic: they run here.
fn panics(messages: &[u8]) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for message in Message::parse_stream(messages) {
        let Message::CompilerMessage(message) = message.map_err(|e| format!("cargo's messages: {e}"))? else {
            continue;
        };
        let library = message.target.kind.contains(&TargetKind::Lib);
        let code = message.message.code.map(|c| c.code).unwrap_or_default();
        if library && PANICS.contains(&code.as_str()) {
            found.push(message.message.rendered.unwrap_or(code));
        }
    }
    Ok(found)
}

/// The engine with each learner alone, with all but one, and with all that there are folders of: each compiles without a warning,
/// and with one learner alone its tests for that pass.
pub fn learners(context: &mut Context) -> Result<Tally, String> {
    if let Err(why) = context.installer.component("clippy") {
        return Ok(Tally::skip("learners", why));
    }
    let mut ok = true;
    let names = workspace::learners()?;
    let alone = names.iter().cloned();
    let without = names.iter().map(|left| names.iter().filter(|n| *n != left).cloned().collect::<Vec<_>>().join(","));
    for names in alone.chain(without).chain([names.join(",")]) {
        // Each learner with and without what the option of smaller forms brings.
        for more in ["", ",small-models"] {
            let features = format!("{names}{more}");
            let engine = ["--package", "hone-engine", "--no-default-features", "--features", &features, "--locked"];
            let mut clippy = cargo(&["clippy", "--lib"]);
            ok &= context.log.run(clippy.args(engine).args(["--", "-D", "warnings"]))?;
            if !names.contains(',') && !more.is_empty() {
                ok &= context.log.run(cargo(&["test", "--test", "included"]).args(engine))?;
            }
        }
    }
    // The learner of the guide, which is in no build by default.
    let guide = ["test", "--package", "hone-engine", "--features", "centroid", "--test", "guide", "--locked"];
    ok &= context.log.run(&mut cargo(&guide))?;
    Ok(tally::of_cargo_test(&context.log.text(), ok))
}

/// Documentation, private items left out, without a warning.
pub fn docs(context: &mut Context) -> Result<Tally, String> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--keep-going", "--locked"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    Ok(Tally::one(context.log.run(&mut command)?))
}

/// The unit tests alone.
pub fn unit_tests(context: &mut Context) -> Result<Tally, String> {
    test(context, &[&["--workspace", "--lib", "--bins"]])
}

/// Every test of the host workspace, and those of the least SVM, whose bytes of code the bench limits.
pub fn host_tests(context: &mut Context) -> Result<Tally, String> {
    let least = ["--package", "hone-svm", "--no-default-features", "--features", "rows-f32"];
    test(context, &[&["--workspace"], &least])
}

fn test(context: &mut Context, runs: &[&[&str]]) -> Result<Tally, String> {
    let mut succeeded = true;
    for options in runs {
        let mut command = cargo(&["test", "--locked", "--no-fail-fast"]);
        succeeded &= context.log.run(command.args(*options))?;
    }
    Ok(tally::of_cargo_test(&context.log.text(), succeeded))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: &str, code: &str) -> String {
        let text = r#"{"reason":"compiler-message","package_id":"a","manifest_path":"/a/Cargo.toml","target":{"kind":["KIND"],
            "crate_types":["lib"],"name":"a","src_path":"/a/src/lib.rs","edition":"2024","doctest":true,"test":true},
            "message":{"rendered":"CODE here","code":{"code":"CODE","explanation":null},"level":"warning","message":"m",
            "spans":[],"children":[]}}"#;
        text.replace('\n', "").replace("KIND", kind).replace("CODE", code) + "\n"
    }

    #[test]
    fn panics_count_in_libraries_alone() {
        let all = [("lib", "clippy::unwrap_used"), ("custom-build", "clippy::panic"), ("lib", "dead_code")];
        let text: String = all.iter().map(|(kind, code)| message(kind, code)).collect();
        assert_eq!(panics(text.as_bytes()).unwrap(), ["clippy::unwrap_used here"]);
    }
}
