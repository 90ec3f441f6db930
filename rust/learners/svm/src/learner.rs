//! The support vector machine by the contract of `hone_learn::learner`.

use crate::batches::{keep_support, share};
use crate::{Checked, Model, Params, QuantizeError, Shape, Task, TrainError, Trainer, pairs_of, required};
use hone_learn::learner::{
    Answer, Form, Given, Input, Learner, Lent, Needs, Refusal, Settling, Setup, Shape as Seen, Wants,
};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::{ParamError, Progress, SetMut, Workspace, words};

/// Windows that set the biases of a model's new form.
const SETTLES: u16 = 48;

/// An SVM in `WORDS` words, of up to `CLASSES` classes and `D` features; `SCRATCH` is
/// [`scratch_len`](crate::scratch_len) of these.
#[derive(Debug)]
pub struct Svm<const WORDS: usize, const CLASSES: usize, const D: usize, const SCRATCH: usize>;

/// A model with what it was trained by.
#[derive(Debug)]
pub struct Trained<const WORDS: usize> {
    /// The machine.
    pub machine: Model<WORDS>,
    params: Kept,
    /// Batches that are in it; 0 of one that was not trained here.
    batches: u32,
}

/// The parameters. With a tag of its own: so a model without content is all zero.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
enum Kept {
    Nothing,
    Params(Params),
}

/// A training.
#[derive(Debug)]
pub struct Training {
    trainer: Trainer,
    params: Params,
    over: bool,
}

/// Why a training or a conversion failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The training.
    Train(TrainError),
    /// The model could not be put into integers.
    Quantize(QuantizeError),
}

impl<const WORDS: usize, const CLASSES: usize, const D: usize, const SCRATCH: usize> Learner
    for Svm<WORDS, CLASSES, D, SCRATCH>
{
    type Params = Params;
    type Checked = Checked;
    type Model = Trained<WORDS>;
    type Scratch = [f32; SCRATCH];
    type Trainer = Training;
    type Fault = Fault;

    const DEFAULT: Params = Params::DEFAULT;
    const EMPTY: Self::Model = Trained { machine: Model::new(), params: Kept::Nothing, batches: 0 };
    const SCRATCH: Self::Scratch = [0.0; SCRATCH];
    const ROWS: bool = true;

    fn check(params: &Params, setup: &Setup) -> Result<Checked, ParamError> {
        params.check(Shape { rows: setup.rows.into(), features: D })
    }

    fn required(checked: &Checked, setup: &Setup) -> Needs {
        let bytes = required(checked, Shape { rows: setup.rows.into(), features: D });
        Needs { bytes, windows: false, rows: true }
    }

    fn begin(checked: &Checked) -> Training {
        Training { trainer: Trainer::new(*checked), params: *checked.params(), over: false }
    }

    fn wants(training: &Training) -> Wants {
        if training.over { Wants::Nothing } else { Wants::Rows }
    }

    fn step(training: &mut Training, given: &Given<'_>, lent: Lent<'_, Self::Model>) -> Result<Progress, Fault> {
        let Given::Rows(set) = given else { return Err(Fault::Train(TrainError::NoRows)) };
        let Lent { model, earlier, workspace, budget } = lent;
        let progress = training.trainer.step(*set, workspace, model.machine.edit(), budget).map_err(Fault::Train)?;
        if let Progress::Done(_) = progress {
            training.over = true;
            model.params = Kept::Params(training.params);
            model.batches = 1;
            // A linear machine of a batch enters the average with the one of the batches before, if that is still in use.
            let continues = set.seen() > set.len() as u32;
            if let Some(earlier) = earlier.filter(|e| continues && e.batches > 0) {
                model.batches = earlier.batches.saturating_add(1);
                model.machine.edit().average(earlier.machine.view(), share(model.batches));
            }
        }
        Ok(progress)
    }

    /// The support vectors stay; a quarter of the set is free for the next batch.
    fn make_room(training: &Training, set: SetMut<'_>, workspace: &mut [u32]) {
        let room = set.capacity() / 4;
        keep_support(&training.trainer, set, workspace, room);
    }

    fn infer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        (model.machine.view().features() == input.row.len()).then(|| model.machine.infer(input.row, scratch).into())
    }

    fn shape(model: &Self::Model) -> Seen {
        Seen { inputs: model.machine.view().features() as u16, frames: 1 }
    }

    fn params(model: &Self::Model) -> Option<&Params> {
        match &model.params {
            Kept::Params(params) => Some(params),
            Kept::Nothing => None,
        }
    }

    fn about(model: &Self::Model, out: &mut dyn Out) {
        let view = model.machine.view();
        out.str(match view.task() {
            Task::Classes => "tells classes apart: ",
            Task::Novelty => "tells normal from novel",
            Task::Untrained => "untrained",
        });
        for (i, class) in view.classes().enumerate() {
            out.str(if i == 0 { "" } else { ", " });
            out.uint(class.0);
        }
        out.str("\n");
        out.str(view.kernel().name());
        out.counts(
            " kernel, % support vectors, % features, % bytes\n",
            &[view.vectors() as u32, view.features() as u32, (view.used() * 4) as u32],
        );
        words::precision(view.precision(), out);
    }

    fn explain(fault: &Fault, out: &mut dyn Out) {
        match fault {
            Fault::Train(error) => not_trained(error, out),
            Fault::Quantize(error) => not_quantized(error, out),
        }
    }

    fn layout(model: &Self::Model) -> u8 {
        model.machine.view().layout()
    }

    fn write(model: &Self::Model, sink: &mut dyn Sink) -> Result<(), PutError> {
        payload::put(&model.machine, sink)
    }

    fn read(model: &mut Self::Model, layout: u8, params: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        payload::decode(bytes, |d| model.machine.load(d))?;
        if model.machine.view().layout() != layout {
            return Err(PayloadError::Layout);
        }
        model.params = Kept::Params(*params);
        Ok(())
    }

    fn convert(source: &Self::Model, form: Form, model: &mut Self::Model, _: &mut [u32]) -> Result<(), Refusal<Fault>> {
        let precision = form.precision().filter(|_| cfg!(feature = "integer")).ok_or(Refusal::NoSuchForm)?;
        if source.machine.view().precision().is_some() {
            return Err(Refusal::Converted);
        }
        model.params = source.params;
        let made = model.machine.edit().quantize(source.machine.view(), precision);
        made.map_err(|e| Refusal::Fault(Fault::Quantize(e)))
    }

    fn settles(_: &Self::Model, windows: Option<u16>) -> (u16, usize) {
        (windows.unwrap_or(SETTLES), 4 * pairs_of(CLASSES))
    }

    /// What the new form's decision values are off on average is taken from its biases.
    fn settle(settling: Settling<'_, Self>, input: &Input<'_>) -> Result<(), Fault> {
        let Settling { old, new, scratch: [a, b], workspace, at, of } = settling;
        let Ok(sums) = Workspace::new(workspace).take::<f32>(pairs_of(CLASSES)) else { return Ok(()) };
        let (old, new_view) = (old.machine.view(), new.machine.view());
        if let Some((old, new)) = old.decisions(input.row, a).zip(new_view.decisions(input.row, b)) {
            for (sum, (old, new)) in sums.iter_mut().zip(old.iter().zip(new)) {
                *sum += (old - new) * (1.0 / f32::from(of));
            }
        }
        if at + 1 == of {
            new.machine.edit().shift(sums);
        }
        Ok(())
    }

    fn weights(model: &Self::Model) -> usize {
        model.machine.view().used() * 4
    }
}

fn not_trained(error: &TrainError, out: &mut dyn Out) {
    match error {
        TrainError::NoRows => {
            out.str("the training set has no labelled rows; 'label 1' begins to collect rows of class 1")
        }
        TrainError::OneClass(class) => {
            out.counts(
                "all rows are of class %; label windows of another, or 'config set svm.machine novelty'",
                &[class.0.into()],
            );
        }
        TrainError::TooManyClasses { capacity } => {
            out.counts("more classes than the % that a model tells apart; 'data clear' and label fewer", &[*capacity]);
        }
        TrainError::Workspace(shortage) => words::workspace(shortage, out),
        TrainError::Model(shortage) => {
            out.counts(
                "the model needs % bytes and there are %; use fewer classes or features, or raise \
                     CONFIG_HONE_SVM_SUPPORT_VECTORS",
                &[shortage.needed as u32, shortage.available as u32],
            );
        }
        TrainError::SetChanged => out.str("the training set changed while training; train again"),
        TrainError::NotFinite => {
            out.str("the numbers grew beyond range; 'config set svm.standardise on', or lower svm.c, gamma or degree")
        }
    }
}

fn not_quantized(error: &QuantizeError, out: &mut dyn Out) {
    match error {
        QuantizeError::Untrained => out.str(words::UNTRAINED),
        QuantizeError::Packed => out.str(words::CONVERTED),
        QuantizeError::Kernel(kind) => {
            out.str("there is no form in integers of a model with a ");
            out.str(kind.name());
            out.str(" kernel; 'config set svm.kernel rbf', or linear, and train again");
        }
        QuantizeError::Capacity(shortage) => words::capacity(shortage, out),
        QuantizeError::Range => out.str("a weight or a feature's scale is beyond these integers' range"),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use hone_learn::{ClassId, Format, SetView, TrainingSet};
    use std::vec;

    type Small = Svm<64, 2, 1, 8>;
    type Set = TrainingSet<8, 8, 1>;

    /// Rows on either side of a boundary; `dropped` of them have gone before.
    fn set(boundary: f32, dropped: usize) -> Set {
        let mut set = Set::new();
        set.edit().clear(Format::F32, 1).unwrap();
        for _ in 0..dropped {
            set.edit().push(&[boundary], None).unwrap();
        }
        set.edit().retain(|_| false);
        for (x, class) in [(-2.0, 1), (-1.0, 1), (1.0, 2), (2.0, 2)] {
            set.edit().push(&[x + boundary], Some(ClassId(class))).unwrap();
        }
        set
    }

    fn trained(set: SetView<'_>, earlier: Option<&Trained<64>>) -> Trained<64> {
        let setup = Setup { shape: Seen { inputs: 1, frames: 1 }, rows: 8, ..Setup::default() };
        // Unscaled, so that dropped rows change nothing but the count.
        let params = Params { standardise: false, ..Params::DEFAULT };
        let checked = Small::check(&params, &setup).unwrap();
        let mut workspace = vec![0; Small::required(&checked, &setup).bytes / 4];
        let (mut trainer, mut model) = (Small::begin(&checked), Small::EMPTY);
        while Small::wants(&trainer) == Wants::Rows {
            let lent = Lent { model: &mut model, earlier, workspace: &mut workspace, budget: 1000 };
            Small::step(&mut trainer, &Given::Rows(set), lent).unwrap();
        }
        model
    }

    fn decision(model: &Trained<64>) -> f32 {
        model.machine.view().decisions(&[0.25], &mut [0.0; 8]).unwrap()[0]
    }

    #[test]
    fn the_model_of_a_batch_enters_the_average_of_those_before() {
        let new = decision(&trained(set(0.0, 0).view(), None));
        let mut earlier = trained(set(4.0, 0).view(), None);
        for batch in 2..5u32 {
            let old = decision(&earlier);
            earlier = trained(set(0.0, 3).view(), Some(&earlier));
            // Batch k counts k - 1 times.
            let expected = old + 2.0 / batch as f32 * (new - old);
            assert!((decision(&earlier) - expected).abs() < 1e-4, "{batch}");
        }
    }

    #[test]
    fn a_new_set_or_a_model_from_elsewhere_begins_a_new_average() {
        let new = decision(&trained(set(0.0, 0).view(), None));
        let earlier = trained(set(4.0, 0).view(), None);
        assert!((decision(&trained(set(0.0, 0).view(), Some(&earlier))) - new).abs() < 1e-6);
        let loaded = Trained { batches: 0, ..earlier };
        assert!((decision(&trained(set(0.0, 3).view(), Some(&loaded))) - new).abs() < 1e-6);
    }
}
