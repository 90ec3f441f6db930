//! Parameters, their table, and what they ask of memory.

use crate::model::{Head, MAX_CLASSES};
use crate::network::{Extent, Network, NetworkError};
use crate::plan::Plan;
use crate::stage::Numbers;
use hone_learn::setting::{FLAG, Kind, Setting, Value, choice, int, real};
use hone_learn::{ParamError, Settings};

/// How an updated weight becomes a whole number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// Up or down by dice, so that on average nothing is lost.
    #[default]
    Stochastic,
    /// To the nearest: updates of less than half a unit are lost. For comparison.
    Nearest,
}

/// Parameters of a training; each has the range that [`Settings::SETTINGS`] states, `network` what its text allows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// The layers before the output layer.
    pub network: Network,
    /// In what numbers it is kept and trained.
    pub numbers: Numbers,
    /// Of weights in 8 bits.
    pub rounding: Rounding,
    /// Passes over the rows at most.
    pub epochs: u16,
    /// Rows between two updates of the weights.
    pub batch: u16,
    /// The learning rate of the first epoch.
    pub rate: f32,
    /// The learning rate of the last epoch, as a part of the first's; between them it falls by equal factors.
    pub decay: f32,
    /// What part of the last step goes into the next; kept in 8 bits for weights in 8 bits.
    pub momentum: f32,
    /// Whether the gradient of each row of weights is divided by its running deviation.
    pub standardise: bool,
    /// The part of the rows that is not learnt but tells how good the network is after each epoch.
    pub hold: f32,
    /// Epochs without anything better after which training stops; 0 for never.
    pub patience: u16,
    /// Of initial weights, order and rounding.
    pub seed: u32,
    /// The least part of a layer's rows or filters that is updated at a time, λ_min.
    pub rows_least: f32,
    /// The greatest, λ_max; with 1 for both all are.
    pub rows_most: f32,
    /// Rows whose class already has this probability are skipped after the forward pass; 1 for none.
    pub skip_above: f32,
    /// How many layers with weights are trained, from the last; 0 for all.
    pub layers: u8,
    /// Whether the biases alone are trained.
    pub biases: bool,
    /// Whether the best weights so far are kept, to end with and to fall back on.
    pub keep: bool,
}

impl Params {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        network: Network::DENSE,
        numbers: Numbers::Int8,
        rounding: Rounding::Stochastic,
        epochs: 40,
        batch: 32,
        rate: 0.02,
        decay: 0.05,
        momentum: 0.0,
        standardise: true,
        hold: 0.0,
        patience: 0,
        seed: 1,
        rows_least: 1.0,
        rows_most: 1.0,
        skip_above: 1.0,
        layers: 0,
        biases: false,
        keep: true,
    };
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

const SHARE: Kind = real(0.01, 1.0);

/// A setting without a unit.
const fn bare(name: &'static str, help: &'static str, kind: Kind) -> Setting {
    Setting { name, help, kind, unit: "" }
}

impl Settings for Params {
    const SETTINGS: &'static [Setting] = &[
        bare("numbers", "what weights, activations and errors are kept in", choice(&["int8", "mixed", "f32"])),
        bare("rounding", "of an updated weight of 8 bits", choice(&["stochastic", "nearest"])),
        bare("epochs", "passes over the rows", int(1, 10_000)),
        bare("batch", "rows between two updates", int(1, 256)),
        bare("rate", "of learning, at first", real(1e-6, 10.0)),
        bare("decay", "the last epoch's rate, as a part of the first's", real(1e-4, 1.0)),
        bare("momentum", "part of a step that goes into the next", real(0.0, 0.99)),
        bare("standardise", "divide the gradient of a row by its deviation", FLAG),
        bare("hold", "part of the rows that judges, not learnt", real(0.0, 0.5)),
        bare("patience", "epochs without anything better; 0: never stop early", int(0, 10_000)),
        bare("seed", "of weights, order and rounding", int(0, i32::MAX)),
        bare("rows-least", "least part of a layer's rows updated", SHARE),
        bare("rows-most", "greatest part of a layer's rows updated", SHARE),
        bare("skip-above", "skip rows whose class has this probability; 1: none", real(0.5, 1.0)),
        bare("layers", "train so many layers, from the last; 0: all", int(0, 8)),
        bare("biases", "train the biases alone", FLAG),
        bare("keep", "keep the best weights so far", FLAG),
    ];

    fn get(&self, index: usize) -> Option<Value> {
        Some(match index {
            0 => Value::Choice(self.numbers as u8),
            1 => Value::Choice(self.rounding as u8),
            2 => Value::Int(self.epochs.into()),
            3 => Value::Int(self.batch.into()),
            4 => Value::Real(self.rate),
            5 => Value::Real(self.decay),
            6 => Value::Real(self.momentum),
            7 => Value::Flag(self.standardise),
            8 => Value::Real(self.hold),
            9 => Value::Int(self.patience.into()),
            10 => Value::Int(i32::try_from(self.seed).ok()?),
            11 => Value::Real(self.rows_least),
            12 => Value::Real(self.rows_most),
            13 => Value::Real(self.skip_above),
            14 => Value::Int(self.layers.into()),
            15 => Value::Flag(self.biases),
            16 => Value::Flag(self.keep),
            _ => return None,
        })
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        match (index, value) {
            (0, Value::Choice(i)) => self.numbers = Numbers::from_code(i).unwrap_or_default(),
            (1, Value::Choice(i)) => self.rounding = if i == 0 { Rounding::Stochastic } else { Rounding::Nearest },
            (2, Value::Int(v)) => self.epochs = v as u16,
            (3, Value::Int(v)) => self.batch = v as u16,
            (4, Value::Real(v)) => self.rate = v,
            (5, Value::Real(v)) => self.decay = v,
            (6, Value::Real(v)) => self.momentum = v,
            (7, Value::Flag(v)) => self.standardise = v,
            (8, Value::Real(v)) => self.hold = v,
            (9, Value::Int(v)) => self.patience = v as u16,
            (10, Value::Int(v)) => self.seed = v.unsigned_abs(),
            (11, Value::Real(v)) => self.rows_least = v,
            (12, Value::Real(v)) => self.rows_most = v,
            (13, Value::Real(v)) => self.skip_above = v,
            (14, Value::Int(v)) => self.layers = v as u8,
            (15, Value::Flag(v)) => self.biases = v,
            (16, Value::Flag(v)) => self.keep = v,
            _ => return false,
        }
        true
    }
}

/// What a network is to take in and tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Frames and channels of a row: of features 1 frame, of a window's samples, frame by frame, both.
    pub input: Extent,
    /// Classes at most.
    pub classes: usize,
}

/// The parameters cannot be used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CheckError {
    /// One is out of its range, or two contradict.
    Param(ParamError),
    /// The network does not fit what it takes in.
    Network(NetworkError),
}

/// Parameters that have been checked; a trainer takes no others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked {
    params: Params,
    shape: Shape,
}

impl Checked {
    /// The parameters.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// What the network takes in and tells apart.
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// The layers for so many classes.
    pub(crate) fn head(&self, classes: usize) -> Result<Head, NetworkError> {
        Head::new(self.params.network, self.shape.input, classes as u16, self.params.numbers)
    }

    /// The layers of a network for all classes, with their shapes.
    pub fn layers(&self) -> impl Iterator<Item = crate::Drawn> {
        let head = self.head(self.shape.classes).unwrap_or(Head::EMPTY);
        (0..head.stages.len()).filter_map(move |l| head.stages.get(l).map(crate::model::Drawn::of))
    }
}

impl Params {
    /// Checks every parameter against its range, and the network against what it takes in.
    ///
    /// # Errors
    /// [`CheckError`].
    pub fn check(&self, shape: Shape) -> Result<Checked, CheckError> {
        self.check_ranges().map_err(CheckError::Param)?;
        let refuse = |why| Err(CheckError::Param(why));
        if self.rows_least > self.rows_most {
            return refuse(ParamError::Conflict("rows-least is more than rows-most: lower it"));
        }
        if self.patience > 0 && !self.keep {
            return refuse(ParamError::Conflict("patience waits for better weights, which keep must keep: set it on"));
        }
        let capacity = MAX_CLASSES as u32;
        if !(2..=MAX_CLASSES).contains(&shape.classes) {
            return refuse(ParamError::Capacity { name: "classes", asked: shape.classes as u32, capacity });
        }
        let checked = Checked { params: *self, shape };
        let head = checked.head(shape.classes).map_err(CheckError::Network)?;
        let too_large = NetworkError::TooLarge { layer: head.stages.len() as u8 };
        Plan::new(&checked, &head).ok_or(CheckError::Network(too_large))?;
        Ok(checked)
    }
}

/// Bytes of workspace that a training needs: the peak of all that lives at the same time.
pub fn required(checked: &Checked) -> usize {
    let head = checked.head(checked.shape.classes).unwrap_or(Head::EMPTY);
    Plan::new(checked, &head).map_or(0, |plan| plan.places.peak() * 4)
}

/// Words of a model, and of the scratch of its inference.
pub fn model_words(checked: &Checked) -> (usize, usize) {
    let head = checked.head(checked.shape.classes).unwrap_or(Head::EMPTY);
    (head.stages.words(), head.places.peak())
}
