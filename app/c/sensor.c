/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sensors: Zephyr's sensor API. The first channel's sets the pace, by its stream (stream.c) or its own data-ready trigger
 * where its driver has one, else all are asked in time. What is triggered is read in the driver's thread at once, and waits in a queue with
 * its time. The channels are those of the devicetree's hone,channels, else the axes of its alias accel0.
 */
#include <errno.h>
#include <stdlib.h>
#include <zephyr/device.h>
#include <zephyr/drivers/sensor.h>
#include <zephyr/kernel.h>

#include "channels.h"

/* Frames that may wait for the sampling thread. */
#define WAITING 8

/* The unit of a channel of Zephyr's. */
#define UNIT(chan)                                                                                                    \
	((chan) <= SENSOR_CHAN_ACCEL_XYZ                                           ? HONE_UNIT_ACCELERATION           \
	 : (chan) <= SENSOR_CHAN_GYRO_XYZ                                          ? HONE_UNIT_ANGULAR_RATE           \
	 : (chan) == SENSOR_CHAN_DIE_TEMP || (chan) == SENSOR_CHAN_AMBIENT_TEMP    ? HONE_UNIT_TEMPERATURE            \
	 : (chan) == SENSOR_CHAN_PRESS                                             ? HONE_UNIT_PRESSURE               \
	 : (chan) == SENSOR_CHAN_VOLTAGE || (chan) == SENSOR_CHAN_GAUGE_VOLTAGE    ? HONE_UNIT_VOLTAGE                \
	 : (chan) == SENSOR_CHAN_CURRENT || (chan) == SENSOR_CHAN_GAUGE_AVG_CURRENT ? HONE_UNIT_CURRENT               \
										   : HONE_UNIT_NONE)

#if DT_CHILD_NUM_STATUS_OKAY(CHANNELS_NODE) > 0
/* As the devicetree names them, in its order; the first's sensor sets the pace. */
#define CHANNEL(node)                                                                                                 \
	{                                                                                                             \
		.dev = DEVICE_DT_GET(DT_PHANDLE(node, sensor)),                                                       \
		.deferred = DEVICE_DT_DEFER(DT_PHANDLE(node, sensor)),                                                \
		.chan = _CONCAT(SENSOR_CHAN_, DT_STRING_UPPER_TOKEN(node, channel)),                                  \
		.unit = UNIT(_CONCAT(SENSOR_CHAN_, DT_STRING_UPPER_TOKEN(node, channel))),                            \
		.full_scale = (int64_t)DT_PROP(node, full_scale_milli) * 1000,                                        \
	},
const struct channel hone_channels[] = {DT_FOREACH_CHILD_STATUS_OKAY(CHANNELS_NODE, CHANNEL)};
BUILD_ASSERT(ARRAY_SIZE(hone_channels) == CONFIG_HONE_CHANNELS,
	     "the devicetree's hone,channels has another number of channels than CONFIG_HONE_CHANNELS");
#elif defined(SENSOR_NODE)
/* Acceleration, then angular rate. */
#define AXIS(i, _)                                                                                                    \
	{                                                                                                             \
		.dev = DEVICE_DT_GET(SENSOR_NODE),                                                                    \
		.deferred = DEVICE_DT_DEFER(SENSOR_NODE),                                                             \
		.chan = (i) < 3 ? SENSOR_CHAN_ACCEL_X + (i) : SENSOR_CHAN_GYRO_X + (i) - 3,                           \
		.unit = (i) < 3 ? HONE_UNIT_ACCELERATION : HONE_UNIT_ANGULAR_RATE,                                    \
		.full_scale = HONE_FULL_SCALE,                                                                        \
	}
const struct channel hone_channels[] = {LISTIFY(CONFIG_HONE_CHANNELS, AXIS, (,))};
BUILD_ASSERT(CONFIG_HONE_CHANNELS <= 6,
	     "more channels than acceleration and angular rate are named in the devicetree (hone,channels)");
#else
const struct channel hone_channels[CONFIG_HONE_CHANNELS];
#endif

#ifdef SENSOR_NODE
#define SENSOR_NAME DT_NODE_FULL_NAME(SENSOR_NODE)
#else
#define SENSOR_NAME "none"
#endif

/* The rates that the sensor has, in thousandths of a hertz, where its driver does not tell. */
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

/* The channels of one kind, of which a driver has attributes and triggers, by the name of all. */
enum sensor_channel hone_all_axes(enum sensor_channel chan)
{
	if (chan >= SENSOR_CHAN_ACCEL_X && chan <= SENSOR_CHAN_ACCEL_Z) {
		return SENSOR_CHAN_ACCEL_XYZ;
	}
	if (chan >= SENSOR_CHAN_GYRO_X && chan <= SENSOR_CHAN_GYRO_Z) {
		return SENSOR_CHAN_GYRO_XYZ;
	}
	return chan >= SENSOR_CHAN_MAGN_X && chan <= SENSOR_CHAN_MAGN_Z ? SENSOR_CHAN_MAGN_XYZ : chan;
}

int64_t hone_sensor_full_scale(uint32_t channel)
{
	return hone_channels[channel].full_scale;
}

uint8_t hone_sensor_unit(uint32_t channel)
{
	return hone_channels[channel].unit;
}

/* Whether no channel before it is of its device. */
static bool is_first_of_device(size_t i)
{
	for (size_t earlier = 0; earlier < i; earlier++) {
		if (hone_channels[earlier].dev == hone_channels[i].dev) {
			return false;
		}
	}
	return true;
}

/* Each device is asked once, all channels are of that one reading. */
static int read_channels(int64_t *micro)
{
	for (size_t i = 0; i < ARRAY_SIZE(hone_channels); i++) {
		int rc = is_first_of_device(i) ? sensor_sample_fetch(hone_channels[i].dev) : 0;

		if (rc != 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(hone_channels); i++) {
		struct sensor_value value;
		int rc = sensor_channel_get(hone_channels[i].dev, hone_channels[i].chan, &value);

		if (rc != 0) {
			return rc;
		}
		micro[i] = (int64_t)value.val1 * 1000000 + value.val2;
	}
	return 0;
}

static void read_frame(struct hone_frame *frame)
{
	frame->cycles = k_cycle_get_64();
	frame->missed = 0;
	frame->rc = read_channels(frame->micro);
}

void hone_sensor_give(struct hone_frame *frame)
{
	frame->missed = lost;
	lost = k_msgq_put(&frames, frame, K_NO_WAIT) == 0 ? 0 : lost + 1;
}

/* In the driver's thread, at each reading. */
static void data_ready(const struct device *dev, const struct sensor_trigger *trigger)
{
	struct hone_frame frame;

	ARG_UNUSED(dev);
	ARG_UNUSED(trigger);
	read_frame(&frame);
	hone_sensor_give(&frame);
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

/* Not every driver can be told, and few can be asked; then the devicetree's or Kconfig's rate and range hold. */
static void configure(const struct channel *c, uint64_t micro_hertz)
{
	struct sensor_value rate = {.val1 = (int32_t)(micro_hertz / 1000000U), .val2 = (int32_t)(micro_hertz % 1000000U)};
	/* Rounded up: a range just below would clip. */
	struct sensor_value range = {.val1 = (int32_t)DIV_ROUND_UP(c->full_scale, 1000000)};

	(void)sensor_attr_set(c->dev, hone_all_axes(c->chan), SENSOR_ATTR_FULL_SCALE, &range);
	(void)sensor_attr_set(c->dev, hone_all_axes(c->chan), SENSOR_ATTR_SAMPLING_FREQUENCY, &rate);
}

/* The rate that a sensor says it has; this where it does not say. */
static uint64_t rate_of(const struct channel *c, uint64_t micro_hertz)
{
	struct sensor_value value;

	if (sensor_attr_get(c->dev, hone_all_axes(c->chan), SENSOR_ATTR_SAMPLING_FREQUENCY, &value) == 0) {
		uint64_t told = (uint64_t)value.val1 * 1000000U + (uint32_t)value.val2;

		return told > 0 ? told : micro_hertz;
	}
	return micro_hertz;
}

static int make_ready(const struct channel *c)
{
	if (c->dev == NULL) {
		return -ENODEV;
	}
	/* Once it is initialised its driver may have a thread, which must not be made twice. */
	if (c->deferred && !device_is_ready(c->dev)) {
		/* device_init() leaves the result of an earlier failure in place. */
		c->dev->state->init_res = 0;

		int rc = device_init(c->dev);

		if (rc != 0) {
			return rc < 0 ? rc : -rc;
		}
	}
	return device_is_ready(c->dev) ? 0 : -ENODEV;
}

int hone_sensor_init(uint64_t *micro_hertz, int *pace)
{
	static const struct channel *const first = &hone_channels[0];
	static struct sensor_trigger trigger = {.type = SENSOR_TRIG_DATA_READY};
	uint64_t asked = nearest(*micro_hertz);

	for (size_t i = 0; i < ARRAY_SIZE(hone_channels); i++) {
		int rc = is_first_of_device(i) ? make_ready(&hone_channels[i]) : 0;

		if (rc != 0) {
			return rc;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(hone_channels); i++) {
		/* The axes of one kind share both. */
		if (is_first_of_device(i) || hone_all_axes(hone_channels[i].chan) != hone_all_axes(hone_channels[i - 1].chan)) {
			configure(&hone_channels[i], asked);
		}
	}
	k_msgq_purge(&frames);
	lost = 0;
	trigger.chan = hone_all_axes(first->chan);
	if (IS_ENABLED(CONFIG_HONE_SENSOR_STREAM) && hone_stream_begin() == 0) {
		*pace = HONE_PACE_STREAM;
	} else if (sensor_trigger_set(first->dev, &trigger, data_ready) == 0) {
		*pace = HONE_PACE_TRIGGER;
	} else {
		*pace = HONE_PACE_CLOCK;
	}
	if (*pace != HONE_PACE_CLOCK) {
		*micro_hertz = rate_of(first, asked);
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
