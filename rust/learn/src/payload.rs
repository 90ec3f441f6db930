//! The learner's own numbers, in postcard's encoding (<https://postcard.jamesmunns.com/wire-format>).

use crate::sink::Sink;
use postcard::de_flavors::Slice;
use postcard::{Deserializer, Error};
use serde::Serialize;

/// The payload is not of the type that was asked for, or not of a size that this build has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadError {
    /// The bytes end inside a value.
    Short,
    /// Bytes are left over.
    Trailing {
        /// How many.
        extra: u32,
    },
    /// The learner refused them: a value out of range, or more than this build's capacity.
    Refused,
    /// The learner has no such layout, or this build does not read it.
    Layout,
}

/// Never fails, so that the code for a value has no branch behind each of its fields: a refusal is kept for the end.
struct Flavor<'s> {
    sink: &'s mut dyn Sink,
    refused: bool,
}

impl postcard::ser_flavors::Flavor for Flavor<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.refused = self.refused || self.sink.put(data).is_err();
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.try_extend(&[data])
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Why a value was not put whole. What the sink took must not be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutError {
    /// The sink takes no more.
    Sink,
    /// The value does not serialize: it is without content, or holds a number that cannot be written.
    Unwritable,
}

/// Puts `value`, as postcard encodes it.
///
/// # Errors
/// [`PutError`].
pub fn put<T: Serialize + ?Sized>(value: &T, sink: &mut dyn Sink) -> Result<(), PutError> {
    let mut serializer = postcard::Serializer { output: Flavor { sink, refused: false } };
    value.serialize(&mut serializer).map_err(|_| PutError::Unwritable)?;
    if serializer.output.refused { Err(PutError::Sink) } else { Ok(()) }
}

/// What a model is read from: postcard's encoding over bytes that stay where they are.
pub type De<'a> = Deserializer<'a, Slice<'a>>;

/// Lends `load` a deserializer over `bytes`, which are a container's payload, and checks that it took all of them.
///
/// # Errors
/// [`PayloadError`].
pub fn decode<'a, T>(
    bytes: &'a [u8],
    load: impl FnOnce(&mut Deserializer<'a, Slice<'a>>) -> postcard::Result<T>,
) -> Result<T, PayloadError> {
    let mut deserializer = Deserializer::from_bytes(bytes);
    let value = load(&mut deserializer).map_err(|e| match e {
        Error::DeserializeUnexpectedEnd => PayloadError::Short,
        _ => PayloadError::Refused,
    })?;
    let left = deserializer.finalize().map_err(|_| PayloadError::Refused)?;
    match u32::try_from(left.len()) {
        Ok(0) => Ok(value),
        extra => Err(PayloadError::Trailing { extra: extra.unwrap_or(u32::MAX) }),
    }
}
