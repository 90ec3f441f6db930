//! What may panic or format text, told by symbols: calls per portable crate, and what the linked programs contain.
//!
//! Generic code is compiled where it is used, and so counts among what the programs contain.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::emulator::{Emulator, IMAGE};
use super::{elf, formatting};
use crate::toolchain::CORTEX_M4F;

/// The crates that run on the target.
const CRATES: &[&str] = &[
    "hone-numeric",
    "hone-learn",
    "hone-signal",
    "hone-esn",
    "hone-svm",
    "hone-rce",
    "hone-model",
    "hone-store",
    "hone-engine",
];
/// Those that read untrusted bytes, in which nothing may panic.
const NONE_MAY: &[&str] = &["hone-model", "hone-store"];

/// Prints both.
///
/// # Errors
/// What could not be built or read; formatting of text that a portable crate brings into a program, or anything into
/// [`IMAGE`]; a call that may panic in a crate that reads untrusted bytes.
pub fn report(root: &Path, emulator: &Emulator) -> Result<(), String> {
    // Without link-time optimisation, so that each crate's object code stands by itself, with relocations.
    let target = root.join("target/panics").join(&emulator.key);
    let mut build = emulator.toolchain.cargo("build");
    build.args(["--release", "--locked", "--target", CORTEX_M4F, "--target-dir"]).arg(&target).current_dir(root);
    build.args(CRATES.iter().flat_map(|name| ["--package", name]));
    super::succeed(&mut build)?;
    let built = target.join(CORTEX_M4F).join("release/deps");
    let mut files: Vec<_> = fs::read_dir(&built)
        .map_err(|e| format!("{}: {e}", built.display()))?
        .flatten()
        .map(|f| f.path())
        .filter(|f| f.extension().is_some_and(|e| e == "rlib"))
        .collect();
    // Of the builds that lie there, the newest of each crate.
    files.sort_by_key(|f| std::cmp::Reverse(f.metadata().and_then(|m| m.modified()).ok()));
    let mut seen = BTreeSet::new();
    let mut forbidden = Vec::new();
    println!("calls that may panic, by crate:");
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = name.trim_start_matches("lib").split('-').next().unwrap_or_default().replace('_', "-");
        if !CRATES.contains(&name.as_str()) || !seen.insert(name.clone()) {
            continue;
        }
        let panics = elf::panics(&file)?;
        println!("{name:<20} {:>4}", panics.calls);
        for function in &panics.functions {
            println!("  {function}");
        }
        if panics.calls > 0 && NONE_MAY.contains(&name.as_str()) {
            forbidden.push(format!("{name} has {} calls that may panic", panics.calls));
        }
    }
    let run = emulator.run(IMAGE, false)?;
    if !run.values.iter().any(|v| v == "value image 00000001") {
        return Err(format!("{IMAGE} did not do its work"));
    }
    println!("\n{IMAGE}: every portable crate in one program, link-time optimised; calls that may panic, by crate:");
    let linked = elf::linked_panics(&emulator.elf(IMAGE))?;
    for name in CRATES.iter().map(|c| c.replace('-', "_")) {
        let panics = linked.get(&name).cloned().unwrap_or_default();
        println!("{name:<20} {:>4}", panics.calls);
        for function in &panics.functions {
            println!("  {function}");
        }
        if panics.calls > 0 && NONE_MAY.iter().any(|c| c.replace('-', "_") == name) {
            forbidden.push(format!("{name} has {} calls that may panic in {IMAGE}", panics.calls));
        }
    }
    for (name, panics) in linked.iter().filter(|(name, _)| !is_portable(name)) {
        println!("{name:<20} {:>4}  (not a portable crate's)", panics.calls);
    }
    println!();
    for program in emulator.programs.iter().map(String::as_str).chain([IMAGE]) {
        let linked = elf::panic_functions(&emulator.elf(program))?;
        println!("{program}: {} panic functions linked", linked.len());
        for name in linked {
            println!("  {name}");
        }
        for (source, needed) in formatting::sources(&emulator.elf(program))? {
            let how = if source.by_panic { " for the message of a panic" } else { "" };
            let bytes: u64 = needed.values().sum();
            let line = format!("{program}: {} needs {bytes} bytes of formatting{how}", source.function);
            // What the portable crates inline into a program's own functions is told in the image, where nothing may.
            if program == IMAGE || is_portable(&source.owner) {
                forbidden.push(line);
            } else {
                println!("  {line}");
            }
        }
    }
    if forbidden.is_empty() {
        println!(
            "no portable crate brings formatting of text into {}, and nothing into {IMAGE}",
            emulator.programs.join(", ")
        );
        Ok(())
    } else {
        Err(forbidden.join("\n"))
    }
}

fn is_portable(owner: &str) -> bool {
    CRATES.iter().any(|name| name.replace('-', "_") == owner)
}
