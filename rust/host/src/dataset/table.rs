//! Tables of features, and CSV files in general.

use super::cut::{self, Item};
use super::manifest::{FileSpec, Manifest, SpanSpec, is_csv};
use super::npy::Array;
use super::{Fault, Row, Source, Table};
use std::path::{Path, PathBuf};

const LARGEST: u64 = 1 << 30;

/// A CSV file's cells.
pub(super) struct Sheet {
    path: PathBuf,
    names: Vec<String>,
    headed: bool,
    records: Vec<csv::StringRecord>,
}

impl Sheet {
    pub fn open(source: &Source, key: &str, path: &Path, headed: bool) -> Result<Self, Fault> {
        let size = std::fs::metadata(path).map_err(|e| {
            let advice = "give the folder with the recordings by --root DIR or HONE_DATA";
            source.fault(key, format!("{}: {e}; {advice}", path.display()))
        })?;
        if size.len() > LARGEST {
            return Err(fault(path, None, format!("has {} bytes; at most {LARGEST} are read", size.len())));
        }
        let bytes = std::fs::read(path).map_err(|e| fault(path, None, format!("cannot be read: {e}")))?;
        Self::parse(path, &bytes, headed)
    }

    pub fn parse(path: &Path, bytes: &[u8], headed: bool) -> Result<Self, Fault> {
        let mut reader = csv::ReaderBuilder::new().has_headers(headed).trim(csv::Trim::All).from_reader(bytes);
        let broken = |e: csv::Error| {
            let line = e.position().map(|p| p.line() as usize);
            let problem = match e.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("has {len} columns where the lines before have {expected_len}")
                }
                csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text".into(),
                other => format!("cannot be read as CSV: {other:?}"),
            };
            fault(path, line, problem)
        };
        let records = reader.records().collect::<Result<Vec<_>, _>>().map_err(broken)?;
        let names: Vec<String> = if headed {
            reader.headers().map_err(broken)?.iter().map(String::from).collect()
        } else {
            (0..records.first().map_or(0, csv::StringRecord::len)).map(|i| i.to_string()).collect()
        };
        if records.is_empty() || names.is_empty() {
            return Err(fault(path, None, "has no rows".into()));
        }
        Ok(Self { path: path.to_path_buf(), names, headed, records })
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// The column of this name, number where there is no header, or `last`.
    pub fn column(&self, name: &str) -> Result<usize, String> {
        if let Some(i) = self.names.iter().position(|n| n == name) {
            return Ok(i);
        }
        if name == "last" {
            return Ok(self.names.len() - 1);
        }
        let there = if self.headed {
            self.names.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ")
        } else {
            format!("0 to {}, for want of a header", self.names.len() - 1)
        };
        Err(format!("{} has no column {name:?}; it has {there}", self.path.display()))
    }

    fn text(&self, row: usize, column: usize) -> &str {
        self.records.get(row).and_then(|r| r.get(column)).unwrap_or("")
    }

    /// A cell as a number; an empty one is not a number, as a gap in a recording.
    pub fn number(&self, row: usize, column: usize) -> Result<f64, Fault> {
        let text = self.text(row, column);
        if text.is_empty() {
            return Ok(f64::NAN);
        }
        text.parse().map_err(|_| self.fault(row, column, format!("{:?} is not a number", shown(text))))
    }

    fn fault(&self, row: usize, column: usize, problem: String) -> Fault {
        let line = self.records.get(row).and_then(|r| r.position()).map(|p| p.line() as usize);
        let name = self.names.get(column).map_or("", String::as_str);
        fault(&self.path, line, format!("column {name}: {problem}"))
    }
}

fn fault(path: &Path, line: Option<usize>, problem: String) -> Fault {
    Fault { file: path.to_path_buf(), line, key: String::new(), problem }
}

fn shown(text: &str) -> String {
    text.chars().take(30).collect()
}

/// A moment in a CSV file: seconds, or a date and time. Only their order counts.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Moment {
    Seconds(f64),
    Date([u32; 7]),
}

fn moment(text: &str) -> Option<Moment> {
    if let Some(seconds) = text.parse().ok().filter(|s: &f64| s.is_finite()) {
        return Some(Moment::Seconds(seconds));
    }
    let stamp: toml::value::Datetime = text.parse().ok()?;
    let (date, time) = (stamp.date?, stamp.time?);
    Some(Moment::Date([
        date.year.into(),
        date.month.into(),
        date.day.into(),
        time.hour.into(),
        time.minute.into(),
        time.second.unwrap_or(0).into(),
        time.nanosecond.unwrap_or(0),
    ]))
}

/// Which rows of `sheet` lie within one of the spans, ends included.
pub(super) fn inside_spans(
    source: &Source,
    key: &str,
    root: &Path,
    spec: &SpanSpec,
    sheet: &Sheet,
) -> Result<Vec<bool>, Fault> {
    let spans = Sheet::open(source, &format!("{key}.path"), &root.join(&spec.path), true)?;
    let column =
        |sheet: &Sheet, k: &str, name: &str| sheet.column(name).map_err(|p| source.fault(&format!("{key}.{k}"), p));
    let start = column(&spans, "start", spec.start.as_deref().unwrap_or("start"))?;
    let end = column(&spans, "end", spec.end.as_deref().unwrap_or("end"))?;
    let time = column(sheet, "time", &spec.time)?;
    let read = |sheet: &Sheet, row, column| {
        let text = sheet.text(row, column);
        moment(text).ok_or_else(|| {
            let problem = format!("{:?} is neither seconds nor a date and time", shown(text));
            sheet.fault(row, column, problem)
        })
    };
    let mut ends = Vec::new();
    for row in 0..spans.len() {
        ends.push((read(&spans, row, start)?, read(&spans, row, end)?));
    }
    (0..sheet.len())
        .map(|row| {
            let at = read(sheet, row, time)?;
            Ok(ends.iter().any(|(from, to)| *from <= at && at <= *to))
        })
        .collect()
}

pub(super) fn read(source: &Source, manifest: &Manifest, root: &Path) -> Result<Table, Fault> {
    let mut table = Table { standardise: manifest.standardise.unwrap_or(true), ..Table::default() };
    for (i, file) in manifest.files.iter().enumerate() {
        let (names, rows) = if is_csv(&file.path) {
            csv_rows(source, manifest, root, i, file)?
        } else {
            npy_rows(source, manifest, root, i, file)?
        };
        if !table.names.is_empty() && table.names.len() != names.len() {
            let problem = format!("has {} features, the files before have {}", names.len(), table.names.len());
            return Err(source.fault(&format!("file[{i}].path"), problem));
        }
        let items: Vec<Item> = rows.iter().map(|r| Item { recording: 0, class: r.1, label: r.2, group: r.3 }).collect();
        let parts = cut::parts(source, i, file, &items)?;
        for ((features, class, _, group), part) in rows.into_iter().zip(parts) {
            if let Some(part) = part {
                table.rows.push(Row { features, class, part, group });
            }
        }
        if table.names.is_empty() {
            table.names = names;
        }
    }
    Ok(table)
}

/// Features, class, label value and group of a row.
type Raw = (Vec<f32>, usize, Option<i64>, Option<i64>);

fn csv_rows(
    source: &Source,
    manifest: &Manifest,
    root: &Path,
    i: usize,
    file: &FileSpec,
) -> Result<(Vec<String>, Vec<Raw>), Fault> {
    let key = |k: &str| format!("file[{i}].{k}");
    let sheet = Sheet::open(source, &key("path"), &root.join(&file.path), file.header.unwrap_or(true))?;
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
        None => (0..sheet.names.len()).filter(|c| Some(*c) != label).collect(),
    };
    if columns.is_empty() || label.is_some_and(|l| columns.contains(&l)) {
        return Err(source.fault(&key("columns"), "give at least one column of features, without the label's".into()));
    }
    let groups = row_groups(source, root, i, file, sheet.len())?;
    let mut rows = Vec::with_capacity(sheet.len());
    for row in 0..sheet.len() {
        let mut features = Vec::with_capacity(columns.len());
        for column in &columns {
            let value = sheet.number(row, *column)? as f32;
            if !value.is_finite() {
                return Err(sheet.fault(row, *column, "a feature must be a finite number".into()));
            }
            features.push(value);
        }
        let (class, value) = match (whole, label) {
            (Some(class), _) => (class, None),
            (None, Some(column)) => class_of(manifest, sheet.text(row, column)).ok_or_else(|| {
                let problem = format!(
                    "{:?} is neither the name nor the value of a class; add it to the manifest",
                    shown(sheet.text(row, column))
                );
                sheet.fault(row, column, problem)
            })?,
            (None, None) => return Err(source.fault(&key("label"), "is missing".into())),
        };
        rows.push((features, class, value, groups.as_ref().and_then(|g| g.get(row).copied())));
    }
    Ok((columns.iter().filter_map(|c| sheet.names.get(*c).cloned()).collect(), rows))
}

fn class_of(manifest: &Manifest, text: &str) -> Option<(usize, Option<i64>)> {
    if let Some(class) = manifest.class_named(text) {
        return Some((class, manifest.label_value(class)));
    }
    let value = text.parse::<f64>().ok().filter(|v| v.fract() == 0.0 && v.abs() < 9e15)? as i64;
    (0..manifest.classes.len()).find(|c| manifest.label_value(*c) == Some(value)).map(|c| (c, Some(value)))
}

fn npy_rows(
    source: &Source,
    manifest: &Manifest,
    root: &Path,
    i: usize,
    file: &FileSpec,
) -> Result<(Vec<String>, Vec<Raw>), Fault> {
    let key = |k: &str| format!("file[{i}].{k}");
    let array = open(source, root, &key("path"), &file.path)?;
    let [count, width] = *array.shape() else {
        return Err(
            source.fault(&key("path"), format!("a table has rows and features, this has shape {:?}", array.shape()))
        );
    };
    if width == 0 || width > 1 << 20 {
        return Err(source.fault(&key("path"), format!("{width} features are not read; give 1 to 1048576")));
    }
    let labels = match &file.labels {
        Some(l) => Some(whole_numbers(source, root, &key("labels.path"), &l.path, count)?),
        None => None,
    };
    let groups = row_groups(source, root, i, file, count)?;
    let whole = file.class.as_deref().and_then(|c| manifest.class_named(c));
    let mut rows = Vec::with_capacity(count);
    for row in 0..count {
        let features: Vec<f32> =
            (0..width).map(|c| array.get(row * width + c).map_or(f32::NAN, |n| n.real() as f32)).collect();
        if features.iter().any(|f| !f.is_finite()) {
            return Err(source.fault(&key("path"), format!("row {row} has a feature that is not a finite number")));
        }
        let label = labels.as_ref().and_then(|l| l.get(row).copied());
        let class = whole.or_else(|| (0..manifest.classes.len()).find(|c| manifest.label_value(*c) == label));
        let class = class.ok_or_else(|| {
            let problem = format!("row {row} has the label {}, which no class has as value", label.unwrap_or(0));
            source.fault(&key("labels"), problem)
        })?;
        rows.push((features, class, label, groups.as_ref().and_then(|g| g.get(row).copied())));
    }
    Ok(((0..width).map(|c| c.to_string()).collect(), rows))
}

fn open(source: &Source, root: &Path, key: &str, path: &str) -> Result<Array, Fault> {
    let full = root.join(path);
    if !full.exists() {
        let problem = format!(
            "{} does not exist; give the folder with the recordings by --root DIR or HONE_DATA",
            full.display()
        );
        return Err(source.fault(key, problem));
    }
    Array::open(&full).map_err(|e| fault(&full, None, e.to_string()))
}

fn whole_numbers(source: &Source, root: &Path, key: &str, path: &str, count: usize) -> Result<Vec<i64>, Fault> {
    let array = open(source, root, key, path)?;
    if array.shape() != [count] {
        return Err(source.fault(key, format!("has shape {:?}; {count} rows need {count}", array.shape())));
    }
    let values: Option<Vec<i64>> = (0..count).map(|i| array.get(i)?.whole()).collect();
    values.ok_or_else(|| source.fault(key, "holds numbers that are not whole".into()))
}

fn row_groups(
    source: &Source,
    root: &Path,
    i: usize,
    file: &FileSpec,
    count: usize,
) -> Result<Option<Vec<i64>>, Fault> {
    let key = format!("file[{i}].groups.path");
    file.groups.as_ref().map(|g| whole_numbers(source, root, &key, &g.path, count)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_compare_as_seconds_or_dates() {
        let m = |t| moment(t).unwrap();
        assert!(m("2013-12-10 06:25:00") == m("2013-12-10 06:25:00.000000"));
        assert!(m("2013-12-10 06:25:00") < m("2013-12-12T05:35:00"));
        assert!(m("9.5") < m("10"));
        assert!(moment("yesterday").is_none());
    }

    #[test]
    fn faults_name_the_line() {
        let e = Sheet::parse(Path::new("a.csv"), b"x,y\n1,2\n3\n", true).err().unwrap();
        assert_eq!((e.line, e.problem.contains("1 columns where the lines before have 2")), (Some(3), true));
        let s = Sheet::parse(Path::new("a.csv"), b"x,y\n1,2\n3,oops\n", true).unwrap();
        assert_eq!(s.number(0, 1), Ok(2.0));
        let e = s.number(1, 1).unwrap_err();
        assert_eq!(e.to_string(), "a.csv, line 3: column y: \"oops\" is not a number");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), headed: bool) {
            if let Ok(sheet) = Sheet::parse(Path::new("a.csv"), &bytes, headed) {
                for row in 0..sheet.len() {
                    let _ = (sheet.number(row, 0), moment(sheet.text(row, 0)), sheet.column("last"));
                }
            }
        }
    }
}
