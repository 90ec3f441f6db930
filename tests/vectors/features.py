#!/usr/bin/env python3
"""Golden features: writes features.txt beside itself. Needs NumPy.

The windows are made by integer arithmetic that rust/signal/tests/features.rs repeats; the features are computed
here in 64-bit floating point, from their definitions in rust/signal/src/features*.rs.
Lines: `SET CHANNELS FRAMES SIZE`, then one line of numbers.
"""
import pathlib
import numpy as np

FLOOR = 1 / 12


def window(channels, frames):
    state, out = 12345, []
    for i in range(channels * frames):
        state = (state * 1103515245 + 12345) % 2**31
        t, c = divmod(i, channels)
        out.append((state >> 16) % 401 - 200 + (1000 * c - 700) + (t * (37 + 11 * c)) % 900)
    return np.array(out).reshape(frames, channels).T.astype(float)


def time(x, log):
    mean, d = x.mean(), x - x.mean()
    var = (d**2).mean()
    power = (x**2).mean()
    pp = x.max() - x.min()
    above = d >= 0
    return [mean, 0.5 * np.log(power + FLOOR) if log else np.sqrt(power),
            0.5 * np.log(var + FLOOR) if log else np.sqrt(var), (d**3).mean() / var**1.5, (d**4).mean() / var**2,
            abs(d).max() / np.sqrt(var), np.log(1 + pp) if log else pp, (above[1:] != above[:-1]).mean()]


def spectrum(x, bands):
    # A window beyond the longest transform has the mean of segments' powers, which overlap by half at least.
    n = min(len(x), 2048)
    count = -(-2 * len(x) // n) - 1
    f = 8
    while f < n:
        f *= 2
    w = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    starts = [(len(x) - n) * k // max(count - 1, 1) for k in range(count)]
    p = np.mean([abs(np.fft.rfft((x[a:a + n] - x.mean()) * w, f)[1:])**2 for a in starts], 0) / (3 * n / 8)
    edges = [b * (f // 2) // bands for b in range(bands + 1)]
    return [np.log(p[a:b].mean() + FLOOR) for a, b in zip(edges, edges[1:])]


with open(pathlib.Path(__file__).with_name('features.txt'), 'w') as out:
    for channels, frames, size in [(2, 200, 24), (3, 256, 24), (6, 128, 4), (1, 5, 2), (1, 3000, 24), (2, 4096, 24)]:
        w = window(channels, frames)
        for name, values in [('time', [v for x in w for v in time(x, False)]),
                             ('time-log', [v for x in w for v in time(x, True)]),
                             ('log-spectrum', [v for x in w for v in spectrum(x, size)])]:
            print(name, channels, frames, size, file=out)
            print(*(f'{v:.9g}' for v in values), file=out)
