//! Settings that are short texts, which the learner's own reader takes or refuses at a place.
//!
//! In a build without the feature `text` these types have no value and no size: what is done with one is left out, and what may
//! hold one is no larger.

/// The longest text, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 62;

#[cfg(feature = "text")]
pub use there::{Grammar, Text, TextFault};
#[cfg(not(feature = "text"))]
pub use without::{Grammar, Text, TextFault};

#[cfg(feature = "text")]
mod there {
    use super::TEXT_BYTES;

    /// A text of at most [`TEXT_BYTES`] bytes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Text {
        bytes: [u8; TEXT_BYTES],
        len: u8,
    }

    impl Text {
        /// The text; `None` if it is too long, or the build has no such settings.
        pub fn new(text: &str) -> Option<Self> {
            let mut bytes = [0; TEXT_BYTES];
            bytes.get_mut(..text.len())?.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
            Some(Self { bytes, len: text.len() as u8 })
        }

        /// To read.
        pub fn as_str(&self) -> &str {
            let bytes = self.bytes.get(..usize::from(self.len)).unwrap_or(&[]);
            core::str::from_utf8(bytes).unwrap_or("")
        }
    }

    /// What is wrong with a text, and where.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct TextFault {
        at: u8,
        why: &'static str,
    }

    impl TextFault {
        /// At this byte, from 0, and why.
        pub const fn new(at: usize, why: &'static str) -> Self {
            Self { at: if at < TEXT_BYTES { at } else { TEXT_BYTES } as u8, why }
        }

        /// At this byte, from 0.
        pub const fn at(&self) -> u8 {
            self.at
        }

        /// What should stand there.
        pub const fn why(&self) -> &'static str {
            self.why
        }
    }

    /// What texts a setting takes.
    #[derive(Clone, Copy, Debug)]
    pub struct Grammar {
        what: &'static str,
        examples: &'static [&'static str],
        reader: fn(&str) -> Result<(), TextFault>,
    }

    /// By what is shown of it.
    impl PartialEq for Grammar {
        fn eq(&self, other: &Self) -> bool {
            (self.what, self.examples) == (other.what, other.examples)
        }
    }

    impl Grammar {
        /// What such a text is, texts that completion offers, and the learner's reader of any.
        pub const fn new(
            what: &'static str,
            examples: &'static [&'static str],
            reader: fn(&str) -> Result<(), TextFault>,
        ) -> Self {
            Self { what, examples, reader }
        }

        /// What such a text is, before examples: `layers as in`.
        pub const fn what(&self) -> &'static str {
            self.what
        }

        /// Texts that it takes.
        pub const fn examples(&self) -> &'static [&'static str] {
            self.examples
        }

        /// Whether it takes a text.
        ///
        /// # Errors
        /// [`TextFault`], also for one that is longer than [`TEXT_BYTES`].
        pub fn read(&self, text: &str) -> Result<(), TextFault> {
            if text.len() > TEXT_BYTES {
                return Err(TextFault::new(TEXT_BYTES, "the text is longer than 62 bytes"));
            }
            (self.reader)(text)
        }
    }
}

#[cfg(not(feature = "text"))]
#[allow(missing_docs, reason = "as above, without a value")]
mod without {
    /// No value of a setting is larger for it.
    const _: () = assert!(size_of::<crate::Value>() == 8);

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Text {}

    impl Text {
        pub const fn new(_: &str) -> Option<Self> {
            None
        }

        pub const fn as_str(&self) -> &str {
            match *self {}
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum TextFault {}

    impl TextFault {
        pub const fn at(&self) -> u8 {
            match *self {}
        }

        pub const fn why(&self) -> &'static str {
            match *self {}
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Grammar {}

    impl Grammar {
        pub const fn what(&self) -> &'static str {
            match *self {}
        }

        pub const fn examples(&self) -> &'static [&'static str] {
            match *self {}
        }

        pub const fn read(&self, _: &str) -> Result<(), TextFault> {
            match *self {}
        }
    }
}
