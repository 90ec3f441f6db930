//! Static memory by consumer, against `CONFIG_HONE_RAM_BUDGET`.
#![allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an index out of range is an error")]

use crate::capacity::{BLOCK_QUEUE, EVENT_QUEUE, MODELS, RAM_BUDGET, WINDOW_POOL};
use crate::data::buffers::{BlockBuf, RowSet, WindowBuf};
use crate::data::event::Event;
use crate::device::USED;
use crate::learners::Scratch;
use crate::pool::Slot;

/// A consumer of static memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is, and the Kconfig option that sizes it.
    pub name: &'static str,
    /// Bytes.
    pub bytes: usize,
}

/// The consumers.
pub const ITEMS: [Item; 8] = [
    Item { name: "training workspace (CONFIG_HONE_WORKSPACE_BYTES)", bytes: crate::capacity::WORKSPACE_BYTES },
    Item {
        name: "models (CONFIG_HONE_MODELS, FEATURES, and the capacities of the learners)",
        bytes: MODELS * size_of::<Slot>(),
    },
    Item { name: "windows (CONFIG_HONE_WINDOW_POOL, WINDOW_FRAMES)", bytes: WINDOW_POOL * size_of::<WindowBuf>() },
    Item { name: "blocks (CONFIG_HONE_BLOCK_QUEUE, BLOCK_FRAMES)", bytes: BLOCK_QUEUE * size_of::<BlockBuf>() },
    Item { name: "events (CONFIG_HONE_EVENT_QUEUE)", bytes: EVENT_QUEUE * size_of::<Event>() },
    Item { name: "training set (CONFIG_HONE_TRAINING_ROWS, FEATURES, ROW_BITS)", bytes: size_of::<RowSet>() },
    Item {
        name: "features (CONFIG_HONE_FEATURE_WORKSPACE_BYTES, FEATURES)",
        bytes: size_of::<crate::data::preprocessing::Bench>(),
    },
    Item { name: "inference state, and what compares two models", bytes: 3 * size_of::<Scratch>() },
];

/// The allowance.
const BUDGET: usize = RAM_BUDGET;

const fn largest(after: usize) -> usize {
    let (mut best, mut i) = (usize::MAX, 0);
    while i < ITEMS.len() {
        let bytes = ITEMS[i].bytes;
        let below = after == usize::MAX || bytes < ITEMS[after].bytes || (bytes == ITEMS[after].bytes && i > after);
        if below && (best == usize::MAX || bytes > ITEMS[best].bytes) {
            best = i;
        }
        i += 1;
    }
    best
}

/// Text put together at compile time, as a panic in a constant prints only what is a string already.
struct Message {
    text: [u8; 512],
    len: usize,
}

impl Message {
    const fn str(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut i = 0;
        while i < bytes.len() && self.len < self.text.len() {
            self.text[self.len] = bytes[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    const fn size(mut self, value: usize) -> Self {
        let (mut place, mut rest) = (1, value);
        while rest >= 10 {
            rest /= 10;
            place *= 10;
        }
        while place > 0 {
            self.text[self.len] = b'0' + ((value / place) % 10) as u8;
            self.len += 1;
            place /= 10;
        }
        self
    }

    const fn item(self, index: usize) -> Self {
        self.str("\n  ").size(ITEMS[index].bytes).str(" bytes: ").str(ITEMS[index].name)
    }

    const fn new(used: usize, budget: usize) -> Self {
        let (a, b) = (largest(usize::MAX), largest(largest(usize::MAX)));
        Self { text: [b' '; 512], len: 0 }
            .str("Hone needs ")
            .size(used)
            .str(" bytes of static memory and CONFIG_HONE_RAM_BUDGET allows ")
            .size(budget)
            .str(". Raise it or lower the largest consumers:")
            .item(a)
            .item(b)
            .item(largest(b))
    }
}

const MESSAGE: Message = Message::new(USED, BUDGET);

const _: () = assert!(
    USED <= BUDGET,
    "{}",
    match core::str::from_utf8(&MESSAGE.text) {
        Ok(text) => text,
        Err(_) => "",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_largest_consumers_in_order() {
        const M: Message = Message::new(50_001, 49_152);
        let text = core::str::from_utf8(&M.text[..M.len]).unwrap();
        assert!(text.starts_with("Hone needs 50001 bytes of static memory and CONFIG_HONE_RAM_BUDGET allows 49152."));
        let mut sizes: heapless::Vec<usize, 8> = ITEMS.iter().map(|i| i.bytes).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let listed: heapless::Vec<usize, 3> =
            text.lines().skip(1).map(|l| l.trim().split(' ').next().unwrap().parse().unwrap()).collect();
        assert_eq!(listed[..], sizes[..3]);
    }
}
