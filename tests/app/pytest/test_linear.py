# SPDX-License-Identifier: Apache-2.0
"""Linear regression through the console: a number foretold with its interval. The tests run in order on one device."""

import json
import re

import pytest

# `expected 12.3 (-4.5 to 30.1), seen 7.0`
EXPECTED = re.compile(r"expected (\S+) \((\S+) to (\S+)\), seen ([^\s,]+)")


@pytest.fixture(autouse=True)
def there(device):
    if "linear.lags" not in device.text("config list"):
        pytest.skip("this build has no linear regression")


def expected(device):
    device.run("wait 1")
    text = device.text("infer once")
    found = EXPECTED.search(text)
    assert found, text
    value, lower, upper, seen = (float(number) for number in found.groups())
    assert lower < value < upper
    return lower, upper, seen


def test_learns_and_foretells(device):
    device.run("replay normal")
    device.run("wait 1")
    device.train("linear")
    text = device.text("model info")
    assert text.startswith("linear, ") and "channel 0 from 8 inputs" in text, text
    within = [lower <= seen <= upper for lower, upper, seen in (expected(device) for _ in range(12))]
    assert sum(within) >= 8, within


def test_tells_value_and_interval_as_json(device):
    device.run("config set device.telemetry json")
    device.run("infer on -v")
    lines = device.run("wait 2")
    device.run("infer on")
    device.run("config set device.telemetry text")
    told = [json.loads(line) for line in lines if line.startswith('{"event":"verdict"')]
    assert len(told) > 5, lines
    assert all(entry["lower"] < entry["value"] < entry["upper"] for entry in told if "value" in entry), told
    assert sum("value" in entry for entry in told) > 5, told


def test_a_gap_is_waited_out(device):
    before = expected(device)
    device.run("replay fail")
    device.run("wait 1")
    assert "does not answer" in device.event("sensor: ")
    device.run("replay normal")
    device.run("wait 2")
    after = expected(device)
    assert after[1] - after[0] < 1.2 * (before[1] - before[0])


def test_finds_what_is_not_expected(device):
    assert device.anomalous("faulty") > 0.7
    assert device.anomalous("normal") < 0.1


def test_is_the_same_after_a_restart(device):
    saved = device.text("model save", timeout=300)
    info = device.text("model info").splitlines()
    device.dut.write(b"kernel reboot cold\n")
    device.read_until(r"Booting Zephyr", 60)
    device.read_until(r"model restored: linear", 60)
    device.run("")
    again = device.text("model info").splitlines()
    assert again[1:3] == info[1:3], (saved, info, again)
    expected(device)


def test_goes_on_from_its_model_and_refuses_what_does_not_fit(device):
    device.train("linear", "--continue")
    device.run("config set linear.lags 9")
    assert "train without --continue" in device.text("train linear --continue --wait", timeout=120)
    device.run("config set linear.lags 8")
    assert "linear.from set" in device.text("config set linear.task classes\ntrain linear --wait")
    device.run("config set linear.task auto")
    assert not device.full_stacks()
