//! The layers of a network with their shapes, and where their weights lie in a model.
//!
//! Every layer with weights is one matrix that slides over a tensor: rows of `cols` weights, applied at `positions` places of
//! the longer tensor, `step` numbers apart. As tensors are kept frame by frame, what a filter takes in at one place is one
//! slice. A dense layer has one position. A transposed convolution is a convolution with forward and backward exchanged.

use crate::network::{Extent, Kind, Layer, MAX_LAYERS, MAX_TENSOR, Network, NetworkError};
use hone_learn::choices;
use serde::{Deserialize, Serialize};

/// Layers with the output layer.
pub(crate) const MAX_STAGES: usize = MAX_LAYERS + 1;

choices! {
    /// In what numbers a network is kept and trained.
    #[derive(Serialize, Deserialize)]
    pub enum Numbers {
        /// Weights, activations and errors in 8 bits.
        Int8 = "int8",
        /// The last layer in `f32`, those before it in 8 bits.
        Mixed = "mixed",
        /// All in `f32`: the reference.
        F32 = "f32",
    }
}

/// In what numbers a layer and the tensor that it gives are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    #[default]
    Int8,
    F32,
}

impl Form {
    /// Words of a tensor. In 8 bits there is one to spare: kernels read rows up to whole words.
    pub const fn tensor_words(self, len: usize) -> usize {
        match self {
            Self::Int8 => len.div_ceil(4) + 1,
            Self::F32 => len,
        }
    }
}

/// A layer in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stage {
    pub layer: Layer,
    pub form: Form,
    /// The form of what it takes in.
    before: Form,
    /// It gives numbers in `f32` whatever its form: logits, a reconstruction, a distribution.
    pub gives_reals: bool,
    pub input: Extent,
    pub output: Extent,
    rows: u16,
    cols: u16,
    positions: u16,
    step: u16,
    /// The first word of its weights in a model.
    at: u32,
}

impl Stage {
    const EMPTY: Self = Self {
        layer: Layer::dense(0, true),
        form: Form::Int8,
        before: Form::Int8,
        gives_reals: false,
        input: Extent { frames: 0, channels: 0 },
        output: Extent { frames: 0, channels: 0 },
        rows: 0,
        cols: 0,
        positions: 0,
        step: 0,
        at: 0,
    };

    pub fn rows(&self) -> usize {
        self.rows.into()
    }
    /// Weights of a row.
    pub fn cols(&self) -> usize {
        self.cols.into()
    }
    pub fn positions(&self) -> usize {
        self.positions.into()
    }
    pub fn step(&self) -> usize {
        self.step.into()
    }
    pub fn learns(&self) -> bool {
        self.layer.kind.learns()
    }
    /// Whether it draws from a distribution.
    pub fn samples(&self) -> bool {
        self.layer.kind == Kind::Sample
    }
    /// Whether its forward pass is the transposed product.
    pub fn transposed(&self) -> bool {
        self.layer.kind == Kind::Transposed
    }
    /// Items from one row of weights to the next.
    pub fn stride(&self) -> usize {
        match self.form {
            Form::Int8 => self.cols().next_multiple_of(4),
            Form::F32 => self.cols(),
        }
    }
    /// Biases: one for each channel that it gives.
    pub fn biases(&self) -> usize {
        if self.learns() { self.output.channels.into() } else { 0 }
    }
    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        self.rows() * self.cols() + self.biases()
    }
    /// Multiply-accumulates of a forward pass.
    pub fn macs(&self) -> usize {
        if self.learns() { self.rows() * self.cols() * self.positions() } else { self.input.len() }
    }
    pub fn weight_words(&self) -> usize {
        match self.form {
            Form::Int8 => self.rows() * self.stride() / 4,
            Form::F32 => self.rows() * self.stride(),
        }
    }
    /// Words of the rows' exponents, one byte each.
    pub fn exponent_words(&self) -> usize {
        if self.form == Form::Int8 { self.rows().div_ceil(4) } else { 0 }
    }
    /// Words in a model: weights, biases, the rows' exponents.
    pub fn words(&self) -> usize {
        self.weight_words() + self.biases() + self.exponent_words()
    }
    pub fn at(&self) -> usize {
        self.at as usize
    }
    /// Words of the widened input of a product, where one is kept for all positions or for one.
    pub fn spread_words(&self, from: Extent) -> usize {
        let items = if self.slides() { from.len().next_multiple_of(4) + 4 } else { self.stride() };
        items.div_ceil(2)
    }
    /// Whether a tensor is widened once for all positions: these begin at whole fours.
    pub fn slides(&self) -> bool {
        self.positions > 1 && self.step.is_multiple_of(4)
    }
}

/// The layers of a network, the output layer last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stages {
    list: [Stage; MAX_STAGES],
    len: u8,
    end: u32,
}

impl Stages {
    pub const EMPTY: Self = Self { list: [Stage::EMPTY; MAX_STAGES], len: 0, end: 0 };

    /// `outputs` is the length of what the last layer gives, and `front` the words of a model before the weights.
    #[inline(never)]
    pub fn make(
        &mut self,
        network: &Network,
        input: Extent,
        outputs: u16,
        numbers: Numbers,
        front: usize,
    ) -> Result<(), NetworkError> {
        (self.end, self.len) = (front as u32, 0);
        let declared = network.layers();
        if input.len() > MAX_TENSOR {
            return Err(NetworkError::TooLarge { layer: 0 });
        }
        // A dense layer of that many units at the end is the output layer itself. That of a decoder is not: it has a ReLU.
        let (hidden, last) = match declared.split_last() {
            Some((Layer { kind: Kind::Dense, channels, .. }, hidden)) if *channels == outputs && !network.samples() => {
                (hidden, outputs)
            }
            _ => (declared, outputs),
        };
        let output = [Layer::dense(last, true)];
        let mut extent = input;
        for (layer, number) in hidden.iter().chain(&output).zip(1u8..) {
            let second = layer.kind == Kind::Sample && self.sample().is_some();
            let before = self.list.get_mut(..usize::from(self.len)).and_then(|made| made.last_mut());
            let mut form_before = before.as_ref().map(|stage| stage.form);
            if layer.kind == Kind::Sample {
                let pairs = before.filter(|b| b.layer.kind == Kind::Dense && !b.layer.relu && b.rows % 2 == 0);
                let distribution = pairs.filter(|_| !second).ok_or(NetworkError::Layer { layer: number })?;
                distribution.gives_reals = true;
                form_before = Some(Form::F32);
            }
            let next = layer.output(extent, number)?;
            let is_last = usize::from(number) > hidden.len();
            let form = match numbers {
                Numbers::Int8 => Form::Int8,
                Numbers::Mixed if !is_last => Form::Int8,
                _ => Form::F32,
            };
            let mut stage = Stage {
                layer: *layer,
                form,
                before: form_before.unwrap_or(form),
                gives_reals: is_last,
                input: extent,
                output: next,
                at: self.end,
                ..Stage::default()
            };
            let wide = |channels: u16| layer.kernel.saturating_mul(channels);
            (stage.rows, stage.cols, stage.positions, stage.step) = match layer.kind {
                Kind::Dense => (layer.channels, extent.len() as u16, 1, 0),
                Kind::Convolution => {
                    let step = layer.stride.saturating_mul(extent.channels);
                    (layer.channels, wide(extent.channels), next.frames, step)
                }
                Kind::Transposed => {
                    let step = layer.stride.saturating_mul(layer.channels);
                    (extent.channels, wide(layer.channels), extent.frames, step)
                }
                Kind::Average | Kind::GlobalAverage | Kind::Sample => (0, 0, 0, 0),
            };
            if stage.cols() > MAX_TENSOR || stage.step() > MAX_TENSOR || stage.rows > crate::MAX_CHANNELS {
                return Err(NetworkError::TooLarge { layer: number });
            }
            self.end += stage.words() as u32;
            if let Some(place) = self.list.get_mut(usize::from(self.len)) {
                *place = stage;
                self.len += 1;
            }
            extent = next;
        }
        Ok(())
    }

    /// In order.
    pub fn all(&self) -> &[Stage] {
        self.list.get(..usize::from(self.len)).unwrap_or(&[])
    }

    pub fn len(&self) -> usize {
        self.len.into()
    }

    pub fn get(&self, index: usize) -> Option<&Stage> {
        self.all().get(index)
    }

    /// Words of a model.
    pub fn words(&self) -> usize {
        self.end as usize
    }

    /// The form of the tensor that stage `index` takes in.
    pub fn form_before(&self, index: usize) -> Form {
        self.get(index).map_or(Form::Int8, |stage| stage.before)
    }

    /// The stage that draws from a distribution.
    pub fn sample(&self) -> Option<usize> {
        self.all().iter().position(Stage::samples)
    }
}

/// The weights of a stage in 8 bits: row r is its bytes times 2⁻ᵉ of its exponent e.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    pub q: &'a [i8],
    /// In units of 2⁻²⁰.
    pub bias: &'a [i32],
    pub exponents: &'a [i8],
}

/// The same, to change.
#[derive(Debug)]
pub(crate) struct BytesMut<'a> {
    pub q: &'a mut [i8],
    pub bias: &'a mut [i32],
    pub exponents: &'a mut [i8],
}

/// Weights and biases in `f32`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reals<'a> {
    pub w: &'a [f32],
    pub bias: &'a [f32],
}

/// The same, to change.
#[derive(Debug)]
pub(crate) struct RealsMut<'a> {
    pub w: &'a mut [f32],
    pub bias: &'a mut [f32],
}

/// Bits of a bias behind the point.
pub(crate) const BIAS_BITS: i32 = 20;

impl Stage {
    fn split<'a>(&self, words: &'a [u32]) -> Option<[&'a [u32]; 3]> {
        let (w, rest) = words.get(self.at()..)?.split_at_checked(self.weight_words())?;
        let (bias, rest) = rest.split_at_checked(self.biases())?;
        Some([w, bias, rest.get(..self.exponent_words())?])
    }

    fn split_mut<'a>(&self, words: &'a mut [u32]) -> Option<[&'a mut [u32]; 3]> {
        let (w, rest) = words.get_mut(self.at()..)?.split_at_mut_checked(self.weight_words())?;
        let (bias, rest) = rest.split_at_mut_checked(self.biases())?;
        Some([w, bias, rest.get_mut(..self.exponent_words())?])
    }

    pub fn bytes<'a>(&self, words: &'a [u32]) -> Option<Bytes<'a>> {
        let [q, bias, exponents] = self.split(words)?;
        let exponents: &[i8] = bytemuck::cast_slice(exponents);
        Some(Bytes {
            q: bytemuck::cast_slice(q),
            bias: bytemuck::cast_slice(bias),
            exponents: exponents.get(..self.rows())?,
        })
    }

    pub fn bytes_mut<'a>(&self, words: &'a mut [u32]) -> Option<BytesMut<'a>> {
        let [q, bias, exponents] = self.split_mut(words)?;
        let exponents: &mut [i8] = bytemuck::cast_slice_mut(exponents);
        Some(BytesMut {
            q: bytemuck::cast_slice_mut(q),
            bias: bytemuck::cast_slice_mut(bias),
            exponents: exponents.get_mut(..self.rows())?,
        })
    }

    pub fn reals<'a>(&self, words: &'a [u32]) -> Option<Reals<'a>> {
        let [w, bias, _] = self.split(words)?;
        Some(Reals { w: bytemuck::cast_slice(w), bias: bytemuck::cast_slice(bias) })
    }

    pub fn reals_mut<'a>(&self, words: &'a mut [u32]) -> Option<RealsMut<'a>> {
        let [w, bias, _] = self.split_mut(words)?;
        Some(RealsMut { w: bytemuck::cast_slice_mut(w), bias: bytemuck::cast_slice_mut(bias) })
    }
}
