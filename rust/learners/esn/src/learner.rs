//! The Echo State Network by the contract of `hone_learn::learner`.

use crate::{
    Checked, ClusterError, Errors, IntegerModel, IntegerScratch, LAYOUT, LAYOUT_INTEGER, LAYOUT_PACKED, Model, Params,
    Quantization, QuantizeError, ReadoutForm, Scratch, Shape, TrainError, Trainer, Wants, required,
};
use hone_learn::learner::{
    Answer, Bounds, Form, Given, Input, Learner, Lent, Needs, Refusal, Settling, Setup, Shape as Seen, Wants as Wanted,
};
use hone_learn::payload::{self, PayloadError, PutError};
use hone_learn::sink::Sink;
use hone_learn::text::{Out, Write};
use hone_learn::{Decision, ParamError, Progress, Shortage, Verdict, Workspace, words};
use hone_numeric::quantize::Precision;

/// Windows that set thresholds: of them at most one in so many is anomalous to the model in use.
const ABNORMAL: u32 = 4;

/// An ESN of up to `N` units, `C` inputs and `E` non-zero weights.
#[derive(Debug)]
pub struct Esn<const N: usize, const C: usize, const E: usize>;

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

/// A model in one of its forms. With a tag as wide as the models are aligned: so an empty one is cleared where it lies.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "lives in a static pool, where there is no box")]
#[repr(u64)]
pub enum Forms<const N: usize, const C: usize, const E: usize> {
    /// In floating point.
    Float(Model<N, C, E>),
    /// In 8-bit integers.
    Int8(IntegerModel<i8, N, C, E>, Built),
    /// In fixed point of 16 bits.
    Fixed(IntegerModel<i16, N, C, E>, Built),
}

/// What each form carries from window to window.
#[derive(Debug)]
#[repr(u64)]
#[allow(clippy::large_enum_variant, reason = "lives in a static; a box would need a heap")]
pub enum Streams<const N: usize, const C: usize> {
    /// In floating point.
    Float(Scratch<N, C>),
    /// In integers.
    Integer(IntegerScratch<N, C>, Built),
}

/// Why a training or a conversion failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// The training.
    Train(TrainError),
    /// The readout could not be clustered.
    Cluster(ClusterError),
    /// The model could not be put into integers.
    Quantize(QuantizeError),
    /// The model in use finds too many of the windows anomalous for thresholds to be set by them.
    Abnormal {
        /// So many.
        anomalous: u32,
        /// Of so many.
        windows: u32,
    },
    /// The errors of the windows are such that no threshold follows.
    NoThreshold,
}

// Each form is cleared where it lies: in functions of their own, since inlined the compiler builds the model on the stack.

#[inline(never)]
fn fresh_int8<const N: usize, const C: usize, const E: usize>(model: &mut Forms<N, C, E>, built: Built) {
    *model = Forms::Int8(const { IntegerModel::new() }, built);
}

#[inline(never)]
fn fresh_fixed<const N: usize, const C: usize, const E: usize>(model: &mut Forms<N, C, E>, built: Built) {
    *model = Forms::Fixed(const { IntegerModel::new() }, built);
}

#[inline(never)]
fn float_stream<const N: usize, const C: usize>(stream: &mut Streams<N, C>) {
    *stream = Streams::Float(const { Scratch::new() });
}

#[inline(never)]
fn integer_stream<const N: usize, const C: usize>(stream: &mut Streams<N, C>, built: Built) {
    *stream = Streams::Integer(const { IntegerScratch::new() }, built);
}

/// What one form says of a window, with both kinds of its error.
fn examine<const N: usize, const C: usize, const E: usize>(
    model: &Forms<N, C, E>,
    input: &Input<'_>,
    stream: &mut Streams<N, C>,
) -> Option<(Verdict, bool, Option<Errors>)> {
    macro_rules! integer {
        ($model:ident, $stream:ident) => {{
            let outcome = $model.examine(&input.window, $stream);
            ($model.verdict(&outcome), outcome.warm, outcome.errors.map(|e| e.to_errors()))
        }};
    }
    Some(match (model, stream) {
        (Forms::Float(model), Streams::Float(stream)) => {
            let outcome = model.examine(&input.window, stream);
            (outcome.verdict, outcome.warm, outcome.errors)
        }
        (Forms::Int8(model, _), Streams::Integer(stream, _)) => integer!(model, stream),
        (Forms::Fixed(model, _), Streams::Integer(stream, _)) => integer!(model, stream),
        (Forms::Float(_), Streams::Integer(..)) | (Forms::Int8(..) | Forms::Fixed(..), Streams::Float(_)) => {
            return None;
        }
    })
}

impl<const N: usize, const C: usize, const E: usize> Learner for Esn<N, C, E> {
    type Params = Params;
    type Checked = Checked;
    type Model = Forms<N, C, E>;
    type Scratch = Streams<N, C>;
    type Trainer = Trainer;
    type Fault = Fault;

    const DEFAULT: Params = Params {
        units: if N < Params::DEFAULT.units as usize { N as u16 } else { Params::DEFAULT.units },
        ..Params::DEFAULT
    };
    const EMPTY: Self::Model = Forms::Float(Model::new());
    const SCRATCH: Self::Scratch = Streams::Float(Scratch::new());
    const SCORE: &'static str = "MSE";
    const WINDOWS: bool = true;

    fn measures(params: &Params) -> u16 {
        params.scale_windows
    }

    fn check(params: &Params, setup: &Setup) -> Result<Checked, ParamError> {
        let mut params = *params;
        // The level of a feature is what tells; of samples it is the sensor's tilt.
        params.remove_mean &= !setup.features;
        if let Some(windows) = setup.windows {
            share(&mut params, windows);
        }
        let Seen { inputs, frames } = setup.shape;
        let checked = params.check(Shape { channels: inputs, window_frames: frames })?;
        Model::<N, C, E>::accepts(&checked)?;
        Ok(checked)
    }

    fn required(checked: &Checked, _: &Setup) -> Needs {
        Needs { bytes: required(checked), windows: true, rows: false }
    }

    fn begin(checked: &Checked) -> Trainer {
        Trainer::new(*checked)
    }

    fn wants(trainer: &Trainer) -> Wanted {
        match trainer.wants() {
            Wants::Window => Wanted::Window,
            Wants::Work => Wanted::Work,
            Wants::Nothing => Wanted::Nothing,
        }
    }

    fn step(trainer: &mut Trainer, given: &Given<'_>, lent: Lent<'_, Self::Model>) -> Result<Progress, Fault> {
        let Lent { model: Forms::Float(model), workspace, budget, .. } = lent else {
            return Err(Fault::Train(TrainError::NotWanted));
        };
        match given {
            Given::Window(input) => trainer.push(workspace, model, &input.window),
            Given::Work | Given::Rows(_) => trainer.step(workspace, model, budget),
        }
        .map_err(Fault::Train)
    }

    fn prepare(model: &Self::Model, scratch: &mut Self::Scratch) {
        match model {
            Forms::Float(_) => float_stream(scratch),
            Forms::Int8(_, built) | Forms::Fixed(_, built) => integer_stream(scratch, *built),
        }
    }

    fn reset(scratch: &mut Self::Scratch) {
        match scratch {
            Streams::Float(stream) => stream.reset(),
            Streams::Integer(stream, _) => stream.reset(),
        }
    }

    fn infer(model: &Self::Model, input: &Input<'_>, scratch: &mut Self::Scratch) -> Option<Answer> {
        let (verdict, warm, errors) = examine(model, input, scratch)?;
        Some(Answer { warm, alone: errors.map(|e| e.mse), ..Answer::from(verdict) })
    }

    fn shape(model: &Self::Model) -> Seen {
        let Shape { channels, window_frames } = match model {
            Forms::Float(model) => model.shape(),
            Forms::Int8(model, _) => model.shape(),
            Forms::Fixed(model, _) => model.shape(),
        };
        Seen { inputs: channels, frames: window_frames }
    }

    fn params(model: &Self::Model) -> Option<&Params> {
        Some(match model {
            Forms::Float(model) => model.params(),
            Forms::Int8(model, _) => model.params(),
            Forms::Fixed(model, _) => model.params(),
        })
    }

    fn bounds(model: &Self::Model) -> Option<Bounds> {
        let threshold = match model {
            Forms::Float(model) => model.threshold(),
            Forms::Int8(model, _) => model.threshold(),
            Forms::Fixed(model, _) => model.threshold(),
        };
        Some(Bounds { lower: threshold.lower, upper: threshold.upper, drift: 1.0 })
    }

    fn about(model: &Self::Model, out: &mut dyn Out) {
        let quality = match model {
            Forms::Float(model) => model.quality(),
            Forms::Int8(model, _) => model.quality(),
            Forms::Fixed(model, _) => model.quality(),
        };
        if let Some(params) = Self::params(model) {
            out.counts("reservoir of % units, density ", &[params.units.into()]);
            out.real(params.density);
            out.str(", spectral radius ");
            out.real(params.spectral_radius);
            out.str(", leak ");
            out.real(params.leak);
            out.counts(", seed %\nthreshold ", &[params.seed]);
        }
        out.real(Self::bounds(model).unwrap_or_default().upper);
        out.str(", MSE in calibration ");
        out.real(quality);
        out.str("\n");
        match model {
            Forms::Float(model) => {
                if let ReadoutForm::Clustered(bits) = model.form() {
                    let values = &[1u32 << (bits & 15), bits.into()];
                    out.counts("readout clustered into % values, indices of % bits\n", values);
                }
            }
            Forms::Int8(..) => words::precision(Some(Precision::Int8), out),
            Forms::Fixed(model, _) => {
                out.counts("in fixed point, % bits behind the point\n", &[model.fraction().into()]);
            }
        }
    }

    fn explain(fault: &Fault, out: &mut dyn Out) {
        match fault {
            Fault::Train(error) => not_trained(error, out),
            Fault::Cluster(error) => not_clustered(error, out),
            Fault::Quantize(error) => not_quantized(error, out),
            Fault::Abnormal { anomalous, windows } => {
                out.counts(
                    "the model in use finds % of % windows anomalous, and thresholds are set by normal ones; \
                         convert while all is well",
                    &[*anomalous, *windows],
                );
            }
            Fault::NoThreshold => {
                out.str("no threshold follows from these windows: too few, or an error is zero or beyond all bounds")
            }
        }
    }

    fn layout(model: &Self::Model) -> u8 {
        match model {
            Forms::Float(model) => model.layout(),
            Forms::Int8(..) | Forms::Fixed(..) => LAYOUT_INTEGER,
        }
    }

    fn write(model: &Self::Model, sink: &mut dyn Sink) -> Result<(), PutError> {
        match model {
            Forms::Float(model) => payload::put(model, sink),
            Forms::Int8(model, _) => payload::put(model, sink),
            Forms::Fixed(model, _) => payload::put(model, sink),
        }
    }

    fn read(model: &mut Self::Model, layout: u8, _: &Params, bytes: &[u8]) -> Result<(), PayloadError> {
        match (layout, &mut *model) {
            (LAYOUT, Forms::Float(model)) => payload::decode(bytes, |d| model.load(d)),
            (LAYOUT_PACKED, Forms::Float(model)) => payload::decode(bytes, |d| model.load_packed(d)),
            (LAYOUT_INTEGER, _) => {
                let built = BUILT.ok_or(PayloadError::Layout)?;
                fresh_int8(model, built);
                if let Forms::Int8(model, _) = model
                    && payload::decode(bytes, |d| model.load(d)).is_ok()
                {
                    return Ok(());
                }
                // Where it is not of 8 bits, it is of 16.
                fresh_fixed(model, built);
                let Forms::Fixed(model, _) = model else { return Err(PayloadError::Refused) };
                payload::decode(bytes, |d| model.load(d))
            }
            _ => Err(PayloadError::Layout),
        }
    }

    fn convert(
        source: &Self::Model,
        form: Form,
        model: &mut Self::Model,
        workspace: &mut [u32],
    ) -> Result<(), Refusal<Fault>> {
        let Forms::Float(source) = source else { return Err(Refusal::Converted) };
        if source.form() != ReadoutForm::Plain {
            return Err(Refusal::Converted);
        }
        match form {
            Form::Clustered(_) => {}
            Form::Int8 => fresh_int8(model, BUILT.ok_or(Refusal::NoSuchForm)?),
            Form::Fixed(_) => fresh_fixed(model, BUILT.ok_or(Refusal::NoSuchForm)?),
            Form::Pruned(_) => return Err(Refusal::NoSuchForm),
        }
        match (model, form) {
            (Forms::Float(model), Form::Clustered(factor)) => {
                model.copy_from(source);
                model.cluster(factor.into(), workspace).map_err(|e| Refusal::Fault(Fault::Cluster(e)))
            }
            (Forms::Int8(model, _), _) => {
                model.quantize(source, Quantization::Int8).map_err(|e| Refusal::Fault(Fault::Quantize(e)))
            }
            (Forms::Fixed(model, _), Form::Fixed(fixed)) => {
                model.quantize(source, Quantization::Fixed(fixed)).map_err(|e| Refusal::Fault(Fault::Quantize(e)))
            }
            (Forms::Float(_), Form::Int8 | Form::Fixed(_) | Form::Pruned(_))
            | (Forms::Fixed(..), Form::Int8 | Form::Clustered(_) | Form::Pruned(_)) => Err(Refusal::NoSuchForm),
        }
    }

    fn settles(source: &Self::Model, windows: Option<u16>) -> (u16, usize) {
        let usual = Self::params(source).map_or(0, |p| p.calibrate_windows);
        let windows = windows.unwrap_or(usual);
        // Two counts, and two errors for each.
        (windows, 4 * (COUNTS + 2 * usize::from(windows)))
    }

    /// Of the windows those count at which the model in use is past its warm-up and finds all normal.
    fn settle(settling: Settling<'_, Self>, input: &Input<'_>) -> Result<(), Fault> {
        let Settling { old, new, scratch: [old_stream, new_stream], workspace, at, of } = settling;
        let mut memory = Workspace::new(workspace);
        let (Ok(counts), Ok(mse), Ok(nmse)) =
            (memory.take::<u32>(COUNTS), memory.take::<f32>(of.into()), memory.take::<f32>(of.into()))
        else {
            return Err(Fault::NoThreshold);
        };
        let [kept, anomalous] = counts else { return Err(Fault::NoThreshold) };
        let before = examine(old, input, old_stream).ok_or(Fault::NoThreshold)?;
        let after = examine(new, input, new_stream).ok_or(Fault::NoThreshold)?;
        *anomalous += u32::from(before.0.decision == Decision::Anomalous);
        // What the model in use is not yet sure of, or finds anomalous, would move the threshold.
        if before.1
            && before.0.decision == Decision::Normal
            && let Some(errors) = after.2
            && let (Some(m), Some(n)) = (mse.get_mut(*kept as usize), nmse.get_mut(*kept as usize))
        {
            (*m, *n) = (errors.mse, errors.nmse);
            *kept += 1;
        }
        if at + 1 < of {
            return Ok(());
        }
        let windows = u32::from(of);
        if *anomalous * ABNORMAL > windows {
            return Err(Fault::Abnormal { anomalous: *anomalous, windows });
        }
        let (kept, half) = (*kept as usize, usize::from(of / 2));
        let (Some(mse), Some(nmse), true) = (mse.get_mut(..kept), nmse.get_mut(..kept), kept >= half) else {
            return Err(Fault::NoThreshold);
        };
        let set = match new {
            Forms::Float(model) => model.calibrate(mse, nmse),
            Forms::Int8(model, _) => model.calibrate(mse, nmse),
            Forms::Fixed(model, _) => model.calibrate(mse, nmse),
        };
        if set { Ok(()) } else { Err(Fault::NoThreshold) }
    }

    fn weights(model: &Self::Model) -> usize {
        match model {
            Forms::Float(model) => model.readout_bytes(),
            Forms::Int8(model, _) => model.readout_bytes(),
            Forms::Fixed(model, _) => model.readout_bytes(),
        }
    }
}

/// Words before the errors: how many there are, and windows that were anomalous to the model in use.
const COUNTS: usize = 2;

/// Shares out `windows` among the phases in the proportions of the parameters, at least two to each.
fn share(params: &mut Params, windows: u16) {
    let phases = [params.scale_windows, params.fit_windows, params.calibrate_windows].map(u32::from);
    let total = phases.iter().sum::<u32>();
    let part = |n: u32| (n * u32::from(windows)).checked_div(total).unwrap_or(0).clamp(2, 20_000) as u16;
    params.scale_windows = part(phases[0]);
    params.calibrate_windows = part(phases[2]);
    params.fit_windows = windows.saturating_sub(params.scale_windows + params.calibrate_windows).max(2);
}

fn not_trained(error: &TrainError, out: &mut dyn Out) {
    match error {
        TrainError::Workspace(shortage) => words::workspace(shortage, out),
        TrainError::Params(error) => words::param_error("esn", error, out),
        TrainError::NotWanted | TrainError::Shape => {
            out.str("the sensor's channels changed while training; train again")
        }
        TrainError::ConstantChannel(channel) => {
            out.counts("channel % never changed; check the sensor ('sensor read')", &[(*channel).into()]);
        }
        TrainError::TooManyFaults(count) => {
            out.counts("% windows were faulty; 'stats' says how the sensor does", &[*count]);
        }
        TrainError::TooFewWindows { have, need } => {
            out.counts("% windows are too few, % are needed", &[*have, *need]);
        }
        TrainError::Singular(_) => out.str("the normal equations cannot be solved; raise esn.ridge"),
        TrainError::Diverged => out.str("the output that is fed back runs away; lower esn.feedback"),
        TrainError::NoError => {
            out.str("the signal is predicted without any error, so there is no threshold; check the sensor")
        }
    }
}

fn not_clustered(error: &ClusterError, out: &mut dyn Out) {
    match error {
        ClusterError::Untrained => out.str(words::UNTRAINED),
        ClusterError::Packed => out.str("the model in use is packed already"),
        ClusterError::Factor => out.str("the factor is one of 4, 8, 16, 32"),
        ClusterError::Larger { before, after } => {
            out.counts(
                "by this factor the weights would take % bytes with their table and take % now; \
                     a larger factor needs a smaller table",
                &[*after, *before],
            );
        }
        ClusterError::Workspace(Shortage { needed, .. }) => {
            out.counts("needs % bytes more of working memory (CONFIG_HONE_WORKSPACE_BYTES)", &[*needed as u32]);
        }
        ClusterError::Range => out.str("the weights are beyond the range of a table; train again"),
    }
}

fn not_quantized(error: &QuantizeError, out: &mut dyn Out) {
    match error {
        QuantizeError::Untrained => out.str(words::UNTRAINED),
        QuantizeError::Packed => out.str("the model in use is packed already"),
        QuantizeError::Unsupported(name) => {
            out.str("integers do not serve the model's esn.");
            out.str(name);
            out.str("; 'config reset esn.");
            out.str(name);
            out.str("', and train again");
        }
        QuantizeError::Weights | QuantizeError::Range => {
            out.str("a weight or a channel's scale is beyond these integers' range")
        }
    }
}
