//! Values that people spell in more than one way: a column by name or number, a whole number as `1.0`, a unit.

use super::UnitSpec;
use hone_signal::Unit;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// A column's name; a number counts columns from 0.
struct Column(String);

/// A whole number, also with a point.
struct Whole(i64);

struct ColumnVisitor;

impl Visitor<'_> for ColumnVisitor {
    type Value = Column;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's name, or its number from 0")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Column, E> {
        Ok(Column(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Column, E> {
        let number = usize::try_from(number).map_err(|_| E::custom("columns are counted from 0"))?;
        Ok(Column(number.to_string()))
    }
}

impl<'d> Deserialize<'d> for Column {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ColumnVisitor)
    }
}

struct WholeVisitor;

impl Visitor<'_> for WholeVisitor {
    type Value = Whole;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Whole, E> {
        Ok(Whole(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
        let whole = number.fract() == 0.0 && number.abs() < 9e15;
        whole.then_some(Whole(number as i64)).ok_or_else(|| E::custom(format!("{number} is not a whole number")))
    }
}

impl<'d> Deserialize<'d> for Whole {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(WholeVisitor)
    }
}

pub(super) fn column<'d, D: Deserializer<'d>>(from: D) -> Result<String, D::Error> {
    Column::deserialize(from).map(|c| c.0)
}

pub(super) fn some_column<'d, D: Deserializer<'d>>(from: D) -> Result<Option<String>, D::Error> {
    column(from).map(Some)
}

pub(super) fn some_columns<'d, D: Deserializer<'d>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::<Column>::deserialize(from).map(|all| Some(all.into_iter().map(|c| c.0).collect()))
}

pub(super) fn some_whole<'d, D: Deserializer<'d>>(from: D) -> Result<Option<i64>, D::Error> {
    Whole::deserialize(from).map(|w| Some(w.0))
}

pub(super) fn wholes<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<i64>, D::Error> {
    Vec::<Whole>::deserialize(from).map(|all| all.into_iter().map(|w| w.0).collect())
}

impl<'d> Deserialize<'d> for UnitSpec {
    fn deserialize<D: Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let name = match text.trim() {
            "none" => "",
            "m/s^2" | "m/s²" | "m/s**2" | "m/s/s" | "m s-2" | "m·s⁻²" => "m/s2",
            "rad s-1" | "rad·s⁻¹" => "rad/s",
            "°C" | "℃" | "C" | "celsius" | "Celsius" => "degC",
            other => other,
        };
        if let Some(unit) = Unit::ALL.into_iter().find(|u| u.name() == name) {
            return Ok(Self(unit));
        }
        let other = match name {
            "g" | "G" => "1 g is 9.80665 m/s2: set unit = \"m/s2\" with factor = 9.80665, and scale in m/s2",
            "deg/s" | "°/s" | "dps" => {
                "1 deg/s is 0.0174533 rad/s: set unit = \"rad/s\" with factor = 0.0174533, and scale in rad/s"
            }
            _ => "give none for another, and scale in it",
        };
        let known: Vec<&str> = Unit::ALL.iter().map(|u| u.name()).filter(|n| !n.is_empty()).collect();
        Err(D::Error::custom(format!("there is no unit {text:?}; those are {} and none; {other}", known.join(", "))))
    }
}
