# SPDX-License-Identifier: Apache-2.0
"""The classifiers and the network beside the ESN, through the console. The tests run in order on one device."""

import re

import pytest


@pytest.mark.parametrize("command, answer", [
    ("label none", ""),
    ("data info", "0 of"),
    ("data clear", ""),
    ("eval svm", "error: "),
])
def test_answers(device, command, answer):
    text = device.text(command)
    assert re.search(answer, text), text
    if not answer:
        assert text == ""


def test_classifiers(device):
    device.run("data clear")
    device.teach()
    device.train("svm")
    for mode, label in [("normal", 1), ("faulty", 2)]:
        device.run(f"replay {mode}")
        device.run("wait 2")
        assert re.search(rf"^class {label}\b", device.text("infer once"))
    device.run("replay normal")


def test_network(device):
    if "net" not in device.learners:
        pytest.skip("CONFIG_HONE_NET is not set")
    device.run("data clear")
    device.teach()
    before = device.stats()
    device.forget()
    told = device.text("config set net.hold 0.25") + device.text("config set net.epochs 20")
    assert told == "", told
    lines = device.run("train --wait net", timeout=300)
    assert any(re.match(r"training \d+: net, .*accuracy (9\d\.\d|100\.0) %", line) for line in lines), lines
    # Its curve: the last of 20 epochs with its loss, and what is right of the rows held back.
    line = device.event(r"pass 20: loss")
    loss, held_back = re.search(r"loss ([\d.e-]+), held back ([\d.]+)", line).groups()
    assert float(loss) < 0.3 and float(held_back) > 0.9, line
    for mode, label in [("normal", 1), ("faulty", 2)]:
        device.run(f"replay {mode}")
        device.run("wait 2")
        assert re.search(rf"^class {label}\b", device.text("infer once"))
    device.run("replay normal")
    assert re.search(r"dense, 32 units, ReLU: 32 out", device.text("model info"))
    lines = device.run("train net --continue --wait", timeout=300)
    assert any(re.match(r"training \d+: net, .*accuracy (9\d\.\d|100\.0) %", line) for line in lines), lines
    # Sampling lost nothing while it trained.
    after = device.stats()
    assert after["sampling"]["overruns"] == before["sampling"]["overruns"], after
    assert not device.full_stacks()
