//! NumPy's `.npy` files, read strictly.
//!
//! Written here because the files are untrusted: the crates that read them take a header's length and nesting on
//! trust. This reader allocates nothing that the file's own size does not bound.

use std::fmt;
use std::path::Path;

/// What the elements of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Signed(usize),
    Unsigned(usize),
    Float(usize),
    Bool,
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Self::Signed(n) | Self::Unsigned(n) | Self::Float(n) => n,
            Self::Bool => 1,
        }
    }
}

/// One element's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Of an integer or boolean file.
    Whole(i64),
    /// Of a floating-point file.
    Real(f64),
}

impl Number {
    /// As a real number.
    pub fn real(self) -> f64 {
        match self {
            Self::Whole(v) => v as f64,
            Self::Real(v) => v,
        }
    }

    /// As a whole number; `None` when it is not one.
    pub fn whole(self) -> Option<i64> {
        match self {
            Self::Whole(v) => Some(v),
            Self::Real(v) => (v.fract() == 0.0 && v.abs() < 9e15).then_some(v as i64),
        }
    }
}

/// An array in C order.
#[derive(Clone, Debug)]
pub struct Array {
    shape: Vec<usize>,
    element: Element,
    bytes: Vec<u8>,
}

/// Why a file is not an array that can be read, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpyError(String);

impl fmt::Display for NpyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NpyError {}

/// Files beyond this are refused rather than read into memory.
const LARGEST: u64 = 2 << 30;

impl Array {
    /// Reads a file.
    ///
    /// # Errors
    /// [`NpyError`] says what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        let size = std::fs::metadata(path).map_err(|e| NpyError(format!("cannot be opened: {e}")))?.len();
        if size > LARGEST {
            return Err(NpyError(format!("has {size} bytes; at most {LARGEST} are read: cut it into several files")));
        }
        Self::parse(std::fs::read(path).map_err(|e| NpyError(format!("cannot be read: {e}")))?)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`NpyError`] says what is wrong with them.
    pub fn parse(mut file: Vec<u8>) -> Result<Self, NpyError> {
        let (header, start) = split_header(&file)?;
        let (element, shape) = parse_header(header)?;
        let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        let needed = count.and_then(|n| n.checked_mul(element.bytes()));
        let present = file.len() - start;
        if needed != Some(present) {
            let needed = needed.map_or("more bytes than there can be".into(), |n| format!("{n} bytes"));
            return Err(NpyError(format!(
                "its header of shape {shape:?} promises {needed} of data, but {present} follow"
            )));
        }
        file.drain(..start);
        Ok(Self { shape, element, bytes: file })
    }

    /// Length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Whether the elements are floating-point numbers.
    pub fn is_float(&self) -> bool {
        matches!(self.element, Element::Float(_))
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.element.bytes()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Element `index` in C order; `None` beyond the end. An unsigned 64-bit value beyond `i64::MAX` saturates.
    pub fn get(&self, index: usize) -> Option<Number> {
        let size = self.element.bytes();
        let from = index.checked_mul(size)?;
        let bytes = self.bytes.get(from..from.checked_add(size)?)?;
        let mut word = [0u8; 8];
        word.get_mut(..size)?.copy_from_slice(bytes);
        let bits = u64::from_le_bytes(word);
        Some(match self.element {
            Element::Float(4) => Number::Real(f64::from(f32::from_bits(bits as u32))),
            Element::Float(_) => Number::Real(f64::from_bits(bits)),
            Element::Signed(n) => {
                let unused = 64 - 8 * n as u32;
                Number::Whole((bits << unused) as i64 >> unused)
            }
            Element::Unsigned(_) => Number::Whole(i64::try_from(bits).unwrap_or(i64::MAX)),
            Element::Bool => Number::Whole(i64::from(bits != 0)),
        })
    }
}

/// The header's text and where the data begin.
fn split_header(file: &[u8]) -> Result<(&str, usize), NpyError> {
    let truncated = || NpyError("ends within its header: it is cut short or not a .npy file".into());
    let rest = file.strip_prefix(b"\x93NUMPY").ok_or_else(|| {
        NpyError("is not a .npy file: it does not begin with NumPy's mark; write it with numpy.save".into())
    })?;
    let (major, length, from) = match rest {
        [1, _, a, b, ..] => (1, u64::from(u16::from_le_bytes([*a, *b])), 10usize),
        [major @ (2 | 3), _, a, b, c, d, ..] => (*major, u64::from(u32::from_le_bytes([*a, *b, *c, *d])), 12),
        [] | [1..=3, ..] => return Err(truncated()),
        [major, ..] => {
            return Err(NpyError(format!(
                "is of .npy format {major}, of which nothing is known; save it with format 1.0"
            )));
        }
    };
    let end = usize::try_from(length).ok().and_then(|n| from.checked_add(n)).ok_or_else(truncated)?;
    let header = file.get(from..end).ok_or_else(truncated)?;
    let header = std::str::from_utf8(header)
        .map_err(|_| NpyError(format!("has a header (format {major}) that is not text: it is damaged")))?;
    Ok((header, end))
}

/// Reads `{'descr': '<i2', 'fortran_order': False, 'shape': (3, 60000), }`, keys in any order.
fn parse_header(header: &str) -> Result<(Element, Vec<usize>), NpyError> {
    let damaged = |what: &str| NpyError(format!("has a header that cannot be read ({what}): it is damaged"));
    let mut rest = header.trim();
    rest = rest.strip_prefix('{').and_then(|r| r.strip_suffix('}')).ok_or_else(|| damaged("no dictionary"))?.trim();
    let (mut element, mut order, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (key, after) = quoted(rest).ok_or_else(|| damaged("a key is missing"))?;
        let after = after.trim_start().strip_prefix(':').ok_or_else(|| damaged("a colon is missing"))?.trim_start();
        let after = match key {
            "descr" => {
                let (text, after) = quoted(after).ok_or_else(|| {
                    NpyError("holds records with named fields; save each field as an array of its own".into())
                })?;
                element = Some(parse_element(text)?);
                after
            }
            "fortran_order" => {
                let (value, after) = if let Some(after) = after.strip_prefix("False") {
                    (false, after)
                } else {
                    (true, after.strip_prefix("True").ok_or_else(|| damaged("fortran_order"))?)
                };
                order = Some(value);
                after
            }
            "shape" => {
                let (inner, after) =
                    after.strip_prefix('(').and_then(|a| a.split_once(')')).ok_or_else(|| damaged("shape"))?;
                let parts = inner.split(',').map(str::trim).filter(|p| !p.is_empty());
                let lengths: Option<Vec<usize>> = parts.map(|p| p.parse().ok()).collect();
                shape = Some(lengths.filter(|l| l.len() <= 16).ok_or_else(|| damaged("shape"))?);
                after
            }
            other => return Err(damaged(&format!("unknown key {:?}", other.chars().take(20).collect::<String>()))),
        };
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    let (Some(element), Some(fortran), Some(shape)) = (element, order, shape) else {
        return Err(damaged("descr, fortran_order or shape is missing"));
    };
    if fortran {
        return Err(NpyError("is in Fortran order; save it with numpy.save(path, numpy.ascontiguousarray(a))".into()));
    }
    Ok((element, shape))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.get(1..)?.split_once(quote)
}

fn parse_element(text: &str) -> Result<Element, NpyError> {
    let shown: String = text.chars().take(20).collect();
    let readable = "the types read are bool, int8 to int64, uint8 to uint64, float32 and float64";
    let mut chars = text.chars();
    let order = chars.next();
    let kind = chars.next();
    let size: usize = chars.as_str().parse().unwrap_or(0);
    let element = match (kind, size) {
        (Some('b'), 1) => Element::Bool,
        (Some('i'), 1 | 2 | 4 | 8) => Element::Signed(size),
        (Some('u'), 1 | 2 | 4 | 8) => Element::Unsigned(size),
        (Some('f'), 4 | 8) => Element::Float(size),
        _ => {
            return Err(NpyError(format!(
                "holds elements of type {shown:?}; {readable}: convert it with a.astype('<f4')"
            )));
        }
    };
    match order {
        Some('<') => Ok(element),
        Some('|') if size == 1 => Ok(element),
        Some('>') => Err(NpyError(format!(
            "is big-endian ({shown}); save it as little-endian with a.astype(a.dtype.newbyteorder('<'))"
        ))),
        _ => Err(NpyError(format!("has elements of an unknown byte order ({shown:?}); {readable}, little-endian"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut f = b"\x93NUMPY\x01\x00".to_vec();
        f.extend((header.len() as u16).to_le_bytes());
        f.extend(header.as_bytes());
        f.extend(data);
        f
    }

    fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}   \n")
    }

    #[test]
    fn reads_every_type() {
        let whole = |descr, data: &[u8]| {
            Array::parse(file(&header(descr, "(1,)"), data)).unwrap().get(0).and_then(Number::whole).unwrap()
        };
        assert_eq!(whole("|i1", &[0xff]), -1);
        assert_eq!(whole("<i2", &(-300i16).to_le_bytes()), -300);
        assert_eq!(whole("<i4", &(-70_000i32).to_le_bytes()), -70_000);
        assert_eq!(whole("<i8", &i64::MIN.to_le_bytes()), i64::MIN);
        assert_eq!(whole("|u1", &[200]), 200);
        assert_eq!(whole("<u2", &65_535u16.to_le_bytes()), 65_535);
        assert_eq!(whole("<u4", &u32::MAX.to_le_bytes()), i64::from(u32::MAX));
        assert_eq!(whole("<u8", &u64::MAX.to_le_bytes()), i64::MAX);
        assert_eq!(whole("|b1", &[1]), 1);
        let real = |descr, data: &[u8]| Array::parse(file(&header(descr, "()"), data)).unwrap().get(0).unwrap().real();
        assert_eq!(real("<f4", &1.5f32.to_le_bytes()), 1.5);
        assert_eq!(real("<f8", &(-0.1f64).to_le_bytes()), -0.1);
    }

    #[test]
    fn keeps_the_order_of_elements() {
        let data: Vec<u8> = (0i16..6).flat_map(i16::to_le_bytes).collect();
        let a = Array::parse(file(&header("<i2", "(2, 3)"), &data)).unwrap();
        assert_eq!(a.shape(), [2, 3]);
        assert_eq!(
            (0..7).map(|i| a.get(i).and_then(Number::whole)).collect::<Vec<_>>(),
            [Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), None]
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let problem = |bytes: Vec<u8>| Array::parse(bytes).unwrap_err().to_string();
        assert!(problem(b"PK\x03\x04".to_vec()).contains("not a .npy file"));
        assert!(problem(file(&header(">i2", "(1,)"), &[0; 2])).contains("big-endian"));
        assert!(problem(file(&header("<f2", "(1,)"), &[0; 2])).contains("float32"));
        assert!(problem(file(&header("|O", "(1,)"), &[0; 2])).contains("float32"));
        assert!(problem(file(&header("<i2", "(2,)"), &[0; 2])).contains("promises 4 bytes"));
        assert!(problem(file(&header("<i2", "(99999999999, 99999999999)"), &[0; 2])).contains("more bytes"));
        assert!(problem(file("{'descr': '<i2', 'fortran_order': True, 'shape': (1,)}", &[0; 2])).contains("Fortran"));
        assert!(problem(file("{'descr': [('a', '<i2')], 'fortran_order': True}", &[0; 2])).contains("named fields"));
        assert!(problem(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec()).contains("cut short"));
        assert!(problem(b"\x93NUMPY\x09\x00".to_vec()).contains("format 9"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(tail in proptest::collection::vec(any::<u8>(), 0..200), marked: bool) {
            let mut bytes = if marked { b"\x93NUMPY\x01\x00".to_vec() } else { Vec::new() };
            bytes.extend(tail);
            let _ = Array::parse(bytes);
        }

        #[test]
        fn any_header_is_read_or_refused(text in "[{}()',:<>|a-z0-9 ]{0,80}", data in proptest::collection::vec(any::<u8>(), 0..16)) {
            let _ = Array::parse(file(&text, &data));
            let _ = Array::parse(file(&header("<i2", &text), &data));
            let _ = Array::parse(file(&header(&text, "(1,)"), &data));
        }
    }
}
