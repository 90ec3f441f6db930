"""What a row costs through Python and in the host program: `python3 rows.py [HONE]`, both built for release.

The program is asked for whole evaluations, so what reading the table costs is taken off by a second learner: the time with a kernel
of many vectors (or many prototypes) less that with a linear machine, over the rows. To this a linear machine's row is added as Python
has it, which is small beside it. Python's figure is of all that a call of `answers` does: conversion, inference, the array of answers.
The least of several runs counts.
"""
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

import hone

ROOT = pathlib.Path(__file__).parents[2]
TRAIN, TEST, WIDTH, CLASSES, RUNS = 64, 200_000, 48, 4, 5
BOARD = dict(row_bits=8, max_rows=64)


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


def program(folder, learner, settings):
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    command = [HONE, "eval", folder / "set.toml", "--root", folder, "--learner", learner, "--json", *words]
    return least(lambda: subprocess.run(command, check=True, capture_output=True))


def main():
    (train, known), (test, labels) = rows(TRAIN, 2), rows(TEST, 3)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        manifest = 'name = "rows"\nkind = "table"\ntask = "classification"\n'
        manifest += "".join(f'[[class]]\nname = "{c}"\n' for c in range(CLASSES))
        for part, data, classes in (("train", train, known), ("test", test, labels)):
            table = np.column_stack([data, classes])
            head = ",".join([*(f"f{i}" for i in range(WIDTH)), "class"])
            np.savetxt(folder / f"{part}.csv", table, delimiter=",", fmt=["%.3f"] * WIDTH + ["%d"], header=head, comments="")
            manifest += f'[[file]]\npath = "{part}.csv"\nlabel = "class"\npart = "{part}"\n'
        (folder / "set.toml").write_text(manifest)
        linear = hone.Svm(**BOARD).fit(train, known)
        base_python = least(lambda: linear.answers(test)) / TEST
        base_program = program(folder, "svm", {"kernel": "linear"})
        print(f"{TEST} rows of {WIDTH} features; a linear machine through Python: {1e9 * base_python:.0f} ns a row")
        print("| model | host program, ns a row | Python, ns a row | ratio |\n|---|---|---|---|")
        for label, learner, estimator, settings in (
            ("SVM, RBF", "svm", hone.Svm(kernel="rbf", workspace_bytes=12288, **BOARD), {"kernel": "rbf"}),
            ("TinyRCE, 8-bit", "rce", hone.Rce(prototypes=60, spacing=0), {"prototypes": 60, "spacing": 0}),
        ):
            estimator.fit(train, known)
            python = least(lambda: estimator.answers(test)) / TEST
            host = (program(folder, learner, settings) - base_program) / TEST + base_python
            print(f"| {label} | {1e9 * host:.0f} | {1e9 * python:.0f} | {python / host:.2f} |", flush=True)


HONE = sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/hone"
main()
