//! Windows that were cut before: by how many frames each begins after the one before, told by the samples that they share.

use hone_signal::Sample;
use std::collections::BTreeMap;

/// Fewer frames than these are equal by chance.
const LEAST: usize = 8;
/// Of fewer pairs of windows nothing is said.
const PAIRS: usize = 3;

/// What is seen of a file's windows.
#[derive(Debug, Default)]
pub struct Overlap {
    before: Vec<Sample>,
    window: Vec<Sample>,
    /// Pairs of windows by the step between them.
    steps: BTreeMap<usize, usize>,
    pairs: usize,
}

impl Overlap {
    /// Takes a frame.
    pub fn frame(&mut self, frame: &[Sample]) {
        self.window.extend_from_slice(frame);
    }

    /// A window of frames of so many samples is complete.
    pub fn end(&mut self, width: usize) {
        let length = self.window.len() / width.max(1);
        if self.before.len() == self.window.len() {
            self.pairs += 1;
            let shared = |step: &usize| {
                let (tail, head) = (self.before.get(step * width..), self.window.get(..(length - step) * width));
                tail.zip(head).is_some_and(|(tail, head)| tail == head && moves(head, width))
            };
            if let Some(step) = (1..=length.saturating_sub(LEAST)).find(shared) {
                *self.steps.entry(step).or_default() += 1;
            }
        }
        std::mem::swap(&mut self.before, &mut self.window);
        self.window.clear();
    }

    /// The recording ends: the next window follows none.
    pub fn cut(&mut self) {
        self.before.clear();
    }

    /// Frames from one window's start to the next one's, where most of them overlap.
    pub fn step(&self) -> Option<usize> {
        let (step, count) = self.steps.iter().max_by_key(|s| s.1)?;
        (self.pairs >= PAIRS && 2 * count > self.pairs).then_some(*step)
    }
}

/// Whether frames differ: those of a sensor at rest are equal wherever they are.
fn moves(frames: &[Sample], width: usize) -> bool {
    let mut frames = frames.chunks_exact(width.max(1));
    let first = frames.next();
    frames.any(|f| Some(f) != first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(samples: &[Sample], length: usize, by: usize) -> Option<usize> {
        let mut overlap = Overlap::default();
        for start in (0..=samples.len() - length).step_by(by) {
            samples[start..start + length].iter().for_each(|s| overlap.frame(&[*s]));
            overlap.end(1);
        }
        overlap.step()
    }

    #[test]
    fn the_step_is_that_by_which_windows_were_cut() {
        let samples: Vec<Sample> = (0..4000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 18) as Sample).collect();
        for by in [1, 16, 32, 50] {
            assert_eq!(step(&samples, 64, by), Some(by));
        }
        assert_eq!((step(&samples, 64, 64), step(&samples, 64, 90)), (None, None));
        assert_eq!(step(&[7; 4000], 64, 32), None, "a sensor at rest");
    }
}
