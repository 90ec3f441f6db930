# SPDX-License-Identifier: Apache-2.0
"""Recordings over the console by the `hone` program, and the time of day."""

import re
import struct

import pytest
# The port and the program.
from test_transfer import hone  # noqa: F401


def lost(device):
    sampling = device.stats()["sampling"]
    return sampling["overruns"], sampling["blocks_lost"]


@pytest.fixture(scope="module")
def before(device):
    """What was lost before these tests: others break the sensor on purpose."""
    return lost(device)


def test_the_program_records_what_is_sampled(device, before, hone, tmp_path):
    if not device.records:
        assert "CONFIG_HONE_RECORD" in device.text("record 1")
        pytest.skip("this image does not record")
    path = tmp_path / "motor.npy"
    device.run("replay normal")
    told = hone("record", path, "--seconds", "20", "--raw")
    assert "frames of 3 channels" in told and "missing" not in told, told
    head, data = path.read_bytes()[10:].split(b"\n", 1)
    frames, channels = map(int, re.search(rb"'shape': \((\d+), (\d+)\)", head).groups())
    rate = device.stats()["sampling"]["rate_hz"]
    assert channels == 3 and abs(frames - 20 * rate) < 0.02 * 20 * rate and b"<i2" in head
    values = struct.unpack(f"<{3 * frames}h", data)
    # The motor's own numbers: gravity on each axis, and a turn of the shaft again and again.
    scale = 4 * 9.80665 / 32768
    means = [sum(values[axis::3]) / frames * scale for axis in range(3)]
    assert all(abs(mean - wanted) < 0.02 for mean, wanted in zip(means, [0.147, -0.098, 9.804])), means
    x = [v * scale - means[0] for v in values[0::3]]
    period = rate / 24.7
    lag = round(50 * period)
    power = sum(v * v for v in x[lag:])
    assert sum(a * b for a, b in zip(x, x[lag:])) / power > 0.9, "each frame in its place"
    manifest = path.with_suffix(".toml").read_text()
    assert f"rate_hz = {rate:g}" in manifest and 'unit = "m/s2"' in manifest
    device.run("")
    assert "nothing is recorded" in device.text("record off")


def test_the_time_of_day_is_kept_by_the_clock(device):
    if "not in this build" in device.text("time"):
        pytest.skip("this build keeps no time of day")
    kept = "known until the next restart"
    if device.clock:
        kept = "kept by the board's clock"
    assert "error: the time of day is not known" in device.text("time")
    assert kept in device.text("time set 2026-11-30T23:59:59Z")
    device.run("wait 2")
    assert "2026-12-01T00:00:0" in device.text("time")


def test_recordings_left_the_device_well(device, before):
    assert lost(device) == before
    assert not device.full_stacks()
