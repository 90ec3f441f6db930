//! Where the samples of all recordings lie: in memory while they are few, else in a temporary file, so that what is held
//! does not grow with the recordings.

use hone_signal::Sample;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

/// Samples held in memory, 32 MB.
const IN_MEMORY: usize = 16 << 20;
/// Samples read from the file at a time, 512 KB.
const BLOCK: usize = 256 << 10;

/// Samples one after the other.
#[derive(Debug, Default)]
pub struct Store {
    /// All, or those not yet in the file.
    memory: Vec<Sample>,
    spilled: u64,
    file: Option<Mutex<Spill>>,
}

#[derive(Debug)]
struct Spill {
    file: File,
    /// What was read last, and where it begins.
    block: Vec<Sample>,
    at: u64,
}

impl Store {
    /// Samples in it.
    pub fn len(&self) -> u64 {
        self.spilled + self.memory.len() as u64
    }

    /// Adds samples.
    ///
    /// # Errors
    /// The temporary file cannot be written.
    pub fn push(&mut self, samples: &[Sample]) -> io::Result<()> {
        self.memory.extend_from_slice(samples);
        if self.memory.len() > IN_MEMORY {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(Mutex::new(Spill { file: tempfile::tempfile()?, block: Vec::new(), at: 0 }));
        }
        let Some(spill) = self.file.as_mut().and_then(|s| s.get_mut().ok()) else { return Err(poisoned()) };
        spill.file.seek(SeekFrom::Start(2 * self.spilled))?;
        let mut bytes = Vec::with_capacity(2 * BLOCK);
        for samples in self.memory.chunks(BLOCK) {
            bytes.clear();
            bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
            spill.file.write_all(&bytes)?;
        }
        self.spilled += self.memory.len() as u64;
        self.memory.clear();
        Ok(())
    }

    /// `count` samples from `at`; fewer at the end.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn get(&self, at: u64, count: usize) -> io::Result<Cow<'_, [Sample]>> {
        if at >= self.spilled {
            let from = ((at - self.spilled) as usize).min(self.memory.len());
            let to = from.saturating_add(count).min(self.memory.len());
            return Ok(Cow::Borrowed(self.memory.get(from..to).unwrap_or(&[])));
        }
        let count = (count as u64).min(self.len() - at) as usize;
        let mut samples = Vec::with_capacity(count);
        let from_file = (count as u64).min(self.spilled - at) as usize;
        let Some(Ok(mut spill)) = self.file.as_ref().map(Mutex::lock) else { return Err(poisoned()) };
        while samples.len() < from_file {
            let here = at + samples.len() as u64;
            let begin = here.checked_sub(spill.at).filter(|n| *n < spill.block.len() as u64);
            let Some(begin) = begin else {
                spill.load(here, self.spilled)?;
                continue;
            };
            let rest = spill.block.get(begin as usize..).unwrap_or(&[]);
            samples.extend_from_slice(rest.get(..(from_file - samples.len()).min(rest.len())).unwrap_or(&[]));
        }
        samples.extend_from_slice(self.memory.get(..count - from_file).unwrap_or(&[]));
        Ok(Cow::Owned(samples))
    }
}

impl Spill {
    fn load(&mut self, at: u64, end: u64) -> io::Result<()> {
        let count = (BLOCK as u64).min(end - at) as usize;
        let mut bytes = vec![0; 2 * count];
        self.file.seek(SeekFrom::Start(2 * at))?;
        self.file.read_exact(&mut bytes)?;
        self.block.clear();
        self.block.extend(bytes.as_chunks().0.iter().map(|b| Sample::from_le_bytes(*b)));
        self.at = at;
        Ok(())
    }
}

fn poisoned() -> io::Error {
    io::Error::other("the temporary file of samples is gone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_from_memory_and_file() {
        let mut store = Store::default();
        let sample = |i: u64| (i.wrapping_mul(2_654_435_761) >> 7) as Sample;
        let mut at = 0;
        while at < (IN_MEMORY + 100_000) as u64 {
            let part: Vec<Sample> = (at..at + 5000).map(sample).collect();
            store.push(&part).unwrap();
            at += 5000;
        }
        assert!(store.file.is_some() && store.len() == at);
        for from in [0, 77, BLOCK as u64 - 3, store.spilled - 10, store.spilled, at - 4] {
            let got = store.get(from, 1000).unwrap();
            let expected: Vec<Sample> = (from..at.min(from + 1000)).map(sample).collect();
            assert_eq!(*got, expected, "{from}");
        }
        assert!(store.get(at + 5, 3).unwrap().is_empty());
    }
}
