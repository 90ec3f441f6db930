# SPDX-License-Identifier: Apache-2.0
"""Sampling by the sensor's stream: eight readings at once, each with its time. The tests run in order on one device."""

from test_trigger import sampled


def test_the_rate_is_the_nearest_that_the_sensor_has(device):
    assert device.text("sensor info").startswith("replay: 3 channels at 1600 Hz by the sensor's stream, ")


def test_nothing_is_lost_and_each_reading_has_its_time(device):
    found, rate, stats = sampled(device, 20, "jitter 20")
    assert found["overruns"] == found["repeated"] == found["errors"] == found["blocks_lost"] == 0, found
    assert abs(rate / 1600 - 1) < 0.002 and abs(stats["measured_hz"] / 1600 - 1) < 0.001, (rate, stats)
    # The times are the sensor's, not those at which eight came at once.
    assert 8 < stats["interval_deviation_us"] < 15, stats


def test_the_readings_are_the_sensors(device):
    values = [float(v.split()[0]) for v in device.text("sensor read").split(", ")]
    assert abs(values[0]) < 3 and abs(values[1]) < 3 and 7 < values[2] < 12, values


def test_a_stream_that_stops_is_told_and_goes_on(device):
    device.run("replay stop")
    device.run("wait 2")
    assert device.event(r"sensor: stopped giving readings"), device.events
    device.run("replay steady")
    device.run("wait 1")
    assert device.event(r"sensor: well again"), device.events
    found, rate, _ = sampled(device, 5)
    assert found["overruns"] == 0 and abs(rate / 1600 - 1) < 0.005, (found, rate)


def test_an_error_is_told_and_the_stream_goes_on(device):
    device.run("replay fail")
    device.run("wait 1")
    assert device.event(r"sensor: does not answer \(error -5\)"), device.events
    device.run("replay normal")
    device.run("wait 1")
    assert device.text("sensor info").endswith("well")


def test_a_model_trains_on_it(device):
    device.train("esn")
    device.run("wait 2")
    assert "normal" in device.text("infer once")


def test_the_stacks_are_large_enough(device):
    assert not device.full_stacks()
