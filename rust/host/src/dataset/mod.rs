//! Recordings and tables: what a manifest names, read, quantised, cut into windows and split into parts.

mod cut;
mod locate;
mod manifest;
pub mod npy;
mod recordings;
mod source;
mod table;

pub use locate::{data_folder, find_manifest};
pub use manifest::{Family, Kind, Manifest, Task};
pub use source::{Fault, Source};

use hone_learn::ClassId;
use hone_signal::{Channel, Faults, Micros, Sample, WindowView};
use std::path::Path;

/// What a window or row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To learn from.
    Train,
    /// To set a threshold by.
    Calibrate,
    /// To judge by.
    Test,
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
#[derive(Clone, Debug)]
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
    /// The recordings, in the manifest's order.
    pub recordings: Vec<Recording>,
}

/// One recording, quantised as on the device.
#[derive(Clone, Debug)]
pub struct Recording {
    /// File and indices.
    pub name: String,
    /// Its samples frame by frame.
    pub samples: Vec<Sample>,
    /// What is wrong with each frame.
    pub faults: Vec<Faults>,
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

impl Dataset {
    /// Reads a manifest and the files that it names below `root`.
    ///
    /// # Errors
    /// [`Fault`] names the file, and where it is the manifest's, the line and key, and says what to do.
    pub fn open(manifest: &Path, root: &Path) -> Result<Self, Fault> {
        Self::read(&Source::open(manifest)?, root)
    }

    /// Reads the files that a manifest names below `root`.
    ///
    /// # Errors
    /// As [`Dataset::open`].
    pub fn read(source: &Source, root: &Path) -> Result<Self, Fault> {
        let manifest = Manifest::parse(source)?;
        let classes = (0..manifest.classes.len())
            .zip(&manifest.classes)
            .map(|(i, c)| Class { id: ClassId(manifest.class_id(i)), name: c.name.clone(), anomalous: c.anomalous })
            .collect();
        if manifest.task == Task::Regression {
            return Err(source.fault("task", "no learner serves regression yet; use anomaly or classification".into()));
        }
        let data = match manifest.kind {
            Kind::Recordings => Data::Recordings(recordings::read(source, &manifest, root)?),
            Kind::Table => Data::Table(table::read(source, &manifest, root)?),
        };
        let set = Self {
            name: manifest.name,
            title: manifest.title,
            task: manifest.task,
            classes,
            family: manifest.features.unwrap_or_default(),
            data,
        };
        set.check(source)?;
        Ok(set)
    }

    fn check(&self, source: &Source) -> Result<(), Fault> {
        for (part, name) in [(Part::Train, "train"), (Part::Test, "test")] {
            if self.count(part) == 0 {
                let what = if self.recordings().is_some() { "window" } else { "row" };
                return Err(source.fault("file", format!("no {what} is left to {name}; check part, split and assign")));
            }
        }
        let anomalous = |class: usize| self.classes.get(class).is_some_and(|c| c.anomalous);
        let mut taught = self.parts().filter(|(part, _)| *part != Part::Test);
        if self.task == Task::Anomaly && taught.any(|(_, class)| anomalous(class)) {
            let problem = "anomalous windows are among those to train or calibrate on; give them part = \"test\"";
            return Err(source.fault("file", problem.into()));
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

impl Recordings {
    /// A window as learners see it, with its true class as label.
    pub fn view<'a>(&self, recording: &'a Recording, window: &Window, classes: &[Class]) -> WindowView<'a> {
        let width = self.channels.len();
        let from = window.first_frame * width;
        WindowView {
            samples: recording.samples.get(from..from + self.length * width).unwrap_or(&[]),
            channels: width,
            time: window.time,
            sequence: window.sequence,
            faults: window.faults,
            label: classes.get(window.class).map(|c| c.id),
        }
    }

    /// The windows of a part in order, each with its recording.
    pub fn windows(&self, part: Part) -> impl Iterator<Item = (&Recording, &Window)> {
        self.recordings.iter().flat_map(move |r| r.windows.iter().filter(move |w| w.part == part).map(move |w| (r, w)))
    }

    /// Seconds that a window lasts.
    pub fn window_seconds(&self) -> f64 {
        self.length as f64 / self.rate_hz
    }
}

#[cfg(test)]
mod tests;
