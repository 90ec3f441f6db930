# SPDX-License-Identifier: Apache-2.0
"""Channels that the devicetree names: several sensors, each channel with its own scale and unit."""

import re


def test_each_channel_has_its_scale_and_unit(device):
    lines = device.text("sensor info").splitlines()
    assert lines[0] == "replay: 3 channels at 1000 Hz by the clock", lines
    # A 32768th of the full scale of tests/app/channels.overlay.
    scales = [re.fullmatch(r" *channel (\d): (\S+) (\S+) per LSB", line).groups() for line in lines[1:4]]
    assert [(n, unit) for n, _, unit in scales] == [("0", "m/s2"), ("1", "degC"), ("2", "m/s2")], lines
    for (_, scale, _), full in zip(scales, [8, 100, 16]):
        assert abs(float(scale) * 32768 / full - 1) < 0.001, lines
    assert lines[4] == "well", lines


def test_they_are_read_of_both_sensors_at_one_rate(device):
    device.run("replay normal")
    before = device.stats()["sampling"]
    device.run("wait 5")
    after = device.stats()["sampling"]
    assert after["frames"] - before["frames"] > 4990, (before, after)
    # One step of a sensor is one frame, though two channels are of it: gravity is on the third.
    x, warm, z = re.fullmatch(r"(\S+) m/s2, (\S+) degC, (\S+) m/s2", device.text("sensor read").strip()).groups()
    assert abs(float(x)) < 3 and 40 < float(warm) < 42 and 8 < float(z) < 12, (x, warm, z)


def test_a_model_learns_them_and_a_fault_in_one_is_found(device):
    device.train("esn")
    device.run("wait 3")
    assert "normal" in device.text("infer once")
    device.run("replay faulty")
    device.run("wait 3")
    assert "anomal" in device.text("infer once")
    device.run("replay normal")


def test_the_stacks_are_large_enough(device):
    assert not device.full_stacks()
