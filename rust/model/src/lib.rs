//! A trained model as bytes: the container that is kept in flash, sent over a console and read by other programs.
//!
//! The container is the same for all learners and knows the inside of none. It says what a model is (learner,
//! parameters, feature pipeline, channels, scaling, class names, how the training went) and carries the learner's
//! own numbers as an opaque payload in postcard's encoding. `docs/formats/model.md` gives the layout byte by byte.
//!
//! - [`write()`] streams a container into a [`Sink`]; at no time is the whole in memory.
//! - [`Container::read`] checks bytes from anywhere and then lends out what is in them, in place: one pass over the
//!   bytes, no allocation, no recursion. Any input gives a container or a [`ReadError`].
//! - [`frame`] carries bytes over a serial console as lines of text that survive loss and damage.
//! - [`stream`] carries samples over it, beside the text.
//!
//! ```
//! use hone_model::{Container, Contents, Learner, ReadError, SliceSink, write};
//! use serde::Deserialize;
//!
//! const SVM: Learner = Learner(2);
//! let weights = [0.5f32, -1.25];
//! let mut flash = [0; 128];
//! let mut sink = SliceSink::new(&mut flash);
//! let length = write(&Contents::bare(SVM, 1), &weights, &mut sink).unwrap() as usize;
//!
//! let container = Container::read(&flash[..length]).unwrap();
//! assert_eq!(container.learner(), SVM);
//! assert_eq!(container.load(SVM, 1, |payload| <[f32; 2]>::deserialize(payload)), Ok(weights));
//!
//! flash[length - 6] ^= 1; // damage is found
//! assert!(matches!(Container::read(&flash[..length]), Err(ReadError::Damaged(_))));
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod cursor;
pub mod entries;
pub mod frame;
mod layout;
mod read;
pub mod stream;
mod write;

pub use entries::{Entries, Entry};
pub use hone_learn::payload::{De, PayloadError, decode};
pub use hone_learn::sink::{Counter, Refused, Sink, SliceSink};
pub use layout::{Learner, MAGIC, TRAILER, VERSION};
pub use read::{Container, Damage, ReadError};
pub use write::{
    Contents, Each, EachClass, Payload, WriteError, encode, encode_words, size, write, write_payload, write_raw,
};

/// The CRC-32 of what is added to it, as a container's.
#[allow(missing_debug_implementations, reason = "its only field has none")]
pub struct Checksum(crc::Digest<'static, u32, crc::NoTable>);

impl Default for Checksum {
    fn default() -> Self {
        Self(CRC.digest())
    }
}

impl Checksum {
    /// Of these bytes, too.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Its value.
    pub fn value(self) -> u32 {
        self.0.finalize()
    }
}

/// CRC-32 as in zlib, PNG and Ethernet, without a table: 1 KB of flash for time that flash writes hide.
pub(crate) static CRC: crc::Crc<u32, crc::NoTable> = crc::Crc::<u32, crc::NoTable>::new(&crc::CRC_32_ISO_HDLC);
