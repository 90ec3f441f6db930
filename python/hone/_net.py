"""The network."""
from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import validate_data

from ._base import KINDS, Base, Labels, reals


class Net(ClassifierMixin, Labels, Base):
    """A network of dense layers, trained by backpropagation in 8-bit integers.

    Parameters
    ----------
    layers : str, default 'dense32'
        The layers before the output layer; layers as in dense32 or conv8k9s4,conv16k5s2,gap.
    numbers : str, default 'int8'
        What weights, activations and errors are kept in; one of int8, mixed, f32.
    rounding : str, default 'stochastic'
        Of an updated weight of 8 bits; one of stochastic, nearest.
    epochs : int, default 40
        Passes over the rows at most; a whole number from 1 to 10000.
    batch : int, default 32
        Rows between two updates; a whole number from 1 to 256 rows.
    rate : float, default 0.02
        Of learning, at first; a number from 0.000001 to 10.
    decay : float, default 0.05
        The last epoch's rate, as a part of the first's; a number from 0.0001 to 1.
    momentum : float, default 0.0
        Part of a step that goes into the next; a number from 0 to 0.99.
    standardise : bool, default True
        Divide the gradient of a row by its deviation; True or False.
    hold : float, default 0.0
        Part of the rows that judges, not learnt; a number from 0 to 0.5.
    patience : int, default 0
        Epochs without anything better; 0: never stop early; a whole number from 0 to 10000.
    seed : int, default 1
        Of weights, order and rounding; a whole number from 0 to 2147483647.
    rows_least : float, default 1.0
        Least part of a layer's rows updated; a number from 0.01 to 1.
    rows_most : float, default 1.0
        Greatest part of a layer's rows updated; a number from 0.01 to 1.
    skip_above : float, default 1.0
        Skip rows whose class has this probability; 1: none; a number from 0.5 to 1.
    last : int, default 0
        Train so many layers, from the last; 0: all; a whole number from 0 to 8.
    biases : bool, default False
        Train the biases alone; True or False.
    keep : bool, default True
        Keep the best weights so far; True or False.
    row_bits : 8, 16 or 32, default 32
        Bits in which a number of the training set is kept. A device keeps 8 unless built otherwise; with 8 and its
        ``max_rows`` models come out as its own.
    max_rows : int, default None
        Rows that the training set has room for, of which classes then share it as on the device; None: all.
    verbose : bool, default False
        Print how far a training is, twice a second.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, ascending.
    n_features_in_ : int
    report_ : dict
        How the training ended: ``stop``, ``rows``, ``iterations``, ``work``, ``metric``, ``quality``.

    Examples
    --------
    >>> import hone
    >>> net = hone.Net(epochs=20, batch=4).fit([[0.0], [0.1], [0.9], [1.0]] * 8, ["low", "low", "high", "high"] * 8)
    >>> net.predict([[0.05], [0.95]])
    array(['low', 'high'], dtype='<U4')
    """

    _learner = "net"

    def __init__(
        self,
        *,
        layers: str = "dense32",
        numbers: str = "int8",
        rounding: str = "stochastic",
        epochs: int = 40,
        batch: int = 32,
        rate: float = 0.02,
        decay: float = 0.05,
        momentum: float = 0.0,
        standardise: bool = True,
        hold: float = 0.0,
        patience: int = 0,
        seed: int = 1,
        rows_least: float = 1.0,
        rows_most: float = 1.0,
        skip_above: float = 1.0,
        last: int = 0,
        biases: bool = False,
        keep: bool = True,
        row_bits: int = 32,
        max_rows: Optional[int] = None,
        verbose: bool = False,
    ) -> None:
        self.layers = layers
        self.numbers = numbers
        self.rounding = rounding
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.decay = decay
        self.momentum = momentum
        self.standardise = standardise
        self.hold = hold
        self.patience = patience
        self.seed = seed
        self.rows_least = rows_least
        self.rows_most = rows_most
        self.skip_above = skip_above
        self.last = last
        self.biases = biases
        self.keep = keep
        self.row_bits = row_bits
        self.max_rows = max_rows
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> "Net":
        """Trains.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
        y : array of shape (n_rows,)
            At least two classes and at most 64.

        Raises
        ------
        ValueError
            A parameter is out of its range, X or y is not as above, or the loss grows without end.
        """
        X, y = validate_data(self, X, y, dtype=KINDS, ensure_min_samples=2)
        ids = self._encode(y)
        if len(self.classes_) < 2:
            raise ValueError("y has one class, and two are needed")
        return self._fit(X, ids)

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row."""
        return self._decided(self.answers(X))

    def logits(self, X: Any) -> np.ndarray:
        """The output layer's numbers, of shape (n_rows, n_classes), as the device computes them."""
        X = self._rows(X)
        values = np.frombuffer(self._model.numbers(reals(X), X.shape[1]), dtype=np.float32).reshape(len(X), -1)
        return values[:, np.searchsorted(self._model.classes, self._ids)]

    def decision_function(self, X: Any) -> np.ndarray:
        """The logits; of two classes the second's less the first's, of shape (n_rows,)."""
        logits = self.logits(X).astype(np.float64)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict_proba(self, X: Any) -> np.ndarray:
        """Softmax of the logits, of shape (n_rows, n_classes)."""
        logits = self.logits(X).astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    @classmethod
    def _read(cls, model: Any, said: Dict[str, Any]) -> "Net":
        net = super()._read(model, said)
        net._read_classes(said)
        return net
