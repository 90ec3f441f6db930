//! Samples over a serial console, beside the text on it.
//!
//! A frame is [postcard's](https://postcard.jamesmunns.com/wire-format) bytes of a [`Frame`] and their CRC-32C, in COBS, with a zero
//! byte before and behind it. Text has no zero byte, so what lies between two of them is a frame if its CRC is right, and text
//! if not: a byte that is lost costs one frame, or one line, and nothing has to be agreed on again. Frames are not asked for
//! again; who misses one knows from the numbers of the next.
//!
//! ```
//! use hone_model::stream::{Data, Frame, LONGEST, decode, encode};
//!
//! let data = Frame::Data(Data { first: 7, micros: 1_000_000, faults: 0, samples: &[1, 0, 255, 255] });
//! let mut memory = [0; LONGEST];
//! let bytes = encode(&data, &mut memory).unwrap();
//! let (inside, mut plain) = (&bytes[1..bytes.len() - 1], [0; LONGEST]);
//! assert!(!inside.contains(&0));
//! assert_eq!(decode(inside, &mut plain), Some(data));
//! ```

use crc::{CRC_32_ISCSI, Crc, Digest, NoTable};
use hone_learn::Unit;
use hone_learn::payload::put;
use hone_learn::sink::{Refused, Sink};
use serde::{Deserialize, Serialize};

static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISCSI);

/// Of the frames described here.
pub const VERSION: u8 = 1;
/// Samples of a [`Data`] at most.
pub const SAMPLES: usize = 120;
/// Channels at most.
pub const CHANNELS: usize = 16;
/// Bytes of a sensor's name that are sent.
pub const NAME: usize = 48;
/// Bytes of a [`Channel`].
const CHANNEL: usize = 5;
/// Bytes of what is behind the samples of a [`Data`] on the line: zeros, COBS, kind, numbers, CRC.
pub const OVERHEAD: usize = 2 + 2 + 1 + 5 + 10 + 1 + 2 + 4;
/// Bytes of the longest frame, its zeros among them.
pub const LONGEST: usize = 2 * SAMPLES + OVERHEAD;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame<'a> {
    /// What the samples are; sent first, and once in a while again.
    #[serde(borrow)]
    Head(Head<'a>),
    /// Samples.
    #[serde(borrow)]
    Data(Data<'a>),
    /// Nothing more comes.
    End(End),
}

/// What the samples are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head<'a> {
    /// [`VERSION`].
    pub version: u8,
    /// The sensor's name.
    pub sensor: &'a str,
    /// Frames of the sensor in `seconds`.
    pub frames: u32,
    /// See `frames`.
    pub seconds: u32,
    /// So many frames of the sensor are one that is sent: their mean.
    pub every: u16,
    /// The time of day at time 0 of the device, in microseconds since 1970 UTC; 0 where it is not known.
    pub epoch: u64,
    /// Five bytes for each channel: its scale as a little-endian `f32`, and its unit's number.
    pub channels: &'a [u8],
}

impl Head<'_> {
    /// Scale and unit of each channel; `None` where they are of another program.
    pub fn meaning(&self) -> impl Iterator<Item = Option<(f32, Unit)>> + '_ {
        self.channels.chunks(CHANNEL).map(|bytes| match *bytes {
            [a, b, c, d, code] => Some((f32::from_le_bytes([a, b, c, d]), Unit::from_number(code)?)),
            _ => None,
        })
    }
}

/// A channel as [`Head`] carries it.
pub fn channel(scale: f32, unit: Unit) -> [u8; CHANNEL] {
    let [a, b, c, d] = scale.to_le_bytes();
    [a, b, c, d, unit.number()]
}

/// Samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Data<'a> {
    /// The number of the first sensor frame in it, which counts on over what is missing, modulo 2^32.
    pub first: u32,
    /// When it was read, in microseconds of the device.
    pub micros: u64,
    /// What was wrong with some of the samples, as [`hone_learn::Faults`]; all of them or none are not numbers.
    pub faults: u8,
    /// Frame after frame, a little-endian 16-bit integer for each channel.
    pub samples: &'a [u8],
}

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Frames that were sent.
    pub frames: u32,
    /// Frames that found the line busy and were not.
    pub lost: u32,
}

/// COBS of what is put, and its CRC.
struct Coder<'m> {
    cobs: cobs::CobsEncoder<'m>,
    digest: Digest<'static, u32, NoTable>,
}

impl Sink for Coder<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.digest.update(bytes);
        // The encoder has no place for what is empty.
        if bytes.is_empty() { Ok(()) } else { self.cobs.push(bytes).map_err(|_| Refused) }
    }
}

/// The bytes of a frame with the zeros around it; `None` if it has more than [`SAMPLES`], or a name beyond [`NAME`].
pub fn encode<'m>(frame: &Frame<'_>, memory: &'m mut [u8; LONGEST]) -> Option<&'m [u8]> {
    let (start, inside) = memory.split_first_mut()?;
    *start = 0;
    let mut coder = Coder { cobs: cobs::CobsEncoder::new(inside), digest: CRC.digest() };
    put(frame, &mut coder).ok()?;
    let Coder { mut cobs, digest } = coder;
    cobs.push(&digest.finalize().to_le_bytes()).ok()?;
    let end = 1 + cobs.finalize();
    *memory.get_mut(end)? = 0;
    memory.get(..=end)
}

/// Sends a frame; false where it is none that can be sent ([`encode`]).
///
/// # Errors
/// The port's.
pub fn send<P: embedded_io::Write>(frame: &Frame<'_>, port: &mut P) -> Result<bool, P::Error> {
    let mut memory = [0; LONGEST];
    match encode(frame, &mut memory) {
        Some(bytes) => port.write_all(bytes).map(|()| true),
        None => Ok(false),
    }
}

/// The frame in what was between two zeros; `None` if that is none, or was harmed.
pub fn decode<'m>(bytes: &[u8], memory: &'m mut [u8; LONGEST]) -> Option<Frame<'m>> {
    let count = cobs::decode(bytes, memory).ok()?;
    let (plain, crc) = memory.get(..count)?.split_last_chunk::<4>()?;
    if CRC.checksum(plain) != u32::from_le_bytes(*crc) {
        return None;
    }
    let (frame, rest) = postcard::take_from_bytes(plain).ok()?;
    rest.is_empty().then_some(frame)
}

/// Bytes a second that so many sensor frames of so many channels take.
pub fn bytes_a_second(frames: f32, channels: usize) -> f32 {
    let channels = channels.max(1);
    let (group, bytes) = ((SAMPLES / channels).max(1) as f32, (2 * channels) as f32);
    frames * (bytes + OVERHEAD as f32 / group)
}
