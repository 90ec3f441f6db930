//! The pages on commands and JSON say what the program does.

#[path = "../common/mod.rs"]
mod common;
#[cfg(unix)]
mod transcripts;

use common::script;
use hone_engine::command::{COMMANDS, Command};
use hone_engine::data::config::{Section, Style};
use hone_engine::data::env::SensorError;
use hone_engine::data::event::Event;
use hone_engine::data::order::{JobFault, KeepError};
use hone_engine::learners::FIRST;
use hone_engine::link::Names;
use hone_engine::say::telemetry;
use hone_host::device::own::COMMANDS as HOST_COMMANDS;
use hone_host::device::rig::Condition;
use hone_learn::alarm::{Episode, Peak};
use hone_learn::learner::{Answer, Cause, Estimate, Point};
use hone_learn::text::Line;
use hone_learn::{ClassId, Decision, Metric, Report, Stop, Verdict};
use hone_signal::{Faults, Micros};
use hone_store::Found;
use std::collections::{BTreeMap, BTreeSet};

const SHELL: &str = include_str!("../../../../docs/guides/shell.md");
const TELEMETRY: &str = include_str!("../../../../docs/formats/telemetry.md");
const STATS: &str = include_str!("../../../../docs/formats/stats-json.md");

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
}

/// One event of each kind, with all that it can have and every number as long as it can be.
fn every_event() -> Vec<Event> {
    let (time, id, frames, real) = (Micros(u64::MAX), u32::MAX, u32::MAX, -f32::MIN_POSITIVE);
    let (learner, bytes, class) = (FIRST, u32::MAX, ClassId(u16::MAX));
    let report = Report {
        stop: Stop::NoBetter,
        rows: u32::MAX,
        iterations: 0,
        work: 0,
        metric: Metric::Accuracy,
        quality: real,
    };
    let answer = Answer {
        estimate: Some(Estimate { value: real, lower: real, upper: real, seen: real }),
        cause: Some(Cause { channel: u16::MAX, feature: u16::MAX }),
        ..Answer::from(Verdict { decision: Decision::Class(class), score: real })
    };
    let peak = Peak { level: real, score: real, time, cause: answer.cause };
    let begun = Episode { number: id, begin: time, end: None, peak };
    let found = Found { values: 0, unfinished: id, damaged: id, markers: id, repaired: id, foreign: id };
    let all = vec![
        Event::Verdict { time, sequence: id, answer },
        Event::Alarm { time, episode: begun },
        Event::Alarm { time, episode: Episode { end: Some(time), ..begun } },
        Event::LabelWanted { time, sequence: id, nearest: Some(class) },
        Event::TrainingStarted { time, id, learner },
        Event::TrainingPass { time, id, point: Point { pass: id, loss: real, held_back: Some(real) } },
        Event::TrainingDone { time, id, learner, report },
        Event::TrainingFailed { time, id, fault: JobFault::NoWindows },
        Event::TrainingRefused { time, id },
        Event::SensorLost { time, error: SensorError::Missing },
        Event::SensorSuspect { time, faults: Faults::NOT_A_NUMBER.with(Faults::SATURATED).with(Faults::STUCK) },
        Event::SensorBack { time },
        Event::SensorRate { time, nominal: real, measured: real, off: false },
        Event::DataFull { time },
        Event::FlashErasing { time },
        Event::FlashGap { time, frames },
        Event::FlashDamaged { time, found },
        Event::ModelRestored { time, learner: Some(learner), bytes },
        Event::ModelSaved { time, learner, bytes },
        Event::KeepFailed { time, error: KeepError::Training },
        Event::Overrun { time, frames },
    ];
    // Who adds a kind adds one here: this names all of them.
    for event in &all {
        match event {
            Event::Verdict { .. } | Event::Alarm { .. } | Event::LabelWanted { .. } => {}
            Event::TrainingStarted { .. } => {}
            Event::TrainingPass { .. } | Event::TrainingDone { .. } | Event::TrainingFailed { .. } => {}
            Event::TrainingRefused { .. } | Event::SensorLost { .. } | Event::SensorSuspect { .. } => {}
            Event::SensorBack { .. } | Event::SensorRate { .. } | Event::DataFull { .. } => {}
            Event::FlashErasing { .. } => {}
            Event::FlashGap { .. } | Event::FlashDamaged { .. } | Event::ModelRestored { .. } => {}
            Event::ModelSaved { .. } | Event::KeepFailed { .. } | Event::Overrun { .. } => {}
        }
    }
    all
}

#[test]
fn every_event_has_the_fields_that_its_row_names() {
    let mut names = Names::new();
    names.set(ClassId(u16::MAX), "\"\"\"\"\"\"\"\"\"\"\"\"\"").unwrap();
    let (mut events, mut fields) = (BTreeSet::new(), BTreeSet::new());
    for event in every_event() {
        let mut line = Line::<1024>::default();
        telemetry::write(&event, Style::Json, &names, &mut line);
        let object: serde_json::Value = serde_json::from_str(line.as_str()).unwrap();
        let name = object["event"].as_str().unwrap();
        let row =
            TELEMETRY.lines().find(|l| l.starts_with(&format!("| `{name}` |"))).unwrap_or_else(|| panic!("{name}"));
        let own = row.rsplit(" | ").next().unwrap().split('`').skip(1).step_by(2).map(str::to_owned);
        let has: BTreeSet<String> = object.as_object().unwrap().keys().cloned().collect();
        fields.extend(has.iter().cloned());
        assert_eq!(own.chain(["event".into(), "time_us".into()]).collect::<BTreeSet<_>>(), has, "{name}");
        assert_eq!(object["time_us"], u64::MAX);
        events.insert(name.to_owned());
    }
    assert_eq!(documented(TELEMETRY, "## Events"), events);
    assert_eq!(documented(TELEMETRY, "## Fields"), fields);
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
