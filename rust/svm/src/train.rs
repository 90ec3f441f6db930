//! Training: the machines of all pairs of classes one after the other, each solved in bounded steps and then written
//! into the model.

use crate::harvest::{self, BASIS, REDUCE};
use crate::kernel::Kernel;
use crate::model::{Head, ModelMut, Task};
use crate::params::{Checked, Machine, Params};
use crate::plan::{NO_SLOT, NOVELTY, Plan};
use crate::smo::{Run, Scaling, Summary};
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
    /// Whether it goes on from the model that it is lent.
    resumes: bool,
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
            resumes: false,
            stop: Stop::Converged,
            done: 0,
            worst: 0.0,
            objective: 0.0,
            iterations: 0,
            work: 0,
        }
    }

    /// For the first of several batches of a kernel machine: its support vectors, or those that count most if they are more
    /// than the model has room for, are to be the basis of what the later ones add. See [`crate::batches`].
    #[cfg(feature = "basis")]
    pub fn founds(checked: Checked) -> Self {
        Self { ration: Ration::Weigh, ..Self::new(checked) }
    }

    /// For a later batch: goes on from the model that it is lent, whose support vectors are the first rows of the set. What
    /// the other rows add is projected onto these. Where that model is of another kind or of other classes, it founds a new
    /// basis.
    #[cfg(feature = "basis")]
    pub fn resumes(checked: Checked) -> Self {
        Self { resumes: true, ..Self::founds(checked) }
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
        let marks: &'w [u8] = self.plan.carve(&set, workspace).map_or(&[], |(shared, _)| shared.marks);
        marks.iter().map(|mark| match mark {
            1 => Role::Bounded,
            2 => Role::Free,
            _ => Role::None,
        })
    }

    /// Which rows of the set are support vectors of the model, in order; as [`Trainer::roles`]. Empty for the linear kernel.
    #[cfg(feature = "basis")]
    pub fn records<'w>(&self, set: SetView<'_>, workspace: &'w mut [u32]) -> impl Iterator<Item = bool> + use<'w> {
        let slots: &'w [u16] = self.plan.carve(&set, workspace).map_or(&[], |(shared, _)| shared.slots);
        slots.iter().take(set.len()).map(|slot| *slot != NO_SLOT)
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
            let before = self.work;
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
            left = left.saturating_sub((self.work - before) as u32);
            if left == 0 && !matches!(self.phase, Err(_) | Ok(Phase::Over)) {
                return Ok(self.progress());
            }
        }
    }

    fn progress(&self) -> Progress {
        // In the logarithm of the gap, in which SMO comes down about evenly from 2: the bits of a number are about that.
        const BEGIN: i32 = 2.0f32.to_bits() as i32;
        let behind = BEGIN.saturating_sub(self.gap().to_bits() as i32) >> 10;
        let ahead = BEGIN.saturating_sub(self.plan.checked.params().tolerance.to_bits() as i32) >> 10;
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
        let Params { machine, gamma, coef0, degree, .. } = *plan.checked.params();
        let earlier = core::mem::replace(model.head, Head::EMPTY);
        (plan.rows, plan.width) = (set.len(), set.width());
        if machine != Machine::Novelty {
            plan.count(set)?;
        }
        plan.novelty = NOVELTY && (machine == Machine::Novelty || (machine == Machine::Auto && plan.known == 0));
        if set.is_empty() || (!plan.novelty && plan.known == 0) {
            return Err(TrainError::NoRows);
        }
        if plan.novelty {
            plan.labelled = set.len();
        } else if let [only] = plan.classes() {
            return Err(TrainError::OneClass(*only));
        }
        plan.kernel = Kernel {
            kind: plan.checked.params().kernel_for(plan.novelty),
            gamma: if gamma > 0.0 { gamma } else { plan.scale_rule(set) },
            coef0,
            degree,
        };
        let mut head = Head {
            task: if plan.novelty { Task::Novelty } else { Task::Classes },
            kernel: plan.kernel,
            format: set.format(),
            features: plan.width as u16,
            classes: plan.known as u16,
            vectors: 0,
            form: 0,
            binary: 0,
        }
        .marked();
        let least = head.fixed() + if head.linear() { 0 } else { plan.known.max(1) * head.record() };
        if model.words.len() < least {
            return Err(TrainError::Model(Shortage { needed: least * 4, available: model.words.len() * 4 }));
        }
        let (shared, _) = plan.carve(set, ws)?;
        if BASIS && plan.linear() {
            // It has weights, and no need of a basis.
            self.ration = Ration::None;
        }
        shared.marks.fill(0);
        shared.slots.fill(if BASIS && self.ration == Ration::Weigh { 0 } else { NO_SLOT });
        self.resumes = BASIS && self.resumes && harvest::readmit(plan, set, shared.slots, model, &earlier, &head);
        if BASIS && self.resumes {
            // The coefficients are those of this kernel.
            plan.kernel = earlier.kernel;
            head = earlier;
            self.ration = Ration::Project;
        }
        *model.head = head;
        for (word, class) in model.words.iter_mut().zip(plan.classes()) {
            *word = u32::from(class.0);
        }
        let Scaling { scale, shift, .. } = shared.scaling;
        for (((a, b), f), j) in scale.iter_mut().zip(shift).zip(set.features()).zip(0..) {
            let (mean, factor) = plan.standard(set, f);
            (*a, *b) = (f.step * factor, (f.offset - mean) * factor);
            if !head.linear() {
                let mut at = plan.known + plan.pairs() + j;
                for value in &[mean, factor, *a, *b] {
                    model.put(at, *value);
                    at += plan.width;
                }
            }
        }
        self.work += (set.len() + 8 * set.width()) as u64;
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
            self.run = Run::of(plan.pair_rows());
        }
        let (mut problem, marks, slots) = plan.problem(&mut self.run, set, ws)?;
        let mut next = Phase::Solve;
        match self.phase {
            Ok(Phase::SetUp) => {
                let begun = plan.seed(&mut problem, (BASIS && self.resumes).then_some((&*slots, &*model)));
                problem.start(begun);
            }
            Ok(Phase::Solve) => {
                let most = plan.checked.params().iterations;
                if let Some(limited) = problem.solve(most, budget) {
                    if limited {
                        self.stop = Stop::IterationLimit;
                    }
                    next = Phase::Harvest;
                }
            }
            _ => {
                let Summary { bias, objective, new } = problem.sum_up(marks);
                // Without new rows of both classes there is nothing to take a bias from: it stays.
                let stays = BASIS && self.resumes && !bias.is_finite();
                let bias = if stays { harvest::bias(plan, model) } else { bias };
                if problem.run.rows > 0 && !(bias.is_finite() && objective.is_finite()) {
                    return Err(TrainError::NotFinite);
                }
                let bias = if NOVELTY && plan.novelty { plan.calibrated(&problem, bias) } else { bias };
                if !harvest::take(plan, &mut problem, slots, model, self.ration, (bias, new))? {
                    marks.fill(0);
                    return Ok(self.again(model, Ration::Weigh));
                }
                self.iterations = self.iterations.saturating_add(problem.run.iterations);
                self.objective += objective;
                self.worst = self.worst.max(problem.gap());
                self.done += 1;
                next = Phase::SetUp;
            }
        }
        self.account();
        if matches!(next, Phase::SetUp) && !self.plan.next_pair() {
            return self.close(set, ws, model);
        }
        Ok(next)
    }

    /// Moves the run's work into the total.
    fn account(&mut self) {
        self.work += u64::from(core::mem::take(&mut self.run.work));
    }

    /// After the last pair.
    fn close(&mut self, set: &SetView<'_>, ws: &mut [u32], model: &mut ModelMut<'_>) -> Result<Phase, TrainError> {
        if REDUCE && self.ration == Ration::Weigh {
            let (shared, _) = self.plan.carve(set, ws)?;
            harvest::choose(&self.plan, set, shared.marks, shared.slots, model);
            return Ok(self.again(model, Ration::Project));
        }
        if REDUCE && self.ration == Ration::Project {
            self.stop = Stop::MemoryCap;
        }
        Ok(Phase::Over)
    }

    /// Starts over with the first pair.
    fn again(&mut self, model: &mut ModelMut<'_>, ration: Ration) -> Phase {
        self.account();
        if ration == Ration::Weigh {
            model.head.vectors = 0;
        }
        self.ration = ration;
        self.plan.pair = (0, 1);
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
