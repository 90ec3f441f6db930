//! The engine's shape: learners are named in one file, the table that follows from it has no catch-all arm, and what a file
//! imports lies in a layer below its own, without circles.

use std::collections::BTreeMap;

use super::source::code;
use crate::Findings;

const ENGINE: &str = "rust/engine/src/";
/// The file that names learners, and the macros that its table is expanded by.
const TABLE: [&str; 3] = ["learners.rs", "table.rs", "table_models.rs"];
/// Modules of the engine from the lowest layer to the highest; each may import those before it.
const LAYERS: [&str; 13] = [
    "capacity",
    "learners",
    "data",
    "pool",
    "link",
    "workshop",
    "say",
    "loops",
    "keep",
    "convert",
    "background",
    "command",
    "device",
];

/// All of it.
pub fn check(texts: &[(&str, String)], findings: &mut Findings) {
    let learners = learners(texts);
    let engine: Vec<(&str, &str)> =
        texts.iter().filter_map(|(file, text)| Some((file.strip_prefix(ENGINE)?, text.as_str()))).collect();
    let engine: Vec<(&str, &str)> = engine.into_iter().filter(|(file, _)| file.ends_with(".rs")).collect();
    for (file, text) in &engine {
        if TABLE.contains(file) {
            check_arms(file, text, findings);
        } else {
            check_names(file, text, &learners, findings);
        }
        check_layers(file, text, findings);
    }
    check_circles(&engine, findings);
}

/// The folders in `rust/learners`.
fn learners<'a>(texts: &[(&'a str, String)]) -> Vec<&'a str> {
    let mut names: Vec<&str> =
        texts.iter().filter_map(|(file, _)| Some(file.strip_prefix("rust/learners/")?.split_once('/')?.0)).collect();
    names.dedup();
    names
}

/// No file but the table names a learner, in code, text or comment, nor asks for its feature.
fn check_names(file: &str, text: &str, learners: &[&str], findings: &mut Findings) {
    for (number, line) in text.lines().enumerate() {
        if let Some(name) = learners.iter().find(|name| words(line).iter().any(|w| w == *name)) {
            let what = if line.contains("feature =") { "asks whether the build has" } else { "names" };
            findings.error(format!("{ENGINE}{file}:{}: {what} the learner {name}; only {} may", number + 1, TABLE[0]));
        }
    }
}

/// The words of a line in lower case: parts of identifiers in any style.
fn words(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut lower = false;
    for c in line.chars() {
        if !c.is_alphabetic() || (c.is_uppercase() && lower) {
            found.push(String::new());
        }
        lower = c.is_lowercase();
        if c.is_alphabetic()
            && let Some(word) = found.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    found
}

/// A learner that is added to the table is asked for by the compiler at each match.
fn check_arms(file: &str, text: &str, findings: &mut Findings) {
    for (number, line) in text.lines().enumerate() {
        let line = line.split_once("//").map_or(line, |(code, _)| code).trim();
        if line.starts_with("_ =>") || line.starts_with("(_, _) =>") || line.contains(" | _ =>") {
            findings.error(format!("{ENGINE}{file}:{}: a catch-all arm on an enum of learners", number + 1));
        }
    }
}

/// What follows `before` in a line of code, up to what is no identifier.
fn imported<'a>(text: &'a str, before: &'static str) -> impl Iterator<Item = &'a str> {
    let shipped = text.split("#[cfg(test)]").next().unwrap_or(text);
    code(shipped).flat_map(move |line| line.split(before).skip(1).filter_map(identifier))
}

fn identifier(rest: &str) -> Option<&str> {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.get(..end).filter(|name| !name.is_empty())
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| *layer == module)
}

/// Imports from other modules point down.
fn check_layers(file: &str, text: &str, findings: &mut Findings) {
    let module = file.split(['/', '.']).next().unwrap_or(file);
    let own = match module {
        // The root, and what is expanded within the table's file.
        "lib" | "table" | "table_models" => return,
        "budget" => LAYERS.len(),
        module => match rank(module) {
            Some(rank) => rank,
            None => {
                return findings.error(format!("{ENGINE}{file}: in no layer; xtask/src/hygiene/engine.rs lists them"));
            }
        },
    };
    for other in imported(text, "crate::") {
        if other != module && rank(other).is_some_and(|rank| rank >= own) {
            findings.error(format!("{ENGINE}{file}: imports crate::{other}, which lies above it"));
        }
    }
}

/// No file imports, by way of others, itself.
fn check_circles(engine: &[(&str, &str)], findings: &mut Findings) {
    let mut below: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, text) in engine {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let there = |name: String| engine.iter().any(|(f, _)| *f == name).then_some(name);
        let beside =
            imported(text, "super::").filter_map(|n| there(format!("{folder}/{n}.rs").trim_start_matches('/').into()));
        let shipped = text.split("#[cfg(test)]").next().unwrap_or(text);
        let across = code(shipped).flat_map(|l| l.split("crate::").skip(1)).filter_map(|rest| {
            let first = identifier(rest)?;
            let second = rest.get(first.len()..)?.strip_prefix("::").and_then(identifier).unwrap_or("");
            there(format!("{first}.rs")).or_else(|| there(format!("{first}/{second}.rs")))
        });
        below.insert((*file).to_owned(), beside.chain(across).filter(|other| other != file).collect());
    }
    // What imports nothing but what has gone already goes; what is left over goes round.
    loop {
        let before = below.len();
        let keys: Vec<String> = below.keys().cloned().collect();
        below.retain(|_, others| others.iter().any(|o| keys.contains(o)));
        if below.len() == before {
            break;
        }
    }
    if !below.is_empty() {
        let files: Vec<String> = below.into_keys().collect();
        findings.error(format!("{ENGINE}: these files import one another, or files that do: {}", files.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found in an engine of these files, beside a learner named `esn`.
    fn errors(files: &[(&str, &str)]) -> Vec<String> {
        let mut findings = Findings::default();
        let mut texts: Vec<(String, String)> =
            files.iter().map(|(file, text)| (format!("{ENGINE}{file}"), (*text).to_owned())).collect();
        texts.push(("rust/learners/esn/src/lib.rs".into(), String::new()));
        let texts: Vec<(&str, String)> = texts.iter().map(|(f, t)| (f.as_str(), t.clone())).collect();
        check(&texts, &mut findings);
        findings.errors
    }

    #[test]
    fn a_learner_is_named_in_one_file() {
        assert!(errors(&[("learners.rs", "(Esn, esn, \"esn\", 1, hone_esn::learner::Esn),")]).is_empty());
        assert!(errors(&[("pool.rs", "// absent, essence, resend, esnx")]).is_empty());
        for planted in ["use hone_esn::Model;", "Model::Esn(_) => {}", "// The ESN's.", "fn fresh_esn() {}", "EsnInt8"]
        {
            let found = errors(&[("pool.rs", planted)]);
            assert!(found.len() == 1 && found[0].contains("pool.rs:1: names the learner esn"), "{planted}: {found:?}");
        }
        let found = errors(&[("pool.rs", "\n#[cfg(feature = \"esn\")]\nfn f() {}")]);
        assert!(found.len() == 1 && found[0].contains(":2: asks whether the build has the learner esn"), "{found:?}");
    }

    #[test]
    fn the_table_has_no_catch_all_arm() {
        assert!(errors(&[("table.rs", "match self { Self::Empty => 0, }\n// _ => is not there")]).is_empty());
        let found = errors(&[("table.rs", "match self {\n    _ => None,\n}")]);
        assert!(found.len() == 1 && found[0].contains("table.rs:2: a catch-all arm"), "{found:?}");
    }

    #[test]
    fn layers_point_down_and_do_not_go_round() {
        assert!(errors(&[("pool.rs", "use crate::data::order::Published;"), ("data/order.rs", "")]).is_empty());
        let found = errors(&[("data/order.rs", "use crate::pool::Pool;"), ("pool.rs", "")]);
        assert!(found.len() == 1 && found[0].contains("imports crate::pool, which lies above it"), "{found:?}");
        assert!(errors(&[("data/order.rs", "#[cfg(test)]\nuse crate::pool::Pool;"), ("pool.rs", "")]).is_empty());
        let found = errors(&[("elsewhere.rs", "")]);
        assert!(found.len() == 1 && found[0].contains("in no layer"), "{found:?}");
        let (a, b) = (("loops/a.rs", "use super::b::B;"), ("loops/b.rs", "use crate::loops::a::A;"));
        assert!(errors(&[a, ("loops/b.rs", "")]).is_empty());
        let found = errors(&[a, b]);
        assert!(
            found.len() == 1 && found[0].contains("one another, or files that do: loops/a.rs, loops/b.rs"),
            "{found:?}"
        );
    }
}
