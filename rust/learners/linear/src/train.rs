//! Training on a set of rows.
//!
//! Least squares and logistic regression are one iteration: a step against the gradient, multiplied by the inverse of a matrix
//! M that is no smaller than the Hessian. In closed form M is XᵀX with the ridge, factored once: for numbers the first step is
//! the solution of the normal equations and the next ones refine it (Björck, "Numerical Methods for Least Squares Problems",
//! 1996, 2.9); for classes M is the bound of the Hessian by Böhning ("Multinomial Logistic Regression Algorithm", 1992), a
//! quarter of XᵀX for two classes and a half for more. Gradient steps have the diagonal of that, times the columns, in place
//! of M. Where one step does not solve it, steps have momentum (Nesterov 1983), which ends where it points uphill
//! (O'Donoghue and Candès 2015).

use crate::model::{Head, Kind, ModelMut, PartsMut, Rule};
use crate::noise::Noise;
use crate::params::{Checked, MAX_CLASSES, Solver, Task};
use crate::plan::{Plan, Space};
use hone_learn::{ClassId, Metric, Progress, Report, SetView, Shortage, Stop};
use hone_numeric::kernel::{dot_f32, sqrt_f32};
use hone_numeric::{cholesky, ud};

/// The training failed. The model trained into is untrained; the one in use, the set and the trainer's parameters are
/// as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainError {
    /// The set has too few rows (for classes: too few labelled rows). Collect more, or take fewer inputs.
    TooFew {
        /// Rows that it has.
        rows: u32,
        /// Rows that it takes.
        needed: u32,
    },
    /// The rows have another width than the parameters were checked for.
    Width {
        /// Features expected.
        expected: u32,
        /// Features found.
        found: u32,
    },
    /// The target never varies: there is nothing to predict.
    Constant,
    /// All labelled rows are of this class. Label rows of another.
    OneClass(ClassId),
    /// More classes than a model tells apart. Drop some.
    TooManyClasses {
        /// What it has room for.
        capacity: u32,
    },
    /// The workspace is too small for this set.
    Workspace(Shortage),
    /// The model's storage is too small for these inputs and classes.
    Model(Shortage),
    /// The set was changed between two steps. Start again.
    SetChanged,
    /// The numbers went beyond `f32`: a larger ridge or penalty may help.
    NotFinite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Start,
    /// XᵀX, or its diagonal.
    Matrix,
    /// Its factor, from a row on.
    Factor(usize),
    /// A gradient over all rows.
    Gradient,
    /// What is left of the rows.
    Residuals,
    /// Each row once, recursively.
    Recursive,
    Over,
}

/// Trains one model on a set. It holds no borrow: each step is lent the same set, workspace and model again.
#[derive(Clone, Debug)]
pub struct Trainer {
    plan: Plan,
    phase: Result<Phase, TrainError>,
    /// By how much more the diagonal is raised, as a share of it, where rounding leaves no factor.
    raised: f32,
    /// Nesterov's t, and the step before.
    momentum: f32,
    before: f32,
    iterations: u32,
    noise: Noise,
    /// Squared errors, or rows classified rightly.
    total: f32,
    stop: Stop,
    work: u64,
}

/// By how much the diagonal is raised first where rounding leaves no factor.
const RAISED: f32 = 1e-6;

impl Trainer {
    /// A trainer that has not begun.
    pub fn new(checked: Checked) -> Self {
        Self {
            plan: Plan::new(checked),
            phase: Ok(Phase::Start),
            raised: 0.0,
            momentum: 1.0,
            before: f32::INFINITY,
            iterations: 0,
            noise: Noise::NEW,
            total: 0.0,
            stop: Stop::Converged,
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

    /// Trains on for about `work_budget` multiply-accumulates, at least one row.
    ///
    /// # Errors
    /// [`TrainError`]; later steps give the same error again.
    pub fn step(
        &mut self,
        set: SetView<'_>,
        workspace: &mut [u32],
        mut model: ModelMut<'_>,
        work_budget: u32,
    ) -> Result<Progress, TrainError> {
        let mut left = i64::from(work_budget);
        loop {
            match self.phase {
                Err(_) | Ok(Phase::Over) => {
                    if self.phase.is_err() || self.stop == Stop::Cancelled {
                        *model.head = Head::EMPTY;
                    }
                    self.phase?;
                    return Ok(Progress::Done(self.report()));
                }
                Ok(Phase::Start) => self.phase = self.begin(&set, workspace, &mut model),
                Ok(_) if set.len() != self.plan.rows || set.width() != usize::from(self.plan.design.channels) => {
                    self.phase = Err(TrainError::SetChanged);
                }
                Ok(phase) => {
                    let (next, work) = match self.plan.carve(workspace) {
                        Ok(mut space) => self.advance(phase, &set, &mut space, &mut model),
                        Err(shortage) => (Err(TrainError::Workspace(shortage)), 0),
                    };
                    self.phase = next;
                    self.work += u64::from(work);
                    left -= i64::from(work);
                    if left <= 0 && !matches!(self.phase, Err(_) | Ok(Phase::Over)) {
                        return Ok(self.progress());
                    }
                }
            }
        }
    }

    fn progress(&self) -> Progress {
        // Two passes at least, and each later one brings the end nearer by an unknown amount.
        let passes = match self.phase {
            Ok(Phase::Matrix | Phase::Recursive) => 0,
            Ok(Phase::Residuals) => self.iterations + 2,
            _ => self.iterations + 1,
        };
        let rows = self.plan.rows as u32;
        let total = if self.plan.params().solver == Solver::Recursive { rows } else { rows * (passes + 2) };
        Progress::Running { done: passes * rows + self.plan.row as u32, total }
    }

    fn report(&self) -> Report {
        let classes = self.plan.design.is_for_classes();
        Report {
            stop: self.stop,
            rows: self.plan.used,
            iterations: self.iterations,
            work: self.work,
            metric: if classes { Metric::Accuracy } else { Metric::MeanSquaredError },
            quality: self.total / self.plan.used.max(1) as f32,
        }
    }

    /// Takes stock of rows, classes and memory.
    fn begin(&mut self, set: &SetView<'_>, ws: &mut [u32], model: &mut ModelMut<'_>) -> Result<Phase, TrainError> {
        *model.head = Head::EMPTY;
        let checked = self.plan.checked;
        let (params, shape) = (checked.params(), checked.shape());
        if set.width() != shape.channels {
            return Err(TrainError::Width { expected: shape.channels as u32, found: set.width() as u32 });
        }
        let labelled = set.labels().flatten().count();
        let classes = params.task == Task::Classes || params.task == Task::Auto && labelled > 0;
        let mut found = 0;
        if classes {
            found = count(set)?;
        }
        let recursive = params.solver == Solver::Recursive && !classes;
        let rows = self.plan.prepare(set, classes, found);
        let n = self.plan.design.columns();
        let needed = if classes { 2 } else { n + 2 };
        if rows < needed {
            return Err(TrainError::TooFew { rows: rows as u32, needed: needed as u32 });
        }
        let head = Head {
            kind: if classes { Kind::Classes } else { Kind::Regression },
            matrix: !classes && params.solver != Solver::Gradient,
            classes: found as u16,
            design: self.plan.design,
            rule: Rule { frames: u32::MAX, ..Rule::of(params) },
            seen: crate::stream::SCALE_FRAMES,
            noise: Noise::NEW,
            ..Head::EMPTY
        };
        model.clear(head).map_err(TrainError::Model)?;
        let (ids, rest) = model.words.split_at_mut_checked(found).ok_or(TrainError::NotFinite)?;
        let mut least = 0;
        for id in ids {
            // Ascending; each is there, as they were counted.
            let next = set.labels().flatten().map(|c| u32::from(c.0)).filter(|c| *c >= least).min();
            *id = f32::from_bits(next.unwrap_or(least));
            least = next.unwrap_or(least) + 1;
        }
        for ((scale, feature), number) in rest.chunks_exact_mut(2).zip(set.features()).zip(0u16..) {
            let variance = set.variance(feature);
            if variance <= 0.0 && number == self.plan.design.target {
                return Err(TrainError::Constant);
            }
            // One that never varied says nothing; later it counts as 0.
            let factor = if variance > 0.0 { 1.0 / sqrt_f32(variance) } else { 0.0 };
            scale.iter_mut().zip([feature.mean, factor]).for_each(|(to, from)| *to = from);
        }
        let space = self.plan.carve(ws).map_err(TrainError::Workspace)?;
        space.gradient.fill(0.0);
        space.ahead.fill(0.0);
        space.matrix.fill(0.0);
        if recursive {
            if let Some(mut parts) = PartsMut::of(model.head, model.words) {
                parts.forget(params.ridge);
            }
            return Ok(Phase::Recursive);
        }
        Ok(Phase::Matrix)
    }

    /// A row of the pass at hand, or what ends it; and about how many multiplications it took.
    fn advance(
        &mut self,
        phase: Phase,
        set: &SetView<'_>,
        space: &mut Space<'_>,
        model: &mut ModelMut<'_>,
    ) -> (Result<Phase, TrainError>, u32) {
        let n = self.plan.design.columns() as u32;
        let outputs = self.plan.outputs as u32;
        if let Phase::Factor(row) = phase {
            return (self.factor(row, space), n * (row as u32 + 8));
        }
        if self.plan.row >= self.plan.rows {
            self.plan.rewind();
            return match phase {
                Phase::Matrix => (Ok(self.matrix_done(space)), n),
                Phase::Gradient => (self.descend(space, model), outputs * n * (n + 4)),
                _ => (self.close(phase, space, model), n * n * n / 6),
            };
        }
        if phase == Phase::Recursive {
            self.plan.learn(set, space, model, &mut self.total);
            return (Ok(phase), 3 * n * n / 2 + 8 * n);
        }
        let Some(answer) = self.plan.fill(set, space, model.view()) else { return (Ok(phase), n) };
        match phase {
            Phase::Matrix => {
                add_product(space.row, space.matrix);
                (Ok(phase), n * (n + 3) / 2)
            }
            Phase::Gradient => {
                answer.residuals(space.row, space.ahead, space.results);
                for (gradient, residual) in space.gradient.chunks_exact_mut(n as usize).zip(space.results.iter()) {
                    hone_numeric::kernel::axpy_f32(*residual, space.row, gradient);
                }
                (Ok(phase), n * (2 * outputs + 1))
            }
            _ => {
                let at = usize::from(model.head.classes) + 2 * usize::from(model.head.design.channels);
                let coefficients =
                    model.words.get(at..).and_then(|w| w.get(..(n * outputs) as usize)).unwrap_or_default();
                let right = answer.residuals(space.row, coefficients, space.results);
                if let (Some([residual, ..]), Kind::Regression) = (space.results.get(..), model.head.kind) {
                    self.noise.push(*residual, 1.0);
                    self.total += residual * residual;
                } else {
                    self.total += f32::from(u8::from(right));
                }
                (Ok(phase), n * (outputs + 1))
            }
        }
    }

    /// Adds the ridge to the matrix, or makes steps of its diagonal.
    fn matrix_done(&mut self, space: &mut Space<'_>) -> Phase {
        let (params, n) = (self.plan.params(), self.plan.design.columns());
        let (share, ridge) = match (self.plan.design.is_for_classes(), self.plan.outputs) {
            (false, _) => (1.0, params.ridge),
            (true, 1) => (0.25, params.penalty),
            (true, _) => (0.5, params.penalty),
        };
        if params.solver == Solver::Gradient {
            // No matrix is larger than its diagonal times its rows.
            for (i, d) in space.matrix.iter_mut().enumerate() {
                let bound = n as f32 * share * *d + if i > 0 { ridge } else { 0.0 };
                *d = if bound > 0.0 { 1.0 / bound } else { 0.0 };
            }
            return Phase::Gradient;
        }
        for i in 0..n {
            let Some(row) = space.matrix.get_mut(cholesky::packed_len(i)..cholesky::packed_len(i + 1)) else { break };
            row.iter_mut().for_each(|a| *a *= share);
            if let Some(diagonal) = row.last_mut() {
                // The constant is free.
                *diagonal += self.raised * *diagonal + if i > 0 { ridge } else { 0.0 };
            }
        }
        Phase::Factor(0)
    }

    fn factor(&mut self, row: usize, space: &mut Space<'_>) -> Result<Phase, TrainError> {
        let n = self.plan.design.columns();
        match cholesky::factor_rows(space.matrix, n, row) {
            Ok(next) if next < n => Ok(Phase::Factor(next)),
            Ok(_) => Ok(Phase::Gradient),
            Err(_) if self.raised > 0.1 => Err(TrainError::NotFinite),
            Err(_) => {
                // Collinear to rounding. The steps that follow go by the true gradient, so that predictions lose nothing.
                self.raised = if self.raised > 0.0 { self.raised * 8.0 } else { RAISED };
                space.matrix.fill(0.0);
                Ok(Phase::Matrix)
            }
        }
    }

    /// A step against the gradient that has been summed up.
    fn descend(&mut self, space: &mut Space<'_>, model: &mut ModelMut<'_>) -> Result<Phase, TrainError> {
        let (params, n) = (self.plan.params(), self.plan.design.columns());
        let classes = self.plan.design.is_for_classes();
        let ridge = if classes { params.penalty } else { params.ridge };
        let at = usize::from(model.head.classes) + 2 * usize::from(model.head.design.channels);
        let coefficients = model.words.get_mut(at..).unwrap_or_default();
        let (mut square, mut uphill) = (0.0, 0.0);
        let vectors = space.gradient.chunks_exact_mut(n).zip(space.ahead.chunks_exact_mut(n));
        for ((gradient, ahead), w) in vectors.zip(coefficients.chunks_exact_mut(n)) {
            for (g, a) in gradient.iter_mut().zip(ahead.iter()).skip(1) {
                *g -= ridge * *a;
            }
            // What the step is before M⁻¹ and after; the row is free between passes.
            space.row.iter_mut().zip(gradient.iter()).for_each(|(to, from)| *to = *from);
            if params.solver == Solver::Gradient {
                gradient.iter_mut().zip(space.matrix.iter()).for_each(|(g, d)| *g *= d);
            } else {
                cholesky::solve(space.matrix, n, gradient);
            }
            square += dot_f32(space.row, gradient);
            // `w` becomes the new coefficients, and `gradient` how far they moved.
            for (((w, a), g), slope) in w.iter_mut().zip(ahead).zip(gradient.iter_mut()).zip(space.row.iter()) {
                let new = *a + *g;
                let moved = new - *w;
                uphill -= *slope * moved;
                (*w, *a, *g) = (new, new, moved);
            }
        }
        if !square.is_finite() {
            return Err(TrainError::NotFinite);
        }
        self.iterations += 1;
        let solved = !classes && params.solver == Solver::ClosedForm;
        if uphill > 0.0 || solved {
            self.momentum = 1.0;
        }
        let next = 0.5 + sqrt_f32(0.25 + self.momentum * self.momentum);
        let carry = (self.momentum - 1.0) / next;
        self.momentum = next;
        if carry > 0.0 {
            space.ahead.iter_mut().zip(space.gradient.iter()).for_each(|(a, moved)| *a += carry * moved);
        }
        space.gradient.fill(0.0);
        // The root of the mean square by which predictions moved; below rounding a refinement no longer shrinks.
        let moved = sqrt_f32(if square > 0.0 { square / self.plan.used.max(1) as f32 } else { 0.0 });
        let shrinks = !solved || moved < 0.5 * self.before;
        self.before = moved;
        if moved <= params.tolerance || !shrinks {
            return Ok(Phase::Residuals);
        }
        if self.iterations >= u32::from(params.iterations) {
            self.stop = Stop::IterationLimit;
            return Ok(Phase::Residuals);
        }
        Ok(Phase::Gradient)
    }

    /// After the last pass.
    fn close(&mut self, phase: Phase, space: &mut Space<'_>, model: &mut ModelMut<'_>) -> Result<Phase, TrainError> {
        let (outside, interval) = (model.head.rule.outside, model.head.design.interval);
        if model.head.kind == Kind::Regression {
            if phase == Phase::Residuals {
                self.noise.after_fit(self.plan.design.columns() as f32);
                self.noise.settle(outside);
                model.head.noise = self.noise;
                model.head.origin = (self.plan.rows as u64).saturating_sub(1) * interval;
                if let Some(parts) = PartsMut::of(model.head, model.words) {
                    ud::invert(space.matrix, parts.u, parts.d);
                }
            }
            model.head.seen = self.plan.used;
            model.head.rule.frames = self.plan.used;
        }
        let finite = |w: &f32| w.is_finite();
        if !(self.total.is_finite() && model.view().coefficients().iter().all(finite)) {
            return Err(TrainError::NotFinite);
        }
        Ok(Phase::Over)
    }
}

/// Classes in the set.
fn count(set: &SetView<'_>) -> Result<usize, TrainError> {
    let (mut found, mut least, mut only) = (0, 0, None);
    while let Some(next) = set.labels().flatten().map(|c| u32::from(c.0)).filter(|c| *c >= least).min() {
        if found >= MAX_CLASSES {
            return Err(TrainError::TooManyClasses { capacity: MAX_CLASSES as u32 });
        }
        (found, least, only) = (found + 1, next + 1, Some(ClassId(next as u16)));
    }
    match (found, only) {
        (0, _) => Err(TrainError::TooFew { rows: 0, needed: 2 }),
        (1, Some(class)) => Err(TrainError::OneClass(class)),
        _ => Ok(found),
    }
}

/// Adds x·xᵀ to a packed lower triangle, or x² to a diagonal.
fn add_product(x: &[f32], matrix: &mut [f32]) {
    if matrix.len() == x.len() && x.len() > 1 {
        matrix.iter_mut().zip(x).for_each(|(d, x)| *d += x * x);
        return;
    }
    let mut rest = matrix;
    for (i, xi) in x.iter().enumerate() {
        let Some((row, below)) = core::mem::take(&mut rest).split_at_mut_checked(i + 1) else { return };
        hone_numeric::kernel::axpy_f32(*xi, x, row);
        rest = below;
    }
}
