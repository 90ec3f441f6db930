//! Twister on the Zephyr application, where a Zephyr workspace is at hand.

use std::path::Path;
use std::process::Command;

use super::{Context, Tally};
use crate::workspace;

/// Runs the twister suites below tests/ on the emulated boards.
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
    let out = workspace::root().join("target/twister");
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).args(["-T", ".", "--integration", "--inline-logs", "--outdir"]).arg(&out);
    // Own boards are found through zephyr/module.yml.
    command.arg("--clobber-output");
    let succeeded = context.log.run(&mut command)?;
    let mut tally = counts(&std::fs::read_to_string(out.join("twister.json")).unwrap_or_default());
    if tally == Tally::default() || !succeeded && tally.failed == 0 {
        tally.failed += 1;
    }
    Ok(tally)
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
