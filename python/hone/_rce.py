"""TinyRCE."""
from __future__ import annotations

from typing import Any, Dict

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import validate_data

from ._base import KINDS, UNKNOWN, Base, Labels, reals


class Rce(ClassifierMixin, Labels, Base):
    """TinyRCE: prototypes that learn classes row by row, in the order of the rows, and tell what is of no class.

    Parameters
    ----------
    algorithm : str, default 'tiny-rce'
        Tiny-rce; rce, the papers' rule for radii; rce-aged, that with ageing and pruning; one of tiny-rce, rce,
        rce-aged.
    metric : str, default 'manhattan'
        Distance between windows; one of manhattan, euclidean, hamming.
    store : str, default '8-bit'
        How a prototype's features are kept; one of 8-bit, 16-bit, f32.
    prototypes : int, default 200
        The most to keep; a whole number from 1 to 65535.
    radius_max : float, default 1.5
        Of a new prototype, in standard deviations per feature; a number from 0.001 to 100.
    radius_min : float, default 0.5
        To which errors shrink it, in standard deviations per feature; a number from 0 to 100.
    spacing : float, default 1.0
        While there is room, a window becomes a prototype from so many mean deviations above that mean on; a number
        from 0 to 100.
    rivalry : float, default 0.35
        How much a second class that is as near makes the unknown score of a window greater; a number from 0 to 2.
    reach : float, default 4.0
        A window is known up to so many mean deviations above the mean distance of known windows; a number from 0 to
        100.
    regrowth : float, default 0.1
        Share by which a radius grows towards a window rightly decided beyond it; a number from 0 to 1.
    pooling : float, default 64.0
        How much the distance usual for all prototypes counts against that usual for the nearest one; a number from
        0 to 1000.
    ageing : bool, default True
        Prototypes age with conflicts and time, and grow young with use; True or False.
    pruning : bool, default True
        When full, the oldest prototype makes room; True or False.
    moving : float, default 0.05
        Least share by which the nearest prototype follows a window of its class, 0 to stay; a number from 0 to 1.
    fading : float, default 0.003
        Ageing per window; a number from 0 to 1.
    fallback : bool, default False
        The nearest prototype decides where none fires; True or False.
    relevance : float, default 1.0
        How much features that vary little within a class count more, 0 for not; a number from 0 to 2.
    range : float, default 4.0
        Features are clipped at this many standard deviations; a number from 1 to 32.
    horizon : int, default 4096
        Windows over which mean and deviation are learnt; older ones fade; a whole number from 16 to 1000000
        windows.
    unknown : a label, default None
        What predict says of a row that the model leaves unknown; None: the nearest class.
    verbose : bool, default False
        Print how far a training is, twice a second.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        The labels, ascending.
    n_features_in_ : int

    Examples
    --------
    >>> import hone
    >>> rce = hone.Rce(unknown="?").fit([[0.0], [0.1], [0.9], [1.0]] * 8, ["low", "low", "high", "high"] * 8)
    >>> rce.predict([[0.05], [0.95], [7.0]])
    array(['low', 'high', '?'], dtype='<U4')
    """

    _learner = "rce"

    def __init__(
        self,
        *,
        algorithm: str = "tiny-rce",
        metric: str = "manhattan",
        store: str = "8-bit",
        prototypes: int = 200,
        radius_max: float = 1.5,
        radius_min: float = 0.5,
        spacing: float = 1.0,
        rivalry: float = 0.35,
        reach: float = 4.0,
        regrowth: float = 0.1,
        pooling: float = 64.0,
        ageing: bool = True,
        pruning: bool = True,
        moving: float = 0.05,
        fading: float = 0.003,
        fallback: bool = False,
        relevance: float = 1.0,
        range: float = 4.0,
        horizon: int = 4096,
        unknown: Any = None,
        verbose: bool = False,
    ) -> None:
        self.algorithm = algorithm
        self.metric = metric
        self.store = store
        self.prototypes = prototypes
        self.radius_max = radius_max
        self.radius_min = radius_min
        self.spacing = spacing
        self.rivalry = rivalry
        self.reach = reach
        self.regrowth = regrowth
        self.pooling = pooling
        self.ageing = ageing
        self.pruning = pruning
        self.moving = moving
        self.fading = fading
        self.fallback = fallback
        self.relevance = relevance
        self.range = range
        self.horizon = horizon
        self.unknown = unknown
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> "Rce":
        """Learns all rows anew, in their order.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)
            At most 4096 features.
        y : array of shape (n_rows,)

        Raises
        ------
        ValueError
            A parameter is out of its range, or X or y is not as above.
        """
        X, y = validate_data(self, X, y, dtype=KINDS)
        return self._fit(X, self._encode(y))

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> "Rce":
        """Learns more rows, as the device does while it runs. ``classes`` (the first time) are labels still to come."""
        begun = hasattr(self, "_model")
        X, y = validate_data(self, X, y, dtype=KINDS, reset=not begun)
        if not begun:
            self._encode(y if classes is None else np.asarray(classes))
        new = np.setdiff1d(y, self.classes_)
        if len(new) and not begun:
            raise ValueError(f"y has {new[0]!r}, which is not among classes")
        if len(new):
            more = new.astype(np.int64) if not self._named else self._ids.max() + 1 + np.arange(len(new))
            order = np.argsort(np.concatenate([self.classes_, new]))
            self._ids = np.concatenate([self._ids, more])[order]
            self.classes_ = np.concatenate([self.classes_, new])[order]
        ids = self._ids[np.searchsorted(self.classes_, y)]
        if not begun:
            return self._fit(X, ids)
        self._model.learn(reals(X), X.shape[1], np.ascontiguousarray(ids, dtype=np.uint16).tobytes())
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The class of each row; of one that is left unknown the nearest, or ``unknown`` where that is given."""
        answers = self.answers(X)
        known = np.where(answers["nearest"] < 0, self._ids[0], answers["nearest"])
        decided = self._classes_of(np.where(answers["decision"] == UNKNOWN, known, answers["class"]))
        if self.unknown is None:
            return decided
        lost = answers["decision"] == UNKNOWN
        kind = np.result_type(decided.dtype, np.asarray(self.unknown).dtype)
        return np.where(lost, np.asarray(self.unknown, dtype=kind), decided.astype(kind))

    def score_samples(self, X: Any) -> np.ndarray:
        """How known each row is: minus the unknown score, which is about 1 or less of rows like those learnt."""
        return -self.answers(X)["score"].astype(np.float64)

    @classmethod
    def _read(cls, model: Any, said: Dict[str, Any]) -> "Rce":
        rce = super()._read(model, said)
        rce._read_classes(said)
        return rce
