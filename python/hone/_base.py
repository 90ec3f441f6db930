"""What all estimators share: settings, arrays to bytes, classes to numbers, models to bytes."""
from __future__ import annotations

import difflib
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import NotFittedError, validate_data

from . import _hone

#: All that the device would say of a row or window; see :meth:`Base.answers`.
ANSWER = np.dtype(
    [("decision", "u1"), ("warm", "?"), ("class", "<u2"), ("nearest", "<i4"), ("score", "<f4"), ("alone", "<f4"),
     ("value", "<f4"), ("lower", "<f4"), ("upper", "<f4")]
)  # fmt: skip
NORMAL, ANOMALOUS, CLASS, UNKNOWN = range(4)
#: What X may be of; else it becomes the first.
KINDS = [np.float64, np.float32]
#: Rows that are judged at a time.
BLOCK = 16_384
#: The greatest number of a class on the device, and the most rows of a training set.
MOST = 65534
#: Bytes of workspace at most: 1 GiB.
LARGEST = 2**30


def nearest(name: str, known: Sequence[str]) -> str:
    """What to say of a name that is none of the known ones."""
    same = [other for other in known if other.lower() == name.lower()]
    close = same or difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"


def reals(X: Any) -> bytes:
    """Rows as the extension module takes them."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(X, dtype=np.float32).tobytes()


def samples(X: np.ndarray, lsb: float) -> np.ndarray:
    """Samples in LSB, 16 bits each: X over lsb, rounded; what is beyond the range is cut to its end, as by a sensor."""
    return np.clip(np.rint(np.asarray(X, dtype=np.float64) / lsb), -32768, 32767).astype(np.int16)


class Base(BaseEstimator):
    """An estimator that runs a learner of the device."""

    #: The learner's name on the device.
    _learner: str
    #: A row's answer does not depend on the rows before it.
    _alone = True
    #: Settings that are not the user's to choose, beside those of the constructor.
    _fixed: Dict[str, Any] = {}

    def __new__(cls, *args: Any, **kwargs: Any) -> "Base":
        known = cls._get_param_names()
        for name in kwargs:
            if name not in known:
                raise TypeError(f"{cls.__name__} has no parameter {name!r}: {nearest(name, known)}")
        return super().__new__(cls)

    def set_params(self, **params: Any) -> "Base":
        """Sets parameters; a name that there is not is a ValueError that says the nearest one."""
        known = self._get_param_names()
        for name in params:
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}: {nearest(name, known)}")
        return super().set_params(**params)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __getstate__(self) -> Dict[str, Any]:
        state = dict(super().__getstate__())
        if "_model" in state:
            state["_model"] = state["_model"].to_bytes()
        return state

    def __setstate__(self, state: Dict[str, Any]) -> None:
        state = dict(state)
        if "_model" in state:
            state["_model"] = _hone.Model.read(state["_model"])[0]
        super().__setstate__(state)

    def _check_fitted(self) -> Any:
        if not hasattr(self, "_model"):
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet; call fit with data first.")
        return self._model

    def _settings(self) -> Dict[str, Any]:
        """The learner's settings."""
        known = [name for name, *_ in _hone.settings_of(self._learner)]
        return {**{name: getattr(self, name) for name in known if hasattr(self, name)}, **self._fixed}

    def _fit(self, X: np.ndarray, ids: Optional[np.ndarray] = None) -> Any:
        """Trains on rows, with the numbers of their classes."""
        labels = None if ids is None else np.ascontiguousarray(ids, dtype=np.uint16).tobytes()
        room = getattr(self, "max_rows", None)
        if room is not None and room < 1:
            raise ValueError(f"max_rows={room!r} is refused: max_rows takes None or a whole number from 1")
        if room is None and len(X) > MOST and hasattr(self, "max_rows"):
            raise ValueError(f"{len(X)} rows are more than the {MOST} that a training set holds; give max_rows to learn from a part")
        workspace = getattr(self, "workspace_bytes", None)
        if workspace is not None and not 0 <= workspace <= LARGEST:
            raise ValueError(f"workspace_bytes={workspace!r} is refused: workspace_bytes takes None or 0 to {LARGEST}")
        self._model = _hone.train(
            self._learner, self._settings(), reals(X), X.shape[1], labels=labels, bits=getattr(self, "row_bits", 32),
            room=room, workspace=workspace, told=self._told(),
        )  # fmt: skip
        self._note({})
        return self

    def _note(self, said: Dict[str, Any]) -> None:
        """Attributes of a model that has just been trained or read."""
        self.report_ = self._model.report
        self.described_ = said

    def _told(self) -> Any:
        """Who hears how far a training is: nobody, or one who prints it where it changes."""
        if not self.verbose:
            return None
        last: List[Any] = [None]

        def told(done: int, total: int, curve: Optional[Tuple[int, float, Optional[float]]]) -> None:
            if (done, total, curve) == last[0]:
                return
            last[0] = (done, total, curve)
            line = f"{self._learner}: {done} of {total}"
            if curve is not None:
                held = "" if curve[2] is None else f", held back {curve[2]:.4g}"
                line += f", pass {curve[0]}, loss {curve[1]:.4g}{held}"
            print(line, flush=True)

        return told

    def _rows(self, X: Any) -> np.ndarray:
        """X of a call after fit, checked."""
        self._check_fitted()
        return validate_data(self, X, reset=False, dtype=KINDS)

    def _judge(self, X: np.ndarray) -> np.ndarray:
        answers = np.empty(len(X), dtype=ANSWER)
        # Where rows are judged one by one, what is copied of them for the device's code is bounded by a block.
        block = BLOCK if self._alone else max(1, len(X))
        for at in range(0, len(X), block):
            data = reals(X[at : at + block])
            answers[at : at + block] = np.frombuffer(self._model.judge(data, X.shape[1]), dtype=ANSWER)
        return answers

    def answers(self, X: Any) -> np.ndarray:
        """All that the device would say of each row, in order.

        Parameters
        ----------
        X : array of shape (n_rows, n_features)

        Returns
        -------
        structured array of shape (n_rows,)
            Fields: ``decision`` (0 normal, 1 anomalous, 2 a class, 3 unknown), ``warm`` (the verdict rests on a full average),
            ``class`` (number), ``nearest`` (number of the nearest class, -1 for none), ``score`` (the number behind the
            decision, in the learner's unit), ``alone`` (the same of this window alone), ``value``, ``lower``, ``upper`` (the
            number foretold and its interval; not numbers where there is none).
        """
        return self._judge(self._rows(X))

    def about(self) -> str:
        """What the device's ``model info`` says of the model."""
        return self._check_fitted().about()

    def to_bytes(
        self,
        *,
        frames: Optional[int] = None,
        rate_hz: Optional[float] = None,
        channels: Optional[Sequence[Tuple[float, str]]] = None,
        features: Optional[Dict[str, Any]] = None,
    ) -> bytes:
        """The model as ``hone push`` and ``model import`` take it (docs/formats/model.md).

        What is not given is left out, or as the file had it that the model was read from; a device takes what is left out to be
        as its own is.

        Parameters
        ----------
        frames : int
            Frames of a window.
        rate_hz : float
            Frames per second.
        channels : list of (float, str)
            Of each channel units per LSB, and the unit: "", "m/s2", "rad/s", "degC", "kPa", "V", "A".
        features : dict
            Settings of :func:`hone.features` with which the rows were made.

        Returns
        -------
        bytes

        Raises
        ------
        NotFittedError
        ValueError
            A setting of features is out of its range; a unit is none of those.
        """
        model = self._check_fitted()
        given = {"frames": frames, "rate_hz": rate_hz, "channels": channels, "features": features}
        known = {name: self.described_[name] for name in given if name in self.described_}
        known.update({name: value for name, value in given.items() if value is not None})
        return model.to_bytes(**known, classes=self._names())

    def _names(self) -> List[Tuple[int, str]]:
        """Numbers and names of classes that have names."""
        return []

    @classmethod
    def _read(cls, model: Any, said: Dict[str, Any]) -> "Base":
        """A fitted estimator of a model that was read."""
        known = cls._get_param_names()
        estimator = cls(**{name: value for name, value in said["parameters"].items() if name in known})
        estimator._model = model
        estimator.n_features_in_ = model.shape[0] * model.shape[1]
        estimator._note(said)
        return estimator


class Labels:
    """Classes of any type, and their numbers on the device."""

    def _encode(self, y: np.ndarray) -> np.ndarray:
        """Notes the classes of y; the number of each row's. Whole numbers from 0 to 65534 are their own numbers."""
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        whole = np.issubdtype(self.classes_.dtype, np.integer)
        self._named = not (whole and self.classes_[0] >= 0 and self.classes_[-1] <= MOST)
        self._ids = np.arange(len(self.classes_)) if self._named else self.classes_.astype(np.int64)
        return self._ids[index]

    def _classes_of(self, ids: np.ndarray) -> np.ndarray:
        """The classes of these numbers."""
        order = np.argsort(self._ids)
        place = np.searchsorted(self._ids, ids, sorter=order)
        return self.classes_[order[np.minimum(place, len(order) - 1)]]

    def _names(self) -> List[Tuple[int, str]]:
        if not self._named:
            return list(self.described_.get("classes", []))
        return [(int(i), str(c)) for i, c in zip(self._ids, self.classes_)]

    def _read_classes(self, said: Dict[str, Any]) -> None:
        """The classes of a model that was read: names where all have one, else numbers."""
        names = dict(said["classes"])
        ids = self._model.classes or sorted(names)
        self._ids = np.asarray(ids, dtype=np.int64)
        self._named = len(ids) > 0 and all(i in names for i in ids)
        self.classes_ = np.asarray([names[i] for i in ids]) if self._named else self._ids.copy()

    def _decided(self, answers: np.ndarray) -> np.ndarray:
        """The class of each row."""
        lost = np.flatnonzero(answers["decision"] != CLASS)
        if len(lost):
            raise ValueError(f"row {lost[0]} gives no finite decision value; scale the features")
        return self._classes_of(answers["class"])


class Detector:
    """Normal (1) or anomalous (-1)."""

    def _set_offset(self) -> None:
        bounds = self._model.bounds
        self.offset_ = 0.0 if bounds is None else -float(bounds[1])

    def _decisions(self, answers: np.ndarray) -> np.ndarray:
        """The decision function: how far the score is from the threshold, below 0 where the verdict is anomalous.

        Where something else than the upper threshold decides (a lower one, an average that is not full), it is at the threshold.
        """
        score = answers["score"].astype(np.float64)
        lost = np.flatnonzero(np.isnan(score))
        if len(lost):
            raise ValueError(f"row {lost[0]} gives no finite decision value; scale the features")
        decision = score if self._model.bounds is None else -score - self.offset_
        least = np.finfo(np.float32).eps * max(1.0, abs(self.offset_))
        anomalous = answers["decision"] != NORMAL
        return np.where(anomalous, np.minimum(decision, -least), np.maximum(decision, 0.0))

