//! The model: its storage, inference, and the thresholds it can be asked for.

use crate::form::{Clusters, ReadoutForm};
use crate::network::{Network, Position, Readouts, State};
use crate::packed::{Packed, Packing};
use crate::params::{Checked, MAX_CHANNELS, Params, Readout, Shape};
use crate::reservoir::{Weights, WeightsMut, generate};
use crate::threshold::{self, Errors, Thresholds};
use hone_learn::threshold::Threshold;
use hone_learn::{Decision, ParamError, Verdict};
use hone_signal::WindowView;
use serde::{Deserialize, Serialize};

/// What a model is apart from its weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    #[serde(skip)]
    pub trained: bool,
    pub params: Params,
    pub shape: Shape,
    /// What W_res was multiplied by to have its spectral radius.
    pub gain: f32,
    pub thresholds: Thresholds,
    /// Mean error of the calibration's windows.
    pub quality: f32,
    /// How the readout is kept.
    #[serde(skip)]
    pub form: ReadoutForm,
}

/// A model with room for `N` units, `C` channels and `E` non-zero weights in W_res.
///
/// All bits zero until it is trained or loaded, so that a static one lies in `.bss`.
#[derive(Clone, Debug)]
pub struct Model<const N: usize, const C: usize, const E: usize> {
    head: Head,
    shifts: [u16; N],
    res: [f32; E],
    input: [[f32; N]; C],
    back: [[f32; N]; C],
    mean: [f32; C],
    factor: [f32; C],
    out_state: [[f32; N]; C],
    out_input: [[f32; C]; C],
    out_output: [[f32; C]; C],
}

/// A model's storage, independent of its capacity and not yet cut to the size in use.
#[derive(Debug)]
pub(crate) struct Storage<'a> {
    pub head: &'a mut Head,
    pub weights: WeightsMut<'a>,
    pub mean: &'a mut [f32],
    pub factor: &'a mut [f32],
    pub out_state: &'a mut [f32],
    pub out_input: &'a mut [f32],
    pub out_output: &'a mut [f32],
}

impl<const N: usize, const C: usize, const E: usize> Default for Model<N, C, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const C: usize, const E: usize> Model<N, C, E> {
    /// Without content; [`Model::is_trained`] is false.
    pub const fn new() -> Self {
        const {
            assert!(C <= MAX_CHANNELS as usize);
        }
        Self {
            head: Head {
                trained: false,
                params: Params::ZERO,
                shape: Shape { channels: 0, window_frames: 0 },
                gain: 0.0,
                thresholds: Thresholds::NONE,
                quality: 0.0,
                form: ReadoutForm::Plain,
            },
            shifts: [0; N],
            res: [0.0; E],
            input: [[0.0; N]; C],
            back: [[0.0; N]; C],
            mean: [0.0; C],
            factor: [0.0; C],
            out_state: [[0.0; N]; C],
            out_input: [[0.0; C]; C],
            out_output: [[0.0; C]; C],
        }
    }

    /// Whether these parameters fit.
    ///
    /// # Errors
    /// [`ParamError::Capacity`] names what does not.
    pub const fn accepts(checked: &Checked) -> Result<(), ParamError> {
        let asked = [
            ("units", checked.units(), N),
            ("channels", checked.channels(), C),
            ("density (non-zero reservoir weights)", checked.nonzeros(), E),
        ];
        let mut i = 0;
        while i < asked.len() {
            #[allow(clippy::indexing_slicing, reason = "a const fn has no iterators; i < asked.len()")]
            let (name, asked, capacity) = asked[i];
            if asked > capacity {
                return Err(ParamError::Capacity { name, asked: asked as u32, capacity: capacity as u32 });
            }
            i += 1;
        }
        Ok(())
    }

    /// Whether there is something to infer with.
    pub const fn is_trained(&self) -> bool {
        self.head.trained
    }

    /// Empties the model.
    pub fn clear(&mut self) {
        self.head.trained = false;
    }

    /// The parameters it was trained with.
    pub const fn params(&self) -> &Params {
        &self.head.params
    }

    /// The shape of the windows it was trained on.
    pub const fn shape(&self) -> Shape {
        self.head.shape
    }

    /// What a verdict's score is held against.
    pub const fn threshold(&self) -> Threshold {
        self.head.thresholds.shown(self.head.params.score)
    }

    /// What the normalised error is held against, unless only the plain one is judged.
    pub const fn nmse_threshold(&self) -> Threshold {
        self.head.thresholds.nmse
    }

    /// What the mean squared error is held against, unless only the normalised one is judged.
    pub const fn mse_threshold(&self) -> Threshold {
        self.head.thresholds.mse
    }

    /// Mean error of the windows held back for calibration, in squared standard deviations.
    pub const fn quality(&self) -> f32 {
        self.head.quality
    }

    /// Judges one window.
    ///
    /// Windows before the average is full are normal, with the error of the window alone as score. A window that does
    /// not continue the one before it starts a new average. Without a model, or with another number of channels, the
    /// verdict is unknown. Faults other than a gap are the caller's to act on: the samples are judged as they are.
    pub fn infer(&self, window: &WindowView<'_>, scratch: &mut Scratch<N, C>) -> Verdict {
        self.examine(window, scratch).verdict
    }

    /// As [`Model::infer`], with what the verdict rests on.
    pub fn examine(&self, window: &WindowView<'_>, scratch: &mut Scratch<N, C>) -> Outcome {
        let Some(net) = self.network() else { return Outcome::UNKNOWN };
        let Some((mut state, at)) = scratch.cut(net.params, usize::from(self.head.shape.channels)) else {
            return Outcome::UNKNOWN;
        };
        judge(&net, &self.head.thresholds, &mut state, at, window)
    }

    fn network(&self) -> Option<Network<'_>> {
        if !self.head.trained {
            return None;
        }
        let parts = Parts {
            head: &self.head,
            weights: Weights {
                shifts: &self.shifts,
                res: &self.res,
                input: self.input.as_flattened(),
                back: self.back.as_flattened(),
            },
            mean: &self.mean,
            factor: &self.factor,
            out: Readouts {
                state: self.out_state.as_flattened(),
                clusters: None,
                input: self.out_input.as_flattened(),
                output: self.out_output.as_flattened(),
            },
        };
        parts.cut()
    }

    /// The weights of the readout's state part, a row per channel, as [`hone_numeric::quantize::clusters::cluster`] takes them; none
    /// without content, or where they are clustered ([`ReadoutForm::Clustered`]).
    pub fn readout(&self) -> &[f32] {
        self.network().map_or(&[], |net| net.out.state)
    }

    /// The same in every form.
    pub fn weights(&self) -> impl Iterator<Item = f32> {
        let clusters = self.network().and_then(|net| net.out.clusters);
        self.readout().iter().copied().chain(clusters.into_iter().flat_map(Clusters::weights))
    }

    /// This model, to be serialised with its weights packed; [`Model::load_packed`] reads it.
    pub const fn packed<'a>(&'a self, packing: Packing<'a>) -> Packed<'a, N, C, E> {
        Packed { model: self, packing }
    }

    /// Sets the thresholds anew by the model's rule, from windows held back from training, for instance after packing
    /// changed the weights. `errors` needs room for two numbers per window. False, and nothing is changed, when it is
    /// too short, when nothing was judged, or without content.
    pub fn recalibrate<'w>(
        &mut self,
        scratch: &mut Scratch<N, C>,
        windows: impl IntoIterator<Item = WindowView<'w>>,
        errors: &mut [f32],
    ) -> bool {
        scratch.reset();
        let judged = windows.into_iter().map(|window| self.examine(&window, scratch).errors);
        let halves = threshold::halves(errors, judged);
        scratch.reset();
        halves.is_some_and(|(mse, nmse)| self.calibrate(mse, nmse))
    }

    /// Sets the thresholds by the model's rule for these errors of windows, which are reordered. False, and nothing is
    /// changed, without errors or when one is not finite and positive.
    pub fn calibrate(&mut self, mse: &mut [f32], nmse: &mut [f32]) -> bool {
        let found = Thresholds::with_quality(mse, nmse, &self.head.params);
        if let Some(found) = found {
            (self.head.thresholds, self.head.quality) = found;
        }
        found.is_some()
    }

    pub(crate) const fn head(&self) -> &Head {
        &self.head
    }

    pub(crate) fn copy_arrays(&mut self, other: &Self) {
        self.head = other.head;
        self.shifts = other.shifts;
        self.res = other.res;
        (self.input, self.back) = (other.input, other.back);
        (self.mean, self.factor) = (other.mean, other.factor);
        self.out_state = other.out_state;
        (self.out_input, self.out_output) = (other.out_input, other.out_output);
    }

    pub(crate) fn readable(&self) -> Option<Network<'_>> {
        self.network()
    }

    // One copy for all that fills the model.
    #[inline(never)]
    pub(crate) fn storage(&mut self) -> Storage<'_> {
        Storage {
            head: &mut self.head,
            weights: WeightsMut {
                shifts: &mut self.shifts,
                res: &mut self.res,
                input: self.input.as_flattened_mut(),
                back: self.back.as_flattened_mut(),
            },
            mean: &mut self.mean,
            factor: &mut self.factor,
            out_state: self.out_state.as_flattened_mut(),
            out_input: self.out_input.as_flattened_mut(),
            out_output: self.out_output.as_flattened_mut(),
        }
    }
}

struct Parts<'a> {
    head: &'a Head,
    weights: Weights<'a>,
    mean: &'a [f32],
    factor: &'a [f32],
    out: Readouts<'a>,
}

impl<'a> Parts<'a> {
    /// Cuts every array to the size in use.
    fn cut(self) -> Option<Network<'a>> {
        let checked = Checked::trusted(self.head.params, self.head.shape);
        let (n, c) = (checked.units(), checked.channels());
        let params = &self.head.params;
        let back = if params.feedback > 0.0 { n * c } else { 0 };
        let input = if params.readout == Readout::State { 0 } else { c * c };
        let output = if params.readout == Readout::InputStateOutput { c * c } else { 0 };
        let clusters = match self.head.form {
            ReadoutForm::Clustered(bits) => Some(Clusters::of(self.out.state.get(..n * c)?, n * c, bits)?),
            ReadoutForm::Plain | ReadoutForm::Affine | ReadoutForm::Fixed(_) => None,
        };
        Some(Network {
            params,
            weights: Weights {
                shifts: self.weights.shifts.get(..checked.diagonals())?,
                res: self.weights.res.get(..checked.nonzeros())?,
                input: self.weights.input.get(..n * c)?,
                back: self.weights.back.get(..back)?,
            },
            mean: self.mean.get(..c)?,
            factor: self.factor.get(..c)?,
            out: Readouts {
                state: if clusters.is_some() { &[] } else { self.out.state.get(..n * c)? },
                clusters,
                input: self.out.input.get(..input)?,
                output: self.out.output.get(..output)?,
            },
        })
    }
}

impl Storage<'_> {
    /// Generates the reservoir for the head's parameters. False when it does not fit.
    #[inline]
    pub fn generate(&mut self, checked: &Checked, gain: f32) -> bool {
        let p = checked.params();
        let (n, c) = (checked.units(), checked.channels());
        let back = if p.feedback > 0.0 { n * c } else { 0 };
        let w = &mut self.weights;
        let (Some(shifts), Some(res), Some(input), Some(back)) = (
            w.shifts.get_mut(..checked.diagonals()),
            w.res.get_mut(..checked.nonzeros()),
            w.input.get_mut(..n * c),
            w.back.get_mut(..back),
        ) else {
            return false;
        };
        generate(p.seed, n, p.input_scale, p.feedback, gain, &mut WeightsMut { shifts, res, input, back });
        true
    }

    /// The network as far as it is known, for training.
    pub fn network(&self) -> Option<Network<'_>> {
        let w = &self.weights;
        Parts {
            head: self.head,
            weights: Weights { shifts: w.shifts, res: w.res, input: w.input, back: w.back },
            mean: self.mean,
            factor: self.factor,
            out: Readouts { state: self.out_state, clusters: None, input: self.out_input, output: self.out_output },
        }
        .cut()
    }
}

/// What became of one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The verdict; its score is of the averaged errors, or of this window's while the average is not full.
    pub verdict: Verdict,
    /// The errors of this window alone; `None` when it has no frame past the washout.
    pub errors: Option<Errors>,
    /// Whether the average is full, so that the verdict rests on the threshold.
    pub warm: bool,
}

impl Outcome {
    const UNKNOWN: Self =
        Self { verdict: Verdict { decision: Decision::Unknown, score: 0.0 }, errors: None, warm: false };
}

fn judge(
    net: &Network<'_>,
    thresholds: &Thresholds,
    state: &mut State<'_>,
    at: &mut Position,
    window: &WindowView<'_>,
) -> Outcome {
    let channels = net.mean.len();
    if window.channels != channels || window.is_empty() {
        at.interrupt();
        return Outcome::UNKNOWN;
    }
    let errors = net.run(state, at, window).mean(channels);
    if errors.is_some_and(|e| !e.is_finite()) {
        // Nothing moves at all, or an output fed back has run away. The next window must not inherit it.
        at.interrupt();
        return Outcome { verdict: Verdict { decision: Decision::Anomalous, score: f32::MAX }, errors, warm: false };
    }
    let averaged = errors.and_then(|e| at.average(e, net.params));
    let score = net.params.score;
    let decision = match averaged {
        Some(errors) if thresholds.are_passed(score, &errors) => Decision::Anomalous,
        _ => Decision::Normal,
    };
    let number = averaged.or(errors).map_or(0.0, |e| thresholds.score(score, &e));
    Outcome { verdict: Verdict { decision, score: number }, errors, warm: averaged.is_some() }
}

/// What inference keeps from window to window, for models of up to `N` units and `C` channels.
#[derive(Clone, Debug)]
pub struct Scratch<const N: usize, const C: usize> {
    at: Position,
    x: [[f32; N]; 3],
    u: [f32; C],
    y: [f32; C],
    offset: [f32; C],
}

impl<const N: usize, const C: usize> Default for Scratch<N, C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const C: usize> Scratch<N, C> {
    /// At the start of a stream.
    pub const fn new() -> Self {
        Self { at: Position::START, x: [[0.0; N]; 3], u: [0.0; C], y: [0.0; C], offset: [0.0; C] }
    }

    /// Forgets the stream: the state is reset and the average starts anew. Needed when the model changes.
    pub fn reset(&mut self) {
        self.at.interrupt();
    }

    fn cut(&mut self, params: &Params, channels: usize) -> Option<(State<'_>, &mut Position)> {
        let units = usize::from(params.units);
        let (x, rest) = self.x.as_flattened_mut().split_at_mut_checked(2 * units)?;
        let state = State {
            x,
            next: rest.get_mut(..units)?,
            u: self.u.get_mut(..channels)?,
            y: self.y.get_mut(..channels)?,
            offset: self.offset.get_mut(..channels)?,
        };
        Some((state, &mut self.at))
    }
}

/// The reference's threshold, for comparison: the model's rule applied to its mean squared errors on `windows`, which are
/// those it was fitted on, replayed. `errors` needs room for one number per window; `None` when it is too short, when
/// nothing was judged, or without a model. The model's own threshold stays.
///
/// Errors of data that was fitted are lower than those of unseen data, the more so the fewer windows there were; so
/// this threshold raises more false alarms.
pub fn in_sample_threshold<'w, const N: usize, const C: usize, const E: usize>(
    model: &Model<N, C, E>,
    scratch: &mut Scratch<N, C>,
    windows: impl IntoIterator<Item = WindowView<'w>>,
    errors: &mut [f32],
) -> Option<Threshold> {
    scratch.reset();
    let mut count = 0;
    for window in windows {
        if let Some(e) = model.examine(&window, scratch).errors {
            *errors.get_mut(count)? = e.mse;
            count += 1;
        }
    }
    scratch.reset();
    let p = model.params();
    Threshold::from_scores(errors.get_mut(..count)?, p.rule, p.k, p.quantile, p.margin)
}
