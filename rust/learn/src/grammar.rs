//! Settings that are short texts, which the learner's own reader takes or refuses at a place.
//!
//! In a build without the feature `text` no value of these types can be made, and so what is done with one is left out.

/// The longest text, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 62;

#[cfg(feature = "text")]
type Built = ();
#[cfg(not(feature = "text"))]
type Built = core::convert::Infallible;

/// A text of at most [`TEXT_BYTES`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; TEXT_BYTES],
    len: u8,
    built: Built,
}

impl Text {
    /// The text; `None` if it is too long, or the build has no such settings.
    #[cfg(feature = "text")]
    pub fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; TEXT_BYTES];
        bytes.get_mut(..text.len())?.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        Some(Self { bytes, len: text.len() as u8, built: () })
    }

    /// The text; `None` if it is too long, or the build has no such settings.
    #[cfg(not(feature = "text"))]
    pub const fn new(_: &str) -> Option<Self> {
        None
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
    /// At this byte, from 0.
    pub at: u8,
    /// What should stand there.
    pub why: &'static str,
    built: Built,
}

#[cfg(feature = "text")]
impl TextFault {
    /// At this byte, from 0, and why.
    pub const fn new(at: usize, why: &'static str) -> Self {
        Self { at: if at < TEXT_BYTES { at } else { TEXT_BYTES } as u8, why, built: () }
    }
}

/// What texts a setting takes.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    what: &'static str,
    examples: &'static [&'static str],
    reader: fn(&str) -> Result<(), TextFault>,
    built: Built,
}

/// By what is shown of it.
impl PartialEq for Grammar {
    fn eq(&self, other: &Self) -> bool {
        (self.what, self.examples) == (other.what, other.examples)
    }
}

impl Grammar {
    /// What such a text is, texts that completion offers, and the learner's reader of any.
    #[cfg(feature = "text")]
    pub const fn new(
        what: &'static str,
        examples: &'static [&'static str],
        reader: fn(&str) -> Result<(), TextFault>,
    ) -> Self {
        Self { what, examples, reader, built: () }
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
            return Err(TextFault { at: TEXT_BYTES as u8, why: "the text is longer than 62 bytes", built: self.built });
        }
        (self.reader)(text)
    }
}
