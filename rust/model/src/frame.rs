//! Bytes over a serial console: lines of text, each with a checksum, that survive loss, damage and repetition.
//!
//! A [`Sender`] gives the lines, by number, in any order and as often as asked for. A [`Receiver`] takes lines as they
//! come and answers each with a [`Reply`]: which line it wants next, or that all is there and right. Neither knows a
//! port: the shell's `model export` and `model import` and the host's `hone pull` and `hone push` drive them.
//!
//! A line is `HM`, its number, the transfer it belongs to, its bytes, and a CRC:
//!
//! ```text
//! HM 0001 5f0c1a2b U29tZSBieXRlcyBvZiBhIG1vZGVs... 90ab12cd
//!    ^number ^transfer ^base64, 48 bytes or fewer    ^CRC of all before it
//! ```
//!
//! Line 0 carries the number of bytes. The transfer is the CRC of all bytes, so lines of another model are told apart
//! and a transfer that was broken off goes on where it stopped. Numbers and CRCs are hexadecimal. The CRC is CRC-32C:
//! CRC-32 is the same for every intact container, because a container ends with its own.

use crc::{CRC_32_ISCSI, Crc, NoTable};

static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISCSI);

/// Bytes that a line carries.
pub const BYTES: usize = 48;
/// Characters of the longest line, without an end of line.
pub const LINE: usize = HEAD + BYTES / 3 * 4 + TAIL;

/// Characters before the base64: `HM 0001 5f0c1a2b `.
const HEAD: usize = 17;
/// Characters after it: ` 90ab12cd`.
const TAIL: usize = 9;

/// Bytes to be sent as lines.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    bytes: &'a [u8],
    transfer: u32,
}

impl<'a> Sender<'a> {
    /// Sends `bytes`; `None` when they are more than 3 MB.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        u16::try_from(bytes.len().div_ceil(BYTES)).ok()?;
        Some(Self { bytes, transfer: CRC.checksum(bytes) })
    }

    /// How many lines there are.
    pub fn lines(&self) -> u32 {
        1 + self.bytes.len().div_ceil(BYTES) as u32
    }

    /// Line `number`, written into `memory`; `None` behind the last one.
    pub fn line<'m>(&self, number: u32, memory: &'m mut [u8; LINE]) -> Option<&'m str> {
        let length = (self.bytes.len() as u32).to_le_bytes();
        let data = match number.checked_sub(1) {
            None => &length[..],
            Some(block) => self.bytes.chunks(BYTES).nth(block as usize)?,
        };
        encode(u16::try_from(number).ok()?, self.transfer, data, memory)
    }
}

/// What a receiver says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Send this line next. It is the one after the last good one, so a damaged line is asked for again.
    Send(u16),
    /// All bytes are there and match their checksum.
    Complete {
        /// How many.
        length: u32,
    },
    /// They are more than there is memory for. Nothing was taken.
    TooLong {
        /// Bytes announced.
        length: u32,
        /// Bytes of memory.
        memory: u32,
    },
    /// The lines were right and the whole is not. Start again.
    Mismatch,
}

impl Reply {
    /// This as a word and number for the console: `send 12`, `complete 4096`, `too-long 9000`, `mismatch 0`.
    pub fn words(self) -> (&'static str, u32) {
        match self {
            Self::Send(line) => ("send", line.into()),
            Self::Complete { length } => ("complete", length),
            Self::TooLong { length, .. } => ("too-long", length),
            Self::Mismatch => ("mismatch", 0),
        }
    }

    /// Reads a reply from a line of console output; `None` when there is none in it.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let (word, number) = (words.next()?, hone_learn::setting::parse_int(words.next()?)?);
        let number = u32::try_from(number).ok()?;
        Some(match word {
            "send" => Self::Send(u16::try_from(number).ok()?),
            "complete" => Self::Complete { length: number },
            "too-long" => Self::TooLong { length: number, memory: 0 },
            "mismatch" => Self::Mismatch,
            _ => return None,
        })
    }
}

/// Bytes that come as lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receiver {
    /// Bytes announced; `None` before line 0.
    length: Option<u32>,
    transfer: u32,
    /// The line wanted.
    next: u16,
}

impl Receiver {
    /// Nothing has come yet.
    pub const fn new() -> Self {
        Self { length: None, transfer: 0, next: 0 }
    }

    /// Bytes that are there and bytes announced; `None` before line 0.
    pub fn progress(&self) -> Option<(u32, u32)> {
        let length = self.length?;
        Some((u32::from(self.next).saturating_sub(1).saturating_mul(BYTES as u32).min(length), length))
    }

    /// Takes a line; what it carries goes to its place in `memory`, which must be the same at every call until all is
    /// there. A line that is damaged, out of turn or of another transfer changes nothing; line 0 of another transfer
    /// starts that one, and of the same one resumes it.
    pub fn line(&mut self, line: &str, memory: &mut [u8]) -> Reply {
        let mut data = [0; BYTES];
        let Some((number, transfer, data)) = decode(line, &mut data) else { return self.wanted(memory) };
        if number == 0 {
            let Ok(length) = <[u8; 4]>::try_from(data).map(u32::from_le_bytes) else { return self.wanted(memory) };
            if self.length == Some(length) && self.transfer == transfer {
                return self.wanted(memory);
            }
            let room = u32::try_from(memory.len()).unwrap_or(u32::MAX);
            if length > room || u16::try_from(length.div_ceil(BYTES as u32)).is_err() {
                return Reply::TooLong { length, memory: room };
            }
            *self = Self { length: Some(length), transfer, next: 1 };
            return self.wanted(memory);
        }
        if number == self.next && transfer == self.transfer {
            let place = memory.chunks_mut(BYTES).nth(usize::from(number).saturating_sub(1));
            let (there, length) = self.progress().unwrap_or((0, 0));
            let left = length.saturating_sub(there) as usize;
            if let Some(place) = place
                && data.len() == left.min(BYTES)
            {
                place.iter_mut().zip(data).for_each(|(p, d)| *p = *d);
                self.next = self.next.saturating_add(1);
            }
        }
        self.wanted(memory)
    }

    /// What the receiver wants, as after the last line; for a sender that starts or has lost a reply.
    pub fn wanted(&mut self, memory: &[u8]) -> Reply {
        match self.progress() {
            Some((there, length)) if there == length => {
                if memory.get(..length as usize).is_some_and(|m| CRC.checksum(m) == self.transfer) {
                    Reply::Complete { length }
                } else {
                    *self = Self::new();
                    Reply::Mismatch
                }
            }
            _ => Reply::Send(self.next),
        }
    }
}

fn encode<'m>(number: u16, transfer: u32, data: &[u8], memory: &'m mut [u8; LINE]) -> Option<&'m str> {
    let mut text = Text { memory: &mut memory[..], used: 0 };
    text.put(b"HM ")?;
    text.hexadecimal(number.into(), 4)?;
    text.put(b" ")?;
    text.hexadecimal(transfer, 8)?;
    text.put(b" ")?;
    for group in data.chunks(3) {
        let triple = group.iter().enumerate().fold(0u32, |t, (i, b)| t | u32::from(*b) << (16 - 8 * i));
        for digit in 0..4 {
            let value = (triple >> (18 - 6 * digit)) as u8 & 63;
            text.put(&[if digit > group.len() { b'=' } else { digit64(value) }])?;
        }
    }
    let crc = CRC.checksum(text.memory.get(..text.used)?);
    text.put(b" ")?;
    text.hexadecimal(crc, 8)?;
    let used = text.used;
    core::str::from_utf8(memory.get(..used)?).ok()
}

struct Text<'m> {
    memory: &'m mut [u8],
    used: usize,
}

impl Text<'_> {
    fn put(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.used.checked_add(bytes.len())?;
        self.memory.get_mut(self.used..end)?.iter_mut().zip(bytes).for_each(|(m, b)| *m = *b);
        self.used = end;
        Some(())
    }

    fn hexadecimal(&mut self, value: u32, digits: u32) -> Option<()> {
        for digit in (0..digits).rev() {
            let nibble = (value >> (4 * digit)) as u8 & 15;
            self.put(&[if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }])?;
        }
        Some(())
    }
}

fn digit64(value: u8) -> u8 {
    match value {
        0..26 => b'A' + value,
        26..52 => b'a' + (value - 26),
        52..62 => b'0' + (value - 52),
        62 => b'+',
        _ => b'/',
    }
}

fn value64(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

fn number16(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0u32, |n, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(n << 4 | u32::from(value))
    })
}

/// Number, transfer and bytes of a line. What a terminal may add before and after it does not count.
fn decode<'d>(line: &str, data: &'d mut [u8; BYTES]) -> Option<(u16, u32, &'d [u8])> {
    let line = line.trim_ascii().as_bytes();
    let (checked, crc) = line.split_at_checked(line.len().checked_sub(TAIL)?)?;
    if number16(crc.strip_prefix(b" ")?)? != CRC.checksum(checked) {
        return None;
    }
    let (head, base64) = checked.split_at_checked(HEAD)?;
    let (number, rest) = head.strip_prefix(b"HM ")?.split_at_checked(4)?;
    let transfer = rest.strip_prefix(b" ")?.strip_suffix(b" ")?;
    let mut used = 0;
    let mut groups = base64.chunks_exact(4);
    for group in groups.by_ref() {
        let padding = group.iter().rev().take_while(|d| **d == b'=').count();
        let digits = group.get(..4usize.checked_sub(padding).filter(|n| *n >= 2)?)?;
        let mut triple = 0u32;
        for (i, digit) in digits.iter().enumerate() {
            triple |= u32::from(value64(*digit)?) << (18 - 6 * i);
        }
        for i in 0..digits.len() - 1 {
            *data.get_mut(used)? = (triple >> (16 - 8 * i)) as u8;
            used += 1;
        }
    }
    if !groups.remainder().is_empty() {
        return None;
    }
    Some((number16(number)? as u16, number16(transfer)?, data.get(..used)?))
}
