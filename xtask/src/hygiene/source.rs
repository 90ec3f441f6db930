//! Rust sources: who may be unsafe, who must be `no_std`, and where foreign functions are declared.

use cargo_metadata::{Package, TargetKind};

use crate::{Findings, workspace};

/// Crates that deny unsafe code and allow it in one file, for inline assembly.
const ONE_UNSAFE_FILE: [&str; 1] = ["rust/numeric"];

/// Checks the roots and sources of the host workspace's crates.
pub fn check_crates(packages: &[Package], texts: &[(&str, String)], findings: &mut Findings) {
    for package in packages {
        let folder = workspace::folder_of(package);
        for target in &package.targets {
            let library = target.kind.iter().any(|k| matches!(k, TargetKind::Lib | TargetKind::ProcMacro));
            if !library && !target.kind.contains(&TargetKind::Bin) {
                continue;
            }
            let path = target.src_path.as_std_path();
            let path = path.strip_prefix(workspace::root()).unwrap_or(path).to_string_lossy().replace('\\', "/");
            let Some((_, text)) = texts.iter().find(|(file, _)| *file == path) else {
                findings.error(format!("{path}: root of a crate, but not in the repository"));
                continue;
            };
            let portable = library && workspace::is_portable(package);
            check_root(&path, &folder, portable, text, findings);
        }
        check_unsafe(&folder, texts, findings);
    }
}

fn check_root(path: &str, folder: &str, portable: bool, text: &str, findings: &mut Findings) {
    let level = if ONE_UNSAFE_FILE.contains(&folder) { "deny" } else { "forbid" };
    let forbids = format!("#![{level}(unsafe_code)]");
    if !code(text).any(|l| l == forbids) {
        findings.error(format!("{path}: no {forbids}"));
    }
    // `cfg_attr(not(test), no_std)` would let tests use what the target lacks.
    if portable && !code(text).any(|l| l == "#![no_std]") {
        findings.error(format!("{path}: no #![no_std], although the crate is portable"));
    }
}

/// No file takes back what the crate's root denies, save one where that is settled.
fn check_unsafe(folder: &str, texts: &[(&str, String)], findings: &mut Findings) {
    let inside = format!("{folder}/");
    let sources = texts.iter().filter(|(file, _)| file.starts_with(&inside) && file.ends_with(".rs"));
    let allowing: Vec<&str> =
        sources.filter(|(_, text)| code(text).any(|l| l.contains("allow(unsafe_code)"))).map(|(f, _)| *f).collect();
    let most = if ONE_UNSAFE_FILE.contains(&folder) { 1 } else { 0 };
    // This file spells out what it looks for.
    if allowing.len() > most && folder != "xtask" {
        findings.error(format!("{folder}: {} files allow unsafe code: {}", allowing.len(), allowing.join(", ")));
    }
}

/// Foreign functions are declared in one file of the whole repository, so that every signature is seen at once.
pub fn check_foreign(texts: &[(&str, String)], findings: &mut Findings) {
    let declares = |text: &str| code(text).any(|l| l.contains("extern \"C\" {"));
    let own = "xtask/src/hygiene/source.rs";
    let files: Vec<&str> = texts
        .iter()
        .filter(|(file, text)| file.ends_with(".rs") && *file != own && declares(text))
        .map(|(file, _)| *file)
        .collect();
    if files.len() > 1 {
        findings.error(format!("foreign functions are declared in {} files: {}", files.len(), files.join(", ")));
    }
}

/// Lines of code, trimmed, comments left out.
pub(super) fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|l| l.split_once("//").map_or(l, |(code, _)| code).trim()).filter(|l| !l.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_errors(folder: &str, portable: bool, text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        check_root("lib.rs", folder, portable, text, &mut findings);
        findings.errors
    }

    #[test]
    fn roots_must_forbid_unsafe_code_and_std() {
        assert!(root_errors("rust/esn", true, "//! Doc.\n#![no_std]\n#![forbid(unsafe_code)]\n").is_empty());
        assert_eq!(root_errors("rust/esn", true, "// #![forbid(unsafe_code)]\n#![deny(unsafe_code)]\n").len(), 2);
        assert_eq!(root_errors("rust/host", false, "fn main() {}").len(), 1);
        assert!(root_errors("rust/numeric", true, "#![no_std]\n#![deny(unsafe_code)]").is_empty());
    }

    #[test]
    fn only_numeric_may_allow_unsafe_code_and_in_one_file() {
        let errors = |files: &[&str]| {
            let texts: Vec<_> = files.iter().map(|f| (*f, "#[allow(unsafe_code)]\nfn f() {}".to_owned())).collect();
            let mut findings = Findings::default();
            for folder in ["rust/numeric", "rust/esn"] {
                check_unsafe(folder, &texts, &mut findings);
            }
            findings.errors.len()
        };
        assert_eq!(errors(&["rust/numeric/src/asm.rs"]), 0);
        assert_eq!(errors(&["rust/numeric/src/asm.rs", "rust/numeric/src/b.rs"]), 1);
        assert_eq!(errors(&["rust/esn/src/a.rs"]), 1);
    }

    #[test]
    fn two_files_with_foreign_functions_are_one_too_many() {
        let block = "unsafe extern \"C\" {\n fn f();\n}".to_owned();
        let define = "pub extern \"C\" fn f() {}".to_owned();
        let mut findings = Findings::default();
        check_foreign(&[("app/src/ffi.rs", block.clone()), ("app/src/main.rs", define)], &mut findings);
        assert!(findings.errors.is_empty());
        check_foreign(&[("a.rs", block.clone()), ("b.rs", block)], &mut findings);
        assert_eq!(findings.errors, ["foreign functions are declared in 2 files: a.rs, b.rs"]);
    }
}
