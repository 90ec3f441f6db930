//! Which crates bring formatting of text into a linked program: from each formatting function back over the
//! relocations to the functions that need it, through tables of functions, other formatting, and panics.
//!
//! A compiler's prebuilt `core` links formatting for the message of an index out of range, even where no panic handler
//! looks at it; a `core` built here does not. So it is not enough to see that formatting is there: what counts is whose
//! call has brought it, and whether only for the message of a panic.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use object::{Object, ObjectSection, ObjectSymbol, RelocationFlags, RelocationTarget, SymbolKind};

use super::elf::{crate_of, demangled, is_formatting, is_panic};

/// A function that brings formatting into a program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The crate whose function it is, as [`crate_of`] tells.
    pub owner: String,
    /// The function.
    pub function: String,
    /// Only for the message of a panic.
    pub by_panic: bool,
}

/// What a program contains, and who refers to it.
#[derive(Default)]
struct Graph {
    /// Names of the functions; constants and tables of functions have none.
    names: Vec<Option<String>>,
    /// Of each, those that refer to it.
    users: BTreeMap<usize, BTreeSet<usize>>,
}

/// What brings formatting into a program that kept its relocations, each with the functions and their bytes.
///
/// # Errors
/// A file that cannot be read, or has no relocations.
pub fn sources(program: &Path) -> Result<BTreeMap<Source, BTreeMap<String, u64>>, String> {
    let data = fs::read(program).map_err(|e| format!("{}: {e}", program.display()))?;
    let elf = object::File::parse(&*data).map_err(|e| format!("{}: {e}", program.display()))?;
    let places = places(&elf);
    let graph = graph(&elf, &places);
    if graph.users.is_empty() {
        return Err(format!("{} has no relocations", program.display()));
    }
    let mut sources: BTreeMap<Source, BTreeMap<String, u64>> = BTreeMap::new();
    for (i, place) in places.iter().enumerate().filter(|(_, p)| p.code && is_formatting(&p.name)) {
        for source in graph.sources(i) {
            sources.entry(source).or_default().insert(place.name.clone(), place.size);
        }
    }
    Ok(sources)
}

/// A function or a constant.
struct Place {
    address: u64,
    size: u64,
    name: String,
    code: bool,
}

/// By rising address; of several at one address the first.
fn places(elf: &object::File<'_>) -> Vec<Place> {
    let mut all: Vec<Place> = elf
        .symbols()
        .filter(|s| s.size() > 0 && matches!(s.kind(), SymbolKind::Text | SymbolKind::Data | SymbolKind::Unknown))
        .filter_map(|s| {
            let code = s.kind() == SymbolKind::Text;
            // The lowest bit of a Thumb function's address is no address.
            let address = if code { s.address() & !1 } else { s.address() };
            Some(Place { address, size: s.size(), name: demangled(s.name().ok()?), code })
        })
        .collect();
    all.sort_by(|a, b| a.address.cmp(&b.address).then(a.name.cmp(&b.name)));
    all.dedup_by_key(|p| p.address);
    all
}

/// The place that holds an address.
fn at(places: &[Place], address: u64) -> Option<usize> {
    let i = places.partition_point(|p| p.address <= address).checked_sub(1)?;
    places.get(i).filter(|p| address < p.address + p.size).map(|_| i)
}

fn graph(elf: &object::File<'_>, places: &[Place]) -> Graph {
    let names = places.iter().map(|p| p.code.then(|| p.name.clone())).collect();
    let mut graph = Graph { names, users: BTreeMap::new() };
    let loaded = |name: &str| [".text", ".rodata", ".data"].iter().any(|start| name.starts_with(start));
    for section in elf.sections().filter(|s| s.name().is_ok_and(loaded)) {
        let bytes = section.data().unwrap_or_default();
        for (offset, relocation) in section.relocations() {
            let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
            let Some(user) = at(places, offset) else { continue };
            // A word that is an address holds it, linked as the program is; elsewhere the symbol has to say.
            let word = offset.checked_sub(section.address()).and_then(|o| {
                let from = usize::try_from(o).ok()?;
                Some(u32::from_le_bytes(bytes.get(from..from + 4)?.try_into().ok()?))
            });
            let absolute = matches!(relocation.flags(), RelocationFlags::Elf { r_type: object::elf::R_ARM_ABS32 });
            let target = match word.filter(|_| absolute) {
                Some(word) => Some(u64::from(word)),
                None => elf.symbol_by_index(symbol).ok().map(|s| s.address()),
            };
            let used = target.and_then(|t| at(places, t).or_else(|| at(places, t & !1)));
            if let Some(used) = used.filter(|used| *used != user) {
                graph.users.entry(used).or_default().insert(user);
            }
        }
    }
    graph
}

impl Graph {
    /// The functions that bring `function` in: neither formatting nor panicking ones, nor constants.
    fn sources(&self, function: usize) -> BTreeSet<Source> {
        let mut sources = BTreeSet::new();
        let (mut seen, mut open) = (BTreeSet::new(), vec![(function, false)]);
        while let Some((at, by_panic)) = open.pop() {
            if !seen.insert((at, by_panic)) {
                continue;
            }
            for user in self.users.get(&at).into_iter().flatten() {
                match self.names.get(*user).and_then(Option::as_ref) {
                    Some(name) if is_panic(name) => open.push((*user, true)),
                    Some(name) if !is_formatting(name) => {
                        sources.insert(Source { owner: crate_of(name), function: name.clone(), by_panic });
                    }
                    _ => open.push((*user, by_panic)),
                }
            }
        }
        // What is brought in both ways is not brought in by panics only.
        let direct: BTreeSet<String> = sources.iter().filter(|s| !s.by_panic).map(|s| s.function.clone()).collect();
        sources.retain(|s| !s.by_panic || !direct.contains(&s.function));
        sources
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(names: &[&str], uses: &[(usize, usize)]) -> Graph {
        let mut users: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (user, used) in uses {
            users.entry(*used).or_default().insert(*user);
        }
        Graph { names: names.iter().map(|n| (!n.is_empty()).then(|| (*n).to_string())).collect(), users }
    }

    #[test]
    fn formatting_is_told_by_whose_call_brings_it() {
        let names = [
            "<usize as core::fmt::Display>::fmt",
            "core::panicking::panic_bounds_check",
            "core::panicking::panic_fmt",
            "hone_rce::learn::learn",
            "other::write",
            "",
            "hone_svm::report",
            "kernels::main",
        ];
        let graph = graph(&names, &[(1, 0), (1, 2), (3, 1), (4, 1), (5, 0), (6, 5), (7, 2), (6, 1)]);
        let source =
            |owner: &str, function: &str, by_panic| Source { owner: owner.into(), function: function.into(), by_panic };
        // `kernels` panics, but with a message that formats nothing.
        assert_eq!(
            graph.sources(0).into_iter().collect::<Vec<_>>(),
            [
                source("hone_rce", "hone_rce::learn::learn", true),
                source("hone_svm", "hone_svm::report", false),
                source("other", "other::write", true),
            ]
        );
    }
}
