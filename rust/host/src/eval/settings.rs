//! Settings as text: the table for people, and what is wrong with a value.

use hone_learn::{Kind, ParamError, Setting, Settings, Value};
use std::fmt::Write as _;

/// Settings with their values.
#[derive(Clone, Debug, Default)]
pub struct Table(pub Vec<(&'static Setting, Value)>);

impl Table {
    /// The settings of `params`.
    pub fn of<P: Settings>(params: &P) -> Self {
        let value = |(i, s)| Some((s, params.get(i)?));
        Self(P::SETTINGS.iter().enumerate().filter_map(value).collect())
    }

    /// One line each: name, value, range, help.
    pub fn list(&self) -> String {
        let width = self.0.iter().map(|(s, _)| s.name.len()).max().unwrap_or(0);
        let ranges: Vec<String> = self.0.iter().map(|(s, _)| range(s)).collect();
        let wide = ranges.iter().map(String::len).max().unwrap_or(0);
        let mut text = String::new();
        for ((setting, value), range) in self.0.iter().zip(&ranges) {
            let value = shown(setting, *value);
            let _ = writeln!(text, "{:width$}  {value:<12}  {range:wide$}  {}", setting.name, setting.help);
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
    }
}

/// What is wrong with `key=value`, and what to do.
pub fn explain(error: ParamError, key: &str, value: &str, table: &Table) -> String {
    match error {
        ParamError::Invalid(setting) if setting.name == key => {
            format!("{key}={value} is refused: {key} takes {}", range(setting))
        }
        ParamError::NoSuchSetting => {
            let names: Vec<&str> = table.0.iter().map(|(s, _)| s.name).collect();
            format!("there is no setting {key:?}; there are {}", names.join(", "))
        }
        other => conflict(other),
    }
}

/// What is wrong with parameters that are each in range, and what to do.
pub fn conflict(error: ParamError) -> String {
    match error {
        ParamError::Invalid(setting) => format!("{} takes {}", setting.name, range(setting)),
        ParamError::NoSuchSetting => "there is no such setting".into(),
        ParamError::Conflict(text) => text.to_string(),
        ParamError::Multiple { name, of } => format!("{name} must be a multiple of {of}"),
        ParamError::Capacity { name, asked, capacity } => {
            format!("{asked} {name} are more than the {capacity} that there is room for; ask for less")
        }
    }
}
