#!/usr/bin/env python3
"""Writes the corpora's first inputs: fuzz/seeds.py, from the root of the repository."""
import base64
import pathlib
import struct
import zlib

corpus = pathlib.Path(__file__).parent / "corpus"


def seed(target, name, data):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


model = (pathlib.Path(__file__).parent.parent / "tests/vectors/model-v1.hone").read_bytes()
seed("container", "model", b"\x00" + model)
for learner in (1, 2, 3):
    seed("container", f"sealed-{learner}", b"\x01" + model[:6] + bytes([learner]) + model[7:])


def lines(data, transfer="0badcafe"):
    blocks = [struct.pack("<I", len(data))] + [data[i : i + 48] for i in range(0, len(data), 48)]
    return "".join(f"{{HM {n:04x} {transfer} {base64.b64encode(b).decode()}\n" for n, b in enumerate(blocks))


seed("frame", "two-lines", b"\xff" + lines(bytes(range(90))).encode())
seed("frame", "nothing", b"\x00" + lines(b"", "00000000").encode())
seed("frame", "replies", b"\x40send 12\ncomplete 4096\ntoo-long 9\nmismatch 0\n")


def sealed(data):
    return data + struct.pack("<I", zlib.crc32(data))


def record(key, sequence, value):
    head = sealed(struct.pack("<HHII", 0x5AA5, key, len(value), sequence))
    return head + value + b"\xff" * (-len(value) % 4) + struct.pack("<I", zlib.crc32(head + value))


def page(*records):
    return (sealed(b"HLOG" + struct.pack("<II", 1, 7)) + b"".join(records)).ljust(512, b"\xff")


full = page(record(0, 1, b"a" * 90), record(1, 2, b"b" * 90), record(2, 3, b""), record(0, 4, b"c" * 90))
seed("store", "one-page", full)
seed("store", "two-pages", full + page(record(0, 5, b"d" * 60), record(1, 6, b"e" * 30)))
seed("store", "torn", full[:300] + b"\xff" * 212 + page(record(1, 9, b"f" * 40))[:90])

seed("shell", "commands", b"train esn --windows 20 --wait\ninfer once\nlabel 3\nstats --json\nmodel info\nconfig list")
seed("shell", "settings", b"config set esn.leak 0.3\nconfig get esn.leak\nlabel none\ntrain cancel\nhelp train\nwait 1")
datasets = pathlib.Path(__file__).parent.parent / "datasets"
seed("manifest", "iris", (datasets / "iris.toml").read_bytes())
# The tables of a long one, three of each kind: inputs are as long as the longest seed, and cost by their length.
head, *tables = (datasets / "cwru-anomaly.toml").read_text().split("\n[[")
head = "".join(line for line in head.splitlines(True) if not line.startswith("#"))
kinds = {}
for table in tables:
    kinds.setdefault(table.split("]]")[0], []).append("\n[[" + table.rstrip())
seed("manifest", "cwru-anomaly", (head + "".join(t for kind in kinds.values() for t in kind[:2])).encode())
for form, shape, data in (("<i2", "(2, 3)", bytes(12)), ("<f4", "(4,)", bytes(16)), ("|u1", "(5,)", bytes(5))):
    head = f"{{'descr': '{form}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    seed("recording", form[1:], b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)
