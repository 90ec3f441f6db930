//! Checks that read the tree and run nothing of it.

use super::{Context, Tally};
use crate::{Findings, deps, hygiene, vectors};

/// What no compiler checks.
pub fn hygiene(context: &mut Context) -> Result<Tally, String> {
    tally(context, hygiene::check()?)
}

/// Dependencies against `deny.toml`.
pub fn deps(context: &mut Context) -> Result<Tally, String> {
    tally(context, deps::check()?)
}

/// Golden vectors against the scripts that made them.
pub fn vectors(context: &mut Context) -> Result<Tally, String> {
    let Context { log, installer } = context;
    vectors::verify(log, installer)
}

fn tally(context: &mut Context, findings: Findings) -> Result<Tally, String> {
    context.log.line(findings.text().trim_end());
    let mut tally = Tally::one(findings.errors.is_empty());
    tally.warnings = findings.warnings;
    Ok(tally)
}
