//! Models and parameters as bytes, in postcard's encoding (<https://postcard.jamesmunns.com/wire-format>), by one writer
//! and one reader for all learners.
//!
//! A derived codec is code for every field of every type, and an error after each. Here a field is one call, and an
//! error stays with the reader until the end: what is read after it is 0, which harms nothing, since whoever reads
//! checks values in any case. A [`Serialize`] and a `Deserialize` are made of them by [`serialize`] and
//! [`deserialize`], for postcard alone, as they pass bytes.

use crate::{Kind, Setting, Value};
use core::fmt;
#[cfg(doc)]
use serde::Serialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeTuple, Serializer};

/// Takes values in order.
pub struct Writer<'a>(&'a mut dyn FnMut(u8));

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

impl<'a> Writer<'a> {
    /// Gives `put` the bytes.
    pub fn new(put: &'a mut dyn FnMut(u8)) -> Self {
        Self(put)
    }

    /// A byte, a flag, or a choice of at most 128.
    pub fn byte(&mut self, value: u8) {
        (self.0)(value);
    }

    /// A whole number that is not negative, of 16 or 32 bits, or the length of a sequence.
    pub fn uint(&mut self, value: u32) {
        self.long(value.into());
    }

    /// A whole number that is not negative, of 64 bits.
    pub fn long(&mut self, mut value: u64) {
        while value > 0x7f {
            self.byte(value as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    /// A whole number.
    pub fn int(&mut self, value: i32) {
        self.uint(((value << 1) ^ (value >> 31)) as u32);
    }

    /// A real number.
    pub fn real(&mut self, value: f32) {
        self.raw(&value.to_le_bytes());
    }

    /// Bytes as they are, without their number.
    pub fn raw(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.byte(*byte));
    }

    /// Their number, and bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.uint(bytes.len() as u32);
        self.raw(bytes);
    }

    /// Their number, and real numbers.
    pub fn reals(&mut self, values: &[f32]) {
        self.uint(values.len() as u32);
        values.iter().for_each(|value| self.real(*value));
    }

    /// Parameters, by the numbers of their settings in this order.
    pub fn settings(&mut self, order: &[u8], get: &dyn Fn(usize) -> Option<Value>) {
        for index in order {
            match get(usize::from(*index)) {
                Some(Value::Int(v)) => self.uint(v.unsigned_abs()),
                Some(Value::Real(v)) => self.real(v),
                Some(Value::Flag(v)) => self.byte(v.into()),
                Some(Value::Choice(v)) => self.byte(v),
                None => {}
            }
        }
    }
}

/// Gives values in order.
pub struct Reader<'a> {
    next: &'a mut dyn FnMut() -> Option<u8>,
    failed: bool,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("failed", &self.failed).finish()
    }
}

impl<'a> Reader<'a> {
    /// Takes bytes from `next`, which gives none at the end.
    pub fn new(next: &'a mut dyn FnMut() -> Option<u8>) -> Self {
        Self { next, failed: false }
    }

    /// What was read is refused.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Refuses what was read unless this holds.
    pub fn check(&mut self, good: bool) {
        self.failed |= !good;
    }

    /// Whether all was good so far.
    pub fn is_good(&self) -> bool {
        !self.failed
    }

    /// A byte, or 0 when something failed.
    pub fn byte(&mut self) -> u8 {
        let byte = if self.failed { None } else { (self.next)() };
        self.check(byte.is_some());
        byte.unwrap_or(0)
    }

    /// A flag.
    pub fn flag(&mut self) -> bool {
        let byte = self.byte();
        self.check(byte < 2);
        byte == 1
    }

    /// A whole number that is not negative, up to `most`.
    pub fn uint(&mut self, most: u32) -> u32 {
        self.long(most.into()) as u32
    }

    /// A whole number of 64 bits that is not negative, up to `most`.
    pub fn long(&mut self, most: u64) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            // A short number has five bytes at most; of the tenth byte of a long one a single bit counts.
            let room = if most <= u32::MAX.into() { 28 } else { 63 };
            if byte < 0x80 || shift >= room {
                self.check(byte < 0x80 && (shift < 63 || byte < 2) && value <= most);
                return if self.failed { 0 } else { value };
            }
            shift += 7;
        }
    }

    /// A whole number of 16 bits that is not negative.
    pub fn short(&mut self) -> u16 {
        self.uint(u16::MAX.into()) as u16
    }

    /// A whole number.
    pub fn int(&mut self) -> i32 {
        let value = self.uint(u32::MAX);
        (value >> 1) as i32 ^ -((value & 1) as i32)
    }

    /// A real number of any bits.
    pub fn real(&mut self) -> f32 {
        let mut bytes = [0; 4];
        bytes.iter_mut().for_each(|byte| *byte = self.byte());
        f32::from_le_bytes(bytes)
    }

    /// A real number of at most `most` either way.
    pub fn within(&mut self, most: f32) -> f32 {
        let value = self.real();
        self.check(value.abs() <= most);
        value
    }

    /// Their number, which is that of the places, and bytes.
    pub fn bytes(&mut self, places: &mut [u8]) {
        self.count(places.len());
        places.iter_mut().for_each(|place| *place = self.byte());
    }

    /// The length of a sequence, which must be this.
    pub fn count(&mut self, expected: usize) {
        let count = self.uint(u32::MAX);
        self.check(count as usize == expected);
    }

    /// Their number, which is that of the places, and real numbers of at most `most` either way.
    pub fn reals(&mut self, places: &mut [f32], most: f32) {
        self.count(places.len());
        places.iter_mut().for_each(|place| *place = self.within(most));
    }

    /// Parameters, by the numbers of their settings in this order; `store` may refuse one. Ranges are not checked here.
    pub fn settings(&mut self, order: &[u8], table: &[Setting], store: &mut dyn FnMut(usize, Value) -> bool) {
        for index in order.iter().map(|i| usize::from(*i)) {
            let value = match table.get(index).map(|s| s.kind) {
                Some(Kind::Int { .. }) => Value::Int(self.uint(i32::MAX as u32) as i32),
                Some(Kind::Real { .. }) => Value::Real(self.real()),
                Some(Kind::Flag) => Value::Flag(self.flag()),
                Some(Kind::Choice(_)) => Value::Choice(self.byte()),
                None => return self.fail(),
            };
            if !self.failed {
                let stored = store(index, value);
                self.check(stored);
            }
        }
    }
}

/// What `Serialize` passes on: `encode` writes the value, or says false when there is none.
///
/// # Errors
/// The format's, and that there is no value.
pub fn serialize<S: Serializer>(serializer: S, encode: &dyn Fn(&mut Writer<'_>) -> bool) -> Result<S::Ok, S::Error> {
    // A tuple, as a sequence would begin with its length.
    let mut tuple = serializer.serialize_tuple(0)?;
    let mut result = Ok(());
    let mut put = |byte: u8| {
        if result.is_ok() {
            result = tuple.serialize_element(&byte);
        }
    };
    if !encode(&mut Writer::new(&mut put)) {
        return Err(S::Error::custom("nothing to write"));
    }
    result?;
    tuple.end()
}

/// Reads a value by `decode`, which may refuse it.
///
/// # Errors
/// The format's, and that the value was refused.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
    decode: &mut dyn FnMut(&mut Reader<'_>),
) -> Result<(), D::Error> {
    deserializer.deserialize_tuple(usize::MAX, Bytes(decode))
}

struct Bytes<'a>(&'a mut dyn FnMut(&mut Reader<'_>));

impl<'de> Visitor<'de> for Bytes<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes of a model")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        use serde::de::Error;
        let mut error = None;
        let mut next = || match seq.next_element::<u8>() {
            Ok(byte) => byte,
            Err(e) => {
                error = Some(e);
                None
            }
        };
        let mut reader = Reader::new(&mut next);
        (self.0)(&mut reader);
        let good = reader.is_good();
        match error {
            Some(error) => Err(error),
            None if good => Ok(()),
            None => Err(A::Error::custom("refused")),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn written(write: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut Writer::new(&mut |byte| bytes.push(byte)));
        bytes
    }

    /// What is read, and whether it was good and all.
    fn read<T>(bytes: &[u8], read: impl Fn(&mut Reader<'_>) -> T) -> (T, bool) {
        let mut rest = bytes.iter().copied();
        let mut next = || rest.next();
        let mut reader = Reader::new(&mut next);
        let value = read(&mut reader);
        let good = reader.is_good();
        (value, good && rest.next().is_none())
    }

    #[test]
    fn what_is_read_after_a_failure_is_nothing() {
        let all = |r: &mut Reader<'_>| (r.flag(), r.byte(), r.uint(9), r.int(), r.real());
        assert_eq!(read(&[2, 7, 7, 7, 7, 7, 7, 7], all), ((false, 0, 0, 0, 0.0), false));
        assert_eq!(read(&[1, 7, 9, 1, 0, 0, 0, 64], all), ((true, 7, 9, -1, 2.0), true));
        assert_eq!(read(&[1, 7, 10, 1, 0, 0, 0, 64], all), ((true, 7, 0, 0, 0.0), false));
        assert!(!read(&[1, 7, 9, 1, 0, 0, 0], all).1);
        assert!(!read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0], |r| r.uint(u32::MAX)).1);
        assert!(!read(&[0xff, 0xff, 0xff, 0xff, 0x1f], |r| r.uint(u32::MAX)).1);
        let long = |last| [[0xff; 9].as_slice(), &[last]].concat();
        assert_eq!(read(&long(1), |r| r.long(u64::MAX)), (u64::MAX, true));
        assert_eq!(read(&long(2), |r| r.long(u64::MAX)), (0, false));
        assert_eq!(read(&long(0x81), |r| r.long(u64::MAX)), (0, false));
        assert!(!read(&[0, 0, 192, 127], |r| r.within(f32::INFINITY)).1);
    }

    proptest! {
        #[test]
        fn numbers_are_postcards(a: u32, b: i32, c: u16, d: f32, f: u64, e in proptest::collection::vec(any::<f32>(), 0..200)) {
            let bytes = written(|w| {
                w.uint(a);
                w.int(b);
                w.uint(c.into());
                w.real(d);
                w.long(f);
                w.reals(&e);
                w.bytes(&[1, 2]);
            });
            prop_assert_eq!(&bytes, &postcard::to_stdvec(&(a, b, c, d, f, &e, &[1u8, 2][..])).unwrap());
            let mut found = std::vec![0.0; e.len()];
            let (back, good) = read(&bytes, |r| {
                let numbers = (r.uint(u32::MAX), r.int(), r.short(), r.real().to_bits(), r.long(u64::MAX));
                r.count(e.len());
                (numbers, (0..e.len()).map(|_| r.real().to_bits()).collect::<Vec<_>>(), { r.bytes(&mut [0; 2]); })
            });
            found.copy_from_slice(&e);
            prop_assert!(good);
            prop_assert_eq!(back.0, (a, b, c, d.to_bits(), f));
            prop_assert_eq!(back.1, found.iter().map(|f| f.to_bits()).collect::<Vec<_>>());
        }
    }
}
