//! What the built files say: bytes of code, and calls that would panic.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolIndex};

/// Bytes of code of a linked program. Constants are not among them: in these programs most are test data.
///
/// # Errors
/// A file that cannot be read.
pub fn text_bytes(program: &Path) -> Result<u64, String> {
    let data = fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?;
    let elf = object::File::parse(&*data).map_err(|e| format!("{}: {e}", program.display()))?;
    Ok(elf.sections().filter(|s| s.name() == Ok(".text")).map(|s| s.size()).sum())
}

/// What is wrong with a crate's or a program's code.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panics {
    /// Places that call into `core::panicking`, `unwrap_failed`, `expect_failed` or slice-index failures.
    pub calls: u64,
    /// The functions that contain them.
    pub functions: BTreeSet<String>,
}

/// Panic call sites in the object files of a crate's `.rlib`: relocations against panic functions in its code.
///
/// # Errors
/// A file that cannot be read.
pub fn panics(rlib: &Path) -> Result<Panics, String> {
    let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", rlib.display());
    let data = fs::read(rlib).map_err(|e| failed(&e))?;
    let archive = ArchiveFile::parse(&*data).map_err(|e| failed(&e))?;
    let mut panics = Panics::default();
    for member in archive.members() {
        let member = member.map_err(|e| failed(&e))?;
        let bytes = member.data(&*data).map_err(|e| failed(&e))?;
        if let Ok(elf) = object::File::parse(bytes) {
            count_panics(&elf, &mut panics);
        }
    }
    Ok(panics)
}

fn count_panics(elf: &object::File<'_>, panics: &mut Panics) {
    let name = |index: SymbolIndex| elf.symbol_by_index(index).ok().and_then(|s| s.name().ok().map(demangled));
    for section in elf.sections().filter(|s| s.name().is_ok_and(|n| n.starts_with(".text"))) {
        for (_, relocation) in section.relocations() {
            let RelocationTarget::Symbol(index) = relocation.target() else { continue };
            if name(index).is_some_and(|n| is_panic(&n)) {
                panics.calls += 1;
                let function = section.name().unwrap_or_default().trim_start_matches(".text.");
                panics.functions.insert(demangled(function));
            }
        }
    }
}

/// Which of `core`'s machinery a linked program contains: formatting and panicking functions, with their sizes.
///
/// # Errors
/// A file that cannot be read.
pub fn machinery(program: &Path) -> Result<BTreeMap<String, u64>, String> {
    let data = fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?;
    let elf = object::File::parse(&*data).map_err(|e| format!("{}: {e}", program.display()))?;
    let symbols = elf.symbols().filter_map(|s| Some((demangled(s.name().ok()?), s.size())));
    Ok(symbols.filter(|(name, size)| *size > 0 && (is_formatting(name) || is_panic(name))).collect())
}

/// Whether a function of `core` formats text.
pub fn is_formatting(name: &str) -> bool {
    name.contains("core::fmt") || name.contains("core::num::flt2dec")
}

fn is_panic(name: &str) -> bool {
    ["core::panicking::", "unwrap_failed", "expect_failed", "slice_index_fail", "_index_fail", "len_mismatch_fail"]
        .iter()
        .any(|part| name.contains(part))
}

fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}
