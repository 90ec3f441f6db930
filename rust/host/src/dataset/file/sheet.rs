//! CSV files, row by row.

use super::dialect::{self, Dialect, Options, separator_name};
use super::{fault, text};
use crate::dataset::Fault;
use crate::dataset::instant::{Clock, Moment, date};
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// A CSV file, of which one row at a time is held.
pub struct Sheet {
    path: PathBuf,
    names: Vec<String>,
    headed: bool,
    dialect: Dialect,
    reader: csv::Reader<Box<dyn BufRead>>,
    record: csv::ByteRecord,
    /// The row read already, to see how many columns there are.
    waiting: bool,
    /// Lines before those that the reader counts.
    skipped: usize,
}

impl Sheet {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`Fault`] names file and line.
    pub fn open(path: &Path, options: &Options) -> Result<Self, Fault> {
        let (mut input, head) = text::open(path).map_err(|e| fault(path, None, e))?;
        let mut options = *options;
        let mut skipped = 0;
        let mut shown = head.as_slice();
        // What a spreadsheet writes to tell itself.
        if let [b's', b'e', b'p', b'=', separator, rest @ ..] = shown {
            options.separator = options.separator.or(Some(*separator));
            let mut line = Vec::new();
            input.read_until(b'\n', &mut line).map_err(|e| fault(path, None, text::unread(e)))?;
            skipped = 1;
            shown = rest.iter().position(|b| *b == b'\n').and_then(|n| rest.get(n + 1..)).unwrap_or(&[]);
        }
        let dialect = dialect::detect(shown, &options).map_err(|e| fault(path, None, e))?;
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.separator)
            .comment(Some(b'#'))
            .buffer_capacity(1 << 16)
            .from_reader(input);
        let record = csv::ByteRecord::new();
        let path = path.to_path_buf();
        let mut sheet =
            Self { path, names: Vec::new(), headed: false, dialect, reader, record, waiting: false, skipped };
        if !sheet.advance()? {
            return Err(fault(&sheet.path, None, "has no rows"));
        }
        sheet.names(options.header)?;
        Ok(sheet)
    }

    /// Names of columns from the first row, or numbers.
    fn names(&mut self, header: Option<bool>) -> Result<(), Fault> {
        let width = self.record.len();
        let numeric = (0..width).find(|c| matches!(self.cell(*c), Some(v) if v.is_finite()));
        if header != Some(false) {
            if let (None, Some(column)) = (header, numeric) {
                let shown = shown(self.record.get(column).unwrap_or(b""));
                let problem = format!(
                    "the first row, which is to name the columns, has the number {shown}; set header = false if it is a row \
                     like the others, or header = true if it is a name"
                );
                return Err(fault(&self.path, Some(self.line()), problem));
            }
            for (c, cell) in self.record.iter().enumerate() {
                let Ok(name) = std::str::from_utf8(cell) else {
                    let problem = format!(
                        "the name of column {c} is not UTF-8 text; save the file as UTF-8 (it may be Latin-1 or Windows-1252)"
                    );
                    return Err(fault(&self.path, Some(self.line()), problem));
                };
                self.names.push(name.trim().to_owned());
            }
            self.headed = true;
        } else {
            self.names = (0..width).map(|c| c.to_string()).collect();
            self.waiting = true;
        }
        if self.dialect.trailing && width > 1 && self.record.iter().next_back().is_some_and(<[u8]>::is_empty) {
            self.names.pop();
        }
        Ok(())
    }

    /// Goes to the next row; false behind the last one.
    ///
    /// # Errors
    /// [`Fault`] names file and line.
    pub fn advance(&mut self) -> Result<bool, Fault> {
        if std::mem::take(&mut self.waiting) {
            return Ok(true);
        }
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return Ok(false),
            Ok(true) => {}
            Err(e) => {
                let problem = match e.into_kind() {
                    csv::ErrorKind::Io(e) => text::unread(e),
                    _ => "cannot be read as CSV".to_owned(),
                };
                return Err(fault(&self.path, None, problem));
            }
        }
        let (have, expected) = (self.record.len(), self.names.len());
        let trailing =
            || self.dialect.trailing && have == expected + 1 && self.record.get(expected).is_some_and(<[u8]>::is_empty);
        if expected > 0 && have != expected && !trailing() {
            let problem = format!(
                "has {have} {} where the rows before have {expected}, separated by {}; lines to pass over begin with #",
                if have == 1 { "cell" } else { "cells" },
                separator_name(self.dialect.separator)
            );
            return Err(fault(&self.path, Some(self.line()), problem));
        }
        Ok(true)
    }

    /// The columns' names, or their numbers.
    pub fn column_names(&self) -> &[String] {
        &self.names
    }

    /// Whether the first row named them.
    pub fn headed(&self) -> bool {
        self.headed
    }

    /// How its cells are written.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The line of the row, from 1.
    pub fn line(&self) -> usize {
        self.skipped + self.record.position().map_or(0, |p| p.line() as usize)
    }

    /// The column of this name or number, or `last`.
    ///
    /// # Errors
    /// A sentence that names the file and its columns.
    pub fn column(&self, name: &str) -> Result<usize, String> {
        let mut found = (0..).zip(&self.names).filter(|(_, n)| *n == name).map(|(i, _)| i);
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => {
                return Err(format!(
                    "{} has two columns {name:?}, {first} and {second} counted from 0; name them apart in its header, or set \
                     header = false, take the header away and give numbers",
                    self.path.display()
                ));
            }
            (Some(only), None) => return Ok(only),
            _ => {}
        }
        if name == "last" {
            return Ok(self.names.len().saturating_sub(1));
        }
        // A number counts columns, unless the header has numbers for names.
        let counted = name.parse::<usize>().ok().filter(|n| *n < self.names.len());
        if let Some(number) = counted.filter(|_| !self.names.iter().any(|n| n.parse::<f64>().is_ok())) {
            return Ok(number);
        }
        let there = if self.headed {
            let mut names = self.names.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
            if self.names.len() > 20 {
                names.push_str(", ...");
            }
            names
        } else {
            format!("0 to {}, for want of a header", self.names.len().saturating_sub(1))
        };
        let how = separator_name(self.dialect.separator);
        Err(format!("{} has no column {name:?}; separated by {how} it has {there}", self.path.display()))
    }

    /// A cell as text, without blanks around it.
    ///
    /// # Errors
    /// [`Fault`] names file, line and column.
    pub fn text(&self, column: usize) -> Result<&str, Fault> {
        let cell = self.record.get(column).unwrap_or(b"");
        std::str::from_utf8(cell)
            .map(str::trim)
            .map_err(|_| self.fault(column, "is not UTF-8 text; save the file as UTF-8"))
    }

    /// A cell as a number; an empty one and `NA` are not a number, as a gap in a recording.
    ///
    /// # Errors
    /// [`Fault`] names file, line and column.
    pub fn number(&self, column: usize) -> Result<f64, Fault> {
        self.cell(column).ok_or_else(|| {
            let cell = self.record.get(column).unwrap_or(b"");
            let text = shown(cell);
            let name = self.names.get(column).map_or("", String::as_str);
            let hint = if self.headed && cell.trim_ascii() == name.as_bytes() {
                "; it is the header again: take that line out"
            } else if !self.headed && self.record.position().is_some_and(|p| p.record() == 0) {
                "; if the first row names the columns, set header = true"
            } else if self.dialect.decimal == b'.' && cell.contains(&b',') {
                "; if its decimal mark is a comma, set decimal = \",\""
            } else if self.dialect.decimal == b',' && cell.contains(&b'.') {
                "; the decimal mark of this file is taken to be a comma; set decimal = \".\" if it is not"
            } else {
                ""
            };
            self.fault(column, format!("{text} is not a number{hint}"))
        })
    }

    /// A cell as a moment: a number in the decimal mark of the file, or a date with time; `None` if it is neither.
    ///
    /// # Errors
    /// The cell is not text.
    pub fn moment(&self, column: usize) -> Result<Option<Moment>, Fault> {
        if let Some(at) = self.cell(column) {
            return Ok(at.is_finite().then_some(Moment { clock: Clock::Number, at }));
        }
        Ok(date(self.text(column)?))
    }

    fn cell(&self, column: usize) -> Option<f64> {
        number(self.record.get(column).unwrap_or(b""), self.dialect.decimal)
    }

    /// A fault of a cell of the row.
    pub fn fault(&self, column: usize, problem: impl Into<String>) -> Fault {
        let name = self.names.get(column).map_or("", String::as_str);
        fault(&self.path, Some(self.line()), format!("column {name}: {}", problem.into()))
    }
}

pub(super) fn shown(cell: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(cell).trim().chars().take(30).collect::<String>())
}

/// A cell as a number.
fn number(cell: &[u8], decimal: u8) -> Option<f64> {
    let cell = cell.trim_ascii();
    if decimal == b',' && cell.contains(&b',') {
        let mut copy = [0u8; 64];
        let copy = copy.get_mut(..cell.len())?;
        for (to, from) in copy.iter_mut().zip(cell) {
            *to = match from {
                b',' => b'.',
                b'.' => return None,
                other => *other,
            };
        }
        return std::str::from_utf8(copy).ok()?.parse().ok();
    }
    if decimal == b',' && cell.contains(&b'.') {
        return None;
    }
    match std::str::from_utf8(cell).ok()? {
        "" | "NA" | "N/A" | "NaN" | "null" | "NULL" | "None" => Some(f64::NAN),
        text => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sheet(bytes: &[u8], options: &Options) -> Result<Sheet, Fault> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, bytes).unwrap();
        Sheet::open(&path, options)
    }

    /// Everything in it.
    fn numbers(bytes: &[u8]) -> Result<Vec<Vec<f64>>, String> {
        let mut s = sheet(bytes, &Options::default()).map_err(|e| e.problem)?;
        let mut rows = Vec::new();
        while s.advance().map_err(|e| e.to_string())? {
            let row: Result<Vec<f64>, Fault> = (0..s.column_names().len()).map(|c| s.number(c)).collect();
            rows.push(row.map_err(|e| e.to_string())?);
        }
        Ok(rows)
    }

    #[test]
    fn reads_what_people_write() {
        let expected = vec![vec![1.5, -2.0], vec![0.25, 3e3]];
        let utf16: Vec<u8> =
            "\u{feff}a\tb\r\n1,5\t-2\r\n0,25\t3e3\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bare: Vec<u8> = "a,b\n1.5,-2\n0.25,3e3\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, b"a,b\n1.5,-2\n0.25,3e3\n").unwrap();
        for file in [
            &b"a,b\n1.5,-2\n0.25,3e3\n"[..],
            b"\xef\xbb\xbfa,b\r\n1.5,-2\r\n0.25,3e3\r\n",
            b"# made by a logger, in 2024\na;b\n1.5;-2\n# more\n0.25;3e3",
            b"a;b\n1,5;-2\n0,25;3e3\n",
            b"sep=;\r\na;b\r\n1,5;-2\r\n0,25;3e3\r\n",
            b"a\tb\n1.5\t-2\n0.25\t3e3\n",
            b"\"a\",\"b\"\n\"1.5\",\"-2\"\n 0.25 , 3e3 \n",
            &utf16,
            &bare,
            &gz.finish().unwrap(),
        ] {
            assert_eq!(numbers(file), Ok(expected.clone()), "{}", String::from_utf8_lossy(file));
        }
        assert_eq!(numbers(b"x\n1\n2\n"), Ok(vec![vec![1.0], vec![2.0]]));
    }

    #[test]
    fn asks_where_it_cannot_know() {
        for (file, words) in [
            (&b"x\n1,5\n2,5\n"[..], "set decimal"),
            (b"a;b\n1,500;2\n", "fraction or thousands"),
            (b"a;b\n1,5;2.5\n", "a point in others"),
            (b"a;b\n1.234,5;2\n", "between thousands"),
            (b"a b\n1 2\n", "separated by blanks"),
            (b"a;b\t1\nc;d\t2\n", "tabs or by \";\""),
            (b"5.1,3.5,setosa\n4.9,3.0,setosa\n", "header = false"),
            (b"PK\x03\x04....", "spreadsheet"),
            (b"x\xb0,y\n1,2\n", "save the file as UTF-8"),
            (b"", "no rows"),
        ] {
            let problem = numbers(file).unwrap_err();
            assert!(problem.contains(words), "{problem}");
        }
    }

    #[test]
    fn faults_name_line_and_column() {
        let problem = numbers(b"# one\nx,y\n1,2\n3\n").unwrap_err();
        assert!(problem.contains("line 4") && problem.contains("separated by \",\""), "{problem}");
        let problem = numbers(b"x,y\n1,2\nx,y\n3,4\n").unwrap_err();
        assert!(problem.contains("line 3: column x: \"x\" is not a number; it is the header again"), "{problem}");
    }

    #[test]
    fn a_name_that_two_columns_have_is_refused() {
        let s = sheet(b"a,a,b\n1,2,3\n", &Options::default()).unwrap();
        assert!(s.column("a").unwrap_err().contains("two columns \"a\", 0 and 1"));
        assert_eq!((s.column("b"), s.column("1"), s.column("last")), (Ok(2), Ok(1), Ok(2)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), header: Option<bool>) {
            if let Ok(mut s) = sheet(&bytes, &Options { header, ..Options::default() }) {
                while let Ok(true) = s.advance() {
                    let _ = (s.number(0), s.text(0), s.column("last"));
                }
            }
        }
    }
}
