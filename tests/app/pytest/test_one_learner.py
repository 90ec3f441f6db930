# SPDX-License-Identifier: Apache-2.0
"""An image with the SVM alone: it learns and judges, and what is not there is not listed and is refused. The tests run in
order on one device."""

import re


def test_lists_what_is_there(device):
    text = device.text("help")
    for command in ["train", "infer", "label", "stats", "model", "data", "eval", "sensor", "config", "wait"]:
        assert re.search(rf"^ *{command} +:", text, re.M), text
    words = device.text("train -h")
    assert re.search(r"^ *svm\b", words, re.M) and not re.search(r"^ *(esn|rce)\b", words, re.M), words
    settings = device.text("config list")
    assert "svm.c " in settings and not re.search(r"^(esn|rce)\.|steps", settings, re.M), settings


def test_refuses_by_name_what_is_not(device):
    for learner in ["esn", "rce"]:
        text = device.text(f"train {learner}")
        assert text == f"error: this build has no {learner} (CONFIG_HONE_{learner.upper()}); there are svm", text
    assert "error: no parameter 'esn.leak'" in device.text("config get esn.leak")
    assert device.text("config get device.learner") == "svm"


def test_learns_and_judges(device):
    device.teach()
    # The default learner.
    device.train()
    assert "accuracy" in device.text("eval --holdout 30")
    for mode, label in [("normal", 1), ("faulty", 2)]:
        device.run(f"replay {mode}")
        device.run("wait 2")
        assert device.text("infer once").startswith(f"class {label}")
    assert device.text("model info").startswith("svm, ")
    assert "no such form" in device.text("model compress 8 --yes")
    stats = device.stats()
    assert stats["device"]["model"] == "svm" and stats["data"]["rows"] > 0
    assert not device.full_stacks()
