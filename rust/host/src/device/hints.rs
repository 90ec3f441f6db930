//! What the host's shell adds to the device's answers: the word that was meant, what a setting was before, and the settings
//! that matter most. A board has no flash for it.

use super::own::COMMANDS as HOST_COMMANDS;
use crate::words::{did_you_mean, nearest};
use hone_engine::command::{COMMANDS, Words};
use hone_engine::data::config::{Config, Section};
use hone_engine::learners::Learner;
use hone_engine::text::Out;

/// What a setting was and is.
pub fn changed(key: &str, before: &str, now: &str, out: &mut dyn Out) {
    let learner =
        key == "alarm.per-day" || key.split_once('.').is_some_and(|(section, _)| Learner::NAMES.contains(&section));
    let when = if learner && before != now { "; counts from the next training on" } else { "" };
    let was = if before == now { " already".to_owned() } else { format!(", was {before}") };
    out.str(&format!("{key} is {now}{was}{when}\n"));
}

/// Of the lines of `config list` those of the settings that matter most, and of how many others there are.
pub fn main_settings(all: &str, out: &mut dyn Out) {
    let (main, others): (Vec<&str>, Vec<&str>) = all.lines().partition(|line| {
        let key = line.split(' ').next().unwrap_or("");
        MAIN_SETTINGS.contains(&key)
    });
    main.iter().for_each(|line| out.str(&format!("{line}\n")));
    out.str(&format!("{} more: 'config list SECTION' or 'config list --all'\n", others.len()));
}

/// The ten that matter most.
pub const MAIN_SETTINGS: [&str; 10] = [
    "device.learner",
    "device.telemetry",
    "device.autosave",
    "esn.units",
    "esn.k",
    "esn.average",
    "svm.kernel",
    "svm.c",
    "rce.prototypes",
    "features.features",
];

/// The error for a mistyped word, where there is one near it that was meant or no command of this name.
pub fn slip(words: &[&str]) -> Option<String> {
    let (first, rest) = words.split_first()?;
    let Some(command) = COMMANDS.iter().find(|c| c.name == *first) else {
        let names = COMMANDS.iter().chain(&HOST_COMMANDS).map(|c| c.name);
        let meant = did_you_mean(first, names);
        return (!meant.is_empty()).then(|| format!("error: '{first}' is no command{meant} 'help' lists them\n"));
    };
    // Names of classes are the user's own, numbers are what they are.
    let known = |word: &str| command.sub.iter().any(|s| s.name == word) || Learner::NAMES.contains(&word);
    let learners = Learner::NAMES.iter().copied().filter(|_| command.words == Words::Learner);
    let wrong = |word: &&&str| !known(word) && !word.starts_with(|c: char| c.is_ascii_digit());
    let at_first = rest.first().filter(|_| command.name != "label").filter(wrong);
    let option = rest.iter().filter(|w| w.starts_with("--")).find(wrong);
    if let Some(word) = at_first.or(option) {
        let candidates = command.sub.iter().map(|s| s.name).chain(learners);
        let near = nearest(word, candidates)?;
        return Some(format!("error: {first} has no '{word}'; did you mean '{near}'?\n"));
    }
    match words {
        ["config", "get" | "set" | "reset", key, ..] if Config::find(key).is_none() => {
            let all: Vec<String> = Section::all()
                .flat_map(|s| s.settings().iter().map(move |setting| format!("{}.{}", s.name(), setting.name)))
                .collect();
            let near = nearest(key, all.iter().map(String::as_str))?;
            Some(format!("error: no parameter '{key}'; did you mean '{near}'? 'config list --all' shows all\n"))
        }
        ["config", "list", section] if Section::all().all(|s| s.name() != *section) => {
            let near = nearest(section, Section::all().map(|s| s.name()))?;
            Some(format!("error: no section '{section}'; did you mean '{near}'?\n"))
        }
        _ => None,
    }
}
