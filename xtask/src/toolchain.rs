//! The Rust compiler for bare-metal targets: rustup's where the target is installed, else Debian's `rustc-web`, which
//! builds `core` from its sources.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The reference target.
pub const CORTEX_M4F: &str = "thumbv7em-none-eabihf";
/// A core without floating point.
pub const CORTEX_M3: &str = "thumbv7m-none-eabi";

/// A compiler that can build for a bare-metal target, and the environment that makes it do so.
#[derive(Clone, Debug)]
pub struct Toolchain {
    cargo: PathBuf,
    version: String,
    core_from_source: bool,
    env: Vec<(String, OsString)>,
}

impl Toolchain {
    /// Finds a compiler for `target`.
    ///
    /// # Errors
    /// What to install.
    pub fn find(target: &str) -> Result<Self, String> {
        Self::all(target).into_iter().next().ok_or_else(|| {
            format!(
                "no Rust compiler for {target}: run `rustup target add {target}`, or on Debian install \
                 rustc-web, cargo-web and rust-web-src"
            )
        })
    }

    /// All compilers for `target`, one for each [`Self::key`], those with a prebuilt `core` first.
    pub fn all(target: &str) -> Vec<Self> {
        // The one in PATH is rustup's where there is rustup. Debian's has a fixed place, because rustup hides it.
        let folders = [None, Some(Path::new("/usr/bin"))];
        let mut found: Vec<Self> = Vec::new();
        for core_from_source in [false, true] {
            for toolchain in folders.iter().filter_map(|f| Self::at(*f, target, core_from_source)) {
                if found.iter().all(|t| t.key() != toolchain.key()) {
                    found.push(toolchain);
                }
            }
        }
        found
    }

    fn at(folder: Option<&Path>, target: &str, core_from_source: bool) -> Option<Self> {
        let program = |name: &str| folder.map_or_else(|| PathBuf::from(name), |f| f.join(name));
        let ask = |args: &[&str]| ask(Command::new(program("rustc")).args(args));
        let version = ask(&["--version"])?;
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?);
        let mut env = Vec::new();
        if core_from_source {
            if !sysroot.join("lib/rustlib/src/rust/library/core").is_dir() {
                return None;
            }
            env.push(("RUSTC_BOOTSTRAP".into(), "1".into()));
            env.push(("CARGO_UNSTABLE_BUILD_STD".into(), "core".into()));
        } else if !holds_core(Path::new(&ask(&["--print", "target-libdir", "--target", target])?)) {
            return None;
        }
        if let Some(folder) = folder {
            let others = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&others));
            env.push(("PATH".into(), std::env::join_paths(all).ok()?));
        }
        // The target links with rust-lld, which Debian does not have.
        let host = ask(&["-vV"])?.lines().find_map(|l| l.strip_prefix("host: ").map(String::from))?;
        if !sysroot.join("lib/rustlib").join(host).join("bin/rust-lld").exists() {
            let linker = ["arm-none-eabi-ld", "ld.lld"].into_iter().find(|l| is_program(l))?;
            let key = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
            env.push((key, linker.into()));
        }
        Some(Self { cargo: program("cargo"), version, core_from_source, env })
    }

    /// `cargo SUBCOMMAND`, ready for the target; the caller sets the folder and the further arguments.
    pub fn cargo(&self, subcommand: &str) -> Command {
        let mut command = self.command(&self.cargo);
        command.arg(subcommand);
        command
    }

    /// `cargo clippy`, ready for the target, where this compiler comes with it.
    pub fn clippy(&self) -> Option<Command> {
        // Cargo looks for subcommands among rustup's programs first: start the one beside this cargo.
        let program = self.cargo.with_file_name("cargo-clippy");
        let start = || {
            let mut command = self.command(&program);
            if self.cargo.is_absolute() {
                command.env("CARGO", &self.cargo);
            }
            command.arg("clippy");
            command
        };
        ask(start().arg("--version"))?;
        Some(start())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // What the cargo that runs this program has set would choose its own compiler again.
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTC_BOOTSTRAP", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
            command.env_remove(name);
        }
        command.envs(self.env());
        command
    }

    /// The environment that makes cargo build for the target, for builds that another program starts (`west`).
    pub fn env(&self) -> impl Iterator<Item = (&str, &OsString)> {
        self.env.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// What decides over the emitted code: the compiler's version, and whether `core` is built here.
    pub fn key(&self) -> String {
        let number = self.version.split_whitespace().nth(1).unwrap_or("unknown");
        format!("rustc-{number}-core-{}", if self.core_from_source { "source" } else { "prebuilt" })
    }
}

/// The trimmed standard output of a program that succeeds.
fn ask(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string())
}

fn holds_core(folder: &Path) -> bool {
    std::fs::read_dir(folder)
        .is_ok_and(|mut files| files.any(|f| f.is_ok_and(|f| f.file_name().to_string_lossy().starts_with("libcore-"))))
}

fn is_program(name: &str) -> bool {
    Command::new(name).arg("--version").output().is_ok_and(|o| o.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prebuilt_core_is_seen_and_a_folder_without_one_is_not() {
        let folder = std::env::temp_dir().join(format!("hone-toolchain-{}", std::process::id()));
        let libraries = folder.join("lib/rustlib").join(CORTEX_M4F).join("lib");
        std::fs::create_dir_all(&libraries).unwrap();
        assert!(!holds_core(&libraries) && !holds_core(&folder.join("nothing")));
        std::fs::write(libraries.join("liballoc-0123456789abcdef.rlib"), "").unwrap();
        assert!(!holds_core(&libraries));
        std::fs::write(libraries.join("libcore-0123456789abcdef.rlib"), "").unwrap();
        assert!(holds_core(&libraries));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn baselines_of_a_prebuilt_core_are_their_own() {
        let toolchain = |core_from_source| Toolchain {
            cargo: "cargo".into(),
            version: "rustc 1.96.0 (0123456 2026-05-25)".into(),
            core_from_source,
            env: Vec::new(),
        };
        assert_eq!(toolchain(true).key(), "rustc-1.96.0-core-source");
        assert_eq!(toolchain(false).key(), "rustc-1.96.0-core-prebuilt");
    }
}
