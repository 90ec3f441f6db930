"""Golden values for the four reference tasks of rust/learners/svm, raw rows as they are, from scikit-learn's SVC (LIBSVM), C = 1.
Run: HONE_DATA=folder python3 tasks.py

tasks.csv has one line per task and kernel: gamma (the rule `scale`), dual objective, support vectors, and for each row to test
the class predicted (+ or -; ? where the decision value is within 0.005 of the boundary). The rows are not part of the project.
"""
import csv
import os
from pathlib import Path

import numpy as np
from sklearn import svm

here = Path(__file__).parent
data = Path(os.environ.get("HONE_DATA", here.parents[3] / "shared/data")) / "svm"
if not data.is_dir():
    # Nothing to learn from: what there is stays.
    (here / "tasks.csv").write_bytes((here / "tasks.csv").read_bytes())
    raise SystemExit(print(f"skipped: no rows in {data}"))
out = csv.writer(open(here / "tasks.csv", "w", newline=""), lineterminator="\n")
out.writerow(["task", "kernel", "gamma", "dual", "vectors", "predicted"])
for task in ["iris01", "iris12", "dig38s", "dig6rs"]:
    train, test = (np.loadtxt(data / f"{task}_{part}.csv", delimiter=",") for part in ("train", "test"))
    x, y = train[:, :-1], train[:, -1]
    gamma = 1 / (x.shape[1] * x.var())
    for kernel in ["linear", "rbf"]:
        model = svm.SVC(C=1, kernel=kernel, gamma=gamma, tol=1e-6).fit(x, y)
        a, s = model.dual_coef_[0], model.support_vectors_
        d = s @ s.T
        n = np.diag(d)
        k = d if kernel == "linear" else np.exp(-gamma * (n[:, None] + n[None] - 2 * d))
        dual = np.abs(a).sum() - a @ k @ a / 2
        f = model.decision_function(test[:, :-1])
        said = "".join("?" if abs(v) < 0.005 else "+" if v > 0 else "-" for v in f)
        out.writerow([task, kernel, f"{gamma:.9g}", f"{dual:.9g}", len(s), said])
