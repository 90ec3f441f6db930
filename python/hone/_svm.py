"""The support vector machine."""
from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from ._base import KINDS, Base, Detector, Labels, reals


def _novelty(estimator: Any) -> bool:
    return bool(estimator.machine == "novelty")


class Svm(ClassifierMixin, Labels, Detector, Base):
    """Support vector machine: C-SVC one against one, or with ``machine="novelty"`` a one-class machine.

    With ``machine="novelty"`` it is an outlier detector: ``predict`` gives 1 (normal) and -1 (anomalous), ``y`` is not looked at.

    Parameters
    ----------
    machine : str, default 'auto'
        Auto: classes when rows have labels, else novelty; one of auto, classify, novelty.
    kernel : str, default 'auto'
        Auto: linear for classes, rbf for novelty; one of auto, linear, rbf, poly, sigmoid.
    c : float, default 1.0
        Cost of a row on the wrong side; a number from 0.0001 to 1000000.
    nu : float, default 0.1
        Novelty: share of rows left outside; a number from 0.001 to 1.
    gamma : float, default 0.0
        Kernel width; 0: 1/(features x variance); a number from 0 to 1000000.
    degree : int, default 3
        Of the polynomial; a whole number from 1 to 10.
    coef0 : float, default 0.0
        Constant of polynomial and sigmoid; a number from -1000000 to 1000000.
    tolerance : float, default 0.001
        KKT gap to stop at; a number from 0.00001 to 0.5.
    iterations : int, default 100000
        At most, per pair of classes; a whole number from 1 to 100000000.
    standardise : bool, default True
        Scale features to mean 0, deviation 1; True or False.
    balance : bool, default False
        Weigh classes by the inverse of their rows; True or False.
    shrinking : bool, default True
        Set settled rows aside while solving; True or False.
    weight_0 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_1 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_2 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_3 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_4 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_5 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_6 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_7 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_8 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    weight_9 : float, default 1.0
        Factor on c for this class; a number from 0.001 to 1000.
    calibrate : float, default 0.25
        Novelty: part of the rows that sets the threshold; a number from 0 to 0.5.
    margin : float, default 3.0
        Novelty: threshold, in deviations below the median; a number from 0 to 100.
    row_bits : 8, 16 or 32, default 32
        Bits in which a number of the training set is kept. A device keeps 8 unless built otherwise; with 8 and its
        ``max_rows`` models come out as its own.
    max_rows : int, default None
        Rows that the training set has room for, of which classes then share it as on the device; None: all.
    workspace_bytes : int, default None
        Memory of the training, in which values of the kernel are kept; None: as much as is of use, up to 256 MiB. K(a, b) and K(b, a)
        differ in their last bits, so that with a kernel other than linear a board's bits come with the board's
        ``CONFIG_HONE_WORKSPACE_BYTES``.
    verbose : bool, default False
        Print how far a training is, twice a second.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, ascending. Not with novelty.
    offset_ : float
        With novelty: what is taken off ``score_samples`` to give ``decision_function``; 0.
    n_features_in_ : int
    report_ : dict
        How the training ended: ``stop``, ``rows``, ``iterations``, ``work``, ``metric``, ``quality``.

    Examples
    --------
    >>> import hone
    >>> svm = hone.Svm(kernel="rbf").fit([[0.0], [0.1], [0.9], [1.0]], ["low", "low", "high", "high"])
    >>> svm.predict([[0.2]])
    array(['low'], dtype='<U4')
    """

    _learner = "svm"

    def __init__(
        self,
        *,
        machine: str = "auto",
        kernel: str = "auto",
        c: float = 1.0,
        nu: float = 0.1,
        gamma: float = 0.0,
        degree: int = 3,
        coef0: float = 0.0,
        tolerance: float = 0.001,
        iterations: int = 100000,
        standardise: bool = True,
        balance: bool = False,
        shrinking: bool = True,
        weight_0: float = 1.0,
        weight_1: float = 1.0,
        weight_2: float = 1.0,
        weight_3: float = 1.0,
        weight_4: float = 1.0,
        weight_5: float = 1.0,
        weight_6: float = 1.0,
        weight_7: float = 1.0,
        weight_8: float = 1.0,
        weight_9: float = 1.0,
        calibrate: float = 0.25,
        margin: float = 3.0,
        row_bits: int = 32,
        max_rows: Optional[int] = None,
        workspace_bytes: Optional[int] = None,
        verbose: bool = False,
    ) -> None:
        self.machine = machine
        self.kernel = kernel
        self.c = c
        self.nu = nu
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.tolerance = tolerance
        self.iterations = iterations
        self.standardise = standardise
        self.balance = balance
        self.shrinking = shrinking
        self.weight_0 = weight_0
        self.weight_1 = weight_1
        self.weight_2 = weight_2
        self.weight_3 = weight_3
        self.weight_4 = weight_4
        self.weight_5 = weight_5
        self.weight_6 = weight_6
        self.weight_7 = weight_7
        self.weight_8 = weight_8
        self.weight_9 = weight_9
        self.calibrate = calibrate
        self.margin = margin
        self.row_bits = row_bits
        self.max_rows = max_rows
        self.workspace_bytes = workspace_bytes
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if _novelty(self):
            tags.estimator_type = "outlier_detector"
            tags.classifier_tags = None
            tags.target_tags.required = False
        return tags

    def fit(self, X: Any, y: Any = None) -> "Svm":
        """Trains.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            At most 4096 features; finite numbers within 1e18.
        y : array of shape (n_rows,)
            At least two classes and at most 32.

        Raises
        ------
        ValueError
            A parameter is out of its range, X or y is not as above, or the numbers grow beyond range.
        """
        if _novelty(self):
            X = validate_data(self, X, dtype=KINDS, ensure_min_samples=2)
            self._fit(X)
            self._set_offset()
            return self
        X, y = validate_data(self, X, y, dtype=KINDS, ensure_min_samples=2)
        ids = self._encode(y)
        if len(self.classes_) < 2:
            raise ValueError("y has one class, and two are needed; or machine='novelty'")
        return self._fit(X, ids)

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row; with novelty 1 or -1."""
        answers = self.answers(X)
        if self._is_detector():
            return np.where(self._decisions(answers) < 0, -1, 1)
        return self._decided(answers)

    def _is_detector(self) -> bool:
        return not self._model.classes

    def decision_function(self, X: Any) -> np.ndarray:
        """How sure a decision is, in the machine's unit.

        Returns
        -------
        array of shape (n_rows,) or (n_rows, n_classes)
            Of two classes and novelty one number, above 0 for ``classes_[1]`` (at or above 0 for normal). Of more classes the pairs
            that each has won, and within ±1/3 by how much; the class that is decided, which of equal ones is the first, has 0.7 more.
        """
        X = self._rows(X)
        if self._is_detector():
            return self._decisions(self._judge(X))
        pairs = self.pair_decisions(X).astype(np.float64)
        count = len(self.classes_)
        if count == 2:
            return -pairs[:, 0]
        votes, sums = np.zeros((len(X), count)), np.zeros((len(X), count))
        first, second = np.triu_indices(count, 1)
        for k, (i, j) in enumerate(zip(first, second)):
            won = pairs[:, k] > 0
            votes[:, i] += won
            votes[:, j] += ~won
            sums[:, i] += pairs[:, k]
            sums[:, j] -= pairs[:, k]
        votes += sums / (3 * (np.abs(sums) + 1))
        decided = np.searchsorted(np.sort(self._ids), self._judge(X)["class"])
        votes[np.arange(len(X)), np.argsort(self._ids)[decided]] += 0.7
        return votes

    def pair_decisions(self, X: Any) -> np.ndarray:
        """The device's decision values, of shape (n_rows, n_pairs): of pairs (0,1), (0,2) ... (1,2) ...; above 0 for the first."""
        X = self._rows(X)
        values = np.frombuffer(self._model.numbers(reals(X), X.shape[1]), dtype=np.float32)
        return values.reshape(len(X), -1)

    @available_if(_novelty)
    def score_samples(self, X: Any) -> np.ndarray:
        """With novelty: the decision value of each row; the lower, the less like what was learnt."""
        return self.decision_function(X) + self.offset_

    @available_if(_novelty)
    def fit_predict(self, X: Any, y: Any = None) -> np.ndarray:
        """Trains and gives 1 or -1 for each row of X."""
        return self.fit(X).predict(X)

    @classmethod
    def _read(cls, model: Any, said: Dict[str, Any]) -> "Svm":
        svm = super()._read(model, said)
        if model.classes:
            svm._read_classes(said)
        else:
            svm.machine = "novelty"
            svm._set_offset()
        return svm

    def _names(self) -> Any:
        return super()._names() if hasattr(self, "_ids") and not self._is_detector() else []
