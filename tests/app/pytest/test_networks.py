# SPDX-License-Identifier: Apache-2.0
"""Networks of dense layers over features and of convolutions over samples, and the variational autoencoder, beside the ESN, on one
device and while it samples. The tests run in order."""

import re

import pytest

DENSE = "dense32"
CONVOLUTIONS = "conv8k9s4,conv16k5s2,gap"


def overruns(device):
    return device.stats()["sampling"]["overruns"]


def judges(device):
    for mode, label in [("normal", 1), ("faulty", 2)]:
        device.run(f"replay {mode}")
        device.run("wait 2")
        assert re.search(rf"^class {label}\b", device.text("infer once"))
    device.run("replay normal")


def test_what_is_wrong_with_layers_is_told_with_its_place(device):
    assert "layers, character 5: takes 1 to 512 filters" in device.text("config set net.layers gap,conv8")
    assert device.text("config get net.layers") == DENSE


@pytest.mark.parametrize("features, layers, line", [
    ("log-spectrum", DENSE, r"48 numbers in\ndense, 32 units, ReLU: 32 out"),
    ("raw", CONVOLUTIONS, r"128 frames of 3 channels in\nconvolution, 8 filters of 9 frames, one every 4, ReLU: 240 out"),
])
def test_trains_while_sampling_goes_on(device, features, layers, line):
    device.run("data clear")
    told = device.text(f"config set features.features {features}") + device.text(f"config set net.layers {layers}")
    assert told == "", told
    before = overruns(device)
    device.teach()
    lines = device.run("train --wait net", timeout=600)
    assert any(re.match(r"training \d+: net, .*accuracy (9\d\.\d|100\.0) %", line) for line in lines), lines
    assert re.search(line, device.text("model info"))
    judges(device)
    assert overruns(device) == before


def test_is_there_after_a_restart_with_its_layers(device):
    assert "saved" in device.text("model save", timeout=300)
    device.dut.write(b"kernel reboot cold\n")
    device.read_until(r"Booting Zephyr", 60)
    device.read_until(r"model restored: net", 60)
    device.run("")
    assert device.text("config get net.layers") == CONVOLUTIONS
    judges(device)


@pytest.mark.parametrize("learner", ["vae", "esn"])
def test_others_train_beside_it(device, learner):
    device.run("data clear")
    device.run("config set features.features log-spectrum")
    device.run("config set esn.units 32")
    device.run("replay normal")
    before = overruns(device)
    # An autoencoder may also use all the passes that it is given; what it is worth is asked below.
    lines = device.run(f"train --wait {learner}", timeout=300)
    end = rf"training \d+: {learner}, (converged|stopped at the iteration limit)"
    assert any(re.match(end, line) for line in lines), lines
    assert overruns(device) == before
    device.run("infer on")
    assert device.anomalous("normal") <= 0.05
    assert device.anomalous("faulty") >= 0.95
    device.run("infer off")


def test_the_stacks_are_large_enough(device):
    assert not device.full_stacks()
