//! What may panic or format text, told by symbols: calls per portable crate, and what the linked programs contain.

use std::fs;
use std::path::Path;

use super::elf;
use super::emulator::Emulator;
use crate::toolchain::{CORTEX_M4F, Toolchain};

/// Prints both.
///
/// # Errors
/// What could not be built or read, or a program that contains formatting of text.
pub fn report(root: &Path, emulator: &Emulator) -> Result<(), String> {
    let folder = root.join("rust/target-bench");
    // Without link-time optimisation, so that each crate's object code stands by itself, with relocations.
    let target = folder.join("target/panics");
    let toolchain = Toolchain::find(CORTEX_M4F)?;
    super::succeed(
        toolchain
            .cargo("build")
            .args(["--release", "--locked", "--bins", "--config", "profile.release.lto=\"off\"", "--target-dir"])
            .arg(&target)
            .current_dir(&folder),
    )?;
    let built = target.join(CORTEX_M4F).join("release/deps");
    let mut files: Vec<_> = fs::read_dir(&built)
        .map_err(|e| format!("{}: {e}", built.display()))?
        .flatten()
        .map(|f| f.path())
        .filter(|f| f.extension().is_some_and(|e| e == "rlib"))
        .collect();
    files.sort();
    println!("calls that may panic, by crate:");
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name = name.trim_start_matches("lib").split('-').next().unwrap_or_default();
        if !name.starts_with("hone_") || name == "hone_target_bench" {
            continue;
        }
        let panics = elf::panics(&file)?;
        println!("{name:<20} {:>4}", panics.calls);
        for function in panics.functions {
            println!("  {function}");
        }
    }
    let mut formatting = Vec::new();
    for program in &emulator.programs {
        let machinery = elf::machinery(&emulator.elf(program))?;
        for (name, size) in machinery.into_iter().filter(|(name, _)| elf::is_formatting(name)) {
            formatting.push(format!("{program}: {name}, {size} bytes"));
        }
    }
    if formatting.is_empty() {
        println!("no formatting of text in {}", emulator.programs.join(", "));
        Ok(())
    } else {
        Err(format!("formatting of text is linked:\n{}", formatting.join("\n")))
    }
}
