//! What no compiler checks: text that belongs to one machine, links, the folder lines of the README, unsafe code,
//! foreign functions, the shape of the engine, and the size of files.

mod engine;
mod links;
mod readme;
mod source;

use crate::{Findings, workspace};

/// Longest file before a warning, in lines.
const LONG: usize = 500;

/// Beginnings of absolute paths that exist on one machine only. `/tmp/` is not among them: it is everywhere.
const MACHINE_PATHS: [&str; 8] = ["/home/", "/root/", "/Users/", "/work/", "/workspace/", "/mnt/", "/builds/", "C:\\"];

/// Left-overs of unfinished work.
const UNFINISHED: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];

/// Extensions of files that are data, not text that someone wrote.
const DATA: [&str; 10] = ["lock", "json", "csv", "npy", "bin", "png", "svg", "hex", "elf", "postcard"];

/// All checks over the tracked files.
pub fn check() -> Result<Findings, String> {
    let mut findings = Findings::default();
    let files = workspace::files()?;
    let texts: Vec<(&str, String)> = files.iter().filter_map(|f| Some((f.as_str(), text_of(f)?))).collect();
    for (file, text) in &texts {
        check_words(file, text, &mut findings);
        if file.ends_with(".md") {
            links::check(file, text, workspace::root(), &mut findings);
        }
    }
    warn_of_long_files(&texts, &mut findings);
    engine::check(&texts, &mut findings);
    source::check_foreign(&texts, &mut findings);
    source::check_crates(&workspace::members()?, &texts, &mut findings);
    match texts.iter().find(|(file, _)| *file == "README.md") {
        Some((_, text)) => readme::check(text, &files, &mut findings),
        None => findings.error("README.md is missing"),
    }
    findings.note(format!("{} text files read", texts.len()));
    Ok(findings)
}

/// Text of a file that a person wrote; none for data.
fn text_of(file: &str) -> Option<String> {
    let extension = file.rsplit_once('.').map_or("", |(_, e)| e);
    if DATA.contains(&extension) {
        return None;
    }
    std::fs::read_to_string(workspace::root().join(file)).ok()
}

fn check_words(file: &str, text: &str, findings: &mut Findings) {
    // This file spells out what it looks for.
    if file == "xtask/src/hygiene/mod.rs" {
        return;
    }
    for (number, line) in text.lines().enumerate().map(|(i, l)| (i + 1, l)) {
        if let Some(path) = MACHINE_PATHS.into_iter().find(|p| has_path(line, p)) {
            findings.error(format!("{file}:{number}: a path of one machine ({path}...)"));
        }
        if let Some(word) = UNFINISHED.into_iter().find(|w| has_word(line, w)) {
            findings.error(format!("{file}:{number}: unfinished ({word})"));
        }
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            findings.error(format!("{file}:{number}: a merge conflict"));
        }
    }
}

/// True if the line holds the path at the start of a word: `docs/home/` is not one.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|b| b.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '-' | '_' | '/' | '}' | ')' | '$' | '~'))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|b| b.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|a| a.chars().next());
        edge(before) && edge(after)
    })
}

fn warn_of_long_files(texts: &[(&str, String)], findings: &mut Findings) {
    let lines = |(file, text): &(&str, String)| (text.lines().count(), (*file).to_owned());
    let mut long: Vec<(usize, String)> = texts.iter().map(lines).filter(|(n, _)| *n > LONG).collect();
    long.sort_by(|a, b| b.cmp(a));
    if !long.is_empty() {
        let list: Vec<String> = long.iter().map(|(n, file)| format!("{file} ({n})")).collect();
        findings.warn(format!("longer than {LONG} lines: {}", list.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        check_words("a.rs", text, &mut findings);
        findings.errors
    }

    #[test]
    fn paths_of_one_machine() {
        assert_eq!(errors("ok\nlet p = \"/home/ann/x\";"), ["a.rs:2: a path of one machine (/home/...)"]);
        assert_eq!(errors("see /root/x").len(), 1);
        assert!(errors("docs/home/x, $R/root/, https://example.org/home/").is_empty());
    }

    #[test]
    fn unfinished_work_and_conflicts() {
        assert_eq!(errors("// TODO: later"), ["a.rs:1: unfinished (TODO)"]);
        assert!(errors("TODOS, xxx, HACKED").is_empty());
        assert_eq!(errors("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x").len(), 2);
    }

    #[test]
    fn long_files_are_a_warning_with_the_longest_first() {
        let mut findings = Findings::default();
        let texts = [("a", "x\n".repeat(501)), ("b", "x\n".repeat(500)), ("c", "x\n".repeat(900))];
        warn_of_long_files(&texts, &mut findings);
        assert!(findings.errors.is_empty());
        assert_eq!(findings.warnings, ["longer than 500 lines: c (900), a (501)"]);
    }
}
