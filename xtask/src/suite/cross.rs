//! A Rust that compiles for Cortex-M: rustup's, where it has the target, or Debian's with `core` from source.

use std::path::Path;
use std::process::Command;

use crate::install::Installer;
use crate::workspace;

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CLIPPY: &str = "/usr/bin/cargo-clippy";
const DEBIAN_CORE: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"];

/// Which of the two it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cross {
    /// The toolchain that runs this program has the target.
    Rustup,
    /// Debian's compiler and its copy of the standard library's sources.
    Debian,
}

impl Cross {
    /// Finds one, or installs one where the installer may. The error says what to install.
    pub fn find(installer: &mut Installer, triple: &str) -> Result<Self, String> {
        if rustup_has(triple) {
            return Ok(Self::Rustup);
        }
        if debian_is_here() {
            return Ok(Self::Debian);
        }
        let first = match installer.target(triple) {
            Ok(()) => return Ok(Self::Rustup),
            Err(why) => why,
        };
        match installer.packages(&DEBIAN_PACKAGES) {
            Ok(()) if debian_is_here() => Ok(Self::Debian),
            Ok(()) => Err(format!("{first}; {} are installed but lack the sources of core", DEBIAN_PACKAGES.join(" "))),
            Err(why) => Err(format!("{first}; or {why}")),
        }
    }

    /// Its cargo, at the root, with a target folder of its own: another compiler would evict the host's results.
    pub fn cargo(self) -> Command {
        match self {
            Self::Rustup => self.prepare(Command::new(workspace::cargo())),
            Self::Debian => self.prepare(Command::new(DEBIAN_CARGO)),
        }
    }

    /// Its `cargo clippy`, where it has one.
    pub fn clippy(self) -> Option<Command> {
        // Cargo would look for the subcommand among rustup's programs first: call Debian's by name.
        let (program, first) = match self {
            Self::Rustup => (workspace::cargo(), "clippy"),
            Self::Debian => (DEBIAN_CLIPPY.into(), "clippy"),
        };
        let mut command = self.prepare(Command::new(program));
        let there = Command::new(command.get_program()).args([first, "--version"]).output();
        command.arg(first);
        there.is_ok_and(|o| o.status.success()).then_some(command)
    }

    fn prepare(self, mut command: Command) -> Command {
        command.current_dir(workspace::root());
        command.env("CARGO_TARGET_DIR", workspace::root().join("target/cortex-m"));
        if self == Self::Debian {
            // What rustup sets for its own compiler would lead this one astray.
            for name in ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTC_WRAPPER", "RUSTFLAGS", "RUSTDOC"] {
                command.env_remove(name);
            }
            command.env("CARGO", DEBIAN_CARGO).env("RUSTC", DEBIAN_RUSTC);
            command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_UNSTABLE_BUILD_STD", "core");
        }
        command
    }
}

fn rustup_has(triple: &str) -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = Command::new(rustc).current_dir(workspace::root()).args(["--print", "sysroot"]).output();
    let Ok(out) = out else { return false };
    let sysroot = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    Path::new(&sysroot).join("lib/rustlib").join(triple).join("lib").is_dir()
}

fn debian_is_here() -> bool {
    [DEBIAN_CARGO, DEBIAN_RUSTC, DEBIAN_CORE].iter().all(|p| Path::new(p).is_file())
}
