//! Any learner of the engine's table under evaluation, by the contract alone: with the capacities that the engine has here, which
//! are those of the NUCLEO-F401RE's image, and by its procedure.

use super::budget::{self, Budget, Image};
use super::form;
use super::front::{Front, collect};
use super::learner::{EvalError, Input, Judged, Learner, Smaller, Training};
use super::save::{self, Saved};
use super::settings::Table;
use crate::dataset::{Data, Dataset, Part, Task};
use hone_engine::capacity::{TRAINING_ROWS, WORKSPACE_BYTES};
use hone_engine::data::buffers::RowSet;
use hone_engine::data::order::JobFault;
use hone_engine::learners::{self, Checked, FORMAT, Model, OnlineScratch, Params, Scratch, Trainer};
use hone_learn::learner::{Answer, Breach, Form, Given, Input as Seen, Lent, Needs, Point, Sees, Setup, Shape, Wants};
use hone_learn::sink::Counter;
use hone_learn::{ClassId, ParamError, Progress, Report, Value};
use hone_signal::{Faults, Micros, WindowView};

/// Work of a step, as on the device.
const STEP: u32 = 20_000;

/// A learner of the table.
pub struct OfTable {
    learner: learners::Learner,
    params: Params,
    front: Front,
    image: &'static Image,
    model: Box<Model>,
    scratch: Box<Scratch>,
    workspace: Vec<u32>,
    learnt: Option<Report>,
    /// Windows or rows that it was shown.
    taken: usize,
    /// What the trainings published, pass by pass, over all batches.
    curve: Vec<Point>,
}

impl OfTable {
    /// A learner of the table.
    ///
    /// # Errors
    /// The budget is not the one whose capacities the engine has here.
    pub fn within(budget: Budget, learner: learners::Learner) -> Result<Self, EvalError> {
        let image = budget.image().filter(|_| budget == Budget::F401);
        let Some(image) = image else {
            let text = format!("{} is evaluated with --budget f401 alone; leave out --budget", learner.name());
            return Err(EvalError::NotServed(text));
        };
        Ok(Self {
            learner,
            params: Params::DEFAULT,
            front: Front::within(Some(image)),
            image,
            model: Box::new(Model::Empty),
            scratch: Box::new(Scratch::Empty),
            workspace: Vec::new(),
            learnt: None,
            taken: 0,
            curve: Vec::new(),
        })
    }

    fn sees_rows(&self) -> bool {
        self.learner.sees(&self.params) == Sees::Rows
    }

    /// The parameters, checked for the data.
    fn check(&mut self, set: &Dataset) -> Result<(Checked, Setup), EvalError> {
        let shape = match &set.data {
            Data::Recordings(r) if !self.sees_rows() => {
                Shape { inputs: r.channels.len() as u16, frames: r.length as u16 }
            }
            Data::Recordings(_) | Data::Table(_) => Shape { inputs: self.front.prepare(set)? as u16, frames: 1 },
        };
        let setup = Setup { shape, rows: TRAINING_ROWS as u16, ..Setup::default() };
        let checked = self.learner.check(&self.params, &setup);
        let checked = checked.map_err(|e| budget::refused(Some(self.image), e))?;
        let bytes = checked.required(&setup).bytes;
        self.image.room("bytes of workspace", bytes, WORKSPACE_BYTES, "WORKSPACE_BYTES")?;
        self.workspace = vec![0; bytes.div_ceil(4)];
        Ok((checked, setup))
    }

    fn parameters(&self) -> Table {
        let settings = self.learner.settings().iter().enumerate();
        Table(settings.filter_map(|(i, s)| Some((s, self.params.get(self.learner, i)?))).collect())
    }

    /// All that the model says of a window or row.
    pub fn answer(&mut self, input: &Input) -> Result<Answer, EvalError> {
        let unjudged = || {
            EvalError::Learner(
                "the model cannot judge a window or row; it may have another shape than those learnt".into(),
            )
        };
        let answer = match input {
            Input::Window(window) if !self.sees_rows() => {
                if window.faults.any(Faults::GAP) {
                    self.scratch.reset();
                }
                self.model.infer(&Seen { window: *window, row: &[], beside: None }, &mut self.scratch)
            }
            Input::Window(_) | Input::Row(_) => {
                let row = self.front.features(input)?;
                self.model.infer(&stored(row, None), &mut self.scratch)
            }
        };
        answer.ok_or_else(unjudged)
    }

    /// What it sees.
    pub fn sees(&self) -> Sees {
        self.learner.sees(&self.params)
    }

    /// A setting of the learner that is a whole number.
    pub fn whole(&self, name: &str) -> Option<u16> {
        let index = self.learner.settings().iter().position(|s| s.name == name)?;
        match self.params.get(self.learner, index)? {
            Value::Int(value) => value.try_into().ok(),
            _ => None,
        }
    }

    /// One step of a training into `new`.
    fn step(&mut self, trainer: &mut Trainer, given: &Given<'_>, new: &mut Model) -> Result<bool, EvalError> {
        let lent = Lent { model: new, earlier: None, workspace: &mut self.workspace, budget: STEP };
        let fault = |fault| form::refused(JobFault::Learner(fault));
        let stepped = trainer.step(given, lent).ok_or_else(|| EvalError::Learner("the model is another's".into()))?;
        // The newest of each pass: it may change until the pass is over.
        if let Some(point) = trainer.curve() {
            match self.curve.last_mut().filter(|last| last.pass == point.pass) {
                Some(last) => *last = point,
                None => self.curve.push(point),
            }
        }
        let progress = Breach::check(stepped.map_err(fault)?, new.shape()).map_err(broken)?;
        if let Progress::Done(report) = progress {
            self.learnt = Some(report);
            return Ok(true);
        }
        Ok(false)
    }

    fn fresh(&self) -> Box<Model> {
        let mut new = Box::new(Model::Empty);
        new.clear(self.learner);
        new
    }

    /// Learns rows, in the training set or in place.
    fn rows(
        &mut self,
        set: &Dataset,
        checked: &Checked,
        needs: Needs,
        tick: &mut dyn FnMut(),
    ) -> Result<usize, EvalError> {
        let (examples, refused) = self.front.examples(set, Part::Train)?;
        if self.learner.learns_in_place() {
            let mut model = self.fresh();
            checked.start(&mut model).map_err(|e| form::refused(e.into()))?;
            let mut scratch = OnlineScratch::Empty;
            scratch.prepare(&model);
            for example in &examples {
                model.learn(&stored(&example.features, Some(example.class)), &mut scratch);
                self.taken += 1;
                tick();
            }
            self.model = model;
            return Ok(refused);
        }
        let mut rows = Box::new(RowSet::new());
        let width = examples.first().map_or(0, |e| e.features.len());
        let wide = |_| EvalError::NotServed("there are no rows to learn from".into());
        rows.edit().clear(FORMAT, width).map_err(wide)?;
        collect(&mut rows.edit(), &examples, set.task != Task::Anomaly, tick)?;
        self.taken = examples.len();
        let (mut trainer, mut new) = (checked.begin(), self.fresh());
        loop {
            let given = match needs.allow(trainer.wants()).map_err(broken)? {
                Wants::Rows => Given::Rows(rows.view()),
                Wants::Window | Wants::Work | Wants::Nothing => Given::Work,
            };
            if self.step(&mut trainer, &given, &mut new)? {
                break;
            }
        }
        self.model = new;
        Ok(refused)
    }

    /// Learns windows in the order of the data.
    fn windows(
        &mut self,
        set: &Dataset,
        checked: &Checked,
        needs: Needs,
        tick: &mut dyn FnMut(),
    ) -> Result<usize, EvalError> {
        let Data::Recordings(r) = &set.data else {
            return Err(EvalError::NotServed(format!(
                "{} needs recordings over time, and {} is a table of features",
                self.learner.name(),
                set.name
            )));
        };
        let refused = [Part::Train, Part::Calibrate].iter().flat_map(|p| r.refused(*p)).map(|(_, n)| n).sum();
        let (mut trainer, mut new) = (checked.begin(), self.fresh());
        for (recording, window) in r.windows(Part::Train).chain(r.windows(Part::Calibrate)) {
            tick();
            self.taken += 1;
            let held = r.held(recording, window, &set.classes)?;
            let view = held.view();
            let features;
            let row = if self.sees_rows() {
                features = self.front.features(&Input::Window(view))?.to_vec();
                &features[..]
            } else {
                &[]
            };
            let mut next = Some(Given::Window(Seen { window: view, row, beside: None }));
            // The window, as soon as it is wanted, and all work that needs no other.
            loop {
                let given = match needs.allow(trainer.wants()).map_err(broken)? {
                    Wants::Window => match next.take() {
                        Some(window) => window,
                        None => break,
                    },
                    Wants::Work | Wants::Rows | Wants::Nothing => Given::Work,
                };
                if self.step(&mut trainer, &given, &mut new)? {
                    self.model = new;
                    return Ok(refused);
                }
            }
        }
        let text = format!("{} needs more windows than there are to train on", self.learner.name());
        Err(EvalError::NotServed(text))
    }
}

/// What a learner's own code did wrong.
fn broken(breach: Breach) -> EvalError {
    EvalError::Learner(format!("a mistake in the learner's code: {}", breach.words()))
}

/// A row without its window.
fn stored(row: &[f32], label: Option<ClassId>) -> Seen<'_> {
    let window = WindowView { samples: &[], channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label };
    Seen { window, row, beside: None }
}

impl OfTable {
    /// Multiply-accumulates of the layers of a network, as its description tells them.
    fn macs(&self) -> Option<usize> {
        let mut text = String::new();
        self.model.about(&mut save::Text(&mut text));
        let of_layer = |line: &str| line.strip_suffix(" multiply-accumulates")?.rsplit(' ').next()?.parse().ok();
        let layers: Vec<usize> = text.lines().filter_map(of_layer).collect();
        (!layers.is_empty()).then(|| layers.iter().sum())
    }
}

impl Learner for OfTable {
    fn name(&self) -> &'static str {
        self.learner.name()
    }

    fn settings(&self) -> Table {
        let mut table = self.parameters();
        table.0.extend(self.front.settings().0);
        table
    }

    fn adapt(&mut self, set: &Dataset) {
        self.front.adapt(set);
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        let Some(index) = self.learner.settings().iter().position(|s| s.name == key) else {
            return self.front.set(key, value);
        };
        let setting = &self.learner.settings()[index];
        let value = setting.parse(value).ok_or(ParamError::Invalid(setting))?;
        if self.params.store(self.learner, index, value) { Ok(()) } else { Err(ParamError::Invalid(setting)) }
    }

    fn serves(&self, set: &Dataset) -> Result<(), String> {
        match set.task {
            Task::Anomaly | Task::Classification => Ok(()),
            Task::Regression => {
                Err(format!("{} asks for a number to be predicted, frame by frame; use --learner linear", set.name))
            }
        }
    }

    fn fits(&mut self, set: &Dataset) -> Result<(), EvalError> {
        self.check(set).map(|_| ())
    }

    fn train(&mut self, set: &Dataset, tick: &mut dyn FnMut()) -> Result<Training, EvalError> {
        (*self.model, self.learnt, self.taken) = (Model::Empty, None, 0);
        self.curve.clear();
        let (checked, setup) = self.check(set)?;
        let needs = checked.required(&setup);
        if needs.windows && needs.rows {
            let text =
                format!("{} learns from live windows and from rows at once, which only a device gives", self.name());
            return Err(EvalError::NotServed(text));
        }
        let refused = if needs.windows {
            self.windows(set, &checked, needs, tick)?
        } else {
            self.rows(set, &checked, needs, tick)?
        };
        self.scratch.prepare(&self.model);
        let mut counter = Counter::default();
        let unwritable = |e| EvalError::Learner(format!("the model cannot be stored: {e:?}"));
        self.model.write(&mut counter).map_err(unwritable)?;
        let bounds = self.model.bounds();
        Ok(Training {
            windows: self.taken,
            refused,
            model_bytes: counter.0 as usize,
            model_ram_bytes: size_of::<Model>(),
            workspace_bytes: 4 * self.workspace.len(),
            report: self.learnt,
            threshold: bounds.map(|b| b.upper),
            lower_threshold: bounds.map(|b| b.lower).filter(|l| *l > 0.0),
            average: self.whole("average").map_or(0, usize::from),
            macs: self.macs(),
            score: self.learner.score().into(),
            curve: std::mem::take(&mut self.curve),
            facts: self.front.facts(),
            ..Training::default()
        })
    }

    fn saved(&self, report: Option<Report>) -> Result<Saved, EvalError> {
        let mut payload = Vec::new();
        let written = self.model.write(&mut |part: &[u8]| {
            payload.extend_from_slice(part);
            Ok(())
        });
        written.map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e:?}")))?;
        Ok(Saved {
            layout: self.model.layout(),
            parameters: self.parameters(),
            pipeline: self.front.pipeline().filter(|_| self.sees_rows()),
            report,
            payload,
            ..Saved::default()
        })
    }

    fn infer(&mut self, input: &Input) -> Result<Judged, EvalError> {
        let answer = self.answer(input)?;
        Ok(Judged { verdict: answer.verdict, warm: answer.warm, nearest: answer.nearest, distance: None })
    }

    fn convert(&mut self, _: &Dataset, form: Form) -> Result<Smaller, EvalError> {
        let mut new = Box::new(Model::Empty);
        let mut memory = vec![0; size_of::<Model>() / 4];
        self.model.convert(form, &mut new, &mut memory).map_err(|e| form::refused(e.into()))?;
        let weights = [self.model.weights(), new.weights()];
        let mut counter = Counter::default();
        new.write(&mut counter).map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e:?}")))?;
        self.model = new;
        self.scratch.prepare(&self.model);
        let model_ram_bytes = size_of::<Model>();
        Ok(Smaller { weights, model_bytes: counter.0 as usize, model_ram_bytes, ..Smaller::default() })
    }
}
