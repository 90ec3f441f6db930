//! Tables of features.

use super::cut::{self, Item};
use super::file::array::Array;
use super::file::dialect::separator_name;
use super::file::sheet::Sheet;
use super::file::{Format, fault, locate};
use super::manifest::{ArrayRef, FileSpec, Manifest};
use super::{Fault, Part, Row, Source, Table, recordings};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Beyond this, whole numbers are no longer told apart in 64 bits.
const GREATEST: f64 = 9_007_199_254_740_992.0;
/// A feature whose values lie further from 0 than so many times their spread loses digits in 32 bits.
const FAR: f64 = 1000.0;
/// Rows are held whole; at most this many numbers.
const MOST: usize = 1 << 28;

/// A row before its features are put into 32 bits.
struct Raw {
    features: Vec<f64>,
    class: usize,
    label: Option<i64>,
    group: Option<i64>,
}

/// What a file gave.
struct Rows {
    names: Vec<String>,
    rows: Vec<Raw>,
}

pub(super) fn read(source: &Source, manifest: &Manifest, root: &Path) -> Result<Table, Fault> {
    let mut table = Table { standardise: manifest.standardise.unwrap_or(true), ..Table::default() };
    let mut all: Vec<(Raw, Part)> = Vec::new();
    let mut seen: BTreeMap<(usize, u64), usize> = BTreeMap::new();
    for (i, file) in manifest.files.iter().enumerate().filter(|(_, f)| manifest.reads(f)) {
        let Rows { names, rows } = match Format::of(&file.path) {
            Some(Format::Csv) => csv_rows(source, manifest, root, i, file)?,
            _ => array_rows(source, manifest, root, i, file)?,
        };
        let key = format!("file[{i}].path");
        if !table.names.is_empty() && table.names.len() != names.len() {
            let problem = format!("has {} features, the files before have {}", names.len(), table.names.len());
            return Err(source.fault(&key, problem));
        }
        if Format::of(&file.path) == Some(Format::Csv)
            && let Some((before, after)) =
                table.names.iter().zip(&names).find(|(a, b)| a != b && a.parse::<usize>().is_err())
            && file.header != Some(false)
        {
            let problem = format!(
                "has the feature {after:?} where the files before have {before:?}; name the columns in one order"
            );
            return Err(source.fault(&key, problem));
        }
        if let Some(other) = seen.insert(hash(&rows), i) {
            let before = manifest.files.get(other).map_or("", |f| f.path.as_str());
            let problem = format!(
                "{} holds the same rows as {before} of file[{other}]; use a row once, with split or assign to share a file among \
                 parts",
                file.path
            );
            return Err(source.fault(&key, problem));
        }
        let items: Vec<Item> =
            rows.iter().map(|r| Item { recording: 0, class: r.class, label: r.label, group: r.group }).collect();
        let parts = cut::parts(source, i, file, &items)?;
        all.extend(rows.into_iter().zip(parts).filter_map(|(row, part)| Some((row, part?))));
        all.retain(|(_, part)| !manifest.training_only || *part != Part::Test);
        if all.len().saturating_mul(names.len()) > MOST {
            return Err(source.fault(&key, "more than 2^28 numbers in all are not read; leave some out".into()));
        }
        if table.names.is_empty() {
            table.names = names;
        }
    }
    table.offsets = (0..table.names.len()).map(|c| offset(&all, c)).collect();
    for (raw, part) in all {
        let features = raw.features.iter().zip(&table.offsets).map(|(v, offset)| (v - offset) as f32).collect();
        table.rows.push(Row { features, class: raw.class, part, group: raw.group });
    }
    Ok(table)
}

/// What is taken off a feature: the middle of what is trained on, where that is far from 0 for the spread of all rows.
fn offset(rows: &[(Raw, Part)], column: usize) -> f64 {
    let range = |part: Option<Part>| {
        let values = rows.iter().filter(|r| part.is_none_or(|p| r.1 == p)).filter_map(|r| r.0.features.get(column));
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)))
    };
    let (all, (low, high)) = (range(None), range(Some(Part::Train)));
    let middle = low / 2.0 + high / 2.0;
    if middle.is_finite() && middle.abs() > FAR * (all.1 - all.0) && all.1 > all.0 { middle } else { 0.0 }
}

/// What tells a file's rows from others, in whatever order they are.
fn hash(rows: &[Raw]) -> (usize, u64) {
    let row = |r: &Raw| {
        let mix = |h: u64, f: &f64| (h ^ f.to_bits()).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23);
        r.features.iter().fold(0, mix).wrapping_mul(0xd134_2543_de82_ef95)
    };
    (rows.len(), rows.iter().map(row).fold(0, u64::wrapping_add))
}

fn usable(value: f64) -> Result<(), String> {
    if !value.is_finite() {
        return Err("a feature must be a finite number".into());
    }
    if value.abs() > GREATEST {
        return Err(format!(
            "{value:e} is beyond 2^53, where numbers are no longer told apart; give the feature in other units"
        ));
    }
    Ok(())
}

fn csv_rows(source: &Source, manifest: &Manifest, root: &Path, i: usize, file: &FileSpec) -> Result<Rows, Fault> {
    let key = |k: &str| format!("file[{i}].{k}");
    let path = locate(source, &key("path"), root, &file.path)?;
    let mut sheet = Sheet::open(&path, &recordings::csv::options(file))?;
    let whole = file.class.as_deref().and_then(|c| manifest.class_named(c));
    let label = match whole {
        Some(_) => None,
        None => {
            let name = file.label.as_deref().unwrap_or("last");
            Some(sheet.column(name).map_err(|p| source.fault(&key("label"), p))?)
        }
    };
    let columns: Vec<usize> = match &file.columns {
        Some(names) => names
            .iter()
            .map(|n| sheet.column(n).map_err(|p| source.fault(&key("columns"), p)))
            .collect::<Result<_, _>>()?,
        None => (0..sheet.column_names().len()).filter(|c| Some(*c) != label).collect(),
    };
    let names = sheet.column_names();
    if let ([only], None) = (names, whole) {
        let how = separator_name(sheet.dialect().separator);
        let problem = format!("{} has one column, {only:?}, if its cells are separated by {how}", path.display());
        return Err(source.fault(&key("path"), problem + "; a table has features and their class"));
    }
    if columns.is_empty() || label.is_some_and(|l| columns.contains(&l)) {
        return Err(source.fault(&key("columns"), "give at least one column of features, without the label's".into()));
    }
    if columns.iter().collect::<BTreeSet<_>>().len() < columns.len() {
        return Err(source.fault(&key("columns"), "names a column twice; each feature is a column of its own".into()));
    }
    for column in &columns {
        if let Some(name) = names.get(*column) {
            sheet.column(name).map_err(|p| source.fault(&key("header"), p))?;
        }
    }
    let names: Vec<String> = columns.iter().filter_map(|c| names.get(*c).cloned()).collect();
    let mut rows: Vec<Raw> = Vec::new();
    while sheet.advance()? {
        let mut features = Vec::with_capacity(columns.len());
        for column in &columns {
            let value = sheet.number(*column)?;
            usable(value).map_err(|p| sheet.fault(*column, p))?;
            features.push(value);
        }
        let class = match (whole, label) {
            (Some(class), _) => class,
            (None, Some(column)) => recordings::labelled(manifest, &sheet, column)?,
            (None, None) => return Err(source.fault(&key("label"), "is missing".into())),
        };
        rows.push(Raw { features, class, label: manifest.label_value(class), group: None });
        if rows.len().saturating_mul(columns.len()) > MOST {
            return Err(fault(&path, Some(sheet.line()), "more than 2^28 numbers are not read; leave some out"));
        }
    }
    if rows.is_empty() {
        return Err(fault(&path, None, "has no rows below its header"));
    }
    groups(source, root, i, file, &mut rows)?;
    Ok(Rows { names, rows })
}

fn array_rows(source: &Source, manifest: &Manifest, root: &Path, i: usize, file: &FileSpec) -> Result<Rows, Fault> {
    let key = |k: &str| format!("file[{i}].{k}");
    let path = locate(source, &key("path"), root, &file.path)?;
    let array = Array::read(&path, file.variable.as_deref())?;
    let strides = array.strides();
    let ([count, width], [down, along]) = (array.shape(), strides.as_slice()) else {
        return Err(
            source.fault(&key("path"), format!("a table has rows and features, this has shape {:?}", array.shape()))
        );
    };
    let (count, width, down, along) = (*count, *width, *down, *along);
    if width == 0 || width > 1 << 20 || count == 0 || count.saturating_mul(width) > MOST {
        let problem = format!("{count} rows of {width} features are not read; give 1 to 2^28 numbers in all");
        return Err(source.fault(&key("path"), problem));
    }
    let labels = match &file.labels {
        Some(l) => Some(whole_numbers(source, root, &key("labels.path"), l, count)?),
        None => None,
    };
    let whole = file.class.as_deref().and_then(|c| manifest.class_named(c));
    let mut rows = Vec::with_capacity(count);
    for row in 0..count {
        let value = |c: usize| array.get(row * down + c * along).map_or(f64::NAN, |n| n.real());
        let features: Vec<f64> = (0..width).map(value).collect();
        for (c, feature) in features.iter().enumerate() {
            usable(*feature).map_err(|p| fault(&path, None, format!("row {row}, column {c}: {p}")))?;
        }
        let label = labels.as_ref().and_then(|l| l.get(row).copied());
        let class = whole.or_else(|| (0..manifest.classes.len()).find(|c| manifest.label_value(*c) == label));
        let class = class.ok_or_else(|| {
            let problem = format!("row {row} has the label {}, which no class has as value", label.unwrap_or(0));
            source.fault(&key("labels"), problem)
        })?;
        rows.push(Raw { features, class, label, group: None });
    }
    groups(source, root, i, file, &mut rows)?;
    Ok(Rows { names: (0..width).map(|c| c.to_string()).collect(), rows })
}

fn whole_numbers(source: &Source, root: &Path, key: &str, spec: &ArrayRef, count: usize) -> Result<Vec<i64>, Fault> {
    let array = Array::read(&locate(source, key, root, &spec.path)?, spec.variable.as_deref())?;
    if array.len() != count || array.shape().iter().filter(|n| **n != 1).count() > 1 {
        return Err(source.fault(key, format!("has shape {:?}; {count} rows need {count}", array.shape())));
    }
    let values: Option<Vec<i64>> = (0..count).map(|i| array.get(i)?.whole()).collect();
    values.ok_or_else(|| source.fault(key, "holds numbers that are not whole".into()))
}

/// Gives rows their groups.
fn groups(source: &Source, root: &Path, i: usize, file: &FileSpec, rows: &mut [Raw]) -> Result<(), Fault> {
    let Some(spec) = &file.groups else { return Ok(()) };
    let groups = whole_numbers(source, root, &format!("file[{i}].groups.path"), spec, rows.len())?;
    rows.iter_mut().zip(groups).for_each(|(row, group)| row.group = Some(group));
    Ok(())
}
