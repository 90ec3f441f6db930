//! Windows and rows, frame by frame: a training from live windows, and what a model says of a window or a row.

use crate::Outcome;
use crate::design::NOBODY;
use crate::learner::{Fault, Plan};
use crate::model::{Head, ModelMut, ModelView};
use crate::params::Shape;
use crate::stream::{Ground, Memo, NONE, StateMut};
use hone_learn::learner::{Answer, Cause, Estimate, Start};
use hone_learn::{Decision, Metric, Progress, Report, Stop, Verdict, WindowView, Workspace};

/// A training from live windows. What the interval between frames is, the first two windows in a row say.
#[derive(Debug)]
pub struct Stream {
    pub(crate) plan: Plan,
    memo: Memo,
    /// Time and number of the first window.
    first: Option<(u64, u32)>,
    begun: bool,
    pub(crate) over: bool,
    /// Frames that there were before, of a model that goes on.
    before: u32,
    /// Frames learnt, and the sum of their squared errors in deviations.
    learnt: u32,
    total: f32,
}

impl Stream {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, memo: Memo::default(), first: None, begun: false, over: false, before: 0, learnt: 0, total: 0.0 }
    }

    /// Takes in a window.
    pub(crate) fn step(
        &mut self,
        window: &WindowView<'_>,
        mut model: ModelMut<'_>,
        earlier: Option<ModelView<'_>>,
        workspace: &mut [u32],
    ) -> Result<Progress, Fault> {
        let frames = self.plan.checked.params().frames;
        if !self.begun && !self.begin(window, &mut model, earlier)? {
            return Ok(Progress::Running { done: 0, total: frames });
        }
        let design = model.head.design;
        let mut ws = Workspace::new(workspace);
        let row = ws.take(design.columns()).map_err(Fault::Workspace)?;
        let recent = ws.take(design.lags.into()).map_err(Fault::Workspace)?;
        let frame = ws.take(design.channels.into()).map_err(Fault::Workspace)?;
        if window.channels != frame.len() {
            return Err(Fault::Channels);
        }
        let mut state = StateMut { row, recent, memo: &mut self.memo };
        let mut time = window.time.0;
        for samples in window.frames() {
            frame.iter_mut().zip(samples).for_each(|(to, from)| *to = f32::from(*from));
            let mut step = NONE;
            model.take(frame, time, &mut state, &mut step);
            if step.leverage >= 0.0 {
                self.learnt = self.learnt.saturating_add(1);
                self.total += step.error * step.error;
            }
            time = time.wrapping_add(design.interval);
        }
        let done = model.head.seen.saturating_sub(self.before);
        self.over = !model.view().is_learning();
        if !self.over {
            return Ok(Progress::Running { done, total: frames });
        }
        let n = design.columns() as u64;
        Ok(Progress::Done(Report {
            stop: Stop::Converged,
            rows: done,
            iterations: 1,
            work: u64::from(self.learnt) * (3 * n * n / 2 + 8 * n),
            metric: Metric::MeanSquaredError,
            quality: self.total / self.learnt.max(1) as f32,
        }))
    }

    /// Begins, once two windows in a row have said what the interval is between frames.
    fn begin(
        &mut self,
        window: &WindowView<'_>,
        model: &mut ModelMut<'_>,
        earlier: Option<ModelView<'_>>,
    ) -> Result<bool, Fault> {
        let (time, number) = (window.time.0, window.sequence);
        let first = self.first.replace((time, number));
        let Some((before, _)) = first.filter(|(_, last)| last.wrapping_add(1) == number) else { return Ok(false) };
        let interval = time.saturating_sub(before).checked_div(window.len() as u64).unwrap_or(0);
        if interval == 0 {
            return Ok(false);
        }
        let checked = self.plan.checked;
        let checked = checked.params().check(Shape { interval, ..*checked.shape() }).map_err(Fault::Params)?;
        if self.plan.start == Start::Resume {
            let earlier = earlier.ok_or(Fault::NoResume)?;
            if !model.resume(earlier, &checked) {
                return Err(Fault::NoResume);
            }
            self.before = earlier.seen();
            model.lose_clock(time);
        } else {
            model.begin(&checked).map_err(Fault::Model)?;
        }
        (self.begun, self.plan.checked) = (true, checked);
        Ok(true)
    }
}

/// Each frame of a window in turn. The answer is that of the worst frame of an alarm, else that of the last one with a verdict.
pub(crate) fn judge_window(
    mut model: ModelMut<'_>,
    window: &WindowView<'_>,
    state: &mut StateMut<'_>,
    frame: &mut [f32],
) -> Option<Answer> {
    let Head { design, .. } = *model.head;
    let frame = frame.get_mut(..design.channels.into()).filter(|frame| frame.len() == window.channels)?;
    let mut time = window.time.0;
    let mut best: Option<(Outcome, f32)> = None;
    for samples in window.frames() {
        frame.iter_mut().zip(samples).for_each(|(to, from)| *to = f32::from(*from));
        let mut step = NONE;
        model.take(frame, time, state, &mut step);
        time = time.wrapping_add(design.interval);
        let Outcome { verdict, ground, .. } = step.outcome;
        let alarm = |v: &Verdict| v.decision == Decision::Anomalous;
        let better = match &best {
            None => true,
            Some((best, _)) if alarm(&best.verdict) => alarm(&verdict) && verdict.score > best.verdict.score,
            Some((best, _)) => ground == Ground::Learnt || best.ground != Ground::Learnt,
        };
        if better {
            best = Some((step.outcome, frame.get(usize::from(design.target)).copied().unwrap_or(f32::NAN)));
        }
    }
    best.map(|(outcome, seen)| answer(&outcome, seen, design.target))
}

/// A row: its class, or the next of a stream of rows.
pub(crate) fn judge_row(model: ModelView<'_>, row: &[f32], state: &mut StateMut<'_>) -> Option<Answer> {
    let design = &model.head.design;
    if row.len() != usize::from(design.channels) {
        return None;
    }
    #[cfg(feature = "set")]
    if design.target == NOBODY {
        let verdict = model.classify(row, state.row);
        let nearest = match verdict.decision {
            Decision::Class(class) => Some(class),
            _ => None,
        };
        return Some(Answer { nearest, ..verdict.into() });
    }
    let seen = row.get(usize::from(design.target)).copied().filter(|_| design.target != NOBODY)?;
    Some(answer(&model.next(row, state), seen, design.target))
}

fn answer(outcome: &Outcome, seen: f32, channel: u16) -> Answer {
    let Outcome { verdict, ground, mean, half } = *outcome;
    let warm = ground == Ground::Learnt;
    let estimate = Estimate { value: mean, lower: mean - half, upper: mean + half, seen };
    Answer {
        warm,
        alone: warm.then_some(verdict.score),
        estimate: warm.then_some(estimate),
        cause: (verdict.decision == Decision::Anomalous).then_some(Cause { channel, feature: 0 }),
        ..verdict.into()
    }
}
