//! Training: epochs of samples, batches and updates, in steps bounded in work.

mod apply;
mod backward;
mod begin;
mod epoch;
mod outcome;
mod sample;

pub use outcome::{Ending, Epoch, TrainError};

use crate::loss;
use crate::model::{Head, ModelMut, Peaks};
use crate::params::{Checked, Params};
use crate::place::Use;
use crate::plan::Plan;
use crate::stage::MAX_STAGES;
use hone_learn::{Metric, Progress, Report, SetView, Stop};
use hone_numeric::layer::Dither;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Start,
    Calibrate,
    Learn,
    Update { stage: u8, row: u16 },
    Judge,
    Over,
}

/// Rows by which the ranges of tensors are found before the first epoch.
const CALIBRATION: u32 = 32;
/// Times that the rate is lowered before a training that diverges is given up.
const RETREATS: u8 = 3;

/// Trains one model. It holds no borrow: each step is lent the same set, workspace and model again.
#[derive(Clone, Debug)]
pub struct Trainer {
    checked: Checked,
    plan: Plan,
    phase: Result<Phase, TrainError>,
    ending: Ending,
    resumes: bool,
    dither: Dither,
    rows: u32,
    learnt: u32,
    epoch: u16,
    at: u32,
    /// Samples of the batch whose errors are kept, and all that it has seen.
    filled: u16,
    seen: u16,
    retreats: u8,
    stale: u16,
    rate: f32,
    loss: f32,
    right: u32,
    met: u32,
    skipped: u32,
    last: Epoch,
    best: (f32, u16),
    best_exponents: [i8; MAX_STAGES],
    lowest: f32,
    peaks: Peaks,
    ranges: [f32; MAX_STAGES],
    errors: Peaks,
    error_ranges: [f32; MAX_STAGES],
    error_exponents: [i8; MAX_STAGES],
    /// Largest mean error so far, for partial updates.
    most_error: [f32; MAX_STAGES],
    updates: u32,
    work: u64,
}

impl Trainer {
    /// A trainer that has not begun.
    pub fn new(checked: Checked) -> Self {
        Self {
            plan: Plan::EMPTY,
            phase: Ok(Phase::Start),
            ending: Ending::Epochs,
            resumes: false,
            dither: Dither::new(checked.params().seed.wrapping_mul(0x9e37_79b1) ^ 0x5eed),
            rows: 0,
            learnt: 0,
            epoch: 0,
            at: 0,
            filled: 0,
            seen: 0,
            retreats: 0,
            stale: 0,
            rate: checked.params().rate,
            loss: 0.0,
            right: 0,
            met: 0,
            skipped: 0,
            last: Epoch::default(),
            best: (f32::NEG_INFINITY, 0),
            best_exponents: [0; MAX_STAGES],
            lowest: f32::INFINITY,
            peaks: [0; MAX_STAGES],
            ranges: [0.0; MAX_STAGES],
            errors: [0; MAX_STAGES],
            error_ranges: [0.0; MAX_STAGES],
            error_exponents: [if checked.beta().is_some() { 4 } else { 7 }; MAX_STAGES],
            most_error: [0.0; MAX_STAGES],
            updates: 0,
            work: 0,
            checked,
        }
    }

    /// A trainer that goes on from the model that it is lent: one of the same network and numbers, whose classes include those
    /// of the set. Its standardisation stays.
    pub fn resumes(checked: Checked) -> Self {
        Self { resumes: true, ..Self::new(checked) }
    }

    /// Stops at the next step, which reports [`Stop::Cancelled`] and leaves the model untrained. After the end it
    /// changes nothing.
    pub fn cancel(&mut self) {
        if !matches!(self.phase, Ok(Phase::Over) | Err(_)) {
            (self.phase, self.ending) = (Ok(Phase::Over), Ending::Cancelled);
        }
    }

    /// The last epoch that has ended.
    pub fn last_epoch(&self) -> Epoch {
        self.last
    }

    /// Whether rows are held back, by which each epoch is judged after it: until then its share of them is not a number.
    pub fn judges(&self) -> bool {
        self.held() > 0
    }

    /// Why it ended, once it is done.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// The row of the set that is number `i` of those held back, or of all where none are.
    pub fn judged_row(&self, i: u32) -> Option<usize> {
        let first = if self.held() > 0 { self.learnt } else { 0 };
        (i < self.rows - first).then(|| self.row(first + i))
    }

    /// Updates of the weights so far.
    pub fn updates(&self) -> u32 {
        self.updates
    }

    fn params(&self) -> &Params {
        self.checked.params()
    }

    /// Trains on for about `work_budget` multiply-accumulates, at least one sample or one row of an update.
    ///
    /// # Errors
    /// [`TrainError`]; later steps give the same error again.
    #[inline(never)]
    pub fn step(
        &mut self,
        set: SetView<'_>,
        workspace: &mut [u32],
        model: ModelMut<'_>,
        work_budget: u32,
    ) -> Result<Progress, TrainError> {
        let ModelMut { head, words } = model;
        let mut left = work_budget;
        loop {
            let before = self.work;
            self.phase = match self.phase {
                Err(_) | Ok(Phase::Over) => {
                    if self.phase.is_err() && !self.spares() || self.ending == Ending::Cancelled {
                        head.trained = false;
                    }
                    self.phase?;
                    return Ok(Progress::Done(self.report()));
                }
                Ok(Phase::Start) => self.begin(&set, workspace, head, words),
                Ok(_) if set.len() as u32 != self.rows || set.width() != head.input.len() => {
                    Err(TrainError::SetChanged)
                }
                // The plan was checked against the workspace: nothing is missing later.
                Ok(phase) => self.go(phase, &set, workspace, head, words).unwrap_or(Err(TrainError::SetChanged)),
            };
            let spent = (self.work - before).min(u32::MAX.into()) as u32;
            left = left.saturating_sub(spent.max(1));
            if left == 0 && !matches!(self.phase, Err(_) | Ok(Phase::Over)) {
                return Ok(self.progress());
            }
        }
    }

    /// Whether the error leaves the model as it was.
    fn spares(&self) -> bool {
        matches!(self.phase, Err(TrainError::OtherModel | TrainError::OtherClass(_)))
    }

    fn progress(&self) -> Progress {
        let done = u32::from(self.epoch) * self.learnt + self.at.min(self.learnt);
        Progress::Running { done, total: u32::from(self.params().epochs) * self.learnt }
    }

    fn report(&self) -> Report {
        let stop = match self.ending {
            Ending::Early => Stop::Converged,
            Ending::Epochs | Ending::Diverged => Stop::IterationLimit,
            Ending::Cancelled => Stop::Cancelled,
        };
        let quality = if self.best.1 > 0 && self.held() > 0 { self.best.0 } else { self.last.seen };
        Report { stop, rows: self.learnt, iterations: self.updates, work: self.work, metric: Metric::Accuracy, quality }
    }

    /// Rows held back.
    fn held(&self) -> u32 {
        self.rows - self.learnt
    }

    /// One piece of work: a sample, a row of an update, or the end of an epoch.
    #[inline(always)]
    fn go(
        &mut self,
        phase: Phase,
        set: &SetView<'_>,
        memory: &mut [u32],
        head: &mut Head,
        words: &mut [u32],
    ) -> Option<Result<Phase, TrainError>> {
        Some(Ok(match phase {
            Phase::Calibrate => {
                if self.at < CALIBRATION.min(self.learnt) {
                    self.sample(set, memory, head, words, self.at)?;
                    self.calibrate(head);
                    self.at += 1;
                    Phase::Calibrate
                } else {
                    self.at = 0;
                    self.settle(head, words);
                    Phase::Learn
                }
            }
            Phase::Learn if self.at >= self.learnt => {
                if self.seen > 0 {
                    return Some(Ok(Phase::Update { stage: self.plan.first, row: 0 }));
                }
                self.at = 0;
                self.right = if self.held() > 0 { 0 } else { self.right };
                return Some(self.close_learning(memory, head, words));
            }
            Phase::Learn => {
                self.learn(set, memory, head, words)?;
                self.at += 1;
                if self.seen >= self.params().batch {
                    Phase::Update { stage: self.plan.first, row: 0 }
                } else {
                    Phase::Learn
                }
            }
            Phase::Update { stage, row } => self.update(memory, head, words, stage, row)?,
            Phase::Judge => {
                if self.at < self.held() {
                    let row = self.learnt + self.at;
                    let label = self.sample(set, memory, head, words, row)?;
                    if let Some(beta) = self.checked.beta() {
                        self.loss += self.reconstruction(memory, head, beta)?;
                        self.met += 1;
                    } else if let Some(label) = label {
                        let [logits] = self.plan.places.lend(memory, [Use::Tensor(head.stages.len())])?;
                        self.right += u32::from(loss::winner(bytemuck::cast_slice(logits)) == label);
                        self.met += 1;
                    }
                    self.at += 1;
                    Phase::Judge
                } else {
                    let met = if self.met > 0 { self.met as f32 } else { f32::NAN };
                    let loss = core::mem::take(&mut self.loss) / met;
                    let (held, score) = match self.checked.beta() {
                        Some(_) => (loss, -loss),
                        None => (self.right as f32 / met, self.right as f32 / met),
                    };
                    self.last.held = held;
                    return Some(Ok(self.close_epoch(score, memory, head, words)));
                }
            }
            Phase::Start | Phase::Over => Phase::Over,
        }))
    }
}
