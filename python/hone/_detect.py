"""Detectors that learn without labels: the Echo State Network and the variational autoencoder."""
from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np
from sklearn.base import OutlierMixin
from sklearn.utils.validation import validate_data

from . import _hone
from ._base import ANSWER, KINDS, Base, Detector, samples


class _Watcher(OutlierMixin, Detector, Base):
    """What both have: verdicts of rows that come one after another."""

    _alone = False

    def predict(self, X: Any) -> np.ndarray:
        """1 (normal) or -1 (anomalous) for each row, in the order in which the rows come.

        As on the device a verdict rests on the mean score of the last ``average`` rows.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def decision_function(self, X: Any) -> np.ndarray:
        """``score_samples`` less ``offset_``: below 0 where the verdict is anomalous."""
        return self._decisions(self.answers(X))

    def score_samples(self, X: Any) -> np.ndarray:
        """Minus the score of each row; the lower, the less like what was learnt. In the learner's unit."""
        return self.decision_function(X) + self.offset_


class Esn(_Watcher):
    """Echo State Network: learns the vibration of a machine that runs well, and tells what is unlike it.

    Parameters
    ----------
    units : int, default 64
        Reservoir units, a multiple of 8; a whole number from 8 to 512.
    density : float, default 0.1
        Share of non-zero reservoir weights; a number from 0.001 to 1.
    spectral_radius : float, default 1.1
        Spectral radius of the reservoir; a number from 0 to 2.
    leak : float, default 1.0
        Leak rate, 1 for none; a number from 0.01 to 1.
    input_scale : float, default 0.3
        Input weights are uniform in plus/minus this; a number from 0.001 to 10.
    seed : int, default 1
        Seed of the random weights; a whole number from 0 to 2147483647.
    feedback : float, default 0.0
        Feedback weights are uniform in plus/minus this, 0 for none; a number from 0 to 10.
    output : str, default 'identity'
        Output function; one of identity, tanh.
    readout : str, default 'state'
        What the readout sees; one of state, input-state, input-state-output.
    target : str, default 'predict'
        Reconstruct the input or predict the next; one of reconstruct, predict.
    ridge : float, default 0.0001
        Ridge per sample; a number from 0.00000001 to 100.
    washout : int, default 20
        Frames after a reset that do not count; a whole number from 0 to 4096 frames.
    carry : bool, default False
        Carry the state from window to window; True or False.
    remove_mean : bool, default True
        Take each window's own mean off; True or False.
    scale_windows : int, default 16
        Windows of the scale phase; a whole number from 1 to 10000 windows.
    fit_windows : int, default 64
        Windows of the fit phase; a whole number from 1 to 10000 windows.
    calibrate_windows : int, default 48
        Windows of the calibration phase; a whole number from 2 to 10000 windows.
    score_kind : str, default 'either'
        Error judged: plain, over the window's own power, or either; one of mse, nmse, either.
    rule : str, default 'sigma'
        Threshold rule; one of sigma, quantile, two-sided.
    k : float, default 2.0
        Standard deviations from the median to the threshold; a number from 0 to 100.
    quantile : float, default 0.95
        Quantile of the calibration scores; a number from 0 to 1.
    margin : float, default 1.2
        Factor on the quantile; a number from 0.1 to 100.
    average : int, default 5
        Windows over which the score is averaged; a whole number from 1 to 16 windows.
    channels : int, 1 to 16, default 1
        Channels of a frame. A row of X is a window, frame by frame: t0c0 t0c1 ... t1c0 ...
    lsb : float, default None
        What X counts or measures in one LSB of the sensor's 16 bits. None: 1 where X is of whole numbers, else as
        fine as twice the largest number of X allows, a power of two.
    verbose : bool, default False
        Print how far a training is, twice a second.

    Attributes
    ----------
    lsb_ : float
        What X counts in one LSB.
    offset_ : float
        Minus the threshold: ``decision_function`` is ``score_samples`` less this.
    n_features_in_ : int
        Samples of a window: frames times channels.
    report_ : dict
        How the training ended: ``stop``, ``rows``, ``iterations``, ``work``, ``metric``, ``quality``.

    Examples
    --------
    >>> import hone, numpy
    >>> t = numpy.arange(128 * 64).reshape(64, 128)
    >>> noise = numpy.random.default_rng(1).normal(size=t.shape)
    >>> esn = hone.Esn(units=16).fit(1000 * numpy.sin(0.3 * t) + 20 * noise)
    >>> esn.predict(1000 * numpy.sin(0.5 * t[:8]) + 20 * noise[:8])
    array([ 1,  1,  1,  1, -1, -1, -1, -1])
    """

    _learner = "esn"

    def __init__(
        self,
        *,
        units: int = 64,
        density: float = 0.1,
        spectral_radius: float = 1.1,
        leak: float = 1.0,
        input_scale: float = 0.3,
        seed: int = 1,
        feedback: float = 0.0,
        output: str = "identity",
        readout: str = "state",
        target: str = "predict",
        ridge: float = 0.0001,
        washout: int = 20,
        carry: bool = False,
        remove_mean: bool = True,
        scale_windows: int = 16,
        fit_windows: int = 64,
        calibrate_windows: int = 48,
        score_kind: str = "either",
        rule: str = "sigma",
        k: float = 2.0,
        quantile: float = 0.95,
        margin: float = 1.2,
        average: int = 5,
        channels: int = 1,
        lsb: Optional[float] = None,
        verbose: bool = False,
    ) -> None:
        self.units = units
        self.density = density
        self.spectral_radius = spectral_radius
        self.leak = leak
        self.input_scale = input_scale
        self.seed = seed
        self.feedback = feedback
        self.output = output
        self.readout = readout
        self.target = target
        self.ridge = ridge
        self.washout = washout
        self.carry = carry
        self.remove_mean = remove_mean
        self.scale_windows = scale_windows
        self.fit_windows = fit_windows
        self.calibrate_windows = calibrate_windows
        self.score_kind = score_kind
        self.rule = rule
        self.k = k
        self.quantile = quantile
        self.margin = margin
        self.average = average
        self.channels = channels
        self.lsb = lsb
        self.verbose = verbose

    def _samples(self, X: np.ndarray) -> bytes:
        return np.ascontiguousarray(samples(X, self.lsb_)).tobytes()

    def fit(self, X: Any, y: Any = None) -> "Esn":
        """Trains on windows in the order in which they were sampled.

        They are shared among the phases in the proportions of ``scale_windows``, ``fit_windows`` and ``calibrate_windows``; so the
        numbers themselves are those of a training when X has as many windows as they are in all.

        Parameters
        ----------
        X : array of shape (n_windows, frames * channels)
            Samples, frame by frame.
        y : ignored

        Raises
        ------
        ValueError
            A parameter is out of its range or does not suit the windows, a channel never changes, or X is not as above.
        """
        whole = np.issubdtype(np.asarray(X).dtype, np.integer)
        X = validate_data(self, X, dtype=KINDS, ensure_min_samples=2)
        if X.shape[1] < 2:
            raise ValueError("X has 1 feature(s): a window of one sample has nothing that could be learnt")
        if not 1 <= int(self.channels) <= 16:
            raise ValueError(f"channels={self.channels!r} is refused: channels takes 1 to 16")
        if X.shape[1] % int(self.channels):
            raise ValueError(f"windows of {X.shape[1]} samples are no whole frames of channels={self.channels}")
        largest = float(np.abs(X).max())
        if self.lsb is None:
            self.lsb_ = 1.0 if whole or largest == 0 else float(2.0 ** np.ceil(np.log2(2 * largest / 32768)))
        else:
            self.lsb_ = float(self.lsb)
        if not (np.isfinite(self.lsb_) and self.lsb_ > 0):
            raise ValueError(f"lsb={self.lsb!r} is refused: lsb takes None or a number above 0")
        if largest / self.lsb_ > 32768:
            raise ValueError(f"X reaches {largest:.6g}, which is beyond 16 bits of lsb={self.lsb_:.6g}; give a larger lsb")
        self._model = _hone.train(
            self._learner, self._settings(), self._samples(X), X.shape[1], channels=int(self.channels), told=self._told()
        )
        self._note({})
        return self

    def _note(self, said: Dict[str, Any]) -> None:
        super()._note(said)
        self._set_offset()
        if not hasattr(self, "lsb_"):
            self.lsb_ = float(self.lsb)
        # Of windows it is known how long they are, and what their numbers count.
        said.setdefault("frames", self.n_features_in_ // int(self.channels))
        if self.lsb_ != 1.0:
            said["channels"] = said.get("channels") or [(self.lsb_, "")] * int(self.channels)

    def _judge(self, X: np.ndarray) -> np.ndarray:
        return np.frombuffer(self._model.judge(self._samples(X), X.shape[1], int(self.channels)), dtype=ANSWER)

    @classmethod
    def _read(cls, model: Any, said: Dict[str, Any]) -> "Base":
        if said["scaled"]:
            raise ValueError("the model sees feature vectors in a row (features.steps), which this package does not make")
        scale = said["channels"][0][0] if said["channels"] else 1.0
        if any(abs(s / scale - 1) > 1e-3 for s, _ in said["channels"]):
            raise ValueError("the channels of the model have scales that differ, and lsb is one")
        said["parameters"].update({"channels": model.shape[0], "lsb": float(scale)})
        return super()._read(model, said)


class Vae(_Watcher):
    """Variational autoencoder in 8-bit integers: learns what rows of features are normal.

    The score is how far the reconstruction's error or the divergence is on the way to its threshold, which is at 1.

    Parameters
    ----------
    units : int, default 16
        Units of the hidden layer, of encoder and decoder; a whole number from 1 to 512.
    latent : int, default 4
        Latent numbers; a whole number from 1 to 32.
    beta : float, default 1.0
        Weight of the divergence in the loss; a number from 0 to 100.
    numbers : str, default 'int8'
        What weights, activations and errors are kept in; one of int8, mixed, f32.
    epochs : int, default 60
        Passes over the rows at most; a whole number from 1 to 10000.
    batch : int, default 8
        Rows between two updates; a whole number from 1 to 256 rows.
    rate : float, default 0.02
        Of learning, at first; a number from 0.000001 to 10.
    decay : float, default 0.05
        The last epoch's rate, as a part of the first's; a number from 0.0001 to 1.
    hold : float, default 0.25
        Part of the rows that judges, not learnt; a number from 0 to 0.5.
    patience : int, default 20
        Epochs without anything better; 0: never stop early; a whole number from 0 to 10000.
    seed : int, default 1
        Of weights, order, rounding and what is drawn; a whole number from 0 to 2147483647.
    rule : str, default 'two-sided'
        Threshold rule; one of sigma, quantile, two-sided.
    k : float, default 3.0
        Standard deviations from the median to the threshold; a number from 0 to 100.
    quantile : float, default 0.95
        Quantile of the scores of rows held back; a number from 0 to 1.
    margin : float, default 1.2
        Factor on the quantile; a number from 0.1 to 100.
    average : int, default 5
        Windows over which scores are averaged; a whole number from 1 to 16 windows.
    row_bits : 8, 16 or 32, default 32
        Bits in which a number of the training set is kept. A device keeps 8 unless built otherwise; with 8 and its
        ``max_rows`` models come out as its own.
    max_rows : int, default None
        Rows that the training set has room for, of which classes then share it as on the device; None: all.
    verbose : bool, default False
        Print how far a training is, twice a second.

    Attributes
    ----------
    offset_ : float
        -1: ``decision_function`` is ``score_samples`` less this.
    n_features_in_ : int
    report_ : dict
        How the training ended: ``stop``, ``rows``, ``iterations``, ``work``, ``metric``, ``quality``.

    Examples
    --------
    >>> import hone, numpy
    >>> X = numpy.random.default_rng(1).normal(size=(200, 4))
    >>> vae = hone.Vae(average=1).fit(X)
    >>> vae.predict([X[0], [30, -30, 30, -30]])
    array([ 1, -1])
    """

    _learner = "vae"

    def __init__(
        self,
        *,
        units: int = 16,
        latent: int = 4,
        beta: float = 1.0,
        numbers: str = "int8",
        epochs: int = 60,
        batch: int = 8,
        rate: float = 0.02,
        decay: float = 0.05,
        hold: float = 0.25,
        patience: int = 20,
        seed: int = 1,
        rule: str = "two-sided",
        k: float = 3.0,
        quantile: float = 0.95,
        margin: float = 1.2,
        average: int = 5,
        row_bits: int = 32,
        max_rows: Optional[int] = None,
        verbose: bool = False,
    ) -> None:
        self.units = units
        self.latent = latent
        self.beta = beta
        self.numbers = numbers
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.decay = decay
        self.hold = hold
        self.patience = patience
        self.seed = seed
        self.rule = rule
        self.k = k
        self.quantile = quantile
        self.margin = margin
        self.average = average
        self.row_bits = row_bits
        self.max_rows = max_rows
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> "Vae":
        """Trains.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
        y : ignored

        Raises
        ------
        ValueError
            A parameter is out of its range, there are too few rows, no feature changes, or the loss grows without end.
        """
        return self._fit(validate_data(self, X, dtype=KINDS, ensure_min_samples=2))

    def _note(self, said: Dict[str, Any]) -> None:
        super()._note(said)
        self._set_offset()
