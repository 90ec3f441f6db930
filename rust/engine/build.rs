//! Capacities: Kconfig's whole numbers. Their names, defaults and ranges are read from the Kconfig files, those of a learner
//! from its folder's, and their values from Zephyr's `.config` where there is one (`DOTCONFIG` names it).
#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a build script stops the build by a panic")]

use std::{env, fmt::Write as _, fs, path::Path, path::PathBuf};

/// A whole number of Kconfig.
struct Capacity {
    name: String,
    help: String,
    default: Option<u32>,
    range: Option<(u32, u32)>,
    /// Of no effect, and 0, unless something else is set.
    depends: bool,
}

/// The whole numbers that a Kconfig file declares; negative ones are priorities, and none of ours.
fn capacities(text: &str) -> Vec<Capacity> {
    let mut found: Vec<Capacity> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("config HONE_") {
            let name = name.trim().to_owned();
            found.push(Capacity { name, help: String::new(), default: None, range: None, depends: false });
            open = true;
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        open &= line.is_empty() || line.starts_with('\t');
        let Some(entry) = found.last_mut().filter(|_| open && line.starts_with('\t') && !line.starts_with("\t "))
        else {
            continue;
        };
        match words.as_slice() {
            ["int", prompt @ ..] => entry.help = prompt.join(" ").trim_matches('"').to_owned(),
            // The first that holds, as Kconfig has it.
            ["default", value, rest @ ..] if entry.default.is_none() && holds(rest) => {
                entry.default = value.parse().ok()
            }
            ["range", min, max] => entry.range = min.parse().ok().zip(max.parse().ok()),
            ["depends", ..] => entry.depends = true,
            _ => {}
        }
    }
    found.retain(|c| !c.help.is_empty() && c.range.is_some());
    found
}

/// Whether what stands behind a default is nothing, or `if` and a learner that the build has; no other condition counts here.
fn holds(condition: &[&str]) -> bool {
    match condition {
        [] => true,
        ["if", name] => {
            name.strip_prefix("HONE_").is_some_and(|name| env::var_os(format!("CARGO_FEATURE_{name}")).is_some())
        }
        _ => false,
    }
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DOTCONFIG");
    let read = |path: &Path| {
        println!("cargo:rerun-if-changed={}", path.display());
        fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let dotconfig = env::var("DOTCONFIG").ok().map(|path| read(Path::new(&path)));
    let learners = Path::new("../learners");
    println!("cargo:rerun-if-changed={}", learners.display());
    let entries = fs::read_dir(learners).expect("rust/learners can be read");
    let mut folders: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    folders.sort();
    // Those of every build, then those of each learner, with whether the build has it.
    let mut all: Vec<(Capacity, bool)> =
        capacities(&read(Path::new("../../Kconfig"))).into_iter().map(|c| (c, true)).collect();
    for folder in folders.iter().filter(|f| f.join("Kconfig").exists()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        let there = env::var_os(format!("CARGO_FEATURE_{name}")).is_some();
        all.extend(capacities(&read(&folder.join("Kconfig"))).into_iter().map(|c| (c, there)));
    }
    let mut code = String::new();
    for (Capacity { name, help, default, range, depends }, there) in all {
        let set = dotconfig.as_ref().and_then(|text| {
            let line = text.lines().find_map(|l| l.strip_prefix(&format!("CONFIG_HONE_{name}=")))?;
            Some(line.parse().unwrap_or_else(|_| panic!("CONFIG_HONE_{name}={line} is not a whole number")))
        });
        let value: u32 = match (&dotconfig, set) {
            _ if !there => 0,
            (_, Some(value)) => value,
            (Some(_), None) if depends => 0,
            (Some(_), None) => panic!("the configuration has no CONFIG_HONE_{name}"),
            (None, None) => default.unwrap_or_else(|| panic!("HONE_{name} has no default in Kconfig")),
        };
        let (min, max) = range.unwrap_or_default();
        assert!(value == 0 || (min..=max).contains(&value), "CONFIG_HONE_{name}={value} is outside {min} to {max}");
        writeln!(code, "/// {help}; `CONFIG_HONE_{name}`.\npub const {name}: usize = {value};")
            .expect("it is a string");
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("capacity.rs"), code).expect("OUT_DIR is writable");
}
