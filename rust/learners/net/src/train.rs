//! Training: epochs of samples, batches and updates, in steps bounded in work.

use crate::model::{Head, MAX_CLASSES, ModelMut, Peaks, enter, forward, widen};
use crate::network::NetworkError;
use crate::order::permuted;
use crate::params::{Checked, Params};
use crate::place::Use;
use crate::plan::{ByteStore, Plan, RealStore, batch_bytes};
use crate::scale::{MAX_EXPONENT, dithered, exponent, power};
use crate::stage::{Form, MAX_STAGES, Stage};
use crate::update::{self, Step};
use crate::{loss, real, start, whole};
use hone_learn::set::Row;
use hone_learn::{ClassId, Metric, Progress, Report, SetView, Shortage, Stop};
use hone_numeric::layer::Dither;

/// The training failed. The model trained into is untrained unless said otherwise; the set and the trainer's parameters are
/// as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainError {
    /// The set has no labelled rows. Label some.
    NoRows,
    /// All labelled rows are of this class. Label rows of another.
    OneClass(ClassId),
    /// More classes than the network was checked for.
    TooManyClasses {
        /// What it has outputs for.
        capacity: u32,
    },
    /// Rows are not as long as the network's input.
    Width {
        /// Numbers that the network takes in.
        expected: u32,
        /// Numbers of a row.
        found: u32,
    },
    /// The workspace is too small.
    Workspace(Shortage),
    /// The model's storage is too small.
    Model(Shortage),
    /// The network does not fit its input.
    Network(NetworkError),
    /// To go on from: the model is not one of this network, in these numbers. It stays as it was.
    OtherModel,
    /// To go on from: the model does not know this class. It stays as it was.
    OtherClass(ClassId),
    /// The set was changed between two steps. Start again.
    SetChanged,
    /// The loss grew without end, and there were no weights to fall back on: lower the rate, or set keep on.
    Diverged,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs are done.
    Epochs,
    /// Nothing got better for `patience` epochs.
    Early,
    /// The loss grew without end each time that the rate was lowered; the best weights are in the model.
    Diverged,
    /// The user cancelled it.
    Cancelled,
}

/// What an epoch gave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epoch {
    /// Its number, from 1; 0 before the first has ended.
    pub number: u16,
    /// Mean cross-entropy of the rows learnt, as they were met.
    pub loss: f32,
    /// Share of the rows learnt that were right as they were met.
    pub seen: f32,
    /// Share of the rows held back that are right after it; not a number when none are.
    pub held: f32,
    /// Rows skipped after the forward pass.
    pub skipped: u32,
}

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
            error_exponents: [7; MAX_STAGES],
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

    /// Why it ended, once it is done.
    pub fn ending(&self) -> Ending {
        self.ending
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

    /// Takes stock of classes and memory, and makes or checks the model.
    #[inline(never)]
    fn begin(
        &mut self,
        set: &SetView<'_>,
        memory: &mut [u32],
        head: &mut Head,
        words: &mut [u32],
    ) -> Result<Phase, TrainError> {
        let shape = self.checked.shape();
        let mut ids = [0u16; MAX_CLASSES];
        // To go on from a model, its own classes are what counts.
        let known = classes(set, &mut ids, if self.resumes { MAX_CLASSES } else { shape.classes })?;
        let (expected, found) = (shape.input.len(), set.width());
        if expected != found {
            return Err(TrainError::Width { expected: expected as u32, found: found as u32 });
        }
        if self.resumes {
            let same = head.trained
                && head.network == self.params().network
                && head.numbers == self.params().numbers
                && head.input == shape.input;
            if !same {
                return Err(TrainError::OtherModel);
            }
            let new = known.iter().find(|id| head.index_of(words, ClassId(**id)).is_none());
            if let Some(id) = new {
                return Err(TrainError::OtherClass(ClassId(*id)));
            }
        } else {
            if let [one] = known {
                return Err(TrainError::OneClass(ClassId(*one)));
            }
            *head = self.checked.head(known.len()).map_err(TrainError::Network)?;
            let (needed, available) = (head.stages.words() * 4, words.len() * 4);
            if needed > available {
                return Err(TrainError::Model(Shortage { needed, available }));
            }
            words.iter_mut().zip(known).for_each(|(word, id)| *word = (*id).into());
            start::standardise(set, head, words);
            start::weights(head, words, &mut self.dither);
        }
        let too_large = NetworkError::TooLarge { layer: head.stages.len() as u8 };
        self.plan = Plan::new(&self.checked, head).ok_or(TrainError::Network(too_large))?;
        let (needed, available) = (self.plan.places.peak() * 4, memory.len() * 4);
        if needed > available {
            return Err(TrainError::Workspace(Shortage { needed, available }));
        }
        memory.fill(0);
        self.rows = set.len() as u32;
        let held = (self.params().hold * self.rows as f32 + 0.5) as u32;
        self.learnt = self.rows.saturating_sub(held).max(1);
        for (l, range) in self.ranges.iter_mut().enumerate() {
            *range = if self.resumes { 90.0 * power(-i32::from(head.exponent(l))) } else { 0.0 };
        }
        self.keep_best(head, words, memory);
        self.work += u64::from(self.rows);
        Ok(if self.resumes { Phase::Learn } else { Phase::Calibrate })
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
                    if let Some(label) = self.sample(set, memory, head, words, row)? {
                        let [logits] = self.plan.places.lend(memory, [Use::Tensor(head.stages.len())])?;
                        self.right += u32::from(loss::winner(bytemuck::cast_slice(logits)) == label);
                        self.met += 1;
                    }
                    self.at += 1;
                    Phase::Judge
                } else {
                    self.last.held = if self.met > 0 { self.right as f32 / self.met as f32 } else { f32::NAN };
                    return Some(Ok(self.close_epoch(self.last.held, memory, head, words)));
                }
            }
            Phase::Start | Phase::Over => Phase::Over,
        }))
    }

    /// The row of the set at place `i` of this epoch; places from `learnt` on are those held back.
    fn row(&self, i: u32) -> usize {
        let seed = self.params().seed;
        // Rows are shuffled once, so that those held back are of all times, and what is learnt in each epoch again.
        let place =
            if i < self.learnt { permuted(i, self.learnt, seed ^ (u32::from(self.epoch) + 1) << 16) } else { i };
        permuted(place, self.rows, seed.wrapping_mul(0x85eb_ca6b)) as usize
    }

    /// Runs the row at place `i` forward; its label, if it has one and is fit to be used.
    #[inline(never)]
    fn sample(
        &mut self,
        set: &SetView<'_>,
        memory: &mut [u32],
        head: &Head,
        words: &[u32],
        i: u32,
    ) -> Option<Option<usize>> {
        let row = self.row(i);
        let Some(label) = set.label(row).and_then(|class| head.index_of(words, class)) else { return Some(None) };
        let features = set.features().iter();
        let places = &self.plan.places;
        match set.row(row)? {
            Row::F32(v) => enter(head, words, places, memory, features.zip(v).map(|(f, v)| f.offset + v)),
            Row::I16(v) => {
                enter(head, words, places, memory, features.zip(v).map(|(f, v)| f.offset + f.step * f32::from(*v)))
            }
            Row::I8(v) => {
                enter(head, words, places, memory, features.zip(v).map(|(f, v)| f.offset + f.step * f32::from(*v)))
            }
        }?;
        for (l, stage) in head.stages.all().iter().enumerate() {
            forward(head, words, places, memory, l, &mut self.peaks)?;
            self.work += stage.macs() as u64;
        }
        Some(Some(label))
    }

    /// After a forward pass before the first epoch: ranges grow at once.
    fn calibrate(&mut self, head: &mut Head) {
        let tensors = self.ranges.iter_mut().zip(&mut self.peaks).zip(&mut head.exponents);
        for ((range, peak), exponent) in tensors.skip(1) {
            let unit = power(-i32::from(*exponent));
            *range = range.max(core::mem::take(peak) as f32 * unit);
            if *range * power((*exponent).into()) > 140.0 {
                *exponent -= 1;
            }
        }
    }

    /// Gives each tensor the exponent of its range.
    fn settle(&mut self, head: &mut Head, words: &[u32]) {
        for l in 1..head.stages.len() {
            let (Some(range), Some(before)) = (self.ranges.get(l), l.checked_sub(1)) else { return };
            // Not finer than the coarsest sum that it comes from.
            let finest = head.stages.get(before).filter(|s| s.learns()).and_then(|s| s.bytes(words));
            let finest = finest.and_then(|w| w.exponents.iter().min().copied());
            let limit = finest.map_or(MAX_EXPONENT, |e| e.saturating_add(head.exponent(before)));
            if let Some(place) = head.exponents.get_mut(l) {
                *place = exponent(*place, *range).min(limit);
            }
        }
    }

    /// A sample: forward, loss, backward.
    #[inline(never)]
    fn learn(&mut self, set: &SetView<'_>, memory: &mut [u32], head: &Head, words: &[u32]) -> Option<()> {
        let Some(label) = self.sample(set, memory, head, words, self.at)? else { return Some(()) };
        let count = head.stages.len();
        let last = count.checked_sub(1)?;
        let stage = head.stages.get(last)?;
        let [logits, error] = self.plan.places.lend(memory, [Use::Tensor(count), Use::Error(last)])?;
        let logits: &mut [f32] = bytemuck::cast_slice_mut(logits);
        self.right += u32::from(loss::winner(logits) == label);
        self.met += 1;
        self.seen += 1;
        let loss = loss::cross_entropy(logits, label);
        self.loss += loss;
        // logits now are p − y.
        let sure = logits.get(label).is_some_and(|e| 1.0 + e >= self.params().skip_above);
        if sure && self.params().skip_above < 1.0 {
            self.skipped += 1;
            return Some(());
        }
        let mut any = false;
        match stage.form {
            Form::Int8 => {
                let unit = power(self.error_exponents.get(last).copied()?.into());
                let error: &mut [i8] = bytemuck::cast_slice_mut(error);
                for (e, p) in error.iter_mut().zip(logits.iter()) {
                    *e = dithered(*p * unit, &mut self.dither);
                    any |= *e != 0;
                }
            }
            Form::F32 => {
                let error: &mut [f32] = bytemuck::cast_slice_mut(error);
                error.iter_mut().zip(logits.iter()).for_each(|(e, p)| *e = *p);
                any = true;
            }
        }
        if any {
            for l in (usize::from(self.plan.first)..count).rev() {
                self.backward(memory, head, words, l)?;
            }
            self.filled += 1;
        }
        Some(())
    }

    /// Stage `l` backward: its gradients into its store, the error before it.
    #[inline(never)]
    fn backward(&mut self, memory: &mut [u32], head: &Head, words: &[u32], l: usize) -> Option<()> {
        let stage = head.stages.get(l)?;
        if stage.learns() {
            match stage.form {
                Form::Int8 => self.byte_gradient(memory, stage, l)?,
                Form::F32 => self.real_gradient(memory, head, stage, l)?,
            }
            self.work += stage.macs() as u64;
        }
        if l <= usize::from(self.plan.first) {
            return Some(());
        }
        let before = l.checked_sub(1)?;
        let relu = head.stages.get(before)?.layer.relu;
        let uses = [Use::Tensor(l), Use::Error(l), Use::Error(before), Use::Backward(l)];
        // A tensor that is not needed any more may lie where something else does by now.
        let gateless = [Use::Error(l), Use::Error(before), Use::Backward(l)];
        let (gate, error, to, temp) = if relu {
            let [gate, error, to, temp] = self.plan.places.lend(memory, uses)?;
            (Some(&*gate), error, to, temp)
        } else {
            let [error, to, temp] = self.plan.places.lend(memory, gateless)?;
            (None, error, to, temp)
        };
        self.work += stage.macs() as u64;
        match (stage.form, head.stages.form_before(l)) {
            (Form::Int8, _) => {
                let ee = self.error_exponents.get(l).copied()?;
                let place = self.error_exponents.get_mut(before)?;
                if !stage.learns() {
                    *place = whole::shared_exponent(stage, ee);
                }
                let exponent = i32::from(*place);
                let w = stage.bytes(words)?;
                let peak = self.errors.get_mut(before)?;
                let gate = gate.map(bytemuck::cast_slice);
                let (error, to) = (bytemuck::cast_slice(error), bytemuck::cast_slice_mut(to));
                whole::error_before(stage, &w, error, ee.into(), gate, to, exponent, peak, &mut self.dither, temp)
            }
            (Form::F32, Form::F32) => {
                let w = stage.reals(words)?;
                let gate = gate.map(bytemuck::cast_slice);
                real::error_before(stage, &w, bytemuck::cast_slice(error), gate, bytemuck::cast_slice_mut(to))
            }
            (Form::F32, Form::Int8) => {
                let w = stage.reals(words)?;
                let temp: &mut [f32] = bytemuck::cast_slice_mut(temp.get_mut(stage.input.len()..)?);
                let temp = temp.get_mut(..stage.input.len())?;
                real::error_before(stage, &w, bytemuck::cast_slice(error), None, temp)?;
                let gate: Option<&[i8]> = gate.map(bytemuck::cast_slice);
                let to: &mut [i8] = bytemuck::cast_slice_mut(to);
                let unit = power(self.error_exponents.get(before).copied()?.into());
                let peak = self.errors.get_mut(before)?;
                for (i, (to, e)) in to.iter_mut().zip(temp.iter()).enumerate() {
                    let open = gate.is_none_or(|gate| gate.get(i).is_some_and(|g| *g > 0));
                    *to = if open { dithered(e * unit, &mut self.dither) } else { 0 };
                    *peak = (*peak).max((e * unit).abs() as i32);
                }
                Some(())
            }
        }
    }

    /// How many of a stage's rows are updated when the mean magnitude of its errors is this, and the greatest is noted:
    /// k = ⌊min{λ_min + (ē/ē_max)(λ_max − λ_min), 1}·N⌋, at least 1 (Deutel et al. 2025, equation 7).
    fn quota(&mut self, l: usize, stage: &Stage, mean: f32) -> usize {
        let (least, most) = (self.params().rows_least, self.params().rows_most);
        let Some(greatest) = self.most_error.get_mut(l) else { return stage.rows() };
        *greatest = if mean > *greatest { mean } else { *greatest };
        let part = if *greatest > 0.0 { mean / *greatest } else { 1.0 };
        let part = least + part * (most - least);
        ((part.min(1.0) * stage.rows() as f32) as usize).max(1)
    }

    fn partial(&self) -> bool {
        self.params().rows_least < 1.0
    }

    fn byte_gradient(&mut self, memory: &mut [u32], stage: &Stage, l: usize) -> Option<()> {
        let params = *self.params();
        let history = stage.positions() == 1;
        // With a history the input was kept when it was there.
        let needs_input = !params.biases;
        let (x, error, temp, store) = if needs_input {
            let uses = [Use::Tensor(l), Use::Error(l), Use::Backward(l), Use::Store(l)];
            let [x, error, temp, store] = self.plan.places.lend(memory, uses)?;
            (Some(&*x), error, temp, store)
        } else {
            let [error, temp, store] =
                self.plan.places.lend(memory, [Use::Error(l), Use::Backward(l), Use::Store(l)])?;
            (None, error, temp, store)
        };
        let store = ByteStore::carve(stage, &params, store)?;
        let error: &mut [i8] = bytemuck::cast_slice_mut(error);
        let error = error.get_mut(..stage.output.len())?;
        for error in error.chunks(stage.biases()) {
            store.bias.iter_mut().zip(error).for_each(|(sum, e)| *sum += i32::from(*e));
        }
        let Some(x) = x else { return Some(()) };
        let x: &[i8] = bytemuck::cast_slice(x);
        if history {
            let (batch, at) = (batch_bytes(&params), usize::from(self.filled));
            let inputs = store.inputs.iter_mut().skip(at).step_by(batch);
            inputs.zip(x.get(..stage.cols())?).for_each(|(to, x)| *to = *x);
            let errors = store.errors.iter_mut().skip(at).step_by(batch);
            errors.zip(error.iter()).for_each(|(to, e)| *to = *e);
            return Some(());
        }
        let (magnitudes, temp) = temp.split_at_mut_checked(if self.partial() { stage.rows() } else { 0 })?;
        let (narrow, long): (&mut [i8], &[i8]) = (error, x);
        if self.partial() && !stage.transposed() {
            magnitudes.fill(0);
            for error in narrow.chunks(stage.rows()) {
                magnitudes.iter_mut().zip(error).for_each(|(m, e)| *m += u32::from(e.unsigned_abs()));
            }
            let unit = power(-i32::from(self.error_exponents.get(l).copied()?));
            let mean = magnitudes.iter().sum::<u32>() as f32 * unit / narrow.len() as f32;
            let quota = self.quota(l, stage, mean);
            // What is not updated passes no error on, either.
            for row in (0..stage.rows()).filter(|r| !loss::among(magnitudes, *r, quota)) {
                narrow.iter_mut().skip(row).step_by(stage.rows()).for_each(|e| *e = 0);
            }
        }
        let mut ws = hone_learn::Workspace::new(temp);
        let column: &mut [i16] = ws.take(stage.positions()).ok()?;
        let sums: &mut [i32] = ws.take(stage.stride()).ok()?;
        let (narrow, long): (&[i8], &[i8]) = if stage.transposed() { (long, narrow) } else { (narrow, long) };
        let rows = store.sums.chunks_exact_mut(stage.stride()).zip(store.shifts.iter_mut()).enumerate();
        for (row, (to, shift)) in rows {
            if whole::gradient_row(stage, row, narrow, long, column, sums) {
                accumulate(to, shift, sums);
            }
        }
        Some(())
    }

    fn real_gradient(&mut self, memory: &mut [u32], head: &Head, stage: &Stage, l: usize) -> Option<()> {
        let params = *self.params();
        let uses = [Use::Tensor(l), Use::Error(l), Use::Backward(l), Use::Store(l)];
        let (x, error, temp, store) = if params.biases {
            let [error, temp, store] =
                self.plan.places.lend(memory, [Use::Error(l), Use::Backward(l), Use::Store(l)])?;
            (None, error, temp, store)
        } else {
            let [x, error, temp, store] = self.plan.places.lend(memory, uses)?;
            (Some(&*x), error, temp, store)
        };
        let store = RealStore::carve(stage, &params, store)?;
        let error: &mut [f32] = bytemuck::cast_slice_mut(error);
        let error = error.get_mut(..stage.output.len())?;
        for error in error.chunks(stage.biases()) {
            store.bias.iter_mut().zip(error).for_each(|(sum, e)| *sum += e);
        }
        let Some(x) = x else { return Some(()) };
        let (magnitudes, temp) = temp.split_at_mut_checked(if self.partial() { stage.rows() } else { 0 })?;
        let x: &[f32] = match head.stages.form_before(l) {
            Form::F32 => bytemuck::cast_slice(x),
            Form::Int8 => {
                let temp: &mut [f32] = bytemuck::cast_slice_mut(temp.get_mut(..stage.input.len())?);
                widen(bytemuck::cast_slice(x), head.exponent(l), temp)
            }
        };
        let mut quota = stage.rows();
        if self.partial() && !stage.transposed() {
            // Magnitudes as whole numbers, which can be compared.
            for (row, m) in magnitudes.iter_mut().enumerate() {
                let sum: f32 = error.iter().skip(row).step_by(stage.rows()).map(|e| e.abs()).sum();
                *m = sum.to_bits();
            }
            let mean = magnitudes.iter().map(|m| f32::from_bits(*m)).sum::<f32>() / error.len() as f32;
            quota = self.quota(l, stage, mean);
            let once = stage.positions() == 1;
            for row in (0..stage.rows()).filter(|r| !once && !loss::among(magnitudes, *r, quota)) {
                error.iter_mut().skip(row).step_by(stage.rows()).for_each(|e| *e = 0.0);
            }
        }
        let (narrow, long): (&[f32], &[f32]) = if stage.transposed() { (x, error) } else { (error, x) };
        for (row, to) in store.sums.chunks_exact_mut(stage.stride()).enumerate() {
            if quota == stage.rows() || loss::among(magnitudes, row, quota) {
                real::gradient_row(stage, row, narrow, long, to);
            }
        }
        Some(())
    }

    /// Updates row `row` of stage `index`; what comes next.
    #[inline(never)]
    fn update(&mut self, memory: &mut [u32], head: &mut Head, words: &mut [u32], index: u8, row: u16) -> Option<Phase> {
        let l = usize::from(index);
        let Some(stage) = head.stages.get(l) else {
            self.close_batch(head, words);
            return Some(Phase::Learn);
        };
        let next = Phase::Update { stage: index + 1, row: 0 };
        if !stage.learns() || self.filled == 0 {
            return Some(next);
        }
        let done = match stage.form {
            Form::Int8 => self.byte_update(memory, head, words, stage, l, row.into())?,
            Form::F32 => self.real_update(memory, words, stage, l, row.into())?,
        };
        Some(if done { next } else { Phase::Update { stage: index, row: row + 1 } })
    }

    fn step_of(&self) -> Step {
        Step { rate: self.rate, momentum: self.params().momentum, rounding: self.params().rounding }
    }

    /// One row, with its bias where there is one for each row; whether it was the last.
    fn byte_update(
        &mut self,
        memory: &mut [u32],
        head: &Head,
        words: &mut [u32],
        stage: &Stage,
        l: usize,
        row: usize,
    ) -> Option<bool> {
        let params = *self.params();
        let [temp, store] = self.plan.places.lend(memory, [Use::Backward(l), Use::Store(l)])?;
        let store = ByteStore::carve(stage, &params, store)?;
        let w = stage.bytes_mut(words)?;
        let (stride, batch) = (stage.stride(), batch_bytes(&params));
        let (ex, ee) = (i32::from(head.exponent(l)), i32::from(self.error_exponents.get(l).copied()?));
        let mean = 1.0 / f32::from(self.seen);
        let history = stage.positions() == 1;
        let last = row + 1 >= stage.rows();
        let mut step = self.step_of();
        let (magnitudes, temp) = temp.split_at_mut_checked(if self.partial() { stage.rows() } else { 0 })?;
        if history && self.partial() && !params.biases {
            if row == 0 {
                // Chosen by the errors of the whole batch, before any gradient is computed.
                for (m, errors) in magnitudes.iter_mut().zip(store.errors.chunks_exact(batch)) {
                    *m = errors.iter().map(|e| u32::from(e.unsigned_abs())).sum();
                }
                let sum = magnitudes.iter().sum::<u32>() as f32;
                let mean = sum * power(-ee) / (f32::from(self.filled) * stage.rows() as f32);
                let quota = self.quota(l, stage, mean);
                for row in 0..stage.rows() {
                    // Marked in the highest bit, which a sum does not reach.
                    let chosen = loss::among(magnitudes, row, quota);
                    if let Some(m) = magnitudes.get_mut(row) {
                        *m |= if chosen { 1 << 31 } else { 0 };
                    }
                }
            }
            if magnitudes.get(row).is_some_and(|m| m >> 31 == 0) {
                self.work += 1;
                return Some(self.finish_bytes(store, last));
            }
        }
        if !params.biases {
            let sums: &mut [i32] = bytemuck::cast_slice_mut(temp.get_mut(..stride)?);
            let q = w.q.get_mut(row * stride..)?.get_mut(..stage.cols())?;
            let unit = if history {
                let errors = store.errors.get(row * batch..)?.get(..batch)?;
                // Where the batch is not full the errors are 0.
                hone_numeric::kernel::matvec_i8(store.inputs, errors, sums);
                mean * power(-(ex + ee))
            } else {
                let from = store.sums.get(row * stride..)?.get(..stride)?;
                sums.iter_mut().zip(from).for_each(|(to, s)| *to = (*s).into());
                mean * power(i32::from(store.shifts.get(row).copied()?) - (ex + ee))
            };
            let sums = sums.get(..stage.cols())?;
            if let Some(square) = store.squares.get_mut(row) {
                let now = sums.iter().map(|g| (*g as f32) * (*g as f32)).sum::<f32>() * unit * unit / sums.len() as f32;
                step.rate /= update::deviation(square, now);
            }
            let steps = match (store.steps.get_mut(row * stride..), store.step_bits.get_mut(row)) {
                (Some(steps), Some(bits)) => steps.get_mut(..stage.cols()).map(|s| (s, bits)),
                _ => None,
            };
            update::row(q, w.exponents.get_mut(row)?, sums, unit, steps, &step, &mut self.dither);
            self.work += (sums.len() * if history { batch } else { 1 }) as u64;
        }
        let biases = if stage.transposed() { if last { 0..stage.biases() } else { 0..0 } } else { row..row + 1 };
        for c in biases {
            let (Some(b), Some(sum)) = (w.bias.get_mut(c), store.bias.get(c)) else { continue };
            let mut d = *sum as f32 * power(-ee) * mean * step.rate;
            if let Some(v) = store.bias_steps.get_mut(c) {
                d += step.momentum * *v;
                *v = d;
            }
            update::bias(b, d);
        }
        Some(self.finish_bytes(store, last))
    }

    /// After the last row what was summed is forgotten.
    fn finish_bytes(&self, store: ByteStore<'_>, last: bool) -> bool {
        if last {
            store.errors.fill(0);
            store.sums.fill(0);
            store.bias.fill(0);
            // With one bit more of room than it took.
            store.shifts.iter_mut().for_each(|s| *s = s.saturating_sub(1));
        }
        last
    }

    fn real_update(
        &mut self,
        memory: &mut [u32],
        words: &mut [u32],
        stage: &Stage,
        l: usize,
        row: usize,
    ) -> Option<bool> {
        let params = *self.params();
        let [store] = self.plan.places.lend(memory, [Use::Store(l)])?;
        let store = RealStore::carve(stage, &params, store)?;
        let w = stage.reals_mut(words)?;
        let mean = 1.0 / f32::from(self.seen);
        let last = row + 1 >= stage.rows();
        let mut step = self.step_of();
        if !params.biases {
            let cols = stage.cols();
            let w = w.w.get_mut(row * cols..)?.get_mut(..cols)?;
            let g = store.sums.get_mut(row * cols..)?.get_mut(..cols)?;
            if let Some(square) = store.squares.get_mut(row) {
                let now = g.iter().map(|g| g * g).sum::<f32>() * mean * mean / cols as f32;
                step.rate /= update::deviation(square, now);
            }
            let rate = step.rate * mean;
            match store.steps.get_mut(row * cols..).and_then(|s| s.get_mut(..cols)) {
                Some(steps) => {
                    for ((w, g), s) in w.iter_mut().zip(g.iter()).zip(steps) {
                        *s = step.momentum * *s + rate * g;
                        *w -= *s;
                    }
                }
                None => w.iter_mut().zip(g.iter()).for_each(|(w, g)| *w -= rate * g),
            }
            g.fill(0.0);
            self.work += cols as u64;
        }
        let biases = if stage.transposed() { if last { 0..stage.biases() } else { 0..0 } } else { row..row + 1 };
        for c in biases {
            let (Some(b), Some(sum)) = (w.bias.get_mut(c), store.bias.get_mut(c)) else { continue };
            let mut d = core::mem::take(sum) * mean * step.rate;
            if let Some(v) = store.bias_steps.get_mut(c) {
                d += step.momentum * *v;
                *v = d;
            }
            *b -= d;
        }
        Some(last)
    }

    /// After an update: ranges follow what was seen, and exponents the ranges.
    fn close_batch(&mut self, head: &mut Head, words: &[u32]) {
        for l in 1..head.stages.len() {
            follow(self.ranges.get_mut(l), self.peaks.get_mut(l), head.exponent(l));
        }
        self.settle(head, words);
        // That of the output, p − y, is known: within 1.
        for l in usize::from(self.plan.first)..head.stages.len().saturating_sub(1) {
            let Some(e) = self.error_exponents.get_mut(l) else { return };
            follow(self.error_ranges.get_mut(l), self.errors.get_mut(l), *e);
            *e = exponent(*e, self.error_ranges.get(l).copied().unwrap_or(0.0));
        }
        (self.filled, self.seen) = (0, 0);
        self.updates += 1;
    }

    /// After the last row of an epoch.
    fn close_learning(&mut self, memory: &mut [u32], head: &mut Head, words: &mut [u32]) -> Result<Phase, TrainError> {
        let met = self.met.max(1) as f32;
        let seen = if self.held() > 0 { f32::NAN } else { self.right as f32 / met };
        self.last =
            Epoch { number: self.epoch + 1, loss: self.loss / met, seen, held: f32::NAN, skipped: self.skipped };
        (self.loss, self.met, self.right, self.skipped) = (0.0, 0, 0, 0);
        let limit = 2.0 * libm::logf(head.classes.max(2) as f32) + self.lowest;
        self.lowest = if self.last.loss < self.lowest { self.last.loss } else { self.lowest };
        if self.last.loss >= limit || !self.last.loss.is_finite() {
            return self.retreat(memory, head, words);
        }
        if self.held() > 0 {
            return Ok(Phase::Judge);
        }
        Ok(self.close_epoch(-self.last.loss, memory, head, words))
    }

    /// The training diverges: back to the best weights, with half the rate.
    fn retreat(&mut self, memory: &mut [u32], head: &mut Head, words: &mut [u32]) -> Result<Phase, TrainError> {
        if !self.params().keep {
            return Err(TrainError::Diverged);
        }
        self.restore_best(head, words, memory);
        self.retreats += 1;
        if self.retreats > RETREATS {
            self.ending = Ending::Diverged;
            return Ok(Phase::Over);
        }
        self.epoch += 1;
        Ok(self.next_epoch(head))
    }

    fn close_epoch(&mut self, score: f32, memory: &mut [u32], head: &mut Head, words: &mut [u32]) -> Phase {
        self.at = 0;
        self.right = 0;
        self.met = 0;
        self.epoch += 1;
        if score >= self.best.0 {
            self.stale = if score > self.best.0 { 0 } else { self.stale + 1 };
            self.best = (score, self.epoch);
            self.keep_best(head, words, memory);
        } else {
            self.stale += 1;
        }
        let patience = self.params().patience;
        if patience > 0 && self.stale >= patience {
            self.ending = Ending::Early;
        } else if self.epoch < self.params().epochs {
            return self.next_epoch(head);
        }
        self.restore_best(head, words, memory);
        head.trained = true;
        Phase::Over
    }

    fn next_epoch(&mut self, head: &mut Head) -> Phase {
        let params = self.params();
        if self.epoch >= params.epochs {
            self.ending = Ending::Diverged;
            head.trained = true;
            return Phase::Over;
        }
        let part = f32::from(self.epoch) / f32::from(params.epochs.saturating_sub(1).max(1));
        let rate = params.rate * libm::powf(params.decay, part);
        self.rate = rate * power(-i32::from(self.retreats));
        Phase::Learn
    }

    fn kept(&self, head: &Head) -> core::ops::Range<usize> {
        let from = head.stages.get(self.plan.first.into()).map_or(0, Stage::at);
        from..head.stages.words()
    }

    fn keep_best(&mut self, head: &Head, words: &[u32], memory: &mut [u32]) {
        if !self.params().keep {
            return;
        }
        if let (Some([best]), Some(words)) = (self.plan.places.lend(memory, [Use::Best]), words.get(self.kept(head))) {
            best.iter_mut().zip(words).for_each(|(to, w)| *to = *w);
        }
        self.best_exponents = head.exponents;
    }

    fn restore_best(&mut self, head: &mut Head, words: &mut [u32], memory: &mut [u32]) {
        if !self.params().keep {
            return;
        }
        let kept = self.kept(head);
        if let (Some([best]), Some(words)) = (self.plan.places.lend(memory, [Use::Best]), words.get_mut(kept)) {
            words.iter_mut().zip(best).for_each(|(w, from)| *w = *from);
        }
        head.exponents = self.best_exponents;
        head.trained = true;
    }
}

/// Adds a sample's gradients to the sums of a row in 16 bits, which are shifted when they come near the end of the range.
fn accumulate(to: &mut [i16], shift: &mut u8, sums: &[i32]) {
    let by = u32::from(*shift).min(31);
    let half = (1i32 << by) >> 1;
    let mut most = 0;
    for (to, sum) in to.iter_mut().zip(sums) {
        let v = i32::from(*to) + (sum.wrapping_add(half) >> by);
        most = most.max(v.abs());
        *to = v.clamp(-32767, 32767) as i16;
    }
    if most >= 1 << 14 && *shift < 30 {
        to.iter_mut().for_each(|to| *to = ((i32::from(*to) + 1) >> 1) as i16);
        *shift += 1;
    }
}

/// A range follows the peak since it last did, which is in units of 2⁻ᵉ.
fn follow(range: Option<&mut f32>, peak: Option<&mut i32>, e: i8) {
    if let (Some(range), Some(peak)) = (range, peak) {
        let now = core::mem::take(peak) as f32 * power(-i32::from(e));
        if now > 0.0 {
            *range = if *range > 0.0 { *range + update::AVERAGE * (now - *range) } else { now };
        }
    }
}

/// The distinct labels of a set, ascending.
fn classes<'i>(set: &SetView<'_>, ids: &'i mut [u16; MAX_CLASSES], capacity: usize) -> Result<&'i [u16], TrainError> {
    let mut count = 0;
    for label in set.labels().flatten() {
        let known = ids.get(..count).unwrap_or_default();
        let Err(at) = known.binary_search(&label.0) else { continue };
        if count >= capacity.min(MAX_CLASSES) {
            return Err(TrainError::TooManyClasses { capacity: capacity as u32 });
        }
        count += 1;
        if let Some(tail) = ids.get_mut(at..count) {
            tail.rotate_right(1);
            if let Some(first) = tail.first_mut() {
                *first = label.0;
            }
        }
    }
    match ids.get(..count).unwrap_or_default() {
        [] => Err(TrainError::NoRows),
        known => Ok(known),
    }
}
