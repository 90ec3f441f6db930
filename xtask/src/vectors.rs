//! Golden vectors: the scripts in `tests/vectors/` are run again, in a copy of the tree, and what they write is compared
//! with what is committed. Numbers may differ in their last digits, since BLAS libraries do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install::Installer;
use crate::suite::{Log, Tally};
use crate::workspace;

const FOLDER: &str = "tests/vectors";

/// Largest relative difference between two numbers that count as the same.
const TOLERANCE: f64 = 1e-6;

/// Python packages that a script may import.
const MODULES: [&str; 3] = ["numpy", "scipy", "sklearn"];

/// How a file that was written again compares.
#[derive(Debug, PartialEq)]
enum Difference {
    /// Byte for byte the same.
    None,
    /// The same but for rounding; the largest relative difference.
    Rounding(f64),
    /// Another file: why.
    Other(String),
}

/// `cargo xtask vectors`.
pub fn task(write: bool, only: &[String], install: bool) -> Result<bool, String> {
    let mut log = Log::create(workspace::log_folder().join("vectors.txt"))?;
    let mut installer = Installer::new(install);
    let mut sum = Tally::default();
    for script in scripts()?.iter().filter(|s| only.is_empty() || only.iter().any(|o| s.contains(o.as_str()))) {
        let tally = run(script, write, &mut log, &mut installer)?;
        sum.add(tally);
    }
    print!("{}", log.text());
    for skip in &sum.skipped {
        println!("skipped {}: {}", skip.name, skip.why);
    }
    println!("{}", sum.line());
    Ok(sum.failed == 0)
}

/// The check in `cargo xtask test`: each script counts as one test.
pub fn verify(log: &mut Log, installer: &mut Installer) -> Result<Tally, String> {
    let scripts = scripts()?;
    if scripts.is_empty() {
        return Ok(Tally::skip("vectors", format!("no script in {FOLDER}")));
    }
    let mut sum = Tally::default();
    for script in &scripts {
        sum.add(run(script, false, log, installer)?);
    }
    Ok(sum)
}

fn scripts() -> Result<Vec<String>, String> {
    let ours = |f: &String| f.starts_with(FOLDER) && f.ends_with(".py");
    Ok(workspace::files()?.into_iter().filter(ours).collect())
}

fn run(script: &str, write: bool, log: &mut Log, installer: &mut Installer) -> Result<Tally, String> {
    let text = std::fs::read_to_string(workspace::root().join(script)).map_err(|e| format!("{script}: {e}"))?;
    let python = match installer.python(&imports(&text)) {
        Ok(python) => python,
        Err(why) => return Ok(Tally::skip(script, why)),
    };
    let copy = copy_tree()?;
    let before = modified(&copy.join(FOLDER))?;
    let mut command = Command::new(python);
    command.current_dir(&copy).arg(script);
    // A script that asks this project's programs for numbers builds them where all else is built.
    command.env("CARGO_TARGET_DIR", workspace::root().join("target"));
    let data = workspace::root().join("../shared/data");
    if std::env::var_os("HONE_DATA").is_none() && data.is_dir() {
        command.env("HONE_DATA", data);
    }
    if !log.run(&mut command)? {
        return Ok(Tally::one(false));
    }
    let after = modified(&copy.join(FOLDER))?;
    let written: Vec<&PathBuf> = after.iter().filter(|(p, t)| before.get(*p) != Some(*t)).map(|(p, _)| p).collect();
    if written.is_empty() {
        log.line(&format!("{script} wrote no file in {FOLDER}"));
        return Ok(Tally::one(false));
    }
    let mut same = true;
    for file in written {
        let name = file.strip_prefix(&copy).unwrap_or(file);
        let committed = workspace::root().join(name);
        let difference = compare(&committed, file)?;
        log.line(&match &difference {
            Difference::None => format!("{}: same bytes", name.display()),
            Difference::Rounding(by) => format!("{}: same but for rounding, at most {by:.1e}", name.display()),
            Difference::Other(why) => format!("{}: DIFFERS: {why}", name.display()),
        });
        if write && difference != Difference::None {
            std::fs::copy(file, &committed).map_err(|e| format!("{}: {e}", committed.display()))?;
            log.line(&format!("{}: written", name.display()));
        } else {
            same &= !matches!(difference, Difference::Other(_));
        }
    }
    Ok(Tally::one(same))
}

/// The packages of [`MODULES`] that a script imports.
fn imports(text: &str) -> Vec<&'static str> {
    let starts = |line: &str, m: &str| {
        let line = line.trim_start();
        let rest = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "));
        rest.is_some_and(|r| r.split([' ', '.', ',']).next() == Some(m))
    };
    let mut found: Vec<_> = MODULES.into_iter().filter(|m| text.lines().any(|l| starts(l, m))).collect();
    if found.is_empty() {
        found.push("sys");
    }
    found
}

/// A fresh copy of the tracked files below target/, so that a script cannot change the tree.
fn copy_tree() -> Result<PathBuf, String> {
    let copy = workspace::root().join("target/xtask-tree");
    let fail = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    if copy.exists() {
        std::fs::remove_dir_all(&copy).map_err(|e| fail(&copy, e))?;
    }
    // Twister looks for suites in all folders, and finds none twice.
    let suite = |f: &String| f.ends_with("testcase.yaml") || f.ends_with("sample.yaml");
    for file in workspace::files()?.into_iter().filter(|f| !suite(f)) {
        let to = copy.join(&file);
        let folder = to.parent().unwrap_or(&copy);
        std::fs::create_dir_all(folder).map_err(|e| fail(folder, e))?;
        std::fs::copy(workspace::root().join(&file), &to).map_err(|e| fail(&to, e))?;
    }
    Ok(copy)
}

fn modified(folder: &Path) -> Result<BTreeMap<PathBuf, std::time::SystemTime>, String> {
    let mut times = BTreeMap::new();
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() && !path.ends_with("__pycache__") {
            times.extend(modified(&path)?);
        } else if let Ok(time) = path.metadata().and_then(|m| m.modified()) {
            times.insert(path, time);
        }
    }
    Ok(times)
}

fn compare(committed: &Path, made: &Path) -> Result<Difference, String> {
    let read = |p: &Path| std::fs::read(p).map_err(|e| format!("{}: {e}", p.display()));
    if !committed.exists() {
        return Ok(Difference::Other("not committed".into()));
    }
    let (old, new) = (read(committed)?, read(made)?);
    if old == new {
        return Ok(Difference::None);
    }
    match (std::str::from_utf8(&old), std::str::from_utf8(&new)) {
        (Ok(old), Ok(new)) => Ok(compare_text(old, new)),
        _ => Ok(Difference::Other(format!("{} bytes committed, {} made", old.len(), new.len()))),
    }
}

fn compare_text(old: &str, new: &str) -> Difference {
    let (mut old_words, mut new_words) = (words(old), words(new));
    let mut largest = 0.0_f64;
    loop {
        match (old_words.next(), new_words.next()) {
            (None, None) => return Difference::Rounding(largest),
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => match (a.parse::<f64>(), b.parse::<f64>()) {
                // Whole numbers are sizes, labels and bit patterns: no rounding there.
                (Ok(x), Ok(y)) if a.contains('.') || b.contains('.') || a.contains('e') || b.contains('e') => {
                    let by = (x - y).abs() / x.abs().max(y.abs()).max(f64::MIN_POSITIVE);
                    if by.is_nan() || by > TOLERANCE {
                        return Difference::Other(format!("{a} committed, {b} made"));
                    }
                    largest = largest.max(by);
                }
                _ => return Difference::Other(format!("`{a}` committed, `{b}` made")),
            },
            (a, b) => {
                let longer = if a.is_some() { "fewer" } else { "more" };
                let word = a.or(b).unwrap_or_default();
                return Difference::Other(format!("{longer} values made, from `{word}` on"));
            }
        }
    }
}

/// Numbers and the text between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let separates =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']' | '{' | '}' | '(' | ')' | ':' | '"');
    text.split(separates).filter(|w| !w.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_told_from_change() {
        assert!(matches!(compare_text("a 1.0000001 [2]", "a 1.0000002 [2]"), Difference::Rounding(by) if by < 2e-7));
        assert!(matches!(compare_text("a 1.001", "a 1.002"), Difference::Other(_)));
        assert!(matches!(compare_text("a 1.5", "b 1.5"), Difference::Other(_)));
        assert!(matches!(compare_text("10000001", "10000002"), Difference::Other(_)));
        assert!(matches!(compare_text("1.5 2.5", "1.5"), Difference::Other(why) if why.starts_with("fewer")));
        assert!(matches!(compare_text("1.5", "nan"), Difference::Other(_)));
        assert!(matches!(compare_text("1.5", "1.5 2"), Difference::Other(why) if why.starts_with("more")));
    }

    #[test]
    fn imports_are_found_wherever_they_stand() {
        let text = "import os\nfrom sklearn.svm import SVC\n    import numpy as np\n# import scipy\n";
        assert_eq!(imports(text), ["numpy", "sklearn"]);
        assert_eq!(imports("import json"), ["sys"]);
    }
}
