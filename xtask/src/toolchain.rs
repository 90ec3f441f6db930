//! The Rust compiler for bare-metal targets: rustup's where the target is installed, else Debian's `rustc-web`, which
//! builds `core` from its sources.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace;

/// The reference target.
pub const CORTEX_M4F: &str = "thumbv7em-none-eabihf";
/// A core without floating point.
pub const CORTEX_M3: &str = "thumbv7m-none-eabi";
/// A core that also lacks atomic exchanges.
pub const CORTEX_M0: &str = "thumbv6m-none-eabi";

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
        Self::find_for(&[target])
    }

    /// Finds one compiler for all of `targets`.
    ///
    /// # Errors
    /// What to install.
    pub fn find_for(targets: &[&str]) -> Result<Self, String> {
        Self::all(targets).into_iter().next().ok_or_else(|| {
            let targets = targets.join(" ");
            format!("no Rust for {targets}: .ci/setup gets it (rustup target add {targets}, or Debian's rustc-web)")
        })
    }

    /// All compilers for `targets`, one for each [`Self::key`], those with a prebuilt `core` first.
    pub fn all(targets: &[&str]) -> Vec<Self> {
        // The one in PATH is rustup's where there is rustup. Debian's has a fixed place, because rustup hides it.
        let folders = [None, Some(Path::new("/usr/bin"))];
        let mut found: Vec<Self> = Vec::new();
        for core_from_source in [false, true] {
            for toolchain in folders.iter().filter_map(|f| Self::at(*f, targets, core_from_source)) {
                if found.iter().all(|t| t.key() != toolchain.key()) {
                    found.push(toolchain);
                }
            }
        }
        found
    }

    fn at(folder: Option<&Path>, targets: &[&str], core_from_source: bool) -> Option<Self> {
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
        } else {
            let library = |target: &&str| ask(&["--print", "target-libdir", "--target", target]);
            if !targets.iter().all(|t| library(t).is_some_and(|l| holds_core(Path::new(&l)))) {
                return None;
            }
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
            for target in targets {
                let key = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
                env.push((key, linker.into()));
            }
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

    /// `cargo SUBCOMMAND` on the portable crates' libraries for `target`, built for release.
    ///
    /// # Errors
    /// When cargo cannot say which crates these are, or for clippy that this compiler comes without it.
    pub fn portable(&self, subcommand: &str, target: &str) -> Result<Command, String> {
        let mut command = match subcommand {
            "clippy" => self.clippy().ok_or("this compiler comes without clippy")?,
            other => self.cargo(other),
        };
        command.current_dir(workspace::root()).args(["--release", "--lib", "--locked", "--target", target]);
        command.arg("--target-dir").arg(self.target_dir());
        command.args(workspace::portable()?.iter().flat_map(|name| ["--package", name]));
        Ok(command)
    }

    /// Where everything for Cortex-M is built: compilers in one folder would build everything anew in turn.
    pub fn target_dir(&self) -> PathBuf {
        workspace::root().join("target/cortex-m").join(self.key())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // What the cargo that runs this program has set would choose its own compiler again.
        for name in OUTER {
            command.env_remove(name);
        }
        command.envs(self.env.iter().map(|(k, v)| (k, v)));
        command
    }

    /// Has `command`, a build that starts `cargo` by that name (Zephyr's CMake), start this one: by links in `folder`,
    /// which comes first in its PATH. All of this compiler's own folder would hide other programs, as a Python.
    ///
    /// # Errors
    /// The links cannot be made.
    pub fn lend(&self, command: &mut Command, folder: &Path) -> Result<(), String> {
        for name in OUTER {
            command.env_remove(name);
        }
        command.envs(self.env.iter().filter(|(key, _)| key != "PATH").map(|(k, v)| (k, v)));
        if self.core_from_source {
            // Zephyr's crates name `alloc`, though they do not use it without a heap.
            command.env("CARGO_UNSTABLE_BUILD_STD", "core,alloc");
        }
        if self.cargo.is_absolute() {
            let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
            std::fs::create_dir_all(folder).map_err(failed)?;
            for name in ["cargo", "rustc", "rustdoc"] {
                let link = folder.join(name);
                let _ = std::fs::remove_file(&link);
                symlink(&self.cargo.with_file_name(name), &link).map_err(failed)?;
            }
            let others = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&others));
            command.env("PATH", std::env::join_paths(all).map_err(|e| e.to_string())?);
        }
        Ok(())
    }

    /// What decides over the emitted code: the compiler's version, and whether `core` is built here.
    pub fn key(&self) -> String {
        let number = self.version.split_whitespace().nth(1).unwrap_or("unknown");
        format!("rustc-{number}-core-{}", if self.core_from_source { "source" } else { "prebuilt" })
    }
}

/// What the cargo that runs this program tells it of itself.
const OUTER: [&str; 6] =
    ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTC_BOOTSTRAP", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];

#[cfg(unix)]
fn symlink(to: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn symlink(to: &Path, at: &Path) -> std::io::Result<()> {
    std::fs::copy(to, at).map(|_| ())
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

    #[cfg(unix)]
    #[test]
    fn a_build_that_is_lent_a_compiler_finds_it_first() {
        let folder = std::env::temp_dir().join(format!("hone-lend-{}", std::process::id()));
        let toolchain = Toolchain {
            cargo: "/opt/rust/bin/cargo".into(),
            version: "rustc 1.96.0".into(),
            core_from_source: true,
            env: vec![("PATH".into(), "/opt/rust/bin".into()), ("RUSTC_BOOTSTRAP".into(), "1".into())],
        };
        for _ in 0..2 {
            let mut command = Command::new("cmake");
            toolchain.lend(&mut command, &folder).unwrap();
            let env: Vec<_> = command.get_envs().filter_map(|(k, v)| Some((k.to_str()?, v?.to_str()?))).collect();
            assert!(
                env.contains(&("RUSTC_BOOTSTRAP", "1")) && env.contains(&("CARGO_UNSTABLE_BUILD_STD", "core,alloc"))
            );
            let path = env.iter().find(|(key, _)| *key == "PATH").unwrap().1;
            assert!(path.starts_with(folder.to_str().unwrap()) && !path.contains("/opt/rust/bin"));
            assert_eq!(std::fs::read_link(folder.join("rustc")).unwrap(), Path::new("/opt/rust/bin/rustc"));
        }
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
