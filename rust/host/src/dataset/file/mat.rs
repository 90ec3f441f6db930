//! MATLAB files of level 5 (`save -v6` and `-v7`): numeric variables by name.

use super::array::{Array, ArrayError, Element};
use super::text;
use matfile::{MatFile, NumericData};
use std::path::Path;

/// Files beyond this are refused rather than read into memory.
const LARGEST: u64 = 1 << 30;

/// Reads a variable; without a name the only one.
///
/// # Errors
/// [`ArrayError`] says what is wrong with the file, and which variables it has.
pub fn open(path: &Path, variable: Option<&str>) -> Result<Array, ArrayError> {
    let bytes = text::bytes(path, LARGEST).map_err(ArrayError)?;
    if bytes.starts_with(b"\x89HDF") || bytes.get(512..516) == Some(b"\x89HDF") || bytes.starts_with(b"MATLAB 7.3") {
        return Err(ArrayError("is a MATLAB file of version 7.3 (HDF5); save it with save(..., '-v7')".into()));
    }
    let file = MatFile::parse(bytes.as_slice()).map_err(|_| {
        ArrayError("is no MATLAB file of level 5 that can be read; save it with save(..., '-v7')".into())
    })?;
    let names: Vec<String> = file.arrays().iter().map(|a| format!("{} {:?}", a.name(), a.size())).collect();
    let found = match (variable, file.arrays().as_slice()) {
        (Some(name), arrays) => arrays.iter().find(|a| a.name() == name),
        (None, [only]) => Some(only),
        (None, []) => return Err(ArrayError("has no numeric variable".into())),
        (None, _) => {
            let problem =
                format!("has {} numeric variables; name one by variable = \"...\": {}", names.len(), names.join(", "));
            return Err(ArrayError(problem));
        }
    };
    let Some(found) = found else {
        let name = variable.unwrap_or("");
        let there = if names.is_empty() { "none".into() } else { names.join(", ") };
        return Err(ArrayError(format!("has no numeric variable {name:?}; it has {there}")));
    };
    let (element, bytes, imaginary) = numbers(found.data());
    if imaginary {
        return Err(ArrayError(format!(
            "{} is complex; save abs({0}), or real and imaginary part apart",
            found.name()
        )));
    }
    let shape = found.size().clone();
    let needed = shape.iter().try_fold(element.bytes(), |n, d| n.checked_mul(*d));
    if needed != Some(bytes.len()) {
        return Err(ArrayError(format!(
            "{} does not have the numbers of its shape {shape:?}; it is damaged",
            found.name()
        )));
    }
    Ok(Array { shape, element, big_endian: false, fortran: true, bytes })
}

fn numbers(data: &NumericData) -> (Element, Vec<u8>, bool) {
    macro_rules! plain {
        ($real:expr, $imag:expr, $element:expr) => {
            ($element, $real.iter().flat_map(|v| v.to_le_bytes()).collect(), $imag.is_some())
        };
    }
    match data {
        NumericData::Int8 { real, imag } => plain!(real, imag, Element::Signed(1)),
        NumericData::UInt8 { real, imag } => plain!(real, imag, Element::Unsigned(1)),
        NumericData::Int16 { real, imag } => plain!(real, imag, Element::Signed(2)),
        NumericData::UInt16 { real, imag } => plain!(real, imag, Element::Unsigned(2)),
        NumericData::Int32 { real, imag } => plain!(real, imag, Element::Signed(4)),
        NumericData::UInt32 { real, imag } => plain!(real, imag, Element::Unsigned(4)),
        NumericData::Int64 { real, imag } => plain!(real, imag, Element::Signed(8)),
        NumericData::UInt64 { real, imag } => plain!(real, imag, Element::Unsigned(8)),
        NumericData::Single { real, imag } => plain!(real, imag, Element::Float(4)),
        NumericData::Double { real, imag } => plain!(real, imag, Element::Float(8)),
    }
}
