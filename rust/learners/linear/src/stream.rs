//! A stream of frames: each is predicted from what came before it, judged, and learnt.

use crate::design::{Design, push};
use crate::model::{Head, Kind, ModelMut, ModelView, Parts, PartsMut, Rule};
use crate::noise::{Noise, UNFOUNDED};
use hone_learn::set::LARGEST;
use hone_learn::{Decision, Verdict};
use hone_numeric::kernel::{dot_f32, sqrt_f32};
use hone_numeric::ud;

/// Frames that set offset and factor of each channel before the first is learnt.
pub const SCALE_FRAMES: u32 = 32;

/// Adapting, an error counts as this many deviations at most, so that one wild value moves nothing far.
const CLIP: f32 = 3.0;

/// The mean square of a standard normal variable clipped so.
const CLIPPED: f32 = 0.995;

/// What is carried from frame to frame beside the model, for `COLUMNS` inputs, the constant among them. All zero bytes are one
/// without a past.
#[derive(Clone, Debug)]
pub struct State<const COLUMNS: usize> {
    row: [f32; COLUMNS],
    recent: [f32; COLUMNS],
    memo: Memo,
}

/// The scalars of a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memo {
    /// When the latest frame was, microseconds.
    time: u64,
    /// Earlier values there are.
    filled: u16,
    /// Values outside one after another.
    run: u16,
}

impl<const COLUMNS: usize> Default for State<COLUMNS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const COLUMNS: usize> State<COLUMNS> {
    /// Without a past.
    pub const fn new() -> Self {
        Self { row: [0.0; COLUMNS], recent: [0.0; COLUMNS], memo: Memo { time: 0, filled: 0, run: 0 } }
    }

    /// Forgets the past, as when another model is put to use.
    pub fn reset(&mut self) {
        self.memo = Memo::default();
    }

    pub(crate) fn lend(&mut self) -> StateMut<'_> {
        StateMut { row: &mut self.row, recent: &mut self.recent, memo: &mut self.memo }
    }
}

/// A state, whatever owns it.
pub(crate) struct StateMut<'a> {
    pub row: &'a mut [f32],
    pub recent: &'a mut [f32],
    pub memo: &'a mut Memo,
}

/// What a prediction rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// On what was learnt: there is an interval, and the value was held against it.
    Learnt,
    /// The model is untrained, or the frame has another number of channels.
    NoModel,
    /// A value is not a number, or beyond ±10¹⁸. Earlier values are forgotten.
    NotUsable,
    /// The first frames, which set the scale.
    Scaling,
    /// Frames that are learnt before the first is judged.
    Learning,
    /// The start, or a gap in time, or time that went back: there are not yet as many earlier values as it takes.
    Gap,
    /// Nothing learnt bears upon such inputs: a direction in them is new.
    Unfounded,
}

/// A frame's prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Normal, anomalous, or unknown where the ground is not [`Ground::Learnt`]. The score is the error over half the width of
    /// the interval, so that above 1 the value is outside; 0 without an interval.
    pub verdict: Verdict,
    /// What it rests on.
    pub ground: Ground,
    /// The value predicted; 0 without a prediction.
    pub mean: f32,
    /// Half the width of the interval; 0 without one. All finite numbers are the target's own unit.
    pub half: f32,
}

impl Outcome {
    pub(crate) const fn none(ground: Ground) -> Self {
        Self { verdict: Verdict { decision: Decision::Unknown, score: 0.0 }, ground, mean: 0.0, half: 0.0 }
    }
}

/// A prediction in deviations, and what learning needs.
pub(crate) struct Step {
    pub outcome: Outcome,
    /// The value less its prediction, and half the width.
    pub error: f32,
    pub half: f32,
    /// xᵀ·P·x; -1 where nothing was predicted.
    pub leverage: f32,
}

/// Where there is no model.
pub(crate) const NONE: Step = Step { outcome: Outcome::none(Ground::NoModel), error: 0.0, half: 0.0, leverage: -1.0 };

impl Head {
    /// How long a time is after the trend's origin, in intervals.
    fn behind(&self, time: u64) -> f32 {
        (time as i64).wrapping_sub(self.origin as i64) as f32 / self.design.interval as f32
    }
}

impl Memo {
    /// Moves on to a frame's time; what does not follow upon the one before has no past.
    fn advance(&mut self, time: u64, design: &Design) {
        // Of a time that went back, nearly 2⁶⁴.
        let passed = time.wrapping_sub(self.time);
        let most = design.interval.saturating_add(design.interval / 2);
        if passed == 0 || passed > most {
            (self.filled, self.run) = (0, 0);
        }
        self.time = time;
    }
}

impl ModelView<'_> {
    /// Predicts the frame's target from what came before it and its other channels, and holds it against the interval.
    /// `time` is that of the frame, microseconds; where there are harmonics it has to continue over a restart.
    pub fn judge<const COLUMNS: usize>(&self, frame: &[f32], time: u64, state: &mut State<COLUMNS>) -> Outcome {
        let mut step = NONE;
        if let Some(parts) = Parts::of(self.head, self.words) {
            predict(self.head, parts, frame, time, &mut state.lend(), &mut step);
        }
        step.outcome
    }

    /// What it says of a row of a set, or of the next frame of a stream at its interval: the class, or whether the target's value
    /// is within the interval.
    ///
    /// A class's score is its probability. A row of another width, a value that is not usable, too small a state or an
    /// untrained model give `Unknown` with a score of 0.
    pub fn infer<const COLUMNS: usize>(&self, row: &[f32], state: &mut State<COLUMNS>) -> Verdict {
        #[cfg(feature = "set")]
        if self.head.kind == Kind::Classes {
            return self.classify(row, &mut state.row);
        }
        self.next(row, &mut state.lend()).verdict
    }

    /// The next frame of a stream at its interval.
    pub(crate) fn next(&self, row: &[f32], state: &mut StateMut<'_>) -> Outcome {
        let time = state.memo.time.max(self.head.origin).wrapping_add(self.head.design.interval);
        let mut step = NONE;
        if let Some(parts) = Parts::of(self.head, self.words) {
            predict(self.head, parts, row, time, state, &mut step);
        }
        step.outcome
    }
}

/// Predicts and judges a frame; where nothing can be predicted the step keeps what it was. The state's row becomes Uᵀ·x.
fn predict(head: &Head, parts: Parts<'_>, frame: &[f32], time: u64, state: &mut StateMut<'_>, step: &mut Step) {
    let design = &head.design;
    let lags = usize::from(design.lags);
    let (row, recent) = (state.row.get_mut(..design.columns()), state.recent.get_mut(..lags));
    let (Some(row), Some(recent)) = (row, recent) else {
        return;
    };
    if head.kind != Kind::Regression || frame.len() != usize::from(design.channels) {
        return;
    }
    if !usable(frame) {
        state.memo.filled = 0;
        step.outcome.ground = Ground::NotUsable;
        return;
    }
    if head.seen < SCALE_FRAMES {
        step.outcome.ground = Ground::Scaling;
        return;
    }
    state.memo.advance(time, design);
    let value = design.target(frame, parts.scales);
    if state.memo.filled < design.lags {
        state.memo.filled += 1;
        push(recent, value);
        step.outcome.ground = Ground::Gap;
        return;
    }
    let behind = if design.trend { head.behind(time) } else { 0.0 };
    design.fill(row, frame, parts.scales, recent, time, behind);
    push(recent, value);
    let mean = dot_f32(row, parts.coefficients);
    let leverage = if head.matrix {
        ud::project(parts.u, parts.d, row)
    } else {
        // As if inputs were uncorrelated.
        dot_f32(row, row) / head.seen as f32
    };
    (step.error, step.half, step.leverage) = (value - mean, head.noise.half(leverage), leverage);
    let outcome = &mut step.outcome;
    outcome.ground = Ground::Unfounded;
    if let [offset, factor, ..] = design.scale(parts.scales) {
        // That of a target is not 0.
        (outcome.mean, outcome.half) = (offset + mean / factor, step.half / factor);
    }
    if !(outcome.mean + outcome.half).is_finite() {
        (outcome.mean, outcome.half) = (0.0, 0.0);
    } else if head.seen < head.rule.frames {
        outcome.ground = Ground::Learning;
    } else if leverage <= UNFOUNDED && step.half > 0.0 {
        // Half widths may be as small as numbers are.
        let score = (step.error.abs() / step.half).min(f32::MAX);
        state.memo.run = if score > 1.0 { state.memo.run.saturating_add(1) } else { 0 };
        let alarm = state.memo.run >= head.rule.in_a_row;
        let decision = if alarm { Decision::Anomalous } else { Decision::Normal };
        outcome.verdict = Verdict { decision, score };
        outcome.ground = Ground::Learnt;
    }
}

/// Whether all values are numbers of a size that can be squared.
pub(crate) fn usable(frame: &[f32]) -> bool {
    frame.iter().all(|x| x.abs() <= LARGEST)
}

impl ModelMut<'_> {
    /// Takes a frame of the stream: the first set the scale, then each is predicted and learnt, and after as many as the
    /// parameters say predicted and judged, and with `adapt` learnt, unless it is within an alarm. See [`ModelView::judge`].
    pub fn observe<const COLUMNS: usize>(&mut self, frame: &[f32], time: u64, state: &mut State<COLUMNS>) -> Outcome {
        let mut step = NONE;
        self.take(frame, time, &mut state.lend(), &mut step);
        step.outcome
    }

    /// [`ModelMut::observe`] with what the step was; it begins as [`NONE`].
    pub(crate) fn take(&mut self, frame: &[f32], time: u64, state: &mut StateMut<'_>, step: &mut Step) {
        let Some(mut parts) = PartsMut::of(self.head, self.words) else { return };
        let head = &mut *self.head;
        let rule = &head.rule;
        let learning = head.seen < rule.frames || rule.adapt && state.memo.run < rule.in_a_row;
        let learns = head.matrix && learning;
        if learns && head.design.trend {
            move_origin(head, &mut parts, time);
        }
        predict(head, parts.view(), frame, time, state, step);
        if step.outcome.ground == Ground::Scaling {
            head.seen += 1;
            scale(parts.scales, frame, head.seen);
        } else if learns && step.leverage >= 0.0 {
            head.seen = head.seen.saturating_add(1);
            learn(head, &mut parts, step, state.row);
        }
    }
}

/// Takes a frame into the running mean and variance of each channel (Welford 1962), which after the last of them become
/// offset and factor.
fn scale(scales: &mut [f32], frame: &[f32], seen: u32) {
    for (scale, value) in scales.chunks_exact_mut(2).zip(frame) {
        let [mean, square] = scale else { return };
        let delta = value - *mean;
        *mean += delta / seen as f32;
        *square += delta * (value - *mean);
        if seen == SCALE_FRAMES {
            // A channel that has not varied yet may do so later; until then a 256th of its size passes for its deviation.
            let deviation = sqrt_f32(*square / seen as f32);
            let size = mean.abs() / 256.0;
            let scale = if deviation > size * 1e-3 { deviation } else { size };
            *square = if scale > 1e-18 { 1.0 / scale } else { 1.0 };
        }
    }
}

/// The trend is to be 0 at this time: level and covariance move by as many intervals.
fn move_origin(head: &mut Head, parts: &mut PartsMut<'_>, time: u64) {
    let by = head.behind(time);
    head.origin = time;
    // Before the first is learnt there is nothing to move.
    if head.seen > SCALE_FRAMES {
        ud::shift(parts.u, by);
        if let [_, slope, ..] = *parts.coefficients {
            ud::correct(parts.coefficients, parts.rest, by, &[slope]);
        }
    }
}

/// One step of recursive least squares; the row is Uᵀ·x.
fn learn(head: &mut Head, parts: &mut PartsMut<'_>, step: &Step, row: &mut [f32]) {
    let Rule { forgetting, ridge, outside, .. } = head.rule;
    let (mut error, mut square) = (step.error, 1.0);
    let noise = &mut head.noise;
    if step.outcome.ground == Ground::Learnt {
        // The half width is t deviations, and the score the error in half widths.
        let deviations = step.outcome.verdict.score * noise.t;
        if deviations > CLIP {
            error *= CLIP / deviations;
        }
        square = 1.0 / CLIPPED;
    }
    if step.leverage <= UNFOUNDED {
        let factor = sqrt_f32(square / (1.0 + noise.inflation * step.leverage));
        noise.push(error * factor, forgetting);
        noise.settle(outside);
    }
    let Some(row) = row.get_mut(..head.design.columns()) else { return };
    let alpha = ud::update(parts.u, parts.d, row, forgetting, 1.0 / ridge);
    let gain = error / alpha;
    ud::correct(parts.coefficients, parts.rest, gain, row);
    if !(alpha + gain).is_finite() {
        // It is learnt anew, and says so.
        parts.forget(ridge);
        (head.noise, head.seen) = (Noise::NEW, SCALE_FRAMES);
    }
}
