"""Errors, files, long trainings."""
import ast
import copy
import inspect
import os
import pathlib
import pickle
import signal
import threading

import numpy as np
import pytest

import hone
from hone import _hone
from test_same_bits import CLASSES, MODELS, X, windows

VECTORS = pathlib.Path(__file__).parents[2] / "tests/vectors"
ESTIMATORS = [hone.Esn, hone.Svm, hone.Rce, hone.Net, hone.Vae, hone.Linear]


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_parameters_are_the_devices_settings(cls):
    """Name, default and range of every setting, as the learner's own table has them, in signature and documentation."""
    own = inspect.signature(cls.__init__).parameters
    left_out = {"Linear": {"from", "in_a_row", "target", "lags", "others", "trend", "period", "harmonics", "frames", "adapt"}}
    for name, default, takes, _ in _hone.settings_of(cls._learner):
        if name in left_out.get(cls.__name__, ()):
            assert name not in own
        elif (cls.__name__, name) == ("Linear", "task"):
            assert own[name].default == "regression"
        else:
            assert own[name].default == default and type(own[name].default) is type(default), name
            said = " ".join(cls.__doc__.split())
            assert f"{name} : {type(default).__name__}, default {default!r} " in said, name
            assert takes in said, (name, takes)


def test_the_stub_names_what_there_is():
    stub = ast.parse(pathlib.Path(hone.__file__).with_name("_hone.pyi").read_text())
    model = next(node for node in stub.body if isinstance(node, ast.ClassDef))
    assert {node.name for node in model.body if isinstance(node, ast.FunctionDef)} == {n for n in vars(_hone.Model) if n[0] != "_"}
    functions = {node.name for node in stub.body if isinstance(node, ast.FunctionDef)}
    assert functions == {name for name in vars(_hone) if name[0] != "_"} - {"Model"}


@pytest.mark.parametrize(
    "given, text",
    [
        (lambda: hone.Esn(unit=8), "Esn has no parameter 'unit': did you mean 'units'?"),
        (lambda: hone.Svm(C=8), "Svm has no parameter 'C': did you mean 'c'?"),
        (lambda: hone.Net(quite_other=1), "Net has no parameter 'quite_other': there are "),
    ],
)
def test_a_parameter_that_there_is_not(given, text):
    with pytest.raises(TypeError) as error:
        given()
    assert text in str(error.value)


def test_a_parameter_that_cannot_be_set():
    with pytest.raises(ValueError, match="Vae has no parameter 'beat': did you mean 'beta'?"):
        hone.Vae().set_params(beat=1)


@pytest.mark.parametrize(
    "estimator, text",
    [
        (hone.Svm(c=0), "c=0 is refused: c takes a number from 0.0001 to 1000000"),
        (hone.Svm(c=float("nan")), "c=nan is refused"),
        (hone.Svm(kernel="rfb"), "kernel='rfb' is refused: kernel takes one of auto, linear, rbf, poly, sigmoid"),
        (hone.Svm(row_bits=7), "row_bits=7 is refused: row_bits takes 8, 16 or 32"),
        (hone.Svm(max_rows=0), "max_rows=0 is refused"),
        (hone.Svm(workspace_bytes=10**18), "workspace_bytes=1000000000000000000 is refused"),
        (hone.Esn(channels=0), "channels=0 is refused: channels takes 1 to 16"),
        (hone.Svm(workspace_bytes=-1), "workspace_bytes=-1 is refused"),
        (hone.Svm(workspace_bytes=100), "bytes"),
        (hone.Net(epochs=2.5), "epochs=2.5 is refused: epochs takes a whole number from 1 to 10000"),
        (hone.Net(layers="dense8,conv8"), "conv8k9s4,conv16k5s2,gap; character 8: takes 1 to 512 filters"),
        (hone.Rce(prototypes=0), "prototypes=0 is refused: prototypes takes a whole number from 1 to 65535"),
        (hone.Linear(task="classify"), "task='classify' is refused: task takes one of regression, classes"),
    ],
)
def test_a_value_out_of_range(estimator, text):
    with pytest.raises(ValueError) as error:
        estimator.fit(X, CLASSES)
    assert text in str(error.value)


@pytest.mark.parametrize("estimator", [hone.Svm(standardise="on"), hone.Svm(standardise=None), hone.Net(rate=None)])
def test_a_value_of_another_type(estimator):
    with pytest.raises((TypeError, ValueError), match="is refused"):
        estimator.fit(X, CLASSES)


def test_numbers_of_numpy_are_numbers():
    one = hone.Svm(c=np.float64(0.3), iterations=np.int64(50), standardise=np.bool_(False), row_bits=np.int64(8)).fit(X, CLASSES)
    other = hone.Svm(c=0.3, iterations=50, standardise=False, row_bits=8).fit(X, CLASSES)
    assert one.to_bytes() == other.to_bytes()


def test_bad_input():
    with pytest.raises(ValueError, match="beyond 1e18"):
        hone.Svm().fit(1e20 * X, CLASSES)
    with pytest.raises(ValueError, match="y has one class, and two are needed"):
        hone.Net().fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="no whole frames of channels=5"):
        hone.Esn(channels=5).fit(windows())
    with pytest.raises(ValueError, match="beyond 16 bits of lsb=0.01; give a larger lsb"):
        hone.Esn(channels=2, lsb=0.01).fit(windows())
    with pytest.raises(ValueError, match="washout leaves no frame"):
        hone.Esn(channels=2, washout=200).fit(windows())
    with pytest.raises(ValueError, match="70000 rows are more than the 65534"):
        hone.Svm().fit(np.zeros((70_000, 1)), np.arange(70_000) % 2)
    with pytest.raises(ValueError, match="5000 features: 1 to 4096 are possible"):
        hone.Svm().fit(np.zeros((4, 5000)), [0, 1, 0, 1])


def test_no_verdict_without_a_number():
    novelty = hone.Svm(machine="novelty").fit(X)
    assert set(novelty.predict(X)) <= {-1, 1}
    with pytest.raises(ValueError, match="row 0 gives no finite decision value"):
        novelty.predict(X * 1e30)


def test_bad_files():
    data = hone.Svm().fit(X, CLASSES).to_bytes()
    for bad, text in [
        (b"", "cut off"),
        (b"x" * 100, "this is not a model"),
        (data[:-1], "the model is cut off"),
        (data + b"x", "1 bytes follow the model's end"),
        (data[:60] + bytes([data[60] ^ 1]) + data[61:], "the model is damaged"),
    ]:
        with pytest.raises(ValueError, match=text):
            hone.read_model(bad)


def test_a_container_whose_payload_is_of_no_learner():
    with pytest.raises(ValueError, match="the esn model's payload cannot be read"):
        hone.read_model((VECTORS / "model-v1.hone").read_bytes())


@pytest.mark.parametrize("name", MODELS)
def test_copies_say_the_same(name):
    estimator, data = MODELS[name]()
    for twin in (copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
        assert twin.to_bytes() == estimator.to_bytes()
        np.testing.assert_array_equal(twin.predict(data), estimator.predict(data))


def test_classes_keep_names_and_numbers():
    words = np.array(["idle", "run", "stall"])[CLASSES]
    named = hone.read_model(hone.Svm().fit(X, words).to_bytes())
    assert list(named.classes_) == ["idle", "run", "stall"] and named.score(X, words) > 0.7
    numbered = hone.read_model(hone.Svm().fit(X, 10 * CLASSES + 7).to_bytes())
    assert list(numbered.classes_) == [7, 17, 27] and numbered.score(X, 10 * CLASSES + 7) > 0.7
    assert list(hone.Net().fit(X, CLASSES - 1.0).classes_) == [-1.0, 0.0, 1.0]


def test_rce_learns_on_and_says_unknown():
    rce = hone.Rce(unknown=-1).fit(X[:24], CLASSES[:24])
    whole = hone.Rce().fit(X, CLASSES)
    assert rce.partial_fit(X[24:], CLASSES[24:]).to_bytes() == whole.to_bytes()
    assert rce.predict(X[:1] + 1000) == [-1] and whole.predict(X[:1] + 1000)[0] in (0, 1, 2)
    rce.partial_fit(X[:6] - 50, [9] * 6)
    assert list(rce.classes_) == [0, 1, 2, 9] and rce.predict(X[:1] - 50) == [9]


def test_rows_share_the_room_as_on_the_device():
    small = hone.Svm(row_bits=8, max_rows=24).fit(X, CLASSES)
    assert small.report_["rows"] == 24 and small.score(X, CLASSES) > 0.6


def test_what_a_device_needs_is_in_the_file():
    said = {"features": "log-spectrum", "bands": 6}
    rows = hone.features(windows(), channels=2, **said)
    assert rows.shape == (24, 12) and rows.dtype == np.float32
    svm = hone.Svm().fit(rows, np.arange(24) % 2)
    data = svm.to_bytes(frames=32, rate_hz=100, channels=[(0.001, "m/s2")] * 2, features=said)
    again = hone.read_model(data)
    assert again.described_["frames"] == 32 and again.described_["rate_hz"] == 100 and again.described_["features"]["bands"] == 6
    assert again.to_bytes() == data
    with pytest.raises(ValueError, match="a channel's unit is one of"):
        svm.to_bytes(channels=[(1, "furlongs")])
    with pytest.raises(TypeError, match="features has no setting 'band': did you mean 'bands'?"):
        hone.features(windows(), channels=2, band=3)


def test_esn_takes_real_numbers():
    whole = hone.Esn(units=16, channels=2).fit(windows())
    real = hone.Esn(units=16, channels=2).fit(windows() / 4096)
    assert whole.lsb_ == 1 and real.lsb_ == 2.0**-16
    np.testing.assert_array_equal(hone.read_model(real.to_bytes()).predict(windows() / 4096), real.predict(windows() / 4096))


def test_linear_is_a_regression():
    rng = np.random.default_rng(1)
    rows, weights = rng.normal(size=(200, 3)), np.array([1.0, -2.0, 0.5])
    y = rows @ weights + 3 + 0.1 * rng.normal(size=200)
    linear = hone.Linear().fit(rows, y)
    np.testing.assert_allclose(linear.coef_, weights, atol=0.03)
    np.testing.assert_allclose(linear.predict(rows), rows @ linear.coef_ + linear.intercept_, atol=1e-4)
    lower, upper = linear.predict_interval(rows)
    assert 0.9 < np.mean((lower < y) & (y < upper)) < 1.0


def _long():
    return hone.Net(epochs=10_000, layers="dense64"), np.random.default_rng(1).normal(size=(2000, 64)), np.arange(2000) % 3


@pytest.fixture
def interrupts():
    """Ctrl-C raises: what runs in the background was told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_a_training(interrupts):
    net, rows, classes = _long()
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        net.fit(rows, classes)


def test_other_threads_run_while_one_trains(interrupts):
    net, rows, classes = _long()
    ticks, stop = [0], threading.Event()

    def count():
        while not stop.wait(0.01):
            ticks[0] += 1
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=count)
    threading.Timer(1.0, stop.set).start()
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        net.fit(rows, classes)
    assert ticks[0] > 10


def test_verbose_tells_how_far_it_is(capsys):
    hone.Net(epochs=3, verbose=True).fit(X, CLASSES)
    assert "net: " in capsys.readouterr().out
    hone.Net(epochs=3).fit(X, CLASSES)
    assert capsys.readouterr().out == ""
