//! Links in Markdown files: files and headings that they name must exist.

use std::path::Path;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::Findings;

/// Checks every relative link of one file. Links into the network are not followed.
pub fn check(file: &str, text: &str, root: &Path, findings: &mut Findings) {
    let folder = root.join(file);
    let folder = folder.parent().unwrap_or(root);
    for link in links(text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (path, heading) = link.split_once('#').map_or((link.as_str(), None), |(p, h)| (p, Some(h)));
        let path = path.replace("%20", " ");
        let target = if path.is_empty() { root.join(file) } else { folder.join(&path) };
        if !target.exists() {
            findings.error(format!("{file}: link to {link}, which does not exist"));
            continue;
        }
        let Some(heading) = heading.filter(|_| target.extension().is_some_and(|e| e == "md")) else { continue };
        let there = std::fs::read_to_string(&target).unwrap_or_default();
        if !headings(&there).iter().any(|h| h == heading) {
            findings.error(format!("{file}: link to {link}: no such heading"));
        }
    }
}

fn links(text: &str) -> Vec<String> {
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.to_string()),
        _ => None,
    };
    Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(target).collect()
}

/// Anchors of the headings, as code hosts make them.
fn headings(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let mut open: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => open = Some(String::new()),
            Event::Text(t) | Event::Code(t) => {
                if let Some(heading) = &mut open {
                    heading.push_str(&t);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&open.take().unwrap_or_default());
                let same =
                    anchors.iter().filter(|a| a.rsplit_once('-').map_or(a.as_str(), |(b, _)| b) == anchor).count();
                let taken = anchors.contains(&anchor);
                anchors.push(if taken { format!("{anchor}-{}", same.max(1)) } else { anchor });
            }
            _ => {}
        }
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_files_and_headings_are_errors() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = "# One: a `b`\n[a](Cargo.toml) [b](none.md) [c](#one-a-b) [d](#two)\n\
                    [e](https://example.org/x) `[f](g.md)` ![h](src/none.png)\n\n[i]: src/main.rs\n[i]";
        std::fs::create_dir_all(root.join("../target")).unwrap();
        let file = "../target/xtask-links.md";
        std::fs::write(root.join(file), text).unwrap();
        let mut findings = Findings::default();
        let text = text.replace("(Cargo", "(../xtask/Cargo").replace(": src", ": ../xtask/src");
        check(file, &text, root, &mut findings);
        let wanted = [
            "link to none.md, which does not exist",
            "link to #two: no such heading",
            "link to src/none.png, which does not exist",
        ];
        assert_eq!(findings.errors, wanted.map(|w| format!("{file}: {w}")));
    }

    #[test]
    fn anchors_are_made_as_code_hosts_make_them() {
        let text = "# The `xtask` way\n## What, why?\n## Results\n## Results\n";
        assert_eq!(headings(text), ["the-xtask-way", "what-why", "results", "results-1"]);
    }
}
