"""Golden vectors for rust/learners/svm, from scikit-learn's SVC and OneClassSVM (LIBSVM). Run: python3 make.py

NAME.rows: u32 rows, u32 features, per feature mean and factor (f32), then the rows as f32 (digits: u8); label u8 each.
The rows a learner sees are (x - mean) * factor in f32. Added to each number is the task's `shift`.
expected.csv has one line per task; predicted.bin, task after task, the class predicted of each row (u8; novelty: 1 is
anomalous; 255 where some decision value is within 0.005 of the boundary). Rows with an even index train, all rows
are predicted. Little-endian.
"""
import csv
from pathlib import Path

import numpy as np
import sklearn
from sklearn import datasets, svm

here = Path(__file__).parent
predicted = open(here / "predicted.bin", "wb")
out = csv.writer(open(here / "expected.csv", "w", newline=""), lineterminator="\n")
out.writerow(["data", "number", "machine", "kernel", "c", "nu", "gamma", "degree", "coef0", "shift", "first", "second",
              "dual", "vectors", "near"])


def dual_of(model, kernel, one_class):
    a = model.dual_coef_[0].astype(float)
    q = a @ kernel(model.support_vectors_.astype(float)) @ a
    return (0.0 if one_class else np.abs(a).sum()) - q / 2


def gram(name, gamma, degree, coef0):
    def f(x):
        d = x @ x.T
        n = np.diag(d)
        return {"linear": d, "rbf": np.exp(-gamma * (n[:, None] + n[None] - 2 * d)),
                "poly": (gamma * d + coef0) ** degree, "sigmoid": np.tanh(gamma * d + coef0)}[name]
    return f


for name, load in [("iris", datasets.load_iris), ("digits", datasets.load_digits), ("cancer", datasets.load_breast_cancer)]:
    x, y = load(return_X_y=True)
    x = x.astype(np.float32)
    mean = x.mean(0, dtype=np.float64).astype(np.float32)
    deviation = x.std(0, dtype=np.float64)
    factor = np.where(deviation > 0, 1 / np.where(deviation > 0, deviation, 1), 0).astype(np.float32)
    rows = x.astype(np.uint8) if name == "digits" else x
    (here / f"{name}.rows").write_bytes(np.array(x.shape, "<u4").tobytes() + mean.astype("<f4").tobytes()
                                        + factor.astype("<f4").tobytes() + rows.tobytes() + y.astype(np.uint8).tobytes())
    standard = (x - mean) * factor
    label = y[::2]
    classes = sorted(set(y))
    pairs = [(a, b) for a in classes for b in classes if a < b]
    tasks = []
    for kernel in ("linear", "rbf"):
        for c in (1.0, 100.0) if name != "digits" else (1.0,):
            tasks += [("classify", kernel, c, 0.1, 3, 0.0, p) for p in (pairs if name != "digits" else pairs[::6])]
            if len(classes) > 2:
                tasks.append(("classify", kernel, c, 0.1, 3, 0.0, None))
    if name != "digits":
        tasks.append(("classify", "poly", 1.0, 0.1, 3, 1.0, pairs[-1]))
        if name == "iris":
            # The sigmoid is not positive definite: where it is not nearly so, solvers end at different points.
            tasks.append(("classify", "sigmoid", 1.0, 0.1, 3, 0.0, pairs[-1]))
        tasks += [("novelty", k, 1.0, nu, 3, 0.0, None) for k in ("linear", "rbf") for nu in (0.1, 0.33)]
    for number, (machine, kernel, c, nu, degree, coef0, pair) in enumerate(tasks):
        # One-class with a linear kernel separates from the origin, so that centred rows make no task.
        shift = np.float32(2 if machine == "novelty" and kernel == "linear" else 0)
        z = standard + shift
        train = z[::2]
        keep = np.isin(label, pair) if pair else np.ones(len(label), bool)
        a, b = train[keep], label[keep]
        gamma = 1 / (a.shape[1] * a.var(dtype=np.float64))
        common = dict(kernel=kernel, gamma=gamma, degree=degree, coef0=coef0)
        k = gram(kernel, gamma, degree, coef0)
        dual = np.nan
        if machine == "novelty":
            model = svm.OneClassSVM(nu=nu, **common).fit(a)
            dual = dual_of(model, k, True)
            f = model.decision_function(z)
            said = (f < 0).astype(np.uint8)
            near = np.abs(f) < 0.005
        else:
            model = svm.SVC(C=c, decision_function_shape="ovo", **common).fit(a, b)
            f = model.decision_function(z).reshape(len(z), -1)
            said = model.predict(z).astype(np.uint8)
            near = (np.abs(f) < 0.005).any(1)
            dual = dual_of(model, k, False) if pair or len(classes) == 2 else sum(
                dual_of(m, k, False) for m in
                (svm.SVC(C=c, **common).fit(a[np.isin(b, p)], b[np.isin(b, p)]) for p in pairs))
        predicted.write(np.where(near, 255, said).astype(np.uint8).tobytes())
        first, second = pair if pair else ("", "")
        out.writerow([name, number, machine, kernel, c, nu, repr(float(np.float32(gamma))), degree, coef0, float(shift), first, second,
                      f"{dual:.7g}", len(model.support_), int(near.sum())])
print("scikit-learn", sklearn.__version__)
