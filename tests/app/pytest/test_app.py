# SPDX-License-Identifier: Apache-2.0
"""The application on an emulated board, through its console. The tests run in order on one device."""

import json
import re
import time

import pytest


def test_boots_with_its_threads(device):
    stats = device.stats()
    assert {"sampling", "inference", "training", "shell_uart", "idle"} <= stats["thread"].keys()
    assert stats["sampling"]["health"] == "well"
    before = stats["sampling"]["frames"]
    device.run("wait 1")
    assert device.stats()["sampling"]["frames"] > before


def test_samples_gravity(device):
    x, y, z = map(float, re.search(r"(-?[\d.]+), (-?[\d.]+), (-?[\d.]+) m/s2", device.text("sensor read")).groups())
    # The motor shakes by less than 1 m/s2 on each axis.
    assert abs(x) < 1.5 and abs(y) < 1.5 and abs(z - 9.8) < 1.5
    assert "replay: 3 channels" in device.text("sensor info")


def test_help_and_completion(device):
    text = device.text("help")
    classes = ["label", "data"] if "svm" in device.learners else []
    for command in ["train", "eval", "infer", "stats", "model", "sensor", "config", "wait", *classes]:
        assert re.search(rf"^ *{command} +:", text, re.M), text
    text = device.text("train -h")
    for word in ["status", "cancel", "--windows", "--wait", *device.learners]:
        assert word in text, text
    # A tab completes what only one word begins with, at each level.
    assert "channels at" in device.text("sensor inf\t")
    assert re.search(r"^\d", device.text("config get esn.lea\t").split("\n")[-1])


@pytest.mark.parametrize("command, answer", [
    ("train status", "no training yet"),
    ("train cancel", "error: no training is under way"),
    ("train perceptron", "error: no learner 'perceptron'"),
    ("train --windows 3", "error: --windows takes"),
    ("infer once", "error: there is no model"),
    ("infer sometimes", "error: usage: infer"),
    ("stats", "thread .*sampling"),
    ("stats --csv", "error: usage: stats"),
    ("model info", "error: there is no model"),
    ("model", "error: usage: model"),
    ("sensor", "error: usage: sensor"),
    ("config list", "esn.units"),
    ("config list device", "device.telemetry"),
    ("config get esn.none", "error: no parameter 'esn.none'"),
    ("config set esn.leak 7", "error: "),
    ("config set esn.leak much", "error: "),
    ("wait 0.1", ""),
    ("wait long", "error: wait takes"),
    ("no such command", "no: command not found"),
])
def test_answers(device, command, answer):
    text = device.text(command)
    assert re.search(answer, text), text
    if not answer:
        assert text == ""


def test_config_keeps_what_it_is_given(device):
    before = device.text("config get esn.k")
    assert device.run("config set esn.k 2.5") == []
    assert device.text("config get esn.k") == "2.500"
    assert device.run(f"config set esn.k {before}") == []


def test_learns_and_finds_the_fault(device):
    device.run("bench led")
    device.run("replay normal")
    device.train("esn")
    device.forget()
    edges = int(re.search(r"(\d+) edges", device.text("bench led")).group(1))
    device.run("wait 2")
    after = int(re.search(r"(\d+) edges", device.text("bench led")).group(1))
    # Six flashes when a training has finished. The first may have been before the first look.
    assert after >= 10 and after >= edges
    assert re.search(r"^(normal|anomalous), score", device.text("infer once"))

    device.forget()
    device.run("replay faulty")
    device.event(r"anomalous, score")
    device.run("wait 2")
    assert "led on" in device.text("bench led")
    assert device.text("infer once").startswith("anomalous")

    device.run("replay normal")
    device.run("wait 4")
    device.forget()
    before = device.stats()["inference"]
    device.run("wait 30")
    after = device.stats()["inference"]
    judged = after["windows"] - before["windows"]
    false = after["anomalous"] - before["anomalous"]
    assert judged > 50 and false <= 0.1 * judged, f"{false} of {judged} windows of the healthy motor are called anomalous"


def test_tells_the_model(device):
    text = device.text("model info")
    assert "reservoir of" in text and "threshold" in text


def test_telemetry_in_json(device):
    device.run("config set device.telemetry json")
    device.dut.write(b"replay faulty\n")
    line = device.read_until(r'^\{.*anomalous', 60)[-1]
    assert json.loads(line)
    device.run("replay normal")
    device.run("config set device.telemetry text")


def test_button_trains_once_per_press(device):
    def ids():
        return [int(i) for e in device.events for i in re.findall(r"training (\d+) started", e)]

    # A long training, so that it is under way for all that follows.
    device.run("config set device.learner esn")
    device.run("config set esn.fit-windows 10000")
    device.forget()
    device.run("bench press 6")
    device.event("training .* started")
    device.run("wait 1")
    assert len(ids()) == 1
    # While it is held or bounces on, and while a training is under way, nothing more begins.
    device.run("bench hold 3000")
    device.run("bench press 20")
    device.run("wait 1")
    assert len(ids()) == 1
    device.run("train cancel")
    device.run("wait 1")
    device.run("config set esn.fit-windows 64")
    device.forget()
    device.run("bench press")
    device.event("training .* done", timeout=300)
    assert len(ids()) == 1


def test_what_is_trained_without_a_name_is_the_default_detector(device):
    if "knn" not in device.learners:
        pytest.skip("this build has no nearest neighbours")
    device.run("config reset device.learner")
    assert device.text("config get device.learner") == "knn"
    assert "knn, converged on 90 windows" in device.text("train --windows 90 --wait", timeout=300)
    info = device.text("model info")
    assert info.startswith("knn, ") and "false alarms a window, by alarm.per-day" in info
    device.forget()
    device.run("replay faulty")
    device.event("anomalous, score")
    device.event("alarm .* times the threshold")
    device.run("replay normal")
    device.event("alarm .* over")
    device.run("config set device.learner esn")
    device.train("esn")


def test_a_button_held_for_longer_than_a_training_trains_once(device):
    device.run("config set device.autosave off")
    device.forget()
    # Its contact bounces as it is let go, when the training has long ended.
    device.run("bench hold 60000 20", timeout=300)
    device.run("wait 5")
    told = [event for event in device.events if re.search(r"training \d+ (started|done|refused)", event)]
    assert len(told) == 2 and "started" in told[0] and "done" in told[1], told
    device.run("config set device.autosave on")


def test_garbage_and_long_lines_during_a_training_delay_nothing(device):
    device.run("config set esn.fit-windows 10000")
    device.forget()
    device.run("train esn")
    device.event("training .* started")
    before = device.stats()
    for _ in range(4):
        for line in ["x" * 200, "train " + "y" * 180, "\x01\x02\x7f'\"", "train esn", "stats --json --json", "model load"]:
            for start in range(0, len(line), 50):
                device.dut.write(line[start:start + 50].encode())
                time.sleep(0.05)
            device.dut.write(b"\x03\n")
            device.run("")
    after = device.stats()
    for kind, name in [("sampling", "overruns"), ("sampling", "blocks_lost"), ("device", "events_lost")]:
        assert after[kind][name] == before[kind][name]
    assert after["inference"]["windows"] > before["inference"]["windows"]
    assert re.search("collecting|computing", device.text("train status"))
    device.run("train cancel")
    device.run("config set esn.fit-windows 64")


def test_commands_during_training(device):
    trained = device.text("model info").split("\n")[1]
    # Long enough to be under way for all of the test: device time runs faster than commands come.
    device.run("config set esn.fit-windows 10000")
    device.forget()
    device.run("train esn")
    # The training before may still be being saved.
    device.event("training .* started")
    assert "under way" in device.text("train esn")
    assert re.search("collecting|computing", device.text("train status"))
    assert device.stats()["thread"]
    device.run("config set esn.k 3")
    assert "anomalous" in device.text("infer once") or "normal" in device.text("infer once")
    assert "cancelled" in device.text("train cancel")
    # The model in use stays.
    assert device.text("model info").split("\n")[1] == trained
    device.run("config set esn.k 2")
    device.run("config set esn.fit-windows 64")


def test_ctrl_c_ends_the_wait_and_not_the_training(device):
    device.run("config set esn.fit-windows 10000")
    device.dut.write(b"train esn --wait\n")
    device.read_until("collecting", 60)
    device.dut.write(b"\x03")
    device.read_until("no longer waiting", 60)
    assert re.search("collecting|computing", device.text("train status"))
    device.run("train cancel")
    device.run("config set esn.fit-windows 64")


def test_an_esn_sees_features(device):
    usual = {}
    for key, value in [("features.bands", "2"), ("features.steps", "8"), ("esn.carry", "on")]:
        usual[key] = device.text(f"config get {key}")
        assert device.run(f"config set {key} {value}") == []
    device.run("replay normal")
    device.train("esn")
    assert "8 x 6 features a window (log-spectrum), projected to 3 inputs" in device.text("model info")
    assert device.anomalous("normal") < 0.2 and device.anomalous("faulty") > 0.9
    device.run("replay normal")
    for key, value in usual.items():
        assert device.run(f"config set {key} {value}") == []


def test_events_are_told_in_order(device):
    # Flash is erased in between, which holds up the loop that tells of it.
    assert len(device.told) > 20 and device.told == sorted(device.told)


def exported(device):
    return [line for line in device.run("model export") if not line.startswith("exported")]


def test_the_model_outlives_a_restart(device):
    device.run("replay normal")
    if not device.keeps:
        assert "storage" in device.text("model save")
        return
    device.train("esn")
    assert device.text("model save").startswith("saved: esn")
    before = exported(device)
    assert len(before) > 10
    device.run("config set esn.k 2.25")
    # Settings are written when they have been left alone for a while.
    device.run("wait 10")
    device.forget()
    device.dut.write(b"bench reboot\n")
    device.read_until("Booting Zephyr", 60)
    device.event("model restored", 60)
    device.run("")
    assert device.text("config get esn.k") == "2.250"
    # To the bit the same model, and it judges at once, with no training.
    assert exported(device) == before
    assert device.stats()["training"] == []
    device.run("replay normal")
    device.run("wait 4")
    assert device.text("infer once").startswith("normal")
    device.run("replay faulty")
    device.run("wait 4")
    assert device.text("infer once").startswith("anomalous")
    device.run("replay normal")
    device.run("model erase")
    assert "error: no model is saved" in device.text("model load")
    device.run("config set esn.k 2")


@pytest.mark.parametrize("mode, event, health", [
    ("stuck", "stuck", "stuck"),
    ("fail", "does not answer", "lost"),
    # At the end of its range it repeats itself, too.
    ("saturated", "range|saturat", "stuck"),
])
def test_sensor_faults_are_told_and_pass(device, mode, event, health):
    device.run("replay normal")
    device.run("wait 1")
    device.forget()
    device.run(f"replay {mode}")
    device.event(event)
    device.run("wait 1")
    stats = device.stats()["sampling"]
    assert stats["health"] == health
    device.run("replay normal")
    device.event("well again")
    windows = device.stats()["inference"]["windows"]
    device.run("wait 2")
    assert device.stats()["inference"]["windows"] > windows


def test_a_sensor_slower_than_it_is_asked_gives_readings_twice(device):
    # What polling costs; with the sensor's trigger none comes twice (test_trigger.py).
    device.run("replay free")
    device.run("replay rate 600")
    before = device.stats()["sampling"]
    device.run("wait 5")
    after = device.stats()["sampling"]
    device.run("replay steady")
    frames, repeated = (after[name] - before[name] for name in ["frames", "repeated"])
    assert frames > 100 and 0.35 < repeated / frames < 0.45, (frames, repeated)


@pytest.mark.parametrize("line", [
    "x" * 200,
    "train " + "y" * 190,
    "config set " + "k" * 90 + " " + "v" * 90,
    "z" * 300,
    " ".join(["infer"] * 40),
    "train \x01\x02\x7f \"quoted",
    "';!@#$%^&*()_+{}|:<>?[]",
    "sensor \u00e4\u00f6\u00fc \u4e16",
    "stats --json --json --json",
])
def test_garbage_is_answered(device, line):
    # No faster than a serial line would: the emulated one has no speed, and the shell's buffer an end.
    text = line.encode() + b"\x03\n"
    for start in range(0, len(text), 50):
        device.dut.write(text[start:start + 50])
        time.sleep(0.1)
    device.run("")
    assert "well" in device.text("sensor info")


def test_nothing_was_missed(device):
    stats = device.stats()
    assert stats["sampling"]["overruns"] == 0
    assert stats["sampling"]["blocks_lost"] == 0
    assert stats["device"]["memory_bytes"] <= stats["device"]["memory_budget_bytes"]


def test_stacks_have_a_quarter_left(device):
    assert not device.full_stacks()


def test_a_missing_sensor_is_told_and_found_again(device):
    device.run("replay absent")
    device.forget()
    device.dut.write(b"bench crash\n")
    device.event_line = device.read_until("restarted after a processor exception in thread shell_uart at 0x", 60)
    device.event("there is no|missing|not ready", 60)
    assert device.stats()["sampling"]["health"] == "lost"
    device.run("replay present")
    device.event("well again", 60)
    assert device.stats()["sampling"]["health"] == "well"


def test_a_stack_overflow_is_told_after_the_restart(device):
    if not device.guarded:
        pytest.skip("without a guard below the stack the recursion destroys what would tell of it")
    device.dut.write(b"bench deep\n")
    device.read_until("restarted after a stack overflow in thread shell_uart", 60)
    device.run("")


@pytest.mark.parametrize("thread", ["sampling", "inference", "training"])
def test_a_thread_that_stands_still_restarts_the_device(device, thread):
    device.dut.write(f"bench stall {thread}\n".encode())
    device.read_until(f"restarted after no progress in thread {thread}", 120)
    device.run("")
    assert device.stats()["sampling"]["health"] == "well"
