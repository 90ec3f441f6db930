# SPDX-License-Identifier: Apache-2.0
"""Models over the console, in the lines of docs/formats/transfer.md: from here, and by the `hone` program."""

import base64
import os
import pathlib
import queue
import re
import shutil
import subprocess
import threading
import time
import tty

import pytest

BYTES = 48


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(data):
    """The lines that carry these bytes."""
    blocks = [len(data).to_bytes(4, "little")] + [data[at:at + BYTES] for at in range(0, len(data), BYTES)]
    lines, transfer = [], crc32c(data)
    for number, block in enumerate(blocks):
        text = f"HM {number:04x} {transfer:08x} {base64.b64encode(block).decode()}"
        lines.append(f"{text} {crc32c(text.encode()):08x}")
    return lines


def exported(device):
    """The bytes of the model in use."""
    lines = [line for line in device.run("model export") if line.startswith("HM ")]
    data = b"".join(base64.b64decode(line.split()[3]) for line in lines[1:])
    assert frame(data) == lines
    return data


def judged(device, mode):
    """Decision and score of the first windows of this motor, from its first step on."""
    # Without an answer of the sensor a window is given up: the next one begins with the motor's first step.
    device.run("replay fail")
    device.run("wait 1")
    device.run("replay rewind")
    device.run("wait 1")
    device.run("infer on -v")
    device.forget()
    device.run(f"replay {mode}")
    device.run("wait 6")
    device.run("infer on")
    found = [re.search(r"\] (normal|anomalous), score (\S+)", event) for event in device.events]
    found = [(verdict[1], verdict[2]) for verdict in found if verdict]
    assert len(found) > 10
    return found[:10]


def verdicts(device):
    both = judged(device, "faulty"), judged(device, "normal")
    assert {"normal", "anomalous"} <= {decision for verdicts in both for decision, _ in verdicts}
    return both


def say(device, line, answer):
    """Types a line of a transfer; the answer's line."""
    device.dut.write(f"{line}\n".encode())
    return device.read_until(answer, 60)[-1]


class Models:
    """Two models of one motor: bytes and verdicts of the first, bytes of the second, which is in use."""

    def __init__(self, device):
        device.run("replay normal")
        device.train("esn")
        self.first = exported(device)
        self.verdicts = verdicts(device)
        device.run("replay normal")
        device.run("config set esn.seed 7")
        device.train("esn")
        device.run("config reset esn.seed")
        self.second = exported(device)
        assert self.second != self.first


@pytest.fixture(scope="module")
def models(device):
    return Models(device)


def test_an_import_brings_the_model_and_its_verdicts(device, models):
    lines = frame(models.first)
    say(device, "model import", "^send 0$")
    for number, line in enumerate(lines[:-1]):
        if number == 3:
            # Damaged, of garbage, of nothing, one after the next, one again: each is answered with what is wanted.
            for harmed in [line.replace(line[20], "!"), line[:40], "hello", "", lines[5], lines[1], "x" * 200]:
                say(device, harmed, "^send 3$")
        if number == 8:
            # A sender that begins again goes on where it stopped; blanks around a line do not count.
            say(device, lines[0], "^send 8$")
            line = f"  {line}\r"
        say(device, line, f"^send {number + 1}$")
    assert exported_meanwhile(device, lines[-1]) == f"complete {len(models.first)}"
    device.read_until("imported: esn, ", 60)
    device.run("")
    assert exported(device) == models.first
    assert verdicts(device) == models.verdicts


def test_an_import_may_be_pasted_whole(device, models):
    lines = frame(models.second)
    # No faster than a serial line would, and without a look at the answers.
    for line in ["model import", *lines]:
        device.dut.write(f"{line}\n".encode())
        time.sleep(0.01)
    device.read_until(f"^complete {len(models.second)}$", 60)
    device.read_until("imported: esn, ", 60)
    device.run("")
    assert exported(device) == models.second


def exported_meanwhile(device, line):
    device.dut.write(f"{line}\n".encode())
    return device.read_until(r"^complete \d+$", 60)[-1]


def refused(device, data, error):
    """Sends these bytes, which the device refuses with this error."""
    say(device, "model import", "^send 0$")
    for line in frame(data):
        last = say(device, line, r"^send \d+$|^complete \d+$|^too-long \d+$")
        if not last.startswith("send"):
            break
    device.read_until(f"^error: .*{error}", 60)
    device.run("")


def test_nothing_changes_until_all_of_it_has_been_found_good(device, models):
    in_use = exported(device)
    other = models.second if in_use == models.first else models.first
    lines = frame(other)
    # The line goes dead in the middle.
    say(device, "model import", "^send 0$")
    for number, line in enumerate(lines[:9]):
        say(device, line, f"^send {number + 1}$")
    device.dut.write(lines[9][:30].encode())
    device.read_until("^error: nothing came for 30 s; nothing was changed", 120)
    device.run("")
    assert exported(device) == in_use
    # Given up by hand, in two ways.
    for end, error in [(b"end\n", "import ended"), (b"\x03", "the lines ended early")]:
        say(device, "model import", "^send 0$")
        for number, line in enumerate(lines[:5]):
            say(device, line, f"^send {number + 1}$")
        device.dut.write(end)
        device.read_until(f"^error: {error}; nothing was changed", 60)
        device.run("")
    # Whole, and not a good model.
    changed = bytearray(other)
    changed[len(other) // 2] ^= 4
    refused(device, bytes(changed), "checksum")
    refused(device, other[:-7], "cut off")
    refused(device, b"This is no model. " * 9, "not a model")
    refused(device, bytes(20_000), "larger than the working memory")
    assert exported(device) == in_use
    # The working memory has come home.
    assert "training" in device.text("train esn")
    device.event("training .* started")
    device.run("train cancel")


def test_an_import_waits_for_no_training_and_holds_none_up(device, models):
    device.run("config set esn.fit-windows 10000")
    device.forget()
    device.run("train esn")
    device.event("training .* started")
    assert "error: a training is under way" in device.text("model import")
    device.run("train cancel")
    device.run("config set esn.fit-windows 64")
    before = device.stats()
    say(device, "model import", "^send 0$")
    for number, line in enumerate(frame(models.second)[:20]):
        say(device, line, f"^send {number + 1}$")
    say(device, "end", "nothing was changed")
    device.run("")
    after = device.stats()
    assert after["sampling"]["frames"] > before["sampling"]["frames"]
    assert after["sampling"]["overruns"] == before["sampling"]["overruns"]


class Port:
    """A pseudo-terminal whose other end is the device's console, byte for byte."""

    def __init__(self, dut):
        self.dut = dut
        self.bytes = queue.Queue()
        # The harness makes text of what it reads.
        read = dut._read_device_output

        def copied():
            self.bytes.put(data := read())
            return data

        dut._read_device_output = copied
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.said = []
        self.over = False
        self.threads = [threading.Thread(target=self.type), threading.Thread(target=self.show)]
        for thread in self.threads:
            thread.start()

    def type(self):
        os.set_blocking(self.master, False)
        while not self.over:
            try:
                self.dut.write(os.read(self.master, 4096))
            except BlockingIOError:
                time.sleep(0.002)

    def show(self):
        while not self.over:
            try:
                text = self.bytes.get(timeout=0.02)
            except queue.Empty:
                continue
            self.said.append(text)
            while text and not self.over:
                try:
                    text = text[os.write(self.master, text):]
                except BlockingIOError:
                    time.sleep(0.002)

    def close(self):
        self.over = True
        del self.dut._read_device_output
        for thread in self.threads:
            thread.join()
        os.close(self.master)
        os.close(self.slave)


def program():
    """The `hone` program: HONE_PROGRAM, one in PATH, or the newest that cargo has built."""
    built = [pathlib.Path(__file__).parents[3] / "target" / kind / "hone" for kind in ["release", "debug"]]
    built = sorted((path for path in built if path.exists()), key=lambda path: -path.stat().st_mtime)
    found = [os.environ.get("HONE_PROGRAM"), *built, shutil.which("hone")]
    return next((str(path) for path in found if path), None)


@pytest.fixture
def hone(device):
    name = program()
    if name is None:
        pytest.skip("no hone program: cargo build -p hone-host, or set HONE_PROGRAM")
    port = Port(device.dut)

    def run(what, path, *more, wanted=0):
        done = subprocess.run([name, what, port.path, str(path), *more], capture_output=True, text=True, timeout=240)
        text = done.stdout + done.stderr
        assert done.returncode == wanted, f"{what}: {text}\n{port.said[-20:]}"
        return text

    yield run
    port.close()
    device.run("")


def test_the_program_pulls_and_pushes(device, models, hone, tmp_path):
    here, there = tmp_path / "here.hone", tmp_path / "there.hone"
    here.write_bytes(models.second)
    assert hone("push", here).startswith("imported: esn, ")
    assert hone("pull", there).startswith("fetched: esn, ")
    assert there.read_bytes() == models.second
    here.write_bytes(models.first)
    assert hone("push", here).startswith("imported: esn, ")


def test_what_was_pushed_judges_as_before(device, models):
    assert exported(device) == models.first
    assert verdicts(device) == models.verdicts


def test_the_program_sends_no_model_that_is_cut_off(device, models, hone, tmp_path):
    path = tmp_path / "no.hone"
    path.write_bytes(models.first[:-9])
    assert f"it is cut off: it has {len(models.first) - 9} of {len(models.first)} bytes" in hone("push", path, wanted=1)


def test_transfers_left_the_device_well(device):
    stats = device.stats()
    assert (stats["sampling"]["overruns"], stats["sampling"]["blocks_lost"]) == (0, 0)
    assert not device.full_stacks()
