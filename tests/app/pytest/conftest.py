# SPDX-License-Identifier: Apache-2.0
"""A device under twister whose commands are answered in full, whatever it tells in between."""

import json
import pathlib
import re
import time

import pytest
from twister_harness import DeviceAdapter
from twister_harness.exceptions import TwisterHarnessTimeoutException

PROMPT = "hone:~$ "
TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
EVENT = re.compile(r"^\[\d+\.\d+\] ")


class Device:
    """Commands in, lines out. Device time runs faster than the wall's: the emulator skips what the device sleeps."""

    def __init__(self, dut: DeviceAdapter):
        self.dut = dut
        self.marks = 0
        self.events = []
        # Times of all events since the last start.
        self.told = []
        config = (pathlib.Path(dut.device_config.build_dir) / "zephyr/.config").read_text()
        self.keeps = "CONFIG_FLASH_MAP=y" in config
        self.learners = [name for name in ["esn", "svm", "rce", "net"] if f"CONFIG_HONE_{name.upper()}=y" in config]
        self.clock = "CONFIG_RTC=y" in config
        self.records = "CONFIG_HONE_RECORD=y" in config
        self.guarded = "CONFIG_MPU_STACK_GUARD=y" in config

    def clean(self, line):
        # The shell clears its prompt to print an event, and draws it again.
        return TERMINAL.sub("", line).replace(PROMPT, "").strip("\r\n")

    def read_until(self, pattern, timeout):
        """Lines up to the one in which `pattern` is found; fails after `timeout` seconds of the wall's clock."""
        lines, end = [], time.monotonic() + timeout
        while True:
            left = end - time.monotonic()
            assert left > 0, f"no {pattern!r} in {timeout} s; there was: {lines[-20:]}"
            try:
                line = self.clean(self.dut.readline(timeout=min(left, 1.0)))
            except TwisterHarnessTimeoutException:
                continue
            if "Booting Zephyr" in line:
                self.told = []
            if EVENT.match(line):
                self.events.append(line)
                self.told.append(float(line[1:line.index("]")]))
            lines.append(line)
            if re.search(pattern, line):
                return lines

    def run(self, command, timeout=120):
        """The lines that a command answers, without events."""
        self.marks += 1
        mark = f"mark{self.marks}"
        self.dut.write(f"{command}\n{mark}\n".encode())
        lines = self.read_until(rf"{mark}: command not found", timeout)
        return [
            line for line in lines
            if line and mark not in line and not EVENT.match(line) and line.strip() != command.strip()
        ]

    def text(self, command, timeout=120):
        return "\n".join(self.run(command, timeout))

    def event(self, pattern, timeout=120):
        """Waits for an event, also one that has been told since `forget`."""
        for line in self.events:
            if re.search(pattern, line):
                return line
        return self.read_until(pattern, timeout)[-1]

    def forget(self):
        self.events = []

    def stats(self):
        """`stats --json` by name of the object; threads by name of the thread."""
        found = {"thread": {}, "training": []}
        for line in self.run("stats --json"):
            # Not an event that is told as JSON.
            if not line.startswith('{"stats":'):
                continue
            entry = json.loads(line)
            kind = entry.pop("stats")
            if kind == "thread":
                found["thread"][entry["name"]] = entry
            elif kind == "training":
                found["training"].append(entry)
            else:
                found[kind] = entry
        return found

    def teach(self):
        """Windows of both kinds, with labels."""
        for mode, label in [("normal", 1), ("faulty", 2)]:
            self.run(f"replay {mode}")
            self.run("wait 1")
            self.run(f"label {label}")
            self.run("wait 4")
            self.run("label none")

    def anomalous(self, mode):
        """The share of windows found anomalous while the sensor plays so. A single window may be a false alarm."""
        self.run(f"replay {mode}")
        self.run("wait 2")
        before = self.stats()["inference"]
        self.run("wait 10")
        after = self.stats()["inference"]
        normal, anomalous = (after[name] - before[name] for name in ["normal", "anomalous"])
        assert normal + anomalous > 20
        return anomalous / (normal + anomalous)

    def full_stacks(self):
        """Stacks of which more than three quarters have been used."""
        return {
            name: f"{t['stack_used']} of {t['stack_bytes']}"
            for name, t in self.stats()["thread"].items() if t["stack_used"] * 4 > t["stack_bytes"] * 3
        }

    def train(self, *words):
        lines = self.run("train --wait " + " ".join(words), timeout=300)
        assert any(re.match(r"training \d+: .*converged", line) for line in lines), lines
        return lines


@pytest.fixture(scope="session")
def device(dut: DeviceAdapter):
    device = Device(dut)
    device.read_until(r"Booting Zephyr", 30)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        dut.write(b"\n")
        try:
            if PROMPT.strip() in dut.readline(timeout=0.5):
                break
        except TwisterHarnessTimeoutException:
            pass
    device.run("")
    return device
