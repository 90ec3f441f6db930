//! Working memory: a slice of words that the caller owns, carved into typed slices.

use bytemuck::{AnyBitPattern, NoUninit};

/// The workspace is too small. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Bytes needed.
    pub needed: usize,
    /// Bytes there are.
    pub available: usize,
}

/// Words that `count` items of `size` bytes take.
pub const fn words(count: usize, size: usize) -> usize {
    (count * size).div_ceil(4)
}

/// A word-aligned slice from which typed slices are taken front to back.
///
/// ```
/// use hone_learn::{Shortage, Workspace};
/// let mut memory = [0u32; 4];
/// let mut ws = Workspace::new(&mut memory);
/// let row: &mut [f32] = ws.take(2).unwrap();
/// let index: &mut [u8] = ws.take(5).unwrap();
/// assert_eq!((row.len(), index.len()), (2, 5));
/// assert_eq!(ws.take::<u16>(1), Err(Shortage { needed: 2, available: 0 }));
/// ```
#[derive(Debug)]
pub struct Workspace<'a> {
    rest: &'a mut [u32],
}

impl<'a> Workspace<'a> {
    /// Carves from `memory`, whose contents are left as they are.
    pub fn new(memory: &'a mut [u32]) -> Self {
        Self { rest: memory }
    }

    /// Bytes not yet taken.
    pub fn available(&self) -> usize {
        self.rest.len() * 4
    }

    /// Takes `count` items, rounded up to whole words. The items hold what the memory held.
    ///
    /// # Errors
    /// [`Shortage`] when too little is left; the workspace stays as it was.
    pub fn take<T: NoUninit + AnyBitPattern>(&mut self, count: usize) -> Result<&'a mut [T], Shortage> {
        const { assert!(align_of::<T>() <= 4 && size_of::<T>() > 0) };
        let shortage = Shortage { needed: count.saturating_mul(size_of::<T>()), available: self.rest.len() * 4 };
        if shortage.needed > shortage.available {
            return Err(shortage);
        }
        let (taken, rest) =
            core::mem::take(&mut self.rest).split_at_mut_checked(words(count, size_of::<T>())).ok_or(shortage)?;
        self.rest = rest;
        let items = bytemuck::try_cast_slice_mut(taken).map_err(|_| shortage)?;
        items.get_mut(..count).ok_or(shortage)
    }
}
