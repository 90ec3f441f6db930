/* SPDX-License-Identifier: Apache-2.0 */
/* The replay accelerometer through Zephyr's sensor API: what it plays, and how it misbehaves when told to. */
#include <errno.h>
#include <string.h>
#include <zephyr/device.h>
#include <zephyr/drivers/sensor.h>
#include <zephyr/ztest.h>
#include <hone/replay.h>

/* By golden.py: readings of the healthy motor at 1000 Hz, folded together. */
#define GOLDEN 0x9196ddb0U
/* As in app.overlay; a healthy and a faulty span at 1000 Hz, in readings. */
#define FULL_SCALE 19613
#define HEALTHY 100
#define FAULTY 50

static const struct device *const replay = DEVICE_DT_GET(DT_NODELABEL(replay));
static const struct device *const triggered = DEVICE_DT_GET(DT_NODELABEL(triggered));
static const struct device *const late = DEVICE_DT_GET(DT_NODELABEL(late));

/* One reading, mm/s². */
static int read_axes(int32_t axes[3])
{
	struct sensor_value value[3];
	int rc = sensor_sample_fetch(replay);

	if (rc == 0) {
		rc = sensor_channel_get(replay, SENSOR_CHAN_ACCEL_XYZ, value);
	}
	for (int i = 0; rc == 0 && i < 3; i++) {
		zassert_true(value[i].val1 == 0 || value[i].val2 == 0 || (value[i].val1 < 0) == (value[i].val2 < 0),
			     "the parts of a value have different signs");
		axes[i] = value[i].val1 * 1000 + value[i].val2 / 1000;
	}
	return rc;
}

static void play(enum hone_replay_mode mode, int32_t (*axes)[3], int count)
{
	hone_replay_set_mode(replay, mode);
	hone_replay_rewind(replay);
	for (int n = 0; n < count; n++) {
		zassert_ok(read_axes(axes[n]));
	}
}

/* The square of what the readings differ from their mean by, on average. */
static int64_t power(int32_t (*axes)[3], int count, int axis)
{
	int64_t sum = 0, squares = 0;

	for (int n = 0; n < count; n++) {
		sum += axes[n][axis];
		squares += (int64_t)axes[n][axis] * axes[n][axis];
	}
	return (squares - sum * sum / count) / count;
}

static int set_rate(int hertz)
{
	struct sensor_value rate = {.val1 = hertz};

	return sensor_attr_set(replay, SENSOR_CHAN_ACCEL_XYZ, SENSOR_ATTR_SAMPLING_FREQUENCY, &rate);
}

static int32_t first[512][3], second[512][3];

static void before(void *fixture)
{
	ARG_UNUSED(fixture);
	zassert_true(device_is_ready(replay));
	zassert_ok(set_rate(1000));
	memset(first, 0, sizeof(first));
	memset(second, 0, sizeof(second));
}

ZTEST(replay, test_plays_the_recording_bit_by_bit)
{
	uint32_t checksum = 0;

	play(HONE_REPLAY_NORMAL, first, 256);
	for (int n = 0; n < 256; n++) {
		for (int axis = 0; axis < 3; axis++) {
			checksum = checksum * 31U + (uint32_t)first[n][axis];
		}
	}
	zassert_equal(checksum, GOLDEN, "0x%08x", checksum);
	play(HONE_REPLAY_NORMAL, second, 256);
	zassert_mem_equal(first, second, sizeof(first));
}

ZTEST(replay, test_a_fault_shakes_more)
{
	play(HONE_REPLAY_NORMAL, first, ARRAY_SIZE(first));
	play(HONE_REPLAY_FAULTY, second, ARRAY_SIZE(second));
	for (int axis = 0; axis < 3; axis++) {
		int64_t healthy = power(first, ARRAY_SIZE(first), axis);
		int64_t faulty = power(second, ARRAY_SIZE(second), axis);

		zassert_true(healthy > 10000 && faulty > 3 * healthy, "axis %d: %lld, %lld", axis, healthy, faulty);
	}
}

ZTEST(replay, test_a_fault_is_warmer)
{
	struct sensor_value healthy, faulty;

	play(HONE_REPLAY_NORMAL, first, 1);
	zassert_ok(sensor_channel_get(replay, SENSOR_CHAN_DIE_TEMP, &healthy));
	play(HONE_REPLAY_FAULTY, second, 1);
	zassert_ok(sensor_channel_get(replay, SENSOR_CHAN_DIE_TEMP, &faulty));
	zassert_between_inclusive(healthy.val1, 38, 43);
	zassert_between_inclusive(faulty.val1, 55, 60);
}

ZTEST(replay, test_by_itself_it_is_healthy_then_faulty_and_again)
{
	static int32_t played[2 * (HEALTHY + FAULTY)][3];

	play(HONE_REPLAY_NORMAL, first, ARRAY_SIZE(played));
	play(HONE_REPLAY_FAULTY, second, ARRAY_SIZE(played));
	play(HONE_REPLAY_AUTO, played, ARRAY_SIZE(played));
	for (int n = 0; n < ARRAY_SIZE(played); n++) {
		bool faulty = n % (HEALTHY + FAULTY) >= HEALTHY;

		zassert_mem_equal(played[n], faulty ? second[n] : first[n], sizeof(played[n]), "reading %d", n);
	}
	/* Spans are times: at half the rate they have half the readings. */
	zassert_ok(set_rate(500));
	play(HONE_REPLAY_NORMAL, first, HEALTHY);
	play(HONE_REPLAY_AUTO, second, HEALTHY);
	zassert_mem_equal(first, second, HEALTHY / 2 * sizeof(first[0]));
	zassert_true(memcmp(first[HEALTHY / 2], second[HEALTHY / 2], sizeof(first[0])) != 0);
}

ZTEST(replay, test_stuck_repeats_and_goes_on_where_it_stopped)
{
	play(HONE_REPLAY_NORMAL, first, 20);
	play(HONE_REPLAY_NORMAL, second, 10);
	hone_replay_set_mode(replay, HONE_REPLAY_STUCK);
	for (int n = 0; n < 5; n++) {
		int32_t axes[3];

		zassert_ok(read_axes(axes));
		zassert_mem_equal(axes, first[9], sizeof(axes));
	}
	hone_replay_set_mode(replay, HONE_REPLAY_NORMAL);
	zassert_ok(read_axes(second[10]));
	zassert_mem_equal(second[10], first[10], sizeof(second[10]));
}

ZTEST(replay, test_fails_and_goes_on_where_it_stopped)
{
	play(HONE_REPLAY_NORMAL, first, 20);
	play(HONE_REPLAY_NORMAL, second, 10);
	hone_replay_set_mode(replay, HONE_REPLAY_FAIL);
	zassert_equal(read_axes(second[0]), -EIO);
	hone_replay_set_mode(replay, HONE_REPLAY_NORMAL);
	zassert_ok(read_axes(second[10]));
	zassert_mem_equal(second[10], first[10], sizeof(second[10]));
}

ZTEST(replay, test_stays_within_its_range)
{
	play(HONE_REPLAY_SATURATED, first, 3);
	for (int axis = 0; axis < 3; axis++) {
		zassert_equal(first[2][axis], FULL_SCALE);
	}
	play(HONE_REPLAY_FAULTY, second, ARRAY_SIZE(second));
	for (int n = 0; n < ARRAY_SIZE(second); n++) {
		for (int axis = 0; axis < 3; axis++) {
			zassert_true(IN_RANGE(second[n][axis], -FULL_SCALE, FULL_SCALE));
		}
	}
}

ZTEST(replay, test_refuses_what_it_cannot_do)
{
	struct sensor_value value = {.val1 = 4};

	zassert_equal(set_rate(0), -EINVAL);
	zassert_equal(set_rate(-1), -EINVAL);
	zassert_equal(set_rate(10001), -EINVAL);
	zassert_equal(sensor_attr_set(replay, SENSOR_CHAN_ACCEL_XYZ, SENSOR_ATTR_FULL_SCALE, &value), -ENOTSUP);
	zassert_equal(sensor_sample_fetch_chan(replay, SENSOR_CHAN_GYRO_XYZ), -ENOTSUP);
	zassert_equal(sensor_channel_get(replay, SENSOR_CHAN_HUMIDITY, &value), -ENOTSUP);
	zassert_ok(sensor_sample_fetch_chan(replay, SENSOR_CHAN_ACCEL_XYZ));
	zassert_ok(sensor_channel_get(replay, SENSOR_CHAN_ACCEL_Z, &value));
	zassert_within(value.val1, 9, 3);
	zassert_is_null(hone_replay_mode_name((enum hone_replay_mode)99));
	zassert_str_equal(hone_replay_mode_name(HONE_REPLAY_FAIL), "fail");
}

static int announced;

static void count(const struct device *dev, const struct sensor_trigger *trigger)
{
	zassert_equal(trigger->type, SENSOR_TRIG_DATA_READY);
	zassert_ok(sensor_sample_fetch(dev));
	announced++;
}

/* Readings announced in a second. */
static int announced_in_a_second(struct hone_replay_rhythm rhythm)
{
	hone_replay_set_rhythm(triggered, &rhythm);
	announced = 0;
	k_sleep(K_SECONDS(1));
	return announced;
}

ZTEST(replay, test_its_trigger_goes_by_its_own_clock)
{
	static const struct sensor_trigger ready = {.type = SENSOR_TRIG_DATA_READY, .chan = SENSOR_CHAN_ACCEL_XYZ};
	static const struct sensor_trigger tap = {.type = SENSOR_TRIG_TAP, .chan = SENSOR_CHAN_ACCEL_XYZ};
	struct sensor_value rate = {.val1 = 12, .val2 = 500000};

	zassert_equal(sensor_trigger_set(replay, &ready, count), -ENOTSUP);
	zassert_equal(sensor_trigger_set(triggered, &tap, count), -ENOTSUP);
	zassert_ok(sensor_attr_set(triggered, SENSOR_CHAN_ACCEL_XYZ, SENSOR_ATTR_SAMPLING_FREQUENCY, &rate));
	rate.val1 = rate.val2 = 0;
	zassert_ok(sensor_attr_get(triggered, SENSOR_CHAN_ACCEL_XYZ, SENSOR_ATTR_SAMPLING_FREQUENCY, &rate));
	zassert_equal(rate.val1, 12);
	zassert_equal(rate.val2, 500000);
	rate = (struct sensor_value){.val1 = 50};
	zassert_ok(sensor_attr_set(triggered, SENSOR_CHAN_ACCEL_XYZ, SENSOR_ATTR_SAMPLING_FREQUENCY, &rate));
	zassert_ok(sensor_trigger_set(triggered, &ready, count));
	zassert_within(announced_in_a_second((struct hone_replay_rhythm){.rate_permille = 1000}), 50, 1);
	zassert_within(announced_in_a_second((struct hone_replay_rhythm){.rate_permille = 500}), 25, 1);
	zassert_within(announced_in_a_second((struct hone_replay_rhythm){.rate_permille = 1000, .burst = 5}), 50, 5);
	zassert_within(announced_in_a_second((struct hone_replay_rhythm){.rate_permille = 1000, .jitter_permille = 200}),
		       50, 1);
	zassert_equal(announced_in_a_second((struct hone_replay_rhythm){.rate_permille = 1000, .stopped = true}), 0);
	zassert_ok(sensor_trigger_set(triggered, &ready, NULL));
}

ZTEST(replay, test_can_be_missing_at_the_start_and_come_later)
{
	zassert_false(device_is_ready(late));
	hone_replay_set_absent(true);
	zassert_not_ok(device_init(late));
	zassert_false(device_is_ready(late));
	hone_replay_set_absent(false);
	/* device_init() leaves the result of an earlier failure in place. */
	late->state->init_res = 0;
	zassert_ok(device_init(late));
	zassert_true(device_is_ready(late));
	zassert_ok(sensor_sample_fetch(late));
}

ZTEST_SUITE(replay, NULL, NULL, before, NULL, NULL);
