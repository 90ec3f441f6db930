//! What classifiers see: features of windows by the device's own extractors, or a table's rows as they are.

use super::budget::Image;
use super::learner::{EvalError, Input};
use super::settings::{Table, conflict};
use crate::dataset::{Data, Dataset, Family, Part};
use hone_engine::learners::ROW_NUMBERS;
use hone_learn::{ClassId, ParamError, SetError, SetMut, Settings, Value, Workspace};
use hone_numeric::rng::Rng;
use hone_signal::features::Params;
use hone_signal::{Extractor, Shape};

/// The extractors' settings, and once prepared the extractor.
#[derive(Debug, Default)]
pub(super) struct Front {
    params: Params,
    image: Option<&'static Image>,
    extractor: Option<Extractor>,
    scratch: Vec<u32>,
    out: Vec<f32>,
}

/// Multiply-accumulates of a window's features, and the bytes that they and the work on them take.
pub(super) fn cost_facts(mac: usize, bytes: usize) -> Vec<(String, String)> {
    vec![
        ("MAC per window's features".into(), mac.to_string()),
        ("memory for a window's features".into(), format!("{bytes} B")),
    ]
}

/// A row to learn from.
#[derive(Clone, Debug)]
pub(super) struct Example {
    pub features: Vec<f32>,
    pub class: ClassId,
}

impl Front {
    /// Of what an image computes.
    pub fn within(image: Option<&'static Image>) -> Self {
        Self { image, ..Self::default() }
    }

    /// Starts from the default of the data's family.
    pub fn adapt(&mut self, set: &Dataset) {
        self.params = match set.family {
            Family::Vibration => Params::vibration(),
            Family::Activity => Params::activity(),
        };
    }

    pub fn settings(&self) -> Table {
        Table::of(&self.params)
    }

    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        self.params.set_text(key, value)
    }

    /// Seed of the random weights, and of the order in which rows are presented.
    pub fn seed(&self) -> u64 {
        let index = Params::SETTINGS.iter().position(|s| s.name == "seed");
        match index.and_then(|i| self.params.get(i)) {
            Some(Value::Int(seed)) => u64::from(seed.unsigned_abs()),
            _ => 1,
        }
    }

    /// Checks the settings against the data; gives the number of features. `samples`: of the learner who sees them, rows of a window's
    /// samples have room of their own.
    pub fn prepare(&mut self, set: &Dataset, samples: bool) -> Result<usize, EvalError> {
        match &set.data {
            Data::Table(t) => {
                self.room(t.names.len(), 0, 0)?;
                Ok(t.names.len())
            }
            Data::Recordings(r) => {
                let shape = Shape { channels: r.channels.len(), frames: r.length };
                let extractor = self.params.check(shape).map_err(|e| {
                    EvalError::Setting(format!("features of windows of {} frames: {}", r.length, conflict(e)))
                })?;
                if extractor.is_samples() && samples {
                    let room =
                        |image: &Image| image.room("samples in a row", extractor.len(), ROW_NUMBERS, "NET_SAMPLES");
                    self.image.map_or(Ok(()), room)?;
                } else {
                    self.room(extractor.len(), extractor.required(), r.length)?;
                }
                self.scratch = vec![0; extractor.required().div_ceil(4)];
                self.out = vec![0.0; extractor.len()];
                let width = extractor.len();
                self.extractor = Some(extractor);
                Ok(width)
            }
        }
    }

    /// Frames that the numbers of a row are: a window's, where they are its samples.
    pub fn row_frames(&self) -> u16 {
        self.extractor.as_ref().filter(|e| e.is_samples()).map_or(1, |e| e.shape().frames as u16)
    }

    fn room(&self, features: usize, bytes: usize, frames: usize) -> Result<(), EvalError> {
        let Some(image) = self.image else { return Ok(()) };
        image.room("features", features, image.features, "FEATURES")?;
        image.room("bytes of work on features", bytes, image.feature_bytes, "FEATURE_WORKSPACE_BYTES")?;
        image.room("frames in a window with features", frames, image.feature_frames, "LONG_WINDOWS")
    }

    /// By what windows became features, where they did.
    pub fn pipeline(&self) -> Option<Table> {
        self.extractor.as_ref().map(|extractor| Table::of(extractor.params()))
    }

    /// What a window's features take, where there are windows.
    pub fn facts(&self) -> Vec<(String, String)> {
        let cost = self.extractor.as_ref().map(Extractor::cost);
        cost.map_or(vec![], |c| cost_facts(c.mac as usize, c.workspace + 4 * c.features))
    }

    /// The features of one window or row.
    pub fn features<'a>(&'a mut self, input: &Input<'a>) -> Result<&'a [f32], EvalError> {
        match input {
            Input::Row(row) => Ok(row),
            Input::Window(window) => {
                let unprepared = || EvalError::Learner("the features were not prepared".into());
                let extractor = self.extractor.as_ref().ok_or_else(unprepared)?;
                extractor.extract(window, Workspace::new(&mut self.scratch), &mut self.out).map_err(|_| {
                    EvalError::Learner("a window is not of the shape that its features were prepared for".into())
                })?;
                Ok(&self.out)
            }
        }
    }

    /// The rows of a part in the order of the data, and how many windows were left out for their faults.
    pub fn examples(&mut self, set: &Dataset, part: Part) -> Result<(Vec<Example>, usize), EvalError> {
        let class = |i: usize| set.classes.get(i).map_or(ClassId(u16::MAX), |c| c.id);
        let (mut examples, mut refused) = (Vec::new(), 0);
        match &set.data {
            Data::Table(t) => {
                for row in t.rows.iter().filter(|r| r.part == part) {
                    examples.push(Example { features: row.features.clone(), class: class(row.class) });
                }
            }
            Data::Recordings(r) => {
                refused = r.refused(part).values().sum();
                for (recording, window) in r.windows(part) {
                    let held = r.held(recording, window, &set.classes)?;
                    let features = self.features(&Input::Window(held.view()))?.to_vec();
                    examples.push(Example { features, class: class(window.class) });
                }
            }
        }
        Ok((examples, refused))
    }
}

/// Takes rows into a training set as the device does: classes share the room of a full set, and rows without a label find none.
pub(super) fn collect(
    set: &mut SetMut<'_>,
    examples: &[Example],
    labelled: bool,
    tick: &mut dyn FnMut(),
) -> Result<(), EvalError> {
    for (example, offered) in examples.iter().zip(1..) {
        let label = labelled.then_some(example.class);
        let mut pushed = set.push(&example.features, label);
        if let (Err(SetError::Full { .. }), Some(class)) = (pushed, label)
            && set.make_room(class, offered).is_some()
        {
            pushed = set.push(&example.features, label);
        }
        match pushed {
            Ok(()) | Err(SetError::Full { .. }) => tick(),
            Err(SetError::NotUsable { feature }) => {
                return Err(EvalError::Learner(format!(
                    "feature {feature} of a window or row is not a number, or beyond 1e18; give it in other units"
                )));
            }
            Err(_) => {
                return Err(EvalError::Learner("a row does not have the same features as those before it".into()));
            }
        }
    }
    Ok(())
}

/// Shuffles by Fisher and Yates with the device's generator.
pub(super) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut rng = Rng::new(seed);
    for i in (1..items.len()).rev() {
        items.swap(i, rng.below(i as u32 + 1) as usize);
    }
}
