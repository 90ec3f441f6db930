"""What a row costs through Python and in the host program: `python3 rows.py`, from the checkout.

Both judge the same rows by the same model file: Python by one call of `answers`, with all that it does (conversion, inference, the array of
answers), the host program's code by `cargo run --release --example judge`. The least of several runs counts, and the scores are the same
bits.
"""
import pathlib
import subprocess
import tempfile
import time

import numpy as np

import hone

ROOT = pathlib.Path(__file__).parents[2]
TRAIN, TEST, WIDTH, CLASSES, RUNS = 32, 200_000, 48, 4, 5
BOARD = dict(row_bits=8, max_rows=32)


def rows(count, seed):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(CLASSES, WIDTH))
    labels = np.arange(count) % CLASSES
    return np.round(8 + centres[labels] + 0.7 * rng.normal(size=(count, WIDTH)), 3), labels


def least(what):
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        what()
        times.append(time.perf_counter() - start)
    return min(times)


def program(model, data):
    """Nanoseconds a row, and the sum of the scores' bits."""
    command = ["cargo", "run", "--quiet", "--release", "--package", "hone-host", "--example", "judge", "--", model, data]
    out = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()
    return float(out[0]), int(out[1])


def main():
    (train, known), (test, _) = rows(TRAIN, 2), rows(TEST, 3)
    test = test.astype(np.float32)
    print(f"{TEST} rows of {WIDTH} features")
    print("| model | host program, ns a row | Python, ns a row | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        model, data = pathlib.Path(name) / "model.hone", pathlib.Path(name) / "rows"
        data.write_bytes(test.tobytes())
        for label, estimator in (
            ("SVM, linear", hone.Svm(**BOARD)),
            ("SVM, RBF", hone.Svm(kernel="rbf", workspace_bytes=12288, **BOARD)),
            ("TinyRCE, 8-bit", hone.Rce(prototypes=60, spacing=0)),
            ("network of 32 units", hone.Net(**BOARD)),
        ):
            model.write_bytes(estimator.fit(train, known).to_bytes())
            python = 1e9 * least(lambda: estimator.answers(test)) / TEST
            host, bits = program(model, data)
            same = int(estimator.answers(test)["score"].view(np.uint32).astype(np.uint64).sum())
            assert same == bits, "not the same scores"
            print(f"| {label} | {host:.0f} | {python:.0f} | {python / host:.2f} |", flush=True)


main()
