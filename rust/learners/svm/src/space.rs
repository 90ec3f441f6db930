//! The workspace of a training, and how it is laid out.

use crate::rows::operand_len;
use crate::smo::Variable;

/// A line of the cache: the position whose kernel row it holds, and how many columns of it; when it was last used.
pub(crate) type Line = [u32; LINE_WORDS];

/// Words that a line takes besides its numbers.
pub(crate) const LINE_WORDS: usize = 2;

/// Lines at most, so that the number of one fits the 12 bits that a variable has for it, with one to spare.
pub(crate) const MOST_LINES: usize = 4095;

/// What is known of a row: in the lower half the number of its record in the model, or what it counts for, and flags.
pub(crate) type Note = u32;

/// It is a support vector; and that of a machine in which its multiplier is free.
pub(crate) const VECTOR: Note = 1 << 16;
pub(crate) const FREE: Note = 1 << 17;

/// Instead of the number of a record; no flags.
pub(crate) const NO_RECORD: Note = 0xffff;

/// The lower half of a note.
pub(crate) fn lower(note: &Note) -> Note {
    note & 0xffff
}

/// The parts of a workspace. Those that all pairs share come first.
#[derive(Debug)]
pub(crate) struct Space<'w> {
    /// One per row of the set.
    pub notes: &'w mut [Note],
    /// Scale and shift of each feature: rows become what the kernel sees by z = scale·v + shift.
    pub scaling: &'w mut [[f32; 2]],
    /// Room for one row.
    pub z: &'w mut [f32],
    /// One per row of the pair at hand.
    pub vars: &'w mut [Variable],
    /// The cache of kernel rows takes what is left: lines, and for each as many numbers as there are variables.
    pub lines: &'w mut [Line],
    pub kept: &'w mut [f32],
}

impl<'w> Space<'w> {
    /// Cuts a workspace for a set of so many rows and features, for a problem of `size` of these rows. None when it is too
    /// small.
    #[inline]
    pub fn carve(ws: &'w mut [u32], (rows, width): (usize, usize), size: usize) -> Option<Self> {
        let mut rest = ws;
        let notes = cut(&mut rest, rows);
        let scaling = cast(cut(&mut rest, 2 * width)).as_chunks_mut().0;
        let z = cast(cut(&mut rest, operand_len(width)));
        let vars = cast(cut(&mut rest, size * (size_of::<Variable>() / 4)));
        let lines = (rest.len() / (size + LINE_WORDS).max(1)).min(size).clamp(2, MOST_LINES);
        let table = cut(&mut rest, lines * LINE_WORDS).as_chunks_mut().0;
        // What comes after a part that did not fit is empty.
        let kept = rest.get_mut(..table.len() * size).filter(|_| !table.is_empty())?;
        Some(Self { notes, scaling, z, vars, lines: table, kept: cast(kept) })
    }
}

/// Takes words off the front, or all and gives none when there are too few.
#[inline(never)]
fn cut<'w>(rest: &mut &'w mut [u32], words: usize) -> &'w mut [u32] {
    let (taken, left) = core::mem::take(rest).split_at_mut_checked(words).unwrap_or_default();
    *rest = left;
    taken
}

/// Words as items of another type, of which a word holds a whole number.
fn cast<T: bytemuck::Pod>(words: &mut [u32]) -> &mut [T] {
    bytemuck::try_cast_slice_mut(words).unwrap_or_default()
}
