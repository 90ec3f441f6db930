#!/usr/bin/env python3
"""Golden vectors for linear and logistic regression, in double precision by NumPy, SciPy and scikit-learn.

Writes linear.csv beside itself, which rust/learners/linear/tests/golden.rs reads:

    HONE_DATA=../shared/data python3 tests/vectors/linear.py

Lines: kind, key, numbers. Kind `condition`: of the inputs, less their mean. `predict`: by spread, rows and forgetting, the
prediction for each of ten later rows. `half`: by rows, half the width of the 95 % interval of a fit to all rows. `proba`: the
probability of the true class of each row of tests/vectors/svm/iris.rows. `accuracy`: on the test part of a set.
"""
import os
import pathlib
import numpy as np
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from esn_golden import Pcg

HERE = pathlib.Path(__file__).parent
DATA = pathlib.Path(os.environ.get("HONE_DATA", "../shared/data")) / "svm"
INPUTS, SCALE, F = 8, 32, np.float32


class Source(Pcg):
    def unit(self):
        return F(self.next() >> 8) * F(2.0**-24)

    def signed(self):
        return self.unit() * F(2) - F(1)

    def normal(self):
        total = F(-6)
        for _ in range(12):
            total += self.unit()
        return total


def frame(i, spread):
    """As `frame` of the test, in the same single precision."""
    rng = Source(i)
    common, y, x = rng.signed(), F(1), []
    for j in range(1, INPUTS + 1):
        x.append(F(3) + (common + F(spread) * rng.signed()))
        y += F(j - 4) * x[-1]
    return [y + F(0.05) * rng.normal(), *x]


def regression(lines):
    for spread, rows, forgetting in [(1, 300, 1), (0.1, 3000, 1), (0.1, 3000, 0.99), (0.00283, 3000, 1), (0.00283, 1_000_000, 0.99)]:
        first = max(SCALE, rows - 4000)
        data = np.array([frame(i, spread) for i in range(first, rows + 10)], dtype=float)
        x, y = np.c_[np.ones(len(data)), data[:, 1:]], data[:, 0]
        learnt, count = x[:-10], len(data) - 10
        weight = float(F(forgetting)) ** (np.arange(count)[::-1] / 2)
        theta = np.linalg.lstsq(learnt * weight[:, None], y[:-10] * weight, rcond=None)[0]
        key = f"{spread} {rows} {forgetting}"
        singular = np.linalg.svd(learnt[:, 1:] - learnt[:, 1:].mean(0), compute_uv=False)
        lines.append(f"condition,{key},{singular[0] / singular[-1]:.6g},{y[:-10].std():.8g}")
        lines.append(f"predict,{key}," + ",".join(f"{v:.9g}" for v in x[-10:] @ theta))
        if forgetting == 1:
            freedom = count - INPUTS - 1
            s = np.sqrt(((y[:-10] - learnt @ theta) ** 2).sum() / freedom)
            h = np.einsum("ij,jk,ik->i", x[-10:], np.linalg.inv(learnt.T @ learnt), x[-10:])
            lines.append(f"half,{key}," + ",".join(f"{v:.9g}" for v in t.ppf(0.975, freedom) * s * np.sqrt(1 + h)))


def iris():
    raw = (HERE / "svm/iris.rows").read_bytes()
    n, d = np.frombuffer(raw, "<u4", 2)
    values = np.frombuffer(raw, "<f4", n * d, 8 + 8 * int(d)).reshape(n, d).astype(float)
    return values, np.frombuffer(raw[-int(n):], "u1")


def model():
    return make_pipeline(StandardScaler(), LogisticRegression(tol=1e-10, max_iter=10000))


def classes(lines):
    x, y = iris()
    for key, keep in (("multinomial", y < 3), ("binary", y > 0)):
        fitted = model().fit(x[keep][::2], y[keep][::2])
        p = fitted.predict_proba(x[keep])
        of_truth = p[np.arange(len(p)), y[keep] - y[keep].min()]
        lines.append(f"proba,{key}," + ",".join(f"{v:.6g}" for v in of_truth))
    if DATA.is_dir():
        for name in ("iris01", "iris12", "dig38s", "dig6rs"):
            train, test = (np.loadtxt(DATA / f"{name}_{part}.csv", delimiter=",") for part in ("train", "test"))
            accuracy = model().fit(train[:, :-1], train[:, -1]).score(test[:, :-1], test[:, -1])
            lines.append(f"accuracy,{name},{accuracy:.6g},{len(test)}")
    else:
        print(f"no {DATA}: the lines `accuracy` stay as they are")
        lines += [line for line in (HERE / "linear.csv").read_text().splitlines() if line.startswith("accuracy")]


def main():
    lines = []
    regression(lines)
    classes(lines)
    (HERE / "linear.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
