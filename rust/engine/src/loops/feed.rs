//! What a training is fed: windows as the learner sees them; where it sees feature vectors in a row these, once it is known
//! what is usual for each feature.

use crate::capacity::WINDOW_FRAMES;
use crate::data::order::JobFault;
use crate::data::preprocessing::{Preprocessing, Sequence};
use hone_learn::Workspace;
use hone_signal::{Shape, WindowView};

/// Features are measured in the first windows of a training; the learner's own phases come after.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feed {
    /// Windows to measure, and measured.
    pub windows: u16,
    pub measured: u16,
    hops: u32,
}

impl Feed {
    pub const fn new(windows: u16) -> Self {
        Self { windows, measured: 0, hops: 0 }
    }

    /// Whether it wants windows, whatever the trainer wants.
    pub const fn measures(&self) -> bool {
        self.measured < self.windows
    }

    /// Measures the next window.
    pub fn measure(
        &mut self,
        sequence: &mut Sequence,
        workspace: &mut [u32],
        window: &WindowView<'_>,
    ) -> Result<(), JobFault> {
        let words = sequence.words(Shape { channels: window.channels, frames: WINDOW_FRAMES });
        let (front, bench) = apart(workspace, words);
        let statistics = Workspace::new(front).take(2 * sequence.features()).map_err(JobFault::Workspace)?;
        if self.measured == 0 {
            statistics.fill(0.0);
        }
        if !sequence.measure(window, bench, statistics, &mut self.hops) {
            return Err(JobFault::Shape);
        }
        self.measured += 1;
        if !self.measures() {
            sequence.settle(statistics);
        }
        Ok(())
    }
}

/// The workspace without its end, in which what is seen of a window is worked out, and that end of so many words.
pub(crate) fn apart(workspace: &mut [u32], words: usize) -> (&mut [u32], &mut [u32]) {
    let at = workspace.len().saturating_sub(words);
    workspace.split_at_mut_checked(at).unwrap_or_default()
}

/// As [`apart`], for what this preprocessing takes.
pub(crate) fn apart_for<'w>(
    workspace: &'w mut [u32],
    by: &Preprocessing,
    channels: usize,
) -> (&'w mut [u32], &'w mut [u32]) {
    apart(workspace, by.words(channels))
}
