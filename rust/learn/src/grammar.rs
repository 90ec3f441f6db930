//! Settings that are short texts, which the learner's own reader takes or refuses at a place. A build without the feature `text`
//! has `no_text.rs` in this file's place.

/// The longest text, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 62;

/// A text of at most [`TEXT_BYTES`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; TEXT_BYTES],
    len: u8,
}

impl Text {
    /// The text; `None` if it is too long.
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

    /// The byte, from 0.
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

    /// What such a text is, before examples: `layers, as in`.
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
            return Err(TextFault { at: TEXT_BYTES as u8, why: "the text is longer than 62 bytes" });
        }
        (self.reader)(text)
    }
}
