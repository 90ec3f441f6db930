//! Finding records in a page, also behind damage.

use crate::format::{BLOCK, COMMIT, Header, Marker, blank};
use crate::log::Geometry;
use embedded_storage::nor_flash::NorFlash;

/// A record whose header is whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// Where its header stands.
    pub(crate) at: u32,
    pub(crate) header: Header,
    /// Whether its commit word has been written; if not, the power went while it was.
    pub(crate) committed: bool,
}

/// What marks a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Not part of the log.
    Blank,
    /// Part of the log.
    Whole(Marker),
    /// Part of the log if what follows is: a marker is written last, so the records were complete before it was torn.
    Damaged,
}

/// Reads the marker of the page at `start`.
pub(crate) fn mark<F: NorFlash>(flash: &mut F, start: u32) -> Result<Mark, F::Error> {
    let mut bytes = [0; BLOCK];
    flash.read(start, &mut bytes)?;
    Ok(match Marker::parse(&bytes) {
        Some(marker) => Mark::Whole(marker),
        None if blank(&bytes) => Mark::Blank,
        None => Mark::Damaged,
    })
}

/// A walk through the records of one page.
#[derive(Debug)]
pub(crate) struct Scan {
    at: u32,
    page_end: u32,
    /// Behind the last byte that is known to be in use, rounded up to a word.
    pub(crate) end: u32,
    /// Whether what stands at `at` follows something that was no record.
    lost: bool,
    /// Stretches that were no record.
    pub(crate) damaged: u32,
}

impl Scan {
    /// Starts at the first record of the page at `start`.
    pub(crate) fn new<F: NorFlash>(start: u32) -> Self {
        let first = Geometry::<F>::first(start);
        Self { at: first, page_end: start + Geometry::<F>::PAGE, end: first, lost: false, damaged: 0 }
    }

    /// The next record. Where there is neither a record nor blank flash it looks for the next one word by word, up to
    /// the end of the page: the bytes of a record whose header is damaged may look blank.
    pub(crate) fn next<F: NorFlash>(&mut self, flash: &mut F) -> Result<Option<Record>, F::Error> {
        while self.page_end - self.at >= Geometry::<F>::record(0) {
            let mut bytes = [0; BLOCK];
            flash.read(self.at, &mut bytes)?;
            if let Some(header) = Header::parse(&bytes)
                && let next = self.at.saturating_add(Geometry::<F>::record(header.length))
                && next <= self.page_end
            {
                let mut word = [0; COMMIT];
                flash.read(next.wrapping_sub(Geometry::<F>::COMMIT), &mut word)?;
                let record = Record { at: self.at, header, committed: !blank(&word) };
                (self.at, self.end, self.lost) = (next, next, false);
                return Ok(Some(record));
            }
            if !self.lost {
                if blank(&bytes) {
                    break;
                }
                self.lost = true;
                self.damaged += 1;
            }
            self.at += Geometry::<F>::WORD;
            if !blank(bytes.get(..F::WRITE_SIZE).unwrap_or(&bytes)) {
                self.end = self.at;
            }
        }
        Ok(None)
    }
}
