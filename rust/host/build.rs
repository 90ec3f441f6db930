//! Capacities of boards' images, for `hone eval --budget`: what Kconfig says, with prj.conf and the board's own .conf, which
//! is what `west build -b BOARD` takes.
#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a build script stops the build by a panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The budgets: name, board.
const BOARDS: [(&str, &str); 3] = [("f401", "nucleo_f401re"), ("f429", "nucleo_f429zi"), ("h743", "nucleo_h743zi")];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &Path| {
        println!("cargo:rerun-if-changed={}", path.display());
        fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    // As Kconfig itself takes in each learner's.
    let learners = root.join("rust/learners");
    println!("cargo:rerun-if-changed={}", learners.display());
    let mut files: Vec<PathBuf> =
        fs::read_dir(&learners).unwrap().map(|e| e.unwrap().path().join("Kconfig")).filter(|p| p.exists()).collect();
    files.sort();
    files.push(root.join("Kconfig"));
    let options: Vec<Entry> = files.iter().flat_map(|f| entries(&read(f))).collect();
    let mut code = String::new();
    for (budget, board) in BOARDS {
        let conf = read(&root.join("prj.conf")) + &read(&root.join(format!("boards/{board}.conf")));
        let values = values(&options, &conf);
        writeln!(code, "/// Of the image for `{board}`.\npub mod {budget} {{").unwrap();
        writeln!(code, "    /// The board.\n    pub const BOARD: &str = {board:?};").unwrap();
        for (name, value) in &values {
            let (kind, value) = match value.as_str() {
                "y" => ("bool", "true"),
                "n" => ("bool", "false"),
                number if number.starts_with('-') => ("i32", number),
                number => ("usize", number),
            };
            writeln!(code, "    /// `CONFIG_HONE_{name}`\n    pub const {name}: {kind} = {value};").unwrap();
        }
        let all: Vec<_> = values.iter().collect();
        writeln!(code, "    /// All of them, as Kconfig writes them.").unwrap();
        writeln!(code, "    pub const ALL: &[(&str, &str)] = &{all:?};\n}}").unwrap();
    }
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("images.rs"), code).unwrap();
}

/// One of Hone's options.
#[derive(Default)]
struct Entry {
    /// Without `HONE_`.
    name: String,
    flag: bool,
    /// Whether it can be set.
    prompt: bool,
    depends: Vec<String>,
    /// Names that are set with it.
    selects: Vec<String>,
    /// Value and condition.
    defaults: Vec<(String, String)>,
}

/// The options that a Kconfig file declares.
fn entries(text: &str) -> Vec<Entry> {
    let mut all: Vec<Entry> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("config ") {
            open = name.starts_with("HONE_");
            if let Some(name) = name.strip_prefix("HONE_") {
                all.push(Entry { name: name.into(), ..Entry::default() });
            }
            continue;
        }
        // What is further in is a help text.
        let within = line.strip_prefix('\t').filter(|l| open && !l.starts_with(' '));
        let Some((entry, line)) = all.last_mut().zip(within) else { continue };
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "bool" | "int" => (entry.flag, entry.prompt) = (word == "bool", !rest.is_empty()),
            "depends" => entry.depends.push(rest.trim_start_matches("on ").into()),
            "select" => entry.selects.push(rest.into()),
            "default" => {
                let (value, condition) = rest.split_once(" if ").unwrap_or((rest, ""));
                entry.defaults.push((value.into(), condition.into()));
            }
            "range" | "help" => {}
            _ => panic!("HONE_{}: {line:?} is beyond this reader of Kconfig", entry.name),
        }
    }
    all
}

/// The values of the options, by name without `HONE_`. Those whose conditions do not hold are left out, as Kconfig does, and those of
/// the flash, which follow from the processor and bound no learning.
fn values(options: &[Entry], conf: &str) -> BTreeMap<String, String> {
    let set: BTreeMap<&str, &str> =
        conf.lines().filter_map(|l| l.strip_prefix("CONFIG_HONE_")?.split_once('=')).collect();
    let unknown: Vec<_> = set.keys().filter(|k| options.iter().all(|o| o.name != **k)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are set and not in Kconfig");
    let mut all = BTreeMap::new();
    // Conditions may name options that stand below.
    loop {
        let on = |o: &&Entry| all.get(&o.name).is_some_and(|v| v == "y");
        let selected: BTreeSet<_> = options.iter().filter(on).flat_map(|o| &o.selects).cloned().collect();
        let mut next = BTreeMap::new();
        for Entry { name, flag, prompt, depends, defaults, .. } in options {
            let asked = set.get(name.as_str()).filter(|_| *prompt).map(|v| (*v).to_owned());
            let default = || Some(defaults.iter().find(|(_, c)| c.is_empty() || holds(c, &all))?.0.clone());
            let value = if selected.contains(&format!("HONE_{name}")) { Some("y".into()) } else { asked };
            let value = value.or_else(default).or_else(|| (*flag && *prompt).then(|| "n".into()));
            if depends.iter().all(|c| holds(c, &all)) && !name.starts_with("FLASH_") {
                next.extend(value.map(|v| (name.clone(), v)));
            }
        }
        if next == all {
            return all;
        }
        all = next;
    }
}

/// Whether a condition of `||`, `&&`, `!`, `NAME` and `NAME > NUMBER` holds. Options that are not Hone's count as off.
fn holds(condition: &str, values: &BTreeMap<String, String>) -> bool {
    let value = |name: &str| values.get(name.trim().strip_prefix("HONE_")?);
    let term = |term: &str| match (term.split_once('>'), term.trim().strip_prefix('!')) {
        (Some((name, number)), _) => {
            let number: i64 = number.trim().parse().unwrap();
            value(name).is_some_and(|v| v.parse::<i64>().unwrap() > number)
        }
        (None, Some(name)) => value(name).is_none_or(|v| v != "y"),
        (None, None) => value(term).is_some_and(|v| v == "y"),
    };
    condition.split("||").any(|all| all.split("&&").all(term))
}
