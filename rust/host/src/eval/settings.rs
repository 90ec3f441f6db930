//! Settings as text: the table for people, and what is wrong with a value.

use crate::words::did_you_mean;
use hone_learn::{Kind, ParamError, Setting, Settings, Value};
use std::fmt::Write as _;

/// The settings that matter most, of learners and features, in no order. What they do to figures is worth a try; others are for
/// those who know why.
pub const MAIN: &[&str] = &[
    // Anomalies: how large the learner is, how long it listens, and where its threshold lies.
    "units",
    "average",
    "rule",
    "k",
    "quantile",
    "margin",
    "remove-mean",
    "latent",
    "epochs",
    // Classes.
    "machine",
    "kernel",
    "c",
    "nu",
    "prototypes",
    "fallback",
    "metric",
    "rate",
    "layers",
    // Numbers.
    "lags",
    "harmonics",
    "period",
    "level",
    "in-a-row",
    "adapt",
    "frames",
    "target",
    // What is seen of a window.
    "features",
    "bands",
    "seed",
];

/// Settings with their values.
#[derive(Clone, Debug, Default)]
pub struct Table(pub Vec<(&'static Setting, Value)>);

impl Table {
    /// The settings of `params`.
    pub fn of<P: Settings>(params: &P) -> Self {
        let value = |(i, s)| Some((s, params.get(i)?));
        Self(P::SETTINGS.iter().enumerate().filter_map(value).collect())
    }

    /// One line each: name, value, help, range. Those that matter most, and of how many others there are; or all.
    pub fn list(&self, all: bool) -> String {
        let main = Self(self.0.iter().filter(|(s, _)| MAIN.contains(&s.name)).take(10).copied().collect());
        if all {
            return self.lines();
        }
        let others = self.0.len() - main.0.len();
        main.lines() + &format!("{others} more with --all\n")
    }

    fn lines(&self) -> String {
        let width = self.0.iter().map(|(s, _)| s.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for (setting, value) in &self.0 {
            let value = shown(setting, *value);
            let _ = writeln!(text, "{:width$}  {value:<12}  {} ({})", setting.name, setting.help, range(setting));
        }
        text
    }

    /// Name and value of each.
    pub fn values(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(s, v)| (s.name.to_string(), shown(s, *v))).collect()
    }
}

/// A value as `--set` would take it.
pub fn shown(setting: &Setting, value: Value) -> String {
    match (value, setting.kind) {
        (Value::Int(v), _) => v.to_string(),
        (Value::Real(v), _) => v.to_string(),
        (Value::Flag(v), _) => if v { "on" } else { "off" }.into(),
        (Value::Choice(i), Kind::Choice(words)) => words.get(usize::from(i)).copied().unwrap_or("?").into(),
        (Value::Text(text), _) => text.as_str().into(),
        (Value::Choice(i), _) => i.to_string(),
    }
}

/// What a setting takes.
pub fn range(setting: &Setting) -> String {
    let unit = if setting.unit.is_empty() { String::new() } else { format!(" {}", setting.unit) };
    match setting.kind {
        Kind::Int { min, max } => format!("{min} to {max}{unit}"),
        Kind::Real { min, max } => format!("{min} to {max}{unit}"),
        Kind::Flag => "on, off".into(),
        Kind::Choice(words) => words.join(", "),
        Kind::Text(grammar) => format!("{} {}", grammar.what(), grammar.examples().join(" or ")),
    }
}

/// What is wrong with `key=value`, and what to do.
pub fn explain(error: ParamError, key: &str, value: &str, table: &Table) -> String {
    match error {
        ParamError::Invalid(setting) if setting.name == key => {
            format!("{key}={value} is refused: {key} takes {}", range(setting))
        }
        ParamError::Text(setting, fault) if setting.name == key => {
            let at = usize::from(fault.at());
            let (before, rest) = value.split_at_checked(at).unwrap_or((value, ""));
            format!("{key}={value} is refused at '{}', behind '{before}': {}", rest.trim(), fault.why())
        }
        ParamError::NoSuchSetting => {
            let names: Vec<&str> = table.0.iter().map(|(s, _)| s.name).collect();
            let meant = did_you_mean(key, names.iter().copied());
            let meant = if meant.is_empty() { ".".into() } else { meant };
            format!("there is no setting '{key}'{meant} There are {}", names.join(", "))
        }
        other => conflict(other),
    }
}

/// What is wrong with parameters that are each in range, and what to do.
pub fn conflict(error: ParamError) -> String {
    match error {
        ParamError::Invalid(setting) => format!("{} takes {}", setting.name, range(setting)),
        ParamError::Text(setting, fault) => format!("{}, character {}: {}", setting.name, fault.at() + 1, fault.why()),
        ParamError::NoSuchSetting => "there is no such setting".into(),
        ParamError::Conflict(text) => text.to_string(),
        ParamError::Multiple { name, of } => format!("{name} must be a multiple of {of}"),
        ParamError::Capacity { name, asked, capacity } => {
            format!("{asked} {name} are more than the {capacity} that there is room for; ask for less")
        }
    }
}
