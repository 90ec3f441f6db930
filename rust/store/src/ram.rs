//! A NOR flash in memory, for tests on the host. It panics when its user breaks the rules of the kind of flash that is
//! least forgiving: a word is written once between two erases, whole and aligned. Power can be cut at any step, which
//! leaves a byte half programmed or a page half erased; until [`RamFlash::restart`] every operation then fails. A word
//! whose writing was cut before a bit changed counts as not written, for nothing can tell it from one.

extern crate std;

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use std::vec::Vec;

/// The power is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLost;

impl NorFlashError for PowerLost {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

/// Steps that an erase counts as; the power can go at each.
pub const ERASE_STEPS: u64 = 4;

/// What was done to a flash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Read operations.
    pub reads: u64,
    /// Bytes read.
    pub bytes_read: u64,
    /// Write operations.
    pub writes: u64,
    /// Bytes written.
    pub bytes_written: u64,
    /// Pages erased.
    pub erases: u64,
}

/// Flash with write words of `WORD` bytes and pages of `PAGE`.
#[derive(Clone, Debug)]
pub struct RamFlash<const WORD: usize, const PAGE: usize> {
    memory: Vec<u8>,
    written: Vec<bool>,
    /// Steps until the power goes.
    fuse: Option<u64>,
    /// Steps so far: a byte programmed is one, an erase is [`ERASE_STEPS`].
    pub steps: u64,
    /// What was done.
    pub counts: Counts,
    random: u64,
}

impl<const WORD: usize, const PAGE: usize> RamFlash<WORD, PAGE> {
    /// Erased flash.
    pub fn new(pages: usize) -> Self {
        Self {
            memory: std::vec![0xff; pages * PAGE],
            written: std::vec![false; pages * PAGE / WORD],
            fuse: None,
            steps: 0,
            counts: Counts::default(),
            random: 1,
        }
    }

    /// Flash that holds something else, as a partition may that had another use.
    pub fn with_contents(memory: Vec<u8>) -> Self {
        let (pages, rest) = (memory.len() / PAGE, memory.len() % PAGE);
        assert!(rest == 0, "whole pages");
        let written = memory.chunks(WORD).map(|w| w.iter().any(|b| *b != 0xff)).collect();
        Self { written, memory, ..Self::new(pages) }
    }

    /// Cuts the power after `steps` more steps. `seed` decides what the step that is cut leaves behind.
    pub fn cut_after(&mut self, steps: u64, seed: u64) {
        (self.fuse, self.random) = (Some(steps), seed.wrapping_mul(2).wrapping_add(1));
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.fuse == Some(0)
    }

    /// Power on again.
    pub fn restart(&mut self) {
        self.fuse = None;
    }

    /// All bytes, to look at and to damage.
    pub fn memory(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    /// Counts a step; false when the power goes in the middle of it.
    fn step(&mut self) -> bool {
        if let Some(left) = &mut self.fuse {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return false;
            }
        }
        self.steps += 1;
        true
    }

    fn noise(&mut self) -> u8 {
        // xorshift64, Marsaglia 2003
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 32) as u8
    }

    fn powered(&self) -> Result<(), PowerLost> {
        if self.is_off() { Err(PowerLost) } else { Ok(()) }
    }
}

impl<const WORD: usize, const PAGE: usize> ErrorType for RamFlash<WORD, PAGE> {
    type Error = PowerLost;
}

impl<const WORD: usize, const PAGE: usize> ReadNorFlash for RamFlash<WORD, PAGE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerLost> {
        self.powered()?;
        self.counts.reads += 1;
        self.counts.bytes_read += bytes.len() as u64;
        let offset = offset as usize;
        bytes.copy_from_slice(&self.memory[offset..offset + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.memory.len()
    }
}

impl<const WORD: usize, const PAGE: usize> NorFlash for RamFlash<WORD, PAGE> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerLost> {
        self.powered()?;
        assert!(from < to && (from as usize).is_multiple_of(PAGE) && (to as usize).is_multiple_of(PAGE), "alignment");
        for start in (from as usize..to as usize).step_by(PAGE) {
            // Which part of a page is erased first is nobody's promise.
            let first = usize::from(self.noise());
            for quarter in (first..first + ERASE_STEPS as usize).map(|q| q % 4) {
                let range = start + PAGE * quarter / 4..start + PAGE * (quarter + 1) / 4;
                if !self.step() {
                    // Some bits are ones already. Which words may be written is decided by the next erase alone.
                    for at in range {
                        let noise = self.noise();
                        self.memory[at] |= noise;
                    }
                    return Err(PowerLost);
                }
                self.memory[range].fill(0xff);
            }
            self.written[start / WORD..(start + PAGE) / WORD].fill(false);
            self.counts.erases += 1;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerLost> {
        self.powered()?;
        let offset = offset as usize;
        assert!(offset.is_multiple_of(WORD) && bytes.len().is_multiple_of(WORD), "alignment");
        self.counts.writes += 1;
        self.counts.bytes_written += bytes.len() as u64;
        for (at, byte) in (offset..).zip(bytes) {
            if at.is_multiple_of(WORD) {
                assert!(!core::mem::replace(&mut self.written[at / WORD], true), "written twice without an erase");
                assert!(self.memory[at..at + WORD].iter().all(|b| *b == 0xff), "not erased");
            }
            if !self.step() {
                let (noise, word) = (self.noise(), at / WORD);
                self.memory[at] &= byte | noise;
                self.written[word] = self.memory[word * WORD..(word + 1) * WORD].iter().any(|b| *b != 0xff);
                return Err(PowerLost);
            }
            self.memory[at] &= byte;
        }
        Ok(())
    }
}
