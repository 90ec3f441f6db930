//! Training: the machines of all pairs of classes one after the other, each solved in bounded steps and then written
//! into the model.

use crate::gradient::Summary;
use crate::harvest::{self, REDUCE};
use crate::kernel::Kernel;
use crate::model::{Head, ModelMut, Task};
use crate::params::{Checked, Params};
use crate::plan::Plan;
use crate::rows::Rows;
use crate::smo::{Problem, Run};
use crate::space::{FREE, NO_RECORD, Note, VECTOR};
use hone_learn::{ClassId, Metric, Progress, Report, SetView, Shortage, Stop};

/// The training failed. The model trained into is untrained; the one in use, the set and the trainer's parameters are
/// as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainError {
    /// The set has no rows (for classes: no labelled rows). Collect some.
    NoRows,
    /// All labelled rows are of this class. Label rows of another, or train for novelty.
    OneClass(ClassId),
    /// More classes than a model tells apart. Drop some.
    TooManyClasses {
        /// What it has room for.
        capacity: u32,
    },
    /// The workspace is too small for this set.
    Workspace(Shortage),
    /// The model's storage is too small for this number of classes and features.
    Model(Shortage),
    /// The set was changed between two steps. Start again.
    SetChanged,
    /// The numbers went beyond `f32`: standardise, or choose a smaller C, γ or degree.
    NotFinite,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Start,
    SetUp,
    Solve,
    Harvest,
    Over,
}

/// Support vectors outgrew the model: all pairs are solved once to see which rows count most, each class keeps its share
/// of the room in these, and all pairs are solved once more and projected onto them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ration {
    None,
    Weigh,
    Project,
}

/// Trains one model. It holds no borrow: each step is lent the same set, workspace and model again.
#[derive(Clone, Debug)]
pub struct Trainer {
    plan: Plan,
    phase: Result<Phase, TrainError>,
    run: Run,
    ration: Ration,
    stop: Stop,
    done: u32,
    worst: f32,
    objective: f32,
    iterations: u32,
    work: u64,
}

impl Trainer {
    /// A trainer that has not begun.
    pub fn new(checked: Checked) -> Self {
        Self {
            plan: Plan::new(checked),
            phase: Ok(Phase::Start),
            run: Run::default(),
            ration: Ration::None,
            stop: Stop::Converged,
            done: 0,
            worst: 0.0,
            objective: 0.0,
            iterations: 0,
            work: 0,
        }
    }

    /// Stops at the next step, which reports [`Stop::Cancelled`] and leaves the model untrained. After the end it
    /// changes nothing.
    pub fn cancel(&mut self) {
        if !matches!(self.phase, Ok(Phase::Over) | Err(_)) {
            (self.phase, self.stop) = (Ok(Phase::Over), Stop::Cancelled);
        }
    }

    /// The KKT gap of the pair being solved.
    pub fn gap(&self) -> f32 {
        self.run.greatest - self.run.least
    }

    /// The dual objective, summed over the pairs solved so far.
    pub fn objective(&self) -> f32 {
        self.objective
    }

    /// How each row of the set took part, in order, once training is done. The workspace must be as the last step
    /// left it.
    pub fn roles<'w>(&self, set: SetView<'_>, workspace: &'w mut [u32]) -> impl Iterator<Item = Role> + use<'w> {
        let notes: &'w [Note] = self.plan.carve(workspace, 0).map_or(&[], |space| space.notes);
        notes.iter().take(set.len()).map(|note| match note & (VECTOR | FREE) {
            0 => Role::None,
            VECTOR => Role::Bounded,
            _ => Role::Free,
        })
    }

    /// Trains on for about `work_budget` multiply-accumulates, at least one iteration.
    ///
    /// # Errors
    /// [`TrainError`]; later steps give the same error again.
    #[inline(never)]
    pub fn step(
        &mut self,
        set: SetView<'_>,
        workspace: &mut [u32],
        mut model: ModelMut<'_>,
        work_budget: u32,
    ) -> Result<Progress, TrainError> {
        let mut left = work_budget;
        loop {
            self.phase = match self.phase {
                Err(_) | Ok(Phase::Over) => {
                    if self.phase.is_err() || self.stop == Stop::Cancelled {
                        *model.head = Head::EMPTY;
                    }
                    self.phase?;
                    return Ok(Progress::Done(self.report()));
                }
                Ok(Phase::Start) => self.begin(&set, workspace, &mut model),
                Ok(_) if set.len() != self.plan.rows || set.width() != self.plan.width => Err(TrainError::SetChanged),
                Ok(_) => self.pair(&set, workspace, &mut model, left),
            };
            let spent = core::mem::take(&mut self.run.work);
            self.work += u64::from(spent);
            left = left.saturating_sub(spent);
            if left == 0 && !matches!(self.phase, Err(_) | Ok(Phase::Over)) {
                return Ok(self.progress());
            }
        }
    }

    fn progress(&self) -> Progress {
        // In the logarithm of the gap, in which SMO comes down about evenly from 2: the bits of a number are about that.
        const BEGIN: i32 = 2.0f32.to_bits() as i32;
        let behind = BEGIN.saturating_sub(self.gap().to_bits() as i32) >> 10;
        let ahead = BEGIN.saturating_sub(self.plan.params().tolerance.to_bits() as i32) >> 10;
        let part = if matches!(self.phase, Ok(Phase::Solve)) { (behind * 99 / ahead.max(1)).clamp(0, 99) } else { 0 };
        Progress::Running { done: self.done * 100 + part as u32, total: self.plan.pairs() as u32 * 100 }
    }

    fn report(&self) -> Report {
        Report {
            stop: self.stop,
            rows: self.plan.labelled as u32,
            iterations: self.iterations,
            work: self.work,
            metric: Metric::KktGap,
            quality: self.worst,
        }
    }

    /// Takes stock of classes, kernel and memory.
    #[inline(never)]
    fn begin(&mut self, set: &SetView<'_>, ws: &mut [u32], model: &mut ModelMut<'_>) -> Result<Phase, TrainError> {
        let plan = &mut self.plan;
        plan.count(set)?;
        let Params { gamma, coef0, degree, .. } = *plan.params();
        plan.kernel = Kernel { kind: plan.params().kernel_for(plan.novelty()), gamma, coef0, degree };
        let head = Head {
            task: if plan.novelty() { Task::Novelty } else { Task::Classes },
            kernel: plan.kernel,
            format: set.format(),
            features: plan.width as u16,
            classes: plan.known() as u16,
            vectors: 0,
            precision: 0,
            binary: 0,
        };
        *model.head = head.marked();
        model.room_for(if plan.linear() { 0 } else { plan.known().max(1) })?;
        let mut carved = plan.carve(ws, 0);
        let space = carved.as_mut().map_err(|e| *e)?;
        space.notes.fill(NO_RECORD);
        for (word, class) in model.words.iter_mut().zip(plan.classes()) {
            *word = u32::from(class.id);
        }
        // Of all numbers of all rows, as the kernel sees them.
        let (mut square, mut sum) = (0.0, 0.0);
        for (([a, b], f), j) in space.scaling.iter_mut().zip(set.features()).zip(0..) {
            let variance = Plan::variance(set, f);
            let (mean, factor) = plan.standard(variance, f.mean);
            (*a, *b) = (f.step * factor, (f.offset - mean) * factor);
            if !plan.linear() {
                let mut at = plan.known() + plan.pairs() + j;
                for value in &[mean, factor, *a, *b] {
                    model.put(at, *value);
                    at += plan.width;
                }
            }
            if plan.params().standardise {
                square += if variance > 0.0 { 1.0 } else { 0.0 };
            } else {
                square += variance + f.mean * f.mean;
                sum += f.mean;
            }
        }
        if plan.kernel.gamma <= 0.0 {
            // The rule `scale`: 1/(features · variance), or 1 when nothing varies.
            let d = plan.width as f32;
            let variance = square / d - (sum / d) * (sum / d);
            plan.kernel.gamma = if variance > 0.0 { 1.0 / (d * variance) } else { 1.0 };
            model.head.kernel = plan.kernel;
        }
        self.run.work = (plan.rows + 8 * plan.width) as u32;
        Ok(Phase::SetUp)
    }

    /// A piece of the work on the pair at hand: its rows are chosen, some iterations done, or the solved machine written
    /// into the model.
    #[inline(never)]
    fn pair(
        &mut self,
        set: &SetView<'_>,
        ws: &mut [u32],
        model: &mut ModelMut<'_>,
        budget: u32,
    ) -> Result<Phase, TrainError> {
        let plan = &self.plan;
        if matches!(self.phase, Ok(Phase::SetUp)) {
            self.run = plan.run();
        }
        let mut carved = plan.carve(ws, self.run.rows);
        let space = carved.as_mut().map_err(|e| *e)?;
        let mut problem = Problem { plan, set, rows: Rows::of(set), run: &mut self.run, space };
        let mut next = Phase::Solve;
        match self.phase {
            Ok(Phase::SetUp) => problem.enter(),
            Ok(Phase::Solve) => {
                if let Some(limited) = problem.solve(budget) {
                    if limited {
                        self.stop = Stop::IterationLimit;
                    }
                    next = Phase::Harvest;
                }
            }
            _ => {
                let Summary { bias, objective, new } = problem.sum_up();
                if !(bias + objective).is_finite() {
                    return Err(TrainError::NotFinite);
                }
                let bias = if plan.novelty() { plan.calibrated(&problem, bias) } else { bias };
                if !harvest::take(&mut problem, model, self.ration, (bias, new))? {
                    return Ok(self.again(model, Ration::Weigh));
                }
                self.iterations = self.iterations.saturating_add(problem.run.iterations);
                self.objective += objective;
                let gap = problem.gap();
                self.worst = if gap > self.worst { gap } else { self.worst };
                self.done += 1;
                next = Phase::SetUp;
            }
        }
        if matches!(next, Phase::SetUp) && !self.plan.next_pair() {
            return self.close(set, ws, model);
        }
        Ok(next)
    }

    /// After the last pair.
    fn close(&mut self, set: &SetView<'_>, ws: &mut [u32], model: &mut ModelMut<'_>) -> Result<Phase, TrainError> {
        if REDUCE && self.ration == Ration::Weigh {
            let space = self.plan.carve(ws, 0)?;
            harvest::choose(&self.plan, set, space.notes, model);
            return Ok(self.again(model, Ration::Project));
        }
        if REDUCE && self.ration == Ration::Project {
            self.stop = Stop::MemoryCap;
        }
        Ok(Phase::Over)
    }

    /// Starts over with the first pair.
    fn again(&mut self, model: &mut ModelMut<'_>, ration: Ration) -> Phase {
        if ration == Ration::Weigh {
            model.head.vectors = 0;
        }
        self.ration = ration;
        self.plan.first_pair();
        (self.done, self.worst, self.objective) = (0, 0.0, 0.0);
        Phase::SetUp
    }
}

/// How a row took part in a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// No support vector.
    None,
    /// A support vector, at the bound C of its multiplier wherever it is one.
    Bounded,
    /// A support vector on the margin of some pair.
    Free,
}
