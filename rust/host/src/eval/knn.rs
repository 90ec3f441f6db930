//! k nearest neighbours under evaluation, by the contract of a learner, with the capacities of each image.

use super::budget::{self, Image};
use super::form;
use super::front::Front;
use super::learner::{EvalError, Input, Judged, Learner, Training};
use super::save::Saved;
use super::settings::Table;
use crate::dataset::{Data, Dataset, Family, Part, Task};
use hone_engine::data::order::JobFault;
use hone_engine::learners;
use hone_knn::{Checked, Fault, LEAST_WINDOWS, Model, Params, Scratch};
use hone_learn::learner::{Given, Input as Seen, Learner as Contract, Lent, Setup, Shape};
use hone_learn::sink::Counter;
use hone_learn::{Faults, Micros, ParamError, Progress, Report, Settings, WindowView, alarm};

/// Neighbours among up to `ROWS` rows in `WORDS` words, of up to `D` features.
pub struct Knn<const WORDS: usize, const ROWS: usize, const D: usize> {
    params: Params,
    alarm: alarm::Params,
    front: Front,
    image: Option<&'static Image>,
    /// Windows to keep, and to set the threshold by, of the data.
    shares: [usize; 2],
    model: Box<Model<WORDS, ROWS, D>>,
    scratch: Box<Scratch<D>>,
}

type Of<const WORDS: usize, const ROWS: usize, const D: usize> = hone_knn::Knn<WORDS, ROWS, D>;

/// Features of the largest windows, and as many rows as an image keeps by default.
const FEATURES: usize = 4096;
const ROWS: usize = 72;
/// With room for any features.
pub type Unbounded = Knn<{ hone_knn::model_words(ROWS, FEATURES) }, ROWS, FEATURES>;

impl<const WORDS: usize, const ROWS: usize, const D: usize> Knn<WORDS, ROWS, D> {
    /// One that learns as an image does.
    pub fn within(image: Option<&'static Image>) -> Self {
        Self {
            params: Params::DEFAULT,
            alarm: alarm::Params::DEFAULT,
            front: Front::within(image),
            image,
            shares: [0; 2],
            model: Box::new(Model::EMPTY),
            scratch: Box::new(<Of<WORDS, ROWS, D> as Contract>::SCRATCH),
        }
    }

    fn check(&mut self, set: &Dataset) -> Result<(Checked, Setup), EvalError> {
        let inputs = self.front.prepare(set, false)? as u16;
        let seconds = set.recordings().map_or(1.0, |r| r.step as f64 / r.rate_hz);
        let setup = Setup {
            shape: Shape { inputs, frames: 1 },
            false_alarms: self.alarm.per_window(seconds as f32),
            ..Setup::default()
        };
        let [keep, calibrate] = self.shares;
        let asked = usize::from(self.params.windows) + usize::from(self.params.calibrate);
        if asked > keep + calibrate {
            return Err(EvalError::Setting(format!(
                "knn takes {asked} windows to learn from and {} has {}; set windows and calibrate to {} in all, of \
                 which each takes {LEAST_WINDOWS} at least",
                set.name,
                keep + calibrate,
                keep + calibrate
            )));
        }
        let checked = Of::<WORDS, ROWS, D>::check(&self.params, &setup).map_err(|e| budget::refused(self.image, e))?;
        Ok((checked, setup))
    }
}

/// A row, with what its window says of the stream.
fn seen<'a>(row: &'a [f32], faults: Faults, sequence: u32) -> Seen<'a> {
    let window = WindowView { samples: &[], channels: 1, time: Micros(0), sequence, faults, label: None };
    Seen { window, row, beside: None }
}

impl<const WORDS: usize, const ROWS: usize, const D: usize> Learner for Knn<WORDS, ROWS, D> {
    fn name(&self) -> &'static str {
        "knn"
    }

    fn settings(&self) -> Table {
        let mut table = Table::of(&self.params);
        table.0.extend(Table::of(&self.alarm).0.into_iter().filter(|(s, _)| s.name == PER_DAY));
        table.0.extend(self.front.settings().0);
        table
    }

    /// Windows to keep are those to train on, the threshold is set by those to calibrate on; where there are none of these, by a
    /// third. As many bands as the image has room for.
    fn adapt(&mut self, set: &Dataset) {
        self.front.adapt(set);
        if let (Some(image), Some(r), Family::Vibration) = (self.image, set.recordings(), set.family) {
            let most = (image.features / r.channels.len().max(1)).clamp(1, 24);
            let known = self.front.set("bands", &most.to_string());
            debug_assert!(known.is_ok());
        }
        let (train, calibrate) = (set.count(Part::Train), set.count(Part::Calibrate));
        let all = train + calibrate;
        let calibrate = if calibrate < usize::from(LEAST_WINDOWS) { all / 3 } else { calibrate };
        self.shares = [all - calibrate, calibrate];
        let bounded = |n: usize| n.clamp(LEAST_WINDOWS.into(), 60_000) as u16;
        (self.params.windows, self.params.calibrate) = (bounded(all - calibrate), bounded(calibrate));
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        if key == PER_DAY {
            return self.alarm.set_text(key, value);
        }
        match self.params.set_text(key, value) {
            Err(ParamError::NoSuchSetting) => self.front.set(key, value),
            other => other,
        }
    }

    fn serves(&self, set: &Dataset) -> Result<(), String> {
        match set.task {
            Task::Anomaly => Ok(()),
            Task::Classification => {
                Err(format!("{} has classes to tell apart; use --learner svm, rce or net", set.name))
            }
            Task::Regression => Err(format!("{} asks for a number to be predicted; use --learner linear", set.name)),
        }
    }

    fn fits(&mut self, set: &Dataset) -> Result<(), EvalError> {
        self.check(set).map(|_| ())
    }

    fn train(&mut self, set: &Dataset, tick: &mut dyn FnMut()) -> Result<Training, EvalError> {
        let (checked, setup) = self.check(set)?;
        let bytes = Of::<WORDS, ROWS, D>::required(&checked, &setup).bytes;
        let mut workspace = vec![0u32; bytes.div_ceil(4)];
        let mut trainer = Of::<WORDS, ROWS, D>::begin(&checked);
        *self.model = Model::EMPTY;
        let mut report = None;
        let mut take = |row: &[f32], faults: Faults, sequence: u32| -> Result<(), EvalError> {
            tick();
            if report.is_some() {
                return Ok(());
            }
            let lent =
                Lent { model: &mut *self.model, earlier: None, workspace: &mut workspace, budget: super::table::STEP };
            let given = Given::Window(seen(row, faults, sequence));
            let stepped = Of::<WORDS, ROWS, D>::step(&mut trainer, &given, lent).map_err(refused)?;
            if let Progress::Done(done) = stepped {
                report = Some(done);
            }
            Ok(())
        };
        let mut faulty = 0;
        match &set.data {
            Data::Table(t) => {
                let rows =
                    [Part::Train, Part::Calibrate].into_iter().flat_map(|p| t.rows.iter().filter(move |r| r.part == p));
                for (row, sequence) in rows.zip(0..) {
                    take(&row.features, Faults::NONE, sequence)?;
                }
            }
            Data::Recordings(r) => {
                for part in [Part::Train, Part::Calibrate] {
                    faulty += r.refused(part).values().sum::<usize>();
                    for (recording, window) in r.windows(part) {
                        let held = r.held(recording, window, &set.classes)?;
                        let row = self.front.features(&Input::Window(held.view()))?;
                        take(row, window.faults, window.sequence)?;
                    }
                }
            }
        }
        let report: Report = report.ok_or_else(|| {
            EvalError::NotServed("knn needs more windows than there are to train on that are without faults".into())
        })?;
        <Of<WORDS, ROWS, D> as Contract>::prepare(&self.model, &mut self.scratch);
        let mut counter = Counter::default();
        self.model.write(&mut counter).map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e:?}")))?;
        let limits = self.model.limits();
        let mut facts = vec![
            ("features".to_owned(), self.model.features().to_string()),
            ("rows kept".to_owned(), format!("{} of {}", self.model.rows(), self.params.windows)),
            ("false alarms a window, at most".to_owned(), format!("{:.2e}", limits.chance)),
            ("margin for few windows".to_owned(), format!("{:.3}", limits.margin(self.params.average))),
        ];
        if let Some((usual, threshold)) = limits.distances(self.params.average) {
            facts.push(("distance, usual and at the threshold".into(), format!("{usual:.3}, {threshold:.3}")));
        }
        facts.extend(self.front.facts());
        Ok(Training {
            windows: self.params.windows.into(),
            calibrate_windows: self.params.calibrate.into(),
            refused: faulty,
            model_bytes: counter.0 as usize,
            model_ram_bytes: size_of::<Model<WORDS, ROWS, D>>(),
            workspace_bytes: bytes,
            report: Some(report),
            // A verdict comes with the first window.
            average: 1,
            threshold: Some(1.0),
            score: "level, 1 at the threshold".into(),
            facts,
            ..Training::default()
        })
    }

    fn infer(&mut self, input: &Input) -> Result<Judged, EvalError> {
        let faults = match input {
            Input::Window(window) => window.faults,
            Input::Row(_) => Faults::NONE,
        };
        if faults.any(Faults::GAP) {
            <Of<WORDS, ROWS, D> as Contract>::reset(&mut self.scratch);
        }
        let row = self.front.features(input)?;
        let answer = <Of<WORDS, ROWS, D> as Contract>::infer(&self.model, &seen(row, faults, 0), &mut self.scratch);
        let answer =
            answer.ok_or_else(|| EvalError::Learner("a window has other features than those learnt".into()))?;
        Ok(Judged { verdict: answer.verdict, warm: answer.warm, nearest: None, distance: None })
    }

    fn saved(&self, report: Option<Report>) -> Result<Saved, EvalError> {
        let mut payload = Vec::new();
        let written = self.model.write(&mut |part: &[u8]| {
            payload.extend_from_slice(part);
            Ok(())
        });
        written.map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e:?}")))?;
        Ok(Saved {
            layout: hone_knn::LAYOUT,
            parameters: Table::of(&self.params),
            pipeline: self.front.pipeline(),
            report,
            payload,
            ..Saved::default()
        })
    }
}

/// The setting of the alarms that a threshold heeds.
const PER_DAY: &str = "per-day";

fn refused(fault: Fault) -> EvalError {
    form::refused(JobFault::Learner(learners::Fault::Knn(fault)))
}
