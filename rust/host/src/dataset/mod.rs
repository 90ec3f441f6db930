//! Recordings and tables: what a manifest names, read, quantised, cut into windows and split into parts.

mod cut;
pub mod file;
pub mod instant;
mod locate;
mod manifest;
mod recordings;
mod runs;
mod source;
mod spans;
mod store;
mod table;
pub mod timing;

pub use locate::{NAMES, data_folder, find_manifest, recordings_of};
pub use manifest::{Family, Kind, Manifest, Task};
pub use recordings::sink::{ChannelFacts, RANGE_FRAMES};
pub use runs::Runs;
pub use source::{Fault, Source};

use hone_learn::ClassId;
use hone_signal::{Channel, Faults, Micros, Sample, WindowView};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use store::Store;

/// Windows with one of these are neither judged nor learnt, as on the device.
pub const UNFIT_TO_JUDGE: Faults = Faults::NOT_A_NUMBER.with(Faults::STUCK);
/// Windows with one of these are not learnt, as on the device.
pub const UNFIT_TO_LEARN: Faults = UNFIT_TO_JUDGE.with(Faults::SATURATED);

/// What a window or row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// To learn from.
    Train,
    /// To set a threshold by.
    Calibrate,
    /// To judge by.
    Test,
}

impl Part {
    /// All.
    pub const ALL: [Self; 3] = [Self::Train, Self::Calibrate, Self::Test];

    /// Its name in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Calibrate => "calibrate",
            Self::Test => "test",
        }
    }

    /// What makes a window of no use to it; `None` where it is of use.
    pub fn refuses(self, faults: Faults) -> Option<&'static str> {
        let unfit = Faults(faults.0 & self.unfit().0);
        // At the end of the range readings repeat, and that is why.
        let names =
            [(Faults::NOT_A_NUMBER, "not a number"), (Faults::SATURATED, "saturated"), (Faults::STUCK, "stuck")];
        names.into_iter().find(|(f, _)| unfit.any(*f)).map(|n| n.1)
    }

    /// Windows with one of these are of no use to it.
    fn unfit(self) -> Faults {
        if self == Self::Test { UNFIT_TO_JUDGE } else { UNFIT_TO_LEARN }
    }
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its number on the device.
    pub id: ClassId,
    /// Its name.
    pub name: String,
    /// Whether it is to raise an alarm.
    pub anomalous: bool,
}

/// A manifest with everything that it names.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Short name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What is to be learnt.
    pub task: Task,
    /// The classes; windows and rows refer to them by index.
    pub classes: Vec<Class>,
    /// The family of tasks, from which default features follow.
    pub family: Family,
    /// The recordings or the table.
    pub data: Data,
}

/// Recordings or a table.
#[derive(Clone, Debug)]
pub enum Data {
    /// Samples over time.
    Recordings(Recordings),
    /// Rows of features.
    Table(Table),
}

/// Recordings of the same channels at the same rate.
#[derive(Clone, Debug, Default)]
pub struct Recordings {
    /// Frames per second.
    pub rate_hz: f64,
    /// Frames per window.
    pub length: usize,
    /// Frames from one window's start to the next one's.
    pub step: usize,
    /// What the samples mean.
    pub channels: Vec<Channel>,
    /// The channels' names.
    pub channel_names: Vec<String>,
    /// Units per LSB of each channel, as written.
    pub scales: Vec<f64>,
    /// The recordings, in the manifest's order.
    pub recordings: Vec<Recording>,
    /// What each channel's readings are.
    pub facts: Vec<ChannelFacts>,
    /// Windows that have no part, and why.
    pub left_out: LeftOut,
    /// Places where times tell of missing frames.
    pub gaps: usize,
    /// Rates that files tell of.
    pub rates: Vec<(String, f64)>,
    /// What else is to be told.
    pub notes: Vec<String>,
    store: Arc<Store>,
}

/// Windows and recordings that are for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Windows by reason.
    pub windows: BTreeMap<&'static str, usize>,
    /// Recordings too short for a window.
    pub short: Vec<String>,
}

impl LeftOut {
    const TWO_GROUPS: &str = "of two groups";
    const NO_PART: &str = "of no part by split or assign";
    const SHARED: &str = "sharing samples with a window of another part";

    fn add(&mut self, reason: &'static str, count: usize) {
        *self.windows.entry(reason).or_default() += count;
    }
}

/// One recording, quantised as on the device.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// File and indices.
    pub name: String,
    /// Its first sample among those of the set.
    start: u64,
    /// What is wrong with each frame.
    pub faults: Runs<Faults>,
    /// Class of each frame.
    pub classes: Runs<usize>,
    /// Least and greatest reading of each channel, in units, of every [`RANGE_FRAMES`] frames.
    pub ranges: Vec<(f64, f64)>,
    /// Whether its windows were cut before.
    windowed: bool,
    /// Its windows in order of time.
    pub windows: Vec<Window>,
}

/// One window of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first frame in the recording.
    pub first_frame: usize,
    /// When that frame was read. Recordings follow each other on one clock.
    pub time: Micros,
    /// Its number among all windows.
    pub sequence: u32,
    /// Index of its class.
    pub class: usize,
    /// What it is for.
    pub part: Part,
    /// What is wrong with its samples; with [`Faults::GAP`] it does not continue the window before it.
    pub faults: Faults,
    /// Its group (subject, machine), where the manifest names groups.
    pub group: Option<i64>,
}

/// Rows of features.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The features' names.
    pub names: Vec<String>,
    /// Whether features are to be standardised before they are learnt.
    pub standardise: bool,
    /// What was taken off each feature before it was put into 32 bits.
    pub offsets: Vec<f64>,
    /// The rows in order.
    pub rows: Vec<Row>,
}

/// One row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its features.
    pub features: Vec<f32>,
    /// Index of its class.
    pub class: usize,
    /// What it is for.
    pub part: Part,
    /// Its group, where the manifest names groups.
    pub group: Option<i64>,
}

impl Table {
    /// Names of features that never change in what is trained on.
    pub fn constant(&self) -> Vec<&str> {
        let train = || self.rows.iter().filter(|r| r.part == Part::Train);
        let still = |c: &usize| {
            let mut values = train().filter_map(|r| r.features.get(*c));
            let first = values.next();
            values.all(|v| Some(v) == first)
        };
        (0..self.names.len()).filter(still).filter_map(|c| self.names.get(c)).map(String::as_str).collect()
    }

    /// Rows to test whose features are those of a row to train.
    pub fn taught(&self) -> usize {
        let bits = |r: &Row| r.features.iter().map(|f| f.to_bits()).collect::<Vec<u32>>();
        let of = |part| self.rows.iter().filter(move |r| r.part == part);
        let train: HashSet<Vec<u32>> = of(Part::Train).map(bits).collect();
        of(Part::Test).filter(|r| train.contains(&bits(r))).count()
    }
}

/// A window with its samples.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    samples: Cow<'a, [Sample]>,
    channels: usize,
    time: Micros,
    sequence: u32,
    faults: Faults,
    label: Option<ClassId>,
}

impl Held<'_> {
    /// As learners see it, with its true class as label.
    pub fn view(&self) -> WindowView<'_> {
        let Self { samples, channels, time, sequence, faults, label } = self;
        WindowView { samples, channels: *channels, time: *time, sequence: *sequence, faults: *faults, label: *label }
    }
}

impl Dataset {
    /// Reads a manifest and the files that it names below `root`.
    ///
    /// # Errors
    /// [`Fault`] names the file, and where it is the manifest's, the line and key, and says what to do.
    pub fn open(manifest: &Path, root: &Path) -> Result<Self, Fault> {
        Self::read(&Source::open(manifest)?, root)
    }

    /// Reads the files that a manifest names below `root`, of which something is to train and to test.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn read(source: &Source, root: &Path) -> Result<Self, Fault> {
        let set = Self::look(source, root)?;
        set.check(source)?;
        Ok(set)
    }

    /// Reads the files that a manifest names below `root`, whatever their parts.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn look(source: &Source, root: &Path) -> Result<Self, Fault> {
        Self::of(Manifest::parse(source)?, source, root)
    }

    /// The windows or rows to train and calibrate on alone: no file that is all to test is opened, and of files that hold both
    /// nothing to test is kept.
    ///
    /// # Errors
    /// As [`Dataset::open`], and where nothing is to train.
    pub fn training(source: &Source, root: &Path) -> Result<Self, Fault> {
        let mut manifest = Manifest::parse(source)?;
        manifest.training_only = true;
        let mut set = Self::of(manifest, source, root)?;
        if let Data::Recordings(r) = &mut set.data {
            r.recordings.iter_mut().for_each(|r| r.windows.retain(|w| w.part != Part::Test));
            r.recordings.retain(|r| !r.windows.is_empty());
        }
        if set.count(Part::Train) == 0 {
            return Err(source.fault("file", "nothing is to train; check part, split and assign".into()));
        }
        Ok(set)
    }

    fn of(manifest: Manifest, source: &Source, root: &Path) -> Result<Self, Fault> {
        let classes = (0..manifest.classes.len())
            .zip(&manifest.classes)
            .map(|(i, c)| Class { id: ClassId(manifest.class_id(i)), name: c.name.clone(), anomalous: c.anomalous })
            .collect();
        let data = match manifest.kind {
            Kind::Recordings => Data::Recordings(recordings::read(source, &manifest, root)?),
            Kind::Table => Data::Table(table::read(source, &manifest, root)?),
        };
        let set = Self {
            name: manifest.name.clone(),
            title: manifest.title.clone(),
            task: manifest.task,
            classes,
            family: manifest.features.unwrap_or_default(),
            data,
        };
        set.check_spans(source, &manifest)?;
        Ok(set)
    }

    /// Whether there is something to train and to test, and nothing anomalous is to be learnt.
    ///
    /// # Errors
    /// [`Fault`] says which part is empty.
    pub fn check(&self, source: &Source) -> Result<(), Fault> {
        for (part, name) in [(Part::Train, "train"), (Part::Test, "test")] {
            if self.count(part) == 0 {
                let what = if self.recordings().is_some() { "window" } else { "row" };
                return Err(source.fault("file", format!("no {what} is left to {name}; check part, split and assign")));
            }
        }
        let anomalous = |class: usize| self.classes.get(class).is_some_and(|c| c.anomalous);
        let mut taught = self.parts().filter(|(part, _)| *part != Part::Test);
        if self.task != Task::Classification && taught.any(|(_, class)| anomalous(class)) {
            let problem = "anomalous windows are among those to train or calibrate on; give them part = \"test\"";
            return Err(source.fault("file", problem.into()));
        }
        Ok(())
    }

    /// Spans are to decide on windows, not only on frames.
    fn check_spans(&self, source: &Source, manifest: &Manifest) -> Result<(), Fault> {
        let Some(r) = self.recordings() else { return Ok(()) };
        for (i, file) in manifest.files.iter().enumerate() {
            let Some(spans) = &file.spans else { continue };
            let class = manifest.class_named(&spans.class);
            let frames = r.recordings.iter().any(|r| r.classes.iter().any(|(_, c)| Some(c) == class));
            let windows = r.recordings.iter().any(|r| r.windows.iter().any(|w| Some(w.class) == class));
            if frames && !windows {
                let problem = format!(
                    "no span fills more than half of a window of {} frames that is used, so no window is of class {:?}; give a \
                     shorter window.length, or a split that leaves them in",
                    r.length, spans.class
                );
                return Err(source.fault(&format!("file[{i}].spans"), problem));
            }
        }
        Ok(())
    }

    /// Part and class of every window or row.
    pub fn parts(&self) -> Box<dyn Iterator<Item = (Part, usize)> + '_> {
        match &self.data {
            Data::Recordings(r) => {
                Box::new(r.recordings.iter().flat_map(|r| r.windows.iter().map(|w| (w.part, w.class))))
            }
            Data::Table(t) => Box::new(t.rows.iter().map(|r| (r.part, r.class))),
        }
    }

    /// Windows of a part that the device would take, or its rows.
    pub fn usable(&self, part: Part) -> usize {
        self.recordings().map_or_else(|| self.count(part), |r| r.windows(part).count())
    }

    /// Windows or rows of a part.
    pub fn count(&self, part: Part) -> usize {
        self.parts().filter(|(p, _)| *p == part).count()
    }

    /// The recordings, if that is what it holds.
    pub fn recordings(&self) -> Option<&Recordings> {
        match &self.data {
            Data::Recordings(r) => Some(r),
            Data::Table(_) => None,
        }
    }
}

impl Recording {
    /// Its frames.
    pub fn frames(&self) -> usize {
        self.faults.len()
    }
}

impl Recordings {
    /// `count` frames of a recording from `first`, fewer at its end, frame by frame.
    ///
    /// # Errors
    /// The temporary file of samples cannot be read.
    pub fn samples(&self, recording: &Recording, first: usize, count: usize) -> Result<Cow<'_, [Sample]>, Fault> {
        let width = self.channels.len();
        let count = count.min(recording.frames().saturating_sub(first));
        let at = recording.start + (first * width) as u64;
        self.store.get(at, count * width).map_err(|e| recordings::spilled(&e))
    }

    /// A window with its samples, and its true class as label.
    ///
    /// # Errors
    /// As [`Recordings::samples`].
    pub fn held(&self, recording: &Recording, window: &Window, classes: &[Class]) -> Result<Held<'_>, Fault> {
        Ok(Held {
            samples: self.samples(recording, window.first_frame, self.length)?,
            channels: self.channels.len(),
            time: window.time,
            sequence: window.sequence,
            faults: window.faults,
            label: classes.get(window.class).map(|c| c.id),
        })
    }

    /// The windows of a part in order, each with its recording, without those that the device would not take.
    pub fn windows(&self, part: Part) -> impl Iterator<Item = (&Recording, &Window)> {
        self.all(part).filter(move |(_, w)| !w.faults.any(part.unfit()))
    }

    /// The channels' names, for messages.
    pub fn list(&self) -> String {
        match self.channel_names.as_slice() {
            [one] => format!("channel {one}"),
            several => format!("channels {}", several.join(", ")),
        }
    }

    /// All windows of a part.
    pub fn all(&self, part: Part) -> impl Iterator<Item = (&Recording, &Window)> {
        self.recordings.iter().flat_map(move |r| r.windows.iter().filter(move |w| w.part == part).map(move |w| (r, w)))
    }

    /// Windows of a part that the device would not take, by what is wrong with them; the worst counts.
    pub fn refused(&self, part: Part) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for name in self.all(part).filter_map(|(_, w)| part.refuses(w.faults)) {
            *counts.entry(name).or_default() += 1;
        }
        counts
    }

    /// Seconds that a window lasts.
    pub fn window_seconds(&self) -> f64 {
        self.length as f64 / self.rate_hz
    }
}

#[cfg(test)]
mod tests;
