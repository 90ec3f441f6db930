//! `cargo xtask test` and `cargo xtask check`: the table of checks, and the loop that runs it.

mod log;
mod python;
mod rust;
mod sizes;
mod static_checks;
mod tally;
mod target;
mod watched;
mod zephyr;

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::workspace;
use log::Log;
pub use rust::format_all;
use tally::Tally;

/// How often a check runs; each tier has those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tier {
    /// Before a commit: `cargo xtask check`.
    Quick,
    /// Before a merge: `cargo xtask test`.
    Usual,
    /// Before a release: `cargo xtask test --all`.
    All,
}

/// One row: a name, what it checks, and how.
struct Check {
    name: &'static str,
    about: &'static str,
    tier: Tier,
    run: fn(&mut Context) -> Result<Tally, String>,
}

const fn row(
    tier: Tier,
    name: &'static str,
    about: &'static str,
    run: fn(&mut Context) -> Result<Tally, String>,
) -> Check {
    Check { name, about, tier, run }
}

/// Every check, in the order in which they run: what fails fastest comes first.
const CHECKS: &[Check] = &[
    row(Tier::Quick, "format", "rustfmt, all workspaces", rust::format),
    row(Tier::Quick, "hygiene", "paths, links, folder lines, unsafe code", static_checks::hygiene),
    row(Tier::Usual, "dependencies", "licences, sources, bans (deny.toml)", static_checks::deps),
    row(Tier::Usual, "book", "every page in docs/SUMMARY.md, mdBook builds it", static_checks::book),
    row(Tier::Quick, "clippy", "host workspace, all targets, no warnings", rust::clippy),
    row(Tier::Quick, "no-panic", "portable crates: no unwrap, panic or unchecked index", rust::no_panic),
    row(Tier::Usual, "docs", "rustdoc without warnings", rust::docs),
    row(Tier::Quick, "host-tests", "unit, property, golden and doc tests, host", rust::host_tests),
    row(Tier::All, "figures", "every figure of hone eval in README and docs", rust::figures),
    row(Tier::Usual, "learners", "engine with some of the learners alone", rust::learners),
    row(Tier::Usual, "python", "the Python package: estimators, same bits, guide", python::python),
    row(Tier::Usual, "vectors", "golden vectors still follow from their scripts", static_checks::vectors),
    row(Tier::Usual, "no_std-m4f", "portable crates for thumbv7em-none-eabihf", target::build_m4f),
    row(Tier::Usual, "no_std-m3", "portable crates for thumbv7m-none-eabi", target::check_m3),
    row(Tier::Usual, "clippy-m4f", "portable crates and target-bench, on target", target::clippy),
    row(Tier::Usual, "qemu-tests", "target-bench on the emulated Cortex-M4F: same bits", target::tests),
    row(Tier::Usual, "qemu-panics", "calls that may panic by crate, no formatting in images", target::panics),
    row(Tier::Usual, "qemu-bench", "instruction counts against the baseline", target::bench),
    row(Tier::Usual, "fuzz", "each fuzz target for some inputs, corpus first", watched::fuzz),
    row(Tier::All, "miri", "portable crates in Miri, where it is there", watched::miri),
    row(Tier::Usual, "twister", "Zephyr application, where ZEPHYR_BASE is set", zephyr::twister),
];

/// What to run, and how.
pub struct Options {
    /// Parts of names; empty means all of the tier. A name that is asked for runs in any tier.
    pub only: Vec<String>,
    /// How much.
    pub tier: Tier,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Install what is missing.
    pub install: bool,
}

/// What a check works with.
pub struct Context {
    /// Its log.
    pub log: Log,
    /// How much it is to do.
    pub tier: Tier,
}

fn selected(only: &[String], tier: Tier) -> Vec<&'static Check> {
    let named = |check: &Check| only.iter().any(|part| check.name.contains(part.as_str()));
    CHECKS.iter().filter(|check| if only.is_empty() { check.tier <= tier } else { named(check) }).collect()
}

/// Prints the table.
pub fn list(only: &[String], tier: Tier) {
    for check in selected(only, tier) {
        println!("{:14} {}", check.name, check.about);
    }
}

/// Runs the table. True if nothing failed.
pub fn run(options: &Options) -> Result<bool, String> {
    let checks = selected(&options.only, options.tier);
    if checks.is_empty() {
        return Err("no check has such a name; `cargo xtask test --list` prints them".into());
    }
    let start = Instant::now();
    if options.install {
        // What could not be had is told by it, and by the checks that are skipped.
        let _ = Command::new(workspace::root().join(".ci/setup")).status();
    }
    let (mut sum, mut broken) = (Tally::default(), Vec::new());
    for (index, check) in checks.iter().enumerate() {
        print!("[{:2}/{}] {:14} {:<56} ", index + 1, checks.len(), check.name, check.about);
        let _ = std::io::stdout().flush();
        let begun = Instant::now();
        let log = Log::create(workspace::log_folder().join(format!("{}.txt", check.name)))?;
        let mut context = Context { log, tier: options.tier };
        let tally = (check.run)(&mut context).unwrap_or_else(|error| {
            context.log.line(&format!("error: {error}"));
            Tally::one(false)
        });
        println!("{}", verdict(&tally, begun.elapsed()));
        for warning in &tally.warnings {
            println!("        warning: {warning}");
        }
        let failed = tally.failed > 0;
        if failed {
            broken.push(check.name);
            println!("---- {} failed; its output (also in target/xtask-log):", check.name);
            println!("{}\n---- end of {}", context.log.text().trim_end(), check.name);
        }
        sum.add(tally);
        if failed && options.fail_fast {
            let rest = checks.iter().skip(index + 1);
            rest.for_each(|r| sum.add(Tally::skip(r.name, "--fail-fast, and a check before it failed")));
            break;
        }
    }
    finish(&sum, &broken, start.elapsed());
    Ok(sum.failed == 0)
}

fn verdict(tally: &Tally, took: Duration) -> String {
    let word = match (tally.failed, tally.passed, tally.skipped.len()) {
        (0, 0, 1..) => "skipped".to_owned(),
        (0, passed, 0) => format!("ok ({passed})"),
        (0, passed, skipped) => format!("ok ({passed}, {skipped} skipped)"),
        (failed, _, _) => format!("FAILED ({failed})"),
    };
    format!("{word}  {:.1} s", took.as_secs_f64())
}

fn finish(sum: &Tally, broken: &[&str], took: Duration) {
    println!();
    for name in broken {
        println!("failed: {name}; again: cargo xtask test --only {name}");
    }
    if !sum.skipped.is_empty() {
        println!("skipped:");
        for skip in &sum.skipped {
            println!("  {}: {}", skip.name, skip.why);
        }
    }
    println!("took {} min {:02} s; logs in target/xtask-log", took.as_secs() / 60, took.as_secs() % 60);
    println!("{}", sum.line());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_fit_their_column() {
        for (i, check) in CHECKS.iter().enumerate() {
            assert!(check.name.len() <= 14 && check.about.len() <= 56, "{}", check.name);
            assert!(CHECKS.iter().skip(i + 1).all(|c| c.name != check.name));
        }
    }

    #[test]
    fn each_tier_has_those_before_it_and_a_name_is_of_any() {
        let names = |only: &[String], tier| selected(only, tier).iter().map(|c| c.name).collect::<Vec<_>>();
        let [quick, usual, all] = [Tier::Quick, Tier::Usual, Tier::All].map(|tier| names(&[], tier));
        assert!(quick.contains(&"host-tests") && !quick.contains(&"docs"));
        assert!(usual.contains(&"host-tests") && usual.contains(&"docs") && !usual.contains(&"miri"));
        assert_eq!(all.len(), CHECKS.len());
        assert_eq!(names(&["miri".into()], Tier::Usual), ["miri"]);
    }

    #[test]
    fn verdicts_tell_skipped_from_passed() {
        let took = Duration::from_millis(1240);
        assert_eq!(verdict(&Tally::one(true), took), "ok (1)  1.2 s");
        assert_eq!(verdict(&Tally::one(false), took), "FAILED (1)  1.2 s");
        assert_eq!(verdict(&Tally::skip("a", "b"), took), "skipped  1.2 s");
    }
}
