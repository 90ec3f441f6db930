//! NumPy's `.npy` files, read strictly.
//!
//! Written here because the files are untrusted: the crates that read them take a header's length and nesting on
//! trust. This reader allocates nothing that the file's own size does not bound.

use super::array::{Array, ArrayError, Element};
use super::text;
use std::path::Path;

/// Files beyond this are refused rather than read into memory.
const LARGEST: u64 = 2 << 30;

/// Reads a file, compressed by gzip or not.
///
/// # Errors
/// [`ArrayError`] says what is wrong with it.
pub fn open(path: &Path) -> Result<Array, ArrayError> {
    Array::parse(text::bytes(path, LARGEST).map_err(ArrayError)?)
}

impl Array {
    /// Reads the bytes of a .npy file.
    ///
    /// # Errors
    /// [`ArrayError`] says what is wrong with them.
    pub fn parse(mut file: Vec<u8>) -> Result<Self, ArrayError> {
        let (header, start) = split_header(&file)?;
        let Header { element, big_endian, fortran, shape } = parse_header(header)?;
        let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        let needed = count.and_then(|n| n.checked_mul(element.bytes()));
        let present = file.len() - start;
        if needed != Some(present) {
            let needed = needed.map_or("more bytes than there can be".into(), |n| format!("{n} bytes"));
            return Err(ArrayError(format!(
                "its header of shape {shape:?} promises {needed} of data, but {present} follow; it was cut short: copy it again"
            )));
        }
        file.drain(..start);
        Ok(Self { shape, element, big_endian, fortran, bytes: file })
    }
}

/// What a header says.
struct Header {
    element: Element,
    big_endian: bool,
    fortran: bool,
    shape: Vec<usize>,
}

/// The header's text and where the data begin.
fn split_header(file: &[u8]) -> Result<(&str, usize), ArrayError> {
    let truncated = || ArrayError("ends within its header: it is cut short or not a .npy file".into());
    let rest = file.strip_prefix(b"\x93NUMPY").ok_or_else(|| {
        ArrayError("is not a .npy file: it does not begin with NumPy's mark; write it with numpy.save".into())
    })?;
    let (major, length, from) = match rest {
        [1, _, a, b, ..] => (1, u64::from(u16::from_le_bytes([*a, *b])), 10usize),
        [major @ (2 | 3), _, a, b, c, d, ..] => (*major, u64::from(u32::from_le_bytes([*a, *b, *c, *d])), 12),
        [] | [1..=3, ..] => return Err(truncated()),
        [major, ..] => {
            return Err(ArrayError(format!(
                "is of .npy format {major}, of which nothing is known; save it with format 1.0"
            )));
        }
    };
    let end = usize::try_from(length).ok().and_then(|n| from.checked_add(n)).ok_or_else(truncated)?;
    let header = file.get(from..end).ok_or_else(truncated)?;
    let header = std::str::from_utf8(header)
        .map_err(|_| ArrayError(format!("has a header (format {major}) that is not text: it is damaged")))?;
    Ok((header, end))
}

/// Reads `{'descr': '<i2', 'fortran_order': False, 'shape': (3, 60000), }`, keys in any order.
fn parse_header(header: &str) -> Result<Header, ArrayError> {
    let damaged = |what: &str| ArrayError(format!("has a header that cannot be read ({what}): it is damaged"));
    let mut rest = header.trim();
    rest = rest.strip_prefix('{').and_then(|r| r.strip_suffix('}')).ok_or_else(|| damaged("no dictionary"))?.trim();
    let (mut element, mut order, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (key, after) = quoted(rest).ok_or_else(|| damaged("a key is missing"))?;
        let after = after.trim_start().strip_prefix(':').ok_or_else(|| damaged("a colon is missing"))?.trim_start();
        let after = match key {
            "descr" => {
                let (text, after) = quoted(after).ok_or_else(|| {
                    ArrayError("holds records with named fields; save each field as an array of its own".into())
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
    let (Some((element, big_endian)), Some(fortran), Some(shape)) = (element, order, shape) else {
        return Err(damaged("descr, fortran_order or shape is missing"));
    };
    Ok(Header { element, big_endian, fortran, shape })
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text.get(1..)?.split_once(quote)
}

/// The type, and whether its most significant byte comes first.
fn parse_element(text: &str) -> Result<(Element, bool), ArrayError> {
    let shown: String = text.chars().take(20).collect();
    let readable = "the types read are bool, int8 to int64, uint8 to uint64, float32 and float64";
    let mut chars = text.chars();
    let order = chars.next();
    let kind = chars.next();
    let rest = chars.as_str();
    let size: usize = rest.parse().unwrap_or(0);
    let element = match (kind, size) {
        (Some('b'), 1) => Element::Bool,
        (Some('i'), 1 | 2 | 4 | 8) => Element::Signed(size),
        (Some('u'), 1 | 2 | 4 | 8) => Element::Unsigned(size),
        (Some('f'), 4 | 8) => Element::Float(size),
        _ => {
            // What NumPy itself would do with a plain `astype` loses a part, or fails.
            let advice = match kind {
                Some('U' | 'S' | 'a') => {
                    "texts: number them with numpy.unique(a, return_inverse=True)[1], or, if they are numbers, convert them with a.astype(float)"
                }
                Some('c') => "complex numbers: save numpy.abs(a), or numpy.stack([a.real, a.imag], -1) as two channels",
                Some('M') => "dates: save a.astype('datetime64[us]').astype('int64')",
                Some('m') => "spans of time: save a / numpy.timedelta64(1, 's')",
                Some('O') => {
                    "Python objects: save numpy.array(a.tolist(), dtype=float), which fails where they are no numbers"
                }
                Some('V') => "records: save each field as an array of its own",
                Some('f') => "floating-point numbers of a size not read: convert them with a.astype('<f8')",
                _ => "elements of an unknown type: save numbers",
            };
            return Err(ArrayError(format!("has the type {shown:?}, {advice}; {readable}")));
        }
    };
    match order {
        Some('<') => Ok((element, false)),
        Some('>') => Ok((element, true)),
        Some('|') if size == 1 => Ok((element, false)),
        _ => Err(ArrayError(format!("has elements of an unknown byte order ({shown:?}); {readable}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::array::Number;
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
    fn reads_either_order_of_bytes_and_axes() {
        let big: Vec<u8> = [1i16, -2, 300].iter().flat_map(|v| v.to_be_bytes()).collect();
        let a = Array::parse(file(&header(">i2", "(3,)"), &big)).unwrap();
        assert_eq!((0..3).filter_map(|i| a.get(i)?.whole()).collect::<Vec<_>>(), [1, -2, 300]);
        let real = Array::parse(file(&header(">f8", "(1,)"), &(-0.1f64).to_be_bytes())).unwrap();
        assert_eq!(real.get(0).map(Number::real), Some(-0.1));
        // [[0, 1, 2], [3, 4, 5]] column by column.
        let data: Vec<u8> = [0i16, 3, 1, 4, 2, 5].iter().flat_map(|v| v.to_le_bytes()).collect();
        let a = Array::parse(file("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3)}", &data)).unwrap();
        assert_eq!(a.strides(), [1, 2]);
        let at = |r: usize, c: usize| a.get(r * a.strides()[0] + c * a.strides()[1]).and_then(Number::whole);
        assert_eq!((at(0, 2), at(1, 0), at(1, 2)), (Some(2), Some(3), Some(5)));
    }

    #[test]
    fn says_what_is_wrong() {
        let problem = |bytes: Vec<u8>| Array::parse(bytes).unwrap_err().to_string();
        assert!(problem(b"PK\x03\x04".to_vec()).contains("not a .npy file"));
        assert!(problem(file(&header("=i2", "(1,)"), &[0; 2])).contains("byte order"));
        assert!(problem(file(&header("<f2", "(1,)"), &[0; 2])).contains("a.astype('<f8')"));
        assert!(problem(file(&header("|O", "(1,)"), &[0; 2])).contains("a.tolist()"));
        // `astype('<f4')` fails on texts and drops the imaginary part.
        for (descr, advice) in
            [("<U5", "return_inverse=True"), ("|S3", "return_inverse=True"), ("<c8", "a.real, a.imag")]
        {
            let text = problem(file(&header(descr, "(1,)"), &[0; 20]));
            assert!(text.contains(advice) && !text.contains("'<f4'"), "{text}");
        }
        assert!(problem(file(&header("<i2", "(2,)"), &[0; 2])).contains("promises 4 bytes"));
        assert!(problem(file(&header("<i2", "(99999999999, 99999999999)"), &[0; 2])).contains("more bytes"));
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
