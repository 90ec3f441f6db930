//! Parameters, their table, and the network that they declare.

use crate::MOST_LATENT;
use hone_learn::setting::{choice, int, real};
use hone_learn::threshold::{MAX_AVERAGE, Rule};
use hone_learn::{ParamError, Settings, settings};
use hone_net::{CheckError, Extent, Layer, MAX_CHANNELS, Network, NetworkError, Numbers, model_words, required};

settings! {
    /// Parameters of a training. [`Params::DEFAULT`] is the one default for every kind of data.
    pub struct Params {
        /// units of the hidden layer, of encoder and decoder
        pub units: u16 = 16, "units", int(1, MAX_CHANNELS as i32), "";
        /// latent numbers
        pub latent: u16 = 4, "latent", int(1, MOST_LATENT as i32), "";
        /// weight of the divergence in the loss
        ///
        /// The variance that is assumed of what is made anew, features having 1.
        pub beta: f32 = 1.0, "beta", real(0.0, 100.0), "";
        /// what weights, activations and errors are kept in
        pub numbers: Numbers = Numbers::Int8, "numbers", choice(Numbers::WORDS), "";
        /// passes over the rows at most
        pub epochs: u16 = 60, "epochs", int(1, 10_000), "";
        /// rows between two updates
        pub batch: u16 = 8, "batch", int(1, 256), "rows";
        /// of learning, at first
        pub rate: f32 = 0.02, "rate", real(1e-6, 10.0), "";
        /// the last epoch's rate, as a part of the first's
        ///
        /// Between them it falls by equal factors.
        pub decay: f32 = 0.05, "decay", real(1e-4, 1.0), "";
        /// part of the rows that judges, not learnt
        ///
        /// It tells when to stop, and thresholds are set by it.
        pub hold: f32 = 0.25, "hold", real(0.0, 0.5), "";
        /// epochs without anything better; 0: never stop early
        pub patience: u16 = 20, "patience", int(0, 10_000), "";
        /// of weights, order, rounding and what is drawn
        pub seed: u32 = 1, "seed", int(0, i32::MAX), "";
        /// threshold rule
        pub rule: Rule = Rule::TwoSided, "rule", choice(Rule::WORDS), "";
        /// standard deviations from the median to the threshold
        ///
        /// Of the rules `sigma` and `two-sided`.
        pub k: f32 = 3.0, "k", real(0.0, 100.0), "";
        /// quantile of the scores of rows held back
        pub quantile: f32 = 0.95, "quantile", real(0.0, 1.0), "";
        /// factor on the quantile
        pub margin: f32 = 1.2, "margin", real(0.1, 100.0), "";
        /// windows over which scores are averaged
        pub average: u16 = 5, "average", int(1, MAX_AVERAGE as i32), "windows";
    }
}

/// Parameters that have been checked for rows of a width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked {
    pub(crate) params: Params,
    pub(crate) network: hone_net::Checked,
}

impl Params {
    /// Encoder, what is drawn, and decoder; the output layer follows from the input.
    fn network(&self) -> Result<Network, NetworkError> {
        let mut network = Network::NONE;
        network.push(Layer::dense(self.units, false))?;
        network.push(Layer::dense(2 * self.latent, true))?;
        network.push(Layer::SAMPLE)?;
        network.push(Layer::dense(self.units, false))?;
        Ok(network)
    }

    /// Checks every parameter against its range, and the network against rows of so many features.
    ///
    /// # Errors
    /// [`ParamError`].
    #[inline(never)]
    pub fn check(&self, features: u16) -> Result<Checked, ParamError> {
        self.check_ranges()?;
        let too_large = ParamError::Conflict("a layer is too large for so many features: lower vae.units or vae.batch");
        let network = self.network().map_err(|_| too_large)?;
        let params = hone_net::Params {
            network,
            numbers: self.numbers,
            epochs: self.epochs,
            batch: self.batch,
            rate: self.rate,
            decay: self.decay,
            hold: self.hold,
            patience: self.patience,
            seed: self.seed,
            ..hone_net::Params::DEFAULT
        };
        let input = Extent { frames: 1, channels: features };
        let network = params.check_autoencoder(input, self.beta).map_err(|error| match error {
            CheckError::Param(error) => error,
            CheckError::Network(_) => too_large,
        })?;
        Ok(Checked { params: *self, network })
    }
}

impl Checked {
    /// The parameters.
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// Bytes of workspace that a training from up to `rows` rows needs.
    pub fn required(&self, rows: usize) -> usize {
        let (_, scratch) = self.words();
        let judging = scratch + self.network.shape().input.len() + 2 * rows;
        required(&self.network).max(4 * judging)
    }

    /// Words of a model, and of the scratch of its inference.
    pub fn words(&self) -> (usize, usize) {
        model_words(&self.network)
    }
}
