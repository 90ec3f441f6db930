//! The RCE under evaluation.

use super::budget::{self, Image};
use super::form;
use super::front::{Front, shuffle};
use super::learner::{EvalError, Input, Judged, Learner, Smaller, Training};
use super::save::{Saved, payload};
use super::settings::{Table, shown};
use crate::dataset::{Dataset, Family, Part, Task};
use hone_engine::data::order::JobFault;
use hone_engine::learners;
use hone_learn::learner::Form;
use hone_learn::{ClassId, ParamError, Report, Settings};
use hone_numeric::quantize::features::FeatureRow;
use hone_rce::{Error, LAYOUT, LAYOUT_INTEGER, Model, Params, QuantizeError, QuantizedModel, inference_mac};

/// Why there is no such form.
fn refused(error: QuantizeError) -> EvalError {
    form::refused(JobFault::Learner(learners::Fault::Rce(hone_rce::learner::Fault::Quantize(error))))
}

/// An RCE whose model has `WORDS` words.
pub struct Rce<const WORDS: usize> {
    params: Params,
    /// Whether the user has set the number of prototypes, so that less than that is an error.
    fixed: bool,
    /// What it learns within, and as.
    image: Option<&'static Image>,
    front: Front,
    width: usize,
    model: Box<Model<WORDS>>,
    /// The same in integers.
    quantized: Option<Box<QuantizedModel<WORDS>>>,
    scratch: Vec<u32>,
}

/// Thousands of prototypes in `f32`.
pub type Unbounded = Rce<1_000_000>;

impl<const WORDS: usize> Rce<WORDS> {
    /// One that learns as an image does; without one, with the capacities of its type.
    pub fn within(image: Option<&'static Image>) -> Self {
        Self {
            params: Params::default(),
            fixed: false,
            front: Front::within(image),
            image,
            width: 0,
            model: Box::new(Model::new()),
            quantized: None,
            scratch: Vec::new(),
        }
    }
}

impl<const WORDS: usize> Learner for Rce<WORDS> {
    fn name(&self) -> &'static str {
        "rce"
    }

    fn settings(&self) -> Table {
        let mut table = Table::of(&self.params);
        table.0.extend(self.front.settings().0);
        table
    }

    fn adapt(&mut self, set: &Dataset) {
        self.front.adapt(set);
        self.params = match set.family {
            Family::Vibration => Params::vibration(),
            Family::Activity => Params::activity(),
        };
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        match self.params.set_text(key, value) {
            Err(ParamError::NoSuchSetting) => self.front.set(key, value),
            other => {
                self.fixed |= key == "prototypes" && other.is_ok();
                other
            }
        }
    }

    fn serves(&self, set: &Dataset) -> Result<(), String> {
        match set.task {
            Task::Anomaly | Task::Classification => Ok(()),
            Task::Regression => Err(format!("{} asks for a number to be predicted; use --learner linear", set.name)),
        }
    }

    fn fits(&mut self, set: &Dataset) -> Result<(), EvalError> {
        self.begin(set)
    }

    fn train(&mut self, set: &Dataset, tick: &mut dyn FnMut()) -> Result<Training, EvalError> {
        self.begin(set)?;
        let (mut examples, refused) = self.front.examples(set, Part::Train)?;
        if self.image.is_none() {
            shuffle(&mut examples, self.front.seed());
        }
        for example in &examples {
            self.learn(&Input::Row(&example.features), example.class)?;
            tick();
        }
        Ok(Training { windows: examples.len(), refused, ..self.described(examples.len())? })
    }

    fn convert(&mut self, _: &Dataset, form: Form) -> Result<Smaller, EvalError> {
        let precision = form.precision().ok_or_else(|| form::refused(JobFault::NoSuchForm))?;
        let stored = |e| EvalError::Learner(format!("the model cannot be stored: {e}"));
        let before = postcard::to_allocvec(&*self.model).map_err(stored)?.len();
        let mut words = vec![0; WORDS];
        self.model.quantize(precision, &mut words).map_err(refused)?;
        let mut smaller = Box::new(QuantizedModel::<WORDS>::new());
        smaller.take(&words).map_err(|s| refused(QuantizeError::Capacity(s)))?;
        let bytes = postcard::to_allocvec(&*smaller).map_err(stored)?.len();
        let model_ram_bytes = smaller.used() * 4 + size_of::<QuantizedModel<0>>();
        self.quantized = Some(smaller);
        Ok(Smaller { weights: [before, bytes], model_bytes: bytes, model_ram_bytes, ..Smaller::default() })
    }

    fn saved(&self, report: Option<Report>) -> Result<Saved, EvalError> {
        self.front.savable()?;
        let (layout, payload) = match &self.quantized {
            Some(model) => (LAYOUT_INTEGER, payload(&**model)?),
            None => (LAYOUT, payload(&*self.model)?),
        };
        let (parameters, pipeline) = (Table::of(&self.params), self.front.pipeline());
        Ok(Saved { layout, parameters, pipeline, report, payload, ..Saved::default() })
    }

    fn infer(&mut self, input: &Input) -> Result<Judged, EvalError> {
        let features = self.front.features(input)?;
        if let Some(quantized) = &self.quantized {
            let mut scratch = vec![0.0; features.len()];
            let answer =
                quantized.infer(&FeatureRow::Float(features), &mut scratch).ok_or_else(|| explain(Error::NotBegun))?;
            return Ok(Judged { verdict: answer.verdict, warm: true, nearest: answer.nearest, distance: None });
        }
        let answer = self.model.infer(features, &mut self.scratch).map_err(explain)?;
        Ok(Judged {
            verdict: answer.verdict,
            warm: true,
            nearest: answer.nearest,
            distance: Some(answer.nearest_distance),
        })
    }

    fn begin(&mut self, set: &Dataset) -> Result<(), EvalError> {
        self.width = self.front.prepare(set, false)?;
        if !self.fixed {
            self.params = self.params.fitted(self.width, WORDS);
        }
        let checked = self.params.check(self.width, WORDS).map_err(|e| budget::refused(self.image, e))?;
        self.quantized = None;
        self.model.erase();
        self.model.begin(&checked).map_err(explain)?;
        self.scratch = vec![0; self.model.scratch_words()];
        Ok(())
    }

    fn learn(&mut self, input: &Input, class: ClassId) -> Result<(), EvalError> {
        let features = self.front.features(input)?;
        self.model.learn(features, class, &mut self.scratch).map(|_| ()).map_err(explain)
    }

    fn features(&mut self, input: &Input) -> Result<Vec<f32>, EvalError> {
        self.front.features(input).map(<[f32]>::to_vec)
    }

    fn prototypes(&self) -> usize {
        self.model.prototypes()
    }

    fn described(&self, learnt: usize) -> Result<Training, EvalError> {
        let model_bytes = postcard::to_allocvec(&*self.model)
            .map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e}")))?
            .len();
        let (h, n) = (self.model.prototypes() as u64, self.width as u64);
        let statistics = self.model.statistics();
        let mut facts = vec![
            ("prototypes".into(), format!("{h} of {}", self.model.capacity())),
            ("features".into(), n.to_string()),
            ("MAC per inference, h(5n+10)".into(), inference_mac(h, n).to_string()),
            ("MAC of all learning".into(), inference_mac(h, n).saturating_mul(learnt as u64).to_string()),
            ("  by prototypes visited".into(), (statistics.visited * inference_mac(1, n)).to_string()),
            ("pruned, refused".into(), format!("{}, {}", statistics.pruned, statistics.refused)),
        ];
        facts.extend(self.counted());
        facts.extend(self.front.facts());
        Ok(Training {
            windows: learnt,
            model_bytes,
            model_ram_bytes: self.params.required_words(self.width) * 4 + size_of::<Model<0>>(),
            workspace_bytes: self.model.scratch_words() * 4,
            score: "unknown score".into(),
            facts,
            ..Training::default()
        })
    }

    fn seed(&self) -> u64 {
        self.front.seed()
    }
}

/// Instructions counted on the emulated Cortex-M4F, as committed: `cargo xtask bench` makes the file.
const COUNTS: &str = include_str!("../../../../counts/rustc-1.96.0-core-source.toml");

impl<const WORDS: usize> Rce<WORDS> {
    /// Counted instructions per feature and prototype visited, and of an inference and of all learning by that rate;
    /// nothing for metrics and stores without a count.
    fn counted(&self) -> Vec<(String, String)> {
        let value = |name: &str| {
            let index = Params::SETTINGS.iter().position(|s| s.name == name)?;
            let (setting, value) = (Params::SETTINGS.get(index)?, self.params.get(index)?);
            Some(shown(setting, value))
        };
        let (Some(store), Some(metric)) = (value("store"), value("metric")) else { return Vec::new() };
        let n = self.width as f64;
        let (here, all) = (self.model.prototypes() as f64 * n, self.model.statistics().visited as f64 * n);
        let of = |what: &str, units: f64| {
            let rate = rate(&format!("rce/{what}/{store}/{metric}"))?;
            Some((format!("instructions, {what}"), format!("{:.0} ({rate:.2} per feature visited)", rate * units)))
        };
        [of("infer", here), of("learn", all)].into_iter().flatten().collect()
    }
}

/// Features of the windows that the benchmark learns.
const BENCH_FEATURES: f64 = 48.0;

/// Instructions per feature and prototype visited: the row is `"NAME VISITED" = INSTRUCTIONS`.
fn rate(name: &str) -> Option<f64> {
    let row = COUNTS.lines().find_map(|l| l.strip_prefix('"')?.strip_prefix(name)?.strip_prefix(' '))?;
    let (visited, instructions) = row.split_once("\" = ")?;
    Some(instructions.trim().parse::<f64>().ok()? / (visited.parse::<f64>().ok()? * BENCH_FEATURES))
}

fn explain(error: Error) -> EvalError {
    EvalError::Learner(match error {
        Error::NotBegun => "nothing has been learnt".into(),
        Error::Features { expected, got } => format!("a window has {got} features, the model takes {expected}"),
        Error::Memory(s) => format!("the model needs {} bytes, the budget has {}", s.needed, s.available),
    })
}
