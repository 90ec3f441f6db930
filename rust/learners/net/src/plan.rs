//! What a training needs: which stages learn, what they keep, and where every buffer lies.

use crate::model::forward_buffers;
use crate::params::Params;
use crate::place::{BUFFERS, Buffer, Places, Use};
use crate::stage::{Form, Stage, Stages};
use crate::whole::{self, PAIRS};
use bytemuck::{AnyBitPattern, NoUninit};
use hone_learn::words;

/// What training keeps of a stage of 8 bits from sample to sample. What a use does not need is empty.
///
/// Of a stage that is applied once per sample, a dense one, inputs and errors of a batch are kept: rows of its gradient are then
/// sums over these, exact, made when they are needed. Of one that slides, gradients are summed sample by sample in 16 bits, with an
/// exponent for each row.
#[derive(Debug)]
pub(crate) struct ByteStore<'a> {
    /// Inputs of a batch, `stride` bytes each.
    pub inputs: &'a mut [i8],
    /// Errors of a batch, `rows` bytes each.
    pub errors: &'a mut [i8],
    /// Summed gradients, as the weights lie.
    pub sums: &'a mut [i16],
    /// By how many bits they were shifted right.
    pub shifts: &'a mut [u8],
    /// Summed errors by output channel.
    pub bias: &'a mut [i32],
    /// The last step of each weight, in units of its row's exponent.
    pub steps: &'a mut [i8],
    /// Bits of these behind the point.
    pub step_bits: &'a mut [u8],
    /// Likewise of biases.
    pub bias_steps: &'a mut [f32],
    /// Running mean squares of the rows' gradients.
    pub squares: &'a mut [f32],
}

/// The same of a stage in `f32`.
#[derive(Debug)]
pub(crate) struct RealStore<'a> {
    pub sums: &'a mut [f32],
    pub bias: &'a mut [f32],
    pub steps: &'a mut [f32],
    pub bias_steps: &'a mut [f32],
    pub squares: &'a mut [f32],
}

/// Counts of the items that are kept.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    inputs: usize,
    errors: usize,
    sums: usize,
    shifts: usize,
    bias: usize,
    steps: usize,
    step_bits: usize,
    bias_steps: usize,
    squares: usize,
}

impl Counts {
    fn of(stage: &Stage, params: &Params) -> Self {
        let batch = usize::from(params.batch);
        let moves = params.momentum > 0.0;
        let weights = if params.biases { 0 } else { stage.rows() * stage.stride() };
        let (int8, once) = (stage.form == Form::Int8, stage.positions() == 1);
        let when = |yes: bool, count| if yes { count } else { 0 };
        let learns = weights > 0;
        Self {
            inputs: when(learns && int8 && once, stage.stride() * batch),
            errors: when(learns && int8 && once, stage.rows() * batch),
            sums: when(!(int8 && once), weights),
            shifts: when(learns && int8 && !once, stage.rows()),
            bias: stage.biases(),
            steps: when(moves, weights),
            step_bits: when(moves && learns && int8, stage.rows()),
            bias_steps: when(moves, stage.biases()),
            squares: when(params.standardise, stage.rows()),
        }
    }

    fn words(&self, form: Form) -> usize {
        let wide = [self.bias, self.bias_steps, self.squares].into_iter().sum::<usize>();
        match form {
            Form::Int8 => {
                let bytes = [self.inputs, self.errors, self.shifts, self.steps, self.step_bits];
                wide + words(self.sums, 2) + bytes.into_iter().map(|n| words(n, 1)).sum::<usize>()
            }
            Form::F32 => wide + self.sums + self.steps,
        }
    }
}

/// The first `count` items of what is left.
#[inline(always)]
fn take<'a, T: AnyBitPattern + NoUninit>(rest: &mut &'a mut [u32], count: usize) -> Option<&'a mut [T]> {
    let (taken, left) = core::mem::take(rest).split_at_mut_checked(words(count, size_of::<T>()))?;
    *rest = left;
    bytemuck::cast_slice_mut(taken).get_mut(..count)
}

impl<'a> ByteStore<'a> {
    #[inline(always)]
    pub fn carve(stage: &Stage, params: &Params, memory: &'a mut [u32]) -> Option<Self> {
        let n = Counts::of(stage, params);
        let rest = &mut { memory };
        Some(Self {
            inputs: take(rest, n.inputs)?,
            errors: take(rest, n.errors)?,
            sums: take(rest, n.sums)?,
            shifts: take(rest, n.shifts)?,
            bias: take(rest, n.bias)?,
            steps: take(rest, n.steps)?,
            step_bits: take(rest, n.step_bits)?,
            bias_steps: take(rest, n.bias_steps)?,
            squares: take(rest, n.squares)?,
        })
    }
}

impl<'a> RealStore<'a> {
    pub fn carve(stage: &Stage, params: &Params, memory: &'a mut [u32]) -> Option<Self> {
        let n = Counts::of(stage, params);
        let rest = &mut { memory };
        Some(Self {
            sums: take(rest, n.sums)?,
            bias: take(rest, n.bias)?,
            steps: take(rest, n.steps)?,
            bias_steps: take(rest, n.bias_steps)?,
            squares: take(rest, n.squares)?,
        })
    }
}

/// Words of working memory of a stage backward and in its update.
pub(crate) fn backward_words(stage: &Stage, before: Form, params: &Params, passes_on: bool) -> usize {
    let magnitudes = if params.rows_least < 1.0 { stage.rows() } else { 0 };
    match stage.form {
        Form::Int8 => {
            let gradient = 2 * (PAIRS + stage.stride());
            let error = if passes_on { whole::error_words(stage) } else { 0 };
            magnitudes + if stage.learns() { gradient.max(error) } else { 0 }
        }
        // Its input widened, and the error before it until it is rounded.
        Form::F32 if before == Form::Int8 => magnitudes + if passes_on { 2 } else { 1 } * stage.input.len(),
        Form::F32 => magnitudes,
    }
}

/// The buffers of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub places: Places<BUFFERS>,
    /// The first stage that learns.
    pub first: u8,
}

impl Plan {
    pub const EMPTY: Self = Self { places: Places::EMPTY, first: 0 };

    /// `None` when buffers take more than [`crate::place::MAX_WORDS`].
    #[inline(never)]
    pub fn make(&mut self, params: &Params, stages: &Stages) -> Option<()> {
        let first = first_trained(stages, params.last);
        let end = 2 * stages.len();
        let mut buffers = [Buffer::default(); BUFFERS];
        forward_buffers(stages, &mut buffers);
        let mut put = |at: Use, words: usize, from: usize, to: usize| {
            if let Some(buffer) = buffers.get_mut(at.index()) {
                *buffer = Buffer::new(words, from, to);
            }
        };
        for (l, stage) in stages.all().iter().enumerate().skip(first) {
            let backward = end - l;
            let before = stages.form_before(l);
            let gate = l > first && l.checked_sub(1).and_then(|b| stages.get(b)).is_some_and(|s| s.layer.relu);
            if gate || (stage.learns() && !params.biases) {
                // Its input is needed backward, too.
                let words = before.tensor_words(stage.input.len());
                put(Use::Tensor(l), words, l.saturating_sub(1), backward);
            }
            if stage.samples() {
                // What was drawn.
                put(Use::Forward(l), stage.output.len(), l, backward);
            }
            put(Use::Error(l), stage.form.tensor_words(stage.output.len()), backward - 1, backward);
            put(Use::Backward(l), backward_words(stage, before, params, l > first), backward, backward);
            if stage.learns() {
                put(Use::Store(l), Counts::of(stage, params).words(stage.form), 0, end + 1);
            }
        }
        if stages.sample().is_some() {
            // The input is what is to be made, and the distribution a part of the loss.
            for (l, stage) in stages.all().iter().enumerate().filter(|(l, stage)| *l == 0 || stage.samples()) {
                let words = stages.form_before(l).tensor_words(stage.input.len());
                put(Use::Tensor(l), words, l.saturating_sub(1), end - l);
            }
        }
        if params.keep {
            let front = stages.get(first).map_or(0, Stage::at);
            put(Use::Best, stages.words() - front, 0, end + 1);
        }
        self.first = first as u8;
        self.places.make(&buffers)
    }
}

/// The first stage that learns when the last `layers` with weights do; 0 for all.
fn first_trained(stages: &Stages, layers: u8) -> usize {
    let all = stages.all().iter().filter(|s| s.learns()).count();
    let skipped = if layers == 0 { 0 } else { all.saturating_sub(layers.into()) };
    let mut learning = stages.all().iter().enumerate().filter(|(_, s)| s.learns()).map(|(l, _)| l);
    learning.nth(skipped).unwrap_or(0)
}
