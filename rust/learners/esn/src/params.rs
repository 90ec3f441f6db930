//! The settings of an ESN, and what is derived from them once they are checked.

use crate::LANES;
use hone_learn::setting::{FLAG, choice, int, real};
use hone_learn::threshold::{MAX_AVERAGE, Rule};
use hone_learn::{ParamError, Settings, choices, settings};
use serde::{Deserialize, Serialize};

choices! {
    /// The output function g of y = g(W_out·z).
    #[derive(Serialize, Deserialize)]
    pub enum Output {
        /// g(v) = v.
        Identity = "identity",
        /// g(v) = R·tanh(v/R), R = [`crate::OUTPUT_RANGE`]: near the identity, saturating at ±R standard deviations.
        Tanh = "tanh",
    }
}

choices! {
    /// What the readout sees.
    #[derive(Serialize, Deserialize)]
    pub enum Readout {
        /// The reservoir's state x(t).
        State = "state",
        /// Input and state, u(t) and x(t).
        InputState = "input-state",
        /// Input, state and the output before, u(t), x(t) and y(t-1).
        InputStateOutput = "input-state-output",
    }
}

choices! {
    /// What the readout is to give.
    #[derive(Serialize, Deserialize)]
    pub enum Target {
        /// The input itself, u(t).
        Reconstruct = "reconstruct",
        /// The next input, u(t+1).
        Predict = "predict",
    }
}

choices! {
    /// Which error of a window is held against its threshold.
    #[derive(Serialize, Deserialize)]
    pub enum Score {
        /// The mean squared error, in squared standard deviations of the scale phase.
        Mse = "mse",
        /// The normalised mean squared error: over the mean square of the window's own input. It judges how well the
        /// window is predicted, whether it is loud or quiet.
        Nmse = "nmse",
        /// Each against its own threshold: anomalous when either is.
        Either = "either",
    }
}

/// The greatest number of units that can be set; a build's model may hold fewer.
pub const MAX_UNITS: u16 = 512;
/// The greatest number of channels.
pub const MAX_CHANNELS: u16 = 16;

settings! {
    /// All settings. [`Params::DEFAULT`] is the one default for every kind of data.
    #[derive(Serialize, Deserialize)]
    pub struct Params {
        /// reservoir units, a multiple of 8
        pub units: u16 = 64, "units", int(8, MAX_UNITS as i32), "";
        /// share of non-zero reservoir weights
        pub density: f32 = 0.1, "density", real(0.001, 1.0), "";
        /// spectral radius of the reservoir
        pub spectral_radius: f32 = 1.1, "spectral-radius", real(0.0, 2.0), "";
        /// leak rate, 1 for none
        ///
        /// x(t) = (1-leak)·x(t-1) + leak·tanh(…)
        pub leak: f32 = 1.0, "leak", real(0.01, 1.0), "";
        /// input weights are uniform in plus/minus this
        pub input_scale: f32 = 0.3, "input-scale", real(0.001, 10.0), "";
        /// seed of the random weights
        pub seed: u32 = 1, "seed", int(0, i32::MAX), "";
        /// feedback weights are uniform in plus/minus this, 0 for none
        ///
        /// The weights are W_back.
        pub feedback: f32 = 0.0, "feedback", real(0.0, 10.0), "";
        /// output function
        pub output: Output = Output::Identity, "output", choice(Output::WORDS), "";
        /// what the readout sees
        pub readout: Readout = Readout::State, "readout", choice(Readout::WORDS), "";
        /// reconstruct the input or predict the next
        pub target: Target = Target::Predict, "target", choice(Target::WORDS), "";
        /// ridge per sample
        ///
        /// ridge·samples is added to the diagonal of the normal equations.
        pub ridge: f32 = 1e-4, "ridge", real(1e-8, 100.0), "";
        /// frames after a reset that do not count
        ///
        /// They are neither learnt from nor judged.
        pub washout: u16 = 20, "washout", int(0, 4096), "frames";
        /// carry the state from window to window
        ///
        /// To the next that continues a window; else it is reset at each.
        pub carry: bool = false, "carry", FLAG, "";
        /// take each window's own mean off
        ///
        /// Per channel; else the mean of the scale phase is.
        pub remove_mean: bool = true, "remove-mean", FLAG, "";
        /// windows of the scale phase
        pub scale_windows: u16 = 16, "scale-windows", int(1, 10_000), "windows";
        /// windows of the fit phase
        pub fit_windows: u16 = 64, "fit-windows", int(1, 10_000), "windows";
        /// windows of the calibration phase
        pub calibrate_windows: u16 = 48, "calibrate-windows", int(2, 10_000), "windows";
        /// error judged: plain, over the window's own power, or either
        pub score: Score = Score::Either, "score", choice(Score::WORDS), "";
        /// threshold rule
        pub rule: Rule = Rule::Sigma, "rule", choice(Rule::WORDS), "";
        /// standard deviations from the median to the threshold
        ///
        /// Of the rules `sigma` and `two-sided`.
        pub k: f32 = 2.0, "k", real(0.0, 100.0), "";
        /// quantile of the calibration scores
        pub quantile: f32 = 0.95, "quantile", real(0.0, 1.0), "";
        /// factor on the quantile
        pub margin: f32 = 1.2, "margin", real(0.1, 100.0), "";
        /// windows over which the score is averaged
        pub average: u16 = 5, "average", int(1, MAX_AVERAGE as i32), "windows";
    }
}

/// The shape of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Channels per frame.
    pub channels: u16,
    /// Frames per window.
    pub window_frames: u16,
}

/// Parameters that have been checked against each other and against the shape of the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked {
    params: Params,
    shape: Shape,
}

impl Params {
    /// Checks every setting's range and what they demand of each other.
    ///
    /// # Errors
    /// [`ParamError::Invalid`] and [`ParamError::Multiple`] name a setting that is wrong by itself;
    /// [`ParamError::Conflict`] says what contradicts.
    #[inline]
    pub fn check(&self, shape: Shape) -> Result<Checked, ParamError> {
        self.check_ranges()?;
        let conflict = |text| Err(ParamError::Conflict(text));
        if shape.channels == 0 || shape.window_frames == 0 {
            return conflict("a window needs at least one channel and one frame");
        }
        if shape.channels > MAX_CHANNELS {
            return Err(ParamError::Capacity {
                name: "channels",
                asked: u32::from(shape.channels),
                capacity: u32::from(MAX_CHANNELS),
            });
        }
        if !usize::from(self.units).is_multiple_of(LANES) {
            return Err(ParamError::Multiple { name: "units", of: LANES as u32 });
        }
        let frames = u32::from(shape.window_frames);
        // One-step prediction has nothing to judge in the first frame.
        let idle = u32::from(self.washout) + u32::from(self.target == Target::Predict);
        if !self.carry && idle >= frames {
            return conflict("washout leaves no frame of a window to judge; shorten it or set carry");
        }
        let checked = Checked { params: *self, shape };
        let used = if self.carry {
            (u32::from(self.fit_windows) * frames).saturating_sub(idle)
        } else {
            u32::from(self.fit_windows) * (frames - idle)
        };
        if used < checked.unknowns() as u32 {
            return conflict("fit-windows has fewer frames than the readout has weights");
        }
        if self.carry && idle >= u32::from(self.calibrate_windows - 1) * frames {
            return conflict("washout is as long as the calibration");
        }
        Ok(checked)
    }
}

impl Checked {
    /// What has been checked before, when it came into a model.
    pub(crate) const fn trusted(params: Params, shape: Shape) -> Self {
        Self { params, shape }
    }

    /// The parameters.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// The shape.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Reservoir units.
    pub const fn units(&self) -> usize {
        self.params.units as usize
    }

    /// Channels.
    pub const fn channels(&self) -> usize {
        self.shape.channels as usize
    }

    /// Weights per output that are learnt: the length of the readout's input z.
    pub const fn unknowns(&self) -> usize {
        self.units()
            + match self.params.readout {
                Readout::State => 0,
                Readout::InputState => self.channels(),
                Readout::InputStateOutput => 2 * self.channels(),
            }
    }

    /// Non-zero weights per reservoir unit: density·units to the nearest whole number, at least 1.
    #[inline(never)]
    pub const fn diagonals(&self) -> usize {
        let k = (self.params.density * self.params.units as f32 + 0.5) as usize;
        if k == 0 { 1 } else { k }
    }

    /// Non-zero weights of the reservoir.
    pub const fn nonzeros(&self) -> usize {
        self.diagonals() * self.units()
    }

    /// Windows that a training takes in when none is refused.
    pub const fn windows(&self) -> u32 {
        self.params.scale_windows as u32 + self.params.fit_windows as u32 + self.params.calibrate_windows as u32
    }
}

/// Bytes of workspace that a training needs.
pub const fn required(checked: &Checked) -> usize {
    4 * (crate::workspace::state_words(checked) + crate::workspace::shared_words(checked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_what_settings_demand_of_each_other() {
        let shape = Shape { channels: 3, window_frames: 128 };
        let ok = Params::DEFAULT;
        assert!(ok.check(shape).is_ok());
        let refused = |p: Params| matches!(p.check(shape), Err(ParamError::Conflict(_)));
        assert_eq!(Params { units: 60, ..ok }.check(shape), Err(ParamError::Multiple { name: "units", of: 8 }));
        assert!(refused(Params { washout: 127, ..ok }));
        assert!(!refused(Params { washout: 127, carry: true, ..ok }));
        assert!(refused(Params { fit_windows: 1, units: 128, ..ok }));
        assert!(
            matches!(Params { leak: f32::NAN, ..ok }.check(shape), Err(ParamError::Invalid(s)) if s.name == "leak")
        );
        assert!(ok.check(Shape { channels: 0, window_frames: 128 }).is_err());
        assert!(ok.check(Shape { channels: 99, window_frames: 128 }).is_err());
    }
}
