//! Builds the bare-metal programs and the counting plugin, and runs a program in QEMU.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::counts::Counts;
use crate::toolchain::{CORTEX_M3, CORTEX_M4F, Toolchain};
use crate::workspace;

/// The harness alone; another program's text less that of this one is what its subject costs.
pub const EMPTY: &str = "empty";
/// The program whose values the host compares.
pub const VECTORS: &str = "vectors";
/// The program that holds every portable crate, with relocations, to count what may panic.
pub const IMAGE: &str = "image";

/// The emulated core.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Core {
    /// With floating point and DSP instructions
    #[default]
    CortexM4f,
    /// Without either
    CortexM3,
}

impl Core {
    /// The compiler's name for it.
    pub fn triple(self) -> &'static str {
        match self {
            Self::CortexM4f => CORTEX_M4F,
            Self::CortexM3 => CORTEX_M3,
        }
    }

    /// QEMU's machine; both have the same memory map.
    fn machine(self) -> &'static str {
        match self {
            Self::CortexM4f => "mps2-an386",
            Self::CortexM3 => "mps2-an385",
        }
    }

    /// What is measured on it unless the programs are named. Without floating point it is integers that matter; the rest
    /// would take minutes of emulated time.
    ///
    /// # Errors
    /// When git cannot say which programs there are.
    pub fn programs(self) -> Result<Vec<String>, String> {
        let mut programs = programs()?;
        programs.retain(|name| match self {
            Self::CortexM4f => ![EMPTY, VECTORS, IMAGE].contains(&name.as_str()),
            Self::CortexM3 => ["integer", "kernels"].contains(&name.as_str()),
        });
        Ok(programs)
    }

    /// What its baselines' keys end in.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::CortexM4f => "",
            Self::CortexM3 => "-cortex-m3",
        }
    }
}

/// All programs: one per file in `src/bin`, in order of name.
///
/// # Errors
/// When git cannot say which files there are.
pub fn programs() -> Result<Vec<String>, String> {
    let files = workspace::files()?;
    let names = files.iter().filter_map(|f| f.strip_prefix("rust/target-bench/src/bin/")?.strip_suffix(".rs"));
    Ok(names.map(str::to_owned).collect())
}

/// The built programs.
pub struct Emulator {
    core: Core,
    /// Those of them that measure.
    pub programs: Vec<String>,
    built: PathBuf,
    plugin: PathBuf,
    scratch: PathBuf,
    /// The toolchain's [`Toolchain::key`], and the core unless it is the usual one.
    pub key: String,
    /// What built them.
    pub toolchain: Toolchain,
}

/// The programs that are built apart, with the least features, for their size.
const SMALL: [&str; 3] = ["linear_text", "rce_text", "svm_text"];

/// What the application's profile has for these, and the programs that are built apart are built with.
const APPLICATION: [&str; 2] =
    [r#"profile.release.package.hone-svm.opt-level="z""#, r#"profile.release.package.hone-linear.opt-level="z""#];

/// One bracket of a program's run.
pub struct Bracket {
    /// The name in the `case` line.
    pub name: String,
    /// Size, units, workspace, model and stack bytes, as in the `case` line.
    pub figures: [u64; 5],
    /// What was executed.
    pub counts: Counts,
}

/// What a program printed.
pub struct Run {
    /// One per `case` line.
    pub brackets: Vec<Bracket>,
    /// The `value` lines.
    pub values: Vec<String>,
    /// The lines that say what was skipped for lack of data.
    pub skipped: Vec<String>,
}

impl Emulator {
    /// Builds `programs` of `rust/target-bench`, [`EMPTY`] and the plugin with `toolchain`.
    ///
    /// # Errors
    /// What failed, with the compiler's output.
    pub fn build(core: Core, toolchain: Toolchain, programs: &[String]) -> Result<Self, String> {
        let folder = workspace::root().join("rust/target-bench");
        let target = toolchain.target_dir();
        let build = |bins: &[&str], options: &[&str]| {
            let mut build = toolchain.cargo("build");
            build.current_dir(&folder).args(["--release", "--locked", "--target", core.triple(), "--target-dir"]);
            build.arg(&target).args(bins.iter().flat_map(|name| ["--bin", name])).args(options);
            succeed(&mut build)
        };
        let (small, all): (Vec<&str>, Vec<&str>) =
            programs.iter().map(String::as_str).chain([EMPTY]).partition(|name| SMALL.contains(name));
        build(&all, &["--features", &workspace::learner_features()?])?;
        if !small.is_empty() {
            let [svm, linear] = APPLICATION;
            build(&small, &["--no-default-features", "--features", "small", "--config", svm, "--config", linear])?;
        }
        let key = toolchain.key() + core.suffix();
        let scratch = target.join("bench").join(&key);
        fs::create_dir_all(&scratch).map_err(|e| format!("{}: {e}", scratch.display()))?;
        let plugin = scratch.join("count.so");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
        succeed(Command::new(compiler).args(flags).arg(&plugin).arg(folder.join("plugin/count.c")))?;
        let measured = |name: &&String| ![EMPTY, VECTORS, IMAGE].contains(&name.as_str());
        let programs = programs.iter().filter(measured).cloned().collect();
        let built = target.join(core.triple()).join("release");
        Ok(Self { core, programs, built, plugin, scratch, key, toolchain })
    }

    /// The ELF file of a program.
    pub fn elf(&self, program: &str) -> PathBuf {
        self.built.join(program)
    }

    /// The folder that a running program reads its files from.
    pub fn data(&self) -> PathBuf {
        self.scratch.join("data")
    }

    /// The file to which a run with `list_kinds` writes each instruction's kind and disassembly.
    pub fn kinds(&self) -> PathBuf {
        self.scratch.join("kinds.txt")
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// When QEMU is missing, or the program failed: its output.
    pub fn run(&self, program: &str, list_kinds: bool) -> Result<Run, String> {
        let counted = self.scratch.join(format!("{program}.counts"));
        let mut plugin = format!("{},out={}", self.plugin.display(), counted.display());
        if list_kinds {
            plugin += &format!(",kinds={}", self.kinds().display());
        }
        fs::create_dir_all(self.data()).map_err(|e| e.to_string())?;
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(["-machine", self.core.machine(), "-nographic", "-monitor", "none", "-serial", "none"])
            .args(["-icount", "shift=0", "-semihosting-config", "enable=on,target=native", "-plugin", &plugin])
            .arg("-kernel")
            .arg(self.elf(program))
            .current_dir(self.data());
        let text = succeed(&mut qemu)?;
        let counted = fs::read_to_string(&counted).map_err(|e| e.to_string())?;
        let mut counted = counted.lines();
        let mut run = Run { brackets: Vec::new(), values: Vec::new(), skipped: Vec::new() };
        for line in text.lines() {
            if let Some(case) = line.strip_prefix("case ") {
                let odd = || format!("{program}: no counts for `{line}`");
                run.brackets.push(bracket(case, counted.next().ok_or_else(odd)?).ok_or_else(odd)?);
            } else if line.starts_with("value ") {
                run.values.push(line.to_string());
            } else if line.starts_with("skipped") {
                run.skipped.push(line.to_string());
            }
        }
        if let [empty, others @ ..] = run.brackets.as_mut_slice() {
            others.iter_mut().for_each(|b| b.counts.subtract(&empty.counts));
        }
        Ok(run)
    }
}

fn bracket(case: &str, counted: &str) -> Option<Bracket> {
    let mut words = case.split(' ');
    let (number, counted) = (words.next()?, counted.split_once(' ')?);
    let name = words.next()?.to_string();
    let figures: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    let counts = Counts::parse(counted.1)?;
    (number == counted.0).then_some(Bracket { name, figures: figures.try_into().ok()?, counts })
}

/// Runs a command; its standard output and standard error, which are also the error's text when it fails.
pub fn succeed(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|e| format!("{name}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(text.into_owned()) } else { Err(format!("{name} failed:\n{text}")) }
}
