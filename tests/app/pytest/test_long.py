# SPDX-License-Identifier: Apache-2.0
"""Ten minutes of device time at full load: HONE_LONG=1 west twister -T tests -p hone_m4f. Prints what each thread took."""

import os
import re

import pytest

pytestmark = pytest.mark.skipif(os.environ.get("HONE_LONG") != "1", reason="takes minutes; HONE_LONG=1 runs it")

# The F401's clock, in MHz, and what the emulator executes in a microsecond: one instruction each 2^4 ns.
F401 = 84
EMULATED = 1000 / 16
# What a person does at the shell, over and over.
COMMANDS = [
    "stats", "infer once", "sensor read", "train status", "config list", "stats --json", "help", "data info",
    "model info", "model export", "sensor info", "no such command", "config set esn.average 5",
]


def load(device):
    """Time that each thread has had the processor, and the time, in the same unit."""
    lines = [re.match(r"(\S+) (\d+)$", line) for line in device.run("bench load")]
    return {line[1]: int(line[2]) for line in lines if line}


def use_shell(device, until):
    """Types commands until this device time; how many."""
    typed = 0
    while device.stats()["device"]["time_us"] < until:
        # Some thousand characters a second at most, as over a serial line.
        device.run(COMMANDS[typed % len(COMMANDS)])
        device.run("wait 1")
        typed += 1
    return typed


def shares(before, after):
    """Instructions of each thread, as a percentage of an F401's, all taken to need one cycle."""
    span = after["time"] - before["time"]
    return {name: 100 * (after[name] - before[name]) / span * EMULATED / F401 for name in after if name != "time"}


def tell(what, share, seconds, typed):
    figures = ", ".join(f"{name} {value:.2f}" for name, value in sorted(share.items(), key=lambda pair: -pair[1]))
    print(f"\n{what}: {seconds:.0f} s, {typed} commands; instructions in % of {F401} million a second: {figures}")


def test_ten_minutes_with_a_long_training_and_the_shell_in_use(device):
    if not (device.keeps and device.guarded):
        pytest.skip("the figures are hone_m4f's")
    device.run("replay normal")
    device.run("model erase")
    assert "64" == device.text("config get esn.units")
    assert "3 channels at 1000 Hz" in device.text("sensor info")
    device.train("esn")
    # What the model's first save takes is another matter.
    device.run("wait 5")
    start = device.stats()
    begin = start["device"]["time_us"]

    # Inference alone: a minute and a half.
    before = load(device)
    typed = use_shell(device, begin + 90_000_000)
    after = load(device)
    judging = shares(before, after)
    tell("judging", judging, device.stats()["device"]["time_us"] / 1e6 - begin / 1e6, typed)

    # A training that collects for eight and a half minutes, then computes.
    device.run("config set esn.fit-windows 3950")
    device.forget()
    device.run("train esn")
    device.event("training .* started")
    device.run("wait 2")
    first, before = device.stats(), load(device)
    typed = use_shell(device, first["device"]["time_us"] + 500_000_000)
    last, after = device.stats(), load(device)
    assert "collecting" in device.text("train status")
    collecting = shares(before, after)
    tell("collecting", collecting, (last["device"]["time_us"] - first["device"]["time_us"]) / 1e6, typed)
    windows = last["inference"]["windows"] - first["inference"]["windows"]
    device.event("training .* done", timeout=600)
    device.run("config reset esn.fit-windows")
    device.run("config reset esn.average")
    use_shell(device, begin + 605_000_000)

    end = device.stats()
    seconds = (end["device"]["time_us"] - begin) / 1e6
    frames = end["sampling"]["frames"] - start["sampling"]["frames"]
    print(f"in all: {seconds:.0f} s, {frames} frames, {windows} windows while collecting, latency at most "
          f"{end['inference']['latency_max_us']} us")
    assert seconds >= 600
    for kind, name in [("sampling", "overruns"), ("sampling", "blocks_lost"), ("device", "events_lost"),
                       ("inference", "broken"), ("inference", "lost_to_training")]:
        assert end[kind][name] == start[kind][name], f"{name}: {end[kind][name]}"
    # Every frame that was due was read, but those that a save in flash took, which are told of.
    missed = end["flash"]["missed_frames"] - start["flash"]["missed_frames"]
    assert abs(frames + missed - seconds * 1000) < 100
    assert not device.full_stacks()
    assert judging["sampling"] + judging["inference"] <= 15
    assert collecting["sampling"] + collecting["inference"] + collecting["training"] <= 30
