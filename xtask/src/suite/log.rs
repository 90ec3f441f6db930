//! A check's log file, and the commands whose output goes into it.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

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
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let shown = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        self.line(&format!("$ {shown}"));
        let file = || self.file.try_clone().map_err(|e| format!("{}: {e}", self.path.display()));
        let command = command.stdin(Stdio::null()).stdout(Stdio::from(file()?)).stderr(Stdio::from(file()?));
        let status = command.status().map_err(|e| format!("cannot start {shown}: {e}"))?;
        if !status.success() {
            self.line(&format!("[{status}]"));
        }
        Ok(status.success())
    }
}
