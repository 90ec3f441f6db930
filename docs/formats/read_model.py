#!/usr/bin/env python3
"""Reads a model container as docs/formats/model.md describes it and prints it as JSON; independent of the Rust code.

usage: read_model.py [--payload] [--row=X,Y,...] FILE

With --payload an ESN's payload is read too, as the page describes its three layouts, and that of an SVM or a TinyRCE in
integers (layout 2); with --row these two judge a row of features, by the numbers that their integers stand for.
"""
import json
import math
import struct
import sys
import zlib

LEARNERS = {1: "esn", 2: "svm", 3: "rce", 4: "linear", 5: "net", 6: "vae", 7: "knn", 200: "centroid"}
UNITS = {0: "", 1: "m/s2", 2: "rad/s", 3: "degC", 4: "kPa", 5: "V", 6: "A"}
STOPS = ["converged", "iteration limit", "memory cap", "cancelled"]
METRICS = ["mean squared error", "KKT gap", "accuracy"]


def read(data):
    magic, version, learner, layout, length, head_crc = struct.unpack_from("<4sHBBII", data)
    assert magic == b"HONE", "not a container"
    assert zlib.crc32(data[:12]) == head_crc, "header damaged"
    assert version == 1, f"version {version}, this reads 1"
    assert len(data) == length, f"{len(data)} bytes, not {length}"
    assert zlib.crc32(data[:-4]) == struct.unpack("<I", data[-4:])[0], "damaged"
    model = {"version": version, "learner": LEARNERS[learner], "layout": layout}
    at, last = 16, 0
    while at < length - 4:
        tag, size = struct.unpack_from("<BI", data, at)
        body = data[at + 5 : at + 5 + size]
        assert tag > last and at + 5 + size <= length - 4, f"malformed at {at}"
        name, section = SECTIONS[tag]
        model[name] = section(body)
        at, last = at + 5 + size, tag
    assert last == 7, "no payload"
    return model


def text(body, at):
    end = at + 1 + body[at]
    return body[at + 1 : end].decode(), end


def entries(body):
    found, at = [], 0
    while at < len(body):
        name, at = text(body, at)
        kind, at = body[at], at + 1
        if kind == 3:
            value, at = text(body, at)
        else:
            form = "<i" if kind == 0 else "<f" if kind == 1 else "<?"
            (value,) = struct.unpack_from(form, body, at)
            at += struct.calcsize(form)
        found.append([name, value])
    return found


def classes(body):
    found, at = [], 0
    while at < len(body):
        (number,) = struct.unpack_from("<H", body, at)
        name, at = text(body, at + 2)
        found.append([number, name])
    return found


def report(body):
    stop, metric, rows, iterations, work, quality = struct.unpack("<BBIIQf", body)
    return {"stop": STOPS[stop], "metric": METRICS[metric], "rows": rows, "iterations": iterations, "work": work,
            "quality": quality}


SECTIONS = {
    1: ("parameters", entries),
    2: ("pipeline", entries),
    3: ("channels", lambda body: [[scale, UNITS[unit]] for scale, unit in struct.iter_unpack("<fB", body)]),
    4: ("scaling", lambda body: [list(pair) for pair in struct.iter_unpack("<ff", body)]),
    5: ("classes", classes),
    6: ("report", report),
    7: ("payload", bytes.hex),
}


class Postcard:
    """Items of postcard's encoding, one after another."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def take(self, count):
        piece = self.body[self.at : self.at + count]
        assert len(piece) == count, "the payload ends early"
        self.at += count
        return piece

    def byte(self):
        return self.take(1)[0]

    def whole(self):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def real(self):
        return struct.unpack("<f", self.take(4))[0]

    def reals(self):
        return [self.real() for _ in range(self.whole())]

    def sequence(self):
        return self.take(self.whole())


# In the order in which they are written; whole numbers and choices are alike.
ESN_PARAMETERS = """units:whole density:real spectral-radius:real leak:real input-scale:real seed:whole feedback:real output:whole
readout:whole target:whole ridge:real washout:whole carry:byte remove-mean:byte scale-windows:whole fit-windows:whole
calibrate-windows:whole score:whole rule:whole k:real quantile:real margin:real average:whole""".split()


def weights(items, units, count):
    """A readout in few bits: form, bits, and what weights its table and codes stand for."""
    form, bits, table, codes = items.byte(), items.byte(), items.reals(), items.sequence()
    if form == 1:
        assert len(table) == 1 << bits, "the table has another length"
        found = [table[byte >> place & (1 << bits) - 1] for byte in codes for place in range(0, 8, bits)][:count]
    elif form == 2:
        assert bits == 8 and len(table) == 2 * (count // units), "the table has another length"
        found = [table[i // units * 2 + 1] + table[i // units * 2] * code for i, code in enumerate(codes)]
    else:
        assert form == 3 and bits <= 15 and not table, f"form {form}"
        found = [number / (1 << bits) for (number,) in struct.iter_unpack("<h", codes)]
    assert len(found) == count, "the codes are of another number of weights"
    return {"form": form, "bits": bits, "weights": found}


def esn(layout, body):
    items = Postcard(body)
    parameters = {}
    for name in ESN_PARAMETERS:
        name, kind = name.split(":")
        parameters[name] = getattr(items, kind)()
    channels, frames = items.whole(), items.whole()
    gain = items.real()
    names = ("upper", "lower", "median", "sigma")
    thresholds = {error: {name: items.real() for name in names} for error in ("mse", "nmse")}
    model = {"parameters": parameters, "channels": channels, "window-frames": frames, "gain": gain,
             "thresholds": thresholds, "quality": items.real(), "mean": items.reals(), "factor": items.reals()}
    units = parameters["units"]
    assert len(model["mean"]) == len(model["factor"]) == channels, "channels"
    if layout == 1:
        model.update(form=0, bits=32, weights=items.reals())
        assert len(model["weights"]) == units * channels, "weights"
    else:
        model.update(weights(items, units, units * channels))
    if layout != 3:
        model.update(input=items.reals(), output=items.reals())
    assert items.at == len(body), "bytes follow the payload"
    return model


class Words:
    """Parts of integers, each of which begins a word."""

    def __init__(self, body):
        self.body, self.at = body, 0

    def part(self, form, count):
        size = struct.calcsize(form) * count
        found = struct.unpack_from(f"<{count}{form}", self.body, self.at)
        self.at += (size + 3) // 4 * 4
        return list(found)

    def frame(self, features):
        """Mean and codes per unit of each feature."""
        numbers = [self.part("i", 1) + self.part("I", 1) for _ in range(features)]
        shifts = [word & 255 if word & 128 == 0 else (word & 255) - 256 for _, word in numbers]
        means = [mean * 2.0 ** -shift for (mean, _), shift in zip(numbers, shifts)]
        return means, [(word >> 8) * 2.0 ** (shift - 28) for (_, word), shift in zip(numbers, shifts)]

    def codes(self, form, features):
        return [code - 128 for code in self.part("B", features)] if form == 1 else self.part("h", features)


def standardised(form, frame, row):
    low, high = (-128, 127) if form == 1 else (-32768, 32767)
    return [min(max(math.floor((x - mean) * gain + 0.5), low), high) for x, mean, gain in zip(row, *frame)]


def svm(body, row):
    items = Postcard(body)
    task, kernel, _gamma, _coef0, _degree = items.byte(), items.byte(), items.real(), items.real(), items.byte()
    _rows, features, classes, vectors, form = items.byte(), items.whole(), items.whole(), items.whole(), items.byte()
    words = Words(items.sequence())
    assert items.at == len(body) and 1 <= form <= 17 and kernel in (0, 1), "form"
    pairs = max(1, classes * (classes - 1) // 2)
    fraction = 7 if form == 1 else form - 2
    model = {"task": ["", "classes", "novelty"][task], "kernel": ["linear", "rbf"][kernel], "form": form}
    model["classes"] = words.part("I", classes)
    biases = words.part("i", pairs)
    if kernel == 0:
        shifts = words.part("b", features)
        rows = [words.part("b" if form == 1 else "h", features) for _ in range(pairs)]
        model["weights"] = [[w * 2.0 ** (s - 17 - fraction) for w, s in zip(r, shifts)] for r in rows]
        model["biases"] = [b * 2.0 ** -16 for b in biases]
        values = [b + sum(w * x for w, x in zip(r, row)) for b, r in zip(model["biases"], model["weights"])]
    else:
        (mantissa,), (shift, point, _, _) = words.part("I", 1), words.part("b", 4)
        exponent = mantissa * 2.0 ** (shift - 32 - 16 - (0 if form == 1 else max(0, 2 * fraction - 16)))
        frame = words.frame(features)
        width = 1 if classes <= 2 else classes
        numbers = words.part("h", vectors * width)
        rows = [words.codes(form, features) for _ in range(vectors)]
        model["biases"] = values = [b * 2.0 ** -point for b in biases]
        values = list(values)
        query = standardised(form, frame, row)
        for at, codes in enumerate(rows):
            own = numbers[at * width : (at + 1) * width]
            machines = [(0, own[0])]
            if classes > 2:
                others = [c for c in range(classes) if c != own[0]]
                order = [(a, b) for a in range(classes) for b in range(a + 1, classes)]
                machines = [(order.index((min(own[0], o), max(own[0], o))), c) for o, c in zip(others, own[1:])]
            distance = sum((a - b) ** 2 for a, b in zip(query, codes))
            for machine, coefficient in machines:
                values[machine] += coefficient * 2.0 ** (7 - point) * 2.0 ** (-distance * exponent)
    assert words.at == len(words.body), "words"
    return {**model, "values": values} if row else model


def rce(body, row):
    items = Postcard(body)
    form, squares, fallback = items.byte(), items.byte(), items.byte()
    features, count = items.whole(), items.whole()
    rivalry, share, rest = items.whole(), items.whole(), items.whole()
    words = Words(items.sequence())
    assert items.at == len(body) and 1 <= form <= 17, "form"
    frame = words.frame(features)
    radii, usual, classes = words.part("I", count), words.part("I", count), words.part("H", count)
    rows = [words.codes(form, features) for _ in range(count)]
    assert words.at == len(words.body), "words"
    model = {"form": form, "squares": squares, "fallback": fallback, "rivalry": rivalry / 65536, "classes": classes,
             "radii": radii, "usual": usual, "share": share / 65536, "rest": rest, "prototypes": rows}
    if row and rows:
        query = standardised(form, frame, row)
        keys = [sum((a - b) ** 2 if squares else abs(a - b) for a, b in zip(query, codes)) for codes in rows]
        model["nearest"] = classes[keys.index(min(keys))]
    return model


if __name__ == "__main__":
    with open(sys.argv[-1], "rb") as file:
        found = read(file.read())
    rows = [[float(x) for x in a[6:].split(",")] for a in sys.argv[1:-1] if a.startswith("--row=")]
    if "--payload" in sys.argv[1:-1]:
        learner, layout, payload = found["learner"], found["layout"], bytes.fromhex(found["payload"])
        row = rows[0] if rows else []
        if learner == "esn" and layout in (1, 2, 3):
            found["esn"] = esn(layout, payload)
        else:
            assert layout == 2, "of an SVM and a TinyRCE only layout 2 can be read"
            found[learner] = svm(payload, row) if learner == "svm" else rce(payload, row)
    json.dump(found, sys.stdout, indent=1)
