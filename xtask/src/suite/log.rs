//! A check's log file, and the commands whose output goes into it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Log of one check.
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Starts an empty log.
    pub fn create(path: PathBuf) -> Result<Self, String> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        }
        let file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Self { file, path })
    }

    /// Where the log is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line.
    pub fn line(&mut self, text: &str) {
        // A full disk must not hide the result of a check.
        let _ = writeln!(self.file, "{text}");
    }

    /// Everything written so far.
    pub fn text(&self) -> String {
        std::fs::read(&self.path).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
    }

    /// Runs a command without standard input, its output appended here. True if it succeeded.
    pub fn run(&mut self, command: &mut Command) -> Result<bool, String> {
        let shown = show(command);
        self.line(&format!("$ {shown}"));
        let out = self.file.try_clone().map_err(|e| format!("{}: {e}", self.path.display()))?;
        let err = self.file.try_clone().map_err(|e| format!("{}: {e}", self.path.display()))?;
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::from(out))
            .stderr(Stdio::from(err))
            .status()
            .map_err(|e| format!("cannot start {shown}: {e}"))?;
        if !status.success() {
            self.line(&format!("[{status}]"));
        }
        Ok(status.success())
    }

    /// Runs a command whose standard output is for this program; its standard error goes into the log.
    pub fn capture(&mut self, command: &mut Command) -> Result<Output, String> {
        let shown = show(command);
        self.line(&format!("$ {shown}"));
        let err = self.file.try_clone().map_err(|e| format!("{}: {e}", self.path.display()))?;
        let command = command.stdin(Stdio::null()).stderr(Stdio::from(err));
        command.output().map_err(|e| format!("cannot start {shown}: {e}"))
    }
}

/// A command as one would type it.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let args = command.get_args().map(|a| a.to_string_lossy().into_owned());
    std::iter::once(name).chain(args).collect::<Vec<_>>().join(" ")
}
