//! Nearest centroid: a class is the mean of its rows, and a row is of the class whose mean is nearest. What is further from it
//! than `reach` times the usual distance of the class is unknown. `docs/guides/learners.md` goes through this file.
#![no_std]
#![forbid(unsafe_code)]

use hone_learn::learner::{Answer, Given, Input, Learner, Lent, Needs, Point, Setup, Shape, Start, Wants};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::setting::real;
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::{
    ClassId, Decision, Metric, ParamError, Progress, Report, SetMut, SetView, Settings, Stop, Verdict, Workspace,
};
use hone_numeric::kernel::{sqrt_f32, squared_distance_f32};
use serde::Deserialize;

hone_learn::settings! {
    /// Run-time parameters.
    pub struct Params {
        /// how many usual distances from its class's mean a row may lie
        pub reach: f32 = 3.0, "reach", real(1.0, 1000.0), "";
    }
}

/// A nearest centroid of up to `K` classes of rows of up to `D` features.
#[derive(Debug)]
pub struct Centroid<const K: usize, const D: usize>;

/// What is known of one class. All zero when empty.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Class<const D: usize> {
    /// Rows that are in the mean, and the class's number.
    rows: u32,
    id: u32,
    /// Mean distance of its rows from the mean, and rows that are in it.
    usual: f32,
    measured: u32,
    mean: [f32; D],
}

/// A model.
#[derive(Debug)]
pub struct Model<const K: usize, const D: usize> {
    params: Params,
    features: u16,
    known: u16,
    classes: [Class<D>; K],
}

/// A training: a pass for the means, and one for the usual distances.
#[derive(Debug)]
pub struct Training {
    params: Params,
    resumes: bool,
    pass: u32,
    row: usize,
    learnt: u32,
    point: Option<Point>,
}

/// Why it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No row has a label, or the rows have more features than there is room for.
    NoRows,
    /// There are more classes than there is room for.
    Classes(u32),
    /// The model in use has other features.
    NoResume,
}

impl<const K: usize, const D: usize> Model<K, D> {
    fn known(&self) -> &[Class<D>] {
        self.classes.get(..self.known.into()).unwrap_or(&[])
    }

    /// The place of a class, or of a new one.
    fn class(&mut self, id: u32) -> Option<&mut Class<D>> {
        let place = self.known().iter().position(|c| c.id == id).unwrap_or(self.known.into());
        self.known = self.known.max(place as u16 + 1);
        let class = self.classes.get_mut(place)?;
        class.id = id;
        Some(class)
    }

    /// Takes a row into its class: into the mean in the first pass, into the usual distance in the second.
    fn take(&mut self, pass: u32, id: u32, row: &[f32]) -> Result<f32, Fault> {
        let class = self.class(id).ok_or(Fault::Classes(K as u32))?;
        if pass == 1 {
            class.rows = class.rows.saturating_add(1);
            let weight = 1.0 / class.rows as f32;
            class.mean.iter_mut().zip(row).for_each(|(mean, x)| *mean += (x - *mean) * weight);
        }
        let distance = class.distance(row);
        if pass == 2 {
            class.measured = class.measured.saturating_add(1);
            class.usual += (distance - class.usual) / class.measured as f32;
        }
        Ok(distance)
    }
}

impl<const D: usize> Class<D> {
    const EMPTY: Self = Self { rows: 0, id: 0, usual: 0.0, measured: 0, mean: [0.0; D] };

    fn distance(&self, row: &[f32]) -> f32 {
        sqrt_f32(squared_distance_f32(self.mean.get(..row.len()).unwrap_or(&self.mean), row))
    }
}

impl<const K: usize, const D: usize> Learner for Centroid<K, D> {
    type Params = Params;
    type Checked = (Params, Start);
    type Model = Model<K, D>;
    type Scratch = ();
    type Trainer = Training;
    type Fault = Fault;

    const DEFAULT: Params = Params::DEFAULT;
    const EMPTY: Self::Model = Model { params: Params::ZERO, features: 0, known: 0, classes: [Class::EMPTY; K] };
    const SCRATCH: () = ();
    const ROWS: bool = true;
    const RESUMES: bool = true;

    fn check(params: &Params, setup: &Setup) -> Result<(Params, Start), ParamError> {
        params.check_ranges()?;
        let (asked, capacity) = (setup.shape.inputs.into(), D as u32);
        if asked > capacity {
            return Err(ParamError::Capacity { name: "features", asked, capacity });
        }
        Ok((*params, setup.start))
    }

    fn required(_: &(Params, Start), _: &Setup) -> Needs {
        // A row, in numbers.
        Needs { bytes: 4 * D, windows: false, rows: true }
    }

    fn begin((params, start): &(Params, Start)) -> Training {
        Training { params: *params, resumes: *start == Start::Resume, pass: 0, row: 0, learnt: 0, point: None }
    }

    fn wants(training: &Training) -> Wants {
        if training.pass > 2 { Wants::Nothing } else { Wants::Rows }
    }

    /// One row a step.
    fn step(t: &mut Training, given: &Given<'_>, lent: Lent<'_, Model<K, D>>) -> Result<Progress, Fault> {
        let Given::Rows(set) = given else { return Err(Fault::NoRows) };
        let Lent { model, earlier, workspace, .. } = lent;
        if t.pass == 0 {
            (model.params, model.features, t.pass) = (t.params, set.width() as u16, 1);
            if let Some(earlier) = earlier.filter(|_| t.resumes) {
                if earlier.features != model.features {
                    return Err(Fault::NoResume);
                }
                (model.classes, model.known) = (earlier.classes, earlier.known);
            }
        }
        let (row, id) = labelled(*set, &mut t.row, workspace).unzip();
        if let (Some(row), Some(id)) = (row, id) {
            let distance = model.take(t.pass, id.0.into(), row)?;
            t.learnt += u32::from(t.pass == 1);
            let loss = t.point.filter(|p| p.pass == t.pass).map_or(0.0, |p| p.loss);
            t.point = Some(Point { pass: t.pass, loss: loss + distance / set.len() as f32, held_back: None });
        } else {
            if model.known < 2 {
                return Err(Fault::NoRows);
            }
            (t.pass, t.row) = (t.pass + 1, 0);
        }
        let (done, total) = (t.row as u32 + (t.pass - 1) * set.len() as u32, 2 * set.len() as u32);
        Ok(if t.pass > 2 { Progress::Done(report(t)) } else { Progress::Running { done, total } })
    }

    fn curve(training: &Training) -> Option<Point> {
        training.point
    }

    /// The rows are in the means, from which the next training may go on.
    fn make_room(_: &Training, mut set: SetMut<'_>, _: &mut [u32]) {
        set.retain(|_| false);
    }

    fn infer(model: &Model<K, D>, input: &Input<'_>, (): &mut ()) -> Option<Answer> {
        if input.row.len() != usize::from(model.features) {
            return None;
        }
        let distances = model.known().iter().map(|c| (c, c.distance(input.row)));
        let (class, distance) = distances.min_by(|a, b| a.1.total_cmp(&b.1))?;
        let (nearest, score) = (ClassId(class.id as u16), distance / class.usual.max(f32::MIN_POSITIVE));
        let within = score <= model.params.reach;
        let decision = if within { Decision::Class(nearest) } else { Decision::Unknown };
        Some(Answer { nearest: Some(nearest), ..Verdict { decision, score }.into() })
    }

    /// The distances to the means.
    fn encode(model: &Model<K, D>, input: &Input<'_>, (): &mut (), row: &mut [f32]) -> Option<usize> {
        let classes = model.known();
        let places = row.get_mut(..classes.len()).filter(|_| input.row.len() == usize::from(model.features))?;
        places.iter_mut().zip(classes).for_each(|(place, class)| *place = class.distance(input.row));
        Some(classes.len())
    }

    fn shape(model: &Model<K, D>) -> Shape {
        Shape { inputs: model.features, frames: 1 }
    }

    fn params(model: &Model<K, D>) -> Option<&Params> {
        Some(&model.params)
    }

    fn about(model: &Model<K, D>, out: &mut dyn Out) {
        out.counts("means of % classes, % features\n", &[model.known.into(), model.features.into()]);
    }

    fn explain(fault: &Fault, out: &mut dyn Out) {
        match fault {
            Fault::NoRows => {
                out.str("the training set has labelled rows of fewer than two classes; 'label 1' collects some")
            }
            Fault::Classes(most) => out.counts("more classes than the % that there is room for", &[*most]),
            Fault::NoResume => out.str("the model in use has other features; train without --continue"),
        }
    }

    fn layout(_: &Model<K, D>) -> u8 {
        1
    }

    fn write(model: &Model<K, D>, sink: &mut dyn Sink) -> Result<(), PutError> {
        if model.known == 0 {
            return Err(PutError::Unwritable);
        }
        payload::put(&(model.features, model.known), sink)?;
        model.known().iter().try_for_each(|c| {
            let mean = c.mean.get(..model.features.into()).unwrap_or(&[]);
            payload::put(&(c.rows, c.measured, c.id, c.usual, bytemuck::cast_slice::<f32, u8>(mean)), sink)
        })
    }

    fn read(model: &mut Model<K, D>, layout: u8, params: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        if layout != 1 {
            return Err(PayloadError::Layout);
        }
        let good = payload::decode(bytes, |d| {
            (model.features, model.known) = Deserialize::deserialize(&mut *d)?;
            let mut good = usize::from(model.features) <= D && usize::from(model.known) <= K && model.known > 0;
            for class in model.classes.iter_mut().take(model.known.into()) {
                let mean: &[u8];
                (class.rows, class.measured, class.id, class.usual, mean) = Deserialize::deserialize(&mut *d)?;
                good &= mean.len() == 4 * usize::from(model.features) && class.usual.is_finite();
                for (place, bytes) in class.mean.iter_mut().zip(mean.as_chunks::<4>().0) {
                    *place = f32::from_le_bytes(*bytes);
                    good &= place.is_finite();
                }
            }
            Ok(good)
        })?;
        model.params = *params;
        if good { Ok(()) } else { Err(PayloadError::Refused) }
    }
}

/// The next row with a label, from row `at` on.
fn labelled<'w>(set: SetView<'_>, at: &mut usize, workspace: &'w mut [u32]) -> Option<(&'w [f32], ClassId)> {
    loop {
        let row = *at;
        *at = row.checked_add(1).filter(|_| row < set.len())?;
        if let Some(id) = set.label(row) {
            let place: &mut [f32] = Workspace::new(workspace).take(set.width()).ok()?;
            return set.decode(row, place).then_some((&*place, id));
        }
    }
}

fn report(t: &Training) -> Report {
    let quality = t.point.map_or(0.0, |p| p.loss);
    let (rows, iterations) = (t.learnt, 2 * t.learnt);
    Report { stop: Stop::Converged, rows, iterations, work: 0, metric: Metric::MeanSquaredError, quality }
}
