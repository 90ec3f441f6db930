//! Stand-ins for `grammar.rs` in a build in which no setting is a text. The types have no values, so that what is done with one is left out
//! and takes no room in a table.

/// The longest text, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 62;

/// A text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {}

impl Text {
    /// None.
    pub const fn new(_: &str) -> Option<Self> {
        None
    }

    /// To read.
    pub fn as_str(&self) -> &str {
        match *self {}
    }
}

/// What is wrong with a text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFault {}

impl TextFault {
    /// The byte, from 0.
    pub const fn at(&self) -> u8 {
        match *self {}
    }

    /// What should stand there.
    pub const fn why(&self) -> &'static str {
        match *self {}
    }
}

/// What texts a setting takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Grammar {}

impl Grammar {
    /// What such a text is.
    pub const fn what(&self) -> &'static str {
        match *self {}
    }

    /// Texts that it takes.
    pub const fn examples(&self) -> &'static [&'static str] {
        match *self {}
    }

    /// Whether it takes a text.
    ///
    /// # Errors
    /// [`TextFault`].
    pub fn read(&self, _: &str) -> Result<(), TextFault> {
        match *self {}
    }
}
