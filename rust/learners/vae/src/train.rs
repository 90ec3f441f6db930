//! A training: epochs of the network, then thresholds by the rows that it has not learnt.

use crate::model::{Scores, Thresholds, Trained};
use crate::params::{Checked, Params};
use hone_learn::learner::Start;
use hone_learn::{Metric, Progress, Report, SetView, Stop, Workspace};
use hone_net::{Ending, Epoch, TrainError, Trainer};

/// Rows that a training takes at least, and that thresholds are set by: where fewer are held back it is by all.
pub const LEAST_ROWS: usize = 8;

/// The training failed; the model is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The network's.
    Train(TrainError),
    /// There are too few rows.
    FewRows {
        /// So many.
        found: u32,
    },
    /// No feature ever changes.
    Constant,
    /// No thresholds follow from the scores of the rows.
    NoThreshold,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Start,
    Learn,
    /// Judges row number `at` of those that thresholds are set by.
    Judge {
        at: u32,
    },
    Over,
}

/// Trains one model. It holds no borrow: each step is lent the same set, workspace and model again.
#[derive(Debug)]
pub struct Training {
    trainer: Trainer,
    params: Params,
    start: Start,
    phase: Phase,
    report: Report,
    progress: Progress,
}

impl Training {
    /// A training that has not begun.
    pub fn new(checked: &Checked, start: Start) -> Self {
        let metric = Metric::MeanSquaredError;
        Self {
            trainer: match start {
                Start::Afresh => Trainer::new(checked.network),
                Start::Resume => Trainer::resumes(checked.network),
            },
            params: checked.params,
            start,
            phase: Phase::Start,
            report: Report { stop: Stop::Cancelled, rows: 0, iterations: 0, work: 0, metric, quality: f32::NAN },
            progress: Progress::Running { done: 0, total: 1 },
        }
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// The last epoch that has ended, and been judged where rows are held back.
    pub fn last_epoch(&self) -> Option<Epoch> {
        let epoch = self.trainer.last_epoch();
        (epoch.number > 0 && (epoch.held.is_finite() || !self.trainer.judges())).then_some(epoch)
    }

    /// Why the network stopped learning.
    pub fn ending(&self) -> Ending {
        self.trainer.ending()
    }

    /// Updates of the weights so far.
    pub fn updates(&self) -> u32 {
        self.trainer.updates()
    }

    /// Trains on for about `budget` multiply-accumulates, at least one row. `earlier` is what it goes on from, if it does.
    ///
    /// # Errors
    /// [`Fault`]; the training is over.
    pub fn step<const WORDS: usize>(
        &mut self,
        set: SetView<'_>,
        workspace: &mut [u32],
        model: &mut Trained<WORDS>,
        earlier: Option<&Trained<WORDS>>,
        budget: u32,
    ) -> Result<Progress, Fault> {
        let stepped = match self.phase {
            Phase::Start => self.begin(&set, model, earlier),
            Phase::Learn => self.learn(set, workspace, model, budget),
            Phase::Judge { at } => self.judge(set, workspace, model, budget, at),
            Phase::Over => Ok(Progress::Done(self.report)),
        };
        if matches!(stepped, Err(_) | Ok(Progress::Done(_))) {
            self.phase = Phase::Over;
        }
        stepped
    }

    fn begin<const WORDS: usize>(
        &mut self,
        set: &SetView<'_>,
        model: &mut Trained<WORDS>,
        earlier: Option<&Trained<WORDS>>,
    ) -> Result<Progress, Fault> {
        if set.len() < LEAST_ROWS {
            return Err(Fault::FewRows { found: set.len() as u32 });
        }
        if self.start == Start::Resume {
            model.network.edit().copy(earlier.ok_or(Fault::Train(TrainError::OtherModel))?.view());
        } else if set.features().iter().all(|f| set.variance(f) == 0.0) {
            return Err(Fault::Constant);
        }
        model.params = self.params;
        self.phase = Phase::Learn;
        Ok(self.progress)
    }

    fn learn<const WORDS: usize>(
        &mut self,
        set: SetView<'_>,
        workspace: &mut [u32],
        model: &mut Trained<WORDS>,
        budget: u32,
    ) -> Result<Progress, Fault> {
        let stepped = self.trainer.step(set, workspace, model.network.edit(), budget).map_err(Fault::Train)?;
        match stepped {
            Progress::Running { .. } => self.progress = stepped,
            Progress::Done(report) => {
                self.report = Report { metric: self.report.metric, quality: self.report.quality, ..report };
                self.phase = Phase::Judge { at: 0 };
            }
        }
        Ok(self.progress)
    }

    /// Row number `i` of those that thresholds are set by.
    fn judged(&self, set: &SetView<'_>, i: u32) -> Option<usize> {
        let few = self.trainer.judged_row(LEAST_ROWS as u32 - 1).is_none();
        if few { Some(i as usize).filter(|row| *row < set.len()) } else { self.trainer.judged_row(i) }
    }

    fn judge<const WORDS: usize>(
        &mut self,
        set: SetView<'_>,
        workspace: &mut [u32],
        model: &mut Trained<WORDS>,
        budget: u32,
        mut at: u32,
    ) -> Result<Progress, Fault> {
        let short = |shortage| Fault::Train(TrainError::Workspace(shortage));
        let view = model.view();
        let each = view.layers().map(|layer| layer.macs as u32).sum::<u32>().max(1);
        let mut ws = Workspace::new(workspace);
        let scratch: &mut [u32] = ws.take(view.scratch_words()).map_err(short)?;
        let row: &mut [f32] = ws.take(set.width()).map_err(short)?;
        let scores: &mut [f32] = ws.take(2 * set.len()).map_err(short)?;
        let (reconstruction, divergence) = scores.split_at_mut(set.len());
        let mut left = budget;
        while let Some(number) = self.judged(&set, at) {
            let found = if set.decode(number, row) { Scores::of(&view, row, scratch) } else { None };
            let found = found.ok_or(Fault::Train(TrainError::SetChanged))?;
            if let (Some(a), Some(b)) = (reconstruction.get_mut(at as usize), divergence.get_mut(at as usize)) {
                (*a, *b) = (found.reconstruction, found.divergence);
            }
            self.report.work += u64::from(each);
            at += 1;
            left = left.saturating_sub(each);
            if left == 0 {
                self.phase = Phase::Judge { at };
                return Ok(self.progress);
            }
        }
        let (a, b) = (reconstruction.get_mut(..at as usize), divergence.get_mut(..at as usize));
        let (Some(a), Some(b)) = (a, b) else { return Err(Fault::NoThreshold) };
        self.report.quality = 2.0 * a.iter().sum::<f32>() / (at as usize * set.width()).max(1) as f32;
        model.thresholds = Thresholds::from_scores(a, b, &self.params).ok_or(Fault::NoThreshold)?;
        Ok(Progress::Done(self.report))
    }
}
