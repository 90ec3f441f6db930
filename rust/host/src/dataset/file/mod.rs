//! Files of recordings and tables, by kind.

pub mod array;
pub mod dialect;
pub mod mat;
pub mod npy;
pub mod sheet;
pub mod text;
pub mod wav;

use super::{Fault, Source};
use std::path::{Path, PathBuf};

/// What a file is, by the ending of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text in columns.
    Csv,
    /// NumPy's array.
    Npy,
    /// Sound, or what a recorder writes as if it were.
    Wav,
    /// MATLAB's variables, level 5.
    Mat,
}

impl Format {
    /// The format of a file, whatever the case of its name, compressed by gzip or not.
    pub fn of(path: &str) -> Option<Self> {
        let lower = path.to_ascii_lowercase();
        let name = lower.strip_suffix(".gz").unwrap_or(&lower);
        let (_, ending) = name.rsplit_once('.')?;
        Some(match ending {
            "csv" | "tsv" | "txt" => Self::Csv,
            "npy" => Self::Npy,
            "wav" | "wave" => Self::Wav,
            "mat" => Self::Mat,
            _ => return None,
        })
    }

    /// Whether its numbers lie in an array whose axes the manifest names.
    pub fn is_array(self) -> bool {
        matches!(self, Self::Npy | Self::Mat)
    }

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Npy => ".npy",
            Self::Wav => "WAV",
            Self::Mat => "MATLAB",
        }
    }
}

/// A fault in a file that a manifest names.
pub fn fault(path: &Path, line: Option<usize>, problem: impl Into<String>) -> Fault {
    Fault { file: path.to_path_buf(), line, key: String::new(), problem: problem.into() }
}

/// Where a file of the manifest lies; it is there and is a file.
///
/// # Errors
/// [`Fault`] names the manifest's key and says where it was looked for.
pub fn locate(source: &Source, key: &str, root: &Path, path: &str) -> Result<PathBuf, Fault> {
    let full = root.join(path);
    match std::fs::metadata(&full) {
        Ok(meta) if meta.is_file() => Ok(full),
        Ok(meta) => {
            let what = if meta.is_dir() { "a folder" } else { "not a regular file" };
            Err(source.fault(key, format!("{} is {what}; name a file with recordings", full.display())))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let advice = "give the folder with the recordings by --root DIR or HONE_DATA";
            Err(source.fault(key, format!("{} does not exist; {advice}", full.display())))
        }
        Err(e) => Err(source.fault(key, format!("{} cannot be opened: {e}", full.display()))),
    }
}
