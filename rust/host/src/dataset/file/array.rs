//! Arrays of numbers, whatever file they come from.

use super::{Format, fault, mat, npy, wav};
use crate::dataset::Fault;
use std::path::Path;

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

/// What the elements of an array are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Signed, of so many bytes.
    Signed(usize),
    /// Unsigned, of so many bytes.
    Unsigned(usize),
    /// Floating-point, of so many bytes.
    Float(usize),
    /// A byte that is not 0 when true.
    Bool,
}

impl Element {
    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Self::Signed(n) | Self::Unsigned(n) | Self::Float(n) => n,
            Self::Bool => 1,
        }
    }
}

/// An array of any number of axes.
#[derive(Clone, Debug)]
pub struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) element: Element,
    /// Bytes are most significant first.
    pub(super) big_endian: bool,
    /// The first axis varies fastest.
    pub(super) fortran: bool,
    pub(super) bytes: Vec<u8>,
}

/// Why a file is not an array that can be read, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayError(pub String);

impl std::fmt::Display for ArrayError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ArrayError {}

impl Array {
    /// Reads the array of a file, of a MATLAB file this variable.
    ///
    /// # Errors
    /// [`Fault`] names the file.
    pub fn read(path: &Path, variable: Option<&str>) -> Result<Self, Fault> {
        let failed = |e: ArrayError| fault(path, None, e.0);
        match Format::of(&path.to_string_lossy()) {
            Some(Format::Npy) => npy::open(path).map_err(failed),
            Some(Format::Mat) => mat::open(path, variable).map_err(failed),
            Some(Format::Wav) => wav::open(path).map(|w| w.array).map_err(failed),
            _ => Err(fault(path, None, "is no array; give a .npy or .mat file")),
        }
    }

    /// Length of each axis.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Elements from one index of each axis to the next, in the order in which they are stored.
    pub fn strides(&self) -> Vec<usize> {
        let mut stride = 1usize;
        let mut strides = vec![0; self.shape.len()];
        let mut place = |axis: usize| {
            if let (Some(s), Some(length)) = (strides.get_mut(axis), self.shape.get(axis)) {
                *s = stride;
                stride = stride.saturating_mul(*length);
            }
        };
        let axes = self.shape.len();
        (0..axes).for_each(|i| place(if self.fortran { i } else { axes - 1 - i }));
        strides
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

    /// Element `index` in the order in which they are stored; `None` beyond the end. An unsigned 64-bit value beyond
    /// `i64::MAX` saturates.
    pub fn get(&self, index: usize) -> Option<Number> {
        let size = self.element.bytes();
        let from = index.checked_mul(size)?;
        let bytes = self.bytes.get(from..from.checked_add(size)?)?;
        let mut word = [0u8; 8];
        word.get_mut(..size)?.copy_from_slice(bytes);
        if self.big_endian {
            word.get_mut(..size)?.reverse();
        }
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
