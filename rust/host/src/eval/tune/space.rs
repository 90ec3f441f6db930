//! What is searched: settings, and the values that each may take.

use super::super::learner::EvalError;
use super::super::settings::{MAIN, Table, shown};
use crate::words::did_you_mean;
use hone_learn::{Kind, Setting, Value};
use hone_numeric::rng::Rng;

/// Settings that are searched beside those that matter most.
const ALSO: [&str; 13] = [
    "spectral-radius",
    "leak",
    "input-scale",
    "ridge",
    "radius-min",
    "radius-max",
    "relevance",
    "penalty",
    "batch",
    "decay",
    "units-2",
    "gamma",
    "standardise",
];

/// Settings that matter, and that no search may touch: what is asked of the learner, how much it may leave undecided, how late it may be, and chance.
const NEVER: [&str; 14] = [
    "average",
    "seed",
    "machine",
    "level",
    "target",
    "period",
    "frames",
    "in-a-row",
    "fallback",
    "layers",
    "remove-mean",
    "from",
    "task",
    "numbers",
];

/// The values that a setting may take.
#[derive(Clone, Debug, PartialEq)]
enum Range {
    /// Between both, by the logarithm; whole numbers, or not.
    Numbers { low: f64, high: f64, whole: bool },
    /// 0, or as above.
    ZeroOr { high: f64 },
    /// 1 less such a number: shares near one.
    Below1 { low: f64, high: f64 },
    /// One of these.
    Words(Vec<String>),
}

/// A setting that is searched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dimension {
    pub key: String,
    range: Range,
}

/// Settings asked for, by name and value.
pub(super) type Candidate = Vec<(String, String)>;

/// The settings of the learner that are searched: those that matter, numbers around their defaults, words all; without those `fixed`.
/// `asked` replaces or adds: `KEY=LOW..HIGH` or `KEY=A,B,C`.
pub(super) fn space(table: &Table, fixed: &[String], asked: &[String]) -> Result<Vec<Dimension>, EvalError> {
    let mut dimensions: Vec<Dimension> = Vec::new();
    for text in asked {
        let dimension = parse(text, table)?;
        if fixed.contains(&dimension.key) {
            return Err(EvalError::Setting(format!("{} is both set and searched; leave one out", dimension.key)));
        }
        if dimensions.iter().any(|d| d.key == dimension.key) {
            return Err(EvalError::Setting(format!("{} is searched twice; give --search {0} once", dimension.key)));
        }
        dimensions.push(dimension);
    }
    for (setting, value) in &table.0 {
        let name = setting.name;
        let of_use = (MAIN.contains(&name) || ALSO.contains(&name)) && !NEVER.contains(&name);
        if of_use
            && !fixed.iter().any(|f| f == name)
            && !dimensions.iter().any(|d| d.key == name)
            && let Some(range) = around(setting, *value)
        {
            dimensions.push(Dimension { key: name.to_owned(), range });
        }
    }
    Ok(dimensions)
}

/// What is near the default.
fn around(setting: &Setting, value: Value) -> Option<Range> {
    Some(match (setting.kind, value) {
        (Kind::Flag, _) => Range::Words(["off", "on"].map(String::from).into()),
        (Kind::Choice(words), _) => Range::Words(words.iter().map(|w| (*w).to_owned()).collect()),
        (Kind::Int { max, .. }, Value::Int(0)) => Range::ZeroOr { high: f64::from(max.min(32)) },
        (Kind::Int { min, max }, Value::Int(v)) => {
            let v = f64::from(v);
            Range::Numbers {
                low: (v / 4.0).max(f64::from(min)).max(1.0),
                high: (v * 4.0).min(f64::from(max)),
                whole: true,
            }
        }
        (Kind::Real { max, .. }, Value::Real(v)) if max <= 1.0 && v > 0.5 && v < 1.0 => {
            let rest = 1.0 - f64::from(v);
            Range::Below1 { low: rest / 4.0, high: (rest * 4.0).min(0.5) }
        }
        (Kind::Real { min, max }, Value::Real(v)) if v > 0.0 => {
            let (v, reach) = (f64::from(v), if max > 1000.0 || (v < 0.01 && min < v / 100.0) { 30.0 } else { 3.0 });
            Range::Numbers {
                low: (v / reach).max(f64::from(min)).max(1e-9),
                high: (v * reach).min(f64::from(max)),
                whole: false,
            }
        }
        _ => return None,
    })
}

fn parse(text: &str, table: &Table) -> Result<Dimension, EvalError> {
    let refused = |what: &str| EvalError::Setting(format!("--search {text}: {what}"));
    let (key, values) = text.split_once('=').ok_or_else(|| refused("give KEY=LOW..HIGH or KEY=A,B,C"))?;
    let (key, values) = (key.trim(), values.trim());
    let Some((setting, _)) = table.0.iter().find(|(s, _)| s.name == key) else {
        let meant = did_you_mean(key, table.0.iter().map(|(s, _)| s.name));
        return Err(refused(&format!("there is no setting '{key}'{meant}")));
    };
    let accepted = |value: &str| setting.parse(value).is_some_and(|v| setting.accepts(v));
    let range = if let Some((low, high)) = values.split_once("..") {
        let bounds = low.trim().parse::<f64>().ok().zip(high.trim().parse::<f64>().ok());
        let (from, to) =
            bounds.filter(|(l, h)| l < h && *l > 0.0).ok_or_else(|| refused("LOW is above 0 and below HIGH"))?;
        if !accepted(low.trim()) || !accepted(high.trim()) {
            return Err(refused("both ends are values that the setting takes"));
        }
        Range::Numbers { low: from, high: to, whole: matches!(setting.kind, Kind::Int { .. }) }
    } else {
        let words: Vec<String> = values.split(',').map(|w| w.trim().to_owned()).collect();
        if let Some(wrong) = words.iter().find(|w| !accepted(w)) {
            return Err(refused(&format!("{wrong} is no value that the setting takes")));
        }
        Range::Words(words)
    };
    Ok(Dimension { key: key.to_owned(), range })
}

impl Dimension {
    fn draw(&self, rng: &mut Rng) -> String {
        let mut between = |low: f64, high: f64| low * (high / low).powf(f64::from(rng.next_unit()));
        match &self.range {
            Range::Numbers { low, high, whole: true } => format!("{}", between(*low, high + 0.999).floor().min(*high)),
            Range::Numbers { low, high, whole: false } => digits(between(*low, *high)),
            Range::Below1 { low, high } => digits(1.0 - between(*low, *high)),
            Range::ZeroOr { high } => {
                let number = between(1.0, high + 0.999).floor();
                if rng.next_unit() < 0.5 { "0".into() } else { format!("{}", number.min(*high)) }
            }
            Range::Words(words) => {
                let at = rng.below(u32::try_from(words.len()).unwrap_or(1).max(1)) as usize;
                words.get(at).cloned().unwrap_or_default()
            }
        }
    }
}

/// Three digits: more would be noise.
fn digits(value: f64) -> String {
    let places = (2.0 - value.abs().max(1e-12).log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.places$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Draws settings that differ from the default in some dimensions, each in half of the draws; what is the default anyway is left out.
pub(super) fn draw(dimensions: &[Dimension], table: &Table, rng: &mut Rng) -> Candidate {
    let mut candidate = Candidate::new();
    for dimension in dimensions {
        let value = dimension.draw(rng);
        let default = table.0.iter().find(|(s, _)| s.name == dimension.key).map(|(s, v)| shown(s, *v));
        if rng.next_unit() < 0.5 && default.as_ref() != Some(&value) {
            candidate.push((dimension.key.clone(), value));
        }
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;
    use hone_esn::Params;

    #[test]
    fn what_is_drawn_is_accepted_and_near_the_default() {
        let table = Table::of(&Params::DEFAULT);
        let all = space(&table, &["average".into()], &["ridge=1e-6..1e-2".into(), "units=16,32".into()]).unwrap();
        let keys: Vec<&str> = all.iter().map(|d| d.key.as_str()).collect();
        assert!(keys.contains(&"leak") && keys.contains(&"k") && keys.contains(&"rule"), "{keys:?}");
        assert!(!keys.contains(&"seed") && !keys.contains(&"average"), "{keys:?}");
        let mut rng = Rng::new(1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..300 {
            for (key, value) in draw(&all, &table, &mut rng) {
                let (setting, _) = table.0.iter().find(|(s, _)| s.name == key).unwrap();
                assert!(setting.parse(&value).is_some_and(|v| setting.accepts(v)), "{key}={value}");
                seen.insert(key.clone());
                let number: f64 = value.parse().unwrap_or(1.0);
                match key.as_str() {
                    "ridge" => assert!((0.99e-6..1.01e-2).contains(&number), "{value}"),
                    "units" => assert!(["16", "32"].contains(&value.as_str())),
                    "quantile" => assert!((0.79..0.99).contains(&number), "{value}"),
                    _ => {}
                }
            }
        }
        assert_eq!(seen.len(), all.len(), "every dimension is drawn: {seen:?}");
        for (asked, words) in [
            ("leek=1..2", "did you mean 'leak'?"),
            ("leak", "KEY=LOW..HIGH"),
            ("leak=2..1", "LOW is above 0"),
            ("leak=0.5..7", "both ends"),
            ("rule=sigma,median", "median is no value"),
        ] {
            let error = space(&table, &[], &[asked.into()]).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert_eq!([0.012_345, 1.0, 123.456, 0.95].map(digits), ["0.0123", "1", "123", "0.95"]);
    }
}
