//! The manifest: a TOML file that says what recordings are, and which part of them is for what.
//! `docs/formats/manifest.md` describes it for those who write one.

use super::source::{Fault, Source};
use hone_signal::Unit;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

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
    /// To foretell a number. No learner does so yet.
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
    /// Its column in a CSV file: a name, or a number from 0 where there is no header. Default: its name.
    pub column: Option<String>,
    /// Units per LSB.
    pub scale: f64,
    /// The unit after scaling.
    #[serde(default)]
    pub unit: UnitSpec,
    /// Units per unit of the file, for floating-point and CSV files (9.80665 turns g into m/s²). Default: 1.
    pub factor: Option<f64>,
}

/// A unit by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum UnitSpec {
    /// None, or one that the device does not know.
    #[default]
    #[serde(rename = "none")]
    None,
    /// m/s².
    #[serde(rename = "m/s2")]
    MetresPerSecondSquared,
    /// rad/s.
    #[serde(rename = "rad/s")]
    RadiansPerSecond,
    /// °C.
    #[serde(rename = "degC")]
    Celsius,
}

impl From<UnitSpec> for Unit {
    fn from(u: UnitSpec) -> Self {
        match u {
            UnitSpec::None => Self::None,
            UnitSpec::MetresPerSecondSquared => Self::MetresPerSecondSquared,
            UnitSpec::RadiansPerSecond => Self::RadiansPerSecond,
            UnitSpec::Celsius => Self::Celsius,
        }
    }
}

/// One class.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassSpec {
    /// The number by which the device knows it. Default: its place in the list.
    pub id: Option<u16>,
    /// Its name.
    pub name: String,
    /// What label arrays and label columns call it. Default: the id.
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
    /// Whether a CSV file begins with names of columns. Default: yes.
    pub header: Option<bool>,
    /// Of a CSV table: the columns of features. Default: all but the label.
    pub columns: Option<Vec<String>>,
    /// Of a CSV table: the column of the class, by name, number from 0, or `last`. Default: `last`.
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
    pub start: Option<String>,
    /// Its column of ends. Default: `end`.
    pub end: Option<String>,
    /// The recording's column of times, in seconds or as a date and time.
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
    #[serde(default)]
    pub train: Vec<i64>,
    /// Values to set a threshold by.
    #[serde(default)]
    pub calibrate: Vec<i64>,
    /// Values to judge by.
    #[serde(default)]
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

    /// Frames from one window's start to the next one's.
    pub fn step(&self) -> usize {
        self.window.map_or(1, |w| w.step.unwrap_or(w.length))
    }

    /// The value by which label arrays call class `index`.
    pub fn label_value(&self, index: usize) -> Option<i64> {
        let class = self.classes.get(index)?;
        Some(class.value.unwrap_or_else(|| i64::from(self.class_id(index))))
    }

    /// The number of class `index`.
    pub fn class_id(&self, index: usize) -> u16 {
        self.classes.get(index).and_then(|c| c.id).unwrap_or(u16::try_from(index).unwrap_or(u16::MAX))
    }

    fn check(&self, source: &Source) -> Result<(), Fault> {
        let fault = |key: &str, problem: String| Err(source.fault(key, problem));
        if self.name.is_empty() || !self.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            return fault("name", "give a name of letters, digits, '-', '_' and '.'".into());
        }
        if self.files.is_empty() {
            return fault("file", "there is none; add a [[file]] table with path = \"...\"".into());
        }
        self.check_classes(source)?;
        match self.kind {
            Kind::Recordings => self.check_recordings(source)?,
            Kind::Table => self.check_table(source)?,
        }
        (0usize..).zip(&self.files).try_for_each(|(i, file)| self.check_file(source, i, file))
    }

    fn check_classes(&self, source: &Source) -> Result<(), Fault> {
        let (mut names, mut ids, mut values) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        if self.classes.len() > 4096 {
            return Err(source.fault("class", "more than 4096 classes are not read; leave some out".into()));
        }
        for (i, class) in self.classes.iter().enumerate() {
            let twice = |what| source.fault(&format!("class[{i}].{what}"), format!("another class has this {what}"));
            if !names.insert(&class.name) {
                return Err(twice("name"));
            }
            if !ids.insert(self.class_id(i)) {
                return Err(twice("id"));
            }
            if !values.insert(self.label_value(i)) {
                return Err(twice("value"));
            }
        }
        let anomalous = self.classes.iter().filter(|c| c.anomalous).count();
        match self.task {
            Task::Anomaly if anomalous == 0 || anomalous == self.classes.len() => Err(source
                .fault("class", "an anomaly task needs a normal class and at least one with anomalous = true".into())),
            Task::Classification if self.classes.len() < 2 => {
                Err(source.fault("class", "a classification needs at least two [[class]] tables".into()))
            }
            Task::Classification if anomalous > 0 => {
                Err(source.fault("task", "classes are marked anomalous, so the task is \"anomaly\"".into()))
            }
            _ => Ok(()),
        }
    }

    fn check_recordings(&self, source: &Source) -> Result<(), Fault> {
        let fault = |key: &str, problem: &str| Err(source.fault(key, problem.into()));
        let Some(rate) = self.rate_hz else {
            return fault("rate_hz", "is missing; give the sampling rate in frames per second");
        };
        if !(rate.is_finite() && rate > 1e-9 && rate < 1e9) {
            return fault("rate_hz", "give a rate above 0, in frames per second");
        }
        let Some(window) = self.window else {
            return fault("window", "is missing; add [window] with length = frames per window");
        };
        if !(1..=1_000_000).contains(&window.length) {
            return fault("window.length", "give 1 to 1000000 frames");
        }
        if window.step.is_some_and(|s| !(1..=1_000_000).contains(&s)) {
            return fault("window.step", "give 1 to 1000000 frames");
        }
        if self.channels.is_empty() || self.channels.len() > 64 {
            return fault("channel", "give 1 to 64 [[channel]] tables");
        }
        if self.standardise.is_some() {
            return fault("standardise", "is for tables; learners of recordings scale by what they learn. Remove it");
        }
        for (i, channel) in self.channels.iter().enumerate() {
            let key = |k: &str| format!("channel[{i}].{k}");
            if !(channel.scale.is_finite() && channel.scale > 0.0 && (channel.scale as f32) > 0.0) {
                return fault(&key("scale"), "give a number above 0: units per LSB");
            }
            if channel.factor.is_some_and(|f| !(f.is_finite() && f != 0.0)) {
                return fault(&key("factor"), "give a number other than 0: units per unit of the file");
            }
        }
        Ok(())
    }

    fn check_table(&self, source: &Source) -> Result<(), Fault> {
        let strange = [
            ("rate_hz", self.rate_hz.is_some()),
            ("window", self.window.is_some()),
            ("channel", !self.channels.is_empty()),
            ("features", self.features.is_some()),
        ];
        match strange.into_iter().find(|s| s.1) {
            Some((key, _)) => {
                Err(source.fault(key, "is for recordings; remove it, or set kind = \"recordings\"".into()))
            }
            None => Ok(()),
        }
    }

    fn check_file(&self, source: &Source, i: usize, file: &FileSpec) -> Result<(), Fault> {
        let key = |k: &str| format!("file[{i}].{k}");
        let fault = |k: &str, problem: String| Err(source.fault(&key(k), problem));
        check_path(&file.path).or_else(|p| fault("path", p))?;
        for (name, array) in [("labels.path", &file.labels), ("groups.path", &file.groups)] {
            if let Some(array) = array {
                check_path(&array.path).or_else(|p| fault(name, p))?;
            }
        }
        if let Some(spans) = &file.spans {
            check_path(&spans.path).or_else(|p| fault("spans.path", p))?;
            self.class_named(&spans.class)
                .ok_or_else(|| self.unknown_class(source, &key("spans.class"), &spans.class))?;
        }
        if let Some(class) = &file.class {
            self.class_named(class).ok_or_else(|| self.unknown_class(source, &key("class"), class))?;
        }
        let csv = is_csv(&file.path);
        if !csv && !file.path.ends_with(".npy") {
            return fault("path", "is neither a .npy nor a .csv file; convert it to one".into());
        }
        if csv && file.axes.is_some() {
            return fault("axes", "is for .npy files; the rows of a CSV file are its frames. Remove it".into());
        }
        if !csv && self.kind == Kind::Recordings && file.axes.is_none() {
            return fault("axes", "is missing; name each axis of the array, as in [\"channel\", \"time\"]".into());
        }
        let only_csv =
            [("header", file.header.is_some()), ("columns", file.columns.is_some()), ("label", file.label.is_some())];
        if let Some((k, _)) = only_csv.into_iter().find(|s| s.1 && !csv) {
            return fault(k, "is for CSV files; remove it".into());
        }
        if file.spans.is_some() && !(csv && self.kind == Kind::Recordings) {
            return fault("spans", "is for recordings in CSV files with a column of times; remove it".into());
        }
        let labelled = file.class.is_some() || file.labels.is_some() || (csv && self.kind == Kind::Table);
        if !labelled && self.task != Task::Regression {
            return fault("class", "is missing; give the class of the file, or labels = { path = \"...\" }".into());
        }
        if file.class.is_some() && file.labels.is_some() {
            return fault("class", "and labels exclude each other; remove one".into());
        }
        self.check_parts(source, i, file)
    }

    fn check_parts(&self, source: &Source, i: usize, file: &FileSpec) -> Result<(), Fault> {
        let fault = |k: &str, problem: &str| Err(source.fault(&format!("file[{i}].{k}"), problem.into()));
        let given = [file.part.is_some(), file.split.is_some(), file.assign.is_some()];
        if given.into_iter().filter(|g| *g).count() != 1 {
            return fault("part", "give one of part, split and assign, to say what the file is for");
        }
        if let Some(s) = file.split {
            for (k, share) in [("split.train", s.train), ("split.calibrate", s.calibrate), ("split.test", s.test)] {
                if !(0.0..=1.0).contains(&share) {
                    return fault(k, "give a share from 0 to 1");
                }
            }
            let sum = s.train + s.calibrate + s.test;
            if !(sum > 0.0 && sum < 1.0 + 1e-9) {
                return fault("split", "give shares that add up to at most 1 and more than 0");
            }
        }
        if let Some(a) = &file.assign {
            let needs = match a.by {
                By::Label => ("labels", file.labels.is_some()),
                By::Group => ("groups", file.groups.is_some()),
            };
            if !needs.1 {
                return fault("assign.by", &format!("needs the file's {} = {{ path = \"...\" }}", needs.0));
            }
            let all = || a.train.iter().chain(&a.calibrate).chain(&a.test);
            if all().count() == 0 {
                return fault("assign", "give values for train, calibrate or test");
            }
            if all().collect::<BTreeSet<_>>().len() != all().count() {
                return fault("assign", "a value is listed twice; each belongs to one part");
            }
        }
        Ok(())
    }

    /// The index of a class by name.
    pub fn class_named(&self, name: &str) -> Option<usize> {
        self.classes.iter().position(|c| c.name == name)
    }

    fn unknown_class(&self, source: &Source, key: &str, name: &str) -> Fault {
        let known: Vec<&str> = self.classes.iter().map(|c| c.name.as_str()).take(20).collect();
        source.fault(key, format!("there is no class {name:?}; the classes are {}", known.join(", ")))
    }
}

/// Whether a path names a CSV file.
pub(super) fn is_csv(path: &str) -> bool {
    path.ends_with(".csv")
}

/// A manifest may only reach what lies below the data folder.
fn check_path(path: &str) -> Result<(), String> {
    let below = !path.is_empty()
        && !path.contains(['\\', '\0', ':'])
        && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if below {
        Ok(())
    } else {
        Err(format!("{path:?} is not below the data folder; give a path relative to it, without '..'"))
    }
}
