//! Writing and checking single records.

use crate::format::{BLOCK, COMMIT, Header, Running, WIDEST, commit};
use crate::store::Error;
use core::marker::PhantomData;
use embedded_storage::nor_flash::NorFlash;

/// Takes the next bytes of a value; false says to stop, for the flash failed or the value is longer than announced.
pub type Put<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

/// Bytes that go to the flash at once.
const CHUNK: usize = 2 * WIDEST;

/// Sizes on this flash.
pub(crate) struct Geometry<F>(PhantomData<F>);

impl<F: NorFlash> Geometry<F> {
    /// A write word.
    pub(crate) const WORD: u32 = {
        assert!(F::READ_SIZE == 1, "the store reads single bytes");
        assert!(F::WRITE_SIZE.is_power_of_two() && F::WRITE_SIZE <= WIDEST, "write words of 1 to 32 bytes");
        assert!(F::ERASE_SIZE.is_multiple_of(CHUNK) && F::ERASE_SIZE >= 4 * CHUNK, "pages of 256 bytes or more");
        F::WRITE_SIZE as u32
    };
    /// An erase page.
    pub(crate) const PAGE: u32 = F::ERASE_SIZE as u32;
    /// A marker or header.
    pub(crate) const BLOCK: u32 = (BLOCK as u32).next_multiple_of(Self::WORD);
    /// A commit word.
    pub(crate) const COMMIT: u32 = (COMMIT as u32).next_multiple_of(Self::WORD);

    /// Where the first record of the page at `start` stands: behind the marker.
    pub(crate) const fn first(start: u32) -> u32 {
        start + Self::BLOCK
    }

    /// Bytes of a record with a value of `length`; `u32::MAX` when that is no number of bytes in a flash.
    pub(crate) fn record(length: u32) -> u32 {
        length
            .checked_next_multiple_of(Self::WORD)
            .and_then(|n| n.checked_add(Self::BLOCK + Self::COMMIT))
            .unwrap_or(u32::MAX)
    }

    /// Where the value of a record at `at` stands.
    pub(crate) const fn value(at: u32) -> u32 {
        at + Self::BLOCK
    }
}

/// Writes `block` at `at`, filled up to a whole word with ones.
pub(crate) fn write_block<F: NorFlash, const N: usize>(
    flash: &mut F,
    at: u32,
    block: &[u8; N],
) -> Result<(), F::Error> {
    let mut padded = [0xff; WIDEST];
    padded.iter_mut().zip(block).for_each(|(p, b)| *p = *b);
    let length = N.next_multiple_of(F::WRITE_SIZE);
    flash.write(at, padded.get(..length).unwrap_or(&padded))
}

/// Calls `each` with the bytes from `at` on, in pieces, until `length` are read or it gives false.
pub(crate) fn read_pieces<F: NorFlash>(
    flash: &mut F,
    mut at: u32,
    length: u32,
    each: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), F::Error> {
    let mut left = length;
    let mut piece = [0; CHUNK];
    while left > 0 {
        let count = left.min(CHUNK as u32);
        let Some(piece) = piece.get_mut(..count as usize) else { break };
        flash.read(at, piece)?;
        if !each(piece) {
            break;
        }
        at += count;
        left -= count;
    }
    Ok(())
}

/// The commit word that the record's header and value ask for, from what stands in the flash.
pub(crate) fn expected_commit<F: NorFlash>(flash: &mut F, at: u32, header: Header) -> Result<[u8; COMMIT], F::Error> {
    let mut digest = header.digest();
    read_pieces(flash, Geometry::<F>::value(at), header.length, &mut |piece| {
        digest.update(piece);
        true
    })?;
    Ok(commit(digest))
}

/// Whether the record at `at` stands in the flash as it was written.
pub(crate) fn intact<F: NorFlash>(flash: &mut F, at: u32, header: Header) -> Result<bool, F::Error> {
    let mut bytes = [0; BLOCK];
    flash.read(at, &mut bytes)?;
    let mut word = [0; COMMIT];
    let next = at.saturating_add(Geometry::<F>::record(header.length));
    flash.read(next.saturating_sub(Geometry::<F>::COMMIT), &mut word)?;
    Ok(Header::parse(&bytes) == Some(header) && expected_commit(flash, at, header)? == word)
}

/// A record being written: header first, then the value as it comes, then the commit word.
pub(crate) struct Writer<'f, F: NorFlash> {
    flash: &'f mut F,
    at: u32,
    header: Header,
    digest: Running,
    chunk: [u8; CHUNK],
    /// Bytes in `chunk`.
    held: usize,
    /// Bytes of the value that were taken in.
    taken: u32,
    /// Where the next chunk goes.
    next: u32,
    error: Option<F::Error>,
}

impl<'f, F: NorFlash> Writer<'f, F> {
    pub(crate) fn begin(flash: &'f mut F, at: u32, header: Header) -> Self {
        let error = write_block(flash, at, &header.bytes()).err();
        let (digest, next) = (header.digest(), Geometry::<F>::value(at));
        Self { flash, at, header, digest, chunk: [0xff; CHUNK], held: 0, taken: 0, next, error }
    }

    /// Takes the next bytes; false when they are too many or the flash fails.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> bool {
        let fits = u32::try_from(bytes.len()).ok().and_then(|n| self.taken.checked_add(n));
        let Some(taken) = fits.filter(|n| *n <= self.header.length && self.error.is_none()) else {
            self.taken = u32::MAX;
            return false;
        };
        self.taken = taken;
        self.digest.update(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = self.chunk.get_mut(self.held..).unwrap_or(&mut []);
            let count = room.len().min(rest.len());
            let (now, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            room.iter_mut().zip(now).for_each(|(r, b)| *r = *b);
            self.held += count;
            rest = later;
            if self.held >= CHUNK && !self.flush() {
                return false;
            }
        }
        true
    }

    /// Writes what is held, filled up to a whole word.
    fn flush(&mut self) -> bool {
        let length = self.held.next_multiple_of(F::WRITE_SIZE);
        let result = self.flash.write(self.next, self.chunk.get(..length).unwrap_or(&self.chunk));
        self.next += length as u32;
        (self.chunk, self.held) = ([0xff; CHUNK], 0);
        self.error = result.err();
        self.error.is_none()
    }

    /// Takes `length` bytes from elsewhere in the same flash; false when it fails.
    pub(crate) fn copy(&mut self, mut from: u32, length: u32) -> bool {
        let mut left = length;
        let mut piece = [0; CHUNK];
        while left > 0 && self.error.is_none() {
            let count = left.min(CHUNK as u32);
            let Some(piece) = piece.get_mut(..count as usize) else { break };
            match self.flash.read(from, piece) {
                Ok(()) => self.put(piece),
                Err(error) => {
                    self.error = Some(error);
                    false
                }
            };
            from += count;
            left -= count;
        }
        self.error.is_none()
    }

    /// Leaves the record without a commit word.
    pub(crate) fn abandon(self) -> Error<F::Error> {
        self.error.map_or(Error::Length, Error::Flash)
    }

    /// Commits the record, if the value is complete and stands in the flash as it came.
    pub(crate) fn commit(mut self) -> Result<(), Error<F::Error>> {
        if self.held > 0 && self.error.is_none() {
            self.flush();
        }
        if self.error.is_some() || self.taken != self.header.length {
            return Err(self.abandon());
        }
        let word = commit(self.digest);
        if expected_commit(self.flash, self.at, self.header).map_err(Error::Flash)? != word {
            return Err(Error::Verify);
        }
        write_block(self.flash, self.next, &word).map_err(Error::Flash)?;
        if intact(self.flash, self.at, self.header).map_err(Error::Flash)? { Ok(()) } else { Err(Error::Verify) }
    }
}
