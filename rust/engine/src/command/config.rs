//! `config`.

use super::{Outcome, fail_of, misuse};
use crate::capacity::CHANNELS;
use crate::data::config::{Config, Section};
use crate::data::env::Io;
use crate::link::Links;
use crate::say::faults;
use core::sync::atomic::Ordering;
use hone_learn::text::{Line, Out, Write};
use hone_learn::{Kind, ParamError, Setting, Value, words};

#[inline(never)]
pub(super) fn run(links: &Links, typed: &[&str], io: &mut dyn Io) -> Outcome {
    match typed {
        ["list"] => list(links, None, io),
        ["list", section] => match Section::all().find(|s| s.name() == *section) {
            Some(section) => list(links, Some(section), io),
            None => {
                let mut all = Line::<96>::default();
                faults::sections(&mut all);
                fail_of(io, "no section '%'; there are %", &[section, all.as_str()])
            }
        },
        ["get", key] => get(links, key, io),
        ["set", key, value] => set(links, key, value, io),
        ["reset"] => {
            links.config.set(Config::DEFAULT);
            links.config_changes.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        ["reset", key] => reset(links, key, io),
        _ => misuse("config", io),
    }
}

fn get(links: &Links, key: &str, io: &mut dyn Io) -> Outcome {
    let Some((section, index)) = Config::find(key) else { return unknown(key, io) };
    if let (Some(setting), Some(v)) = (section.settings().get(index), links.config.get().get(section, index)) {
        value(setting, v, io);
        io.str("\n");
    }
    Ok(())
}

fn set(links: &Links, key: &str, text: &str, io: &mut dyn Io) -> Outcome {
    let Some((section, index)) = Config::find(key) else { return unknown(key, io) };
    let Some(setting) = section.settings().get(index) else { return unknown(key, io) };
    let limited = limited(links, section, index, setting);
    let mut line = Line::<160>::default();
    match limited.parse(text) {
        Some(value) => {
            let fits = Config::fits(section, index, value, channels(links));
            // What contradicts other settings, or asks with them for too much, may come right with the next one.
            let number = matches!(setting.kind, Kind::Int { .. });
            if let (true, Err(error @ (ParamError::Capacity { .. } | ParamError::Multiple { .. }))) = (number, fits) {
                words::param_error(section.name(), &error, &mut line);
            } else if let Err(error) = links.config.update(|c| c.set(section, index, value)) {
                words::param_error(section.name(), &error, &mut line);
            } else {
                links.config_changes.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        }
        None => {
            line.str(key);
            if let Some(fault) = limited.fault(text) {
                words::text_fault(&fault, &mut line);
            } else {
                line.str(" takes ");
                words::range(&limited, &mut line);
            }
        }
    }
    fail_of(io, "%", &[line.as_str()])
}

fn channels(links: &Links) -> usize {
    links.sampling.get().sensor.map_or(CHANNELS, |s| usize::from(s.channels))
}

/// A setting with this build's own greatest value.
fn limited(links: &Links, section: Section, index: usize, setting: &Setting) -> Setting {
    let mut limited = *setting;
    if let Kind::Int { max, .. } = &mut limited.kind
        && let Err(ParamError::Capacity { name, capacity, .. }) =
            Config::fits(section, index, Value::Int(*max), channels(links))
        && name == setting.name
    {
        *max = capacity as i32;
    }
    limited
}

fn reset(links: &Links, key: &str, io: &mut dyn Io) -> Outcome {
    let Some((section, index)) = Config::find(key) else { return unknown(key, io) };
    if let Some(value) = Config::DEFAULT.get(section, index)
        && links.config.update(|c| c.set(section, index, value)).is_ok()
    {
        links.config_changes.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn unknown(key: &str, io: &mut dyn Io) -> Outcome {
    fail_of(io, "no parameter '%'; 'config list' shows all", &[key])
}

fn list(links: &Links, only: Option<Section>, io: &mut dyn Io) -> Outcome {
    let config = links.config.get();
    for section in Section::all().filter(|s| only.is_none_or(|o| o == *s)) {
        for (index, setting) in section.settings().iter().enumerate() {
            let Some(v) = config.get(section, index) else { continue };
            let mut left = Line::<48>::default();
            left.str(section.name());
            left.str(".");
            left.str(setting.name);
            left.str(" = ");
            value(setting, v, &mut left);
            io.str(left.as_str());
            for _ in left.as_str().len()..30 {
                io.str(" ");
            }
            io.str("  ");
            io.str(setting.help);
            io.str(" (");
            words::range(&limited(links, section, index, setting), io);
            if !setting.unit.is_empty() {
                io.str(", ");
                io.str(setting.unit);
            }
            io.str(")\n");
        }
    }
    Ok(())
}

/// A setting's value as `config set` would take it.
fn value(setting: &Setting, value: Value, out: &mut dyn Out) {
    match (value, setting.kind) {
        (Value::Int(v), _) => out.int(v),
        (Value::Real(v), _) => out.real(v),
        (Value::Flag(v), _) => out.str(if v { "on" } else { "off" }),
        (Value::Choice(i), Kind::Choice(words)) => out.str(words.get(usize::from(i)).copied().unwrap_or("?")),
        (Value::Text(text), _) => out.str(text.as_str()),
        (Value::Choice(_), _) => out.str("?"),
    }
}
