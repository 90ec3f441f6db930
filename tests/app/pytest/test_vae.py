# SPDX-License-Identifier: Apache-2.0
"""A variational autoencoder beside the ESN: it learns health from unlabelled windows, finds the fault, and is there after a restart.
The tests run in order on one device."""

import re


def test_learns_without_labels_while_sampling_goes_on(device):
    device.run("replay normal")
    device.run("data clear")
    device.forget()
    before = device.stats()
    device.train("vae")
    # Its curve: the loss of each epoch.
    loss = float(re.search(r"loss ([\d.e-]+)", device.event(r"pass \d+: loss")).group(1))
    assert 0 < loss < 100, loss
    after = device.stats()
    assert after["sampling"]["overruns"] == before["sampling"]["overruns"], after
    assert after["device"]["model"] == "vae"


def test_judges(device):
    device.run("infer on")
    assert device.anomalous("normal") <= 0.05
    assert device.anomalous("faulty") >= 0.95
    device.run("infer off")
    device.run("replay normal")


def test_says_what_it_is(device):
    text = device.text("model info")
    assert text.startswith("vae, ") and "drawn of means and deviations" in text and "in 8-bit integers" in text, text


def test_the_esn_is_beside_it(device):
    device.train("esn")
    assert device.text("model info").startswith("esn, ")
    device.train("vae")


def test_is_there_after_a_restart(device):
    assert "saved" in device.text("model save", timeout=300)
    device.dut.write(b"kernel reboot cold\n")
    device.read_until(r"Booting Zephyr", 60)
    device.read_until(r"model restored: vae", 60)
    device.run("")
    device.run("infer on")
    assert device.anomalous("normal") <= 0.05
    assert device.anomalous("faulty") >= 0.95


def test_the_stacks_are_large_enough(device):
    assert not device.full_stacks()
