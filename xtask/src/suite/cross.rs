//! What the checks for Cortex-M need, found or installed.

use super::Context;
use crate::toolchain::Toolchain;
use crate::{install::Installer, workspace};

/// Debian's Rust with the sources of `core`, and a linker for it.
const RUST_PACKAGES: [&str; 5] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "binutils-arm-none-eabi"];

/// Finds a compiler for `triple`, or installs one where the installer may. The error says what to install.
pub fn toolchain(installer: &mut Installer, triple: &str) -> Result<Toolchain, String> {
    toolchain_for(installer, &[triple])
}

/// The same, one compiler for all of `triples`.
pub fn toolchain_for(installer: &mut Installer, triples: &[&str]) -> Result<Toolchain, String> {
    if let Ok(found) = Toolchain::find_for(triples) {
        return Ok(found);
    }
    // rustup's takes seconds, Debian's a minute, and each is missing somewhere.
    let first = match triples.iter().try_for_each(|triple| installer.target(triple)) {
        Ok(()) => return Toolchain::find_for(triples),
        Err(why) => why,
    };
    match installer.packages(&RUST_PACKAGES) {
        Ok(()) => Toolchain::find_for(triples),
        Err(why) => Err(format!("{first}; or {why}")),
    }
}

/// QEMU and the C compiler of its plugin.
pub fn emulator(context: &mut Context) -> Result<(), String> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    for (program, package) in [("qemu-system-arm", "qemu-system-arm"), (compiler.as_str(), "gcc")] {
        if workspace::in_path(program).is_none() {
            context.installer.packages(&[package])?;
        }
        if workspace::in_path(program).is_none() {
            return Err(format!("no {program} in PATH, although {package} is installed"));
        }
    }
    Ok(())
}
