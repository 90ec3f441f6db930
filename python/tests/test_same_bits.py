"""The models of tests/vectors/models.txt, which the emulated Cortex-M4F and the host program give, too (rust/vectors/src/models.rs)."""
import pathlib
import zlib

import numpy as np
import pytest

import hone

KNOWN = pathlib.Path(__file__).parents[2] / "tests/vectors/models.txt"


def _numbers(count, shift):
    x, made = 1, []
    for _ in range(count):
        made.append(x >> shift)
        x = (x * 1664525 + 1013904223) % 2**32
    return np.array(made)


def rows():
    """48 rows of 8 features, and their classes."""
    classes = np.arange(48) % 3
    base = (_numbers(48 * 8, 20).reshape(48, 8) - 2048) / 256
    return base + 4.0 * (np.arange(8) % 3 == classes[:, None]), classes


def windows():
    """24 windows of 32 frames of 2 channels."""
    frame = np.arange(24 * 32)[:, None]
    phase = frame * 3 * (5 + np.arange(2)) % 256
    wave = np.where(phase < 128, phase * 4 - 256, 768 - phase * 4)
    return (3 * wave + _numbers(24 * 64, 25).reshape(-1, 2) - 64).reshape(24, 64)


X, CLASSES = rows()
MODELS = {
    "esn": lambda: (hone.Esn(units=16, scale_windows=4, fit_windows=8, calibrate_windows=12, channels=2).fit(windows()), windows()),
    "svm": lambda: (hone.Svm(kernel="rbf", row_bits=8, workspace_bytes=8192).fit(X, CLASSES), X),
    "svm-novelty": lambda: (hone.Svm(machine="novelty", row_bits=8, workspace_bytes=8192).fit(X), X),
    "rce": lambda: (hone.Rce(prototypes=24).fit(X, CLASSES), X),
    "linear": lambda: (hone.Linear(row_bits=8).fit(X[:, 1:], X[:, 0]), X[:, 1:]),
    "linear-classes": lambda: (hone.Linear(task="classes", row_bits=8).fit(X, CLASSES), X),
    "net": lambda: (hone.Net(layers="dense8", epochs=6, row_bits=8).fit(X, CLASSES), X),
    "vae": lambda: (hone.Vae(units=8, epochs=8, latent=2, row_bits=8).fit(X), X),
}


def _said(estimator, data):
    answers = estimator.answers(data)
    return np.where(np.isfinite(answers["value"]), answers["value"], answers["score"]).astype("<f4").tobytes()


def _known():
    lines = [line.split() for line in KNOWN.read_text().splitlines() if not line.startswith("#")]
    found = {}
    for name, number in lines:
        found.setdefault(name, []).append(number)
    return found


@pytest.mark.parametrize("name", MODELS)
def test_models_and_verdicts_are_the_known_ones(name):
    estimator, data = MODELS[name]()
    found = [f"{zlib.crc32(part):08x}" for part in (estimator._model.payload(), _said(estimator, data))]
    assert found == _known()[f"models/{name}"]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_was_read_says_the_same(name):
    estimator, data = MODELS[name]()
    again = hone.read_model(estimator.to_bytes())
    assert type(again) is type(estimator)
    assert again.to_bytes() == estimator.to_bytes()
    assert _said(again, data) == _said(estimator, data)
    np.testing.assert_array_equal(again.predict(data), estimator.predict(data))
    own = {name: value for name, value in estimator.get_params().items() if name not in ("row_bits", "max_rows", "workspace_bytes", "verbose", "lsb", "machine")}
    assert {name: again.get_params()[name] for name in own} == own


def test_all_are_known():
    assert sorted(_known()) == sorted(f"models/{name}" for name in MODELS)
