//! The committed figures, and what has changed against them.
//!
//! `counts/KEY.toml` holds instructions, `sizes/KEY.toml` bytes of code, stack, workspace and model; KEY is the
//! compiler's version and where its `core` came from, because both decide over the emitted code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::row::Row;

/// A rise beyond this share, with the same key, is a failure.
const TOLERANCE: f64 = 0.02;

/// Figures by row, or by program.
type Figures = BTreeMap<String, u64>;

/// What one compiler gave.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// Its key.
    pub key: String,
    counts: BTreeMap<String, Figures>,
    sizes: BTreeMap<String, Figures>,
}

/// A figure that rose by more than the tolerance.
#[derive(Clone, Debug, PartialEq)]
pub struct Rise {
    /// Which figure of which row.
    pub what: String,
    /// What the baseline has.
    pub before: u64,
    /// What it is now.
    pub now: u64,
}

fn file(root: &Path, folder: &str, key: &str) -> PathBuf {
    root.join(folder).join(format!("{key}.toml"))
}

impl Baseline {
    /// What `rows` are as a baseline; `programs` are names with bytes of code.
    pub fn of(key: &str, rows: &[Row], programs: &Figures) -> Self {
        let each = |figure: fn(&Row) -> u64| rows.iter().map(|r| (r.key(), figure(r))).filter(|r| r.1 > 0).collect();
        let counts = BTreeMap::from([("instructions".to_string(), each(|r| r.instructions))]);
        let sizes = BTreeMap::from([
            ("text".to_string(), programs.clone()),
            ("stack".to_string(), each(|r| r.stack_bytes)),
            ("workspace".to_string(), each(|r| r.workspace_bytes)),
            ("model".to_string(), each(|r| r.model_bytes)),
        ]);
        Self { key: key.to_string(), counts, sizes }
    }

    /// The baseline of `key`, else that of another compiler for the core whose keys end in `suffix`, else none.
    pub fn read(root: &Path, key: &str, suffix: &str) -> Option<Self> {
        Self::read_exactly(root, key).or_else(|| {
            let files = fs::read_dir(root.join("counts")).ok()?;
            let mut keys: Vec<String> =
                files.flatten().filter_map(|f| Some(f.path().file_stem()?.to_str()?.to_string())).collect();
            // The usual core's keys end in how `core` was built.
            keys.retain(|k| if suffix.is_empty() { !k.contains("-cortex-") } else { k.ends_with(suffix) });
            keys.sort();
            Self::read_exactly(root, keys.last()?)
        })
    }

    fn read_exactly(root: &Path, key: &str) -> Option<Self> {
        let read = |folder| toml::from_str(&fs::read_to_string(file(root, folder, key)).ok()?).ok();
        Some(Self { key: key.to_string(), counts: read("counts")?, sizes: read("sizes").unwrap_or_default() })
    }

    /// Writes it down, for the commit.
    ///
    /// # Errors
    /// What could not be written.
    pub fn write(&self, root: &Path) -> Result<(), String> {
        for (folder, figures) in [("counts", &self.counts), ("sizes", &self.sizes)] {
            let path = file(root, folder, &self.key);
            let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
            fs::create_dir_all(root.join(folder)).map_err(|e| failed(&e))?;
            let text = toml::to_string(figures).map_err(|e| failed(&e))?;
            let head = "# Written by `cargo xtask bench --accept`; see docs/performance.md.\n\n";
            fs::write(&path, format!("{head}{text}")).map_err(|e| failed(&e))?;
        }
        Ok(())
    }

    /// The instructions of a row.
    pub fn instructions(&self, row: &Row) -> Option<u64> {
        self.counts.get("instructions")?.get(&row.key()).copied()
    }

    /// What rose from `self` to `now` by more than the tolerance (and more than 16, so that tiny figures may move).
    pub fn rises(&self, now: &Self) -> Vec<Rise> {
        let mut rises = Vec::new();
        for (before, now) in [(&self.counts, &now.counts), (&self.sizes, &now.sizes)] {
            for (kind, figures) in now {
                for (name, now) in figures {
                    let Some(before) = before.get(kind).and_then(|f| f.get(name)) else { continue };
                    if *now as f64 > *before as f64 * (1.0 + TOLERANCE) && now - before > 16 {
                        rises.push(Rise { what: format!("{kind} of {name}"), before: *before, now: *now });
                    }
                }
            }
        }
        rises
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(instructions: u64, text: u64) -> Baseline {
        let figures = |name: &str, value| Figures::from([(name.to_string(), value)]);
        Baseline {
            key: "k".into(),
            counts: BTreeMap::from([("instructions".to_string(), figures("dot 600", instructions))]),
            sizes: BTreeMap::from([("text".to_string(), figures("svm", text))]),
        }
    }

    #[test]
    fn two_percent_is_the_limit() {
        let before = baseline(10_000, 4_000);
        assert_eq!(before.rises(&baseline(10_200, 4_080)), []);
        assert_eq!(before.rises(&baseline(9_000, 3_000)), []);
        let rises = before.rises(&baseline(10_201, 4_081));
        let what: Vec<&str> = rises.iter().map(|r| r.what.as_str()).collect();
        assert_eq!(what, ["instructions of dot 600", "text of svm"]);
    }
}
