# SPDX-License-Identifier: Apache-2.0
"""Smaller forms of the model in use: made, shown, taken into use when told so, and kept. The tests run in order on one device."""

import re

import pytest


@pytest.fixture(scope="module", autouse=True)
def samples(device):
    # Whatever a test before left when it failed.
    device.run("config reset features.steps")


def smaller(device, command, windows=20, timeout=300):
    """Bytes of the model before and after, and what it is then."""
    device.run("replay normal")
    device.run("wait 1")
    text = device.text(f"{command} --windows {windows} --yes", timeout)
    assert re.search(r"^replaced: \w+, \d+ bytes", text, re.M), text
    held, changed = map(int, re.search(r"^of (\d+) windows held back (\d+) are judged differently", text, re.M).groups())
    # Of an SVM and an ESN half of the windows set thresholds and biases.
    assert held in [windows, windows // 2] and changed * 4 <= held, text
    before, after = map(int, re.search(r"^bytes saved +(\d+) +(\d+)", text, re.M).groups())
    return before, after, device.text("model info")


def said(device, mode):
    device.run(f"replay {mode}")
    device.run("wait 4")
    return device.text("infer once")


@pytest.mark.parametrize("command, form", [
    ("model compress 8", "clustered into 16 values"),
    ("model quantize int8", "in 8-bit integers"),
    ("model quantize q 3 12", "in fixed point, 12 bits"),
])
def test_an_esn_in_each_form_finds_the_fault(device, command, form):
    device.run("replay normal")
    device.train("esn")
    # As many windows as by default: of twenty, ten set the threshold, three seconds of a motor that varies more slowly.
    before, after, info = smaller(device, command, windows=96)
    assert after < before and form in info
    assert device.anomalous("normal") < 0.2 and device.anomalous("faulty") > 0.9
    assert "converted already" in device.text("model quantize int8 --yes")


def test_the_model_in_use_stays_until_someone_says_yes(device):
    device.run("replay normal")
    device.train("esn")
    def info():
        # But its age, and what is saved meanwhile.
        return [line for line in device.run("model info")[1:] if not line.startswith("saved")]

    before = info()
    for answer in [b"n\n", b"\n"]:
        device.dut.write(b"model quantize int8 --windows 20\n")
        device.read_until("replace the model in use", 300)
        device.dut.write(answer)
        device.read_until("the model in use stays", 60)
        assert info() == before
    for command in ["model compress 5", "model quantize q 8 8", "model quantize int8 --no"]:
        assert device.text(command).startswith("error: "), command


def test_an_svm_in_integers_tells_the_classes_apart_and_outlives_a_restart(device):
    if "svm" not in device.learners:
        pytest.skip("the image has no SVM")
    device.run("data clear")
    device.teach()
    device.train("svm")
    assert "has no such form" in device.text("model compress 8 --yes")
    before, after, info = smaller(device, "model quantize int8")
    assert after < before and "in 8-bit integers" in info
    if device.keeps:
        assert device.text("model save").startswith("saved: svm")
        device.forget()
        device.dut.write(b"bench reboot\n")
        device.read_until("Booting Zephyr", 60)
        device.event("model restored", 60)
        device.run("")
        assert "in 8-bit integers" in device.text("model info")
    assert re.search(r"^class 1\b", said(device, "normal")) and re.search(r"^class 2\b", said(device, "faulty"))


def test_tinyrce_in_integers_tells_the_classes_apart(device):
    if "rce" not in device.learners:
        pytest.skip("the image has no TinyRCE")
    device.run("train rce")
    device.teach()
    before, after, info = smaller(device, "model quantize int8")
    assert after < before and "learns no more" in info
    assert re.search(r"^class 1\b", said(device, "normal")) and re.search(r"^class 2\b", said(device, "faulty"))
    device.run("replay normal")
    device.run("model erase")


def test_a_quarter_of_each_stack_is_left(device):
    assert device.full_stacks() == {}
