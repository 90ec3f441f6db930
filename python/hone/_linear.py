"""Linear and logistic regression."""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from ._base import KINDS, Base, Labels


def _classes(estimator: Any) -> bool:
    return bool(estimator.task == "classes")


class Linear(RegressorMixin, Labels, Base):
    """Linear regression with prediction intervals, or with ``task="classes"`` logistic regression.

    On the device a number is foretold from other features of its row; here it is ``y``, which stands before X's.

    Parameters
    ----------
    task : str, default 'regression'
        'regression': y is a number; 'classes': y is a class, and the estimator a classifier.
    solver : str, default 'closed-form'
        How a set of rows is learnt; one of closed-form, recursive, gradient.
    ridge : float, default 1e-06
        Regression: weight of squared coefficients; a number from 0.00000001 to 1000000.
    penalty : float, default 1.0
        Classes: weight of squared coefficients; a number from 0.000001 to 1000000.
    forgetting : float, default 1.0
        Recursive: weight of a row one row later; a number from 0.5 to 1.
    level : float, default 0.95
        Share of values within the interval; a number from 0.5 to 0.9999.
    iterations : int, default 500
        Of gradient steps and of classes, at most; a whole number from 1 to 30000.
    tolerance : float, default 1e-05
        Step to stop at, in deviations of the target; a number from 0.000001 to 0.1.
    row_bits : 8, 16 or 32, default 32
        Bits in which a number of the training set is kept. A device keeps 8 unless built otherwise; with 8 and its
        ``max_rows`` models come out as its own.
    max_rows : int, default None
        Rows that the training set has room for, of which classes then share it as on the device; None: all.
    verbose : bool, default False
        Print how far a training is, twice a second.

    Attributes
    ----------
    coef_ : array of shape (n_features,) or (n_vectors, n_features)
        In y's unit for one of X's; of classes of the logit, one vector for two classes (the logit of ``classes_[1]``).
    intercept_ : float or array of shape (n_vectors,)
    classes_ : array of shape (n_classes,)
        With classes: the labels, ascending.
    n_features_in_ : int
    report_ : dict
        How the training ended: ``stop``, ``rows``, ``iterations``, ``work``, ``metric``, ``quality``.

    Examples
    --------
    >>> import hone, numpy
    >>> X = numpy.arange(40.0).reshape(-1, 1)
    >>> linear = hone.Linear().fit(X, 3 * X[:, 0] + 1 + 0.1 * (-1) ** numpy.arange(40))
    >>> linear.predict([[10.0]]).round(1)
    array([31.])
    """

    _learner = "linear"
    _fixed = {"from": "set", "target": 0, "lags": 0, "others": True}

    def __init__(
        self,
        *,
        task: str = "regression",
        solver: str = "closed-form",
        ridge: float = 1e-06,
        penalty: float = 1.0,
        forgetting: float = 1.0,
        level: float = 0.95,
        iterations: int = 500,
        tolerance: float = 1e-05,
        row_bits: int = 32,
        max_rows: Optional[int] = None,
        verbose: bool = False,
    ) -> None:
        self.task = task
        self.solver = solver
        self.ridge = ridge
        self.penalty = penalty
        self.forgetting = forgetting
        self.level = level
        self.iterations = iterations
        self.tolerance = tolerance
        self.row_bits = row_bits
        self.max_rows = max_rows
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        if _classes(self):
            from sklearn.utils import ClassifierTags

            tags.estimator_type = "classifier"
            tags.classifier_tags = ClassifierTags()
            tags.regressor_tags = None
        return tags

    def fit(self, X: Any, y: Any) -> "Linear":
        """Trains.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            At most 512 features.
        y : array of shape (n_rows,)

        Raises
        ------
        ValueError
            A parameter is out of its range, X or y is not as above, or y never changes.
        """
        if self.task not in ("regression", "classes"):
            raise ValueError(f"task={self.task!r} is refused: task takes one of regression, classes")
        if _classes(self):
            X, y = validate_data(self, X, y, dtype=KINDS, ensure_min_samples=2)
            ids = self._encode(y)
            if len(self.classes_) < 2:
                raise ValueError("y has one class, and two are needed")
            return self._fit(X, ids)
        X, y = validate_data(self, X, y, dtype=KINDS, y_numeric=True, ensure_min_samples=2)
        return self._fit(np.column_stack([np.asarray(y, dtype=np.float64), X]))

    def _note(self, said: Dict[str, Any]) -> None:
        super()._note(said)
        weights, scales = (np.asarray(part, dtype=np.float64) for part in self._model.coefficients)
        scales = scales.reshape(-1, 2)
        if self._model.classes:
            weights = weights.reshape(-1, len(scales) + 1)
            self.coef_ = weights[:, 1:] * scales[:, 1]
            self.intercept_ = weights[:, 0] - self.coef_ @ scales[:, 0]
            if len(self._model.classes) == 2:
                # The device's one vector speaks for the first class.
                self.coef_, self.intercept_ = -self.coef_, -self.intercept_
            return
        (offset, factor), scales = scales[0], scales[1:]
        self.coef_ = weights[1:] * scales[:, 1] / factor
        self.intercept_ = float(offset + weights[0] / factor - self.coef_ @ scales[:, 0])

    def _target(self, X: Any) -> np.ndarray:
        """Answers of rows whose number is not known."""
        X = self._rows(X)
        answers = self._judge(np.column_stack([np.zeros(len(X), dtype=X.dtype), X]))
        lost = ~np.isfinite(answers["value"])
        if lost.any():
            # Of fewer than 32 rows the device foretells nothing.
            answers["value"][lost] = X[lost].astype(np.float64) @ self.coef_ + self.intercept_
        return answers

    def answers(self, X: Any) -> np.ndarray:
        """All that the device would say of each row (see :meth:`Svm.answers`); of regressions as if 0 had been seen."""
        self._check_fitted()
        return self._judge(self._rows(X)) if self._model.classes else self._target(X)

    def predict(self, X: Any) -> np.ndarray:
        """The number, or the class, of each row."""
        answers = self.answers(X)
        return self._decided(answers) if self._model.classes else answers["value"].astype(np.float64)

    def predict_interval(self, X: Any) -> Tuple[np.ndarray, np.ndarray]:
        """Lower and upper bound between which a number is expected, at ``level``; arrays of shape (n_rows,).

        Not numbers where nothing that was learnt bears upon such a row, and of a model of fewer than 32 rows.
        """
        answers = self._target(X)
        return answers["lower"].astype(np.float64), answers["upper"].astype(np.float64)

    @available_if(_classes)
    def decision_function(self, X: Any) -> np.ndarray:
        """Logits from ``coef_`` and ``intercept_``: of shape (n_rows,) for two classes, else (n_rows, n_classes)."""
        logits = self._rows(X).astype(np.float64) @ self.coef_.T + self.intercept_
        return logits[:, 0] if logits.shape[1] == 1 else logits

    @available_if(_classes)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities by those logits, of shape (n_rows, n_classes); ``answers`` has the device's of the decided class."""
        logits = self.decision_function(X)
        if logits.ndim == 1:
            logits = np.column_stack([np.zeros(len(logits)), logits])
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R², or with classes the share of rows decided rightly."""
        if _classes(self):
            return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))
        return float(super().score(X, y, sample_weight))

    def _names(self) -> Any:
        return super()._names() if hasattr(self, "_ids") else []

    @classmethod
    def _read(cls, model: Any, said: Dict[str, Any]) -> "Linear":
        given = said["parameters"]
        if given.get("from") != "set":
            raise ValueError("the model was learnt from a stream; Linear is of rows")
        ours = given.get("target") == 0 and given.get("lags") == 0 and given.get("others") is True
        if not model.classes and not ours:
            raise ValueError("the model foretells from earlier rows, or another feature than the first; Linear does not")
        given["task"] = "classes" if model.classes else "regression"
        linear = super()._read(model, said)
        if model.classes:
            linear._read_classes(said)
        else:
            linear.n_features_in_ -= 1
        return linear
