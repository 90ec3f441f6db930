//! JSON objects out of `serde`'s derived structs: numbers, words, truth values, objects, and any of them absent (`null`).
//!
//! Of our own since serde-json-core's writer may panic at every byte: its tests of the index are not seen to be
//! superfluous, and the message of a panic brings formatting of text into the image.

use crate::text::{Out, Write};
use serde::ser::{Error, Impossible, Serialize, SerializeStruct, Serializer};

/// A value that these objects do not have, as a list or a map. What came before it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported;

impl core::fmt::Display for Unsupported {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("no such value in an object")
    }
}

impl core::error::Error for Unsupported {}

impl Error for Unsupported {
    fn custom<T: core::fmt::Display>(_: T) -> Self {
        Self
    }
}

/// Writes a struct as a JSON object.
///
/// # Errors
/// [`Unsupported`]: what is written then is no JSON.
pub fn write(object: &impl Serialize, out: &mut dyn Out) -> Result<(), Unsupported> {
    object.serialize(Value { out })
}

/// An object of which some fields are written.
pub(crate) struct Object<'a> {
    out: &'a mut dyn Out,
    begun: bool,
}

impl SerializeStruct for Object<'_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Unsupported> {
        self.name(name);
        value.serialize(Value { out: &mut *self.out })
    }

    fn end(self) -> Result<(), Unsupported> {
        self.out.str(if self.begun { "}" } else { "{}" });
        Ok(())
    }
}

impl Object<'_> {
    #[inline(never)]
    fn name(&mut self, name: &str) {
        self.out.str(if self.begun { ",\"" } else { "{\"" });
        self.begun = true;
        self.out.str(name);
        self.out.str("\":");
    }
}

/// The value of a field.
struct Value<'a> {
    out: &'a mut dyn Out,
}

/// A word in quotation marks, with what JSON forbids in it escaped.
#[inline(never)]
fn word(text: &str, out: &mut dyn Out) {
    let special = |c: char| c == '"' || c == '\\' || c < ' ';
    out.str("\"");
    for piece in text.split_inclusive(special) {
        // At most its last character is special.
        let plain = piece.trim_end_matches(special);
        out.str(plain);
        match piece.chars().next_back().filter(|c| special(*c)) {
            None => {}
            Some('"') => out.str("\\\""),
            Some('\\') => out.str("\\\\"),
            Some(control) => {
                out.str(if control < '\u{10}' { "\\u000" } else { "\\u001" });
                let digit = control as usize % 16;
                out.str("0123456789abcdef".get(digit..=digit).unwrap_or("0"));
            }
        }
    }
    out.str("\"");
}

#[inline(never)]
fn real(value: f32, out: &mut dyn Out) {
    if value.is_finite() {
        out.str(ryu::Buffer::new().format_finite(value));
    } else {
        out.str("null");
    }
}

/// Methods for values that are whole numbers without a sign.
macro_rules! whole {
    ($($method:ident $kind:ty),*) => {
        $(fn $method(self, value: $kind) -> Result<(), Unsupported> {
            self.out.uint(value);
            Ok(())
        })*
    };
}

/// Methods for what these objects do not have.
macro_rules! unsupported {
    ($($method:ident($($kind:ty),*) -> $gives:ty),* $(,)?) => {
        $(fn $method(self, $(_: $kind),*) -> Result<$gives, Unsupported> {
            Err(Unsupported)
        })*
    };
}

type Never = Impossible<(), Unsupported>;

impl<'a> Serializer for Value<'a> {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Object<'a>;
    type SerializeStructVariant = Never;

    whole!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64);

    fn serialize_bool(self, value: bool) -> Result<(), Unsupported> {
        self.out.str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Unsupported> {
        self.out.int(value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unsupported> {
        real(value, self.out);
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Unsupported> {
        word(value, self.out);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unsupported> {
        self.out.str("null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unsupported> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Unsupported> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unsupported> {
        Err(Unsupported)
    }

    unsupported!(
        serialize_i8(i8) -> (),
        serialize_i16(i16) -> (),
        serialize_i64(i64) -> (),
        serialize_f64(f64) -> (),
        serialize_char(char) -> (),
        serialize_bytes(&[u8]) -> (),
        serialize_unit() -> (),
        serialize_unit_struct(&'static str) -> (),
        serialize_unit_variant(&'static str, u32, &'static str) -> (),
        serialize_seq(Option<usize>) -> Never,
        serialize_tuple(usize) -> Never,
        serialize_tuple_struct(&'static str, usize) -> Never,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never,
        serialize_map(Option<usize>) -> Never,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never,
    );

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Object<'a>, Unsupported> {
        Ok(Object { out: self.out, begun: false })
    }

    fn collect_str<T: core::fmt::Display + ?Sized>(self, _: &T) -> Result<(), Unsupported> {
        Err(Unsupported)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;
    use std::string::{String, ToString};

    #[derive(serde::Serialize, Deserialize, PartialEq, Debug)]
    struct Inner {
        least: i32,
    }

    #[derive(serde::Serialize, Deserialize, PartialEq, Debug)]
    struct Everything {
        word: String,
        small: u8,
        class: Option<u16>,
        count: u32,
        time: u64,
        well: bool,
        score: Option<f32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        left_out: Option<u32>,
        inner: Inner,
    }

    fn text(object: &impl Serialize) -> Result<String, Unsupported> {
        let mut text = String::new();
        write(object, &mut text).map(|()| text)
    }

    #[test]
    fn lists_are_refused_and_numbers_without_a_value_are_null() {
        #[derive(serde::Serialize)]
        struct List {
            list: [u8; 2],
        }
        #[derive(serde::Serialize)]
        struct Empty {}
        #[derive(serde::Serialize)]
        struct Real {
            a: f32,
            b: f32,
        }
        assert_eq!(text(&List { list: [1, 2] }), Err(Unsupported));
        assert_eq!(text(&Empty {}).unwrap(), "{}");
        assert_eq!(text(&Real { a: f32::NAN, b: -0.5 }).unwrap(), "{\"a\":null,\"b\":-0.5}");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            word in any::<String>(), small: u8, class: Option<u16>, count: u32, time: u64, well: bool,
            score in proptest::option::of(-1e30f32..1e30), left_out: Option<u32>, least: i32,
        ) {
            let object = Everything { word, small, class, count, time, well, score, left_out, inner: Inner { least } };
            let text = text(&object).unwrap();
            prop_assert_eq!(serde_json::from_str::<Everything>(&text).map_err(|e| e.to_string()), Ok(object));
        }
    }
}
