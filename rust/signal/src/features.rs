//! Features: what a learner sees of a window.
//!
//! Four sets, each computed per channel and composable by the `features` setting, always written in this order:
//!
//! | set | features per channel | what |
//! |---|---|---|
//! | raw | frames | the samples, in LSB |
//! | time | 8 | mean, RMS, standard deviation, skew, kurtosis, crest, peak to peak, zero crossings |
//! | log spectrum | `bands` | ln of the mean power in equal bands |
//! | random convolution | `filters`·`pools` | ln of the mean power behind each of `filters` random filters |
//!
//! With `elm-units` above 0 the random convolution is followed by an extreme learning machine's hidden layer (random
//! projection and tanh, no trained readout), whose outputs replace it. All random weights come from `seed`, window
//! after window, and so cost neither flash nor RAM beyond the scratch.
//!
//! Every feature is finite whatever the samples: powers get the quantisation noise of 1/12 LSB² added before their
//! logarithm, and a constant channel has skew, kurtosis and crest 0.

use crate::WindowView;
#[cfg(feature = "convolution")]
use crate::features_convolution as convolution;
use crate::{features_spectrum as spectrum, features_time as time};
use hone_learn::setting::{FLAG, choice, int};
use hone_learn::{ParamError, Settings, Shortage, Workspace, choices, settings};

/// Channels times frames of the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels per frame, at least 1.
    pub channels: usize,
    /// Frames per window, at least 2.
    pub frames: usize,
}

choices! {
    /// Sets of features, or two of them.
    pub(crate) enum Sets {
        /// The samples.
        Raw = "raw",
        /// The time domain's.
        Time = "time",
        /// The log spectrum.
        LogSpectrum = "log-spectrum",
        /// The random convolution's.
        RandomConvolution = "random-convolution",
        /// Both.
        TimeLogSpectrum = "time+log-spectrum",
        /// Both.
        TimeRandomConvolution = "time+random-convolution",
    }
}

const RAW: u8 = 1;
const TIME: u8 = 2;
const SPECTRUM: u8 = 4;
const CONVOLUTION: u8 = 8;

impl Sets {
    /// A bit for each.
    const fn bits(self) -> u8 {
        match self {
            Self::Raw => RAW,
            Self::Time => TIME,
            Self::LogSpectrum => SPECTRUM,
            Self::RandomConvolution => CONVOLUTION,
            Self::TimeLogSpectrum => TIME | SPECTRUM,
            Self::TimeRandomConvolution => TIME | CONVOLUTION,
        }
    }
}

/// No window is longer. The log spectrum of one that is longer than the build's longest transform (2048 frames, 256
/// without the feature `long-windows`) is the mean of several.
pub const MAX_FRAMES: usize = 4096;

settings! {
    /// Which features, and of what size. The defaults are for vibration: log spectrum in 24 bands.
    pub struct Params {
        /// what a learner sees of a window
        features: Sets = Sets::LogSpectrum, "features", choice(Sets::WORDS), "";
        /// log-spectrum bands per channel
        bands: u16 = 24, "bands", int(1, 128), "";
        /// RMS, deviation and peak to peak as logarithms
        log_amplitude: bool = true, "log-amplitude", FLAG, "";
        /// random filters per channel
        filters: u16 = 12, "filters", int(1, 64), "";
        /// weights per random filter
        taps: u16 = 9, "taps", int(2, 32), "";
        /// spans of the window pooled apart
        pools: u16 = 2, "pools", int(1, 16), "";
        /// random hidden units after the convolution, 0 for none
        elm_units: u16 = 0, "elm-units", int(0, 512), "";
        /// of the random weights
        seed: i32 = 1, "seed", int(0, i32::MAX), "";
        /// feature vectors per window for a learner over time, in place of samples; 0 for the samples
        steps: u16 = 0, "steps", int(0, 64), "";
    }
}

impl Params {
    /// With another number of log-spectrum bands per channel, 1 to 128.
    #[must_use]
    pub const fn with_bands(self, bands: u16) -> Self {
        Self { bands, ..self }
    }

    /// The features' name.
    pub fn name(&self) -> &'static str {
        Sets::WORDS.get(self.features as usize).copied().unwrap_or("")
    }

    /// Feature vectors per window that a learner over time sees; 0: it sees the samples.
    pub const fn steps(&self) -> usize {
        self.steps as usize
    }

    pub(crate) const fn seed(&self) -> u64 {
        self.seed as u64
    }

    /// For vibration of machines: log spectrum in 24 bands, the mean left out. The default.
    pub fn vibration() -> Self {
        Self::default()
    }

    /// For motion of people: time domain and a log spectrum in 4 bands, so that the posture (the mean) counts.
    pub fn activity() -> Self {
        Self { features: Sets::TimeLogSpectrum, bands: 4, ..Self::default() }
    }
}

impl Params {
    /// Checks the parameters against the windows' shape.
    ///
    /// # Errors
    /// [`ParamError::Capacity`] for windows longer than [`MAX_FRAMES`]; [`ParamError::Conflict`] when the windows
    /// are too short for the bands, taps or pools asked for, or the build leaves the random convolution out.
    // Inlined, so that for windows of a length known when it is compiled the angle is, too: the general sine and cosine
    // take 3 KB.
    #[inline]
    pub fn check(&self, shape: Shape) -> Result<Extractor, ParamError> {
        self.check_with(shape, spectrum::rotation(shape.frames))
    }

    /// As [`Params::check`], with the Hann window's angle from one frame to the next worked out before.
    pub(crate) fn check_with(&self, shape: Shape, hann: (f32, f32)) -> Result<Extractor, ParamError> {
        self.check_ranges()?;
        if shape.channels == 0 || shape.frames < 2 {
            return Err(ParamError::Conflict("features need windows of at least 2 frames: raise the window"));
        }
        if shape.frames > MAX_FRAMES || shape.channels > 64 {
            return Err(ParamError::Capacity {
                name: if shape.channels > 64 { "channels" } else { "window" },
                asked: if shape.channels > 64 { shape.channels } else { shape.frames } as u32,
                capacity: if shape.channels > 64 { 64 } else { MAX_FRAMES } as u32,
            });
        }
        let sets = self.features.bits();
        if sets & SPECTRUM != 0 && usize::from(self.bands) > spectrum::bins(shape.frames) {
            return Err(ParamError::Conflict("more bands than the window has frequencies: fewer bands or more frames"));
        }
        if !cfg!(feature = "convolution") && sets & CONVOLUTION != 0 {
            return Err(ParamError::Conflict("this build has no random convolution (CONFIG_HONE_RANDOM_CONVOLUTION)"));
        }
        if sets & CONVOLUTION != 0 && usize::from(self.taps + self.pools) > shape.frames + 1 {
            return Err(ParamError::Conflict("taps and pools exceed the window: fewer of them or more frames"));
        }
        Ok(Extractor { params: *self, sets, shape, hann })
    }
}

/// What one window's features cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Features written.
    pub features: usize,
    /// Multiply-accumulates, about: a butterfly of the transform counts 4, a logarithm or tanh 10, a random weight 3.
    pub mac: u32,
    /// Bytes of workspace.
    pub workspace: usize,
}

/// Why no features were written; the output is then undefined and nothing else changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureError {
    /// The window is not of the shape that the extractor was checked for.
    Shape {
        /// What it was checked for.
        expected: Shape,
    },
    /// The workspace is too small.
    Workspace(Shortage),
    /// The output has too little room, in features.
    Output(Shortage),
}

impl From<Shortage> for FeatureError {
    fn from(shortage: Shortage) -> Self {
        Self::Workspace(shortage)
    }
}

/// Computes features of windows of one shape; checked parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extractor {
    params: Params,
    sets: u8,
    shape: Shape,
    /// (cos, sin) of the Hann window's angle from one frame to the next.
    hann: (f32, f32),
}

impl Extractor {
    /// The shape of window that it takes.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The parameters it was made from.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Features per window.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        let p = &self.params;
        let mut n = 0;
        if self.sets & RAW != 0 {
            n += self.shape.channels * self.shape.frames;
        }
        if self.sets & TIME != 0 {
            n += self.shape.channels * time::PER_CHANNEL;
        }
        if self.sets & SPECTRUM != 0 {
            n += self.shape.channels * usize::from(p.bands);
        }
        if self.sets & CONVOLUTION != 0 {
            n += if p.elm_units > 0 { usize::from(p.elm_units) } else { self.pooled() };
        }
        n
    }

    /// The channel that a feature of the row is of, and its number among those of that channel, through all sets. Of the hidden layer's
    /// outputs, which are of all channels, the channel is 0.
    pub fn place(&self, feature: usize) -> (usize, usize) {
        let (p, channels) = (&self.params, self.shape.channels.max(1));
        let (mut first, mut before) = (0, 0);
        let hidden = self.sets & CONVOLUTION != 0 && p.elm_units > 0;
        for (set, each) in [
            (RAW, self.shape.frames),
            (TIME, time::PER_CHANNEL),
            (SPECTRUM, p.bands.into()),
            (CONVOLUTION, if hidden { 0 } else { usize::from(p.filters) * usize::from(p.pools) }),
        ] {
            if self.sets & set == 0 || each == 0 {
                continue;
            }
            let at = feature.saturating_sub(first);
            if at < each * channels {
                // Samples lie frame by frame, the others channel by channel.
                let (channel, number) = match set {
                    RAW => (at % channels, at / channels),
                    _ => (at / each, at % each),
                };
                return (channel, before + number);
            }
            first += each * channels;
            before += each;
        }
        (0, before + feature.saturating_sub(first))
    }

    /// Whether the features are the window's samples, as they are.
    pub const fn is_samples(&self) -> bool {
        self.sets == RAW
    }

    /// Bytes of workspace that [`Extractor::extract`] takes.
    pub fn required(&self) -> usize {
        let spectrum = if self.sets & SPECTRUM != 0 { 4 * spectrum::transform_len(self.shape.frames) } else { 0 };
        let convolution = if self.sets & CONVOLUTION != 0 {
            let pooled = if self.params.elm_units > 0 { self.pooled() } else { 0 };
            4 * (self.shape.frames + pooled + usize::from(self.params.taps))
        } else {
            0
        };
        if spectrum > convolution { spectrum } else { convolution }
    }

    /// What one window costs.
    pub fn cost(&self) -> Cost {
        let p = &self.params;
        let (channels, frames) = (self.shape.channels as u32, self.shape.frames as u32);
        let mut mac = 0;
        if self.sets & TIME != 0 {
            mac += channels * (frames * 5 + 60);
        }
        if self.sets & SPECTRUM != 0 {
            mac += channels * spectrum::mac(self.shape.frames, p.bands);
        }
        if self.sets & CONVOLUTION != 0 {
            let pooled = self.pooled() as u32;
            mac += channels * u32::from(p.filters) * (u32::from(p.taps) * (frames + 3) + frames) + pooled * 10;
            mac += u32::from(p.elm_units) * (pooled * 4 + 10);
        }
        Cost { features: self.len(), mac, workspace: self.required() }
    }

    /// Outputs of the pooled convolution.
    fn pooled(&self) -> usize {
        self.shape.channels * usize::from(self.params.filters) * usize::from(self.params.pools)
    }

    /// Writes the window's features to the front of `out` and gives their number, [`Extractor::len`].
    ///
    /// # Errors
    /// [`FeatureError`].
    pub fn extract(&self, window: &WindowView, workspace: Workspace, out: &mut [f32]) -> Result<usize, FeatureError> {
        let Shape { channels, frames } = self.shape;
        if window.channels != channels || window.samples.len() != channels * frames {
            return Err(FeatureError::Shape { expected: self.shape });
        }
        let len = self.len();
        let shortage = Shortage { needed: len, available: out.len() };
        let mut rest = out.get_mut(..len).ok_or(FeatureError::Output(shortage))?;
        let mut part = |n: usize| -> Result<&mut [f32], FeatureError> {
            let (taken, left) =
                core::mem::take(&mut rest).split_at_mut_checked(n).ok_or(FeatureError::Output(shortage))?;
            rest = left;
            Ok(taken)
        };
        let mut workspace = workspace;
        let scratch: &mut [f32] = workspace.take(self.required() / 4)?;
        if self.sets & RAW != 0 {
            for (o, s) in part(channels * frames)?.iter_mut().zip(window.samples) {
                *o = f32::from(*s);
            }
        }
        if self.sets & TIME != 0 {
            let out = part(channels * time::PER_CHANNEL)?;
            for (c, out) in out.chunks_exact_mut(time::PER_CHANNEL).enumerate() {
                time::describe(window, c, self.params.log_amplitude, out);
            }
        }
        if self.sets & SPECTRUM != 0 {
            let bands = usize::from(self.params.bands);
            for (c, out) in part(channels * bands)?.chunks_exact_mut(bands.max(1)).enumerate() {
                spectrum::log_bands(window, c, self.hann, scratch, out);
            }
        }
        #[cfg(feature = "convolution")]
        if self.sets & CONVOLUTION != 0 {
            let p = &self.params;
            let bank = convolution::Bank {
                filters: usize::from(p.filters),
                taps: usize::from(p.taps),
                pools: usize::from(p.pools),
                seed: p.seed as u64,
            };
            if p.elm_units == 0 {
                bank.pooled_powers(window, scratch, part(self.pooled())?);
            } else if let Some((pooled, scratch)) = scratch.split_at_mut_checked(self.pooled()) {
                bank.pooled_powers(window, scratch, pooled);
                convolution::elm(pooled, bank.seed, part(usize::from(p.elm_units))?);
            }
        }
        Ok(len)
    }
}
