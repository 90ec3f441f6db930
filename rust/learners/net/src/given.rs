//! Models of numbers that were found elsewhere: a network that a PC trained, in `f32`, and its form in 8 bits.

use crate::codec::MOST;
use crate::model::{Head, MAX_CLASSES, ModelMut, ModelView, Peaks, enter, forward};
use crate::network::{Extent, Network, NetworkError};
use crate::place::Use;
use crate::scale::{MAX_EXPONENT, MIN_EXPONENT, exponent, nearest, power};
use crate::stage::{BIAS_BITS, Form, MAX_STAGES, Numbers, Stage};
use crate::update::FINEST;
use hone_learn::{ClassId, Shortage};

/// What a network of known weights is.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Its layers, the output layer aside.
    pub network: &'a Network,
    /// What it takes in.
    pub input: Extent,
    /// Its classes, ascending, one for each output.
    pub classes: &'a [ClassId],
    /// What is subtracted from each channel of the input.
    pub means: &'a [f32],
    /// What the difference is multiplied with.
    pub gains: &'a [f32],
    /// Weights, row by row, and biases of each layer that has any, the output layer last. A row is what a unit or filter takes
    /// in, frame by frame; of a transposed convolution what a channel of the input adds to the frames of the output.
    pub layers: &'a [(&'a [f32], &'a [f32])],
}

/// Why what is given is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenError {
    /// The layers do not fit what they take in.
    Network(NetworkError),
    /// There are fewer than two classes, more than [`MAX_CLASSES`], or they do not ascend.
    Classes,
    /// Means and gains are not one for each channel, or not finite.
    Standard,
    /// A layer with weights, from 1, has too few or too many of them, one that is not finite or beyond 10¹⁸, or in 8 bits a bias
    /// beyond 2047.
    Layer(u8),
    /// In 8 bits, the range of what a layer takes in, from 1, is not known.
    Range(u8),
    /// There is no room for the model.
    Room(Shortage),
}

/// The largest magnitude of each tensor of a network, over all rows that were looked at.
#[derive(Clone, Copy, Debug)]
pub struct Ranges([f32; MAX_STAGES]);

impl Ranges {
    /// Of nothing.
    pub const NONE: Self = Self([f32::NAN; MAX_STAGES]);

    /// That of what layer `l` (from 0, averages counted) takes in; not a number where it is not known.
    pub fn before(&self, l: usize) -> f32 {
        self.0.get(l).copied().unwrap_or(f32::NAN)
    }

    /// Takes in that the tensor before layer `l` has numbers of this magnitude.
    pub fn include(&mut self, l: usize, magnitude: f32) {
        if let Some(range) = self.0.get_mut(l) {
            *range = if *range >= magnitude { *range } else { magnitude };
        }
    }

    /// Takes in what a row makes of a model in `f32`; `None` where [`ModelView::infer`] would say `Unknown`.
    #[inline(never)]
    pub fn see(&mut self, model: ModelView<'_>, features: &[f32], scratch: &mut [u32]) -> Option<()> {
        let ModelView { head, words } = model;
        if !head.trained || head.numbers != Numbers::F32 || features.len() != head.input.len() {
            return None;
        }
        if !enter(head, words, &head.places, scratch, features.iter().copied())? {
            return None;
        }
        for l in 0..head.stages.len() {
            let [x] = head.places.lend(scratch, [Use::Tensor(l)])?;
            let x: &[f32] = bytemuck::cast_slice(x);
            self.include(l, largest(x));
            forward(head, words, &head.places, scratch, l, &mut Peaks::default(), None)?;
        }
        Some(())
    }
}

fn largest(x: &[f32]) -> f32 {
    x.iter().fold(0.0, |most, x| if x.abs() > most { x.abs() } else { most })
}

impl ModelMut<'_> {
    /// Becomes the network that is given, in `f32`.
    ///
    /// # Errors
    /// [`GivenError`]; it is then untrained.
    pub fn take(&mut self, given: &Given<'_>) -> Result<(), GivenError> {
        *self.head = Head::EMPTY;
        let classes = given.classes;
        let fit = (2..=MAX_CLASSES).contains(&classes.len()) && classes.is_sorted_by(|a, b| a < b);
        let count = Some(classes.len() as u16).filter(|_| fit).ok_or(GivenError::Classes)?;
        if given.input.is_empty() || given.network.samples() {
            return Err(GivenError::Network(NetworkError::Layer { layer: 1 }));
        }
        self.make(given.network, given.input, count, Numbers::F32)?;
        let Self { head, words } = self;
        let channels = usize::from(head.input.channels);
        let usable = |all: &[f32], count| all.len() == count && all.iter().all(|x| x.abs() <= MOST);
        if !usable(given.means, channels) || !usable(given.gains, channels) {
            return Err(GivenError::Standard);
        }
        let front = classes.iter().map(|class| u32::from(class.0));
        let standard = given.means.iter().chain(given.gains).map(|x| x.to_bits());
        words.iter_mut().zip(front.chain(standard)).for_each(|(to, word)| *to = word);
        let mut layers = given.layers.iter();
        for (stage, number) in head.stages.all().iter().filter(|s| s.learns()).zip(1..) {
            let wrong = GivenError::Layer(number);
            let (w, bias) = layers.next().ok_or(wrong)?;
            if !usable(w, stage.rows() * stage.cols()) || !usable(bias, stage.biases()) {
                return Err(wrong);
            }
            let to = stage.reals_mut(words).ok_or(wrong)?;
            to.w.iter_mut().zip(*w).for_each(|(to, w)| *to = *w);
            to.bias.iter_mut().zip(*bias).for_each(|(to, b)| *to = *b);
        }
        if layers.next().is_some() {
            return Err(GivenError::Layer(head.stages.all().iter().filter(|s| s.learns()).count() as u8 + 1));
        }
        head.trained = true;
        Ok(())
    }

    /// Becomes the form in 8 bits, or with the last layer in `f32`, of a model in `f32` whose tensors have these ranges.
    /// The tensor behind an average without a range of its own has that of what is averaged.
    ///
    /// # Errors
    /// [`GivenError`]; it is then untrained. Of a model that is not in `f32` [`GivenError::Layer`] of 0.
    pub fn quantise(&mut self, from: ModelView<'_>, numbers: Numbers, ranges: &Ranges) -> Result<(), GivenError> {
        *self.head = Head::EMPTY;
        let ModelView { head: source, words: given } = from;
        if !source.trained || source.numbers != Numbers::F32 || source.network.samples() {
            return Err(GivenError::Layer(0));
        }
        self.make(&source.network, source.input, source.classes, numbers)?;
        let Self { head, words } = self;
        let front = crate::model::front(source.input, source.classes);
        words.iter_mut().zip(given).take(front).for_each(|(to, from)| *to = *from);
        let mut range = f32::NAN;
        for (l, (stage, of)) in head.stages.all().iter().zip(source.stages.all()).enumerate() {
            let wrong = GivenError::Layer(l as u8 + 1);
            if l > 0 && head.stages.form_before(l) == Form::Int8 {
                let before = head.stages.get(l - 1).ok_or(wrong)?;
                let own = ranges.before(l);
                range = if own >= 0.0 || before.learns() { own } else { range };
                let unknown = GivenError::Range(l as u8 + 1);
                let known = Some(range).filter(|range| (0.0..=MOST).contains(range)).ok_or(unknown)?;
                let e = exponent(head.exponent(l), known);
                let e = e.min(finest(before, head.exponent(l - 1), words).ok_or(unknown)?);
                if let Some(place) = head.exponents.get_mut(l) {
                    *place = e;
                }
            } else {
                range = ranges.before(l);
            }
            if stage.learns() {
                let reals = of.reals(given).ok_or(wrong)?;
                fill(stage, reals.w, reals.bias, words).ok_or(wrong)?;
            }
        }
        head.trained = true;
        Ok(())
    }

    /// Becomes an untrained head for which there is room.
    fn make(&mut self, network: &Network, input: Extent, classes: u16, numbers: Numbers) -> Result<(), GivenError> {
        self.head.make(network, input, classes, numbers).map_err(GivenError::Network)?;
        let (needed, available) = (self.head.stages.words() * 4, self.words.len() * 4);
        if needed > available {
            return Err(GivenError::Room(Shortage { needed, available }));
        }
        Ok(())
    }
}

/// The finest exponent that a tensor may have which a stage gives: that of the coarsest sum. `None` where it is beyond exponents.
fn finest(stage: &Stage, before: i8, words: &[u32]) -> Option<i8> {
    let coarsest = stage.bytes(words).filter(|_| stage.learns()).and_then(|w| w.exponents.iter().min().copied());
    let finest = coarsest.map_or(MAX_EXPONENT, |e| e.saturating_add(before));
    Some(finest).filter(|e| *e >= MIN_EXPONENT)
}

/// Writes weights and biases in the form of a stage: in 8 bits each row as fine as it can be.
fn fill(stage: &Stage, w: &[f32], bias: &[f32], words: &mut [u32]) -> Option<()> {
    if stage.form == Form::F32 {
        let to = stage.reals_mut(words)?;
        to.w.iter_mut().zip(w).for_each(|(to, w)| *to = *w);
        to.bias.iter_mut().zip(bias).for_each(|(to, b)| *to = *b);
        return Some(());
    }
    let to = stage.bytes_mut(words)?;
    for ((to, e), row) in to.q.chunks_exact_mut(stage.stride()).zip(to.exponents).zip(w.chunks_exact(stage.cols())) {
        *e = row_exponent(largest(row))?;
        let unit = power((*e).into());
        to.fill(0);
        to.iter_mut().zip(row).for_each(|(to, w)| *to = nearest(w * unit).max(-127));
    }
    for (to, b) in to.bias.iter_mut().zip(bias) {
        if b.is_nan() || b.abs() > 2047.0 {
            return None;
        }
        *to = libm::roundf(b * power(BIAS_BITS)) as i32;
    }
    Some(())
}

/// The exponent by which a row of this magnitude uses the 8 bits; `None` where it is too large for them.
fn row_exponent(most: f32) -> Option<i8> {
    if most == 0.0 {
        return Some(4);
    }
    (MIN_EXPONENT..=FINEST).rev().find(|e| most * power((*e).into()) < 127.5)
}
