/* SPDX-License-Identifier: Apache-2.0 */
/* Control of the replay accelerometer (hone,replay-accelerometer). */
#ifndef HONE_REPLAY_H_
#define HONE_REPLAY_H_

#include <stdbool.h>
#include <stdint.h>
#include <zephyr/device.h>

/* What the sensor does from its next reading on. */
enum hone_replay_mode {
	/* Healthy for healthy-ms, faulty for faulty-ms, and again. */
	HONE_REPLAY_AUTO,
	/* The healthy motor. */
	HONE_REPLAY_NORMAL,
	/* The motor with a loose foot and a damaged bearing. */
	HONE_REPLAY_FAULTY,
	/* Repeats its last reading to the bit. */
	HONE_REPLAY_STUCK,
	/* Every axis at the end of the range. */
	HONE_REPLAY_SATURATED,
	/* Answers with -EIO. */
	HONE_REPLAY_FAIL,
};

/* The name of a mode, as the shell takes it; NULL when there is no such mode. */
const char *hone_replay_mode_name(enum hone_replay_mode mode);

void hone_replay_set_mode(const struct device *dev, enum hone_replay_mode mode);
enum hone_replay_mode hone_replay_get_mode(const struct device *dev);

/* How the sensor's own clock goes. */
struct hone_replay_rhythm {
	/* Of the nominal rate, in thousandths. */
	uint32_t rate_permille;
	/* Readings come early or late by up to this much of the interval, in thousandths. */
	uint32_t jitter_permille;
	/* So many readings come at once, with a pause before them; 0 and 1: one by one. */
	uint32_t burst;
	/* Readings go by the sensor's own clock, and who asks twice within an interval gets one twice; else each
	 * fetch is the next reading.
	 */
	bool free_running;
	/* No more readings are announced. */
	bool stopped;
	/* There is no trigger to be set. */
	bool clocked;
	/* How much of the fault the faulty motor has, in thousandths. */
	uint32_t fault_permille;
};

void hone_replay_set_rhythm(const struct device *dev, const struct hone_replay_rhythm *rhythm);
struct hone_replay_rhythm hone_replay_get_rhythm(const struct device *dev);

/* Starts the recording from its first step. */
void hone_replay_rewind(const struct device *dev);

/*
 * Whether the sensor fails to initialise, now and after restarts, until called with false; kept in memory that a
 * restart leaves alone.
 */
void hone_replay_set_absent(bool absent);

/*
 * The recording: acceleration of `axis` (0 to 2) in mm/s² at step `n`, with `step` the turn of the shaft between two
 * readings (2^32 is one revolution), read `late` 65536ths of an interval late or early, with so many thousandths of the
 * fault. A pure function in integers, so that it is the same on every machine.
 */
int32_t hone_replay_signal(uint32_t n, int32_t late, uint32_t step, int axis, uint32_t fault_permille);
/* The motor's temperature at step `n`, thousandths of a degree Celsius: a damaged bearing is warmer. */
int32_t hone_replay_temperature(uint32_t n, bool faulty);

#endif
