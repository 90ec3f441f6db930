//! Opening a log, whatever happened to it, and going back to older values where newer ones are damaged.

use crate::log::{Geometry, intact};
use crate::scan::{Mark, Scan, mark};
use crate::store::{Error, Slot, Store};
use embedded_storage::nor_flash::NorFlash;

impl<F: NorFlash, const KEYS: usize> Store<F, KEYS> {
    /// Finds the values, the place to go on, and what is damaged.
    pub(crate) fn recover(&mut self) -> Result<(), Error<F::Error>> {
        let mut active_mark = Mark::Blank;
        for page in 0..self.pages() {
            let start = self.page_start(page);
            let marked = mark(&mut self.flash, start).map_err(Error::Flash)?;
            if marked == Mark::Blank {
                continue;
            }
            let mut scan = Scan::new::<F>(start);
            let (mut newest, mut unfinished, mut foreign) = (false, 0u32, 0u32);
            while let Some(record) = scan.next(&mut self.flash).map_err(Error::Flash)? {
                let after = record.header.sequence.saturating_add(1);
                if after > self.sequence {
                    (self.sequence, newest) = (after, true);
                }
                if !record.committed {
                    unfinished += 1;
                } else if usize::from(record.header.key) >= KEYS {
                    foreign += 1;
                } else {
                    self.take(record);
                }
            }
            if newest {
                (self.active, self.end, active_mark) = (Some(page), scan.end, marked);
                (self.found.unfinished, self.found.damaged, self.found.foreign) = (unfinished, scan.damaged, foreign);
            }
        }
        if let Some(active) = self.active
            && !self.is_blank(self.end, self.page_end(active) - self.end).map_err(Error::Flash)?
        {
            // Behind the log's end there must be nothing: a record there, left by whatever, could come to be found, and
            // taken for newer, once a save has closed the gap.
            self.found.damaged += 1;
            self.end = self.page_end(active);
        }
        for key in 0..KEYS as u16 {
            self.settle(key).map_err(Error::Flash)?;
        }
        self.found.values = self.slots.iter().filter(|s| s.length > 0).count() as u32;
        self.repair(active_mark)
    }

    /// Sees to it that a page is free, so that a save is possible.
    fn repair(&mut self, active_mark: Mark) -> Result<(), Error<F::Error>> {
        let Some(active) = self.active else { return Ok(()) };
        if active_mark == Mark::Damaged {
            // The next save moves everything to a page with a whole one.
            (self.found.markers, self.end) = (1, self.page_end(active));
        }
        if self.free_pages() > 0 {
            return Ok(());
        }
        let Some(page) = self.next_page(false) else { return Ok(()) };
        for key in 0..KEYS as u16 {
            while let Some(slot) = self.slot_in(key, Some(page)) {
                let size = Geometry::<F>::record(slot.length);
                let fits = size <= self.page_end(active) - self.end;
                if !fits || !self.is_blank(self.end, size).map_err(Error::Flash)? {
                    break;
                }
                let at = self.end;
                self.end += size;
                if self.copy(key, slot, at)? {
                    self.found.repaired += 1;
                }
            }
        }
        Ok(())
    }

    /// Makes sure that the value of `key` is intact, going back to older ones until one is.
    pub(crate) fn settle(&mut self, key: u16) -> Result<(), F::Error> {
        while let Some(slot) = self.slots.get(usize::from(key)).copied().filter(|s| s.exists()) {
            if intact(&mut self.flash, slot.at, slot.header(key))? {
                break;
            }
            self.found.damaged += 1;
            self.fall_back(key)?;
        }
        Ok(())
    }

    /// Takes the newest record of `key` that is older than the one in force, or none.
    pub(crate) fn fall_back(&mut self, key: u16) -> Result<(), F::Error> {
        let Some(limit) = self.slots.get(usize::from(key)).map(|s| s.sequence) else { return Ok(()) };
        if let Some(slot) = self.slots.get_mut(usize::from(key)) {
            *slot = Slot::EMPTY;
        }
        for page in 0..self.pages() {
            let start = self.page_start(page);
            if mark(&mut self.flash, start)? == Mark::Blank {
                continue;
            }
            let mut scan = Scan::new::<F>(start);
            while let Some(record) = scan.next(&mut self.flash)? {
                if record.committed && record.header.key == key && record.header.sequence < limit {
                    self.take(record);
                }
            }
        }
        Ok(())
    }
}
