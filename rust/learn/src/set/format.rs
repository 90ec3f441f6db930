//! How the numbers of a row are kept.

use serde::{Deserialize, Serialize};

/// How a row's numbers are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// As `f32`.
    #[default]
    F32,
    /// In 16 bits with a step per feature.
    I16,
    /// In 8 bits with a step per feature.
    I8,
}

impl Format {
    /// Whether this build keeps rows so: feature `rows-f32`, `rows-i16` or `rows-i8` of this crate.
    pub const fn is_built(self) -> bool {
        match self {
            Self::F32 => cfg!(feature = "rows-f32"),
            Self::I16 => cfg!(feature = "rows-i16"),
            Self::I8 => cfg!(feature = "rows-i8"),
        }
    }

    /// This format; in a build that has only one, that one.
    pub const fn kept(self) -> Self {
        match [Self::F32.is_built(), Self::I16.is_built(), Self::I8.is_built()] {
            [true, false, false] => Self::F32,
            [false, true, false] => Self::I16,
            [false, false, true] => Self::I8,
            _ => self,
        }
    }

    /// Bytes per number.
    pub const fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::I16 => 2,
            Self::I8 => 1,
        }
    }

    /// Words that a row of `features` numbers takes.
    pub const fn row_words(self, features: usize) -> usize {
        crate::words(features, self.size())
    }

    /// The stored row that these words hold.
    pub fn row(self, words: &[u32], features: usize) -> Option<StoredRow<'_>> {
        Some(match self {
            Self::F32 => StoredRow::F32(bytemuck::try_cast_slice(words).ok()?.get(..features)?),
            Self::I16 => StoredRow::I16(bytemuck::try_cast_slice(words).ok()?.get(..features)?),
            Self::I8 => StoredRow::I8(bytemuck::try_cast_slice(words).ok()?.get(..features)?),
        })
    }

    /// Least and greatest integer stored.
    pub(super) const fn limits(self) -> (i32, i32) {
        match self {
            Self::I8 => (i8::MIN as i32, i8::MAX as i32),
            _ => (i16::MIN as i32, i16::MAX as i32),
        }
    }
}

/// A row as stored; feature j is offset_j + step_j·v.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StoredRow<'a> {
    /// Of a set in `f32`.
    F32(&'a [f32]),
    /// Of a set in 16 bits.
    I16(&'a [i16]),
    /// Of a set in 8 bits.
    I8(&'a [i8]),
}
