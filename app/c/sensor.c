/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sensor: Zephyr's sensor API, by the sensor's own data-ready trigger where its driver has one, else when it is
 * asked. What is triggered is read in the driver's thread at once, and waits in a queue with its time.
 */
#include <errno.h>
#include <stdlib.h>
#include <zephyr/device.h>
#include <zephyr/drivers/sensor.h>
#include <zephyr/kernel.h>

#include "hone.h"

#define SENSOR_NODE DT_ALIAS(accel0)
/* Frames that may wait for the sampling thread. */
#define WAITING 8

#if DT_NODE_HAS_STATUS(SENSOR_NODE, okay)
static const struct device *const sensor = DEVICE_DT_GET(SENSOR_NODE);
#define SENSOR_NAME DT_NODE_FULL_NAME(SENSOR_NODE)
#define SENSOR_DEFERRED DEVICE_DT_DEFER(SENSOR_NODE)
#else
static const struct device *const sensor;
#define SENSOR_NAME "none"
#define SENSOR_DEFERRED 0
#endif

/* The rates that the sensor has, in thousandths of a hertz, where its driver does not tell. */
#define CHANNELS_NODE DT_COMPAT_GET_ANY_STATUS_OKAY(hone_channels)
#if DT_NODE_HAS_PROP(CHANNELS_NODE, rates_millihertz)
static const uint32_t rates[] = DT_PROP(CHANNELS_NODE, rates_millihertz);
#define RATES ARRAY_SIZE(rates)
#else
static const uint32_t rates[1];
#define RATES 0
#endif

K_MSGQ_DEFINE(frames, sizeof(struct hone_frame), WAITING, 8);
/* Frames that found the queue full since the last one that did not. */
static uint32_t lost;

const char *hone_sensor_name(void)
{
	return SENSOR_NAME;
}

/* Micro-units of up to six channels: acceleration, then angular rate. */
static int read_channels(int32_t *micro)
{
	struct sensor_value value[3];
	int rc = sensor_sample_fetch(sensor);

	for (uint32_t first = 0; rc == 0 && first < CONFIG_HONE_CHANNELS; first += 3) {
		rc = sensor_channel_get(sensor, first == 0 ? SENSOR_CHAN_ACCEL_XYZ : SENSOR_CHAN_GYRO_XYZ, value);
		for (uint32_t i = 0; rc == 0 && i < 3 && first + i < CONFIG_HONE_CHANNELS; i++) {
			int64_t full = (int64_t)value[i].val1 * 1000000 + value[i].val2;

			micro[first + i] = (int32_t)CLAMP(full, INT32_MIN, INT32_MAX);
		}
	}
	return rc;
}

static void read_frame(struct hone_frame *frame)
{
	frame->cycles = k_cycle_get_64();
	frame->missed = lost;
	frame->rc = read_channels(frame->micro);
}

/* In the driver's thread, at each reading. */
static void data_ready(const struct device *dev, const struct sensor_trigger *trigger)
{
	struct hone_frame frame;

	ARG_UNUSED(dev);
	ARG_UNUSED(trigger);
	read_frame(&frame);
	lost = k_msgq_put(&frames, &frame, K_NO_WAIT) == 0 ? 0 : lost + 1;
}

/* Of the rates that the sensor has, the one nearest to this, by their ratio; this where none is known. */
static uint64_t nearest(uint64_t micro_hertz)
{
	uint64_t best = micro_hertz;
	uint64_t best_ratio = UINT64_MAX;

	for (size_t i = 0; i < RATES; i++) {
		uint64_t rate = (uint64_t)rates[i] * 1000U;
		uint64_t ratio = MAX(rate, micro_hertz) * 1024U / MIN(rate, micro_hertz);

		if (ratio < best_ratio) {
			best_ratio = ratio;
			best = rate;
		}
	}
	return best;
}

static uint64_t set_rate(uint64_t micro_hertz)
{
	uint64_t asked = nearest(micro_hertz);
	struct sensor_value value = {.val1 = (int32_t)(asked / 1000000U), .val2 = (int32_t)(asked % 1000000U)};

	/* Not every driver can be told, and few can be asked; then the devicetree's or Kconfig's rate holds. */
	(void)sensor_attr_set(sensor, SENSOR_CHAN_ACCEL_XYZ, SENSOR_ATTR_SAMPLING_FREQUENCY, &value);
	if (sensor_attr_get(sensor, SENSOR_CHAN_ACCEL_XYZ, SENSOR_ATTR_SAMPLING_FREQUENCY, &value) == 0) {
		uint64_t told = (uint64_t)value.val1 * 1000000U + (uint32_t)value.val2;

		asked = told > 0 ? told : asked;
	}
	return asked;
}

int hone_sensor_init(uint64_t *micro_hertz, int32_t full_scale, int *pace)
{
	static const struct sensor_trigger trigger = {.type = SENSOR_TRIG_DATA_READY, .chan = SENSOR_CHAN_ACCEL_XYZ};
	struct sensor_value range = {.val1 = full_scale};

	if (sensor == NULL) {
		return -ENODEV;
	}
	/* Once it is initialised its driver may have a thread, which must not be made twice. */
	if (SENSOR_DEFERRED && !device_is_ready(sensor)) {
		/* device_init() leaves the result of an earlier failure in place. */
		sensor->state->init_res = 0;

		int rc = device_init(sensor);

		if (rc != 0) {
			return rc < 0 ? rc : -rc;
		}
	}
	if (!device_is_ready(sensor)) {
		return -ENODEV;
	}
	(void)sensor_attr_set(sensor, SENSOR_CHAN_ACCEL_XYZ, SENSOR_ATTR_FULL_SCALE, &range);

	uint64_t has = set_rate(*micro_hertz);

	k_msgq_purge(&frames);
	lost = 0;
	*pace = sensor_trigger_set(sensor, &trigger, data_ready) == 0 ? HONE_PACE_TRIGGER : HONE_PACE_CLOCK;
	if (*pace != HONE_PACE_CLOCK) {
		*micro_hertz = has;
	}
	return 0;
}

void hone_sensor_read(struct hone_frame *frame)
{
	read_frame(frame);
}

bool hone_sensor_next(struct hone_frame *frame, uint32_t wait_us)
{
	return k_msgq_get(&frames, frame, K_USEC(wait_us)) == 0;
}

void hone_sensor_drop(void)
{
	k_msgq_purge(&frames);
}
