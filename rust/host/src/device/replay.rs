//! Recordings as a sensor: one after the other, at their own rate, with a gap between two.

use crate::dataset::{Data, Dataset, Recording, Recordings};
use crate::output;
use hone_engine::capacity::CHANNELS;
use hone_engine::{Pace, Reading, SensorError, SensorInfo};
use hone_signal::{Channel, Faults, Micros, Rate, Sample};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;

/// Frames read at a time.
const CHUNK: usize = 4096;
/// What is told at most before someone listens.
const NEWS: usize = 64;

/// The handle by which another recording is chosen while the device runs.
#[derive(Clone, Debug)]
pub struct Control {
    names: Arc<Vec<(String, String)>>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    current: usize,
    jump: Option<usize>,
    /// The class that plays, where the manifest calls it anomalous.
    anomalous: Option<String>,
    /// Whether it was warned that this is being learnt.
    warned: bool,
    news: VecDeque<News>,
}

/// Another recording plays, or the same one is of another class from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// When.
    pub time: Micros,
    /// The recording's number.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// The class, and whether the manifest calls it anomalous.
    pub class: String,
    /// Whether the manifest calls the class anomalous.
    pub anomalous: bool,
}

impl Control {
    /// Each recording's name and classes.
    pub fn names(&self) -> &[(String, String)] {
        &self.names
    }

    /// The recording that plays, or after the last the number of recordings.
    pub fn current(&self) -> usize {
        self.state.lock().map_or(0, |s| s.jump.unwrap_or(s.current))
    }

    /// The class that plays, if it is anomalous and being learnt and nobody was warned of it yet.
    pub fn unwarned(&self, learnt: bool) -> Option<String> {
        let mut state = self.state.lock().ok()?;
        if !learnt {
            state.warned = false;
            return None;
        }
        let class = state.anomalous.clone().filter(|_| !state.warned)?;
        state.warned = true;
        Some(class)
    }

    /// What changed and was not told yet.
    pub fn news(&self) -> Option<News> {
        self.state.lock().ok()?.news.pop_front()
    }

    /// Plays this recording from its start. False when there is none of this number.
    pub fn play(&self, recording: usize) -> bool {
        let known = recording < self.names.len();
        if let (true, Ok(mut state)) = (known, self.state.lock()) {
            state.jump = Some(recording);
        }
        known
    }
}

/// The highest rate that is played: a frame a microsecond.
const HIGHEST: f64 = 1e6;
/// The lowest: one a day.
const LOWEST: f64 = 1.0 / 86_400.0;

/// A rate in hertz as the simplest ratio that is within a ten-millionth of it.
fn ratio(hertz: f64) -> Option<Rate> {
    if !(LOWEST * (1.0 - 1e-7)..=HIGHEST).contains(&hertz) {
        return None;
    }
    (1..=1_000_000u32)
        .map(|seconds| (hertz * f64::from(seconds), seconds))
        .find(|(frames, _)| frames.round() >= 1.0 && (frames - frames.round()).abs() <= 1e-7 * frames)
        .filter(|(frames, _)| *frames < f64::from(u32::MAX))
        .map(|(frames, seconds)| Rate::new(frames.round() as u32, seconds))
}

/// The sensor.
#[derive(Debug)]
pub struct Replay {
    set: Recordings,
    /// Name of each class, and whether it is anomalous.
    classes: Vec<(String, bool)>,
    info: SensorInfo,
    control: Control,
    recording: usize,
    frame: usize,
    /// Samples from a frame of the recording on.
    chunk: Vec<Sample>,
    chunk_from: usize,
    /// Class of the frame before.
    class: Option<usize>,
}

impl Replay {
    /// Plays a data set's recordings.
    ///
    /// # Errors
    /// A sentence that says why the device cannot play it, and what to do.
    pub fn new(set: Dataset) -> Result<Self, String> {
        let name = set.name.clone();
        let Data::Recordings(recordings) = set.data else {
            return Err(format!("{name} is a table without time, so it cannot play; use 'hone eval {name}'"));
        };
        let rate = ratio(recordings.rate_hz).ok_or_else(|| {
            format!(
                "{name} has {} frames per second, and the device samples from one a day to {} per second; use 'hone eval {name}'",
                recordings.rate_hz, HIGHEST
            )
        })?;
        let channels = recordings.channels.len();
        if channels > CHANNELS {
            output::note(&format!("{name} has {channels} channels; the device samples the first {CHANNELS}"));
        }
        let mut meaning = [Channel::default(); CHANNELS];
        meaning.iter_mut().zip(&recordings.channels).for_each(|(place, channel)| *place = *channel);
        let classes: Vec<(String, bool)> = set.classes.iter().map(|c| (c.name.clone(), c.anomalous)).collect();
        let of = |r: &Recording| {
            let mut names: Vec<&str> = Vec::new();
            for (_, class) in r.classes.iter() {
                let name = classes.get(class).map_or("", |c| c.0.as_str());
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names.join(", ")
        };
        let names = recordings.recordings.iter().map(|r| (r.name.clone(), of(r))).collect();
        let control = Control { names: Arc::new(names), state: Arc::default() };
        let info = SensorInfo {
            // As long as the program: there is one replay.
            name: Box::leak(format!("recordings of {name}").into_boxed_str()),
            rate,
            pace: Pace::Clock,
            channels: channels.min(CHANNELS) as u8,
            meaning,
        };
        let (set, chunk) = (recordings, Vec::new());
        Ok(Self { set, classes, info, control, recording: 0, frame: 0, chunk, chunk_from: 0, class: None })
    }

    /// What it is.
    pub fn info(&self) -> SensorInfo {
        self.info
    }

    /// The handle.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// The next frame of the recording that plays.
    ///
    /// # Errors
    /// [`SensorError::End`] after the last one, and where the recordings cannot be read any more.
    pub fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        let mut faults = Faults::NONE;
        if let Some(jump) = self.control.state.lock().ok().and_then(|mut s| s.jump.take()) {
            self.go(jump);
            faults = Faults::GAP;
        }
        loop {
            if let Ok(mut state) = self.control.state.lock() {
                state.current = self.recording;
            }
            let recording = self.set.recordings.get(self.recording).ok_or(SensorError::End)?;
            if self.frame < recording.frames() {
                break;
            }
            self.go(self.recording + 1);
            faults = Faults::GAP;
        }
        self.tell(now);
        let recording = self.set.recordings.get(self.recording).ok_or(SensorError::End)?;
        let width = self.set.channels.len();
        let held = self.chunk.len() / width.max(1);
        if self.frame < self.chunk_from || self.frame >= self.chunk_from + held {
            let samples = self.set.samples(recording, self.frame, CHUNK).map_err(|_| SensorError::End)?;
            self.chunk.clear();
            self.chunk.extend_from_slice(&samples);
            self.chunk_from = self.frame;
        }
        let at = (self.frame - self.chunk_from) * width;
        let samples = self.chunk.get(at..at + width).ok_or(SensorError::End)?;
        // The device finds out by itself that its sensor is stuck.
        let known = recording.faults.get(self.frame).unwrap_or(Faults::NONE);
        faults = faults.with(Faults(known.0 & !Faults::STUCK.0));
        for (sample, value) in frame.iter_mut().zip(samples) {
            *sample = *value;
        }
        self.frame += 1;
        Ok(Reading::new(now, faults))
    }

    fn go(&mut self, recording: usize) {
        (self.recording, self.frame, self.class) = (recording, 0, None);
        self.chunk.clear();
    }

    /// Tells of a recording's beginning and of another class.
    fn tell(&mut self, time: Micros) {
        let Some(recording) = self.set.recordings.get(self.recording) else { return };
        let class = recording.classes.get(self.frame);
        if class == self.class {
            return;
        }
        self.class = class;
        let (name, anomalous) = class.and_then(|c| self.classes.get(c)).cloned().unwrap_or_default();
        if let Ok(mut state) = self.control.state.lock() {
            state.anomalous = anomalous.then(|| name.clone());
            state.warned = false;
            if state.news.len() == NEWS {
                state.news.pop_front();
            }
            let (number, class) = (self.recording, name);
            state.news.push_back(News { time, number, name: recording.name.clone(), class, anomalous });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Source;
    use std::path::Path;

    fn set(rate_hz: f64) -> Dataset {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.csv"), "x\n1\n2\n3\n").unwrap();
        std::fs::write(root.path().join("b.csv"), "x\n4\n5\n").unwrap();
        let manifest = format!(
            "name = \"two\"\nkind = \"recordings\"\ntask = \"anomaly\"\nrate_hz = {rate_hz}\nwindow = {{ length = 2 }}\n\
             [[channel]]\nname = \"x\"\nscale = 1\n[[class]]\nname = \"well\"\n[[class]]\nname = \"ill\"\nanomalous = true\n\
             [[file]]\npath = \"a.csv\"\nclass = \"well\"\npart = \"train\"\n\
             [[file]]\npath = \"b.csv\"\nclass = \"ill\"\npart = \"test\"\n"
        );
        Dataset::read(&Source::new(Path::new("two.toml"), manifest), root.path()).unwrap_or_else(|e| panic!("{e}"))
    }

    fn all(replay: &mut Replay) -> Vec<(Sample, bool)> {
        let mut frame = [0; CHANNELS];
        std::iter::from_fn(|| {
            let reading = replay.read(Micros(7), &mut frame).ok()?;
            Some((frame[0], reading.faults.any(Faults::GAP)))
        })
        .collect()
    }

    #[test]
    fn plays_one_after_the_other_with_a_gap_between() {
        let mut replay = Replay::new(set(100.0)).unwrap();
        assert_eq!(all(&mut replay), [(1, false), (2, false), (3, false), (4, true), (5, false)]);
        assert_eq!(replay.read(Micros(0), &mut [0; CHANNELS]), Err(SensorError::End));
        assert!(replay.control().play(1) && !replay.control().play(2));
        assert_eq!(all(&mut replay), [(4, true), (5, false)]);
        let told: Vec<(usize, String, bool)> =
            std::iter::from_fn(|| replay.control().news()).map(|n| (n.number, n.class, n.anomalous)).collect();
        assert_eq!(told, [(0, "well".into(), false), (1, "ill".into(), true), (1, "ill".into(), true)]);
    }

    #[test]
    fn refuses_what_the_device_cannot_sample() {
        for rate in [1e-6, 2e6] {
            assert!(Replay::new(set(rate)).unwrap_err().contains("hone eval"), "{rate}");
        }
    }

    #[test]
    fn rates_are_played_as_they_are() {
        for (hertz, frames, seconds) in [
            (1000.0, 1000, 1),
            (12.5, 25, 2),
            (102.4, 512, 5),
            (1.0 / 60.0, 1, 60),
            (1.0 / 86_400.0, 1, 86_400),
            (0.003_333_333_333, 1, 300),
            (1e6 / 7.0, 1_000_000, 7),
            (48_000.0, 48_000, 1),
        ] {
            assert_eq!(ratio(hertz), Some(Rate::new(frames, seconds)), "{hertz}");
        }
        assert_eq!(Replay::new(set(12.5)).unwrap().info().rate, Rate::new(25, 2));
    }
}
