//! The cache of kernel rows: as many as the workspace holds, least recently used first to go (Joachims 1999). Rows and
//! their columns follow the positions of the variables, which shrinking permutes; a row may cover a leading part.

use crate::plan::{cast, cut};
use crate::rows::VACANT;

/// Words that a slot takes besides its row.
pub(crate) const SLOT_WORDS: usize = 2;

const NONE: u16 = u16::MAX;

#[derive(Debug)]
pub(crate) struct Cache<'a> {
    /// Slot of each position, or `NONE`.
    slot_of: &'a mut [u16],
    /// Per slot: the position whose row it holds, and how many columns of it; when it was last used.
    slots: &'a mut [[u32; SLOT_WORDS]],
    rows: &'a mut [f32],
    stride: usize,
}

/// What of a cache outlives a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    used: u32,
    now: u32,
}

fn pack(owner: u16, len: usize) -> u32 {
    u32::from(owner) << 16 | len as u32
}

impl<'a> Cache<'a> {
    /// Takes all that is left of the workspace for rows of `stride` columns. None when that is less than two.
    pub fn carve(ws: &'a mut [u32], stride: usize) -> Option<Self> {
        let mut rest = ws;
        let slot_of = cast(cut(&mut rest, stride.div_ceil(2)));
        let slots = (rest.len() / (stride + SLOT_WORDS).max(1)).min(stride).max(2);
        let table = cut(&mut rest, slots * SLOT_WORDS).as_chunks_mut().0;
        let rows = rest.get_mut(..slots * stride)?;
        Some(Self { slot_of, slots: table, rows: cast(rows), stride })
    }

    /// Forgets all rows.
    pub fn clear(&mut self, clock: &mut Clock) {
        self.slot_of.fill(NONE);
        *clock = Clock::default();
    }

    /// Finds or makes room for the row of `position`. Gives its slot and the columns that are there.
    pub fn claim(&mut self, position: usize, clock: &mut Clock) -> (usize, usize) {
        clock.now = clock.now.wrapping_add(1);
        if let Some((slot, len)) = self.find(position) {
            if let Some(s) = self.slots.get_mut(slot) {
                s[1] = clock.now;
            }
            return (slot, len);
        }
        let slot = self.evict(clock);
        clock.used = clock.used.max(slot as u32 + 1);
        if let (Some(s), Some(of)) = (self.slots.get_mut(slot), self.slot_of.get_mut(position)) {
            *s = [pack(position as u16, 0), clock.now];
            *of = slot as u16;
        }
        (slot, 0)
    }

    /// A slot without a row: one not used yet, or that of the row used longest ago, which is dropped.
    pub fn evict(&mut self, clock: &Clock) -> usize {
        let used = clock.used as usize;
        if used < self.slots.len() {
            return used;
        }
        let oldest = self.slots.iter().enumerate().max_by_key(|(_, s)| clock.now.wrapping_sub(s[1]));
        let slot = oldest.map_or(0, |(i, _)| i);
        if let Some(s) = self.slots.get_mut(slot) {
            let owner = s[0] >> 16;
            *s = [pack(NONE, 0), s[1]];
            if let Some(of) = self.slot_of.get_mut(owner as usize) {
                *of = NONE;
            }
        }
        slot
    }

    /// A slot whose row is the caller's until other two were claimed after it was last held: another one, or `slot` again.
    #[cfg(feature = "reduce")]
    pub fn hold(&mut self, slot: Option<usize>, clock: &mut Clock) -> usize {
        let slot = slot.unwrap_or_else(|| self.evict(clock));
        clock.now = clock.now.wrapping_add(1);
        clock.used = clock.used.max(slot as u32 + 1);
        if let Some(s) = self.slots.get_mut(slot) {
            *s = [pack(NONE, 0), clock.now];
        }
        slot
    }

    /// Whether two rows can be held while others are claimed.
    #[cfg(feature = "reduce")]
    pub fn has_three(&self) -> bool {
        self.slots.len() > 2
    }

    /// The slot of a position's row and the columns in it.
    pub fn find(&self, position: usize) -> Option<(usize, usize)> {
        let slot = usize::from(*self.slot_of.get(position)?);
        let s = self.slots.get(slot)?;
        Some((slot, (s[0] & 0xffff) as usize))
    }

    /// Says that a slot's row now has `len` columns.
    pub fn set_len(&mut self, slot: usize, len: usize) {
        if let Some(s) = self.slots.get_mut(slot) {
            s[0] = s[0] & 0xffff_0000 | len as u32;
        }
    }

    /// Columns `have` to `len` of a slot's row, to fill.
    pub fn columns(&mut self, slot: usize, have: usize, len: usize) -> &mut [f32] {
        let start = slot * self.stride;
        self.rows.get_mut(start + have..start + len).unwrap_or(&mut [])
    }

    /// Makes columns `have` to `len` of a slot's row vacant, save those that the other rows hold: K is symmetric.
    /// Gives these columns to fill.
    pub fn open(&mut self, slot: usize, have: usize, len: usize, clock: &Clock) -> &mut [f32] {
        self.columns(slot, have, len).fill(f32::from_bits(VACANT));
        let column = self.slots.get(slot).map_or(0, |s| s[0] >> 16) as usize;
        let own = slot * self.stride;
        let mut at = column;
        for s in self.slots.iter().take(clock.used as usize) {
            let (owner, held) = ((s[0] >> 16) as usize, (s[0] & 0xffff) as usize);
            // Never its own row, whose columns from `have` on it does not hold.
            if column < held
                && (have..len).contains(&owner)
                && let Some(k) = self.rows.get(at).copied()
                && let Some(out) = self.rows.get_mut(own + owner)
            {
                *out = k;
            }
            at += self.stride;
        }
        self.columns(slot, have, len)
    }

    /// The first `len` columns of a slot's row.
    pub fn row(&self, slot: usize, len: usize) -> &[f32] {
        let start = slot * self.stride;
        self.rows.get(start..start + len).unwrap_or(&[])
    }

    /// Exchanges positions `p` < `q`. A row that has column `p` but not `q` ends before `p`.
    pub fn swap(&mut self, p: usize, q: usize, clock: &Clock) {
        // Most positions have no row.
        if self.slot_of.get(p) != self.slot_of.get(q) {
            exchange(self.slot_of, p, q);
            for position in [p, q] {
                if let Some(s) = self.slot_of.get(position).and_then(|s| self.slots.get_mut(usize::from(*s))) {
                    s[0] = pack(position as u16, (s[0] & 0xffff) as usize);
                }
            }
        }
        let used = clock.used as usize;
        for (s, row) in self.slots.iter_mut().zip(self.rows.chunks_exact_mut(self.stride.max(1))).take(used) {
            let len = (s[0] & 0xffff) as usize;
            if q < len {
                exchange(row, p, q);
            } else if p < len {
                s[0] = s[0] & 0xffff_0000 | p as u32;
            }
        }
    }
}

/// Exchanges items `p` < `q`.
fn exchange<T>(items: &mut [T], p: usize, q: usize) {
    if let Some((front, back)) = items.split_at_mut_checked(q)
        && let (Some(a), Some(b)) = (front.get_mut(p), back.first_mut())
    {
        core::mem::swap(a, b);
    }
}
