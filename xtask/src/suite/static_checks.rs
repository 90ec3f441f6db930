//! Checks that read the tree and build nothing of it.

use std::process::Command;

use super::{Context, Tally};
use crate::{Findings, deps, hygiene, workspace};

/// What no compiler checks.
pub fn hygiene(context: &mut Context) -> Result<Tally, String> {
    tally(context, hygiene::check()?)
}

/// Dependencies against `deny.toml`.
pub fn deps(context: &mut Context) -> Result<Tally, String> {
    tally(context, deps::check()?)
}

/// Every page of `docs/` is a chapter, and where there is mdBook it makes a book of them.
pub fn book(context: &mut Context) -> Result<Tally, String> {
    let file = workspace::root().join("docs/SUMMARY.md");
    let summary = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let files = workspace::files()?;
    let left_out = left_out(&summary, &files);
    for page in &left_out {
        context.log.line(&format!("docs/SUMMARY.md: no chapter for {page}"));
    }
    let mut tally = Tally::one(left_out.is_empty());
    let folder = workspace::root().join("docs");
    tally.add(match workspace::in_path("mdbook") {
        Some(program) => Tally::one(context.log.run(Command::new(program).arg("build").arg(folder))?),
        None => Tally::skip("book", "no mdbook in PATH: .ci/setup gets it"),
    });
    Ok(tally)
}

/// Pages of `docs/` to which the summary has no link.
fn left_out<'a>(summary: &str, files: &'a [String]) -> Vec<&'a str> {
    let pages = files.iter().filter_map(|file| file.strip_prefix("docs/")).filter(|file| file.ends_with(".md"));
    pages.filter(|page| *page != "SUMMARY.md" && !summary.contains(&format!("({page})"))).collect()
}

/// Golden vectors against the scripts that made them.
pub fn vectors(context: &mut Context) -> Result<Tally, String> {
    let candidates = ["python3".into(), workspace::root().join("target/python/bin/python3")];
    let imports = |python: &&std::path::PathBuf| {
        Command::new(python).args(["-c", "import numpy, sklearn"]).output().is_ok_and(|out| out.status.success())
    };
    let Some(python) = candidates.iter().find(imports) else {
        return Ok(Tally::skip("vectors", "no Python with NumPy and scikit-learn: .ci/setup gets them"));
    };
    Ok(Tally::one(context.log.run(Command::new(python).arg(workspace::root().join("tests/vectors/verify.py")))?))
}

fn tally(context: &mut Context, findings: Findings) -> Result<Tally, String> {
    context.log.line(findings.text().trim_end());
    let mut tally = Tally::one(findings.errors.is_empty());
    tally.warnings = findings.warnings;
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::left_out;

    #[test]
    fn a_page_without_a_chapter_is_found() {
        let files = ["README.md", "docs/SUMMARY.md", "docs/a/b.md", "docs/c.md", "docs/d.png"].map(String::from);
        assert_eq!(left_out("# Summary\n- [B](a/b.md)\n", &files), ["c.md"]);
    }
}
