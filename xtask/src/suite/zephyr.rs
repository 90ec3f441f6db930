//! Twister on the Zephyr application, where a Zephyr workspace is at hand; what must fail to build; capacities; lints.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Context, Tally};
use crate::toolchain::{CORTEX_M0, CORTEX_M3, CORTEX_M4F, Toolchain};
use crate::workspace;

/// Runs the twister suites below tests/ on the emulated boards and builds the images of sample.yaml; then, with their
/// configuration, clippy on the application, the capacities of `hone eval`, and two builds that must fail.
pub fn twister(context: &mut Context) -> Result<Tally, String> {
    let Some(base) = std::env::var_os("ZEPHYR_BASE") else {
        let how = "ZEPHYR_BASE is not set (docs/guides/testing.md says how to make a Zephyr workspace)";
        return Ok(Tally::skip("twister", how));
    };
    let program = Path::new(&base).join("scripts/twister");
    if !program.is_file() {
        return Ok(Tally::skip("twister", "ZEPHYR_BASE does not hold scripts/twister"));
    }
    let suites = workspace::files()?.iter().any(|f| f.ends_with("testcase.yaml") || f == "sample.yaml");
    if !suites {
        return Ok(Tally::skip("twister", "no testcase.yaml or sample.yaml in the repository"));
    }
    let toolchain = match Toolchain::find_for(&[CORTEX_M4F, CORTEX_M3, CORTEX_M0]) {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Tally::skip("twister", why)),
    };
    let mut host = Command::new(workspace::cargo());
    host.current_dir(workspace::root()).args(["build", "--locked", "--package", "hone-host", "--bin", "hone"]);
    if !context.log.run(&mut host)? {
        return Ok(Tally::one(false));
    }
    let out = workspace::root().join("target/twister");
    let mut command = zephyr(&toolchain, &program)?;
    command.current_dir(workspace::root()).args(["-T", ".", "--integration", "--inline-logs", "--outdir"]).arg(&out);
    // Own boards are found through zephyr/module.yml.
    command.arg("--clobber-output");
    // What the suites push and pull models with.
    let target = workspace::metadata(".", &["--locked", "--no-deps"])?.target_directory;
    command.env("HONE_PROGRAM", target.join("debug/hone"));
    let succeeded = context.log.run(&mut command)?;
    let mut tally = counts(&std::fs::read_to_string(out.join("twister.json")).unwrap_or_default());
    if tally == Tally::default() || !succeeded && tally.failed == 0 {
        tally.failed += 1;
    }
    tally.add(super::sizes::boards(context, &out)?);
    tally.add(clippy(context, &toolchain, &out)?);
    tally.add(Tally::one(budget_holds(context, &toolchain)?));
    tally.add(Tally::one(partition_holds(context, &toolchain)?));
    tally.add(Tally::one(capacities_agree(context, &out)?));
    Ok(tally)
}

/// A program that builds for Zephyr, and finds the compiler.
fn zephyr(toolchain: &Toolchain, program: impl AsRef<OsStr>) -> Result<Command, String> {
    let mut command = Command::new(program);
    toolchain.lend(&mut command, &workspace::root().join("target/zephyr-bin"))?;
    Ok(command)
}

/// Clippy on the application, configured as twister has built it.
fn clippy(context: &mut Context, toolchain: &Toolchain, out: &Path) -> Result<Tally, String> {
    // Of the image with all learners.
    let whole = find(&out.join("hone_m4f"), "hone.app");
    let Some(config) = whole.and_then(|folder| find(&folder, "sample-cargo-config.toml")) else {
        context.log.line("error: twister has left no build of hone_m4f to lint");
        return Ok(Tally::one(false));
    };
    let Some(mut command) = toolchain.clippy() else {
        return Ok(Tally::skip("clippy of app", "this Rust comes without clippy (Debian: rust-web-clippy)"));
    };
    if toolchain.key().ends_with("source") {
        command.env("CARGO_UNSTABLE_BUILD_STD", "core,alloc");
    }
    command.env("CARGO_TARGET_DIR", workspace::root().join("target/app-clippy"));
    command.current_dir(workspace::root().join("app")).arg("--config").arg(config);
    command.args(["--release", "--locked", "--features", "vectors,esn,svm,rce", "--"]);
    // app/.cargo/config.toml allows dead code, for a crate that is not ours.
    command.args(["-D", "warnings", "-D", "dead_code", "-D", "clippy::undocumented_unsafe_blocks"]);
    Ok(Tally::one(context.log.run(&mut command)?))
}

/// What is called so in `folder` or below it.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let file = folder.join(name);
    if file.exists() {
        return Some(file);
    }
    let folders = std::fs::read_dir(folder).ok()?.filter_map(|e| Some(e.ok()?.path()).filter(|p| p.is_dir()));
    folders.into_iter().find_map(|folder| find(&folder, name))
}

/// Whether a build whose capacities exceed `CONFIG_HONE_RAM_BUDGET` fails, and says what takes the memory.
fn budget_holds(context: &mut Context, toolchain: &Toolchain) -> Result<bool, String> {
    let out = workspace::root().join("target/budget");
    let mut configure = zephyr(toolchain, "cmake")?;
    configure.args(["-GNinja", "-DBOARD=hone_m4f", "-DCONFIG_HONE_RAM_BUDGET=8192", "-S"]);
    if !context.log.run(configure.arg(workspace::root()).arg("-B").arg(&out))? {
        return Ok(false);
    }
    let before = context.log.text().len();
    let built = context.log.run(zephyr(toolchain, "cmake")?.arg("--build").arg(&out))?;
    let named = names_consumers(context.log.text().get(before..).unwrap_or(""));
    if built {
        context.log.line("error: the build exceeds CONFIG_HONE_RAM_BUDGET and does not fail");
    } else if !named {
        context.log.line("error: the build fails without naming the three largest consumers of memory");
    }
    Ok(!built && named)
}

/// A partition too small for the image.
const SMALL_PARTITION: &str = "&program_partition { reg = <0x00000000 0x00010000>; };\n";

/// Whether a build that does not fit the program's partition fails, and says so.
fn partition_holds(context: &mut Context, toolchain: &Toolchain) -> Result<bool, String> {
    let out = workspace::root().join("target/partition");
    std::fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let overlay = out.join("small.overlay");
    std::fs::write(&overlay, SMALL_PARTITION).map_err(|e| format!("{}: {e}", overlay.display()))?;
    let mut configure = zephyr(toolchain, "cmake")?;
    configure.args(["-GNinja", "-DBOARD=nucleo_f401re", "-S"]).arg(workspace::root()).arg("-B").arg(out.join("build"));
    configure.arg(format!("-DEXTRA_DTC_OVERLAY_FILE={}", overlay.display()));
    if !context.log.run(&mut configure)? {
        return Ok(false);
    }
    let before = context.log.text().len();
    let built = context.log.run(zephyr(toolchain, "cmake")?.arg("--build").arg(out.join("build")))?;
    let said = overflows(context.log.text().get(before..).unwrap_or(""));
    if built {
        context.log.line("error: the image is larger than its partition and the build does not fail");
    } else if !said {
        context.log.line("error: the build fails for another reason than its partition");
    }
    Ok(!built && said)
}

/// Whether the linker says that the flash is too small.
fn overflows(output: &str) -> bool {
    output.lines().any(|l| l.contains("region `FLASH' overflowed by"))
}

/// Whether `hone eval` has the capacities of the images that twister has built.
fn capacities_agree(context: &mut Context, out: &Path) -> Result<bool, String> {
    let mut configs = Vec::new();
    for (board, suite) in [
        ("nucleo_f401re", "hone.build"),
        ("nucleo_f429zi", "hone.build.f429zi"),
        ("nucleo_h743zi", "hone.build.h743zi"),
    ] {
        // Twister may name a board's folder with the board's qualifiers.
        let folders = std::fs::read_dir(out).map_err(|e| e.to_string())?.filter_map(|e| Some(e.ok()?.path()));
        let mut folders = folders.filter(|f| f.file_name().is_some_and(|n| n.to_string_lossy().starts_with(board)));
        let Some(folder) = folders.find_map(|f| find(&f, suite)) else {
            context.log.line(&format!("error: twister has left no {suite} of {board}"));
            return Ok(false);
        };
        configs.push(folder.join("zephyr/.config"));
    }
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root()).args(["test", "--locked", "--package", "hone-host", "--test", "capacities"]);
    command.env("HONE_DOTCONFIGS", std::env::join_paths(configs).map_err(|e| e.to_string())?);
    context.log.run(&mut command)
}

/// Whether a build's output says what exceeds the budget.
fn names_consumers(output: &str) -> bool {
    let Some(at) = output.find("bytes of static memory and CONFIG_HONE_RAM_BUDGET allows") else { return false };
    output[at..].lines().skip(1).take(3).filter(|l| l.contains(" bytes: ") && l.contains("CONFIG_HONE_")).count() == 3
}

/// Suites by status in twister's report.
fn counts(report: &str) -> Tally {
    let report: serde_json::Value = serde_json::from_str(report).unwrap_or_default();
    let mut tally = Tally::default();
    for suite in report["testsuites"].as_array().into_iter().flatten() {
        let name = suite["name"].as_str().unwrap_or("?");
        let platform = suite["platform"].as_str().unwrap_or("?");
        match suite["status"].as_str() {
            Some("passed") => tally.add(Tally::one(true)),
            // Filtered out by the suite's own conditions, for example its list of platforms: nothing was left undone.
            Some("filtered") => {}
            Some("skipped") => {
                let why = suite["reason"].as_str().unwrap_or("skipped by twister");
                tally.add(Tally::skip(&format!("{name} on {platform}"), why));
            }
            _ => tally.add(Tally::one(false)),
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_three_consumers() {
        let text = "error: Hone needs 45 bytes of static memory and CONFIG_HONE_RAM_BUDGET allows 40. Raise it\n  \
            20 bytes: a (CONFIG_HONE_A)\n  15 bytes: b (CONFIG_HONE_B)\n  10 bytes: c (CONFIG_HONE_C)\n";
        assert!(names_consumers(text));
        assert!(!names_consumers(&text.replace("15 bytes: b (CONFIG_HONE_B)", "")));
        assert!(!names_consumers("error: something else"));
    }

    #[test]
    fn the_linkers_complaint_is_known() {
        assert!(overflows("ld: zephyr.elf section `rodata' will not fit\nld: region `FLASH' overflowed by 12 bytes\n"));
        assert!(!overflows("ld: region `RAM' overflowed by 12 bytes\nninja: build stopped\n"));
    }

    #[test]
    fn counts_suites_by_status() {
        let report = r#"{"testsuites": [
            {"name": "a", "platform": "p", "status": "passed"},
            {"name": "b", "platform": "p", "status": "failed"},
            {"name": "c", "platform": "p", "status": "error"},
            {"name": "d", "platform": "p", "status": "skipped", "reason": "no board"},
            {"name": "e", "platform": "p", "status": "filtered"}]}"#;
        let tally = counts(report);
        assert_eq!(tally.line(), "1 passed, 2 failed, 1 skipped");
        assert_eq!((tally.skipped[0].name.as_str(), tally.skipped[0].why.as_str()), ("d on p", "no board"));
        assert_eq!(counts("not json"), Tally::default());
    }
}
