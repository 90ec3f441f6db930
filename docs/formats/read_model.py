#!/usr/bin/env python3
"""Reads a model container as docs/formats/model.md describes it and prints it as JSON; independent of the Rust code.

usage: read_model.py [--payload] FILE

With --payload an ESN's payload is read too, as the page describes its three layouts.
"""
import json
import struct
import sys
import zlib

LEARNERS = {1: "esn", 2: "svm", 3: "rce"}
UNITS = {0: "", 1: "m/s2", 2: "rad/s", 3: "degC"}
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


if __name__ == "__main__":
    with open(sys.argv[-1], "rb") as file:
        found = read(file.read())
    if "--payload" in sys.argv[1:-1]:
        assert found["learner"] == "esn" and found["layout"] in (1, 2, 3), "only an ESN's payload can be read"
        found["esn"] = esn(found["layout"], bytes.fromhex(found["payload"]))
    json.dump(found, sys.stdout, indent=1)
