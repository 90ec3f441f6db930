//! The pages on commands and JSON say what the program does.

mod common;

use common::script;
use hone_engine::command::{COMMANDS, Command};
use hone_engine::data::config::Section;
use hone_host::device::rig::Condition;
use hone_host::device::session::HOST_COMMANDS;
use std::collections::{BTreeMap, BTreeSet};

const SHELL: &str = include_str!("../../../docs/guides/shell.md");
const TELEMETRY: &str = include_str!("../../../docs/formats/telemetry.md");
const STATS: &str = include_str!("../../../docs/formats/stats-json.md");

#[test]
fn the_shell_guide_names_every_command_option_and_condition() {
    let missing = |text: &str| !SHELL.contains(&format!("`{text}"));
    let mut absent = Vec::new();
    for command in COMMANDS.iter().chain(&HOST_COMMANDS) {
        let Command { name, sub, .. } = command;
        if missing(name) {
            absent.push((*name).to_owned());
        }
        for part in sub.iter() {
            let together = format!("{name} {}", part.name);
            if if part.name.starts_with('-') { missing(part.name) } else { missing(&together) } {
                absent.push(together);
            }
        }
    }
    for (_, name, _) in Condition::ALL {
        if missing(name) {
            absent.push(name.to_owned());
        }
    }
    for section in Section::all() {
        if missing(&format!("{}.", section.name())) {
            absent.push(section.name().to_owned());
        }
    }
    assert!(absent.is_empty(), "docs/guides/shell.md does not name {absent:?}");
}

/// The names in backquotes of the first cells of a page's table rows below `heading`.
fn documented(page: &str, heading: &str) -> BTreeSet<String> {
    let start = page.find(heading).unwrap_or_else(|| panic!("no {heading}"));
    let section = &page[start + heading.len()..];
    let section = section.split("\n## ").next().unwrap();
    let cells = section.lines().filter_map(|l| l.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(|c| c.split(", ")).filter_map(|c| Some(c.strip_prefix('`')?.strip_suffix('`')?.to_owned())).collect()
}

/// A device through which everything happens that a script can make happen.
const STORY: &str = "config set device.telemetry json\ntrain esn --windows 30 --wait\ntrain esn\ntrain cancel\n\
    infer on -v\nwait 1\nrig disconnect\nwait 1\nrig normal\nwait 1\nrig nan\nwait 1\nrig normal\nwait 1\n\
    label 1 calm\nwait 10\nlabel none\nrig imbalance\nwait 1\nlabel 2\nwait 3\nlabel none\nrig normal\n\
    train esn\nbutton\nwait 0.1\ntrain cancel\ndata clear\n\
    train rce\nwait 0.1\nlabel 1 calm\nwait 3\nlabel 2\nrig imbalance\nwait 3\nlabel none\ntrain status\nwait 1\n\
    rig supply-drop\nwait 3\nstats --json\n";

#[test]
fn telemetry_is_documented() {
    let (events, fields) = (documented(TELEMETRY, "## Events"), documented(TELEMETRY, "## Fields"));
    let mut seen = BTreeSet::new();
    for object in script(STORY).json().iter().filter(|o| !o["event"].is_null()) {
        let event = object["event"].as_str().unwrap();
        assert!(events.contains(event), "{event} is not in docs/formats/telemetry.md");
        seen.insert(event.to_owned());
        let row = TELEMETRY.lines().find(|l| l.starts_with(&format!("| `{event}` |"))).unwrap();
        for key in object.as_object().unwrap().keys() {
            assert!(fields.contains(key), "{key} of {event} is not in docs/formats/telemetry.md");
            let common = matches!(key.as_str(), "event" | "time_us");
            assert!(common || row.contains(&format!("`{key}`")), "{event} has {key}, which its row does not name");
        }
    }
    assert!(seen.len() >= 10, "the story shows {seen:?}");
    // What no script can bring about (overruns, erases, damaged flash) is in the source all the same.
    let source = include_str!("../../engine/src/say/telemetry.rs");
    let words = source.split_once("fn event_word(").unwrap().1.split_once("\n}").unwrap().0;
    assert_eq!(events, quoted(words, "=> \""), "the page, and what telemetry.rs writes");
    let body = source.split_once("fn json(").unwrap().1;
    let members = ["j.text(\"", "j.counts(\"", "j.long(\"", "json_finite(\"", "Object::new(\""];
    let members = members.iter().flat_map(|call| quoted(body, call)).collect::<BTreeSet<_>>();
    assert_eq!(fields, members, "the page, and the members that telemetry.rs writes");
}

/// The words that follow `before` up to the next quotation mark.
fn quoted(source: &str, before: &str) -> BTreeSet<String> {
    source.split(before).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn statistics_are_documented() {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for object in script(STORY).json() {
        let Some(kind) = object["stats"].as_str() else { continue };
        let keys = object.as_object().unwrap().keys().filter(|k| *k != "stats").cloned();
        seen.entry(kind.to_owned()).or_default().extend(keys);
    }
    assert!(seen.len() >= 6, "{:?}", seen.keys());
    for (kind, keys) in seen {
        let page = documented(STATS, &format!("## `{kind}`"));
        assert_eq!(page, keys, "{kind}: the page, and what is printed");
    }
}
