//! The store: which record is a key's value, where the next one goes, and when a page is erased.

use crate::format::{Header, Marker, blank};
use crate::log::{Geometry, Put, Writer, intact, read_pieces, write_block};
use crate::scan::{Mark, Record, mark};
use embedded_storage::nor_flash::NorFlash;

/// Why nothing was saved or loaded. The value in force stays in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The flash driver failed.
    Flash(E),
    /// The flash does not hold what was written to it: it is worn out or its supply is unstable.
    Verify,
    /// There is no room for the value beside those of the other keys.
    Full {
        /// Bytes that the record takes.
        needed: u32,
        /// Bytes that there would be after an erase.
        available: u32,
    },
    /// The value came out longer or shorter than announced, or its source gave up.
    Length,
    /// The store has no such key.
    NoSuchKey,
    /// The memory lent is smaller than the value.
    Short {
        /// Bytes of the value.
        needed: u32,
    },
    /// The flash has fewer than two pages.
    TooFewPages,
}

/// Tells of an erase: the processor may stand still while a page is erased, and samples are then missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// About to begin.
    Erasing {
        /// Number of the page.
        page: u32,
    },
    /// Done, or failed.
    Erased {
        /// Number of the page.
        page: u32,
    },
}

/// What a save cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Pages erased.
    pub erases: u32,
    /// Values of other keys that moved to the fresh page.
    pub moved: u32,
    /// Bytes that the log grew by.
    pub bytes: u32,
    /// Values of other keys that are gone. They stood in for newer ones that had been damaged, and there was no room.
    pub lost: u32,
}

/// What was found when the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Keys that have a value.
    pub values: u32,
    /// Saves that the power cut short; the value before is in force.
    pub unfinished: u32,
    /// Records and stretches of the log that are damaged. The newest intact value of each key is in force.
    pub damaged: u32,
    /// Pages whose marker is damaged; the next save moves their values to another one.
    pub markers: u32,
    /// Values that had to be moved at once, so that later saves have a page to go to.
    pub repaired: u32,
    /// Records of keys that this store does not have; the next erase of their page loses them.
    pub foreign: u32,
}

/// Where the newest intact record of a key stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) at: u32,
    pub(crate) length: u32,
    pub(crate) sequence: u32,
}

impl Slot {
    pub(crate) const EMPTY: Self = Self { at: u32::MAX, length: 0, sequence: 0 };

    pub(crate) fn header(self, key: u16) -> Header {
        Header { key, length: self.length, sequence: self.sequence }
    }

    pub(crate) fn exists(self) -> bool {
        self.at != u32::MAX
    }
}

/// Where the bytes of a new record come from.
enum Source<'a> {
    /// Whoever saves passes them on; see [`Store::save_with`].
    Caller(&'a mut dyn FnMut(Put<'_>) -> bool),
    /// They stand here in the same flash.
    Flash(u32),
}

/// Values by key, 0 to `KEYS` - 1, in the pages of one flash.
#[derive(Debug)]
pub struct Store<F, const KEYS: usize> {
    pub(crate) flash: F,
    pub(crate) slots: [Slot; KEYS],
    /// The page that grows; `None` before the first save.
    pub(crate) active: Option<u32>,
    /// Where in it the next record goes.
    pub(crate) end: u32,
    /// The next record's.
    pub(crate) sequence: u32,
    /// A page erased ahead of need.
    prepared: Option<u32>,
    pub(crate) found: Found,
}

impl<F: NorFlash, const KEYS: usize> Store<F, KEYS> {
    /// Opens the store in `flash`, whatever is in it, and repairs what a power loss left half done. Never erases.
    ///
    /// # Errors
    /// [`Error::Flash`], [`Error::TooFewPages`]; the flash is given back.
    pub fn open(flash: F) -> Result<Self, (Error<F::Error>, F)> {
        let mut store = Self {
            flash,
            slots: [Slot::EMPTY; KEYS],
            active: None,
            end: 0,
            sequence: 0,
            prepared: None,
            found: Found::default(),
        };
        if store.pages() < 2 {
            return Err((Error::TooFewPages, store.flash));
        }
        match store.recover() {
            Ok(()) => Ok(store),
            Err(error) => Err((error, store.flash)),
        }
    }

    /// The flash back.
    pub fn close(self) -> F {
        self.flash
    }

    /// What was found when the store was opened.
    pub fn found(&self) -> Found {
        self.found
    }

    /// Bytes of the value of `key`; `None` when it has none.
    pub fn length(&self, key: u16) -> Option<u32> {
        self.slots.get(usize::from(key)).map(|s| s.length).filter(|n| *n > 0)
    }

    /// Where in the flash the value of `key` stands and how long it is, for flash that can be read as memory.
    pub fn place(&self, key: u16) -> Option<(u32, u32)> {
        let slot = self.slots.get(usize::from(key)).filter(|s| s.length > 0)?;
        Some((Geometry::<F>::value(slot.at), slot.length))
    }

    /// Bytes that the next value may have without an erase.
    pub fn room(&self) -> u32 {
        let overhead = Geometry::<F>::record(0);
        self.active
            .map_or(0, |page| ((self.page_end(page) - self.end).saturating_sub(overhead)) & !(Geometry::<F>::WORD - 1))
    }

    /// Whether saving a value of `length` bytes now would erase a page first.
    pub fn needs_erase(&self, length: u32) -> bool {
        self.prepared.is_none() && (self.active.is_none() || length > self.room())
    }

    /// Erases the page that a value of `length` bytes will need, if it will need one, so that the save itself need not.
    /// What is prepared is forgotten at a restart, for a page that an erase left half done may look erased.
    ///
    /// # Errors
    /// [`Error::Flash`], [`Error::Full`].
    pub fn prepare(&mut self, length: u32, notice: &mut dyn FnMut(Notice)) -> Result<bool, Error<F::Error>> {
        if !self.needs_erase(length) {
            return Ok(false);
        }
        let page = self.next_page(true).ok_or(Error::Full { needed: Geometry::<F>::record(length), available: 0 })?;
        self.erase_page(page, notice)?;
        self.prepared = Some(page);
        Ok(true)
    }

    /// Copies the value of `key` into `memory`, checked; `None` when it has none.
    ///
    /// A value that has been damaged since the store was opened is counted, and the one before it takes its place.
    ///
    /// # Errors
    /// [`Error::Short`], [`Error::Flash`].
    pub fn load<'m>(&mut self, key: u16, memory: &'m mut [u8]) -> Result<Option<&'m [u8]>, Error<F::Error>> {
        self.settle(key).map_err(Error::Flash)?;
        let Some((at, length)) = self.place(key) else { return Ok(None) };
        let memory = memory.get_mut(..length as usize).ok_or(Error::Short { needed: length })?;
        self.flash.read(at, memory).map_err(Error::Flash)?;
        Ok(Some(memory))
    }

    /// Passes the value of `key` on in pieces, checked beforehand, until `each` gives false; false when it has none.
    ///
    /// # Errors
    /// [`Error::Flash`].
    pub fn stream(&mut self, key: u16, each: &mut dyn FnMut(&[u8]) -> bool) -> Result<bool, Error<F::Error>> {
        self.settle(key).map_err(Error::Flash)?;
        let Some((at, length)) = self.place(key) else { return Ok(false) };
        read_pieces(&mut self.flash, at, length, each).map_err(Error::Flash)?;
        Ok(true)
    }

    /// Saves `value` under `key`.
    ///
    /// # Errors
    /// As [`Store::save_with`].
    pub fn save(&mut self, key: u16, value: &[u8], notice: &mut dyn FnMut(Notice)) -> Result<Saved, Error<F::Error>> {
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        self.save_with(key, length, &mut |put| put(value), notice)
    }

    /// Removes the value of `key`. What it was stays readable in the flash until its page is erased.
    ///
    /// # Errors
    /// As [`Store::save_with`].
    pub fn remove(&mut self, key: u16, notice: &mut dyn FnMut(Notice)) -> Result<Saved, Error<F::Error>> {
        if self.slots.get(usize::from(key)).is_some_and(|s| !s.exists()) {
            return Ok(Saved::default());
        }
        self.save_with(key, 0, &mut |_| true, notice)
    }

    /// Saves a value of `length` bytes that `fill` passes on piece by piece; it gives false to give up. Until this
    /// returns, the value before is in force, and it stays so whatever goes wrong. A value of no bytes is none.
    ///
    /// # Errors
    /// [`Error`].
    pub fn save_with(
        &mut self,
        key: u16,
        length: u32,
        fill: &mut dyn FnMut(Put<'_>) -> bool,
        notice: &mut dyn FnMut(Notice),
    ) -> Result<Saved, Error<F::Error>> {
        if usize::from(key) >= KEYS {
            return Err(Error::NoSuchKey);
        }
        let needed = Geometry::<F>::record(length);
        if let Some(page) = self.active
            && needed <= self.page_end(page) - self.end
        {
            if self.is_blank(self.end, needed).map_err(Error::Flash)? {
                let at = self.end;
                // Whatever becomes of it, the place is used.
                self.end += needed;
                let result = self.append(at, key, length, Source::Caller(fill));
                if matches!(result, Err(Error::Verify | Error::Flash(_))) {
                    // The page is not to be trusted with more; where nothing was written, a gap would end the log.
                    self.end = self.page_end(page);
                }
                return result.map(|()| Saved { bytes: needed, ..Saved::default() });
            }
            self.end = self.page_end(page);
        }
        // Until its marker stands, the fresh page is none of the log.
        let before = (self.slots, self.active, self.end);
        let result = self.save_in_fresh_page(key, length, fill, notice);
        if result.is_err() {
            (self.slots, self.active, self.end) = before;
        }
        result
    }

    fn save_in_fresh_page(
        &mut self,
        key: u16,
        length: u32,
        fill: &mut dyn FnMut(Put<'_>) -> bool,
        notice: &mut dyn FnMut(Notice),
    ) -> Result<Saved, Error<F::Error>> {
        let needed = Geometry::<F>::record(length);
        let room = Geometry::<F>::PAGE - Geometry::<F>::first(0);
        let full = |live: u32| Error::Full { needed, available: room.saturating_sub(live) };
        // With one page free, another must become free by this: the one with the least to move. With none free, one
        // page holds values that stand in for damaged ones and found no room at the last start: they give way.
        let free = self.free_pages();
        let page = self.prepared.or_else(|| self.next_page(free > 0)).ok_or_else(|| full(room))?;
        let lost = self.keys_in(page).filter(|k| *k != key).count() as u32;
        let victim = if free > 1 { None } else { self.victim(page, key) };
        let live = victim.map_or(0, |v| self.live(v, key));
        if live.saturating_add(needed) > room {
            return Err(full(live));
        }

        let mut saved = Saved { lost, ..Saved::default() };
        let erases = self.wear(page).map_err(Error::Flash)?;
        if self.prepared.take().is_none() {
            self.erase_page(page, notice)?;
            saved.erases = 1;
        }
        let start = self.page_start(page);
        for slot in self.slots.iter_mut().filter(|s| s.exists() && s.at / Geometry::<F>::PAGE == page) {
            *slot = Slot::EMPTY;
        }
        let mut at = Geometry::<F>::first(start);
        for other in (0..KEYS as u16).filter(|k| *k != key) {
            while let Some(slot) = self.slot_in(other, victim) {
                let size = Geometry::<F>::record(slot.length);
                if size + needed > self.page_end(page) - at {
                    return Err(full(live));
                }
                if self.copy(other, slot, at)? {
                    at += size;
                    saved.moved += 1;
                }
            }
        }
        self.append(at, key, length, Source::Caller(fill))?;
        let marker = Marker { erases: erases.saturating_add(1) };
        write_block(&mut self.flash, start, &marker.bytes()).map_err(Error::Flash)?;
        saved.bytes = at + needed - start;
        (self.active, self.end) = (Some(page), at + needed);
        Ok(saved)
    }

    /// Writes a record at `at` and, once it is committed, takes it as the value of `key`.
    fn append(&mut self, at: u32, key: u16, length: u32, source: Source<'_>) -> Result<(), Error<F::Error>> {
        let header = Header { key, length, sequence: self.sequence };
        self.sequence = self.sequence.saturating_add(1);
        let mut writer = Writer::begin(&mut self.flash, at, header);
        let filled = match source {
            Source::Caller(fill) => fill(&mut |bytes| writer.put(bytes)),
            Source::Flash(from) => writer.copy(from, length),
        };
        if !filled {
            return Err(writer.abandon());
        }
        writer.commit()?;
        self.take(Record { at, header, committed: true });
        Ok(())
    }

    /// Copies the value in `slot` to `at` under a new sequence number. When it is found damaged, nothing is written,
    /// the value before it takes its place, and the answer is false.
    pub(crate) fn copy(&mut self, key: u16, slot: Slot, at: u32) -> Result<bool, Error<F::Error>> {
        if !intact(&mut self.flash, slot.at, slot.header(key)).map_err(Error::Flash)? {
            self.found.damaged += 1;
            self.fall_back(key).map_err(Error::Flash)?;
            return Ok(false);
        }
        self.append(at, key, slot.length, Source::Flash(Geometry::<F>::value(slot.at)))?;
        Ok(true)
    }

    /// Takes `record` as the value of its key, if it is newer than what is known.
    pub(crate) fn take(&mut self, record: Record) {
        let Header { key, length, sequence } = record.header;
        if let Some(slot) = self.slots.get_mut(usize::from(key))
            && (!slot.exists() || sequence > slot.sequence)
        {
            *slot = Slot { at: record.at, length, sequence };
        }
    }

    fn erase_page(&mut self, page: u32, notice: &mut dyn FnMut(Notice)) -> Result<(), Error<F::Error>> {
        let start = self.page_start(page);
        notice(Notice::Erasing { page });
        let result = self.flash.erase(start, self.page_end(page));
        notice(Notice::Erased { page });
        result.map_err(Error::Flash)
    }

    pub(crate) fn is_blank(&mut self, at: u32, length: u32) -> Result<bool, F::Error> {
        let mut all = true;
        read_pieces(&mut self.flash, at, length, &mut |piece| {
            all = blank(piece);
            all
        })?;
        Ok(all)
    }

    /// Times that `page` has been erased, or when that is not to be read there, the most that another one says.
    fn wear(&mut self, page: u32) -> Result<u32, F::Error> {
        let mut most = 0;
        for other in 0..self.pages() {
            let start = self.page_start(other);
            if let Mark::Whole(marker) = mark(&mut self.flash, start)? {
                if other == page {
                    return Ok(marker.erases);
                }
                most = marker.erases.max(most);
            }
        }
        Ok(most)
    }

    /// The most times that a page has been erased.
    ///
    /// # Errors
    /// [`Error::Flash`].
    pub fn most_erases(&mut self) -> Result<u32, Error<F::Error>> {
        let mut most = 0;
        for page in 0..self.pages() {
            most = self.wear(page).map_err(Error::Flash)?.max(most);
        }
        Ok(most)
    }

    pub(crate) fn pages(&self) -> u32 {
        u32::try_from(self.flash.capacity()).unwrap_or(u32::MAX) / Geometry::<F>::PAGE
    }

    pub(crate) fn page_start(&self, page: u32) -> u32 {
        page * Geometry::<F>::PAGE
    }

    pub(crate) fn page_end(&self, page: u32) -> u32 {
        self.page_start(page) + Geometry::<F>::PAGE
    }

    pub(crate) fn slot_in(&self, key: u16, page: Option<u32>) -> Option<Slot> {
        let slot = self.slots.get(usize::from(key)).copied()?;
        (slot.exists() && Some(slot.at / Geometry::<F>::PAGE) == page).then_some(slot)
    }

    fn keys_in(&self, page: u32) -> impl Iterator<Item = u16> + '_ {
        (0..KEYS as u16).filter(move |k| self.slot_in(*k, Some(page)).is_some())
    }

    fn is_free(&self, page: u32) -> bool {
        self.active != Some(page) && self.keys_in(page).next().is_none()
    }

    pub(crate) fn free_pages(&self) -> usize {
        (0..self.pages()).filter(|p| self.is_free(*p)).count()
    }

    /// The first page after the active one, going round, that is free, or if it need not be, any.
    pub(crate) fn next_page(&self, free: bool) -> Option<u32> {
        let pages = self.pages();
        let from = self.active.map_or(0, |p| p + 1);
        let round = (from..pages).chain(0..from.min(pages));
        round.into_iter().find(|p| self.active != Some(*p) && (!free || self.is_free(*p)))
    }

    /// Bytes of the records in `page` that are values of keys other than `key`.
    fn live(&self, page: u32, key: u16) -> u32 {
        let keys = self.keys_in(page).filter(|k| *k != key);
        keys.filter_map(|k| self.slots.get(usize::from(k)))
            .fold(0, |sum, slot| sum.saturating_add(Geometry::<F>::record(slot.length)))
    }

    /// The page other than `fresh` with the least to move.
    fn victim(&self, fresh: u32, key: u16) -> Option<u32> {
        let used = (0..self.pages()).filter(|p| *p != fresh && !self.is_free(*p));
        used.min_by_key(|p| self.live(*p, key))
    }
}
