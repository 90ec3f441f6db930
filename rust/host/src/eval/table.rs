//! Any learner by the contract alone: of the engine's table, with the capacities that the engine has here, which are those of the
//! NUCLEO-F401RE's image, and by its procedure; or of larger capacities, with all rows there are.

use super::budget::{self, Budget, Image};
use super::form;
use super::front::{Example, Front, collect};
use super::learner::{EvalError, Input, Judged, Learner, Smaller, Training};
use super::save::{self, Saved};
use super::settings::Table;
use crate::dataset::{Data, Dataset, Part, Task};
use hone_engine::capacity::{TRAINING_ROWS, WORKSPACE_BYTES};
use hone_engine::data::order::JobFault;
use hone_engine::learners::{self, FORMAT, Visitor};
use hone_learn::learner::{
    Answer, Breach, Form, Given, Input as Seen, Learner as Contract, Lent, Needs, Online, Point, Refusal, Sees, Setup,
    Shape, Wants,
};
use hone_learn::set::{Counts, Feature};
use hone_learn::sink::Counter;
use hone_learn::text::Line;
use hone_learn::{ClassId, ParamError, Progress, Report, SetMut, Settings, Value};
use hone_signal::{Faults, Micros, WindowView};

/// Work of a step, as on the device.
pub(super) const STEP: u32 = 20_000;

/// A learner under evaluation, of which more is known than of others.
pub trait Contracted: Learner {
    /// What it sees.
    fn sees(&self) -> Sees;

    /// A setting of the learner that is a whole number.
    fn whole(&self, name: &str) -> Option<u16>;

    /// All that the model says of a window or row.
    ///
    /// # Errors
    /// The model cannot judge it.
    fn answer(&mut self, input: &Input) -> Result<Answer, EvalError>;
}

/// Learns rows in place: the model, checked parameters and rows; what is told of each.
type InPlace<L> = fn(
    &mut <L as Contract>::Model,
    &<L as Contract>::Checked,
    &[Example],
    &mut dyn FnMut(),
) -> Result<(), <L as Contract>::Fault>;

/// A learner by its contract.
pub struct Of<L: Contract> {
    name: &'static str,
    in_place: Option<InPlace<L>>,
    params: L::Params,
    front: Front,
    /// Within whose capacities.
    image: Option<&'static Image>,
    model: Box<L::Model>,
    scratch: Box<L::Scratch>,
    workspace: Vec<u32>,
    learnt: Option<Report>,
    /// Windows or rows that it was shown.
    taken: usize,
    /// What the trainings published, pass by pass, over all batches.
    curve: Vec<Point>,
}

/// One of the table, within a budget.
struct Within(&'static str, &'static Image);

impl Visitor for Within {
    type Output = Box<dyn Contracted>;

    fn offline<L: Contract>(self) -> Self::Output {
        Box::new(Of::<L>::new(self.0, None, Some(self.1)))
    }

    fn online<L: Online>(self) -> Self::Output {
        Box::new(Of::<L>::new(self.0, Some(in_place::<L>), Some(self.1)))
    }
}

/// A learner of the table; of those that have a larger form this, where the budget is none.
///
/// # Errors
/// The budget is not the one whose capacities the engine has here.
pub fn within(budget: Budget, learner: learners::Learner) -> Result<Box<dyn Contracted>, EvalError> {
    let name = learner.name();
    match budget.image().filter(|_| budget == Budget::F401) {
        Some(image) => Ok(learner.visit(Within(name, image))),
        None => (budget == Budget::None).then(|| large(name)).flatten().ok_or_else(|| {
            let none = if large(name).is_some() { "--budget f401 or none" } else { "--budget f401" };
            EvalError::NotServed(format!("{name} is evaluated with {none} alone; leave out --budget"))
        }),
    }
}

/// Whether there is a form of the learner with room for all rows.
pub fn has_large(learner: learners::Learner) -> bool {
    large(learner.name()).is_some()
}

type LargeNet = hone_net::learner::Net<262_144, { hone_net::MAX_CLASSES }, 65_536>;
/// An autoencoder with room for all rows.
pub(super) type LargeVae = hone_vae::learner::Vae<262_144, 65_536, 512, 64>;

fn large(name: &'static str) -> Option<Box<dyn Contracted>> {
    match name {
        "net" => Some(Box::new(Of::<LargeNet>::new(name, None, None))),
        "vae" => Some(Box::new(Of::<LargeVae>::new(name, None, None))),
        _ => None,
    }
}

/// Learns rows in place.
fn in_place<L: Online>(
    model: &mut L::Model,
    checked: &L::Checked,
    examples: &[Example],
    tick: &mut dyn FnMut(),
) -> Result<(), L::Fault> {
    L::start(model, checked)?;
    let mut scratch = L::SCRATCH;
    L::prepare(model, &mut scratch);
    for example in examples {
        // One that it has no room for is counted by the learner, and the model is as it was.
        let _ = L::learn(model, &stored(&example.features, Some(example.class)), &mut scratch);
        tick();
    }
    Ok(())
}

impl<L: Contract> Of<L> {
    fn new(name: &'static str, in_place: Option<InPlace<L>>, image: Option<&'static Image>) -> Self {
        Self {
            name,
            in_place,
            params: L::DEFAULT,
            front: Front::within(image),
            image,
            model: Box::new(L::EMPTY),
            scratch: Box::new(L::SCRATCH),
            workspace: Vec::new(),
            learnt: None,
            taken: 0,
            curve: Vec::new(),
        }
    }

    /// One that makes rows of these features for other learners.
    pub(super) fn encoder(features: hone_signal::features::Params) -> Self {
        Self { front: Front::of(features), ..Self::new("vae", None, None) }
    }

    /// The row that the trained model makes of a window or row.
    ///
    /// # Errors
    /// It makes none.
    pub(super) fn encode(&mut self, input: &Input) -> Result<Vec<f32>, EvalError> {
        let features = self.front.features(input)?;
        let mut row = vec![0.0; L::codes(&self.model).into()];
        let made = L::encode(&self.model, &stored(features, None), &mut self.scratch, &mut row);
        made.map(|_| row).ok_or_else(|| EvalError::Learner("the encoder makes nothing of a window or row".into()))
    }

    fn sees_rows(&self) -> bool {
        L::sees(&self.params) == Sees::Rows
    }

    /// Rows that the training set has room for.
    fn rows_of(&self, set: &Dataset) -> usize {
        if self.image.is_some() { TRAINING_ROWS } else { set.count(Part::Train).clamp(1, hone_learn::set::MOST_ROWS) }
    }

    /// The parameters, checked for the data.
    fn check(&mut self, set: &Dataset) -> Result<(L::Checked, Setup), EvalError> {
        let shape = match &set.data {
            Data::Recordings(r) if !self.sees_rows() => {
                Shape { inputs: r.channels.len() as u16, frames: r.length as u16 }
            }
            Data::Recordings(_) | Data::Table(_) => {
                Shape { inputs: self.front.prepare(set, L::SAMPLES)? as u16, frames: 1 }
            }
        };
        let (rows, row_frames) = (self.rows_of(set) as u16, self.front.row_frames());
        let setup = Setup { shape, row_frames, rows, ..Setup::default() };
        let checked = L::check(&self.params, &setup).map_err(|e| budget::refused(self.image, e))?;
        let bytes = L::required(&checked, &setup).bytes;
        if let Some(image) = self.image {
            image.room("bytes of workspace", bytes, WORKSPACE_BYTES, "WORKSPACE_BYTES")?;
        }
        self.workspace = vec![0; bytes.div_ceil(4)];
        Ok((checked, setup))
    }

    fn parameters(&self) -> Table {
        Table::of(&self.params)
    }

    /// One step of a training into `new`.
    fn step(&mut self, trainer: &mut L::Trainer, given: &Given<'_>, new: &mut L::Model) -> Result<bool, EvalError> {
        let lent = Lent { model: new, earlier: None, workspace: &mut self.workspace, budget: STEP };
        let stepped = L::step(trainer, given, lent);
        // The newest of each pass: it may change until the pass is over.
        if let Some(point) = L::curve(trainer) {
            match self.curve.last_mut().filter(|last| last.pass == point.pass) {
                Some(last) => *last = point,
                None => self.curve.push(point),
            }
        }
        let progress =
            Breach::check(stepped.map_err(|fault| explained::<L>(&fault))?, L::shape(new)).map_err(broken)?;
        if let Progress::Done(report) = progress {
            self.learnt = Some(report);
            return Ok(true);
        }
        Ok(false)
    }

    /// Learns rows, in the training set or in place.
    fn rows(
        &mut self,
        set: &Dataset,
        checked: &L::Checked,
        needs: Needs,
        tick: &mut dyn FnMut(),
    ) -> Result<usize, EvalError> {
        let (examples, refused) = self.front.examples(set, Part::Train)?;
        let mut new = Box::new(L::EMPTY);
        if let Some(learn) = self.in_place {
            learn(&mut new, checked, &examples, tick).map_err(|fault| explained::<L>(&fault))?;
            (self.model, self.taken) = (new, examples.len());
            return Ok(refused);
        }
        let width = examples.first().map_or(0, |e| e.features.len());
        let room = self.rows_of(set);
        let (mut words, mut labels) = (vec![0; room * FORMAT.row_words(width)], vec![0; room]);
        let (mut features, mut counts) = (vec![Feature::default(); width], Counts::EMPTY);
        let mut rows = SetMut::over(&mut words, &mut labels, &mut features, &mut counts);
        let wide = |_| EvalError::NotServed("there are no rows to learn from".into());
        rows.clear(FORMAT, width).map_err(wide)?;
        collect(&mut rows, &examples, set.task != Task::Anomaly, tick)?;
        self.taken = examples.len();
        let mut trainer = L::begin(checked);
        loop {
            let given = match needs.allow(L::wants(&trainer)).map_err(broken)? {
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
        checked: &L::Checked,
        needs: Needs,
        tick: &mut dyn FnMut(),
    ) -> Result<usize, EvalError> {
        let Data::Recordings(r) = &set.data else {
            return Err(EvalError::NotServed(format!(
                "{} needs recordings over time, and {} is a table of features",
                self.name, set.name
            )));
        };
        let refused = [Part::Train, Part::Calibrate].iter().flat_map(|p| r.refused(*p)).map(|(_, n)| n).sum();
        let (mut trainer, mut new) = (L::begin(checked), Box::new(L::EMPTY));
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
                let given = match needs.allow(L::wants(&trainer)).map_err(broken)? {
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
        let text = format!("{} needs more windows than there are to train on", self.name);
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

/// Why a training failed, in the words of the learner.
fn explained<L: Contract>(fault: &L::Fault) -> EvalError {
    let mut text = Line::<256>::default();
    L::explain(fault, &mut text);
    EvalError::Learner(text.as_str().to_owned())
}

impl<L: Contract> Contracted for Of<L> {
    fn sees(&self) -> Sees {
        L::sees(&self.params)
    }

    fn whole(&self, name: &str) -> Option<u16> {
        let index = L::Params::SETTINGS.iter().position(|s| s.name == name)?;
        match self.params.get(index)? {
            Value::Int(value) => value.try_into().ok(),
            _ => None,
        }
    }

    fn answer(&mut self, input: &Input) -> Result<Answer, EvalError> {
        let unjudged = || {
            EvalError::Learner(
                "the model cannot judge a window or row; it may have another shape than those learnt".into(),
            )
        };
        let answer = match input {
            Input::Window(window) if !self.sees_rows() => {
                if window.faults.any(Faults::GAP) {
                    L::reset(&mut self.scratch);
                }
                L::infer(&self.model, &Seen { window: *window, row: &[], beside: None }, &mut self.scratch)
            }
            Input::Window(_) | Input::Row(_) => {
                let row = self.front.features(input)?;
                L::infer(&self.model, &stored(row, None), &mut self.scratch)
            }
        };
        answer.ok_or_else(unjudged)
    }
}

impl<L: Contract> Of<L> {
    /// Multiply-accumulates of the layers of a network, as its description tells them.
    fn macs(&self) -> Option<usize> {
        let mut text = String::new();
        L::about(&self.model, &mut save::Text(&mut text));
        let of_layer = |line: &str| line.strip_suffix(" multiply-accumulates")?.rsplit(' ').next()?.parse().ok();
        let layers: Vec<usize> = text.lines().filter_map(of_layer).collect();
        (!layers.is_empty()).then(|| layers.iter().sum())
    }
}

impl<L: Contract> Learner for Of<L> {
    fn name(&self) -> &'static str {
        self.name
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
        match self.params.set_text(key, value) {
            Err(ParamError::NoSuchSetting) => self.front.set(key, value),
            done => done,
        }
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
        (*self.model, self.learnt, self.taken) = (L::EMPTY, None, 0);
        self.curve.clear();
        let (checked, setup) = self.check(set)?;
        let needs = L::required(&checked, &setup);
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
        L::prepare(&self.model, &mut self.scratch);
        let mut counter = Counter::default();
        let unwritable = |e| EvalError::Learner(format!("the model cannot be stored: {e:?}"));
        L::write(&self.model, &mut counter).map_err(unwritable)?;
        let bounds = L::bounds(&self.model);
        Ok(Training {
            windows: self.taken,
            refused,
            model_bytes: counter.0 as usize,
            model_ram_bytes: size_of::<L::Model>(),
            workspace_bytes: 4 * self.workspace.len(),
            report: self.learnt,
            threshold: bounds.map(|b| b.upper),
            lower_threshold: bounds.map(|b| b.lower).filter(|l| *l > 0.0),
            average: self.whole("average").map_or(0, usize::from),
            macs: self.macs(),
            score: L::SCORE.into(),
            curve: std::mem::take(&mut self.curve),
            facts: self.front.facts(),
            ..Training::default()
        })
    }

    fn saved(&self, report: Option<Report>) -> Result<Saved, EvalError> {
        self.front.savable()?;
        let mut payload = Vec::new();
        let written = L::write(&self.model, &mut |part: &[u8]| {
            payload.extend_from_slice(part);
            Ok(())
        });
        written.map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e:?}")))?;
        Ok(Saved {
            layout: L::layout(&self.model),
            // Of a smaller form its own.
            parameters: L::params(&self.model).map_or_else(|| self.parameters(), Table::of),
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
        let mut new = Box::new(L::EMPTY);
        let mut memory = vec![0; size_of::<L::Model>() / 4];
        L::convert(&self.model, form, &mut new, &mut memory).map_err(|refusal| match refusal {
            Refusal::NoSuchForm => form::refused(JobFault::NoSuchForm),
            Refusal::Converted => form::refused(JobFault::Converted),
            Refusal::Fault(fault) => explained::<L>(&fault),
        })?;
        let weights = [L::weights(&self.model), L::weights(&new)];
        let mut counter = Counter::default();
        L::write(&new, &mut counter).map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e:?}")))?;
        self.model = new;
        L::prepare(&self.model, &mut self.scratch);
        let model_ram_bytes = size_of::<L::Model>();
        Ok(Smaller { weights, model_bytes: counter.0 as usize, model_ram_bytes, ..Smaller::default() })
    }
}
