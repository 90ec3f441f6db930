//! What a network is made of, as a user declares it.

use serde::{Deserialize, Serialize};

/// Layers that a network may declare. One more, the output layer, follows from the task.
pub const MAX_LAYERS: usize = 7;

/// What a layer computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// y = W·x + b, of all numbers of the tensor before it: `dense32`.
    #[default]
    Dense,
    /// A convolution over time, of all channels: `conv8k9s4` has 8 filters of 9 frames, one every 4 frames.
    Convolution,
    /// The transpose of a convolution, which makes more frames of few: `tconv8k9s4`.
    Transposed,
    /// The mean of every so many frames, channel by channel: `avg4`.
    Average,
    /// The mean of all frames, channel by channel: `gap`.
    GlobalAverage,
    /// z = μ + σ·ε of the μ and ln σ² that the linear dense layer before it gives: `sample`. A network with one
    /// reconstructs its input.
    Sample,
}

impl Kind {
    /// Whether it has weights.
    pub const fn learns(self) -> bool {
        matches!(self, Self::Dense | Self::Convolution | Self::Transposed)
    }
}

/// One layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// What it computes.
    pub kind: Kind,
    /// Units, filters or channels that it gives; 0 for averages, which keep them.
    pub channels: u16,
    /// Frames that one output takes in; 0 where all.
    pub kernel: u16,
    /// Frames from one output to the next; 0 where there is one output.
    pub stride: u16,
    /// Whether negative outputs become 0 (ReLU). Always but for averages and the output layer, or where the text says `lin`.
    pub relu: bool,
}

/// Frames and channels of a tensor, kept frame by frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Frames: 1 for features.
    pub frames: u16,
    /// Channels; of a row of features, its width.
    pub channels: u16,
}

impl Extent {
    /// Numbers of the tensor.
    pub const fn len(self) -> usize {
        self.frames as usize * self.channels as usize
    }

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// A network cannot be what the text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// The text of layer `layer` (from 1) is none of `denseN`, `convNkKsS`, `tconvNkKsS`, `avgN`, `gap`, `sample`, `flatten`, a number
    /// in it is 0 or more than its most ([`MAX_CHANNELS`], [`MAX_KERNEL`]), or a `sample` is not behind a linear dense layer of
    /// an even number of units, or is the second.
    Layer {
        /// Which one, from 1.
        layer: u8,
    },
    /// There are more layers than [`MAX_LAYERS`].
    TooMany,
    /// A layer takes in more frames than the one before it gives.
    TooShort {
        /// Which one, from 1.
        layer: u8,
        /// Frames that there are.
        frames: u16,
        /// Frames that it takes in.
        kernel: u16,
    },
    /// A tensor or a row of weights is longer than [`MAX_TENSOR`].
    TooLarge {
        /// Which layer's, from 1.
        layer: u8,
    },
}

/// Units or filters of a layer at most.
pub const MAX_CHANNELS: u16 = 512;
/// Frames of a kernel or of a pool at most.
pub const MAX_KERNEL: u16 = 256;
/// Numbers of a tensor, or of a row of weights, at most: sums of so many products stay within 32 bits.
pub const MAX_TENSOR: usize = 4096;

/// A network, its output layer aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    layers: [Layer; MAX_LAYERS],
    len: u8,
}

impl Network {
    /// No layer but the output layer.
    pub const NONE: Self = Self {
        layers: [Layer { kind: Kind::Dense, channels: 0, kernel: 0, stride: 0, relu: false }; MAX_LAYERS],
        len: 0,
    };

    /// One hidden layer of 32 units.
    pub const DENSE: Self = {
        let mut layers = [Layer { kind: Kind::Dense, channels: 0, kernel: 0, stride: 0, relu: false }; MAX_LAYERS];
        let [first, ..] = &mut layers;
        *first = Layer { kind: Kind::Dense, channels: 32, kernel: 0, stride: 0, relu: true };
        Self { layers, len: 1 }
    };

    /// Reads a text as `conv8k9s4,conv16k5s2,gap` or `dense32`: layers with commas between them; the empty text has none.
    ///
    /// # Errors
    /// [`NetworkError::Layer`], [`NetworkError::TooMany`].
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        Self::read(text).map_err(|(error, _)| error)
    }

    /// The same, with the byte at which what is wrong begins.
    pub(crate) fn read(text: &str) -> Result<Self, (NetworkError, usize)> {
        let (mut network, mut at) = (Self::default(), 0);
        for (part, number) in text.split(',').zip(1u8..) {
            let pushed = match part.trim() {
                "" if text.trim().is_empty() => Ok(()),
                // Tensors are one after the other in memory as they are.
                "flatten" => Ok(()),
                part => layer(part).ok_or(NetworkError::Layer { layer: number }).and_then(|layer| network.push(layer)),
            };
            pushed.map_err(|error| (error, at))?;
            at += part.len() + 1;
        }
        Ok(network)
    }

    /// Adds a layer.
    ///
    /// # Errors
    /// [`NetworkError::TooMany`].
    pub fn push(&mut self, layer: Layer) -> Result<(), NetworkError> {
        *self.layers.get_mut(usize::from(self.len)).ok_or(NetworkError::TooMany)? = layer;
        self.len += 1;
        Ok(())
    }

    /// Whether it draws from a distribution, and so reconstructs its input. Else it tells classes apart.
    pub fn samples(&self) -> bool {
        self.layers().iter().any(|layer| layer.kind == Kind::Sample)
    }

    /// Its layers in order.
    pub fn layers(&self) -> &[Layer] {
        self.layers.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl Layer {
    /// Draws from the distribution that the layer before it gives.
    pub const SAMPLE: Self = Self { kind: Kind::Sample, channels: 0, kernel: 0, stride: 0, relu: false };

    /// A layer of these units, with ReLU unless it is `linear`.
    pub const fn dense(units: u16, linear: bool) -> Self {
        Self { kind: Kind::Dense, channels: units, kernel: 0, stride: 0, relu: !linear }
    }

    /// Whether its numbers are in range.
    pub(crate) fn is_valid(&self) -> bool {
        let channels = (1..=MAX_CHANNELS).contains(&self.channels);
        let kernel = (1..=MAX_KERNEL).contains(&self.kernel);
        match self.kind {
            Kind::Dense => channels && self.kernel == 0 && self.stride == 0,
            Kind::Convolution | Kind::Transposed => channels && kernel && (1..=MAX_KERNEL).contains(&self.stride),
            Kind::Average => self.channels == 0 && kernel && self.stride == self.kernel && !self.relu,
            Kind::GlobalAverage | Kind::Sample => *self == Self { kind: self.kind, ..Self::default() },
        }
    }

    /// What it makes of a tensor; `number` is its place among the layers, from 1.
    ///
    /// # Errors
    /// [`NetworkError::TooShort`], [`NetworkError::TooLarge`].
    pub fn output(&self, input: Extent, number: u8) -> Result<Extent, NetworkError> {
        let long = |frames: usize, channels: u16| {
            let fits = frames.saturating_mul(channels.into()) <= MAX_TENSOR;
            let frames = u16::try_from(frames).ok().filter(|_| fits);
            frames.map(|frames| Extent { frames, channels }).ok_or(NetworkError::TooLarge { layer: number })
        };
        let frames = usize::from(input.frames);
        let (kernel, stride) = (usize::from(self.kernel), usize::from(self.stride).max(1));
        let fits = || match frames.checked_sub(kernel) {
            Some(rest) => Ok(rest.checked_div(stride).unwrap_or(0) + 1),
            None => Err(NetworkError::TooShort { layer: number, frames: input.frames, kernel: self.kernel }),
        };
        match self.kind {
            Kind::Dense => long(1, self.channels),
            Kind::Convolution => long(fits()?, self.channels),
            Kind::Transposed => long(frames.saturating_sub(1) * stride + kernel, self.channels),
            Kind::Average => long(fits()?, input.channels),
            Kind::GlobalAverage => long(1, input.channels),
            Kind::Sample => long(1, input.channels / 2),
        }
    }
}

fn layer(text: &str) -> Option<Layer> {
    let (text, linear) = match text.strip_suffix("lin") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let filters = |kind, rest: &str| {
        let (channels, rest) = rest.split_once('k')?;
        let (kernel, stride) = rest.split_once('s').unwrap_or((rest, "1"));
        Some(Layer {
            kind,
            channels: number(channels)?,
            kernel: number(kernel)?,
            stride: number(stride)?,
            relu: !linear,
        })
    };
    let layer = if let Some(units) = text.strip_prefix("dense") {
        Layer::dense(number(units)?, linear)
    } else if let Some(rest) = text.strip_prefix("conv") {
        filters(Kind::Convolution, rest)?
    } else if let Some(rest) = text.strip_prefix("tconv") {
        filters(Kind::Transposed, rest)?
    } else if linear {
        return None;
    } else if let Some(frames) = text.strip_prefix("avg") {
        let frames = number(frames)?;
        Layer { kind: Kind::Average, kernel: frames, stride: frames, ..Layer::default() }
    } else if text == "gap" {
        Layer { kind: Kind::GlobalAverage, ..Layer::default() }
    } else if text == "sample" {
        Layer::SAMPLE
    } else {
        return None;
    };
    layer.is_valid().then_some(layer)
}

/// A whole number of decimal digits alone.
fn number(text: &str) -> Option<u16> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_declares_layers() {
        let network = Network::parse("conv8k9s4, conv16k5,avg2,gap,flatten,dense10lin").unwrap();
        let conv = |channels, kernel, stride| Layer { kind: Kind::Convolution, channels, kernel, stride, relu: true };
        let average = Layer { kind: Kind::Average, kernel: 2, stride: 2, ..Layer::default() };
        let all = Layer { kind: Kind::GlobalAverage, ..Layer::default() };
        let expected = [conv(8, 9, 4), conv(16, 5, 1), average, all, Layer::dense(10, true)];
        assert_eq!(network.layers(), expected);
        assert_eq!(Network::parse("dense32"), Ok(Network::DENSE));
        assert_eq!(Network::parse(" "), Ok(Network::default()));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, layer) in [
            ("dense0", 1),
            ("dense32,", 2),
            ("dense513", 1),
            ("gap,conv8", 2),
            ("conv8k0", 1),
            ("conv8k9s", 1),
            ("conv8k9s0", 1),
            ("conv+8k9", 1),
            ("avg0", 1),
            ("avg2lin", 1),
            ("relu", 1),
            ("dense99999", 1),
        ] {
            assert_eq!(Network::parse(text), Err(NetworkError::Layer { layer }), "{text}");
        }
        assert_eq!(Network::parse("gap,gap,gap,gap,gap,gap,gap,gap"), Err(NetworkError::TooMany));
    }

    #[test]
    fn shapes_follow() {
        let of = |text: &str, input| Network::parse(text).unwrap().layers()[0].output(input, 1);
        let window = Extent { frames: 200, channels: 2 };
        assert_eq!(of("conv8k9s4", window), Ok(Extent { frames: 48, channels: 8 }));
        assert_eq!(of("tconv2k9s4", Extent { frames: 48, channels: 8 }), Ok(Extent { frames: 197, channels: 2 }));
        assert_eq!(of("avg3", window), Ok(Extent { frames: 66, channels: 2 }));
        assert_eq!(of("conv8k201", window), Err(NetworkError::TooShort { layer: 1, frames: 200, kernel: 201 }));
        assert_eq!(of("conv64k9", window), Err(NetworkError::TooLarge { layer: 1 }));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z0-9,]{0,40}") {
            let _ = Network::parse(&text);
        }
    }
}
