//! Recordings as a sensor: one after the other, at their own rate, with a gap between two.

use crate::dataset::{Data, Dataset, Recordings};
use hone_engine::capacity::CHANNELS;
use hone_engine::{Reading, SensorError, SensorInfo};
use hone_signal::{Channel, Faults, Sample};
use std::sync::Arc;
use std::sync::Mutex;

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
}

impl Control {
    /// Each recording's name and class.
    pub fn names(&self) -> &[(String, String)] {
        &self.names
    }

    /// The recording that plays, or after the last the number of recordings.
    pub fn current(&self) -> usize {
        self.state.lock().map_or(0, |s| s.jump.unwrap_or(s.current))
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

/// The sensor.
#[derive(Debug)]
pub struct Replay {
    recordings: Recordings,
    info: SensorInfo,
    control: Control,
    recording: usize,
    frame: usize,
}

impl Replay {
    /// Plays a data set's recordings.
    ///
    /// # Errors
    /// A sentence that says why the device cannot play it, and what to do.
    pub fn new(set: Dataset) -> Result<Self, String> {
        let name = set.name.clone();
        let Data::Recordings(recordings) = set.data else {
            return Err(format!(
                "{name} is a table without time, which nothing can sample; 'hone eval {name}' learns from it"
            ));
        };
        if recordings.rate_hz < 1.0 {
            return Err(format!(
                "{name} has {} frames a second and the device samples at least one; 'hone eval {name}' takes any rate",
                recordings.rate_hz
            ));
        }
        let channels = recordings.channels.len();
        if channels > CHANNELS {
            eprintln!("note: {name} has {channels} channels; the device samples the first {CHANNELS}");
        }
        let class =
            |index: Option<usize>| index.and_then(|i| set.classes.get(i)).map_or_else(String::new, |c| c.name.clone());
        let names = recordings.recordings.iter().map(|r| (r.name.clone(), class(r.windows.first().map(|w| w.class))));
        let control = Control { names: Arc::new(names.collect()), state: Arc::default() };
        let info = SensorInfo {
            // As long as the program: there is one replay.
            name: Box::leak(format!("recordings of {name}").into_boxed_str()),
            rate_hz: recordings.rate_hz.round() as u32,
            channels: channels.min(CHANNELS) as u8,
            channel: recordings.channels.first().copied().unwrap_or(Channel::default()),
        };
        Ok(Self { recordings, info, control, recording: 0, frame: 0 })
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
    /// [`SensorError::End`] after the last one.
    pub fn read(&mut self, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        let mut faults = Faults::NONE;
        if let Some(jump) = self.control.state.lock().ok().and_then(|mut s| s.jump.take()) {
            (self.recording, self.frame) = (jump, 0);
            faults = Faults::GAP;
        }
        let width = self.recordings.channels.len();
        loop {
            if let Ok(mut state) = self.control.state.lock() {
                state.current = self.recording;
            }
            let recording = self.recordings.recordings.get(self.recording).ok_or(SensorError::End)?;
            let at = self.frame * width;
            if let Some(samples) = recording.samples.get(at..at + width) {
                faults = faults.with(recording.faults.get(self.frame).copied().unwrap_or(Faults::NONE));
                for (sample, value) in frame.iter_mut().zip(samples) {
                    *sample = *value;
                }
                self.frame += 1;
                return Ok(Reading { faults });
            }
            (self.recording, self.frame) = (self.recording + 1, 0);
            faults = Faults::GAP;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Class, Recording};
    use crate::dataset::{Family, Task};
    use hone_learn::ClassId;

    fn set(rate_hz: f64) -> Dataset {
        let recording = |name: &str, samples: &[Sample]| Recording {
            name: name.into(),
            samples: samples.to_vec(),
            faults: vec![Faults::NONE; samples.len()],
            windows: Vec::new(),
        };
        Dataset {
            name: "two".into(),
            title: String::new(),
            task: Task::Anomaly,
            classes: vec![Class { id: ClassId(0), name: "normal".into(), anomalous: false }],
            family: Family::default(),
            data: Data::Recordings(Recordings {
                rate_hz,
                length: 2,
                step: 2,
                channels: vec![Channel::default()],
                channel_names: vec!["x".into()],
                recordings: vec![recording("a", &[1, 2, 3]), recording("b", &[4, 5])],
            }),
        }
    }

    fn all(replay: &mut Replay) -> Vec<(Sample, bool)> {
        let mut frame = [0; CHANNELS];
        std::iter::from_fn(|| {
            let reading = replay.read(&mut frame).ok()?;
            Some((frame[0], reading.faults.any(Faults::GAP)))
        })
        .collect()
    }

    #[test]
    fn plays_one_after_the_other_with_a_gap_between() {
        let mut replay = Replay::new(set(100.0)).unwrap();
        assert_eq!(all(&mut replay), [(1, false), (2, false), (3, false), (4, true), (5, false)]);
        assert_eq!(replay.read(&mut [0; CHANNELS]), Err(SensorError::End));
        assert!(replay.control().play(1) && !replay.control().play(2));
        assert_eq!(all(&mut replay), [(4, true), (5, false)]);
    }

    #[test]
    fn refuses_what_the_device_cannot_sample() {
        assert!(Replay::new(set(0.01)).unwrap_err().contains("hone eval"));
    }
}
