//! The SVM under evaluation.

use super::form;
use super::front::{Example, Front, shuffle};
use super::learner::{EvalError, Input, Judged, Learner, Smaller, Training};
use super::settings::{Table, conflict};
use super::tune::{self, Batches as Rest, Trial, Tuning};
use crate::dataset::{Data, Dataset, Family, Part, Task};
use hone_engine::capacity;
use hone_engine::data::order::JobFault;
use hone_engine::learners;
use hone_learn::learner::Form;
use hone_learn::set::{Counts, Feature};
use hone_learn::{Decision, Format, ParamError, Progress, Report, SetError, SetMut, Settings, Stop};
use hone_svm::batches::share;
use hone_svm::{
    Checked, KernelKind, Model, Params, Role, Shape, TrainError, Trainer, keep_basis, keep_support, model_words,
    required, required_for, scratch_len,
};

/// An SVM whose model has `WORDS` words, and the memory that its training may take.
pub struct Svm<const WORDS: usize> {
    params: Params,
    front: Front,
    tuning: Tuning,
    /// Whether C or γ were set.
    fixed: bool,
    memory: Memory,
    width: usize,
    model: Box<Model<WORDS>>,
    scratch: Vec<f32>,
}

/// What a training may take.
#[derive(Clone, Copy)]
struct Memory {
    format: Format,
    /// Words of rows; the number of rows follows from their width.
    set_words: usize,
    rows: usize,
    workspace_bytes: usize,
}

/// Room for ten classes by 72 features, 13 KB.
const F401_WORDS: usize = model_words(10, 72, capacity::SVM_SUPPORT_VECTORS, Format::I8);
/// Bytes of training rows.
const F401_ROW_BYTES: usize = 16 * 1024;

/// Bytes of rows, model and workspace that the NUCLEO-F401RE can give, whatever the width of a row.
pub type F401 = Svm<F401_WORDS>;
/// Room for every row of a large set.
pub type Unbounded = Svm<UNBOUNDED_WORDS>;
const UNBOUNDED_WORDS: usize = 1_000_000;

impl Default for F401 {
    fn default() -> Self {
        let set_words = F401_ROW_BYTES / 4;
        let workspace_bytes = capacity::WORKSPACE_BYTES;
        Self::new(Memory { format: Format::I8, set_words, rows: hone_learn::set::MOST_ROWS, workspace_bytes })
    }
}

impl Default for Unbounded {
    fn default() -> Self {
        let rows = hone_learn::set::MOST_ROWS;
        Self::new(Memory { format: Format::F32, set_words: 1 << 26, rows, workspace_bytes: 1 << 28 })
    }
}

impl<const WORDS: usize> Svm<WORDS> {
    fn new(memory: Memory) -> Self {
        Self {
            params: Params::default(),
            front: Front::default(),
            tuning: Tuning::default(),
            fixed: false,
            memory,
            width: 0,
            model: Box::new(Model::new()),
            scratch: Vec::new(),
        }
    }

    /// The share of the rows to test that a model of unlimited memory gets right, trained on all rows in one go with
    /// the same settings and row format.
    fn at_once(&mut self, set: &Dataset, examples: &[Example], params: &Params) -> Result<f32, EvalError> {
        let shape = Shape { rows: examples.len(), features: self.width };
        let checked = params.check(shape).map_err(|e| EvalError::Setting(conflict(e)))?;
        let mut store = Rows::new(self.memory.format, shape)?;
        for example in examples {
            store.edit().push(&example.features, Some(example.class)).map_err(|e| untaken(&e))?;
        }
        let mut workspace = vec![0u32; most_useful(&checked, shape, 1 << 28) / 4];
        let mut model = Box::new(Model::<UNBOUNDED_WORDS>::new());
        solve(&mut Trainer::new(checked), &mut store, &mut workspace, &mut model)
            .map_err(|e| EvalError::Learner(explain(e)))?;
        let mut scratch = vec![0.0; scratch_len(model.view().classes().count(), self.width)];
        let (mut right, mut total) = (0u32, 0u32);
        let mut judge = |features: &[f32], class: usize| {
            let truth = set.classes.get(class).map(|c| Decision::Class(c.id));
            right += u32::from(Some(model.infer(features, &mut scratch).decision) == truth);
            total += 1;
        };
        match &set.data {
            Data::Table(t) => {
                t.rows.iter().filter(|r| r.part == Part::Test).for_each(|r| judge(&r.features, r.class));
            }
            Data::Recordings(r) => {
                for (recording, window) in r.windows(Part::Test) {
                    let held = r.held(recording, window, &set.classes)?;
                    judge(self.front.features(&Input::Window(held.view()))?, window.class);
                }
            }
        }
        Ok(right as f32 / total.max(1) as f32)
    }
}

impl<const WORDS: usize> Svm<WORDS> {
    /// C and γ by cross-validation over `rows`, in the memory of a training. None where they cannot be judged.
    fn tune(&mut self, rows: &[Example], store: &mut Rows, workspace: &mut [u32]) -> Result<Option<Trial>, EvalError> {
        let shape = Shape { rows: rows.len(), features: self.width };
        let mut trials = Vec::new();
        let rule = self.fold(self.params, rows, None, store, workspace)?;
        for (c, gamma) in tune::candidates(rule.map_or(0.0, |_| self.model.view().gamma())) {
            let params = Params { c, gamma, ..self.params };
            if params.check(shape).is_err() {
                continue;
            }
            let (mut right, mut vectors) = (0, 0);
            for fold in 0..tune::FOLDS {
                let Some(done) = self.fold(params, rows, Some(fold), store, workspace)? else { return Ok(None) };
                (right, vectors) = (right + done.0, vectors + done.1);
            }
            trials.push(Trial { c, gamma, accuracy: right as f32 / rows.len() as f32, vectors });
        }
        store.begin(self.memory.format, self.width)?;
        Ok(tune::choose(&trials, rows.len()))
    }

    /// Trains on `rows` less one fold, and judges that; gives the rows judged rightly and the support vectors. None when the
    /// rows left are of one class.
    fn fold(
        &mut self,
        params: Params,
        rows: &[Example],
        fold: Option<usize>,
        store: &mut Rows,
        workspace: &mut [u32],
    ) -> Result<Option<(usize, usize)>, EvalError> {
        let shape = Shape { rows: rows.len(), features: self.width };
        let checked = params.check(shape).map_err(|e| EvalError::Setting(conflict(e)))?;
        store.begin(self.memory.format, self.width)?;
        let held = |i: usize| fold == Some(i % tune::FOLDS);
        for (_, row) in rows.iter().enumerate().filter(|(i, _)| !held(*i)) {
            store.edit().push(&row.features, Some(row.class)).map_err(|e| untaken(&e))?;
        }
        let mut trainer = Trainer::new(checked);
        match solve(&mut trainer, store, workspace, &mut self.model) {
            Ok(_) => {}
            Err(TrainError::OneClass(_)) => return Ok(None),
            Err(e) => return Err(EvalError::Learner(explain(e))),
        }
        let vectors = trainer.roles(store.edit().view(), workspace).filter(|r| *r != Role::None).count();
        let mut scratch = vec![0.0; scratch_len(self.model.view().classes().count(), self.width)];
        let judged = rows.iter().enumerate().filter(|(i, _)| held(*i));
        let right = judged
            .filter(|(_, r)| self.model.infer(&r.features, &mut scratch).decision == Decision::Class(r.class))
            .count();
        Ok(Some((right, vectors)))
    }
}

/// One training to its end.
fn solve<const WORDS: usize>(
    trainer: &mut Trainer,
    rows: &mut Rows,
    workspace: &mut [u32],
    model: &mut Model<WORDS>,
) -> Result<Report, TrainError> {
    loop {
        if let Progress::Done(report) = trainer.step(rows.edit().view(), workspace, model.edit(), 10_000_000)? {
            return Ok(report);
        }
    }
}

/// What the batches came to.
#[derive(Default)]
struct Batches {
    count: u32,
    limited: bool,
    last: Option<Report>,
}

impl<const WORDS: usize> Learner for Svm<WORDS> {
    fn name(&self) -> &'static str {
        "svm"
    }

    fn settings(&self) -> Table {
        let mut table = Table::of(&self.params);
        table.0.extend(Table::of(&self.tuning).0);
        table.0.extend(self.front.settings().0);
        table
    }

    fn adapt(&mut self, set: &Dataset) {
        self.front.adapt(set);
        // The SVM gains from finer spectra than the RCE where there is room for them.
        if self.memory.format == Format::F32 && set.task == Task::Classification {
            let known = self.front.set("bands", if set.family == Family::Activity { "24" } else { "64" });
            debug_assert!(known.is_ok());
        }
        if let Data::Table(t) = &set.data {
            self.params.standardise = t.standardise;
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        self.fixed |= matches!(key, "c" | "gamma");
        match self.params.set_text(key, value) {
            Err(ParamError::NoSuchSetting) => match self.tuning.set_text(key, value) {
                Err(ParamError::NoSuchSetting) => self.front.set(key, value),
                other => other,
            },
            other => other,
        }
    }

    fn serves(&self, set: &Dataset) -> Result<(), String> {
        match set.task {
            Task::Anomaly | Task::Classification => Ok(()),
            Task::Regression => Err(format!("{} is to foretell a number; the SVM tells classes apart", set.name)),
        }
    }

    fn train(&mut self, set: &Dataset, tick: &mut dyn FnMut()) -> Result<Training, EvalError> {
        self.width = self.front.prepare(set)?;
        let (mut examples, mut refused) = self.front.examples(set, Part::Train)?;
        if set.task == Task::Anomaly {
            // As a device would collect them: what calibrates comes last.
            let (more, faulty) = self.front.examples(set, Part::Calibrate)?;
            examples.extend(more);
            refused += faulty;
        } else {
            // Recordings hold one class each; a device is shown classes in turn, or its first batch has but one.
            shuffle(&mut examples, self.front.seed());
        }
        let memory = self.memory;
        let words = memory.format.row_words(self.width);
        let rows = (memory.set_words / words.max(1)).min(memory.rows).min(examples.len().max(2));
        let mut shape = Shape { rows, features: self.width };
        let checked = self.params.check(shape).map_err(|e| EvalError::Setting(conflict(e)))?;
        // Many narrow rows outgrow the workspace before they outgrow the set.
        while shape.rows > 8 && required(&checked, shape) > memory.workspace_bytes {
            shape.rows -= shape.rows.div_ceil(16);
        }
        let rows = shape.rows;
        let needed = required(&checked, shape);
        if needed > memory.workspace_bytes {
            return Err(EvalError::Learner(format!(
                "{rows} rows of {} features need {needed} bytes of workspace, the budget has {}; give --budget none",
                self.width, memory.workspace_bytes
            )));
        }
        let workspace_bytes = most_useful(&checked, shape, memory.workspace_bytes);
        let mut workspace = vec![0u32; workspace_bytes / 4];
        let mut store = Rows::new(memory.format, shape)?;

        let (mut checked, mut on_basis) = (checked, self.tuning.batches == Rest::Basis);
        let mut tuned = None;
        let several = examples.len() > rows && set.task == Task::Classification;
        if several && self.params.kernel == Some(KernelKind::Rbf) && self.tuning.on && !self.fixed {
            tuned = self.tune(examples.get(..rows).unwrap_or(&examples), &mut store, &mut workspace)?;
        }
        if let Some(trial) = tuned {
            checked = Params { c: trial.c, gamma: trial.gamma, ..self.params }
                .check(shape)
                .map_err(|e| EvalError::Setting(conflict(e)))?;
            on_basis |= trial.overlaps() && self.tuning.batches == Rest::Auto;
        }
        on_basis &= several && !matches!(self.params.kernel, None | Some(KernelKind::Linear));
        let mut batches = Batches::default();
        let mut waiting = examples.iter().peekable();
        while let Some(example) = waiting.peek() {
            let label = (set.task == Task::Classification).then_some(example.class);
            match store.edit().push(&example.features, label) {
                Ok(()) => {
                    waiting.next();
                    tick();
                    if waiting.peek().is_some() {
                        continue;
                    }
                }
                Err(SetError::Full { .. }) => {}
                Err(e) => return Err(untaken(&e)),
            }
            let mut trainer = match (on_basis, batches.count) {
                (false, _) => Trainer::new(checked),
                (true, 0) => Trainer::founds(checked),
                (true, _) => Trainer::resumes(checked),
            };
            let earlier = (batches.count > 0).then(|| self.model.clone());
            match solve(&mut trainer, &mut store, &mut workspace, &mut self.model) {
                Ok(report) => {
                    batches.count += 1;
                    // A class that is new in this batch, or a kernel other than linear: the newest model is the model.
                    if let Some(earlier) = earlier {
                        let share = share(batches.count);
                        let _ = self.model.edit().average(earlier.view(), share)
                            || on_basis && self.model.edit().average_on_basis(earlier.view(), share);
                    }
                    batches.limited |= report.stop == Stop::IterationLimit;
                    batches.last = Some(report);
                    if waiting.peek().is_some() && on_basis {
                        keep_basis(&trainer, store.edit(), &mut workspace);
                    } else if waiting.peek().is_some() {
                        keep_support(&trainer, store.edit(), &mut workspace, rows.div_ceil(8));
                    }
                }
                Err(TrainError::OneClass(_)) if waiting.peek().is_some() => {
                    store.edit().retain(|row| row % 2 == 0);
                }
                Err(e) => return Err(EvalError::Learner(explain(e))),
            }
        }
        let report = batches.last.ok_or_else(|| EvalError::Learner("there was nothing to learn from".into()))?;
        let novelty = set.task == Task::Anomaly;
        // What batches cost: told beside the accuracy of the model that they gave.
        let apart = batches.count > 1 && !novelty && examples.len() <= hone_learn::set::MOST_ROWS;
        let at_once = if apart { Some(self.at_once(set, &examples, checked.params())?) } else { None };
        let view = self.model.view();
        self.scratch = vec![0.0; scratch_len(view.classes().count(), self.width)];
        let model_bytes = postcard::to_allocvec(&*self.model)
            .map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e}")))?
            .len();
        let mut facts = vec![
            ("features".into(), self.width.to_string()),
            ("rows held".into(), format!("{rows} x {} B", words * 4)),
            ("batches".into(), batches.count.to_string()),
            ("support vectors".into(), view.vectors().to_string()),
            ("KKT gap".into(), format!("{:.2e}", report.quality)),
        ];
        if view.kernel() != KernelKind::Linear {
            facts.push(("gamma".into(), format!("{:.5}", view.gamma())));
        }
        if let Some(trial) = tuned {
            facts.push(("c, chosen".into(), trial.c.to_string()));
            facts.push(("rows held back, right".into(), format!("{:.4}", trial.accuracy)));
            facts.push(("later batches".into(), if on_basis { "on a basis" } else { "support vectors kept" }.into()));
        }
        if let Some(accuracy) = at_once {
            facts.push(("accuracy, one batch".into(), format!("{accuracy:.4}")));
        }
        facts.extend(self.front.facts());
        Ok(Training {
            windows: examples.len(),
            refused,
            model_bytes,
            model_ram_bytes: view.used() * 4 + size_of::<Model<0>>(),
            workspace_bytes,
            stop: Some(if batches.limited { Stop::IterationLimit } else { report.stop }),
            lower_threshold: novelty.then_some(0.0),
            score: "decision value".into(),
            facts,
            ..Training::default()
        })
    }

    fn convert(&mut self, set: &Dataset, form: Form) -> Result<Smaller, EvalError> {
        let mut smaller = Box::new(Model::<WORDS>::new());
        let precision = form.precision().ok_or_else(|| form::refused(JobFault::NoSuchForm))?;
        smaller.edit().quantize(self.model.view(), precision).map_err(|e| {
            form::refused(JobFault::Learner(learners::Fault::Svm(hone_svm::learner::Fault::Quantize(e))))
        })?;
        // Biases by windows that the device has collected, of which it would take half a minute's.
        let part = if set.task == Task::Anomaly { Part::Calibrate } else { Part::Train };
        let (mut examples, _) = self.front.examples(set, part)?;
        shuffle(&mut examples, self.front.seed());
        examples.truncate(48);
        let mut scratch = self.scratch.clone();
        let mut off = vec![0.0; scratch.len()];
        for example in &examples {
            let old = self.model.view().decisions(&example.features, &mut self.scratch);
            let new = smaller.view().decisions(&example.features, &mut scratch);
            let (old, new) = (old.unwrap_or(&[]), new.unwrap_or(&[]));
            for (off, (old, new)) in off.iter_mut().zip(old.iter().zip(new)) {
                *off += (old - new) / examples.len() as f32;
            }
        }
        smaller.edit().shift(&off);
        let weights = [self.model.view().used() * 4, smaller.view().used() * 4];
        let model_bytes = postcard::to_allocvec(&*smaller)
            .map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e}")))?
            .len();
        self.model = smaller;
        let lower_threshold = (set.task == Task::Anomaly).then_some(0.0);
        let model_ram_bytes = weights[1] + size_of::<Model<0>>();
        Ok(Smaller { weights, model_bytes, model_ram_bytes, threshold: None, lower_threshold })
    }

    fn infer(&mut self, input: &Input) -> Result<Judged, EvalError> {
        let features = self.front.features(input)?;
        let verdict = self.model.infer(features, &mut self.scratch);
        Ok(Judged { verdict, warm: true, nearest: None, distance: None })
    }
}

/// The bytes for as many cached kernel rows as fit and are of use.
fn most_useful(checked: &Checked, shape: Shape, limit: usize) -> usize {
    let least = required(checked, shape);
    let per_row = required_for(checked, shape, 3).saturating_sub(least).max(4);
    let cached = 2 + (limit.saturating_sub(least) / per_row).min(shape.rows.saturating_sub(2));
    required_for(checked, shape, cached).min(limit).max(least)
}

/// Storage of the training set.
struct Rows {
    words: Vec<u32>,
    labels: Vec<u16>,
    features: Vec<Feature>,
    counts: Counts,
}

impl Rows {
    fn new(format: Format, Shape { rows, features }: Shape) -> Result<Self, EvalError> {
        let mut store = Self {
            words: vec![0; format.row_words(features) * rows],
            labels: vec![0; rows],
            features: vec![Feature::default(); features],
            counts: Counts::EMPTY,
        };
        store.begin(format, features)?;
        Ok(store)
    }

    /// Begins anew with rows of so many features.
    fn begin(&mut self, format: Format, features: usize) -> Result<(), EvalError> {
        self.edit().clear(format, features).map_err(|e| {
            EvalError::Learner(format!("{} features are more than the budget's {}", e.features, e.capacity))
        })
    }

    fn edit(&mut self) -> SetMut<'_> {
        SetMut::over(&mut self.words, &mut self.labels, &mut self.features, &mut self.counts)
    }
}

fn untaken(error: &SetError) -> EvalError {
    EvalError::Learner(match error {
        SetError::NotUsable { feature } => {
            format!("feature {feature} of a window or row is not a number, or beyond 1e18; give it in other units")
        }
        SetError::Full { .. } => "there is no room for another row; give --budget none".into(),
        _ => "a row does not have the features of those before it".into(),
    })
}

fn explain(error: TrainError) -> String {
    match error {
        TrainError::NoRows => "there are no rows to learn from".into(),
        TrainError::OneClass(class) => format!("all rows are of class {}; a second one is needed", class.0),
        TrainError::TooManyClasses { capacity } => format!("a model tells at most {capacity} classes apart"),
        TrainError::Workspace(s) => {
            format!("training needs {} bytes of workspace, there are {}", s.needed, s.available)
        }
        TrainError::Model(s) => format!(
            "the model needs {} bytes, the budget has {}; give --budget none or fewer features",
            s.needed, s.available
        ),
        TrainError::SetChanged => "the training set changed while it was learnt".into(),
        TrainError::NotFinite => {
            "numbers went beyond the range of f32; standardise, or lower c, gamma or degree".into()
        }
    }
}
