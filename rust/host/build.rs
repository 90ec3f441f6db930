//! Capacities of boards' images, for `hone eval --budget`: what Kconfig says, with prj.conf and the board's own .conf, which
//! is what `west build -b BOARD` takes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// The budgets: name, board.
const BOARDS: [(&str, &str); 2] = [("f401", "nucleo_f401re"), ("f429", "nucleo_f429zi")];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file: &str| {
        let path = root.join(file);
        println!("cargo:rerun-if-changed={}", path.display());
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    println!("cargo:rerun-if-changed=build.rs");
    let kconfig = read("Kconfig");
    let mut code = String::new();
    for (budget, board) in BOARDS {
        let values = values(&kconfig, &[read("prj.conf"), read(&format!("boards/{board}.conf"))]);
        writeln!(code, "/// Of the image for `{board}`.\npub mod {budget} {{\n    /// The board.\n    pub const BOARD: &str = {board:?};").unwrap();
        for (name, value) in &values {
            let (kind, value) = match value.as_str() {
                "y" => ("bool", "true"),
                "n" => ("bool", "false"),
                number if number.starts_with('-') => ("i32", number),
                number => ("usize", number),
            };
            writeln!(code, "    /// `CONFIG_HONE_{name}`\n    pub const {name}: {kind} = {value};").unwrap();
        }
        writeln!(
            code,
            "    /// All of them, as Kconfig writes them.\n    pub const ALL: &[(&str, &str)] = &{:?};\n}}",
            values.iter().collect::<Vec<_>>()
        )
        .unwrap();
    }
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("images.rs"), code).unwrap();
}

/// The values of Hone's options, by name without `CONFIG_HONE_`; those of an option whose conditions do not hold are left out.
fn values(kconfig: &str, confs: &[String]) -> BTreeMap<String, String> {
    let set: BTreeMap<&str, &str> =
        confs.iter().flat_map(|c| c.lines()).filter_map(|l| l.strip_prefix("CONFIG_")?.split_once('=')).collect();
    // What is true before Hone's own options: those of the .conf files. Others, as of a board's processor, count as false.
    let mut all: BTreeMap<String, String> = set.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect();
    // Twice, since conditions may name options that stand below.
    let both = kconfig.lines().chain(kconfig.lines());
    let mut lines = both.peekable();
    while let Some(line) = lines.next() {
        let Some(name) = line.strip_prefix("config HONE_") else { continue };
        let (mut default, mut depends) = (None, true);
        while let Some(line) = lines.next_if(|l| l.starts_with('\t')) {
            let line = line.trim();
            if line == "help" {
                break;
            }
            if let Some(condition) = line.strip_prefix("depends on ") {
                depends &= holds(condition, &all);
            } else if let Some(value) = line.strip_prefix("default ") {
                let (value, condition) = value.split_once(" if ").unwrap_or((value, ""));
                if default.is_none() && (condition.is_empty() || holds(condition, &all)) {
                    default = Some(value.to_string());
                }
            } else if line.starts_with("bool ") && default.is_none() {
                // Without a default a flag is off; one that follows replaces this.
                all.entry(format!("HONE_{name}")).or_insert_with(|| "n".into());
            }
        }
        let key = format!("HONE_{name}");
        if !depends {
            all.remove(&key);
            continue;
        }
        if let (false, Some(default)) = (set.contains_key(key.as_str()), default) {
            all.insert(key, default);
        }
    }
    // The units of the flash follow from the processor, and bound no learning.
    let ours = all.into_iter().filter_map(|(k, v)| Some((k.strip_prefix("HONE_")?.to_string(), v)));
    ours.filter(|(name, _)| !name.starts_with("FLASH_")).collect()
}

/// Whether a condition of `||`, `&&`, `!`, `NAME` and `NAME > NUMBER` holds. Options not known count as off.
fn holds(condition: &str, values: &BTreeMap<String, String>) -> bool {
    let term = |term: &str| {
        let term = term.trim();
        if let Some((name, number)) = term.split_once(" > ") {
            let value = values.get(name).and_then(|v| v.parse::<i64>().ok());
            return value.is_some_and(|v| number.trim().parse().is_ok_and(|n: i64| v > n));
        }
        match term.strip_prefix('!') {
            Some(name) => values.get(name).is_none_or(|v| v != "y"),
            None => values.get(term).is_some_and(|v| v == "y"),
        }
    };
    condition.split("||").any(|all| all.split("&&").all(term))
}
