//! Settings of learners as Python's values. Names are as on the device, with `_` for `-`, save what estimators call otherwise.

use crate::machine::Text;
use hone_learn::words::param_error;
use hone_learn::{Kind, ParamError, Setting, Settings, Value};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList};

/// A setting's name in Python: `score` is a method of estimators.
pub fn named(name: &str) -> String {
    if name == "score" { "score_kind".into() } else { name.replace('-', "_") }
}

/// What a setting takes.
pub fn range(setting: &Setting) -> String {
    let unit = if setting.unit.is_empty() { String::new() } else { format!(" {}", setting.unit) };
    match setting.kind {
        Kind::Int { min, max } => format!("a whole number from {min} to {max}{unit}"),
        Kind::Real { min, max } => format!("a number from {min} to {max}{unit}"),
        Kind::Flag => "True or False".into(),
        Kind::Choice(words) => format!("one of {}", words.join(", ")),
        Kind::Text(grammar) => format!("{} {}", grammar.what(), grammar.examples().join(" or ")),
    }
}

/// What is wrong with settings that are each in range, and what to do.
pub fn conflict(section: &str, error: &ParamError) -> String {
    let mut text = Text(String::new());
    param_error(section, error, &mut text);
    text.0
}

/// One of Python's values as a setting's.
fn value(setting: &Setting, given: &Bound<'_, PyAny>, old: Value) -> PyResult<Option<Value>> {
    let flag = given.is_instance_of::<PyBool>() || given.get_type().name()?.to_cow()?.starts_with("bool");
    Ok(match setting.kind {
        Kind::Flag if flag => Some(Value::Flag(given.is_truthy()?)),
        Kind::Flag => None,
        Kind::Int { .. } if !flag => given.extract::<i64>().ok().and_then(|v| Some(Value::Int(v.try_into().ok()?))),
        Kind::Real { .. } if !flag => {
            let Ok(number) = given.extract::<f64>() else { return Ok(None) };
            // By the reader of `--set` and the shell, so that the same digits give the same bits; its default stays as it is.
            let number = number as f32;
            if old == Value::Real(number) { Some(old) } else { setting.parse(&number.to_string()) }
        }
        Kind::Choice(words) => {
            let word = given.extract::<String>().unwrap_or_default();
            words.iter().position(|w| *w == word).and_then(|i| Some(Value::Choice(i.try_into().ok()?)))
        }
        Kind::Text(_) => setting.parse(&given.extract::<String>().unwrap_or_default()),
        Kind::Int { .. } | Kind::Real { .. } => None,
    })
}

/// Sets what `given` names; other settings stay.
///
/// # Errors
/// ValueError or TypeError, with what the setting takes.
pub fn apply<S: Settings>(to: &mut S, given: &Bound<'_, PyDict>) -> PyResult<()> {
    for (name, new) in given {
        let name: String = name.extract()?;
        let Some((index, setting)) = S::SETTINGS.iter().enumerate().find(|(_, s)| named(s.name) == name) else {
            return Err(PyValueError::new_err(format!("there is no setting {name}")));
        };
        let Some(old) = to.get(index) else { continue };
        let place = setting.fault(&new.extract::<String>().unwrap_or_default());
        let place = place.map_or(String::new(), |f| format!("; character {}: {}", f.at() + 1, f.why()));
        let refused = || format!("{name}={} is refused: {name} takes {}{place}", shown(&new), range(setting));
        let number = new.extract::<f64>().is_ok() || new.extract::<String>().is_ok();
        let Some(value) = value(setting, &new, old)? else {
            return Err(if number { PyValueError::new_err(refused()) } else { PyTypeError::new_err(refused()) });
        };
        to.set(index, value).map_err(|_| PyValueError::new_err(refused()))?;
    }
    Ok(())
}

fn shown(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(|_| "?".into(), |text| text.to_string())
}

/// The value of a setting as Python's.
fn python<'py>(py: Python<'py>, setting: &Setting, value: Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match (value, setting.kind) {
        (Value::Int(v), _) => v.into_pyobject(py)?.into_any(),
        // By its shortest digits: 0.1 and not 0.10000000149011612.
        (Value::Real(v), _) => v.to_string().parse::<f64>().unwrap_or_default().into_pyobject(py)?.into_any(),
        (Value::Flag(v), _) => PyBool::new(py, v).to_owned().into_any(),
        (Value::Choice(i), Kind::Choice(words)) => {
            words.get(usize::from(i)).copied().unwrap_or("?").into_pyobject(py)?.into_any()
        }
        (Value::Text(text), _) => text.as_str().into_pyobject(py)?.into_any(),
        (Value::Choice(i), _) => i.into_pyobject(py)?.into_any(),
    })
}

/// Name and value of all settings.
pub fn values<'py, S: Settings>(py: Python<'py>, of: &S) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (index, setting) in S::SETTINGS.iter().enumerate() {
        if let Some(value) = of.get(index) {
            dict.set_item(named(setting.name), python(py, setting, value)?)?;
        }
    }
    Ok(dict)
}

/// Name, default, what it takes, and help of all settings.
pub fn table<'py, S: Settings>(py: Python<'py>, of: &S) -> PyResult<Bound<'py, PyList>> {
    let rows = PyList::empty(py);
    for (index, setting) in S::SETTINGS.iter().enumerate() {
        if let Some(value) = of.get(index) {
            rows.append((named(setting.name), python(py, setting, value)?, range(setting), setting.help))?;
        }
    }
    Ok(rows)
}
