//! Prose at half its length: what a device says takes as much flash as a learner.
//!
//! `text!("...")` is packed by the compiler. The method is byte pair encoding (Gage 1994, "A new algorithm for data
//! compression"): bytes that ASCII text does not use, 0x80 and above and the control characters, each stand for a pair of
//! bytes in `PAIRS`, and either of these may stand for a pair in turn. Reading takes a stack of `DEPTH` bytes and no
//! table but the pairs. They are those that recur most in the project's own texts; `cargo xtask texts` finds them anew and
//! prints what is saved. Any pairs serve any text: only the length changes.
//!
//! Words that are compared or typed (names of commands, keys of settings and of JSON) stay plain.
//!
//! ```
//! use hone_learn::{Text, text};
//!
//! const WELL: Text = text!("the newest whole values are in force");
//! assert_eq!(WELL.to_string(), "the newest whole values are in force");
//! assert!(WELL.packed_len() < 25);
//! ```

mod pack;
mod pairs;

use core::fmt;
#[doc(hidden)]
pub use pack::{cut, pack};
use pairs::PAIRS;

/// ASCII text in flash, packed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text(&'static [u8]);

/// Bytes of the longest text.
pub const LONGEST: usize = 320;

/// The stack that reading takes; a pair nested deeper does not compile.
const DEPTH: usize = 8;

/// The pair that `byte` stands for; `None` for text.
#[allow(clippy::indexing_slicing, reason = "index < PAIRS.len()")]
const fn pair(byte: u8) -> Option<[u8; 2]> {
    let index = byte.wrapping_sub(0x80) as usize;
    if byte == b'\n' || index >= PAIRS.len() { None } else { Some(PAIRS[index]) }
}

/// Packs a constant text: `text!("no model is in use")`.
#[macro_export]
macro_rules! text {
    ($text:expr) => {{
        const PACKED: ([u8; $crate::text::LONGEST], usize) = $crate::text::pack($text);
        const BYTES: [u8; PACKED.1] = $crate::text::cut(&PACKED.0);
        $crate::Text::packed(&BYTES)
    }};
}

impl Text {
    /// No text.
    pub const EMPTY: Self = Self(&[]);

    /// What [`text!`](crate::text!) has packed.
    #[doc(hidden)]
    pub const fn packed(bytes: &'static [u8]) -> Self {
        Self(bytes)
    }

    /// Whether there is nothing to say.
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Bytes that it takes.
    pub const fn packed_len(self) -> usize {
        self.0.len()
    }

    /// Its characters, one after the other.
    pub const fn bytes(self) -> Bytes {
        Bytes { rest: self.0, open: [0; DEPTH], depth: 0 }
    }

    /// Hands it out in pieces of a few words.
    pub fn each(self, see: &mut dyn FnMut(&str)) {
        let (mut piece, mut len) = ([0; 32], 0);
        for byte in self.bytes() {
            if len == piece.len() {
                see(core::str::from_utf8(&piece).unwrap_or(""));
                len = 0;
            }
            if let Some(place) = piece.get_mut(len) {
                *place = byte;
                len += 1;
            }
        }
        see(core::str::from_utf8(piece.get(..len).unwrap_or(&[])).unwrap_or(""));
    }
}

/// The characters of a [`Text`].
#[derive(Clone, Debug)]
pub struct Bytes {
    rest: &'static [u8],
    /// Second halves of the pairs whose first half is being read, the innermost last.
    open: [u8; DEPTH],
    depth: usize,
}

impl Bytes {
    /// The next character; what `next` is, in constants, too.
    #[allow(clippy::indexing_slicing, reason = "below DEPTH by the remainder; deeper nesting does not compile")]
    pub const fn read(&mut self) -> Option<u8> {
        let mut byte = if self.depth > 0 {
            self.depth -= 1;
            self.open[self.depth % DEPTH]
        } else {
            let Some((first, rest)) = self.rest.split_first() else { return None };
            self.rest = rest;
            *first
        };
        while let Some([first, second]) = pair(byte) {
            self.open[self.depth % DEPTH] = second;
            self.depth += 1;
            byte = first;
        }
        Some(byte)
    }
}

impl Iterator for Bytes {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.read()
    }
}

/// For programs on a PC; on a device nothing is written by `core::fmt`.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes().try_for_each(|byte| fmt::Write::write_char(f, char::from(byte)))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::string::{String, ToString};

    /// What `text!` does, for a text that is not a constant.
    fn leak(text: &str) -> Text {
        let (bytes, len) = pack(text);
        Text(std::boxed::Box::leak(std::boxed::Box::from(&bytes[..len])))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read_back(text in "[ -~\n]{0,300}") {
            let packed = leak(&text);
            prop_assert!(packed.packed_len() <= text.len());
            prop_assert_eq!(packed.to_string(), text.as_str());
            let mut pieces = String::new();
            packed.each(&mut |piece| pieces.push_str(piece));
            prop_assert_eq!(pieces, text);
        }

        #[test]
        fn nested_pairs_are_read_back(codes in prop::collection::vec(any::<u8>(), 0..40)) {
            // Whatever the bytes, reading ends, and what was read is packed to the same text.
            let text = Text(std::boxed::Box::leak(codes.into_boxed_slice())).to_string();
            prop_assert!(text.bytes().all(|b| b == b'\n' || (b' '..0x80).contains(&b)));
            if text.len() <= LONGEST {
                prop_assert_eq!(leak(&text).to_string(), text);
            }
        }
    }

    #[test]
    fn prose_takes_little_more_than_half() {
        const TEXT: &str = "collect, then train, in the background; the model in use stays until the new one is done";
        let packed = text!(TEXT);
        assert!(packed.packed_len() * 20 < TEXT.len() * 11, "{} of {}", packed.packed_len(), TEXT.len());
        assert!(text!("").is_empty() && text!("") == Text::EMPTY);
    }
}
