//! Parameters, their table, and what they ask of memory.

use crate::model::{Head, MAX_CLASSES};
use crate::network::{Extent, Kind as LayerKind, Layer, MAX_CHANNELS, Network, NetworkError};
use crate::plan::Plan;
use crate::stage::Numbers;
use hone_learn::setting::{FLAG, Field, Kind, Value, choice, int, real};
use hone_learn::{ParamError, Settings, choices, settings};

choices! {
    /// How an updated weight becomes a whole number.
    pub enum Rounding {
        /// Up or down by dice, so that on average nothing is lost.
        Stochastic = "stochastic",
        /// To the nearest: updates of less than half a unit are lost. For comparison.
        Nearest = "nearest",
    }
}

const SHARE: Kind = real(0.01, 1.0);

settings! {
    /// Parameters of a training.
    pub struct Params {
        /// units of hidden layer 1, and of 2; 0: none
        ///
        /// The layers before the output layer. One that is declared by a text of other layers has no units here.
        pub network: Network = Network::DENSE, "units" "units-2", int(0, MAX_CHANNELS as i32), "";
        /// what weights, activations and errors are kept in
        pub numbers: Numbers = Numbers::Int8, "numbers", choice(Numbers::WORDS), "";
        /// of an updated weight of 8 bits
        pub rounding: Rounding = Rounding::Stochastic, "rounding", choice(Rounding::WORDS), "";
        /// passes over the rows at most
        pub epochs: u16 = 40, "epochs", int(1, 10_000), "";
        /// rows between two updates
        pub batch: u16 = 32, "batch", int(1, 256), "rows";
        /// of learning, at first
        pub rate: f32 = 0.02, "rate", real(1e-6, 10.0), "";
        /// the last epoch's rate, as a part of the first's
        ///
        /// Between them it falls by equal factors.
        pub decay: f32 = 0.05, "decay", real(1e-4, 1.0), "";
        /// part of a step that goes into the next
        ///
        /// The last step is kept in 8 bits for weights in 8 bits.
        pub momentum: f32 = 0.0, "momentum", real(0.0, 0.99), "";
        /// divide the gradient of a row by its deviation
        pub standardise: bool = true, "standardise", FLAG, "";
        /// part of the rows that judges, not learnt
        ///
        /// It tells how good the network is after each epoch.
        pub hold: f32 = 0.0, "hold", real(0.0, 0.5), "";
        /// epochs without anything better; 0: never stop early
        pub patience: u16 = 0, "patience", int(0, 10_000), "";
        /// of weights, order and rounding
        pub seed: u32 = 1, "seed", int(0, i32::MAX), "";
        /// least part of a layer's rows updated
        ///
        /// λ_min, of rows or filters at a time.
        pub rows_least: f32 = 1.0, "rows-least", SHARE, "";
        /// greatest part of a layer's rows updated
        ///
        /// λ_max; with 1 for both all are.
        pub rows_most: f32 = 1.0, "rows-most", SHARE, "";
        /// skip rows whose class has this probability; 1: none
        ///
        /// After the forward pass.
        pub skip_above: f32 = 1.0, "skip-above", real(0.5, 1.0), "";
        /// train so many layers, from the last; 0: all
        pub layers: u8 = 0, "layers", int(0, 8), "";
        /// train the biases alone
        pub biases: bool = false, "biases", FLAG, "";
        /// keep the best weights so far
        ///
        /// To end with and to fall back on.
        pub keep: bool = true, "keep", FLAG, "";
    }
}

/// Two settings: the units of up to two dense layers. To set one makes a network of these alone.
impl Field for Network {
    const ZERO: Self = Self::NONE;
    const COUNT: usize = 2;

    fn value(&self, index: usize) -> Option<Value> {
        let units = self.layers().get(index).filter(|l| l.kind == LayerKind::Dense).map_or(0, |l| l.channels);
        (index < 2).then_some(Value::Int(units.into()))
    }

    fn store(&mut self, index: usize, value: Value) -> bool {
        let Value::Int(units) = value else { return false };
        let Ok(units) = u16::try_from(units) else { return false };
        let of = |place: usize| match self.value(place) {
            Some(Value::Int(before)) if place != index => before as u16,
            _ => units,
        };
        let mut network = Self::NONE;
        for units in [of(0), of(1)].into_iter().filter(|units| *units > 0) {
            if network.push(Layer::dense(units, false)).is_err() {
                return false;
            }
        }
        *self = network;
        index < 2
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
    /// Words of a training, of a model, and of the scratch of its inference.
    words: [u32; 3],
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

    /// Makes the layers for so many classes.
    pub(crate) fn make(&self, head: &mut Head, classes: usize) -> Result<(), NetworkError> {
        head.make(&self.params.network, self.shape.input, classes as u16, self.params.numbers)
    }

    /// The layers of a network for all classes, with their shapes.
    pub fn layers(&self) -> impl Iterator<Item = crate::Drawn> {
        let mut head = Head::EMPTY;
        let made = self.make(&mut head, self.shape.classes).is_ok();
        (0..if made { head.stages.len() } else { 0 })
            .filter_map(move |l| head.stages.get(l).map(crate::model::Drawn::of))
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
        let words = self.words(shape).map_err(CheckError::Network)?;
        Ok(Checked { params: *self, shape, words })
    }

    /// Words of a training, of a model, and of the scratch of its inference.
    #[inline(never)]
    fn words(&self, shape: Shape) -> Result<[u32; 3], NetworkError> {
        let (mut head, mut plan) = (Head::EMPTY, Plan::EMPTY);
        head.make(&self.network, shape.input, shape.classes as u16, self.numbers)?;
        let too_large = NetworkError::TooLarge { layer: head.stages.len() as u8 };
        plan.make(self, &head.stages).ok_or(too_large)?;
        Ok([plan.places.peak(), head.stages.words(), head.places.peak()].map(|words| words as u32))
    }
}

/// Bytes of workspace that a training needs: the peak of all that lives at the same time.
pub fn required(checked: &Checked) -> usize {
    let [training, ..] = checked.words;
    training as usize * 4
}

/// Words of a model, and of the scratch of its inference.
pub fn model_words(checked: &Checked) -> (usize, usize) {
    let [_, model, scratch] = checked.words;
    (model as usize, scratch as usize)
}

/// Words of a model in 8 bits with one hidden layer of so many units, as a capacity.
pub const fn dense_words(features: usize, units: usize, classes: usize) -> usize {
    classes + 2 * features + layer_words(units, features) + layer_words(classes, units)
}

const fn layer_words(rows: usize, cols: usize) -> usize {
    rows * cols.div_ceil(4) + rows + rows.div_ceil(4)
}

/// Words of scratch that inference takes with such a model, and at most with one as large of other layers.
pub const fn dense_scratch(features: usize, units: usize, classes: usize) -> usize {
    features + 4 * units + 4 * classes + 16
}
