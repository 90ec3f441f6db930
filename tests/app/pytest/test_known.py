# SPDX-License-Identifier: Apache-2.0
"""Trainings on known samples: the same bytes as on the host."""

import pathlib


def test_the_same_samples_give_the_same_model(device):
    lines = (pathlib.Path(__file__).parents[2] / "vectors/esn_model.txt").read_text().splitlines()
    known = [line for line in lines if line.startswith("esn/")]
    answer = device.run("bench vectors", timeout=300)
    assert [line for line in answer if line.startswith("esn/")] == known
