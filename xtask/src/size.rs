//! `cargo xtask size`: flash and RAM of a built image by component, from the linker's map.
//!
//! The map and not the ELF alone, since only it says of each byte which archive it came from; constants of Rust have no
//! symbol. Rust is one object after link-time optimisation, so its crates are told by the symbols' names.

mod baseline;
mod ledger;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::workspace;
use baseline::Baseline;
use ledger::Ledger;

/// What `cargo xtask size` takes.
#[derive(clap::Args)]
pub struct SizeArgs {
    /// Build folders of west (default: build)
    builds: Vec<PathBuf>,
    /// Record these figures in sizes/boards/
    #[arg(long)]
    accept: bool,
}

/// Bytes of one component.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Bytes {
    flash: u64,
    ram: u64,
}

/// What was built.
#[derive(Default)]
struct Image {
    board: String,
    /// What is built for the board: nothing for the application, else `tests`, `no-shield`, `small`, and the learners where they are
    /// not all.
    variant: String,
    /// The compiler of the Rust in it.
    compiler: String,
    budget: u64,
    /// The engine's static memory, what the budget is for.
    engine: u64,
    components: BTreeMap<String, Bytes>,
}

impl Image {
    fn read(build: &Path) -> Result<Self, String> {
        let file = |name: &str| {
            let path = build.join(name);
            std::fs::read(&path).map(|b| String::from_utf8_lossy(&b).into_owned()).map_err(|e| {
                format!("{}: {e}; build first: west build -b BOARD -d {}", path.display(), build.display())
            })
        };
        let map = file("zephyr/zephyr.map")?;
        let (config, cache) = (file("zephyr/.config")?, file("CMakeCache.txt")?);
        let set = |name: &str| setting(&config, &format!("CONFIG_{name}=")).unwrap_or_default();
        let application = setting(&cache, "APPLICATION_SOURCE_DIR:PATH=").unwrap_or_default();
        let variant = match application.ends_with("tests/app") {
            true => "tests",
            // As app/board.cmake leaves it.
            false if setting(&cache, "HONE_NO_SHIELD:INTERNAL=").as_deref() == Some("TRUE") => "no-shield",
            false => "",
        };
        let learners: Vec<String> = workspace::learners()?;
        let there = |l: &&String| set(&format!("HONE_{}", l.to_uppercase())) == "y";
        let (built, usual): (Vec<&String>, Vec<&String>) =
            (learners.iter().filter(there).collect(), learners.iter().filter(|l| is_usual(l)).collect());
        let learners = if built == usual { String::new() } else { names(&built).join("-") };
        // boards/BOARD_small.conf, given as EXTRA_CONF_FILE.
        let small = cache.lines().any(|l| l.starts_with("EXTRA_CONF_FILE:") && l.ends_with("_small.conf"));
        let small = if small { "small" } else { "" };
        let variant: Vec<&str> = [variant, small, &learners].into_iter().filter(|v| !v.is_empty()).collect();
        let elf = std::fs::read(build.join("zephyr/zephyr.elf")).map_err(|e| format!("zephyr.elf: {e}"))?;
        Ok(Self {
            board: set("BOARD"),
            variant: variant.join("-"),
            compiler: compiler(&elf),
            budget: set("HONE_RAM_BUDGET").parse().unwrap_or(0),
            engine: engine(&map),
            components: components(&map)?,
        })
    }

    /// As its file of accepted figures is called.
    fn name(&self) -> String {
        if self.variant.is_empty() { self.board.clone() } else { format!("{}-{}", self.board, self.variant) }
    }

    fn total(&self) -> Bytes {
        sum(&self.components)
    }
}

fn sum(components: &BTreeMap<String, Bytes>) -> Bytes {
    components.values().fold(Bytes::default(), |sum, b| Bytes { flash: sum.flash + b.flash, ram: sum.ram + b.ram })
}

/// The value of `NAME=value`, without quotation marks.
fn setting(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|l| l.strip_prefix(name)).map(|v| v.trim_matches('"').to_string())
}

/// `rustc 1.96.0`, as the compiler has left it in the image.
fn compiler(elf: &[u8]) -> String {
    const MARK: &[u8] = b"rustc version ";
    let Some(at) = elf.windows(MARK.len()).position(|w| w == MARK) else { return "rustc unknown".into() };
    let number = elf[at + MARK.len()..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.');
    format!("rustc {}", number.map(|b| char::from(*b)).collect::<String>())
}

/// Bytes of the engine's own statics in the application: what the loops share, pools and queues, and the three loops.
fn engine(map: &str) -> u64 {
    const STATICS: [&str; 5] = ["4link5PLACE", "6MEMORY", "13SAMPLING_LOOP", "14INFERENCE_LOOP", "15BACKGROUND_LOOP"];
    let mut lines = map.lines().peekable();
    let mut bytes = 0;
    while let Some(line) = lines.next() {
        let name = line.trim();
        let ours = name.contains("7rustapp") && STATICS.iter().any(|s| name.ends_with(s));
        if ours && [".bss.", ".data."].iter().any(|start| name.starts_with(start)) {
            let size = lines.peek().and_then(|l| l.split_ascii_whitespace().nth(1)).and_then(hex);
            bytes += size.unwrap_or(0);
        }
    }
    bytes
}

/// One input section of the map.
#[derive(Debug, PartialEq, Eq)]
struct Section<'a> {
    name: &'a str,
    address: u64,
    size: u64,
    file: &'a str,
}

/// The command: the table of each build, against what the board has and what was accepted.
///
/// # Errors
/// A folder without a build; a total that rose beyond the tolerance, or is beyond the ledger.
pub fn run(args: &SizeArgs) -> Result<(), String> {
    let builds: &[PathBuf] = if args.builds.is_empty() { &[PathBuf::from("build")] } else { &args.builds };
    let mut risen = Vec::new();
    for build in builds {
        let image = Image::read(build)?;
        let baseline = Baseline::read(workspace::root(), &image.name())?;
        let ledger = Ledger::read(workspace::root(), &image.board)?;
        print!("{}", report(&image, &baseline, &ledger));
        if args.accept {
            Baseline::accept(workspace::root(), &image)?;
        } else {
            risen.extend(baseline.risen(&image));
        }
        risen.extend(ledger.exceeded(&image.name(), image.total()));
    }
    if risen.is_empty() {
        Ok(())
    } else {
        Err(risen.join("\n") + "\nrecord with cargo xtask size --accept what is meant to be within sizes/ledger.toml")
    }
}

/// The components, largest first, with their change; what they sum to, and what that is measured by.
fn report(image: &Image, baseline: &Baseline, ledger: &Ledger) -> String {
    let mut text = format!("{}, {}\n", image.name(), image.compiler);
    let mut names: BTreeSet<&str> = image.components.keys().map(String::as_str).collect();
    names.extend(baseline.components.keys().map(String::as_str));
    let now = |name: &str| image.components.get(name).copied().unwrap_or_default();
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| std::cmp::Reverse(now(name).flash + now(name).ram));
    let _ = writeln!(text, "{:<44} {:>9} {:>8} {:>9} {:>8}", "component", "flash", "change", "RAM", "change");
    for name in names {
        let before = baseline.components.get(name).copied().unwrap_or_default();
        text += &line(name, now(name), before, baseline.is_empty());
    }
    let total = image.total();
    text += &line("total", total, baseline.total(), baseline.is_empty());
    text += &ledger.report(total);
    let (used, budget) = (image.engine, image.budget);
    let _ = writeln!(text, "engine: {used} of CONFIG_HONE_RAM_BUDGET={budget}, {}", left(used, budget));
    if !baseline.is_empty() && baseline.compiler != image.compiler {
        let _ = writeln!(text, "the accepted figures are of {}: changes are shown, not judged", baseline.compiler);
    }
    text
}

fn line(name: &str, now: Bytes, before: Bytes, new: bool) -> String {
    let change = |now: u64, before: u64| match now.cmp(&before) {
        _ if new => String::new(),
        Ordering::Equal => "=".into(),
        _ => format!("{:+}", now as i64 - before as i64),
    };
    let (flash, ram) = (change(now.flash, before.flash), change(now.ram, before.ram));
    format!("{name:<44} {:>9} {flash:>8} {:>9} {ram:>8}\n", now.flash, now.ram)
}

fn left(used: u64, limit: u64) -> String {
    if used <= limit { format!("{} left", limit - used) } else { format!("{} TOO MANY", used - limit) }
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
        // The compiler's temporary, whose name is another at each link.
        _ if file.contains(".ltrans") => "C, optimised at the link".into(),
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

/// Whether builds have a learner unless they say otherwise.
fn is_usual(learner: &str) -> bool {
    let kconfig = std::fs::read_to_string(workspace::root().join("rust/learners").join(learner).join("Kconfig"));
    let entry = kconfig.unwrap_or_default();
    entry.split("config HONE_").nth(1).is_some_and(|first| first.contains("default y"))
}

fn names<'a>(learners: &[&'a String]) -> Vec<&'a str> {
    learners.iter().map(|l| l.as_str()).collect()
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
 .text.main     0x00000200       0x40 /tmp/ccHzYvzz.ltrans0.ltrans.o
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
        assert_eq!(of("C, optimised at the link"), Bytes { flash: 0x40, ram: 0 });
        assert_eq!(of("(alignment)"), Bytes { flash: 4, ram: 0 });
        assert_eq!(sum(&sums), Bytes { flash: 0x80 + 0x10 + 0x20 + 0x10 + 0x40 + 4, ram: 0x110 });
    }

    #[test]
    fn finds_the_crate_of_a_symbol() {
        assert_eq!(crate_of(".text._RNvNtCs8DE8IXngicz_12hone_numeric10activation4tanh"), Some("hone_numeric"));
        assert_eq!(crate_of(".text._RNvCsB_7rustapp13sampling_loop"), Some("rustapp"));
        assert_eq!(crate_of(".text.memcpy"), None);
    }

    #[test]
    fn a_folder_without_a_build_says_what_to_do() {
        let error = run(&SizeArgs { builds: vec!["no/such/folder".into()], accept: false }).unwrap_err();
        assert!(error.contains("west build"), "{error}");
    }

    #[test]
    fn the_engines_memory_and_the_compiler_are_found() {
        let map = " .bss._RNvCs5ze_7rustapp6MEMORY\n                0x20001928     0x91f0 librustapp.a(a.o)\n \
            .bss._RNvNvCs5ze_7rustapp4link5PLACE\n                0x20001928     0x10 librustapp.a(a.o)\n \
            .bss._RNvCs5ze_7rustapp5STACK\n                0x20001928     0x1000 librustapp.a(a.o)\n";
        assert_eq!(engine(map), 0x9200);
        assert_eq!(compiler(b"\0GCC: 12\0rustc version 1.96.0 (ac68 2026)\0"), "rustc 1.96.0");
        assert_eq!(setting("A=1\nCONFIG_BOARD=\"x\"\n", "CONFIG_BOARD="), Some("x".into()));
    }

    #[test]
    fn a_report_names_what_is_too_much() {
        let components = BTreeMap::from([("zephyr: kernel".to_string(), Bytes { flash: 300, ram: 40 })]);
        let image = Image { board: "b".into(), components, budget: 100, engine: 120, ..Image::default() };
        let text = report(&image, &Baseline::default(), &Ledger::default());
        assert!(text.contains("CONFIG_HONE_RAM_BUDGET=100, 20 TOO MANY"), "{text}");
    }
}
