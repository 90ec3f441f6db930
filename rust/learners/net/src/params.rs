//! Parameters, their table, and what they ask of memory.

use crate::declare;
use crate::model::{Head, MAX_CLASSES};
use crate::network::{Extent, Network, NetworkError};
use crate::place::Places;
use crate::plan::Plan;
use crate::stage::{Numbers, Stages};
use hone_learn::setting::{FLAG, Kind, choice, int, real, text};
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

/// Networks that completion offers.
const EXAMPLES: &[&str] = &["dense32", "conv8k9s4,conv16k5s2,gap"];

const SHARE: Kind = real(0.01, 1.0);

settings! {
    /// Parameters of a training.
    pub struct Params {
        /// the layers before the output layer
        ///
        /// `flatten` alone: none.
        pub network: Network = Network::DENSE, "layers", text("layers as in", EXAMPLES, declare::reader), "";
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
        pub last: u8 = 0, "last", int(0, 8), "";
        /// train the biases alone
        pub biases: bool = false, "biases", FLAG, "";
        /// keep the best weights so far
        ///
        /// To end with and to fall back on.
        pub keep: bool = true, "keep", FLAG, "";
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
    /// What the divergence weighs in the loss, where the network samples.
    beta: Option<f32>,
    words: Words,
}

/// What is asked of memory, in words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Words {
    /// By a training.
    pub training: u32,
    pub model: u32,
    /// By an inference.
    pub scratch: u32,
}

impl Words {
    fn most(self, other: Self) -> Self {
        Self {
            training: self.training.max(other.training),
            model: self.model.max(other.model),
            scratch: self.scratch.max(other.scratch),
        }
    }
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

    /// Of parameters that have been verified for this shape.
    pub(crate) fn of(params: Params, shape: Shape, words: Words) -> Self {
        Self { beta: params.network.samples().then_some(1.0), params, shape, words }
    }

    /// What the divergence weighs in the loss, where the network samples.
    pub(crate) const fn beta(&self) -> Option<f32> {
        self.beta
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
        Ok(Checked::of(*self, shape, self.verify(shape)?))
    }

    /// The same of a network that samples, and so reconstructs its input; `beta` is what the divergence weighs in the loss.
    /// Labels do not count.
    ///
    /// # Errors
    /// [`CheckError`].
    pub fn check_autoencoder(&self, input: Extent, beta: f32) -> Result<Checked, CheckError> {
        let shape = Shape { input, classes: 0 };
        Ok(Checked { beta: Some(beta), ..Checked::of(*self, shape, self.verify(shape)?) })
    }

    /// The same, without a copy of the parameters: it runs on the stack of a shell.
    pub(crate) fn verify(&self, shape: Shape) -> Result<Words, CheckError> {
        self.check_ranges().map_err(CheckError::Param)?;
        let refuse = |why| Err(CheckError::Param(why));
        if self.rows_least > self.rows_most {
            return refuse(ParamError::Conflict("rows-least is more than rows-most: lower it"));
        }
        if self.patience > 0 && !self.keep {
            return refuse(ParamError::Conflict("patience waits for better weights, which keep must keep: set it on"));
        }
        let capacity = MAX_CLASSES as u32;
        let reconstructs = self.network.samples();
        if reconstructs && (shape.classes > 0 || self.rows_least < 1.0) {
            return refuse(ParamError::Conflict(
                "a network that samples reconstructs all its input, and tells no classes apart",
            ));
        }
        if !reconstructs && !(2..=MAX_CLASSES).contains(&shape.classes) {
            return refuse(ParamError::Capacity { name: "classes", asked: shape.classes as u32, capacity });
        }
        let words = self.words(shape).map_err(CheckError::Network)?;
        if reconstructs || shape.classes == 2 {
            return Ok(words);
        }
        // A last dense layer that would give one number for each class is a hidden one where the rows have fewer classes.
        let fewer = Shape { classes: shape.classes - 1, ..shape };
        Ok(words.most(self.words(fewer).map_err(CheckError::Network)?))
    }

    #[inline(never)]
    fn words(&self, shape: Shape) -> Result<Words, NetworkError> {
        let mut stages = Stages::EMPTY;
        let classes = shape.classes as u16;
        let outputs = Head::outputs(&self.network, shape.input, classes);
        stages.make(&self.network, shape.input, outputs, self.numbers, crate::model::front(shape.input, classes))?;
        let too_large = NetworkError::TooLarge { layer: stages.len() as u8 };
        let training = self.training_words(&stages).ok_or(too_large)?;
        let scratch = scratch_words(&stages).ok_or(too_large)?;
        Ok(Words { training, model: stages.words() as u32, scratch })
    }

    #[inline(never)]
    fn training_words(&self, stages: &Stages) -> Option<u32> {
        let mut plan = Plan::EMPTY;
        plan.make(self, stages)?;
        Some(plan.places.peak() as u32)
    }
}

#[inline(never)]
fn scratch_words(stages: &Stages) -> Option<u32> {
    let mut places = Places::EMPTY;
    crate::model::place_forward(stages, &mut places)?;
    Some(places.peak() as u32)
}

/// Bytes of workspace that a training needs: the peak of all that lives at the same time.
pub fn required(checked: &Checked) -> usize {
    checked.words.training as usize * 4
}

/// Words of a model, and of the scratch of its inference.
pub fn model_words(checked: &Checked) -> (usize, usize) {
    (checked.words.model as usize, checked.words.scratch as usize)
}

const fn layer_words(rows: usize, cols: usize) -> usize {
    rows * cols.div_ceil(4) + rows + rows.div_ceil(4)
}

/// Words of a model in 8 bits that reconstructs so many features, with one hidden layer of so many units either way of so many
/// latent numbers, as a capacity.
pub const fn autoencoder_words(features: usize, units: usize, latent: usize) -> usize {
    let encoder = layer_words(units, features) + layer_words(2 * latent, units);
    2 * features + encoder + layer_words(units, latent) + layer_words(features, units)
}

/// Words of scratch that inference takes with such a model, and at most with one as large in `f32`.
pub const fn autoencoder_scratch(features: usize, units: usize, latent: usize) -> usize {
    let widest = if features > units { features } else { units };
    5 * widest + features + 4 * latent + 16
}
