//! The ESN under evaluation.

use super::budget::{self, Image};
use super::form::refused;
use super::learner::{EvalError, Input, Judged, Learner, Smaller, Training};
use super::save::{Saved, payload};
use super::settings::{Table, conflict};
use super::sight::{Seen, Sight};
use crate::dataset::{Dataset, Held, Part, Recording, Recordings, Task, UNFIT_TO_LEARN, Window};
use hone_engine::data::order::JobFault;
use hone_engine::learners;
use hone_esn::learner::Fault;
use hone_esn::{
    Checked, IntegerModel, IntegerScratch, LAYOUT_INTEGER, Model, Params, Quantization, QuantizeError, Scratch, Shape,
    Threshold, TrainError, Trainer, Wants, Weight, in_sample_threshold, required,
};
use hone_learn::learner::Form;
use hone_learn::{ParamError, Progress, Report, Settings};
use hone_signal::WindowView;

/// Why there is no such form.
fn fault(fault: Fault) -> EvalError {
    refused(JobFault::Learner(learners::Fault::Esn(fault)))
}

/// An ESN of up to `N` units, `C` channels and `E` non-zero reservoir weights.
pub struct Esn<const N: usize, const C: usize, const E: usize> {
    params: Params,
    /// Lengths of phases that the user has set; the others follow from the manifest's split.
    fixed: Phases,
    sight: Sight<C>,
    /// What it learns within, and as.
    image: Option<&'static Image>,
    model: Box<Model<N, C, E>>,
    scratch: Box<Scratch<N, C>>,
    /// In place of the model, once converted.
    integer: Option<Integer<N, C, E>>,
    integer_scratch: Box<IntegerScratch<N, C>>,
}

/// The model in integers.
enum Integer<const N: usize, const C: usize, const E: usize> {
    Int8(Box<IntegerModel<i8, N, C, E>>),
    Fixed(Box<IntegerModel<i16, N, C, E>>),
}

#[derive(Clone, Copy, Default)]
struct Phases {
    scale: bool,
    fit: bool,
    calibrate: bool,
}

/// As large as settings can ask for.
pub type Unbounded = Esn<512, 16, 262_144>;

impl<const N: usize, const C: usize, const E: usize> Esn<N, C, E> {
    /// One that learns as an image does; without one, with the capacities of its type.
    pub fn within(image: Option<&'static Image>) -> Self {
        Self {
            params: Params::DEFAULT,
            fixed: Phases::default(),
            sight: Sight::within(image),
            image,
            model: Box::new(Model::new()),
            scratch: Box::new(Scratch::new()),
            integer: None,
            integer_scratch: Box::new(IntegerScratch::new()),
        }
    }
}

/// The most windows that a phase takes.
const MOST: usize = 10_000;

/// A window and its recording.
type Placed<'a> = (&'a Recording, &'a Window);

fn held<'a>(set: &Dataset, r: &'a Recordings, (recording, window): &Placed<'_>) -> Result<Held<'a>, EvalError> {
    Ok(r.held(recording, window, &set.classes)?)
}

/// The windows of each phase, in the order in which they are streamed.
struct Stream<'a> {
    scale: Vec<Placed<'a>>,
    fit: Vec<Placed<'a>>,
    calibrate: Vec<Placed<'a>>,
    refused: usize,
}

impl<const N: usize, const C: usize, const E: usize> Esn<N, C, E> {
    /// Shares the windows out: every phase sees every recording, in order, as far as its share of all windows goes; within an image
    /// each phase has as many of them in the order in which they come.
    /// Without a setting a fifth of the windows to train on is for scaling, and without windows to calibrate on the last
    /// quarter of those to train on is.
    fn stream<'a>(&self, r: &'a Recordings) -> Stream<'a> {
        let refused = [Part::Train, Part::Calibrate].iter().flat_map(|p| r.refused(*p)).map(|(_, n)| n).sum();
        let mut stream =
            Stream { scale: vec![], fit: vec![], calibrate: r.windows(Part::Calibrate).collect(), refused };
        let apart = !stream.calibrate.is_empty();
        let total = r.windows(Part::Train).count();
        // So many of the windows up to here, shared among recordings by their size.
        let until = |share: usize, windows: usize| (share * windows + total / 2).checked_div(total).unwrap_or(0);
        let scaling = if self.fixed.scale { self.params.scale_windows.into() } else { total.div_ceil(5).min(MOST) };
        let mut before = 0;
        for recording in &r.recordings {
            let sound = |w: &&Window| w.part == Part::Train && !w.faults.any(UNFIT_TO_LEARN);
            let mut train: Vec<_> = recording.windows.iter().filter(sound).map(|w| (recording, w)).collect();
            let after = before + train.len();
            if !apart {
                let last = until(total / 4, after) - until(total / 4, before);
                stream.calibrate.extend(train.split_off(train.len() - last.min(train.len())));
            }
            let scale = until(scaling, after) - until(scaling, before);
            let fit = train.split_off(scale.min(train.len()));
            stream.scale.extend(train);
            stream.fit.extend(fit);
            before = after;
        }
        let limit =
            |fixed: bool, set: u16, windows: &mut Vec<_>| windows.truncate(if fixed { set.into() } else { MOST });
        limit(self.fixed.fit, self.params.fit_windows, &mut stream.fit);
        limit(self.fixed.calibrate, self.params.calibrate_windows, &mut stream.calibrate);
        if self.image.is_some() {
            // As on a device: as many for each phase, in the order in which windows come.
            let (scale, fit) = (stream.scale.len(), stream.fit.len());
            let mut all = [stream.scale, stream.fit, stream.calibrate].concat();
            all.sort_by_key(|(_, window)| window.sequence);
            stream.calibrate = all.split_off(scale + fit);
            stream.fit = all.split_off(scale);
            stream.scale = all;
        }
        stream
    }

    /// The windows that measure what is usual for features, where they are seen, and the others.
    fn measured<'a>(&self, r: &'a Recordings) -> (Vec<Placed<'a>>, Stream<'a>) {
        let mut stream = self.stream(r);
        let windows = if self.sight.features() { stream.scale.len() / 2 } else { 0 };
        (stream.scale.drain(..windows).collect(), stream)
    }

    /// Windows as the ESN sees them.
    fn seen(&mut self, set: &Dataset, r: &Recordings, windows: &[Placed]) -> Result<Vec<Seen>, EvalError> {
        windows.iter().map(|at| Ok(self.sight.see(&held(set, r, at)?.view()))).collect()
    }

    fn checked(&mut self, r: &Recordings, stream: &Stream) -> Result<Checked, EvalError> {
        let (channels, frames) = self.sight.prepare(r)?;
        let length = |windows: &[Placed]| u16::try_from(windows.len()).unwrap_or(u16::MAX);
        let params = Params {
            scale_windows: length(&stream.scale),
            fit_windows: length(&stream.fit),
            calibrate_windows: length(&stream.calibrate),
            // As on the device.
            remove_mean: self.params.remove_mean && !self.sight.features(),
            ..self.params
        };
        let shape = Shape {
            channels: u16::try_from(channels).unwrap_or(u16::MAX),
            window_frames: u16::try_from(frames).unwrap_or(u16::MAX),
        };
        let refused = |e: ParamError| {
            let counts = (stream.scale.len(), stream.fit.len(), stream.calibrate.len());
            EvalError::Learner(format!(
                "the ESN cannot be trained on these {} + {} + {} windows (scale, fit, calibrate) of {} frames: {}",
                counts.0,
                counts.1,
                counts.2,
                frames,
                conflict(e)
            ))
        };
        let checked = params.check(shape).map_err(refused)?;
        Model::<N, C, E>::accepts(&checked).map_err(|e| budget::refused(self.image, e))?;
        if let Some(image) = self.image {
            let bytes = required(&checked) + self.sight.bytes();
            image.room("bytes of workspace", bytes, image.workspace, "WORKSPACE_BYTES")?;
        }
        Ok(checked)
    }
}

impl<const N: usize, const C: usize, const E: usize> Learner for Esn<N, C, E> {
    fn name(&self) -> &'static str {
        "esn"
    }

    fn settings(&self) -> Table {
        let mut table = Table::of(&self.params);
        table.0.extend(self.sight.settings().0);
        table
    }

    fn adapt(&mut self, set: &Dataset) {
        self.sight.adapt(set);
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ParamError> {
        if key == "seed" {
            self.sight.set(key, value)?;
        }
        match self.params.set_text(key, value) {
            Err(ParamError::NoSuchSetting) => return self.sight.set(key, value),
            other => other?,
        }
        match key {
            "scale-windows" => self.fixed.scale = true,
            "fit-windows" => self.fixed.fit = true,
            "calibrate-windows" => self.fixed.calibrate = true,
            _ => {}
        }
        Ok(())
    }

    fn serves(&self, set: &Dataset) -> Result<(), String> {
        match (set.task, set.recordings()) {
            (Task::Anomaly, Some(_)) => Ok(()),
            (Task::Anomaly, None) => Err(format!(
                "{} is a table of features, and the ESN needs recordings over time; use --learner svm",
                set.name
            )),
            _ => Err(format!(
                "{} asks for classes, and the ESN only finds what is not normal; use --learner svm or rce",
                set.name
            )),
        }
    }

    fn fits(&mut self, set: &Dataset) -> Result<(), EvalError> {
        let Some(r) = set.recordings() else { return Err(EvalError::NotServed("there are no recordings".into())) };
        let stream = self.measured(r).1;
        self.checked(r, &stream).map(|_| ())
    }

    fn train(&mut self, set: &Dataset, tick: &mut dyn FnMut()) -> Result<Training, EvalError> {
        let Some(r) = set.recordings() else { return Err(EvalError::NotServed("there are no recordings".into())) };
        let (measured, stream) = self.measured(r);
        let checked = self.checked(r, &stream)?;
        for at in &measured {
            tick();
            self.sight.measure(&held(set, r, at)?.view());
        }
        self.sight.settle();
        self.params = *checked.params();
        let mut workspace = vec![0u32; required(&checked).div_ceil(4)];
        let mut trainer = Trainer::new(checked);
        let mut windows = stream.scale.iter().chain(&stream.fit).chain(&stream.calibrate);
        let report = loop {
            let progress = match trainer.wants() {
                Wants::Work => trainer.step(&mut workspace, &mut self.model, 1_000_000),
                Wants::Window => match windows.next() {
                    Some(window) => {
                        tick();
                        let seen = self.sight.see(&held(set, r, window)?.view());
                        trainer.push(&mut workspace, &mut self.model, &seen.view())
                    }
                    None => trainer.end_of_data().map(|()| trainer.progress()),
                },
                Wants::Nothing => Ok(trainer.progress()),
            };
            match progress {
                Ok(Progress::Done(report)) => break report,
                Ok(Progress::Running { .. }) => {}
                Err(e) => return Err(EvalError::Learner(explain(e, set))),
            }
        };
        let fitted = self.seen(set, r, &stream.fit)?;
        let mut scores = vec![0.0; stream.fit.len()];
        let fitted = fitted.iter().map(Seen::view);
        let in_sample = in_sample_threshold(&self.model, &mut self.scratch, fitted, &mut scores);
        let threshold = self.model.threshold();
        let model_bytes = postcard::to_allocvec(&*self.model)
            .map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e}")))?
            .len();
        let (scale, fit) = (stream.scale.len(), stream.fit.len());
        let mut facts = self.sight.facts(r);
        if !measured.is_empty() {
            facts.push(("windows measured before".into(), measured.len().to_string()));
        }
        facts.extend([
            ("phases".into(), format!("{scale} scale + {fit} fit + {} calibrate", stream.calibrate.len())),
            ("calibration MSE".into(), format!("{:.4}", report.quality)),
            ("threshold".into(), format!("{:.4}", threshold.upper)),
        ]);
        Ok(Training {
            curve: Vec::new(),
            windows: measured.len() + scale + fit,
            calibrate_windows: stream.calibrate.len(),
            refused: stream.refused,
            model_bytes,
            model_ram_bytes: size_of::<Model<N, C, E>>(),
            workspace_bytes: required(&checked),
            report: Some(report),
            average: self.params.average.into(),
            threshold: Some(threshold.upper),
            lower_threshold: (threshold.lower > 0.0).then_some(threshold.lower),
            in_sample_threshold: in_sample.map(|t| t.upper),
            macs: None,
            score: format!("MSE, mean of {} windows", self.params.average),
            facts,
        })
    }

    fn saved(&self, report: Option<Report>) -> Result<Saved, EvalError> {
        let (layout, payload) = match &self.integer {
            Some(Integer::Int8(model)) => (LAYOUT_INTEGER, payload(&**model)?),
            Some(Integer::Fixed(model)) => (LAYOUT_INTEGER, payload(&**model)?),
            None => (self.model.layout(), payload(&*self.model)?),
        };
        let (pipeline, scaling) = self.sight.pipeline();
        Ok(Saved { layout, parameters: Table::of(&self.params), pipeline, scaling, report, payload })
    }

    fn infer(&mut self, input: &Input) -> Result<Judged, EvalError> {
        let Input::Window(window) = input else {
            return Err(EvalError::NotServed("the ESN takes windows, not rows of features".into()));
        };
        let seen = self.sight.see(window);
        let window = seen.view();
        let judged = |verdict, warm| Judged { verdict, warm, nearest: None, distance: None };
        match &self.integer {
            Some(Integer::Int8(model)) => {
                let outcome = model.examine(&window, &mut self.integer_scratch);
                return Ok(judged(model.verdict(&outcome), outcome.warm));
            }
            Some(Integer::Fixed(model)) => {
                let outcome = model.examine(&window, &mut self.integer_scratch);
                return Ok(judged(model.verdict(&outcome), outcome.warm));
            }
            None => {}
        }
        let outcome = self.model.examine(&window, &mut self.scratch);
        Ok(judged(outcome.verdict, outcome.warm))
    }

    fn convert(&mut self, set: &Dataset, form: Form) -> Result<Smaller, EvalError> {
        let Some(r) = set.recordings() else { return Err(EvalError::NotServed("there are no recordings".into())) };
        let stream = self.stream(r);
        let seen = self.seen(set, r, &stream.calibrate)?;
        let views = || seen.iter().map(Seen::view);
        let mut errors = vec![0.0; 2 * stream.calibrate.len()];
        let before = self.model.readout_bytes();
        let (after, threshold, bytes, ram, set_anew) = match form {
            Form::Clustered(factor) => {
                let mut memory = vec![0; 3 * 256];
                self.model.cluster(factor.into(), &mut memory).map_err(|e| fault(Fault::Cluster(e)))?;
                self.scratch.reset();
                let set_anew = self.model.recalibrate(&mut self.scratch, views(), &mut errors);
                let bytes = postcard::to_allocvec(&*self.model);
                (self.model.readout_bytes(), self.model.threshold(), bytes, size_of::<Model<N, C, E>>(), set_anew)
            }
            Form::Int8 => {
                let mut model = Box::new(IntegerModel::<i8, N, C, E>::new());
                let all = quantized(&mut model, &self.model, Quantization::Int8, views(), &mut errors)?;
                self.integer = Some(Integer::Int8(model));
                all
            }
            Form::Fixed(fixed) => {
                let mut model = Box::new(IntegerModel::<i16, N, C, E>::new());
                let all = quantized(&mut model, &self.model, Quantization::Fixed(fixed), views(), &mut errors)?;
                self.integer = Some(Integer::Fixed(model));
                all
            }
            Form::Pruned(_) => return Err(refused(JobFault::NoSuchForm)),
        };
        if !set_anew {
            return Err(fault(Fault::NoThreshold));
        }
        let bytes = bytes.map_err(|e| EvalError::Learner(format!("the model cannot be stored: {e}")))?;
        Ok(Smaller {
            weights: [before, after],
            model_bytes: bytes.len(),
            model_ram_bytes: ram,
            threshold: Some(threshold.upper),
            lower_threshold: (threshold.lower > 0.0).then_some(threshold.lower),
        })
    }
}

type Quantized = (usize, Threshold, postcard::Result<Vec<u8>>, usize, bool);

/// Puts `source` into integers, thresholds set anew: bytes of weights, threshold, payload, bytes in memory, whether the
/// threshold could be set.
fn quantized<'w, W: Weight, const N: usize, const C: usize, const E: usize>(
    model: &mut IntegerModel<W, N, C, E>,
    source: &Model<N, C, E>,
    quantization: Quantization,
    views: impl IntoIterator<Item = WindowView<'w>>,
    errors: &mut [f32],
) -> Result<Quantized, EvalError> {
    model.quantize(source, quantization).map_err(|e: QuantizeError| fault(Fault::Quantize(e)))?;
    let set_anew = model.recalibrate(&mut IntegerScratch::new(), views, errors);
    let bytes = postcard::to_allocvec(model);
    Ok((model.readout_bytes(), model.threshold(), bytes, size_of::<IntegerModel<W, N, C, E>>(), set_anew))
}

fn explain(error: TrainError, set: &Dataset) -> String {
    match error {
        TrainError::Workspace(s) => {
            format!("the workspace of {} bytes is too small, {} are needed", s.available, s.needed)
        }
        TrainError::Params(e) => conflict(e),
        TrainError::NotWanted | TrainError::Shape => "a window does not have the shape of the others".into(),
        TrainError::ConstantChannel(c) => {
            let name = set.recordings().and_then(|r| r.channel_names.get(usize::from(c))).map_or("?", String::as_str);
            format!("channel {name:?} never changes in the scale phase; leave it out of the manifest")
        }
        TrainError::TooManyFaults(n) => format!("{n} windows were refused for faults; 'hone check' says which"),
        TrainError::TooFewWindows { have, need } => {
            format!(
                "there are {have} windows to train and calibrate on, of {need} needed; record more, or set a shorter window"
            )
        }
        TrainError::Singular(row) => {
            format!("the normal equations cannot be solved at row {row}; raise ridge, as in --set ridge=1e-3")
        }
        TrainError::Diverged => "the calibration errors are not finite; lower feedback".into(),
        TrainError::NoError => {
            "the calibration error is zero, so no threshold can be set; check that the recordings are not constant"
                .into()
        }
    }
}
