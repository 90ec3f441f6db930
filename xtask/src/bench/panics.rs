//! What may panic or format text, told by symbols: calls per portable crate, and what the linked programs contain.
//!
//! Generic code is compiled where it is used, and so counts among what the programs contain.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use cargo_metadata::Message;

use super::emulator::{Emulator, IMAGE};
use super::{elf, formatting};
use crate::toolchain::CORTEX_M4F;
use crate::workspace;

/// A function of the engine that is all a library's: serde-json-core's serializer, whose indices into its buffer may panic as far as
/// the compiler sees, is compiled into it.
const SERIALIZED: &str = "<T as hone_engine::say::schema::Object>::write";

/// The crates that read untrusted bytes, in which nothing may panic.
const NONE_MAY: [&str; 2] = ["hone_model", "hone_store"];

/// Prints both.
///
/// # Errors
/// What could not be built or read; formatting of text that a portable crate brings into a program, or a library into
/// [`IMAGE`] other than for the message of a panic; a call that may panic in a crate that reads untrusted bytes.
pub fn report(emulator: &Emulator) -> Result<(), String> {
    let portable: Vec<String> = workspace::portable()?.iter().map(|name| name.replace('-', "_")).collect();
    let is_portable = |owner: &String| portable.contains(owner);
    let mut forbidden = Vec::new();
    println!("calls that may panic, by crate:");
    for (name, file) in libraries(emulator, &portable)? {
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
    for name in &portable {
        let panics = linked.get(name).cloned().unwrap_or_default();
        println!("{name:<20} {:>4}", panics.calls);
        for function in &panics.functions {
            println!("  {function}");
        }
        if panics.calls > 0 && NONE_MAY.contains(&name.as_str()) {
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
            // What the portable crates inline into a program's own functions is told in the image, where nothing may but a library
            // for the message of a panic of its own.
            let portable = is_portable(&source.owner);
            let library = source.by_panic && (!portable || source.function == SERIALIZED);
            if !library && (program == IMAGE || portable) {
                forbidden.push(line);
            } else {
                println!("  {line}");
            }
        }
    }
    if forbidden.is_empty() {
        println!(
            "no portable crate brings formatting of text into {}, and no library but for panics into {IMAGE}",
            emulator.programs.join(", ")
        );
        Ok(())
    } else {
        Err(forbidden.join("\n"))
    }
}

/// The portable crates' libraries by name, built without link-time optimisation, so that each crate's object code stands by
/// itself, with relocations.
fn libraries(emulator: &Emulator, portable: &[String]) -> Result<BTreeMap<String, PathBuf>, String> {
    let mut build = emulator.toolchain.portable("build", CORTEX_M4F)?;
    let output = build.arg("--message-format=json").stderr(Stdio::inherit()).output().map_err(|e| e.to_string())?;
    let mut libraries = BTreeMap::new();
    for message in Message::parse_stream(&*output.stdout) {
        let Message::CompilerArtifact(built) = message.map_err(|e| e.to_string())? else { continue };
        let name = built.target.name.replace('-', "_");
        let library = built.filenames.into_iter().find(|f| f.extension() == Some("rlib"));
        libraries.extend(library.filter(|_| portable.contains(&name)).map(|file| (name, file.into())));
    }
    match libraries.len() == portable.len() && output.status.success() {
        true => Ok(libraries),
        false => Err(format!("of {} portable crates {} were built", portable.len(), libraries.len())),
    }
}
