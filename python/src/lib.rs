//! The learners of the device as a Python module, `hone._hone`; the package around it (`hone/`) gives them scikit-learn's face.
//!
//! Arrays come and go as bytes in the machine's order: rows of features as 32-bit reals, samples and classes as 16-bit integers.

#![forbid(unsafe_code)]

mod learners;
mod machine;
mod rows;
mod settings;
mod watch;

use bytemuck::{AnyBitPattern, NoUninit, PodCastError};
use hone_learn::{Channel, ClassId, Format, Metric, Stop, Unit, Workspace};
use hone_model::{Container, Contents, Entry, ReadError};
use hone_signal::{Shape, features};
use machine::{Any, Fail, Plan};
use pyo3::exceptions::{PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use rows::Matrix;
use std::borrow::Cow;
use watch::{Watch, run};

/// What a container says of windows: their frames, and frames a second.
const FRAMES: &str = "window-frames";
const RATE: &str = "rate-hz";

impl From<Fail> for PyErr {
    fn from(fail: Fail) -> Self {
        match fail {
            Fail::Text(text) => PyValueError::new_err(text),
            Fail::Stopped => PyKeyboardInterrupt::new_err(()),
        }
    }
}

fn wrong(text: impl Into<String>) -> PyErr {
    PyValueError::new_err(text.into())
}

/// Numbers from bytes, where they lie if they lie well.
fn numbers<T: AnyBitPattern + NoUninit>(bytes: &[u8]) -> PyResult<Cow<'_, [T]>> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(numbers) => Ok(Cow::Borrowed(numbers)),
        Err(PodCastError::TargetAlignmentGreaterAndInputNotAligned) => {
            Ok(bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect())
        }
        Err(_) => Err(wrong("the bytes end inside a number")),
    }
}

/// A matrix from bytes: rows of `width` features, or where there are `channels` windows of `width` samples.
fn matrix(data: &[u8], width: usize, channels: Option<usize>) -> PyResult<Matrix<'_>> {
    let matrix = match channels {
        None => Matrix::Rows { data: numbers(data)?, width },
        Some(channels) => {
            if channels == 0 || !width.is_multiple_of(channels) {
                return Err(wrong(format!("rows of {width} samples are no whole frames of {channels} channels")));
            }
            Matrix::Windows { data: numbers(data)?, frames: width / channels, channels }
        }
    };
    let limit = if channels.is_some() { usize::MAX } else { learners::FEATURES };
    if width == 0 || width > limit {
        Err(wrong(format!("{width} features: 1 to {limit} are possible")))
    } else {
        Ok(matrix)
    }
}

/// A trained model of any learner.
#[pyclass(module = "hone._hone")]
struct Model {
    machine: Any,
}

#[pymethods]
impl Model {
    /// Reads a container; the model, and a dictionary of what else it says.
    #[staticmethod]
    fn read<'py>(py: Python<'py>, data: &[u8]) -> PyResult<(Self, Bound<'py, PyDict>)> {
        let container = Container::read(data).map_err(|e| wrong(why(&e)))?;
        let (code, layout) = (container.learner().0, container.layout());
        let read = run(py, &Watch::default(), None, || {
            learners::read(code, layout, container.parameters(), container.payload())
        });
        let mut machine = read??;
        machine.set_report(container.report());
        let said = PyDict::new(py);
        said.set_item("parameters", entries(py, container.parameters())?)?;
        let features = entries(py, container.pipeline())?;
        for (name, python) in [(FRAMES, "frames"), (RATE, "rate_hz")] {
            let name = settings::named(name);
            if let Some(value) = features.get_item(&name)? {
                features.del_item(&name)?;
                said.set_item(python, value)?;
            }
        }
        if !features.is_empty() {
            said.set_item("features", features)?;
        }
        let channels = container.channels().map(|c| (c.scale, c.unit.name()));
        said.set_item("channels", PyList::new(py, channels.collect::<Vec<_>>())?)?;
        let classes = container.classes().map(|(class, name)| (class.0, name.to_owned()));
        said.set_item("classes", PyList::new(py, classes.collect::<Vec<_>>())?)?;
        said.set_item("scaled", container.scaling().next().is_some())?;
        Ok((Self { machine }, said))
    }

    /// The container of the model.
    #[pyo3(signature = (frames=None, rate_hz=None, features=None, channels=Vec::new(), classes=Vec::new()))]
    fn to_bytes<'py>(
        &self,
        py: Python<'py>,
        frames: Option<i32>,
        rate_hz: Option<f32>,
        features: Option<&Bound<'_, PyDict>>,
        channels: Vec<(f32, String)>,
        classes: Vec<(u16, String)>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (layout, payload) = self.machine.payload()?;
        let pipeline = pipeline_of(frames, rate_hz, features)?;
        let channel = |(scale, unit): &(f32, String)| {
            let unit = Unit::ALL.into_iter().find(|u| u.name() == unit);
            let units: Vec<&str> = Unit::ALL.iter().map(|u| u.name()).collect();
            let unit = unit.ok_or_else(|| wrong(format!("a channel's unit is one of {units:?}")))?;
            let good = scale.is_finite() && *scale > 0.0;
            if good { Ok(Channel { scale: *scale, unit }) } else { Err(wrong("a channel's scale is above 0")) }
        };
        let channels = channels.iter().map(channel).collect::<PyResult<Vec<_>>>()?;
        let contents = Contents {
            parameters: &|each| self.machine.each_parameter(each),
            pipeline: &|each| pipeline.iter().for_each(|(name, value)| each(name, value.entry())),
            channels: &channels,
            classes: &|each| classes.iter().for_each(|(class, name)| each(ClassId(*class), name)),
            report: self.machine.report(),
            ..Contents::bare(hone_model::Learner(self.machine.learner().1), layout)
        };
        let mut bytes = Vec::new();
        let mut sink = |more: &[u8]| {
            bytes.extend_from_slice(more);
            Ok(())
        };
        let written = hone_model::write_raw(&contents, &payload, &mut sink);
        written.map_err(|_| wrong("the model cannot be written: a name is longer than 255 bytes"))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// What it says of each row or window: records of `machine::record`.
    #[pyo3(signature = (data, width, channels=None))]
    fn judge<'py>(
        &self,
        py: Python<'py>,
        data: &[u8],
        width: usize,
        channels: Option<usize>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (matrix, watch) = (matrix(data, width, channels)?, Watch::default());
        let answers = run(py, &watch, None, || self.machine.judge(&matrix, &watch))??;
        Ok(PyBytes::new(py, &answers))
    }

    /// The numbers behind the decision on each row, as 32-bit reals.
    fn numbers<'py>(&self, py: Python<'py>, data: &[u8], width: usize) -> PyResult<Bound<'py, PyBytes>> {
        let (matrix, watch) = (matrix(data, width, None)?, Watch::default());
        let numbers = run(py, &watch, None, || self.machine.numbers(&matrix, &watch))??;
        Ok(PyBytes::new(py, &numbers.iter().flat_map(|n| n.to_ne_bytes()).collect::<Vec<u8>>()))
    }

    /// Learns rows in place.
    fn learn(&mut self, py: Python<'_>, data: &[u8], width: usize, labels: &[u8]) -> PyResult<()> {
        let (matrix, labels) = (matrix(data, width, None)?, numbers::<u16>(labels)?);
        let (watch, machine) = (Watch::default(), &mut self.machine);
        Ok(run(py, &watch, None, || machine.learn(&matrix, &labels, &watch))??)
    }

    /// The learner's name.
    #[getter]
    fn learner(&self) -> &'static str {
        self.machine.learner().0
    }

    /// Inputs and frames.
    #[getter]
    fn shape(&self) -> (u16, u16) {
        (self.machine.shape().inputs, self.machine.shape().frames)
    }

    /// Lower and upper threshold.
    #[getter]
    fn bounds(&self) -> Option<(f32, f32)> {
        self.machine.bounds().map(|b| (b.lower, b.upper))
    }

    /// Numbers of the classes that it knows, ascending.
    #[getter]
    fn classes(&self) -> Vec<u16> {
        self.machine.classes()
    }

    /// Coefficients, and offset and factor of each feature.
    #[getter]
    fn coefficients(&self) -> (Vec<f32>, Vec<f32>) {
        self.machine.coefficients()
    }

    /// Its parameters.
    #[getter]
    fn parameters<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        self.machine.parameters(py)
    }

    /// Some lines about it.
    fn about(&self) -> String {
        self.machine.about()
    }

    /// The bytes of its payload.
    fn payload<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.machine.payload()?.1))
    }

    /// How its training ended: stop, rows, iterations, work, what the quality is, quality.
    #[getter]
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(report) = self.machine.report() else { return Ok(None) };
        let said = PyDict::new(py);
        said.set_item("stop", stop(report.stop))?;
        said.set_item("rows", report.rows)?;
        said.set_item("iterations", report.iterations)?;
        said.set_item("work", report.work)?;
        said.set_item("metric", metric(report.metric))?;
        said.set_item("quality", report.quality)?;
        Ok(Some(said))
    }
}

fn stop(stop: Stop) -> &'static str {
    match stop {
        Stop::Converged => "converged",
        Stop::IterationLimit => "iteration limit",
        Stop::MemoryCap => "memory cap",
        Stop::Cancelled => "cancelled",
        Stop::Ongoing => "learns on",
        Stop::NoBetter => "no better",
    }
}

fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::MeanSquaredError => "mean squared error",
        Metric::KktGap => "KKT gap",
        Metric::Accuracy => "accuracy",
        Metric::CrossEntropy => "cross-entropy",
    }
}

fn why(error: &ReadError) -> String {
    match error {
        ReadError::NotAContainer => "this is not a model: it does not begin as one".into(),
        ReadError::Truncated { needed, have } => format!("the model is cut off: {have} of {needed} bytes"),
        ReadError::Trailing { extra } => format!("{extra} bytes follow the model's end"),
        ReadError::Damaged(_) => "the model is damaged: its checksum does not match".into(),
        ReadError::Newer { found, supported } => {
            format!("the model is of version {found} and this package reads up to {supported}; update it")
        }
        other => format!("the model cannot be read: {other:?}"),
    }
}

/// A value of the pipeline.
enum Owned {
    Int(i32),
    Real(f32),
    Flag(bool),
    Word(String),
}

impl Owned {
    fn entry(&self) -> Entry<'_> {
        match self {
            Self::Int(v) => Entry::Int(*v),
            Self::Real(v) => Entry::Real(*v),
            Self::Flag(v) => Entry::Flag(*v),
            Self::Word(v) => Entry::Word(v),
        }
    }
}

/// What the pipeline of a container is to say: frames and rate, and the settings of features.
fn pipeline_of(
    frames: Option<i32>,
    rate: Option<f32>,
    given: Option<&Bound<'_, PyDict>>,
) -> PyResult<Vec<(String, Owned)>> {
    let frames = frames.map(|frames| (FRAMES.to_owned(), Owned::Int(frames)));
    let rate = rate.map(|rate| (RATE.to_owned(), Owned::Real(rate)));
    let mut owned: Vec<_> = frames.into_iter().chain(rate).collect();
    if let Some(given) = given {
        let mut params = features::Params::default();
        settings::apply(&mut params, given)?;
        hone_model::entries::each_setting(&params, &mut |name, entry| {
            let value = match entry {
                Entry::Int(v) => Owned::Int(v),
                Entry::Real(v) => Owned::Real(v),
                Entry::Flag(v) => Owned::Flag(v),
                Entry::Word(v) => Owned::Word(v.to_owned()),
            };
            owned.push((name.to_owned(), value));
        });
    }
    Ok(owned)
}

fn entries<'py>(py: Python<'py>, entries: hone_model::Entries<'_>) -> PyResult<Bound<'py, PyDict>> {
    let said = PyDict::new(py);
    for (name, entry) in entries {
        let name = settings::named(name);
        match entry {
            Entry::Int(v) => said.set_item(name, v)?,
            Entry::Real(v) => said.set_item(name, v.to_string().parse::<f64>().unwrap_or_default())?,
            Entry::Flag(v) => said.set_item(name, v)?,
            Entry::Word(v) => said.set_item(name, v)?,
        }
    }
    Ok(said)
}

/// Trains the learner of this name; `told` hears how far it is: see [`run`].
#[pyfunction]
#[pyo3(signature = (learner, settings, data, width, *, channels=None, labels=None, bits=32, room=None, workspace=None, told=None))]
#[allow(clippy::too_many_arguments, reason = "by name, from one place")]
fn train(
    py: Python<'_>,
    learner: &str,
    settings: &Bound<'_, PyDict>,
    data: &[u8],
    width: usize,
    channels: Option<usize>,
    labels: Option<&[u8]>,
    bits: u8,
    room: Option<usize>,
    workspace: Option<usize>,
    told: Option<&Bound<'_, PyAny>>,
) -> PyResult<Model> {
    let matrix = matrix(data, width, channels)?;
    let labels = labels.map_or(Ok(Cow::default()), numbers::<u16>)?;
    if !labels.is_empty() && labels.len() != matrix.len() {
        return Err(wrong(format!("{} labels of {} rows", labels.len(), matrix.len())));
    }
    let format = match bits {
        8 => Format::I8,
        16 => Format::I16,
        32 => Format::F32,
        _ => return Err(wrong(format!("row_bits={bits} is refused: row_bits takes 8, 16 or 32"))),
    };
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let maker = learners::of_name(learner, classes.len(), matrix.len(), width);
    let maker = maker.ok_or_else(|| wrong(format!("there is no learner {learner}")))?;
    let training = (maker.trainer)(settings)?;
    let (plan, watch) = (Plan { format, room: room.unwrap_or(matrix.len()), workspace }, Watch::default());
    let machine = run(py, &watch, told, || training(&matrix, &labels, plan, &watch))??;
    Ok(Model { machine })
}

/// The settings of a learner, or of `features`: name, default, what it takes, help.
#[pyfunction]
fn settings_of<'py>(py: Python<'py>, learner: &str) -> PyResult<Bound<'py, PyList>> {
    if learner == "features" {
        return settings::table(py, &features::Params::default());
    }
    let maker = learners::of_name(learner, 0, usize::MAX, 1);
    (maker.ok_or_else(|| wrong(format!("there is no learner {learner}")))?.settings)(py)
}

/// The features of windows of `width` samples, as the device computes them: a row of 32-bit reals each, and how many.
#[pyfunction]
fn extract<'py>(
    py: Python<'py>,
    settings: &Bound<'_, PyDict>,
    data: &[u8],
    width: usize,
    channels: usize,
) -> PyResult<(Bound<'py, PyBytes>, usize)> {
    let mut params = features::Params::default();
    settings::apply(&mut params, settings)?;
    let windows = matrix(data, width, Some(channels))?;
    let extractor = params
        .check(Shape { channels, frames: width / channels })
        .map_err(|e| wrong(settings::conflict("features", &e)))?;
    let watch = Watch::default();
    let made = run(py, &watch, None, || {
        let (mut memory, mut row) = (vec![0u32; extractor.required().div_ceil(4)], vec![0.0f32; extractor.len()]);
        let mut bytes = Vec::new();
        for input in windows.inputs(&[]) {
            if watch.cancelled() {
                return Err(Fail::Stopped);
            }
            let made = extractor.extract(&input.window, Workspace::new(&mut memory), &mut row);
            made.map_err(|e| Fail::Text(format!("a window has no features: {e:?}")))?;
            bytes.extend(row.iter().flat_map(|x| x.to_ne_bytes()));
        }
        Ok(bytes)
    })??;
    Ok((PyBytes::new(py, &made), extractor.len()))
}

/// The learners of the device.
#[pymodule]
mod _hone {
    #[pymodule_export]
    use super::{Model, extract, settings_of, train};
}
