//! TinyRCE by the contract of `hone_learn::learner`: it learns in place, and in integers it is a form that does not.

use crate::{Checked, Error, LAYOUT, LAYOUT_INTEGER, Model, Params, QuantizeError, QuantizedModel};
use hone_learn::learner::{
    Answer, Form, Given, Input, Learner, Learning, Lent, Needs, Online, Refusal, Setup, Shape, Wants,
};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::{ParamError, Progress, Shortage, words};
use hone_numeric::quantize::features::FeatureRow;

/// A TinyRCE in `WORDS` words that learns, or in `INTEGER` words that does not; with a scratch of `SCRATCH` words, four
/// more than it may have features.
#[derive(Debug)]
pub struct Rce<const WORDS: usize, const INTEGER: usize, const SCRATCH: usize>;

/// Without a value in a build without forms in integers: what handles one is then left out.
#[cfg(feature = "integer")]
#[derive(Clone, Copy, Debug)]
pub struct Built;
/// Without a value in a build without forms in integers: what handles one is then left out.
#[cfg(not(feature = "integer"))]
pub type Built = core::convert::Infallible;
#[cfg(feature = "integer")]
const BUILT: Option<Built> = Some(Built);
#[cfg(not(feature = "integer"))]
const BUILT: Option<Built> = None;

/// A model in one of its forms. With a tag of its own: so an empty one is all zero, and cleared where it lies.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "lives in a static pool, where there is no box")]
#[repr(u64)]
pub enum Forms<const WORDS: usize, const INTEGER: usize> {
    /// It learns.
    Learning(Model<WORDS>),
    /// In integers, and learns no more.
    Integer(QuantizedModel<INTEGER>, Built),
}

/// Why something failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Learning.
    Learn(Error),
    /// The model could not be put into integers.
    Quantize(QuantizeError),
}

// As everywhere in the pool: cleared where it lies.
#[inline(never)]
fn fresh_integer<const WORDS: usize, const INTEGER: usize>(model: &mut Forms<WORDS, INTEGER>, built: Built) {
    *model = Forms::Integer(const { QuantizedModel::new() }, built);
}

impl<const WORDS: usize, const INTEGER: usize, const SCRATCH: usize> Learner for Rce<WORDS, INTEGER, SCRATCH> {
    type Params = Params;
    type Checked = Checked;
    type Model = Forms<WORDS, INTEGER>;
    type Scratch = [u32; SCRATCH];
    type Trainer = ();
    type Fault = Fault;

    const DEFAULT: Params = Params::DEFAULT;
    const EMPTY: Self::Model = Forms::Learning(Model::new());
    const SCRATCH: Self::Scratch = [0; SCRATCH];

    fn check(params: &Params, setup: &Setup) -> Result<Checked, ParamError> {
        let features = setup.shape.inputs.into();
        params.fitted(features, WORDS).check(features, WORDS)
    }

    fn required(_: &Checked, _: &Setup) -> Needs {
        Needs::default()
    }

    fn begin(_: &Checked) {}

    fn wants((): &()) -> Wants {
        Wants::Nothing
    }

    fn step((): &mut (), _: &Given<'_>, _: Lent<'_, Self::Model>) -> Result<Progress, Fault> {
        Err(Fault::Learn(Error::NotBegun))
    }

    fn infer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        match model {
            Forms::Learning(model) => {
                let answer = model.infer(input.row, scratch).ok()?;
                Some(Answer { nearest: answer.nearest, ..answer.verdict.into() })
            }
            Forms::Integer(model, _) => {
                let scratch = bytemuck::try_cast_slice_mut(scratch.as_mut_slice()).ok()?;
                let answer = model.infer(&FeatureRow::Float(input.row), scratch)?;
                Some(Answer { nearest: answer.nearest, ..answer.verdict.into() })
            }
        }
    }

    fn shape(model: &Self::Model) -> Shape {
        let features = match model {
            Forms::Learning(model) => model.features(),
            Forms::Integer(model, _) => model.features(),
        };
        Shape { inputs: features as u16, frames: 1 }
    }

    fn params(model: &Self::Model) -> Option<&Params> {
        match model {
            Forms::Learning(model) => Some(model.params()),
            Forms::Integer(..) => None,
        }
    }

    fn about(model: &Self::Model, out: &mut dyn Out) {
        // Of one that learns the engine tells how far it has come.
        let Forms::Integer(model, _) = model else { return };
        out.counts(
            "% prototypes, % features, % bytes; learns no more\n",
            &[model.prototypes() as u32, model.features() as u32, (model.used() * 4) as u32],
        );
        words::precision(model.precision(), out);
    }

    fn explain(fault: &Fault, out: &mut dyn Out) {
        match fault {
            Fault::Learn(Error::NotBegun) | Fault::Quantize(QuantizeError::NotBegun) => out.str(words::UNTRAINED),
            Fault::Learn(Error::Features { expected, got }) => {
                out.counts("the model takes % features and a window has %", &[*expected as u32, *got as u32]);
            }
            Fault::Learn(Error::Memory(shortage)) => words::workspace(shortage, out),
            Fault::Quantize(QuantizeError::Setting(name)) => {
                out.str("integers do not serve the model's rce.");
                out.str(name);
            }
            Fault::Quantize(QuantizeError::Capacity(shortage)) => words::capacity(shortage, out),
            Fault::Quantize(QuantizeError::Range) => out.str("a feature's scale is beyond these integers' range"),
        }
    }

    fn layout(model: &Self::Model) -> u8 {
        match model {
            Forms::Learning(_) => LAYOUT,
            Forms::Integer(..) => LAYOUT_INTEGER,
        }
    }

    fn write(model: &Self::Model, sink: &mut dyn Sink) -> Result<(), PutError> {
        match model {
            Forms::Learning(model) => payload::put(model, sink),
            Forms::Integer(model, _) => payload::put(model, sink),
        }
    }

    fn read(model: &mut Self::Model, layout: u8, _: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        if layout == LAYOUT_INTEGER {
            fresh_integer(model, BUILT.ok_or(PayloadError::Layout)?);
        }
        match (layout, model) {
            (LAYOUT, Forms::Learning(model)) => payload::decode(bytes, |d| model.load(d)),
            (LAYOUT_INTEGER, Forms::Integer(model, _)) => payload::decode(bytes, |d| model.load(d)),
            _ => Err(PayloadError::Layout),
        }
    }

    fn convert(
        source: &Self::Model,
        form: Form,
        model: &mut Self::Model,
        workspace: &mut [u32],
    ) -> Result<(), Refusal<Fault>> {
        let (precision, built) = form.precision().zip(BUILT).ok_or(Refusal::NoSuchForm)?;
        let Forms::Learning(source) = source else { return Err(Refusal::Converted) };
        let refused = |e| Refusal::Fault(Fault::Quantize(e));
        source.quantize(precision, workspace).map_err(refused)?;
        fresh_integer(model, built);
        match model {
            Forms::Integer(model, _) => model.take(workspace).map_err(|s| refused(QuantizeError::Capacity(s))),
            Forms::Learning(_) => Err(refused(QuantizeError::Capacity(Shortage { needed: 0, available: 0 }))),
        }
    }

    fn weights(model: &Self::Model) -> usize {
        match model {
            Forms::Learning(model) => {
                let mut counter = hone_learn::sink::Counter::default();
                payload::put(model, &mut counter).map_or(0, |()| counter.0 as usize)
            }
            Forms::Integer(model, _) => model.used() * 4,
        }
    }
}

impl<const WORDS: usize, const INTEGER: usize, const SCRATCH: usize> Online for Rce<WORDS, INTEGER, SCRATCH> {
    const UNITS: &'static str = "prototypes";

    fn start(model: &mut Self::Model, checked: &Checked) -> Result<(), Fault> {
        match model {
            Forms::Learning(model) => model.begin(checked).map_err(Fault::Learn),
            Forms::Integer(..) => Err(Fault::Learn(Error::NotBegun)),
        }
    }

    fn learns(model: &Self::Model) -> bool {
        matches!(model, Forms::Learning(model) if model.has_begun())
    }

    fn adjust(model: &mut Self::Model, params: &Params) -> bool {
        match model {
            Forms::Learning(model) => {
                let fitted = params.fitted(model.features(), WORDS);
                model.adjust(&fitted)
            }
            Forms::Integer(..) => false,
        }
    }

    fn learn(model: &mut Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Result<(), Fault> {
        match (model, input.window.label) {
            (Forms::Learning(model), Some(class)) => {
                model.learn(input.row, class, scratch).map(|_| ()).map_err(Fault::Learn)
            }
            (Forms::Learning(_), None) | (Forms::Integer(..), _) => Err(Fault::Learn(Error::NotBegun)),
        }
    }

    fn learning(model: &Self::Model) -> Learning {
        let Forms::Learning(model) = model else { return Learning::default() };
        let s = model.statistics();
        Learning {
            learnt: s.learnt,
            units: model.prototypes() as u16,
            capacity: model.capacity() as u16,
            accuracy: s.prequential_accuracy().unwrap_or(0.0),
            recent: s.recent_accuracy,
            pruned: s.pruned,
            refused: s.refused,
        }
    }

    fn copy(from: &Self::Model, to: &mut Self::Model) {
        if let (Forms::Learning(from), Forms::Learning(to)) = (from, to) {
            // Word by word, so that no copy of the whole lies on the stack.
            to.state.clone_from(&from.state);
            to.memory.copy_from_slice(&from.memory);
        }
    }
}
