//! Gets what a check lacks: components and targets from rustup, packages from Debian or Ubuntu, Python packages from
//! PyPI. It never asks a question, touches nothing that is there, and what cannot be had is a reason to skip.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::workspace;

/// Longest wait for rustup: with its server out of reach it would try for minutes.
const RUSTUP_PATIENCE: Duration = Duration::from_secs(60);

/// Installs on demand, each thing tried once per run.
pub struct Installer {
    allowed: bool,
    updated: Option<Result<(), String>>,
    tried: BTreeMap<String, Result<(), String>>,
}

impl Installer {
    /// `allowed` false: everything missing is refused with what to install.
    pub fn new(allowed: bool) -> Self {
        Self { allowed, updated: None, tried: BTreeMap::new() }
    }

    /// A cargo subcommand of rustup: `rustfmt` or `clippy`.
    pub fn component(&mut self, name: &str) -> Result<(), String> {
        let subcommand = if name == "rustfmt" { "fmt" } else { name };
        let present = || succeeds(Command::new(workspace::cargo()).args([subcommand, "--version"]));
        if present() {
            return Ok(());
        }
        let advice = format!("{name} is missing: rustup component add {name}");
        self.once(&format!("component {name}"), &advice, || {
            rustup(&["component", "add", name])?;
            if present() { Ok(()) } else { Err("still missing afterwards".into()) }
        })
    }

    /// A target of the rustup toolchain in use.
    pub fn target(&mut self, triple: &str) -> Result<(), String> {
        let advice = format!("rustup has no {triple}: rustup target add {triple}");
        self.once(&format!("target {triple}"), &advice, || rustup(&["target", "add", triple]))
    }

    /// Packages of Debian or Ubuntu; those already installed cost nothing.
    pub fn packages(&mut self, names: &[&str]) -> Result<(), String> {
        let missing: Vec<&str> = names.iter().copied().filter(|n| !has_package(n)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let list = missing.join(" ");
        let advice = format!("missing: {list} (Debian or Ubuntu: sudo apt-get install {list})");
        let mut updated = self.updated.take();
        let result = self.once(&format!("packages {list}"), &advice, || {
            let sudo = privilege()?;
            let first = || apt(&sudo, &["update", "-q"]);
            updated.get_or_insert_with(first).clone()?;
            let mut args = vec!["install", "-q", "-y", "--no-install-recommends"];
            args.extend(&missing);
            apt(&sudo, &args)
        });
        self.updated = updated;
        result
    }

    /// A Python that can import `modules`: one in PATH, the project's virtual environment, or one made now.
    pub fn python(&mut self, modules: &[&str]) -> Result<PathBuf, String> {
        let venv = workspace::root().join("target/python");
        let own = venv.join("bin/python3");
        let candidates = [PathBuf::from("python3"), PathBuf::from("/usr/bin/python3"), own.clone()];
        if let Some(found) = candidates.into_iter().find(|p| imports(p, modules)) {
            return Ok(found);
        }
        let list = pip_names(modules).join(" ");
        let advice =
            format!("no Python with {list}: python3 -m venv target/python && target/python/bin/pip install {list}");
        let result = self.once(&format!("python {list}"), &advice, || {
            if !own.is_file() {
                run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
            }
            let mut pip = Command::new(&own);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(pip_names(modules));
            run(&mut pip)
        });
        result?;
        if imports(&own, modules) { Ok(own) } else { Err(advice) }
    }

    fn once(&mut self, key: &str, advice: &str, install: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        if !self.allowed {
            return Err(format!("{advice} (--no-install)"));
        }
        if let Some(earlier) = self.tried.get(key) {
            return earlier.clone();
        }
        let result = install().map_err(|why| format!("{advice} (tried: {why})"));
        self.tried.insert(key.to_owned(), result.clone());
        result
    }
}

/// Packages of PyPI that provide the modules.
fn pip_names<'a>(modules: &[&'a str]) -> Vec<&'a str> {
    modules.iter().map(|m| if *m == "sklearn" { "scikit-learn" } else { m }).collect()
}

fn imports(python: &PathBuf, modules: &[&str]) -> bool {
    succeeds(Command::new(python).arg("-c").arg(format!("import {}", modules.join(", "))))
}

fn has_package(name: &str) -> bool {
    let out = Command::new("dpkg-query").args(["-W", "-f=${Status}", name]).stdin(Stdio::null()).output();
    out.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).contains("install ok installed"))
}

/// How to become root: nothing needed, or sudo without a password.
fn privilege() -> Result<Vec<&'static str>, String> {
    if workspace::in_path("apt-get").is_none() {
        return Err("no apt-get on this system".into());
    }
    let id = Command::new("id").arg("-u").output().map_err(|e| format!("id: {e}"))?;
    if id.stdout.starts_with(b"0\n") {
        return Ok(Vec::new());
    }
    if succeeds(Command::new("sudo").args(["-n", "true"])) {
        return Ok(vec!["sudo", "-n"]);
    }
    Err("not root, and sudo wants a password".into())
}

fn apt(sudo: &[&str], args: &[&str]) -> Result<(), String> {
    // `env`, since sudo drops variables of its caller.
    let words = [sudo, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"][..], args].concat();
    let (program, rest) = words.split_first().ok_or("no command")?;
    run(Command::new(program).args(rest))
}

/// Runs rustup, but not for longer than [`RUSTUP_PATIENCE`].
fn rustup(args: &[&str]) -> Result<(), String> {
    if workspace::in_path("rustup").is_none() {
        return Err("no rustup".into());
    }
    let mut child = Command::new("rustup")
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("rustup: {e}"))?;
    let deadline = Instant::now() + RUSTUP_PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("rustup {}: {status}", args.join(" "))),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(200)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("rustup {}: no answer", args.join(" ")));
            }
        }
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|o| o.status.success())
}

/// Runs a command; the end of what it printed explains a failure.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.stdin(Stdio::null()).output().map_err(|e| format!("{name}: {e}"))?;
    if out.status.success() { Ok(()) } else { Err(format!("{name}: {}, {}", out.status, last_line(&out))) }
}

fn last_line(out: &Output) -> String {
    let text = [&out.stdout[..], &out.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    text.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no output").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_leave_to_install_the_advice_is_the_reason() {
        let mut installer = Installer::new(false);
        let why = installer.packages(&["hone-no-such-package"]).unwrap_err();
        assert!(why.contains("apt-get install hone-no-such-package") && why.ends_with("(--no-install)"), "{why}");
    }

    #[test]
    fn a_failed_installation_is_not_tried_again() {
        let mut installer = Installer::new(true);
        let mut runs = 0;
        for _ in 0..2 {
            let why = installer.once("x", "get x", || {
                runs += 1;
                Err("no network".into())
            });
            assert_eq!(why, Err("get x (tried: no network)".into()));
        }
        assert_eq!(runs, 1);
    }

    #[test]
    fn modules_and_packages_of_python_differ_in_name() {
        assert_eq!(pip_names(&["numpy", "sklearn"]), ["numpy", "scikit-learn"]);
    }

    #[test]
    fn a_failing_command_is_explained_by_its_last_line() {
        let why = run(Command::new("sh").args(["-c", "echo first; echo E: locked >&2; exit 3"])).unwrap_err();
        assert!(why.contains("exit status: 3") && why.ends_with("E: locked"), "{why}");
    }
}
