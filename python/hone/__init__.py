"""The device's learners for notebooks: scikit-learn's interface, and the microcontroller's own code, bit for bit.

>>> import hone
>>> from sklearn.datasets import load_iris
>>> X, y = load_iris(return_X_y=True)
>>> svm = hone.Svm(row_bits=8).fit(X[::3], y[::3])
>>> model = svm.to_bytes()                # what `hone push` sends to a board
>>> hone.read_model(model).score(X, y) > 0.9
True
"""
from __future__ import annotations

from typing import Any, Optional, Union

import numpy as np

from . import _hone
from ._base import Base, nearest, samples
from ._detect import Esn, Vae
from ._linear import Linear
from ._net import Net
from ._rce import Rce
from ._svm import Svm

__all__ = ["Esn", "Linear", "Net", "Rce", "Svm", "Vae", "features", "read_model"]

_ESTIMATORS = {cls._learner: cls for cls in (Esn, Linear, Net, Rce, Svm, Vae)}


def read_model(data: Union[bytes, bytearray, memoryview]) -> Base:
    """A fitted estimator from a saved model: a file of ``hone pull``, ``model save`` or :meth:`to_bytes`.

    Classes are the names that the file gives them, or their numbers where it names none.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    estimator

    Raises
    ------
    ValueError
        The bytes are no model, cut off, damaged, of a newer version, or of a model that no estimator here is for (which the text
        says).
    """
    model, said = _hone.Model.read(bytes(data))
    if said["scaled"] and model.learner != "esn":
        raise ValueError("the model sees feature vectors in a row (features.steps), which this package does not make")
    return _ESTIMATORS[model.learner]._read(model, said)


def features(windows: Any, *, channels: int = 1, lsb: Optional[float] = None, **settings: Any) -> np.ndarray:
    """Features of windows by the device's own extractors: the rows that its learners see.

    Parameters
    ----------
    windows : array of shape (n_windows, frames * channels)
        Samples, frame by frame.
    channels : int
        Channels of a frame.
    lsb : float
        What the numbers of ``windows`` count in one LSB; None: they are LSB.
    **settings
        The settings of ``features.*`` (``hone eval --learner svm --list-settings``), with ``_`` for ``-``: ``features``,
        ``bands``, ...

    Returns
    -------
    array of shape (n_windows, n_features), float32

    Raises
    ------
    ValueError
        A setting is out of its range, or the windows are not as above.
    TypeError
        There is no such setting.
    """
    known = [name for name, *_ in _hone.settings_of("features")]
    for name in settings:
        if name not in known:
            raise TypeError(f"features has no setting {name!r}: {nearest(name, known)}")
    windows = np.asarray(windows, dtype=np.float64)
    if windows.ndim != 2 or not np.isfinite(windows).all():
        raise ValueError("windows are a matrix of finite numbers, a window a row")
    data = np.ascontiguousarray(samples(windows, 1.0 if lsb is None else lsb)).tobytes()
    made, width = _hone.extract(settings, data, windows.shape[1], channels)
    return np.frombuffer(made, dtype=np.float32).reshape(len(windows), width).copy()
