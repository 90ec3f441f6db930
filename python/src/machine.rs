//! A learner of any type behind one face: training, inference and bytes by the contract of `hone_learn::learner` alone.

use crate::rows::{Matrix, Set};
use crate::settings::{self, conflict};
use crate::watch::Watch;
use hone_learn::learner::{Answer, Bounds, Breach, Given, Input, Learner, Lent, Setup, Shape, Wants};
use hone_learn::set::MOST_ROWS;
use hone_learn::sink::Refused;
use hone_learn::text::Out;
use hone_learn::{Decision, Format, Progress, Report};
use hone_model::entries::{apply, each_setting};
use hone_model::{Entries, Entry};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Work of a step, in multiply-accumulates: some milliseconds, after which it is looked whether to stop.
const STEP: u32 = 1_000_000;
/// Bytes of an answer as Python sees it: see [`record`].
pub const ANSWER: usize = 28;

/// What a learner adds to the contract here.
pub trait Kind: Learner<Model: Send + Sync, Params: Send + Sync> {
    /// Its name.
    const NAME: &'static str;
    /// Its number in saved models.
    const CODE: u8;
    /// It learns in place, by [`Kind::start`] and [`Kind::learn`].
    const IN_PLACE: bool = false;

    /// Bytes of workspace, of at least the `least` that it asks for: as many as speed it up.
    fn workspace(_checked: &Self::Checked, _setup: &Setup, least: usize) -> usize {
        least
    }

    /// Lets an empty model begin.
    ///
    /// # Errors
    /// The learner's.
    fn start(_model: &mut Self::Model, _checked: &Self::Checked) -> Result<(), Self::Fault> {
        Ok(())
    }

    /// Learns a row.
    ///
    /// # Errors
    /// The learner's.
    fn learn(_model: &mut Self::Model, _input: &Input<'_>, _scratch: &mut Self::Scratch) -> Result<(), Self::Fault> {
        Ok(())
    }

    /// What it says of an input: [`Learner::infer`], and what an estimator has to say beyond that.
    fn answer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        Self::infer(model, input, scratch)
    }

    /// The classes that it knows, ascending.
    fn classes(_model: &Self::Model) -> Vec<u16> {
        Vec::new()
    }

    /// The numbers behind the decision on a row: logits, decision values of pairs. All rows have as many.
    fn numbers(_model: &Self::Model, _row: &[f32], _scratch: &mut Self::Scratch, _to: &mut Vec<f32>) {}

    /// Its coefficients, and offset and factor of each feature.
    fn coefficients(_model: &Self::Model) -> (Vec<f32>, Vec<f32>) {
        Default::default()
    }
}

/// What a training is given beside parameters and rows.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How rows are kept.
    pub format: Format,
    /// Rows that there is room for.
    pub room: usize,
    /// Bytes of workspace, if not as many as are of use.
    pub workspace: Option<usize>,
}

/// Why there is no model.
#[derive(Debug)]
pub enum Fail {
    /// As the text says.
    Text(String),
    /// It was told to stop.
    Stopped,
}

impl From<String> for Fail {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A model of any learner.
pub trait Machine: Send + Sync {
    /// Name and number of the learner.
    fn learner(&self) -> (&'static str, u8);
    /// What it sees.
    fn shape(&self) -> Shape;
    /// Its thresholds.
    fn bounds(&self) -> Option<Bounds>;
    /// The classes that it knows.
    fn classes(&self) -> Vec<u16>;
    /// How its training ended.
    fn report(&self) -> Option<Report>;
    /// Notes that, of one that was read.
    fn set_report(&mut self, report: Option<Report>);
    /// Coefficients, and offset and factor of each feature.
    fn coefficients(&self) -> (Vec<f32>, Vec<f32>);
    /// Some lines about it.
    fn about(&self) -> String;
    /// What it says of each row or window, in order, one after another as [`record`] writes it.
    fn judge(&self, matrix: &Matrix<'_>, watch: &Watch) -> Result<Vec<u8>, Fail>;
    /// The numbers behind the decision on each row.
    fn numbers(&self, matrix: &Matrix<'_>, watch: &Watch) -> Result<Vec<f32>, Fail>;
    /// Learns rows in place.
    fn learn(&mut self, matrix: &Matrix<'_>, labels: &[u16], watch: &Watch) -> Result<(), Fail>;
    /// Calls `each` with name and value of each parameter.
    fn each_parameter(&self, each: &mut dyn FnMut(&str, Entry<'_>));
    /// The same as a dictionary; `None` of a form that keeps none.
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>>;
    /// Payload and its layout.
    fn payload(&self) -> Result<(u8, Vec<u8>), Fail>;
}

/// A boxed one.
pub type Any = Box<dyn Machine>;

struct Held<K: Kind> {
    model: Box<K::Model>,
    report: Option<Report>,
}

/// What can be asked of a learner without a model, as functions.
#[derive(Clone, Copy)]
pub struct Maker {
    pub name: &'static str,
    pub code: u8,
    /// Settings: name, default, range, help.
    pub settings: for<'py> fn(Python<'py>) -> PyResult<Bound<'py, PyList>>,
    /// Reads settings, and gives what trains with them.
    pub trainer: fn(&Bound<'_, PyDict>) -> PyResult<Training>,
    /// Reads a payload of these parameters and this layout.
    pub read: fn(u8, Entries<'_>, &[u8]) -> Result<Any, Fail>,
}

/// A training that has its parameters.
pub type Training = Box<dyn Fn(&Matrix<'_>, &[u16], Plan, &Watch) -> Result<Any, Fail> + Send + Sync>;

impl Maker {
    /// Of a learner.
    pub const fn of<K: Kind>() -> Self {
        Self {
            name: K::NAME,
            code: K::CODE,
            settings: |py| settings::table(py, &K::DEFAULT),
            trainer: |given| {
                let mut params = K::DEFAULT;
                settings::apply(&mut params, given)?;
                Ok(Box::new(move |matrix, labels, plan, watch| train::<K>(&params, matrix, labels, plan, watch)))
            },
            read: |layout, entries, payload| {
                let mut held = Held::<K> { model: Box::new(K::EMPTY), report: None };
                let mut params = K::DEFAULT;
                apply(&mut params, entries);
                let read = K::read(&mut held.model, layout, &params, payload);
                read.map_err(|e| format!("the {} model's payload cannot be read: {e:?}", K::NAME))?;
                Ok(Box::new(held))
            },
        }
    }
}

fn explain<K: Kind>(fault: K::Fault) -> Fail {
    let mut text = Text(String::new());
    K::explain(&fault, &mut text);
    Fail::Text(format!("{}: {}", K::NAME, text.0.trim_end()))
}

/// A training from its start to its end.
fn train<K: Kind>(
    params: &K::Params,
    matrix: &Matrix<'_>,
    labels: &[u16],
    plan: Plan,
    watch: &Watch,
) -> Result<Any, Fail> {
    let (shape, windows) = match matrix {
        Matrix::Rows { width, .. } => (Shape { inputs: narrow("features", *width)?, frames: 1 }, None),
        Matrix::Windows { frames, channels, .. } => {
            let shape = Shape { inputs: narrow("channels", *channels)?, frames: narrow("frames", *frames)? };
            (shape, Some(narrow("windows", matrix.len())?))
        }
    };
    let room = plan.room.min(MOST_ROWS);
    let setup = Setup { shape, rows: room as u16, windows, ..Setup::default() };
    let checked = K::check(params, &setup).map_err(|e| Fail::Text(conflict(K::NAME, &e)))?;
    let mut held = Held::<K> { model: Box::new(K::EMPTY), report: None };
    if K::IN_PLACE {
        K::start(&mut held.model, &checked).map_err(explain::<K>)?;
        held.learn(matrix, labels, watch)?;
        return Ok(Box::new(held));
    }
    let needs = K::required(&checked, &setup);
    let bytes = plan.workspace.unwrap_or_else(|| K::workspace(&checked, &setup, needs.bytes));
    let mut workspace = vec![0u32; bytes.div_ceil(4)];
    let mut set = match matrix {
        Matrix::Rows { data, width } => Some(Set::of(data, *width, labels, plan.format, room)?),
        Matrix::Windows { .. } => None,
    };
    let set = set.as_mut().map(Set::edit);
    let mut inputs = matrix.inputs(labels);
    let mut trainer = K::begin(&checked);
    let broken = |breach: Breach| Fail::Text(format!("a mistake in the learner's code: {}", breach.words()));
    loop {
        if watch.cancelled() {
            return Err(Fail::Stopped);
        }
        let given = match needs.allow(K::wants(&trainer)).map_err(broken)? {
            Wants::Rows => match &set {
                Some(set) => Given::Rows(set.view()),
                None => return Err(Fail::Text(format!("{} learns rows, not windows", K::NAME))),
            },
            Wants::Window => match inputs.next() {
                Some(input) => Given::Window(input),
                None => return Err(Fail::Text(format!("{} wants more than {} windows", K::NAME, matrix.len()))),
            },
            Wants::Work | Wants::Nothing => Given::Work,
        };
        let lent = Lent { model: &mut *held.model, earlier: None, workspace: &mut workspace, budget: STEP };
        let progress = K::step(&mut trainer, &given, lent).map_err(explain::<K>)?;
        if let Some(point) = K::curve(&trainer) {
            watch.curve(point);
        }
        match Breach::check(progress, K::shape(&held.model)).map_err(broken)? {
            Progress::Running { done, total } => watch.at(done, total),
            Progress::Done(report) => {
                held.report = Some(report);
                return Ok(Box::new(held));
            }
        }
    }
}

fn narrow(what: &str, number: usize) -> Result<u16, Fail> {
    number.try_into().map_err(|_| Fail::Text(format!("{number} {what} are more than the 65535 that fit")))
}

impl<K: Kind> Held<K> {
    /// Calls `each` with every input and a scratch, until it is to stop.
    fn each(
        &self,
        matrix: &Matrix<'_>,
        watch: &Watch,
        each: &mut dyn FnMut(&Input<'_>, &mut K::Scratch),
    ) -> Result<(), Fail> {
        let mut scratch = Box::new(K::SCRATCH);
        K::prepare(&self.model, &mut scratch);
        for (i, input) in matrix.inputs(&[]).enumerate() {
            if i % 256 == 0 && watch.cancelled() {
                return Err(Fail::Stopped);
            }
            each(&input, &mut scratch);
        }
        Ok(())
    }
}

impl<K: Kind> Machine for Held<K> {
    fn learner(&self) -> (&'static str, u8) {
        (K::NAME, K::CODE)
    }

    fn shape(&self) -> Shape {
        K::shape(&self.model)
    }

    fn bounds(&self) -> Option<Bounds> {
        K::bounds(&self.model)
    }

    fn classes(&self) -> Vec<u16> {
        K::classes(&self.model)
    }

    fn report(&self) -> Option<Report> {
        self.report
    }

    fn set_report(&mut self, report: Option<Report>) {
        self.report = report;
    }

    fn coefficients(&self) -> (Vec<f32>, Vec<f32>) {
        K::coefficients(&self.model)
    }

    fn about(&self) -> String {
        let mut text = Text(String::new());
        K::about(&self.model, &mut text);
        text.0
    }

    fn judge(&self, matrix: &Matrix<'_>, watch: &Watch) -> Result<Vec<u8>, Fail> {
        let mut bytes = Vec::with_capacity(matrix.len() * ANSWER);
        let mut all = true;
        self.each(matrix, watch, &mut |input, scratch| match K::answer(&self.model, input, scratch) {
            Some(answer) => bytes.extend(record(&answer)),
            None => all = false,
        })?;
        if all { Ok(bytes) } else { Err(Fail::Text("the model says nothing of rows of this shape".into())) }
    }

    fn numbers(&self, matrix: &Matrix<'_>, watch: &Watch) -> Result<Vec<f32>, Fail> {
        let mut numbers = Vec::new();
        self.each(matrix, watch, &mut |input, scratch| K::numbers(&self.model, input.row, scratch, &mut numbers))?;
        Ok(numbers)
    }

    fn learn(&mut self, matrix: &Matrix<'_>, labels: &[u16], watch: &Watch) -> Result<(), Fail> {
        if !K::IN_PLACE {
            return Err(Fail::Text(format!("{} does not learn row by row", K::NAME)));
        }
        let mut scratch = Box::new(K::SCRATCH);
        let total = matrix.len() as u32;
        for (input, done) in matrix.inputs(labels).zip(0..) {
            if done % 256 == 0 {
                watch.at(done, total);
                if watch.cancelled() {
                    return Err(Fail::Stopped);
                }
            }
            K::learn(&mut self.model, &input, &mut scratch).map_err(explain::<K>)?;
        }
        watch.at(total, total);
        Ok(())
    }

    fn each_parameter(&self, each: &mut dyn FnMut(&str, Entry<'_>)) {
        if let Some(params) = K::params(&self.model) {
            each_setting(params, each);
        }
    }

    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        K::params(&self.model).map(|params| settings::values(py, params)).transpose()
    }

    fn payload(&self) -> Result<(u8, Vec<u8>), Fail> {
        let mut bytes = Vec::new();
        let mut sink = |more: &[u8]| -> Result<(), Refused> {
            bytes.extend_from_slice(more);
            Ok(())
        };
        K::write(&self.model, &mut sink).map_err(|e| Fail::Text(format!("the model cannot be written: {e:?}")))?;
        Ok((K::layout(&self.model), bytes))
    }
}

/// An answer: decision (0 normal, 1 anomalous, 2 a class, 3 unknown) and whether it rests on all that it is to rest on, a byte
/// each; class (2 bytes); nearest class (4 bytes, -1 for none); score, score of this window alone, what is expected, its lower
/// and upper bound (4 bytes each, not a number where there is none). Little-endian.
fn record(answer: &Answer) -> [u8; ANSWER] {
    let (decision, class) = match answer.verdict.decision {
        Decision::Normal => (0, 0),
        Decision::Anomalous => (1, 0),
        Decision::Class(class) => (2, class.0),
        Decision::Unknown => (3, 0),
    };
    let nearest = answer.nearest.map_or(-1, |class| i32::from(class.0));
    let estimate = answer.estimate.map_or([f32::NAN; 3], |e| [e.value, e.lower, e.upper]);
    let mut bytes = [0; ANSWER];
    bytes[0] = decision;
    bytes[1] = answer.warm.into();
    bytes[2..4].copy_from_slice(&class.to_le_bytes());
    bytes[4..8].copy_from_slice(&nearest.to_le_bytes());
    let reals = [answer.verdict.score, answer.alone.unwrap_or(f32::NAN)].into_iter().chain(estimate);
    bytes[8..].chunks_exact_mut(4).zip(reals).for_each(|(to, real)| to.copy_from_slice(&real.to_le_bytes()));
    bytes
}

/// Text in memory.
pub struct Text(pub String);

impl Out for Text {
    fn str(&mut self, text: &str) {
        self.0.push_str(text);
    }
}
