//! What the ESN under evaluation sees: samples, or feature vectors in a row, made by the device's own code.

use super::budget::Image;
use super::front::cost_facts;
use super::learner::EvalError;
use super::settings::{Table, conflict};
use crate::dataset::{Dataset, Family, Recordings};
use hone_learn::{ClassId, ParamError};
use hone_signal::features::Params;
use hone_signal::{Faults, Micros, Sample, Sequence, Shape, WindowView};

/// The most features of a hop.
const FEATURES: usize = 2048;

/// Settings of the features, and what follows from them for up to `C` inputs.
#[derive(Default)]
pub(super) struct Sight<const C: usize> {
    params: Params,
    image: Option<&'static Image>,
    sequence: Option<Sequence<FEATURES, C>>,
    statistics: Vec<f32>,
    hops: u32,
    memory: Vec<u32>,
}

/// A window as the ESN sees it.
pub(super) struct Seen {
    samples: Vec<Sample>,
    channels: usize,
    time: Micros,
    sequence: u32,
    faults: Faults,
    label: Option<ClassId>,
}

impl Seen {
    pub fn view(&self) -> WindowView<'_> {
        let Self { samples, channels, time, sequence, faults, label } = self;
        WindowView { samples, channels: *channels, time: *time, sequence: *sequence, faults: *faults, label: *label }
    }
}

impl<const C: usize> Sight<C> {
    /// Of what an image computes.
    pub fn within(image: Option<&'static Image>) -> Self {
        Self { image, ..Self::default() }
    }

    /// Starts from the default of the data's family, which is to see samples.
    pub fn adapt(&mut self, set: &Dataset) {
        self.params = match set.family {
            Family::Vibration => Params::vibration(),
            Family::Activity => Params::activity(),
        };
    }

    /// The settings; the seed is the learner's.
    pub fn settings(&self) -> Table {
        let mut table = Table::of(&self.params);
        table.0.retain(|(setting, _)| setting.name != "seed");
        table
    }

    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        hone_learn::Settings::set_text(&mut self.params, key, value)
    }

    /// Whether it is to see features.
    pub fn features(&self) -> bool {
        self.params.steps() > 0
    }

    /// Begins anew, nothing measured; gives channels and frames of what is seen.
    pub fn prepare(&mut self, r: &Recordings) -> Result<(usize, usize), EvalError> {
        let window = Shape { channels: r.channels.len(), frames: r.length };
        let refused =
            |e| EvalError::Setting(format!("feature vectors of windows of {} frames: {}", r.length, conflict(e)));
        self.sequence = Sequence::new(&self.params, window).map_err(refused)?;
        let Some(sequence) = &self.sequence else { return Ok((window.channels, window.frames)) };
        if let Some(image) = self.image {
            let bytes = image.feature_bytes + 4 * image.features;
            image.room("features", sequence.features(), image.features, "FEATURES")?;
            image.room("bytes of work on features", sequence.words(window) * 4, bytes, "FEATURE_WORKSPACE_BYTES")?;
            image.room("frames in a hop", r.length / sequence.steps(), image.feature_frames, "LONG_WINDOWS")?;
        }
        self.memory = vec![0; sequence.words(window)];
        self.statistics = vec![0.0; 2 * sequence.features()];
        self.hops = 0;
        Ok((sequence.inputs(), sequence.steps()))
    }

    /// Bytes of working memory that it takes while a training collects.
    pub fn bytes(&self) -> usize {
        4 * self.memory.len()
    }

    /// Takes the features of a window into what is usual.
    pub fn measure(&mut self, window: &WindowView<'_>) {
        if let Some(sequence) = &self.sequence {
            sequence.measure(window, &mut self.memory, &mut self.statistics, &mut self.hops);
        }
    }

    /// What was measured counts from here on.
    pub fn settle(&mut self) {
        if let Some(sequence) = &mut self.sequence {
            sequence.settle(&self.statistics);
        }
    }

    /// The window as the ESN sees it.
    pub fn see(&mut self, window: &WindowView<'_>) -> Seen {
        let frames = match &self.sequence {
            Some(sequence) => sequence.frames(window, &mut self.memory),
            None => None,
        };
        let seen = frames.as_ref().unwrap_or(window);
        Seen {
            samples: seen.samples.to_vec(),
            channels: seen.channels,
            time: seen.time,
            sequence: seen.sequence,
            faults: seen.faults,
            label: None,
        }
    }

    /// By what windows become feature vectors, where they do, with offset and factor of each feature.
    pub fn pipeline(&self) -> (Option<Table>, Vec<(f32, f32)>) {
        let Some(sequence) = &self.sequence else { return (None, Vec::new()) };
        let mut scaling = Vec::new();
        sequence.scaling(&mut |offset, factor| scaling.push((offset, factor)));
        (Some(Table::of(sequence.params())), scaling)
    }

    /// In a sentence, where it is features; with what a window of them costs.
    pub fn facts(&self, r: &Recordings) -> Vec<(String, String)> {
        let Some(sequence) = &self.sequence else { return vec![] };
        let window = Shape { channels: r.channels.len(), frames: r.length };
        let cost = sequence.hop(window).map(|hop| hop.cost());
        let (steps, features, inputs) = (sequence.steps(), sequence.features(), sequence.inputs());
        let how = if inputs < features { format!(" projected to {inputs}") } else { String::new() };
        let input = ("input".into(), format!("{steps} x {features} features ({}){how}", self.params.name()));
        let mac = cost.map_or(0, |c| steps * (c.mac as usize + features * (1 + inputs)));
        [input].into_iter().chain(cost_facts(mac, 4 * self.memory.len())).collect()
    }
}
