//! The model: what inference needs, in one slice of words of fixed capacity.
//!
//! The words: the classes' numbers, a mean and a gain for each channel of the input, and then each layer's weights, biases and
//! row exponents as `stage` says.

use crate::network::{Extent, Network, NetworkError};
use crate::place::{Buffer, FORWARD_BUFFERS, Places, Use};
use crate::scale::{nearest, power};
use crate::stage::{Form, MAX_STAGES, Numbers, Stage, Stages};
use crate::{latent, real, whole};
use hone_learn::{ClassId, Decision, Verdict};
use hone_numeric::layer::Dither;

/// Classes that a network tells apart at most.
pub const MAX_CLASSES: usize = 64;

/// Bits behind the point of the input in 8 bits: four deviations either way.
pub(crate) const INPUT_EXPONENT: i8 = 5;

/// What a model is, besides its words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Head {
    pub trained: bool,
    pub numbers: Numbers,
    pub network: Network,
    pub input: Extent,
    pub classes: u16,
    /// Of the tensor that each stage takes in.
    pub exponents: [i8; MAX_STAGES],
    pub stages: Stages,
    pub places: Places<FORWARD_BUFFERS>,
}

impl Head {
    pub const EMPTY: Self = Self {
        trained: false,
        numbers: Numbers::Int8,
        network: Network::NONE,
        input: Extent { frames: 0, channels: 0 },
        classes: 0,
        exponents: [0; MAX_STAGES],
        stages: Stages::EMPTY,
        places: Places::EMPTY,
    };

    /// Becomes an untrained head, with its shapes and buffers. In place, here and in what it calls: it runs on the stack of a shell.
    #[inline(never)]
    pub fn make(
        &mut self,
        network: &Network,
        input: Extent,
        classes: u16,
        numbers: Numbers,
    ) -> Result<(), NetworkError> {
        self.trained = false;
        (self.numbers, self.network, self.input, self.classes) = (numbers, *network, input, classes);
        let outputs = Self::outputs(network, input, classes);
        self.stages.make(network, input, outputs, numbers, front(input, classes))?;
        self.exponents = [4; MAX_STAGES];
        if let Some(first) = self.exponents.first_mut() {
            *first = INPUT_EXPONENT;
        }
        let too_large = NetworkError::TooLarge { layer: self.stages.len() as u8 };
        place_forward(&self.stages, &mut self.places).ok_or(too_large)
    }

    pub fn exponent(&self, tensor: usize) -> i8 {
        self.exponents.get(tensor).copied().unwrap_or(0)
    }

    /// Numbers that the last layer gives: one for each class, or as many as the input has.
    pub fn outputs(network: &Network, input: Extent, classes: u16) -> u16 {
        if network.samples() { input.len() as u16 } else { classes }
    }

    fn ids<'w>(&self, words: &'w [u32]) -> &'w [u32] {
        words.get(..self.classes.into()).unwrap_or(&[])
    }

    /// Means and gains of the channels of the input.
    pub fn standard<'w>(&self, words: &'w [u32]) -> Option<(&'w [f32], &'w [f32])> {
        let channels = usize::from(self.input.channels);
        let both = words.get(self.classes.into()..)?.get(..2 * channels)?;
        let both: &[f32] = bytemuck::cast_slice(both);
        both.split_at_checked(channels)
    }

    /// The index of a class.
    pub fn index_of(&self, words: &[u32], class: ClassId) -> Option<usize> {
        self.ids(words).iter().position(|id| *id == u32::from(class.0))
    }
}

/// Words of a model before the weights: the classes' numbers, and means and gains of the channels.
pub(crate) fn front(input: Extent, classes: u16) -> usize {
    usize::from(classes) + 2 * usize::from(input.channels)
}

/// Places the buffers of a forward pass alone.
pub(crate) fn place_forward(stages: &Stages, places: &mut Places<FORWARD_BUFFERS>) -> Option<()> {
    let mut buffers = [Buffer::default(); FORWARD_BUFFERS];
    forward_buffers(stages, &mut buffers);
    places.make(&buffers)
}

/// The buffers of a forward pass: tensors live from the stage before them to the stage that takes them in.
pub(crate) fn forward_buffers(stages: &Stages, buffers: &mut [Buffer]) {
    let mut put = |at: Use, words: usize, from: usize, to: usize| {
        if let Some(buffer) = buffers.get_mut(at.index()) {
            *buffer = Buffer::new(words, from, to);
        }
    };
    for (l, stage) in stages.all().iter().enumerate() {
        let words = stages.form_before(l).tensor_words(stage.input.len());
        put(Use::Tensor(l), words, l.saturating_sub(1), l);
        let widened = stage.form == Form::F32 && stages.form_before(l) == Form::Int8;
        let words = match stage.form {
            Form::Int8 => whole::forward_words(stage),
            Form::F32 if widened => stage.input.len(),
            Form::F32 => 0,
        };
        put(Use::Forward(l), words, l, l);
    }
    let last = stages.len();
    let outputs = stages.all().last().map_or(0, |stage| stage.output.len());
    put(Use::Tensor(last), outputs, last.saturating_sub(1), last);
}

/// The largest magnitudes before they were cut, of the tensor that each stage takes in, in its units.
pub(crate) type Peaks = [i32; MAX_STAGES];

/// Runs stage `l`: from its tensor in `memory` to the next one. Without dice a distribution gives its mean.
#[inline(never)]
pub(crate) fn forward<const N: usize>(
    head: &Head,
    words: &[u32],
    places: &Places<N>,
    memory: &mut [u32],
    l: usize,
    peaks: &mut Peaks,
    dice: Option<&mut Dither>,
) -> Option<()> {
    let stage = head.stages.get(l)?;
    let [x, temp, y] = places.lend(memory, [Use::Tensor(l), Use::Forward(l), Use::Tensor(l + 1)])?;
    let ex = head.exponent(l);
    if stage.samples() {
        let (x, noise) = (bytemuck::cast_slice(x), bytemuck::cast_slice_mut(temp));
        let exponent = head.exponent(l + 1).into();
        return latent::forward(x, stage, exponent, y, peaks.get_mut(l + 1)?, dice.map(|dice| (dice, noise)));
    }
    match (stage.form, head.stages.form_before(l)) {
        (Form::Int8, _) => {
            let w = stage.bytes(words)?;
            let x: &[i8] = bytemuck::cast_slice(x);
            let into = if stage.gives_reals {
                whole::Into::Reals(bytemuck::cast_slice_mut(y))
            } else {
                let exponent = head.exponent(l + 1).into();
                whole::Into::Bytes { y: bytemuck::cast_slice_mut(y), exponent, peak: peaks.get_mut(l + 1)? }
            };
            whole::forward(stage, &w, x, ex.into(), into, temp)
        }
        (Form::F32, before) => {
            let w = stage.reals(words)?;
            let x: &[f32] = match before {
                Form::F32 => bytemuck::cast_slice(x),
                Form::Int8 => widen(bytemuck::cast_slice(x), ex, bytemuck::cast_slice_mut(temp)),
            };
            real::forward(stage, &w, x, bytemuck::cast_slice_mut(y))
        }
    }
}

/// A tensor of 8 bits in `f32`.
pub(crate) fn widen<'t>(x: &[i8], exponent: i8, to: &'t mut [f32]) -> &'t [f32] {
    let unit = power(-i32::from(exponent));
    to.iter_mut().zip(x).for_each(|(to, x)| *to = f32::from(*x) * unit);
    to
}

/// Writes a row into the tensor of the input, standardised by channel; whether all its numbers are finite.
#[inline(always)]
pub(crate) fn enter<const N: usize>(
    head: &Head,
    words: &[u32],
    places: &Places<N>,
    memory: &mut [u32],
    row: impl Iterator<Item = f32>,
) -> Option<bool> {
    let [x] = places.lend(memory, [Use::Tensor(0)])?;
    let standard = head.standard(words)?;
    // Stays 0 unless a number is infinite or not a number.
    let mut check = 0.0;
    // Not `inspect`, which is no slice any more for who walks along several at once.
    #[allow(clippy::manual_inspect, reason = "a third slower")]
    let row = row.map(|x| {
        check += x * 0.0;
        x
    });
    match head.stages.form_before(0) {
        Form::Int8 => {
            let x: &mut [i8] = bytemuck::cast_slice_mut(x);
            let unit = power(INPUT_EXPONENT.into());
            standardised(x.get_mut(..head.input.len())?, row, standard, |z| nearest(z * unit));
        }
        Form::F32 => standardised(bytemuck::cast_slice_mut(x), row, standard, |z| z),
    }
    Some(check == 0.0)
}

/// Writes numbers less their channel's mean, times its gain.
#[inline(always)]
fn standardised<T>(
    to: &mut [T],
    row: impl Iterator<Item = f32>,
    (means, gains): (&[f32], &[f32]),
    form: impl Fn(f32) -> T,
) {
    if means.len() == to.len() {
        // Features: without a search for the channel.
        for (((to, x), mean), gain) in to.iter_mut().zip(row).zip(means).zip(gains) {
            *to = form((x - mean) * gain);
        }
        return;
    }
    let mut channel = 0;
    for (to, x) in to.iter_mut().zip(row) {
        let (Some(mean), Some(gain)) = (means.get(channel), gains.get(channel)) else { return };
        *to = form((x - mean) * gain);
        channel = if channel + 1 == means.len() { 0 } else { channel + 1 };
    }
}

/// A model in `WORDS` words; [`crate::model_words`] says how many a use needs.
#[derive(Clone, Debug)]
pub struct Model<const WORDS: usize> {
    pub(crate) head: Head,
    pub(crate) words: [u32; WORDS],
}

impl<const WORDS: usize> Default for Model<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// The untrained model.
    pub const fn new() -> Self {
        Self { head: Head::EMPTY, words: [0; WORDS] }
    }

    /// To read, without the capacity in its type.
    pub fn view(&self) -> ModelView<'_> {
        ModelView { head: &self.head, words: &self.words }
    }

    /// To train into.
    pub fn edit(&mut self) -> ModelMut<'_> {
        ModelMut { head: &mut self.head, words: &mut self.words }
    }

    /// See [`ModelView::infer`].
    pub fn infer(&self, features: &[f32], scratch: &mut [u32]) -> Verdict {
        self.view().infer(features, scratch)
    }
}

/// A model to read, whatever owns it.
#[derive(Clone, Copy, Debug)]
pub struct ModelView<'a> {
    pub(crate) head: &'a Head,
    pub(crate) words: &'a [u32],
}

/// A model to train into, whatever owns it.
#[derive(Debug)]
pub struct ModelMut<'a> {
    pub(crate) head: &'a mut Head,
    pub(crate) words: &'a mut [u32],
}

impl ModelMut<'_> {
    /// Becomes untrained.
    pub fn clear(&mut self) {
        *self.head = Head::EMPTY;
    }

    /// Becomes the same as `from`; untrained, if that has no room here.
    pub fn copy(&mut self, from: ModelView<'_>) {
        *self.head = Head::EMPTY;
        let used = from.used();
        if let (Some(to), Some(words)) = (self.words.get_mut(..used), from.words.get(..used)) {
            to.iter_mut().zip(words.iter()).for_each(|(to, from)| *to = *from);
            *self.head = *from.head;
        }
    }
}

/// A layer, for who draws the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// As declared; the output layer too.
    pub layer: crate::Layer,
    /// What it takes in.
    pub input: Extent,
    /// What it gives.
    pub output: Extent,
    /// Weights and biases.
    pub parameters: usize,
    /// Multiply-accumulates of a forward pass.
    pub macs: usize,
    /// Whether its numbers are in 8 bits.
    pub int8: bool,
}

impl Drawn {
    pub(crate) fn of(stage: &Stage) -> Self {
        Self {
            layer: stage.layer,
            input: stage.input,
            output: stage.output,
            parameters: stage.parameters(),
            macs: stage.macs(),
            int8: stage.form == Form::Int8,
        }
    }
}

const UNKNOWN: Verdict = Verdict { decision: Decision::Unknown, score: f32::NAN };

impl<'a> ModelView<'a> {
    /// Whether it has been trained or loaded.
    pub fn is_trained(&self) -> bool {
        self.head.trained
    }

    /// In what numbers it is.
    pub fn numbers(&self) -> Numbers {
        self.head.numbers
    }

    /// What it takes in.
    pub fn input(&self) -> Extent {
        self.head.input
    }

    /// Numbers that its distribution has means of; 0 where it has none.
    pub fn latent(&self) -> usize {
        self.head.stages.sample().and_then(|l| self.head.stages.get(l)).map_or(0, |stage| stage.output.len())
    }

    /// Its layers as they were declared.
    pub fn network(&self) -> &'a Network {
        &self.head.network
    }

    /// Its layers with their shapes, the output layer last.
    pub fn layers(&self) -> impl Iterator<Item = Drawn> + 'a {
        self.head.stages.all().iter().map(Drawn::of)
    }

    /// Its classes in ascending order.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + 'a {
        self.head.ids(self.words).iter().map(|id| ClassId(*id as u16))
    }

    /// Words in use.
    pub fn used(&self) -> usize {
        if self.head.trained { self.head.stages.words() } else { 0 }
    }

    /// Words of scratch that [`ModelView::infer`] needs.
    pub fn scratch_words(&self) -> usize {
        self.head.places.peak()
    }

    /// Which class a row is of: that of the largest logit, of equal ones the first. The score is by how much it is larger
    /// than the next: how many times likelier the class is than the runner-up, as a logarithm.
    ///
    /// A row of another length, a number that is not finite, too little scratch or an untrained model give `Unknown` with a
    /// score that is not a number.
    #[inline(never)]
    pub fn infer(&self, features: &[f32], scratch: &mut [u32]) -> Verdict {
        match self.logits(features, scratch) {
            Some(logits) => decide(self.head.ids(self.words), logits),
            None => UNKNOWN,
        }
    }

    /// The logits of all classes; `None` where [`ModelView::infer`] gives `Unknown`. Of a network that samples, the row that it
    /// makes of the mean of the distribution, standardised.
    pub fn logits<'s>(&self, features: &[f32], scratch: &'s mut [u32]) -> Option<&'s [f32]> {
        self.run(features, scratch, self.head.stages.len(), |_| {})
    }

    /// Runs a network that samples: what its distribution is (means, then logarithms of variances) to `seen`; what it
    /// makes of the mean, standardised.
    pub fn reconstruct<'s>(
        &self,
        features: &[f32],
        scratch: &'s mut [u32],
        seen: impl FnMut(&[f32]),
    ) -> Option<&'s [f32]> {
        self.head.stages.sample()?;
        self.run(features, scratch, self.head.stages.len(), seen)
    }

    /// The encoder of a network that samples alone: the distribution, means and then logarithms of variances.
    pub fn distribution<'s>(&self, features: &[f32], scratch: &'s mut [u32]) -> Option<&'s [f32]> {
        self.run(features, scratch, self.head.stages.sample()?, |_| {})
    }

    /// A row less the channels' means, times their gains.
    pub fn standardised(&self, features: &[f32]) -> impl Iterator<Item = f32> {
        let (means, gains) = self.head.standard(self.words).unwrap_or_default();
        features.iter().zip(means.iter().cycle().zip(gains.iter().cycle())).map(|(x, (mean, gain))| (x - mean) * gain)
    }

    /// Runs the first `count` stages; what the last of them gives, in `f32`.
    #[inline(never)]
    fn run<'s>(
        &self,
        features: &[f32],
        scratch: &'s mut [u32],
        count: usize,
        mut seen: impl FnMut(&[f32]),
    ) -> Option<&'s [f32]> {
        let head = self.head;
        if !head.trained || features.len() != head.input.len() {
            return None;
        }
        if !enter(head, self.words, &head.places, scratch, features.iter().copied())? {
            return None;
        }
        let mut peaks = Peaks::default();
        for (l, stage) in head.stages.all().iter().enumerate().take(count) {
            if stage.samples() {
                let [distribution] = head.places.lend(scratch, [Use::Tensor(l)])?;
                seen(bytemuck::cast_slice(distribution));
            }
            forward(head, self.words, &head.places, scratch, l, &mut peaks, None)?;
        }
        let [given] = head.places.lend(scratch, [Use::Tensor(count)])?;
        Some(bytemuck::cast_slice(given))
    }
}

/// The verdict of logits.
pub(crate) fn decide(ids: &[u32], logits: &[f32]) -> Verdict {
    let (mut best, mut next, mut winner) = (f32::NEG_INFINITY, f32::NEG_INFINITY, 0);
    for (z, id) in logits.iter().zip(ids) {
        if *z > best {
            (next, best, winner) = (best, *z, *id);
        } else if *z > next {
            next = *z;
        }
    }
    let score = best - next;
    if !score.is_finite() {
        return UNKNOWN;
    }
    Verdict { decision: Decision::Class(ClassId(winner as u16)), score }
}
