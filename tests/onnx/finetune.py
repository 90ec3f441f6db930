#!/usr/bin/env python3
"""Networks that scikit-learn trains in one condition, to be tuned on the device to another: finetune/NAME.onnx.

    cargo run --release -p hone-host --example finetune -- --rows DIR
    python3 tests/onnx/finetune.py DIR

of the rows that the first writes (features of recordings, the class last); needs what make.py needs.
"""
import pathlib
import sys
import warnings

import numpy as np
import onnx
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
to = pathlib.Path(__file__).parent / "finetune"
to.mkdir(exist_ok=True)
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.csv")):
    table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    rows, classes = table[:, :-1], table[:, -1].astype(int)
    net = make_pipeline(StandardScaler(), MLPClassifier((32,), max_iter=300, random_state=1)).fit(rows, classes)
    onnx.save(to_onnx(net, rows[:1], options={"zipmap": False}), to / f"{file.stem}.onnx")
    print(file.stem, rows.shape, f"{net.score(rows, classes):.4f} on what it learnt from")
