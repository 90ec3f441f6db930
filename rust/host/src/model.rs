//! `hone model`: what is in a model file, how two differ, a model as JSON, and networks of other programs as models.

use crate::import::{self, ImportArgs};
use crate::output;
use hone_learn::{Metric, Stop};
use hone_model::{Container, Entries, Entry, ReadError, VERSION};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// What `hone model` is told.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ModelCommand {
    /// What is in a model file.
    Show {
        /// The model file.
        file: PathBuf,
    },
    /// How two model files differ; fails when they do.
    Diff {
        /// One.
        a: PathBuf,
        /// The other.
        b: PathBuf,
    },
    /// Writes a model as JSON, with its payload in hexadecimal, or a container of an older version as the newest.
    Convert {
        /// The model file.
        file: PathBuf,
        /// Where to; ending in .json, else a container.
        to: PathBuf,
    },
    /// Makes a model of a network that was trained elsewhere, from its file in ONNX's format
    Import(ImportArgs),
}

/// Runs `hone model`.
///
/// # Errors
/// A line that says which file and why, or that the files differ.
pub fn run(command: &ModelCommand) -> Result<(), String> {
    match command {
        ModelCommand::Show { file } => {
            for (name, value) in facts(&Container::read(&read(file)?).map_err(|e| wrong(file, &e))?) {
                output::print(&format!("{name:28} {value}\n"));
            }
            Ok(())
        }
        ModelCommand::Diff { a, b } => diff(a, b),
        ModelCommand::Convert { file, to } => convert(file, to),
        ModelCommand::Import(args) => import::run(args),
    }
}

/// Larger files are no models.
const LARGEST: u64 = 64 << 20;

fn read(path: &Path) -> Result<Vec<u8>, String> {
    output::read_file(path, LARGEST).map_err(|e| format!("{}: {e}", path.display()))
}

/// The bytes of a model file that can be read.
///
/// # Errors
/// A line that says which file and why.
pub fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = read(path)?;
    Container::read(&bytes).map_err(|e| wrong(path, &e))?;
    Ok(bytes)
}

fn wrong(path: &Path, error: &ReadError) -> String {
    format!("{}: {}", path.display(), why(error))
}

/// Why bytes are no model.
pub fn why(error: &ReadError) -> String {
    match error {
        ReadError::NotAContainer => "it is not a model".to_owned(),
        ReadError::Truncated { needed, have } => format!("it is cut off: it has {have} of {needed} bytes"),
        ReadError::Trailing { extra } => format!("{extra} bytes follow its end"),
        ReadError::Damaged(_) => "it is damaged: its checksum does not match".to_owned(),
        ReadError::Newer { found, supported } => {
            format!("it has version {found} and this program reads up to {supported}; update the program")
        }
        ReadError::UnknownLearner(code) => {
            format!("its learner (number {code}) is unknown to this program; update the program")
        }
        ReadError::Malformed { offset } => format!("it does not follow the format at byte {offset}"),
        ReadError::WrongModel { .. } | ReadError::Payload(_) => "its payload cannot be read".to_owned(),
    }
}

fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::MeanSquaredError => "MSE",
        Metric::KktGap => "KKT gap",
        Metric::Accuracy => "accuracy",
        Metric::CrossEntropy => "cross-entropy",
    }
}

fn stop(stop: Stop) -> &'static str {
    match stop {
        Stop::Converged => "converged",
        Stop::IterationLimit => "at the iteration limit",
        Stop::MemoryCap => "at the memory cap",
        Stop::Cancelled => "cancelled",
        Stop::Ongoing => "learns on",
        Stop::NoBetter => "stopped as what is held back got no better",
    }
}

/// A learner's name, if this program has it.
pub fn learner(learner: hone_model::Learner) -> &'static str {
    hone_engine::learners::Learner::from_code(learner.0).map_or("unknown", |l| l.name())
}

fn text(entry: Entry<'_>) -> String {
    match entry {
        Entry::Int(v) => v.to_string(),
        Entry::Real(v) => v.to_string(),
        Entry::Flag(v) => (if v { "on" } else { "off" }).to_owned(),
        Entry::Word(v) => v.to_owned(),
    }
}

/// Name and value of all that a container says.
fn facts(model: &Container<'_>) -> Vec<(String, String)> {
    let mut facts = vec![
        ("format version".to_owned(), model.version().to_string()),
        ("learner".to_owned(), learner(model.learner()).to_owned()),
        ("payload layout".to_owned(), model.layout().to_string()),
        ("payload bytes".to_owned(), model.payload().len().to_string()),
    ];
    for (section, entries) in [(learner(model.learner()), model.parameters()), ("features", model.pipeline())] {
        facts.extend(entries.map(|(name, entry)| (format!("{section}.{name}"), text(entry))));
    }
    let channels = model.channels().enumerate();
    facts.extend(channels.map(|(i, c)| (format!("channel {i}"), format!("{} {} per LSB", c.scale, c.unit.name()))));
    facts.extend(model.classes().map(|(id, name)| (format!("class {}", id.0), name.to_owned())));
    if let Some(report) = model.report() {
        facts.push(("training windows".to_owned(), report.rows.to_string()));
        facts.push(("training iterations".to_owned(), report.iterations.to_string()));
        facts.push(("training ended".to_owned(), stop(report.stop).to_owned()));
        facts.push((format!("training {}", metric(report.metric)), report.quality.to_string()));
    }
    facts
}

fn diff(a: &Path, b: &Path) -> Result<(), String> {
    let bytes = [read(a)?, read(b)?];
    let one = Container::read(&bytes[0]).map_err(|e| wrong(a, &e))?;
    let other = Container::read(&bytes[1]).map_err(|e| wrong(b, &e))?;
    let (left, right) = (facts(&one), facts(&other));
    let mut differences = 0;
    let of = |facts: &[(String, String)], name: &str| facts.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let names = left.iter().chain(right.iter().filter(|(n, _)| of(&left, n).is_none())).map(|(n, _)| n);
    for name in names {
        let (l, r) = (of(&left, name), of(&right, name));
        if l != r {
            differences += 1;
            output::print(&format!("{name:28} {} | {}\n", l.as_deref().unwrap_or("-"), r.as_deref().unwrap_or("-")));
        }
    }
    let (p, q) = (one.payload(), other.payload());
    let bytes = p.iter().zip(q).filter(|(x, y)| x != y).count() + p.len().abs_diff(q.len());
    if bytes > 0 {
        differences += 1;
        output::print(&format!("{:28} {bytes} bytes differ\n", "payload"));
    }
    if differences > 0 { Err("the models differ".to_owned()) } else { Ok(()) }
}

fn object(entries: Entries<'_>) -> Value {
    let value = |entry| match entry {
        Entry::Int(v) => json!(v),
        Entry::Real(v) => json!(v),
        Entry::Flag(v) => json!(v),
        Entry::Word(v) => json!(v),
    };
    Value::Object(entries.map(|(name, entry)| (name.to_owned(), value(entry))).collect::<Map<_, _>>())
}

fn convert(from: &Path, to: &Path) -> Result<(), String> {
    let bytes = read(from)?;
    let model = Container::read(&bytes).map_err(|e| wrong(from, &e))?;
    let out = if to.extension().is_some_and(|e| e == "json") {
        let hexadecimal: String = model.payload().iter().map(|b| format!("{b:02x}")).collect();
        let report = model.report().map(|r| {
            json!({ "stop": stop(r.stop), "metric": metric(r.metric), "rows": r.rows,
                "iterations": r.iterations, "work": r.work, "quality": r.quality })
        });
        let json = json!({
            "version": model.version(), "learner": learner(model.learner()), "layout": model.layout(),
            "parameters": object(model.parameters()), "pipeline": object(model.pipeline()),
            "channels": model.channels().map(|c| json!({ "scale": c.scale, "unit": c.unit.name() })).collect::<Vec<_>>(),
            "classes": model.classes().map(|(c, n)| json!({ "id": c.0, "name": n })).collect::<Vec<_>>(),
            "report": report, "payload": hexadecimal,
        });
        (serde_json::to_string_pretty(&json).map_err(|e| e.to_string())? + "\n").into_bytes()
    } else if model.version() == VERSION {
        // There is no older version yet than the newest, so there is nothing to rewrite.
        bytes.clone()
    } else {
        return Err(format!("{}: version {} cannot be rewritten", from.display(), model.version()));
    };
    output::write_file(to, &out).map_err(|e| format!("{}: {e}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/vectors/model-v1.hone");

    #[test]
    fn shows_and_tells_apart() {
        let model = Container::read(GOLDEN).unwrap();
        let facts = facts(&model);
        assert!(facts.contains(&("format version".to_owned(), "1".to_owned())), "{facts:?}");
        assert!(facts.iter().any(|(name, _)| name.starts_with("class ")), "{facts:?}");
        let folder = tempfile::tempdir().unwrap();
        let (a, json, bad) =
            (folder.path().join("a.hone"), folder.path().join("a.json"), folder.path().join("bad.hone"));
        std::fs::write(&a, GOLDEN).unwrap();
        std::fs::write(&bad, &GOLDEN[..GOLDEN.len() - 1]).unwrap();
        run(&ModelCommand::Diff { a: a.clone(), b: a.clone() }).unwrap();
        run(&ModelCommand::Convert { file: a.clone(), to: json.clone() }).unwrap();
        let value: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        assert_eq!(value["learner"], learner(model.learner()));
        assert_eq!(value["payload"].as_str().unwrap().len(), 2 * model.payload().len());
        let error = run(&ModelCommand::Show { file: bad }).unwrap_err();
        assert!(error.contains("cut off"), "{error}");
    }
}
