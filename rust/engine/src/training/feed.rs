//! What an ESN's training is fed: windows, or where it sees features these in a row, once it is known what is usual for
//! each.

use super::{Advance, TrainFault};
use crate::capacity::WINDOW_FRAMES;
use crate::link::Links;
use crate::memory::{EsnModel, Sequence};
use crate::stats::Phase;
use hone_esn::{TrainError, Trainer, Wants};
use hone_learn::{Progress, Workspace};
use hone_signal::{Shape, WindowView};

/// Features are measured in the first windows of a training; the ESN's own phases come after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feed {
    pub sequence: Sequence,
    /// Windows to measure, and measured.
    windows: u16,
    measured: u16,
    hops: u32,
}

/// Takes in a window, or works.
pub(super) fn turn(
    trainer: &mut Trainer,
    mut feed: Option<&mut Feed>,
    model: &mut EsnModel,
    links: &Links,
    ws: &mut [u32],
    budget: u32,
) -> Advance {
    let measures = feed.as_ref().is_some_and(|f| f.measures());
    let collecting = measures || trainer.wants() == Wants::Window;
    let progress = if collecting {
        let Some(window) = links.train_windows.receive() else { return Advance::Idle };
        let progress = match &mut feed {
            None => trainer.push(ws, model, &window.view()),
            Some(feed) => feed.push(trainer, ws, model, &window.view()),
        };
        let _ = links.free_windows.send(window);
        progress
    } else {
        trainer.step(ws, model, budget)
    };
    match progress {
        Ok(Progress::Running { done, total }) => {
            let (done, total) = feed.map_or((done, total), |f| f.behind(done, total));
            Advance::Moved(done, total, if collecting { Phase::Collecting } else { Phase::Computing })
        }
        Ok(Progress::Done(report)) => Advance::Ended(Ok(report)),
        Err(error) => Advance::Ended(Err(TrainFault::Esn(error))),
    }
}

impl Feed {
    pub(super) const fn new(sequence: Sequence, windows: u16) -> Self {
        Self { sequence, windows, measured: 0, hops: 0 }
    }

    /// Whether it wants windows, whatever the trainer wants.
    pub(super) const fn measures(&self) -> bool {
        self.measured < self.windows
    }

    /// Takes in the next window.
    pub(super) fn push(
        &mut self,
        trainer: &mut Trainer,
        workspace: &mut [u32],
        model: &mut EsnModel,
        window: &WindowView<'_>,
    ) -> Result<Progress, TrainError> {
        let (workspace, bench) = apart(workspace, &self.sequence, window.channels);
        if !self.measures() {
            let frames = self.sequence.frames(window, bench).ok_or(TrainError::Shape)?;
            return trainer.push(workspace, model, &frames);
        }
        let mut workspace = Workspace::new(workspace);
        let statistics: &mut [f32] = workspace.take(2 * self.sequence.features()).map_err(TrainError::Workspace)?;
        if self.measured == 0 {
            statistics.fill(0.0);
        }
        if !self.sequence.measure(window, bench, statistics, &mut self.hops) {
            return Err(TrainError::Shape);
        }
        self.measured += 1;
        if !self.measures() {
            self.sequence.settle(statistics);
        }
        Ok(trainer.progress())
    }

    /// The training's progress with what was measured before.
    pub(super) fn behind(&self, done: u32, total: u32) -> (u32, u32) {
        (done + u32::from(self.measured), total + u32::from(self.windows))
    }
}

/// Words of the workspace in which frames are worked out.
pub(crate) fn words(sequence: &Sequence, channels: usize) -> usize {
    sequence.words(Shape { channels, frames: WINDOW_FRAMES })
}

/// The workspace without its end, in which frames are worked out, and that end.
pub(crate) fn apart<'w>(
    workspace: &'w mut [u32],
    sequence: &Sequence,
    channels: usize,
) -> (&'w mut [u32], &'w mut [u32]) {
    let at = workspace.len().saturating_sub(words(sequence, channels));
    workspace.split_at_mut_checked(at).unwrap_or_default()
}
