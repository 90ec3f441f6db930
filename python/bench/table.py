"""Training and inference of one row: scikit-learn and Hone on this machine, and the board's by counted instructions.

usage: cargo xtask bench svm linear net rce --cost > board.txt && python3 python/bench/table.py board.txt [--watts W]

The rows are those that the bare-metal programs of rust/target-bench count: the four reference tasks of Edge2Train (HONE_DATA, or
../shared/data; left out where they are not), and generated ones of the same shapes. The board's time and energy are what `--cost`
estimates for the Cortex-M4 at 84 MHz (docs/performance.md says of what); a PC's energy is its time by W watts for a busy core, which
are assumed (10 unless given) where the machine has no counter that says. The least of several runs counts.
"""
import argparse
import os
import pathlib
import platform
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

import hone

#: The board's: MHz, and W as `--cost` assumes them (11.5 mA at 3.3 V, docs/performance.md).
CLOCK, POWER = 84, 11.5e-3 * 3.3
ROOT = pathlib.Path(__file__).parents[2]
DATA = pathlib.Path(os.environ.get("HONE_DATA", ROOT.parent / "shared/data")) / "svm"
warnings.simplefilter("ignore", ConvergenceWarning)


def least(what, seconds=0.5):
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        what()
        times.append(time.perf_counter() - start)
    return 1e6 * min(times)


def board(path):
    """Microseconds and microjoules of each case and size, from its cycles."""
    found = {}
    for line in pathlib.Path(path).read_text().splitlines():
        words = line.split()
        if len(words) > 6 and words[1].replace(",", "").isdigit():
            try:
                times = int(words[-3].replace(",", "")) / CLOCK
                found[words[0], words[1]] = times, times * POWER
            except ValueError:
                continue
    return found


def cases():
    """Name, scikit-learn's, ours, rows, targets; the board's cases of training and inference, and how many of them those count."""
    for task in ("iris01", "iris12", "dig38s", "dig6rs"):
        path = DATA / f"{task}_train.csv"
        if not path.exists():
            continue
        rows = np.loadtxt(path, delimiter=",")
        X, y = rows[:, :-1], rows[:, -1].astype(int)
        size = str(len(X)), str(X.shape[1])
        ours = hone.Svm(kernel="linear", standardise=False)
        yield f"SVM, linear, {task}", SVC(C=1, kernel="linear"), ours, X, y > 0, (f"svm/train/{task}", size[0], 1), (f"svm/infer/{task}", size[1], 1), 1
        if task == "dig38s":
            ours = hone.Linear(task="classes")
            train, infer = (f"linear/train/{task}", size[0], 1), (f"linear/infer/{task}", size[1], 1)
            yield f"logistic regression, {task}", LogisticRegression(), ours, X, y > 0, train, infer, 1
    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, 24))
    y = X.sum(axis=1) + rng.normal(size=120)
    yield "linear regression, 120 rows of 24", LinearRegression(), hone.Linear(), X, y, ("linear/train/closed-form", "120", 1), None, 1
    y = np.arange(64) % 10
    X = rng.normal(size=(64, 48)) + ((np.arange(48) * 7 + y[:, None] * 3) % 10 < 3)
    epochs = 20
    theirs = MLPClassifier((32,), solver="sgd", batch_size=32, max_iter=epochs, tol=0, n_iter_no_change=epochs)
    ours = hone.Net(units=32, epochs=epochs, batch=32, row_bits=8)
    train, infer = ("net/train/dense/int8", "48", 1), ("net/infer/dense/int8", "48", 1)
    yield "network of 32 units, 48 features, a batch of 32", theirs, ours, X, y, train, infer, 2 * epochs
    y = np.arange(240) % 4
    X = 8 + rng.normal(size=(4, 48))[y] + 0.7 * rng.normal(size=(240, 48))
    infer = ("rce/infer/8-bit/manhattan", "20000", 100)
    yield "nearest of 200 (TinyRCE; 1 neighbour)", KNeighborsClassifier(1), hone.Rce(prototypes=200, spacing=0), X, y, None, infer, 240


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("board", help="what `cargo xtask bench svm linear net rce --cost` printed")
    parser.add_argument("--watts", type=float, default=10.0, help="power of a busy core of this machine")
    args = parser.parse_args()
    counted = board(args.board)
    cpu = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")] if os.path.exists("/proc/cpuinfo") else []
    print(f"{(cpu or [platform.processor()])[0]}, one thread; {args.watts:g} W assumed\n")
    print("| what | scikit-learn, µs | Hone in Python, µs | board, µs | board over scikit-learn | board, µJ | scikit-learn's µJ over the board's |")
    print("|---|---|---|---|---|---|---|")

    def line(what, theirs, ours, case):
        cells = ["–"] * 4
        if case is not None and case[:2] in counted:
            times, energy = (number / case[2] for number in counted[case[:2]])
            cells = [f"{times:.3g}", f"{times / theirs:.2g}", f"{energy:.3g}", f"{theirs * args.watts / energy:.3g}"]
        print(f"| {what} | {theirs:.4g} | {ours:.4g} | {' | '.join(cells)} |", flush=True)

    for name, theirs, ours, X, y, train, infer, parts in cases():
        line(f"{name}: train", least(lambda: theirs.fit(X, y)) / parts, least(lambda: ours.fit(X, y)) / parts, train)
        row = X[:1]
        line(f"{name}: one row", least(lambda: theirs.predict(row)), least(lambda: ours.predict(row)), infer)
        many = np.tile(X, (max(1, 20_000 // len(X)), 1))
        line(f"{name}: a row of {len(many)}", least(lambda: theirs.predict(many)) / len(many), least(lambda: ours.predict(many)) / len(many), infer)


main()
