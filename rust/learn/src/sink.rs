//! Where bytes go.

/// The sink takes no more. What it took so far is not a whole container and must not be kept; the sink itself knows
/// why it refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Takes bytes in order.
pub trait Sink {
    /// Takes all of `bytes`.
    ///
    /// # Errors
    /// [`Refused`]; an unknown part of `bytes` was taken.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused>;
}

impl<F: FnMut(&[u8]) -> Result<(), Refused>> Sink for F {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self(bytes)
    }
}

/// Counts bytes and keeps none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counter(
    /// Bytes so far.
    pub u32,
);

impl Sink for Counter {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        self.0 = u32::try_from(bytes.len()).ok().and_then(|n| self.0.checked_add(n)).ok_or(Refused)?;
        Ok(())
    }
}

/// Fills a slice.
#[derive(Debug)]
pub struct SliceSink<'a> {
    memory: &'a mut [u8],
    used: usize,
}

impl<'a> SliceSink<'a> {
    /// Fills `memory` from its start.
    pub fn new(memory: &'a mut [u8]) -> Self {
        Self { memory, used: 0 }
    }

    /// What was taken.
    pub fn filled(&self) -> &[u8] {
        self.memory.get(..self.used).unwrap_or(&[])
    }
}

impl Sink for SliceSink<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let end = self.used.checked_add(bytes.len()).ok_or(Refused)?;
        self.memory.get_mut(self.used..end).ok_or(Refused)?.iter_mut().zip(bytes).for_each(|(m, b)| *m = *b);
        self.used = end;
        Ok(())
    }
}
