//! The settings of an ESN, and what is derived from them once they are checked.

use crate::LANES;
use crate::threshold::{MAX_AVERAGE, Rule};
use hone_learn::{Kind, ParamError, Setting, Settings, Value};

/// The output function g of y = g(W_out·z).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// g(v) = v.
    #[default]
    Identity,
    /// g(v) = R·tanh(v/R), R = [`crate::OUTPUT_RANGE`]: near the identity, saturating at ±R spreads.
    Tanh,
}

/// What the readout sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readout {
    /// The reservoir's state x(t).
    #[default]
    State,
    /// Input and state, u(t) and x(t).
    InputState,
    /// Input, state and the output before, u(t), x(t) and y(t-1).
    InputStateOutput,
}

/// What the readout is to give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The input itself, u(t).
    #[default]
    Reconstruct,
    /// The next input, u(t+1).
    Predict,
}

/// Which error of a window is held against its threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Score {
    /// The mean squared error, in squared spreads of the scale phase.
    #[default]
    Mse,
    /// The normalised mean squared error: over the mean square of the window's own input. It judges how well the
    /// window is predicted, whether it is loud or quiet.
    Nmse,
    /// Each against its own threshold: anomalous when either is.
    Either,
}

/// All settings. [`Params::DEFAULT`] is the one default for every kind of data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Reservoir units, a multiple of 8.
    pub units: u16,
    /// Share of non-zero weights in W_res.
    pub density: f32,
    /// Spectral radius of W_res.
    pub spectral_radius: f32,
    /// Leak rate: x(t) = (1-leak)·x(t-1) + leak·tanh(…).
    pub leak: f32,
    /// Input weights are uniform in ± this.
    pub input_scale: f32,
    /// Seed of all random weights.
    pub seed: u32,
    /// Feedback weights W_back are uniform in ± this; 0 for no feedback.
    pub feedback: f32,
    /// Output function.
    pub output: Output,
    /// What the readout sees.
    pub readout: Readout,
    /// What it is to give.
    pub target: Target,
    /// Ridge per sample: ridge·samples is added to the diagonal of the normal equations.
    pub ridge: f32,
    /// Frames after each reset of the state that are neither learnt from nor judged.
    pub washout: u16,
    /// Whether the state is carried from one window to the next that continues it, or reset at each.
    pub carry: bool,
    /// Whether each window's own mean is taken off, per channel, or the mean of the scale phase.
    pub remove_mean: bool,
    /// Windows of the scale phase.
    pub scale_windows: u16,
    /// Windows of the fit phase.
    pub fit_windows: u16,
    /// Windows of the calibration phase.
    pub calibrate_windows: u16,
    /// What a window is scored by.
    pub score: Score,
    /// How the threshold follows from the calibration's scores.
    pub rule: Rule,
    /// Factor on σ of the rules `sigma` and `two-sided`.
    pub k: f32,
    /// Quantile of the rule `quantile`.
    pub quantile: f32,
    /// Factor on the quantile.
    pub margin: f32,
    /// Windows over which the score is averaged.
    pub average: u16,
}

impl Params {
    /// The default.
    pub const DEFAULT: Self = Self {
        units: 64,
        density: 0.1,
        spectral_radius: 1.1,
        leak: 1.0,
        input_scale: 0.3,
        seed: 1,
        feedback: 0.0,
        output: Output::Identity,
        readout: Readout::State,
        target: Target::Predict,
        ridge: 1e-4,
        washout: 20,
        carry: false,
        remove_mean: true,
        scale_windows: 16,
        fit_windows: 64,
        calibrate_windows: 48,
        score: Score::Either,
        rule: Rule::Sigma,
        k: 2.0,
        quantile: 0.95,
        margin: 1.2,
        average: 5,
    };

    /// Parameters of all-zero bits, for a model without content.
    pub(crate) const NONE: Self = Self {
        units: 0,
        density: 0.0,
        spectral_radius: 0.0,
        leak: 0.0,
        input_scale: 0.0,
        seed: 0,
        feedback: 0.0,
        output: Output::Identity,
        readout: Readout::State,
        target: Target::Reconstruct,
        ridge: 0.0,
        washout: 0,
        carry: false,
        remove_mean: false,
        scale_windows: 0,
        fit_windows: 0,
        calibrate_windows: 0,
        score: Score::Mse,
        rule: Rule::Sigma,
        k: 0.0,
        quantile: 0.0,
        margin: 0.0,
        average: 0,
    };
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The greatest number of units that can be set; a build's model may hold fewer.
pub const MAX_UNITS: u16 = 512;
/// The greatest number of channels.
pub const MAX_CHANNELS: u16 = 16;

const fn int(name: &'static str, help: &'static str, min: i32, max: i32) -> Setting {
    Setting { name, help, kind: Kind::Int { min, max } }
}

const fn real(name: &'static str, help: &'static str, min: f32, max: f32) -> Setting {
    Setting { name, help, kind: Kind::Real { min, max } }
}

const fn choice(name: &'static str, help: &'static str, words: &'static [&'static str]) -> Setting {
    Setting { name, help, kind: Kind::Choice(words) }
}

const fn flag(name: &'static str, help: &'static str) -> Setting {
    Setting { name, help, kind: Kind::Flag }
}

impl Settings for Params {
    const SETTINGS: &'static [Setting] = &[
        int("units", "reservoir units, a multiple of 8", 8, MAX_UNITS as i32),
        real("density", "share of non-zero reservoir weights", 0.001, 1.0),
        real("spectral-radius", "spectral radius of the reservoir", 0.0, 2.0),
        real("leak", "leak rate, 1 for none", 0.01, 1.0),
        real("input-scale", "input weights are uniform in plus/minus this", 0.001, 10.0),
        int("seed", "seed of the random weights", 0, i32::MAX),
        real("feedback", "feedback weights are uniform in plus/minus this, 0 for none", 0.0, 10.0),
        choice("output", "output function", &["identity", "tanh"]),
        choice("readout", "what the readout sees", &["state", "input-state", "input-state-output"]),
        choice("target", "reconstruct the input or predict the next", &["reconstruct", "predict"]),
        real("ridge", "ridge per sample", 1e-8, 100.0),
        int("washout", "frames after a reset that do not count", 0, 4096),
        flag("carry", "carry the state from window to window"),
        flag("remove-mean", "take each window's own mean off"),
        int("scale-windows", "windows of the scale phase", 1, 10_000),
        int("fit-windows", "windows of the fit phase", 1, 10_000),
        int("calibrate-windows", "windows of the calibration phase", 2, 10_000),
        choice("rule", "threshold rule", &["sigma", "quantile", "two-sided"]),
        real("k", "standard deviations from the median to the threshold", 0.0, 100.0),
        real("quantile", "quantile of the calibration scores", 0.0, 1.0),
        real("margin", "factor on the quantile", 0.1, 100.0),
        int("average", "windows over which the score is averaged", 1, MAX_AVERAGE as i32),
        choice("score", "error judged: plain, over the window's own power, or either", &["mse", "nmse", "either"]),
    ];

    fn get(&self, index: usize) -> Option<Value> {
        let int = |v: u16| Value::Int(i32::from(v));
        Some(match index {
            0 => int(self.units),
            1 => Value::Real(self.density),
            2 => Value::Real(self.spectral_radius),
            3 => Value::Real(self.leak),
            4 => Value::Real(self.input_scale),
            5 => Value::Int(i32::try_from(self.seed).unwrap_or(i32::MAX)),
            6 => Value::Real(self.feedback),
            7 => Value::Choice(self.output as u8),
            8 => Value::Choice(self.readout as u8),
            9 => Value::Choice(self.target as u8),
            10 => Value::Real(self.ridge),
            11 => int(self.washout),
            12 => Value::Flag(self.carry),
            13 => Value::Flag(self.remove_mean),
            14 => int(self.scale_windows),
            15 => int(self.fit_windows),
            16 => int(self.calibrate_windows),
            17 => Value::Choice(self.rule as u8),
            18 => Value::Real(self.k),
            19 => Value::Real(self.quantile),
            20 => Value::Real(self.margin),
            21 => int(self.average),
            22 => Value::Choice(self.score as u8),
            _ => return None,
        })
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        match (index, value) {
            (5, Value::Int(v)) => self.seed = v.unsigned_abs(),
            (_, Value::Int(v)) => {
                let place = match index {
                    0 => &mut self.units,
                    11 => &mut self.washout,
                    14 => &mut self.scale_windows,
                    15 => &mut self.fit_windows,
                    16 => &mut self.calibrate_windows,
                    21 => &mut self.average,
                    _ => return false,
                };
                let Ok(v) = u16::try_from(v) else { return false };
                *place = v;
            }
            (_, Value::Real(v)) => {
                let place = match index {
                    1 => &mut self.density,
                    2 => &mut self.spectral_radius,
                    3 => &mut self.leak,
                    4 => &mut self.input_scale,
                    6 => &mut self.feedback,
                    10 => &mut self.ridge,
                    18 => &mut self.k,
                    19 => &mut self.quantile,
                    20 => &mut self.margin,
                    _ => return false,
                };
                *place = v;
            }
            (12, Value::Flag(v)) => self.carry = v,
            (13, Value::Flag(v)) => self.remove_mean = v,
            (7, Value::Choice(0)) => self.output = Output::Identity,
            (7, Value::Choice(1)) => self.output = Output::Tanh,
            (8, Value::Choice(0)) => self.readout = Readout::State,
            (8, Value::Choice(1)) => self.readout = Readout::InputState,
            (8, Value::Choice(2)) => self.readout = Readout::InputStateOutput,
            (9, Value::Choice(0)) => self.target = Target::Reconstruct,
            (9, Value::Choice(1)) => self.target = Target::Predict,
            (22, Value::Choice(0)) => self.score = Score::Mse,
            (22, Value::Choice(1)) => self.score = Score::Nmse,
            (22, Value::Choice(2)) => self.score = Score::Either,
            (17, Value::Choice(0)) => self.rule = Rule::Sigma,
            (17, Value::Choice(1)) => self.rule = Rule::Quantile,
            (17, Value::Choice(2)) => self.rule = Rule::TwoSided,
            _ => return false,
        }
        true
    }
}

/// The shape of the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// [`ParamError::Invalid`] names a setting out of range; [`ParamError::Conflict`] says what contradicts.
    pub fn check(&self, shape: Shape) -> Result<Checked, ParamError> {
        for (i, setting) in Self::SETTINGS.iter().enumerate() {
            if !self.get(i).is_some_and(|v| setting.accepts(v)) {
                return Err(ParamError::Invalid(setting));
            }
        }
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
            return conflict("units must be a multiple of 8");
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
    fn the_table_agrees_with_the_fields() {
        let mut p = Params::DEFAULT;
        for (i, setting) in Params::SETTINGS.iter().enumerate() {
            let before = p.get(i).unwrap();
            assert!(setting.accepts(before), "{}", setting.name);
            let other = match (setting.kind, before) {
                (Kind::Int { min, max }, Value::Int(v)) => Value::Int(if v == min { max } else { min }),
                (Kind::Real { min, max }, Value::Real(v)) => Value::Real(if v == min { max } else { min }),
                (Kind::Flag, Value::Flag(v)) => Value::Flag(!v),
                (Kind::Choice(words), Value::Choice(v)) => Value::Choice((v + 1) % words.len() as u8),
                _ => panic!("{}", setting.name),
            };
            let old = p;
            p.set(i, other).unwrap();
            assert_eq!(p.get(i), Some(other), "{}", setting.name);
            for j in (0..Params::SETTINGS.len()).filter(|j| *j != i) {
                assert_eq!(p.get(j), old.get(j), "{} changes {j}", setting.name);
            }
            p = old;
        }
        assert_eq!(p.get(Params::SETTINGS.len()), None);
    }

    #[test]
    fn checks_what_settings_demand_of_each_other() {
        let shape = Shape { channels: 3, window_frames: 128 };
        let ok = Params::DEFAULT;
        assert!(ok.check(shape).is_ok());
        let refused = |p: Params| matches!(p.check(shape), Err(ParamError::Conflict(_)));
        assert!(refused(Params { units: 60, ..ok }));
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
