//! The manifest: a TOML file that says what recordings are, and which part of them is for what.
//! `docs/formats/manifest.md` describes it for those who write one.

mod check;
mod spelling;

use super::source::{Fault, Source};
use hone_signal::Unit;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A manifest as written. [`Manifest::parse`] has checked what can be checked without the recordings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Short name, as in `hone eval NAME`.
    pub name: String,
    /// One line for people.
    #[serde(default)]
    pub title: String,
    /// Windows cut from recordings, or rows of a table.
    pub kind: Kind,
    /// What is to be learnt.
    pub task: Task,
    /// Whether features of a table are standardised before they are learnt. Default: yes.
    pub standardise: Option<bool>,
    /// The family of features that classifiers start from.
    pub features: Option<Family>,
    /// Frames per second.
    pub rate_hz: Option<f64>,
    /// How recordings are cut.
    pub window: Option<WindowSpec>,
    /// The channels used, in order.
    #[serde(default, rename = "channel")]
    pub channels: Vec<ChannelSpec>,
    /// The classes.
    #[serde(default, rename = "class")]
    pub classes: Vec<ClassSpec>,
    /// The files.
    #[serde(default, rename = "file")]
    pub files: Vec<FileSpec>,
    /// Whether files that are all to test are passed over; not a key.
    #[serde(skip)]
    pub training_only: bool,
}

/// What the files hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Samples over time.
    Recordings,
    /// Rows of features.
    Table,
}

/// Families of tasks, each with default features of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Machines: the spectrum counts, the mean is tilt.
    #[default]
    Vibration,
    /// People and animals: posture counts as well.
    Activity,
}

/// What is to be learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// To tell what is unlike the normal that was trained on.
    Anomaly,
    /// To tell classes apart.
    Classification,
    /// To foretell a number.
    Regression,
}

/// How recordings are cut into windows.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// Frames per window.
    pub length: usize,
    /// Frames from one window's start to the next one's. Default: the length.
    pub step: Option<usize>,
}

/// One channel.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelSpec {
    /// Its name.
    pub name: String,
    /// Its place along the file's channel axis. Default: its place in the list.
    pub index: Option<usize>,
    /// Its column in a CSV file: a name, or a number from 0. Default: its name.
    #[serde(default, deserialize_with = "spelling::some_column")]
    pub column: Option<String>,
    /// Units per LSB.
    pub scale: f64,
    /// The unit after scaling.
    #[serde(default)]
    pub unit: UnitSpec,
    /// Units per unit of the file, for floating-point and CSV files (9.80665 turns g into m/s²). Default: 1.
    pub factor: Option<f64>,
}

/// A unit, by any of its names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitSpec(pub Unit);

/// One class.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassSpec {
    /// The number by which the device knows it. Default: its place in the list.
    pub id: Option<u16>,
    /// Its name.
    pub name: String,
    /// What label arrays and label columns call it. Default: its name where that is a whole number, else the id.
    #[serde(default, deserialize_with = "spelling::some_whole")]
    pub value: Option<i64>,
    /// For anomaly tasks: whether windows of it are to raise an alarm.
    #[serde(default)]
    pub anomalous: bool,
}

/// One file, or a part of one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// Below the data folder.
    pub path: String,
    /// What each axis of an array is: `time`, `channel`, `window`, and any other name for axes that number recordings.
    pub axes: Option<Vec<String>>,
    /// Which indices of a recording axis to use. Default: all.
    #[serde(default)]
    pub at: BTreeMap<String, Vec<usize>>,
    /// Of a MATLAB file: the variable. Default: the only one.
    pub variable: Option<String>,
    /// Whether a CSV file begins with names of columns. Default: yes.
    pub header: Option<bool>,
    /// What separates the cells of a CSV file. Default: what its first lines show.
    pub separator: Option<String>,
    /// The decimal mark of a CSV file. Default: what its first lines show.
    pub decimal: Option<String>,
    /// Of recordings in a CSV file: the column of times, or `none`. Default: the one of `spans`, else one named as such.
    #[serde(default, deserialize_with = "spelling::some_column")]
    pub time: Option<String>,
    /// Of a CSV table: the columns of features. Default: all but the label.
    #[serde(default, deserialize_with = "spelling::some_columns")]
    pub columns: Option<Vec<String>>,
    /// Of a CSV file: the column of the class, by name, number from 0, or `last`. Default for tables: `last`.
    #[serde(default, deserialize_with = "spelling::some_column")]
    pub label: Option<String>,
    /// The class of everything in the file.
    pub class: Option<String>,
    /// An array of labels.
    pub labels: Option<ArrayRef>,
    /// An array of groups (subjects, machines); recordings break where it changes.
    pub groups: Option<ArrayRef>,
    /// Stretches of time that are of another class than `class`.
    pub spans: Option<SpanSpec>,
    /// The part that everything in the file is for.
    pub part: Option<PartSpec>,
    /// Shares in order.
    pub split: Option<SplitSpec>,
    /// Parts by the values of the label or group array.
    pub assign: Option<AssignSpec>,
}

/// An array that goes with a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayRef {
    /// Below the data folder; one-dimensional.
    pub path: String,
    /// Of a MATLAB file: the variable. Default: the only one.
    pub variable: Option<String>,
    /// The file's axis along which it runs. Default: `window`, else the first recording axis, else `time`.
    pub axis: Option<String>,
}

/// A CSV file of stretches of time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanSpec {
    /// Below the data folder.
    pub path: String,
    /// Its column of starts. Default: `start`.
    #[serde(default, deserialize_with = "spelling::some_column")]
    pub start: Option<String>,
    /// Its column of ends. Default: `end`.
    #[serde(default, deserialize_with = "spelling::some_column")]
    pub end: Option<String>,
    /// The recording's column of times, in seconds or as a date and time.
    #[serde(deserialize_with = "spelling::column")]
    pub time: String,
    /// The class within.
    pub class: String,
}

/// What a window or row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartSpec {
    /// To learn from.
    Train,
    /// To set a threshold by, disjoint from what was learnt from.
    Calibrate,
    /// To judge by.
    Test,
}

/// Shares of a whole, cut in order: train first, then calibrate, then test.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitSpec {
    /// Share to learn from.
    #[serde(default)]
    pub train: f64,
    /// Share to set a threshold by.
    #[serde(default)]
    pub calibrate: f64,
    /// Share to judge by.
    #[serde(default)]
    pub test: f64,
    /// The whole that is cut.
    #[serde(default)]
    pub over: Over,
}

/// What a split cuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// Each recording by itself.
    #[default]
    Recording,
    /// The file's windows or rows of each class by themselves.
    Class,
    /// All of the file's windows or rows.
    File,
}

/// Parts by value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignSpec {
    /// By which array.
    pub by: By,
    /// Values to learn from.
    #[serde(default, deserialize_with = "spelling::wholes")]
    pub train: Vec<i64>,
    /// Values to set a threshold by.
    #[serde(default, deserialize_with = "spelling::wholes")]
    pub calibrate: Vec<i64>,
    /// Values to judge by.
    #[serde(default, deserialize_with = "spelling::wholes")]
    pub test: Vec<i64>,
}

/// An array that decides on parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The file's `labels`.
    Label,
    /// The file's `groups`.
    Group,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// [`Fault`] names the file, the line and the key, and says what to do.
    pub fn parse(source: &Source) -> Result<Self, Fault> {
        let manifest: Self = toml::from_str(source.text()).map_err(|e| source.syntax(&e))?;
        manifest.check(source)?;
        Ok(manifest)
    }

    /// Whether a file is to be read.
    pub fn reads(&self, file: &FileSpec) -> bool {
        !self.training_only || file.part != Some(PartSpec::Test)
    }

    /// Frames from one window's start to the next one's.
    pub fn step(&self) -> usize {
        self.window.map_or(1, |w| w.step.unwrap_or(w.length))
    }

    /// The value by which label arrays call class `index`: as written, else its name where that is a whole number, else
    /// its number.
    pub fn label_value(&self, index: usize) -> Option<i64> {
        let class = self.classes.get(index)?;
        let named = || number(&class.name).filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64);
        Some(class.value.or_else(named).unwrap_or_else(|| i64::from(self.class_id(index))))
    }

    /// The class that a label column means by `text`: a name, a number equal to a name, or a value.
    pub fn class_labelled(&self, text: &str) -> Option<usize> {
        if let Some(class) = self.class_named(text) {
            return Some(class);
        }
        let value = number(text)?;
        let named = self.classes.iter().position(|c| number(&c.name) == Some(value));
        named.or_else(|| (0..self.classes.len()).find(|c| self.label_value(*c).map(|v| v as f64) == Some(value)))
    }

    /// The number of class `index`.
    pub fn class_id(&self, index: usize) -> u16 {
        self.classes.get(index).and_then(|c| c.id).unwrap_or(u16::try_from(index).unwrap_or(u16::MAX))
    }

    /// The class of everything in a file. Numbers that are foretold need none: it is then the first, if there is any.
    pub fn class_of(&self, file: &FileSpec) -> Option<usize> {
        let unsaid = self.task == Task::Regression && file.label.is_none() && file.labels.is_none();
        file.class.as_deref().map_or(unsaid.then_some(0), |class| self.class_named(class))
    }

    /// The index of a class by name.
    pub fn class_named(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|c| c.name == name)
    }
}

/// A name or a label that is a finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|v: &f64| v.is_finite())
}
