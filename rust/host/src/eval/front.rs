//! What classifiers see: features of windows by the device's own extractors, or a table's rows as they are.

use super::budget::Image;
use super::learner::{EvalError, Input, Learner};
use super::settings::{Table, conflict};
use super::table::{LargeVae, Of};
use crate::dataset::{Data, Dataset, Family, Part};
use hone_engine::learners::ROW_NUMBERS;
use hone_learn::setting::{choice, int};
use hone_learn::{ClassId, ParamError, SetError, SetMut, Settings, Value, Workspace, choices, settings};
use hone_numeric::rng::Rng;
use hone_signal::features::Params;
use hone_signal::{Extractor, Shape};

choices! {
    /// Whose model makes rows of the features.
    enum Encoder {
        /// The features are learnt as they are.
        None = "none",
        /// An autoencoder's, whose means they become.
        Vae = "vae",
    }
}

settings! {
    /// What becomes of the features before they are learnt.
    struct Rows {
        /// whose model, trained on all rows without labels, makes rows of the features
        encoder: Encoder = Encoder::None, "encoder", choice(Encoder::WORDS), "";
        /// latent numbers of the encoder, and so of a row
        code: u16 = 4, "code", int(1, 64), "";
        /// rows of each class that have a label, drawn by the seed; 0: all
        labels: u16 = 0, "labels", int(0, 10_000), "";
    }
}

/// The extractors' settings, and once prepared the extractor, and the encoder behind it.
#[derive(Default)]
pub(super) struct Front {
    params: Params,
    rows: Rows,
    encoder: Option<Box<Of<LargeVae>>>,
    code: Vec<f32>,
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

    /// Of these features.
    pub fn of(params: Params) -> Self {
        Self { params, ..Self::default() }
    }

    /// Whether what is learnt is of windows alone.
    ///
    /// # Errors
    /// It is of an encoder's model, too.
    pub fn savable(&self) -> Result<(), EvalError> {
        let text = "--save writes one model, and this one is of no use without its encoder: train both on the device";
        if self.encoder.is_some() { Err(EvalError::NotServed(text.into())) } else { Ok(()) }
    }

    /// Starts from the default of the data's family.
    pub fn adapt(&mut self, set: &Dataset) {
        self.params = match set.family {
            Family::Vibration => Params::vibration(),
            Family::Activity => Params::activity(),
        };
    }

    pub fn settings(&self) -> Table {
        let mut table = Table::of(&self.params);
        table.0.extend(Table::of(&self.rows).0);
        table
    }

    pub fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        match self.rows.set_text(key, value) {
            Err(ParamError::NoSuchSetting) => self.params.set_text(key, value),
            done => done,
        }
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
        let width = self.extractors(set, samples)?;
        if self.rows.encoder == Encoder::None {
            return Ok(width);
        }
        if self.image.is_some() {
            return Err(EvalError::NotServed("an encoder is evaluated with --budget none".into()));
        }
        if self.encoder.is_none() {
            let mut encoder = Box::new(Of::<LargeVae>::encoder(self.params));
            let settings = [("latent", u64::from(self.rows.code)), ("seed", self.seed())];
            for (key, value) in settings {
                encoder.set(key, &value.to_string()).map_err(|e| EvalError::Setting(conflict(e)))?;
            }
            encoder.train(set, &mut || ())?;
            self.encoder = Some(encoder);
        }
        Ok(self.rows.code.into())
    }

    fn extractors(&mut self, set: &Dataset, samples: bool) -> Result<usize, EvalError> {
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
        let samples = self.extractor.as_ref().filter(|e| e.is_samples() && self.encoder.is_none());
        samples.map_or(1, |e| e.shape().frames as u16)
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
        if self.encoder.is_some() {
            return vec![("numbers of the encoder".into(), self.rows.code.to_string())];
        }
        let cost = self.extractor.as_ref().map(Extractor::cost);
        cost.map_or(vec![], |c| cost_facts(c.mac as usize, c.workspace + 4 * c.features))
    }

    /// The features of one window or row, or what the encoder makes of them.
    pub fn features<'a>(&'a mut self, input: &Input<'a>) -> Result<&'a [f32], EvalError> {
        if let Some(mut encoder) = self.encoder.take() {
            let made = encoder.encode(input);
            self.encoder = Some(encoder);
            self.code = made?;
            return Ok(&self.code);
        }
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
        if self.rows.labels > 0 && part == Part::Train {
            shuffle(&mut examples, self.seed());
            let mut left = vec![self.rows.labels; set.classes.len()];
            let place = |class: ClassId| set.classes.iter().position(|c| c.id == class);
            examples.retain(|example| {
                let left = place(example.class).and_then(|place| left.get_mut(place));
                left.is_some_and(|left| core::mem::replace(left, left.saturating_sub(1)) > 0)
            });
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
