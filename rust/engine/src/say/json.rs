//! JSON objects, one to a line, written as they come: no buffer, no `core::fmt`.

use super::shortest;
use hone_learn::text::{Out, Write, cut};

/// An object under way.
pub(crate) struct Object<'a> {
    out: &'a mut dyn Out,
}

impl<'a> Object<'a> {
    /// Begins an object whose first member says what it is.
    pub(crate) fn new(name: &str, value: &str, out: &'a mut dyn Out) -> Self {
        out.str("{\"");
        out.str(name);
        out.str("\":");
        text(value, out);
        Self { out }
    }

    fn key(&mut self, name: &str) -> &mut dyn Out {
        self.out.str(",\"");
        self.out.str(name);
        self.out.str("\":");
        self.out
    }

    /// One or more whole numbers; their names stand in `names`, apart by one space.
    pub(crate) fn counts(&mut self, names: &str, values: &[u32]) {
        let mut rest = names;
        for value in values {
            let (name, after) = cut(rest, b' ').unwrap_or((rest, ""));
            self.key(name).uint(*value);
            rest = after;
        }
    }

    /// A whole number of 64 bits.
    pub(crate) fn long(&mut self, name: &str, value: u64) {
        self.key(name).uint(value);
    }

    /// Text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        text(value, self.key(name));
    }

    /// A real number, in the fewest digits that read back as the same `f32`. JSON has no infinity and no not-a-number: `null`.
    pub(crate) fn real(&mut self, name: &str, value: f32) {
        shortest::write(value, self.key(name));
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.key(name).str(if value { "true" } else { "false" });
    }

    /// A member that has no value.
    pub(crate) fn null(&mut self, name: &str) {
        self.key(name).str("null");
    }

    /// A whole number, or `null`.
    pub(crate) fn maybe_count(&mut self, name: &str, value: Option<u32>) {
        match value {
            Some(value) => self.key(name).uint(value),
            None => self.null(name),
        }
    }

    /// Text, or `null`.
    pub(crate) fn maybe_text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// Ends the object and its line.
    pub(crate) fn end(self) {
        self.out.str("}\n");
    }
}

/// Text in quotes, with what JSON asks to be escaped.
fn text(value: &str, out: &mut dyn Out) {
    out.str("\"");
    for c in value.chars() {
        let mut itself = [0; 4];
        let escaped = match c {
            '\\' => "\\\\",
            '"' => "\\\"",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\0'..='\u{1f}' => {
                out.str(if c < '\u{10}' { "\\u000" } else { "\\u001" });
                let digit = usize::from(c as u8 & 15);
                "0123456789ABCDEF".get(digit..=digit).unwrap_or("")
            }
            _ => c.encode_utf8(&mut itself),
        };
        out.str(escaped);
    }
    out.str("\"");
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    #[test]
    fn text_is_read_back_by_another_reader() {
        let all: String = (0u32..0x300).chain([0x20ac, 0x1f600]).filter_map(char::from_u32).collect();
        let mut line = hone_learn::text::Line::<4096>::default();
        let mut object = Object::new("stats", &all, &mut line);
        object.counts("one two", &[1, 2]);
        object.maybe_text("none", None);
        object.end();
        let line = line.as_str();
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value, serde_json::json!({ "stats": all, "one": 1, "two": 2, "none": null }));
        assert!(line.contains("\\u001B") && line.ends_with("}\n"));
    }
}
