//! A training: healthy windows to keep, then healthy windows to set thresholds by.

use crate::model::Model;
use crate::params::Checked;
use crate::tail::Tail;
use hone_learn::learner::Input;
use hone_learn::set::SetError;
use hone_learn::{ClassId, Faults, Format, Metric, Progress, Report, Shortage, Stop, Workspace};

/// The training failed; the model is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A row has more features than there is room for, or other ones than the first.
    Width,
    /// A feature is not a number, or beyond what is kept.
    NotUsable {
        /// Which.
        feature: u32,
    },
    /// No feature ever changes.
    Constant,
    /// No thresholds follow.
    NoThreshold,
    /// The workspace is too small.
    Workspace(Shortage),
}

/// Trains one model. It holds no borrow: each step is lent the same model and workspace again.
#[derive(Debug)]
pub struct Training {
    checked: Checked,
    taken: u32,
    /// The number of the window before.
    last: u32,
    tail: Tail,
    distances: f32,
    over: bool,
}

impl Training {
    /// A training that has not begun.
    pub const fn new(checked: Checked) -> Self {
        Self { checked, taken: 0, last: 0, tail: Tail::EMPTY, distances: 0.0, over: false }
    }

    /// Whether it has ended.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Takes in a window.
    ///
    /// # Errors
    /// [`Fault`]; the training is over.
    pub fn step<const WORDS: usize, const ROWS: usize, const D: usize>(
        &mut self,
        input: &Input<'_>,
        model: &mut Model<WORDS, ROWS, D>,
        workspace: &mut [u32],
    ) -> Result<Progress, Fault> {
        let stepped = self.take(input, model, workspace);
        self.over = self.over || !matches!(stepped, Ok(Progress::Running { .. }));
        stepped
    }

    fn take<const WORDS: usize, const ROWS: usize, const D: usize>(
        &mut self,
        input: &Input<'_>,
        model: &mut Model<WORDS, ROWS, D>,
        workspace: &mut [u32],
    ) -> Result<Progress, Fault> {
        let Checked { params, chance } = self.checked;
        let (keep, total) = (u32::from(params.windows), u32::from(params.windows) + u32::from(params.calibrate));
        let memory: &mut [f32] = Workspace::new(workspace).take(input.row.len()).map_err(Fault::Workspace)?;
        if self.taken == 0 {
            model.params = params;
            model.set.edit().clear(Format::I8, input.row.len()).map_err(|_| Fault::Width)?;
        }
        self.taken += 1;
        if self.taken <= keep {
            self.keep(input.row, model)?;
            if self.taken == keep && !model.weigh(params.floor, memory) {
                return Err(Fault::Constant);
            }
        } else {
            if input.row.len() != model.features() {
                return Err(Fault::Width);
            }
            // Windows that the training missed are a gap, too.
            if input.window.faults.any(Faults::GAP) || input.window.sequence != self.last.wrapping_add(1) {
                self.tail.gap();
            }
            let distance = model.nearest(input.row, memory).distance(model.features());
            if !distance.is_finite() {
                return Err(Fault::NoThreshold);
            }
            self.tail.push(distance, params.average);
            self.distances += distance;
        }
        self.last = input.window.sequence;
        if self.taken < total {
            return Ok(Progress::Running { done: self.taken, total });
        }
        model.limits = self.tail.limits(params.average, chance, params.confidence).ok_or(Fault::NoThreshold)?;
        model.seen = keep;
        let calibrated = total - keep;
        let mean = self.distances / calibrated.max(1) as f32;
        let each = (model.rows() * model.features()) as u64;
        Ok(Progress::Done(Report {
            stop: Stop::Converged,
            rows: total,
            iterations: total,
            work: u64::from(calibrated) * each,
            metric: Metric::MeanSquaredError,
            quality: mean * mean,
        }))
    }

    /// Keeps a row; of more than there is room for an even sample.
    fn keep<const WORDS: usize, const ROWS: usize, const D: usize>(
        &self,
        row: &[f32],
        model: &mut Model<WORDS, ROWS, D>,
    ) -> Result<(), Fault> {
        /// All rows are of one class, among which room is made.
        const HEALTHY: ClassId = ClassId(0);
        let mut set = model.set.edit();
        match set.push(row, Some(HEALTHY)) {
            Ok(()) => Ok(()),
            Err(SetError::Full { .. }) => {
                if set.make_room(HEALTHY, self.taken).is_some() {
                    set.push(row, Some(HEALTHY)).map_err(|_| Fault::Width)?;
                }
                Ok(())
            }
            Err(SetError::NotUsable { feature }) => Err(Fault::NotUsable { feature }),
            Err(SetError::Width { .. }) => Err(Fault::Width),
        }
    }
}
