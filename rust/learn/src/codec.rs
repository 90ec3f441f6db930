//! Models and parameters as bytes, in postcard's encoding (<https://postcard.jamesmunns.com/wire-format>).
//!
//! What is small derives serde's traits. What has a capacity of its own is read into its place: no copy of a model, nor of an
//! array of it, lies on the stack. A derived type takes any number of its fields' types, so whoever reads checks the values.

use crate::payload::De;
use core::marker::PhantomData;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};

pub use postcard::{Error, Result};

/// What was read is not of a model.
pub const REFUSED: Error = Error::SerdeDeCustom;

/// What was read is good.
///
/// # Errors
/// [`REFUSED`] if not.
pub fn check(good: bool) -> Result<()> {
    if good { Ok(()) } else { Err(REFUSED) }
}

/// Reads a value into its place, field by field: what is read never lies on the stack as well. The place holds anything where
/// this fails.
///
/// # Errors
/// Postcard's.
pub fn read<'de, T: Deserialize<'de>>(input: &mut De<'de>, place: &mut T) -> Result<()> {
    T::deserialize_in_place(input, place)
}

/// Reads a list of as many items as there are places.
///
/// # Errors
/// Postcard's; [`REFUSED`] where the list has another length. The places then hold anything.
pub fn fill<'de, T: Deserialize<'de>>(input: &mut De<'de>, places: &mut [T]) -> Result<()> {
    // Postcard's list: its length as a whole number, then the items.
    let length = u32::deserialize(&mut *input)?;
    check(usize::try_from(length) == Ok(places.len()))?;
    for place in places {
        *place = T::deserialize(&mut *input)?;
    }
    Ok(())
}

/// [`fill`] with real numbers of `least` to `most`.
///
/// # Errors
/// As [`fill`], and that one is outside.
pub fn fill_reals(input: &mut De<'_>, places: &mut [f32], least: f32, most: f32) -> Result<()> {
    fill(input, places)?;
    check(places.iter().all(|v| *v >= least && *v <= most))
}

/// A list of so many bytes, where they lie.
///
/// # Errors
/// Postcard's; [`REFUSED`] where there are more or fewer.
pub fn bytes<'de>(input: &mut De<'de>, count: usize) -> Result<&'de [u8]> {
    let bytes = <&[u8]>::deserialize(input)?;
    check(bytes.len() == count)?;
    Ok(bytes)
}

#[cfg(not(target_endian = "little"))]
compile_error!("words are written as they lie in memory, little-endian");

/// To be written as a list of bytes, four a word, least significant first.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a>(
    /// The words.
    pub &'a [u32],
);

impl Serialize for Words<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytemuck::cast_slice(self.0))
    }
}

/// Reads [`Words`], as many as there are places.
///
/// # Errors
/// As [`bytes`].
pub fn words(input: &mut De<'_>, places: &mut [u32]) -> Result<()> {
    let bytes = bytes(input, size_of_val(places))?;
    places.iter_mut().zip(bytes.as_chunks().0).for_each(|(place, word)| *place = u32::from_le_bytes(*word));
    Ok(())
}

/// To be written as a list.
#[derive(Clone, Copy, Debug)]
pub struct List<T, F: Fn(&mut dyn FnMut(T))> {
    count: usize,
    each: F,
    item: PhantomData<T>,
}

impl<T, F: Fn(&mut dyn FnMut(T))> List<T, F> {
    /// So many items, each of which `each` passes on, in order.
    pub const fn new(count: usize, each: F) -> Self {
        Self { count, each, item: PhantomData }
    }
}

impl<T: Serialize, F: Fn(&mut dyn FnMut(T))> Serialize for List<T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.count))?;
        let mut result = Ok(());
        (self.each)(&mut |item| {
            if result.is_ok() {
                result = list.serialize_element(&item);
            }
        });
        result?;
        list.end()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    fn read<T>(bytes: &[u8], read: impl FnOnce(&mut De<'_>) -> Result<T>) -> Result<T> {
        let mut input = De::from_bytes(bytes);
        let value = read(&mut input)?;
        check(input.finalize()?.is_empty()).map(|()| value)
    }

    #[test]
    fn a_list_fills_as_many_places() {
        let written = postcard::to_stdvec(&[1.0f32, -2.0, 0.5][..]).unwrap();
        let mut places = [0.0; 3];
        assert_eq!(read(&written, |r| fill_reals(r, &mut places, -2.0, 1.0)), Ok(()));
        assert_eq!(places, [1.0, -2.0, 0.5]);
        assert!(read(&written, |r| fill_reals(r, &mut places, -1.9, 1.0)).is_err());
        assert!(read(&written, |r| fill_reals(r, &mut places[..2], -2.0, 1.0)).is_err());
        assert!(read(&written, |r| fill_reals(r, &mut [0.0; 4], -2.0, 1.0)).is_err());
        let end = read(&written[..written.len() - 1], |r| fill(r, &mut places));
        assert_eq!(end, Err(Error::DeserializeUnexpectedEnd));
        let nan = postcard::to_stdvec(&[f32::NAN][..]).unwrap();
        assert!(read(&nan, |r| fill_reals(r, &mut places[..1], f32::MIN, f32::MAX)).is_err());
    }

    #[test]
    fn words_come_back() {
        let written = postcard::to_stdvec(&Words(&[1, 0x8000_0002])).unwrap();
        assert_eq!(written, [8, 1, 0, 0, 0, 2, 0, 0, 128]);
        let mut places = [0; 2];
        assert_eq!(read(&written, |r| words(r, &mut places)), Ok(()));
        assert_eq!(places, [1, 0x8000_0002]);
        assert!(read(&written, |r| words(r, &mut places[..1])).is_err());
    }

    #[test]
    fn bytes_stay_where_they_are_and_lists_are_postcards() {
        let written = postcard::to_stdvec(&List::new(3, |put| (7u8..10).for_each(put))).unwrap();
        assert_eq!(written, postcard::to_stdvec(&[7u8, 8, 9][..]).unwrap());
        let mut input = De::from_bytes(&written);
        assert_eq!(bytes(&mut input, 3).unwrap().as_ptr(), written[1..].as_ptr());
        assert!(read(&written, |r| bytes(r, 2).map(|_| ())).is_err());
        // A length far beyond the bytes that there are.
        assert_eq!(
            read(&[0xff, 0xff, 0xff, 0xff, 0x0f], |r| bytes(r, 2).map(|_| ())),
            Err(Error::DeserializeUnexpectedEnd)
        );
    }
}
