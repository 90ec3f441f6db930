//! The storage partition as `embedded-storage` flash.

use super::ffi;
use crate::config;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

/// The partition. There is one, so that there is at most one of these at a time.
#[derive(Debug)]
pub struct Storage {
    size: usize,
}

/// Why flash did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashError {
    /// Beyond the end of the partition.
    OutOfBounds,
    /// Not a multiple of the unit.
    NotAligned,
    /// The driver's errno.
    Driver(i32),
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::Driver(_) => NorFlashErrorKind::Other,
        }
    }
}

impl Storage {
    /// The partition; `None` when the board has none, its sectors are not of `CONFIG_HONE_FLASH_SECTOR` bytes, or
    /// `CONFIG_HONE_FLASH_WORD` is no multiple of what it writes at once.
    pub fn open() -> Option<Self> {
        let size = usize::try_from(ffi::hone_flash_size()).ok()?;
        let erases = usize::try_from(ffi::hone_flash_erase_size()).ok()? == Self::ERASE_SIZE;
        let word = usize::try_from(ffi::hone_flash_write_size()).ok()?;
        (erases && word > 0 && Self::WRITE_SIZE.is_multiple_of(word)).then_some(Self { size })
    }

    fn check(&self, offset: u32, len: usize, unit: usize) -> Result<(), FlashError> {
        let start = offset as usize;
        if start.checked_add(len).is_none_or(|end| end > self.size) {
            Err(FlashError::OutOfBounds)
        } else if !start.is_multiple_of(unit) || !len.is_multiple_of(unit) {
            Err(FlashError::NotAligned)
        } else {
            Ok(())
        }
    }
}

fn driver(rc: core::ffi::c_int) -> Result<(), FlashError> {
    if rc == 0 { Ok(()) } else { Err(FlashError::Driver(rc)) }
}

impl ErrorType for Storage {
    type Error = FlashError;
}

impl ReadNorFlash for Storage {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        self.check(offset, bytes.len(), Self::READ_SIZE)?;
        // SAFETY: the driver writes bytes.len() bytes to it.
        driver(unsafe { ffi::hone_flash_read(offset, bytes.as_mut_ptr().cast(), bytes.len()) })
    }

    fn capacity(&self) -> usize {
        self.size
    }
}

impl NorFlash for Storage {
    const WRITE_SIZE: usize = config::HONE_FLASH_WORD;
    const ERASE_SIZE: usize = config::HONE_FLASH_SECTOR;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let len = to.checked_sub(from).ok_or(FlashError::OutOfBounds)? as usize;
        self.check(from, len, Self::ERASE_SIZE)?;
        driver(ffi::hone_flash_erase(from, len))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.check(offset, bytes.len(), Self::WRITE_SIZE)?;
        // SAFETY: the driver reads bytes.len() bytes from it.
        driver(unsafe { ffi::hone_flash_write(offset, bytes.as_ptr().cast(), bytes.len()) })
    }
}
