#!/usr/bin/env python3
"""Reads a model container as docs/formats/model.md describes it and prints it as JSON; independent of the Rust code.

usage: read_model.py FILE
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

if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        json.dump(read(file.read()), sys.stdout, indent=1)
