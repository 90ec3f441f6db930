#!/usr/bin/env python3
"""Small networks in ONNX's format, and what ONNX Runtime says of rows by them.

Writes NAME.onnx and NAME.csv, each of whose lines is a row as the network takes it in and the probabilities of the classes behind it,
and refused/NAME.onnx, which no network here can be. `cargo test -p hone-host --lib import` holds the importer against them. Needs

    pip install numpy onnx==1.23.2 onnxruntime==1.32.0 scikit-learn==1.9.1 skl2onnx==1.20.0
    python3 tests/onnx/make.py target/debug/hone
"""
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(1)


def real(*shape, scale=1.0):
    return (scale * rng.normal(size=shape)).astype(np.float32)


def node(op, inputs, output, domain="", **attributes):
    return helper.make_node(op, inputs, [output], name=output + "_node", domain=domain, **attributes)


def graph(shape, nodes, constants, opset=17, kind=TensorProto.FLOAT):
    """A model of input `x` of this shape behind the batch, whose output is that of the last node."""
    inputs = [helper.make_tensor_value_info("x", kind, ["n", *shape])]
    outputs = [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)]
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    made = helper.make_graph(nodes, "network", inputs, outputs, initializers)
    sets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(made, opset_imports=sets, ir_version=8)


def save(name, model, rows, probabilities=None):
    onnx.save(model, HERE / f"{name}.onnx")
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.run(None, {session.get_inputs()[0].name: rows})
    told = given[-1] if probabilities is None else probabilities(given)
    lines = np.hstack([rows.reshape(len(rows), -1), told])
    np.savetxt(HERE / f"{name}.csv", lines, delimiter=",", fmt="%.6g")


def trained():
    """scikit-learn's, with a scaler in front: several classes by name, two, and without a hidden layer."""
    centres = real(3, 5, scale=2.0)
    labels = np.arange(240) % 3
    rows = (centres[labels] + real(240, 5)) * np.float32([1, 10, 0.1, 1, 100]) + np.float32([0, 50, 1, -3, 500])
    names = np.array(["idle", "loaded", "stalled"])[labels]
    net = make_pipeline(StandardScaler(), MLPClassifier((8, 6), max_iter=300, random_state=1)).fit(rows, names)
    save("classes", to_onnx(net, rows[:1], options={"zipmap": False}), rows[:24])
    two = labels < 2
    net = make_pipeline(StandardScaler(), MLPClassifier((6,), max_iter=300, random_state=1)).fit(rows[two], labels[two] + 3)
    save("two", to_onnx(net, rows[:1], options={"zipmap": False}), rows[two][:24])
    net = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    save("linear", to_onnx(net, rows[:1], options={"zipmap": False}), rows[:24])


def convolutions():
    """As PyTorch exports: channels first, batch normalisation before and behind a ReLU, averages, a flattened end."""
    c = {
        "w1": real(6, 2, 5, scale=0.4), "b1": real(6), "w2": real(5, 6, 3, scale=0.3), "b2": real(5),
        "g": 1 + real(6, scale=0.1), "h": real(6), "m": real(6), "v": np.abs(real(6)) + 0.5,
        "g2": 1 + real(5, scale=0.1), "h2": real(5), "m2": real(5), "v2": np.abs(real(5)) + 0.5,
        "w3": real(4, 20, scale=0.5), "b3": real(4),
    }
    nodes = [
        node("Conv", ["x", "w1", "b1"], "c1", kernel_shape=[5], strides=[2]),
        node("BatchNormalization", ["c1", "g", "h", "m", "v"], "n1"),
        node("Relu", ["n1"], "r1"),
        node("AveragePool", ["r1"], "p1", kernel_shape=[2], strides=[2]),
        node("Conv", ["p1", "w2", "b2"], "c2", kernel_shape=[3]),
        node("Relu", ["c2"], "r2"),
        node("BatchNormalization", ["r2", "g2", "h2", "m2", "v2"], "n2"),
        node("Flatten", ["n2"], "f"),
        node("Gemm", ["f", "w3", "b3"], "g3", transB=1, alpha=0.5, beta=2.0),
        node("Softmax", ["g3"], "y", axis=1),
    ]
    model = graph((2, 28), nodes, c)
    rows = real(24, 2, 28)
    save("conv", model, rows)
    whole(nodes, c)


class Rows(CalibrationDataReader):
    def __init__(self, rows):
        self.rows = iter(rows)

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {"x": row[None]}


def whole(nodes, constants):
    """A network quantised statically, in both forms that there are: ReLUs are left out where bounds do the same."""
    c = {k: constants[k] for k in ["w1", "b1", "w2", "b2"]} | {"w3": real(4, 5), "b3": real(4)}
    layers = [
        nodes[0], node("Relu", ["c1"], "r1"), nodes[3], nodes[4], nodes[5],
        node("GlobalAveragePool", ["r2"], "a"), node("Flatten", ["a"], "f"),
        node("Gemm", ["f", "w3", "b3"], "g3", transB=1), nodes[9],
    ]
    float32 = graph((2, 28), layers, c)
    rows = real(24, 2, 28)
    save("float", float32, rows)
    forms = {"qdq": (QuantFormat.QDQ, True), "qoperator": (QuantFormat.QOperator, False)}
    with tempfile.TemporaryDirectory() as folder:
        for name, (form, by_channel) in forms.items():
            to = pathlib.Path(folder) / "q.onnx"
            quantize_static(
                float32, to, Rows(rows), quant_format=form, per_channel=by_channel, activation_type=QuantType.QInt8 if by_channel else QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            save(name, onnx.load(to), rows)


def frames_first():
    """As Keras is converted: frames before channels, convolutions in two dimensions, its own standardisation, a mean at the end."""
    c = {
        "mean": np.float32([[[3.0, -2.0]]]), "deviation": np.float32([[[2.0, 0.5]]]), "axes": np.int64([2]), "minus": np.int64([2]),
        "w1": real(4, 2, 1, 4, scale=0.5), "b1": real(4), "w2": real(3, 4, 1, 3, scale=0.5), "zero": np.float32(0), "b2": real(1, 3, 1, 1),
        "w3": real(3, 3), "b3": real(3),
    }
    nodes = [
        node("Sub", ["x", "mean"], "s"), node("Div", ["s", "deviation"], "d"),
        node("Transpose", ["d"], "t", perm=[0, 2, 1]), node("Unsqueeze", ["t", "axes"], "u"),
        node("Conv", ["u", "w1", "b1"], "c1", kernel_shape=[1, 4], strides=[1, 2]), node("Clip", ["c1", "zero"], "r1"),
        node("Conv", ["r1", "w2"], "c2", kernel_shape=[1, 3]), node("Add", ["c2", "b2"], "a2"), node("Relu", ["a2"], "r2"),
        node("Squeeze", ["r2", "minus"], "q"), node("ReduceMean", ["q"], "m", axes=[2], keepdims=0),
        node("MatMul", ["m", "w3"], "m3"), node("Add", ["b3", "m3"], "z"), node("Softmax", ["z"], "y", axis=-1),
    ]
    rows = real(24, 20, 2) * np.float32([2.0, 0.5]) + np.float32([3.0, -2.0])
    save("frames-first", graph((20, 2), nodes, c), rows)


def transposed():
    """A transposed convolution, logits without a softmax, and a last hidden layer of as many units as there are classes."""
    c = {
        "w1": real(3, 1, 4, scale=0.5), "b1": real(3), "w2": real(3, 2, 3, scale=0.5), "b2": real(2),
        "shape": np.int64([0, -1]), "w3": real(34, 3, scale=0.3), "b3": real(3), "w4": real(3, 3), "b4": real(3),
    }
    nodes = [
        node("Conv", ["x", "w1", "b1"], "c1", strides=[2]), node("Relu", ["c1"], "r1"),
        node("ConvTranspose", ["r1", "w2", "b2"], "c2", strides=[2]), node("Relu", ["c2"], "r2"),
        node("Reshape", ["r2", "shape"], "f"), node("Gemm", ["f", "w3", "b3"], "g3"), node("Relu", ["g3"], "r3"),
        node("Gemm", ["r3", "w4", "b4"], "y"),
    ]
    soft = lambda given: np.exp(given[-1]) / np.exp(given[-1]).sum(axis=1, keepdims=True)
    save("transposed", graph((1, 18), nodes, c), real(24, 1, 18), soft)


def refused():
    """Each is one step from a network that is taken."""
    (HERE / "refused").mkdir(exist_ok=True)
    dense = {"w": real(4, 6), "b": real(6), "v": real(6, 3), "c": real(3)}
    first, last = node("Gemm", ["x", "w", "b"], "h"), node("Gemm", ["r", "v", "c"], "y")
    filters = {"w": real(4, 2, 3), "v": real(3, 4)}

    def conv(*more, weights=filters, **attributes):
        tail = [node("Relu", ["h"], "r"), *more, node("GlobalAveragePool", [more[-1].output[0] if more else "r"], "a")]
        tail += [node("Flatten", ["a"], "f"), node("Gemm", ["f", "v"], "y", transB=1)]
        return graph((2, 12), [node("Conv", ["x", "w"], "h", **attributes), *tail], weights)

    cases = {
        "tanh": graph((4,), [first, node("Tanh", ["h"], "r"), last], dense),
        "sigmoid": graph((4,), [first, node("Sigmoid", ["h"], "r"), last], dense),
        "branch": graph(
            (4,), [first, node("Relu", ["h"], "s"), node("Add", ["s", "h"], "r"), last], dense),
        "padded": conv(pads=[1, 1]),
        "groups": conv(weights=filters | {"w": real(4, 1, 3)}, group=2),
        "dilated": conv(dilations=[2]),
        "pool": conv(node("MaxPool", ["r"], "p", kernel_shape=[2], strides=[2])),
        "overlap": conv(node("AveragePool", ["r"], "p", kernel_shape=[3], strides=[1])),
        "one-output": graph((4,), [node("Gemm", ["x", "w"], "y")], {"w": real(4, 1)}),
        "integers": graph((4,), [node("Cast", ["x"], "f", to=1), node("Gemm", ["f", "w"], "y")], {"w": real(4, 3)}, kind=TensorProto.INT64),
        "free-shape": graph(("width",), [first, node("Relu", ["h"], "r"), last], dense),
        "misfit": graph((5,), [first, node("Relu", ["h"], "r"), last], dense),
        "circle": graph((4,), [node("Gemm", ["x", "w"], "h"), node("Relu", ["h"], "x")], dense),
        "unknown": graph((4,), [node("Whiten", ["x"], "y", domain="org.example")], dense),
    }
    for name, model in cases.items():
        onnx.save(model, HERE / "refused" / f"{name}.onnx")


def rig(hone):
    """Of the simulated motor's features, as a PC trains on what the shell's `data export` prints; rig.csv is that, the class first."""
    story = "".join(f"rig {name}\nlabel {number}\nwait 2\n" for number, name in enumerate(["normal", "imbalance", "bearing"], 1))
    told = subprocess.run([hone, "run"], input=story + "label none\ndata export\n", capture_output=True, text=True, check=True).stdout
    lines = [line for line in told.splitlines() if line[:1].isdigit()]
    (HERE / "rig.csv").write_text("\n".join(lines) + "\n")
    table = np.float32([line.split(",") for line in lines])
    rows, labels = table[:, 1:], table[:, 0].astype(int)
    net = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=400, random_state=1)).fit(rows, labels)
    onnx.save(to_onnx(net, rows[:1], options={"zipmap": False}), HERE / "rig.onnx")


trained()
convolutions()
frames_first()
transposed()
refused()
rig(sys.argv[1])
