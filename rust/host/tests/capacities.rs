//! `hone eval --budget BOARD` has the capacities of that board's image.

use hone_engine::capacity;
use hone_host::eval::Budget;
use std::path::Path;

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The files that Zephyr builds left, given by `cargo xtask test --only twister`: every option of Hone's is in them as the
/// program has it, and none that it has not.
#[test]
fn capacities_are_those_of_the_images() {
    let Some(files) = std::env::var_os("HONE_DOTCONFIGS") else {
        eprintln!("skipped: HONE_DOTCONFIGS names no .config of a Zephyr build; compared with Kconfig alone");
        return;
    };
    let mut seen = Vec::new();
    for file in std::env::split_paths(&files) {
        let text = read(file);
        let board = text.lines().find_map(|l| l.strip_prefix("CONFIG_BOARD=")).unwrap().trim_matches('"');
        let image = Budget::BOARDS.iter().filter_map(|b| b.image()).find(|i| i.board == board).unwrap();
        let set = text.lines().filter_map(|l| {
            let flag = l.strip_prefix("# CONFIG_HONE_").and_then(|l| Some((l.strip_suffix(" is not set")?, "n")));
            flag.or_else(|| l.strip_prefix("CONFIG_HONE_")?.split_once('='))
        });
        // What follows from the processor's flash bounds no learning.
        let mut set: Vec<_> = set.filter(|(name, _)| !name.starts_with("FLASH_")).collect();
        set.sort_unstable();
        assert_eq!(image.options, set, "{board}: as the program has it, and as the build has it");
        seen.push(image.board);
    }
    for image in Budget::BOARDS.iter().filter_map(|b| b.image()) {
        assert!(seen.contains(&image.board), "no .config of {} was given", image.board);
    }
}

/// Without a Zephyr build: what the .conf sets is in force, and what it does not is Kconfig's default.
#[test]
fn a_boards_conf_is_read() {
    let mut kconfig = read(root().join("Kconfig"));
    for folder in std::fs::read_dir(root().join("rust/learners")).unwrap() {
        kconfig += &std::fs::read_to_string(folder.unwrap().path().join("Kconfig")).unwrap_or_default();
    }
    for image in Budget::BOARDS.iter().filter_map(|b| b.image()) {
        let conf = read(root().join(format!("boards/{}.conf", image.board)));
        let set: Vec<_> = conf.lines().filter_map(|l| l.strip_prefix("CONFIG_HONE_")?.split_once('=')).collect();
        for option in &set {
            assert!(image.options.contains(option), "{}: {option:?}", image.board);
        }
        let mut defaults = 0;
        for (name, value) in image.options.iter().filter(|(n, _)| set.iter().all(|(s, _)| s != n)) {
            let block =
                kconfig.split(&format!("config HONE_{name}\n")).nth(1).unwrap().split("\nconfig ").next().unwrap();
            let known: Vec<_> = block.lines().filter_map(|l| l.trim().strip_prefix("default ")).collect();
            let off = *value == "n" && !known.contains(&"y");
            let selected = *value == "y" && kconfig.contains(&format!("\tselect HONE_{name}\n"));
            let default = known.iter().any(|d| d.split(' ').next() == Some(*value));
            assert!(off || selected || default, "{name}={value}: {known:?}");
            defaults += 1;
        }
        assert!(defaults > 20, "{}: {defaults} options by default", image.board);
    }
    // Boards that differ, so that one's values are not another's.
    let rows: Vec<_> = Budget::BOARDS.iter().map(|b| b.image().unwrap().rows).collect();
    assert!(rows.is_sorted_by(|a, b| a < b), "{rows:?}");
}

/// Learners that eval takes from the engine's table have the capacities that the engine has here.
#[test]
fn the_engine_here_has_those_of_the_nucleo_f401re() {
    let image = Budget::F401.image().unwrap();
    let value = |name: &str| image.options.iter().find(|(n, _)| *n == name).unwrap().1.parse::<usize>().unwrap();
    for (name, here) in [
        ("WINDOW_FRAMES", capacity::WINDOW_FRAMES),
        ("CHANNELS", capacity::CHANNELS),
        ("INPUTS", capacity::INPUTS),
        ("FEATURES", capacity::FEATURES),
        ("FEATURE_WORKSPACE_BYTES", capacity::FEATURE_WORKSPACE_BYTES),
        ("TRAINING_ROWS", capacity::TRAINING_ROWS),
        ("ROW_BITS", capacity::ROW_BITS),
        ("CLASSES", capacity::CLASSES),
        ("WORKSPACE_BYTES", capacity::WORKSPACE_BYTES),
        ("ESN_UNITS", capacity::ESN_UNITS),
        ("ESN_CONNECTIONS", capacity::ESN_CONNECTIONS),
        ("SVM_CLASSES", capacity::SVM_CLASSES),
        ("SVM_SUPPORT_VECTORS", capacity::SVM_SUPPORT_VECTORS),
        ("RCE_PROTOTYPES", capacity::RCE_PROTOTYPES),
    ] {
        assert_eq!(here, value(name), "{name}");
    }
}
