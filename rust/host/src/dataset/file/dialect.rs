//! How a CSV file is written: what separates its cells, and its decimal mark.

use super::sheet::shown;

/// What a manifest says of a file's text; what it does not say is found out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether the first row names columns.
    pub header: Option<bool>,
    /// What separates cells.
    pub separator: Option<u8>,
    /// The decimal mark.
    pub decimal: Option<u8>,
}

/// How a file writes cells and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// What separates cells.
    pub separator: u8,
    /// The decimal mark.
    pub decimal: u8,
    /// Lines end with a separator behind which there is no cell.
    pub trailing: bool,
}

/// A separator's name in messages.
pub fn separator_name(separator: u8) -> &'static str {
    match separator {
        b'\t' => "tabs",
        b';' => "\";\"",
        b'|' => "\"|\"",
        _ => "\",\"",
    }
}

/// Lines looked at to find out how a file is written.
const LOOKED_AT: usize = 200;

/// How a file is written, by its first lines.
///
/// # Errors
/// It can be read in two ways; the sentence names the key that says which.
pub fn detect(head: &[u8], options: &Options) -> Result<Dialect, String> {
    let lines: Vec<&[u8]> = head
        .split(|b| *b == b'\n')
        .map(|l| l.strip_suffix(b"\r").unwrap_or(l))
        .filter(|l| !l.trim_ascii().is_empty() && !l.starts_with(b"#"))
        .take(LOOKED_AT)
        .collect();
    let has = |byte: u8| lines.iter().any(|l| count(l, byte) > 0);
    let separator = match options.separator {
        Some(separator) => {
            let other = |byte: &u8| *byte != separator && Some(*byte) != options.decimal && has(*byte);
            match [b'\t', b';', b'|', b','].into_iter().find(other) {
                Some(other) if !has(separator) => {
                    let (named, other) = (separator_name(separator), separator_name(other));
                    return Err(format!(
                        "has no {named} between cells, as separator says, but {other}; remove separator"
                    ));
                }
                _ => separator,
            }
        }
        None => separator(&lines, options.decimal)?,
    };
    let decimal = match options.decimal {
        Some(decimal) => decimal,
        None if separator == b',' => b'.',
        None => decimal(&lines, separator)?,
    };
    let ends = |line: &&[u8]| line.ends_with(&[separator]);
    let trailing = match lines.split_first() {
        Some((header, rows)) if !rows.is_empty() => {
            let fewer = |row: &&[u8]| count(row, separator) < count(header, separator);
            rows.iter().all(ends) || (ends(header) && rows.iter().all(fewer))
        }
        _ => false,
    };
    Ok(Dialect { separator, decimal, trailing })
}

/// Occurrences in a line outside quotation marks.
fn count(line: &[u8], byte: u8) -> usize {
    let mut quoted = false;
    line.iter()
        .filter(|b| {
            quoted ^= **b == b'"';
            !quoted && **b == byte
        })
        .count()
}

fn separator(lines: &[&[u8]], decimal: Option<u8>) -> Result<u8, String> {
    let counts = |byte: u8| lines.iter().map(move |l| count(l, byte));
    let inner = |byte: u8| lines.iter().map(move |l| count(l.strip_suffix(&[byte]).unwrap_or(l), byte));
    let even = |byte: &u8| {
        let same = |mut all: Box<dyn Iterator<Item = usize> + '_>| {
            let first = all.next().unwrap_or(0);
            first > 0 && all.all(|n| n == first)
        };
        same(Box::new(counts(*byte))) || same(Box::new(inner(*byte)))
    };
    let fits: Vec<u8> = [b'\t', b';', b'|'].into_iter().filter(even).collect();
    match fits.as_slice() {
        [only] => return Ok(*only),
        [] if even(&b',') && decimal != Some(b',') => return Ok(b','),
        [] => {}
        several => {
            let names: Vec<&str> = several.iter().map(|s| separator_name(*s)).collect();
            return Err(format!(
                "cells may be separated by {}; say which by separator = \"...\"",
                names.join(" or by ")
            ));
        }
    }
    let any = |byte: u8| counts(byte).any(|n| n > 0);
    if ![b'\t', b';', b'|', b','].into_iter().any(any) {
        let blanks = |l: &&[u8]| l.trim_ascii().split(|b| *b == b' ').filter(|c| !c.is_empty()).count();
        let first = lines.iter().map(blanks).next().unwrap_or(0);
        if first > 1 && lines.len() > 1 && lines.iter().map(blanks).all(|n| n == first) {
            return Err(
                "cells seem to be separated by blanks, which is not read; put commas or tabs between them".into()
            );
        }
        return Ok(b',');
    }
    // One column of numbers with a decimal comma looks like two columns.
    let single = counts(b',').next() == Some(0) && counts(b',').skip(1).all(|n| n <= 1);
    if single && lines.len() > 1 && !any(b';') && !any(b'\t') {
        return match decimal {
            Some(b',') => Ok(b';'),
            _ => Err("its first row has one cell and others have a comma; set decimal = \",\" if that is the decimal mark, or give \
                      the second column a name"
                .into()),
        };
    }
    // Of none is there the same number in each line; the one that most lines agree on is named with the line that differs.
    let most = [b'\t', b';', b'|', b','].into_iter().filter(|b| any(*b)).max_by_key(|b| {
        let mut all: Vec<usize> = counts(*b).filter(|n| *n > 0).collect();
        all.sort_unstable();
        all.chunk_by(|a, b| a == b).map(<[usize]>::len).max().unwrap_or(0)
    });
    Ok(most.unwrap_or(b','))
}

fn decimal(lines: &[&[u8]], separator: u8) -> Result<u8, String> {
    let (mut comma, mut point, mut certain) = (None, None, false);
    for cell in lines.iter().flat_map(|l| l.split(|b| *b == separator)) {
        let cell = cell.trim_ascii();
        let cell = cell.strip_prefix(b"\"").and_then(|c| c.strip_suffix(b"\"")).unwrap_or(cell);
        let digits = cell.iter().any(u8::is_ascii_digit);
        if !digits || !cell.iter().all(|b| b.is_ascii_digit() || b"+-.,eE".contains(b)) {
            continue;
        }
        match (count(cell, b','), count(cell, b'.')) {
            (0, 1) => point = point.or(Some(cell)),
            (1, 0) => {
                comma = comma.or(Some(cell));
                certain |= !thousands(cell);
            }
            (1.., 1..) | (2.., _) => {
                return Err(format!("{} has marks between thousands; write numbers without them", shown(cell)));
            }
            _ => {}
        }
    }
    match (comma, point) {
        (Some(comma), Some(point)) => Err(format!(
            "numbers have a decimal comma in some places ({}) and a point in others ({}); set decimal",
            shown(comma),
            shown(point)
        )),
        (Some(comma), None) if !certain => {
            Err(format!("{} may be a fraction or thousands; set decimal = \",\" or \".\"", shown(comma)))
        }
        (Some(_), None) => Ok(b','),
        (None, _) => Ok(b'.'),
    }
}

/// Whether a comma may stand between thousands: `1,234`, not `0,123` nor `1,5`.
fn thousands(cell: &[u8]) -> bool {
    let cell = cell.strip_prefix(b"-").or(cell.strip_prefix(b"+")).unwrap_or(cell);
    let Some(at) = cell.iter().position(|b| *b == b',') else { return false };
    (1..=3).contains(&at) && !cell.starts_with(b"0") && cell.len() == at + 4
}
