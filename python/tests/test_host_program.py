"""`hone eval --save` gives the same file from the same rows: the host program's training within the NUCLEO-F401RE's capacities.

HONE names the program; without it the one that the workspace's tests have built is taken.
"""
import functools
import os
import pathlib
import subprocess

import numpy as np
import pytest

import hone
from test_same_bits import CLASSES, X, windows

ROOT = pathlib.Path(__file__).parents[2]
NAMES = np.array(["idle", "run", "stall"])
BOARD = dict(row_bits=8, max_rows=64)


@functools.lru_cache(maxsize=1)
def _program():
    named = os.environ.get("HONE")
    built = [ROOT / "target" / profile / "hone" for profile in ("release", "debug")]
    found = [pathlib.Path(named)] if named else [path for path in built if path.exists()]
    if not found:
        pytest.skip("no host program: cargo build -p hone-host, or HONE=PATH")
    program = max(found, key=lambda path: path.stat().st_mtime)
    if "--save" not in subprocess.run([program, "eval", "--help"], capture_output=True, text=True, check=True).stdout:
        pytest.skip(f"{program} does not know --save; build it anew")
    return program


def _csv(path, data, labels=None):
    head = [f"f{i}" for i in range(data.shape[1])] + ([] if labels is None else ["class"])
    lines = [",".join(map(repr, map(float, row))) + ("" if labels is None else f",{labels[i]}") for i, row in enumerate(data)]
    path.write_text("\n".join([",".join(head), *lines]) + "\n")


def _eval(folder, manifest, learner, settings):
    (folder / "set.toml").write_text(manifest)
    command = [_program(), "eval", folder / "set.toml", "--root", folder, "--learner", learner, "--save", folder / "model.hone"]
    command += [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return (folder / "model.hone").read_bytes()


def _same(estimator, data):
    """The file is the estimator's own, of a sensor and of features as the file says."""
    read = hone.read_model(data)
    assert read._model.payload() == estimator._model.payload()
    estimator.described_ = read.described_
    assert estimator.to_bytes() == data


CLASSIFIERS = {
    "svm": (hone.Svm(kernel="rbf", workspace_bytes=12288, **BOARD), {"kernel": "rbf"}),
    "rce": (hone.Rce(prototypes=24), {"prototypes": 24}),
    "net": (hone.Net(layers="dense8", epochs=6, **BOARD), {"layers": "dense8", "epochs": 6}),
    "linear": (hone.Linear(task="classes", **BOARD), {"from": "set", "task": "classes", "lags": 0, "others": "on"}),
}


@pytest.mark.parametrize("learner", CLASSIFIERS)
def test_classifiers(learner, tmp_path):
    _csv(tmp_path / "train.csv", X, NAMES[CLASSES])
    _csv(tmp_path / "test.csv", X[:9] + 0.125, NAMES[CLASSES[:9]])
    manifest = 'name = "rows"\nkind = "table"\ntask = "classification"\n'
    manifest += "".join(f'[[class]]\nname = "{name}"\n' for name in NAMES)
    manifest += "".join(f'[[file]]\npath = "{part}.csv"\nlabel = "class"\npart = "{part}"\n' for part in ("train", "test"))
    estimator, settings = CLASSIFIERS[learner]
    _same(estimator.fit(X, NAMES[CLASSES]), _eval(tmp_path, manifest, learner, settings))


ANOMALIES = 'task = "anomaly"\n[[class]]\nname = "well"\n[[class]]\nname = "ill"\nanomalous = true\n'


@pytest.mark.parametrize(
    "learner, estimator, settings",
    [
        ("vae", hone.Vae(units=8, epochs=8, latent=2, **BOARD), {"units": 8, "epochs": 8, "latent": 2}),
        ("svm", hone.Svm(machine="novelty", workspace_bytes=12288, **BOARD), {"machine": "novelty"}),
    ],
)
def test_detectors_of_rows(learner, estimator, settings, tmp_path):
    _csv(tmp_path / "train.csv", X)
    _csv(tmp_path / "well.csv", X[:9] + 0.125)
    _csv(tmp_path / "ill.csv", X[:9] + 50)
    manifest = 'name = "rows"\nkind = "table"\n' + ANOMALIES
    for name, kind, part in (("train", "well", "train"), ("well", "well", "test"), ("ill", "ill", "test")):
        manifest += f'[[file]]\npath = "{name}.csv"\nclass = "{kind}"\npart = "{part}"\n'
    _same(estimator.fit(X), _eval(tmp_path, manifest, learner, settings))


def test_esn(tmp_path):
    frames = windows().reshape(-1, 2)
    _csv(tmp_path / "well.csv", frames)
    _csv(tmp_path / "ill.csv", frames[::3])
    manifest = 'name = "windows"\nkind = "recordings"\nrate_hz = 100\nwindow = { length = 32 }\n' + ANOMALIES
    manifest += "".join(f'[[channel]]\nname = "f{i}"\nscale = 1.0\n' for i in range(2))
    manifest += '[[file]]\npath = "well.csv"\nclass = "well"\nsplit = { train = 0.5, calibrate = 0.5 }\n'
    manifest += '[[file]]\npath = "ill.csv"\nclass = "ill"\npart = "test"\n'
    phases = {"scale-windows": 4, "fit-windows": 8, "calibrate-windows": 12}
    data = _eval(tmp_path, manifest, "esn", {"units": 16, **phases})
    esn = hone.Esn(units=16, channels=2, **{name.replace("-", "_"): value for name, value in phases.items()})
    _same(esn.fit(windows()), data)


def test_a_device_takes_the_file(tmp_path):
    """The host program's device, with its simulated motor of three channels at 1000 Hz, judges by a model from here."""
    rng = np.random.default_rng(1)
    frames = (rng.normal(size=(64, 128 * 3)) * np.repeat([400, 1600], 32)[:, None]).round().astype(int)
    said = dict(frames=128, rate_hz=1000, channels=[(0.0011970964, "m/s2")] * 3)
    rows = hone.features(frames, channels=3, bands=16)
    svm = hone.Svm(**BOARD).fit(rows, np.repeat(["quiet", "loud"], 32))
    files = {"svm": svm.to_bytes(features={"bands": 16}, **said), "esn": hone.Esn(channels=3).fit(frames[:32].repeat(4, 0)).to_bytes(**said)}
    for learner, data in files.items():
        file = tmp_path / f"{learner}.hone"
        file.write_bytes(data)
        story = "wait 2\nmodel info\ninfer once\n"
        run = subprocess.run([_program(), "run", "--model", file], input=story, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        assert f"\n{learner}, " in "\n" + run.stdout and ", score " in run.stdout
