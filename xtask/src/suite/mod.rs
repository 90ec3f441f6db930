//! `cargo xtask test` and `cargo xtask check`: the table of checks, and the loop that runs it.

mod cross;
mod log;
mod rust;
mod sizes;
mod static_checks;
mod tally;
mod target;
mod watched;
mod zephyr;

pub use log::Log;
pub use tally::Tally;

use std::io::Write;
use std::time::{Duration, Instant};

use crate::install::Installer;
use crate::workspace;

/// One row: a name, what it checks, and how.
struct Check {
    name: &'static str,
    about: &'static str,
    /// Part of `cargo xtask check`.
    quick: bool,
    run: fn(&mut Context) -> Result<Tally, String>,
}

/// Everything that `cargo xtask test` does, in this order: what fails fastest comes first.
const CHECKS: &[Check] = &[
    Check { name: "format", about: "rustfmt, all workspaces", quick: true, run: rust::format },
    Check {
        name: "hygiene",
        about: "paths, links, folder lines, unsafe code",
        quick: true,
        run: static_checks::hygiene,
    },
    Check {
        name: "dependencies",
        about: "licences, sources, bans (deny.toml)",
        quick: false,
        run: static_checks::deps,
    },
    Check { name: "clippy", about: "host workspace, all targets, no warnings", quick: true, run: rust::clippy },
    Check {
        name: "no-panic",
        about: "portable crates: no unwrap, panic or unchecked index",
        quick: true,
        run: rust::no_panic,
    },
    Check { name: "docs", about: "rustdoc without warnings", quick: false, run: rust::docs },
    Check { name: "unit-tests", about: "unit tests, host", quick: true, run: rust::unit_tests },
    Check {
        name: "host-tests",
        about: "unit, property, golden and doc tests, host",
        quick: false,
        run: rust::host_tests,
    },
    Check { name: "learners", about: "engine with some of the learners alone", quick: false, run: rust::learners },
    Check {
        name: "vectors",
        about: "golden vectors still follow from their scripts",
        quick: false,
        run: static_checks::vectors,
    },
    Check {
        name: "no_std-m4f",
        about: "portable crates for thumbv7em-none-eabihf",
        quick: false,
        run: target::build_m4f,
    },
    Check { name: "no_std-m3", about: "portable crates for thumbv7m-none-eabi", quick: false, run: target::build_m3 },
    Check {
        name: "clippy-m4f",
        about: "portable crates and target-bench, on target",
        quick: false,
        run: target::clippy,
    },
    Check {
        name: "qemu-tests",
        about: "target-bench on the emulated Cortex-M4F: same bits",
        quick: false,
        run: target::tests,
    },
    Check {
        name: "qemu-panics",
        about: "calls that may panic by crate, no formatting in images",
        quick: false,
        run: target::panics,
    },
    Check { name: "qemu-bench", about: "instruction counts against the baseline", quick: false, run: target::bench },
    Check { name: "fuzz", about: "each fuzz target for some seconds, corpus first", quick: false, run: watched::fuzz },
    Check { name: "miri", about: "portable crates in Miri, where it is there", quick: false, run: watched::miri },
    Check {
        name: "twister",
        about: "Zephyr application, where ZEPHYR_BASE is set",
        quick: false,
        run: zephyr::twister,
    },
];

/// What to run, and how.
pub struct Options {
    /// Parts of names; empty means all.
    pub only: Vec<String>,
    /// The quick ones alone.
    pub quick: bool,
    /// Stop at the first failure.
    pub fail_fast: bool,
    /// Install what is missing.
    pub install: bool,
}

/// What a check works with.
pub struct Context {
    /// Its log.
    pub log: Log,
    /// Gets missing programs.
    pub installer: Installer,
}

fn selected(only: &[String], quick: bool) -> Vec<&'static Check> {
    // `unit-tests` is the quick half of `host-tests`: run by name or in the quick set, never twice.
    let wanted = |c: &&Check| match (quick, only) {
        (true, _) => c.quick,
        (false, []) => c.name != "unit-tests",
        (false, only) => only.iter().any(|o| c.name.contains(o.as_str())),
    };
    CHECKS.iter().filter(wanted).collect()
}

/// Prints the table.
pub fn list(only: &[String]) {
    for check in selected(only, false) {
        println!("{:14} {}", check.name, check.about);
    }
}

/// Runs the table. True if nothing failed.
pub fn run(options: &Options) -> Result<bool, String> {
    let checks = selected(&options.only, options.quick);
    if checks.is_empty() {
        return Err("no check has such a name; `cargo xtask test --list` prints them".into());
    }
    let start = Instant::now();
    let mut sum = Tally::default();
    let mut installer = Installer::new(options.install);
    for (index, check) in checks.iter().enumerate() {
        print!("[{:2}/{}] {:14} {:<56} ", index + 1, checks.len(), check.name, check.about);
        let _ = std::io::stdout().flush();
        let begun = Instant::now();
        let log = Log::create(workspace::log_folder().join(format!("{}.txt", check.name)))?;
        let mut context = Context { log, installer };
        let tally = (check.run)(&mut context).unwrap_or_else(|error| {
            context.log.line(&format!("error: {error}"));
            Tally::one(false)
        });
        println!("{}", verdict(&tally, begun.elapsed()));
        for warning in &tally.warnings {
            println!("        warning: {warning}");
        }
        if tally.failed > 0 {
            println!("---- {} failed; its output:", check.name);
            println!("{}", context.log.text().trim_end());
            println!("---- end of {} (also in {})", check.name, shown(&context.log));
        }
        installer = context.installer;
        let failed = tally.failed > 0;
        sum.add(tally);
        if failed && options.fail_fast {
            for rest in checks.iter().skip(index + 1) {
                sum.add(Tally::skip(rest.name, "--fail-fast, and a check before it failed"));
            }
            break;
        }
    }
    finish(&sum, start.elapsed());
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

fn shown(log: &Log) -> String {
    log.path().strip_prefix(workspace::root()).unwrap_or(log.path()).display().to_string()
}

fn finish(sum: &Tally, took: Duration) {
    println!();
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
    fn all_runs_host_tests_once_and_quick_takes_its_half() {
        let names = |c: Vec<&'static Check>| c.iter().map(|c| c.name).collect::<Vec<_>>();
        let all = names(selected(&[], false));
        assert!(all.contains(&"host-tests") && !all.contains(&"unit-tests"));
        let quick = names(selected(&[], true));
        assert!(quick.contains(&"unit-tests") && !quick.contains(&"host-tests"));
        assert_eq!(names(selected(&["unit".into()], false)), ["unit-tests"]);
    }

    #[test]
    fn verdicts_tell_skipped_from_passed() {
        let took = Duration::from_millis(1240);
        assert_eq!(verdict(&Tally::one(true), took), "ok (1)  1.2 s");
        assert_eq!(verdict(&Tally::one(false), took), "FAILED (1)  1.2 s");
        assert_eq!(verdict(&Tally::skip("a", "b"), took), "skipped  1.2 s");
    }
}
