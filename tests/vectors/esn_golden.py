#!/usr/bin/env python3
"""Golden vectors for the ESN: the learner's equations in double precision, straight from the papers' formulas.

Reads esn_weights.csv (W_in, W_res and W_back as the project generates them; written by
`cargo test -p hone-esn write_weights -- --ignored`) and writes esn_golden.csv, which the test
`agrees_with_double_precision` of rust/learners/esn holds against the learner. Needs NumPy:

    python3 tests/vectors/esn_golden.py
"""
import itertools
import pathlib
import numpy as np

HERE = pathlib.Path(__file__).parent
CHANNELS, FRAMES, WASHOUT, K, RIDGE, LEAK = 3, 64, 8, 2.0, 1e-3, 0.8
SCALE, FIT, CALIBRATE, AMPLITUDE, RANGE = 4, 12, 16, 900, 4.0
MASK = (1 << 64) - 1


class Pcg:
    """PCG-XSH-RR 64/32 as in rust/numeric/src/rng.rs."""

    def __init__(self, seed):
        self.state = ((seed + 1442695040888963407) * 6364136223846793005 + 1442695040888963407) & MASK

    def next(self):
        old = self.state
        self.state = (old * 6364136223846793005 + 1442695040888963407) & MASK
        x, r = (((old >> 18) ^ old) >> 27) & 0xFFFFFFFF, old >> 59
        return ((x >> r) | (x << (-r & 31))) & 0xFFFFFFFF

    def below(self, bound):
        return (self.next() * bound) >> 32


def triangle(phase):
    p = phase % 256
    return p * 4 - 256 if p < 128 else 768 - p * 4


def quotient(a, b):
    """Division that truncates towards zero, as Rust's."""
    return int(a / b)


def window(sequence):
    """The test's window of this number: three channels of two triangle waves and noise, integers."""
    rng, rows = Pcg(sequence), []
    for t in range(FRAMES):
        frame, row = sequence * 64 + t, []
        for c in range(CHANNELS):
            wave = triangle(frame * (5 + c) * 3) + quotient(triangle(frame * (11 + 2 * c)), 2)
            row.append(quotient(wave * AMPLITUDE, 256) + rng.below(200) - 100 + 1000)
        rows.append(row)
    return np.array(rows, float)


def run(data, w, feedback, output, readout, target):
    """W_out, and per calibration window MSE and NMSE."""
    w_in, w_res, w_back = w
    n = len(w_res)
    centred = [x - x.mean(0) for x in data]
    spread = np.sqrt(np.mean([x.var(0) for x in data[:SCALE]], 0))
    u = [x / spread for x in centred]
    predict = target == "predict"
    g = (lambda v: v) if output == "identity" else (lambda v: RANGE * np.tanh(v / RANGE))
    inverse = (lambda d: d) if output == "identity" else (lambda d: RANGE * np.arctanh(np.clip(d / RANGE, -0.999, 0.999)))

    def advance(x, u_t, y):
        back = w_back @ y if feedback else 0.0
        return (1 - LEAK) * x + LEAK * np.tanh(w_in @ u_t + w_res @ x + back)

    def z_of(u_t, x, y):
        return np.concatenate({"state": [x], "input-state": [u_t, x], "input-state-output": [u_t, x, y]}[readout])

    rows, goals = [], []
    for win in u[SCALE:SCALE + FIT]:
        x, y = np.zeros(n), np.zeros(CHANNELS)
        for t in range(FRAMES):
            # The output taught: what the readout of the frame before was to give.
            if t > 0 or predict:
                y = win[t] if predict else win[t - 1]
            x = advance(x, win[t], y)
            if t >= WASHOUT and (not predict or t + 1 < FRAMES):
                rows.append(z_of(win[t], x, y))
                goals.append(inverse(win[t + 1] if predict else win[t]))
    z, d = np.array(rows), np.array(goals)
    w_out = np.linalg.solve(z.T @ z + RIDGE * len(z) * np.eye(z.shape[1]), z.T @ d).T

    errors = []
    for win in u[SCALE + FIT:]:
        x, y = np.zeros(n), np.zeros(CHANNELS)
        squares, powers = [], []
        for t in range(FRAMES):
            if predict and t > WASHOUT:
                squares.append((win[t] - y) ** 2)
                powers.append(win[t] ** 2)
            x = advance(x, win[t], y)
            y = g(w_out @ z_of(win[t], x, y))
            if not predict and t >= WASHOUT:
                squares.append((win[t] - y) ** 2)
                powers.append(win[t] ** 2)
        errors.append((np.mean(squares), np.sum(squares) / np.sum(powers)))
    return w_out, np.array(errors).T


def thresholds(e):
    """Upper thresholds of the three rules, and the lower one of the two-sided."""
    log = np.exp(K * np.log(e).std())
    return [np.median(e) + K * e.std(), 1.2 * np.quantile(e, 0.95), np.median(e) * log, np.median(e) / log]


def main():
    weights = {}
    for line in (HERE / "esn_weights.csv").read_text().splitlines():
        name, *numbers = line.split(",")
        weights.setdefault(name, []).append([float(v) for v in numbers])
    w = [np.array(weights[name]) for name in ("w_in", "w_res", "w_back")]
    data = [window(i + 1) for i in range(SCALE + FIT + CALIBRATE)]
    lines = []
    for feedback, output, readout, target in itertools.product(
        (0, 1), ("identity", "tanh"), ("state", "input-state", "input-state-output"), ("reconstruct", "predict")
    ):
        w_out, (mse, nmse) = run(data, w, feedback, output, readout, target)
        for name, values in (
            ("w_out", w_out.ravel()),
            ("mse", mse),
            ("nmse", nmse),
            ("threshold", thresholds(mse) + thresholds(nmse)),
        ):
            key = f"{feedback},{output},{readout},{target},{name}"
            lines.append(key + "," + ",".join(f"{v:.8g}" for v in values))
    (HERE / "esn_golden.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
