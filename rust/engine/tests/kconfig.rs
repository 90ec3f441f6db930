//! The engine's capacities are Kconfig's: the same names, defaults, ranges and learners in both.

const BUILD: &str = include_str!("../build.rs");
const KCONFIG: &str = include_str!("../../../Kconfig");

/// The lines of an option.
fn option(name: &str) -> Vec<&'static str> {
    let head = format!("config HONE_{name}");
    let lines = KCONFIG.lines().skip_while(|l| *l != head).skip(1);
    lines.take_while(|l| !l.starts_with("config ") && *l != "\thelp").map(str::trim).collect()
}

/// What follows the last line that begins so; Kconfig takes the first default whose condition holds, and the last has none.
fn last<'a>(lines: &[&'a str], start: &str) -> Option<&'a str> {
    lines.iter().rev().find_map(|l| l.strip_prefix(start))
}

/// The words in quotation marks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

#[test]
fn capacities_are_the_same_in_both() {
    let table = BUILD.split("const CAPACITIES").nth(1).and_then(|t| t.split("];").next()).unwrap();
    let mut seen = 0;
    for line in table.lines().filter_map(|l| l.trim().strip_prefix('(')) {
        let name = quoted(line)[0];
        let numbers: Vec<u32> =
            line.split(',').skip(1).take(3).map(|n| n.trim().replace('_', "").parse().unwrap()).collect();
        let lines = option(name);
        assert_eq!(last(&lines, "default "), Some(numbers[0].to_string().as_str()), "{name}");
        assert_eq!(last(&lines, "range "), Some(format!("{} {}", numbers[1], numbers[2]).as_str()), "{name}");
        seen += 1;
    }
    assert!(seen > 15, "{seen} capacities");
}

#[test]
fn capacities_of_a_learner_depend_on_it() {
    let arms = BUILD.split("match capacity {").nth(1).and_then(|t| t.split("_ =>").next()).unwrap();
    let mut seen = 0;
    for arm in arms.lines().filter(|l| l.contains("=>")) {
        let (names, learners) = arm.split_once("=>").unwrap();
        let wanted = quoted(learners).iter().map(|l| format!("HONE_{l}")).collect::<Vec<_>>().join(" || ");
        // Boards without the learner may set the rows all the same.
        for name in quoted(names).into_iter().filter(|n| *n != "TRAINING_ROWS") {
            assert_eq!(last(&option(name), "depends on "), Some(wanted.as_str()), "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, KCONFIG.lines().filter(|l| is_capacity_of_a_learner(l)).count());
}

/// Of the options below, those of numbers.
fn is_capacity_of_a_learner(line: &str) -> bool {
    let Some(name) = line.strip_prefix("config HONE_") else { return false };
    let lines = option(name);
    lines.iter().any(|l| l.starts_with("int ")) && last(&lines, "depends on HONE_").is_some()
}
