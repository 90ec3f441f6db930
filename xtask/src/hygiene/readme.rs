//! Folder lines of the README: one for every folder, none for a folder that is not there.

use std::collections::BTreeSet;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::Findings;

/// Heading under which each list item starts with a folder, as in "- `docs/` — guides".
const HEADING: &str = "Folders";

/// Folders whose subfolders have lines of their own.
const OPENED: [&str; 1] = ["rust/"];

/// Compares the folder lines with the tracked files.
pub fn check(readme: &str, files: &[String], findings: &mut Findings) {
    let lines = folder_lines(readme);
    let mut wanted = BTreeSet::new();
    for file in files {
        let depth = if OPENED.iter().any(|o| file.starts_with(o)) { 2 } else { 1 };
        let ends: Vec<usize> = file.match_indices('/').map(|(at, _)| at + 1).take(depth).collect();
        if let Some(folder) = ends.last().and_then(|end| file.get(..*end)) {
            wanted.insert(folder.to_owned());
        }
    }
    wanted.retain(|folder| !folder.starts_with('.'));
    for line in &lines {
        // A line may go deeper than it has to.
        if !files.iter().any(|f| f.starts_with(line.as_str())) {
            findings.error(format!("README.md: a line for {line}, which does not exist"));
        }
    }
    for folder in wanted.iter().filter(|f| !lines.contains(*f)) {
        findings.error(format!("README.md: no line for {folder} under the heading {HEADING}"));
    }
}

fn folder_lines(readme: &str) -> BTreeSet<String> {
    // Within an item, folders stand before the first words; commas may stand between them.
    let (mut heading, mut inside, mut first) = (false, false, false);
    let mut lines = BTreeSet::new();
    for event in Parser::new(readme) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                heading = true;
                inside &= level > HeadingLevel::H2;
            }
            Event::End(TagEnd::Heading(_)) => heading = false,
            Event::Text(text) if heading => inside |= &*text == HEADING,
            Event::Start(Tag::Item) => first = true,
            Event::Code(code) if inside && first => {
                lines.insert(code.to_string());
            }
            Event::Text(text) => first &= text.trim() == ",",
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_lines_must_match_both_ways() {
        let readme = "# A\n\n- `no/`\n\n## Folders\n\n- `docs/` — see `gone/`\n- `rust/esn/`, `old2/` — x\n- `old/` — y\n\n\
                      ## After\n\n- `other/`\n";
        let files = ["README.md", ".ci/run", "docs/a/b.md", "rust/esn/src/lib.rs", "rust/svm/Cargo.toml", "xtask/x.rs"];
        let mut findings = Findings::default();
        check(readme, &files.map(str::to_owned), &mut findings);
        assert_eq!(
            findings.errors,
            [
                "README.md: a line for old/, which does not exist",
                "README.md: a line for old2/, which does not exist",
                "README.md: no line for rust/svm/ under the heading Folders",
                "README.md: no line for xtask/ under the heading Folders",
            ]
        );
    }
}
