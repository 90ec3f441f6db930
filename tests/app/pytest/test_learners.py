# SPDX-License-Identifier: Apache-2.0
"""The classifiers beside the ESN, through the console. The tests run in order on one device."""

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
