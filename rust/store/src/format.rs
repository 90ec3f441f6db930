//! The bytes of page markers and record headers.

use crc::{CRC_32_ISO_HDLC, Crc, Digest, NoTable};

/// CRC-32 as in zlib, without a table: the flash is slower than the bits.
pub(crate) static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);

/// A CRC under way.
pub(crate) type Running = Digest<'static, u32, NoTable>;

/// Bytes of a page marker and of a record header, before rounding up to write words.
pub(crate) const BLOCK: usize = 16;
/// Bytes of the commit word, likewise.
pub(crate) const COMMIT: usize = 4;
/// The widest write word.
pub(crate) const WIDEST: usize = 32;

const PAGE_MAGIC: [u8; 4] = *b"HLOG";
const RECORD_MAGIC: u16 = 0x5aa5;
const VERSION: u8 = 1;

/// Makes a page part of the log. Written when the page's first records are complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// Times that the page has been erased, as far as is known.
    pub(crate) erases: u32,
}

impl Marker {
    pub(crate) fn bytes(self) -> [u8; BLOCK] {
        let [m0, m1, m2, m3] = PAGE_MAGIC;
        let [e0, e1, e2, e3] = self.erases.to_le_bytes();
        seal([m0, m1, m2, m3, VERSION, 0, 0, 0, e0, e1, e2, e3])
    }

    pub(crate) fn parse(bytes: &[u8; BLOCK]) -> Option<Self> {
        match unseal(bytes)? {
            [m0, m1, m2, m3, VERSION, 0, 0, 0, e0, e1, e2, e3] if [m0, m1, m2, m3] == PAGE_MAGIC => {
                Some(Self { erases: u32::from_le_bytes([e0, e1, e2, e3]) })
            }
            _ => None,
        }
    }
}

/// What stands before a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) key: u16,
    /// Bytes of the value; 0 says that the key has none any more.
    pub(crate) length: u32,
    /// Rises from record to record through the whole log: the highest intact one of a key is its value.
    pub(crate) sequence: u32,
}

impl Header {
    pub(crate) fn bytes(self) -> [u8; BLOCK] {
        let [m0, m1] = RECORD_MAGIC.to_le_bytes();
        let [k0, k1] = self.key.to_le_bytes();
        let [l0, l1, l2, l3] = self.length.to_le_bytes();
        let [s0, s1, s2, s3] = self.sequence.to_le_bytes();
        seal([m0, m1, k0, k1, l0, l1, l2, l3, s0, s1, s2, s3])
    }

    pub(crate) fn parse(bytes: &[u8; BLOCK]) -> Option<Self> {
        // The magic first: looking for a record in what is none must not cost a CRC per word.
        if u16::from_le_bytes([bytes[0], bytes[1]]) != RECORD_MAGIC {
            return None;
        }
        let [_, _, k0, k1, l0, l1, l2, l3, s0, s1, s2, s3] = unseal(bytes)?;
        Some(Self {
            key: u16::from_le_bytes([k0, k1]),
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            sequence: u32::from_le_bytes([s0, s1, s2, s3]),
        })
    }

    /// The CRC of a record so far: that of its header.
    pub(crate) fn digest(self) -> Running {
        let mut digest = CRC.digest();
        digest.update(&self.bytes());
        digest
    }
}

/// The word that commits a record with this CRC; never that of erased flash.
pub(crate) fn commit(digest: Running) -> [u8; COMMIT] {
    match digest.finalize() {
        u32::MAX => [0; COMMIT],
        crc => crc.to_le_bytes(),
    }
}

pub(crate) fn blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| *b == 0xff)
}

fn seal(fields: [u8; 12]) -> [u8; BLOCK] {
    let [c0, c1, c2, c3] = CRC.checksum(&fields).to_le_bytes();
    let [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11] = fields;
    [f0, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, c0, c1, c2, c3]
}

fn unseal(bytes: &[u8; BLOCK]) -> Option<[u8; 12]> {
    let fields = *bytes.first_chunk::<12>()?;
    let crc = *bytes.last_chunk::<4>()?;
    (CRC.checksum(&fields).to_le_bytes() == crc).then_some(fields)
}
