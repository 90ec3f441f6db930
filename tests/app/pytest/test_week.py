# SPDX-License-Identifier: Apache-2.0
"""A slow signal foretold by linear regression over as many frames as a week of minutes has, read once a second so that it takes
minutes to emulate: a course that repeats, a level that rises, a gap, a fault and a restart. In order on one device."""

import json

# Frames of a window, and of an hour.
WINDOW = 16
HOUR = 60


def wait(device, hours):
    # The device sleeps most of the time; the emulator needs about a minute for an hour's worth of seconds.
    device.run(f"wait {hours * HOUR}", timeout=600)


def hours(device, count):
    """Lets so many hours' frames pass; what was foretold meanwhile: value, lower and upper bound, seen."""
    device.run("config set device.telemetry json")
    device.run("infer on -v")
    lines = device.run(f"wait {count * HOUR}", timeout=600)
    device.run("infer off")
    device.run("config set device.telemetry text")
    told = [json.loads(line) for line in lines if line.startswith('{"event":"verdict"')]
    assert abs(len(told) - count * HOUR / WINDOW) <= 2, len(told)
    return told


def foretold(told):
    return [entry for entry in told if "value" in entry]


def coverage(told):
    entries = foretold(told)
    return sum(entry["lower"] <= entry["seen"] <= entry["upper"] for entry in entries) / len(entries)


def test_learns_three_days(device):
    assert "3 channels at 1 Hz" in device.text("sensor info"), device.text("sensor info")
    device.run("replay normal")
    for setting in ["lags 2", "trend on", "harmonics 3", "period 1000", "adapt on"]:
        assert "error" not in device.text(f"config set linear.{setting}")
    device.run("train linear --windows 270")
    wait(device, 3 * 24 + 2)
    assert "converged" in device.text("train status"), device.text("train status")
    text = device.text("model info")
    assert "channel 0 from" in text and "learnt" in text, text


def test_the_interval_holds_for_a_day(device):
    told = hours(device, 24)
    assert len(foretold(told)) > 80
    assert 0.85 <= coverage(told) <= 1.0, coverage(told)
    assert sum(entry["decision"] == "anomalous" for entry in told) <= 1


def test_a_gap_of_hours_is_waited_out(device):
    before = foretold(hours(device, 2))[-1]
    device.run("replay fail")
    wait(device, 5)
    device.run("replay normal")
    told = hours(device, 6)
    after = foretold(told)
    assert len(after) > 15 and coverage(told) > 0.8
    assert after[-1]["upper"] - after[-1]["lower"] < 1.5 * (before["upper"] - before["lower"])


def test_finds_what_is_not_expected(device):
    device.run("replay faulty")
    told = hours(device, 6)
    assert sum(entry["decision"] == "anomalous" for entry in told) > len(told) / 2
    device.run("replay normal")
    wait(device, 1)


def test_is_there_after_a_restart(device):
    device.text("model save", timeout=300)
    device.dut.write(b"kernel reboot cold\n")
    device.read_until(r"Booting Zephyr", 60)
    device.read_until(r"model restored: linear", 60)
    device.run("")
    device.run("replay normal")
    told = hours(device, 24)
    # Trend and course are unknown to a clock that has begun anew: the interval is wide until they are learnt again.
    assert len(foretold(told)) > 60 and coverage(told) > 0.85, coverage(told)
    first, last = foretold(told)[0], foretold(told)[-1]
    assert last["upper"] - last["lower"] < first["upper"] - first["lower"]


def test_it_was_a_week(device):
    stats = device.stats()
    assert stats["sampling"]["overruns"] == 0 and stats["device"]["events_lost"] == 0
    assert not device.full_stacks()
