//! Windows: the span of samples on which one verdict rests.

use crate::ClassId;
use crate::{Faults, Micros, Sample};

/// A window to look at: `samples.len() / channels` frames, frame by frame (t₀c₀ t₀c₁ … t₁c₀ …).
#[derive(Clone, Copy, Debug)]
pub struct WindowView<'a> {
    /// The samples, in LSB.
    pub samples: &'a [Sample],
    /// Channels per frame, at least 1.
    pub channels: usize,
    /// When its first frame was read.
    pub time: Micros,
    /// Its number since the device started; consecutive windows of one unbroken stream differ by 1.
    pub sequence: u32,
    /// What was wrong with its samples. [`Faults::GAP`]: it does not continue the window before it.
    pub faults: Faults,
    /// The class that the user gave, if any.
    pub label: Option<ClassId>,
}

impl<'a> WindowView<'a> {
    /// Frames in the window.
    pub fn len(&self) -> usize {
        self.samples.len() / self.channels.max(1)
    }

    /// Whether it has no frame.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its frames in order, each one sample per channel.
    pub fn frames(&self) -> core::slice::ChunksExact<'a, Sample> {
        self.samples.chunks_exact(self.channels.max(1))
    }

    /// One channel's samples in order.
    pub fn channel(&self, channel: usize) -> impl Iterator<Item = Sample> + 'a {
        self.frames().filter_map(move |frame| frame.get(channel).copied())
    }
}
