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


def whole(value):
    return bytes([value & 127 | 128]) + whole(value >> 7) if value > 127 else bytes([value])


def reals(*values):
    return whole(len(values)) + struct.pack(f"<{len(values)}f", *values)


def readout(form, bits, table, codes):
    return bytes([form, bits]) + reals(*table) + whole(len(codes)) + bytes(codes)


def esn(units, channels, packed, carry=0, mean=(1000.0, 3.0)):
    """An ESN's payload of layout 3, as docs/formats/model.md describes it."""
    head = whole(units) + struct.pack("<4f", 0.1, 1.1, 0.9, 0.3) + whole(1) + struct.pack("<f", 0.0) + whole(0) + whole(0)
    head += whole(1) + struct.pack("<f", 1e-3) + whole(4) + bytes([carry, 1]) + whole(4) + whole(12) + whole(16)
    head += whole(0) + whole(0) + struct.pack("<3f", 4.0, 0.99, 1.2) + whole(2) + whole(channels) + whole(16)
    head += struct.pack("<f", 1.3) + struct.pack("<8f", 0.4, 0.0, 0.2, 0.05, 0.9, 0.0, 0.5, 0.1) + struct.pack("<f", 0.2)
    return head + reals(*mean[:channels]) + reals(*([0.01] * channels)) + packed


lists = whole(0) + whole(0)
codes = [i * 37 % 256 for i in range(64)]
seed("integer", "int8", b"\x00" + esn(16, 2, readout(2, 8, (0.004, -0.5, 0.002, -0.25), codes[:32])))
seed("integer", "int8-carried", b"\x00" + esn(8, 1, readout(2, 8, (0.01, -1.0), codes[:8]), carry=1))
seed("integer", "q5-10", b"\x01" + esn(16, 2, readout(3, 10, (), [c if i % 2 == 0 else c % 4 for i, c in enumerate(codes)])))
seed("integer", "clustered", b"\x02" + esn(16, 2, readout(1, 2, (-0.5, -0.1, 0.2, 0.6), codes[:8])) + lists)
seed("integer", "large-table", b"\x02" + esn(8, 1, readout(1, 4, [i / 16 for i in range(16)], codes[:4])) + lists)
seed("integer", "affine", b"\x02" + esn(16, 2, readout(2, 8, (0.004, -0.5, 0.002, -0.25), codes[:32])) + lists)


def words(*parts):
    """Parts of bytes, each of which begins a word."""
    return b"".join(part + bytes(-len(part) % 4) for part in parts)


def svm(kernel, form, features, classes, vectors, body, task=1):
    """An SVM's payload of layout 2, as docs/formats/model.md describes it."""
    head = bytes([task, kernel]) + struct.pack("<2f", 0.25, 0.0) + bytes([3, 0])
    head += whole(features) + whole(len(classes)) + whole(vectors) + bytes([form])
    body = struct.pack(f"<{len(classes)}I", *classes) + body
    return head + whole(len(body)) + body


def packed(form, *values):
    """Numbers, one after another: all of one form, or of the forms given."""
    return struct.pack(f"<{len(values)}{form}" if len(form) == 1 else "<" + form, *values)


def frame(*features):
    """Mean, factor and shift of each feature."""
    return b"".join(struct.pack("<iI", mean, factor << 8 | shift & 255) for mean, factor, shift in features)


biases = packed("i", -3000, 70000, 5)
weights = [packed("b", 127, -64, 3), packed("b", -90, 20, 0), packed("b", 1, 2, 3)]
seed("integer", "svm-linear", b"\x03" + svm(0, 1, 3, (1, 4, 9), 7, words(biases, packed("b", 17, 12, 9), *weights)))
exponent = packed("IBb", 3 << 30, 6, 19)
codes = [packed("3B", 130, 99, 255), packed("3B", 0, 128, 140)]
kernel = (exponent, frame((500, 5 << 20, 3), (-90, 6 << 20, -4), (0, 0, 0)))
numbers = packed("hhh", 0, 16000, -9000) + packed("HhH", 2, -300, 12)
seed("integer", "svm-rbf", b"\x03" + svm(1, 1, 3, (1, 4, 9), 2, words(biases, *kernel, numbers, *codes)))
codes = [packed("3h", 4096, -90, 32767), packed("3h", 0, 1, -2)]
numbers = packed("hh", 16000, -9000)
seed("integer", "svm-novelty", b"\x03" + svm(1, 14, 3, (), 2, words(biases[:4], *kernel, numbers, *codes), task=2))


def rce(form, squares, features, parts, rivalry=22938):
    """A TinyRCE's payload of layout 2, as docs/formats/model.md describes it."""
    body = words(*parts)
    head = bytes([form, squares, 0]) + whole(features) + whole(2) + whole(rivalry) + whole(60000) + whole(2000)
    return head + whole(len(body)) + body


prototypes = (kernel[1], packed("2I", 900, 400), packed("2I", 3000, 4100), packed("2H", 1, 4))
codes = [packed("3B", 130, 99, 255), packed("3B", 0, 128, 140)]
seed("integer", "rce", b"\x04" + rce(1, 0, 3, (*prototypes, *codes)))
codes = [packed("3h", 4096, -90, 32767), packed("3h", 0, 1, -2)]
seed("integer", "rce-squares", b"\x04" + rce(14, 1, 3, (*prototypes, *codes), rivalry=0))
