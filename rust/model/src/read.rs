//! The reader of untrusted bytes.

use crate::CRC;
use crate::cursor::Cursor;
use crate::entries::Entries;
use crate::layout::{
    CHANNEL_BYTES, CHANNELS, CLASSES, HEADER, HEADER_CHECKED, Learner, MAGIC, PARAMETERS, PAYLOAD, PIPELINE, REPORT,
    REPORT_BYTES, SCALING, SCALING_BYTES, SECTIONS, TRAILER, VERSION,
};
use hone_learn::payload::{self, PayloadError};
use hone_learn::{ClassId, Metric, Report, Stop};
use hone_signal::{Channel, Unit};
use postcard::Deserializer;
use postcard::de_flavors::Slice;

/// Where bytes do not match their CRC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// In the first 16 bytes.
    Header,
    /// After them.
    Body,
}

/// Why bytes are not a container. Reading changes nothing: the model in use stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// They do not begin as a container does.
    NotAContainer,
    /// The end is missing.
    Truncated {
        /// Bytes that there must be; 16 when even the header is not whole.
        needed: u32,
        /// Bytes that there are.
        have: u32,
    },
    /// There is more after the end.
    Trailing {
        /// How many bytes.
        extra: u32,
    },
    /// Bits have changed since it was written. Fetch or send it again.
    Damaged(Damage),
    /// It was written by a newer program. Update this one, or convert the file with that one.
    Newer {
        /// Version of the file.
        found: u16,
        /// Newest version that this build reads.
        supported: u16,
    },
    /// It is of a learner that this build does not know.
    UnknownLearner(u8),
    /// The checksum is right and the content is not by the format: the program that wrote it is at fault.
    Malformed {
        /// Where the section stands that is wrong.
        offset: u32,
    },
    /// It is another learner's model, or the payload is laid out as this build does not know.
    WrongModel {
        /// The learner of the file.
        learner: Learner,
        /// The payload layout of the file.
        layout: u8,
    },
    /// The container is good and the learner does not take the payload.
    Payload(PayloadError),
}

/// A container whose bytes have been checked; what it gives borrows from them.
#[derive(Clone, Copy, Debug)]
pub struct Container<'a> {
    version: u16,
    learner: Learner,
    layout: u8,
    crc: u32,
    sections: [&'a [u8]; SECTIONS],
    report: Option<Report>,
}

impl<'a> Container<'a> {
    /// The length that the header of a container claims, once 16 bytes of it are there; nothing else is checked but
    /// the header itself.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn length(bytes: &[u8]) -> Result<u32, ReadError> {
        header(bytes).map(|h| h.length)
    }

    /// Checks all of `bytes`.
    ///
    /// # Errors
    /// [`ReadError`]; the checks are made in the order of its variants.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let header = header(bytes)?;
        let have = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if have < header.length {
            return Err(ReadError::Truncated { needed: header.length, have });
        }
        if have > header.length {
            return Err(ReadError::Trailing { extra: have - header.length });
        }
        let (checked, crc) = bytes.split_last_chunk::<TRAILER>().ok_or(ReadError::Malformed { offset: 0 })?;
        let crc = u32::from_le_bytes(*crc);
        if CRC.checksum(checked) != crc {
            return Err(ReadError::Damaged(Damage::Body));
        }
        let learner = Learner(header.learner);

        let mut sections: [&[u8]; SECTIONS] = [&[]; SECTIONS];
        let mut report = None;
        let mut rest = Cursor(checked.get(HEADER..).unwrap_or(&[]));
        let mut expected = PARAMETERS;
        while !rest.is_empty() {
            let offset = ReadError::Malformed { offset: have.saturating_sub((rest.0.len() + TRAILER) as u32) };
            let (tag, length) = rest.u8().zip(rest.u32()).ok_or(offset)?;
            let body = usize::try_from(length).ok().and_then(|n| rest.take(n)).ok_or(offset)?;
            if tag < expected || !intact(tag, body, &mut report) {
                return Err(offset);
            }
            *sections.get_mut(usize::from(tag - PARAMETERS)).ok_or(offset)? = body;
            expected = tag + 1;
        }
        if expected <= PAYLOAD {
            return Err(ReadError::Malformed { offset: have.saturating_sub(TRAILER as u32) });
        }
        Ok(Self { version: header.version, learner, layout: header.layout, crc, sections, report })
    }

    fn section(&self, tag: u8) -> &'a [u8] {
        self.sections.get(usize::from(tag.wrapping_sub(PARAMETERS))).copied().unwrap_or(&[])
    }

    /// Version of the format.
    pub fn version(&self) -> u16 {
        self.version
    }

    /// Whose model it is.
    pub fn learner(&self) -> Learner {
        self.learner
    }

    /// The number of the payload's layout.
    pub fn layout(&self) -> u8 {
        self.layout
    }

    /// The CRC-32 at the end: containers with different ones are different.
    pub fn crc(&self) -> u32 {
        self.crc
    }

    /// The parameters that the model was trained with.
    pub fn parameters(&self) -> Entries<'a> {
        Entries::new(self.section(PARAMETERS))
    }

    /// The parameters of the feature pipeline.
    pub fn pipeline(&self) -> Entries<'a> {
        Entries::new(self.section(PIPELINE))
    }

    /// The channels, in order.
    pub fn channels(&self) -> impl Iterator<Item = Channel> + 'a {
        let mut rest = Cursor(self.section(CHANNELS));
        core::iter::from_fn(move || channel(&mut rest))
    }

    /// Offset and factor of each feature: it is (value - offset) · factor that the model sees.
    pub fn scaling(&self) -> impl Iterator<Item = (f32, f32)> + 'a {
        let mut rest = Cursor(self.section(SCALING));
        core::iter::from_fn(move || rest.real().zip(rest.real()))
    }

    /// The classes and their names.
    pub fn classes(&self) -> impl Iterator<Item = (ClassId, &'a str)> + 'a {
        let mut rest = Cursor(self.section(CLASSES));
        core::iter::from_fn(move || class(&mut rest))
    }

    /// How the training ended.
    pub fn report(&self) -> Option<Report> {
        self.report
    }

    /// The payload, as it stands.
    pub fn payload(&self) -> &'a [u8] {
        self.section(PAYLOAD)
    }

    /// Reads the payload, if it is `learner`'s in `layout`, by `load`, which is lent a deserializer of postcard's
    /// encoding, and checks that `load` took all of it.
    ///
    /// # Errors
    /// [`ReadError::WrongModel`] and [`ReadError::Payload`]. What `load` built is lost; what it wrote into is in an
    /// unknown state.
    pub fn load<T>(
        &self,
        learner: Learner,
        layout: u8,
        load: impl FnOnce(&mut Deserializer<'a, Slice<'a>>) -> postcard::Result<T>,
    ) -> Result<T, ReadError> {
        if self.learner != learner || self.layout != layout {
            return Err(ReadError::WrongModel { learner: self.learner, layout: self.layout });
        }
        payload::decode(self.payload(), load).map_err(ReadError::Payload)
    }
}

struct Header {
    version: u16,
    learner: u8,
    layout: u8,
    length: u32,
}

fn header(bytes: &[u8]) -> Result<Header, ReadError> {
    if !MAGIC.iter().zip(bytes).all(|(m, b)| m == b) {
        return Err(ReadError::NotAContainer);
    }
    let have = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let mut rest = Cursor(bytes.get(MAGIC.len()..).unwrap_or(&[]));
    let fields = (rest.u16(), rest.u8(), rest.u8(), rest.u32(), rest.u32());
    let (Some(version), Some(learner), Some(layout), Some(length), Some(crc)) = fields else {
        return Err(ReadError::Truncated { needed: HEADER as u32, have });
    };
    if CRC.checksum(bytes.get(..HEADER_CHECKED).unwrap_or(&[])) != crc {
        return Err(ReadError::Damaged(Damage::Header));
    }
    match version {
        1..=VERSION => Ok(Header { version, learner, layout, length }),
        0 => Err(ReadError::Malformed { offset: MAGIC.len() as u32 }),
        _ => Err(ReadError::Newer { found: version, supported: VERSION }),
    }
}

/// Whether a section's body is whole items of its kind and nothing else.
fn intact(tag: u8, body: &[u8], found: &mut Option<Report>) -> bool {
    let mut rest = Cursor(body);
    match tag {
        PARAMETERS | PIPELINE => Entries::new(body).intact(),
        CHANNELS => body.len().is_multiple_of(CHANNEL_BYTES) && whole(&mut rest, channel),
        SCALING => body.len().is_multiple_of(SCALING_BYTES) && whole(&mut rest, |r| r.real()),
        CLASSES => whole(&mut rest, class),
        REPORT => {
            *found = report(&mut rest).filter(|_| body.len() == REPORT_BYTES);
            found.is_some()
        }
        PAYLOAD => true,
        _ => false,
    }
}

fn whole<'a, T>(rest: &mut Cursor<'a>, mut item: impl FnMut(&mut Cursor<'a>) -> Option<T>) -> bool {
    while !rest.is_empty() {
        if item(rest).is_none() {
            return false;
        }
    }
    true
}

fn channel(rest: &mut Cursor<'_>) -> Option<Channel> {
    Some(Channel { scale: rest.real()?, unit: Unit::from_number(rest.u8()?)? })
}

fn class<'a>(rest: &mut Cursor<'a>) -> Option<(ClassId, &'a str)> {
    Some((ClassId(rest.u16()?), rest.text()?))
}

fn report(rest: &mut Cursor<'_>) -> Option<Report> {
    let stop = match rest.u8()? {
        0 => Stop::Converged,
        1 => Stop::IterationLimit,
        2 => Stop::MemoryCap,
        3 => Stop::Cancelled,
        4 => Stop::Ongoing,
        5 => Stop::NoBetter,
        _ => return None,
    };
    let metric = match rest.u8()? {
        0 => Metric::MeanSquaredError,
        1 => Metric::KktGap,
        2 => Metric::Accuracy,
        3 => Metric::CrossEntropy,
        _ => return None,
    };
    let (rows, iterations, work) = (rest.u32()?, rest.u32()?, rest.u64()?);
    Some(Report { stop, rows, iterations, work, metric, quality: rest.array().map(f32::from_le_bytes)? })
}
