//! The text of a manifest, and faults that point into it.

use std::fmt;
use std::path::{Path, PathBuf};

/// What is wrong with a manifest or a file that it names, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The manifest or the file.
    pub file: PathBuf,
    /// The manifest's line, from 1, where one can be pointed at.
    pub line: Option<usize>,
    /// The manifest's key, such as `file[2].split.train`; empty where there is none.
    pub key: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ", key {}", self.key)?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for Fault {}

/// The TOML reader's message without the names that Rust has for types.
fn plain(message: &str) -> String {
    let mut text = message.trim().replace('\n', "; ");
    for (rust, word) in [
        ("expected f64", "expected a number"),
        ("expected i64", "expected a whole number"),
        ("expected usize", "expected a whole number of at least 0"),
        ("expected u16", "expected a whole number from 0 to 65535"),
        ("a boolean", "true or false"),
        ("expected a bool", "expected true or false"),
        ("a sequence", "a list"),
        ("sequence", "a list"),
        ("expected a map", "expected a table"),
        ("map,", "a table,"),
        ("floating point ", "the number "),
        ("integer ", "the number "),
        ("boolean ", ""),
        ("string \"", "the text \""),
        ("invalid type: ", "does not take "),
        ("invalid value: ", "does not take "),
        ("unknown field", "there is no key"),
        ("unknown variant", "there is no"),
        ("missing field", "is missing the key"),
    ] {
        text = text.replace(rust, word);
    }
    // `expected struct WindowSpec` and its like.
    for kind in ["struct ", "enum "] {
        while let Some(at) = text.find(kind) {
            let name =
                text[at + kind.len()..].find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len() - at - kind.len());
            text.replace_range(at..at + kind.len() + name, if kind == "struct " { "a table" } else { "a word" });
        }
    }
    text
}

/// A manifest's text and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    text: String,
}

/// Larger manifests are refused.
const LARGEST: u64 = 1 << 20;

impl Source {
    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// [`Fault`] when the file cannot be read or is not text.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let fault = |problem: String| Fault { file: path.to_path_buf(), line: None, key: String::new(), problem };
        let meta = std::fs::metadata(path).map_err(|e| fault(format!("cannot be opened: {e}")))?;
        if !meta.is_file() {
            return Err(fault("is not a file; give the path of a manifest".into()));
        }
        if meta.len() > LARGEST {
            return Err(fault(format!("has {} bytes; a manifest has at most {LARGEST}", meta.len())));
        }
        let bytes = std::fs::read(path).map_err(|e| fault(format!("cannot be read: {e}")))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let line = 1 + e.as_bytes().iter().take(e.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count();
            Fault { line: Some(line), ..fault("is not UTF-8 text; a manifest is a TOML file".into()) }
        })?;
        Ok(Self::new(path, text))
    }

    /// A manifest whose text is at hand.
    pub fn new(path: &Path, text: String) -> Self {
        Self { path: path.to_path_buf(), text }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where it came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A fault of the value at `key`; where it is missing, the line is that of the table which should have it.
    pub fn fault(&self, key: &str, problem: String) -> Fault {
        Fault { file: self.path.clone(), line: self.line_of(key), key: key.into(), problem }
    }

    /// What the TOML reader found.
    pub fn syntax(&self, error: &toml::de::Error) -> Fault {
        let line = error.span().map(|s| self.line_at(s.start));
        let text = line.and_then(|l| self.text.lines().nth(l - 1)).unwrap_or("").trim();
        // The reader's message names what it expected; the line's own key says where.
        let key = text.split_once('=').map_or(text, |(k, _)| k.trim());
        let key: String = key.chars().take(60).collect();
        Fault { file: self.path.clone(), line, key, problem: plain(error.message()) }
    }

    fn line_at(&self, offset: usize) -> usize {
        1 + self.text.bytes().take(offset).filter(|b| *b == b'\n').count()
    }

    fn line_of(&self, key: &str) -> Option<usize> {
        let root = toml::de::DeTable::parse(&self.text).ok()?;
        let mut table = Some(root.get_ref());
        let mut at = None;
        for segment in key.split('.') {
            let (name, index) = match segment.split_once('[') {
                Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
                None => (segment, None),
            };
            let Some((found, mut value)) = table.and_then(|t| t.iter().find(|(k, _)| k.get_ref() == name)) else {
                break;
            };
            at = Some(found.span().start);
            if let (Some(index), Some(items)) = (index, value.get_ref().as_array()) {
                match items.get(index) {
                    Some(item) => value = item,
                    None => break,
                }
                at = Some(value.span().start);
            }
            table = value.get_ref().as_table();
        }
        at.map(|offset| self.line_at(offset))
    }
}
