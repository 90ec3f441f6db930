//! The SVM under evaluation.

use super::budget::Image;
use super::form;
use super::front::{Front, collect, shuffle};
use super::learner::{EvalError, Input, Judged, Learner, Smaller, Training};
use super::save::{Saved, payload};
use super::settings::{Table, conflict};
use crate::dataset::{Data, Dataset, Family, Part, Task};
use hone_engine::data::order::JobFault;
use hone_engine::learners;
use hone_learn::learner::Form;
use hone_learn::set::{Counts, Feature, MOST_ROWS};
use hone_learn::{Format, ParamError, Progress, Report, SetMut, Settings};
use hone_svm::{Checked, KernelKind, Model, Params, Shape, TrainError, Trainer, required, required_for, scratch_len};

/// An SVM whose model has `WORDS` words, and the memory that its training may take.
pub struct Svm<const WORDS: usize> {
    params: Params,
    front: Front,
    /// What it learns within, and as.
    image: Option<&'static Image>,
    width: usize,
    model: Box<Model<WORDS>>,
    scratch: Vec<f32>,
}

/// Room for every row of a large set.
pub type Unbounded = Svm<1_000_000>;
/// Bytes of workspace that it has.
const UNBOUNDED_WORKSPACE: usize = 1 << 28;

impl<const WORDS: usize> Svm<WORDS> {
    /// One that learns as an image does; without one, with the capacities of its type.
    pub fn within(image: Option<&'static Image>) -> Self {
        Self {
            params: Params::default(),
            front: Front::within(image),
            image,
            width: 0,
            model: Box::new(Model::new()),
            scratch: Vec::new(),
        }
    }

    /// Parameters, shape of the training set and format of its rows.
    ///
    /// # Errors
    /// They contradict each other, or are beyond the image.
    fn checked(&self, set: &Dataset, rows: usize) -> Result<(Checked, Shape, Format), EvalError> {
        let large = (Shape { rows: rows.clamp(2, MOST_ROWS), features: self.width }, Format::F32);
        // An image has one room for rows, whatever their width.
        let own = |i: &Image| (Shape { rows: i.rows, features: i.features }, i.format);
        let (shape, format) = self.image.map_or(large, own);
        let checked = self.params.check(shape).map_err(|e| EvalError::Setting(conflict(e)))?;
        if let Some(image) = self.image {
            if set.task == Task::Classification {
                image.room("classes", set.classes.len(), image.svm_classes, "SVM_CLASSES")?;
            }
            image.room("bytes of workspace", required(&checked, shape), image.workspace, "WORKSPACE_BYTES")?;
        }
        Ok((checked, shape, format))
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

impl<const WORDS: usize> Learner for Svm<WORDS> {
    fn name(&self) -> &'static str {
        "svm"
    }

    fn settings(&self) -> Table {
        let mut table = Table::of(&self.params);
        table.0.extend(self.front.settings().0);
        table
    }

    fn adapt(&mut self, set: &Dataset) {
        self.front.adapt(set);
        // The SVM gains from finer spectra than the RCE where there is room for them.
        if self.image.is_none() && set.task == Task::Classification {
            let known = self.front.set("bands", if set.family == Family::Activity { "24" } else { "64" });
            debug_assert!(known.is_ok());
        }
        if let Data::Table(t) = &set.data {
            self.params.standardise = t.standardise;
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        match self.params.set_text(key, value) {
            Err(ParamError::NoSuchSetting) => self.front.set(key, value),
            other => other,
        }
    }

    fn serves(&self, set: &Dataset) -> Result<(), String> {
        match set.task {
            Task::Anomaly | Task::Classification => Ok(()),
            Task::Regression => Err(format!("{} asks for a number to be predicted; use --learner linear", set.name)),
        }
    }

    fn fits(&mut self, set: &Dataset) -> Result<(), EvalError> {
        self.width = self.front.prepare(set, false)?;
        self.checked(set, set.count(Part::Train)).map(|_| ())
    }

    fn train(&mut self, set: &Dataset, tick: &mut dyn FnMut()) -> Result<Training, EvalError> {
        self.width = self.front.prepare(set, false)?;
        let (mut examples, mut refused) = self.front.examples(set, Part::Train)?;
        let novelty = set.task == Task::Anomaly;
        if novelty {
            // As a device would collect them: what calibrates comes last.
            let (more, faulty) = self.front.examples(set, Part::Calibrate)?;
            examples.extend(more);
            refused += faulty;
        } else if self.image.is_none() {
            shuffle(&mut examples, self.front.seed());
        }
        let (checked, shape, format) = self.checked(set, examples.len())?;
        let mut store = Rows::new(format, shape, self.width)?;
        collect(&mut store.edit(), &examples, !novelty, tick)?;
        let rows = store.edit().view().len();
        let workspace_bytes =
            self.image.map_or_else(|| most_useful(&checked, shape, UNBOUNDED_WORKSPACE), |image| image.workspace);
        let mut workspace = vec![0u32; workspace_bytes / 4];
        let report = solve(&mut Trainer::new(checked), &mut store, &mut workspace, &mut self.model)
            .map_err(|e| EvalError::Learner(explain(e)))?;

        let view = self.model.view();
        self.scratch = vec![0.0; scratch_len(view.classes().count(), self.width)];
        let model_bytes = postcard::to_allocvec(&*self.model)
            .map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e}")))?
            .len();
        let mut facts = vec![
            ("features".into(), self.width.to_string()),
            ("rows held".into(), format!("{rows} x {} B", format.row_words(self.width) * 4)),
            ("rows without room".into(), (examples.len() - rows).to_string()),
            ("support vectors".into(), view.vectors().to_string()),
            ("KKT gap".into(), format!("{:.2e}", report.quality)),
        ];
        if view.kernel() != KernelKind::Linear {
            facts.push(("gamma".into(), format!("{:.5}", view.gamma())));
        }
        facts.extend(self.front.facts());
        Ok(Training {
            windows: examples.len(),
            refused,
            model_bytes,
            model_ram_bytes: view.used() * 4 + size_of::<Model<0>>(),
            workspace_bytes: required(&checked, shape),
            report: Some(report),
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

    fn saved(&self, report: Option<Report>) -> Result<Saved, EvalError> {
        self.front.savable()?;
        Ok(Saved {
            layout: self.model.view().layout(),
            parameters: Table::of(&self.params),
            pipeline: self.front.pipeline(),
            report,
            payload: payload(&*self.model)?,
            ..Saved::default()
        })
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
    /// With room for rows of a shape, and cleared for rows of so many features.
    fn new(format: Format, Shape { rows, features }: Shape, width: usize) -> Result<Self, EvalError> {
        let mut store = Self {
            words: vec![0; format.row_words(features) * rows],
            labels: vec![0; rows],
            features: vec![Feature::default(); features],
            counts: Counts::EMPTY,
        };
        let wide = |_| EvalError::Learner("there is nothing to learn from".into());
        store.edit().clear(format, width).map_err(wide)?;
        Ok(store)
    }

    fn edit(&mut self) -> SetMut<'_> {
        SetMut::over(&mut self.words, &mut self.labels, &mut self.features, &mut self.counts)
    }
}

fn explain(error: TrainError) -> String {
    match error {
        TrainError::NoRows => "there are no rows to learn from".into(),
        TrainError::OneClass(class) => format!("all rows are of class {}; a classifier needs at least two", class.0),
        TrainError::TooManyClasses { capacity } => format!("the model has room for {capacity} classes; leave some out"),
        TrainError::Workspace(s) => {
            format!("training needs {} bytes of workspace, there are {}", s.needed, s.available)
        }
        TrainError::Model(s) => format!(
            "the model needs {} bytes, the budget has {}; use fewer features or a larger --budget",
            s.needed, s.available
        ),
        TrainError::SetChanged => "the training set changed while it was learnt".into(),
        TrainError::NotFinite => "numbers overflowed; set standardise=on, or lower c, gamma or degree".into(),
    }
}
