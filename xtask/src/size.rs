//! `cargo xtask size`: flash and RAM of a built image by component, from the linker's map.
//!
//! The map and not the ELF alone, since only it says of each byte which archive it came from; constants of Rust have no
//! symbol. Rust is one object after link-time optimisation, so its crates are told by the symbols' names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What `cargo xtask size` takes.
#[derive(clap::Args)]
pub struct SizeArgs {
    /// A build folder of west
    #[arg(default_value = "build")]
    build: PathBuf,
}

/// Bytes of one component.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
struct Bytes {
    flash: u64,
    ram: u64,
}

/// One input section of the map.
#[derive(Debug, PartialEq, Eq)]
struct Section<'a> {
    name: &'a str,
    address: u64,
    size: u64,
    file: &'a str,
}

/// Prints the table.
///
/// # Errors
/// The folder has no map: nothing is built there.
pub fn run(args: &SizeArgs) -> Result<(), String> {
    let path = args.build.join("zephyr/zephyr.map");
    let map = std::fs::read_to_string(&path).map_err(|e| {
        format!("{}: {e}; build first: west build -b BOARD -d {}", path.display(), args.build.display())
    })?;
    print!("{}", table(&components(&map)?));
    Ok(())
}

/// Sums the map's input sections by component.
fn components(map: &str) -> Result<BTreeMap<String, Bytes>, String> {
    let regions = regions(map);
    let ram = *regions.get("RAM").ok_or("the map has no memory region RAM")?;
    let flash = *regions.get("FLASH").ok_or("the map has no memory region FLASH")?;
    let start = map.find("Linker script and memory map").ok_or("the map has no sections")?;
    let mut sums: BTreeMap<String, Bytes> = BTreeMap::new();
    let mut output = "";
    let mut lines = map[start..].lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(name) = line.split_ascii_whitespace().next().filter(|_| !line.starts_with(' ')) {
            output = name;
        }
        // A long name stands on a line of its own.
        let joined;
        let line = match lines.peek() {
            Some(next) if line.split_ascii_whitespace().count() == 1 && line.starts_with(' ') => {
                joined = format!("{line} {next}");
                lines.next();
                joined.as_str()
            }
            _ => line,
        };
        // Sections for the debugger lie at address 0 and in no memory.
        let Some(section) = input(line).filter(|s| !s.name.starts_with(".debug") && !s.name.starts_with(".comment"))
        else {
            continue;
        };
        let in_ram = ram.contains(section.address);
        if section.size == 0 || !(in_ram || flash.contains(section.address)) {
            continue;
        }
        let sum = sums.entry(component(&section)).or_default();
        if in_ram {
            sum.ram += section.size;
        }
        // Initialised data lies in flash until the start.
        let zero = section.name.starts_with(".bss") || section.name.starts_with(".noinit") || section.name == "COMMON";
        if !in_ram || output.starts_with("data") && !zero {
            sum.flash += section.size;
        }
    }
    Ok(sums)
}

/// An address range.
#[derive(Clone, Copy, Debug)]
struct Region {
    origin: u64,
    length: u64,
}

impl Region {
    fn contains(self, address: u64) -> bool {
        address >= self.origin && address - self.origin < self.length
    }
}

/// The memory regions: `RAM 0x20000000 0x00018000 xw`.
fn regions(map: &str) -> BTreeMap<&str, Region> {
    let part = map.split("Memory Configuration").nth(1).unwrap_or("");
    let part = part.split("Linker script and memory map").next().unwrap_or("");
    part.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let name = words.next()?;
            Some((name, Region { origin: hex(words.next()?)?, length: hex(words.next()?)? }))
        })
        .collect()
}

/// ` .text.name 0x00000123 0x45 folder/archive.a(object.o)`, or ` *fill* 0x00000123 0x2`.
fn input(line: &str) -> Option<Section<'_>> {
    let mut words = line.strip_prefix(' ')?.split_ascii_whitespace();
    let name = words.next().filter(|n| n.starts_with('.') || *n == "COMMON" || *n == "*fill*")?;
    let (address, size) = (hex(words.next()?)?, hex(words.next()?)?);
    Some(Section { name, address, size, file: words.next().unwrap_or("") })
}

fn hex(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}

/// Whose the section is.
fn component(section: &Section<'_>) -> String {
    if section.name == "*fill*" || section.file.is_empty() {
        return "(alignment)".into();
    }
    let archive = section.file.split('(').next().unwrap_or("");
    let file = Path::new(archive).file_name().and_then(|f| f.to_str()).unwrap_or("");
    if file.starts_with("librustapp") {
        return match crate_of(section.name) {
            Some(name) => format!("rust: {name}"),
            None => "rust: (constants)".into(),
        };
    }
    if ["libgcc.a", "libc.a", "libm.a"].contains(&file) || file.starts_with("liblib__libc") {
        return "libc, libgcc".into();
    }
    match file {
        "libapp.a" => "app: C shims".into(),
        _ if file.starts_with("libhone") => "hone: replay sensor".into(),
        _ => format!("zephyr: {}", short(file)),
    }
}

/// `subsys__shell` of `libsubsys__shell.a`.
fn short(file: &str) -> &str {
    file.strip_prefix("lib").unwrap_or(file).trim_end_matches(".a").trim_end_matches(".obj")
}

/// The crate of a symbol mangled by Rust's scheme v0: the first crate root, `C`, in `_RNvMs_NtCs1234_11hone_engine5stats`.
/// Of an implementation of a trait that is the implementing crate.
fn crate_of(section: &str) -> Option<&str> {
    let symbol = &section[section.find("_R")?..];
    for (at, _) in symbol.match_indices('C') {
        let mut rest = &symbol[at + 1..];
        // An optional disambiguator, `s` base-62 digits `_`.
        if let Some(after) = rest.strip_prefix('s') {
            let Some(end) = after.find('_') else { continue };
            rest = &after[end + 1..];
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(len) = rest[..digits].parse::<usize>() else { continue };
        let name = rest[digits..].strip_prefix('_').unwrap_or(&rest[digits..]);
        if let Some(name) =
            name.get(..len).filter(|n| len > 1 && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        {
            return Some(name);
        }
    }
    None
}

/// The components, largest first, and their sum.
fn table(components: &BTreeMap<String, Bytes>) -> String {
    let mut rows: Vec<(&str, Bytes)> = components.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    rows.sort_by_key(|(_, bytes)| std::cmp::Reverse(bytes.flash + bytes.ram));
    let total =
        rows.iter().fold(Bytes::default(), |sum, (_, b)| Bytes { flash: sum.flash + b.flash, ram: sum.ram + b.ram });
    let mut text = format!("{:<44} {:>9} {:>9}\n", "component", "flash", "RAM");
    for (name, bytes) in rows.into_iter().chain([("total", total)]) {
        let _ = writeln!(text, "{name:<44} {:>9} {:>9}", bytes.flash, bytes.ram);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "\
Memory Configuration

Name             Origin             Length             Attributes
FLASH            0x00000000         0x00080000         xr
RAM              0x20000000         0x00018000         xw
*default*        0x00000000         0xffffffff

Linker script and memory map

text            0x00000100      0x300
 .text._RNvMs_NtCs9xyz_11hone_engine5stats4show
                0x00000100       0x80 app/rust/target/librustapp.a(rustapp.o)
 .text.k_sleep  0x00000180       0x20 zephyr/kernel/libkernel.a(sched.c.obj)
 *fill*         0x000001a0        0x4 
 .rodata..Lanon.12.3
                0x000001a4       0x10 app/rust/target/librustapp.a(rustapp.o)
datas           0x20000000       0x10 load address 0x00000400
 .data.x        0x20000000       0x10 app/libapp.a(shell.c.obj)
bss             0x20000010      0x100
 .bss.y         0x20000010      0x100 app/rust/target/librustapp.a(rustapp.o)
 .debug_info    0x00000000      0x999 zephyr/kernel/libkernel.a(sched.c.obj)
";

    #[test]
    fn sums_sections_by_component() {
        let sums = components(MAP).unwrap();
        let of = |name: &str| sums.get(name).copied().unwrap_or_default();
        assert_eq!(of("rust: hone_engine"), Bytes { flash: 0x80, ram: 0 });
        assert_eq!(of("rust: (constants)"), Bytes { flash: 0x10, ram: 0x100 });
        assert_eq!(of("zephyr: kernel"), Bytes { flash: 0x20, ram: 0 });
        assert_eq!(of("app: C shims"), Bytes { flash: 0x10, ram: 0x10 });
        assert_eq!(of("(alignment)"), Bytes { flash: 4, ram: 0 });
        assert!(table(&sums).lines().last().unwrap().starts_with("total"));
    }

    #[test]
    fn finds_the_crate_of_a_symbol() {
        assert_eq!(crate_of(".text._RNvNtCs8DE8IXngicz_12hone_numeric10activation4tanh"), Some("hone_numeric"));
        assert_eq!(crate_of(".text._RNvCsB_7rustapp13sampling_loop"), Some("rustapp"));
        assert_eq!(crate_of(".text.memcpy"), None);
    }

    #[test]
    fn a_folder_without_a_build_says_what_to_do() {
        let error = run(&SizeArgs { build: "no/such/folder".into() }).unwrap_err();
        assert!(error.contains("west build"), "{error}");
    }
}
