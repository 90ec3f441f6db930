//! `hone eval --budget BOARD` has the capacities of that board's image.

use hone_host::eval::Budget;

/// The files that Zephyr builds left, given by `cargo xtask test --only twister`: every option of Hone's is in them as the
/// program has it.
#[test]
fn capacities_are_those_of_the_images() {
    let Some(files) = std::env::var_os("HONE_DOTCONFIGS") else {
        eprintln!("skipped: HONE_DOTCONFIGS names no .config of a Zephyr build; compared with Kconfig alone");
        return;
    };
    let mut seen = Vec::new();
    for file in std::env::split_paths(&files) {
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let board = text.lines().find_map(|l| l.strip_prefix("CONFIG_BOARD=")).unwrap().trim_matches('"');
        let image = Budget::BOARDS.iter().filter_map(|b| b.image()).find(|i| i.board == board).unwrap();
        let set = text.lines().filter_map(|l| {
            let flag = l.strip_prefix("# CONFIG_HONE_").and_then(|l| Some((l.strip_suffix(" is not set")?, "n")));
            flag.or_else(|| l.strip_prefix("CONFIG_HONE_")?.split_once('='))
        });
        let set: Vec<_> = set.filter(|(name, _)| !name.starts_with("FLASH_")).collect();
        for option in image.options {
            assert!(set.contains(option), "{board}: CONFIG_HONE_{} is not {}", option.0, option.1);
        }
        for option in &set {
            assert!(image.options.contains(option), "{board}: CONFIG_HONE_{}={} is not known", option.0, option.1);
        }
        seen.push(image.board);
    }
    for budget in Budget::BOARDS {
        let board = budget.image().unwrap().board;
        assert!(seen.contains(&board), "no .config of {board} was given");
    }
}

/// Without a Zephyr build: what the .conf sets is in force, and what it does not is Kconfig's default.
#[test]
fn a_boards_conf_is_read() {
    let kconfig = include_str!("../../../Kconfig");
    for (budget, conf) in [
        (Budget::F401, include_str!("../../../boards/nucleo_f401re.conf")),
        (Budget::F429, include_str!("../../../boards/nucleo_f429zi.conf")),
    ] {
        let image = budget.image().unwrap();
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
            assert!(off || known.iter().any(|d| d.split(' ').next() == Some(*value)), "{name}={value}: {known:?}");
            defaults += 1;
        }
        assert!(defaults > 20, "{}: {defaults} options by default", image.board);
    }
    // Boards that differ, so that one's values are not another's.
    let rows = |b: Budget| b.image().unwrap().rows;
    assert!(rows(Budget::F401) < rows(Budget::F429));
}
