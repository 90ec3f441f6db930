//! What the built files say: bytes of code, and calls that would panic.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SymbolIndex, SymbolKind};

/// Bytes of code of a linked program. Constants are not among them: in these programs most are test data.
///
/// # Errors
/// A file that cannot be read.
pub fn text_bytes(program: &Path) -> Result<u64, String> {
    let data = fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?;
    let elf = object::File::parse(&*data).map_err(|e| format!("{}: {e}", program.display()))?;
    Ok(elf.sections().filter(|s| s.name() == Ok(".text")).map(|s| s.size()).sum())
}

/// Bytes of code of a linked program by the crate whose functions they are, told by their symbols.
///
/// A function that was inlined counts where it was inlined, and a generic one of `core` as `core`'s.
///
/// # Errors
/// A file that cannot be read.
pub fn text_by_crate(program: &Path) -> Result<BTreeMap<String, u64>, String> {
    let data = fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?;
    let elf = object::File::parse(&*data).map_err(|e| format!("{}: {e}", program.display()))?;
    let mut crates = BTreeMap::new();
    for (_, size, name) in functions(&elf) {
        *crates.entry(crate_of(&name)).or_default() += size;
    }
    Ok(crates)
}

/// Address, size and name of each function, by rising address; of several names at one address the first.
fn functions(elf: &object::File<'_>) -> Vec<(u64, u64, String)> {
    let functions = elf.symbols().filter(|s| s.kind() == SymbolKind::Text && s.size() > 0);
    // The lowest bit of a Thumb function's address is no address.
    let mut all: Vec<_> =
        functions.filter_map(|s| Some((s.address() & !1, s.size(), demangled(s.name().ok()?)))).collect();
    all.sort();
    all.dedup_by_key(|f| f.0);
    all
}

/// The crate of a function: the first in its name, but where that is `core` or no crate at all (`<&T as …>`) the first of
/// the project's, if there is one.
pub fn crate_of(name: &str) -> String {
    let identifier = |c: char| c.is_alphanumeric() || c == '_';
    let first = |text: &str| text.split(|c| !identifier(c)).next().unwrap_or_default().to_string();
    let from =
        name.trim_start_matches(|c| !identifier(c)).trim_start_matches("mut ").trim_start_matches(|c| !identifier(c));
    let begin = first(from);
    let path = from[begin.len()..].starts_with("::");
    match name.find("hone_") {
        Some(at) if !path || begin == "core" || begin == "alloc" => first(&name[at..]),
        _ => begin,
    }
}

/// Panic call sites in a linked program that kept its relocations (`--emit-relocs`), by crate: what is left of all crates
/// together after inlining, generic functions included.
///
/// # Errors
/// A file that cannot be read, or has no relocations.
pub fn linked_panics(program: &Path) -> Result<BTreeMap<String, Panics>, String> {
    let data = fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?;
    let elf = object::File::parse(&*data).map_err(|e| format!("{}: {e}", program.display()))?;
    let functions = functions(&elf);
    let mut crates = BTreeMap::<String, Panics>::new();
    let mut relocations = 0;
    for section in elf.sections().filter(|s| s.name().is_ok_and(|n| n.starts_with(".text"))) {
        for (at, relocation) in section.relocations() {
            relocations += 1;
            let RelocationTarget::Symbol(index) = relocation.target() else { continue };
            let Some(name) = elf.symbol_by_index(index).ok().and_then(|s| s.name().ok().map(demangled)) else {
                continue;
            };
            let before = functions.partition_point(|f| f.0 <= at);
            let Some((_, _, function)) = before.checked_sub(1).and_then(|i| functions.get(i)) else { continue };
            // The machinery that calls itself is no site.
            if is_panic(&name) && !is_panic(function) {
                let panics = crates.entry(crate_of(function)).or_default();
                panics.calls += 1;
                panics.functions.insert(function.clone());
            }
        }
    }
    if relocations == 0 { Err(format!("{} has no relocations", program.display())) } else { Ok(crates) }
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
    let (mut panics, mut objects) = (Panics::default(), 0);
    for member in archive.members() {
        let member = member.map_err(|e| failed(&e))?;
        if !member.name().ends_with(b".o") {
            continue;
        }
        // Copied: in the archive it begins at any even place, and reading wants it aligned.
        let bytes = member.data(&*data).map_err(|e| failed(&e))?.to_vec();
        count_panics(&object::File::parse(&*bytes).map_err(|e| failed(&e))?, &mut panics);
        objects += 1;
    }
    if objects == 0 { Err(failed(&"no object file in it")) } else { Ok(panics) }
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

/// The panicking functions of `core` that a linked program contains.
///
/// # Errors
/// A file that cannot be read.
pub fn panic_functions(program: &Path) -> Result<BTreeSet<String>, String> {
    let data = fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?;
    let elf = object::File::parse(&*data).map_err(|e| format!("{}: {e}", program.display()))?;
    let symbols = elf.symbols().filter(|s| s.size() > 0).filter_map(|s| Some(demangled(s.name().ok()?)));
    Ok(symbols.filter(|name| is_panic(name)).collect())
}

/// Whether a function of `core` formats text.
pub fn is_formatting(name: &str) -> bool {
    ["core::fmt", "core::num::flt2dec", "core::num::bignum"].iter().any(|part| name.contains(part))
}

/// Whether a function is one of `core`'s that panic.
pub fn is_panic(name: &str) -> bool {
    ["core::panicking::", "unwrap_failed", "expect_failed", "slice_index_fail", "_index_fail", "len_mismatch_fail"]
        .iter()
        .any(|part| name.contains(part))
}

/// A symbol as written in the source.
pub fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

#[cfg(test)]
mod tests {
    use super::crate_of;

    #[test]
    fn knows_whose_a_function_is() {
        for (name, owner) in [
            ("hone_svm::trainer::Trainer::step", "hone_svm"),
            ("<hone_store::log::Writer<F> as hone_model::Sink>::put", "hone_store"),
            ("<&T as core::convert::AsRef<U>>::as_ref", "T"),
            ("core::slice::sort::insert", "core"),
            ("<image::Shell as hone_engine::env::Io>::pause", "image"),
            ("<&mut postcard::ser::Serializer as serde::Serializer>::serialize_u32", "postcard"),
            ("core::ptr::drop_in_place::<hone_store::Store>", "hone_store"),
            ("main", "main"),
        ] {
            assert_eq!(crate_of(name), owner);
        }
    }
}
