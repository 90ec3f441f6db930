//! Flash of the host's device: a file that keeps to the rules of NOR flash, or memory that is gone with the program.

use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes that an erase clears: a large sector of the STM32F401.
pub const PAGE: usize = 128 * 1024;
/// Pages.
pub const PAGES: usize = 2;
/// Bytes that are written at once.
pub const WORD: usize = 4;

/// Why the flash did not do as told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Beyond the end.
    OutOfBounds,
    /// Not on a word, or not on a page.
    NotAligned,
    /// A word that is not erased was to be written.
    NotErased,
    /// The file could not be read or written.
    File,
}

impl NorFlashError for Fault {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::NotAligned => NorFlashErrorKind::NotAligned,
            Self::NotErased | Self::File => NorFlashErrorKind::Other,
        }
    }
}

/// NOR flash whose contents are held in memory and, with a file, written through to it.
#[derive(Debug)]
pub struct HostFlash {
    memory: Vec<u8>,
    file: Option<File>,
}

impl HostFlash {
    /// Erased flash that is gone with the program.
    pub fn ram() -> Self {
        Self { memory: vec![0xff; PAGE * PAGES], file: None }
    }

    /// The flash in a file; one that is missing is made, erased.
    ///
    /// # Errors
    /// The file cannot be read or made, is in use by another program, or has another size.
    pub fn file(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        file.try_lock().map_err(|_| io::Error::other("another program has it open"))?;
        let mut memory = Vec::new();
        (&file).take((PAGE * PAGES) as u64 + 1).read_to_end(&mut memory)?;
        if memory.is_empty() {
            memory = vec![0xff; PAGE * PAGES];
            file.write_all(&memory)?;
        }
        if memory.len() != PAGE * PAGES {
            let text = format!("it is not a flash file of this program, which has {} bytes", PAGE * PAGES);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(Self { memory, file: Some(file) })
    }

    fn range(&self, offset: u32, length: usize, unit: usize) -> Result<std::ops::Range<usize>, Fault> {
        let start = offset as usize;
        let end = start.checked_add(length).filter(|end| *end <= self.memory.len()).ok_or(Fault::OutOfBounds)?;
        if start.is_multiple_of(unit) && length.is_multiple_of(unit) { Ok(start..end) } else { Err(Fault::NotAligned) }
    }

    fn keep(&mut self, range: std::ops::Range<usize>) -> Result<(), Fault> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.seek(SeekFrom::Start(range.start as u64)).and_then(|_| file.write_all(&self.memory[range]));
        written.map_err(|_| Fault::File)
    }
}

impl ErrorType for HostFlash {
    type Error = Fault;
}

impl ReadNorFlash for HostFlash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        let range = self.range(offset, bytes.len(), 1)?;
        bytes.copy_from_slice(&self.memory[range]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.memory.len()
    }
}

impl NorFlash for HostFlash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        let length = to.checked_sub(from).ok_or(Fault::OutOfBounds)? as usize;
        let range = self.range(from, length, PAGE)?;
        self.memory[range.clone()].fill(0xff);
        self.keep(range)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        let range = self.range(offset, bytes.len(), WORD)?;
        if self.memory[range.clone()].iter().any(|b| *b != 0xff) {
            return Err(Fault::NotErased);
        }
        self.memory[range.clone()].copy_from_slice(bytes);
        self.keep(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_rules_of_flash() {
        let mut flash = HostFlash::ram();
        assert_eq!(flash.write(2, &[0; 4]), Err(Fault::NotAligned));
        assert_eq!(flash.write(0, &[1, 2, 3, 4]), Ok(()));
        assert_eq!(flash.write(0, &[1, 2, 3, 4]), Err(Fault::NotErased));
        assert_eq!(flash.erase(0, 4), Err(Fault::NotAligned));
        assert_eq!(flash.write((PAGE * PAGES) as u32, &[0; 4]), Err(Fault::OutOfBounds));
        flash.erase(0, PAGE as u32).unwrap();
        assert_eq!(flash.write(0, &[1, 2, 3, 4]), Ok(()));
    }

    #[test]
    fn a_file_keeps_what_was_written_and_another_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flash.bin");
        let mut flash = HostFlash::file(&path).unwrap();
        flash.write(8, &[1, 2, 3, 4]).unwrap();
        assert!(HostFlash::file(&path).is_err());
        drop(flash);
        let mut bytes = [0; 4];
        HostFlash::file(&path).unwrap().read(8, &mut bytes).unwrap();
        assert_eq!(bytes, [1, 2, 3, 4]);
        std::fs::write(&path, [0; 100]).unwrap();
        assert!(HostFlash::file(&path).unwrap_err().to_string().contains("262144"));
    }
}
